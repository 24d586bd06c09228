/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "http.h"
#include "log.h"
#include "paths.h"
#include "plain.h"
#include "sbuf.h"

#define WHY_IDLE_HANDLES_MAX 128
/* What a connection needs: name, socket, trust anchors. */
#define FILES_WANTED 8

struct http_req {
	struct loop_transfer transfer; /* first: loop.h */
	struct http *http;
	struct http_req *next, *prev;
	CURL *easy;
	char *url;
	struct curl_slist *resolve; /* its address is to be forgotten */
	enum http_method method;
	char *body;
	size_t len, sent;
	bool resent;
	bool http_1_1;
	bool again; /* over HTTP/1.1, or to another address */
	bool headers_over;
	int socket_errno; /* why we got none */
	bool inet6;	  /* that was tried */
	size_t headers;
	struct sbuf in;
	http_fn *fn;
	void *arg;
	char errbuf[CURL_ERROR_SIZE];
};

struct http {
	struct loop *loop;
	char *ca_file;
	size_t body_max;
	bool http_1_1;
	bool answered; /* since the address was looked up */
	struct curl_slist *post_headers, *get_headers;
	struct http_req *reqs;
	struct http_req *current; /* its callback runs */
	bool freed;		  /* by that callback */
	CURL *idle[WHY_IDLE_HANDLES_MAX];
	size_t n_idle;
	size_t count;
};

static struct curl_slist *slist(const char *const *lines)
{
	struct curl_slist *l = NULL;

	for (; *lines; lines++) {
		struct curl_slist *more = curl_slist_append(l, *lines);

		if (!more) {
			curl_slist_free_all(l);
			return NULL;
		}
		l = more;
	}
	return l;
}

int http_new(struct loop *loop, const char *ca_file, size_t body_max,
	     struct http **ret, struct err *err)
{
	static const char *const get[] = { "Accept-Language: en", NULL };
	/* "Expect:" would cost a round trip before each body. */
	static const char *const post[] = {
		"Accept-Language: en", "Content-Type: application/jose+json",
		"Expect:", NULL
	};
	struct http *h = mem_alloc(sizeof(*h));

	h->loop = loop;
	h->ca_file = ca_file ? mem_strdup(ca_file) : NULL;
	h->body_max = body_max;
	h->get_headers = slist(get);
	h->post_headers = slist(post);
	if (!h->get_headers || !h->post_headers) {
		http_free(&h);
		return err_set(err, ERR_INTERNAL, "cannot set up libcurl");
	}
	*ret = h;
	return 0;
}

void http_only_1_1(struct http *http)
{
	http->http_1_1 = true;
}

size_t http_count(const struct http *http)
{
	return http->count;
}

static void req_unlink(struct http_req *r)
{
	if (r->prev)
		r->prev->next = r->next;
	else
		r->http->reqs = r->next;
	if (r->next)
		r->next->prev = r->prev;
}

/* Out of the multi; the handle is kept for the next request. */
static void req_free(struct http_req *r)
{
	struct http *h = r->http;

	req_unlink(r);
	loop_remove(h->loop, r->easy);
	if (h->n_idle < WHY_IDLE_HANDLES_MAX) {
		curl_easy_reset(r->easy);
		h->idle[h->n_idle++] = r->easy;
	} else {
		curl_easy_cleanup(r->easy);
	}
	sbuf_free(&r->in);
	curl_slist_free_all(r->resolve);
	free(r->url);
	free(r->body);
	free(r);
}

void http_cancel(struct http_req **req)
{
	struct http_req *r = TAKE(*req);

	if (r && r != r->http->current)
		req_free(r);
}

void http_free(struct http **http)
{
	struct http *h = TAKE(*http);

	if (!h)
		return;
	while (h->reqs && h->reqs != h->current)
		req_free(h->reqs);
	while (h->reqs && h->reqs->next)
		req_free(h->reqs->next);
	/* Called from a callback: on_done() comes back here after it. */
	h->freed = h->current;
	if (h->freed)
		return;
	while (h->n_idle > 0)
		curl_easy_cleanup(h->idle[--h->n_idle]);
	curl_slist_free_all(h->get_headers);
	curl_slist_free_all(h->post_headers);
	free(h->ca_file);
	free(h);
}

