/* SPDX-License-Identifier: MIT */
#ifndef X509_H
#define X509_H

/*
 * Certificate signing requests (RFC 2986), certificates and chains
 * (RFC 5280), and public keys, over OpenSSL. Input is PEM or DER from a
 * person, a CA or a database row: hostile until proven otherwise. Objects
 * are immutable once made.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "enc.h"
#include "err.h"
#include "sbuf.h"

#define X509_INPUT_MAX 65536 /* bytes of one CSR or certificate file */
#define X509_CHAIN_MAX 10    /* certificates in one chain */
#define X509_NAMES_MAX 100   /* identifiers in one CSR */
#define X509_NAME_TEXT 256

enum x509_id_type { X509_ID_DNS, X509_ID_IP };

/* A DNS name is lower case, without trailing dot, IDNA A-labels; an IP
 * address is in its canonical text (RFC 5952 for v6). */
struct x509_id {
	enum x509_id_type type;
	const char *value;
};

/* Of a CSR: CN and SAN together, no duplicates, CN first, then as in the SAN.
 * Of a certificate: the SAN alone, as everybody who connects reads it. */
struct x509_ids {
	const struct x509_id *v;
	size_t n;
};

bool x509_ids_have(const struct x509_ids *ids, const char *value);
bool x509_ids_equal(const struct x509_ids *a, const struct x509_ids *b);
/* True when VALUE is in ids, or is covered by a wildcard in ids: the whole
 * leftmost label and no more (RFC 9525 section 6.3). An address is covered by
 * an address alone. */
bool x509_ids_cover(const struct x509_ids *ids, const char *value);
/* A DNS name a certificate may carry: LDH labels of 1..63, no trailing dot,
 * at most 253, at least two labels unless ALLOW_SINGLE, the last one not a
 * number (an address is no name); a leading "*." is allowed. Lower case only.
 */
bool x509_dns_name_ok(const char *name, bool allow_single);

enum x509_key_type { X509_KEY_RSA, X509_KEY_EC, X509_KEY_OTHER };

struct x509_key_info {
	enum x509_key_type type;
	int bits;		     /* RSA modulus or EC field */
	char text[40];		     /* "RSA 2048", "EC P-256", "ED25519" */
	char sha256[ENC_SHA256_HEX]; /* of the SubjectPublicKeyInfo DER */
	/* As the 2019 system computed it: md5 of "Modulus=HEX\n" for RSA;
	 * for other keys, where that text is the same for all of them, md5 of
	 * the SubjectPublicKeyInfo DER. */
	char md5_modulus[ENC_MD5_HEX];
};

/* --- CSR --- */

struct x509_csr;

/* Exactly one CSR, PEM or DER; ERR_INPUT says what is wrong with it. Only
 * parses; the signature is checked by x509_csr_check. */
int x509_csr_parse(const void *data, size_t len, struct x509_csr **ret,
		   struct err *err) MUST_CHECK;
void x509_csr_free(struct x509_csr **csr);
const struct x509_ids *x509_csr_ids(const struct x509_csr *csr);
/* False: its name is in the CN alone, as in 2019. */
bool x509_csr_has_san(const struct x509_csr *csr);
/* The name in its CN that its SAN has not; NULL: there is none, or no SAN. */
const char *x509_csr_cn_alone(const struct x509_csr *csr);
bool x509_csr_has_cn(const struct x509_csr *csr);
/* It asks for TLS client authentication (RFC 5280 section 4.2.1.12). */
bool x509_csr_client_auth(const struct x509_csr *csr);
/* A name of it that is not ASCII, which x509_csr_check() refuses, as it was
 * written: in UTF-8, if its maker knew what he did. NULL: there is none. */
const char *x509_csr_unicode(const struct x509_csr *csr);
const struct x509_key_info *x509_csr_key(const struct x509_csr *csr);
/* Canonical PEM (what we store) and DER (what finalize sends), borrowed. */
const char *x509_csr_pem(const struct x509_csr *csr);
void x509_csr_der(const struct x509_csr *csr, const unsigned char **ret,
		  size_t *ret_len);

/* What a CA accepts, beyond what public CAs all accept. */
struct x509_csr_policy {
	bool any_key; /* any key type and size of at least 112 bits */
	bool allow_ip;
	bool allow_single; /* single-label names, for private CAs */
	bool verified;	   /* its signature was checked before: not once more */
};
/* Refuses, with the reason: a wrong self-signature; SHA-1 or MD5; a key other
 * than RSA 2048/3072/4096, P-256, P-384; the must-staple extension (RFC
 * 7633); names that are not DNS names; addresses; no name at all; a CN over
 * 64 characters. */
