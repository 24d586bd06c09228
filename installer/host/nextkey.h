/* SPDX-License-Identifier: MIT */
#ifndef NEXTKEY_H
#define NEXTKEY_H

/*
 * The private key that is to follow the one a certificate has now:
 * STATE_DIR/next/NAME, where root alone can look, whoever owns the folder of
 * the one in use. It is there from the request on until a certificate of it is
 * in place with it, everywhere on this host. One that is there is never
 * replaced.
 */

#include "arena.h"
#include "strlist.h"
#include "x509.h"

/* For messages, in ARENA. */
const char *nextkey_path(const char *state_dir, const char *name,
			 struct arena *arena);
/* 1; 0: there is none; -1: also when others could read it. */
int nextkey_load(const char *state_dir, const char *name, struct x509_key **ret,
		 struct err *err) MUST_CHECK;
/* Is one there: 1, 0, -1. */
int nextkey_there(const char *state_dir, const char *name,
		  struct err *err) MUST_CHECK;
/* Synced on return. ERR_CONFLICT: one is there. */
int nextkey_put(const char *state_dir, const char *name,
		const struct x509_key *key, struct err *err) MUST_CHECK;
/* It may be gone already. */
int nextkey_drop(const char *state_dir, const char *name,
		 struct err *err) MUST_CHECK;
/* The names that have one. */
#define NEXTKEYS_MAX 1000
int nextkey_list(const char *state_dir, struct strlist *ret,
		 struct err *err) MUST_CHECK;

#endif
