/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>
#include "enc.h"
#include "file.h"
#include "jwk.h"
#include "jws.h"

#define RSA_MAX_BYTES 1024 /* 8192 bits */
#define PROTECTED_MAX 8192
#define SIGNATURE_MAX RSA_MAX_BYTES
#define RSA_NEW_BITS  2048
#define RSA_MIN_BITS  2048
#define EC_FIELD_MAX  48

struct jws_key {
	EVP_PKEY *pkey;
	const char *alg;
	const char *md;
	size_t field; /* bytes of a coordinate; 0 for RSA */
	char *jwk;
	char *thumbprint;
};

static void pkey_free(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
	*p = NULL;
}

static void bio_free(BIO **b)
{
	(void) BIO_free(*b);
	*b = NULL;
}

static void bn_free(BIGNUM **b)
{
	BN_free(*b);
	*b = NULL;
}

static void md_ctx_free(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
	*c = NULL;
}

static int openssl_err(struct err *err, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return err_set(err, ERR_INTERNAL, "%s: %s", what,
		       reason ? reason : "OpenSSL does not say why");
}

void jws_key_free(struct jws_key **key)
{
	struct jws_key *k = TAKE(*key);

	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k->jwk);
	free(k->thumbprint);
	free(k);
}

const char *jws_key_thumbprint(const struct jws_key *key)
{
	return key->thumbprint;
}

const char *jws_key_jwk(const struct jws_key *key)
{
	return key->jwk;
}

/* A parameter of the key as base64url: exactly WIDTH bytes, or as few as it
 * takes when WIDTH is 0. NULL when the key has none. */
static char *param_b64(const EVP_PKEY *pkey, const char *name, size_t width)
{
	unsigned char buf[RSA_MAX_BYTES];
	AUTO(bn_free) BIGNUM *bn = NULL;
	int n;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn) != 1)
		return NULL;
	if (width == 0)
		width = (size_t) BN_num_bytes(bn);
	if (width > sizeof(buf))
		return NULL;
	/* Padded: in 7 of 2000 keys a coordinate is shorter than its field. */
	n = BN_bn2binpad(bn, buf, (int) width);
	return n < 0 ? NULL : enc_b64url(buf, (size_t) n);
}

/* RFC 7638 section 3.2: the required members, sorted, without blanks. */
static int key_describe(struct jws_key *k, const char *crv, struct err *err)
{
	const char *na = crv ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_RSA_E;
	const char *nb = crv ? OSSL_PKEY_PARAM_EC_PUB_Y : OSSL_PKEY_PARAM_RSA_N;
	AUTO(mem_free_str) char *a = param_b64(k->pkey, na, k->field);
	AUTO(mem_free_str) char *b = param_b64(k->pkey, nb, k->field);
	unsigned char md[ENC_SHA256_LEN];

	if (!a || !b)
		return openssl_err(err,
				   "cannot read the account key's numbers");
	if (crv)
		k->jwk = mem_printf("{\"crv\":\"%s\",\"kty\":\"EC\","
				    "\"x\":\"%s\",\"y\":\"%s\"}",
				    crv, a, b);
	else
		k->jwk = mem_printf("{\"e\":\"%s\",\"kty\":\"RSA\","
				    "\"n\":\"%s\"}",
				    a, b);
	enc_sha256(k->jwk, strlen(k->jwk), md);
	k->thumbprint = enc_b64url(md, sizeof(md));
	return 0;
}

static int key_setup(struct jws_key *k, const char *where, struct err *err)
{
	char group[40] = "";
	const char *crv = NULL;

	if (EVP_PKEY_is_a(k->pkey, "RSA")) {
		int bits = EVP_PKEY_get_bits(k->pkey);

		if (bits < RSA_MIN_BITS || bits > RSA_MAX_BYTES * 8)
			return err_set(err, ERR_CONFIG,
				       "%s: an RSA account key has %d to %d "
				       "bits, this one %d",
				       where, RSA_MIN_BITS, RSA_MAX_BYTES * 8,
				       bits);
		k->alg = "RS256";
		k->md = "SHA256";
		return key_describe(k, NULL, err);
	}
	if (EVP_PKEY_is_a(k->pkey, "EC"))
		(void) EVP_PKEY_get_group_name(k->pkey, group, sizeof(group),
					       NULL);
	if (strcmp(group, "prime256v1") == 0) {
		k->alg = "ES256";
		k->md = "SHA256";
		k->field = 32;
		crv = "P-256";
	} else if (strcmp(group, "secp384r1") == 0) {
		k->alg = "ES384";
		k->md = "SHA384";
		k->field = EC_FIELD_MAX;
		crv = "P-384";
	} else {
		return err_set(err, ERR_CONFIG,
			       "%s: an account key is RSA or EC on P-256 or "
			       "P-384; this one is neither",
			       where);
	}
	return key_describe(k, crv, err);
}

