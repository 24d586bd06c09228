/* SPDX-License-Identifier: MIT */
/* Against a DNS server that says what it is told to, with no server of a CA
 * behind it; the rest is tests/e2e/discover.t. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "disc_pick.h"
#include "discover.h"

static struct loop *loop;
static struct peer peer;
static struct certrepo_conf conf;
static struct proof_dns dns;
static char address[40];
static const char *resolvers[] = { address, NULL };

struct got {
	int called;
	bool found;
	bool asked; /* every question of the DNS was answered */
	struct err err;
	char text[DISCOVER_TEXT_MAX];
};

/* What the server does. */
static int ptrs;       /* so many instances, i0, i1, ... */
static int srvs;       /* of each, on ports 1, 2, ... of "t.corp.example" */
static unsigned fails; /* this type: SERVFAIL */
static const char *fails_at; /* ... of names that begin so */

static size_t add_srv(unsigned char *out, size_t n, int port)
{
	unsigned char data[6 + DNS_NAME_WIRE] = { 0 };
	struct err err = ERR_INIT;
	size_t len;

	data[5] = (unsigned char) port;
	assert_int_equal(dns_name_wire("t.corp.example", data + 6, &len, &err),
			 0);
	return peer_add(out, n, 6, NULL, DNS_SRV, data, 6 + len);
}

static size_t answer(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	unsigned char ask[600];
	size_t name = dns_msg_skip_name(q, n, DNS_HEADER), len = name + 4;
	unsigned type = dns_get16(q + name);
	char text[100];

	/* without the OPT record of the question */
	memcpy(ask, q, len);
	memset(ask + 6, 0, 6);
	if (type == fails && (!fails_at || memcmp(q + DNS_HEADER + 1, fails_at,
						  strlen(fails_at)) == 0))
		return peer_begin(ask, len, DNS_SERVFAIL, out);
	len = peer_begin(ask, len, 0, out);
	for (int i = 0; type == DNS_PTR && i < ptrs; i++) {
		snprintf(text, sizeof(text),
			 "i%d._acme-server._tcp.corp.example", i);
		len = peer_add_name(out, len, 6, NULL, DNS_PTR, text);
	}
	for (int i = 0; type == DNS_SRV && i < srvs; i++)
		len = add_srv(out, len, i + 1);
	if (type == DNS_TXT)
		len = peer_add(out, len, 6, NULL, DNS_TXT, "\5i=dns\7path=/d",
			       14);
	if (!tcp && len > 1200) {
		out[2] |= 0x02;
		memset(out + 6, 0, 2);
		return DNS_HEADER + (name - DNS_HEADER) + 4;
	}
	return len;
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	/* Nobody is asked but us. */
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	unsetenv("no_proxy");
	if (loop_new(&loop, &err) == -1)
		return -1;
	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	snprintf(address, sizeof(address), "127.0.0.1:%d", peer_port(&peer));
	dns = (struct proof_dns){ .resolvers = { resolvers, 1 },
				  .timeout = 5,
				  .trust_anchor = "" };
	conf.proof.dns = &dns;
	ptrs = srvs = 1;
	fails = 0;
	fails_at = NULL;
	return 0;
}

static int teardown(void **state)
{
	peer_close(&peer);
	loop_free(&loop);
	return 0;
}

static struct discover *d;

static void over(void *arg, const struct discover_found *found,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->found = found;
	if (!found)
		g->err = *err;
	g->asked = !discover_unanswered(d);
	snprintf(g->text, sizeof(g->text), "%s", discover_text(d));
	discover_free(&d); /* it may be */
}

