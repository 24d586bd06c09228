/* SPDX-License-Identifier: MIT */
/*
 * Every reason there is, each brought about by what it is for, and said in a
 * sentence of its own that has the instant and the setting's name. Verdicts are
 * tried here, too: no row is reached but through them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "host.h"
#include "load.h"
#include "strlist.h"
#include "verdict.h"

#define NOW  INT64_C(1796083200) /* 2026-12-01T00:00:00Z */
#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
#define FAR  (NOW + 400 * DAY)

/* One name of 90 days that was issued 30 days ago, served by one host. */
struct scene {
	struct status_model m;
	struct status_name n;
	struct status_host h;
	struct status_ca c;
	struct status_fetcher f;
	struct status_kind k;
	struct status_receipt r; /* of an endpoint */
	struct verdict_row row;
	int64_t ari;
	bool no_receipt, no_fetcher;
};

static void scene_init(struct scene *s)
{
	*s = (struct scene){
		.m = { .now = NOW,
		       .whole = true,
		       .set = { .known = true,
				.default_ca = "le",
				.cas = "le other",
				.count_fail_limit = 10,
				.order_timeout = 900 } },
		.n = { .name = "www.example.org",
		       .ca = "le",
		       .enabled = true,
		       .has_crt = true,
		       .ts_not_before = NOW - 30 * DAY,
		       .ts_not_after = NOW + 60 * DAY,
		       .ts_stored = NOW - 30 * DAY + HOUR,
		       .ts_attempt = NOW - 30 * DAY + HOUR,
		       .n_receipts = 1 },
		.h = { .host = "web1.example.org",
		       .ts_seen = NOW - HOUR,
		       .heartbeat = DAY,
		       .n_receipts = 1 },
		.c = { .name = "le",
		       .directory = "https://le.example",
		       .configured = true,
		       .n_names = 1 },
		.f = { .instance = "centre-1",
		       .host = "centre",
		       .ts_start = NOW - HOUR,
		       .ts_end = NOW - HOUR + 60,
		       .ts_ok = NOW - HOUR + 60 },
		.k = { .service = "web",
		       .state = "served",
		       .code = RECEIPT_SERVED },
		.r = { .endpoint = "127.0.0.1:443",
		       .ts = NOW - HOUR,
		       .ts_window = 0,
		       .ts_expire = NOW + 60 * DAY,
		       .served = STATUS_CURRENT },
	};
}

static void scene_judge(struct scene *s)
{
	struct status_model *m = &s->m;

	s->r.kind = &s->k;
	m->names = &s->n;
	m->hosts = &s->h;
	m->cas = &s->c;
	m->fetchers = &s->f;
	m->receipts = &s->r;
	m->n_names = m->n_hosts = m->n_cas = 1;
	m->n_fetchers = !s->no_fetcher;
	m->n_receipts = s->n.n_receipts = !s->no_receipt;
	verdict_fetcher(m, &s->f);
	verdict_fetching(m);
	verdict_name(m, &s->n, &s->row, s->ari);
	verdict_ca(m, &s->c);
	verdict_host_seen(m, &s->h);
	if (!s->no_receipt)
		verdict_receipt(m, &s->r);
	verdict_host(m, &s->h);
	verdict_delivery(m, &s->n);
}

static void state_is(struct scene *s, enum receipt_state state,
		     const char *detail)
{
	s->k.code = state;
	s->k.state = receipt_state_name(state);
	s->r.detail = detail;
}

/* A certificate that is renewed since two days. */
static void is_due(struct scene *s)
{
	s->n.ts_not_before = NOW - 62 * DAY;
	s->n.ts_not_after = NOW + 28 * DAY;
	s->n.ts_stored = s->n.ts_attempt = NOW - 62 * DAY;
}

/* One that was issued AGO and is not served yet. */
static void is_new(struct scene *s, int64_t ago)
{
	s->n.ts_not_before = s->n.ts_stored = NOW - ago;
	s->n.ts_not_after = NOW - ago + 90 * DAY;
	s->r.served = STATUS_PREVIOUS;
}

