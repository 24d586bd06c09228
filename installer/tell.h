/* SPDX-License-Identifier: MIT */
#ifndef TELL_H
#define TELL_H

/*
 * What there is to say of a service in a run, to each who listens: a line on
 * stderr and in syslog, once and once a day while it lasts; the people in
 * notify; the store, by receipts. What is a fault makes the task bad.
 */

#include "task.h"

/* A line, if it is to be said now: true when it was. */
bool tell_once(struct task *t, enum svcstate_about about, const char *text);
/* People; CERT is "" for all of the service. */
void tell_notice(struct task *t, enum notice_topic topic, const char *cert,
		 const char *state, const char *text);

/* Single certificates that are refused, missing or do not fit. */
void tell_certs(struct task *t);
/* Endpoints that are not as they should be, and nothing can be done now. */
void tell_endpoints(struct task *t);
/* It waits until a person or a reboot restarts it. */
void tell_waiting(struct task *t);
/* New certificates that are not installed, because of TEXT. */
void tell_held(struct task *t, const char *text);
/* The same because of the hour, which is no fault: t->why. */
void tell_later(struct task *t);
/* What will be wrong in time: certificates and keys that get old. */
void tell_lives(struct task *t);
/* All is well, to the store alone. */
void tell_well(struct task *t);
/* What of all this the run would have found, if it were so; see notice.h. */
void tell_looked(const struct task *t);

#endif
