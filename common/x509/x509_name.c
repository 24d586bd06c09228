/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "x509_impl.h"

#define LABEL_MAX    63	 /* RFC 1035 section 2.3.4 */
#define DNS_NAME_MAX 253 /* without the trailing dot */

bool x509_ids_have(const struct x509_ids *ids, const char *value)
{
	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->v[i].value, value) == 0)
			return true;
	return false;
}

bool x509_ids_equal(const struct x509_ids *a, const struct x509_ids *b)
{
	/* No duplicates in either, so equal size and inclusion suffice. */
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!x509_ids_have(b, a->v[i].value))
			return false;
	return true;
}

static bool is_address(const char *value)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, value, addr) == 1 ||
	       inet_pton(AF_INET6, value, addr) == 1;
}

bool x509_ids_cover(const struct x509_ids *ids, const char *value)
{
	bool address = is_address(value);
	const char *dot;

	for (size_t i = 0; i < ids->n; i++)
		if ((ids->v[i].type == X509_ID_IP) == address &&
		    strcmp(ids->v[i].value, value) == 0)
			return true;
	if (address)
		return false;
	dot = strchr(value, '.');
	if (!dot || dot == value || value[0] == '*')
		return false;
	for (size_t i = 0; i < ids->n; i++) {
		const struct x509_id *id = &ids->v[i];

		if (id->type == X509_ID_DNS && id->value[0] == '*' &&
		    strcmp(id->value + 1, dot) == 0)
			return true;
	}
	return false;
}

static bool all_digits(const char *s, size_t len)
{
	return len > 0 && strspn(s, "0123456789") >= len;
}

static const char *label_fault(const char *s, size_t len)
{
	if (len == 0)
		return "it has an empty label";
	if (len > LABEL_MAX)
		return "it has a label over 63 characters";
	if (s[0] == '-' || s[len - 1] == '-')
		return "a label begins or ends with a hyphen";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char) s[i];

		if (c >= 0x80)
			return "write it as the A-label (xn--...)";
		if (c >= 'A' && c <= 'Z')
			return "it is not in lower case";
		if (c == '*')
			return "a wildcard can only be the whole first label";
		if (c == '_')
			return "no CA signs an underscore in a name";
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return "only letters, digits, hyphens and dots may "
			       "be in it";
	}
	return NULL;
}

const char *x509_dns_name_fault(const char *name, bool allow_single)
{
	const char *fault;
	size_t labels = 0, len = strlen(name);

	if (len == 0)
		return "it is empty";
	if (len > DNS_NAME_MAX)
		return "it is longer than 253 characters";
	if (name[len - 1] == '.')
		return "it ends with a dot";
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	else if (name[0] == '*')
		return "a wildcard can only be the whole first label";
	for (;;) {
		size_t n = strcspn(name, ".");

		fault = label_fault(name, n);
		if (fault)
			return fault;
		labels++;
		if (name[n] == '\0') {
			if (all_digits(name, n))
				return "its last label is a number";
			break;
		}
		name += n + 1;
	}
	if (labels < 2 && !allow_single)
		return "it has a single label, which only a private CA may "
		       "sign (allow_single)";
	return NULL;
}

bool x509_dns_name_ok(const char *name, bool allow_single)
{
	return !x509_dns_name_fault(name, allow_single);
}

const char *x509_clean_text(struct arena *a, const unsigned char *p, size_t len)
{
	char *s;

	if (len > X509_NAME_TEXT - 1)
		len = X509_NAME_TEXT - 1;
	s = arena_alloc(a, len + 1);
	for (size_t i = 0; i < len; i++)
		s[i] = p[i] < 0x20 || p[i] > 0x7e ? '?'
		       : p[i] == '"'		  ? '\''
						  : (char) p[i];
	return s;
}

