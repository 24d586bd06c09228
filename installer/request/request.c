/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include "centre.h"
#include "fleet_requests.h"
#include "hostkey.h"
#include "judge.h"
#include "log.h"
#include "nextkey.h"
#include "request.h"
#include "x509_make.h"

/* One certificate, and all that this host has it for. */
struct ask {
	struct host *r;
	const struct request_how *how;
	struct store *store; /* NULL: it is not asked */
	struct requested *all;
	const struct store_host_certs *rows;
	const char *name;
	const struct svc_cert **v;
	const struct svc **svcs; /* of each */
	size_t n;
	bool quiet; /* nobody is there to read */
	bool again; /* it was asked for, and is told of as that */
};

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static const char *state_dir(const struct ask *a)
{
	return a->r->conf->state_dir;
}

/* --- which --- */

static void collect(struct ask *a)
{
	const struct svcs *all = a->r->svcs;
	size_t most = 0;

	for (size_t i = 0; i < all->n; i++)
		most += all->v[i].n_certs;
	a->v = arena_array(a->r->arena, most + 1, sizeof(*a->v));
	a->svcs = arena_array(a->r->arena, most + 1, sizeof(*a->svcs));
	for (size_t i = 0; i < all->n; i++) {
		for (size_t k = 0; k < all->v[i].n_certs; k++) {
			if (!eq(all->v[i].certs[k].conf->name, a->name))
				continue;
			a->svcs[a->n] = &all->v[i];
			a->v[a->n++] = &all->v[i].certs[k];
		}
	}
}

static bool asked_for(const struct host *r, const struct svc *s, size_t i)
{
	return r->only.n == 0 || strlist_has(&r->only, s->name) ||
	       strlist_has(&r->only, s->certs[i].conf->name);
}

static void names_asked_for(const struct host *r, struct strlist *ret)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++)
			if (asked_for(r, s, k))
				strlist_add(ret, s->certs[k].conf->name);
	}
	strlist_sort_unique(ret);
}

/* --- its key --- */

static void said(const struct ask *a, const char *what)
{
	if (a->quiet)
		return;
	if (a->how->print)
		log_info("%s: %s", a->name, what);
	else
		printf("%s: %s\n", a->name, what);
}

static int pinned(const struct ask *a, struct err *err)
{
	for (size_t i = 0; i < a->n; i++)
		if (!a->v[i]->conf->key)
			return err_set(err, ERR_CONFIG,
				       "its private key is not on this host "
				       "(public_key): make the key and its "
				       "request where it is, and enrol that by "
				       "certrepo-populate add");
	return 0;
}

static const char *kind_of(const struct ask *a, const struct x509_key *old)
{
	const char *kind = NULL;

	for (size_t i = 0; i < a->n && !kind; i++)
		kind = a->v[i]->conf->key_type;
	if (!kind && old)
		kind = x509_key_kind(old);
	return kind ? kind : X509_KEY_KIND;
}

/* The one key of them all: 1, 0: none has one, -1. */
static int find_key(const struct ask *a, struct x509_key **ret, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *first = NULL;

	for (size_t i = 0; i < a->n; i++) {
		AUTO(x509_key_free) struct x509_key *key = NULL;
		int rc = hostkey_there(a->v[i], err);

		if (rc == 0)
			continue;
		if (rc == -1 || hostkey_load(a->v[i], &key, err) == -1)
			return -1;
		if (!first) {
			first = TAKE(key);
			continue;
		}
		rc = x509_key_same(first, key, err);
		if (rc == 0)
			return err_set(err, ERR_CONFIG,
				       "%s is another key than that of service "
				       "%s: a certificate has one; put the "
				       "right one into both, or give the "
				       "services certificates of their own "
				       "(NAME+LABEL)",
				       a->v[i]->conf->key, a->svcs[0]->name);
		if (rc == -1)
			return -1;
	}
	*ret = TAKE(first);
	return *ret ? 1 : 0;
}

