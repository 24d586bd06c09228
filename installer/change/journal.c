/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include "enc.h"
#include "file.h"
#include "journal.h"
#include "num.h"

#define MAGIC	   "certrepo-journal\t"
#define VERSION	   JOURNAL_VERSION
#define VERSION_V1 1

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

/* None of them has a separator in it; each may be NULL. */
static bool plain(const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] && strpbrk(v[i], "\t\n"))
			return false;
	return true;
}

#define PLAIN(...)                                           \
	plain((const char *const[]){ __VA_ARGS__ },          \
	      sizeof((const char *const[]){ __VA_ARGS__ }) / \
		      sizeof(const char *))

/* Or a name in it would be read as something else. */
static bool all_plain(const struct journal *j)
{
	bool ok = PLAIN(j->service, j->gen, j->hold, j->consumed, j->reason);

	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		ok = ok && PLAIN(o->path, o->next, o->sha256, o->old,
				 o->attr ? o->attr->acl : NULL);
	}
	for (size_t i = 0; i < j->n_certs; i++) {
		const struct journal_cert *c = &j->certs[i];

		ok = ok &&
		     PLAIN(c->name, c->fingerprint, c->chain, c->old, c->left);
	}
	for (size_t i = 0; i < j->n_endpoints; i++) {
		const struct journal_endpoint *e = &j->endpoints[i];

		ok = ok && PLAIN(e->address, e->look, e->fingerprint, e->chain);
	}
	return ok;
}

static void add(struct sbuf *out, const char *key, const char *value)
{
	if (value)
		sbuf_addf(out, "%s\t%s\n", key, value);
}

/* Bytes that may be anything. */
static void add_hex(struct sbuf *out, const void *p, size_t len)
{
	AUTO(mem_free_str) char *hex = mem_alloc(2 * len + 1);

	sbuf_addf(out, "\t%s", enc_hex(p, len, hex));
}

static void build_attr(struct sbuf *out, const struct journal_attr *a)
{
	sbuf_addf(out, "attr\t%o\t%u\t%u\t%s\n", (unsigned int) a->attr.mode,
		  (unsigned int) a->attr.uid, (unsigned int) a->attr.gid,
		  or_dash(a->acl));
	for (size_t i = 0; i < a->n_xattrs; i++) {
		const struct place_xattr *x = &a->xattrs[i];

		sbuf_adds(out, "xattr");
		add_hex(out, x->name, strlen(x->name));
		add_hex(out, x->value, x->len);
		sbuf_addc(out, '\n');
	}
}

static void build_op(struct sbuf *out, const struct journal_op *o)
{
	sbuf_addf(out, "%s\t%s\t%s\t%llu\t%s\t%s\n",
		  o->type == JOURNAL_LINK ? "link" : "file", o->path,
		  or_dash(o->next), (unsigned long long) o->ino,
		  or_dash(o->sha256), or_dash(o->old));
	if (o->attr)
		build_attr(out, o->attr);
}

static void build(struct sbuf *out, const struct journal *j)
{
	sbuf_addf(out, MAGIC "%d\n", VERSION);
	add(out, "from", j->version == VERSION_V1 ? "1" : NULL);
	add(out, "service", j->service);
	add(out, "gen", j->gen);
	add(out, "state", states[j->state]);
	add(out, "back", j->back ? "yes" : NULL);
	add(out, "placeholder", j->placeholder ? "yes" : NULL);
	/* Older programs look at no value. */
	add(out, "activated",
	    j->told_back   ? "back"
	    : j->activated ? "yes"
			   : NULL);
	add(out, "no-hold", j->no_hold ? "yes" : NULL);
	add(out, "hold", j->hold);
	add(out, "consumed", j->consumed);
	add(out, "reason", j->reason);
	for (size_t i = 0; i < j->n_ops; i++)
		build_op(out, &j->ops[i]);
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

	for (size_t i = 0; i < n; i++) {
		if (!all_plain(&j[i]))
			return err_set(err, ERR_INPUT,
				       "the journal of service %s would have a "
				       "name with a tab or a newline in it",
				       j[i].service);
		build(&out, &j[i]);
	}
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT,
			       "the journal of service %s would be too large",
			       j->service);
	return place_write_path(path, out.buf, out.len, &attr, err);
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

/* A name of its own or nothing: it becomes part of a path. */
static bool name_ok(const char *s)
{
	return !s || (*s != '\0' && strcmp(s, ".") != 0 &&
		      strcmp(s, "..") != 0 && !strchr(s, '/'));
}

/* Once, and NAME: as a part of a path. */
static int parse_text(const char **field, const char *value, bool name)
{
	if (*field || (name && !name_ok(value)))
		return -1;
	*field = value;
	return 0;
}

