/* SPDX-License-Identifier: MIT */
#ifndef HOSTCMD_H
#define HOSTCMD_H

/* certrepo-populate host ...: an account of the database for each host, what
 * it may read, and what it reported. WORDS are HOST and names. */

#include "fleet_account.h"
#include "populate_cmd.h"

int hostcmd_add(struct populate *p, char **words, int n,
		struct err *err) MUST_CHECK;
int hostcmd_show(struct populate *p, const char *host,
		 struct err *err) MUST_CHECK;
int hostcmd_list(struct populate *p, char **words, int n,
		 struct err *err) MUST_CHECK;
int hostcmd_grant(struct populate *p, char **words, int n,
		  struct err *err) MUST_CHECK;
int hostcmd_revoke(struct populate *p, char **words, int n,
		   struct err *err) MUST_CHECK;
int hostcmd_remove(struct populate *p, const char *host,
		   struct err *err) MUST_CHECK;
int hostcmd_forget(struct populate *p, const char *host,
		   struct err *err) MUST_CHECK;

/* --- what they share --- */

/* The row of HOST; ERR_INPUT says what else there is of it, or near it. */
int hostcmd_row(struct populate *p, const char *host, struct arena *a,
		struct fleet_host *ret, struct err *err) MUST_CHECK;
/* ERR_INPUT: nothing is known of HOST, and what is near. -1. */
int hostcmd_unknown(struct populate *p, const char *host, struct err *err);
/* ERR_CONFIG where the store knows no accounts. */
int hostcmd_need_accounts(struct populate *p, struct err *err) MUST_CHECK;
/* Each of the N names is enrolled. */
int hostcmd_names(struct populate *p, char *const *names, int n,
		  struct err *err) MUST_CHECK;
/* "a, b", in ARENA. */
const char *hostcmd_joined(char *const *names, int n, struct arena *a);

/* Who makes accounts: this program's own account, or, where that may not, the
 * configuration is not named, and there is one of root for init, that of it.
 * HOST has its row, by which it is seen that both are of one database. */
struct hostcmd_maker {
	struct store *store; /* borrowed from p, or the same as own */
	struct store *own;
	const char *config;	    /* of own; or NULL */
	struct certrepo_conf *conf; /* of own */
	enum fleet_seen seen;	    /* the account of HOST */
};
int hostcmd_maker(struct populate *p, const char *host,
		  struct hostcmd_maker *ret, struct err *err) MUST_CHECK;
void hostcmd_maker_free(struct hostcmd_maker *m); /* for AUTO */
/* The statements of F on stdout, the first time with what is to be done with
 * them. */
void hostcmd_print_sql(struct populate *p, const struct fleet_account *f);

#endif
