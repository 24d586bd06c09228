/* SPDX-License-Identifier: MIT */
#ifndef POPULATE_KIT_H
#define POPULATE_KIT_H

/* The commands of certrepo-populate on an SQLite store of their own, with a
 * request "www.example.org.csr" in csr_dir, and what they print. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "populate_cmd.h"
#include "store_offer.h"
#include "store_schema.h"

#define NOW  1800000000
#define NAME "www.example.org"

static struct populate p;
static struct err err;
static struct store_conf kit_store;
static struct proof_zone kit_zone = { .zone = "acme.example.net" };
static void *const kit_zones[] = { &kit_zone };
static struct proof_dns kit_dns = { .zones = { .v = kit_zones, .n = 1 } };
static struct certrepo_ca kit_ca = {
	.name = "letsencrypt",
	.directory = "https://acme-v02.api.letsencrypt.org/directory",
	.client_auth = "left-out",
	.max_names = 100,
};
static struct certrepo_ca kit_own = { .name = "own",
				      .directory = "https://own.example/dir",
				      .max_names = 100 };
static void *const kit_cas[] = { &kit_ca, &kit_own };

static inline int kit_setup(void **state)
{
	int from, to;

	if (scratch_setup(state))
		return -1;
	kit_req("www.example.org.csr",
		KIT_EC " -subj /CN=www.example.org "
		       "-addext subjectAltName=DNS:example.org");
	p = (struct populate){ .opt.config = CERTREPO_CONF_PATH, .now = NOW };
	p.arena = arena_new();
	kit_store = (struct store_conf){
		.driver = "sqlite",
		.path = arena_strdup(p.arena, scratch("db")),
	};
	p.conf.csr_dir = scratch_dir;
	p.conf.proof.dns = &kit_dns;
	p.conf.ca.v = kit_cas;
	p.conf.ca.n = 2;
	kit_ca.ca_profile = NULL;
	p.conf.default_ca = kit_ca.name;
	p.conf.count_fail_limit = 10;
	err_clear(&err);
	if (store_open(&kit_store, STORE_ADMIN, &p.store, &err) == -1 ||
	    store_schema_upgrade(p.store, NOW, &from, &to, &err) == -1)
		fail_msg("%s", err.msg);
	return 0;
}

static inline int kit_teardown(void **state)
{
	store_free(&p.store);
	arena_free(&p.arena);
	return scratch_teardown(state);
}

static int kit_saved = -1;

static inline void kit_capture(void)
{
	fflush(stdout);
	err_clear(&err);
	kit_saved = dup(STDOUT_FILENO);
	assert_non_null(freopen(scratch("said"), "w", stdout));
}

/* The result of the command between: RC is passed on. */
static inline int kit_release(int rc)
{
	fflush(stdout);
	assert_int_not_equal(dup2(kit_saved, STDOUT_FILENO), -1);
	close(kit_saved);
	return rc;
}

/* The result of CALL; SAID is what it prints. */
#define RUN(call) (kit_capture(), kit_release(call))
#define SAID	  scratch_read(scratch("said"))
#define SAYS(text)                                                \
	do {                                                      \
		if (!strstr(SAID, text))                          \
			fail_msg("no \"%s\" in: %s", text, SAID); \
	} while (0)

/* The fetcher has read what CA offers: lines, or "". */
static inline void kit_offer(const struct certrepo_ca *ca, const char *profiles)
{
	const struct store_ca put = { .name = ca->name,
				      .directory = ca->directory },
			      none = { .name = NULL };
	const struct store_offer offer = { .renewal_info = "",
					   .profiles = profiles,
					   .ts = NOW - 3600 };
	struct store_ca now;

	if (store_ca_put(p.store, &put, &none, p.arena, &now, &err) == -1 ||
	    store_offer_put(p.store, ca->name, ca->directory, &offer, &err) ==
		    -1)
		fail_msg("%s", err.msg);
}

/* The row, in p's arena. */
static inline struct store_cert *kit_row(const char *name)
{
	struct store_cert *row = NULL;

	return store_get(p.store, name, p.arena, &row, &err) == 1 ? row : NULL;
}

#endif
