/* SPDX-License-Identifier: MIT */
/* Owners of certificates: each gets a mail that has what is his alone. */
#include <string.h>
#include "clock.h"
#include "log.h"
#include "notice_impl.h"

#define MAILS_MAX 100	       /* in a run; who is left has the next one */
#define MS_MAX	  (300 * 1000) /* likewise */
/* Failures, after which it is sendmail, not the address. */
#define IN_A_ROW 3

/* What is to be told to one of them. */
struct parcel {
	const char *owner;
	struct matter **v;
	struct notice_claim *claims;
	struct notice_line *lines;
	size_t n;
};

/* 0, -1: not in this run. */
static int claim_all(struct notices *n, struct parcel *p)
{
	const struct notice_from *from = n->from;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < p->n; i++)
		p->claims[i].ours = true;
	if (!from->claim ||
	    from->claim(from->claim_arg, p->claims, p->n, &err) == 0)
		return 0;
	log_debug("whether another one told %s is not known: %s", p->owner,
		  err.msg);
	for (size_t i = 0; i < p->n; i++)
		p->claims[i].ours = true;
	return err.kind == ERR_CONFIG ? 0 : -1;
}

/* All that is to be told to OWNER, of the N of V. */
static void fill(struct notices *n, const char *owner, struct matter **v,
		 size_t count, struct parcel *ret)
{
	struct arena *a = n->arena;
	struct parcel p = {
		.owner = owner,
		.v = arena_array(a, count, sizeof(struct matter *)),
		.claims = arena_array(a, count, sizeof(*p.claims)),
		.lines = arena_array(a, count, sizeof(*p.lines)),
	};

	for (size_t i = 0; i < count; i++) {
		enum notice_event event;
		char *key = arena_alloc(a, NOTICE_KEY + 1);

		if (strcmp(v[i]->owner, owner) != 0 ||
		    !notice_event_of(n, v[i], NOTICE_OWNER, &event))
			continue;
		notice_key_of(v[i], key);
		p.v[p.n] = v[i];
		p.lines[p.n] = notice_line_of(n, v[i], event);
		p.claims[p.n++] = (struct notice_claim){
			.cert = v[i]->what.cert,
			.owner = owner,
			.key = key,
			.over = event == NOTICE_OVER,
			.now = n->now,
			.repeat = notice_hand_conf(n->from)->repeat,
		};
	}
	*ret = p;
}

/* What others have told him, he knows. */
static size_t keep_ours(struct notices *n, struct parcel *p)
{
	size_t ours = 0;

	if (claim_all(n, p) == -1)
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!p->claims[i].ours) {
			notice_set_told(n, p->v[i], NOTICE_OWNER,
					p->lines[i].event);
			continue;
		}
		p->v[ours] = p->v[i];
		p->lines[ours] = p->lines[i];
		p->claims[ours++] = p->claims[i];
	}
	p->n = ours;
	return ours;
}

/* 1: it was taken; 0: there was nothing. */
static int tell_one(struct notices *n, struct parcel *p, int stop,
		    struct err *err)
{
	const struct notice_from *from = n->from;
	struct err own = ERR_INIT;

	if (keep_ours(n, p) == 0)
		return 0;
	if (notice_hand_over(from, NOTICE_OWNER, p->owner, stop, p->lines, p->n,
			     n->now, err) == 0) {
		for (size_t i = 0; i < p->n; i++)
			notice_set_told(n, p->v[i], NOTICE_OWNER,
					p->lines[i].event);
		return 1;
	}
	if (from->unclaim &&
	    from->unclaim(from->claim_arg, p->claims, p->n, &own) == -1)
		log_warn("%s was not told, and may not be before the next "
			 "reminder: %s",
			 p->owner, own.msg);
	return -1;
}

int notice_tell_owners(struct notices *n, int stop, struct err *err)
{
	struct matter **v = arena_array(n->arena, n->n + 1, sizeof(*v));
	AUTO(strlist_free) struct strlist done = STRLIST_INIT;
	int64_t until = clock_mono_ms() + MS_MAX;
	size_t count = 0, row = 0, failed = 0, mails = 0;
	struct err own = ERR_INIT;
	enum notice_event event;

	for (size_t i = 0; i < n->n; i++)
		if (notice_event_of(n, &n->v[i], NOTICE_OWNER, &event))
			v[count++] = &n->v[i];
	notice_by_urgency(n, v, count);
	for (size_t i = 0; i < count && mails < MAILS_MAX && row < IN_A_ROW &&
			   clock_mono_ms() < until;
	     i++) {
		struct parcel p;
		int rc;

		if (strlist_has(&done, v[i]->owner))
			continue;
		strlist_add(&done, v[i]->owner);
		fill(n, v[i]->owner, v, count, &p);
		rc = tell_one(n, &p, stop, &own);
		/* There is no room for more, in this run. */
		if (rc == -1 && own.kind == ERR_LIMIT)
			break;
		mails += rc != 0;
		failed += rc == -1;
		row = rc == -1 ? row + 1 : 0;
	}
	if (failed == 0)
		return 0;
	return err_set(err, own.kind,
		       "%zu %s of certificates could not be told, the next run "
		       "tries again: %s",
		       failed, failed == 1 ? "owner" : "owners", own.msg);
}
