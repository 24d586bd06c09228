/* SPDX-License-Identifier: MIT */
/*
 * A database that was captured, or broke: tests/lib/fake_mariadb.py has a
 * socket for each way, in the folder CERTREPO_TEST_FAKE. Nothing it says may
 * crash us, fill the memory, hold us beyond the time, or take the password.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "clock.h"
#include "store_kit.h"

/* Without a limit of memory then, see db_child.c: gcc's word, and clang's. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

static char socket_path[300];
static char password_path[300];
static struct arena *arena;
static struct store *s;

static const char *const name = "www.example.org";

static int ask_at(const char *scenario)
{
	struct store_host_certs all = { 0 };

	snprintf(socket_path, sizeof(socket_path), "%s/%s.sock",
		 kit_env("CERTREPO_TEST_FAKE"), scenario);
	conf = (struct store_conf){
		.driver = "mariadb",
		.socket = socket_path,
		.user = "u",
		.password_file = password_path,
		.connect_timeout = 2,
		.timeout = 3,
	};
	err_clear(&err);
	if (store_open(&conf, STORE_HOST, &s, &err) == -1)
		return -1;
	return store_host_certs(s, &name, 1, arena, &all, &err) == -1
		       ? -1
		       : (int) all.n;
}

static long memory_kb(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

static int close_store(void **state)
{
	store_free(&s);
	arena_clear(arena);
	return 0;
}

static void test_good(void **state)
{
	struct store_host_certs all = { 0 };

	RC(1, ask_at("good"));
	/* The statement is used again. */
	OK(store_host_certs(s, &name, 1, arena, &all, &err));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].name, name);
	assert_true(all.v[0].enabled);
	assert_int_equal(all.v[0].crt.len, 3);
	assert_memory_equal(all.v[0].crt.p, "CRT", 3);
	assert_memory_equal(all.v[0].ca.p, "CA", 2);
}

/* The line KEY of the status of our only child. */
static void child_status(const char *key, char ret[200])
{
	char path[100], line[200] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int) getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", atoi(line));
	f = fopen(path, "r");
	assert_non_null(f);
	do
		assert_non_null(fgets(line, sizeof(line), f));
	while (strncmp(line, key, strlen(key)) != 0);
	fclose(f);
	strcpy(ret, line + strlen(key));
}

/* A user namespace may have no more than some. */
static bool has_all_ids(void)
{
	unsigned int n = 0;
	FILE *f = fopen("/proc/self/uid_map", "r");

	if (!f)
		return false;
	if (fscanf(f, "%*u %*u %u", &n) != 1)
		n = 0;
	fclose(f);
	return n == 0xffffffffu;
}

/* Who has the same id may stop and end it: no other process has. */
static void test_id(void **state)
{
	unsigned int id[4], before = 0;
	char line[200];

	if (geteuid() != 0 || !has_all_ids())
		skip();
	for (int i = 0; i < 2; i++) {
		RC(1, ask_at("good"));
		child_status("Groups:", line);
		assert_int_equal(strspn(line, " \t\n"), strlen(line));
		child_status("Gid:", line);
		assert_int_equal(sscanf(line, "%u %u %u %u", &id[0], &id[1],
					&id[2], &id[3]),
				 4);
		assert_in_range(id[0], 0x80000000u, 0xbfffffffu);
		child_status("Uid:", line);
		assert_int_equal(sscanf(line, "%u %u %u %u", &id[0], &id[1],
					&id[2], &id[3]),
				 4);
		assert_in_range(id[0], 0x80000000u, 0xbfffffffu);
		for (int k = 1; k < 4; k++)
			assert_int_equal(id[k], id[0]);
		assert_int_not_equal(id[0], before);
		before = id[0];
		store_free(&s);
	}
}

