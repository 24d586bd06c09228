/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "scratch.h"
#include "x509_kit.h"
#include "store_kit.h"
#include "clock.h"
#include "due_policy.h"
#include "held.h"
#include "pick.h"

#define DAY 86400

static struct store *store;
static int64_t now, not_before, not_after;

static struct sbuf crt = SBUF_INIT(1 << 20);

static int group_setup(void **state)
{
	struct x509_chain *chain;

	if (scratch_setup(state) != 0)
		return -1;
	kit_pki(); /* leaf.pem: 90 days from now */
	kit_read("leaf.pem", &crt);
	chain = kit_chain("leaf.pem", &err);
	not_before = x509_chain_not_before(chain);
	not_after = x509_chain_not_after(chain);
	x509_chain_free(&chain);
	return 0;
}

static int group_teardown(void **state)
{
	sbuf_free(&crt);
	return scratch_teardown(state);
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	now = time(NULL);
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	kit_end();
	return 0;
}

static void add(const char *name, bool enabled)
{
	struct store_cert row = { .name = name,
				  .enabled = enabled,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x",
				  .key_sha256 = name };

	OK(store_add(store, &row, &err));
}

/* A row with leaf.pem, as store_accept leaves it. */
static void issued(const char *name, int64_t due)
{
	struct store_accept a = {
		.owner = "me",
		.crt = { sbuf_str(&crt), crt.len },
		.ca = BLOB(""),
		.md5_ca = "x",
		.crt_sha256 = "x",
		.ts_expire = not_after,
		.ts_not_before = not_before,
		.ts_due = due,
		.attempt = { .name = name, .ca_name = "x", .outcome = "ok" },
	};

	add(name, true);
	RC(1, store_claim(store, name, "me", now, now + 60, &err));
	OK(store_accept(store, &a, &err));
}

static int64_t due_of(const char *name)
{
	struct arena *arena = arena_new();
	struct store_due d;
	bool enabled;

	RC(1, store_due_one(store, name, arena, &d, &enabled, &err));
	arena_free(&arena);
	return d.ts_due;
}

/* What was picked, "name:reason " each, "!" for early ones. */
static char picked[1000];

static int on_pick(const struct pick *p, void *arg, struct err *e)
{
	char one[300];

	if (p->reason == DUE_NOT)
		return 0;
	snprintf(one, sizeof(one), "%s:%s%s ", p->name,
		 due_reason_text(p->reason), p->early ? "!" : "");
	strcat(picked, one);
	return 0;
}

static bool met_skip(const char *name, void *arg)
{
	return strcmp(name, "skip.example.org") == 0;
}

static const char *page(size_t limit, const struct pick_opts *po, size_t want_n)
{
	size_t n = 99;

	picked[0] = '\0';
	OK(pick_page(store, &(struct pick_queue){ NULL }, limit, po, met_skip,
		     on_pick, NULL, &n, &err));
	assert_int_equal(n, want_n);
	return picked;
}

static const char *one(const char *name, const struct pick_opts *po, int want)
{
	picked[0] = '\0';
	RC(want, pick_one(store, name, po, on_pick, NULL, &err));
	return picked;
}

static void pages(void **state)
{
	struct pick_opts po = { .now = now, .write = true };
	int64_t renew = not_after - (not_after - not_before) / 3;

	add("new.example.org", true);
	add("skip.example.org", true);
	add("off.example.org", false);
	issued("fresh.example.org", 0); /* due by a wrong ts_due */
	issued("later.example.org", now + DAY);
	assert_string_equal(page(10, &po, 3),
			    "new.example.org:no certificate yet ");
	/* set right, so that it does not come up again */
	assert_int_equal(due_of("fresh.example.org"), renew);
	page(10, &po, 2);
	assert_string_equal(page(1, &po, 1),
			    "new.example.org:no certificate yet ");
	/* in two months, the living first */
	po.now = renew;
	assert_string_equal(page(10, &po, 4),
			    "fresh.example.org:due for renewal "
			    "later.example.org:due for renewal "
			    "new.example.org:no certificate yet ");
}

