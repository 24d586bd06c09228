/* SPDX-License-Identifier: MIT */
#ifndef LOOK_ADDR_H
#define LOOK_ADDR_H

/* The addresses of an endpoint. Never blocks longer than it was told. */

#include <stdint.h>
#include <sys/socket.h>
#include "svc.h"

#define LOOK_ADDRESSES_MAX 16 /* of one name */

struct look_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct look_addrs {
	struct look_addr v[LOOK_ADDRESSES_MAX];
	size_t n; /* 1 and up */
};

/* The addresses of the endpoint's host, as many as its `addresses` allows.
 * -1 with ERR_IO: this host could not even ask, which says nothing of the
 * name. */
int look_addr_find(const struct svc_endpoint *e, int64_t timeout_ms,
		   struct look_addrs *ret, struct err *err) MUST_CHECK;
/* "192.0.2.1:443", "[2001:db8::1]:443". */
void look_addr_text(const struct look_addr *a, char *ret, size_t size);

/* Poll FD for EVENTS until DEADLINE, of clock_mono_ms(). 1 ready, 0 the time
 * is up, -1. */
int look_wait_fd(int fd, short events, int64_t deadline);

#endif