static const struct {
	const char *scenario;
	enum err_kind kind;
	const char *says;
} faults[] = {
	{ "null-name", ERR_INPUT, "column 1 of an answer (\"name\") is NULL" },
	{ "nul-name", ERR_INPUT, "(\"name\") has a NUL byte" },
	{ "int-for-text", ERR_INPUT, "(\"enable\") is a number, not text" },
	{ "text-for-int", ERR_INPUT, "(\"min_reader\") is not an integer" },
	{ "double-for-int", ERR_INPUT, "(\"min_reader\") is not an integer" },
	{ "unknown-type", ERR_INPUT, "" },
	{ "more-columns", ERR_INPUT, "6 columns instead of 5" },
	{ "changed-columns", ERR_INPUT, "" },
	{ "fewer-columns", ERR_INPUT, "3 columns instead of 5" },
	{ "many-columns", ERR_INPUT, "" },
	{ "no-result", ERR_INPUT, "garbled" },
	{ "large-value", ERR_LIMIT, "column \"crt\" is 200000 bytes long" },
	{ "two-rows", ERR_LIMIT, "more than 1 rows" },
	{ "endless", ERR_LIMIT, "more than 1 rows" },
	{ "large-row", ERR_UNAVAILABLE, "larger than any of ours" },
	{ "long-length", ERR_INPUT, "garbled" },
	{ "length-beyond", ERR_INPUT, "garbled" },
	{ "null-length", ERR_INPUT, "garbled" },
	{ "short-row", ERR_INPUT, "garbled" },
	{ "garbage-row", ERR_NONE, "" },
	{ "more-answers", ERR_NONE, "" },
	{ "more-params", ERR_INPUT, "garbled" },
	{ "no-params", ERR_INPUT, "0 parameters instead of 1" },
	{ "promises-columns", ERR_INPUT, "garbled" },
	{ "infile", ERR_NONE, "" },
	{ "error", ERR_CONFIG, "run certrepo-populate init" },
	{ "close-greeting", ERR_UNAVAILABLE, "" },
	{ "close-prepare", ERR_UNAVAILABLE, "connection was lost" },
	{ "close-rows", ERR_UNAVAILABLE, "connection was lost" },
	{ "bad-greeting", ERR_UNAVAILABLE, "" },
	{ "bad-prepare", ERR_NONE, "" },
	{ "denied", ERR_CONFIG, "refuses user \"u\"" },
	{ "clear", ERR_CONFIG, "could give the password away" },
	{ "dialog", ERR_CONFIG, "could give the password away" },
	/* Last, since the server is busy with it for a while. */
	{ "huge-row", ERR_UNAVAILABLE, "" },
};

static bool is_met(const char *scenario, enum err_kind kind, const char *says)
{
	int64_t started = clock_mono_ms(), took;
	int rc = ask_at(scenario);

	took = clock_mono_ms() - started;
	print_message("%s: %d after %d ms: %s\n", scenario, rc, (int) took,
		      err.msg);
	if (took > 6000)
		return false;
	if (rc == -1 && !strstr(err.msg, kit_env("CERTREPO_TEST_FAKE")))
		return false; /* it names the store */
	return kind == ERR_NONE ||
	       (rc == -1 && err.kind == kind && strstr(err.msg, says));
}

/* ERR_NONE: any error, or none, will do. */
static void test_faults(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		if (!is_met(faults[i].scenario, faults[i].kind,
			    faults[i].says)) {
			print_error("^ %s is not met\n", faults[i].scenario);
			failed++;
		}
		close_store(NULL);
	}
	assert_int_equal(failed, 0);
	assert_in_range(memory_kb(), 0, 200000);
}

/* What the library does not survive, or never ends, or fills the memory with;
 * a process of ours does, for root. */
static void test_library(void **state)
{
	static const char *const scenarios[] = {
		"many-params",
		"more-params-to-come",
		"endless-params",
		"endless-init",
	};
	struct rusage u;

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		if (!is_met(scenarios[i], i == 0 ? ERR_NONE : ERR_UNAVAILABLE,
			    ""))
			fail_msg("%s is not met", scenarios[i]);
		close_store(NULL);
	}
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
	print_message("%ld KiB at most\n", u.ru_maxrss);
#if !defined(HAS_ASAN)
	assert_in_range(u.ru_maxrss, 0, 530000);
#endif
}

