/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include "ca_preset.h"
#include "certrepo_conf.h"
#include "paths.h"
#include "store.h"
#include "words.h"
#include "x509.h"

#define SET(struct_, field_, type_, help_, ...)                            \
	{                                                                  \
		.name = #field_, .type = type_,                            \
		.offset = offsetof(struct struct_, field_), .help = help_, \
		__VA_ARGS__                                                \
	}

static const char *const key_types[] = { "ES256", "RS256", NULL };

static const char *const discover_modes[] = { "try", "force", NULL };

static const char *const eab_algs[] = { "HS256", "HS384", "HS512", NULL };

static const char *const client_auths[] = { "issued", "left-out", "refused",
					    NULL };

static const char *const http_versions[] = { "2", "1.1", NULL };

/* Whose the account is, which no preset says. */
#define CA_OURS 9

static const struct conf_setting ca_settings[] = {
	SET(certrepo_ca, name, CONF_STRING, "name of the CA, for us"),
	SET(certrepo_ca, preset, CONF_STRING,
	    "name of a file that says what is not said here"),
	SET(certrepo_ca, account_key, CONF_PATH,
	    "PEM file of the account key, made on first use"),
	SET(certrepo_ca, contact, CONF_STRINGS, "URLs the CA may write to"),
	SET(certrepo_ca, agree_tos, CONF_BOOL,
	    "whether the CA's terms of service are agreed to"),
	SET(certrepo_ca, eab_kid, CONF_STRING,
	    "key identifier of the customer's account at the CA"),
	SET(certrepo_ca, eab_key_file, CONF_PATH,
	    "file with the key that goes with eab_kid"),
	SET(certrepo_ca, staging_eab_kid, CONF_STRING,
	    "key identifier of the customer's account at staging"),
	SET(certrepo_ca, staging_eab_key_file, CONF_PATH,
	    "file with the key that goes with staging_eab_kid"),
	/* A preset's begin here: CA_OURS. */
	SET(certrepo_ca, directory, CONF_STRING,
	    "https URL of the ACME directory"),
	SET(certrepo_ca, staging, CONF_STRING,
	    "https URL of a directory to try things at"),
	SET(certrepo_ca, account_key_type, CONF_ENUM,
	    "kind of account key to make", .def = "ES256",
	    .choices = key_types),
	SET(certrepo_ca, contact_required, CONF_BOOL,
	    "whether it opens no account without a contact"),
	SET(certrepo_ca, eab_required, CONF_BOOL,
	    "whether it opens no account without eab_kid"),
	SET(certrepo_ca, eab_alg, CONF_ENUM,
	    "how the key of eab_kid signs the new account", .def = "HS256",
	    .choices = eab_algs),
	SET(certrepo_ca, web, CONF_STRING,
	    "page where an account, or its eab_kid, comes from"),
	SET(certrepo_ca, ca_file, CONF_PATH,
	    "PEM file, trust anchors for this CA's HTTPS"),
	SET(certrepo_ca, requests_per_second, CONF_INT,
	    "requests to this CA per second", .def = "100", .min = 1,
	    .max = 10000),
	SET(certrepo_ca, polls_per_second, CONF_INT,
	    "questions for renewal information per second", .def = "500",
	    .min = 1, .max = 10000),
	SET(certrepo_ca, nonce_pool, CONF_INT, "nonces kept for later requests",
	    .def = "1024", .min = 0, .max = 1024),
	SET(certrepo_ca, http_version, CONF_ENUM,
	    "highest version of HTTP to speak", .def = "2",
	    .choices = http_versions),
	SET(certrepo_ca, max_names, CONF_INT, "names in a certificate",
	    .def = "100", .min = 1, .max = X509_NAMES_MAX),
	SET(certrepo_ca, keys, CONF_STRINGS,
	    "kinds of keys that it takes, rsa or ec"),
	SET(certrepo_ca, client_auth, CONF_ENUM,
	    "what it makes of a CSR that asks for clientAuth", .def = "issued",
	    .choices = client_auths),
	SET(certrepo_ca, allow_ip, CONF_BOOL,
	    "whether IP addresses may be enrolled"),
	SET(certrepo_ca, any_key, CONF_BOOL,
	    "whether keys that public CAs refuse may be enrolled"),
	SET(certrepo_ca, allow_single, CONF_BOOL,
	    "whether names without a dot may be enrolled"),
	SET(certrepo_ca, caa, CONF_STRINGS,
	    "its issuer domains in CAA records"),
	SET(certrepo_ca, ca_profile, CONF_STRING,
	    "profile to order by, of those that the CA offers"),
	SET(certrepo_ca, preferred_chain, CONF_STRING,
	    "issuer, or SHA-256, of the topmost certificate to ask for"),
	SET(certrepo_ca, discover, CONF_STRINGS,
	    "domains below which the CA's directory is looked for"),
	SET(certrepo_ca, mode, CONF_ENUM, "what to do when it is not found",
	    .def = "try", .choices = discover_modes),
	SET(certrepo_ca, discover_allow, CONF_STRINGS,
	    "other domains that its servers may be in"),
	{ .name = NULL },
};
_Static_assert(ARRAY_LEN(ca_settings) <= CONF_GIVEN_MAX, "a bit for each");

