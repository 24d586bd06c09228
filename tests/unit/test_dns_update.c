/* SPDX-License-Identifier: MIT */

/* What answers mean, and what happens to those that are lost. Real servers:
 * test_solver_rfc2136. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "dns_peer.h"
#include "dns_update.h"

static struct dns_key key = { .name = "k",
			      .algorithm = "hmac-sha256",
			      .digest = "SHA256",
			      .mac_len = 32,
			      .secret = "secret",
			      .secret_len = 6 };
static struct loop *loop;
static struct dns_net *net;
static struct peer peer;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (loop_new(&loop, &err) == -1)
		return -1;
	net = dns_net_new(loop, 400);
	return 0;
}

static int teardown(void **state)
{
	dns_net_free(&net);
	loop_free(&loop);
	return 0;
}

/* --- verdicts on answers without a signature --- */

static void assert_verdict(unsigned rcode, const char *tail, size_t tail_len,
			   enum err_kind kind, const char *says, bool single)
{
	unsigned char wire[300] = { 0, 0, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct dns_update_sent sent = { .zone = "example.org",
					.server = "192.0.2.1",
					.key = &key,
					.key_file = "/etc/k.key",
					.what = "_acme-challenge.example.org",
					.mac.len = 32 };
	struct err err = ERR_INIT;
	bool got = false, undone = false;

	wire[3] = (unsigned char) rcode;
	wire[11] = tail_len > 0;
	memcpy(wire + DNS_HEADER, tail, tail_len);
	assert_int_equal(dns_update_verdict(&sent, 1700000000, wire,
					    DNS_HEADER + tail_len, &got,
					    &undone, &err),
			 -1);
	if (err.kind != kind || !strstr(err.msg, says))
		fail_msg("kind %d: %s", err.kind, err.msg);
	assert_int_equal(got, single);
	assert_false(undone);
}

static void test_verdicts(void **state)
{
	static const char badkey[] =
		"\1k\0\0\372\0\377\0\0\0\0\0\35\13hmac-sha256\0"
		"\0\0\145\123\361\0\1\54\0\0\0\0\0\21\0\0";
	static const char badtime[] =
		"\1k\0\0\372\0\377\0\0\0\0\0\43\13hmac-sha256\0"
		"\0\0\145\123\361\0\1\54\0\0\0\0\0\22\0\6"
		"\0\0\145\123\361\100"; /* 64 s after 2023-11-14T22:13:20Z */

	assert_verdict(0, "", 0, ERR_INPUT, "not signed", false);
	/* not signed: it may be anything */
	assert_verdict(DNS_REFUSED, "", 0, ERR_CONFIG,
		       "the key k of /etc/k.key may be unknown there or have "
		       "another secret, the clocks may differ",
		       true);
	assert_verdict(DNS_NOTAUTH, "", 0, ERR_CONFIG,
		       "is it a zone, and that one its primary server?", false);
	assert_verdict(DNS_NOTZONE, "", 0, ERR_CONFIG, "NOTZONE", true);
	assert_verdict(DNS_NXDOMAIN, "", 0, ERR_CONFIG, "NXDOMAIN", false);
	assert_verdict(DNS_NOTIMP, "", 0, ERR_CONFIG, "NOTIMP", false);
	assert_verdict(DNS_SERVFAIL, "", 0, ERR_UNAVAILABLE, "SERVFAIL", true);
	assert_verdict(DNS_YXRRSET, "", 0, ERR_UNAVAILABLE, "YXRRSET", false);
	/* every name's at once: none is held for them */
	assert_verdict(DNS_NOTAUTH, badkey, sizeof(badkey) - 1, ERR_UNAVAILABLE,
		       "does not know the key k of /etc/k.key", false);
	assert_verdict(DNS_NOTAUTH, badtime, sizeof(badtime) - 1,
		       ERR_UNAVAILABLE,
		       "here it is 2023-11-14T22:13:20Z, at DNS server "
		       "192.0.2.1 2023-11-14T22:14:24Z",
		       false);
	assert_verdict(0, badkey, 20, ERR_INPUT, "malformed TSIG", false);
}

/* --- a server that signs --- */

static unsigned added;

/* Sign the answer as RFC 8945 section 5.3 has it, by OpenSSL's HMAC(). */
static size_t sign(const unsigned char *q, size_t n, unsigned rcode,
		   unsigned char *out)
{
	unsigned char data[4096], mac[32];
	/* k, TSIG, ANY, 0, rdlength | hmac-sha256 | 6+2 | 2+32 | 6 */
	const unsigned char *tsig = q + n - 3 - 10 - 13 - 8 - 34 - 6;
	const unsigned char *rdata = tsig + 13;
	size_t size = DNS_HEADER, d = 0;
	unsigned mac_len = 0;

	memcpy(out, q, 4);
	memset(out + 4, 0, 8);
	out[2] |= 0x80;
	out[3] = (unsigned char) rcode;
	dns_put16(data, 32);
	memcpy(data + 2, rdata + 13 + 8 + 2, 32);
	d = 34;
	memcpy(data + d, out, DNS_HEADER);
	d += DNS_HEADER;
	memcpy(data + d, "\1k\0\0\377\0\0\0\0", 9);
	memcpy(data + d + 9, rdata, 13 + 8);
	memcpy(data + d + 9 + 21, "\0\0\0\0", 4);
	d += 9 + 21 + 4;
	HMAC(EVP_sha256(), "secret", 6, data, d, mac, &mac_len);
	memcpy(out + size, tsig, n - (size_t) (tsig - q));
	memcpy(out + size + 13 + 13 + 8 + 2, mac, 32);
	out[11] = 1;
	return size + (n - (size_t) (tsig - q));
}

static size_t takes(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		    unsigned char *out)
{
	added += dns_get16(q + 8);
	return sign(q, n, 0, out);
}

static size_t loses_first(struct peer *p, const unsigned char *q, size_t n,
			  bool tcp, unsigned char *out)
{
	size_t size = takes(p, q, n, tcp, out);

	return p->n_tcp == 1 ? 0 : size;
}

/* Somebody on the way: it is done, and they are told that it is not. */
static size_t forges_first(struct peer *p, const unsigned char *q, size_t n,
			   bool tcp, unsigned char *out)
{
	size_t size = takes(p, q, n, tcp, out);

	if (p->n_tcp > 1)
		return p->arg ? sign(q, n, DNS_REFUSED, out) : size;
	out[3] = DNS_REFUSED;
	out[11] = 0;
	return DNS_HEADER;
}

static size_t refuses_second(struct peer *p, const unsigned char *q, size_t n,
			     bool tcp, unsigned char *out)
{
	return p->n_tcp == 1 ? 0 : sign(q, n, DNS_REFUSED, out);
}

/* Refuses any UPDATE with an owner that begins with "bad". */
static size_t choosy(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		     unsigned char *out)
{
	if (memmem(q, n, "\3bad", 4))
		return sign(q, n, DNS_REFUSED, out);
	return takes(p, q, n, tcp, out);
}

static size_t signs_wrongly(struct peer *p, const unsigned char *q, size_t n,
			    bool tcp, unsigned char *out)
{
	size_t size = sign(q, n, 0, out);

	out[size - 10] ^= 1;
	return size;
}

struct got {
	int called;
	int good;
	int undone;
	struct err err;
};

static void over(void *arg, const struct err *err, bool undone)
{
	struct got *g = arg;

	g->called++;
	g->undone += undone;
	g->good += !err;
	if (err)
		g->err = *err;
}

static struct dns_zone zone_of(peer_fn *fn)
{
	struct dns_zone z = { .name = "example.org",
			      .key = &key,
			      .key_file = "f",
			      .n_server = 1 };

