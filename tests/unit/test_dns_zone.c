/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "scratch.h"
#include "dns_zone.h"

/* --- paths --- */

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

static void test_follow(void **state)
{
	struct dns_rr rr[] = {
		cname("b.example", "c.tree.example"),
		cname("a.example", "b.example"),
		{ .owner = "tree.example", .type = DNS_DNAME, .name = "t.net" },
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

	dns_path_init(&p, "a.example");
	assert_int_equal(dns_path_follow(&p, &m, &err), 1);
	assert_string_equal(p.name[p.hops], "c.t.net");
	assert_int_equal(p.hops, 3);
	assert_int_equal(dns_path_follow(&p, &m, &err), 0);
	/* the closest zone that holds the name */
	assert_string_equal(dns_path_soa(&p, &m)->owner, "t.net");
	dns_path_init(&p, "tree.example");
	/* a DNAME says nothing about its own name */
	assert_int_equal(dns_path_follow(&p, &m, &err), 0);
	assert_null(dns_path_soa(&p, &m));
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
	assert_int_equal(dns_path_follow(&p, &m, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "circle"));
	m = (struct dns_msg){ .rr = self, .n = 1 };
	dns_path_init(&p, "a");
	assert_int_equal(dns_path_follow(&p, &m, &err), -1);
	/* grows for ever */
	m = (struct dns_msg){ .rr = deeper, .n = 1 };
	dns_path_init(&p, "a.d");
	assert_int_equal(dns_path_follow(&p, &m, &err), -1);
	assert_int_equal(p.hops, DNS_HOPS_MAX);
	for (int i = 0; i < 10; i++)
		snprintf(names[i], sizeof(names[i]), "n%d", i);
	for (int i = 0; i < 9; i++)
		chain[i] = cname(names[i], names[i + 1]);
	/* 8 are fine, 9 are not */
	m = (struct dns_msg){ .rr = chain, .n = 8 };
	dns_path_init(&p, "n0");
	assert_int_equal(dns_path_follow(&p, &m, &err), 1);
	assert_string_equal(p.name[p.hops], "n8");
	m.n = 9;
	dns_path_init(&p, "n0");
	assert_int_equal(dns_path_follow(&p, &m, &err), -1);
	assert_non_null(strstr(err.msg, "more than 8"));
}

/* --- finding the servers of a zone from nothing but the DNS --- */

static struct loop *loop;
static struct dns_net *net;
static struct peer peer;
static int asked_ns, asked_a;
static bool mute_ns;

static size_t knows_zone(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);
	unsigned type = peer_qtype(q, n);

	asked_ns += type == DNS_NS;
	if (type == DNS_NS && !mute_ns) {
		size = peer_add_name(out, size, 6, NULL, DNS_NS, "NS1.dns.net");
		size = peer_add_name(out, size, 6, NULL, DNS_NS, "ns2.dns.net");
		return peer_add_name(out, size, 6, NULL, DNS_NS,
				     "gone.dns.net");
	}
	if (type == DNS_A || type == DNS_AAAA)
		asked_a++;
	if (peer_asks(q, n, "ns1.dns.net") && type == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\300\0\2\1", 4);
	if (peer_asks(q, n, "ns2.dns.net") && type == DNS_A) {
		size = peer_add(out, size, 6, NULL, DNS_A, "\300\0\2\2", 4);
		/* the first one's address again: asked once only */
		return peer_add(out, size, 6, NULL, DNS_A, "\300\0\2\1", 4);
	}
	if (peer_asks(q, n, "ns2.dns.net") && type == DNS_AAAA)
		return peer_add(out, size, 6, NULL, DNS_AAAA,
				"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	if (type == DNS_SOA && peer_asks(q, n, "cut.example.org"))
		return peer_add_name(out, size, 6, NULL, DNS_SOA,
				     "ns1.dns.net");
	return peer_add_name(out, size, 8, "example.org", DNS_SOA,
			     "ns1.dns.net");
}

struct got {
	int called;
	char owner[DNS_NAME_TEXT];
	const struct dns_zone *zone;
	struct err err;
};

static void over(void *arg, const char *owner, const struct dns_zone *zone,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->zone = zone;
	if (zone)
		snprintf(g->owner, sizeof(g->owner), "%s", owner);
	else
		g->err = *err;
}

static struct certrepo_zone zones[4];
static void *zones_v[] = { &zones[0], &zones[1], &zones[2], &zones[3] };
static char resolver_text[DNS_ADDR_TEXT];
static const char *resolver_v[1] = { resolver_text };
static struct certrepo_dns conf;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state) != 0 || loop_new(&loop, &err) == -1)
		return -1;
	net = dns_net_new(loop, 500);
	scratch_write(scratch("key"),
		      "key one { algorithm hmac-sha256; secret c2VjcmV0; };",
		      0600);
	scratch_write(scratch("key2"),
		      "key two { algorithm hmac-sha512; secret c2VjcmV0; };",
		      0600);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	return scratch_teardown(state);
}

static struct dns_zones *open_zones(size_t n_zones)
{
	struct dns_zones *z = NULL;
	struct err err = ERR_INIT;

	peer_open(&peer, loop, "127.0.0.1", 0, knows_zone);
	dns_addr_text(&peer.addr, resolver_text);
	conf.resolvers = (struct conf_strings){ resolver_v, 1 };
	conf.key_file = scratch("key");
	conf.zones = (struct conf_groups){ zones_v, n_zones };
	asked_ns = asked_a = 0;
	mute_ns = false;
	if (dns_zones_new(&conf, net, &z, &err) == -1)
		fail_msg("%s", err.msg);
	return z;
}

