/* SPDX-License-Identifier: MIT */
#ifndef DETAIL_H
#define DETAIL_H

/* One name, or one host, in full: why it will or will not be renewed, or
 * installed, today. Each reads what there is of it by indexes. */

#include <stdio.h>
#include "model.h"

/* M was loaded for this one name (host), which it has. *ret_status as of
 * model_exit(). */
int detail_name(struct store *s, const struct status_model *m, FILE *f,
		struct err *err) MUST_CHECK;
void detail_host(const struct status_model *m, FILE *f);

#endif
