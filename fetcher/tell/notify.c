/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "fleet_owners.h"
#include "lessees.h"
#include "log.h"
#include "notify_impl.h"
#include "words.h"

#define PROGRAM	    "certrepo-fetcher"
#define ROWS_MAX    5000 /* that are looked at, the most urgent ones */
#define OWNERS_KEPT (180 * (int64_t) NOTIFY_DAY)

/* --- words --- */

const char *notify_at(const struct teller *t, int64_t at)
{
	bool past = at <= t->now;
	char text[CLOCK_TEXT], span[CLOCK_TEXT];

	/* The columns may hold anything. */
	if (at < 0)
		return clock_text(at, arena_alloc(t->arena, CLOCK_TEXT));
	clock_span(past ? t->now - at : at - t->now, span);
	return arena_printf(t->arena, "%s (%s%s%s)", clock_text(at, text),
			    past ? "" : "in ", span, past ? " ago" : "");
}

const char *notify_life(const struct teller *t, const struct store_trouble *r)
{
	if (!r->has_crt)
		return "it has no certificate yet";
	return arena_printf(t->arena, "it %s on %s",
			    r->ts_expire > t->now ? "expires" : "EXPIRED",
			    notify_at(t, r->ts_expire));
}

const char *notify_word(struct arena *a, const char *name)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	return arena_printf(a, "%s%s", *name == '-' ? "-- " : "", word);
}

int64_t notify_away(const struct teller *t, const struct store_trouble *r)
{
	if (!r->has_crt)
		return INT64_MAX;
	return r->ts_expire > t->now ? r->ts_expire - t->now
				     : t->now - r->ts_expire;
}

const char *notify_other_ca(const struct teller *t, const char *ca_name)
{
	const struct conf_groups *all = &t->from->conf->ca;
	const struct certrepo_ca *own = certrepo_conf_ca(
		t->from->conf, ca_name && *ca_name ? ca_name : NULL);

	if (all->n < 2)
		return NULL;
	for (size_t i = 0; i < all->n && all->n == 2 && own; i++)
		if (all->v[i] != own) {
			const struct certrepo_ca *other = all->v[i];

			return notify_word(t->arena, other->name);
		}
	return "OTHER";
}

/* --- leases --- */

static void say_lease_gone(struct teller *t)
{
	AUTO(strlist_free) struct strlist gone = STRLIST_INIT;

	notice_missing(t->n, NOTICE_LEASE, &gone);
	for (size_t i = 0; i < gone.n; i++)
		notice_now_of(t->n, NOTICE_LEASE, gone.v[i],
			      "it keeps no name for that long any more");
	notice_looked(t->n, NOTICE_LEASE, "");
}

/* Who has had a name for longer than an order takes. */
static int add_leases(struct teller *t, struct err *err)
{
	struct store_leases l;

	if (store_leases(t->store, t->from->owner, t->now, t->arena, &l, err) ==
	    -1)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		const struct store_lease *o = &l.v[i];
		char since[CLOCK_TEXT], until[CLOCK_TEXT];
		const char *const todo[] = {
			"It passes by itself when the lease runs out. If that "
			"fetcher is dead:",
			arena_printf(t->arena, " %s --once --break-lease %s",
				     t->from->command,
				     o->n == 1 ? notify_word(t->arena, o->name)
					       : "NAME..."),
			NULL
		};

		if (lessees_late(t->from->conf, o, t->now))
			notice_add(
				t->n,
				&(struct notice){
					.topic = NOTICE_LEASE,
					.service = "",
					.cert = o->owner,
					.state = "late",
					.text = arena_printf(
						t->arena,
						"names that wait for it: %zu, "
						"among them %s; it took the "
						"first at %s and has them on "
						"lease until %s",
						o->n, o->name,
						clock_text(o->since, since),
						clock_text(o->until, until)),
					.todo = todo });
	}
	say_lease_gone(t);
	return 0;
}

/* --- the clock --- */

/* What waits, by a clock that may be wrong. */
static const char *waits_by_clock(struct teller *t)
{
	const struct store_trouble *first = t->overdue.n ? t->overdue.v : NULL;

	if (t->overdue.n == 0)
		return "; no name waits by this clock";
	return arena_printf(t->arena, "; by this clock %zu %s; %s: %s",
			    t->overdue.all,
			    t->overdue.all == 1 ? "name waits" : "names wait",
			    first->name, notify_life(t, first));
}

