/* SPDX-License-Identifier: MIT */
#include "ari_poll.h"
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "ari_judge.h"
#include "clock.h"
#include "due.h"
#include "jitter.h"
#include "log.h"
#include "namemap.h"
#include "x509_ari.h"

/* At first a few, twice as many with each that are answered: a CA that wants
 * to be left alone is asked no more. */
#define FIRST_MOST   10
#define COMMIT_AFTER 1000 /* ms: a page that is not full */
/* Rows that cannot be moved on; more are the next run's. */
#define STUCK_MAX 500
/* Read, but not yet in the store: each page begins with them. With the largest
 * certificates all of it is within DB_ANSWER_MAX. */
#define PUT_MAX (2 * ARI_POLL_PAGE)

/* A question, from the row that was read to the answer's commit. */
struct ask {
	struct ari_poll *poll;
	TAILQ_ENTRY(ask) link;
	struct store_ari read; /* its strings ours, no crt */
	char id[X509_ARI_MAX + 1];
	struct acme_call *call;
	struct ari_verdict verdict;
	char *url; /* of verdict.row */
	bool window, put;
};
TAILQ_HEAD(asks, ask);

/* Answers that are committed together. */
struct page {
	struct ari_poll *poll;
	TAILQ_ENTRY(page) link;
	struct asks asks;
	size_t n;
};
TAILQ_HEAD(pages_of_asks, page);

/* Where the rows come from: the turns, then those that a wrong clock put too
 * far ahead, both for each way to name the CA; then, with an incident, all. */
enum from { FROM_TURNS, FROM_FAR, FROM_ALL, FROM_NONE };

/* Of the names in this run. */
enum { ADDED, LISTED /* by FROM_ALL, too */ };

struct ari_poll {
	struct ari_env env;
	const char *names[3]; /* NULL: none named */
	size_t n_names;
	enum from from;
	size_t name;	 /* of names */
	char *after;	 /* of FROM_ALL; NULL: at its start */
	bool read_later; /* all that was read is in our hands */
	bool left;

	struct asks waiting, flying, heard;
	size_t n_waiting, n_flying, n_heard, n_put;
	struct pages_of_asks pages; /* on their way to the store */
	struct namemap *met;	    /* in this run */
	size_t stuck;
	size_t most; /* in flight, for now */
	int streak;
	int64_t since_ms, heard_ms; /* the first question; of heard */
	struct loop_timer *timer;
	int64_t wake_ms;

	struct ari_told told;
	char *moved_name, *moved_url;
	char detail[sizeof(((struct err *) 0)->msg)];
};

/* --- life --- */

static void ask_free(struct ask *a)
{
	free((char *) a->read.name);
	free((char *) a->read.crt_sha256);
	free((char *) a->read.ari_url);
	free(a->url);
	acme_cancel(&a->call);
	free(a);
}

static void asks_free(struct asks *list)
{
	struct ask *a;

	while ((a = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, a, link);
		ask_free(a);
	}
}

static void page_free(struct ari_poll *p, struct page *page)
{
	batch_forget(p->env.batch, page);
	TAILQ_REMOVE(&p->pages, page, link);
	asks_free(&page->asks);
	free(page);
}

struct ari_poll *ari_poll_new(const struct ari_env *env, const char *ca_name,
			      bool is_default)
{
	struct ari_poll *p = mem_alloc(sizeof(*p));

	p->env = *env;
	p->names[p->n_names++] = ca_name;
	if (is_default) {
		p->names[p->n_names++] = NULL;
		p->names[p->n_names++] = "";
	}
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->flying);
	TAILQ_INIT(&p->heard);
	TAILQ_INIT(&p->pages);
	p->met = namemap_new();
	p->most = FIRST_MOST;
	return p;
}

void ari_poll_free(struct ari_poll **pp)
{
	struct ari_poll *p = *pp;

	if (!p)
		return;
	asks_free(&p->waiting);
	asks_free(&p->flying);
	asks_free(&p->heard);
	while (!TAILQ_EMPTY(&p->pages))
		page_free(p, TAILQ_FIRST(&p->pages));
	loop_cancel(&p->timer);
	namemap_free(&p->met);
	free(p->after);
	free(p->moved_name);
	free(p->moved_url);
	free(p);
	*pp = NULL;
}

static void on_timer(void *arg)
{
	struct ari_poll *p = arg;

	p->timer = NULL;
}

static void wake_in(struct ari_poll *p, int64_t ms)
{
	int64_t at = clock_mono_ms() + ms;

	if (p->timer && p->wake_ms <= at)
		return;
	loop_cancel(&p->timer);
	p->timer = loop_after(p->env.loop, ms, on_timer, p);
	p->wake_ms = at;
}

