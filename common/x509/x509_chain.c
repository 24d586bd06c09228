/* SPDX-License-Identifier: MIT */
#include "x509_impl.h"

struct x509_chain {
	struct arena *arena;
	X509 *cert[X509_CHAIN_MAX];
	const char *pem[X509_CHAIN_MAX];
	size_t n;
	struct x509_idset set;
	struct x509_ids ids;
	struct x509_key_info key;
	int64_t not_before, not_after;
	char fingerprint[ENC_SHA256_HEX], tbs[ENC_SHA256_HEX];
	const char *serial, *issuer;
};

void x509_chain_free(struct x509_chain **chain)
{
	struct x509_chain *c = *chain;

	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->cert[i]);
	free(c->set.v);
	arena_free(&c->arena);
	free(c);
	*chain = NULL;
}

size_t x509_chain_len(const struct x509_chain *chain)
{
	return chain->n;
}

const struct x509_ids *x509_chain_ids(const struct x509_chain *chain)
{
	return &chain->ids;
}

const struct x509_key_info *x509_chain_key(const struct x509_chain *chain)
{
	return &chain->key;
}

int64_t x509_chain_not_before(const struct x509_chain *chain)
{
	return chain->not_before;
}

int64_t x509_chain_not_after(const struct x509_chain *chain)
{
	return chain->not_after;
}

const char *x509_chain_fingerprint(const struct x509_chain *chain)
{
	return chain->fingerprint;
}

const char *x509_chain_tbs(const struct x509_chain *chain)
{
	return chain->tbs;
}

bool x509_chain_same(const struct x509_chain *a, const struct x509_chain *b)
{
	return strcmp(a->tbs, b->tbs) == 0;
}

const char *x509_chain_serial(const struct x509_chain *chain)
{
	return chain->serial;
}

const char *x509_chain_issuer(const struct x509_chain *chain)
{
	return chain->issuer;
}

bool x509_chain_same_issuer(const struct x509_chain *a,
			    const struct x509_chain *b)
{
	return X509_NAME_cmp(X509_get_issuer_name(a->cert[0]),
			     X509_get_issuer_name(b->cert[0])) == 0;
}

X509 *x509_chain_cert(const struct x509_chain *chain, size_t i)
{
	return chain->cert[i];
}

const char *x509_chain_pem(const struct x509_chain *chain, size_t i)
{
	return chain->pem[i];
}

static bool self_signed(X509 *crt)
{
	bool yes = X509_self_signed(crt, 0) == 1;

	ERR_clear_error();
	return yes;
}

bool x509_chain_self_signed(const struct x509_chain *chain)
{
	return self_signed(chain->cert[0]);
}

char *x509_chain_pem_from(const struct x509_chain *chain, size_t i,
			  bool with_root)
{
	struct sbuf out = SBUF_INIT(X509_CHAIN_MAX * 2 * X509_INPUT_MAX);
	size_t end = chain->n;

	if (!with_root && end > 1 && self_signed(chain->cert[end - 1]))
		end--;
	for (; i < end; i++)
		sbuf_adds(&out, chain->pem[i]);
	return sbuf_take(&out, NULL);
}

bool x509_chain_same_key_csr(const struct x509_chain *chain,
			     const struct x509_csr *csr)
{
	EVP_PKEY *ours = X509_get0_pubkey(chain->cert[0]);
	bool same = ours && EVP_PKEY_eq(ours, x509_csr_pkey(csr)) == 1;

	ERR_clear_error();
	return same;
}

/* --- parsing --- */

/* The same few intermediates come with every certificate of a run, and
 * OpenSSL 3 takes a millisecond to read a public key: those are read once.
 * Found by all their bytes, so nothing is trusted that was not read. */
#define SEEN_MAX 4
static struct {
	X509 *crt;
	unsigned char *der;
	long len;
} seen[SEEN_MAX];

static X509 *seen_get(const unsigned char *der, long len)
{
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (seen[i].crt && seen[i].len == len &&
		    memcmp(seen[i].der, der, (size_t) len) == 0)
			return X509_up_ref(seen[i].crt) ? seen[i].crt : NULL;
	return NULL;
}

