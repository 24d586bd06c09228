/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>
#include "ca_preset.h"
#include "conf_names.h"
#include "scratch.h"

/* Those that are shipped, as copies: a preset must be root's or one's own. Run
 * from the source folder, as tests/run.sh does. */

static struct arena *arena;
static struct conf_errors errs;
static struct certrepo_conf conf;

static const char *ours(void)
{
	return arena_strdup(arena, scratch("cas"));
}

static const char *shipped(void)
{
	return arena_strdup(arena, scratch("shipped"));
}

static void put(const char *dir, const char *name, const char *text)
{
	scratch_write(arena_printf(arena, "%s/%s.conf", dir, name), text, 0644);
}

static int setup(void **state)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	const char *const dirs[] = { "ca-presets", NULL };

	if (scratch_setup(state) != 0)
		return -1;
	arena = arena_new();
	assert_int_equal(mkdir(ours(), 0755), 0);
	assert_int_equal(mkdir(shipped(), 0755), 0);
	conf_names(dirs, &names);
	for (size_t i = 0; i < names.n; i++)
		put(shipped(), names.v[i],
		    scratch_read(arena_printf(arena, "ca-presets/%s.conf",
					      names.v[i])));
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

/* A configuration whose list of CAs is TEXT. */
static int load(const char *text)
{
	scratch_write(scratch("c"),
		      arena_printf(arena,
				   "store : { path = \"/s.db\"; };\n"
				   "state_dir = \"/var/lib/x\";\n"
				   "preset_dir = \"%s\";\n"
				   "shipped_preset_dir = \"%s\";\nca = ( %s );",
				   ours(), shipped(), text),
		      0644);
	conf_errors_free(&errs);
	errs = (struct conf_errors){ 0 };
	return certrepo_conf_load(scratch("c"), arena, &conf, &errs);
}

static const struct certrepo_ca *good(const char *text)
{
	if (load(text) == -1)
		fail_msg("%s", errs.list.v[0]);
	return conf.ca.v[0];
}

/* The only error says this. */
static void refused(const char *text, const char *what)
{
	assert_int_equal(load(text), -1);
	if (errs.list.n != 1)
		fail_msg("%zu errors for %s", errs.list.n, text);
	if (!strstr(errs.list.v[0], what))
		fail_msg("%s: not %s", errs.list.v[0], what);
}

/* From what is known of these CAs, not from the files. */
static const struct known {
	const char *name, *directory, *staging, *key;
	int64_t names, pace;
	bool eab, contact, own;
	const char *client_auth; /* NULL: issued */
} known[] = {
	{ "actalis", "https://acme-api.actalis.com/acme/directory", NULL, NULL,
	  1, 100, .eab = true },
	{ "google", "https://dv.acme-v02.api.pki.goog/directory",
	  "https://dv.acme-v02.test-api.pki.goog/directory", NULL, 100, 100,
	  .eab = true, .client_auth = "refused" },
	{ "letsencrypt", "https://acme-v02.api.letsencrypt.org/directory",
	  "https://acme-staging-v02.api.letsencrypt.org/directory", NULL, 100,
	  18, .client_auth = "left-out" },
	{ "smallstep", NULL, NULL, NULL, 100, 100, .own = true },
	{ "sslcom-ecc", "https://acme.ssl.com/sslcom-dv-ecc", NULL, "ec", 100,
	  100, .eab = true, .contact = true },
	{ "sslcom-rsa", "https://acme.ssl.com/sslcom-dv-rsa", NULL, "rsa", 100,
	  100, .eab = true, .contact = true },
	{ "zerossl", "https://acme.zerossl.com/v2/DV90", NULL, NULL, 100, 7,
	  .eab = true, .client_auth = "left-out" },
};

static void same(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b) != 0))
		fail_msg("%s is not %s", a ? a : "NULL", b ? b : "NULL");
}

static void check_known(const struct known *k)
{
	const struct certrepo_ca *ca;

	ca = good(arena_printf(arena,
			       "{ preset = \"%s\"; contact = \"mailto:a@b.c\"; "
			       "%s }",
			       k->name,
			       k->own ? "directory = \"https://ca/\";" : ""));
	same(ca->name, k->name);
	same(ca->directory, k->own ? "https://ca/" : k->directory);
	same(ca->staging, k->staging);
	assert_int_equal(ca->max_names, k->names);
	assert_int_equal(ca->requests_per_second, k->pace);
	assert_int_equal(ca->eab_required, k->eab);
	assert_int_equal(ca->contact_required, k->contact);
	same(ca->client_auth, k->client_auth ? k->client_auth : "issued");
	assert_int_equal(ca->keys.n, k->key ? 1 : 0);
	if (k->key)
		same(ca->keys.v[0], k->key);
	assert_int_equal(ca->any_key, k->own);
	assert_int_equal(ca->allow_ip, k->own);
	assert_int_equal(ca->allow_single, k->own);
	same(ca->http_version, k->own ? "1.1" : "2");
	if (k->eab)
		assert_non_null(ca->web);
}

