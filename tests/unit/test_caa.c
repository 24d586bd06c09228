/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "caa_impl.h"

#define ACCT "https://ca.example/acct/1"

static const char *const domains[] = { "ca.example" };
static struct arena *arena;
static struct caa_ca ca;

static int setup(void **state)
{
	arena = arena_new();
	ca = (struct caa_ca){ .name = "corp",
			      .account = ACCT,
			      .domains = domains,
			      .n_domains = 1 };
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

/* www.example.org, at whose domain there are such values of "issue". */
static struct caa_item item(size_t n, const char *const *values)
{
	struct dns_caa *set = arena_array(arena, n + 1, sizeof(*set));
	struct caa_item i = { .certificate = "www.example.org",
			      .name = "www.example.org",
			      .ca = &ca,
			      .want = { .domains = ca.domains,
					.n_domains = ca.n_domains,
					.account = ca.account,
					.method = "dns-01" } };

	for (size_t k = 0; k < n; k++)
		set[k] = (struct dns_caa){ .tag = "issue",
					   .value = values[k],
					   .len = strlen(values[k]) };
	if (n > 0)
		i.found = (struct dns_climb_found){ .at = "example.org",
						    .end = "example.org",
						    .set = set,
						    .n = n };
	i.says = dns_caa_judge(set, n, &i.want, arena);
	return i;
}

static void test_sentences(void **state)
{
	static const struct {
		const char *value; /* NULL: nothing is published */
		int allowed;
		const char *says;
	} cases[] = {
		{ NULL, 1, "no CAA is published: any CA may issue" },
		{ "ca.example", 1,
		  "CAA at example.org allows corp for any account, by any "
		  "method" },
		{ "ca.example; accounturi=" ACCT, 1,
		  "CAA at example.org allows corp for this account, by any "
		  "method" },
		{ "ca.example; validationmethods=dns-01", 1,
		  "CAA at example.org allows corp for any account, by "
		  "dns-01" },
		{ "ca.example; accounturi=x", 0,
		  "CAA at example.org allows corp, but for another account, "
		  "\"x\"" },
		{ "ca.example; accounturi=x; accounturi=y", 0,
		  "CAA at example.org allows corp, but for no account: it "
		  "names none or several" },
		{ "ca.example; validationmethods=x", 0,
		  "CAA at example.org allows corp, but not by dns-01: it says "
		  "\"x\"" },
		{ ";", 0, "CAA at example.org allows no CA" },
		{ "other.example", 0,
		  "CAA at example.org allows \"other.example\", and not "
		  "corp" },
	};
	struct caa_item i;

	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		i = item(!!cases[k].value, &cases[k].value);
		assert_string_equal(caa_sentence(&i, arena), cases[k].says);
		assert_int_equal(caa_allowed(&i), cases[k].allowed);
	}
}

/* Who is not known is neither named nor refused. */
static void test_unknown(void **state)
{
	static const char *const other = "other.example", *mine = "ca.example",
				 *theirs = "ca.example; accounturi=x";
	const char *why = NULL;
	struct caa_item i;

	ca.account = NULL;
	i = item(1, &theirs);
	assert_int_equal(caa_allowed(&i), 0);
	assert_string_equal(caa_sentence(&i, arena),
			    "CAA at example.org allows corp, but for the "
			    "account \"x\", and ours is not known before the "
			    "first order");
	assert_string_equal(caa_record(&i, arena, &why),
			    "www.example.org. IN CAA 0 issue \"ca.example; "
			    "validationmethods=dns-01\"");
	ca.n_domains = 0;
	i = item(1, &mine);
	assert_int_equal(caa_allowed(&i), 0);
	assert_null(caa_record(&i, arena, &why));
	assert_non_null(strstr(why, "corp does not say by which domain"));
	/* it is away: nobody knows */
	(void) err_set(&ca.err, ERR_UNAVAILABLE, "it is away");
	i = item(1, &other);
	assert_int_equal(caa_allowed(&i), -1);
	assert_null(caa_record(&i, arena, &why));
	assert_string_equal(why, "it is away");
	i = item(0, NULL);
	assert_int_equal(caa_allowed(&i), 1);
	(void) err_set(&i.err, ERR_UNAVAILABLE, "SERVFAIL");
	assert_int_equal(caa_allowed(&i), -1);
	assert_non_null(strstr(caa_sentence(&i, arena), "SERVFAIL"));
	assert_null(strstr(caa_sentence(&i, arena), "no CAA"));
}

static void test_alias(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(10000);
	struct caa_item i = item(0, NULL);
	const struct caa_items items = { &i, 1 };
	const char *why = NULL;

	i.found.alias = "edge.cdn.example";
	i.want.wildcard = true;
	caa_text(&items, arena, &out);
	assert_string_equal(
		sbuf_str(&out),
		"; www.example.org: *.www.example.org at corp by dns-01\n"
		"; an alias has no records of its own: this is for where it "
		"leads, or put it at example.org, for all below that\n"
		"edge.cdn.example. IN CAA 0 issuewild \"ca.example; "
		"accounturi=" ACCT "; validationmethods=dns-01\"\n"
		"; now: no CAA is published: any CA may issue\n");
	i.found.alias = "a\\010b.example";
	assert_null(caa_record(&i, arena, &why));
	assert_non_null(why);
}

/* Whatever is in the row, the configuration and the DNS, what is no record is
 * a comment, and JSON is JSON. */
static void test_hostile(void **state)
{
	static const char *const values[] = {
		"x\"\n@ CAA 0 issue \"evil",
		"\\",
		"\377\001",
		"ca.example; accounturi=\"\\;",
		"other.example",
	};
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(10000);
	AUTO(sbuf_free) struct sbuf json = SBUF_INIT(10000);
	struct caa_item i = item(ARRAY_LEN(values), values);
	const struct caa_items items = { &i, 1 };
	const char *p;
	json_t *doc;

	i.certificate = "a\n@ CAA 0 issue \"evil\"";
	i.name = "b\n@ CAA 0 issue \"evil\"";
	i.found.at = i.found.end = "c\\010\"d.example";
	ca.name = "d\n@ CAA 0 issue \"evil\"";
	(void) err_set(&ca.err, ERR_INPUT, "e\nf");
	caa_text(&items, arena, &out);
	for (p = sbuf_str(&out); p && *p; p = strchr(p, '\n') + 1)
		if (*p != ';')
			fail_msg("%s", p);
	caa_json(&items, arena, &json);
	doc = json_loads(sbuf_str(&json), 0, NULL);
	assert_non_null(doc);
	assert_string_equal(
		json_string_value(json_array_get(
			json_object_get(json_array_get(doc, 0), "published"),
			0)),
		"0 issue \"x\\\"\\010@ CAA 0 issue \\\"evil\"");
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sentences, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
