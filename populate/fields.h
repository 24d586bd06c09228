/* SPDX-License-Identifier: MIT */
#ifndef FIELDS_H
#define FIELDS_H

/* The field=value arguments of `set`: parsed and checked, pure. */

#include "arena.h"
#include "certrepo_conf.h"
#include "store.h"

#define FIELDS_MAX 9

struct fields {
	struct store_field v[FIELDS_MAX];
	size_t n;
};

/* ARGS ends with NULL. ERR_INPUT: a field that does not exist, or that
 * nobody may set by hand, with the list of those one may; one given twice; a
 * bad value. "field=" sets NULL. challenge and certbot are kept in step. */
int fields_parse(const char *const *args, struct arena *a, struct fields *ret,
		 struct err *err) MUST_CHECK;

/* What COLUMN will be, which is NOW. */
const char *fields_value(const struct fields *f, const char *column,
			 const char *now);

/* Whether the row would still make sense with them, and before it is enabled
 * whether it does at all: CA in the configuration, its rules against the
 * stored CSR, challenge, web root. Of its profile no more than its form. */
int fields_check(const struct fields *f, const struct certrepo_conf *conf,
		 const struct store_cert *row, struct err *err) MUST_CHECK;

#endif
