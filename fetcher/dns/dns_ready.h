/* SPDX-License-Identifier: MIT */
#ifndef DNS_READY_H
#define DNS_READY_H

/*
 * Wait until every name server of a zone answers with a value: each is asked
 * at once, then again and again at growing intervals. One that answers
 * without it blocks. One that cannot be reached at all, or never answers for
 * its zone (REFUSED, SERVFAIL, NOTAUTH, a referral, garbage), blocks for the
 * grace only, and is reported once. An address that only the DNS names, IPv6 on
 * a host without it or IPv4, is left out at once.
 */

#include "dns_ask.h"
#include "dns_zone.h"

#define DNS_READY_FIRST_MS 20
#define DNS_READY_MAX_MS   2000

struct dns_watch; /* what the waiting ones share */
struct dns_ready; /* one who waits */

/* Times in milliseconds. */
struct dns_watch *dns_watch_new(struct dns_net *net, int64_t timeout_ms,
				int64_t grace_ms);
void dns_watch_free(struct dns_watch **w); /* nobody waits any more */

/* err is NULL when all have it; ABSENT, with one: a server that is
 * none of the zone's own, but remembers what these said, says that there is
 * nothing at all. Always from the loop; gone then.
 *	ERR_TIMEOUT	 a server still answers without it; its name and
 *			 what it said
 *	ERR_UNAVAILABLE	 none of the servers answers for the zone */
typedef void dns_ready_fn(void *arg, const struct err *err, bool absent);

/* OWNER canonical; the servers are those in zone->check. ZONE must live
 * until the end. */
struct dns_ready *dns_ready_wait(struct dns_watch *w,
				 const struct dns_zone *zone, const char *owner,
				 const char *value, dns_ready_fn *fn,
				 void *arg);
void dns_ready_cancel(struct dns_ready **r); /* accepts NULL */

/* Does this answer hold VALUE at OWNER? If not, what (256 bytes) says what
 * it held instead. Pure. */
bool dns_ready_has(const struct dns_msg *m, const char *owner,
		   const char *value, char what[256]);
/* Is it an answer at all of a server that has OWNER's zone? Pure. */
bool dns_ready_serves(const struct dns_msg *m, const char *owner);

#endif
