/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "finding.h"

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define WEB(more)                                                       \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); " more " }"

static struct finding t;

static void put_disk(const char *name)
{
	kit_sh("rm -rf d state/service; mkdir d state/service; cp -p "
	       "leaf.right leaf.key");
	if (*name != '\0')
		kit_sh("cat %s inter.pem >d/full.pem; chmod 644 d/full.pem",
		       name);
}

/* --- what is said of it: findings made by hand --- */

#define VERIFY "verify = ( { address = \"h:1\"; }, { address = \"h:2\"; } );"

/* A letter for each endpoint: r(ight), w(rong), d(own), s(ilent), u(nknown). */
static void see(const char *letters)
{
	for (size_t i = 0; letters[i] != '\0'; i++) {
		struct verify_seen *s = &t.seen[i];

		*s = (struct verify_seen){
			.reachable = !!strchr("rws", letters[i]),
			.handshake = !!strchr("rw", letters[i]),
			.unknown = letters[i] == 'u',
		};
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s",
			 letters[i] == 'r'
				 ? x509_chain_fingerprint(t.g.v[0].disk)
				 : "other");
		snprintf(s->chain, sizeof(s->chain), "%s",
			 t.g.v[0].disk_digest);
		if (!s->handshake)
			snprintf(s->why, sizeof(s->why), "so");
	}
	t.probed = *letters != '\0';
}

/* What was said last of the files, or of an endpoint. */
static void said(const char *endpoint, const char *word, const char *print)
{
	if (!word)
		return;
	receipt_add(&host.known,
		    &(struct store_receipt){ .name = LEAF,
					     .host = "h1",
					     .service = "web",
					     .endpoint = endpoint,
					     .state = word,
					     .fingerprint = print });
}

static void begin(const char *letters)
{
	host_kit_load(FULL, "", WEB(VERIFY));
	finding_begin_disk(&t, &host, &svcs.v[0], false);
	assert_false(t.probed);
	assert_non_null(t.g.v[0].disk);
	see(letters);
}

/* Too late, or too early: the clock may be to blame. */
static void untimely(void **state)
{
	static const struct {
		const char *disk;
		int64_t days;
		const char *says; /* NULL: nothing is wrong */
	} cases[] = {
		{ "new.pem", 0, NULL },
		{ "new.pem", 79, NULL },
		{ "new.pem", 81, "it has EXPIRED" },
		{ "new.pem", -9, NULL },
		{ "new.pem", -11, "it is not valid before " },
		{ "new.pem", -3000, "this host's clock is wrong, it says " },
		{ "gone.pem", 0, "it has EXPIRED" },
	};
	int64_t now = host.now;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *said;

		put_disk(cases[i].disk);
		begin("");
		host.now = now + cases[i].days * DAY;
		said = finding_untimely(&host, &t.g.v[0]);
		if (!said != !cases[i].says ||
		    (said && !strstr(said, cases[i].says)))
			fail_msg("%zu: %s", i, said);
		host.now = now;
		judge_free(&t.g);
	}
}

static void is_right(void **state)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1000);
	char why[300];

	put_disk("old.pem");
	begin("rw");
	assert_true(finding_right(&t, 0, why));
	assert_string_equal(why, "");
	assert_false(finding_right(&t, 1, why));
	assert_non_null(strstr(why, "serves another certificate"));
	finding_wrongs(&t, &text);
	assert_int_equal(strncmp(sbuf_str(&text), "h:2 serves another", 18), 0);
	see("du");
	sbuf_clear(&text);
	finding_wrongs(&t, &text);
	assert_string_equal(sbuf_str(&text), "h:1 cannot be reached: so; "
					     "h:2 could not be looked at: so");
	/* its chain is part of it */
	see("rr");
	t.seen[1].chain[0] ^= 1;
	assert_false(finding_right(&t, 1, why));
	assert_non_null(strstr(why, "another chain"));
	/* of what is not there, nothing is wanted */
	x509_chain_free(&t.g.v[0].disk);
	assert_true(finding_right(&t, 1, why));
	t.probed = false;
	sbuf_clear(&text);
	finding_wrongs(&t, &text);
	assert_string_equal(sbuf_str(&text), "");
	finding_end(&t);
}

struct cert_case {
	const char *what;
	enum plan_verdict verdict;
	enum plan_action action;
	const char *seen; /* "": nobody looked */
	const char *last;
	bool stopped, unseen, beat, held, post;
	const char *why, *unfit;
	const char *state; /* NULL: none */
	const char *detail;
};

