/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "jout.h"
#include "log.h"
#include "hostview.h"
#include "strlist.h"

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

	if (r->receipts.n == 0)
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

static void add_row(const struct host *r, struct sbuf *out,
		    const struct store_receipt *s)
{
	char when[CLOCK_TEXT], until[CLOCK_TEXT];

	sbuf_addf(out, "  %-11s  %s  ", s->state, clock_text(s->ts, when));
	if (*s->endpoint == '\0')
		sbuf_adds(out, "the files");
	else
		sbuf_addf(out, "%s (%s)", s->endpoint,
			  s->protocol ? s->protocol : "tls");
	if (s->ts_expire > 0)
		sbuf_addf(out, "\n%*suntil %s%s", 15, "",
			  clock_text(s->ts_expire, until),
			  expired(r, s) ? ": it has EXPIRED" : "");
	sbuf_addc(out, '\n');
	if (s->detail) {
		sbuf_addf(out, "%*s", 15, "");
		sbuf_add_clean(out, detail_of(s));
		sbuf_addc(out, '\n');
	}
}

/* The row of KEY, if anything is known of it. */
static bool print_row(const struct host *r, const struct receipts *all,
		      const struct svc *s, const char *cert,
		      const char *endpoint, struct sbuf *out)
{
	const struct store_receipt key = { .service = s->name,
					   .name = cert,
					   .endpoint = endpoint };
	const struct store_receipt *found = find(all, &key);

	if (!found)
		return true;
	add_row(r, out, found);
	return !receipt_state_bad(found->state) && !expired(r, found);
}

static bool print_service(const struct host *r, const struct svc *s,
			  const struct receipts *all, struct sbuf *out)
{
	bool well = true;

	for (size_t i = 0; i < s->n_certs; i++) {
		const char *name = s->certs[i].conf->name;
		size_t before;

		sbuf_addf(out, "%s: %s\n", s->name, name);
		before = out->len;
		well = print_row(r, all, s, name, "", out) && well;
		for (size_t k = 0; k < s->n_endpoints; k++)
			if (s->endpoints[k].cert == i)
				well = print_row(r, all, s, name,
						 svc_endpoint_text(
							 &s->endpoints[k],
							 r->arena),
						 out) &&
				       well;
		if (out->len == before)
			sbuf_adds(out, "  nothing is known of it yet\n");
	}
	return well;
}

/* --- for programs --- */

static void add_object(struct sbuf *out, const struct store_receipt *s)
{
	sbuf_addc(out, '{');
	jout_str(out, "service", s->service);
	jout_str(out, "name", s->name);
	jout_str(out, "endpoint", s->endpoint);
	jout_str(out, "protocol", s->protocol);
	jout_str(out, "state", s->state);
	jout_str(out, "fingerprint", s->fingerprint);
	jout_str(out, "serial", s->serial);
	jout_time(out, "ts_expire", s->ts_expire);
	jout_int(out, "depth", s->depth);
	jout_time(out, "ts", s->ts);
	jout_str(out, "detail", s->detail);
	sbuf_addc(out, '}');
}

static bool print_json(const struct host *r, const struct receipts *all,
		       struct sbuf *out)
{
	bool well = true, first = true;

	sbuf_addc(out, '[');
	for (size_t i = 0; i < all->n; i++) {
		const struct store_receipt *s = &all->v[i];
		bool wanted = false;

		for (size_t k = 0; k < r->svcs->n; k++)
			wanted = wanted ||
				 (strcmp(r->svcs->v[k].name, s->service) == 0 &&
				  host_wants(r, &r->svcs->v[k]));
		if (!wanted)
			continue;
		if (!first)
			sbuf_addc(out, ',');
		first = false;
		add_object(out, s);
		well = well && !receipt_state_bad(s->state) && !expired(r, s);
	}
	sbuf_adds(out, "]\n");
	return well;
}

int hostview_print(const struct host *r, bool json, struct sbuf *ret,
		   struct err *err)
{
	struct receipts all = { .arena = r->arena };
	bool well = true;

	if (receipt_load(r->conf->state_dir, RECEIPTS_STATUS, &all, err) ==
	    -1) {
		if (err->kind != ERR_INPUT)
			return -1;
		log_warn("what was known of this host is lost, the next run "
			 "tells it anew: %s",
			 err->msg);
		err_clear(err);
	}
	if (json)
		well = print_json(r, &all, ret);
	else if (all.n == 0)
		sbuf_adds(ret, "nothing is known of this host yet\n");
	well = well && all.n > 0;
	for (size_t i = 0; i < r->svcs->n && !json && all.n > 0; i++)
		if (host_wants(r, &r->svcs->v[i]))
			well = print_service(r, &r->svcs->v[i], &all, ret) &&
			       well;
	receipt_free(&all);
	return well;
}
