/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "fields.h"

static struct certrepo_ca le = { .name = "letsencrypt" };
static struct certrepo_ca own = { .name = "own", .any_key = true };
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

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	kit_req("ec", KIT_EC " -subj /CN=www.example.org");
	kit_req("p521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 "
			"-subj /CN=www.example.org");
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

/* The parsed fields as "name=value,", NULL as "-". */
static const char *text(const struct fields *f)
{
	static char buf[1000];
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < f->n; i++)
		at += (size_t) snprintf(buf + at, sizeof(buf) - at, "%s=%s,",
					f->v[i].name,
					f->v[i].value ? f->v[i].value : "-");
	return buf;
}

static void parse(void **state)
{
	static const struct {
		const char *args[5];
		const char *want, *says;
	} cases[] = {
		{ { "comment=a=b c" }, "comment=a=b c,", NULL },
		{ { "comment=" }, "comment=-,", NULL },
		{ { "owner=a@example.org" }, "owner=a@example.org,", NULL },
		{ { "owner=" }, "owner=-,", NULL },
		{ { "owner=web team" },
		  NULL,
		  "owner is one mail address, as in owner=team@example.org, "
		  "not \"web team\"" },
		{ { "owner=a@b,c@d" }, NULL, "one mail address" },
		{ { "owner=a@b\nBcc: c@d" }, NULL, "one mail address" },
		{ { "owner=-f@b" }, NULL, "one mail address" },
		{ { "owner=a@b", "owner=c@d" }, NULL, "owner is given twice" },
		{ { "ca=own", "enable=Y" }, "ca_name=own,enable=Y,", NULL },
		{ { "ca_profile=shortlived" }, "ca_profile=shortlived,", NULL },
		{ { "ca_profile=" }, "ca_profile=-,", NULL },
		{ { "ca_profile=two words" }, NULL, "one word of plain ASCII" },
		{ { "ca_profile=caf\xc3\xa9" }, NULL, "plain ASCII" },
		{ { "ca_profile=a", "ca_profile=b" }, NULL, "given twice" },
		{ { "webroot_path=/var/www" }, "webroot_path=/var/www,", NULL },
		{ { "challenge=http-01" },
		  "challenge=http-01,certbot=Y,",
		  NULL },
		{ { "challenge=dns-01" }, "challenge=dns-01,certbot=N,", NULL },
		{ { "challenge=" }, "challenge=-,certbot=N,", NULL },
		{ { "certbot=Y" }, "certbot=Y,challenge=http-01,", NULL },
		{ { "certbot=N" }, "certbot=N,challenge=dns-01,", NULL },
		{ { "certbot=Y", "challenge=http-01" },
		  "certbot=Y,challenge=http-01,",
		  NULL },
		{ { "certbot=Y", "challenge=dns-01" }, NULL, "contradict" },
		{ { "certbot=N", "challenge=http-01" }, NULL, "contradict" },
		{ { "enable=y" }, NULL, "Y or N" },
		{ { "enable=" }, NULL, "Y or N" },
		{ { "certbot=yes" }, NULL, "Y or N" },
		{ { "comment=\xc3\xa9" }, NULL, "ASCII" },
		{ { "comment=a", "comment=b" }, NULL, "twice" },
		{ { "colour=red" }, NULL, "fields are: comment" },
		{ { "name=x" }, NULL, "fields are: comment" },
		{ { "md5_modulus=x" }, NULL, "fields are: comment" },
		{ { "ca_name=x" }, NULL, "fields are: comment" },
		{ { "=x" }, NULL, "fields are: comment" },
		{ { "csr=x" }, NULL, "csr is not set by hand" },
		{ { "crt=x" }, NULL, "crt is not set by hand" },
		{ { "old_ca=x" }, NULL, "old_ca is not set by hand" },
		{ { "comment" }, NULL, "not field=value" },
		{ { NULL }, NULL, "what shall be set" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct fields f = { .n = 0 };
		int rc = fields_parse(cases[i].args, arena, &f, &err);

		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (cases[i].says)
			kit_says(&err, cases[i].says);
		else
			assert_string_equal(text(&f), cases[i].want);
	}
}

static void check(void **state)
{
	static const struct {
		const char *args[5];
		const char *csr, *ca, *webroot, *says;
	} cases[] = {
		{ { "comment=x" }, "ec", NULL, NULL, NULL },
		{ { "comment=x" }, "p521", NULL, NULL, NULL },
		{ { "ca=own" }, "p521", NULL, NULL, NULL },
		{ { "ca=" }, "p521", "own", NULL, "EC P-521" },
		{ { "ca=letsencrypt" }, "p521", "own", NULL, "EC P-521" },
		{ { "ca=nope" }, "ec", NULL, NULL, "nope" },
		{ { "challenge=http-01" }, "ec", NULL, NULL, "webroot" },
		{ { "certbot=Y" }, "ec", NULL, NULL, "webroot" },
		{ { "certbot=Y" }, "ec", NULL, "/var/www", NULL },
		{ { "certbot=Y", "webroot_path=/var/www/a" },
		  "ec",
		  NULL,
		  NULL,
		  NULL },
		{ { "certbot=Y", "webroot_path=/etc" },
		  "ec",
		  NULL,
		  NULL,
		  "webroot_prefixes" },
		{ { "challenge=tls-alpn-01" }, "ec", NULL, NULL, "known" },
		/* enabling looks at all of it */
		{ { "enable=Y" }, "ec", NULL, NULL, NULL },
		{ { "enable=Y" }, "p521", NULL, NULL, "EC P-521" },
		{ { "enable=Y" }, "ec", "gone", NULL, "gone" },
		{ { "enable=N" }, "p521", "gone", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *pem = scratch_read(scratch(cases[i].csr));
		const struct store_cert row = {
			.name = "www.example.org",
			.csr = { pem, strlen(pem) },
			.ca_name = cases[i].ca,
			.webroot_path = cases[i].webroot,
		};
		struct err err = ERR_INIT;
		struct fields f;
		int rc;

		assert_int_equal(fields_parse(cases[i].args, arena, &f, &err),
				 0);
		rc = fields_check(&f, &conf, &row, &err);
		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (cases[i].says)
			kit_says(&err, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),
		cmocka_unit_test(check),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
