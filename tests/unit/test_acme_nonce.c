/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acme_nonce.h"

static void valid(void **state)
{
	char n[ACME_NONCE_MAX + 2];

	/* RFC 8555 section 6.5.1: base64url. */
	assert_true(acme_nonce_ok("oFvnlFP1wIhRlYS2jTaXbA"));
	assert_true(acme_nonce_ok("-_0"));
	assert_false(acme_nonce_ok(""));
	assert_false(acme_nonce_ok("a b"));
	assert_false(acme_nonce_ok("a+b"));
	assert_false(acme_nonce_ok("a\"b"));
	assert_false(acme_nonce_ok("a="));
	assert_false(acme_nonce_ok("\xc3\xa9"));
	memset(n, 'a', sizeof(n));
	n[ACME_NONCE_MAX + 1] = '\0';
	assert_false(acme_nonce_ok(n));
	n[ACME_NONCE_MAX] = '\0';
	assert_true(acme_nonce_ok(n));
}

static void take(struct acme_nonces *p, int64_t now, const char *want)
{
	char *got = acme_nonces_take(p, now);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

static void newest_first(void **state)
{
	struct acme_nonces p = { 0 };

	take(&p, 0, NULL);
	acme_nonces_add(&p, "a", ACME_NONCES_MAX, 1);
	acme_nonces_add(&p, "b", ACME_NONCES_MAX, 2);
	acme_nonces_add(&p, "not ok", ACME_NONCES_MAX, 3);
	acme_nonces_add(&p, NULL, ACME_NONCES_MAX, 3);
	assert_int_equal(acme_nonces_count(&p), 2);
	take(&p, 3, "b");
	acme_nonces_add(&p, "c", ACME_NONCES_MAX, 4);
	take(&p, 5, "c");
	take(&p, 5, "a");
	take(&p, 5, NULL);
	acme_nonces_free(&p);
}

static void bounded(void **state)
{
	struct acme_nonces p = { 0 };
	char text[20];

	for (int i = 0; i < 2 * ACME_NONCES_MAX + 5; i++) {
		(void) snprintf(text, sizeof(text), "n%d", i);
		acme_nonces_add(&p, text, ACME_NONCES_MAX, i);
	}
	assert_int_equal(acme_nonces_count(&p), ACME_NONCES_MAX);
	for (int i = 2 * ACME_NONCES_MAX + 4; i >= ACME_NONCES_MAX + 5; i--) {
		(void) snprintf(text, sizeof(text), "n%d", i);
		take(&p, 0, text);
	}
	take(&p, 0, NULL);
	acme_nonces_add(&p, "again", ACME_NONCES_MAX, 0);
	acme_nonces_free(&p);
	assert_int_equal(acme_nonces_count(&p), 0);
}

static void aged(void **state)
{
	struct acme_nonces p = { 0 };

	acme_nonces_add(&p, "old", ACME_NONCES_MAX, 0);
	acme_nonces_add(&p, "older", ACME_NONCES_MAX, 10);
	take(&p, ACME_NONCE_MAX_AGE + 11, NULL);
	assert_int_equal(acme_nonces_count(&p), 0);
	acme_nonces_add(&p, "new", ACME_NONCES_MAX, ACME_NONCE_MAX_AGE + 12);
	take(&p, ACME_NONCE_MAX_AGE + 12, "new");
	acme_nonces_free(&p);
}

/* Fewer are kept when fewer are wanted; the newest. */
static void fewer(void **state)
{
	struct acme_nonces p = { 0 };
	char *n;

	acme_nonces_add(&p, "a", 0, 1);
	assert_int_equal(acme_nonces_count(&p), 0);
	acme_nonces_add(&p, "b", 3, 1);
	acme_nonces_add(&p, "c", 3, 1);
	acme_nonces_add(&p, "d", 3, 1);
	acme_nonces_add(&p, "e", 1, 1);
	assert_int_equal(acme_nonces_count(&p), 1);
	n = acme_nonces_take(&p, 2);
	assert_string_equal(n, "e");
	free(n);
	acme_nonces_add(&p, "f", 1, 2);
	acme_nonces_free(&p);
	assert_int_equal(acme_nonces_count(&p), 0);
	acme_nonces_add(&p, "g", 1, 2);
	assert_int_equal(acme_nonces_count(&p), 1);
	acme_nonces_free(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fewer),	cmocka_unit_test(valid),
		cmocka_unit_test(newest_first), cmocka_unit_test(bounded),
		cmocka_unit_test(aged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
