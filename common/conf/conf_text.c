/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <limits.h>
#include "conf_text.h"
#include "file.h"

#define NAME_CHARS                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789-_*"
#define NUL_BYTE "a NUL byte stands here; is this a text file?"

/* One file while it is copied. */
struct scan {
	struct conf_text *t;
	struct arena *arena;
	struct conf_errors *errs;
	struct conf_src at; /* file and current line */
	const char *dir;    /* for @include; NULL refuses it */
	const char *p;
	const char *end;
	unsigned int depth;
};

void conf_text_init(struct conf_text *t)
{
	*t = (struct conf_text){ .text = SBUF_INIT(CONF_TEXT_MAX) };
}

void conf_text_free(struct conf_text *t)
{
	sbuf_free(&t->text);
	free(t->lines);
	conf_text_init(t);
}

struct conf_src conf_text_where(const struct conf_text *t, unsigned int line)
{
	if (t->n == 0)
		return (struct conf_src){ NULL, 0 };
	if (line == 0)
		line = 1;
	return t->lines[line <= t->n ? line - 1 : t->n - 1];
}

/* The line that text now ends in comes from `at`. */
static void mark_line(struct scan *s)
{
	struct conf_text *t = s->t;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->lines = mem_grow(t->lines, t->cap, sizeof(*t->lines));
	}
	t->lines[t->n++] = s->at;
}

static void new_line(struct scan *s)
{
	sbuf_addc(&s->t->text, '\n');
	s->at.line++;
	mark_line(s);
}

static char peek(const struct scan *s, size_t ahead)
{
	return (size_t) (s->end - s->p) > ahead ? s->p[ahead] : '\0';
}

/* Blanks for what libconfig should not see. */
static void skip(struct scan *s, size_t len)
{
	s->p += len;
	sbuf_addc(&s->t->text, ' ');
}

static void copy(struct scan *s, size_t len)
{
	sbuf_add(&s->t->text, s->p, len);
	s->p += len;
}

static void nul_byte(struct scan *s)
{
	conf_error(s->errs, &s->at, NUL_BYTE);
	skip(s, 1);
}

static void line_comment(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n') {
		if (*s->p == '\0')
			nul_byte(s);
		else
			s->p++;
	}
}

static void block_comment(struct scan *s)
{
	struct conf_src start = s->at;

	for (s->p += 2; s->p < s->end; s->p++) {
		if (*s->p == '*' && peek(s, 1) == '/') {
			skip(s, 2);
			return;
		}
		if (*s->p == '\n')
			new_line(s);
		if (*s->p == '\0')
			conf_error(s->errs, &s->at, NUL_BYTE);
	}
	s->t->incomplete = true;
	conf_error(s->errs, &start, "this comment is never closed by */");
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void escape(struct scan *s)
{
	char next = peek(s, 1);

	if (next == 'x' && peek(s, 2) == '0' && peek(s, 3) == '0') {
		conf_error(s->errs, &s->at,
			   "\\x00 cannot be a part of a string");
		skip(s, 4);
	} else if (next == 'x' && hex_value(peek(s, 2)) != -1 &&
		   hex_value(peek(s, 3)) != -1) {
		copy(s, 4);
	} else if (next != '\0' && strchr("nrtf\\\"", next)) {
		copy(s, 2);
	} else {
		conf_error(s->errs, &s->at,
			   "unknown escape in a string; write \\\\ for a "
			   "backslash");
		skip(s, 1);
	}
}

static void string(struct scan *s)
{
	copy(s, 1);
	while (s->p < s->end && *s->p != '\n') {
		if (*s->p == '"') {
			copy(s, 1);
			return;
		}
		if (*s->p == '\0')
			nul_byte(s);
		else if (*s->p == '\\')
			escape(s);
		else
			copy(s, 1);
	}
	conf_error(s->errs, &s->at,
		   "this string is not closed on its line by \"; longer ones "
		   "are written \"part\" \"part\"");
	sbuf_addc(&s->t->text, '"');
}

/* Whether the digits (after any sign and 0x) fit in an int64_t. */
static bool fits(const char *p, size_t len, int base, bool negative)
{
	uint64_t value = 0;

	for (; len > 0; p++, len--)
		if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
		    __builtin_add_overflow(value, (uint64_t) hex_value(*p),
					   &value))
			return false;
	return value <= (uint64_t) INT64_MAX + (negative && base == 10);
}

