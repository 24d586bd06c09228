/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <curl/curl.h>
#include "acme_problem.h"
#include "acme.h"
#include "clock.h"
#include "num.h"
#include "plain.h"
#include "sbuf.h"

#define URN_ACME "urn:ietf:params:acme:error:"
/* Of a CA's sentence this much goes into ours. */
#define DETAIL_MAX 400

/* RFC 8555 section 6.7, RFC 9773, draft-ietf-acme-profiles. */
static const struct {
	const char *type;
	enum fail_class class;
} types[] = {
	{ "accountDoesNotExist", FAIL_ACCOUNT },
	{ "alreadyReplaced", FAIL_INTERNAL },
	{ "badCSR", FAIL_BAD_CSR },
	{ "badNonce", FAIL_CA_DOWN },
	{ "badPublicKey", FAIL_BAD_CSR },
	{ "badSignatureAlgorithm", FAIL_ACCOUNT },
	{ "caa", FAIL_CAA },
	{ "connection", FAIL_CONNECTION },
	{ "dns", FAIL_DNS },
	{ "externalAccountRequired", FAIL_ACCOUNT },
	{ "incorrectResponse", FAIL_UNAUTHORIZED },
	{ "invalidContact", FAIL_ACCOUNT },
	{ "invalidProfile", FAIL_REJECTED },
	{ "malformed", FAIL_INTERNAL },
	{ "orderNotReady", FAIL_INTERNAL },
	{ "rateLimited", FAIL_RATE_LIMITED },
	{ "rejectedIdentifier", FAIL_REJECTED },
	{ "serverInternal", FAIL_CA_DOWN },
	{ "tls", FAIL_CONNECTION },
	{ "unauthorized", FAIL_UNAUTHORIZED },
	{ "unsupportedContact", FAIL_ACCOUNT },
	{ "unsupportedIdentifier", FAIL_REJECTED },
	{ "userActionRequired", FAIL_ACCOUNT },
};

struct problem {
	const char *type;	/* last part of the URN, or "" */
	const char *detail;	/* or "" */
	const char *identifier; /* of the first subproblem, or NULL */
	const char *sub_detail; /* or NULL */
	long status;
	enum acme_step step;
	bool object;		/* an error member, not an answer */
	char words[DETAIL_MAX]; /* of detail, see take_words() */
};

int64_t acme_problem_retry_after(const char *value, const char *date,
				 int64_t now)
{
	int64_t ca_now = date ? curl_getdate(date, NULL) : -1;
	int64_t at;

	if (!value || !*value)
		return 0;
	if (strspn(value, "0123456789") == strlen(value)) {
		if (num_int(value, 0, ACME_RETRY_MAX, &at, NULL) == -1)
			at = ACME_RETRY_MAX;
		return now + at;
	}
	at = curl_getdate(value, NULL);
	if (at == -1)
		return 0;
	if (ca_now != -1)
		at += now - ca_now;
	if (at < now)
		return now;
	return at > now + ACME_RETRY_MAX ? now + ACME_RETRY_MAX : at;
}

/* Boulder's details end "retry after 2026-11-24 00:00:00 UTC": of use when
 * the header got lost on the way. */
static int64_t retry_in_detail(const char *detail, int64_t now)
{
	static const char mark[] = "retry after ";
	const char *p = strcasestr(detail, mark);
	struct tm tm = { 0 };
	int64_t at;

	if (!p || !strptime(p + sizeof(mark) - 1, "%Y-%m-%d %H:%M:%S", &tm))
		return 0;
	at = timegm(&tm);
	if (at <= now)
		return 0;
	return at > now + ACME_RETRY_MAX ? now + ACME_RETRY_MAX : at;
}

/* The detail without the names in it, which may be such words themselves. */
static void take_words(struct problem *p)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._*-";
	char *s = p->words, *dot;
	size_t n;

	(void) snprintf(p->words, sizeof(p->words), "%s", p->detail);
	for (; *s; s += n ? n : 1) {
		n = strspn(s, chars);
		dot = memchr(s, '.', n);
		if (dot && (size_t) (dot - s) + 1 < n)
			memset(s, ' ', n);
	}
}

static bool says(const struct problem *p, const char *words)
{
	return strcasestr(p->words, words);
}

/* A pause looks like a rate limit, but waiting does not end it. */
static bool is_pause(const struct problem *p)
{
	return says(p, "temporarily prevented") || says(p, "paused") ||
	       says(p, "unpause");
}

