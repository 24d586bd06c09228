/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "jout.h"
#include "log.h"
#include "store_pin.h"

#define SHOW_MAX (1u << 20)

static void line(struct sbuf *out, const char *what, const char *value)
{
	sbuf_addf(out, "  %-13s", what);
	sbuf_add_clean(out, value);
	sbuf_addc(out, '\n');
}

static const char *status_of(const struct account *a, bool asked)
{
	if (asked)
		return a->info.status;
	if (a->key_found == 0 && a->acme)
		return a->none ? "there is none; the CA answers, and the "
				 "first order makes one"
			       : "there is none; the CA does not answer";
	if (a->none)
		return "there is none";
	return a->fail.class == FAIL_ACCOUNT ? "refused"
					     : "not known, the CA did not say";
}

/* How a directory was found that nobody set. */
static int look_found(struct account *a, struct store *store,
		      const char **ret_found, struct err *err)
{
	struct store_pin pin;
	char at[CLOCK_TEXT];
	size_t n;
	int rc = store_pin_get(store, a->ca.name, a->arena, &pin, err);

	if (rc == -1)
		return -1;
	if (rc == 0 || !pin.discovered)
		return 0;
	/* Below which domain, a blank, and how. */
	n = strcspn(pin.discovered, " ");
	*ret_found =
		arena_printf(a->arena, "below %.*s on %s (%s)", (int) n,
			     pin.discovered, clock_text(pin.ts_discovered, at),
			     pin.discovered[n] ? pin.discovered + n + 1 : "");
	if (pin.ts_down)
		*ret_found =
			arena_printf(a->arena, "%s, fails since %s", *ret_found,
				     clock_text(pin.ts_down, at));
	return 0;
}

static bool lacks_kid(const struct account *a, bool asked)
{
	bool wanted = a->ca.eab_required ||
		      (a->acme && acme_offer(a->acme)->eab_required);

	return wanted && !a->ca.eab_kid && !asked && !account_url(a);
}

static void kid(const struct account *a, bool asked, struct sbuf *out)
{
	const struct certrepo_ca *ca = &a->ca;
	const char *bound = account_bound(a);

	if (lacks_kid(a, asked)) {
		sbuf_addf(out,
			  "  %-13snone: eab_kid and eab_key_file are needed, "
			  "from ",
			  "eab_kid");
		sbuf_add_clean(out, ca->web ? ca->web : "the CA");
		sbuf_addc(out, '\n');
	}
	if (ca->eab_kid && bound) {
		sbuf_addf(out,
			  "  %-13s%s (of the configuration; the account was "
			  "made with ",
			  "eab_kid", ca->eab_kid);
		sbuf_add_clean(out, bound);
		sbuf_addf(out,
			  " and stays bound to that: for %s, let account_key "
			  "name another file)\n",
			  ca->eab_kid);
	} else if (ca->eab_kid) {
		line(out, "eab_kid", ca->eab_kid);
	}
}

/* Of a CA that was asked, with an account or without. */
static const char *terms_of(const struct account *a)
{
	return a->acme ? acme_offer(a->acme)->terms : NULL;
}

static bool has(const struct account *a, const char *contact)
{
	for (size_t i = 0; i < a->info.n_contact; i++)
		if (strcmp(a->info.contact[i], contact) == 0)
			return true;
	return false;
}

/* Of a CA that keeps no contact nobody knows what it was told. */
static bool contact_differs(const struct account *a)
{
	const struct conf_strings *ours = &a->ca.contact;
	bool all = true;

	for (size_t i = 0; i < ours->n; i++)
		all = all && has(a, ours->v[i]);
	return a->info.n_contact && (!all || ours->n != a->info.n_contact);
}

static void contacts(const struct account *a, const char *hint,
		     struct sbuf *out)
{
	const struct conf_strings *ours = &a->ca.contact;

	for (size_t i = 0; i < a->info.n_contact; i++)
		line(out, "contact", a->info.contact[i]);
	if (!contact_differs(a))
		return;
	sbuf_addf(out, "  %-13s", "configured");
	for (size_t i = 0; i < ours->n; i++)
		sbuf_addf(out, "%s%s", i ? ", " : "", ours->v[i]);
	sbuf_addf(out,
		  "%s: " COMMAND_PROGRAM "%s account update %s tells the "
		  "CA\n",
		  ours->n ? "" : "none", hint, a->ca.name);
}

