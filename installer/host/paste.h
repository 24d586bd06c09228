/* SPDX-License-Identifier: MIT */
#ifndef PASTE_H
#define PASTE_H

/*
 * What a person does where a service shows a certificate that was never in its
 * files: its own configuration names another file, as a rule, since nobody has
 * pasted the lines of its profile yet.
 */

#include "host.h"

/* A sentence to follow one that ends without a full stop, in the run's arena:
 * the file of certificate CERT of S that is to be named, and where the lines
 * are. "" where the service reads no file of this host. */
const char *paste_advice(const struct host *r, const struct svc *s,
			 size_t cert);

#endif