/* --- what libcurl calls --- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_req *r = arg;

	sbuf_add(&r->in, p, size * n);
	return sbuf_over(&r->in) ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_req *r = arg;

	r->headers += size * n;
	r->headers_over = r->headers > HTTP_HEADERS_MAX;
	return r->headers_over ? 0 : size * n;
}

static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
	struct http_req *r = arg;
	size_t want = size * n;

	if (want > r->len - r->sent)
		want = r->len - r->sent;
	memcpy(p, r->body + r->sent, want);
	r->sent += want;
	return want;
}

/* libcurl silently repeats a request when a kept connection breaks before
 * any byte of the answer. It has to rewind the body for this: so we know. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http_req *r = arg;

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_CANTSEEK;
	r->sent = 0;
	r->resent = true;
	return CURL_SEEKFUNC_OK;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
			       struct curl_sockaddr *to)
{
	struct http_req *r = arg;
	int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);

	if (fd == -1)
		r->socket_errno = errno;
	r->inet6 = r->inet6 || to->family == AF_INET6;
	return fd;
}

/* OpenSSL reads on, in one call, as long as there are messages that it answers
 * with nothing: HelloRequest, tickets, new keys. A peer that sends them without
 * end would hold the whole program, and no time limit reaches there. It finds
 * the connection at its end instead. */
static void on_tls(int sent, int version, int type, const void *buf, size_t len,
		   SSL *ssl, void *arg)
{
	static int slot = -1;
	uintptr_t n;

	if (sent || type != SSL3_RT_HANDSHAKE)
		return;
	if (slot == -1)
		slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	n = (uintptr_t) SSL_get_ex_data(ssl, slot) + 1;
	(void) SSL_set_ex_data(ssl, slot, (void *) n);
	if (n > HTTP_HANDSHAKES_MAX)
		SSL_set0_rbio(ssl, BIO_new(BIO_s_null()));
}

static CURLcode on_tls_context(CURL *easy, void *context, void *arg)
{
	SSL_CTX_set_msg_callback(context, on_tls);
	return CURLE_OK;
}

/* --- URLs --- */

static void curlu_free(CURLU **u)
{
	curl_url_cleanup(*u);
	*u = NULL;
}

char *http_join(const char *url, const char *reference)
{
	AUTO(curlu_free) CURLU *u = curl_url();
	char *text, *ret = NULL;

	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_URL, reference, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return NULL;
	if (strncmp(reference, "https://", strlen("https://")) == 0)
		ret = mem_strdup(reference);
	else if (strncmp(text, "https://", strlen("https://")) == 0)
		ret = mem_strdup(text);
	curl_free(text);
	return ret;
}

/* libcurl keeps the addresses of a name; not those of this one's any more. */
static void forget_address(struct http_req *r)
{
	AUTO(curlu_free) CURLU *u = curl_url();
	AUTO(mem_free_str) char *line = NULL;
	char *host = NULL, *port = NULL;

	if (curl_url_set(u, CURLUPART_URL, r->url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		    CURLUE_OK) {
		line = mem_printf("-%s:%s", host, port);
		r->resolve = curl_slist_append(NULL, line);
	}
	curl_free(host);
	curl_free(port);
}

/* --- the end of a transfer --- */

/* Could we open a few files now? It was closed again what the transfer had. */
static int files_errno(void)
{
	int fds[FILES_WANTED], n = 0, found = 0;

	while (n < FILES_WANTED && !found) {
		fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[n] == -1)
			found = errno;
		else
			n++;
	}
	while (n > 0)
		(void) close(fds[--n]);
	return found;
}

/* What this host was short of, for a transfer that did not get there: an errno;
 * 0: nothing. libcurl says it for connect() alone. */
static int short_of(const struct http_req *r)
{
	long os = 0;
	int files = files_errno();

	if (files == EMFILE || files == ENFILE)
		return files;
	if (r->socket_errno == ENOBUFS || r->socket_errno == ENOMEM)
		return r->socket_errno;
	(void) curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os);
	/* A host without IPv6 says the latter of an address of that. */
	if (os == ENOBUFS || os == ENOMEM || (os == EADDRNOTAVAIL && !r->inet6))
		return (int) os;
	return 0;
}

