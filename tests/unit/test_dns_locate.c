/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include "dns_peer.h"
#include "scratch.h"
#include "dns_locate.h"

static struct loop *loop;
static struct dns_net *net;
static struct peer peer;
static int asked_ns, asked_a, asked_names, asked_served, asked_victim;
static bool mute_ns, closed, closed_ns, lost_ns;
static const char *wildcard_to, *meant_to, *primary;

/* Resolver and name server of all: example.org, org.example.net and their
 * name servers' zone, dns.net. */
static size_t knows_ns(const unsigned char *q, size_t n, unsigned char *out,
		       size_t size)
{
	unsigned type = peer_qtype(q, n);

	if (peer_asks(q, n, "alias.dns.net")) {
		size = peer_add_name(out, size, 6, NULL, DNS_CNAME,
				     "ns1.dns.net");
		return q[2] & 1 && type == DNS_A
			       ? peer_add(out, size, 6, "ns1.dns.net", DNS_A,
					  "\177\0\0\1", 4)
			       : size;
	}
	if (peer_asks(q, n, "ns1.dns.net") && type == DNS_A)
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\1", 4);
	if (peer_asks(q, n, "ns2.dns.net") && type == DNS_A) {
		size = peer_add(out, size, 6, NULL, DNS_A, "\300\0\2\2", 4);
		/* the first one's address again: asked once only */
		return peer_add(out, size, 6, NULL, DNS_A, "\177\0\0\1", 4);
	}
	if (peer_asks(q, n, "ns2.dns.net") && type == DNS_AAAA)
		return peer_add(out, size, 6, NULL, DNS_AAAA,
				"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	return peer_add_name(out, size, 8, "dns.net", DNS_SOA, "ns1.dns.net");
}

/* Does Q ask for what ends in NAME? */
static bool below(const unsigned char *q, size_t n, const char *name)
{
	unsigned char want[DNS_NAME_WIRE];
	struct err err = ERR_INIT;
	size_t size;

	assert_int_equal(dns_name_wire(name, want, &size, &err), 0);
	n -= 4;
	return n >= DNS_HEADER + size && memcmp(q + n - size, want, size) == 0;
}

/* Names of many NS, of a wildcard, of an alias that is meant. */
static size_t knows_name(const unsigned char *q, size_t n, unsigned char *out,
			 size_t size)
{
	unsigned type = peer_qtype(q, n);
	char ns[30];

	if (type == DNS_NS && peer_asks(q, n, "many.example.org")) {
		for (int i = 0; i < 20; i++) {
			snprintf(ns, sizeof(ns), "ns%d.dns.net", i);
			size = peer_add_name(out, size, 6, NULL, DNS_NS, ns);
		}
		return size;
	}
	if (below(q, n, "w.example.org") && !below(q, n, "*.w.example.org") &&
	    !peer_asks(q, n, "w.example.org"))
		return peer_add_name(out, size, 6, NULL, DNS_CNAME,
				     wildcard_to);
	if (peer_asks(q, n, "_acme-challenge.meant.example.org"))
		return peer_add_name(out, size, 6, NULL, DNS_CNAME, meant_to);
	if (below(q, n, "nowhere.test")) {
		out[3] = DNS_NXDOMAIN;
		return peer_add_name(out, size, 8, "test", DNS_SOA,
				     "ns1.dns.net");
	}
	if (peer_asks(q, n, "has.example.org") && type == DNS_TXT) {
		size = peer_add(out, size, 6, NULL, DNS_TXT, "\1x", 2);
		/* a time to live of 3600 s */
		out[size - 2 - 4] = 0x0e;
		out[size - 2 - 3] = 0x10;
		return size;
	}
	if (peer_asks(q, n, "many.example.org") ||
	    peer_asks(q, n, "_acme-challenge.many.example.org"))
		return peer_add_name(
			out, size,
			type == DNS_SOA && peer_asks(q, n, "many.example.org")
				? 6
				: 8,
			"many.example.org", DNS_SOA, "ns1.dns.net");
	return 0;
}

/* What a firewall keeps us from; the resolver is before it. */
static bool shut(const unsigned char *q, size_t n)
{
	return !(q[2] & 1) && ((closed && below(q, n, "example.org")) ||
			       (closed_ns && below(q, n, "dns.net")));
}

static void count(const unsigned char *q, size_t n)
{
	unsigned type = peer_qtype(q, n);

	asked_ns += type == DNS_NS && !(q[2] & 1);
	asked_a += type == DNS_A || type == DNS_AAAA;
	asked_served += memcmp(q + DNS_HEADER, "\1x\1*", 4) == 0;
	asked_names += q[2] & 1 && type != DNS_NS && type != DNS_A;
	asked_victim +=
		q[2] & 1 && type != DNS_NS && below(q, n, "victim.dns.net");
}

static size_t knows_zone(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out), more;
	unsigned type = peer_qtype(q, n);

	count(q, n);
	if (shut(q, n) || (lost_ns && below(q, n, "gone.dns.net")))
		return peer_begin(q, n, DNS_REFUSED, out);
	more = knows_name(q, n, out, size);
	if (more > 0)
		return more;
	if (type == DNS_NS && !mute_ns) {
		size = peer_add_name(out, size, 6, NULL, DNS_NS, "NS1.dns.net");
		size = peer_add_name(out, size, 6, NULL, DNS_NS, "ns2.dns.net");
		return peer_add_name(out, size, 6, NULL, DNS_NS,
				     "gone.dns.net");
	}
	if (below(q, n, "dns.net"))
		return knows_ns(q, n, out, size);
	if (type == DNS_SOA && peer_asks(q, n, "cut.example.org"))
		return peer_add_name(out, size, 6, NULL, DNS_SOA,
				     "ns1.dns.net");
	if (peer_asks(q, n, "cut.example.org"))
		return peer_add_name(out, size, 8, "cut.example.org", DNS_SOA,
				     "ns1.dns.net");
	if (type == DNS_SOA && peer_asks(q, n, "other.net"))
		return peer_add_name(out, size, 6, NULL, DNS_SOA,
				     "ns1.dns.net");
	if (!peer_asks(q, n, "example.org") && !peer_asks(q, n, "other.net"))
		out[3] = DNS_NXDOMAIN;
	return peer_add_name(out, size, 8,
			     below(q, n, "example.org") ? "example.org"
							: "other.net",
			     DNS_SOA, primary);
}

