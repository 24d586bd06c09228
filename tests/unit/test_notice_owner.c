/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <sys/stat.h>
#include "scratch.h"
#include "file.h"
#include "notice.h"
#include "notice_hand.h"

/* sendmail is a script that keeps each mail behind a line ">> ARGUMENTS", but
 * for those with "fails" among them. */

#define DAY  86400
#define NOON 1795694400 /* 2026-11-26T12:00:00Z */

static struct arena *arena;
static struct notice_from from;
static struct notify_conf notify;
static struct err err;

static void sendmail_is(const char *word)
{
	const char *path = arena_strdup(arena, scratch("sendmail"));
	const char **argv = arena_array(arena, 4, sizeof(*argv));
	static const char *whom[] = { "ops@example.org" };

	scratch_write(path,
		      arena_printf(arena,
				   "#!/bin/sh\ncase $* in *fails*) exit 75; "
				   "esac\n{ echo \">> $*\"; cat; } "
				   ">>'%s.kept'\n",
				   path),
		      0755);
	argv[0] = path;
	argv[1] = "-i";
	argv[2] = word;
	notify = (struct notify_conf){
		.mail = { .v = whom, .n = 1 },
		.sendmail = { .v = argv, .n = word ? 3 : 2 },
		.timeout = 10,
		.repeat = DAY,
	};
}

static int setup(void **state)
{
	static const char *const none[] = { NULL };

	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	sendmail_is("ops@example.org");
	from = (struct notice_from){ .program = "certrepo-fetcher",
				     .host = "centre",
				     .state_dir = scratch_dir,
				     .notify = &notify,
				     .owners = true,
				     .found = "The certificates",
				     .see = "certrepo-populate list",
				     .shows = "each name",
				     .services = none };
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static const char *mails(void)
{
	const char *path = arena_strdup(arena, scratch("sendmail.kept"));
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1 << 20);

	assert_int_not_equal(file_read(path, &text, &err), -1);
	unlink(path);
	return arena_strdup(arena, sbuf_str(&text));
}

/* The one to WHOM of MAILS. */
static const char *to(const char *text, const char *whom)
{
	const char *line = arena_printf(arena, ">> -i %s\n", whom);
	const char *at = strstr(text, line), *end;

	if (!at)
		return "";
	at += strlen(line);
	end = strstr(at, ">> ");
	return end ? arena_strndup(arena, at, (size_t) (end - at)) : at;
}

static size_t count(const char *text)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, ">> ")); p++)
		n++;
	return n;
}

struct seen {
	const char *name, *owner, *text;
	bool only;
};

static int run_of(int64_t now, const struct seen *v, size_t n)
{
	struct strlist untold = STRLIST_INIT;
	struct notices *all = notice_load(&from, now, &err);
	int rc;

	for (size_t i = 0; i < n && v[i].name; i++)
		notice_add(all, &(struct notice){ .topic = NOTICE_TROUBLE,
						  .service = "",
						  .cert = v[i].name,
						  .state = "failing",
						  .text = v[i].text,
						  .owner = v[i].owner,
						  .owner_only = v[i].only });
	notice_add(all, &(struct notice){ .topic = NOTICE_CA,
					  .service = "",
					  .cert = "le",
					  .state = "away",
					  .text = "it rests" });
	notice_looked(all, NOTICE_TROUBLE, "");
	err_clear(&err);
	rc = notice_send(all, -1, &untold, &err);
	notice_free(&all);
	strlist_free(&untold);
	return rc;
}

#define RUN(now, ...)                                         \
	run_of(now, (const struct seen[]){ __VA_ARGS__ },     \
	       sizeof((const struct seen[]){ __VA_ARGS__ }) / \
		       sizeof(struct seen))
#define A                                                      \
	{                                                      \
		"a.example.org", "ann@example.org", "it burns" \
	}
#define B                                                       \
	{                                                       \
		"b.example.org", "bob@example.org", "it floods" \
	}
#define C                                           \
	{                                           \
		"c.example.org", NULL, "it freezes" \
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
	const char *all, *one;

	assert_int_equal(RUN(NOON, A, B, C), 0);
	all = mails();
	assert_int_equal(count(all), 3);
	one = to(all, "ops@example.org");
	has(one, "To: ops@example.org\n");
	has(one, "4 new matters");
	has(one, "certificate a.example.org: failing\n    it burns\n");
	has(one, "certificate b.example.org");
	has(one, "certificate c.example.org");
	lacks(one, "the owner");
	one = to(all, "ann@example.org");
	has(one, "To: ann@example.org\nSubject: certrepo on centre: 1 new "
		 "matter (a.example.org)\nAuto-Submitted: auto-generated\n");
	has(one, "\nYou (ann@example.org) are noted there as the owner of");
	has(one, "certificate a.example.org: failing\n    it burns\n");
	lacks(one, "b.example.org");
	lacks(one, "c.example.org");
	lacks(one, "ops@");
	lacks(one, "bob@");
	lacks(one, "CA le");
	one = to(all, "bob@example.org");
	has(one, "it floods");
	lacks(one, "a.example.org");
}

