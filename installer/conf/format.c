/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "format.h"
#include "place.h"
#include "x509_self.h"

const char *const format_names[] = {
	"certificate", "chain",		"chain-without-root",
	"fullchain",   "key-fullchain", "fullchain-key",
	NULL,
};

static const struct format named[] = {
	{ .n = 1, .parts = { PART_CERTIFICATE } },
	{ .n = 1, .parts = { PART_CHAIN_STORE } },
	{ .n = 1, .parts = { PART_CHAIN } },
	{ .n = 2, .parts = { PART_CERTIFICATE, PART_CHAIN } },
	{ .n = 3, .parts = { PART_KEY, PART_CERTIFICATE, PART_CHAIN } },
	{ .n = 3, .parts = { PART_CERTIFICATE, PART_CHAIN, PART_KEY } },
};

const char *const format_encodings[] = {
	[ENCODING_PEM] = "pem",
	[ENCODING_DER] = "der",
	[ENCODING_PKCS12] = "pkcs12",
	NULL,
};

static const char *const parts[] = {
	[PART_KEY] = "key",	[PART_CERTIFICATE] = "certificate",
	[PART_CHAIN] = "chain", [PART_ROOT] = "root",
	[PART_DH] = "dh",	[PART_EXTRA] = "extra",
};

void format_named(const char *name, struct format *ret)
{
	for (size_t i = 0; format_names[i]; i++)
		if (strcmp(format_names[i], name) == 0)
			*ret = named[i];
}

int format_add(struct format *f, const char *name, struct err *err)
{
	size_t i = 0;

	while (i < ARRAY_LEN(parts) && strcmp(parts[i], name) != 0)
		i++;
	if (i == ARRAY_LEN(parts))
		return err_set(err, ERR_CONFIG,
			       "parts: \"%s\" is none of key, certificate, "
			       "chain, root, dh, extra",
			       name);
	if (format_has(f, (enum format_part) i))
		return err_set(err, ERR_CONFIG, "parts: %s is there twice",
			       name);
	f->parts[f->n++] = (enum format_part) i;
	return 0;
}

/* Installed certificates are read back: the leaf must be found. */
static bool leaf_amid_others(const struct format *f)
{
	bool before = false, leaf = false, after = false;

	for (size_t i = 0; i < f->n; i++) {
		if (f->parts[i] == PART_CERTIFICATE)
			leaf = true;
		else if (f->parts[i] != PART_KEY && f->parts[i] != PART_DH)
			*(leaf ? &after : &before) = true;
	}
	return leaf && before && after;
}

static int check_pkcs12(const struct format *f, struct err *err)
{
	if (!format_has_leaf(f) || format_has(f, PART_DH) ||
	    format_has(f, PART_EXTRA))
		return err_set(err, ERR_CONFIG,
			       "encoding: pkcs12 holds a certificate, and key, "
			       "chain and root, but not dh or extra");
	if (!f->password_file)
		return err_set(err, ERR_CONFIG,
			       "encoding: pkcs12 needs password_file");
	return 0;
}

int format_check(const struct format *f, struct err *err)
{
	if (f->n == 0)
		return err_set(err, ERR_CONFIG,
			       "the file needs format or parts");
	if (format_has(f, PART_DH) != !!f->dh_file)
		return err_set(err, ERR_CONFIG,
			       "the part dh and dh_file need each other");
	if (format_has(f, PART_EXTRA) != !!f->extra_file)
		return err_set(err, ERR_CONFIG,
			       "the part extra and extra_file need each other");
	if (f->encoding == ENCODING_PKCS12)
		return check_pkcs12(f, err);
	if (f->password_file || f->friendly_name || f->des3)
		return err_set(err, ERR_CONFIG,
			       "password_file, friendly_name and pkcs12 are "
			       "for encoding = \"pkcs12\"");
	if (f->encoding == ENCODING_DER &&
	    (f->n != 1 || f->parts[0] != PART_CERTIFICATE))
		return err_set(err, ERR_CONFIG,
			       "encoding: der holds one certificate, the "
			       "part certificate");
	if (leaf_amid_others(f))
		return err_set(err, ERR_CONFIG,
			       "parts: put certificate before or after all of "
			       "chain, root and extra");
	return 0;
}

