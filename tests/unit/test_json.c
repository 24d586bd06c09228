/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include "out.h"
#include "status_kit.h"

/* jansson reads it back; NULL where it is no JSON, which fails. */
static json_t *read_back(const struct status_model *m, int want)
{
	char *text = NULL;
	size_t len = 0;
	json_error_t error;
	json_t *root;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(out_json(m, f), want);
	fclose(f);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s at %d:%d of %s", error.text, error.line,
			 error.column, text);
	free(text);
	return root;
}

static json_t *at(json_t *root, const char *list, size_t i)
{
	json_t *item = json_array_get(json_object_get(root, list), i);

	assert_non_null(item);
	return item;
}

static const char *str(json_t *of, const char *name)
{
	assert_non_null(json_object_get(of, name));
	return json_string_value(json_object_get(of, name));
}

static int64_t number(json_t *of, const char *name)
{
	assert_true(json_is_integer(json_object_get(of, name)));
	return json_integer_value(json_object_get(of, name));
}

static void head(void **state)
{
	struct status_model *m = kit_model();
	json_t *root = read_back(m, 1), *count;

	assert_int_equal(number(root, "version"), 1);
	assert_int_equal(number(root, "generated"), KIT_NOW);
	assert_string_equal(str(root, "store"),
			    "/var/lib/certrepo/certrepo.db");
	assert_true(json_is_true(json_object_get(root, "needs_somebody")));
	count = json_object_get(root, "count");
	assert_int_equal(number(count, "certificates"), KIT_NAMES);
	assert_int_equal(number(count, "act"), 2);
	assert_int_equal(number(count, "watch"), 1);
	assert_int_equal(number(count, "well"), 3);
	assert_int_equal(number(count, "hosts"), 3);
	assert_int_equal(number(count, "receipts"), 6);
	assert_int_equal(number(count, "requests"), 0);
	assert_string_equal(str(json_object_get(root, "fetching"), "state"),
			    "ok");
	assert_int_equal(json_array_size(json_object_get(root, "unread")), 0);
	json_decref(root);
	kit_free(&m);
}

static void certificates(void **state)
{
	struct status_model *m = kit_model();
	json_t *root = read_back(m, 1), *b = at(root, "certificates", 1), *r;

	assert_int_equal(json_array_size(json_object_get(root, "certificates")),
			 KIT_NAMES);
	assert_string_equal(str(at(root, "certificates", 0), "name"),
			    "c.example.org");
	assert_string_equal(str(b, "name"), "b.example.org");
	assert_string_equal(str(b, "state"), "not-served");
	assert_string_equal(str(b, "need"), "act");
	assert_string_equal(str(json_object_get(b, "renewal"), "need"), "well");
	assert_string_equal(str(json_object_get(b, "delivery"), "state"),
			    "not-served");
	assert_int_equal(number(json_object_get(b, "delivery"), "when"),
			 KIT_NOW - KIT_DAY);
	assert_null(str(b, "owner"));
	assert_int_equal(number(b, "not_after"), KIT_NOW + 88 * KIT_DAY);
	assert_int_equal(number(b, "hosts"), 2);
	assert_int_equal(number(b, "hosts_serving"), 1);
	assert_int_equal(json_array_size(json_object_get(b, "receipts")), 3);
	r = json_array_get(json_object_get(b, "receipts"), 2);
	assert_string_equal(str(r, "host"), "web2.example.org");
	assert_string_equal(str(r, "endpoint"), "192.0.2.2:8443");
	assert_string_equal(str(r, "served"), "previous");
	assert_string_equal(str(r, "reported"), "served");
	assert_int_equal(number(r, "served_not_after"), KIT_NOW + 25 * KIT_DAY);
	/* never, and nothing, are null */
	b = at(root, "certificates", 2);
	assert_string_equal(str(b, "name"), "d.example.org");
	assert_true(json_is_null(json_object_get(b, "not_after")));
	assert_true(json_is_null(json_object_get(b, "issuer")));
	assert_true(json_is_null(json_object_get(b, "delivery")));
	assert_int_equal(json_array_size(json_object_get(b, "receipts")), 0);
	json_decref(root);
	kit_free(&m);
}

/* Other people's words come back as they are, as far as they are text. */
static void hostile(void **state)
{
	static const char want[] = "<script>alert(\"1\")</script>|\\\n"
				   "\x1b[31m\xef\xbf\xbd";
	struct status_model *m = kit_model();
	json_t *root = read_back(m, 1);

	assert_string_equal(str(at(root, "certificates", 0), "owner"), want);
	assert_string_equal(str(at(root, "certificates", 0), "failure"), want);
	assert_string_equal(str(at(root, "cas", 1), "failure"), want);
	json_decref(root);
	kit_free(&m);
}

static void others(void **state)
{
	struct status_request asked = { 17, KIT_NOW - 60, "web3.example.org",
					"g.example.org", true };
	struct status_model *m = kit_model();
	json_t *root, *item;

	m->requests = &asked;
	m->n_requests = 1;
	m->all_requests = 1;
	m->unread[FLEET_PART_CAS] = "the CAs could not be read";
	m->unread[FLEET_PART_TOTALS] = "nor the totals";
	root = read_back(m, 1);
	assert_int_equal(json_array_size(json_object_get(root, "unread")), 2);
	item = at(root, "requests", 0);
	assert_int_equal(number(item, "id"), 17);
	assert_true(json_is_true(json_object_get(item, "new_key")));
	item = at(root, "hosts", 0);
	assert_string_equal(str(item, "host"), "db1.example.org");
	assert_string_equal(str(item, "state"), "silent");
	assert_int_equal(number(item, "heartbeat"), KIT_DAY);
	assert_true(json_is_null(
		json_object_get(at(root, "hosts", 2), "heartbeat")));
	item = at(root, "cas", 1);
	assert_int_equal(number(item, "renewals_30_days"), 9);
	assert_int_equal(number(item, "backoff_until"), KIT_NOW + KIT_HOUR);
	item = at(root, "fetchers", 0);
	assert_string_equal(str(item, "host"), "centre.example.org");
	assert_int_equal(number(item, "exit_status"), 0);
	assert_int_equal(json_array_size(json_object_get(root, "attempts")), 5);
	item = at(root, "attempts", 1);
	assert_int_equal(number(item, "day"), 20786 * KIT_DAY);
	assert_int_equal(number(item, "count"), 7);
	json_decref(root);
	kit_free(&m);
}

/* Only what was chosen. */
static void chosen(void **state)
{
	static const uint32_t one[] = { KIT_A };
	struct status_model *m = kit_model();
	json_t *root;

	kit_choose(m, one, 1);
	root = read_back(m, model_exit(m));
	assert_int_equal(json_array_size(json_object_get(root, "certificates")),
			 1);
	assert_int_equal(json_array_size(json_object_get(root, "hosts")), 0);
	json_decref(root);
	kit_free(&m);
}

static void nothing(void **state)
{
	struct status_model m = { .now = KIT_NOW, .store = "x" };
	json_t *root = read_back(&m, model_exit(&m));

	assert_int_equal(json_object_size(root), 13);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head),	   cmocka_unit_test(certificates),
		cmocka_unit_test(hostile), cmocka_unit_test(others),
		cmocka_unit_test(chosen),  cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
