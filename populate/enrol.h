/* SPDX-License-Identifier: MIT */
#ifndef ENROL_H
#define ENROL_H

/* Whether and how a CSR is enrolled. Pure: the request, what the row says
 * now, and the wishes of the person in; a verdict out. */

#include "arena.h"
#include "certrepo_conf.h"
#include "store.h"
#include "x509.h"

struct enrol_wish {
	const char *ca, *ca_profile, *challenge; /* NULL: not given, */
	const char *webroot, *comment, *owner;	 /* as these */
	bool enable, replace;
};

enum enrol_verdict {
	ENROL_ADD,
	ENROL_SAME,	  /* the very same request, nothing to do */
	ENROL_EQUIVALENT, /* other bytes, same key and names: likewise */
	ENROL_REPLACE,
};

struct enrol {
	enum enrol_verdict verdict;
	bool key_changed, names_changed; /* with ENROL_REPLACE */
	const char *gone, *come;	 /* the names, "a, b", or NULL */
	const struct certrepo_ca *ca;	 /* the one that will sign */
	const char *ca_profile;		 /* the row's own, or NULL */
	const char *challenge;		 /* "dns-01", "http-01" */
	const char *webroot;
	const char *ignored;   /* an option that differs from the row already
				* there and that only `set` changes, or NULL */
	struct store_cert row; /* for store_add; borrows from csr and wish */
};

/* OLD is NULL for a new name. ERR_INPUT says what is refused and why; with a
 * changed key or changed names and no wish->replace it says what that means.
 */
int enrol_decide(const struct certrepo_conf *conf, const char *name,
		 const struct x509_csr *csr, const struct store_cert *old,
		 const struct enrol_wish *wish, struct arena *a,
		 struct enrol *ret, struct err *err) MUST_CHECK;

#endif
