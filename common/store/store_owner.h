/* SPDX-License-Identifier: MIT */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

/*
 * Whose the views and procedures are. On MariaDB they read and write with the
 * rights of the account that made them, their definer: when that is dropped,
 * or is not there after a restore, no host reads its certificates. So they
 * belong to an account of their own that nobody logs in as and nobody drops by
 * mistake, STORE_OWNER, which is locked and has the rights that they need.
 *
 * The procedures are those of schema/mariadb/routines.sql, for MariaDB 10.6 and
 * later; on an older one hosts go on with the views.
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
	const char *old; /* the server's version, too old for the procedures;
			  * or NULL */
	bool calls;	 /* the procedures are there, as this version has them,
			  * whoever they belong to */
	char *sql;	 /* the caller's: statements for the mariadb client, the
			  * database to use first */
};

/* After an upgrade. Safe to repeat; grants of hosts on views and procedures
 * stay. */
int store_owner_take(struct store *s, struct arena *arena,
		     struct store_owner *ret, struct err *err) MUST_CHECK;
/* Can hosts call procedures: false on SQLite, and on a MariaDB that is too old
 * for them. */
int store_owner_routines(struct store *s, bool *ret,
			 struct err *err) MUST_CHECK;
/* VERSION as the server has it, "10.11.19-MariaDB-0+deb12u1". */
bool store_owner_new_enough(const char *version);

/* For tests. The procedures' statements, ended by NULL, and the COMMENT that
 * each of them has. */
extern const char *const store_routines[];
extern const char store_routines_id[];

#endif
