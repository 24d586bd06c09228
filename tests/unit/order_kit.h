/* SPDX-License-Identifier: MIT */
#ifndef ORDER_KIT_H
#define ORDER_KIT_H

/* An order against the fake CA, on a store of its own: for the tests of the
 * order machine. Include after cmocka.h. */

#include "fake_ca.h"
#include "order_impl.h"
#include "scratch.h"
#include "x509_kit.h"
/* After those that have a parameter "err". */
#include "store_kit.h"

#define NAME "www.example.org"
#define HOUR 3600
#define DAY  86400

static struct store *store;
static struct batch *batch;
static struct arena *arena;
static struct sbuf csr_pem = SBUF_INIT(1 << 16), crt_pem = SBUF_INIT(1 << 16);
static char other_pem[65536]; /* a certificate of another key */
static struct certrepo_ca one = { .name = "one",
				  .directory = "https://ca.test/dir" };
static const struct certrepo_conf cc = { .order_timeout = 900,
					 .count_fail_limit = 10 };
static struct order_env env;
static bool woken;
static int ca_fails;
static enum order_how asked;
static void (*more)(void); /* of what the CA has: called by begin() */

static inline void on_wake(void *arg, void *cookie)
{
	woken = true;
}

static inline int64_t on_ca_failed(void *arg, void *cookie,
				   const struct fail *f)
{
	ca_fails++;
	return clock_now() + 60;
}

static inline void on_proof_gone(void *arg, const char *id)
{
}

/* The CA's certificate is made once. */
static inline int pki(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	kit_pki();
	kit_read("leaf.csr", &csr_pem);
	kit_read("chain.pem", &crt_pem);
	snprintf(other_pem, sizeof(other_pem), "%s",
		 scratch_read(scratch("inter.pem")));
	return 0;
}

static inline int gone(void **state)
{
	sbuf_free(&csr_pem);
	sbuf_free(&crt_pem);
	return scratch_teardown(state);
}

static inline void begin(const struct ca_says *says)
{
	struct store_cert row = { .name = NAME,
				  .enabled = true,
				  .md5_modulus = "x",
				  .key_sha256 = "x" };
	int from, to;

	assert_int_equal(kit_begin(), 0);
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	arena = arena_new();
	row.csr = (struct store_blob){ sbuf_str(&csr_pem), csr_pem.len };
	OK(store_add(store, &row, &err));
	fake_clock(time(NULL) * 1000);
	batch = batch_new(store);
	memset(&ca, 0, sizeof(ca));
	memset(&solver, 0, sizeof(solver));
	ca.cert = (char *) (uintptr_t) sbuf_str(&crt_pem);
	if (says)
		ca.says = *says;
	if (more)
		more();
	env = (struct order_env){ .conf = &cc,
				  .batch = batch,
				  .owner = "unit-1",
				  .wake = on_wake,
				  .ca_failed = on_ca_failed,
				  .proof_gone = on_proof_gone };
	woken = true;
	ca_fails = 0;
	asked = ORDER_DUE;
}

static inline void end(void)
{
	assert_null(timers);
	assert_null(calls);
	assert_null(challs);
	batch_free(&batch);
	store_free(&store);
	arena_free(&arena);
	kit_end();
}

static inline struct order *new_order(void)
{
	woken = true;
	return order_new(&env, &one, NULL, NULL, NAME, asked, NULL);
}

/* One event: a step, a commit, an answer, the solver's, or a timer. */
static inline void event(struct order *o)
{
	int64_t wait;

	if (woken) {
		woken = false;
		order_step(o);
	} else if (batch_waiting(batch)) {
		OK(batch_flush(batch, &wait, &err));
	} else if (!fake_answer() && !fake_solve() && !fake_timer()) {
		fail_msg("it waits for nothing");
	}
}

#define EVENTS_MAX 3000

/* To its end, or up to event STOP_AT; how many there were. */
static inline int run(struct order *o, int stop_at)
{
	int n = 0;

	while (order_ended(o) == ORDER_NOT_ENDED && n != stop_at) {
		if (n++ == EVENTS_MAX)
			fail_msg("it does not end");
		event(o);
		/* What lies out there is in the store. */
		if (solver.placed) {
			struct store_proofs rows;

			OK(store_proofs_of(store, "unit-1", 9, arena, &rows,
					   &err));
			assert_int_equal(rows.n, 1);
		}
	}
	return n;
}

static inline const struct store_cert *row_of(void)
{
	struct store_cert *row = NULL;

	RC(1, store_get(store, NAME, arena, &row, &err));
	return row;
}

static inline const char *saved_state(void)
{
	struct store_order o;
	int found = store_order_get(store, NAME, 0, arena, &o, &err);

	assert_int_not_equal(found, -1);
	return found ? o.state : "-";
}

/* The outcomes of the attempts, the newest first, with commas. */
static inline const char *attempts(void)
{
	struct store_attempts tried;
	const char *all = "";

	OK(store_attempts_of(store, NAME, 20, arena, &tried, &err));
	for (size_t i = 0; i < tried.n; i++)
		all = arena_printf(arena, "%s%s%s", all, i ? "," : "",
				   tried.v[i].outcome);
	return all;
}

/* --- every interruption --- */

/* The run is gone, and what it had not committed; the CA goes on with what it
 * was asked. */
static inline void killed(struct order **o)
{
	order_free(o);
	batch_free(&batch);
	batch = batch_new(store);
	env.batch = batch;
	OK(store_release_all(store, "unit-1", &err));
}

/* As SIGTERM: it ends by itself, and soon. */
static inline void stopped(struct order **o)
{
	order_stop(*o);
	(void) run(*o, -1);
	order_free(o);
}

static inline void interrupt(const struct ca_says *says,
			     void (*how)(struct order **o), int most)
{
	bool whole = false;
	int at;

	for (at = 0; !whole; at++) {
		struct order *o;
		bool known;

		begin(says);
		o = new_order();
		(void) run(o, at);
		whole = order_ended(o) != ORDER_NOT_ENDED;
		how(&o);
		/* Between newOrder and its commit nobody can know. */
		known = strcmp(saved_state(), "-") != 0 || ca.count[NEW] == 0 ||
			row_of()->crt.len;
		o = new_order();
		(void) run(o, -1);
		if (!row_of()->crt.len)
			fail_msg("event %d: %s", at, order_fail(o)->detail);
		if (ca.count[NEW] > (known ? 1 : 2))
			fail_msg("event %d: %d orders", at, ca.count[NEW]);
		if (ca.count[FINALIZE] > most)
			fail_msg("event %d: finalized %d times", at,
				 ca.count[FINALIZE]);
		if (solver.placed) {
			struct store_proofs rows;

			OK(store_proofs_of(store, "unit-1", 9, arena, &rows,
					   &err));
			assert_int_equal(rows.n, 1);
		}
		order_free(&o);
		end();
	}
	assert_true(at > 20);
}

#define PROBLEM(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\"}"

#endif
