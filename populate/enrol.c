/* SPDX-License-Identifier: MIT */
#include "enrol.h"
#include "ca_profile.h"
#include "policy.h"
#include "proof_kind.h"
#include "strlist.h"

/* A name one could use: the wildcard stands for the names below it, not for
 * the domain itself (RFC 6125 section 6.4.3). */
static int check_domain(const char *name, const struct x509_csr *csr,
			struct arena *a, struct err *err)
{
	const struct x509_ids *ids = x509_csr_ids(csr);
	const char *domain = store_name_domain(a, name);
	char *list = arena_strdup(a, "");

	if (x509_ids_have(ids, domain))
		return 0;
	for (size_t i = 0; i < ids->n && i < 5; i++)
		list = arena_printf(a, "%s%s%s", list, i ? ", " : "",
				    ids->v[i].value);
	return err_set(err, ERR_INPUT,
		       "the CSR does not ask for %s but for: %s%s; enrol it "
		       "under one of these, or make a CSR with %s in its "
		       "subjectAltName",
		       domain, list, ids->n > 5 ? ", ..." : "", domain);
}

static bool differs(const char *given, const char *is)
{
	return given && strcmp(given, is ? is : "") != 0;
}

static const char *ignored_option(const struct enrol_wish *w,
				  const struct store_cert *old,
				  const struct enrol *e)
{
	if (differs(w->ca, e->ca->name))
		return "--ca";
	if (differs(w->ca_profile, old->ca_profile))
		return "--ca-profile";
	if (differs(w->challenge, e->challenge))
		return "--challenge";
	if (differs(w->webroot, old->webroot_path))
		return "--webroot";
	if (differs(w->comment, old->comment))
		return "--comment";
	if (differs(w->owner, old->owner))
		return "--owner";
	if (w->enable && !old->enabled)
		return "--enable";
	return NULL;
}

/* Who signs and how control is proved: from the row when there is one. */
static void choose_proof(const struct store_cert *old,
			 const struct enrol_wish *w, struct enrol *e)
{
	if (old) {
		e->challenge = proof_type_of_row(old->challenge, old->certbot);
		e->webroot = old->webroot_path;
	} else {
		/* A web root alone says which challenge is meant. */
		e->challenge = proof_type_of_row(w->challenge, w->webroot);
		e->webroot = w->webroot;
	}
}

static int check_proof(const struct certrepo_conf *conf,
		       const struct x509_csr *csr, const struct enrol_wish *w,
		       const struct enrol *e, struct err *err)
{
	if (policy_webroot(w->webroot, err) == -1 ||
	    proof_check(conf, x509_csr_ids(csr), e->challenge, e->webroot,
			err) == -1)
		return -1;
	return proof_zone_check(conf, e->challenge, err);
}

/* The names of A that are not in B, NULL: none. */
static const char *without(const struct x509_ids *ids,
			   const struct x509_ids *others, struct arena *a)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	for (size_t i = 0; i < ids->n; i++)
		if (!x509_ids_have(others, ids->v[i].value))
			strlist_add(&l, ids->v[i].value);
	text = strlist_join(&l, ", ");
	return l.n ? arena_strdup(a, text) : NULL;
}

static void compare(const struct x509_csr *csr, const struct store_cert *old,
		    const struct enrol_wish *w, struct arena *a,
		    struct enrol *e)
{
	AUTO(x509_csr_free) struct x509_csr *was = NULL;
	const char *pem = x509_csr_pem(csr);

	if (!old->csr.p ||
	    x509_csr_parse(old->csr.p, old->csr.len, &was, NULL) == -1) {
		/* What cannot be read cannot be the same. */
		e->key_changed = e->names_changed = true;
		e->verdict = ENROL_REPLACE;
		return;
	}
	e->key_changed = !x509_csr_same_key(csr, was);
	e->names_changed =
		!x509_ids_equal(x509_csr_ids(csr), x509_csr_ids(was));
	e->gone = without(x509_csr_ids(was), x509_csr_ids(csr), a);
	e->come = without(x509_csr_ids(csr), x509_csr_ids(was), a);
	if (strcmp(pem, x509_csr_pem(was)) == 0)
		e->verdict = ENROL_SAME;
	else if (!e->key_changed && !e->names_changed && !w->replace)
		e->verdict = ENROL_EQUIVALENT;
	else
		e->verdict = ENROL_REPLACE;
}

