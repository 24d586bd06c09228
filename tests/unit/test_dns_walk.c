/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_walk.h"
#include "mem.h"

/* --- pure --- */

static void test_domain(void **state)
{
	/* suffixes of https://publicsuffix.org/list/, its ICANN section */
	static const char *const cases[][2] = {
		{ "_acme-challenge.www.example.org", "example.org" },
		{ "example.org", "example.org" },
		{ "_acme-challenge.a.b.example.co.uk", "example.co.uk" },
		/* a wildcard rule and its exception */
		{ "a.b.c.ck", "b.c.ck" },
		{ "a.www.ck", "www.ck" },
		/* one nobody has listed */
		{ "x.y.corp", "y.corp" },
		/* suffixes themselves: never the name of a challenge */
		{ "_acme-challenge.co.uk", "co.uk" },
		{ "_acme-challenge.corp", "corp" },
		{ "_acme-challenge", "." },
		{ ".", "." },
		/* a label is not what stands between any two dots */
		{ "a\\.b.example.org", "example.org" },
		{ "_x._acme-challenge.example.org", "example.org" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(dns_walk_domain(cases[i][0]), cases[i][1]);
}

static struct dns_rr rr(enum dns_section section, unsigned type,
			const char *owner)
{
	return (struct dns_rr){ .section = section,
				.type = type,
				.owner = owner,
				.name = "ns.example" };
}

static void test_says(void **state)
{
	static const struct {
		struct dns_rr rr;
		unsigned rcode;
		bool aa;
		enum dns_says want;
	} cases[] = {
#define NAME "a.sub.example.org"
		{ .rr = { DNS_ANSWER, NAME, DNS_CNAME },
		  .want = DNS_SAYS_ANSWER },
		{ .rr = { DNS_ANSWER, "example.org", DNS_DNAME },
		  .want = DNS_SAYS_ANSWER },
		{ .rr = { DNS_AUTHORITY, "example.org", DNS_SOA },
		  .rcode = DNS_NXDOMAIN,
		  .want = DNS_SAYS_ANSWER },
		{ .rr = { DNS_AUTHORITY, "sub.example.org", DNS_SOA },
		  .want = DNS_SAYS_ANSWER },
		/* it holds a zone above, not this one */
		{ .rr = { DNS_AUTHORITY, "org", DNS_SOA },
		  .rcode = DNS_NXDOMAIN,
		  .aa = true,
		  .want = DNS_SAYS_NO_ZONE },
		{ .rr = { DNS_AUTHORITY, "sub.example.org", DNS_NS },
		  .want = DNS_SAYS_REFERRAL },
		/* back to itself, up, aside: it does not know */
		{ .rr = { DNS_AUTHORITY, "example.org", DNS_NS },
		  .want = DNS_SAYS_NOTHING },
		{ .rr = { DNS_AUTHORITY, ".", DNS_NS },
		  .want = DNS_SAYS_NOTHING },
		{ .rr = { DNS_AUTHORITY, "b.example.org", DNS_NS },
		  .want = DNS_SAYS_NOTHING },
		{ .rr = { DNS_ANSWER, "x.example.org", DNS_TXT },
		  .want = DNS_SAYS_NOTHING },
		{ .rr = { DNS_ADDITIONAL, NAME, DNS_TXT },
		  .want = DNS_SAYS_NOTHING },
		/* an empty answer, by a server that has the zone */
		{ .rr = { DNS_ADDITIONAL, NAME, DNS_TXT },
		  .aa = true,
		  .want = DNS_SAYS_ANSWER },
		{ .rr = { DNS_ANSWER, NAME, DNS_CNAME },
		  .rcode = DNS_SERVFAIL,
		  .aa = true,
		  .want = DNS_SAYS_NOTHING },
		{ .rr = { DNS_AUTHORITY, "sub.example.org", DNS_NS },
		  .rcode = DNS_REFUSED,
		  .want = DNS_SAYS_NOTHING },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_rr one = rr(cases[i].rr.section, cases[i].rr.type,
				       cases[i].rr.owner);
		struct dns_msg m = { .rcode = cases[i].rcode,
				     .authoritative = cases[i].aa,
				     .rr = &one,
				     .n = 1 };
		const char *cut = NULL;
		enum dns_says got =
			dns_walk_says(&m, NAME, "example.org", &cut);

		if (got != cases[i].want)
			fail_msg("case %zu: %d", i, got);
		if (got == DNS_SAYS_REFERRAL)
			assert_string_equal(cut, "sub.example.org");
	}
}

/* --- walks --- */

/* The resolver, two servers of example.org, one of sub.example.org; each on
 * an address of its own, at one port. */
static struct loop *loop;
static struct dns_net *net;
static struct peer resolver, lame, up, down;
static struct dns_resolver *lookups;
static struct dns_walker *walker;
static char asked[4096]; /* of the resolver */
static bool no_glue, no_domain, no_zone, only_aaaa;

static void note(const unsigned char *q, size_t n)
{
	size_t pos = DNS_HEADER;

	while (q[pos] && strlen(asked) < sizeof(asked) - 100) {
		strncat(asked, (const char *) q + pos + 1, q[pos]);
		pos += q[pos] + 1u;
		strcat(asked, q[pos] ? "." : "");
	}
	snprintf(asked + strlen(asked), 20, "/%u%s ", peer_qtype(q, n),
		 q[2] & 1 ? "" : "!");
}

static size_t resolves(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, no_domain ? DNS_NXDOMAIN : 0, out);
	unsigned type = peer_qtype(q, n);

	note(q, n);
	if (type == DNS_NS && no_domain)
		return peer_add_name(out, size, 8, "org", DNS_SOA, "a.nic.org");
	if (type == DNS_NS && no_zone && !peer_asks(q, n, "org"))
		return peer_add_name(out, size, 8, "org", DNS_SOA, "a.nic.org");
	if (type == DNS_NS) {
		size = peer_add_name(out, size, 6, NULL, DNS_NS, "ns1.x.net");
		return peer_add_name(out, size, 6, NULL, DNS_NS, "ns2.x.net");
	}
	if (type == DNS_A && only_aaaa)
		return peer_add_name(out, size, 8, "x.net", DNS_SOA, "a.x.net");
	if (peer_asks(q, n, "ns1.x.net") && type == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\2", 4);
	if (peer_asks(q, n, "ns2.x.net") && type == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\3", 4);
	if (peer_asks(q, n, "ns.sub.example.org") && type == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\4", 4);
	if (type == DNS_AAAA)
		return peer_add(out, size, 6, NULL, DNS_AAAA,
				"\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\3", 16);
	return peer_begin(q, n, DNS_SERVFAIL, out);
}

static size_t refuses(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	return peer_begin(q, n, DNS_REFUSED, out);
}

static size_t is_silent(struct peer *p, const unsigned char *q, size_t n,
			bool tcp, unsigned char *out)
{
	return 0;
}

static const char *sub_ns = "ns.sub.example.org";
static bool recursive; /* somebody asked a server for recursion */

static size_t refers(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);

	recursive = recursive || (q[2] & 1);
	if (peer_asks(q, n, "other.example.org"))
		return peer_add(out, size, 6, NULL, DNS_TXT, "\2up", 3);
	if (peer_asks(q, n, "none.example.org"))
		return peer_add_name(out, size, 8, "example.org", DNS_SOA,
				     "ns1.x.net");
	out[2] &= (unsigned char) ~4u;
	size = peer_add_name(out, size, 8, "sub.example.org", DNS_NS, sub_ns);
	/* of another zone: not believed */
	size = peer_add(out, size, 10, "ns.elsewhere.net", DNS_A, "\177\0\0\2",
			4);
	return no_glue ? size
		       : peer_add(out, size, 10, "ns.sub.example.org", DNS_A,
				  "\177\0\0\4", 4);
}

static size_t answers(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	recursive = recursive || (q[2] & 1);
	return peer_add(out, peer_begin(q, n, 0, out), 6, NULL, DNS_TXT,
			"\4down", 5);
}

struct got {
	int called;
	char txt[64], zone[64];
	struct err err;
};

static void over(void *arg, const struct dns_msg *m, const char *zone,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	if (!m) {
		g->err = *err;
		return;
	}
	snprintf(g->zone, sizeof(g->zone), "%s", zone);
	if (m->n > 0 && m->rr[0].data)
		snprintf(g->txt, sizeof(g->txt), "%.*s", (int) m->rr[0].len,
			 m->rr[0].data);
}

static void open_world(const struct dns_start *starts, size_t n_starts)
{
	peer_open(&resolver, loop, "127.0.0.1", 0, resolves);
	peer_open(&lame, loop, "127.0.0.2", peer_port(&resolver), refuses);
	peer_open(&up, loop, "127.0.0.3", peer_port(&resolver), refers);
	peer_open(&down, loop, "127.0.0.4", peer_port(&resolver), answers);
	dns_addr_port_for_test((uint16_t) peer_port(&resolver));
	lookups = dns_resolver_new(net, &resolver.addr, 1, "dns.resolvers");
	walker = dns_walker_new(net, lookups, starts, n_starts);
	asked[0] = '\0';
	no_glue = no_domain = no_zone = only_aaaa = recursive = false;
}

static void close_world(void)
{
	dns_walker_free(&walker);
	dns_resolver_free(&lookups);
	peer_close(&resolver);
	peer_close(&lame);
	peer_close(&up);
	peer_close(&down);
}

static void go(const char *name, struct got *g)
{
	memset(g, 0, sizeof(*g));
	dns_walk(walker, name, DNS_TXT, over, g);
	assert_int_equal(g->called, 0);
	peer_run(loop, &g->called, 1);
}

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

static void test_down_to_the_zone(void **state)
{
	struct got g[20];

	open_world(NULL, 0);
	for (int i = 0; i < 20; i++) {
		memset(&g[i], 0, sizeof(g[i]));
		dns_walk(walker,
			 i % 2 ? "_acme-challenge.a.sub.example.org"
			       : "other.example.org",
			 DNS_TXT, over, &g[i]);
	}
	for (int i = 0; i < 20; i++) {
		peer_run(loop, &g[i].called, 1);
		if (g[i].err.kind)
			fail_msg("%s", g[i].err.msg);
		assert_string_equal(g[i].txt, i % 2 ? "down" : "up");
		assert_string_equal(g[i].zone,
				    i % 2 ? "sub.example.org" : "example.org");
	}
	/* of the resolver, what exists and nothing else */
	assert_string_equal(asked, "example.org/2 ns1.x.net/1 ns2.x.net/1 ");
	assert_false(recursive);
	assert_int_equal(down.n_udp, 10);
	/* what is known is not asked for again, the good one comes first */
	go("_acme-challenge.b.sub.example.org", &g[0]);
	assert_string_equal(g[0].txt, "down");
	go("none.example.org", &g[0]);
	assert_int_equal(g[0].err.kind, ERR_NONE);
	assert_int_equal(lame.n_udp, 20);
	assert_int_equal(up.n_udp, 21);
	assert_string_equal(asked, "example.org/2 ns1.x.net/1 ns2.x.net/1 ");
	close_world();
}

static void test_no_glue(void **state)
{
	struct got g;

	open_world(NULL, 0);
	no_glue = true;
	go("_acme-challenge.a.sub.example.org", &g);
	assert_string_equal(g.txt, "down");
	assert_non_null(strstr(asked, "ns.sub.example.org/1 "));
	assert_null(strstr(asked, "/28"));
	close_world();
}

/* Who has a zone chooses the names of its servers: none that he has of us is
 * one that a resolver would remember to be absent. */
static void test_hostile_ns(void **state)
{
	static const char *const bad[] = { "_acme-challenge.victim.net",
					   "_x.www.elsewhere.test" };
	struct got g;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		open_world(NULL, 0);
		no_glue = true;
		sub_ns = bad[i];
		go("_acme-challenge.a.sub.example.org", &g);
		assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
		assert_non_null(strstr(g.err.msg, "sub.example.org"));
		assert_null(strstr(asked, bad[i]));
		close_world();
	}
	sub_ns = "ns.sub.example.org";
}

/* victim.net is ours. */
static size_t has_victim(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);

	if (peer_asks(q, n, "ns.victim.net") && peer_qtype(q, n) == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\4", 4);
	if (!peer_asks(q, n, "ns.low.victim.net"))
		return peer_add_name(out, size, 8, "victim.net", DNS_SOA,
				     "ns.victim.net");
	out[2] &= (unsigned char) ~4u;
	size = peer_add_name(out, size, 8, "low.victim.net", DNS_NS,
			     "ns.low.victim.net");
	return peer_add(out, size, 10, "ns.low.victim.net", DNS_A, "\177\0\0\4",
			4);
}

/* A name server that lies in a zone of ours: that zone's own servers say where
 * it is, and what it delegates they know as well. */
static void test_ns_in_a_zone_of_ours(void **state)
{
	static const char *const names[] = { "ns.victim.net",
					     "ns.low.victim.net",
					     "www.victim.net",
					     "_acme-challenge.victim.net" };
	struct dns_addr a[1];
	struct dns_start start = { .zone = "victim.net",
				   .addr = a,
				   .n_addr = 1 };
	struct peer victim;
	struct got g;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		open_world(&start, 1);
		peer_open(&victim, loop, "127.0.0.5", peer_port(&resolver),
			  has_victim);
		a[0] = victim.addr;
		no_glue = true;
		sub_ns = names[i];
		go("_acme-challenge.a.sub.example.org", &g);
		assert_string_equal(g.txt, i < 2 ? "down" : "");
		assert_int_equal(g.err.kind,
				 i < 2 ? ERR_NONE : ERR_UNAVAILABLE);
		assert_null(strstr(asked, "victim.net"));
		peer_close(&victim);
		close_world();
	}
	/* its own servers' names are known to be there, to the resolver too */
	open_world(&start, 1);
	start.zone = "x.net";
	start.n_addr = 0;
	go("www.x.net", &g);
	assert_string_equal(asked, "x.net/2 ns1.x.net/1 ns2.x.net/1 ");
	close_world();
	/* given up while that is asked */
	start = (struct dns_start){ "victim.net", a, 1, NULL };
	for (int rounds = 0; rounds < 8; rounds++) {
		struct err err = ERR_INIT;
		struct dns_walk *w;

		memset(&g, 0, sizeof(g));
		open_world(&start, 1);
		peer_open(&victim, loop, "127.0.0.5", peer_port(&resolver),
			  is_silent);
		a[0] = victim.addr;
		no_glue = true;
		sub_ns = names[0];
		w = dns_walk(walker, "a.sub.example.org", DNS_TXT, over, &g);
		for (int i = 0; i < rounds; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		assert_int_equal(g.called, 0);
		dns_walk_cancel(&w);
		close_world();
		peer_close(&victim);
	}
	sub_ns = "ns.sub.example.org";
}

/* AAAA only where no server has an A: the rest would be an absence. */
static void test_ipv6_alone(void **state)
{
	struct got g;

	open_world(NULL, 0);
	only_aaaa = true;
	go("other.example.org", &g);
	assert_string_equal(asked, "example.org/2 ns1.x.net/1 ns2.x.net/1 "
				   "ns1.x.net/28 ns2.x.net/28 ");
	close_world();
}

static void test_no_such_domain(void **state)
{
	struct got g;

	open_world(NULL, 0);
	no_domain = true;
	go("_acme-challenge.www.exmaple.org", &g);
	assert_int_equal(g.err.kind, ERR_INPUT);
	assert_non_null(strstr(g.err.msg, "exmaple.org does not exist"));
	assert_string_equal(asked, "exmaple.org/2 ");
	/* the same of a zone that the configuration names */
	close_world();
	open_world(&(struct dns_start){ .zone = "exmaple.org" }, 1);
	no_domain = true;
	go("_acme-challenge.www.exmaple.org", &g);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_non_null(strstr(g.err.msg, "zone exmaple.org of dns.zones"));
	close_world();
}

static void test_no_zone_of_its_own(void **state)
{
	struct got g;

	open_world(NULL, 0);
	no_zone = true;
	go("other.example.org", &g);
	assert_string_equal(asked, "example.org/2 org/2 ns1.x.net/1 "
				   "ns2.x.net/1 ");
	assert_string_equal(g.txt, "up");
	close_world();
}

/* It lies in a zone above, says the resolver; it is delegated, says that. */
static size_t refers_in_circles(struct peer *p, const unsigned char *q,
				size_t n, bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);

	out[2] &= (unsigned char) ~4u;
	size = peer_add_name(out, size, 8, "example.org", DNS_NS, "ns.org");
	return peer_add(out, size, 10, "ns.org", DNS_A, "\177\0\0\3", 4);
}

static void test_circle_of_referrals(void **state)
{
	struct got g;

	open_world(NULL, 0);
	no_zone = true;
	up.fn = refers_in_circles;
	go("other.example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "refer"));
	close_world();
}

static void test_configured(void **state)
{
	struct dns_addr a[2];
	struct dns_start start = { .zone = "example.org",
				   .addr = a,
				   .n_addr = 2 };
	struct got g;

	open_world(&start, 1);
	a[0] = lame.addr;
	a[1] = up.addr;
	go("_acme-challenge.a.sub.example.org", &g);
	assert_string_equal(g.txt, "down");
	assert_string_equal(asked, "");
	close_world();
	/* one that answers nobody: the resolver knows others */
	open_world(&start, 1);
	a[0] = lame.addr;
	start.n_addr = 1;
	go("other.example.org", &g);
	assert_string_equal(g.txt, "up");
	assert_string_equal(asked, "example.org/2 ns1.x.net/1 ns2.x.net/1 ");
	close_world();
	/* one that says nothing is not waited for again */
	open_world(&start, 1);
	a[0] = lame.addr;
	lame.fn = is_silent;
	go("other.example.org", &g);
	assert_string_equal(g.txt, "up");
	/* the resolver's first name server is that one, too */
	lame.fn = refuses;
	lame.n_udp = 0;
	go("none.example.org", &g);
	assert_string_equal(g.zone, "example.org");
	assert_int_equal(lame.n_udp, 0);
	close_world();
}

static size_t has_others(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	return peer_asks(q, n, "bad.example.org")
		       ? peer_begin(q, n, DNS_SERVFAIL, out)
		       : refers(p, q, n, tcp, out);
}

/* Servers that no resolver knows, and one name they are in trouble about: it
 * is theirs, and keeps no other from them. */
static void test_one_name_in_trouble(void **state)
{
	struct dns_addr a[1];
	struct dns_start start = { .zone = "example.org",
				   .addr = a,
				   .n_addr = 1 };
	struct err err = ERR_INIT;
	struct got bad = { .called = 0 }, g = { .called = 0 };

	open_world(&start, 1);
	no_domain = true;
	a[0] = up.addr;
	up.fn = has_others;
	dns_walk(walker, "bad.example.org", DNS_TXT, over, &bad);
	while (!asked[0])
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	assert_int_equal(bad.called, 0);
	dns_walk(walker, "other.example.org", DNS_TXT, over, &g);
	peer_run(loop, &g.called, 1);
	assert_string_equal(g.txt, "up");
	peer_run(loop, &bad.called, 1);
	assert_int_equal(bad.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(bad.err.msg, "SERVFAIL"));
	assert_non_null(strstr(bad.err.msg, "does not exist in the DNS"));
	close_world();
}

static void test_nobody_answers(void **state)
{
	struct got g;

	open_world(NULL, 0);
	up.fn = refuses;
	go("other.example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "zone example.org"));
	assert_non_null(strstr(g.err.msg, "REFUSED"));
	resolver.fn = refuses;
	go("www.elsewhere.net", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "elsewhere.net NS"));
	close_world();
}

static void test_cancel(void **state)
{
	struct err err = ERR_INIT;
	struct got g = { .called = 0 };

	for (int rounds = 0; rounds < 12; rounds++) {
		struct dns_walk *w[3];

		open_world(NULL, 0);
		no_glue = rounds % 2;
		for (int i = 0; i < 3; i++)
			w[i] = dns_walk(walker, "a.sub.example.org", DNS_TXT,
					over, &g);
		for (int i = 0; i < rounds && !g.called; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		for (int i = 0; g.called == 0 && i < 3; i++) {
			dns_walk_cancel(&w[i]);
			dns_walk_cancel(&w[i]);
		}
		if (g.called > 0)
			peer_run(loop, &g.called, 3);
		close_world();
		g.called = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_says),
		cmocka_unit_test(test_down_to_the_zone),
		cmocka_unit_test(test_no_glue),
		cmocka_unit_test(test_hostile_ns),
		cmocka_unit_test(test_ns_in_a_zone_of_ours),
		cmocka_unit_test(test_ipv6_alone),
		cmocka_unit_test(test_no_such_domain),
		cmocka_unit_test(test_no_zone_of_its_own),
		cmocka_unit_test(test_circle_of_referrals),
		cmocka_unit_test(test_configured),
		cmocka_unit_test(test_one_name_in_trouble),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
