/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "eap.h"
#include "look_tls.h"
#include "plain.h"
#include "sbuf.h"

#define HEAD	 20 /* of a RADIUS packet: code, id, length, authenticator */
#define MD5_LEN	 16
#define ATTR_MAX 253
#define CHUNK	 1000 /* bytes of TLS in one packet of ours */

enum {
	ACCESS_REQUEST = 1,
	ACCESS_ACCEPT,
	ACCESS_REJECT,
	ACCESS_CHALLENGE = 11
};
enum {
	USER_NAME = 1,
	SERVICE_TYPE = 6,
	FRAMED_MTU = 12,
	REPLY_MESSAGE = 18,
	STATE = 24,
	NAS_IDENTIFIER = 32,
	NAS_PORT_TYPE = 61,
	EAP_MESSAGE = 79,
	MESSAGE_AUTHENTICATOR = 80
};
enum { EAP_REQUEST = 1, EAP_RESPONSE };
enum {
	TYPE_IDENTITY = 1,
	TYPE_NOTIFICATION,
	TYPE_NAK,
	TYPE_TLS = 13,
	TYPE_TTLS = 21,
	TYPE_PEAP = 25
};
enum { FLAG_LENGTH = 0x80, FLAG_MORE = 0x40, FLAG_START = 0x20 };

struct eap {
	SSL *ssl;
	BIO *in, *out; /* of ssl */
	char identity[EAP_IDENTITY_MAX + 1];
	unsigned char secret[EAP_SECRET_MAX];
	size_t secret_len;
	unsigned char packet[EAP_PACKET_MAX];
	size_t len;
	unsigned char id;	       /* of the last packet */
	unsigned char state[ATTR_MAX]; /* the server's, handed back */
	size_t state_len;
	unsigned char type; /* the method that was agreed on, 0 for none */
	bool nak;
	struct sbuf tls; /* of ours, to be sent */
	size_t sent;	 /* of it */
	size_t received; /* bytes of TLS */
	unsigned int rounds;
};

/* What one answer carries. */
struct answer {
	unsigned char code;
	unsigned char eap[EAP_PACKET_MAX];
	size_t eap_len;
	unsigned char state[ATTR_MAX];
	size_t state_len;
	char message[ATTR_MAX + 1];
	size_t mac; /* where its Message-Authenticator is; 0: nowhere */
};

/* --- sending --- */

static void add_attr(struct eap *e, unsigned char type, const void *p,
		     size_t len)
{
	if (len > ATTR_MAX || e->len + 2 + len > sizeof(e->packet))
		return;
	e->packet[e->len++] = type;
	e->packet[e->len++] = (unsigned char) (len + 2);
	if (len > 0)
		memcpy(e->packet + e->len, p, len);
	e->len += len;
}

static void mac_of(const struct eap *e, const unsigned char *p, size_t len,
		   unsigned char ret[MD5_LEN])
{
	unsigned int n = MD5_LEN;

	if (!HMAC(EVP_md5(), e->secret, (int) e->secret_len, p, len, ret, &n))
		memset(ret, 0, MD5_LEN);
}

/* An Access-Request with this EAP packet. The Message-Authenticator comes
 * first: what an attacker could exchange for it would be behind it. */
static int request(struct eap *e, const unsigned char *eap, size_t eap_len,
		   struct err *err)
{
	static const unsigned char zero[MD5_LEN];
	static const unsigned char mtu[] = { 0, 0, 0x05, 0x40 };
	static const unsigned char framed[] = { 0, 0, 0, 2 };
	static const unsigned char wireless[] = { 0, 0, 0, 19 };

