/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "notice_impl.h"
#include "plain.h"
#include "strlist.h"
#include "words.h"

#define FOREIGN_KEPT (90 * 86400) /* seconds since it was told */

#define KEYS_MAX 4 /* told between two reminders */

/* --- what is so --- */

/* The first place for a word stays one. */
static const char *clean_todo(struct arena *arena, const char *s)
{
	size_t len = strcspn(s, NOTICE_ARGS NOTICE_ARG);

	if (s[len] == '\0')
		return notice_clean(arena, s);
	return arena_printf(arena, "%s%c%s",
			    notice_clean(arena, arena_strndup(arena, s, len)),
			    s[len], notice_clean(arena, s + len + 1));
}

static const char *clean_or_null(struct arena *arena, const char *s)
{
	return s ? notice_clean(arena, s) : NULL;
}

static const char *const *copy_lines(struct arena *arena,
				     const char *const *lines)
{
	const char **copy;
	size_t n = 0;

	while (lines[n])
		n++;
	copy = arena_array(arena, n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = clean_todo(arena, lines[i]);
	return copy;
}

/* The store's words, for the header of a mail. */
static const char *owner_of(const struct notice *m)
{
	return m->owner && notify_conf_address(m->owner, NULL) == 0 ? m->owner
								    : NULL;
}

/* Another one was told nothing yet. */
static void set_owner(struct notices *n, struct matter *x, const char *owner)
{
	if (!owner)
		owner = "";
	if (strcmp(x->owner, owner) != 0) {
		x->owner = arena_strdup(n->arena, owner);
		x->told[NOTICE_OWNER] = 0;
		x->keys[NOTICE_OWNER] = "";
	}
	x->what.owner = *x->owner != '\0' ? x->owner : NULL;
}

/* Whoever was told that X is tried again, is to know that it is held, M. */
static bool knows_more(const struct matter *x, const struct notice *m)
{
	return strcmp(m->state, "held") == 0 &&
	       (x->told[NOTICE_MAIL] != 0 || x->told[NOTICE_HOOK] != 0);
}

void notice_add(struct notices *n, const struct notice *given)
{
	/* Names of rows come from the store, and go into a mail's header. */
	const struct notice cleaned = {
		.topic = given->topic,
		.service = notice_clean(n->arena, given->service),
		.cert = notice_clean(n->arena, given->cert),
		.state = given->state,
		.text = given->text,
		.patient = given->patient,
		.todo = given->todo,
		.end = given->end,
		.lasts = given->lasts,
		.alike = given->alike,
		.own = clean_or_null(n->arena, given->own),
		.group = clean_or_null(n->arena, given->group),
		.arg = clean_or_null(n->arena, given->arg),
		.owner = owner_of(given),
		.owner_only = given->owner_only,
	};
	const struct notice *m = &cleaned;
	struct matter *x = notice_find(n, m);

	if (!x)
		x = notice_new(n, m);
	/* That what went back in this run is held, adds nothing. */
	if (!x || (x->here && strcmp(m->state, "held") == 0))
		return;
	x->here = true;
	if (given->since > 0 && given->since <= n->now)
		x->since = given->since;
	x->what = (struct notice){
		.topic = m->topic,
		.service = x->what.service,
		.cert = x->what.cert,
		.todo = m->todo ? copy_lines(n->arena, m->todo) : NULL,
		.end = m->end,
		.patient = m->patient || m->topic == NOTICE_STORE,
		.lasts = m->lasts,
		.alike = clean_or_null(n->arena, m->alike),
		.own = m->own,
		.group = m->group,
		.arg = m->arg,
		.owner_only = m->owner_only && !knows_more(x, m),
	};
	set_owner(n, x, m->owner);
	notice_set_words(n, x, m->state, m->text);
}

void notice_looked(struct notices *n, enum notice_topic topic,
		   const char *service)
{
	strlist_addf(&n->looked, "%s %s", notice_topics[topic], service);
}

void notice_now(struct notices *n, const char *service, const char *cert,
		const char *text)
{
	strlist_addf(&n->now_of, "%s\t%s\t%s", notice_clean(n->arena, service),
		     notice_clean(n->arena, cert),
		     notice_clean(n->arena, text));
}

void notice_now_of(struct notices *n, enum notice_topic topic, const char *cert,
		   const char *text)
{
	strlist_addf(&n->now_of_topic, "%s\t%s\t%s", notice_topics[topic],
		     notice_clean(n->arena, cert),
		     notice_clean(n->arena, text));
}

/* Of a matter of the host. */
static const char *now_of_host(const struct notices *n, const struct notice *m)
{
	AUTO(mem_free_str)
	char *key = mem_printf("%s\t%s\t", notice_topics[m->topic], m->cert);
	size_t len = strlen(key);

	for (size_t i = 0; i < n->now_of_topic.n; i++)
		if (strncmp(n->now_of_topic.v[i], key, len) == 0)
			return n->now_of_topic.v[i] + len;
	return "";
}

/* Of one certificate, or of all of the service. */
static const char *now_of(const struct notices *n, const struct notice *m)
{
	const char *all = "";

	if (*m->service == '\0')
		return now_of_host(n, m);
	for (size_t i = 0; i < n->now_of.n; i++) {
		const char *cert = strchr(n->now_of.v[i], '\t') + 1;
		const char *text = strchr(cert, '\t') + 1;
		size_t service_len = (size_t) (cert - n->now_of.v[i] - 1);
		size_t cert_len = (size_t) (text - cert - 1);

		if (strlen(m->service) != service_len ||
		    strncmp(m->service, n->now_of.v[i], service_len) != 0)
			continue;
		if (strlen(m->cert) == cert_len &&
		    strncmp(m->cert, cert, cert_len) == 0)
			return text;
		if (*m->cert == '\0')
			all = arena_printf(n->arena, "%s%s%.*s: %s", all,
					   *all != '\0' ? "; " : "",
					   (int) cert_len, cert, text);
	}
	return all;
}

void notice_missing(const struct notices *n, enum notice_topic topic,
		    struct strlist *ret)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct matter *x = &n->v[i];

		if (x->what.topic == topic && *x->what.service == '\0' &&
		    !x->here && !notice_foreign(n, x))
			strlist_add(ret, x->what.cert);
	}
}

