/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "dns_caa.h"

#define ACCT "https://ca1.example/acme/acct/1"

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

/* RFC 8659 section 4.1. */
static void test_record(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *want; /* in a zone file; NULL: refused */
	} cases[] = {
		{ "\0\5issueca1.example", 18, "0 issue \"ca1.example\"" },
		{ "\200\3TbsUnknown", 12, "128 tbs \"Unknown\"" },
		{ "\0\5issue;", 8, "0 issue \";\"" },
		{ "\0\5issue", 7, "0 issue \"\"" },
		{ "\1\11issuewilda\"b\\c", 16, "1 issuewild \"a\\\"b\\\\c\"" },
		{ "\0\5iodefa\0\n\377", 11, "0 iodef \"a\\000\\010\\255\"" },
		{ "", 0, NULL },
		{ "\0", 1, NULL },
		{ "\0\0", 2, NULL },
		{ "\0\0issue", 7, NULL },
		{ "\0\6issue", 7, NULL },
		{ "\0\377issue", 7, NULL },
		{ "\0\5is-uex", 8, NULL },
		{ "\0\5is\0uex", 8, NULL },
		{ "\0\5is\351uex", 8, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(2000);
		struct err err = ERR_INIT;
		struct dns_caa caa;
		int rc = dns_caa_parse((const unsigned char *) cases[i].data,
				       cases[i].len, arena, &caa, &err);

		if (rc == 0)
			dns_caa_text(&caa, &out);
		if ((rc == 0) != !!cases[i].want ||
		    (rc == 0 && strcmp(sbuf_str(&out), cases[i].want) != 0))
			fail_msg("case %zu: %s %s", i, sbuf_str(&out), err.msg);
		assert_true(rc == 0 || err.kind == ERR_INPUT);
	}
}

/* A record as "flags tag value". */
static struct dns_caa caa_of(const char *text)
{
	char *tag = strchr(arena_strdup(arena, text), ' ') + 1;
	char *value = strchr(tag, ' ');
	unsigned flags = 0;

	assert_int_equal(sscanf(text, "%u", &flags), 1);
	*value++ = '\0';
	return (struct dns_caa){ .flags = flags,
				 .critical = flags & 128,
				 .tag = tag,
				 .value = value,
				 .len = strlen(value) };
}

/* RFC 8659 sections 4.2 and 4.4, RFC 8657 section 3. */
static void test_value(void **state)
{
	static const struct {
		const char *value;
		bool good;
		const char *domain, *account, *methods;
	} cases[] = {
		{ "ca1.example.net", true, "ca1.example.net", NULL, NULL },
		{ "CA1.Example.NET", true, "ca1.example.net", NULL, NULL },
		{ " \tca1.example.net\t ", true, "ca1.example.net", NULL,
		  NULL },
		{ ";", true, "", NULL, NULL },
		{ "", true, "", NULL, NULL },
		{ "ca1.example.net;", true, "ca1.example.net", NULL, NULL },
		{ "; policy=ev", true, "", NULL, NULL },
		{ "ca1.example.net; account=230123", true, "ca1.example.net",
		  NULL, NULL },
		{ "example.com; accounturi=https://example.com/account/1234; "
		  "validationmethods=dns-01",
		  true, "example.com", "https://example.com/account/1234",
		  "dns-01" },
		{ "a.b ;AccountURI = x\t;\tvalidationMethods=dns-01,http-01 ; ",
		  true, "a.b", "x", "dns-01,http-01" },
		{ "a.b; accounturi=x; accounturi=x", true, "a.b", "", NULL },
		{ "a.b; accounturi=", true, "a.b", "", NULL },
		{ "a.b; validationmethods=x; validationmethods=y", true, "a.b",
		  NULL, "" },
		/* section 4.2: "%%%%%" has no domain */
		{ "%%%%%", false, NULL, NULL, NULL },
		{ "a.b c.d", false, NULL, NULL, NULL },
		{ "a.b accounturi=x", false, NULL, NULL, NULL },
		{ "a..b", false, NULL, NULL, NULL },
		{ ".a", false, NULL, NULL, NULL },
		{ "a.b.", false, NULL, NULL, NULL },
		{ "-a.b", false, NULL, NULL, NULL },
		{ "a-.b", false, NULL, NULL, NULL },
		{ "a_b.c", false, NULL, NULL, NULL },
		{ "a.b; accounturi", false, NULL, NULL, NULL },
		{ "a.b; =x", false, NULL, NULL, NULL },
		{ "a.b; account-uri=x", false, NULL, NULL, NULL },
		{ "a.b; accounturi=x y", false, NULL, NULL, NULL },
		{ "a.b; accounturi=x\001", false, NULL, NULL, NULL },
		{ "a.b; accounturi=\303\244", false, NULL, NULL, NULL },
		{ "a.b\nc", false, NULL, NULL, NULL },
	};
	AUTO(sbuf_free) struct sbuf many = SBUF_INIT(2000);
	struct dns_caa_issue got;
	struct dns_caa caa;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		caa = (struct dns_caa){ .value = cases[i].value,
					.len = strlen(cases[i].value) };
		if (dns_caa_issue(&caa, arena, &got) != cases[i].good)
			fail_msg("\"%s\"", cases[i].value);
		if (!cases[i].good)
			continue;
		assert_string_equal(got.domain, cases[i].domain);
		if (!got.account != !cases[i].account ||
		    (got.account && strcmp(got.account, cases[i].account)) ||
		    !got.methods != !cases[i].methods ||
		    (got.methods && strcmp(got.methods, cases[i].methods)))
			fail_msg("\"%s\"", cases[i].value);
	}
	caa = (struct dns_caa){ .value = "a.b\0c", .len = 5 };
	assert_false(dns_caa_issue(&caa, arena, &got));
	sbuf_adds(&many, "a.b");
	for (int i = 0; i < DNS_CAA_PARAMS_MAX; i++)
		sbuf_adds(&many, ";x=y");
	caa = (struct dns_caa){ .value = sbuf_str(&many), .len = many.len };
	assert_true(dns_caa_issue(&caa, arena, &got));
	sbuf_adds(&many, ";x=y");
	caa = (struct dns_caa){ .value = sbuf_str(&many), .len = many.len };
	assert_false(dns_caa_issue(&caa, arena, &got));
}

