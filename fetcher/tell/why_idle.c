/* SPDX-License-Identifier: MIT */
#include "why_idle.h"
#include <string.h>
#include "clock.h"
#include "lessees.h"
#include "sbuf.h"

#define NAMES_MOST 20
#define HELD_MOST  ((size_t) 1000)

/* "; 3 names are held until someone acts"; "" when there are none. */
static int held_names(struct store *store, struct arena *arena,
		      const char **ret, struct err *err)
{
	struct store_helds held = { NULL, 0 };

	if (store_held(store, HELD_MOST + 1, arena, &held, err) == -1)
		return -1;
	*ret = "";
	if (held.n > 0)
		*ret = arena_printf(arena, "; %s%zu %s held until someone acts",
				    held.n > HELD_MOST ? "more than " : "",
				    held.n > HELD_MOST ? HELD_MOST : held.n,
				    held.n == 1 ? "name is" : "names are");
	return 0;
}

/* "; 1 is disabled", which no run will order. */
static int disabled(struct store *store, struct arena *arena, const char **ret,
		    struct err *err)
{
	size_t n;

	if (store_disabled(store, &n, err) == -1)
		return -1;
	*ret = n ? arena_printf(arena, "; %zu %s disabled", n,
				n == 1 ? "is" : "are")
		 : "";
	return 0;
}

static int text_of_all(struct store *store, const char *self, int64_t now,
		       char **ret, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *leased = NULL;
	struct store_waiting w;
	char at[CLOCK_TEXT];
	int found = store_waiting(store, now, arena, &w, err);
	const char *held, *off;

	if (found == -1 || held_names(store, arena, &held, err) == -1 ||
	    disabled(store, arena, &off, err) == -1 ||
	    lessees_text(store, self, now, &leased, err) == -1)
		return -1;
	if (found == 0)
		*ret = mem_printf("nothing is due, and no name waits%s%s%s",
				  held, off, leased);
	else
		*ret = mem_printf("nothing is due; %zu %s, the next is %s at "
				  "%s%s%s%s",
				  w.n, w.n == 1 ? "name waits" : "names wait",
				  w.name, clock_text(w.ts_due, at), held, off,
				  leased);
	return 0;
}

static int add_name(struct store *store, const char *self, const char *name,
		    int64_t now, struct sbuf *s, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_cert *d = NULL;
	char at[CLOCK_TEXT];
	int found = store_get(store, name, arena, &d, err);

	if (found == -1)
		return -1;
	if (found == 0)
		return 0; /* removed meanwhile */
	if (d->lease_owner && d->lease_until > now &&
	    strcmp(d->lease_owner, self) != 0)
		sbuf_addf(s,
			  "; %s is on lease to the fetcher %s until %s: if "
			  "that is dead, --break-lease takes it",
			  d->name, d->lease_owner,
			  clock_text(d->lease_until, at));
	else if (d->ts_due == STORE_NEVER)
		sbuf_addf(s, "; %s is held until someone acts", d->name);
	else if (d->ts_due > now)
		sbuf_addf(s, "; %s waits until %s", d->name,
			  clock_text(d->ts_due, at));
	else
		sbuf_addf(s, "; %s is due since a moment ago", d->name);
	return 0;
}

int why_idle_text(struct store *store, const char *self,
		  const char *const *names, size_t n, int64_t now, char **ret,
		  struct err *err)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(16384);
	size_t i;

	if (!n)
		return text_of_all(store, self, now, ret, err);
	sbuf_adds(&s, "nothing is due");
	for (i = 0; i < n && i < NAMES_MOST; i++)
		if (add_name(store, self, names[i], now, &s, err) == -1)
			return -1;
	if (n > NAMES_MOST)
		sbuf_adds(&s, "; and others");
	*ret = sbuf_take(&s, NULL);
	return 0;
}
