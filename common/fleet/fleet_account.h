/* SPDX-License-Identifier: MIT */
#ifndef FLEET_ACCOUNT_H
#define FLEET_ACCOUNT_H

/*
 * Accounts of hosts on MariaDB: one for each host, over TLS alone, with a few
 * connections, and with the right to call the hosts' procedures and to nothing
 * else. What each may read the table host_names says.
 *
 * Statements about accounts take no bound values. So names of accounts are
 * made here, of characters that mean nothing in SQL, and no password is ever
 * in a statement: what is sent, logged and printed is its hash, as the server
 * itself would make it of one it is sent.
 */

#include "fleet_hosts.h"

#define FLEET_CONNECTIONS  5 /* at a time */
#define FLEET_PASSWORD_LEN 32
#define FLEET_HASH_LEN	   41

/* "certrepo-host-HOST". Of a HOST that is too long for that (66) it is its
 * first 33 characters, a '+', and half of its SHA-256; no host has a '+', so no
 * two of them meet. HOST was checked. Returns ret. */
const char *fleet_account_of(const char *host, char ret[FLEET_ACCOUNT_MAX + 1]);

/* Letters and digits, by the system's random numbers: 190 bits. */
int fleet_password_new(char ret[FLEET_PASSWORD_LEN + 1],
		       struct err *err) MUST_CHECK;
/* What mysql_native_password keeps: '*' and SHA-1 of SHA-1, 40 hexadecimal
 * digits. Of a password of ours nobody finds it back. Returns ret. */
const char *fleet_password_hash(const char *password,
				char ret[FLEET_HASH_LEN + 1]);

/* Does this store know accounts? SQLite does not. */
bool fleet_accounts(const struct store *s);

enum fleet_seen {
	FLEET_MISSING,
	FLEET_THERE,
	FLEET_HIDDEN, /* this program's own account may not look */
};
int fleet_account_look(struct store *s, const char *account,
		       enum fleet_seen *ret, struct err *err) MUST_CHECK;

/* What the server has not of the accounts that the database goes by: they are
 * no part of its dump. Those of hosts, of which some are named, and others in
 * host_names, which hosts share. None where this program's own account may not
 * look. */
#define FLEET_LACKS_SHOWN 5
struct fleet_lacks {
	size_t hosts, shared;
	const char *host[FLEET_LACKS_SHOWN]; /* the first, in A */
	const char *account[FLEET_LACKS_SHOWN];
};
int fleet_account_lacks(struct store *s, struct arena *a,
			struct fleet_lacks *ret, struct err *err) MUST_CHECK;

struct fleet_account {
	enum fleet_seen was; /* before */
	bool done;	     /* false: we may not, see sql */
	bool stripped;	     /* it had other rights, which it has no more */
	char *sql;	/* the caller's; not done: statements, a line each, that
			 * an administrator has to run */
	struct err why; /* not done: what the server said */
};

/* The account as it has to be, of host HOST, with the password of HASH; NULL:
 * one that is there keeps its own, and ERR_INTERNAL for one that is not. Safe
 * to repeat. What an administrator made stricter stays. With another password
 * who is connected by it is cut off. ERR_CONFIG: the hosts' procedures are not
 * there. */
int fleet_account_put(struct store *s, const char *host, const char *hash,
		      struct fleet_account *ret, struct err *err) MUST_CHECK;
/* It is gone, and who is connected by it is cut off. */
int fleet_account_drop(struct store *s, const char *host,
		       struct fleet_account *ret, struct err *err) MUST_CHECK;
void fleet_account_free(struct fleet_account *f); /* for AUTO */

#endif
