/* SPDX-License-Identifier: MIT */
#include "store_call.h"
#include <string.h>

#define NAMES_JSON 200000 /* as the procedure has it */

int store_call_certs(struct store *s, const char *const *names, size_t n,
		     struct sbuf *json, struct db_stmt **ret, struct err *err)
{
	sbuf_init(json, NAMES_JSON);
	for (size_t i = 0; i < n; i++) {
		sbuf_adds(json, i == 0 ? "[" : ",");
		sbuf_add_json(json, names[i]);
	}
	sbuf_adds(json, "]");
	return store_query(s, "CALL host_certs_get(?)", "Ttbbi",
			   ARGS(T(sbuf_str(json))), ret, err);
}

/* A member of an object; cut to MAX bytes, NULL left out. */
static void add_text(struct sbuf *b, const char *key, const char *value,
		     size_t max)
{
	char fit[STORE_DETAIL_MAX + 1];

	if (!value)
		return;
	sbuf_addf(b, ",\"%s\":", key);
	sbuf_add_json(b, store_fit(value, fit, max + 1));
}

static void add_int(struct sbuf *b, const char *key, int64_t value)
{
	sbuf_addf(b, ",\"%s\":%lld", key, (long long) value);
}

static void add_key(struct sbuf *b, const struct store_receipt *r)
{
	sbuf_adds(b, "{\"name\":");
	sbuf_add_json(b, r->name);
	add_text(b, "service", r->service, 64);
	add_text(b, "endpoint", r->endpoint, STORE_HOST_MAX);
}

static void add_receipt(struct sbuf *b, const struct store_receipt *r)
{
	add_key(b, r);
	add_text(b, "protocol", r->protocol, 32);
	add_text(b, "state", r->state, 16);
	add_text(b, "fingerprint", r->fingerprint, STORE_HASH_MAX);
	add_text(b, "serial", r->serial, 64);
	add_int(b, "ts_expire", r->ts_expire);
	add_int(b, "depth", r->depth);
	add_int(b, "ts", r->ts);
	add_text(b, "detail", r->detail, STORE_DETAIL_MAX);
	add_text(b, "version", r->version, 32);
	add_text(b, "profile", r->profile, 64);
	add_text(b, "needs", r->needs, 64);
	if (r->heartbeat > 0) {
		add_int(b, "heartbeat", r->heartbeat);
		add_int(b, "ts_window", r->ts_window);
	}
	sbuf_adds(b, "}");
}

/* What does not fit any more is cut off again. */
static size_t fill(const struct store_receipt *r, size_t n, size_t at,
		   const char *host, struct sbuf *b)
{
	size_t used = 0;

	sbuf_adds(b, "[");
	for (; at < n && used < STORE_CALL_RECEIPTS; at++) {
		AUTO(sbuf_free) struct sbuf one = SBUF_INIT(STORE_CALL_JSON);

		if (strcmp(r[at].host, host) != 0)
			continue;
		sbuf_adds(&one, used == 0 ? "" : ",");
		add_receipt(&one, &r[at]);
		if (b->len + one.len + 2 > STORE_CALL_JSON)
			break;
		sbuf_adds(b, sbuf_str(&one));
		used++;
	}
	sbuf_adds(b, "]");
	return at;
}

/* NULL: none is given, or there is too much of it to tell: nothing goes. */
static const char *fill_keep(const struct store_receipts *keep, struct sbuf *b)
{
	if (!keep)
		return NULL;
	sbuf_adds(b, "[");
	for (size_t i = 0; i < keep->n; i++) {
		sbuf_adds(b, i == 0 ? "" : ",");
		add_key(b, &keep->v[i]);
		sbuf_adds(b, "}");
	}
	sbuf_adds(b, "]");
	return sbuf_over(b) ? NULL : sbuf_str(b);
}

int store_call_receipts(struct store *s, const struct store_receipt *r,
			size_t n, size_t *at, const char *host,
			const struct store_receipts *keep,
			struct strlist *refused, struct err *err)
{
	AUTO(sbuf_free) struct sbuf said = SBUF_INIT(STORE_CALL_JSON);
	AUTO(sbuf_free) struct sbuf kept = SBUF_INIT(STORE_CALL_JSON);
	AUTO(store_done) struct db_stmt *st = NULL;
	size_t next = fill(r, n, *at, host, &said);
	int rc;

	if (store_query(s, "CALL host_receipts_put(?, ?, ?)", "T",
			ARGS(T(host), T(sbuf_str(&said)),
			     T(next == n ? fill_keep(keep, &kept) : NULL)),
			&st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1)
		if (refused && !strlist_has(refused, db_col_text(st, 0)))
			strlist_add(refused, db_col_text(st, 0));
	*at = rc == 0 ? next : *at;
	return rc;
}
