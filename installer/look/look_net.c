/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include "clock.h"
#include "eap.h"
#include "file.h"
#include "look_net.h"
#include "look_tls.h"
#include "place.h"
#include "protocol.h"
#include "proxy.h"
#include "starttls.h"

#define RESEND_MS 1000	     /* of a RADIUS request without an answer */
#define HEARD_MAX (1u << 20) /* bytes of a TLS handshake */

/* --- a connection --- */

struct look {
	const struct svc_endpoint *e;
	const struct protocol *p;
	const struct look_addr *a;
	const char *sni;
	bool signed_only; /* see look_tls_signed_only() */
	int fd;
	int64_t deadline;
	size_t heard; /* bytes, of TLS */
	bool ended;   /* it has closed the connection */
	struct verify_seen *ret;
};

static int late(const struct look *l, const char *what)
{
	snprintf(l->ret->why, sizeof(l->ret->why), "no answer to %s in time",
		 what);
	return -1;
}

/* A system call failed, and errno tells whose fault it is. */
static int trouble(const struct look *l)
{
	const char *why = strerror(errno);

	if (seen_own_error(errno))
		seen_unknown(l->ret, why);
	else
		snprintf(l->ret->why, sizeof(l->ret->why), "%s", why);
	return -1;
}

/* Until the peer is ready for it, or too late for WHAT. */
static int await(const struct look *l, short events, const char *what)
{
	int n = look_wait_fd(l->fd, events, l->deadline);

	return n == 1 ? 0 : n == 0 ? late(l, what) : trouble(l);
}

static int connect_to(struct look *l)
{
	socklen_t len = sizeof(int);
	int status = 0;

	l->fd = socket(l->a->sa.ss_family,
		       l->p->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd == -1)
		return -1;
	if (connect(l->fd, (const struct sockaddr *) &l->a->sa, l->a->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	status = look_wait_fd(l->fd, POLLOUT, l->deadline);
	if (status == 0)
		errno = ETIMEDOUT;
	if (status <= 0)
		return -1;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &status, &len) == -1)
		return -1;
	errno = status;
	return status == 0 ? 0 : -1;
}

/* EADDRNOTAVAIL: there is a way to this address, only no port of ours left
 * to take it from. */
static bool out_of_ports(const struct look *l)
{
	int fd = socket(l->a->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool there =
		fd != -1 && connect(fd, (const struct sockaddr *) &l->a->sa,
				    l->a->len) == 0;

	file_close(&fd);
	return there;
}

static void no_way(const struct look *l)
{
	int e = errno;

	/* EAGAIN: of UDP, no port is left. */
	if (e == EAGAIN || (e == EADDRNOTAVAIL && out_of_ports(l))) {
		seen_unknown(l->ret, "this host has no port left to ask from");
		return;
	}
	l->ret->unroutable =
		e == ENETUNREACH || e == EADDRNOTAVAIL || e == EAFNOSUPPORT;
	errno = e;
	(void) trouble(l);
}

static int send_all(struct look *l, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(l->fd, p, len, MSG_NOSIGNAL);

		if (n > 0) {
			p += n;
			len -= (size_t) n;
		} else if (errno == EAGAIN) {
			if (await(l, POLLOUT, "what we send") == -1)
				return -1;
		} else if (errno != EINTR) {
			return trouble(l);
		}
	}
	return 0;
}

/* Before all else, if it is asked for. */
static int say_proxy(struct look *l)
{
	const char *version = l->e->conf->proxy_protocol;
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	char text[PROXY_HEADER_MAX];

	if (!version || strcmp(version, "no") == 0)
		return 0;
	if (getsockname(l->fd, (struct sockaddr *) &own, &len) == -1)
		return trouble(l);
	return send_all(l, text,
			proxy_header(version, (const struct sockaddr *) &own,
				     (const struct sockaddr *) &l->a->sa,
				     text));
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

/* The words before TLS, if there are any. */
static int begin_tls(struct look *l)
{
	AUTO(starttls_free)
	struct starttls *s = starttls_new(l->p->name, l->e->conf->server_name);
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
		if (await(l, POLLIN, l->p->name) == -1)
			return -1;
		done = hear(l, s, &err);
		if (done == -1 && err.kind == ERR_IO && seen_own_error(errno))
			return trouble(l);
		if (done == -1) {
			seen_why(l->ret, &err);
			return -1;
		}
	}
	return 0;
}

/*
 * OpenSSL reads on by itself while there is something to read, so an endless
 * row of messages that it skips (HelloRequest) would hold it for ever: the
 * time and the amount are looked at with each piece.
 */
