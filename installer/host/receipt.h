/* SPDX-License-Identifier: MIT */
#ifndef RECEIPT_H
#define RECEIPT_H

/*
 * Receipts: what this host tells the store of itself. They are collected
 * during a run and written in one transaction at its end; those that could
 * not be written wait in a file for the next run, and those that were are kept
 * in another until they were read back: a cluster or a server that went down
 * may have lost what it had taken. Of several that speak of the same thing, the
 * last one counts.
 */

#include "arena.h"
#include "store.h"

#define RECEIPT_WAIT_MAX 2000	    /* how many may wait */
#define RECEIPT_FILE_MAX (8u << 20) /* of the longest of them fit */

/* Files of them in STATE_DIR. */
#define RECEIPTS_WAITING "receipts" /* for the store */
#define RECEIPTS_SENT	 "sent"	    /* ... taken, and not read back yet */
#define RECEIPTS_STATUS	 "status"   /* see hostview.h */

struct receipts {
	struct arena *arena;
	struct store_receipt *v;
	size_t n, cap;
};

/* Copies R; version and host are borrowed. */
void receipt_add(struct receipts *l, const struct store_receipt *r);
/* That about the same thing as KEY, or NULL. */
const struct store_receipt *receipt_find(const struct receipts *l,
					 const struct store_receipt *key);
/* Of two about the same thing: do they say the same, whenever. */
bool receipt_same(const struct store_receipt *a, const struct store_receipt *b);
/* Is R, or what was said of the same thing after it, among what the store has:
 * ALL of this host. */
bool receipt_arrived(const struct store_receipts *all,
		     const struct store_receipt *r);
/* Adds those in FILE. -1: it cannot be read, or (ERR_INPUT) is damaged: what
 * was in it is lost, and said again by the next looks. */
int receipt_load(const char *state_dir, const char *file, struct receipts *l,
		 struct err *err) MUST_CHECK;
/* Writes only what FILE does not say already. */
int receipt_save(const char *state_dir, const char *file,
		 const struct receipts *l, struct err *err) MUST_CHECK;
/* The file goes, if it is there. */
int receipt_forget(const char *state_dir, const char *file,
		   struct err *err) MUST_CHECK;
void receipt_free(struct receipts *l);

#endif
