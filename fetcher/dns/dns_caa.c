/* SPDX-License-Identifier: MIT */
#include "dns_caa.h"
#include <ctype.h>
#include <string.h>

#define CRITICAL 0x80
#define WSP	 " \t"

static bool is_alnum(unsigned char c)
{
	return c < 0x80 && isalnum(c);
}

/* LEN bytes of P in lower case. */
static char *lower(struct arena *arena, const char *p, size_t len)
{
	char *s = arena_strndup(arena, p, len);

	for (char *q = s; *q; q++)
		*q = (char) tolower((unsigned char) *q);
	return s;
}

int dns_caa_parse(const unsigned char *data, size_t len, struct arena *arena,
		  struct dns_caa *ret, struct err *err)
{
	size_t n = len > 1 ? data[1] : 0;
	char *value;

	if (n == 0 || len < 2 + n)
		return err_set(err, ERR_INPUT,
			       "a CAA record without a property");
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(data[2 + i]))
			return err_set(err, ERR_INPUT,
				       "a CAA record whose property has a "
				       "name that is none");
	len -= 2 + n;
	value = arena_alloc(arena, len + 1);
	memcpy(value, data + 2 + n, len);
	*ret = (struct dns_caa){
		.flags = data[0],
		.critical = data[0] & CRITICAL,
		.tag = lower(arena, (const char *) data + 2, n),
		.value = value,
		.len = len,
	};
	return 0;
}

void dns_caa_text(const struct dns_caa *caa, struct sbuf *out)
{
	sbuf_addf(out, "%u %s \"", caa->flags, caa->tag);
	for (size_t i = 0; i < caa->len; i++) {
		unsigned char c = (unsigned char) caa->value[i];

		if (c < ' ' || c > '~')
			sbuf_addf(out, "\\%03u", c);
		else if (c == '"' || c == '\\')
			sbuf_addf(out, "\\%c", c);
		else
			sbuf_addc(out, (char) c);
	}
	sbuf_addc(out, '"');
}

/* --- RFC 8659 section 4.2 --- */

static const char *skip(const char *p)
{
	return p + strspn(p, WSP);
}

/* label *("." label): letters, digits, and hyphens between them. */
static size_t domain_len(const char *p)
{
	size_t n = 0, label;

	for (;;) {
		label = n;
		while (is_alnum((unsigned char) p[n]) || p[n] == '-')
			n++;
		if (n == label || p[label] == '-' || p[n - 1] == '-')
			return 0;
		if (p[n] != '.')
			return n;
		n++;
	}
}

/* Several of a kind fit nobody. */
static void take(const char **to, const char *value)
{
	*to = *to ? "" : value;
}

/* One parameter, from *P on, which is then behind it. */
static bool parameter(const char **p, struct arena *arena,
		      struct dns_caa_issue *ret)
{
	const char *tag = *p, *value;
	size_t n = 0, len = 0;
	char *name;

	while (is_alnum((unsigned char) tag[n]))
		n++;
	value = skip(tag + n);
	if (n == 0 || *value != '=')
		return false;
	value = skip(value + 1);
	while (value[len] > ' ' && value[len] <= '~' && value[len] != ';')
		len++;
	*p = skip(value + len);
	if (**p && **p != ';')
		return false;
	name = lower(arena, tag, n);
	value = arena_strndup(arena, value, len);
	if (strcmp(name, "accounturi") == 0)
		take(&ret->account, value);
	else if (strcmp(name, "validationmethods") == 0)
		take(&ret->methods, value);
	return true;
}

bool dns_caa_issue(const struct dns_caa *caa, struct arena *arena,
		   struct dns_caa_issue *ret)
{
	struct dns_caa_issue issue = { .domain = "" };
	const char *p = skip(caa->value);
	unsigned params = 0;
	size_t n;

	if (strlen(caa->value) != caa->len)
		return false;
	n = domain_len(p);
	issue.domain = lower(arena, p, n);
	p = skip(p + n);
	while (*p) {
		if (*p != ';')
			return false;
		p = skip(p + 1);
		/* Nothing behind the last one is what many write. */
		if (*p && (params++ == DNS_CAA_PARAMS_MAX ||
			   !parameter(&p, arena, &issue)))
			return false;
	}
	*ret = issue;
	return true;
}

/* --- what a CA makes of it --- */

/* Those that CAs of TLS certificates have to know, or, of mail, to pass. */
static bool is_known(const char *tag)
{
	static const char *const known[] = { "issue", "issuewild", "iodef",
					     "issuemail" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(tag, known[i]) == 0)
			return true;
	return false;
}

static bool has_method(const char *methods, const char *method)
{
	size_t n = strlen(method), len;

	for (; *methods; methods += len + (methods[len] == ',')) {
		len = strcspn(methods, ",");
		if (len == n && memcmp(methods, method, n) == 0)
			return true;
	}
	return false;
}

static enum dns_caa_verdict judge_one(const struct dns_caa_issue *issue,
				      const struct dns_caa_want *want)
{
	bool ours = false;

	for (size_t i = 0; i < want->n_domains; i++)
		ours = ours || strcmp(issue->domain, want->domains[i]) == 0;
	if (!ours)
		return DNS_CAA_OTHERS;
	if (issue->account &&
	    (!want->account || strcmp(issue->account, want->account) != 0))
		return DNS_CAA_ACCOUNT;
	if (issue->methods && !has_method(issue->methods, want->method))
		return DNS_CAA_METHOD;
	return DNS_CAA_ALLOWED;
}

static bool has(const struct dns_caa *set, size_t n, const char *tag)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(set[i].tag, tag) == 0)
			return true;
	return false;
}

struct dns_caa_says dns_caa_judge(const struct dns_caa *set, size_t n,
				  const struct dns_caa_want *want,
				  struct arena *arena)
{
	struct dns_caa_says best = { .verdict = DNS_CAA_OTHERS };
	const char *tag = "issue";

	for (size_t i = 0; i < n; i++)
		if (set[i].critical && !is_known(set[i].tag))
			return (struct dns_caa_says){ .verdict =
							      DNS_CAA_CRITICAL,
						      .by = &set[i] };
	/* Section 4.3: for wildcards it takes the place of all "issue". */
	if (want->wildcard && has(set, n, "issuewild"))
		tag = "issuewild";
	if (!has(set, n, tag))
		return (struct dns_caa_says){ .verdict = DNS_CAA_OPEN };
	for (size_t i = 0; i < n; i++) {
		struct dns_caa_issue issue;
		enum dns_caa_verdict verdict;

		if (strcmp(set[i].tag, tag) != 0 ||
		    !dns_caa_issue(&set[i], arena, &issue))
			continue;
		verdict = judge_one(&issue, want);
		if (verdict < best.verdict)
			best = (struct dns_caa_says){ verdict, &set[i], issue };
	}
	return best;
}

int dns_caa_value(const struct dns_caa_want *want, struct arena *arena,
		  const char **ret, struct err *err)
{
	const char *account = want->account;

	for (const char *p = account; p && *p; p++)
		if (*p <= ' ' || *p > '~' || *p == ';')
			return err_set(err, ERR_INPUT,
				       "the URL of its account cannot stand "
				       "in a CAA record");
	*ret = arena_printf(arena, "%s%s%s; validationmethods=%s",
			    want->domains[0], account ? "; accounturi=" : "",
			    account ? account : "", want->method);
	return 0;
}
