/* SPDX-License-Identifier: MIT */
#ifndef ACME_PROBLEM_H
#define ACME_PROBLEM_H

/* What a CA says when it refuses: problem documents (RFC 7807, RFC 8555
 * section 6.7), plain HTTP statuses and Retry-After, as a struct fail. Pure;
 * all of it is a peer's text, until here. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "fail.h"

#define ACME_PROBLEM_TYPE 64
#define ACME_RETRY_MAX	  (30 * 86400) /* s; a longer wait is cut to this */

/* What the request was for: a rate limit on a new order may concern the name
 * alone, on anything else it concerns us. */
enum acme_step {
	ACME_STEP_DIRECTORY,
	ACME_STEP_NONCE,
	ACME_STEP_ACCOUNT,
	ACME_STEP_ORDER,    /* newOrder */
	ACME_STEP_FINALIZE, /* or what became of an order since */
	ACME_STEP_PROOF,    /* of a challenge */
	ACME_STEP_RENEWAL,  /* renewal information, without an account */
	ACME_STEP_OTHER,
};

/* Classify an answer that is not a success. CONTENT_TYPE may be NULL.
 * RETRY_AT: from Retry-After, or 0. ret_type gets the last part of the URN
 * ("rateLimited"), "" when there is none. */
void acme_problem_classify(enum acme_step step, long status,
			   const char *content_type, const char *body,
			   size_t len, int64_t retry_at, struct fail *ret,
			   char ret_type[ACME_PROBLEM_TYPE]);

/* A page for a browser: by its type, or by its first character. */
bool acme_problem_is_html(const char *content_type, const char *body);

/* The error member of an order (ACME_STEP_FINALIZE) or a challenge
 * (ACME_STEP_PROOF); not null. One that is no problem document is quoted, and
 * concerns the order. */
void acme_problem_of_json(enum acme_step step, const json_t *problem,
			  struct fail *ret);

/* A Retry-After value, seconds or an HTTP date (RFC 9110 section 10.2.3), as
 * an instant: NOW..NOW+ACME_RETRY_MAX. 0 when NULL or neither. DATE, the
 * answer's own, or NULL: what a date is compared with, the CA's clock. */
int64_t acme_problem_retry_after(const char *value, const char *date,
				 int64_t now);

#endif
