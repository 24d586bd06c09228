/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "jout.h"
#include "notice_hand.h"
#include "notice_text.h"
#include "paths.h"
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
	[NOTICE_REQUEST] = "request",
	[NOTICE_WINDOW] = "window",
	[NOTICE_CHAIN] = "chain",
	[NOTICE_DIRECTORY] = "directory",
	[NOTICE_BINDING] = "binding",
	[NOTICE_NEXT] = "next",
};

/* What is not of one service or certificate. */
static const char *const things[NOTICE_TOPICS] = {
	[NOTICE_STORE] = "the store",
	[NOTICE_PROOF] = "proofs of control",
	[NOTICE_CLOCK] = "the clock",
	[NOTICE_MORE] = "other certificates",
	[NOTICE_TEST] = "a test",
	[NOTICE_CONF] = "the configuration",
	[NOTICE_REQUEST] = "requests of hosts",
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

/* LINE, with words for NOTICE_ARG, as a shell takes it; a long one goes on in
 * the next line. */
static void add_command(struct sbuf *out, size_t indent, const char *line,
			const char *const *args, size_t n)
{
	size_t len = strcspn(line, NOTICE_ARGS NOTICE_ARG), column = 0;

	sbuf_addf(out, "%*s%.*s", (int) indent, "", (int) len, line);
	if (line[len] != '\0') {
		for (size_t i = 0; i < n; i++) {
			size_t more = strlen(args[i]) + 1;

			if (i > 0 && column + more > WIDTH - indent) {
				sbuf_addf(out, " \\\n%*s  ", (int) indent, "");
				column = 0;
			} else if (i > 0) {
				sbuf_addc(out, ' ');
			}
			sbuf_adds(out, args[i]);
			column += more;
		}
		sbuf_adds(out, line + len + 1);
	}
	sbuf_addc(out, '\n');
}

/* Whole, to be copied. */
static void add_todo_lines(struct sbuf *out, const char *const *todo,
			   const char *const *args, size_t n)
{
	for (const char *const *p = todo; p && *p; p++) {
		size_t indent = **p == ' ' ? 7 : 4;

		if (strstr(*p, NOTICE_ARG))
			for (size_t i = 0; i < n; i++)
				add_command(out, indent, *p, &args[i], 1);
		else
			add_command(out, indent, *p, args, n);
	}
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
	switch (topic) {
	case NOTICE_CA:
	case NOTICE_WINDOW:
	case NOTICE_CHAIN:
	case NOTICE_DIRECTORY:
	case NOTICE_BINDING:
	case NOTICE_NEXT:
		return "CA ";
	case NOTICE_LEASE:
		return "fetcher ";
	default:
		return "";
	}
}

/* The certificate of the host whose end is nearest, before or after NOW. */
static const char *soonest(const struct notice_line *v, size_t n,
			   enum notice_event event, int64_t now)
{
	const char *name = NULL;
	int64_t least = 0;

	for (size_t i = 0; i < n; i++) {
		const struct notice *m = &v[i].what;
		int64_t away = m->end > now ? m->end - now : now - m->end;

		if (v[i].event != event || m->end == 0 ||
		    m->topic != NOTICE_TROUBLE || *m->service != '\0')
			continue;
		if (!name || away < least) {
			name = m->cert;
			least = away;
		}
	}
	return name;
}

static void add_services(const struct notice_line *v, size_t n,
			 enum notice_event event, int64_t now, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	const char *first;
	size_t shown = 0;

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
	first = soonest(v, n, event, now);
	if (first)
		sbuf_addf(out, " (%.100s", first);
	for (size_t i = 0; i < names.n && shown + !!first < SERVICES_MAX; i++)
		if (!first || strncmp(names.v[i], first, 100) != 0)
			sbuf_addf(out, "%s%s", shown++ || first ? ", " : " (",
				  names.v[i]);
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
	add_services(v, n, event, now, out);
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
	if (*m->cert != '\0' && !things[m->topic])
		sbuf_addf(out, "%s%s%s", *m->service != '\0' ? ", " : "",
			  *of != '\0' ? of : "certificate ", m->cert);
	sbuf_addf(out, ": %s", m->state);
}

/* What it says, and of itself first. */
static void add_whole(const struct notice *m, struct sbuf *ret)
{
	sbuf_addf(ret, "%s%s%s", m->own ? m->own : "",
		  m->own && *m->text != '\0' ? "; " : "", m->text);
}

/* One that is new, and was waited for, began before. */
static void add_since(const struct notice_line *l, int64_t now,
		      struct sbuf *out)
{
	char since[CLOCK_TEXT];

	if (l->event != NOTICE_NEW || (l->since > 0 && l->since < now))
		sbuf_addf(out, " since %s", clock_text(l->since, since));
}

static void add_line(const struct notice_line *l, int64_t now, struct sbuf *out)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(4u * NOTICE_TEXT_MAX);
	const struct notice *m = &l->what;
	const char *const args[] = { m->arg ? m->arg : "" };

	sbuf_adds(out, "  ");
	add_what(m, out);
	add_since(l, now, out);
	sbuf_addc(out, '\n');
	/* What was to be done about it is not to be done any more. */
	if (l->event != NOTICE_OVER) {
		add_whole(m, &text);
		add_wrapped(out, 4, sbuf_str(&text));
		add_todo_lines(out, m->todo, args, 1);
	} else if (l->now && *l->now != '\0')
		add_wrapped(out, 4, l->now);
	sbuf_addc(out, '\n');
}

