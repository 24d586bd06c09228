/* SPDX-License-Identifier: MIT */

#include "plan.h"

bool plan_dated_back(const struct plan_cert *c)
{
	return c->other_ca && !c->same_cert && !c->stepped &&
	       c->row_from < c->have_from &&
	       c->row_from >= c->have_from - PLAN_DATED_BACK;
}

enum plan_verdict plan_cert(const struct plan_cert *c, bool force)
{
	if (c->unknown)
		return PLAN_UNKNOWN;
	switch (c->row) {
	case PLAN_ROW_MISSING:
		return PLAN_MISSING;
	case PLAN_ROW_DISABLED:
	case PLAN_ROW_EMPTY:
	case PLAN_ROW_ASKED:
		return PLAN_WAIT;
	case PLAN_ROW_BAD:
		return PLAN_REFUSE;
	case PLAN_ROW_GOOD:
		break;
	}
	if (c->same_files)
		return PLAN_KEEP;
	if (c->refused)
		return PLAN_REFUSE;
	if (force)
		return PLAN_PUT;
	if (c->held)
		return PLAN_HOLD;
	/* What takes turns in the store must not restart a service every
	 * hour. */
	if (c->sideways && c->disk_good && c->stepped)
		return PLAN_KEEP;
	/* The same certificate with another chain, mode or format is no step
	 * in any direction; two of the same second are of the same age. */
	if (!c->same_cert && c->row_from < c->have_from && !plan_dated_back(c))
		return PLAN_OLDER;
	return PLAN_PUT;
}

const char *plan_row_text(enum plan_row row)
{
	return row == PLAN_ROW_DISABLED ? "disabled"
	       : row == PLAN_ROW_ASKED	? "asked for, waits to be approved"
					: "not issued yet";
}

/* What only a person or a reboot can restart is given the time for it; and
 * where nothing else can, whatever time it takes. */
static bool waits(const struct plan_service *s, int64_t now)
{
	/* A clock that was set back makes it no longer, nor asks anew. */
	bool within = s->waiting != 0 && now - s->waiting < s->wait &&
		      s->waiting - now < s->wait;

	if (s->wait == 0)
		return false;
	return s->wrong > 0 ? within || !s->can_activate
			    : s->down > 0 && within;
}

/* So often in vain, and not long ago. */
static bool tired(int64_t count, int64_t at, int64_t now)
{
	return count >= PLAN_ACTIVATE_TRIES && now >= at &&
	       now < at + PLAN_ACTIVATE_PAUSE;
}

/* What is served is not what is there. */
static enum plan_action again(const struct plan_service *s, int64_t now)
{
	if (!s->can_activate || tired(s->activate_count, s->activate_at, now))
		return PLAN_POSTPONE;
	return s->closed ? PLAN_WINDOW : PLAN_ACTIVATE;
}

enum plan_action plan_service(const struct plan_service *s, int64_t now,
			      bool force)
{
	/* Whatever reads the key now, stops with it: leave it running. */
	if (s->misfit && !force)
		return s->wrong > 0  ? PLAN_POSTPONE
		       : s->down > 0 ? PLAN_DOWN
				     : PLAN_NOTHING;
	if (s->put > 0 && (force || !s->held))
		return s->closed && !force ? PLAN_WINDOW : PLAN_INSTALL;
	/* Held, and what is there is not to be told. */
	if (s->unfit && s->put > 0)
		return PLAN_HELD;
	if (force && !s->along && s->can_activate)
		return PLAN_ACTIVATE;
	if (waits(s, now))
		return PLAN_WAITING;
	if (s->wrong > 0)
		return again(s, now);
	if (s->put > 0)
		return PLAN_HELD;
	if (s->down > 0)
		return PLAN_DOWN;
	return PLAN_NOTHING;
}

bool plan_post(const struct plan_service *s, int64_t now)
{
	return s->post_count > 0 && !s->misfit && !s->closed &&
	       !tired(s->post_count, s->post_at, now);
}
