/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "jout.h"
#include "plain.h"
#include "receipt_state.h"
#include "view_impl.h"
#include "words.h"
#include "x509_top.h"

#define HOSTS_SHOWN 5
#define LOOK	    3600

/* The words of installer/find/hostkey.c: from it to the store, and here. */
static bool distrusts(const struct store_receipt *r)
{
	return r->state && r->detail && receipt_state_bad(r->state) &&
	       strstr(r->detail, "cannot be trusted");
}

/* "web1, web2 and 3 more"; false: none. A host has a receipt for each
 * service. */
static bool hosts(const struct view *v, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;

	for (size_t i = 0; i < v->installs.n; i++) {
		const struct store_receipt *r = &v->installs.v[i];

		if (distrusts(r) && !strlist_has(&l, r->host))
			strlist_add(&l, r->host);
	}
	for (size_t i = 0; i < l.n && i < HOSTS_SHOWN; i++) {
		sbuf_adds(out, i ? ", " : "");
		sbuf_add_clean(out, l.v[i]);
	}
	if (l.n > HOSTS_SHOWN)
		sbuf_addf(out, " and %zu more", l.n - HOSTS_SHOWN);
	return l.n > 0;
}

static bool same(const struct store_chain *c, const struct x509_top *top)
{
	return strcmp(c->sha256, top->sha256) == 0;
}

/* What preferred_chain has to be for it: the name, if that means no other and
 * can be written in a file as it is; else the fingerprint. */
static const char *setting(const struct view *v, const struct store_chain *c,
			   const struct x509_top *top)
{
	bool plain = !strpbrk(c->issuer, "\"\\") &&
		     strcasecmp(c->issuer, top->issuer) != 0;

	for (size_t i = 0; i < v->chains.n; i++)
		if (&v->chains.v[i] != c &&
		    strcasecmp(v->chains.v[i].issuer, c->issuer) == 0)
			plain = false;
	return plain ? c->issuer : c->sha256;
}

/* The last CN of a DN, as people copy it from openssl; or NULL. */
static const char *cn_of(const char *dn, struct arena *a)
{
	const char *cn = NULL;

	for (; (dn = strcasestr(dn, "CN")); dn += 2) {
		const char *value = dn + 2 + strspn(dn + 2, " ");

		if (*value == '=')
			cn = value + 1;
	}
	return cn ? arena_strndup(a, cn, strcspn(cn, ",+/")) : NULL;
}

/* Is it what preferred_chain asks for, and NOW is not? Of C we have no DN. */
static bool asked_for(const struct view *v, const struct store_chain *c,
		      const struct x509_top *now, struct arena *a)
{
	const char *text = v->signer ? v->signer->preferred_chain : NULL;
	struct x509_top top = { .issuer = c->issuer, .dn = { "", "" } };
	const char *cn;

	if (!text || !*text || x509_top_is(now, text))
		return false;
	snprintf(top.sha256, sizeof(top.sha256), "%s", c->sha256);
	cn = cn_of(text, a);
	return x509_top_is(&top, text) || (cn && x509_top_is(&top, cn));
}

/* Does the CA have it no more, by what it gave with a newer certificate? All
 * of one look are noted within moments. */
static bool not_now(const struct view *v, const struct store_chain *c)
{
	return c->ts + LOOK < v->chains.v[0].ts;
}

static void add_other(const struct view *v, const struct store_chain *c,
		      bool asked, const struct x509_top *top, struct sbuf *out)
{
	char quoted[PLAIN_QUOTED], at[CLOCK_TEXT];

	sbuf_addf(out,
		  "  %-13son %.10s the CA also gave one that ends below %s", "",
		  clock_text(c->ts, at), plain_quoted(c->issuer, quoted));
	if (!asked) {
		sbuf_addf(out, ":\n  %-15spreferred_chain = \"", "");
		sbuf_add_clean(out, setting(v, c, top));
		sbuf_adds(out, "\";\n");
		return;
	}
	sbuf_addf(out, ",\n  %-13swhich preferred_chain asks for already", "");
	if (not_now(v, c))
		sbuf_addf(out, ", but not on %.10s any more\n",
			  clock_text(v->chains.v[0].ts, at));
	else
		sbuf_addf(out,
			  ": it comes with the next\n  %-13srenewal; at once "
			  "by:\n",
			  "");
}