struct got {
	int called;
	char owner[DNS_NAME_TEXT];
	const struct dns_zone *zone;
	bool exists;
	uint32_t ttl;
	struct err err;
};

static void over(void *arg, const struct dns_place *place,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	if (!place) {
		g->err = *err;
		return;
	}
	g->zone = place->zone;
	g->exists = place->exists;
	g->ttl = place->ttl;
	snprintf(g->owner, sizeof(g->owner), "%s", place->owner);
}

static struct proof_zone zones[4];
static void *zones_v[] = { &zones[0], &zones[1], &zones[2], &zones[3] };
static char resolver_text[DNS_ADDR_TEXT];
static const char *resolver_v[1] = { resolver_text };
static struct proof_dns conf;

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
	conf.any_zone = false;
	asked_ns = asked_a = asked_names = asked_served = asked_victim = 0;
	mute_ns = closed = closed_ns = lost_ns = false;
	primary = "ns1.dns.net";
	wildcard_to = meant_to = "target.other.net";
	dns_addr_port_for_test((uint16_t) peer_port(&peer));
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
	dns_locate(z, owner, over, g);
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
		dns_locate(z, owner, over, &g[i]);
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
	assert_true(dns_addr_equal(&g[0].zone->server[0], &peer.addr));
	assert_false(g[0].exists);
	assert_int_equal(g[0].zone->n_check, 3);
	assert_false(g[0].zone->check_configured);
	/* one for all; two per name server, the primary among them, and what
	 * the walks to example.org and dns.net begin with */
	assert_int_equal(asked_ns, 1);
	assert_in_range(asked_a, 6, 14);
	/* nothing but name servers is asked of the resolver */
	assert_int_equal(asked_names, 0);
	/* nor what a wildcard serves, where there is no name and none */
	assert_int_equal(asked_served, 0);
	close_zones(&z);
}

