/* SPDX-License-Identifier: MIT */
#ifndef CAA_IMPL_H
#define CAA_IMPL_H

/* What caa.c looks up and caa_say.c says. Nobody else includes this. */

#include "caa.h"
#include "dns_climb.h"

/* A CA that a certificate may use. */
struct caa_ca {
	const char *name;
	const char *account;	    /* URL; NULL: none yet */
	const char *const *domains; /* in CAA records; none: it says none */
	size_t n_domains;
	struct err err; /* kind: its directory cannot be read */
};

/* A name of a certificate, at one of those CAs. */
struct caa_item {
	const char *certificate;
	const char *name; /* without "*." */
	struct caa_ca *ca;
	struct dns_caa_want want; /* once the CA is known */
	/* What is published. */
	struct dns_climb *climb; /* under way */
	size_t *pending;	 /* look-ups that are */
	struct err err;		 /* kind: it cannot be looked up */
	struct dns_climb_found found;
	struct dns_caa_says says;
};

struct caa_items {
	struct caa_item *v;
	size_t n;
};

/* May the CA issue for it, by what is published? 1, 0, -1: nobody knows. */
int caa_allowed(const struct caa_item *i);
/* What is published for it, in a sentence without its end; in ARENA. */
const char *caa_sentence(const struct caa_item *i, struct arena *arena);
/* The record that is wanted, as zone files have it, in ARENA; NULL: none can
 * be made, *ret_why says in a sentence why. */
const char *caa_record(const struct caa_item *i, struct arena *arena,
		       const char **ret_why);

/* All of it, appended. */
void caa_text(const struct caa_items *items, struct arena *arena,
	      struct sbuf *out);
void caa_json(const struct caa_items *items, struct arena *arena,
	      struct sbuf *out);

#endif
