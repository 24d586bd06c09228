/* SPDX-License-Identifier: MIT */
#ifndef JOUT_H
#define JOUT_H

/*
 * JSON, written member by member into an sbuf. The caller opens and closes
 * objects and lists itself; what separates members is put where it belongs.
 * (What is read as JSON goes through jansson, which only the fetcher has.)
 */

#include <stdbool.h>
#include <stdint.h>
#include "sbuf.h"

/* "name": and what follows is the caller's. */
void jout_key(struct sbuf *out, const char *name);
void jout_str(struct sbuf *out, const char *name, const char *value); /* NULL:
								       * null */
void jout_int(struct sbuf *out, const char *name, int64_t value);
/* UTC seconds; null for never, which is INT64_MAX, and 0 and 1 of the 2019
 * system. */
void jout_time(struct sbuf *out, const char *name, int64_t t);
void jout_bool(struct sbuf *out, const char *name, bool value);

#endif