	e->packet[0] = ACCESS_REQUEST;
	e->packet[1] = ++e->id;
	e->len = HEAD;
	if (RAND_bytes(e->packet + 4, MD5_LEN) != 1)
		return err_set(err, ERR_INTERNAL, "OpenSSL: no random bytes");
	add_attr(e, MESSAGE_AUTHENTICATOR, zero, sizeof(zero));
	add_attr(e, USER_NAME, e->identity, strlen(e->identity));
	add_attr(e, NAS_IDENTIFIER, "certrepo", 8);
	add_attr(e, SERVICE_TYPE, framed, sizeof(framed));
	add_attr(e, NAS_PORT_TYPE, wireless, sizeof(wireless));
	add_attr(e, FRAMED_MTU, mtu, sizeof(mtu));
	for (size_t i = 0; i < eap_len; i += ATTR_MAX)
		add_attr(e, EAP_MESSAGE, eap + i,
			 eap_len - i < ATTR_MAX ? eap_len - i : ATTR_MAX);
	if (e->state_len > 0)
		add_attr(e, STATE, e->state, e->state_len);
	e->packet[2] = (unsigned char) (e->len >> 8);
	e->packet[3] = (unsigned char) e->len;
	mac_of(e, e->packet, e->len, e->packet + HEAD + 2);
	return 0;
}

static int respond(struct eap *e, unsigned char id, unsigned char type,
		   const void *data, size_t len, struct err *err)
{
	unsigned char p[CHUNK + 64];
	size_t n = 5 + len;

	if (n > sizeof(p))
		return err_set(err, ERR_INTERNAL, "EAP: too long");
	p[0] = EAP_RESPONSE;
	p[1] = id;
	p[2] = (unsigned char) (n >> 8);
	p[3] = (unsigned char) n;
	p[4] = type;
	if (len > 0)
		memcpy(p + 5, data, len);
	return request(e, p, n, err);
}

/* The next part of what TLS wants to send; nothing left is an
 * acknowledgement. */
static int respond_tls(struct eap *e, unsigned char id, struct err *err)
{
	unsigned char p[CHUNK + 5];
	size_t left = e->tls.len - e->sent, n = left > CHUNK ? CHUNK : left;
	size_t at = 0;

	p[at++] = left > n ? FLAG_MORE : 0;
	if (e->sent == 0 && left > n) {
		p[0] |= FLAG_LENGTH;
		for (int shift = 24; shift >= 0; shift -= 8)
			p[at++] = (unsigned char) (left >> shift);
	}
	if (n > 0)
		memcpy(p + at, e->tls.buf + e->sent, n);
	e->sent += n;
	return respond(e, id, e->type, p, at + n, err);
}

struct eap *eap_new(const void *secret, size_t secret_len, const char *identity,
		    SSL *ssl)
{
	AUTO(eap_free) struct eap *e = mem_alloc(sizeof(*e));
	struct err err = ERR_INIT;

	sbuf_init(&e->tls, 65536);
	if (secret_len > sizeof(e->secret))
		return NULL;
	memcpy(e->secret, secret, secret_len);
	e->secret_len = secret_len;
	snprintf(e->identity, sizeof(e->identity), "%s", identity);
	e->ssl = ssl;
	e->in = BIO_new(BIO_s_mem());
	e->out = BIO_new(BIO_s_mem());
	if (!e->in || !e->out) {
		BIO_free(e->in);
		BIO_free(e->out);
		return NULL;
	}
	SSL_set_bio(ssl, e->in, e->out);
	if (RAND_bytes(&e->id, 1) != 1 ||
	    respond(e, 0, TYPE_IDENTITY, e->identity, strlen(e->identity),
		    &err) == -1)
		return NULL;
	return TAKE(e);
}

void eap_free(struct eap **e)
{
	if (!*e)
		return;
	sbuf_free(&(*e)->tls);
	mem_erase(*e, sizeof(**e));
	free(*e);
	*e = NULL;
}

SSL *eap_tls(const struct eap *e)
{
	return e->ssl;
}

const unsigned char *eap_out(const struct eap *e, size_t *ret_len)
{
	*ret_len = e->len;
	return e->packet;
}

/* --- receiving --- */

static int take_attr(struct answer *a, unsigned char type,
		     const unsigned char *p, size_t len, size_t at,
		     struct err *err)
{
	switch (type) {
	case EAP_MESSAGE:
		if (a->eap_len + len > sizeof(a->eap))
			return err_set(err, ERR_LIMIT, "too much EAP");
		memcpy(a->eap + a->eap_len, p, len);
		a->eap_len += len;
		break;
	case STATE:
		memcpy(a->state, p, len);
		a->state_len = len;
		break;
	case REPLY_MESSAGE:
		snprintf(a->message, sizeof(a->message), "%.*s", (int) len,
			 (const char *) p);
		break;
	case MESSAGE_AUTHENTICATOR:
		if (len != MD5_LEN || a->mac != 0)
			return err_set(err, ERR_INPUT,
				       "a wrong Message-Authenticator");
		a->mac = at;
		break;
	default:
		break;
	}
	return 0;
}

