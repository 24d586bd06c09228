/* SPDX-License-Identifier: MIT */
#ifndef VERIFY_H
#define VERIFY_H

/*
 * What a service really serves: a TLS handshake with each endpoint, which
 * trusts nothing and only looks. Only this tells whether an activation
 * worked; exit statuses do not.
 */

#include <stdbool.h>
#include <stdint.h>
#include "enc.h"
#include "svc.h"
#include "x509.h"

struct verify_seen {
	bool reachable;			  /* a connection was made */
	bool handshake;			  /* and a certificate was shown */
	char fingerprint[ENC_SHA256_HEX]; /* of the leaf, "" for none */
	char chain[ENC_SHA256_HEX];	  /* see verify_chain_digest() */
	char serial[64];
	int64_t not_after;
	size_t depth;  /* certificates sent */
	char why[200]; /* a sentence, when there was no handshake */
};

/* One connection. Always fills ret: not reaching the service is an answer
 * too. TIMEOUT_MS bounds all of it. */
void verify_probe(const struct svc_endpoint *e, int64_t timeout_ms,
		  struct verify_seen *ret);

/* SHA-256 over the PEM of what stands above the leaf, a self-signed one at
 * the end left out: two chains with the same digest mean the same to a
 * client. */
void verify_chain_digest(const struct x509_chain *chain,
			 char ret[ENC_SHA256_HEX]);

/* What an endpoint should show. */
struct verify_want {
	const char *fingerprint; /* NULL: anything will do */
	const char *chain;	 /* NULL: not looked at */
};
/* SEEN is as wanted; else why (RET, 300 bytes) says how it is not. */
bool verify_match(const struct verify_want *want,
		  const struct verify_seen *seen, char ret[300]);

/* Milliseconds to wait before try N (from 0) looks again: short at first,
 * growing, at most a second. */
int64_t verify_pause(unsigned int n);
/* Wait, without a signal or a loop. */
void verify_wait(int64_t ms);

#endif
