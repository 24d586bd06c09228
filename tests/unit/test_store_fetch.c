/* SPDX-License-Identifier: MIT */
/* What a fetcher does with a row, from its lease to how it ended. */
#include "rows_kit.h"

static void test_claim(void **state)
{
	add("a.example.org");
	OK(kit_set_due(s, "a.example.org", 100, &err));
	RC(0, store_claim(s, "b.example.org", "me", 100, 200, &err));
	RC(1, store_claim(s, "a.example.org", "me", 100, 200, &err));
	assert_string_equal(get("a.example.org")->lease_owner, "me");
	assert_int_equal(get("a.example.org")->lease_until, 200);
	assert_int_equal(get("a.example.org")->ts_last_update, 100);
	RC(0, store_claim(s, "a.example.org", "you", 150, 300, &err));
	RC(1, store_claim(s, "a.example.org", "me", 150, 250, &err));
	/* Renewed with nothing changed: matched is what counts. */
	RC(1, store_claim(s, "a.example.org", "me", 150, 250, &err));
	RC(0, store_claim(s, "a.example.org", "you", 250, 300, &err));
	RC(1, store_claim(s, "a.example.org", "you", 251, 300, &err));
	OK(store_release(s, "a.example.org", "me", &err));
	assert_string_equal(get("a.example.org")->lease_owner, "you");
	OK(store_release(s, "a.example.org", "you", &err));
	assert_null(get("a.example.org")->lease_owner);
	RC(0, store_claim_due(s, "a.example.org", "me", 99, 200, &err));
	RC(1, store_claim_due(s, "a.example.org", "me", 100, 200, &err));
	OK(store_release_all(s, "me", &err));
	assert_null(get("a.example.org")->lease_owner);
	raw("UPDATE certs SET enable = 'N'");
	RC(0, store_claim_due(s, "a.example.org", "me", 100, 200, &err));
	RC(1, store_claim(s, "a.example.org", "me", 100, 200, &err));
}

static void test_refresh(void **state)
{
	struct store_derived d = {
		.ts_expire = 7000,
		.ts_not_before = 1000,
		.ts_due = 5000,
		.crt_sha256 = "11",
		.key_sha256 = "22",
	};
	struct store_due one;
	bool enabled;

	add("a.example.org");
	/* What download_cert.pl does to it. */
	raw("UPDATE certs SET crt='CRT', ca='CA', md5_ca='m', "
	    "ts_expire=6999, ts_last_update=5000, count_fail_update=0 "
	    "WHERE name='a.example.org'");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_true(one.stale);
	OK(store_refresh(s, "a.example.org", &d, get("a.example.org"), &err));
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_false(one.stale);
	assert_true(one.has_crt);
	assert_int_equal(one.ts_expire, 7000);
	assert_int_equal(one.ts_not_before, 1000);
	assert_int_equal(one.ts_due, 5000);
	assert_string_equal(get("a.example.org")->crt_sha256, "11");
	assert_string_equal(get("a.example.org")->key_sha256, "22");
	/* 9999-12-31 does not fit the column of 2019. */
	d.ts_expire = 253402300799;
	d.key_sha256 = NULL;
	OK(store_refresh(s, "a.example.org", &d, get("a.example.org"), &err));
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	assert_true(one.ts_expire == 4294967295);
	assert_false(one.stale);
	assert_string_equal(get("a.example.org")->key_sha256, "22");
}

/* What changes a row between the fetcher's look at it and its word on it. */
static const char *const meanwhile[] = {
	"UPDATE certs SET renew = 1",
	"UPDATE certs SET ts_due = 3",
	"UPDATE certs SET ts_next_attempt = 4",
};
static const char *const meanwhile_blobs[] = {
	"UPDATE certs SET csr = 'another'",
	"UPDATE certs SET crt = 'another'",
	"UPDATE certs SET crt = NULL",
	"UPDATE certs SET held = 1",
};