static void nothing_written(void **state)
{
	struct pick_opts po = { .now = now };

	issued("fresh.example.org", 0);
	page(10, &po, 1);
	assert_int_equal(due_of("fresh.example.org"), 0);
}

static void names(void **state)
{
	struct pick_opts po = { .now = now, .write = true };
	struct pick_opts force = { .now = now, .force = true, .write = true };

	add("new.example.org", true);
	add("off.example.org", false);
	issued("later.example.org", now + DAY);
	one("none.example.org", &force, 0);
	one("off.example.org", &force, 0);
	assert_string_equal(picked, "");
	assert_string_equal(one("new.example.org", &po, 1),
			    "new.example.org:no certificate yet ");
	assert_string_equal(one("later.example.org", &po, 1), "");
	assert_string_equal(one("later.example.org", &force, 1),
			    "later.example.org:forced! ");
}

/* The statements of the script of 2019. */
static void script(const char *name, const char *blob, int64_t expire)
{
	char sql[8000];

	snprintf(sql, sizeof(sql),
		 "UPDATE certs SET crt = '%s', ts_expire = %lld, ts_due = 0 "
		 "WHERE name = '%s'",
		 blob, (long long) expire, name);
	OK(db_script(store->db, sql, &err));
}

static void stale(void **state)
{
	struct pick_opts po = { .now = now, .write = true };
	int64_t renew = not_after - (not_after - not_before) / 3;

	add("old.example.org", true);
	script("old.example.org", sbuf_str(&crt), not_after);
	assert_string_equal(page(10, &po, 1), "");
	assert_int_equal(due_of("old.example.org"), renew);
	page(10, &po, 0);
	/* a crt that is none is as good as missing */
	add("odd.example.org", true);
	script("odd.example.org", "rubbish", not_after);
	assert_string_equal(page(10, &po, 1),
			    "odd.example.org:no certificate yet ");
	assert_string_equal(page(10, &po, 1),
			    "odd.example.org:no certificate yet ");
}

/* SET, and ts_ari. */
static void ari(const char *set, int64_t at)
{
	char text[500];

	snprintf(text, sizeof(text), "UPDATE certs SET %s, ts_ari = %lld", set,
		 (long long) at);
	OK(db_script(store->db, text, &err));
}

/* What the CA asks for, of the certificate that is in the row. */
static void asked(void **state)
{
	struct pick_opts po = { .now = now, .write = true };
	struct certrepo_conf c = { .state_dir = scratch_dir };
	int64_t life = not_after - not_before, renew = not_after - life / 3;

	issued("a.example.org", 0);
	/* its first day is over: before that no CA is heeded */
	po.now = now + DAY;
	ari("ari_crt = 'x'", now + DAY);
	assert_string_equal(page(10, &po, 1),
			    "a.example.org:the CA asks for it ");
	/* later than by the rule, and not yet */
	ari("ari_crt = 'x'", renew + DAY);
	assert_string_equal(page(10, &po, 1), "");
	assert_int_equal(due_of("a.example.org"), renew + DAY);
	/* an older fetcher knows its own rule alone */
	OK(kit_set_due(store, "a.example.org", renew, &err));
	c.days_left = 1;
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), renew + DAY);
	c.days_left = 40;
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), not_after - 40 * DAY);
	c.days_left = 0;
	OK(due_policy_apply(&c, store, &err));
	/* of another certificate it says nothing */
	ari("ari_crt = 'y', ts_due = 0", now);
	assert_string_equal(page(10, &po, 1), "");
	assert_int_equal(due_of("a.example.org"), renew);
	/* nor when a script has put another there */
	ari("ari_crt = 'x'", now);
	script("a.example.org", sbuf_str(&crt), not_after + 1);
	assert_string_equal(page(10, &po, 1), "");
	assert_int_equal(due_of("a.example.org"), renew);
	/* and the same again: it is as it was */
	ari("ari_crt = crt_sha256", now);
	script("a.example.org", sbuf_str(&crt), not_after + 1);
	assert_string_equal(page(10, &po, 1),
			    "a.example.org:the CA asks for it ");
}

