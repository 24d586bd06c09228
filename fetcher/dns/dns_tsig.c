/* SPDX-License-Identifier: MIT */
#include "dns_tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define TYPE_TSIG 250
#define CLASS_ANY 255

/* The TSIG record of an answer, pointing into the wire. */
struct tsig {
	size_t start; /* of the record: the signed message ends here */
	size_t name_end;
	size_t algorithm;	    /* position of its name */
	const unsigned char *times; /* time signed (6), fudge (2) */
	const unsigned char *mac;
	size_t mac_len;
	const unsigned char *tail; /* original ID (2), error (2) */
	const unsigned char *other;
	size_t other_len;
};

static void free_mac(EVP_MAC **mac)
{
	EVP_MAC_free(*mac);
}

static void free_ctx(EVP_MAC_CTX **ctx)
{
	EVP_MAC_CTX_free(*ctx);
}

static int hmac(const struct dns_key *key, const struct sbuf *data,
		struct dns_tsig_mac *ret, struct err *err)
{
	AUTO(free_mac) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	AUTO(free_ctx) EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	char digest[16];
	OSSL_PARAM params[2];

	snprintf(digest, sizeof(digest), "%s", key->digest);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						     digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (sbuf_over(data) || !ctx ||
	    !EVP_MAC_init(ctx, key->secret, key->secret_len, params) ||
	    !EVP_MAC_update(ctx, (const unsigned char *) sbuf_str(data),
			    data->len) ||
	    !EVP_MAC_final(ctx, ret->v, &ret->len, sizeof(ret->v)))
		return err_set(err, ERR_INTERNAL, "HMAC of a DNS message");
	return 0;
}

static void add16(struct sbuf *s, unsigned v)
{
	unsigned char b[2];

	dns_put16(b, v);
	sbuf_add(s, b, 2);
}

static void add48(struct sbuf *s, int64_t v)
{
	add16(s, (unsigned) (v >> 32) & 0xffff);
	add16(s, (unsigned) (v >> 16) & 0xffff);
	add16(s, (unsigned) v & 0xffff);
}

static int64_t get48(const unsigned char *p)
{
	return (int64_t) dns_get16(p) << 32 | (int64_t) dns_get16(p + 2) << 16 |
	       dns_get16(p + 4);
}

static int add_name(struct sbuf *s, const char *name, struct err *err)
{
	unsigned char wire[DNS_NAME_WIRE];
	size_t len;

	if (dns_name_wire(name, wire, &len, err) == -1)
		return -1;
	sbuf_add(s, wire, len);
	return 0;
}

int dns_tsig_sign(const struct dns_key *key, int64_t now, struct sbuf *msg,
		  struct dns_tsig_mac *ret_mac, struct err *err)
{
	AUTO(sbuf_free) struct sbuf data = SBUF_INIT(2 * DNS_MESSAGE_MAX);
	AUTO(sbuf_free) struct sbuf alg = SBUF_INIT(DNS_NAME_WIRE);
	struct dns_tsig_mac mac;

	if (msg->len < DNS_HEADER)
		return err_set(err, ERR_INTERNAL, "nothing to sign");
	/* RFC 8945 section 4.3.3: the message, then the TSIG variables. */
	sbuf_add(&data, msg->buf, msg->len);
	if (add_name(&data, key->name, err) == -1 ||
	    add_name(&alg, key->algorithm, err) == -1)
		return -1;
	add16(&data, CLASS_ANY);
	add16(&data, 0); /* TTL */
	add16(&data, 0);
	sbuf_add(&data, alg.buf, alg.len);
	add48(&data, now);
	add16(&data, DNS_TSIG_FUDGE);
	add16(&data, 0); /* error */
	add16(&data, 0); /* no other data */
	if (hmac(key, &data, &mac, err) == -1)
		return -1;
	if (add_name(msg, key->name, err) == -1)
		return -1;
	add16(msg, TYPE_TSIG);
	add16(msg, CLASS_ANY);
	add16(msg, 0);
	add16(msg, 0);
	add16(msg, (unsigned) (alg.len + 6 + 2 + 2 + mac.len + 2 + 2 + 2));
	sbuf_add(msg, alg.buf, alg.len);
	add48(msg, now);
	add16(msg, DNS_TSIG_FUDGE);
	add16(msg, (unsigned) mac.len);
	sbuf_add(msg, mac.v, mac.len);
	/* Original ID: by value, as msg moves when it grows. */
	add16(msg, dns_get16((unsigned char *) msg->buf));
	add16(msg, 0);
	add16(msg, 0);
	if (sbuf_over(msg))
		return err_set(err, ERR_LIMIT,
			       "DNS message is too big to sign");
	dns_put16((unsigned char *) msg->buf + 10,
		  dns_get16((unsigned char *) msg->buf + 10) + 1);
	*ret_mac = mac;
	return 0;
}

/* Past the record at POS; 0 when malformed. */
static size_t skip_record(const unsigned char *wire, size_t len, size_t pos)
{
	size_t end = dns_msg_skip_name(wire, len, pos);

	if (end == 0 || end + 10 > len)
		return 0;
	end += 10 + dns_get16(wire + end + 8);
	return end <= len ? end : 0;
}

