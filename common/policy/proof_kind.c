/* SPDX-License-Identifier: MIT */
#include "proof_kind.h"
#include <string.h>
#include "arena.h"
#include "strlist.h"

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

static const struct proof_type types[] = {
	{ "dns-01", .in_dns = true, .wildcard = true,
	  .solver = SOLVER_RFC2136 },
	{ PROOF_TYPE_WEBROOT, .address = true, .solver = SOLVER_WEBROOT },
};

const struct proof_type *proof_type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const char *proof_type_of_row(const char *challenge, bool certbot)
{
	if (challenge && *challenge)
		return challenge;
	return certbot ? PROOF_TYPE_WEBROOT : types[0].name;
}

static bool can(const struct proof_type *t, bool wildcard, bool address)
{
	return address ? t->address : wildcard ? t->wildcard : true;
}

const struct proof_type *proof_type_for(const struct proof_type *want,
					bool wildcard, bool address)
{
	if (can(want, wildcard, address))
		return want;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (can(&types[i], wildcard, address))
			return &types[i];
	return want;
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

int proof_webroot_check(const struct certrepo_conf *conf, const char *webroot,
			struct err *err)
{
	AUTO(strlist_free) struct strlist allowed = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	if (!webroot || !*webroot)
		return err_set(err, ERR_INPUT,
			       "http-01 needs the folder that the web server "
			       "serves: give it with --webroot PATH (or set "
			       "webroot_path=PATH)");
	if (strlen(webroot) > STORE_PATH_MAX)
		return err_set(err, ERR_INPUT,
			       "the web root is longer than %d characters",
			       STORE_PATH_MAX);
	if (webroot[0] != '/' || !printable(webroot) ||
	    proof_conf_path_climbs(webroot))
		return err_set(err, ERR_INPUT,
			       "the web root \"%s\" must be an absolute path "
			       "in ASCII, without \"..\"",
			       webroot);
	for (size_t i = 0; i < conf->proof.webroot_prefixes.n; i++) {
		if (proof_conf_path_below(webroot,
					  conf->proof.webroot_prefixes.v[i]))
			return 0;
		strlist_add(&allowed, conf->proof.webroot_prefixes.v[i]);
	}
	if (allowed.n == 0)
		return err_set(err, ERR_INPUT,
			       "the configuration allows no web root: list the "
			       "folders the fetcher may write under in "
			       "webroot_prefixes");
	text = strlist_join(&allowed, ", ");
	return err_set(err, ERR_INPUT,
		       "the web root %s is under none of webroot_prefixes "
		       "in the configuration: %s",
		       webroot, text);
}

static int check_id(const struct proof_type *t, const struct x509_id *id,
		    struct err *err)
{
	bool wildcard = id->value[0] == '*', address = id->type == X509_ID_IP;

	if (can(t, wildcard, address))
		return 0;
	return err_set(err, ERR_INPUT, "%s cannot prove the %s %s: use %s",
		       t->name, address ? "address" : "wildcard", id->value,
		       proof_type_for(t, wildcard, address)->name);
}

int proof_check(const struct certrepo_conf *conf, const struct x509_ids *ids,
		const char *type, const char *webroot, struct err *err)
{
	const struct proof_type *t = proof_type_find(type);

	if (!t)
		return err_set(err, ERR_INPUT,
			       "no challenge \"%s\" is known here, "
			       "only " PROOF_TYPE_NAMES,
			       type);
	for (size_t i = 0; i < ids->n; i++)
		if (check_id(t, &ids->v[i], err) == -1)
			return -1;
	if (t->solver == SOLVER_WEBROOT)
		return proof_webroot_check(conf, webroot, err);
	return 0;
}

int proof_zone_check(const struct certrepo_conf *conf, const char *type,
		     struct err *err)
{
	const struct proof_type *t = proof_type_find(type);
	const struct proof_dns *dns = conf->proof.dns;

	if (!t || !t->in_dns || (dns && (dns->zones.n > 0 || dns->any_zone)))
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s needs a zone that the fetcher may update, and the "
		       "configuration has none: name it in dns.zones, with "
		       "its key; or prove by http-01, with --webroot PATH (or "
		       "set challenge=http-01 webroot_path=PATH)",
		       type);
}

/* NAME is ZONE or below it. */
static bool within(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return n >= z && strcmp(name + n - z, zone) == 0 &&
	       (n == z || name[n - z - 1] == '.');
}

const char *proof_zone_record(const struct certrepo_conf *conf,
			      const char *identifier, struct arena *a,
			      const char **ret_zone)
{
	const struct proof_dns *dns = conf->proof.dns;
	const struct proof_zone *z, *best = NULL;
	const char *host = identifier, *at;
	char *label;

	host += strncmp(host, "*.", 2) == 0 ? 2 : 0;
	at = arena_printf(a, "_acme-challenge.%s", host);
	for (size_t i = 0; dns && i < dns->zones.n; i++) {
		z = dns->zones.v[i];
		if (within(at, z->zone) &&
		    (!best || strlen(z->zone) > strlen(best->zone)))
			best = z;
	}
	*ret_zone = best ? best->zone : NULL;
	if (best || !dns || dns->zones.n == 0)
		return NULL;
	/* The host in one label, as the fetcher suggests it. */
	label = arena_strdup(a, host);
	for (char *p = label; strlen(label) <= LABEL_MAX && *p; p++)
		if (*p == '.')
			*p = '-';
	z = dns->zones.v[0];
	return arena_printf(a, "%s. CNAME %s.%s.", at, label, z->zone);
}
