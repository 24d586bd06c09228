/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "mem.h"
#include "receipt_state.h"

static const struct {
	const char *name;
	enum receipt_severity severity;
	const char *means;
} states[RECEIPT_STATES] = {
	[RECEIPT_FETCHED] = { "fetched", RECEIPT_WELL,
			      "a new certificate waits for its hour" },
	[RECEIPT_INSTALLED] = { "installed", RECEIPT_WELL,
				"its files are in place" },
	[RECEIPT_ACTIVATED] = { "activated", RECEIPT_WELL,
				"its files are in place, and the service was "
				"told" },
	[RECEIPT_SERVED] = { "served", RECEIPT_WELL,
			     "it was seen to be served" },
	[RECEIPT_ALIVE] = { "alive", RECEIPT_WELL, "the host runs" },
	[RECEIPT_WAITING] = { "waiting", RECEIPT_WATCH,
			      "its files are in place, a person or a reboot "
			      "must restart the service" },
	[RECEIPT_HELD] = { "held", RECEIPT_BAD,
			   "it failed before, or somebody went back from it" },
	[RECEIPT_REFUSED] = { "refused", RECEIPT_BAD,
			      "it may not be installed here" },
	[RECEIPT_ROLLED_BACK] = { "rolled-back", RECEIPT_BAD,
				  "it failed, and what was before is back" },
	[RECEIPT_FAILED] = { "failed", RECEIPT_BAD,
			     "it is not as it should be" },
};

const char *receipt_state_name(enum receipt_state s)
{
	return states[s].name;
}

enum receipt_severity receipt_state_severity(enum receipt_state s)
{
	return states[s].severity;
}

const char *receipt_state_means(enum receipt_state s)
{
	return states[s].means;
}

bool receipt_state_parse(const char *name, enum receipt_state *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i].name, name) == 0) {
			*ret = (enum receipt_state) i;
			return true;
		}
	}
	return false;
}

bool receipt_state_bad(const char *name)
{
	enum receipt_state s;

	return receipt_state_parse(name, &s) &&
	       receipt_state_severity(s) != RECEIPT_WELL;
}