void notice_open(struct notices *n, enum notice_topic topic,
		 const char *service, const char *cert)
{
	const struct notice what = { .topic = topic,
				     .service = notice_clean(n->arena, service),
				     .cert = notice_clean(n->arena, cert) };
	struct matter *x = notice_find(n, &what);

	if (x)
		x->open = true;
}

void notice_forget(struct notices *n, enum notice_topic topic, const char *cert)
{
	const struct notice what = { .topic = topic,
				     .service = "",
				     .cert = notice_clean(n->arena, cert) };
	struct matter *x = notice_find(n, &what);

	if (x && !x->here)
		x->forgotten = true;
}

void notice_fade(struct notices *n, enum notice_topic topic)
{
	int64_t since = n->now - notice_hand_conf(n->from)->repeat;

	for (size_t i = 0; i < n->n; i++) {
		struct matter *x = &n->v[i];

		if (x->what.topic == topic && *x->what.service == '\0' &&
		    !x->here && !notice_foreign(n, x) &&
		    x->told[NOTICE_MAIL] <= since &&
		    x->told[NOTICE_HOOK] <= since)
			x->forgotten = true;
	}
}

static bool configured(const struct notices *n, const char *service)
{
	for (const char *const *s = n->from->services; *s; s++)
		if (strcmp(*s, service) == 0)
			return true;
	return *service == '\0';
}

static bool over(const struct notices *n, const struct matter *x)
{
	AUTO(mem_free_str)
	char *key = mem_printf("%s %s", notice_topics[x->what.topic],
			       x->what.service);

	return !x->here && !x->open && !notice_foreign(n, x) &&
	       (strlist_has(&n->looked, key) ||
		!configured(n, x->what.service));
}

/* --- telling --- */

static bool patient(const struct notices *n, const struct matter *x)
{
	int64_t lasts = x->what.lasts ? x->what.lasts : n->from->patience;

	return x->what.patient && n->now - x->since < lasts;
}

static bool is_held(const struct matter *x)
{
	return strcmp(x->what.state, "held") == 0;
}