const struct conf_schema certrepo_ca_schema = {
	.settings = ca_settings,
	.size = sizeof(struct certrepo_ca),
	.given = offsetof(struct certrepo_ca, given),
};

const struct conf_schema certrepo_preset_schema = {
	.settings = ca_settings + CA_OURS,
	.size = sizeof(struct certrepo_ca),
	.given = offsetof(struct certrepo_ca, given),
	.elsewhere = ca_settings,
	.elsewhere_says = "belongs into the group of the CA in certrepo.conf, "
			  "not into a preset",
};

static const struct conf_setting settings[] = {
	SET(certrepo_conf, store, CONF_GROUP, "the database",
	    .flags = CONF_REQUIRED, .sub = &store_conf_schema),
	SET(certrepo_conf, csr_dir, CONF_PATH, "folder of the CSRs to enrol",
	    .def = CERTREPO_CONF_DIR "/csr"),
	SET(certrepo_conf, state_dir, CONF_PATH,
	    "folder of this instance's lock and id", .def = CERTREPO_STATE_DIR),
	SET(certrepo_conf, default_ca, CONF_STRING,
	    "name of the CA for names enrolled without one"),
	SET(certrepo_conf, ca, CONF_GROUPS, "the CAs", .flags = CONF_REQUIRED,
	    .sub = &certrepo_ca_schema),
	SET(certrepo_conf, preset_dir, CONF_PATH, "presets of this site",
	    .def = CERTREPO_CONF_DIR "/cas"),
	SET(certrepo_conf, shipped_preset_dir, CONF_PATH,
	    "presets that came with the programs",
	    .def = CERTREPO_DATA_DIR "/cas"),
	PROOF_CONF_SETTINGS(offsetof(struct certrepo_conf, proof)),
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
	SET(certrepo_conf, deliver_within, CONF_DURATION,
	    "how soon hosts serve a new certificate; 0: an eighth of its life, "
	    "26 h at most",
	    .def = "0", .min = 0, .max = 90 * 86400),
	SET(certrepo_conf, rules, CONF_GROUPS,
	    "which requests of hosts need no person", .sub = &rules_schema),
	{ .name = NULL },
};

const struct conf_schema certrepo_conf_schema = {
	.settings = settings,
	.size = sizeof(struct certrepo_conf),
	.elsewhere = ca_settings,
	.elsewhere_says = "belongs into a group of the list `ca'",
};

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