static void set_bad(struct x509_idset *set, const char *what, const char *name,
		    const char *why)
{
	if (set->bad.kind == ERR_NONE)
		(void) err_set(&set->bad, ERR_INPUT, "%s \"%s\": %s", what,
			       name, why);
}

static int id_add(struct x509_idset *set, enum x509_id_type type,
		  const char *value, struct err *err)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i].value, value) == 0) {
			set->first_again |= i == 0;
			return 0;
		}
	if (set->n == set->max)
		return err_set(err, ERR_LIMIT, "more than %zu names", set->max);
	if (set->n == set->cap) {
		set->cap = set->cap ? set->cap * 2 : 8;
		set->v = mem_grow(set->v, set->cap, sizeof(*set->v));
	}
	set->v[set->n++] = (struct x509_id){ .type = type, .value = value };
	return 0;
}

static int dns_add(struct x509_idset *set, struct arena *a, const char *what,
		   const unsigned char *p, size_t len, struct err *err)
{
	const char *shown = x509_clean_text(a, p, len);
	char *name;

	if (memchr(p, '\0', len)) {
		set_bad(set, what, shown, "it holds a NUL byte");
		return 0;
	}
	if (len > DNS_NAME_MAX) {
		set_bad(set, what, shown, "it is longer than 253 characters");
		return 0;
	}
	name = arena_strndup(a, (const char *) p, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char) name[i];

		if (c >= 'A' && c <= 'Z')
			name[i] = (char) (c - 'A' + 'a');
		if (c >= 0x80) {
			if (!set->unicode)
				set->unicode = name;
			set_bad(set, what, shown,
				"write it as the A-label (xn--...)");
			return 0;
		}
		if (c <= ' ' || c == 0x7f) {
			set_bad(set, what, shown,
				"it holds a blank or control character");
			return 0;
		}
	}
	return id_add(set, X509_ID_DNS, name, err);
}

/* Text of an address in its canonical form, or NULL. */
static const char *ip_text(struct arena *a, const unsigned char *p, size_t len)
{
	char buf[INET6_ADDRSTRLEN];
	int family = len == 4 ? AF_INET : AF_INET6;

	if (len != 4 && len != 16)
		return NULL;
	if (!inet_ntop(family, p, buf, sizeof(buf)))
		return NULL;
	return arena_strdup(a, buf);
}

static const char *ip_canonical(struct arena *a, const char *text)
{
	unsigned char addr[16];

	if (inet_pton(AF_INET, text, addr) == 1)
		return ip_text(a, addr, 4);
	if (inet_pton(AF_INET6, text, addr) == 1)
		return ip_text(a, addr, 16);
	return NULL;
}

static size_t utf8_chars(const unsigned char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			n++;
	return n;
}

/* In a CSR alone. One that is not usable as a name would make the CA refuse
 * the order, so it is reported. */
static int cn_add(struct x509_idset *set, struct arena *a,
		  const unsigned char *p, size_t len, struct err *err)
{
	static const char what[] = "common name";
	const char *shown = x509_clean_text(a, p, len);
	const char *ip = NULL;
	bool well = set->bad.kind == ERR_NONE;
	int rc;

	set->cn_len = utf8_chars(p, len);
	if (len < INET6_ADDRSTRLEN && !memchr(p, '\0', len))
		ip = ip_canonical(a, shown);
	if (ip)
		return id_add(set, X509_ID_IP, ip, err);
	rc = dns_add(set, a, what, p, len, err);
	if (well && set->bad.kind != ERR_NONE && !set->unicode)
		(void) err_set(&set->bad, ERR_INPUT,
			       "%s; leave the common name out (-subj /), the "
			       "names in subjectAltName are enough",
			       arena_strdup(a, set->bad.msg));
	return rc;
}

/* One that is no DNS name, by what it holds. */
static void other_kind(struct x509_idset *set, struct arena *a,
		       const char *what, const ASN1_STRING *s)
{
	set_bad(set, what,
		x509_clean_text(a, ASN1_STRING_get0_data(s),
				(size_t) ASN1_STRING_length(s)),
		"only DNS names can be in a server certificate");
}

