/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "place.h"
#include "x509_impl.h"

/* SHA-1 signatures and keys under 112 bits are refused. */
#define TRUST_LEVEL 2
/* SHA-1 signatures: keys are as the CSR had them. */
#define ISSUED_LEVEL 1

struct x509_trust {
	X509_STORE *store;
	STACK_OF(X509) * beside; /* no anchors: their issuer is there, too */
	char *path;
	int level;
	X509_STORE_CTX_verify_cb forgive;
};

void x509_trust_free(struct x509_trust **trust)
{
	if (!*trust)
		return;
	X509_STORE_free((*trust)->store);
	sk_X509_pop_free((*trust)->beside, X509_free);
	free((*trust)->path);
	free(*trust);
	*trust = NULL;
}

/* An anchor that may not sign by its own key usage is found all the same;
 * whether that matters is decided later, where it is known to be one. */
static int issued(X509_STORE_CTX *ctx, X509 *lower, X509 *upper)
{
	int code = X509_check_issued(upper, lower);

	(void) ctx;
	return code == X509_V_OK || code == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

static void certs_auto(STACK_OF(X509) * *p)
{
	sk_X509_pop_free(*p, X509_free);
	*p = NULL;
}

/* How a certificate of the file got its place in it. */
enum standing { UNKNOWN, ANCHOR, BESIDE };

/* Is the issuer of I there, or may it be one whose place is not known yet?
 * UNKNOWN then. */
static enum standing standing_of(STACK_OF(X509) * all,
				 const enum standing *standings, int i)
{
	X509 *crt = sk_X509_value(all, i);
	enum standing place = ANCHOR;

	if (X509_NAME_cmp(X509_get_issuer_name(crt),
			  X509_get_subject_name(crt)) == 0)
		return ANCHOR;
	for (int k = 0; k < sk_X509_num(all); k++) {
		if (k == i || !x509_signed_by(crt, sk_X509_value(all, k)))
			continue;
		if (standings[k] != UNKNOWN)
			return BESIDE;
		place = UNKNOWN;
	}
	return place;
}

/* From the top down, a level in each round. Two that signed each other and
 * have nobody above them are never reached: both are anchors. */
static void sort_standings(STACK_OF(X509) * all, enum standing *standings)
{
	bool more = true;

	while (more) {
		more = false;
		for (int i = 0; i < sk_X509_num(all); i++) {
			if (standings[i] != UNKNOWN)
				continue;
			standings[i] = standing_of(all, standings, i);
			more = more || standings[i] != UNKNOWN;
		}
	}
}

static int share_out(struct x509_trust *t, STACK_OF(X509) * all)
{
	AUTO(arena_free) struct arena *a = arena_new();
	enum standing *standings = arena_array(a, (size_t) sk_X509_num(all) + 1,
					       sizeof(*standings));

	sort_standings(all, standings);
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *crt = sk_X509_value(all, i);

		if (standings[i] != BESIDE) {
			if (!X509_STORE_add_cert(t->store, crt))
				return -1;
		} else if (!X509_up_ref(crt)) {
			return -1;
		} else if (!sk_X509_push(t->beside, crt)) {
			X509_free(crt);
			return -1;
		}
	}
	return 0;
}

static void infos_auto(STACK_OF(X509_INFO) * *p)
{
	sk_X509_INFO_pop_free(*p, X509_INFO_free);
	*p = NULL;
}

static int load(struct x509_trust *t, const struct sbuf *pem)
{
	AUTO(x509_bio_auto)
	BIO *bio = BIO_new_mem_buf(sbuf_str(pem), (int) pem->len);
	AUTO(infos_auto) STACK_OF(X509_INFO) *infos = NULL;
	AUTO(certs_auto) STACK_OF(X509) *all = sk_X509_new_null();

	if (bio)
		infos = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	if (!infos || !all)
		return -1;
	for (int i = 0; i < sk_X509_INFO_num(infos); i++) {
		X509_INFO *info = sk_X509_INFO_value(infos, i);

		if (info->x509 && !sk_X509_push(all, info->x509))
			return -1;
		if (info->x509)
			info->x509 = NULL; /* all has it now */
	}
	return sk_X509_num(all) > 0 ? share_out(t, all) : -1;
}

/* Is CTX at the anchor above the chain? What is wrong with one that is its own
 * leaf, is wrong with the leaf. */
static bool at_anchor(X509_STORE_CTX *ctx)
{
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	return depth > 0 &&
	       depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1 &&
	       depth >= X509_STORE_CTX_get_num_untrusted(ctx);
}

static int forgive_anchor(int ok, X509_STORE_CTX *ctx)
{
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		return ok || at_anchor(ctx);
	default:
		return ok;
	}
}