/* Whether the row is still as the change SQL left it, after both. */
static bool stays(const char *sql, bool due_too)
{
	const struct store_derived d = { .ts_expire = 7000, .ts_due = 5000 };
	struct store_cert *row, *after;
	struct store_due one;
	bool enabled, same = true;
	int64_t want;

	raw("UPDATE certs SET csr = 'c', crt = 'CRT', ts_expire = 6999, "
	    "renew = 0, ts_due = 1, ts_next_attempt = 0, held = 0");
	row = get("a.example.org");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	raw(sql);
	want = get("a.example.org")->ts_due;
	OK(store_refresh(s, "a.example.org", &d, row, &err));
	after = get("a.example.org");
	same = after->ts_due == want && after->ts_expire == 6999;
	if (due_too) {
		OK(store_set_due(s, "a.example.org", 5000, &one, &err));
		same = same && get("a.example.org")->ts_due == want;
	}
	return same;
}

static void test_meanwhile(void **state)
{
	struct store_due one;
	struct store_cert *row;
	bool enabled;

	add("a.example.org");
	for (size_t i = 0; i < ARRAY_LEN(meanwhile); i++)
		assert_true(stays(meanwhile[i], true));
	for (size_t i = 0; i < ARRAY_LEN(meanwhile_blobs); i++)
		assert_true(stays(meanwhile_blobs[i], false));
	assert_false(stays("UPDATE certs SET comment = 'x'", true));
	/* A CSR of a person's, put in place of the one that was looked at. */
	raw("UPDATE certs SET renew = 0, ts_due = 1");
	row = get("a.example.org");
	RC(1, store_due_one(s, "a.example.org", arena, &one, &enabled, &err));
	OK(store_replace_csr(s, "a.example.org", BLOB("new"), "bb", "cc",
			     &err));
	OK(store_set_due(s, "a.example.org", 5000, &one, &err));
	OK(store_refresh(s, "a.example.org",
			 &(struct store_derived){ .ts_due = 5000 }, row, &err));
	assert_int_equal(get("a.example.org")->ts_due, 0);
	assert_true(get("a.example.org")->renew);
	/* Text that a person wrote into SQLite is the same as its bytes. */
	raw("UPDATE certs SET csr = 'text', crt = 'more'");
	OK(store_refresh(s, "a.example.org",
			 &(struct store_derived){ .ts_due = 6000 },
			 get("a.example.org"), &err));
	assert_int_equal(get("a.example.org")->ts_due, 6000);
}

