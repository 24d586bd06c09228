/* SPDX-License-Identifier: MIT */
/* What people and programs read of a request. */
#include "ask.h"
#include "clock.h"

#define NAMES_SHOWN 40

const char *ask_word(const struct ask *k)
{
	static const char *const words[] = {
		[RULING_NEW] = "new",	  [RULING_GRANT] = "grant",
		[RULING_SAME] = "same",	  [RULING_KEY] = "key",
		[RULING_NAMES] = "names", [RULING_BESIDE] = "beside",
	};

	return words[k->v.kind];
}

static bool judged(const struct ask *k)
{
	return k->v.as;
}

static const char *names_of(const struct x509_ids *ids, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < ids->n && i < NAMES_SHOWN; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "",
				    populate_clean(a, ids->v[i].value));
	return ids->n > NAMES_SHOWN ? arena_printf(a, "%s and %zu more", text,
						   ids->n - NAMES_SHOWN)
				    : text;
}

static const char *others_of(const struct ask *k)
{
	const char *text = "";

	for (size_t i = 0; i < k->users.n; i++)
		text = arena_printf(k->a, "%s%s%s", text, i ? ", " : "",
				    populate_clean(k->a, k->users.others[i]));
	return k->users.more ? arena_printf(k->a, "%s and others", text) : text;
}

/* The fingerprint of the certificate that the row has; NULL: none. */
static const char *fingerprint(const struct ask *k)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;

	if (!k->row || !k->row->crt.p ||
	    x509_chain_parse2(k->row->crt.p, k->row->crt.len, NULL, 0, &chain,
			      NULL) == -1)
		return NULL;
	return arena_strdup(k->a, x509_chain_fingerprint(chain));
}

/* In the place of which key, and of which certificate. */
static const char *old_key(const struct ask *k)
{
	const struct x509_key_info *key =
		k->row_csr ? x509_csr_key(k->row_csr) : NULL;
	const char *print = fingerprint(k);

	return arena_printf(
		k->a, "in the place of the key %s%s%s%s",
		key ? arena_printf(k->a, "%s, SHA-256 %s", key->text,
				   key->sha256)
		    : "of a CSR that cannot be read",
		print ? "; its certificate has the fingerprint " : "",
		print ? print : "",
		k->row->enabled ? "" : "; the row is disabled, and stays so");
}

static const char *would_be(const struct ask *k)
{
	struct arena *a = k->a;
	const char *as = populate_clean(a, k->v.as);

	switch (k->v.kind) {
	case RULING_NEW:
		return arena_printf(a, "a new certificate, %s", as);
	case RULING_GRANT:
		return arena_printf(a,
				    "%s, which has this key and these names: "
				    "this host has it, too%s",
				    as,
				    k->row->enabled ? "" : "; it is disabled");
	case RULING_SAME:
		return arena_printf(a, "%s, which it has already", as);
	case RULING_KEY:
		return arena_printf(a, "another key for %s, %s", as,
				    old_key(k));
	case RULING_NAMES:
		return arena_printf(a, "other names for %s%s%s%s%s", as,
				    k->add.e.come ? "; come: " : "",
				    populate_clean(a, k->add.e.come),
				    k->add.e.gone ? "; go: " : "",
				    populate_clean(a, k->add.e.gone));
	case RULING_BESIDE:
		break;
	}
	return arena_printf(a,
			    "a row of its own, %s, since %s has another %s; "
			    "the host is told that name",
			    as, populate_clean(a, k->row->name),
			    k->row_csr && x509_csr_same_key(k->csr, k->row_csr)
				    ? "set of names"
				    : "key");
}

/* Whoever takes a name over may call his key the next one of a host. */
static void print_stranger(const struct ask *k)
{
	const char *host = populate_clean(k->a, k->r.host);

	populate_line(
		"note",
		k->v.kind == RULING_BESIDE
			? arena_printf(k->a,
				       "it says that it has %s and wants "
				       "another key for it, but %s never had "
				       "it: no grant, no report, no request; "
				       "approve --replace gives it the row",
				       populate_clean(k->a, k->row->name), host)
			: arena_printf(k->a,
				       "%s never had it: no grant, no report, "
				       "no request",
				       host));
}

static void print_shared(const struct ask *k)
{
	populate_line("shared",
		      arena_printf(k->a, "%s %s this row, too", others_of(k),
				   k->users.n == 1 && !k->users.more ? "has"
								     : "have"));
	if (k->v.shared)
		populate_line("",
			      "with another CSR they refuse the next "
			      "certificate: approve it with --beside, as a row "
			      "of its own, or with --replace all the same");
}