int x509_csr_check(const struct x509_csr *csr,
		   const struct x509_csr_policy *policy,
		   struct err *err) MUST_CHECK;
/* The same public key, compared whole. */
bool x509_csr_same_key(const struct x509_csr *a, const struct x509_csr *b);

/* --- chain: a leaf and the intermediates above it --- */

struct x509_chain;

/* PEM certificates, leaf first, then 0 or more in the order given; anything
 * between the blocks is ignored, a key block is refused. */
int x509_chain_parse(const void *pem, size_t len, struct x509_chain **ret,
		     struct err *err) MUST_CHECK;
/* The leaf from CRT and the intermediates from CA (may be NULL/0): the two
 * columns of the store. */
int x509_chain_parse2(const void *crt, size_t crt_len, const void *ca,
		      size_t ca_len, struct x509_chain **ret,
		      struct err *err) MUST_CHECK;
/* From a TLS handshake: DER certificates in the order sent. */
int x509_chain_from_der(const unsigned char *const *der, const size_t *len,
			size_t n, struct x509_chain **ret,
			struct err *err) MUST_CHECK;
void x509_chain_free(struct x509_chain **chain);

size_t x509_chain_len(const struct x509_chain *chain); /* leaf included */
/* Empty when the certificate has no SAN. */
const struct x509_ids *x509_chain_ids(const struct x509_chain *chain);
const struct x509_key_info *x509_chain_key(const struct x509_chain *chain);
int64_t x509_chain_not_before(const struct x509_chain *chain); /* of the leaf */
int64_t x509_chain_not_after(const struct x509_chain *chain);
/* SHA-256 of the leaf's DER, hexadecimal: its fingerprint. Borrowed. */
const char *x509_chain_fingerprint(const struct x509_chain *chain);
/* The same of what its issuer signed (RFC 5280 section 4.1.1.1). Whoever has an
 * ECDSA signature can make the other one of its two forms, and with it another
 * fingerprint. Borrowed. */
const char *x509_chain_tbs(const struct x509_chain *chain);
/* One leaf, whatever the form of its signature. */
bool x509_chain_same(const struct x509_chain *a, const struct x509_chain *b);
const char *x509_chain_serial(const struct x509_chain *chain); /* hex */
const char *x509_chain_issuer(const struct x509_chain *chain); /* its CN, or
								* whole DN */
/* The leaves of both are of one issuer, by its name. */
bool x509_chain_same_issuer(const struct x509_chain *a,
			    const struct x509_chain *b);
/* The leaf is its own issuer: a placeholder. */
bool x509_chain_self_signed(const struct x509_chain *chain);
/* PEM of certificate I (0 is the leaf). Borrowed. */
const char *x509_chain_pem(const struct x509_chain *chain, size_t i);
/* PEM of all from I on, joined, a self-signed certificate at the end left
 * out unless WITH_ROOT; the caller's. May be "". */
char *x509_chain_pem_from(const struct x509_chain *chain, size_t i,
			  bool with_root);
bool x509_chain_same_key_csr(const struct x509_chain *chain,
			     const struct x509_csr *csr);

/* The leaf says that it is a CA: no server has such a one. */
bool x509_chain_is_ca(const struct x509_chain *chain);
/* Of the leaf: there is a CN in its subject; it may be shown by a client, since
 * its extended key usage says so or is not there. */
bool x509_chain_has_cn(const struct x509_chain *chain);
bool x509_chain_client_auth(const struct x509_chain *chain);
/* How many from the leaf on are each signed by the next one: what comes after
 * them in a file is something else. */
size_t x509_chain_linked(const struct x509_chain *chain);
/* Each certificate is signed by the next one, all but the leaf are CAs; of a
 * self-signed one at the end no more is asked. ERR_INPUT names the one that is
 * not. */
int x509_chain_check_links(const struct x509_chain *chain,
			   struct err *err) MUST_CHECK;

/* Trust anchors of this host, loaded from a PEM bundle: all that is in it but
 * the intermediates that lie there beside their issuer. Those would make up
 * for what is missing in a chain, here and nowhere else. An intermediate whose
 * issuer is not there is an anchor: somebody chose to trust it alone. Who may
 * change the file decides what is installed, so others than us may not, nor a
 * folder above it (PLACE_TRUSTED). ERR_CONFIG. */