/* --- whose turn --- */

/* No rule puts a turn beyond. */
static int64_t farthest(const struct ari_poll *p)
{
	return p->env.begun + ARI_EVERY_MOST + DUE_CLOCKS;
}

static void range(const struct ari_poll *p, int64_t *from, int64_t *to)
{
	*from = p->from == FROM_FAR ? farthest(p) + 1 : INT64_MIN;
	*to = p->from == FROM_FAR ? INT64_MAX : p->env.begun;
}

/* That one, if it is of this CA; ROWS in ARENA. */
static int read_named(struct ari_poll *p, const char *name, struct arena *arena,
		      struct store_aris *rows, struct err *err)
{
	rows->n = 0;
	/* NULL and "" are one there. */
	for (size_t k = 0; k < p->n_names && k < 2 && !rows->n; k++)
		if (store_ari_named(p->env.store, p->names[k], name,
				    p->env.begun, arena, rows, err) == -1)
			return -1;
	return 0;
}

static int any_named(struct ari_poll *p, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_aris rows = { NULL, 0 };

	for (size_t i = 0; i < p->env.n_only && !rows.n; i++)
		if (read_named(p, p->env.only[i], arena, &rows, err) == -1)
			return -1;
	return rows.n > 0;
}

int ari_poll_any(struct ari_poll *p, struct err *err)
{
	int64_t from, to;
	int found = 0;

	if (p->env.n_only)
		return any_named(p, err);

	for (p->from = FROM_TURNS; p->from <= FROM_FAR && found == 0; p->from++)
		for (p->name = 0; p->name < p->n_names && found == 0;
		     p->name++) {
			range(p, &from, &to);
			found = store_ari_any(p->env.store, p->names[p->name],
					      from, to, p->env.begun, err);
		}
	p->from = FROM_TURNS;
	p->name = 0;
	return found;
}

static void next_source(struct ari_poll *p)
{
	p->read_later = false;
	mem_free_str(&p->after);
	/* All: NULL and "" are one there. */
	if (++p->name <
	    (p->from == FROM_ALL && p->n_names > 1 ? 2 : p->n_names))
		return;
	p->name = 0;
	p->from++;
	if (p->from == FROM_ALL && !p->told.moved)
		p->from = FROM_NONE;
}

/* Another CA's certificate, which stood in for this one, or was the row's
 * before: this one knows nothing of it, and that one is not the row's. */
static bool is_others(const struct ari_poll *p, const struct store_ari *row)
{
	return row->issuer && strcmp(row->issuer, p->names[0]) != 0;
}

static void add(struct ari_poll *p, const struct store_ari *row)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	char sha256[ENC_SHA256_HEX];
	struct ask *a = mem_alloc(sizeof(*a));

	a->poll = p;
	a->read = *row;
	a->read.name = mem_strdup(row->name);
	a->read.crt_sha256 = mem_strdup(row->crt_sha256);
	a->read.ari_url = row->ari_url ? mem_strdup(row->ari_url) : NULL;
	a->read.issuer = NULL;
	a->read.crt = (struct store_blob){ NULL, 0 };
	namemap_put(p->met, row->name, ADDED);
	enc_sha256_hex(row->crt.p, row->crt.len, sha256);
	if (!is_others(p, row) && strcmp(sha256, row->crt_sha256) == 0 &&
	    x509_chain_parse(row->crt.p, row->crt.len, &chain, NULL) == 0 &&
	    x509_ari_id(chain, a->id)) {
		TAILQ_INSERT_TAIL(&p->waiting, a, link);
		p->n_waiting++;
		return;
	}
	/* Nobody can be asked about it: once a day that is looked at. */
	a->verdict = (struct ari_verdict){
		.row = { .ts_ari_poll = p->env.begun + ARI_EVERY_MOST },
		.asked_only = true,
	};
	TAILQ_INSERT_TAIL(&p->heard, a, link);
	p->n_heard++;
}

static size_t add_new(struct ari_poll *p, const struct store_aris *rows)
{
	size_t new = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (namemap_get(p->met, rows->v[i].name) == -1) {
			add(p, &rows->v[i]);
			new ++;
		}
	return new;
}

/* Is there one that no page of FROM_ALL had? A name that is no text is
 * none that one could go on from: SQLite's next page begins with it again. */
static bool list(struct ari_poll *p, const struct store_aris *rows)
{
	bool new = false;

	for (size_t i = 0; i < rows->n; i++)
		if (namemap_get(p->met, rows->v[i].name) != LISTED) {
			namemap_put(p->met, rows->v[i].name, LISTED);
			new = true;
		}
	if (new) {
		free(p->after);
		p->after = mem_strdup(rows->v[rows->n - 1].name);
	}
	return new;
}

