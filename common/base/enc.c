/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include <openssl/evp.h>
#include "enc.h"

static const char b64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789-_";

char *enc_b64url(const void *data, size_t len)
{
	const unsigned char *p = data;
	char *out = mem_array(len / 3 + 2, 4), *end = out;
	size_t i, left;
	uint32_t v;

	for (i = 0; i < len; i += 3) {
		left = len - i;
		v = (uint32_t) p[i] << 16;
		if (left > 1)
			v |= (uint32_t) p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		*end++ = url_alphabet[v >> 18];
		*end++ = url_alphabet[v >> 12 & 63];
		if (left > 1)
			*end++ = url_alphabet[v >> 6 & 63];
		if (left > 2)
			*end++ = url_alphabet[v & 63];
	}
	return out;
}

/* Six bits at a time. `bits` is always below 8 between two calls. */
struct decoder {
	uint32_t value;
	unsigned int bits;
	size_t count; /* characters so far */
};

static void decode_char(struct decoder *d, unsigned int six, struct sbuf *ret)
{
	d->value = (d->value << 6 | six) & 0xffff;
	d->bits += 6;
	d->count++;
	if (d->bits >= 8) {
		d->bits -= 8;
		sbuf_addc(ret, (char) (d->value >> d->bits & 0xff));
	}
}

/* RFC 4648 section 3.5: the bits left over must be zero. */
static bool decode_ends_well(const struct decoder *d)
{
	return d->count % 4 != 1 && (d->value & ((1u << d->bits) - 1)) == 0;
}

/* On failure what was added is taken back. */
static int decode_result(struct sbuf *ret, size_t start, const char *wrong,
			 struct err *err)
{
	if (!wrong && !sbuf_over(ret))
		return 0;
	if (ret->buf) {
		mem_erase(ret->buf + start, ret->len - start);
		ret->len = start;
	}
	if (!wrong)
		return err_set(err, ERR_LIMIT,
			       "encoded data is longer than %zu bytes",
			       ret->max);
	return err_set(err, ERR_INPUT, "%s", wrong);
}

int enc_b64_decode(const char *s, struct sbuf *ret, struct err *err)
{
	struct decoder d = { 0 };
	size_t start = ret->len, pads = 0;
	const char *at;

	for (; *s; s++) {
		if (strchr(" \t\r\n", *s))
			continue;
		if (*s == '=') {
			pads++;
			continue;
		}
		at = strchr(b64_alphabet, *s);
		if (!at || pads)
			return decode_result(
				ret, start, "not base64: wrong character", err);
		decode_char(&d, (unsigned int) (at - b64_alphabet), ret);
	}
	if (!decode_ends_well(&d) || (d.count + pads) % 4 != 0 || pads > 2)
		return decode_result(ret, start, "not base64: its end is wrong",
				     err);
	return decode_result(ret, start, NULL, err);
}

/* The six bits of a character of either alphabet; -1: it is of none. */
static int six_bits(char c)
{
	const char *at;

	if (!c)
		return -1;
	at = strchr(b64_alphabet, c);
	if (at)
		return (int) (at - b64_alphabet);
	at = strchr(url_alphabet, c);
	return at ? (int) (at - url_alphabet) : -1;
}

int enc_b64_any_decode(const char *s, size_t len, struct sbuf *ret,
		       struct err *err)
{
	struct decoder d = { 0 };
	size_t start = ret->len, n = len;

	while (n && len - n < 2 && s[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int six = six_bits(s[i]);

		if (six == -1)
			return decode_result(
				ret, start,
				strchr(" \t\r\n", s[i]) && s[i]
					? "holds more than one word"
					: "holds characters that are no base64",
				err);
		decode_char(&d, (unsigned int) six, ret);
	}
	if (n % 4 == 1 || (len > n && len % 4))
		return decode_result(ret, start,
				     "has a length that no base64 has", err);
	return decode_result(ret, start, NULL, err);
}

char *enc_hex(const void *p, size_t len, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *bytes = p;
	size_t i;

	for (i = 0; i < len; i++) {
		buf[2 * i] = hex[bytes[i] >> 4];
		buf[2 * i + 1] = hex[bytes[i] & 15];
	}
	buf[2 * len] = '\0';
	return buf;
}

static void digest(const EVP_MD *md, const void *p, size_t len,
		   unsigned char *out)
{
	/* Fails only when OpenSSL was built or set up without the digest;
	 * nothing of ours can work then. */
	if (EVP_Digest(p ? p : "", len, out, NULL, md, NULL) == 1)
		return;
	fprintf(stderr,
		"certrepo: OpenSSL refuses the digest %s, see "
		"openssl.cnf\n",
		EVP_MD_get0_name(md));
	exit(1);
}

void enc_sha256(const void *p, size_t len, unsigned char out[ENC_SHA256_LEN])
{
	digest(EVP_sha256(), p, len, out);
}

char *enc_sha256_hex(const void *p, size_t len, char buf[ENC_SHA256_HEX])
{
	unsigned char out[ENC_SHA256_LEN];

	enc_sha256(p, len, out);
	return enc_hex(out, sizeof(out), buf);
}

char *enc_md5_hex(const void *p, size_t len, char buf[ENC_MD5_HEX])
{
	unsigned char out[16];

	digest(EVP_md5(), p, len, out);
	return enc_hex(out, sizeof(out), buf);
}
