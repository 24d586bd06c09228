/* SPDX-License-Identifier: MIT */
#include "caa_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "acme_parse.h"
#include "disc_pinned.h"
#include "dns_zone.h"
#include "http.h"
#include "log.h"
#include "proof_kind.h"
#include "store_near.h"
#include "strlist.h"
#include "term.h"
#include "x509.h"

#define OUT_MAX	 (64u << 20)
#define HOPS_MAX 3 /* of a directory, as acme.h has it */

enum { KEY_JSON = 256 };

struct caa_opts {
	bool json;
};

/* What is asked of a CA: its directory, and by our key, where there is one, for
 * our account. */
struct question {
	struct look *look;
	struct caa_ca *ca;
	struct acme *acme;
	struct http *http; /* without a key */
	const char *url;
	unsigned hops;
	TAILQ_ENTRY(question) link;
};

struct look {
	const struct command_run *run;
	struct arena *arena;
	struct store *store;
	struct loop *loop;
	struct dns_net *net;
	struct dns_resolver *resolver;
	struct caa_ca *cas; /* as conf->ca; name NULL: not met yet */
	TAILQ_HEAD(, question) questions;
	struct caa_items items;
	size_t cap;
	size_t pending;	     /* answers that are to come */
	struct strlist lost; /* words that are no certificate */
	int failed;	     /* the exit status of those that were not taken */
};

static const struct opts_option options[] = {
	COMMAND_OPTIONS,
	{ KEY_JSON, "json", NULL, "for programs" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = COMMAND_PROGRAM " caa",
	.usage = "[options] NAME...",
	.summary = "Print the CAA records that allow the certificates named, "
		   "and what is published.",
	.options = options,
	.epilogue = "What is printed is a piece of a zone file. The status is "
		    "0 when what is\npublished allows each name, 1 when not, "
		    "69 when that cannot be looked up.",
	.examples = "www.example.org\n",
};

static bool on_option(int key, const char *value, void *arg)
{
	struct caa_opts *o = arg;

	o->json = key == KEY_JSON;
	return o->json;
}

static void check(const struct command_run *run, bool *ret_writes)
{
	*ret_writes = false;
	if (!run->n_words)
		opts_usage(&spec, "give the names of certificates");
	for (size_t i = 0; i < run->n_words; i++)
		if (strlen(run->words[i]) > STORE_NAME_MAX)
			opts_usage(&spec,
				   "\"%.250s\" is not the name of a "
				   "certificate",
				   run->words[i]);
}

/* --- the CAs --- */

static void take_offer(struct caa_ca *ca, const struct acme_offer *offer,
		       struct arena *arena)
{
	const char **v = arena_array(arena, offer->n_caa + 1, sizeof(*v));

	for (size_t i = 0; i < offer->n_caa; i++)
		v[i] = arena_strdup(arena, offer->caa[i]);
	ca->domains = v;
	ca->n_domains = offer->n_caa;
}

static void on_directory(void *arg, const struct http_reply *r);

static void get(struct question *q)
{
	(void) http_send(q->http, HTTP_GET, q->url, NULL, 0, on_directory, q);
}

/* Some directories redirect, as a run follows them. */
static bool redirected(struct question *q, const struct http_reply *r)
{
	AUTO(mem_free_str) char *to = NULL;

	if (r->end != HTTP_OK || r->status < 301 || r->status > 308 ||
	    !r->location || q->hops == HOPS_MAX)
		return false;
	to = http_join(q->url, r->location);
	if (!to || !acme_parse_url_ok(to))
		return false;
	q->hops++;
	q->url = arena_strdup(q->look->arena, to);
	get(q);
	return true;
}

static void on_directory(void *arg, const struct http_reply *r)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct question *q = arg;
	struct acme_directory dir;
	struct err *err = &q->ca->err;

	if (redirected(q, r))
		return;
	q->look->pending--;
	if (r->end != HTTP_OK)
		(void) err_set(err, ERR_UNAVAILABLE, "%s", r->error);
	else if (r->status != 200)
		(void) err_set(err, ERR_UNAVAILABLE,
			       "it answers with status "
			       "%ld",
			       r->status);
	else if (acme_parse_directory(r->body, r->len, arena, &dir, err) == 0)
		take_offer(q->ca, &dir.offer, q->look->arena);
	if (err->kind)
		(void) err_wrap(err, "the directory of %s cannot be read",
				q->ca->name);
}

