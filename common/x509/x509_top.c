/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include "x509_impl.h"
#include "x509_top.h"

/* Of a DN: blanks, which openssl puts or not, and quotes, which we change. */
#define DN_SKIP " \"'\\"

static const char *dn(struct arena *a, const X509_NAME *name,
		      unsigned long flags)
{
	AUTO(x509_bio_auto) BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0)
		n = BIO_get_mem_data(bio, &p);
	ERR_clear_error();
	return n > 0 ? x509_clean_text(a, (const unsigned char *) p, (size_t) n)
		     : "";
}

void x509_top_of(const struct x509_chain *chain, struct arena *arena,
		 struct x509_top *ret)
{
	size_t i = x509_chain_len(chain) - 1;
	X509 *top = x509_chain_cert(chain, i);
	const X509_NAME *issuer;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n;

	if (i > 0 && X509_self_signed(top, 0) == 1)
		top = x509_chain_cert(chain, --i);
	issuer = X509_get_issuer_name(top);
	*ret = (struct x509_top){
		.issuer = arena_strndup(arena, x509_name_text(arena, issuer),
					X509_TOP_ISSUER),
		.dn = { dn(arena, issuer, XN_FLAG_RFC2253),
			dn(arena, issuer, XN_FLAG_ONELINE) },
	};
	if (i > 0 && X509_digest(top, EVP_sha256(), md, &n))
		enc_hex(md, n, ret->sha256);
	ERR_clear_error();
}

/* Alike, but for case and the characters of SKIP. */
static bool alike(const char *a, const char *b, const char *skip)
{
	do {
		a += strspn(a, skip);
		b += strspn(b, skip);
		if (tolower((unsigned char) *a) != tolower((unsigned char) *b))
			return false;
		b++;
	} while (*a++);
	return true;
}

bool x509_top_is(const struct x509_top *top, const char *text)
{
	if (!text[strspn(text, DN_SKIP ":")])
		return false;
	return alike(top->issuer, text, DN_SKIP) ||
	       alike(top->dn[0], text, DN_SKIP) ||
	       alike(top->dn[1], text, DN_SKIP) ||
	       alike(top->sha256, text, " :");
}
