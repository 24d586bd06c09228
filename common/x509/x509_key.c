/* SPDX-License-Identifier: MIT */
#include <openssl/core_names.h>
#include "x509_impl.h"

#define SECURITY_BITS_MIN 112
#define KEY_BITS_MAX	  8192 /* checking larger ones takes seconds */
#define OWN_CA		  " (one of your own may take more: any_key)"
#define KEYS_MAX	  10 /* private ones in a file, all the same */

struct x509_key {
	EVP_PKEY *pkey;
	bool private;
};

const char *x509_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	size_t len = text ? strlen(text) : 0;

	/* "EVP lib" says no more than whom it passed through. */
	if (len > 4 && strcmp(text + len - 4, " lib") == 0)
		text = ERR_reason_error_string(ERR_peek_error());
	len = text ? strlen(text) : 0;
	if (len > 4 && strcmp(text + len - 4, " lib") == 0)
		text = NULL;
	ERR_clear_error();
	return text ? text : "unknown reason";
}

static void bignum_auto(BIGNUM **p)
{
	BN_free(*p);
	*p = NULL;
}

/* Exactly the line that `openssl req -modulus` prints. */
static int md5_of_modulus(EVP_PKEY *key, char out[ENC_MD5_HEX])
{
	AUTO(bignum_auto) BIGNUM *n = NULL;
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long len;

	if (!bio || !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n))
		return -1;
	if (BIO_puts(bio, "Modulus=") <= 0 || !BN_print(bio, n) ||
	    BIO_puts(bio, "\n") <= 0)
		return -1;
	len = BIO_get_mem_data(bio, &p);
	enc_md5_hex(p, (size_t) len, out);
	return 0;
}

static void describe_ec(EVP_PKEY *key, struct x509_key_info *info)
{
	static const struct {
		const char *group, *text;
	} known[] = {
		{ "prime256v1", "EC P-256" },
		{ "secp384r1", "EC P-384" },
		{ "secp521r1", "EC P-521" },
	};
	char group[64] = "?";
	size_t len;

	info->type = X509_KEY_EC;
	if (!EVP_PKEY_get_group_name(key, group, sizeof(group), &len))
		ERR_clear_error();
	snprintf(info->text, sizeof(info->text), "EC %.30s", group);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(group, known[i].group) == 0)
			snprintf(info->text, sizeof(info->text), "%s",
				 known[i].text);
}

int x509_key_describe(const X509_PUBKEY *spki, EVP_PKEY *key,
		      struct x509_key_info *ret, struct err *err)
{
	struct x509_key_info info = { .type = X509_KEY_OTHER };
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(spki, &der);
	const char *name = EVP_PKEY_get0_type_name(key);
	bool rsa = EVP_PKEY_is_a(key, "RSA");

	if (len <= 0)
		return err_set(err, ERR_INPUT,
			       "the public key cannot be encoded: %s",
			       x509_reason());
	enc_sha256_hex(der, (size_t) len, info.sha256);
	enc_md5_hex(der, (size_t) len, info.md5_modulus);
	OPENSSL_free(der);
	info.bits = EVP_PKEY_get_bits(key);
	if (rsa)
		info.type = X509_KEY_RSA;
	if (EVP_PKEY_is_a(key, "EC"))
		describe_ec(key, &info);
	else
		snprintf(info.text, sizeof(info.text),
			 EVP_PKEY_is_a(key, "ED25519") ||
					 EVP_PKEY_is_a(key, "ED448")
				 ? "%.24s"
				 : "%.24s %d",
			 name ? name : "?", info.bits);
	/* openssl prints a modulus for RSA-PSS keys as well. */
	if ((rsa || EVP_PKEY_is_a(key, "RSA-PSS")) &&
	    md5_of_modulus(key, info.md5_modulus))
		return err_set(err, ERR_INPUT,
			       "the public key has no modulus: %s",
			       x509_reason());
	ERR_clear_error();
	*ret = info;
	return 0;
}

static const char *rsa_fault(EVP_PKEY *key)
{
	AUTO(bignum_auto) BIGNUM *e = NULL;

	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		return "its exponent cannot be read";
	if (!BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 64)
		return "its public exponent is not sane, use 65537";
	return NULL;
}

