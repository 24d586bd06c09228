/* SPDX-License-Identifier: MIT */
/*
 * A year of hourly runs on a real store, with certificates of all the lives
 * there are, and a CA that says when it wants them renewed (RFC 9773): the
 * whole fetcher, but for the network and the clock.
 *
 * It has few rows, and less than a year where things are done to it; with
 * YEAR_ROWS=N it has N (up to 1,000) and all of the year: without the
 * sanitizers, and minutes for each. test_year NAME runs one of the tests.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "store_kit.h"
#include "year_ca.h"
#include "engine.h"
#include <sys/stat.h>

#define ROWS 4
#define YEAR 365
#define PART 100
#define T0   1798761600 /* 2027-01-01T00:00:00Z */

static struct store *store;
static struct arena *arena;
static struct certrepo_conf cc;
static int rows, days;

/* --- the rows --- */

/* Let's Encrypt's, of 2027: one row in four of each. */
static const int64_t lives[] = { 90 * DAY, 64 * DAY, 45 * DAY, 160 * HOUR };

/* A row begins somewhere in half a life of its own, so that no two renewals
 * are bound together. */
static int64_t begin_of(int row)
{
	int64_t half = y.life[row] / HOUR / 2;

	return half * (row / 4) * 4 / (rows < 4 ? 4 : rows);
}

static char *csr_of(const char *name)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	char *san = mem_printf("DNS:%s", name), *p, *ret;
	BIO *b = BIO_new(BIO_s_mem());
	long n;

	X509_REQ_set_pubkey(req, y.leaf_key);
	sk_X509_EXTENSION_push(
		exts,
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
	X509_REQ_add_extensions(req, exts);
	assert_true(X509_REQ_sign(req, y.leaf_key, EVP_sha256()) > 0);
	PEM_write_bio_X509_REQ(b, req);
	n = BIO_get_mem_data(b, &p);
	ret = mem_strndup(p, (size_t) n);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_free(req);
	BIO_free(b);
	free(san);
	return ret;
}

static void enrol(int row)
{
	char name[40], *csr;
	struct store_cert r = { .name = name,
				.enabled = true,
				.md5_modulus = "x",
				.key_sha256 = name,
				.challenge = "http-01",
				.webroot_path = "/nonexistent" };

	snprintf(name, sizeof(name), "r%d.example.test", row);
	csr = csr_of(name);
	r.csr = BLOB(csr);
	OK(store_add(store, &r, &err));
	free(csr);
}

/* --- a run --- */

