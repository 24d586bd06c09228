/* SPDX-License-Identifier: MIT */
/* Requests of hosts that wait for a person. */
#include "fleet_pending.h"
#include "log.h"
#include "notify_impl.h"
#include "plain.h"

/* What a rule takes is gone by then. Whether there are rules is not known here:
 * they may be in admin.conf alone. */
#define RULES_HAVE 7200

static const char *text_of(const struct teller *t,
			   const struct fleet_waiting *w)
{
	char host[PLAIN_QUOTED], name[PLAIN_QUOTED];

	return arena_printf(t->arena,
			    "%zu wait%s for a person to approve or reject; the "
			    "first is %lld, of "
			    "%s for %s",
			    w->n, w->n == 1 ? "s" : "", (long long) w->id,
			    plain_quoted(w->host, host),
			    plain_quoted(w->name, name));
}

int notify_requests(struct teller *t, struct err *err)
{
	const char *const todo[] = {
		"Hosts go on with what they have. What each asks for, and what "
		"it would become:",
		arena_printf(t->arena, " %s pending", t->from->populate), NULL
	};
	struct fleet_waiting w;
	struct err why = ERR_INIT;

	if (fleet_pending_waiting(t->store, t->arena, &w, &why) == -1) {
		/* An account of before may not know. */
		if (why.kind == ERR_CONFIG) {
			log_debug("%s", why.msg);
			return 0;
		}
		return err_set(err, why.kind, "%s", why.msg);
	}
	notice_looked(t->n, NOTICE_REQUEST, "");
	notice_now_of(t->n, NOTICE_REQUEST, "", "none waits");
	if (w.n > 0)
		notice_add(t->n, &(struct notice){ .topic = NOTICE_REQUEST,
						   .service = "",
						   .cert = "",
						   .state = "waiting",
						   .text = text_of(t, &w),
						   .alike = "requests",
						   .patient = true,
						   .lasts = RULES_HAVE,
						   .todo = todo });
	return 0;
}