static void once(void **state)
{
	const char *all;

	assert_int_equal(RUN(NOON, A, B), 0);
	assert_int_equal(count(mails()), 3);
	assert_int_equal(RUN(NOON + 3600, A, B), 0);
	assert_string_equal(mails(), "");
	/* another thing of one of them */
	assert_int_equal(RUN(NOON + 7200,
			     { "a.example.org", "ann@example.org", "smoke" },
			     B),
			 0);
	all = mails();
	assert_int_equal(count(all), 2);
	has(to(all, "ann@example.org"), "1 matter has changed");
	/* daily */
	assert_int_equal(RUN(NOON + DAY,
			     { "a.example.org", "ann@example.org", "smoke" },
			     B),
			 0);
	all = mails();
	has(to(all, "ann@example.org"), "1 matter still there");
	has(to(all, "bob@example.org"), "1 matter still there");
	/* over, of one */
	assert_int_equal(RUN(NOON + DAY + 60, B), 0);
	all = mails();
	assert_int_equal(count(all), 2);
	has(to(all, "ann@example.org"), "Over, what was:\n\n  certificate "
					"a.example.org: failing");
	assert_int_equal(RUN(NOON + DAY + 120, B), 0);
	assert_string_equal(mails(), "");
}

/* The next one is told anew; the one before nothing more. */
static void another_owner(void **state)
{
	const char *all;

	assert_int_equal(RUN(NOON, A), 0);
	(void) mails();
	assert_int_equal(RUN(NOON + 60, { "a.example.org", "eve@example.org",
					  "it burns" }),
			 0);
	all = mails();
	assert_int_equal(count(all), 1);
	has(to(all, "eve@example.org"), "1 new matter");
	assert_int_equal(RUN(NOON + 120, { "a.example.org", NULL, "it burns" }),
			 0);
	assert_string_equal(mails(), "");
	assert_int_equal(RUN(NOON + 180, C), 0);
	all = mails();
	assert_int_equal(count(all), 1);
	assert_string_equal(to(all, "eve@example.org"), "");
}

/* The store may say anything. */
static void hostile(void **state)
{
	static const char *const owners[] = {
		"-oQ/tmp", "a@b\nBcc: c@d", "a@b, c@d", "|/bin/sh",
		"",	   "a@b c@d",	    "\"x\"@y",
	};

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		const char *all;

		unlink(scratch("notices"));
		assert_int_equal(
			RUN(NOON, { "a.example.org", owners[i], "it burns" }),
			0);
		all = mails();
		assert_int_equal(count(all), 1);
		has(all, ">> -i ops@example.org\n");
		lacks(all, "Bcc");
	}
	/* ... and the file that we remember in. */
	scratch_write(scratch("notices"),
		      "certrepo-notices\t1\n"
		      "trouble\t\ta.example.org\t7\t0\t0\tfailing\tx\t\t\t"
		      "\ta@b\\nBcc: c@d\t7\t\n",
		      0600);
	assert_int_equal(RUN(NOON, C), 0);
	assert_int_equal(count(mails()), 1);
}

/* One that is not spelt out to all. */
static void only_owner(void **state)
{
	const struct seen x = { "x.example.org", "ann@example.org", "ice",
				true };
	const char *all;

	assert_int_equal(RUN(NOON, A, x), 0);
	all = mails();
	lacks(to(all, "ops@example.org"), "x.example.org");
	has(to(all, "ann@example.org"), "certificate x.example.org: failing");
	has(to(all, "ann@example.org"), "2 new matters");
	/* It is, from now on. */
	assert_int_equal(RUN(NOON + 60, A,
			     { "x.example.org", "ann@example.org", "ice" }),
			 0);
	all = mails();
	assert_int_equal(count(all), 1);
	has(to(all, "ops@example.org"), "1 new matter (x.example.org)");
}