bool format_has(const struct format *f, enum format_part part)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->parts[i] == part)
			return true;
	return false;
}

bool format_has_leaf(const struct format *f)
{
	return format_has(f, PART_CERTIFICATE);
}

bool format_has_chain(const struct format *f)
{
	return format_has(f, PART_CHAIN) || format_has(f, PART_CHAIN_STORE);
}

bool format_has_key(const struct format *f)
{
	return format_has(f, PART_KEY);
}

/* --- writing --- */

static int add_key(const struct x509_key *key, struct sbuf *ret,
		   struct err *err)
{
	if (!key)
		return err_set(err, ERR_CONFIG,
			       "a file with a private key needs the setting "
			       "key, public_key is not enough");
	return x509_key_pem(key, ret, err);
}

static int add_root(const struct format_from *from, struct sbuf *ret,
		    struct err *err)
{
	AUTO(mem_free_str)
	char *without = x509_chain_pem_from(from->chain, 1, false);
	AUTO(mem_free_str)
	char *with = x509_chain_pem_from(from->chain, 1, true);

	if (x509_self_is(from->chain)) {
		sbuf_adds(ret, x509_chain_pem(from->chain, 0));
		return 0;
	}
	if (strlen(with) > strlen(without)) {
		sbuf_adds(ret, with + strlen(without));
		return 0;
	}
	if (!from->trust)
		return err_set(err, ERR_INTERNAL, "no trust anchors");
	return x509_trust_root(from->trust, from->chain, ret, err);
}

/* A file of the host, which root copies to where a service reads it. */
static int add_file(const char *path, const char *must_have, struct sbuf *ret,
		    struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(FORMAT_MAX);
	int rc = place_read_path("", path, PLACE_TRUSTED, &text, err);

	if (rc == 0)
		return err_set(err, ERR_CONFIG, "%s does not exist", path);
	if (rc == -1)
		return -1;
	if (must_have && !strstr(sbuf_str(&text), must_have))
		return err_set(err, ERR_CONFIG, "%s: there is no %s", path,
			       must_have);
	if (strstr(sbuf_str(&text), "PRIVATE KEY-----"))
		return err_set(err, ERR_CONFIG,
			       "%s holds a private key: that is the part key",
			       path);
	sbuf_add(ret, sbuf_str(&text), text.len);
	if (text.len > 0 && text.buf[text.len - 1] != '\n')
		sbuf_addc(ret, '\n');
	return 0;
}

static int add_part(const struct format *f, enum format_part part,
		    const struct format_from *from, struct sbuf *ret,
		    struct err *err)
{
	AUTO(mem_free_str) char *certs = NULL;

	switch (part) {
	case PART_KEY:
		return add_key(from->key, ret, err);
	case PART_CERTIFICATE:
		/* Not pem_from(0): a self-signed leaf is no root to drop. */
		sbuf_adds(ret, x509_chain_pem(from->chain, 0));
		return 0;
	case PART_CHAIN:
	case PART_CHAIN_STORE:
		certs = x509_chain_pem_from(from->chain, 1,
					    part == PART_CHAIN_STORE);
		sbuf_adds(ret, certs);
		return 0;
	case PART_ROOT:
		return add_root(from, ret, err);
	case PART_DH:
		return add_file(f->dh_file, "DH PARAMETERS-----", ret, err);
	case PART_EXTRA:
		return add_file(f->extra_file, NULL, ret, err);
	}
	return err_set(err, ERR_INTERNAL, "part %d", (int) part);
}

/* The first line. */
static int read_password(const struct format *f, struct sbuf *ret,
			 struct err *err)
{
	size_t len;

