/* SPDX-License-Identifier: MIT */
/* The order machine against a fake CA (fake_ca.h): what it makes of every
 * state and answer, and that a stop at any event spends no second order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "order_kit.h"

/* --- every state, every answer --- */

#define HTML "<html>Oops</html>"

struct row {
	const char *what;
	struct ca_says ca;
	enum err_kind solver[4];
	/* what comes of it */
	enum order_end end;
	const char *attempts, *saved, *says;
	int orders, finals; /* requests; 0: as many as it likes */
	int ca_fails;
	int64_t next; /* at least so long until the next attempt */
};

/* What must come true of an order that is in order. */
#define FINE .end = ORDER_RENEWED, .attempts = "ok", .saved = "-", .orders = 1
/* It was finalized: it is kept for the next run. */
#define KEPT                                                          \
	.end = ORDER_PARKED, .attempts = "parked", .saved = "parked", \
	.orders = 1

/* The CA is in trouble: the order is kept, too. */
#define BROKEN \
	.end = ORDER_FAILED, .saved = "finalized", .orders = 1, .ca_fails = 1

static const struct row table[] = {
	{ "all is well", { .processing = 0 }, FINE, .finals = 1 },
	{ "processing for a while", { .processing = 4 }, FINE, .finals = 1 },
	{ "a CA that takes its time to look", { .validating = 4 }, FINE },

	/* newOrder */
	{ "newOrder is cut: the CA may have made it, so not again at once",
	  { .twist = { { NEW, 1, 0, 0 } } },
	  .end = ORDER_FAILED,
	  .attempts = "ca-down",
	  .saved = "-",
	  .orders = 1,
	  .ca_fails = 1 },
	{ "newOrder says 429",
	  { .twist = { { NEW, 1, 0, 429, PROBLEM("rateLimited"),
			 .retry = 7200 } } },
	  .end = ORDER_FAILED,
	  .attempts = "rate-limited",
	  .saved = "-",
	  .orders = 1,
	  .next = 7200 },
	{ "newOrder: its answer cannot be read, but it says where it is",
	  { .twist = { { NEW, 1, 1, 201, "{\"status\":7}", .acted = true } } },
	  FINE },

	/* the authorization */
	{ "an authorization that was just made is not there yet",
	  { .twist = { { AUTHZ, 1, 2, 404, PROBLEM("malformed") } } },
	  FINE },
	{ "an authorization cannot be read once",
	  { .twist = { { AUTHZ, 1, 1, 200, "[]" } } },
	  FINE },
	{ "an authorization cannot be read, ever",
	  { .twist = { { AUTHZ, 1, 0, 200, "[]" } } },
	  .end = ORDER_FAILED,
	  .attempts = "ca-down",
	  .saved = "-",
	  .orders = 1,
	  .ca_fails = 1 },
	{ "the authorization is for a name that was not asked for",
	  { .twist = { { AUTHZ, 1, 0, 200,
			 "{\"status\":\"pending\",\"identifier\":{\"type\":"
			 "\"dns\",\"value\":\"evil.example\"},\"challenges\":[]"
			 "}" } } },
	  .end = ORDER_FAILED,
	  .saved = "-",
	  .says = "not asked for",
	  .attempts = "ca-down",
	  .orders = 1,
	  .ca_fails = 1 },
	{ "valid, and nothing else can be read of it",
	  { .twist = { { AUTHZ, 1, 1, 200, "{\"status\":\"valid\"}" },
		       { RESPOND, 1, 0, 500, HTML } } },
	  KEPT },
	{ "the CA finds the proof wrong",
	  { .twist = { { AUTHZ, 2, 0, 200,
			 "{\"status\":\"invalid\",\"identifier\":{\"type\":"
			 "\"dns\",\"value\":\"" NAME "\"},\"challenges\":[{"
			 "\"type\":\"dns-01\",\"url\":\"https://ca.test/chall/1"
			 "\",\"token\":\"t\",\"status\":\"invalid\","
			 "\"error\":" PROBLEM("unauthorized") "}]}" } } },
	  .end = ORDER_FAILED,
	  .attempts = "unauthorized",
	  .saved = "-",
	  .orders = 1 },
	{ "smallstep: failed, and pending for another try",
	  { .validating = -1,
	    .twist = { { AUTHZ, 2, 0, 200,
			 "{\"status\":\"pending\",\"identifier\":{\"type\":"
			 "\"dns\",\"value\":\"" NAME "\"},\"challenges\":[{"
			 "\"type\":\"dns-01\",\"url\":\"https://ca.test/chall/1"
			 "\",\"token\":\"t\",\"status\":\"pending\","
			 "\"error\":" PROBLEM("dns") "}]}" } } },
	  .end = ORDER_FAILED,
	  .attempts = "dns",
	  .orders = 1 },

	/* finalize */
	{ "finalize: the answer is lost, the CA issues",
	  { .twist = { { FINALIZE, 1, 1, 0, .acted = true } } },
	  FINE,
	  .finals = 1 },
	{ "finalize: a 200 that cannot be read, the CA issues",
	  { .twist = { { FINALIZE, 1, 1, 200, "???", .acted = true } } },
	  FINE,
	  .finals = 1 },
	{ "finalize: a 400 in HTML, the CA issues",
	  { .twist = { { FINALIZE, 1, 1, 400, HTML, "text/html",
			 .acted = true } } },
	  FINE,
	  .finals = 1 },
	{ "finalize: orderNotReady once",
	  { .twist = { { FINALIZE, 1, 1, 403, PROBLEM("orderNotReady") } } },
	  FINE,
	  .finals = 2 },
	{ "finalize is lost on the way: asked once more, not more often",
	  { .twist = { { FINALIZE, 1, 0, 0 } } },
	  BROKEN,
	  .attempts = "ca-down",
	  .finals = 2 },
	{ "finalize: an error of the CA, for good",
	  { .twist = { { FINALIZE, 1, 0, 500, HTML, "text/html" } } },
	  BROKEN,
	  .attempts = "ca-down",
	  .finals = 2 },
	{ "finalize: an error of the CA, for a moment",
	  { .twist = { { FINALIZE, 1, 1, 500, HTML, "text/html" } } },
	  FINE,
	  .finals = 2 },
	{ "finalize: 429, for good",
	  { .twist = { { FINALIZE, 1, 0, 429, PROBLEM("rateLimited"),
			 .retry = 5 } } },
	  BROKEN,
	  .attempts = "ca-rate-limited",
	  .finals = 2 },
	{ "finalize: the CSR does not please",
	  { .twist = { { FINALIZE, 1, 0, 400, PROBLEM("badCSR") } } },
	  .end = ORDER_FAILED,
	  .attempts = "bad-csr",
	  .saved = "-",
	  .orders = 1,
	  .finals = 1 },

	/* issuing */
	{ "processing for ever", { .processing = -1 }, KEPT, .finals = 1 },
	{ "the order cannot be read any more",
	  { .processing = -1, .twist = { { ORDER, 1, 0, 200, "{}" } } },
	  KEPT,
	  .finals = 1 },
	{ "the order is not there any more",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 404, PROBLEM("malformed") } } },
	  KEPT,
	  .finals = 1 },
	{ "the order may not be looked at",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 403, PROBLEM("unauthorized") } } },
	  KEPT,
	  .finals = 1 },
	{ "the order is not there for a moment",
	  { .processing = 1,
	    .twist = { { ORDER, 1, 2, 404, PROBLEM("malformed") } } },
	  FINE,
	  .finals = 1 },
	{ "the CA asks to come back tomorrow",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 200, "{\"status\":\"processing\"}",
			 .retry = 70000 } } },
	  KEPT,
	  .next = 70000 },
	{ "ready, as if it had not been finalized",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 200,
			 "{\"status\":\"ready\",\"finalize\":"
			 "\"https://ca.test/final/1\"}" } } },
	  KEPT,
	  .finals = 2 },
	{ "invalid after all",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 200,
			 "{\"status\":\"invalid\",\"error\":" PROBLEM(
				 "rejectedIdentifier") "}" } } },
	  .end = ORDER_FAILED,
	  .attempts = "rejected",
	  .saved = "-",
	  .orders = 1 },

	/* the certificate */
	{ "the certificate is not there yet",
	  { .twist = { { CERT, 1, 3, 404, PROBLEM("malformed") } } },
	  FINE },
	{ "the certificate may not be fetched yet",
	  { .twist = { { CERT, 1, 3, 403, HTML, "text/html" } } },
	  FINE },
	{ "the certificate never comes",
	  { .twist = { { CERT, 1, 0, 404, PROBLEM("malformed") } } },
	  KEPT },
	{ "valid, but it does not say where the certificate is",
	  { .processing = -1,
	    .twist = { { ORDER, 1, 0, 200, "{\"status\":\"valid\"}" } } },
	  KEPT },
	{ "what was issued is not what was asked for",
	  { .twist = { { CERT, 1, 0, 200, other_pem } } },
	  .end = ORDER_FAILED,
	  .attempts = "bad-cert",
	  .saved = "-" },

	/* the solver */
	{ "the proof's place cannot be found",
	  { .processing = 0 },
	  .solver = { [LOCATE] = ERR_UNAVAILABLE },
	  .end = ORDER_FAILED,
	  .attempts = "dns",
	  .saved = "new" },
	{ "the proof cannot be put",
	  { .processing = 0 },
	  .solver = { [PREPARE] = ERR_CONFIG },
	  .end = ORDER_FAILED,
	  .attempts = "config",
	  .saved = "-" },
	{ "not every server has it",
	  { .processing = 0 },
	  .solver = { [WAIT] = ERR_TIMEOUT },
	  .end = ORDER_FAILED,
	  .attempts = "dns",
	  .saved = "new" },
	{ "the proof cannot be removed",
	  { .processing = 0 },
	  .solver = { [CLEAN] = ERR_UNAVAILABLE },
	  .end = ORDER_RENEWED,
	  .attempts = "ok" },
};

