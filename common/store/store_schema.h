/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/*
 * Migrations: schema/<dialect>/NNNN-*.sql, built into the programs, applied
 * in order, recorded in schema_version(version, min_reader, min_writer,
 * ts_applied). A certs table without schema_version is version 0, the 2019
 * system's. Additive: what an older program reads and writes goes on
 * working, until min_reader or min_writer says otherwise.
 */

#include <stdint.h>
#include "store.h"

#define STORE_SCHEMA_VERSION 4 /* what this program was written for */

/* Create or upgrade; safe to repeat. ret_from is -1 for an empty database.
 * Rows that a 2019 script wrote get their key_sha256 here; what derives from
 * the certificate is left to the fetcher, which sees such rows as stale. */
int store_schema_upgrade(struct store *s, int64_t now, int *ret_from,
			 int *ret_to, struct err *err) MUST_CHECK;

/* From which version to which it would go; nothing is changed, and any right to
 * read does. ret_from as above. */
int store_schema_look(struct store *s, int *ret_from, int *ret_to,
		      struct err *err) MUST_CHECK;

#endif
