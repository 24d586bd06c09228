/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include "scratch.h"
#include "prove.h"

/*
 * A service with two endpoints of one certificate that goes from "old" to
 * "new". What an endpoint shows is a letter: n(ew), N(ew, with another chain),
 * o(ld), m(emory: one that is in no file), d(own), s(ilent: no certificate),
 * S(ilent for another reason), u(nknown), and "-" for one that came into the
 * configuration since. What is to be there is NEXT: "new", or nothing.
 */

static struct arena *arena;
static struct installer_conf conf = { .host = "h1",
				      .shipped_profile_dir = "/none" };
static struct host host;
static struct installer_service service_conf;
static struct svc service;
static struct journal journal;
static struct svcstate known;
static struct verify_seen before[2], now[2];
static struct txn_part part;
static const char *next = "new", *leaf;

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	receipt_free(&host.receipts);
	arena_free(&arena);
	return scratch_teardown(state);
}

static struct verify_seen shows(char letter)
{
	struct verify_seen s = { .reachable = !strchr("du", letter),
				 .unknown = letter == 'u',
				 .handshake = !!strchr("nNom", letter) };

	if (s.handshake)
		snprintf(s.fingerprint, sizeof(s.fingerprint), "%s",
			 letter == 'o'	 ? "old"
			 : letter == 'm' ? "memory"
					 : "new");
	else
		snprintf(s.why, sizeof(s.why), "it says %s",
			 letter == 'S' ? "so" : "nothing");
	snprintf(s.chain, sizeof(s.chain), "%s",
		 letter == 'N' ? "another" : "chain");
	return s;
}

static void remember(char letter, size_t i)
{
	struct journal_endpoint *e;

	before[i] = (struct verify_seen){ .reachable = false };
	if (letter != '-')
		before[i] = shows(letter);
	if (!seen_tells(&before[i]))
		return;
	e = &journal.endpoints[journal.n_endpoints++];
	e->address = service.endpoints[i].conf->address;
	e->look = service.endpoints[i].look;
	e->reachable = before[i].reachable;
	if (before[i].handshake) {
		e->fingerprint = before[i].fingerprint;
		e->chain = before[i].chain;
	}
}

/* A letter for each endpoint, before and now; OLD: what the files held. */
static void begin(const char *was, const char *is, const char *old)
{
	static const struct installer_endpoint e_conf[] = {
		{ .address = "h:1", .protocol = "tls" },
		{ .address = "h:2", .protocol = "tls" },
	};
	static const struct svc_endpoint endpoints[] = {
		{ .conf = &e_conf[0], .look = "" },
		{ .conf = &e_conf[1], .look = "" },
	};
	static const struct installer_cert c_conf = { .name = "n" };
	static struct svc_cert cert = { .conf = &c_conf };
	static struct journal_endpoint seen[2];
	static struct journal_cert to;

	to = (struct journal_cert){ .name = "n",
				    .fingerprint = next,
				    .chain = next ? "chain" : NULL,
				    .old = old };
	cert.leaf_path = leaf;
	service = (struct svc){ .conf = &service_conf,
				.name = "web",
				.certs = &cert,
				.n_certs = 1,
				.endpoints = endpoints,
				.n_endpoints = strlen(is) };
	journal = (struct journal){
		.service = "web", .certs = &to, .n_certs = 1, .endpoints = seen
	};
	receipt_free(&host.receipts);
	host = (struct host){ .conf = &conf,
			      .arena = arena,
			      .receipts = { .arena = arena } };
	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; is[i] != '\0'; i++) {
		remember(was[i], i);
		now[i] = shows(is[i]);
	}
	part = (struct txn_part){ .run = &host,
				  .svc = &service,
				  .state = &known,
				  .before = before,
				  .j = &journal,
				  .seen = now };
}

