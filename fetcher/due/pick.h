/* SPDX-License-Identifier: MIT */
#ifndef PICK_H
#define PICK_H

/*
 * Rows that want an order, read from the store: due.h decides, this feeds
 * it, and sets right what a row says of itself when that is out of date (an
 * old script changed crt; the rule of what is due was changed).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "due.h"
#include "store.h"

#define PICK_PAGE 20000 /* rows that pick_all has at a time */

struct pick_opts {
	int64_t days_left, now;
	bool force;    /* for pick_one */
	bool write;    /* set rows right; else change nothing */
	bool doubtful; /* the CA is (ca_queue.h): for pick_page */
};

struct pick {
	const char *name; /* all live until the callback returns */
	const char *ca_name, *challenge;
	bool certbot;
	enum due_reason reason;
	bool early;	   /* its ts_due lies ahead: a person wants it now */
	int64_t ts_expire; /* of a certificate that is still good; or 0 */
	int64_t ts_due;
	bool again; /* its last failure was ca-down */
	bool of_ca; /* ... was one of the CA as a whole */
};
typedef int pick_fn(const struct pick *p, void *arg, struct err *err);

/* Whose rows. */
struct pick_queue {
	const char *ca_name; /* as they have it; NULL: they name none */
	/* Not NULL: they name another CA than these, whatever it is. */
	const struct store_ca_names *unknown_to;
};
/* The most urgent rows of that queue that are due, at most LIMIT of the
 * store's, without those that MET knows; most
 * urgent first, but those that a doubtful CA has failed last. *ret_n: how many
 * rows the store had (LIMIT: there may be more). */
int pick_page(struct store *store, const struct pick_queue *queue, size_t limit,
	      const struct pick_opts *opts,
	      bool (*met)(const char *name, void *arg), pick_fn *fn, void *arg,
	      size_t *ret_n, struct err *err) MUST_CHECK;
/* All of them, page by page, for who writes nothing. */
int pick_all(struct store *store, const struct pick_queue *queue,
	     const struct pick_opts *opts, pick_fn *fn, void *arg,
	     struct err *err) MUST_CHECK;
/* One name: 1 when it exists and is enabled (fn is called, with DUE_NOT when
 * it is not due), 0 when not, -1. */
int pick_one(struct store *store, const char *name,
	     const struct pick_opts *opts, pick_fn *fn, void *arg,
	     struct err *err) MUST_CHECK;

#endif
