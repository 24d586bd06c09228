/* SPDX-License-Identifier: MIT */
/* Names: that fail, that wait, that are held, and that no run comes to. */
#include <assert.h>
#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "advice.h"
#include "clock.h"
#include "due.h"
#include "fail.h"
#include "lessees.h"
#include "notify_impl.h"
#include "proof_kind.h"
#include "webroot.h"
#include "words.h"

#define DETAIL_MAX    STORE_DETAIL_MAX
#define COUNT_NO_CRT  2	  /* failures until one without a certificate is told */
#define ATTEMPTS_MOST 200 /* looked back on */
#define LATE	      3600 /* after it was due; an attempt was missed */

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

bool notify_missed(const struct store_trouble *t, int64_t days_left,
		   int64_t now)
{
	int64_t due =
		t->ts_due > t->ts_next_attempt ? t->ts_due : t->ts_next_attempt;

	/* A run may end a while after the instant of an attempt. */
	if (t->ts_due > now || (t->ts_next_attempt > 0 && due > now - LATE))
		return false;
	return !t->has_crt ||
	       notify_near_end(t->ts_not_before, t->ts_expire, days_left, now);
}

bool notify_is_parked(const struct store_trouble *t)
{
	return t->fail_class && strcmp(t->fail_class, STORE_PARKED) == 0;
}

/* Does WORD, of LEN, look like a name of the DNS, or an address of the web?
 * Of several names of one certificate now this one fails first, now that. */
static bool is_host(const char *word, size_t len)
{
	const char *dot;

	while (len > 0 && !isalnum((unsigned char) word[len - 1]))
		len--;
	dot = memchr(word, '.', len);
	return dot && dot > word && dot + 1 < word + len;
}

/* DETAIL without the words that differ from name to name: those in which NAME
 * is, and owners of proofs; with HOSTS, any other host, too. */
static const char *common_words(struct arena *a, const char *detail,
				const char *name, bool hosts)
{
	const char *domain = store_name_domain(a, name);
	char *copy = arena_strdup(a, ""), *word;
	size_t used = 0;

	copy = arena_alloc(a, strlen(detail) + 2);
	if (strncmp(domain, "*.", 2) == 0)
		domain += 2;
	for (const char *p = detail; *p != '\0';) {
		size_t len = strcspn(p, " ");

		word = arena_strndup(a, p, len);
		if (!(*domain && strstr(word, domain)) &&
		    !strstr(word, "_acme-challenge") &&
		    !(hosts && is_host(word, len))) {
			memcpy(copy + used, p, len);
			used += len;
			copy[used++] = ' ';
		}
		p += len + strspn(p + len, " ");
	}
	copy[used] = '\0';
	return copy;
}

/* --- what is told of one --- */

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
	       (*ret_since && *ret_since <= now - NOTIFY_DAY);
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
	return wanted == 1 ? row->has_crt || since <= now - NOTIFY_DAY : wanted;
}

/* When the failures in a row began; HELD: when the last one was. 0: it is not
 * known. */
static int failing_since(struct teller *t, const char *name, bool held,
			 int64_t *ret, struct err *err)
{
	struct store_attempts all;
	int64_t since = 0;

	if (store_attempts_of(t->store, name, ATTEMPTS_MOST, t->arena, &all,
			      err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		if (strcmp(all.v[i].outcome, STORE_PARKED) == 0)
			continue;
		if (strcmp(all.v[i].outcome, "ok") == 0)
			break;
		since = all.v[i].ts_end;
		if (held)
			break;
	}
	*ret = since;
	return 0;
}

/* Is PATH, to which a row leads, fit for a command of ours? */
static bool plain_path(const char *path)
{
	return path && *path == '/' &&
	       path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] ==
		       '\0';
}

static const char *folder_command(struct teller *t, const char *name)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct store_cert *row = NULL;
	struct webroot_look look;

	if (store_get(t->store, name, t->arena, &row, NULL) != 1 || !pw ||
	    !plain_path(row->webroot_path) ||
	    proof_webroot_check(t->from->conf, row->webroot_path, NULL) == -1)
		return NULL;
	if (webroot_look(row->webroot_path, geteuid(), t->arena, &look) == 0 &&
	    plain_path(look.folder))
		return arena_printf(t->arena, " %s", look.command);
	return arena_printf(t->arena,
			    " install -d -o %s %s/.well-known "
			    "%s/.well-known/acme-challenge",
			    pw->pw_name, row->webroot_path, row->webroot_path);
}

