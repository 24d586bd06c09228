/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "record.h"

#define KIND "certrepo-test"
#define MAX  4096

/* The sum is sha256sum's. */
static const char whole[] =
	"certrepo-test\t2\n"
	"a\\\\b\tc\\td\\ne\\r\t-\t\\-\t\t-x\n"
	"n\t-42\n"
	"\\end\t2\t"
	"62cedf9a76f09e0ecee909e83e854ce9ae3185ce71baf2f1b787013d7d3833e8\n";

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static void fill(struct record_out *o, size_t max)
{
	record_begin(o, KIND, 2, max);
	record_line(o);
	record_add(o, "a\\b");
	record_add(o, "c\td\ne\r");
	record_add(o, NULL);
	record_add(o, "-");
	record_add(o, "");
	record_add(o, "-x");
	record_key(o, "n");
	record_add_int(o, -42);
}

static int parse(const char *text, struct record *ret, struct err *err)
{
	*err = (struct err) ERR_INIT;
	return record_parse(text, strlen(text), KIND, 2, arena, ret, err);
}

static void check(const struct record *r)
{
	assert_int_equal(r->version, 2);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->v[0].n, 6);
	assert_string_equal(r->v[0].v[0], "a\\b");
	assert_string_equal(r->v[0].v[1], "c\td\ne\r");
	assert_null(r->v[0].v[2]);
	assert_string_equal(r->v[0].v[3], "-");
	assert_string_equal(r->v[0].v[4], "");
	assert_string_equal(r->v[0].v[5], "-x");
	assert_true(record_is(&r->v[1], "n", 2));
	assert_false(record_is(&r->v[1], "n", 3));
	assert_false(record_is(&r->v[1], "m", 2));
	assert_int_equal(record_int(&r->v[1], 1), -42);
	assert_int_equal(record_int(&r->v[1], 0), 0);
	assert_int_equal(record_int(&r->v[1], 2), 0);
	assert_int_equal(record_int(&r->v[0], 2), 0);
}

static void as_the_format_says(void **state)
{
	AUTO(record_out_free) struct record_out o;
	struct err err = ERR_INIT;
	struct record r;

	fill(&o, MAX);
	assert_int_equal(record_end(&o, &err), 0);
	assert_string_equal(sbuf_str(&o.text), whole);
	assert_int_equal(parse(whole, &r, &err), 0);
	check(&r);
}

static void on_disk(void **state)
{
	AUTO(record_out_free) struct record_out o;
	const char *path = arena_strdup(arena, scratch("state"));
	struct err err = ERR_INIT;
	struct record r;
	struct stat st;

	assert_int_equal(record_read(path, KIND, 2, MAX, arena, &r, &err), 0);
	fill(&o, MAX);
	assert_int_equal(record_write(&o, path, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(record_read(path, KIND, 2, MAX, arena, &r, &err), 1);
	check(&r);
	assert_int_equal(record_read(path, KIND, 2, 20, arena, &r, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	scratch_write(path, "certrepo-test\t2\nn\t-42\n", 0600);
	assert_int_equal(record_read(path, KIND, 2, MAX, arena, &r, &err), -1);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.msg, "cut"));
}

/* Wherever it ends too early, and whatever byte is another. */
static void cut_or_damaged(void **state)
{
	char text[sizeof(whole)];
	struct err err;
	struct record r;

	for (size_t len = 1; len < sizeof(whole) - 1; len++) {
		memcpy(text, whole, len);
		text[len] = '\0';
		assert_int_equal(parse(text, &r, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_non_null(strstr(err.msg, "cut"));
	}
	/* Behind the first line, which says what it is. */
	for (size_t i = 16; i < sizeof(whole) - 1; i++) {
		memcpy(text, whole, sizeof(whole));
		text[i] ^= 1;
		assert_int_equal(parse(text, &r, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	memcpy(text, whole, sizeof(whole));
	text[20] = '\0';
	err_clear(&err);
	assert_int_equal(
		record_parse(text, sizeof(whole) - 1, KIND, 2, arena, &r, &err),
		-1);
	assert_int_equal(parse("certrepo-test\t3\nx\n", &r, &err), -1);
	assert_non_null(strstr(err.msg, "newer version"));
	assert_int_equal(parse("certrepo-test\t\nx\n", &r, &err), -1);
	assert_int_equal(parse("certrepo-test\t99999999999999999\n", &r, &err),
			 -1);
}

/* Without first and last line, without escapes. */
static void version_before(void **state)
{
	struct err err;
	struct record r;

	assert_int_equal(parse("", &r, &err), 0);
	assert_int_equal(r.n, 0);
	assert_int_equal(parse("junk\n", &r, &err), -1);
	assert_non_null(strstr(err.msg, "line 1 of it is damaged"));
	assert_int_equal(parse("a\\tb\t-\t\n\nx\t\n", &r, &err), 0);
	assert_int_equal(r.version, 1);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.v[0].n, 3);
	assert_string_equal(r.v[0].v[0], "a\\tb");
	assert_null(r.v[0].v[1]);
	assert_string_equal(r.v[0].v[2], "");
	assert_int_equal(r.v[1].n, 1);
	assert_string_equal(r.v[1].v[0], "");
	assert_int_equal(parse("certrepo-test\t1\nx\n", &r, &err), 0);
	assert_int_equal(r.version, 1);
	assert_int_equal(r.n, 1);
	assert_int_equal(parse("a\tb\nc", &r, &err), -1);
	assert_non_null(strstr(err.msg, "cut"));
}

static void limits(void **state)
{
	AUTO(record_out_free) struct record_out o;
	struct err err = ERR_INIT;
	struct record r;
	char text[2 * (RECORD_FIELDS_MAX + 2)] = "";

	fill(&o, 60);
	assert_int_equal(record_end(&o, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(record_write(&o, scratch("none"), &err), -1);
	assert_int_equal(access(scratch("none"), F_OK), -1);
	for (size_t i = 0; i < RECORD_FIELDS_MAX; i++)
		strcat(text, i == 0 ? "x" : "\tx");
	strcat(text, "\n");
	assert_int_equal(parse(text, &r, &err), 0);
	assert_int_equal(r.v[0].n, RECORD_FIELDS_MAX);
	text[strlen(text) - 1] = '\0';
	strcat(text, "\tx\n");
	assert_int_equal(parse(text, &r, &err), -1);
	assert_non_null(strstr(err.msg, "line 1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_format_says),
		cmocka_unit_test(on_disk),
		cmocka_unit_test(cut_or_damaged),
		cmocka_unit_test(version_before),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
