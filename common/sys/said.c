/* SPDX-License-Identifier: MIT */
#include "plain.h"
#include "said.h"
#include "strlist.h"

#define ONE_MAX	 250		     /* of one line, where there are several */
#define HEAD_MAX 130		     /* of all, when it is too much */
#define TEXT_MAX (SAID_LINE_MAX - 2) /* without its quotes */
#define TAIL_MAX (TEXT_MAX - HEAD_MAX - 5)

void said_add(struct said *s, const char *p, size_t len)
{
	size_t room = SAID_HEAD_MAX - s->n, part = len < room ? len : room;
	size_t at;

	memcpy(s->head + s->n, p, part);
	s->n += part;
	s->total += part;
	for (p += part, len -= part; len > 0; p += part, len -= part) {
		at = (s->total - SAID_HEAD_MAX) % SAID_TAIL_MAX;
		room = SAID_TAIL_MAX - at;
		part = len < room ? len : room;
		memcpy(s->tail + at, p, part);
		s->total += part;
	}
}

void said_text(const struct said *s, struct sbuf *ret)
{
	size_t rest = s->total - s->n, at = rest % SAID_TAIL_MAX;

	sbuf_add(ret, s->head, s->n);
	if (rest <= SAID_TAIL_MAX) {
		sbuf_add(ret, s->tail, rest);
		return;
	}
	sbuf_addf(ret, "\n[... %zu bytes are left out ...]\n",
		  rest - SAID_TAIL_MAX);
	sbuf_add(ret, s->tail + at, SAID_TAIL_MAX - at);
	sbuf_add(ret, s->tail, at);
}

/* The lines that say something, without the blanks around them. */
static void split(const char *text, struct strlist *ret)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	while (*(text += strspn(text, blanks))) {
		const char *end = text + strcspn(text, "\r\n");

		for (len = (size_t) (end - text);
		     strchr(blanks, text[len - 1]);)
			len--;
		strlist_addf(ret, "%.*s", (int) len, text);
		text = end;
	}
}

static char *join(const struct strlist *lines)
{
	struct sbuf out = SBUF_INIT(SAID_MAX * 4);
	size_t i, max = lines->n > 1 ? ONE_MAX : TEXT_MAX;

	for (i = 0; i < lines->n; i++) {
		bool cut = strlen(lines->v[i]) > max;

		sbuf_addf(&out, "%s%.*s%s", i > 0 ? " / " : "",
			  (int) (cut ? max - 4 : max), lines->v[i],
			  cut ? " ..." : "");
	}
	return sbuf_take(&out, NULL);
}

char *said_line(const char *text)
{
	AUTO(strlist_free) struct strlist lines = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL;
	char quoted[PLAIN_QUOTED];
	char *p, *short_one;
	size_t len;

	split(text, &lines);
	all = join(&lines);
	for (p = all; (p = strchr(p, '\t'));)
		*p = ' ';
	len = strlen(all);
	if (len > TEXT_MAX) {
		short_one = mem_printf("%.*s ... %s", HEAD_MAX, all,
				       all + len - TAIL_MAX);
		mem_free_str(&all);
		all = short_one;
	}
	return len > 0 ? mem_strdup(plain_quoted(all, quoted)) : TAKE(all);
}
