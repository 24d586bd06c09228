/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acme.h"
#include "acme_parse.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

/* RFC 8555 section 7.1.3, its example (with the certificate and all). */
static const char rfc_order[] =
	"{ \"status\": \"valid\",   \"expires\": \"2016-01-20T14:09:07.99Z\","
	"  \"identifiers\": [ { \"type\": \"dns\", \"value\": "
	"\"www.example.org\" }, { \"type\": \"dns\", \"value\": "
	"\"example.org\" } ],"
	"  \"notBefore\": \"2016-01-01T00:00:00Z\","
	"  \"notAfter\": \"2016-01-08T00:00:00Z\","
	"  \"authorizations\": [ \"https://example.com/acme/authz/PAniVnsZcis\""
	", \"https://example.com/acme/authz/r4HqLzrSrpI\" ],"
	"  \"finalize\": "
	"\"https://example.com/acme/order/TOlocE8rfgo/finalize\""
	",  \"certificate\": \"https://example.com/acme/cert/mAt3xBGaobw\" }";

/* Section 7.1.4. */
static const char rfc_authz[] =
	"{ \"status\": \"valid\",   \"expires\": \"2015-03-01T14:09:07.99Z\","
	"  \"identifier\": { \"type\": \"dns\", \"value\": \"www.example.org\" "
	"}"
	",  \"challenges\": [ { \"url\": "
	"\"https://example.com/acme/chall/prV_B7yEyA4\", \"type\": "
	"\"http-01\", \"status\": \"valid\", \"token\": "
	"\"DGyRejmCefe7v4NfDGDKfA\", \"validated\": "
	"\"2014-12-01T12:05:58.16Z\" } ], \"wildcard\": false }";

/* The example with another status, quotes and comma included. */
static struct acme_order order_in(const char *status)
{
	char *json = arena_strdup(arena, rfc_order);
	struct acme_order o = { 0 };
	struct err err = ERR_INIT;

	memcpy(strstr(json, "\"valid\","), status, strlen(status));
	if (acme_parse_order(json, strlen(json), arena, &o, &err) == -1)
		fail_msg("%s", err.msg);
	return o;
}

/* Of each only what its next step needs. */
static void order(void **state)
{
	struct acme_order o = order_in("\"valid\",");

	assert_int_equal(o.status, ACME_VALID);
	assert_int_equal(o.n_authorizations, 0);
	assert_null(o.finalize);
	assert_string_equal(o.certificate,
			    "https://example.com/acme/cert/mAt3xBGaobw");
	assert_null(o.url);
	assert_int_equal(o.error.class, FAIL_NONE);

	o = order_in("\"ready\",");
	assert_int_equal(o.status, ACME_READY);
	assert_int_equal(o.n_authorizations, 0);
	assert_string_equal(
		o.finalize,
		"https://example.com/acme/order/TOlocE8rfgo/finalize");
	assert_null(o.certificate);

	o = order_in("\"pending\",");
	assert_int_equal(o.status, ACME_PENDING);
	assert_int_equal(o.n_authorizations, 2);
	assert_string_equal(o.authorizations[1],
			    "https://example.com/acme/authz/r4HqLzrSrpI");
	assert_string_equal(
		o.finalize,
		"https://example.com/acme/order/TOlocE8rfgo/finalize");
	assert_null(o.certificate);
}

static void order_profile(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{ "{\"status\":\"processing\"}", NULL },
		{ "{\"status\":\"valid\",\"profile\":\"tlsserver\"}",
		  "tlsserver" },
		{ "{\"status\":\"invalid\",\"profile\":\"\"}", NULL },
		{ "{\"status\":\"valid\",\"profile\":7}", NULL },
		{ "{\"status\":\"valid\",\"profile\":\"two words\"}", NULL },
		{ "{\"status\":\"valid\",\"profile\":\"a\\u001bb\"}", NULL },
		{ "{\"status\":\"valid\",\"profile\":\"0123456789012345678901"
		  "2345678901234567890123456789012345678901234\"}",
		  NULL }, /* one too many */
	};
	struct err err = ERR_INIT;
	struct acme_order o;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *json = cases[i].json;

		assert_int_equal(
			acme_parse_order(json, strlen(json), arena, &o, &err),
			0);
		if (cases[i].want)
			assert_string_equal(o.profile, cases[i].want);
		else
			assert_null(o.profile);
	}
}

