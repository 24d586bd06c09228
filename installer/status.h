/* SPDX-License-Identifier: MIT */
#ifndef STATUS_H
#define STATUS_H

/*
 * What this host last knew of itself: of each certificate and endpoint the
 * last receipt, in STATE_DIR/status, whether or not the store heard of it.
 */

#include "run.h"

/* Merge the receipts of R; what is not in CURRENT (only the names count) goes.
 * Does nothing when R has none. */
int status_update(const struct run *r, const struct receipts *current,
		  struct err *err) MUST_CHECK;
/* For people, or as a list in JSON, of the services R wants. 1: all is well,
 * 0: something is failed, rolled back, refused, held or waiting; -1. Reads
 * only. */
int status_print(const struct run *r, bool json, struct sbuf *ret,
		 struct err *err) MUST_CHECK;

#endif
