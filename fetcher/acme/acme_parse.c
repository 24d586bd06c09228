/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <ctype.h>
#include <jansson.h>
#include "acme.h"
#include "acme_parse.h"
#include "acme_problem.h"
#include "plain.h"

#define LINE_MAX_CHARS 200 /* of what is said of a profile */

static void doc_free(json_t **doc)
{
	json_decref(*doc);
	*doc = NULL;
}

bool acme_parse_url_ok(const char *url)
{
	size_t n = strlen(url);

	if (n >= ACME_URL_MAX || strncmp(url, "https://", 8) != 0 || !url[8])
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char) url[i] <= 0x20 ||
		    (unsigned char) url[i] > 0x7e)
			return false;
	return true;
}

static int doc_load(const void *json, size_t len, const char *what,
		    json_t **ret, struct err *err)
{
	char said[PLAIN_QUOTED];
	json_error_t je;
	json_t *doc;

	if (len > ACME_BODY_MAX)
		return err_set(err, ERR_INPUT, "the %s is too large", what);
	doc = json_loadb(json, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(doc)) {
		json_decref(doc);
		return err_set(err, ERR_INPUT,
			       "the %s is not a JSON object%s%s", what,
			       doc ? "" : ": ",
			       doc ? "" : plain_quoted(je.text, said));
	}
	*ret = doc;
	return 0;
}

/* A URL member; NULL when it is none we could use. */
static const char *url_or_null(const json_t *obj, const char *key,
			       struct arena *arena)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s && acme_parse_url_ok(s) ? arena_strdup(arena, s) : NULL;
}

/* A URL member that the next step needs. */
static int get_url(const json_t *obj, const char *what, const char *key,
		   struct arena *arena, const char **ret, struct err *err)
{
	const char *s = json_string_value(json_object_get(obj, key));
	char said[PLAIN_QUOTED];

	if (!s)
		return err_set(err, ERR_INPUT, "the %s has no \"%s\"", what,
			       key);
	if (!acme_parse_url_ok(s))
		return err_set(err, ERR_INPUT,
			       "the %s has a \"%s\" that is not an https URL: "
			       "%s",
			       what, key, plain_quoted(s, said));
	*ret = arena_strdup(arena, s);
	return 0;
}

static int get_status(const json_t *obj, const char *what,
		      enum acme_status *ret, struct err *err)
{
	static const char *const names[] = {
		[ACME_PENDING] = "pending",
		[ACME_READY] = "ready",
		[ACME_PROCESSING] = "processing",
		[ACME_VALID] = "valid",
		[ACME_INVALID] = "invalid",
		[ACME_DEACTIVATED] = "deactivated",
		[ACME_EXPIRED] = "expired",
		[ACME_REVOKED] = "revoked",
	};
	const char *s = json_string_value(json_object_get(obj, "status"));
	char said[PLAIN_QUOTED];

	for (size_t i = 0; s && i < ARRAY_LEN(names); i++)
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum acme_status) i;
			return 0;
		}
	return err_set(err, ERR_INPUT, "the %s has the unknown status %s", what,
		       plain_quoted(s ? s : "", said));
}

static void get_error(const json_t *obj, enum acme_step step, struct fail *ret)
{
	const json_t *e = json_object_get(obj, "error");

	if (e && !json_is_null(e))
		acme_problem_of_json(step, e, ret);
}

/* --- directory and account --- */

/* What goes into a line of its own, and before people: no control
 * characters, no other alphabet. The caller's arena. */