static void failed(struct scene *s, const char *class, int64_t next)
{
	s->n.fail_class = class;
	s->n.fail_detail = "it said no";
	s->n.count_fail = 3;
	s->n.ts_attempt = NOW - HOUR;
	s->n.ts_next_attempt = next;
}

/* why, need, what its sentence has, how it comes about */
#define CASES(X)                                                               \
	X(WHY_THIRD, WELL, "2026-12-31T00:00:00Z (in 30 days)", )              \
	X(WHY_HALF, WELL, "half of its life", s->n.ts_not_before = NOW - DAY;  \
	  s->n.ts_not_after = NOW + 5 * DAY)                                   \
	X(WHY_DAYS_LEFT, WELL, "days_left = 45", s->m.set.days_left = 45)      \
	X(WHY_ARI, WELL, "2026-12-11T00:00:00Z", s->ari = NOW + 10 * DAY)      \
	X(WHY_BEFORE_ARI, WELL, "too little", s->ari = NOW + 59 * DAY)         \
	X(WHY_DISABLED, WELL, "enable www.example.org", s->n.enabled = false)  \
	X(WHY_HELD, ACT, "count_fail_limit = 10", failed(s, "caa", INT64_MAX); \
	  s->n.held = true)                                                    \
	X(WHY_LEASED, WATCH, "2026-12-01T00:30:00Z",                           \
	  s->n.ts_lease = NOW + HOUR / 2;                                      \
	  s->n.ts_attempt = NOW - 60)                                          \
	X(WHY_LEASE_LATE, WATCH, "order_timeout = 15 min",                     \
	  s->n.ts_lease = NOW + HOUR / 2;                                      \
	  s->n.ts_attempt = NOW - 3 * HOUR)                                    \
	X(WHY_PARKED, WATCH, "2026-12-01T01:00:00Z", is_due(s);                \
	  failed(s, "parked", NOW + HOUR))                                     \
	X(WHY_CA_RESTS, WATCH,                                                 \
	  "CA le is not asked before 2026-12-01T01:00:00Z", is_due(s);         \
	  s->c.backoff_until = NOW + HOUR; s->c.fail_class = "ca-down")        \
	X(WHY_BACKOFF, WATCH, "it is held at count_fail_limit = ", is_due(s);  \
	  failed(s, "unauthorized", NOW + 2 * HOUR))                           \
	X(WHY_BACKOFF_FREE, WATCH, "2026-12-01T02:00:00Z", is_due(s);          \
	  failed(s, "dns", NOW + 2 * HOUR))                                    \
	X(WHY_BACKOFF_FAR, WATCH, "a clock was wrong", is_due(s);              \
	  failed(s, "dns", FAR))                                               \
	X(WHY_POSTPONED, WATCH, "2026-12-01T01:00:00Z", is_due(s);             \
	  s->row.ts_due = NOW + HOUR)                                          \
	X(WHY_REPLACED, WATCH, "CSR was replaced", s->n.renew_asked = true)    \
	X(WHY_MISSING, WATCH, "no certificate yet", s->n.has_crt = false;      \
	  s->n.ts_not_after = 0)                                               \
	X(WHY_DUE, WATCH, "2026-11-30T23:00:00Z",                              \
	  s->n.ts_not_before = NOW - 60 * DAY - HOUR;                          \
	  s->n.ts_not_after = NOW + 30 * DAY - HOUR)                           \
	X(WHY_DUE_DAYS_LEFT, WATCH, "by days_left = 60",                       \
	  s->m.set.days_left = 60)                                             \
	X(WHY_DUE_ARI, WATCH, "the CA asks for its renewal",                   \
	  s->ari = NOW - 60)                                                   \
	X(WHY_OVERDUE, ACT, "certrepo-fetcher --once www.example.org",         \
	  is_due(s))                                                           \
	X(WHY_NO_FETCHER, ACT, "no run began since 2026-11-27T00:00:00Z",      \
	  is_due(s);                                                           \
	  s->f.ts_start = NOW - 4 * DAY; s->f.ts_end = 0;                      \
	  s->f.ts_end = s->f.ts_start + 9)                                     \
	X(WHY_NO_CA, ACT, "CA gone, which certrepo.conf (ca)",                 \
	  s->n.ca = "gone")                                                    \
	X(WHY_FOREIGN, WATCH, "not ours", s->row.foreign = true;               \
	  s->n.ts_not_before = 0)                                              \
	X(WHY_NOT_YET, ACT, "2026-12-02T00:00:00Z",                            \
	  s->n.ts_not_before = NOW + DAY)                                      \
	X(WHY_NO_HOST, WATCH, "no host reports it", s->no_receipt = true)      \
	X(WHY_NOT_REPORTED, ACT,                                               \
	  "before 2026-11-30T06:00:00Z (18 h ago) (deliver_within, by its "    \
	  "rule); "                                                            \
	  "web1 may read it: does its installer.conf have it, and "            \
	  "has it run since?",                                                 \
	  s->no_receipt = true;                                                \
	  is_new(s, 44 * HOUR); s->n.may_read = "web1")                        \
	X(WHY_HOSTS_UNREAD, WATCH, "could not be read", s->no_receipt = true;  \
	  s->m.unread[FLEET_PART_INSTALLS] = "no")                             \
	X(WHY_GRANTED, WATCH, "may read it, and never said that it has it", )  \
	X(WHY_SERVED, WELL, "2026-11-30T23:00:00Z (1 h ago)", )                \
	X(WHY_INSTALLED, WELL, "its files are in place", s->r.endpoint = "";   \
	  s->r.served = STATUS_UNSEEN; state_is(s, RECEIPT_INSTALLED, NULL))   \
	X(WHY_ACTIVATED, WELL, "the service was told", s->r.endpoint = "";     \
	  s->r.served = STATUS_UNSEEN; state_is(s, RECEIPT_ACTIVATED, NULL))   \
	X(WHY_SERVES_OLD, WATCH, "until 2026-12-01T16:00:00Z",                 \
	  is_new(s, 10 * HOUR))                                                \
	X(WHY_NOT_SERVED, ACT,                                                 \
	  "served before 2026-11-30T06:00:00Z (18 h ago) (deliver_within",     \
	  is_new(s, 44 * HOUR))                                                \
	X(WHY_NOT_FETCHED, WATCH, "has not said yet", is_new(s, HOUR);         \
	  s->r.endpoint = ""; s->r.served = STATUS_UNSEEN;                     \
	  s->r.ts = NOW - 2 * HOUR)                                            \
	X(WHY_NOT_INSTALLED, ACT, "never said", is_new(s, 44 * HOUR);          \
	  s->r.endpoint = ""; s->r.served = STATUS_UNSEEN;                     \
	  s->r.ts = NOW - 45 * HOUR; s->h.heartbeat = 2 * DAY)                 \
	X(WHY_WINDOW, WATCH, "2026-12-03T00:00:00Z", is_new(s, 44 * HOUR);     \
	  s->r.ts_window = NOW + 2 * DAY)                                      \
	X(WHY_WINDOW_PAST, ACT, "2026-11-29T00:00:00Z", is_new(s, 3 * DAY);    \
	  s->r.endpoint = ""; s->r.ts_window = NOW - 2 * DAY;                  \
	  state_is(s, RECEIPT_FETCHED, NULL))                                  \
	X(WHY_WINDOW_UNKNOWN, WATCH, "does not say when", is_new(s, 3 * DAY);  \
	  s->r.endpoint = ""; s->r.ts_window = -1;                             \
	  state_is(s, RECEIPT_FETCHED, NULL))                                  \
	X(WHY_OPERATOR, ACT, "must restart",                                   \
	  state_is(s, RECEIPT_WAITING, NULL))                                  \
	X(WHY_HELD_THERE, ACT, ": it failed twice",                            \
	  state_is(s, RECEIPT_HELD, "it failed twice"))                        \
	X(WHY_REFUSED, ACT, "may not be installed: not trusted",               \
	  state_is(s, RECEIPT_REFUSED, "refused: not trusted"))                \
	X(WHY_ROLLED_BACK, ACT, "the one before is in place again",            \
	  state_is(s, RECEIPT_ROLLED_BACK, "it did not start"))                \
	X(WHY_KEY, ACT, "its key is missing",                                  \
	  state_is(s, RECEIPT_FAILED,                                          \
		   "/etc/ssl/private/w.key does not exist"))                   \
	X(WHY_NOT_OURS, ACT, "is not the installer's",                         \
	  state_is(s, RECEIPT_REFUSED, "what is in its place is not ours"))    \
	X(WHY_FAILED, ACT, "cannot be reached",                                \
	  state_is(s, RECEIPT_FAILED, "cannot be reached"))                    \
	X(WHY_DRIFT, ACT, "by hand", s->r.served = STATUS_OTHER)               \
	X(WHY_SERVES_EXPIRED, ACT, "EXPIRED on 2026-11-30T00:00:00Z",          \
	  s->r.ts_expire = NOW - DAY)                                          \
	X(WHY_PLACEHOLDER, WATCH, "placeholder", s->k.placeholder = true;      \
	  s->n.has_crt = false; s->n.ts_not_after = 0)                         \
	X(WHY_STOPPED, WATCH, "the service is stopped",                        \
	  state_is(s, RECEIPT_INSTALLED, "it is not running"))                 \
	X(WHY_NEEDS, ACT, "clientAuth", s->k.needs = "clientAuth")             \
	X(WHY_OF_SILENT, WATCH, "silent since 2026-11-28T00:00:00Z",           \
	  s->r.ts = s->h.ts_seen = NOW - 3 * DAY)                              \
	X(WHY_STATE_UNKNOWN, WATCH, "none that this version knows",            \
	  s->k.code = -1;                                                      \
	  s->k.state = "blessed")                                              \
	X(WHY_AHEAD, WATCH, "2026-12-02T00:00:00Z", s->r.ts = NOW + DAY)       \
	X(WHY_UNTOLD, WATCH, "cert_facts", s->r.served = STATUS_UNKNOWN)       \
	X(WHY_UNSEEN, WATCH, "did not say which", s->r.served = STATUS_UNSEEN) \
	X(WHY_HOST_WELL, WELL, "2026-11-30T23:00:00Z", )                       \
	X(WHY_HOST_SILENT, ACT, "since 2026-11-28T00:00:00Z",                  \
	  s->h.ts_seen = NOW - 3 * DAY)                                        \
	X(WHY_HOST_NEW, WATCH, "2026-11-30T00:00:00Z", s->h.ts_seen = 0;       \
	  s->h.account = true; s->h.ts_added = NOW - DAY)                      \
	X(WHY_HOST_NEVER, ACT, "2026-11-21T00:00:00Z", s->h.ts_seen = 0;       \
	  s->h.account = true; s->h.ts_added = NOW - 10 * DAY)                 \
	X(WHY_HOST_BAD, ACT, "its one receipt needs",                          \
	  state_is(s, RECEIPT_FAILED, "no"))                                   \
	X(WHY_HOST_FAILED, ACT,                                                \
	  "its run did not end well, seen 2026-11-30T23:00:00Z (1 h ago): "    \
	  "the last run ended with 2",                                         \
	  s->h.failed = "the last run ended with 2")                           \
	X(WHY_HOST_AHEAD, ACT, "its clock is wrong",                           \
	  s->h.ts_seen = NOW + 3 * DAY)                                        \
	X(WHY_HOST_UNREAD, WATCH, "could not be read", s->h.ts_seen = 0;       \
	  s->h.account = true; s->m.unread[FLEET_PART_INSTALLS] = "no")        \
	X(WHY_HOST_STRANGE, WATCH, "7 certificates", s->h.n_strange = 7)       \
	X(WHY_HOST_TOO_MANY, ACT, "more receipts", s->h.too_many = true)       \
	X(WHY_CA_WELL, WELL, "is asked", )                                     \
	X(WHY_CA_REST, WATCH,                                                  \
	  "rests, it is not asked before 2026-12-01T01:00:00Z",                \
	  s->c.backoff_until = NOW + HOUR)                                     \
	X(WHY_CA_ACCOUNT, ACT, "account", s->c.backoff_until = NOW + HOUR;     \
	  s->c.fail_class = "account")                                         \
	X(WHY_CA_FAR, WATCH, "which no rest reaches",                          \
	  s->c.backoff_until = FAR)                                            \
	X(WHY_CA_UNUSED, WELL, "nothing was asked", s->c.directory = NULL)     \
	X(WHY_CA_GONE, ACT, "1 certificate,", s->c.configured = false)         \
	X(WHY_FETCH_WELL, WELL, "2026-11-30T23:00:00Z", )                      \
	X(WHY_FETCH_RUNS, WELL, "under way", s->f.ts_end = 0)                  \
	X(WHY_FETCH_UNKNOWN, WATCH, "no fetcher has said",                     \
	  s->no_fetcher = true)                                                \
	X(WHY_FETCH_NEVER, ACT, "2026-11-28T00:00:00Z",                        \
	  s->m.ts_made = NOW - 3 * DAY;                                        \
	  s->no_fetcher = true)                                                \
	X(WHY_FETCH_UNREAD, ACT, "the table fetchers",                         \
	  s->m.unread[FLEET_PART_FETCHERS] = "no";                             \
	  s->no_fetcher = true)                                                \
	X(WHY_FETCH_SILENT, ACT, "2026-11-28T00:00:00Z",                       \
	  s->f.ts_start = NOW - 3 * DAY;                                       \
	  s->f.ts_end = s->f.ts_start)                                         \
	X(WHY_FETCH_HANGS, ACT, "did not end", s->f.ts_start = NOW - 3 * DAY;  \
	  s->f.ts_end = 0)                                                     \
	X(WHY_FETCH_FAILS, ACT, "exit status 69: the store is away",           \
	  s->f.ts_ok = NOW - 3 * DAY;                                          \
	  s->f.status = 69; s->f.detail = "the store is away")                 \
	X(WHY_FETCH_AHEAD, ACT, "a clock is wrong", s->f.ts_start = NOW + DAY)

