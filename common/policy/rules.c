/* SPDX-License-Identifier: MIT */
#include "rules.h"
#include <stddef.h>
#include <string.h>
#include "certrepo_conf.h"
#include "mem.h"
#include "proof_kind.h"

#define HOST	 "{host}"
#define TEXT_MAX 253

#define SET(field_, type_, help_, ...)                                        \
	{                                                                     \
		.name = #field_, .type = type_,                               \
		.offset = offsetof(struct rules_rule, field_), .help = help_, \
		__VA_ARGS__                                                   \
	}

static const struct conf_setting rule_settings[] = {
	SET(host, CONF_STRING, "pattern of the hosts that it is for",
	    .flags = CONF_REQUIRED),
	SET(names, CONF_STRINGS,
	    "patterns, of which each name of a request must have one",
	    .flags = CONF_REQUIRED),
	SET(wildcards, CONF_BOOL, "whether a name may be a wildcard"),
	SET(ca, CONF_STRING, "CA of the rows that it makes"),
	SET(challenge, CONF_STRING, "challenge of the rows that it makes"),
	SET(webroot_path, CONF_PATH, "web root of the rows that it makes"),
	{ .name = NULL },
};

const struct conf_schema rules_schema = {
	.settings = rule_settings,
	.size = sizeof(struct rules_rule),
};

/* --- matching --- */

/* PATTERN of P bytes against TEXT of N, in which no "*" stands for a dot. Of
 * the stars only the last one met is ever tried again: each one before has the
 * shortest text that lets the rest match. */
static bool glob(const char *pattern, size_t p, const char *text, size_t n)
{
	size_t i = 0, k = 0, star = p, from = 0;

	while (k < n) {
		if (i < p && pattern[i] == '*') {
			star = i++;
			from = k;
		} else if (i < p && pattern[i] == text[k]) {
			i++;
			k++;
		} else if (star < p) {
			i = star + 1;
			k = ++from;
		} else {
			return false;
		}
	}
	while (i < p && pattern[i] == '*')
		i++;
	return i == p;
}

/* Label by label, as many of them. WILDCARDS: "*" may be one of TEXT. */
static bool labels_match(const char *pattern, const char *text, bool wildcards)
{
	for (;;) {
		size_t p = strcspn(pattern, "."), n = strcspn(text, ".");
		bool wild = memchr(text, '*', n);

		if (n == 0 || !glob(pattern, p, text, n))
			return false;
		if (wild && (!wildcards || p != 1 || n != 1))
			return false;
		if (!pattern[p] || !text[n])
			return pattern[p] == text[n];
		pattern += p + 1;
		text += n + 1;
	}
}

bool rules_host_matches(const char *pattern, const char *host)
{
	return labels_match(pattern, host, false);
}

/* PATTERN with the host's name in it; false: HOST is not one that a name of a
 * certificate could have, or it does not fit. */
static bool with_host(const char *pattern, const char *host,
		      char ret[TEXT_MAX + 1])
{
	const char *at = strstr(pattern, HOST);
	size_t before = at ? (size_t) (at - pattern) : strlen(pattern);
	const char *behind = at ? at + strlen(HOST) : "";
	size_t n = at ? strlen(host) : 0;

	if (before + n + strlen(behind) > TEXT_MAX ||
	    (at && (!x509_dns_name_ok(host, true) || strchr(host, '*'))))
		return false;
	memcpy(ret, pattern, before);
	memcpy(ret + before, host, n);
	memcpy(ret + before + n, behind, strlen(behind) + 1);
	return true;
}

bool rules_name_matches(const char *pattern, const char *host, const char *name,
			bool wildcards)
{
	char whole[TEXT_MAX + 1];

	return with_host(pattern, host, whole) &&
	       labels_match(whole, name, wildcards);
}

static bool takes(const struct rules_rule *r, const char *host,
		  const struct x509_id *id)
{
	if (id->type != X509_ID_DNS)
		return false;
	for (size_t i = 0; i < r->names.n; i++)
		if (rules_name_matches(r->names.v[i], host, id->value,
				       r->wildcards))
			return true;
	return false;
}

