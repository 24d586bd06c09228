/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include "jout.h"
#include "store.h"

/* jansson reads it back. */
static void reads_back(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4096);
	json_t *root, *list;

	sbuf_addc(&out, '{');
	jout_str(&out, "text", "say \"hi\"\n\\ \x01 \xc3\xa4 \xff");
	jout_str(&out, "none", NULL);
	jout_int(&out, "least", INT64_MIN);
	jout_int(&out, "most", INT64_MAX);
	jout_key(&out, "list");
	sbuf_adds(&out, "[{");
	jout_bool(&out, "yes", true);
	sbuf_adds(&out, "},{");
	jout_bool(&out, "no", false);
	sbuf_adds(&out, "}]}");
	root = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), 5);
	assert_true(json_is_null(json_object_get(root, "none")));
	assert_int_equal(
		strncmp(json_string_value(json_object_get(root, "text")),
			"say \"hi\"\n\\ \x01 ", 13),
		0);
	assert_true(json_integer_value(json_object_get(root, "least")) ==
		    INT64_MIN);
	assert_true(json_integer_value(json_object_get(root, "most")) ==
		    INT64_MAX);
	list = json_object_get(root, "list");
	assert_int_equal(json_array_size(list), 2);
	assert_true(
		json_is_true(json_object_get(json_array_get(list, 0), "yes")));
	assert_true(
		json_is_false(json_object_get(json_array_get(list, 1), "no")));
	json_decref(root);
}

static void times(void **state)
{
	static const struct {
		int64_t t;
		const char *json;
	} cases[] = {
		{ 0, "null" },	{ 1, "null" }, { STORE_NEVER, "null" },
		{ -1, "null" }, { 2, "2" },    { 1795694400, "1795694400" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100);
		char want[60];

		snprintf(want, sizeof(want), "{\"t\":%s", cases[i].json);
		sbuf_addc(&out, '{');
		jout_time(&out, "t", cases[i].t);
		assert_string_equal(sbuf_str(&out), want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