#define MAKE(row, need, text, ...)              \
	static void make_##row(struct scene *s) \
	{                                       \
		__VA_ARGS__;                    \
	}
CASES(MAKE)

static const struct {
	enum why why;
	enum status_need need;
	const char *name, *text;
	void (*make)(struct scene *s);
} cases[] = {
#define ROW(row, need, text, ...) \
	{ row, STATUS_##need, #row, text, make_##row },
	CASES(ROW)
};

/* The verdict that WHY is about, and its sentence. */
static const struct status_verdict *say(const struct scene *s, enum why why,
					struct sbuf *out)
{
	if (why < WHY_NO_HOST) {
		why_name_text(&s->m, &s->n, &s->n.renewal, out);
		return &s->n.renewal;
	}
	if (why == WHY_GRANTED) {
		static struct status_grant g;

		verdict_grant(&g);
		why_grant_text(&s->m, &g, out);
		return &g.verdict;
	}
	if (why < WHY_SERVED) {
		why_name_text(&s->m, &s->n, &s->n.delivery, out);
		return &s->n.delivery;
	}
	if (why < WHY_HOST_WELL) {
		why_receipt_text(&s->m, &s->r, out);
		return &s->r.verdict;
	}
	if (why < WHY_CA_WELL) {
		why_host_text(&s->m, &s->h, out);
		return &s->h.verdict;
	}
	if (why < WHY_FETCH_WELL) {
		why_ca_text(&s->m, &s->c, out);
		return &s->c.verdict;
	}
	why_fetching_text(&s->m, out);
	return &s->m.fetching;
}

/* A run that failed is no trouble yet, where one before went well. */
static void test_run_failed(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4000);
	struct scene s;

	scene_init(&s);
	s.f.status = 69;
	s.f.detail = "the store is away";
	scene_judge(&s);
	assert_int_equal(s.m.fetching.need, STATUS_WELL);
	why_fetching_text(&s.m, &out);
	assert_non_null(strstr(sbuf_str(&out), "(1 h ago) and ended with 69: "
					       "the store is away"));
}

