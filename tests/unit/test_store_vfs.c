/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails under SQLite: each kind of call of its VFS in turn, the
 * first one of an operation, the second, and so on until the operation is over
 * before its turn. Whatever failed, the store says so in its words, and holds
 * what it held before or what it is to hold, and the same call once more
 * makes it the latter, once.
 */
#include "store_kit.h"
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "batch.h"
#include "db_impl.h"
#include "store_schema_impl.h"
#include "vfs_kit.h"

#define A      "a.example.org"
#define B_     "b.example.org"
#define C      "c.example.org"
#define AT_MAX 400
#define EACH   10

/* --- what fails, and what is said then --- */

static const struct {
	enum vfs_call call;
	int code;
} faults[] = {
	{ VFS_READ, SQLITE_IOERR_READ },
	{ VFS_WRITE, SQLITE_IOERR_WRITE },
	{ VFS_WRITE, SQLITE_FULL },
	{ VFS_WRITE, SQLITE_READONLY },
	{ VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE },
	{ VFS_SYNC, SQLITE_IOERR_FSYNC },
	{ VFS_SYNC, SQLITE_FULL },
	{ VFS_SIZE, SQLITE_IOERR_FSTAT },
	{ VFS_LOCK, SQLITE_BUSY },
	{ VFS_LOCK, SQLITE_IOERR_LOCK },
	{ VFS_UNLOCK, SQLITE_IOERR_UNLOCK },
	{ VFS_SHM_MAP, SQLITE_IOERR_SHMMAP },
	{ VFS_SHM_MAP, SQLITE_CANTOPEN },
	{ VFS_SHM_LOCK, SQLITE_BUSY },
	{ VFS_SHM_LOCK, SQLITE_IOERR_SHMLOCK },
	{ VFS_SHM_UNLOCK, SQLITE_IOERR_SHMLOCK },
	{ VFS_OPEN, SQLITE_CANTOPEN },
	{ VFS_OPEN, SQLITE_IOERR },
	{ VFS_DELETE, SQLITE_IOERR_DELETE },
	{ VFS_ACCESS, SQLITE_IOERR_ACCESS },
};

static const struct {
	int code;
	enum err_kind kind;
	const char *words;
} said[] = {
	{ SQLITE_IOERR, ERR_UNAVAILABLE, "I/O error" },
	{ SQLITE_FULL, ERR_UNAVAILABLE, "the disk is full" },
	{ SQLITE_BUSY, ERR_UNAVAILABLE, "keeps it locked" },
	{ SQLITE_READONLY, ERR_CONFIG, "no permission to write" },
	{ SQLITE_CANTOPEN, ERR_CONFIG, "cannot be opened" },
};

static void check_said(const struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		bool locked = said[i].code == SQLITE_BUSY;

		if (said[i].code != (vfs_fault.code & 0xff))
			continue;
		if (e->kind != said[i].kind || !strstr(e->msg, kit_path) ||
		    !strstr(e->msg, said[i].words) ||
		    (!locked && strstr(e->msg, "lock")))
			fail_msg("kind %d: %s", e->kind, e->msg);
		return;
	}
	fail_msg("no words for %d", vfs_fault.code);
}

/* --- what is done --- */

struct op {
	const char *name;
	enum store_use use;
	const char *from; /* the file it begins with */
	bool opens;	  /* opening fails, too */
	int (*fn)(struct store *s, struct err *e);
};

static const struct store_attempt attempt = {
	.name = A,
	.ca_name = "le",
	.account = "https://ca.example/acct/1",
	.order_url = "https://ca.example/order/1",
	.outcome = "dns",
	.detail = "a sentence",
	.ts_start = 2000,
	.ts_end = 2001,
};
static char big[9000]; /* a certificate of several pages */

static int done(int rc)
{
	return rc < 0 ? -1 : 0;
}

static int op_claim(struct store *s, struct err *e)
{
	return done(store_claim(s, C, "me", 2000, 9000, e));
}

static int put(struct store *s, const char *name, const char *state,
	       struct err *e)
{
	struct store_order o = {
		.name = name,
		.ca_name = "le",
		.account = "https://ca.example/acct/1",
		.key_sha256 = "k",
		.url = "https://ca.example/order/2",
		.state = state,
		.ts_created = 2000,
		.ts_state = 2001,
		.ts_expires = 90000,
	};

	return store_order_put(s, &o, e);
}

static int op_order_new(struct store *s, struct err *e)
{
	return put(s, C, "new", e);
}

static int op_order_finalized(struct store *s, struct err *e)
{
	return put(s, A, "finalized", e);
}

