/* SPDX-License-Identifier: MIT */
#include "advice.h"
#include <string.h>
#include "store_trouble.h"

static const struct advice advices[] = {
	{ "rate-limited",
	  "The CA's limit for it or its domain passes by itself; to try "
	  "earlier uses up more of it.",
	  .hurts = true },
	{ "caa", "Change the CAA records of its domain, or set another CA:",
	  .ca = true },
	{ "dns", "Look at its zone and the servers of that." },
	{ "connection", "See that the CA reaches its web server at port 80." },
	{ "unauthorized", "See what answered the CA instead of our proof." },
	{ "bad-csr", "Make another CSR, and enrol that:", .csr = true },
	{ "rejected",
	  "Take the name out of the CSR, or set another CA:", .ca = true },
	{ "bad-cert", "Ask the CA why it issued something else." },
	{ "config", "Mend what that says: in its row, in certrepo.conf, or "
		    "where it is said to be." },
	{ "ca-down",
	  "If the CA serves other names, ask those who run it about this one, "
	  "or set another CA:",
	  .ca = true },
	{ "internal", "Please report it." },
	{ "host", "Give the fetcher what that says it is short of." },
	{ "store", "Look at the database and its log." },
	{ "locked", "See who holds its row in the database." },
	{ STORE_PARKED, "The CA takes its time, and its order is kept. If it "
			"lasts, ask those who run the CA." },
};

/* Let's Encrypt, of a name that has failed for months. */
static const struct advice paused = {
	.text = "It does not pass by itself: do first what the CA asks for.",
};

const struct advice *advice_of(const char *fail_class, const char *detail)
{
	if (detail && strcasestr(detail, "unpause"))
		return &paused;
	for (size_t i = 0; fail_class && i < ARRAY_LEN(advices); i++)
		if (strcmp(fail_class, advices[i].fail_class) == 0)
			return &advices[i];
	return NULL;
}

/* What stands between BEFORE and END, to be copied; NULL. */
static const char *between(const char *text, const char *before, char end,
			   struct arena *a)
{
	const char *from = strstr(text, before), *to;

	if (!from)
		return NULL;
	from += strlen(before);
	to = strchr(from, end);
	return to && to > from ? arena_strndup(a, from, (size_t) (to - from))
			       : NULL;
}

const char *advice_paste(const char *detail, struct arena *a)
{
	const char *text = between(detail, " the record \"", '"', a);

	return text ? text : between(detail, " is frozen (", ')', a);
}
