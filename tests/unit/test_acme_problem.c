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
	/* a name that is made of such words decides nothing */
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"no authorization "
	  "for deactivated.csr.keyusage.example.test\"}",
	  0, FAIL_UNAUTHORIZED, "unauthorized", "deactivated.csr" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"odd: "
	  "JWS-signature-verify.account.key.example.test.\"}",
	  0, FAIL_INTERNAL, "malformed", "JWS-signature" },
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

	/* a finalize that is refused because of the CSR, whatever the type */
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "badCSR\",\"detail\":\"too weak\"}", 0,
	  FAIL_BAD_CSR, "badCSR", "too weak" },
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"Order includes "
	  "different number of DNSnames identifiers than CSR specifies\"}",
	  0, FAIL_BAD_CSR, "unauthorized", "refuses the CSR: \"Order" },
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"must-staple is not "
	  "offered\"}",
	  0, FAIL_BAD_CSR, "unauthorized", "must-staple" },
	{ ACME_STEP_FINALIZE, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"extended key usage "
	  "1.3.6.1.5.5.7.3.2\"}",
	  0, FAIL_BAD_CSR, "malformed", "key usage" },
	{ ACME_STEP_FINALIZE, 400, NULL,
	  "{\"type\":\"" URN "x\",\"detail\":\"clientAuth not allowed\"}", 0,
	  FAIL_BAD_CSR, "x", "clientAuth" },
	{ ACME_STEP_FINALIZE, 400, NULL, "\"CSR: bad signature\"", 0,
	  FAIL_BAD_CSR, "", "refuses the CSR: \"CSR: bad signature\"" },
	/* but not for the word alone */
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"authorizations for "
	  "csr.example not found or expired\"}",
	  0, FAIL_UNAUTHORIZED, "unauthorized", "expired" },
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "orderNotReady\",\"detail\":\"no CSR now\"}", 0,
	  FAIL_INTERNAL, "orderNotReady", "no CSR now" },
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"CSR\"}", 0,
	  FAIL_REJECTED, "rejectedIdentifier", "CSR" },
	{ ACME_STEP_FINALIZE, 403, NULL,
	  "{\"type\":\"" URN "caa\",\"detail\":\"CSR\"}", 0, FAIL_CAA, "caa",
	  "CSR" },
	{ ACME_STEP_FINALIZE, 500, NULL,
	  "{\"type\":\"" URN "serverInternal\",\"detail\":\"CSR\"}", 0,
	  FAIL_CA_DOWN, "serverInternal", "CSR" },

	/* the account: smallstep's 401, a key that was changed elsewhere */
	{ ACME_STEP_ORDER, 401, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"The client lacks "
	  "sufficient authorization\"}",
	  0, FAIL_ACCOUNT, "unauthorized", "refuses our account" },
	{ ACME_STEP_ORDER, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"no more names\"}", 0,
	  FAIL_UNAUTHORIZED, "unauthorized", "no more names" },
	{ ACME_STEP_OTHER, 401, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"account is not "
	  "active\"}",
	  0, FAIL_ACCOUNT, "unauthorized", "not active" },
	{ ACME_STEP_OTHER, 401, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"account 'x' does not "
	  "own order 'y'\"}",
	  0, FAIL_UNAUTHORIZED, "unauthorized", "own order" },
	/* whom nothing is to be proved to */
	{ ACME_STEP_RENEWAL, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"blocked\"}", 0,
	  FAIL_UNAUTHORIZED, "unauthorized",
	  "did not accept our request: \"blocked\"" },
	{ ACME_STEP_RENEWAL, 403, NULL,
	  "{\"type\":\"" URN "caa\",\"detail\":\"blocked\"}", 0, FAIL_CAA,
	  "caa", "did not accept our request: \"blocked\"" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"JWS verification "
	  "error\"}",
	  0, FAIL_ACCOUNT, "malformed", "refuses our account" },
	{ ACME_STEP_OTHER, 403, NULL,
	  "{\"type\":\"" URN "unauthorized\",\"detail\":\"The signature of "
	  "the JWS is wrong\"}",
	  0, FAIL_ACCOUNT, "unauthorized", "signature" },
	{ ACME_STEP_ORDER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"No such account key\"}",
	  0, FAIL_ACCOUNT, "malformed", "account key" },
	{ ACME_STEP_OTHER, 400, NULL,
	  "{\"type\":\"" URN "malformed\",\"detail\":\"challenge is "
	  "deactivated\"}",
	  0, FAIL_INTERNAL, "malformed", "deactivated" },

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
	/* JSON, and no problem document: in its own words */
	{ ACME_STEP_OTHER, 400, "application/problem+json", "[]", 0,
	  FAIL_CA_DOWN, "", "with \"[]\" instead of a problem document" },
	{ ACME_STEP_ORDER, 400, NULL, "\"The field x is required\"", 0,
	  FAIL_CA_DOWN, "", "answered with \"The field x is required\"" },
	{ ACME_STEP_OTHER, 502, "text/html",
	  "{\"error\":\"Bad Gateway\",\"message\":\"no upstream\"}", 0,
	  FAIL_CA_DOWN, "",
	  "not available (status 502, with \"no upstream\")" },
	{ ACME_STEP_OTHER, 403, NULL, "{\"error\":{\"code\":7}}", 0,
	  FAIL_CA_DOWN, "", "{'error':{'code':7}}" },
	{ ACME_STEP_OTHER, 403, NULL, "{\"title\":\"Forbidden\"}", 0,
	  FAIL_CA_DOWN, "", "\"Forbidden\" instead" },
	{ ACME_STEP_DIRECTORY, 404, NULL, "{\"message\":\"no Route\"}", 0,
	  FAIL_CA_DOWN, "", "\"no Route\"): is the directory URL right" },
	{ ACME_STEP_ORDER, 429, NULL, "\"slower\"", NOW + 3,
	  FAIL_CA_RATE_LIMITED, "", "\"slower\"" },
	{ ACME_STEP_OTHER, 400, NULL, "{\"detail\":\"just so\"}", 0,
	  FAIL_CA_DOWN, "", "did not accept our request: \"just so\"" },
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
		/* 503 with an instant rests the CA, too, but is no 429 */
		assert_int_equal(f.limited,
				 c->status == 429 ||
					 f.class == FAIL_RATE_LIMITED);
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
	static const struct {
		enum acme_step step;
		const char *json;
		enum fail_class class;
		const char *detail;
	} objects[] = {
		{ ACME_STEP_PROOF,
		  "{\"type\":\"" URN "incorrectResponse\",\"detail\":\"wrong\","
		  "\"status\":403}",
		  FAIL_UNAUTHORIZED,
		  "the CA did not accept the proof of control: \"wrong\" "
		  "(incorrectResponse, status 403)" },
		{ ACME_STEP_PROOF, "{\"type\":\"" URN "tls\",\"detail\":\"x\"}",
		  FAIL_CONNECTION,
		  "the CA could not connect to fetch the proof: \"x\" (tls)" },
		{ ACME_STEP_PROOF,
		  "{\"type\":\"" URN "rateLimited\",\"detail\":\"x\"}",
		  FAIL_RATE_LIMITED,
		  "the CA's rate limit for this name is used up: \"x\" "
		  "(rateLimited)" },
		{ ACME_STEP_FINALIZE,
		  "{\"type\":\"" URN "rateLimited\",\"detail\":\"x\"}",
		  FAIL_RATE_LIMITED,
		  "the CA's rate limit for this name is used up: \"x\" "
		  "(rateLimited)" },
		{ ACME_STEP_FINALIZE,
		  "{\"type\":\"" URN "unauthorized\",\"detail\":\"the CSR\"}",
		  FAIL_BAD_CSR,
		  "the CA refuses the CSR: \"the CSR\" (unauthorized)" },
		{ ACME_STEP_FINALIZE,
		  "{\"type\":\"" URN "serverInternal\",\"detail\":\"x\"}",
		  FAIL_CA_DOWN,
		  "the CA has an internal failure: \"x\" (serverInternal)" },
		/* its own words, and the order's fault */
		{ ACME_STEP_PROOF,
		  "{\"type\":\"" URN "malformed\",\"detail\":\"x\"}",
		  FAIL_UNAUTHORIZED,
		  "the CA did not accept the proof of control: \"x\" "
		  "(malformed)" },
		{ ACME_STEP_FINALIZE,
		  "{\"type\":\"" URN "new\",\"detail\":\"x\"}",
		  FAIL_UNAUTHORIZED, "the CA gave the order up: \"x\" (new)" },
		{ ACME_STEP_FINALIZE, "\"declined by the registry\"",
		  FAIL_UNAUTHORIZED,
		  "the CA gave the order up: \"declined by the registry\"" },
		{ ACME_STEP_FINALIZE, "{\"message\":\"no\"}", FAIL_UNAUTHORIZED,
		  "the CA gave the order up: \"no\"" },
		{ ACME_STEP_FINALIZE, "\"clientAuth in the CSR\"", FAIL_BAD_CSR,
		  "the CA refuses the CSR: \"clientAuth in the CSR\"" },
		{ ACME_STEP_PROOF, "{}", FAIL_UNAUTHORIZED,
		  "the CA did not accept the proof of control: \"{}\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		json_t *p = json_loads(objects[i].json, JSON_DECODE_ANY, NULL);
		struct fail f;

		acme_problem_of_json(objects[i].step, p, &f);
		assert_string_equal(f.detail, objects[i].detail);
		assert_int_equal(f.class, objects[i].class);
		assert_int_equal(f.retry_at, 0);
		json_decref(p);
	}
}