static enum fail_class class_of_limit(const struct problem *p)
{
	if (p->step != ACME_STEP_ORDER && !p->object)
		return FAIL_CA_RATE_LIMITED;
	if (is_pause(p) || p->identifier)
		return FAIL_RATE_LIMITED;
	if (says(p, "new orders") || says(p, "new registrations") ||
	    says(p, "IP address") || says(p, "per IP") ||
	    says(p, "pending authorizations") || says(p, "too many requests") ||
	    !*p->type)
		return FAIL_CA_RATE_LIMITED;
	return FAIL_RATE_LIMITED;
}

static enum fail_class class_of_status(const struct problem *p)
{
	if (p->status == 429)
		return class_of_limit(p);
	/* An order or a proof came to nothing: so says its own error, whatever
	 * the words, unless the CA takes it upon itself. */
	if (p->object && p->status < 500)
		return FAIL_UNAUTHORIZED;
	if (p->status >= 400 && p->status < 500 && *p->type)
		return FAIL_INTERNAL;
	return FAIL_CA_DOWN;
}

static bool says_any(const struct problem *p, const char *const *words,
		     size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (says(p, words[i]))
			return true;
	return false;
}

/* What a key may be used for. */
static bool names_usage(const struct problem *p)
{
	static const char *const words[] = { "key usage", "keyUsage",
					     "clientAuth", "client auth" };

	return says_any(p, words, ARRAY_LEN(words)) || strstr(p->words, "EKU");
}

/* The CSR, in the words of Boulder and Google; the type may be any. */
static bool names_csr(const struct problem *p)
{
	static const char *const words[] = {
		"certificate request", "signing request", "must-staple",
		"must staple",	       "TLS feature",	  "TLSFeature"
	};

	/* "csr" may be part of a name */
	return strstr(p->words, "CSR") || names_usage(p) ||
	       says_any(p, words, ARRAY_LEN(words));
}

static void take_about(const struct problem *p, struct fail *f)
{
	f->of_profile =
		strcmp(p->type, "invalidProfile") == 0 || says(p, "profile");
	f->of_usage = names_usage(p);
}

static bool refuses_csr(const struct problem *p, enum fail_class c)
{
	return p->step == ACME_STEP_FINALIZE && p->status < 500 &&
	       (c == FAIL_UNAUTHORIZED || c == FAIL_INTERNAL || !*p->type) &&
	       strcmp(p->type, "orderNotReady") != 0 && names_csr(p);
}

/* The account or its key, in whatever order it was asked for. */
static bool refuses_account(const struct problem *p, enum fail_class c)
{
	if (p->object)
		return false;
	if (c == FAIL_UNAUTHORIZED &&
	    (says(p, "deactivated") || says(p, "account is not active") ||
	     says(p, "account is not valid") ||
	     /* smallstep: names it refuses as rejectedIdentifier */
	     (p->step == ACME_STEP_ORDER && p->status == 401)))
		return true;
	if (c != FAIL_UNAUTHORIZED && strcmp(p->type, "malformed") != 0)
		return false;
	/* The key of this account is another one. */
	return says(p, "account key") ||
	       (says(p, "JWS") && (says(p, "verif") || says(p, "signature")));
}

static enum fail_class class_of(const struct problem *p)
{
	enum fail_class c = class_of_status(p);

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].type, p->type) == 0)
			c = types[i].class;
	if (c == FAIL_RATE_LIMITED)
		return class_of_limit(p);
	if (refuses_csr(p, c))
		return FAIL_BAD_CSR;
	if (refuses_account(p, c))
		return FAIL_ACCOUNT;
	/* What is wrong with the account's request is not the name's. */
	if (p->step == ACME_STEP_ACCOUNT && c != FAIL_CA_DOWN)
		return FAIL_ACCOUNT;
	if ((p->step == ACME_STEP_DIRECTORY || p->step == ACME_STEP_NONCE) &&
	    !fail_of_ca(c))
		return FAIL_CA_DOWN;
	/* Not a fault of our request: it was taken, and looked into. */
	return p->object && c == FAIL_INTERNAL ? FAIL_UNAUTHORIZED : c;
}

