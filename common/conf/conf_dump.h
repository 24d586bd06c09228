/* SPDX-License-Identifier: MIT */
#ifndef CONF_DUMP_H
#define CONF_DUMP_H

/* All that a configuration says, whatever the table will have one day: to
 * tell whether it is still the same. */

#include "conf.h"
#include "sbuf.h"

/* Adds every setting of P, a struct of SCHEMA, in the table's order, and of
 * all groups in it. Two that print the same say the same; where they stand,
 * and what is a default, makes no difference. */
void conf_dump(const struct conf_schema *schema, const void *p,
	       struct sbuf *ret);

#endif
