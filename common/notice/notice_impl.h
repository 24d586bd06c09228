/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_IMPL_H
#define NOTICE_IMPL_H

/* What the parts of notice share; nobody else includes it. */

#include "enc.h"
#include "notice_hand.h"
#include "strlist.h"

#define NOTICE_KEY 16 /* digits */

struct matter {
	struct notice what;
	int64_t since;
	int64_t told[NOTICE_CHANNELS]; /* when last; 0: not, or that it is over
					*/
	/* What was told then and since, NOTICE_KEY digits each. "": it is not
	 * known. */
	const char *keys[NOTICE_CHANNELS];
	bool here; /* in this run */
	bool open; /* it is not known whether it is still so */
	bool forgotten;
	const char *store; /* whose it is, as notices.store; "": all's */
	const char *owner; /* who is told as the owner, or was; "": nobody */
};

struct notices {
	const struct notice_from *from;
	struct arena *arena;
	int64_t now;
	struct matter *v;
	size_t n, cap;
	struct strlist looked;	     /* "TOPIC SERVICE" */
	struct strlist now_of;	     /* "SERVICE\tCERT\tTEXT" */
	struct strlist now_of_topic; /* of the host: "TOPIC\tCERT\tTEXT" */
	char store[ENC_SHA256_HEX]; /* the first digits; "": there is but one */
	char *before;		    /* the file's text; NULL: it is not known */
};

/* --- notice_memory.c --- */

/* It is of another store than this run's, which says nothing of it. */
bool notice_foreign(const struct notices *n, const struct matter *x);
struct matter *notice_find(struct notices *n, const struct notice *m);
/* NULL: there are too many. */
struct matter *notice_new(struct notices *n, const struct notice *m);
/* Printable, one line, not too long: it goes into a file and a mail. */
const char *notice_clean(struct arena *arena, const char *s);
void notice_set_words(struct notices *n, struct matter *x, const char *state,
		      const char *text);
int notice_save(const struct notices *n, struct err *err) MUST_CHECK;

/* --- notice.c --- */

/* Is there something to tell of X by C? */
bool notice_event_of(const struct notices *n, const struct matter *x,
		     enum notice_channel c, enum notice_event *ret);
/* What it says, as one key; that it is held is one thing, whatever the words.
 */
void notice_key_of(const struct matter *x, char ret[NOTICE_KEY + 1]);
void notice_set_told(struct notices *n, struct matter *x, enum notice_channel c,
		     enum notice_event event);
/* Puts those of the host's certificates among the N of V in their order: the
 * nearest end first, be it to come or just past, those without one last. */
void notice_by_urgency(const struct notices *n, struct matter **v,
		       size_t count);
struct notice_line notice_line_of(const struct notices *n,
				  const struct matter *x,
				  enum notice_event event);

/* --- notice_owner.c --- */

/* -1: not all could be told; *ret_told: how many mails were taken. */
int notice_tell_owners(struct notices *n, int stop, struct err *err) MUST_CHECK;

#endif
