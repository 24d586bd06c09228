/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "x509_impl.h"
#include "x509_make.h"

const char *const x509_key_kinds[] = { "P-256",	  "P-384",   "rsa2048",
				       "rsa3072", "rsa4096", NULL };

/* As x509_key_info has them, in the same order. */
static const struct {
	const char *text;
	unsigned int bits; /* of RSA; 0: EC on CURVE */
	const char *curve;
} kinds[] = {
	{ "EC P-256", 0, "P-256" }, { "EC P-384", 0, "P-384" },
	{ "RSA 2048", 2048, NULL }, { "RSA 3072", 3072, NULL },
	{ "RSA 4096", 4096, NULL },
};

static size_t kind_of(const char *kind)
{
	size_t i = 0;

	while (x509_key_kinds[i] && strcmp(x509_key_kinds[i], kind) != 0)
		i++;
	return i;
}

int x509_key_make(const char *kind, struct x509_key **ret, struct err *err)
{
	size_t i = kind_of(kind);
	EVP_PKEY *key = NULL;

	if (i == ARRAY_LEN(kinds))
		return err_set(err, ERR_INTERNAL, "no keys of kind %s", kind);
	if (kinds[i].bits)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
					(size_t) kinds[i].bits);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[i].curve);
	if (!key)
		return err_set(err, ERR_INTERNAL, "a key cannot be made: %s",
			       x509_reason());
	*ret = x509_key_own(key, true);
	return 0;
}

static int describe(const struct x509_key *key, struct x509_key_info *ret,
		    struct err *err)
{
	EVP_PKEY *pkey = x509_key_pkey(key);
	X509_PUBKEY *spki = NULL;
	int rc = -1;

	if (X509_PUBKEY_set(&spki, pkey) == 1)
		rc = x509_key_describe(spki, pkey, ret, err);
	else
		err_set(err, ERR_INPUT, "the public key cannot be encoded: %s",
			x509_reason());
	X509_PUBKEY_free(spki);
	return rc;
}

const char *x509_key_kind(const struct x509_key *key)
{
	struct x509_key_info info;

	if (describe(key, &info, NULL) == -1)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(info.text, kinds[i].text) == 0)
			return x509_key_kinds[i];
	return NULL;
}

int x509_key_id(const struct x509_key *key, char ret[ENC_SHA256_HEX],
		struct err *err)
{
	struct x509_key_info info;

	if (describe(key, &info, err) == -1)
		return -1;
	memcpy(ret, info.sha256, ENC_SHA256_HEX);
	return 0;
}

int x509_key_same(const struct x509_key *a, const struct x509_key *b,
		  struct err *err)
{
	char ida[ENC_SHA256_HEX], idb[ENC_SHA256_HEX];

	if (x509_key_id(a, ida, err) == -1 || x509_key_id(b, idb, err) == -1)
		return -1;
	return strcmp(ida, idb) == 0;
}

/* --- what a certificate and a request have in common --- */

static bool add_name(GENERAL_NAMES *all, const char *name)
{
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	if (!one || !value || ASN1_STRING_set(value, name, -1) != 1) {
		ASN1_IA5STRING_free(value);
		GENERAL_NAME_free(one);
		return false;
	}
	GENERAL_NAME_set0_value(one, GEN_DNS, value);
	if (sk_GENERAL_NAME_push(all, one) > 0)
		return true;
	GENERAL_NAME_free(one);
	return false;
}

GENERAL_NAMES *x509_san_make(const char *const *names, size_t n)
{
	AUTO(x509_names_auto) GENERAL_NAMES *all = GENERAL_NAMES_new();

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < i && strcmp(names[k], names[i]) != 0)
			k++;
		if (k == i && (!all || !add_name(all, names[i])))
			return NULL;
	}
	return TAKE(all);
}

const EVP_MD *x509_key_digest(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")
		       ? NULL
		       : EVP_sha256();
}

/* --- the request --- */

static void req_auto(X509_REQ **p)
{
	X509_REQ_free(*p);
	*p = NULL;
}

static void exts_auto(X509_EXTENSIONS **p)
{
	sk_X509_EXTENSION_pop_free(*p, X509_EXTENSION_free);
	*p = NULL;
}

static bool add_san(X509_REQ *req, const char *const *names, size_t n)
{
	AUTO(x509_names_auto) GENERAL_NAMES *san = x509_san_make(names, n);
	AUTO(exts_auto) X509_EXTENSIONS *exts = NULL;

	return san &&
	       X509V3_add1_i2d(&exts, NID_subject_alt_name, san, 0, 0) == 1 &&
	       X509_REQ_add_extensions(req, exts) == 1;
}

int x509_csr_make(const struct x509_key *key, const char *const *names,
		  size_t n, struct sbuf *ret, struct err *err)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	AUTO(req_auto) X509_REQ *req = X509_REQ_new();
	EVP_PKEY *pkey = x509_key_pkey(key);
	long len;
	char *p;

	if (!bio || !req || X509_REQ_set_version(req, 0) != 1 ||
	    X509_REQ_set_pubkey(req, pkey) != 1 || !add_san(req, names, n))
		return err_set(err, ERR_INTERNAL,
			       "a request cannot be made: %s", x509_reason());
	if (X509_REQ_sign(req, pkey, x509_key_digest(pkey)) <= 0 ||
	    PEM_write_bio_X509_REQ(bio, req) != 1)
		return err_set(err, ERR_INPUT,
			       "the key cannot sign a request: %s",
			       x509_reason());
	len = BIO_get_mem_data(bio, &p);
	sbuf_add(ret, p, (size_t) len);
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT, "a request of %ld bytes", len);
	return 0;
}