static void seen_put(X509 *crt, const unsigned char *der, long len)
{
	static size_t next;
	size_t i = next++ % SEEN_MAX;

	if (!X509_up_ref(crt))
		return;
	X509_free(seen[i].crt);
	free(seen[i].der);
	seen[i].crt = crt;
	seen[i].der = mem_dup(der, (size_t) len);
	seen[i].len = len;
}

/* The certificate at DER, at most LEN bytes; *ret_end is behind it. */
static X509 *crt_read(const unsigned char *der, long len, bool issuer,
		      const unsigned char **ret_end)
{
	X509 *crt = issuer ? seen_get(der, len) : NULL;

	*ret_end = der;
	if (crt) {
		*ret_end += len;
		return crt;
	}
	crt = d2i_X509(NULL, ret_end, len);
	if (crt && issuer && *ret_end == der + len)
		seen_put(crt, der, len);
	return crt;
}

/* What is signed is the first element of the certificate at DER, which was read
 * without a complaint. */
static void tbs_digest(const unsigned char *der, long len,
		       char ret[ENC_SHA256_HEX])
{
	const unsigned char *tbs = der, *in;
	int tag, class;
	long n;

	(void) ASN1_get_object(&tbs, &n, &tag, &class, len);
	in = tbs;
	(void) ASN1_get_object(&in, &n, &tag, &class, len - (tbs - der));
	enc_sha256_hex(tbs, (size_t) (in - tbs + n), ret);
}

static int chain_add(struct x509_chain *c, const unsigned char *der, long len,
		     struct err *err)
{
	AUTO(x509_crt_auto) X509 *crt = NULL;
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	const unsigned char *p;
	char *text;
	long text_len;

	crt = crt_read(der, len, c->n > 0, &p);
	if (!crt)
		return err_set(err, ERR_INPUT,
			       "certificate %zu cannot be read: %s", c->n + 1,
			       x509_reason());
	if (p != der + len)
		return err_set(err, ERR_INPUT,
			       "there is something after certificate %zu",
			       c->n + 1);
	for (size_t i = 0; i < c->n; i++)
		if (X509_cmp(c->cert[i], crt) == 0)
			return 0; /* crt already held the whole chain */
	if (c->n == X509_CHAIN_MAX)
		return err_set(err, ERR_LIMIT,
			       "more than %d certificates in a chain",
			       X509_CHAIN_MAX);
	if (!bio || !PEM_write_bio_X509(bio, crt))
		return err_set(err, ERR_INPUT,
			       "certificate %zu cannot be encoded: %s",
			       c->n + 1, x509_reason());
	text_len = BIO_get_mem_data(bio, &text);
	if (c->n == 0)
		tbs_digest(der, len, c->tbs);
	c->pem[c->n] = arena_strndup(c->arena, text, (size_t) text_len);
	c->cert[c->n++] = TAKE(crt);
	return 0;
}

/* A label may be anybody's words: those of which something is known. */
static const char *block_kind(const struct x509_block *b)
{
	static const char *const known[] = {
		PEM_STRING_X509_REQ, PEM_STRING_X509_REQ_OLD,
		PEM_STRING_X509_CRL, PEM_STRING_X509_TRUSTED,
		PEM_STRING_PUBLIC,   PEM_STRING_PKCS7,
		PEM_STRING_DHPARAMS, PEM_STRING_ECPARAMETERS,
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(b->name, known[i]) == 0)
			return known[i];
	return "PEM";
}

static int add_block(struct x509_chain *c, const struct x509_block *b,
		     struct err *err)
{
	if (x509_block_is_key(b))
		return err_set(err, ERR_INPUT,
			       "there is a private key among the certificates");
	if (strcmp(b->name, PEM_STRING_X509) != 0 &&
	    strcmp(b->name, PEM_STRING_X509_OLD) != 0)
		return err_set(err, ERR_INPUT,
			       "there is another block (%s) among the "
			       "certificates",
			       block_kind(b));
	return chain_add(c, b->data, b->len, err);
}

static int add_pem(struct x509_chain *c, const void *pem, size_t len,
		   struct err *err)
{
	AUTO(x509_block_free) struct x509_block b = { .len = 0 };
	AUTO(x509_bio_auto) BIO *bio = NULL;
	int rc;

