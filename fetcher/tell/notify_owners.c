/* SPDX-License-Identifier: MIT */
/* Owners of names, who are told of theirs, too. */
#include <stdlib.h>
#include <string.h>
#include "fleet_owners.h"
#include "log.h"
#include "notify_impl.h"

#define NAMES_MAX 1000 /* of all of them */

struct notify_owners *notify_owners_new(void)
{
	return mem_alloc(sizeof(struct notify_owners));
}

void notify_owners_free(struct notify_owners **o)
{
	free(*o);
	*o = NULL;
}

bool notify_owned(const struct store_trouble *r)
{
	return r->owner && notify_conf_address(r->owner, NULL) == 0;
}

/* NULL: there are too many. */
static struct notify_owner_of *find(struct notify_owners *o,
				    const char *address)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i].address, address) == 0)
			return &o->v[i];
	if (o->n == NOTIFY_OWNERS)
		return NULL;
	o->v[o->n].address = address;
	return &o->v[o->n++];
}

const char *notify_owner(struct teller *t, const struct store_trouble *r,
			 bool spelt)
{
	struct notify_owners *o = t->owners;
	struct err err = ERR_INIT;
	struct notify_owner_of *of;

	if (!r->owner || !*r->owner)
		return NULL;
	if (notify_conf_address(r->owner, &err) == -1) {
		if (!o->warned)
			log_warn("%s: its owner is not told: %s", r->name,
				 err.msg);
		o->warned = true;
		return NULL;
	}
	of = find(o, r->owner);
	if (spelt && of)
		of->names++;
	if (spelt)
		return r->owner;
	if (!of)
		return NULL;
	if (of->names >= NOTIFY_NAMES || o->names >= NAMES_MAX) {
		of->more++;
		return NULL;
	}
	of->names++;
	o->names++;
	return r->owner;
}

void notify_owners_more(struct teller *t)
{
	for (size_t i = 0; i < t->owners->n; i++) {
		const struct notify_owner_of *o = &t->owners->v[i];

		if (o->more == 0)
			continue;
		notice_now_of(t->n, NOTICE_MORE, o->address,
			      "all that there are, are spelt out");
		notice_add(t->n,
			   &(struct notice){
				   .topic = NOTICE_MORE,
				   .service = "",
				   .cert = o->address,
				   .state = "failing",
				   .alike = "more",
				   .text = arena_printf(
					   t->arena,
					   "beside those spelt out, %zu of "
					   "yours %s somebody",
					   o->more,
					   o->more == 1 ? "needs" : "need"),
				   .owner = o->address,
				   .owner_only = true });
	}
}

/* --- which of several fetchers tells it --- */

static struct fleet_owner_notice *rows_of(struct arena *a,
					  const struct notice_claim *v,
					  size_t n)
{
	struct fleet_owner_notice *rows = arena_array(a, n + 1, sizeof(*rows));

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct fleet_owner_notice){
			.name = v[i].cert,
			.owner = v[i].owner,
			.told = v[i].key,
			.over = v[i].over,
			.repeat = v[i].repeat,
			.ours = v[i].ours,
		};
	return rows;
}

int notify_owners_claim(void *store, struct notice_claim *v, size_t n,
			struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_owner_notice *rows = rows_of(a, v, n);

	for (size_t i = 0; i < n; i++)
		rows[i].ours = false;
	if (fleet_owners_claim(store, rows, n, v->now, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		v[i].ours = rows[i].ours;
	return 0;
}

int notify_owners_unclaim(void *store, struct notice_claim *v, size_t n,
			  struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();

	return fleet_owners_unclaim(store, rows_of(a, v, n), n, v->now, err);
}
