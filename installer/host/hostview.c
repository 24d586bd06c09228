/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "jout.h"
#include "log.h"
#include "hostview.h"
#include "lastrun.h"
#include "orphan.h"
#include "strlist.h"
#include "term.h"

static bool same(const struct store_receipt *a, const struct store_receipt *b)
{
	return strcmp(a->service, b->service) == 0 &&
	       strcmp(a->name, b->name) == 0 &&
	       strcmp(a->endpoint, b->endpoint) == 0;
}

static const struct store_receipt *find(const struct receipts *l,
					const struct store_receipt *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (same(&l->v[i], key))
			return &l->v[i];
	return NULL;
}

/* Those of FROM that are in CURRENT, after those that are in TO. */
static void merge(const struct host *r, const struct receipts *from,
		  const struct receipts *current, struct receipts *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct store_receipt one = from->v[i];

		/* Whatever it was called then, it is this one. */
		one.host = r->conf->host;
		/* More than can be told: what is missing in it is not gone. */
		if (current->n == RECEIPT_WAIT_MAX || find(current, &one))
			receipt_add(to, &one);
	}
}

void hostview_known(struct host *r)
{
	struct err err = ERR_INIT;

	if (receipt_load(r->conf->state_dir, RECEIPTS_STATUS, &r->known,
			 &err) == -1)
		log_warn("what was known of this host is lost: %s", err.msg);
}

int hostview_update(const struct host *r, const struct receipts *current,
		    struct err *err)
{
	struct receipts old = { .arena = r->arena }, all = old;
	int status;

	if (r->receipts.n == 0 && r->over.n == 0)
		return 0;
	/* A damaged one is given up: it fills again within a day. */
	(void) !receipt_load(r->conf->state_dir, RECEIPTS_STATUS, &old, NULL);
	merge(r, &old, current, &all);
	merge(r, &r->receipts, current, &all);
	status = receipt_save(r->conf->state_dir, RECEIPTS_STATUS, &all, err);
	receipt_free(&old);
	receipt_free(&all);
	return status;
}

const char *hostview_now(const struct host *r, const struct svc *s, size_t i)
{
	const char *cert = s->certs[i].conf->name;
	const struct store_receipt *c = host_last(r, s, cert, NULL);
	char since[CLOCK_TEXT], until[CLOCK_TEXT];

	for (size_t k = 0; k < s->n_endpoints; k++) {
		const struct svc_endpoint *e = &s->endpoints[k];
		const struct store_receipt *seen = host_last(r, s, cert, e);

		if (e->cert == i && seen &&
		    (!c || !receipt_state_bad(c->state)))
			c = seen;
	}
	if (!c)
		return NULL;
	clock_text(c->ts, since);
	if (receipt_state_bad(c->state))
		return arena_printf(r->arena,
				    "it is %s now, since %s: another matter",
				    c->state, since);
	/* The word alone would say that all is well. */
	if (c->detail && strcmp(c->detail, HOST_PLACEHOLDER) == 0)
		return arena_printf(r->arena, "%s since %s: %s", c->state,
				    since, c->detail);
	return c->ts_expire > 0
		       ? arena_printf(r->arena, "%s since %s, valid until %s",
				      c->state, since,
				      clock_text(c->ts_expire, until))
		       : arena_printf(r->arena, "%s since %s", c->state, since);
}

/* --- for people --- */

static bool expired(const struct host *r, const struct store_receipt *s)
{
	return s->ts_expire > 0 && s->ts_expire <= r->now;
}

/* The state is in front of it already. */
static const char *detail_of(const struct store_receipt *s)
{
	size_t len = strlen(s->state);

	return strncmp(s->detail, s->state, len) == 0 &&
			       strncmp(s->detail + len, ": ", 2) == 0
		       ? s->detail + len + 2
		       : s->detail;
}

/* What all of it is printed from. */
struct view {
	const struct host *r;
	struct receipts all, orphans;
	struct lastrun last;
	bool lost; /* what was known */
	struct sbuf *out;
};

/* Is there nothing wrong with it. */
static bool is_well(const struct view *v, const struct store_receipt *s)
{
	return !receipt_state_bad(s->state) &&
	       strcmp(s->state, ORPHAN_STATE) != 0 && !expired(v->r, s) &&
	       !lastrun_unseen(&v->last, s->service);
}

/* What nobody has looked at since is not called what it was. */
static const char *state_of(const struct view *v, const struct store_receipt *s)
{
	return lastrun_unseen(&v->last, s->service) &&
			       !receipt_state_bad(s->state)
		       ? "unknown"
		       : s->state;
}

