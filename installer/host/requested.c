/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "record.h"
#include "requested.h"

#define KIND	 "certrepo-requests"
#define VERSION	 2
#define FILE_MAX (8u << 20)
#define FIELDS	 9

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

int requested_load(const char *state_dir, struct arena *arena,
		   struct requested *ret, struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/requests", state_dir);
	struct record r = { .n = 0 };

	*ret = (struct requested){ .n = 0 };
	if (record_read(path, KIND, VERSION, FILE_MAX, arena, &r, err) == -1)
		return -1;
	ret->v = arena_array(arena, r.n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < r.n; i++) {
		const struct record_line *l = &r.v[i];

		if (!record_is(l, "request", FIELDS) || !l->v[1] || !l->v[2] ||
		    !l->v[4])
			continue;
		ret->v[ret->n++] = (struct requested_one){
			.name = l->v[1],
			.key = l->v[2],
			.new_key = record_int(l, 3) != 0,
			.state = l->v[4],
			.ts = record_int(l, 5),
			.reason = l->v[6],
			.as_name = l->v[7],
			.csr = l->v[8],
		};
	}
	return 0;
}

static int write_all(const char *state_dir, const struct requested *r,
		     struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/requests", state_dir);
	AUTO(record_out_free) struct record_out out;
	size_t from = r->n > REQUESTED_MAX ? r->n - REQUESTED_MAX : 0;

	record_begin(&out, KIND, VERSION, FILE_MAX);
	for (size_t i = from; i < r->n; i++) {
		const struct requested_one *o = &r->v[i];

		record_key(&out, "request");
		record_add(&out, o->name);
		record_add(&out, o->key);
		record_add_int(&out, o->new_key);
		record_add(&out, o->state);
		record_add_int(&out, o->ts);
		record_add(&out, o->reason);
		record_add(&out, o->as_name);
		record_add(&out, o->csr);
	}
	return record_write(&out, path, err);
}

int requested_save(const char *state_dir, struct requested *r, struct err *err)
{
	if (r->dirty && write_all(state_dir, r, err) == -1)
		return -1;
	r->dirty = false;
	return 0;
}

struct requested_one *requested_find(const struct requested *r,
				     const char *name, const char *key)
{
	for (size_t i = 0; i < r->n; i++)
		if (eq(r->v[i].name, name) && eq(r->v[i].key, key))
			return &r->v[i];
	return NULL;
}

bool requested_waits(const struct requested *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct requested_one *o = &r->v[i];

		if (eq(o->name, name) && !o->new_key &&
		    (eq(o->state, FLEET_PENDING) ||
		     eq(o->state, REQUESTED_PRINTED)))
			return true;
	}
	return false;
}

const struct requested_one *requested_rejected(const struct requested *r,
					       const char *name)
{
	for (size_t i = r->n; i-- > 0;) {
		const struct requested_one *o = &r->v[i];

		if (eq(o->name, name) && !o->new_key)
			return eq(o->state, FLEET_REJECTED) ? o : NULL;
	}
	return NULL;
}

const char *requested_why(const struct requested_one *one,
			  char ret[PLAIN_QUOTED])
{
	return one->reason ? plain_quoted(one->reason, ret)
			   : "no reason was given";
}

void requested_drop(struct requested *r, struct requested_one *one)
{
	size_t i = (size_t) (one - r->v);

	memmove(one, one + 1, (r->n - i - 1) * sizeof(*one));
	r->n--;
	r->dirty = true;
}

/* What ONE takes the place of. */
static bool replaces(const struct requested_one *one,
		     const struct requested_one *was)
{
	return eq(one->name, was->name) &&
	       (eq(one->key, was->key) || eq(one->state, REQUESTED_LIVE));
}

void requested_put(struct requested *r, struct arena *arena,
		   const struct requested_one *one)
{
	struct requested_one copy = *one; /* it may be one of them */
	struct requested_one *v = arena_array(arena, r->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!replaces(&copy, &r->v[i]))
			v[n++] = r->v[i];
	v[n++] = copy;
	r->v = v;
	r->n = n;
	r->dirty = true;
}
