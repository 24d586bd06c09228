/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "store_near.h"

static struct store *store;

static void raw(const char *sql)
{
	OK(db_script(store->db, sql, &err));
}

static void add(const char *name)
{
	struct store_cert r = { .name = name,
				.csr = BLOB("csr"),
				.md5_modulus = "x" };

	OK(store_add(store, &r, &err));
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	kit_end();
	return 0;
}

static void says(const char *name, const char *want)
{
	char *text = store_near_text(store, name);

	assert_string_equal(text, want);
	free(text);
}

static void one_of_few(void **state)
{
	says("www.exmaple.org", "");
	add("www.example.org");
	add("zwei.example.org");
	says("www.exmaple.org", "; is www.example.org meant?");
	says("imap.example.org", "");
	says("zwie.example.org", "; is zwei.example.org meant?");
	says("", "");
}

/* Behind a page's end. */
static void one_of_many(void **state)
{
	for (int i = 0; i < 2001; i++) {
		char name[20];

		(void) snprintf(name, sizeof(name), "h%04d.a", i);
		add(name);
	}
	says("zwie.example.org", "; is zwei.example.org meant?");
}

/* Who asks has another failure to tell. */
static void no_store(void **state)
{
	raw("ALTER TABLE certs RENAME TO gone");
	says("www.exmaple.org", "");
	raw("ALTER TABLE gone RENAME TO certs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_few),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(no_store),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
