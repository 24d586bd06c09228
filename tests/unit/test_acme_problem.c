/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "acme_problem.h"
#include "clock.h"

#define URN "urn:ietf:params:acme:error:"
#define NOW 1795400000

static const struct problem_case {
	enum acme_step step;
	long status;
	const char *content_type, *body;
	int64_t retry_at;
	enum fail_class class;
	const char *type, *words;
} cases[] = {
	/* RFC 8555 section 6.7: each type, in its usual place */
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "badCSR\",\"detail\":\"key too short\"}", 0,
	  FAIL_BAD_CSR, "badCSR", "refuses the CSR: \"key too short\"" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "badPublicKey\",\"detail\":\"weak\"}", 0,
	  FAIL_BAD_CSR, "badPublicKey", "weak" },
	{ ACME_STEP_ORDER, 403, NULL,
	  "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"policy\"}", 0,
	  FAIL_REJECTED, "rejectedIdentifier", "policy" },
	{ ACME_STEP_ORDER, 400, NULL,
	  "{\"type\":\"" URN "unsupportedIdentifier\",\"detail\":\"ip\"}", 0,
	  FAIL_REJECTED, "unsupportedIdentifier", "ip" },
	{ ACME_STEP_OTHER, 403, NULL,
	  "{\"type\":\"" URN "caa\",\"detail\":\"CAA says no\"}", 0, FAIL_CAA,
	  "caa", "CAA says no" },
	{ ACME_STEP_OTHER, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"must-staple\"}", 0,
	  FAIL_UNAUTHORIZED, "unauthorized", "must-staple" },
	{ ACME_STEP_OTHER, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"Account is not "
	  "valid, has status \\\"deactivated\\\"\"}",
	  0, FAIL_ACCOUNT, "unauthorized", "deactivated" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "accountDoesNotExist\",\"detail\":\"gone\"}", 0,
	  FAIL_ACCOUNT, "accountDoesNotExist",
	  "refuses our account: \"gone\"" },
	{ ACME_STEP_ACCOUNT, 403, NULL,
	  "{\"type\":\"" URN "userActionRequired\",\"detail\":\"new terms\"}",
	  0, FAIL_ACCOUNT, "userActionRequired", "new terms" },
	{ ACME_STEP_ACCOUNT, 400, NULL,
	  "{\"type\":\"" URN "externalAccountRequired\",\"detail\":\"EAB\"}", 0,
	  FAIL_ACCOUNT, "externalAccountRequired", "EAB" },
	{ ACME_STEP_ACCOUNT, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"contact\"}", 0,
	  FAIL_ACCOUNT, "malformed", "contact" },
	{ ACME_STEP_ACCOUNT, 400, NULL,
	  "{\"type\":\"" URN "invalidContact\",\"detail\":\"x\"}", 0,
	  FAIL_ACCOUNT, "invalidContact", "x" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"parse\"}", 0,
	  FAIL_INTERNAL, "malformed", "did not accept our request: \"parse\"" },
	{ ACME_STEP_OTHER, 403, NULL,
	  "{\"type\":\"" URN "orderNotReady\",\"detail\":\"pending\"}", 0,
	  FAIL_INTERNAL, "orderNotReady", "pending" },
	/* its words stay its own */
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "x\",\"detail\":\"no\\\"; run: rm \\\"x\"}", 0,
	  FAIL_INTERNAL, "x", "request: \"no'; run: rm 'x\" (x, status 400)" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"x; run: rm x\",\"detail\":\"\"}", 0, FAIL_INTERNAL,
	  "x; run: rm x", "no reason given (\"x; run: rm x\", status 400)" },
	{ ACME_STEP_OTHER, 500, NULL,
	  "{\"type\":\"" URN "serverInternal\",\"detail\":\"db\"}", 0,
	  FAIL_CA_DOWN, "serverInternal", "internal failure: \"db\"" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "somethingNew\",\"detail\":\"x\"}", 0,
	  FAIL_INTERNAL, "somethingNew", "x" },
	{ ACME_STEP_OTHER, 502, NULL,
	  "{\"type\":\"" URN "somethingNew\",\"detail\":\"x\"}", 0,
	  FAIL_CA_DOWN, "somethingNew", "x" },
	{ ACME_STEP_NONCE, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"x\"}", 0, FAIL_CA_DOWN,
	  "malformed", "x" },

	/* rate limits: the name's or ours? Texts of Boulder. */
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many certificates "
	  "(50) already issued for \\\"example.com\\\" in the last 168h0m0s\"}",
	  NOW + 60, FAIL_RATE_LIMITED, "rateLimited", "this name" },
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many certificates "
	  "(5) already issued for this exact set of identifiers\"}",
	  0, FAIL_RATE_LIMITED, "rateLimited", "exact set" },
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many failed "
	  "authorizations (5) for \\\"www.example.com\\\"\"}",
	  0, FAIL_RATE_LIMITED, "rateLimited", "failed" },
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many new orders "
	  "(300) from this account in the last 3h0m0s\"}",
	  NOW + 60, FAIL_CA_RATE_LIMITED, "rateLimited", "this account" },
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"x\",\"subproblems\":[{"
	  "\"type\":\"" URN
	  "rateLimited\",\"detail\":\"too many new orders for "
	  "this\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}}]}",
	  0, FAIL_RATE_LIMITED, "rateLimited", "a.example: \"too many" },
	{ ACME_STEP_ACCOUNT, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many new "
	  "registrations (10) from this IP address\"}",
	  0, FAIL_CA_RATE_LIMITED, "rateLimited", "IP address" },
	{ ACME_STEP_OTHER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"slower\"}", 0,
	  FAIL_CA_RATE_LIMITED, "rateLimited", "slower" },
	{ ACME_STEP_NONCE, 429, NULL, "{\"detail\":\"slower\"}", 0,
	  FAIL_CA_RATE_LIMITED, "", "slower" },
	{ ACME_STEP_ORDER, 429, NULL,
	  "{\"type\":\"" URN "rateLimited\",\"detail\":\"Your account is "
	  "temporarily prevented from requesting certificates for a.example. "
	  "Please visit: https://unpause.example/x\"}",
	  0, FAIL_RATE_LIMITED, "rateLimited", "a person has to unpause" },
	{ ACME_STEP_ORDER, 503, NULL,
	  "{\"type\":\"" URN "serverInternal\",\"detail\":\"busy\"}", NOW + 9,
	  FAIL_CA_RATE_LIMITED, "serverInternal", "busy" },

	/* section 6.7.1: subproblems */
	{ ACME_STEP_ORDER, 403, NULL,
	  "{\"type\":\"" URN "compound\",\"detail\":\"several\","
	  "\"subproblems\":[{\"type\":\"" URN "caa\",\"detail\":\"forbidden\","
	  "\"identifier\":{\"type\":\"dns\",\"value\":\"b.example\"}},"
	  "{\"type\":\"" URN "dns\",\"detail\":\"second\"}]}",
	  0, FAIL_CAA, "caa", "b.example: \"forbidden\"" },
	{ ACME_STEP_ORDER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"Some identifiers\","
	  "\"subproblems\":[{\"type\":\"" URN "rejectedIdentifier\","
	  "\"detail\":\"not a public name\"}]}",
	  0, FAIL_REJECTED, "rejectedIdentifier",
	  "one of the names: \"not a public name\"" },

	/* not an ACME server, or not now */
	{ ACME_STEP_OTHER, 502, "text/html; charset=utf-8",
	  "<html>Bad Gateway</html>", 0, FAIL_CA_DOWN, "",
	  "not available (status 502, with an HTML page)" },
	{ ACME_STEP_OTHER, 404, NULL, " \n<!DOCTYPE html>", 0, FAIL_CA_DOWN, "",
	  "an HTML page" },
	{ ACME_STEP_OTHER, 400, "application/problem+json", "{\"type\":", 0,
	  FAIL_CA_DOWN, "", "not JSON" },
	{ ACME_STEP_OTHER, 400, "application/problem+json", "[]", 0,
	  FAIL_CA_DOWN, "", "not JSON" },
	{ ACME_STEP_OTHER, 503, NULL, "", 0, FAIL_CA_DOWN, "", "empty" },
	{ ACME_STEP_OTHER, 503, NULL, "", NOW + 5, FAIL_CA_RATE_LIMITED, "",
	  "slow down" },
	{ ACME_STEP_ORDER, 429, "text/html", "<html>", 0, FAIL_CA_RATE_LIMITED,
	  "", "slow down" },
	{ ACME_STEP_DIRECTORY, 404, "text/html", "<html>", 0, FAIL_CA_DOWN, "",
	  "no ACME directory" },
	{ ACME_STEP_DIRECTORY, 301, NULL, "", 0, FAIL_CA_DOWN, "",
	  "redirects us" },

	/* hostile */
	{ ACME_STEP_OTHER, 400, NULL, "{\"type\":7,\"detail\":[]}", 0,
	  FAIL_CA_DOWN, "", "no reason given" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "dns\",\"detail\":\"a\\n\\u001b[31mb\\u0007\"}", 0,
	  FAIL_DNS, "dns", "a??[31mb?" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "dns\",\"detail\":\"x\",\"subproblems\":{}}", 0,
	  FAIL_DNS, "dns", "x" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "dns\",\"detail\":\"x\",\"subproblems\":[7]}", 0,
	  FAIL_DNS, "dns", "x" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "dns\",\"type\":\"" URN "caa\"}", 0, FAIL_CA_DOWN,
	  "", "not JSON" },
};