static void test_rows(void **state)
{
	AUTO(strlist_free) struct strlist seen = STRLIST_INIT;
	bool reached[WHYS] = { [WHY_NONE] = true };
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4000);
		const struct status_verdict *v;
		struct scene s;

		scene_init(&s);
		cases[i].make(&s);
		scene_judge(&s);
		v = say(&s, cases[i].why, &out);
		reached[cases[i].why] = true;
		if (v->why == cases[i].why && v->need == cases[i].need &&
		    strstr(sbuf_str(&out), cases[i].text) &&
		    !strchr(sbuf_str(&out), '{') &&
		    !strlist_has(&seen, sbuf_str(&out))) {
			strlist_add(&seen, sbuf_str(&out));
			continue;
		}
		bad++;
		fprintf(stderr, "# %s: it is row %d, need %d: %s\n",
			cases[i].name, v->why, v->need, sbuf_str(&out));
	}
	for (int i = 0; i < WHYS; i++)
		if (!reached[i]) {
			bad++;
			fprintf(stderr, "# row %d is in no case\n", i);
		}
	assert_int_equal(bad, 0);
}

/* Each state is one of the list. */
static void test_states(void **state)
{
	struct status_verdict v = { .when = 0 };
	size_t n = 0;

	while (why_states(n))
		n++;
	assert_true(n <= 14);
	for (v.why = 0; v.why < WHYS; v.why++) {
		bool found = false;

		for (size_t i = 0; i < n; i++)
			found = found ||
				strcmp(why_states(i), why_state(&v)) == 0;
		assert_true(found);
		assert_non_null(why_waits_for(&v));
	}
}

