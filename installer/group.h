/* SPDX-License-Identifier: MIT */
#ifndef GROUP_H
#define GROUP_H

/*
 * Who changes together with whom, and who keeps whom from it. Pure.
 *
 * Services that are to be given the same certificate change together, all or
 * none, unless their configuration says that one goes alone. What one of them
 * cannot take, none of the others is given.
 */

#include <stdbool.h>
#include <stddef.h>

enum group_use {
	GROUP_HAS,  /* in place already, or nothing is known against it */
	GROUP_PUT,  /* to be installed */
	GROUP_NONE, /* refused, missing, held */
};

struct group_cert {
	const char *name;
	enum group_use use;
	const char *key; /* its file, by its real name; NULL: not here */
	bool new_key;	 /* that is replaced, too, when it is installed */
};

/* What is to become of a service. */
enum group_fate {
	GROUP_GOES,  /* it is changed now */
	GROUP_LATER, /* at its hour */
	GROUP_STAYS, /* for another reason */
	GROUP_OUT,   /* out of reach in this run: its certs' use says nothing */
};

struct group_service {
	const struct group_cert *certs;
	size_t n_certs;
	bool alone;
	enum group_fate fate;
	/* --- set by the functions here --- */
	size_t group; /* the same number: together */
	/* By group_block(): the service that keeps it from going, and its
	 * certificate that both use; BY is GROUP_FREE when none does. */
	size_t by, cert;
};

#define GROUP_FREE ((size_t) -1)

/* At most MOST of the N services V in one group. */
void group_join(struct group_service *v, size_t n, size_t most);
/* With the fate of each known: those of a group that would go and cannot, get
 * the fate GROUP_STAYS, or GROUP_LATER when that is why. */
void group_block(struct group_service *v, size_t n);

#endif
