/* SPDX-License-Identifier: MIT */
#ifndef YEAR_CA_H
#define YEAR_CA_H

/*
 * A CA and a clock for test_year.c, behind the link seams of http.h, loop.h and
 * log.h (which is silent): all above them is the real fetcher. The CA issues
 * what is asked for without a proof, has renewal information (RFC 9773) with
 * the windows that Let's Encrypt's has, and writes down what it sees. Time is
 * virtual: an exchange takes RTT_MS, and waiting takes none. Include after
 * cmocka.h, once in a program.
 */

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "enc.h"
#include "http.h"
#include "log.h"
#include "loop.h"
#include "mem.h"

#define RTT_MS	  50
#define HOUR	  3600
#define DAY	  86400
#define ROWS_MOST 1000

/* --- what it knows --- */

struct ycert {
	int row;
	int64_t begin, end;    /* of the certificate */
	int64_t start, stop;   /* of the window, stop excluded */
	int orders;	       /* for the row while this was its certificate */
	int64_t ordered, told; /* the last order, the first answered poll */
	int64_t polled, gap_most; /* the last poll, and between two of them */
	bool too_soon;		  /* a poll before Retry-After was over */
};
struct yorder {
	int row;
	size_t cert;
};

static struct {
	/* set by the test */
	int64_t life[ROWS_MOST];
	int64_t retry_after; /* s; of a poll */
	bool ari;
	int64_t sooner; /* of 100 parts of a life: windows lie so much so */
	/* Does a poll at this instant fail? */
	bool (*poll_fails)(int64_t now);
	/* kept here */
	struct ycert *cert;
	size_t n_certs, cap;
	struct yorder *order;
	size_t n_orders, order_cap;
	size_t now_of[ROWS_MOST]; /* its certificate + 1; 0: none */
	size_t requests, directories, polls, failed_polls;
	size_t strange_polls; /* of what it does not know, or was replaced */
	size_t replaced, inside, first_half, late, early, untold, ended;
	EVP_PKEY *root_key, *key, *leaf_key;
	X509 *root, *ca;
	char *chain; /* PEM */
} y;

static int64_t now_ms;

static void fake_clock(int64_t ms)
{
	now_ms = ms;
	clock_set_for_test(ms / 1000);
	clock_set_mono_for_test(ms);
}

static void *grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 1024;
	v = realloc(v, *cap * size);
	assert_non_null(v);
	return v;
}

/* --- certificates --- */

static X509 *make_x509(const char *subject, EVP_PKEY *key, X509 *issuer,
		       EVP_PKEY *issuer_key, int64_t begin, int64_t end,
		       uint64_t serial)
{
	X509 *c = X509_new();
	X509_NAME *name = X509_get_subject_name(c);
	X509V3_CTX v3;
	const char *ext[][2] = {
		{ "basicConstraints",
		  issuer_key == y.key ? "CA:FALSE" : "critical,CA:TRUE" },
		{ "subjectKeyIdentifier", "hash" },
		{ "authorityKeyIdentifier", "keyid:always" },
		{ "subjectAltName", NULL },
	};
	char san[300];

	snprintf(san, sizeof(san), "DNS:%s", subject);
	ext[3][1] = issuer_key == y.key ? san : NULL;
	assert_true(X509_set_version(c, 2));
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial);
	ASN1_TIME_set(X509_getm_notBefore(c), begin);
	ASN1_TIME_set(X509_getm_notAfter(c), end);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *) subject, -1, -1, 0);
	X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(c, key);
	X509V3_set_ctx(&v3, issuer ? issuer : c, c, NULL, NULL, 0);
	for (size_t i = 0; i < 4; i++) {
		X509_EXTENSION *x;

		if (!ext[i][1])
			continue;
		x = X509V3_EXT_conf(NULL, &v3, ext[i][0], ext[i][1]);
		assert_non_null(x);
		X509_add_ext(c, x, -1);
		X509_EXTENSION_free(x);
	}
	assert_true(X509_sign(c, issuer_key, EVP_sha256()) > 0);
	return c;
}

static char *pem_of(X509 *c)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p, *s;
	long n;

	PEM_write_bio_X509(b, c);
	n = BIO_get_mem_data(b, &p);
	s = mem_strndup(p, (size_t) n);
	BIO_free(b);
	return s;
}

static void ca_begin(int64_t now)
{
	y.root_key = EVP_EC_gen("P-256");
	y.key = EVP_EC_gen("P-256");
	y.leaf_key = EVP_EC_gen("P-256");
	y.root = make_x509("year root", y.root_key, NULL, y.root_key, now - DAY,
			   now + 3650LL * DAY, 1);
	y.ca = make_x509("year CA", y.key, y.root, y.root_key, now - DAY,
			 now + 3650LL * DAY, 2);
	y.chain = pem_of(y.ca);
}

