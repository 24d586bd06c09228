/* SPDX-License-Identifier: MIT */
#ifndef DB_CHILD_H
#define DB_CHILD_H

/*
 * The other side of db_apart.c: a process that takes on a user's rights for
 * good, has a driver of its own, and does what it is told over a socket.
 */

#include <sys/types.h>
#include "db_impl.h"

/* An id that no account has and no other process: any of the user nobody may
 * end and stop the others. Another each time. */
#define DB_CHILD_NO_ONE ((uid_t) -1)

struct db_child_user {
	uid_t uid;
	gid_t gid;
	char *name;    /* "certrepo", or "61234" */
	gid_t *groups; /* his, and nobody else's */
	int n_groups;
};

/* Looked up before the fork. A uid without a name has no group that means
 * anything: nogroup's. */
void db_child_find(uid_t uid, struct db_child_user *ret);
void db_child_user_free(struct db_child_user *u);

/* In the child, right after the fork: nothing of ours stays open but FD, and
 * all rights are U's; with LATER, once DB is open: who connects reads files of
 * root's, and a server may want to see root. Where the kernel knows no such id
 * (a user namespace) they are then nobody's. DB is a copy of the parent's, of
 * the driver to use, with nothing open. Ends with the socket, or with PARENT.
 */
void db_child_run(int fd, const struct db_child_user *u, bool later,
		  struct db *db, pid_t parent) __attribute__((__noreturn__));

/* Only for unit tests: run instead of the loop, until called with NULL. */
void db_child_set_for_test(void (*serve)(int fd));

#endif
