/* SPDX-License-Identifier: MIT */
/* A small fleet in a store, read and judged; and one name, one host of it. */
#include "load.h"
#include "store_kit.h"
#include "why.h"

#define NOW    INT64_C(1796083200) /* 2026-12-01T00:00:00Z */
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)
#define A16    "aaaaaaaaaaaaaaaa"
#define B16    "bbbbbbbbbbbbbbbb"
#define C16    "cccccccccccccccc"
#define D16    "dddddddddddddddd"
#define HEX(x) x x x x

static const struct status_settings set = { .count_fail_limit = 10,
					    .order_timeout = 900 };
static struct store *store;
static struct status_model m;

static void sql(const char *text)
{
	struct store *admin = NULL;

	OK(store_open(&conf, STORE_ADMIN, &admin, &err));
	OK(db_script(admin->db, text, &err));
	store_free(&admin);
}

static void sqlf(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void sqlf(const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	sql(text);
}

/* A certificate of 90 days that was issued 30 days ago, and what it says. */
static void cert(const char *name, const char *more)
{
	long long from = NOW - 30 * DAY, to = NOW + 60 * DAY;

	sqlf("INSERT INTO certs (name, enable, csr, md5_modulus, ts_expire, "
	     "ts_expire_seen, ts_last_update, count_fail_update, "
	     "ts_not_before, crt_sha256) VALUES ('%s', 'Y', 'x', 'x', %lld, "
	     "%lld, %lld, 0, %lld, '" HEX(
		     D16) "');"
			  "INSERT INTO cert_facts (name, crt_sha256, "
			  "fingerprint, "
			  "old_fingerprint, ts_not_before, ts_not_after, "
			  "ts_stored, "
			  "key_type, key_sha256, ts_key, key_certs, issuer, "
			  "n_names, "
			  "names_sha256) VALUES ('%s', '" HEX(D16) "', '" HEX(
				  A16) "', '" HEX(B16) "', %lld, %lld, %lld, "
						       "'P-256', 'k', 7, 3, "
						       "'CA', "
						       "2, 'n')",
	     name, to, to, from, from, name, from, to, from + HOUR);
	if (more)
		sqlf("UPDATE certs SET %s WHERE name = '%s'", more, name);
}

static void said(const char *host, const char *name, const char *endpoint,
		 const char *state, const char *fingerprint, int64_t ts)
{
	sqlf("INSERT INTO installs (host, name, service, endpoint, state, "
	     "fingerprint, ts, version, heartbeat, ts_window, profile, needs) "
	     "VALUES ('%s', '%s', '%s', '%s', '%s', %s, %lld, '1.0', 86400, 0, "
	     "'nginx', '')",
	     host, name, *name ? "web" : "", endpoint, state,
	     fingerprint ? fingerprint : "NULL", (long long) ts);
}

static void load(const char *name, const char *host)
{
	const struct fleet_scope scope = { .name = name, .host = host };

	model_free(&m);
	OK(load_model(store, &scope, &set, NOW, &m, &err));
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	store_free(&store);
	OK(store_open(&conf, STORE_READ, &store, &err));
	memset(&m, 0, sizeof(m));
	return 0;
}

static int teardown(void **state)
{
	model_free(&m);
	store_free(&store);
	kit_end();
	return 0;
}

static const struct status_name *name_of(const char *name)
{
	for (size_t i = 0; i < m.n_names; i++)
		if (strcmp(m.names[i].name, name) == 0)
			return &m.names[i];
	fail_msg("no name %s", name);
	return NULL;
}

static const struct status_host *host_of(const char *host)
{
	for (size_t i = 0; i < m.n_hosts; i++)
		if (strcmp(m.hosts[i].host, host) == 0)
			return &m.hosts[i];
	fail_msg("no host %s", host);
	return NULL;
}

static void fleet(void)
{
	sql("INSERT INTO settings (name, value, ts) VALUES ('default_ca', "
	    "'le', 1), ('cas', 'le other', 1), ('days_left', '0', 1), "
	    "('deliver_within', '7200', 1), ('count_fail_limit', 'ten', 1)");
	sqlf("INSERT INTO fetchers (instance, host, version, ts_start, ts_end, "
	     "ts_ok) VALUES ('i', 'h', 'v', %lld, %lld, %lld)",
	     (long long) (NOW - HOUR), (long long) (NOW - HOUR),
	     (long long) (NOW - HOUR));
	cert("b.example.org", "ca_name = 'other', owner = 'x@example.org'");
	cert("a.example.org", NULL);
	cert("c.example.org", "ts_expire = ts_expire + 5");
	sql("UPDATE cert_facts SET crt_sha256 = 'older' "
	    "WHERE name = 'b.example.org'");
	sql("INSERT INTO certs (name, enable, csr, md5_modulus, ts_expire, "
	    "ts_expire_seen) VALUES ('new.example.org', 'Y', 'x', 'x', 1, 1)");
	/* Accounts and receipts, either without the other. */
	sqlf("INSERT INTO hosts (host, account, ts_added) VALUES "
	     "('never', 'a1', %lld), ('web1', 'a2', 5)",
	     (long long) (NOW - 10 * DAY));
	said("web1", "", "", "alive", NULL, NOW - HOUR);
	said("web1", "a.example.org", "", "served", NULL, NOW - HOUR);
	said("web1", "a.example.org", "1:443", "served", "'" HEX(A16) "'",
	     NOW - HOUR);
	said("also", "a.example.org", "1:443", "served", "'" HEX(B16) "'",
	     NOW - HOUR);
	said("also", "b.example.org", "1:443", "served", "'" HEX(A16) "'",
	     NOW - HOUR);
	said("also", "gone.example.org", "1:443", "served", "'" HEX(A16) "'",
	     NOW - HOUR);
}

static void test_fleet(void **state)
{
	const struct status_name *n;
	const struct status_receipt *r;

	fleet();
	load(NULL, NULL);
	assert_true(m.set.known);
	assert_string_equal(m.set.default_ca, "le");
	assert_int_equal(m.set.deliver_within, 7200);
	/* What is no number leaves what was. */
	assert_int_equal(m.set.count_fail_limit, 10);
	assert_int_equal(m.set.order_timeout, 900);
	assert_int_equal(m.n_names, 4);
	assert_string_equal(m.names[0].name, "a.example.org");
	assert_string_equal(m.names[3].name, "new.example.org");
	n = name_of("a.example.org");
	assert_ptr_equal(n->ca, m.set.default_ca);
	assert_false(n->stale);
	assert_string_equal(n->issuer, "CA");
	assert_string_equal(n->key_type, "P-256");
	assert_int_equal(n->key_certs, 3);
	assert_int_equal(n->n_names, 2);
	assert_int_equal(n->ts_stored, NOW - 30 * DAY + HOUR);
	/* A third of 90 days before the end. */
	assert_int_equal(n->ts_renew, NOW + 30 * DAY);
	assert_int_equal(n->n_receipts, 3);
	assert_int_equal(n->n_hosts, 2);
	assert_int_equal(n->n_served, 1);
	assert_int_equal(n->delivery.why, WHY_NOT_SERVED);
	assert_int_equal(n->need, STATUS_ACT);
	/* By name, host, service, endpoint. */
	r = &m.receipts[n->receipt];
	assert_string_equal(m.hosts[r[0].host].host, "also");
	assert_int_equal(r[0].served, STATUS_PREVIOUS);
	assert_string_equal(m.hosts[r[1].host].host, "web1");
	assert_string_equal(r[1].endpoint, "");
	assert_string_equal(r[2].endpoint, "1:443");
	assert_int_equal(r[2].served, STATUS_CURRENT);
	assert_string_equal(r[2].kind->service, "web");
	assert_string_equal(r[2].kind->profile, "nginx");
	assert_ptr_equal(r[2].kind, r[1].kind);
	/* Its facts are of another certificate. */
	n = name_of("b.example.org");
	assert_true(n->stale);
	assert_null(n->issuer);
	assert_string_equal(n->ca, "other");
	assert_string_equal(n->owner, "x@example.org");
	assert_int_equal(n->delivery.why, WHY_UNTOLD);
	/* Another program wrote this one. */
	n = name_of("c.example.org");
	assert_true(n->stale);
	assert_int_equal(n->renewal.why, WHY_FOREIGN);
	n = name_of("new.example.org");
	assert_false(n->has_crt);
	assert_int_equal(n->ts_not_after, 0);
	assert_int_equal(n->renewal.why, WHY_MISSING);
}

/* One verdict of a name, however it is come by. */
static void nobody_reports(enum why why)
{
	load(NULL, NULL);
	assert_int_equal(name_of("mail.example.org")->delivery.why, why);
	load("mail.example.org", NULL);
	assert_int_equal(m.names[0].delivery.why, why);
}

/* There is one grant that its host does not report. */
static void granted(const char *host, const char *name)
{
	assert_int_equal(m.n_grants, 1);
	assert_string_equal(m.grants[0].host, host);
	assert_string_equal(m.names[m.grants[0].name].name, name);
	assert_int_equal(m.grants[0].verdict.why, WHY_GRANTED);
	assert_int_equal(m.grants[0].verdict.need, STATUS_WATCH);
}

static void test_granted(void **state)
{
	fleet();
	cert("mail.example.org", NULL);
	nobody_reports(WHY_NO_HOST);
	/* An account that has no host, and all names, is nobody's grant. */
	sql("INSERT INTO host_names (account, name, host) VALUES "
	    "('shared', '*', '*'), ('a2', '*', 'web1'), "
	    "('shared', 'mail.example.org', '*')");
	nobody_reports(WHY_NO_HOST);
	sql("INSERT INTO host_names (account, name, host) VALUES "
	    "('a2', 'mail.example.org', 'web1'), "
	    "('a2', 'a.example.org', 'web1'), "
	    "('a1', 'a.example.org', 'never')");
	nobody_reports(WHY_NOT_REPORTED);
	assert_int_equal(m.names[0].need, STATUS_ACT);
	assert_string_equal(m.names[0].may_read, "web1");
	load(NULL, "web1");
	assert_int_equal(m.n_names, 2);
	assert_string_equal(m.names[1].name, "mail.example.org");
	assert_int_equal(m.names[1].delivery.why, WHY_NOT_REPORTED);
	/* What others report is theirs, and no host's fault. */
	load(NULL, "never");
	assert_int_equal(m.n_names, 1);
	assert_string_equal(m.names[0].name, "a.example.org");
	assert_int_equal(m.names[0].n_receipts, 0);
	assert_int_equal(m.names[0].delivery.why, WHY_NONE);
	/* Nor is it missed that one of two does not report it. */
	granted("never", "a.example.org");
	load("a.example.org", NULL);
	assert_true(m.names[0].n_receipts > 0);
	granted("never", "a.example.org");
	load("mail.example.org", NULL);
	granted("web1", "mail.example.org");
	load(NULL, "web1");
	granted("web1", "mail.example.org");
	load(NULL, NULL);
	assert_int_equal(m.n_grants, 0);
	/* One of yesterday has a day for it (of two hours here). */
	sqlf("UPDATE hosts SET ts_added = %lld WHERE host = 'web1'",
	     (long long) (NOW - HOUR));
	nobody_reports(WHY_NONE);
	sql("DROP TABLE host_names");
	load(NULL, NULL);
	assert_non_null(m.unread[FLEET_PART_GRANTS]);
	assert_int_equal(name_of("mail.example.org")->delivery.why,
			 WHY_NO_HOST);
}

static void test_hosts(void **state)
{
	const struct status_host *h;

	fleet();
	load(NULL, NULL);
	assert_int_equal(m.n_hosts, 3);
	assert_string_equal(m.hosts[0].host, "also");
	assert_string_equal(m.hosts[1].host, "never");
	assert_string_equal(m.hosts[2].host, "web1");
	h = host_of("also");
	assert_false(h->account);
	assert_int_equal(h->n_receipts, 2);
	assert_int_equal(h->n_strange, 1);
	assert_int_equal(h->n_bad, 1);
	assert_int_equal(h->verdict.why, WHY_HOST_BAD);
	h = host_of("never");
	assert_true(h->account);
	assert_int_equal(h->verdict.why, WHY_HOST_NEVER);
	h = host_of("web1");
	assert_int_equal(h->ts_seen, NOW - HOUR);
	assert_int_equal(h->heartbeat, DAY);
	assert_string_equal(h->version, "1.0");
	assert_int_equal(h->verdict.why, WHY_HOST_WELL);
	assert_int_equal(m.host_counts[STATUS_ACT], 2);
	assert_int_equal(m.counts[STATUS_ACT], 1);
	assert_int_equal(model_exit(&m), 1);
	/* CAs of the configuration, whether anything was asked of them or not;
	 * a third of the life of three certificates is in 30 days */
	assert_int_equal(m.n_cas, 2);
	assert_string_equal(m.cas[0].name, "le");
	assert_int_equal(m.cas[0].n_names, 3);
	assert_int_equal(m.cas[0].verdict.why, WHY_CA_UNUSED);
	assert_int_equal(m.cas[1].n_names, 1);
	assert_int_equal(m.cas[1].renewals[0], 0);
	assert_int_equal(m.cas[1].renewals[1], 1);
}

/* It says so itself, whatever of its certificates it may speak of. */
static void test_host_failed(void **state)
{
	fleet();
	sql("UPDATE installs SET state = 'failed', detail = 'the last run "
	    "ended with 2' WHERE name = '' AND host = 'web1'");
	load(NULL, NULL);
	assert_int_equal(host_of("web1")->verdict.why, WHY_HOST_FAILED);
	assert_int_equal(m.host_counts[STATUS_ACT], 3);
	load(NULL, "web1");
	assert_int_equal(m.hosts[0].verdict.why, WHY_HOST_FAILED);
	assert_string_equal(m.hosts[0].failed, "the last run ended with 2");
	/* One of a receipt needs somebody, too: it stands with its name. */
	said("also", "", "", "failed", NULL, NOW - HOUR);
	load(NULL, NULL);
	assert_int_equal(host_of("also")->verdict.why, WHY_HOST_BAD);
	assert_string_equal(host_of("also")->failed, "failed");
}

static void test_clock(void **state)
{
	fleet();
	/* One receipt of a clock that was ahead, among others. */
	said("web1", "a.example.org", "2:443", "served", "'" HEX(A16) "'",
	     NOW + 9 * DAY);
	said("ahead", "a.example.org", "2:443", "served", "'" HEX(A16) "'",
	     NOW + 9 * DAY);
	load(NULL, NULL);
	assert_int_equal(host_of("web1")->ts_seen, NOW - HOUR);
	assert_int_equal(host_of("web1")->verdict.why, WHY_HOST_WELL);
	assert_int_equal(host_of("ahead")->verdict.why, WHY_HOST_AHEAD);
	assert_int_equal(host_of("ahead")->ts_seen, NOW + 9 * DAY);
}

static void test_scope(void **state)
{
	fleet();
	load("a.example.org", NULL);
	assert_int_equal(m.n_names, 1);
	assert_int_equal(m.n_receipts, 3);
	assert_int_equal(m.n_hosts, 2);
	assert_false(m.whole);
	assert_int_equal(m.names[0].delivery.why, WHY_NOT_SERVED);
	assert_int_equal(host_of("web1")->account, true);
	load(NULL, "also");
	assert_int_equal(m.n_hosts, 1);
	assert_int_equal(m.n_names, 2);
	assert_int_equal(m.n_receipts, 2);
	load("nobody.example.org", NULL);
	assert_int_equal(m.n_names, 0);
	load(NULL, "nobody");
	assert_int_equal(m.n_hosts, 0);
}

static void test_unread(void **state)
{
	fleet();
	sql("DROP TABLE installs");
	load(NULL, NULL);
	assert_non_null(strstr(m.unread[FLEET_PART_INSTALLS],
			       "what hosts report (installs): "));
	assert_int_equal(name_of("a.example.org")->delivery.why,
			 WHY_HOSTS_UNREAD);
	assert_int_equal(name_of("a.example.org")->renewal.need, STATUS_WELL);
	assert_int_equal(model_exit(&m), 1);
	sql("DROP TABLE fetchers; DROP TABLE settings");
	load(NULL, NULL);
	assert_false(m.set.known);
	assert_null(name_of("a.example.org")->ca);
	assert_int_equal(m.fetching.why, WHY_FETCH_UNREAD);
}

/* One host that says very much. */
static void test_too_many(void **state)
{
	fleet();
	sql("CREATE TABLE numbers (n INT PRIMARY KEY); "
	    "INSERT INTO numbers VALUES (0)");
	for (int i = 0; i < 13; i++)
		sqlf("INSERT INTO numbers SELECT n + %d FROM numbers", 1 << i);
	sql("INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "SELECT 'loud', 'a.example.org', 'web', n, 'blessed', 1 "
	    "FROM numbers; DROP TABLE numbers");
	load(NULL, NULL);
	assert_true(host_of("loud")->too_many);
	assert_int_equal(host_of("loud")->n_receipts, FLEET_HOST_MOST);
	assert_int_equal(host_of("web1")->n_receipts, 2);
	assert_false(host_of("web1")->too_many);
	load(NULL, "loud");
	assert_true(m.hosts[0].too_many);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_host_failed), TEST(test_granted),  TEST(test_fleet),
		TEST(test_hosts),	TEST(test_clock),    TEST(test_scope),
		TEST(test_unread),	TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
