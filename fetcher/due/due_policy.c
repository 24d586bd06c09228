/* SPDX-License-Identifier: MIT */
#include "due_policy.h"
#include <inttypes.h>
#include <string.h>
#include "due.h"
#include "file.h"
#include "log.h"

#define POLICY_FILE "fetcher.policy"
#define CHUNK	    500 /* rows in one transaction */
/* 2: "due at once" is 0, and nobody is postponed for a CA that rests. Rows
 * written before may lie where a wrong clock put them. */
#define RULE 2

struct change {
	const char *name;
	int64_t due;
	struct store_due read;
};

struct changes {
	int64_t days_left;
	bool earlier; /* only what would be due earlier */
	struct arena *arena;
	struct change *v;
	size_t n, cap, done;
};

static int on_row(const struct store_cert *row, void *arg, struct err *err)
{
	struct changes *c = arg;
	const struct due_in in = { .has_crt =
					   row->crt.len && row->ts_expire > 1,
				   .not_before = row->ts_not_before,
				   .not_after = row->ts_expire,
				   .next_attempt = row->ts_next_attempt,
				   .renew = row->renew,
				   .days_left = c->days_left,
				   .ari = store_cert_ari(row) };
	int64_t due;

	(void) err;
	if (row->held || (!c->earlier && (row->renew || !in.has_crt)))
		return 0;
	due = due_instant(&in);
	if (due == row->ts_due || (c->earlier && due > row->ts_due))
		return 0;
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 256;
		c->v = mem_grow(c->v, c->cap, sizeof(c->v[0]));
	}
	c->v[c->n++] = (struct change){
		.name = arena_strdup(c->arena, row->name),
		.due = due,
		.read = { .ts_due = row->ts_due,
			  .ts_next_attempt = row->ts_next_attempt,
			  .renew = row->renew },
	};
	return 0;
}

static int set_one(struct store *store, const struct change *c, struct err *err)
{
	return store_set_due(store, c->name, c->due, &c->read, err);
}

static int set_chunk(struct store *store, void *arg, struct err *err)
{
	const struct changes *c = arg;
	size_t i;

	for (i = c->done; i < c->n && i < c->done + CHUNK; i++)
		if (set_one(store, &c->v[i], err) == -1)
			return -1;
	return 0;
}

/* But for those that somebody has locked; how many. */
static int set_each(struct store *store, const struct changes *c,
		    struct err *err)
{
	int locked = 0;
	size_t i;

	for (i = c->done; i < c->n && i < c->done + CHUNK; i++) {
		err_clear(err);
		if (set_one(store, &c->v[i], err) == 0)
			continue;
		if (err->kind != ERR_LOCKED)
			return -1;
		locked++;
	}
	return locked;
}

static int set_some(struct store *store, struct changes *c, struct err *err)
{
	if (store_tx(store, set_chunk, c, err) == 0)
		return 0;
	return err->kind == ERR_LOCKED ? set_each(store, c, err) : -1;
}

/* How many rows were not reached: somebody has locked them, or (one) the store
 * has more than it should. No order waits for them. */
static int recompute(int64_t days_left, bool earlier, struct store *store,
		     struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_any) struct change *v = NULL;
	struct changes c = { .days_left = days_left,
			     .earlier = earlier,
			     .arena = arena };
	int rc = store_each(store, on_row, &c, err), locked = 0;
	bool some = rc == -1 && err->kind == ERR_LIMIT;

	v = c.v;
	if (some) {
		log_warn("not all rows were looked at for when they are due: "
			 "%s",
			 err->msg);
		err_clear(err);
		rc = 0;
	}
	for (; rc != -1 && c.done < c.n; c.done += CHUNK) {
		rc = set_some(store, &c, err);
		locked += rc > 0 ? rc : 0;
	}
	if (rc == -1)
		return -1;
	log_debug("by another rule %zu rows are due at another time, %d of "
		  "them locked",
		  c.n, locked);
	return locked + some;
}

int due_policy_apply(const struct certrepo_conf *conf, struct store *store,
		     struct err *err)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/%s", conf->state_dir, POLICY_FILE);
	AUTO(mem_free_str)
	char *was_1 = mem_printf("days_left=%" PRId64 "\n", conf->days_left);
	AUTO(mem_free_str)
	char *now = mem_printf("%srule=%d\n", was_1, RULE);
	AUTO(sbuf_free) struct sbuf was = SBUF_INIT(100);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	int found = file_read(path, &was, err), locked = 0, more;
	bool changed;

	/* What cannot be read says nothing: all rows are looked at. */
	if (found == 1 && strcmp(sbuf_str(&was), now) == 0)
		return 0;
	/* Without the file: rows are as populate and init make them, by the
	 * rule without a setting. */
	changed = found == 0 ? conf->days_left != 0
			     : strncmp(sbuf_str(&was), was_1, strlen(was_1));
	if (changed)
		locked = recompute(conf->days_left, false, store, err);
	if (locked == -1)
		return -1;
	more = recompute(conf->days_left, true, store, err);
	if (more == -1)
		return -1;
	if (locked + more > 0)
		return 0; /* those are for the next run */
	/* The rows are right. That it cannot be noted stops no renewal. */
	if (file_replace(path, now, strlen(now), &attr, err) == -1)
		log_warn("%s (all rows will be looked at again)", err->msg);
	return 0;
}
