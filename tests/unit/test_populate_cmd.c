/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"
#include <pwd.h>

static void hints(void **state)
{
	assert_string_equal(populate_hint(&p, p.arena), "");
	p.opt.config = "/root/admin.conf";
	assert_string_equal(populate_hint(&p, p.arena), " -c /root/admin.conf");
	p.opt.config = "/root/my conf";
	assert_string_equal(populate_hint(&p, p.arena), " -c '/root/my conf'");
	/* what root takes by itself */
	p.opt.config = "/etc/certrepo/admin.conf";
	assert_string_equal(populate_hint(&p, p.arena),
			    geteuid() == 0 ? ""
					   : " -c /etc/certrepo/admin.conf");
	p.opt.config = "/etc/certrepo/init.conf";
	assert_string_equal(populate_fetcher(&p, p.arena), "certrepo-fetcher");
	/* what a shell would make file names of */
	assert_string_equal(populate_word("*.example.org", p.arena),
			    "'*.example.org'");
	assert_string_equal(populate_word("www.example.org+ec", p.arena),
			    "www.example.org+ec");
}

/* Commands that can be pasted: as whom, and with which configuration. */
static void commands(void **state)
{
	const struct passwd *pw = getpwnam("nobody");
	struct store_conf far = { .password_file = scratch("password") };

	(void) err_set(&err, ERR_CONFIG,
		       "no table: run certrepo-populate init");
	certrepo_conf_tell(p.opt.config, &err);
	assert_string_equal(err.msg, "no table: run certrepo-populate init");
	assert_string_equal(populate_fetcher(&p, p.arena), "certrepo-fetcher");
	assert_string_equal(populate_user(&p, p.arena), "USER");
	p.opt.config = "/root/my.conf";
	certrepo_conf_tell(p.opt.config, &err);
	assert_string_equal(err.msg, "no table: run certrepo-populate -c "
				     "/root/my.conf init");
	certrepo_conf_tell(p.opt.config, &err);
	assert_string_equal(err.msg, "no table: run certrepo-populate -c "
				     "/root/my.conf init");
	p.conf.state_dir = scratch_dir;
	assert_string_equal(populate_fetcher(&p, p.arena),
			    "certrepo-fetcher -c /root/my.conf");
	if (geteuid() != 0 || !pw)
		return;
	assert_int_equal(chown(scratch_dir, pw->pw_uid, (gid_t) -1), 0);
	assert_string_equal(populate_user(&p, p.arena), "nobody");
	assert_string_equal(populate_fetcher(&p, p.arena),
			    "certrepo-fetcher -c "
			    "/root/my.conf");
	p.conf.store = &far;
	scratch_write(far.password_file, "x\n", 0600);
	assert_string_equal(populate_fetcher(&p, p.arena), "certrepo-fetcher");
	assert_int_equal(chown(far.password_file, 0, pw->pw_gid), 0);
	assert_int_equal(chmod(far.password_file, 0640), 0);
	assert_string_equal(populate_fetcher(&p, p.arena),
			    "certrepo-fetcher -c "
			    "/root/my.conf");
	p.conf.store = NULL;
	assert_int_equal(chown(scratch_dir, 0, (gid_t) -1), 0);
}

/* The account of an administrator is not the fetcher's. */
static void whose_account(void **state)
{
	struct store_conf far = { .user = "certrepo-populate" };
	const char *admin = arena_strdup(p.arena, scratch("admin.conf"));
	const char *mine = arena_strdup(p.arena, scratch("mine.conf"));
	const char *beside = arena_strdup(p.arena, scratch("certrepo.conf"));
	const char *with;

	p.opt.config = admin;
	assert_string_equal(populate_fetcher(&p, p.arena), "certrepo-fetcher");
	p.opt.config = mine;
	with = arena_printf(p.arena, "certrepo-fetcher -c %s", mine);
	assert_string_equal(populate_fetcher(&p, p.arena), with);
	p.conf.store = &far;
	assert_string_equal(populate_fetcher(&p, p.arena), "certrepo-fetcher");
	scratch_write(beside, "", 0600);
	with = arena_printf(p.arena, "certrepo-fetcher -c %s", beside);
	assert_string_equal(populate_fetcher(&p, p.arena), with);
	p.conf.store = NULL;
	p.opt.config = admin;
	assert_string_equal(populate_fetcher(&p, p.arena), with);
	assert_int_equal(unlink(beside), 0);
}

static int print_lines(void)
{
	populate_line("note", "a b");
	populate_line("note", "1234567890 1234567890 1234567890 1234567890 "
			      "1234567890 123456789  x");
	return 0;
}

/* What is printed ends in column 80. */
static void lines(void **state)
{
	assert_int_equal(RUN(print_lines()), 0);
	assert_string_equal(SAID, "  note         a b\n"
				  "  note         1234567890 1234567890 "
				  "1234567890 1234567890 1234567890 "
				  "123456789\n"
				  "               x\n");
}

static void cleans(void **state)
{
	assert_string_equal(populate_clean(p.arena, NULL), "");
	assert_string_equal(populate_clean(p.arena, "a\033[2J\xc3\xa4z"),
			    "a?[2J??z");
}

static void rows(void **state)
{
	struct store_cert *row = NULL;

	assert_int_equal(populate_row(&p, NAME, p.arena, &row, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, NAME " is not enrolled in ");
	assert_null(row);
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(populate_row(&p, NAME, p.arena, &row, &err), 0);
	assert_string_equal(row->name, NAME);
}

/* Commands for any NAME become those of one. */
static void fills(void **state)
{
	static const struct x509_id v[] = { { X509_ID_DNS, "*.example.org" },
					    { X509_ID_IP, "192.0.2.1" } };
	const struct x509_ids ids = { v, 2 };
	const char *san = populate_san(&ids, "x.example.org", p.arena);
	char many[2000];

	assert_string_equal(san, "DNS:*.example.org,IP:192.0.2.1");
	assert_string_equal(populate_san(NULL, "x.example.org+b", p.arena),
			    "DNS:x.example.org");
	assert_string_equal(
		populate_fill(&p, "x.example.org+b", san,
			      "req subjectAltName=DNS:NAME -out NAME.csr, "
			      "NAME stays",
			      p.arena),
		"req 'subjectAltName=DNS:*.example.org,IP:192.0.2.1' -out "
		"x.example.org+b.csr, NAME stays");
	memset(many, 'a', sizeof(many));
	memcpy(many + sizeof(many) - 9, "NAME.csr", 9);
	assert_string_equal(
		populate_fill(&p, "x.example.org", san, many, p.arena), many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hints, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(commands, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(whose_account, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(lines, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(cleans, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(rows, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(fills, kit_setup, kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