static enum http_end end_of(const struct http_req *r, CURLcode code)
{
	if (sbuf_over(&r->in) || r->headers_over)
		return HTTP_TOO_BIG;
	switch (code) {
	case CURLE_OK:
		return HTTP_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_SEND_FAIL_REWIND:
		return HTTP_CUT;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return short_of(r) ? HTTP_OURS : HTTP_FAILED;
	default:
		return HTTP_FAILED;
	}
}

static int timeout_of(const struct http_req *r)
{
	return r->method == HTTP_POST ? HTTP_POST_S : HTTP_TIMEOUT_S;
}

/* "https://ca.example:14000/x" -> "ca.example:14000" */
static char *url_host(const char *url)
{
	const char *p = strstr(url, "://");

	p = p ? p + 3 : url;
	return mem_strndup(p, strcspn(p, "/?#"));
}

/* Of the peer's certificate: X509_V_OK, or what is wrong with it. */
static long verify_result(const struct http_req *r)
{
	long v = X509_V_OK;

	(void) curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT, &v);
	return v;
}

static void describe_untrusted(const struct http_req *r, const char *host,
			       const char *why, struct sbuf *s)
{
	long v = verify_result(r);
	char now[CLOCK_TEXT];

	sbuf_addf(s, "the TLS certificate of %s is not trusted by %s: %s", host,
		  r->http->ca_file ? r->http->ca_file
				   : "the system's trust store (ca_file names "
				     "another)",
		  why);
	if (v == X509_V_ERR_CERT_NOT_YET_VALID ||
	    v == X509_V_ERR_CERT_HAS_EXPIRED)
		sbuf_addf(s, "; the clock here says %s",
			  clock_text(clock_now(), now));
}

/* libcurl does not say by which way it went. */
static const char *proxy_text(void)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY",
					     "all_proxy", "ALL_PROXY" };
	static char text[80];
	const char *v;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		v = getenv(names[i]);
		if (!v || !*v)
			continue;
		(void) snprintf(text, sizeof(text),
				" by the proxy that %s names", names[i]);
		return text;
	}
	return "";
}

static void describe_failed(const struct http_req *r, CURLcode code,
			    const char *host, struct sbuf *s)
{
	/* It may have names out of the peer's certificate. */
	char said[PLAIN_QUOTED];
	const char *why = plain_quoted(
		*r->errbuf ? r->errbuf : curl_easy_strerror(code), said);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		sbuf_addf(s, "cannot find the address of %s: %s", host, why);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		sbuf_addf(s, "cannot find the address of the proxy: %s", why);
		break;
	case CURLE_COULDNT_CONNECT:
		sbuf_addf(s, "cannot connect to %s%s: %s", host, proxy_text(),
			  why);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		describe_untrusted(r, host, why, s);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		sbuf_addf(s, "cannot use the trust anchors in %s: %s",
			  r->http->ca_file ? r->http->ca_file : "the system",
			  why);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		sbuf_addf(s, "no TLS connection to %s: %s", host, why);
		break;
	default:
		sbuf_addf(s, "request to %s failed: %s", host, why);
	}
}

static void describe_short(int of, const char *host, struct sbuf *s)
{
	sbuf_addf(s, "cannot connect to %s for want of something here: ", host);
	switch (of) {
	case EMFILE:
		sbuf_adds(s, "the fetcher has no descriptors left, raise "
			     "LimitNOFILE of its unit (ulimit -n)");
		break;
	case ENFILE:
		sbuf_adds(s, "the system has no descriptors left, raise "
			     "fs.file-max (sysctl)");
		break;
	case EADDRNOTAVAIL:
		sbuf_adds(s, "no local port is free, widen "
			     "net.ipv4.ip_local_port_range (sysctl)");
		break;
	default:
		sbuf_adds(s, "no memory for a socket, give it more (MemoryMax "
			     "of its unit, net.ipv4.tcp_mem)");
	}
}

static void describe_timeout(const struct http_req *r, const char *host,
			     struct sbuf *s)
{
	curl_off_t sent = 0;