static void differs(const struct row *r, const char *what, const char *got,
		    const char *want)
{
	if (want && strcmp(got, want) != 0)
		fail_msg("%s: %s is \"%s\", not \"%s\"", r->what, what, got,
			 want);
}

static void play(const struct row *r)
{
	static const char *const ends[] = {
		[ORDER_NOT_ENDED] = "not ended", [ORDER_RENEWED] = "renewed",
		[ORDER_FAILED] = "failed",	 [ORDER_PARKED] = "parked",
		[ORDER_LOST] = "lost",		 [ORDER_STOPPED] = "stopped",
	};
	struct order *o;
	int64_t begun;

	begin(&r->ca);
	memcpy(solver.fails, r->solver, sizeof(solver.fails));
	begun = clock_now();
	o = new_order();
	(void) run(o, -1);
	differs(r, "the end", ends[order_ended(o)], ends[r->end]);
	differs(r, "attempts", attempts(), r->attempts);
	differs(r, "the order kept", saved_state(), r->saved);
	if (r->says && !strstr(order_fail(o)->detail, r->says))
		fail_msg("%s: says %s", r->what, order_fail(o)->detail);
	if (r->orders && ca.count[NEW] != r->orders)
		fail_msg("%s: %d orders", r->what, ca.count[NEW]);
	if (r->finals && ca.count[FINALIZE] != r->finals)
		fail_msg("%s: finalized %d times", r->what, ca.count[FINALIZE]);
	if (ca_fails != r->ca_fails)
		fail_msg("%s: the CA is blamed %d times", r->what, ca_fails);
	if (r->end == ORDER_RENEWED && !row_of()->crt.len)
		fail_msg("%s: nothing is stored", r->what);
	if (row_of()->lease_owner)
		fail_msg("%s: the lease stays", r->what);
	if (r->next && row_of()->ts_next_attempt < begun + r->next)
		fail_msg("%s: tried again after %lld s", r->what,
			 (long long) (row_of()->ts_next_attempt - begun));
	if (solver.placed && !r->solver[CLEAN])
		fail_msg("%s: the proof is still there", r->what);
	order_free(&o);
	end();
}

