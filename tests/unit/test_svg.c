/* SPDX-License-Identifier: MIT */
/* The pictures of the page: each bar's number is in a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "page.h"
#include "status_kit.h"

static char *pictures(const struct status_model *m)
{
	char *text = NULL;
	size_t len = 0;
	struct page p = { .m = m, .f = open_memstream(&text, &len) };

	assert_non_null(p.f);
	page_pictures(&p);
	assert_int_equal(fclose(p.f), 0);
	return text;
}

/* KIT_DAY 20787 is the day before KIT_NOW. */
static void pictures_have_their_numbers(void **state)
{
	struct status_model *m = kit_model();
	char *page = pictures(m);

	assert_non_null(strstr(page, "<tr><th scope=\"row\">2026-11-30</th>"
				     "<td class=\"n\">4<td class=\"n\">2\n"));
	assert_non_null(strstr(page, "<tr><th scope=\"row\">2026-11-29</th>"
				     "<td class=\"n\">7<td class=\"n\">0\n"));
	/* e ends in this week; it and what is overdue are renewed at once, d is
	 * issued, and e again after 106 hours */
	assert_non_null(strstr(page, "<tr><th scope=\"row\">2026-12-01</th>"
				     "<td class=\"n\">1<td class=\"n\">"));
	/* of days long past nothing is shown */
	assert_null(strstr(page, "<td class=\"n\">100<"));
	free(page);
	kit_free(&m);
}

/* All numbers are 0, or the largest there are. */
static void none_and_many(void **state)
{
	struct status_model *m = kit_model();
	char *page;

	m->n_names = m->n_totals = 0;
	page = pictures(m);
	assert_null(strstr(page, "height=\"0\""));
	assert_null(strstr(page, "<rect class=\"one\" x=\"44\" y=\"1"));
	free(page);
	m->totals[2].n = INT64_MAX;
	m->n_totals = 3;
	page = pictures(m);
	assert_non_null(strstr(page, ">9223372036854775807<"));
	free(page);
	m->totals[2].n = 3;
	kit_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_have_their_numbers),
		cmocka_unit_test(none_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
