/* SPDX-License-Identifier: MIT */
#ifndef DNS_UPDATE_H
#define DNS_UPDATE_H

/*
 * Changes of TXT records by UPDATE (RFC 2136) with TSIG, over TCP.
 *
 * For each zone, server and key one UPDATE is under way at a time; changes
 * that come meanwhile wait and go out together in the next. When a server
 * refuses several together, they are tried in halves down to single ones, so
 * that a name it does not allow fails no other. An UPDATE whose answer is
 * lost is sent again: adding a value that is there, or removing one that is
 * not, changes nothing.
 */

#include "dns_query.h"
#include "dns_tsig.h"
#include "dns_zone.h"

#define DNS_UPDATE_CHANGES_MAX 100 /* in one message */
#define DNS_UPDATE_TRIES       3   /* or more: each address once */

struct dns_updater;
struct dns_change;

struct dns_updater *dns_updater_new(struct dns_net *net);
void dns_updater_free(struct dns_updater **u); /* no change is left */

/*
 * err is NULL when the server has made the change. UNDONE, with an err: it
 * certainly was not made, since it reached no server, or a signed answer
 * refused it. What is not signed, as BADKEY and BADSIG never are (RFC 8945
 * section 5.3.2), anybody on the way may say of a change that was made. Always
 * from the loop; the change is gone then: forget the pointer.
 *	ERR_CONFIG	 refused for a reason a person has to mend
 *	ERR_UNAVAILABLE	 the server is not reached, or in trouble, or at odds
 *			 with us, whatever the name, about key or clock
 *	ERR_INPUT	 the answer is malformed or not signed
 */
typedef void dns_update_fn(void *arg, const struct err *err, bool undone);

/* ZONE must live until the change is made; RR is copied. */
struct dns_change *dns_update(struct dns_updater *u,
			      const struct dns_zone *zone,
			      const struct dns_change_rr *rr, dns_update_fn *fn,
			      void *arg);
/* No callback any more. A change that is already under way is made all the
 * same. Accepts NULL. */
void dns_update_cancel(struct dns_change **c);

/* What an answer to an UPDATE means: 0 made, or -1 with the sentence. Pure.
 * ret_single: whether the changes might do better one at a time. ret_undone:
 * by a signed answer, none of them was made. Both are touched only with -1. */
struct dns_update_sent {
	const char *zone;
	const char *server; /* as text */
	const struct dns_key *key;
	const char *key_file;
	const char *primary; /* who the SOA says the server is, or NULL */
	const char *what;    /* "_acme-challenge.www.example.org" */
	struct dns_tsig_mac mac;
};
int dns_update_verdict(const struct dns_update_sent *sent, int64_t now,
		       const unsigned char *wire, size_t len, bool *ret_single,
		       bool *ret_undone, struct err *err) MUST_CHECK;

#endif
