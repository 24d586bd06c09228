/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "file.h"
#include "journal.h"
#include "num.h"

#define MAGIC "certrepo-journal\t1"

/* Fields are separated by tabs; what has tabs or newlines in it never gets
 * here (paths and names are checked with the configuration). "-" is NULL. */

static const char *const states[] = {
	[JOURNAL_PREPARE] = "prepare",	 [JOURNAL_INSTALL] = "install",
	[JOURNAL_ACTIVATE] = "activate", [JOURNAL_ROLLBACK] = "rollback",
	[JOURNAL_CLOSE] = "close",
};

static const char *or_dash(const char *s)
{
	return s ? s : "-";
}

static void add(struct sbuf *out, const char *key, const char *value)
{
	if (value)
		sbuf_addf(out, "%s\t%s\n", key, value);
}

static void build(struct sbuf *out, const struct journal *j)
{
	sbuf_adds(out, MAGIC "\n");
	add(out, "service", j->service);
	add(out, "gen", j->gen);
	add(out, "state", states[j->state]);
	add(out, "back", j->back ? "yes" : NULL);
	add(out, "activated", j->activated ? "yes" : NULL);
	add(out, "no-hold", j->no_hold ? "yes" : NULL);
	add(out, "hold", j->hold);
	add(out, "consumed", j->consumed);
	add(out, "reason", j->reason);
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		sbuf_addf(out, "%s\t%s\t%s\t%s\t%s\n",
			  o->type == JOURNAL_LINK ? "link" : "file", o->path,
			  or_dash(o->next), or_dash(o->sha256),
			  or_dash(o->old));
	}
	for (size_t i = 0; i < j->n_certs; i++) {
		const struct journal_cert *c = &j->certs[i];

		sbuf_addf(out, "cert\t%s\t%s\t%s\t%s\t%lld\t%lld", c->name,
			  or_dash(c->fingerprint), or_dash(c->chain),
			  or_dash(c->old), (long long) c->not_before,
			  (long long) c->not_after);
		if (c->left)
			sbuf_addf(out, "\t%s", c->left);
		sbuf_addc(out, '\n');
	}
	for (size_t i = 0; i < j->n_endpoints; i++) {
		const struct journal_endpoint *e = &j->endpoints[i];

		sbuf_addf(out, "endpoint\t%s\t%s\t%s\t%s\t%s\n", e->address,
			  e->look, e->reachable ? "up" : "down",
			  or_dash(e->fingerprint), or_dash(e->chain));
	}
	sbuf_adds(out, "end\n");
}

int journal_write(const char *path, const struct journal *j, size_t n,
		  struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(JOURNAL_MAX);

	for (size_t i = 0; i < n; i++)
		build(&out, &j[i]);
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT,
			       "the journal of service %s would be too large",
			       j->service);
	return file_replace(path, out.buf, out.len, &attr, err);
}

#define FIELDS_MAX 8

struct line {
	const char *v[FIELDS_MAX];
	size_t n;
};

static void split(char *s, struct line *ret)
{
	ret->n = 0;
	while (ret->n < FIELDS_MAX) {
		char *tab = strchr(s, '\t');

		ret->v[ret->n++] = s;
		if (!tab)
			return;
		*tab = '\0';
		s = tab + 1;
	}
}

static const char *field(const struct line *l, size_t i)
{
	return strcmp(l->v[i], "-") == 0 ? NULL : l->v[i];
}

static int parse_state(const char *s, enum journal_state *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i], s) == 0) {
			*ret = (enum journal_state) i;
			return 0;
		}
	}
	return -1;
}

static int parse_pair(const struct line *l, struct journal *j)
{
	const char *key = l->v[0], *value = l->v[1];

	if (strcmp(key, "service") == 0)
		j->service = value;
	else if (strcmp(key, "gen") == 0)
		j->gen = value;
	else if (strcmp(key, "state") == 0)
		return parse_state(value, &j->state);
	else if (strcmp(key, "back") == 0)
		j->back = true;
	else if (strcmp(key, "activated") == 0)
		j->activated = true;
	else if (strcmp(key, "no-hold") == 0)
		j->no_hold = true;
	else if (strcmp(key, "hold") == 0)
		j->hold = value;
	else if (strcmp(key, "consumed") == 0)
		j->consumed = value;
	else if (strcmp(key, "reason") == 0)
		j->reason = value;
	else
		return -1;
	return 0;
}

