/* SPDX-License-Identifier: MIT */
#include "report.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "store.h"
#include "term.h"
#include "waits.h"
#include "words.h"

/* Lines about such rows in one run. */
#define LOCKED_MOST 5

struct report {
	bool terminal;
	bool quiet;
	size_t locked; /* rows, and those that could not be read */
};

struct report *report_new(bool quiet)
{
	struct report *r = mem_alloc(sizeof(*r));

	r->quiet = quiet;
	r->terminal = isatty(STDERR_FILENO) == 1;
	return r;
}

void report_free(struct report **r)
{
	if (!*r)
		return;
	term_wipe();
	free(*r);
	*r = NULL;
}

const char *report_ordinal(int64_t n, char buf[32])
{
	const char *end = "th";

	if (n % 100 < 11 || n % 100 > 13) {
		if (n % 10 == 1)
			end = "st";
		else if (n % 10 == 2)
			end = "nd";
		else if (n % 10 == 3)
			end = "rd";
	}
	(void) snprintf(buf, 32, "%" PRId64 "%s", n, end);
	return buf;
}

void report_renewed(struct report *r, const struct order *o)
{
	char until[CLOCK_TEXT];

	term_wipe();
	if (r->quiet)
		return;
	log_event(LOG_L_INFO, "renewed", "name", order_name(o), "ca",
		  order_ca(o)->name, "until",
		  clock_text(order_not_after(o), until), NULL);
}

char *report_more(enum fail_class class, const char *name)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	if (class != FAIL_CAA)
		return mem_strdup("");
	return mem_printf("; certrepo-fetcher caa %s%s prints the records it "
			  "wants",
			  *name == '-' ? "-- " : "", word);
}

/* Its row may hold nothing of it, so no mail says it: it stays on stderr, which
 * warnings may not (log_mailed()). */
static void unrecorded(const char *name, const struct fail *f, int64_t next)
{
	struct err err = ERR_INIT;
	char at[CLOCK_TEXT];

	err_set(&err, ERR_IO, "%s: %s: %s; next attempt %s", name,
		fail_name(f->class), f->detail, clock_text(next, at));
	log_error(&err);
}

void report_failed(struct report *r, const struct order *o, bool quiet)
{
	const struct fail *f = order_fail(o);
	const struct backoff *b = order_backoff(o);
	AUTO(mem_free_str)
	char *more = report_more(f->class, order_name(o));
	char at[CLOCK_TEXT], nth[32];

	term_wipe();
	if (r->quiet)
		return;
	if (!order_on_record(o) && r->locked++ >= LOCKED_MOST)
		quiet = true;
	if (quiet) {
		log_event(LOG_L_INFO, "postponed", "name", order_name(o),
			  "class", fail_name(f->class), "detail", f->detail,
			  "next", clock_text(b->next, at), NULL);
		return;
	}
	report_ordinal(order_count(o), nth);
	if (!order_on_record(o))
		unrecorded(order_name(o), f, b->next);
	else if (!b->next && b->count)
		log_warn("%s: %s: %s (%s failure)", order_name(o),
			 fail_name(f->class), f->detail, nth);
	else if (!b->next)
		log_warn(
			"%s: %s: %s%s; its row was changed meanwhile, and that "
			"is not counted",
			order_name(o), fail_name(f->class), f->detail, more);
	else if (b->hold)
		log_warn("%s: %s: %s%s; held until someone acts (%s failure)",
			 order_name(o), fail_name(f->class), f->detail, more,
			 nth);
	else if (b->count)
		log_warn("%s: %s: %s%s; next attempt %s (%s failure)",
			 order_name(o), fail_name(f->class), f->detail, more,
			 clock_text(b->next, at), nth);
	else if (f->class == FAIL_LOCKED || f->class == FAIL_STORE)
		unrecorded(order_name(o), f, b->next);
	else
		log_warn("%s: %s: %s; next attempt %s", order_name(o),
			 fail_name(f->class), f->detail,
			 clock_text(b->next, at));
}

