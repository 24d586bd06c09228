/* SPDX-License-Identifier: MIT */
#ifndef SEEN_H
#define SEEN_H

/*
 * What was seen at an endpoint, and whether that is what should be there: of
 * this, all that needs no network.
 */

#include <stdbool.h>
#include <stdint.h>
#include "enc.h"
#include "x509.h"

struct verify_seen {
	bool reachable;	 /* a connection was made */
	bool unroutable; /* this host has no way there */
	/* Nothing can be said of the endpoint: this host has no descriptor or
	 * memory to spare, a command could not be started. Then it is neither
	 * reachable nor a handshake. */
	bool unknown;
	bool handshake; /* and a certificate was shown, the same everywhere,
			 * and the key to it proven */
	bool unproven;	/* one was shown, but the key not proven */
	char fingerprint[ENC_SHA256_HEX]; /* of the leaf, "" for none */
	char chain[ENC_SHA256_HEX];	  /* see seen_chain_digest() */
	char name[64]; /* whose it is: its first name, or its subject */
	char serial[64];
	char issuer[160];
	int64_t not_before, not_after; /* 0: not known */
	size_t depth;		       /* certificates sent */
	char from[100]; /* address and how it was asked, "" as the endpoint
			 * says */
	unsigned int looks;
	const char *file; /* where it should be read from, borrowed; or NULL */
	bool by_command;  /* a command looked */
	char why[300];	  /* a sentence, when there was no handshake */
};

/* What an endpoint should show. */
struct verify_want {
	const char *fingerprint; /* NULL: anything will do */
	const char *chain;	 /* NULL: not looked at */
};

/* SHA-256 over the PEM of what stands above the leaf, a self-signed one at
 * the end left out: two chains with the same digest mean the same to a
 * client. */
void seen_chain_digest(const struct x509_chain *chain,
		       char ret[ENC_SHA256_HEX]);

/* err's message into ret->why. */
void seen_why(struct verify_seen *ret, const struct err *err);

/* The look failed for a reason of this host's own, WHY. */
void seen_unknown(struct verify_seen *ret, const char *why);
/* errno E is one of this host, and says nothing of a peer. */
bool seen_own_error(int e);
/* A look was made and tells something of the endpoint, be it good or bad. */
bool seen_tells(const struct verify_seen *seen);

/* SEEN is as wanted; else why (RET, 300 bytes) says how it is not: what was
 * seen, and where. */
bool seen_match(const struct verify_want *want, const struct verify_seen *seen,
		char ret[300]);

#endif