/* What it is about, whatever its type; names say nothing. */
static void about(void **state)
{
	static const struct {
		const char *json;
		bool profile, usage;
	} told[] = {
		{ "{\"type\":\"" URN "invalidProfile\",\"detail\":\"no\"}",
		  true, false },
		{ "{\"type\":\"" URN
		  "unauthorized\",\"detail\":\"account ID 1 is "
		  "not permitted to use certificate profile 'x'\"}",
		  true, false },
		{ "{\"type\":\"" URN "malformed\",\"detail\":\"Profile?\"}",
		  true, false },
		{ "{\"type\":\"" URN "malformed\",\"detail\":\"of "
		  "profile.eku.clientauth.example\"}",
		  false, false },
		{ "{\"type\":\"" URN "badCSR\",\"detail\":\"ClientAuth "
		  "certificates are being deprecated\"}",
		  false, true },
		{ "{\"type\":\"" URN "badCSR\",\"detail\":\"the clientAuth "
		  "KeyPurposeId within the Extended Key Usage extension\"}",
		  false, true },
		{ "{\"type\":\"" URN "x\",\"detail\":\"a wrong EKU\"}", false,
		  true },
		{ "\"client authentication in a profile\"", true, true },
		{ "{\"type\":\"" URN "badCSR\",\"detail\":\"weak\"}", false,
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		json_t *p = json_loads(told[i].json, JSON_DECODE_ANY, NULL);
		char type[ACME_PROBLEM_TYPE];
		struct fail f[2];

		acme_problem_of_json(ACME_STEP_FINALIZE, p, &f[0]);
		acme_problem_classify(ACME_STEP_FINALIZE, 400, NULL,
				      told[i].json, strlen(told[i].json), 0,
				      &f[1], type);
		for (int n = 0; n < 2; n++)
			if (f[n].of_profile != told[i].profile ||
			    f[n].of_usage != told[i].usage)
				fail_msg("%s", told[i].json);
		json_decref(p);
	}
}

/* The body decides, not what it is said to be. */
static void html(void **state)
{
	assert_true(acme_problem_is_html("text/html", "Service busy"));
	assert_true(acme_problem_is_html("text/plain", "\n <html>"));
	assert_true(acme_problem_is_html(NULL, "<!DOCTYPE html>"));
	assert_false(acme_problem_is_html("text/html", " {\"status\":1}"));
	assert_false(acme_problem_is_html("text/html; charset=utf-8",
					  "-----BEGIN CERTIFICATE-----"));
	assert_false(acme_problem_is_html("text/html", ""));
	assert_false(acme_problem_is_html(NULL, "Service busy"));
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
		int64_t got =
			acme_problem_retry_after(values[i].value, NULL, NOW);

		if (got != (values[i].want ? NOW + values[i].want - 1 : 0))
			fail_msg("%s: %lld", values[i].value,
				 (long long) (got - NOW));
	}
	/* An instant is one of the CA's clock; NOW is 02:13:20 of that day. */
	assert_int_equal(
		acme_problem_retry_after("Mon, 23 Nov 2026 02:20:00 GMT",
					 "Mon, 23 Nov 2026 02:19:00 GMT", NOW),
		NOW + 60);
	assert_int_equal(
		acme_problem_retry_after("Mon, 23 Nov 2026 02:13:30 GMT",
					 "Mon, 23 Nov 2026 01:13:30 GMT", NOW),
		NOW + 3600);
	assert_int_equal(acme_problem_retry_after(
				 "Mon, 23 Nov 2026 02:13:30 GMT", "today", NOW),
			 NOW + 10);
	assert_int_equal(acme_problem_retry_after(
				 "60", "Mon, 23 Nov 2026 01:13:30 GMT", NOW),
			 NOW + 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(classify),	 cmocka_unit_test(long_text),
		cmocka_unit_test(retry_in_text), cmocka_unit_test(of_json),
		cmocka_unit_test(about),	 cmocka_unit_test(retry_after),
		cmocka_unit_test(html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