/* The time of an order is over while the CA issues: the same, with a reason. */
static void deadline(void **state)
{
	const struct ca_says says = { .processing = -1 };
	static const struct certrepo_conf hurry = { .order_timeout = 10,
						    .count_fail_limit = 10 };
	struct store_attempts tried;
	struct order *o;

	begin(&says);
	env.conf = &hurry;
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_PARKED);
	assert_string_equal(saved_state(), "parked");
	OK(store_attempts_of(store, NAME, 9, arena, &tried, &err));
	assert_int_equal(tried.n, 1);
	assert_string_equal(tried.v[0].outcome, "parked");
	assert_non_null(strstr(tried.v[0].detail, "waiting for the CA to "
						  "issue"));
	order_free(&o);
	end();
}

/* ... and what the CA gave that did not do is not forgotten over it. */
static void deadline_why(void **state)
{
	const struct ca_says says = { .twist = { { CERT, 1, 0, 200, "hm" } } };
	static const struct certrepo_conf hurry = { .order_timeout = 10,
						    .count_fail_limit = 10 };
	struct order *o;

	begin(&says);
	env.conf = &hurry;
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_PARKED);
	assert_non_null(strstr(order_fail(o)->detail, "cannot be read"));
	order_free(&o);
	end();
}

static void answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		play(&table[i]);
}

/* One failure is one line: not another one that what could not be put could
 * not be removed. */
static void play_unreachable(void *arg)
{
	play(arg);
}

