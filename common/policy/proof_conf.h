/* SPDX-License-Identifier: MIT */
#ifndef PROOF_CONF_H
#define PROOF_CONF_H

/*
 * What certrepo.conf says of the solvers. Each kind (see proof_kind.h) has its
 * settings, with their tables and checks, here and nowhere else;
 * certrepo_conf.c takes in all of them.
 */

#include "conf.h"

struct proof_zone {
	struct conf_src src;
	const char *zone;     /* lower case, no trailing dot needed */
	const char *server;   /* address[:port]; default: the SOA's primary */
	const char *key_file; /* BIND syntax */
	struct conf_strings check; /* address[:port]; default: every address of
				    * every NS */
	bool check_signed;	   /* questions to them carry the key */
};

struct proof_dns {
	struct conf_src src;
	struct conf_strings resolvers; /* default: /etc/resolv.conf */
	const char *key_file;	       /* default key for all zones */
	bool any_zone;		  /* also change zones that are not in zones */
	struct conf_groups zones; /* struct proof_zone */
	int64_t ttl;		  /* of the TXT, default 60 s */
	int64_t timeout;	  /* one query, default 5 s */
	int64_t ready_timeout; /* for all servers to have it, default 5 min */
	int64_t unreachable_grace; /* a server that cannot be reached blocks
				    * this long, default 60 s */
	/* of look-ups that are checked by DNSSEC */
	const char *trust_anchor;     /* DS or DNSKEY records; "": no checks */
	struct conf_strings insecure; /* not below these domains */
};

struct proof_conf {
	/* rfc2136 */
	struct proof_dns *dns; /* never NULL */
	/* webroot */
	struct conf_strings webroot_prefixes; /* http-01 writes only here */
};

extern const struct conf_schema proof_dns_schema;

/* The settings of each kind, as lines of the table of what holds a struct
 * proof_conf at the offset OF. */
#define PROOF_CONF_RFC2136(of)                                     \
	{                                                          \
		.name = "dns", .type = CONF_GROUP,                 \
		.flags = CONF_DEFAULT_GROUP,                       \
		.offset = (of) + offsetof(struct proof_conf, dns), \
		.sub = &proof_dns_schema, .help = "proofs by DNS", \
	}
#define PROOF_CONF_WEBROOT(of)                                                \
	{                                                                     \
		.name = "webroot_prefixes", .type = CONF_STRINGS,             \
		.offset =                                                     \
			(of) + offsetof(struct proof_conf, webroot_prefixes), \
		.help = "http-01 writes only below these folders",            \
	}
#define PROOF_CONF_SETTINGS(of) PROOF_CONF_RFC2136(of), PROOF_CONF_WEBROOT(of)

/* What the tables cannot say. SRC is where the file begins. */
void proof_conf_check(const struct proof_conf *conf, const struct conf_src *src,
		      struct arena *arena, struct conf_errors *errs);
/* Letters, digits, '-' and '_' in labels of at most 63, 253 in all (RFC 1035
 * section 2.3.4); one dot at the end may stand. */
bool proof_conf_is_domain(const char *s);
/* The rules of web roots. PATH has a step "..". */
bool proof_conf_path_climbs(const char *path);
/* PATH is the folder PREFIX or below it, by whole names: the rest of PATH
 * without leading slash, or NULL. Slashes at the end of PREFIX do not count. */
const char *proof_conf_path_below(const char *path, const char *prefix);

#endif
