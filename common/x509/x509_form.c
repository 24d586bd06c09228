/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <openssl/pkcs7.h>
#include "x509_form.h"

#define BEGIN "-----BEGIN "
#define KEY_STAYS                                                            \
	"keys stay on their host: if this is a copy that came from another " \
	"one, remove the copy, and make a new key if others could read it; " \
	"bring the CSR alone"

static const char key_text[] = "this holds a PRIVATE KEY; " KEY_STAYS
			       "; the CSR is made of it by: " X509_FORM_REQ;
static const char tpm_text[] =
	"this is a TSS2 PRIVATE KEY, of a TPM, and no certificate signing "
	"request; its host makes one by: openssl req -provider tpm2 -provider "
	"default -propquery '?provider=tpm2' -new -key KEY " X509_FORM_SAN;
static const char ssh_text[] =
	"this is an OPENSSH PRIVATE KEY, for SSH and not for TLS, "
	"and " KEY_STAYS
	"; a key for TLS and its CSR are made by: openssl req -new -newkey "
	"rsa:2048 -nodes -keyout NAME.key " X509_FORM_SAN;
static const char crt_text[] =
	"this is a certificate, not a certificate signing request; on its "
	"host, with its key, one of the same names is made by: openssl x509 "
	"-x509toreq -copy_extensions copy -in CERTIFICATE -key KEY -out "
	"NAME.csr";
static const char p7_text[] =
	"this is PKCS#7 (.p7b, .p7c), a certificate and those above it, and "
	"no certificate signing request; its host, which has the key, makes "
	"one by: " X509_FORM_REQ;
static const char p12_text[] =
	"this is PKCS#12 (.p12, .pfx): a certificate with its PRIVATE "
	"KEY; " KEY_STAYS
	"; the CSR is made of it by: openssl pkcs12 -in FILE -noenc "
	"-out KEY && openssl x509 -x509toreq -copy_extensions copy -in KEY "
	"-key KEY -out NAME.csr";
static const char public_text[] =
	"this is a public key, not a certificate signing request, which only "
	"the host can make that has the private one, by: " X509_FORM_REQ;
static const char crl_text[] =
	"this is a list of revoked certificates (CRL), not a certificate "
	"signing request";

static const struct {
	const char *label, *text;
} labels[] = {
	{ "TSS2 PRIVATE KEY", tpm_text },
	{ "TSS PRIVATE KEY", tpm_text },
	{ "OPENSSH PRIVATE KEY", ssh_text },
	{ PEM_STRING_X509, crt_text },
	{ PEM_STRING_X509_OLD, crt_text },
	{ PEM_STRING_X509_TRUSTED, crt_text },
	{ PEM_STRING_PKCS7, p7_text },
	{ PEM_STRING_PKCS7_SIGNED, p7_text },
	{ PEM_STRING_CMS, p7_text },
	{ "PKCS12", p12_text },
	{ PEM_STRING_PUBLIC, public_text },
	{ PEM_STRING_RSA_PUBLIC, public_text },
	{ "SSH2 PUBLIC KEY", public_text },
	{ PEM_STRING_X509_CRL, crl_text },
};

static int refuse(const char *text, struct err *err)
{
	return err_set(err, ERR_INPUT, "%s", text);
}

int x509_form_label(const char *label, struct err *err)
{
	static const char key[] = "PRIVATE KEY";
	size_t len = label ? strlen(label) : 0;

	for (size_t i = 0; label && i < ARRAY_LEN(labels); i++)
		if (strcmp(label, labels[i].label) == 0)
			return refuse(labels[i].text, err);
	if (len >= strlen(key) && strcmp(label + len - strlen(key), key) == 0)
		return refuse(key_text, err);
	return refuse("there is no certificate signing request in it "
		      "(-----BEGIN CERTIFICATE REQUEST-----); the host that "
		      "has the key makes one by: " X509_FORM_REQ,
		      err);
}

/* --- DER --- */

static bool is_crt(const unsigned char *p, long len)
{
	X509 *crt = d2i_X509(NULL, &p, len);

	X509_free(crt);
	return crt;
}

static bool is_crl(const unsigned char *p, long len)
{
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, len);

	X509_CRL_free(crl);
	return crl;
}

static bool is_public(const unsigned char *p, long len)
{
	X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &p, len);

	X509_PUBKEY_free(key);
	return key;
}

static bool is_sealed(const unsigned char *p, long len)
{
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, len);

	X509_SIG_free(sig);
	return sig;
}

/* By the beginning alone: OpenSSL need not read the rest. PKCS#12 begins with
 * version 3 and a SEQUENCE (RFC 7292 section 4), PKCS#7 with the identifier of
 * its content, signedData (RFC 5652 section 4). */
