/* SPDX-License-Identifier: MIT */
#include "tell.h"
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "due.h"
#include "log.h"
#include "notice.h"
#include "strlist.h"

#define PROGRAM	     "certrepo-fetcher"
#define ROWS_MAX     5000 /* that are looked at */
#define DETAIL_MAX   450  /* bytes of what a peer said */
#define PROOFS_MOST  5	  /* spelt out */
#define PROOFS_MAX   1000
#define DAY	     86400
#define CLEANS	     120 /* after its deadline an order still cleans up */
#define COUNT_NO_CRT 2	 /* failures until one without a certificate is told */

struct teller {
	const struct tell_from *from;
	struct store *store;
	struct notices *n;
	struct arena *arena;
	int64_t now;
};

/* --- pure --- */

static const struct advice {
	const char *fail_class, *text;
} advices[] = {
	{ "rate-limited", "The CA's limit for it or its domain passes by "
			  "itself." },
	{ "caa", "Change the CAA records of its domain, or set another CA." },
	{ "dns", "Look at its zone and the servers of that." },
	{ "connection", "See that the CA reaches its web server at port 80." },
	{ "unauthorized", "See what answered the CA instead of our proof." },
	{ "bad-csr", "Enrol another CSR: certrepo-populate add --replace." },
	{ "rejected", "Set another CA, or take the name out of the CSR." },
	{ "bad-cert", "Ask the CA why it issued something else." },
	{ "config", "Mend its row, or certrepo.conf." },
	{ "internal", "Please report it." },
	{ "store", "Look at the database and its log." },
	{ "locked", "See who holds its row in the database." },
	{ STORE_PARKED, "The CA takes its time. If it lasts, ask the CA." },
};

const char *tell_advice(const char *fail_class)
{
	for (size_t i = 0; fail_class && i < ARRAY_LEN(advices); i++)
		if (strcmp(fail_class, advices[i].fail_class) == 0)
			return advices[i].text;
	return NULL;
}

bool tell_near_end(int64_t not_before, int64_t not_after, int64_t days_left,
		   int64_t now)
{
	int64_t from = due_renew_at(not_before, not_after, days_left);

	return now >= not_after - (not_after - from) / 2;
}

bool tell_wanted(const struct store_trouble *t, int64_t days_left, int64_t now)
{
	if (t->fail_class && !tell_advice(t->fail_class))
		return false;
	return t->has_crt ? tell_near_end(t->ts_not_before, t->ts_expire,
					  days_left, now)
			  : t->count_fail >= COUNT_NO_CRT;
}

/* --- names --- */

static const char *life_of(const struct teller *t,
			   const struct store_trouble *row)
{
	char at[CLOCK_TEXT];

	if (!row->has_crt)
		return "it has no certificate yet";
	return arena_printf(t->arena, "%s on %s",
			    row->ts_expire > t->now ? "it expires"
						    : "it has expired",
			    clock_text(row->ts_expire, at));
}

static void add_name(struct teller *t, const struct store_trouble *row,
		     bool held)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	const char *detail = row->fail_detail ? row->fail_detail : "-";
	bool parked = strcmp(class, STORE_PARKED) == 0;
	const char *state = held ? "held" : parked ? "waiting" : "failing";
	const char *advice = tell_advice(row->fail_class), *todo[7] = { NULL };
	struct arena *a = t->arena;
	char *text;
	char at[CLOCK_TEXT];
	size_t n = 0;

	text = parked ? arena_printf(a, "%s; its order waits for the CA: %.*s",
				     life_of(t, row), DETAIL_MAX, detail)
		      : arena_printf(a,
				     "%s; failed attempts: %lld, the last: "
				     "%s: %.*s",
				     life_of(t, row),
				     (long long) row->count_fail, class,
				     DETAIL_MAX, detail);
	todo[n++] = held ? "It is not tried any more."
			 : arena_printf(a,
					"It is tried again by itself, not "
					"before %s.",
					clock_text(row->ts_next_attempt, at));
	if (advice)
		todo[n++] = advice;
	todo[n++] =
		held ? "When that is mended, let it go:" : "To try at once:";
	todo[n++] = arena_printf(a, " %s --once --force %s", t->from->command,
				 row->name);
	if (held) {
		todo[n++] = "Or, if it is not wanted any more:";
		todo[n++] = arena_printf(a, " %s disable %s", t->from->populate,
					 row->name);
	}
	notice_add(t->n, &(struct notice){ .topic = NOTICE_TROUBLE,
					   .service = "",
					   .cert = row->name,
					   .state = state,
					   .text = text,
					   .todo = todo });
}

/* Of names told of before that have no trouble to tell now: what became of
 * them. Only a certificate that lasts, or a person, ends it. */
