/* SPDX-License-Identifier: MIT */
#include "notify.h"
#include <assert.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "advice.h"
#include "clock.h"
#include "due.h"
#include "fail.h"
#include "lessees.h"
#include "log.h"
#include "notice.h"
#include "strlist.h"
#include "words.h"

#define PROGRAM	     "certrepo-fetcher"
#define ROWS_MAX     5000 /* that are looked at, the most urgent ones */
#define DETAIL_MAX   STORE_DETAIL_MAX
#define PROOFS_MOST  5 /* spelt out */
#define PROOFS_MAX   1000
#define DAY	     86400
#define TODO_MAX     12
#define COUNT_NO_CRT 2 /* failures until one without a certificate is told */

struct teller {
	const struct notify_from *from;
	struct store *store;
	struct notices *n;
	struct arena *arena;
	int64_t now;
};

/* --- pure --- */

bool notify_near_end(int64_t not_before, int64_t not_after, int64_t days_left,
		     int64_t now)
{
	int64_t from = due_renew_at(not_before, not_after, days_left);

	/* The columns may hold anything; from is an instant. */
	return not_after <= from || now >= from + (not_after - from) / 2;
}

bool notify_wanted(const struct store_trouble *t, int64_t days_left,
		   int64_t now)
{
	if (t->fail_class && !advice_of(t->fail_class, NULL))
		return false;
	/* What the CA does wrong to all, is not counted, and is told of it. */
	if (t->fail_class && t->count_fail == 0 &&
	    strcmp(t->fail_class, fail_name(FAIL_CA_DOWN)) == 0)
		return false;
	/* Nothing counts it: it would be waited for without an end. */
	if (notify_is_parked(t) && !t->has_crt)
		return true;
	return t->has_crt ? notify_near_end(t->ts_not_before, t->ts_expire,
					    days_left, now)
			  : t->count_fail >= COUNT_NO_CRT;
}

bool notify_is_parked(const struct store_trouble *t)
{
	return t->fail_class && strcmp(t->fail_class, STORE_PARKED) == 0;
}

/* --- names --- */

static int parked_since(struct store *store, const char *name,
			struct arena *arena, int64_t *ret, struct err *err)
{
	struct store_order o;
	int found = store_order_get(store, name, 0, arena, &o, err);

	if (found == -1)
		return -1;
	*ret = found == 0 ? 0 : o.ts_state ? o.ts_state : o.ts_created;
	return 0;
}

/* Is it to be told, and since when is its order parked (0: it is not)? 1, 0,
 * -1. */
static int judge(struct store *store, const struct store_trouble *row,
		 int64_t days_left, int64_t now, struct arena *arena,
		 int64_t *ret_since, struct err *err)
{
	*ret_since = 0;
	if (notify_is_parked(row) &&
	    parked_since(store, row->name, arena, ret_since, err) == -1)
		return -1;
	return notify_wanted(row, days_left, now) ||
	       (*ret_since && *ret_since <= now - DAY);
}

int notify_parked(struct store *store, const struct store_trouble *row,
		  int64_t days_left, int64_t now, struct arena *arena,
		  struct err *err)
{
	int64_t since;
	int wanted;

	if (!notify_is_parked(row))
		return 0;
	wanted = judge(store, row, days_left, now, arena, &since, err);
	/* A CA may take hours. */
	return wanted == 1 ? row->has_crt || since <= now - DAY : wanted;
}

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