static void add_command(const struct view *v, struct sbuf *out)
{
	const char *const argv[] = { v->row->name, NULL };
	AUTO(mem_free_str) char *name = words_text(argv);

	sbuf_addf(out, "  %-15s%s --once --force ", "",
		  v->fetcher ? v->fetcher : "certrepo-fetcher");
	sbuf_add_clean(out, name);
	sbuf_addc(out, '\n');
}

/* How it comes to the hosts. */
static void add_way(const struct view *v, struct sbuf *out)
{
	char quoted[PLAIN_QUOTED];

	sbuf_addf(out,
		  "  %-13swritten to the CA's group in certrepo.conf, it "
		  "comes with the next\n  %-13srenewal; at once by:\n",
		  "", "");
	add_command(v, out);
	if (v->signer && v->signer->preferred_chain)
		sbuf_addf(out, "  %-13s(preferred_chain is %s there now)\n", "",
			  plain_quoted(v->signer->preferred_chain, quoted));
}

/* Others than TOP; the one that is asked for alone while it is to come. */
static void add_others(const struct view *v, const struct x509_top *top,
		       struct arena *a, struct sbuf *out)
{
	size_t others = 0, comes = STORE_CHAINS_MAX;

	for (size_t i = 0; i < v->chains.n; i++) {
		const struct store_chain *c = &v->chains.v[i];

		if (*c->sha256 && !same(c, top) && asked_for(v, c, top, a) &&
		    !not_now(v, c))
			comes = i;
	}
	for (size_t i = 0; i < v->chains.n; i++) {
		const struct store_chain *c = &v->chains.v[i];
		bool asked = asked_for(v, c, top, a);

		if (!*c->sha256 || same(c, top) ||
		    (comes < STORE_CHAINS_MAX && comes != i))
			continue;
		add_other(v, c, asked, top, out);
		others += !asked;
	}
	if (comes < STORE_CHAINS_MAX)
		add_command(v, out);
	else if (others > 0)
		add_way(v, out);
	else
		sbuf_addf(out,
			  "  %-13sno other chain of this CA is known: these "
			  "hosts need the root it\n  %-13sleads to in their "
			  "trust_file, or the name another CA\n",
			  "", "");
}

void view_chain_text(const struct view *v, int64_t now, struct sbuf *out)
{
	AUTO(sbuf_free) struct sbuf who = SBUF_INIT(4096);
	AUTO(arena_free) struct arena *a = arena_new();
	char quoted[PLAIN_QUOTED];
	struct x509_top top;

	/* What has ended is trusted by no chain. */
	if (!v->chain || v->ts_expire <= now || !hosts(v, &who))
		return;
	x509_top_of(v->chain, a, &top);
	sbuf_addf(out, "  %-13snot trusted by %s\n", "chain", sbuf_str(&who));
	sbuf_addf(out, "  %-13sit ends below %s\n", "",
		  plain_quoted(top.issuer, quoted));
	add_others(v, &top, a, out);
}

void view_chain_json(const struct view *v, struct sbuf *out)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct x509_top top;

	if (v->chain) {
		x509_top_of(v->chain, a, &top);
		jout_str(out, "chain_issuer", top.issuer);
		jout_str(out, "chain_sha256", *top.sha256 ? top.sha256 : NULL);
	} else {
		jout_str(out, "chain_issuer", NULL);
		jout_str(out, "chain_sha256", NULL);
	}
	jout_key(out, "ca_chains");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < v->chains.n; i++) {
		sbuf_adds(out, i ? ",{" : "{");
		jout_str(out, "issuer", v->chains.v[i].issuer);
		jout_str(out, "sha256", v->chains.v[i].sha256);
		jout_time(out, "ts", v->chains.v[i].ts);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
}
