/* SPDX-License-Identifier: MIT */
#include "x509_impl.h"

/*
 * OpenSSL 3.0 computes while it reads a private key: g^x mod p of a DSA or DH
 * key, with no limit on p; the point of an EC key, in as many steps as the
 * cofactor of a curve that is spelled out has bits. A file of 240 KB holds its
 * reader for a day. So what a key is, is seen in its outer form alone, before;
 * and OpenSSL reads only those kinds that cost it milliseconds.
 *
 * The form is walked over in place: nothing of a secret is copied. What is not
 * DER in it (lengths left open) is refused, so that there are not two ways to
 * read it.
 */

#define KEY_DER_MAX 16384 /* bytes; RSA of 16384 bits has 9300 */
#define KEY_TOO_BIG "it is larger than 16384 bytes"
#define SPELLED_OUT "its curve is spelled out instead of named"

struct der {
	const unsigned char *p, *end;
};

struct item {
	int class, tag;
	struct der body;
};

/* 1, 0 at the end, -1 damaged. */
static int item_next(struct der *d, struct item *ret)
{
	const unsigned char *p = d->p;
	long len;
	int flags;

	if (p == d->end)
		return 0;
	flags = ASN1_get_object(&p, &len, &ret->tag, &ret->class, d->end - p);
	if (flags & 0x81) /* an error, or a length left open */
		return -1;
	ret->body = (struct der){ p, p + len };
	d->p = p + len;
	return 1;
}

static bool item_is(const struct item *i, int tag)
{
	return i->class == V_ASN1_UNIVERSAL && i->tag == tag;
}

/* What the SEQUENCE at DER holds. */
static bool sequence(const unsigned char *der, long len, struct der *ret)
{
	struct der all = { der, der + len };
	struct item i;

	if (item_next(&all, &i) != 1 || !item_is(&i, V_ASN1_SEQUENCE))
		return false;
	*ret = i.body;
	return true;
}

enum form { FORM_NONE, FORM_PKCS8, FORM_RSA, FORM_DSA, FORM_EC };

/* The label of a PEM block may lie, and DER has none. */
static enum form form_of(const unsigned char *der, long len)
{
	struct item i[3], more;
	struct der in;
	size_t n = 0;
	int rc;

	if (!sequence(der, len, &in))
		return FORM_NONE;
	while ((rc = item_next(&in, n < 3 ? &i[n] : &more)) == 1)
		n++;
	if (rc == -1 || n < 2 || !item_is(&i[0], V_ASN1_INTEGER))
		return FORM_NONE;
	if (item_is(&i[1], V_ASN1_OCTET_STRING))
		return FORM_EC; /* RFC 5915 */
	if (n < 3)
		return FORM_NONE;
	if (item_is(&i[1], V_ASN1_SEQUENCE) &&
	    item_is(&i[2], V_ASN1_OCTET_STRING))
		return FORM_PKCS8; /* RFC 5208 */
	if (!item_is(&i[1], V_ASN1_INTEGER) || !item_is(&i[2], V_ASN1_INTEGER))
		return FORM_NONE;
	if (n == 6)
		return FORM_DSA;	      /* OpenSSL's own */
	return n >= 9 ? FORM_RSA : FORM_NONE; /* RFC 8017 appendix A.1.2 */
}

bool x509_private_form(const unsigned char *der, long len)
{
	bool yes = form_of(der, len) != FORM_NONE;

	ERR_clear_error();
	return yes;
}

enum curve { CURVE_NONE, CURVE_NAMED, CURVE_ELSE };

/* What an ECPrivateKey says of its curve; of one with a name *ret is set, the
 * OBJECT IDENTIFIER as it is encoded. */
static enum curve curve_of(const unsigned char *der, long len, struct der *ret)
{
	enum curve curve = CURVE_NONE;
	struct item i, name;
	struct der in;
	int rc;

	if (!sequence(der, len, &in))
		return CURVE_ELSE;
	while ((rc = item_next(&in, &i)) == 1) {
		if (i.class != V_ASN1_CONTEXT_SPECIFIC || i.tag != 0)
			continue;
		*ret = i.body;
		if (item_next(&i.body, &name) != 1 ||
		    !item_is(&name, V_ASN1_OBJECT))
			return CURVE_ELSE;
		curve = CURVE_NAMED;
	}
	return rc == 0 ? curve : CURVE_ELSE;
}