static void policy(void **state)
{
	struct certrepo_conf c = { .state_dir = scratch_dir };
	int64_t renew = not_after - (not_after - not_before) / 3;

	issued("a.example.org", renew);
	add("new.example.org", true);
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), renew);
	c.days_left = 20;
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), not_after - 20 * DAY);
	assert_int_equal(due_of("new.example.org"), 0);
	/* a row that an older version, with a wrong clock, put far ahead */
	OK(kit_set_due(store, "new.example.org", 4000000000, &err));
	scratch_write(scratch("fetcher.policy"), "days_left=20\n", 0600);
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("new.example.org"), 0);
	assert_int_equal(due_of("a.example.org"), not_after - 20 * DAY);
	/* it cannot be read, nor written: rows are set right all the same */
	OK(kit_set_due(store, "new.example.org", 4000000000, &err));
	assert_int_equal(unlink(scratch("fetcher.policy")), 0);
	assert_int_equal(mkdir(scratch("fetcher.policy"), 0700), 0);
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("new.example.org"), 0);
	assert_int_equal(rmdir(scratch("fetcher.policy")), 0);
	OK(due_policy_apply(&c, store, &err));
	/* the same again: what somebody postponed stays */
	OK(kit_set_due(store, "a.example.org", 5, &err));
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), 5);
	c.days_left = 0;
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), renew);
}

/* What HELD_REPORT says, from stderr. */
static const char *report_held(int64_t at)
{
	const struct certrepo_conf c = { .state_dir = scratch_dir };
	const struct notify_from from = { .conf = &c,
					  .populate = "certrepo-populate" };
	int old = dup(2),
	    fd = open(scratch("said"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int rc;

	dup2(fd, 2);
	close(fd);
	rc = held_report(&from, store, at, &err);
	dup2(old, 2);
	close(old);
	assert_int_equal(rc, 0);
	return scratch_read(scratch("said"));
}

static void held(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.hold = true,
		.count = true,
		.attempt = { .name = "bad.example.org",
			     .ca_name = "x",
			     .outcome = "caa",
			     .detail = "no" },
	};
	struct store_held two[] = { { "a", "caa" }, { "b", NULL } };
	struct store_helds rows = { two, 2 };
	char *text = held_text(&rows, 2);

	assert_string_equal(text, "a (caa), b (unknown)");
	free(text);
	text = held_text(&rows, 1);
	assert_string_equal(text, "a (caa) and others");
	free(text);

	add("bad.example.org", true);
	assert_string_equal(report_held(now), "");
	RC(1, store_claim(store, "bad.example.org", "me", now, now + 60, &err));
	OK(store_fail(store, &f, &err));
	assert_non_null(strstr(report_held(now), "bad.example.org (caa)"));
	/* once a day */
	assert_string_equal(report_held(now + 86399), "");
	assert_non_null(strstr(report_held(now + 86400), "bad.example.org"));
	/* a clock that was set back does not silence it */
	assert_non_null(strstr(report_held(now), "bad.example.org"));
	scratch_write(scratch("fetcher.held"), "rubbish", 0600);
	assert_non_null(strstr(report_held(now), "bad.example.org"));
}

/* SQLite lets a name be bytes, which come again and again: no order waits for
 * these. */
static void bytes(void **state)
{
	struct certrepo_conf c = { .state_dir = scratch_dir, .days_left = 7 };

	if (kit_mariadb())
		return;
	(void) unlink(scratch("fetcher.policy"));
	issued("a.example.org", now + 1);
	OK(db_script(store->db,
		     "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
		     "FROM n WHERE i < 600) INSERT INTO certs (name, enable, "
		     "csr, md5_modulus, ts_due) SELECT CAST('b' || i AS BLOB), "
		     "'Y', csr, md5_modulus, ts_due FROM n, certs",
		     &err));
	OK(due_policy_apply(&c, store, &err));
	assert_int_equal(due_of("a.example.org"), not_after - 7 * DAY);
	assert_int_equal(access(scratch("fetcher.policy"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(stale, setup, teardown),
		cmocka_unit_test_setup_teardown(asked, setup, teardown),
		cmocka_unit_test_setup_teardown(policy, setup, teardown),
		cmocka_unit_test_setup_teardown(held, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
