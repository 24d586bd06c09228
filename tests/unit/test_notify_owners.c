/* SPDX-License-Identifier: MIT */
#include "trouble_kit.h"
#include <sys/stat.h>
#include "fleet_owners.h"
#include "notify.h"

/* sendmail is a script that keeps each mail behind a line ">> ARGUMENTS". */

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */
#define DAY 86400

#define ENDS_IN_10_DAYS                                                    \
	"ts_not_before = 1693088000, ts_expire = 1700864000, ts_due = 5, " \
	"ts_last_update = 1699999000, "
#define FAILING                                                       \
	ENDS_IN_10_DAYS "ts_next_attempt = 1700003600, "              \
			"count_fail_update = 3, fail_class = 'caa', " \
			"fail_detail = 'forbidden', "
#define ANN "owner = 'ann@example.org'"
#define BOB "owner = 'bob@example.org'"

static struct certrepo_conf *cc;
static struct notify_from from;

static const char *path(const char *name)
{
	return arena_printf(arena, "%s/%s", kit_dir, name);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* An instance with a folder of its own. */
static void configure(const char *dir, const char *notify)
{
	struct conf_errors errs = { 0 };

	(void) mkdir(path(dir), 0700);
	put("conf",
	    arena_printf(arena,
			 "store : { path = \"%s\"; };\nstate_dir = \"%s\";\n"
			 "ca = ( { name = \"le\"; directory = "
			 "\"https://le.example/dir\"; account_key = \"/k\"; } "
			 ");\n%s",
			 kit_path, path(dir), notify));
	cc = arena_alloc(arena, sizeof(*cc));
	if (certrepo_conf_load(path("conf"), arena, cc, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	from = (struct notify_from){ .conf = cc,
				     .owner = dir,
				     .command = "certrepo-fetcher",
				     .populate = "certrepo-populate",
				     .clock = -1,
				     .stop = -1 };
}

static const char *notify_all(void)
{
	return arena_printf(arena,
			    "notify : { mail = \"root\"; sendmail = [ "
			    "\"%s/sendmail\", \"root\" ]; };\n",
			    kit_dir);
}

static int setup(void **state)
{
	if (trouble_begin() == -1)
		return -1;
	put("sendmail", arena_printf(arena,
				     "#!/bin/sh\n[ ! -e %s/fails ] || exit 1\n"
				     "{ echo \">> $*\"; cat; } >>%s/mail\n",
				     kit_dir, kit_dir));
	assert_int_equal(chmod(path("sendmail"), 0755), 0);
	configure("one", notify_all());
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { "conf",	    "sendmail",
					     "mail",	    "fails",
					     "one/notices", "two/notices" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void) unlink(path(files[i]));
	(void) rmdir(path("one"));
	(void) rmdir(path("two"));
	trouble_end();
	return 0;
}

static const char *mails(void)
{
	static char text[1 << 20];
	FILE *f = fopen(path("mail"), "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	(void) unlink(path("mail"));
	text[n] = '\0';
	return arena_strdup(arena, text);
}

/* What a run at T mails. */
static const char *mailed(int64_t t)
{
	OK(notify_run(&from, store, NULL, t, &err));
	return mails();
}

static const char *to(const char *all, const char *whom)
{
	const char *at = strstr(all, arena_printf(arena, ">> %s\n", whom)),
		   *end;

	if (!at)
		return "";
	end = strstr(at + 3, ">> ");
	return end ? arena_strndup(arena, at, (size_t) (end - at)) : at;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %s", part, text);
}

static void each_his_own(void **state)
{
	const char *all;

	add("a.example.org", FAILING ANN);
	add("b.example.org", FAILING BOB);
	add("c.example.org", FAILING "owner = NULL");
	add("d.example.org",
	    ENDS_IN_10_DAYS "held = 1, ts_due = 9223372036854775807, "
			    "fail_class = 'bad-csr', " ANN);
	all = mailed(NOW);
	assert_int_equal(count(all, ">> "), 3);
	has(to(all, "root"), "4 new matters");
	has(to(all, "ann@example.org"), "2 new matters");
	has(to(all, "ann@example.org"), "certificate a.example.org: failing");
	has(to(all, "ann@example.org"), "certificate d.example.org: held");
	lacks(to(all, "ann@example.org"), "b.example.org");
	lacks(to(all, "ann@example.org"), "c.example.org");
	has(to(all, "bob@example.org"), "1 new matter (b.example.org)");
	assert_string_equal(mailed(NOW + 60), "");
	has(to(mailed(NOW + DAY), "bob@example.org"), "1 matter still there");
	sql("UPDATE certs SET ts_expire = 1707000000, ts_due = 1705000000, "
	    "ts_not_before = 1699999000, ts_next_attempt = 0, "
	    "count_fail_update = 0, fail_class = NULL WHERE name = "
	    "'b.example.org'");
	all = mailed(NOW + DAY + 60);
	assert_int_equal(count(all, ">> "), 2);
	has(to(all, "bob@example.org"),
	    "Over, what was:\n\n  certificate b.example.org: failing");
	has(to(all, "bob@example.org"), "its certificate is valid until");
}

/* Owners alone; and of a name that has none, nobody. */
static void without_notify(void **state)
{
	struct notify_conf by = { .timeout = 10, .repeat = DAY };
	const char *argv[] = { path("sendmail") };
	const char *all;

	configure("one", "");
	add("c.example.org", FAILING "owner = NULL");
	assert_string_equal(mailed(NOW), "");
	assert_int_equal(access(path("one/notices"), F_OK), -1);
	/* sendmail here is ours */
	by.sendmail.v = argv;
	by.sendmail.n = 1;
	add("a.example.org", FAILING ANN);
	cc->notify = &by;
	all = mailed(NOW + 60);
	assert_int_equal(count(all, ">> "), 1);
	has(to(all, "ann@example.org"), "1 new matter (a.example.org)");
	assert_string_equal(mailed(NOW + 120), "");
}

/* Whoever has written to the store. */
static void hostile(void **state)
{
	const char *all;

	add("a.example.org", FAILING "owner = '-oQ/tmp'");
	add("b.example.org", FAILING "owner = 'x@y, z@y'");
	add("c.example.org", FAILING "owner = ''");
	all = mailed(NOW);
	assert_int_equal(count(all, ">> "), 1);
	has(to(all, "root"), "3 new matters");
}

/* The most urgent ones are spelt out to all; each owner is told of his. */
static void many(void **state)
{
	const char *all, *ann;

	for (int i = 0; i < 180; i++) {
		add(arena_printf(arena, "n%03d.example.org", i),
		    arena_printf(arena, FAILING "owner = '%s', ts_expire = %d",
				 i == 179     ? "bob@example.org"
				 : i % 2 == 0 ? "ann@example.org"
					      : "",
				 1700864000 + i));
	}
	all = mailed(NOW);
	assert_int_equal(count(all, ">> "), 3);
	/* and the first of those that are not */
	assert_int_equal(count(to(all, "root"), ".example.org: it expires"),
			 51);
	lacks(to(all, "root"), "n051.example.org");
	has(to(all, "bob@example.org"), "certificate n179.example.org");
	ann = to(all, "ann@example.org");
	has(ann, "n098.example.org: it expires");
	assert_int_equal(count(ann, ".example.org: it expires"), 50);
	lacks(ann, "n001");
	has(ann, "other certificates: failing\n    beside those spelt out, 40 "
		 "of yours need somebody");
	assert_string_equal(mailed(NOW + 60), "");
}

/* All are told of the CA; his own words are for the owner. */
static void resting(void **state)
{
	const char *all;

	add("a.example.org", ENDS_IN_10_DAYS ANN);
	add("b.example.org", ENDS_IN_10_DAYS "owner = NULL");
	sql("INSERT INTO cas (name, directory, backoff_until, count_fail, "
	    "fail_class, fail_detail) VALUES ('le', 'https://le.example/dir', "
	    "1700086000, 4, 'account', 'unknown')");
	all = mailed(NOW);
	has(to(all, "root"), "1 new matter (CA le)");
	has(to(all, "ann@example.org"),
	    "certificate a.example.org: waiting\n    it expires on "
	    "2023-11-24T22:13:20Z (in 10 days); its CA rests");
	lacks(to(all, "ann@example.org"), "b.example.org");
	lacks(to(all, "ann@example.org"), "unknown");
}

/* One of them tells him, be it new, daily or over. */
static void several(void **state)
{
	const char *all, *mail = notify_all();
	struct notify_from one, two;

	one = from;
	configure("two", mail);
	two = from;
	add("a.example.org", FAILING ANN);
	from = one;
	has(to(mailed(NOW), "ann@example.org"), "1 new matter");
	from = two;
	all = mailed(NOW + 60);
	has(to(all, "root"), "1 new matter");
	assert_string_equal(to(all, "ann@example.org"), "");
	from = one;
	has(to(mailed(NOW + DAY), "ann@example.org"), "still there");
	from = two;
	assert_string_equal(to(mailed(NOW + DAY + 61), "ann@example.org"), "");
	sql("DELETE FROM certs");
	has(to(mailed(NOW + DAY + 120), "ann@example.org"), "is over");
	from = one;
	all = mailed(NOW + DAY + 180);
	has(to(all, "root"), "is over");
	assert_string_equal(to(all, "ann@example.org"), "");
	/* One who could not tell, leaves it to the other. */
	add("b.example.org", FAILING ANN);
	put("fails", "");
	assert_int_equal(notify_run(&from, store, NULL, NOW + 2 * DAY, &err),
			 -1);
	(void) unlink(path("fails"));
	from = two;
	has(to(mailed(NOW + 2 * DAY + 1), "ann@example.org"), "1 new matter");
	from = one;
	assert_string_equal(to(mailed(NOW + 2 * DAY + 2), "ann@example.org"),
			    "");
	/* No right on that table: each tells. */
	sql("DROP TABLE owner_notices");
	add("c.example.org", FAILING ANN);
	has(to(mailed(NOW + 2 * DAY + 3), "ann@example.org"), "c.example.org");
	from = two;
	has(to(mailed(NOW + 2 * DAY + 4), "ann@example.org"), "c.example.org");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(each_his_own), TEST(without_notify), TEST(hostile),
		TEST(many),	    TEST(resting),	  TEST(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