	(void) curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	if (sent)
		sbuf_addf(s, "%s did not answer within %d s", host,
			  timeout_of(r));
	else
		sbuf_addf(s, "no connection to %s%s within %d s", host,
			  proxy_text(), HTTP_CONNECT_S);
}

static void describe(const struct http_req *r, CURLcode code, enum http_end end,
		     struct sbuf *s)
{
	AUTO(mem_free_str) char *host = url_host(r->url);

	switch (end) {
	case HTTP_OK:
		break;
	case HTTP_TOO_BIG:
		sbuf_addf(s, "the answer of %s is larger than %zu bytes", host,
			  r->headers_over ? (size_t) HTTP_HEADERS_MAX
					  : r->http->body_max);
		break;
	case HTTP_TIMEOUT:
		describe_timeout(r, host, s);
		break;
	case HTTP_CUT:
		sbuf_addf(s, "the connection to %s was cut: %s", host,
			  *r->errbuf ? r->errbuf : curl_easy_strerror(code));
		break;
	case HTTP_OURS:
		describe_short(short_of(r), host, s);
		break;
	case HTTP_FAILED:
		describe_failed(r, code, host, s);
		break;
	}
}

/* The one at INDEX of those with this name. */
static const char *header_at(struct http_req *r, const char *name, size_t index)
{
	struct curl_header *h;
	const char *p;

	if (curl_easy_header(r->easy, name, index, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	if (!*h->value || strlen(h->value) > HTTP_HEADER_MAX)
		return NULL;
	for (p = h->value; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			return NULL;
	return h->value;
}

static const char *header(struct http_req *r, const char *name)
{
	return header_at(r, name, 0);
}

static void get_links(struct http_req *r, struct http_reply *reply)
{
	struct curl_header *h;
	size_t i, n = 0;

	if (curl_easy_header(r->easy, "Link", 0, CURLH_HEADER, -1, &h) ==
	    CURLHE_OK)
		n = h->amount;
	for (i = 0; i < n && reply->n_links < HTTP_LINKS_MAX; i++) {
		reply->links[reply->n_links] = header_at(r, "Link", i);
		if (reply->links[reply->n_links])
			reply->n_links++;
	}
}

static void setup(struct http_req *r);

/* Where another way is worth a try, at once: on that way, true. */
static bool try_again(struct http_req *r, CURLcode code)
{
	struct http *h = r->http;
	bool broken = code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
	/* Never sent: nobody was there. */
	bool gone = code == CURLE_COULDNT_CONNECT && h->answered;

	if (r->again || !(gone || (broken && !r->http_1_1)))
		return false;
	log_debug("%s: %s, trying %s", r->url, curl_easy_strerror(code),
		  gone ? "another address" : "HTTP/1.1");
	r->again = true;
	if (broken) {
		h->http_1_1 = true;
		r->resent = true;
	}
	r->sent = r->headers = 0;
	r->socket_errno = 0;
	r->inet6 = false;
	r->headers_over = false;
	r->errbuf[0] = '\0';
	sbuf_clear(&r->in);
	loop_remove(h->loop, r->easy);
	curl_easy_reset(r->easy);
	if (gone)
		forget_address(r);
	setup(r);
	h->count++;
	loop_add(h->loop, r->easy);
	return true;
}

static void on_done(struct loop_transfer *transfer, CURLcode code)
{
	static const char *const methods[] = { "GET", "HEAD", "POST" };
	struct http_req *r = (struct http_req *) transfer;
	struct http *h = r->http;
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1024);
	struct http_reply reply = { .end = end_of(r, code) };

	if (try_again(r, code))
		return;
	(void) curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE,
				 &reply.status);
	h->answered = reply.end == HTTP_OK;
	if (reply.end == HTTP_OK) {
		reply.content_type = header(r, "Content-Type");
		reply.location = header(r, "Location");
		reply.replay_nonce = header(r, "Replay-Nonce");
		reply.retry_after = header(r, "Retry-After");
		reply.date = header(r, "Date");
		reply.age = header(r, "Age");
		get_links(r, &reply);
	} else {
		describe(r, code, reply.end, &text);
		reply.not_yet =
			code == CURLE_PEER_FAILED_VERIFICATION &&
			verify_result(r) == X509_V_ERR_CERT_NOT_YET_VALID;
	}
	reply.error = sbuf_str(&text);
	reply.body = sbuf_str(&r->in);
	reply.len = r->in.len;
	reply.resent = r->resent;
	log_debug("%s %s: %ld%s%s", methods[r->method], r->url, reply.status,
		  *reply.error ? ", " : "", reply.error);
	/* The handle and the headers live until the callback is through. */
	h->current = r;
	r->fn(r->arg, &reply);
	h->current = NULL;
	req_free(r);
	if (h->freed)
		http_free(&h);
}

/* --- a request --- */

static void setup_common(struct http_req *r)
{
	CURL *e = r->easy;
	const struct http *h = r->http;

	(void) curl_easy_setopt(e, CURLOPT_PRIVATE, &r->transfer);
	(void) curl_easy_setopt(e, CURLOPT_URL, r->url);
	(void) curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	(void) curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A look-up that nobody answers has a thread, which no time limit of
	 * ours reaches: it is left to end by itself, not waited for. */
	(void) curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	(void) curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void) curl_easy_setopt(e, CURLOPT_USERAGENT,
				"certrepo/" CERTREPO_VERSION);
	r->http_1_1 = h->http_1_1;
	(void) curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
				r->http_1_1 ? (long) CURL_HTTP_VERSION_1_1
					    : (long) CURL_HTTP_VERSION_2TLS);
	/* Behind one name there may be servers that do not know of each other's
	 * nonces: the address stays the same as long as there is one. */
	(void) curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	(void) curl_easy_setopt(e, CURLOPT_RESOLVE, r->resolve);
	(void) curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	(void) curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	(void) curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void) curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, r);
	(void) curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
	(void) curl_easy_setopt(e, CURLOPT_SSLVERSION,
				(long) CURL_SSLVERSION_TLSv1_2);
	(void) curl_easy_setopt(e, CURLOPT_TIMEOUT, (long) timeout_of(r));
	(void) curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT,
				(long) HTTP_CONNECT_S);
	(void) curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->errbuf);
	(void) curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void) curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	(void) curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	(void) curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	if (h->ca_file) {
		(void) curl_easy_setopt(e, CURLOPT_CAINFO, h->ca_file);
		/* Debian's libcurl would look there as well. */
		(void) curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
}

