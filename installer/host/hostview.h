/* SPDX-License-Identifier: MIT */
#ifndef HOSTVIEW_H
#define HOSTVIEW_H

/*
 * What this host last knew of itself: of each certificate and endpoint the
 * last receipt, in STATE_DIR/status, whether or not the store heard of it.
 */

#include "host.h"

/* Fills R's known. When the file is damaged, nothing is: each look says all it
 * finds. */
void hostview_known(struct host *r);
/* Merge the receipts of R; what is not in CURRENT (only the names count) goes.
 * Does nothing when R has none, and nothing is over. */
int hostview_update(const struct host *r, const struct receipts *current,
		    struct err *err) MUST_CHECK;
/* What is known of certificate I of S by the end of this run, in a few words in
 * R's arena: "served since T, valid until T"; NULL: nothing. Of a
 * placeholder, that it is one. */
const char *hostview_now(const struct host *r, const struct svc *s, size_t i);
/* For people, or as a list in JSON, of the services R wants, with MORE, objects
 * or NULL, at its end. 1: all is well, 0: something is failed, rolled back,
 * refused, held or waiting; -1. Reads only. */
int hostview_print(const struct host *r, bool json, const struct sbuf *more,
		   struct sbuf *ret, struct err *err) MUST_CHECK;

#endif
