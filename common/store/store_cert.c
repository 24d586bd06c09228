/* SPDX-License-Identifier: MIT */
/* What populate does to the rows of certs, and how they are read. */
#include <stdio.h>
#include <string.h>
#include "store_facts.h"
#include "store_impl.h"

/* Rows are listed in pages: memory stays small, the callback may use the
 * store, and a lost connection costs no more than a page. */
#define PAGE_ROWS 500
#define PAGES_MAX 20000 /* a database may list for ever */

static int check_row(const struct store_cert *r, struct err *err)
{
	if (store_name_check(r->name, err) == -1 ||
	    store_check_text("the comment", r->comment, STORE_COMMENT_MAX,
			     err) == -1 ||
	    store_check_text("owner", r->owner, STORE_MAIL_MAX, err) == -1 ||
	    store_check_text("webroot_path", r->webroot_path, STORE_PATH_MAX,
			     err) == -1 ||
	    store_check_text("ca_name", r->ca_name, STORE_CA_NAME_MAX, err) ==
		    -1 ||
	    store_check_text("ca_profile", r->ca_profile,
			     STORE_PROFILE_NAME_MAX, err) == -1 ||
	    store_check_text("challenge", r->challenge, 16, err) == -1 ||
	    store_check_text("key_sha256", r->key_sha256, STORE_HASH_MAX,
			     err) == -1 ||
	    store_check_text("md5_modulus", r->md5_modulus, STORE_HASH_MAX,
			     err) == -1)
		return -1;
	if (!r->csr.p || r->csr.len == 0 || !r->md5_modulus)
		return err_set(err, ERR_INPUT, "%s has no CSR", r->name);
	return store_check_blob("the CSR", r->csr, err);
}

static int insert(struct store *s, const struct store_cert *r, struct err *err)
{
	return store_exec(
		s,
		"INSERT INTO certs (name, enable, comment, certbot, csr, "
		"md5_modulus, ts_expire, ts_last_update, count_fail_update, "
		"webroot_path, ca_name, ca_profile, challenge, key_sha256, "
		"ts_expire_seen, ts_due, owner) "
		"VALUES (?, ?, ?, ?, ?, ?, 1, 1, 0, ?, ?, ?, ?, ?, 1, ?, ?)",
		ARGS(T(r->name), T(r->enabled ? "Y" : "N"), T(r->comment),
		     T(r->certbot ? "Y" : "N"), B(r->csr), T(r->md5_modulus),
		     T(r->webroot_path), T(r->ca_name), T(r->ca_profile),
		     T(r->challenge), T(r->key_sha256), I(r->ts_due),
		     T(r->owner)),
		NULL, err);
}

/* The name is taken: by an INSERT of ours whose answer was lost? */
static int taken(struct store *s, const struct store_cert *r, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	bool lost = s->losses > 0;
	int rc = 0;

	if (lost &&
	    store_query(s,
			"SELECT name FROM certs WHERE name = ? AND "
			"csr = ? AND ts_last_update = 1",
			"T", ARGS(T(r->name), B(r->csr)), &st, err) == -1)
		return -1;
	if (lost)
		rc = db_step(st, err);
	if (rc == 0)
		return err_set(err, ERR_CONFLICT, "%s: %s is already enrolled",
			       store_name(s), r->name);
	return rc == 1 ? 0 : -1;
}

static int add(struct store *s, const struct store_cert *r, struct err *err)
{
	int rc = insert(s, r, err);

	if (rc == -1 && db_fault(s->db) == DB_FAULT_DUPLICATE)
		rc = taken(s, r, err);
	return rc;
}