/* After a change: what those endpoints mean that do not serve it. */
static void excuses(void **state)
{
	static const struct {
		const char *was, *is;
		bool down, unseen, same, told;
	} cases[] = {
		{ "oo", "nn", true, true, true, true },
		{ "NN", "nn", true, true, true, true },
		{ "nn", "nn", true, true, true, false },
		{ "ss", "nn", true, true, true, true },
		{ "--", "nn", true, true, true, true },
		/* the old one, or another chain: it was not told */
		{ "oo", "oo", false, false, false },
		{ "oo", "no", false, false, false, true },
		{ "oo", "Nn", false, false, false, true },
		{ "oo", "NN", false, false, false },
		/* it went down */
		{ "oo", "nd", false, false, false, true },
		{ "os", "nd", false, false, false, true },
		/* it was down, and one of them still is */
		{ "dd", "dd", true, true, true },
		{ "dd", "nd", true, true, true, true },
		{ "od", "nd", true, true, true, true },
		{ "od", "dd", false, false, false },
		/* it came up, with something else */
		{ "od", "no", false, false, false, true },
		{ "od", "ns", false, false, false, true },
		/* of a new endpoint, nothing is known */
		{ "o-", "nd", false, false, false, true },
		/* this host could not look */
		{ "oo", "nu", false, true, true, true },
		{ "od", "ud", false, true, true },
		{ "oo", "ou", false, false, false },
		/* it was broken before, and is so in the same way */
		{ "os", "ns", false, false, true, true },
		{ "os", "nS", false, false, false, true },
		{ "om", "nm", false, false, true, true },
		{ "om", "ns", false, false, false, true },
		{ "om", "no", false, false, false, true },
		{ "ou", "ns", false, false, false, true },
		{ "ou", "nd", false, false, false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(cases[i].was, cases[i].is, "old");
		if (prove_only_down(&part) != cases[i].down)
			fail_msg("%s %s: down", cases[i].was, cases[i].is);
		if (prove_only_unseen(&part) != cases[i].unseen)
			fail_msg("%s %s: unseen", cases[i].was, cases[i].is);
		if (prove_only_same(&part) != cases[i].same)
			fail_msg("%s %s: same", cases[i].was, cases[i].is);
		if (prove_was_told(&part) != cases[i].told)
			fail_msg("%s %s: told", cases[i].was, cases[i].is);
		/* after a kill */
		part.before = NULL;
		if (prove_only_same(&part) !=
		    (cases[i].same && strcmp(cases[i].is, "ns") != 0))
			fail_msg("%s %s: killed", cases[i].was, cases[i].is);
		now[0].by_command = now[1].by_command = true;
		assert_false(prove_was_told(&part));
	}
}

/* Of what shows a certificate that is in no file, the first is told of. */
static void advises(void **state)
{
	static const struct {
		const char *is, *old, *says;
	} cases[] = {
		{ "nn", "old", "" },	     { "no", "old", "" },
		{ "dm", "old", "name /1?" }, { "om", "old", "name /1?" },
		{ "nm", NULL, "name /1?" },  { "oo", NULL, "name /1?" },
		{ "sd", NULL, "" },	     { "Nu", NULL, "" },
	};

	leaf = "/1";
	service_conf.profile = "x";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text;

		begin("--", cases[i].is, cases[i].old);
		text = prove_advice(&part);
		if (cases[i].says[0] != '\0' ? !strstr(text, cases[i].says)
					     : *text != '\0')
			fail_msg("%s: %s", cases[i].is, text);
		/* a command may mean what it likes */
		now[0].by_command = now[1].by_command = true;
		assert_string_equal(prove_advice(&part), "");
	}
	leaf = NULL;
}