/* What happens by itself, and what to do; NULL-terminated. */
static const char *const *todo_of(struct teller *t,
				  const struct store_trouble *row, bool held)
{
	const char *detail = row->fail_detail ? row->fail_detail : "";
	const struct advice *advice = advice_of(row->fail_class, detail);
	const char *const argv[] = { row->name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);
	struct arena *a = t->arena;
	const char **todo = arena_array(a, TODO_MAX, sizeof(*todo));
	const char *paste = advice_paste(detail, a);
	char at[CLOCK_TEXT];
	size_t n = 0;

	todo[n++] = held ? "It is not tried any more."
			 : arena_printf(a,
					"It is tried again by itself, not "
					"before %s.",
					clock_text(row->ts_next_attempt, at));
	if (advice)
		todo[n++] = advice->text;
	if (paste) {
		todo[n++] = "That, whole, to be copied:";
		todo[n++] = arena_printf(a, " %s", paste);
	}
	if (advice && advice->csr)
		todo[n++] = arena_printf(a, " %s add %s --csr FILE --replace",
					 t->from->populate, word);
	if (advice && advice->ca)
		todo[n++] = arena_printf(a, " %s set %s ca=OTHER",
					 t->from->populate, word);
	if (held || !advice || !advice->hurts) {
		todo[n++] = held ? "When that is mended, let it go:"
				 : "To try at once:";
		todo[n++] = arena_printf(a, " %s --once --force %s",
					 t->from->command, word);
	}
	if (held) {
		todo[n++] = "Or, if it is not wanted any more:";
		todo[n++] = arena_printf(a, " %s disable %s", t->from->populate,
					 word);
	}
	assert(n < TODO_MAX);
	return todo;
}

/* SINCE: of its order, when it is parked. */
static void add_name(struct teller *t, const struct store_trouble *row,
		     bool held, int64_t since)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	const char *detail = row->fail_detail ? row->fail_detail : "";
	bool parked = notify_is_parked(row) && !held;
	struct notice m = {
		.topic = NOTICE_TROUBLE,
		.service = "",
		.cert = row->name,
		.state = held	  ? "held"
			 : parked ? "waiting"
				  : "failing",
		.todo = todo_of(t, row, held),
		.end = row->has_crt ? row->ts_expire : 0,
	};
	char at[CLOCK_TEXT];

	if (parked) {
		m.text = arena_printf(
			t->arena, "%s; its order waits for the CA%s%s%s%.*s",
			life_of(t, row), since ? " since " : "",
			since ? clock_text(since, at) : "", *detail ? ": " : "",
			DETAIL_MAX, detail);
		/* A CA may take hours, where there is time. */
		m.patient = !row->has_crt;
	} else {
		m.text = arena_printf(t->arena,
				      "%s; failed attempts: %lld, the last: "
				      "%s: %.*s",
				      life_of(t, row),
				      (long long) row->count_fail, class,
				      DETAIL_MAX, detail);
	}
	notice_add(t->n, &m);
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
			   notify_near_end(d.ts_not_before, d.ts_expire,
					   t->from->conf->days_left, t->now)) {
			notice_open(t->n, NOTICE_TROUBLE, "", name);
			continue;
		} else {
			now = arena_printf(t->arena,
					   "its certificate is valid until %s",
					   clock_text(d.ts_expire, at));
		}
		notice_now_of(t->n, NOTICE_TROUBLE, name, now);
	}
	return 0;
}

/* The nearest end, of END and that of ROW. */
static int64_t nearer(int64_t end, const struct store_trouble *row)
{
	return row->has_crt && (end == 0 || row->ts_expire < end)
		       ? row->ts_expire
		       : end;
}

/* UNSEEN: less urgent ones that were not looked at. */
static void add_more(struct teller *t, size_t failing, size_t held,
		     size_t unseen, int64_t end)
{
	const char *const todo[] = {
		"All of them:",
		arena_printf(t->arena, " %s list", t->from->populate), NULL
	};
	const char *more = "";

	if (failing + held + unseen == 0)
		return;
	if (unseen)
		more = arena_printf(t->arena,
				    "; %zu more fail, which may be near theirs",
				    unseen);
	notice_add(t->n,
		   &(struct notice){
			   .topic = NOTICE_MORE,
			   .service = "",
			   .cert = "",
			   .state = "failing",
			   .text = arena_printf(t->arena,
						"beside those spelt out, %zu "
						"fail and are near their end, "
						"and %zu are held%s",
						failing, held, more),
			   .todo = todo,
			   .end = end });
}

