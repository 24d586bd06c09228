/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "eap.h"
#include "look_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each answer is a length, its code and its attributes; signed as the server
 * would, so that what is behind the signature is reached. */
static size_t sign(unsigned char *b, size_t len, const struct eap *e)
{
	unsigned char all[5000], md[64];
	unsigned int n = 16;
	size_t sent;
	const unsigned char *request = eap_out(e, &sent);

	b[1] = request[1];
	memcpy(b + 4, request + 4, 16);
	b[len] = 80;
	b[len + 1] = 18;
	memset(b + len + 2, 0, 16);
	len += 18;
	b[2] = (unsigned char) (len >> 8);
	b[3] = (unsigned char) len;
	HMAC(EVP_md5(), "x", 1, b, len, md, &n);
	memcpy(b + len - 16, md, 16);
	memcpy(all, b, len);
	all[len] = 'x';
	EVP_Digest(all, len + 1, md, NULL, EVP_md5(), NULL);
	memcpy(b + 4, md, 16);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SSL *ssl = look_tls_new(NULL, NULL);
	struct eap *e = eap_new("x", 1, "anonymous", ssl);
	enum eap_result r = EAP_SEND;

	while (size >= 3 && r != EAP_FAILED && r != EAP_SHOWN) {
		size_t len = (size_t) (data[0] << 8 | data[1]) % 4000;
		unsigned char b[4096] = { data[2] };
		struct err err = ERR_INIT;

		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		memcpy(b + 20, data, len);
		r = eap_in(e, b, sign(b, 20 + len, e), &err);
		if (r <= EAP_IGNORED && err.msg[0] == '\0')
			__builtin_trap();
		data += len;
		size -= len;
	}
	eap_free(&e);
	look_tls_free(&ssl);
	return 0;
}
