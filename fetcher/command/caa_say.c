/* SPDX-License-Identifier: MIT */
#include "caa_impl.h"
#include <string.h>
#include "jout.h"
#include "strlist.h"

#define RECORD_MAX 200000 /* of a message's bytes each may become four */

static const char *said(const char *name, struct arena *a)
{
	char buf[DNS_NAME_SAID];

	return arena_strdup(a, dns_name_said(name, buf));
}

static const char *quoted(const char *text, struct arena *a)
{
	char buf[PLAIN_QUOTED];

	return arena_strdup(a, plain_quoted(text, buf));
}

/* What may stand in a zone file as it is. */
static bool is_plain(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
	       strlen(name);
}

static bool is_open(const struct caa_item *i)
{
	return i->says.verdict == DNS_CAA_OPEN;
}

int caa_allowed(const struct caa_item *i)
{
	if (i->err.kind)
		return -1;
	if (is_open(i) || i->says.verdict == DNS_CAA_ALLOWED)
		return 1;
	/* Is it one of those named there? */
	if (i->ca->err.kind && i->says.verdict != DNS_CAA_CRITICAL)
		return -1;
	return 0;
}

/* --- sentences --- */

static const char *at(const struct caa_item *i, struct arena *a)
{
	const struct dns_climb_found *f = &i->found;

	if (strcmp(f->at, f->end) == 0)
		return said(f->at, a);
	return arena_printf(a, "%s (%s leads there)", said(f->end, a),
			    said(f->at, a));
}

static const char *allowed(const struct caa_item *i, struct arena *a)
{
	const struct dns_caa_issue *is = &i->says.issue;

	return arena_printf(a, "CAA at %s allows %s for %s account, by %s",
			    at(i, a), i->ca->name, is->account ? "this" : "any",
			    is->methods ? i->want.method : "any method");
}

static const char *other_account(const struct caa_item *i, struct arena *a)
{
	const char *account = i->says.issue.account;
	const char *who;

	if (!*account)
		who = "for no account: it names none or several";
	else if (!i->want.account)
		who = arena_printf(a,
				   "for the account %s, and ours is not known "
				   "before the first order",
				   quoted(account, a));
	else
		who = arena_printf(a, "for another account, %s",
				   quoted(account, a));
	return arena_printf(a, "CAA at %s allows %s, but %s", at(i, a),
			    i->ca->name, who);
}

/* Those who are named there. */
static const char *others(const struct caa_item *i, struct arena *a)
{
	AUTO(strlist_free) struct strlist list = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;
	const struct dns_climb_found *f = &i->found;
	bool wild = false;
	struct dns_caa_issue issue;

	for (size_t k = 0; k < f->n && i->want.wildcard; k++)
		wild = wild || strcmp(f->set[k].tag, "issuewild") == 0;
	for (size_t k = 0; k < f->n; k++)
		if (strcmp(f->set[k].tag, wild ? "issuewild" : "issue") == 0 &&
		    dns_caa_issue(&f->set[k], a, &issue) && *issue.domain)
			strlist_add(&list, issue.domain);
	if (list.n == 0)
		return arena_printf(a, "CAA at %s allows no CA", at(i, a));
	text = strlist_join(&list, ", ");
	if (!i->ca->n_domains)
		return arena_printf(a,
				    "CAA at %s allows %s alone, and by which "
				    "domain %s is named there is not known",
				    at(i, a), quoted(text, a), i->ca->name);
	return arena_printf(a, "CAA at %s allows %s, and not %s", at(i, a),
			    quoted(text, a), i->ca->name);
}

const char *caa_sentence(const struct caa_item *i, struct arena *a)
{
	if (i->err.kind)
		return arena_printf(a,
				    "it cannot be looked up, and so no CA may "
				    "issue: %s",
				    i->err.msg);
	switch (i->says.verdict) {
	case DNS_CAA_OPEN:
		if (!i->found.at)
			return "no CAA is published: any CA may issue";
		return arena_printf(a,
				    "CAA at %s restricts nothing: any CA may "
				    "issue",
				    at(i, a));
	case DNS_CAA_ALLOWED:
		return allowed(i, a);
	case DNS_CAA_METHOD:
		return arena_printf(
			a, "CAA at %s allows %s, but not by %s: it says %s",
			at(i, a), i->ca->name, i->want.method,
			quoted(i->says.issue.methods, a));
	case DNS_CAA_ACCOUNT:
		return other_account(i, a);
	case DNS_CAA_OTHERS:
		return others(i, a);
	case DNS_CAA_CRITICAL:
		break;
	}
	return arena_printf(a,
			    "CAA at %s has the critical property %s, which CAs "
			    "do not know, and so none may issue",
			    at(i, a), quoted(i->says.by->tag, a));
}