static int add_names(struct teller *t, struct err *err)
{
	int64_t days_left = t->from->conf->days_left;
	struct store_troubles failing, held;
	int64_t end = 0; /* of those not spelt out */
	size_t n = 0;

	if (store_failing(t->store, t->now, ROWS_MAX, t->arena, &failing,
			  err) == -1 ||
	    store_held_why(t->store, t->now, ROWS_MAX, t->arena, &held, err) ==
		    -1)
		return -1;
	for (size_t i = 0; i < failing.n; i++) {
		const struct store_trouble *row = &failing.v[i];
		int64_t since;
		int wanted = judge(t->store, row, days_left, t->now, t->arena,
				   &since, err);

		if (wanted == -1)
			return -1;
		if (wanted == 0)
			continue;
		if (n++ < NOTIFY_NAMES)
			add_name(t, row, false, since);
		else
			end = nearer(end, row);
	}
	for (size_t i = 0; i < held.n; i++)
		if (i < NOTIFY_NAMES)
			add_name(t, &held.v[i], true, 0);
		else
			end = nearer(end, &held.v[i]);
	add_more(t, n > NOTIFY_NAMES ? n - NOTIFY_NAMES : 0,
		 held.all > NOTIFY_NAMES ? held.all - NOTIFY_NAMES : 0,
		 failing.all - failing.n, end);
	if (judge_missing(t, err) == -1)
		return -1;
	notice_looked(t->n, NOTICE_TROUBLE, "");
	notice_looked(t->n, NOTICE_MORE, "");
	notice_now_of(t->n, NOTICE_MORE, "",
		      "all that there are, are spelt out");
	return 0;
}

/* --- CAs --- */

static const char *waits_text(const struct teller *t,
			      const struct store_due_ca *w)
{
	char at[CLOCK_TEXT];

	if (w->n == 0)
		return "no name waits for it";
	if (w->ts_expire == 0)
		return arena_printf(t->arena,
				    "names that wait for it: %zu, none of them "
				    "has a certificate that is still good",
				    w->n);
	return arena_printf(t->arena,
			    "names that wait for it: %zu, the nearest end of "
			    "one that is still good: %s",
			    w->n, clock_text(w->ts_expire, at));
}

/* One of the names that wait for it, by which it is asked; "NAME". It is to be
 * renewed anyway: to order it wastes nothing. */
static int name_of_ca(const struct teller *t, const char *ca, bool is_default,
		      int64_t until, const char **ret, struct err *err)
{
	struct store_dues d;

	if (store_due(t->store, ca, until, 1, t->arena, &d, err) == -1 ||
	    (d.n == 0 && is_default &&
	     store_due(t->store, NULL, until, 1, t->arena, &d, err) == -1))
		return -1;
	*ret = "NAME";
	if (d.n > 0) {
		const char *const argv[] = { d.v[0].name, NULL };
		AUTO(mem_free_str) char *word = words_text(argv);

		*ret = arena_strdup(t->arena, word);
	}
	return 0;
}

static const struct {
	const char *fail_class, *text;
	bool ask; /* and how it is asked at once */
} ca_advices[] = {
	{ "account",
	  "Another key ends the CA's rest; when something else is mended, to "
	  "ask it at once:",
	  true },
	{ "ca-rate-limited", "The limit passes by itself; to ask earlier uses "
			     "up more of it." },
	{ NULL, "When its cause is mended, to ask the CA at once:", true },
};

static void ca_todo(struct teller *t, const char *class, const char *name,
		    const char **todo)
{
	size_t i = 0;

	while (ca_advices[i].fail_class &&
	       strcmp(ca_advices[i].fail_class, class) != 0)
		i++;
	*todo++ = ca_advices[i].text;
	if (ca_advices[i].ask)
		*todo++ = arena_printf(t->arena, " %s --once --force %s",
				       t->from->command, name);
	*todo++ = "If it lasts and an end comes near, another CA for that "
		  "name:";
	*todo++ = arena_printf(t->arena, " %s set %s ca=OTHER",
			       t->from->populate, name);
	*todo = NULL;
}