static void add_unseen(const struct view *v, const struct store_receipt *s)
{
	const struct lastrun_unseen *u = lastrun_unseen(&v->last, s->service);
	char since[CLOCK_TEXT];

	if (!u)
		return;
	sbuf_addf(v->out, "%*swas %s; not looked at ", 15, "", s->state);
	if (u->since != 0)
		sbuf_addf(v->out, "since %s\n", clock_text(u->since, since));
	else
		sbuf_adds(v->out, "by the last run\n");
}

static void add_row(const struct view *v, const struct store_receipt *s)
{
	char when[CLOCK_TEXT], until[CLOCK_TEXT];
	struct sbuf *out = v->out;

	sbuf_addf(out, "  %s%-11s%s  %s  ",
		  term_on(stdout, is_well(v, s) ? TERM_GOOD : TERM_BAD),
		  state_of(v, s), term_off(stdout), clock_text(s->ts, when));
	if (*s->endpoint == '\0')
		sbuf_adds(out, "the files");
	else
		sbuf_addf(out, "%s (%s)", s->endpoint,
			  s->protocol ? s->protocol : "tls");
	if (s->ts_expire > 0)
		sbuf_addf(out, "\n%*suntil %s%s", 15, "",
			  clock_text(s->ts_expire, until),
			  expired(v->r, s) ? ": it has EXPIRED" : "");
	sbuf_addc(out, '\n');
	add_unseen(v, s);
	if (s->detail) {
		sbuf_addf(out, "%*s", 15, "");
		sbuf_add_clean(out, detail_of(s));
		sbuf_addc(out, '\n');
	}
}

/* The row of KEY, if anything is known of it. */
static bool print_row(const struct view *v, const struct svc *s,
		      const char *cert, const char *endpoint)
{
	const struct store_receipt key = { .service = s->name,
					   .name = cert,
					   .endpoint = endpoint };
	const struct store_receipt *found = find(&v->all, &key);

	if (!found)
		return true;
	add_row(v, found);
	return is_well(v, found);
}

static bool print_service(const struct view *v, const struct svc *s)
{
	bool well = true;

	for (size_t i = 0; i < s->n_certs; i++) {
		const char *name = s->certs[i].conf->name;
		size_t before;

		sbuf_addf(v->out, "%s: %s\n", s->name, name);
		before = v->out->len;
		well = print_row(v, s, name, "") && well;
		for (size_t k = 0; k < s->n_endpoints; k++)
			if (s->endpoints[k].cert == i)
				well = print_row(v, s, name,
						 svc_endpoint_text(
							 &s->endpoints[k],
							 v->r->arena)) &&
				       well;
		if (v->out->len == before)
			sbuf_adds(v->out, "  nothing is known of it yet\n");
	}
	return well;
}

/* A run that had nothing to say found no fault. */
static bool is_known(const struct view *v)
{
	return v->all.n > 0 || (v->last.ts > 0 && !v->lost);
}

static bool print_people(const struct view *v)
{
	bool well = is_known(v);

	if (!well)
		sbuf_adds(v->out, "nothing is known of this host yet\n");
	for (size_t i = 0; i < v->r->svcs->n && is_known(v); i++)
		if (host_wants(v->r, &v->r->svcs->v[i]))
			well = print_service(v, &v->r->svcs->v[i]) && well;
	for (size_t i = 0; i < v->orphans.n; i++) {
		const struct store_receipt *s = &v->orphans.v[i];

		sbuf_addf(v->out, "%s: %s\n", s->service, s->name);
		add_row(v, s);
	}
	return well && v->orphans.n == 0;
}

/* --- for programs --- */

static void add_object(const struct view *v, const struct store_receipt *s)
{
	const struct lastrun_unseen *u = lastrun_unseen(&v->last, s->service);
	struct sbuf *out = v->out;

	sbuf_addc(out, '{');
	jout_str(out, "service", s->service);
	jout_str(out, "name", s->name);
	jout_str(out, "endpoint", s->endpoint);
	jout_str(out, "protocol", s->protocol);
	jout_str(out, "state", state_of(v, s));
	jout_str(out, "fingerprint", s->fingerprint);
	jout_str(out, "serial", s->serial);
	jout_time(out, "ts_expire", s->ts_expire);
	jout_int(out, "depth", s->depth);
	jout_time(out, "ts", s->ts);
	jout_time(out, "unseen_since", u ? u->since : 0);
	jout_str(out, "detail", s->detail);
	sbuf_addc(out, '}');
}