static void check_cert(const struct cert_case *c)
{
	enum receipt_state got = RECEIPT_ALIVE;
	const char *detail = "?";
	bool some;

	begin(c->seen);
	said("", c->last, NULL);
	host.beat = c->beat;
	t.action = c->action;
	t.why = c->why;
	t.stopped = c->stopped;
	t.unseen = c->unseen;
	t.plan.held = c->held;
	t.state.hold_reason = "it failed";
	t.state.post_count = c->post;
	t.state.post_reason = "but afterwards";
	t.g.v[0].verdict = c->verdict;
	t.g.v[0].unfit = c->unfit;
	if (c->verdict == PLAN_WAIT)
		t.g.v[0].row = PLAN_ROW_EMPTY;
	if (c->verdict > PLAN_WAIT)
		snprintf(t.g.v[0].reason, sizeof(t.g.v[0].reason), "a reason");
	some = finding_cert_state(&t, 0, &got, &detail);
	if (some != !!c->state ||
	    (some && strcmp(receipt_state_name(got), c->state) != 0))
		fail_msg("%s: %s", c->what,
			 some ? receipt_state_name(got) : "none");
	if (some && (!detail != !c->detail ||
		     (detail && strcmp(detail, c->detail) != 0)))
		fail_msg("%s: %s", c->what, detail ? detail : "no detail");
	finding_end(&t);
}

/* Of what is there, and should be. */
static void kept(void **state)
{
	static const struct cert_case cases[] = {
		{ "all show it", .seen = "rr", .state = "served" },
		{ "one does not", .seen = "rw", .state = "installed" },
		{ "it is down", .seen = "rd", .state = "installed" },
		{ "it is stopped", .seen = "rr", .stopped = true,
		  .state = "installed" },
		{ "it is told now", .action = PLAN_ACTIVATE, .seen = "rw" },
		{ "nobody looked", .seen = "", .state = "installed" },
		{ "nobody looked, it was told", .seen = "",
		  .last = "activated" },
		{ "nobody looked, it was seen", .seen = "", .last = "served" },
		{ "nobody looked, all is to be said", .seen = "",
		  .last = "activated", .beat = true, .state = "activated" },
		{ "nobody looked, it had failed", .seen = "", .last = "failed",
		  .state = "installed" },
		{ "nobody could look", .seen = "ru", .unseen = true,
		  .last = "served" },
		{ "what was to be done then failed", .seen = "rr", .post = true,
		  .state = "served", .detail = "but afterwards" },
	};

	put_disk("old.pem");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_cert(&cases[i]);
}

/* The second of two certificates, when the only endpoints are the first's: they
 * say nothing of it. */
static void kept_unseen(void **state)
{
	static const struct {
		const char *last, *state; /* NULL: nothing new */
		bool beat;
	} cases[] = {
		{ NULL, "installed" },
		{ "installed", NULL },
		{ "activated", NULL },
		{ "failed", "installed" },
		{ "activated", "activated", true },
		/* it had an endpoint, then */
		{ "served", "installed" },
	};

	put_disk("old.pem");
	kit_sh("rm -rf e; cp -rp d e");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum receipt_state got = RECEIPT_ALIVE;
		const char *detail = "?";
		bool some;

		host_kit_load(FULL, "",
			      "{ name = \"web\"; profile = \"x\"; certificates "
			      "= ( { name = \"" LEAF
			      "+ec\"; key = \"@/leaf.key\"; dir = \"@/e\"; }, "
			      "{ name = \"" LEAF "\"; key = \"@/leaf.key\"; "
			      "dir = \"@/d\"; } ); verify "
			      "= ( { address = \"h:1\"; certificate = \"" LEAF
			      "+ec\"; } ); }");
		finding_begin_disk(&t, &host, &svcs.v[0], false);
		t.g.v[1].verdict = PLAN_KEEP;
		see("r");
		said("", cases[i].last, NULL);
		host.beat = cases[i].beat;
		some = finding_cert_state(&t, 1, &got, &detail);
		if (some != !!cases[i].state ||
		    (some &&
		     strcmp(receipt_state_name(got), cases[i].state) != 0))
			fail_msg("%zu: %s", i,
				 some ? receipt_state_name(got) : "none");
		finding_end(&t);
	}
}