/* Of what X says, without the words that have digits in them; that it is held
 * is one thing, whatever the words. */
void notice_key_of(const struct matter *x, char ret[NOTICE_KEY + 1])
{
	const char *alike = x->what.alike ? x->what.alike : x->what.text;
	AUTO(mem_free_str)
	char *text = mem_printf("%s %s", x->what.state,
				is_held(x) ? ""
				: alike	   ? alike
					   : "");
	char hex[ENC_SHA256_HEX];
	size_t len = 0;

	for (const char *p = text; *p != '\0';) {
		size_t n = strcspn(p, " /");

		if (strcspn(p, "0123456789") >= n) {
			memmove(text + len, p, n);
			len += n;
		}
		p += n + strspn(p + n, " /");
	}
	enc_sha256_hex(text, len, hex);
	memcpy(ret, hex, NOTICE_KEY);
	ret[NOTICE_KEY] = '\0';
}

static bool changed(const struct matter *x, enum notice_channel c)
{
	static const size_t most = (size_t) KEYS_MAX * NOTICE_KEY;
	const char *keys = x->keys[c];
	char key[NOTICE_KEY + 1];

	/* Why it is away may be another thing each time. */
	if (*keys == '\0' || (strlen(keys) >= most && !is_held(x)) ||
	    (x->what.topic == NOTICE_STORE &&
	     strcmp(x->what.state, "unavailable") == 0))
		return false;
	notice_key_of(x, key);
	for (const char *p = keys; strlen(p) >= NOTICE_KEY; p += NOTICE_KEY)
		if (strncmp(p, key, NOTICE_KEY) == 0)
			return false;
	return true;
}

/* It is held no more: that it is so again will be told. */
static void unhold(struct notices *n, struct matter *x)
{
	const struct matter held = { .what.state = "held" };
	char key[NOTICE_KEY + 1];

	if (!x->here || is_held(x) || strcmp(x->what.state, "rolled-back") == 0)
		return;
	notice_key_of(&held, key);
	for (enum notice_channel c = NOTICE_MAIL; c < NOTICE_CHANNELS; c++) {
		const char *at = strstr(x->keys[c], key);
		char *keys;

		if (!at)
			continue;
		keys = arena_strdup(n->arena, x->keys[c]);
		memset(keys + (at - x->keys[c]), '-', NOTICE_KEY);
		x->keys[c] = keys;
	}
}

void notice_set_told(struct notices *n, struct matter *x, enum notice_channel c,
		     enum notice_event event)
{
	char key[NOTICE_KEY + 1];

	if (event == NOTICE_OVER) {
		x->told[c] = 0;
		x->keys[c] = "";
		return;
	}
	notice_key_of(x, key);
	/* A change is no reminder. */
	if (event != NOTICE_CHANGED) {
		x->told[c] = n->now;
		x->keys[c] = "";
	}
	x->keys[c] = arena_printf(n->arena, "%s%s", x->keys[c], key);
	/* What went back is held: it is what is to be expected. */
	if (strcmp(x->what.state, "rolled-back") == 0) {
		const struct matter held = { .what.state = "held" };

		notice_key_of(&held, key);
		x->keys[c] = arena_printf(n->arena, "%s%s", x->keys[c], key);
	}
}

/* Is anybody to be told of X by C? */
static bool asked(const struct notices *n, const struct matter *x,
		  enum notice_channel c)
{
	return notice_hand_asked(n->from, c) &&
	       (c == NOTICE_OWNER ? *x->owner != '\0' : !x->what.owner_only);
}

bool notice_event_of(const struct notices *n, const struct matter *x,
		     enum notice_channel c, enum notice_event *ret)
{
	int64_t told = x->told[c];

	if (!asked(n, x, c))
		return false;
	if (over(n, x)) {
		*ret = NOTICE_OVER;
		return told != 0 && !x->forgotten;
	}
	if (x->forgotten)
		return false;
	*ret = told == 0 ? NOTICE_NEW : NOTICE_STILL;
	if (!x->here || patient(n, x))
		return false;
	/* A clock that was set back must not silence it. */
	if (told == 0 || n->now < told ||
	    n->now - told >= notice_hand_conf(n->from)->repeat)
		return true;
	*ret = NOTICE_CHANGED;
	return changed(x, c);
}

