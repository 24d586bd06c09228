/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "x509_kit.h"
#include "eap.h"
#include "look_tls.h"

/*
 * A RADIUS server by the letters of RFC 2865, 3579 and 5216, with OpenSSL's
 * own server behind it; that the real one agrees is shown by
 * tests/services/verify.t.
 */

#define SECRET "xyzzy5461"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	return 0;
}

struct peer {
	SSL_CTX *ctx;
	SSL *tls;
	BIO *in, *out;
	unsigned char request[4096]; /* the last one of the client */
	size_t len;
	unsigned char eap[4096];
	size_t eap_len;
	unsigned char answer[4096];
	size_t answer_len;
	unsigned char sent[65536];
	size_t sent_len, sent_at;
};

static void peer_start(struct peer *p, int version)
{
	memset(p, 0, sizeof(*p));
	p->ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate_chain_file(
				 p->ctx, scratch("chain.pem")),
			 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(
				 p->ctx, scratch("leaf.key"), SSL_FILETYPE_PEM),
			 1);
	SSL_CTX_set_min_proto_version(p->ctx, version);
	SSL_CTX_set_max_proto_version(p->ctx, version);
	p->tls = SSL_new(p->ctx);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	SSL_set_bio(p->tls, p->in, p->out);
	SSL_set_accept_state(p->tls);
}

static void peer_stop(struct peer *p)
{
	SSL_free(p->tls);
	SSL_CTX_free(p->ctx);
}

static void hmac(const unsigned char *p, size_t len, unsigned char out[16])
{
	unsigned int n = 16;

	HMAC(EVP_md5(), SECRET, sizeof(SECRET) - 1, p, len, out, &n);
}

/* Take what the client sends, and check what a server checks. */
static void receive(struct peer *p, const struct eap *e)
{
	unsigned char mac[16], copy[4096];
	const unsigned char *b = eap_out(e, &p->len);
	bool signed_ = false, user = false;

	memcpy(p->request, b, p->len);
	memcpy(copy, b, p->len);
	assert_int_equal(b[0], 1);
	assert_int_equal(b[2] << 8 | b[3], p->len);
	p->eap_len = 0;
	for (size_t at = 20; at < p->len; at += b[at + 1]) {
		assert_in_range(b[at + 1], 2, p->len - at);
		if (b[at] == 79) {
			memcpy(p->eap + p->eap_len, b + at + 2, b[at + 1] - 2u);
			p->eap_len += b[at + 1] - 2u;
		} else if (b[at] == 80) {
			assert_int_equal(at, 20);
			memset(copy + at + 2, 0, 16);
			hmac(copy, p->len, mac);
			assert_memory_equal(mac, b + at + 2, 16);
			signed_ = true;
		} else if (b[at] == 1) {
			assert_memory_equal(b + at + 2, "me@example.org", 14);
			user = true;
		}
	}
	assert_true(signed_ && user);
	assert_int_equal(p->eap[0], 2);
	assert_int_equal(p->eap[2] << 8 | p->eap[3], p->eap_len);
}

/* An answer of CODE with these attributes, and with an EAP packet if LEN. */
static void answer(struct peer *p, int code, const char *attrs, size_t n,
		   const unsigned char *eap, size_t len)
{
	unsigned char *b = p->answer, all[5000], md[64];
	size_t at = 20;

	b[0] = (unsigned char) code;
	b[1] = p->request[1];
	memcpy(b + 4, p->request + 4, 16);
	memcpy(b + at, attrs, n);
	at += n;
	for (size_t i = 0; i < len; i += 253) {
		size_t part = len - i < 253 ? len - i : 253;

		b[at++] = 79;
		b[at++] = (unsigned char) (part + 2);
		memcpy(b + at, eap + i, part);
		at += part;
	}
	b[at] = 80;
	b[at + 1] = 18;
	memset(b + at + 2, 0, 16);
	at += 18;
	b[2] = (unsigned char) (at >> 8);
	b[3] = (unsigned char) at;
	hmac(b, at, md);
	memcpy(b + at - 16, md, 16);
	memcpy(all, b, at);
	memcpy(all + at, SECRET, sizeof(SECRET) - 1);
	EVP_Digest(all, at + sizeof(SECRET) - 1, md, NULL, EVP_md5(), NULL);
	memcpy(b + 4, md, 16);
	p->answer_len = at;
}

/* A challenge with an EAP request of TYPE. */
static void challenge(struct peer *p, int type, const unsigned char *data,
		      size_t len)
{
	unsigned char eap[4096] = { 1, (unsigned char) (p->eap[1] + 1) };

	eap[2] = (unsigned char) ((len + 5) >> 8);
	eap[3] = (unsigned char) (len + 5);
	eap[4] = (unsigned char) type;
	memcpy(eap + 5, data, len);
	answer(p, 11, "\x18\x04no", 4, eap, len + 5);
}

