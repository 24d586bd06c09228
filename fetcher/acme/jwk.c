/* SPDX-License-Identifier: MIT */
#include "jwk.h"
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>
#include "enc.h"
#include "plain.h"

#define NUMBERS_MAX 8

/* What is read from; the text of its secrets is erased at the end. */
struct jwk {
	json_t *doc;
	const char *where;
	OSSL_PARAM_BLD *bld;
	BIGNUM *numbers[NUMBERS_MAX]; /* live as long as bld */
	size_t n;
};

static void erase(json_t *doc)
{
	const char *key;
	json_t *value;

	json_object_foreach(doc, key, value)
	{
		if (json_is_string(value))
			mem_erase((char *) json_string_value(value),
				  json_string_length(value));
	}
}

static void jwk_free(struct jwk *j)
{
	erase(j->doc);
	json_decref(j->doc);
	OSSL_PARAM_BLD_free(j->bld);
	for (size_t i = 0; i < j->n; i++)
		BN_clear_free(j->numbers[i]);
}

static const char *text_of(const struct jwk *j, const char *name)
{
	return json_string_value(json_object_get(j->doc, name));
}

/* The number NAME, of at most MOST bytes, added to RET. */
static int octets(const struct jwk *j, const char *name, size_t most,
		  struct sbuf *ret, struct err *err)
{
	const json_t *value = json_object_get(j->doc, name);
	struct err why = ERR_INIT;
	size_t start = ret->len;

	if (!json_is_string(value))
		return err_set(err, ERR_CONFIG,
			       "%s: a JSON Web Key whose number \"%s\" is "
			       "missing: is it a private key, and whole?",
			       j->where, name);
	if (json_string_length(value) > (most + 2) / 3 * 4)
		return err_set(err, ERR_CONFIG,
			       "%s: the number \"%s\" is too long for this "
			       "kind of key",
			       j->where, name);
	if (enc_b64_any_decode(json_string_value(value),
			       json_string_length(value), ret, &why) == -1)
		return err_set(err, ERR_CONFIG, "%s: the number \"%s\" %s",
			       j->where, name, why.msg);
	if (ret->len - start > most || ret->len == start)
		return err_set(err, ERR_CONFIG,
			       "%s: the number \"%s\" has %zu bytes, at most "
			       "%zu are possible",
			       j->where, name, ret->len - start, most);
	return 0;
}

static int push(struct jwk *j, const char *name, const char *param, size_t most,
		struct err *err)
{
	AUTO(sbuf_erase) struct sbuf bytes = SBUF_INIT(JWK_NUMBER_MAX + 8);
	BIGNUM *bn;

	if (octets(j, name, most, &bytes, err) == -1)
		return -1;
	bn = BN_bin2bn((const unsigned char *) bytes.buf, (int) bytes.len,
		       NULL);
	if (!bn)
		mem_exhausted();
	j->numbers[j->n++] = bn;
	if (OSSL_PARAM_BLD_push_BN(j->bld, param, bn) != 1)
		mem_exhausted();
	return 0;
}

static int make(struct jwk *j, const char *type, EVP_PKEY **ret,
		struct err *err)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(j->bld), *p;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		(void) EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(ctx);
	for (p = params; p && p->key; p++)
		mem_erase(p->data, p->data_size);
	OSSL_PARAM_free(params);
	if (!pkey) {
		ERR_clear_error();
		return err_set(err, ERR_CONFIG,
			       "%s: its numbers are not those of a key",
			       j->where);
	}
	*ret = pkey;
	return 0;
}

static int rsa(struct jwk *j, EVP_PKEY **ret, struct err *err)
{
	static const struct {
		const char *name, *param;
	} parts[] = {
		{ "n", OSSL_PKEY_PARAM_RSA_N },
		{ "e", OSSL_PKEY_PARAM_RSA_E },
		{ "d", OSSL_PKEY_PARAM_RSA_D },
		{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
		{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
		{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
	};

	_Static_assert(ARRAY_LEN(parts) <= NUMBERS_MAX, "all have a place");
	if (json_object_get(j->doc, "oth"))
		return err_set(err, ERR_CONFIG,
			       "%s: an RSA key of more than two primes cannot "
			       "be used",
			       j->where);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (push(j, parts[i].name, parts[i].param, JWK_NUMBER_MAX,
			 err) == -1)
			return -1;
	return make(j, "RSA", ret, err);
}

/* Coordinates have the length of the field (RFC 7518 section 6.2.1.2); some
 * leave leading zeros out. */
static int coordinate(const struct jwk *j, const char *name, size_t field,
		      struct sbuf *point, struct err *err)
{
	AUTO(sbuf_free) struct sbuf bytes = SBUF_INIT(JWK_NUMBER_MAX);

	if (octets(j, name, field, &bytes, err) == -1)
		return -1;
	for (size_t i = bytes.len; i < field; i++)
		sbuf_addc(point, '\0');
	sbuf_add(point, bytes.buf, bytes.len);
	return 0;
}

static int ec(struct jwk *j, EVP_PKEY **ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf point = SBUF_INIT(256);
	const char *crv = text_of(j, "crv"), *group;
	char said[PLAIN_QUOTED];
	size_t field;

	if (crv && strcmp(crv, "P-256") == 0) {
		group = "prime256v1";
		field = 32;
	} else if (crv && strcmp(crv, "P-384") == 0) {
		group = "secp384r1";
		field = 48;
	} else {
		return err_set(err, ERR_CONFIG,
			       "%s: an EC account key is on P-256 or P-384, "
			       "this one on %s",
			       j->where, plain_quoted(crv ? crv : "", said));
	}
	sbuf_addc(&point, 4); /* not compressed */
	if (coordinate(j, "x", field, &point, err) == -1 ||
	    coordinate(j, "y", field, &point, err) == -1 ||
	    push(j, "d", OSSL_PKEY_PARAM_PRIV_KEY, field, err) == -1)
		return -1;
	if (OSSL_PARAM_BLD_push_utf8_string(j->bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    group, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(j->bld, OSSL_PKEY_PARAM_PUB_KEY,
					     point.buf, point.len) != 1)
		mem_exhausted();
	return make(j, "EC", ret, err);
}

int jwk_parse(const char *json, size_t len, const char *where, EVP_PKEY **ret,
	      struct err *err)
{
	AUTO(jwk_free)
	struct jwk j = { .doc = json_loadb(json, len, JSON_REJECT_DUPLICATES,
					   NULL),
			 .where = where,
			 .bld = OSSL_PARAM_BLD_new() };
	const char *kty = text_of(&j, "kty");
	char said[PLAIN_QUOTED];

	if (!j.bld)
		mem_exhausted();
	if (!json_is_object(j.doc))
		return err_set(err, ERR_CONFIG,
			       "%s: is no JSON that can be "
			       "read",
			       where);
	if (!kty)
		return err_set(err, ERR_CONFIG,
			       "%s: is JSON, but no key (it has no \"kty\"); "
			       "certbot keeps its key in private_key.json",
			       where);
	if (strcmp(kty, "RSA") == 0)
		return rsa(&j, ret, err);
	if (strcmp(kty, "EC") == 0)
		return ec(&j, ret, err);
	return err_set(err, ERR_CONFIG,
		       "%s: an account key is RSA or EC on P-256 or P-384, "
		       "this one %s",
		       where, plain_quoted(kty, said));
}
