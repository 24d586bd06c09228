/* SPDX-License-Identifier: MIT */
#include "polls.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "ari_info.h"
#include "ari_poll.h"
#include "clock.h"
#include "due.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "remark.h"

/* In flight, beside orders: a server that takes a hundred streams on a
 * connection has room for those. */
#define MOST_BESIDE 20

/* Lines of a CA's name, a blank, and until when it is not asked. */
#define REST_FILE     "fetcher.polls"
#define REST_FILE_MAX 20000
#define REST_MOST     86400

struct one {
	struct ca_queue *ca;
	struct ari_poll *poll;
	enum { LOOKS, WAITS, ASKS, DONE } is;
	bool listed;
	int64_t rests_until; /* 0: it does not */
};

struct polls {
	struct batch *batch;
	char *rest_file;
	bool rests; /* one of them does, or did when the file was written */
	struct one *v;
	size_t n;
};

/* --- CAs that want to be left alone --- */

static int64_t rest_of(const char *text, const char *ca, int64_t now)
{
	size_t n = strlen(ca);
	int64_t until = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		AUTO(mem_free_str) char *line = NULL;

		if (strncmp(text, ca, n) != 0 || text[n] != ' ')
			continue;
		line = mem_printf("%.*s", (int) strcspn(text + n + 1, "\n"),
				  text + n + 1);
		if (num_int(line, 0, INT64_MAX, &until, NULL) == -1)
			until = 0;
	}
	/* Nobody writes more than that. */
	return until > now && until <= now + REST_MOST + DUE_CLOCKS ? until : 0;
}

static void load_rests(struct polls *p)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(REST_FILE_MAX);
	int64_t now = clock_now();

	/* What cannot be read says nothing. */
	p->rests = file_read(p->rest_file, &text, NULL) == 1 && text.len;
	for (size_t i = 0; p->rests && i < p->n; i++)
		p->v[i].rests_until = rest_of(
			sbuf_str(&text), ca_queue_conf(p->v[i].ca)->name, now);
}

static void save_rests(const struct polls *p)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(REST_FILE_MAX);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	int64_t now = clock_now();
	struct err err = ERR_INIT;

	for (size_t i = 0; i < p->n; i++) {
		const struct one *o = &p->v[i];
		int64_t until = o->rests_until;
		struct ari_told t;

		ari_poll_told(o->poll, &t);
		if (t.retry_at > now)
			until = t.retry_at < now + REST_MOST ? t.retry_at
							     : now + REST_MOST;
		if (until > now)
			sbuf_addf(&text, "%s %" PRId64 "\n",
				  ca_queue_conf(o->ca)->name, until);
	}
	if ((text.len || p->rests) &&
	    file_replace(p->rest_file, sbuf_str(&text), text.len, &attr,
			 &err) == -1)
		log_warn("%s", err.msg);
}

struct polls *polls_new(const struct certrepo_conf *conf, struct cas *cas,
			struct loop *loop, struct store *store,
			struct batch *batch, const char *const *names,
			size_t n_names)
{
	struct polls *p = mem_alloc(sizeof(*p));
	const struct certrepo_ca *def = certrepo_conf_ca(conf, NULL);
	const struct ari_env env = { .loop = loop,
				     .store = store,
				     .batch = batch,
				     .days_left = conf->days_left,
				     .begun = clock_now(),
				     .only = names,
				     .n_only = n_names };

	p->batch = batch;
	p->v = mem_array(conf->ca.n + 1, sizeof(p->v[0]));
	for (; p->n < conf->ca.n; p->n++) {
		const struct certrepo_ca *ca = conf->ca.v[p->n];

		p->v[p->n] = (struct one){
			.ca = cas->v[p->n],
			.poll = ari_poll_new(&env, ca->name, ca == def),
		};
	}
	p->rest_file = mem_printf("%s/%s", conf->state_dir, REST_FILE);
	load_rests(p);
	return p;
}

static void end(struct one *o)
{
	if (o->is == ASKS)
		ca_queue_look_end(o->ca);
	o->is = DONE;
}

void polls_free(struct polls **pp)
{
	struct polls *p = *pp;

	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		ari_poll_free(&p->v[i].poll);
		end(&p->v[i]);
	}
	free(p->v);
	free(p->rest_file);
	free(p);
	*pp = NULL;
}

/* Whose turn? Before anything is asked. */
static int look(struct one *o, struct err *err)
{
	const char *url = ca_queue_renewal_info(o->ca);
	int any;

	if ((url && !*url) || o->rests_until) {
		end(o);
		return 0;
	}
	any = ari_poll_any(o->poll, err);
	if (any == 1)
		o->is = WAITS;
	else if (any == 0)
		end(o);
	return any == -1 ? -1 : 0;
}

