/* SPDX-License-Identifier: MIT */
#ifndef LOOK_NET_H
#define LOOK_NET_H

/* The network side of verify.h: finding the addresses of an endpoint, and one
 * connection with one of them. Never blocks longer than it was told. */

#include <sys/socket.h>
#include "verify.h"

struct look_net_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct look_net_addrs {
	struct look_net_addr v[VERIFY_ADDRESSES_MAX];
	size_t n; /* 1 and up */
};

/* The addresses of the endpoint's host, as many as its `addresses` allows. */
int look_net_find(const struct svc_endpoint *e, int64_t timeout_ms,
		  struct look_net_addrs *ret, struct err *err) MUST_CHECK;
/* One connection: the protocol's first words, then a handshake with the name
 * SNI (NULL for none). Fills ret. */
void look_net_look(const struct svc_endpoint *e, const struct look_net_addr *a,
		   const char *sni, int64_t timeout_ms,
		   struct verify_seen *ret);

#endif
