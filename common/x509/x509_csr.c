/* SPDX-License-Identifier: MIT */
#include "x509_form.h"

#define NEW_KEY "a new key and its request are made by: " X509_FORM_NEW
#define CN_MAX	64 /* RFC 5280 appendix A.1, ub-common-name */

struct x509_csr {
	struct arena *arena;
	X509_REQ *req;
	EVP_PKEY *pkey; /* of req */
	struct x509_idset set;
	struct x509_ids ids;
	struct x509_key_info key;
	const char *pem;
	const unsigned char *der;
	size_t der_len;
	bool must_staple, has_san, cn_alone, client_auth;
};

void x509_csr_free(struct x509_csr **csr)
{
	if (!*csr)
		return;
	X509_REQ_free((*csr)->req);
	free((*csr)->set.v);
	arena_free(&(*csr)->arena);
	free(*csr);
	*csr = NULL;
}

const struct x509_ids *x509_csr_ids(const struct x509_csr *csr)
{
	return &csr->ids;
}

bool x509_csr_has_san(const struct x509_csr *csr)
{
	return csr->has_san;
}

const char *x509_csr_cn_alone(const struct x509_csr *csr)
{
	return csr->cn_alone ? csr->ids.v[0].value : NULL;
}

bool x509_csr_has_cn(const struct x509_csr *csr)
{
	return X509_NAME_get_index_by_NID(X509_REQ_get_subject_name(csr->req),
					  NID_commonName, -1) >= 0;
}

bool x509_csr_client_auth(const struct x509_csr *csr)
{
	return csr->client_auth;
}

const char *x509_csr_unicode(const struct x509_csr *csr)
{
	return csr->set.unicode;
}

const struct x509_key_info *x509_csr_key(const struct x509_csr *csr)
{
	return &csr->key;
}

const char *x509_csr_pem(const struct x509_csr *csr)
{
	return csr->pem;
}

void x509_csr_der(const struct x509_csr *csr, const unsigned char **ret,
		  size_t *ret_len)
{
	*ret = csr->der;
	*ret_len = csr->der_len;
}

EVP_PKEY *x509_csr_pkey(const struct x509_csr *csr)
{
	return csr->pkey;
}

bool x509_csr_same_key(const struct x509_csr *a, const struct x509_csr *b)
{
	bool same = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

	ERR_clear_error();
	return same;
}

/* --- parsing --- */

static int req_from_der(const unsigned char *der, long len, X509_REQ **ret,
			struct err *err)
{
	const unsigned char *p = der;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, len);

	if (!req)
		return err_set(err, ERR_INPUT,
			       "this is not a certificate signing request: %s",
			       x509_reason());
	if (p != der + len) {
		X509_REQ_free(req);
		return err_set(err, ERR_INPUT,
			       "there is something after the certificate "
			       "signing request");
	}
	*ret = req;
	return 0;
}

/* Key parameters, for example, may stand beside it. */
static bool is_beside(const struct x509_block *b)
{
	return !x509_block_is_key(b) && strcmp(b->name, PEM_STRING_X509) != 0 &&
	       strcmp(b->name, PEM_STRING_X509_TRUSTED) != 0;
}

static int req_from_block(const struct x509_block *b, X509_REQ **req,
			  struct err *err)
{
	if (strcmp(b->name, PEM_STRING_X509_REQ) != 0 &&
	    strcmp(b->name, PEM_STRING_X509_REQ_OLD) != 0)
		return is_beside(b) ? 0 : x509_form_label(b->name, err);
	if (*req)
		return err_set(err, ERR_INPUT,
			       "there are two certificate signing requests in "
			       "it, bring them one by one");
	return req_from_der(b->data, b->len, req, err);
}

static int req_from_blocks(const struct sbuf *text, X509_REQ **req,
			   struct err *err)
{
	AUTO(x509_block_free) struct x509_block b = { .len = 0 };
	AUTO(x509_bio_auto) BIO *bio = NULL;
	AUTO(mem_free_str) char *label = NULL;
	int rc;

	bio = BIO_new_mem_buf(sbuf_str(text), (int) text->len);
	if (!bio)
		return err_set(err, ERR_INTERNAL, "%s", x509_reason());
	while ((rc = x509_block_next(bio, &b, err)) == 1) {
		if (!label)
			label = mem_strdup(b.name);
		if (req_from_block(&b, req, err))
			return -1;
	}
	if (rc == 0 && *req)
		return 0;
	if ((rc == -1 || !label) &&
	    x509_form_mangled(sbuf_str(text), text->len, err) == -1)
		return -1;
	return rc == -1 ? -1 : x509_form_label(label, err);
}