static bool same_todo(const char *const *a, const char *const *b)
{
	while (a && b && *a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return a && b && !*a && !*b;
}

static bool alike(const struct notice_line *a, const struct notice_line *b)
{
	const struct notice *x = &a->what, *y = &b->what;

	return a->event == b->event && a->event != NOTICE_OVER && x->group &&
	       y->group && x->topic == y->topic && x->arg && y->arg &&
	       strcmp(x->group, y->group) == 0 &&
	       strcmp(x->state, y->state) == 0 &&
	       strcmp(x->service, y->service) == 0 &&
	       same_todo(x->todo, y->todo);
}

/* Those like V[FIRST], the first of N, in one paragraph; or false. */
static bool add_group(const struct notice_line *v, size_t n, size_t first,
		      int64_t now, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist args = STRLIST_INIT;
	const struct notice *m = &v[first].what;

	for (size_t i = first; i < n; i++)
		if (alike(&v[i], &v[first]))
			strlist_add(&args, v[i].what.arg);
	if (args.n < 2)
		return false;
	sbuf_addf(out, "  %zu certificates: %s\n", args.n, m->state);
	for (size_t i = first; i < n; i++) {
		AUTO(sbuf_free)
		struct sbuf text = SBUF_INIT(4u * NOTICE_TEXT_MAX);

		if (!alike(&v[i], &v[first]))
			continue;
		sbuf_adds(&text, v[i].what.cert);
		add_since(&v[i], now, &text);
		if (v[i].what.own)
			sbuf_addf(&text, ": %s", v[i].what.own);
		add_wrapped(out, 4, sbuf_str(&text));
	}
	sbuf_adds(out, "    All of them, in the words of the first:\n");
	add_wrapped(out, 4, m->text);
	add_todo_lines(out, m->todo, (const char *const *) args.v, args.n);
	sbuf_addc(out, '\n');
	return true;
}

/* Was it told with one before it? */
static bool grouped(const struct notice_line *v, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (alike(&v[i], &v[at]))
			return true;
	return false;
}

static void add_section(const struct notice_line *v, size_t n,
			enum notice_event event, const char *title, int64_t now,
			struct sbuf *out)
{
	if (count(v, n, event) == 0)
		return;
	sbuf_addf(out, "%s\n\n", title);
	for (size_t i = 0; i < n; i++)
		if (v[i].event == event && !grouped(v, i) &&
		    !add_group(v, n, i, now, out))
			add_line(&v[i], now, out);
}

void notice_text_untold(const struct notice_line *v, size_t n, int64_t now,
			struct sbuf *ret)
{
	add_section(v, n, NOTICE_NEW, "New:", now, ret);
	add_section(v, n, NOTICE_CHANGED, "Changed:", now, ret);
	add_section(v, n, NOTICE_STILL, "Still so:", now, ret);
}

static void add_owned(const struct notice_from *from, const char *owner,
		      struct sbuf *out)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1000);

	sbuf_addf(&text,
		  "You (%s) are noted there as the owner of what this is "
		  "about. Commands are for who looks after that host.",
		  owner);
	add_wrapped(out, 0, sbuf_str(&text));
	sbuf_addc(out, '\n');
}