static void classify(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct problem_case *c = &cases[i];
		char type[ACME_PROBLEM_TYPE];
		struct fail f;

		acme_problem_classify(c->step, c->status, c->content_type,
				      c->body, strlen(c->body), c->retry_at, &f,
				      type);
		if (f.class != c->class || strcmp(type, c->type) != 0 ||
		    !strstr(f.detail, c->words))
			fail_msg("case %zu: %s, %s: %s", i, fail_name(f.class),
				 type, f.detail);
		assert_int_equal(f.retry_at, c->retry_at);
	}
}

/* Boulder repeats the instant in its text. */
static void retry_in_text(void **state)
{
	static const char body[] =
		"{\"type\":\"" URN "rateLimited\",\"detail\":\"too many "
		"certificates, retry after 2026-11-24 00:00:00 UTC: see "
		"https://x\"}";
	char type[ACME_PROBLEM_TYPE];
	struct fail f;

	clock_set_for_test(1795400000); /* 2026-11-23T02:13:20Z */
	acme_problem_classify(ACME_STEP_ORDER, 429, NULL, body, strlen(body), 0,
			      &f, type);
	assert_int_equal(f.retry_at, 1795478400); /* date -u -d ... +%s */
	/* The header counts more. */
	acme_problem_classify(ACME_STEP_ORDER, 429, NULL, body, strlen(body),
			      NOW + 5, &f, type);
	assert_int_equal(f.retry_at, NOW + 5);
	/* Gone by. */
	clock_set_for_test(1795478401);
	acme_problem_classify(ACME_STEP_ORDER, 429, NULL, body, strlen(body), 0,
			      &f, type);
	assert_int_equal(f.retry_at, 0);
	clock_set_for_test(-1);
}

