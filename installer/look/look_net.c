/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/err.h>
#include "clock.h"
#include "eap.h"
#include "file.h"
#include "look_net.h"
#include "starttls.h"
#include "look_tls.h"

#define RESEND_MS 1000 /* of a RADIUS request without an answer */

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* 1 ready, 0 the time is up, -1. */
static int wait_fd(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = deadline - clock_mono_ms();
		int n;

		if (left <= 0)
			return 0;
		n = poll(&p, 1, (int) left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

/* --- addresses --- */

static int resolve(const struct svc_endpoint *e, int flags,
		   struct look_net_addrs *ret)
{
	const char *which = e->conf->addresses;
	struct addrinfo hints = {
		.ai_family = is(which, "ipv4")	 ? AF_INET
			     : is(which, "ipv6") ? AF_INET6
						 : AF_UNSPEC,
		.ai_socktype = is(e->conf->protocol, "radius-eap")
				       ? SOCK_DGRAM
				       : SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(e->host, e->port, &hints, &list);

	if (code != 0)
		return code;
	ret->n = 0;
	for (struct addrinfo *ai = list; ai && ret->n < VERIFY_ADDRESSES_MAX;
	     ai = ai->ai_next) {
		struct look_net_addr *a = &ret->v[ret->n];

		if (ai->ai_addrlen > sizeof(a->sa))
			continue;
		memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
		a->len = ai->ai_addrlen;
		ret->n++;
	}
	freeaddrinfo(list);
	return ret->n > 0 ? 0 : EAI_NONAME;
}

struct found {
	int code;
	struct look_net_addrs list;
};

/* Read all of it before the deadline. */
static bool read_found(int fd, int64_t deadline, struct found *ret)
{
	size_t have = 0;

	while (have < sizeof(*ret)) {
		ssize_t n;

		if (wait_fd(fd, POLLIN, deadline) != 1)
			return false;
		n = read(fd, (char *) ret + have, sizeof(*ret) - have);
		if (n == 0 || (n == -1 && errno != EINTR))
			return false;
		if (n > 0)
			have += (size_t) n;
	}
	return true;
}

/* The resolver blocks for as long as it likes: it runs in a child, which can
 * be ended. */
static void find_in_child(const struct svc_endpoint *e, int fd)
{
	static struct found f;
	const char *p = (const char *) &f;
	size_t left = sizeof(f);

	f.code = resolve(e, 0, &f.list);
	while (left > 0) {
		ssize_t n = write(fd, p, left);

		if (n <= 0)
			_exit(1);
		p += n;
		left -= (size_t) n;
	}
	_exit(0);
}

int look_net_find(const struct svc_endpoint *e, int64_t timeout_ms,
		  struct look_net_addrs *ret, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	struct found f = { .code = EAI_AGAIN };
	int fd[2];
	bool known;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	if (resolve(e, AI_NUMERICHOST, ret) == 0)
		return 0;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_errno(err, ERR_IO, "pipe");
	pid = fork();
	if (pid == 0)
		find_in_child(e, fd[1]);
	close(fd[1]);
	if (pid == -1) {
		close(fd[0]);
		return err_errno(err, ERR_IO, "fork");
	}
	known = read_found(fd[0], deadline, &f);
	close(fd[0]);
	(void) kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	if (!known)
		return err_set(err, ERR_TIMEOUT,
			       "the addresses of %s are not found in time",
			       e->host);
	if (f.code != 0)
		return err_set(err, ERR_UNAVAILABLE, "%s: %s", e->host,
			       gai_strerror(f.code));
	*ret = f.list;
	return 0;
}

static void set_from(const struct look_net_addr *a, struct verify_seen *ret)
{
	char host[64], port[8];

	if (getnameinfo((const struct sockaddr *) &a->sa, a->len, host,
			sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(ret->from, sizeof(ret->from),
		 strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* --- a connection --- */

struct look {
	const struct svc_endpoint *e;
	int fd;
	int64_t deadline;
	struct verify_seen *ret;
};

static int late(const struct look *l, const char *what)
{
	snprintf(l->ret->why, sizeof(l->ret->why), "no answer to %s in time",
		 what);
	return -1;
}

static int connect_to(struct look *l, const struct look_net_addr *a, int type)
{
	socklen_t len = sizeof(int);
	int status = 0;

	l->fd = socket(a->sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd == -1)
		return -1;
	if (connect(l->fd, (const struct sockaddr *) &a->sa, a->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	status = wait_fd(l->fd, POLLOUT, l->deadline);
	if (status == 0)
		errno = ETIMEDOUT;
	if (status <= 0)
		return -1;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &status, &len) == -1)
		return -1;
	errno = status;
	return status == 0 ? 0 : -1;
}

static void no_way(struct verify_seen *ret)
{
	ret->unroutable = errno == ENETUNREACH || errno == EADDRNOTAVAIL ||
			  errno == EAFNOSUPPORT;
	snprintf(ret->why, sizeof(ret->why), "%s", strerror(errno));
}

static int send_all(struct look *l, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(l->fd, p, len, MSG_NOSIGNAL);

		if (n > 0) {
			p += n;
			len -= (size_t) n;
		} else if (errno == EAGAIN) {
			if (wait_fd(l->fd, POLLOUT, l->deadline) != 1)
				return late(l, "what we send");
		} else if (errno != EINTR) {
			snprintf(l->ret->why, sizeof(l->ret->why), "%s",
				 strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* One piece of what it says. */
static int hear(struct look *l, struct starttls *s, struct err *err)
{
	char buf[4096];
	ssize_t n = recv(l->fd, buf, sizeof(buf), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == -1)
		return err_errno(err, ERR_IO, "reading");
	if (n == 0)
		return starttls_closed(s, err);
	return starttls_in(s, buf, (size_t) n, err);
}

static int begin_tls(struct look *l)
{
	const struct installer_endpoint *c = l->e->conf;
	AUTO(starttls_free)
	struct starttls *s = starttls_new(c->protocol, c->server_name);
	struct err err = ERR_INIT;
	int done = 0;

	while (s) {
		const char *p;
		size_t len;

		p = starttls_out(s, &len);
		if (p && send_all(l, p, len) == -1)
			return -1;
		if (done == 1)
			break;
		if (wait_fd(l->fd, POLLIN, l->deadline) != 1)
			return late(l, c->protocol);
		done = hear(l, s, &err);
		if (done == -1) {
			verify_why(l->ret, &err);
			return -1;
		}
	}
	return 0;
}

static int handshake(struct look *l, SSL *ssl)
{
	for (;;) {
		short events;
		int n, code;

		ERR_clear_error();
		n = SSL_connect(ssl);
		if (n == 1)
			return 0;
		code = SSL_get_error(ssl, n);
		if (code == SSL_ERROR_WANT_READ) {
			events = POLLIN;
		} else if (code == SSL_ERROR_WANT_WRITE) {
			events = POLLOUT;
		} else {
			look_tls_why(l->ret);
			/* It may want a certificate that we do not have. */
			return look_tls_proven(ssl) ? 0 : -1;
		}
		if (wait_fd(l->fd, events, l->deadline) != 1)
			return late(l, "the TLS handshake");
	}
}

static void look_tls(struct look *l, const char *sni)
{
	AUTO(look_tls_free) SSL *ssl = NULL;

	if (begin_tls(l) == -1)
		return;
	ssl = look_tls_new(sni, l->e->conf->key_type);
	if (!ssl || SSL_set_fd(ssl, l->fd) != 1) {
		snprintf(l->ret->why, sizeof(l->ret->why),
			 "OpenSSL: no connection");
		return;
	}
	if (handshake(l, ssl) == -1 || look_tls_shown(ssl, l->ret) == -1)
		return;
	l->ret->why[0] = '\0';
	l->ret->handshake = true;
	(void) SSL_shutdown(ssl);
}

/* --- RADIUS --- */

static struct eap *new_eap(const struct look *l, SSL *ssl)
{
	const struct installer_endpoint *c = l->e->conf;
	AUTO(sbuf_erase) struct sbuf secret = SBUF_INIT(4096);
	struct err err = ERR_INIT;
	struct eap *e;

	if (file_read_secret(c->secret_file, &secret, &err) == -1) {
		verify_why(l->ret, &err);
		return NULL;
	}
	e = eap_new(sbuf_str(&secret), strcspn(sbuf_str(&secret), "\r\n"),
		    c->identity, ssl);
	if (!e)
		snprintf(l->ret->why, sizeof(l->ret->why),
			 "the secret is too long, or OpenSSL: no connection");
	return e;
}

static void radius_late(const struct look *l, const struct err *err)
{
	if (err->msg[0] != '\0')
		verify_why(l->ret, err);
	else if (!l->ret->reachable)
		snprintf(l->ret->why, sizeof(l->ret->why),
			 "no answer in time; is this host a client of the "
			 "RADIUS server, with this secret?");
	else
		(void) late(l, "EAP");
}

/* Wait for the answer to what was sent; 1 there is something to read, 0 send
 * it again, -1. */
static int radius_wait(struct look *l, const struct err *err)
{
	int64_t until = clock_mono_ms() + RESEND_MS;
	int n = wait_fd(l->fd, POLLIN,
			until < l->deadline ? until : l->deadline);

	if (n == 1)
		return 1;
	if (n == 0 && clock_mono_ms() < l->deadline)
		return 0;
	radius_late(l, err);
	return -1;
}

static int radius_read(struct look *l, struct eap *eap, bool *ret_again)
{
	unsigned char buf[EAP_PACKET_MAX];
	struct err err = ERR_INIT;
	ssize_t n = recv(l->fd, buf, sizeof(buf), 0);

	*ret_again = false;
	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		no_way(l->ret);
		return -1;
	}
	switch (eap_in(eap, buf, (size_t) n, &err)) {
	case EAP_SHOWN:
		l->ret->reachable = true;
		return 1;
	case EAP_SEND:
		l->ret->reachable = true;
		*ret_again = true;
		return 0;
	case EAP_IGNORED:
		/* Whoever sent it: said when nothing better comes. */
		verify_why(l->ret, &err);
		return 0;
	case EAP_FAILED:
		break;
	}
	l->ret->reachable = true;
	verify_why(l->ret, &err);
	return -1;
}

static void look_radius(struct look *l)
{
	AUTO(look_tls_free) SSL *ssl = look_tls_new(NULL, l->e->conf->key_type);
	AUTO(eap_free) struct eap *eap = NULL;
	struct err said = ERR_INIT;
	bool again = true;
	int n = 0;

	eap = ssl ? new_eap(l, ssl) : NULL;
	if (!eap)
		return;
	while (n == 0) {
		size_t len;
		const unsigned char *p = eap_out(eap, &len);

		if (again && send(l->fd, p, len, MSG_NOSIGNAL) == -1 &&
		    errno != EAGAIN && errno != EINTR) {
			no_way(l->ret);
			return;
		}
		if (l->ret->why[0] != '\0')
			err_set(&said, ERR_INPUT, "%s", l->ret->why);
		n = radius_wait(l, &said);
		again = n == 0;
		if (n == 1)
			n = radius_read(l, eap, &again);
	}
	if (n == 1 && look_tls_shown(ssl, l->ret) == 0) {
		l->ret->why[0] = '\0';
		l->ret->handshake = true;
	}
}

void look_net_look(const struct svc_endpoint *e, const struct look_net_addr *a,
		   const char *sni, int64_t timeout_ms, struct verify_seen *ret)
{
	struct look l = { .e = e,
			  .fd = -1,
			  .deadline = clock_mono_ms() + timeout_ms,
			  .ret = ret };
	bool radius = is(e->conf->protocol, "radius-eap");

	*ret = (struct verify_seen){ .reachable = false };
	set_from(a, ret);
	if (connect_to(&l, a, radius ? SOCK_DGRAM : SOCK_STREAM) == -1) {
		no_way(ret);
	} else if (radius) {
		look_radius(&l);
	} else {
		ret->reachable = true;
		look_tls(&l, sni);
	}
	file_close(&l.fd);
}
