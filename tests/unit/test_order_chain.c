/* SPDX-License-Identifier: MIT */
/* Chains of one certificate: which is stored, what they cost, what is kept of
 * them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "log.h"
#include "order_kit.h"

enum { OLD, OTHER_KEY, OTHER_LEAF, BROKEN, PEMS };
static struct sbuf pem[PEMS];
static char old_sha[100];

/* The intermediate, cross-signed by an old root; other certificates. */
static int chains_pki(void **state)
{
	static const char *const files[] = { "old-chain.pem", "key-chain.pem",
					     "leaf-chain.pem", "broken.pem" };

	if (pki(state) != 0)
		return -1;
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout old.key -out "
	       "old.pem -subj '/O=Old/CN=Old Root' -days 3650;"
	       "openssl x509 -req -in inter.csr -CA old.pem -CAkey old.key "
	       "-extfile ca.ext -days 2000 -out old-inter.pem;"
	       "cat leaf.pem old-inter.pem >old-chain.pem");
	kit_sh("openssl req " KIT_EC " -nodes -keyout k2 -subj /CN=x -out "
	       "k2.csr; openssl x509 -req -in k2.csr -CA inter.pem -CAkey "
	       "inter.key -extfile leaf.ext -days 90 -out k2.pem;"
	       "cat k2.pem old-inter.pem >key-chain.pem");
	kit_sh("openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile leaf.ext -days 80 -out l2.pem;"
	       "cat l2.pem old-inter.pem >leaf-chain.pem;"
	       "cat leaf.pem old.pem >broken.pem");
	for (size_t i = 0; i < PEMS; i++) {
		sbuf_init(&pem[i], 1 << 16);
		kit_read(files[i], &pem[i]);
	}
	snprintf(old_sha, sizeof(old_sha), "%s",
		 kit_out("openssl x509 -in old-inter.pem -outform DER | "
			 "sha256sum"));
	return 0;
}

static int chains_gone(void **state)
{
	for (size_t i = 0; i < PEMS; i++)
		sbuf_free(&pem[i]);
	return gone(state);
}

/* What a CA's row is there for. */
static void know_ca(void)
{
	const struct store_ca none = { NULL };
	const struct store_ca row = { .name = one.name,
				      .directory = one.directory };
	struct store_ca now;

	OK(store_ca_put(store, &row, &none, arena, &now, &err));
}

static void offer_old(void)
{
	know_ca();
	ca.alternates[0] = sbuf_str(&pem[OLD]);
	ca.n_alternates = 1;
}

/* The useless ones first. */
static void offer_many(void)
{
	offer_old();
	ca.alternates[0] = NULL;
	ca.alternates[1] = "garbage";
	ca.alternates[2] = sbuf_str(&pem[OTHER_KEY]);
	ca.alternates[3] = sbuf_str(&pem[OTHER_LEAF]);
	ca.alternates[4] = sbuf_str(&pem[BROKEN]);
	ca.alternates[5] = sbuf_str(&pem[OLD]);
	ca.alternates[6] = sbuf_str(&crt_pem);
	ca.n_alternates = 7;
}

static bool stored_old(void)
{
	const struct store_blob *b = &row_of()->ca;

	return b->len &&
	       strstr(sbuf_str(&pem[OLD]), arena_strndup(arena, b->p, b->len));
}

static const struct choice {
	const char *preferred;
	void (*offer)(void);
	struct twist twist;
	int asked;
	bool old;
} choices[] = {
	{ NULL, offer_many, { 0 }, 0, false },
	{ "", offer_many, { 0 }, 0, false },
	{ "Test Root", offer_many, { 0 }, 0, false },
	{ "Old Root", know_ca, { 0 }, 0, false },
	{ "Old Root", offer_old, { 0 }, 1, true },
	{ "old root", offer_many, { 0 }, 6, true },
	{ "O = Old, CN = Old Root", offer_many, { 0 }, 6, true },
	{ "SHA", offer_old, { 0 }, 1, true },
	{ "Another Root", offer_many, { 0 }, 7, false },
	{ "Old Root", offer_old, { ALTERNATE, 1, 0, 0 }, 1, false },
	{ "Old Root", offer_old, { ALTERNATE, 1, 0, 500, "" }, 1, false },
	{ "Old Root",
	  offer_old,
	  { ALTERNATE, 1, 0, 401, PROBLEM("unauthorized") },
	  1,
	  false },
	/* it never answers: when the order's time is over, what there is */
	{ "Old Root", offer_old, { ALTERNATE, 1, 0, -1 }, 1, false },
};