static void test_settings_of_the_longest_zone(void **state)
{
	static const char *const check[] = { resolver_text, "192.0.2.10:54" };
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "org";
	zones[0].key_file = "/nonexistent";
	zones[1].zone = "Example.ORG.";
	zones[1].key_file = scratch("key2");
	zones[1].server = resolver_text;
	zones[1].check = (struct conf_strings){ check, 2 };
	zones[2].zone = "xample.org";
	zones[2].key_file = "/nonexistent";
	z = open_zones(3);
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->key->name, "two");
	assert_addr(&g.zone->server[0], resolver_text);
	assert_int_equal(g.zone->n_check, 2);
	assert_addr(&g.zone->check[1], "192.0.2.10:54");
	assert_int_equal(asked_ns, 0);
	/* a sub-zone with an SOA of its own, settings of its parent */
	locate(z, "cut.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->name, "cut.example.org");
	assert_addr(&g.zone->server[0], resolver_text);
	close_zones(&z);
}

/* A zone our resolver does not see is what the configuration says. */
static void test_zone_only_we_know(void **state)
{
	static const char *const check[] = { "192.0.2.9" };
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "inner.example.org";
	zones[0].server = resolver_text;
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
	assert_non_null(strstr(g.err.msg,
			       "lost.example.org of dns.zones is no zone: it "
			       "lies in zone example.org"));
	close_zones(&z);
}