static void wait_for_ca(struct one *o)
{
	switch (ca_queue_look(o->ca)) {
	case CA_QUEUE_LOOK_WAIT:
		break;
	case CA_QUEUE_LOOK_NEVER:
		end(o);
		break;
	case CA_QUEUE_LOOK_READY:
		if (!acme_offer(ca_queue_acme(o->ca))->renewal_info) {
			end(o);
			break;
		}
		ca_queue_look_begin(o->ca);
		o->is = ASKS;
		break;
	}
}

/* Its client may be at its directory again. */
static bool can_ask(struct one *o)
{
	struct acme *acme = ca_queue_acme(o->ca);

	switch (ca_queue_look(o->ca)) {
	case CA_QUEUE_LOOK_READY:
		if (acme_offer(acme)->renewal_info)
			return true;
		break;
	case CA_QUEUE_LOOK_WAIT:
		return false;
	case CA_QUEUE_LOOK_NEVER:
		break;
	}
	ari_poll_stop(o->poll);
	return false;
}

static int ask(struct one *o, struct err *err)
{
	bool orders = ca_queue_orders(o->ca) || ca_queue_queued(o->ca);
	size_t most = orders ? MOST_BESIDE : ARI_POLL_MOST;

	if (ari_poll_step(o->poll, ca_queue_acme(o->ca), can_ask(o) ? most : 0,
			  err) == -1)
		return -1;
	if (!ari_poll_busy(o->poll))
		end(o);
	return 0;
}

static int step(struct one *o, struct err *err)
{
	if (o->is == LOOKS && look(o, err) == -1)
		return -1;
	if (o->is == WAITS)
		wait_for_ca(o);
	return o->is == ASKS ? ask(o, err) : 0;
}

/* What stops the questions of one CA stops neither those of others nor any
 * order. */
static void give_up(struct one *o, struct err *err)
{
	log_warn("CA %s: it is not asked when to renew: %s",
		 ca_queue_conf(o->ca)->name, err->msg);
	err_clear(err);
	ari_poll_stop(o->poll);
	if (!ari_poll_busy(o->poll))
		end(o);
}

int polls_step(struct polls *p, struct err *err)
{
	for (size_t i = 0; i < p->n && !batch_away(p->batch); i++) {
		if (step(&p->v[i], err) == 0)
			continue;
		if (err->kind == ERR_UNAVAILABLE)
			return batch_missed(p->batch, err);
		give_up(&p->v[i], err);
	}
	return 0;
}

void polls_stop(struct polls *p)
{
	for (size_t i = 0; i < p->n; i++) {
		ari_poll_leave(p->v[i].poll);
		if (!ari_poll_busy(p->v[i].poll))
			end(&p->v[i]);
	}
}

bool polls_busy(const struct polls *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].is != DONE)
			return true;
	return false;
}

bool polls_due(const struct polls *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct one *o = &p->v[i];
		struct ari_told told;

		ari_poll_told(o->poll, &told);
		if (o->is == DONE && !o->listed && told.due)
			return true;
	}
	return false;
}

void polls_listed(struct polls *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->v[i].listed = p->v[i].is == DONE;
}

static const char *noun(size_t n)
{
	return n == 1 ? "certificate" : "certificates";
}

char *polls_moved_text(const struct ari_told *t)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(ARI_URL_MAX + 2000);

	sbuf_adds(&s, "it wants ");
	if (t->moved)
		sbuf_addf(&s,
			  "%zu %s renewed at once that had time until now%s",
			  t->moved, noun(t->moved), t->sooner ? ", and " : "");
	if (t->sooner)
		sbuf_addf(&s, "%zu %s renewed sooner than it had said",
			  t->sooner, noun(t->sooner));
	sbuf_addf(&s,
		  ", %sthat of %s; %s%s; it is done in its time, and hosts "
		  "have the new ones with their next certrepo-installer "
		  "run: certrepo-populate show NAME says which have not",
		  t->moved + t->sooner == 1 ? "" : "one of them ", t->name,
		  t->url ? "why: " : "it does not say why",
		  t->url ? t->url : "");
	return sbuf_take(&s, NULL);
}

void polls_say(const struct polls *p)
{
	save_rests(p);
	for (size_t i = 0; i < p->n; i++) {
		const char *ca = ca_queue_conf(p->v[i].ca)->name;
		struct ari_told t;
		char asked[24], heard[24], due[24];

		ari_poll_told(p->v[i].poll, &t);
		if (t.moved + t.sooner) {
			AUTO(mem_free_str) char *text = polls_moved_text(&t);

			remark_warn(NOTICE_WINDOW, ca, t.url ? t.url : "", "%s",
				    text);
		}
		if (!t.asked)
			continue;
		(void) snprintf(asked, sizeof(asked), "%zu", t.asked);
		(void) snprintf(heard, sizeof(heard), "%zu", t.heard);
		(void) snprintf(due, sizeof(due), "%zu", t.due);
		log_event(LOG_L_NOTE, "renewal-information", "ca", ca, "asked",
			  asked, "windows", heard, "due", due, "detail",
			  *t.detail ? t.detail : NULL, "rest",
			  t.broken_off ? "left for the next run" : NULL, NULL);
	}
}