static int parse_pair(const struct line *l, struct journal *j)
{
	const char *key = l->v[0], *value = l->v[1];

	if (strcmp(key, "from") == 0)
		j->version = VERSION_V1;
	else if (strcmp(key, "service") == 0)
		return parse_text(&j->service, value, true);
	else if (strcmp(key, "gen") == 0)
		return parse_text(&j->gen, value, true);
	else if (strcmp(key, "state") == 0)
		return parse_state(value, &j->state);
	else if (strcmp(key, "back") == 0)
		j->back = true;
	else if (strcmp(key, "placeholder") == 0)
		j->placeholder = true;
	else if (strcmp(key, "activated") == 0) {
		j->activated = true;
		j->told_back = strcmp(value, "back") == 0;
	} else if (strcmp(key, "no-hold") == 0)
		j->no_hold = true;
	else if (strcmp(key, "hold") == 0)
		return parse_text(&j->hold, value, false);
	else if (strcmp(key, "consumed") == 0)
		return parse_text(&j->consumed, value, true);
	else if (strcmp(key, "reason") == 0)
		return parse_text(&j->reason, value, false);
	else
		return -1;
	return 0;
}

/* The name in what version 1 knew by its whole path. */
static const char *base_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static int parse_op(const struct line *l, struct journal *j)
{
	bool v1 = l->n == 5;
	struct journal_op *o = &j->ops[j->n_ops++];
	int64_t ino = 0;

	o->type = *l->v[0] == 'l' ? JOURNAL_LINK : JOURNAL_FILE;
	o->path = l->v[1];
	o->next = field(l, 2);
	o->sha256 = field(l, v1 ? 3 : 4);
	o->old = field(l, v1 ? 4 : 5);
	if (v1 && o->type == JOURNAL_FILE) {
		o->next = base_of(o->next);
		o->old = base_of(o->old);
	}
	if (!v1 && num_int(l->v[3], 0, INT64_MAX, &ino, NULL) == -1)
		return -1;
	o->ino = (uint64_t) ino;
	return *o->path == '/' ? 0 : -1;
}

static int parse_attr(const struct line *l, struct arena *arena,
		      struct journal *j)
{
	struct journal_op *o = j->n_ops > 0 ? &j->ops[j->n_ops - 1] : NULL;
	struct journal_attr *a;
	int64_t uid, gid;
	char *end;

	if (!o || o->type != JOURNAL_FILE || !o->old || o->attr)
		return -1;
	a = arena_alloc(arena, sizeof(*a));
	a->attr.mode = (mode_t) strtoul(l->v[1], &end, 8);
	if (*l->v[1] == '\0' || *end != '\0' || a->attr.mode > 07777 ||
	    num_int(l->v[2], 0, UINT32_MAX - 1, &uid, NULL) == -1 ||
	    num_int(l->v[3], 0, UINT32_MAX - 1, &gid, NULL) == -1)
		return -1;
	a->attr.uid = (uid_t) uid;
	a->attr.gid = (gid_t) gid;
	a->acl = field(l, 4);
	o->attr = a;
	return 0;
}

static int nibble(char c)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = c == '\0' ? NULL : strchr(hex, c);

	return p ? (int) (p - hex) : -1;
}

/* The bytes that HEX says, a '\0' after them; NULL: it is none. */
static char *unhex(const char *hex, struct arena *arena, size_t *ret_len)
{
	size_t len = strlen(hex) / 2;
	char *p = arena_alloc(arena, len + 1);

	if (strlen(hex) % 2 != 0)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		int a = nibble(hex[2 * i]), b = nibble(hex[2 * i + 1]);

		if (a == -1 || b == -1)
			return NULL;
		p[i] = (char) (a << 4 | b);
	}
	*ret_len = len;
	return p;
}

static int parse_xattr(const struct line *l, struct arena *arena,
		       struct journal *j)
{
	struct journal_op *o = j->n_ops > 0 ? &j->ops[j->n_ops - 1] : NULL;
	struct journal_attr *a;
	struct place_xattr *v, x;
	size_t len;

	if (!o || !o->attr)
		return -1;
	x.name = unhex(l->v[1], arena, &len);
	x.value = unhex(l->v[2], arena, &x.len);
	if (!x.name || !x.value)
		return -1;
	a = arena_dup(arena, o->attr, sizeof(*a));
	v = arena_array(arena, a->n_xattrs + 1, sizeof(*v));
	if (a->n_xattrs > 0)
		memcpy(v, a->xattrs, a->n_xattrs * sizeof(*v));
	v[a->n_xattrs++] = x;
	a->xattrs = v;
	o->attr = a;
	return 0;
}

static int parse_cert(const struct line *l, struct journal *j)
{
	struct journal_cert *c = &j->certs[j->n_certs++];

	c->name = l->v[1];
	c->fingerprint = field(l, 2);
	c->chain = field(l, 3);
	c->old = field(l, 4);
	c->left = l->n == 8 ? l->v[7] : NULL;
	if (num_int(l->v[5], INT64_MIN, INT64_MAX, &c->not_before, NULL) == -1)
		return -1;
	return num_int(l->v[6], INT64_MIN, INT64_MAX, &c->not_after, NULL);
}

