/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <openssl/err.h>
#include "look_tls.h"
#include "plain.h"

/* Signatures that only a key of this type can make. In TLS 1.3 those of PKCS
 * #1 are for the certificates above only (RFC 8446 section 4.2.3), and in TLS
 * 1.2 the ciphers decide: so a server that looks at its whole chain still
 * finds an RSA intermediate above its EC certificate good. */
#define PKCS1 "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:RSA+SHA1"
static const char sigalgs_rsa[] = "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
				  "rsa_pss_rsae_sha512:" PKCS1;
static const char sigalgs_ec[] =
	"ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:"
	"ed25519:ed448:ECDSA+SHA1:" PKCS1;

void look_tls_free(SSL **ssl)
{
	SSL_free(*ssl);
	*ssl = NULL;
}

/* Called when the server asks for a certificate of ours, after it has signed,
 * if it does: that is remembered, and none is sent. */
static int asked(SSL *ssl, void *arg)
{
	static char yes;

	SSL_set_app_data(ssl, &yes);
	return 1;
}

/* One context for the whole run; it ends with the program. */
static SSL_CTX *context(void)
{
	static SSL_CTX *ctx;

	if (ctx)
		return ctx;
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		return NULL;
	(void) SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	(void) SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_max_cert_list(ctx, 256L * 1024);
	SSL_CTX_set_cert_cb(ctx, asked, NULL);
	return ctx;
}

SSL *look_tls_new(const char *sni, const char *key_type)
{
	AUTO(look_tls_free) SSL *ssl = NULL;
	bool ec = key_type && strcmp(key_type, "ec") == 0;

	if (context())
		ssl = SSL_new(context());
	if (!ssl || (sni && SSL_set_tlsext_host_name(ssl, sni) != 1))
		return NULL;
	if (key_type &&
	    (SSL_set1_sigalgs_list(ssl, ec ? sigalgs_ec : sigalgs_rsa) != 1 ||
	     SSL_set_cipher_list(ssl, ec ? "aECDSA:@SECLEVEL=0"
					 : "aRSA:!eNULL:@SECLEVEL=0") != 1))
		return NULL;
	SSL_set_connect_state(ssl);
	return TAKE(ssl);
}

int look_tls_signed_only(SSL *ssl, const char *key_type)
{
	const char *list = "DEFAULT:!kRSA:!kRSAPSK:@SECLEVEL=0";

	if (key_type)
		list = strcmp(key_type, "ec") == 0
			       ? "aECDSA:@SECLEVEL=0"
			       : "aRSA:!eNULL:!kRSA:!kRSAPSK:@SECLEVEL=0";
	return SSL_set_cipher_list(ssl, list) == 1 ? 0 : -1;
}

bool look_tls_static_rsa(SSL *ssl)
{
	/* The one agreed on in this handshake, or, once that is over, the one
	 * in use. */
	const SSL_CIPHER *c = SSL_get_pending_cipher(ssl);
	int kx;

	if (!c)
		c = SSL_get_current_cipher(ssl);
	kx = c ? SSL_CIPHER_get_kx_nid(c) : NID_undef;
	return kx == NID_kx_rsa || kx == NID_kx_rsa_psk;
}

bool look_tls_proven(SSL *ssl)
{
	return SSL_get_peer_cert_chain(ssl) &&
	       (SSL_is_init_finished(ssl) ||
		(SSL_get_app_data(ssl) && !look_tls_static_rsa(ssl)));
}

bool look_tls_unproven(SSL *ssl)
{
	return SSL_get_peer_cert_chain(ssl) && !SSL_is_init_finished(ssl) &&
	       SSL_get_app_data(ssl) && look_tls_static_rsa(ssl);
}

static void print_name(const X509_NAME *name, char *ret, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	int n = 0;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(b, ret, (int) size - 1);
	ret[n > 0 ? n : 0] = '\0';
	BIO_free(b);
	plain_ascii(ret);
}

static void set_names(const X509 *leaf, const struct x509_chain *chain,
		      struct verify_seen *ret)
{
	const struct x509_ids *ids = x509_chain_ids(chain);

	print_name(X509_get_issuer_name(leaf), ret->issuer,
		   sizeof(ret->issuer));
	if (ids->n > 0)
		snprintf(ret->name, sizeof(ret->name), "%s", ids->v[0].value);
	else
		print_name(X509_get_subject_name(leaf), ret->name,
			   sizeof(ret->name));
}

int look_tls_shown(SSL *ssl, struct verify_seen *ret)
{
	STACK_OF(X509) *certs = SSL_get_peer_cert_chain(ssl);
	unsigned char *der[X509_CHAIN_MAX + 1] = { NULL };
	size_t len[X509_CHAIN_MAX + 1], count = 0;
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	struct err err = ERR_INIT;
	int n = certs ? sk_X509_num(certs) : 0, status = -1;

	if (n < 1 || n > X509_CHAIN_MAX) {
		snprintf(ret->why, sizeof(ret->why),
			 "%d certificates were shown", n);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int l = i2d_X509(sk_X509_value(certs, i), &der[count]);

		if (l > 0)
			len[count++] = (size_t) l;
	}
	if (x509_chain_from_der((const unsigned char *const *) der, len, count,
				&chain, &err) == 0) {
		snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s",
			 x509_chain_fingerprint(chain));
		snprintf(ret->serial, sizeof(ret->serial), "%s",
			 x509_chain_serial(chain));
		seen_chain_digest(chain, ret->chain);
		set_names(sk_X509_value(certs, 0), chain, ret);
		ret->not_before = x509_chain_not_before(chain);
		ret->not_after = x509_chain_not_after(chain);
		ret->depth = x509_chain_len(chain);
		status = 0;
	} else {
		seen_why(ret, &err);
	}
	for (size_t i = 0; i < count; i++)
		OPENSSL_free(der[i]);
	return status;
}

void look_tls_reason(const char *none, char ret[LOOK_TLS_REASON])
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);
	/* The peer's alert, which names the kind of fault and no more. */
	bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL &&
		     ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET;

	snprintf(ret, LOOK_TLS_REASON, "%.150s%s", reason ? reason : none,
		 alert ? ", its log tells why" : "");
}

void look_tls_why(SSL *ssl, struct verify_seen *ret)
{
	char reason[LOOK_TLS_REASON];

	if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE) {
		seen_unknown(ret, "OpenSSL: no memory");
		return;
	}
	look_tls_reason("the connection was closed", reason);
	ret->unproven = look_tls_unproven(ssl);
	snprintf(ret->why, sizeof(ret->why),
		 ret->unproven ? "with static RSA only a finished handshake "
				 "proves it, and without a certificate of ours "
				 "it ends: %s"
			       : "TLS handshake failed: %s",
		 reason);
}
