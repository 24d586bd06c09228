/* SPDX-License-Identifier: MIT */
#ifndef ORDERS_H
#define ORDERS_H

/*
 * How many orders come together, by registered domain: what a CA counts by.
 * Let's Encrypt issues 50 new certificates for one in 7 days; renewals are
 * none of these. What is a registered domain, the public suffix list says.
 */

#include <stddef.h>
#include "err.h"
#include "strlist.h"
#include "x509.h"

#define ORDERS_MAX 40 /* of one domain in 7 days, without being asked */

struct orders;

struct orders *orders_new(void);
void orders_free(struct orders **o);
/* The registered domain of NAME, "*.a.example.co.uk" or a row's, the caller's;
 * a name that has none is its own. */
char *orders_domain(const char *name);
/* There is one for the row NAME already. */
void orders_there(struct orders *o, const char *name);
/* One more, for a certificate with IDS: counts once for each of their domains.
 */
void orders_add(struct orders *o, const struct x509_ids *ids);
/* How many there would be with one more for IDS, of the domain that would have
 * the most; *ret_domain is the caller's. */
size_t orders_with(const struct orders *o, const struct x509_ids *ids,
		   char **ret_domain);
/* Of each domain that orders_add() met, in the order of that: how many came by
 * it, and how many there are. */
struct orders_line {
	const char *domain; /* borrowed */
	size_t added, all;
};
size_t orders_lines(const struct orders *o);
struct orders_line orders_line(const struct orders *o, size_t i);

#endif
