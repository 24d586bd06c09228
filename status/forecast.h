/* SPDX-License-Identifier: MIT */
#ifndef FORECAST_H
#define FORECAST_H

/*
 * How many certificates a CA will be asked for. A name that is renewed is
 * renewed again one interval later: what its certificate lives until then, so
 * that one of 160 hours counts nine times in thirty days. Pure.
 */

#include "model.h"

/* Renewals of N behind FROM, up to and with TO; what is overdue counts at
 * once, that is, right after NOW. None of a name that is not renewed: disabled,
 * held, or without an instant; one without a certificate counts once. */
uint32_t forecast_renewals(const struct status_name *n, int64_t now,
			   int64_t from, int64_t to);

#endif