static void one_line(void **state)
{
	static struct row r = {
		"the DNS server is away",
		{ .processing = 0 },
		.solver = { [PREPARE] = ERR_UNAVAILABLE,
			    [CLEAN] = ERR_UNAVAILABLE },
		.end = ORDER_FAILED,
		.attempts = "dns",
	};

	assert_int_equal(scratch_fork(play_unreachable, &r), 0);
	assert_string_equal(scratch_read(scratch("err")), "");
	/* what was put is another matter */
	r.solver[PREPARE] = ERR_NONE;
	r.end = ORDER_RENEWED;
	r.attempts = "ok";
	assert_int_equal(scratch_fork(play_unreachable, &r), 0);
	assert_non_null(
		strstr(scratch_read(scratch("err")), "could not be removed"));
}

/* --- what an earlier run left --- */

struct left {
	const char *what, *state, *status; /* of the order there; NULL: gone */
	int64_t created, expires;	   /* from now; 0: not known */
	enum order_end end;
	const char *attempts, *saved;
	int orders;
	enum order_how how;
	struct twist twist;
	int ca_fails;
};

#define PROCESSING "{\"status\":\"processing\"}"

static const struct left lefts[] = {
	{ "under way", "new", "pending", -60, 0, ORDER_RENEWED, "ok", "-", 0 },
	{ "proven", "new", "ready", -60, 0, ORDER_RENEWED, "ok", "-", 0 },
	{ "issued", "finalized", "valid", -60, DAY, ORDER_RENEWED, "ok", "-",
	  0 },
	{ "parked, and issued since", "parked", "valid", -9 * DAY, DAY,
	  ORDER_RENEWED, "ok", "-", 0 },
	{ "parked, and still nothing", "parked", "processing", -9 * DAY, DAY,
	  ORDER_PARKED, "parked", "parked", 0 },
	{ "the CA knows it no more: another, at once", "new", NULL, -60, DAY,
	  ORDER_RENEWED, "ok,gone", "-", 1 },
	{ "finalized, and not shown: kept", "finalized", NULL, -60, DAY,
	  ORDER_PARKED, "parked", "parked", 0 },
	{ "finalized, and it has expired", "finalized", NULL, -60, -1,
	  ORDER_RENEWED, "ok", "-", 1 },
	{ "finalized so long ago that it must have", "finalized", NULL,
	  -31 * DAY, 0, ORDER_RENEWED, "ok", "-", 1 },
	{ "finalized, and to be kept for ever, it says", "finalized", NULL,
	  -91 * DAY, 20000 * DAY, ORDER_RENEWED, "ok", "-", 1 },
	{ "finalized at no time at all", "finalized", NULL, INT64_MIN, DAY,
	  ORDER_RENEWED, "ok", "-", 1 },
	{ "finalized by a clock that was wrong", "finalized", NULL, 3650 * DAY,
	  0, ORDER_RENEWED, "ok", "-", 1 },
	{ "it turned out badly: that is a failure", "new", "invalid", -60, DAY,
	  ORDER_FAILED, "unauthorized", "-", 0 },
	{ "it was left to expire: that is none", "new", "invalid", -8 * DAY, -1,
	  ORDER_RENEWED, "ok,gone", "-", 1 },

	/* by force: what is not issued is let go, what is, is not */
	{ "forced, under way", "new", "pending", -60, 0, ORDER_RENEWED, "ok",
	  "-", 0, ORDER_FORCED },
	{ "forced, and the CA never took the CSR", "finalized", "ready", -60, 0,
	  ORDER_RENEWED, "ok", "-", 0, ORDER_FORCED },
	{ "forced, and issued since", "parked", "valid", -9 * DAY, DAY,
	  ORDER_RENEWED, "ok", "-", 0, ORDER_FORCED },
	{ "forced, and issued within seconds",
	  "parked",
	  "valid",
	  -9 * DAY,
	  DAY,
	  ORDER_RENEWED,
	  "ok",
	  "-",
	  0,
	  ORDER_FORCED,
	  { ORDER, 1, 1, 200, PROCESSING } },
	{ "forced, and the certificate takes a minute",
	  "parked",
	  "valid",
	  -9 * DAY,
	  DAY,
	  ORDER_RENEWED,
	  "ok",
	  "-",
	  0,
	  ORDER_FORCED,
	  { CERT, 1, 2, 404, PROBLEM("malformed"), .retry = 30 } },
	{ "forced, and the certificate never comes",
	  "parked",
	  "valid",
	  -9 * DAY,
	  DAY,
	  ORDER_PARKED,
	  "parked,let-go",
	  "parked",
	  1,
	  ORDER_FORCED,
	  { CERT, 1, 0, 404, PROBLEM("malformed") } },
	{ "forced, and still nothing: another, and that is not issued either",
	  "parked", "processing", -9 * DAY, DAY, ORDER_PARKED, "parked,let-go",
	  "parked", 1, ORDER_FORCED },
	{ "forced, and nothing before tomorrow",
	  "parked",
	  "processing",
	  -9 * DAY,
	  DAY,
	  ORDER_RENEWED,
	  "ok,let-go",
	  "-",
	  1,
	  ORDER_FORCED,
	  { ORDER, 1, 1, 200, PROCESSING, .retry = 70000 } },
	{ "forced, and not shown", "finalized", NULL, -60, DAY, ORDER_RENEWED,
	  "ok,let-go", "-", 1, ORDER_FORCED },
	{ "forced, and the CA is in trouble: kept",
	  "parked",
	  "processing",
	  -9 * DAY,
	  DAY,
	  ORDER_FAILED,
	  "ca-down",
	  "parked",
	  0,
	  ORDER_FORCED,
	  { ORDER, 1, 0, 500, HTML, "text/html" },
	  1 },
	{ "forced, and the account is refused: kept",
	  "parked",
	  "processing",
	  -9 * DAY,
	  DAY,
	  ORDER_FAILED,
	  "account",
	  "parked",
	  0,
	  ORDER_FORCED,
	  { ORDER, 1, 0, 400, PROBLEM("accountDoesNotExist") },
	  1 },
	{ "not forced, and nothing before tomorrow",
	  "parked",
	  "processing",
	  -9 * DAY,
	  DAY,
	  ORDER_PARKED,
	  "parked",
	  "parked",
	  0,
	  ORDER_EARLY,
	  { ORDER, 1, 1, 200, PROCESSING, .retry = 70000 } },
};