static int read_only(struct ari_poll *p, struct err *err)
{
	for (size_t i = 0; i < p->env.n_only; i++) {
		AUTO(arena_free) struct arena *arena = arena_new();
		struct store_aris rows = { NULL, 0 };

		if (read_named(p, p->env.only[i], arena, &rows, err) == -1)
			return -1;
		(void) add_new(p, &rows);
	}
	p->from = FROM_NONE;
	return 0;
}

static int read_page(struct ari_poll *p, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_aris rows = { NULL, 0 };
	size_t ours = p->n_flying + p->n_heard + p->n_put;
	size_t limit = ARI_POLL_PAGE, new;
	const char *name = p->names[p->name];
	int64_t from, to;
	int rc;

	if (p->env.n_only)
		return read_only(p, err);
	if (p->from == FROM_ALL) {
		rc = store_ari_all(p->env.store, name, p->after ? p->after : "",
				   p->env.begun, limit, arena, &rows, err);
	} else {
		/* Those in our hands are still there. */
		limit += ours + p->stuck;
		range(p, &from, &to);
		rc = store_ari_page(p->env.store, name, from, to, p->env.begun,
				    limit, arena, &rows, err);
	}
	if (rc == -1)
		return -1;
	new = add_new(p, &rows);
	if (rows.n < limit ||
	    (p->from == FROM_ALL ? !list(p, &rows) : !new && !ours))
		next_source(p);
	else if (!new && p->from != FROM_ALL)
		p->read_later = true;
	return 0;
}

/* --- commits --- */

static int put(struct store *store, struct ask *a, struct err *err)
{
	a->verdict.row.ari_url = a->url;
	return store_ari_put(store, &a->read, &a->verdict.row,
			     a->verdict.asked_only, clock_now(), &a->put, err);
}

static void count(struct ari_poll *p, const struct ask *a)
{
	p->told.due += a->verdict.due;
	if (!a->verdict.moved && !a->verdict.sooner)
		return;
	p->told.moved += a->verdict.moved;
	p->told.sooner += a->verdict.sooner;
	if (!p->moved_name)
		p->moved_name = mem_strdup(a->read.name);
	if (!p->moved_url && a->url)
		p->moved_url = mem_strdup(a->url);
}

static void settle(struct ari_poll *p, struct ask *a, const struct err *err)
{
	p->n_put--;
	p->read_later = false;
	wake_in(p, 0);
	if (!err && a->put) {
		count(p, a);
	} else {
		p->stuck++;
		log_debug("%s: what its CA asks for is not stored: %s",
			  a->read.name, err ? err->msg : "it is another now");
	}
}

static int op_page(struct store *store, void *arg, struct err *err)
{
	struct page *page = arg;
	struct ask *a;

	TAILQ_FOREACH (a, &page->asks, link)
		if (put(store, a, err) == -1)
			return -1;
	return 0;
}

static void on_page(void *arg, const struct err *err);

static void commit(struct ari_poll *p, struct page *page)
{
	TAILQ_INSERT_TAIL(&p->pages, page, link);
	batch_add_claim(p->env.batch, op_page, on_page, page);
}

/* One of them is locked, or cannot be: each alone. */
static void split(struct ari_poll *p, struct page *page)
{
	struct ask *a;

	while ((a = TAILQ_FIRST(&page->asks))) {
		struct page *one = mem_alloc(sizeof(*one));

		one->poll = p;
		one->n = 1;
		TAILQ_INIT(&one->asks);
		TAILQ_REMOVE(&page->asks, a, link);
		TAILQ_INSERT_TAIL(&one->asks, a, link);
		commit(p, one);
	}
}

static void on_page(void *arg, const struct err *err)
{
	struct page *page = arg;
	struct ari_poll *p = page->poll;
	struct ask *a;

	if (err && page->n > 1)
		split(p, page);
	TAILQ_FOREACH (a, &page->asks, link)
		settle(p, a, err);
	page_free(p, page);
}

static void commit_heard(struct ari_poll *p)
{
	struct page *page;

	if (!p->n_heard)
		return;
	if (p->n_heard < ARI_POLL_PAGE && (p->n_flying || p->n_waiting) &&
	    clock_mono_ms() - p->heard_ms < COMMIT_AFTER) {
		wake_in(p, COMMIT_AFTER);
		return;
	}
	page = mem_alloc(sizeof(*page));
	page->poll = p;
	page->n = p->n_heard;
	TAILQ_INIT(&page->asks);
	TAILQ_CONCAT(&page->asks, &p->heard, link);
	p->n_put += p->n_heard;
	p->n_heard = 0;
	commit(p, page);
}

