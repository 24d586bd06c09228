/* SPDX-License-Identifier: MIT */
#ifndef RECEIPT_STATE_H
#define RECEIPT_STATE_H

/* What a host says of a certificate or an endpoint, in one word. The store
 * keeps the word: another version of this program may know others. */

#include <stdbool.h>

enum receipt_state {
	RECEIPT_FETCHED,     /* a new one is there, which waits for its hour */
	RECEIPT_INSTALLED,   /* its files are in place */
	RECEIPT_ACTIVATED,   /* and the service was told of them */
	RECEIPT_SERVED,	     /* and was seen to serve them */
	RECEIPT_ALIVE,	     /* of a host: it runs */
	RECEIPT_WAITING,     /* in place until a person or a reboot restarts */
	RECEIPT_HELD,	     /* it failed, or somebody went back from it */
	RECEIPT_REFUSED,     /* it may not be installed here */
	RECEIPT_ROLLED_BACK, /* it failed just now, what was before is back */
	RECEIPT_FAILED,	     /* not as it should be */
	RECEIPT_STATES
};

enum receipt_severity {
	RECEIPT_WELL,
	RECEIPT_WATCH, /* somebody has to do something some day */
	RECEIPT_BAD,
};

const char *receipt_state_name(enum receipt_state s);
enum receipt_severity receipt_state_severity(enum receipt_state s);
/* "its files are in place". */
const char *receipt_state_means(enum receipt_state s);
/* False when NAME is none that we know. */
bool receipt_state_parse(const char *name, enum receipt_state *ret);
/* Is NAME one that is not well. */
bool receipt_state_bad(const char *name);

#endif