/* Until its hours come: what is served, or was down before, can wait. */
static void waits(void **state)
{
	static const struct {
		const char *was, *is;
		int64_t left;
		bool wait, new;
	} cases[] = {
		{ "oo", "oo", 100, true, false },
		{ "oo", "oo", 99, false, false },
		{ "oo", "no", 100, true, false },
		{ "oo", "nn", 0, true, true },
		{ "nn", "nn", 0, true, false },
		{ "od", "od", 100, true, false },
		{ "oo", "od", 100, false, false },
		{ "oo", "os", 100, false, false },
		{ "oo", "ou", 100, true, false },
		{ "", "", 0, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(cases[i].was, cases[i].is, "old");
		now[0].not_after = now[1].not_after = cases[i].left;
		if (prove_can_wait(&part, 100) != cases[i].wait)
			fail_msg("%s %s: wait", cases[i].was, cases[i].is);
		if (prove_shows_new(&part, "n") != cases[i].new)
			fail_msg("%s %s: new", cases[i].was, cases[i].is);
		assert_false(prove_shows_new(&part, "m"));
	}
}

static void all_down(void **state)
{
	static const struct {
		const char *was;
		bool down;
	} cases[] = { { "dd", true },  { "d", true },	{ "do", false },
		      { "ds", false }, { "d-", false }, { "", false } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(cases[i].was, cases[i].was, "old");
		if (prove_all_down(&part) != cases[i].down)
			fail_msg("\"%s\"", cases[i].was);
	}
}

/* After the way back: what is said of the first that does not show the old
 * set; of one that could not be looked at only where there is no such one. */
static void shows_old(void **state)
{
	static const struct {
		const char *was, *is, *old, *says;
	} cases[] = {
		{ "oo", "oo", "old", NULL },
		{ "", "", "old", NULL },
		{ "oo", "on", "old", "h:2 does not serve it, nor did before" },
		{ "oo", "no", "old", "h:1 does not serve it, nor did before" },
		{ "oo", "os", "old", "h:2 does not serve it, nor did before" },
		{ "os", "os", "old", "h:2 does not serve it, nor did before" },
		{ "od", "od", "old", "h:2 does not serve it, nor did before" },
		{ "oo", "ou", "old", "h:2 could not be looked at: " },
		{ "oo", "un", "old", "h:2 does not serve it, nor did before" },
		/* in its memory there was another one than in the files */
		{ "om", "om", "old", "h:2 does not serve it, nor did before" },
		{ "mm", "oo", "old", NULL },
		/* nothing was in the files */
		{ "mm", "mm", NULL, NULL },
		{ "mm", "mo", NULL, "h:2 does not serve it, nor did before" },
		{ "-m", "mm", NULL, "h:1 does not serve it, nor did before" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *says = NULL;
		bool all;

		begin(cases[i].was, cases[i].is, cases[i].old);
		all = prove_shows_old(&part, &says);
		if (all != !cases[i].says ||
		    (!all && !strstr(says, cases[i].says)))
			fail_msg("%s %s: %s", cases[i].was, cases[i].is,
				 all ? "all" : says);
	}
}

/* One endpoint: the receipt, and the beginning of what it says. */
static void endpoint_receipts(void **state)
{
	static const struct {
		const char *was, *is;
		bool back;
		const char *state, *detail;
	} cases[] = {
		{ "o", "n", false, "served", NULL },
		{ "o", "o", false, "failed", "serves another certificate" },
		{ "o", "N", false, "failed",
		  "serves the right certificate with another chain" },
		{ "o", "d", false, "failed", "cannot be reached: it says" },
		{ "o", "s", false, "failed", "shows no certificate: it says" },
		{ "o", "u", false, NULL, NULL },
		{ "o", "o", true, "rolled-back", NULL },
		{ "o", "n", true, "failed", "serves another certificate" },
		{ "o", "d", true, "failed", "cannot be reached: it says" },
		{ "o", "u", true, NULL, NULL },
		/* not right before either */
		{ "s", "s", true, "failed", "it says nothing, as before" },
		{ "d", "d", true, "failed", "it says nothing, as before" },
		{ "m", "m", true, "failed",
		  "serves something else, as before" },
		{ "-", "m", true, "failed",
		  "serves something else, as before" },
		{ "s", "o", true, "rolled-back", NULL },
		/* the old files, not what it had in its memory */
		{ "m", "o", true, "rolled-back", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct store_receipt *r;

		begin(cases[i].was, cases[i].is, "old");
		prove_report_endpoints(&part, cases[i].back, RECEIPT_FAILED);
		if (host.receipts.n != (cases[i].state ? 1 : 0))
			fail_msg("%zu: %zu receipts", i, host.receipts.n);
		if (!cases[i].state)
			continue;
		r = &host.receipts.v[0];
		assert_string_equal(r->endpoint, "h:1");
		if (strcmp(r->state, cases[i].state) != 0)
			fail_msg("%zu: %s", i, r->state);
		if (!r->detail != !cases[i].detail ||
		    (r->detail && strncmp(r->detail, cases[i].detail,
					  strlen(cases[i].detail)) != 0))
			fail_msg("%zu: %s", i, r->detail);
	}
}

/* Only the chain was changed: it tells which of the two is served. */
static void chain_receipts(void **state)
{
	begin("n", "n", "new");
	prove_report_endpoints(&part, true, RECEIPT_FAILED);
	assert_string_equal(host.receipts.v[0].state, "rolled-back");
	begin("n", "N", "new");
	prove_report_endpoints(&part, true, RECEIPT_FAILED);
	assert_string_equal(host.receipts.v[0].state, "failed");
	assert_non_null(strstr(host.receipts.v[0].detail, "another chain"));
}

/* Only what an endpoint looks at can be served. */
static void no_endpoint(void **state)
{
	static const struct installer_cert c_conf[] = { { .name = "n" },
							{ .name = "m" } };
	static const struct svc_cert certs[] = { { .conf = &c_conf[0] },
						 { .conf = &c_conf[1] } };
	struct journal_cert to[] = {
		{ .name = "n", .fingerprint = "new", .old = "old" },
		{ .name = "m", .fingerprint = "new", .old = "old" },
	};

	begin("o", "n", "old");
	service.certs = certs;
	service.n_certs = 2;
	journal.certs = to;
	journal.n_certs = 2;
	prove_report(&part, RECEIPT_SERVED, NULL);
	assert_string_equal(host.receipts.v[0].state, "served");
	assert_string_equal(host.receipts.v[1].state, "installed");
	service.hooks[HOOK_ACTIVATE] =
		(struct svc_commands){ (const struct svc_command[1]){}, 1 };
	prove_report(&part, RECEIPT_SERVED, NULL);
	assert_string_equal(host.receipts.v[0].state, "served");
	assert_string_equal(host.receipts.v[1].state, "activated");
	prove_report(&part, RECEIPT_FAILED, NULL);
	assert_string_equal(host.receipts.v[1].state, "failed");
	assert_int_equal(prove_state(&part, NULL, RECEIPT_SERVED),
			 RECEIPT_SERVED);
	service.n_endpoints = 0;
	assert_int_equal(prove_state(&part, NULL, RECEIPT_SERVED),
			 RECEIPT_ACTIVATED);
}

/* The certificate is not there, and is not put: whatever its endpoints show,
 * nothing is said of it, and they are no hindrance as long as what they show
 * is not lost by what happened to the others. */
static void none_to_be(void **state)
{
	static const struct {
		const char *was, *is;
		bool right;
	} cases[] = {
		{ "mm", "mm", true },  { "mm", "oo", true },
		{ "ss", "ss", true },  { "ss", "SS", true },
		{ "dd", "dd", true },  { "--", "ds", true },
		{ "sd", "mm", true },  { "mm", "ms", false },
		{ "mm", "md", false },
	};

	next = NULL;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *why = NULL;

		begin(cases[i].was, cases[i].is, NULL);
		if (prove_only_down(&part) != cases[i].right)
			fail_msg("%s %s", cases[i].was, cases[i].is);
		if (!prove_shows_old(&part, &why))
			fail_msg("%s %s: %s", cases[i].was, cases[i].is, why);
		journal.n_ops = i % 2;
		prove_report(&part, RECEIPT_SERVED, NULL);
		prove_report_endpoints(&part, false, RECEIPT_FAILED);
		prove_report_endpoints(&part, true, RECEIPT_FAILED);
		if (host.receipts.n != 0)
			fail_msg("%s %s: %s", cases[i].was, cases[i].is,
				 host.receipts.v[0].state);
	}
	next = "new";
}

/* Of certificates: those that change; all, when no file is touched. */
static void cert_receipts(void **state)
{
	struct journal_cert certs[] = {
		{ .name = "a", .fingerprint = "new", .old = "old" },
		{ .name = "b", .fingerprint = "old", .old = "old" },
		{ .name = "c", .fingerprint = "new", .old = NULL },
	};

	begin("", "", "old");
	journal.certs = certs;
	journal.n_certs = 3;
	journal.n_ops = 1;
	prove_report(&part, RECEIPT_HELD, "so");
	assert_int_equal(host.receipts.n, 2);
	assert_string_equal(host.receipts.v[0].name, "a");
	assert_string_equal(host.receipts.v[1].name, "c");
	assert_string_equal(host.receipts.v[1].state, "held");
	assert_string_equal(host.receipts.v[1].detail, "so");
	assert_string_equal(host.receipts.v[1].endpoint, "");
	journal.n_ops = 0;
	prove_report(&part, RECEIPT_HELD, "so");
	assert_int_equal(host.receipts.n, 3);
}

static struct svc_commands *command(const char *script)
{
	struct svc_commands *all = arena_alloc(arena, sizeof(*all));
	struct svc_command *c = arena_alloc(arena, sizeof(*c));
	const char **argv = arena_array(arena, 4, sizeof(*argv));

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = arena_printf(arena, "cd '%s'; %s", scratch_dir, script);
	*c = (struct svc_command){ .argv = argv, .timeout_s = 10 };
	*all = (struct svc_commands){ c, 1 };
	return all;
}

/* The way back of a service without endpoints: who is told, and the end. */
static void told_back(void **state)
{
	static const struct {
		const char *running, *activate, *start;
		bool activated;
		int64_t wait;
		int rc;
		const char *told;
	} cases[] = {
		{ NULL, NULL, NULL, true, 0, 0, "" },
		{ NULL, "true", "true", true, 0, 0, "a" },
		{ NULL, "true", "true", false, 0, 0, "a" },
		/* its word is all there is */
		{ NULL, "false", NULL, true, 0, -1, "a" },
		{ NULL, "false", "true", true, 0, 0, "as" },
		{ NULL, "false", "false", true, 0, -1, "as" },
		/* it was stopped before, and was not told yet */
		{ "false", "true", "true", false, 0, 0, "" },
		{ "false", "true", "true", true, 0, 0, "a" },
		/* a person restarts it */
		{ NULL, "true", "true", true, 60, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		begin("", "", "old");
		scratch_write(scratch("told"), "", 0600);
		if (cases[i].running)
			service.hooks[HOOK_RUNNING] =
				*command(cases[i].running);
		if (cases[i].activate)
			service.hooks[HOOK_ACTIVATE] = *command(
				arena_printf(arena, "printf a >>told; %s",
					     cases[i].activate));
		if (cases[i].start)
			service.hooks[HOOK_START] = *command(arena_printf(
				arena, "printf s >>told; %s", cases[i].start));
		service.wait = cases[i].wait;
		journal.activated = cases[i].activated;
		if (prove_back(&part, &err) != cases[i].rc)
			fail_msg("%zu: %s", i, err.msg);
		if (strcmp(scratch_read(scratch("told")), cases[i].told) != 0)
			fail_msg("%zu: told %s", i,
				 scratch_read(scratch("told")));
		assert_int_equal(cases[i].rc == -1, err.msg[0] != '\0');
	}
}

/* What it is told breaks it, and somebody mends it by hand: it is looked at
 * before it is told once more. */
static void mended_by_hand(void **state)
{
	static const struct installer_cert c_conf = { .name = "n" };
	static const struct svc_cert cert = { .conf = &c_conf };
	struct installer_endpoint e_conf = { .address = "h:1",
					     .protocol = "command" };
	struct svc_endpoint e = { .conf = &e_conf, .look = "" };
	struct err err = ERR_INIT;
	const char *why;

	begin("o", "d", "old");
	e_conf.command.v = command("test -e up")->v[0].argv;
	service_conf = (struct installer_service){ .verify_timeout = 10 };
	service.certs = &cert;
	service.endpoints = &e;
	service.hooks[HOOK_ACTIVATE] =
		*command("printf a >>told; rm up; exit 1");
	journal.activated = true;
	scratch_write(scratch("told"), "", 0600);
	scratch_write(scratch("up"), "", 0600);
	assert_int_equal(prove_back(&part, &err), -1);
	assert_string_equal(scratch_read(scratch("told")), "a");
	assert_true(journal.told_back);
	assert_int_equal(prove_back(&part, &err), -1);
	assert_string_equal(scratch_read(scratch("told")), "aa");
	scratch_write(scratch("up"), "", 0600);
	if (prove_back(&part, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(scratch_read(scratch("told")), "aa");
	assert_true(prove_shows_old(&part, &why));

	/* one that could not be told does not know of it yet */
	service.hooks[HOOK_ACTIVATE] = *command("true");
	((const char **) service.hooks[HOOK_ACTIVATE].v->argv)[0] = "/no/sh";
	journal.told_back = false;
	assert_int_equal(unlink(scratch("up")), 0);
	assert_int_equal(prove_back(&part, &err), -1);
	assert_false(journal.told_back);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(excuses),
		cmocka_unit_test(advises),
		cmocka_unit_test(waits),
		cmocka_unit_test(all_down),
		cmocka_unit_test(shows_old),
		cmocka_unit_test(endpoint_receipts),
		cmocka_unit_test(chain_receipts),
		cmocka_unit_test(no_endpoint),
		cmocka_unit_test(none_to_be),
		cmocka_unit_test(cert_receipts),
		cmocka_unit_test(told_back),
		cmocka_unit_test(mended_by_hand),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
