/* SPDX-License-Identifier: MIT */
#ifndef CONF_INHERIT_H
#define CONF_INHERIT_H

/* One group that says what another does not. */

#include "conf.h"

/* Was the setting at OFFSET of P, a struct of SCHEMA, in a file? SCHEMA keeps
 * what is given. */
bool conf_given(const struct conf_schema *schema, const void *p, size_t offset);
/* P takes from BASE, a struct of the same kind, each setting that BASE was
 * given and P was not, as if it had been given to it: a list as a whole. What
 * is copied lives as long as BASE's does. A table of BASE_SCHEMA may have fewer
 * settings. */
void conf_inherit(const struct conf_schema *schema, void *p,
		  const struct conf_schema *base_schema, const void *base);

#endif