int x509_idset_subject(struct x509_idset *set, struct arena *a,
		       const X509_NAME *subject, struct err *err)
{
	int seen = 0, at = -1, rc = 0;

	while (rc == 0 && (at = X509_NAME_get_index_by_NID(
				   subject, NID_commonName, at)) >= 0) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
		unsigned char *utf8 = NULL;
		int len;

		if (++seen > 1) {
			set_bad(set, "subject", "CN",
				"there are two common names, keep one");
			break;
		}
		len = ASN1_STRING_to_UTF8(&utf8,
					  X509_NAME_ENTRY_get_data(entry));
		if (len < 0) {
			ERR_clear_error();
			set_bad(set, "common name", "?",
				"its characters cannot be read");
			continue;
		}
		if (len > 0)
			rc = cn_add(set, a, utf8, (size_t) len, err);
		OPENSSL_free(utf8);
	}
	return rc;
}

static int general_add(struct x509_idset *set, struct arena *a,
		       const GENERAL_NAME *gn, struct err *err)
{
	static const char what[] = "alternative name";
	const unsigned char *p;
	const char *text;
	size_t len;

	switch (gn->type) {
	case GEN_DNS:
		p = ASN1_STRING_get0_data(gn->d.dNSName);
		len = (size_t) ASN1_STRING_length(gn->d.dNSName);
		if (len == 0) {
			set_bad(set, what, "", "it is empty");
			return 0;
		}
		return dns_add(set, a, what, p, len, err);
	case GEN_IPADD:
		text = ip_text(a, ASN1_STRING_get0_data(gn->d.iPAddress),
			       (size_t) ASN1_STRING_length(gn->d.iPAddress));
		if (text)
			return id_add(set, X509_ID_IP, text, err);
		set_bad(set, what, "address", "it is not 4 or 16 bytes long");
		return 0;
	case GEN_EMAIL:
		other_kind(set, a, "alternative name, an e-mail address,",
			   gn->d.rfc822Name);
		return 0;
	case GEN_URI:
		other_kind(set, a, "alternative name, a URI,",
			   gn->d.uniformResourceIdentifier);
		return 0;
	default:
		set_bad(set, what,
			gn->type == GEN_DIRNAME	    ? "DirName"
			: gn->type == GEN_OTHERNAME ? "otherName"
			: gn->type == GEN_RID	    ? "registered ID"
						    : "of another kind",
			"only DNS names can be in a server certificate");
		return 0;
	}
}

int x509_idset_san(struct x509_idset *set, struct arena *a,
		   const GENERAL_NAMES *san, struct err *err)
{
	int n = sk_GENERAL_NAME_num(san);

	for (int i = 0; i < n; i++)
		if (general_add(set, a, sk_GENERAL_NAME_value(san, i), err))
			return -1;
	return 0;
}

const char *x509_name_text(struct arena *a, const X509_NAME *name)
{
	AUTO(x509_bio_auto) BIO *bio = NULL;
	unsigned char *utf8 = NULL;
	const char *text;
	char *p;
	long len;
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (at >= 0) {
		int n = ASN1_STRING_to_UTF8(
			&utf8, X509_NAME_ENTRY_get_data(
				       X509_NAME_get_entry(name, at)));
		if (n > 0) {
			text = x509_clean_text(a, utf8, (size_t) n);
			OPENSSL_free(utf8);
			return text;
		}
		OPENSSL_free(utf8);
		ERR_clear_error();
	}
	bio = BIO_new(BIO_s_mem());
	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
		ERR_clear_error();
		return "(unreadable name)";
	}
	len = BIO_get_mem_data(bio, &p);
	if (len <= 0)
		return "(empty name)";
	return x509_clean_text(a, (const unsigned char *) p, (size_t) len);
}
