/* SPDX-License-Identifier: MIT */

/*
 * The least that N issuances can take: ACME with curl_multi over one HTTP/2
 * connection and nothing else. No store, no checks, CSRs and account made
 * before the clock starts. Each order makes its requests one after another, all
 * orders at once: new order, authorization, challenge, poll, finalize, poll,
 * certificate.
 *
 *	yardstick DIRECTORY CA_FILE N [FOLDER]
 *
 * With FOLDER, the acme-challenge folder of the web server that answers for
 * *.web.example.test, the proofs (http-01) are written there and the CA looks
 * at them. Without it there is no proof, and the CA must not ask for one
 * (PEBBLE_VA_ALWAYS_VALID).
 *
 * prints "wall=SECONDS requests=N". JSON is read by looking for the word:
 * good for pebble, and for nothing else.
 */

#include <curl/curl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY   16384
#define URL    256
#define NONCES 4096

enum step {
	DIRECTORY,
	NONCE,
	ACCOUNT,
	ORDER,
	AUTHZ,
	CHALLENGE,
	AUTHZ_POLL,
	FINALIZE,
	ORDER_POLL,
	CERTIFICATE,
	DONE,
};

struct chain {
	enum step step;
	char name[64], csr[2048];
	char order[URL], authz[URL], finalize[URL], cert[URL];
	char next_url[URL];
	/* the request under way */
	CURL *curl;
	char *post;
	char body[BODY];
	size_t len;
	char location[URL];
};

static CURLM *multi;
static struct curl_slist *jose;
static EVP_PKEY *key;
static const char *ca_file, *folder;
static char jwk[256], thumbprint[64], kid[URL];
static char new_nonce[URL], new_order[URL], new_account[URL];
static char *nonces[NONCES];
static size_t n_nonces, requests, left;
static struct chain *waiting[NONCES]; /* for a nonce */
static size_t n_waiting;

static void die(const char *what)
{
	fprintf(stderr, "yardstick: %s\n", what);
	exit(1);
}

static void b64(char *out, const void *in, size_t len)
{
	char *p;
	int n = EVP_EncodeBlock((unsigned char *) out, in, (int) len);

	while (n > 0 && out[n - 1] == '=')
		out[--n] = '\0';
	for (p = out; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
}

/* The string behind the first "WORD": of a body. */
static void pick(const char *body, const char *word, char *out, size_t size)
{
	char pat[64];
	const char *p, *q;

	snprintf(pat, sizeof(pat), "\"%s\": ", word);
	p = strstr(body, pat);
	if (!p) {
		fprintf(stderr, "no %s in: %s\n", word, body);
		exit(1);
	}
	p = strchr(p + strlen(pat), '"') + 1;
	q = strchr(p, '"');
	snprintf(out, size, "%.*s", (int) (q - p), p);
}

static void sign(const char *text, char *out)
{
	unsigned char der[128], raw[64];
	const unsigned char *p = der;
	size_t len = sizeof(der);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	ECDSA_SIG *sig;

	if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, der, &len, (const void *) text, strlen(text)) !=
		    1)
		die("sign");
	EVP_MD_CTX_free(md);
	sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
	ECDSA_SIG_free(sig);
	b64(out, raw, sizeof(raw));
}

static char *jws(const char *url, const char *nonce, const char *payload)
{
	static char head[1024], text[BODY], sig[128];
	char *out = malloc(BODY);
	size_t n;

	if (kid[0])
		snprintf(head, sizeof(head),
			 "{\"alg\":\"ES256\",\"kid\":\"%s\",\"nonce\":\"%s\","
			 "\"url\":\"%s\"}",
			 kid, nonce, url);
	else
		snprintf(head, sizeof(head),
			 "{\"alg\":\"ES256\",\"jwk\":%s,\"nonce\":\"%s\","
			 "\"url\":\"%s\"}",
			 jwk, nonce, url);
	b64(text, head, strlen(head));
	n = strlen(text);
	text[n] = '.';
	b64(text + n + 1, payload, strlen(payload));
	sign(text, sig);
	text[n] = '\0';
	snprintf(out, BODY,
		 "{\"protected\":\"%s\",\"payload\":\"%s\","
		 "\"signature\":\"%s\"}",
		 text, text + n + 1, sig);
	return out;
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct chain *c = arg;

	n *= one;
	if (c->len + n >= BODY)
		return 0;
	memcpy(c->body + c->len, p, n);
	c->len += n;
	c->body[c->len] = '\0';
	return n;
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
	struct chain *c = arg;
	char *v = memchr(p, ':', n *= one);
	int len;

	if (!v)
		return n;
	len = (int) (n - (size_t) (v - p)) - 4;
	if (!strncasecmp(p, "replay-nonce:", 13) && n_nonces < NONCES) {
		if (asprintf(&nonces[n_nonces++], "%.*s", len, v + 2) < 0)
			die("memory");
	} else if (!strncasecmp(p, "location:", 9))
		snprintf(c->location, URL, "%.*s", len, v + 2);
	return n;
}