static const struct got *look(const char *const *parents, size_t n)
{
	static struct got g;
	AUTO(arena_free) struct arena *arena = arena_new();
	const struct disc_sources s = { .configured = parents, .n = n };
	struct disc_parents p;
	struct discover_opts o = { .conf = &conf, .parents = &p };
	struct err err = ERR_INIT;

	memset(&g, 0, sizeof(g));
	disc_parents(&s, arena, &p);
	if (discover_start(loop, &o, over, &g, &d, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(g.called, 0);
	peer_run(loop, &g.called, 1);
	return &g;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text++;
	}
	return n;
}

static const char *const corp[] = { "corp.example" };

/* A server that is down is not the same as none: the line says which and why.
 */
static void test_down(void **state)
{
	static const char lines[] =
		"discover\tcorp.example\tlooked at\n"
		"ptr\t_acme-server._tcp.corp.example\tNOERROR, 1, not checked\n"
		"srv\ti0._acme-server._tcp.corp.example\tNOERROR, 1, not "
		"checked\n"
		"txt\ti0._acme-server._tcp.corp.example\tNOERROR, 1, not "
		"checked\n"
		"try\thttps://t.corp.example:1/d\t";
	const struct got *g = look(corp, 1);

	assert_false(g->found);
	assert_int_equal(g->err.kind, ERR_UNAVAILABLE);
	assert_true(g->asked);
	assert_memory_equal(g->text, lines, sizeof(lines) - 1);
	assert_int_equal(count(g->text, "try\thttps://t.corp.example:1/d\t"),
			 1);
	assert_non_null(strstr(g->err.msg,
			       "below corp.example is of use, at "
			       "last https://t.corp.example:1/d: "));
}

static void test_none(void **state)
{
	static const char *const more[] = { "a.corp.example", "uk",
					    "corp.example" };
	const struct got *g;

	ptrs = 0;
	g = look(more, 3);
	assert_int_equal(g->err.kind, ERR_INPUT);
	assert_non_null(
		strstr(g->err.msg, "below a.corp.example, corp.example"));
	assert_int_equal(count(g->text, "looked at\n"), 2);
	assert_non_null(strstr(g->text, "discover\tuk\ta single label\n"));
	assert_int_equal(count(g->text, "ptr\t"), 2);
}

/* Nobody was asked: that is not to be taken for "there is none". */
static void test_nowhere(void **state)
{
	static const char *const bad[] = { "co.uk", "corp" };
	const struct got *g = look(bad, 2);

	assert_int_equal(g->err.kind, ERR_INPUT);
	assert_string_equal(g->err.msg, "co.uk is a public suffix, corp is a "
					"single label: nothing is looked for "
					"there");
	g = look(NULL, 0);
	assert_int_equal(g->err.kind, ERR_INPUT);
	assert_non_null(strstr(g->err.msg, "this host belongs to no domain"));
	assert_non_null(strstr(g->err.msg, "name one"));
}

/* One that is advertised and not to be used is not none. */
static void test_dropped(void **state)
{
	const struct got *g;

	srvs = 0;
	g = look(corp, 1);
	assert_int_equal(g->err.kind, ERR_INPUT);
	assert_non_null(strstr(g->err.msg,
			       "at last i0._acme-server._tcp.corp.example: no "
			       "SRV record"));
}

/* All of them in an answer that says too much: so many are looked at. */
static void test_many(void **state)
{
	const struct got *g;

	ptrs = 40;
	srvs = 20;
	g = look(corp, 1);
	assert_int_equal(g->err.kind, ERR_UNAVAILABLE);
	assert_int_equal(count(g->text, "srv\t"), DISC_INSTANCES_MAX);
	assert_int_equal(count(g->text, "\ttoo many\n"),
			 40 - DISC_INSTANCES_MAX +
				 DISC_INSTANCES_MAX * DISC_SRV_MAX -
				 DISC_OFFERS_MAX);
	/* the same eight ports, each once */
	assert_int_equal(count(g->text, "try\t"), DISC_SRV_MAX);
}

/* A parent that cannot be looked up is not passed over for the one above it;
 * an instance is, for the others. */
static void test_unsure(void **state)
{
	static const char *const two[] = { "a.corp.example", "corp.example" };
	const struct got *g;

	fails = DNS_PTR;
	g = look(two, 2);
	assert_int_equal(g->err.kind, ERR_UNAVAILABLE);
	assert_false(g->asked);
	assert_int_equal(count(g->text, "ptr\t"), 1);
	assert_int_equal(count(g->text, "try\t"), 0);
	fails = DNS_SRV;
	fails_at = "i1";
	ptrs = 3;
	g = look(corp, 1);
	assert_int_equal(count(g->text, "drop\ti1."), 1);
	assert_int_equal(count(g->text, "txt\t"), 2);
	assert_int_equal(g->err.kind, ERR_UNAVAILABLE);
	assert_false(g->asked);
}

static void test_cancel(void **state)
{
	static struct got none;
	AUTO(arena_free) struct arena *arena = arena_new();
	const struct disc_sources s = { .configured = corp, .n = 1 };
	struct disc_parents p;
	struct discover_opts o = { .conf = &conf, .parents = &p };
	struct err err = ERR_INIT;

	disc_parents(&s, arena, &p);
	for (int rounds = 0; rounds < 8; rounds++) {
		assert_int_equal(
			discover_start(loop, &o, over, &none, &d, &err), 0);
		for (int i = 0; i < rounds && d; i++)
			assert_int_equal(loop_run(loop, 20, &err), 0);
		discover_free(&d);
	}
	dns.trust_anchor = "/dev/null";
	assert_int_equal(discover_start(loop, &o, over, &none, &d, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unsure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
