/* SPDX-License-Identifier: MIT */
#ifndef STAGING_H
#define STAGING_H

/*
 * `--staging NAME...`: the names are tried at the staging directories of their
 * CAs, by the same engine, before anything counts.
 *
 * All of it happens in STATE_DIR/staging, a state folder of its own with a
 * store (SQLite), a lock, an id and account keys of its own: into that the
 * rows are copied, from whatever store they are in, and a copy of the
 * configuration in which each CA is its staging. So the real row, order,
 * account and back-off are not in reach; neither is a run that goes on
 * meanwhile, whose lock is another one (what both put into a zone differs, and
 * each removes its own), and proofs that a killed try left are swept by the
 * next one as those of a killed run are.
 */

#include "certrepo_conf.h"
#include "store.h"

/* One of the names, and what came of it. Strings are the arena's. */
struct staging_try {
	const char *name;
	const struct store_cert *row; /* the real one; NULL: there is none */
	const struct certrepo_ca *ca; /* the real one */
	/* Why it was not tried; kind ERR_NONE: it was. */
	struct err why;
	int64_t rest; /* of its staging before the try, until when; 0: none */
	/* The class for which its staging could not be used in this try. */
	const char *away;
	/* As the staging store has it afterwards. */
	const struct store_cert *got; /* NULL: it was not tried */
	const char *order_url;
};

struct staging_tries {
	struct staging_try *v;
	size_t n;
};

/* Tries them, and says what came of each: what worked on stdout, what did not
 * on stderr. CONFIG is the file that CONF was read from. *RET_STATUS is as of a
 * run of the fetcher; -1: nothing was tried at all. */
int staging_run(const struct certrepo_conf *conf, const char *config,
		const char *const *names, size_t n, int *ret_status,
		struct err *err) MUST_CHECK;

/* --- pure --- */

/* CONF with all that is said above, for the CAs of TRIES; in A. */
struct certrepo_conf *staging_conf(const struct certrepo_conf *conf,
				   const struct staging_tries *tries,
				   struct arena *a);
/* Our name of CA's staging, in A. */
const char *staging_ca_name(const struct certrepo_ca *ca, struct arena *a);
/* NAME as a shell takes it, in A. */
const char *staging_word(const char *name, struct arena *a);
/* Several lines on what came of T, at NOW; COMMAND and POPULATE are the two
 * programs with their options, as a shell takes them. In A; *RET_WORKED. */
const char *staging_text(const struct staging_try *t, const char *command,
			 const char *populate, int64_t now, struct arena *a,
			 bool *ret_worked);

#endif
