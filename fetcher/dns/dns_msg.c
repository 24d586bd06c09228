/* SPDX-License-Identifier: MIT */
#include "dns_msg.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOA_FIELDS 7 /* the last one is its MINIMUM */

static void free_rdf(ldns_rdf **rdf)
{
	ldns_rdf_deep_free(*rdf);
}

static void free_packet(ldns_pkt **packet)
{
	ldns_pkt_free(*packet);
}

const char *dns_rcode_text(unsigned rcode, char buf[16])
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE",
	};

	if (rcode < ARRAY_LEN(names))
		return names[rcode];
	snprintf(buf, 16, "RCODE %u", rcode & 0xff);
	return buf;
}

const char *dns_type_text(unsigned type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_NS:
		return "NS";
	case DNS_CNAME:
		return "CNAME";
	case DNS_SOA:
		return "SOA";
	case DNS_PTR:
		return "PTR";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	case DNS_SRV:
		return "SRV";
	case DNS_DNAME:
		return "DNAME";
	case DNS_CAA:
		return "CAA";
	default:
		return "?";
	}
}

/* --- names --- */

static ldns_rdf *rdf_of(const char *name)
{
	ldns_rdf *rdf;

	if (!*name || strlen(name) >= DNS_NAME_TEXT)
		return NULL;
	rdf = ldns_dname_new_frm_str(name);
	if (rdf)
		ldns_dname2canonical(rdf);
	return rdf;
}

static int text_of(const ldns_rdf *rdf, char ret[DNS_NAME_TEXT])
{
	AUTO(mem_free_str) char *text = ldns_rdf2str(rdf);
	size_t n = text ? strlen(text) : 0;

	if (n == 0)
		return -1;
	/* The last dot is the root's: an escaped one has another after it. */
	if (n > 1 && text[n - 1] == '.')
		n--;
	if (n >= DNS_NAME_TEXT)
		return -1;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return 0;
}

int dns_name_canon(const char *name, char ret[DNS_NAME_TEXT], struct err *err)
{
	AUTO(free_rdf) ldns_rdf *rdf = rdf_of(name);

	if (!rdf || text_of(rdf, ret) == -1)
		return err_set(err, ERR_INPUT, "\"%s\" is not a DNS name",
			       name);
	return 0;
}

int dns_name_wire(const char *name, unsigned char ret[DNS_NAME_WIRE],
		  size_t *ret_len, struct err *err)
{
	AUTO(free_rdf) ldns_rdf *rdf = rdf_of(name);

	if (!rdf || ldns_rdf_size(rdf) > DNS_NAME_WIRE)
		return err_set(err, ERR_INPUT, "\"%s\" is not a DNS name",
			       name);
	memcpy(ret, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	*ret_len = ldns_rdf_size(rdf);
	return 0;
}

/* Where SUFFIX begins in the wire form NAME; -1 when it is no suffix. */
static int suffix_at(const unsigned char *name, size_t len,
		     const unsigned char *suffix, size_t suffix_len)
{
	size_t pos = 0;

	while (pos < len) {
		if (len - pos == suffix_len &&
		    memcmp(name + pos, suffix, suffix_len) == 0)
			return (int) pos;
		pos += name[pos] + 1u;
	}
	return -1;
}

const char *dns_name_said(const char *name, char buf[DNS_NAME_SAID])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.*";

	return strspn(name, plain) == strlen(name) ? name
						   : plain_quoted(name, buf);
}

const char *dns_name_parent(const char *name)
{
	if (strcmp(name, ".") == 0)
		return NULL;
	while (*name && *name != '.')
		name += *name == '\\' && name[1] ? 2 : 1;
	return *name ? name + 1 : ".";
}

const char *dns_name_host(const char *name)
{
	const char *host = name;

	for (; name; name = dns_name_parent(name))
		if (*name == '_')
			host = dns_name_parent(name);
	return host;
}

