/* SPDX-License-Identifier: MIT */
#ifndef CENTRE_H
#define CENTRE_H

/*
 * The store that this host tells: receipts and requests go there. It is the
 * one that certificates are read from, or, where that is a replica that nobody
 * can write to, that of the group `receipts`.
 */

#include "host.h"

/* Its settings. */
const struct store_conf *centre_conf(const struct host *r);
/* It, opened when it is first needed, and tried once in a run; STORE, the one
 * that certificates are from, or NULL when that is away, where there is no
 * other. NULL with ERR: it is not to be had. R's. */
struct store *centre_open(struct host *r, struct store *store, struct err *err);
/* At the end of what it was needed for. */
void centre_close(struct host *r);

#endif
