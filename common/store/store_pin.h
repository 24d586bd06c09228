/* SPDX-License-Identifier: MIT */
#ifndef STORE_PIN_H
#define STORE_PIN_H

/* The directory that was found for a CA by discovery, in its row of cas: it is
 * used until it fails (ts_down), whatever the DNS says then. */

#include "store.h"

#define STORE_PIN_TEXT_MAX 500 /* of discovered; the rest is cut */

struct store_pin {
	const char *directory;	/* "": none was found yet */
	const char *discovered; /* below which domain, a blank, and how; NULL:
				 * it is not from discovery */
	int64_t ts_discovered;
	int64_t ts_down; /* since when it fails, run after run; 0: it is well */
};

/* 1, 0: there is no row of this CA; -1. Strings in ARENA. */
int store_pin_get(struct store *s, const char *ca_name, struct arena *arena,
		  struct store_pin *ret, struct err *err) MUST_CHECK;
/* WAS: the directory of the row as it was read, "" when there was none. 1: PIN
 * is in the row now; with another directory than WAS it is another CA, of
 * which nothing is known. 0: somebody wrote another one meanwhile, and it
 * stays. May be repeated. */
int store_pin_put(struct store *s, const char *ca_name, const char *was,
		  const struct store_pin *pin, struct err *err) MUST_CHECK;
/* ts_down of the row, while it has that DIRECTORY. */
int store_pin_down(struct store *s, const char *ca_name, const char *directory,
		   int64_t ts_down, struct err *err) MUST_CHECK;

#endif
