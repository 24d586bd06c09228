/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <ctype.h>
#include "num.h"
#include "proof_conf.h"

/* --- rfc2136 --- */

#define SET(struct_, field_, type_, help_, ...)                            \
	{                                                                  \
		.name = #field_, .type = type_,                            \
		.offset = offsetof(struct struct_, field_), .help = help_, \
		__VA_ARGS__                                                \
	}

static const struct conf_setting zone_settings[] = {
	SET(proof_zone, zone, CONF_STRING, "name of the zone",
	    .flags = CONF_REQUIRED),
	SET(proof_zone, server, CONF_STRING,
	    "address[:port] that takes the updates"),
	SET(proof_zone, key_file, CONF_PATH, "TSIG key in BIND's syntax"),
	SET(proof_zone, check, CONF_STRINGS,
	    "address[:port] of each server that must have the proof"),
	SET(proof_zone, check_signed, CONF_BOOL,
	    "whether questions to these servers are signed with the key"),
	{ .name = NULL },
};

static const struct conf_schema zone_schema = {
	.settings = zone_settings,
	.size = sizeof(struct proof_zone),
};

static const struct conf_setting dns_settings[] = {
	SET(proof_dns, resolvers, CONF_STRINGS,
	    "address[:port] of the resolvers"),
	SET(proof_dns, key_file, CONF_PATH,
	    "TSIG key for zones that name none"),
	SET(proof_dns, any_zone, CONF_BOOL,
	    "whether zones that are not in zones are changed, too"),
	SET(proof_dns, zones, CONF_GROUPS, "zones we change",
	    .sub = &zone_schema),
	SET(proof_dns, ttl, CONF_DURATION, "time to live of a proof",
	    .def = "60s", .min = 1, .max = 86400),
	SET(proof_dns, timeout, CONF_DURATION, "limit for one query",
	    .def = "5s", .min = 1, .max = 60),
	SET(proof_dns, ready_timeout, CONF_DURATION,
	    "limit for all servers to have a proof", .def = "5m", .min = 1,
	    .max = 86400),
	SET(proof_dns, unreachable_grace, CONF_DURATION,
	    "how long a server that cannot be reached blocks", .def = "60s",
	    .min = 0, .max = 86400),
	SET(proof_dns, trust_anchor, CONF_PATH,
	    "file of the keys that DNSSEC begins with; \"\": no checks",
	    .def = "/usr/share/dns/root.key", .flags = CONF_EMPTY_OK),
	SET(proof_dns, insecure, CONF_STRINGS,
	    "domains whose answers DNSSEC is not to check"),
	{ .name = NULL },
};

const struct conf_schema proof_dns_schema = {
	.settings = dns_settings,
	.size = sizeof(struct proof_dns),
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

bool proof_conf_is_domain(const char *s)
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
static void check_zone(struct proof_zone *z, struct arena *arena,
		       struct conf_errors *errs)
{
	char *name, *p;
	size_t len;

	if (!proof_conf_is_domain(z->zone))
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

static void check_dns(struct proof_dns *d, struct arena *arena,
		      struct conf_errors *errs)
{
	struct proof_zone *z, *other;
	size_t i, j;

	check_addresses(&d->src, "resolvers", &d->resolvers, errs);
	for (i = 0; i < d->insecure.n; i++)
		if (!proof_conf_is_domain(d->insecure.v[i]))
			conf_error(errs, &d->src,
				   "setting `insecure': \"%.100s\" is not a "
				   "DNS name",
				   d->insecure.v[i]);
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

/* --- webroot --- */

bool proof_conf_path_climbs(const char *path)
{
	const char *p;

	for (p = path; (p = strstr(p, "..")); p++)
		if ((p == path || p[-1] == '/') &&
		    (p[2] == '/' || p[2] == '\0'))
			return true;
	return false;
}

const char *proof_conf_path_below(const char *path, const char *prefix)
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

static void check_prefixes(const struct proof_conf *conf,
			   const struct conf_src *src, struct conf_errors *errs)
{
	size_t i;

	for (i = 0; i < conf->webroot_prefixes.n; i++) {
		const char *path = conf->webroot_prefixes.v[i];

		if (*path != '/' || proof_conf_path_climbs(path))
			conf_error(errs, src,
				   "setting `webroot_prefixes': \"%.200s\" "
				   "must be an absolute path without \"..\"",
				   path);
	}
}

/* --- all of them --- */

void proof_conf_check(const struct proof_conf *conf, const struct conf_src *src,
		      struct arena *arena, struct conf_errors *errs)
{
	check_dns(conf->dns, arena, errs);
	check_prefixes(conf, src, errs);
}