/* All of them, and no others; each is in the manual. */
static void all_shipped(void **state)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	const char *const dirs[] = { shipped(), NULL };
	const char *manual =
		arena_strdup(arena, scratch_read("man/certrepo.conf.5"));

	conf_names(dirs, &names);
	assert_int_equal(names.n, sizeof(known) / sizeof(known[0]));
	for (size_t i = 0; i < names.n; i++) {
		same(names.v[i], known[i].name);
		check_known(&known[i]);
		if (!strstr(manual,
			    arena_printf(arena, "\n.It Li %s\n", names.v[i])))
			fail_msg("%s is not in the manual", names.v[i]);
	}
}

/* All but whose the account is. */
static void settings_of_presets(void **state)
{
	static const char *const ours[] = {
		"name",		"preset",	   "account_key",
		"contact",	"agree_tos",	   "eab_kid",
		"eab_key_file", "staging_eab_kid", "staging_eab_key_file"
	};
	const struct conf_setting *set, *p;
	size_t n = 0;

	for (set = certrepo_ca_schema.settings; set->name; set++) {
		bool mine = false;

		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			mine = mine || strcmp(set->name, ours[i]) == 0;
		for (p = certrepo_preset_schema.settings; p->name; p++)
			if (strcmp(p->name, set->name) == 0)
				break;
		if (mine == !!p->name)
			fail_msg("%s", set->name);
		n += mine;
	}
	assert_int_equal(n, sizeof(ours) / sizeof(ours[0]));
}

static void defaults_of_names(void **state)
{
	const struct certrepo_ca *ca = good("{ preset = \"letsencrypt\"; }");

	same(ca->account_key, "/var/lib/x/accounts/letsencrypt.pem");
	same(conf.default_ca, "letsencrypt");
	ca = good("{ preset = \"letsencrypt\"; name = \"le2\"; }");
	same(ca->account_key, "/var/lib/x/accounts/le2.pem");
	ca = good("{ name = \"own\"; directory = \"https://ca/\"; }");
	same(ca->account_key, "/var/lib/x/accounts/own.pem");
	good("{ preset = \"letsencrypt\"; }, { preset = \"letsencrypt\"; "
	     "name = \"other\"; account_key = \"/k\"; }");
	same(((const struct certrepo_ca *) conf.ca.v[1])->account_key, "/k");
	refused("{ preset = \"zerossl\"; }, { preset = \"zerossl\"; }",
		"CA \"zerossl\" is already described");
	refused("{ directory = \"https://ca/\"; }", "`name': is missing");
	refused("{ preset = \"zerossl\"; caa = \"a.example; policy=ev\"; }",
		"setting `caa': \"a.example; policy=ev\" is not a DNS name");
}

static void configuration_wins(void **state)
{
	const struct certrepo_ca *ca;

	ca = good("{ preset = \"letsencrypt\"; staging = \"https://s/\"; "
		  "requests_per_second = 100; client_auth = \"issued\"; "
		  "caa = [\"a\", \"b\"]; max_names = 5; }");
	same(ca->directory, "https://acme-v02.api.letsencrypt.org/directory");
	same(ca->staging, "https://s/");
	assert_int_equal(ca->requests_per_second, 100);
	assert_int_equal(ca->polls_per_second, 500);
	same(ca->client_auth, "issued");
	assert_int_equal(ca->caa.n, 2);
	assert_int_equal(ca->max_names, 5);
	ca = good("{ preset = \"sslcom-rsa\"; keys = [ ]; contact_required = "
		  "false; }");
	assert_int_equal(ca->keys.n, 0);
}

/* The administrator's file is looked at first, and alone. */
static void own_first(void **state)
{
	const struct certrepo_ca *ca;

	put(ours(), "zerossl", "directory = \"https://own/\";");
	ca = good("{ preset = \"zerossl\"; }");
	same(ca->directory, "https://own/");
	assert_false(ca->eab_required);
	assert_int_equal(unlink(arena_printf(arena, "%s/zerossl.conf", ours())),
			 0);
	put(ours(), "corp", "directory = \"https://corp/\";");
	same(good("{ preset = \"corp\"; }")->name, "corp");
}