	peer_open(&peer, loop, "127.0.0.1", 0, fn);
	z.server[0] = peer.addr;
	added = 0;
	return z;
}

static struct dns_change *put(struct dns_updater *u, const struct dns_zone *z,
			      const char *owner, struct got *g)
{
	struct dns_change_rr rr = { true, owner, "value", 60 };

	return dns_update(u, z, &rr, over, g);
}

static void test_lost_answer_is_sent_again(void **state)
{
	struct dns_zone z = zone_of(loses_first);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };

	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	if (!g.good)
		fail_msg("%s", g.err.msg);
	assert_int_equal(peer.n_tcp, 2);
	dns_updater_free(&u);
	peer_close(&peer);
}

static void test_other_address(void **state)
{
	struct dns_zone z = zone_of(takes);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	z.n_server = 2;
	z.server[1] = z.server[0];
	assert_int_equal(dns_addr_parse("127.0.0.1:9", &z.server[0], &err), 0);
	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.good, 1);
	/* nobody at all */
	dns_updater_free(&u);
	u = dns_updater_new(net);
	z.n_server = 1;
	z.primary = "hidden.example.org";
	memset(&g, 0, sizeof(g));
	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.good, 0);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "the primary hidden.example.org that "
					  "the zone's SOA names"));
	assert_int_equal(g.undone, 1);
	dns_updater_free(&u);
	peer_close(&peer);
}

