/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "http_link.h"
#include "mem.h"

static const struct {
	const char *value;
	const char *want; /* the references, with blanks between */
} table[] = {
	{ "", "" },
	/* RFC 8555 section 7.4.2 */
	{ "<https://example.com/acme/directory>;rel=\"index\"", "" },
	{ "<https://example.com/acme/cert/mAt3xBGaobw/1>;rel=\"alternate\"",
	  "https://example.com/acme/cert/mAt3xBGaobw/1" },
	/* several in one, among others */
	{ "</1>;rel=alternate, </i>;rel=index,</2>; rel=\"alternate\"",
	  "/1 /2" },
	{ ", ,</1> ; rel = alternate ,", "/1" },
	{ "<>;rel=alternate", "" },
	/* RFC 8288 section 3.3: a list, in any case; the first one counts */
	{ "</1>;REL=\"up ALTERNATE\"", "/1" },
	{ "</1>;rel=up;rel=alternate", "" },
	{ "</1>;rel=alternate;rel=up", "/1" },
	{ "</1>;rel=alternates, </2>;rel=\"alternate-x\", </3>;relalternate",
	  "" },
	{ "</1>", "" },
	{ "</1>;rel", "" },
	{ "</1>;rel=", "" },
	/* what stands in quotes is no comma, no semicolon, no quote */
	{ "</1>;title=\"a, <x>;rel=alternate\";rel=alternate", "/1" },
	{ "</1>;title=\"\\\"\";rel=alternate", "/1" },
	{ "</1>;title*=UTF-8'de'n%c3%a4;rel=\"alternate\"", "/1" },
	/* section 3.2: about something else */
	{ "</1>;rel=alternate;anchor=\"#foo\", </2>;rel=alternate", "/2" },
	/* what cannot be read ends it */
	{ "</1>;rel=alternate, x, </2>;rel=alternate", "/1" },
	{ "</1>;rel=alternate </2>;rel=alternate", "/1" },
	{ "</1;rel=alternate", "" },
	{ "/1;rel=alternate", "" },
	{ "</1>;title=\"open;rel=alternate", "" },
	{ "</1>;rel=\"alternate", "/1" },
	{ "</1>;rel=\"alternate\\", "" },
	{ "</1>;;;;rel=alternate", "/1" },
};

static void next(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct arena *arena = arena_new();
		const char *p = table[i].value, *ref, *all = "";

		while ((ref = http_link_next(&p, "alternate", arena)))
			all = arena_printf(arena, "%s%s%s", all,
					   *all ? " " : "", ref);
		assert_string_equal(p, "");
		if (strcmp(all, table[i].want) != 0)
			fail_msg("%s: %s", table[i].value, all);
		arena_free(&arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
