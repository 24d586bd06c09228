/* SPDX-License-Identifier: MIT */
/* The page's pictures: bars, two a week or a day. Whoever cannot see them has
 * the numbers, as a table. */
#include <string.h>
#include "clock.h"
#include "forecast.h"
#include "mem.h"
#include "page.h"
#include "store.h"

#define DAY    86400
#define WEEKS  13
#define DAYS   30
#define WIDTH  640
#define HEIGHT 200
#define LEFT   44 /* of the first bar; the axis has its numbers there */
#define BOTTOM 22
#define TOP    10

struct bars {
	const char *id, *title, *each, *one, *two;
	int64_t start, step; /* what each stands for: its first instant, s */
	size_t n;
	uint64_t a[DAYS], b[DAYS];
};

static uint64_t highest(const struct bars *s)
{
	uint64_t max = 1;

	for (size_t i = 0; i < s->n; i++) {
		max = s->a[i] > max ? s->a[i] : max;
		max = s->b[i] > max ? s->b[i] : max;
	}
	return max;
}

static void date(struct page *p, const struct bars *s, size_t i)
{
	char text[CLOCK_TEXT];

	clock_text(s->start + (int64_t) i * s->step, text);
	page_f(p, "%.10s", text);
}

static void bar(struct page *p, const char *class, unsigned int x,
		unsigned int width, uint64_t v, uint64_t max)
{
	unsigned int room = HEIGHT - TOP - BOTTOM;
	unsigned int h = (unsigned int) ((double) v * room / (double) max);

	if (v > 0 && h == 0)
		h = 1;
	if (v > 0)
		page_f(p,
		       "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" "
		       "height=\"%u\"/>",
		       class, x, HEIGHT - BOTTOM - h, width, h);
}

static void legend(struct page *p, const struct bars *s)
{
	page_f(p,
	       "<rect class=\"one\" x=\"%d\" y=\"0\" width=\"9\" height=\"9\"/>"
	       "<text x=\"%d\" y=\"9\">%s</text>"
	       "<rect class=\"two\" x=\"%d\" y=\"0\" width=\"9\" height=\"9\"/>"
	       "<text x=\"%d\" y=\"9\">%s</text>\n",
	       LEFT, LEFT + 13, s->one, LEFT + 150, LEFT + 163, s->two);
}

static void picture(struct page *p, const struct bars *s)
{
	uint64_t max = highest(s);
	unsigned int slot = (unsigned int) ((WIDTH - LEFT) / s->n);
	unsigned int width = (slot - 3) / 2;

	page_f(p,
	       "<div><h2>%s</h2>\n<svg viewBox=\"0 -14 %d %d\" role=\"img\" "
	       "aria-label=\"%s; the numbers are in the table below\">\n",
	       s->title, WIDTH, HEIGHT + 14, s->title);
	page_f(p, "<g transform=\"translate(0 -14)\">");
	legend(p, s);
	page_f(p, "</g>");
	page_f(p,
	       "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
	       "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%llu</text>"
	       "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n",
	       LEFT, WIDTH, HEIGHT - BOTTOM, HEIGHT - BOTTOM, LEFT - 6, TOP + 8,
	       (unsigned long long) max, LEFT - 6, HEIGHT - BOTTOM);
	for (size_t i = 0; i < s->n; i++) {
		unsigned int x = LEFT + (unsigned int) i * slot;

		bar(p, "one", x, width, s->a[i], max);
		bar(p, "two", x + width + 1, width, s->b[i], max);
		if (i % (s->n > 20 ? 7 : 3) != 0 || x > WIDTH - 60)
			continue;
		page_f(p, "<text x=\"%u\" y=\"%d\">", x, HEIGHT - 6);
		date(p, s, i);
		page_f(p, "</text>\n");
	}
	page_f(p, "</svg>\n");
}

static void numbers(struct page *p, const struct bars *s)
{
	page_f(p,
	       "<details><summary>The numbers</summary><table id=\"%s\">"
	       "<caption>%s</caption><thead><tr><th scope=\"col\">%s</th>"
	       "<th scope=\"col\" class=\"n\">%s</th>"
	       "<th scope=\"col\" class=\"n\">%s</th></tr></thead><tbody>\n",
	       s->id, s->title, s->each, s->one, s->two);
	for (size_t i = 0; i < s->n; i++) {
		page_f(p, "<tr><th scope=\"row\">");
		date(p, s, i);
		page_f(p, "</th><td class=\"n\">%llu<td class=\"n\">%llu\n",
		       (unsigned long long) s->a[i],
		       (unsigned long long) s->b[i]);
	}
	page_f(p, "</tbody></table></details></div>\n");
}

/* Weeks from today on. */
static void coming(struct page *p)
{
	const struct status_model *m = p->m;
	int64_t week = 7 * (int64_t) DAY;
	struct bars s = {
		.id = "weeks",
		.title = "Certificates that end, and renewals, by week",
		.each = "Week from",
		.one = "end if not renewed",
		.two = "renewals",
		.start = m->now,
		.step = week,
		.n = WEEKS
	};

	for (size_t i = 0; i < m->n_names; i++) {
		const struct status_name *n = &m->names[i];
		int64_t left = n->ts_not_after - m->now;

		if (n->has_crt && left >= 0 && left / week < WEEKS)
			s.a[left / week]++;
		for (int64_t k = 0; k < WEEKS; k++)
			s.b[k] +=
				forecast_renewals(n, m->now, m->now + k * week,
						  m->now + (k + 1) * week);
	}
	picture(p, &s);
	numbers(p, &s);
}

/* An order that its CA has parked is neither. */
static bool is_neither(const char *outcome)
{
	return strcmp(outcome, STORE_PARKED) == 0;
}

/* Days up to today. */
static void past(struct page *p)
{
	const struct status_model *m = p->m;
	int64_t first = m->now / DAY - DAYS + 1;
	struct bars s = { .id = "days",
			  .title = "Attempts of the last 30 days",
			  .each = "Day",
			  .one = "went well",
			  .two = "failed",
			  .start = first * DAY,
			  .step = DAY,
			  .n = DAYS };

	for (size_t i = 0; i < m->n_totals; i++) {
		const struct status_total *t = &m->totals[i];

		if (t->day < first || t->day >= first + DAYS || t->n < 0 ||
		    is_neither(t->outcome))
			continue;
		if (strcmp(t->outcome, "ok") == 0)
			s.a[t->day - first] += (uint64_t) t->n;
		else
			s.b[t->day - first] += (uint64_t) t->n;
	}
	picture(p, &s);
	numbers(p, &s);
}

void page_pictures(struct page *p)
{
	coming(p);
	past(p);
}
