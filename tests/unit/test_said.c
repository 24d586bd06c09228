/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "said.h"

static void line_is(const char *text, const char *want)
{
	char *line = said_line(text);

	assert_string_equal(line, want);
	free(line);
}

static void one_line(void **state)
{
	line_is("", "");
	line_is(" \n\r\n\t\n", "");
	line_is("no memory", "\"no memory\"");
	line_is("\n  a\tb  \r\n\n c \n", "\"a b / c\"");
	line_is("a\rb\n", "\"a / b\"");
	/* nginx 1.22 -t, on Debian */
	line_is("nginx: [emerg] cannot load certificate \"/x\": BIO_new_file() "
		"failed\nnginx: configuration file /etc/nginx/nginx.conf test "
		"failed\n",
		"\"nginx: [emerg] cannot load certificate '/x': BIO_new_file() "
		"failed / nginx: configuration file /etc/nginx/nginx.conf test "
		"failed\"");
}

/* The reason is at either end. */
static void of_many(void **state)
{
	char text[100 * 100], *line;
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += (size_t) snprintf(text + n, sizeof(text) - n,
				       "this is line %d of a hundred\n", i);
	line = said_line(text);
	assert_in_range(strlen(line), 200, SAID_LINE_MAX);
	assert_memory_equal(line,
			    "\"this is line 0 of a hundred / this is line "
			    "1 of",
			    48);
	assert_non_null(strstr(line, " ... "));
	assert_non_null(strstr(line, "this is line 98 of a hundred / this is "
				     "line 99 of a hundred\""));
	free(line);
}

/* Of a long last line its beginning is there, and what is before it. */
static void long_lines(void **state)
{
	char text[3000], *line;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "one: ", 5);
	line = said_line(text);
	assert_in_range(strlen(line), SAID_LINE_MAX - 10, SAID_LINE_MAX);
	assert_memory_equal(line, "\"one: xx", 8);
	free(line);
	memcpy(text + 1000, "\nwhy: ", 6);
	memcpy(text + 2000, "\nend: ", 6);
	line = said_line(text);
	assert_in_range(strlen(line), SAID_LINE_MAX - 10, SAID_LINE_MAX);
	assert_memory_equal(line, "\"one: xx", 8);
	assert_non_null(strstr(line, " / end: xx"));
	free(line);
}

static void text_is(const struct said *s, const char *want)
{
	struct sbuf out = SBUF_INIT(SAID_MAX);

	said_text(s, &out);
	assert_false(sbuf_over(&out));
	assert_string_equal(sbuf_str(&out), want);
	sbuf_free(&out);
}

static char letter(size_t i)
{
	return (char) ('a' + i % 23);
}

/* However the bytes come: what is kept is the first and the last ones. */
static void pieces(void **state)
{
	static const size_t steps[] = { 1, 7, 4095, 4096, 4097, 20000 };
	static const size_t totals[] = { 0,    1,    4096,  4097,
					 8192, 8193, 12288, 20000 };
	static char all[20000], want[SAID_MAX + 1];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = letter(i);
	for (size_t t = 0; t < ARRAY_LEN(totals); t++) {
		size_t total = totals[t];
		size_t lost = total > 8192 ? total - 8192 : 0;

		snprintf(want, sizeof(want), "%.*s", (int) total, all);
		if (lost > 0)
			snprintf(want, sizeof(want),
				 "%.4096s\n[... %zu bytes are left out "
				 "...]\n%.4096s",
				 all, lost, all + total - 4096);
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			struct said s = { .n = 0 };
			size_t n;

			for (size_t at = 0; at < total; at += n) {
				n = steps[k] < total - at ? steps[k]
							  : total - at;
				said_add(&s, all + at, n);
			}
			text_is(&s, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line),
		cmocka_unit_test(of_many),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
