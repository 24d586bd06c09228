/* SPDX-License-Identifier: MIT */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * At the end of a run those in `notify` are told what needs a person
 * (notice.h): names that fail and are near their end, or held, or that no run
 * comes to, whatever the reason; requests of hosts; CAs that rest; leases and
 * proofs that stay; a store that is away, a clock that is wrong; and the run's
 * remarks (remark.h). All but the last two is read from the store as the run
 * left it. What could not be read is not known, and nothing is over because of
 * it.
 *
 * The owner of a name is told of it, too, be it spelt out to all or not; of
 * several fetchers that find the same, one tells him (fleet_owners.h).
 */

#include <stdbool.h>
#include "certrepo_conf.h"
#include "store_trouble.h"

#define NOTIFY_NAMES 50 /* spelt out, of each kind; the others are counted */

struct notify_from {
	const struct certrepo_conf *conf;
	const char *owner;    /* this instance's id */
	const char *command;  /* "certrepo-fetcher -c FILE" */
	const char *populate; /* "certrepo-populate" */
	int clock;	      /* see engine_clock() */
	const char *clock_ca, *clock_detail;
	int stop; /* see notice_send() */
	/* Of this instance, when the run began; or NULL. */
	const struct store_proofs *proofs;
};

/* AWAY: why the store could not be reached, or turned us away; STORE may be
 * NULL then, and is asked only where it may be read and not written. -1: some
 * of it could not be read, or handed over. Without `notify` owners alone are
 * told, of their names. The instance's lock is held. */
int notify_run(const struct notify_from *from, struct store *store,
	       const struct err *away, int64_t now, struct err *err) MUST_CHECK;

/* What notify_from.proofs is. */
int notify_proofs_before(struct store *store, const char *owner,
			 struct arena *arena, struct store_proofs *ret,
			 struct err *err) MUST_CHECK;

/* The configuration is refused, ERRS say why, and whom to tell could be read
 * all the same; else nothing is done. The instance's lock is held. */
int notify_refused(const struct notify_from *from,
		   const struct conf_errors *errs, int64_t now,
		   struct err *err) MUST_CHECK;
/* The group notify of CONF, which may be one that was refused; NULL: it has
 * none, or something of it was refused. */
const struct notify_conf *notify_usable(const struct certrepo_conf *conf);
/* A test to those in `notify`, see notice_test(). CONFIG is its file. */
int notify_test(const struct notify_from *from, const char *config,
		int64_t now) MUST_CHECK;

/* Is ROW one whose order is parked, and of which a person should know: for a
 * day, or near its end? 1, 0, -1. */
int notify_parked(struct store *store, const struct store_trouble *row,
		  int64_t days_left, int64_t now, struct arena *arena,
		  struct err *err) MUST_CHECK;

/* --- pure, for tests --- */

/* Is it time that a person knew? Half of the time in which it is renewed is
 * over (due.h); without a certificate, the second attempt failed. What a CA as
 * a whole does wrong is told of the CA. */
bool notify_wanted(const struct store_trouble *t, int64_t days_left,
		   int64_t now);
/* It was due, nothing is on record of an attempt at it, and its end is near, it
 * has expired, or there is none. */
bool notify_missed(const struct store_trouble *t, int64_t days_left,
		   int64_t now);
/* Half of it is over, or all. */
bool notify_near_end(int64_t not_before, int64_t not_after, int64_t days_left,
		     int64_t now);
bool notify_is_parked(const struct store_trouble *t);

#endif
