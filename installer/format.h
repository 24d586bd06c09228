/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_H
#define FORMAT_H

/* What goes into a file: the formats a profile can ask for.
 *
 *	certificate         the leaf
 *	chain               everything above it, as the store has it
 *	chain-without-root  the same, a self-signed certificate left out
 *	fullchain           the leaf and chain-without-root
 *	key-fullchain       the private key, then fullchain
 *	fullchain-key       fullchain, then the private key
 */

#include <stdbool.h>
#include "sbuf.h"
#include "x509.h"

enum format {
	FORMAT_CERTIFICATE,
	FORMAT_CHAIN,
	FORMAT_CHAIN_WITHOUT_ROOT,
	FORMAT_FULLCHAIN,
	FORMAT_KEY_FULLCHAIN,
	FORMAT_FULLCHAIN_KEY,
};

#define FORMAT_MAX (256u * 1024) /* bytes of one file we write */

extern const char *const format_names[]; /* for CONF_ENUM; NULL ends */

enum format format_of(const char *name); /* one of format_names */
bool format_has_leaf(enum format f);
bool format_has_chain(enum format f);
bool format_has_key(enum format f);

/* KEY may be NULL when the format has no key. The content is added to ret,
 * which is to be erased when it holds a key. */
int format_build(enum format f, const struct x509_chain *chain,
		 const struct x509_key *key, struct sbuf *ret,
		 struct err *err) MUST_CHECK;

/* The certificates of a file written in format F (keys are skipped), leaf
 * first. 1; 0 when F has no leaf or TEXT does not parse. */
int format_parse(enum format f, const char *text, size_t len,
		 struct x509_chain **ret);

#endif
