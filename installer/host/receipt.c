/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "num.h"
#include "receipt.h"

/* One receipt is one line, fields by tabs; "-" is NULL. */
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
	F_COUNT
};

static bool same(const struct store_receipt *a, const struct store_receipt *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       strcmp(a->service, b->service) == 0 &&
	       strcmp(a->endpoint, b->endpoint) == 0 &&
	       strcmp(a->host, b->host) == 0;
}

void receipt_add(struct receipts *l, const struct store_receipt *r)
{
	struct store_receipt *slot = NULL;
	struct arena *a = l->arena;

	for (size_t i = 0; i < l->n && !slot; i++)
		if (same(&l->v[i], r))
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
	if (r->detail)
		slot->detail = arena_strndup(a, r->detail, STORE_DETAIL_MAX);
}

static bool split(char *line, const char *v[F_COUNT])
{
	for (int i = 0; i < F_COUNT; i++) {
		char *tab = strchr(line, '\t');

		if (!tab != (i == F_COUNT - 1))
			return false;
		if (tab)
			*tab = '\0';
		v[i] = strcmp(line, "-") == 0 ? NULL : line;
		line = tab ? tab + 1 : line;
	}
	return v[F_STATE] && v[F_HOST];
}

static int64_t number(const char *s)
{
	int64_t n = 0;

	if (!s || num_int(s, 0, INT64_MAX, &n, NULL) == -1)
		return 0;
	return n;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

int receipt_load(const char *state_dir, const char *file, struct receipts *l,
		 struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(RECEIPT_FILE_MAX);
	int found = file_read(path, &content, err);
	char *p, *nl;

	if (found != 1)
		return found;
	p = arena_strdup(l->arena, sbuf_str(&content));
	for (; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *v[F_COUNT];

		*nl = '\0';
		if (!split(p, v))
			continue;
		receipt_add(l, &(struct store_receipt){
				       .name = text(v[F_NAME]),
				       .host = v[F_HOST],
				       .service = text(v[F_SERVICE]),
				       .endpoint = text(v[F_ENDPOINT]),
				       .protocol = v[F_PROTOCOL],
				       .state = v[F_STATE],
				       .fingerprint = v[F_FINGERPRINT],
				       .serial = v[F_SERIAL],
				       .ts_expire = number(v[F_EXPIRE]),
				       .depth = number(v[F_DEPTH]),
				       .ts = number(v[F_TS]),
				       .detail = v[F_DETAIL],
				       .version = v[F_VERSION],
			       });
	}
	return 0;
}

static void add_field(struct sbuf *out, const char *s)
{
	if (!s || *s == '\0')
		s = "-";
	for (; *s != '\0'; s++)
		sbuf_addc(out, *s == '\t' || *s == '\n' ? ' ' : *s);
	sbuf_addc(out, '\t');
}

int receipt_save(const char *state_dir, const char *file,
		 const struct receipts *l, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(RECEIPT_FILE_MAX);
	AUTO(sbuf_free) struct sbuf now = SBUF_INIT(RECEIPT_FILE_MAX);

	for (size_t i = 0; i < l->n; i++) {
		const struct store_receipt *r = &l->v[i];

		add_field(&out, r->name);
		add_field(&out, r->host);
		add_field(&out, r->service);
		add_field(&out, r->endpoint);
		add_field(&out, r->protocol);
		add_field(&out, r->state);
		add_field(&out, r->fingerprint);
		add_field(&out, r->serial);
		sbuf_addf(&out, "%lld\t%lld\t%lld\t", (long long) r->ts_expire,
			  (long long) r->depth, (long long) r->ts);
		add_field(&out, r->detail);
		sbuf_adds(&out, r->version ? r->version : "-");
		sbuf_addc(&out, '\n');
	}
	/* Receipts may wait for long, and every run saves them. */
	if (file_read(path, &now, NULL) == 1 && now.len == out.len &&
	    memcmp(sbuf_str(&now), sbuf_str(&out), out.len) == 0)
		return 0;
	return file_replace(path, sbuf_str(&out), out.len, &attr, err);
}

int receipt_forget(const char *state_dir, const char *file, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", state_dir, file);

	if (access(path, F_OK) == -1)
		return 0;
	return file_remove(path, err);
}

void receipt_free(struct receipts *l)
{
	free(l->v);
	*l = (struct receipts){ .v = NULL };
}