static struct question *question(struct look *l, struct caa_ca *ca)
{
	struct question *q = arena_alloc(l->arena, sizeof(*q));

	q->look = l;
	q->ca = ca;
	TAILQ_INSERT_TAIL(&l->questions, q, link);
	l->pending++;
	return q;
}

static int ask_directory(struct look *l, const struct certrepo_ca *conf,
			 struct caa_ca *ca, struct err *err)
{
	struct question *q = question(l, ca);

	if (http_new(l->loop, conf->ca_file, ACME_BODY_MAX, &q->http, err) ==
	    -1)
		return err_wrap(err, "CA %s", conf->name);
	q->url = conf->directory;
	get(q);
	return 0;
}

static void on_account(void *arg, const struct fail *f)
{
	struct question *q = arg;

	q->look->pending--;
	if (f && !acme_unknown(q->acme)) {
		(void) err_set(&q->ca->err, ERR_UNAVAILABLE,
			       "%s cannot be asked: %s", q->ca->name,
			       f->detail);
		return;
	}
	if (!f)
		q->ca->account =
			arena_strdup(q->look->arena, acme_account(q->acme));
	take_offer(q->ca, acme_offer(q->acme), q->look->arena);
}

/* By the key alone: what the store has may be anybody's, and another account
 * in the DNS would shut ours out, and let that one in. */
static void ask_account(struct look *l, const struct certrepo_ca *conf,
			struct caa_ca *ca)
{
	struct question *q = question(l, ca);

	if (acme_new(l->loop, conf, NULL, NULL, &q->acme, &ca->err) == -1) {
		(void) err_wrap(&ca->err, "CA %s", conf->name);
		l->pending--;
		return;
	}
	acme_look_only(q->acme);
	acme_start(q->acme, 1, on_account, q);
}

/* Where the directory is silent, the configuration may know. */
static void take_setting(const struct certrepo_ca *conf, struct caa_ca *ca,
			 struct arena *arena)
{
	char canon[DNS_NAME_TEXT];
	const char **v;

	if (!ca->name || ca->err.kind || ca->n_domains)
		return;
	v = arena_array(arena, conf->caa.n + 1, sizeof(*v));
	for (size_t i = 0; i < conf->caa.n; i++)
		if (dns_name_canon(conf->caa.v[i], canon, &ca->err) == 0)
			v[ca->n_domains++] = arena_strdup(arena, canon);
	ca->domains = v;
}

/* What it says itself of its domains and our account. */
static int meet_ca(struct look *l, const struct certrepo_ca *conf,
		   struct caa_ca *ca, struct err *err)
{
	struct certrepo_ca *own = arena_dup(
		l->arena, conf, sizeof(*conf)); /* with its directory */
	AUTO(mem_free_str) char *key = NULL;

	ca->name = conf->name;
	if (disc_pinned_directory(l->store, conf, l->arena, &own->directory,
				  err) == -1)
		return -1;
	if (!own->directory) {
		(void) err_set(&ca->err, ERR_UNAVAILABLE,
			       "the directory of %s was not discovered yet: "
			       "run " COMMAND_PROGRAM " first",
			       ca->name);
		return 0;
	}
	/* Without a key there is no account: nobody makes one here. */
	if (acme_key_look(conf, &key) == 0)
		return ask_directory(l, own, ca, err);
	ask_account(l, own, ca);
	return 0;
}

/* The CAs a row may use. */
static int cas_of(struct look *l, const struct store_cert *row,
		  struct caa_ca *ret[1], size_t *ret_n, struct err *err)
{
	const struct certrepo_conf *conf = l->run->conf;
	const struct certrepo_ca *ca = certrepo_conf_ca(conf, row->ca_name);

	for (size_t i = 0; i < conf->ca.n; i++) {
		if (conf->ca.v[i] != ca)
			continue;
		if (!l->cas[i].name && meet_ca(l, ca, &l->cas[i], err) == -1)
			return -1;
		ret[0] = &l->cas[i];
		*ret_n = 1;
		return 0;
	}
	return err_set(err, ERR_CONFIG,
		       "%s: its CA, %.64s, is not in the list `ca' of %s",
		       row->name, row->ca_name, l->run->config);
}