static void test_orders(void **state)
{
	struct store_order o = {
		.name = "a.example.org",
		.ca_name = "le",
		.account = "https://ca/acct/1",
		.key_sha256 = "ab",
		.state = "new",
		.ts_created = 77,
	};
	struct store_order got = { 0 };
	struct store_attempt a = { .name = "a.example.org",
				   .ca_name = "le",
				   .outcome = "gone",
				   .ts_start = 80,
				   .ts_end = 81 };
	struct store_attempts tried;

	add("a.example.org");
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	OK(store_order_put(s, &o, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	assert_int_equal(got.ts_state, 0);
	o.url = "https://ca/order/9";
	o.state = "finalized";
	o.ts_state = 78;
	o.ts_expires = 2000000000;
	OK(store_order_put(s, &o, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	assert_string_equal(got.url, o.url);
	assert_string_equal(got.state, "finalized");
	assert_string_equal(got.account, o.account);
	assert_int_equal(got.ts_created, 77);
	assert_int_equal(got.ts_state, 78);
	assert_int_equal(got.ts_expires, 2000000000);
	RC(0, store_order_get(s, "a.example.org", 1, arena, &got, &err));
	/* another's order stays */
	a.order_url = "https://ca/order/other";
	OK(store_order_gone(s, 0, &a, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	/* with its attempt, once, however often it runs */
	a.order_url = o.url;
	OK(store_order_gone(s, 0, &a, &err));
	OK(store_order_gone(s, 0, &a, &err));
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "gone");
	o.url = "https://ca/\xff";
	FAILS(ERR_INPUT, "not plain ASCII", store_order_put(s, &o, &err));
}

/* Three ways to lose a row in the middle of its order. */
static void test_row_lost(void **state)
{
	struct store_order o = { .name = "a.example.org",
				 .owner = "me",
				 .ca_name = "le",
				 .url = "https://ca/order/1",
				 .state = "new",
				 .ts_created = 1 };
	struct store_fail f = { .owner = "me",
				.next = 99,
				.attempt = { .name = "a.example.org",
					     .outcome = "dns",
					     .detail = "no",
					     .ts_start = 1,
					     .ts_end = 2 } };
	struct store_accept acc = { .owner = "me",
				    .crt = BLOB("crt"),
				    .ca = BLOB("ca"),
				    .md5_ca = "m",
				    .crt_sha256 = "s",
				    .attempt = f.attempt };
	struct store_park p = { .owner = "me", .attempt = f.attempt };
	struct store_order got = { 0 };

	add("a.example.org");
	FAILS(ERR_CONFLICT, "was changed meanwhile",
	      store_order_put(s, &o, &err));
	RC(1, store_claim(s, "a.example.org", "other", 1, 100, &err));
	FAILS(ERR_CONFLICT, "another instance, other, has",
	      store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "another instance, other, has",
	      store_fail(s, &f, &err));
	RC(0, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	o.owner = "other";
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "has taken", store_accept(s, &acc, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &got, &err));
	RC(1, store_lease_break(s, "a.example.org", &err));
	FAILS(ERR_CONFLICT, "its lease broken", store_park(s, &p, &err));
	/* An older program left its order after the name was removed. */
	RC(1, store_remove(s, "a.example.org", &err));
	for (int i = 0; i < 4; i++) {
		OK(db_script(s->db,
			     "INSERT INTO orders (name, slot, ca_name, state, "
			     "ts_created) VALUES ('a.example.org', 0, 'le', "
			     "'new', 1), ('b.example.org', 0, 'le', 'new', 1)",
			     &err));
		FAILS(ERR_CONFLICT, "a.example.org was removed meanwhile",
		      i == 0   ? store_order_put(s, &o, &err)
		      : i == 1 ? store_fail(s, &f, &err)
		      : i == 2 ? store_park(s, &p, &err)
			       : store_accept(s, &acc, &err));
		RC(0,
		   store_order_get(s, "a.example.org", 0, arena, &got, &err));
		RC(1,
		   store_order_get(s, "b.example.org", 0, arena, &got, &err));
		OK(db_script(s->db, "DELETE FROM orders", &err));
	}
}

static void test_proofs(void **state)
{
	struct store_proof p = {
		.id = "b1",
		.name = "a.example.org",
		.lease_owner = "me",
		.type = "dns-01",
		.zone = "example.org",
		.server = "192.0.2.1",
		.owner = "_acme-challenge.a.example.org",
		.value = "xyz",
		.ts_created = 20,
	};
	struct store_proofs all = { 0 };

	OK(store_proof_put(s, &p, &err));
	OK(store_proof_put(s, &p, &err)); /* again: one */
	p.id = "a2";
	p.zone = NULL;
	p.server = NULL;
	p.type = "http-01";
	p.ts_created = 10;
	OK(store_proof_put(s, &p, &err));
	p.id = "c3";
	p.lease_owner = "you";
	OK(store_proof_put(s, &p, &err));
	OK(store_proofs_of(s, "me", 10, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].id, "a2");
	assert_null(all.v[0].zone);
	assert_string_equal(all.v[1].id, "b1");
	assert_string_equal(all.v[1].server, "192.0.2.1");
	OK(store_proofs_of(s, "me", 1, arena, &all, &err));
	assert_int_equal(all.n, 1);
	OK(store_proof_drop(s, "a2", "me", &err));
	OK(store_proof_drop(s, "a2", "me", &err));
	OK(store_proofs_of(s, "me", 10, arena, &all, &err));
	assert_int_equal(all.n, 1);
	/* another resumed the order, and put the same proof there */
	p.id = "b1";
	OK(store_proof_put(s, &p, &err));
	OK(store_proof_drop(s, "b1", "me", &err));
	OK(store_proofs_of(s, "you", 10, arena, &all, &err));
	assert_int_equal(all.n, 2);
	OK(store_proof_drop(s, "b1", "you", &err));
	OK(store_proofs_of(s, "you", 10, arena, &all, &err));
	assert_int_equal(all.n, 1);
}

static size_t attempts(void)
{
	struct store_attempts all = { 0 };

	OK(store_attempts_of(s, "a.example.org", 100, arena, &all, &err));
	return all.n;
}

static void test_accept(void **state)
{
	struct store_accept a = accept_of("crt1", "ca1", 1000);
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .state = "new" };
	struct store_cert *g;

	add("a.example.org");
	FAILS(ERR_CONFLICT, "a.example.org", store_accept(s, &a, &err));
	assert_null(get("a.example.org")->crt.p);
	assert_int_equal(attempts(), 0);
	OK(store_order_put(s, &o, &err));
	/* of the one before */
	OK(db_script(s->db,
		     "UPDATE certs SET ari_crt = 'crt0', ts_ari = 5, "
		     "ari_start = 4, ari_end = 6, ari_url = 'https://why', "
		     "ts_ari_poll = 7",
		     &err));
	accept_it("crt1", "ca1", 1000);
	g = get("a.example.org");
	assert_null(g->ari_crt);
	assert_null(g->ari_url);
	assert_int_equal(g->ts_ari + g->ari_start + g->ari_end, 0);
	assert_int_equal(g->ts_ari_poll, 4600);
	assert_blob(g->crt, "crt1");
	assert_blob(g->ca, "ca1");
	assert_null(g->old_crt.p);
	assert_null(g->old_ca.p);
	assert_string_equal(g->md5_ca, "ca1");
	assert_string_equal(g->crt_sha256, "crt1");
	assert_int_equal(g->ts_expire, 10000);
	assert_int_equal(g->ts_not_before, 1000);
	assert_int_equal(g->ts_due, 7000);
	assert_null(g->lease_owner);
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(attempts(), 1);
	/* A second one shifts, on every database; the CA is the same. */
	accept_it("crt2", "ca1", 2000);
	g = get("a.example.org");
	assert_blob(g->crt, "crt2");
	assert_blob(g->old_crt, "crt1");
	assert_blob(g->ca, "ca1");
	assert_null(g->old_ca.p);
	accept_it("crt3", "ca2", 3000);
	g = get("a.example.org");
	assert_blob(g->old_crt, "crt2");
	assert_blob(g->old_ca, "ca1");
	/* Back to the same CA: the previous different one stays. */
	accept_it("crt4", "ca2", 4000);
	g = get("a.example.org");
	assert_blob(g->old_crt, "crt3");
	assert_blob(g->ca, "ca2");
	assert_blob(g->old_ca, "ca1");
	assert_int_equal(attempts(), 4);
}

/* The commit went through, its answer did not: all runs again. */
static void test_accept_again(void **state)
{
	struct store_accept a = accept_of("crt2", "ca2", 2000);
	struct store_cert *g;

	add("a.example.org");
	accept_it("crt1", "ca1", 1000);
	accept_it("crt2", "ca2", 2000);
	OK(store_accept(s, &a, &err));
	OK(store_accept(s, &a, &err));
	g = get("a.example.org");
	assert_blob(g->crt, "crt2");
	assert_blob(g->old_crt, "crt1");
	assert_blob(g->old_ca, "ca1");
	assert_int_equal(attempts(), 2);
	/* Accepted again under a lease: still not shifted. */
	accept_it("crt2", "ca2", 2000);
	assert_blob(get("a.example.org")->old_crt, "crt1");
	assert_blob(get("a.example.org")->old_ca, "ca1");
	/* Somebody else has it: not ours to store. */
	RC(1, store_claim(s, "a.example.org", "you", 3000, 4000, &err));
	a = accept_of("crt3", "ca2", 3000);
	FAILS(ERR_CONFLICT, "another instance", store_accept(s, &a, &err));
	assert_blob(get("a.example.org")->crt, "crt2");
	assert_string_equal(get("a.example.org")->lease_owner, "you");
}

static void test_accept_clears(void **state)
{
	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 7, held = 1, renew = 1, "
	    "ts_next_attempt = 99, fail_class = 'dns', fail_detail = 'x'");
	accept_it("crt1", "ca1", 1000);
	assert_int_equal(get("a.example.org")->count_fail_update, 0);
	assert_false(get("a.example.org")->held);
	assert_false(get("a.example.org")->renew);
	assert_int_equal(get("a.example.org")->ts_next_attempt, 0);
	assert_null(get("a.example.org")->fail_class);
	assert_null(get("a.example.org")->fail_detail);
}

/* Claims a.example.org and parks it. */
static void park_it(struct store_park *p, int64_t start)
{
	RC(1, store_claim(s, "a.example.org", "me", start, start + 99, &err));
	p->next = start + 600;
	p->attempt.ts_start = start;
	p->attempt.ts_end = start + 60;
	OK(store_park(s, p, &err));
}

static void test_park(void **state)
{
	struct store_park p = {
		.owner = "me",
		.next = 5000,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .order_url = "https://ca/order/9",
			     .detail = "waits for the CA since ...",
			     .ts_start = 1000,
			     .ts_end = 1060 },
	};
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .url = "https://ca/order/9",
				 .state = "finalized",
				 .ts_created = 900,
				 .ts_state = 990 };
	struct store_attempts all = { 0 };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 3");
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "was changed meanwhile", store_park(s, &p, &err));
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_string_equal(o.state, "finalized");
	park_it(&p, 1000);
	OK(store_park(s, &p, &err)); /* the answer was lost */
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 3);
	assert_int_equal(g->ts_due, 1600);
	assert_int_equal(g->ts_next_attempt, 1600);
	assert_string_equal(g->fail_class, "parked");
	assert_string_equal(g->fail_detail, p.attempt.detail);
	assert_false(g->held);
	assert_null(g->lease_owner);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_string_equal(o.state, "parked");
	assert_string_equal(o.url, "https://ca/order/9");
	assert_int_equal(o.ts_created, 900);
	assert_int_equal(o.ts_state, 1060);
	/* Parked again: since the first time. */
	park_it(&p, 2000);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(o.ts_state, 1060);
	assert_int_equal(get("a.example.org")->ts_due, 2600);
	OK(store_attempts_of(s, "a.example.org", 9, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].outcome, "parked");
	assert_int_equal(all.v[0].ts_start, 2000);
	/* Another order's is another matter. */
	o.state = "finalized";
	o.ts_state = 2500;
	OK(store_order_put(s, &o, &err));
	park_it(&p, 3000);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(o.ts_state, 3060);
	accept_it("crt1", "ca1", 4000);
	assert_null(get("a.example.org")->fail_class);
}

