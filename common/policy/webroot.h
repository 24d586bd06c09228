/* SPDX-License-Identifier: MIT */
#ifndef WEBROOT_H
#define WEBROOT_H

/*
 * Whether a user may put challenge files into a web root, and if not, which
 * folder stands in the way. It is walked to by descriptors, below the web root
 * through no link; nothing is changed.
 */

#include <stdbool.h>
#include <sys/types.h>
#include "arena.h"

struct webroot_look {
	const char *folder;  /* the one that refuses */
	const char *owner;   /* whose it is: a name, or a number */
	const char *user;    /* who is refused: a name, or a number */
	const char *command; /* for root, which mends it, as a shell takes it */
	mode_t mode;
	bool way; /* he may not even pass through it */
};

/* 1: UID may write to WEBROOT/.well-known/acme-challenge, or may make it; 0: he
 * may not, why is in RET, in A; -1: it cannot be told: WEBROOT is not there, a
 * link leads on, or we may not look. For another user than our own it is told
 * by owner, groups and mode, which know no ACL. */
int webroot_look(const char *webroot, uid_t uid, struct arena *a,
		 struct webroot_look *ret);

#endif
