/* SPDX-License-Identifier: MIT */
#include "dns_query.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

/* Datagrams that answer something else, before TCP is taken. */
#define FORGED_MAX 10

TAILQ_HEAD(queries, dns_query);

struct host {
	struct dns_addr addr;
	size_t active;
	struct queries waiting;
	TAILQ_ENTRY(host) link;
};

TAILQ_HEAD(hosts, host);

struct dns_net {
	struct loop *loop;
	int64_t timeout_ms;
	size_t active, waiting;
	struct hosts hosts; /* the next to be served is the first */
	unsigned char buf[DNS_MESSAGE_MAX];
};

struct dns_query {
	struct dns_net *net;
	struct host *host;
	TAILQ_ENTRY(dns_query) link; /* while waiting */
	bool active;
	bool tcp;
	struct sbuf msg;
	dns_query_fn *fn;
	void *arg;
	int fd;
	struct loop_io *io;
	struct loop_timer *deadline, *again;
	unsigned resends;
	unsigned forged;
	size_t sent; /* TCP: of the length and the message */
	unsigned char head[2];
	unsigned char *in;
	size_t got, want; /* of head and in together */
	struct err err;	  /* of a failure that is reported next round */
};

static void udp_event(void *arg, short revents);
static void tcp_event(void *arg, short revents);
static void start_tcp(struct dns_query *q);
static void pump(struct dns_net *net);

struct dns_net *dns_net_new(struct loop *loop, int64_t timeout_ms)
{
	struct dns_net *net = mem_alloc(sizeof(*net));

	net->loop = loop;
	net->timeout_ms = timeout_ms;
	TAILQ_INIT(&net->hosts);
	return net;
}

void dns_net_free(struct dns_net **net)
{
	struct host *h;

	if (!*net)
		return;
	assert((*net)->active == 0 && (*net)->waiting == 0);
	while ((h = TAILQ_FIRST(&(*net)->hosts))) {
		TAILQ_REMOVE(&(*net)->hosts, h, link);
		free(h);
	}
	free(*net);
	*net = NULL;
}

struct loop *dns_net_loop(const struct dns_net *net)
{
	return net->loop;
}

int dns_query_set_id(struct sbuf *msg, struct err *err)
{
	if (msg->len < DNS_HEADER ||
	    RAND_bytes((unsigned char *) msg->buf, 2) != 1)
		return err_set(err, ERR_INTERNAL, "no random numbers");
	return 0;
}

static struct host *host_of(struct dns_net *net, const struct dns_addr *addr)
{
	struct host *h;

	TAILQ_FOREACH (h, &net->hosts, link)
		if (dns_addr_equal(&h->addr, addr))
			return h;
	h = mem_alloc(sizeof(*h));
	h->addr = *addr;
	TAILQ_INIT(&h->waiting);
	TAILQ_INSERT_TAIL(&net->hosts, h, link);
	return h;
}

static void close_socket(struct dns_query *q)
{
	loop_unwatch(&q->io);
	loop_cancel(&q->again);
	if (q->fd != -1)
		close(q->fd);
	q->fd = -1;
}

/* Give back what the query holds, but not its memory. */
static void retire(struct dns_query *q)
{
	close_socket(q);
	loop_cancel(&q->deadline);
	if (q->active) {
		q->active = false;
		q->host->active--;
		q->net->active--;
	} else {
		TAILQ_REMOVE(&q->host->waiting, q, link);
		q->net->waiting--;
	}
	pump(q->net);
}

static void destroy(struct dns_query *q)
{
	sbuf_free(&q->msg);
	free(q->in);
	free(q);
}

static void finish(struct dns_query *q, const unsigned char *wire, size_t len,
		   const struct err *err)
{
	retire(q);
	q->fn(q->arg, wire, wire ? len : q->sent, err);
	destroy(q);
}

void dns_query_cancel(struct dns_query **q)
{
	if (!*q)
		return;
	retire(*q);
	destroy(*q);
	*q = NULL;
}

/* EADDRNOTAVAIL: no IPv6 address of ours, but for IPv4 no port left. */
static enum err_kind socket_error_kind(const struct dns_addr *a, int e)
{
	return e == ENETUNREACH || e == EAFNOSUPPORT ||
			       (e == EADDRNOTAVAIL &&
				a->u.sa.sa_family == AF_INET6)
		       ? ERR_IO
		       : ERR_UNAVAILABLE;
}