/* Where there is none. */
static int put_key(const struct ask *a, const struct x509_key *key,
		   const char *how, struct err *err)
{
	for (size_t i = 0; i < a->n; i++) {
		const char *path = a->v[i]->conf->key;
		int rc = hostkey_there(a->v[i], err);

		if (rc == -1)
			return -1;
		if (rc == 1)
			continue;
		if (a->r->dry_run) {
			said(a, arena_printf(a->r->arena, "would have %s: %s",
					     how, path));
			continue;
		}
		if (hostkey_make(a->v[i], key, err) == -1)
			return err_wrap(err, "its key");
		said(a, arena_printf(a->r->arena, "%s: %s", how, path));
		log_event(LOG_L_RECORD, "key-made", "name", a->name, "file",
			  path, NULL);
	}
	return 0;
}

/* The key in use, made and put where it is missing. */
static int first_key(const struct ask *a, struct x509_key **ret,
		     struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	const char *kind = kind_of(a, NULL);
	const char *how = "put its key where it was missing";
	int rc = find_key(a, &key, err);

	/* A next one that waits is nobody's but this certificate's. */
	if (rc == 0) {
		rc = nextkey_load(state_dir(a), a->name, &key, err);
		how = "put the key that was to be the next one";
	}
	if (rc == 0) {
		rc = x509_key_make(kind, &key, err);
		how = arena_printf(a->r->arena, "made a key (%s)", kind);
	}
	if (rc == -1 || put_key(a, key, how, err) == -1)
		return -1;
	*ret = TAKE(key);
	return 0;
}

/* May it be replaced everywhere? */
static int check_next(const struct ask *a, struct err *err)
{
	char was[ENC_SHA256_HEX];
	int rc = 0;

	for (size_t i = 0; i < a->n && rc == 0; i++) {
		const struct svc *s = a->svcs[i];
		struct judge g;

		judge_disk(s, &g);
		rc = judge_next(a->r, a->v[i], g.v[a->v[i] - s->certs].disk,
				was, err);
		judge_free(&g);
	}
	return rc;
}

/* The one that is to follow. */
static int next_key(const struct ask *a, struct x509_key **ret, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *old = NULL;
	AUTO(x509_key_free) struct x509_key *key = NULL;
	const char *kind;
	int rc = find_key(a, &old, err);

	if (rc == 0)
		return err_set(err, ERR_CONFIG,
			       "%s is not there, so it cannot be followed by "
			       "another: --request without --new-key makes it",
			       a->v[0]->conf->key);
	if (rc == -1 || check_next(a, err) == -1)
		return -1;
	rc = nextkey_load(state_dir(a), a->name, &key, err);
	if (rc == -1)
		return -1;
	kind = kind_of(a, old);
	if (rc == 0 && x509_key_make(kind, &key, err) == -1)
		return -1;
	if (rc == 0)
		said(a,
		     arena_printf(a->r->arena,
				  "%s its next key (%s); the one in use "
				  "stays until a certificate of it is here",
				  a->r->dry_run ? "would make" : "made", kind));
	if (rc == 0 && !a->r->dry_run &&
	    nextkey_put(state_dir(a), a->name, key, err) == -1)
		return -1;
	*ret = TAKE(key);
	return 0;
}

/* --- its request --- */

/* What was sent before, of the same key and NAMES: sent again, it is the same
 * request, whoever looks at it just now. */
static const char *sent_before(const struct ask *a, const char *id,
			       const char *const *names, size_t n)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	const struct requested_one *one = requested_find(a->all, a->name, id);
	const struct x509_ids *ids;
	size_t unlike = 0;

	if (!one || !one->csr ||
	    x509_csr_parse(one->csr, strlen(one->csr), &csr, NULL) == -1)
		return NULL;
	ids = x509_csr_ids(csr);
	for (size_t i = 0; i < n; i++)
		unlike += !x509_ids_have(ids, names[i]);
	for (size_t i = 0; i < ids->n; i++) {
		size_t k = 0;

		while (k < n && !eq(names[k], ids->v[i].value))
			k++;
		unlike += k == n;
	}
	return unlike == 0 ? one->csr : NULL;
}

