/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_climb.h"

static struct loop *loop;
static struct dns_net *net;
static struct dns_resolver *resolver;
static struct peer peer;
static struct arena *arena;

/* What there is: a CAA record with this value, or an alias to there. */
static const struct {
	const char *name, *caa, *alias;
} zone[] = {
	{ "own.example.org", "own", NULL },
	{ "example.org", "org", NULL },
	{ "alias.example.org", NULL, "www.cdn.example" },
	{ "www.cdn.example", "cdn", NULL },
	{ "bare.example.org", NULL, "bare.other.example" },
	{ "other.example", "not this", NULL },
	{ "two.example.org", NULL, "alias.example.org" },
	{ "gone.example.org", NULL, "nothing.example.com" },
	{ "circle.example.org", NULL, "circle2.example.org" },
	{ "circle2.example.org", NULL, "circle.example.org" },
};
static const char *servfail; /* this name has trouble */
static bool lazy;	     /* follows no alias, as a server of zones */
static int many;	     /* so many records instead of one */

static size_t add_caa(unsigned char *out, size_t size, const char *owner,
		      const char *value)
{
	char data[80];
	int n = snprintf(data, sizeof(data), "%c%cissue%s", 1, 5, value);

	data[0] = '\0'; /* flags */
	return peer_add(out, size, 6, owner, DNS_CAA, data, (size_t) n);
}

/* What there is of NAME, NULL for nothing. */
static const char *find(const char *name, const char **ret_alias)
{
	for (size_t i = 0; i < ARRAY_LEN(zone); i++)
		if (strcmp(zone[i].name, name) == 0) {
			*ret_alias = zone[i].alias;
			return zone[i].caa;
		}
	return NULL;
}

static const char *asked(const unsigned char *q, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(zone); i++)
		if (peer_asks(q, n, zone[i].name))
			return zone[i].name;
	return NULL;
}

static size_t knows(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		    unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);
	const char *name = asked(q, n), *alias = NULL, *caa = NULL;

	if (peer_qtype(q, n) != DNS_CAA || !(q[2] & 1))
		return peer_begin(q, n, DNS_FORMERR, out);
	if (servfail && peer_asks(q, n, servfail))
		return peer_begin(q, n, DNS_SERVFAIL, out);
	for (int hops = 0; name; hops++) {
		alias = NULL;
		caa = find(name, &alias);
		if (!alias)
			break;
		size = peer_add_name(out, size, 6, name, DNS_CNAME, alias);
		name = alias;
		if (lazy || hops == 9)
			return size;
	}
	for (int i = 0; caa && i < (many ? many : 1); i++)
		size = add_caa(out, size, name, caa);
	if (caa)
		return size;
	out[3] = DNS_NXDOMAIN;
	/* of the zone where it ended */
	return peer_add_name(out, size, 8, name ? name : ".", DNS_SOA, "a.b");
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (loop_new(&loop, &err) == -1)
		return -1;
	arena = arena_new();
	net = dns_net_new(loop, 500);
	peer_open(&peer, loop, "127.0.0.1", 0, knows);
	return 0;
}

static int teardown(void **state)
{
	peer_close(&peer);
	dns_net_free(&net);
	loop_free(&loop);
	arena_free(&arena);
	return 0;
}

struct got {
	int called;
	char at[80], end[80], alias[80], value[80];
	size_t n;
	struct err err;
};

static void copy(char ret[80], const char *s)
{
	snprintf(ret, 80, "%s", s ? s : "-");
}

static void over(void *arg, const struct dns_climb_found *f,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->err = err ? *err : (struct err) ERR_INIT;
	if (!f)
		return;
	g->n = f->n;
	copy(g->at, f->at);
	copy(g->end, f->n > 0 ? f->end : NULL);
	copy(g->alias, f->alias);
	copy(g->value, f->n > 0 ? f->set[0].value : NULL);
}