static void play_choice(void *arg)
{
	const struct choice *c = arg;
	struct ca_says says = { .processing = 0 };
	struct order *o;

	says.twist[0] = c->twist;
	more = c->offer;
	begin(&says);
	one.preferred_chain = c->preferred && strcmp(c->preferred, "SHA") == 0
				      ? old_sha
				      : c->preferred;
	o = new_order();
	(void) run(o, -1);
	if (order_ended(o) != ORDER_RENEWED)
		fail_msg("%s: %s", c->preferred, order_fail(o)->detail);
	assert_string_equal(attempts(), "ok");
	if (ca.count[ALTERNATE] != c->asked || stored_old() != c->old)
		fail_msg("%s: %d asked, %d", c->preferred, ca.count[ALTERNATE],
			 stored_old());
	assert_int_equal(ca.count[CERT], 1);
	assert_int_equal(ca.count[NEW], 1);
	assert_int_equal(ca_fails, 0);
	assert_null(row_of()->lease_owner);
	order_free(&o);
	end();
}

static void choice(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++)
		play_choice((void *) (uintptr_t) &choices[i]);
}

static struct order *another(void)
{
	struct order *o;

	OK(db_script(store->db, "UPDATE certs SET ts_due = 0, crt = NULL",
		     &err));
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	return o;
}

/* What there is instead is said, once, however many orders there are. */
static void play_none(void *arg)
{
	struct order *o;

	more = offer_old;
	begin(NULL);
	one.preferred_chain = "No \"Root";
	env.chains = chains_new();
	for (int i = 0; i < 3; i++) {
		o = another();
		order_free(&o);
	}
	chains_free(&env.chains);
	end();
}

static void none(void **state)
{
	const char *said;

	assert_int_equal(scratch_fork(play_none, NULL), 0);
	said = scratch_read(scratch("err"));
	said = strstr(said, "CA one: it has no chain like its preferred_chain "
			    "\"No 'Root\", and its default one is stored for ");
	assert_non_null(said);
	assert_non_null(strstr(said, "\"Test Root\" (SHA-256 "));
	assert_non_null(strstr(said, "\"Old Root\" (SHA-256 "));
	assert_non_null(strstr(said, old_sha));
	assert_null(strstr(strchr(said, '\n'), "preferred_chain"));
}

static struct store_chains known(void)
{
	struct store_chains c;

	RC(1, store_chains_get(store, "one", arena, &c, &err));
	return c;
}

/* Looked at once a day, by whomever; the certificate is safe before. */
static void learnt(void **state)
{
	struct store_chains c;
	struct order *o;
	int64_t begun;

	more = offer_many;
	begin(NULL);
	begun = clock_now();
	one.preferred_chain = NULL;
	env.chains = chains_new();
	o = new_order();
	while (!ca.count[ALTERNATE])
		event(o);
	assert_true(row_of()->crt.len);
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	assert_int_equal(ca.count[ALTERNATE], 7);
	order_free(&o);
	c = known();
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].issuer, "Test Root");
	assert_string_equal(c.v[1].issuer, "Old Root");
	assert_string_equal(c.v[1].sha256, old_sha);
	assert_in_range(c.v[1].ts, begun, clock_now());
	/* another order of this run, and one of the next run */
	for (int i = 0; i < 2; i++) {
		o = another();
		order_free(&o);
		assert_int_equal(ca.count[ALTERNATE], 7);
		chains_free(&env.chains);
		env.chains = chains_new();
	}
	fake_clock(now_ms + (CHAINS_EACH + 1) * 1000LL);
	ca.n_alternates = 6;
	o = another();
	order_free(&o);
	assert_int_equal(ca.count[ALTERNATE], 7 + 6);
	assert_int_equal(known().n, 2);
	chains_free(&env.chains);
	end();
}