static int add_ca(struct teller *t, const struct certrepo_ca *ca,
		  const struct store_ca *row, struct err *err)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	bool person = strcmp(class, "account") == 0;
	bool is_default = certrepo_conf_ca(t->from->conf, NULL) == ca;
	const char *todo[TODO_MAX] = { NULL }, *name;
	struct store_due_ca w;
	char at[CLOCK_TEXT];

	if (store_ca_waits(t->store, ca->name, is_default, t->now,
			   row->backoff_until, &w, err) == -1 ||
	    name_of_ca(t, ca->name, is_default, row->backoff_until, &name,
		       err) == -1)
		return -1;
	todo[0] = arena_printf(t->arena,
			       "It is asked again by itself, not before %s.",
			       clock_text(row->backoff_until, at));
	ca_todo(t, class, name, todo + 1);
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
			   .todo = todo,
			   .end = w.ts_expire });
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
		    (row.directory && strcmp(row.directory, ca->directory))) {
			notice_now_of(t->n, NOTICE_CA, ca->name,
				      "it rests no more");
			continue;
		}
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
		const char *const argv[] = { o->name, NULL };
		AUTO(mem_free_str) char *word = words_text(argv);
		char since[CLOCK_TEXT], until[CLOCK_TEXT];
		const char *const todo[] = {
			"It passes by itself when the lease runs out. If that "
			"fetcher is dead:",
			arena_printf(t->arena, " %s --once --break-lease %s",
				     t->from->command,
				     o->n == 1 ? word : "NAME..."),
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

static void add_clock(struct teller *t)
{
	static const char *const ours[] = {
		"Nothing is ordered until they agree. If this host's is the "
		"wrong one, let it follow a time server:",
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
	text = arena_printf(t->arena, "CA %s: %s", from->clock_ca,
			    from->clock_detail);
	notice_looked(t->n, NOTICE_CLOCK, "");
	notice_now_of(t->n, NOTICE_CLOCK, "", "it agrees with a CA's");
	if (from->clock > 0)
		notice_add(t->n,
			   &(struct notice){ .topic = NOTICE_CLOCK,
					     .service = "",
					     .cert = "",
					     .state = "apart",
					     .text = text,
					     .todo = from->clock == 2 ? theirs
								      : ours });
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
	notice_now_of(t->n, NOTICE_PROOF, "",
		      "removed, or given up after a week");
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
	notice_now_of(t->n, NOTICE_STORE, "", "it answers");
	/* No date says anything. */
	if (t->from->clock == 1)
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
	int rc = notice_send(n, -1, &untold, err);

	/* Then cron has to. */
	if (untold.n > 0)
		log_mailed(false);
	notice_print(&untold);
	return rc;
}

static void add_away(struct teller *t, struct notice_from *who,
		     const struct err *why)
{
	static const char *const todo[] = {
		"Nothing is renewed without it; each run tries again.", NULL
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

int notify_run(const struct notify_from *from, struct store *store,
	       const struct err *away, int64_t now, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(notice_free) struct notices *n = NULL;
	struct teller t = {
		.from = from, .store = store, .arena = arena, .now = now
	};
	struct notice_from *who;
	struct err why = ERR_INIT;
	int rc = 0;

	if (!from->conf->notify)
		return 0;
	who = who_tells(from, arena);
	t.n = n = notice_load(who, now, &why);
	if (why.kind != ERR_NONE)
		log_warn("people will be told anew: %s", why.msg);
	err_clear(&why);
	notice_looked(n, NOTICE_CONF, "");
	notice_now_of(n, NOTICE_CONF, "", "it loads");
	if (away)
		add_away(&t, who, away);
	else if (look(&t, &why) == -1 && why.kind == ERR_UNAVAILABLE)
		add_away(&t, who, &why);
	else if (why.kind != ERR_NONE)
		rc = err_set(err, why.kind,
			     "what needs a person is not known: "
			     "%s",
			     why.msg);
	if (send_all(n, &why) == -1 && rc == 0)
		rc = err_set(err, why.kind, "%s", why.msg);
	return rc;
}

/* Nothing of it was refused, or it is not to be used. */
static bool usable(const struct notify_conf *notify)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };

	notify_conf_check(notify, &errs);
	return notify && errs.list.n == 0 && notify->timeout > 0 &&
	       notify->repeat > 0;
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

	if (!usable(from->conf->notify))
		return 0;
	who->shows = "all that is wrong with it";
	n = notice_load(who, now, NULL);
	notice_add(n, &(struct notice){ .topic = NOTICE_CONF,
					.service = "",
					.cert = "",
					.state = "refused",
					.text = errs->list.v[0],
					.todo = todo });
	return send_all(n, err);
}

int notify_test(const struct notify_from *from, const char *config, int64_t now)
{
	AUTO(arena_free) struct arena *arena = arena_new();

	return notice_test(who_tells(from, arena), config, now);
}