/* What is to be done about it, by ADVICE; the end of TODO. */
static size_t add_command(struct teller *t, const struct store_trouble *row,
			  const struct advice *advice, const char **todo)
{
	const char *populate = t->from->populate, *text = NULL;
	struct arena *a = t->arena;

	switch (advice->command) {
	case ADVICE_CSR:
	case ADVICE_NAME:
		text = arena_printf(a,
				    " %s add --csr FILE --replace " NOTICE_ARG,
				    populate);
		break;
	case ADVICE_FOLDER:
		text = folder_command(t, row->name);
		if (!text)
			text = " install -d -o USER WEBROOT/.well-known";
		break;
	case ADVICE_WEBROOT:
		text = arena_printf(a,
				    " %s set " NOTICE_ARG " webroot_path=PATH",
				    populate);
		break;
	case ADVICE_CHALLENGE:
		text = arena_printf(
			a, " %s set " NOTICE_ARG " challenge=dns-01", populate);
		break;
	case ADVICE_CAA:
		text = arena_printf(a, " %s caa " NOTICE_ARG, t->from->command);
		break;
	case ADVICE_LOOK:
	case ADVICE_CA:
	case ADVICE_NONE:
		break;
	}
	if (text)
		*todo = text;
	return !!text;
}

/* What happens by itself, and what to do; NULL-terminated. */
static const char *const *todo_of(struct teller *t,
				  const struct store_trouble *row, bool held)
{
	const struct advice *advice =
		advice_of(row->fail_class, row->fail_detail);
	const char *other = notify_other_ca(t, row->ca_name);
	struct arena *a = t->arena;
	const char **todo = arena_array(a, NOTIFY_TODO, sizeof(*todo));
	size_t n = 0;

	if (held)
		todo[n++] = "Not tried any more.";
	if (advice) {
		todo[n++] = advice->text;
		n += add_command(t, row, advice, todo + n);
	}
	if (advice && other &&
	    (advice->command == ADVICE_CA || advice->command == ADVICE_CAA ||
	     advice->command == ADVICE_NAME)) {
		todo[n++] = "Or set another CA:";
		todo[n++] = arena_printf(a, " %s set " NOTICE_ARG " ca=%s",
					 t->from->populate, other);
	}
	if (held) {
		todo[n++] = "When that is mended, let go what is held:";
		todo[n++] = arena_printf(a, " %s enable " NOTICE_ARGS,
					 t->from->populate);
		todo[n++] = "Or, if it is not wanted any more:";
		todo[n++] = arena_printf(a, " %s disable " NOTICE_ARGS,
					 t->from->populate);
	} else if (!advice || !advice->hurts) {
		todo[n++] = "To try at once:";
		todo[n++] = arena_printf(a, " %s --once --force " NOTICE_ARGS,
					 t->from->command);
	}
	assert(n < NOTIFY_TODO);
	return todo;
}

/* SPELT: to all who are told. */
static struct notice matter_of(struct teller *t,
			       const struct store_trouble *row,
			       const char *state, bool spelt)
{
	return (struct notice){
		.topic = NOTICE_TROUBLE,
		.service = "",
		.cert = row->name,
		.state = state,
		.alike = state,
		.arg = notify_word(t->arena, row->name),
		.end = row->has_crt ? row->ts_expire : 0,
		.owner = notify_owner(t, row, spelt),
		.owner_only = !spelt,
	};
}

/* It is for nobody: not spelt out, and no owner is told of it. */
static bool nobodys(const struct notice *m)
{
	return m->owner_only && !m->owner;
}

static const char *attempts_text(const struct teller *t,
				 const struct store_trouble *row)
{
	if (row->count_fail <= 0)
		return "";
	return arena_printf(t->arena, "; failed attempts: %lld",
			    (long long) row->count_fail);
}