static int judge_missing(struct teller *t, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	char at[CLOCK_TEXT];

	notice_missing(t->n, NOTICE_TROUBLE, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i], *now;
		bool enabled = false;
		struct store_due d;
		int found = store_due_one(t->store, name, t->arena, &d,
					  &enabled, err);

		if (found == -1)
			return -1;
		if (found == 0) {
			now = "it was removed";
		} else if (!enabled) {
			now = "it is disabled";
		} else if (d.ts_due == STORE_NEVER || !d.has_crt ||
			   tell_near_end(d.ts_not_before, d.ts_expire,
					 t->from->conf->days_left, t->now)) {
			notice_open(t->n, NOTICE_TROUBLE, "", name);
			continue;
		} else {
			now = arena_printf(t->arena,
					   "its certificate is valid until %s",
					   clock_text(d.ts_expire, at));
		}
		notice_now(t->n, "", name, now);
	}
	return 0;
}

static void add_more(struct teller *t, size_t failing, size_t held)
{
	const char *const todo[] = {
		"All of them:",
		arena_printf(t->arena, " %s list", t->from->populate), NULL
	};

	if (failing + held == 0)
		return;
	notice_add(t->n,
		   &(struct notice){
			   .topic = NOTICE_MORE,
			   .service = "",
			   .cert = "",
			   .state = "failing",
			   .text = arena_printf(t->arena,
						"beside those spelt out, %zu "
						"fail and are near their end, "
						"and %zu are held",
						failing, held),
			   .todo = todo });
}

static int add_names(struct teller *t, struct err *err)
{
	int64_t days_left = t->from->conf->days_left;
	struct store_troubles failing, held;
	size_t n = 0;

	if (store_failing(t->store, ROWS_MAX, t->arena, &failing, err) == -1 ||
	    store_held_why(t->store, ROWS_MAX, t->arena, &held, err) == -1)
		return -1;
	for (size_t i = 0; i < failing.n; i++) {
		if (!tell_wanted(&failing.v[i], days_left, t->now))
			continue;
		if (n++ < TELL_NAMES)
			add_name(t, &failing.v[i], false);
	}
	for (size_t i = 0; i < held.n && i < TELL_NAMES; i++)
		add_name(t, &held.v[i], true);
	add_more(t, n > TELL_NAMES ? n - TELL_NAMES : 0,
		 held.n > TELL_NAMES ? held.n - TELL_NAMES : 0);
	if (judge_missing(t, err) == -1)
		return -1;
	notice_looked(t->n, NOTICE_TROUBLE, "");
	notice_looked(t->n, NOTICE_MORE, "");
	return 0;
}

/* --- CAs --- */

static const char *waits_text(const struct teller *t,
			      const struct store_due_ca *w)
{
	char at[CLOCK_TEXT];

	if (w->n == 0)
		return "no name waits for it";
	return arena_printf(t->arena,
			    "names that wait for it: %zu, the nearest end of "
			    "one that is still good: %s",
			    w->n,
			    w->ts_expire ? clock_text(w->ts_expire, at) : "-");
}

static int add_ca(struct teller *t, const struct certrepo_ca *ca,
		  const struct store_ca *row, struct err *err)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	bool person = strcmp(class, "account") == 0;
	bool is_default = certrepo_conf_ca(t->from->conf, NULL) == ca;
	const char *todo[3] = { NULL };
	struct store_due_ca w;
	char at[CLOCK_TEXT];

	if (store_ca_waits(t->store, ca->name, is_default, t->now,
			   row->backoff_until, &w, err) == -1)
		return -1;
	todo[0] = arena_printf(t->arena,
			       "It is asked again by itself, not before %s.",
			       clock_text(row->backoff_until, at));
	todo[1] = person ? "It goes on when its account is mended: see ca in "
			   "certrepo.conf."
			 : "Nothing is to be done, unless it lasts.";
	notice_add(t->n,
		   &(struct notice){
			   .topic = NOTICE_CA,
			   .service = "",
			   .cert = ca->name,
			   .state = class,
			   .patient = !person && (w.ts_expire == 0 ||
						  w.ts_expire > t->now + DAY),
			   .text = arena_printf(
				   t->arena, "%.*s; %s", DETAIL_MAX,
				   row->fail_detail ? row->fail_detail : "-",
				   waits_text(t, &w)),
			   .todo = todo });
	return 0;
}

static int add_cas(struct teller *t, struct err *err)
{
	for (size_t i = 0; i < t->from->conf->ca.n; i++) {
		const struct certrepo_ca *ca = t->from->conf->ca.v[i];
		struct store_ca row;
		int found =
			store_ca_get(t->store, ca->name, t->arena, &row, err);

		if (found == -1)
			return -1;
		if (found == 0 || row.count_fail <= 0 ||
		    (row.directory && strcmp(row.directory, ca->directory)))
			continue;
		/* Its rest is over, and nobody has asked it since. */
		if (row.backoff_until <= t->now)
			notice_open(t->n, NOTICE_CA, "", ca->name);
		else if (add_ca(t, ca, &row, err) == -1)
			return -1;
	}
	notice_looked(t->n, NOTICE_CA, "");
	return 0;
}

