/* SPDX-License-Identifier: MIT */
#include "ca_find.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "disc_pinned.h"
#include "discover.h"
#include "dns_msg.h"
#include "file.h"
#include "log.h"
#include "remark.h"
#include "once_a_day.h"
#include "store_pin.h"

struct ca_find {
	const struct certrepo_ca *conf;
	struct certrepo_ca own; /* with the directory */
	const struct certrepo_conf *all;
	const char *next; /* CA, or NULL */
	struct loop *loop;
	struct batch *batch;
	struct arena *arena;
	struct disc_parents parents;

	const char *was; /* the row's directory, "" when there is no row */
	bool pinned;	 /* ... and it is from discovery */
	const char *how; /* ... and how, as the store has it */
	int64_t ts_found, ts_down; /* of the row */
	bool forced;		   /* not searched for by that yet */

	struct discover *search;
	struct loop_timer *soon; /* it could not begin */
	struct store_pin pin;	 /* on its way to the store */
	bool taken;		 /* it is there; else another's is */
	struct fail why;	 /* it is looked for again */
	bool wanted, missing;
	ca_find_fn *fn;
	void *arg;
};

enum ca_find_next ca_find_next(int64_t ts_down, int64_t now)
{
	if (ts_down <= 0 || ts_down > now)
		return CA_FIND_NOTE;
	return now - ts_down >= CA_FIND_APART ? CA_FIND_SEARCH : CA_FIND_WAIT;
}

/* --- what the store has --- */

static bool is_ours(const struct ca_find *f, const struct store_pin *pin)
{
	return disc_pinned_ok(f->conf, &f->parents, pin);
}

static int load(struct ca_find *f, struct store *store, struct err *err)
{
	struct store_pin pin;
	int found = store_pin_get(store, f->conf->name, f->arena, &pin, err);

	if (found != 1)
		return found;
	f->was = pin.directory;
	if (!is_ours(f, &pin))
		return 0;
	f->own.directory = pin.directory;
	f->pinned = true;
	f->how = pin.discovered;
	f->ts_found = pin.ts_discovered;
	f->ts_down = pin.ts_down;
	return 0;
}

static const char *next_of(const struct certrepo_conf *conf,
			   const struct certrepo_ca *ca)
{
	for (size_t i = 0; i + 1 < conf->ca.n; i++)
		if (conf->ca.v[i] == ca) {
			const struct certrepo_ca *next = conf->ca.v[i + 1];

			return next->name;
		}
	return NULL;
}

int ca_find_new(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
		struct loop *loop, struct store *store, struct batch *batch,
		struct ca_find **ret, struct err *err)
{
	AUTO(ca_find_free) struct ca_find *f = mem_alloc(sizeof(*f));

	f->conf = ca;
	f->own = *ca;
	f->own.directory = f->was = "";
	f->all = conf;
	f->next = strcmp(ca->mode, "try") == 0 ? next_of(conf, ca) : NULL;
	f->loop = loop;
	f->batch = batch;
	f->arena = arena_new();
	discover_parents(ca->discover.v, ca->discover.n, f->arena, &f->parents);
	if (load(f, store, err) == -1)
		return -1;
	*ret = TAKE(f);
	return 0;
}

void ca_find_free(struct ca_find **fp)
{
	struct ca_find *f = TAKE(*fp);

	if (!f)
		return;
	if (f->batch)
		batch_forget(f->batch, f);
	loop_cancel(&f->soon);
	discover_free(&f->search);
	arena_free(&f->arena);
	free(f);
}

const struct certrepo_ca *ca_find_ca(const struct ca_find *f)
{
	return &f->own;
}

bool ca_find_known(const struct ca_find *f)
{
	return *f->own.directory;
}

bool ca_find_missing(const struct ca_find *f)
{
	return f->missing;
}

/* --- the search --- */

/* In the arena of this search: its name stands in messages as well. */
static const char *text_path(struct ca_find *f)
{
	return arena_printf(f->arena, "%s/discover-%s.txt", f->all->state_dir,
			    f->conf->name);
}

