/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "clock.h"
#include "verify.h"

#define PAUSE_FIRST 20
#define PAUSE_MAX   1000

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void ssl_free(SSL **s)
{
	SSL_free(*s);
	*s = NULL;
}

static void info_free(struct addrinfo **ai)
{
	if (*ai != NULL)
		freeaddrinfo(*ai);
	*ai = NULL;
}

static void chain_free(struct x509_chain **c)
{
	x509_chain_free(c);
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

static int connect_one(const struct addrinfo *ai, int64_t deadline)
{
	AUTO(fd_close)
	int fd = socket(ai->ai_family,
			ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			ai->ai_protocol);
	socklen_t len = sizeof(int);
	int status = 0;

	if (fd == -1)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		if (errno != EINPROGRESS)
			return -1;
		status = wait_fd(fd, POLLOUT, deadline);
		if (status == 0)
			errno = ETIMEDOUT;
		if (status <= 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &len) == -1)
			return -1;
		if (status != 0) {
			errno = status;
			return -1;
		}
	}
	status = fd;
	fd = -1;
	return status;
}

static int connect_to(const struct svc_endpoint *e, int64_t deadline,
		      struct verify_seen *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICSERV };
	AUTO(info_free) struct addrinfo *list = NULL;
	int code = getaddrinfo(e->host, e->port, &hints, &list);
	int fd = -1;

	if (code != 0) {
		snprintf(ret->why, sizeof(ret->why), "%s", gai_strerror(code));
		return -1;
	}
	for (struct addrinfo *ai = list; ai != NULL && fd == -1;
	     ai = ai->ai_next)
		fd = connect_one(ai, deadline);
	if (fd == -1)
		snprintf(ret->why, sizeof(ret->why), "%s", strerror(errno));
	return fd;
}

static void ssl_why(struct verify_seen *ret)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);

	snprintf(ret->why, sizeof(ret->why), "TLS handshake failed: %s",
		 reason != NULL ? reason : "the connection was closed");
}

static int handshake(SSL *ssl, int fd, int64_t deadline,
		     struct verify_seen *ret)
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
			ssl_why(ret);
			return -1;
		}
		if (wait_fd(fd, events, deadline) != 1) {
			snprintf(ret->why, sizeof(ret->why),
				 "no answer to the TLS handshake in time");
			return -1;
		}
	}
}

/* One context for the whole run; it ends with the program. */
static SSL_CTX *context(void)
{
	static SSL_CTX *ctx;

	if (ctx != NULL)
		return ctx;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		return NULL;
	(void) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* We compare what is shown with what we installed; whether a client
	 * would trust it was decided before it was installed. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

static int take_chain(SSL *ssl, struct verify_seen *ret)
{
	STACK_OF(X509) *certs = SSL_get_peer_cert_chain(ssl);
	unsigned char *der[X509_CHAIN_MAX + 1] = { NULL };
	size_t len[X509_CHAIN_MAX + 1], count = 0;
	AUTO(chain_free) struct x509_chain *chain = NULL;
	struct err err = ERR_INIT;
	int n = certs != NULL ? sk_X509_num(certs) : 0, status = -1;

	if (n < 1 || n > X509_CHAIN_MAX) {
		snprintf(ret->why, sizeof(ret->why),
			 "%d certificates were shown", n);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int l = i2d_X509(sk_X509_value(certs, i), &der[count]);

		if (l > 0)
			len[count++] = (size_t) l;
	}
	if (x509_chain_from_der((const unsigned char *const *) der, len, count,
				&chain, &err) == 0) {
		snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s",
			 x509_chain_fingerprint(chain));
		snprintf(ret->serial, sizeof(ret->serial), "%s",
			 x509_chain_serial(chain));
		verify_chain_digest(chain, ret->chain);
		ret->not_after = x509_chain_not_after(chain);
		ret->depth = x509_chain_len(chain);
		status = 0;
	} else {
		snprintf(ret->why, sizeof(ret->why), "%.*s",
			 (int) sizeof(ret->why) - 1, err.msg);
	}
	for (size_t i = 0; i < count; i++)
		OPENSSL_free(der[i]);
	return status;
}

void verify_probe(const struct svc_endpoint *e, int64_t timeout_ms,
		  struct verify_seen *ret)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	const char *sni = e->conf->server_name;
	AUTO(ssl_free) SSL *ssl = NULL;
	AUTO(fd_close) int fd = -1;

	*ret = (struct verify_seen){ .reachable = false };
	fd = connect_to(e, deadline, ret);
	if (fd == -1)
		return;
	ret->reachable = true;
	ssl = context() != NULL ? SSL_new(context()) : NULL;
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    (sni != NULL && SSL_set_tlsext_host_name(ssl, sni) != 1)) {
		snprintf(ret->why, sizeof(ret->why), "OpenSSL: no connection");
		return;
	}
	if (handshake(ssl, fd, deadline, ret) == -1)
		return;
	if (take_chain(ssl, ret) == -1)
		return;
	ret->handshake = true;
	(void) SSL_shutdown(ssl);
}

void verify_chain_digest(const struct x509_chain *chain,
			 char ret[ENC_SHA256_HEX])
{
	AUTO(mem_free_str) char *pem = x509_chain_pem_from(chain, 1, false);

	enc_sha256_hex(pem, strlen(pem), ret);
}

bool verify_match(const struct verify_want *want,
		  const struct verify_seen *seen, char ret[300])
{
	ret[0] = '\0';
	if (!seen->reachable)
		snprintf(ret, 300, "cannot be reached: %s", seen->why);
	else if (!seen->handshake)
		snprintf(ret, 300, "shows no certificate: %s", seen->why);
	else if (want->fingerprint != NULL &&
		 strcmp(want->fingerprint, seen->fingerprint) != 0)
		snprintf(ret, 300,
			 "serves another certificate (%.16s..., wanted "
			 "%.16s...)",
			 seen->fingerprint, want->fingerprint);
	else if (want->fingerprint != NULL && want->chain != NULL &&
		 strcmp(want->chain, seen->chain) != 0)
		snprintf(ret, 300,
			 "serves the right certificate with another chain (%zu "
			 "certificates)",
			 seen->depth);
	return ret[0] == '\0';
}

int64_t verify_pause(unsigned int n)
{
	return n < 6 ? (int64_t) PAUSE_FIRST << n : PAUSE_MAX;
}

void verify_wait(int64_t ms)
{
	int64_t deadline = clock_mono_ms() + ms, left;

	while ((left = deadline - clock_mono_ms()) > 0)
		(void) poll(NULL, 0, (int) left);
}
