/* SPDX-License-Identifier: MIT */
#include "discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "acme_parse.h"
#include "disc_pick.h"
#include "dns_zone.h"
#include "file.h"
#include "http.h"
#include "jitter.h"
#include "plain.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define KRB5_CONF   "/etc/krb5.conf"
#define HOST_MAX    256
#define USELESS_MAX 300 /* of what a message has of it */

/* What the solvers there are can do; draft: the `v' of an instance. */
static const char *const challenges[] = { "dns-01", "http-01", NULL };

/* What an instance answered. */
struct answers {
	struct disc_offer srv[DISC_SRV_MAX];
	struct disc_txt txt[DISC_TXT_MAX];
	size_t n_srv, n_txt;
};

struct discover {
	struct loop *loop;
	struct discover_opts opts;
	struct disc_rule rule;
	struct dns_valid *dns;
	struct http *http;
	discover_fn *fn;
	void *arg;
	struct loop_timer *timer; /* the first step, the time limit, the end */
	struct dns_valid_ask *ask;
	struct http_req *req;

	size_t parent;	     /* index */
	struct arena *arena; /* of this parent */
	const char *instances[DISC_INSTANCES_MAX];
	size_t n_instances, instance;
	struct answers got;
	enum dns_valid_state parent_state, state; /* the weakest so far */
	struct disc_offer offers[DISC_OFFERS_MAX];
	size_t n_offers, offer, tries;
	char *moved; /* where this offer's directory is said to be, or NULL */
	int hops;
	struct sbuf useless; /* the last that is of no use, and why */
	bool unsure;	     /* some server or instance could not be asked */
	bool unanswered;     /* ... for the DNS did not answer */
	struct sbuf text;

	bool is_found; /* as it ended */
	struct discover_found found;
	struct err err;
};

/* --- what happens, written down --- */

static void said(struct discover *d, const char *step, const char *what,
		 const char *result)
{
	AUTO(mem_free_str)
	char *line = mem_printf("%s\n%s\n%s", step, what, result);
	size_t n = strlen(line);
	int tabs = 0;

	for (char *p = line; *p; p++)
		if (*p == '\n' && tabs < 2 && ++tabs)
			*p = '\t';
		else if (*p < ' ' || *p > '~')
			*p = '?';
	if (d->text.len + n + 1 < DISCOVER_TEXT_MAX) {
		sbuf_add(&d->text, line, n);
		sbuf_addc(&d->text, '\n');
	}
	if (d->opts.line)
		d->opts.line(line);
}

/* STEP is "drop" or "try". */
static void no_use(struct discover *d, const char *step, const char *what,
		   const char *why)
{
	said(d, step, what, why);
	sbuf_clear(&d->useless);
	sbuf_addf(&d->useless, "%.120s: %.160s", what, why);
}

static void said_state(struct discover *d, const char *step, const char *what,
		       const struct dns_valid_answer *a, size_t n)
{
	char rcode[16];
	AUTO(mem_free_str)
	char *result =
		mem_printf("%s, %zu, %s", dns_rcode_text(a->m->rcode, rcode), n,
			   dns_valid_state_text(a->state));

	said(d, step, what, result);
}

const char *discover_text(const struct discover *d)
{
	return sbuf_str(&d->text);
}

bool discover_unanswered(const struct discover *d)
{
	return d->unanswered;
}

/* --- its end --- */

static void stop(struct discover *d)
{
	dns_valid_cancel(&d->ask);
	http_cancel(&d->req);
	loop_cancel(&d->timer);
}

static void deliver(void *arg)
{
	struct discover *d = arg;

	d->timer = NULL;
	/* It may be freed there. */
	if (d->is_found)
		d->fn(d->arg, &d->found, NULL);
	else
		d->fn(d->arg, NULL, &d->err);
}

static void end(struct discover *d)
{
	stop(d);
	d->timer = loop_after(d->loop, 0, deliver, d);
}

static void end_failed(struct discover *d, enum err_kind kind, const char *why)
{
	(void) err_set(&d->err, kind, "%s", why);
	end(d);
}