/* OpenSSL's own check of the numbers: an RSA modulus with small factors, an
 * EC point off its curve. */
static bool numbers_ok(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

const char *x509_key_fault(EVP_PKEY *key, const struct x509_key_info *info,
			   bool any_key)
{
	int explicit_params = 0;
	const char *fault = NULL;

	if (info->type == X509_KEY_EC &&
	    EVP_PKEY_get_int_param(
		    key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		    &explicit_params) &&
	    explicit_params)
		return "its curve is spelled out instead of named";
	ERR_clear_error();
	if (info->type == X509_KEY_RSA)
		fault = rsa_fault(key);
	if (fault)
		return fault;
	if (info->bits > KEY_BITS_MAX)
		return "it is larger than 8192 bits, which many clients refuse "
		       "(Go's, for one): use RSA 4096 or EC P-256";
	if (any_key) {
		if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
			return "it is too weak, use RSA 2048 or EC P-256 at "
			       "least";
	} else if (info->type == X509_KEY_RSA) {
		if (info->bits != 2048 && info->bits != 3072 &&
		    info->bits != 4096)
			return "public CAs accept RSA with 2048, 3072 or 4096 "
			       "bits only" OWN_CA;
	} else if (strcmp(info->text, "EC P-256") != 0 &&
		   strcmp(info->text, "EC P-384") != 0) {
		return "public CAs accept RSA, EC P-256 and EC P-384 "
		       "only" OWN_CA;
	}
	return numbers_ok(key) ? NULL : "its numbers are not those of a key";
}

/* --- PEM blocks --- */

void x509_block_free(struct x509_block *b)
{
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	if (b->data)
		OPENSSL_clear_free(b->data, (size_t) b->len);
	*b = (struct x509_block){ .len = 0 };
}

int x509_block_next(BIO *bio, struct x509_block *b, struct err *err)
{
	x509_block_free(b);
	ERR_clear_error();
	if (PEM_read_bio(bio, &b->name, &b->header, &b->data, &b->len))
		return 1;
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return 0;
	}
	return err_set(err, ERR_INPUT, "a PEM block is damaged: %s",
		       x509_reason());
}

bool x509_block_is_key(const struct x509_block *b)
{
	static const char end[] = "PRIVATE KEY";
	size_t len = strlen(b->name);

	return len >= sizeof(end) - 1 &&
	       strcmp(b->name + len - (sizeof(end) - 1), end) == 0;
}

/* --- key files --- */

void x509_key_free(struct x509_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

EVP_PKEY *x509_key_pkey(const struct x509_key *key)
{
	return key->pkey;
}

struct x509_key *x509_key_own(EVP_PKEY *pkey, bool private)
{
	struct x509_key *key = mem_alloc(sizeof(*key));

	key->pkey = pkey;
	key->private = private;
	return key;
}

static int private_from_block(const char *path, const struct x509_block *b,
			      EVP_PKEY **key, struct err *err)
{
	AUTO(x509_pkey_auto) EVP_PKEY *found = NULL;
	const char *fault;

	if (strcmp(b->name, "ENCRYPTED PRIVATE KEY") == 0 ||
	    b->header[0] != '\0')
		return err_set(err, ERR_CONFIG,
			       "%s: the key is encrypted; nobody could type "
			       "its passphrase, store it without one (openssl "
			       "pkey -in FILE -out FILE)",
			       path);
	found = x509_private_read(b->data, b->len, &fault);
	if (fault)
		return err_set(err, ERR_INPUT,
			       "%s: the private key is not used: %s; make an "
			       "RSA, EC, Ed25519 or Ed448 key",
			       path, fault);
	if (!found)
		return err_set(err, ERR_INPUT,
			       "%s: the private key cannot be read: %s", path,
			       x509_reason());
	if (*key && EVP_PKEY_eq(*key, found) != 1)
		return err_set(err, ERR_INPUT,
			       "%s holds two different private keys", path);
	if (!*key)
		*key = TAKE(found);
	return 0;
}

static int load_private(const char *path, BIO *bio, EVP_PKEY **ret,
			struct err *err)
{
	AUTO(x509_block_free) struct x509_block b = { .len = 0 };
	AUTO(x509_pkey_auto) EVP_PKEY *key = NULL;
	int rc, n = 0;

	while ((rc = x509_block_next(bio, &b, err)) == 1) {
		if (!x509_block_is_key(&b))
			continue;
		if (++n > KEYS_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s holds more than %d private keys, "
				       "leave one",
				       path, KEYS_MAX);
		if (private_from_block(path, &b, &key, err))
			return -1;
	}
	if (rc == -1)
		return err_wrap(err, "%s", path);
	if (!key)
		return err_set(err, ERR_INPUT,
			       "%s holds no private key in PEM form", path);
	*ret = TAKE(key);
	return 0;
}

int x509_key_parse(const char *path, const struct sbuf *pem,
		   struct x509_key **ret, struct err *err)
{
	AUTO(x509_bio_auto) BIO *bio = NULL;
	EVP_PKEY *key = NULL;

	bio = BIO_new_mem_buf(sbuf_str(pem), (int) pem->len);
	if (!bio)
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       x509_reason());
	if (load_private(path, bio, &key, err))
		return -1;
	*ret = x509_key_own(key, true);
	return 0;
}

