/* SPDX-License-Identifier: MIT */

#include <ctype.h>
#include <string.h>
#include <unistd.h>
#include "child.h"
#include "installer_conf.h"
#include "protocol.h"
#include "store.h"
#include "x509_make.h"

static const char *const sni_ways[] = { "yes", "no", "both", NULL };
static const char *const address_ways[] = { "all", "any", "ipv4", "ipv6",
					    NULL };
static const char *const proxy_ways[] = { "no", "v1", "v2", NULL };
static const char *const key_types[] = { "rsa", "ec", NULL };

static const struct conf_setting cert_settings[] = {
	{ .name = "name",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct installer_cert, name),
	  .help = "name of the certificate in the store" },
	{ .name = "key",
	  .type = CONF_PATH,
	  .offset = offsetof(struct installer_cert, key),
	  .help = "file of the private key" },
	{ .name = "public_key",
	  .type = CONF_PATH,
	  .offset = offsetof(struct installer_cert, public_key),
	  .help = "file of the public key, when the private one is not here" },
	{ .name = "key_type",
	  .type = CONF_ENUM,
	  .choices = x509_key_kinds,
	  .offset = offsetof(struct installer_cert, key_type),
	  .help = "the kind of key that --request makes" },
	{ .name = "max_key_age",
	  .type = CONF_DURATION,
	  .max = 20 * 365 * 86400ll,
	  .offset = offsetof(struct installer_cert, max_key_age),
	  .help = "a new key is asked for when this one is older" },
	{ .name = "dir",
	  .type = CONF_PATH,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct installer_cert, dir),
	  .help = "folder its files go to" },
	{ .name = "names",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct installer_cert, names),
	  .help = "names it must be good for, beside its domain" },
	{ .name = "files",
	  .type = CONF_GROUPS,
	  .sub = &profile_file_schema,
	  .offset = offsetof(struct installer_cert, files),
	  .help = "its files, instead of the profile's" },
	{ .name = NULL },
};

static const struct conf_schema cert_schema = {
	.settings = cert_settings,
	.size = sizeof(struct installer_cert),
	.given = offsetof(struct installer_cert, given),
};

static const struct conf_setting endpoint_settings[] = {
	{ .name = "address",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct installer_endpoint, address),
	  .help = "\"host:port\" to connect to" },
	{ .name = "protocol",
	  .type = CONF_ENUM,
	  .choices = protocol_names,
	  .hint = "; https, imaps, pop3s, smtps, ldaps and others that begin "
		  "with TLS: use \"tls\"",
	  .def = "tls",
	  .offset = offsetof(struct installer_endpoint, protocol),
	  .help = "what is spoken there" },
	{ .name = "proxy_protocol",
	  .type = CONF_ENUM,
	  .choices = proxy_ways,
	  .def = "no",
	  .offset = offsetof(struct installer_endpoint, proxy_protocol),
	  .help = "the PROXY protocol's version, to say before all else" },
	{ .name = "server_name",
	  .type = CONF_STRING,
	  .offset = offsetof(struct installer_endpoint, server_name),
	  .help = "name to ask for (SNI)" },
	{ .name = "sni",
	  .type = CONF_ENUM,
	  .choices = sni_ways,
	  .def = "yes",
	  .offset = offsetof(struct installer_endpoint, sni),
	  .help = "whether to ask for it, or once with and once without" },
	{ .name = "addresses",
	  .type = CONF_ENUM,
	  .choices = address_ways,
	  .def = "all",
	  .offset = offsetof(struct installer_endpoint, addresses),
	  .help = "which addresses of the host must be right" },
	{ .name = "key_type",
	  .type = CONF_ENUM,
	  .choices = key_types,
	  .offset = offsetof(struct installer_endpoint, key_type),
	  .help = "ask for a certificate with this type of key" },
	{ .name = "certificate",
	  .type = CONF_STRING,
	  .offset = offsetof(struct installer_endpoint, certificate),
	  .help = "which of the service's certificates it serves" },
	{ .name = "secret_file",
	  .type = CONF_PATH,
	  .offset = offsetof(struct installer_endpoint, secret_file),
	  .help = "radius-eap: file with the shared secret" },
	{ .name = "identity",
	  .type = CONF_STRING,
	  .def = "anonymous",
	  .offset = offsetof(struct installer_endpoint, identity),
	  .help = "radius-eap: the outer identity to begin with" },
	{ .name = "command",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct installer_endpoint, command),
	  .help = "command: the program that looks, and its arguments" },
	{ .name = "user",
	  .type = CONF_STRING,
	  .offset = offsetof(struct installer_endpoint, user),
	  .help = "command: the user it runs as" },
	{ .name = NULL },
};

