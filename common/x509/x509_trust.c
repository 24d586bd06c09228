/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "x509_impl.h"

/* SHA-1 signatures and keys under 112 bits are refused. */
#define TRUST_LEVEL 2

struct x509_trust {
	X509_STORE *store;
	char *path;
};

void x509_trust_free(struct x509_trust **trust)
{
	if (!*trust)
		return;
	X509_STORE_free((*trust)->store);
	free((*trust)->path);
	free(*trust);
	*trust = NULL;
}

int x509_trust_load(const char *path, struct x509_trust **ret, struct err *err)
{
	AUTO(x509_trust_free) struct x509_trust *t = mem_alloc(sizeof(*t));

	t->path = mem_strdup(path);
	t->store = X509_STORE_new();
	if (!t->store)
		return err_set(err, ERR_INTERNAL, "%s", x509_reason());
	if (access(path, R_OK) == -1)
		return err_errno(err, ERR_CONFIG, "trust anchors %s", path);
	if (!X509_STORE_load_file(t->store, path))
		return err_set(err, ERR_CONFIG,
			       "trust anchors %s: no certificates in PEM form "
			       "can be read there (%s)",
			       path, x509_reason());
	ERR_clear_error();
	*ret = TAKE(t);
	return 0;
}

static int expired(X509 *crt, const char *who, bool not_yet, struct err *err)
{
	const ASN1_TIME *t =
		not_yet ? X509_get0_notBefore(crt) : X509_get0_notAfter(crt);
	char text[CLOCK_TEXT] = "-";
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm))
		clock_text((int64_t) timegm(&tm), text);
	return err_set(err, ERR_INPUT,
		       not_yet ? "certificate \"%s\" is not valid before %s"
			       : "certificate \"%s\" expired on %s",
		       who, text);
}

/* OpenSSL's code in a person's words. */
static int explain(const struct x509_trust *t, X509_STORE_CTX *ctx,
		   struct arena *a, struct err *err)
{
	int code = X509_STORE_CTX_get_error(ctx);
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	const char *who = "?", *issuer = "?";

	if (at) {
		who = x509_name_text(a, X509_get_subject_name(at));
		issuer = x509_name_text(a, X509_get_issuer_name(at));
	}
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		if (at)
			return expired(at, who, false, err);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (at)
			return expired(at, who, true, err);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return err_set(err, ERR_INPUT,
			       "issuer \"%s\" of certificate \"%s\" is not "
			       "trusted by %s, and no certificate of the chain "
			       "leads there",
			       issuer, who, t->path);
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return err_set(err, ERR_INPUT,
			       "self-signed certificate \"%s\" is not trusted "
			       "by %s",
			       who, t->path);
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return err_set(err, ERR_INPUT,
			       "the signature of certificate \"%s\" is wrong",
			       who);
	case X509_V_ERR_INVALID_PURPOSE:
		return err_set(err, ERR_INPUT,
			       "certificate \"%s\" is not meant for TLS "
			       "servers, or its issuer not for signing them",
			       who);
	default:
		break;
	}
	return err_set(err, ERR_INPUT, "certificate \"%s\": %s", who,
		       X509_verify_cert_error_string(code));
}

static int verify(const struct x509_trust *t, const struct x509_chain *chain,
		  STACK_OF(X509) * above, int64_t now, struct err *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	struct arena *a = arena_new();
	X509_VERIFY_PARAM *param;
	int rc;

	if (!ctx ||
	    !X509_STORE_CTX_init(ctx, t->store, x509_chain_cert(chain, 0),
				 above) ||
	    !X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER)) {
		rc = err_set(err, ERR_INTERNAL, "%s", x509_reason());
	} else {
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t) now);
		X509_VERIFY_PARAM_set_auth_level(param, TRUST_LEVEL);
		/* Whatever the bundle holds is an anchor, an intermediate
		 * of a CA of one's own as well. */
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		rc = X509_verify_cert(ctx) == 1 ? 0 : explain(t, ctx, a, err);
	}
	ERR_clear_error();
	arena_free(&a);
	X509_STORE_CTX_free(ctx);
	return rc;
}

int x509_trust_verify(const struct x509_trust *trust,
		      const struct x509_chain *chain, int64_t now,
		      struct err *err)
{
	STACK_OF(X509) *above = sk_X509_new_null();
	int rc;

	for (size_t i = 1; above && i < x509_chain_len(chain); i++)
		if (!sk_X509_push(above, x509_chain_cert(chain, i))) {
			sk_X509_free(above);
			above = NULL;
		}
	if (!above)
		return err_set(err, ERR_INTERNAL, "%s", x509_reason());
	rc = verify(trust, chain, above, now, err);
	sk_X509_free(above);
	return rc;
}

static int add_issuer(X509_STORE_CTX *ctx, X509 *last, struct sbuf *ret)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	AUTO(x509_crt_auto) X509 *issuer = NULL;
	char *p;
	long len;

	if (!bio || X509_STORE_CTX_get1_issuer(&issuer, ctx, last) != 1 ||
	    X509_verify(last, X509_get0_pubkey(issuer)) != 1 ||
	    !PEM_write_bio_X509(bio, issuer))
		return -1;
	len = BIO_get_mem_data(bio, &p);
	sbuf_add(ret, p, (size_t) len);
	return 0;
}

int x509_trust_root(const struct x509_trust *trust,
		    const struct x509_chain *chain, struct sbuf *ret,
		    struct err *err)
{
	X509 *last = x509_chain_cert(chain, x509_chain_len(chain) - 1);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = 0;

	if (!ctx || !X509_STORE_CTX_init(ctx, trust->store, last, NULL) ||
	    add_issuer(ctx, last, ret) == -1)
		rc = err_set(err, ERR_INPUT,
			     "the root certificate is neither in the store's "
			     "chain nor in %s",
			     trust->path);
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	return rc;
}