bool dns_name_within(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone), slashes = 0;

	if (strcmp(zone, ".") == 0)
		return true;
	if (n < z || strcmp(name + (n - z), zone) != 0)
		return false;
	if (n == z)
		return true;
	/* A dot that an odd number of backslashes stands before is no end of
	 * a label. */
	if (name[n - z - 1] != '.')
		return false;
	while (slashes < n - z - 1 && name[n - z - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

int dns_name_redirect(const char *name, const char *from, const char *to,
		      char ret[DNS_NAME_TEXT], struct err *err)
{
	unsigned char a[DNS_NAME_WIRE], b[DNS_NAME_WIRE], c[2 * DNS_NAME_WIRE];
	size_t na, nb, nc;
	AUTO(free_rdf) ldns_rdf *rdf = NULL;
	int cut;

	if (dns_name_wire(name, a, &na, err) == -1 ||
	    dns_name_wire(from, b, &nb, err) == -1)
		return -1;
	cut = suffix_at(a, na, b, nb);
	if (cut <= 0)
		return err_set(err, ERR_INPUT, "%s is not below %s", name,
			       from);
	if (dns_name_wire(to, b, &nb, err) == -1)
		return -1;
	memcpy(c, a, (size_t) cut);
	memcpy(c + cut, b, nb);
	nc = (size_t) cut + nb;
	if (nc > DNS_NAME_WIRE)
		return err_set(err, ERR_LIMIT,
			       "%s redirected from %s to %s is too long", name,
			       from, to);
	rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, nc, c);
	if (!rdf || text_of(rdf, ret) == -1)
		return err_set(err, ERR_INTERNAL, "name does not print");
	return 0;
}

/* --- building --- */

static int add_wire(ldns_pkt *packet, struct sbuf *ret, struct err *err)
{
	uint8_t *wire = NULL;
	size_t len = 0;

	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK)
		return err_set(err, ERR_INTERNAL,
			       "DNS message does not encode");
	sbuf_add(ret, wire, len);
	free(wire);
	if (sbuf_over(ret))
		return err_set(err, ERR_LIMIT, "DNS message is too big");
	return 0;
}

int dns_msg_question(const char *name, unsigned type, bool recursive,
		     struct sbuf *ret, struct err *err)
{
	AUTO(free_packet) ldns_pkt *packet = NULL;
	ldns_rdf *rdf = rdf_of(name);

	if (!rdf)
		return err_set(err, ERR_INPUT, "\"%s\" is not a DNS name",
			       name);
	packet = ldns_pkt_query_new(rdf, (ldns_rr_type) type, LDNS_RR_CLASS_IN,
				    recursive ? LDNS_RD : 0);
	if (!packet) {
		ldns_rdf_deep_free(rdf);
		return err_set(err, ERR_INTERNAL, "ldns cannot make a query");
	}
	ldns_pkt_set_id(packet, 0);
	return add_wire(packet, ret, err);
}

static ldns_rr *rr_of(const struct dns_change_rr *c)
{
	unsigned char text[1 + DNS_STRING_MAX];
	size_t n = strlen(c->text);
	ldns_rdf *owner = rdf_of(c->owner);
	ldns_rdf *data = NULL;
	ldns_rr *rr = NULL;

	if (owner && n <= DNS_STRING_MAX) {
		text[0] = (unsigned char) n;
		memcpy(text + 1, c->text, n);
		data = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, n + 1, text);
		rr = ldns_rr_new();
	}
	if (!rr || !data) {
		ldns_rdf_deep_free(owner);
		ldns_rdf_deep_free(data);
		ldns_rr_free(rr);
		return NULL;
	}
	ldns_rr_set_owner(rr, owner);
	ldns_rr_set_type(rr, LDNS_RR_TYPE_TXT);
	/* RFC 2136 section 2.5.1 and 2.5.4 */
	ldns_rr_set_class(rr, c->add ? LDNS_RR_CLASS_IN : LDNS_RR_CLASS_NONE);
	ldns_rr_set_ttl(rr, c->add ? c->ttl : 0);
	ldns_rr_push_rdf(rr, data);
	return rr;
}

