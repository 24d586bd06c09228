/* SPDX-License-Identifier: MIT */
#ifndef HTTP_H
#define HTTP_H

/*
 * HTTPS over libcurl's multi interface, in the loop: one struct http for each
 * server, its trust anchors and its requests. HTTP/2 where the server can,
 * all requests over one kept connection; a request that it breaks off there is
 * repeated over HTTP/1.1, which is all that is spoken from then on. Redirects
 * are not followed. The address that was found is used for as long as it
 * answers; when it does not, it is looked up again, once for a request. Proxies
 * named in the environment (https_proxy, no_proxy) are used, as an
 * administrator expects of a program started by cron or by hand.
 */

#include <stdbool.h>
#include <stddef.h>
#include "err.h"
#include "loop.h"

#define HTTP_TIMEOUT_S	    30 /* a whole request */
#define HTTP_POST_S	    90 /* a POST: some issue before they answer */
#define HTTP_CONNECT_S	    15 /* of it, for connection and TLS */
#define HTTP_HEADERS_MAX    (64 * 1024) /* bytes of all header lines */
#define HTTP_HEADER_MAX	    2048	/* bytes of one value; longer: none */
#define HTTP_LINKS_MAX	    20		/* Link headers; more: the first ones */
#define HTTP_HANDSHAKES_MAX 1000 /* TLS handshake messages of a connection */

struct http;
struct http_req;

/* CA_FILE: PEM trust anchors instead of the system's, or NULL. BODY_MAX: of
 * an answer. */
int http_new(struct loop *loop, const char *ca_file, size_t body_max,
	     struct http **ret, struct err *err) MUST_CHECK;
void http_free(struct http **http);	    /* cancels what is under way */
void http_only_1_1(struct http *http);	    /* no HTTP/2 from now on */
size_t http_count(const struct http *http); /* requests sent so far */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

/* How the exchange ended, apart from what the server said. */
enum http_end {
	HTTP_OK,     /* an answer, of whatever status */
	HTTP_CUT,    /* the connection broke: it may have been handled */
	HTTP_FAILED, /* never got there: resolve, connect, TLS, trust */
	HTTP_OURS,   /* nor that: this host is short of something */
	HTTP_TIMEOUT,
	HTTP_TOO_BIG,
};

/* Borrowed until the callback returns. Headers are NULL when absent, empty,
 * over HTTP_HEADER_MAX, or not printable ASCII. */
struct http_reply {
	enum http_end end;
	const char *error; /* a sentence unless HTTP_OK */
	bool not_yet;	   /* HTTP_FAILED: a TLS certificate of tomorrow */
	long status;
	const char *content_type;
	const char *location;
	const char *replay_nonce;
	const char *retry_after;
	const char *date, *age; /* of a cached answer both are needed */
	const char *links[HTTP_LINKS_MAX]; /* Link headers: see http_link.h */
	size_t n_links;
	const char *body; /* NUL-terminated, may be "" */
	size_t len;
	bool resent; /* the body had to be sent again on another connection;
		      * the server may have seen it twice */
};
typedef void http_fn(void *arg, const struct http_reply *reply);

/* What REFERENCE, as in a Location, means in an answer of URL (RFC 3986
 * section 5): an https URL, the caller's, or NULL when it is none. One that is
 * whole already stays as it is. */
char *http_join(const char *url, const char *reference);

/* BODY (POST only) is copied. The callback comes from the loop, once. */
struct http_req *http_send(struct http *http, enum http_method method,
			   const char *url, const void *body, size_t len,
			   http_fn *fn, void *arg);
void http_cancel(struct http_req **req); /* accepts NULL; no callback */

#endif
