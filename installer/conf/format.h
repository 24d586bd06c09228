/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_H
#define FORMAT_H

/*
 * What goes into a file. A profile names one of the common formats, or lists
 * the parts in the order it wants them:
 *
 *	certificate         the leaf
 *	chain               everything above it, as the store has it
 *	chain-without-root  the same, a self-signed certificate left out
 *	fullchain           the leaf and chain-without-root
 *	key-fullchain       the private key, then fullchain
 *	fullchain-key       fullchain, then the private key
 *
 * The part "chain" is chain-without-root; "root" is the self-signed
 * certificate that the store's chain ends with, or else the host's own trust
 * anchor that signed the last one. A placeholder (x509_self.h) is its own root,
 * and its own chain in a file that would be empty otherwise.
 */

#include <stdbool.h>
#include "sbuf.h"
#include "x509.h"

enum format_part {
	PART_KEY,
	PART_CERTIFICATE,
	PART_CHAIN,
	PART_ROOT,
	PART_DH,	  /* the file dh_file */
	PART_EXTRA,	  /* the file extra_file */
	PART_CHAIN_STORE, /* the format "chain": with a root, if it is there */
};

enum format_encoding { ENCODING_PEM, ENCODING_DER, ENCODING_PKCS12 };

#define FORMAT_PARTS_MAX 6

struct format {
	enum format_encoding encoding;
	enum format_part parts[FORMAT_PARTS_MAX];
	size_t n;
	const char *text; /* for people: "key, certificate (pkcs12)" */
	const char *dh_file, *extra_file;
	const char *password_file; /* PKCS#12 */
	const char *friendly_name; /* may be NULL */
	bool des3;
};

#define FORMAT_MAX (256u * 1024) /* bytes of one file we write */

extern const char *const format_names[];     /* for CONF_ENUM; NULL ends */
extern const char *const format_encodings[]; /* the same */

/* The parts of one of format_names, the rest empty. */
void format_named(const char *name, struct format *ret);
/* Adds the part NAME at the end. ERR_CONFIG: there is no such part, or it is
 * there already. */
int format_add(struct format *f, const char *name, struct err *err) MUST_CHECK;
/* All that must be right about a format once its fields are set. */
int format_check(const struct format *f, struct err *err) MUST_CHECK;

bool format_has(const struct format *f, enum format_part part);
bool format_has_leaf(const struct format *f);
bool format_has_chain(const struct format *f);
bool format_has_key(const struct format *f);

/* What a file is made of. */
struct format_from {
	const struct x509_chain *chain;
	const struct x509_key *key;	/* NULL when no part needs it */
	const struct x509_trust *trust; /* the same, for PART_ROOT */
};
/* The content is added to ret, which is to be erased when it holds a key. */
int format_build(const struct format *f, const struct format_from *from,
		 struct sbuf *ret, struct err *err) MUST_CHECK;
/* HAVE, from the disk, is what WANT, just built, is: byte by byte, but with
 * PKCS#12, which is salted, what is inside. */
bool format_same(const struct format *f, const struct sbuf *have,
		 const struct sbuf *want);

/* Does a file hold certificates or a private key, as one in the encoding of F
 * would, whoever wrote it: is it one that may be overwritten. */
bool format_holds(const struct format *f, const char *data, size_t len);

/* The certificates of a file written in format F (keys are skipped), leaf
 * first. 1; 0 when F has no leaf or TEXT does not parse. */
int format_parse(const struct format *f, const char *text, size_t len,
		 struct x509_chain **ret);

#endif
