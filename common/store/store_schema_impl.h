/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_IMPL_H
#define STORE_SCHEMA_IMPL_H

/* The migrations as schema/embed.sh builds them in: in order of dialect and
 * version, ended by one with a NULL dialect. */

struct store_schema_step {
	const char *dialect;
	int version;
	const char *file; /* for messages */
	const char *sql;
};

extern const struct store_schema_step store_schema_steps[];

#endif