static const struct conf_schema endpoint_schema = {
	.settings = endpoint_settings,
	.size = sizeof(struct installer_endpoint),
};

static const struct conf_setting service_settings[] = {
	{ .name = "name",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct installer_service, name),
	  .help = "name of the service on this host" },
	{ .name = "profile",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct installer_service, profile),
	  .help = "its profile" },
	{ .name = "prefix",
	  .type = CONF_PATH,
	  .offset = offsetof(struct installer_service, prefix),
	  .help = "folder it is jailed in, before its certificates' paths" },
	{ .name = "link_targets",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct installer_service, link_targets),
	  .help = "files to overwrite through a link, whatever they hold" },
	{ .name = "certificates",
	  .type = CONF_GROUPS,
	  .flags = CONF_REQUIRED,
	  .sub = &cert_schema,
	  .offset = offsetof(struct installer_service, certificates),
	  .help = "the certificates it uses" },
	{ .name = "verify",
	  .type = CONF_GROUPS,
	  .sub = &endpoint_schema,
	  .offset = offsetof(struct installer_service, verify),
	  .help = "where to look whether it serves them" },
	{ .name = "vars",
	  .type = CONF_GROUPS,
	  .sub = &profile_var_schema,
	  .offset = offsetof(struct installer_service, vars),
	  .help = "variables of the profile, set for this service" },
	{ .name = "window",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct installer_service, window),
	  .help = "the hours in which it may be changed or told" },
	{ .name = "window_override",
	  .type = CONF_DURATION,
	  .def = "2d",
	  .max = 90 * 86400,
	  .offset = offsetof(struct installer_service, window_override),
	  .help = "a certificate with less life left does not wait" },
	{ .name = "alone",
	  .type = CONF_BOOL,
	  .def = "false",
	  .offset = offsetof(struct installer_service, alone),
	  .help = "change it by itself, whoever shares its certificates" },
	{ .name = "verify_time",
	  .type = CONF_DURATION,
	  .def = "10s",
	  .min = 0,
	  .max = 600,
	  .offset = offsetof(struct installer_service, verify_time),
	  .help = "how long to go on looking after an activation" },
	{ .name = "verify_timeout",
	  .type = CONF_DURATION,
	  .def = "5s",
	  .min = 1,
	  .max = 60,
	  .offset = offsetof(struct installer_service, verify_timeout),
	  .help = "how long one connection may take" },
	{ .name = NULL },
};

const struct conf_schema installer_service_schema = {
	.settings = service_settings,
	.size = sizeof(struct installer_service),
};

