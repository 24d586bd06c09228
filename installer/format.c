/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "format.h"

const char *const format_names[] = {
	[FORMAT_CERTIFICATE] = "certificate",
	[FORMAT_CHAIN] = "chain",
	[FORMAT_CHAIN_WITHOUT_ROOT] = "chain-without-root",
	[FORMAT_FULLCHAIN] = "fullchain",
	[FORMAT_KEY_FULLCHAIN] = "key-fullchain",
	[FORMAT_FULLCHAIN_KEY] = "fullchain-key",
	NULL,
};

enum format format_of(const char *name)
{
	for (size_t i = 0; format_names[i] != NULL; i++)
		if (strcmp(format_names[i], name) == 0)
			return (enum format) i;
	return FORMAT_FULLCHAIN;
}

bool format_has_leaf(enum format f)
{
	return f != FORMAT_CHAIN && f != FORMAT_CHAIN_WITHOUT_ROOT;
}

bool format_has_chain(enum format f)
{
	return f != FORMAT_CERTIFICATE;
}

bool format_has_key(enum format f)
{
	return f == FORMAT_KEY_FULLCHAIN || f == FORMAT_FULLCHAIN_KEY;
}

static int add_key(const struct x509_key *key, struct sbuf *ret,
		   struct err *err)
{
	if (key == NULL)
		return err_set(err, ERR_CONFIG,
			       "a file with a private key needs the setting "
			       "key, public_key is not enough");
	return x509_key_pem(key, ret, err);
}

int format_build(enum format f, const struct x509_chain *chain,
		 const struct x509_key *key, struct sbuf *ret, struct err *err)
{
	AUTO(mem_free_str) char *certs = NULL;

	switch (f) {
	case FORMAT_CERTIFICATE:
		sbuf_adds(ret, x509_chain_pem(chain, 0));
		break;
	case FORMAT_CHAIN:
		certs = x509_chain_pem_from(chain, 1, true);
		break;
	case FORMAT_CHAIN_WITHOUT_ROOT:
		certs = x509_chain_pem_from(chain, 1, false);
		break;
	case FORMAT_FULLCHAIN:
	case FORMAT_KEY_FULLCHAIN:
	case FORMAT_FULLCHAIN_KEY:
		/* Not pem_from(0): a self-signed leaf is no root to drop. */
		certs = x509_chain_pem_from(chain, 1, false);
		if (f == FORMAT_KEY_FULLCHAIN && add_key(key, ret, err) == -1)
			return -1;
		sbuf_adds(ret, x509_chain_pem(chain, 0));
		break;
	}
	if (certs != NULL)
		sbuf_adds(ret, certs);
	if (f == FORMAT_FULLCHAIN_KEY && add_key(key, ret, err) == -1)
		return -1;
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT,
			       "the file would be larger than %zu bytes",
			       ret->max);
	return 0;
}

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----"
#define CERT_END   "-----END CERTIFICATE-----"

int format_parse(enum format f, const char *text, size_t len,
		 struct x509_chain **ret)
{
	AUTO(sbuf_free) struct sbuf certs = SBUF_INIT(FORMAT_MAX);
	AUTO(mem_free_str) char *copy = NULL;
	const char *p;

	if (!format_has_leaf(f))
		return 0;
	copy = mem_strndup(text, len);
	p = copy;
	while ((p = strstr(p, CERT_BEGIN)) != NULL) {
		const char *end = strstr(p, CERT_END);

		if (end == NULL)
			break;
		end += strlen(CERT_END);
		sbuf_add(&certs, p, (size_t) (end - p));
		sbuf_addc(&certs, '\n');
		p = end;
	}
	if (copy != NULL)
		mem_erase(copy, strlen(copy));
	if (certs.len == 0 || sbuf_over(&certs) ||
	    x509_chain_parse(certs.buf, certs.len, ret, NULL) == -1)
		return 0;
	return 1;
}