/* --- the names --- */

static void add_item(struct look *l, const struct store_cert *row,
		     struct caa_ca *ca, const char *name)
{
	const struct proof_type *type = proof_type_find(
		proof_type_of_row(row->challenge, row->certbot));
	bool wildcard = strncmp(name, "*.", 2) == 0;
	char canon[DNS_NAME_TEXT];
	struct caa_item *i;

	if (l->items.n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->items.v = mem_grow(l->items.v, l->cap, sizeof(*l->items.v));
	}
	i = &l->items.v[l->items.n++];
	memset(i, 0, sizeof(*i));
	if (wildcard)
		name += 2;
	i->certificate = row->name;
	i->ca = ca;
	i->want.wildcard = wildcard;
	i->want.method = proof_type_for(type, wildcard, false)->name;
	if (dns_name_canon(name, canon, &i->err) == 0)
		name = canon;
	i->name = arena_strdup(l->arena, name);
}

static void ids_of(const struct store_cert *row, const struct x509_ids *ids,
		   struct look *l, struct caa_ca *const *cas, size_t n_cas)
{
	for (size_t i = 0; i < ids->n; i++)
		/* CAs look at no CAA for an address (RFC 8738). */
		for (size_t k = 0; k < n_cas && ids->v[i].type == X509_ID_DNS;
		     k++)
			add_item(l, row, cas[k], ids->v[i].value);
}

static int take_row(struct look *l, const char *name, struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct store_cert *row = NULL;
	struct caa_ca *cas[1] = { NULL };
	size_t n_cas;
	int found = store_get(l->store, name, l->arena, &row, err);

	if (found == -1)
		return -1;
	if (found == 0) {
		strlist_add(&l->lost, name);
		return 0;
	}
	if (!proof_type_find(proof_type_of_row(row->challenge, row->certbot)))
		return err_set(err, ERR_INPUT,
			       "%s: its challenge is none that there is", name);
	if (x509_csr_parse(row->csr.p, row->csr.len, &csr, err) == -1)
		return err_wrap(err, "the CSR of %s", name);
	if (cas_of(l, row, cas, &n_cas, err) == -1)
		return -1;
	ids_of(row, x509_csr_ids(csr), l, cas, n_cas);
	return 0;
}

static void not_taken(struct look *l, const struct err *err)
{
	log_error(err);
	l->failed = err_exit_status(err->kind);
}

/* A word that may be a name in a certificate that is shown. */
static void seek(struct look *l, const char *word)
{
	const char *name = strncmp(word, "*.", 2) == 0 ? word + 2 : word;
	AUTO(mem_free_str) char *near = NULL;
	struct err err = ERR_INIT;

	for (size_t k = 0; k < l->items.n; k++)
		if (strcasecmp(l->items.v[k].name, name) == 0) {
			log_warn("%s: it is a name of the certificate %s, and "
				 "shown with that",
				 word, l->items.v[k].certificate);
			return;
		}
	near = store_near_text(l->store, word);
	(void) err_set(&err, ERR_INPUT, "%s: it is not enrolled in %s%s%s",
		       word, store_name(l->store), near,
		       *near ? ""
			     : "; is it a name in a certificate, give that");
	not_taken(l, &err);
}

/* What is wrong with one row concerns it alone. */
static int take_rows(struct look *l, struct err *err)
{
	for (size_t i = 0; i < l->run->n_words; i++) {
		struct err own = ERR_INIT;

		if (take_row(l, l->run->words[i], &own) == 0)
			continue;
		if (own.kind != ERR_INPUT && own.kind != ERR_CONFIG) {
			*err = own;
			return -1;
		}
		not_taken(l, &own);
	}
	for (size_t i = 0; i < l->lost.n; i++)
		seek(l, l->lost.v[i]);
	return 0;
}

/* --- what is published --- */

static void on_found(void *arg, const struct dns_climb_found *found,
		     const struct err *err)
{
	struct caa_item *i = arg;

	i->climb = NULL;
	(*i->pending)--;
	if (found)
		i->found = *found;
	else
		i->err = *err;
}

