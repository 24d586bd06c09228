/* SPDX-License-Identifier: MIT */
#ifndef NOTIFY_IMPL_H
#define NOTIFY_IMPL_H

/* What the parts of notify share; nobody else includes it. */

#include "notice.h"
#include "notify.h"
#include "strlist.h"

#define NOTIFY_DAY  86400
#define NOTIFY_TODO 16

struct teller {
	const struct notify_from *from;
	struct store *store;
	struct notices *n;
	struct arena *arena;
	int64_t now;
	/* as the run left them, the most urgent first */
	struct store_troubles failing, overdue, held;
	struct notify_owners *owners; /* of the names that are told */
	/* CAs that rest, as rows name them, which are told with what waits for
	 * them; "" for those that name none */
	struct strlist resting;
};

/* --- notify_owners.c --- */

#define NOTIFY_OWNERS 1000 /* that are told of what others are not */
struct notify_owners {
	struct notify_owner_of {
		const char *address;
		size_t names, more;
	} v[NOTIFY_OWNERS];
	size_t n, names;
	bool warned;
};
struct notify_owners *notify_owners_new(void);
void notify_owners_free(struct notify_owners **o); /* for AUTO, too */
/* The owner of R, if he is to be told of it, too, or NULL. SPELT: so are all,
 * else only he. What he has beyond our limits is counted. */
const char *notify_owner(struct teller *t, const struct store_trouble *r,
			 bool spelt);
/* Is there anybody to be told of R? */
bool notify_owned(const struct store_trouble *r);
/* Those that were only counted. */
void notify_owners_more(struct teller *t);
/* Of struct notice_from; ARG is the store. */
notice_claim_fn notify_owners_claim, notify_owners_unclaim;

int notify_names(struct teller *t, struct err *err) MUST_CHECK;
int notify_cas(struct teller *t, struct err *err) MUST_CHECK;
/* Of this instance; those that were given up in this run, too. */
int notify_proofs(struct teller *t, struct err *err) MUST_CHECK;

int notify_requests(struct teller *t, struct err *err) MUST_CHECK;

/* Of this run, whatever the store says. */
void notify_remarks(struct teller *t);

/* "2026-11-30T03:52:00Z (in 12 h)", "... (2 days ago)". */
const char *notify_at(const struct teller *t, int64_t at);
/* "it expires on ...", "it EXPIRED on ...", "it has no certificate yet". */
const char *notify_life(const struct teller *t, const struct store_trouble *r);
/* As a shell takes it; behind "--", when it would be an option. */
const char *notify_word(struct arena *a, const char *name);
/* How far the end of R is from now; those without one are the farthest. */
int64_t notify_away(const struct teller *t, const struct store_trouble *r);
/* The CA to name in "ca=...", beside that of a row; NULL: there is no other. */
const char *notify_other_ca(const struct teller *t, const char *ca_name);

#endif
