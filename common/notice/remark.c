/* SPDX-License-Identifier: MIT */
#include "remark.h"
#include <stdlib.h>
#include <string.h>
#include "enc.h"
#include "log.h"
#include "plain.h"
#include "strlist.h"

static struct {
	struct arena *arena;
	struct remark v[REMARK_MAX];
	size_t n;
} kept;

/* notice.h passes over words that have digits in them. */
static const char *letters_of(const char *alike)
{
	char hex[ENC_SHA256_HEX];

	enc_sha256_hex(alike, strlen(alike), hex);
	for (char *p = hex; *p; p++)
		if (*p <= '9')
			*p = (char) ('g' + (*p - '0'));
	return arena_strdup(kept.arena, hex);
}

void remark_warn(enum notice_topic topic, const char *ca, const char *alike,
		 const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	log_warn("CA %s: %s", ca, text);
	if (kept.n == REMARK_MAX)
		return;
	if (!kept.arena)
		kept.arena = arena_new();
	kept.v[kept.n++] = (struct remark){
		.topic = topic,
		.ca = arena_strdup(kept.arena, ca),
		.alike = letters_of(alike),
		.text = arena_strdup(kept.arena, text),
	};
}

const struct remark *remark_all(size_t *ret_n)
{
	*ret_n = kept.n;
	return kept.v;
}

void remark_print(void)
{
	AUTO(strlist_free) struct strlist lines = STRLIST_INIT;

	for (size_t i = 0; i < kept.n; i++) {
		AUTO(mem_free_str)
		char *line =
			mem_printf("CA %s: %s", kept.v[i].ca, kept.v[i].text);

		plain_utf8(line);
		strlist_add(&lines, line);
	}
	notice_print(&lines);
	remark_clear();
}

void remark_clear(void)
{
	arena_free(&kept.arena);
	kept.n = 0;
}
