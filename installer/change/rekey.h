/* SPDX-License-Identifier: MIT */
#ifndef REKEY_H
#define REKEY_H

/*
 * A change that replaces a key, together with the certificate of it: the key's
 * file is one more of those that are put in place, and go back. Each service
 * that has it has it in its part of the journal, and in its backup; what one
 * did already, the others find done.
 */

#include "txn_part.h"

/* What M, a journal or a backup of P's service, does to C's key; NULL:
 * nothing. */
const struct journal_op *rekey_op(const struct txn_part *p,
				  const struct journal *m,
				  const struct svc_cert *c);
/* Does P's change replace the key of certificate NAME. */
bool rekey_has(const struct txn_part *p, const char *name);
/* Is the key that goes back with P's files seen to be another than CHAIN's. */
bool rekey_other(const struct txn_part *p, const struct svc_cert *c,
		 const struct x509_chain *chain);
/* Where a person goes back to M: the key that is taken away becomes the next
 * one again. ERR_CONFLICT: there is another. */
int rekey_keep(const struct txn_part *p, const struct journal *m,
	       const struct svc_cert *c, struct err *err) MUST_CHECK;
/* Of N parts that go back to the backups M: where a key goes back, do all
 * services of this host that have it? Else ERR_CONFLICT. */
int rekey_all_back(const struct txn_part *parts, const struct journal *m,
		   size_t n, struct err *err) MUST_CHECK;

#endif