static const char *line_of(struct arena *arena, const char *s)
{
	char *copy = arena_strndup(arena, s, LINE_MAX_CHARS);

	for (char *p = copy; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return copy;
}

static bool is_word(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (s[n] <= ' ' || s[n] > '~')
			return false;
	return n > 0 && n <= max;
}

static void get_profiles(const json_t *meta, struct arena *arena,
			 struct acme_offer *o)
{
	json_t *all = json_object_get(meta, "profiles"), *text;
	const char *name;

	o->profiles =
		arena_array(arena, ACME_PROFILES_MAX, sizeof(*o->profiles));
	json_object_foreach(all, name, text)
	{
		const char *said = json_string_value(text);

		if (o->n_profiles == ACME_PROFILES_MAX)
			break;
		if (!is_word(name, ACME_PROFILE_MAX))
			continue;
		o->profiles[o->n_profiles++] = (struct acme_profile){
			.name = arena_strdup(arena, name),
			.text = line_of(arena, said ? said : ""),
		};
	}
}

static bool is_domain(const char *s)
{
	return is_word(s, 253) && strspn(s, "abcdefghijklmnopqrstuvwxyz"
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789-._") == strlen(s);
}

static void get_caa(const json_t *meta, struct arena *arena,
		    struct acme_offer *o)
{
	const json_t *list = json_object_get(meta, "caaIdentities");
	size_t i, n = json_array_size(list);

	o->caa = arena_array(arena, ACME_CAA_MAX, sizeof(*o->caa));
	for (i = 0; i < n && o->n_caa < ACME_CAA_MAX; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		char *copy;

		if (!s || !is_domain(s))
			continue;
		copy = arena_strdup(arena, s);
		for (char *p = copy; *p; p++)
			*p = (char) tolower((unsigned char) *p);
		o->caa[o->n_caa++] = copy;
	}
}

int acme_parse_directory(const void *json, size_t len, struct arena *arena,
			 struct acme_directory *ret, struct err *err)
{
	AUTO(doc_free) json_t *doc = NULL;
	struct acme_directory d = { 0 };
	const json_t *meta;

	if (doc_load(json, len, "directory", &doc, err) == -1 ||
	    get_url(doc, "directory", "newNonce", arena, &d.new_nonce, err) ==
		    -1 ||
	    get_url(doc, "directory", "newAccount", arena, &d.new_account,
		    err) == -1 ||
	    get_url(doc, "directory", "newOrder", arena, &d.new_order, err) ==
		    -1)
		return -1;
	meta = json_object_get(doc, "meta");
	d.key_change = url_or_null(doc, "keyChange", arena);
	d.offer.renewal_info = url_or_null(doc, "renewalInfo", arena);
	/* RFC 9773 section 4.1: a path below it, and no part of a query. */
	if (d.offer.renewal_info && strpbrk(d.offer.renewal_info, "?#"))
		d.offer.renewal_info = NULL;
	d.offer.terms = arena_strdup(arena, json_string_value(json_object_get(
						    meta, "termsOfService")));
	d.offer.eab_required =
		json_is_true(json_object_get(meta, "externalAccountRequired"));
	get_profiles(meta, arena, &d.offer);
	get_caa(meta, arena, &d.offer);
	*ret = d;
	return 0;
}

int acme_parse_account(const void *json, size_t len, struct arena *arena,
		       struct acme_account_info *ret, struct err *err)
{
	AUTO(doc_free) json_t *doc = NULL;
	struct acme_account_info info = { 0 };
	const json_t *list;
	const char *s;

	if (doc_load(json, len, "account", &doc, err) == -1)
		return -1;
	s = json_string_value(json_object_get(doc, "status"));
	info.status = s ? arena_strndup(arena, line_of(arena, s), 40) : NULL;
	info.bound =
		json_is_object(json_object_get(doc, "externalAccountBinding"));
	list = json_object_get(doc, "contact");
	info.contact =
		arena_array(arena, ACME_CONTACTS_MAX, sizeof(*info.contact));
	for (size_t i = 0; i < json_array_size(list); i++) {
		s = json_string_value(json_array_get(list, i));
		if (s && info.n_contact < ACME_CONTACTS_MAX)
			info.contact[info.n_contact++] = line_of(arena, s);
	}
	*ret = info;
	return 0;
}

/* --- order --- */

static int get_authorizations(const json_t *doc, struct arena *arena,
			      struct acme_order *o, struct err *err)
{
	const json_t *list = json_object_get(doc, "authorizations");
	size_t n = json_array_size(list);
	char said[PLAIN_QUOTED];
	const char **v;

	if (!json_is_array(list) || n == 0 || n > ACME_AUTHZ_MAX)
		return err_set(
			err, ERR_INPUT,
			"the order has %zu authorizations, expected 1 to "
			"%d",
			n, ACME_AUTHZ_MAX);
	v = arena_array(arena, n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || !acme_parse_url_ok(s))
			return err_set(err, ERR_INPUT,
				       "the order has an authorization that is "
				       "not an https URL: %s",
				       plain_quoted(s ? s : "", said));
		v[i] = arena_strdup(arena, s);
	}
	o->authorizations = v;
	o->n_authorizations = n;
	return 0;
}

/* RFC 3339; 0 when there is none, or it cannot be read. */
static int64_t get_time(const json_t *doc, const char *key)
{
	const char *s = json_string_value(json_object_get(doc, key));
	struct tm tm = { 0 };
	int hours = 0, minutes = 0;
	char sign = '+';

	s = s ? strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!s)
		return 0;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	if (*s != 'Z' && *s != 'z' &&
	    sscanf(s, "%c%2d:%2d", &sign, &hours, &minutes) != 3)
		return 0;
	minutes += 60 * hours;
	return timegm(&tm) - 60 * (sign == '-' ? -minutes : minutes);
}

int acme_parse_order(const void *json, size_t len, struct arena *arena,
		     struct acme_order *ret, struct err *err)
{
	AUTO(doc_free) json_t *doc = NULL;
	struct acme_order o = { 0 };
	const char *profile;