static void long_text(void **state)
{
	size_t n = 100000;
	char *body = malloc(n + 200), type[ACME_PROBLEM_TYPE];
	struct fail f;
	int head = sprintf(body, "{\"type\":\"" URN "dns\",\"detail\":\"");

	memset(body + head, 'x', n);
	strcpy(body + head + n, "\"}");
	acme_problem_classify(ACME_STEP_OTHER, 400, NULL, body, strlen(body), 0,
			      &f, type);
	assert_int_equal(f.class, FAIL_DNS);
	assert_in_range(strlen(f.detail), 400, sizeof(f.detail) - 1);
	/* The end is still to be seen. */
	assert_non_null(strstr(f.detail, "(dns, status 400)"));

	head = sprintf(body, "{\"detail\":\"d\",\"type\":\"");
	memset(body + head, 't', n);
	strcpy(body + head + n, "\"}");
	acme_problem_classify(ACME_STEP_OTHER, 400, NULL, body, strlen(body), 0,
			      &f, type);
	assert_int_equal(strlen(type), ACME_PROBLEM_TYPE - 1);
	free(body);
}

static void of_json(void **state)
{
	json_t *p = json_loads("{\"type\":\"" URN
			       "incorrectResponse\",\"detail\":\"wrong\","
			       "\"status\":403}",
			       0, NULL);
	struct fail f;

	acme_problem_of_json(p, &f);
	assert_int_equal(f.class, FAIL_UNAUTHORIZED);
	assert_int_equal(f.retry_at, 0);
	assert_string_equal(
		f.detail,
		"the CA did not accept the proof of control: \"wrong\" "
		"(incorrectResponse, status 403)");
	json_decref(p);

	p = json_loads("{\"type\":\"" URN "tls\",\"detail\":\"x\"}", 0, NULL);
	acme_problem_of_json(p, &f);
	assert_int_equal(f.class, FAIL_CONNECTION);
	json_decref(p);

	p = json_loads("{\"type\":\"" URN "rateLimited\",\"detail\":\"x\"}", 0,
		       NULL);
	acme_problem_of_json(p, &f);
	assert_int_equal(f.class, FAIL_RATE_LIMITED);
	json_decref(p);

	p = json_object();
	acme_problem_of_json(p, &f);
	assert_true(f.class != FAIL_NONE);
	json_decref(p);
}

static void retry_after(void **state)
{
	static const struct {
		const char *value;
		int64_t want; /* 0, or seconds from now plus one */
	} values[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ "0", 1 },
		{ "120", 121 },
		{ "2592000", 2592001 },
		{ "2592001", 2592001 },
		{ "99999999999999999999999", 2592001 },
		{ "-5", 0 },
		{ "soon", 0 },
		{ "12 monkeys", 0 },
		/* RFC 9110 section 5.6.7, all three forms */
		{ "Mon, 23 Nov 2026 02:13:30 GMT", 11 },
		{ "Monday, 23-Nov-26 02:13:30 GMT", 11 },
		{ "Mon Nov 23 02:13:30 2026", 11 },
		{ "Mon, 23 Nov 2020 02:13:30 GMT", 1 },
		{ "Mon, 23 Nov 2099 02:13:30 GMT", 2592001 },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t got = acme_problem_retry_after(values[i].value, NOW);

		if (got != (values[i].want ? NOW + values[i].want - 1 : 0))
			fail_msg("%s: %lld", values[i].value,
				 (long long) (got - NOW));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(classify),	 cmocka_unit_test(long_text),
		cmocka_unit_test(retry_in_text), cmocka_unit_test(of_json),
		cmocka_unit_test(retry_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