static void free_list(ldns_rr_list **list)
{
	ldns_rr_list_deep_free(*list);
}

int dns_msg_update(const char *zone, const struct dns_change_rr *rr, size_t n,
		   struct sbuf *ret, struct err *err)
{
	AUTO(free_list) ldns_rr_list *list = ldns_rr_list_new();
	AUTO(free_packet) ldns_pkt *packet = NULL;
	ldns_rdf *name;

	for (size_t i = 0; i < n; i++) {
		ldns_rr *one = rr_of(&rr[i]);

		if (!one)
			return err_set(err, ERR_INPUT,
				       "no TXT record can be made for %s",
				       rr[i].owner);
		ldns_rr_list_push_rr(list, one);
	}
	name = rdf_of(zone);
	if (!name)
		return err_set(err, ERR_INPUT, "\"%s\" is not a DNS name",
			       zone);
	/* takes over name, copies list */
	packet = ldns_update_pkt_new(name, LDNS_RR_CLASS_IN, NULL, list, NULL);
	if (!packet)
		return err_set(err, ERR_INTERNAL, "ldns cannot make an UPDATE");
	ldns_pkt_set_rd(packet, false);
	ldns_pkt_set_id(packet, 0);
	return add_wire(packet, ret, err);
}

/* --- parsing --- */

static const char *arena_name(struct arena *arena, const ldns_rdf *rdf)
{
	char text[DNS_NAME_TEXT];
	AUTO(free_rdf) ldns_rdf *copy = NULL;

	if (!rdf || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME)
		return NULL;
	copy = ldns_rdf_clone(rdf);
	if (!copy)
		return NULL;
	ldns_dname2canonical(copy);
	return text_of(copy, text) == 0 ? arena_strdup(arena, text) : NULL;
}

/* All strings of a TXT record one after another: that is how CAs read it. */
static void take_txt(struct arena *arena, const ldns_rr *rr, struct dns_rr *ret)
{
	unsigned char *p, *strings;
	size_t total = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		total += ldns_rdf_size(ldns_rr_rdf(rr, i));
	p = arena_alloc(arena, total + 1);
	strings = arena_alloc(arena, total + 1);
	ret->data = p;
	ret->strings = strings;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		size_t n = ldns_rdf_size(rdf);

		if (n < 1)
			continue;
		memcpy(strings + ret->strings_len, ldns_rdf_data(rdf), n);
		ret->strings_len += n;
		memcpy(p + ret->len, ldns_rdf_data(rdf) + 1, n - 1);
		ret->len += n - 1;
	}
}

static void take_caa(struct arena *arena, const ldns_rr *rr, struct dns_rr *ret)
{
	unsigned char *p;
	size_t total = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		total += ldns_rdf_size(ldns_rr_rdf(rr, i));
	p = arena_alloc(arena, total + 1);
	ret->data = p;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		memcpy(p + ret->len, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
		ret->len += ldns_rdf_size(rdf);
	}
}

static bool take_srv(struct arena *arena, const ldns_rr *rr, struct dns_rr *ret)
{
	unsigned char *numbers = arena_alloc(arena, 6);

	if (ldns_rr_rd_count(rr) != 4)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (ldns_rdf_size(ldns_rr_rdf(rr, i)) != 2)
			return false;
		memcpy(numbers + 2 * i, ldns_rdf_data(ldns_rr_rdf(rr, i)), 2);
	}
	ret->data = numbers;
	ret->len = 6;
	ret->name = arena_name(arena, ldns_rr_rdf(rr, 3));
	return ret->name;
}