/* What happens by itself; or did not. */
static const char *next_text(const struct teller *t,
			     const struct store_trouble *row)
{
	bool missed =
		row->ts_due <= t->now && row->ts_next_attempt < t->now - LATE;

	return arena_printf(t->arena, "; %s %s%s",
			    missed ? "it was to be tried again on"
				   : "tried again by itself, not before",
			    notify_at(t, row->ts_next_attempt),
			    missed ? ", and no attempt is on record" : "");
}

static int add_name(struct teller *t, const struct store_trouble *row,
		    bool held, bool spelt, struct err *err)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	const char *detail = row->fail_detail ? row->fail_detail : "";
	struct notice m = matter_of(t, row, held ? "held" : "failing", spelt);

	if (nobodys(&m))
		return 0;
	if (failing_since(t, row->name, held, &m.since, err) == -1)
		return -1;
	m.todo = todo_of(t, row, held);
	m.own = arena_printf(t->arena, "%s%s%s", notify_life(t, row),
			     attempts_text(t, row),
			     held ? "" : next_text(t, row));
	m.text = !row->fail_class ? "why is not on record"
				  : arena_printf(t->arena, "the last: %s: %.*s",
						 class, DETAIL_MAX, detail);
	m.alike = arena_printf(t->arena, "%s %s", class,
			       common_words(t->arena, detail, row->name, true));
	m.group =
		arena_printf(t->arena, "%s %s", class,
			     common_words(t->arena, detail, row->name, false));
	notice_add(t->n, &m);
	return 0;
}

/* SINCE: of its order; 0: it is not known. */
static void add_parked(struct teller *t, const struct store_trouble *row,
		       int64_t since, bool spelt)
{
	struct notice m = matter_of(t, row, "waiting", spelt);
	char at[CLOCK_TEXT];

	if (nobodys(&m))
		return;
	m.todo = todo_of(t, row, false);
	m.since = since;
	m.own = arena_printf(t->arena, "%s%s", notify_life(t, row),
			     next_text(t, row));
	m.text = arena_printf(t->arena, "its order waits for the CA%s%s: %.*s",
			      since ? " since " : "",
			      since ? clock_text(since, at) : "", DETAIL_MAX,
			      row->fail_detail ? row->fail_detail : "-");
	/* A CA may take hours, where there is time. */
	m.patient = !row->has_crt;
	notice_add(t->n, &m);
}

static const char *missed_text(const struct teller *t,
			       const struct store_trouble *row, bool leased)
{
	return arena_printf(
		t->arena,
		"no attempt at it is on record%s%.200s%s: it could not be "
		"claimed, or no run came to it%s%s%s%.*s",
		leased ? ", the fetcher " : "", leased ? row->lease_owner : "",
		leased ? " has it on lease" : "",
		row->fail_class ? "; what failed before: " : "",
		row->fail_class ? row->fail_class : "",
		row->fail_class ? ": " : "", DETAIL_MAX,
		row->fail_detail ? row->fail_detail : "");
}

/* Due, and nobody came to it, for whatever reason. */
static void add_missed(struct teller *t, const struct store_trouble *row,
		       bool spelt)
{
	struct notice m = matter_of(t, row, "overdue", spelt);
	bool leased = row->lease_owner && *row->lease_owner &&
		      row->lease_until > t->now;
	char at[CLOCK_TEXT];
	const char *const todo[] = {
		"What an attempt of it alone says, is why:",
		arena_printf(t->arena, " %s --once -v " NOTICE_ARGS,
			     t->from->command),
		"A row that somebody has locked is let go by whoever ends that "
		"session; see DIAGNOSTICS, locked.",
		NULL
	};

	if (nobodys(&m))
		return;
	m.todo = todo;
	m.since = row->ts_due;
	m.own = arena_printf(t->arena, "%s; due %s%s", notify_life(t, row),
			     row->ts_due > 0 ? "since " : "for renewal",
			     row->ts_due > 0 ? clock_text(row->ts_due, at)
					     : "");
	if (!row->has_crt && row->ts_due <= 0)
		m.own = "it has no certificate yet, and is due";
	m.text = missed_text(t, row, leased);
	m.group = leased || row->fail_class ? NULL : "overdue";
	m.patient = !row->has_crt || row->ts_expire > t->now + NOTIFY_DAY;
	m.lasts = row->has_crt ? 0 : NOTIFY_DAY;
	/* One that is worked on. */
	if (leased &&
	    !lessees_late(t->from->conf,
			  &(struct store_lease){ .since = row->ts_last_update },
			  t->now)) {
		m.patient = true;
		m.since = 0;
	}
	notice_add(t->n, &m);
}

