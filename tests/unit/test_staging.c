/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "staging.h"

#define NOW 1800000000

static struct arena *a;

static int setup(void **state)
{
	a = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&a);
	return scratch_teardown(state);
}

static struct certrepo_ca ca = {
	.name = "ca",
	.directory = "https://ca/d",
	.staging = "https://staging/d",
	.account_key = "/k.pem",
	.eab_kid = "real",
	.eab_key_file = "/real",
	.staging_eab_kid = "try",
	.staging_eab_key_file = "/try",
	.preferred_chain = "Root X",
	.max_names = 7,
};
static struct certrepo_ca other = { .name = "other", .directory = "https://o" };

/* Nothing of it is what a run would use. */
static void conf_of_tries(void **state)
{
	struct staging_try tries[3] = { { .name = "a", .ca = &ca },
					{ .name = "b", .ca = &ca },
					{ .name = "c", .ca = &other } };
	const struct staging_tries all = { tries, 3 };
	struct notify_conf notify = { .repeat = 1 };
	struct store_conf store = { .driver = "mariadb",
				    .password_file = "/p",
				    .timeout = 9 };
	void *cas[] = { &other, &ca };
	const struct certrepo_conf conf = { .state_dir = "/s",
					    .store = &store,
					    .notify = &notify,
					    .max_orders = 3,
					    .ca = { cas, 2 } };
	const struct certrepo_ca *got;
	struct certrepo_conf *try;

	tries[2].why.kind = ERR_CONFIG; /* it has none */
	try = staging_conf(&conf, &all, a);
	assert_string_equal(try->state_dir, "/s/staging");
	assert_string_equal(try->store->driver, "sqlite");
	assert_string_equal(try->store->path, "/s/staging/certrepo.db");
	assert_null(try->store->password_file);
	assert_int_equal(try->store->timeout, 9);
	assert_null(try->notify);
	assert_int_equal(try->max_orders, 3);
	assert_int_equal(try->ca.n, 1);
	got = try->ca.v[0];
	assert_string_equal(got->name, "ca-staging");
	assert_string_equal(got->directory, "https://staging/d");
	assert_string_equal(got->account_key,
			    "/s/staging/accounts/ca-staging.pem");
	assert_string_equal(got->staging_of, "ca");
	assert_string_equal(got->eab_kid, "try");
	assert_string_equal(got->eab_key_file, "/try");
	assert_null(got->preferred_chain);
	assert_int_equal(got->max_names, 7);
	assert_string_equal(ca.directory, "https://ca/d");
	assert_string_equal(ca.name, "ca");
}

/* A name is at most 64 characters. */
static void long_names(void **state)
{
	char name[65];
	struct certrepo_ca c = { .name = name };

	memset(name, 'x', 64);
	name[64] = '\0';
	assert_string_equal(staging_ca_name(&c, a), name);
	name[56] = '\0';
	assert_int_equal(strlen(staging_ca_name(&c, a)), 64);
}

static const char *text(const struct staging_try *t, bool worked)
{
	const char *said;
	bool got;

	said = staging_text(t, "FETCHER", "POPULATE", NOW, a, &got);
	assert_int_equal(got, worked);
	return said;
}

static void has(const char *said, const char *what)
{
	if (!strstr(said, what))
		fail_msg("no \"%s\" in: %s", what, said);
}

static void ends(const char *said, const char *what)
{
	size_t n = strlen(said), m = strlen(what);

	if (n < m || strcmp(said + n - m, what) != 0)
		fail_msg("it does not end in \"%s\": %s", what, said);
}