/* The next fragment of what TLS has to say. */
static void fragment(struct peer *p, int type, size_t size)
{
	unsigned char data[4096];
	size_t left = p->sent_len - p->sent_at, n = left < size ? left : size;
	size_t at = 0;

	data[at++] = (unsigned char) ((p->sent_at == 0 ? 0x80 : 0) |
				      (left > n ? 0x40 : 0));
	if (p->sent_at == 0) {
		data[at++] = 0;
		data[at++] = 0;
		data[at++] = (unsigned char) (left >> 8);
		data[at++] = (unsigned char) left;
	}
	memcpy(data + at, p->sent + p->sent_at, n);
	p->sent_at += n;
	challenge(p, type, data, at + n);
}

/* What the client's TLS says, fragment by fragment (RFC 5216, 2.1.5): each but
 * the last is acknowledged, the first of several tells how much there is. */
static void hear(struct peer *p, struct eap *e)
{
	struct err err = ERR_INIT;
	size_t said = 0, all = 0;

	for (int i = 0;; i++) {
		bool told = (p->eap[5] & 0x80) != 0;
		bool more = (p->eap[5] & 0x40) != 0;
		const unsigned char *b = p->eap + 6;
		int n = (int) p->eap_len - 6 - (told ? 4 : 0);

		assert_int_equal(told, i == 0 && more);
		assert_true(n > 0);
		if (told) {
			assert_int_equal(b[0] << 24 | b[1] << 16, 0);
			all = (size_t) (b[2] << 8 | b[3]);
			b += 4;
		}
		assert_int_equal(BIO_write(p->in, b, n), n);
		said += (size_t) n;
		if (!more)
			break;
		challenge(p, p->eap[4], (const unsigned char *) "", 1);
		assert_int_equal(eap_in(e, p->answer, p->answer_len, &err),
				 EAP_SEND);
		receive(p, e);
	}
	assert_true(all == 0 || said == all);
}

static struct eap *begin(struct peer *p, int version, SSL **ret_ssl)
{
	struct eap *e;

	peer_start(p, version);
	*ret_ssl = look_tls_new(NULL, NULL);
	e = eap_new(SECRET, sizeof(SECRET) - 1, "me@example.org", *ret_ssl);
	assert_non_null(e);
	receive(p, e);
	assert_int_equal(p->eap[4], 1);
	return e;
}

static void end(struct peer *p, struct eap **e, SSL **ssl)
{
	eap_free(e);
	assert_null(*e);
	look_tls_free(ssl);
	peer_stop(p);
}

/* ALPN: how long that of the client is; its ClientHello is longer. */
static void shows(int version, int type, size_t size, size_t alpn)
{
	static const unsigned char md5[] = "\x10"
					   "0123456789abcdef";
	static const unsigned char start[] = { 0x20 };
	struct verify_seen seen = { .reachable = true };
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, version, &ssl);
	unsigned char protos[4000];

	memset(protos, 1, sizeof(protos)); /* each a byte with its length */
	assert_int_equal(SSL_set_alpn_protos(ssl, protos, (unsigned int) alpn),
			 0);
	/* What it likes best is no TLS: it must offer another. */
	challenge(&p, 4, md5, sizeof(md5) - 1);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_SEND);
	receive(&p, e);
	assert_int_equal(p.eap[4], 3);
	assert_non_null(memchr(p.eap + 5, type, p.eap_len - 5));
	challenge(&p, type, start, 1);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_SEND);
	receive(&p, e);
	assert_int_equal(p.eap[4], type);
	assert_true(alpn == 0 || (p.eap[5] & 0x40) != 0);
	hear(&p, e);
	assert_int_equal(SSL_do_handshake(p.tls), -1);
	p.sent_len = (size_t) BIO_read(p.out, p.sent, sizeof(p.sent));
	assert_true(p.sent_len > size);
	for (;;) {
		enum eap_result r;

		fragment(&p, type, size);
		r = eap_in(e, p.answer, p.answer_len, &err);
		if (r == EAP_SHOWN)
			break;
		if (r != EAP_SEND || p.sent_at >= p.sent_len)
			fail_msg("%d: %s", r, err.msg);
		receive(&p, e); /* an acknowledgement */
		assert_int_equal(p.eap_len, 6);
		assert_int_equal(p.eap[5], 0);
	}
	assert_int_equal(p.sent_at, p.sent_len);
	assert_int_equal(look_tls_shown(ssl, &seen), 0);
	assert_string_equal(seen.serial, "0A1B2C3D4E");
	assert_string_equal(seen.issuer, "CN=Test Intermediate");
	assert_int_equal(seen.depth, 2);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in leaf.pem -outform DER | "
				    "sha256sum"));
	end(&p, &e, &ssl);
}

