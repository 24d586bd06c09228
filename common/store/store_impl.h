/* SPDX-License-Identifier: MIT */
#ifndef STORE_IMPL_H
#define STORE_IMPL_H

/* What the store's own files share; nobody else includes it. */

#include "db.h"
#include "store.h"

/* Sizes of columns beside those of store.h. */
#define STORE_CA_NAME_MAX 64
#define STORE_WORD_MAX	  32 /* classes, states, types */
#define STORE_OWNER_MAX	  128
#define STORE_URL_MAX	  1000
#define STORE_HOST_MAX	  255
#define STORE_HASH_MAX	  64

enum store_tx_use {
	STORE_TX_NO,  /* a single statement */
	STORE_TX_YES, /* several: begin and commit around them */
	/* several that only read, of one moment; nobody waits for them */
	STORE_TX_READ,
	/* as YES, of rows that another has for a moment: within half a second
	 * they are asked for again, before ERR_LOCKED is said */
	STORE_TX_PATIENT,
};

struct store {
	struct db *db;
	enum store_use use;
	bool checked; /* the schema suits this program */
	bool in_tx;   /* store_tx runs */
	bool by_view; /* see store_host_by_view() */
	/* of the operation under way */
	enum store_tx_use tx;
	int retries, losses;
	struct err retried; /* the last reason for it */
	int64_t until_ms;
};

/* Read schema_version, once. */
int store_check_schema(struct store *s, struct err *err) MUST_CHECK;

/*
 * One operation of an opened store, repeated when the database asks for it or
 * the connection was lost (s->losses says how often it was); within store_tx
 * it runs once and store_tx repeats the whole. Its value is that of OP, which
 * may run several times:
 *
 *	return STORE_TRY(s, STORE_TX_YES, err, operation(s, ..., err));
 */
#define STORE_TRY(s, tx, err, op)                  \
	(store_check_schema((s), (err)) == -1 ? -1 \
					      : STORE_TRY_ANY(s, tx, err, op))
/* The same, whatever the schema. */
#define STORE_TRY_ANY(s, tx, err, op)                           \
	({                                                      \
		int try_rc;                                     \
                                                                \
		store_try_start((s), (tx));                     \
		do {                                            \
			try_rc = store_try_begin((s), (err));   \
			if (try_rc == 0)                        \
				try_rc = (op);                  \
		} while (store_try_again((s), &try_rc, (err))); \
		try_rc;                                         \
	})
void store_try_start(struct store *s, enum store_tx_use tx);
int store_try_begin(struct store *s, struct err *err) MUST_CHECK;
/* Whether to run it again; commits when it went well. */
bool store_try_again(struct store *s, int *rc, struct err *err);

/* Columns of certs for struct store_due, and how to read them. */
#define STORE_DUE_COLUMNS                                                     \
	"name, ca_name, challenge, certbot, ts_expire, ts_not_before, "       \
	"ts_due, ts_next_attempt, ts_last_update, count_fail_update, renew, " \
	"ts_expire_seen, fail_class, "                                        \
	"CASE WHEN ari_crt = crt_sha256 THEN ts_ari ELSE 0 END"
/* No blob among them: rows stay cheap, whatever their chains weigh. */
#define STORE_DUE_TYPES "Wwwwnnnnnnnnwn"
int store_read_dues(struct db_stmt *st, size_t limit, struct arena *arena,
		    struct store_dues *ret, struct err *err) MUST_CHECK;

/* The queries of store_due.c, for its test; two of them for each number of
 * CAs that a statement has places for. */
struct store_due_sql {
	const char *due, *unknown[2], *cas[2], *waits, *far, *leases,
		*far_leases;
};
extern const struct store_due_sql store_due_sql;

/* Those of store_clock.c. */
extern const struct store_clock_sql {
	const char *latest, *ahead;
} store_clock_sql;

/* Those of store_ari.c; the second one is for rows that name no CA. */
extern const struct store_ari_sql {
	const char *page[2], *any[2], *far[2], *far_any[2], *all;
} store_ari_sql;

/* Those of store_facts.c. */
extern const struct store_facts_sql {
	const char *page, *orphans;
} store_facts_sql;