/* What cannot be written is no reason to stop. */
static const char *keep_text(struct ca_find *f)
{
	const char *path = text_path(f), *text = discover_text(f->search);
	const struct file_attr attr = { 0640, FILE_KEEP, FILE_KEEP };
	struct err err = ERR_INIT;

	if (file_replace(path, text, strlen(text), &attr, &err) == 0)
		return path;
	log_warn("%s", err.msg);
	return NULL;
}

static void drop_text(struct ca_find *f)
{
	struct err err = ERR_INIT;

	if (file_remove(text_path(f), &err) == -1)
		log_warn("%s", err.msg);
}

static void end(struct ca_find *f, const struct fail *fail)
{
	ca_find_fn *fn = f->fn;

	discover_free(&f->search);
	fn(f->arg, fail);
}

static int op_down(struct store *store, void *arg, struct err *err)
{
	struct ca_find *f = arg;

	return store_pin_down(store, f->conf->name, f->own.directory,
			      f->ts_down, err);
}

static void note_down(struct ca_find *f, int64_t ts)
{
	f->ts_down = ts;
	batch_add(f->batch, op_down, NULL, f);
}

/* There is no other than the one that fails. */
static void end_as_was(struct ca_find *f, const char *more)
{
	struct fail why = f->why;

	fail_set(&f->why, why.class, why.retry_at, "%.200s; %.290s", why.detail,
		 more);
	note_down(f, clock_now());
	end(f, &f->why);
}

/* Once a day: this may go on for as long as nobody minds. */
static void say_missing(struct ca_find *f, const char *why)
{
	const char *dir = f->all->state_dir;
	const char *file =
		arena_printf(f->arena, "discover-%s.told", f->conf->name);
	int64_t now = clock_now();

	if (once_a_day_done(dir, file, now)) {
		log_event(LOG_L_NOTE, "not-found", "ca", f->conf->name,
			  "detail", why, NULL);
		return;
	}
	remark_warn(NOTICE_NEXT, f->conf->name, f->next,
		    "%s; what is due is ordered from the next CA, %s, in this "
		    "run (where its names are not to be known there, set mode "
		    "= \"force\")",
		    why, f->next);
	once_a_day_mark(dir, file, now);
}

static void not_found(struct ca_find *f, const struct err *err)
{
	const char *path = keep_text(f), *at;
	struct fail fail;

	at = arena_printf(f->arena,
			  "%s%scertrepo-fetcher --discover looks again",
			  path ? "each step is in " : "",
			  path ? arena_printf(f->arena, "%s, ", path) : "");
	if (ca_find_known(f)) {
		end_as_was(f,
			   arena_printf(f->arena, "no other is found (%s): %s",
					at, err->msg));
		return;
	}
	fail_set(&fail, FAIL_CA_DOWN, 0,
		 "its directory is not found (%s): %.400s", at, err->msg);
	/* An error is no absence: names that are nobody's business must not
	 * get to the next CA because a resolver was away. */
	f->missing = f->wanted && f->next && err->kind != ERR_CONFLICT &&
		     !discover_unanswered(f->search);
	if (f->missing)
		say_missing(f, fail.detail);
	end(f, &fail);
}

static int op_pin(struct store *store, void *arg, struct err *err)
{
	struct ca_find *f = arg;
	struct store_pin row;
	int rc = store_pin_put(store, f->conf->name, f->was, &f->pin, err);

	if (rc == -1)
		return -1;
	f->taken = rc == 1;
	if (f->taken)
		return 0;
	/* Another fetcher was first. */
	if (store_pin_get(store, f->conf->name, f->arena, &row, err) == -1)
		return -1;
	if (!is_ours(f, &row))
		return err_set(err, ERR_CONFLICT,
			       "another fetcher has CA %s at %s", f->conf->name,
			       row.directory);
	f->pin.directory = row.directory;
	f->pin.discovered = row.discovered;
	return 0;
}