/* Its CA rests, which all are told with what waits for it; and the owner? */
static void add_resting(struct teller *t, const struct store_trouble *row)
{
	struct notice m = matter_of(t, row, "waiting", false);

	if (nobodys(&m))
		return;
	m.own = notify_life(t, row);
	m.text = "its CA rests, and nothing is ordered from it before that is "
		 "over; whoever looks after the repository is told why";
	notice_add(t->n, &m);
}

/* --- all of them --- */

enum kind { FAILING, WAITING, MISSED, HELD, RESTING, KINDS };

struct told {
	const struct store_trouble *row;
	enum kind kind;
	int64_t since;
};

struct tolds {
	struct told *v;
	size_t n;
};

static int add_one(struct teller *t, const struct told *x, bool spelt,
		   struct err *err)
{
	if (x->kind == WAITING)
		add_parked(t, x->row, x->since, spelt);
	else if (x->kind == MISSED)
		add_missed(t, x->row, spelt);
	else
		return add_name(t, x->row, x->kind == HELD, spelt, err);
	return 0;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct told *x = a, *y = b;
	int64_t i = notify_away(arg, x->row), k = notify_away(arg, y->row);

	return i != k ? (i < k ? -1 : 1) : strcmp(x->row->name, y->row->name);
}

/* Its CA rests, which is told with what waits for it. */
static bool with_ca(const struct teller *t, const struct store_trouble *row)
{
	return strlist_has(&t->resting, row->ca_name ? row->ca_name : "");
}

static void add_if_resting(const struct teller *t,
			   const struct store_trouble *row,
			   struct tolds *resting)
{
	if (row->has_crt && notify_owned(row) &&
	    notify_near_end(row->ts_not_before, row->ts_expire,
			    t->from->conf->days_left, t->now))
		resting->v[resting->n++] = (struct told){ row, RESTING, 0 };
}

/* Those that nothing holds, and that are to be told; and those whose CA rests,
 * which their owners are told. */
static int choose(struct teller *t, struct tolds *all, struct tolds *resting,
		  struct err *err)
{
	int64_t days_left = t->from->conf->days_left;
	size_t most = t->failing.n + t->overdue.n + 1;

	all->v = arena_array(t->arena, most, sizeof(*all->v));
	resting->v = arena_array(t->arena, most, sizeof(*resting->v));
	for (size_t i = 0; i < t->failing.n; i++) {
		const struct store_trouble *row = &t->failing.v[i];
		struct told x = { row, FAILING, 0 };
		int wanted = judge(t->store, row, days_left, t->now, t->arena,
				   &x.since, err);
		if (wanted == -1)
			return -1;
		if (!wanted && with_ca(t, row))
			add_if_resting(t, row, resting);
		if (!wanted &&
		    (!notify_missed(row, days_left, t->now) || with_ca(t, row)))
			continue;
		if (!wanted)
			x.kind = MISSED;
		else if (notify_is_parked(row))
			x.kind = WAITING;
		all->v[all->n++] = x;
	}
	for (size_t i = 0; i < t->overdue.n; i++) {
		const struct store_trouble *row = &t->overdue.v[i];

		/* The others are among those who fail. */
		if (row->ts_next_attempt > 0)
			continue;
		if (with_ca(t, row))
			add_if_resting(t, row, resting);
		else if (notify_missed(row, days_left, t->now))
			all->v[all->n++] = (struct told){ row, MISSED, 0 };
	}
	qsort_r(all->v, all->n, sizeof(*all->v), compare, t);
	return 0;
}

