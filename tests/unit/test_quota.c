/* SPDX-License-Identifier: MIT */
/* How many orders rules make for one host, and together. */
#include "ask_kit.h"
#include "quota.h"

static struct quota *quota;

static int setup(void **state)
{
	if (kit_ask_setup(state))
		return -1;
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	kit_host(WEB1, "h1");
	kit_host(WEB2, "h2");
	quota = quota_new();
	return 0;
}

static int teardown(void **state)
{
	quota_free(&quota);
	return kit_teardown(state);
}

/* HOST asks for N.DOMAIN: why no rule takes it, or "". */
static const char *take(const char *host, const char *account, int n,
			const char *domain)
{
	const char *name = arena_printf(p.arena, "n%d.%s", n, domain);
	struct fleet_request r;
	struct ask k;
	const char *why;

	kit_sh("openssl req -new -key key.key -subj /CN=%s -out asked", name);
	r = kit_request(kit_ask(account, host, name, "asked"));
	DO(ask_look(&p, &r, p.arena, &k, &err));
	assert_int_equal(k.fault.kind, ERR_NONE);
	DO(quota_take(quota, &k, &err));
	assert_int_equal(k.v.by_rule, !k.v.no_rule);
	why = k.v.no_rule ? k.v.no_rule : "";
	ask_free(&k);
	return why;
}

/* N rows that HOST was given AGO, by requests; each waits for its first
 * order, or has had it. */
static void given(const char *host, const char *account, int n, int64_t ago,
		  bool ordered)
{
	for (int i = 0; i < n; i++) {
		const char *as =
			arena_printf(p.arena, "%s%d.example.org", account, i);

		DO(store_exec_try(
			p.store,
			"INSERT INTO certs (name, enable, csr, md5_modulus, "
			"ts_expire, ts_last_update, count_fail_update) VALUES "
			"(?, 'Y', 'x', 'x', ?, 1, 0)",
			ARGS(T(as), I(ordered ? NOW * 2LL : 1)), NULL, &err));
		DO(store_exec_try(
			p.store,
			"INSERT INTO host_requests (account, host, name, csr, "
			"key_sha256, state, as_name, ts, ts_decided) VALUES "
			"(?, ?, ?, 'x', 'k', 'approved', ?, 1, ?)",
			ARGS(T(account), T(host), T(as), T(as), I(NOW - ago)),
			NULL, &err));
		if (ordered)
			DO(store_exec_try(
				p.store,
				"INSERT INTO attempts (name, ca_name, "
				"ts_start, ts_end, outcome) VALUES (?, 'own', "
				"1, ?, 'ok')",
				ARGS(T(as), I(NOW - ago + 60)), NULL, &err));
	}
}

#define SHARE                                                                \
	"this host had 10 orders for example.org in 7 days, and rules give " \
	"one host no more of the 40 that all have together"

static void one_host(void **state)
{
	for (int i = 0; i < 10; i++)
		assert_string_equal(take(WEB1, "h1", i, "example.org"), "");
	assert_string_equal(take(WEB1, "h1", 10, "example.org"), SHARE);
	/* Others have theirs, and so has the person. */
	assert_string_equal(take(WEB2, "h2", 11, "example.org"), "");
	p.opt.yes = true;
	assert_string_equal(take(WEB1, "h1", 12, "example.org"), "");
}

/* A run before this one. */
static void remembered(void **state)
{
	given(WEB1, "h1", 5, 3600, false);
	given(WEB1, "h1x", 20, 3600, false); /* of another account */
	assert_string_equal(take(WEB1, "h1", 0, "example.org"), "");
	quota_free(&quota);
	quota = quota_new();
	given(WEB2, "h2", 9, 86400, true);
	assert_string_equal(take(WEB2, "h2", 0, "example.org"), "");
	assert_string_equal(take(WEB2, "h2", 1, "example.org"), SHARE);
}

static void not_counted(void **state)
{
	/* A week ago; and what it was granted: nothing was ordered for it. */
	given(WEB1, "h1", 12, 8 * 86400, false);
	given(WEB2, "h2", 12, 3600, true);
	DO(store_exec_try(p.store, "DELETE FROM attempts", NO_ARGS, NULL,
			  &err));
	assert_string_equal(take(WEB1, "h1", 0, "example.org"), "");
	assert_string_equal(take(WEB2, "h2", 0, "example.org"), "");
	/* What it asked for again counts as before, until that is decided. */
	DO(store_exec_try(p.store,
			  "UPDATE host_requests SET state = 'pending', "
			  "ts_decided = ? WHERE as_name IS NOT NULL AND host = "
			  "'" WEB1 "'",
			  ARGS(I(NOW - 60)), NULL, &err));
	quota_free(&quota);
	quota = quota_new();
	assert_string_equal(take(WEB1, "h1", 1, "example.org"), SHARE);
}

static void all_hosts(void **state)
{
	given(WEB2, "h2", 40, 3600, false);
	assert_string_equal(take(WEB1, "h1", 0, "example.org"),
			    "example.org has its 40 orders of 7 days already");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T_(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T_(one_host),
		T_(remembered),
		T_(not_counted),
		T_(all_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
