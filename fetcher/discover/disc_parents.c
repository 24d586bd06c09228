/* SPDX-License-Identifier: MIT */
#include "disc_parents.h"

#include <libpsl.h>
#include <string.h>
#include <strings.h>
#include "dns_msg.h"

#define BLANKS " \t\r"

const char *disc_parent_bad(const char *name)
{
	/* Canonical names have it only before what is no host's name. */
	if (strchr(name, '\\'))
		return "not a domain's name";
	if (!strchr(name, '.') || strcmp(name, ".") == 0)
		return "a single label";
	if (psl_is_public_suffix(psl_builtin(), name))
		return "a public suffix";
	return NULL;
}

static bool has(const struct disc_parents *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].name, name) == 0)
			return true;
	return false;
}

/* Before those of FROM on that are above it. */
static void put(struct disc_parents *p, size_t from, const char *name)
{
	size_t at = from;

	if (p->n == DISC_PARENTS_MAX || has(p, name))
		return;
	while (at < p->n && !dns_name_within(name, p->v[at].name))
		at++;
	memmove(&p->v[at + 1], &p->v[at], (p->n - at) * sizeof(p->v[0]));
	p->v[at] = (struct disc_parent){ .name = name };
	p->n++;
}

/* TEXT of N bytes, as somebody else wrote it. CLIMB: and all above it. */
static void suggest(struct disc_parents *p, size_t from, const char *text,
		    size_t n, bool climb, struct arena *arena)
{
	char canon[DNS_NAME_TEXT];
	const char *name;

	if (n >= DNS_NAME_TEXT ||
	    dns_name_canon(arena_strndup(arena, text, n), canon, NULL) == -1)
		return;
	name = arena_strdup(arena, canon);
	do {
		if (!disc_parent_bad(name))
			put(p, from, name);
		name = dns_name_parent(name);
	} while (climb && name);
}

/* The last "search" or "domain" line counts. */
static void search_domains(struct disc_parents *p, size_t from,
			   const char *text, struct arena *arena)
{
	const char *last = NULL;

	for (; text && *text; text += *text == '\n') {
		size_t word = strcspn(text, BLANKS "\n");

		if ((word == 6 && strncmp(text, "search", word) == 0) ||
		    (word == 6 && strncmp(text, "domain", word) == 0))
			last = text + word;
		text += strcspn(text, "\n");
	}
	while (last) {
		size_t n;

		last += strspn(last, BLANKS);
		n = strcspn(last, BLANKS "\n");
		if (n == 0)
			break;
		suggest(p, from, last, n, false, arena);
		last += n;
	}
}

/* KEY = VALUE at TEXT: the length of the value, *ret; 0: another line. */
static size_t value_of(const char *text, const char *key, const char **ret)
{
	size_t n = strlen(key);

	text += strspn(text, BLANKS);
	if (strncasecmp(text, key, n) != 0)
		return 0;
	text += n;
	text += strspn(text, BLANKS);
	if (*text++ != '=')
		return 0;
	text += strspn(text, BLANKS "\"");
	*ret = text;
	return strcspn(text, BLANKS "\n\"");
}

/* In [libdefaults]; the first one counts, as libkrb5 has it. */
static void realm(struct disc_parents *p, size_t from, const char *text,
		  struct arena *arena)
{
	static const char section[] = "[libdefaults]";
	bool ours = false;
	const char *value;
	size_t n;

	for (; text && *text; text += *text == '\n') {
		if (*text == '[')
			ours = strncasecmp(text, section,
					   sizeof(section) - 1) == 0;
		n = ours ? value_of(text, "default_realm", &value) : 0;
		if (n > 0) {
			suggest(p, from, value, n, true, arena);
			return;
		}
		text += strcspn(text, "\n");
	}
}

static void of_host(struct disc_parents *p, const struct disc_sources *s,
		    struct arena *arena)
{
	size_t from = p->n;
	char canon[DNS_NAME_TEXT];
	const char *above;

	if (s->host && dns_name_canon(s->host, canon, NULL) == 0 &&
	    (above = dns_name_parent(canon)))
		suggest(p, from, above, strlen(above), true, arena);
	search_domains(p, from, s->resolv_conf, arena);
	realm(p, from, s->krb5_conf, arena);
}

void disc_parents(const struct disc_sources *s, struct arena *arena,
		  struct disc_parents *ret)
{
	char canon[DNS_NAME_TEXT];
	struct disc_parent one;

	ret->n = 0;
	for (size_t i = 0; i < s->n && ret->n < DISC_PARENTS_MAX; i++) {
		if (strcasecmp(s->configured[i], DISC_AUTO) == 0) {
			of_host(ret, s, arena);
			continue;
		}
		one = (struct disc_parent){ .name = s->configured[i] };
		if (dns_name_canon(s->configured[i], canon, NULL) == -1) {
			one.skip = "not a domain's name";
		} else {
			one.name = arena_strdup(arena, canon);
			one.skip = disc_parent_bad(one.name);
		}
		if (!has(ret, one.name))
			ret->v[ret->n++] = one;
	}
}