static void on_late(void *arg)
{
	struct discover *d = arg;

	d->timer = NULL;
	d->unanswered = d->unanswered || d->ask;
	said(d, "end", "-", "not done in time");
	end_failed(d, ERR_UNAVAILABLE,
		   "looking for the CA's directory took too long");
}

/* What ends all of it; true: it has. */
static bool is_bogus(struct discover *d, const char *step, const char *name,
		     const struct dns_valid_answer *a)
{
	char at[DNS_NAME_SAID], why[PLAIN_QUOTED];

	if (!a || a->state != DNS_VALID_BOGUS)
		return false;
	said(d, step, name, "bogus");
	said(d, "end", name, a->why);
	(void) err_set(&d->err, ERR_CONFLICT,
		       "the answer for %.300s is not signed as it must be "
		       "(DNSSEC: bogus): %.300s; if the resolvers take out "
		       "signatures, or the zone is one of your own, see "
		       "dns.trust_anchor and dns.insecure",
		       dns_name_said(name, at), plain_quoted(a->why, why));
	end(d);
	return true;
}

static enum dns_valid_state weaker(enum dns_valid_state a,
				   enum dns_valid_state b)
{
	return a < b ? a : b;
}

/* --- the servers --- */

static void try_next(struct discover *d);
static void next_parent(struct discover *d);

static void used(struct discover *d, const struct disc_offer *o)
{
	d->found = (struct discover_found){
		.url = o->url,
		.parent = d->rule.parent,
		.instance = o->instance,
		.priority = o->priority,
		.weight = o->weight,
		.state = (enum dns_valid_state) o->state,
	};
	said(d, "use", o->url,
	     arena_printf(d->arena, "priority %u, weight %u, %s", o->priority,
			  o->weight, dns_valid_state_text(d->found.state)));
	d->is_found = true;
	end(d);
}

/* NULL: it is a directory; else why not. */
static const char *judge(const struct http_reply *r, struct arena *arena)
{
	struct acme_directory dir;
	struct err err = ERR_INIT;

	if (r->end != HTTP_OK)
		return r->error;
	if (r->status >= 301 && r->status <= 308 && r->location)
		return "redirects too often, or to what is no https URL";
	if (r->status != 200)
		return arena_printf(arena, "status %ld", r->status);
	if (acme_parse_directory(r->body, r->len, arena, &dir, &err) == -1)
		return arena_strdup(arena, err.msg);
	return NULL;
}

static void probe(struct discover *d);

/* As a run follows its directory: true, its new place is asked. What is used
 * stays the URL that is advertised. */
static bool has_moved(struct discover *d, const struct http_reply *r)
{
	const char *at = d->moved ? d->moved : d->offers[d->offer].url;
	char *where;

	if (r->end != HTTP_OK || r->status < 301 || r->status > 308 ||
	    !r->location || d->hops >= DISCOVER_HOPS_MAX)
		return false;
	where = http_join(at, r->location);
	if (!where || !acme_parse_url_ok(where)) {
		free(where);
		return false;
	}
	said(d, "redirect", at, where);
	free(d->moved);
	d->moved = where;
	d->hops++;
	probe(d);
	return true;
}

static void on_probed(void *arg, const struct http_reply *r)
{
	struct discover *d = arg;
	const struct disc_offer *o = &d->offers[d->offer];
	const char *why;

	d->req = NULL;
	if (has_moved(d, r))
		return;
	why = judge(r, d->arena);
	if (!why) {
		used(d, o);
		return;
	}
	no_use(d, "try", o->url, why);
	d->unsure |= r->end != HTTP_OK || r->status >= 500;
	d->offer++;
	try_next(d);
}

static void probe(struct discover *d)
{
	d->req = http_send(d->http, HTTP_GET,
			   d->moved ? d->moved : d->offers[d->offer].url, NULL,
			   0, on_probed, d);
}

static bool tried_before(const struct discover *d)
{
	for (size_t i = 0; i < d->offer; i++)
		if (strcmp(d->offers[i].url, d->offers[d->offer].url) == 0)
			return true;
	return false;
}