/* All that it is to be for, in RET; how many. */
static size_t all_names(const struct ask *a, const char ***ret)
{
	const char **names;
	size_t n = 1;

	for (size_t i = 0; i < a->n; i++)
		n += a->v[i]->conf->names.n;
	names = arena_array(a->r->arena, n, sizeof(*names));
	names[0] = a->v[0]->domain;
	n = 1;
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < a->v[i]->conf->names.n; k++)
			names[n++] = a->v[i]->conf->names.v[k];
	*ret = names;
	return n;
}

static int make_csr(const struct ask *a, const struct x509_key *key,
		    const char *id, struct sbuf *ret, struct err *err)
{
	const char **names, *before;
	size_t n = all_names(a, &names);

	before = sent_before(a, id, names, n);
	if (!before)
		return x509_csr_make(key, names, n, ret, err);
	sbuf_adds(ret, before);
	return 0;
}

static bool for_all_names(const struct ask *a, const struct x509_chain *chain)
{
	const char **names;
	size_t n = all_names(a, &names);

	for (size_t i = 0; i < n; i++)
		if (!x509_ids_cover(x509_chain_ids(chain), names[i]))
			return false;
	return true;
}

/* Has the store a certificate of KEY already, for all that it is to be. */
static bool has_cert(const struct ask *a, const struct x509_key *key)
{
	for (size_t i = 0; a->rows && i < a->rows->n; i++) {
		AUTO(x509_chain_free) struct x509_chain *chain = NULL;
		const struct store_host_cert *row = &a->rows->v[i];

		if (eq(row->name, a->name) && row->crt.p &&
		    x509_chain_parse2(row->crt.p, row->crt.len, row->ca.p,
				      row->ca.len, &chain, NULL) == 0)
			return x509_key_matches(key, chain) &&
			       for_all_names(a, chain);
	}
	return false;
}

static void tell(const struct ask *a, const struct fleet_request *got)
{
	struct arena *arena = a->r->arena;

	log_event(a->quiet && !a->again ? LOG_L_INFO : LOG_L_RECORD,
		  "requested", "name", a->name, "key", got->key_sha256,
		  "new-key", got->new_key ? "yes" : "no", "state", got->state,
		  NULL);
	if (!eq(got->state, FLEET_APPROVED))
		said(a, "asked for a certificate; who approves it, on the "
			"central host: certrepo-populate pending");
	else if (got->as_name && !eq(got->as_name, a->name))
		said(a, arena_printf(arena,
				     "was approved as %s: put that name into "
				     "installer.conf",
				     got->as_name));
	else
		said(a, "was approved already");
}

static void remember(const struct ask *a, const char *id,
		     const struct fleet_request *got, const struct sbuf *csr)
{
	struct arena *arena = a->r->arena;

	requested_put(a->all, arena,
		      &(struct requested_one){
			      .name = arena_strdup(arena, a->name),
			      .key = arena_strdup(arena, id),
			      .new_key = a->how->new_key,
			      .state = got->state,
			      .reason = got->reason,
			      .as_name = got->as_name,
			      .ts = a->r->now,
			      .csr = arena_strdup(arena, sbuf_str(csr)) });
}

static int send_csr(const struct ask *a, const char *id, const struct sbuf *csr,
		    struct err *err)
{
	struct fleet_request q = { .host = a->r->conf->host,
				   .name = a->name,
				   .csr = { sbuf_str(csr), csr->len },
				   .new_key = a->how->new_key,
				   .ts = a->r->now,
				   .key_sha256 = id };
	struct fleet_request got;

	if (a->r->dry_run) {
		said(a, "would ask for a certificate");
		return 0;
	}
	if (fleet_request_send(a->store, &q, a->r->arena, &got, err) == -1)
		return -1;
	remember(a, id, &got, csr);
	tell(a, &got);
	return 0;
}

static void print_csr(const struct ask *a, const char *id,
		      const struct sbuf *csr)
{
	static const struct fleet_request printed = {
		.state = REQUESTED_PRINTED
	};

	/* Of a key that is not there yet, nobody is to have one. */
	if (a->r->dry_run)
		return;
	fputs(sbuf_str(csr), stdout);
	if (!requested_find(a->all, a->name, id))
		remember(a, id, &printed, csr);
}

