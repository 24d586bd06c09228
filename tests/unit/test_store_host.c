/* SPDX-License-Identifier: MIT */
/* What hosts ask, and what they say. */
#include "rows_kit.h"

static const struct store_host_cert *host_cert(
	const struct store_host_certs *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, name) == 0)
			return &all->v[i];
	return NULL;
}

static void test_host_certs(void **state)
{
	const char *names[] = { "a.example.org", "b.example.org",
				"gone.example.org" };
	const char *many[STORE_HOST_NAMES_MAX + 1];
	struct store_host_certs all = { 0 };
	struct store *host = NULL;

	add("a.example.org");
	add("b.example.org");
	add("c.example.org");
	accept_it("crt1", "ca1", 1000);
	raw("UPDATE certs SET enable = 'N' WHERE name = 'b.example.org'");
	OK(store_open(&conf, STORE_READ, &host, &err));
	OK(store_host_certs(host, names, 3, arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_true(host_cert(&all, "a.example.org")->enabled);
	assert_blob(host_cert(&all, "a.example.org")->crt, "crt1");
	assert_blob(host_cert(&all, "a.example.org")->ca, "ca1");
	assert_false(host_cert(&all, "b.example.org")->enabled);
	assert_null(host_cert(&all, "b.example.org")->crt.p);
	OK(store_host_certs(host, names, 1, arena, &all, &err));
	assert_int_equal(all.n, 1);
	OK(store_host_certs(host, names, 0, arena, &all, &err));
	assert_int_equal(all.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = arena_printf(arena, "h%zu.example.org", i);
	many[STORE_HOST_NAMES_MAX - 1] = "c.example.org";
	OK(store_host_certs(host, many, STORE_HOST_NAMES_MAX, arena, &all,
			    &err));
	assert_int_equal(all.n, 1);
	FAILS(ERR_LIMIT, "at most 500",
	      store_host_certs(host, many, STORE_HOST_NAMES_MAX + 1, arena,
			       &all, &err));
	/* The same query says when this program is too old for the schema. */
	raw("UPDATE schema_version SET min_reader = 900");
	FAILS(ERR_CONFIG, "upgrade this program",
	      store_host_certs(host, names, 3, arena, &all, &err));
	raw("UPDATE schema_version SET min_reader = 1");
	store_free(&host);
}

static void test_receipts(void **state)
{
	struct store_receipt r[] = {
		{ .name = "a.example.org",
		  .host = "web1",
		  .service = "nginx",
		  .endpoint = "127.0.0.1:443",
		  .protocol = "tls",
		  .state = "served",
		  .fingerprint = "abcd",
		  .serial = "01",
		  .ts_expire = 9000,
		  .depth = 2,
		  .ts = 100,
		  .version = "0.1",
		  .profile = "nginx",
		  .needs = "",
		  .heartbeat = 86400,
		  .ts_window = 700 },
		{ .name = "a.example.org",
		  .host = "web1",
		  .service = "nginx",
		  .endpoint = "",
		  .state = "activated",
		  .ts = 100 },
		{ .name = "",
		  .host = "web1",
		  .service = "",
		  .endpoint = "",
		  .state = "alive",
		  .ts = 100 },
	};
	struct store_receipts all = { 0 };

	OK(store_receipts_put(s, r, 3, &err));
	OK(store_receipts_put(s, r, 3, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].endpoint, "");
	assert_string_equal(all.v[1].endpoint, "127.0.0.1:443");
	assert_string_equal(all.v[1].state, "served");
	assert_int_equal(all.v[1].depth, 2);
	assert_null(all.v[1].detail);
	/* The views of MariaDB have no more. */
	if (!kit_mariadb()) {
		assert_string_equal(all.v[1].profile, "nginx");
		assert_string_equal(all.v[1].needs, "");
		assert_int_equal(all.v[1].heartbeat, 86400);
		assert_int_equal(all.v[1].ts_window, 700);
		assert_null(all.v[0].profile);
		assert_null(all.v[0].needs);
		assert_int_equal(all.v[0].heartbeat, 0);
	}
	r[0].state = "rolled-back";
	r[0].detail = "config test failed";
	r[0].fingerprint = NULL;
	OK(store_receipts_put(s, r, 1, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[1].state, "rolled-back");
	assert_string_equal(all.v[1].detail, "config test failed");
	assert_null(all.v[1].fingerprint);
	OK(store_receipts_of(s, "", arena, &all, &err));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].state, "alive");
	OK(store_receipts_put(s, r, 0, &err));
	/* Another host's, and what web1 says no more. */
	r[0].host = "other.example.org";
	OK(store_receipts_put(s, r, 1, &err));
	OK(store_receipts_mine(s, "web1", arena, &all, &err));
	assert_int_equal(all.n, 3);
	assert_string_equal(all.v[0].state, "alive");
	assert_string_equal(all.v[2].endpoint, "127.0.0.1:443");
	assert_string_equal(all.v[2].state, r[0].state);
	assert_string_equal(all.v[2].host, "web1");
	assert_int_equal(all.v[2].ts, r[0].ts);
	OK(store_receipts_mine(s, "web", arena, &all, &err));
	assert_int_equal(all.n, 0);
	OK(store_receipts_sync(s, &r[2], 1, r[1].host,
			       &(struct store_receipts){ .v = &r[1], .n = 2 },
			       NULL, &err));
	OK(store_receipts_of(s, "a.example.org", arena, &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].host, "other.example.org");
	assert_string_equal(all.v[1].host, "web1");
	assert_string_equal(all.v[1].endpoint, "");
	OK(store_receipts_of(s, "", arena, &all, &err));
	assert_int_equal(all.n, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_host_certs),
		TEST(test_receipts),
	};

	return ROWS_RUN(tests);
}
