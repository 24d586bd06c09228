/* SPDX-License-Identifier: MIT */
#ifndef STORE_OFFER_H
#define STORE_OFFER_H

/* What a CA's directory offered when the fetcher last read it, in its row of
 * cas, so that populate, which asks no CA, knows of it. */

#include "store.h"

#define STORE_OFFER_TEXT_MAX 20000 /* profiles, or chains, as text */

struct store_offer {
	/* URL of RFC 9773's renewalInfo; "": the CA has none; NULL: its
	 * directory was not read yet, by a fetcher that looks for it. */
	const char *renewal_info;
	const char *profiles; /* lines: a name, a tab, what is said of it */
	const char *caa;      /* domains in CAA records, blanks between them */
	int64_t ts;	      /* when it was read */
};

/* 1; 0: there is no such CA in the store; -1. Strings in ARENA, NULL for what
 * is not known. */
int store_offer_get(struct store *s, const char *ca_name, struct arena *arena,
		    struct store_offer *ret, struct err *err) MUST_CHECK;
/* Nothing happens unless the CA's row is there, with this DIRECTORY. */
int store_offer_put(struct store *s, const char *ca_name, const char *directory,
		    const struct store_offer *offer,
		    struct err *err) MUST_CHECK;

/* Does it offer this profile? The text said of it in ARENA, or NULL. */
const char *store_offer_profile(const struct store_offer *offer,
				const char *profile, struct arena *arena);

/* The chains that the CA was seen to give with a certificate (RFC 8555 section
 * 7.4.2), each by its topmost certificate, a root left aside. */
#define STORE_CHAINS_MAX 10
struct store_chain {
	const char *issuer; /* of it: its CN, or whole DN; printable ASCII */
	const char *sha256; /* of it, in hexadecimal; "": there was the leaf
			     * alone */
	int64_t ts;	    /* when it was seen last */
};
struct store_chains {
	struct store_chain v[STORE_CHAINS_MAX]; /* the newest first */
	size_t n;
};
/* 1; 0: there is no such CA in the store; -1. Strings in ARENA. */
int store_chains_get(struct store *s, const char *ca_name, struct arena *arena,
		     struct store_chains *ret, struct err *err) MUST_CHECK;
/* Those that were SEEN are the first then, in their order, before what the
 * store had of others; the oldest go. Nothing happens unless the CA's row is
 * there, with this DIRECTORY. */
int store_chains_put(struct store *s, const char *ca_name,
		     const char *directory, const struct store_chains *seen,
		     struct err *err) MUST_CHECK;

#endif