void report_parked(struct report *r, const struct order *o)
{
	int64_t next = order_backoff(o)->next;
	char at[CLOCK_TEXT];

	term_wipe();
	if (r->quiet)
		return;
	log_event(LOG_L_INFO, "parked", "name", order_name(o), "ca",
		  order_ca(o)->name, "detail", order_fail(o)->detail, "next",
		  next ? clock_text(next, at) : NULL, NULL);
}

void report_elsewhere(struct report *r, const struct order *o)
{
	term_wipe();
	if (r->quiet)
		return;
	log_warn("%s: %s; --force orders it here", order_name(o),
		 order_fail(o)->detail);
}

void report_ca(struct report *r, const char *ca, enum fail_class class,
	       const char *detail, int64_t until)
{
	char at[CLOCK_TEXT];

	term_wipe();
	if (until && !r->quiet)
		log_warn("CA %s: %s: %s; it rests until %s", ca,
			 fail_name(class), detail, clock_text(until, at));
	else
		log_warn("CA %s: %s: %s", ca, fail_name(class), detail);
}

void report_waits(struct report *r, const struct waits *w,
		  const struct ca_queue *c)
{
	AUTO(mem_free_str) char *text = waits_text(w, c);

	term_wipe();
	if (!r->quiet)
		log_warn("%s", text);
}

static size_t total(const struct report_counts *c)
{
	return c->renewed + c->failed + c->waiting + c->parked;
}

bool report_wants_progress(const struct report *r)
{
	return term_wants_progress();
}

void report_progress(struct report *r, const struct report_counts *c)
{
	term_progress("%zu renewed, %zu failed, %zu in flight, %zu to go",
		      c->renewed, c->failed, c->in_flight, c->queued);
}

const char *report_text(const struct report_counts *c, char buf[REPORT_TEXT])
{
	int64_t s = c->seconds;
	char hours[24] = "", parked[40] = "";

	if (c->parked)
		(void) snprintf(parked, sizeof(parked), ", %zu with the CA",
				c->parked);
	if (s >= 3600)
		(void) snprintf(hours, sizeof(hours), "%" PRId64 ":", s / 3600);
	(void) snprintf(buf, REPORT_TEXT,
			"%zu renewed, %zu failed, %zu waiting%s; %s%02" PRId64
			":%02" PRId64 "; %zu request%s",
			c->renewed, c->failed, c->waiting, parked, hours,
			s / 60 % 60, s % 60, c->requests,
			c->requests == 1 ? "" : "s");
	return buf;
}

void report_summary(struct report *r, const struct report_counts *c)
{
	char text[REPORT_TEXT];

	term_wipe();
	if (r->locked > LOCKED_MOST)
		log_warn("%zu more %s locked or cannot be read",
			 r->locked - LOCKED_MOST,
			 r->locked - LOCKED_MOST == 1 ? "row was"
						      : "rows were");
	if (!total(c) || r->quiet)
		return;
	report_text(c, text);
	log_event(LOG_L_INFO, "summary", "text", text, NULL);
	/* On a terminal, or with -v, the log's line is there to see. */
	if (!r->terminal && !log_verbose() && isatty(STDOUT_FILENO) == 1)
		(void) printf("%s\n", text);
}

bool report_wants_reason(const struct report *r)
{
	if (r->quiet)
		return false;
	return r->terminal || log_verbose() || isatty(STDOUT_FILENO) == 1;
}

void report_idle(struct report *r, const char *text)
{
	term_wipe();
	(void) printf("%s\n", text);
}

int report_status(const struct report_counts *c)
{
	if (c->failed + c->waiting == 0)
		return 0;
	if (c->renewed)
		return 2;
	if (c->failed)
		return 1;
	return c->account ? 78 : 69;
}