void notice_text_mail(const struct notice_line *v, size_t n,
		      const struct notice_from *from, const char *owner,
		      int64_t now, struct sbuf *ret)
{
	const struct notify_conf *notify = notice_hand_conf(from);
	char text[CLOCK_TEXT];

	if (notify->from)
		sbuf_addf(ret, "From: %s\n", notify->from);
	sbuf_addf(ret, "To: %s", owner ? owner : "");
	for (size_t i = 0; !owner && i < notify->mail.n; i++)
		sbuf_addf(ret, "%s%s", i > 0 ? ",\n " : "", notify->mail.v[i]);
	sbuf_addc(ret, '\n');
	add_subject(v, n, from->host, now, ret);
	sbuf_adds(ret, "Auto-Submitted: auto-generated\n"
		       "MIME-Version: 1.0\n"
		       "Content-Type: text/plain; charset=us-ascii\n\n");
	sbuf_addf(ret, "%s\non %s.\n\n", from->found, clock_text(now, text));
	if (owner)
		add_owned(from, owner, ret);
	notice_text_untold(v, n, now, ret);
	add_section(v, n, NOTICE_OVER, "Over, what was:", now, ret);
	sbuf_addf(ret,
		  "%s shows %s;\n"
		  "man certrepo-trouble says what to do;\n"
		  "man %s, DIAGNOSTICS, has every message.\n",
		  from->see, from->shows, from->program);
}

static void add_todo(const char *const *lines, const char *arg,
		     struct sbuf *out)
{
	jout_key(out, "todo");
	sbuf_addc(out, '[');
	for (size_t i = 0; lines[i]; i++) {
		AUTO(sbuf_free)
		struct sbuf line = SBUF_INIT(4u * NOTICE_TEXT_MAX);
		const char *p = lines[i] + strspn(lines[i], " ");
		size_t len = strcspn(p, NOTICE_ARGS NOTICE_ARG);

		if (i > 0)
			sbuf_addc(out, ',');
		sbuf_addf(&line, "%.*s%s%s", (int) len, p,
			  p[len] != '\0' && arg ? arg : "",
			  p[len] != '\0' ? p + len + 1 : "");
		sbuf_add_json(out, sbuf_str(&line));
	}
	sbuf_addc(out, ']');
}

static void add_event(const struct notice_line *l, struct sbuf *out)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(4u * NOTICE_TEXT_MAX);

	add_whole(&l->what, &text);
	sbuf_addc(out, '{');
	jout_str(out, "event", events[l->event]);
	jout_str(out, "topic", notice_topics[l->what.topic]);
	jout_str(out, "state", l->what.state);
	jout_str(out, "service", l->what.service);
	jout_str(out, "name", l->what.cert);
	if (l->what.owner)
		jout_str(out, "owner", l->what.owner);
	jout_int(out, "since", l->since);
	jout_str(out, "text", sbuf_str(&text));
	if (l->what.end != 0 && l->event != NOTICE_OVER)
		jout_int(out, "expires", l->what.end);
	if (l->what.todo && l->event != NOTICE_OVER)
		add_todo(l->what.todo, l->what.arg, out);
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
