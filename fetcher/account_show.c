/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acme.h"
#include "jout.h"

#define SHOW_MAX (1u << 20)

struct facts {
	const struct certrepo_ca *ca;
	struct store_ca row; /* all of it zero: there is none */
	char *key;	     /* thumbprint of the file's, or NULL */
	int key_found;	     /* as acme_key_look() says */
};

/* Does the account in the store belong to this directory and this key? */
static bool is_ours(const struct facts *f)
{
	return f->row.account && f->row.account_key && f->key &&
	       strcmp(f->row.directory, f->ca->directory) == 0 &&
	       strcmp(f->row.account_key, f->key) == 0;
}

static void line(struct sbuf *out, const char *what, const char *value)
{
	sbuf_addf(out, "  %-13s", what);
	sbuf_add_clean(out, value);
	sbuf_addc(out, '\n');
}

static void text(const struct facts *f, struct sbuf *out)
{
	const struct certrepo_ca *ca = f->ca;

	sbuf_addf(out, "%s%s\n", out->len ? "\n" : "", ca->name);
	line(out, "directory", ca->directory);
	line(out, "account",
	     is_ours(f) ? f->row.account : "none known of this key");
	line(out, "key file", ca->account_key);
	line(out, "key",
	     f->key		 ? f->key
	     : f->key_found == 0 ? "none yet, the first run makes it"
				 : "the file cannot be used");
	for (size_t i = 0; i < ca->contact.n; i++)
		line(out, "contact", ca->contact.v[i]);
	line(out, "terms",
	     ca->agree_tos ? "agreed to (agree_tos)" : "not agreed to");
}

static void json(const struct facts *f, struct sbuf *out)
{
	const struct certrepo_ca *ca = f->ca;

	sbuf_adds(out, out->len > 1 ? ",{" : "{");
	jout_str(out, "ca", ca->name);
	jout_str(out, "directory", ca->directory);
	jout_str(out, "account", is_ours(f) ? f->row.account : NULL);
	jout_str(out, "key_file", ca->account_key);
	jout_str(out, "key", f->key);
	jout_bool(out, "agree_tos", ca->agree_tos);
	sbuf_addc(out, '}');
}

static void facts_free(struct facts *f)
{
	free(f->key);
}

static int show_one(const struct command_run *run, struct store *store,
		    const struct certrepo_ca *ca, struct sbuf *out,
		    struct err *err)
{
	AUTO(facts_free) struct facts f = { .ca = ca };

	if (store_ca_get(store, ca->name, run->arena, &f.row, err) == -1)
		return -1;
	f.key_found = acme_key_look(ca, &f.key);
	if (account_opts_of(run)->json)
		json(&f, out);
	else
		text(&f, out);
	return 0;
}

int account_show(const struct command_run *run, int *ret_status,
		 struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(SHOW_MAX);
	struct account_cas cas;
	bool list = account_opts_of(run)->json;

	if (account_cas(run, &cas, err) == -1 ||
	    store_open(run->conf->store, STORE_READ, &store, err) == -1)
		return -1;
	if (list)
		sbuf_addc(&out, '[');
	for (size_t i = 0; i < cas.n; i++)
		if (show_one(run, store, cas.v[i], &out, err) == -1)
			return -1;
	if (list)
		sbuf_adds(&out, "]\n");
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "too much to show at once");
	fputs(sbuf_str(&out), stdout);
	*ret_status = 0;
	return 0;
}
