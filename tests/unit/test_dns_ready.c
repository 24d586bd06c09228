/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_ready.h"

#define OWNER "_acme-challenge.example.org"

static struct loop *loop;
static struct dns_net *net;
static struct peer one, two;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (loop_new(&loop, &err) == -1)
		return -1;
	net = dns_net_new(loop, 300);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	return 0;
}

static void test_has(void **state)
{
	struct dns_rr rr[] = {
		{ .owner = OWNER,
		  .type = DNS_TXT,
		  .data = (void *) "val",
		  .len = 3 },
		{ .owner = OWNER,
		  .type = DNS_TXT,
		  .data = (void *) "values",
		  .len = 6 },
		{ .owner = "www.example.org",
		  .type = DNS_TXT,
		  .data = (void *) "value",
		  .len = 5 },
		{ .owner = OWNER,
		  .type = DNS_TXT,
		  .data = (void *) "value",
		  .len = 5 },
	};
	struct dns_msg m = { .rr = rr, .n = 3 };
	char what[256] = "";

	assert_false(dns_ready_has(&m, OWNER, "value", what));
	assert_non_null(strstr(what, "2 other values"));
	m.n = 4;
	assert_true(dns_ready_has(&m, OWNER, "value", what));
	rr[3].section = DNS_ADDITIONAL;
	assert_false(dns_ready_has(&m, OWNER, "value", what));
	m.n = 0;
	assert_false(dns_ready_has(&m, OWNER, "value", what));
	assert_non_null(strstr(what, "without a TXT"));
	m.rcode = DNS_NXDOMAIN;
	assert_false(dns_ready_has(&m, OWNER, "value", what));
	assert_non_null(strstr(what, "NXDOMAIN"));
}

static size_t has(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		  unsigned char *out)
{
	/* asked directly: no recursion desired, TXT */
	if ((q[2] & 1) || peer_qtype(q, n) != DNS_TXT)
		return peer_begin(q, n, DNS_FORMERR, out);
	return peer_add(out, peer_begin(q, n, 0, out), 6, NULL, DNS_TXT,
			"\5value", 6);
}

static size_t has_not(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	return peer_begin(q, n, DNS_NXDOMAIN, out);
}

/* A resolver, which remembers that. */
static size_t remembers(struct peer *p, const unsigned char *q, size_t n,
			bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, DNS_NXDOMAIN, out);

	out[2] &= (unsigned char) ~4u;
	return peer_add_name(out, size, 8, "example.org", DNS_SOA, "ns1");
}

static size_t has_other(struct peer *p, const unsigned char *q, size_t n,
			bool tcp, unsigned char *out)
{
	return peer_add(out, peer_begin(q, n, 0, out), 6, NULL, DNS_TXT,
			"\5other", 6);
}

static size_t late(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		   unsigned char *out)
{
	return p->n_udp < 4 ? has_not(p, q, n, tcp, out)
			    : has(p, q, n, tcp, out);
}

static size_t silent(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return 0;
}

/* Answers once, then never again. */
static size_t dies(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		   unsigned char *out)
{
	return p->n_udp == 1 ? has_not(p, q, n, tcp, out) : 0;
}

static size_t refuses(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	return peer_begin(q, n, DNS_REFUSED, out);
}

static size_t fails(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		    unsigned char *out)
{
	return peer_begin(q, n, DNS_SERVFAIL, out);
}

static size_t not_auth(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out)
{
	return peer_begin(q, n, DNS_NOTAUTH, out);
}

static size_t refers(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);

	out[2] &= (unsigned char) ~4u;
	return peer_add_name(out, size, 8, ".", DNS_NS, "a.root.example");
}

static size_t garbage(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	size_t size = has(p, q, n, tcp, out);

	dns_put16(out + 6, 40);
	return size;
}

/* It loads the zone at last, an old one. */
static size_t recovers(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out)
{
	return p->n_udp < 3 ? fails(p, q, n, tcp, out)
			    : has_not(p, q, n, tcp, out);
}

static int called;
static struct err result;
static bool none;

static void over(void *arg, const struct err *err, bool absent)
{
	none = absent;
	called++;
	result = err ? *err : (struct err) ERR_INIT;
}

/* Wait for both; how long it took. */
static int64_t wait_for(peer_fn *first, peer_fn *second, int64_t timeout,
			int64_t grace)
{
	struct dns_watch *w = dns_watch_new(net, timeout, grace);
	struct dns_zone zone = { .name = "example.org", .n_check = 2 };
	int64_t before = clock_mono_ms();

	peer_open(&one, loop, "127.0.0.1", 0, first);
	peer_open(&two, loop, "127.0.0.1", 0, second);
	zone.check[0] = one.addr;
	zone.check[1] = two.addr;
	called = 0;
	dns_ready_wait(w, &zone, OWNER, "value", over, NULL);
	assert_int_equal(called, 0);
	peer_run(loop, &called, 1);
	dns_watch_free(&w);
	peer_close(&one);
	peer_close(&two);
	return clock_mono_ms() - before;
}