static size_t span(const struct scan *s, const char *from, const char *set)
{
	const char *p = from;

	while (p < s->end && *p != '\0' && strchr(set, *p))
		p++;
	return (size_t) (p - from);
}

static void number(struct scan *s)
{
	bool negative = *s->p == '-';
	const char *p = s->p + (*s->p == '-' || *s->p == '+');
	bool hex = p + 1 < s->end && p[0] == '0' && (p[1] | 32) == 'x';
	size_t len, whole, suffix;

	p += hex ? 2 : 0;
	len = span(s, p, hex ? "0123456789abcdefABCDEF" : "0123456789");
	whole = (size_t) (p - s->p) + len;
	if (!hex && p + len < s->end && strchr(".eE", p[len]) && p[len]) {
		/* A float; no setting takes one, libconfig may read it. */
		copy(s, whole + span(s, p + len, "0123456789.eE+-"));
		return;
	}
	suffix = span(s, p + len, "L");
	if (!hex && len > 1 && p[0] == '0')
		conf_error(s->errs, &s->at,
			   "number %.*s begins with 0; numbers are decimal, a "
			   "file mode is written \"0640\"",
			   (int) (whole > 40 ? 40 : whole), s->p);
	if (fits(p, len, hex ? 16 : 10, negative)) {
		copy(s, whole);
	} else {
		conf_error(s->errs, &s->at, "number %.*s is out of range",
			   (int) (whole > 40 ? 40 : whole), s->p);
		sbuf_adds(&s->t->text, "0");
		s->p += whole;
	}
	sbuf_adds(&s->t->text, "L");
	s->p += suffix;
}

static void name(struct scan *s)
{
	copy(s, span(s, s->p, NAME_CHARS));
}

static void scan_file(struct conf_text *t, const char *path, const char *dir,
		      unsigned int depth, const struct conf_src *from,
		      struct arena *arena, struct conf_errors *errs);

/* `@include "FILE"`, alone on its line. */
static void include(struct scan *s)
{
	AUTO(mem_free_str) char *path = NULL;
	struct conf_src here = s->at;
	const char *start = s->p, *file;
	size_t len;

	while (s->p < s->end && *s->p != '\n')
		s->p++;
	if (!s->dir) {
		conf_error(s->errs, &here, "@include is not possible here");
		return;
	}
	start += strlen("@include");
	start += span(s, start, " \t");
	file = start + 1;
	for (len = 0; file + len < s->p && file[len] != '"'; len++)
		if (file[len] == '\0' || file[len] == '\\')
			break;
	if (start >= s->p || *start != '"' || file + len >= s->p ||
	    file[len] != '"' || len == 0 || len >= PATH_MAX ||
	    span(s, file + len + 1, " \t\r") !=
		    (size_t) (s->p - (file + len + 1))) {
		conf_error(s->errs, &here,
			   "@include stands alone on its line, as in: "
			   "@include \"more.conf\"");
		return;
	}
	path = *file == '/' ? mem_strndup(file, len)
			    : mem_printf("%s/%.*s", s->dir, (int) len, file);
	/* What is included has lines of its own, and so has what follows. */
	sbuf_addc(&s->t->text, '\n');
	scan_file(s->t, path, s->dir, s->depth + 1, &here, s->arena, s->errs);
	sbuf_addc(&s->t->text, '\n');
	mark_line(s);
}

static void at_sign(struct scan *s)
{
	static const char word[] = "@include";

	if ((size_t) (s->end - s->p) >= sizeof(word) - 1 &&
	    memcmp(s->p, word, sizeof(word) - 1) == 0) {
		include(s);
		return;
	}
	conf_error(s->errs, &s->at, "'@' has no meaning here");
	skip(s, 1);
}

