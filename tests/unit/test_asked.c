/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "asked.h"

#define NOW  1700000000 /* 2023-11-14T22:13:20Z */
#define NAME "www.example.org"

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

static void says(const char *self, enum asked want, const char *sentence)
{
	enum asked is = ASKED_FREE;
	char *text = NULL;

	OK(asked_look(store, self, NAME, NOW, &is, &text, &err));
	assert_int_equal(is, want);
	if (!text != !sentence || (text && !strstr(text, sentence)))
		fail_msg("%s", text ? text : "nothing");
	free(text);
}

static void not_enabled(const char *sentence)
{
	char *text = asked_not_enabled(store, NAME);

	if (!strstr(text, sentence))
		fail_msg("%s", text);
	free(text);
}

/* A failure is on record, as an order leaves it. */
static void failed(const char *class, bool hold)
{
	struct store_fail f = {
		.owner = "me",
		.next = hold ? STORE_NEVER : NOW + 60,
		.count = true,
		.hold = hold,
		.attempt = { .name = NAME, .outcome = class, .ts_end = NOW },
	};

	RC(1, store_claim(store, NAME, "me", NOW, NOW + 60, &err));
	OK(store_fail(store, &f, &err));
}

static void sentences(void **state)
{
	struct store_cert row = { .name = NAME,
				  .enabled = true,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };
	const struct store_field off = { "enable", "N" };
	struct store_park p = {
		.owner = "me",
		.next = NOW + 60,
		.attempt = { .name = NAME, .ts_end = NOW },
	};

	says("me", ASKED_GONE, "was removed meanwhile");
	not_enabled("is not enrolled in ");
	OK(store_add(store, &row, &err));
	says("me", ASKED_FREE, NULL);
	RC(1, store_claim(store, NAME, "web2-9", NOW, NOW + 60, &err));
	says("me", ASKED_LEASED,
	     NAME
	     ": on lease to the fetcher web2-9 until 2023-11-14T22:14:20Z");
	says(NULL, ASKED_LEASED, "web2-9");
	says("web2-9", ASKED_FREE, NULL);
	OK(store_release(store, NAME, "web2-9", &err));
	failed("dns", false);
	says("me", ASKED_WAITS,
	     "failed (dns), and its next attempt is at 2023-11-14T22:14:20Z");
	RC(1, store_claim(store, NAME, "me", NOW, NOW + 60, &err));
	OK(store_park(store, &p, &err));
	says("me", ASKED_WAITS, "its order waits for the CA");
	failed("caa", true);
	says("me", ASKED_WAITS, "held until someone acts (caa)");
	RC(1, store_set(store, NAME, &off, 1, 0, &err));
	not_enabled("it is disabled in ");
	not_enabled(": certrepo-populate enable " NAME);
}

/* As other programs have it; where it is a name, it is one. */
static void other_words(void **state)
{
	struct store_cert row = { .name = "renew",
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };
	char *text = asked_not_enabled(store, "renew");

	assert_non_null(strstr(text, "; is --once --force NAME meant?"));
	free(text);
	OK(store_add(store, &row, &err));
	text = asked_not_enabled(store, "renew");
	assert_non_null(strstr(text, "disabled"));
	free(text);
	row.name = "*.example.org";
	OK(store_add(store, &row, &err));
	text = asked_not_enabled(store, "*.example.org");
	assert_non_null(
		strstr(text, "certrepo-populate enable '*.example.org'"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sentences, setup, teardown),
		cmocka_unit_test_setup_teardown(other_words, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