/* Whatever hinders it: it has expired. */
static void test_ended(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4000);
	struct scene s;

	scene_init(&s);
	is_due(&s);
	s.n.ts_not_after = NOW - DAY;
	failed(&s, "dns", NOW + HOUR);
	scene_judge(&s);
	assert_string_equal(why_state(&s.n.renewal), "expired");
	assert_int_equal(s.n.renewal.need, STATUS_ACT);
	why_name_text(&s.m, &s.n, &s.n.renewal, &out);
	assert_non_null(strstr(sbuf_str(&out),
			       "EXPIRED on 2026-11-30T00:00:00Z (1 day ago); "
			       "backing off until 2026-12-01T01:00:00Z"));
	/* One that nobody renews is no matter; its hosts are. */
	s.n.enabled = false;
	s.r.ts_expire = NOW - DAY;
	scene_judge(&s);
	assert_string_equal(why_state(&s.n.renewal), "disabled");
	assert_int_equal(s.n.renewal.need, STATUS_WELL);
	assert_string_equal(why_state(&s.n.delivery), "expired");
	assert_int_equal(s.n.need, STATUS_ACT);
}

/* What is tried by itself needs somebody when half of the time is over. */
static void test_near(void **state)
{
	struct scene s;

	scene_init(&s);
	s.n.ts_not_before = NOW - 80 * DAY;
	s.n.ts_not_after = NOW + 10 * DAY;
	failed(&s, "dns", NOW + HOUR);
	scene_judge(&s);
	assert_int_equal(s.n.renewal.why, WHY_BACKOFF_FREE);
	assert_int_equal(s.n.renewal.need, STATUS_ACT);
	s.n.has_crt = false;
	s.n.count_fail = 1;
	scene_judge(&s);
	assert_int_equal(s.n.renewal.need, STATUS_WATCH);
	s.n.count_fail = 2;
	scene_judge(&s);
	assert_int_equal(s.n.renewal.need, STATUS_ACT);
}