static int parse(const unsigned char *p, size_t len, struct answer *a,
		 struct err *err)
{
	for (size_t at = HEAD; at < len;) {
		size_t n;

		if (len - at < 2 || p[at + 1] < 2 || p[at + 1] > len - at)
			return err_set(err, ERR_INPUT,
				       "attributes that are cut off");
		n = (size_t) p[at + 1] - 2;
		if (take_attr(a, p[at], p + at + 2, n, at + 2, err) == -1)
			return -1;
		at += n + 2;
	}
	a->code = p[0];
	return 0;
}

/* Both of an answer's signatures, made with the authenticator of our
 * request in the place of its own (RFC 2865 section 3, RFC 3579 section
 * 3.2). */
static bool authentic(const struct eap *e, const unsigned char *p, size_t len,
		      const struct answer *a)
{
	unsigned char copy[EAP_PACKET_MAX + EAP_SECRET_MAX],
		md[EVP_MAX_MD_SIZE];

	memcpy(copy, p, len);
	memcpy(copy + 4, e->packet + 4, MD5_LEN);
	memcpy(copy + len, e->secret, e->secret_len);
	if (EVP_Digest(copy, len + e->secret_len, md, NULL, EVP_md5(), NULL) !=
		    1 ||
	    CRYPTO_memcmp(md, p + 4, MD5_LEN) != 0)
		return false;
	if (a->mac == 0)
		return a->eap_len == 0;
	memset(copy + a->mac, 0, MD5_LEN);
	mac_of(e, copy, len, md);
	return CRYPTO_memcmp(md, p + a->mac, MD5_LEN) == 0;
}

static enum eap_result failed(struct err *err, const char *what)
{
	err_set(err, ERR_INPUT, "%s", what);
	return EAP_FAILED;
}

static enum eap_result sent(int status)
{
	return status == -1 ? EAP_FAILED : EAP_SEND;
}

static enum eap_result tls_failed(struct err *err)
{
	char reason[LOOK_TLS_REASON];

	look_tls_reason("no reason given", reason);
	err_set(err, ERR_INPUT, "TLS handshake in EAP failed: %s", reason);
	return EAP_FAILED;
}

/* In TLS 1.2 our answer to the server's whole flight, with its signature
 * checked, waits to be sent; it need not be. Without a signature, it must. */
static bool shown(struct eap *e, int status)
{
	if (!SSL_get_peer_cert_chain(e->ssl))
		return false;
	return status == 1 || (BIO_pending(e->out) > 0 &&
			       SSL_version(e->ssl) < TLS1_3_VERSION &&
			       !look_tls_static_rsa(e->ssl));
}

/* All of the server's flight is in: what does TLS say to it? */
static enum eap_result tls_step(struct eap *e, unsigned char id,
				struct err *err)
{
	int n, code;

	ERR_clear_error();
	n = SSL_do_handshake(e->ssl);
	code = SSL_get_error(e->ssl, n);
	if (n != 1 && code != SSL_ERROR_WANT_READ)
		return tls_failed(err);
	if (shown(e, n))
		return EAP_SHOWN;
	if (BIO_pending(e->out) <= 0)
		return failed(err, "TLS handshake in EAP failed: the server's "
				   "words end too early");
	sbuf_clear(&e->tls);
	e->sent = 0;
	for (;;) {
		char buf[2048];
		int got = BIO_read(e->out, buf, sizeof(buf));

		if (got <= 0)
			break;
		sbuf_add(&e->tls, buf, (size_t) got);
	}
	return sent(respond_tls(e, id, err));
}

/* P: flags and data of an EAP-TLS packet (RFC 5216 section 3.1); PEAP and
 * TTLS have a version in the flags, ours is 0. */
static enum eap_result tls_in(struct eap *e, unsigned char id,
			      const unsigned char *p, size_t len,
			      struct err *err)
{
	unsigned char flags = len > 0 ? p[0] : 0;
	size_t at = len > 0 ? 1 : 0;