static void resume(const struct left *l)
{
	struct ca_says says = {
		.processing = strcmp(l->state, "parked") == 0 && !l->twist.nth
				      ? -1
				      : 0,
		.twist = { { ORDER, l->status ? 0 : 1, 0, 404, "{}" } }
	};
	struct row r = { .what = l->what };
	struct x509_csr *csr = kit_csr("leaf.csr", &err);
	struct store_order so = { .name = NAME,
				  .ca_name = "one",
				  .account = acme_account(NULL),
				  .url = "https://ca.test/order/1",
				  .state = l->state };
	struct order *o;

	if (l->twist.nth)
		says.twist[0] = l->twist;
	begin(&says);
	asked = l->how;
	so.key_sha256 = x509_csr_key(csr)->sha256;
	so.ts_created =
		l->created == INT64_MIN ? INT64_MIN : clock_now() + l->created;
	so.ts_state = so.ts_created;
	so.ts_expires = l->expires ? clock_now() + l->expires : 0;
	OK(store_order_put(store, &so, &err));
	ca.n_orders = 1;
	ca.order[1] = (struct ca_order){
		.status = l->status ? l->status : "pending",
		.authz = "pending",
	};
	o = new_order();
	(void) run(o, -1);
	if (order_ended(o) != l->end)
		fail_msg("%s: ends in %d: %s", l->what, order_ended(o),
			 order_fail(o)->detail);
	differs(&r, "attempts", attempts(), l->attempts);
	differs(&r, "the order kept", saved_state(), l->saved);
	if (ca.count[NEW] != l->orders)
		fail_msg("%s: %d orders", l->what, ca.count[NEW]);
	if (ca_fails != l->ca_fails)
		fail_msg("%s: the CA is blamed %d times", l->what, ca_fails);
	x509_csr_free(&csr);
	order_free(&o);
	end();
}

static void resumed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lefts); i++)
		resume(&lefts[i]);
}

/* A parked order is looked at again less and less often, and it is known since
 * when it waits. */
static void parked(void **state)
{
	const struct ca_says says = { .processing = -1 };
	int64_t begun, last = 0;
	struct store_order kept;
	struct order *o;
	int i;

	begin(&says);
	begun = clock_now();
	for (i = 0; i < 8; i++) {
		o = new_order();
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_PARKED);
		assert_int_equal(row_of()->ts_due, row_of()->ts_next_attempt);
		assert_int_equal(row_of()->count_fail_update, 0);
		last = row_of()->ts_next_attempt - clock_now();
		assert_in_range(last, 300, 6 * HOUR);
		RC(1, store_order_get(store, NAME, 0, arena, &kept, &err));
		assert_in_range(kept.ts_state, begun, begun + 300);
		assert_int_equal(kept.ts_created, begun);
		fake_clock(row_of()->ts_next_attempt * 1000);
		order_free(&o);
	}
	assert_in_range(last, HOUR, 6 * HOUR);
	assert_int_equal(ca.count[NEW], 1);
	assert_int_equal(ca.count[FINALIZE], 1);
	end();
}