/* false: a record we have no use for */
static bool take_rr(struct arena *arena, const ldns_rr *rr, struct dns_rr *ret)
{
	const ldns_rdf *first = ldns_rr_rdf(rr, 0);
	size_t want = 0;

	ret->type = ldns_rr_get_type(rr);
	ret->rclass = ldns_rr_get_class(rr);
	ret->ttl = ldns_rr_ttl(rr);
	if (ret->rclass != LDNS_RR_CLASS_IN || ldns_rr_rd_count(rr) < 1)
		return false;
	switch (ret->type) {
	case DNS_A:
	case DNS_AAAA:
		want = ret->type == DNS_A ? 4 : 16;
		if (ldns_rdf_size(first) != want)
			return false;
		ret->data = arena_dup(arena, ldns_rdf_data(first), want);
		ret->len = want;
		break;
	case DNS_SOA:
		if (ldns_rr_rd_count(rr) != SOA_FIELDS)
			return false;
		ret->minimum =
			ldns_rdf2native_int32(ldns_rr_rdf(rr, SOA_FIELDS - 1));
		__attribute__((fallthrough));
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_NS:
	case DNS_PTR:
		ret->name = arena_name(arena, first);
		if (!ret->name)
			return false;
		break;
	case DNS_MX:
		ret->name = arena_name(arena, ldns_rr_rdf(rr, 1));
		if (!ret->name)
			return false;
		break;
	case DNS_SRV:
		if (!take_srv(arena, rr, ret))
			return false;
		break;
	case DNS_CAA:
		take_caa(arena, rr, ret);
		break;
	case DNS_TXT:
		take_txt(arena, rr, ret);
		break;
	default:
		return false;
	}
	ret->owner = arena_name(arena, ldns_rr_owner(rr));
	return ret->owner;
}

static void free_rr(ldns_rr **rr)
{
	ldns_rr_free(*rr);
}

static ldns_status take_section(struct arena *arena, const unsigned char *wire,
				size_t len, size_t *pos,
				ldns_pkt_section section, struct dns_msg *m)
{
	for (unsigned n = dns_get16(wire + 4 + 2 * section); n > 0; n--) {
		AUTO(free_rr) ldns_rr *rr = NULL;
		struct dns_rr taken = { 0 };
		ldns_status status = ldns_wire2rr(&rr, wire, len, pos, section);

		if (status != LDNS_STATUS_OK)
			return status;
		if (section == LDNS_SECTION_QUESTION)
			continue;
		taken.section = DNS_ANSWER + (section - LDNS_SECTION_ANSWER);
		if (take_rr(arena, rr, &taken))
			m->rr[m->n++] = taken;
	}
	return LDNS_STATUS_OK;
}

/* Record by record: ldns_wire2pkt loses one where a message has two TSIG. */
int dns_msg_parse(const unsigned char *wire, size_t len, struct arena *arena,
		  struct dns_msg *ret, struct err *err)
{
	struct dns_msg m = { .n = 0 };
	size_t total, pos = DNS_HEADER;
	ldns_status status = LDNS_STATUS_OK;

	if (len < DNS_HEADER || len > DNS_MESSAGE_MAX)
		return err_set(err, ERR_INPUT, "DNS answer of %zu bytes", len);
	total = (size_t) dns_get16(wire + 6) + dns_get16(wire + 8) +
		dns_get16(wire + 10);
	if (total > DNS_RECORDS_MAX)
		return err_set(err, ERR_LIMIT, "DNS answer with %zu records",
			       total);
	m.id = (uint16_t) dns_get16(wire);
	m.response = wire[2] & 0x80;
	m.opcode = wire[2] >> 3 & 0xf;
	m.authoritative = wire[2] & 0x04;
	m.truncated = wire[2] & 0x02;
	m.recursion = wire[3] & 0x80;
	m.rcode = wire[3] & 0xf;
	m.rr = arena_array(arena, total + 1, sizeof(*m.rr));
	for (ldns_pkt_section section = LDNS_SECTION_QUESTION;
	     status == LDNS_STATUS_OK && section <= LDNS_SECTION_ADDITIONAL;
	     section++)
		status = take_section(arena, wire, len, &pos, section, &m);
	if (status != LDNS_STATUS_OK)
		return err_set(err, ERR_INPUT, "malformed DNS answer (%s)",
			       ldns_get_errorstr_by_id(status));
	*ret = m;
	return 0;
}