static void add_clock(struct teller *t)
{
	static const char *const ours[] = {
		"If this host's is the wrong one, let it follow a time "
		"server:",
		" timedatectl set-ntp true", NULL
	};
	static const char *const theirs[] = {
		"Another CA's agrees with this host's: nothing is ordered from "
		"this CA until its clock is right.",
		NULL
	};
	const struct notify_from *from = t->from;
	const char *text;

	if (from->clock < 0)
		return;
	text = arena_printf(t->arena, "CA %s: %s%s", from->clock_ca,
			    from->clock_detail, waits_by_clock(t));
	notice_looked(t->n, NOTICE_CLOCK, "");
	notice_now_of(t->n, NOTICE_CLOCK, "", "it agrees with a CA's");
	if (from->clock > 0)
		notice_add(t->n,
			   &(struct notice){ .topic = NOTICE_CLOCK,
					     .service = "",
					     .cert = "",
					     .state = "apart",
					     .text = text,
					     .alike = from->clock_ca,
					     .todo = from->clock == 2 ? theirs
								      : ours });
}

/* --- all of it --- */

static int read_rows(struct teller *t, struct err *err)
{
	return store_failing(t->store, t->now, ROWS_MAX, t->arena, &t->failing,
			     err) == -1 ||
			       store_overdue(t->store, t->now, ROWS_MAX,
					     t->arena, &t->overdue,
					     err) == -1 ||
			       store_held_why(t->store, t->now, ROWS_MAX,
					      t->arena, &t->held, err) == -1
		       ? -1
		       : 0;
}

/* No date says anything where the clock is wrong. */
static int look(struct teller *t, struct err *err)
{
	if (read_rows(t, err) == -1)
		return -1;
	add_clock(t);
	notice_looked(t->n, NOTICE_STORE, "");
	notice_now_of(t->n, NOTICE_STORE, "", "it answers");
	if (t->from->clock == 1)
		return 0;
	return notify_cas(t, err) == -1 || notify_names(t, err) == -1 ||
			       add_leases(t, err) == -1 ||
			       notify_proofs(t, err) == -1 ||
			       notify_requests(t, err) == -1
		       ? -1
		       : 0;
}

static bool any_owned(const struct store_troubles *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (notify_owned(&l->v[i]))
			return true;
	return false;
}

/* Owners alone are told. */
static int look_for_owners(struct teller *t, struct err *err)
{
	if (read_rows(t, err) == -1)
		return -1;
	if (t->from->clock == 1 ||
	    (notice_none(t->n) && !any_owned(&t->failing) &&
	     !any_owned(&t->overdue) && !any_owned(&t->held)))
		return 0;
	return notify_names(t, err);
}

static int send_all(struct notices *n, int stop, struct err *err)
{
	AUTO(strlist_free) struct strlist untold = STRLIST_INIT;
	int rc = notice_send(n, stop, &untold, err);

	/* Then cron has to. */
	if (untold.n > 0)
		log_mailed(false);
	notice_print(&untold);
	return rc;
}

static void add_away(struct teller *t, struct notice_from *who,
		     const struct err *why)
{
	const char *const todo[] = {
		"Nothing is renewed without it; each run tries again. Hosts go "
		"on with the certificates that they have, until those expire.",
		"When that is mended, to see that it is:",
		arena_printf(t->arena, " %s --once -v", t->from->command), NULL
	};

	who->shows = "each name, once the store can be read";
	notice_add(t->n, &(struct notice){ .topic = NOTICE_STORE,
					   .service = "",
					   .cert = "",
					   .state = why->kind == ERR_UNAVAILABLE
							    ? "unavailable"
							    : "refused",
					   .text = why->msg,
					   .todo = todo });
}

/* Which store it is: what another holds is another matter. */
static const char *store_of(const struct store_conf *c, struct arena *arena)
{
	AUTO(mem_free_str) char *path = NULL;

	if (!c || !c->driver)
		return NULL;
	if (strcmp(c->driver, "sqlite") == 0 && c->path) {
		path = realpath(c->path, NULL);
		return arena_printf(arena, "sqlite %s", path ? path : c->path);
	}
	return arena_printf(arena, "%s %s %lld %s", c->driver,
			    c->socket ? c->socket
			    : c->host ? c->host
				      : "",
			    c->socket ? 0LL : (long long) c->port,
			    c->database ? c->database : "");
}

