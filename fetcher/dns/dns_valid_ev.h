/* SPDX-License-Identifier: MIT */
#ifndef DNS_VALID_EV_H
#define DNS_VALID_EV_H

/* What libunbound calls an event base (unbound-event.h), made of our loop: it
 * then has neither thread nor child. For dns_valid.c alone. */

#include "loop.h"

struct ub_event_base;

struct ub_event_base *dns_valid_ev_new(struct loop *loop);
/* Its events are gone with the context they belong to. Accepts NULL. */
void dns_valid_ev_free(struct ub_event_base **base);

#endif
