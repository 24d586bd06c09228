/* SPDX-License-Identifier: MIT */
#ifndef ADD_H
#define ADD_H

/* A CSR on its way into a row, whoever brought it: a person by `add`, a host by
 * a request. */

#include "enrol.h"
#include "populate_cmd.h"

struct add {
	struct populate *p;
	const char *name; /* of the row */
	const struct x509_csr *csr;
	const struct store_cert *old; /* the row there is, or NULL */
	struct enrol_wish wish;
	struct arena *a; /* what is borrowed lives here */
	/* By add_judge(): */
	struct enrol e;
	struct ca_profile_in in;
};

/* Whether and how. ERR_INPUT: it is refused, with what would help. */
int add_judge(struct add *x, struct err *err) MUST_CHECK;
/* What else a person should see before it goes in: keys and names that other
 * rows have, as warnings. */
int add_warn(const struct add *x, struct err *err) MUST_CHECK;
/* Does it; part of the caller's transaction, if there is one. */
int add_store(const struct add *x, struct err *err) MUST_CHECK;
/* What was done, or with dry_run would be, and what is needed for it. */
void add_print(const struct add *x);
/* The same for syslog. */
void add_log(const struct add *x);

#endif
