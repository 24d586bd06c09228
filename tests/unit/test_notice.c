/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include "scratch.h"
#include "clock.h"
#include "notice.h"
#include "notice_text.h"

/* sendmail and the command are scripts in the scratch folder that keep what
 * they are given in "mail" and "json", one call after the other, or fail while
 * "mail-fails" or "json-fails" is there. */

#define DAY  86400
#define NOON 1795694400 /* 2026-11-26T12:00:00Z */

static struct arena *arena;
static struct notice_from from;
static struct strlist untold;
static char why[1000]; /* the last one failed */

static const char *script(const char *name)
{
	const char *path = arena_strdup(arena, scratch(name));

	scratch_write(path,
		      arena_printf(arena,
				   "#!/bin/sh\n[ ! -e '%s-fails' ] || exit 75\n"
				   "cat >>'%s.kept'\n",
				   path, path),
		      0755);
	return path;
}

static void load(const char *notify)
{
	static const char *const services[] = { "web", "mail", "a", "b", "c",
						"d",   "e",    "f", NULL };
	static const struct conf_setting settings[] = {
		{ .name = "notify",
		  .type = CONF_GROUP,
		  .sub = &notify_conf_schema,
		  .offset = sizeof(struct conf_src) },
		{ .name = NULL },
	};
	struct conf {
		struct conf_src src;
		struct notify_conf *notify;
	} *conf = arena_alloc(arena, sizeof(*conf));
	static const struct conf_schema schema = { settings,
						   sizeof(struct conf) };
	struct conf_errors errs = { 0 };

	if (conf_load_string("t", notify, &schema, arena, conf, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	notify_conf_check(conf->notify, &errs);
	assert_int_equal(errs.list.n, 0);
	from = (struct notice_from){ .program = "certrepo-x",
				     .host = "web1",
				     .state_dir = scratch_dir,
				     .notify = conf->notify,
				     .patience = 6 * 3600,
				     .found = "The certificates of web1, as "
					      "certrepo-x found them",
				     .see = "certrepo-x --status",
				     .shows = "each certificate and endpoint",
				     .services = services };
}

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	load(arena_printf(arena,
			  "notify : { mail = [ \"root\", "
			  "\"ops@example.org\" ]; from = \"certrepo@web1\"; "
			  "sendmail = [ \"%s\" ]; command = [ \"%s\" ]; };",
			  script("mail"), script("json")));
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	strlist_free(&untold);
	return scratch_teardown(state);
}

static const char *kept(const char *name)
{
	const char *path = arena_printf(arena, "%s.kept", scratch(name));
	const char *text = "";

	if (access(path, F_OK) == 0)
		text = arena_strdup(arena, scratch_read(path));
	unlink(path);
	return text;
}

static void begin(void)
{
	(void) kept("mail");
	(void) kept("json");
	unlink(scratch("notices"));
	unlink(scratch("mail-fails"));
	unlink(scratch("json-fails"));
}

static struct notices *load_notices(int64_t now)
{
	struct err err = ERR_INIT;
	struct notices *n = notice_load(&from, now, &err);

	strlist_free(&untold);
	assert_string_equal(err.msg, "");
	return n;
}

/* A run at NOW that looked at web and mail, and found TEXT of web's trouble,
 * in STATE; or nothing. */
static int run(int64_t now, const char *state, const char *text)
{
	struct notices *n = load_notices(now);
	struct err err = ERR_INIT;
	int status;

	if (text)
		notice_add(n,
			   &(struct notice){ NOTICE_TROUBLE, "web",
					     "www.example.org", state, text });
	notice_looked(n, NOTICE_TROUBLE, "web");
	notice_looked(n, NOTICE_TROUBLE, "mail");
	status = notice_send(n, -1, &untold, &err);
	snprintf(why, sizeof(why), "%s", err.msg);
	notice_free(&n);
	return status;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void from_new_to_over(void **state)
{
	const char *mail;

	begin();
	assert_int_equal(run(NOON, "rolled-back", "it burns"), 0);
	mail = kept("mail");
	has(mail, "From: certrepo@web1\nTo: root,\n ops@example.org\n"
		  "Subject: certrepo on web1: 1 new matter (web)\n"
		  "Auto-Submitted: auto-generated\n");
	has(mail, "\n\nThe certificates of web1, as certrepo-x found "
		  "them\non 2026-11-26T12:00:00Z.\n");
	has(mail, "New:\n\n  service web, certificate www.example.org: "
		  "rolled-back\n    it burns\n");
	/* The same, at another time and of another number; and from now on. */
	assert_int_equal(run(NOON + 60, "rolled-back", "it burns 17/2026-1x"),
			 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(run(NOON + 3600, "held", "it burned"), 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(run(NOON + DAY - 1, "held", "it burned"), 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(run(NOON + DAY, "held", "it burned"), 0);
	mail = kept("mail");
	has(mail, "Subject: certrepo on web1: 1 matter still there (web)\n");
	has(mail, "held since 2026-11-26T12:00:00Z\n    it burned\n");
	assert_int_equal(run(NOON + DAY + 60, NULL, NULL), 0);
	mail = kept("mail");
	has(mail, "Subject: certrepo on web1: 1 matter is over (web)\n");
	/* not what was to be done */
	has(mail, "Over, what was:\n\n  service web, certificate "
		  "www.example.org: held since 2026-11-26T12:00:00Z\n\n"
		  "certrepo-x --status shows each certificate and endpoint;\n"
		  "man certrepo-trouble says what to do;\n"
		  "man certrepo-x, DIAGNOSTICS, has every message.\n");
	assert_int_equal(run(NOON + DAY + 120, NULL, NULL), 0);
	assert_string_equal(kept("mail"), "");
	assert_string_equal(scratch_read(scratch("notices")), "");
	/* It comes back: new. */
	assert_int_equal(run(NOON + DAY + 180, "failed", "again"), 0);
	has(kept("mail"), "1 new matter");
}

/* The name of a row is anybody's who can write to the store: it writes no
 * header, and no line of ours; and it is the same matter the next day. */
static void hostile_name(void **state)
{
	static const char name[] =
		"z\nBcc: evil@example.org\n\nOver:\n  \033[2J";
	const struct notice m = { .topic = NOTICE_TROUBLE,
				  .service = "web",
				  .cert = name,
				  .state = "failed\nX: y",
				  .text = "it\nburns" };
	struct notices *n;
	const char *mail;
	struct err err = ERR_INIT;

	begin();
	for (int i = 0; i < 2; i++) {
		n = notice_load(&from, NOON + i * 60, &err);
		notice_add(n, &m);
		notice_looked(n, NOTICE_TROUBLE, "web");
		assert_int_equal(notice_send(n, -1, &untold, &err), 0);
		notice_free(&n);
		mail = kept("mail");
		assert_null(strstr(mail, "\nBcc:"));
		assert_null(strstr(mail, "\nX:"));
		assert_null(strstr(mail, "\nOver"));
		assert_null(strchr(mail, '\033'));
		if (i == 0)
			has(mail, "1 new matter");
		else
			assert_string_equal(mail, "");
	}
}

/* What it says is another thing: told, each once between two reminders, and
 * not without end. */
static void changes(void **state)
{
	static const struct {
		const char *state, *text;
		bool told;
	} cases[] = {
		{ "refused", "no name", true },
		{ "refused", "no key", true },
		{ "refused", "no name", false },
		{ "failed", "no name", true },
		{ "failed", "no end of it", true },
		{ "failed", "and one more", false },
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *mail, *json;

		assert_int_equal(run(NOON + 60 * (int64_t) i, cases[i].state,
				     cases[i].text),
				 0);
		mail = kept("mail");
		json = kept("json");
		if ((*mail != '\0') != cases[i].told ||
		    (*json != '\0') != cases[i].told)
			fail_msg("case %zu: %s", i, mail);
		if (i == 1) {
			has(mail, "Subject: certrepo on web1: 1 matter has "
				  "changed (web)\n");
			has(mail, "Changed:\n\n  service web, certificate "
				  "www.example.org: refused since "
				  "2026-11-26T12:00:00Z\n    no key\n");
			has(json, "\"event\":\"changed\"");
		}
	}
	assert_int_equal(run(NOON + DAY, "failed", "and one more"), 0);
	has(kept("mail"), "still there");
	/* By the command it is told when that is there again. */
	scratch_write(scratch("json-fails"), "", 0600);
	assert_int_equal(run(NOON + DAY + 60, "failed", "no name"), -1);
	has(kept("mail"), "has changed");
	unlink(scratch("json-fails"));
	assert_int_equal(run(NOON + DAY + 120, "failed", "no name"), 0);
	assert_string_equal(kept("mail"), "");
	has(kept("json"), "changed");
	assert_int_equal(run(NOON + DAY + 180, NULL, NULL), 0);
}

/* What went back is expected to be held; what failed in another way is not. */
static void held_then(void **state)
{
	struct err err = ERR_INIT;
	struct notices *n;

	begin();
	assert_int_equal(run(NOON, "failed", "back, but not proven"), 0);
	has(kept("mail"), "1 new matter");
	/* Both in one run: the one that says more. */
	n = load_notices(NOON + 60);
	notice_add(n,
		   &(struct notice){ NOTICE_TROUBLE, "web", "www.example.org",
				     "rolled-back", "the old set is served" });
	notice_add(n, &(struct notice){ NOTICE_TROUBLE, "web",
					"www.example.org", "held", "held" });
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
	has(kept("mail"), "Changed:\n\n  service web, certificate "
			  "www.example.org: rolled-back since "
			  "2026-11-26T12:00:00Z\n    the old set is served\n");
	assert_int_equal(run(NOON + 120, "held", "held"), 0);
	assert_string_equal(kept("mail"), "");
	/* By itself. */
	begin();
	assert_int_equal(run(NOON, "failed", "back, but not proven"), 0);
	has(kept("mail"), "1 new matter");
	assert_int_equal(run(NOON + 60, "held", "held"), 0);
	has(kept("mail"), "1 matter has changed");
	assert_int_equal(run(NOON + 120, "held", "for another reason"), 0);
	assert_string_equal(kept("mail"), "");
}

/* That it is held is told each time that it comes to that; also when all that
 * it says was told before. */
static void held_again(void **state)
{
	begin();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run(NOON + 600 * i, "failed", "no name"), 0);
		assert_int_equal(*kept("mail") != '\0', i == 0);
		assert_int_equal(run(NOON + 600 * i + 60, "held", "no name"),
				 0);
		has(kept("mail"), "has changed");
		assert_int_equal(run(NOON + 600 * i + 120, "held", "it is"), 0);
		assert_string_equal(kept("mail"), "");
	}
}

/* What one store holds says nothing of another. */
static void of_one_store(void **state)
{
	begin();
	from.store = "sqlite /a";
	assert_int_equal(run(NOON, "failed", "no name"), 0);
	has(kept("mail"), "1 new matter");
	from.store = "sqlite /b";
	assert_int_equal(run(NOON + 60, NULL, NULL), 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(run(NOON + 120, "failed", "other"), 0);
	has(kept("mail"), "1 new matter");
	from.store = "sqlite /a";
	assert_int_equal(run(NOON + 180, "failed", "no name"), 0);
	assert_string_equal(kept("mail"), "");
	from.store = "sqlite /b";
	assert_int_equal(run(NOON + 300, NULL, NULL), 0);
	has(kept("mail"), "is over");
	from.store = "sqlite /a";
	assert_int_equal(run(NOON + 300, NULL, NULL), 0);
	has(kept("mail"), "is over");
	from.store = NULL;
}

/* Those that are alike are one paragraph, with one command for all of them. */
static void alike(void **state)
{
	static const char *const todo[] = { "Mend it:",
					    " run --each " NOTICE_ARG " now",
					    " run --all " NOTICE_ARGS, NULL };
	struct notice m[] = {
		{ .cert = "b.org", .arg = "b.org", .end = NOON + 60 * 86400 },
		{ .cert = "-a.org", .arg = "-- -a.org" },
		{ .cert = "c.org", .arg = "c.org", .end = NOON - 5 },
	};
	struct notices *n = load_notices(NOON);
	struct err err = ERR_INIT;
	const char *mail;

	begin();
	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		m[i].topic = NOTICE_TROUBLE;
		m[i].service = "";
		m[i].state = "failing";
		m[i].text = arena_printf(arena, "no answer of %s", m[i].cert);
		m[i].own = arena_printf(arena, "own %zu", i);
		m[i].group = "no answer";
		m[i].todo = todo;
		notice_add(n, &m[i]);
	}
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
	mail = kept("mail");
	has(mail, "EXPIRED: 3 new matters (c.org, -a.org, b.org)\n");
	has(mail, "  3 certificates: failing\n    c.org: own 2\n    b.org: own "
		  "0\n    -a.org: own 1\n    All of them, in the words of the "
		  "first:\n    no answer of c.org\n    Mend it:\n"
		  "        run --each c.org now\n        run --each b.org now\n"
		  "        run --each -- -a.org now\n"
		  "        run --all c.org b.org -- -a.org\n\n");
	has(kept("json"), "\"text\":\"own 2; no answer of c.org\",\"expires\":"
			  "1795694395,\"todo\":[\"Mend it:\",\"run --each "
			  "c.org now\",\"run --all c.org\"]");
}

/* Whoever is told and hangs is ended by what ends us. */
static void stopped(void **state)
{
	struct notices *n;
	struct err err = ERR_INIT;
	int64_t begun;
	int fds[2];

	begin();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	load(arena_printf(arena, "notify : { mail = \"root\"; sendmail = [ "
				 "\"/bin/sleep\", \"60\" ]; timeout = 50; };"));
	begun = clock_mono_ms();
	n = load_notices(NOON);
	notice_add(n, &(struct notice){ NOTICE_TROUBLE, "web", "x", "failed",
					"so" });
	assert_int_equal(notice_send(n, fds[0], &untold, &err), -1);
	assert_true(clock_mono_ms() - begun < 30000);
	has(err.msg, "a signal ended this before \"/bin/sleep\" had taken it");
	notice_free(&n);
	close(fds[0]);
	close(fds[1]);
}

/* Each tries again by itself, and what was not told is not over. */
static void not_handed_over(void **state)
{
	char *text;

	begin();
	scratch_write(scratch("mail-fails"), "", 0600);
	assert_int_equal(run(NOON, "failed", "it burns"), -1);
	has(kept("json"), "\"it burns\"");
	text = strlist_join(&untold, "\n");
	assert_string_equal(text, "New:\n\n  service web, certificate "
				  "www.example.org: failed\n    it burns\n");
	mem_free_str(&text);
	has(why,
	    "could not be told, see certrepo-x --status: mail of notify: ");
	has(why, "exited with 75; the command took it");
	assert_int_equal(run(NOON + 60, "failed", "it burns"), -1);
	assert_string_equal(kept("json"), "");
	unlink(scratch("mail-fails"));
	assert_int_equal(run(NOON + 120, "failed", "it burns"), 0);
	has(kept("mail"), "1 new matter");
	scratch_write(scratch("json-fails"), "", 0600);
	assert_int_equal(run(NOON + 180, NULL, NULL), -1);
	has(kept("mail"), "is over");
	has(why, "the mail was handed over, but not all that are told: "
		 "command of notify: ");
	assert_int_equal(untold.n, 0);
	unlink(scratch("json-fails"));
	assert_int_equal(run(NOON + 240, NULL, NULL), 0);
	assert_string_equal(kept("mail"), "");
	has(kept("json"), "\"over\"");
	/* Over before anybody heard of it. */
	scratch_write(scratch("mail-fails"), "", 0600);
	scratch_write(scratch("json-fails"), "", 0600);
	assert_int_equal(run(NOON + 300, "failed", "it burns"), -1);
	has(why, "mail of notify: ");
	has(why, "; command of notify: ");
	unlink(scratch("mail-fails"));
	unlink(scratch("json-fails"));
	assert_int_equal(run(NOON + 360, NULL, NULL), 0);
	assert_string_equal(kept("mail"), "");
	assert_string_equal(kept("json"), "");
}

/* One mail for all; what was not looked at is not over. */
static void digest(void **state)
{
	static const char *const services[] = { "e", "d", "c", "b", "a", "f" };
	struct notices *n = load_notices(NOON);
	struct err err = ERR_INIT;
	json_t *root, *list, *one;
	const char *mail;

	begin();
	for (size_t i = 0; i < 6; i++)
		for (int k = 0; k < 2; k++)
			notice_add(n, &(struct notice){ NOTICE_TROUBLE,
							services[i],
							k ? "x.org" : "",
							"failed", "so" });
	notice_add(n, &(struct notice){ NOTICE_KEY_AGE, "a", "x.org", "old",
					"\xc3\xa4 is\nno ascii\t\x01" });
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
	mail = kept("mail");
	has(mail, "13 new matters (a, b, c, d, e ...)\n");
	assert_null(strstr(strstr(mail, "Subject") + 1, "Subject"));
	has(mail, "?? is no ascii ?\n");
	for (const char *p = mail; *p != '\0'; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	root = json_loads(kept("json"), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "host")),
			    "web1");
	assert_true(json_integer_value(json_object_get(root, "time")) == NOON);
	list = json_object_get(root, "events");
	assert_int_equal(json_array_size(list), 13);
	one = json_array_get(list, 12);
	assert_string_equal(json_string_value(json_object_get(one, "event")),
			    "new");
	assert_string_equal(json_string_value(json_object_get(one, "topic")),
			    "key-age");
	assert_string_equal(json_string_value(json_object_get(one, "name")),
			    "x.org");
	json_decref(root);
	assert_int_equal(run(NOON + 60, NULL, NULL), 0);
	assert_string_equal(kept("mail"), "");
}

static void wraps(void **state)
{
	struct notice_line line = {
		.event = NOTICE_NEW,
		.what = { NOTICE_TROUBLE, "web", "", "failed",
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbb "
			  "cccccccccccc ddd eeee "
			  "https://a.example.org/very/long/word/that/does/not/"
			  "fit/into/any/line/at/all/so/it/has/its/own f" }
	};
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1 << 16);

	notice_text_mail(&line, 1, &from, NULL, NOON, &out);
	has(sbuf_str(&out),
	    "\n    aaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbb "
	    "cccccccccccc ddd\n    eeee\n    https://a.example.org/very/long/"
	    "word/that/does/not/fit/into/any/line/at/all/so/it/has/its/own\n"
	    "    f\n");
}

/* How urgent it is, is seen without opening it. */
static void urgency(void **state)
{
	static const struct {
		int64_t ends[2]; /* after NOON; 0: none */
		enum notice_event event;
		const char *subject;
	} cases[] = {
		{ { 2 * DAY }, NOTICE_NEW, "expires in 2 days: 2 new" },
		{ { 2 * DAY - 1 },
		  NOTICE_STILL,
		  "expires in 47 hours: 2 matters still there" },
		{ { 7199 }, NOTICE_NEW, "expires in 1 hour: 2 new" },
		{ { 9 * DAY, 3 * DAY + 1 },
		  NOTICE_NEW,
		  "the first expires in 3 days: 2 new" },
		{ { -1, DAY }, NOTICE_CHANGED, "EXPIRED: 2 matters have" },
		{ { -1, -DAY }, NOTICE_NEW, "2 EXPIRED: 2 new matters" },
		{ { -1, DAY }, NOTICE_OVER, "2 matters are over" },
		{ { 0 }, NOTICE_NEW, "2 new matters" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct notice_line v[2];
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1 << 16);
		AUTO(sbuf_free) struct sbuf json = SBUF_INIT(1 << 16);

		for (size_t k = 0; k < 2; k++)
			v[k] = (struct notice_line){
				.event = cases[i].event,
				.what = { .topic = NOTICE_TROUBLE,
					  .service = "",
					  .cert = k ? "b" : "a",
					  .state = "failing",
					  .text = "so",
					  .end = cases[i].ends[k]
							 ? NOON + cases[i].ends
									   [k]
							 : 0 },
			};
		notice_text_mail(v, 2, &from, NULL, NOON, &out);
		has(sbuf_str(&out),
		    arena_printf(arena, "\nSubject: certrepo on web1: %s",
				 cases[i].subject));
		notice_text_json(v, 2, &from, NOON, &json);
		assert_int_equal(!!strstr(sbuf_str(&json), "\"expires\":"),
				 cases[i].ends[0] &&
					 cases[i].event != NOTICE_OVER);
	}
}

/* To all who are told, and nothing is remembered. */
static void test_of_it(void **state)
{
	struct notice_from nobody = from;
	const char *mail;

	begin();
	assert_int_equal(notice_test(&from, "x.conf", NOON), 0);
	mail = kept("mail");
	has(mail, "To: root,\n ops@example.org\n"
		  "Subject: certrepo on web1: 1 new matter (a test)\n");
	has(mail, "  a test: nothing is wrong\n    somebody tried who is told");
	has(kept("json"), "\"topic\":\"test\"");
	assert_int_equal(access(scratch("notices"), F_OK), -1);
	scratch_write(scratch("mail-fails"), "", 0600);
	assert_int_equal(notice_test(&from, "x.conf", NOON), 2);
	has(kept("json"), "\"topic\":\"test\"");
	scratch_write(scratch("json-fails"), "", 0600);
	assert_int_equal(notice_test(&from, "x.conf", NOON), 1);
	nobody.notify = NULL;
	assert_int_equal(notice_test(&nobody, "x.conf", NOON), 78);
	begin();
}

static int store_run(int64_t now, bool away)
{
	struct notices *n = load_notices(now);
	struct err err = ERR_INIT;
	int status;

	if (away)
		notice_add(n, &(struct notice){ NOTICE_STORE, "", "",
						"unavailable", "no route" });
	else
		notice_looked(n, NOTICE_STORE, "");
	status = notice_send(n, -1, &untold, &err);
	notice_free(&n);
	return status;
}

static void store_has_time(void **state)
{
	begin();
	assert_int_equal(store_run(NOON, true), 0);
	assert_int_equal(store_run(NOON + 6 * 3600 - 1, true), 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(store_run(NOON + 6 * 3600, true), 0);
	has(kept("mail"), "  the store: unavailable since "
			  "2026-11-26T12:00:00Z\n    no route\n");
	assert_int_equal(store_run(NOON + 6 * 3600 + 1, false), 0);
	has(kept("mail"), "1 matter is over (the store)\n");
	/* Short ones are nobody's business. */
	assert_int_equal(store_run(NOON + DAY, true), 0);
	assert_int_equal(store_run(NOON + DAY + 1, false), 0);
	assert_int_equal(store_run(NOON + 2 * DAY, true), 0);
	assert_string_equal(kept("mail"), "");
}

/* A clock that ran ahead wrote when it began: that is not waited for. */
static void since_from_the_future(void **state)
{
	begin();
	assert_int_equal(store_run(NOON + 400 * DAY, true), 0);
	assert_int_equal(store_run(NOON, true), 0);
	assert_string_equal(kept("mail"), "");
	assert_int_equal(store_run(NOON + 6 * 3600, true), 0);
	has(kept("mail"),
	    "  the store: unavailable since 2026-11-26T12:00:00Z\n");
	assert_int_equal(store_run(NOON + 6 * 3600 + 1, false), 0);
	has(kept("mail"), "since 2026-11-26T12:00:00Z\n");
}

/* What is of no service: CAs, names, what is counted; what has patience. */
static void without_service(void **state)
{
	static const struct notice what[] = {
		{ NOTICE_CA, "", "le", "ca-down", "no answer",
		  .patient = true },
		{ NOTICE_CA, "", "own", "account", "unknown" },
		{ NOTICE_TROUBLE, "", "www.example.org", "held", "caa" },
		{ NOTICE_TROUBLE, "", "mail.example.org", "failing", "dns" },
		{ NOTICE_MORE, "", "", "failing", "30 of them" },
		{ NOTICE_PROOF, "", "", "left", "3 of them" },
	};
	static const char *const todo[] = { "Do this:", " run -x \"y\"", NULL };
	struct strlist missing = STRLIST_INIT;
	struct err err = ERR_INIT;
	struct notices *n;
	const char *mail;

	begin();
	for (int i = 0; i < 2; i++) {
		n = load_notices(NOON + i * 6 * 3600);
		for (size_t k = 0; k < ARRAY_LEN(what); k++) {
			struct notice m = what[k];

			m.todo = k == 2 ? todo : NULL;
			notice_add(n, &m);
		}
		assert_int_equal(notice_send(n, -1, &untold, &err), 0);
		notice_free(&n);
		mail = kept("mail");
		if (i > 0)
			break;
		has(mail, "5 new matters (CA own, mail.example.org, other "
			  "certificates, proofs of control, www.example.org)");
		has(mail, "  CA own: account\n    unknown\n");
		has(mail, "  certificate www.example.org: held\n    caa\n"
			  "    Do this:\n        run -x \"y\"\n\n");
		has(kept("json"), "\"text\":\"caa\",\"todo\":[\"Do this:\","
				  "\"run -x \\\"y\\\"\"]}");
		has(mail, "  other certificates: failing\n    30 of them\n");
		assert_null(strstr(mail, "CA le"));
	}
	has(mail, "1 new matter (CA le)");
	n = load_notices(NOON + 7 * 3600);
	notice_add(n, &what[2]);
	notice_missing(n, NOTICE_TROUBLE, &missing);
	assert_int_equal(missing.n, 1);
	assert_string_equal(missing.v[0], "mail.example.org");
	strlist_free(&missing);
	notice_looked(n, NOTICE_CA, "");
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
	has(kept("mail"), "2 matters are over (CA le, CA own)");
}

static void of_old(bool there)
{
	struct notices *n = load_notices(NOON);
	struct err err = ERR_INIT;

	if (there)
		notice_add(n, &(struct notice){ NOTICE_TROUBLE, "old", "",
						"failed", "so" });
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
}

/* What is so instead is said of a certificate, or of all of the service. */
static void now(void **state)
{
	struct err err = ERR_INIT;
	struct notices *n;
	const char *mail;

	begin();
	for (int over = 0; over <= 1; over++) {
		n = load_notices(NOON + 60 * over);
		if (!over) {
			notice_add(n, &(struct notice){ NOTICE_TROUBLE, "web",
							"b", "failed", "so" });
			notice_add(n, &(struct notice){ NOTICE_ENDPOINT, "web",
							"", "failed", "so" });
		}
		notice_looked(n, NOTICE_TROUBLE, "web");
		notice_looked(n, NOTICE_ENDPOINT, "web");
		notice_now(n, "we", "b", "not this");
		notice_now(n, "web", "a", "served since 1");
		notice_now(n, "web", "b", "served since 2");
		assert_int_equal(notice_send(n, -1, &untold, &err), 0);
		notice_free(&n);
		mail = kept("mail");
		if (!over)
			assert_null(strstr(mail, "since"));
	}
	has(mail, "certificate b: failed since 2026-11-26T12:00:00Z\n    "
		  "served since 2\n");
	has(mail, "service web: failed since 2026-11-26T12:00:00Z\n    a: "
		  "served since 1; b: served since 2\n");
}

/* Of the host each topic has its own. */
static void now_of_topic(void **state)
{
	struct err err = ERR_INIT;
	struct notices *n;
	const char *mail;

	begin();
	for (int over = 0; over <= 1; over++) {
		n = load_notices(NOON + 60 * over);
		if (!over) {
			notice_add(n, &(struct notice){ NOTICE_CLOCK, "", "",
							"x", "so" });
			notice_add(n, &(struct notice){ NOTICE_PROOF, "", "",
							"left", "so" });
			notice_add(n, &(struct notice){ NOTICE_CA, "", "le",
							"down", "so" });
		}
		notice_looked(n, NOTICE_CLOCK, "");
		notice_looked(n, NOTICE_PROOF, "");
		notice_looked(n, NOTICE_CA, "");
		notice_now_of(n, NOTICE_PROOF, "", "removed");
		notice_now_of(n, NOTICE_CA, "le", "it answers");
		assert_int_equal(notice_send(n, -1, &untold, &err), 0);
		notice_free(&n);
		mail = kept("mail");
	}
	has(mail, "the clock: x since 2026-11-26T12:00:00Z\n\n");
	has(mail, "proofs of control: left since 2026-11-26T12:00:00Z\n    "
		  "removed\n");
	has(mail, "CA le: down since 2026-11-26T12:00:00Z\n    it answers\n");
}

/* Whether it is still so could not be told. */
static void left_open(void **state)
{
	struct err err = ERR_INIT;

	begin();
	assert_int_equal(run(NOON, "failed", "so"), 0);
	has(kept("mail"), "1 new matter");
	for (int i = 0; i < 2; i++) {
		struct notices *n = load_notices(NOON + 60);

		notice_looked(n, NOTICE_TROUBLE, "web");
		if (i == 0)
			notice_open(n, NOTICE_TROUBLE, "web",
				    "www.example.org");
		notice_open(n, NOTICE_TROUBLE, "mail", "www.example.org");
		assert_int_equal(notice_send(n, -1, &untold, &err), 0);
		notice_free(&n);
		if (i == 0)
			assert_string_equal(kept("mail"), "");
		else
			has(kept("mail"), "1 matter is over");
	}
}

/* A service that is not configured any more is over; unless it still has
 * something. */
static void gone_service(void **state)
{
	begin();
	of_old(true);
	has(kept("mail"), "1 new matter (old)");
	of_old(true);
	assert_string_equal(kept("mail"), "");
	of_old(false);
	has(kept("mail"), "1 matter is over (old)");
	of_old(false);
	assert_string_equal(kept("mail"), "");
	assert_string_equal(scratch_read(scratch("notices")), "");
}

static void damaged_memory(void **state)
{
	static const char *const texts[] = {
		"garbage\tand\tmore\n",
		"trouble\tweb\twww.example.org\t1\t1\n",
		"other\tweb\twww.example.org\t1\t1\t1\tfailed\tso\n",
		"trouble\tweb\twww.example.org\tx\t1\t1\tfailed\tso\n",
		"trouble\tweb\twww.example.org\t-5\t1\t1\tfailed\tso\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		begin();
		scratch_write(scratch("notices"), texts[i], 0600);
		assert_int_equal(run(NOON, "failed", "so"), 0);
		has(kept("mail"), "1 new matter");
	}
	/* A clock that was set back does not silence it. */
	begin();
	assert_int_equal(run(NOON, "failed", "so"), 0);
	(void) kept("mail");
	assert_int_equal(run(NOON - 60, "failed", "so"), 0);
	has(kept("mail"), "still there");
}

static void cut_memory(void **state)
{
	struct err err = ERR_INIT;
	struct notices *n;
	char *text;

	begin();
	assert_int_equal(run(NOON, "failed", "so"), 0);
	text = arena_strdup(arena, scratch_read(scratch("notices")));
	*strstr(text, "\n\\end") = '\0';
	scratch_write(scratch("notices"), text, 0600);
	n = notice_load(&from, NOON + 60, &err);
	has(err.msg, "notices: it was cut");
	assert_int_equal(notice_send(n, -1, &untold, &err), 0);
	notice_free(&n);
	assert_int_equal(access(scratch("notices"), F_OK), -1);

	scratch_write(scratch("notices"), "garbage\n", 0600);
	err_clear(&err);
	n = notice_load(&from, NOON + 60, &err);
	has(err.msg, "notices: line 1 of it is damaged");
	notice_free(&n);
}

static void nobody_to_tell(void **state)
{
	begin();
	from.notify = NULL;
	assert_int_equal(run(NOON, "failed", "so"), 0);
	assert_int_equal(access(scratch("notices"), F_OK), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_new_to_over),
		cmocka_unit_test(hostile_name),
		cmocka_unit_test(changes),
		cmocka_unit_test(held_then),
		cmocka_unit_test(held_again),
		cmocka_unit_test(of_one_store),
		cmocka_unit_test(alike),
		cmocka_unit_test(not_handed_over),
		cmocka_unit_test(digest),
		cmocka_unit_test(wraps),
		cmocka_unit_test(urgency),
		cmocka_unit_test(test_of_it),
		cmocka_unit_test(store_has_time),
		cmocka_unit_test(since_from_the_future),
		cmocka_unit_test(without_service),
		cmocka_unit_test(now),
		cmocka_unit_test(now_of_topic),
		cmocka_unit_test(left_open),
		cmocka_unit_test(gone_service),
		cmocka_unit_test(damaged_memory),
		cmocka_unit_test(cut_memory),
		cmocka_unit_test(nobody_to_tell),
		cmocka_unit_test(stopped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
