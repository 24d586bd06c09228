/* SPDX-License-Identifier: MIT */
#ifndef X509_IMPL_H
#define X509_IMPL_H

/* What the x509_*.c files share. Nobody else includes this. */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "arena.h"
#include "x509.h"

#define X509_CERT_NAMES_MAX 2000 /* names in one certificate of any origin */
#define X509_SERIAL_MAX	    64	 /* bytes; RFC 5280 section 4.1.2.2 says 20 */

static inline void x509_bio_auto(BIO **p)
{
	BIO_free_all(*p);
	*p = NULL;
}

static inline void x509_crt_auto(X509 **p)
{
	X509_free(*p);
	*p = NULL;
}

static inline void x509_pkey_auto(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
	*p = NULL;
}

static inline void x509_names_auto(GENERAL_NAMES **p)
{
	GENERAL_NAMES_free(*p);
	*p = NULL;
}

/* What is wrong with NAME as a DNS name, or NULL. */
const char *x509_dns_name_fault(const char *name, bool allow_single);
/* For messages and people, where it stands between double quotes: control
 * characters and non-ASCII become '?', a '"' becomes '\''. In ARENA. */
const char *x509_clean_text(struct arena *a, const unsigned char *p,
			    size_t len);

/* Collects identifiers: lower case, no duplicates, at most max. */
struct x509_idset {
	struct x509_id *v;
	size_t n, cap, max;
	size_t cn_len;	     /* characters of the CN */
	bool first_again;    /* the first one was added once more */
	struct err bad;	     /* the first name that is none of those we know */
	const char *unicode; /* the first that is not ASCII, as it stands */
};

/* -1: larger than we accept. What is merely unusable lands in set->bad. */
int x509_idset_subject(struct x509_idset *set, struct arena *a,
		       const X509_NAME *subject, struct err *err) MUST_CHECK;
int x509_idset_san(struct x509_idset *set, struct arena *a,
		   const GENERAL_NAMES *san, struct err *err) MUST_CHECK;

/* The first CN of NAME, else the whole DN, in ARENA, printable. */
const char *x509_name_text(struct arena *a, const X509_NAME *name);

/* SPKI is what KEY was read from: its bytes are hashed as they are, since
 * OpenSSL's way to encode a key anew takes longer than to read it. */
int x509_key_describe(const X509_PUBKEY *spki, EVP_PKEY *key,
		      struct x509_key_info *ret, struct err *err) MUST_CHECK;
/* Why a public CA would refuse KEY, or NULL. */
const char *x509_key_fault(EVP_PKEY *key, const struct x509_key_info *info,
			   bool any_key);

/* What there is against having OpenSSL read this private key, which may take
 * hours ("it is a DSA key"), or NULL. */
const char *x509_private_fault(const PKCS8_PRIV_KEY_INFO *p8);
/* A private key of RSA, EC on a curve with a name, Ed25519 or Ed448, in any of
 * its forms (PKCS#8, PKCS#1, RFC 5915). NULL: *ret_fault as above, or NULL when
 * OpenSSL cannot read it (x509_reason). */
EVP_PKEY *x509_private_read(const unsigned char *der, long len,
			    const char **ret_fault);
/* DER has the form of a private key, of whatever kind; it is not read. */
bool x509_private_form(const unsigned char *der, long len);

/* One PEM block. 1, 0 at the end, -1. Contents are erased when freed. */
struct x509_block {
	char *name, *header;
	unsigned char *data;
	long len;
};
int x509_block_next(BIO *bio, struct x509_block *b, struct err *err) MUST_CHECK;
void x509_block_free(struct x509_block *b);
bool x509_block_is_key(const struct x509_block *b); /* a private one */

/* Behind the public handles, for comparing keys across files. */
EVP_PKEY *x509_csr_pkey(const struct x509_csr *csr);
EVP_PKEY *x509_key_pkey(const struct x509_key *key);
/* KEY, whose owner it is from now on. */
struct x509_key *x509_key_own(EVP_PKEY *key, bool private);

/* DNS names, each once, the caller's; NULL: no memory. */
GENERAL_NAMES *x509_san_make(const char *const *names, size_t n);
/* What KEY signs with; NULL: with a digest of its own choice (RFC 8410). */
const EVP_MD *x509_key_digest(const EVP_PKEY *key);
X509 *x509_chain_cert(const struct x509_chain *chain, size_t i);
/* The first N certificates stay. */
void x509_chain_cut(struct x509_chain *chain, size_t n);
/* LOWER names UPPER as its issuer, and is signed by its key. */
bool x509_signed_by(X509 *lower, X509 *upper);

/* The last thing OpenSSL complained of; clears its queue. */
const char *x509_reason(void);

#endif
