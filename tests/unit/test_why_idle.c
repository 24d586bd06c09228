/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "why_idle.h"

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */

static struct store *store;

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

static void add(const char *name, int64_t due, bool enabled)
{
	struct store_cert row = { .name = name,
				  .enabled = enabled,
				  .csr = BLOB("csr"),
				  .ts_due = due,
				  .md5_modulus = "x" };

	OK(store_add(store, &row, &err));
	OK(kit_set_due(store, name, due, &err));
}

static void says(const char *const *names, size_t n, const char *want)
{
	char *text = NULL;

	OK(why_idle_text(store, "me", names, n, NOW, &text, &err));
	assert_string_equal(text, want);
	free(text);
}

static void test_all(void **state)
{
	says(NULL, 0, "nothing is due, and no name waits");
	add("late.example.org", NOW + 86400, true);
	says(NULL, 0,
	     "nothing is due; 1 name waits, the next is late.example.org at "
	     "2023-11-15T22:13:20Z");
	add("soon.example.org", NOW + 60, true);
	add("off.example.org", NOW + 1, false);
	add("held.example.org", STORE_NEVER, true);
	add("due.example.org", NOW, true);
	says(NULL, 0,
	     "nothing is due; 2 names wait, the next is soon.example.org at "
	     "2023-11-14T22:14:20Z; 1 name is held until someone acts; "
	     "1 is disabled");
	add("off2.example.org", NOW + 1, false);
	says(NULL, 0,
	     "nothing is due; 2 names wait, the next is soon.example.org at "
	     "2023-11-14T22:14:20Z; 1 name is held until someone acts; "
	     "2 are disabled");
}

static void test_named(void **state)
{
	static const char *const names[] = { "held.example.org",
					     "soon.example.org",
					     "gone.example.org" };

	add("soon.example.org", NOW + 60, true);
	add("held.example.org", STORE_NEVER, true);
	says(names, 3,
	     "nothing is due; held.example.org is held until someone acts; "
	     "soon.example.org waits until 2023-11-14T22:14:20Z");
	/* another fetcher has it */
	RC(1, store_claim(store, "soon.example.org", "web2-99", NOW, NOW + 60,
			  &err));
	says(names + 1, 1,
	     "nothing is due; soon.example.org is on lease to the fetcher "
	     "web2-99 until 2023-11-14T22:14:20Z: if that is dead, "
	     "--break-lease takes it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
