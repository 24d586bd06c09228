/* SPDX-License-Identifier: MIT */
/* What a status reads: all of it, of one moment, and what of it cannot be. */
#include "fleet_fetchers.h"
#include "fleet_read.h"
#include "store_kit.h"

static struct store *store;

/* What came. */
static struct seen {
	int begun;
	int64_t made;
	size_t names, facts, details, places, installs, cas, fetchers, totals;
	size_t settings, pending;
	char grants[4000];
	uint64_t all_pending;
	int64_t total;
	char order[4000]; /* of names */
	char hosts[4000]; /* of receipts, the first few */
	char detail[600];
	struct fleet_name name; /* the last one; its strings are gone */
	char owner[100], ca[100];
	struct fleet_install install;
	enum err_kind faults[FLEET_PARTS];
	char why[FLEET_PARTS][1000];
	/* Once, when this part is over. */
	enum fleet_part at;
	void (*then)(void);
	size_t most; /* receipts of a host */
	size_t of_host;
	char host[300];
} seen;

static void add_word(char *list, size_t size, const char *word)
{
	size_t n = strlen(list);

	snprintf(list + n, size - n, "%s%s", n > 0 ? " " : "", word);
}

static void begin(void *arg)
{
	struct seen again = { .begun = seen.begun + 1,
			      .at = seen.at,
			      .then = seen.then,
			      .most = seen.most };

	seen = again;
}

static void made(void *arg, int64_t t)
{
	seen.made = t;
}

static void setting(void *arg, const struct fleet_setting *s)
{
	seen.settings++;
}

static void name(void *arg, const struct fleet_name *n)
{
	seen.names++;
	seen.name = *n;
	snprintf(seen.owner, sizeof(seen.owner), "%s",
		 n->owner ? n->owner : "(none)");
	snprintf(seen.ca, sizeof(seen.ca), "%s",
		 n->ca_name ? n->ca_name : "(none)");
	add_word(seen.order, sizeof(seen.order), n->name);
}

static void fact(void *arg, const struct fleet_fact *f)
{
	seen.facts++;
}

static void detail(void *arg, const char *of, const char *text)
{
	seen.details++;
	snprintf(seen.detail, sizeof(seen.detail), "%s: %s", of, text);
}

static void place(void *arg, const struct fleet_place *h)
{
	seen.places++;
}

static bool install(void *arg, const struct fleet_install *i)
{
	if (strcmp(i->host, seen.host) != 0)
		seen.of_host = 0;
	snprintf(seen.host, sizeof(seen.host), "%s", i->host);
	if (seen.of_host++ == seen.most)
		return false;
	seen.installs++;
	seen.install = *i;
	if (seen.installs < 20)
		add_word(seen.hosts, sizeof(seen.hosts), i->host);
	return true;
}

static void grant(void *arg, const struct fleet_grant *g)
{
	char text[600];

	snprintf(text, sizeof(text), "%s=%s@%lld%s", g->host, g->name,
		 (long long) g->ts_added, g->elsewhere ? "+" : "");
	add_word(seen.grants, sizeof(seen.grants), text);
}

static void ca(void *arg, const struct fleet_ca *c)
{
	seen.cas++;
}

static void fetcher(void *arg, const struct fleet_fetcher *f)
{
	seen.fetchers++;
}

static void pending(void *arg, const struct fleet_pending *p)
{
	seen.pending++;
}

static void all_pending(void *arg, uint64_t n)
{
	seen.all_pending = n;
}

static void total(void *arg, const struct fleet_total *t)
{
	seen.totals++;
	seen.total += t->n;
}

static void part(void *arg, enum fleet_part p, const struct err *e)
{
	void (*then)(void) = seen.then;

	seen.faults[p] = e->kind;
	snprintf(seen.why[p], sizeof(seen.why[p]), "%s", e->msg);
	if (!then || p != seen.at)
		return;
	seen.then = NULL;
	then();
}

static const struct fleet_taker taker = {
	.begin = begin,
	.setting = setting,
	.name = name,
	.fact = fact,
	.detail = detail,
	.place = place,
	.install = install,
	.grant = grant,
	.ca = ca,
	.fetcher = fetcher,
	.made = made,
	.pending = pending,
	.all_pending = all_pending,
	.total = total,
	.part = part,
};