int store_add(struct store *s, const struct store_cert *r, struct err *err)
{
	if (check_row(r, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_NO, err, add(s, r, err));
}

/* The fields a person may set. */
static const struct settable {
	const char *name;
	const char *sql;
	size_t max;
	bool yes_no;
} settables[] = {
	{ "comment", "UPDATE certs SET comment = ? WHERE name = ?",
	  STORE_COMMENT_MAX, false },
	{ "owner", "UPDATE certs SET owner = ? WHERE name = ?", STORE_MAIL_MAX,
	  false },
	{ "webroot_path", "UPDATE certs SET webroot_path = ? WHERE name = ?",
	  STORE_PATH_MAX, false },
	{ "ca_name", "UPDATE certs SET ca_name = ? WHERE name = ?",
	  STORE_CA_NAME_MAX, false },
	{ "ca_profile", "UPDATE certs SET ca_profile = ? WHERE name = ?",
	  STORE_PROFILE_NAME_MAX, false },
	{ "challenge", "UPDATE certs SET challenge = ? WHERE name = ?", 16,
	  false },
	{ "certbot", "UPDATE certs SET certbot = ? WHERE name = ?", 1, true },
	{ "enable", "UPDATE certs SET enable = ? WHERE name = ?", 1, true },
};

static const struct settable *settable_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(settables); i++)
		if (strcmp(settables[i].name, name) == 0)
			return &settables[i];
	return NULL;
}

static int check_fields(const struct store_field *f, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct settable *k = settable_find(f[i].name);

		if (!k)
			return err_set(err, ERR_INPUT,
				       "there is no field \"%s\" to set: "
				       "comment, owner, webroot_path, "
				       "ca_name, ca_profile, challenge, "
				       "certbot, enable",
				       f[i].name);
		if (k->yes_no && (!f[i].value || (strcmp(f[i].value, "Y") &&
						  strcmp(f[i].value, "N"))))
			return err_set(err, ERR_INPUT, "%s is Y or N, not %s",
				       k->name,
				       f[i].value ? f[i].value : "empty");
		if (store_check_text(k->name, f[i].value, k->max, err) == -1)
			return -1;
	}
	return 0;
}

static int set_fields(struct store *s, const char *name,
		      const struct store_field *f, size_t n, int64_t due,
		      struct err *err)
{
	int64_t rows = 0;
	bool acts = n == 0;

	for (size_t i = 0; i < n; i++) {
		acts = acts || strcmp(f[i].name, "owner") != 0;
		if (store_exec(s, settable_find(f[i].name)->sql,
			       ARGS(T(f[i].value), T(name)), &rows, err) == -1)
			return -1;
	}
	if (acts &&
	    store_exec(s,
		       "UPDATE certs SET held = 0, ts_next_attempt = 0, "
		       "count_fail_update = 0, ts_due = ? WHERE name = ?",
		       ARGS(I(due), T(name)), &rows, err) == -1)
		return -1;
	return rows > 0;
}

int store_set(struct store *s, const char *name,
	      const struct store_field *fields, size_t n, int64_t due,
	      struct err *err)
{
	if (check_fields(fields, n, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_YES, err,
			 set_fields(s, name, fields, n, due, err));
}

static int remove_requests(struct store *s, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_ids ids;

	if (store_ids(s,
		      "SELECT id FROM host_requests WHERE state = 'approved' "
		      "AND as_name = ?",
		      ARGS(T(name)), a, &ids, err) == -1)
		return -1;
	for (size_t i = 0; i < ids.n; i++)
		if (store_exec(s,
			       "DELETE FROM host_requests WHERE id = ? AND "
			       "state = 'approved'",
			       ARGS(I(ids.v[i])), NULL, err) == -1)
			return -1;
	return 0;
}

static int remove_all(struct store *s, const char *name, struct err *err)
{
	int64_t rows = 0;

	/* Proofs stay until they are cleaned away, attempts for the audit. Who
	 * might read it must be asked anew when it is enrolled again, and hosts
	 * have to ask for it anew. */
	if (store_exec(s, "DELETE FROM orders WHERE name = ?", ARGS(T(name)),
		       NULL, err) == -1 ||
	    store_exec(s, "DELETE FROM installs WHERE name = ?", ARGS(T(name)),
		       NULL, err) == -1 ||
	    store_aside(s, store_facts_drop(s, name, err), err) == -1 ||
	    store_aside(s,
			store_exec(s, "DELETE FROM host_names WHERE name = ?",
				   ARGS(T(name)), NULL, err),
			err) == -1 ||
	    store_aside(s, remove_requests(s, name, err), err) == -1 ||
	    store_exec(s, "DELETE FROM certs WHERE name = ?", ARGS(T(name)),
		       &rows, err) == -1)
		return -1;
	return rows > 0;
}

int store_remove(struct store *s, const char *name, struct err *err)
{
	int rc = STORE_TRY(s, STORE_TX_YES, err, remove_all(s, name, err));

	/* Gone when it ran again: the first run did it, unanswered. */
	return rc == 0 && s->losses > 0 ? 1 : rc;
}

/* --- reading --- */

/* The columns before the blobs, in the order of read_row(). */
#define ROW_COLUMNS                                                        \
	"name, enable, comment, certbot, md5_modulus, md5_ca, ts_expire, " \
	"ts_last_update, count_fail_update, webroot_path, ca_name, "       \
	"challenge, key_sha256, crt_sha256, ts_not_before, ts_due, "       \
	"ts_next_attempt, renew, held, fail_class, fail_detail, "          \
	"lease_owner, lease_until, ca_profile, ari_crt, ts_ari, "          \
	"ari_start, ari_end, ari_url, ts_ari_poll, owner"
#define ROW_TYPES "Wwwwwwnnnwwwwwnnnnnwwwnwwnnnwnw"
enum { ROW_BLOBS = sizeof(ROW_TYPES) - 1 };

static struct store_cert *read_row(const struct db_stmt *st, struct arena *a)
{
	struct store_cert *r = arena_alloc(a, sizeof(*r));

