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
		cmocka_unit_test_setup_teardown(warns, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(counts, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
