/* SPDX-License-Identifier: MIT */
#ifndef X509_KIT_H
#define X509_KIT_H

/* Keys, requests and certificates made by the openssl command, whose answers
 * are the ones expected. Include after scratch.h. */

#include <stdarg.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "sbuf.h"
#include "file.h"
#include "x509.h"

#define KIT_EC "-newkey ec -pkeyopt ec_paramgen_curve:P-256"

/* Run a shell command in the folder; it must succeed. */
__attribute__((__format__(__printf__, 1, 2))) static inline void kit_sh(
	const char *fmt, ...)
{
	char command[8192], line[9000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "cd '%s' && { %s ; } 2>kit.log",
		 scratch_dir, command);
	if (system(line) != 0)
		fail_msg("%s: %s", command, scratch_read(scratch("kit.log")));
}

/* The first word a command prints, static. */
__attribute__((__format__(__printf__, 1, 2))) static inline const char *kit_out(
	const char *fmt, ...)
{
	static char word[4096];
	char command[4096];
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	kit_sh("{ %s ; } >kit.out", command);
	f = fopen(scratch("kit.out"), "r");
	assert_non_null(f);
	word[0] = '\0';
	assert_int_equal(fscanf(f, "%4095s", word), 1);
	fclose(f);
	return word;
}

static inline void kit_read(const char *name, struct sbuf *s)
{
	struct err err = ERR_INIT;

	if (file_read(scratch(name), s, &err) != 1)
		fail_msg("%s: %s", name, err.msg);
}

/* The private key in NAME; the caller's. */
static inline int kit_key(const char *name, struct x509_key **ret,
			  struct err *err)
{
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(100000);

	kit_read(name, &pem);
	return x509_key_parse(scratch(name), &pem, ret, err);
}

/* A request in NAME made with these arguments of openssl req. */
#define kit_req(name, args) \
	kit_sh("openssl req -nodes -keyout " name ".key -out " name " " args)

/* NULL: refused, err says why. */
static inline struct x509_csr *kit_csr(const char *name, struct err *err)
{
	struct sbuf s = SBUF_INIT(1 << 20);
	struct x509_csr *csr = NULL;

	kit_read(name, &s);
	if (x509_csr_parse(sbuf_str(&s), s.len, &csr, err) == -1) {
		assert_null(csr);
		assert_true(err->kind != ERR_NONE && err->msg[0]);
	}
	sbuf_free(&s);
	return csr;
}

static inline struct x509_chain *kit_chain(const char *name, struct err *err)
{
	struct sbuf s = SBUF_INIT(1 << 20);
	struct x509_chain *chain = NULL;

	kit_read(name, &s);
	if (x509_chain_parse(sbuf_str(&s), s.len, &chain, err) == -1) {
		assert_null(chain);
		assert_true(err->kind != ERR_NONE && err->msg[0]);
	}
	sbuf_free(&s);
	return chain;
}

#define kit_says(err, text)                                             \
	do {                                                            \
		if (!strstr((err)->msg, text))                          \
			fail_msg("no \"%s\" in: %s", text, (err)->msg); \
	} while (0)

/* The first certificate of NAME with the other form of its P-256 signature, (r,
 * n - s) for (r, s): anybody can make it, and it is as good. */
static inline void kit_flip(const char *name, const char *out)
{
	FILE *in = fopen(scratch(name), "r"), *f = fopen(scratch(out), "w");
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	X509 *crt = PEM_read_X509(in, NULL, NULL, NULL);
	const ASN1_BIT_STRING *bits;
	unsigned char *der = NULL;
	const unsigned char *p;
	const BIGNUM *r, *s;
	BIGNUM *other = BN_new();
	ECDSA_SIG *sig;

	assert_true(crt && group && other && f);
	X509_get0_signature(&bits, NULL, crt);
	p = bits->data;
	sig = d2i_ECDSA_SIG(NULL, &p, bits->length);
	assert_non_null(sig);
	ECDSA_SIG_get0(sig, &r, &s);
	assert_true(BN_sub(other, EC_GROUP_get0_order(group), s));
	assert_true(ECDSA_SIG_set0(sig, BN_dup(r), other));
	assert_true(ASN1_STRING_set((ASN1_STRING *) (uintptr_t) bits, NULL,
				    i2d_ECDSA_SIG(sig, NULL)));
	der = bits->data;
	assert_true(i2d_ECDSA_SIG(sig, &der) > 0);
	assert_true(PEM_write_X509(f, crt));
	fclose(f);
	fclose(in);
	ECDSA_SIG_free(sig);
	EC_GROUP_free(group);
	X509_free(crt);
}

/* CA certificates of our own that end in one of nobody's: NAME's name and key,
 * signed by a root that we made, and that root. */
static inline void kit_cross(const char *name, const char *subject,
			     const char *out)
{
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout own.key -out "
	       "own.pem -subj '/CN=Own Root' -days 3650; openssl req -new "
	       "-key %s.key -out x.csr -subj '/CN=%s'; openssl x509 -req -in "
	       "x.csr -CA own.pem -CAkey own.key -extfile ca.ext -days 2000 "
	       "-out cross.pem; cat cross.pem own.pem >%s",
	       name, subject, out);
}

/* root -> inter -> leaf (EC), all with extensions as a CA makes them. */
static inline void kit_pki(void)
{
	kit_sh("openssl req -x509 " KIT_EC
	       " -nodes -keyout root.key -out root.pem"
	       " -subj '/CN=Test Root' -days 3650");
	kit_sh("printf 'basicConstraints=critical,CA:TRUE\\n"
	       "keyUsage=keyCertSign,cRLSign\\n' >ca.ext;"
	       "printf 'subjectAltName=DNS:www.example.org,DNS:example.org\\n"
	       "extendedKeyUsage=serverAuth\\nbasicConstraints=CA:FALSE\\n'"
	       " >leaf.ext");
	kit_sh("openssl req " KIT_EC " -nodes -keyout inter.key -out inter.csr"
	       " -subj '/CN=Test Intermediate';"
	       "openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key"
	       " -extfile ca.ext -days 3000 -set_serial 0x77 -out inter.pem");
	kit_sh("openssl req " KIT_EC " -nodes -keyout leaf.key -out leaf.csr"
	       " -subj /CN=www.example.org"
	       " -addext subjectAltName=DNS:www.example.org,DNS:example.org;"
	       "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key"
	       " -extfile leaf.ext -days 90 -set_serial 0x0a1b2c3d4e"
	       " -out leaf.pem");
	kit_sh("cat leaf.pem inter.pem >chain.pem;"
	       "cat leaf.pem inter.pem root.pem >full.pem");
}

#endif
