/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_query.h"

#define TIMEOUT 800

static struct loop *loop;
static struct dns_net *net;
static struct peer peer;
static struct sbuf question;

struct got {
	int called;
	size_t len;
	unsigned char wire[600];
	struct err err;
};

static int setup(void **state)
{
	struct err err = ERR_INIT;

	sbuf_init(&question, DNS_MESSAGE_MAX);
	if (loop_new(&loop, &err) == -1 ||
	    dns_msg_question("www.example.org", DNS_A, true, &question, &err) ==
		    -1)
		return -1;
	net = dns_net_new(loop, TIMEOUT);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	sbuf_free(&question);
	return 0;
}

static void over(void *arg, const unsigned char *wire, size_t len,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	g->len = len;
	if (wire && len <= sizeof(g->wire))
		memcpy(g->wire, wire, len);
	else if (!wire)
		g->err = *err;
}

static const unsigned char right[] = { 192, 0, 2, 1 };

static size_t answer(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return peer_add(out, peer_begin(q, n, 0, out), 6, NULL, DNS_A, right,
			4);
}

static void ask(struct got *g)
{
	memset(g, 0, sizeof(*g));
	dns_query_ask(net, &peer.addr, &question, over, g);
	peer_run(loop, &g->called, 1);
	assert_int_equal(g->called, 1);
}

static void assert_right(const struct got *g)
{
	if (g->err.kind != ERR_NONE)
		fail_msg("%s", g->err.msg);
	assert_true(g->len > 4);
	assert_memory_equal(g->wire + g->len - 4, right, 4);
}

static void test_plain(void **state)
{
	struct got g;
	unsigned ids[20];
	int same = 0;

	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	for (int i = 0; i < 20; i++) {
		ask(&g);
		assert_right(&g);
		ids[i] = dns_get16(g.wire);
		for (int k = 0; k < i; k++)
			same += ids[k] == ids[i];
	}
	assert_int_equal(peer.n_udp, 20);
	assert_int_equal(peer.n_tcp, 0);
	/* random: 20 of 65536 hardly ever have three pairs */
	assert_in_range(same, 0, 2);
	peer_close(&peer);
}

static size_t other_question(struct peer *p, const unsigned char *q, size_t n,
			     bool tcp, unsigned char *out)
{
	size_t size = answer(p, q, n, tcp, out);

	if (!tcp)
		out[DNS_HEADER + 1] ^= 1;
	return size;
}

static size_t from_another_port(struct peer *p, const unsigned char *q,
				size_t n, bool tcp, unsigned char *out)
{
	size_t size = answer(p, q, n, tcp, out);

	if (tcp)
		return size;
	out[size - 1] = 66;
	sendto(p->other, out, size, 0, (struct sockaddr *) &p->client,
	       sizeof(p->client));
	/* the right answer comes on the second asking */
	out[size - 1] = right[3];
	return p->n_udp < 2 ? 0 : size;
}

static void test_forged(void **state)
{
	struct got g;

	/* wrong IDs, then the right one */
	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	peer.forge = 5;
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_tcp, 0);
	/* a flood: over to TCP */
	peer.forge = 50;
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_tcp, 1);
	peer_close(&peer);
	peer_open(&peer, loop, "127.0.0.1", 0, other_question);
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_tcp, 1);
	peer_close(&peer);
	peer_open(&peer, loop, "127.0.0.1", 0, from_another_port);
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_tcp, 0);
	peer_close(&peer);
}

static size_t truncated(struct peer *p, const unsigned char *q, size_t n,
			bool tcp, unsigned char *out)
{
	size_t size = answer(p, q, n, tcp, out);

	if (tcp)
		return size;
	out[2] |= 2;
	return n;
}

static size_t first_lost(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	return p->n_udp == 1 ? 0 : answer(p, q, n, tcp, out);
}

static size_t tcp_only(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out)
{
	return tcp ? answer(p, q, n, tcp, out) : 0;
}

static size_t silent(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	return 0;
}

static void test_truncated_lost_and_silent(void **state)
{
	int64_t before;
	struct got g;

	peer_open(&peer, loop, "127.0.0.1", 0, truncated);
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_tcp, 1);
	peer.fn = first_lost;
	peer.n_udp = 0;
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_udp, 2);
	peer.fn = tcp_only;
	peer.n_udp = 0;
	ask(&g);
	assert_right(&g);
	assert_int_equal(peer.n_udp, 3);
	peer.fn = silent;
	before = clock_mono_ms();
	ask(&g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "within 0.8 s"));
	assert_in_range(clock_mono_ms() - before, TIMEOUT - 50, TIMEOUT + 500);
	peer_close(&peer);
}

