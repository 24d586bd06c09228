/* SPDX-License-Identifier: MIT */
#ifndef STORE_KIT_H
#define STORE_KIT_H

/*
 * What the tests of the store share. They run on SQLite in a scratch folder,
 * or, where CERTREPO_TEST_STORE says "mariadb" and CERTREPO_TEST_{HOST,PORT,
 * SOCKET,USER,PASSWORD_FILE,CA_FILE,DATABASE} how to reach one, on that
 * database, which they empty. CERTREPO_TEST_OWNER: root gives the scratch
 * folder to that uid, so that all goes through a process of that user.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sbuf.h"
#include "store_impl.h"
#include "store_schema.h"
#include "strlist.h"

static char kit_dir[200];
static char kit_path[250];
static struct store_conf conf;
static struct err err;

#define OK(call)                                                 \
	do {                                                     \
		err_clear(&err);                                 \
		int rc_ = (call);                                \
		if (rc_ == -1)                                   \
			print_error("%s: %s\n", #call, err.msg); \
		assert_int_equal(rc_, 0);                        \
	} while (0)
#define RC(want, call)                                           \
	do {                                                     \
		err_clear(&err);                                 \
		int rc_ = (call);                                \
		if (rc_ == -1 && (want) != -1)                   \
			print_error("%s: %s\n", #call, err.msg); \
		assert_int_equal(rc_, want);                     \
	} while (0)
#define FAILS(kind_, text, call)                                              \
	do {                                                                  \
		err_clear(&err);                                              \
		assert_int_equal(call, -1);                                   \
		if (!strstr(err.msg, text))                                   \
			print_error("\"%s\" is not in: %s\n", text, err.msg); \
		assert_non_null(strstr(err.msg, text));                       \
		assert_int_equal(err.kind, kind_);                            \
	} while (0)

#define BLOB(text) ((struct store_blob){ text, strlen(text) })

static inline const char *kit_env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static inline bool kit_mariadb(void)
{
	const char *kind = kit_env("CERTREPO_TEST_STORE");

	return kind && strcmp(kind, "mariadb") == 0;
}

static inline int kit_begin(void)
{
	const char *tmp = kit_env("TMPDIR");
	const char *port = kit_env("CERTREPO_TEST_PORT");

	snprintf(kit_dir, sizeof(kit_dir), "%s/test_store.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(kit_dir))
		return -1;
	if (kit_env("CERTREPO_TEST_OWNER") &&
	    chown(kit_dir, (uid_t) atoi(kit_env("CERTREPO_TEST_OWNER")),
		  (gid_t) -1) == -1)
		return -1;
	snprintf(kit_path, sizeof(kit_path), "%s/certrepo.db", kit_dir);
	conf = (struct store_conf){ .driver = "sqlite", .path = kit_path };
	if (kit_mariadb())
		conf = (struct store_conf){
			.driver = "mariadb",
			.host = kit_env("CERTREPO_TEST_HOST"),
			.port = port ? atoi(port) : 3306,
			.socket = kit_env("CERTREPO_TEST_SOCKET"),
			.user = kit_env("CERTREPO_TEST_USER"),
			.password_file = kit_env("CERTREPO_TEST_PASSWORD_FILE"),
			.ca_file = kit_env("CERTREPO_TEST_CA_FILE"),
			.database = kit_env("CERTREPO_TEST_DATABASE"),
			.connect_timeout = 10,
			.timeout = 30,
		};
	return 0;
}

/* Nothing left of any schema. Not while the database is open. */
static inline void kit_wipe(void)
{
	const char *suffix[] = { "", "-wal", "-shm" };
	struct store *s = NULL;
	char p[300];

	for (size_t i = 0; i < ARRAY_LEN(suffix); i++) {
		snprintf(p, sizeof(p), "%s%s", kit_path, suffix[i]);
		unlink(p);
	}
	if (!kit_mariadb())
		return;
	OK(store_open(&conf, STORE_ADMIN, &s, &err));
	OK(db_script(s->db,
		     "DROP VIEW IF EXISTS host_certs, host_installs;"
		     "DROP TABLE IF EXISTS certs, orders, proofs, attempts, "
		     "cas, installs, cert_facts, hosts, host_names, "
		     "host_requests, fetchers, attempt_totals, settings, "
		     "owner_notices, "
		     "schema_version",
		     &err));
	store_free(&s);
}

/* store_set_due() of the row as it is. */
static inline int kit_set_due(struct store *s, const char *name, int64_t due,
			      struct err *e)
{
	struct arena *arena = arena_new();
	struct store_due read;
	bool enabled;
	int rc = store_due_one(s, name, arena, &read, &enabled, e);

	if (rc == 1)
		rc = store_set_due(s, name, due, &read, e);
	arena_free(&arena);
	return rc;
}

static inline void kit_end(void)
{
	kit_wipe();
	assert_int_equal(rmdir(kit_dir), 0);
}

#endif