static const struct conf_setting settings[] = {
	{ .name = "store",
	  .type = CONF_GROUP,
	  .flags = CONF_REQUIRED,
	  .sub = &store_conf_schema,
	  .offset = offsetof(struct installer_conf, store),
	  .help = "where the certificates are kept" },
	{ .name = "receipts",
	  .type = CONF_GROUP,
	  .sub = &store_conf_schema,
	  .offset = offsetof(struct installer_conf, receipts),
	  .help = "where receipts and requests go, if not to the store" },
	{ .name = "trust_file",
	  .type = CONF_PATH,
	  .def = "/etc/ssl/certs/ca-certificates.crt",
	  .offset = offsetof(struct installer_conf, trust_file),
	  .help = "the host's own trust anchors" },
	{ .name = "profile_dir",
	  .type = CONF_PATH,
	  .def = CERTREPO_CONF_DIR "/profiles",
	  .offset = offsetof(struct installer_conf, profile_dir),
	  .help = "profiles of this site" },
	{ .name = "shipped_profile_dir",
	  .type = CONF_PATH,
	  .def = CERTREPO_DATA_DIR "/installer-profiles",
	  .offset = offsetof(struct installer_conf, shipped_profile_dir),
	  .help = "profiles that came with the program" },
	{ .name = "state_dir",
	  .type = CONF_PATH,
	  .def = CERTREPO_STATE_DIR "-installer",
	  .offset = offsetof(struct installer_conf, state_dir),
	  .help = "lock, journal, backups, receipts that wait" },
	{ .name = "host",
	  .type = CONF_STRING,
	  .offset = offsetof(struct installer_conf, host),
	  .help = "name this host reports under" },
	{ .name = "splay",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 86400,
	  .offset = offsetof(struct installer_conf, splay),
	  .help = "spread the hosts' runs over this time" },
	{ .name = "keep",
	  .type = CONF_INT,
	  .def = "3",
	  .min = 1,
	  .max = 1000,
	  .offset = offsetof(struct installer_conf, keep),
	  .help = "backups to keep of each service" },
	{ .name = "report",
	  .type = CONF_BOOL,
	  .def = "true",
	  .offset = offsetof(struct installer_conf, report),
	  .help = "write receipts to the store" },
	{ .name = "heartbeat",
	  .type = CONF_DURATION,
	  .def = "1d",
	  .min = 60,
	  .max = 30 * 86400,
	  .offset = offsetof(struct installer_conf, heartbeat),
	  .help = "how often an idle host reports" },
	{ .name = "recheck",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 30 * 86400,
	  .offset = offsetof(struct installer_conf, recheck),
	  .help = "how often an idle host looks at what is served" },
	{ .name = "clock_skew",
	  .type = CONF_DURATION,
	  .def = "5m",
	  .max = 86400,
	  .offset = offsetof(struct installer_conf, clock_skew),
	  .help = "how far a certificate may begin in the future" },
	{ .name = "notify",
	  .type = CONF_GROUP,
	  .sub = &notify_conf_schema,
	  .offset = offsetof(struct installer_conf, notify),
	  .help = "who is told what needs a person" },
	{ .name = "key_age",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 20 * 365 * 86400ll,
	  .offset = offsetof(struct installer_conf, key_age),
	  .help = "keys whose files are older than this are told" },
	{ .name = "max_key_age",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 20 * 365 * 86400ll,
	  .offset = offsetof(struct installer_conf, max_key_age),
	  .help = "a new key is asked for when a key's file is older" },
	{ .name = "expiring",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 365 * 86400,
	  .offset = offsetof(struct installer_conf, expiring),
	  .help = "certificates with less life, and nothing newer, are told" },
	{ .name = "store_patience",
	  .type = CONF_DURATION,
	  .def = "6h",
	  .max = 30 * 86400,
	  .offset = offsetof(struct installer_conf, store_patience),
	  .help = "how long the store may be away before it is told" },
	{ .name = "services",
	  .type = CONF_GROUPS,
	  .flags = CONF_REQUIRED,
	  .sub = &installer_service_schema,
	  .offset = offsetof(struct installer_conf, services),
	  .help = "what runs on this host" },
	{ .name = NULL },
};

const struct conf_schema installer_conf_schema = {
	.settings = settings,
	.size = sizeof(struct installer_conf),
};

/* A service's name becomes a file's and goes into the journal. */
static bool service_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && isalnum((unsigned char) name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			    "WXYZ0123456789._-") == len;
}

static bool printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char) *s))
			return false;
	return true;
}

static void check_path(const struct conf_src *src, const char *setting,
		       const char *path, struct conf_errors *errs)
{
	if (path && !printable(path))
		conf_error(errs, src, "%s: a path with control characters",
			   setting);
}

static bool is_given(const struct installer_cert *c, const char *name)
{
	size_t i = 0;

	while (strcmp(cert_settings[i].name, name) != 0)
		i++;
	return (c->given >> i & 1) != 0;
}

/* Of a key that is made elsewhere, nothing is said about how. */
static void check_key_made(const struct installer_cert *c,
			   struct conf_errors *errs)
{
	if (c->public_key && (c->key_type || c->max_key_age != 0))
		conf_error(errs, &c->src,
			   "certificate %s: key_type and max_key_age are for a "
			   "key that is here (key), not for one that is pinned "
			   "(public_key)",
			   c->name);
}

