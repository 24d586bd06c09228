/* SPDX-License-Identifier: MIT */
#include <openssl/pkcs12.h>
#include "x509_impl.h"

static void p12_auto(PKCS12 **p)
{
	PKCS12_free(*p);
	*p = NULL;
}

static void certs_auto(STACK_OF(X509) * *p)
{
	sk_X509_pop_free(*p, X509_free);
	*p = NULL;
}

static int fail(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "PKCS#12: %s: %s", what,
		       x509_reason());
}

int x509_chain_der(const struct x509_chain *chain, struct sbuf *ret,
		   struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x509_chain_cert(chain, 0), &der);

	if (len <= 0)
		return err_set(err, ERR_INTERNAL,
			       "the certificate cannot be encoded: %s",
			       x509_reason());
	sbuf_add(ret, der, (size_t) len);
	OPENSSL_free(der);
	return 0;
}

/* A PEM text that we made ourselves. */
static int read_above(const char *pem, STACK_OF(X509) * ret, struct err *err)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *crt;

	while (bio && (crt = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (!sk_X509_push(ret, crt)) {
			X509_free(crt);
			return fail(err, "certificates");
		}
	ERR_clear_error();
	return bio ? 0 : fail(err, "certificates");
}

static int encode(PKCS12 *p12, struct sbuf *ret, struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_PKCS12(p12, &der);

	if (len <= 0)
		return fail(err, "cannot be encoded");
	sbuf_add(ret, der, (size_t) len);
	OPENSSL_clear_free(der, (size_t) len);
	return 0;
}

int x509_p12_make(const struct x509_p12 *p, struct sbuf *ret, struct err *err)
{
	AUTO(certs_auto) STACK_OF(X509) *above = sk_X509_new_null();
	AUTO(p12_auto) PKCS12 *p12 = NULL;
	int pbe = p->des3 ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC
			  : NID_aes_256_cbc;

	if (!above || (p->above && read_above(p->above, above, err) == -1))
		return above ? -1 : fail(err, "certificates");
	p12 = PKCS12_create(p->password, p->name,
			    p->key ? x509_key_pkey(p->key) : NULL,
			    x509_chain_cert(p->chain, 0), above, pbe, pbe,
			    PKCS12_DEFAULT_ITER, -1, 0);
	if (!p12 ||
	    !PKCS12_set_mac(p12, p->password, -1, NULL, 0, PKCS12_DEFAULT_ITER,
			    p->des3 ? EVP_sha1() : EVP_sha256()))
		return fail(err, "cannot be made");
	return encode(p12, ret, err);
}

static int add_hash(struct sbuf *text, unsigned char *der, int len)
{
	char hex[ENC_SHA256_HEX];

	if (len <= 0)
		return -1;
	enc_sha256_hex(der, (size_t) len, hex);
	OPENSSL_clear_free(der, (size_t) len);
	sbuf_addf(text, "%s\n", hex);
	return 0;
}

static int add_crt(struct sbuf *text, struct sbuf *pem, X509 *crt)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *p;
	long len;

	if (!bio || !PEM_write_bio_X509(bio, crt))
		return -1;
	len = BIO_get_mem_data(bio, &p);
	sbuf_add(pem, p, (size_t) len);
	len = i2d_X509(crt, &der);
	return add_hash(text, der, (int) len);
}

/* How it is encrypted: the algorithm of each part, and of the MAC. */
static void add_ways(struct sbuf *text, const PKCS12 *p12)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
	const X509_ALGOR *mac = NULL, *enc;
	const ASN1_OBJECT *oid = NULL;

	PKCS12_get0_mac(NULL, &mac, NULL, NULL, p12);
	if (mac)
		X509_ALGOR_get0(&oid, NULL, NULL, mac);
	sbuf_addf(text, "mac %d\n", oid ? OBJ_obj2nid(oid) : 0);
	for (int i = 0; i < sk_PKCS7_num(safes); i++) {
		const PKCS7 *safe = sk_PKCS7_value(safes, i);

		if (!PKCS7_type_is_encrypted(safe) || !safe->d.encrypted)
			continue;
		enc = safe->d.encrypted->enc_data->algorithm;
		X509_ALGOR_get0(&oid, NULL, NULL, enc);
		sbuf_addf(text, "encryption %d\n", OBJ_obj2nid(oid));
	}
	sk_PKCS7_pop_free(safes, PKCS7_free);
}

static int describe(const PKCS12 *p12, EVP_PKEY *key, X509 *crt,
		    const STACK_OF(X509) * above, struct sbuf *text,
		    struct sbuf *pem)
{
	unsigned char *der = NULL;
	int len = 0;
	const unsigned char *name = crt ? X509_alias_get0(crt, &len) : NULL;

	add_ways(text, p12);
	sbuf_addf(text, "name %.*s\nkey ", len,
		  name ? (const char *) name : "");
	if (key) {
		len = i2d_PrivateKey(key, &der);
		if (add_hash(text, der, len) == -1)
			return -1;
	}
	sbuf_adds(text, "\ncertificates\n");
	if (crt && add_crt(text, pem, crt) == -1)
		return -1;
	for (int i = 0; i < sk_X509_num(above); i++)
		if (add_crt(text, pem, sk_X509_value(above, i)) == -1)
			return -1;
	return 0;
}

/* --- what it costs to open a file, before it is opened --- */

/* A file that asks for 2^31 iterations holds whoever opens it for an hour.
 * Those of ours have 2048 each for MAC, certificates and key; Java's keytool
 * takes 10,000, and nobody more than a million for all of a file. */
#define ITERATIONS_MAX 1000000
#define BAGS_DEPTH     4  /* of bags in bags */
#define BAGS_MAX       64 /* in all of a file */

