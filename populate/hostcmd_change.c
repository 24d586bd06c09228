/* SPDX-License-Identifier: MIT */
#include "hostcmd.h"

static void tell_gone(const char *what, int64_t n)
{
	if (n > 0)
		printf("  %-13s%lld\n", what, (long long) n);
}

int hostcmd_grant(struct populate *p, char **words, int n, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_host h;
	const char *names;

	if (hostcmd_need_accounts(p, err) == -1 ||
	    hostcmd_row(p, words[0], a, &h, err) == -1 ||
	    hostcmd_names(p, words + 1, n - 1, err) == -1)
		return -1;
	names = hostcmd_joined(words + 1, n - 1, a);
	if (!p->opt.dry_run) {
		if (fleet_host_put(p->store, &h,
				   (const char *const *) words + 1,
				   (size_t) n - 1, err) == -1)
			return -1;
		populate_log("host-granted", h.host, names);
	}
	printf("%s %s read %s\n", h.host, p->opt.dry_run ? "could" : "may",
	       names);
	return 0;
}

/* All of them, before any goes. */
static int check_held(const struct fleet_names *has, const char *host,
		      char *const *names, int n, struct err *err)
{
	for (int i = 0; i < n; i++) {
		size_t k = 0;

		while (k < has->n && strcmp(has->v[k].name, names[i]) != 0)
			k++;
		if (k == has->n)
			return err_set(err, ERR_INPUT,
				       "%s may not read %s as it is; what it "
				       "may says host show %s",
				       host, names[i], host);
	}
	return 0;
}

int hostcmd_revoke(struct populate *p, char **words, int n, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_names has;
	struct fleet_host h;
	const char *names;

	if (hostcmd_need_accounts(p, err) == -1 ||
	    hostcmd_row(p, words[0], a, &h, err) == -1 ||
	    fleet_host_names(p->store, h.host, a, &has, err) == -1 ||
	    check_held(&has, h.host, words + 1, n - 1, err) == -1)
		return -1;
	names = hostcmd_joined(words + 1, n - 1, a);
	for (int i = 1; i < n && !p->opt.dry_run; i++)
		if (fleet_host_revoke(p->store, h.host, words[i], err) == -1)
			return -1;
	if (!p->opt.dry_run)
		populate_log("host-revoked", h.host, names);
	printf("%s %s read %s%s\n", h.host,
	       p->opt.dry_run ? "could no more" : "may no more", names,
	       p->opt.dry_run ? "" : "; what it reported of that is forgotten");
	return 0;
}

/* --- remove, forget --- */

/* The account first: as long as its row is there, it is found again. */
static int remove_it(struct populate *p, const char *host, struct err *err)
{
	AUTO(fleet_account_free) struct fleet_account f = { .sql = NULL };
	AUTO(hostcmd_maker_free)
	struct hostcmd_maker m = { .store = NULL };
	char account[FLEET_ACCOUNT_MAX + 1];
	struct fleet_gone gone;

	if (hostcmd_maker(p, host, &m, err) == -1 ||
	    fleet_account_drop(m.store, host, &f, err) == -1 ||
	    fleet_host_remove(p->store, host, &gone, err) == -1)
		return -1;
	populate_log("host-removed", host, NULL);
	printf("%s: removed from %s\n", host, store_name(p->store));
	if (f.done)
		populate_line("account", fleet_account_of(host, account));
	tell_gone("names", gone.names);
	tell_gone("reports", gone.receipts);
	tell_gone("requests", gone.requests);
	if (f.done)
		return 0;
	populate_line("account", "is still there: it may call the procedures, "
				 "and reads nothing by them any more");
	hostcmd_print_sql(p, &f);
	return 0;
}

/* 1: an account without a row, as a kill or a restore leaves one; 0; -1. */
static int is_left_over(struct populate *p, const char *host, struct err *err)
{
	char account[FLEET_ACCOUNT_MAX + 1];
	enum fleet_seen seen;

	if (fleet_host_check(host, NULL) == -1)
		return 0;
	if (fleet_account_look(p->store, fleet_account_of(host, account), &seen,
			       err) == -1)
		return -1;
	return seen == FLEET_THERE;
}

int hostcmd_remove(struct populate *p, const char *host, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_host h;
	int rc;

	if (hostcmd_need_accounts(p, err) == -1)
		return err_wrap(err, "host forget %s drops what it reported",
				host);
	rc = fleet_host_get(p->store, host, a, &h, err);
	if (rc == 0)
		rc = is_left_over(p, host, err);
	if (rc == 0)
		return hostcmd_row(p, host, a, &h, err);
	if (rc == -1 ||
	    populate_confirm(p, "host remove", host,
			     arena_printf(a,
					  "the account of %s, and what it "
					  "reported,",
					  host),
			     err) == -1)
		return -1;
	if (!p->opt.dry_run)
		return remove_it(p, host, err);
	printf("would remove the account of %s, and what it reported, from "
	       "%s\n",
	       host, store_name(p->store));
	return 0;
}

int hostcmd_forget(struct populate *p, const char *host, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_receipts said;
	int64_t n;

	if (fleet_host_receipts(p->store, host, a, &said, err) == -1)
		return -1;
	if (said.n == 0)
		return err_set(err, ERR_INPUT,
			       "%s reported nothing that is in %s", host,
			       store_name(p->store));
	n = (int64_t) said.n;
	if (!p->opt.dry_run) {
		if (fleet_host_forget(p->store, host, &n, err) == -1)
			return -1;
		populate_log("host-forgotten", host, NULL);
	}
	printf("%s: %s %lld report%s; as long as it runs, it reports again\n",
	       host, p->opt.dry_run ? "would forget" : "forgot", (long long) n,
	       n == 1 ? "" : "s");
	return 0;
}