static void text(const struct account *a, const char *found, bool asked,
		 int64_t orders, const char *hint, struct sbuf *out)
{
	const struct certrepo_ca *ca = &a->ca;
	const char *url = account_url(a), *key = a->key;
	const char *terms = terms_of(a);

	sbuf_addf(out, "%s%s\n", out->len ? "\n" : "", ca->name);
	line(out, "directory", ca->directory ? ca->directory : "not found yet");
	if (found)
		line(out, "found", found);
	line(out, "account", url ? url : "none known of this key");
	line(out, "status", status_of(a, asked));
	contacts(a, hint, out);
	line(out, "key file", ca->account_key);
	if (!key)
		key = a->key_found ? "the file cannot be used"
				   : "none yet, the first run makes it";
	line(out, "key", key);
	kid(a, asked, out);
	if (terms)
		line(out, "terms", terms);
	line(out, "agree_tos", ca->agree_tos ? "true" : "false");
	sbuf_addf(out, "  %-13s%lld under way\n", "orders", (long long) orders);
}

static void json(const struct account *a, const char *found, bool asked,
		 int64_t orders, const struct err *why, struct sbuf *out)
{
	const struct certrepo_ca *ca = &a->ca;

	sbuf_adds(out, out->len > 1 ? ",{" : "{");
	jout_str(out, "ca", ca->name);
	jout_str(out, "directory", ca->directory);
	jout_str(out, "found", found);
	jout_str(out, "account", account_url(a));
	jout_str(out, "status", asked ? a->info.status : NULL);
	jout_key(out, "contact");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < a->info.n_contact; i++) {
		sbuf_adds(out, i ? "," : "");
		sbuf_add_json(out, a->info.contact[i]);
	}
	sbuf_addc(out, ']');
	jout_key(out, "contact_configured");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < ca->contact.n; i++) {
		sbuf_adds(out, i ? "," : "");
		sbuf_add_json(out, ca->contact.v[i]);
	}
	sbuf_addc(out, ']');
	jout_str(out, "key_file", ca->account_key);
	jout_str(out, "key", a->key);
	jout_str(out, "eab_kid", ca->eab_kid);
	jout_str(out, "eab_bound", account_bound(a));
	jout_bool(out, "eab_missing", lacks_kid(a, asked));
	jout_str(out, "terms", terms_of(a));
	jout_bool(out, "agree_tos", ca->agree_tos);
	jout_int(out, "orders", orders);
	jout_str(out, "error", asked ? NULL : why->msg);
	sbuf_addc(out, '}');
}

/* An account that is not there yet is no failure, where the CA answers. -1: the
 * store's; *ret_bad: the CA did not say. */
static int show_one(const struct command_run *run, struct store *store,
		    const struct certrepo_ca *ca, struct sbuf *out,
		    enum err_kind *ret_bad, struct err *err)
{
	AUTO(account_free) struct account a = { .arena = NULL };
	struct err why = ERR_INIT;
	const char *found = NULL;
	int64_t orders = 0;
	bool asked;

	if (account_new(ca, store, &a, err) == -1 ||
	    (!*ca->directory && look_found(&a, store, &found, err) == -1) ||
	    store_ca_orders(store, ca->name, &orders, err) == -1)
		return -1;
	asked = account_ask(&a, &why) == 0;
	if (a.none && a.key_found == 0) {
		/* The first order will need what can be tried now. */
		struct err no = ERR_INIT;

		a.none = account_read(&a, &no) == 0;
		if (!a.none)
			why = no;
	}
	if (account_opts_of(run)->json)
		json(&a, found, asked, orders, &why, out);
	else
		text(&a, found, asked, orders,
		     certrepo_conf_hint(run->config, run->arena), out);
	if (asked || a.none)
		return 0;
	log_error(&why);
	*ret_bad = why.kind;
	return 0;
}

int account_show(const struct command_run *run, int *ret_status,
		 struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(SHOW_MAX);
	bool list = account_opts_of(run)->json;
	enum err_kind bad = ERR_NONE;
	struct account_cas cas;
	size_t failed = 0;

	if (account_cas(run, &cas, err) == -1 ||
	    store_open(run->conf->store, STORE_READ, &store, err) == -1)
		return -1;
	if (list)
		sbuf_addc(&out, '[');
	for (size_t i = 0; i < cas.n; i++) {
		enum err_kind this = ERR_NONE;

		if (show_one(run, store, cas.v[i], &out, &this, err) == -1)
			return -1;
		if (this == ERR_NONE)
			continue;
		failed++;
		bad = this;
	}
	if (list)
		sbuf_adds(&out, "]\n");
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "too much to show at once");
	fputs(sbuf_str(&out), stdout);
	*ret_status = !failed ? 0 : failed < cas.n ? 2 : err_exit_status(bad);
	return 0;
}
