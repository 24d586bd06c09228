/* SPDX-License-Identifier: MIT */
#ifndef FLEET_PENDING_H
#define FLEET_PENDING_H

/* What the centre asks before it decides over a request, beside
 * fleet_requests.h. What hosts wrote may be anything: it is data. */

#include "fleet_requests.h"

/* Rows of one domain, "domain" and "domain+label", by name. */
#define FLEET_ROWS_MAX 200
struct fleet_rows {
	struct {
		const char *name, *key_sha256; /* NULL: not known */
	} v[FLEET_ROWS_MAX];
	size_t n;
	bool more; /* than these */
};
int fleet_pending_rows(struct store *s, const char *domain, struct arena *a,
		       struct fleet_rows *ret, struct err *err) MUST_CHECK;

/* The CSRs of these, as they lie there. */
struct fleet_csrs {
	struct {
		const char *name;
		struct store_blob csr;
	} v[FLEET_ROWS_MAX];
	size_t n;
};
int fleet_pending_csrs(struct store *s, const char *domain, struct arena *a,
		       struct fleet_csrs *ret, struct err *err) MUST_CHECK;

/* Request ID, of the caller's transaction, keeps PEM, which is its CSR, and not
 * what stood around that. */
int fleet_pending_shorten(struct store *s, int64_t id, const char *pem,
			  struct err *err) MUST_CHECK;

/* Which hosts have to do with the row NAME. */
#define FLEET_USERS_MAX 20
struct fleet_users {
	bool granted;  /* ACCOUNT may read it as HOST: what a rule goes by */
	bool reported; /* HOST says that it has it, whoever wrote that */
	const char *others[FLEET_USERS_MAX + 1]; /* NULL-terminated */
	size_t n;
	bool more; /* others than these */
};
int fleet_pending_users(struct store *s, const char *name, const char *host,
			const char *account, struct arena *a,
			struct fleet_users *ret, struct err *err) MUST_CHECK;

/* Domains of the rows that a person took from the host of R, each once. */
#define FLEET_TAKEN_MAX 5000
struct fleet_taken {
	const char **v;
	size_t n;
	bool more; /* than these */
};
int fleet_pending_taken(struct store *s, const struct fleet_request *r,
			struct arena *a, struct fleet_taken *ret,
			struct err *err) MUST_CHECK;

/* The row that the last approved request of this account, host and name was
 * approved as; not one that was revoked. 1, 0 there is none, -1. */
int fleet_pending_as(struct store *s, const struct fleet_request *r,
		     struct arena *a, const char **ret,
		     struct err *err) MUST_CHECK;
/* When a request was last approved as ROW, whoever sent it and by whichever
 * name; 0: never. */
int fleet_pending_last(struct store *s, const char *row, int64_t *ret,
		       struct err *err) MUST_CHECK;
/* Those of HOST and NAME that are pending, at most LIMIT, oldest first. */
int fleet_pending_find(struct store *s, const char *host, const char *name,
		       size_t limit, struct arena *a,
		       struct fleet_requests *ret, struct err *err) MUST_CHECK;

/* How many wait, and the first of them. */
struct fleet_waiting {
	size_t n;
	int64_t id, ts;
	const char *host, *name;
};
int fleet_pending_waiting(struct store *s, struct arena *a,
			  struct fleet_waiting *ret,
			  struct err *err) MUST_CHECK;

/* Names of rows, one call for each, that a CA counts as new within a week of
 * NOW: those that got their first certificate since then, and those that wait
 * for an order of a CSR that is new. A FN that returns -1 stops. */
#define FLEET_WEEK (7 * (int64_t) 86400)
typedef int fleet_name_fn(const char *name, void *arg, struct err *err);
int fleet_pending_orders(struct store *s, int64_t now, fleet_name_fn *fn,
			 void *arg, struct err *err) MUST_CHECK;

/* What the host of R was given by its account since SINCE, whoever approved
 * it, and an order came of, or is to come: each row and its CSR, once. The
 * newest FLEET_HAD_MAX requests count. A FN that returns -1 stops. */
#define FLEET_HAD_MAX 2000
typedef int fleet_had_fn(const char *as, struct store_blob csr, void *arg,
			 struct err *err);
int fleet_pending_had(struct store *s, const struct fleet_request *r,
		      int64_t since, fleet_had_fn *fn, void *arg,
		      struct err *err) MUST_CHECK;

#endif
