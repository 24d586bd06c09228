/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include "child.h"
#include "file.h"
#include "notice_text.h"
#include "num.h"
#include "plain.h"
#include "strlist.h"

#define FILE_MAX    (2u << 20)
#define MESSAGE_MAX (4u << 20)

/* Who is told. */
enum channel { MAIL, HOOK, CHANNELS };

struct matter {
	struct notice what;
	int64_t since;
	int64_t told[CHANNELS]; /* when last; 0: not, or that it is over */
	bool here;		/* in this run */
};

struct notices {
	const struct installer_conf *conf;
	struct arena *arena;
	int64_t now;
	struct matter *v;
	size_t n, cap;
	struct strlist looked; /* "TOPIC SERVICE" */
	char *before;	       /* the file's text */
};

static bool asked(const struct installer_conf *conf, enum channel c)
{
	const struct notify_conf *notify = conf->notify;

	if (!notify)
		return false;
	return c == MAIL ? notify->mail.n > 0 : notify->command.n > 0;
}

/* --- memory --- */

static char *path_of(const struct installer_conf *conf)
{
	return mem_printf("%s/notices", conf->state_dir);
}

static struct matter *find(struct notices *n, const struct notice *m)
{
	for (size_t i = 0; i < n->n; i++) {
		struct matter *x = &n->v[i];

		if (x->what.topic == m->topic &&
		    strcmp(x->what.service, m->service) == 0 &&
		    strcmp(x->what.cert, m->cert) == 0)
			return x;
	}
	return NULL;
}

/* NULL: there are too many. */
static struct matter *add(struct notices *n, const struct notice *m)
{
	struct matter *x;

	if (n->n == NOTICE_MAX)
		return NULL;
	if (n->n == n->cap) {
		n->cap = n->cap > 0 ? 2 * n->cap : 16;
		n->v = mem_grow(n->v, n->cap, sizeof(*n->v));
	}
	x = &n->v[n->n++];
	*x = (struct matter){ .since = n->now };
	x->what.topic = m->topic;
	x->what.service = arena_strdup(n->arena, m->service);
	x->what.cert = arena_strdup(n->arena, m->cert);
	return x;
}

/* Printable, one line, not too long: it goes into a file and a mail. */
static const char *clean(struct arena *arena, const char *s)
{
	char *copy = arena_strndup(arena, s, NOTICE_TEXT_MAX);

	for (char *p = copy; (p = strpbrk(p, "\t\n"));)
		*p = ' ';
	plain_ascii(copy);
	return copy;
}

static void set_words(struct notices *n, struct matter *x, const char *state,
		      const char *text)
{
	x->what.state = clean(n->arena, state);
	x->what.text = clean(n->arena, text);
}

/* What is gone from the configuration is nobody's business any more. */
static bool configured(const struct notices *n, const char *service)
{
	const struct conf_groups *g = &n->conf->services;

	for (size_t i = 0; i < g->n; i++) {
		const struct installer_service *s = g->v[i];

		if (strcmp(s->name, service) == 0)
			return true;
	}
	return *service == '\0';
}

/* TOPIC, service, certificate, since, told by mail, told by the command,
 * state, text. A line that is damaged is left out. */
static void parse_line(struct notices *n, char *line)
{
	char *v[8] = { line };
	struct notice what = { .topic = NOTICE_TROUBLE };
	int64_t numbers[3];
	struct matter *x;
	size_t k = 1;

	for (char *tab; k < 8 && (tab = strchr(v[k - 1], '\t')); k++) {
		*tab = '\0';
		v[k] = tab + 1;
	}
	if (k != 8)
		return;
	while (what.topic < NOTICE_TOPICS &&
	       strcmp(notice_topics[what.topic], v[0]) != 0)
		what.topic++;
	for (size_t i = 0; i < 3; i++)
		if (num_int(v[3 + i], 0, INT64_MAX, &numbers[i], NULL) == -1)
			return;
	what.service = v[1];
	what.cert = v[2];
	if (what.topic == NOTICE_TOPICS || !configured(n, what.service) ||
	    find(n, &what) || !(x = add(n, &what)))
		return;
	x->since = numbers[0];
	x->told[MAIL] = numbers[1];
	x->told[HOOK] = numbers[2];
	set_words(n, x, v[6], v[7]);
}

struct notices *notice_load(const struct installer_conf *conf, int64_t now)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(FILE_MAX);
	AUTO(mem_free_str) char *path = path_of(conf);
	struct notices *n = mem_alloc(sizeof(*n));
	char *p, *nl;

	n->conf = conf;
	n->now = now;
	n->arena = arena_new();
	if (file_read(path, &content, NULL) != 1)
		sbuf_clear(&content);
	n->before = mem_strdup(sbuf_str(&content));
	p = arena_strdup(n->arena, n->before);
	for (; (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = '\0';
		parse_line(n, p);
	}
	return n;
}

void notice_free(struct notices **n)
{
	if (!*n)
		return;
	arena_free(&(*n)->arena);
	strlist_free(&(*n)->looked);
	free((*n)->before);
	free((*n)->v);
	free(*n);
	*n = NULL;
}

