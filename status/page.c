/* SPDX-License-Identifier: MIT */
#include "page.h"
#include <stdarg.h>
#include <string.h>
#include "clock.h"
#include "plain.h"

void page_f(struct page *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(p->f, fmt, ap);
	va_end(ap);
	p->bytes += n > 0 ? (size_t) n : 0;
}

/* What has a meaning between tags or quotes; NULL: it stands for itself. */
static const char *escape(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

void page_text(struct page *p, const char *text)
{
	while (text && *text) {
		size_t len = plain_len(text);
		const char *as = len == 0 ? "?" : escape(*text);

		if (as)
			page_f(p, "%s", as);
		else
			page_f(p, "%.*s", (int) len, text);
		text += len == 0 ? 1 : len;
	}
}

void page_time(struct page *p, int64_t t)
{
	char text[CLOCK_TEXT];

	clock_text(t, text);
	if (strlen(text) == CLOCK_TEXT - 4)
		page_f(p, "%.10s %.5s", text, text + 11);
	else
		page_f(p, "%s", text);
}
