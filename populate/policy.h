/* SPDX-License-Identifier: MIT */
#ifndef POLICY_H
#define POLICY_H

/* What a person may say of a row. Pure. */

#include "certrepo_conf.h"
#include "store.h"
#include "x509.h"

/* ERR_INPUT: no such CA in the configuration; names those there are. */
int policy_ca(const struct certrepo_conf *conf, const char *ca,
	      const struct certrepo_ca **ret, struct err *err) MUST_CHECK;

/* Whether CA would take the CSR. ERR_INPUT says why not, and where one can be
 * made that it would, by which command, for any NAME as those of
 * populate_fill(). */
int policy_csr(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
	       const struct x509_csr *csr, struct err *err) MUST_CHECK;
/* The same of one that comes into the store only now: it must not ask for what
 * CA leaves out, either. */
int policy_csr_new(const struct certrepo_conf *conf,
		   const struct certrepo_ca *ca, const struct x509_csr *csr,
		   struct err *err) MUST_CHECK;

/* ERR_INPUT: the challenge's own folder in place of the one above it. Who types
 * that is mistaken; a row of 2019 may have it, for a server that maps it. */
int policy_webroot(const char *webroot, struct err *err) MUST_CHECK;

/* ERR_INPUT: longer than the column, or not printable ASCII. */
int policy_comment(const char *comment, struct err *err) MUST_CHECK;
/* Whose it is: one mail address, or NULL. */
int policy_owner(const char *owner, struct err *err) MUST_CHECK;

#endif