/* 160 hours, an eighth of that is 20; 90 days, 26 hours; or as it is said. */
static void test_deadline(void **state)
{
	struct scene s;

	scene_init(&s);
	s.n.ts_stored = s.n.ts_not_before = NOW - HOUR;
	s.n.ts_not_after = s.n.ts_not_before + 160 * HOUR;
	assert_int_equal(verdict_deadline(&s.m, &s.n), NOW + 19 * HOUR);
	s.n.ts_not_after = s.n.ts_not_before + 90 * DAY;
	assert_int_equal(verdict_deadline(&s.m, &s.n), NOW + 25 * HOUR);
	s.m.set.deliver_within = 2 * HOUR;
	assert_int_equal(verdict_deadline(&s.m, &s.n), NOW + HOUR);
	/* A clock that was wrong stored it: its own begin counts. */
	s.n.ts_stored = NOW + 5 * DAY;
	assert_int_equal(verdict_deadline(&s.m, &s.n), NOW + HOUR);
	s.n.has_crt = false;
	assert_int_equal(verdict_deadline(&s.m, &s.n), 0);
}

/* What lies farther ahead than its rule reaches, is not believed. */
static void test_clocks(void **state)
{
	struct scene s;

	scene_init(&s);
	s.n.ts_lease = FAR;
	scene_judge(&s);
	assert_int_equal(s.n.renewal.why, WHY_THIRD);
	scene_init(&s);
	is_due(&s);
	s.row.ts_due = FAR;
	scene_judge(&s);
	assert_int_equal(s.n.renewal.why, WHY_OVERDUE);
	scene_init(&s);
	is_new(&s, 44 * HOUR);
	s.r.ts_window = FAR;
	scene_judge(&s);
	assert_int_equal(s.r.verdict.why, WHY_NOT_SERVED);
	scene_init(&s);
	s.h.heartbeat = INT64_MAX;
	s.h.ts_seen = NOW - 70 * DAY;
	scene_judge(&s);
	assert_int_equal(s.h.verdict.why, WHY_HOST_SILENT);
	scene_init(&s);
	is_due(&s);
	s.f.ts_ok = FAR;
	s.c.backoff_until = FAR;
	scene_judge(&s);
	assert_int_equal(s.n.renewal.why, WHY_DUE);
}

