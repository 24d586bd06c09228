/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <ctype.h>
#include "certrepo_conf.h"
#include "num.h"

#define SET(struct_, field_, type_, help_, ...)                            \
	{                                                                  \
		.name = #field_, .type = type_,                            \
		.offset = offsetof(struct struct_, field_), .help = help_, \
		__VA_ARGS__                                                \
	}

static const char *const key_types[] = { "ES256", "RS256", NULL };

static const char *const http_versions[] = { "2", "1.1", NULL };

static const struct conf_setting ca_settings[] = {
	SET(certrepo_ca, name, CONF_STRING, "name of the CA, for us",
	    .flags = CONF_REQUIRED),
	SET(certrepo_ca, directory, CONF_STRING,
	    "https URL of the ACME directory", .flags = CONF_REQUIRED),
	SET(certrepo_ca, account_key, CONF_PATH,
	    "PEM file of the account key, made on first use",
	    .flags = CONF_REQUIRED),
	SET(certrepo_ca, account_key_type, CONF_ENUM,
	    "kind of account key to make", .def = "ES256",
	    .choices = key_types),
	SET(certrepo_ca, contact, CONF_STRINGS, "URLs the CA may write to"),
	SET(certrepo_ca, agree_tos, CONF_BOOL,
	    "whether the CA's terms of service are agreed to"),
	SET(certrepo_ca, ca_file, CONF_PATH,
	    "PEM file, trust anchors for this CA's HTTPS"),
	SET(certrepo_ca, requests_per_second, CONF_INT,
	    "requests to this CA per second", .def = "100", .min = 1,
	    .max = 10000),
	SET(certrepo_ca, nonce_pool, CONF_INT, "nonces kept for later requests",
	    .def = "1024", .min = 0, .max = 1024),
	SET(certrepo_ca, http_version, CONF_ENUM,
	    "highest version of HTTP to speak", .def = "2",
	    .choices = http_versions),
	SET(certrepo_ca, allow_ip, CONF_BOOL,
	    "whether IP addresses may be enrolled"),
	SET(certrepo_ca, any_key, CONF_BOOL,
	    "whether keys that public CAs refuse may be enrolled"),
	SET(certrepo_ca, allow_single, CONF_BOOL,
	    "whether names without a dot may be enrolled"),
	{ .name = NULL },
};

static const struct conf_schema ca_schema = {
	.settings = ca_settings,
	.size = sizeof(struct certrepo_ca),
};

static const struct conf_setting zone_settings[] = {
	SET(certrepo_zone, zone, CONF_STRING, "name of the zone",
	    .flags = CONF_REQUIRED),
	SET(certrepo_zone, server, CONF_STRING,
	    "address[:port] that takes the updates"),
	SET(certrepo_zone, key_file, CONF_PATH, "TSIG key in BIND's syntax"),
	SET(certrepo_zone, check, CONF_STRINGS,
	    "address[:port] of each server that must have the proof"),
	SET(certrepo_zone, check_signed, CONF_BOOL,
	    "whether questions to these servers are signed with the key"),
	{ .name = NULL },
};

static const struct conf_schema zone_schema = {
	.settings = zone_settings,
	.size = sizeof(struct certrepo_zone),
};

static const struct conf_setting dns_settings[] = {
	SET(certrepo_dns, resolvers, CONF_STRINGS,
	    "address[:port] of the resolvers"),
	SET(certrepo_dns, key_file, CONF_PATH,
	    "TSIG key for zones that name none"),
	SET(certrepo_dns, any_zone, CONF_BOOL,
	    "whether zones that are not in zones are changed, too"),
	SET(certrepo_dns, zones, CONF_GROUPS, "zones we change",
	    .sub = &zone_schema),
	SET(certrepo_dns, ttl, CONF_DURATION, "time to live of a proof",
	    .def = "60s", .min = 1, .max = 86400),
	SET(certrepo_dns, timeout, CONF_DURATION, "limit for one query",
	    .def = "5s", .min = 1, .max = 60),
	SET(certrepo_dns, ready_timeout, CONF_DURATION,
	    "limit for all servers to have a proof", .def = "5m", .min = 1,
	    .max = 86400),
	SET(certrepo_dns, unreachable_grace, CONF_DURATION,
	    "how long a server that cannot be reached blocks", .def = "60s",
	    .min = 0, .max = 86400),
	{ .name = NULL },
};

static const struct conf_schema dns_schema = {
	.settings = dns_settings,
	.size = sizeof(struct certrepo_dns),
};