static int parse_line(const struct line *l, struct journal *j)
{
	if (l->n == 2)
		return parse_pair(l, j);
	if (l->n == 5 &&
	    (strcmp(l->v[0], "link") == 0 || strcmp(l->v[0], "file") == 0)) {
		struct journal_op *o = &j->ops[j->n_ops++];

		o->type = *l->v[0] == 'l' ? JOURNAL_LINK : JOURNAL_FILE;
		o->path = l->v[1];
		o->next = field(l, 2);
		o->sha256 = field(l, 3);
		o->old = field(l, 4);
		return *o->path == '/' ? 0 : -1;
	}
	if ((l->n == 7 || l->n == 8) && strcmp(l->v[0], "cert") == 0) {
		struct journal_cert *c = &j->certs[j->n_certs++];

		c->name = l->v[1];
		c->fingerprint = field(l, 2);
		c->chain = field(l, 3);
		c->old = field(l, 4);
		c->left = l->n == 8 ? l->v[7] : NULL;
		if (num_int(l->v[5], INT64_MIN, INT64_MAX, &c->not_before,
			    NULL) == -1)
			return -1;
		return num_int(l->v[6], INT64_MIN, INT64_MAX, &c->not_after,
			       NULL);
	}
	if (l->n == 6 && strcmp(l->v[0], "endpoint") == 0) {
		struct journal_endpoint *e = &j->endpoints[j->n_endpoints++];

		e->address = l->v[1];
		e->look = l->v[2];
		e->reachable = strcmp(l->v[3], "up") == 0;
		e->fingerprint = field(l, 4);
		e->chain = field(l, 5);
		return 0;
	}
	return -1;
}

static int damaged(struct err *err, size_t line)
{
	return err_set(err, ERR_INPUT, "line %zu of it is damaged", line);
}

struct parse {
	struct arena *arena;
	struct journals out;
	bool open; /* a part has begun and not ended */
};

/* 1: P is the first line of a part; 0: something else; -1. */
static int begins(const char *p, struct err *err)
{
	if (strcmp(p, MAGIC) == 0)
		return 1;
	if (strncmp(p, MAGIC, strlen(MAGIC) - 1) != 0)
		return 0;
	return err_set(err, ERR_INPUT,
		       "another version of this program wrote it, let that one "
		       "finish");
}

/* REST: the lines after its first. */
static bool begin_part(struct parse *s, const char *rest)
{
	struct journal *j;
	size_t lines = 0;

	if (s->out.n == JOURNAL_PARTS_MAX)
		return false;
	for (const char *nl = rest; nl && strncmp(nl, "end\n", 4) != 0;
	     lines++) {
		nl = strchr(nl, '\n');
		nl = nl ? nl + 1 : NULL;
	}
	if (lines > JOURNAL_LINES_MAX)
		return false;
	j = &s->out.v[s->out.n++];
	*j = (struct journal){ .service = NULL };
	j->ops = arena_array(s->arena, lines + 1, sizeof(*j->ops));
	j->certs = arena_array(s->arena, lines + 1, sizeof(*j->certs));
	j->endpoints = arena_array(s->arena, lines + 1, sizeof(*j->endpoints));
	s->open = true;
	return true;
}

/* A line within a part. */
static bool take_line(struct parse *s, char *p)
{
	struct journal *j = &s->out.v[s->out.n - 1];
	struct line l;

	if (strcmp(p, "end") == 0) {
		s->open = false;
		return j->service && j->gen;
	}
	split(p, &l);
	return parse_line(&l, j) == 0;
}

int journal_parse(const char *text, struct arena *arena, struct journals *ret,
		  struct err *err)
{
	struct parse s = { .arena = arena };
	char *p = arena_strdup(arena, text), *nl;
	size_t n = 1;

	s.out.v = arena_array(arena, JOURNAL_PARTS_MAX, sizeof(*s.out.v));
	for (; (nl = strchr(p, '\n')); n++, p = nl + 1) {
		int first;

		*nl = '\0';
		first = s.open ? 0 : begins(p, err);
		if (first == -1)
			return -1;
		if (s.open ? !take_line(&s, p)
			   : first == 0 || !begin_part(&s, nl + 1))
			return damaged(err, n);
	}
	if (s.open || *p != '\0' || s.out.n == 0)
		return damaged(err, n);
	*ret = s.out;
	return 0;
}

int journal_read(const char *path, struct arena *arena, struct journals *ret,
		 struct err *err)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(JOURNAL_MAX);
	int found = file_read(path, &content, err);

	if (found != 1)
		return found;
	if (content.len == 0 || strlen(content.buf) != content.len)
		return err_set(err, ERR_INPUT, "%s is damaged", path);
	if (journal_parse(content.buf, arena, ret, err) == -1)
		return err_wrap(err, "%s", path);
	return 1;
}