static void certificate(void **state)
{
	shows(TLS1_2_VERSION, 25, 200, 0);
	shows(TLS1_2_VERSION, 21, 1000, 0);
	shows(TLS1_3_VERSION, 13, 500, 0);
	shows(TLS1_3_VERSION, 21, 500, 4000);
}

/* A dialogue over PEAP up to what the server's whole first flight brings. */
static enum eap_result first_flight(struct peer *p, struct eap *e,
				    struct err *err)
{
	static const unsigned char start[] = { 0x20 };

	challenge(p, 25, start, 1);
	assert_int_equal(eap_in(e, p->answer, p->answer_len, err), EAP_SEND);
	receive(p, e);
	hear(p, e);
	assert_int_equal(SSL_do_handshake(p->tls), -1);
	p->sent_len = (size_t) BIO_read(p->out, p->sent, sizeof(p->sent));
	fragment(p, 25, p->sent_len);
	return eap_in(e, p->answer, p->answer_len, err);
}

static void use_rsa(struct peer *p, int mode)
{
	kit_sh("[ -e rsa.pem ] || openssl req -x509 -newkey rsa:2048 -nodes "
	       "-keyout rsa.key -out rsa.pem -days 9 -subj /CN=rsa");
	assert_int_equal(SSL_use_certificate_file(p->tls, scratch("rsa.pem"),
						  SSL_FILETYPE_PEM),
			 1);
	assert_int_equal(SSL_use_PrivateKey_file(p->tls, scratch("rsa.key"),
						 SSL_FILETYPE_PEM),
			 1);
	assert_int_equal(SSL_set_cipher_list(p->tls, "AES128-SHA"), 1);
	SSL_set_verify(p->tls, mode, NULL);
}

/* With static RSA the server's first flight proves nothing: go on, to its
 * Finished. */
static void static_rsa(void **state)
{
	struct verify_seen seen = { .reachable = true };
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, TLS1_2_VERSION, &ssl);

	use_rsa(&p, SSL_VERIFY_NONE);
	assert_int_equal(first_flight(&p, e, &err), EAP_SEND);
	assert_false(look_tls_proven(ssl) || look_tls_unproven(ssl));
	receive(&p, e);
	assert_int_equal(p.eap[4], 25);
	hear(&p, e);
	assert_int_equal(SSL_do_handshake(p.tls), 1);
	p.sent_at = 0;
	p.sent_len = (size_t) BIO_read(p.out, p.sent, sizeof(p.sent));
	fragment(&p, 25, p.sent_len);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_SHOWN);
	assert_true(look_tls_proven(ssl));
	assert_int_equal(look_tls_shown(ssl, &seen), 0);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in rsa.pem -outform DER | "
				    "sha256sum"));
	end(&p, &e, &ssl);

	/* It will have a certificate of ours first: never proven. */
	e = begin(&p, TLS1_2_VERSION, &ssl);
	use_rsa(&p, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
	assert_int_equal(first_flight(&p, e, &err), EAP_SEND);
	receive(&p, e);
	hear(&p, e);
	assert_int_equal(SSL_do_handshake(p.tls), -1);
	p.sent_at = 0;
	p.sent_len = (size_t) BIO_read(p.out, p.sent, sizeof(p.sent));
	fragment(&p, 25, p.sent_len);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_FAILED);
	kit_says(&err, "handshake failure, its log tells why");
	assert_true(look_tls_unproven(ssl));
	end(&p, &e, &ssl);

	/* The same server, of which another key exchange is asked. */
	e = begin(&p, TLS1_2_VERSION, &ssl);
	use_rsa(&p, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
	assert_int_equal(SSL_set_cipher_list(p.tls, "AES128-SHA:ECDHE"), 1);
	SSL_set_options(p.tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
	assert_int_equal(look_tls_signed_only(ssl, NULL), 0);
	assert_int_equal(first_flight(&p, e, &err), EAP_SHOWN);
	end(&p, &e, &ssl);
}

/* Whatever is not the server's answer to this very packet changes nothing. */
static void not_ours(void **state)
{
	static const unsigned char start[] = { 0x20 };
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, TLS1_2_VERSION, &ssl);
	size_t len;
	const unsigned char *before = eap_out(e, &len);
	unsigned char copy[4096];

	challenge(&p, 25, start, 1);
	memcpy(copy, p.answer, p.answer_len);
	for (size_t i = 0; i < p.answer_len; i++) {
		p.answer[i] ^= 0x10;
		if (eap_in(e, p.answer, p.answer_len, &err) != EAP_IGNORED)
			fail_msg("byte %zu", i);
		assert_true(err.msg[0] != '\0');
		p.answer[i] ^= 0x10;
	}
	for (size_t i = 0; i < p.answer_len; i++)
		assert_int_equal(eap_in(e, p.answer, i, &err), EAP_IGNORED);
	/* Nothing but the Message-Authenticator is wrong, or missing. */
	assert_memory_equal(copy, p.answer, p.answer_len);
	assert_int_equal(eap_out(e, &len) == before && len == p.len, 1);
	assert_memory_equal(before, p.request, len);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_SEND);
	end(&p, &e, &ssl);
}

