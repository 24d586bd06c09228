/* SPDX-License-Identifier: MIT */
#include "store_offer.h"
#include <inttypes.h>
#include <string.h>
#include "enc.h"
#include "num.h"
#include "sbuf.h"
#include "store_impl.h"

static int offer_get(struct store *s, const char *ca_name, struct arena *a,
		     struct store_offer *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT renewal_info, profiles, caa, ts_offer "
			"FROM cas WHERE name = ?",
			"wlwn", ARGS(T(ca_name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_offer){
		.renewal_info = store_col_text(st, 0, a),
		.profiles = store_col_text(st, 1, a),
		.caa = store_col_text(st, 2, a),
		.ts = db_col_int(st, 3),
	};
	return 1;
}

int store_offer_get(struct store *s, const char *ca_name, struct arena *arena,
		    struct store_offer *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 offer_get(s, ca_name, arena, ret, err));
}

int store_offer_put(struct store *s, const char *ca_name, const char *directory,
		    const struct store_offer *offer, struct err *err)
{
	if (store_check_text("the URL of renewalInfo", offer->renewal_info,
			     STORE_URL_MAX, err) == -1 ||
	    store_check_text("the CA's domains", offer->caa, STORE_URL_MAX,
			     err) == -1)
		return -1;
	if (offer->profiles && strlen(offer->profiles) > STORE_OFFER_TEXT_MAX)
		return err_set(err, ERR_LIMIT,
			       "what %.64s says of its profiles is too long",
			       ca_name);
	return store_exec_try(s,
			      "UPDATE cas SET renewal_info = ?, profiles = ?, "
			      "caa = ?, ts_offer = ? WHERE name = ? AND "
			      "directory = ?",
			      ARGS(T(offer->renewal_info), T(offer->profiles),
				   T(offer->caa), I(offer->ts), T(ca_name),
				   T(directory)),
			      NULL, err);
}

const char *store_offer_profile(const struct store_offer *offer,
				const char *profile, struct arena *arena)
{
	size_t n = strlen(profile);
	const char *line = offer->profiles;

	for (; line && *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");

		if (n && len > n && line[n] == '\t' &&
		    strncmp(line, profile, n) == 0)
			return arena_strndup(arena, line + n + 1, len - n - 1);
		line += len;
	}
	return NULL;
}

/* --- chains: a line each, issuer, SHA-256 and instant, tabs between --- */

#define ISSUER_MAX 200

static bool same_chain(const struct store_chain *a, const struct store_chain *b)
{
	return strcmp(a->issuer, b->issuer) == 0 &&
	       strcmp(a->sha256, b->sha256) == 0;
}

static void add_chain(struct store_chains *to, const struct store_chain *c)
{
	for (size_t i = 0; i < to->n; i++)
		if (same_chain(&to->v[i], c))
			return;
	if (to->n < STORE_CHAINS_MAX)
		to->v[to->n++] = *c;
}

/* It is printed, for a file of settings, too. */
static bool chain_ok(const struct store_chain *c)
{
	size_t n = strlen(c->sha256);

	for (const char *p = c->issuer; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return *c->issuer && strlen(c->issuer) <= ISSUER_MAX &&
	       (n == 0 || n + 1 == ENC_SHA256_HEX) &&
	       strspn(c->sha256, "0123456789abcdef") == n;
}

/* What somebody else wrote into the column is passed over. */
static void read_chains(const char *text, struct arena *a,
			struct store_chains *ret)
{
	ret->n = 0;
	for (; text && *text; text += *text == '\n') {
		const char *line = text;
		size_t issuer = strcspn(line, "\t\n");
		size_t sha = line[issuer] == '\t'
				     ? strcspn(line + issuer + 1, "\t\n")
				     : 0;
		const char *ts = line + issuer + sha + 1;
		struct store_chain c;

		text += strcspn(text, "\n");
		if (line[issuer] != '\t' || *ts != '\t')
			continue;
		c.issuer = arena_strndup(a, line, issuer);
		c.sha256 = arena_strndup(a, line + issuer + 1, sha);
		ts = arena_strndup(a, ts + 1, (size_t) (text - ts - 1));
		if (chain_ok(&c) && num_int(ts, 0, INT64_MAX, &c.ts, NULL) == 0)
			add_chain(ret, &c);
	}
}

static char *write_chains(const struct store_chains *c)
{
	struct sbuf s = SBUF_INIT(STORE_OFFER_TEXT_MAX);

	for (size_t i = 0; i < c->n; i++)
		sbuf_addf(&s, "%s\t%s\t%" PRId64 "\n", c->v[i].issuer,
			  c->v[i].sha256, c->v[i].ts);
	return sbuf_take(&s, NULL);
}

/* DIRECTORY NULL: whatever it is. */
static int chains_get(struct store *s, const char *ca_name,
		      const char *directory, struct arena *a,
		      struct store_chains *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s, "SELECT directory, chains FROM cas WHERE name = ?",
			"Wl", ARGS(T(ca_name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	if (directory && strcmp(db_col_text(st, 0), directory) != 0)
		return 0;
	read_chains(db_col_text(st, 1), a, ret);
	return 1;
}

int store_chains_get(struct store *s, const char *ca_name, struct arena *arena,
		     struct store_chains *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 chains_get(s, ca_name, NULL, arena, ret, err));
}

static int chains_put(struct store *s, const char *ca_name,
		      const char *directory, const struct store_chains *seen,
		      struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *text = NULL;
	struct store_chains all = { .n = 0 }, old = { .n = 0 };
	char issuer[STORE_CHAINS_MAX][ISSUER_MAX + 1];
	int rc = chains_get(s, ca_name, directory, arena, &old, err);

	if (rc != 1)
		return rc;
	for (size_t i = 0; i < seen->n; i++) {
		struct store_chain c = seen->v[i];

		c.issuer = store_fit(c.issuer, issuer[i], sizeof(issuer[i]));
		add_chain(&all, &c);
	}
	for (size_t i = 0; i < old.n; i++)
		add_chain(&all, &old.v[i]);
	text = write_chains(&all);
	return store_exec(s,
			  "UPDATE cas SET chains = ? WHERE name = ? AND "
			  "directory = ?",
			  ARGS(T(text), T(ca_name), T(directory)), NULL, err);
}

int store_chains_put(struct store *s, const char *ca_name,
		     const char *directory, const struct store_chains *seen,
		     struct err *err)
{
	return STORE_TRY(s, STORE_TX_YES, err,
			 chains_put(s, ca_name, directory, seen, err));
}
