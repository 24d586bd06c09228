/* SPDX-License-Identifier: MIT */
#ifndef PROXY_H
#define PROXY_H

/*
 * What a proxy says first to a server that takes the PROXY protocol: who its
 * client is (HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2). We are
 * our own client, so these are the addresses of the connection itself. Only
 * the bytes, no socket.
 */

#include <stddef.h>
#include <sys/socket.h>

#define PROXY_HEADER_MAX 107 /* of either version */

/* VERSION "v1" or "v2", for a connection from SRC to DST; the length of what
 * is then in RET. Of families other than IPv4 and IPv6: an unknown client. */
size_t proxy_header(const char *version, const struct sockaddr *src,
		    const struct sockaddr *dst, char ret[PROXY_HEADER_MAX]);

#endif