/* What was asked for the preferred one is not asked again. */
static void preferred_and_learnt(void **state)
{
	struct order *o;

	more = offer_many;
	begin(NULL);
	one.preferred_chain = "Old Root";
	env.chains = chains_new();
	o = another();
	order_free(&o);
	assert_int_equal(ca.count[ALTERNATE], 7);
	assert_true(stored_old());
	assert_int_equal(known().n, 2);
	o = another();
	order_free(&o);
	assert_int_equal(ca.count[ALTERNATE], 7 + 6);
	chains_free(&env.chains);
	end();
}

/* Whoever looked at all of them in vain knows them: what the store has is no
 * newer. */
static void vain_and_learnt(void **state)
{
	const struct store_chains old = { .v = { { "Gone Root", "", 0 } },
					  .n = 1 };
	struct store_chains now = old;
	struct order *o;

	more = offer_old;
	begin(NULL);
	one.preferred_chain = "Gone Root";
	now.v[0].ts = clock_now() - 60;
	OK(store_chains_put(store, one.name, one.directory, &now, &err));
	env.chains = chains_new();
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	order_free(&o);
	assert_int_equal(ca.count[ALTERNATE], 1);
	now = known();
	assert_int_equal(now.n, 3);
	assert_string_equal(now.v[0].issuer, "Test Root");
	assert_string_equal(now.v[1].issuer, "Old Root");
	assert_string_equal(now.v[2].issuer, "Gone Root");
	chains_free(&env.chains);
	end();
}

/* It never answers, or a signal comes: the certificate is there. */
static void learning_ends(void **state)
{
	const struct ca_says says = { .twist = { { ALTERNATE, 1, 0, -1 } } };

	for (int stop = 0; stop < 2; stop++) {
		struct order *o;

		more = offer_old;
		begin(&says);
		one.preferred_chain = NULL;
		env.chains = chains_new();
		o = new_order();
		while (!ca.count[ALTERNATE])
			event(o);
		if (stop)
			order_stop(o);
		(void) run(o, -1);
		assert_int_equal(order_ended(o), ORDER_RENEWED);
		assert_true(row_of()->crt.len);
		assert_string_equal(attempts(), "ok");
		assert_int_equal(known().n, 0);
		order_free(&o);
		chains_free(&env.chains);
		end();
	}
}

static void more_chains(void)
{
	offer_many();
	env.chains = NULL;
}

static void interrupted(void **state)
{
	more = more_chains;
	one.preferred_chain = "Old Root";
	interrupt(NULL, killed, 2);
	interrupt(NULL, stopped, 2);
}

/* Another profile, or CA, may cost something: one line says what. */
static void play_change(void *arg)
{
	AUTO(sbuf_free) struct sbuf old = SBUF_INIT(1 << 16);
	struct order *o;

	log_open("certrepo", 1);
	more = NULL;
	begin(NULL);
	one.preferred_chain = NULL;
	kit_read(arg, &old);
	OK(store_exec(store, "UPDATE certs SET crt = ?",
		      ARGS(B(((struct store_blob){ old.buf, old.len }))), NULL,
		      &err));
	o = new_order();
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	order_free(&o);
	end();
}

static void change(void **state)
{
	kit_sh("openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-days 400 -out was.pem");
	assert_int_equal(scratch_fork(play_change, (char *) "was.pem"), 0);
	assert_non_null(strstr(scratch_read(scratch("err")),
			       NAME ": the new certificate lives 90 days "
				    "instead of 400 days, has no clientAuth "));
	assert_int_equal(scratch_fork(play_change, (char *) "leaf.pem"), 0);
	assert_null(strstr(scratch_read(scratch("err")), "new certificate"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(choice),
		cmocka_unit_test(none),
		cmocka_unit_test(learnt),
		cmocka_unit_test(preferred_and_learnt),
		cmocka_unit_test(vain_and_learnt),
		cmocka_unit_test(learning_ends),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(change),
	};

	return cmocka_run_group_tests(tests, chains_pki, chains_gone);
}
