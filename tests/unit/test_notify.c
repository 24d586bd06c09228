/* SPDX-License-Identifier: MIT */
#include "trouble_kit.h"
#include <sys/stat.h>
#include "advice.h"
#include "fail.h"
#include "held.h"
#include "notify.h"

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
				     .clock = -1 };
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

/* What is to be copied out of our sentences. */
static void paste(void **state)
{
	assert_string_equal(
		advice_paste(
			"_acme-challenge.a.org lies in zone a.org, which "
			"dns.zones does not name: add to that zone the "
			"record \"_acme-challenge.a.org. CNAME a.b.org.\", "
			"or the zone to dns.zones",
			arena),
		"_acme-challenge.a.org. CNAME a.b.org.");
	assert_string_equal(
		advice_paste("see its update-policy, and whether the "
			     "zone is frozen (rndc thaw b.org)",
			     arena),
		"rndc thaw b.org");
	assert_null(advice_paste("a CAA record forbids it: \"x\"", arena));
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
	has(mail, "4 new matters (new.example.org, old.example.org, "
		  "parked.example.org, www.example.org)");
	has(mail, "The repository's certificates, as certrepo-fetcher on ");
	has(mail,
	    "certificate www.example.org: failing it expires on "
	    "2023-11-19T22:13:20Z; failed attempts: 3, the last: caa: a "
	    "CAA record forbids it It is tried again by itself, not before "
	    "2023-11-14T23:13:20Z. Change the CAA records of its domain, "
	    "or set another CA: certrepo-populate set www.example.org ca=OTHER "
	    "To try at once: certrepo-fetcher --once "
	    "--force www.example.org");
	has(mail,
	    "certificate old.example.org: held it expires on "
	    "2024-01-11T19:06:40Z; failed attempts: 10, the last: dns: no "
	    "such name It is not tried any more. Look at its zone and "
	    "the servers of that. When that is mended, let it go: "
	    "certrepo-fetcher --once --force old.example.org Or, if it "
	    "is not wanted any more: certrepo-populate disable "
	    "old.example.org");
	has(mail, "certificate new.example.org: failing it has no certificate "
		  "yet; failed attempts: 2, the last: connection: It");
	has(mail, "certificate parked.example.org: waiting it expires on "
		  "2023-11-19T22:13:20Z; its order waits for the CA: "
		  "processing It is tried again by itself,");
	has(mail, "certrepo-populate list shows each name; show NAME, what "
		  "became of it; man certrepo-fetcher, DIAGNOSTICS, says what "
		  "to do.");
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
		  "until 2024-02-03T22:40:00Z certrepo-populate");
	OK(store_remove(store, "new.example.org", &err) == 1 ? 0 : -1);
	sql("UPDATE certs SET enable = 'N' WHERE name = 'old.example.org'");
	mail = mailed(NOW + DAY + 120);
	has(mail, "2 matters are over");
	has(mail, "it was removed");
	has(mail, "it is disabled");
	assert_string_equal(mailed(NOW + DAY + 180), "");
}

#define RECORD                                                \
	"_acme-challenge.www.a-long-name.example.org. CNAME " \
	"www-a-long-name-example-org.acme.example.net."

/* Whole, each in a line of its own, as a shell and a zone take it. */
static void to_copy(void **state)
{
	const char *mail;

	add("*.example.org", FAILING);
	sql("UPDATE certs SET fail_class = 'config', fail_detail = 'x lies in "
	    "zone y, which dns.zones does not name: add to that zone the "
	    "record \"" RECORD "\", or the zone' WHERE name = "
	    "'*.example.org'");
	add("csr.example.org", FAILING ", fail_class = 'bad-csr'");
	add("slow.example.org", FAILING ", fail_class = 'rate-limited'");
	(void) mailed(NOW);
	mail = read_mail(true);
	has(mail, "\n        " RECORD "\n");
	has(mail,
	    "\n        certrepo-fetcher --once --force '*.example.org'\n");
	has(mail, "\n        certrepo-populate add csr.example.org --csr FILE "
		  "--replace\n");
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
		  "2023-11-14T22:13:20Z it has no certificate yet; its order "
		  "waits for the CA since 2023-11-14T22:13:20Z: processing");
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
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "n%02d.example.org", i);
		add(name, i < 30 ? FAILING : HELD);
	}
	sql("COMMIT");
	mail = mailed(NOW);
	has(mail, "41 new matters");
	has(mail, "n19.example.org: failing");
	lacks(mail, "n20.example.org: failing");
	has(mail, "n49.example.org: held");
	lacks(mail, "n50.example.org: held");
	has(mail, "other certificates: failing beside those spelt out, 10 fail "
		  "and are near their end, and 10 are held All of them: "
		  "certrepo-populate list");
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
	add("c.example.org", "ts_due = 5, ts_expire = 1600500000");
	ca("le", DOWN);
	assert_string_equal(mailed(NOW), "");
	/* Nobody has asked it since: neither so nor over. */
	assert_string_equal(mailed(NOW + 3600), "");
	ca("le", DOWN ", backoff_until = 1700012000");
	mail = mailed(NOW + 3 * 3600);
	has(mail, "1 new matter (CA le)");
	has(mail,
	    "CA le: ca-down since 2023-11-14T22:13:20Z no answer; names that "
	    "wait for it: 3, the "
	    "nearest end of one that is still good: "
	    "2023-11-20T17:06:40Z It is asked again by itself, not before "
	    "2023-11-15T01:33:20Z. When its cause is mended, to ask the CA "
	    "at once: certrepo-fetcher --once --force b.example.org If it "
	    "lasts and an end comes near, another CA for that name: "
	    "certrepo-populate set b.example.org ca=OTHER ");
	ca("le", "count_fail = 0");
	mail = mailed(NOW + 4 * 3600);
	has(mail, "1 matter is over (CA le)");
	has(mail, " it rests no more ");
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
	has(mailed(NOW), "CA own: account unknown; no name waits for it It "
			 "is asked again by itself, not before "
			 "2023-11-14T23:03:20Z. Another key ends the CA's "
			 "rest; when something else is mended, to ask it at "
			 "once: certrepo-fetcher --once --force NAME ");
	/* To ask one that counts requests is no help. */
	add("c.example.org", "ts_due = 5, ca_name = 'own'");
	ca("own", DOWN ", fail_class = 'ca-rate-limited', backoff_until = "
		       "1700100000");
	mail = mailed(NOW + 4 * 3600);
	has(mail, "names that wait for it: 1, none of them has a certificate "
		  "that is still good It is asked again by itself");
	lacks(mail, "--force c.example.org");
	ca("own", "count_fail = 0");
	add("b.example.org", "ts_due = 5, ts_expire = 1700080000");
	ca("le", DOWN);
	has(mailed(NOW + 60), "1 new matter (CA le)");
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
	has(mail, "the clock: apart CA le: here it is 2023, there 2033 Nothing "
		  "is ordered "
		  "until they agree.");
	lacks(mail, "a.example.org");
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
	has(mail, "1 matter is over (the store)");
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
	has(mailed(NOW), "proofs of control: left could not be removed: 1, the "
			 "oldest since 2023-11-13T22:13:19Z: "
			 "_acme-challenge.n1 at 192.0.2.1 Each run tries "
			 "again, for a week.");
	sql("DELETE FROM proofs");
	has(mailed(NOW + 60), "1 matter is over (proofs of control)");
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(near_end),
		TEST(wanted),
		TEST(advice),
		TEST(paste),
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
		TEST(not_handed_over),
		TEST(without_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