static const char *lead(const struct problem *p, enum fail_class c)
{
	/* There it is about no order, whatever it says. */
	if (p->step == ACME_STEP_RENEWAL && c != FAIL_CA_RATE_LIMITED &&
	    c != FAIL_CA_DOWN)
		return "the CA did not accept our request";
	switch (c) {
	case FAIL_RATE_LIMITED:
		return is_pause(p) ? "the CA has paused this name after many "
				     "failures, and a person has to unpause "
				     "it there"
				   : "the CA's rate limit for this name is "
				     "used up";
	case FAIL_CA_RATE_LIMITED:
		return "the CA's rate limit for this account or address is "
		       "used up";
	case FAIL_CAA:
		return "a CAA record forbids this CA to issue";
	case FAIL_DNS:
		return "the CA could not look the name up in the DNS";
	case FAIL_CONNECTION:
		return "the CA could not connect to fetch the proof";
	case FAIL_UNAUTHORIZED:
		return p->object && p->step == ACME_STEP_FINALIZE
			       ? "the CA gave the order up"
			       : "the CA did not accept the proof of control";
	case FAIL_BAD_CSR:
		return "the CA refuses the CSR";
	case FAIL_REJECTED:
		return "the CA does not issue for this name";
	case FAIL_ACCOUNT:
		return "the CA refuses our account";
	case FAIL_CA_DOWN:
		if (p->status < 400 || p->status >= 500)
			return "the CA has an internal failure";
		__attribute__((fallthrough));
	default:
		return "the CA did not accept our request";
	}
}

/* A type or a name: of anything else the quotes show that it is the CA's. */
static const char *word(const char *text, char ret[PLAIN_QUOTED])
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    ".:/_*-";

	return strspn(text, chars) == strlen(text) ? text
						   : plain_quoted(text, ret);
}

/* In quotes, and there is room for the status behind it. */
static const char *quoted(const char *text, char ret[PLAIN_QUOTED])
{
	char start[DETAIL_MAX];

	(void) snprintf(start, sizeof(start), "%s", text);
	return plain_quoted(start, ret);
}

static void describe(const struct problem *p, enum fail_class c,
		     int64_t retry_at, struct fail *ret)
{
	AUTO(sbuf_free) struct sbuf where = SBUF_INIT(2 * PLAIN_QUOTED);
	char type[PLAIN_QUOTED], name[PLAIN_QUOTED], said[PLAIN_QUOTED];

	if (*p->type)
		sbuf_addf(&where, " (%.100s", word(p->type, type));
	if (p->status)
		sbuf_addf(&where, "%sstatus %ld", where.len ? ", " : " (",
			  p->status);
	if (where.len)
		sbuf_addc(&where, ')');
	if (p->sub_detail)
		fail_set(ret, c, retry_at, "%s: %.100s: %s%s", lead(p, c),
			 p->identifier ? word(p->identifier, name)
				       : "one of the names",
			 quoted(p->sub_detail, said), sbuf_str(&where));
	else
		fail_set(ret, c, retry_at, "%s: %s%s", lead(p, c),
			 *p->detail ? quoted(p->detail, said)
				    : "no reason given",
			 sbuf_str(&where));
}

static const char *json_text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static const char *type_of(const json_t *obj)
{
	const char *t = json_text(obj, "type");

	return strncmp(t, URN_ACME, strlen(URN_ACME)) == 0
		       ? t + strlen(URN_ACME)
		       : t;
}

/* Fill p from the document; the text stays the document's. */
static void problem_read(const json_t *doc, struct problem *p)
{
	const json_t *sub =
		json_array_get(json_object_get(doc, "subproblems"), 0);
	const char *name;

	p->type = type_of(doc);
	p->detail = json_text(doc, "detail");
	take_words(p);
	if (!p->status)
		p->status = (long) json_integer_value(
			json_object_get(doc, "status"));
	if (!sub)
		return;
	name = json_text(json_object_get(sub, "identifier"), "value");
	p->identifier = *name ? name : NULL;
	if (*json_text(sub, "detail"))
		p->sub_detail = json_text(sub, "detail");
	/* Section 6.7.1: the outer type may say no more than "compound". */
	if (strcmp(p->type, "compound") == 0 ||
	    (strcmp(p->type, "malformed") == 0 && *type_of(sub)))
		p->type = type_of(sub);
}

static void problem_fail(const struct problem *p, int64_t retry_at,
			 struct fail *ret)
{
	enum fail_class c = class_of(p);

	if (!retry_at && (c == FAIL_RATE_LIMITED || c == FAIL_CA_RATE_LIMITED))
		retry_at = retry_in_detail(p->detail, clock_now());
	/* Section 4.4 of the CA's own limits: 503 with an instant is a limit
	 * on requests, not an outage. */
	if (c == FAIL_CA_DOWN && p->status == 503 && retry_at)
		c = FAIL_CA_RATE_LIMITED;
	describe(p, c, retry_at, ret);
	take_about(p, ret);
}