	if (doc_load(json, len, "order", &doc, err) == -1 ||
	    get_status(doc, "order", &o.status, err) == -1)
		return -1;
	switch (o.status) {
	case ACME_PENDING:
		if (get_authorizations(doc, arena, &o, err) == -1)
			return -1;
		o.finalize = url_or_null(doc, "finalize", arena);
		break;
	case ACME_READY:
		if (get_url(doc, "order", "finalize", arena, &o.finalize,
			    err) == -1)
			return -1;
		break;
	case ACME_VALID:
		o.certificate = url_or_null(doc, "certificate", arena);
		break;
	default:
		break;
	}
	profile = json_string_value(json_object_get(doc, "profile"));
	if (profile && is_word(profile, ACME_PROFILE_MAX))
		o.profile = arena_strdup(arena, profile);
	o.expires = get_time(doc, "expires");
	get_error(doc, ACME_STEP_FINALIZE, &o.error);
	*ret = o;
	return 0;
}

/* --- authorization --- */

static int get_identifier(const json_t *doc, struct arena *arena,
			  struct acme_authz *a, struct err *err)
{
	const json_t *id = json_object_get(doc, "identifier");
	const char *type = json_string_value(json_object_get(id, "type"));
	const char *value = json_string_value(json_object_get(id, "value"));
	char what[PLAIN_QUOTED], said[PLAIN_QUOTED];
	unsigned char addr[16];
	char *lower;

	if (!type || !value || strlen(value) >= X509_NAME_TEXT)
		return err_set(err, ERR_INPUT,
			       "the authorization has no identifier");
	lower = arena_strdup(arena, value);
	for (char *p = lower; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	/* It should come without; some servers leave it in. */
	if (strncmp(lower, "*.", 2) == 0) {
		a->wildcard = true;
		lower += 2;
	}
	if (strcmp(type, "dns") == 0 && x509_dns_name_ok(lower, true)) {
		a->id_type = X509_ID_DNS;
		a->identifier = lower;
		return 0;
	}
	if (strcmp(type, "ip") == 0 &&
	    (inet_pton(AF_INET, lower, addr) == 1 ||
	     inet_pton(AF_INET6, lower, addr) == 1)) {
		a->id_type = X509_ID_IP;
		a->identifier = lower;
		return 0;
	}
	return err_set(
		err, ERR_INPUT,
		"the authorization is for %s %s, not for a DNS name or address",
		plain_quoted(type, what), plain_quoted(value, said));
}

/* Still to be proved: only then its challenges are to be answered. */
static bool is_open(enum acme_status status)
{
	return status == ACME_PENDING || status == ACME_PROCESSING;
}

/* False: nobody could make use of this one. */
static bool get_challenge(const json_t *obj, bool open, struct arena *arena,
			  struct acme_challenge *ret)
{
	const char *type = json_string_value(json_object_get(obj, "type"));
	struct acme_challenge c = { .status = ACME_INVALID };
	struct err ignored = ERR_INIT;

	if (!type)
		return false;
	c.url = url_or_null(obj, "url", arena);
	if (get_status(obj, "challenge", &c.status, &ignored) == -1 && open)
		return false;
	if (!c.url && open)
		return false;
	c.type = arena_strdup(arena, type);
	c.token = arena_strdup(
		arena, json_string_value(json_object_get(obj, "token")));
	get_error(obj, ACME_STEP_PROOF, &c.error);
	*ret = c;
	return true;
}

static void get_challenges(const json_t *doc, struct arena *arena,
			   struct acme_authz *a)
{
	const json_t *list = json_object_get(doc, "challenges");
	size_t n = json_array_size(list); /* 0 of what is no array */

	a->challenges =
		arena_array(arena, ACME_CHALLENGE_MAX, sizeof(*a->challenges));
	for (size_t i = 0; i < n && a->n_challenges < ACME_CHALLENGE_MAX; i++)
		if (get_challenge(json_array_get(list, i), is_open(a->status),
				  arena, &a->challenges[a->n_challenges]))
			a->n_challenges++;
}

int acme_parse_authz(const void *json, size_t len, struct arena *arena,
		     struct acme_authz *ret, struct err *err)
{
	AUTO(doc_free) json_t *doc = NULL;
	struct acme_authz a = { 0 };

	if (doc_load(json, len, "authorization", &doc, err) == -1 ||
	    get_status(doc, "authorization", &a.status, err) == -1)
		return -1;
	if (get_identifier(doc, arena, &a, err) == -1) {
		if (is_open(a.status))
			return -1;
		err_clear(err);
	}
	if (a.status != ACME_VALID)
		get_challenges(doc, arena, &a);
	if (json_is_true(json_object_get(doc, "wildcard")))
		a.wildcard = true;
	*ret = a;
	return 0;
}