static int op_order_gone(struct store *s, struct err *e)
{
	struct store_attempt gone = attempt;

	gone.order_url = "https://ca.example/order/2"; /* see put() */
	return store_order_gone(s, 0, &gone, e);
}

static int op_proof_put(struct store *s, struct err *e)
{
	struct store_proof p = {
		.id = "id2",
		.name = A,
		.lease_owner = "me",
		.type = "dns-01",
		.zone = "example.org",
		.server = "ns.example.org",
		.owner = "_acme-challenge." A,
		.value = "value",
		.ts_created = 2000,
	};

	return store_proof_put(s, &p, e);
}

static int op_accept(struct store *s, struct err *e)
{
	struct store_accept a = {
		.owner = "me",
		.crt = { big, sizeof(big) },
		.ca = BLOB("ca2"),
		.md5_ca = "md5",
		.crt_sha256 = "sha2",
		.ts_expire = 90000,
		.ts_not_before = 2000,
		.ts_due = 60000,
		.attempt = attempt,
	};

	a.attempt.outcome = "ok";
	a.attempt.detail = NULL;
	return store_accept(s, &a, e);
}

static int op_fail(struct store *s, struct err *e)
{
	struct store_fail f = {
		.owner = "me",
		.next = 5000,
		.count = true,
		.drop_order = true,
		.attempt = attempt,
	};

	return store_fail(s, &f, e);
}

static int op_park(struct store *s, struct err *e)
{
	struct store_park p = { .owner = "me",
				.next = 5000,
				.attempt = attempt };

	p.attempt.name = B_;
	return store_park(s, &p, e);
}

static int op_set_due(struct store *s, struct err *e)
{
	struct store_due read = { .ts_due = 50 };

	return store_set_due(s, C, 70000, &read, e);
}

static int op_refresh(struct store *s, struct err *e)
{
	struct store_derived d = { .ts_expire = 80000,
				   .ts_not_before = 1000,
				   .ts_due = 60000,
				   .crt_sha256 = "sha",
				   .key_sha256 = "key" };
	struct store_cert read = { .csr = BLOB("CSR"), .ts_due = 50 };

	return store_refresh(s, C, &d, &read, e);
}

static int op_replace(struct store *s, struct err *e)
{
	return store_replace_csr(s, A, BLOB("CSR2"), "key2", "m2", e);
}

static int op_receipts(struct store *s, struct err *e)
{
	struct store_receipt r[] = {
		{ .name = A,
		  .host = "h",
		  .service = "s",
		  .endpoint = "1",
		  .state = "served",
		  .ts = 2000 },
		{ .name = A,
		  .host = "h",
		  .service = "s",
		  .endpoint = "2",
		  .state = "failed",
		  .ts = 2000 },
	};

	return store_receipts_put(s, r, ARRAY_LEN(r), e);
}

/* What goes into one transaction. */
static int (*const parts[])(struct store *s, struct err *e) = {
	op_claim, op_order_new, op_proof_put, op_accept, op_park,
};

static int all_of_them(struct store *s, void *arg, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i](s, e) == -1)
			return -1;
	return 0;
}

static int op_tx(struct store *s, struct err *e)
{
	return store_tx(s, all_of_them, NULL, e);
}

static int op_upgrade(struct store *s, struct err *e)
{
	int from, to;

	return store_schema_upgrade(s, 1000, &from, &to, e);
}

static const struct op tx_op = { "tx", STORE_LOOP, "filled", false, op_tx };
static const struct op ops[] = {
	{ "open", STORE_LOOP, "crashed", true, op_claim },
	{ "claim", STORE_LOOP, "filled", false, op_claim },
	{ "order_new", STORE_LOOP, "filled", false, op_order_new },
	{ "order_finalized", STORE_LOOP, "filled", false, op_order_finalized },
	{ "order_gone", STORE_LOOP, "filled", false, op_order_gone },
	{ "proof_put", STORE_LOOP, "filled", false, op_proof_put },
	{ "accept", STORE_LOOP, "filled", false, op_accept },
	{ "fail", STORE_LOOP, "filled", false, op_fail },
	{ "park", STORE_LOOP, "filled", false, op_park },
	{ "set_due", STORE_LOOP, "filled", false, op_set_due },
	{ "refresh", STORE_LOOP, "filled", false, op_refresh },
	{ "replace_csr", STORE_WRITE, "filled", false, op_replace },
	{ "receipts", STORE_READ, "filled", false, op_receipts },
	{ "upgrade", STORE_ADMIN, "before", true, op_upgrade },
};

/* --- files --- */