static void add_untold(const struct notice_line *v, size_t n, int64_t now,
		       struct strlist *untold)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(NOTICE_MESSAGE_MAX);
	AUTO(mem_free_str) char *line = NULL;

	notice_text_untold(v, n, now, &text);
	for (const char *p = sbuf_str(&text); *p != '\0';) {
		size_t len = strcspn(p, "\n");

		mem_free_str(&line);
		line = mem_strndup(p, len);
		strlist_add(untold, line);
		p += len + (p[len] != '\0');
	}
}

void notice_print(const struct strlist *untold)
{
	for (size_t i = 0; i < untold->n; i++) {
		fprintf(stderr, "%s\n", untold->v[i]);
		if (*untold->v[i] != '\0')
			log_syslog_error(untold->v[i]);
	}
}

static int64_t away(const struct notices *n, const struct matter *x)
{
	return x->what.end == 0	      ? INT64_MAX
	       : x->what.end > n->now ? x->what.end - n->now
				      : n->now - x->what.end;
}

static bool is_name(const struct matter *x)
{
	return x->what.topic == NOTICE_TROUBLE && *x->what.service == '\0';
}

static void sort(const struct notices *n, struct matter **v, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && away(n, v[k]) < away(n, v[k - 1]);
		     k--) {
			struct matter *swap = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
}

void notice_by_urgency(const struct notices *n, struct matter **v, size_t count)
{
	struct matter **names = arena_array(n->arena, count + 1, sizeof(*v));
	size_t all = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		if (is_name(v[i]))
			names[all++] = v[i];
	sort(n, names, all);
	for (size_t i = 0; i < count; i++)
		if (is_name(v[i]))
			v[i] = names[at++];
}

struct notice_line notice_line_of(const struct notices *n,
				  const struct matter *x,
				  enum notice_event event)
{
	return (struct notice_line){ .event = event,
				     .what = x->what,
				     .since = x->since,
				     .now = now_of(n, &x->what) };
}

/* 1: C took it; 0: there was nothing. */
static int tell(struct notices *n, enum notice_channel c, int stop,
		struct strlist *untold, struct err *err)
{
	struct notice_line *lines =
		arena_array(n->arena, n->n + 1, sizeof(*lines));
	struct matter **told = arena_array(n->arena, n->n + 1, sizeof(*told));
	enum notice_event event;
	size_t count = 0;

	for (size_t i = 0; i < n->n; i++)
		if (notice_event_of(n, &n->v[i], c, &event))
			told[count++] = &n->v[i];
	notice_by_urgency(n, told, count);
	for (size_t i = 0; i < count; i++) {
		(void) notice_event_of(n, told[i], c, &event);
		lines[i] = notice_line_of(n, told[i], event);
	}
	if (count == 0)
		return 0;
	if (notice_hand_over(n->from, c, NULL, stop, lines, count, n->now,
			     err) == -1) {
		if (c == NOTICE_MAIL)
			add_untold(lines, count, n->now, untold);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		notice_set_told(n, told[i], c, lines[i].event);
	return 1;
}

/* Others were told of it, and nobody of them is to be in this run: they may
 * be in the next one. */
static bool rests(const struct notices *n, const struct matter *x)
{
	return n->from->owners && !n->from->notify &&
	       (x->told[NOTICE_MAIL] != 0 || x->told[NOTICE_HOOK] != 0);
}

static bool anybody(const struct notices *n, const struct matter *x)
{
	for (enum notice_channel c = NOTICE_MAIL; c < NOTICE_CHANNELS; c++)
		if (asked(n, x, c))
			return true;
	return false;
}

/* What is over, and whoever was told of it knows; or nobody is left who
 * could be told. */
static void drop(struct notices *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n; i++) {
		const struct matter *x = &n->v[i];
		bool open = rests(n, x);

		for (enum notice_channel c = NOTICE_MAIL; c < NOTICE_CHANNELS;
		     c++)
			open = open || (x->told[c] != 0 && asked(n, x, c));
		if (notice_foreign(n, x) &&
		    x->told[NOTICE_MAIL] < n->now - FOREIGN_KEPT &&
		    x->told[NOTICE_HOOK] < n->now - FOREIGN_KEPT &&
		    x->told[NOTICE_OWNER] < n->now - FOREIGN_KEPT)
			continue;
		if (!x->forgotten && (open || (anybody(n, x) && !over(n, x))))
			n->v[kept++] = *x;
	}
	n->n = kept;
}

