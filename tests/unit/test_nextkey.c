/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "nextkey.h"
#include "x509_make.h"

#define NAME "*.example.org+ec"

static struct err err;

static void rc(int want, int got)
{
	if (got == -1 && want != -1)
		fail_msg("%s", err.msg);
	assert_int_equal(got, want);
}

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_sh("chmod 755 .; mkdir -m 700 state");
	return 0;
}

static void kept(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *dir = scratch("state"), *path = nextkey_path(dir, NAME, a);
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct x509_key *key = NULL, *other = NULL, *got = NULL;
	struct stat st;

	rc(0, x509_key_make("P-256", &key, &err));
	rc(0, x509_key_make("P-256", &other, &err));
	rc(0, nextkey_there(dir, NAME, &err));
	rc(0, nextkey_load(dir, NAME, &got, &err));
	rc(0, nextkey_drop(dir, NAME, &err));
	rc(0, nextkey_list(dir, &names, &err));
	rc(0, nextkey_put(dir, NAME, key, &err));
	rc(1, nextkey_there(dir, NAME, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(scratch("state/next"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* never replaced */
	rc(-1, nextkey_put(dir, NAME, other, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	rc(1, nextkey_load(dir, NAME, &got, &err));
	kit_sh("openssl pkey -in 'state/next/" NAME "' -pubout -outform DER | "
	       "sha256sum | cut -c1-64 >want");
	{
		char id[ENC_SHA256_HEX];

		rc(0, x509_key_id(got, id, &err));
		assert_memory_equal(id, scratch_read(scratch("want")), 64);
		rc(0, x509_key_id(key, id, &err));
		assert_memory_equal(id, scratch_read(scratch("want")), 64);
	}
	/* what is no certificate's name is no key of ours */
	kit_sh("touch state/next/.x state/next/UPPER");
	rc(0, nextkey_list(dir, &names, &err));
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], NAME);
	rc(0, nextkey_drop(dir, NAME, &err));
	rc(0, nextkey_there(dir, NAME, &err));
	x509_key_free(&key);
	x509_key_free(&other);
	x509_key_free(&got);
}

/* What is not as we left it is neither read nor taken for missing. */
static void not_ours(void **state)
{
	static const struct {
		const char *make, *says;
	} rows[] = {
		{ "chmod 644 state/next/k.example.org",
		  "readable by everyone" },
		{ "rm state/next/k.example.org; ln -s /etc/passwd "
		  "state/next/k.example.org",
		  "k.example.org" },
		{ "rm state/next/k.example.org; mkdir "
		  "state/next/k.example.org",
		  "not a file" },
		{ "echo x >state/next/k.example.org", "no private key" },
		{ "chmod 777 state/next", "state/next" },
		{ "mv state/next state/n; ln -s n state/next; chmod 777 "
		  "state/n",
		  "state/n" },
	};
	const char *dir = scratch("state");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct x509_key *key = NULL, *got = NULL;

		kit_sh("rm -rf state; mkdir -m 700 state");
		rc(0, x509_key_make("P-256", &key, &err));
		rc(0, nextkey_put(dir, "k.example.org", key, &err));
		kit_sh("%s", rows[i].make);
		err_clear(&err);
		if (nextkey_load(dir, "k.example.org", &got, &err) != -1)
			fail_msg("taken: %s", rows[i].make);
		if (!strstr(err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].make, err.msg);
		x509_key_free(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(not_ours, setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