static void close_zones(struct dns_zones **z)
{
	dns_zones_free(z);
	peer_close(&peer);
	memset(zones, 0, sizeof(zones));
}

static void locate(struct dns_zones *z, const char *owner, struct got *g)
{
	memset(g, 0, sizeof(*g));
	dns_zone_locate(z, owner, over, g);
	assert_int_equal(g->called, 0);
	peer_run(loop, &g->called, 1);
}

static void assert_addr(const struct dns_addr *a, const char *want)
{
	char buf[DNS_ADDR_TEXT];

	assert_string_equal(dns_addr_text(a, buf), want);
}

static void test_discovery(void **state)
{
	struct dns_zones *z = open_zones(0);
	struct got g[30];
	char owner[60];
	int called = 0;

	for (int i = 0; i < 30; i++) {
		g[i].called = 0;
		snprintf(owner, sizeof(owner),
			 "_acme-challenge.w%d.example.org", i);
		dns_zone_locate(z, owner, over, &g[i]);
	}
	for (int i = 0; i < 30; i++)
		peer_run(loop, &g[i].called, 1);
	for (int i = 0; i < 30; i++)
		called += g[i].called;
	assert_int_equal(called, 30);
	assert_non_null(g[0].zone);
	assert_ptr_equal(g[0].zone, g[29].zone);
	assert_string_equal(g[29].owner, "_acme-challenge.w29.example.org");
	assert_string_equal(g[0].zone->name, "example.org");
	assert_string_equal(g[0].zone->key->name, "one");
	assert_int_equal(g[0].zone->n_server, 1);
	assert_addr(&g[0].zone->server[0], "192.0.2.1");
	assert_int_equal(g[0].zone->n_check, 3);
	assert_false(g[0].zone->check_configured);
	/* one for all; two per name server, the primary among them */
	assert_int_equal(asked_ns, 1);
	assert_in_range(asked_a, 6, 8);
	close_zones(&z);
}

static void test_settings_of_the_longest_zone(void **state)
{
	static const char *const check[] = { "192.0.2.9", "192.0.2.10:54" };
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "org";
	zones[0].key_file = "/nonexistent";
	zones[1].zone = "Example.ORG.";
	zones[1].key_file = scratch("key2");
	zones[1].server = "192.0.2.53";
	zones[1].check = (struct conf_strings){ check, 2 };
	zones[2].zone = "xample.org";
	zones[2].key_file = "/nonexistent";
	z = open_zones(3);
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->key->name, "two");
	assert_addr(&g.zone->server[0], "192.0.2.53");
	assert_int_equal(g.zone->n_check, 2);
	assert_addr(&g.zone->check[1], "192.0.2.10:54");
	assert_int_equal(asked_ns, 0);
	/* a sub-zone with an SOA of its own, settings of its parent */
	locate(z, "cut.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->name, "cut.example.org");
	assert_addr(&g.zone->server[0], "192.0.2.53");
	close_zones(&z);
}

/* A zone our resolver does not see is what the configuration says. */
static void test_zone_only_we_know(void **state)
{
	static const char *const check[] = { "192.0.2.9" };
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "inner.example.org";
	zones[0].server = "192.0.2.53";
	zones[0].check = (struct conf_strings){ check, 1 };
	zones[1].zone = "lost.example.org";
	z = open_zones(2);
	locate(z, "_acme-challenge.inner.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->name, "inner.example.org");
	/* without a server there is no way to find one */
	locate(z, "_acme-challenge.lost.example.org", &g);
	assert_null(g.zone);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_non_null(strstr(g.err.msg, "lost.example.org"));
	close_zones(&z);
}

static void test_no_name_server(void **state)
{
	struct dns_zones *z = open_zones(0);
	struct got g;

	mute_ns = true;
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_null(g.zone);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	/* it is tried anew */
	mute_ns = false;
	close_zones(&z);
	z = open_zones(0);
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_non_null(g.zone);
	close_zones(&z);
}

static void test_cancel(void **state)
{
	struct dns_zones *z = open_zones(0);
	struct got g = { .called = 0 };
	struct dns_locate *l[3];
	struct err err = ERR_INIT;

	for (int rounds = 0; rounds < 6; rounds++) {
		for (int i = 0; i < 3; i++)
			l[i] = dns_zone_locate(z, i ? "a.example.org" : "b.org",
					       over, &g);
		for (int i = 0; i < rounds && !g.called; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		if (g.called > 0)
			break;
		for (int i = 0; i < 3; i++)
			dns_zone_locate_cancel(&l[i]);
		assert_int_equal(g.called, 0);
		close_zones(&z);
		z = open_zones(0);
	}
	peer_run(loop, &g.called, g.called ? 3 : 0);
	close_zones(&z);
}

static void test_bad_configuration(void **state)
{
	static const char *const bad[] = { "ns.example.org" };
	struct dns_zones *z = NULL;
	struct err err = ERR_INIT;

	conf.zones.n = 0;
	conf.resolvers = (struct conf_strings){ bad, 1 };
	assert_int_equal(dns_zones_new(&conf, net, &z, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	conf.resolvers = (struct conf_strings){ resolver_v, 1 };
	zones[0].zone = "a..b";
	zones[0].src.file = "certrepo.conf";
	zones[0].src.line = 7;
	conf.zones = (struct conf_groups){ zones_v, 1 };
	assert_int_equal(dns_zones_new(&conf, net, &z, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "certrepo.conf:7"));
	assert_null(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_circles_and_limits),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_settings_of_the_longest_zone),
		cmocka_unit_test(test_zone_only_we_know),
		cmocka_unit_test(test_no_name_server),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_bad_configuration),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
