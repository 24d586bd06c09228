/* SPDX-License-Identifier: MIT */
#ifndef DNS_PEER_H
#define DNS_PEER_H

/* A DNS server of ours that lives in the test's own loop and says whatever
 * the test makes it say: include after cmocka.h. */

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "dns_addr.h"
#include "dns_msg.h"
#include "loop.h"

struct peer;
/* The answer to Q into out (65535 bytes); its length, 0: say nothing. */
typedef size_t peer_fn(struct peer *p, const unsigned char *q, size_t n,
		       bool tcp, unsigned char *out);

struct peer {
	struct loop *loop;
	peer_fn *fn;
	int udp, tcp, other; /* other: a socket with another port */
	struct loop_io *udp_io, *tcp_io, *conn_io;
	int conn;
	struct sockaddr_in client;
	int n_udp, n_tcp;
	int cut;   /* TCP: close after so many bytes, -1: never */
	int forge; /* UDP: so many answers to something else first */
	unsigned char got[65537];
	size_t have;
	unsigned char out[65537];
	void *arg;
	struct dns_addr addr;
};

static inline void peer_udp(void *arg, short revents)
{
	struct peer *p = arg;
	unsigned char q[4096];
	socklen_t len = sizeof(p->client);
	ssize_t n = recvfrom(p->udp, q, sizeof(q), MSG_DONTWAIT,
			     (struct sockaddr *) &p->client, &len);
	size_t size;

	if (n < DNS_HEADER)
		return;
	p->n_udp++;
	size = p->fn(p, q, (size_t) n, false, p->out);
	for (int i = 0; size > 0 && i < p->forge; i++) {
		p->out[i % 2] ^= 0x55;
		sendto(p->udp, p->out, size, 0, (struct sockaddr *) &p->client,
		       len);
		p->out[i % 2] ^= 0x55;
	}
	if (size > 0)
		sendto(p->udp, p->out, size, 0, (struct sockaddr *) &p->client,
		       len);
}

static inline void peer_hang_up(struct peer *p)
{
	loop_unwatch(&p->conn_io);
	if (p->conn != -1)
		close(p->conn);
	p->conn = -1;
	p->have = 0;
}

static inline void peer_conn(void *arg, short revents)
{
	struct peer *p = arg;
	ssize_t n = recv(p->conn, p->got + p->have, sizeof(p->got) - p->have,
			 MSG_DONTWAIT);
	size_t size, total;

	if (n <= 0) {
		peer_hang_up(p);
		return;
	}
	p->have += (size_t) n;
	if (p->have < 2 || p->have < 2 + dns_get16(p->got))
		return;
	p->n_tcp++;
	size = p->fn(p, p->got + 2, p->have - 2, true, p->out + 2);
	dns_put16(p->out, (unsigned) size);
	total = size + 2;
	if (p->cut >= 0 && (size_t) p->cut < total)
		total = (size_t) p->cut;
	/* in two pieces: an answer need not come at once */
	if (size > 0 && total > 3) {
		send(p->conn, p->out, 3, MSG_NOSIGNAL);
		send(p->conn, p->out + 3, total - 3, MSG_NOSIGNAL);
	}
	if (p->cut >= 0)
		peer_hang_up(p);
}

static inline void peer_accept(void *arg, short revents)
{
	struct peer *p = arg;

	peer_hang_up(p);
	p->conn = accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC);
	if (p->conn != -1)
		p->conn_io = loop_watch(p->loop, p->conn, POLLIN, peer_conn, p);
}

static inline void peer_open(struct peer *p, struct loop *loop,
			     const char *address, int port, peer_fn *fn)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t) port) };
	socklen_t len = sizeof(a);

	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->fn = fn;
	p->conn = -1;
	p->cut = -1;
	inet_pton(AF_INET, address, &a.sin_addr);
	for (int i = 0;; i++) {
		int one = 1;

		assert_true(i < 50);
		p->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		p->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(p->tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		a.sin_port = htons((uint16_t) port);
		if (bind(p->tcp, (struct sockaddr *) &a, sizeof(a)) == 0 &&
		    getsockname(p->tcp, (struct sockaddr *) &a, &len) == 0 &&
		    bind(p->udp, (struct sockaddr *) &a, sizeof(a)) == 0)
			break;
		close(p->tcp);
		close(p->udp);
	}
	assert_int_equal(listen(p->tcp, 50), 0);
	p->other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(&p->addr.u, &a, sizeof(a));
	p->addr.len = sizeof(a);
	p->udp_io = loop_watch(loop, p->udp, POLLIN, peer_udp, p);
	p->tcp_io = loop_watch(loop, p->tcp, POLLIN, peer_accept, p);
}

static inline int peer_port(const struct peer *p)
{
	return ntohs(p->addr.u.in.sin_port);
}

static inline void peer_close(struct peer *p)
{
	peer_hang_up(p);
	loop_unwatch(&p->udp_io);
	loop_unwatch(&p->tcp_io);
	close(p->udp);
	close(p->tcp);
	close(p->other);
}

/* --- making answers --- */

/* Header and question of Q, as an authoritative answer; the length. */
static inline size_t peer_begin(const unsigned char *q, size_t n,
				unsigned rcode, unsigned char *out)
{
	memcpy(out, q, n);
	out[2] = (unsigned char) (q[2] | 0x84);
	out[3] = (unsigned char) rcode;
	return n;
}

/* A record; owner NULL: that of the question. section: 6, 8, 10. */
static inline size_t peer_add(unsigned char *out, size_t n, int section,
			      const char *owner, unsigned type,
			      const void *data, size_t len)
{
	unsigned char name[DNS_NAME_WIRE] = { 0xc0, 0x0c };
	struct err err = ERR_INIT;
	size_t size = 2;

	if (owner)
		assert_int_equal(dns_name_wire(owner, name, &size, &err), 0);
	memcpy(out + n, name, size);
	n += size;
	dns_put16(out + n, type);
	dns_put16(out + n + 2, 1);
	memset(out + n + 4, 0, 4);
	dns_put16(out + n + 8, (unsigned) len);
	memcpy(out + n + 10, data, len);
	dns_put16(out + section, dns_get16(out + section) + 1);
	return n + 10 + len;
}

/* The same, its data a name (and for SOA another name and five numbers). */
static inline size_t peer_add_name(unsigned char *out, size_t n, int section,
				   const char *owner, unsigned type,
				   const char *target)
{
	unsigned char data[DNS_NAME_WIRE + 21] = { 0 };
	struct err err = ERR_INIT;
	size_t size;

	assert_int_equal(dns_name_wire(target, data, &size, &err), 0);
	return peer_add(out, n, section, owner, type, data,
			size + (type == DNS_SOA ? 21 : 0));
}

static inline unsigned peer_qtype(const unsigned char *q, size_t n)
{
	return dns_get16(q + n - 4);
}

static inline bool peer_asks(const unsigned char *q, size_t n, const char *name)
{
	unsigned char want[DNS_NAME_WIRE];
	struct err err = ERR_INIT;
	size_t size;

	assert_int_equal(dns_name_wire(name, want, &size, &err), 0);
	return size == n - DNS_HEADER - 4 &&
	       memcmp(q + DNS_HEADER, want, size) == 0;
}

/* Run the loop until *FLAG reaches N, or fail. */
static inline void peer_run(struct loop *loop, const int *flag, int n)
{
	int64_t end = clock_mono_ms() + 20000;
	struct err err = ERR_INIT;

	while (*flag < n) {
		assert_true(clock_mono_ms() < end);
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	}
}

#endif
