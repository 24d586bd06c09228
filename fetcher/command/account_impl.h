/* SPDX-License-Identifier: MIT */
#ifndef ACCOUNT_IMPL_H
#define ACCOUNT_IMPL_H

/* What the account_*.c share. Nobody else includes this. */

#include "account.h"
#include "acme.h"
#include "acme_parse.h"
#include "store.h"

struct account_opts {
	bool json, replace;
};

static inline const struct account_opts *account_opts_of(
	const struct command_run *run)
{
	return run->own;
}

/* The CAs that WORDS name, all of the configuration when there are none. */
struct account_cas {
	const struct certrepo_ca **v; /* in run's arena */
	size_t n;
};
int account_cas(const struct command_run *run, struct account_cas *ret,
		struct err *err) MUST_CHECK;

/* --- account_net.c: one CA is asked, and waited for --- */

/* Our account at a CA: where it is, what the CA says of it. */
struct account {
	struct certrepo_ca ca; /* as configured; its directory as found */
	struct store_ca row;   /* all of it zero: the store has none */
	char *key;	       /* thumbprint of the file's, or NULL */
	int key_found;	       /* as acme_key_look() says */
	struct arena *arena;
	struct loop *loop;
	struct acme *acme; /* once opened */
	bool none;	   /* the CA has no account of this key */
	struct acme_account_info info;
	/* of the call under way */
	bool done, failed;
	struct fail fail;
};

/* From the configuration, the store and the key's file; nobody is asked. */
int account_new(const struct certrepo_ca *ca, struct store *store,
		struct account *ret, struct err *err) MUST_CHECK;
void account_free(struct account *a);
/* Its URL: the CA's word, else the store's, if that is of this directory, key
 * and eab_kid; NULL when it is not known. */
const char *account_url(const struct account *a);
/* The eab_kid that it is bound to, where that of the configuration is another;
 * or NULL. */
const char *account_bound(const struct account *a);
/* Find it, and ask for its object. An account is never made. -1: none is set
 * when there is no such account. */
int account_ask(struct account *a, struct err *err) MUST_CHECK;
/* Where there is no key, and so no account: its directory alone, without one;
 * then acme_offer() is there. */
int account_read(struct account *a, struct err *err) MUST_CHECK;
/* Tell the CA what the configuration says; after account_ask(). */
int account_tell(struct account *a, struct err *err) MUST_CHECK;
/* Its URL into the store, where it is not there yet, with this instance's
 * lock, unless HELD. */
int account_keep(struct account *a, const struct command_run *run,
		 struct store *store, bool held, struct err *err) MUST_CHECK;

/* The verbs, see struct command. WORDS begin behind the verb. */
int account_show(const struct command_run *run, int *ret_status,
		 struct err *err) MUST_CHECK;
int account_update(const struct command_run *run, int *ret_status,
		   struct err *err) MUST_CHECK;
int account_import(const struct command_run *run, int *ret_status,
		   struct err *err) MUST_CHECK;

#endif