/* The CA is ca1.example or ca1.example.net, the account ACCT, by dns-01. */
static const struct {
	const char *what;
	bool wildcard;
	enum dns_caa_verdict want;
	int by; /* -1: none */
	const char *set[4];
} judged[] = {
	{ "nothing", false, DNS_CAA_OPEN, -1, { NULL } },
	{ "a contact restricts nothing",
	  false,
	  DNS_CAA_OPEN,
	  -1,
	  { "0 iodef mailto:a@b.example" } },
	{ "an unknown one that is not critical",
	  false,
	  DNS_CAA_OPEN,
	  -1,
	  { "0 tbs Unknown" } },
	{ "section 4.5: an unknown one that is",
	  false,
	  DNS_CAA_CRITICAL,
	  1,
	  { "0 issue ca1.example", "128 tbs Unknown" } },
	{ "one that is known may be critical",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "128 issue ca1.example", "128 iodef mailto:a@b.example" } },
	{ "other flags mean nothing",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "127 issue ca1.example" } },
	{ "this CA", false, DNS_CAA_ALLOWED, 0, { "0 issue ca1.example" } },
	{ "by its other domain",
	  false,
	  DNS_CAA_ALLOWED,
	  1,
	  { "0 issue ca2.example", "0 issue ca1.example.net" } },
	{ "not a part of a domain",
	  false,
	  DNS_CAA_OTHERS,
	  -1,
	  { "0 issue www.ca1.example", "0 issue ca1.example.org" } },
	{ "another CA", false, DNS_CAA_OTHERS, -1, { "0 issue ca2.example" } },
	{ "nobody", false, DNS_CAA_OTHERS, -1, { "0 issue ;" } },
	{ "nobody, and this CA",
	  false,
	  DNS_CAA_ALLOWED,
	  1,
	  { "0 issue ;", "0 issue ca1.example" } },
	{ "malformed is nobody",
	  false,
	  DNS_CAA_OTHERS,
	  -1,
	  { "0 issue %%%%%" } },
	{ "for wildcards alone",
	  false,
	  DNS_CAA_OPEN,
	  -1,
	  { "0 issuewild ca2.example" } },
	{ "section 4.3: it takes the place of issue",
	  true,
	  DNS_CAA_OTHERS,
	  -1,
	  { "0 issue ca1.example", "0 issuewild ca2.example" } },
	{ "... where it is malformed as well",
	  true,
	  DNS_CAA_OTHERS,
	  -1,
	  { "0 issue ca1.example", "0 issuewild %%%%%" } },
	{ "... for wildcards only",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "0 issue ca1.example", "0 issuewild ca2.example" } },
	{ "a wildcard without it, by issue",
	  true,
	  DNS_CAA_ALLOWED,
	  0,
	  { "0 issue ca1.example" } },
	{ "a wildcard by issuewild",
	  true,
	  DNS_CAA_ALLOWED,
	  1,
	  { "0 issue ;", "0 issuewild ca1.example" } },
	{ "a wildcard, issue of others",
	  true,
	  DNS_CAA_OTHERS,
	  -1,
	  { "0 issue ca2.example" } },
	{ "this account",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "0 issue ca1.example; accounturi=" ACCT } },
	{ "another account",
	  false,
	  DNS_CAA_ACCOUNT,
	  0,
	  { "0 issue ca1.example; accounturi=" ACCT "0" } },
	{ "URLs are compared as they are",
	  false,
	  DNS_CAA_ACCOUNT,
	  0,
	  { "0 issue ca1.example; "
	    "accounturi=HTTPS://ca1.example/acme/acct/1" } },
	{ "two accounts in one fit nobody",
	  false,
	  DNS_CAA_ACCOUNT,
	  0,
	  { "0 issue ca1.example; accounturi=" ACCT "; accounturi=" ACCT } },
	{ "two records, one of each account",
	  false,
	  DNS_CAA_ALLOWED,
	  1,
	  { "0 issue ca1.example; accounturi=" ACCT "0",
	    "0 issue ca1.example; accounturi=" ACCT } },
	{ "this method",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "0 issue ca1.example; validationmethods=http-01,dns-01" } },
	{ "another method",
	  false,
	  DNS_CAA_METHOD,
	  0,
	  { "0 issue ca1.example; validationmethods=http-01" } },
	{ "a method's name in part",
	  false,
	  DNS_CAA_METHOD,
	  0,
	  { "0 issue ca1.example; "
	    "validationmethods=xdns-01,dns-011" } },
	{ "no method at all",
	  false,
	  DNS_CAA_METHOD,
	  0,
	  { "0 issue ca1.example; validationmethods=" } },
	{ "what is nearest is told",
	  false,
	  DNS_CAA_METHOD,
	  2,
	  { "0 issue ca2.example", "0 issue ca1.example; accounturi=https://x",
	    "0 issue ca1.example; validationmethods=http-01" } },
	{ "parameters of the CA's own",
	  false,
	  DNS_CAA_ALLOWED,
	  0,
	  { "0 issue ca1.example; policy=ev" } },
};

