/* SPDX-License-Identifier: MIT */
#include "reply.h"
#include <stdlib.h>
#include <string.h>

#define TRANSIENT_FIRST_MS 1000
#define RACE_TRIES	   4 /* 15 s in all */
#define TRANSIENT_MOST_S   30
#define POLL_GRACE_MS	   25
#define POLL_FIRST_MS	   50
#define POLL_MOST_MS	   5000
#define POLL_ASKED_MOST_S  60

void reply_take(struct reply *r, const struct acme_result *res)
{
	reply_free(r);
	if (res->fail) {
		r->failed = true;
		r->fail = *res->fail;
		/* What the CA refuses of one order, in words of its own, is
		 * that order's: counted, and held in the end. */
		if (r->fail.class == FAIL_INTERNAL && res->status >= 400)
			r->fail.class = FAIL_REJECTED;
	}
	r->status = res->status;
	r->retry_at = res->retry_at;
	r->location = res->location ? mem_strdup(res->location) : NULL;
	r->problem = res->problem_type ? mem_strdup(res->problem_type) : NULL;
	/* Whole: it may hold a NUL, and is read by its length. */
	r->body = mem_alloc(res->len + 1);
	if (res->len)
		memcpy(r->body, res->body, res->len);
	r->len = res->len;
	for (size_t i = 0; i < res->n_alternates; i++)
		strlist_add(&r->alternates, res->alternates[i]);
}

void reply_free(struct reply *r)
{
	mem_free_str(&r->location);
	mem_free_str(&r->problem);
	mem_free_str(&r->body);
	strlist_free(&r->alternates);
	*r = (struct reply){ .failed = false };
}

void reply_read(struct reply *r)
{
	mem_free_str(&r->body);
	r->len = 0;
}

bool reply_transient(const struct fail *f, int tries, int64_t now,
		     int64_t *ret_wait_ms)
{
	int64_t wait = TRANSIENT_FIRST_MS << (2 * tries);

	if (f->class != FAIL_CA_DOWN && f->class != FAIL_CA_RATE_LIMITED &&
	    f->class != FAIL_HOST)
		return false;
	if (tries >= REPLY_TRIES)
		return false;
	if (f->class == FAIL_CA_RATE_LIMITED && !f->retry_at)
		return false;
	if (f->retry_at - now > TRANSIENT_MOST_S)
		return false;
	if (f->retry_at > now)
		wait = (f->retry_at - now) * 1000;
	*ret_wait_ms = wait;
	return true;
}

bool reply_race(const struct reply *r, int *tries, int64_t *ret_wait_ms)
{
	if (r->status != 404 || *tries >= RACE_TRIES)
		return false;
	*ret_wait_ms = TRANSIENT_FIRST_MS << (*tries)++;
	return true;
}

bool reply_unreadable(int *tries, int64_t *ret_wait_ms)
{
	if (*tries >= REPLY_TRIES)
		return false;
	*ret_wait_ms = TRANSIENT_FIRST_MS << (2 * (*tries)++);
	return true;
}

bool reply_terminal(const struct fail *f)
{
	return !fail_of_ca(f->class) && f->class != FAIL_RATE_LIMITED &&
	       f->class != FAIL_HOST;
}

int64_t reply_poll_ms(int polls, int64_t rtt_ms, int64_t retry_at, int64_t now)
{
	int64_t wait = POLL_FIRST_MS;
	int i;

	if (polls == 0)
		return rtt_ms < POLL_GRACE_MS ? POLL_GRACE_MS - rtt_ms : 0;
	if (retry_at > now) {
		wait = retry_at - now;
		return 1000 *
		       (wait < POLL_ASKED_MOST_S ? wait : POLL_ASKED_MOST_S);
	}
	for (i = 1; i < polls && wait < POLL_MOST_MS; i++)
		wait *= 2;
	return wait < POLL_MOST_MS ? wait : POLL_MOST_MS;
}
