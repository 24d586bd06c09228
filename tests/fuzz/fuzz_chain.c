/* SPDX-License-Identifier: MIT */
/* A certificate chain from a CA, a database row or a handshake. */
#include <stdlib.h>
#include <string.h>
#include "x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct x509_chain *chain)
{
	struct err err = ERR_INIT;
	size_t n = x509_chain_len(chain);
	char *pem;

	if (n == 0 || n > X509_CHAIN_MAX)
		abort();
	(void) !x509_chain_check_links(chain, &err);
	pem = x509_chain_pem_from(chain, 0, true);
	if (!strstr(pem, x509_chain_pem(chain, n - 1)))
		abort();
	free(pem);
	for (const char *p = x509_chain_issuer(chain); *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			abort();
	if (strlen(x509_chain_serial(chain)) > 140)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = NULL;
	const unsigned char *der = data;

	if (x509_chain_parse(data, size, &chain, &err) == 0)
		use(chain);
	else if (chain || err.kind == ERR_NONE)
		abort();
	x509_chain_free(&chain);
	if (x509_chain_from_der(&der, &size, 1, &chain, &err) == 0)
		use(chain);
	x509_chain_free(&chain);
	return 0;
}