static void test_judge(void **state)
{
	static const char *const domains[] = { "ca1.example",
					       "ca1.example.net" };
	struct dns_caa_want want = { .domains = domains,
				     .n_domains = 2,
				     .account = ACCT,
				     .method = "dns-01" };
	struct dns_caa set[4];

	for (size_t i = 0; i < ARRAY_LEN(judged); i++) {
		struct dns_caa_says says;
		size_t n;

		for (n = 0; n < 4 && judged[i].set[n]; n++)
			set[n] = caa_of(judged[i].set[n]);
		want.wildcard = judged[i].wildcard;
		says = dns_caa_judge(set, n, &want, arena);
		if (says.verdict != judged[i].want ||
		    says.by != (judged[i].by < 0 ? NULL : &set[judged[i].by]))
			fail_msg("%s: %d by %zd", judged[i].what, says.verdict,
				 says.by ? says.by - set : -1);
	}
	/* whose account is not known */
	want.account = NULL;
	set[0] = caa_of("0 issue ca1.example; accounturi=" ACCT);
	assert_int_equal(dns_caa_judge(set, 1, &want, arena).verdict,
			 DNS_CAA_ACCOUNT);
	/* who does not say what its domain is */
	want.n_domains = 0;
	assert_int_equal(dns_caa_judge(set, 1, &want, arena).verdict,
			 DNS_CAA_OTHERS);
}

/* What is made is what is read. */
static void test_made(void **state)
{
	static const char *const domains[] = { "ca1.example" };
	static const char *const bad[] = { "https://x/;y", "https://x/ y",
					   "https://x/\303\244", "https://\n" };
	struct dns_caa_want want = { .domains = domains,
				     .n_domains = 1,
				     .account = ACCT,
				     .method = "dns-01" };
	const char *value = NULL;
	struct err err = ERR_INIT;
	struct dns_caa caa;

	assert_int_equal(dns_caa_value(&want, arena, &value, &err), 0);
	assert_string_equal(value, "ca1.example; accounturi=" ACCT
				   "; validationmethods=dns-01");
	caa = (struct dns_caa){ .tag = "issue",
				.value = value,
				.len = strlen(value) };
	assert_int_equal(dns_caa_judge(&caa, 1, &want, arena).verdict,
			 DNS_CAA_ALLOWED);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		want.account = bad[i];
		assert_int_equal(dns_caa_value(&want, arena, &value, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	want.account = NULL;
	assert_int_equal(dns_caa_value(&want, arena, &value, &err), 0);
	assert_string_equal(value, "ca1.example; validationmethods=dns-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
