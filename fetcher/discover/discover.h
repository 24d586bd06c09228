/* SPDX-License-Identifier: MIT */
#ifndef DISCOVER_H
#define DISCOVER_H

/*
 * Find a CA's directory by DNS (draft-tweedale-acme-discovery): for one parent
 * domain after the other the instances (PTR of _acme-server._tcp), where each
 * is (SRV) and what it does (TXT), and of those that may be tried the first
 * that answers with a directory, over TLS that is good for the SRV's target.
 *
 * An answer that is bogus ends it, and so does a parent that cannot be looked
 * up: none further up may come into its place by that. One instance that
 * cannot be looked up, or a server that is down, is passed over.
 *
 * What happens is written down, a line for each step: STEP, WHAT and RESULT
 * with a tab between them. Other people's words are in it in ASCII.
 *
 *	discover PARENT	why it is skipped, or "looked at"
 *	ptr NAME	rcode, how many, DNSSEC's state
 *	srv, txt NAME	the same
 *	drop NAME	other domain | i lacks dns | no path | no common v |
 *			service not there | bad name | what went wrong
 *	redirect URL	where to, which is asked next
 *	try URL		why it is not used
 *	use URL		priority, weight, DNSSEC's state
 */

#include "certrepo_conf.h"
#include "disc_parents.h"
#include "dns_valid.h"
#include "loop.h"

#define DISCOVER_TRIES_MAX 16		/* servers, in all */
#define DISCOVER_HOPS_MAX  3		/* of one of them, as in a run */
#define DISCOVER_MS	   (120 * 1000) /* the whole of it */
#define DISCOVER_TEXT_MAX  (64 * 1024)	/* of what is written down */

struct discover;

struct discover_opts {
	const struct certrepo_conf *conf; /* of dns: resolvers, anchor */
	const struct certrepo_ca *ca; /* ca_file, discover_allow; NULL: none */
	const struct disc_parents *parents;
	void (*line)(const char *text); /* each line as it is; or NULL */
};

struct discover_found {
	const char *url;
	const char *parent, *instance; /* canonical */
	unsigned priority, weight;
	enum dns_valid_state state; /* the weakest of what led there */
};

/* FOUND is NULL when there is none: ERR_INPUT; when that is not sure, for
 * somebody could not be asked: ERR_UNAVAILABLE; when an answer was bogus:
 * ERR_CONFLICT. Always from the loop, once; what it is given lives until D is
 * freed, which may be from there. */
typedef void discover_fn(void *arg, const struct discover_found *found,
			 const struct err *err);

/* All borrowed until it is freed. ERR_CONFIG: the settings are no good. */
int discover_start(struct loop *loop, const struct discover_opts *opts,
		   discover_fn *fn, void *arg, struct discover **ret,
		   struct err *err) MUST_CHECK;
void discover_free(struct discover **d); /* accepts NULL */
const char *discover_text(const struct discover *d);
/* Nothing was found, and it is not known either that there is nothing: the DNS
 * left a question without an answer. */
bool discover_unanswered(const struct discover *d);

/* Domains in the configuration below which nobody looks are errors. */
void discover_check(const struct certrepo_conf *conf, struct conf_errors *errs);

/* The sources that this host has for "auto", and those of the configuration. */
void discover_parents(const char *const *configured, size_t n,
		      struct arena *arena, struct disc_parents *ret);

#endif