static void read_all(const char *of_name, const char *of_host)
{
	const struct fleet_scope scope = { .name = of_name, .host = of_host };

	seen.begun = 0;
	if (seen.most == 0)
		seen.most = SIZE_MAX;
	OK(fleet_read(store, &scope, &taker, &err));
}

static void sql(const char *text)
{
	struct store *admin = NULL;

	OK(store_open(&conf, STORE_ADMIN, &admin, &err));
	OK(db_script(admin->db, text, &err));
	store_free(&admin);
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
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	kit_end();
	return 0;
}

#define CERT                                                                 \
	"INSERT INTO certs (name, enable, csr, md5_modulus, ts_expire, "     \
	"ts_expire_seen, ts_last_update, count_fail_update, ts_not_before, " \
	"ts_next_attempt, fail_class, fail_detail, crt_sha256, ari_crt, "    \
	"ts_ari, ca_name, owner) VALUES "
#define FACT                                                          \
	"INSERT INTO cert_facts (name, crt_sha256, fingerprint, "     \
	"ts_not_before, ts_not_after, key_type, key_sha256, issuer, " \
	"n_names, names_sha256) VALUES "
#define INSTALL                                                            \
	"INSERT INTO installs (host, name, service, endpoint, state, ts, " \
	"ts_window) VALUES "

static void few(void)
{
	sql(CERT
	    "('b', 'Y', 'x', 'x', 200, 200, 90, 0, 100, 0, NULL, NULL, "
	    "'aa', 'aa', 150, NULL, NULL), "
	    "('a', 'N', 'x', 'x', 200, 199, 90, 0, 100, 0, NULL, NULL, "
	    "'aa', 'aa', 150, '', NULL), "
	    "('c', 'Y', 'x', 'x', 200, 200, 90, 3, 100, 300, 'dns', "
	    "'no answer', 'aa', 'bb', 150, 'le', 'x@example.org');" FACT
	    "('c', 'aa', 'ff', 100, 200, 'P-256', 'k', 'CA', 1, 'n');"
	    "INSERT INTO hosts (host, account, ts_added) VALUES "
	    "('h2', 'a2', 5), ('h9', 'a9', 6);"
	    "INSERT INTO host_names (account, name, host) VALUES "
	    "('shared', '*', '*'), ('a2', 'c', 'h2'), ('a9', 'b', 'h9'), "
	    "('a9', 'a', 'h9');" INSTALL "('h1', '', '', '', 'alive', 50, 0), "
	    "('h1', 'c', 'web', '', 'served', 50, NULL), "
	    "('h1', 'c', 'web', '1:443', 'served', 50, 77), "
	    "('h2', '', '', '', 'alive', 51, 0), "
	    "('h2', 'b', 'web', '', 'served', 51, 0);"
	    "INSERT INTO cas (name, directory) VALUES ('le', 'https://x');"
	    "INSERT INTO fetchers (instance, host, version, ts_start) VALUES "
	    "('i', 'h', 'v', 5);"
	    "INSERT INTO settings (name, value, ts) VALUES ('days_left', '3', "
	    "1);"
	    "INSERT INTO attempt_totals (day, ca_name, outcome, n) VALUES "
	    "(3, 'le', 'ok', 20), (4, 'le', 'ok', 3);"
	    "INSERT INTO host_requests (account, host, name, csr, key_sha256, "
	    "state, ts) VALUES ('a', 'h', 'n', 'x', 'k', 'pending', 1), "
	    "('a', 'h', 'm', 'x', 'k', 'approved', 1)");
}

static void no_faults(void)
{
	for (int i = 0; i < FLEET_PARTS; i++) {
		if (seen.faults[i] != ERR_NONE)
			print_error("%s: %s\n", fleet_part_text(i),
				    seen.why[i]);
		assert_int_equal(seen.faults[i], ERR_NONE);
	}
}