/* Each address gets its turn, however many lead nowhere. */
static void test_last_address(void **state)
{
	struct dns_zone z = zone_of(takes);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	z.n_server = DNS_ZONE_SERVERS_MAX;
	z.server[z.n_server - 1] = z.server[0];
	for (size_t i = 0; i + 1 < z.n_server; i++)
		assert_int_equal(
			dns_addr_parse("127.0.0.1:9", &z.server[i], &err), 0);
	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.good, 1);
	dns_updater_free(&u);
	peer_close(&peer);
}

/* A zone as it was stored has one address of a server that has two: still
 * what is asked first is done first, in the same line. */
static void test_one_line_for_one_server(void **state)
{
	struct dns_zone z = zone_of(takes), stored = z;
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	put(u, &stored, "a.example.org", &g);
	z.n_server = 2;
	assert_int_equal(dns_addr_parse("127.0.0.1:9", &z.server[1], &err), 0);
	put(u, &z, "b.example.org", &g);
	put(u, &stored, "c.example.org", &g);
	peer_run(loop, &g.called, 3);
	assert_int_equal(g.good, 3);
	assert_int_equal(added, 3);
	assert_int_equal(peer.n_tcp, 1);
	dns_updater_free(&u);
	peer_close(&peer);
}

/* The address that is known later is tried as well. */
static void test_line_learns_addresses(void **state)
{
	struct dns_zone z = zone_of(takes);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };
	struct err err = ERR_INIT;

	z.server[1] = z.server[0];
	assert_int_equal(dns_addr_parse("127.0.0.1:9", &z.server[0], &err), 0);
	put(u, &z, "a.example.org", &g);
	z.n_server = 2;
	put(u, &z, "b.example.org", &g);
	peer_run(loop, &g.called, 2);
	assert_int_equal(g.good, 2);
	dns_updater_free(&u);
	peer_close(&peer);
}

static void test_together_and_one_at_a_time(void **state)
{
	struct dns_zone z = zone_of(choosy);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 }, bad = { .called = 0 };
	char owner[60];

	/* 250 go in three messages */
	for (int i = 0; i < 250; i++) {
		snprintf(owner, sizeof(owner), "n%d.example.org", i);
		put(u, &z, owner, &g);
	}
	peer_run(loop, &g.called, 250);
	assert_int_equal(g.good, 250);
	assert_int_equal(added, 250);
	assert_int_equal(peer.n_tcp, 3);
	/* two bad ones among 50 */
	memset(&g, 0, sizeof(g));
	added = 0;
	for (int i = 0; i < 50; i++) {
		snprintf(owner, sizeof(owner), "n%d.example.org", i);
		put(u, &z, owner, &g);
		if (i == 20 || i == 21)
			put(u, &z, "bad.example.org", &bad);
	}
	peer_run(loop, &g.called, 50);
	peer_run(loop, &bad.called, 2);
	assert_int_equal(g.good, 50);
	assert_int_equal(added, 50);
	assert_int_equal(bad.good, 0);
	assert_int_equal(bad.undone, 2);
	assert_int_equal(bad.err.kind, ERR_CONFIG);
	assert_non_null(strstr(bad.err.msg, "bad.example.org"));
	dns_updater_free(&u);
	peer_close(&peer);
}

