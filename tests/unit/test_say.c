/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include "host_kit.h"
#include "say.h"

/* A service of one certificate with two endpoints, as it was found; what is
 * said of it on stderr, to people, and in receipts. */

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define WEB                                                               \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = "   \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); verify " \
	"= ( { address = \"h:1\"; }, { address = \"h:2\"; } ); }"
#define NOTIFY "notify : { command = [ \"@/tell\" ]; };\n"

static struct finding t;
static int saved = -1;

/* From now on; heard() is what was printed since. */
static void listen_up(void)
{
	int fd = open(scratch("said"), O_CREAT | O_TRUNC | O_WRONLY, 0600);

	fflush(stderr);
	saved = dup(2);
	assert_true(fd >= 0 && saved >= 0);
	assert_int_equal(dup2(fd, 2), 2);
	close(fd);
}

static const char *heard(void)
{
	fflush(stderr);
	assert_int_equal(dup2(saved, 2), 2);
	close(saved);
	return scratch_read(scratch("said"));
}

/* Letters for the endpoints: r(ight), o(ther), d(own), u(nknown); "": nobody
 * looked. */
static void see(const char *letters)
{
	for (size_t i = 0; letters[i] != '\0'; i++) {
		struct verify_seen *s = &t.seen[i];

		*s = (struct verify_seen){ .reachable =
						   !!strchr("ro", letters[i]),
					   .unknown = letters[i] == 'u' };
		s->handshake = s->reachable;
		if (!s->handshake) {
			snprintf(s->why, sizeof(s->why), "so");
			continue;
		}
		snprintf(s->fingerprint, sizeof(s->fingerprint), "%s",
			 letters[i] == 'o'
				 ? "other"
				 : x509_chain_fingerprint(t.g.v[0].disk));
		snprintf(s->chain, sizeof(s->chain), "%s",
			 t.g.v[0].disk_digest);
	}
	t.probed = *letters != '\0';
}

static void begin_with(const char *more, const char *letters)
{
	kit_sh("rm -rf d state/*; mkdir d state/journal state/service "
	       "state/backup; cat old.pem inter.pem >d/full.pem; chmod 644 "
	       "d/full.pem; cp -p leaf.right leaf.key");
	host_kit_load(FULL, more, WEB);
	finding_begin_disk(&t, &host, &svcs.v[0], false);
	assert_non_null(t.g.v[0].disk);
	t.g.v[0].verdict = PLAN_KEEP;
	see(letters);
}

static void begin(const char *letters)
{
	begin_with("", letters);
}

static void once(void **state)
{
	static const struct {
		const char *text;
		enum svcstate_about about;
		int64_t at;
		bool loud, dry_run, said;
	} steps[] = {
		{ "a", SVCSTATE_SERVICE, 0, .said = true },
		{ "a", SVCSTATE_SERVICE, 0 },
		{ "a", SVCSTATE_SERVICE, DAY - 1 },
		/* a person is there; and it is not said later for that */
		{ "a", SVCSTATE_SERVICE, DAY - 1, .loud = true, .said = true },
		{ "a", SVCSTATE_SERVICE, DAY, .said = true },
		{ "a", SVCSTATE_SERVICE, DAY + 1 },
		/* another, and the first once more */
		{ "b", SVCSTATE_SERVICE, DAY + 1, .said = true },
		{ "a", SVCSTATE_SERVICE, DAY + 1, .said = true },
		/* of another matter */
		{ "c", SVCSTATE_CERTS, DAY + 1, .said = true },
		{ "a", SVCSTATE_SERVICE, DAY + 2 },
		/* a run that does nothing leaves nothing behind */
		{ "d", SVCSTATE_SERVICE, DAY + 2, .dry_run = true },
		{ "d", SVCSTATE_SERVICE, DAY + 2, .loud = true,
		  .dry_run = true },
		{ "d", SVCSTATE_SERVICE, DAY + 2, .said = true },
	};
	int64_t from = host.now;

	begin("rr");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		const char *text;

		host.now = from + steps[i].at;
		host.loud = steps[i].loud;
		host.dry_run = steps[i].dry_run;
		listen_up();
		say_once(&t, steps[i].about, steps[i].text);
		text = heard();
		if (steps[i].said)
			assert_string_equal(
				text, arena_printf(arena,
						   "certrepo: service web: "
						   "%s\n",
						   steps[i].text));
		else if (*text != '\0')
			fail_msg("%zu: %s", i, text);
	}
	host.now = from;
	assert_false(t.bad);
	finding_end(&t);
}

