/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include "mem.h"
#include "sbuf.h"
#include "words.h"

#define TEXT_MAX (1u << 20) /* PROFILE_ARGV_MAX words do not reach it */
#define HEAD_MAX 60	    /* what tells a long one from others ... */
#define TAIL_MAX 140	    /* ... is, with ssh, its end */

static bool is_plain(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789@%+=:,./_-") == strlen(word);
}

static void add_quoted(struct sbuf *out, const char *word)
{
	sbuf_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			sbuf_adds(out, "'\\''");
		else
			sbuf_addc(out, *word);
	}
	sbuf_addc(out, '\'');
}

char *words_text(const char *const *argv)
{
	struct sbuf out = SBUF_INIT(TEXT_MAX);
	size_t i;

	for (i = 0; argv[i]; i++) {
		if (i > 0)
			sbuf_addc(&out, ' ');
		if (is_plain(argv[i]))
			sbuf_adds(&out, argv[i]);
		else
			add_quoted(&out, argv[i]);
	}
	return sbuf_take(&out, NULL);
}

char *words_short(const char *const *argv)
{
	AUTO(mem_free_str) char *text = words_text(argv);
	size_t len = strlen(text);

	if (len <= HEAD_MAX + TAIL_MAX)
		return TAKE(text);
	return mem_printf("%.*s ... %s", HEAD_MAX, text, text + len - TAIL_MAX);
}

char *words_list(const char *const *argv)
{
	struct sbuf out = SBUF_INIT(TEXT_MAX);
	size_t i, len, n = 0;

	sbuf_adds(&out, "[");
	for (i = 0; argv[i]; i++) {
		const char *p = argv[i];

		while (*(p += strspn(p, " \t\n"))) {
			len = strcspn(p, " \t\n");
			sbuf_addf(&out, "%s \"%.*s\"", n++ > 0 ? "," : "",
				  (int) len, p);
			p += len;
		}
	}
	sbuf_adds(&out, " ]");
	return sbuf_take(&out, NULL);
}