static void try_next(struct discover *d)
{
	while (d->offer < d->n_offers && tried_before(d))
		d->offer++;
	if (d->offer == d->n_offers) {
		d->parent++;
		next_parent(d);
		return;
	}
	if (d->tries++ == DISCOVER_TRIES_MAX) {
		said(d, "end", "-", "too many servers");
		end_failed(d, ERR_UNAVAILABLE,
			   "too many servers of the CA are of no use");
		return;
	}
	mem_free_str(&d->moved);
	d->hops = 0;
	probe(d);
}

/* Each as likely: what is above the last whole round of MAX + 1 is drawn
 * anew. */
static uint32_t drawn(void *arg, uint32_t max)
{
	uint32_t n = max + 1, r, top = n ? UINT32_MAX - UINT32_MAX % n : 0;

	do
		if (getrandom(&r, sizeof(r), 0) != sizeof(r))
			r = jitter_number("discover");
	while (top && r >= top);
	return n ? r % n : r;
}

/* --- an instance --- */

static void next_instance(struct discover *d);

/* Every pair of what was answered. */
static void take_offers(struct discover *d, const char *name)
{
	for (size_t i = 0; i < d->got.n_srv * d->got.n_txt; i++) {
		struct disc_offer o = d->got.srv[i / d->got.n_txt];
		const char *why =
			d->n_offers == DISC_OFFERS_MAX
				? "too many"
				: disc_pick_offer(&d->rule,
						  &d->got.txt[i % d->got.n_txt],
						  d->arena, &o);
		AUTO(mem_free_str)
		char *what = mem_printf("%s (%s:%u)", name, o.target, o.port);

		o.state = (int) d->state;
		if (why)
			no_use(d, "drop", what, why);
		else
			d->offers[d->n_offers++] = o;
	}
}

/* It cannot be asked: the others can. */
static void pass_over(struct discover *d, const char *name,
		      const struct err *err)
{
	no_use(d, "drop", name, err->msg);
	d->unsure = d->unanswered = true;
	d->instance++;
	next_instance(d);
}

/* The record after FROM of TYPE in the answer; NULL: no more. */
static const struct dns_rr *next_rr(const struct dns_msg *m, unsigned type,
				    size_t *from)
{
	while (*from < m->n) {
		const struct dns_rr *rr = &m->rr[(*from)++];

		if (rr->section == DNS_ANSWER && rr->type == type)
			return rr;
	}
	return NULL;
}

static void on_txt(void *arg, const struct dns_valid_answer *a,
		   const struct err *err)
{
	struct discover *d = arg;
	const char *name = d->instances[d->instance];
	const struct dns_rr *rr;
	size_t i = 0;

	d->ask = NULL;
	if (is_bogus(d, "txt", name, a))
		return;
	if (!a) {
		pass_over(d, name, err);
		return;
	}
	while (d->got.n_txt < DISC_TXT_MAX && (rr = next_rr(a->m, DNS_TXT, &i)))
		disc_txt_parse(rr->strings, rr->strings_len, d->arena,
			       &d->got.txt[d->got.n_txt++]);
	said_state(d, "txt", name, a, d->got.n_txt);
	d->state = weaker(d->state, a->state);
	if (d->got.n_txt == 0)
		no_use(d, "drop", name, "no TXT record");
	take_offers(d, name);
	d->instance++;
	next_instance(d);
}

static void on_srv(void *arg, const struct dns_valid_answer *a,
		   const struct err *err)
{
	struct discover *d = arg;
	const char *name = d->instances[d->instance];
	const struct dns_rr *rr;
	size_t i = 0;

	d->ask = NULL;
	if (is_bogus(d, "srv", name, a))
		return;
	if (!a) {
		pass_over(d, name, err);
		return;
	}
	while (d->got.n_srv < DISC_SRV_MAX && (rr = next_rr(a->m, DNS_SRV, &i)))
		d->got.srv[d->got.n_srv++] = (struct disc_offer){
			.instance = name,
			.target = arena_strdup(d->arena, rr->name),
			.priority = dns_get16(rr->data),
			.weight = dns_get16(rr->data + 2),
			.port = dns_get16(rr->data + 4),
		};
	said_state(d, "srv", name, a, d->got.n_srv);
	d->state = weaker(d->state, a->state);
	if (d->got.n_srv == 0) {
		no_use(d, "drop", name, "no SRV record");
		d->instance++;
		next_instance(d);
		return;
	}
	d->ask = dns_valid_ask(d->dns, name, DNS_TXT, on_txt, d);
}

