/* SPDX-License-Identifier: MIT */
#ifndef ASK_H
#define ASK_H

/* A request of a host, looked at whole: its CSR, the rows it has to do with,
 * what it would become (ruling.h), and whether `add` would take it (add.h). */

#include "add.h"
#include "ruling.h"

struct ask {
	struct populate *p;
	struct arena *a;
	struct fleet_request r;
	struct x509_csr *csr;	       /* NULL: fault says why */
	bool its;		       /* its account is this host's alone */
	const struct rules_rule *rule; /* that takes its names, or NULL */
	struct fleet_rows rows;
	struct fleet_users users; /* of the row that is there */
	/* The row that is there, of the host or of others; or NULL. */
	struct store_cert *row;
	struct x509_csr *row_csr; /* NULL: none, or it cannot be read */
	struct ruling v;
	bool by_rule; /* a rule approves it, and not a person */
	struct add add;
	/* Why it cannot be approved as it is; kind ERR_NONE: it can. */
	struct err fault;
};

/* R is borrowed. By the wishes of p->opt, and, where a rule takes it, for the
 * row that this makes by those of the rule. -1: the store could not be asked,
 * and nothing is to be freed. */
int ask_look(struct populate *p, const struct fleet_request *r, struct arena *a,
	     struct ask *ret, struct err *err) MUST_CHECK;
void ask_free(struct ask *k);

/* Will the fetcher order something when it is approved? */
bool ask_orders(const struct ask *k);
/* The verdict as a word, "new", "grant", "same", "key", "names", "beside". */
const char *ask_word(const struct ask *k);
/* Why no rule approves it, a few words. */
const char *ask_waits(const struct ask *k);
/* For a person, several lines; as an object of JSON. */
void ask_print(const struct ask *k);
void ask_json(const struct ask *k, struct sbuf *out);

#endif
