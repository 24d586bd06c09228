/* SPDX-License-Identifier: MIT */
#include "lessees.h"
#include "clock.h"
#include "log.h"
#include "sbuf.h"
#include "words.h"

/* After its deadline an order still cleans up. */
#define CLEANS 120

bool lessees_late(const struct certrepo_conf *conf,
		  const struct store_lease *lease, int64_t now)
{
	return lease->since <= now - conf->order_timeout - CLEANS ||
	       lease->since > now + CLEANS;
}

int lessees_report(const struct notify_from *from, struct store *store,
		   int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_leases l = { NULL, 0 };
	char since[CLOCK_TEXT], until[CLOCK_TEXT];
	size_t i;

	if (store_leases(store, from->owner, now, arena, &l, err) == -1)
		return -1;
	for (i = 0; i < l.n; i++) {
		const struct store_lease *o = &l.v[i];
		const char *const argv[] = { o->name, NULL };
		AUTO(mem_free_str) char *word = words_text(argv);

		if (!lessees_late(from->conf, o, now))
			continue;
		log_warn("%zu %s for the fetcher %s (the host is in its "
			 "name), which took %s at %s and has %s on lease until "
			 "%s; if it is dead: %s --once --break-lease %s",
			 o->n, o->n == 1 ? "name waits" : "names wait",
			 o->owner, o->n == 1 ? "it" : "the first",
			 clock_text(o->since, since), o->n == 1 ? "it" : "them",
			 clock_text(o->until, until), from->command,
			 o->n == 1 ? word : "NAME...");
	}
	return 0;
}

int lessees_break(struct store *store, const char *const *names, size_t n,
		  struct err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		rc = store_lease_break(store, names[i], err);
		if (rc == -1)
			return -1;
		if (rc == 1)
			log_event(LOG_L_INFO, "lease-broken", "name", names[i],
				  NULL);
	}
	return 0;
}

int lessees_text(struct store *store, const char *not_owner, int64_t now,
		 char **ret, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(8192);
	struct store_leases l = { NULL, 0 };
	char until[CLOCK_TEXT];
	size_t i;

	if (store_leases(store, not_owner, now, arena, &l, err) == -1)
		return -1;
	for (i = 0; i < l.n; i++)
		sbuf_addf(&s, "; %zu %s on lease to the fetcher %s until %s",
			  l.v[i].n, l.v[i].n == 1 ? "name is" : "names are",
			  l.v[i].owner, clock_text(l.v[i].until, until));
	*ret = sbuf_take(&s, NULL);
	return 0;
}