	if (place_read_secret("", f->password_file, ret, err) == -1)
		return -1;
	len = strcspn(sbuf_str(ret), "\r\n");
	if (len == 0)
		return err_set(err, ERR_CONFIG, "%s: there is no password",
			       f->password_file);
	ret->buf[len] = '\0';
	return 0;
}

#define PASSWORD_MAX 1024

static int build_pkcs12(const struct format *f, const struct format_from *from,
			struct sbuf *ret, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf password = SBUF_INIT(PASSWORD_MAX);
	AUTO(sbuf_free) struct sbuf above = SBUF_INIT(FORMAT_MAX);
	struct x509_p12 p = { .chain = from->chain,
			      .name = f->friendly_name,
			      .des3 = f->des3 };

	if (read_password(f, &password, err) == -1)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		if (f->parts[i] != PART_KEY &&
		    f->parts[i] != PART_CERTIFICATE &&
		    add_part(f, f->parts[i], from, &above, err) == -1)
			return -1;
	p.above = sbuf_str(&above);
	p.password = sbuf_str(&password);
	if (format_has_key(f)) {
		p.key = from->key;
		if (!p.key)
			return add_key(NULL, ret, err);
	}
	return x509_p12_make(&p, ret, err);
}

static int build_pem(const struct format *f, const struct format_from *from,
		     struct sbuf *ret, struct err *err)
{
	for (size_t i = 0; i < f->n; i++)
		if (add_part(f, f->parts[i], from, ret, err) == -1)
			return -1;
	/* Services do not start with an empty file of a chain. */
	if (ret->len == 0 && x509_self_is(from->chain))
		sbuf_adds(ret, x509_chain_pem(from->chain, 0));
	return 0;
}

int format_build(const struct format *f, const struct format_from *from,
		 struct sbuf *ret, struct err *err)
{
	int rc = -1;

	switch (f->encoding) {
	case ENCODING_PEM:
		rc = build_pem(f, from, ret, err);
		break;
	case ENCODING_DER:
		rc = x509_chain_der(from->chain, ret, err);
		break;
	case ENCODING_PKCS12:
		rc = build_pkcs12(f, from, ret, err);
		break;
	}
	if (rc == -1)
		return -1;
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT,
			       "the file would be larger than %zu bytes",
			       ret->max);
	return 0;
}

/* --- reading --- */

static int read_pkcs12(const struct format *f, const char *data, size_t len,
		       struct sbuf *ret_text, struct sbuf *ret_pem)
{
	AUTO(sbuf_erase) struct sbuf password = SBUF_INIT(PASSWORD_MAX);

	if (read_password(f, &password, NULL) == -1)
		return 0;
	return x509_p12_read(data, len, sbuf_str(&password), ret_text, ret_pem);
}

bool format_same(const struct format *f, const struct sbuf *have,
		 const struct sbuf *want)
{
	AUTO(sbuf_erase) struct sbuf a = SBUF_INIT(FORMAT_MAX);
	AUTO(sbuf_erase) struct sbuf b = SBUF_INIT(FORMAT_MAX);
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(2 * FORMAT_MAX);

	if (have->len == want->len &&
	    memcmp(sbuf_str(have), sbuf_str(want), have->len) == 0)
		return true;
	return f->encoding == ENCODING_PKCS12 &&
	       read_pkcs12(f, sbuf_str(have), have->len, &a, &pem) == 1 &&
	       read_pkcs12(f, sbuf_str(want), want->len, &b, &pem) == 1 &&
	       strcmp(sbuf_str(&a), sbuf_str(&b)) == 0;
}

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----"
#define CERT_END   "-----END CERTIFICATE-----"

/* Is the leaf the last certificate of such a file? */
static bool leaf_last(const struct format *f)
{
	for (size_t i = 0; i < f->n && f->parts[i] != PART_CERTIFICATE; i++)
		if (f->parts[i] != PART_KEY && f->parts[i] != PART_DH)
			return true;
	return false;
}

