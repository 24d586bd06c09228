/* SPDX-License-Identifier: MIT */
#ifndef HOOK_H
#define HOOK_H

/* The commands of a profile, one after the other, until one fails. */

#include "svc.h"

/* ERR_CHILD names the command and says what it printed. *ret_tried is false
 * when the failing command could not even be started: its verdict is still
 * open. ret_tried may be NULL. */
int hook_run(const struct svc *s, enum hook hook, bool *ret_tried,
	     struct err *err) MUST_CHECK;

/* Does the service run, by the word of the profile's "running"? True when
 * there is none, or it cannot be asked. */
bool hook_running(const struct svc *s);

/* Is the program of C there, for the user it is run as? ERR_CHILD if not. */
int hook_find(const struct svc_command *c, struct err *err) MUST_CHECK;

/* "nginx -t" for messages and --dry-run, in ARENA. */
const char *hook_text(const struct svc_command *c, struct arena *arena);

#endif
