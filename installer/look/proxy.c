/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "proxy.h"

/* One end, in the order of the network. */
struct end {
	unsigned char ip[16];
	size_t len; /* of ip; 0: neither IPv4 nor IPv6 */
	unsigned char port[2];
};

static struct end end_of(const struct sockaddr *sa)
{
	struct end e = { .len = 0 };

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, sa, sizeof(v4));
		e.len = sizeof(v4.sin_addr);
		memcpy(e.ip, &v4.sin_addr, e.len);
		memcpy(e.port, &v4.sin_port, sizeof(e.port));
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, sa, sizeof(v6));
		e.len = sizeof(v6.sin6_addr);
		memcpy(e.ip, &v6.sin6_addr, e.len);
		memcpy(e.port, &v6.sin6_port, sizeof(e.port));
	}
	return e;
}

static size_t version1(const struct end *src, const struct end *dst, char *ret)
{
	int family = src->len == 4 ? AF_INET : AF_INET6;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (src->len == 0 || !inet_ntop(family, src->ip, from, sizeof(from)) ||
	    !inet_ntop(family, dst->ip, to, sizeof(to)))
		return (size_t) snprintf(ret, PROXY_HEADER_MAX,
					 "PROXY UNKNOWN\r\n");
	return (size_t) snprintf(ret, PROXY_HEADER_MAX,
				 "PROXY TCP%c %s %s %d %d\r\n",
				 family == AF_INET ? '4' : '6', from, to,
				 src->port[0] << 8 | src->port[1],
				 dst->port[0] << 8 | dst->port[1]);
}

static size_t version2(const struct end *src, const struct end *dst, char *ret)
{
	/* Its signature, then version 2 and the command PROXY. */
	static const char head[] = "\r\n\r\n\0\r\nQUIT\n\x21";
	size_t n = sizeof(head) - 1;

	memcpy(ret, head, n);
	/* TCP over IPv4 or IPv6, or unspecified. */
	ret[n++] = src->len == 4 ? 0x11 : src->len == 16 ? 0x21 : 0;
	ret[n++] = 0;
	ret[n++] = (char) (src->len > 0 ? 2 * src->len + 4 : 0);
	if (src->len == 0)
		return n;
	memcpy(ret + n, src->ip, src->len);
	memcpy(ret + n + src->len, dst->ip, src->len);
	n += 2 * src->len;
	memcpy(ret + n, src->port, 2);
	memcpy(ret + n + 2, dst->port, 2);
	return n + 4;
}

size_t proxy_header(const char *version, const struct sockaddr *src,
		    const struct sockaddr *dst, char ret[PROXY_HEADER_MAX])
{
	struct end from = end_of(src), to = end_of(dst);

	if (from.len != to.len)
		from.len = 0;
	return strcmp(version, "v1") == 0 ? version1(&from, &to, ret)
					  : version2(&from, &to, ret);
}