static void expires(void **state)
{
	static const struct {
		const char *said;
		int64_t at; /* as date -u -d says */
	} cases[] = {
		{ "2016-01-20T14:09:07.99Z", 1453298947 },
		{ "2016-01-20T14:09:07Z", 1453298947 },
		{ "2016-01-20T14:09:07+01:30", 1453293547 },
		{ "2016-01-20T14:09:07", 0 },
		{ "2016-01-20", 0 },
		{ "tomorrow", 0 },
		{ "", 0 },
	};
	struct acme_order o;
	struct err err = ERR_INIT;
	char json[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(json, sizeof(json),
			 "{\"status\":\"invalid\",\"expires\":\"%s\"}",
			 cases[i].said);
		assert_int_equal(
			acme_parse_order(json, strlen(json), arena, &o, &err),
			0);
		assert_int_equal(o.expires, cases[i].at);
	}
}

static void authz(void **state)
{
	char *json = arena_strdup(arena, rfc_authz);
	struct acme_authz a;
	struct err err = ERR_INIT;

	assert_int_equal(
		acme_parse_authz(rfc_authz, strlen(rfc_authz), arena, &a, &err),
		0);
	assert_int_equal(a.status, ACME_VALID);
	assert_int_equal(a.id_type, X509_ID_DNS);
	assert_string_equal(a.identifier, "www.example.org");
	assert_false(a.wildcard);
	assert_int_equal(a.n_challenges, 0);

	/* Before that. */
	memcpy(strstr(json, "\"valid\","), "\"pending\",", 10);
	assert_int_equal(acme_parse_authz(json, strlen(json), arena, &a, &err),
			 0);
	assert_int_equal(a.status, ACME_PENDING);
	assert_int_equal(a.n_challenges, 1);
	assert_string_equal(a.challenges[0].type, "http-01");
	assert_string_equal(a.challenges[0].token, "DGyRejmCefe7v4NfDGDKfA");
	assert_string_equal(a.challenges[0].url,
			    "https://example.com/acme/chall/prV_B7yEyA4");
	assert_int_equal(a.challenges[0].status, ACME_VALID);
	assert_int_equal(a.challenges[0].error.class, FAIL_NONE);
}

#define ORDER(status, authz, finalize, more)                   \
	"{\"status\":\"" status "\",\"authorizations\":" authz \
	",\"finalize\":" finalize more "}"
#define ONE "[\"https://a/1\"]"
#define FIN "\"https://a/f\""