/* --- records --- */

/* An alias has no other record (RFC 1034 section 3.6.2): what is asked for at
 * the name is found where it leads. */
static const char *owner_of(const struct caa_item *i)
{
	return i->found.alias ? i->found.alias : i->name;
}

const char *caa_record(const struct caa_item *i, struct arena *a,
		       const char **ret_why)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(RECORD_MAX);
	struct dns_caa caa = { .tag = i->want.wildcard ? "issuewild"
						       : "issue" };
	struct err err = ERR_INIT;

	if (i->ca->err.kind) {
		*ret_why = arena_strdup(a, i->ca->err.msg);
		return NULL;
	}
	if (!i->ca->n_domains) {
		*ret_why = arena_printf(
			a,
			"the directory of %s does not say by which domain it "
			"is named in CAA records: ask those who run it, and "
			"set "
			"`caa' of the CA",
			i->ca->name);
		return NULL;
	}
	if (!is_plain(owner_of(i))) {
		*ret_why = "what it leads to is no name of a host";
		return NULL;
	}
	if (dns_caa_value(&i->want, a, &caa.value, &err) == -1) {
		*ret_why = arena_strdup(a, err.msg);
		return NULL;
	}
	caa.len = strlen(caa.value);
	dns_caa_text(&caa, &text);
	return arena_printf(a, "%s. IN CAA %s", owner_of(i), sbuf_str(&text));
}

/* --- for people --- */

static void comment(struct sbuf *out, const char *text)
{
	sbuf_adds(out, "; ");
	sbuf_add_clean(out, text);
	sbuf_addc(out, '\n');
}

static void about_record(const struct caa_item *i, struct arena *a,
			 struct sbuf *out)
{
	if (i->found.alias)
		comment(out,
			arena_printf(a,
				     "an alias has no records of its own: this "
				     "is for where it leads, or put it at %s, "
				     "for all below that",
				     said(dns_name_parent(i->name), a)));
	if (!i->want.account)
		comment(out, arena_printf(a,
					  "its account at %s is not known "
					  "before the first order, and not "
					  "named here",
					  i->ca->name));
}

static void text_of(const struct caa_item *i, struct arena *a, struct sbuf *out)
{
	const char *why = NULL, *record = caa_record(i, a, &why);

	comment(out, arena_printf(a, "%s: %s%s at %s by %s", i->certificate,
				  i->want.wildcard ? "*." : "", i->name,
				  i->ca->name, i->want.method));
	if (record) {
		about_record(i, a, out);
		sbuf_addf(out, "%s\n", record);
	} else {
		comment(out, why);
	}
	comment(out, arena_printf(a, "now: %s%s", caa_sentence(i, a),
				  caa_allowed(i) == 0 && record
					  ? "; publish the record above"
					  : ""));
}

void caa_text(const struct caa_items *items, struct arena *arena,
	      struct sbuf *out)
{
	for (size_t i = 0; i < items->n; i++)
		text_of(&items->v[i], arena, out);
}

/* --- for programs --- */

static void json_of(const struct caa_item *i, struct arena *a, struct sbuf *out)
{
	const char *why = NULL;
	int is = caa_allowed(i);

	sbuf_addc(out, '{');
	jout_str(out, "certificate", i->certificate);
	jout_str(out, "name", i->name);
	jout_bool(out, "wildcard", i->want.wildcard);
	jout_str(out, "ca", i->ca->name);
	jout_str(out, "challenge", i->want.method);
	jout_str(out, "account", i->want.account);
	jout_str(out, "record", caa_record(i, a, &why));
	jout_str(out, "record_fault", why);
	jout_str(out, "published_at", i->found.at);
	jout_str(out, "alias", i->found.alias);
	jout_key(out, "published");
	sbuf_addc(out, '[');
	for (size_t k = 0; k < i->found.n; k++) {
		AUTO(sbuf_free) struct sbuf one = SBUF_INIT(RECORD_MAX);

		dns_caa_text(&i->found.set[k], &one);
		if (k > 0)
			sbuf_addc(out, ',');
		sbuf_add_json(out, sbuf_str(&one));
	}
	sbuf_addc(out, ']');
	if (is == -1)
		jout_str(out, "allowed", NULL);
	else
		jout_bool(out, "allowed", is);
	jout_str(out, "says", caa_sentence(i, a));
	sbuf_addc(out, '}');
}

void caa_json(const struct caa_items *items, struct arena *arena,
	      struct sbuf *out)
{
	sbuf_addc(out, '[');
	for (size_t i = 0; i < items->n; i++) {
		if (i > 0)
			sbuf_addc(out, ',');
		json_of(&items->v[i], arena, out);
	}
	sbuf_adds(out, "]\n");
}
