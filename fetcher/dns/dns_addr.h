/* SPDX-License-Identifier: MIT */
#ifndef DNS_ADDR_H
#define DNS_ADDR_H

/* Addresses of DNS servers: "192.0.2.1", "192.0.2.1:5353", "2001:db8::1",
 * "[2001:db8::1]:5353", "fe80::1%eth0". No names: a name would have to be
 * looked up before the look-ups can begin. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include "err.h"

#define DNS_PORT	  53
#define DNS_RESOLVERS_MAX 8

struct dns_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t len;
};

/* ERR_INPUT when S is not an address. */
int dns_addr_parse(const char *s, struct dns_addr *ret,
		   struct err *err) MUST_CHECK;
/* From the data of an A (4 bytes) or AAAA (16 bytes) record, port 53. */
void dns_addr_from_rdata(const unsigned char *p, size_t len,
			 struct dns_addr *ret);

/* As dns_addr_parse() takes it, the port only when it is not 53. */
#define DNS_ADDR_TEXT 80
const char *dns_addr_text(const struct dns_addr *a, char buf[DNS_ADDR_TEXT]);
bool dns_addr_equal(const struct dns_addr *a, const struct dns_addr *b);

/* Has this host a way there? Not where it has no IPv6, say, or no IPv4. Sends
 * nothing; yes when in doubt. */
bool dns_addr_has_way(const struct dns_addr *a);

/* The nameserver lines of a resolv.conf(5); the first DNS_RESOLVERS_MAX, and
 * 127.0.0.1 when there is none or no file, as resolv.conf(5) has it. */
int dns_addr_resolv_conf(const char *path,
			 struct dns_addr ret[DNS_RESOLVERS_MAX], size_t *ret_n,
			 struct err *err) MUST_CHECK;

/* Only for unit tests: the port meant where none is given. */
void dns_addr_port_for_test(uint16_t port);

#endif
