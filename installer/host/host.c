/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "host.h"
#include "log.h"
#include "near.h"
#include "paths.h"

bool host_wants(const struct host *r, const struct svc *s)
{
	if (r->only.n == 0 || strlist_has(&r->only, s->name))
		return true;
	for (size_t i = 0; i < s->n_certs; i++)
		if (strlist_has(&r->only, s->certs[i].conf->name))
			return true;
	return false;
}

char *host_near_text(const struct host *r, const char *name)
{
	struct near near = near_name(name);

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		(void) near_try(&near, s->name);
		for (size_t k = 0; k < s->n_certs; k++)
			(void) near_try(&near, s->certs[k].conf->name);
	}
	return near_text(&near, "");
}

/* The certificate that A and B use, neither of them alone; or NULL. */
static const char *shared(const struct svc *a, const struct svc *b)
{
	if (a == b || a->conf->alone || b->conf->alone)
		return NULL;
	for (size_t i = 0; i < a->n_certs; i++)
		for (size_t k = 0; k < b->n_certs; k++)
			if (strcmp(a->certs[i].conf->name,
				   b->certs[k].conf->name) == 0)
				return a->certs[i].conf->name;
	return NULL;
}

void host_take_along(struct host *r)
{
	bool again = r->only.n > 0;

	while (again) {
		again = false;
		for (size_t i = 0; i < r->svcs->n; i++) {
			const struct svc *s = &r->svcs->v[i];

			for (size_t k = 0; k < r->svcs->n && !host_wants(r, s);
			     k++) {
				if (!host_wants(r, &r->svcs->v[k]) ||
				    !shared(s, &r->svcs->v[k]))
					continue;
				strlist_add(&r->only, s->name);
				strlist_add(&r->along, s->name);
				again = true;
			}
		}
	}
}

bool host_is_along(const struct host *r, const struct svc *s)
{
	return strlist_has(&r->along, s->name);
}

const char *host_name_for(const struct host *r, const struct svc *s)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const char *cert = shared(s, &r->svcs->v[i]);

		if (cert)
			return cert;
	}
	return s->name;
}

bool host_is_ahead(const struct host *r, int64_t t)
{
	return t > r->now + 86400;
}

const struct x509_trust *host_trust(struct host *r, struct err *err)
{
	if (!r->trust &&
	    x509_trust_load(r->conf->trust_file, &r->trust, err) == -1)
		return NULL;
	return r->trust;
}

/* When a window opens that is closed now; 0: there is none. */
static int64_t next_window(const struct host *r, const struct svc *s)
{
	time_t now = (time_t) r->now;
	struct tm local;

	if (!s || s->window.n == 0 || !localtime_r(&now, &local) ||
	    window_open(&s->window, &local))
		return 0;
	local.tm_min += window_wait(&s->window, &local);
	local.tm_sec = 0;
	local.tm_isdst = -1; /* what it is by then */
	now = mktime(&local);
	return now > 0 ? now : 0;
}

static void build(const struct host *r, const struct svc *s, const char *cert,
		  const struct svc_endpoint *e, struct store_receipt *ret)
{
	*ret = (struct store_receipt){
		.name = cert,
		.host = r->conf->host,
		.service = s ? s->name : "",
		.endpoint = e ? svc_endpoint_text(e, r->arena) : "",
		.protocol = e ? e->conf->protocol : NULL,
		.ts = r->now,
		.version = CERTREPO_VERSION,
		.profile = s ? s->conf->profile : NULL,
		.needs = s ? s->needs : NULL,
		.heartbeat = r->conf->heartbeat,
		.ts_window = next_window(r, s),
	};
}

static void add_seen(struct store_receipt *r, const struct verify_seen *seen)
{
	if (!seen || !seen->handshake)
		return;
	r->fingerprint = seen->fingerprint;
	r->serial = seen->serial;
	r->ts_expire = seen->not_after;
	r->depth = (int64_t) seen->depth;
}

