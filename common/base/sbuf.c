/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include "plain.h"
#include "sbuf.h"

void sbuf_init(struct sbuf *s, size_t max)
{
	*s = (struct sbuf) SBUF_INIT(max);
}

void sbuf_free(struct sbuf *s)
{
	free(s->buf);
	sbuf_init(s, s->max);
}

void sbuf_erase(struct sbuf *s)
{
	if (s->buf)
		mem_erase(s->buf, s->cap);
	sbuf_free(s);
}

void sbuf_clear(struct sbuf *s)
{
	s->len = 0;
	s->over = false;
	if (s->buf)
		s->buf[0] = '\0';
}

/* Room for LEN more and the NUL, or false and `over`. */
static bool reserve(struct sbuf *s, size_t len)
{
	size_t need, cap;
	char *fresh;

	if (s->over || len > s->max - s->len || s->max == SIZE_MAX) {
		s->over = true;
		return false;
	}
	need = s->len + len + 1;
	if (need <= s->cap)
		return true;
	cap = s->cap < 32 ? 64 : s->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	/* Not realloc: what is left behind may be a part of a secret. */
	fresh = mem_alloc(cap);
	if (s->buf) {
		memcpy(fresh, s->buf, s->len);
		mem_erase(s->buf, s->cap);
		free(s->buf);
	}
	s->buf = fresh;
	s->cap = cap;
	return true;
}

void sbuf_add(struct sbuf *s, const void *p, size_t len)
{
	if (!reserve(s, len))
		return;
	if (len)
		memcpy(s->buf + s->len, p, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void sbuf_adds(struct sbuf *s, const char *str)
{
	sbuf_add(s, str, strlen(str));
}

void sbuf_addc(struct sbuf *s, char c)
{
	sbuf_add(s, &c, 1);
}

void sbuf_addf(struct sbuf *s, const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	char small[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t) len < sizeof(small)) {
		sbuf_add(s, small, (size_t) len);
		return;
	}
	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	sbuf_adds(s, text);
}

void sbuf_add_clean(struct sbuf *s, const char *str)
{
	AUTO(mem_free_str) char *copy = mem_strdup(str ? str : "");

	plain_ascii(copy);
	sbuf_adds(s, copy);
}

/* What is no plain character: as an escape, or U+FFFD when it is none at all.
 * Returns its length in bytes. */
static size_t add_json_escape(struct sbuf *s, const unsigned char *p)
{
	bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

	if (*p >= 0x80 && !c1)
		sbuf_adds(s, "\\ufffd");
	else
		sbuf_addf(s, "\\u%04x", c1 ? p[1] : p[0]);
	return c1 ? 2 : 1;
}

/* One character of a JSON string (RFC 8259 section 7); returns its length in
 * bytes. */
static size_t add_json_char(struct sbuf *s, const char *p)
{
	size_t len = plain_len(p);

	switch (*p) {
	case '"':
		sbuf_adds(s, "\\\"");
		break;
	case '\\':
		sbuf_adds(s, "\\\\");
		break;
	case '\n':
		sbuf_adds(s, "\\n");
		break;
	case '\r':
		sbuf_adds(s, "\\r");
		break;
	case '\t':
		sbuf_adds(s, "\\t");
		break;
	default:
		if (len == 0)
			return add_json_escape(s, (const unsigned char *) p);
		sbuf_add(s, p, len);
		return len;
	}
	return 1;
}

/* What is as it is, from P on: most of all there is. */
static size_t json_run(const char *p)
{
	const char *q = p;

	while (*q >= ' ' && *q <= '~' && *q != '"' && *q != '\\')
		q++;
	return (size_t) (q - p);
}

void sbuf_add_json(struct sbuf *s, const char *str)
{
	size_t start = s->len, run;

	sbuf_addc(s, '"');
	while (*str) {
		run = json_run(str);
		if (run > 0)
			sbuf_add(s, str, run);
		str += run > 0 ? run : add_json_char(s, str);
	}
	sbuf_addc(s, '"');
	if (s->over && s->len > start) {
		s->len = start;
		s->buf[start] = '\0';
	}
}

bool sbuf_over(const struct sbuf *s)
{
	return s->over;
}

const char *sbuf_str(const struct sbuf *s)
{
	return s->buf ? s->buf : "";
}

char *sbuf_take(struct sbuf *s, size_t *ret_len)
{
	char *p = s->buf ? s->buf : mem_strdup("");

	if (ret_len)
		*ret_len = s->len;
	sbuf_init(s, s->max);
	return p;
}