/* A person acts while an attempt is under way: what he set stays. */
static void test_fail_set(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = 5000,
		.count = true,
		.hold = true,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "config",
			     .ts_start = 1000,
			     .ts_end = 1010 },
	};
	struct store_park p = { .owner = "me",
				.next = 5000,
				.attempt = f.attempt };
	struct store_attempts tried = { 0 };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = 9, ts_next_attempt = 900, "
	    "ts_due = 900");
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	f.read = p.read = get("a.example.org");
	RC(1, store_set(s, "a.example.org", NULL, 0, 0, &err));
	RC(1, store_fail(s, &f, &err));
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 0);
	assert_false(g->held);
	assert_int_equal(g->ts_due, 0);
	assert_int_equal(g->ts_next_attempt, 0);
	assert_null(g->lease_owner);
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "config");
	OK(store_fail(s, &f, &err)); /* the answer was lost */
	assert_int_equal(attempts(), 1);
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	RC(1, store_park(s, &p, &err));
	assert_int_equal(get("a.example.org")->ts_due, 0);
	assert_null(get("a.example.org")->lease_owner);
	/* Nobody did: as ever. */
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	f.read = get("a.example.org");
	f.attempt.ts_start = 1500;
	OK(store_fail(s, &f, &err));
	assert_int_equal(get("a.example.org")->count_fail_update, 1);
	assert_true(get("a.example.org")->held);
}