static void test_all(void **state)
{
	few();
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.begun, 1);
	assert_string_equal(seen.order, "a b c");
	assert_string_equal(seen.hosts, "h1 h1 h1 h2 h2");
	assert_int_equal(seen.facts, 1);
	assert_int_equal(seen.places, 2);
	/* What no host reports; an account that has no host is no host's. */
	assert_string_equal(seen.grants, "h9=a@6");
	assert_int_equal(seen.cas, 1);
	assert_int_equal(seen.fetchers, 1);
	assert_int_equal(seen.made, 1);
	assert_int_equal(seen.settings, 1);
	assert_int_equal(seen.total, 23);
	assert_int_equal(seen.pending, 1);
	assert_int_equal(seen.all_pending, 1);
	assert_string_equal(seen.detail, "c: no answer");
	/* c, the last one: what its CA asks for is of another certificate */
	assert_true(seen.name.enabled);
	assert_false(seen.name.stale);
	assert_int_equal(seen.name.ts_expire, 200);
	assert_int_equal(seen.name.ts_ari, 0);
	assert_int_equal(seen.name.count_fail, 3);
	assert_int_equal(seen.name.ts_next_attempt, 300);
	assert_string_equal(seen.ca, "le");
	assert_string_equal(seen.owner, "x@example.org");
}

static void test_scope(void **state)
{
	few();
	read_all("c", NULL);
	no_faults();
	assert_string_equal(seen.order, "c");
	assert_string_equal(seen.hosts, "h1 h1 h1");
	assert_int_equal(seen.install.ts_window, 77);
	assert_string_equal(seen.detail, "c: no answer");
	assert_int_equal(seen.places, 0);
	/* Another host reports it, and this one does not. */
	assert_string_equal(seen.grants, "h2=c@5+");
	assert_int_equal(seen.cas, 1);
	assert_int_equal(seen.totals + seen.pending, 0);
	read_all("b", NULL);
	assert_int_equal(seen.places, 1);
	assert_int_equal(seen.name.ts_ari, 150);
	assert_string_equal(seen.ca, "(none)");
	/* Another program wrote it. */
	read_all("a", NULL);
	assert_true(seen.name.stale);
	assert_false(seen.name.enabled);
	assert_int_equal(seen.name.ts_ari, 0);
	assert_int_equal(seen.installs, 0);
	assert_string_equal(seen.grants, "h9=a@6");
	read_all("nobody", NULL);
	assert_int_equal(seen.names + seen.installs, 0);
	read_all(NULL, "h1");
	no_faults();
	assert_string_equal(seen.order, "c");
	assert_string_equal(seen.hosts, "h1 h1 h1");
	assert_int_equal(seen.places, 0);
	assert_int_equal(seen.facts, 1);
	/* Of what it may read, that which it does not report. */
	assert_string_equal(seen.grants, "");
	read_all(NULL, "h2");
	no_faults();
	assert_string_equal(seen.order, "b c");
	assert_string_equal(seen.grants, "h2=c@5+");
	read_all(NULL, "h9");
	no_faults();
	assert_int_equal(seen.places, 1);
	assert_int_equal(seen.installs, 0);
	assert_string_equal(seen.order, "a b");
	assert_string_equal(seen.grants, "h9=a@6 h9=b@6+");
}

/* 0 to 65535, in a table of its own. */
static void numbers(void)
{
	char text[200];

	sql("CREATE TABLE numbers (n INT PRIMARY KEY); "
	    "INSERT INTO numbers VALUES (0)");
	for (int i = 0; i < 16; i++) {
		snprintf(text, sizeof(text),
			 "INSERT INTO numbers SELECT n + %d FROM numbers",
			 1 << i);
		sql(text);
	}
}

static void test_pages(void **state)
{
	numbers();
	sql("INSERT INTO certs (name, csr, md5_modulus) SELECT n, 'x', 'x' "
	    "FROM numbers WHERE n < 45000; "
	    "INSERT INTO cert_facts (name, crt_sha256, fingerprint, "
	    "ts_not_before, ts_not_after, key_type, key_sha256, issuer, "
	    "n_names, names_sha256) SELECT n, 'x', 'x', 1, 1, 'x', 'x', 'x', "
	    "1, 'x' FROM numbers WHERE n < 40000; "
	    "INSERT INTO hosts (host, account, ts_added) SELECT n, n, 1 FROM "
	    "numbers WHERE n < 20001; "
	    "INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "SELECT 'h', n, '', '', 'served', 1 FROM numbers WHERE n < 30000; "
	    "INSERT INTO installs (host, name, service, endpoint, state, ts) "
	    "SELECT n, 'x', '', '', 'served', 1 FROM numbers WHERE n < 30000; "
	    "DROP TABLE numbers");
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.names, 45000);
	assert_int_equal(seen.facts, 40000);
	assert_int_equal(seen.places, 20001);
	assert_int_equal(seen.installs, 60000);
	/* One host says more than is read of one: the others are heard. */
	seen.most = 100;
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.installs, 30100);
}