const char *x509_private_fault(const PKCS8_PRIV_KEY_INFO *p8)
{
	const X509_ALGOR *alg = NULL;
	const unsigned char *der;
	const ASN1_OBJECT *oid;
	int type = V_ASN1_UNDEF, len;
	struct der name;

	if (i2d_PKCS8_PRIV_KEY_INFO(p8, NULL) > KEY_DER_MAX)
		return KEY_TOO_BIG;
	if (!PKCS8_pkey_get0(&oid, &der, &len, &alg, p8))
		return "it is damaged";
	switch (OBJ_obj2nid(oid)) {
	case NID_rsaEncryption:
	case NID_rsassaPss:
	case NID_ED25519:
	case NID_ED448:
		return NULL;
	case NID_X9_62_id_ecPublicKey:
		/* A curve inside takes the place of the one outside. */
		X509_ALGOR_get0(NULL, &type, NULL, alg);
		return type == V_ASN1_OBJECT &&
				       curve_of(der, len, &name) != CURVE_ELSE
			       ? NULL
			       : SPELLED_OUT;
	case NID_dsa:
		return "it is a DSA key";
	case NID_dhKeyAgreement:
	case NID_dhpublicnumber:
		return "it is a DH key";
	default:
		return "it is of a kind that servers do not use";
	}
}

/* --- the older forms, which have no algorithm in them --- */

static void p8_auto(PKCS8_PRIV_KEY_INFO **p)
{
	PKCS8_PRIV_KEY_INFO_free(*p);
	*p = NULL;
}

static PKCS8_PRIV_KEY_INFO *wrap(int nid, int type, void *param,
				 const unsigned char *der, int len)
{
	PKCS8_PRIV_KEY_INFO *p8 = PKCS8_PRIV_KEY_INFO_new();
	unsigned char *copy = OPENSSL_memdup(der, (size_t) len);

	if (p8 && copy &&
	    PKCS8_pkey_set0(p8, OBJ_nid2obj(nid), 0, type, param, copy, len))
		return p8;
	OPENSSL_clear_free(copy, (size_t) len);
	PKCS8_PRIV_KEY_INFO_free(p8);
	if (type == V_ASN1_OBJECT)
		ASN1_OBJECT_free(param);
	return NULL;
}

static PKCS8_PRIV_KEY_INFO *wrap_ec(const unsigned char *der, int len,
				    const char **ret_fault)
{
	ASN1_OBJECT *oid;
	struct der name;

	switch (curve_of(der, len, &name)) {
	case CURVE_NONE:
		*ret_fault = "its curve is not named";
		return NULL;
	case CURVE_ELSE:
		*ret_fault = SPELLED_OUT;
		return NULL;
	default:
		break;
	}
	oid = d2i_ASN1_OBJECT(NULL, &name.p, name.end - name.p);
	return oid ? wrap(NID_X9_62_id_ecPublicKey, V_ASN1_OBJECT, oid, der,
			  len)
		   : NULL;
}

/* NULL: *ret_fault says what there is against it, or is left NULL when OpenSSL
 * knows more. */
static PKCS8_PRIV_KEY_INFO *p8_of(const unsigned char *der, int len,
				  const char **ret_fault)
{
	const unsigned char *p = der;

	switch (form_of(der, len)) {
	case FORM_PKCS8:
		return d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);
	case FORM_RSA:
		return wrap(NID_rsaEncryption, V_ASN1_NULL, NULL, der, len);
	case FORM_EC:
		return wrap_ec(der, len, ret_fault);
	case FORM_DSA:
		*ret_fault = "it is a DSA key";
		return NULL;
	default:
		*ret_fault = "it has none of the forms of such keys";
		return NULL;
	}
}

EVP_PKEY *x509_private_read(const unsigned char *der, long len,
			    const char **ret_fault)
{
	AUTO(p8_auto) PKCS8_PRIV_KEY_INFO *p8 = NULL;
	const char *fault = NULL;

	if (len > KEY_DER_MAX)
		fault = KEY_TOO_BIG;
	else
		p8 = p8_of(der, (int) len, &fault);
	if (p8)
		fault = x509_private_fault(p8);
	*ret_fault = fault;
	if (fault)
		ERR_clear_error();
	return p8 && !fault ? EVP_PKCS82PKEY(p8) : NULL;
}
