/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_ask.h"
#include "dns_peer.h"
#include "mem.h"
#include "named.h"
#include "scratch.h"

#define SECRET "c2VjcmV0LW9mLXRoZS1obWFjLXNoYTI1Ni1rZXk="

static struct loop *loop;
static struct dns_net *net;
static struct peer peer;

struct got {
	int called;
	bool known;
	unsigned rcode;
	char txt[64];
	struct err err;
};

static void over(void *arg, const struct dns_msg *m, const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->known = m;
	if (!m)
		g->err = *err;
	else
		g->rcode = m->rcode;
	for (size_t i = 0; m && i < m->n; i++)
		if (m->rr[i].type == DNS_TXT)
			snprintf(g->txt, sizeof(g->txt), "%.*s",
				 (int) m->rr[i].len, m->rr[i].data);
}

static void ask(const struct dns_addr *to, const struct dns_key *key,
		struct got *g)
{
	struct dns_question q = { .name = "www.example.test",
				  .type = DNS_TXT,
				  .key = key };

	memset(g, 0, sizeof(*g));
	dns_ask(net, to, &q, over, g);
	assert_int_equal(g->called, 0);
	peer_run(loop, &g->called, 1);
}

static size_t refuses(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	/* no recursion desired */
	return q[2] & 1 ? 0 : peer_begin(q, n, DNS_REFUSED, out);
}

static size_t garbage(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	size_t size = peer_begin(q, n, 0, out);

	dns_put16(out + 6, 40);
	return size;
}

/* As if it knew nothing of keys. */
static size_t unsigned_answer(struct peer *p, const unsigned char *q, size_t n,
			      bool tcp, unsigned char *out)
{
	size_t end = dns_msg_skip_name(q, n, DNS_HEADER) + 4;
	size_t size = peer_begin(q, end, 0, out);

	assert_true(tcp);
	dns_put16(out + 10, 0);
	return peer_add(out, size, 6, NULL, DNS_TXT, "\1x", 2);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state) != 0 || loop_new(&loop, &err) == -1)
		return -1;
	net = dns_net_new(loop, 2000);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	return scratch_teardown(state);
}

static struct dns_key *key_of(const char *name, const char *secret)
{
	struct err err = ERR_INIT;
	struct dns_key *key;
	char text[200];

	snprintf(text, sizeof(text),
		 "key %s { algorithm hmac-sha256; secret \"%s\"; };", name,
		 secret);
	if (dns_key_parse(text, "key", &key, &err) == -1)
		fail_msg("%s", err.msg);
	return key;
}

static void test_answers(void **state)
{
	AUTO(dns_key_free) struct dns_key *key = key_of("k", SECRET);
	struct got g;

	peer_open(&peer, loop, "127.0.0.1", 0, refuses);
	ask(&peer.addr, NULL, &g);
	assert_true(g.known);
	assert_int_equal(g.rcode, DNS_REFUSED);
	peer.fn = garbage;
	ask(&peer.addr, NULL, &g);
	assert_int_equal(g.err.kind, ERR_INPUT);
	assert_non_null(strstr(g.err.msg, "127.0.0.1"));
	peer.fn = unsigned_answer;
	ask(&peer.addr, key, &g);
	assert_int_equal(g.err.kind, ERR_INPUT);
	assert_non_null(strstr(g.err.msg, "does not sign"));
	peer_close(&peer);
}

static void test_cancel(void **state)
{
	struct dns_question q = { .name = "www.example.test", .type = DNS_TXT };
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	peer_open(&peer, loop, "127.0.0.1", 0, refuses);
	for (int rounds = 0; rounds < 3; rounds++) {
		struct dns_ask *a = dns_ask(net, &peer.addr, &q, over, &g);

		for (int i = 0; i < rounds && !g.called; i++)
			assert_int_equal(loop_run(loop, 10, &err), 0);
		if (g.called > 0)
			break;
		dns_ask_cancel(&a);
		dns_ask_cancel(&a);
	}
	peer_close(&peer);
}

/* One server, two views: who has the key sees the public one. */
static void test_two_views(void **state)
{
	AUTO(dns_key_free) struct dns_key *key = key_of("k", SECRET);
	AUTO(dns_key_free) struct dns_key *bad = key_of("k", "b3RoZXI=");
	AUTO(dns_key_free) struct dns_key *unknown = key_of("u", SECRET);
	struct named n = { .port = named_free_port(0) };
	struct dns_addr to;
	struct err err = ERR_INIT;
	struct got g;
	char text[40];

	snprintf(n.dir, sizeof(n.dir), "%s", scratch("named"));
	mkdir(n.dir, 0700);
	named_file(&n, "in.db",
		   "$TTL 60\n@ SOA ns root 1 1 1 1 1\n@ NS ns\n"
		   "ns A 127.0.0.1\nwww TXT inside\n");
	named_file(&n, "out.db",
		   "$TTL 60\n@ SOA ns root 1 1 1 1 1\n@ NS ns\n"
		   "ns A 127.0.0.1\nwww TXT outside\n");
	named_file(&n, "named.conf",
		   "options { directory \"%s\"; pid-file none;\n"
		   "session-keyfile none; listen-on-v6 { none; };\n"
		   "listen-on port %d { 127.0.0.1; }; recursion no;\n"
		   "dnssec-validation no; empty-zones-enable no; };\n"
		   "controls { };\n"
		   "key k { algorithm hmac-sha256; secret \"%s\"; };\n"
		   "view out { match-clients { key k; };\n"
		   "zone example.test { type primary; file \"out.db\"; }; };\n"
		   "view in { match-clients { any; };\n"
		   "zone example.test { type primary; file \"in.db\"; }; };\n",
		   n.dir, n.port, SECRET);
	if (access("/usr/sbin/named", X_OK) != 0)
		skip();
	assert_true(named_start(&n));
	snprintf(text, sizeof(text), "127.0.0.1:%d", n.port);
	assert_int_equal(dns_addr_parse(text, &to, &err), 0);
	ask(&to, NULL, &g);
	assert_string_equal(g.txt, "inside");
	ask(&to, key, &g);
	assert_string_equal(g.txt, "outside");
	ask(&to, bad, &g);
	assert_int_equal(g.err.kind, ERR_INPUT);
	assert_non_null(strstr(g.err.msg, "BADSIG"));
	ask(&to, unknown, &g);
	assert_non_null(strstr(g.err.msg, "BADKEY"));
	named_stop(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_two_views),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
