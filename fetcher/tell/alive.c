/* SPDX-License-Identifier: MIT */
#include "alive.h"
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>
#include "fleet_fetchers.h"
#include "log.h"
#include "sbuf.h"

static struct fleet_fetcher row_of(const struct alive *a,
				   char host[HOST_NAME_MAX + 1])
{
	host[HOST_NAME_MAX] = '\0';
	if (gethostname(host, HOST_NAME_MAX) == -1 || *host == '\0') {
		host[0] = '?';
		host[1] = '\0';
	}
	return (struct fleet_fetcher){ .instance = a->instance,
				       .host = host,
				       .version = CERTREPO_VERSION,
				       .ts_start = a->start };
}

static const char *number(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%" PRId64, n);
}

static const char *cas_of(const struct certrepo_conf *conf, struct arena *arena)
{
	const char *all = "";

	for (size_t i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];

		all = arena_printf(arena, "%s%s%s", all, i > 0 ? " " : "",
				   ca->name);
	}
	return all;
}

static int put_settings(const struct alive *a, struct store *store,
			struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	const struct certrepo_conf *c = a->conf;
	const struct fleet_setting v[] = {
		{ FLEET_DEFAULT_CA, certrepo_conf_ca(c, NULL)->name, a->start },
		{ FLEET_CAS, cas_of(c, arena), a->start },
		{ FLEET_DAYS_LEFT, number(arena, c->days_left), a->start },
		{ FLEET_COUNT_FAIL_LIMIT, number(arena, c->count_fail_limit),
		  a->start },
		{ FLEET_DELIVER_WITHIN, number(arena, c->deliver_within),
		  a->start },
		{ FLEET_ORDER_TIMEOUT, number(arena, c->order_timeout),
		  a->start },
	};

	return fleet_settings_put(store, v, ARRAY_LEN(v), err);
}

static bool done(int rc, const struct err *err)
{
	if (rc == -1)
		log_debug("who looks at the fleet is not told of this run: %s",
			  err->msg);
	return rc == 0;
}

void alive_begin(struct alive *a, struct store *store)
{
	char host[HOST_NAME_MAX + 1];
	const struct fleet_fetcher f = row_of(a, host);
	struct err err = ERR_INIT;

	a->off = !done(fleet_fetcher_start(store, &f, &err), &err);
	if (!a->off)
		(void) done(put_settings(a, store, &err), &err);
}

void alive_end(struct alive *a, struct store *store, const struct alive_end *e,
	       int64_t now)
{
	char host[HOST_NAME_MAX + 1];
	struct fleet_fetcher f = row_of(a, host);
	struct err err = ERR_INIT;

	if (a->off)
		return;
	f.ts_end = now;
	f.ts_ok = e->well ? now : 0;
	f.status = e->status;
	f.n_ok = (int64_t) e->n_ok;
	f.n_failed = (int64_t) e->n_failed;
	f.detail = e->detail;
	/* One that is alive after all, is there again when it starts. */
	if (done(fleet_fetcher_end(store, &f, &err), &err) && e->well)
		(void) done(fleet_fetchers_forget(store, a->instance,
						  now - ALIVE_FORGOTTEN, &err),
			    &err);
}