static void climb(const char *name, struct got *g)
{
	memset(g, 0, sizeof(*g));
	resolver = dns_resolver_new(net, &peer.addr, 1, "the test");
	dns_climb(resolver, name, arena, over, g);
	assert_int_equal(g->called, 0);
	peer_run(loop, &g->called, 1);
	dns_resolver_free(&resolver);
}

/* RFC 8659 section 3. */
static void test_where(void **state)
{
	static const struct {
		const char *name, *at, *end, *alias, *value;
	} cases[] = {
		{ "own.example.org", "own.example.org", "own.example.org", "-",
		  "own" },
		{ "www.own.example.org", "own.example.org", "own.example.org",
		  "-", "own" },
		{ "a.b.c.example.org", "example.org", "example.org", "-",
		  "org" },
		{ "alias.example.org", "alias.example.org", "www.cdn.example",
		  "www.cdn.example", "cdn" },
		{ "two.example.org", "two.example.org", "www.cdn.example",
		  "www.cdn.example", "cdn" },
		/* above the name, and not above where it leads */
		{ "bare.example.org", "example.org", "example.org",
		  "bare.other.example", "org" },
		{ "gone.example.org", "example.org", "example.org",
		  "nothing.example.com", "org" },
		{ "www.alias.example.org", "alias.example.org",
		  "www.cdn.example", "-", "cdn" },
		{ "www.example.net", "-", "-", "-", "-" },
		{ "net", "-", "-", "-", "-" },
	};
	struct got g;

	for (int i = 0; i < 2 * (int) ARRAY_LEN(cases); i++) {
		size_t c = (size_t) i / 2;

		lazy = i % 2;
		climb(cases[c].name, &g);
		if (g.err.kind != ERR_NONE || strcmp(g.at, cases[c].at) != 0 ||
		    strcmp(g.end, cases[c].end) != 0 ||
		    strcmp(g.alias, cases[c].alias) != 0 ||
		    strcmp(g.value, cases[c].value) != 0)
			fail_msg("%s: %s %s %s %s %s", cases[c].name, g.at,
				 g.end, g.alias, g.value, g.err.msg);
	}
	lazy = false;
}

/* No climbing past what is not known. */
static void test_errors(void **state)
{
	struct got g;

	servfail = "www.example.org";
	climb("www.example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "SERVFAIL"));
	assert_non_null(strstr(g.err.msg, "www.example.org CAA"));
	servfail = "example.org";
	climb("www.example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	lazy = true;
	servfail = "www.cdn.example";
	climb("alias.example.org", &g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	lazy = false;
	servfail = NULL;
	climb("circle.example.org", &g);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_non_null(strstr(g.err.msg, "circle"));
	many = DNS_CAA_RECORDS_MAX;
	climb("www.example.org", &g);
	assert_int_equal(g.err.kind, ERR_NONE);
	assert_int_equal(g.n, DNS_CAA_RECORDS_MAX);
	many++;
	climb("www.example.org", &g);
	assert_int_equal(g.err.kind, ERR_LIMIT);
	many = 0;
}

/* Names of one domain share what is above them; one that is cancelled is not
 * heard of. */
static void test_many(void **state)
{
	struct got g[20] = { { .called = 0 } };
	struct dns_climb *c = NULL;
	int before = peer.n_udp;
	char name[40];

	resolver = dns_resolver_new(net, &peer.addr, 1, "the test");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "w%d.example.org", i);
		c = dns_climb(resolver, name, arena, over, &g[i]);
	}
	dns_climb_cancel(&c);
	dns_climb_cancel(&c);
	for (int i = 0; i < 19; i++) {
		peer_run(loop, &g[i].called, 1);
		assert_string_equal(g[i].value, "org");
	}
	assert_int_equal(g[19].called, 0);
	/* the names, and the domain once */
	assert_in_range(peer.n_udp - before, 20, 21);
	dns_resolver_free(&resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
