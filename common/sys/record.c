/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "enc.h"
#include "file.h"
#include "num.h"
#include "record.h"

/* No field that was written begins so. */
#define END "\\end\t"

/* --- writing --- */

void record_begin(struct record_out *o, const char *kind, unsigned int version,
		  size_t max)
{
	*o = (struct record_out){ .lines = 0 };
	sbuf_init(&o->text, max);
	sbuf_addf(&o->text, "%s\t%u\n", kind, version);
}

void record_out_free(struct record_out *o)
{
	sbuf_free(&o->text);
}

static void end_line(struct record_out *o)
{
	if (o->open)
		sbuf_addc(&o->text, '\n');
	o->open = o->started = false;
}

void record_line(struct record_out *o)
{
	end_line(o);
	o->open = true;
	o->lines++;
}

void record_key(struct record_out *o, const char *key)
{
	record_line(o);
	record_add(o, key);
}

static void add_escaped(struct sbuf *out, const char *s)
{
	static const char plain[] = "\\\t\n\r", coded[] = "\\tnr";

	if (strcmp(s, "-") == 0)
		sbuf_addc(out, '\\');
	for (; *s != '\0'; s++) {
		const char *hit = strchr(plain, *s);

		if (hit)
			sbuf_addc(out, '\\');
		sbuf_addc(out, hit ? coded[hit - plain] : *s);
	}
}

void record_add(struct record_out *o, const char *text)
{
	if (o->started)
		sbuf_addc(&o->text, '\t');
	o->started = true;
	if (text)
		add_escaped(&o->text, text);
	else
		sbuf_addc(&o->text, '-');
}

void record_add_int(struct record_out *o, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long) n);
	record_add(o, text);
}

int record_end(struct record_out *o, struct err *err)
{
	char hex[ENC_SHA256_HEX];

	end_line(o);
	enc_sha256_hex(sbuf_str(&o->text), o->text.len, hex);
	sbuf_addf(&o->text, END "%zu\t%s\n", o->lines, hex);
	if (sbuf_over(&o->text) || o->lines > RECORD_LINES_MAX)
		return err_set(err, ERR_LIMIT, "there is too much to keep");
	return 0;
}

int record_replace(struct record_out *o, const char *path, const char *before,
		   struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };

	if (record_end(o, err) == -1)
		return err_wrap(err, "%s", path);
	if (before && strcmp(sbuf_str(&o->text), before) == 0)
		return 0;
	return file_replace(path, o->text.buf, o->text.len, &attr, err);
}

int record_write(struct record_out *o, const char *path, struct err *err)
{
	return record_replace(o, path, NULL, err);
}

/* --- reading --- */

static int damaged(struct err *err, const char *how)
{
	return err_set(err, ERR_INPUT, "%s", how);
}

/* In place. False: no escape of ours. */
static bool unescape(char *s)
{
	static const char plain[] = "\\\t\n\r-", coded[] = "\\tnr-";
	char *to = s;

	for (; *s != '\0'; s++) {
		const char *hit;

		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		hit = s[1] != '\0' ? strchr(coded, *++s) : NULL;
		if (!hit)
			return false;
		*to++ = plain[hit - coded];
	}
	*to = '\0';
	return true;
}

static bool split(char *s, bool escaped, struct arena *arena,
		  struct record_line *ret)
{
	size_t n = 1;

	for (const char *c = s; *c != '\0'; c++)
		n += *c == '\t';
	if (n > RECORD_FIELDS_MAX)
		return false;
	*ret = (struct record_line){ .v = arena_array(arena, n,
						      sizeof(*ret->v)) };
	while (ret->n < n) {
		char *tab = strchr(s, '\t');

		if (tab)
			*tab = '\0';
		ret->v[ret->n++] = strcmp(s, "-") == 0 ? NULL : s;
		if (escaped && !unescape(s))
			return false;
		s = tab ? tab + 1 : s;
	}
	return true;
}

/* The version in the first line of TEXT, which is KIND's, and where it ends;
 * 1 when there is no such line. */