static const char *sender(const struct ask *k)
{
	if (k->its)
		return arena_printf(k->a, "by the account %s",
				    populate_clean(k->a, k->r.account));
	if (*k->r.account)
		return arena_printf(k->a,
				    "by the account %s, which is not this "
				    "host's alone: any host may have sent it",
				    populate_clean(k->a, k->r.account));
	return "any host that has the store may have sent it";
}

static void print_csr(const struct ask *k)
{
	const struct x509_key_info *key = x509_csr_key(k->csr);

	populate_line("names", names_of(x509_csr_ids(k->csr), k->a));
	printf("  %-13s%s, SHA-256\n  %-13s%s\n", "key", key->text, "",
	       key->sha256);
}

void ask_print(const struct ask *k)
{
	const char *host = populate_clean(k->a, k->r.host);
	char at[CLOCK_TEXT];

	printf("%lld  %s/%s%s\n", (long long) k->r.id, host,
	       populate_clean(k->a, k->r.name),
	       k->r.new_key ? "  (its next key)" : "");
	populate_line("sent", arena_printf(k->a, "%s, %s",
					   clock_text(k->r.ts, at), sender(k)));
	if (k->csr)
		print_csr(k);
	if (judged(k))
		populate_line("would be", would_be(k));
	if (judged(k) && k->v.stranger)
		print_stranger(k);
	if (judged(k) && k->users.n > 0)
		print_shared(k);
	if (k->fault.kind != ERR_NONE)
		populate_line("refused", populate_clean(k->a, k->fault.msg));
	else if (k->v.by_rule)
		populate_line("rule", arena_printf(k->a, "%s:%u approves it",
						   k->rule->src.file,
						   k->rule->src.line));
	else if (k->p->conf.rules.n > 0)
		populate_line("no rule", k->v.no_rule);
}

const char *ask_waits(const struct ask *k)
{
	return k->fault.kind != ERR_NONE ? k->fault.msg
	       : k->v.no_rule		 ? k->v.no_rule
					 : "a rule approves it";
}

/* --- JSON --- */

static void member(struct sbuf *out, const char *name, const char *value)
{
	sbuf_addf(out, ", \"%s\": ", name);
	if (value)
		sbuf_add_json(out, value);
	else
		sbuf_adds(out, "null");
}

static void flag(struct sbuf *out, const char *name, bool value)
{
	sbuf_addf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void list(struct sbuf *out, const char *name, const char *const *v,
		 size_t n)
{
	sbuf_addf(out, ", \"%s\": [", name);
	for (size_t i = 0; i < n; i++) {
		sbuf_adds(out, i ? ", " : "");
		sbuf_add_json(out, v[i]);
	}
	sbuf_addc(out, ']');
}

static void json_csr(const struct ask *k, struct sbuf *out)
{
	const struct x509_ids *ids = x509_csr_ids(k->csr);
	const char **v = arena_array(k->a, ids->n, sizeof(*v));

	for (size_t i = 0; i < ids->n; i++)
		v[i] = ids->v[i].value;
	list(out, "names", v, ids->n);
	member(out, "key", x509_csr_key(k->csr)->text);
	member(out, "key_sha256", x509_csr_key(k->csr)->sha256);
}

static void json_verdict(const struct ask *k, struct sbuf *out)
{
	bool change = k->v.kind == RULING_KEY || k->v.kind == RULING_NAMES;

	member(out, "verdict", ask_word(k));
	member(out, "as_name", k->v.as);
	flag(out, "by_rule", k->v.by_rule && k->fault.kind == ERR_NONE);
	member(out, "no_rule", k->v.no_rule);
	flag(out, "shared", k->v.shared);
	flag(out, "never_had", k->v.stranger);
	list(out, "other_hosts", k->users.others, k->users.n);
	member(out, "old_key_sha256",
	       change && k->row_csr ? x509_csr_key(k->row_csr)->sha256 : NULL);
	member(out, "old_fingerprint", change ? fingerprint(k) : NULL);
}

void ask_json(const struct ask *k, struct sbuf *out)
{
	sbuf_addf(out, "{\"id\": %lld", (long long) k->r.id);
	member(out, "host", k->r.host);
	member(out, "name", k->r.name);
	member(out, "account", *k->r.account ? k->r.account : NULL);
	flag(out, "account_is_its", k->its);
	flag(out, "new_key", k->r.new_key);
	sbuf_addf(out, ", \"ts\": %lld", (long long) k->r.ts);
	if (k->csr)
		json_csr(k, out);
	if (judged(k))
		json_verdict(k, out);
	member(out, "refused", k->fault.kind != ERR_NONE ? k->fault.msg : NULL);
	sbuf_addc(out, '}');
}