static bool begins_number(const struct scan *s)
{
	char c = *s->p;

	if (c == '-' || c == '+')
		c = peek(s, 1);
	return isdigit((unsigned char) c);
}

static bool begins_name(const struct scan *s)
{
	return isalpha((unsigned char) *s->p) || *s->p == '*';
}

/* A slash that begins a comment, or does not. */
static void slash(struct scan *s)
{
	if (peek(s, 1) == '/')
		line_comment(s);
	else if (peek(s, 1) == '*')
		block_comment(s);
	else
		copy(s, 1);
}

static void scan_one(struct scan *s)
{
	if (begins_number(s)) {
		number(s);
		return;
	}
	if (begins_name(s)) {
		name(s);
		return;
	}
	switch (*s->p) {
	case '\0':
		nul_byte(s);
		break;
	case '\n':
		s->p++;
		new_line(s);
		break;
	case '#':
		line_comment(s);
		break;
	case '/':
		slash(s);
		break;
	case '"':
		string(s);
		break;
	case '@':
		at_sign(s);
		break;
	case '.': /* a float that begins so */
	case '-':
	case '+':
		copy(s, span(s, s->p, "0123456789.eE+-"));
		break;
	default:
		copy(s, 1);
	}
}

static void scan_text(struct scan *s)
{
	mark_line(s);
	while (s->p < s->end && !sbuf_over(&s->t->text))
		scan_one(s);
}

static void scan_file(struct conf_text *t, const char *path, const char *dir,
		      unsigned int depth, const struct conf_src *from,
		      struct arena *arena, struct conf_errors *errs)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(CONF_FILE_MAX);
	struct err err = ERR_INIT;
	struct scan s = {
		.t = t,
		.arena = arena,
		.errs = errs,
		.at = { arena_strdup(arena, path), 1 },
		.dir = dir,
		.depth = depth,
	};

	if (depth > CONF_TEXT_DEPTH || ++t->files > CONF_TEXT_FILES) {
		conf_error(errs, from,
			   "@include goes too deep or names too many files");
		mark_line(&s);
		t->incomplete = true;
		return;
	}
	if (file_read_config(path, &content, &err) == -1) {
		conf_error(errs, from, "%s", err.msg);
		mark_line(&s);
		t->incomplete = true;
		return;
	}
	s.p = sbuf_str(&content);
	s.end = s.p + content.len;
	scan_text(&s);
}

static void check_size(struct conf_text *t, const struct conf_src *src,
		       struct conf_errors *errs)
{
	if (sbuf_over(&t->text))
		conf_error(errs, src, "is larger than %u bytes", CONF_TEXT_MAX);
	if (t->n > CONF_TEXT_LINES)
		conf_error(errs, src,
			   "has more than %u lines; spread them "
			   "over several files in its .d folder",
			   CONF_TEXT_LINES);
}

void conf_text_load(struct conf_text *t, const char *path, struct arena *arena,
		    struct conf_errors *errs)
{
	AUTO(mem_free_str) char *dir = file_dirname(path);
	struct conf_src src = { path, 0 };

	scan_file(t, path, dir, 0, NULL, arena, errs);
	check_size(t, &src, errs);
}

void conf_text_from_string(struct conf_text *t, const char *name_,
			   const char *text, struct arena *arena,
			   struct conf_errors *errs)
{
	struct scan s = {
		.t = t,
		.arena = arena,
		.errs = errs,
		.at = { arena_strdup(arena, name_), 1 },
		.p = text,
		.end = text + strlen(text),
	};
	struct conf_src src = { name_, 0 };

	scan_text(&s);
	check_size(t, &src, errs);
}

/* --- a setting that is there twice --- */

#define GROUPS_MAX 100 /* open at a time */

struct named {
	const char *name;
	size_t len, group;
	unsigned int line;
};

/* Walks through a text that is already clean: no comments, closed strings. */
struct walk {
	struct named *seen;
	size_t n, cap;
	size_t open[GROUPS_MAX]; /* the number of each group, 0: of a list */
	size_t depth, groups;
	unsigned int line;
};

static void walk_free(struct walk *w)
{
	free(w->seen);
}

