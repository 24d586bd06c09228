/* SPDX-License-Identifier: MIT */
#ifndef OURS_H
#define OURS_H

/* Whose a public key is: for what sees certificates elsewhere (certificate
 * transparency), and asks whether they are of this store. */

#include "store.h"

/* KEY: the SHA-256 of a SubjectPublicKeyInfo, 64 hexadecimal digits of either
 * case, else ERR_USAGE. 1: the name whose CSR has it, of several the first, in
 * ARENA; 0: nobody's. */
int ours_find(struct store *s, const char *key, struct arena *arena,
	      const char **ret_name, struct err *err) MUST_CHECK;

#endif
