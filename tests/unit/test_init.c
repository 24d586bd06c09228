/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"

/* What init_look() says on stderr. */
static const char *look(void)
{
	int saved = dup(STDERR_FILENO), rc;
	int fd = open(scratch("warned"), O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	rc = init_look(&p, &err);
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	close(saved);
	close(fd);
	assert_int_equal(rc, 0);
	return scratch_read(scratch("warned"));
}

static void add(const char *name, const char *csr)
{
	const struct store_cert row = {
		.name = name,
		.enabled = true,
		.csr = { csr, strlen(csr) },
		.md5_modulus = "x",
		.key_sha256 = "x",
	};

	if (store_add(p.store, &row, &err) == -1)
		fail_msg("%s", err.msg);
}

static void again(void **state)
{
	assert_int_equal(RUN(init_run(&p, &err)), 0);
	SAYS("nothing to do");
	p.opt.dry_run = true;
	assert_int_equal(RUN(init_run(&p, &err)), 0);
	SAYS("nothing to do");
}

/* What is not there is not made. */
static void dry(void **state)
{
	struct store_conf conf = { .driver = "sqlite",
				   .path = scratch("none") };

	p.opt.dry_run = true;
	p.conf.store = &kit_store;
	assert_false(init_dry_new(&p));
	p.conf.store = &conf;
	kit_capture();
	assert_true(init_dry_new(&p));
	(void) kit_release(0);
	SAYS("would create ");
	assert_int_equal(access(conf.path, F_OK), -1);
}

/* Rows of any version: one that is off names a CA that nobody has, one that is
 * on has expired. */
static void after_an_upgrade(void **state)
{
	char csr[65536];
	struct store_cert row = {
		.name = "off.example.org",
		.md5_modulus = "x",
		.key_sha256 = "x",
		.ca_name = "gone",
		.csr = { csr, 0 },
	};
	const char *text;

	kit_req("on", KIT_EC " -subj /CN=on.example.org");
	snprintf(csr, sizeof(csr), "%s", scratch_read(scratch("on")));
	row.csr.len = strlen(csr);
	assert_int_equal(store_add(p.store, &row, &err), 0);
	add("on.example.org", csr);
	text = look();
	assert_non_null(strstr(text, "certrepo: rows that name a CA that is "
				     "not in the configuration: 1 "
				     "(off.example.org); "));
	assert_non_null(strstr(text, " set NAME ca=CA"));
	assert_null(strstr(text, "expired"));
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout k -out c -days 1 "
	       "-subj /CN=on.example.org && sqlite3 db \"UPDATE certs SET crt "
	       "= readfile('c')\"");
	p.now = time(NULL);
	assert_null(strstr(look(), "expired"));
	p.now = time(NULL) + 2 * 86400;
	assert_non_null(strstr(look(),
			       "enabled rows that have a certificate "
			       "that has expired: 1 (on.example.org); "));
}

static void warns(void **state)
{
	const char *text, *line;
	char name[40], csr[65536];
	size_t n = 0;

	assert_string_equal(look(), "");
	add("a.example.org", "junk");
	assert_non_null(strstr(look(), "a.example.org: its CSR cannot be used: "
				       "this is not a certificate signing "
				       "request"));
	kit_req("cn", KIT_EC " -subj /CN=b.example.org");
	snprintf(csr, sizeof(csr), "%s", scratch_read(scratch("cn")));
	for (int i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		add(name, csr);
	}
	text = look();
	for (line = text; (line = strchr(line, '\n')); line++)
		n++;
	assert_int_equal(n, 22);
	assert_non_null(strstr(text, ": and 6 more warnings of this kind: "
				     "certrepo-populate show NAME"));
}

/* What a whole database of 2019 may have of is counted, with the command. */
static void counts(void **state)
{
	static const char *const prefixes[] = { "/var/www", NULL };
	static const struct {
		const char *name, *csr, *webroot, *says;
	} rows[] = {
		{ "none.example.org", "none", NULL,
		  "http-01 and have no webroot_path: 1 (none.example.org); " },
		{ "out.example.org", "out", "/srv/www",
		  "webroot_prefixes does not allow: 1 (out.example.org); " },
		{ "wild.example.org", "wild", "/var/www",
		  "challenge cannot prove (http-01 no wildcard, dns-01 no "
		  "address): 1 (wild.example.org); of wildcards: "
		  "certrepo-populate set NAME challenge=dns-01" },
		{ "other.example.org", "good", "/var/www/",
		  "enrolled under: 1 (other.example.org); what is renewed is "
		  "for other names; certrepo-populate add NAME --csr FILE "
		  "--replace" },
	};
	const char *text;

	p.conf.proof.webroot_prefixes = (struct conf_strings){ prefixes, 1 };
	kit_req("none", KIT_EC " -subj /CN=none.example.org");
	kit_req("out", KIT_EC " -subj /CN=out.example.org");
	kit_req("good", KIT_EC " -subj /CN=good.example.org");
	kit_req("wild", KIT_EC " -subj /CN=wild.example.org -addext "
			       "subjectAltName=DNS:*.wild.example.org");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char csr[65536];
		struct store_cert row = {
			.name = rows[i].name,
			.enabled = true,
			.certbot = true,
			.md5_modulus = "x",
			.key_sha256 = "x",
			.webroot_path = rows[i].webroot,
		};

		snprintf(csr, sizeof(csr), "%s",
			 scratch_read(scratch(rows[i].csr)));
		row.csr = (struct store_blob){ csr, strlen(csr) };
		if (store_add(p.store, &row, &err) == -1)
			fail_msg("%s", err.msg);
	}
	text = look();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strstr(text, rows[i].says))
			fail_msg("no \"%s\" in: %s", rows[i].says, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(again, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(dry, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(after_an_upgrade, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(warns, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(counts, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
