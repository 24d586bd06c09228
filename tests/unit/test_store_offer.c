/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "store_offer.h"

#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#include "store_pin.h"

static struct store *s;
static struct arena *arena;

static int setup(void **state)
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

static int teardown(void **state)
{
	store_free(&s);
	arena_free(&arena);
	kit_end();
	return 0;
}

static void put_and_get(void **state)
{
	const struct store_ca none = { NULL };
	const struct store_ca ca = { .name = "le",
				     .directory = "https://a/dir" };
	const struct store_offer offer = {
		.renewal_info = "https://a/ri",
		.profiles = "one\tthe first\none-day\tshort\nbare\t",
		.caa = "a.org b.org",
		.ts = 1700000000,
	};
	struct store_offer o;
	struct store_ca now;

	RC(0, store_offer_get(s, "le", arena, &o, &err));
	OK(store_offer_put(s, "le", "https://a/dir", &offer, &err));
	RC(0, store_offer_get(s, "le", arena, &o, &err));
	OK(store_ca_put(s, &ca, &none, arena, &now, &err));
	RC(1, store_offer_get(s, "le", arena, &o, &err));
	assert_null(o.renewal_info);
	assert_null(o.profiles);
	assert_null(store_offer_profile(&o, "one", arena));
	/* another CA's, of the same name */
	OK(store_offer_put(s, "le", "https://b/dir", &offer, &err));
	RC(1, store_offer_get(s, "le", arena, &o, &err));
	assert_null(o.renewal_info);
	OK(store_offer_put(s, "le", "https://a/dir", &offer, &err));
	RC(1, store_offer_get(s, "le", arena, &o, &err));
	assert_string_equal(o.renewal_info, offer.renewal_info);
	assert_string_equal(o.profiles, offer.profiles);
	assert_string_equal(o.caa, offer.caa);
	assert_int_equal(o.ts, offer.ts);
	assert_string_equal(store_offer_profile(&o, "one", arena), "the first");
	assert_string_equal(store_offer_profile(&o, "one-day", arena), "short");
	assert_string_equal(store_offer_profile(&o, "bare", arena), "");
	assert_null(store_offer_profile(&o, "on", arena));
	assert_null(store_offer_profile(&o, "the first", arena));
	assert_null(store_offer_profile(&o, "", arena));
}

static void limits(void **state)
{
	char big[STORE_OFFER_TEXT_MAX + 2];
	struct store_offer offer = { .renewal_info = "" };

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	offer.profiles = big;
	FAILS(ERR_LIMIT, "too long",
	      store_offer_put(s, "le", "https://a/dir", &offer, &err));
	big[1001] = '\0';
	offer.profiles = NULL;
	offer.renewal_info = big;
	FAILS(ERR_LIMIT, "renewalInfo",
	      store_offer_put(s, "le", "https://a/dir", &offer, &err));
}

