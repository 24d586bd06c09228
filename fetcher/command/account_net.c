/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <stdlib.h>
#include <string.h>
#include "ca_account.h"
#include "disc_pinned.h"
#include "instance.h"
#include "loop.h"
#include "term.h"

#define ROUND_MS 60000 /* of the loop; requests have limits of their own */

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

int account_new(const struct certrepo_ca *ca, struct store *store,
		struct account *ret, struct err *err)
{
	struct account a = { .ca = *ca, .arena = arena_new() };

	if (store_ca_get(store, ca->name, a.arena, &a.row, err) == -1 ||
	    disc_pinned_directory(store, ca, a.arena, &a.ca.directory, err) ==
		    -1) {
		arena_free(&a.arena);
		return -1;
	}
	a.key_found = acme_key_look(ca, &a.key);
	*ret = a;
	return 0;
}

void account_free(struct account *a)
{
	acme_free(&a->acme);
	loop_free(&a->loop);
	arena_free(&a->arena);
	mem_free_str(&a->key);
}

const char *account_url(const struct account *a)
{
	if (a->acme && !a->none && acme_account(a->acme))
		return acme_account(a->acme);
	return !a->none && a->row.account && a->key &&
			       same(a->row.directory, a->ca.directory) &&
			       same(a->row.account_key, a->key) &&
			       same(a->row.eab_kid, a->ca.eab_kid)
		       ? a->row.account
		       : NULL;
}

const char *account_bound(const struct account *a)
{
	bool here = same(a->row.directory, a->ca.directory) &&
		    same(a->row.account_key, a->key);
	const char *url = account_url(a);

	return ca_account_bound(&a->ca, &a->row,
				url    ? url
				: here ? a->row.account
				       : NULL);
}

static void end(struct account *a, const struct fail *fail)
{
	a->done = true;
	a->failed = fail;
	if (fail)
		a->fail = *fail;
}

static void on_ready(void *arg, const struct fail *fail)
{
	end(arg, fail);
}

static void on_account(void *arg, const struct acme_result *r)
{
	struct account *a = arg;
	struct err err = ERR_INIT;
	struct fail f;

	if (!r->fail && acme_parse_account(r->body, r->len, a->arena, &a->info,
					   &err) == -1) {
		fail_set(&f, FAIL_CA_DOWN, 0, "%s", err.msg);
		end(a, &f);
		return;
	}
	if (!a->info.status)
		a->info.status = "known"; /* that much it says */
	end(a, r->fail);
}

/* Until what was begun is done. */
static int wait(struct account *a, struct err *err)
{
	int rc = 0;

	term_progress("asking the CA %s", a->ca.name);
	while (!a->done && rc == 0)
		rc = loop_run(a->loop, ROUND_MS, err);
	term_wipe();
	if (rc == -1)
		return -1;
	a->done = false;
	if (!a->failed)
		return 0;
	a->none = acme_unknown(a->acme);
	return err_set(err,
		       a->fail.class == FAIL_ACCOUNT ? ERR_CONFIG
						     : ERR_UNAVAILABLE,
		       "CA %s: %s", a->ca.name, a->fail.detail);
}

int account_ask(struct account *a, struct err *err)
{
	if (!a->ca.directory)
		return err_set(err, ERR_CONFIG,
			       "CA %s: its directory was not found yet, a run "
			       "that orders something looks for it",
			       a->ca.name);
	if (a->key_found == 0) {
		a->none = true;
		return err_set(err, ERR_CONFIG,
			       "CA %s: %s is not there: the first run that "
			       "orders something makes it, and an account",
			       a->ca.name, a->ca.account_key);
	}
	if (loop_new(&a->loop, err) == -1 ||
	    acme_new(a->loop, &a->ca, account_url(a), a->key, &a->acme, err) ==
		    -1)
		return err_wrap(err, "CA %s", a->ca.name);
	acme_look_only(a->acme);
	acme_start(a->acme, 1, on_ready, a);
	if (wait(a, err) == -1)
		return -1;
	(void) acme_get(a->acme, acme_account(a->acme), on_account, a);
	return wait(a, err);
}

int account_read(struct account *a, struct err *err)
{
	struct certrepo_ca *ca = arena_dup(a->arena, &a->ca, sizeof(*ca));

	ca->account_key = NULL;
	if (loop_new(&a->loop, err) == -1 ||
	    acme_new(a->loop, ca, NULL, NULL, &a->acme, err) == -1)
		return err_wrap(err, "CA %s", ca->name);
	acme_read_directory(a->acme, on_ready, a);
	return wait(a, err);
}

int account_tell(struct account *a, struct err *err)
{
	(void) acme_update(a->acme, on_account, a);
	return wait(a, err);
}

int account_keep(struct account *a, const struct command_run *run,
		 struct store *store, bool held, struct err *err)
{
	AUTO(instance_free) struct instance *self = NULL;
	struct store_ca row = a->row, now;
	const char *kid = account_bound(a);

	if (!kid)
		kid = a->ca.eab_kid;
	if (same(a->row.account, acme_account(a->acme)) &&
	    same(a->row.account_key, acme_thumbprint(a->acme)) &&
	    same(a->row.directory, a->ca.directory) &&
	    same(a->row.eab_kid, kid))
		return 0;
	if (!held && instance_open(run->conf->state_dir, &self, err) == -1)
		return -1;
	row.name = a->ca.name;
	row.directory = a->ca.directory;
	row.account = acme_account(a->acme);
	row.account_key = acme_thumbprint(a->acme);
	row.eab_kid = kid;
	/* What the CA rests for is mended. */
	if (same(row.fail_class, fail_name(FAIL_ACCOUNT)) ||
	    !same(a->row.directory, a->ca.directory)) {
		row.backoff_until = row.count_fail = 0;
		row.fail_class = row.fail_detail = NULL;
	}
	return store_ca_put(store, &row, &a->row, a->arena, &now, err);
}