/* What is there keeps its time to live. */
static void test_records_that_exist(void **state)
{
	struct dns_zones *z = open_zones(0);
	struct got g;

	locate(z, "has.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->name, "example.org");
	assert_true(g.exists);
	assert_int_equal(g.ttl, 3600);
	assert_int_equal(asked_served, 1);
	close_zones(&z);
}

static void test_wildcards(void **state)
{
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "example.org";
	z = open_zones(1);
	/* made up, and leads out: the name itself */
	locate(z, "_acme-challenge.w.example.org", &g);
	if (!g.zone)
		fail_msg("%s", g.err.msg);
	assert_string_equal(g.owner, "_acme-challenge.w.example.org");
	assert_string_equal(g.zone->name, "example.org");
	/* made up, and leads in circles, or to where we could */
	wildcard_to = "x.w.example.org";
	locate(z, "_acme-challenge.w.example.org", &g);
	assert_string_equal(g.owner, "_acme-challenge.w.example.org");
	wildcard_to = "www.example.org";
	locate(z, "_acme-challenge.w.example.org", &g);
	assert_string_equal(g.owner, "_acme-challenge.w.example.org");
	/* a record: somebody meant it */
	meant_to = "www.example.org";
	locate(z, "_acme-challenge.meant.example.org", &g);
	assert_string_equal(g.owner, "www.example.org");
	close_zones(&z);
	/* in a zone that is not ours it leads where it leads */
	zones[0].zone = "other.net";
	z = open_zones(1);
	locate(z, "_acme-challenge.w.example.org", &g);
	assert_string_equal(g.owner, "target.other.net");
	close_zones(&z);
	/* and so it does where we may change any zone, into one that we name */
	zones[0].zone = "other.net";
	z = open_zones(1);
	conf.any_zone = true;
	locate(z, "_acme-challenge.w.example.org", &g);
	assert_string_equal(g.owner, "target.other.net");
	close_zones(&z);
	z = open_zones(0);
	locate(z, "_acme-challenge.w.example.org", &g);
	assert_string_equal(g.owner, "_acme-challenge.w.example.org");
	close_zones(&z);
}

static void assert_fails(struct dns_zones *z, const char *owner,
			 const char *has)
{
	struct got g;

	locate(z, owner, &g);
	assert_null(g.zone);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	if (!strstr(g.err.msg, has))
		fail_msg("%s", g.err.msg);
}

/* A domain that nobody has, and by which name we came to it. */
static void test_nowhere(void **state)
{
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "other.net";
	z = open_zones(1);
	meant_to = "proof.nowhere.test";
	locate(z, "_acme-challenge.meant.example.org", &g);
	assert_null(g.zone);
	assert_string_equal(g.err.msg,
			    "_acme-challenge.meant.example.org leads to "
			    "proof.nowhere.test: the domain nowhere.test does "
			    "not exist");
	locate(z, "_acme-challenge.nowhere.test", &g);
	assert_null(g.zone);
	assert_string_equal(g.err.msg, "_acme-challenge.nowhere.test: the "
				       "domain nowhere.test does not exist");
	close_zones(&z);
}

static void test_zones_that_are_not_ours(void **state)
{
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "acme.other.net";
	z = open_zones(1);
	assert_fails(z, "_acme-challenge.www.example.org",
		     "_acme-challenge.www.example.org lies in zone "
		     "example.org, which dns.zones does not name");
	assert_fails(z, "_acme-challenge.www.example.org",
		     "\"_acme-challenge.www.example.org. CNAME "
		     "www-example-org.acme.other.net.\"");
	assert_fails(z, "_acme-challenge.meant.example.org",
		     "_acme-challenge.meant.example.org is a CNAME that leads "
		     "to target.other.net in zone other.net");
	assert_fails(z, "_acme-challenge.meant.example.org",
		     "\"_acme-challenge.meant.example.org. CNAME "
		     "meant-example-org.acme.other.net.\"");
	conf.any_zone = true;
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_non_null(g.zone);
	assert_string_equal(g.zone->name, "example.org");
	close_zones(&z);
}

/* Where a zone is, if its server is configured, and nobody need be asked. */
static void test_given(void **state)
{
	const struct dns_zone *zone = NULL, *same = NULL;
	char text[DNS_ADDR_TEXT];
	struct err err = ERR_INIT;
	struct dns_zones *z;

	zones[0].zone = "example.org";
	zones[0].server = "192.0.2.7:5353";
	zones[1].zone = "other.net";
	z = open_zones(2);
	assert_int_equal(dns_zone_given(z, "sub.example.org", &zone, &err), 1);
	assert_string_equal(zone->name, "sub.example.org");
	assert_string_equal(dns_addr_text(&zone->server[0], text),
			    "192.0.2.7:5353");
	assert_non_null(zone->key);
	assert_int_equal(dns_zone_given(z, "sub.example.org", &same, &err), 1);
	assert_ptr_equal(same, zone);
	/* no server, no settings */
	assert_int_equal(dns_zone_given(z, "other.net", &zone, &err), 0);
	assert_int_equal(dns_zone_given(z, "example.net", &zone, &err), 0);
	assert_ptr_equal(same, zone);
	close_zones(&z);
}

/* A name server nobody reaches: the resolver says where the name leads. */
static void test_behind_a_firewall(void **state)
{
	struct dns_zones *z;
	struct got g;

	zones[0].zone = "other.net";
	zones[0].server = resolver_text;
	z = open_zones(1);
	closed = true;
	locate(z, "_acme-challenge.meant.example.org", &g);
	if (!g.zone)
		fail_msg("%s", g.err.msg);
	assert_string_equal(g.owner, "target.other.net");
	assert_int_equal(asked_names, 1);
	assert_fails(z, "_acme-challenge.www.example.org",
		     "lies in zone example.org, which dns.zones");
	close_zones(&z);
	/* and where a name server is */
	memset(zones, 0, sizeof(zones));
	z = open_zones(0);
	closed_ns = true;
	locate(z, "_acme-challenge.www.example.org", &g);
	if (!g.zone)
		fail_msg("%s", g.err.msg);
	assert_int_equal(g.zone->n_server, 1);
	assert_int_equal(g.zone->n_check, 2);
	close_zones(&z);
	/* but not where the proof itself might have to be */
	memset(zones, 0, sizeof(zones));
	z = open_zones(0);
	closed = true;
	locate(z, "_acme-challenge.www.example.org", &g);
	assert_null(g.zone);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_int_equal(asked_names, 0);
	close_zones(&z);
}

/* The SOA names somebody, but he is not to be found. */
static void test_hidden_primary(void **state)
{
	struct dns_zones *z = open_zones(0);

	primary = "hidden.dns.net";
	assert_fails(z, "_acme-challenge.www.example.org",
		     "the primary server hidden.dns.net of zone example.org "
		     "has no address; is it a hidden one? Then set server");
	close_zones(&z);
}

/* RFC 2181 section 10.3 forbids it, and resolvers bear it. */
static void test_primary_is_an_alias(void **state)
{
	struct dns_zones *z = open_zones(0);
	struct got g;

	primary = "alias.dns.net";
	locate(z, "_acme-challenge.www.example.org", &g);
	if (!g.zone)
		fail_msg("%s", g.err.msg);
	assert_int_equal(g.zone->n_server, 1);
	assert_true(dns_addr_equal(&g.zone->server[0], &peer.addr));
	close_zones(&z);
}

/* A stranger's zone names what is not there, and is ours, as its primary: no
 * resolver is made to remember that it is not. */
static void test_hostile_primary(void **state)
{
	static const char *const names[] = { "_acme-challenge.victim.dns.net",
					     "www.victim.dns.net" };
	struct dns_zones *z;
	struct got g;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		zones[0].zone = "victim.dns.net";
		z = open_zones(1);
		conf.any_zone = true;
		closed_ns = true;
		primary = names[i];
		locate(z, "_acme-challenge.www.example.org", &g);
		assert_null(g.zone);
		assert_non_null(strstr(g.err.msg, names[i]));
		assert_int_equal(asked_victim, 0);
		close_zones(&z);
	}
}