/* Names of one domain share what is above them (dns_lookup.h). */
static int look_up(struct look *l, struct err *err)
{
	int rc = 0;

	for (size_t k = 0; k < l->items.n; k++) {
		struct caa_item *i = &l->items.v[k];

		i->pending = &l->pending;
		if (i->err.kind)
			continue;
		l->pending++;
		i->climb =
			dns_climb(l->resolver, i->name, l->arena, on_found, i);
	}
	while (l->pending > 0 && rc == 0) {
		term_progress("looking for CAA records, %zu name%s to go",
			      l->pending, l->pending == 1 ? "" : "s");
		rc = loop_run(l->loop, 1000, err);
	}
	term_wipe();
	if (rc == -1)
		return -1;
	for (size_t k = 0; k < l->run->conf->ca.n; k++)
		take_setting(l->run->conf->ca.v[k], &l->cas[k], l->arena);
	for (size_t k = 0; k < l->items.n; k++) {
		struct caa_item *i = &l->items.v[k];

		i->want.domains = i->ca->domains;
		i->want.n_domains = i->ca->n_domains;
		i->want.account = i->ca->account;
		i->says = dns_caa_judge(i->found.set, i->found.n, &i->want,
					l->arena);
	}
	return 0;
}

static int status_of(const struct caa_items *items)
{
	bool unknown = false;

	for (size_t k = 0; k < items->n; k++) {
		const struct caa_item *i = &items->v[k];

		if (caa_allowed(i) == 0)
			return 1;
		unknown = unknown || caa_allowed(i) == -1 || i->ca->err.kind;
	}
	return unknown ? err_exit_status(ERR_UNAVAILABLE) : 0;
}

static int print(const struct look *l, struct err *err)
{
	const struct caa_opts *o = l->run->own;
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(OUT_MAX);

	if (o->json)
		caa_json(&l->items, l->arena, &out);
	else
		caa_text(&l->items, l->arena, &out);
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "too much to print at once");
	fputs(sbuf_str(&out), stdout);
	return 0;
}

static int look(struct look *l, int *ret_status, struct err *err)
{
	const struct command_run *run = l->run;
	const struct proof_dns *dns = run->conf->proof.dns;
	struct dns_addr servers[DNS_RESOLVERS_MAX];
	size_t n;

	if (store_open(run->conf->store, STORE_READ, &l->store, err) == -1 ||
	    loop_new(&l->loop, err) == -1)
		return -1;
	l->net = dns_net_new(l->loop, dns->timeout * 1000);
	if (dns_zone_resolvers(dns, servers, &n, err) == -1)
		return err_wrap(err, "dns.resolvers");
	l->resolver = dns_resolver_new(l->net, servers, n,
				       dns->resolvers.n ? "dns.resolvers"
							: "/etc/resolv.conf");
	if (take_rows(l, err) == -1 || look_up(l, err) == -1 ||
	    print(l, err) == -1)
		return -1;
	*ret_status = l->failed ? l->failed : status_of(&l->items);
	return 0;
}

static void look_done(struct look *l)
{
	struct question *q;

	for (size_t i = 0; i < l->items.n; i++)
		dns_climb_cancel(&l->items.v[i].climb);
	free(l->items.v);
	strlist_free(&l->lost);
	dns_resolver_free(&l->resolver);
	dns_net_free(&l->net);
	TAILQ_FOREACH (q, &l->questions, link) {
		acme_free(&q->acme);
		http_free(&q->http);
	}
	loop_free(&l->loop);
	store_free(&l->store);
}

static int run_caa(const struct command_run *run, int *ret_status,
		   struct err *err)
{
	AUTO(look_done)
	struct look l = {
		.run = run,
		.arena = run->arena,
		.cas = arena_array(run->arena, run->conf->ca.n, sizeof(*l.cas)),
		.lost = STRLIST_INIT,
	};

	TAILQ_INIT(&l.questions);
	return look(&l, ret_status, err);
}

const struct command caa_command = {
	.word = "caa",
	.spec = &spec,
	.on_option = on_option,
	.own_size = sizeof(struct caa_opts),
	.check = check,
	.run = run_caa,
};