static void ca_end(void)
{
	EVP_PKEY_free(y.root_key);
	EVP_PKEY_free(y.key);
	EVP_PKEY_free(y.leaf_key);
	X509_free(y.root);
	X509_free(y.ca);
	free(y.chain);
	free(y.cert);
	free(y.order);
	memset(&y, 0, sizeof(y));
}

/* The serial has the high bit set: its DER value begins with 00. */
#define SERIAL(i) (1ULL << 63 | (uint64_t) (i))

static char *ca_issue(int row, size_t cert)
{
	const struct ycert *c = &y.cert[cert];
	char name[40];
	char *leaf, *both;
	X509 *x;

	snprintf(name, sizeof(name), "r%d.example.test", row);
	x = make_x509(name, y.leaf_key, y.ca, y.key, c->begin, c->end,
		      SERIAL(cert));
	leaf = pem_of(x);
	both = mem_printf("%s%s", leaf, y.chain);
	free(leaf);
	X509_free(x);
	return both;
}

/* PROTOCOL_FACTS 4.1: two thirds of the life, or half of one below ten days,
 * and a hundredth of it before and after. */
static void window_of(struct ycert *c)
{
	int64_t life = c->end - c->begin + 1;
	int64_t middle = c->end - (life < 10 * DAY ? life / 2 : life / 3) -
			 life * y.sooner / 100;

	c->start = middle - life / 100;
	c->stop = middle + life / 100;
}

/* --- requests --- */

struct http_req {
	struct http *http;
	enum http_method method;
	char *url, *body;
	http_fn *fn;
	void *arg;
	struct http_req *next;
};
struct http {
	size_t count;
};
static struct http_req *requests, **requests_end = &requests;

struct answer {
	struct http_reply r;
	char *body, *location;
	char retry[20], nonce[20], date[40];
};

static char *unb64url(const char *s, size_t n, size_t *ret_len)
{
	struct sbuf b64 = SBUF_INIT(1 << 20), out = SBUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	char *ret;

	for (size_t i = 0; i < n; i++)
		sbuf_addc(&b64, s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i]);
	while (b64.len % 4)
		sbuf_addc(&b64, '=');
	assert_int_equal(enc_b64_decode(sbuf_str(&b64), &out, &e), 0);
	*ret_len = out.len;
	ret = mem_alloc(out.len + 1);
	memcpy(ret, sbuf_str(&out), out.len);
	sbuf_free(&b64);
	sbuf_free(&out);
	return ret;
}

static json_t *payload_of(const char *body)
{
	json_t *jws = json_loads(body, 0, NULL), *ret;
	const char *p = json_string_value(json_object_get(jws, "payload"));
	size_t n;
	char *text;

	assert_non_null(p);
	text = unb64url(p, strlen(p), &n);
	ret = json_loadb(text, n, 0, NULL);
	free(text);
	json_decref(jws);
	return ret;
}

/* Of the identifier at the end of a poll, or NULL for one that is not ours, to
 * the last bit. */
static struct ycert *cert_of(const char *id)
{
	const char *dot = strchr(id, '.');
	struct ycert *ret = NULL;
	uint64_t serial = 0;
	size_t n = 0;
	char *der;

	if (!dot)
		return NULL;
	der = unb64url(dot + 1, strlen(dot + 1), &n);
	for (size_t i = 1; i < n; i++)
		serial = serial << 8 | (unsigned char) der[i];
	if (n == 9 && der[0] == 0 && serial >= SERIAL(0) &&
	    serial < SERIAL(y.n_certs))
		ret = &y.cert[serial - SERIAL(0)];
	free(der);
	return ret;
}

static void poll_asked(struct ycert *c, int64_t now)
{
	int64_t least = y.retry_after < 60    ? 60
			: y.retry_after > DAY ? DAY
					      : y.retry_after;

	if (c->polled && now - c->polled < least)
		c->too_soon = true;
	if (c->polled && now - c->polled > c->gap_most)
		c->gap_most = now - c->polled;
	c->polled = now;
}

static void answer_poll(const char *id, struct answer *a, int64_t now)
{
	struct ycert *c = cert_of(id);
	char start[CLOCK_TEXT], stop[CLOCK_TEXT];

	y.polls++;
	if (y.poll_fails && y.poll_fails(now)) {
		y.failed_polls++;
		a->r.status = 503;
		a->body = mem_strdup("<html>down</html>");
		a->r.content_type = "text/html";
		return;
	}
	/* One under way may still be asked about. */
	if (!c || (c->ordered && now - c->ordered > HOUR / 2))
		y.strange_polls++;
	if (!c) {
		a->r.status = 404;
		return;
	}
	poll_asked(c, now);
	if (!c->told)
		c->told = now;
	snprintf(a->retry, sizeof(a->retry), "%lld", (long long) y.retry_after);
	a->r.retry_after = a->retry;
	a->body = mem_printf("{\"suggestedWindow\":{\"start\":\"%s\","
			     "\"end\":\"%s\"}}",
			     clock_text(c->start, start),
			     clock_text(c->stop, stop));
}