static void set_error(struct dns_query *q, int e)
{
	char text[DNS_ADDR_TEXT];

	errno = e;
	(void) err_errno(&q->err, socket_error_kind(&q->host->addr, e),
			 "DNS server %s", dns_addr_text(&q->host->addr, text));
}

static void fail(struct dns_query *q, int e)
{
	set_error(q, e);
	finish(q, NULL, 0, &q->err);
}

static void fail_text(struct dns_query *q, enum err_kind kind, const char *what)
{
	char text[DNS_ADDR_TEXT];

	(void) err_set(&q->err, kind, "DNS server %s %s",
		       dns_addr_text(&q->host->addr, text), what);
	finish(q, NULL, 0, &q->err);
}

static void fail_now(void *arg)
{
	struct dns_query *q = arg;

	q->again = NULL;
	finish(q, NULL, 0, &q->err);
}

/* From where no callback may be called. */
static void fail_soon(struct dns_query *q, int e)
{
	set_error(q, e);
	close_socket(q);
	q->again = loop_after(q->net->loop, 0, fail_now, q);
}

static void expired(void *arg)
{
	struct dns_query *q = arg;
	char text[DNS_ADDR_TEXT];

	q->deadline = NULL;
	(void) err_set(&q->err, ERR_UNAVAILABLE,
		       "DNS server %s did not answer within %g s",
		       dns_addr_text(&q->host->addr, text),
		       (double) q->net->timeout_ms / 1000);
	finish(q, NULL, 0, &q->err);
}

static int open_socket(struct dns_query *q, int type)
{
	const struct dns_addr *a = &q->host->addr;

	q->fd = socket(a->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0);
	if (q->fd == -1)
		return -1;
	return connect(q->fd, &a->u.sa, a->len) == -1 && errno != EINPROGRESS
		       ? -1
		       : 0;
}

/* --- UDP --- */

static void resend(void *arg)
{
	struct dns_query *q = arg;
	int64_t t = q->net->timeout_ms;

	q->again = NULL;
	if (++q->resends > 2) {
		start_tcp(q);
		return;
	}
	/* A refusal of the previous one is reported here or on receipt. */
	(void) send(q->fd, q->msg.buf, q->msg.len, MSG_NOSIGNAL);
	q->again = loop_after(q->net->loop, q->resends == 1 ? t / 4 : t / 8,
			      resend, q);
}

static void start_udp(struct dns_query *q)
{
	if (open_socket(q, SOCK_DGRAM) == -1 ||
	    send(q->fd, q->msg.buf, q->msg.len, MSG_NOSIGNAL) == -1) {
		fail_soon(q, errno);
		return;
	}
	q->io = loop_watch(q->net->loop, q->fd, POLLIN, udp_event, q);
	q->again = loop_after(q->net->loop, q->net->timeout_ms / 8, resend, q);
}

static void udp_event(void *arg, short revents)
{
	struct dns_query *q = arg;
	unsigned char *buf = q->net->buf;
	ssize_t n = recv(q->fd, buf, sizeof(q->net->buf), MSG_DONTWAIT);

	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			fail(q, errno);
		return;
	}
	if (!dns_msg_answers(buf, (size_t) n, (unsigned char *) q->msg.buf,
			     q->msg.len)) {
		if (++q->forged >= FORGED_MAX)
			start_tcp(q);
		return;
	}
	if (buf[2] & 0x02)
		start_tcp(q);
	else
		finish(q, buf, (size_t) n, NULL);
}

/* --- TCP --- */