/* Behind the string at P. */
static const char *behind_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* The one of the same name in the same group, or NULL. */
static const struct named *earlier(const struct walk *w,
				   const struct named *now)
{
	for (size_t i = w->n; i-- > 0;) {
		const struct named *s = &w->seen[i];

		if (s->group == now->group && s->len == now->len &&
		    memcmp(s->name, now->name, s->len) == 0)
			return s;
	}
	return NULL;
}

static bool is_setting(const struct walk *w, const char *behind)
{
	behind += strspn(behind, " \t\r\n");
	return w->open[w->depth] != 0 && (*behind == '=' || *behind == ':');
}

/* The name at P; true when it was there before, and that is told. */
static bool name_twice(struct walk *w, const struct conf_text *t, const char *p,
		       size_t len, struct conf_errors *errs)
{
	struct named now = { p, len, w->open[w->depth], w->line };
	const struct named *first = earlier(w, &now);
	struct conf_src src, before;

	if (!first) {
		if (w->n == w->cap) {
			w->cap = w->cap ? w->cap * 2 : 64;
			w->seen = mem_grow(w->seen, w->cap, sizeof(*w->seen));
		}
		w->seen[w->n++] = now;
		return false;
	}
	src = conf_text_where(t, now.line);
	before = conf_text_where(t, first->line);
	conf_error(errs, &src, "setting `%.*s': is already set in %s:%u",
		   (int) len, p, before.file, before.line);
	return true;
}

static bool bracket(struct walk *w, char c)
{
	if (strchr(")]}", c)) {
		w->depth -= w->depth > 0;
		return true;
	}
	if (!strchr("([{", c))
		return true;
	if (w->depth + 1 == GROUPS_MAX)
		return false;
	w->open[++w->depth] = c == '{' ? ++w->groups : 0;
	return true;
}

bool conf_text_twice(const struct conf_text *t, struct conf_errors *errs)
{
	AUTO(walk_free) struct walk w = { .groups = 1, .line = 1 };
	const char *p = sbuf_str(&t->text);

	w.open[0] = 1;
	while (*p) {
		size_t len = strspn(p, NAME_CHARS);

		if (*p == '"') {
			p = behind_string(p);
			continue;
		}
		if (len > 0 && is_setting(&w, p + len) &&
		    name_twice(&w, t, p, len, errs))
			return true;
		if (len == 0 && !bracket(&w, *p))
			return false;
		w.line += *p == '\n';
		p += len > 0 ? len : 1;
	}
	return false;
}

/* A word without quotes where a value should be, or NULL; its length. */
static const char *bare_word(const char *p, size_t *ret)
{
	while (*p && *p != '\n' && *p != '#' && strncmp(p, "//", 2) != 0) {
		if (*p == '"') {
			p = behind_string(p);
			continue;
		}
		if (*p != '=' && *p != ':') {
			p++;
			continue;
		}
		p++;
		p += strspn(p, " \t");
		*ret = strspn(p, NAME_CHARS);
		if (isalpha((unsigned char) *p) &&
		    !(*ret == 4 && strncasecmp(p, "true", 4) == 0) &&
		    !(*ret == 5 && strncasecmp(p, "false", 5) == 0))
			return p;
	}
	return NULL;
}

const char *conf_text_hint(const struct conf_text *t, unsigned int line,
			   struct arena *arena)
{
	static const char *const bools[] = { "yes", "no", "on", "off" };
	const char *p = sbuf_str(&t->text), *word;
	size_t len;

	while (line > 1 && *p) {
		p += strcspn(p, "\n");
		p += *p == '\n';
		line--;
	}
	word = bare_word(p, &len);
	if (!word || len > 100)
		return " here or before: is a ';', comma, quote or bracket "
		       "missing?";
	for (size_t i = 0; i < ARRAY_LEN(bools); i++)
		if (len == strlen(bools[i]) &&
		    strncasecmp(word, bools[i], len) == 0)
			return arena_printf(arena,
					    ": `%.*s' is no value, write true "
					    "or false",
					    (int) len, word);
	return arena_printf(arena,
			    ": `%.*s' is no value, a text is written in quotes",
			    (int) len, word);
}
