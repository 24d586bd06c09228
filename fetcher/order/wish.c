/* SPDX-License-Identifier: MIT */
#include "wish.h"
#include <string.h>
#include "plain.h"
#include "sbuf.h"
#include "strlist.h"
#include "words.h"

#define LIST_MAX 250 /* of a sentence: the profiles that there are */
/* What the narrow profiles of public CAs allow. */
#define NAMES_FEW 25

const char *wish_profile(const struct store_cert *row,
			 const struct certrepo_ca *ca)
{
	if (row->ca_profile && *row->ca_profile)
		return row->ca_profile;
	return ca->ca_profile && *ca->ca_profile ? ca->ca_profile : NULL;
}

/* Who has to ask for another, where; the caller's. */
static char *advice(const struct wish *w)
{
	const char *ca = w->ca->staging_of ? w->ca->staging_of : w->ca->name;
	const char *const name[] = { w->row->name, NULL };
	AUTO(mem_free_str) char *word = NULL;

	if (!w->row->ca_profile || !*w->row->ca_profile)
		return mem_printf("change ca_profile of the CA %s in the "
				  "configuration",
				  ca);
	word = words_text(name);
	return mem_printf("run certrepo-populate set %s%s ca_profile=...",
			  *w->row->name == '-' ? "-- " : "", word);
}

int wish_offered(const struct wish *w, const struct acme_offer *offer,
		 struct err *err)
{
	AUTO(sbuf_free) struct sbuf list = SBUF_INIT(2 * LIST_MAX);
	AUTO(mem_free_str) char *what = advice(w);
	char said[PLAIN_QUOTED];
	size_t i, n = offer ? offer->n_profiles : 0;

	if (!w->profile)
		return 0;
	for (i = 0; i < n; i++)
		if (strcmp(offer->profiles[i].name, w->profile) == 0)
			return 0;
	for (i = 0; i < n && list.len < LIST_MAX; i++)
		sbuf_addf(&list, "%s%s", i ? ", " : "",
			  plain_quoted(offer->profiles[i].name, said));
	if (i < n)
		sbuf_addf(&list, " and %zu more", n - i);
	return err_set(err, ERR_CONFIG,
		       "the CA offers %s%s, but %s was to be asked for: %s",
		       n ? "the profiles " : "no profiles", sbuf_str(&list),
		       plain_quoted(w->profile, said), what);
}

bool wish_without_replaces(const struct reply *r)
{
	static const char *const others[] = { "rateLimited", "badNonce",
					      "accountDoesNotExist" };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (r->problem && strcmp(r->problem, others[i]) == 0)
			return false;
	return r->failed && r->status >= 400 && r->status < 500 &&
	       r->status != 429;
}

/* What was said may be the answer to a wish at all. */
static bool is_refusal(const struct fail *f)
{
	return f->class == FAIL_UNAUTHORIZED || f->class == FAIL_BAD_CSR ||
	       f->class == FAIL_REJECTED || f->class == FAIL_INTERNAL;
}

static bool is_type(const char *problem, const char *type)
{
	return problem && strcmp(problem, type) == 0;
}

/* Whatever its type: Let's Encrypt says unauthorized, pebble malformed. Of a
 * CSR the CA's words must say it, there is too much else in it. */
static bool refuses_profile(const struct wish *w, enum wish_step step,
			    const char *problem, const struct fail *f)
{
	if (!w->profile)
		return false;
	if (f->of_profile)
		return true;
	return step == WISH_ORDER && f->class != FAIL_BAD_CSR &&
	       !is_type(problem, "rejectedIdentifier") &&
	       !is_type(problem, "unsupportedIdentifier");
}

static bool has_address(const struct x509_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->v[i].type == X509_ID_IP)
			return true;
	return false;
}

static bool says_any(const char *text, const char *a, const char *b)
{
	return strcasestr(text, a) || strcasestr(text, b);
}

/* What of our CSR a profile may forbid, or "": "; the CSR has ...". WORDS:
 * the CA's, where only they make it worth a word. The caller's. */
static char *in_csr(const struct wish *w, const char *words)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL;
	const struct x509_ids *ids = x509_csr_ids(w->csr);

	if (ids->n > NAMES_FEW ||
	    (ids->n > 1 && says_any(words, "identifiers", "names")))
		strlist_addf(&l, "%zu names", ids->n);
	if (has_address(ids))
		strlist_add(&l, "an IP address");
	if (x509_csr_has_cn(w->csr) && says_any(words, "common name", "CN"))
		strlist_add(&l, "a CN");
	if (x509_csr_client_auth(w->csr))
		strlist_add(&l, "clientAuth (TLS client authentication)");
	if (!l.n)
		return mem_strdup("");
	all = strlist_join(&l, ", ");
	return mem_printf("; the CSR has %s, which a profile may not allow",
			  all);
}

/* Behind what our sentence has of its own. */
static const char *words_of(const char *detail)
{
	const char *p = strstr(detail, ": ");

	return p ? p + 2 : detail;
}

/* The try before was the same: it was no single odd answer. */
static bool was_so(const struct store_cert *row)
{
	return row->count_fail_update > 0 && row->fail_class &&
	       strcmp(row->fail_class, fail_name(FAIL_BAD_CSR)) == 0;
}

void wish_explain(const struct wish *w, enum wish_step step,
		  const char *problem, struct fail *f)
{
	const char *words = words_of(f->detail);
	AUTO(mem_free_str) char *csr = NULL, *what = NULL;
	char said[PLAIN_QUOTED];

	if (!is_refusal(f))
		return;
	csr = in_csr(w, words);
	if (refuses_profile(w, step, problem, f)) {
		what = advice(w);
		fail_set(f, FAIL_CONFIG, f->retry_at,
			 "the CA refuses the profile %s: %.250s%s; %s",
			 plain_quoted(w->profile, said), words, csr, what);
	} else if (f->class == FAIL_BAD_CSR && f->of_usage &&
		   x509_csr_client_auth(w->csr)) {
		fail_set(f, f->class, f->retry_at,
			 "a new CSR is needed: this one asks for clientAuth "
			 "(TLS client authentication), which the CA does not "
			 "certify: %s",
			 words);
		f->lasting = was_so(w->row);
		f->later = !f->lasting;
	} else if (w->profile && *csr) {
		fail_set(f, f->class, f->retry_at,
			 "%.300s%s (by the profile %s)", f->detail, csr,
			 plain_quoted(w->profile, said));
	}
}
