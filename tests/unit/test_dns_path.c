/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "dns_path.h"
#include "mem.h"

static struct dns_rr cname(const char *owner, const char *to)
{
	return (struct dns_rr){ .owner = owner, .type = DNS_CNAME, .name = to };
}

static struct dns_rr soa(const char *owner)
{
	return (struct dns_rr){ .section = DNS_AUTHORITY,
				.owner = owner,
				.type = DNS_SOA,
				.name = "ns" };
}

/* All steps M allows; how the last one went. */
static int follow(struct dns_path *p, const struct dns_msg *m, struct err *err)
{
	char to[DNS_NAME_TEXT];
	bool dname;
	int rc;

	while ((rc = dns_path_alias(p, m, to, &dname, err)) == 1)
		if (dns_path_go(p, to, err) == -1)
			return -1;
	return rc;
}

static void test_steps(void **state)
{
	struct dns_rr rr[] = {
		cname("b.example", "c.tree.example"),
		cname("a.example", "b.example"),
		{ .owner = "tree.example", .type = DNS_DNAME, .name = "t.net" },
		cname("c.tree.example", "made.up.by.the.dname"),
		cname("elsewhere.example", "x.example"),
		{ .section = DNS_ADDITIONAL,
		  .owner = "c.t.net",
		  .type = DNS_CNAME,
		  .name = "evil.example" },
		soa("net"),
		soa("t.net"),
		soa("other.net"),
		soa("c.t.net.longer"),
	};
	struct dns_msg m = { .rr = rr, .n = ARRAY_LEN(rr) };
	struct err err = ERR_INIT;
	static struct dns_path p;
	char to[DNS_NAME_TEXT];
	bool dname = true;

	dns_path_init(&p, "a.example");
	assert_int_equal(dns_path_alias(&p, &m, to, &dname, &err), 1);
	assert_string_equal(to, "b.example");
	assert_false(dname);
	assert_int_equal(follow(&p, &m, &err), 0);
	assert_string_equal(dns_path_name(&p), "c.t.net");
	assert_int_equal(p.hops, 3);
	/* the closest zone that holds the name */
	assert_string_equal(dns_path_soa(&m, dns_path_name(&p))->owner,
			    "t.net");
	dns_path_init(&p, "c.tree.example");
	assert_int_equal(dns_path_alias(&p, &m, to, &dname, &err), 1);
	assert_true(dname);
	dns_path_init(&p, "tree.example");
	/* a DNAME says nothing about its own name */
	assert_int_equal(dns_path_alias(&p, &m, to, &dname, &err), 0);
	assert_null(dns_path_soa(&m, "tree.example"));
}

static void test_circles_and_limits(void **state)
{
	struct dns_rr circle[] = { cname("a", "b"), cname("b", "c"),
				   cname("c", "a") };
	struct dns_rr self[] = { cname("a", "a") };
	struct dns_rr deeper[] = {
		{ .owner = "d", .type = DNS_DNAME, .name = "x.d" },
	};
	struct dns_rr chain[9];
	static char names[10][4];
	struct dns_msg m = { .rr = circle, .n = 3 };
	struct err err = ERR_INIT;
	static struct dns_path p;

	dns_path_init(&p, "a");
	assert_int_equal(follow(&p, &m, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "circle"));
	m = (struct dns_msg){ .rr = self, .n = 1 };
	dns_path_init(&p, "a");
	assert_int_equal(follow(&p, &m, &err), -1);
	/* grows for ever */
	m = (struct dns_msg){ .rr = deeper, .n = 1 };
	dns_path_init(&p, "a.d");
	assert_int_equal(follow(&p, &m, &err), -1);
	assert_int_equal(p.hops, DNS_HOPS_MAX);
	for (int i = 0; i < 10; i++)
		snprintf(names[i], sizeof(names[i]), "n%d", i);
	for (int i = 0; i < 9; i++)
		chain[i] = cname(names[i], names[i + 1]);
	/* 8 are fine, 9 are not */
	m = (struct dns_msg){ .rr = chain, .n = 8 };
	dns_path_init(&p, "n0");
	assert_int_equal(follow(&p, &m, &err), 0);
	assert_string_equal(dns_path_name(&p), "n8");
	m.n = 9;
	dns_path_init(&p, "n0");
	assert_int_equal(follow(&p, &m, &err), -1);
	assert_non_null(strstr(err.msg, "more than 8"));
}

/* RFC 2308 section 5: the smaller one. RFC 2181 section 8: 31 bits. */
static void test_negative_ttl(void **state)
{
	static const struct {
		uint32_t ttl, minimum, want;
	} cases[] = {
		{ 7200, 1800, 1800 },
		{ 900, 1800, 900 },
		{ 60, 60, 60 },
		{ 0, 1800, 0 },
		{ 2147483647, 2147483647, 2147483647 },
		{ 2147483648, 1800, 0 },
		{ 1800, 4294967295, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_rr soa = { .ttl = cases[i].ttl,
				      .minimum = cases[i].minimum };

		assert_int_equal(dns_path_negative_ttl(&soa), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_circles_and_limits),
		cmocka_unit_test(test_negative_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