	if ((flags & FLAG_START) != 0)
		return tls_step(e, id, err);
	if ((flags & FLAG_LENGTH) != 0)
		at += 4;
	if (at > len)
		return failed(err, "EAP: a fragment that is cut off");
	e->received += len - at;
	if (e->received > EAP_TLS_MAX)
		return failed(err, "EAP: the server says too much");
	if (len > at &&
	    BIO_write(e->in, p + at, (int) (len - at)) != (int) (len - at))
		return failed(err, "EAP: no memory");
	if ((flags & FLAG_MORE) != 0 || e->sent < e->tls.len)
		return sent(respond_tls(e, id, err));
	return tls_step(e, id, err);
}

static enum eap_result eap_request(struct eap *e, const struct answer *a,
				   struct err *err)
{
	static const unsigned char wanted[] = { TYPE_PEAP, TYPE_TTLS,
						TYPE_TLS };
	size_t len = (size_t) a->eap[2] << 8 | a->eap[3];
	unsigned char id = a->eap[1], type = a->eap[4];

	switch (type) {
	case TYPE_IDENTITY:
		return sent(respond(e, id, type, e->identity,
				    strlen(e->identity), err));
	case TYPE_NOTIFICATION:
		return sent(respond(e, id, type, NULL, 0, err));
	case TYPE_TLS:
	case TYPE_TTLS:
	case TYPE_PEAP:
		if (e->type != 0 && e->type != type)
			return failed(err, "EAP: the method changed midway");
		e->type = type;
		return tls_in(e, id, a->eap + 5, len - 5, err);
	default:
		break;
	}
	if (e->nak || e->type != 0) {
		err_set(err, ERR_INPUT,
			"it offers no EAP method with TLS (EAP-TLS, PEAP, "
			"EAP-TTLS), but type %d",
			type);
		return EAP_FAILED;
	}
	e->nak = true;
	return sent(respond(e, id, TYPE_NAK, wanted, sizeof(wanted), err));
}

static enum eap_result act(struct eap *e, const struct answer *a,
			   struct err *err)
{
	char said[PLAIN_QUOTED];

	if (++e->rounds > EAP_ROUNDS_MAX)
		return failed(err, "EAP: no end to it");
	if (a->code == ACCESS_REJECT) {
		err_set(err, ERR_INPUT,
			"it refuses us before it shows a certificate%s%s",
			a->message[0] != '\0' ? ", saying " : "",
			a->message[0] != '\0' ? plain_quoted(a->message, said)
					      : "");
		return EAP_FAILED;
	}
	if (a->code != ACCESS_CHALLENGE)
		return failed(err, "it lets us in without a certificate of "
				   "its own");
	if (a->eap_len < 5 || a->eap[0] != EAP_REQUEST ||
	    ((size_t) a->eap[2] << 8 | a->eap[3]) > a->eap_len ||
	    ((size_t) a->eap[2] << 8 | a->eap[3]) < 5)
		return failed(err, "EAP: not a request");
	memcpy(e->state, a->state, a->state_len);
	e->state_len = a->state_len;
	return eap_request(e, a, err);
}

enum eap_result eap_in(struct eap *e, const void *p, size_t len,
		       struct err *err)
{
	const unsigned char *b = p;
	struct answer *a;
	AUTO(mem_free_any) void *room = NULL;
	size_t n;

	if (len < HEAD || len > EAP_PACKET_MAX)
		return (void) err_set(err, ERR_INPUT, "not RADIUS"),
		       EAP_IGNORED;
	n = (size_t) b[2] << 8 | b[3];
	if (n < HEAD || n > len || b[1] != e->id)
		return (void) err_set(err, ERR_INPUT, "not our answer"),
		       EAP_IGNORED;
	a = room = mem_alloc(sizeof(*a));
	if (parse(b, n, a, err) == -1)
		return EAP_IGNORED;
	if (a->code != ACCESS_ACCEPT && a->code != ACCESS_REJECT &&
	    a->code != ACCESS_CHALLENGE)
		return (void) err_set(err, ERR_INPUT, "not an answer"),
		       EAP_IGNORED;
	if (!authentic(e, b, n, a))
		return (void) err_set(err, ERR_INPUT,
				      "its answer is signed with another "
				      "secret"),
		       EAP_IGNORED;
	return act(e, a, err);
}