/* They alone, where nobody else is to be told; and by what is there. */
static void without_notify(void **state)
{
	const char *const *argv;
	const char *all;

	notify.mail.n = 0;
	assert_int_equal(RUN(NOON, A, C), 0);
	all = mails();
	assert_int_equal(count(all), 1);
	has(all, "To: ann@example.org\n");
	assert_int_equal(RUN(NOON + 60, C), 0);
	has(mails(), "Over, what was:");
	assert_string_equal(scratch_read(scratch("notices")), "");
	from.notify = NULL;
	argv = notice_hand_argv(&from, NOTICE_OWNER, "ann@example.org", arena);
	assert_string_equal(argv[0], "sendmail");
	assert_string_equal(argv[1], "-i");
	assert_string_equal(argv[2], "ann@example.org");
	assert_null(argv[3]);
	/* What others were told, waits for them. */
	unlink(scratch("notices"));
	from.notify = &notify;
	notify.mail.n = 1;
	assert_int_equal(RUN(NOON, C), 0);
	assert_int_equal(count(mails()), 1);
	from.notify = NULL;
	assert_int_equal(RUN(NOON + 60, { 0 }), 0);
	from.notify = &notify;
	assert_int_equal(RUN(NOON + 120, { "d.example.org", NULL, "x" }), 0);
	has(mails(), "Over, what was:\n\n  certificate c.example.org");
	from.notify = NULL;
	/* An installer knows of none. */
	from.owners = false;
	assert_int_equal(RUN(NOON, A), 0);
	assert_string_equal(mails(), "");
}

/* His address in the place of the others'; by -t it is in the mail. */
static void by_which(void **state)
{
	const char *all;

	sendmail_is(NULL);
	assert_int_equal(RUN(NOON, A), 0);
	all = mails();
	has(all, ">> -i\nTo: ops@example.org\n");
	has(all, ">> -i ann@example.org\nTo: ann@example.org\n");
	sendmail_is("-t");
	assert_int_equal(RUN(NOON + DAY, A), 0);
	all = mails();
	has(all, ">> -i -t\nTo: ann@example.org\n");
	lacks(all, "-t ann");
}

