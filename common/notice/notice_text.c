/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "jout.h"
#include "notice_text.h"
#include "strlist.h"

#define WIDTH	     72 /* columns */
#define SERVICES_MAX 5	/* named in the subject */
#define HOUR	     3600
#define DAY	     (24 * HOUR)

const char *const notice_topics[] = {
	[NOTICE_TROUBLE] = "trouble",
	[NOTICE_ENDPOINT] = "endpoint",
	[NOTICE_WAITING] = "waiting",
	[NOTICE_EXPIRING] = "expiring",
	[NOTICE_KEY_AGE] = "key-age",
	[NOTICE_STORE] = "store",
	[NOTICE_CA] = "ca",
	[NOTICE_PROOF] = "proof",
	[NOTICE_MORE] = "more",
	[NOTICE_CLOCK] = "clock",
	[NOTICE_LEASE] = "lease",
	[NOTICE_TEST] = "test",
	[NOTICE_CONF] = "configuration",
};

/* What is not of one service or certificate. */
static const char *const things[NOTICE_TOPICS] = {
	[NOTICE_STORE] = "the store", [NOTICE_PROOF] = "proofs of control",
	[NOTICE_CLOCK] = "the clock", [NOTICE_MORE] = "other certificates",
	[NOTICE_TEST] = "a test",     [NOTICE_CONF] = "the configuration",
};

static const char *const events[] = {
	[NOTICE_NEW] = "new",
	[NOTICE_CHANGED] = "changed",
	[NOTICE_STILL] = "still",
	[NOTICE_OVER] = "over",
};

/* TEXT, word by word, in lines that begin with INDENT blanks. A word that is
 * longer than a line has one of its own. */
static void add_wrapped(struct sbuf *out, size_t indent, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > WIDTH) {
			sbuf_addc(out, '\n');
			column = 0;
		}
		if (len > 0) {
			sbuf_addf(out, "%*s%.*s", column > 0 ? 1 : (int) indent,
				  "", (int) len, text);
			column += (column > 0 ? 1 : indent) + len;
		}
		text += len + (text[len] == ' ');
	}
	sbuf_addc(out, '\n');
}

static size_t count(const struct notice_line *v, size_t n,
		    enum notice_event event)
{
	size_t hits = 0;

	for (size_t i = 0; i < n; i++)
		hits += v[i].event == event;
	return hits;
}

static const char *prefix_of(enum notice_topic topic)
{
	return topic == NOTICE_CA      ? "CA "
	       : topic == NOTICE_LEASE ? "fetcher "
				       : "";
}

static void add_services(const struct notice_line *v, size_t n,
			 enum notice_event event, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;

	for (size_t i = 0; i < n; i++)
		if (v[i].event == event && *v[i].what.service != '\0')
			strlist_add(&names, v[i].what.service);
		else if (v[i].event == event && things[v[i].what.topic])
			strlist_add(&names, things[v[i].what.topic]);
		else if (v[i].event == event && *v[i].what.cert != '\0')
			strlist_addf(&names, "%s%.100s",
				     prefix_of(v[i].what.topic),
				     v[i].what.cert);
	strlist_sort_unique(&names);
	for (size_t i = 0; i < names.n && i < SERVICES_MAX; i++)
		sbuf_addf(out, "%s%s", i > 0 ? ", " : " (", names.v[i]);
	if (names.n > 0)
		sbuf_adds(out, names.n > SERVICES_MAX ? " ...)" : ")");
}

/* "expires in 2 days: ", of the nearest end: for whom it wakes. */
static void add_urgency(const struct notice_line *v, size_t n, int64_t now,
			struct sbuf *out)
{
	int64_t end = 0, left;
	size_t ends = 0, expired = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].event == NOTICE_OVER || v[i].what.end == 0)
			continue;
		ends++;
		expired += v[i].what.end <= now;
		if (end == 0 || v[i].what.end < end)
			end = v[i].what.end;
	}
	if (ends == 0)
		return;
	left = (end - now) / (end - now < 2 * DAY ? HOUR : DAY);
	if (expired > 1)
		sbuf_addf(out, "%zu ", expired);
	if (expired > 0)
		sbuf_adds(out, "EXPIRED: ");
	else
		sbuf_addf(out, "%sexpires in %lld %s: ",
			  ends > 1 ? "the first " : "", (long long) left,
			  end - now >= 2 * DAY ? "days"
			  : left == 1	       ? "hour"
					       : "hours");
}

/* What counts most of what is told. */
static void add_subject(const struct notice_line *v, size_t n, const char *host,
			int64_t now, struct sbuf *out)
{
	static const char *const words[][2] = {
		[NOTICE_NEW] = { "new matter", "new matters" },
		[NOTICE_CHANGED] = { "matter has changed",
				     "matters have changed" },
		[NOTICE_STILL] = { "matter still there",
				   "matters still there" },
		[NOTICE_OVER] = { "matter is over", "matters are over" },
	};
	enum notice_event event = NOTICE_NEW;
	size_t hits;

	while (event < NOTICE_OVER && count(v, n, event) == 0)
		event++;
	hits = count(v, n, event);
	sbuf_addf(out, "Subject: certrepo on %.100s: ", host);
	add_urgency(v, n, now, out);
	sbuf_addf(out, "%zu %s", hits, words[event][hits != 1]);
	add_services(v, n, event, out);
	sbuf_addc(out, '\n');
}