static int64_t version_of(const char *text, const char *kind, size_t *ret_len)
{
	size_t len = strlen(kind);
	const char *nl = strchr(text, '\n');
	char number[12] = "";
	int64_t version;

	*ret_len = 0;
	if (!nl || strncmp(text, kind, len) != 0 || text[len] != '\t')
		return 1;
	*ret_len = (size_t) (nl + 1 - text);
	text += len + 1;
	len = (size_t) (nl - text);
	if (len >= sizeof(number))
		return -1;
	memcpy(number, text, len);
	if (num_int(number, 1, INT32_MAX, &version, NULL) == -1)
		return -1;
	return version;
}

/* Ends TEXT before its last line, if that is right; the number of lines it
 * tells of. */
static int check_end(char *text, size_t len, int64_t *ret_lines,
		     struct err *err)
{
	char hex[ENC_SHA256_HEX], *last = text, *tab;

	if (len == 0 || text[len - 1] != '\n')
		return damaged(err, "it was cut, its end is missing");
	text[len - 1] = '\0';
	last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	if (strncmp(last, END, strlen(END)) != 0)
		return damaged(err, "it was cut, its end is missing");
	enc_sha256_hex(text, (size_t) (last - text), hex);
	*last = '\0';
	last += strlen(END);
	tab = strchr(last, '\t');
	if (tab)
		*tab++ = '\0';
	if (!tab || strcmp(tab, hex) != 0 ||
	    num_int(last, 0, RECORD_LINES_MAX, ret_lines, NULL) == -1)
		return damaged(err, "it is damaged, its sum does not fit");
	return 0;
}

static int parse_lines(char *p, int64_t want, bool tabs, struct arena *arena,
		       struct record *ret, struct err *err)
{
	size_t lines = 0;
	char *nl;

	for (const char *c = p; (c = strchr(c, '\n')); c++)
		lines++;
	if (lines > RECORD_LINES_MAX)
		return damaged(err, "it has too many lines");
	if (want >= 0 && lines != (size_t) want)
		return damaged(err, "it is damaged, lines are missing");
	ret->v = arena_array(arena, lines + 1, sizeof(*ret->v));
	for (size_t line = 1; (nl = strchr(p, '\n')); p = nl + 1, line++) {
		*nl = '\0';
		if ((tabs && *p != '\0' && !strchr(p, '\t')) ||
		    !split(p, want >= 0, arena, &ret->v[ret->n++]))
			return err_set(err, ERR_INPUT,
				       "line %zu of it is damaged", line);
	}
	if (*p != '\0')
		return damaged(err, "it was cut in the middle of a line");
	return 0;
}

int record_parse(const char *text, size_t len, const char *kind,
		 unsigned int newest, struct arena *arena, struct record *ret,
		 struct err *err)
{
	char *copy = arena_strndup(arena, text, len);
	struct record out = { .n = 0 };
	int64_t version, lines = -1;
	size_t first;

	if (strlen(copy) != len)
		return damaged(err, "it is damaged, it has NUL in it");
	version = version_of(copy, kind, &first);
	if (version == -1)
		return damaged(err, "its first line is damaged");
	if (version > newest)
		return err_set(err, ERR_INPUT,
			       "a newer version of this program wrote it");
	if (version > 1 && check_end(copy, len, &lines, err) == -1)
		return -1;
	out.version = (unsigned int) version;
	/* Without a first line it is known by its tabs alone. */
	if (parse_lines(copy + first, lines, first == 0, arena, &out, err) ==
	    -1)
		return -1;
	*ret = out;
	return 0;
}

int record_read(const char *path, const char *kind, unsigned int newest,
		size_t max, struct arena *arena, struct record *ret,
		struct err *err)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(max);
	int found = file_read(path, &content, err);

	if (found != 1)
		return found;
	if (record_parse(sbuf_str(&content), content.len, kind, newest, arena,
			 ret, err) == -1)
		return err_wrap(err, "%s", path);
	return 1;
}

bool record_is(const struct record_line *l, const char *key, size_t n)
{
	return l->n == n && l->v[0] && strcmp(l->v[0], key) == 0;
}

int64_t record_int(const struct record_line *l, size_t i)
{
	int64_t n = 0;

	if (i >= l->n || !l->v[i] ||
	    num_int(l->v[i], INT64_MIN, INT64_MAX, &n, NULL) == -1)
		return 0;
	return n;
}
