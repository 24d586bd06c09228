/* SPDX-License-Identifier: MIT */
/* A host in full, of a model made by hand; names are in e2e/status.t. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "detail.h"
#include "status_kit.h"

static void test_host(void **state)
{
	struct status_model *m = kit_model();
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	m->unread[FLEET_PART_CAS] = "no";
	detail_host(m, f);
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(text, "  not read, so nothing is known of it: "
				     "no\n"));
	assert_non_null(strstr(text, "  host db1.example.org (installer "
				     "0.2.0): silent, waits for a person\n"));
	/* All of its endpoints show the newest, or one does not. */
	assert_non_null(strstr(text, "  a.example.org web (nginx): issued -> "
				     "fetched -> installed -> activated"));
	assert_non_null(strstr(text, "    192.0.2.2:8443 (tls), \"served\": "
				     "not-served, waits for a person\n"));
	assert_non_null(strstr(text, "backup (profile not known): issued"));
	assert_null(strchr(text, '\033'));
	free(text);
	kit_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
