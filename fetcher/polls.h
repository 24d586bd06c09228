/* SPDX-License-Identifier: MIT */
#ifndef POLLS_H
#define POLLS_H

/*
 * The CAs of a run are asked when they want their certificates renewed, beside
 * the orders, which come first: a CA that has any is asked a few at a time.
 * One without renewal information, or when it is no certificate's turn, is not
 * asked anything. One that did not answer, and said for how long it wants to be
 * left alone, is left alone, a day at most; a file in the state folder holds
 * that.
 */

#include "cas.h"

struct polls;

/* All borrowed, and outlive it. With NAMES, of these only, and whenever it is
 * their turn. */
struct polls *polls_new(const struct certrepo_conf *conf, struct cas *cas,
			struct loop *loop, struct store *store,
			struct batch *batch, const char *const *names,
			size_t n_names);
void polls_free(struct polls **p);

/* Go on, after the orders' turn. The store being away is no failure here, nor
 * is what concerns one CA. */
int polls_step(struct polls *p, struct err *err) MUST_CHECK;
/* The program is to end: what was answered is committed. */
void polls_stop(struct polls *p);
bool polls_busy(const struct polls *p);
/* A CA is through, and names have become due by it since polls_listed(). */
bool polls_due(const struct polls *p);
void polls_listed(struct polls *p);
/* What there is to say, and to note, at the end of a run. */
void polls_say(const struct polls *p);

/* --- pure, for tests --- */

/* "it wants 300 certificates renewed at once ..."; the caller's. */
struct ari_told;
char *polls_moved_text(const struct ari_told *told);

#endif