static void not_kept(void **state)
{
	static const struct cert_case cases[] = {
		{ "goes in now", PLAN_PUT, PLAN_INSTALL, "rr" },
		{ "at its hour", PLAN_PUT, PLAN_WINDOW, "rr", .why = "at 5",
		  .state = "fetched", .detail = "at 5" },
		{ "another cannot take it", PLAN_PUT, PLAN_BLOCKED, "rr",
		  .why = "of mail", .state = "held", .detail = "of mail" },
		{ "it failed before", PLAN_PUT, PLAN_HELD, "rr", .held = true,
		  .state = "held", .detail = "it failed" },
		{ "the key of another", PLAN_PUT, PLAN_NOTHING, "rr",
		  .state = "held",
		  .detail = "not installed while the key of another "
			    "certificate does not fit" },
		{ "at its hour, and its key was replaced", PLAN_PUT,
		  PLAN_WINDOW, "rr", .why = "at 5", .unfit = "a key",
		  .state = "failed", .detail = "a key" },
		{ "gone back from", PLAN_HOLD, PLAN_NOTHING, "rr",
		  .state = "held", .detail = "a reason" },
		{ "refused", PLAN_REFUSE, PLAN_NOTHING, "rr",
		  .state = "refused", .detail = "a reason" },
		{ "older", PLAN_OLDER, PLAN_NOTHING, "rr", .state = "refused",
		  .detail = "a reason" },
		{ "not in the store", PLAN_MISSING, PLAN_NOTHING, "rr",
		  .state = "refused", .detail = "a reason" },
		{ "not to be read", PLAN_UNKNOWN, PLAN_NOTHING, "rr",
		  .state = "failed", .detail = "a reason" },
		{ "another key", PLAN_MISFIT, PLAN_NOTHING, "rr",
		  .state = "failed", .detail = "a reason" },
		{ "not issued yet", PLAN_WAIT, PLAN_NOTHING, "rr" },
		{ "not issued yet, and well", PLAN_WAIT, PLAN_NOTHING, "rr",
		  .last = "served" },
		{ "not issued yet, was refused", PLAN_WAIT, PLAN_NOTHING, "rr",
		  .last = "refused", .state = "served" },
	};

	put_disk("old.pem");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_cert(&cases[i]);
}

/* The first of two endpoints, the other is right. */
static void endpoint_states(void **state)
{
	static const struct {
		const char *seen;
		enum plan_action action;
		bool stopped, held, last_print;
		const char *last, *state, *why;
	} cases[] = {
		{ "rr", .state = "served", .why = "" },
		{ "wr", PLAN_DOWN, .state = "failed", .why = "serves another" },
		{ "dr", PLAN_DOWN, .state = "failed",
		  .why = "cannot be reached: so" },
		{ "sr", PLAN_POSTPONE, .state = "failed",
		  .why = "shows no certificate: so" },
		{ "wr", PLAN_WAITING, .state = "waiting",
		  .why = "serves another" },
		{ "dr", PLAN_NOTHING, .stopped = true, .state = "installed",
		  .why = "the service is stopped" },
		/* what comes of it is said instead */
		{ "wr", PLAN_INSTALL },
		{ "wr", PLAN_ACTIVATE },
		/* nobody looked, or could */
		{ "" },
		{ "ur" },
		/* it went back to this one, and the next is held */
		{ "rr", PLAN_HELD, .held = true, .last_print = true,
		  .last = "rolled-back", .state = "rolled-back", .why = "" },
		{ "rr", PLAN_HELD, .held = true, .last = "rolled-back",
		  .state = "served", .why = "" },
		{ "rr", PLAN_NOTHING, .last_print = true, .last = "rolled-back",
		  .state = "served", .why = "" },
		{ "rr", PLAN_HELD, .held = true, .last_print = true,
		  .last = "served", .state = "served", .why = "" },
	};

	put_disk("old.pem");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum receipt_state got = RECEIPT_ALIVE;
		char why[300];
		bool some;

		begin(cases[i].seen);
		said("h:1", cases[i].last,
		     cases[i].last_print ? x509_chain_fingerprint(t.g.v[0].disk)
					 : "other");
		t.action = cases[i].action;
		t.stopped = cases[i].stopped;
		t.plan.held = cases[i].held;
		some = finding_endpoint_state(&t, 0, &got, why);
		if (some != !!cases[i].state ||
		    (some &&
		     strcmp(receipt_state_name(got), cases[i].state) != 0))
			fail_msg("%zu: %s", i,
				 some ? receipt_state_name(got) : "none");
		if (some &&
		    strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%zu: %s", i, why);
		if (some && (cases[i].why[0] == '\0') != (why[0] == '\0'))
			fail_msg("%zu: %s", i, why);
		finding_end(&t);
	}
}