static int req_from_pem(const void *data, size_t len, X509_REQ **req,
			struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(X509_INPUT_MAX);

	x509_form_lines(data, len, &text);
	return req_from_blocks(&text, req, err);
}

/* The requested extensions, exactly one set of them at most: readers differ
 * in which of several they take. */
static int req_extensions(X509_REQ *req, STACK_OF(X509_EXTENSION) * *ret,
			  struct err *err)
{
	static const int nids[] = { NID_ext_req, NID_ms_ext_req };
	int seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(nids); i++) {
		int at = -1;

		while ((at = X509_REQ_get_attr_by_NID(req, nids[i], at)) >= 0)
			seen++;
	}
	if (seen == 0)
		return 0;
	if (seen > 1)
		return err_set(err, ERR_INPUT,
			       "the request asks for two sets of extensions");
	*ret = X509_REQ_get_extensions(req);
	if (!*ret)
		return err_set(err, ERR_INPUT,
			       "the requested extensions cannot be read: %s",
			       x509_reason());
	return 0;
}

/* What cannot be read asks for nothing: the CA ignores it or says more. */
static bool wants_client_auth(const STACK_OF(X509_EXTENSION) * exts)
{
	EXTENDED_KEY_USAGE *eku =
		X509V3_get_d2i(exts, NID_ext_key_usage, NULL, NULL);
	bool wants = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
		wants |= OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i)) ==
			 NID_client_auth;
	sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
	ERR_clear_error();
	return wants;
}

static int read_extensions(struct x509_csr *csr,
			   const STACK_OF(X509_EXTENSION) * exts,
			   struct err *err)
{
	GENERAL_NAMES *san;
	int crit = -1, rc;

	csr->must_staple = X509v3_get_ext_by_NID(exts, NID_tlsfeature, -1) >= 0;
	csr->client_auth = wants_client_auth(exts);
	san = X509V3_get_d2i(exts, NID_subject_alt_name, &crit, NULL);
	if (!san) {
		ERR_clear_error();
		if (crit == -1)
			return 0; /* none */
		return err_set(err, ERR_INPUT,
			       crit == -2 ? "the request has two sets of "
					    "alternative names"
					  : "the alternative names cannot be "
					    "read");
	}
	csr->has_san = true;
	csr->cn_alone = csr->set.n > 0;
	rc = x509_idset_san(&csr->set, csr->arena, san, err);
	csr->cn_alone = csr->cn_alone && !csr->set.first_again;
	GENERAL_NAMES_free(san);
	return rc;
}

static int read_names(struct x509_csr *csr, struct err *err)
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	int rc;

	csr->set.max = X509_NAMES_MAX;
	if (x509_idset_subject(&csr->set, csr->arena,
			       X509_REQ_get_subject_name(csr->req), err))
		return -1;
	if (req_extensions(csr->req, &exts, err))
		return -1;
	rc = exts ? read_extensions(csr, exts, err) : 0;
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	csr->ids = (struct x509_ids){ .v = csr->set.v, .n = csr->set.n };
	return rc;
}

static int encode(struct x509_csr *csr, struct err *err)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *p;
	int len = i2d_X509_REQ(csr->req, &der);
	long pem_len;

	if (len <= 0 || !bio || !PEM_write_bio_X509_REQ(bio, csr->req)) {
		OPENSSL_free(der);
		return err_set(err, ERR_INPUT,
			       "the request cannot be encoded again: %s",
			       x509_reason());
	}
	csr->der = arena_dup(csr->arena, der, (size_t) len);
	csr->der_len = (size_t) len;
	OPENSSL_free(der);
	pem_len = BIO_get_mem_data(bio, &p);
	csr->pem = arena_strndup(csr->arena, p, (size_t) pem_len);
	if (pem_len >= X509_INPUT_MAX)
		return err_set(err, ERR_LIMIT, "the request is too large");
	return 0;
}

static bool is_pem(const void *data, size_t len)
{
	return memmem(data, len, "-----BEGIN ", 11);
}

static int req_read(const void *data, size_t len, X509_REQ **ret,
		    struct err *err)
{
	const unsigned char *p = data;

	if (len == 0)
		return err_set(err, ERR_INPUT, "it is empty");
	if (len > X509_INPUT_MAX)
		return err_set(err, ERR_LIMIT,
			       "it is larger than %d bytes, which no "
			       "certificate signing request is",
			       X509_INPUT_MAX);
	if (x509_form_utf16(data, len))
		return err_set(err, ERR_INPUT,
			       "it is UTF-16, as Notepad and PowerShell write "
			       "it; make plain text of it: iconv -f UTF-16 -t "
			       "ASCII FILE > NAME.csr");
	if (is_pem(data, len))
		return req_from_pem(data, len, ret, err);
	if (p[0] != 0x30)
		return x509_form_else(data, len, err);
	if (req_from_der(p, (long) len, ret, err) == 0)
		return 0;
	(void) x509_form_der(p, len, err);
	return -1;
}

