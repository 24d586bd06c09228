/* SPDX-License-Identifier: MIT */
#include "dns_addr.h"
#include "dns_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text: an error with a sentence, or a key with a secret. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mem_free_str) char *text = mem_strndup((const char *) data, size);
	AUTO(dns_key_free) struct dns_key *key = NULL;
	struct err err = ERR_INIT;
	struct dns_addr addr, again;
	char back[DNS_ADDR_TEXT];

	if (dns_key_parse(text, "fuzz", &key, &err) == -1
		    ? err.kind != ERR_CONFIG
		    : key->secret_len == 0 || !key->algorithm)
		__builtin_trap();
	if (dns_addr_parse(text, &addr, &err) == 0 &&
	    (dns_addr_parse(dns_addr_text(&addr, back), &again, &err) == -1 ||
	     !dns_addr_equal(&addr, &again)))
		__builtin_trap();
	return 0;
}