/* --- two fetchers, an account each --- */

struct other {
	const char *what, *state;
	int64_t created, moved; /* from now */
	int64_t tried;		/* by its fetcher; 0: not since */
	int64_t crt_ends;	/* from now; 0: no certificate */
	enum order_how how;
	enum order_end end;
	const char *saved;
};

static const struct other others[] = {
	{ "finalized just now", "finalized", -60, -60, 0, 0, ORDER_DUE,
	  ORDER_ELSEWHERE, "finalized" },
	{ "parked, and asked for an hour ago", "parked", -9 * DAY, -9 * DAY,
	  -HOUR, 0, ORDER_DUE, ORDER_ELSEWHERE, "parked" },
	{ "and the certificate has days", "parked", -9 * DAY, -9 * DAY, -HOUR,
	  5 * DAY, ORDER_EARLY, ORDER_ELSEWHERE, "parked" },
	{ "and the certificate is at its end", "parked", -9 * DAY, -9 * DAY,
	  -HOUR, HOUR, ORDER_EARLY, ORDER_RENEWED, "-" },
	{ "its fetcher is gone", "parked", -9 * DAY, -9 * DAY, -2 * DAY, 0,
	  ORDER_DUE, ORDER_RENEWED, "-" },
	{ "its fetcher was never heard of", "finalized", -9 * DAY, -9 * DAY, 0,
	  0, ORDER_DUE, ORDER_RENEWED, "-" },
	{ "its fetcher's clock was wrong", "finalized", -9 * DAY, 900 * DAY,
	  900 * DAY, 0, ORDER_DUE, ORDER_RENEWED, "-" },
	{ "not finalized", "new", -60, -60, 0, 0, ORDER_DUE, ORDER_RENEWED,
	  "-" },
	{ "by force", "parked", -60, -60, 0, 0, ORDER_FORCED, ORDER_RENEWED,
	  "-" },
	{ "by a CA that is another", "finalized/two", -60, -60, 0, 0, ORDER_DUE,
	  ORDER_RENEWED, "-" },
};

static void put_other(const struct other *t)
{
	struct x509_csr *csr = kit_csr("leaf.csr", &err);
	bool two = strchr(t->state, '/');
	struct store_order so = { .name = NAME,
				  .ca_name = two ? "two" : "one",
				  .account = "https://ca.test/account/7",
				  .url = "https://ca.test/order/700",
				  .state = two ? "finalized" : t->state,
				  .ts_created = clock_now() + t->created,
				  .ts_state = clock_now() + t->moved };
	struct store_attempt a = { .name = NAME,
				   .order_url = so.url,
				   .outcome = "parked",
				   .ts_end = clock_now() + t->tried };
	char sql[200];

	so.key_sha256 = x509_csr_key(csr)->sha256;
	OK(store_order_put(store, &so, &err));
	if (t->tried)
		OK(store_attempt_add(store, &a, &err));
	if (t->crt_ends) {
		snprintf(sql, sizeof(sql),
			 "UPDATE certs SET crt = 'x', ts_expire = %lld",
			 (long long) (clock_now() + t->crt_ends));
		OK(db_script(store->db, sql, &err));
	}
	x509_csr_free(&csr);
}

static void another(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct other *t = &others[i];
		struct row r = { .what = t->what };
		struct order *o;

		begin(NULL);
		put_other(t);
		asked = t->how;
		o = new_order();
		(void) run(o, -1);
		if (order_ended(o) != t->end)
			fail_msg("%s: ends in %d: %s", t->what, order_ended(o),
				 order_fail(o)->detail);
		differs(&r, "the order kept", saved_state(), t->saved);
		assert_int_equal(ca.count[NEW], t->end == ORDER_RENEWED);
		assert_null(row_of()->lease_owner);
		assert_int_equal(row_of()->count_fail_update, 0);
		if (t->end == ORDER_ELSEWHERE)
			assert_int_equal(row_of()->ts_due, 0);
		if (t->end == ORDER_ELSEWHERE)
			assert_non_null(strstr(order_fail(o)->detail,
					       "another fetcher's order of "
					       "https://ca.test/account/7"));
		order_free(&o);
		end();
	}
}

/* What keeps us from ordering is no reason to drop what the CA may have issued
 * to another fetcher, or to us. */