static void no_message_authenticator(void **state)
{
	static const unsigned char eap[] = "\x01\x05\x00\x06\x19\x20";
	unsigned char all[200], md[64];
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, TLS1_2_VERSION, &ssl);
	size_t n;

	answer(&p, 11, "", 0, eap, 6);
	n = p.answer_len - 18;
	p.answer[3] = (unsigned char) n;
	memcpy(p.answer + 4, p.request + 4, 16);
	memcpy(all, p.answer, n);
	memcpy(all + n, SECRET, sizeof(SECRET) - 1);
	EVP_Digest(all, n + sizeof(SECRET) - 1, md, NULL, EVP_md5(), NULL);
	memcpy(p.answer + 4, md, 16);
	assert_int_equal(eap_in(e, p.answer, n, &err), EAP_IGNORED);
	kit_says(&err, "another secret");
	end(&p, &e, &ssl);
}

static void refused(void **state)
{
	static const unsigned char md5[] = "\x10"
					   "0123456789abcdef";
	static const unsigned char failure[] = { 4, 5, 0, 4 };
	static const unsigned char cut[] = "\x01\x05\x00\x40\x19\x20";
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, TLS1_2_VERSION, &ssl);

	answer(&p, 3, "\x12\x09not\x1bn\"w", 9, failure, 4);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_FAILED);
	kit_says(&err, "refuses us before it shows a certificate, saying "
		       "\"not?n'w\"");
	end(&p, &e, &ssl);

	e = begin(&p, TLS1_2_VERSION, &ssl);
	answer(&p, 2, "", 0, NULL, 0);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_FAILED);
	kit_says(&err, "without a certificate");
	end(&p, &e, &ssl);

	e = begin(&p, TLS1_2_VERSION, &ssl);
	answer(&p, 11, "", 0, cut, 6);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_FAILED);
	kit_says(&err, "not a request");
	end(&p, &e, &ssl);

	e = begin(&p, TLS1_2_VERSION, &ssl);
	for (int i = 0; i < 2; i++) {
		challenge(&p, 4, md5, sizeof(md5) - 1);
		assert_int_equal(eap_in(e, p.answer, p.answer_len, &err),
				 i == 0 ? EAP_SEND : EAP_FAILED);
		receive(&p, e);
	}
	kit_says(&err, "no EAP method with TLS");
	end(&p, &e, &ssl);
}

/* Fragments, or identity requests, that never come to an end; and words that
 * are not TLS. */
static void endless(void **state)
{
	static const unsigned char start[] = { 0x20 };
	static const unsigned char noise[] = "\0HTTP/1.1 400 Bad Request\r\n";
	unsigned char data[3800] = { 0x40 };
	enum eap_result r = EAP_SEND;
	struct err err = ERR_INIT;
	struct peer p;
	SSL *ssl;
	struct eap *e = begin(&p, TLS1_2_VERSION, &ssl);

	challenge(&p, 25, start, 1);
	for (int i = 0; i < 1000 && r == EAP_SEND; i++) {
		r = eap_in(e, p.answer, p.answer_len, &err);
		receive(&p, e);
		challenge(&p, 25, data, sizeof(data));
	}
	assert_int_equal(r, EAP_FAILED);
	kit_says(&err, "too much");
	end(&p, &e, &ssl);

	e = begin(&p, TLS1_2_VERSION, &ssl);
	for (r = EAP_SEND; r == EAP_SEND;) {
		challenge(&p, 1, start, 0);
		r = eap_in(e, p.answer, p.answer_len, &err);
		receive(&p, e);
	}
	assert_int_equal(r, EAP_FAILED);
	kit_says(&err, "no end");
	end(&p, &e, &ssl);

	e = begin(&p, TLS1_2_VERSION, &ssl);
	challenge(&p, 25, start, 1);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_SEND);
	receive(&p, e);
	hear(&p, e);
	challenge(&p, 25, noise, sizeof(noise) - 1);
	assert_int_equal(eap_in(e, p.answer, p.answer_len, &err), EAP_FAILED);
	kit_says(&err, "TLS handshake in EAP failed: ");
	end(&p, &e, &ssl);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate),
		cmocka_unit_test(static_rsa),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(no_message_authenticator),
		cmocka_unit_test(refused),
		cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
