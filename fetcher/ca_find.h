/* SPDX-License-Identifier: MIT */
#ifndef CA_FIND_H
#define CA_FIND_H

/*
 * The directory of a CA that is discovered (discover.h): looked for by the
 * first run that wants it, pinned in the store, used from there without any
 * look-up. It is looked for again only when it could not be reached in two runs
 * that are CA_FIND_APART or more apart, or a person forces an order; one that
 * is found then, and is another, is said and takes its place. Of a search that
 * failed each step is left in state_dir/discover-CA.txt, which the next good
 * one removes.
 */

#include <stdbool.h>
#include "batch.h"
#include "certrepo_conf.h"
#include "fail.h"
#include "loop.h"

#define CA_FIND_APART 3600

struct ca_find;

/* CA, of CONF, has `discover' and no directory. LOOP and BATCH are NULL when
 * nobody is to be asked. */
int ca_find_new(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
		struct loop *loop, struct store *store, struct batch *batch,
		struct ca_find **ret, struct err *err) MUST_CHECK;
void ca_find_free(struct ca_find **f); /* accepts NULL */

/* What CA says, and the directory: "" while there is none. Lives as long as F;
 * the directory may become another, during ca_find_start() alone. */
const struct certrepo_ca *ca_find_ca(const struct ca_find *f);
bool ca_find_known(const struct ca_find *f);
/* In this run the DNS said that there is none, or what it named does not work,
 * and mode = "try" lets its names go on with the next CA of the configuration,
 * of which there is one. It has been said. */
bool ca_find_missing(const struct ca_find *f);

/* Look for it, and pin it. WANTED: there are names that wait for it; else its
 * not being there is not said, and makes it none that is missing. FAIL is NULL
 * when there is one that is to be tried; always from the loop, which may free
 * F. */
typedef void ca_find_fn(void *arg, const struct fail *fail);
void ca_find_start(struct ca_find *f, bool wanted, ca_find_fn *fn, void *arg);

/* The directory could not be used, WHY. True: it has been so for long enough,
 * or it is forced, once; ca_find_start() is next, which fails by WHY when there
 * is no other. False: WHY says as well when another is looked for. */
bool ca_find_down(struct ca_find *f, struct fail *why);
void ca_find_force(struct ca_find *f);
void ca_find_up(struct ca_find *f); /* it was reached */

/* --- pure, for tests --- */

enum ca_find_next { CA_FIND_WAIT, CA_FIND_NOTE, CA_FIND_SEARCH };
/* It cannot be reached NOW; TS_DOWN is since when, as the store has it. NOTE:
 * that is now. */
enum ca_find_next ca_find_next(int64_t ts_down, int64_t now);

#endif