static void on_pinned(void *arg, const struct err *err)
{
	struct ca_find *f = arg;
	struct fail fail;

	if (err) {
		fail_set(&fail, FAIL_HOST, 0, "cannot note its directory: %s",
			 err->msg);
		end(f, &fail);
		return;
	}
	log_event(LOG_L_NOTE, "discovered", "ca", f->conf->name, "directory",
		  f->pin.directory, "how", f->pin.discovered, NULL);
	if (f->pinned && strcmp(f->was, f->pin.directory) != 0)
		remark_warn(NOTICE_DIRECTORY, f->conf->name, f->pin.directory,
			    "its directory is %s from now on; it was %s, which "
			    "could not be used: %s",
			    f->pin.directory, f->was, f->why.detail);
	f->own.directory = f->was = f->pin.directory;
	f->how = f->pin.discovered;
	f->ts_found = f->pin.ts_discovered;
	f->pinned = true;
	f->ts_down = 0;
	drop_text(f);
	end(f, NULL);
}

static void on_found(void *arg, const struct discover_found *found,
		     const struct err *err)
{
	struct ca_find *f = arg;

	if (!found) {
		not_found(f, err);
		return;
	}
	if (f->why.class != FAIL_NONE &&
	    strcmp(found->url, f->own.directory) == 0) {
		drop_text(f);
		end_as_was(f, "the DNS still names it");
		return;
	}
	f->pin = (struct store_pin){
		.directory = arena_strdup(f->arena, found->url),
		.discovered = arena_printf(f->arena, "%s %s %s", found->parent,
					   dns_valid_state_text(found->state),
					   found->instance),
		.ts_discovered = clock_now(),
	};
	batch_add(f->batch, op_pin, on_pinned, f);
}

/* For who looks; others have the file. */
static void say(const char *line)
{
	AUTO(mem_free_str) char *text = mem_strdup(line);

	if (!log_verbose())
		return;
	for (char *p = text; *p; p++)
		if (*p == '\t')
			*p = ' ';
	log_info("%s", text);
}

static void fail_now(void *arg)
{
	struct ca_find *f = arg;

	f->soon = NULL;
	end(f, &f->why);
}

void ca_find_start(struct ca_find *f, bool wanted, ca_find_fn *fn, void *arg)
{
	const struct discover_opts o = { .conf = f->all,
					 .ca = f->conf,
					 .parents = &f->parents,
					 .line = say };
	struct err err = ERR_INIT;

	f->fn = fn;
	f->arg = arg;
	f->missing = false;
	f->wanted = wanted;
	if (discover_start(f->loop, &o, on_found, f, &f->search, &err) == 0)
		return;
	fail_set(&f->why, FAIL_ACCOUNT, 0, "%s", err.msg);
	f->soon = loop_after(f->loop, 0, fail_now, f);
}

/* --- a directory that fails --- */

/* Where this directory comes from, and that it is not for ever. */
static void explain(const struct ca_find *f, struct fail *why)
{
	char found[CLOCK_TEXT], after[CLOCK_TEXT];
	struct fail was = *why;

	if (!f->pinned)
		return;
	fail_set(why, was.class, was.retry_at,
		 "%.300s; it was found below %.*s on %s; another is looked for "
		 "after %s, or at once by --force",
		 was.detail, (int) strcspn(f->how, " "), f->how,
		 clock_text(f->ts_found, found),
		 clock_text(f->ts_down + CA_FIND_APART, after));
}

void ca_find_force(struct ca_find *f)
{
	f->forced = true;
}

bool ca_find_down(struct ca_find *f, struct fail *why)
{
	int64_t now = clock_now();
	enum ca_find_next next = ca_find_next(f->ts_down, now);

	if (f->forced || next == CA_FIND_SEARCH) {
		f->forced = false;
		f->why = *why;
		return true;
	}
	if (next == CA_FIND_NOTE)
		note_down(f, now);
	explain(f, why);
	return false;
}

void ca_find_up(struct ca_find *f)
{
	fail_set(&f->why, FAIL_NONE, 0, "%s", "");
	if (f->ts_down)
		note_down(f, 0);
}