/* A number alone is in seconds, and a key would be changed with each run. */
static void check_key_age(const struct conf_src *src, int64_t age,
			  struct conf_errors *errs)
{
	if (age > 0 && age < 86400)
		conf_error(errs, src,
			   "max_key_age: %lld s are less than a day; "
			   "\"365d\" are days",
			   (long long) age);
}

static void check_cert(const struct installer_cert *c, struct conf_errors *errs)
{
	struct err err = ERR_INIT;

	if (store_name_check(c->name, &err) == -1)
		conf_error(errs, &c->src, "%s", err.msg);
	if (!c->key == !c->public_key)
		conf_error(errs, &c->src,
			   "certificate %s: give either key (the private "
			   "key's file) or public_key",
			   c->name);
	check_key_made(c, errs);
	check_key_age(&c->src, c->max_key_age, errs);
	check_path(&c->src, "dir", c->dir, errs);
	check_path(&c->src, "key", c->key, errs);
	check_path(&c->src, "public_key", c->public_key, errs);
	profile_check_files(&c->files, errs);
	for (size_t i = 0; i < c->names.n; i++)
		if (!x509_dns_name_ok(c->names.v[i], true))
			conf_error(errs, &c->src,
				   "names: %s is not a DNS name in lower case",
				   c->names.v[i]);
}

/* A setting that goes with the protocols that need it, and with no other. */
static void check_need(const struct installer_endpoint *e, unsigned int need,
		       const char *setting, bool has, struct conf_errors *errs)
{
	bool needs = (protocol_find(e->protocol)->needs & need) != 0;

	if (needs != has)
		conf_error(errs, &e->src,
			   "verify %s: protocol \"%s\" and %s go together",
			   e->address, protocol_needing(need)->name, setting);
}

static void check_protocol(const struct installer_endpoint *e,
			   struct conf_errors *errs)
{
	const struct protocol *p = protocol_find(e->protocol);

	check_need(e, PROTOCOL_NEEDS_COMMAND, "command", e->command.n > 0,
		   errs);
	check_need(e, PROTOCOL_NEEDS_SECRET, "secret_file", e->secret_file,
		   errs);
	if (e->user && (p->needs & PROTOCOL_NEEDS_COMMAND) == 0)
		conf_error(errs, &e->src,
			   "verify %s: user is for protocol \"%s\"", e->address,
			   protocol_needing(PROTOCOL_NEEDS_COMMAND)->name);
	if ((p->needs & PROTOCOL_NEEDS_NAME) != 0 && !e->server_name)
		conf_error(errs, &e->src,
			   "verify %s: protocol \"%s\" needs server_name",
			   e->address, p->name);
	if (strcmp(e->proxy_protocol, "no") != 0 && !protocol_takes_proxy(p))
		conf_error(errs, &e->src,
			   "verify %s: proxy_protocol is for TCP, not for "
			   "protocol \"%s\"",
			   e->address, p->name);
}

/* The setting NAME is a command, if it is there. */
static void check_command(const struct conf_src *src, const char *name,
			  const struct conf_strings *command,
			  struct conf_errors *errs)
{
	struct err err = ERR_INIT;

	if (command->n > 0 && child_check_words(command->v, &err) == -1)
		conf_error(errs, src, "%s: %s", name, err.msg);
}

static void check_endpoint(const struct installer_endpoint *e,
			   struct conf_errors *errs)
{
	const char *name = e->server_name;

	check_protocol(e, errs);
	check_command(&e->src, "command", &e->command, errs);
	if (!printable(e->address))
		conf_error(errs, &e->src, "address: %s has control characters",
			   e->address);
	if (name && (*name == '*' || !x509_dns_name_ok(name, true)))
		conf_error(errs, &e->src,
			   "server_name: %s is not a DNS name in lower case",
			   name);
	if (!name && strcmp(e->sni, "both") == 0)
		conf_error(errs, &e->src,
			   "verify %s: sni = \"both\" needs server_name",
			   e->address);
	if (strlen(e->identity) > 253 || !printable(e->identity))
		conf_error(errs, &e->src,
			   "identity: at most 253 characters, no control "
			   "characters");
}

