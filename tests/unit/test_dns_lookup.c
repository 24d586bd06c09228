/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_lookup.h"

static struct loop *loop;
static struct dns_net *net;
static struct peer one, two;

struct got {
	int called;
	bool known;
	unsigned rcode;
	size_t n;
	struct err err;
};

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (loop_new(&loop, &err) == -1)
		return -1;
	net = dns_net_new(loop, 500);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	return 0;
}

static void over(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->known = m;
	if (m) {
		g->rcode = m->rcode;
		g->n = m->n;
	} else {
		g->err = *err;
	}
}

static size_t knows(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		    unsigned char *out)
{
	return peer_add(out, peer_begin(q, n, 0, out), 6, NULL, DNS_A,
			"\300\0\2\1", 4);
}

static size_t refuses(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	return peer_begin(q, n, DNS_REFUSED, out);
}

/* What a server with other zones says: ask over there. */
static size_t silent(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return 0;
}

static size_t refers(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return peer_add_name(out, peer_begin(q, n, 0, out), 8, "org", DNS_NS,
			     "a.nic.example");
}

static size_t denies(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return peer_add_name(out, peer_begin(q, n, DNS_NXDOMAIN, out), 8,
			     "example.org", DNS_SOA, "ns.example.org");
}

static size_t garbage(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	size_t size = knows(p, q, n, tcp, out);

	dns_put16(out + 6, 40);
	return size;
}

static struct dns_resolver *open_two(peer_fn *first, peer_fn *second)
{
	struct dns_addr a[2];

	peer_open(&one, loop, "127.0.0.1", 0, first);
	peer_open(&two, loop, "127.0.0.1", 0, second);
	a[0] = one.addr;
	a[1] = two.addr;
	return dns_resolver_new(net, a, 2, "/etc/resolv.conf");
}

static void close_two(struct dns_resolver **r)
{
	dns_resolver_free(r);
	peer_close(&one);
	peer_close(&two);
}

static void look(struct dns_resolver *r, const char *name, struct got *g)
{
	memset(g, 0, sizeof(*g));
	dns_lookup(r, name, DNS_A, over, g);
	assert_int_equal(g->called, 0);
	peer_run(loop, &g->called, 1);
}

static void test_the_next_one_is_asked(void **state)
{
	peer_fn *const useless[] = { refuses, refers, garbage };

	for (size_t i = 0; i < ARRAY_LEN(useless); i++) {
		struct dns_resolver *r = open_two(useless[i], knows);
		struct got g;

		look(r, "www.example.org", &g);
		assert_true(g.known);
		assert_int_equal(one.n_udp, 1);
		/* remembered: the one that knows is asked first now */
		look(r, "mail.example.org", &g);
		assert_true(g.known);
		assert_int_equal(one.n_udp, 1);
		assert_int_equal(two.n_udp, 2);
		close_two(&r);
	}
}

static void test_an_answer_that_there_is_nothing(void **state)
{
	struct dns_resolver *r = open_two(denies, knows);
	struct got g;

	look(r, "www.example.org", &g);
	assert_true(g.known);
	assert_int_equal(g.rcode, DNS_NXDOMAIN);
	assert_int_equal(two.n_udp, 0);
	close_two(&r);
}

static void test_nobody_knows(void **state)
{
	struct dns_resolver *r = open_two(refuses, refers);
	struct got g;

	look(r, "www.example.org", &g);
	assert_false(g.known);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "www.example.org A"));
	/* not kept: asked again */
	one.fn = knows;
	look(r, "www.example.org", &g);
	assert_true(g.known);
	assert_int_equal(one.n_udp, 2);
	close_two(&r);
}

/* It is the resolvers then, and no zone's servers. */
static void test_nobody_is_there(void **state)
{
	static const char *const text[] = { "127.0.0.1:9", "[::1]:9" };
	struct dns_resolver *r;
	struct dns_addr a[2];
	struct err err = ERR_INIT;
	struct got g;

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(dns_addr_parse(text[i], &a[i], &err), 0);
	r = dns_resolver_new(net, a, 1, "dns.resolvers");
	look(r, "example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(g.err.msg,
			    "the resolver 127.0.0.1:9 of dns.resolvers does "
			    "not answer: look-up of example.org A: DNS server "
			    "127.0.0.1:9: Connection refused");
	dns_resolver_free(&r);
	r = dns_resolver_new(net, a, 2, "/etc/resolv.conf");
	look(r, "example.org", &g);
	assert_non_null(strstr(g.err.msg,
			       "the resolvers 127.0.0.1:9, [::1]:9 of "
			       "/etc/resolv.conf do not answer: look-up"));
	dns_resolver_free(&r);
	/* one that does not answer, and one that does */
	r = open_two(refuses, refers);
	one.fn = silent;
	look(r, "example.org", &g);
	assert_null(strstr(g.err.msg, "not answer"));
	assert_non_null(strstr(g.err.msg, "without knowing it"));
	close_two(&r);
}

static void test_shared_and_kept(void **state)
{
	struct dns_resolver *r = open_two(knows, knows);
	struct got g = { .called = 0 };
	struct dns_lookup *l[3];

	for (int i = 0; i < 10; i++)
		dns_lookup(r, "www.example.org", DNS_A, over, &g);
	peer_run(loop, &g.called, 10);
	assert_int_equal(one.n_udp, 1);
	look(r, "www.example.org", &g);
	assert_int_equal(one.n_udp, 1);
	/* another type is another thing */
	dns_lookup(r, "www.example.org", DNS_AAAA, over, &g);
	peer_run(loop, &g.called, 2);
	assert_int_equal(one.n_udp, 2);
	/* one who gives up does not disturb the others */
	memset(&g, 0, sizeof(g));
	for (int i = 0; i < 3; i++)
		l[i] = dns_lookup(r, "ftp.example.org", DNS_A, over, &g);
	dns_lookup_cancel(&l[1]);
	peer_run(loop, &g.called, 2);
	/* neither while it waits for the next round */
	l[0] = dns_lookup(r, "ftp.example.org", DNS_A, over, &g);
	dns_lookup_cancel(&l[0]);
	dns_lookup_cancel(&l[0]);
	look(r, "www.example.org", &g);
	assert_int_equal(g.called, 1);
	close_two(&r);
}

/* Freed with questions under way that nobody waits for any more. */
static void test_freed_early(void **state)
{
	struct dns_resolver *r = open_two(knows, knows);
	struct got g = { .called = 0 };
	struct dns_lookup *l =
		dns_lookup(r, "www.example.org", DNS_A, over, &g);

	dns_lookup_cancel(&l);
	close_two(&r);
	assert_int_equal(g.called, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_one_is_asked),
		cmocka_unit_test(test_an_answer_that_there_is_nothing),
		cmocka_unit_test(test_nobody_knows),
		cmocka_unit_test(test_nobody_is_there),
		cmocka_unit_test(test_shared_and_kept),
		cmocka_unit_test(test_freed_early),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