static const char *at(const char *name, const char *suffix)
{
	static char paths[4][300];
	static unsigned turn;
	char *p = paths[turn++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s%s", kit_dir, name, suffix);
	return p;
}

static void begin_with(const char *from)
{
	vfs_copy(at(from, ""), kit_path);
	vfs_copy(at(from, "-wal"), at("certrepo.db", "-wal"));
	unlink(at("certrepo.db", "-shm"));
}

/* --- the runs --- */

enum mode {
	ONCE,  /* each commit goes on into the database; again on the same
		* connection */
	STAYS, /* also while it is closed; again on a new one */
	MODES
};

struct run {
	const struct op *op;
	enum mode mode;
	char *old, *new;
	int n, failed;
};

static struct store *open_store(const struct run *r, struct err *e)
{
	struct store *s = NULL;

	if (store_open(&conf, r->op->use, &s, e) == -1)
		return NULL;
	if (r->mode == ONCE)
		(void) sqlite3_wal_autocheckpoint(s->db->handle, 1);
	return s;
}

static void same(const struct run *r, const char *what, const char *want)
{
	AUTO(mem_free_str) char *is = vfs_dump(kit_path);

	if (strcmp(is, want) == 0)
		return;
	print_error("%s, mode %d, call %d, code %d, at %d: %s:\n%s---\n%s\n",
		    r->op->name, r->mode, vfs_fault.call, vfs_fault.code,
		    vfs_fault.at, what, is, want);
	fail();
}

static void old_or_new(const struct run *r)
{
	AUTO(mem_free_str) char *is = vfs_dump(kit_path);

	if (strcmp(is, r->old) != 0)
		same(r, "neither old nor", r->new);
}

/* It must go well. */
static void again(const struct run *r, struct store **s)
{
	if (!*s)
		*s = open_store(r, &err);
	if (!*s)
		fail_msg("%s: %s", r->op->name, err.msg);
	OK(r->op->fn(*s, &err));
	same(r, "again", r->new);
}

/* Was the fault reached? */
static bool run_at(struct run *r, enum vfs_call call, int code, int nth)
{
	struct store *s = NULL;
	struct err e = ERR_INIT;
	bool hit, stays = r->mode == STAYS;
	int rc = -1;

	begin_with(r->op->from);
	if (!r->op->opens) {
		s = open_store(r, &e);
		assert_non_null(s);
	}
	vfs_arm(call, code, nth, stays);
	if (!s)
		s = open_store(r, &e);
	if (s)
		rc = r->op->fn(s, &e);
	if (stays)
		store_free(&s);
	hit = vfs_disarm();
	r->n += hit;
	r->failed += rc == -1;
	if (rc == -1 && !hit)
		fail_msg("%s: %s", r->op->name, e.msg);
	if (rc == -1)
		check_said(&e);
	/* One that is in the way for a moment is waited for. */
	if (rc == -1 && code == SQLITE_BUSY && !stays)
		fail_msg("%s, at %d: %s", r->op->name, nth, e.msg);
	if (rc == 0)
		same(r, "after success", r->new);
	else
		old_or_new(r);
	again(r, &s);
	store_free(&s);
	if (r->mode == ONCE)
		same(r, "closed", r->new);
	return hit;
}

static char *after(const struct run *r)
{
	struct store *s = NULL;
	char *new;

	begin_with(r->op->from);
	s = open_store(r, &err);
	assert_non_null(s);
	OK(r->op->fn(s, &err));
	store_free(&s);
	new = vfs_dump(kit_path);
	return new;
}

/* Each of the first ones, then some. */
static int next_after(int nth, enum mode mode)
{
	assert_in_range(nth, 1, AT_MAX);
	return nth + (nth < EACH ? 1 : nth == EACH ? 1 + (int) mode : 5);
}

static void run_op(const struct op *op)
{
	struct run r = { .op = op };

	begin_with(op->from);
	r.old = vfs_dump(kit_path);
	r.new = after(&r);
	assert_string_not_equal(r.old, r.new);
	for (r.mode = 0; r.mode < MODES; r.mode++)
		for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
			int nth = 1;

			while (run_at(&r, faults[i].call, faults[i].code, nth))
				nth = next_after(nth, r.mode);
		}
	print_message("# %s: %d faults, %d failures\n", op->name, r.n,
		      r.failed);
	assert_true(r.failed > 0);
	free(r.old);
	free(r.new);
}

static void test_op(void **state)
{
	run_op(*state);
}

/* --- several in a batch, as the fetcher does --- */

struct part {
	int (*fn)(struct store *s, struct err *e);
	int told;
	struct err err;
};

