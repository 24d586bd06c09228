/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "pages.h"

#define NOW 1700000000

static struct store *store;
static struct pages *pages;
static struct strlist seen;
static struct certrepo_ca big = { .name = "big" }, small = { .name = "small" };
static void *cas[] = { &big, &small };
static struct certrepo_conf with = { .ca = { cas, 2 } };

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
	strlist_free(&seen);
	pages_free(&pages);
	store_free(&store);
	kit_end();
	return 0;
}

struct many {
	const char *ca;
	int n;
};

static int add_many(struct store *s, void *arg, struct err *e)
{
	const struct many *m = arg;
	char name[60];

	for (int i = 0; i < m->n; i++) {
		struct store_cert row = { .name = name,
					  .enabled = true,
					  .ca_name = m->ca,
					  .csr = BLOB("csr"),
					  .md5_modulus = "x" };

		snprintf(name, sizeof(name), "n%05d.%s.example.org", i,
			 m->ca ? m->ca : "none");
		if (store_add(s, &row, e) == -1)
			return -1;
	}
	return 0;
}

static void add(const char *ca, int n)
{
	struct many m = { ca, n };

	OK(store_tx(store, add_many, &m, &err));
}

static int on_pick(const struct pick *p, void *arg, struct err *e)
{
	strlist_add(arg, p->name);
	return 0;
}

static bool is_met(const char *name, void *arg)
{
	const struct strlist *l = arg;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return true;
	return false;
}

static size_t page_of(const char *ca)
{
	size_t i = 0;

	while (i < pages_n(pages) &&
	       strcmp(pages_ca(pages, i) ? pages_ca(pages, i) : "",
		      ca ? ca : "") != 0)
		i++;
	assert_true(i < pages_n(pages));
	return i;
}

static size_t pick(const char *ca)
{
	const struct pick_opts po = { .now = NOW, .write = true };
	size_t before = seen.n;

	OK(pages_pick(pages, page_of(ca), &po, is_met, on_pick, &seen, &err));
	return seen.n - before;
}

/* 1,200 names of one CA stand before nobody of another. */
static void queues(void **state)
{
	add("big", 1200);
	add("small", 3);
	add(NULL, 2);
	OK(db_script(store->db,
		     "UPDATE certs SET ts_expire = 1700003600, "
		     "ts_expire_seen = 1700003600 "
		     "WHERE name = 'n01199.big.example.org'",
		     &err));
	OK(pages_new(&with, store, NOW, &pages, &err));
	assert_int_equal(pages_n(pages), 3);
	assert_int_equal(pick("small"), 3);
	assert_false(pages_left(pages, page_of("small")));
	assert_int_equal(pick(NULL), 2);
	/* the one that has an hour left is the first of its queue */
	assert_int_equal(pick("big"), 1000);
	assert_string_equal(seen.v[5], "n01199.big.example.org");
	assert_true(pages_left(pages, page_of("big")));
	/* nobody took them: the page grows until it sees the rest */
	assert_int_equal(pick("big"), 0);
	assert_int_equal(pick("big"), 200);
	assert_false(pages_left(pages, page_of("big")));
}

/* More names of CAs than anybody has in rows nobody knows, before all. */
static void unknown(void **state)
{
	AUTO(mem_free_str) char *text = NULL;
	const struct pick_opts po = { .now = NOW, .write = true };

	add("a-typo", 1);
	add("small", 3);
	OK(pages_new(&with, store, NOW, &pages, &err));
	assert_int_equal(pages_n(pages), 2);
	assert_null(pages_unknown_text(pages));
	pages_free(&pages);
	add("another", 1200);
	OK(pages_new(&with, store, NOW, &pages, &err));
	assert_int_equal(pages_n(pages), 2);
	assert_string_equal(pages_ca(pages, 0), "small");
	assert_int_equal(pick("small"), 3);
	text = pages_unknown_text(pages);
	assert_string_equal(text,
			    "1201 names that are due name a CA that is not in "
			    "the configuration, n00000.a-typo.example.org for "
			    "one the CA \"a-typo\"");
	OK(pages_pick(pages, 1, &po, is_met, on_pick, &seen, &err));
	assert_int_equal(seen.n, 1003);
	OK(pages_pick_all(pages, 1, &po, on_pick, &seen, &err));
	assert_int_equal(seen.n, 1003 + 1201);
}

static int on_count(const struct pick *p, void *arg, struct err *e)
{
	size_t *n = arg;

	++*n;
	return 0;
}

/* More than a page of them, of which nothing is kept. */
static void looked_at(void **state)
{
	const struct pick_opts po = { .now = NOW };
	const int many = PICK_PAGE + 1;
	size_t n = 0;

	if (kit_mariadb())
		return;
	add("big", many);
	OK(pages_new(&with, store, NOW, &pages, &err));
	OK(pages_pick_all(pages, 0, &po, on_count, &n, &err));
	assert_int_equal(n, many);
}

static void nothing(void **state)
{
	OK(pages_new(&with, store, NOW, &pages, &err));
	assert_int_equal(pages_n(pages), 0);
	assert_null(pages_unknown_text(pages));
	pages_free(&pages);
	pages_free(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(queues, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
