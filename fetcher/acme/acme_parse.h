/* SPDX-License-Identifier: MIT */
#ifndef ACME_PARSE_H
#define ACME_PARSE_H

/* The parsers of acme.h that only the client itself needs. Pure. */

#include <stdbool.h>
#include "acme.h"

/* RFC 8555 section 7.1.1; strings in the arena given. */
struct acme_directory {
	const char *new_nonce, *new_account, *new_order;
	const char *key_change; /* or NULL */
	struct acme_offer offer;
};

int acme_parse_directory(const void *json, size_t len, struct arena *arena,
			 struct acme_directory *ret,
			 struct err *err) MUST_CHECK;
#define ACME_CONTACTS_MAX 20
/* An account (section 7.1.2); strings in the arena given. */
struct acme_account_info {
	/* "valid", "deactivated", "revoked"; NULL: it does not say, as some do
	 * of one that is found by its key */
	const char *status;
	/* URLs, for people: a printable line each; more are left out. */
	const char **contact;
	size_t n_contact;
	bool bound; /* it shows an external account binding */
};
int acme_parse_account(const void *json, size_t len, struct arena *arena,
		       struct acme_account_info *ret,
		       struct err *err) MUST_CHECK;
/* https, printable, below ACME_URL_MAX. */
bool acme_parse_url_ok(const char *url);

#endif