int x509_csr_parse(const void *data, size_t len, struct x509_csr **ret,
		   struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = mem_alloc(sizeof(*csr));

	csr->arena = arena_new();
	if (req_read(data, len, &csr->req, err))
		return -1;
	csr->pkey = X509_REQ_get0_pubkey(csr->req);
	if (!csr->pkey)
		return err_set(err, ERR_INPUT,
			       "its public key is damaged or of an unknown "
			       "kind: %s",
			       x509_reason());
	if (x509_key_describe(X509_REQ_get_X509_PUBKEY(csr->req), csr->pkey,
			      &csr->key, err) ||
	    read_names(csr, err) || encode(csr, err))
		return -1;
	ERR_clear_error();
	*ret = TAKE(csr);
	return 0;
}

/* --- checking --- */

/* What Boulder's map of signature algorithms leaves out, too. */
static int check_digest(const struct x509_csr *csr, bool any_key,
			struct err *err)
{
	int sig = X509_REQ_get_signature_nid(csr->req);
	int md = NID_undef, pk = NID_undef;

	if (sig == NID_rsassaPss)
		return err_set(err, ERR_INPUT,
			       "the request is signed with RSA-PSS, which CAs "
			       "do not accept: sign it with PKCS#1 v1.5 and "
			       "SHA-256; of an RSA key: " X509_FORM_REQ);
	if (!OBJ_find_sigid_algs(sig, &md, &pk))
		return err_set(err, ERR_INPUT,
			       "the request is signed by an unknown "
			       "algorithm");
	if (md == NID_sha256 || md == NID_sha384 || md == NID_sha512)
		return 0;
	if (md == NID_undef && any_key)
		return 0; /* Ed25519 and Ed448 bring their own */
	if (md == NID_undef)
		return err_set(err, ERR_INPUT,
			       "the key is %s: public CAs accept RSA, EC "
			       "P-256 and EC P-384 only (one of your own may "
			       "take more: any_key); " NEW_KEY,
			       csr->key.text);
	return err_set(err, ERR_INPUT,
		       "the request is signed with %s, which no CA accepts: "
		       "make it again with SHA-256: " X509_FORM_REQ " -sha256",
		       OBJ_nid2sn(md));
}

static int check_id(const struct x509_id *id,
		    const struct x509_csr_policy *policy, struct err *err)
{
	const char *fault;

	if (id->type == X509_ID_IP) {
		if (policy->allow_ip)
			return 0;
		return err_set(err, ERR_INPUT,
			       "it asks for the address %s, and this CA is "
			       "not configured for addresses (allow_ip)",
			       id->value);
	}
	fault = x509_dns_name_fault(id->value, policy->allow_single);
	if (fault)
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no name for a certificate: %s",
			       id->value, fault);
	return 0;
}

static int check_names(const struct x509_csr *csr,
		       const struct x509_csr_policy *policy, struct err *err)
{
	if (csr->set.bad.kind != ERR_NONE) {
		if (err)
			*err = csr->set.bad;
		return -1;
	}
	if (csr->ids.n == 0)
		return err_set(err, ERR_INPUT,
			       "there is no name in it: put the names into "
			       "subjectAltName: " X509_FORM_REQ);
	if (csr->set.cn_len > CN_MAX)
		return err_set(err, ERR_INPUT,
			       "the common name is longer than %d characters: "
			       "leave it out, subjectAltName is enough",
			       CN_MAX);
	for (size_t i = 0; i < csr->ids.n; i++)
		if (check_id(&csr->ids.v[i], policy, err))
			return -1;
	return 0;
}

int x509_csr_check(const struct x509_csr *csr,
		   const struct x509_csr_policy *policy, struct err *err)
{
	const char *fault;

	if (check_digest(csr, policy->any_key, err))
		return -1;
	fault = x509_key_fault(csr->pkey, &csr->key, policy->any_key);
	if (fault)
		return err_set(err, ERR_INPUT, "the key is %s: %s; " NEW_KEY,
			       csr->key.text, fault);
	if (!policy->verified && X509_REQ_verify(csr->req, csr->pkey) != 1)
		return err_set(err, ERR_INPUT,
			       "its signature is wrong: it was changed after "
			       "it was signed, or signed by another key; make "
			       "another one: " X509_FORM_REQ);
	ERR_clear_error();
	if (csr->must_staple)
		return err_set(
			err, ERR_INPUT,
			"it asks for must-staple (tlsfeature), which "
			"CAs refuse: make it again without: " X509_FORM_REQ);
	return check_names(csr, policy, err);
}