static bool wanted(const struct host *r, const char *service, bool *known)
{
	for (size_t i = 0; i < r->svcs->n; i++)
		if (strcmp(r->svcs->v[i].name, service) == 0) {
			*known = true;
			return host_wants(r, &r->svcs->v[i]);
		}
	return false;
}

/* MORE: objects, behind the others; or NULL. */
static bool print_json(const struct view *v, const struct sbuf *more)
{
	const struct host *r = v->r;
	bool well = is_known(v) && v->orphans.n == 0, first = true;

	sbuf_addc(v->out, '[');
	for (size_t i = 0; i < v->all.n; i++) {
		const struct store_receipt *s = &v->all.v[i];
		bool known;

		if (!wanted(r, s->service, &known))
			continue;
		if (!first)
			sbuf_addc(v->out, ',');
		first = false;
		add_object(v, s);
		well = well && is_well(v, s);
	}
	for (size_t i = 0; i < v->orphans.n; i++) {
		if (!first)
			sbuf_addc(v->out, ',');
		first = false;
		add_object(v, &v->orphans.v[i]);
	}
	if (more && more->len > 0) {
		if (!first)
			sbuf_addc(v->out, ',');
		sbuf_add(v->out, sbuf_str(more), more->len);
	}
	sbuf_adds(v->out, "]\n");
	return well;
}

/* The services that are not well, and nobody asked for. */
static void unwell_others(const struct view *v, struct strlist *ret)
{
	for (size_t i = 0; i < v->all.n; i++) {
		const struct store_receipt *s = &v->all.v[i];
		bool known = false;

		if (!is_well(v, s) && !wanted(v->r, s->service, &known) &&
		    known)
			strlist_add(ret, s->service);
	}
	strlist_sort_unique(ret);
}

/* How the last run ended, when that is not to be seen in what follows; NULL:
 * there is nothing to say. OTHERS: it was because of what nobody asked for. */
static const char *of_last(const struct view *v, bool well, bool *others)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *list = NULL;
	const struct lastrun *l = &v->last;
	char at[CLOCK_TEXT], store[CLOCK_TEXT];
	const char *text;

	if (l->ts == 0 || l->status == 0 || (!l->reason && !well))
		return NULL;
	if (!l->reason)
		unwell_others(v, &names);
	*others = names.n > 0;
	list = strlist_join(&names, ", ");
	text = arena_printf(v->r->arena, "the last run (%s) ended with %d%s%s",
			    clock_text(l->ts, at), (int) l->status,
			    l->reason ? ": "
			    : *others ? ", because of others: "
				      : ", see journalctl -t "
					"certrepo-installer, or syslog",
			    l->reason ? l->reason : list);
	/* Two runs in one second: the last did not reach it, it says. */
	if (l->store == 0 || (l->store >= l->ts &&
			      l->status != err_exit_status(ERR_UNAVAILABLE)))
		return text;
	return arena_printf(v->r->arena, "the store was last reached %s; %s",
			    clock_text(l->store, store), text);
}

/* False: what there is more than is configured is not known. */
static bool load(struct view *v)
{
	const char *dir = v->r->conf->state_dir;
	struct err err = ERR_INIT;
	bool known = true;

	if (lastrun_load(dir, v->r->arena, &v->last, &err) == -1)
		log_warn("what came of the last run is not known: %s", err.msg);
	err_clear(&err);
	/* Of those who are asked for, it is none. */
	if (v->r->only.n == 0 && orphan_list(v->r, &v->orphans, &err) == -1) {
		log_warn("what was installed is not known: %s", err.msg);
		known = false;
	}
	return known;
}

int hostview_print(const struct host *r, bool json, const struct sbuf *more,
		   struct sbuf *ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf rows = SBUF_INIT(8u << 20);
	struct view v = { .r = r,
			  .all = { .arena = r->arena },
			  .orphans = { .arena = r->arena },
			  .out = &rows };
	const char *last;
	bool well, known, others = false;

	if (receipt_load(r->conf->state_dir, RECEIPTS_STATUS, &v.all, err) ==
	    -1) {
		if (err->kind != ERR_INPUT)
			return -1;
		log_warn("what was known of this host is lost, the next run "
			 "tells it anew: %s",
			 err->msg);
		err_clear(err);
		v.lost = true;
	}
	known = load(&v);
	well = json ? print_json(&v, more) : print_people(&v);
	last = of_last(&v, well, &others);
	if (last && json)
		log_warn("%s", last);
	else if (last) {
		sbuf_add_clean(ret, last);
		sbuf_addc(ret, '\n');
	}
	sbuf_add(ret, sbuf_str(&rows), rows.len);
	receipt_free(&v.all);
	receipt_free(&v.orphans);
	return well && known && (!last || others);
}
