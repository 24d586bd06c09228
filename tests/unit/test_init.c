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
	assert_int_equal(n, 21);
	assert_non_null(strstr(text, ": and 6 more warnings of this kind: "
				     "certrepo-populate show NAME"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(again, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(warns, kit_setup, kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
