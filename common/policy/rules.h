/* SPDX-License-Identifier: MIT */
#ifndef RULES_H
#define RULES_H

/*
 * Which requests of hosts are approved without a person: the groups `rules` of
 * certrepo.conf. Pure.
 *
 * In a pattern "*" stands for any characters of one label, none of them a dot:
 * "web*.example.org" is web12.example.org, not web1.x.example.org. In `names`
 * "{host}" is the host's own name. A wildcard, which is a certificate for names
 * nobody has asked for yet, is matched only where the rule says `wildcards`,
 * and then by a label that is "*" alone, or by itself.
 */

#include "conf.h"
#include "x509.h"

struct rules_rule {
	struct conf_src src;
	const char *host;	   /* pattern */
	struct conf_strings names; /* patterns */
	bool wildcards;
	/* Of the rows it makes; NULL: as `add` has it. */
	const char *ca, *challenge, *webroot_path;
};

extern const struct conf_schema rules_schema;

struct certrepo_conf;
/* Of those in CONF: patterns that nothing has, or that reach beyond a domain of
 * one's own; a CA or a challenge that there is not. */
void rules_check(const struct certrepo_conf *conf, struct conf_errors *errs);

/* PATTERN is one of `host`; HOST is the request's. */
bool rules_host_matches(const char *pattern, const char *host);
/* PATTERN is one of `names`; NAME is a DNS name of a CSR. */
bool rules_name_matches(const char *pattern, const char *host, const char *name,
			bool wildcards);
/* The first of RULES that takes HOST with all of IDS, or NULL. An address is
 * none that a rule takes. */
const struct rules_rule *rules_find(const struct conf_groups *rules,
				    const char *host,
				    const struct x509_ids *ids);

#endif