static void test_nobody_there(void **state)
{
	int64_t before = clock_mono_ms();
	struct got g;

	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	peer_close(&peer);
	ask(&g);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "refused"));
	assert_in_range(clock_mono_ms() - before, 0, TIMEOUT / 2);
	memset(&g, 0, sizeof(g));
	dns_query_send(net, &peer.addr, &question, over, &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
}

static void test_cut_connections(void **state)
{
	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	for (int cut = 0; cut < 20; cut++) {
		struct got g = { .called = 0 };

		peer.cut = cut;
		dns_query_send(net, &peer.addr, &question, over, &g);
		peer_run(loop, &g.called, 1);
		assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	}
	peer_close(&peer);
}

static size_t wrong_id(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out)
{
	size_t size = answer(p, q, n, tcp, out);

	out[0] ^= 1;
	return size;
}

static size_t tiny(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		   unsigned char *out)
{
	memset(out, 0, 11);
	return 11;
}

static void test_nonsense_over_tcp(void **state)
{
	struct got g = { .called = 0 };

	peer_open(&peer, loop, "127.0.0.1", 0, wrong_id);
	dns_query_send(net, &peer.addr, &question, over, &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.err.kind, ERR_INPUT);
	peer.fn = tiny;
	memset(&g, 0, sizeof(g));
	dns_query_send(net, &peer.addr, &question, over, &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	peer_close(&peer);
}

static int many_done;

static void many_over(void *arg, const unsigned char *wire, size_t len,
		      const struct err *err)
{
	int *answered = arg;

	many_done++;
	*answered += wire ? 1 : 0;
}

/* More at once than sockets are allowed; a dead server does not keep the
 * other waiting. */
static void test_many(void **state)
{
	static struct peer dead;
	int live = 0, lost = 0;
	int64_t before = clock_mono_ms(), live_after = 0;
	struct err err = ERR_INIT;

	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	peer_open(&dead, loop, "127.0.0.1", 0, silent);
	for (int i = 0; i < 200; i++)
		dns_query_ask(net, &dead.addr, &question, many_over, &lost);
	for (int i = 0; i < 600; i++)
		dns_query_ask(net, &peer.addr, &question, many_over, &live);
	many_done = 0;
	while (many_done < 800) {
		assert_true(clock_mono_ms() - before < 15000);
		assert_int_equal(loop_run(loop, 1000, &err), 0);
		if (live == 600 && live_after == 0)
			live_after = clock_mono_ms() - before;
	}
	assert_int_equal(live, 600);
	assert_int_equal(lost, 0);
	assert_in_range(live_after, 1, TIMEOUT);
	peer_close(&peer);
	peer_close(&dead);
}

/* However many servers are dead, another has its sockets before their time is
 * over. */
static void test_many_dead(void **state)
{
	static struct peer dead[8];
	int live = 0, lost = 0;
	int64_t end = clock_mono_ms() + 15000;
	struct dns_query *q[ARRAY_LEN(dead)][200];
	struct err err = ERR_INIT;
	size_t i, k;

	peer_open(&peer, loop, "127.0.0.1", 0, answer);
	many_done = 0;
	for (i = 0; i < ARRAY_LEN(dead); i++) {
		peer_open(&dead[i], loop, "127.0.0.1", 0, silent);
		for (k = 0; k < ARRAY_LEN(q[i]); k++)
			q[i][k] = dns_query_ask(net, &dead[i].addr, &question,
						many_over, &lost);
	}
	for (k = 0; k < 100; k++)
		dns_query_ask(net, &peer.addr, &question, many_over, &live);
	while (many_done < 100) {
		assert_true(clock_mono_ms() < end);
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	}
	/* not one of those was given up meanwhile */
	assert_int_equal(live, 100);
	for (i = 0; i < ARRAY_LEN(dead); i++) {
		for (k = 0; k < ARRAY_LEN(q[i]); k++)
			dns_query_cancel(&q[i][k]);
		peer_close(&dead[i]);
	}
	peer_close(&peer);
}

static void test_cancel(void **state)
{
	struct dns_query *q[300];
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	peer_open(&peer, loop, "127.0.0.1", 0, silent);
	for (int i = 0; i < 300; i++)
		q[i] = dns_query_ask(net, &peer.addr, &question, over, &g);
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_run(loop, 10, &err), 0);
	for (int i = 299; i >= 0; i--)
		dns_query_cancel(&q[i]);
	assert_null(q[0]);
	dns_query_cancel(&q[0]);
	assert_int_equal(g.called, 0);
	peer_close(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_truncated_lost_and_silent),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_cut_connections),
		cmocka_unit_test(test_nonsense_over_tcp),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_dead),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