/* What a person reads who asks for it by -v, or by name. */
static void left(const struct ask *a)
{
	if (a->r->verbose || strlist_has(&a->r->only, a->name))
		said(a, a->how->new_key
				? "the store has a certificate of its next "
				  "key, which the next run installs"
				: "has a key and a certificate; left as it is");
}

static int ask_one(struct ask *a, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	AUTO(sbuf_free) struct sbuf csr = SBUF_INIT(STORE_BLOB_MAX);
	char id[ENC_SHA256_HEX];

	if (pinned(a, err) == -1 ||
	    (a->how->new_key ? next_key(a, &key, err)
			     : first_key(a, &key, err)) == -1)
		return -1;
	if (has_cert(a, key)) {
		left(a);
		return 0;
	}
	if (x509_key_id(key, id, err) == -1 ||
	    make_csr(a, key, id, &csr, err) == -1)
		return -1;
	if (!a->how->print)
		return send_csr(a, id, &csr, err);
	print_csr(a, id, &csr);
	return 0;
}

/* --- all of them --- */

static int ask_store(struct host *r, const struct strlist *names,
		     struct store **ret, struct store_host_certs *ret_rows,
		     struct err *err)
{
	if (store_open(centre_conf(r), STORE_HOST, ret, err) == -1 ||
	    store_host_certs(*ret, (const char *const *) names->v, names->n,
			     r->arena, ret_rows, err) == -1)
		return err_set(err, err->kind, "%s; nothing was made",
			       err->msg);
	return 0;
}

/* A pinned key that nobody asked for is left alone. */
static bool passes_by(const struct ask *a)
{
	return a->r->only.n == 0 && pinned(a, NULL) == -1;
}

static int save(struct host *r, struct requested *all)
{
	struct err err = ERR_INIT;

	if (requested_save(r->conf->state_dir, all, &err) == 0)
		return 0;
	log_warn("what was asked for is not remembered: %s", err.msg);
	return -1;
}

int request_all(struct host *r, const struct request_how *how, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(store_free) struct store *store = NULL;
	struct store_host_certs rows = { .n = 0 };
	struct requested *all = host_requested(r);

	names_asked_for(r, &names);
	if (!how->print && ask_store(r, &names, &store, &rows, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct ask a = { .r = r,
				 .how = how,
				 .store = store,
				 .all = all,
				 .rows = &rows,
				 .name = names.v[i] };
		struct err one = ERR_INIT;

		collect(&a);
		if (passes_by(&a))
			continue;
		if (ask_one(&a, &one) == 0) {
			r->good++;
			continue;
		}
		log_warn("%s: no request: %s", a.name, one.msg);
		r->bad++;
	}
	if (!r->dry_run && save(r, all) == -1)
		r->bad++;
	return 0;
}

int request_next(struct host *r, struct store *store, const char *name,
		 struct err *err)
{
	static const struct request_how how = { .new_key = true };
	struct ask a = { .r = r,
			 .how = &how,
			 .store = store,
			 .all = host_requested(r),
			 .name = name,
			 .quiet = true };

	collect(&a);
	return ask_one(&a, err);
}

int request_again(struct host *r, struct store *store,
		  const struct requested_one *one, struct err *err)
{
	const struct request_how how = { .new_key = one->new_key };
	AUTO(x509_key_free) struct x509_key *key = NULL;
	AUTO(sbuf_free) struct sbuf csr = SBUF_INIT(STORE_BLOB_MAX);
	struct ask a = { .r = r,
			 .how = &how,
			 .store = store,
			 .all = host_requested(r),
			 .name = one->name,
			 .quiet = true,
			 .again = true };
	char id[ENC_SHA256_HEX];
	int rc;

	collect(&a);
	if (a.n == 0 || pinned(&a, NULL) == -1)
		return 0;
	rc = how.new_key ? nextkey_load(state_dir(&a), a.name, &key, err)
			 : find_key(&a, &key, err);
	if (rc != 1)
		return rc;
	if (x509_key_id(key, id, err) == -1)
		return -1;
	if (strcmp(id, one->key) != 0)
		return 0;
	return make_csr(&a, key, id, &csr, err) == -1 ||
			       send_csr(&a, id, &csr, err) == -1
		       ? -1
		       : 1;
}