static void order_variants(void **state)
{
	static const struct {
		const char *json;
		const char *words; /* NULL: accepted */
		enum acme_status status;
		enum fail_class class;
	} cases[] = {
		{ ORDER("pending", ONE, FIN, ""), NULL, ACME_PENDING, 0 },
		{ ORDER("ready", ONE, FIN, ",\"new\":{\"x\":[1]}"), NULL,
		  ACME_READY, 0 },
		{ ORDER("processing", ONE, FIN, ",\"certificate\":null"), NULL,
		  ACME_PROCESSING, 0 },
		{ ORDER("invalid", ONE, FIN,
			",\"error\":{\"type\":\"urn:ietf:params:acme:error:caa"
			"\",\"detail\":\"no\"}"),
		  NULL, ACME_INVALID, FAIL_CAA },
		{ ORDER("invalid", ONE, FIN, ",\"error\":null"), NULL,
		  ACME_INVALID, 0 },
		{ ORDER("invalid", ONE, FIN, ",\"error\":\"x\""), NULL,
		  ACME_INVALID, FAIL_UNAUTHORIZED },
		{ ORDER("invalid", ONE, FIN, ",\"error\":{\"code\":7}"), NULL,
		  ACME_INVALID, FAIL_UNAUTHORIZED },
		/* refused only when it was finalized */
		{ ORDER("invalid", ONE, FIN,
			",\"error\":{\"type\":\"urn:ietf:params:acme:error:"
			"unauthorized\",\"detail\":\"the CSR asks for "
			"must-staple\"}"),
		  NULL, ACME_INVALID, FAIL_BAD_CSR },
		/* what the next step does not need may look as it likes */
		{ "{\"status\":\"ready\",\"finalize\":" FIN "}", NULL,
		  ACME_READY, 0 },
		{ ORDER("ready", "[7]", FIN, ",\"certificate\":7"), NULL,
		  ACME_READY, 0 },
		{ ORDER("pending", ONE, "null", ""), NULL, ACME_PENDING, 0 },
		{ ORDER("pending", ONE, "\"https://\"", ""), NULL, ACME_PENDING,
		  0 },
		{ "{\"status\":\"processing\"}", NULL, ACME_PROCESSING, 0 },
		{ ORDER("processing", "{}", "[]", ",\"certificate\":[]"), NULL,
		  ACME_PROCESSING, 0 },
		{ "{\"status\":\"invalid\"}", NULL, ACME_INVALID, 0 },
		/* the caller says so where it is fetched */
		{ "{\"status\":\"valid\"}", NULL, ACME_VALID, 0 },
		{ ORDER("valid", ONE, FIN, ",\"certificate\":\"http://a/c\""),
		  NULL, ACME_VALID, 0 },
		{ ORDER("valid", ONE, FIN, ",\"certificate\":7"), NULL,
		  ACME_VALID, 0 },
		{ ORDER("x\\\"; run: rm \\\"y", ONE, FIN, ""),
		  "status \"x'; run: rm 'y\"", 0, 0 },
		{ ORDER("hungry", ONE, FIN, ""), "unknown status \"hungry\"", 0,
		  0 },
		{ ORDER("pending", "[]", FIN, ""), "0 authorizations", 0, 0 },
		{ ORDER("pending", "{}", FIN, ""), "0 authorizations", 0, 0 },
		{ ORDER("pending", "[7]", FIN, ""), "not an https URL", 0, 0 },
		{ ORDER("pending", "[\"file:///etc/passwd\"]", FIN, ""),
		  "not an https URL", 0, 0 },
		{ ORDER("pending", "[\"https://a/\\r\\nX: y\"]", FIN, ""),
		  "not an https URL", 0, 0 },
		{ ORDER("ready", ONE, "null", ""), "no \"finalize\"", 0, 0 },
		{ ORDER("ready", ONE, "\"http://a/f\"", ""),
		  "not an https URL: \"http://a/f\"", 0, 0 },
		{ ORDER("ready", ONE, "\"\"", ""), "not an https URL", 0, 0 },
		{ "{\"status\":\"pending\"}", "0 authorizations", 0, 0 },
		{ "{\"status\":\"ready\",\"status\":\"valid\"}", "duplicate", 0,
		  0 },
		{ "[]", "not a JSON object", 0, 0 },
		{ "", "not a JSON object", 0, 0 },
		{ "{\"status\":\"pending\",", "not a JSON object", 0, 0 },
		{ "<html>", "not a JSON object", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct acme_order o = { .url = "untouched" };
		struct err err = ERR_INIT;
		int rc = acme_parse_order(cases[i].json, strlen(cases[i].json),
					  arena, &o, &err);

		if (cases[i].words) {
			if (rc != -1 || err.kind != ERR_INPUT ||
			    !strstr(err.msg, cases[i].words))
				fail_msg("%s: %s", cases[i].json, err.msg);
			assert_string_equal(o.url, "untouched");
			continue;
		}
		if (rc != 0)
			fail_msg("%s: %s", cases[i].json, err.msg);
		assert_int_equal(o.status, cases[i].status);
		if (o.error.class != cases[i].class)
			fail_msg("%s: %s", cases[i].json, o.error.detail);
		assert_null(o.certificate);
	}
}

#define AUTHZ(type, value, challenges, more)                       \
	"{\"status\":\"pending\",\"identifier\":{\"type\":\"" type \
	"\",\"value\":\"" value "\"},\"challenges\":" challenges more "}"
#define CHALL(type, more)   \
	"{\"type\":\"" type \
	"\",\"status\":\"pending\",\"url\":\"https://a/c\"" more "}"

static void authz_variants(void **state)
{
	static const struct {
		const char *json;
		const char *words; /* NULL: accepted */
		const char *identifier;
		enum x509_id_type type;
		bool wildcard;
		size_t n;
	} cases[] = {
		{ AUTHZ("dns", "a.example", "[]", ""), NULL, "a.example",
		  X509_ID_DNS, false, 0 },
		{ AUTHZ("dns", "a.example", "[" CHALL("dns-01", "") "]",
			",\"wildcard\":true"),
		  NULL, "a.example", X509_ID_DNS, true, 1 },
		{ AUTHZ("dns", "*.a.example", "[]", ""), NULL, "a.example",
		  X509_ID_DNS, true, 0 },
		{ AUTHZ("dns", "A.Example", "[]", ""), NULL, "a.example",
		  X509_ID_DNS, false, 0 },
		{ AUTHZ("dns", "localhost", "[]", ""), NULL, "localhost",
		  X509_ID_DNS, false, 0 },
		{ AUTHZ("ip", "192.0.2.1", "[]", ""), NULL, "192.0.2.1",
		  X509_ID_IP, false, 0 },
		{ AUTHZ("ip", "2001:db8::1", "[]", ""), NULL, "2001:db8::1",
		  X509_ID_IP, false, 0 },
		{ AUTHZ("ip", "www.example", "[]", ""), "not for a DNS name",
		  NULL, 0, false, 0 },
		{ AUTHZ("dns", "../etc", "[]", ""), "not for a DNS name", NULL,
		  0, false, 0 },
		{ AUTHZ("dns", "a\\nb.example", "[]", ""), "not for a DNS name",
		  NULL, 0, false, 0 },
		{ AUTHZ("dns", "", "[]", ""), "not for a DNS name", NULL, 0,
		  false, 0 },
		{ AUTHZ("email", "a@b.example", "[]", ""), "not for a DNS name",
		  NULL, 0, false, 0 },
		/* no list is an empty one */
		{ AUTHZ("dns", "a.example", "null", ""), NULL, "a.example",
		  X509_ID_DNS, false, 0 },
		{ AUTHZ("dns", "a.example", "{}", ""), NULL, "a.example",
		  X509_ID_DNS, false, 0 },
		{ "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\","
		  "\"value\":\"a.example\"}}",
		  NULL, "a.example", X509_ID_DNS, false, 0 },
		/* what cannot be read is passed over */
		{ AUTHZ("dns", "a.example",
			"[7,null,\"dns-01\",[],{},{\"type\":\"dns-01\","
			"\"status\":\"pending\"},{\"type\":\"dns-01\","
			"\"status\":"
			"\"pending\",\"url\":\"http://a/"
			"\"},{\"type\":\"dns-01\","
			"\"status\":\"hm\",\"url\":\"https://a/\"},{\"type\":1,"
			"\"url\":\"https://a/"
			"\",\"status\":\"pending\"},{\"type\":"
			"\"x\",\"url\":\"https://a/\"}," CHALL("http-01",
							       "") "]",
			""),
		  NULL, "a.example", X509_ID_DNS, false, 1 },
		{ "{\"status\":\"pending\",\"challenges\":[]}", "no identifier",
		  NULL, 0, false, 0 },
		{ "{}", "unknown status", NULL, 0, false, 0 },
		{ "{\"status\":\"thinking\"}", "unknown status \"thinking\"",
		  NULL, 0, false, 0 },
		/* nothing more is asked of one that is valid, or of no use */
		{ "{\"status\":\"valid\"}", NULL, NULL, 0, false, 0 },
		{ "{\"status\":\"valid\",\"identifier\":7,\"challenges\":7}",
		  NULL, NULL, 0, false, 0 },
		{ "{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\","
		  "\"value\":\"../etc\"}}",
		  NULL, NULL, 0, false, 0 },
		{ "{\"status\":\"expired\"}", NULL, NULL, 0, false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct acme_authz a = { 0 };
		struct err err = ERR_INIT;
		int rc = acme_parse_authz(cases[i].json, strlen(cases[i].json),
					  arena, &a, &err);

		if (cases[i].words) {
			if (rc != -1 || err.kind != ERR_INPUT ||
			    !strstr(err.msg, cases[i].words))
				fail_msg("%s: %s", cases[i].json, err.msg);
			assert_null(a.identifier);
			continue;
		}
		if (rc != 0)
			fail_msg("%s: %s", cases[i].json, err.msg);
		if (!cases[i].identifier)
			assert_null(a.identifier);
		else
			assert_string_equal(a.identifier, cases[i].identifier);
		assert_int_equal(a.id_type, cases[i].type);
		assert_int_equal(a.wildcard, cases[i].wildcard);
		assert_int_equal(a.n_challenges, cases[i].n);
	}
}

/* Types nobody knows, some without a token; a token is not judged here. */
static void challenges(void **state)
{
	static const char json[] = AUTHZ(
		"dns", "a.example",
		"[" CHALL("dns-persist-01", "") "," CHALL(
			"dns-01",
			",\"token\":\"../../x\"") ","
						  "{\"type\":\"http-01\","
						  "\"status\":\"invalid\","
						  "\"url\":"
						  "\"https://a/"
						  "d\",\"token\":\"t\","
						  "\"error\":{\"type\":"
						  "\"urn:ietf:params:acme:"
						  "error:connection\","
						  "\"detail\":"
						  "\"Timeout during "
						  "connect\",\"status\":400}}]",
		"");
	struct acme_authz a;
	struct err err = ERR_INIT;

	assert_int_equal(acme_parse_authz(json, strlen(json), arena, &a, &err),
			 0);
	assert_int_equal(a.n_challenges, 3);
	assert_null(a.challenges[0].token);
	assert_string_equal(a.challenges[1].token, "../../x");
	assert_int_equal(a.challenges[2].status, ACME_INVALID);
	assert_int_equal(a.challenges[2].error.class, FAIL_CONNECTION);
	assert_non_null(strstr(a.challenges[2].error.detail, "Timeout during"));
}

/* Of an authorization that failed, why: that needs no URL. */
static void reasons(void **state)
{
	static const char json[] = "{\"status\":\"invalid\",\"challenges\":[7,{"
				   "\"type\":\"dns-01\","
				   "\"error\":\"no such record\"}]}";
	struct acme_authz a;
	struct err err = ERR_INIT;

	assert_int_equal(acme_parse_authz(json, strlen(json), arena, &a, &err),
			 0);
	assert_int_equal(a.n_challenges, 1);
	assert_null(a.challenges[0].url);
	assert_int_equal(a.challenges[0].error.class, FAIL_UNAUTHORIZED);
	assert_non_null(
		strstr(a.challenges[0].error.detail, "\"no such record\""));
}

static void limits(void **state)
{
	struct sbuf s = SBUF_INIT(1000000);
	struct acme_order o;
	struct acme_authz a;
	struct err err = ERR_INIT;

	sbuf_adds(&s, "{\"status\":\"pending\",\"finalize\":\"https://a/\","
		      "\"authorizations\":[");
	for (int i = 0; i < ACME_AUTHZ_MAX + 1; i++)
		sbuf_addf(&s, "%s\"https://a/%d\"", i ? "," : "", i);
	sbuf_adds(&s, "]}");
	assert_int_equal(acme_parse_order(s.buf, s.len, arena, &o, &err), -1);
	assert_non_null(strstr(err.msg, "101 authorizations"));

	sbuf_clear(&s);
	sbuf_adds(&s, "{\"status\":\"pending\",\"identifier\":{\"type\":"
		      "\"dns\",\"value\":\"a.example\"},\"challenges\":[");
	for (int i = 0; i < ACME_CHALLENGE_MAX + 1; i++)
		sbuf_addf(&s, "%s" CHALL("x", ""), i ? "," : "");
	sbuf_adds(&s, "]}");
	assert_int_equal(acme_parse_authz(s.buf, s.len, arena, &a, &err), 0);
	assert_int_equal(a.n_challenges, ACME_CHALLENGE_MAX);

	/* Deeper than any recursion should go. */
	sbuf_clear(&s);
	for (int i = 0; i < 100000; i++)
		sbuf_addc(&s, '[');
	assert_int_equal(acme_parse_order(s.buf, s.len, arena, &o, &err), -1);

	sbuf_clear(&s);
	for (size_t i = 0; i < ACME_BODY_MAX + 1; i++)
		sbuf_addc(&s, ' ');
	assert_int_equal(acme_parse_order(s.buf, s.len, arena, &o, &err), -1);
	assert_non_null(strstr(err.msg, "too large"));
	sbuf_free(&s);
}

static void url_ok(void **state)
{
	char big[ACME_URL_MAX + 1];

	assert_true(acme_parse_url_ok("https://ca.example/x?y=z"));
	assert_false(acme_parse_url_ok("HTTP://ca.example/"));
	assert_false(acme_parse_url_ok("http://ca.example/"));
	assert_false(acme_parse_url_ok("https://"));
	assert_false(acme_parse_url_ok(""));
	assert_false(acme_parse_url_ok("https://a/ b"));
	assert_false(acme_parse_url_ok("https://a/\xc3\xa9"));
	memset(big, 'a', sizeof(big));
	memcpy(big, "https://", 8);
	big[ACME_URL_MAX] = '\0';
	assert_false(acme_parse_url_ok(big));
	big[ACME_URL_MAX - 1] = '\0';
	assert_true(acme_parse_url_ok(big));
}

static void directory(void **state)
{
	/* RFC 8555 section 7.1.1 */
	static const char json[] =
		"{\"newNonce\":\"https://example.com/acme/new-nonce\","
		"\"newAccount\":\"https://example.com/acme/new-account\","
		"\"newOrder\":\"https://example.com/acme/new-order\","
		"\"newAuthz\":\"https://example.com/acme/new-authz\","
		"\"meta\":{\"termsOfService\":"
		"\"https://example.com/acme/terms/2017-5-30\","
		"\"caaIdentities\":[\"example.com\"],"
		"\"externalAccountRequired\":true}}";
	static const char bare[] = "{\"newNonce\":\"https://a/n\","
				   "\"newAccount\":\"https://a/a\","
				   "\"newOrder\":\"https://a/o\"}";
	static const char odd[] = "{\"newNonce\":\"https://a/n\","
				  "\"newAccount\":\"https://a/a\","
				  "\"newOrder\":\"https://a/o\","
				  "\"keyChange\":\"http://a/k\","
				  "\"revokeCert\":7,\"renewalInfo\":null,"
				  "\"meta\":\"none\"}";
	static const char bad[] = "{\"newNonce\":\"https://a/n\","
				  "\"newAccount\":\"http://a/a\","
				  "\"newOrder\":\"https://a/o\"}";
	struct acme_directory d;
	struct err err = ERR_INIT;

	assert_int_equal(
		acme_parse_directory(json, strlen(json), arena, &d, &err), 0);
	assert_string_equal(d.new_nonce, "https://example.com/acme/new-nonce");
	assert_string_equal(d.new_order, "https://example.com/acme/new-order");
	assert_string_equal(d.offer.terms,
			    "https://example.com/acme/terms/2017-5-30");
	assert_true(d.offer.eab_required);
	assert_int_equal(
		acme_parse_directory(bare, strlen(bare), arena, &d, &err), 0);
	assert_null(d.offer.terms);
	assert_false(d.offer.eab_required);
	assert_int_equal(
		acme_parse_directory(odd, strlen(odd), arena, &d, &err), 0);
	assert_null(d.offer.terms);
	assert_int_equal(
		acme_parse_directory(bad, strlen(bad), arena, &d, &err), -1);
	assert_non_null(strstr(err.msg, "newAccount"));
	assert_int_equal(acme_parse_directory("{}", 2, arena, &d, &err), -1);
}

static void account(void **state)
{
	/* RFC 8555 section 7.3 */
	static const char json[] =
		"{\"status\":\"valid\",\"contact\":["
		"\"mailto:cert-admin@example.org\","
		"\"mailto:admin@example.org\"],"
		"\"orders\":\"https://example.com/acme/acct/evOfKhNU60wg/"
		"orders\",\"externalAccountBinding\":{}}";
	static const char odd[] =
		"{\"status\":\"va\\u001blid\",\"contact\":[7,\"a\\nb\",null],"
		"\"externalAccountBinding\":null}";
	struct acme_account_info info;
	struct sbuf many = SBUF_INIT(100000);
	struct err err = ERR_INIT;

	assert_int_equal(
		acme_parse_account(json, strlen(json), arena, &info, &err), 0);
	assert_string_equal(info.status, "valid");
	assert_int_equal(info.n_contact, 2);
	assert_string_equal(info.contact[1], "mailto:admin@example.org");
	assert_true(info.bound);
	assert_int_equal(
		acme_parse_account(odd, strlen(odd), arena, &info, &err), 0);
	assert_string_equal(info.status, "va?lid");
	assert_int_equal(info.n_contact, 1);
	assert_string_equal(info.contact[0], "a?b");
	assert_false(info.bound);
	/* all that acme2certifier says of one that is found (issue 109): RFC
	 * 8555 section 7.3.1 wants no more than Location */
	assert_int_equal(acme_parse_account("{}", 2, arena, &info, &err), 0);
	assert_null(info.status);
	assert_int_equal(info.n_contact, 0);
	assert_int_equal(acme_parse_account("[]", 2, arena, &info, &err), -1);

	sbuf_adds(&many, "{\"status\":\"valid\",\"contact\":[\"a:b\"");
	for (int i = 0; i < 1000; i++)
		sbuf_adds(&many, ",\"a:b\"");
	sbuf_adds(&many, "]}");
	assert_int_equal(
		acme_parse_account(many.buf, many.len, arena, &info, &err), 0);
	assert_int_equal(info.n_contact, ACME_CONTACTS_MAX);
	sbuf_free(&many);
}

static void offer(void **state)
{
	/* RFC 9773 section 4.1, draft-ietf-acme-profiles section 3 */
	static const char json[] =
		"{\"newNonce\":\"https://a/n\",\"newAccount\":\"https://a/a\","
		"\"newOrder\":\"https://a/o\","
		"\"renewalInfo\":\"https://a/renewal-info\","
		"\"keyChange\":\"https://a/k\","
		"\"meta\":{\"profiles\":{\"profile1\":"
		"\"https://example.com/docs/profiles#profile1\","
		"\"two words\":\"x\",\"\":\"x\","
		"\"profile2\":\"a\\tb\\n\u00e4\",\"odd\":[1]},"
		"\"caaIdentities\":[\"Example.COM\",7,\"a b\",\"b.org\"]}}";
	static const char *const odd[] = { "https://b/restart?now=1#",
					   "https://b/restart?now=",
					   "https://b/restart#" };
	AUTO(sbuf_free) struct sbuf many = SBUF_INIT(200000);
	struct acme_directory d;
	struct err err = ERR_INIT;

	assert_int_equal(
		acme_parse_directory(json, strlen(json), arena, &d, &err), 0);
	assert_string_equal(d.offer.renewal_info, "https://a/renewal-info");
	assert_string_equal(d.key_change, "https://a/k");
	assert_int_equal(d.offer.n_profiles, 3);
	assert_string_equal(d.offer.profiles[0].name, "profile1");
	assert_string_equal(d.offer.profiles[0].text,
			    "https://example.com/docs/profiles#profile1");
	assert_string_equal(d.offer.profiles[1].name, "profile2");
	assert_string_equal(d.offer.profiles[1].text, "a?b???");
	assert_string_equal(d.offer.profiles[2].text, "");
	assert_int_equal(d.offer.n_caa, 2);
	assert_string_equal(d.offer.caa[0], "example.com");
	assert_string_equal(d.offer.caa[1], "b.org");

	/* what we would add to it is no path there */
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		sbuf_clear(&many);
		sbuf_addf(&many,
			  "{\"newNonce\":\"https://a/n\",\"newAccount\":"
			  "\"https://a/a\",\"newOrder\":\"https://a/o\","
			  "\"renewalInfo\":\"%s\"}",
			  odd[i]);
		assert_int_equal(acme_parse_directory(sbuf_str(&many), many.len,
						      arena, &d, &err),
				 0);
		assert_null(d.offer.renewal_info);
	}

	sbuf_clear(&many);
	sbuf_adds(&many, "{\"newNonce\":\"https://a/n\",\"newAccount\":"
			 "\"https://a/a\",\"newOrder\":\"https://a/o\","
			 "\"meta\":{\"profiles\":{");
	for (int i = 0; i < 1000; i++)
		sbuf_addf(&many, "%s\"p%d\":\"%0150d\"", i ? "," : "", i, i);
	sbuf_adds(&many, "},\"caaIdentities\":[\"a.org\"");
	for (int i = 0; i < 1000; i++)
		sbuf_addf(&many, ",\"c%d.org\"", i);
	sbuf_adds(&many, "]}}");
	assert_int_equal(acme_parse_directory(sbuf_str(&many), many.len, arena,
					      &d, &err),
			 0);
	assert_int_equal(d.offer.n_profiles, ACME_PROFILES_MAX);
	assert_int_equal(d.offer.n_caa, ACME_CAA_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(expires),
		cmocka_unit_test(order_profile),
		cmocka_unit_test(authz),
		cmocka_unit_test(order_variants),
		cmocka_unit_test(authz_variants),
		cmocka_unit_test(challenges),
		cmocka_unit_test(reasons),
		cmocka_unit_test(limits),
		cmocka_unit_test(url_ok),
		cmocka_unit_test(directory),
		cmocka_unit_test(account),
		cmocka_unit_test(offer),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
