/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <stdio.h>
#include "ca_account.h"
#include "log.h"

/* *ret_none: there is no account to tell anything of. */
static int update_one(const struct command_run *run, struct store *store,
		      const struct certrepo_ca *ca, bool *ret_none,
		      struct err *err)
{
	AUTO(account_free) struct account a = { .arena = NULL };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(65536);

	if (account_new(ca, store, &a, err) == -1)
		return -1;
	if (account_ask(&a, err) == -1 || account_tell(&a, err) == -1 ||
	    account_keep(&a, run, store, false, err) == -1) {
		*ret_none = a.none;
		return -1;
	}
	sbuf_addf(&out, "%s: %s is %s", ca->name, acme_account(a.acme),
		  a.info.status);
	for (size_t i = 0; i < a.info.n_contact; i++)
		sbuf_addf(&out, "%s%s", i ? ", " : "; contact ",
			  a.info.contact[i]);
	puts(sbuf_str(&out));
	if (account_bound(&a)) {
		(void) fflush(stdout);
		ca_account_warn(&a.ca, account_bound(&a));
	}
	return 0;
}

/* Each is tried; what one refuses does not stop the others. Of all of them,
 * those that have no account are passed over, unless none has one. */
int account_update(const struct command_run *run, int *ret_status,
		   struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	enum err_kind bad = ERR_NONE;
	struct account_cas cas;
	size_t failed = 0, done = 0;

	if (account_cas(run, &cas, err) == -1 ||
	    store_open(run->conf->store, STORE_WRITE, &store, err) == -1)
		return -1;
	for (size_t i = 0; i < cas.n; i++) {
		struct err why = ERR_INIT;
		bool none = false;

		if (update_one(run, store, cas.v[i], &none, &why) == 0) {
			done++;
			continue;
		}
		if (none && !run->n_words && (done || i + 1 < cas.n))
			continue;
		(void) fflush(stdout);
		log_error(&why);
		bad = why.kind;
		failed++;
	}
	*ret_status = !failed ? 0 : done ? 2 : err_exit_status(bad);
	return 0;
}
