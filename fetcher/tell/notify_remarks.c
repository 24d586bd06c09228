/* SPDX-License-Identifier: MIT */
/* What happened in this run: said once, and again when it happens again. */
#include "notify_impl.h"
#include "remark.h"

static const struct {
	enum notice_topic topic;
	const char *state;
	const char *todo; /* what happens by itself, or what to do */
} kinds[] = {
	{ NOTICE_WINDOW, "incident",
	  "Each is renewed by itself. Which hosts have not got theirs yet:" },
	{ NOTICE_CHAIN, "default-chain",
	  "Set preferred_chain in its group to one of those, or take it out." },
	{ NOTICE_DIRECTORY, "changed",
	  "It is used from now on. If it is not that of your CA, see what the "
	  "DNS says:" },
	{ NOTICE_BINDING, "other-binding",
	  "Nothing stops; it is the other customer's account that orders." },
	{ NOTICE_NEXT, "missing",
	  "It is looked for again by the next run that orders. What the DNS "
	  "says:" },
};

static const char *command_of(const struct teller *t, const struct remark *r)
{
	if (r->topic == NOTICE_WINDOW)
		return arena_printf(t->arena, " %s show NAME",
				    t->from->populate);
	if (r->topic == NOTICE_DIRECTORY || r->topic == NOTICE_NEXT)
		return arena_printf(t->arena, " %s --discover",
				    t->from->command);
	return NULL;
}

void notify_remarks(struct teller *t)
{
	size_t n;
	const struct remark *v = remark_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
			const char *const todo[] = { kinds[k].todo,
						     command_of(t, &v[i]),
						     NULL };

			if (v[i].topic == kinds[k].topic)
				notice_add(t->n,
					   &(struct notice){
						   .topic = v[i].topic,
						   .service = "",
						   .cert = v[i].ca,
						   .state = kinds[k].state,
						   .since = t->now,
						   .text = v[i].text,
						   .alike = v[i].alike,
						   .todo = todo });
		}
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		notice_fade(t->n, kinds[k].topic);
}
