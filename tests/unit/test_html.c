/* SPDX-License-Identifier: MIT */
/* The page, and what it is made of (page.h), without a browser: it has one in
 * tests/page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "out.h"
#include "page.h"
#include "sbuf.h"
#include "status_kit.h"

#define FRESH 3600

static char *made(const struct status_model *m, int want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(out_html(m, FRESH, f), want);
	assert_int_equal(fclose(f), 0);
	return text;
}

static char *escaped(const char *text)
{
	char *out = NULL;
	size_t len = 0;
	struct page p = { .f = open_memstream(&out, &len) };

	assert_non_null(p.f);
	page_text(&p, text);
	assert_int_equal(fclose(p.f), 0);
	assert_int_equal(p.bytes, len);
	return out;
}

static void text_is_no_markup(void **state)
{
	static const struct {
		const char *in, *out;
	} v[] = {
		{ NULL, "" },
		{ "plain", "plain" },
		{ "<b a=\"1\" c='2'>&amp;",
		  "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;" },
		{ "z\xc3\xbcrich \xe2\x82\xac", "z\xc3\xbcrich \xe2\x82\xac" },
		{ "a\x01\n\x1b[31m\x7f", "a???[31m?" },
		{ "\xff\xc3[", "??[" },
		/* RIGHT-TO-LEFT OVERRIDE and FIRST STRONG ISOLATE */
		{ "a\xe2\x80\xaegpj.exe\xe2\x81\xa8", "a???gpj.exe???" },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		char *out = escaped(v[i].in);

		assert_string_equal(out, v[i].out);
		free(out);
	}
}

static void what_needs_somebody_stands_first(void **state)
{
	struct status_model *m = kit_model();
	char *page = made(m, 1);
	const char *c = strstr(page, ">c.example.org"),
		   *b = strstr(page, ">b.example.org"),
		   *a = strstr(page, ">a.example.org");

	assert_non_null(c);
	assert_true(c < b && b < a);
	assert_non_null(strstr(page, "<html lang=\"en\">"));
	assert_non_null(strstr(page, "2 of 6 certificates need somebody"));
	assert_non_null(strstr(page, "Made 2026-12-01 00:00 UTC"));
	assert_non_null(strstr(page, "after 2026-12-01 01:00 UTC it is stale"));
	assert_non_null(strstr(page, ">1 of 2"));
	assert_non_null(strstr(page, "db1.example.org"));
	/* hosts that are well are counted */
	assert_null(strstr(page, "<th scope=\"row\">web1.example.org"));
	assert_non_null(strstr(page, "2 hosts are well"));
	/* others' words */
	assert_null(strstr(page, "<script>alert"));
	assert_non_null(strstr(page, "&lt;script&gt;alert"));
	assert_null(strchr(page, '\x1b'));
	free(page);
	kit_free(&m);
}

/* What the terminal has on top stands on top, and leads to where it is. */
static void the_head_has_all(void **state)
{
	static const char *const lines[] = {
		"<li class=\"a\"><a href=\"#h-fetchers\"><b>Fetcher</b></a>: "
		"no run began since 2026-11-28",
		"<li class=\"a\"><a href=\"#h-hosts\"><b>Not known</b></a>: "
		"no right",
		"<li class=\"a\"><a href=\"#h-names\"><b>2 of 6 certificates "
		"need somebody</b></a>; 1 waits or is tried again, 3 are well.",
		"<li class=\"a\"><a href=\"#h-hosts\"><b>1 of 3 hosts needs "
		"somebody</b></a>; 0 wait or are tried again, 2 are well.",
		"<li class=\"a\"><a href=\"#h-requests\"><b>3 requests of "
		"hosts</b></a>",
		"<li class=\"g\"><a href=\"#h-cas\"><b>0 of 2 CAs need "
		"somebody</b></a>; 1 waits",
		"<table",
		"id=\"h-names\"",
		"id=\"h-hosts\"",
		"id=\"h-requests\"",
		"id=\"h-cas\"",
		"id=\"h-fetchers\"",
	};
	struct status_model *m = kit_model();
	const char *at;
	char *page;

	m->fetching = m->fetchers[0].verdict = kit_verdict(
		WHY_FETCH_SILENT, STATUS_ACT, KIT_NOW - 3 * KIT_DAY);
	m->unread[FLEET_PART_INSTALLS] = "no right";
	m->all_requests = 3;
	page = made(m, 1);
	at = page;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const char *next = strstr(at, lines[i]);

		if (!next)
			fail_msg("not there, or not there in order: %s",
				 lines[i]);
		at = next;
	}
	assert_non_null(strstr(page, "<title>No fetcher runs, 2 certificates, "
				     "1 host need somebody</title>"));
	free(page);
	kit_free(&m);
}

static void what_is_not_known_is_said(void **state)
{
	struct status_model *m = kit_model();
	char *page;

	m->unread[0] = "the names <cannot> be read";
	page = made(m, 1);
	assert_non_null(strstr(page, "the names &lt;cannot&gt; be read"));
	free(page);
	kit_free(&m);
}

/* N names, of which those below ACT need somebody. */
static struct status_model *large(size_t n, size_t act)
{
	struct status_model *m = kit_model();
	struct status_name *names = arena_array(m->arena, n, sizeof(*names));

	m->order = arena_array(m->arena, n, sizeof(*m->order));
	for (size_t i = 0; i < n; i++) {
		names[i] = m->names[i < act ? KIT_C : KIT_A];
		names[i].name = arena_printf(m->arena, "%.*s%zu.example.org",
					     200, KIT_SCRIPT KIT_SCRIPT, i);
		names[i].n_receipts = 0;
		m->order[i] = (uint32_t) i;
	}
	m->names = names;
	m->n_names = m->n_order = n;
	m->n_receipts = 0;
	return m;
}

static size_t rows(const char *page)
{
	const char *end = strstr(page, "id=\"hosts\"");
	size_t n = 0;

	for (page = strstr(page, "id=\"names\""); page < end;
	     page = strstr(page + 1, "\n<tr class"))
		n++;
	return n - 2; /* the table itself, and the first row of the hosts */
}

static void a_page_has_an_end(void **state)
{
	struct status_model *m = large(30000, 20000);
	char *page = made(m, 1);

	assert_true(strlen(page) < 2000000);
	assert_non_null(strstr(page, "more certificates that need somebody"));
	assert_non_null(strstr(page, "more certificates that are well"));
	assert_non_null(strstr(page, "</html>"));
	free(page);
	kit_free(&m);
	/* All that need somebody, and 2,000 more. */
	m = large(5000, 30);
	page = made(m, 1);
	assert_true(strlen(page) < 2000000);
	assert_in_range(rows(page), 2028, 2032);
	assert_null(strstr(page, "more certificates that need somebody"));
	assert_non_null(
		strstr(page, "And 2970 more certificates that are well"));
	free(page);
	kit_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_no_markup),
		cmocka_unit_test(what_needs_somebody_stands_first),
		cmocka_unit_test(the_head_has_all),
		cmocka_unit_test(what_is_not_known_is_said),
		cmocka_unit_test(a_page_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