	if (len == 0)
		return 0;
	bio = BIO_new_mem_buf(pem, (int) len);
	if (!bio)
		return err_set(err, ERR_INTERNAL, "%s", x509_reason());
	while ((rc = x509_block_next(bio, &b, err)) == 1)
		if (add_block(c, &b, err))
			return -1;
	return rc;
}

static int64_t asn1_seconds(const ASN1_TIME *t, bool *ok)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm)) {
		*ok = false;
		return 0;
	}
	return (int64_t) timegm(&tm);
}

static int read_serial(struct x509_chain *c, struct err *err)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(c->cert[0]);
	BIGNUM *bn;
	char *hex;

	if (ASN1_STRING_length(serial) > X509_SERIAL_MAX)
		return err_set(err, ERR_LIMIT,
			       "the serial number is longer than %d bytes",
			       X509_SERIAL_MAX);
	bn = ASN1_INTEGER_to_BN(serial, NULL);
	hex = bn ? BN_bn2hex(bn) : NULL;
	c->serial = arena_strdup(c->arena, hex ? hex : "?");
	OPENSSL_free(hex);
	BN_free(bn);
	return 0;
}

static int read_names(struct x509_chain *c, struct err *err)
{
	GENERAL_NAMES *san;
	int crit = -1, rc = 0;

	/* No client takes the CN for a name any more (RFC 9525 section 2):
	 * it counts for nothing. */
	c->set.max = X509_CERT_NAMES_MAX;
	san = X509_get_ext_d2i(c->cert[0], NID_subject_alt_name, &crit, NULL);
	if (san)
		rc = x509_idset_san(&c->set, c->arena, san, err);
	else if (crit != -1)
		rc = err_set(err, ERR_INPUT,
			     "the certificate's alternative names cannot be "
			     "read");
	GENERAL_NAMES_free(san);
	c->ids = (struct x509_ids){ .v = c->set.v, .n = c->set.n };
	return rc;
}

/* Everything we say about the leaf, read once. */
static int read_leaf(struct x509_chain *c, struct err *err)
{
	X509 *leaf = c->cert[0];
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int md_len;
	bool ok = true;

	if (!key)
		return err_set(err, ERR_INPUT,
			       "the certificate's public key is damaged or of "
			       "an unknown kind: %s",
			       x509_reason());
	if (x509_key_describe(X509_get_X509_PUBKEY(leaf), key, &c->key, err))
		return -1;
	c->not_before = asn1_seconds(X509_get0_notBefore(leaf), &ok);
	c->not_after = asn1_seconds(X509_get0_notAfter(leaf), &ok);
	if (!ok)
		return err_set(err, ERR_INPUT,
			       "the certificate's dates cannot be read");
	if (!X509_digest(leaf, EVP_sha256(), md, &md_len))
		return err_set(err, ERR_INTERNAL, "fingerprint: %s",
			       x509_reason());
	enc_hex(md, md_len, c->fingerprint);
	c->issuer = x509_name_text(c->arena, X509_get_issuer_name(leaf));
	return read_serial(c, err) || read_names(c, err) ? -1 : 0;
}

static struct x509_chain *chain_new(void)
{
	struct x509_chain *c = mem_alloc(sizeof(*c));

	c->arena = arena_new();
	return c;
}

int x509_chain_parse2(const void *crt, size_t crt_len, const void *ca,
		      size_t ca_len, struct x509_chain **ret, struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *c = chain_new();

	/* Both columns: what is installed is read back from one file. */
	if (ca_len > X509_INPUT_MAX || crt_len > X509_INPUT_MAX - ca_len)
		return err_set(err, ERR_LIMIT,
			       "larger than %d bytes, which no certificate "
			       "chain is",
			       X509_INPUT_MAX);
	if (add_pem(c, crt, crt_len, err))
		return -1;
	if (c->n == 0)
		return err_set(err, ERR_INPUT,
			       "there is no certificate in it (-----BEGIN "
			       "CERTIFICATE-----)");
	if (add_pem(c, ca, ca_len, err))
		return -1;
	if (read_leaf(c, err))
		return -1;
	ERR_clear_error();
	*ret = TAKE(c);
	return 0;
}