/* --- what is to be done --- */

static enum plan_action decide(const char *row)
{
	struct store_host_certs rows = host_kit_rows(row, "inter.pem");
	struct err err = ERR_INIT;

	if (finding_begin(&t, &host, &svcs.v[0], &rows, &err) == -1)
		fail_msg("%s", err.msg);
	return plan_service(&t.plan, host.now, host.force);
}

#define HOUR 3600

/* "w": a window that is open, "W": one that opens in two hours. */
static const char *window(char letter)
{
	int hour = (int) (host.now / 3600 % 24) + (letter == 'W' ? 2 : 0);

	return letter == '-'
		       ? ""
		       : arena_printf(arena, "window = \"%02d:00-%02d:00\";",
				      hour % 24, (hour + 1) % 24);
}

/* Who waits for the hour: nobody whose life is short. */
static void windows(void **state)
{
	static const struct {
		const char *what, *disk;
		char window;
		const char *more;
		bool force;
		enum plan_action want;
	} cases[] = {
		{ "no window", "old.pem", '-', "", false, PLAN_INSTALL },
		{ "it is open", "old.pem", 'w', "", false, PLAN_INSTALL },
		{ "it is not", "old.pem", 'W', "", false, PLAN_WINDOW },
		{ "forced", "old.pem", 'W', "", true, PLAN_INSTALL },
		{ "nothing to do", "new.pem", 'W', "", false, PLAN_NOTHING },
		{ "the first", "", 'W', "", false, PLAN_INSTALL },
		{ "the first, whatever life", "", 'W', "window_override = 0;",
		  false, PLAN_INSTALL },
		{ "a placeholder", "self.pem", 'W', "", false, PLAN_INSTALL },
		{ "it has expired", "gone.pem", 'W', "", false, PLAN_INSTALL },
		{ "less than two days", "short.pem", 'W', "", false,
		  PLAN_INSTALL },
		{ "two days", "two.pem", 'W', "", false, PLAN_WINDOW },
		{ "less than a day", "short.pem", 'W',
		  "window_override = \"1d\";", false, PLAN_WINDOW },
		/* a quarter of the life, at most */
		{ "less than 60 days", "old.pem", 'W',
		  "window_override = \"60d\";", false, PLAN_WINDOW },
		{ "less than a quarter", "quarter.pem", 'W',
		  "window_override = \"60d\";", false, PLAN_INSTALL },
		{ "... but not less than that", "quarter.pem", 'W', "", false,
		  PLAN_WINDOW },
		/* of 160 hours: a quarter, whatever is said */
		{ "80 hours", "week80.pem", 'W', "window_override = \"7d\";",
		  false, PLAN_WINDOW },
		{ "41 hours", "week41.pem", 'W', "", false, PLAN_WINDOW },
		{ "39 hours", "week39.pem", 'W', "", false, PLAN_INSTALL },
		{ "39 hours, never", "week39.pem", 'W', "window_override = 0;",
		  false, PLAN_INSTALL },
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	host_kit_issue("short.pem", "leaf.csr", -50 * DAY, 2 * DAY - 1);
	host_kit_issue("two.pem", "leaf.csr", -50 * DAY, 2 * DAY);
	host_kit_issue("quarter.pem", "leaf.csr", -70 * DAY, 20 * DAY);
	host_kit_issue("week80.pem", "leaf.csr", -80 * HOUR, 80 * HOUR);
	host_kit_issue("newest.pem", "leaf.csr", -HOUR, 159 * HOUR);
	host_kit_issue("week41.pem", "leaf.csr", -119 * HOUR, 41 * HOUR);
	host_kit_issue("week39.pem", "leaf.csr", -121 * HOUR, 39 * HOUR);
	kit_sh("openssl req -x509 -key leaf.right -days 90 -subj /CN=" LEAF
	       " -out self.pem");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *more =
			arena_printf(arena, WEB("%s %s"),
				     window(cases[i].window), cases[i].more);
		enum plan_action got;

		put_disk(cases[i].disk);
		host_kit_load(FULL, "", more);
		host.force = cases[i].force;
		got = decide(strncmp(cases[i].disk, "week", 4) == 0
				     ? "newest.pem"
				     : "new.pem");
		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].what, got);
		finding_end(&t);
	}
}