static void setup_method(struct http_req *r)
{
	CURL *e = r->easy;

	(void) curl_easy_setopt(e, CURLOPT_HTTPHEADER,
				r->method == HTTP_POST ? r->http->post_headers
						       : r->http->get_headers);
	if (r->method == HTTP_HEAD)
		(void) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (r->method != HTTP_POST)
		return;
	(void) curl_easy_setopt(e, CURLOPT_POST, 1L);
	(void) curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t) r->len);
	(void) curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	(void) curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
	(void) curl_easy_setopt(e, CURLOPT_READDATA, r);
	(void) curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
	(void) curl_easy_setopt(e, CURLOPT_SEEKDATA, r);
}

static void setup(struct http_req *r)
{
	setup_common(r);
	setup_method(r);
}

struct http_req *http_send(struct http *http, enum http_method method,
			   const char *url, const void *body, size_t len,
			   http_fn *fn, void *arg)
{
	struct http_req *r = mem_alloc(sizeof(*r));

	r->transfer.done = on_done;
	r->http = http;
	r->easy = http->n_idle > 0 ? http->idle[--http->n_idle]
				   : curl_easy_init();
	/* Out of memory: libcurl's only reason to give no handle, or to
	 * refuse one below. */
	if (!r->easy)
		abort();
	r->url = mem_strdup(url);
	r->method = method;
	r->body = len ? mem_dup(body, len) : NULL;
	r->len = len;
	r->fn = fn;
	r->arg = arg;
	sbuf_init(&r->in, http->body_max);
	setup(r);
	r->next = http->reqs;
	if (r->next)
		r->next->prev = r;
	http->reqs = r;
	http->count++;
	loop_add(http->loop, r->easy);
	return r;
}