static void next_instance(struct discover *d)
{
	if (d->instance == d->n_instances) {
		disc_pick_order(d->offers, d->n_offers, drawn, NULL);
		try_next(d);
		return;
	}
	memset(&d->got, 0, sizeof(d->got));
	d->state = d->parent_state;
	d->ask = dns_valid_ask(d->dns, d->instances[d->instance], DNS_SRV,
			       on_srv, d);
}

/* --- a parent --- */

static void take_instances(struct discover *d, const struct dns_msg *m)
{
	const struct dns_rr *rr;
	const char *why;
	size_t i = 0;

	while ((rr = next_rr(m, DNS_PTR, &i))) {
		why = d->n_instances == DISC_INSTANCES_MAX
			      ? "too many"
			      : disc_pick_instance(&d->rule, rr->name);
		if (why)
			no_use(d, "drop", rr->name, why);
		else
			d->instances[d->n_instances++] =
				arena_strdup(d->arena, rr->name);
	}
}

static void on_ptr(void *arg, const struct dns_valid_answer *a,
		   const struct err *err)
{
	struct discover *d = arg;
	const char *name =
		arena_printf(d->arena, DISC_SERVICE ".%s", d->rule.parent);
	size_t i = 0, n = 0;

	d->ask = NULL;
	if (is_bogus(d, "ptr", name, a))
		return;
	if (!a) {
		said(d, "ptr", name, err->msg);
		d->unanswered = true;
		d->err = *err;
		end(d);
		return;
	}
	while (next_rr(a->m, DNS_PTR, &i))
		n++;
	said_state(d, "ptr", name, a, n);
	d->parent_state = a->state;
	take_instances(d, a->m);
	next_instance(d);
}

/* Where was it looked for, or why nowhere? */
static void add_parents(const struct disc_parents *p, bool skipped,
			struct sbuf *s)
{
	char name[DNS_NAME_SAID];

	for (size_t i = 0; i < p->n; i++) {
		const struct disc_parent *one = &p->v[i];

		if (!one->skip == skipped)
			continue;
		sbuf_addf(s, "%s%s", s->len ? ", " : "",
			  dns_name_said(one->name, name));
		if (skipped)
			sbuf_addf(s, " is %s", one->skip);
	}
}

static void end_without(struct discover *d)
{
	const struct disc_parents *p = d->opts.parents;
	AUTO(sbuf_free) struct sbuf list = SBUF_INIT(600);
	AUTO(mem_free_str) char *why = NULL;

	add_parents(p, false, &list);
	if (d->useless.len) {
		why = mem_printf("no directory of a CA that is advertised "
				 "below %s is of use, at last %s",
				 sbuf_str(&list), sbuf_str(&d->useless));
	} else if (list.len) {
		why = mem_printf("no CA is advertised below %s",
				 sbuf_str(&list));
	} else if (p->n) {
		add_parents(p, true, &list);
		why = mem_printf("%s: nothing is looked for there",
				 sbuf_str(&list));
	} else {
		why = mem_printf("this host belongs to no domain below which "
				 "a CA could be looked for: name one");
	}
	said(d, "end", "-", "none found");
	end_failed(d, d->unsure ? ERR_UNAVAILABLE : ERR_INPUT, why);
}

static void next_parent(struct discover *d)
{
	const struct disc_parents *p = d->opts.parents;
	char name[DNS_NAME_TEXT + sizeof(DISC_SERVICE) + 1];

	for (; d->parent < p->n; d->parent++) {
		const struct disc_parent *one = &p->v[d->parent];

		said(d, "discover", one->name,
		     one->skip ? one->skip : "looked at");
		if (!one->skip)
			break;
	}
	if (d->parent == p->n) {
		end_without(d);
		return;
	}
	arena_clear(d->arena);
	d->rule.parent = p->v[d->parent].name;
	d->n_instances = d->instance = 0;
	d->n_offers = d->offer = 0;
	snprintf(name, sizeof(name), DISC_SERVICE ".%s", d->rule.parent);
	d->ask = dns_valid_ask(d->dns, name, DNS_PTR, on_ptr, d);
}

