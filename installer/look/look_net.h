/* SPDX-License-Identifier: MIT */
#ifndef LOOK_NET_H
#define LOOK_NET_H

/* The network side of verify.h: one connection with one address. Never blocks
 * longer than it was told. */

#include "look_addr.h"
#include "seen.h"

/* What the endpoint's protocol says first, then a handshake with the name SNI
 * (NULL for none); a second connection, when the first one shows a
 * certificate without a proof that its key is there. Fills ret. */
void look_net_look(const struct svc_endpoint *e, const struct look_addr *a,
		   const char *sni, int64_t timeout_ms,
		   struct verify_seen *ret);

#endif