/* Never ask for a passphrase: there is nobody to answer. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

int jws_key_parse(const char *pem, size_t len, const char *where,
		  struct jws_key **ret, struct err *err)
{
	AUTO(jws_key_free) struct jws_key *k = mem_alloc(sizeof(*k));
	AUTO(bio_free) BIO *bio = NULL;

	if (len > JWS_KEY_FILE_MAX)
		return err_set(err, ERR_LIMIT, "%s: too large for a key",
			       where);
	bio = BIO_new_mem_buf(pem, (int) len);
	if (bio)
		k->pkey =
			PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (!k->pkey) {
		ERR_clear_error();
		return err_set(err, ERR_CONFIG,
			       "%s: no private key in PEM form, or it is "
			       "encrypted",
			       where);
	}
	if (key_setup(k, where, err) == -1)
		return -1;
	*ret = TAKE(k);
	return 0;
}

static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
	EVP_PKEY_CTX_free(*c);
	*c = NULL;
}

/* Of an RSA key the primes, of an EC key the point: all of it. */
static bool key_agrees(const struct jws_key *k)
{
	AUTO(pkey_ctx_free)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	bool ok = ctx && EVP_PKEY_check(ctx) == 1;

	ERR_clear_error();
	return ok;
}

static int jwk_key(const char *text, size_t len, const char *where,
		   struct jws_key **ret, struct err *err)
{
	AUTO(jws_key_free) struct jws_key *k = mem_alloc(sizeof(*k));

	if (jwk_parse(text, len, where, &k->pkey, err) == -1 ||
	    key_setup(k, where, err) == -1)
		return -1;
	*ret = TAKE(k);
	return 0;
}

int jws_key_import(const char *text, size_t len, const char *where,
		   struct jws_key **ret, struct err *err)
{
	AUTO(jws_key_free) struct jws_key *k = NULL;

	if (len > JWS_KEY_FILE_MAX)
		return err_set(err, ERR_LIMIT, "%s: too large for a key",
			       where);
	for (; len && strchr(" \t\r\n", *text) && *text; len--)
		text++;
	if ((len && *text == '{'
		     ? jwk_key(text, len, where, &k, err)
		     : jws_key_parse(text, len, where, &k, err)) == -1)
		return -1;
	if (!key_agrees(k))
		return err_set(err, ERR_CONFIG,
			       "%s: the numbers of this key do not belong "
			       "together",
			       where);
	*ret = TAKE(k);
	return 0;
}

/* --- the file --- */