/* --- leases --- */

/* Who has had a name for longer than an order takes. */
static int add_leases(struct teller *t, struct err *err)
{
	int64_t late = t->now - t->from->conf->order_timeout - CLEANS;
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
			arena_printf(t->arena, " %s --break-lease %s",
				     t->from->command,
				     o->n == 1 ? o->name : "NAME..."),
			NULL
		};

		if (o->since <= late)
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
	notice_looked(t->n, NOTICE_LEASE, "");
	return 0;
}

/* --- the clock --- */

static void add_clock(struct teller *t)
{
	static const char *const todo[] = {
		"Nothing is ordered until they agree. Set the one that is "
		"wrong:",
		" timedatectl", NULL
	};
	const struct tell_from *from = t->from;

	if (from->clock < 0)
		return;
	notice_looked(t->n, NOTICE_CLOCK, "");
	if (from->clock > 0)
		notice_add(t->n, &(struct notice){ .topic = NOTICE_CLOCK,
						   .service = "",
						   .cert = "",
						   .state = from->clock_ca,
						   .text = from->clock_detail,
						   .todo = todo });
}

/* --- proofs --- */

/* Of this instance, for longer than any order takes: each run tries. */
static int add_proofs(struct teller *t, struct err *err)
{
	static const char *const todo[] = { "Each run tries again, for a week.",
					    NULL };
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(4000);
	struct store_proofs all;
	size_t n = 0;
	char at[CLOCK_TEXT];

	if (store_proofs_of(t->store, t->from->owner, PROOFS_MAX, t->arena,
			    &all, err) == -1)
		return -1;
	for (; n < all.n && all.v[n].ts_created < t->now - DAY; n++)
		if (n < PROOFS_MOST)
			sbuf_addf(&s, "%s%.100s at %.100s", n > 0 ? ", " : "",
				  all.v[n].owner,
				  all.v[n].server ? all.v[n].server
						  : "this host");
	notice_looked(t->n, NOTICE_PROOF, "");
	notice_now(t->n, "", "", "removed, or given up after a week");
	if (n == 0)
		return 0;
	notice_add(
		t->n,
		&(struct notice){
			.topic = NOTICE_PROOF,
			.service = "",
			.cert = "",
			.state = "left",
			.text = arena_printf(
				t->arena,
				"could not be removed: %zu, the oldest since "
				"%s: %s%s",
				n, clock_text(all.v[0].ts_created, at),
				sbuf_str(&s), n > PROOFS_MOST ? " ..." : ""),
			.todo = todo });
	return 0;
}

/* --- all of it --- */

static int look(struct teller *t, struct err *err)
{
	add_clock(t);
	notice_looked(t->n, NOTICE_STORE, "");
	/* No date says anything. */
	if (t->from->clock > 0)
		return 0;
	return add_cas(t, err) == -1 || add_names(t, err) == -1 ||
			       add_leases(t, err) == -1 ||
			       add_proofs(t, err) == -1
		       ? -1
		       : 0;
}

static int send_all(struct notices *n, struct err *err)
{
	AUTO(strlist_free) struct strlist untold = STRLIST_INIT;
	int rc = notice_send(n, &untold, err);

	/* Then cron has to. */
	if (untold.n > 0)
		log_mailed(false);
	for (size_t i = 0; i < untold.n; i++)
		log_warn("%s", untold.v[i]);
	return rc;
}

static void add_away(struct teller *t, const struct err *why)
{
	static const char *const todo[] = {
		"Nothing is renewed without it; each run tries again.", NULL
	};

	notice_add(t->n, &(struct notice){ .topic = NOTICE_STORE,
					   .service = "",
					   .cert = "",
					   .state = "unavailable",
					   .text = why->msg,
					   .todo = todo });
}

static struct notice_from *who_tells(const struct tell_from *from,
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
		.notify = from->conf->notify,
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

int tell_run(const struct tell_from *from, struct store *store,
	     const struct err *away, int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(notice_free) struct notices *n = NULL;
	struct teller t = {
		.from = from, .store = store, .arena = arena, .now = now
	};
	struct err why = ERR_INIT;
	int rc = 0;

	if (!from->conf->notify)
		return 0;
	t.n = n = notice_load(who_tells(from, arena), now, &why);
	if (why.kind != ERR_NONE)
		log_warn("people will be told anew: %s", why.msg);
	err_clear(&why);
	if (away)
		add_away(&t, away);
	else if (look(&t, &why) == -1 && why.kind == ERR_UNAVAILABLE)
		add_away(&t, &why);
	else if (why.kind != ERR_NONE)
		rc = err_set(err, why.kind,
			     "what needs a person is not known: "
			     "%s",
			     why.msg);
	if (send_all(n, &why) == -1 && rc == 0)
		rc = err_set(err, why.kind, "%s", why.msg);
	return rc;
}