	r->name = store_col_text(st, 0, a);
	r->enabled = store_col_yes(st, 1);
	r->comment = store_col_text(st, 2, a);
	r->certbot = store_col_yes(st, 3);
	r->md5_modulus = store_col_text(st, 4, a);
	r->md5_ca = store_col_text(st, 5, a);
	r->ts_expire = db_col_int(st, 6);
	r->ts_last_update = db_col_int(st, 7);
	r->count_fail_update = db_col_int(st, 8);
	r->webroot_path = store_col_text(st, 9, a);
	r->ca_name = store_col_text(st, 10, a);
	r->challenge = store_col_text(st, 11, a);
	r->key_sha256 = store_col_text(st, 12, a);
	r->crt_sha256 = store_col_text(st, 13, a);
	r->ts_not_before = db_col_int(st, 14);
	r->ts_due = db_col_int(st, 15);
	r->ts_next_attempt = db_col_int(st, 16);
	r->renew = db_col_int(st, 17) != 0;
	r->held = db_col_int(st, 18) != 0;
	r->fail_class = store_col_text(st, 19, a);
	r->fail_detail = store_col_text(st, 20, a);
	r->lease_owner = store_col_text(st, 21, a);
	r->lease_until = db_col_int(st, 22);
	r->ca_profile = store_col_text(st, 23, a);
	r->ari_crt = store_col_text(st, 24, a);
	r->ts_ari = db_col_int(st, 25);
	r->ari_start = db_col_int(st, 26);
	r->ari_end = db_col_int(st, 27);
	r->ari_url = store_col_text(st, 28, a);
	r->ts_ari_poll = db_col_int(st, 29);
	r->owner = store_col_text(st, 30, a);
	return r;
}

int64_t store_cert_ari(const struct store_cert *row)
{
	return row->ari_crt && row->crt_sha256 &&
			       strcmp(row->ari_crt, row->crt_sha256) == 0
		       ? row->ts_ari
		       : 0;
}

static int get(struct store *s, const char *name, struct arena *arena,
	       struct store_cert **ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	struct store_cert *r;
	int rc;

	if (store_query(s,
			"SELECT " ROW_COLUMNS
			", csr, ca, crt, old_ca, old_crt, "
			"old_csr FROM certs WHERE name = ?",
			ROW_TYPES "bbbbbb", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	r = read_row(st, arena);
	r->csr = store_col_blob(st, ROW_BLOBS, arena);
	r->ca = store_col_blob(st, ROW_BLOBS + 1, arena);
	r->crt = store_col_blob(st, ROW_BLOBS + 2, arena);
	r->old_ca = store_col_blob(st, ROW_BLOBS + 3, arena);
	r->old_crt = store_col_blob(st, ROW_BLOBS + 4, arena);
	r->old_csr = store_col_blob(st, ROW_BLOBS + 5, arena);
	*ret = r;
	return 1;
}

int store_get(struct store *s, const char *name, struct arena *arena,
	      struct store_cert **ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err, get(s, name, arena, ret, err));
}

struct page {
	struct store_cert *v[PAGE_ROWS];
	size_t n;
};

static int load_page(struct store *s, const char *after, struct arena *arena,
		     struct page *p, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	p->n = 0;
	if (store_query(s,
			"SELECT " ROW_COLUMNS ", COALESCE(LENGTH(csr), 0), "
			"COALESCE(LENGTH(ca), 0), COALESCE(LENGTH(crt), 0), "
			"COALESCE(LENGTH(old_ca), 0), "
			"COALESCE(LENGTH(old_crt), 0) "
			"FROM certs WHERE name > ? ORDER BY name LIMIT ?",
			ROW_TYPES "IIIII", ARGS(T(after), I(PAGE_ROWS)), &st,
			err) == -1)
		return -1;
	db_limit(st, PAGE_ROWS, DB_ANSWER_MAX);
	while ((rc = db_step(st, err)) == 1) {
		struct store_cert *r = read_row(st, arena);

		r->csr.len = (size_t) db_col_int(st, ROW_BLOBS);
		r->ca.len = (size_t) db_col_int(st, ROW_BLOBS + 1);
		r->crt.len = (size_t) db_col_int(st, ROW_BLOBS + 2);
		r->old_ca.len = (size_t) db_col_int(st, ROW_BLOBS + 3);
		r->old_crt.len = (size_t) db_col_int(st, ROW_BLOBS + 4);
		p->v[p->n++] = r;
	}
	return rc == -1 ? -1 : 0;
}

static int load_page_try(struct store *s, const char *after,
			 struct arena *arena, struct page *p, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 load_page(s, after, arena, p, err));
}

int store_each(struct store *s, store_row_fn *fn, void *arg, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	char after[STORE_NAME_MAX + 1] = "";
	struct page p;
	bool stays = false;
	int pages = 0;

	if (store_check_schema(s, err) == -1)
		return -1;
	do {
		if (pages++ == PAGES_MAX || stays)
			return err_set(err, ERR_LIMIT,
				       "%s: more than %d rows in certs, or "
				       "they come again and again",
				       store_name(s), PAGES_MAX * PAGE_ROWS);
		arena_clear(arena);
		if (load_page_try(s, after, arena, &p, err) == -1)
			return -1;
		for (size_t i = 0; i < p.n; i++)
			if (fn(p.v[i], arg, err) == -1)
				return -1;
		/* So names do that are bytes, in SQLite. */
		stays = p.n > 0 && strncmp(p.v[p.n - 1]->name, after,
					   sizeof(after) - 1) <= 0;
		if (p.n > 0)
			(void) snprintf(after, sizeof(after), "%s",
					p.v[p.n - 1]->name);
	} while (p.n == PAGE_ROWS);
	return 0;
}

static int key_owner(struct store *s, const char *key_sha256,
		     const char *not_name, struct arena *arena,
		     const char **ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT name FROM certs WHERE key_sha256 = ? AND "
			"name <> ? ORDER BY name LIMIT 1",
			"W", ARGS(T(key_sha256), T(not_name ? not_name : "")),
			&st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == -1)
		return -1;
	*ret = rc == 1 ? store_col_text(st, 0, arena) : NULL;
	return 0;
}

static int domain_owner(struct store *s, const char *domain,
			const char *not_name, struct arena *arena,
			const char **ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	const char *from = arena_printf(arena, "%s+", domain);
	const char *to = arena_printf(arena, "%s,", domain); /* '+' and 1 */
	int rc;

	if (store_query(s,
			"SELECT name FROM certs WHERE (name = ? OR "
			"(name > ? AND name < ?)) AND name <> ? "
			"ORDER BY name LIMIT 1",
			"W", ARGS(T(domain), T(from), T(to), T(not_name)), &st,
			err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == -1)
		return -1;
	*ret = rc == 1 ? store_col_text(st, 0, arena) : NULL;
	return 0;
}

int store_domain_owner(struct store *s, const char *domain,
		       const char *not_name, struct arena *arena,
		       const char **ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 domain_owner(s, domain, not_name, arena, ret, err));
}

int store_key_owner(struct store *s, const char *key_sha256,
		    const char *not_name, struct arena *arena, const char **ret,
		    struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 key_owner(s, key_sha256, not_name, arena, ret, err));
}
