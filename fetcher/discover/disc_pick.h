/* SPDX-License-Identifier: MIT */
#ifndef DISC_PICK_H
#define DISC_PICK_H

/* Which of the servers that are advertised may be tried, and in what order
 * (draft-tweedale-acme-discovery; RFC 2782; RFC 6763). Pure. */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "disc_txt.h"

#define DISC_SERVICE "_acme-server._tcp"

/* Of each, of what an answer may hold; the rest is left out. */
#define DISC_INSTANCES_MAX 16 /* PTR records of a parent */
#define DISC_SRV_MAX	   8  /* of an instance */
#define DISC_TXT_MAX	   4
#define DISC_OFFERS_MAX	   64 /* of a parent: pairs of SRV and TXT */

struct disc_rule {
	const char *parent;	       /* canonical */
	const char *const *allow;      /* other domains; NULL or NULL-ended */
	const char *const *challenges; /* types we can do, NULL-ended */
};

/* NAME is the parent or below it, or one of those allowed or below it. */
bool disc_pick_near(const struct disc_rule *r, const char *name);
/* A PTR's target, canonical: NULL, or why it is not looked at. */
const char *disc_pick_instance(const struct disc_rule *r, const char *name);

/* One pair of a SRV and a TXT record. Borrowed strings. */
struct disc_offer {
	const char *instance, *target; /* canonical */
	unsigned priority, weight, port;
	const char *url; /* of the directory; NULL until it was picked */
	int state;	 /* the caller's */
};

/* NULL, and the URL is set (in ARENA); or why the pair is not tried. */
const char *disc_pick_offer(const struct disc_rule *r,
			    const struct disc_txt *txt, struct arena *arena,
			    struct disc_offer *o);

/* Can URL be what an offer of such a target had? */
bool disc_pick_url_ok(const struct disc_rule *r, const char *url);

/* A number from 0 to MAX, each as likely. */
typedef uint32_t disc_random_fn(void *arg, uint32_t max);
/* By priority, smaller first; those of one, whatever instance they belong to,
 * drawn by their weights as RFC 2782 has it. */
void disc_pick_order(struct disc_offer *v, size_t n, disc_random_fn *fn,
		     void *arg);

#endif