/* One of a configuration or a preset, URL may be NULL. */
static void check_url(const struct certrepo_ca *ca, const char *setting,
		      const char *url, struct conf_errors *errs)
{
	if (url && !is_https(url))
		conf_error(errs, &ca->src,
			   "setting `%s': \"%.200s\" must be a URL that begins "
			   "with https://",
			   setting, url);
}

static void check_pair(const struct certrepo_ca *ca, const char *kid,
		       const char *kid_name, const char *file,
		       const char *file_name, struct conf_errors *errs)
{
	if (!kid != !file)
		conf_error(errs, &ca->src,
			   "setting `%s': is missing, the CA gives it together "
			   "with `%s'",
			   kid ? file_name : kid_name,
			   kid ? kid_name : file_name);
}

static void check_kid(const struct certrepo_ca *ca, const char *setting,
		      const char *kid, struct conf_errors *errs)
{
	const char *p = kid;

	for (; p && *p > ' ' && *p <= '~'; p++)
		;
	if (p && (*p || p == kid || p - kid > STORE_EAB_KID_MAX))
		conf_error(errs, &ca->src,
			   "setting `%s': \"%.100s\" must be 1 to %d "
			   "printable characters without blanks",
			   setting, kid, STORE_EAB_KID_MAX);
}

/* RFC 8555 section 7.3: a mailto URL has one address, and nothing behind it. */
static void check_contact(const struct certrepo_ca *ca, const char *url,
			  struct conf_errors *errs)
{
	static const char mailto[] = "mailto:";
	bool mail = strncasecmp(url, mailto, strlen(mailto)) == 0;
	const char *at = url + (mail ? strlen(mailto) : 0);

	if (!strchr(url, ':') || !*at)
		conf_error(errs, &ca->src,
			   "setting `contact': \"%.100s\" must be a URL such "
			   "as mailto:hostmaster@example.org",
			   url);
	else if (strpbrk(url, " \t\r\n") || (mail && strchr(at, ',')))
		conf_error(errs, &ca->src,
			   "setting `contact': \"%.100s\" must be one address "
			   "each: [\"%.*s\", \"mailto:...\"]",
			   url, (int) strcspn(url, ", \t\r\n"), url);
	else if (mail && strchr(at, '?'))
		conf_error(errs, &ca->src,
			   "setting `contact': \"%.100s\" must be the address "
			   "alone: \"%.*s\"",
			   url, (int) strcspn(url, "?"), url);
}

void certrepo_conf_check_ca(const struct certrepo_ca *ca,
			    struct conf_errors *errs)
{
	size_t i;

	check_url(ca, "directory", ca->directory, errs);
	check_url(ca, "staging", ca->staging, errs);
	check_url(ca, "web", ca->web, errs);
	for (i = 0; i < ca->contact.n; i++)
		check_contact(ca, ca->contact.v[i], errs);
	for (i = 0; i < ca->keys.n; i++)
		if (strcmp(ca->keys.v[i], "rsa") != 0 &&
		    strcmp(ca->keys.v[i], "ec") != 0)
			conf_error(errs, &ca->src,
				   "setting `keys': \"%.60s\" is unknown, "
				   "accepted are \"rsa\", \"ec\"",
				   ca->keys.v[i]);
	check_kid(ca, "eab_kid", ca->eab_kid, errs);
	check_kid(ca, "staging_eab_kid", ca->staging_eab_kid, errs);
	check_pair(ca, ca->eab_kid, "eab_kid", ca->eab_key_file, "eab_key_file",
		   errs);
	check_pair(ca, ca->staging_eab_kid, "staging_eab_kid",
		   ca->staging_eab_key_file, "staging_eab_key_file", errs);
}

static void check_name(const struct certrepo_ca *ca, struct conf_errors *errs)
{
	const char *p;

	for (p = ca->name; *p; p++)
		if (!isalnum((unsigned char) *p) && !strchr("-_.", *p))
			break;
	if (*p || strlen(ca->name) > 64)
		conf_error(errs, &ca->src,
			   "setting `name': \"%.100s\" must be at most 64 "
			   "letters, digits, '-', '_' and '.'",
			   ca->name);
}