/* The start of the last record, 0 when there is none; -1 when malformed. */
static int last_record(const unsigned char *wire, size_t len, size_t *ret)
{
	size_t pos = DNS_HEADER, last = 0;
	size_t records;

	if (len < DNS_HEADER)
		return -1;
	for (size_t i = dns_get16(wire + 4); i > 0; i--) {
		pos = dns_msg_skip_name(wire, len, pos);
		if (pos == 0 || pos + 4 > len)
			return -1;
		pos += 4;
	}
	records = (size_t) dns_get16(wire + 6) + dns_get16(wire + 8) +
		  dns_get16(wire + 10);
	for (; records > 0; records--) {
		last = pos;
		pos = skip_record(wire, len, pos);
		if (pos == 0)
			return -1;
	}
	*ret = dns_get16(wire + 10) > 0 ? last : 0;
	return pos == len ? 0 : -1;
}

/* 1, 0 when the last record is no TSIG, -1 when malformed */
static int find(const unsigned char *wire, size_t len, struct tsig *t)
{
	size_t pos, end;

	if (last_record(wire, len, &t->start) == -1)
		return -1;
	if (t->start == 0)
		return 0;
	t->name_end = dns_msg_skip_name(wire, len, t->start);
	if (dns_get16(wire + t->name_end) != TYPE_TSIG)
		return 0;
	pos = t->name_end + 10;
	end = dns_msg_skip_name(wire, len, pos);
	t->algorithm = pos;
	if (end == 0 || end + 10 > len)
		return -1;
	t->times = wire + end;
	t->mac_len = dns_get16(wire + end + 8);
	t->mac = wire + end + 10;
	pos = end + 10 + t->mac_len;
	if (pos + 6 > len)
		return -1;
	t->tail = wire + pos;
	t->other_len = dns_get16(wire + pos + 4);
	t->other = wire + pos + 6;
	return pos + 6 + t->other_len == len ? 1 : -1;
}

static bool same_name(const char *name, const unsigned char *wire, size_t len,
		      size_t pos)
{
	unsigned char want[DNS_NAME_WIRE], got[DNS_NAME_WIRE];
	size_t n;

	return dns_name_wire(name, want, &n, NULL) == 0 &&
	       dns_msg_read_name(wire, len, pos, got) == n &&
	       memcmp(want, got, n) == 0;
}

static int expected(const struct dns_key *key,
		    const struct dns_tsig_mac *request,
		    const unsigned char *wire, const struct tsig *t,
		    struct dns_tsig_mac *ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf data = SBUF_INIT(2 * DNS_MESSAGE_MAX);
	unsigned char header[DNS_HEADER];

	memcpy(header, wire, sizeof(header));
	memcpy(header, t->tail, 2);
	dns_put16(header + 10, dns_get16(header + 10) - 1);
	add16(&data, (unsigned) request->len);
	sbuf_add(&data, request->v, request->len);
	sbuf_add(&data, header, sizeof(header));
	sbuf_add(&data, wire + DNS_HEADER, t->start - DNS_HEADER);
	if (add_name(&data, key->name, err) == -1)
		return -1;
	add16(&data, CLASS_ANY);
	add16(&data, 0);
	add16(&data, 0);
	if (add_name(&data, key->algorithm, err) == -1)
		return -1;
	sbuf_add(&data, t->times, 8);
	sbuf_add(&data, t->tail + 2, 4); /* error, length of other data */
	sbuf_add(&data, t->other, t->other_len);
	return hmac(key, &data, ret, err);
}

static bool in_time(const struct tsig *t, int64_t now)
{
	int64_t signed_at = get48(t->times);
	int64_t fudge = dns_get16(t->times + 6);
	int64_t off = signed_at > now ? signed_at - now : now - signed_at;

	return off <= fudge;
}

int dns_tsig_verify(const struct dns_key *key,
		    const struct dns_tsig_mac *request_mac, int64_t now,
		    const unsigned char *wire, size_t len,
		    struct dns_tsig_answer *ret, struct err *err)
{
	struct dns_tsig_answer a = { .present = false };
	struct dns_tsig_mac want;
	struct tsig t;
	int found = find(wire, len, &t);

	if (found == -1)
		return err_set(err, ERR_INPUT, "malformed TSIG in the answer");
	if (found == 0) {
		*ret = a;
		return 0;
	}
	a.present = true;
	a.error = dns_get16(t.tail + 2);
	a.time_signed = get48(t.times);
	if (a.error == DNS_TSIG_BADTIME && t.other_len == 6)
		a.server_time = get48(t.other);
	if (expected(key, request_mac, wire, &t, &want, err) == -1)
		return -1;
	/* A truncated MAC is not accepted: nobody asked for one. */
	a.valid = same_name(key->name, wire, len, t.start) &&
		  same_name(key->algorithm, wire, len, t.algorithm) &&
		  t.mac_len == want.len &&
		  CRYPTO_memcmp(t.mac, want.v, want.len) == 0 &&
		  in_time(&t, now);
	*ret = a;
	return 0;
}