static int part_op(struct store *s, void *arg, struct err *e)
{
	const struct part *p = arg;

	return p->fn(s, e);
}

static void part_done(void *arg, const struct err *e)
{
	struct part *p = arg;

	p->told++;
	err_clear(&p->err);
	if (e)
		p->err = *e;
}

static void flush(struct batch *b, bool all)
{
	int64_t wait;

	for (int i = 0; i < 50; i++) {
		OK(batch_flush(b, &wait, &err));
		vfs_wait(1000 * wait);
		if (!all || batch_empty(b))
			return;
	}
	fail_msg("the batch does not come to its end");
}

/* What was told of is done, or not done for that reason alone. */
static void check_parts(const struct run *r, struct part *p, struct batch *b)
{
	bool told = p[0].told;
	bool refused = p[0].err.kind != ERR_NONE;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		assert_int_equal(p[i].told, told);
		assert_int_equal(p[i].err.kind != ERR_NONE, refused);
		if (p[i].err.kind == ERR_NONE)
			continue;
		check_said(&p[i].err);
		assert_int_equal(p[i].err.kind, ERR_CONFIG);
		batch_add(b, part_op, part_done, &p[i]);
		p[i].told = 0;
	}
	if (told && !refused)
		same(r, "told", r->new);
	else
		old_or_new(r);
}

static bool batch_at(const struct run *r, enum vfs_call call, int code, int nth)
{
	struct part p[ARRAY_LEN(parts)] = { 0 };
	struct store *s;
	struct batch *b;
	bool hit;

	begin_with(r->op->from);
	s = open_store(r, &err);
	assert_non_null(s);
	b = batch_new(s);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		p[i].fn = parts[i];
		batch_add(b, part_op, part_done, &p[i]);
	}
	vfs_arm(call, code, nth, r->mode == STAYS);
	flush(b, r->mode != STAYS);
	hit = vfs_disarm();
	if (r->mode == STAYS)
		check_parts(r, p, b);
	flush(b, true);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		assert_int_equal(p[i].told, 1);
		assert_int_equal(p[i].err.kind, ERR_NONE);
	}
	batch_free(&b);
	store_free(&s);
	same(r, "batch", r->new);
	return hit;
}

static void test_batch(void **state)
{
	struct run r = { .op = &tx_op };

	begin_with(r.op->from);
	r.old = vfs_dump(kit_path);
	r.new = after(&r);
	for (r.mode = 0; r.mode < MODES; r.mode++)
		for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
			int nth = 1;

			while (batch_at(&r, faults[i].call, faults[i].code,
					nth))
				nth = next_after(nth, r.mode);
		}
	free(r.old);
	free(r.new);
}

/* --- one who goes on after a fault --- */

static int deaf(struct store *s, void *arg, struct err *e)
{
	int *failed = arg;

	*failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		*failed += parts[i](s, e) == -1;
	return 0;
}

/* SQLite ends a transaction in which a read fails: what comes after it must
 * not be done on its own. */
static void test_deaf(void **state)
{
	struct run r = { .op = &tx_op };
	bool hit = true;
	int failed, any = 0;

	begin_with(r.op->from);
	r.old = vfs_dump(kit_path);
	r.new = after(&r);
	for (int nth = 1; hit; nth++) {
		struct store *s;

		begin_with(r.op->from);
		s = open_store(&r, &err);
		assert_non_null(s);
		vfs_arm(VFS_READ, SQLITE_IOERR_READ, nth, false);
		err_clear(&err);
		failed = 0;
		if (store_tx(s, deaf, &failed, &err) == 0)
			same(&r, "deaf", r.new);
		else
			same(&r, "deaf", r.old);
		any += failed > 0;
		hit = vfs_disarm();
		store_free(&s);
	}
	assert_true(any > 0);
	free(r.old);
	free(r.new);
}

/* --- on the way to WAL --- */

static sqlite3 *writer;

static void end_writer(void)
{
	assert_int_equal(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL),
			 SQLITE_OK);
	vfs_waiting = NULL;
}

/* Somebody writes while the file is not in WAL yet. */
static void test_writer(void **state)
{
	struct run r = { .op = &tx_op };
	struct store *s = NULL;
	int64_t began = clock_mono_ms();

	begin_with("before");
	assert_int_equal(sqlite3_open(kit_path, &writer), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL),
		SQLITE_OK);
	assert_null(open_store(&r, &err));
	vfs_fault.code = SQLITE_BUSY;
	check_said(&err);
	assert_in_range(clock_mono_ms() - began, 3000, 3500);
	vfs_waiting = end_writer;
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	assert_null(vfs_waiting);
	OK(op_upgrade(s, &err));
	store_free(&s);
	assert_int_equal(sqlite3_close(writer), SQLITE_OK);
}