static void add_what(const struct notice *m, struct sbuf *out)
{
	const char *of = prefix_of(m->topic);

	if (*m->service != '\0')
		sbuf_addf(out, "service %s", m->service);
	else if (things[m->topic] || *m->cert == '\0')
		sbuf_adds(out,
			  things[m->topic] ? things[m->topic] : "this host");
	if (*m->cert != '\0')
		sbuf_addf(out, "%s%s%s", *m->service != '\0' ? ", " : "",
			  *of != '\0' ? of : "certificate ", m->cert);
	sbuf_addf(out, ": %s", m->state);
}

void notice_text_line(const struct notice *m, struct sbuf *ret)
{
	size_t len = strlen(m->state);

	add_what(m, ret);
	/* The state may be its first word. */
	if (strncmp(m->text, m->state, len) == 0 && m->text[len] == ':')
		sbuf_adds(ret, m->text + len);
	else
		sbuf_addf(ret, ": %s", m->text);
	for (const char *const *p = m->todo; p && *p; p++)
		sbuf_addf(ret, "%s%s",
			  p == m->todo ? ". "
			  : **p == ' ' ? ""
				       : " ",
			  *p);
}

static void add_line(const struct notice_line *l, int64_t now, struct sbuf *out)
{
	const struct notice *m = &l->what;
	char since[CLOCK_TEXT];

	sbuf_adds(out, "  ");
	add_what(m, out);
	/* One that is new, and was waited for, began before. */
	if (l->event != NOTICE_NEW || (l->since > 0 && l->since < now))
		sbuf_addf(out, " since %s", clock_text(l->since, since));
	sbuf_addc(out, '\n');
	/* What was to be done about it is not to be done any more. */
	if (l->event != NOTICE_OVER) {
		add_wrapped(out, 4, m->text);
		/* Whole, to be copied. */
		for (const char *const *p = m->todo; p && *p; p++)
			sbuf_addf(out, "%s%s\n",
				  **p == ' ' ? "       " : "    ", *p);
	} else if (l->now && *l->now != '\0')
		add_wrapped(out, 4, l->now);
	sbuf_addc(out, '\n');
}

static void add_section(const struct notice_line *v, size_t n,
			enum notice_event event, const char *title, int64_t now,
			struct sbuf *out)
{
	if (count(v, n, event) == 0)
		return;
	sbuf_addf(out, "%s\n\n", title);
	for (size_t i = 0; i < n; i++)
		if (v[i].event == event)
			add_line(&v[i], now, out);
}

void notice_text_mail(const struct notice_line *v, size_t n,
		      const struct notice_from *from, int64_t now,
		      struct sbuf *ret)
{
	const struct notify_conf *notify = from->notify;
	char text[CLOCK_TEXT];

	if (notify->from)
		sbuf_addf(ret, "From: %s\n", notify->from);
	sbuf_adds(ret, "To: ");
	for (size_t i = 0; i < notify->mail.n; i++)
		sbuf_addf(ret, "%s%s", i > 0 ? ",\n " : "", notify->mail.v[i]);
	sbuf_addc(ret, '\n');
	add_subject(v, n, from->host, now, ret);
	sbuf_adds(ret, "Auto-Submitted: auto-generated\n"
		       "MIME-Version: 1.0\n"
		       "Content-Type: text/plain; charset=us-ascii\n\n");
	sbuf_addf(ret, "%s\non %s.\n\n", from->found, clock_text(now, text));
	add_section(v, n, NOTICE_NEW, "New:", now, ret);
	add_section(v, n, NOTICE_CHANGED, "Changed:", now, ret);
	add_section(v, n, NOTICE_STILL, "Still so:", now, ret);
	add_section(v, n, NOTICE_OVER, "Over, what was:", now, ret);
	sbuf_addf(ret,
		  "%s shows %s;\n"
		  "man %s, DIAGNOSTICS, says what to do.\n",
		  from->see, from->shows, from->program);
}

static void add_todo(const char *const *lines, struct sbuf *out)
{
	jout_key(out, "todo");
	sbuf_addc(out, '[');
	for (size_t i = 0; lines[i]; i++) {
		if (i > 0)
			sbuf_addc(out, ',');
		sbuf_add_json(out, lines[i] + strspn(lines[i], " "));
	}
	sbuf_addc(out, ']');
}

static void add_event(const struct notice_line *l, struct sbuf *out)
{
	sbuf_addc(out, '{');
	jout_str(out, "event", events[l->event]);
	jout_str(out, "topic", notice_topics[l->what.topic]);
	jout_str(out, "state", l->what.state);
	jout_str(out, "service", l->what.service);
	jout_str(out, "name", l->what.cert);
	jout_int(out, "since", l->since);
	jout_str(out, "text", l->what.text);
	if (l->what.end != 0 && l->event != NOTICE_OVER)
		jout_int(out, "expires", l->what.end);
	if (l->what.todo && l->event != NOTICE_OVER)
		add_todo(l->what.todo, out);
	sbuf_addc(out, '}');
}

void notice_text_json(const struct notice_line *v, size_t n,
		      const struct notice_from *from, int64_t now,
		      struct sbuf *ret)
{
	sbuf_addc(ret, '{');
	jout_str(ret, "host", from->host);
	jout_str(ret, "version", CERTREPO_VERSION);
	jout_int(ret, "time", now);
	jout_key(ret, "events");
	sbuf_addc(ret, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sbuf_addc(ret, ',');
		add_event(&v[i], ret);
	}
	sbuf_adds(ret, "]}\n");
}