static void what_is_missing(void **state)
{
	refused("{ preset = \"smallstep\"; }",
		"`directory': is missing and has no default, not in the preset "
		"either");
	refused("{ name = \"a\"; }", "`directory': is missing");
	refused("{ preset = \"sslcom-rsa\"; }", "`contact': is missing");
	refused("{ preset = \"google\"; eab_kid = \"k\"; }",
		"`eab_key_file': is missing");
	refused("{ preset = \"google\"; staging_eab_key_file = \"/f\"; }",
		"`staging_eab_kid': is missing");
	refused("{ preset = \"google\"; keys = [\"dsa\"]; }",
		"`keys': \"dsa\" is unknown");
	same(good("{ name = \"a\"; discover = [\"corp.example\"]; }")
		     ->directory,
	     "");
}

static void unknown_ones(void **state)
{
	refused("{ preset = \"lets-encrypt\"; }",
		", \"letsencrypt\" perhaps: there are actalis, ");
	refused("{ preset = \"nothing-like-it\"; }",
		arena_printf(arena,
			     "no \"nothing-like-it\" in %s or %s: there "
			     "are actalis, ",
			     ours(), shipped()));
	refused("{ preset = \"../x\"; }", "must be at most 64 letters");
	refused("{ preset = \".x\"; }", "must be at most 64 letters");
	/* Not its CA's other faults for want of it. */
	assert_int_equal(load("{ preset = \"no\"; }, { preset = \"nono\"; }"),
			 -1);
	assert_int_equal(errs.list.n, 2);
}

/* As a configuration file is checked. */
static void bad_files(void **state)
{
	static const char *const ours_alone[] = { "name", "eab_kid",
						  "eab_key_file", "agree_tos" };
	const char *path = arena_printf(arena, "%s/bad.conf", ours());

	put(ours(), "bad", "\ndirectry = \"https://x/\";");
	refused("{ preset = \"bad\"; }",
		arena_printf(arena,
			     "%s:2: setting `directry': is unknown, is "
			     "`directory' meant?",
			     path));
	put(ours(), "bad", "contact = [\"mailto:a@b.c\"];");
	refused("{ preset = \"bad\"; }",
		"setting `contact': belongs into the group of the CA in "
		"certrepo.conf, not into a preset");
	put(ours(), "bad", "account_key = \"/k\";");
	for (size_t i = 0; i < ARRAY_LEN(ours_alone); i++) {
		put(ours(), "bad",
		    arena_printf(arena, "%s = \"x\";", ours_alone[i]));
		refused("{ preset = \"bad\"; }",
			arena_printf(arena,
				     "setting `%s': belongs into the group of "
				     "the CA",
				     ours_alone[i]));
	}
	put(ours(), "bad", "account_key = \"/k\";");
	refused("{ preset = \"bad\"; }",
		"setting `account_key': belongs into the group of the CA in "
		"certrepo.conf, not into a preset");
	put(ours(), "bad", "directory = \"http://x/\";");
	refused("{ preset = \"bad\"; }",
		arena_printf(arena,
			     "%s: setting `directory': \"http://x/\" "
			     "must be a URL",
			     path));
	put(ours(), "bad", "max_names = 101;");
	refused("{ preset = \"bad\"; }", "bad.conf:1: setting `max_names': 101 "
					 "is out of range");
	put(ours(), "bad", "directory = \"https://x/\";");
	assert_int_equal(chmod(path, 0664), 0);
	refused("{ preset = \"bad\"; }", "writable by others");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(ours(), 0777), 0);
	refused("{ preset = \"bad\"; }", "writable by others");
	/* A new name may be put into it by anybody, a link to another's file,
	 * too. */
	assert_int_equal(chmod(ours(), 01777), 0);
	refused("{ preset = \"bad\"; }", "writable by others");
	assert_int_equal(chmod(ours(), 01775), 0);
	refused("{ preset = \"bad\"; }", "writable by others");
	assert_int_equal(chmod(ours(), 0755), 0);
	good("{ preset = \"bad\"; }");
	assert_int_equal(unlink(path), 0);
	/* An error is not an absence. */
	assert_int_equal(
		symlink("zerossl.conf",
			arena_printf(arena, "%s/zerossl.conf", ours())),
		0);
	assert_int_equal(load("{ preset = \"zerossl\"; }"), -1);
	assert_int_equal(unlink(arena_printf(arena, "%s/zerossl.conf", ours())),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shipped),
		cmocka_unit_test(settings_of_presets),
		cmocka_unit_test(defaults_of_names),
		cmocka_unit_test(configuration_wins),
		cmocka_unit_test(own_first),
		cmocka_unit_test(what_is_missing),
		cmocka_unit_test(unknown_ones),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