struct x509_trust;
int x509_trust_load(const char *path, struct x509_trust **ret,
		    struct err *err) MUST_CHECK;
void x509_trust_free(struct x509_trust **trust);
/* The chain as it is leads to an anchor at time NOW, purpose TLS server. An
 * anchor is a name and a key that are valid now: its basic constraints, usage,
 * path length and version do not matter (RFC 5280 section 6.1); its name
 * constraints do (RFC 5937), OpenSSL's clients look at them, too.
 * ERR_INPUT: "expired on ...", "issuer X is not trusted by FILE", ... */
int x509_trust_verify(const struct x509_trust *trust,
		      const struct x509_chain *chain, int64_t now,
		      struct err *err) MUST_CHECK;
/* Would a client take the leaf for a TLS server's at time NOW if it knew the
 * end of the chain? Purpose, usages, critical extensions, name constraints,
 * times and SHA-1 signatures, of the leaf and what is between. ERR_INPUT. */
int x509_chain_check_server(const struct x509_chain *chain, int64_t now,
			    struct err *err) MUST_CHECK;
/* Leave out what stands at the end of CHAIN, whose links are right, above
 * whatever is an anchor or signed by one: anybody can sign what is above, and
 * no client needs it. True when something was; a chain that leads to no anchor
 * stays as it is. */
bool x509_trust_trim(const struct x509_trust *trust, struct x509_chain *chain);
/* PEM of the anchor that signed the last certificate of CHAIN, appended to
 * ret; ERR_INPUT when there is none. */
int x509_trust_root(const struct x509_trust *trust,
		    const struct x509_chain *chain, struct sbuf *ret,
		    struct err *err) MUST_CHECK;

/* --- keys --- */

struct x509_key; /* a private or a public key */

/* A private key from PEM of one or several blocks (also combined with
 * certificates); PATH is whose text it is, for messages. Encrypted keys are
 * refused, and all that is not RSA, EC on a curve with a name, Ed25519 or
 * Ed448, or is larger than 16 KiB: OpenSSL computes with others for hours
 * while it reads them. */
int x509_key_parse(const char *path, const struct sbuf *pem,
		   struct x509_key **ret, struct err *err) MUST_CHECK;
/* A public key from PEM (PUBLIC KEY or CERTIFICATE). */
int x509_key_parse_public(const char *path, const struct sbuf *pem,
			  struct x509_key **ret, struct err *err) MUST_CHECK;
void x509_key_free(struct x509_key **key);
/* For a private key: the certificate's key is its public half. */
bool x509_key_matches(const struct x509_key *key,
		      const struct x509_chain *chain);
/* PEM of a private key for combined files, appended to ret; ERR_INPUT for a
 * public one. Erase it after use. */
int x509_key_pem(const struct x509_key *key, struct sbuf *ret,
		 struct err *err) MUST_CHECK;

/* --- files that are not PEM --- */

/* DER of the leaf, appended to ret. */
int x509_chain_der(const struct x509_chain *chain, struct sbuf *ret,
		   struct err *err) MUST_CHECK;

struct x509_p12 {
	const struct x509_chain *chain; /* its leaf goes in */
	const struct x509_key *key;	/* the private key, or NULL */
	const char *above;		/* PEM of other certificates, or NULL */
	const char *password;
	const char *name; /* "friendly name", or NULL */
	bool des3;	  /* RFC 7292 appendix C's 3DES and a SHA-1 MAC, for
			   * old readers; else AES-256 (PBES2) and SHA-256 */
};
/* A PKCS#12 file (RFC 7292), appended to ret. Never twice the same bytes. */
int x509_p12_make(const struct x509_p12 *p, struct sbuf *ret,
		  struct err *err) MUST_CHECK;
/* 1 when DATA is such a file and PASSWORD opens it, in at most a million
 * iterations (whoever wrote it chose them), and its keys are such as
 * x509_key_parse takes; 0. ret_text: what is in
 * it and how it is encrypted, the same for two files that differ only in
 * their salt; no secret. ret_pem: the certificates, leaf first. */
int x509_p12_read(const void *data, size_t len, const char *password,
		  struct sbuf *ret_text, struct sbuf *ret_pem) MUST_CHECK;

#endif