/* What JSON that is no problem document says: its text, the one it has in a
 * usual place, or all of it. */
static char *own_words(const json_t *doc)
{
	static const char *const keys[] = { "message", "error", "title",
					    "error_description", "reason" };
	const char *s = json_string_value(doc);
	char *dump, *copy;

	for (size_t i = 0; !s && i < ARRAY_LEN(keys); i++)
		s = json_string_value(json_object_get(doc, keys[i]));
	if (s)
		return mem_strdup(s);
	dump = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
	copy = mem_strdup(dump ? dump : "");
	free(dump);
	return copy;
}

static bool is_problem(const json_t *doc)
{
	return json_object_get(doc, "type") || json_object_get(doc, "detail");
}

void acme_problem_of_json(enum acme_step step, const json_t *problem,
			  struct fail *ret)
{
	AUTO(mem_free_str) char *words = NULL;
	struct problem p = {
		.type = "", .detail = "", .step = step, .object = true
	};

	if (is_problem(problem)) {
		problem_read(problem, &p);
	} else {
		p.detail = words = own_words(problem);
		take_words(&p);
	}
	problem_fail(&p, 0, ret);
}

bool acme_problem_is_html(const char *content_type, const char *body)
{
	while (isspace((unsigned char) *body))
		body++;
	if (*body == '<')
		return true;
	/* A type can be wrong: not of JSON or PEM. */
	return *body && !strchr("{[\"-", *body) && content_type &&
	       strncasecmp(content_type, "text/html", 9) == 0;
}

/* Not from an ACME server: a proxy, a load balancer, a maintenance page. WHAT
 * came instead. */
static void no_document(const struct problem *p, const char *what,
			int64_t retry_at, struct fail *ret)
{
	long status = p->status;

	if (status == 429 || (status == 503 && retry_at))
		fail_set(ret, FAIL_CA_RATE_LIMITED, retry_at,
			 "the CA asks us to slow down (status %ld, with %s)",
			 status, what);
	else if (status >= 500)
		fail_set(ret, FAIL_CA_DOWN, retry_at,
			 "the CA is not available (status %ld, with %s)",
			 status, what);
	else if (status >= 300 && status < 400)
		fail_set(ret, FAIL_CA_DOWN, retry_at,
			 "the CA redirects us elsewhere (status %ld): is the "
			 "directory URL right?",
			 status);
	else if (status == 404 && p->step == ACME_STEP_DIRECTORY)
		fail_set(ret, FAIL_CA_DOWN, retry_at,
			 "there is no ACME directory at this URL (status 404, "
			 "with %s): is the directory URL right?",
			 what);
	else if (refuses_csr(p, FAIL_CA_DOWN))
		fail_set(ret, FAIL_BAD_CSR, retry_at,
			 "the CA refuses the CSR: %s (status %ld)", what,
			 status);
	else
		fail_set(
			ret, FAIL_CA_DOWN, retry_at,
			"the CA answered with %s instead of a problem document "
			"(status %ld)",
			what, status);
}

static void json_free(json_t **doc)
{
	json_decref(*doc);
	*doc = NULL;
}

void acme_problem_classify(enum acme_step step, long status,
			   const char *content_type, const char *body,
			   size_t len, int64_t retry_at, struct fail *ret,
			   char ret_type[ACME_PROBLEM_TYPE])
{
	AUTO(mem_free_str) char *words = NULL;
	AUTO(json_free) json_t *doc = NULL;
	struct problem p = {
		.type = "", .detail = "", .status = status, .step = step
	};
	char said[PLAIN_QUOTED];

	ret_type[0] = '\0';
	if (len <= ACME_BODY_MAX)
		doc = json_loadb(body, len,
				 JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
				 NULL);
	if (is_problem(doc)) {
		problem_read(doc, &p);
		problem_fail(&p, retry_at, ret);
		(void) snprintf(ret_type, ACME_PROBLEM_TYPE, "%s", p.type);
	} else if (doc) {
		p.detail = words = own_words(doc);
		take_words(&p);
		no_document(&p, quoted(words, said), retry_at, ret);
		take_about(&p, ret);
	} else {
		if (!len)
			body = "";
		no_document(&p,
			    acme_problem_is_html(content_type, body)
				    ? "an HTML page"
			    : *body ? "something that is not JSON"
				    : "an empty answer",
			    retry_at, ret);
	}
	ret->limited = ret->limited || status == 429;
}
