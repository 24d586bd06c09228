/* SPDX-License-Identifier: MIT */
#ifndef PROOF_KIND_H
#define PROOF_KIND_H

/*
 * The ways to prove control. A challenge type is what the CA asks for (RFC
 * 8555 section 8), a solver kind is how the proof gets to where the CA looks.
 * Which types there are, what each can prove, which solver serves it and what
 * that one needs is known here and nowhere else. Pure.
 */

#include "certrepo_conf.h"
#include "store.h"
#include "x509.h"

enum solver_kind {
	SOLVER_RFC2136, /* a TXT record by DNS UPDATE */
	SOLVER_WEBROOT, /* a file below webroot_path */
	SOLVER_KINDS,
};

struct proof_type {
	const char *name;	 /* as in the protocol, in rows and options */
	bool in_dns;		 /* the CA looks into the DNS */
	bool wildcard;		 /* can prove "*.example.org" */
	bool address;		 /* can prove an IP address (RFC 8738) */
	enum solver_kind solver; /* serves it */
};

/* What a row says, or the user: NULL when it is not known. */
const struct proof_type *proof_type_find(const char *name);
/* All of them, for help texts. */
#define PROOF_TYPE_NAMES "dns-01 or http-01"
/* The name of the type a row asks for: its own wish (not "" either), else
 * http-01 for the 2019 system's certbot='Y', else dns-01. */
const char *proof_type_of_row(const char *challenge, bool certbot);
/* What a web root, given or there, is for. */
#define PROOF_TYPE_WEBROOT "http-01"

/* WANT, if it can prove such an identifier, else one that can: a wildcard and
 * an address leave no choice (RFC 8555 section 8.4, RFC 8738). */
const struct proof_type *proof_type_for(const struct proof_type *want,
					bool wildcard, bool address);

/* ERR_INPUT: there is no such type; it cannot prove one of IDS; or what its
 * solver needs of the row is missing or not allowed. */
int proof_check(const struct certrepo_conf *conf, const struct x509_ids *ids,
		const char *type, const char *webroot,
		struct err *err) MUST_CHECK;
/* A web root as rows have it: absolute, ASCII, without "..", below one of
 * webroot_prefixes. ERR_INPUT. */
int proof_webroot_check(const struct certrepo_conf *conf, const char *webroot,
			struct err *err) MUST_CHECK;

/* A type in the DNS needs a zone that may be changed, or each that there is
 * (any_zone). ERR_INPUT: the configuration has none. */
int proof_zone_check(const struct certrepo_conf *conf, const char *type,
		     struct err *err) MUST_CHECK;
/* What has to be in the DNS so that the proof of IDENTIFIER ("*.example.org")
 * may go into a zone of the configuration, in the arena: a record as zone files
 * have it; or NULL, where it lies in such a zone, which RET_ZONE is then, or
 * NULL with any_zone. */
const char *proof_zone_record(const struct certrepo_conf *conf,
			      const char *identifier, struct arena *a,
			      const char **ret_zone);

#endif