int x509_chain_parse(const void *pem, size_t len, struct x509_chain **ret,
		     struct err *err)
{
	return x509_chain_parse2(pem, len, NULL, 0, ret, err);
}

int x509_chain_from_der(const unsigned char *const *der, const size_t *len,
			size_t n, struct x509_chain **ret, struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *c = chain_new();

	if (n == 0)
		return err_set(err, ERR_INPUT, "no certificate was sent");
	for (size_t i = 0; i < n; i++) {
		if (len[i] > X509_INPUT_MAX)
			return err_set(err, ERR_LIMIT,
				       "certificate %zu is larger than %d "
				       "bytes",
				       i + 1, X509_INPUT_MAX);
		if (chain_add(c, der[i], (long) len[i], err))
			return -1;
	}
	if (read_leaf(c, err))
		return -1;
	ERR_clear_error();
	*ret = TAKE(c);
	return 0;
}

/* --- links --- */

bool x509_chain_has_cn(const struct x509_chain *chain)
{
	return X509_NAME_get_index_by_NID(X509_get_subject_name(chain->cert[0]),
					  NID_commonName, -1) >= 0;
}

bool x509_chain_client_auth(const struct x509_chain *chain)
{
	uint32_t usage = X509_get_extended_key_usage(chain->cert[0]);

	ERR_clear_error();
	return usage & (XKU_SSL_CLIENT | XKU_ANYEKU);
}

bool x509_chain_is_ca(const struct x509_chain *chain)
{
	/* 3 is of version 1, which says nothing of itself. */
	int ca = X509_check_ca(chain->cert[0]);

	ERR_clear_error();
	return ca != 0 && ca != 3;
}

void x509_chain_cut(struct x509_chain *chain, size_t n)
{
	while (chain->n > n)
		X509_free(chain->cert[--chain->n]);
}

size_t x509_chain_linked(const struct x509_chain *chain)
{
	size_t n = 1;

	while (n < chain->n &&
	       x509_signed_by(chain->cert[n - 1], chain->cert[n]))
		n++;
	return n;
}

bool x509_signed_by(X509 *lower, X509 *upper)
{
	EVP_PKEY *key;
	bool yes;

	if (X509_NAME_cmp(X509_get_issuer_name(lower),
			  X509_get_subject_name(upper)) != 0)
		return false;
	key = X509_get0_pubkey(upper);
	yes = key && X509_verify(lower, key) == 1;
	ERR_clear_error();
	return yes;
}

/* A root at the end stands for an anchor, whose extensions do not matter (RFC
 * 5280 section 6.1): one of version 1 has none. It is not sent. */
static bool may_sign(const struct x509_chain *chain, size_t i)
{
	X509 *crt = chain->cert[i];
	bool yes = (i + 1 == chain->n && self_signed(crt)) ||
		   X509_check_ca(crt) == 1;

	ERR_clear_error();
	return yes;
}

int x509_chain_check_links(const struct x509_chain *chain, struct err *err)
{
	for (size_t i = 1; i < chain->n; i++) {
		X509 *lower = chain->cert[i - 1], *upper = chain->cert[i];
		const char *who = x509_name_text(chain->arena,
						 X509_get_subject_name(upper));

		if (X509_NAME_cmp(X509_get_issuer_name(lower),
				  X509_get_subject_name(upper)) != 0)
			return err_set(
				err, ERR_INPUT,
				"the chain is broken: certificate %zu "
				"was issued by \"%s\", but \"%s\" "
				"follows it",
				i,
				x509_name_text(chain->arena,
					       X509_get_issuer_name(lower)),
				who);
		if (!may_sign(chain, i))
			return err_set(err, ERR_INPUT,
				       "the chain is broken: certificate %zu "
				       "(\"%s\") is not that of a CA",
				       i + 1, who);
		if (!x509_signed_by(lower, upper))
			return err_set(err, ERR_INPUT,
				       "the chain is broken: certificate %zu "
				       "is not signed by the key of \"%s\"",
				       i, who);
	}
	return 0;
}