static void begin(void *arg)
{
	struct discover *d = arg;

	d->timer = loop_after(d->loop, DISCOVER_MS, on_late, d);
	next_parent(d);
}

/* --- birth and end --- */

static int open_dns(struct discover *d, struct err *err)
{
	const struct proof_dns *dns = d->opts.conf->proof.dns;
	struct dns_addr servers[DNS_RESOLVERS_MAX];
	struct dns_valid_opts o = { .servers = servers,
				    .anchor = dns->trust_anchor,
				    .insecure = dns->insecure.v,
				    .timeout_ms = dns->timeout * 1000 };

	if (dns_zone_resolvers(dns, servers, &o.n_servers, err) == -1)
		return -1;
	return dns_valid_new(d->loop, &o, &d->dns, err);
}

int discover_start(struct loop *loop, const struct discover_opts *opts,
		   discover_fn *fn, void *arg, struct discover **ret,
		   struct err *err)
{
	AUTO(discover_free) struct discover *d = mem_alloc(sizeof(*d));
	const struct certrepo_ca *ca = opts->ca;

	sbuf_init(&d->text, DISCOVER_TEXT_MAX);
	sbuf_init(&d->useless, USELESS_MAX);
	d->loop = loop;
	d->opts = *opts;
	d->fn = fn;
	d->arg = arg;
	d->arena = arena_new();
	d->rule.challenges = challenges;
	d->rule.allow = ca ? ca->discover_allow.v : NULL;
	if (ca && ca->ca_file && access(ca->ca_file, R_OK) == -1)
		return err_errno(err, ERR_CONFIG, "cannot read ca_file %s",
				 ca->ca_file);
	if (open_dns(d, err) == -1 ||
	    http_new(loop, ca ? ca->ca_file : NULL, ACME_BODY_MAX, &d->http,
		     err) == -1)
		return -1;
	d->timer = loop_after(loop, 0, begin, d);
	*ret = TAKE(d);
	return 0;
}

void discover_free(struct discover **dp)
{
	struct discover *d = TAKE(*dp);

	if (!d)
		return;
	stop(d);
	dns_valid_free(&d->dns);
	http_free(&d->http);
	arena_free(&d->arena);
	sbuf_free(&d->text);
	sbuf_free(&d->useless);
	free(d->moved);
	free(d);
}

/* --- this host --- */

/* What cannot be read suggests nothing: a person sees that by what is said. */
static const char *text_of(const char *path, struct arena *arena)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(DISC_FILE_MAX);

	return file_read(path, &text, NULL) == 1
		       ? arena_strdup(arena, sbuf_str(&text))
		       : NULL;
}

void discover_parents(const char *const *configured, size_t n,
		      struct arena *arena, struct disc_parents *ret)
{
	char host[HOST_MAX] = "";
	const struct disc_sources s = {
		.configured = configured,
		.n = n,
		.host = gethostname(host, sizeof(host) - 1) == 0 ? host : NULL,
		.resolv_conf = text_of(RESOLV_CONF, arena),
		.krb5_conf = text_of(KRB5_CONF, arena),
	};

	disc_parents(&s, arena, ret);
}

void discover_check(const struct certrepo_conf *conf, struct conf_errors *errs)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct disc_parents p;

	for (size_t i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];
		const struct disc_sources s = { .configured = ca->discover.v,
						.n = ca->discover.n };

		/* Without what "auto" stands for, which is never skipped. */
		disc_parents(&s, arena, &p);
		for (size_t k = 0; k < p.n; k++)
			if (p.v[k].skip)
				conf_error(errs, &ca->src,
					   "setting `discover': %s is %s, "
					   "nothing is looked for there",
					   p.v[k].name, p.v[k].skip);
	}
}