/* No more of them than a chain has: what follows in a file may be any number of
 * others. */
static void cut_certs(struct sbuf *certs)
{
	const char *p = sbuf_str(certs);
	size_t keep = 0;

	for (int i = 0; i < X509_CHAIN_MAX && (p = strstr(p, CERT_END)); i++) {
		p += strlen(CERT_END) + 1;
		if (p - certs->buf > X509_INPUT_MAX)
			break;
		keep = (size_t) (p - certs->buf);
	}
	if (keep > 0) {
		certs->len = keep;
		certs->buf[keep] = '\0';
	}
}

/* The certificates of TEXT, the leaf first. */
static void collect(const struct format *f, const char *text, struct sbuf *ret)
{
	AUTO(sbuf_free) struct sbuf above = SBUF_INIT(FORMAT_MAX);
	const char *p = text;
	bool last = leaf_last(f);

	while ((p = strstr(p, CERT_BEGIN))) {
		const char *end = strstr(p, CERT_END);

		if (!end)
			break;
		end += strlen(CERT_END);
		if (last && ret->len > 0) {
			sbuf_adds(&above, sbuf_str(ret));
			sbuf_clear(ret);
		}
		sbuf_add(ret, p, (size_t) (end - p));
		sbuf_addc(ret, '\n');
		p = end;
	}
	sbuf_adds(ret, sbuf_str(&above));
	cut_certs(ret);
}

int format_parse(const struct format *f, const char *text, size_t len,
		 struct x509_chain **ret)
{
	AUTO(sbuf_free) struct sbuf certs = SBUF_INIT(FORMAT_MAX);
	AUTO(sbuf_free) struct sbuf what = SBUF_INIT(FORMAT_MAX);
	const unsigned char *der = (const unsigned char *) text;
	AUTO(mem_free_str) char *copy = NULL;

	if (!format_has_leaf(f))
		return 0;
	if (f->encoding == ENCODING_DER)
		return x509_chain_from_der(&der, &len, 1, ret, NULL) == 0;
	if (f->encoding == ENCODING_PKCS12) {
		if (read_pkcs12(f, text, len, &what, &certs) == 0)
			return 0;
	} else {
		copy = mem_strndup(text, len);
		collect(f, copy, &certs);
		mem_erase(copy, strlen(copy));
	}
	return certs.len > 0 && !sbuf_over(&certs) &&
	       x509_chain_parse(certs.buf, certs.len, ret, NULL) == 0;
}

static bool has_block(const char *text, const char *label)
{
	AUTO(mem_free_str)
	char *begin = mem_printf("-----BEGIN %s-----", label);
	AUTO(mem_free_str) char *end = mem_printf("-----END %s-----", label);
	const char *p = strstr(text, begin);

	return p && (p == text || p[-1] == '\n') && strstr(p, end);
}

static bool holds_pem(const char *data, size_t len)
{
	static const char *const labels[] = {
		"CERTIFICATE",	   "TRUSTED CERTIFICATE",
		"PRIVATE KEY",	   "EC PRIVATE KEY",
		"RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
	};
	AUTO(mem_free_str) char *copy = mem_strndup(data, len);
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(labels) && !found; i++)
		found = has_block(copy, labels[i]);
	mem_erase(copy, strlen(copy));
	return found;
}

bool format_holds(const struct format *f, const char *data, size_t len)
{
	AUTO(sbuf_erase) struct sbuf what = SBUF_INIT(FORMAT_MAX);
	AUTO(sbuf_free) struct sbuf certs = SBUF_INIT(FORMAT_MAX);
	const unsigned char *der = (const unsigned char *) data;
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;

	switch (f->encoding) {
	case ENCODING_PEM:
		return holds_pem(data, len);
	case ENCODING_DER:
		return x509_chain_from_der(&der, &len, 1, &chain, NULL) == 0;
	case ENCODING_PKCS12:
		return read_pkcs12(f, data, len, &what, &certs) == 1;
	}
	return false;
}
