/* SPDX-License-Identifier: MIT */
#ifndef CA_KNOWN_H
#define CA_KNOWN_H

/* What is known of profiles of public CAs, whose directories say no more than
 * the name and a sentence. Pure. */

#include <stdbool.h>
#include <stdint.h>

struct ca_known {
	bool ended;    /* the CA issues by it no more, the rest is 0 */
	int64_t life;  /* seconds */
	int64_t until; /* of that life; 0: no end of it is known, */
	int64_t then;  /* else what it is afterwards */
	int64_t max_names;
	bool client_auth, cn;
};
/* As of NOW; false: nothing is known of it at the CA of this DIRECTORY. */
bool ca_known_profile(const char *directory, const char *profile, int64_t now,
		      struct ca_known *ret);

#endif