static EVP_PKEY *public_from_block(const struct x509_block *b)
{
	AUTO(x509_crt_auto) X509 *crt = NULL;
	const unsigned char *p = b->data;

	if (strcmp(b->name, PEM_STRING_PUBLIC) == 0)
		return d2i_PUBKEY(NULL, &p, b->len);
	crt = d2i_X509(NULL, &p, b->len);
	return crt ? X509_get_pubkey(crt) : NULL;
}

int x509_key_parse_public(const char *path, const struct sbuf *pem,
			  struct x509_key **ret, struct err *err)
{
	AUTO(x509_bio_auto) BIO *bio = NULL;
	AUTO(x509_block_free) struct x509_block b = { .len = 0 };
	EVP_PKEY *key;
	int rc;

	bio = BIO_new_mem_buf(sbuf_str(pem), (int) pem->len);
	if (!bio)
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       x509_reason());
	while ((rc = x509_block_next(bio, &b, err)) == 1) {
		if (strcmp(b.name, PEM_STRING_PUBLIC) != 0 &&
		    strcmp(b.name, PEM_STRING_X509) != 0)
			continue;
		key = public_from_block(&b);
		if (!key)
			return err_set(err, ERR_INPUT,
				       "%s: the public key cannot be read: %s",
				       path, x509_reason());
		*ret = x509_key_own(key, false);
		return 0;
	}
	if (rc == -1)
		return err_wrap(err, "%s", path);
	return err_set(err, ERR_INPUT,
		       "%s holds no public key or certificate in PEM form",
		       path);
}

bool x509_key_matches(const struct x509_key *key,
		      const struct x509_chain *chain)
{
	EVP_PKEY *theirs = X509_get0_pubkey(x509_chain_cert(chain, 0));
	bool same = theirs && EVP_PKEY_eq(key->pkey, theirs) == 1;

	ERR_clear_error();
	return same;
}

int x509_key_pem(const struct x509_key *key, struct sbuf *ret, struct err *err)
{
	BIO *bio;
	char *p;
	long len;
	int rc = 0;

	if (!key->private)
		return err_set(err, ERR_INPUT,
			       "the private key is not on this host, only a "
			       "public one is pinned");
	bio = BIO_new(BIO_s_secmem());
	if (!bio || !PEM_write_bio_PrivateKey(bio, key->pkey, NULL, NULL, 0,
					      NULL, NULL)) {
		rc = err_set(err, ERR_INTERNAL,
			     "the private key cannot be written: %s",
			     x509_reason());
	} else {
		len = BIO_get_mem_data(bio, &p);
		sbuf_add(ret, p, (size_t) len);
		mem_erase(p, (size_t) len);
		if (sbuf_over(ret))
			rc = err_set(err, ERR_LIMIT,
				     "the private key is too large");
	}
	BIO_free_all(bio);
	return rc;
}
