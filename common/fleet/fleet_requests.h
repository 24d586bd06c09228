/* SPDX-License-Identifier: MIT */
#ifndef FLEET_REQUESTS_H
#define FLEET_REQUESTS_H

/*
 * Requests of hosts (table host_requests): a CSR for a certificate that a host
 * has in its configuration, sent by the host, decided on the centre. A host
 * names itself; which account it came by, the database knows, and that is what
 * is believed. On MariaDB hosts call procedures, see
 * schema/mariadb/routines.sql.
 */

#include "store.h"

#define FLEET_PENDING  "pending"
#define FLEET_APPROVED "approved"
#define FLEET_REJECTED "rejected"
/* Was approved, until its name was taken from the host; its key_sha256 lacks
 * the first digit, so that it is of none. */
#define FLEET_REVOKED "revoked"

#define FLEET_PENDING_MAX                                   \
	100 /* of one host, and of one account that has one \
	     */

struct fleet_request {
	int64_t id;
	const char *account; /* "" on SQLite */
	const char *host, *name;
	struct store_blob csr;
	const char *key_sha256;
	bool new_key;
	const char *state;
	const char *reason;  /* NULL: none */
	const char *as_name; /* approved: the row in certs; or NULL. One that is
			      * pending: as what its key was approved before,
			      * at ts_decided */
	int64_t ts, ts_decided;
};
struct fleet_requests {
	struct fleet_request *v;
	size_t n;
};

/* --- the host's side; the store is opened with STORE_HOST --- */

/* Sends R (host, name, csr, key_sha256, new_key, ts; the account is the
 * session's). Of the same host, name and key there is one, and an id is of one
 * CSR for ever: the very same CSR changes nothing while it is pending, or was
 * approved and that holds (the row as_name has its key, and, where hosts have
 * accounts, this host may read it); anything else takes its place, pending,
 * under a new id. *ret: as it is now. ERR_LIMIT: FLEET_PENDING_MAX are pending;
 * ERR_UNAVAILABLE and ERR_CONFIG as ever, the latter also for a store
 * that has no requests yet (an older schema, or no right). */
int fleet_request_send(struct store *s, const struct fleet_request *r,
		       struct arena *a, struct fleet_request *ret,
		       struct err *err) MUST_CHECK;
/* Those of HOST by this account, the newest of each name and key, without
 * their CSRs: what became of them. At most FLEET_MINE_MAX, the oldest. */
#define FLEET_MINE_MAX 1000
int fleet_requests_mine(struct store *s, const char *host, struct arena *a,
			struct fleet_requests *ret, struct err *err) MUST_CHECK;

/* --- the centre's --- */

/* Pending ones, oldest first, at most LIMIT after AFTER (an id, 0), with their
 * CSRs. */
int fleet_requests_pending(struct store *s, int64_t after, size_t limit,
			   struct arena *a, struct fleet_requests *ret,
			   struct err *err) MUST_CHECK;
/* One, in whatever state. 1, 0, -1. */
int fleet_request_get(struct store *s, int64_t id, struct arena *a,
		      struct fleet_request *ret, struct err *err) MUST_CHECK;
/* STATE, REASON and AS_NAME (either may be NULL), as long as it is pending and
 * its CSR is the one that R has: 1; 0: it is not any more. Part of the caller's
 * transaction, in which the row is made. */
int fleet_request_decide(struct store *s, const struct fleet_request *r,
			 const char *state, const char *reason,
			 const char *as_name, int64_t now,
			 struct err *err) MUST_CHECK;

#endif
