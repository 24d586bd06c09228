/* SPDX-License-Identifier: MIT */
#ifndef TROUBLE_KIT_H
#define TROUBLE_KIT_H

/* A store of this schema with rows in trouble, for the tests of who looks for
 * them. */

#include "store_kit.h"

static struct store *store;
static struct arena *arena;

static inline int trouble_begin(void)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	arena = arena_new();
	return 0;
}

static inline void trouble_end(void)
{
	arena_free(&arena);
	store_free(&store);
	kit_end();
}

static inline void sql(const char *text)
{
	OK(db_script(store->db, text, &err));
}

/* An enabled row, and what SQL says of it. */
static inline void add(const char *name, const char *set)
{
	struct store_cert row = { .name = name,
				  .enabled = true,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };

	OK(store_add(store, &row, &err));
	sql(arena_printf(arena, "UPDATE certs SET %s WHERE name = '%s'", set,
			 name));
}

#endif
