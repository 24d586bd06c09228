/* SPDX-License-Identifier: MIT */
/* What is remembered of the way to a MariaDB, and for how long. Nothing is
 * asked here: tests/contract/store_hosts.t does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "storeway.h"
/* After it: names of its own. */
#include "db_impl.h"
#include "store_impl.h"

static struct store_conf store_conf;
static struct db db = { .driver = &db_mariadb,
			.name = (char *) "mariadb c@db" };
static struct store store;

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define SERVICE                                                                \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = \"" LEAF \
	"\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); }"

static void begin(void)
{
	kit_sh("rm -f state/store");
	host_kit_load(FULL, "", SERVICE);
	store_conf = (struct store_conf){ .user = "web1" };
	conf.store = &store_conf;
	host.now = 1000000;
	host.recalled = false;
}

/* A run at NOW: is the view asked first; and then it is what serves. */
static bool recalls(int64_t now, bool view)
{
	bool first;

	store = (struct store){ .db = &db, .use = STORE_HOST };
	host.now = now;
	host.recalled = false;
	storeway_recall(&host, &store);
	first = store_host_by_view(&store);
	store.by_view = view;
	storeway_remember(&host, &store);
	return first;
}

static void remembers(void **state)
{
	begin();
	assert_false(recalls(1000000, true));
	assert_true(recalls(1000100, true));
	assert_true(recalls(1000000 + 86399, true));
	/* A day after it was tried, not after it was asked. */
	assert_false(recalls(1000000 + 86400, true));
	assert_true(recalls(1000000 + 86401, true));
	/* The clock was ahead. */
	assert_false(recalls(1000000, true));
	store_conf.user = "web2";
	assert_false(recalls(1000001, true));
	db.name = (char *) "mariadb c@other";
	assert_false(recalls(1000002, true));
	assert_true(recalls(1000003, true));
	/* It may call by now. */
	assert_true(recalls(1000004, false));
	assert_false(recalls(1000005, false));
	assert_int_equal(access(scratch("state/store"), F_OK), -1);
}

static void forgets(void **state)
{
	begin();
	assert_false(recalls(1000000, true));
	scratch_write(scratch("state/store"), "certrepo-store\t2\nview", 0600);
	assert_false(recalls(1000001, true));
	assert_true(recalls(1000002, true));
	/* Nothing is written in a run that only looks. */
	kit_sh("rm state/store");
	host.dry_run = true;
	assert_false(recalls(1000003, true));
	assert_false(recalls(1000004, true));
	host.dry_run = false;
}

/* Is it in the file since NOW: when it was said. */
static bool says(int64_t now, const char *name)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *line = NULL;

	host.now = now;
	if (name)
		strlist_add(&names, name);
	storeway_refused(&host, &names);
	if (access(scratch("state/store"), F_OK) == -1)
		return false;
	line = mem_printf("refused\t%lld\t", (long long) now);
	return strstr(scratch_read(scratch("state/store")), line);
}

static void refuses(void **state)
{
	begin();
	assert_false(says(1000000, NULL));
	assert_true(says(1000000, LEAF));
	assert_false(says(1000100, LEAF));
	/* Beside what is remembered of the way. */
	assert_false(recalls(1000100, true));
	assert_true(recalls(1000101, true));
	assert_false(says(1000102, LEAF));
	assert_true(says(1000103, "other.example.org"));
	assert_true(says(1000103 + 86400, "other.example.org"));
	assert_false(says(1000103 + 86401, NULL));
	assert_true(says(1000103 + 86402, "other.example.org"));
	assert_non_null(
		strstr(scratch_read(scratch("state/store")), "host grant"));
	/* Whose request waits, is to be granted it with that. */
	requested_put(host_requested(&host), host.arena,
		      &(struct requested_one){ .name = "other.example.org",
					       .key = "0",
					       .state = FLEET_PENDING });
	assert_false(says(1000103 + 86403, "other.example.org"));
	assert_null(strstr(scratch_read(scratch("state/store")), "host grant"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(forgets),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