static void load_conf(void)
{
	struct conf_errors errs = { .list = { NULL } };
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/certrepo.conf", kit_dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"store : { path = \"%s\"; }; state_dir = \"%s/state\";\n"
		"webroot_prefixes = [\"/nonexistent\"];\n"
		"ca = ( { name = \"one\"; directory = \"https://ca.test/dir\";"
		" agree_tos = true; account_key = \"%s/account.pem\"; } );\n"
		"dns : { resolvers = [\"127.0.0.1:9\"]; };\n",
		kit_path, kit_dir, kit_dir);
	fclose(f);
	if (certrepo_conf_load(path, arena, &cc, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
}

static void run(void)
{
	const struct engine_opts once = { .once = true };
	struct engine *e = NULL;
	int status = -1;

	OK(engine_new(&cc, store, "unit-0123", &once, &e, &err));
	OK(engine_run(e, &status, &err));
	engine_free(&e);
}

/* --- a year --- */

struct year {
	const char *what;
	int days; /* unless all were asked for */
	int64_t retry_after, sooner;
	bool no_ari;
	bool (*poll_fails)(int64_t now);
	bool (*skipped)(int hour);
	int incident; /* an hour from which on a third must be replaced; or 0 */
	/* what must be */
	bool inside;	  /* all orders in their windows */
	int64_t gap_most; /* s between two polls; 0: whatever */
};

static int setup(void **state)
{
	char path[300];
	int from, to;

	fake_clock(T0 * 1000LL);
	if (access("/dev/shm", W_OK) == 0)
		(void) setenv("TMPDIR", "/dev/shm", 1);
	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	snprintf(path, sizeof(path), "%s/state", kit_dir);
	assert_int_equal(mkdir(path, 0700), 0);
	arena = arena_new();
	load_conf();
	ca_begin(T0);
	for (int i = 0; i < ROWS_MOST; i++)
		y.life[i] = lives[i % 4];
	return 0;
}

static int teardown(void **state)
{
	char command[300];

	store_free(&store);
	arena_free(&arena);
	ca_end();
	snprintf(command, sizeof(command), "rm -rf '%s'", kit_dir);
	return system(command);
}

/* Let's Encrypt's window for what is to be revoked. */
static bool hit(int row)
{
	return row % 3 == 0;
}
static void incident(int64_t now)
{
	for (int i = 0; i < rows; i++) {
		struct ycert *c = &y.cert[y.now_of[i] - 1];

		if (hit(i) && !c->orders) {
			c->start = now - HOUR;
			c->stop = now - HOUR / 2;
		}
	}
}

/* runs that asked for no more than the directory */
static int looks;

static void one_hour(const struct year *yr, int hour)
{
	size_t asked = y.requests, work = y.n_orders + y.polls;

	fake_clock((T0 + (int64_t) hour * HOUR) * 1000);
	for (int i = 0; i < rows; i++)
		if (begin_of(i) == hour)
			enrol(i);
	if (yr->incident && hour == yr->incident)
		incident(clock_now());
	if (yr->skipped && yr->skipped(hour))
		return;
	run();
	/* One with nothing to do asks nobody; but whether a CA without renewal
	 * information still has none. */
	if (y.requests == asked || y.n_orders + y.polls != work)
		return;
	if (yr->no_ari && y.requests == asked + 1)
		looks++;
	else
		fail_msg("hour %d: %zu requests for nothing", hour,
			 y.requests - asked);
}

struct sum {
	size_t renewals, twice, soon, ended;
	int64_t gap;
};

static void add_up(struct sum *s)
{
	for (size_t i = 0; i < y.n_certs; i++) {
		const struct ycert *c = &y.cert[i];

		s->renewals += (size_t) c->orders;
		s->twice += c->orders > 1;
		s->soon += c->too_soon;
		s->gap = c->gap_most > s->gap ? c->gap_most : s->gap;
	}
	s->ended = y.ended;
	for (int i = 0; i < rows; i++)
		s->ended += y.cert[y.now_of[i] - 1].end <= clock_now();
}

static void check(const struct year *yr)
{
	struct sum s = { 0 };

	add_up(&s);
	print_message("# %s: %d rows, %d days, %zu renewals: %zu in their "
		      "windows (%zu "
		      "in the first half), %zu before, %zu after; %zu were "
		      "never told, %zu said replaces; %zu requests: %zu polls "
		      "(%zu failed, at most %lld s apart), %zu directories; "
		      "%zu ended, %zu ordered twice\n",
		      yr->what, rows, days, s.renewals, y.inside, y.first_half,
		      y.early, y.late, y.untold, y.replaced, y.requests,
		      y.polls, y.failed_polls, (long long) s.gap, y.directories,
		      s.ended, s.twice);
	assert_int_equal(s.ended, 0);
	assert_int_equal(s.twice, 0);
	assert_int_equal(y.early, 0);
	assert_int_equal(y.strange_polls, 0);
	if (yr->no_ari) {
		assert_int_equal(y.polls, 0);
		assert_in_range(looks, 1, days); /* one a day */
		return;
	}
	assert_true(y.polls > 0);
	/* In an incident all are asked about, whenever their turn is. */
	if (!yr->incident)
		assert_int_equal(s.soon, 0);
	assert_int_equal(y.replaced, s.renewals);
	if (yr->gap_most)
		assert_in_range(s.gap, y.retry_after, yr->gap_most);
	if (yr->inside) {
		assert_int_equal(y.late, 0);
		/* any instant of them, not the first or the last one */
		assert_in_range(y.first_half, s.renewals / 5,
				s.renewals - s.renewals / 5);
	}
}

static void live(const struct year *yr)
{
	const char *n = getenv("YEAR_ROWS");

	rows = n && *n ? atoi(n) : ROWS;
	days = (n && *n) || !yr->days ? YEAR : yr->days;
	assert_in_range(rows, 1, ROWS_MOST);
	y.retry_after = yr->retry_after;
	y.sooner = yr->sooner;
	y.ari = !yr->no_ari;
	y.poll_fails = yr->poll_fails;
	for (int hour = 0; hour < days * 24; hour++)
		one_hour(yr, hour);
	check(yr);
}

/* An answer is heard in the hourly run after Retry-After is over. */
#define GAP(retry) ((retry) + HOUR + 300)

static void normal(void **state)
{
	live(&(struct year){ .what = "as Let's Encrypt has it",
			     .retry_after = 6 * HOUR,
			     .inside = true,
			     .gap_most = GAP(6 * HOUR) });
}

/* By our own rule alone all of these would be late. */
static void sooner(void **state)
{
	live(&(struct year){ .what = "windows a fifth of the life earlier",
			     .days = PART,
			     .retry_after = DAY,
			     .sooner = 20,
			     .inside = true,
			     .gap_most = GAP(DAY) });
}

static bool five_days(int64_t now)
{
	return (now - T0) / DAY % 30 < 5;
}

static void failing(void **state)
{
	live(&(struct year){ .what = "polls fail on 5 days of 30",
			     .days = PART,
			     .retry_after = 6 * HOUR,
			     .poll_fails = five_days });
	assert_true(y.failed_polls > 0);
}

/* Now and then one, and each month a night. */
static bool now_and_then(int hour)
{
	return hour % 17 == 5 || hour % 700 < 9;
}

static void left_out(void **state)
{
	live(&(struct year){ .what = "runs left out",
			     .days = PART,
			     .retry_after = 6 * HOUR,
			     .skipped = now_and_then });
	assert_true(y.inside > y.late * 3);
}

/* What the checks above are able to see. */
static bool but_once_a_day(int hour)
{
	return hour % 24 != 0;
}

static void daily(void **state)
{
	live(&(struct year){ .what = "one run a day",
			     .days = PART,
			     .retry_after = 6 * HOUR,
			     .skipped = but_once_a_day });
	assert_true(y.late > y.inside);
}

/* No certificate is replaced in the first sixteenth of its life, or on its
 * first day, because its CA asks for it. */
static int64_t young_until(const struct ycert *c)
{
	int64_t sixteenth = (c->end - c->begin) / 16;

	return c->begin + (sixteenth < DAY ? sixteenth : DAY);
}

/* A CA that wants each new certificate replaced at once. */
static void always_past(void **state)
{
	size_t n[ROWS_MOST] = { 0 };

	live(&(struct year){ .what = "all windows are in the past",
			     .days = 30,
			     .retry_after = HOUR,
			     .sooner = 100 });
	assert_int_equal(y.inside, 0);
	for (size_t i = 0; i < y.n_certs; i++) {
		const struct ycert *c = &y.cert[i];

		n[c->row]++;
		if (!c->orders)
			continue;
		assert_true(c->ordered >= young_until(c));
		/* nor is it left alone: the next run, the next question's */
		assert_in_range(c->ordered, young_until(c),
				young_until(c) + 8 * HOUR);
	}
	/* Each is dated back by an hour. */
	for (int i = 0; i < rows; i++)
		if (y.life[i] > 16 * DAY)
			assert_in_range(n[i], 1, days * 24 / 23 + 1);
}

static void revoked(void **state)
{
	const int at = 50 * 24;
	const int64_t then = T0 + at * HOUR;
	int64_t last = 0, since;
	int n = 0;

	live(&(struct year){ .what = "a third to be replaced at once",
			     .days = PART,
			     .retry_after = 6 * HOUR,
			     .incident = at });
	for (size_t i = 0; i < y.n_certs; i++) {
		const struct ycert *c = &y.cert[i];

		if (c->stop != then - HOUR / 2)
			continue;
		n++;
		assert_int_equal(c->orders, 1);
		assert_true(c->ordered >= then);
		since = young_until(c) > then ? young_until(c) : then;
		last = c->ordered - since > last ? c->ordered - since : last;
	}
	print_message("# %d were, the last of them %lld s later\n", n,
		      (long long) last);
	assert_in_range(n, rows / 4, rows);
	/* Six hours until the CA is asked, and two runs. */
	assert_in_range(last, 0, 8 * HOUR);
}

static void no_ari(void **state)
{
	live(&(struct year){
		.what = "without ARI", .days = PART, .no_ari = true });
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_ari, setup, teardown),
		cmocka_unit_test_setup_teardown(normal, setup, teardown),
		cmocka_unit_test_setup_teardown(sooner, setup, teardown),
		cmocka_unit_test_setup_teardown(failing, setup, teardown),
		cmocka_unit_test_setup_teardown(left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(daily, setup, teardown),
		cmocka_unit_test_setup_teardown(revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(always_past, setup, teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
