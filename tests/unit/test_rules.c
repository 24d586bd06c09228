/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "certrepo_conf.h"
#include "rules.h"

static void test_hosts(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool want;
	} t[] = {
		{ "web1.example.org", "web1.example.org", true },
		{ "web1.example.org", "web2.example.org", false },
		{ "web*.example.org", "web1.example.org", true },
		{ "web*.example.org", "web.example.org", true },
		{ "web*.example.org", "web1.x.example.org", false },
		{ "web*.example.org", "web1.example.org.evil.net", false },
		{ "web*.example.org", "xweb1.example.org", false },
		{ "*-*-x.example.org", "a-b-c-x.example.org", true },
		{ "*-*-x.example.org", "a-x.example.org", false },
		{ "*a*b.example.org", "aab.example.org", true },
		{ "*a*b.example.org", "abab.example.org", true },
		{ "*a*b.example.org", "abba.example.org", false },
		{ "*", "web1", true },
		{ "*", "web1.example.org", false },
		{ "*.*", "web1", false },
		{ "*.example.org", ".example.org", false },
		{ "web1.example.org", "web1.example.org.", false },
		{ "web1.example.org.", "web1.example.org", false },
		{ "*", "", false },
		/* What is no host's name. */
		{ "*", "*", false },
		{ "*", "a*b", false },
		{ "web1", "WEB1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (rules_host_matches(t[i].pattern, t[i].host) != t[i].want)
			fail_msg("%s %s", t[i].pattern, t[i].host);
}

static void test_names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool wildcards, want;
	} t[] = {
		{ "*.example.org", "www.example.org", false, true },
		{ "*.example.org", "example.org", false, false },
		{ "*.example.org", "a.b.example.org", false, false },
		{ "*.example.org", "www.example.org.net", false, false },
		{ "*.example.org", "wwwexample.org", false, false },
		/* A wildcard is asked for by name. */
		{ "*.example.org", "*.example.org", false, false },
		{ "*.example.org", "*.example.org", true, true },
		{ "w*.example.org", "*.example.org", true, false },
		{ "**.example.org", "*.example.org", true, false },
		{ "*.*.example.org", "*.a.example.org", true, true },
		{ "*.*.example.org", "*.a.example.org", false, false },
		/* The host's own. */
		{ "{host}", "web1.example.org", false, true },
		{ "{host}", "web2.example.org", false, false },
		{ "imap.{host}", "imap.web1.example.org", false, true },
		{ "*.{host}", "x.web1.example.org", false, true },
		{ "*.{host}", "*.web1.example.org", true, true },
		{ "{host}.net", "web1.example.org.net", false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (rules_name_matches(t[i].pattern, "web1.example.org",
				       t[i].name, t[i].wildcards) != t[i].want)
			fail_msg("%s %s", t[i].pattern, t[i].name);
	/* A host that calls itself by a pattern has none of its own. */
	assert_false(rules_name_matches("{host}", "*.example.org",
					"www.example.org", true));
	assert_false(rules_name_matches("{host}", "*.example.org",
					"*.example.org", true));
	assert_false(rules_name_matches("{host}", "{host}", "{host}", false));
	assert_false(rules_name_matches("{host}", "", "", false));
}

static const char *const web_names[] = { "{host}", "*.web.example.org", NULL };
static const char *const mail_names[] = { "mail.example.org",
					  "*.mail.example.org", NULL };
static struct rules_rule web = { .host = "web*.example.org",
				 .names = { web_names, 2 } };
static struct rules_rule mail = { .host = "*.example.org",
				  .names = { mail_names, 2 },
				  .wildcards = true };
static void *const both[] = { &web, &mail };
static const struct conf_groups rules = { both, 2 };

static const struct rules_rule *find(const char *host, const char *a,
				     const char *b)
{
	const struct x509_id ids[] = { { X509_ID_DNS, a }, { X509_ID_DNS, b } };

	return rules_find(&rules, host,
			  &(struct x509_ids){ ids, b   ? 2
						   : a ? 1
						       : 0 });
}

static void test_finds(void **state)
{
	const struct x509_id ip[] = { { X509_ID_DNS, "mail.example.org" },
				      { X509_ID_IP, "192.0.2.1" } };

	assert_ptr_equal(find("web1.example.org", "web1.example.org",
			      "a.web.example.org"),
			 &web);
	/* Not some by one and some by another. */
	assert_null(find("web1.example.org", "web1.example.org",
			 "mail.example.org"));
	assert_ptr_equal(find("web1.example.org", "mail.example.org", NULL),
			 &mail);
	assert_ptr_equal(find("x.example.org", "*.mail.example.org", NULL),
			 &mail);
	assert_null(find("x.example.net", "mail.example.org", NULL));
	assert_null(find("web1.example.org", "*.web.example.org", NULL));
	assert_null(find("web1.example.org", NULL, NULL));
	assert_null(rules_find(&rules, "x.example.org",
			       &(struct x509_ids){ ip, 2 }));
}

/* What a configuration says of RULE, as "LINE: ..."; "" when it is good. */
static void says(const char *rule, const char *want)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { 0 } };
	AUTO(arena_free) struct arena *a = arena_new();
	struct certrepo_conf conf = { .default_ca = NULL };
	static struct certrepo_ca own = { .name = "own" };
	static void *const cas[] = { &own };
	const char *text =
		arena_printf(a,
			     "ca = (); store : { driver = \"sqlite\"; "
			     "path = \"/x\"; }; rules = ( { %s } );",
			     rule);

	if (conf_load_string("t", text, &certrepo_conf_schema, a, &conf,
			     &errs) == 0) {
		conf.ca = (struct conf_groups){ cas, 1 };
		rules_check(&conf, &errs);
	}
	if (*want ? errs.list.n != 1 || !strstr(errs.list.v[0], want)
		  : errs.list.n > 0)
		fail_msg("%s: %s", rule, errs.list.n ? errs.list.v[0] : "good");
}