static const void *pack(char **to, const void *p, size_t n)
{
	char *copy = *to;

	if (!p)
		return NULL;
	memcpy(copy, p, n);
	*to += n;
	return copy;
}

static const char *pack_str(char **to, const char *s)
{
	return s ? pack(to, s, strlen(s) + 1) : NULL;
}

void *dns_msg_pack(const struct dns_msg *m, struct dns_msg *ret)
{
	size_t size = (m->n + 1) * sizeof(*m->rr);
	struct dns_msg copy = *m;
	char *to;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		size += strlen(rr->owner) + 1 + rr->len + rr->strings_len;
		size += rr->name ? strlen(rr->name) + 1 : 0;
	}
	copy.rr = mem_alloc(size);
	copy.n = 0;
	to = (char *) (copy.rr + m->n + 1);
	for (size_t i = 0; i < m->n; i++) {
		struct dns_rr rr = m->rr[i];

		rr.owner = pack_str(&to, rr.owner);
		rr.name = pack_str(&to, rr.name);
		rr.data = pack(&to, rr.data, rr.len);
		rr.strings = pack(&to, rr.strings, rr.strings_len);
		copy.rr[copy.n++] = rr;
	}
	*ret = copy;
	return copy.rr;
}

const struct dns_rr *dns_msg_find(const struct dns_msg *m,
				  enum dns_section section, const char *owner,
				  unsigned type)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == section && m->rr[i].type == type &&
		    strcmp(m->rr[i].owner, owner) == 0)
			return &m->rr[i];
	return NULL;
}

/* --- wire --- */

size_t dns_msg_skip_name(const unsigned char *wire, size_t len, size_t pos)
{
	while (pos < len) {
		unsigned n = wire[pos];

		if (n == 0)
			return pos + 1;
		if ((n & 0xc0) == 0xc0)
			return pos + 2 <= len ? pos + 2 : 0;
		if (n & 0xc0)
			return 0;
		pos += n + 1;
	}
	return 0;
}

size_t dns_msg_read_name(const unsigned char *wire, size_t len, size_t pos,
			 unsigned char ret[DNS_NAME_WIRE])
{
	size_t n = 0, limit = pos;

	while (pos < len) {
		unsigned l = wire[pos];

		if ((l & 0xc0) == 0xc0) {
			if (pos + 2 > len)
				return 0;
			pos = dns_get16(wire + pos) & 0x3fff;
			/* Each goes further back: there is no circle. */
			if (pos >= limit)
				return 0;
			limit = pos;
			continue;
		}
		if ((l & 0xc0) || pos + l + 1 > len ||
		    n + l + 1 > DNS_NAME_WIRE)
			return 0;
		for (unsigned i = 0; i <= l; i++)
			ret[n++] = (unsigned char) tolower(wire[pos + i]);
		if (l == 0)
			return n;
		pos += l + 1;
	}
	return 0;
}

bool dns_msg_answers(const unsigned char *wire, size_t len,
		     const unsigned char *query, size_t query_len)
{
	size_t end;

	if (len < DNS_HEADER || memcmp(wire, query, 2) != 0 ||
	    !(wire[2] & 0x80) || (wire[2] & 0x78) != (query[2] & 0x78))
		return false;
	if (dns_get16(wire + 4) == 0)
		return (wire[3] & 0x0f) != DNS_NOERROR ||
		       (query[2] & 0x78) == LDNS_PACKET_UPDATE << 3;
	if (dns_get16(wire + 4) != 1)
		return false;
	end = dns_msg_skip_name(query, query_len, DNS_HEADER);
	if (end == 0 || end + 4 > query_len || end + 4 > len)
		return false;
	for (size_t i = DNS_HEADER; i < end; i++)
		if (tolower(wire[i]) != tolower(query[i]))
			return false;
	return memcmp(wire + end, query + end, 4) == 0;
}
