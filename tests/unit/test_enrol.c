/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "enrol.h"

static struct certrepo_ca le = { .name = "letsencrypt" };
static struct certrepo_ca own = {
	.name = "own", .allow_ip = true, .any_key = true, .allow_single = true
};
static void *const cas[] = { &le, &own };
static const char *const prefixes[] = { "/var/www", NULL };
static struct proof_zone zone = { .zone = "acme.example.net" };
static void *const zones[] = { &zone };
static struct proof_dns dns = { .zones = { .v = zones, .n = 1 } };
static const struct certrepo_conf conf = {
	.proof.dns = &dns,
	.ca = { .v = cas, .n = 2 },
	.default_ca = "letsencrypt",
	.proof.webroot_prefixes = { .v = prefixes, .n = 1 },
};

static struct arena *arena;
/* one: a key and names. again: the same, signed anew. key: another key.
 * names: another name more. */
static struct x509_csr *one, *again, *key, *names, *wild, *p521, *single;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	kit_req("one", KIT_EC " -subj /CN=www.example.org "
			      "-addext subjectAltName=DNS:example.org");
	kit_sh("openssl req -new -key one.key -subj /CN=example.org -addext "
	       "subjectAltName=DNS:www.example.org -out again");
	kit_req("key", KIT_EC " -subj /CN=www.example.org "
			      "-addext subjectAltName=DNS:example.org");
	kit_sh("openssl req -new -key one.key -subj /CN=www.example.org "
	       "-addext subjectAltName=DNS:example.org,DNS:b.example.org "
	       "-out names");
	kit_req("wild", KIT_EC " -subj /CN=example.org "
			       "-addext subjectAltName=DNS:*.example.org");
	kit_req("p521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 "
			"-subj /CN=www.example.org");
	kit_req("single", KIT_EC " -subj /CN=intranet");
	one = kit_csr("one", &err);
	again = kit_csr("again", &err);
	key = kit_csr("key", &err);
	names = kit_csr("names", &err);
	wild = kit_csr("wild", &err);
	p521 = kit_csr("p521", &err);
	single = kit_csr("single", &err);
	return one && again && key && names && wild && p521 && single ? 0 : -1;
}

static int teardown(void **state)
{
	x509_csr_free(&one);
	x509_csr_free(&again);
	x509_csr_free(&key);
	x509_csr_free(&names);
	x509_csr_free(&wild);
	x509_csr_free(&p521);
	x509_csr_free(&single);
	arena_free(&arena);
	return scratch_teardown(state);
}

static struct store_cert row_of(const struct x509_csr *csr)
{
	const char *pem = x509_csr_pem(csr);

	return (struct store_cert){ .name = "www.example.org",
				    .csr = { pem, strlen(pem) } };
}

static void new_row(void **state)
{
	const struct enrol_wish wish = { .comment = "ours", .owner = "a@b" };
	struct err err = ERR_INIT;
	struct enrol e;

	assert_int_equal(enrol_decide(&conf, "www.example.org+ec", one, NULL,
				      &wish, arena, &e, &err),
			 0);
	assert_int_equal(e.verdict, ENROL_ADD);
	assert_string_equal(e.ca->name, "letsencrypt");
	assert_string_equal(e.challenge, "dns-01");
	assert_string_equal(e.row.name, "www.example.org+ec");
	assert_false(e.row.enabled);
	assert_false(e.row.certbot);
	assert_null(e.row.challenge);
	assert_null(e.row.ca_name);
	assert_string_equal(e.row.comment, "ours");
	assert_string_equal(e.row.owner, "a@b");
	assert_int_equal(e.row.ts_expire, 1);
	assert_int_equal(e.row.ts_last_update, 1);
	assert_int_equal(e.row.ts_due, 0);
	assert_string_equal(e.row.key_sha256,
			    kit_out("openssl req -in one -noout -pubkey | "
				    "openssl pkey -pubin -outform DER | "
				    "sha256sum"));
	assert_string_equal(e.row.md5_modulus,
			    kit_out("openssl req -in one -noout -pubkey | "
				    "openssl pkey -pubin -outform DER | "
				    "md5sum"));
	assert_int_equal(e.row.csr.len, strlen(x509_csr_pem(one)));
}

static void new_http_row(void **state)
{
	const struct enrol_wish wish = { .webroot = "/var/www/html",
					 .ca = "own",
					 .ca_profile = "tls",
					 .enable = true };
	struct err err = ERR_INIT;
	struct enrol e;

	assert_int_equal(enrol_decide(&conf, "www.example.org", one, NULL,
				      &wish, arena, &e, &err),
			 0);
	assert_string_equal(e.challenge, "http-01");
	assert_string_equal(e.row.challenge, "http-01");
	assert_true(e.row.certbot); /* how the 2019 system says it */
	assert_true(e.row.enabled);
	assert_string_equal(e.row.ca_name, "own");
	assert_string_equal(e.row.ca_profile, "tls");
	assert_string_equal(e.ca_profile, "tls");
	assert_string_equal(e.row.webroot_path, "/var/www/html");
}

