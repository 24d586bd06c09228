/* SPDX-License-Identifier: MIT */
#ifndef RULING_H
#define RULING_H

/*
 * What a request of a host would become. Pure: the request, the rows of its
 * domain and who uses them in, a ruling out. That the CSR is one that may be
 * enrolled is enrol.h's to say.
 */

#include "fleet_pending.h"
#include "rules.h"

enum ruling_kind {
	RULING_NEW,    /* a row of its name, which there is not yet */
	RULING_GRANT,  /* a row has this key and these names: it may have it */
	RULING_SAME,   /* ... and has it already */
	RULING_KEY,    /* the host's row gets another key */
	RULING_NAMES,  /* the host's row gets other names; its key stays */
	RULING_BESIDE, /* others have the name: a row NAME+HOST beside it */
};

struct ruling_in {
	const struct fleet_request *r;
	const struct x509_csr *csr;
	const struct fleet_rows *rows; /* of its domain */
	/* One of these that has this key and these names, or NULL. */
	const char *same;
	/* Where there is none: the row that an earlier request of this host and
	 * name became, or that is called as this one; NULL: there is none. */
	const char *own;
	const struct x509_csr *own_csr; /* NULL: it cannot be read */
	/* Of the one of these two. */
	const struct fleet_users *users;
	bool earlier;	   /* ... and such a request became it */
	int64_t ts_before; /* when any request, of anybody, last did; or 0 */
	bool taken; /* a person took a row of these names from the host */
	bool its;   /* the account speaks for this host alone */
	const struct rules_rule *rule; /* that takes its names, or NULL */
	bool replace, beside;	       /* the person's wishes */
	int64_t now;
};

struct ruling {
	enum ruling_kind kind;
	const char *as; /* the name of the row, in the arena */
	/* The row is other hosts', too: it takes a person's word, replace or
	 * beside. */
	bool shared;
	/* The host wants to change a row that it never had, as far as the store
	 * knows. */
	bool stranger;
	bool by_rule;	     /* may a rule do it? */
	const char *no_rule; /* why not, a few words, or NULL: there is none */
};

/* A rule changes the key or the names of a row so often. */
#define RULING_RULE_PAUSE (7 * (int64_t) 86400)

/* ERR_INPUT: there is no name for a row of its own. */
int ruling_make(const struct ruling_in *in, struct arena *a, struct ruling *ret,
		struct err *err) MUST_CHECK;

#endif