/* What is said of one that is refused while another is in place. */
static const char *stays(void)
{
	char until[CLOCK_TEXT];

	return arena_printf(
		arena, "; what is in place stays, it is valid until %s",
		clock_text(x509_chain_not_after(t.g.v[0].disk), until));
}

/* One certificate: what is wrong with it is told, and only that. */
static void certs(void **state)
{
	static const struct {
		const char *what;
		enum plan_verdict verdict;
		enum plan_action action;
		const char *reason, *unfit;
		bool loud, bad;
		const char *said;
		enum plan_row row;
	} cases[] = {
		{ "well", PLAN_KEEP, PLAN_NOTHING, "", NULL, false, false,
		  NULL },
		{ "not issued", PLAN_WAIT, PLAN_NOTHING, "", NULL, true, false,
		  NULL },
		{ "nobody asks", PLAN_WAIT, PLAN_NOTHING, "", NULL, false,
		  false, NULL, PLAN_ROW_EMPTY },
		{ "somebody does", PLAN_WAIT, PLAN_NOTHING, "", NULL, true,
		  false, "enrolled, not issued yet", PLAN_ROW_EMPTY },
		{ "... and it is only asked for", PLAN_WAIT, PLAN_NOTHING, "",
		  NULL, true, false, "asked for, waits to be approved",
		  PLAN_ROW_ASKED },
		{ "... and it is off", PLAN_WAIT, PLAN_NOTHING, "", NULL, true,
		  false,
		  "disabled in the store; on the central host: "
		  "certrepo-populate "
		  "enable " LEAF,
		  PLAN_ROW_DISABLED },
		{ "refused", PLAN_REFUSE, PLAN_NOTHING, "refused: so", NULL,
		  false, true, "refused: so" },
		{ "another key", PLAN_MISFIT, PLAN_NOTHING, "a key", NULL,
		  false, true, "a key" },
		/* a person asked for it */
		{ "held", PLAN_HOLD, PLAN_NOTHING, "held: so", NULL, false,
		  false, NULL },
		{ "held, and he is there", PLAN_HOLD, PLAN_NOTHING, "held: so",
		  NULL, true, false, "held: so" },
		/* what waits for the newer one */
		{ "unfit, it goes in", PLAN_PUT, PLAN_INSTALL, "", "a key",
		  false, false, NULL },
		{ "unfit, it waits", PLAN_PUT, PLAN_WINDOW, "", "a key", false,
		  true, "a key" },
		{ "new", PLAN_PUT, PLAN_WINDOW, "", NULL, false, false, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text;

		begin("rr");
		host.loud = cases[i].loud;
		t.action = cases[i].action;
		t.g.v[0].verdict = cases[i].verdict;
		t.g.v[0].unfit = cases[i].unfit;
		t.g.v[0].row = cases[i].row;
		snprintf(t.g.v[0].reason, sizeof(t.g.v[0].reason), "%s",
			 cases[i].reason);
		listen_up();
		say_certs(&t);
		text = heard();
		if (t.bad != cases[i].bad)
			fail_msg("%s: bad", cases[i].what);
		if (cases[i].said)
			assert_string_equal(
				text,
				arena_printf(arena,
					     "certrepo: service web: " LEAF
					     ": %s%s\n",
					     cases[i].said,
					     cases[i].verdict == PLAN_REFUSE
						     ? stays()
						     : ""));
		else if (*text != '\0')
			fail_msg("%s: %s", cases[i].what, text);
		finding_end(&t);
	}
}

typedef void say_fn(struct finding *t);

static void held_so(struct finding *f)
{
	say_held(f, "it failed");
}

static void held_beside(struct finding *f)
{
	say_held(f, "it failed");
	(void) say_beside(f, NULL);
}

/* What is said of the whole service. */
static void services(void **state)
{
	static const struct {
		const char *what;
		say_fn *say;
		const char *seen, *why;
		size_t wrong;
		bool loud, bad;
		const char *said;
	} cases[] = {
		{ "down", say_endpoints, "rd", NULL, 0, false, true,
		  "h:2 cannot be reached: so" },
		{ "both, and why", say_endpoints, "dd", "at 5", 0, false, true,
		  "h:1 cannot be reached: so; h:2 cannot be reached: so; at "
		  "5" },
		{ "not seen", say_unseen, "ru", NULL, 0, false, true,
		  "h:2 could not be looked at: so" },
		{ "waits", say_waiting, "rd", NULL, 0, false, false,
		  "installed, waits until it is restarted: h:2 cannot be "
		  "reached: so" },
		{ "held", held_so, "rr", NULL, 0, false, true, "it failed" },
		/* nothing is wrong with that */
		{ "later", say_later, "rr", "at 5", 0, false, false, NULL },
		{ "later, to a person", say_later, "rr", "at 5", 0, true, false,
		  "at 5" },
		{ "later, but it is wrong now", say_later, "rd", "at 5", 1,
		  false, true, "h:2 cannot be reached: so; at 5" },
		{ "held, and down", held_beside, "rd", NULL, 1, false, true,
		  "it failed\ncertrepo: service web: h:2 cannot be reached: "
		  "so" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text;

		begin(cases[i].seen);
		host.loud = cases[i].loud;
		t.why = cases[i].why;
		t.plan.wrong = cases[i].wrong;
		listen_up();
		cases[i].say(&t);
		text = heard();
		if (t.bad != cases[i].bad)
			fail_msg("%s: bad", cases[i].what);
		if (cases[i].said)
			assert_string_equal(
				text, arena_printf(arena,
						   "certrepo: service web: "
						   "%s\n",
						   cases[i].said));
		else if (*text != '\0')
			fail_msg("%s: %s", cases[i].what, text);
		finding_end(&t);
	}
}

/* What shows a certificate that is not in its files, and nothing is to come. */
static void advised(void **state)
{
	const char *advice = arena_printf(
		arena,
		"; does the service's configuration name %s/d/full.pem? If "
		"not, name it there, and reload it\n",
		scratch_dir);

	for (int i = 0; i < 3; i++) {
		const char *text;

		begin(i == 2 ? "dr" : "ro");
		t.why = i == 1 ? "at 5" : NULL;
		listen_up();
		say_endpoints(&t);
		text = heard();
		if (!!strstr(text, advice) != (i == 0))
			fail_msg("%d: %s", i, text);
		finding_end(&t);
	}
}

/* Since when it waits, is the first run's word. */
static void waits_since(void **state)
{
	begin("rd");
	listen_up();
	say_waiting(&t);
	t.r->now += 60;
	say_waiting(&t);
	t.r->now -= 60;
	(void) heard();
	assert_true(t.state.waiting == host.now);
	finding_end(&t);
}

/* old.pem has 90 days, of which 50 are left; its key is of 1000 days ago. */
static const struct life {
	const char *what, *more, *make;
	int64_t later;
	bool put;
	const char *end; /* the verb, or NULL: nothing is said */
	bool key, gone_back, away;
	enum plan_action action; /* with put */
	const char *why;	 /* of the end */
} lives_cases[] = {
	{ "a sixth is left", "", "true", 35 * DAY },
	{ "less", "", "true", 35 * DAY + 1, .end = "expires" },
	{ "it is over", "", "true", 50 * DAY, .end = "expired" },
	{ "a newer one is in", "", "true", 50 * DAY, .put = true,
	  .action = PLAN_INSTALL },
	{ "a newer one did not work", "", "true", 50 * DAY, .put = true,
	  .action = PLAN_BACK, .end = "expired",
	  .why = "; the newer one in the store could not be installed, "
		 "which is told beside this" },
	{ "... or could not begin", "", "true", 40 * DAY, .put = true,
	  .action = PLAN_FAILED, .end = "expires",
	  .why = "; the newer one in the store could not be installed, "
		 "which is told beside this" },
	{ "... or is held", "", "true", 50 * DAY, .put = true,
	  .action = PLAN_HELD, .end = "expired",
	  .why = "; the newer one in the store is held, since it "
		 "failed; mend that, then run: certrepo-installer "
		 "--force web" },
	{ "... or waits", "", "true", 40 * DAY, .put = true,
	  .action = PLAN_WINDOW, .end = "expires",
	  .why = "; the newer one in the store waits" },
	{ "somebody went back", "", "true", 50 * DAY, .gone_back = true,
	  .end = "expired",
	  .why = "; the one in the store is held, since somebody went "
		 "back from it here; to install it, run: "
		 "certrepo-installer --force web" },
	{ "the store is away", "", "true", 40 * DAY, .away = true,
	  .end = "expires", .why = ", and the store was not reached" },
	{ "as long as that", "expiring = \"50d\";", "true", 0 },
	{ "not so long", "expiring = \"51d\";", "true", 0, .end = "expires" },
	{ "shorter", "expiring = \"1d\";", "true", 48 * DAY },
	{ "a placeholder", "expiring = \"365d\";", "cp self.pem d/full.pem",
	  0 },
	{ "nothing", "expiring = \"365d\";", "rm d/full.pem", 0 },
	{ "any key", "key_age = 0;", "true", 0 },
	{ "an old key", "key_age = \"1000d\";", "true", 0, .key = true },
	{ "not so old", "key_age = \"1001d\";", "true", 0 },
	{ "no key", "key_age = \"1000d\";", "rm leaf.key", 0 },
	{ "both", "key_age = \"9d\"; expiring = \"60d\";", "true", 0,
	  .end = "expires", .key = true },
};

static void lives(void **state)
{
	int64_t from = host.now;
	char end[CLOCK_TEXT], since[CLOCK_TEXT];

	kit_sh("touch -d @%lld leaf.right; openssl req -x509 -key leaf.right "
	       "-subj /CN=" LEAF " -days 9 -out self.pem",
	       (long long) (from - 1000 * DAY));
	clock_text(from + 50 * DAY, end);
	clock_text(from - 1000 * DAY, since);
	for (size_t i = 0; i < ARRAY_LEN(lives_cases); i++) {
		const struct life *c = &lives_cases[i];
		const char *want = "", *text;

		begin_with(c->more, "rr");
		judge_free(&t.g);
		kit_sh("%s", c->make);
		judge_disk(t.s, &t.g);
		t.g.v[0].verdict = c->put	  ? PLAN_PUT
				   : c->gone_back ? PLAN_HOLD
						  : PLAN_KEEP;
		t.action = c->action;
		t.why = "waits";
		host.store_away = c->away;
		host.now = from + c->later;
		if (c->end)
			want = arena_printf(
				arena, LEAF ": %s on %s%s", c->end, end,
				c->why ? c->why
				       : ", and the store has nothing "
					 "newer that this host would "
					 "take; on the central host "
					 "certrepo-populate show " LEAF
					 " tells why");
		if (c->key)
			want = arena_printf(arena,
					    "%s%s" LEAF
					    ": its key %s is of %s; for a "
					    "new one run: certrepo-installer "
					    "--request --new-key " LEAF,
					    want, *want != '\0' ? "; " : "",
					    scratch("leaf.key"), since);
		if (*want != '\0')
			want = arena_printf(
				arena, "certrepo: service web: %s\n", want);
		listen_up();
		say_lives(&t);
		say_lives(&t); /* once */
		text = heard();
		host.now = from;
		if (strcmp(text, want) != 0)
			fail_msg("%s: %s", c->what, text);
		/* what has expired fails at its clients now */
		assert_int_equal(t.bad,
				 c->end && strcmp(c->end, "expired") == 0);
		finding_end(&t);
	}
	kit_sh("touch leaf.right");
}

/* What the store and --status are told, when it is another than last. */
static void states(void **state)
{
	static const struct {
		const char *first, *then;
		bool beat;
		size_t n;
		const char *of, *word; /* the one that is another */
	} cases[] = {
		{ "rr", "rr", false, 0, NULL, NULL },
		{ "rr", "rr", true, 3, NULL, NULL },
		{ "rr", "rd", false, 2, "h:2", "failed" },
		{ "dd", "rd", false, 1, "h:1", "served" },
		{ "rr", "", false, 0, NULL, NULL },
		{ "rr", "ru", false, 1, "", "installed" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *word = NULL;

		begin(cases[i].first);
		say_states(&t);
		assert_int_equal(host.receipts.n, 3);
		assert_string_equal(host.receipts.v[0].endpoint, "");
		assert_int_equal(!host.receipts.v[1].detail,
				 cases[i].first[0] == 'r');
		host.known = host.receipts;
		host.receipts = (struct receipts){ .arena = arena };
		host.beat = cases[i].beat;
		see(cases[i].then);
		say_states(&t);
		if (host.receipts.n != cases[i].n)
			fail_msg("%zu: %zu receipts", i, host.receipts.n);
		for (size_t k = 0; cases[i].of && k < host.receipts.n; k++)
			if (strcmp(host.receipts.v[k].endpoint, cases[i].of) ==
			    0)
				word = host.receipts.v[k].state;
		if (cases[i].of)
			assert_string_equal(word, cases[i].word);
		finding_end(&t);
	}
}

/* --- people --- */

static void notices_begin(void)
{
	static const char *const names[] = { "web", NULL };
	static struct notice_from from;
	struct err err = ERR_INIT;

	from = (struct notice_from){ .program = "certrepo-installer",
				     .host = "h1",
				     .state_dir = conf.state_dir,
				     .notify = conf.notify,
				     .services = names };
	host.notices = notice_load(&from, host.now, &err);
	assert_string_equal(err.msg, "");
}

/* "EVENT topic state cert|text\n" of each. */
static const char *told(void)
{
	struct strlist untold = STRLIST_INIT;
	struct err err = ERR_INIT;
	const char *all = "";
	json_t *root, *one;
	size_t i;

	unlink(scratch("tell.json"));
	if (notice_send(host.notices, -1, &untold, &err) == -1)
		fail_msg("%s", err.msg);
	notice_free(&host.notices);
	strlist_free(&untold);
	root = json_load_file(scratch("tell.json"), 0, NULL);
	json_array_foreach(json_object_get(root, "events"), i, one)
	{
		const char *name =
			json_string_value(json_object_get(one, "name"));

		all = arena_printf(
			arena, "%s%s %s %s %s|%s\n", all,
			json_string_value(json_object_get(one, "event")),
			json_string_value(json_object_get(one, "topic")),
			json_string_value(json_object_get(one, "state")), name,
			json_string_value(json_object_get(one, "text")));
	}
	json_decref(root);
	return all;
}

static void people(void **state)
{
	static const struct {
		const char *what, *seen;
		say_fn *say;
		enum plan_verdict verdict;
		const char *told;
	} cases[] = {
		{ "refused", "rr", say_certs, PLAN_REFUSE,
		  "new trouble refused " LEAF "|a reason" },
		{ "not to be read", "rr", say_certs, PLAN_UNKNOWN,
		  "new trouble failed " LEAF "|a reason\n" },
		{ "another key", "rr", say_certs, PLAN_MISFIT,
		  "new trouble failed " LEAF "|a reason\n" },
		{ "gone back from", "rr", say_certs, PLAN_HOLD, "" },
		{ "down", "rd", say_endpoints, PLAN_KEEP,
		  "new endpoint failed |h:2 cannot be reached: so\n" },
		{ "not seen", "ru", say_unseen, PLAN_KEEP,
		  "new endpoint installed |h:2 could not be looked at: so\n" },
		{ "waits", "rd", say_waiting, PLAN_KEEP,
		  "new waiting waiting |installed, waits until it is "
		  "restarted: h:2 cannot be reached: so\n" },
		{ "held", "rr", held_so, PLAN_KEEP,
		  "new trouble held |it failed\n" },
		{ "held, and down", "rd", held_beside, PLAN_KEEP,
		  "new trouble held |it failed\n"
		  "new endpoint failed |h:2 cannot be reached: so\n" },
	};

	scratch_write(scratch("tell"),
		      host_kit_here("#!/bin/sh\ncat >@/tell.json\n"), 0755);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text;

		begin_with(NOTIFY, cases[i].seen);
		notices_begin();
		t.plan.down = strchr(cases[i].seen, 'd') ? 1 : 0;
		t.g.v[0].verdict = cases[i].verdict;
		if (cases[i].verdict != PLAN_KEEP)
			snprintf(t.g.v[0].reason, sizeof(t.g.v[0].reason),
				 "a reason");
		listen_up();
		cases[i].say(&t);
		(void) heard();
		text = told();
		if (strcmp(text, cases[i].verdict == PLAN_REFUSE
					 ? arena_printf(arena, "%s%s\n",
							cases[i].told, stays())
					 : cases[i].told) != 0)
			fail_msg("%s: %s", cases[i].what, text);
		finding_end(&t);
	}
}

/* What is over: only a run that would have found it can tell. */
static void over(void **state)
{
	static const struct {
		const char *what, *seen;
		bool unseen, seen_well;
	} cases[] = {
		{ "all is well", "rr", false, true },
		{ "nobody looked", "", false, false },
		{ "nobody could look", "ru", true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text;

		begin_with(NOTIFY "expiring = \"60d\"; key_age = \"1m\";",
			   "dd");
		host.now += DAY;
		notices_begin();
		listen_up();
		say_endpoints(&t);
		held_so(&t);
		say_waiting(&t);
		say_lives(&t);
		(void) heard();
		text = told();
		assert_non_null(strstr(text, "new endpoint failed |"));
		assert_non_null(strstr(text, "new trouble held |"));
		assert_non_null(strstr(text, "new waiting waiting |"));
		assert_non_null(strstr(text, "new expiring expiring " LEAF));
		assert_non_null(strstr(text, "new key-age old " LEAF));
		notices_begin();
		see(cases[i].seen);
		t.unseen = cases[i].unseen;
		say_judged(&t);
		text = told();
		if (!strstr(text, "over endpoint") == cases[i].seen_well ||
		    !strstr(text, "over waiting") == cases[i].seen_well)
			fail_msg("%s: %s", cases[i].what, text);
		/* the change was looked at all the same */
		assert_non_null(strstr(text, "over trouble"));
		assert_non_null(strstr(text, "over expiring"));
		assert_non_null(strstr(text, "over key-age"));
		host.now -= DAY;
		finding_end(&t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),	    cmocka_unit_test(certs),
		cmocka_unit_test(services), cmocka_unit_test(waits_since),
		cmocka_unit_test(advised),  cmocka_unit_test(lives),
		cmocka_unit_test(states),   cmocka_unit_test(people),
		cmocka_unit_test(over),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