/* --- what they begin with --- */

static void fill(struct store *s)
{
	struct store_cert row = { .name = A,
				  .enabled = true,
				  .csr = BLOB("CSR"),
				  .md5_modulus = "m",
				  .ts_due = 50 };
	struct store_accept a = {
		.owner = "me",
		.crt = BLOB("crt1"),
		.ca = BLOB("ca1"),
		.md5_ca = "md5",
		.crt_sha256 = "sha1",
		.ts_expire = 9000,
		.ts_not_before = 1000,
		.ts_due = 1500,
		.attempt = { .name = A, .outcome = "ok", .ts_start = 1000 },
	};
	struct store_proof p = { .id = "id1",
				 .name = A,
				 .lease_owner = "me",
				 .type = "http-01",
				 .owner = "/path",
				 .value = "v" };

	OK(store_add(s, &row, &err));
	row.name = B_;
	OK(store_add(s, &row, &err));
	row.name = C;
	OK(store_add(s, &row, &err));
	RC(1, store_claim(s, A, "me", 1000, 9000, &err));
	OK(store_accept(s, &a, &err));
	RC(1, store_claim(s, A, "me", 1600, 9000, &err));
	RC(1, store_claim(s, B_, "me", 1600, 9000, &err));
	OK(put(s, A, "new", &err));
	OK(put(s, B_, "finalized", &err));
	OK(store_proof_put(s, &p, &err));
}

static char *csr_pem(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *pem;
	long n;

	assert_true(X509_REQ_set_pubkey(req, key));
	assert_true(X509_REQ_sign(req, key, EVP_sha256()));
	assert_true(PEM_write_bio_X509_REQ(bio, req));
	n = BIO_get_mem_data(bio, &p);
	pem = mem_strndup(p, (size_t) n);
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return pem;
}

/* As it was before this version, with a row that has no key_sha256: one step
 * behind, for each is a transaction. */
static void make_before(void)
{
	AUTO(mem_free_str) char *csr = csr_pem();
	AUTO(mem_free_str)
	char *row = mem_printf(
		"INSERT INTO certs (name, csr, md5_modulus) VALUES ('x', '%s', "
		"'m'); INSERT INTO orders (name, slot, ca_name, state, "
		"ts_created) VALUES ('x', 0, 'le', 'new', 1); "
		"INSERT INTO schema_version VALUES (%d, 1, 1, 900)",
		csr, STORE_SCHEMA_VERSION - 1);
	sqlite3 *h;

	assert_int_equal(sqlite3_open(at("before", ""), &h), SQLITE_OK);
	for (const struct store_schema_step *step = store_schema_steps;
	     step->dialect; step++)
		if (strcmp(step->dialect, "sqlite") == 0 &&
		    step->version < STORE_SCHEMA_VERSION)
			assert_int_equal(
				sqlite3_exec(h, step->sql, NULL, NULL, NULL),
				SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, row, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

static int group_setup(void **state)
{
	struct store *s = NULL;
	int from, to;

	memset(big, 'x', sizeof(big));
	if (vfs_register() == -1 || kit_begin() == -1)
		return -1;
	conf.timeout = 3;
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1000, &from, &to, &err));
	fill(s);
	vfs_copy(kit_path, at("crashed", ""));
	vfs_copy(at("certrepo.db", "-wal"), at("crashed", "-wal"));
	store_free(&s);
	vfs_copy(kit_path, at("filled", ""));
	make_before();
	return 0;
}

/* By the tests before it. */
static void test_reached(void **state)
{
	for (int i = 0; i < VFS_CALLS; i++)
		if (!vfs_hits[i])
			fail_msg("call %d never failed", i);
}

static int group_teardown(void **state)
{
	unlink(at("crashed", ""));
	unlink(at("crashed", "-wal"));
	unlink(at("filled", ""));
	unlink(at("before", ""));
	kit_end();
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(ops) + 5] = {
		{ "tx", test_op, NULL, NULL, (void *) &tx_op },
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_writer),
	};
	size_t n = 4;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		tests[n++] = (struct CMUnitTest){ ops[i].name, test_op, NULL,
						  NULL, (void *) &ops[i] };
	tests[n++] = (struct CMUnitTest) cmocka_unit_test(test_reached);
	if (kit_mariadb() || kit_env("CERTREPO_TEST_OWNER")) {
		printf("1..0 # SKIP needs SQLite in this process\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