void host_receipt(struct host *r, const struct svc *s, const char *cert,
		  const struct svc_endpoint *e, enum receipt_state state,
		  const struct verify_seen *seen, const char *detail)
{
	struct store_receipt receipt;

	if (r->dry_run)
		return;
	build(r, s, cert, e, &receipt);
	add_seen(&receipt, seen);
	receipt.state = receipt_state_name(state);
	receipt.detail = detail;
	receipt_add(&r->receipts, &receipt);
}

const struct store_receipt *host_last(const struct host *r, const struct svc *s,
				      const char *cert,
				      const struct svc_endpoint *e)
{
	const struct store_receipt *last;
	struct store_receipt key;

	build(r, s, cert, e, &key);
	last = receipt_find(&r->receipts, &key);
	return last ? last : receipt_find(&r->known, &key);
}

void host_found(struct host *r, const struct svc *s, const char *cert,
		const struct svc_endpoint *e, enum receipt_state state,
		const struct verify_seen *seen, const char *detail)
{
	const struct store_receipt *last = host_last(r, s, cert, e);
	struct store_receipt now;

	build(r, s, cert, e, &now);
	add_seen(&now, seen);
	now.state = receipt_state_name(state);
	now.detail = detail;
	if (r->beat || !last || !receipt_same(last, &now))
		host_receipt(r, s, cert, e, state, seen, detail);
}

/* What is not well of certificate I of S, by what was said last; or NULL. */
static const struct store_receipt *bad_of(const struct host *r,
					  const struct svc *s, size_t i)
{
	const char *cert = s->certs[i].conf->name;
	const struct store_receipt *last = host_last(r, s, cert, NULL);

	for (size_t k = 0; k < s->n_endpoints; k++) {
		if (last && receipt_state_bad(last->state))
			return last;
		if (s->endpoints[k].cert == i)
			last = host_last(r, s, cert, &s->endpoints[k]);
	}
	return last && receipt_state_bad(last->state) ? last : NULL;
}

static size_t add_bad(const struct host *r, size_t *ret_all, struct sbuf *out)
{
	size_t n = 0;

	*ret_all = 0;
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			const struct store_receipt *bad = bad_of(r, s, k);

			(*ret_all)++;
			if (!bad)
				continue;
			sbuf_addf(out, "%s%s: %s", n++ > 0 ? "; " : "",
				  bad->name,
				  bad->detail ? bad->detail : bad->state);
		}
	}
	return n;
}

void host_ended(struct host *r)
{
	AUTO(sbuf_free) struct sbuf what = SBUF_INIT(2 * STORE_DETAIL_MAX);
	const char *text = NULL;
	size_t all, n;

	if (r->bad > 0) {
		n = add_bad(r, &all, &what);
		if (n == 0)
			sbuf_adds(&what,
				  r->fault ? r->fault : "its log says why");
		text = arena_printf(r->arena,
				    "the last run ended with %d: %zu of %zu "
				    "certificate%s failed: %s",
				    r->good > 0 ? 2 : 1, n, all,
				    all == 1 ? "" : "s", sbuf_str(&what));
	}
	host_found(r, NULL, "", NULL, text ? RECEIPT_FAILED : RECEIPT_ALIVE,
		   NULL, text);
}

void host_over(struct host *r, const struct svc *s, const char *cert)
{
	struct store_receipt one;

	if (r->dry_run)
		return;
	build(r, s, cert, NULL, &one);
	one.state = "";
	r->over.arena = r->arena;
	receipt_add(&r->over, &one);
}

void host_notice(struct host *r, enum notice_topic topic, const char *service,
		 const char *cert, const char *state, const char *text)
{
	if (r->notices)
		notice_add(r->notices, &(struct notice){ .topic = topic,
							 .service = service,
							 .cert = cert,
							 .state = state,
							 .text = text });
}

struct requested *host_requested(struct host *r)
{
	struct err err = ERR_INIT;

	if (r->requested)
		return r->requested;
	r->requested = arena_alloc(r->arena, sizeof(*r->requested));
	if (requested_load(r->conf->state_dir, r->arena, r->requested, &err) ==
	    -1)
		log_warn("what was asked for is not known: %s", err.msg);
	return r->requested;
}