/* Twice its heartbeat and an hour. */
static void test_silent(void **state)
{
	struct scene s;

	scene_init(&s);
	s.h.heartbeat = 6 * HOUR;
	s.h.ts_seen = NOW - 13 * HOUR;
	scene_judge(&s);
	assert_int_equal(s.h.verdict.why, WHY_HOST_WELL);
	s.h.ts_seen--;
	scene_judge(&s);
	assert_int_equal(s.h.verdict.why, WHY_HOST_SILENT);
	/* What was wrong there stays so. */
	s.r.served = STATUS_PREVIOUS;
	scene_judge(&s);
	assert_int_equal(s.r.verdict.why, WHY_NOT_SERVED);
	/* One that does not say has a day. */
	scene_init(&s);
	s.h.heartbeat = 0;
	s.h.ts_seen = NOW - 49 * HOUR;
	scene_judge(&s);
	assert_int_equal(s.h.verdict.why, WHY_HOST_WELL);
}

/* An endpoint waits with the files of its service. */
static void test_window(void **state)
{
	struct status_kind files = { .service = "web",
				     .state = "fetched",
				     .code = RECEIPT_FETCHED };
	struct status_receipt two[2];
	struct scene s;

	scene_init(&s);
	is_new(&s, 44 * HOUR);
	scene_judge(&s);
	two[1] = s.r;
	two[0] = s.r;
	two[0].kind = &files;
	two[0].endpoint = "";
	two[0].served = STATUS_UNSEEN;
	two[0].ts_window = NOW + 5 * HOUR;
	s.m.receipts = two;
	s.m.n_receipts = s.n.n_receipts = 2;
	for (int i = 0; i < 2; i++) {
		verdict_receipt(&s.m, &two[i]);
		assert_int_equal(two[i].verdict.why, WHY_WINDOW);
		assert_int_equal(two[i].verdict.when, NOW + 5 * HOUR);
	}
	verdict_delivery(&s.m, &s.n);
	assert_int_equal(s.n.n_hosts, 1);
	assert_int_equal(s.n.n_served, 0);
	/* A service of another name does not. */
	files.service = "mail";
	verdict_receipt(&s.m, &two[1]);
	assert_int_equal(two[1].verdict.why, WHY_NOT_SERVED);
}