static void what_worked(void **state)
{
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(10000);
	struct store_cert row = { .name = "a.example", .enabled = true };
	struct store_cert got = { .name = "a.example", .enabled = true };
	struct staging_try t = {
		.name = "a.example", .row = &row, .ca = &ca, .got = &got
	};

	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout k -out c -days 90 "
	       "-subj '/CN=Is\"su\tr' "
	       "-addext subjectAltName=DNS:a.example,DNS:b.example");
	kit_read("c", &pem);
	got.crt = (struct store_blob){ sbuf_str(&pem), pem.len };
	has(text(&t, true), "a.example: it works, at https://staging/d\n");
	has(text(&t, true), "dns-01, accepted for a.example, b.example\n");
	has(text(&t, true), "from Is'su?r, good for ");
	has(text(&t, true), "1 certificate, the topmost from Is'su?r\n");
	ends(text(&t, true), "\n  FETCHER --once a.example\n");
	/* Its back-off, or its hold, is for a run that is not forced. */
	row.ts_due = row.ts_next_attempt = NOW + 1;
	ends(text(&t, true), "\n  FETCHER --once --force a.example\n");
	row.ts_due = row.ts_next_attempt = 0;
	row.held = true;
	ends(text(&t, true), "\n  FETCHER --once --force a.example\n");
	row.held = false;
	row.enabled = false;
	ends(text(&t, true), "--staging:\n  POPULATE enable a.example\n"
			     "  FETCHER --once a.example\n");
	row.enabled = true;
	row.crt = got.crt;
	row.ts_due = NOW + 1;
	ends(text(&t, true), "is renewed by itself, not before "
			     "2027-01-15T08:00:01Z.\n");
	row.ts_due = NOW - 1;
	ends(text(&t, true), "\n  FETCHER --once a.example\n");
	row.challenge = "http-01";
	t.order_url = "https://staging/\033[2J";
	has(text(&t, true), "proof        http-01");
	has(text(&t, true), "order        https://staging/?[2J\n");
}

static void what_failed(void **state)
{
	struct store_cert row = { .name = "a'b", .enabled = true };
	struct store_cert got = { .name = "a'b" };
	struct staging_try t = {
		.name = "a'b", .row = &row, .ca = &ca, .got = &got
	};

	got.fail_class = "caa";
	got.fail_detail = "CAA forbids it";
	has(text(&t, false), "a'b: failed, at https://staging/d: caa: CAA "
			     "forbids it\n  Change the CAA records");
	ends(text(&t, false), "\n  FETCHER --staging 'a'\\''b'\n");
	has(text(&t, false), "    FETCHER caa 'a'\\''b'\n");
	has(text(&t, false), "accounturi= is the account at CA ca itself");
	got.fail_class = "bad-csr";
	has(text(&t, false),
	    "    POPULATE add 'a'\\''b' --csr FILE --replace\n");
	got.fail_class = "config";
	got.fail_detail = "webroot_path is missing, give it with --webroot";
	has(text(&t, false), "    POPULATE set 'a'\\''b' webroot_path=PATH\n");
	assert_null(strstr(text(&t, false), "accounturi"));
	got.fail_class = "rejected";
	has(text(&t, false),
	    "    POPULATE add 'a'\\''b' --csr FILE --replace\n");
	got.fail_class = "dns";
	has(text(&t, false), "\n  If the server named is one of");
	got.fail_detail = "the domain nowhere.invalid does not exist";
	has(text(&t, false), "\n  Correct the name, or the CNAME that leads");
}

/* What is no failure of the name. */
static void what_did_not_end(void **state)
{
	struct store_cert row = { .name = "a'b", .enabled = true };
	struct store_cert got = { .name = "a'b" };
	struct staging_try t = {
		.name = "a'b", .row = &row, .ca = &ca, .got = &got
	};

	got.fail_class = "parked";
	has(text(&t, false), "its proof was accepted");
	has(text(&t, false), "Nothing has to be mended; to try again:\n");
	assert_null(strstr(text(&t, false), "When it is mended"));
	got.fail_class = NULL;
	has(text(&t, false), "a'b: not tried: the try was ended before");
	has(text(&t, false), "was not asked. To try again:\n");
	ca.staging_eab_kid = NULL;
	assert_null(strstr(text(&t, false), "staging_eab_kid"));
	ca.staging_eab_kid = "try";
	t.away = "ca-down";
	has(text(&t, false), "a'b: not tried: https://staging/d could not be "
			     "used (ca-down)\n");
	has(text(&t, false), "When it is mended, try again:\n");
	assert_null(strstr(text(&t, false), "staging_eab_kid"));
	ca.staging_eab_kid = NULL;
	has(text(&t, false), "; `staging_eab_kid' and ");
	ca.staging_eab_kid = "try";
	(void) err_set(&t.why, ERR_CONFIG, "so");
	assert_string_equal(text(&t, false), "a'b: not tried: so\n");
	/* What is no certificate did not work. */
	t.why.kind = ERR_NONE;
	got.crt = (struct store_blob){ "x", 1 };
	(void) text(&t, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_of_tries),
		cmocka_unit_test(long_names),
		cmocka_unit_test(what_worked),
		cmocka_unit_test(what_failed),
		cmocka_unit_test(what_did_not_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
