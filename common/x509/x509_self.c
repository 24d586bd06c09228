/* SPDX-License-Identifier: MIT */
#include "x509_self.h"
#include <openssl/rand.h>
#include <string.h>
#include "x509_impl.h"

#define CN_MAX	     64 /* RFC 5280 appendix A.1, ub-common-name */
#define SERIAL_BYTES 16

static int fail(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "a placeholder: %s: %s", what,
		       x509_reason());
}

/* Of 127 bits, the highest 1: positive, and never short. */
static bool set_serial(X509 *crt)
{
	unsigned char raw[SERIAL_BYTES];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return false;
	raw[0] = (raw[0] & 0x7f) | 0x40;
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(crt));
	BN_free(n);
	return ok;
}

static bool add_entry(X509_NAME *name, int nid, const char *value)
{
	return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
					  (const unsigned char *) value, -1, -1,
					  0) == 1;
}

static bool set_names(X509 *crt, const char *cn)
{
	X509_NAME *name = X509_get_subject_name(crt);

	return add_entry(name, NID_organizationName, X509_SELF_MARK) &&
	       (strlen(cn) > CN_MAX || add_entry(name, NID_commonName, cn)) &&
	       X509_set_issuer_name(crt, name) == 1;
}

static bool set_times(X509 *crt, const struct x509_self *s)
{
	return ASN1_TIME_set(X509_getm_notBefore(crt), (time_t) s->from) &&
	       ASN1_TIME_set(X509_getm_notAfter(crt), (time_t) s->until);
}

static bool set_san(X509 *crt, const struct x509_self *s)
{
	AUTO(x509_names_auto)
	GENERAL_NAMES *all = x509_san_make(s->names, s->n);

	return all &&
	       X509_add1_ext_i2d(crt, NID_subject_alt_name, all, 0, 0) == 1;
}

static bool add_ext(X509 *crt, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, crt, crt, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(crt, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* An RSA key may be one that a client encrypts for (TLS 1.2, RFC 5246 section
 * 7.4.2). */
static bool set_extensions(X509 *crt, EVP_PKEY *key)
{
	return add_ext(crt, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_ext(crt, NID_key_usage,
		       EVP_PKEY_is_a(key, "RSA")
			       ? "critical,digitalSignature,keyEncipherment"
			       : "critical,digitalSignature") &&
	       add_ext(crt, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       add_ext(crt, NID_subject_key_identifier, "hash");
}

int x509_self_make(const struct x509_self *s, struct x509_chain **ret,
		   struct err *err)
{
	AUTO(x509_crt_auto) X509 *crt = X509_new();
	EVP_PKEY *key = x509_key_pkey(s->key);
	unsigned char *der = NULL;
	size_t len;
	int n, rc;

	if (!crt || X509_set_version(crt, X509_VERSION_3) != 1 ||
	    !set_serial(crt) || !set_names(crt, s->names[0]) ||
	    !set_times(crt, s) || X509_set_pubkey(crt, key) != 1 ||
	    !set_san(crt, s) || !set_extensions(crt, key))
		return fail(err, "it cannot be made");
	if (X509_sign(crt, key, x509_key_digest(key)) <= 0)
		return err_set(err, ERR_INPUT,
			       "the key cannot sign a certificate: %s",
			       x509_reason());
	n = i2d_X509(crt, &der);
	if (n <= 0)
		return fail(err, "it cannot be encoded");
	len = (size_t) n;
	rc = x509_chain_from_der((const unsigned char *const *) &der, &len, 1,
				 ret, err);
	OPENSSL_free(der);
	return rc;
}

bool x509_self_is(const struct x509_chain *chain)
{
	static const char mark[] = X509_SELF_MARK;
	X509 *crt = x509_chain_cert(chain, 0);
	const X509_NAME *name = X509_get_subject_name(crt);
	int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	const ASN1_STRING *o = at < 0 ? NULL
				      : X509_NAME_ENTRY_get_data(
						X509_NAME_get_entry(name, at));
	bool yes =
		o && ASN1_STRING_length(o) == sizeof(mark) - 1 &&
		memcmp(ASN1_STRING_get0_data(o), mark, sizeof(mark) - 1) == 0 &&
		X509_self_signed(crt, 1) == 1;

	ERR_clear_error();
	return yes;
}