/* --- questions and answers --- */

static void break_off(struct ari_poll *p)
{
	p->told.broken_off =
		p->told.broken_off || p->n_waiting || p->from != FROM_NONE;
	asks_free(&p->waiting);
	p->n_waiting = 0;
	p->from = FROM_NONE;
}

void ari_poll_stop(struct ari_poll *p)
{
	break_off(p);
}

void ari_poll_leave(struct ari_poll *p)
{
	break_off(p);
	asks_free(&p->flying);
	p->n_flying = 0;
	if (p->left) {
		asks_free(&p->heard);
		while (!TAILQ_EMPTY(&p->pages))
			page_free(p, TAILQ_FIRST(&p->pages));
		p->n_heard = p->n_put = 0;
	}
	p->left = true;
}

static void note(struct ari_poll *p, enum ari_heard heard, int64_t retry_at,
		 const struct err *detail)
{
	if (heard == ARI_WINDOW)
		p->told.heard++;
	else
		(void) snprintf(p->detail, sizeof(p->detail), "%s",
				detail->msg);
	p->streak = heard == ARI_LATER ? p->streak + 1 : 0;
	if (p->streak >= ARI_POLL_STREAK) {
		if (retry_at > p->told.retry_at)
			p->told.retry_at = retry_at;
		break_off(p);
	} else if (!p->streak && p->most < ARI_POLL_MOST) {
		p->most++;
	}
}

static void on_answer(void *arg, const struct acme_result *r)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct ask *a = arg;
	struct ari_poll *p = a->poll;
	struct ari_info info = { .start = 0 };
	struct err detail = ERR_INIT;
	enum ari_heard heard = ari_judge_heard(r, arena, &info, &detail);

	a->call = NULL;
	ari_judge(&a->read, heard, &info, r->retry_at, clock_now(),
		  p->env.days_left, jitter_number(a->read.name), &a->verdict);
	a->url = a->verdict.row.ari_url ? mem_strdup(a->verdict.row.ari_url)
					: NULL;
	if (heard != ARI_WINDOW)
		log_debug("%s: when to renew is not known: %s", a->read.name,
			  detail.msg);
	TAILQ_REMOVE(&p->flying, a, link);
	p->n_flying--;
	if (!p->n_heard)
		p->heard_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&p->heard, a, link);
	p->n_heard++;
	note(p, heard, r->retry_at, &detail);
}

static void ask_more(struct ari_poll *p, struct acme *acme, size_t most)
{
	struct ask *a;
	int64_t wait;

	if (most > p->most)
		most = p->most;
	while ((a = TAILQ_FIRST(&p->waiting)) && p->n_flying < most) {
		wait = acme_renewal_wait(acme);
		if (wait) {
			wake_in(p, wait);
			return;
		}
		TAILQ_REMOVE(&p->waiting, a, link);
		TAILQ_INSERT_TAIL(&p->flying, a, link);
		p->n_waiting--;
		p->n_flying++;
		p->told.asked++;
		a->call = acme_renewal(acme, a->id, on_answer, a);
	}
}

static bool out_of_time(struct ari_poll *p)
{
	int64_t now = clock_mono_ms();

	if (!p->since_ms)
		p->since_ms = now;
	return now - p->since_ms >
	       (p->told.moved ? ARI_POLL_ALARM_MS : ARI_POLL_MS);
}

int ari_poll_step(struct ari_poll *p, struct acme *acme, size_t most,
		  struct err *err)
{
	if (out_of_time(p) || p->stuck > STUCK_MAX)
		break_off(p);
	while (p->from != FROM_NONE && !p->n_waiting && !p->read_later &&
	       p->n_heard < ARI_POLL_PAGE && p->n_put < PUT_MAX) {
		/* Is there an incident? The last answers say. */
		if (p->from == FROM_FAR && p->name + 1 == p->n_names &&
		    (p->n_flying || p->n_heard || p->n_put))
			break;
		if (read_page(p, err) == -1)
			return -1;
	}
	ask_more(p, acme, most);
	commit_heard(p);
	return 0;
}

bool ari_poll_busy(const struct ari_poll *p)
{
	return p->from != FROM_NONE || p->n_waiting || p->n_flying ||
	       p->n_heard || p->n_put;
}

void ari_poll_told(const struct ari_poll *p, struct ari_told *ret)
{
	*ret = p->told;
	ret->name = p->moved_name;
	ret->url = p->moved_url;
	ret->detail = p->detail;
}