static const char *by_beginning(const unsigned char *p, long len)
{
	static const unsigned char v3[] = { 0x02, 0x01, 0x03, 0x30 };
	static const unsigned char oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					     0xf7, 0x0d, 0x01, 0x07, 0x02 };
	const unsigned char *end = p + len;
	int tag, class;

	if (ASN1_get_object(&p, &len, &tag, &class, len) & 0x80)
		return NULL;
	if ((size_t) (end - p) > sizeof(v3) && memcmp(p, v3, sizeof(v3)) == 0)
		return p12_text;
	if ((size_t) (end - p) > sizeof(oid) &&
	    memcmp(p, oid, sizeof(oid)) == 0)
		return p7_text;
	return NULL;
}

int x509_form_der(const unsigned char *der, size_t len, struct err *err)
{
	long n = (long) len;
	const char *text = by_beginning(der, n);

	if (!text && (x509_private_form(der, n) || is_sealed(der, n)))
		text = key_text;
	if (!text && is_crt(der, n))
		text = crt_text;
	if (!text && is_crl(der, n))
		text = crl_text;
	if (!text && is_public(der, n))
		text = public_text;
	ERR_clear_error();
	return text ? refuse(text, err) : 0;
}

/* --- text --- */

static bool has(const void *data, size_t len, const char *text)
{
	return memmem(data, len, text, strlen(text));
}

static bool begins(const void *data, size_t len, const char *text)
{
	return len >= strlen(text) && memcmp(data, text, strlen(text)) == 0;
}

bool x509_form_utf16(const void *data, size_t len)
{
	const unsigned char *p = data;

	if (len < 4)
		return false;
	return begins(p, len, "\xff\xfe") || begins(p, len, "\xfe\xff") ||
	       memcmp(p, "-\0-", 4) == 0 || memcmp(p, "\0-\0-", 4) == 0;
}

void x509_form_lines(const void *data, size_t len, struct sbuf *ret)
{
	const char *p = data, *end = p + len;
	bool start = true;

	if (begins(p, len, "\xef\xbb\xbf"))
		p += 3;
	for (; p < end; p++) {
		if (start && (*p == ' ' || *p == '\t' || *p == '>'))
			continue;
		start = *p == '\n' || *p == '\r';
		if (*p == '\r' && p + 1 < end && p[1] == '\n')
			continue;
		sbuf_addc(ret, *p == '\r' ? '\n' : *p);
	}
}

int x509_form_mangled(const void *data, size_t len, struct err *err)
{
	if (has(data, len, "-----\\n") || has(data, len, "-----\\r"))
		return refuse("the ends of its lines are written out (\\n), as "
			      "in JSON or in a program; make them ends of "
			      "lines: printf '%b' \"$(cat FILE)\" | tr -d "
			      "'\"' > NAME.csr",
			      err);
	if (has(data, len, "=3D"))
		return refuse("it is quoted-printable, as in the "
			      "source of a mail; take that off: python3 -m "
			      "quopri -d FILE > NAME.csr",
			      err);
	if (!has(data, len, "\n-----END "))
		return refuse("its PEM is damaged: its lines were joined, or "
			      "its end is missing: "
			      "from -----BEGIN to -----END, copy it once more "
			      "with the ends of its lines",
			      err);
	return 0;
}

static bool is_base64(const char *p, size_t len)
{
	if (len < 64 || *p != 'M')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char) p[i]) && !strchr("+/=\r\n ", p[i]))
			return false;
	return true;
}

static const struct {
	const char *begin, *text;
} magics[] = {
	{ "ssh-",
	  "this is an SSH public key, not a certificate signing "
	  "request; a key for TLS and its CSR are made by: openssl "
	  "req -new -newkey rsa:2048 -nodes -keyout NAME.key " X509_FORM_SAN },
	{ "\xfe\xed\xfe\xed",
	  "this is a Java key store; its host makes a CSR "
	  "by: keytool -certreq -keystore FILE -alias ALIAS "
	  "-ext san=dns:NAME -file NAME.csr" },
	{ "PK\x03\x04", "this is a ZIP archive: unpack it, and bring the CSR "
			"that is in it" },
	{ "\x1f\x8b", "this is compressed by gzip: gunzip it first" },
	{ "<", "this is a page of HTML or XML, not a certificate signing "
	       "request: was it saved from a browser?" },
	{ "\xd0\xcf\x11\xe0", "this is a document of a word processor: save "
			      "it as plain text" },
};

int x509_form_else(const void *data, size_t len, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (begins(data, len, magics[i].begin))
			return refuse(magics[i].text, err);
	if (has(data, len, "BEGIN CERTIFICATE REQUEST") ||
	    has(data, len, "BEGIN NEW CERTIFICATE REQUEST"))
		return refuse("its first line is not " BEGIN
			      "CERTIFICATE REQUEST-----, with five hyphens at "
			      "each end: a word processor, perhaps, made "
			      "something else of them",
			      err);
	if (is_base64(data, len))
		return refuse("its first and last line are missing: -----BEGIN "
			      "CERTIFICATE REQUEST----- and -----END "
			      "CERTIFICATE REQUEST-----",
			      err);
	return refuse("this is not a certificate signing request, neither PEM "
		      "nor DER; the host that has the key makes one "
		      "by: " X509_FORM_REQ,
		      err);
}
