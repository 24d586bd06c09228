/* SPDX-License-Identifier: MIT */
#include "dns_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "num.h"
#include "sbuf.h"

#define HOST_MAX	80
#define RESOLV_CONF_MAX 65536

static uint16_t default_port = DNS_PORT;

void dns_addr_port_for_test(uint16_t port)
{
	default_port = port;
}

/* Split into host and port text; false when brackets do not match. */
static bool split(const char *s, char host[HOST_MAX], const char **ret_port)
{
	const char *end = s + strlen(s);
	const char *from = s;

	*ret_port = NULL;
	if (*s == '[') {
		from = s + 1;
		end = strchr(s, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		if (end[1] == ':')
			*ret_port = end + 2;
	} else if (strchr(s, ':') && strchr(s, ':') == strrchr(s, ':')) {
		end = strchr(s, ':');
		*ret_port = end + 1;
	}
	if (end == from || end - from >= HOST_MAX)
		return false;
	memcpy(host, from, (size_t) (end - from));
	host[end - from] = '\0';
	return true;
}

int dns_addr_parse(const char *s, struct dns_addr *ret, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	const char *port_text;
	int64_t port = default_port;
	struct dns_addr a = { .len = 0 };

	if (!split(s, host, &port_text) ||
	    (port_text && num_int(port_text, 1, 65535, &port, NULL) == -1) ||
	    getaddrinfo(host, NULL, &hints, &found) != 0)
		return err_set(err, ERR_INPUT,
			       "%s is not an address of a DNS server "
			       "(\"192.0.2.1\", \"192.0.2.1:5353\", "
			       "\"[2001:db8::1]:5353\")",
			       s);
	a.len = found->ai_addrlen;
	memcpy(&a.u, found->ai_addr, a.len);
	freeaddrinfo(found);
	if (a.u.sa.sa_family == AF_INET)
		a.u.in.sin_port = htons((uint16_t) port);
	else
		a.u.in6.sin6_port = htons((uint16_t) port);
	*ret = a;
	return 0;
}

void dns_addr_from_rdata(const unsigned char *p, size_t len,
			 struct dns_addr *ret)
{
	struct dns_addr a = { .len = 0 };

	if (len == 4) {
		a.u.in.sin_family = AF_INET;
		a.u.in.sin_port = htons(default_port);
		memcpy(&a.u.in.sin_addr, p, 4);
		a.len = sizeof(a.u.in);
	} else {
		a.u.in6.sin6_family = AF_INET6;
		a.u.in6.sin6_port = htons(default_port);
		memcpy(&a.u.in6.sin6_addr, p, 16);
		a.len = sizeof(a.u.in6);
	}
	*ret = a;
}

const char *dns_addr_text(const struct dns_addr *a, char buf[DNS_ADDR_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";
	char scope[IF_NAMESIZE + 1] = { 0 };
	bool six = a->u.sa.sa_family == AF_INET6;
	unsigned port = ntohs(six ? a->u.in6.sin6_port : a->u.in.sin_port);

	if (six)
		(void) inet_ntop(AF_INET6, &a->u.in6.sin6_addr, host,
				 sizeof(host));
	else
		(void) inet_ntop(AF_INET, &a->u.in.sin_addr, host,
				 sizeof(host));
	if (six && a->u.in6.sin6_scope_id != 0 &&
	    (!IN6_IS_ADDR_LINKLOCAL(&a->u.in6.sin6_addr) ||
	     !if_indextoname(a->u.in6.sin6_scope_id, scope + 1)))
		snprintf(scope + 1, sizeof(scope) - 1, "%u",
			 a->u.in6.sin6_scope_id);
	/* Names go with link-local addresses only. */
	scope[0] = scope[1] ? '%' : '\0';
	if (port == DNS_PORT)
		snprintf(buf, DNS_ADDR_TEXT, "%s%s", host, scope);
	else if (six)
		snprintf(buf, DNS_ADDR_TEXT, "[%s%s]:%u", host, scope, port);
	else
		snprintf(buf, DNS_ADDR_TEXT, "%s:%u", host, port);
	return buf;
}

bool dns_addr_equal(const struct dns_addr *a, const struct dns_addr *b)
{
	if (a->u.sa.sa_family != b->u.sa.sa_family)
		return false;
	if (a->u.sa.sa_family == AF_INET)
		return a->u.in.sin_port == b->u.in.sin_port &&
		       a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr;
	return a->u.in6.sin6_port == b->u.in6.sin6_port &&
	       a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
	       memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, 16) == 0;
}

bool dns_addr_has_way(const struct dns_addr *a)
{
	int fd = socket(a->u.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool way = true;

	if (fd == -1)
		return errno != EAFNOSUPPORT;
	if (connect(fd, &a->u.sa, a->len) == -1)
		way = errno != ENETUNREACH && errno != EADDRNOTAVAIL;
	close(fd);
	return way;
}

/* The address of a "nameserver ADDRESS" line; false for other lines. */
static bool nameserver(const char *line, size_t len, struct dns_addr *ret)
{
	static const char word[] = "nameserver";
	char text[HOST_MAX];
	size_t n = sizeof(word) - 1, end;

	if (len <= n || memcmp(line, word, n) != 0 ||
	    (line[n] != ' ' && line[n] != '\t'))
		return false;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	for (end = n; end < len && !strchr(" \t\r", line[end]);)
		end++;
	if (end - n >= sizeof(text))
		return false;
	memcpy(text, line + n, end - n);
	text[end - n] = '\0';
	return dns_addr_parse(text, ret, NULL) == 0;
}

int dns_addr_resolv_conf(const char *path,
			 struct dns_addr ret[DNS_RESOLVERS_MAX], size_t *ret_n,
			 struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(RESOLV_CONF_MAX);
	const char *p;
	size_t n = 0;

	if (file_read(path, &text, err) == -1)
		return -1;
	for (p = sbuf_str(&text); *p && n < DNS_RESOLVERS_MAX;) {
		size_t len = strcspn(p, "\n");

		if (nameserver(p, len, &ret[n]))
			n++;
		p += len + (p[len] == '\n');
	}
	if (n == 0 && dns_addr_parse("127.0.0.1", &ret[n++], err) == -1)
		return -1;
	*ret_n = n;
	return 0;
}