/* What stays does not count, however short its life. */
static void windows_of_two(void **state)
{
	put_disk("");
	kit_sh("cat old.pem inter.pem >d/" LEAF ".pem; cat short.pem inter.pem "
	       ">d/x.example.org.pem");
	host_kit_load("files = ( { file = \"$name.pem\"; format = "
		      "\"fullchain\"; } );",
		      "",
		      arena_printf(arena,
				   "{ name = \"web\"; profile = \"x\"; "
				   "certificates = ( { name = "
				   "\"x.example.org\"; key = "
				   "\"@/leaf.key\"; dir = \"@/d\"; }, { "
				   "name = \"" LEAF "\"; key = "
				   "\"@/leaf.key\"; dir = \"@/d\"; } ); "
				   "%s }",
				   window('W')));
	assert_int_equal(decide("new.pem"), PLAN_WINDOW);
	finding_end(&t);
}

#define ASKS(program)                                                \
	WEB("verify = ( { address = \"x\"; protocol = \"command\"; " \
	    "command = [ \"" program "\" ]; } );")

/* The endpoints' word, the profile's, and the key's. */
static void looks(void **state)
{
	static const struct {
		const char *what, *profile, *services, *disk, *row, *key;
		bool force;
		size_t right, wrong;
		bool unseen, stopped;
		enum plan_action want;
	} cases[] = {
		{ "all well",
		  FULL "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("true"), "new.pem", "new.pem", "true", .right = 1,
		  .want = PLAN_NOTHING },
		{ "all well, forced",
		  FULL "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("true"), "new.pem", "new.pem", "true", .force = true,
		  .right = 1, .want = PLAN_INSTALL },
		{ "a missed reload",
		  FULL "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("false"), "new.pem", "new.pem", "true", .wrong = 1,
		  .want = PLAN_ACTIVATE },
		{ "and nobody can be told", FULL, ASKS("false"), "new.pem",
		  "new.pem", "true", .wrong = 1, .want = PLAN_POSTPONE },
		{ "nobody could look",
		  FULL "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("/none/such"), "new.pem", "new.pem", "true",
		  .unseen = true, .want = PLAN_NOTHING },
		{ "it is stopped",
		  FULL "running = ( { command = [ \"false\" ]; } );"
		       "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("/none/such"), "new.pem", "new.pem", "true",
		  .stopped = true, .want = PLAN_NOTHING },
		{ "it is stopped, and shows something else: it is not told",
		  FULL "running = ( { command = [ \"false\" ]; } );"
		       "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("false"), "new.pem", "new.pem", "true", .wrong = 1,
		  .stopped = true, .want = PLAN_POSTPONE },
		{ "it is stopped, and there is a new one",
		  FULL "running = ( { command = [ \"false\" ]; } );",
		  ASKS("true"), "old.pem", "new.pem", "true", .right = 1,
		  .stopped = true, .want = PLAN_INSTALL },
		{ "a person restarts it", FULL "wait = \"1d\";", ASKS("false"),
		  "new.pem", "new.pem", "true", .wrong = 1,
		  .want = PLAN_WAITING },
		{ "its key was replaced",
		  FULL "activate = ( { command = [ \"true\" ]; } );",
		  ASKS("false"), "new.pem", "new.pem",
		  "cp -p next.key leaf.key", .wrong = 1,
		  .want = PLAN_POSTPONE },
		{ "nothing is there to be shown", FULL, ASKS("false"), "",
		  "gone.pem", "true", .right = 1, .want = PLAN_NOTHING },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum plan_action got;

		put_disk(cases[i].disk);
		kit_sh("%s", cases[i].key);
		host_kit_load(cases[i].profile, "", cases[i].services);
		host.force = cases[i].force;
		got = decide(cases[i].row);
		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].what, got);
		if (t.plan.right != cases[i].right ||
		    t.plan.wrong != cases[i].wrong || t.plan.down != 0 ||
		    t.unseen != cases[i].unseen ||
		    t.stopped != cases[i].stopped)
			fail_msg("%s: %zu %zu %zu", cases[i].what, t.plan.right,
				 t.plan.wrong, t.plan.down);
		finding_end(&t);
	}
}

