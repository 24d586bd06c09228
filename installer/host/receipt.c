/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include "file.h"
#include "receipt.h"
#include "record.h"

#define KIND	"certrepo-receipts"
#define VERSION 2

/* One receipt is one line; those of the version before have the first fields
 * alone. */
enum field {
	F_NAME,
	F_HOST,
	F_SERVICE,
	F_ENDPOINT,
	F_PROTOCOL,
	F_STATE,
	F_FINGERPRINT,
	F_SERIAL,
	F_EXPIRE,
	F_DEPTH,
	F_TS,
	F_DETAIL,
	F_VERSION,
	F_PROFILE,
	F_NEEDS,
	F_HEARTBEAT,
	F_WINDOW,
	F_COUNT
};

static bool about_same(const struct store_receipt *a,
		       const struct store_receipt *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       strcmp(a->service, b->service) == 0 &&
	       strcmp(a->endpoint, b->endpoint) == 0 &&
	       strcmp(a->host, b->host) == 0;
}

const struct store_receipt *receipt_find(const struct receipts *l,
					 const struct store_receipt *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (about_same(&l->v[i], key))
			return &l->v[i];
	return NULL;
}

static bool eq(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool receipt_same(const struct store_receipt *a, const struct store_receipt *b)
{
	return eq(a->state, b->state) && eq(a->fingerprint, b->fingerprint) &&
	       a->depth == b->depth &&
	       /* As far as it is kept. */
	       strncmp(a->detail ? a->detail : "", b->detail ? b->detail : "",
		       STORE_DETAIL_MAX) == 0;
}

bool receipt_arrived(const struct store_receipts *all,
		     const struct store_receipt *r)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct store_receipt *got = &all->v[i];

		if (!about_same(got, r))
			continue;
		return got->ts > r->ts ||
		       (got->ts == r->ts && eq(got->state, r->state) &&
			eq(got->fingerprint, r->fingerprint));
	}
	return false;
}

void receipt_add(struct receipts *l, const struct store_receipt *r)
{
	struct store_receipt *slot = NULL;
	struct arena *a = l->arena;

	for (size_t i = 0; i < l->n && !slot; i++)
		if (about_same(&l->v[i], r))
			slot = &l->v[i];
	if (!slot) {
		if (l->n == RECEIPT_WAIT_MAX)
			return;
		if (l->n == l->cap) {
			l->cap = l->cap != 0 ? 2 * l->cap : 16;
			l->v = mem_grow(l->v, l->cap, sizeof(*l->v));
		}
		slot = &l->v[l->n++];
	}
	*slot = *r;
	slot->name = arena_strdup(a, r->name);
	slot->service = arena_strdup(a, r->service);
	slot->endpoint = arena_strdup(a, r->endpoint);
	slot->protocol = arena_strdup(a, r->protocol);
	slot->state = arena_strdup(a, r->state);
	slot->fingerprint = arena_strdup(a, r->fingerprint);
	slot->serial = arena_strdup(a, r->serial);
	slot->profile = arena_strdup(a, r->profile);
	slot->needs = arena_strdup(a, r->needs);
	if (r->detail)
		slot->detail = arena_strndup(a, r->detail, STORE_DETAIL_MAX);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void add_line(struct receipts *l, const struct record_line *r)
{
	const char *const *v = r->v;

	bool whole = r->n == F_COUNT;

	if ((!whole && r->n != F_PROFILE) || !v[F_STATE] || !v[F_HOST])
		return;
	receipt_add(l, &(struct store_receipt){
			       .name = text(v[F_NAME]),
			       .host = v[F_HOST],
			       .service = text(v[F_SERVICE]),
			       .endpoint = text(v[F_ENDPOINT]),
			       .protocol = v[F_PROTOCOL],
			       .state = v[F_STATE],
			       .fingerprint = v[F_FINGERPRINT],
			       .serial = v[F_SERIAL],
			       .ts_expire = record_int(r, F_EXPIRE),
			       .depth = record_int(r, F_DEPTH),
			       .ts = record_int(r, F_TS),
			       .detail = v[F_DETAIL],
			       .version = v[F_VERSION],
			       .profile = whole ? v[F_PROFILE] : NULL,
			       .needs = whole ? v[F_NEEDS] : NULL,
			       .heartbeat = record_int(r, F_HEARTBEAT),
			       .ts_window = record_int(r, F_WINDOW),
		       });
}

int receipt_load(const char *state_dir, const char *file, struct receipts *l,
		 struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);
	struct record r;
	int found = record_read(path, KIND, VERSION, RECEIPT_FILE_MAX, l->arena,
				&r, err);

	if (found != 1)
		return found;
	for (size_t i = 0; i < r.n; i++)
		add_line(l, &r.v[i]);
	return 0;
}

static void build(struct record_out *out, const struct store_receipt *r)
{
	record_line(out);
	record_add(out, r->name);
	record_add(out, r->host);
	record_add(out, r->service);
	record_add(out, r->endpoint);
	record_add(out, r->protocol);
	record_add(out, r->state);
	record_add(out, r->fingerprint);
	record_add(out, r->serial);
	record_add_int(out, r->ts_expire);
	record_add_int(out, r->depth);
	record_add_int(out, r->ts);
	record_add(out, r->detail);
	record_add(out, r->version);
	record_add(out, r->profile);
	record_add(out, r->needs);
	record_add_int(out, r->heartbeat);
	record_add_int(out, r->ts_window);
}

int receipt_save(const char *state_dir, const char *file,
		 const struct receipts *l, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);
	AUTO(sbuf_free) struct sbuf now = SBUF_INIT(RECEIPT_FILE_MAX);
	AUTO(record_out_free) struct record_out out;

	record_begin(&out, KIND, VERSION, RECEIPT_FILE_MAX);
	for (size_t i = 0; i < l->n; i++)
		build(&out, &l->v[i]);
	/* Receipts may wait for long, and every run saves them. */
	if (file_read(path, &now, NULL) != 1)
		sbuf_clear(&now);
	return record_replace(&out, path, sbuf_str(&now), err);
}

int receipt_forget(const char *state_dir, const char *file, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);

	return file_remove(path, err);
}

void receipt_free(struct receipts *l)
{
	free(l->v);
	*l = (struct receipts){ .v = NULL };
}