struct toll {
	const char *password;
	int64_t left; /* iterations */
	int bags;
};

static void bags_auto(STACK_OF(PKCS12_SAFEBAG) * *p)
{
	sk_PKCS12_SAFEBAG_pop_free(*p, PKCS12_SAFEBAG_free);
	*p = NULL;
}

static bool pay(struct toll *t, const ASN1_INTEGER *iterations)
{
	int64_t n = 1;

	if (iterations && !ASN1_INTEGER_get_int64(&n, iterations))
		return false;
	if (n < 1 || n > t->left)
		return false;
	t->left -= n;
	return true;
}

/* PBES2 (RFC 8018): PBKDF2 alone; scrypt is bounded by nothing. */
static bool pay_pbes2(struct toll *t, const X509_ALGOR *alg)
{
	PBE2PARAM *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM),
						   alg->parameter);
	PBKDF2PARAM *kdf = NULL;
	bool ok;

	if (pbe && OBJ_obj2nid(pbe->keyfunc->algorithm) == NID_id_pbkdf2)
		kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM),
						pbe->keyfunc->parameter);
	ok = kdf && pay(t, kdf->iter);
	PBKDF2PARAM_free(kdf);
	PBE2PARAM_free(pbe);
	return ok;
}

static bool pay_pbe(struct toll *t, const X509_ALGOR *alg)
{
	PBEPARAM *pbe;
	bool ok;

	if (OBJ_obj2nid(alg->algorithm) == NID_pbes2)
		return pay_pbes2(t, alg);
	pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM),
					alg->parameter);
	ok = pbe && pay(t, pbe->iter);
	PBEPARAM_free(pbe);
	return ok;
}

/* Of a digest alone: PBMAC1 (RFC 9579) has its iterations elsewhere. */
static bool pay_mac(struct toll *t, const PKCS12 *p12)
{
	const ASN1_INTEGER *iterations = NULL;
	const ASN1_OBJECT *oid = NULL;
	const X509_ALGOR *mac = NULL;

	PKCS12_get0_mac(NULL, &mac, NULL, &iterations, p12);
	if (!mac)
		return true;
	X509_ALGOR_get0(&oid, NULL, NULL, mac);
	return EVP_get_digestbyobj(oid) && pay(t, iterations);
}

/* A key is decrypted here to see of what kind it is, and once more by OpenSSL,
 * so its iterations count twice. */
static bool pay_shrouded(struct toll *t, const PKCS12_SAFEBAG *bag)
{
	const X509_ALGOR *alg = NULL;
	PKCS8_PRIV_KEY_INFO *p8;
	bool ok;

	X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &alg, NULL);
	if (!pay_pbe(t, alg) || !pay_pbe(t, alg))
		return false;
	p8 = PKCS12_decrypt_skey(bag, t->password, -1);
	ok = p8 && !x509_private_fault(p8);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return ok;
}

static bool pay_bags(struct toll *t, const STACK_OF(PKCS12_SAFEBAG) * bags,
		     int depth)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		int type = PKCS12_SAFEBAG_get_nid(bag);

		if (++t->bags > BAGS_MAX)
			return false;
		if (type == NID_keyBag) {
			if (x509_private_fault(PKCS12_SAFEBAG_get0_p8inf(bag)))
				return false;
		} else if (type == NID_pkcs8ShroudedKeyBag) {
			if (!pay_shrouded(t, bag))
				return false;
		} else if (type == NID_safeContentsBag &&
			   (depth == BAGS_DEPTH ||
			    !pay_bags(t, PKCS12_SAFEBAG_get0_safes(bag),
				      depth + 1))) {
			return false;
		}
	}
	return true;
}

/* An encrypted safe is opened to see what its bags ask for, so its
 * iterations count twice. */
static bool pay_safe(struct toll *t, PKCS7 *safe)
{
	AUTO(bags_auto) STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

	if (PKCS7_type_is_data(safe)) {
		bags = PKCS12_unpack_p7data(safe);
	} else if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted) {
		const X509_ALGOR *alg = safe->d.encrypted->enc_data->algorithm;

		if (!pay_pbe(t, alg) || !pay_pbe(t, alg))
			return false;
		bags = PKCS12_unpack_p7encdata(safe, t->password, -1);
	} else {
		return true; /* not opened by OpenSSL either */
	}
	return bags && pay_bags(t, bags, 0);
}

static bool affordable(const PKCS12 *p12, const char *password)
{
	struct toll t = { .password = password, .left = ITERATIONS_MAX };
	STACK_OF(PKCS7) * safes;
	bool ok;

	if (!pay_mac(&t, p12))
		return false;
	safes = PKCS12_unpack_authsafes(p12);
	ok = !!safes;
	for (int i = 0; ok && i < sk_PKCS7_num(safes); i++)
		ok = pay_safe(&t, sk_PKCS7_value(safes, i));
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return ok;
}

int x509_p12_read(const void *data, size_t len, const char *password,
		  struct sbuf *ret_text, struct sbuf *ret_pem)
{
	AUTO(certs_auto) STACK_OF(X509) *above = NULL;
	AUTO(x509_pkey_auto) EVP_PKEY *key = NULL;
	AUTO(x509_crt_auto) X509 *crt = NULL;
	AUTO(p12_auto) PKCS12 *p12 = NULL;
	const unsigned char *p = data;
	int rc;

	if (len > LONG_MAX)
		return 0;
	p12 = d2i_PKCS12(NULL, &p, (long) len);
	rc = p12 && affordable(p12, password) &&
	     PKCS12_parse(p12, password, &key, &crt, &above) &&
	     describe(p12, key, crt, above, ret_text, ret_pem) == 0;
	ERR_clear_error();
	return rc && !sbuf_over(ret_text) && !sbuf_over(ret_pem) ? 1 : 0;
}