/* Words of other people. */
static void test_clean(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4000);
	struct scene s;

	scene_init(&s);
	state_is(&s, RECEIPT_FAILED, "x\x1b[2J\n{name}\xff");
	s.h.host = "h\x1b";
	s.n.fail_detail = "\r\n";
	scene_judge(&s);
	why_name_text(&s.m, &s.n, &s.n.delivery, &out);
	assert_non_null(strstr(sbuf_str(&out), "h? web 127.0.0.1:443: "));
	assert_non_null(strstr(sbuf_str(&out), ": x?[2J?{name}?"));
}

/* What may be copied is what a shell takes as one word; a name of DNS needs no
 * quotes. */
static void test_commands(void **state)
{
	static const struct {
		enum why why;
		const char *command;
	} commands[] = {
		{ WHY_DISABLED, ": certrepo-populate enable %s" },
		{ WHY_HELD, ": certrepo-populate enable %s" },
		{ WHY_LEASE_LATE, ": certrepo-fetcher --break-lease %s, or" },
		{ WHY_BACKOFF, ": certrepo-fetcher --once --force %s" },
		{ WHY_BACKOFF_FREE, ": certrepo-fetcher --once --force %s" },
		{ WHY_OVERDUE, ": certrepo-fetcher --once %s says why" },
		{ WHY_NO_CA, "; certrepo-populate set %s ca=NAME chooses" },
	};
	static const char *const words[][2] = {
		{ "www.example.org", "www.example.org" },
		{ "a_b.example.org", "a_b.example.org" },
		{ "*.example.org", "'*.example.org'" },
		{ "x;touch /tmp/pwned;", "'x;touch /tmp/pwned;'" },
		{ "a'`id`", "'a'\\''`id`'" },
		{ "a\nb\xff", "'a?b?'" },
		{ "--force", "-- --force" },
	};
	struct status_verdict v = { .when = NOW };
	struct scene s;

	scene_init(&s);
	scene_judge(&s);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4000);
			AUTO(sbuf_free) struct sbuf want = SBUF_INIT(4000);
			const char *at = strchr(commands[i].command, '%');

			sbuf_add(&want, commands[i].command,
				 (size_t) (at - commands[i].command));
			sbuf_addf(&want, "%s%s", words[k][1], at + 2);
			s.n.name = words[k][0];
			v.why = (uint16_t) commands[i].why;
			why_name_text(&s.m, &s.n, &v, &out);
			if (!strstr(sbuf_str(&out), sbuf_str(&want)))
				fail_msg("not \"%s\": %s", sbuf_str(&want),
					 sbuf_str(&out));
		}
}

static void test_placeholder(void **state)
{
	assert_string_equal(LOAD_PLACEHOLDER, HOST_PLACEHOLDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_run_failed),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_placeholder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