static void test_there_at_once(void **state)
{
	assert_in_range(wait_for(has, has, 5000, 2000), 0, 500);
	assert_int_equal(result.kind, ERR_NONE);
	assert_int_equal(one.n_udp, 1);
	assert_int_equal(two.n_udp, 1);
}

static void test_one_is_late(void **state)
{
	/* 20 + 40 + 80 ms */
	assert_in_range(wait_for(has, late, 5000, 2000), 140, 1500);
	assert_int_equal(result.kind, ERR_NONE);
	assert_int_equal(one.n_udp, 1);
	assert_int_equal(two.n_udp, 4);
}

static void test_one_never_has_it(void **state)
{
	char text[DNS_ADDR_TEXT];

	/* the grace is for the unreachable only */
	assert_in_range(wait_for(has, has_not, 1000, 100), 950, 3000);
	assert_int_equal(result.kind, ERR_TIMEOUT);
	assert_non_null(strstr(result.msg, dns_addr_text(&two.addr, text)));
	assert_non_null(strstr(result.msg, "NXDOMAIN"));
	assert_non_null(strstr(result.msg, OWNER));
	assert_false(none);
	wait_for(has, remembers, 500, 100);
	assert_int_equal(result.kind, ERR_TIMEOUT);
	assert_non_null(strstr(result.msg, "NXDOMAIN"));
	assert_true(none);
}

/* Something else is there: that is no absence to be remembered. */
static void test_one_has_another(void **state)
{
	wait_for(has, has_other, 500, 100);
	assert_int_equal(result.kind, ERR_TIMEOUT);
	assert_non_null(strstr(result.msg, "1 other value"));
	assert_false(none);
}

static void test_one_is_away(void **state)
{
	assert_in_range(wait_for(silent, has, 5000, 700), 650, 2500);
	assert_int_equal(result.kind, ERR_NONE);
	assert_false(none);
	/* it was there: it blocks */
	assert_in_range(wait_for(dies, has, 1500, 300), 1400, 4000);
	assert_int_equal(result.kind, ERR_TIMEOUT);
}

/* One that does not answer for the zone is no better than one that is away. */
static void test_one_does_not_serve(void **state)
{
	peer_fn *const lame[] = { refuses, fails, not_auth, refers, garbage };
	char text[DNS_ADDR_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(lame); i++) {
		assert_in_range(wait_for(lame[i], has, 9000, 400), 350, 3000);
		assert_int_equal(result.kind, ERR_NONE);
	}
	/* once it does, it blocks */
	wait_for(recovers, has, 1500, 500);
	assert_int_equal(result.kind, ERR_TIMEOUT);
	wait_for(refuses, fails, 9000, 400);
	assert_int_equal(result.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(result.msg, dns_addr_text(&one.addr, text)));
	assert_non_null(strstr(result.msg, "REFUSED"));
	assert_false(none);
}

static void test_all_are_away(void **state)
{
	assert_in_range(wait_for(silent, silent, 5000, 700), 650, 2500);
	assert_int_equal(result.kind, ERR_UNAVAILABLE);
}

/* Whether this host has IPv6 or not, an address that leads nowhere holds up
 * nobody for longer than the grace. */
static void test_ipv6_to_nowhere(void **state)
{
	struct dns_watch *w = dns_watch_new(net, 5000, 700);
	struct dns_zone zone = { .name = "example.org", .n_check = 2 };
	int64_t before = clock_mono_ms();
	struct err err = ERR_INIT;

	peer_open(&one, loop, "127.0.0.1", 0, has);
	zone.check[0] = one.addr;
	assert_int_equal(dns_addr_parse("2001:db8::1", &zone.check[1], &err),
			 0);
	called = 0;
	dns_ready_wait(w, &zone, OWNER, "value", over, NULL);
	peer_run(loop, &called, 1);
	assert_int_equal(result.kind, ERR_NONE);
	assert_in_range(clock_mono_ms() - before, 0, 2500);
	dns_watch_free(&w);
	peer_close(&one);
}

static void test_cancel(void **state)
{
	struct dns_watch *w = dns_watch_new(net, 5000, 1000);
	struct dns_zone zone = { .name = "example.org", .n_check = 1 };
	struct err err = ERR_INIT;

	peer_open(&one, loop, "127.0.0.1", 0, has_not);
	zone.check[0] = one.addr;
	called = 0;
	for (int rounds = 0; rounds < 4; rounds++) {
		struct dns_ready *r =
			dns_ready_wait(w, &zone, OWNER, "value", over, NULL);

		for (int i = 0; i < rounds; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		dns_ready_cancel(&r);
		dns_ready_cancel(&r);
	}
	assert_int_equal(called, 0);
	dns_watch_free(&w);
	peer_close(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_there_at_once),
		cmocka_unit_test(test_one_is_late),
		cmocka_unit_test(test_one_never_has_it),
		cmocka_unit_test(test_one_has_another),
		cmocka_unit_test(test_one_is_away),
		cmocka_unit_test(test_one_does_not_serve),
		cmocka_unit_test(test_all_are_away),
		cmocka_unit_test(test_ipv6_to_nowhere),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