static void request(struct chain *c, const char *url, const char *payload)
{
	CURL *h = c->curl ? c->curl : curl_easy_init();

	c->curl = h;
	c->len = 0;
	c->body[0] = '\0';
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(h, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(h, CURLOPT_PRIVATE, c);
	curl_easy_setopt(h, CURLOPT_NOBODY, c->step == NONCE ? 1L : 0L);
	free(c->post);
	c->post = NULL;
	if (payload) {
		c->post = jws(url, nonces[--n_nonces], payload);
		free(nonces[n_nonces]);
		curl_easy_setopt(h, CURLOPT_HTTPHEADER, jose);
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, c->post);
	} else if (c->step != NONCE) {
		curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
	}
	requests++;
	curl_multi_add_handle(multi, h);
}

/* Send what the step of the chain asks for, when there is a nonce. */
static void go(struct chain *c)
{
	char payload[4096] = "";

	if (n_nonces == 0) {
		waiting[n_waiting++] = c;
		return;
	}
	switch (c->step) {
	case ACCOUNT:
		snprintf(payload, sizeof(payload), "%s",
			 "{\"termsOfServiceAgreed\":true}");
		break;
	case ORDER:
		snprintf(payload, sizeof(payload),
			 "{\"identifiers\":[{\"type\":\"dns\","
			 "\"value\":\"%s\"}]}",
			 c->name);
		break;
	case CHALLENGE:
		snprintf(payload, sizeof(payload), "%s", "{}");
		break;
	case FINALIZE:
		snprintf(payload, sizeof(payload), "{\"csr\":\"%s\"}", c->csr);
		break;
	default:
		break;
	}
	request(c, c->next_url, payload);
}

static void to(struct chain *c, enum step step, const char *url)
{
	c->step = step;
	if (url != c->next_url)
		snprintf(c->next_url, URL, "%s", url);
	go(c);
}

static bool valid(const struct chain *c)
{
	char status[32];

	pick(c->body, "status", status, sizeof(status));
	if (!strcmp(status, "invalid"))
		die(c->body);
	return !strcmp(status, "valid");
}

/* The place of the http-01 challenge in an authorization, its proof written;
 * the first challenge when nobody looks. */
static const char *prove(const struct chain *c)
{
	char token[128], path[512];
	const char *at;
	FILE *f;

	if (!folder)
		return c->body;
	at = strstr(c->body, "\"type\": \"http-01\"");
	if (!at)
		die(c->body);
	pick(at, "token", token, sizeof(token));
	snprintf(path, sizeof(path), "%s/%s", folder, token);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%s.%s", token, thumbprint) < 0 || fclose(f))
		die(path);
	return at;
}

static void next(struct chain *c)
{
	char url[URL];

	switch (c->step) {
	case ORDER:
		snprintf(c->order, URL, "%s", c->location);
		pick(c->body, "finalize", c->finalize, URL);
		pick(c->body, "authorizations", c->authz, URL);
		to(c, AUTHZ, c->authz);
		break;
	case AUTHZ:
		pick(prove(c), "url", url, sizeof(url));
		to(c, CHALLENGE, url);
		break;
	case CHALLENGE:
		to(c, AUTHZ_POLL, c->authz);
		break;
	case AUTHZ_POLL:
		if (valid(c))
			to(c, FINALIZE, c->finalize);
		else
			go(c);
		break;
	case FINALIZE:
		to(c, ORDER_POLL, c->order);
		break;
	case ORDER_POLL:
		if (valid(c)) {
			pick(c->body, "certificate", c->cert, URL);
			to(c, CERTIFICATE, c->cert);
		} else {
			go(c);
		}
		break;
	default:
		c->step = DONE;
		left--;
		break;
	}
}

