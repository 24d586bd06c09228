/* SPDX-License-Identifier: MIT */
#ifndef ADVISE_H
#define ADVISE_H

/* What is better known about a request before a CA says it, or before a
 * certificate is missed. Pure. */

#include "certrepo_conf.h"
#include "store.h"
#include "strlist.h"
#include "x509.h"

/* Of a CSR that may be enrolled: sentences on what a CA may refuse in it, or
 * leave out. ISSUED: one has made a certificate of it, its names are well. */
void advise_csr(const struct x509_csr *csr, bool issued, struct strlist *ret);
/* Of a stored one, too: whether CA would refuse it altogether, or leaves out
 * what it asks for. NULL: that is not in the configuration. */
void advise_stored(const struct x509_csr *csr, const struct certrepo_ca *ca,
		   bool issued, struct strlist *ret);
/* The next failure of a kind that only a person mends holds the row: one of
 * the 2019 system may have failed for years. */
bool advise_spent(const struct store_cert *row,
		  const struct certrepo_conf *conf);

#endif