static void kept(void **state)
{
	static const struct certrepo_ca strict = { .name = "one" };
	const struct other t = { .state = "parked",
				 .created = -60,
				 .moved = -60 };
	struct order *o;

	begin(NULL);
	put_other(&t);
	OK(db_script(store->db, "UPDATE certs SET challenge = 'none-01'",
		     &err));
	o = order_new(&env, &strict, NULL, NULL, NAME, ORDER_DUE, NULL);
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_FAILED);
	assert_string_equal(attempts(), "config");
	assert_string_equal(saved_state(), "parked");
	order_free(&o);
	end();
}

/* --- a person, or somebody's lock, at the same time --- */

/* `populate set` at any event of an attempt that fails and would be held. */
static void set_meanwhile(void **state)
{
	bool whole = false;
	int at, kept_set = 0;

	for (at = 0; !whole; at++) {
		struct order *o;

		begin(NULL);
		solver.fails[PREPARE] = ERR_CONFIG;
		OK(db_script(store->db,
			     "UPDATE certs SET count_fail_update = 9", &err));
		o = new_order();
		(void) run(o, at);
		whole = order_ended(o) != ORDER_NOT_ENDED;
		RC(1, store_set(store, NAME, NULL, 0, 0, &err));
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_FAILED);
		assert_string_equal(attempts(), "config");
		assert_null(row_of()->lease_owner);
		/* before the row is read, it is the first failure */
		assert_in_range(row_of()->count_fail_update, 0, 1);
		assert_false(row_of()->held);
		if (row_of()->count_fail_update == 0) {
			kept_set++;
			assert_int_equal(row_of()->ts_due, 0);
		}
		order_free(&o);
		end();
	}
	assert_true(kept_set > 5);
}

/* A row that cannot be read: an attempt, and no order. */
static void unreadable(void **state)
{
	struct order *o;

	begin(NULL);
	OK(db_script(store->db, "UPDATE certs SET crt = 5", &err));
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_FAILED);
	assert_int_equal(order_fail(o)->class, FAIL_STORE);
	assert_false(order_on_record(o));
	assert_string_equal(attempts(), "store");
	assert_int_equal(ca.count[NEW], 0);
	order_free(&o);
	end();
}

/* A resolver that is asked for the proof says that there is none: it goes on
 * saying so. */
static void absent(void **state)
{
	static const struct {
		bool saw_none;
		int64_t least, most;
	} cases[] = { { true, 1800, 1800 }, { false, 60, 75 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct order *o;

		begin(NULL);
		solver.fails[WAIT] = ERR_TIMEOUT;
		solver.saw_none = cases[i].saw_none;
		solver.negative_ttl = 1800;
		o = new_order();
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_FAILED);
		assert_string_equal(attempts(), "dns");
		assert_in_range(row_of()->ts_next_attempt - clock_now(),
				cases[i].least - 5, cases[i].most);
		order_free(&o);
		end();
	}
}

/* --- our clock --- */

/* It goes years ahead, or back, while the CA is at work: that is not the CA's
 * fault, and what it has issued is there when the clock is right again. */
static void clock_jump(void **state)
{
	static const int64_t by[] = { 800 * DAY, -800 * DAY };

	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		struct order *o;
		int64_t began;

		begin(NULL);
		began = clock_now();
		o = new_order();
		while (!ca.count[CERT])
			event(o);
		clock_set_for_test(clock_now() + by[i]);
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_FAILED);
		assert_int_equal(order_fail(o)->class, FAIL_CLOCK);
		assert_string_equal(saved_state(), "finalized");
		assert_int_equal(row_of()->count_fail_update, 0);
		assert_in_range(row_of()->ts_next_attempt, began, began + HOUR);
		fake_clock((began + HOUR) * 1000);
		order_free(&o);
		o = new_order();
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_RENEWED);
		assert_int_equal(ca.count[NEW], 1);
		assert_int_equal(ca.count[FINALIZE], 1);
		order_free(&o);
		end();
	}
}

/* --- an order with more authorizations than make sense --- */

static void many_authz(void **state)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1 << 16);
	struct ca_says says = { .processing = 0 };
	struct order *o;
	int n;

	for (n = 10; n <= 11; n++) {
		sbuf_clear(&s);
		sbuf_adds(&s, "{\"status\":\"pending\",\"finalize\":"
			      "\"https://ca.test/final/1\","
			      "\"authorizations\":[");
		for (int i = 0; i < n; i++)
			sbuf_addf(&s, "%s\"https://ca.test/authz/1\"",
				  i ? "," : "");
		sbuf_adds(&s, "]}");
		says.twist[0] =
			(struct twist){ NEW,	      1, 1, 201, sbuf_str(&s),
					.acted = true };
		says.twist[1] = (struct twist){ AUTHZ, 1, 0, 200,
						"{\"status\":\"valid\"}" };
		says.twist[2] = (struct twist){ FINALIZE, 1, 0, 400,
						PROBLEM("badCSR") };
		begin(&says);
		o = new_order();
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_FAILED);
		assert_int_equal(ca.count[AUTHZ], n == 10 ? 10 : 0);
		if (n > 10)
			assert_non_null(strstr(order_fail(o)->detail,
					       "11 authorizations"));
		order_free(&o);
		end();
	}
}