static int pem_of(EVP_PKEY *pkey, struct sbuf *ret, struct err *err)
{
	AUTO(bio_free) BIO *bio = BIO_new(BIO_s_secmem());
	char *p;
	long n;

	if (!bio ||
	    PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return openssl_err(err, "cannot write an account key");
	n = BIO_get_mem_data(bio, &p);
	sbuf_add(ret, p, (size_t) n);
	return 0;
}

int jws_key_pem(const struct jws_key *key, struct sbuf *ret, struct err *err)
{
	return pem_of(key->pkey, ret, err);
}

static int key_make(const char *type, struct sbuf *ret, struct err *err)
{
	AUTO(pkey_free) EVP_PKEY *pkey = NULL;

	if (type && strcmp(type, "RS256") == 0)
		pkey = EVP_RSA_gen(RSA_NEW_BITS);
	else
		pkey = EVP_EC_gen("P-256");
	if (!pkey)
		return openssl_err(err, "cannot make an account key");
	return pem_of(pkey, ret, err);
}

/* Put the key at PATH unless there is one by now: link(2) does not replace,
 * so of two fetchers that start at once both use the winner's. */
static int key_store(const char *path, const struct sbuf *pem, struct err *err)
{
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	AUTO(mem_free_str) char *dir = file_dirname(path);
	AUTO(mem_free_str) char *temp = NULL;
	int rc;

	if (file_mkdir(dir, 0700, err) == -1 ||
	    file_stage(path, pem->buf, pem->len, &attr, &temp, err) == -1)
		return -1;
	rc = link(temp, path);
	if (rc == -1 && errno != EEXIST)
		err_errno(err, ERR_IO, "%s: cannot create", path);
	else
		rc = 0;
	(void) unlink(temp);
	return rc == 0 ? file_sync_dir(dir, err) : -1;
}

int jws_key_open(const char *path, const char *type, struct jws_key **ret,
		 struct err *err)
{
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(JWS_KEY_FILE_MAX);
	struct err why = ERR_INIT;
	struct stat st;

	if (lstat(path, &st) == -1 && errno == ENOENT) {
		if (key_make(type, &pem, err) == -1 ||
		    key_store(path, &pem, err) == -1)
			return err_wrap(err, "account key");
		sbuf_erase(&pem);
		sbuf_init(&pem, JWS_KEY_FILE_MAX);
	}
	if (file_read_secret(path, &pem, err) == -1)
		return err_wrap(err, "account key");
	if (jws_key_parse(sbuf_str(&pem), pem.len, path, ret, &why) == 0)
		return 0;
	return err_set(
		err, why.kind,
		"%s; put the account's key back from a backup, or remove "
		"the file: the next run then makes a key and a new "
		"account",
		why.msg);
}

/* --- signing --- */

/* ECDSA gives DER; JWS wants r and s side by side (RFC 7518 section 3.4). */
static int ecdsa_raw(const struct jws_key *k, unsigned char *sig, size_t *len,
		     struct err *err)
{
	const unsigned char *p = sig;
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long) *len);
	int field = (int) k->field, ok;

	if (!es)
		return openssl_err(err, "cannot read our own signature");
	ok = BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, field) == field &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + field, field) == field;
	ECDSA_SIG_free(es);
	if (!ok)
		return openssl_err(err, "cannot encode our own signature");
	*len = 2 * k->field;
	return 0;
}

static int sign_raw(const struct jws_key *k, const struct sbuf *input,
		    unsigned char *sig, size_t *len, struct err *err)
{
	AUTO(md_ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx ||
	    EVP_DigestSignInit_ex(ctx, NULL, k->md, NULL, NULL, k->pkey,
				  NULL) != 1 ||
	    EVP_DigestSign(ctx, sig, len, (const unsigned char *) input->buf,
			   input->len) != 1)
		return openssl_err(err, "cannot sign with the account key");
	return k->field ? ecdsa_raw(k, sig, len, err) : 0;
}

static char *protected_b64(const struct jws_key *k, const char *kid,
			   const char *nonce, const char *url)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(PROTECTED_MAX);

	sbuf_addf(&s, "{\"alg\":\"%s\",", k->alg);
	if (kid) {
		sbuf_adds(&s, "\"kid\":");
		sbuf_add_json(&s, kid);
	} else {
		sbuf_addf(&s, "\"jwk\":%s", k->jwk);
	}
	sbuf_adds(&s, ",\"nonce\":");
	sbuf_add_json(&s, nonce);
	sbuf_adds(&s, ",\"url\":");
	sbuf_add_json(&s, url);
	sbuf_addc(&s, '}');
	return sbuf_over(&s) ? NULL : enc_b64url(s.buf, s.len);
}

int jws_sign(const struct jws_key *key, const char *kid, const char *nonce,
	     const char *url, const char *payload, size_t len, struct sbuf *ret,
	     struct err *err)
{
	AUTO(mem_free_str)
	char *head = protected_b64(key, kid, nonce, url);
	AUTO(mem_free_str) char *body = enc_b64url(payload, len);
	AUTO(mem_free_str) char *sig64 = NULL;
	AUTO(sbuf_free) struct sbuf input = SBUF_INIT(ret->max);
	unsigned char sig[SIGNATURE_MAX];
	size_t sig_len = sizeof(sig);

	if (!head)
		return err_set(err, ERR_LIMIT, "the URL or nonce is too long");
	sbuf_adds(&input, head);
	sbuf_addc(&input, '.');
	sbuf_adds(&input, body);
	if (sbuf_over(&input))
		return err_set(err, ERR_LIMIT, "the request is too large");
	if (sign_raw(key, &input, sig, &sig_len, err) == -1)
		return -1;
	sig64 = enc_b64url(sig, sig_len);
	sbuf_adds(ret, "{\"protected\":\"");
	sbuf_adds(ret, head);
	sbuf_adds(ret, "\",\"payload\":\"");
	sbuf_adds(ret, body);
	sbuf_adds(ret, "\",\"signature\":\"");
	sbuf_adds(ret, sig64);
	sbuf_adds(ret, "\"}");
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT, "the request is too large");
	return 0;
}