const struct rules_rule *rules_find(const struct conf_groups *rules,
				    const char *host,
				    const struct x509_ids *ids)
{
	for (size_t i = 0; i < rules->n && ids->n > 0; i++) {
		const struct rules_rule *r = rules->v[i];
		size_t k = 0;

		if (!rules_host_matches(r->host, host))
			continue;
		while (k < ids->n && takes(r, host, &ids->v[k]))
			k++;
		if (k == ids->n)
			return r;
	}
	return NULL;
}

/* --- checks --- */

/* Labels of 1 to 63 of SIGNS; how many, and of the last ones how many have no
 * star. 0: it is no such text. */
static size_t count_labels(const char *text, const char *signs,
			   size_t *ret_plain)
{
	size_t n = 0, plain = 0;

	if (strlen(text) > TEXT_MAX)
		return 0;
	for (;;) {
		size_t len = strcspn(text, ".");

		if (len == 0 || len > 63 || strspn(text, signs) < len)
			return 0;
		n++;
		plain = memchr(text, '*', len) ? 0 : plain + 1;
		if (!text[len])
			break;
		text += len + 1;
	}
	*ret_plain = plain;
	return n;
}

static void check_host(const struct rules_rule *r, struct conf_errors *errs)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-*";
	size_t plain;

	if (r->host && count_labels(r->host, signs, &plain) == 0)
		conf_error(errs, &r->src,
			   "setting `host': \"%.100s\" is no pattern of names "
			   "of hosts, as \"web*.example.org\" is",
			   r->host);
}

static void check_name(const struct rules_rule *r, const char *name,
		       struct conf_errors *errs)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz0123456789_-*";
	const char *at = strstr(name, HOST);
	const char *behind = at ? at + strlen(HOST) : NULL;
	char whole[TEXT_MAX + 1];
	size_t plain = 0, n = 0;

	/* Only labels stand beside it. */
	if (!at || ((at == name || at[-1] == '.') &&
		    (*behind == '\0' || *behind == '.')))
		n = with_host(name, "x", whole)
			    ? count_labels(whole, signs, &plain)
			    : 0;
	if (n == 0)
		conf_error(errs, &r->src,
			   "setting `names': \"%.100s\" is no pattern of DNS "
			   "names in lower case, as \"*.example.org\" and "
			   "\"{host}\" are",
			   name);
	else if (plain < n && plain < 2 && !(at && *behind == '\0'))
		conf_error(errs, &r->src,
			   "setting `names': \"%.100s\" reaches beyond a "
			   "domain of your own: its last two labels must be "
			   "without \"*\"",
			   name);
}

static void check_rule(const struct certrepo_conf *conf,
		       const struct rules_rule *r, struct conf_errors *errs)
{
	check_host(r, errs);
	for (size_t i = 0; i < r->names.n; i++)
		check_name(r, r->names.v[i], errs);
	if (r->ca && !certrepo_conf_ca(conf, r->ca))
		conf_error(errs, &r->src,
			   "setting `ca': there is no CA \"%.64s\" in the list "
			   "`ca'",
			   r->ca);
	if (r->challenge && !proof_type_find(r->challenge))
		conf_error(errs, &r->src,
			   "setting `challenge': \"%.60s\" is unknown, "
			   "accepted are " PROOF_TYPE_NAMES,
			   r->challenge);
	if (r->webroot_path && r->challenge &&
	    strcmp(r->challenge, PROOF_TYPE_WEBROOT) != 0)
		conf_error(
			errs, &r->src,
			"setting `webroot_path': belongs to " PROOF_TYPE_WEBROOT
			", and `challenge' is another");
}

void rules_check(const struct certrepo_conf *conf, struct conf_errors *errs)
{
	for (size_t i = 0; i < conf->rules.n; i++)
		check_rule(conf, conf->rules.v[i], errs);
}