static void check_domains(const struct certrepo_ca *ca, const char *name,
			  const struct conf_strings *list,
			  struct conf_errors *errs)
{
	for (size_t i = 0; i < list->n; i++)
		if (!proof_conf_is_domain(list->v[i]))
			conf_error(errs, &ca->src,
				   "setting `%s': \"%.100s\" is not a DNS name",
				   name, list->v[i]);
}

/* An explicit directory means that none is looked for. */
static void check_discover(const struct certrepo_ca *ca,
			   struct conf_errors *errs)
{
	check_domains(ca, "discover", &ca->discover, errs);
	check_domains(ca, "discover_allow", &ca->discover_allow, errs);
	if (ca->directory && *ca->directory && ca->discover.n > 0)
		conf_error(errs, &ca->src,
			   "setting `discover': its directory is given%s, so "
			   "there is nothing to look for: leave one of both "
			   "out",
			   ca->preset ? ", here or by the preset" : "");
	if (ca->discover_allow.n > 0 && ca->discover.n == 0)
		conf_error(errs, &ca->src,
			   "setting `discover_allow': is of no use without "
			   "`discover'");
}

/* What it must have, by itself or of its preset. */
static void check_whole(const struct certrepo_ca *ca, struct conf_errors *errs)
{
	if (!ca->directory && ca->discover.n == 0)
		conf_error(errs, &ca->src,
			   "setting `directory': is missing and has no "
			   "default%s",
			   ca->preset ? ", not in the preset either: it is for "
					"a CA of your own, name the https URL "
					"of its directory"
				      : "");
	check_domains(ca, "caa", &ca->caa, errs);
	if (ca->contact_required && ca->contact.n == 0)
		conf_error(errs, &ca->src,
			   "setting `contact': is missing, and CA %s opens no "
			   "account, or issues nothing, without one: name an "
			   "address as in [\"mailto:hostmaster@example.org\"]",
			   ca->name);
}

static void check_ca(const struct certrepo_ca *ca, struct conf_errors *errs)
{
	check_name(ca, errs);
	certrepo_conf_check_ca(ca, errs);
	check_discover(ca, errs);
	check_whole(ca, errs);
}

/* Names and keys that are not said; -1: there is one that has no name. */
static int name_cas(struct certrepo_conf *conf, struct arena *arena,
		    struct conf_errors *errs)
{
	size_t i, before = errs->list.n;

	for (i = 0; i < conf->ca.n; i++) {
		struct certrepo_ca *ca = conf->ca.v[i];

		if (!ca->name)
			ca->name = ca->preset;
		if (!ca->name)
			conf_error(errs, &ca->src,
				   "setting `name': is missing and has no "
				   "default without `preset'");
		if (ca->name && !ca->account_key)
			ca->account_key =
				certrepo_conf_key(conf, ca->name, arena);
	}
	return errs->list.n > before ? -1 : 0;
}

/* The host and port of an https URL. */
static size_t origin(const char *url)
{
	size_t scheme = strlen("https://");

	return scheme + strcspn(url + scheme, "/?#");
}

/* Would the second find the account of the first, which is bound already? */
static bool shares_account(const struct certrepo_ca *a,
			   const struct certrepo_ca *b)
{
	return a->eab_kid && b->eab_kid && strcmp(a->eab_kid, b->eab_kid) &&
	       strcmp(a->account_key, b->account_key) == 0 && a->directory &&
	       b->directory && is_https(a->directory) &&
	       is_https(b->directory) &&
	       origin(a->directory) == origin(b->directory) &&
	       strncasecmp(a->directory, b->directory, origin(a->directory)) ==
		       0;
}