static void start_tcp(struct dns_query *q)
{
	int one = 1;

	close_socket(q);
	q->tcp = true;
	if (open_socket(q, SOCK_STREAM) == -1) {
		fail_soon(q, errno);
		return;
	}
	(void) setsockopt(q->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	q->io = loop_watch(q->net->loop, q->fd, POLLOUT, tcp_event, q);
}

/* 1 when all is sent, 0 to wait, -1 */
static int tcp_write(struct dns_query *q)
{
	unsigned char head[2];
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	size_t in_head = q->sent < 2 ? q->sent : 2;
	ssize_t n;

	dns_put16(head, (unsigned) q->msg.len);
	v[0].iov_base = head + in_head;
	v[0].iov_len = 2 - in_head;
	v[1].iov_base = q->msg.buf + (q->sent - in_head);
	v[1].iov_len = q->msg.len - (q->sent - in_head);
	n = sendmsg(q->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	q->sent += (size_t) n;
	return q->sent == q->msg.len + 2;
}

/* 1 when the answer is whole, 0 to wait, -1 with errno (0: closed) */
static int tcp_read(struct dns_query *q)
{
	for (;;) {
		unsigned char *to = q->in ? q->in + q->got : q->head + q->got;
		ssize_t n = recv(q->fd, to, q->want - q->got, MSG_DONTWAIT);

		if (n == 0) {
			errno = 0;
			return -1;
		}
		if (n == -1)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		q->got += (size_t) n;
		if (q->got < q->want)
			continue;
		if (q->in)
			return 1;
		q->want = dns_get16(q->head);
		q->got = 0;
		if (q->want < DNS_HEADER) {
			errno = 0;
			return -1;
		}
		q->in = mem_alloc(q->want);
	}
}

static void tcp_event(void *arg, short revents)
{
	struct dns_query *q = arg;
	int rc;

	if (q->sent < q->msg.len + 2) {
		rc = tcp_write(q);
		if (rc == -1) {
			fail(q, errno);
			return;
		}
		if (rc == 1) {
			q->want = 2;
			loop_watch_events(q->io, POLLIN);
		}
		return;
	}
	rc = tcp_read(q);
	if (rc == 0)
		return;
	if (rc == -1 && errno != 0)
		fail(q, errno);
	else if (rc == -1)
		fail_text(q, ERR_UNAVAILABLE, "closed the connection");
	else if (!dns_msg_answers(q->in, q->want, (unsigned char *) q->msg.buf,
				  q->msg.len))
		fail_text(q, ERR_INPUT, "answered something else");
	else
		finish(q, q->in, q->want, NULL);
}

/* --- turns --- */

static void start(struct dns_query *q)
{
	TAILQ_REMOVE(&q->host->waiting, q, link);
	q->net->waiting--;
	q->active = true;
	q->net->active++;
	q->host->active++;
	q->deadline = loop_after(q->net->loop, q->net->timeout_ms, expired, q);
	if (q->tcp)
		start_tcp(q);
	else
		start_udp(q);
}

/* One server has at most as many sockets as are free: the first half of all,
 * the next half of the rest, and so on, so that dead ones leave some. */
static struct dns_query *next_turn(struct dns_net *net)
{
	size_t most = DNS_QUERY_MAX - net->active;
	struct host *h;

	TAILQ_FOREACH (h, &net->hosts, link) {
		struct dns_query *q = TAILQ_FIRST(&h->waiting);

		if (!q || h->active >= most)
			continue;
		/* to the end of the line, so that all get their turn */
		TAILQ_REMOVE(&net->hosts, h, link);
		TAILQ_INSERT_TAIL(&net->hosts, h, link);
		return q;
	}
	return NULL;
}

static void pump(struct dns_net *net)
{
	while (net->waiting > 0 && net->active < DNS_QUERY_MAX) {
		struct dns_query *q = next_turn(net);

		if (!q)
			break;
		start(q);
	}
}

static struct dns_query *query_new(struct dns_net *net,
				   const struct dns_addr *to,
				   const struct sbuf *msg, bool tcp,
				   dns_query_fn *fn, void *arg)
{
	struct dns_query *q = mem_alloc(sizeof(*q));

	q->net = net;
	q->host = host_of(net, to);
	q->tcp = tcp;
	q->fn = fn;
	q->arg = arg;
	q->fd = -1;
	sbuf_init(&q->msg, DNS_MESSAGE_MAX);
	sbuf_add(&q->msg, msg->buf, msg->len);
	TAILQ_INSERT_TAIL(&q->host->waiting, q, link);
	net->waiting++;
	return q;
}

struct dns_query *dns_query_ask(struct dns_net *net, const struct dns_addr *to,
				const struct sbuf *question, dns_query_fn *fn,
				void *arg)
{
	struct dns_query *q = query_new(net, to, question, false, fn, arg);

	/* TCP needs no secret ID. */
	if (dns_query_set_id(&q->msg, NULL) == -1)
		q->tcp = true;
	pump(net);
	return q;
}

struct dns_query *dns_query_send(struct dns_net *net, const struct dns_addr *to,
				 const struct sbuf *msg, dns_query_fn *fn,
				 void *arg)
{
	struct dns_query *q = query_new(net, to, msg, true, fn, arg);

	pump(net);
	return q;
}