/* An order of a row that has a certificate: when was it wanted? */
static void order_seen(struct ycert *c, const char *replaces, int64_t now)
{
	c->orders++;
	c->ordered = now;
	y.replaced += replaces && cert_of(replaces) == c;
	y.untold += !c->told;
	y.inside += now >= c->start && now < c->stop;
	y.first_half += now >= c->start && now < (c->start + c->stop) / 2;
	y.early += now < c->start;
	y.late += now >= c->stop;
	y.ended += now >= c->end;
}

static char *show_order(size_t n)
{
	return mem_printf(
		"{\"status\":\"%s\",\"authorizations\":[\"https://ca.test/"
		"authz/1\"],\"finalize\":\"https://ca.test/final/%zu\"%s%zu\"}",
		y.order[n].cert ? "valid" : "ready", n,
		y.order[n].cert ? ",\"certificate\":\"https://ca.test/cert/"
				: ",\"x\":\"",
		n);
}

static void answer_order(const char *body, struct answer *a, int64_t now)
{
	json_t *p = payload_of(body);
	const char *name = json_string_value(json_object_get(
		json_array_get(json_object_get(p, "identifiers"), 0), "value"));
	int row = name ? atoi(name + 1) : -1;

	assert_in_range(row, 0, ROWS_MOST - 1);
	if (y.now_of[row])
		order_seen(&y.cert[y.now_of[row] - 1],
			   json_string_value(json_object_get(p, "replaces")),
			   now);
	y.order = grow(y.order, y.n_orders, &y.order_cap, sizeof(*y.order));
	y.order[y.n_orders] = (struct yorder){ .row = row };
	a->r.status = 201;
	a->location = mem_printf("https://ca.test/order/%zu", y.n_orders);
	a->body = show_order(y.n_orders++);
	json_decref(p);
}

static void answer_finalize(size_t n, struct answer *a, int64_t now)
{
	struct yorder *o = &y.order[n];
	struct ycert c = { .row = o->row,
			   .begin = now - HOUR,
			   .end = now - HOUR + y.life[o->row] - 1 };

	if (!o->cert) {
		window_of(&c);
		y.cert = grow(y.cert, y.n_certs, &y.cap, sizeof(*y.cert));
		y.cert[y.n_certs++] = c;
		o->cert = y.now_of[o->row] = y.n_certs;
	}
	a->body = show_order(n);
}

static bool starts(const char **url, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*url, with, n) != 0)
		return false;
	*url += n;
	return true;
}

static void ca_answer(const struct http_req *q, struct answer *a)
{
	const char *url = q->url;
	int64_t now = clock_now();
	size_t n;

	assert_true(starts(&url, "https://ca.test/"));
	if (starts(&url, "ari/")) {
		answer_poll(url, a, now);
	} else if (strcmp(url, "dir") == 0) {
		y.directories++;
		a->body = mem_printf(
			"{\"newNonce\":\"https://ca.test/nonce\","
			"\"newAccount\":\"https://ca.test/account\","
			"\"newOrder\":\"https://ca.test/new\"%s}",
			y.ari ? ",\"renewalInfo\":\"https://ca.test/ari\""
			      : "");
	} else if (strcmp(url, "account") == 0) {
		a->location = mem_strdup("https://ca.test/account/1");
		a->body = mem_strdup("{\"status\":\"valid\"}");
	} else if (strcmp(url, "new") == 0) {
		answer_order(q->body, a, now);
	} else if (strcmp(url, "nonce") != 0) {
		n = strtoul(strrchr(url, '/') + 1, NULL, 10);
		assert_true(n < y.n_orders);
		if (starts(&url, "final/")) {
			answer_finalize(n, a, now);
		} else if (starts(&url, "cert/")) {
			a->body = ca_issue(y.order[n].row, y.order[n].cert - 1);
			a->r.content_type = "application/pem-certificate-chain";
		} else {
			assert_true(starts(&url, "order/"));
			a->body = show_order(n);
		}
	}
}

static void req_free(struct http_req *q)
{
	free(q->url);
	free(q->body);
	free(q);
}

