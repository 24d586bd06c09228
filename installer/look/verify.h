/* SPDX-License-Identifier: MIT */
#ifndef VERIFY_H
#define VERIFY_H

/*
 * What a service really serves: a TLS handshake with each endpoint, at every
 * address of its name, which trusts nothing and only looks. Only this tells
 * whether an activation worked; exit statuses do not.
 */

#include <stdbool.h>
#include <stdint.h>
#include "seen.h"
#include "svc.h"

/* One look: at every address (see `addresses` in installer.conf(5)), with and
 * without SNI as the endpoint says. Always fills ret: not reaching the
 * service is an answer too, and so is that this host could not look. TIMEOUT_MS
 * bounds each connection, and finding the addresses. A command is told what is
 * wanted, and when it is content, ret is that; it is not run when WANT names no
 * fingerprint. SIGPIPE must be ignored: a peer may close whenever it likes. */
void verify_probe(const struct svc *s, const struct svc_endpoint *e,
		  const struct verify_want *want, int64_t timeout_ms,
		  struct verify_seen *ret);

/* The same of endpoint I of S, with its service's time limit. */
void verify_endpoint(const struct svc *s, size_t i,
		     const struct verify_want *want, struct verify_seen *ret);

/* Milliseconds to wait before try N (from 0) looks again: short at first,
 * growing, at most a second. */
int64_t verify_pause(unsigned int n);
/* Wait, without a signal or a loop. */
void verify_wait(int64_t ms);

#endif