static void test_answer_signed_by_another(void **state)
{
	struct dns_zone z = zone_of(signs_wrongly);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };

	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.good, 0);
	assert_int_equal(g.undone, 0);
	assert_int_equal(g.err.kind, ERR_INPUT);
	dns_updater_free(&u);
	peer_close(&peer);
}

/* What was lost once may have been made, whatever is said afterwards. */
static void test_lost_then_refused(void **state)
{
	struct dns_zone z = zone_of(refuses_second);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };

	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.good, 0);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_int_equal(g.undone, 0);
	/* refused at once */
	memset(&g, 0, sizeof(g));
	put(u, &z, "b.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_int_equal(g.undone, 1);
	dns_updater_free(&u);
	peer_close(&peer);
}

/* What is not signed proves nothing of what was done, whatever is said
 * afterwards. */
static void test_unsigned_refusal(void **state)
{
	struct dns_zone z = zone_of(forges_first);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 };

	put(u, &z, "a.example.org", &g);
	peer_run(loop, &g.called, 1);
	assert_int_equal(added, 1);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_non_null(strstr(g.err.msg, "does not sign that (REFUSED)"));
	assert_int_equal(g.undone, 0);
	/* several, of which each is refused, signed, when it is tried alone */
	memset(&g, 0, sizeof(g));
	peer.n_tcp = 0;
	peer.arg = &peer;
	put(u, &z, "b.example.org", &g);
	put(u, &z, "c.example.org", &g);
	peer_run(loop, &g.called, 2);
	assert_int_equal(peer.n_tcp, 3);
	assert_int_equal(g.err.kind, ERR_CONFIG);
	assert_int_equal(g.undone, 0);
	dns_updater_free(&u);
	peer_close(&peer);
}

static void test_cancel(void **state)
{
	struct dns_zone z = zone_of(choosy);
	struct dns_updater *u = dns_updater_new(net);
	struct got g = { .called = 0 }, other = { .called = 0 };
	struct dns_change *c[4];
	struct err err = ERR_INIT;

	c[0] = put(u, &z, "a.example.org", &g);
	c[1] = put(u, &z, "bad.example.org", &g);
	put(u, &z, "b.example.org", &other);
	c[2] = put(u, &z, "c.example.org", &g);
	dns_update_cancel(&c[2]); /* before it is sent: never is */
	assert_int_equal(loop_run(loop, 10, &err), 0);
	dns_update_cancel(&c[0]); /* under way: made, not told */
	dns_update_cancel(&c[1]);
	peer_run(loop, &other.called, 1);
	assert_int_equal(other.good, 1);
	assert_int_equal(g.called, 0);
	assert_int_equal(added, 2);
	/* freed with one under way that nobody waits for */
	c[3] = put(u, &z, "d.example.org", &g);
	assert_int_equal(loop_run(loop, 10, &err), 0);
	dns_update_cancel(&c[3]);
	dns_updater_free(&u);
	assert_int_equal(g.called, 0);
	peer_close(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_lost_answer_is_sent_again),
		cmocka_unit_test(test_other_address),
		cmocka_unit_test(test_last_address),
		cmocka_unit_test(test_one_line_for_one_server),
		cmocka_unit_test(test_line_learns_addresses),
		cmocka_unit_test(test_together_and_one_at_a_time),
		cmocka_unit_test(test_answer_signed_by_another),
		cmocka_unit_test(test_lost_then_refused),
		cmocka_unit_test(test_unsigned_refusal),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
