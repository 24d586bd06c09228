/* SPDX-License-Identifier: MIT */
#include "x509_ari.h"
#include <string.h>
#include "x509_impl.h"

/* The value of the DER of NUMBER; the caller's. NULL: none that we take. */
static char *value_text(const ASN1_INTEGER *number)
{
	unsigned char der[X509_SERIAL_MAX + 8], *to = der;
	const unsigned char *value = der;
	int len = i2d_ASN1_INTEGER(number, NULL), tag, class;
	long n;

	if (len <= 0 || (size_t) len > sizeof(der) ||
	    i2d_ASN1_INTEGER(number, &to) != len ||
	    (ASN1_get_object(&value, &n, &tag, &class, len) & 0x80) || n <= 0)
		return NULL;
	return enc_b64url(value, (size_t) n);
}

bool x509_ari_id(const struct x509_chain *chain, char *ret)
{
	X509 *crt = x509_chain_cert(chain, 0);
	const ASN1_OCTET_STRING *aki = X509_get0_authority_key_id(crt);
	AUTO(mem_free_str) char *key = NULL;
	AUTO(mem_free_str) char *serial = NULL;
	AUTO(mem_free_str) char *id = NULL;

	if (!aki || ASN1_STRING_length(aki) <= 0 ||
	    ASN1_STRING_length(aki) > X509_ARI_MAX)
		return false;
	serial = value_text(X509_get0_serialNumber(crt));
	if (!serial)
		return false;
	key = enc_b64url(ASN1_STRING_get0_data(aki),
			 (size_t) ASN1_STRING_length(aki));
	id = mem_printf("%s.%s", key, serial);
	if (strlen(id) > X509_ARI_MAX)
		return false;
	memcpy(ret, id, strlen(id) + 1);
	return true;
}