static void test_checks(void **state)
{
#define H "host = \"web*.example.org\"; "
	says(H "names = [\"*.example.org\", \"{host}\"];", "");
	says(H "names = \"www.example.org\"; ca = \"own\"; "
	       "challenge = \"http-01\"; webroot_path = \"/var/www\";",
	     "");
	says(H "names = \"intranet\";", "");
	says(H "names = \"imap.{host}\";", "");
	says(H "names = \"*.{host}\";", "");
	says("host = \"*\"; names = \"x.example.org\";", "");
	says("names = \"x.example.org\";", "`host': is missing");
	says(H, "`names': is missing");
	says(H "names = \"*\";", "beyond a domain of your own");
	says(H "names = \"*.org\";", "beyond a domain of your own");
	says(H "names = \"www.*.org\";", "beyond a domain of your own");
	says(H "names = \"{host}.org\";", "");
	says(H "names = \"*.{host}.org\";", "");
	says(H "names = \"WWW.example.org\";", "no pattern of DNS names");
	says(H "names = \"www..example.org\";", "no pattern of DNS names");
	says(H "names = \"www.example.org.\";", "no pattern of DNS names");
	says(H "names = \"www.example.?rg\";", "no pattern of DNS names");
	says(H "names = \"x{host}\";", "no pattern of DNS names");
	says(H "names = \"{host}.{host}\";", "no pattern of DNS names");
	says("host = \"web[12].example.org\"; names = \"{host}\";",
	     "no pattern of names of hosts");
	says(H "names = \"{host}\"; ca = \"other\";",
	     "there is no CA \"other\"");
	says(H "names = \"{host}\"; challenge = \"dns-02\";",
	     "accepted are dns-01 or http-01");
	says(H "names = \"{host}\"; challenge = \"dns-01\"; "
	       "webroot_path = \"/var/www\";",
	     "belongs to http-01");
	says(H "names = \"{host}\"; colour = \"red\";", "colour");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