static void req_answer(struct http_req *q)
{
	struct answer a = { .r = { .status = 200,
				   .content_type = "application/json" } };
	time_t now = clock_now();
	static unsigned long nonce;
	struct tm tm;

	y.requests++;
	ca_answer(q, &a);
	snprintf(a.nonce, sizeof(a.nonce), "n%lu", nonce++);
	strftime(a.date, sizeof(a.date), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&now, &tm));
	a.r.replay_nonce = a.nonce;
	a.r.date = a.date;
	a.r.location = a.location;
	a.r.body = a.body ? a.body : "";
	a.r.len = strlen(a.r.body);
	q->fn(q->arg, &a.r);
	free(a.body);
	free(a.location);
	req_free(q);
}

/* --- http.h --- */

int http_new(struct loop *loop, const char *ca_file, size_t body_max,
	     struct http **ret, struct err *e)
{
	*ret = mem_alloc(sizeof(**ret));
	return 0;
}

void http_cancel(struct http_req **req)
{
	struct http_req **p = &requests;

	if (!*req)
		return;
	while (*p != *req)
		p = &(*p)->next;
	*p = (*req)->next;
	if (!*p)
		requests_end = p;
	req_free(*req);
	*req = NULL;
}

void http_free(struct http **http)
{
	struct http_req *q, *next;

	if (!*http)
		return;
	for (q = requests; q; q = next) {
		next = q->next;
		if (q->http == *http)
			http_cancel(&q);
	}
	free(*http);
	*http = NULL;
}

void http_only_1_1(struct http *http)
{
}

size_t http_count(const struct http *http)
{
	return http->count;
}

char *http_join(const char *url, const char *reference)
{
	return strncmp(reference, "https://", 8) == 0 ? mem_strdup(reference)
						      : NULL;
}

struct http_req *http_send(struct http *http, enum http_method method,
			   const char *url, const void *body, size_t len,
			   http_fn *fn, void *arg)
{
	struct http_req *q = mem_alloc(sizeof(*q));

	*q = (struct http_req){ .http = http,
				.method = method,
				.url = mem_strdup(url),
				.body = mem_strndup(body ? body : "", len),
				.fn = fn,
				.arg = arg };
	http->count++;
	*requests_end = q;
	requests_end = &q->next;
	return q;
}

/* --- log.h: a year of it is much --- */

void log_open(const char *program, int verbose)
{
}

void log_event(enum log_level level, const char *event, ...)
{
}

void log_error(const struct err *e)
{
}

void log_syslog_error(const char *text)
{
}

void log_warn(const char *fmt, ...)
{
}

void log_info(const char *fmt, ...)
{
}

void log_debug(const char *fmt, ...)
{
}

bool log_verbose(void)
{
	return false;
}

void log_said(bool failed, const char *command, const char *text)
{
}

void log_mailed(bool on)
{
}

/* --- loop.h --- */

struct loop {
	int unused;
};
struct loop_io {
	int unused;
};
struct loop_timer {
	int64_t at;
	loop_timer_fn *fn;
	void *arg;
	struct loop_timer *next;
};
static struct loop_timer *timers;

int loop_new(struct loop **ret, struct err *e)
{
	*ret = mem_alloc(sizeof(**ret));
	return 0;
}

void loop_free(struct loop **loop)
{
	free(*loop);
	*loop = NULL;
}

struct loop_io *loop_watch(struct loop *loop, int fd, short events,
			   loop_io_fn *fn, void *arg)
{
	return mem_alloc(
		sizeof(struct loop_io)); /* for signals: there are none */
}

void loop_watch_events(struct loop_io *io, short events)
{
}

void loop_unwatch(struct loop_io **io)
{
	free(*io);
	*io = NULL;
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_timer_fn *fn,
			      void *arg)
{
	struct loop_timer *t = mem_alloc(sizeof(*t)), **p = &timers;

	*t = (struct loop_timer){ now_ms + ms, fn, arg, NULL };
	while (*p && (*p)->at <= t->at)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	return t;
}

void loop_cancel(struct loop_timer **timer)
{
	struct loop_timer **p = &timers;

	if (!*timer)
		return;
	while (*p != *timer)
		p = &(*p)->next;
	*p = (*timer)->next;
	free(*timer);
	*timer = NULL;
}

/* All that was asked is answered, or else the next timer goes off. */
int loop_run(struct loop *loop, int64_t max_ms, struct err *e)
{
	struct http_req *q = requests;
	struct loop_timer t;
	size_t n = 0;
	bool any;

	for (; q; q = q->next)
		n++;
	any = n > 0;
	if (any)
		fake_clock(now_ms + RTT_MS);
	for (; n && requests; n--) {
		q = requests;
		requests = q->next;
		if (!requests)
			requests_end = &requests;
		req_answer(q);
	}
	if (any)
		return 0;
	if (!timers || timers->at > now_ms + max_ms) {
		fake_clock(now_ms + max_ms);
		return 0;
	}
	t = *timers;
	free(timers);
	timers = t.next;
	if (t.at > now_ms)
		fake_clock(t.at);
	t.fn(t.arg);
	return 0;
}

#endif
