/* SPDX-License-Identifier: MIT */
#include "advise.h"
#include "due.h"
#include "view.h"
#include "words.h"

#define REST_MAX 86400 /* as the fetcher's, see backoff.h */

void view_make(const struct store_cert *row, struct view *ret)
{
	struct view v = { .row = row };
	char sha[ENC_SHA256_HEX];

	if (x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0, &v.csr,
			   &v.csr_fault) == -1)
		v.csr = NULL;
	if (row->crt.p && row->crt.len > 0) {
		enc_sha256_hex(row->crt.p, row->crt.len, sha);
		v.stale = !row->crt_sha256 || strcmp(row->crt_sha256, sha) != 0;
		v.ts_expire = row->ts_expire;
		v.ts_not_before = row->ts_not_before;
		if (x509_chain_parse2(row->crt.p, row->crt.len, row->ca.p,
				      row->ca.p ? row->ca.len : 0, &v.chain,
				      &v.crt_fault) == -1)
			v.chain = NULL;
	}
	if (v.chain) {
		v.ts_expire = x509_chain_not_after(v.chain);
		v.ts_not_before = x509_chain_not_before(v.chain);
	}
	*ret = v;
}

void view_free(struct view *v)
{
	x509_csr_free(&v->csr);
	x509_chain_free(&v->chain);
}

int64_t view_parked(const struct view *v)
{
	const struct store_order *o = &v->order;

	if (!o->url || !o->state || strcmp(o->state, STORE_PARKED) != 0)
		return 0;
	return o->ts_state ? o->ts_state : o->ts_created;
}

bool view_ca_rests(const struct store_ca *ca, int64_t now)
{
	return ca->name && ca->backoff_until > now &&
	       ca->backoff_until <= now + REST_MAX + DUE_CLOCKS;
}

/* As a shell takes it; the caller's. */
static char *word_of(const char *name)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	return mem_printf("%s%s", *name == '-' ? "-- " : "", word);
}

static void profile_note(const struct view *v, struct strlist *ret)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(mem_free_str) char *name = word_of(v->row->name);
	const char *profile = v->row->ca_profile;

	if (profile && *profile && v->offer && v->signer &&
	    !store_offer_profile(v->offer, profile, a))
		strlist_addf(ret,
			     "CA %.100s does not offer the profile %.64s, and "
			     "nothing is ordered by it: choose another, or "
			     "none, with set %s ca_profile=PROFILE",
			     v->signer->name, profile, name);
}

void view_notes(const struct view *v, struct strlist *ret)
{
	AUTO(mem_free_str) char *name = word_of(v->row->name);

	if (v->csr)
		advise_stored(v->csr, v->signer, v->chain, ret);
	profile_note(v, ret);
	if (!v->signer && v->row->ca_name)
		strlist_addf(ret,
			     "CA %.100s is not in the configuration: choose "
			     "another with set %s ca=NAME",
			     v->row->ca_name, name);
}

const char *view_state(const struct store_cert *row)
{
	if (!row->enabled)
		return "disabled";
	return row->held ? "held" : "enabled";
}

int64_t view_days(int64_t t, int64_t now)
{
	int64_t s = t - now;

	return s >= 0 ? s / 86400 : -((-s + 86399) / 86400);
}