static struct seen *many(size_t n, const char *prefix)
{
	struct seen *v = arena_array(arena, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = (struct seen){
			arena_printf(arena, "n%03zu.example.org", i),
			arena_printf(arena, "%s%03zu@example.org", prefix, i),
			"it burns", true
		};
	return v;
}

static void limits(void **state)
{
	const struct seen *v = many(150, "o");
	const char *all;

	notify.mail.n = 0;
	assert_int_equal(run_of(NOON, v, 150), 0);
	assert_int_equal(count(mails()), 100);
	assert_int_equal(run_of(NOON + 60, v, 150), 0);
	all = mails();
	assert_int_equal(count(all), 50);
	has(all, ">> -i ops@example.org o149@example.org\n");
	assert_int_equal(run_of(NOON + 120, v, 150), 0);
	assert_string_equal(mails(), "");
}

static void failures(void **state)
{
	const struct seen *v = many(10, "fails");

	/* One address is not all. */
	assert_int_equal(
		RUN(NOON, A, { "f.example.org", "fails@example.org", "x" }, B),
		-1);
	has(err.msg, "1 owner of certificates could not be told, the next run "
		     "tries again: mail to fails@example.org: ");
	assert_int_equal(count(mails()), 3);
	/* Three in a row: it is sendmail. */
	unlink(scratch("notices"));
	assert_int_equal(run_of(NOON, v, 10), -1);
	has(err.msg, "3 owners of certificates");
	(void) mails();
	sendmail_is("ops@example.org");
	v = many(10, "fine");
	assert_int_equal(run_of(NOON + 60, v, 10), 0);
	assert_int_equal(count(mails()), 10);
}

/* --- several --- */

static const char *told; /* name of what another has told */
static int claims, unclaims;
static bool cannot;

static int claim(void *arg, struct notice_claim *v, size_t n, struct err *e)
{
	assert_ptr_equal(arg, &told);
	if (cannot)
		return err_set(e, ERR_CONFIG, "no right");
	for (size_t i = 0; i < n; i++) {
		claims++;
		assert_int_equal(strlen(v[i].key), 16);
		assert_int_equal(v[i].repeat, DAY);
		v[i].ours = !told || strcmp(told, v[i].cert) != 0;
	}
	return 0;
}

static int unclaim(void *arg, struct notice_claim *v, size_t n, struct err *e)
{
	unclaims += (int) n;
	return 0;
}

static void several(void **state)
{
	const char *all;

	from.claim = claim;
	from.unclaim = unclaim;
	from.claim_arg = &told;
	told = "a.example.org";
	assert_int_equal(RUN(NOON, A, B), 0);
	all = mails();
	assert_int_equal(count(all), 2);
	assert_string_equal(to(all, "ann@example.org"), "");
	has(to(all, "bob@example.org"), "1 new matter");
	assert_int_equal(claims, 2);
	/* What another told him, is not asked in each run. */
	assert_int_equal(RUN(NOON + 60, A, B), 0);
	assert_int_equal(claims, 2);
	/* Nor is it told twice that it is over. */
	assert_int_equal(RUN(NOON + 120, B), 0);
	assert_string_equal(to(mails(), "ann@example.org"), "");
	assert_int_equal(claims, 3);
	/* It was not taken: whoever comes next tells it. */
	assert_int_equal(RUN(NOON + 180, B,
			     { "f.example.org", "fails@example.org", "x" }),
			 -1);
	assert_int_equal(unclaims, 1);
	/* It cannot be known: better twice than never. */
	cannot = true;
	(void) mails();
	assert_int_equal(RUN(NOON + 2 * DAY, A, B), 0);
	all = mails();
	has(to(all, "ann@example.org"), "failing");
	has(to(all, "bob@example.org"), "failing");
}

/* --- where no sendmail works --- */

static const char *said_all;

static void said(const char *line)
{
	said_all = arena_printf(arena, "%s%s\n", said_all, line);
}

static const char *hand_over(int64_t now)
{
	size_t sent = 0, failed = 0;

	said_all = "";
	if (notice_hand_outbox(&from, now, said, &sent, &failed, &err) == -1)
		return arena_strdup(arena, err.msg);
	return arena_printf(arena, "%zu sent, %zu failed", sent, failed);
}

/* Not root, and with no_new_privs where ARG says so. */
static void as_fetcher(void *arg)
{
	bool sandbox = arg == (void *) &from;
	const char *sent;

	if ((sandbox && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) ||
	    (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1) ||
	    notice_hand_waits(NOTICE_OWNER) != sandbox)
		_exit(99);
	if (sandbox)
		_exit(RUN(NOON, A, B) == 0 ? 0 : 1);
	sent = hand_over(NOON + 60);
	_exit(strcmp(sent, "3 sent, 0 failed") == 0 && !*said_all ? 0 : 1);
}

static void waits(void **state)
{
	const char *all;

	if (geteuid() == 0)
		assert_int_equal(chown(scratch_dir, 65534, 65534), 0);
	assert_int_equal(scratch_fork(as_fetcher, &from), 0);
	assert_string_equal(mails(), "");
	assert_int_equal(scratch_fork(as_fetcher, NULL), 0);
	all = mails();
	assert_int_equal(count(all), 3);
	has(to(all, "ops@example.org"), "To: ops@example.org\n");
	assert_memory_equal(to(all, "ann@example.org"), "To: ann@example.org\n",
			    20);
	lacks(all, "owner ann");
	has(to(all, "bob@example.org"), "b.example.org");
}

static void put(const char *text)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(10000);

	sbuf_adds(&s, text);
	assert_int_equal(outbox_put(scratch_dir, &s, OUTBOX_MAX, NOON, &err),
			 0);
}

/* What lies there is no option, and no list; and needs no notify. */
static void waits_hostile(void **state)
{
	put("owner -oQ/tmp\nTo: x\n\na\n");
	put("owner a@b, c@d\nTo: x\n\nb\n");
	put("owner a@b");
	put("owner ann@example.org\nTo: x\n\nfine\n");
	notify.mail.n = 0;
	assert_string_equal(hand_over(NOON + 60), "2 sent, 2 failed");
	has(said_all, "-oQ/tmp is not a mail address");
	has(said_all, "a@b, c@d is not a mail address");
	has(mails(), ">> -i ops@example.org ann@example.org\nTo: x\n\nfine\n");
	/* They are given up in the end. */
	assert_string_equal(hand_over(NOON + 8 * DAY), "0 sent, 2 failed");
	assert_string_equal(hand_over(NOON + 8 * DAY), "0 sent, 0 failed");
}

/* Others have room left. */
static void waits_room(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);

	sbuf_adds(&s, "x");
	for (int i = 0; i < OUTBOX_OWNERS; i++)
		assert_int_equal(
			outbox_put(scratch_dir, &s, OUTBOX_OWNERS, NOON, &err),
			0);
	assert_int_equal(outbox_put(scratch_dir, &s, OUTBOX_OWNERS, NOON, &err),
			 -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	put("y");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(each_his_own), TEST(once),	      TEST(another_owner),
		TEST(hostile),	    TEST(only_owner), TEST(without_notify),
		TEST(by_which),	    TEST(limits),     TEST(failures),
		TEST(several),	    TEST(waits),      TEST(waits_hostile),
		TEST(waits_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