static void parse_endpoint(const struct line *l, struct journal *j)
{
	struct journal_endpoint *e = &j->endpoints[j->n_endpoints++];

	e->address = l->v[1];
	e->look = l->v[2];
	e->reachable = strcmp(l->v[3], "up") == 0;
	e->fingerprint = field(l, 4);
	e->chain = field(l, 5);
}

static int parse_line(const struct line *l, struct arena *arena, bool v1,
		      struct journal *j)
{
	const char *key = l->v[0];
	int status;

	if (l->n == 2)
		return parse_pair(l, j);
	if (l->n == (v1 ? 5 : 6) &&
	    (strcmp(key, "link") == 0 || strcmp(key, "file") == 0)) {
		const struct journal_op *o = &j->ops[j->n_ops];

		status = parse_op(l, j);
		if (o->type == JOURNAL_FILE &&
		    (!name_ok(o->next) || !name_ok(o->old)))
			return -1;
		return status;
	}
	if (!v1 && l->n == 5 && strcmp(key, "attr") == 0)
		return parse_attr(l, arena, j);
	if (!v1 && l->n == 3 && strcmp(key, "xattr") == 0)
		return parse_xattr(l, arena, j);
	if ((l->n == 7 || l->n == 8) && strcmp(key, "cert") == 0)
		return parse_cert(l, j);
	if (l->n != 6 || strcmp(key, "endpoint") != 0)
		return -1;
	parse_endpoint(l, j);
	return 0;
}

static int damaged(struct err *err, size_t line)
{
	return err_set(err, ERR_INPUT, "line %zu of it is damaged", line);
}

struct parse {
	struct arena *arena;
	struct journals out;
	bool open; /* a part has begun and not ended */
	bool v1;   /* it is written in version 1 */
};

/* P is the first line of a part: its version; 0: something else; -1. */
static int begins(const char *p, struct err *err)
{
	if (strcmp(p, MAGIC "1") == 0)
		return VERSION_V1;
	if (strcmp(p, MAGIC "2") == 0)
		return VERSION;
	if (strncmp(p, MAGIC, strlen(MAGIC)) != 0)
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
	*j = (struct journal){ .version = s->v1 ? VERSION_V1 : VERSION };
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
	return parse_line(&l, s->arena, s->v1, j) == 0;
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
		if (!s.open)
			s.v1 = first == VERSION_V1;
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
	int found = place_read_path("", path, PLACE_TRUSTED, &content, err);

	if (found != 1)
		return found;
	if (content.len == 0 || strlen(content.buf) != content.len)
		return err_set(err, ERR_INPUT, "%s is damaged", path);
	if (journal_parse(content.buf, arena, ret, err) == -1)
		return err_wrap(err, "%s", path);
	return 1;
}

/* --- the folder they are in --- */

#define LIST_MAX 10000

static bool is_journal(const char *name, void *arg)
{
	return *name != '.';
}

int journal_list(const char *dir, struct strlist *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", dir, PLACE_TRUSTED, &p, err);

	if (rc == 1 && strcmp(p.name, ".") == 0)
		return place_list(&p, is_journal, NULL, LIST_MAX, ret, err);
	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	return now.kind == PLACE_NONE
		       ? 0
		       : err_set(err, ERR_IO, "%s is no folder", dir);
}

static int open_journal(const char *path, struct place *ret, struct err *err)
{
	return place_open("", path, PLACE_TRUSTED | PLACE_LAST, ret, err);
}

/* Is there anything at PATH, *RET_FOLDER: that is no file. 1, 0, -1. */
static int look_at(const char *path, bool *ret_folder, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_journal(path, &p, err);

	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	*ret_folder = now.kind == PLACE_FOLDER || now.kind == PLACE_OTHER;
	return now.kind != PLACE_NONE;
}

int journal_there(const char *path, struct err *err)
{
	bool folder;

	return look_at(path, &folder, err);
}

int journal_tells_of(const char *path, const char *service, struct err *err)
{
	AUTO(mem_free_str) char *line = mem_printf("\nservice\t%s\n", service);
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(JOURNAL_MAX);
	AUTO(arena_free) struct arena *arena = arena_new();
	struct journals all;
	bool folder;
	int rc = look_at(path, &folder, err);

	/* Nothing of ours, so no reason to leave others alone. */
	if (rc != 1 || folder)
		return rc == 1 ? strcmp(base_of(path), service) == 0 : rc;
	rc = place_read_path("", path, PLACE_TRUSTED, &content, err);
	if (rc != 1)
		return rc;
	if (journal_parse(sbuf_str(&content), arena, &all, NULL) == -1)
		return strcmp(base_of(path), service) == 0 ||
		       strstr(sbuf_str(&content), line);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].state != JOURNAL_CLOSE &&
		    strcmp(all.v[i].service, service) == 0)
			return 1;
	return 0;
}

int journal_remove(const char *path, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_journal(path, &p, err);

	if (rc != 1)
		return rc;
	return place_remove(&p, err);
}