/* Those of store_trouble.c, each with the one that counts. */
enum store_trouble_kind {
	TROUBLE_FAILING,
	TROUBLE_PARKED,
	TROUBLE_HELD,
	TROUBLE_OVERDUE
};
extern const struct store_trouble_sql {
	const char *rows, *count;
} store_trouble_sql[];

/* A bound parameter. */
struct store_arg {
	enum { STORE_ARG_INT, STORE_ARG_TEXT, STORE_ARG_BLOB } type;
	int64_t i;
	const char *t;
	struct store_blob b;
};
#define I(v)                                    \
	{                                       \
		.type = STORE_ARG_INT, .i = (v) \
	}
#define T(v)                                     \
	{                                        \
		.type = STORE_ARG_TEXT, .t = (v) \
	}
#define B(v)                                     \
	{                                        \
		.type = STORE_ARG_BLOB, .b = (v) \
	}
#define ARGS(...)                                  \
	(const struct store_arg[]){ __VA_ARGS__ }, \
		ARRAY_LEN(((const struct store_arg[]){ __VA_ARGS__ }))
#define NO_ARGS NULL, 0

/* Prepare SQL, a literal, and bind; what is bound lives until store_done.
 * COLUMNS: see db_prepare(). */
int store_query(struct store *s, const char *sql, const char *columns,
		const struct store_arg *args, size_t n, struct db_stmt **ret,
		struct err *err) MUST_CHECK;
void store_done(struct db_stmt **st); /* for AUTO */
/* A whole statement without a result; ret_rows (may be NULL): rows matched */
int store_exec(struct store *s, const char *sql, const struct store_arg *args,
	       size_t n, int64_t *ret_rows, struct err *err) MUST_CHECK;
/* The ids that SQL gives, which is one without locks. A statement that looks
 * for its rows by itself would lock those it only looks at, and wait for them;
 * so it gets one id each time. */
struct store_ids {
	int64_t *v;
	size_t n;
};
int store_ids(struct store *s, const char *sql, const struct store_arg *args,
	      size_t n, struct arena *a, struct store_ids *ret,
	      struct err *err) MUST_CHECK;
/* The same as an operation of its own, repeated where that is allowed. */
int store_exec_try(struct store *s, const char *sql,
		   const struct store_arg *args, size_t n, int64_t *ret_rows,
		   struct err *err) MUST_CHECK;

/* RC of statements on a table of version 4 that holds what is merely known: an
 * account whose rights are of the version before goes on without (schema's
 * grants.sql). Who reads that table is told. */
int store_aside(struct store *s, int rc, struct err *err) MUST_CHECK;

/* Parts of the caller's transaction: an attempt, and its count; 1 when it was
 * recorded before, 0. */
int store_attempt_put(struct store *s, const struct store_attempt *a,
		      struct err *err) MUST_CHECK;
int store_attempt_there(struct store *s, const struct store_attempt *a,
			struct err *err) MUST_CHECK;
/* The CSR before this one in its place, when there is no certificate by this
 * one, and the row due: whether the one that is there wants renewal is looked
 * at by the next run. 1, 0 there is none, -1. */
int store_csr_back(struct store *s, const char *name,
		   struct err *err) MUST_CHECK;

/* Columns into the arena; NULL stays NULL. */
const char *store_col_text(const struct db_stmt *st, int i, struct arena *a);
struct store_blob store_col_blob(const struct db_stmt *st, int i,
				 struct arena *a);
/* Is this 'Y'? NULL is not. */
bool store_col_yes(const struct db_stmt *st, int i);

/* A value we are given must fit its column on every database: at most MAX
 * bytes of printable ASCII; NULL passes. ERR_INPUT or ERR_LIMIT. */
int store_check_text(const char *what, const char *value, size_t max,
		     struct err *err) MUST_CHECK;
int store_check_blob(const char *what, struct store_blob b,
		     struct err *err) MUST_CHECK;
/* The same made to fit BUF: cut, other bytes become '?'. NULL gives NULL. */
const char *store_fit(const char *value, char *buf, size_t size);

/* One more element for the growing array V of N, in the arena. */
#define STORE_GROW(a, v, n) \
	((__typeof__(v)) store_grow((a), (v), (n), sizeof(*(v))))
void *store_grow(struct arena *a, void *v, size_t n, size_t size);

#endif