/* Both ways, and what came of each. */
static int tell_all(struct notices *n, int stop, struct strlist *untold,
		    struct err *err)
{
	struct err why[NOTICE_OWNER] = { ERR_INIT, ERR_INIT };
	int rc[NOTICE_OWNER] = { 0, 0 };

	for (enum notice_channel c = NOTICE_MAIL; c <= NOTICE_HOOK; c++)
		if (notice_hand_asked(n->from, c))
			rc[c] = tell(n, c, stop, untold, &why[c]);
	if (rc[NOTICE_MAIL] != -1 && rc[NOTICE_HOOK] != -1)
		return 0;
	if (rc[NOTICE_MAIL] == 1)
		return err_set(err, why[NOTICE_HOOK].kind,
			       "the mail was handed over, but not all that are "
			       "told: %s",
			       why[NOTICE_HOOK].msg);
	return err_set(
		err,
		why[rc[NOTICE_MAIL] == -1 ? NOTICE_MAIL : NOTICE_HOOK].kind,
		"what needs a person could not be told, see %s: %s%s%s",
		n->from->see, why[NOTICE_MAIL].msg,
		rc[NOTICE_HOOK] == 1 ? "; the command took it"
		: rc[NOTICE_MAIL] == -1 && rc[NOTICE_HOOK] == -1 ? "; "
								 : "",
		why[NOTICE_HOOK].msg);
}

int notice_send(struct notices *n, int stop, struct strlist *untold,
		struct err *err)
{
	struct err one = ERR_INIT;
	int status;

	for (size_t i = 0; i < n->n; i++)
		unhold(n, &n->v[i]);
	status = tell_all(n, stop, untold, err);
	if (notice_hand_asked(n->from, NOTICE_OWNER) &&
	    notice_tell_owners(n, stop, &one) == -1 && status == 0)
		status = err_set(err, one.kind, "%s", one.msg);
	err_clear(&one);
	drop(n);
	if (notice_save(n, &one) == -1 && status == 0)
		status = err_set(err, one.kind,
				 "what was told is not remembered, and is told "
				 "again: %s",
				 one.msg);
	return status;
}

int notice_test(const struct notice_from *from, const char *config, int64_t now)
{
	const struct notice_line line = {
		.event = NOTICE_NEW,
		.what = { .topic = NOTICE_TEST,
			  .service = "",
			  .cert = "",
			  .state = "nothing is wrong",
			  .text = "somebody tried who is told, by "
				  "--test-notify" },
		.since = now,
		.now = "",
	};
	size_t good = 0, bad = 0;

	if (!from->notify) {
		fprintf(stderr, "%s: %s has no notify: nobody is told\n",
			from->program, config);
		return err_exit_status(ERR_CONFIG);
	}
	for (enum notice_channel c = NOTICE_MAIL; c <= NOTICE_HOOK; c++) {
		AUTO(arena_free) struct arena *a = arena_new();
		AUTO(mem_free_str) char *words = NULL;
		struct err err = ERR_INIT;

		if (!notice_hand_asked(from, c))
			continue;
		if (notice_hand_over(from, c, NULL, -1, &line, 1, now, &err) ==
		    -1) {
			fprintf(stderr, "%s: %s\n", from->program, err.msg);
			bad++;
			continue;
		}
		words = notice_hand_waits(c) ? outbox_dir(from->state_dir)
					     : words_short(notice_hand_argv(
						       from, c, NULL, a));
		printf("%s: a test %s: %s\n", notice_hand_names[c],
		       notice_hand_waits(c) ? "waits for --send-mail in"
					    : "was taken by",
		       words);
		if (c == NOTICE_MAIL && !notice_hand_waits(c))
			printf("whether it arrives, that mailbox says; if it "
			       "does not, see mailq and the log of mail on "
			       "this "
			       "host\n");
		good++;
	}
	return bad == 0 ? 0 : good > 0 ? 2 : 1;
}
