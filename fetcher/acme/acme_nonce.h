/* SPDX-License-Identifier: MIT */
#ifndef ACME_NONCE_H
#define ACME_NONCE_H

/* The nonces a CA gave us and we have not used (RFC 8555 section 6.5). The
 * newest is used first: CAs forget old ones. Bounded: the oldest goes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACME_NONCE_MAX	   256 /* characters of one */
#define ACME_NONCES_MAX	   1024
#define ACME_NONCE_MAX_AGE (15 * 60 * 1000) /* ms; older ones are dropped */

struct acme_nonces {
	struct acme_nonce *v; /* a ring of ACME_NONCES_MAX */
	size_t first, n;
};

/* base64url and not too long (section 6.5.1). */
bool acme_nonce_ok(const char *nonce);

/* One that is not ok is ignored; so is NULL. MOST: how many are kept then, of
 * ACME_NONCES_MAX. NOW: monotonic ms. */
void acme_nonces_add(struct acme_nonces *p, const char *nonce, size_t most,
		     int64_t now);
/* The newest one, the caller's; NULL when there is none that is fresh. */
char *acme_nonces_take(struct acme_nonces *p, int64_t now);
size_t acme_nonces_count(const struct acme_nonces *p);
void acme_nonces_free(struct acme_nonces *p); /* may be used again */

#endif