static void check_cas(const struct certrepo_conf *conf,
		      struct conf_errors *errs)
{
	const struct certrepo_ca *ca, *other;
	size_t i, j;

	if (conf->ca.n == 0)
		conf_error(errs, &conf->src,
			   "setting `ca': is empty, describe at least one CA");
	if (conf->ca.n > STORE_CAS_MAX) {
		ca = conf->ca.v[STORE_CAS_MAX];
		conf_error(errs, &ca->src,
			   "setting `ca': describes %zu CAs, at most %d can be "
			   "looked after",
			   conf->ca.n, STORE_CAS_MAX);
		return;
	}
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
			if (shares_account(ca, other))
				conf_error(errs, &ca->src,
					   "setting `account_key': %s is that "
					   "of \"%s\" as well, whose eab_kid "
					   "is another: an account is bound to "
					   "one, name another file",
					   ca->account_key, other->name);
		}
	}
	if (conf->default_ca && !certrepo_conf_ca(conf, conf->default_ca))
		conf_error(errs, &conf->src,
			   "setting `default_ca': there is no CA \"%s\" in "
			   "the list `ca'",
			   conf->default_ca);
}

static void not_found_yet(const struct conf_groups *cas)
{
	for (size_t i = 0; i < cas->n; i++) {
		struct certrepo_ca *ca = cas->v[i];

		if (!ca->directory)
			ca->directory = "";
	}
}

int certrepo_conf_load(const char *path, struct arena *arena,
		       struct certrepo_conf *ret, struct conf_errors *errs)
{
	struct certrepo_conf conf;
	size_t before = errs->list.n;

	if (conf_missing(path, "certrepo.conf(5)", errs))
		return -1;
	if (conf_load(path, &certrepo_conf_schema, arena, &conf, errs) == -1) {
		if (errs->filled)
			*ret = conf;
		return -1;
	}
	*ret = conf;
	store_conf_check(conf.store, errs);
	if (name_cas(&conf, arena, errs) == 0 &&
	    ca_preset_apply(&conf, arena, errs) == 0) {
		check_cas(&conf, errs);
		rules_check(&conf, errs);
		not_found_yet(&conf.ca);
	}
	proof_conf_check(&conf.proof, &conf.src, arena, errs);
	notify_conf_check(conf.notify, errs);
	if (errs->list.n > before)
		return -1;
	if (!conf.default_ca) {
		const struct certrepo_ca *first = conf.ca.v[0];

		ret->default_ca = first->name;
	}
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

const char *certrepo_conf_keys(const struct certrepo_conf *conf,
			       struct arena *a)
{
	return arena_printf(a, "%s/accounts", conf->state_dir);
}

const char *certrepo_conf_key(const struct certrepo_conf *conf,
			      const char *name, struct arena *a)
{
	return arena_printf(a, "%s/%s.pem", certrepo_conf_keys(conf, a), name);
}

bool certrepo_conf_ca_is(const struct certrepo_ca *ca, const char *directory)
{
	return !*ca->directory || strcmp(ca->directory, directory) == 0;
}

const char *certrepo_conf_hint(const char *config, struct arena *a)
{
	const char *const argv[] = { config, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	if (strcmp(config, CERTREPO_CONF_PATH) == 0)
		return "";
	return arena_printf(a, " -c %s", word);
}

void certrepo_conf_tell(const char *config, struct err *err)
{
	static const char ours[] = "run certrepo-populate ";
	AUTO(arena_free) struct arena *a = arena_new();
	const char *was = arena_strdup(a, err->msg);
	const char *hint = certrepo_conf_hint(config, a);
	const char *at = strstr(was, ours);

	if (!at || !*hint || strncmp(at + strlen(ours), "-c ", 3) == 0)
		return;
	(void) err_set(err, err->kind, "%.*srun certrepo-populate%s %s",
		       (int) (at - was), was, hint, at + strlen(ours));
}
