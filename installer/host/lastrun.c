/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "lastrun.h"
#include "record.h"

#define KIND	 "certrepo-last-run"
#define VERSION	 2
#define FILE_MAX (4u << 20)

int lastrun_load(const char *state_dir, struct arena *arena,
		 struct lastrun *ret, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/last-run", state_dir);
	struct lastrun l = { .ts = 0 };
	struct record r = { .n = 0 };

	if (record_read(path, KIND, VERSION, FILE_MAX, arena, &r, err) == -1)
		return -1;
	l.v = arena_array(arena, r.n + 1, sizeof(*l.v));
	for (size_t i = 0; i < r.n; i++) {
		const struct record_line *line = &r.v[i];

		if (record_is(line, "run", 4)) {
			l.ts = record_int(line, 1);
			l.status = record_int(line, 2);
			l.reason = line->v[3];
		} else if (record_is(line, "store", 2)) {
			l.store = record_int(line, 1);
		} else if (record_is(line, "unseen", 3) && line->v[1]) {
			l.v[l.n++] =
				(struct lastrun_unseen){ line->v[1],
							 record_int(line, 2) };
		}
	}
	*ret = l;
	return 0;
}

const struct lastrun_unseen *lastrun_unseen(const struct lastrun *l,
					    const char *service)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].service, service) == 0)
			return &l->v[i];
	return NULL;
}

static void add_unseen(const struct host *r, const struct lastrun *before,
		       struct record_out *out)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];
		const struct lastrun_unseen *u =
			lastrun_unseen(before, s->name);

		if (r->looked[i] || (!host_wants(r, s) && !u))
			continue;
		record_key(out, "unseen");
		record_add(out, s->name);
		record_add_int(out, u ? u->since : before->ts);
	}
}

int lastrun_save(const struct host *r, int status, const char *reason,
		 struct err *err)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/last-run", r->conf->state_dir);
	struct lastrun before = { .ts = 0 };
	AUTO(record_out_free) struct record_out out;
	bool all = r->only.n == 0;

	(void) !lastrun_load(r->conf->state_dir, r->arena, &before, NULL);
	record_begin(&out, KIND, VERSION, FILE_MAX);
	record_key(&out, "run");
	record_add_int(&out, all ? r->now : before.ts);
	record_add_int(&out, all ? status : before.status);
	record_add(&out, all ? reason : before.reason);
	record_key(&out, "store");
	record_add_int(&out, r->store_reached ? r->now : before.store);
	add_unseen(r, &before, &out);
	return record_write(&out, path, err);
}