/* An answer without a number of rows that it must have. */
static void test_endless(void **state)
{
	struct store_receipts all = { 0 };
	long before;

	conf.timeout = 60;
	(void) ask_at("endless-receipts");
	store_free(&s);
	conf.timeout = 60;
	OK(store_open(&conf, STORE_READ, &s, &err));
	before = memory_kb();
	FAILS(ERR_LIMIT, "more than 67108864 bytes",
	      store_receipts_of(s, name, arena, &all, &err));
	assert_int_equal(all.n, 0);
	/* The arena has had what was within the limit. */
	assert_in_range(memory_kb() - before, 0, 250000);
}

/* After an answer that was given up the store goes on, on another line. */
static void test_goes_on(void **state)
{
	struct store_host_certs all = { 0 };

	RC(-1, ask_at("two-rows"));
	FAILS(ERR_LIMIT, "more than 1 rows",
	      store_host_certs(s, &name, 1, arena, &all, &err));
	store_free(&s);
	RC(1, ask_at("flaky")); /* asked once more */
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	alarms = alarms + 1;
}

/* However slowly it speaks, and whatever it says. */
static void test_time(void **state)
{
	static const struct {
		const char *scenario;
		int min, max;
	} slow[] = {
		{ "drip-greeting", 1900, 2600 }, { "drip", 1900, 2700 },
		{ "drip-rows", 2800, 3600 },	 { "silent", 2800, 3600 },
		{ "progress", 2800, 3600 },
	};
	struct sigaction mine = { .sa_handler = on_alarm }, now;
	sigset_t blocked, mask;

	/* Who started us may have blocked it; what we had stays ours. */
	assert_int_equal(sigaction(SIGALRM, &mine, NULL), 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		int64_t started = clock_mono_ms();

		RC(-1, ask_at(slow[i].scenario));
		print_message("%s: %s\n", slow[i].scenario, err.msg);
		assert_in_range(clock_mono_ms() - started, slow[i].min,
				slow[i].max);
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_non_null(
			strstr(err.msg, slow[i].max < 3000
						? "began no session within 2 s"
						: "did not answer within"));
		close_store(NULL);
	}
	assert_int_equal(sigaction(SIGALRM, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, on_alarm);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGALRM), 1);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	assert_int_equal(alarms, 0);
}

/* The caller's own time does not count; what was used up is. */
static void test_budget(void **state)
{
	struct store_host_certs all = { 0 };
	int64_t left;

	RC(1, ask_at("good"));
	left = db_left_ms(s->db);
	assert_in_range(left, 1000, 3000);
	usleep(300000);
	assert_int_equal(db_left_ms(s->db), left);
	db_pause(s->db, 200);
	assert_int_equal(db_left_ms(s->db), left - 200);
	db_pause(s->db, 9000);
	FAILS(ERR_UNAVAILABLE, "no time is left of 3 s",
	      store_host_certs(s, &name, 1, arena, &all, &err));
	/* A program that goes on has it anew for each operation. */
	s->use = STORE_READ;
	OK(store_host_certs(s, &name, 1, arena, &all, &err));
}

static int group_setup(void **state)
{
	FILE *f;

	if (kit_begin() == -1)
		return -1;
	snprintf(password_path, sizeof(password_path), "%s/pw", kit_dir);
	umask(077);
	f = fopen(password_path, "w");
	if (!f || fputs("sesame\n", f) == EOF || fclose(f) != 0)
		return -1;
	arena = arena_new();
	return 0;
}

static int group_teardown(void **state)
{
	arena_free(&arena);
	unlink(password_path);
	return rmdir(kit_dir);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_teardown(name_, close_store)
	const struct CMUnitTest tests[] = {
		TEST(test_good),    TEST(test_time),   TEST(test_goes_on),
		TEST(test_budget),  TEST(test_faults), TEST(test_library),
		TEST(test_endless), TEST(test_id),
	};

	if (!kit_env("CERTREPO_TEST_FAKE")) {
		printf("1..0 # SKIP needs tests/lib/fake_mariadb.py: see "
		       "tests/contract/store_peer.t\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