/* "; it no longer has: a, b", in the arena. */
static const char *clause(const char *what, const char *names, struct arena *a)
{
	return names ? arena_printf(a, "; %s: %.200s%s", what, names,
				    strlen(names) > 200 ? " ..." : "")
		     : "";
}

static int refuse_replace(const struct enrol *e, struct arena *a,
			  struct err *err)
{
	const char *gone = clause("names that go", e->gone, a);
	const char *come = clause("names that come", e->come, a);

	if (e->key_changed)
		return err_set(err, ERR_INPUT,
			       "it is enrolled with another key%s%s; --replace "
			       "takes the new CSR, and then a host that still "
			       "has the old key will refuse the next "
			       "certificate: give it the new key first",
			       gone, come);
	return err_set(err, ERR_INPUT,
		       "it is enrolled with other names%s%s; --replace takes "
		       "the new CSR, and then the fetcher orders a certificate "
		       "for the new names%s",
		       gone, come,
		       e->gone ? ": a host that serves one that is no longer "
				 "among them will refuse it"
			       : "");
}

static void fill_row(const char *name, const struct x509_csr *csr,
		     const struct enrol_wish *w, struct enrol *e)
{
	const struct x509_key_info *key = x509_csr_key(csr);
	const char *pem = x509_csr_pem(csr);

	e->row = (struct store_cert){
		.name = name,
		.enabled = w->enable,
		.comment = w->comment,
		.owner = w->owner,
		/* The old fetcher knows no other way to say http-01. */
		.certbot = strcmp(e->challenge, PROOF_TYPE_WEBROOT) == 0,
		.csr = { .p = pem, .len = strlen(pem) },
		.md5_modulus = key->md5_modulus,
		.key_sha256 = key->sha256,
		.ts_expire = 1,
		.ts_last_update = 1,
		.webroot_path = w->webroot,
		.ca_name = w->ca,
		.ca_profile = w->ca_profile,
		.challenge = w->challenge || w->webroot ? e->challenge : NULL,
	};
}

int enrol_decide(const struct certrepo_conf *conf, const char *name,
		 const struct x509_csr *csr, const struct store_cert *old,
		 const struct enrol_wish *w, struct arena *a, struct enrol *ret,
		 struct err *err)
{
	struct enrol e = { .verdict = ENROL_ADD };
	const struct certrepo_ca *ca;

	if (policy_ca(conf, old ? old->ca_name : w->ca, &ca, err) == -1)
		return -1;
	e.ca = ca;
	e.ca_profile = old ? old->ca_profile : w->ca_profile;
	if (policy_csr(conf, ca, csr, err) == -1)
		return err_wrap(err, "the CSR is refused");
	if (w->ca_profile && ca_profile_word(w->ca_profile, err) == -1)
		return -1;
	if (check_domain(name, csr, a, err) == -1)
		return -1;
	choose_proof(old, w, &e);
	if (!old && w->webroot && strcmp(e.challenge, PROOF_TYPE_WEBROOT) != 0)
		return err_set(err, ERR_INPUT,
			       "--webroot belongs to %s, and the challenge is "
			       "%s",
			       PROOF_TYPE_WEBROOT, e.challenge);
	if (check_proof(conf, csr, w, &e, err) == -1 ||
	    policy_comment(w->comment, err) == -1 ||
	    policy_owner(w->owner, err) == -1)
		return -1;
	fill_row(name, csr, w, &e);
	if (old) {
		compare(csr, old, w, a, &e);
		e.ignored = ignored_option(w, old, &e);
		if (e.verdict == ENROL_REPLACE && !w->replace)
			return refuse_replace(&e, a, err);
	}
	if ((e.verdict == ENROL_ADD || e.verdict == ENROL_REPLACE) &&
	    policy_csr_new(conf, ca, csr, err) == -1)
		return err_wrap(err, "the CSR is refused");
	*ret = e;
	return 0;
}