static const struct conf_setting settings[] = {
	SET(certrepo_conf, store, CONF_GROUP, "the database",
	    .flags = CONF_REQUIRED, .sub = &store_conf_schema),
	SET(certrepo_conf, csr_dir, CONF_PATH, "folder of the CSRs to enrol",
	    .def = "/etc/certrepo/csr"),
	SET(certrepo_conf, state_dir, CONF_PATH,
	    "folder of this instance's lock and id",
	    .def = "/var/lib/certrepo"),
	SET(certrepo_conf, default_ca, CONF_STRING,
	    "name of the CA for names enrolled without one"),
	SET(certrepo_conf, ca, CONF_GROUPS, "the CAs", .flags = CONF_REQUIRED,
	    .sub = &ca_schema),
	SET(certrepo_conf, dns, CONF_GROUP, "proofs by DNS",
	    .flags = CONF_DEFAULT_GROUP, .sub = &dns_schema),
	SET(certrepo_conf, webroot_prefixes, CONF_STRINGS,
	    "http-01 writes only below these folders"),
	SET(certrepo_conf, days_left, CONF_INT,
	    "renew when so many days are left; 0: a third of the lifetime",
	    .def = "0", .min = 0, .max = 3650),
	SET(certrepo_conf, max_orders, CONF_INT, "orders at the same time",
	    .def = "100", .min = 1, .max = 1000),
	SET(certrepo_conf, count_fail_limit, CONF_INT,
	    "failures until a name waits for a person", .def = "10", .min = 1,
	    .max = 1000000),
	SET(certrepo_conf, retry_wait, CONF_DURATION,
	    "pause between two passes of one run", .def = "1h", .min = 1,
	    .max = 7 * 86400),
	SET(certrepo_conf, max_passes, CONF_INT, "passes of one run",
	    .def = "3", .min = 1, .max = 1000),
	SET(certrepo_conf, order_timeout, CONF_DURATION,
	    "limit for one attempt of one name", .def = "15m", .min = 10,
	    .max = 7 * 86400),
	SET(certrepo_conf, notify, CONF_GROUP,
	    "who is told what needs a person", .sub = &notify_conf_schema),
	SET(certrepo_conf, store_patience, CONF_DURATION,
	    "how long the store or a CA may be away before it is told",
	    .def = "3h", .min = 0, .max = 30 * 86400),
	{ .name = NULL },
};

const struct conf_schema certrepo_conf_schema = {
	.settings = settings,
	.size = sizeof(struct certrepo_conf),
};

/* "a.b.c.d", "a.b.c.d:port", "v6", "[v6]", "[v6]:port". */
static bool is_address(const char *s)
{
	AUTO(mem_free_str) char *host = NULL;
	bool brackets = *s == '[';
	unsigned char bin[16];
	const char *end;
	int64_t port;

	if (inet_pton(AF_INET6, s, bin) == 1)
		return true;
	s += brackets;
	end = s + strcspn(s, brackets ? "]" : ":");
	host = mem_strndup(s, (size_t) (end - s));
	if (inet_pton(brackets ? AF_INET6 : AF_INET, host, bin) != 1)
		return false;
	if (brackets && *end++ != ']')
		return false;
	return *end == '\0' ||
	       (*end == ':' && num_int(end + 1, 1, 65535, &port, NULL) == 0);
}

static void check_address(const struct conf_src *src, const char *name,
			  const char *value, struct conf_errors *errs)
{
	if (!is_address(value))
		conf_error(errs, src,
			   "setting `%s': \"%.100s\" is not an address such as "
			   "192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353",
			   name, value);
}

static void check_addresses(const struct conf_src *src, const char *name,
			    const struct conf_strings *list,
			    struct conf_errors *errs)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		check_address(src, name, list->v[i], errs);
}

/* Letters, digits, '-' and '_' in labels of at most 63, 253 in all (RFC 1035
 * section 2.3.4); one dot at the end may stand. */
static bool is_zone_name(const char *s)
{
	size_t len = strlen(s), label = 0, i;

	if (len > 0 && s[len - 1] == '.')
		len--;
	if (len == 0 || len > 253)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!isalnum((unsigned char) s[i]) && s[i] != '-' &&
			   s[i] != '_') {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0;
}

/* Each zone gets its name in lower case and without the last dot. */
static void check_zone(struct certrepo_zone *z, struct arena *arena,
		       struct conf_errors *errs)
{
	char *name, *p;
	size_t len;

	if (!is_zone_name(z->zone))
		conf_error(errs, &z->src,
			   "setting `zone': \"%.100s\" is not a DNS name",
			   z->zone);
	name = arena_strdup(arena, z->zone);
	for (p = name; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	len = strlen(name);
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	z->zone = name;
	if (z->server)
		check_address(&z->src, "server", z->server, errs);
	check_addresses(&z->src, "check", &z->check, errs);
}

static void check_dns(struct certrepo_dns *d, struct arena *arena,
		      struct conf_errors *errs)
{
	struct certrepo_zone *z, *other;
	size_t i, j;

