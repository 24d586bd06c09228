/* SPDX-License-Identifier: MIT */
/* CAs that rest, and what waits for them. */
#include <string.h>
#include "clock.h"
#include "due.h"
#include "notify_impl.h"

#define DETAIL_MAX STORE_DETAIL_MAX

static bool of_ca(const struct store_trouble *r, const char *ca,
		  bool is_default)
{
	const char *name = r->ca_name ? r->ca_name : "";

	return strcmp(name, ca) == 0 || (is_default && *name == '\0');
}

/* Of the rows that wait for CA the one whose end is nearest, before or after
 * now; NULL: none of them has a certificate. */
static const struct store_trouble *nearest(const struct teller *t,
					   const char *ca, bool is_default,
					   int64_t until)
{
	const struct store_troubles *lists[] = { &t->overdue, &t->failing };
	const struct store_trouble *best = NULL;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++) {
			const struct store_trouble *r = &lists[i]->v[k];

			if (r->has_crt && r->ts_due <= until &&
			    of_ca(r, ca, is_default) &&
			    (!best || notify_away(t, r) < notify_away(t, best)))
				best = r;
		}
	return best;
}

static const char *waits_text(const struct teller *t,
			      const struct store_due_ca *w,
			      const struct store_trouble *first)
{
	const char *names = w->n == 1 ? "1 name waits for it" : NULL;

	if (w->n == 0)
		return "no name waits for it";
	if (!names)
		names = arena_printf(t->arena, "%zu names wait for it", w->n);
	if (!first)
		return arena_printf(t->arena, "%s, and %s a certificate", names,
				    w->n == 1 ? "never had" : "none ever had");
	return arena_printf(t->arena, "%s: %s%s %s %s", names,
			    w->n == 1 ? "" : "the most urgent is ", first->name,
			    first->ts_expire > t->now
				    ? w->n == 1 ? "expires on"
						: "which expires on"
			    : w->n == 1 ? "EXPIRED on"
					: "which EXPIRED on",
			    notify_at(t, first->ts_expire));
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
	*ret = d.n > 0 ? notify_word(t->arena, d.v[0].name) : "NAME";
	return 0;
}

static const struct {
	const char *fail_class, *text;
	bool ask; /* and how it is asked at once */
} advices[] = {
	{ "account",
	  "Another key ends the CA's rest; when something else is mended, to "
	  "ask it at once:",
	  true },
	{ "ca-rate-limited", "The limit passes by itself; to ask earlier uses "
			     "up more of it." },
	{ NULL, "When its cause is mended, to ask the CA at once:", true },
};

static void todo_of(struct teller *t, const struct certrepo_ca *ca,
		    const char *class, const char *name, const char **todo)
{
	const char *other = notify_other_ca(t, ca->name);
	size_t i = 0;

	while (advices[i].fail_class &&
	       strcmp(advices[i].fail_class, class) != 0)
		i++;
	*todo++ = advices[i].text;
	if (advices[i].ask)
		*todo++ = arena_printf(t->arena, " %s --once --force %s",
				       t->from->command, name);
	if (other && strcmp(name, "NAME") != 0) {
		*todo++ = "If it lasts and an end comes near, another CA for "
			  "that name:";
		*todo++ = arena_printf(t->arena, " %s set %s ca=%s",
				       t->from->populate, name, other);
	}
	*todo = NULL;
}

static int add_ca(struct teller *t, const struct certrepo_ca *ca,
		  const struct store_ca *row, struct err *err)
{
	const char *class = row->fail_class ? row->fail_class : "unknown";
	bool person = strcmp(class, "account") == 0;
	bool is_default = certrepo_conf_ca(t->from->conf, NULL) == ca;
	const struct store_trouble *first =
		nearest(t, ca->name, is_default, row->backoff_until);
	const char *todo[NOTIFY_TODO] = { NULL }, *name;
	const char *where = *ca->directory ? ca->directory : row->directory;
	struct store_due_ca w;

	if (!where || !*where)
		where = "not found yet";
	if (store_ca_waits(t->store, ca->name, is_default, t->now,
			   row->backoff_until, &w, err) == -1 ||
	    name_of_ca(t, ca->name, is_default, row->backoff_until, &name,
		       err) == -1)
		return -1;
	todo[0] = arena_printf(t->arena,
			       "It is asked again by itself, not before %s.",
			       notify_at(t, row->backoff_until));
	todo_of(t, ca, class, name, todo + 1);
	strlist_add(&t->resting, ca->name);
	if (is_default)
		strlist_add(&t->resting, "");
	notice_add(t->n,
		   &(struct notice){
			   .topic = NOTICE_CA,
			   .service = "",
			   .cert = ca->name,
			   .state = class,
			   /* One that has expired is worse than one that
			    * will. */
			   .patient = !person &&
				      (!first ||
				       first->ts_expire > t->now + NOTIFY_DAY),
			   .text = arena_printf(
				   t->arena, "%.*s; %s; it is %s", DETAIL_MAX,
				   row->fail_detail ? row->fail_detail : "-",
				   waits_text(t, &w, first), where),
			   .alike = row->fail_detail ? row->fail_detail : "-",
			   .todo = todo,
			   .end = first ? first->ts_expire : 0 });
	return 0;
}

int notify_cas(struct teller *t, struct err *err)
{
	for (size_t i = 0; i < t->from->conf->ca.n; i++) {
		const struct certrepo_ca *ca = t->from->conf->ca.v[i];
		struct store_ca row;
		int found =
			store_ca_get(t->store, ca->name, t->arena, &row, err);

		if (found == -1)
			return -1;
		/* As a run reads it: what no rule of ours wrote is no rest
		 * (ca_queue.c). */
		if (found == 0 || row.count_fail <= 0 ||
		    row.backoff_until > t->now + NOTIFY_DAY + DUE_CLOCKS ||
		    (row.directory &&
		     !certrepo_conf_ca_is(ca, row.directory))) {
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
