/* SPDX-License-Identifier: MIT */
#ifndef STORE_CALL_H
#define STORE_CALL_H

/* The procedures of schema/mariadb/routines.sql that a host calls; included by
 * store_host.c only. Each is one round trip and one transaction of its own.
 * DB_FAULT_NO_ROUTINE: it is not there, or this account may not. */

#include "sbuf.h"
#include "store_impl.h"
#include "strlist.h"

/* The statement, its columns those of store_host_certs()'s query. NAMES is
 * written into JSON, which must live as long as *RET. */
int store_call_certs(struct store *s, const char *const *names, size_t n,
		     struct sbuf *json, struct db_stmt **ret,
		     struct err *err) MUST_CHECK;
/* So many receipts at once, and JSON of that many bytes: the procedure takes
 * no more, nor does a packet. */
#define STORE_CALL_RECEIPTS 500
#define STORE_CALL_JSON	    (800u << 10)
/* Of R those of HOST, from *AT on, as many as fit; *AT: where to go on. KEEP
 * (or NULL) counts with the last of them. See store_receipts_sync(). */
int store_call_receipts(struct store *s, const struct store_receipt *r,
			size_t n, size_t *at, const char *host,
			const struct store_receipts *keep,
			struct strlist *refused, struct err *err) MUST_CHECK;

#endif
