/* SPDX-License-Identifier: MIT */
#ifndef FLEET_KIT_H
#define FLEET_KIT_H

/* An empty store of this schema, for the tests of common/fleet: TEST()
 * names one of them that has it. */

#include "store_kit.h"

static struct store *s;
static struct arena *arena;

static inline int fleet_setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	arena = arena_new();
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(store_schema_upgrade(s, 1, &from, &to, &err));
	return 0;
}

static inline int fleet_teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

static inline void raw(const char *sql)
{
	OK(db_script(s->db, sql, &err));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fleet_setup, fleet_teardown)

#endif
