/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "acme.h"
#include "acme_nonce.h"
#include "acme_parse.h"
#include "acme_problem.h"
#include "http.h"
#include "http_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *url)
{
	if (url && !acme_parse_url_ok(url))
		__builtin_trap();
}

/* What a person is shown is one printable line and says something. */
static void check_fail(const struct fail *f)
{
	if (f->class == FAIL_NONE)
		return;
	if (!*f->detail || f->retry_at < 0)
		__builtin_trap();
	for (const char *p = f->detail; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			__builtin_trap();
}

static void order(const char *text, size_t len, struct arena *arena)
{
	struct acme_order o;
	struct err err = ERR_INIT;

	if (acme_parse_order(text, len, arena, &o, &err) == -1)
		return;
	check_url(o.finalize);
	check_url(o.certificate);
	check_fail(&o.error);
	if ((o.status == ACME_PENDING) != (o.n_authorizations > 0) ||
	    (o.status == ACME_READY && !o.finalize))
		__builtin_trap();
	for (size_t i = 0; i < o.n_authorizations; i++)
		check_url(o.authorizations[i]);
}

static void authz(const char *text, size_t len, struct arena *arena)
{
	struct acme_authz a;
	struct err err = ERR_INIT;

	if (acme_parse_authz(text, len, arena, &a, &err) == -1)
		return;
	if (a.identifier && a.id_type == X509_ID_DNS &&
	    !x509_dns_name_ok(a.identifier, true))
		__builtin_trap();
	if (a.status == ACME_PENDING && !a.identifier)
		__builtin_trap();
	for (size_t i = 0; i < a.n_challenges; i++) {
		check_url(a.challenges[i].url);
		if (!a.challenges[i].type ||
		    (a.status == ACME_PENDING && !a.challenges[i].url))
			__builtin_trap();
		check_fail(&a.challenges[i].error);
	}
}

static void others(const char *text, size_t len, struct arena *arena)
{
	struct acme_directory d;
	struct err err = ERR_INIT;
	struct acme_account_info info;

	if (acme_parse_directory(text, len, arena, &d, &err) == 0) {
		check_url(d.new_nonce);
		check_url(d.new_account);
		check_url(d.new_order);
	}
	(void) (acme_parse_account(text, len, arena, &info, &err) == 0);
	(void) acme_nonce_ok(text);
}

static void links(const char *text, struct arena *arena)
{
	const char *p = text, *before, *ref;
	size_t n = strlen(text);

	for (before = p; (ref = http_link_next(&p, "alternate", arena));
	     before = p)
		if (strlen(ref) > n || strchr(ref, '>') ||
		    (*p && (p <= before || p > text + n)))
			__builtin_trap();
	if (*p)
		__builtin_trap();
}

static void header(const char *text)
{
	static const char date[] = "Thu, 01 Jan 1970 00:20:00 GMT";
	AUTO(mem_free_str) char *url = http_join("https://a/b/c?d", text);
	const int64_t at[] = { acme_problem_retry_after(text, NULL, 1000),
			       acme_problem_retry_after(text, date, 1000),
			       acme_problem_retry_after(date, text, 1000) };

	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		if (at[i] != 0 &&
		    (at[i] < 1000 || at[i] > 1000 + ACME_RETRY_MAX))
			__builtin_trap();
	if (url && strncmp(url, "https://", strlen("https://")) != 0)
		__builtin_trap();
}

/* A body, through every parser of bodies; then as a header's value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 400, 403, 404, 429, 503, 301 };
	AUTO(arena_free) struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *) data, size);
	char type[ACME_PROBLEM_TYPE];
	struct fail f;

	order(text, size, arena);
	authz(text, size, arena);
	others(text, size, arena);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		acme_problem_classify((enum acme_step)(size % 7), statuses[i],
				      NULL, text, size, i, &f, type);
		if (f.class == FAIL_NONE)
			__builtin_trap();
		check_fail(&f);
	}
	header(text);
	links(text, arena);
	return 0;
}