	check_addresses(&d->src, "resolvers", &d->resolvers, errs);
	if (d->any_zone && !d->key_file)
		conf_error(errs, &d->src,
			   "setting `any_zone': other zones are changed with "
			   "`key_file', set that as well");
	for (i = 0; i < d->zones.n; i++) {
		z = d->zones.v[i];
		check_zone(z, arena, errs);
		if (z->check_signed && !z->key_file && !d->key_file)
			conf_error(errs, &z->src,
				   "setting `check_signed': there is no key to "
				   "sign with, set `key_file'");
		for (j = 0; j < i; j++) {
			other = d->zones.v[j];
			if (strcmp(z->zone, other->zone) == 0)
				conf_error(errs, &z->src,
					   "zone \"%s\" is already described "
					   "in %s:%u, remove one",
					   z->zone, other->src.file,
					   other->src.line);
		}
	}
}

static bool is_https(const char *url)
{
	const char *host = url + strlen("https://");

	if (strncmp(url, "https://", strlen("https://")) != 0 ||
	    strchr("/:?#", *host))
		return false;
	for (; *url; url++)
		if ((unsigned char) *url <= ' ' || (unsigned char) *url > 0x7e)
			return false;
	return true;
}

static void check_ca(const struct certrepo_ca *ca, struct conf_errors *errs)
{
	const char *p;
	size_t i;

	for (p = ca->name; *p; p++)
		if (!isalnum((unsigned char) *p) && !strchr("-_.", *p))
			break;
	if (*p || strlen(ca->name) > 64)
		conf_error(errs, &ca->src,
			   "setting `name': \"%.100s\" must be at most 64 "
			   "letters, digits, '-', '_' and '.'",
			   ca->name);
	if (!is_https(ca->directory))
		conf_error(errs, &ca->src,
			   "setting `directory': \"%.200s\" must be a URL "
			   "that begins with https://",
			   ca->directory);
	for (i = 0; i < ca->contact.n; i++)
		if (!strchr(ca->contact.v[i], ':'))
			conf_error(errs, &ca->src,
				   "setting `contact': \"%.100s\" must be a "
				   "URL such as mailto:hostmaster@example.org",
				   ca->contact.v[i]);
}

static void check_cas(const struct certrepo_conf *conf,
		      struct conf_errors *errs)
{
	const struct certrepo_ca *ca, *other;
	size_t i, j;

	if (conf->ca.n == 0)
		conf_error(errs, &conf->src,
			   "setting `ca': is empty, describe at least one CA");
	for (i = 0; i < conf->ca.n; i++) {
		ca = conf->ca.v[i];
		check_ca(ca, errs);
		for (j = 0; j < i; j++) {
			other = conf->ca.v[j];
			if (strcmp(ca->name, other->name) == 0)
				conf_error(errs, &ca->src,
					   "CA \"%s\" is already described in "
					   "%s:%u, rename one",
					   ca->name, other->src.file,
					   other->src.line);
		}
	}
	if (conf->default_ca && !certrepo_conf_ca(conf, conf->default_ca))
		conf_error(errs, &conf->src,
			   "setting `default_ca': there is no CA \"%s\" in "
			   "the list `ca'",
			   conf->default_ca);
}

bool certrepo_conf_path_climbs(const char *path)
{
	const char *p;

	for (p = path; (p = strstr(p, "..")); p++)
		if ((p == path || p[-1] == '/') &&
		    (p[2] == '/' || p[2] == '\0'))
			return true;
	return false;
}

const char *certrepo_conf_path_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	while (n > 0 && prefix[n - 1] == '/')
		n--;
	if (strncmp(path, prefix, n) != 0 ||
	    (path[n] != '/' && path[n] != '\0'))
		return NULL;
	path += n;
	return path + strspn(path, "/");
}

static void check_prefixes(const struct certrepo_conf *conf,
			   struct conf_errors *errs)
{
	size_t i;

	for (i = 0; i < conf->webroot_prefixes.n; i++) {
		const char *path = conf->webroot_prefixes.v[i];

		if (*path != '/' || certrepo_conf_path_climbs(path))
			conf_error(errs, &conf->src,
				   "setting `webroot_prefixes': \"%.200s\" "
				   "must be an absolute path without \"..\"",
				   path);
	}
}

int certrepo_conf_load(const char *path, struct arena *arena,
		       struct certrepo_conf *ret, struct conf_errors *errs)
{
	struct certrepo_conf conf;
	size_t before = errs->list.n;

	if (conf_missing(path, "certrepo.conf(5)", errs))
		return -1;
	if (conf_load(path, &certrepo_conf_schema, arena, &conf, errs) == -1)
		return -1;
	store_conf_check(conf.store, errs);
	check_cas(&conf, errs);
	check_dns(conf.dns, arena, errs);
	check_prefixes(&conf, errs);
	notify_conf_check(conf.notify, errs);
	if (errs->list.n > before)
		return -1;
	if (!conf.default_ca) {
		const struct certrepo_ca *first = conf.ca.v[0];

		conf.default_ca = first->name;
	}
	*ret = conf;
	return 0;
}

const struct certrepo_ca *certrepo_conf_ca(const struct certrepo_conf *conf,
					   const char *name)
{
	const struct certrepo_ca *ca;
	size_t i;

	if (!name)
		name = conf->default_ca;
	for (i = 0; name && i < conf->ca.n; i++) {
		ca = conf->ca.v[i];
		if (strcmp(ca->name, name) == 0)
			return ca;
	}
	return NULL;
}