/* Of a row that cannot be written to. */
static void test_attempt(void **state)
{
	const struct store_attempt a = { .name = "a.example.org",
					 .outcome = "locked",
					 .detail = "by somebody" };
	struct store_attempts tried = { 0 };

	OK(store_attempt_add(s, &a, &err));
	OK(store_attempts_of(s, "a.example.org", 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "locked");
}

static void test_fail(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = 5000,
		.count = true,
		.attempt = { .name = "a.example.org",
			     .ca_name = "le",
			     .outcome = "dns",
			     .detail = "no \xc3\xa4nswer\n",
			     .ts_start = 1000,
			     .ts_end = 1010 },
	};
	struct store_order o = { .name = "a.example.org",
				 .ca_name = "le",
				 .state = "new" };
	struct store_cert *g;

	add("a.example.org");
	raw("UPDATE certs SET count_fail_update = NULL");
	OK(store_order_put(s, &o, &err));
	FAILS(ERR_CONFLICT, "was changed meanwhile", store_fail(s, &f, &err));
	RC(1, store_claim(s, "a.example.org", "me", 1000, 2000, &err));
	OK(store_fail(s, &f, &err));
	OK(store_fail(s, &f, &err)); /* the answer was lost */
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 1);
	assert_string_equal(g->fail_class, "dns");
	assert_string_equal(g->fail_detail, "no ??nswer?");
	assert_int_equal(g->ts_next_attempt, 5000);
	assert_int_equal(g->ts_due, 5000);
	assert_false(g->held);
	assert_null(g->lease_owner);
	assert_int_equal(attempts(), 1);
	RC(1, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	RC(1, store_claim(s, "a.example.org", "me", 5000, 6000, &err));
	f.hold = f.drop_order = true;
	f.count = false;
	f.attempt.ts_start = 5000;
	OK(store_fail(s, &f, &err));
	g = get("a.example.org");
	assert_int_equal(g->count_fail_update, 1);
	assert_true(g->held);
	assert_true(g->ts_due == STORE_NEVER);
	RC(0, store_order_get(s, "a.example.org", 0, arena, &o, &err));
	assert_int_equal(attempts(), 2);
	/* A person acts. */
	RC(1, store_set(s, "a.example.org", NULL, 0, 6000, &err));
	g = get("a.example.org");
	assert_false(g->held);
	assert_int_equal(g->count_fail_update, 0);
	assert_int_equal(g->ts_next_attempt, 0);
	assert_int_equal(g->ts_due, 6000);
}

static void test_attempts_order(void **state)
{
	struct store_attempts all = { 0 };

	add("a.example.org");
	accept_it("crt1", "ca1", 1000);
	accept_it("crt2", "ca1", 3000);
	accept_it("crt3", "ca1", 2000);
	OK(store_attempts_of(s, "a.example.org", 2, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_int_equal(all.v[0].ts_start, 3000);
	assert_int_equal(all.v[1].ts_start, 2000);
	assert_string_equal(all.v[0].outcome, "ok");
	assert_null(all.v[0].detail);
	assert_string_equal(all.v[0].order_url, "url");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_claim),	  TEST(test_refresh),
		TEST(test_meanwhile),	  TEST(test_orders),
		TEST(test_row_lost),	  TEST(test_proofs),
		TEST(test_accept),	  TEST(test_accept_again),
		TEST(test_accept_clears), TEST(test_park),
		TEST(test_fail),	  TEST(test_fail_set),
		TEST(test_attempt),	  TEST(test_attempts_order),
	};

	return ROWS_RUN(tests);
}
