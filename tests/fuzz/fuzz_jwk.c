/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include "acme_eab.h"
#include "jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Keys of others, whatever is in their files: an error with a sentence, or a
 * key that we can write and read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mem_free_str) char *text = mem_strndup((const char *) data, size);
	AUTO(jws_key_free) struct jws_key *key = NULL;
	AUTO(jws_key_free) struct jws_key *again = NULL;
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(JWS_KEY_FILE_MAX);
	AUTO(sbuf_erase) struct sbuf mac = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct err err = ERR_INIT;

	if (jws_key_import(text, strlen(text), "fuzz", &key, &err) == -1) {
		if (err.kind != ERR_CONFIG && err.kind != ERR_LIMIT)
			__builtin_trap();
	} else if (jws_key_pem(key, &pem, &err) == -1 ||
		   jws_key_import(sbuf_str(&pem), pem.len, "fuzz", &again,
				  &err) == -1 ||
		   strcmp(jws_key_thumbprint(key), jws_key_thumbprint(again)) !=
			   0) {
		__builtin_trap();
	}
	if (acme_eab_key_decode((const char *) data, size, "fuzz", &mac,
				&err) == -1
		    ? err.kind != ERR_CONFIG
		    : mac.len < ACME_EAB_KEY_MIN)
		__builtin_trap();
	return 0;
}
