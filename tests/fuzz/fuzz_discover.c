/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "acme_parse.h"
#include "disc_parents.h"
#include "disc_pick.h"
#include "dns_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const challenges[] = { "http-01", NULL };
static const struct disc_rule rule = { .parent = "corp.example",
				       .challenges = challenges };

/* What may be tried has a URL that is one, of a server that is near. */
static void pair(const struct dns_rr *srv, const struct disc_txt *txt,
		 struct arena *arena)
{
	struct disc_offer o = { .target = srv->name,
				.port = dns_get16(srv->data + 4) };
	const char *why = disc_pick_offer(&rule, txt, arena, &o);
	const char *slash;

	if (why && o.url)
		__builtin_trap();
	if (why)
		return;
	slash = strchr(o.url + 8, '/');
	if (!acme_parse_url_ok(o.url) || !disc_pick_near(&rule, o.target) ||
	    strncmp(o.url + 8, o.target, strlen(o.target)) != 0 || !slash ||
	    strcspn(o.url + 8, "/:") != strlen(o.target) ||
	    strcmp(slash, txt->path) != 0)
		__builtin_trap();
}

/* The files of a host: never a suffix, or what is no name. */
static void parents(const char *text, struct arena *arena)
{
	static const char *const word[] = { DISC_AUTO };
	const struct disc_sources s = { .configured = word,
					.n = 1,
					.host = text,
					.resolv_conf = text,
					.krb5_conf = text };
	struct disc_parents p;
	char again[DNS_NAME_TEXT];

	disc_parents(&s, arena, &p);
	for (size_t i = 0; i < p.n; i++)
		if (p.v[i].skip || disc_parent_bad(p.v[i].name) ||
		    dns_name_canon(p.v[i].name, again, NULL) == -1 ||
		    strcmp(again, p.v[i].name) != 0)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct disc_txt txt;
	struct dns_msg m;

	parents(arena_strndup(arena, (const char *) data, size), arena);
	disc_txt_parse(data, size, arena, &txt);
	if (dns_msg_parse(data, size, arena, &m, NULL) == -1)
		return 0;
	for (size_t i = 0; i < m.n; i++) {
		if (m.rr[i].type == DNS_PTR)
			(void) disc_pick_instance(&rule, m.rr[i].name);
		if (m.rr[i].type == DNS_TXT)
			disc_txt_parse(m.rr[i].strings, m.rr[i].strings_len,
				       arena, &txt);
		if (m.rr[i].type == DNS_SRV)
			pair(&m.rr[i], &txt, arena);
	}
	return 0;
}
