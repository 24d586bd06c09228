/* SPDX-License-Identifier: MIT */
#ifndef REPLY_H
#define REPLY_H

/* An answer of the CA, kept until the state machine that asked is stepped:
 * callbacks only take it down, so that nothing calls back into itself. */

#include "acme.h"
#include "strlist.h"

struct reply {
	bool failed;
	struct fail fail; /* when failed */
	long status;
	int64_t retry_at;
	char *location; /* or NULL */
	char *body;	/* not NULL before reply_read() */
	size_t len;
	char *problem;		   /* or NULL */
	struct strlist alternates; /* URLs */
};

void reply_take(struct reply *r, const struct acme_result *res);
void reply_free(struct reply *r); /* may be used again */
/* It was read: its body, which a CA can make big, is not kept. */
void reply_read(struct reply *r);

/* The failure may pass within seconds, and the CA does not ask for more than
 * that: worth another try within the same order. Fills *ret_wait_ms. TRIES:
 * how many there were. */
#define REPLY_TRIES 2
bool reply_transient(const struct fail *f, int tries, int64_t now,
		     int64_t *ret_wait_ms);

/* The same of a URL that the CA gave us in this run and does not know (404): a
 * race between its servers. Counts in *TRIES. */
bool reply_race(const struct reply *r, int *tries, int64_t *ret_wait_ms);
/* And of an answer that is no such object: a hiccup, for a while. */
bool reply_unreadable(int *tries, int64_t *ret_wait_ms);

/* A request about an order was refused for what it is: the order is of no more
 * use. */
bool reply_terminal(const struct fail *f);

/* Milliseconds until the next poll. POLLS: how many were sent. RTT_MS: how
 * long the request before took: a CA that is near needs a moment to do its
 * work, one that is far has had it. Retry-After is obeyed, up to a minute. */
int64_t reply_poll_ms(int polls, int64_t rtt_ms, int64_t retry_at, int64_t now);

#endif
