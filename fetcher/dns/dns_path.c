/* SPDX-License-Identifier: MIT */
#include "dns_path.h"

#include <stdio.h>
#include <string.h>

void dns_path_init(struct dns_path *p, const char *owner)
{
	p->hops = 0;
	snprintf(p->name[0], sizeof(p->name[0]), "%s", owner);
}

const char *dns_path_name(const struct dns_path *p)
{
	return p->name[p->hops];
}

int dns_path_go(struct dns_path *p, const char *to, struct err *err)
{
	char said[DNS_NAME_SAID];
	for (unsigned i = 0; i <= p->hops; i++)
		if (strcmp(p->name[i], to) == 0)
			return err_set(err, ERR_CONFIG,
				       "the CNAMEs of %s run in a circle "
				       "through %s",
				       p->name[0], dns_name_said(to, said));
	if (p->hops == DNS_HOPS_MAX)
		return err_set(err, ERR_CONFIG,
			       "%s leads through more than %d CNAMEs",
			       p->name[0], DNS_HOPS_MAX);
	p->hops++;
	snprintf(p->name[p->hops], sizeof(p->name[0]), "%s", to);
	return 0;
}

/* The DNAME that NAME lies below, or NULL. */
static const struct dns_rr *find_dname(const struct dns_msg *m,
				       const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->rr[i].section == DNS_ANSWER &&
		    m->rr[i].type == DNS_DNAME &&
		    strcmp(m->rr[i].owner, name) != 0 &&
		    dns_name_within(name, m->rr[i].owner))
			return &m->rr[i];
	return NULL;
}

int dns_path_alias(const struct dns_path *p, const struct dns_msg *m,
		   char ret[DNS_NAME_TEXT], bool *ret_dname, struct err *err)
{
	const char *name = dns_path_name(p);
	const struct dns_rr *rr = find_dname(m, name);
	bool dname = rr;

	if (rr) {
		if (dns_name_redirect(name, rr->owner, rr->name, ret, err) ==
		    -1)
			return -1;
	} else {
		rr = dns_msg_find(m, DNS_ANSWER, name, DNS_CNAME);
		if (!rr)
			return 0;
		snprintf(ret, DNS_NAME_TEXT, "%s", rr->name);
	}
	*ret_dname = dname;
	return 1;
}

const struct dns_rr *dns_path_soa(const struct dns_msg *m, const char *name)
{
	const struct dns_rr *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_rr *rr = &m->rr[i];

		if (rr->type != DNS_SOA || rr->section == DNS_ADDITIONAL ||
		    !dns_name_within(name, rr->owner))
			continue;
		if (!best || dns_name_within(rr->owner, best->owner))
			best = rr;
	}
	return best;
}

/* Of 32 bits the first means none (RFC 2181 section 8). */
static uint32_t time_of(uint32_t ttl)
{
	return ttl > INT32_MAX ? 0 : ttl;
}

uint32_t dns_path_negative_ttl(const struct dns_rr *soa)
{
	uint32_t ttl = time_of(soa->ttl), minimum = time_of(soa->minimum);

	return ttl < minimum ? ttl : minimum;
}
