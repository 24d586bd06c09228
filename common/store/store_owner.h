/* SPDX-License-Identifier: MIT */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

/*
 * Whose the views are. On MariaDB a view reads its tables with the rights of
 * the account that made it, its definer: when that is dropped, or is not there
 * after a restore, no host reads its certificates. So the views belong to an
 * account of their own that nobody logs in as and nobody drops by mistake,
 * STORE_OWNER, which is locked and has the rights that the views need.
 */

#include "store.h"

#define STORE_OWNER "certrepo-owner@localhost"

enum store_owner_state {
	STORE_OWNER_FINE,    /* they are its, or it is SQLite */
	STORE_OWNER_TAKEN,   /* they are its from now on */
	STORE_OWNER_REFUSED, /* we may not: an administrator has to run `sql` */
	STORE_OWNER_HIDDEN,  /* this account has no right to see them, so `gone`
			      * and `works` are not known, and false */
};
struct store_owner {
	enum store_owner_state state;
	const char *was; /* the definer before: "root@localhost"; or "" */
	bool gone;	 /* and the views did not work */
	bool works;	 /* they do now */
	char *sql;	 /* the caller's: statements, a line each, the
			  * database to use first */
};

/* After an upgrade. Safe to repeat; grants of hosts on the views stay. */
int store_owner_take(struct store *s, struct arena *arena,
		     struct store_owner *ret, struct err *err) MUST_CHECK;

#endif
