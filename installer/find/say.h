/* SPDX-License-Identifier: MIT */
#ifndef SAY_H
#define SAY_H

/*
 * What there is to say of a service in a run, to each who listens: a line on
 * stderr and in syslog, once and once a day while it lasts; the people in
 * notify; the store, by receipts. What is a fault makes the task bad.
 */

#include "finding.h"

/* What a person runs who wants it all the same; see host_name_for(). */
#define SAY_FORCE "certrepo-installer --force %s"

/* There is nothing to do: each certificate that is in place. */
void say_well(const struct finding *t);
/* What came of trying to install these certificates: once, as long as it is
 * them. */
void say_attempt(struct finding *t, const char *text);
/* A line, if it is to be said now; whenever a person is there, it is. */
void say_once(struct finding *t, enum svcstate_about about, const char *text);
/* People; CERT is "" for all of the service. */
void say_notice(struct finding *t, enum notice_topic topic, const char *cert,
		enum receipt_state state, const char *text);

/* "; what is in place stays, it is valid until T", or what else there is to say
 * of what ends first of what G has of the disk; "": nothing is there. In A. */
const char *say_in_place(const struct judge *g, int64_t now, struct arena *a);
/* "; what is in place is valid until T", of what the disk has now; S may be
 * NULL. */
const char *say_on_disk(const struct host *r, const struct svc *s);

/* Single certificates that are refused, missing or do not fit. */
void say_certs(struct finding *t);
/* Endpoints that are not as they should be, and nothing can be done now. */
void say_endpoints(struct finding *t);
/* Endpoints that this host cannot look at: nothing is said of the service. */
void say_unseen(struct finding *t);
/* Either of them, if it is so, beside what is said of a change that is not made
 * now; WHY may be NULL. Was it so? */
bool say_beside(struct finding *t, const char *why);
/* It waits until a person or a reboot restarts it. */
void say_waiting(struct finding *t);
/* New certificates that are not installed, because of TEXT. */
void say_held(struct finding *t, const char *text);
/* The same because of the hour, which is no fault: t->why. */
void say_later(struct finding *t);
/* What will be wrong in time: certificates and keys that get old. */
void say_lives(struct finding *t);
/* To the store and for --status: the state of each certificate and endpoint
 * after this look, as far as it is another than the last one that was told. */
void say_states(struct finding *t);
/* What of all this the run would have found, if it were so (see notice.h): of
 * the files and endpoints; and of what the store has, too. */
void say_looked(const struct finding *t);
void say_judged(const struct finding *t);

#endif