static void refused(void **state)
{
	const struct {
		const char *name;
		const struct x509_csr *csr;
		struct enrol_wish wish;
		const char *says; /* NULL: accepted */
	} cases[] = {
		{ "example.org", one, { 0 }, NULL },
		{ "example.org+web2", one, { 0 }, NULL },
		{ "b.example.org", one, { 0 }, "does not ask for b.exam" },
		{ "b.example.org", wild, { 0 }, "*.example.org" },
		{ "example.org", wild, { 0 }, NULL },
		{ "example.org",
		  wild,
		  { .challenge = "http-01", .webroot = "/var/www" },
		  "wildcard" },
		{ "www.example.org", p521, { 0 }, "EC P-521" },
		{ "www.example.org", p521, { .ca = "own" }, NULL },
		{ "www.example.org", one, { .ca = "nope" }, "nope" },
		{ "www.example.org",
		  one,
		  { .ca_profile = "two words" },
		  "one word" },
		{ "www.example.org",
		  one,
		  { .challenge = "dns-01", .webroot = "/var/www" },
		  "--webroot belongs to http-01" },
		{ "www.example.org",
		  one,
		  { .challenge = "http-01" },
		  "--webroot PATH" },
		{ "www.example.org", one, { .comment = "\xc3\xa9" }, "ASCII" },
		{ "www.example.org", one, { .owner = "a b" }, "mail address" },
		{ "intranet", single, { 0 }, "single label" },
		{ "intranet", single, { .ca = "own" }, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct enrol e = { .ca_profile = "untouched" };
		int rc = enrol_decide(&conf, cases[i].name, cases[i].csr, NULL,
				      &cases[i].wish, arena, &e, &err);

		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (!cases[i].says)
			continue;
		kit_says(&err, cases[i].says);
		assert_string_equal(e.ca_profile, "untouched");
	}
}

static void enrolled_before(void **state)
{
	const struct {
		const struct x509_csr *csr;
		bool replace;
		int verdict; /* -1: refused */
		bool key, names;
		const char *says;
	} cases[] = {
		{ one, false, ENROL_SAME, false, false, NULL },
		{ one, true, ENROL_SAME, false, false, NULL },
		{ again, false, ENROL_EQUIVALENT, false, false, NULL },
		{ again, true, ENROL_REPLACE, false, false, NULL },
		{ key, false, -1, true, false, "old key will refuse" },
		{ key, true, ENROL_REPLACE, true, false, NULL },
		{ names, false, -1, false, true, "other names" },
		{ names, true, ENROL_REPLACE, false, true, NULL },
	};
	struct store_cert old = row_of(one);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct enrol_wish wish = { .replace = cases[i].replace };
		struct err err = ERR_INIT;
		struct enrol e;
		int rc = enrol_decide(&conf, "www.example.org", cases[i].csr,
				      &old, &wish, arena, &e, &err);

		if ((rc == -1) != (cases[i].verdict == -1))
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (rc == -1) {
			kit_says(&err, cases[i].says);
			kit_says(&err, "--replace");
			continue;
		}
		assert_int_equal((int) e.verdict, cases[i].verdict);
		assert_int_equal(e.key_changed, cases[i].key);
		assert_int_equal(e.names_changed, cases[i].names);
		assert_null(e.ignored);
	}
}

/* The row's own CA and challenge count; an option that says otherwise is
 * reported, not silently dropped. */
static void row_decides(void **state)
{
	struct store_cert old = row_of(one);
	struct enrol_wish wish = { .comment = "new" };
	struct err err = ERR_INIT;
	struct enrol e;

	old.ca_name = "own";
	old.certbot = true;
	old.webroot_path = "/var/www";
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_string_equal(e.ca->name, "own");
	assert_string_equal(e.challenge, "http-01");
	assert_string_equal(e.ignored, "--comment");
	old.comment = "new";
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_null(e.ignored);
	wish.enable = true;
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_string_equal(e.ignored, "--enable");
	wish.ca_profile = "classic";
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_string_equal(e.ignored, "--ca-profile");
	assert_null(e.ca_profile);
	wish.ca = "letsencrypt";
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_string_equal(e.ignored, "--ca");
}

static void unreadable_before(void **state)
{
	struct store_cert old = { .name = "www.example.org",
				  .csr = { "garbage", 7 } };
	struct enrol_wish wish = { 0 };
	struct err err = ERR_INIT;
	struct enrol e;

	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 -1);
	wish.replace = true;
	assert_int_equal(enrol_decide(&conf, "www.example.org", one, &old,
				      &wish, arena, &e, &err),
			 0);
	assert_int_equal(e.verdict, ENROL_REPLACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_row),
		cmocka_unit_test(new_http_row),
		cmocka_unit_test(refused),
		cmocka_unit_test(enrolled_before),
		cmocka_unit_test(row_decides),
		cmocka_unit_test(unreadable_before),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
