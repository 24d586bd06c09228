/* SPDX-License-Identifier: MIT */
#ifndef ENC_H
#define ENC_H

/* Encodings: base64url without padding (RFC 4648 section 5, RFC 7515
 * section 2), base64, hexadecimal; and the digests we name things by. */

#include <stddef.h>
#include "err.h"
#include "sbuf.h"

char *enc_b64url(const void *p, size_t len); /* the caller's */
/* Standard base64 with padding; white space is skipped. */
int enc_b64_decode(const char *s, struct sbuf *ret, struct err *err) MUST_CHECK;
/* Either alphabet, padded or not, and the bits left over may be any: what other
 * programs write and people copy. No white space. ERR_INPUT: what is wrong, as
 * "holds ...", nothing of the text itself. */
int enc_b64_any_decode(const char *s, size_t len, struct sbuf *ret,
		       struct err *err) MUST_CHECK;

/* Lower-case hexadecimal into buf, which holds 2*len+1; returns buf. */
char *enc_hex(const void *p, size_t len, char *buf);

#define ENC_SHA256_HEX 65
#define ENC_MD5_HEX    33
#define ENC_SHA256_LEN 32
void enc_sha256(const void *p, size_t len, unsigned char out[ENC_SHA256_LEN]);
/* Both return buf, lower-case hexadecimal. */
char *enc_sha256_hex(const void *p, size_t len, char buf[ENC_SHA256_HEX]);
char *enc_md5_hex(const void *p, size_t len, char buf[ENC_MD5_HEX]);

#endif
