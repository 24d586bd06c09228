/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "disc_parents.h"

#define MANY "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org"

/* Those skipped stand with their reason: "co.uk (a public suffix)". */
static const struct {
	const char *configured[5];
	const char *host, *resolv, *krb5;
	const char *want;
} cases[] = {
	/* of the configuration alone, in its order */
	{ { "corp.example.org" },
	  "a.b.example.net",
	  "search lab.example.net\n",
	  NULL,
	  "corp.example.org" },
	{ { "Corp.Example.ORG.", "corp.example.org", "x.corp.example.org" },
	  NULL,
	  NULL,
	  NULL,
	  "corp.example.org x.corp.example.org" },
	{ { "co.uk", "localdomain", "github.io", "two words", "corp.internal" },
	  NULL,
	  NULL,
	  NULL,
	  "co.uk(a public suffix) localdomain(a single label) github.io(a "
	  "public suffix) two\\032words(not a domain's name) corp.internal" },
	/* of the host: without its own name, and never the suffix */
	{ { "auto" },
	  "h.a.corp.example.org",
	  NULL,
	  NULL,
	  "a.corp.example.org corp.example.org example.org" },
	{ { "auto" }, "h.example.co.uk", NULL, NULL, "example.co.uk" },
	{ { "auto" }, "example.co.uk", NULL, NULL, "" },
	{ { "auto" }, "localhost", NULL, NULL, "" },
	{ { "auto" }, "", NULL, NULL, "" },
	/* search domains, of which the last line counts; not above them */
	{ { "auto" },
	  NULL,
	  "search no.example.org\nnameserver 192.0.2.1\n"
	  "search\tb.example.org  c.example.net uk\n# search d.example.org\n",
	  NULL,
	  "b.example.org c.example.net" },
	{ { "auto" }, NULL, "domain b.example.org", NULL, "b.example.org" },
	{ { "auto" }, NULL, "searching b.example.org\nsearch", NULL, "" },
	/* the realm, and what is above it */
	{ { "auto" },
	  NULL,
	  NULL,
	  "[libdefaults]\n  default_realm = IPA.CORP.EXAMPLE.ORG\n"
	  "[realms]\n",
	  "ipa.corp.example.org corp.example.org example.org" },
	{ { "auto" },
	  NULL,
	  NULL,
	  "[realms]\ndefault_realm = WRONG.EXAMPLE.ORG\n[libdefaults]\n"
	  "# default_realm = COMMENT.EXAMPLE.ORG\ndefault_realm=\"IPA.LOCAL\"\n"
	  "default_realm = SECOND.EXAMPLE.ORG\n",
	  "ipa.local" },
	{ { "auto" }, NULL, NULL, "[libdefaults]\ndefault_realm\n", "" },
	/* all of them: a domain before what is above it, none twice */
	{ { "auto" },
	  "h.corp.example.org",
	  "search lab.corp.example.org other.example.net",
	  "[libdefaults]\ndefault_realm = X.OTHER.EXAMPLE.NET",
	  "lab.corp.example.org corp.example.org example.org "
	  "x.other.example.net other.example.net example.net" },
	/* the configured ones first, as they stand */
	{ { "example.org", "auto", "last.example.net" },
	  "h.corp.example.org",
	  NULL,
	  NULL,
	  "example.org corp.example.org last.example.net" },
	/* at most so many */
	{ { "auto" },
	  "h." MANY,
	  NULL,
	  NULL,
	  "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "g.h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "h.i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "i.j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "j.k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "k.l.m.n.o.p.q.r.s.t.corp.example.org "
	  "l.m.n.o.p.q.r.s.t.corp.example.org "
	  "m.n.o.p.q.r.s.t.corp.example.org n.o.p.q.r.s.t.corp.example.org "
	  "o.p.q.r.s.t.corp.example.org p.q.r.s.t.corp.example.org" },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena *arena = arena_new();
		struct disc_sources s = { .configured = cases[i].configured,
					  .host = cases[i].host,
					  .resolv_conf = cases[i].resolv,
					  .krb5_conf = cases[i].krb5 };
		struct disc_parents got;
		char text[4000] = "";
		size_t n = 0;

		while (s.n < 5 && cases[i].configured[s.n])
			s.n++;
		disc_parents(&s, arena, &got);
		for (size_t j = 0; j < got.n; j++)
			n += (size_t) snprintf(
				text + n, sizeof(text) - n, "%s%s%s%s%s",
				j ? " " : "", got.v[j].name,
				got.v[j].skip ? "(" : "",
				got.v[j].skip ? got.v[j].skip : "",
				got.v[j].skip ? ")" : "");
		if (strcmp(text, cases[i].want) != 0)
			fail_msg("case %zu: %s", i, text);
	}
}

/* What no file should say. */
static void test_hostile(void **state)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	char *resolv = arena_alloc(arena, 3000);
	static const char *const word[] = { "auto" };
	struct disc_sources s = { .configured = word, .n = 1 };
	struct disc_parents got;

	memcpy(resolv, "search ", 7);
	memset(resolv + 7, 'a', 2000);
	s.resolv_conf = resolv;
	s.krb5_conf = "[libdefaults]\ndefault_realm = \001.x..y\n";
	s.host = "a..b";
	disc_parents(&s, arena, &got);
	assert_int_equal(got.n, 0);
	s.host = "x.evil\\032name.example.org";
	disc_parents(&s, arena, &got);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.v[0].name, "example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
