/* SPDX-License-Identifier: MIT */
#ifndef LOOP_CHILD_H
#define LOOP_CHILD_H

/*
 * Commands that run while the loop goes on (child.h): their pidfd, their output
 * and their time are among what it waits for. How many at once is for whoever
 * starts them. Not from within a signal: what is to end with us is cancelled,
 * or ends when the children are freed.
 */

#include "child.h"
#include "loop.h"

struct loop_children;
struct loop_child;

struct loop_children *loop_children_new(struct loop *loop);
/* What still runs, cancelled or not, is killed, and that is waited for: at once
 * as a rule, seven seconds at most where nothing ends it. No callback. Not from
 * a callback. Accepts NULL. */
void loop_children_free(struct loop_children **children);
/* That have not ended, the cancelled ones, too. */
size_t loop_children_n(const struct loop_children *children);

/* Once, from loop_run(). RESULT as child_run() has it, NULL: it could not be
 * started. WHY, when it did not end with status 0: ERR_CHILD, in a sentence, as
 * child_check() has it; else NULL. Both are borrowed. */
typedef void loop_child_fn(void *arg, const struct child_result *result,
			   const struct err *why);
/* SPEC is not needed afterwards. */
struct loop_child *loop_child_start(struct loop_children *children,
				    const struct child_spec *spec,
				    loop_child_fn *fn, void *arg);
/* Its group gets SIGTERM, and SIGKILL two seconds later; no callback. Accepts
 * NULL. One whose callback was called is gone: forget the pointer there. */
void loop_child_cancel(struct loop_child **child);

#endif
