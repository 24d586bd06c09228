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
#include "enc.h"
#include "svc.h"
#include "x509.h"

#define VERIFY_ADDRESSES_MAX 16 /* of one name */

struct verify_seen {
	bool reachable;			  /* a connection was made */
	bool unroutable;		  /* this host has no way there */
	bool handshake;			  /* and a certificate was shown, the
					   * same everywhere */
	char fingerprint[ENC_SHA256_HEX]; /* of the leaf, "" for none */
	char chain[ENC_SHA256_HEX];	  /* see verify_chain_digest() */
	char serial[64];
	char issuer[160];
	int64_t not_after;
	size_t depth;	/* certificates sent */
	char from[100]; /* address and how it was asked, "" as the endpoint
			 * says */
	unsigned int looks;
	bool by_command; /* a command looked */
	char why[300];	 /* a sentence, when there was no handshake */
};

/* What an endpoint should show. */
struct verify_want {
	const char *fingerprint; /* NULL: anything will do */
	const char *chain;	 /* NULL: not looked at */
};

/* One look: at every address (see `addresses` in installer.conf(5)), with and
 * without SNI as the endpoint says. Always fills ret: not reaching the
 * service is an answer too. TIMEOUT_MS bounds each connection, and finding
 * the addresses. A command is told what is wanted, and when it is content,
 * ret is that; it is not run when WANT names no fingerprint. SIGPIPE must be
 * ignored: a peer may close whenever it likes. */
void verify_probe(const struct svc *s, const struct svc_endpoint *e,
		  const struct verify_want *want, int64_t timeout_ms,
		  struct verify_seen *ret);

/* The same of endpoint I of S, with its service's time limit. */
void verify_endpoint(const struct svc *s, size_t i,
		     const struct verify_want *want, struct verify_seen *ret);

/* SHA-256 over the PEM of what stands above the leaf, a self-signed one at
 * the end left out: two chains with the same digest mean the same to a
 * client. */
void verify_chain_digest(const struct x509_chain *chain,
			 char ret[ENC_SHA256_HEX]);

/* err's message into ret->why. */
void verify_why(struct verify_seen *ret, const struct err *err);

/* SEEN is as wanted; else why (RET, 300 bytes) says how it is not: what was
 * seen, and where. */
bool verify_match(const struct verify_want *want,
		  const struct verify_seen *seen, char ret[300]);

/* Milliseconds to wait before try N (from 0) looks again: short at first,
 * growing, at most a second. */
int64_t verify_pause(unsigned int n);
/* Wait, without a signal or a loop. */
void verify_wait(int64_t ms);

#endif