static struct notice_from *who_tells(const struct notify_from *from,
				     struct arena *arena)
{
	static const char *const no_services[] = { NULL };
	struct notice_from *who = arena_alloc(arena, sizeof(*who));
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) == -1)
		*host = '\0';
	*who = (struct notice_from){
		.program = PROGRAM,
		.host = *host != '\0' ? arena_strdup(arena, host) : "?",
		.state_dir = from->conf->state_dir,
		.store = store_of(from->conf->store, arena),
		.notify = from->conf->notify,
		.owners = true,
		.patience = from->conf->store_patience,
		.see = arena_printf(arena, "%s list", from->populate),
		.shows = "each name; show NAME, what became of it",
		.services = no_services,
	};
	who->found = arena_printf(arena,
				  "The repository's certificates, as %s on %s "
				  "found them",
				  PROGRAM, who->host);
	return who;
}

/* What is told to owners is asked of the store, and kept there. */
static void share(const struct teller *t, struct notice_from *who)
{
	who->claim = notify_owners_claim;
	who->unclaim = notify_owners_unclaim;
	who->claim_arg = t->store;
}

static void forget_owners(const struct teller *t)
{
	struct err err = ERR_INIT;

	if (t->owners->n > 0 &&
	    fleet_owners_forget(t->store, t->now - OWNERS_KEPT, &err) == -1)
		log_debug("%s", err.msg);
}

static int tell_owners(struct teller *t, struct notice_from *who,
		       struct err *err)
{
	struct err why = ERR_INIT;
	AUTO(notice_free) struct notices *n = notice_load(who, t->now, &why);

	t->n = n;
	if (why.kind != ERR_NONE)
		log_warn("people will be told anew: %s", why.msg);
	share(t, who);
	if (look_for_owners(t, err) == -1)
		return err_wrap(err, "what owners are told of is not known");
	return send_all(n, t->from->stop, err);
}

static int tell_all(struct teller *t, struct notice_from *who,
		    const struct err *away, struct err *err)
{
	struct err why = ERR_INIT;
	AUTO(notice_free) struct notices *n = notice_load(who, t->now, &why);
	int rc = 0;

	t->n = n;
	if (why.kind != ERR_NONE)
		log_warn("people will be told anew: %s", why.msg);
	err_clear(&why);
	notice_looked(n, NOTICE_CONF, "");
	notice_now_of(n, NOTICE_CONF, "", "it loads");
	notify_remarks(t);
	if (away)
		add_away(t, who, away);
	else
		share(t, who);
	/* One that can be read, and no more, says who waits. */
	if (away && (!t->store || away->kind == ERR_UNAVAILABLE))
		rc = 0;
	else if (look(t, &why) == -1 && why.kind == ERR_UNAVAILABLE)
		add_away(t, who, &why);
	else if (why.kind != ERR_NONE && !away)
		rc = err_set(err, why.kind,
			     "what needs a person is not known: "
			     "%s",
			     why.msg);
	if (send_all(n, t->from->stop, &why) == -1 && rc == 0)
		rc = err_set(err, why.kind, "%s", why.msg);
	return rc;
}

int notify_run(const struct notify_from *from, struct store *store,
	       const struct err *away, int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(notify_owners_free)
	struct notify_owners *owners = notify_owners_new();
	struct teller t = { .from = from,
			    .store = store,
			    .arena = arena,
			    .now = now,
			    .owners = owners };
	struct notice_from *who = who_tells(from, arena);
	int rc;

	if (!from->conf->notify && away)
		return 0;
	rc = from->conf->notify ? tell_all(&t, who, away, err)
				: tell_owners(&t, who, err);
	strlist_free(&t.resting);
	if (!away)
		forget_owners(&t);
	return rc;
}

const struct notify_conf *notify_usable(const struct certrepo_conf *conf)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	const struct notify_conf *notify = conf->notify;

	notify_conf_check(notify, &errs);
	return notify && errs.list.n == 0 && notify->timeout > 0 &&
			       notify->repeat > 0
		       ? notify
		       : NULL;
}

int notify_refused(const struct notify_from *from,
		   const struct conf_errors *errs, int64_t now, struct err *err)
{
	static const char *const todo[] = {
		"Nothing is renewed before that is mended.", NULL
	};
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(notice_free) struct notices *n = NULL;
	struct notice_from *who = who_tells(from, arena);

	if (!notify_usable(from->conf))
		return 0;
	who->shows = "all that is wrong with it";
	n = notice_load(who, now, NULL);
	notice_add(n, &(struct notice){ .topic = NOTICE_CONF,
					.service = "",
					.cert = "",
					.state = "refused",
					.text = errs->list.v[0],
					.todo = todo });
	return send_all(n, from->stop, err);
}

int notify_test(const struct notify_from *from, const char *config, int64_t now)
{
	AUTO(arena_free) struct arena *arena = arena_new();

	return notice_test(who_tells(from, arena), config, now);
}