static void write_meanwhile(void)
{
	sql("UPDATE cert_facts SET fingerprint = 'new'; "
	    "DELETE FROM hosts; " INSTALL
	    "('h0', 'c', 'web', '1:443', 'served', 60, 0)");
}

/* One moment: who writes does not wait, and is not seen. */
static void test_moment(void **state)
{
	few();
	seen.at = FLEET_PART_NAMES;
	seen.then = write_meanwhile;
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.places, 2);
	assert_int_equal(seen.installs, 5);
	assert_null(seen.then);
	read_all(NULL, NULL);
	assert_int_equal(seen.places, 0);
	assert_int_equal(seen.installs, 6);
}

static int64_t connection;

static void cut_meanwhile(void)
{
	char text[60];

	snprintf(text, sizeof(text), "KILL %lld", (long long) connection);
	sql(text);
}

/* A connection that is lost half-way: it begins again. */
static void test_lost(void **state)
{
	struct db_stmt *st = NULL;

	if (!kit_mariadb())
		return;
	few();
	OK(db_prepare(store->db, "SELECT CONNECTION_ID()", "I", &st, &err));
	RC(1, db_step(st, &err));
	connection = db_col_int(st, 0);
	db_done(st);
	seen.at = FLEET_PART_FACTS;
	seen.then = cut_meanwhile;
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.begun, 2);
	assert_string_equal(seen.order, "a b c");
	assert_int_equal(seen.installs, 5);
}

/* A table that is not there, or not for us, is told; the others are read. */
static void test_unread(void **state)
{
	few();
	sql("DROP TABLE fetchers; DROP TABLE cert_facts; DROP TABLE settings");
	read_all(NULL, NULL);
	assert_int_equal(seen.begun, 1);
	assert_int_equal(seen.faults[FLEET_PART_FETCHERS], ERR_CONFIG);
	assert_int_equal(seen.faults[FLEET_PART_FACTS], ERR_CONFIG);
	assert_int_equal(seen.faults[FLEET_PART_SETTINGS], ERR_CONFIG);
	assert_int_equal(seen.faults[FLEET_PART_INSTALLS], ERR_NONE);
	assert_string_equal(seen.order, "a b c");
	assert_int_equal(seen.installs, 5);
	sql("DROP TABLE certs");
	read_all(NULL, NULL);
	assert_int_equal(seen.faults[FLEET_PART_NAMES], ERR_CONFIG);
	assert_int_equal(seen.installs, 5);
}

/* SQLite keeps whatever it is given: what is none of ours is no end. */
static void test_garbage(void **state)
{
	if (kit_mariadb())
		return;
	few();
	sql("UPDATE installs SET ts = 'soon', state = 7, detail = x'ff00' "
	    "WHERE host = 'h2'; "
	    "UPDATE certs SET ts_expire = 'never', owner = zeroblob(5000) "
	    "WHERE name = 'c'; "
	    "UPDATE host_requests SET ts = 1.5; "
	    "UPDATE cas SET fail_detail = 3; "
	    "UPDATE attempt_totals SET n = 'many'");
	read_all(NULL, NULL);
	no_faults();
	assert_int_equal(seen.installs, 5);
	assert_int_equal(seen.install.ts, 0);
	assert_int_equal(seen.name.ts_expire, 0);
	assert_string_equal(seen.owner, "(none)");
}

/* An older schema: which it needs, and what to do. */
static void test_schema(void **state)
{
	const struct fleet_scope scope = { .name = NULL };

	store_free(&store);
	sql("DELETE FROM schema_version WHERE version > 3");
	OK(store_open(&conf, STORE_READ, &store, &err));
	FAILS(ERR_CONFIG,
	      "the schema has version 3, this program needs 4: run "
	      "certrepo-populate init",
	      fleet_read(store, &scope, &taker, &err));
	assert_int_equal(seen.begun, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all),	    TEST(test_scope),  TEST(test_pages),
		TEST(test_moment),  TEST(test_lost),   TEST(test_unread),
		TEST(test_garbage), TEST(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