int x509_trust_load(const char *path, struct x509_trust **ret, struct err *err)
{
	AUTO(x509_trust_free) struct x509_trust *t = mem_alloc(sizeof(*t));
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(PLACE_READ_MAX);
	int rc = place_read_path("", path, PLACE_TRUSTED, &pem, err);

	t->path = mem_strdup(path);
	t->level = TRUST_LEVEL;
	t->forgive = forgive_anchor;
	if (rc == 0)
		return err_set(err, ERR_CONFIG,
			       "trust anchors %s: there is no such file", path);
	if (rc == -1)
		return err_set(err, ERR_CONFIG, "trust anchors %s", err->msg);
	t->store = X509_STORE_new();
	t->beside = sk_X509_new_null();
	if (!t->store || !t->beside)
		return err_set(err, ERR_INTERNAL, "%s", x509_reason());
	X509_STORE_set_check_issued(t->store, issued);
	if (load(t, &pem) == -1)
		return err_set(err, ERR_CONFIG,
			       "trust anchors %s: no certificates in PEM form "
			       "can be read there (%s)",
			       path, x509_reason());
	ERR_clear_error();
	*ret = TAKE(t);
	return 0;
}

static int expired(X509 *crt, const char *who, bool not_yet, int64_t now,
		   struct err *err)
{
	const ASN1_TIME *t =
		not_yet ? X509_get0_notBefore(crt) : X509_get0_notAfter(crt);
	char text[CLOCK_TEXT] = "-", doubt[CLOCK_DOUBT];
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm))
		clock_text((int64_t) timegm(&tm), text);
	return err_set(err, ERR_INPUT,
		       not_yet ? "certificate \"%s\" is not valid before %s; %s"
			       : "certificate \"%s\" expired on %s; %s",
		       who, text, clock_doubt(now, doubt));
}

static bool lies_beside(const struct x509_trust *t, X509 *lower)
{
	for (int i = 0; i < sk_X509_num(t->beside); i++)
		if (x509_signed_by(lower, sk_X509_value(t->beside, i)))
			return true;
	return false;
}

static int missing(const struct x509_trust *t, const char *who,
		   const char *issuer, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "the chain lacks \"%s\", which issued \"%s\": that it "
		       "lies in %s beside its own issuer helps no client, they "
		       "get what the service sends; have it issued anew with "
		       "the whole chain, or add it to the row's column ca",
		       issuer, who, t->path);
}

/* OpenSSL's code in a person's words. */
static int explain(const struct x509_trust *t, X509_STORE_CTX *ctx, int64_t now,
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
			return expired(at, who, false, now, err);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (at)
			return expired(at, who, true, now, err);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		if (at && lies_beside(t, at))
			return missing(t, who, issuer, err);
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
		X509_VERIFY_PARAM_set_auth_level(param, t->level);
		/* Whatever the bundle holds is an anchor, an intermediate
		 * of a CA of one's own as well. */
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		X509_STORE_CTX_set_verify_cb(ctx, t->forgive);
		rc = X509_verify_cert(ctx) == 1 ? 0
						: explain(t, ctx, now, a, err);
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

/* The top of a chain stands in for an anchor that we do not know: of a root, or
 * of what is above the issuer, clients may have one that is better. */
static int forgive_top(int ok, X509_STORE_CTX *ctx)
{
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);

	if (ok || !at || !at_anchor(ctx) ||
	    (X509_STORE_CTX_get_error_depth(ctx) < 2 &&
	     X509_check_issued(at, at) != X509_V_OK))
		return ok;
	return X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED ||
	       forgive_anchor(ok, ctx);
}

int x509_chain_check_server(const struct x509_chain *chain, int64_t now,
			    struct err *err)
{
	X509 *top = x509_chain_cert(chain, x509_chain_len(chain) - 1);
	struct x509_trust t = { .store = X509_STORE_new(),
				.level = ISSUED_LEVEL,
				.forgive = forgive_top };
	int rc;

	if (!t.store || !X509_STORE_add_cert(t.store, top))
		rc = err_set(err, ERR_INTERNAL, "%s", x509_reason());
	else
		rc = x509_trust_verify(&t, chain, now, err);
	X509_STORE_free(t.store);
	return rc;
}

/* Is CRT an anchor, or signed by one? */
static bool anchored(X509_STORE_CTX *ctx, X509 *crt)
{
	AUTO(certs_auto)
	STACK_OF(X509) *same =
		X509_STORE_CTX_get1_certs(ctx, X509_get_subject_name(crt));
	AUTO(certs_auto)
	STACK_OF(X509) *above =
		X509_STORE_CTX_get1_certs(ctx, X509_get_issuer_name(crt));
	bool found = false;

	for (int i = 0; !found && i < sk_X509_num(same); i++)
		found = X509_cmp(sk_X509_value(same, i), crt) == 0;
	for (int i = 0; !found && i < sk_X509_num(above); i++)
		found = x509_signed_by(crt, sk_X509_value(above, i));
	return found;
}

bool x509_trust_trim(const struct x509_trust *trust, struct x509_chain *chain)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	size_t all = x509_chain_len(chain), n = all;

	if (ctx && X509_STORE_CTX_init(ctx, trust->store, NULL, NULL))
		while (n > 0 && !anchored(ctx, x509_chain_cert(chain, n - 1)))
			n--;
	if (n > 0)
		x509_chain_cut(chain, n);
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	return n > 0 && n < all;
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