static int save(const struct notices *n, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(FILE_MAX);
	AUTO(mem_free_str) char *path = path_of(n->conf);

	for (size_t i = 0; i < n->n; i++) {
		const struct matter *x = &n->v[i];

		sbuf_addf(&out, "%s\t%s\t%s\t%lld\t%lld\t%lld\t%s\t%s\n",
			  notice_topics[x->what.topic], x->what.service,
			  x->what.cert, (long long) x->since,
			  (long long) x->told[MAIL], (long long) x->told[HOOK],
			  x->what.state, x->what.text);
	}
	if (strcmp(sbuf_str(&out), n->before) == 0)
		return 0;
	return file_replace(path, sbuf_str(&out), out.len, &attr, err);
}

/* --- what is so --- */

void notice_add(struct notices *n, const struct notice *m)
{
	struct matter *x = find(n, m);

	if (!x)
		x = add(n, m);
	if (!x)
		return;
	x->here = true;
	set_words(n, x, m->state, m->text);
}

void notice_looked(struct notices *n, enum notice_topic topic,
		   const char *service)
{
	strlist_addf(&n->looked, "%s %s", notice_topics[topic], service);
}

static bool over(const struct notices *n, const struct matter *x)
{
	AUTO(mem_free_str)
	char *key = mem_printf("%s %s", notice_topics[x->what.topic],
			       x->what.service);

	return !x->here && strlist_has(&n->looked, key);
}

/* --- telling --- */

static bool patient(const struct notices *n, const struct matter *x)
{
	return x->what.topic == NOTICE_STORE &&
	       n->now - x->since < n->conf->store_patience;
}

/* Is there something to tell of X by C? */
static bool event_of(const struct notices *n, const struct matter *x,
		     enum channel c, enum notice_event *ret)
{
	int64_t told = x->told[c];

	if (over(n, x)) {
		*ret = NOTICE_OVER;
		return told != 0;
	}
	*ret = told == 0 ? NOTICE_NEW : NOTICE_STILL;
	if (!x->here || patient(n, x))
		return false;
	/* A clock that was set back must not silence it. */
	return told == 0 || n->now < told ||
	       n->now - told >= n->conf->notify->repeat;
}

static int hand_over(const struct notices *n, enum channel c,
		     const struct sbuf *message, struct err *err)
{
	static const char *const sendmail[] = { "sendmail", "-t", "-i", NULL };
	const struct notify_conf *notify = n->conf->notify;
	struct child_spec spec = {
		.argv = c == HOOK		 ? notify->command.v
			: notify->sendmail.n > 0 ? notify->sendmail.v
						 : sendmail,
		.user = c == HOOK ? notify->user : NULL,
		.timeout_s = (int) notify->timeout,
		.input = sbuf_str(message),
		.input_len = message->len,
	};

	if (child_check(&spec, NULL, err) == -1)
		return err_wrap(err, "%s of notify",
				c == HOOK ? "command" : "mail");
	return 0;
}

static int tell(struct notices *n, enum channel c, struct err *err)
{
	struct notice_line *lines =
		arena_array(n->arena, n->n + 1, sizeof(*lines));
	struct matter **told = arena_array(n->arena, n->n + 1, sizeof(*told));
	AUTO(sbuf_free) struct sbuf message = SBUF_INIT(MESSAGE_MAX);
	size_t count = 0;

	for (size_t i = 0; i < n->n; i++) {
		struct matter *x = &n->v[i];
		enum notice_event event;

		if (!event_of(n, x, c, &event))
			continue;
		told[count] = x;
		lines[count++] = (struct notice_line){ .event = event,
						       .what = x->what,
						       .since = x->since };
	}
	if (count == 0)
		return 0;
	if (c == MAIL)
		notice_text_mail(lines, count, n->conf, n->now, &message);
	else
		notice_text_json(lines, count, n->conf, n->now, &message);
	if (hand_over(n, c, &message, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		told[i]->told[c] = lines[i].event == NOTICE_OVER ? 0 : n->now;
	return 0;
}

/* What is over, and whoever was told of it knows; or nobody is left who
 * could be told. */
static void drop(struct notices *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n; i++) {
		const struct matter *x = &n->v[i];
		bool open = false;

		for (enum channel c = MAIL; c < CHANNELS; c++)
			open = open || (x->told[c] != 0 && asked(n->conf, c));
		if (!over(n, x) || open)
			n->v[kept++] = *x;
	}
	n->n = kept;
}

int notice_send(struct notices *n, struct err *err)
{
	struct err one = ERR_INIT;
	int status = 0;

	for (enum channel c = MAIL; c < CHANNELS; c++)
		if (asked(n->conf, c) && tell(n, c, &one) == -1)
			status = err_set(err, one.kind, "%s", one.msg);
	drop(n);
	if (!asked(n->conf, MAIL) && !asked(n->conf, HOOK))
		n->n = 0;
	if (save(n, &one) == -1)
		status = err_set(err, one.kind, "%s", one.msg);
	return status;
}
