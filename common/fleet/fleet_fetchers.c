/* SPDX-License-Identifier: MIT */
#include "fleet_fetchers.h"
#include <string.h>
#include "store_impl.h"

#define VERSION_MAX 32

/* --- fetchers --- */

struct words {
	char host[STORE_HOST_MAX + 1], version[VERSION_MAX + 1],
		detail[STORE_DETAIL_MAX + 1];
};

static int start(struct store *s, const struct fleet_fetcher *f,
		 struct words *w, struct err *err)
{
	const char *host = store_fit(f->host, w->host, sizeof(w->host));
	const char *version =
		store_fit(f->version, w->version, sizeof(w->version));
	int64_t rows = 0;

	if (store_exec(
		    s,
		    "UPDATE fetchers SET host = ?, version = ?, "
		    "ts_start = ?, ts_end = 0 WHERE instance = ?",
		    ARGS(T(host), T(version), I(f->ts_start), T(f->instance)),
		    &rows, err) == -1)
		return -1;
	if (rows > 0)
		return 0;
	return store_exec(
		s,
		"INSERT INTO fetchers (instance, host, version, "
		"ts_start) VALUES (?, ?, ?, ?)",
		ARGS(T(f->instance), T(host), T(version), I(f->ts_start)), NULL,
		err);
}

int fleet_fetcher_start(struct store *s, const struct fleet_fetcher *f,
			struct err *err)
{
	struct words w;

	if (store_check_text("the instance", f->instance, STORE_OWNER_MAX,
			     err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_PATIENT, err, start(s, f, &w, err));
}

static int end(struct store *s, const struct fleet_fetcher *f, struct words *w,
	       struct err *err)
{
	const char *detail = store_fit(f->detail, w->detail, sizeof(w->detail));

	/* Where somebody has deleted it, it is there again. */
	if (start(s, f, w, err) == -1)
		return -1;
	return store_exec(s,
			  "UPDATE fetchers SET ts_end = ?, "
			  "ts_ok = CASE WHEN ? > 0 THEN ? ELSE ts_ok END, "
			  "status = ?, n_ok = ?, n_failed = ?, detail = ? "
			  "WHERE instance = ?",
			  ARGS(I(f->ts_end), I(f->ts_ok), I(f->ts_ok),
			       I(f->status), I(f->n_ok), I(f->n_failed),
			       T(detail), T(f->instance)),
			  NULL, err);
}

int fleet_fetcher_end(struct store *s, const struct fleet_fetcher *f,
		      struct err *err)
{
	struct words w;

	if (store_check_text("the instance", f->instance, STORE_OWNER_MAX,
			     err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_PATIENT, err, end(s, f, &w, err));
}

int fleet_fetchers_forget(struct store *s, const char *instance, int64_t before,
			  struct err *err)
{
	return store_exec_try(s,
			      "DELETE FROM fetchers WHERE instance <> ? AND "
			      "ts_start < ?",
			      ARGS(T(instance), I(before)), NULL, err);
}

/* --- settings --- */

static int settings_get(struct store *s, struct arena *a,
			struct fleet_settings *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct fleet_settings l = { NULL, 0 };
	int rc;

	if (store_query(s,
			"SELECT name, value, ts FROM settings ORDER BY name "
			"LIMIT ?",
			"Wln", ARGS(I(FLEET_SETTINGS_MAX)), &st, err) == -1)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		l.v = STORE_GROW(a, l.v, l.n);
		l.v[l.n++] = (struct fleet_setting){
			.name = store_col_text(st, 0, a),
			.value = store_col_text(st, 1, a),
			.ts = db_col_int(st, 2),
		};
	}
	if (rc == -1)
		return -1;
	*ret = l;
	return 0;
}

int fleet_settings_get(struct store *s, struct arena *a,
		       struct fleet_settings *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, settings_get(s, a, ret, err));
}

const char *fleet_setting(const struct fleet_settings *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return l->v[i].value;
	return NULL;
}

static int setting_put(struct store *s, const struct fleet_setting *v,
		       struct err *err)
{
	if (store_check_text(v->name, v->value, FLEET_VALUE_MAX, err) == -1)
		return -1;
	return store_exec_try(s,
			      "REPLACE INTO settings (name, value, ts) "
			      "VALUES (?, ?, ?)",
			      ARGS(T(v->name), T(v->value), I(v->ts)), NULL,
			      err);
}

int fleet_settings_put(struct store *s, const struct fleet_setting *v, size_t n,
		       struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_settings there;

	if (fleet_settings_get(s, a, &there, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *was = fleet_setting(&there, v[i].name);

		if (!(was && strcmp(was, v[i].value) == 0) &&
		    setting_put(s, &v[i], err) == -1)
			return -1;
	}
	return 0;
}
