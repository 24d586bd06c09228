/* SPDX-License-Identifier: MIT */
#ifndef FILTER_H
#define FILTER_H

/* Which names and hosts are shown, and in which order. */

#include "model.h"

/* All that is given must be so. NULL, -1 and false: whatever it is. */
struct filter {
	const char *part;  /* of the name; with '*' or '?' a pattern for all of
			    * it */
	const char *host;  /* that reports it */
	const char *owner; /* "": those that have none */
	const char *ca;
	const char *state;	/* of its renewal or delivery, or of the host */
	int64_t expires_within; /* seconds; expired ones are among them */
	int64_t silent;		/* its host, for longer than these seconds */
	bool not_served;	/* by one of its hosts, though it should be */
	bool act;		/* that need somebody */
};
#define FILTER_ALL                                 \
	{                                          \
		.expires_within = -1, .silent = -1 \
	}

/* Sets M's order and host_order: what needs somebody first, of these what has
 * ended, is not served, fails, waits for a person, then by the time that is
 * left; hosts by how long they were not seen. A host is among them when
 * it is what F says of hosts, and, where F says something of names, reports one
 * of the names. */
void filter_apply(struct status_model *m, const struct filter *f);
/* Does each word of F's that is somebody's name (host, owner, CA) stand in M,
 * which is of the whole fleet? ERR_INPUT: one does not; says what was meant, or
 * which there are. What was not read may have it. */
int filter_known(const struct status_model *m, const struct filter *f,
		 struct err *err) MUST_CHECK;
/* Does F leave anything out? */
bool filter_any(const struct filter *f);

#endif