/* An idle run looks once in recheck. */
static void rechecks(void **state)
{
	static const struct {
		const char *what, *more, *row;
		int64_t ago, waiting;
		bool force, beat, probed;
	} cases[] = {
		{ "every run", "", "old.pem", 1, .probed = true },
		{ "not yet", "recheck = \"1h\";", "old.pem", 3599 },
		{ "again", "recheck = \"1h\";", "old.pem", 3600,
		  .probed = true },
		{ "in a future of a wrong clock", "recheck = \"1h\";",
		  "old.pem", -1, .probed = true },
		{ "something is to be done", "recheck = \"1h\";", "new.pem", 1,
		  .probed = true },
		{ "forced", "recheck = \"1h\";", "old.pem", 1, .force = true,
		  .probed = true },
		{ "the time to say all", "recheck = \"1h\";", "old.pem", 1,
		  .beat = true, .probed = true },
		{ "it waits to be restarted", "recheck = \"1h\";", "old.pem", 1,
		  .waiting = 1, .probed = true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put_disk("old.pem");
		host_kit_load(FULL, cases[i].more, ASKS("true"));
		finding_begin_disk(&t, &host, &svcs.v[0], false);
		t.state.probed_at = host.now - cases[i].ago;
		t.state.waiting = cases[i].waiting;
		t.state.dirty = true;
		finding_end(&t);
		host.force = cases[i].force;
		host.beat = cases[i].beat;
		(void) decide(cases[i].row);
		if (t.probed != cases[i].probed)
			fail_msg("%s: %d", cases[i].what, t.probed);
		assert_int_equal(t.plan.right, cases[i].probed ? 1 : 0);
		finding_end(&t);
	}
}

#define SEED(program) \
	FULL "seed = ( { command = [ \"sh\", \"-c\", \"" program "\" ]; } );"

/* The files of another machine come first. */
static void seeds(void **state)
{
	static const struct {
		const char *what, *disk, *program;
		bool dry_run;
		int rc;
		bool there;
	} cases[] = {
		{ "fetched", "", "cat @/old.pem >@/d/full.pem", false, 0,
		  true },
		{ "not fetched", "", "echo no >&2; false", false, -1, false },
		{ "only looked", "", "cat @/old.pem >@/d/full.pem", true, 0,
		  false },
		{ "it is there", "old.pem", "false", false, 0, true },
		{ "it came to nothing", "", "true", false, 0, false },
	};
	struct store_host_certs none = { .n = 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		put_disk(cases[i].disk);
		host_kit_load(arena_printf(arena, SEED("%s"), cases[i].program),
			      "", WEB(""));
		host.dry_run = cases[i].dry_run;
		if (finding_begin(&t, &host, &svcs.v[0], &none, &err) !=
		    cases[i].rc)
			fail_msg("%s: %s", cases[i].what, err.msg);
		if (cases[i].rc == -1)
			kit_says(&err, "what it uses now cannot be fetched: ");
		else if (!t.g.v[0].disk == cases[i].there)
			fail_msg("%s: there", cases[i].what);
		finding_end(&t);
	}
	put_disk("");
	kit_sh("ln -s full.pem d/full.pem");
	assert_int_equal(finding_begin(&t, &host, &svcs.v[0], &none, NULL), -1);
	finding_end(&t);
}

/* What is remembered, and counted. */
static void ends(void **state)
{
	struct svcstate again;

	put_disk("old.pem");
	host_kit_load(FULL, "", WEB(""));
	(void) decide("old.pem");
	svcstate_set_cert(&t.state, arena, "gone.example.org", "f", 1);
	svcstate_set_activate(&t.state, 2, 7);
	finding_end(&t);
	assert_int_equal(host.good, 1);
	assert_int_equal(host.bad, 0);
	(void) decide("old.pem");
	assert_int_equal(t.state.activate_count, 2);
	assert_int_equal(t.plan.activate_count, 2);
	/* of what is not configured any more, nothing */
	assert_int_equal(t.state.n_certs, 0);
	svcstate_set_activate(&t.state, 3, 7);
	t.bad = true;
	host.dry_run = true;
	finding_end(&t);
	assert_int_equal(host.good, 1);
	assert_int_equal(host.bad, 1);
	assert_int_equal(
		svcstate_load(conf.state_dir, "web", arena, &again, NULL), 0);
	assert_int_equal(again.activate_count, 2);
	assert_int_equal(again.n_certs, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(untimely), cmocka_unit_test(is_right),
		cmocka_unit_test(kept),	    cmocka_unit_test(kept_unseen),
		cmocka_unit_test(not_kept), cmocka_unit_test(endpoint_states),
		cmocka_unit_test(windows),  cmocka_unit_test(windows_of_two),
		cmocka_unit_test(looks),    cmocka_unit_test(rechecks),
		cmocka_unit_test(seeds),    cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
