/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "mem.h"
#include "orders.h"

static void test_domains(void **state)
{
	/* As https://publicsuffix.org/list/ has them. */
	static const struct {
		const char *name, *domain;
	} t[] = {
		{ "example.org", "example.org" },
		{ "www.example.org", "example.org" },
		{ "a.b.example.org+web1", "example.org" },
		{ "*.example.org", "example.org" },
		{ "www.example.co.uk", "example.co.uk" },
		{ "a.b.city.kawasaki.jp", "city.kawasaki.jp" },
		{ "someone.github.io", "someone.github.io" },
		/* what has none */
		{ "intranet", "intranet" },
		{ "co.uk", "co.uk" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		AUTO(mem_free_str) char *domain = orders_domain(t[i].name);

		assert_string_equal(domain, t[i].domain);
	}
}

static size_t with(struct orders *o, const char *a, const char *b,
		   const char *domain)
{
	const struct x509_id ids[] = { { X509_ID_DNS, a },
				       { X509_ID_IP, "192.0.2.1" },
				       { X509_ID_DNS, b } };
	AUTO(mem_free_str) char *got = NULL;
	size_t n = orders_with(o,
			       &(struct x509_ids){ a ? ids : ids + 1, b	  ? 3
								      : a ? 2
									  : 1 },
			       &got);

	assert_string_equal(got, domain);
	return n;
}

static void test_counts(void **state)
{
	AUTO(orders_free) struct orders *o = orders_new();
	const struct x509_id ids[] = { { X509_ID_DNS, "a.example.org" },
				       { X509_ID_DNS, "*.example.org" },
				       { X509_ID_DNS, "a.example.net" } };
	struct orders_line line;

	assert_int_equal(with(o, "x.example.org", NULL, "example.org"), 1);
	assert_int_equal(with(o, NULL, NULL, ""), 0);
	orders_there(o, "old.example.org");
	orders_there(o, "old.example.org+ec");
	orders_there(o, "other.example.com");
	orders_add(o, &(struct x509_ids){ ids, 3 });
	orders_add(o, &(struct x509_ids){ ids, 2 });
	assert_int_equal(orders_lines(o), 2);
	line = orders_line(o, 0);
	assert_string_equal(line.domain, "example.org");
	assert_int_equal(line.added, 2);
	assert_int_equal(line.all, 4);
	line = orders_line(o, 1);
	assert_string_equal(line.domain, "example.net");
	assert_int_equal(line.added, 1);
	assert_int_equal(line.all, 1);
	assert_int_equal(
		with(o, "x.example.net", "x.example.org", "example.org"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
