/* SPDX-License-Identifier: MIT */
#ifndef DNS_MSG_H
#define DNS_MSG_H

/*
 * DNS messages (RFC 1035, UPDATE: RFC 2136) over ldns: questions and updates
 * to wire format, answers from it.
 *
 * Names are text in one canonical form: lower case, without the final dot
 * (the root is "."), odd bytes escaped as \DDD. Two names are equal when
 * their texts are.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "plain.h"
#include "sbuf.h"

#define DNS_MESSAGE_MAX 65535
#define DNS_HEADER	12
#define DNS_NAME_TEXT	1024 /* 255 bytes, escaped, and the NUL */
#define DNS_NAME_WIRE	255
#define DNS_STRING_MAX	255 /* one string of a TXT record */

/* Of all a message may hold; more is refused (ERR_LIMIT). */
#define DNS_RECORDS_MAX 2000

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_CAA = 257,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_YXDOMAIN = 6,
	DNS_YXRRSET = 7,
	DNS_NXRRSET = 8,
	DNS_NOTAUTH = 9,
	DNS_NOTZONE = 10,
};

/* "NXDOMAIN"; "RCODE 13" is written into buf (16 bytes). */
const char *dns_rcode_text(unsigned rcode, char buf[16]);
const char *dns_type_text(unsigned type); /* "?" for types above not listed */

/* NAME as people write it, with or without final dot. ERR_INPUT. */
int dns_name_canon(const char *name, char ret[DNS_NAME_TEXT],
		   struct err *err) MUST_CHECK;
/* Uncompressed wire form of a canonical name; returns its length. */
int dns_name_wire(const char *name, unsigned char ret[DNS_NAME_WIRE],
		  size_t *ret_len, struct err *err) MUST_CHECK;
/* NAME in a message of ours: as it is when it is plain, else between quotes
 * it cannot leave. */
#define DNS_NAME_SAID PLAIN_QUOTED
const char *dns_name_said(const char *name, char buf[DNS_NAME_SAID]);
/* A canonical name without its first label, a part of it; NULL for the
 * root. */
const char *dns_name_parent(const char *name);
/* What comes after the last label that begins with '_': a host's name, a part
 * of NAME. */
const char *dns_name_host(const char *name);
/* NAME is ZONE or below it. Both canonical. */
bool dns_name_within(const char *name, const char *zone);
/* As a DNAME at FROM to TO does it (RFC 6672 section 2.2). ERR_LIMIT when
 * the result is too long, ERR_INPUT when NAME is not below FROM. */
int dns_name_redirect(const char *name, const char *from, const char *to,
		      char ret[DNS_NAME_TEXT], struct err *err) MUST_CHECK;

/* Add the wire form of a question to ret (empty, max DNS_MESSAGE_MAX). The
 * ID is 0: dns_query gives each its own. */
int dns_msg_question(const char *name, unsigned type, bool recursive,
		     struct sbuf *ret, struct err *err) MUST_CHECK;

struct dns_change_rr {
	bool add; /* else: delete this value and no other */
	const char *owner;
	const char *text; /* at most DNS_STRING_MAX bytes */
	uint32_t ttl;
};
/* An UPDATE of ZONE, changes in this order; not yet signed, ID as above. */
int dns_msg_update(const char *zone, const struct dns_change_rr *rr, size_t n,
		   struct sbuf *ret, struct err *err) MUST_CHECK;

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

struct dns_rr {
	enum dns_section section;
	const char *owner;
	unsigned type, rclass;
	uint32_t ttl;
	/* CNAME, DNAME, NS, MX, PTR, SRV: target; SOA: primary */
	const char *name;
	/* A, AAAA: address; TXT: all strings, one after another; SRV: priority,
	 * weight and port, of 16 bits each; CAA: all of it */
	const unsigned char *data;
	size_t len; /* of data */
	/* TXT: the strings as the record has them, each after its length */
	const unsigned char *strings;
	size_t strings_len;
	uint32_t minimum; /* SOA */
};

struct dns_msg {
	uint16_t id;
	bool response, truncated, authoritative, recursion;
	unsigned opcode, rcode;
	struct dns_rr *rr; /* known types in class IN only */
	size_t n;
};

/* A peer's message: everything goes to the arena. ERR_INPUT, ERR_LIMIT. */
int dns_msg_parse(const unsigned char *wire, size_t len, struct arena *arena,
		  struct dns_msg *ret, struct err *err) MUST_CHECK;

/* A copy, as small as may be: what ret points to lies in the block that is
 * returned; free(3) it. */
void *dns_msg_pack(const struct dns_msg *m, struct dns_msg *ret);

/* First record of TYPE at OWNER in SECTION, or NULL. */
const struct dns_rr *dns_msg_find(const struct dns_msg *m,
				  enum dns_section section, const char *owner,
				  unsigned type);

/* Does the answer WIRE carry the question of QUERY (names without regard to
 * case)? An answer that failed may leave it out. */
bool dns_msg_answers(const unsigned char *wire, size_t len,
		     const unsigned char *query, size_t query_len);
/* The end of the name at POS, following no pointer; 0 when malformed. */
size_t dns_msg_skip_name(const unsigned char *wire, size_t len, size_t pos);

/* The name at POS in lower case, pointers followed; its length, 0 when
 * malformed. */
size_t dns_msg_read_name(const unsigned char *wire, size_t len, size_t pos,
			 unsigned char ret[DNS_NAME_WIRE]);

static inline unsigned dns_get16(const unsigned char *p)
{
	return (unsigned) p[0] << 8 | p[1];
}

static inline void dns_put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char) (v >> 8);
	p[1] = (unsigned char) v;
}

#endif
