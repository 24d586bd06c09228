/* SPDX-License-Identifier: MIT */
#ifndef POLICY_H
#define POLICY_H

/* Whether names, challenge, web root and CA go together. Pure. */

#include "certrepo_conf.h"
#include "store.h"
#include "x509.h"

/* "dns-01" or "http-01": what the row asks for, with the 2019 system's
 * certbot='Y' read as http-01. */
const char *policy_challenge(const char *challenge, bool certbot);

/* ERR_INPUT: no such CA in the configuration; names those there are. */
int policy_ca(const struct certrepo_conf *conf, const char *ca,
	      const struct certrepo_ca **ret, struct err *err) MUST_CHECK;

/* ERR_INPUT: an unknown challenge; http-01 for a wildcard, or without a web
 * root under one of webroot_prefixes; dns-01 for an address. */
int policy_proof(const struct certrepo_conf *conf, const struct x509_ids *ids,
		 const char *challenge, const char *webroot,
		 struct err *err) MUST_CHECK;

/* ERR_INPUT: longer than the column, or not printable ASCII. */
int policy_comment(const char *comment, struct err *err) MUST_CHECK;

#endif