static int wire_read(BIO *b, char *buf, int len)
{
	struct look *l = BIO_get_data(b);
	ssize_t n = -1;

	BIO_clear_retry_flags(b);
	errno = ETIMEDOUT;
	if (clock_mono_ms() >= l->deadline || l->heard >= HEARD_MAX)
		return -1;
	n = recv(l->fd, buf, (size_t) len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	if (n > 0)
		l->heard += (size_t) n;
	l->ended = n == 0;
	return (int) n;
}

static int wire_write(BIO *b, const char *buf, int len)
{
	const struct look *l = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	n = send(l->fd, buf, (size_t) len, MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	return (int) n;
}

static long wire_ctrl(BIO *b, int what, long num, void *arg)
{
	const struct look *l = BIO_get_data(b);

	return what == BIO_CTRL_FLUSH || (what == BIO_CTRL_EOF && l->ended);
}

static BIO *new_wire(struct look *l)
{
	static BIO_METHOD *m;
	BIO *b;

	if (!m)
		m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
				 "endpoint");
	if (!m || BIO_meth_set_read(m, wire_read) != 1 ||
	    BIO_meth_set_write(m, wire_write) != 1 ||
	    BIO_meth_set_ctrl(m, wire_ctrl) != 1)
		return NULL;
	b = BIO_new(m);
	if (!b)
		return NULL;
	BIO_set_data(b, l);
	BIO_set_init(b, 1);
	return b;
}

static int handshake(struct look *l, SSL *ssl)
{
	for (;;) {
		short events;
		int n, code;

		ERR_clear_error();
		errno = 0;
		n = SSL_connect(ssl);
		if (n == 1)
			return 0;
		code = SSL_get_error(ssl, n);
		if (code == SSL_ERROR_WANT_READ) {
			events = POLLIN;
		} else if (code == SSL_ERROR_WANT_WRITE) {
			events = POLLOUT;
		} else if (look_tls_proven(ssl)) {
			/* It wants a certificate that we do not have. */
			return 0;
		} else if (l->heard >= HEARD_MAX) {
			snprintf(
				l->ret->why, sizeof(l->ret->why),
				"said more than %u bytes, and no TLS handshake "
				"came of it",
				HEARD_MAX);
			return -1;
		} else if (clock_mono_ms() >= l->deadline) {
			return late(l, "the TLS handshake");
		} else if (code == SSL_ERROR_SYSCALL && seen_own_error(errno)) {
			return trouble(l);
		} else {
			look_tls_why(ssl, l->ret);
			return -1;
		}
		if (await(l, events, "the TLS handshake") == -1)
			return -1;
	}
}

static SSL *new_tls(struct look *l, const char *sni)
{
	const char *key_type = l->e->conf->key_type;
	AUTO(look_tls_free) SSL *ssl = look_tls_new(sni, key_type);

	if (ssl &&
	    (!l->signed_only || look_tls_signed_only(ssl, key_type) == 0))
		return TAKE(ssl);
	seen_unknown(l->ret, "OpenSSL: no connection");
	return NULL;
}

static void look_tls(struct look *l)
{
	AUTO(look_tls_free) SSL *ssl = NULL;
	BIO *wire;

	l->ret->reachable = true;
	if (say_proxy(l) == -1 || begin_tls(l) == -1)
		return;
	ssl = new_tls(l, l->sni);
	if (!ssl)
		return;
	wire = new_wire(l);
	if (!wire) {
		seen_unknown(l->ret, "OpenSSL: no connection");
		return;
	}
	SSL_set_bio(ssl, wire, wire);
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

	if (place_read_secret("", c->secret_file, &secret, &err) == -1) {
		seen_unknown(l->ret, err.msg);
		return NULL;
	}
	e = eap_new(sbuf_str(&secret), strcspn(sbuf_str(&secret), "\r\n"),
		    c->identity, ssl);
	if (!e)
		seen_unknown(l->ret, "the secret is too long, or OpenSSL: no "
				     "connection");
	return e;
}

static void radius_late(const struct look *l, const struct err *err)
{
	if (err->msg[0] != '\0')
		seen_why(l->ret, err);
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
	int n = look_wait_fd(l->fd, POLLIN,
			     until < l->deadline ? until : l->deadline);

	if (n == 1)
		return 1;
	if (n == -1)
		return trouble(l);
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
		no_way(l);
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
		seen_why(l->ret, &err);
		return 0;
	case EAP_FAILED:
		break;
	}
	l->ret->reachable = true;
	seen_why(l->ret, &err);
	l->ret->unproven = look_tls_unproven(eap_tls(eap));
	return -1;
}

static void look_radius(struct look *l)
{
	AUTO(look_tls_free) SSL *ssl = new_tls(l, NULL);
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
			no_way(l);
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

/* --- */

static void (*const ways[])(struct look *l) = {
	[PROTOCOL_BY_TLS] = look_tls,
	[PROTOCOL_BY_STARTTLS] = look_tls,
	[PROTOCOL_BY_EAP] = look_radius,
};

static void look_once(struct look *l, struct verify_seen *ret)
{
	*ret = (struct verify_seen){ .reachable = false };
	l->ret = ret;
	look_addr_text(l->a, ret->from, sizeof(ret->from));
	if (connect_to(l) == -1)
		no_way(l);
	else
		ways[l->p->way](l);
	file_close(&l->fd);
}

void look_net_look(const struct svc_endpoint *e, const struct look_addr *a,
		   const char *sni, int64_t timeout_ms, struct verify_seen *ret)
{
	struct look l = { .e = e,
			  .p = protocol_find(e->conf->protocol),
			  .a = a,
			  .sni = sni,
			  .fd = -1,
			  .deadline = clock_mono_ms() + timeout_ms };
	struct verify_seen again;

	look_once(&l, ret);
	if (!ret->unproven)
		return;
	/* With a key exchange in which the server signs, it may prove what it
	 * did not yet. */
	l.signed_only = true;
	look_once(&l, &again);
	if (again.handshake)
		*ret = again;
}