static void check_service(const struct installer_service *s,
			  struct conf_errors *errs)
{
	if (!service_name_ok(s->name))
		conf_error(errs, &s->src,
			   "service \"%s\": use letters, digits, '.', '_' and "
			   "'-' in its name",
			   s->name);
	if (s->certificates.n == 0)
		conf_error(errs, &s->src, "service %s has no certificates",
			   s->name);
	for (size_t i = 0; i < s->link_targets.n; i++)
		check_path(&s->src, "link_targets", s->link_targets.v[i], errs);
	for (size_t i = 0; i < s->verify.n; i++)
		check_endpoint(s->verify.v[i], errs);
	for (size_t i = 0; i < s->certificates.n; i++) {
		const struct installer_cert *c = s->certificates.v[i];

		check_cert(c, errs);
		for (size_t k = 0; k < i; k++) {
			const struct installer_cert *o = s->certificates.v[k];

			if (strcmp(o->name, c->name) == 0 &&
			    strcmp(o->dir, c->dir) == 0)
				conf_error(errs, &c->src,
					   "certificate %s is there twice with "
					   "the same dir",
					   c->name);
		}
	}
}

/* What is set for the host is so for each certificate that says nothing. */
static void spread_key_age(struct installer_conf *c)
{
	for (size_t i = 0; i < c->services.n; i++) {
		const struct installer_service *s = c->services.v[i];

		for (size_t k = 0; k < s->certificates.n; k++) {
			struct installer_cert *one = s->certificates.v[k];

			if (one->key && !is_given(one, "max_key_age"))
				one->max_key_age = c->max_key_age;
		}
	}
}

static int check(struct installer_conf *c, struct arena *arena,
		 struct conf_errors *errs)
{
	size_t before = errs->list.n, names = 0;
	char host[256] = "";

	store_conf_check(c->store, errs);
	if (c->receipts)
		store_conf_check(c->receipts, errs);
	notify_conf_check(c->notify, errs);
	check_path(&c->src, "state_dir", c->state_dir, errs);
	if (c->services.n == 0)
		conf_error(errs, &c->src, "services is empty");
	for (size_t i = 0; i < c->services.n; i++) {
		const struct installer_service *s = c->services.v[i];

		check_service(s, errs);
		names += s->certificates.n;
		for (size_t k = 0; k < i; k++) {
			const struct installer_service *o = c->services.v[k];

			if (strcmp(o->name, s->name) == 0)
				conf_error(errs, &s->src,
					   "service %s is there twice",
					   s->name);
		}
	}
	if (names > STORE_HOST_NAMES_MAX)
		conf_error(errs, &c->src,
			   "%zu certificates are more than the %d one host may "
			   "have",
			   names, STORE_HOST_NAMES_MAX);
	if (!c->host) {
		if (gethostname(host, sizeof(host) - 1) == -1 || *host == '\0')
			conf_error(errs, &c->src,
				   "this host has no name, set host");
		c->host = arena_strdup(arena, host);
	}
	if (strlen(c->host) > 255 || !printable(c->host))
		conf_error(errs, &c->src, "host: not a name");
	check_key_age(&c->src, c->max_key_age, errs);
	spread_key_age(c);
	return errs->list.n == before ? 0 : -1;
}

int installer_conf_load(const char *path, struct arena *arena,
			struct installer_conf *ret, struct conf_errors *errs)
{
	struct err err = ERR_INIT;

	if (conf_missing(path, "installer.conf(5)", errs))
		return -1;
	if (profile_check_owner(path, &err) == -1) {
		conf_error(errs, NULL, "%s", err.msg);
		errs->unread = true;
		return -1;
	}
	if (conf_load(path, &installer_conf_schema, arena, ret, errs) == -1)
		return -1;
	return check(ret, arena, errs);
}

int installer_conf_load_string(const char *name, const char *text,
			       struct arena *arena, struct installer_conf *ret,
			       struct conf_errors *errs)
{
	if (conf_load_string(name, text, &installer_conf_schema, arena, ret,
			     errs) == -1)
		return -1;
	return check(ret, arena, errs);
}
