/* SPDX-License-Identifier: MIT */

/*
 * A TCP proxy that makes a far-away server of a local one: every byte arrives
 * DELAY milliseconds after it was sent, in each direction, and a connection
 * takes a round trip to come up. Throughput is not limited. At its end
 * (SIGTERM) it prints how many connections there were.
 *
 *	delay_proxy LISTEN_PORT TARGET_PORT DELAY
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX 65536
#define HELD_MAX (64u << 20) /* bytes under way in one direction */

struct chunk {
	struct chunk *next;
	int64_t due;	 /* ns */
	size_t len, off; /* len 0: the end of the stream */
	char data[];
};

struct conn;

/* One direction: what FROM sent waits to go to the other side. */
struct side {
	struct conn *conn;
	struct side *peer;
	int fd;
	struct chunk *head, **tail; /* to be written to fd */
	size_t held;
	bool eof_in, eof_out, want_out;
};

struct conn {
	struct conn *next, **prev;
	struct side client, server;
	int64_t up; /* when the handshake is over */
	bool dead;
};

static struct conn *conns;
static int ep, timer;
static int64_t delay;
static unsigned long accepted;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void watch(struct side *s, int op)
{
	struct epoll_event ev = { .data.ptr = s };

	if (!s->eof_in && s->peer->held < HELD_MAX)
		ev.events |= EPOLLIN;
	if (s->want_out)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(ep, op, s->fd, &ev) < 0)
		die("epoll_ctl");
}

static int nonblocking(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void accept_one(int lfd, uint16_t target)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(target) };
	struct conn *c;
	int cfd, sfd;

	cfd = accept(lfd, NULL, NULL);
	if (cfd < 0)
		return;
	accepted++;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sfd = socket(AF_INET, SOCK_STREAM, 0);
	if (sfd < 0 || connect(sfd, (void *) &sin, sizeof(sin)) < 0) {
		close(cfd);
		if (sfd >= 0)
			close(sfd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c || nonblocking(cfd) < 0 || nonblocking(sfd) < 0)
		die("accept");
	c->client = (struct side){ .conn = c, .peer = &c->server, .fd = cfd };
	c->server = (struct side){ .conn = c, .peer = &c->client, .fd = sfd };
	c->client.tail = &c->client.head;
	c->server.tail = &c->server.head;
	c->up = now_ns() + 2 * delay;
	c->next = conns;
	c->prev = &conns;
	if (conns)
		conns->prev = &c->next;
	conns = c;
	watch(&c->client, EPOLL_CTL_ADD);
	watch(&c->server, EPOLL_CTL_ADD);
}

/* Take what S sent and let it wait on the other side. */
static void take(struct side *s)
{
	static char buf[READ_MAX];
	struct side *to = s->peer;
	int64_t now = now_ns();
	struct chunk *k;
	ssize_t n;

	n = read(s->fd, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		s->conn->dead = true;
		return;
	}
	k = malloc(sizeof(*k) + (size_t) n);
	if (!k)
		die("malloc");
	k->next = NULL;
	k->off = 0;
	k->len = (size_t) n;
	memcpy(k->data, buf, k->len);
	if (now < s->conn->up)
		now = s->conn->up;
	k->due = now + delay;
	*to->tail = k;
	to->tail = &k->next;
	to->held += k->len;
	if (n == 0)
		s->eof_in = true;
	if (s->eof_in || to->held >= HELD_MAX)
		watch(s, EPOLL_CTL_MOD);
}

static void pop(struct side *s)
{
	struct chunk *k = s->head;
	bool full = s->held >= HELD_MAX;

	s->head = k->next;
	if (!s->head)
		s->tail = &s->head;
	s->held -= k->len;
	free(k);
	if (full && s->held < HELD_MAX)
		watch(s->peer, EPOLL_CTL_MOD);
}

/* Write what is due; returns when the next is, or 0. */
static int64_t give(struct side *s, int64_t now)
{
	while (s->head && s->head->due <= now) {
		struct chunk *k = s->head;
		ssize_t n;

		if (k->len == 0) {
			shutdown(s->fd, SHUT_WR);
			s->eof_out = true;
			pop(s);
			continue;
		}
		n = send(s->fd, k->data + k->off, k->len - k->off,
			 MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!s->want_out) {
				s->want_out = true;
				watch(s, EPOLL_CTL_MOD);
			}
			return 0;
		}
		if (n < 0) {
			s->conn->dead = true;
			return 0;
		}
		k->off += (size_t) n;
		if (k->off == k->len)
			pop(s);
	}
	if (s->want_out) {
		s->want_out = false;
		watch(s, EPOLL_CTL_MOD);
	}
	return s->head ? s->head->due : 0;
}

static void conn_free(struct conn *c)
{
	while (c->client.head)
		pop(&c->client);
	while (c->server.head)
		pop(&c->server);
	close(c->client.fd);
	close(c->server.fd);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c);
}

static void earlier(int64_t *best, int64_t t)
{
	if (t && (!*best || t < *best))
		*best = t;
}

static void round_all(void)
{
	struct itimerspec its = { 0 };
	int64_t next = 0, now = now_ns();
	struct conn *c, *n;

	for (c = conns; c; c = n) {
		n = c->next;
		earlier(&next, give(&c->client, now));
		earlier(&next, give(&c->server, now));
		if (c->dead || (c->client.eof_out && c->server.eof_out))
			conn_free(c);
	}
	its.it_value.tv_sec = next / 1000000000;
	its.it_value.tv_nsec = next % 1000000000;
	if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &its, NULL) < 0)
		die("timerfd_settime");
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *) &sin, sizeof(sin)) < 0 || listen(fd, 512) < 0)
		die("bind");
	return fd;
}

static void add(int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = ptr };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

int main(int argc, char **argv)
{
	static int lfd, sfd;
	struct epoll_event ev[64];
	uint16_t target;
	uint64_t ticks;
	sigset_t set;

	if (argc != 4) {
		fprintf(stderr, "usage: delay_proxy LISTEN TARGET DELAY_MS\n");
		return 64;
	}
	target = (uint16_t) strtoul(argv[2], NULL, 10);
	delay = (int64_t) (atof(argv[3]) * 1e6);
	ep = epoll_create1(0);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	lfd = listen_on((uint16_t) strtoul(argv[1], NULL, 10));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sfd = signalfd(-1, &set, 0);
	if (ep < 0 || timer < 0 || sfd < 0)
		die("delay_proxy");
	add(lfd, &lfd);
	add(timer, &timer);
	add(sfd, &sfd);
	for (;;) {
		int i, n = epoll_wait(ep, ev, 64, -1);

		for (i = 0; i < n; i++) {
			struct side *s = ev[i].data.ptr;

			if (ev[i].data.ptr == &lfd)
				accept_one(lfd, target);
			else if (ev[i].data.ptr == &timer)
				(void) !read(timer, &ticks, sizeof(ticks));
			else if (ev[i].data.ptr == &sfd)
				goto out;
			else if (ev[i].events &
				 (EPOLLIN | EPOLLHUP | EPOLLERR)) {
				if (s->eof_in)
					s->conn->dead |=
						!!(ev[i].events & EPOLLERR);
				else
					take(s);
			}
		}
		round_all();
	}
out:
	printf("connections=%lu\n", accepted);
	return 0;
}