static void run(size_t n, void (*done)(struct chain *))
{
	CURLMsg *m;
	int queued, busy;

	left = n;
	while (left > 0) {
		if (curl_multi_perform(multi, &busy) != CURLM_OK)
			die("curl_multi_perform");
		while ((m = curl_multi_info_read(multi, &queued))) {
			struct chain *c;
			long code;

			if (m->data.result != CURLE_OK)
				die(curl_easy_strerror(m->data.result));
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
					  (char **) &c);
			curl_easy_getinfo(m->easy_handle,
					  CURLINFO_RESPONSE_CODE, &code);
			curl_multi_remove_handle(multi, m->easy_handle);
			if (code >= 400)
				die(c->body);
			done(c);
		}
		while (n_waiting > 0 && n_nonces > 0)
			go(waiting[--n_waiting]);
		if (left > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

static void one_less(struct chain *c)
{
	(void) c;
	left--;
}

static void directory(struct chain *c, const char *url)
{
	c->step = DIRECTORY;
	request(c, url, NULL);
	run(1, one_less);
	pick(c->body, "newNonce", new_nonce, URL);
	pick(c->body, "newOrder", new_order, URL);
	pick(c->body, "newAccount", new_account, URL);
}

static void make_multi(void)
{
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
}

static void make_account(const char *url)
{
	struct chain *c = calloc(1, sizeof(*c));
	unsigned char pub[65], digest[32];
	char x[64], y[64];
	size_t len;

	key = EVP_EC_gen("P-256");
	if (EVP_PKEY_get_octet_string_param(key, "pub", pub, sizeof(pub),
					    &len) != 1)
		die("key");
	b64(x, pub + 1, 32);
	b64(y, pub + 33, 32);
	snprintf(jwk, sizeof(jwk),
		 "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
		 x, y);
	SHA256((void *) jwk, strlen(jwk), digest); /* RFC 7638 */
	b64(thumbprint, digest, sizeof(digest));
	make_multi();
	directory(c, url);
	c->step = NONCE;
	request(c, new_nonce, NULL);
	run(1, one_less);
	curl_easy_cleanup(c->curl);
	c->curl = NULL;
	to(c, ACCOUNT, new_account);
	run(1, one_less);
	snprintf(kid, sizeof(kid), "%s", c->location);
	curl_easy_cleanup(c->curl);
	curl_multi_cleanup(multi);
	while (n_nonces > 0)
		free(nonces[--n_nonces]);
	free(c);
}

static void make_csr(struct chain *c, size_t i)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	char san[80];
	int len;

	snprintf(c->name, sizeof(c->name), "y%zu.web.example.test", i);
	snprintf(san, sizeof(san), "DNS:%s", c->name);
	sk_X509_EXTENSION_push(
		exts,
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
	X509_REQ_add_extensions(req, exts);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
				   MBSTRING_ASC, (void *) c->name, -1, -1, 0);
	X509_REQ_set_pubkey(req, k);
	X509_REQ_sign(req, k, EVP_sha256());
	len = i2d_X509_REQ(req, &der);
	if (len <= 0)
		die("csr");
	b64(c->csr, der, (size_t) len);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(k);
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	struct chain *c, *dir = calloc(1, sizeof(*dir));
	size_t i, n;

	if (argc != 4 && argc != 5)
		die("usage: yardstick DIRECTORY CA_FILE N [FOLDER]");
	n = (size_t) strtoul(argv[3], NULL, 10);
	if (n < 1 || n > NONCES / 2)
		die("N is 1 to 2048");
	ca_file = argv[2];
	folder = argv[4];
	curl_global_init(CURL_GLOBAL_ALL);
	jose = curl_slist_append(NULL, "Content-Type: application/jose+json");
	make_account(argv[1]);
	c = calloc(n, sizeof(*c));
	for (i = 0; i < n; i++)
		make_csr(&c[i], i);

	requests = 0;
	clock_gettime(CLOCK_MONOTONIC, &a);
	make_multi();
	directory(dir, argv[1]);
	for (i = 0; i < n; i++) {
		c[i].step = NONCE;
		request(&c[i], new_nonce, NULL);
	}
	run(n, one_less);
	for (i = 0; i < n; i++) {
		curl_easy_cleanup(c[i].curl);
		c[i].curl = NULL;
		to(&c[i], ORDER, new_order);
	}
	run(n, next);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("wall=%.3f requests=%zu\n",
	       (double) (b.tv_sec - a.tv_sec) +
		       (double) (b.tv_nsec - a.tv_nsec) / 1e9,
	       requests);
	return 0;
}
