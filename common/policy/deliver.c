/* SPDX-License-Identifier: MIT */
#include "deliver.h"

int64_t deliver_within(int64_t not_before, int64_t not_after,
		       int64_t configured)
{
	if (configured > 0)
		return configured;
	/* The columns may hold anything. */
	if (not_before < 0 || not_after <= not_before ||
	    (not_after - not_before) / 8 > DELIVER_MOST)
		return DELIVER_MOST;
	return (not_after - not_before) / 8;
}
