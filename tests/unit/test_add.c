/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"

static void adds(void **state)
{
	struct store_cert *row;

	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("enrolled " NAME " in ");
	SAYS("names        www.example.org, example.org\n");
	SAYS("_acme-challenge.example.org. CNAME "
	     "example-org.acme.example.net.\n");
	SAYS("certrepo-populate enable " NAME "\n");
	row = kit_row(NAME);
	assert_non_null(row);
	assert_false(row->enabled);
	assert_int_equal(row->ts_due, 0);
	/* again: nothing happens */
	p.opt.replace = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("is already enrolled with this CSR (disabled)");
}

static void by_profile(void **state)
{
	kit_offer(&kit_ca, "classic\tthe usual\ntlsserver\t\n");
	p.opt.ca_profile = "shortlived";
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, NAME ": CA letsencrypt does not offer the profile "
			    "shortlived; as its directory said on "
			    "2027-01-15T07:00:00Z, it offers: classic (\"the "
			    "usual\"), tlsserver");
	assert_null(kit_row(NAME));
	p.opt.ca_profile = "tlsserver";
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("CA           letsencrypt\n  CA profile   tlsserver\n");
	SAYS("they have no CN, which the CSR has");
	assert_string_equal(kit_row(NAME)->ca_profile, "tlsserver");
}

/* The command for a CSR that the CA takes is this one's, and works. */
static void for_clients(void **state)
{
	kit_sh("mv " NAME ".csr.key KEY; openssl req -new -key KEY -subj "
	       "/CN=" NAME " -addext subjectAltName=DNS:example.org -addext "
	       "extendedKeyUsage=clientAuth -out " NAME ".csr");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, NAME ": the CSR is refused: it asks for clientAuth");
	kit_sh("%s", strstr(err.msg, "by: ") + 4);
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("names        www.example.org, example.org\n");
}

static void changes_nothing(void **state)
{
	p.opt.dry_run = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("would enrol " NAME);
	assert_null(kit_row(NAME));
}

static void refuses(void **state)
{
	char made[1024];

	assert_int_equal(RUN(add_run(&p, "other.example.org", &err)), -1);
	kit_says(&err, "other.example.org.csr does not exist");
	/* Pasted, it writes no other file than this one. */
	assert_int_equal(RUN(add_run(&p, "*.example.org", &err)), -1);
	kit_says(&err, " -out '*.example.org.csr'");
	p.opt.csr = scratch("www.example.org.csr");
	assert_int_equal(RUN(add_run(&p, "other.example.org", &err)), -1);
	kit_says(&err, "does not ask for other.example.org");
	p.opt.csr = scratch("www.example.org.csr.key");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, "PRIVATE KEY");
	/* It may be the one that is in use. */
	kit_says(&err, "if this is a copy that came from another one, remove "
		       "the copy");
	snprintf(made, sizeof(made),
		 "the CSR is made of it by: openssl req -new -key "
		 "%s/www.example.org.csr.key -subj / -addext "
		 "subjectAltName=DNS:" NAME " -out " NAME ".csr",
		 scratch_dir);
	kit_says(&err, made);
	assert_int_equal(RUN(add_run(&p, "WWW.example.org", &err)), -1);
	kit_says(&err, "lower case");
	assert_string_equal(SAID, "");
	assert_null(kit_row(NAME));
}

/* What goes, what comes, and what is needed for it. */
static void replaces_names(void **state)
{
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	kit_sh("openssl req -new -key www.example.org.csr.key -subj "
	       "/CN=www.example.org -addext subjectAltName=DNS:b.example.org,"
	       "DNS:www.example.org -out \"it's\"");
	p.opt.csr = scratch("it's");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, "other names; names that go: example.org; names that "
		       "come: b.example.org; --replace");
	kit_says(&err, "; then: certrepo-populate add " NAME " --csr '/");
	kit_says(&err, "it'\\''s' --replace");
	kit_says(&err, "longer among them will refuse it");
	kit_sh("openssl req -new -key www.example.org.csr.key -subj "
	       "/CN=www.example.org -addext subjectAltName=DNS:b.example.org,"
	       "DNS:www.example.org,DNS:example.org -out more");
	p.opt.csr = scratch("more");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, "come: b.example.org; --replace takes the new CSR, and "
		       "then the fetcher orders a certificate for the new "
		       "names; then: certrepo-populate");
	p.opt.csr = scratch("it's");
	p.opt.replace = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("  gone         example.org\n  new          b.example.org\n");
	SAYS("_acme-challenge.b.example.org. CNAME "
	     "b-example-org.acme.example.net.\n");
}

/* The command for the CSR that is missing has the names of the row. */
static void tells_names(void **state)
{
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	kit_sh("rm www.example.org.csr");
	p.opt.replace = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, "by: openssl req -new -key KEY -subj / -addext "
		       "'subjectAltName=DNS:www.example.org,DNS:example.org' "
		       "-out " NAME ".csr");
	kit_sh("mv www.example.org.csr.key KEY; %s",
	       strstr(err.msg, "by: ") + 4);
	p.opt.csr = scratch(NAME ".csr");
	p.opt.replace = false;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("same key and names");
}

static void tells_a_label(void **state)
{
	kit_req("u.csr", KIT_EC " -utf8 -subj '/CN=m\xc3\xbcnchen.example' "
				"-addext subjectAltName=DNS:a.example");
	p.opt.csr = scratch("u.csr");
	assert_int_equal(RUN(add_run(&p, "a.example", &err)), -1);
	kit_says(&err, "\"m??nchen.example\": write it as the A-label");
	kit_says(&err, "; its A-label is xn--mnchen-3ya.example");
}

static void replaces(void **state)
{
	char first[65];

	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	memcpy(first, kit_row(NAME)->key_sha256, sizeof(first));
	kit_req("www.example.org.csr",
		KIT_EC " -subj /CN=www.example.org "
		       "-addext subjectAltName=DNS:example.org");
	assert_int_equal(RUN(add_run(&p, NAME, &err)), -1);
	kit_says(&err, "another key; --replace");
	kit_says(&err, "; then: certrepo-populate add " NAME " --replace");
	assert_string_equal(kit_row(NAME)->key_sha256, first);
	p.opt.replace = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("replaced the CSR of " NAME);
	SAYS("changed: its hosts need the new key");
	assert_string_not_equal(kit_row(NAME)->key_sha256, first);
	assert_true(kit_row(NAME)->renew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adds, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(by_profile, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(for_clients, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(changes_nothing, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(refuses, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(replaces_names, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(tells_names, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(tells_a_label, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(replaces, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
