/* SPDX-License-Identifier: MIT */
/* The file that remembers what was told. */
#include <stdlib.h>
#include <string.h>
#include "enc.h"
#include "file.h"
#include "notice_impl.h"
#include "num.h"
#include "plain.h"
#include "record.h"

#define KIND	 "certrepo-notices"
#define VERSION	 2
#define FILE_MAX (6u << 20) /* NOTICE_MAX of the longest fit */

static char *path_of(const struct notice_from *from)
{
	return mem_printf("%s/notices", from->state_dir);
}

bool notice_foreign(const struct notices *n, const struct matter *x)
{
	return *x->store != '\0' && strcmp(x->store, n->store) != 0;
}

struct matter *notice_find(struct notices *n, const struct notice *m)
{
	for (size_t i = 0; i < n->n; i++) {
		struct matter *x = &n->v[i];

		if (x->what.topic == m->topic &&
		    strcmp(x->what.service, m->service) == 0 &&
		    strcmp(x->what.cert, m->cert) == 0 && !notice_foreign(n, x))
			return x;
	}
	return NULL;
}

struct matter *notice_new(struct notices *n, const struct notice *m)
{
	struct matter *x;

	if (n->n == NOTICE_MAX)
		return NULL;
	if (n->n == n->cap) {
		n->cap = n->cap > 0 ? 2 * n->cap : 16;
		n->v = mem_grow(n->v, n->cap, sizeof(*n->v));
	}
	x = &n->v[n->n++];
	*x = (struct matter){ .since = n->now,
			      .keys = { "", "", "" },
			      .owner = "" };
	/* Whether it can be reached, and what is so here, is of none. */
	x->store = m->topic == NOTICE_STORE || m->topic == NOTICE_CONF ||
				   m->topic == NOTICE_CLOCK
			   ? ""
			   : n->store;
	x->what.topic = m->topic;
	x->what.service = arena_strdup(n->arena, m->service);
	x->what.cert = arena_strdup(n->arena, m->cert);
	return x;
}

const char *notice_clean(struct arena *arena, const char *s)
{
	char *copy = arena_strndup(arena, s, NOTICE_TEXT_MAX);

	for (char *p = copy; (p = strpbrk(p, "\t\n"));)
		*p = ' ';
	plain_ascii(copy);
	return copy;
}

void notice_set_words(struct notices *n, struct matter *x, const char *state,
		      const char *text)
{
	x->what.state = notice_clean(n->arena, state);
	x->what.text = notice_clean(n->arena, text);
}

static const char *field(const struct record_line *l, size_t i)
{
	return l->v[i] ? l->v[i] : "";
}

/* Who he is, goes into a mail, whoever wrote the file. */
static void parse_owner(const struct record_line *l, struct matter *x)
{
	int64_t told;

	if (l->n < 14 || notify_conf_address(field(l, 11), NULL) == -1 ||
	    num_int(field(l, 12), 0, INT64_MAX, &told, NULL) == -1)
		return;
	x->owner = field(l, 11);
	x->told[NOTICE_OWNER] = told;
	x->keys[NOTICE_OWNER] = field(l, 13);
}

/* TOPIC, service, certificate, since, told by mail, told by the command,
 * state, text, the keys of both (not in older files), its store; the owner,
 * told when, and the key of that. A line that is something else is left out. */
static void parse_line(struct notices *n, const struct record_line *l)
{
	struct notice what = { .topic = NOTICE_TROUBLE };
	int64_t numbers[3];
	struct matter *x;

	if (l->n != 8 && l->n != 10 && l->n != 11 && l->n != 14)
		return;
	while (what.topic < NOTICE_TOPICS &&
	       strcmp(notice_topics[what.topic], field(l, 0)) != 0)
		what.topic++;
	for (size_t i = 0; i < 3; i++)
		if (num_int(field(l, 3 + i), 0, INT64_MAX, &numbers[i], NULL) ==
		    -1)
			return;
	what.service = field(l, 1);
	what.cert = field(l, 2);
	if (what.topic == NOTICE_TOPICS ||
	    (l->n < 11 && notice_find(n, &what)) || !(x = notice_new(n, &what)))
		return;
	x->store = l->n >= 11 ? field(l, 10) : "";
	for (enum notice_channel c = NOTICE_MAIL;
	     c <= NOTICE_HOOK && l->n >= 10; c++)
		x->keys[c] = field(l, 8 + c);
	parse_owner(l, x);
	/* A wrong clock wrote it: it would be waited for. */
	x->since = numbers[0] < n->now ? numbers[0] : n->now;
	x->told[NOTICE_MAIL] = numbers[1];
	x->told[NOTICE_HOOK] = numbers[2];
	notice_set_words(n, x, field(l, 6), field(l, 7));
}

struct notices *notice_load(const struct notice_from *from, int64_t now,
			    struct err *err)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(FILE_MAX);
	AUTO(mem_free_str) char *path = path_of(from);
	struct notices *n = mem_alloc(sizeof(*n));
	struct record r = { .n = 0 };
	bool lost = false;

	n->from = from;
	n->now = now;
	n->arena = arena_new();
	if (from->store)
		enc_sha256_hex(from->store, strlen(from->store), n->store);
	n->store[NOTICE_KEY] = '\0';
	if (file_read(path, &content, err) == -1)
		lost = true;
	else if (record_parse(sbuf_str(&content), content.len, KIND, VERSION,
			      n->arena, &r, err) == -1)
		lost = err_wrap(err, "%s", path) == -1;
	n->before = lost ? NULL : mem_strdup(sbuf_str(&content));
	for (size_t i = 0; i < r.n; i++)
		parse_line(n, &r.v[i]);
	return n;
}

void notice_free(struct notices **n)
{
	if (!*n)
		return;
	arena_free(&(*n)->arena);
	strlist_free(&(*n)->looked);
	strlist_free(&(*n)->now_of);
	strlist_free(&(*n)->now_of_topic);
	free((*n)->before);
	free((*n)->v);
	free(*n);
	*n = NULL;
}

bool notice_none(const struct notices *n)
{
	return n->n == 0;
}

int notice_save(const struct notices *n, struct err *err)
{
	AUTO(record_out_free) struct record_out out;
	AUTO(mem_free_str) char *path = path_of(n->from);

	record_begin(&out, KIND, VERSION, FILE_MAX);
	if (n->n == 0)
		return n->before && *n->before == '\0' ? 0
						       : file_remove(path, err);
	for (size_t i = 0; i < n->n; i++) {
		const struct matter *x = &n->v[i];

		record_key(&out, notice_topics[x->what.topic]);
		record_add(&out, x->what.service);
		record_add(&out, x->what.cert);
		record_add_int(&out, x->since);
		record_add_int(&out, x->told[NOTICE_MAIL]);
		record_add_int(&out, x->told[NOTICE_HOOK]);
		record_add(&out, x->what.state);
		record_add(&out, x->what.text);
		record_add(&out, x->keys[NOTICE_MAIL]);
		record_add(&out, x->keys[NOTICE_HOOK]);
		if (*x->store != '\0' || *x->owner != '\0')
			record_add(&out, x->store);
		if (*x->owner != '\0') {
			record_add(&out, x->owner);
			record_add_int(&out, x->told[NOTICE_OWNER]);
			record_add(&out, x->keys[NOTICE_OWNER]);
		}
	}
	return record_replace(&out, path, n->before, err);
}