static void test_circle(void **state)
{
	struct dns_zones *z = open_zones(0);

	meant_to = "_acme-challenge.meant.example.org";
	assert_fails(z, "_acme-challenge.meant.example.org", "circle");
	close_zones(&z);
}

/* Locate OWNER, what is said meanwhile into SAID. */
static void locate_said(struct dns_zones *z, const char *owner, struct got *g,
			char said[4096])
{
	int old = dup(STDERR_FILENO);
	int fd = open(scratch("stderr"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0600);

	assert_true(old != -1 && fd != -1);
	dup2(fd, STDERR_FILENO);
	locate(z, owner, g);
	dup2(old, STDERR_FILENO);
	close(old);
	memset(said, 0, 4096);
	assert_true(pread(fd, said, 4095, 0) > 0);
	close(fd);
	assert_non_null(g->zone);
}

static void test_more_servers_than_asked(void **state)
{
	struct dns_zones *z = open_zones(0);
	char said[4096];
	struct got g;

	locate_said(z, "_acme-challenge.many.example.org", &g, said);
	assert_string_equal(g.zone->name, "many.example.org");
	assert_non_null(strstr(said, "zone many.example.org has more name "
				     "servers than are asked"));
	close_zones(&z);
}

/* Trouble is no absence. */
static void test_server_without_an_address(void **state)
{
	struct dns_zones *z = open_zones(0);
	char said[4096];
	struct got g;

	locate_said(z, "_acme-challenge.www.example.org", &g, said);
	assert_non_null(strstr(said, "its name server gone.dns.net has no "
				     "address and is not asked"));
	close_zones(&z);
	z = open_zones(0);
	lost_ns = true;
	locate_said(z, "_acme-challenge.www.example.org", &g, said);
	assert_null(strstr(said, "has no address"));
	assert_non_null(strstr(said, "its name server gone.dns.net is not "
				     "asked: "));
	assert_non_null(strstr(said, "REFUSED"));
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
			l[i] = dns_locate(z, i ? "a.example.org" : "b.org",
					  over, &g);
		for (int i = 0; i < rounds && !g.called; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		if (g.called > 0)
			break;
		for (int i = 0; i < 3; i++)
			dns_locate_cancel(&l[i]);
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
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_settings_of_the_longest_zone),
		cmocka_unit_test(test_zone_only_we_know),
		cmocka_unit_test(test_records_that_exist),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_zones_that_are_not_ours),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_behind_a_firewall),
		cmocka_unit_test(test_hidden_primary),
		cmocka_unit_test(test_primary_is_an_alias),
		cmocka_unit_test(test_hostile_primary),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_more_servers_than_asked),
		cmocka_unit_test(test_server_without_an_address),
		cmocka_unit_test(test_no_name_server),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_bad_configuration),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