/* A new CSR that the CA refuses: renewal goes on with the one before. */
static void refused_csr(void **state)
{
	const struct ca_says says = { .twist = { { FINALIZE, 1, 0, 400,
						   PROBLEM("badCSR") } } };
	AUTO(sbuf_free) struct sbuf other = SBUF_INIT(1 << 16);
	struct store_cert *row = NULL;
	struct order *o;

	begin(&says);
	kit_req("other.csr",
		KIT_EC " -subj /CN=" NAME " -addext subjectAltName=DNS:" NAME
		       ",DNS:example.org");
	kit_read("other.csr", &other);
	OK(store_exec(
		store, "UPDATE certs SET crt = ?, ts_expire = ?",
		ARGS(B(BLOB(sbuf_str(&crt_pem))), I(clock_now() + 60 * DAY)),
		NULL, &err));
	OK(store_replace_csr(store, NAME, BLOB(sbuf_str(&other)), "k", "m",
			     &err));
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_FAILED);
	assert_int_equal(order_fail(o)->class, FAIL_BAD_CSR);
	assert_false(order_backoff(o)->hold);
	assert_int_equal(order_backoff(o)->next, 0);
	assert_true(order_backoff(o)->count);
	assert_string_equal(saved_state(), "-");
	RC(1, store_get(store, NAME, arena, &row, &err));
	assert_int_equal(row->csr.len, csr_pem.len);
	assert_memory_equal(row->csr.p, sbuf_str(&csr_pem), csr_pem.len);
	assert_false(row->held);
	assert_int_equal(row->ts_due, 0);
	assert_string_equal(row->fail_class, "bad-csr");
	assert_non_null(strstr(row->fail_detail, "goes on with the one before "
						 "it: "));
	order_free(&o);
	/* which is refused, too */
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_FAILED);
	assert_null(strstr(order_fail(o)->detail, "goes on"));
	assert_true(order_backoff(o)->next > 0);
	order_free(&o);
	end();
}

/* Somebody removes the row at any event: nothing of it stays. */
static void removed(void **state)
{
	bool whole = false;
	int at, n = 0;

	for (at = 0; !whole; at++) {
		struct store_proofs rows;
		struct order *o;

		begin(NULL);
		o = new_order();
		(void) run(o, at);
		whole = order_ended(o) != ORDER_NOT_ENDED;
		RC(1, store_remove(store, NAME, &err));
		(void) run(o, -1);
		if (!whole && order_ended(o) != ORDER_LOST &&
		    order_ended(o) != ORDER_RENEWED)
			fail_msg("event %d: ends in %d: %s", at, order_ended(o),
				 order_fail(o)->detail);
		n += order_ended(o) == ORDER_LOST;
		if (strcmp(saved_state(), "-") != 0)
			fail_msg("event %d: the order stays", at);
		OK(store_proofs_of(store, "unit-1", 9, arena, &rows, &err));
		if (rows.n || solver.placed)
			fail_msg("event %d: the proof stays", at);
		order_free(&o);
		end();
	}
	assert_true(n > 10);
}

/* --- every interruption --- */

static void kills(void **state)
{
	const struct ca_says slow = { .processing = 3, .validating = 2 };

	interrupt(NULL, killed, 2);
	interrupt(&slow, killed, 2);
}

static void stops(void **state)
{
	const struct ca_says slow = { .processing = 3, .validating = 2 };

	interrupt(NULL, stopped, 2);
	interrupt(&slow, stopped, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),	cmocka_unit_test(deadline),
		cmocka_unit_test(one_line),	cmocka_unit_test(resumed),
		cmocka_unit_test(parked),	cmocka_unit_test(kills),
		cmocka_unit_test(stops),	cmocka_unit_test(removed),
		cmocka_unit_test(refused_csr),	cmocka_unit_test(another),
		cmocka_unit_test(kept),		cmocka_unit_test(set_meanwhile),
		cmocka_unit_test(unreadable),	cmocka_unit_test(absent),
		cmocka_unit_test(clock_jump),	cmocka_unit_test(many_authz),
		cmocka_unit_test(deadline_why),
	};

	return cmocka_run_group_tests(tests, pki, gone);
}