static void chains(void **state)
{
	const struct store_ca none = { NULL };
	const struct store_ca ca = { .name = "le",
				     .directory = "https://a/dir" };
	const struct store_chains two = {
		.v = { { "Root X1", AA, 100 }, { "Root\tX2", BB, 100 } }, .n = 2
	};
	const struct store_chains one = { .v = { { "Root X1", AA, 200 } },
					  .n = 1 };
	struct store_chains c, many = { .n = 0 };
	struct store_ca now;

	RC(0, store_chains_get(s, "le", arena, &c, &err));
	OK(store_chains_put(s, "le", "https://a/dir", &two, &err));
	OK(store_ca_put(s, &ca, &none, arena, &now, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 0);
	OK(store_chains_put(s, "le", "https://b/dir", &two, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 0);
	OK(store_chains_put(s, "le", "https://a/dir", &one, &err));
	OK(store_chains_put(s, "le", "https://a/dir", &two, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].issuer, "Root X1");
	assert_string_equal(c.v[0].sha256, AA);
	assert_int_equal(c.v[0].ts, 100);
	assert_string_equal(c.v[1].issuer, "Root?X2");
	OK(store_chains_put(s, "le", "https://a/dir", &one, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 2);
	assert_int_equal(c.v[0].ts, 200);
	assert_int_equal(c.v[1].ts, 100);
	/* ten, and no more */
	for (; many.n < STORE_CHAINS_MAX; many.n++)
		many.v[many.n] = (struct store_chain){
			"a", arena_printf(arena, "%064zu", many.n), 300
		};
	OK(store_chains_put(s, "le", "https://a/dir", &many, &err));
	OK(store_chains_put(s, "le", "https://a/dir", &one, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, STORE_CHAINS_MAX);
	assert_string_equal(c.v[0].sha256, AA);
	assert_string_equal(c.v[9].sha256 + 63, "8");
	/* what is none of ours */
	OK(db_script(
		s->db,
		"UPDATE cas SET chains = 'x\ny\tz\n\n\t\t\nu\tv\t-1\nA\t\t7\n"
		"B\t" BB "0\t8\nC\t0123\t8\n\t\t8\nD\x1b\t" BB "\t8\n\x7f\t" BB
		"\t8\nE\taa\"; directory = \"https://evil/d\t8\n'",
		&err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 1);
	assert_string_equal(c.v[0].issuer, "A");
	assert_string_equal(c.v[0].sha256, "");
	assert_int_equal(c.v[0].ts, 7);
}

/* Of the CA that was called so, nothing is true of the one that is now. */
static void another(void **state)
{
	const struct store_ca none = { NULL };
	struct store_ca ca = { .name = "le",
			       .directory = "https://a/dir",
			       .account = "https://a/1",
			       .account_key = "thumb",
			       .eab_kid = "kid" };
	const struct store_pin pin = { "https://a/dir", "corp.example secure x",
				       7, 8 };
	const struct store_offer offer = { .renewal_info = "https://a/ri",
					   .profiles = "one\tthe first\n",
					   .caa = "a.org",
					   .ts = 1700000000 };
	const struct store_chains one = { .v = { { "Root X1", AA, 200 } },
					  .n = 1 };
	struct store_chains c;
	struct store_offer o;
	struct store_pin found;
	struct store_ca now;

	RC(1, store_pin_put(s, "le", "", &pin, &err));
	OK(store_ca_put(s, &ca, &none, arena, &now, &err));
	OK(store_offer_put(s, "le", "https://a/dir", &offer, &err));
	OK(store_chains_put(s, "le", "https://a/dir", &one, &err));
	/* it is the same one: all stays */
	OK(store_ca_put(s, &ca, &now, arena, &now, &err));
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 1);
	RC(1, store_offer_get(s, "le", arena, &o, &err));
	assert_int_equal(o.ts, 1700000000);
	RC(1, store_pin_get(s, "le", arena, &found, &err));
	assert_string_equal(found.discovered, "corp.example secure x");

	ca = (struct store_ca){ .name = "le", .directory = "https://b/dir" };
	OK(store_ca_put(s, &ca, &now, arena, &now, &err));
	assert_null(now.account);
	assert_null(now.account_key);
	assert_null(now.eab_kid);
	RC(1, store_chains_get(s, "le", arena, &c, &err));
	assert_int_equal(c.n, 0);
	RC(1, store_offer_get(s, "le", arena, &o, &err));
	assert_null(o.renewal_info);
	assert_null(o.profiles);
	assert_null(o.caa);
	assert_int_equal(o.ts, 0);
	RC(1, store_pin_get(s, "le", arena, &found, &err));
	assert_null(found.discovered);
	assert_int_equal(found.ts_discovered, 0);
	assert_int_equal(found.ts_down, 0);
}

/* What is none of ours costs nobody his run: not what a CA offers, not what it
 * was seen to give. */
static void strange(void **state)
{
	static const struct store_ca none = { NULL };
	static const struct store_ca ca = { .name = "le",
					    .directory = "https://a/dir" };
	static const struct store_chains one = {
		.v = { { "Root X1", "", 200 } }, .n = 1
	};
	static const char *const nul[][2] = {
		{ "UPDATE cas SET profiles = 'one' || char(9) || 'x' || "
		  "char(10) || char(0) || 'y', chains = 'a' || char(0)",
		  "UPDATE cas SET profiles = concat('one', char(9), 'x', "
		  "char(10), char(0), 'y'), chains = concat('a', char(0))" },
		{ "UPDATE cas SET profiles = hex(zeroblob(70000)), "
		  "chains = hex(zeroblob(70000))",
		  NULL /* the column does not hold so much */ },
		{ "UPDATE cas SET profiles = 7, chains = 7", NULL },
	};
	struct store_offer o;
	struct store_chains c;
	struct store_ca now;

	OK(store_ca_put(s, &ca, &none, arena, &now, &err));
	for (size_t i = 0; i < ARRAY_LEN(nul); i++) {
		const char *sql =
			nul[i][strcmp(db_dialect(s->db), "sqlite") != 0];

		if (!sql)
			continue;
		OK(db_script(s->db, sql, &err));
		RC(1, store_offer_get(s, "le", arena, &o, &err));
		if (i == 0)
			assert_string_equal(
				store_offer_profile(&o, "one", arena), "x");
		else
			assert_null(store_offer_profile(&o, "one", arena));
		RC(1, store_chains_get(s, "le", arena, &c, &err));
		assert_int_equal(c.n, 0);
		OK(store_chains_put(s, "le", "https://a/dir", &one, &err));
		RC(1, store_chains_get(s, "le", arena, &c, &err));
		assert_int_equal(c.n, 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(put_and_get, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(chains, setup, teardown),
		cmocka_unit_test_setup_teardown(another, setup, teardown),
		cmocka_unit_test_setup_teardown(strange, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