static void add_count(struct sbuf *s, size_t n, const char *one,
		      const char *many)
{
	if (n > 0)
		sbuf_addf(s, "%s%zu %s", s->len > 0 ? ", " : "", n,
			  n == 1 ? one : many);
}

/* Those of ALL and of those that are held that are not spelt out. */
static void add_more(struct teller *t, const struct tolds *all)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(4000);
	size_t spelt = all->n < NOTIFY_NAMES ? all->n : NOTIFY_NAMES;
	size_t held = t->held.n < NOTIFY_NAMES ? t->held.n : NOTIFY_NAMES;
	size_t ends = 0, none = 0;
	const struct store_trouble *first = NULL;
	const char *const todo[] = {
		"All of them:",
		arena_printf(t->arena, " %s list", t->from->populate), NULL
	};

	for (size_t i = spelt; i < all->n; i++)
		if (all->v[i].row->has_crt)
			ends++;
		else
			none++;
	add_count(&s, ends, "is near its end or past it",
		  "are near their end or past it");
	add_count(&s, none, "without a certificate gets none",
		  "without a certificate get none");
	add_count(&s, t->held.all - held, "is held", "are held");
	add_count(&s, t->failing.all - t->failing.n,
		  "more fails, and was not looked at",
		  "more fail, and were not looked at");
	if (s.len == 0)
		return;
	if (ends > 0)
		first = all->v[spelt].row;
	if (held < t->held.n && t->held.v[held].has_crt &&
	    (!first ||
	     notify_away(t, &t->held.v[held]) < notify_away(t, first)))
		first = &t->held.v[held];
	if (first)
		sbuf_addf(&s, "; the most urgent of these is %s: %s",
			  first->name, notify_life(t, first));
	notice_add(t->n, &(struct notice){
				 .topic = NOTICE_MORE,
				 .service = "",
				 .cert = "",
				 .state = "failing",
				 .alike = "more",
				 .text = arena_printf(
					 t->arena, "beside those spelt out, %s",
					 sbuf_str(&s)),
				 .todo = todo,
				 .end = first ? first->ts_expire : 0 });
}

static const struct store_trouble *held_row(const struct teller *t,
					    const char *name)
{
	for (size_t i = 0; i < t->held.n; i++)
		if (strcmp(t->held.v[i].name, name) == 0)
			return &t->held.v[i];
	return NULL;
}

/* Of names told of before that have no trouble to tell now: what became of
 * them. Only a certificate that lasts, or a person, ends it. */
static int judge_missing(struct teller *t, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	notice_missing(t->n, NOTICE_TROUBLE, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i], *now;
		const struct store_trouble *held = held_row(t, name);
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
		} else if (held) {
			/* However many are: it was said to be tried again. */
			if (add_name(t, held, true, true, err) == -1)
				return -1;
			continue;
		} else if (d.ts_due == STORE_NEVER || !d.has_crt ||
			   notify_near_end(d.ts_not_before, d.ts_expire,
					   t->from->conf->days_left, t->now)) {
			notice_open(t->n, NOTICE_TROUBLE, "", name);
			continue;
		} else {
			now = arena_printf(t->arena,
					   "its certificate is valid until %s",
					   notify_at(t, d.ts_expire));
		}
		notice_now_of(t->n, NOTICE_TROUBLE, name, now);
	}
	return 0;
}

int notify_names(struct teller *t, struct err *err)
{
	struct tolds all = { NULL, 0 }, resting = { NULL, 0 };

	if (choose(t, &all, &resting, err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (add_one(t, &all.v[i], i < NOTIFY_NAMES, err) == -1)
			return -1;
	for (size_t i = 0; i < t->held.n; i++)
		if (add_name(t, &t->held.v[i], true, i < NOTIFY_NAMES, err) ==
		    -1)
			return -1;
	for (size_t i = 0; i < resting.n; i++)
		add_resting(t, resting.v[i].row);
	add_more(t, &all);
	notify_owners_more(t);
	if (judge_missing(t, err) == -1)
		return -1;
	notice_looked(t->n, NOTICE_TROUBLE, "");
	notice_looked(t->n, NOTICE_MORE, "");
	notice_now_of(t->n, NOTICE_MORE, "",
		      "all that there are, are spelt out");
	return 0;
}
