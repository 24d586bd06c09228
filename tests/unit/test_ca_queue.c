/* SPDX-License-Identifier: MIT */
#include "store_kit.h"
#include "ca_queue.h"
#include "backoff.h"
#include "ca_names.h"
#include "clock.h"
#include "jws.h"
#include <sys/stat.h>

#define NOW 1700000000

static char key[300];
static struct certrepo_ca ca = {
	.name = "one",
	.directory = "https://127.0.0.1:1/dir",
	.account_key_type = "ES256",
	.requests_per_second = 100,
};

static char eab[300];

static struct store *store;
static struct loop *loop;
static struct batch *batch;
static struct report *report;
static struct ca_queue *c;
static struct arena *test_arena;

static void make(const struct certrepo_ca *of)
{
	OK(ca_queue_new(of, loop, store, batch, report, &c, &err));
}

static int setup(void **state)
{
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	snprintf(key, sizeof(key), "%s/account.pem", kit_dir);
	snprintf(eab, sizeof(eab), "%s/eab.key", kit_dir);
	ca.account_key = key;
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	OK(loop_new(&loop, &err));
	batch = batch_new(store);
	report = report_new(false);
	clock_set_for_test(NOW);
	test_arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	ca_queue_free(&c);
	arena_free(&test_arena);
	report_free(&report);
	batch_free(&batch);
	loop_free(&loop);
	store_free(&store);
	clock_set_for_test(-1);
	unlink(key);
	unlink(eab);
	kit_end();
	return 0;
}

static void flush(void)
{
	int64_t wait;

	OK(batch_flush(batch, &wait, &err));
}

/* The row as "count:seconds of rest:class". */
static const char *row(void)
{
	static char text[200];
	struct arena *arena = arena_new();
	struct store_ca r;

	flush();
	RC(1, store_ca_get(store, "one", arena, &r, &err));
	snprintf(text, sizeof(text), "%d:%d:%s", (int) r.count_fail,
		 r.backoff_until ? (int) (r.backoff_until - NOW) : 0,
		 r.fail_class ? r.fail_class : "-");
	arena_free(&arena);
	return text;
}

static const char *account_key(void)
{
	struct store_ca r;

	flush();
	RC(1, store_ca_get(store, "one", test_arena, &r, &err));
	return r.account_key ? r.account_key : "-";
}

static void plain_ca(void)
{
	ca.eab_kid = ca.eab_key_file = ca.eab_alg = NULL;
	ca.contact = (struct conf_strings){ NULL, 0 };
	ca.agree_tos = false;
}

static int64_t failed(enum fail_class class, int64_t retry_at)
{
	struct fail f;

	fail_set(&f, class, retry_at, "no luck");
	return ca_queue_failed(c, "a.example.org", false, &f) - NOW;
}

static void queue(void **state)
{
	struct ca_queue_name n;
	char name[32];
	int i, k = 0;

	make(&ca);
	assert_false(ca_queue_pop(c, &n));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ca_queue_push(c,
			      &(struct ca_queue_name){
				      .name = name,
				      .ca_name = i % 2 ? (char *) "one" : NULL,
				      .early = i % 3 == 0,
				      .again = i % 5 == 0,
				      .ts_expire = i });
		if (i % 4 != 3)
			continue;
		/* first in, first out, across every growth */
		assert_true(ca_queue_pop(c, &n));
		snprintf(name, sizeof(name), "n%d", k);
		assert_string_equal(n.name, name);
		assert_int_equal(n.early, k % 3 == 0);
		assert_int_equal(n.again, k % 5 == 0);
		assert_int_equal(n.ts_expire, k);
		assert_int_equal(!!n.ca_name, k % 2);
		free(n.name);
		free(n.ca_name);
		k++;
	}
	assert_int_equal(ca_queue_queued(c), 750);
}

/* Nobody listens at its directory. */
static void start(void)
{
	int i;

	ca_queue_start(c, 1);
	for (i = 0; i < 100 && ca_queue_is(c, NOW) == CA_QUEUE_STARTING; i++)
		OK(loop_run(loop, 100, &err));
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
}

/* A look that fails is none of its failures, and nothing waits for it; but an
 * order that began meanwhile has met it. */
static void looked(void **state)
{
	int i;

	make(&ca);
	assert_null(ca_queue_renewal_info(c));
	assert_int_equal(ca_queue_look(c), CA_QUEUE_LOOK_WAIT);
	for (i = 0; i < 100 && ca_queue_look(c) == CA_QUEUE_LOOK_WAIT; i++)
		OK(loop_run(loop, 100, &err));
	assert_int_equal(ca_queue_look(c), CA_QUEUE_LOOK_NEVER);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	assert_false(ca_queue_doubtful(c) || ca_queue_met(c));
	/* orders look for themselves */
	start();
	assert_int_equal(ca_queue_look(c), CA_QUEUE_LOOK_NEVER);
	ca_queue_free(&c);
	clock_set_for_test(NOW + 3600);
	make(&ca);
	assert_int_equal(ca_queue_look(c), CA_QUEUE_LOOK_WAIT);
	start();
	assert_true(ca_queue_doubtful(c));
	/* who uses its client keeps it from beginning anew */
	ca_queue_look_begin(c);
	clock_set_for_test(NOW + 2 * 86400);
	assert_int_equal(ca_queue_is(c, NOW + 2 * 86400), CA_QUEUE_RESTING);
	ca_queue_look_end(c);
	assert_int_equal(ca_queue_is(c, NOW + 2 * 86400), CA_QUEUE_IDLE);
}

static enum ca_queue_is is_with(const char *kid)
{
	ca_queue_free(&c);
	ca.eab_kid = kid;
	make(&ca);
	return ca_queue_is(c, NOW);
}

/* Somebody has another binding for the account that was refused. */
static void other_kid(void **state)
{
	assert_int_equal(is_with("one"), CA_QUEUE_IDLE);
	(void) failed(FAIL_ACCOUNT, 0);
	flush();
	assert_int_equal(is_with("one"), CA_QUEUE_RESTING);
	assert_int_equal(is_with("two"), CA_QUEUE_IDLE);
	assert_int_equal(is_with(NULL), CA_QUEUE_IDLE);
	(void) failed(FAIL_ACCOUNT, 0);
	flush();
	assert_int_equal(is_with(NULL), CA_QUEUE_RESTING);
	assert_int_equal(is_with("two"), CA_QUEUE_IDLE);
	/* of an outage it says nothing */
	(void) failed(FAIL_CA_RATE_LIMITED, 0);
	flush();
	assert_int_equal(is_with("three"), CA_QUEUE_RESTING);
	ca.eab_kid = NULL;
}

/* Its directory cannot be reached: the CA rests, and rests longer each time. */
static void down(void **state)
{
	int64_t rest;

	make(NULL);
	ca_queue_free(&c);
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	start();
	rest = ca_queue_until(c) - NOW;
	assert_in_range(rest, 60, 72);
	assert_non_null(strstr(row(), "1:"));
	assert_non_null(strstr(row(), ":ca-down"));
	/* many orders fall over it: counted once, the rest stays */
	assert_int_equal(failed(FAIL_CA_DOWN, 0), rest);
	assert_non_null(strstr(row(), "1:"));
	/* a CA that says when is obeyed, if it is later */
	assert_int_equal(failed(FAIL_CA_RATE_LIMITED, NOW + 500), 500);
	assert_string_equal(row(), "1:500:ca-rate-limited");
	/* the rest is over: from the beginning, the count goes on */
	clock_set_for_test(NOW + 500);
	assert_int_equal(ca_queue_is(c, NOW + 500), CA_QUEUE_IDLE);
	assert_true(ca_queue_doubtful(c));
	start();
	assert_in_range(ca_queue_until(c) - NOW, 500 + 120, 500 + 144);
	assert_non_null(strstr(row(), "2:"));
}

/* What one run learned, the next one knows. */
static void remembered(void **state)
{
	struct certrepo_ca moved = ca;

	make(&ca);
	start();
	flush();
	ca_queue_free(&c);
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
	assert_int_equal(ca_queue_is(c, NOW + 3600), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	make(&ca);
	ca_queue_force(c);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	/* another directory is another CA, whatever its name */
	moved.directory = "https://127.0.0.1:2/dir";
	make(&moved);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
}

/* --- whose fault --- */

/* NAME is on lease to us and its order fails: what becomes of it, by the
 * rules for a name, is in the store afterwards. */
static bool fails(const char *name, bool again, const char *why)
{
	static int n;
	struct store_cert add = { .name = name,
				  .enabled = true,
				  .csr = BLOB("csr"),
				  .md5_modulus = "x" };
	struct arena *arena = arena_new();
	struct store_cert *old = NULL;
	struct store_fail sf = {
		.owner = "me",
		.attempt = { .name = name, .ts_start = clock_now() + n++ },
	};
	struct backoff_in in = { .now = clock_now(), .limit = 10 };
	struct backoff b;
	struct fail f;

	fail_set(&f, FAIL_CA_DOWN, 0, "%s", why);
	if (store_get(store, name, arena, &old, &err) == 0) {
		OK(store_add(store, &add, &err));
		RC(1, store_get(store, name, arena, &old, &err));
	}
	RC(1, store_claim(store, name, "me", clock_now(), NOW + 9999, &err));
	in.fail = &f;
	in.count = old->count_fail_update;
	in.ca_backoff = ca_queue_failed(c, name, again, &f);
	b = backoff_name(&in, false);
	sf.next = b.next;
	sf.count = b.count;
	sf.hold = b.hold;
	sf.attempt.outcome = fail_name(f.class);
	sf.attempt.detail = f.detail;
	OK(store_fail(store, &sf, &err));
	if (b.count)
		ca_queue_counted(c, name, in.count + 1, b.next);
	arena_free(&arena);
	return b.count;
}

/* "count:held", after all that was to be written. */
static const char *name_row(const char *name)
{
	static char text[60];
	struct arena *arena = arena_new();
	struct store_cert *r = NULL;

	flush();
	RC(1, store_get(store, name, arena, &r, &err));
	snprintf(text, sizeof(text), "%d:%d", (int) r->count_fail_update,
		 r->held);
	assert_int_equal(r->held, r->ts_due == STORE_NEVER);
	arena_free(&arena);
	return text;
}

static bool rests(void)
{
	return ca_queue_is(c, clock_now()) == CA_QUEUE_RESTING;
}

static void served(void **state)
{
	make(&ca);
	assert_false(rests());
}

/* One name alone is to blame, however often; and in the end it is held. */
static void one_name(void **state)
{
	int i;

	served(state);
	for (i = 0; i < 11; i++) {
		assert_true(fails("bad", i > 0, "it makes no sense"));
		assert_false(rests());
	}
	assert_string_equal(name_row("bad"), "11:1");
	RC(0, store_ca_get(store, "one", test_arena, &(struct store_ca){ 0 },
			   &err));
}

/* Three names that fail alike are an outage; it counts against none. */
static void outage(void **state)
{
	served(state);
	assert_true(fails("a", false, "a.example.org: HTTP 500 at newOrder"));
	assert_true(fails("b", false, "b.example.org: HTTP 503 at newOrder"));
	assert_string_equal(name_row("a"), "1:0");
	assert_false(rests());
	assert_false(fails("c", false, "c.example.org: HTTP 500 at newOrder"));
	assert_true(rests());
	assert_string_equal(name_row("a"), "0:0");
	assert_string_equal(name_row("b"), "0:0");
	assert_string_equal(name_row("c"), "0:0");
	/* those in flight fall over it, too */
	assert_false(fails("d", false, "something else altogether"));
	assert_string_equal(name_row("d"), "0:0");
	assert_non_null(strstr(row(), "1:"));
}

/* Not in the same way: three odd names, and no outage. */
static void unlike_failures(void **state)
{
	served(state);
	assert_true(fails("a", false, "HTTP 500 at newOrder"));
	assert_true(fails("b", false, "gave up after 15 min"));
	assert_true(fails("c", false, "an order that makes no sense"));
	assert_true(fails("d", false, "HTTP 500 at newOrder"));
	/* the same name twice is one witness */
	assert_true(fails("d", false, "HTTP 500 at newOrder"));
	assert_false(rests());
	assert_false(fails("e", false, "HTTP 500 at newOrder"));
	assert_string_equal(name_row("b"), "1:0");
	assert_string_equal(name_row("a"), "0:0");
	assert_string_equal(name_row("d"), "1:0");
}

/* A success between: the CA works. */
static void success_between(void **state)
{
	served(state);
	fails("a", false, "HTTP 500");
	fails("b", false, "HTTP 500");
	ca_queue_succeeded(c);
	assert_true(fails("c", false, "HTTP 500"));
	assert_true(fails("d", false, "HTTP 500"));
	assert_false(rests());
	assert_string_equal(name_row("a"), "1:0");
}

/* Names that failed so before, while the CA serves others, never rest it; and
 * what held a name in an outage lets it go. */
static void old_sinners(void **state)
{
	served(state);
	assert_true(fails("a", true, "HTTP 500"));
	assert_true(fails("b", true, "HTTP 500"));
	assert_true(fails("c", true, "HTTP 500"));
	assert_true(fails("d", true, "HTTP 500"));
	assert_false(rests());
	OK(db_script(store->db, "UPDATE certs SET count_fail_update = 10",
		     &err));
	assert_true(fails("a", false, "HTTP 500"));
	assert_string_equal(name_row("a"), "11:1");
	fails("b", false, "HTTP 500");
	assert_false(fails("c", false, "HTTP 500"));
	assert_string_equal(name_row("a"), "10:0");
	/* it has rested, and served nobody since: they may be right */
	clock_set_for_test(NOW + 300);
	assert_false(rests());
	assert_true(ca_queue_doubtful(c));
	fails("a", true, "HTTP 500");
	fails("b", true, "HTTP 500");
	assert_false(fails("c", true, "HTTP 500"));
	assert_true(rests());
}

/* An order that was under way goes through: it was no outage. */
static void lifted(void **state)
{
	served(state);
	fails("a", false, "HTTP 500");
	fails("b", false, "HTTP 500");
	fails("c", false, "HTTP 500");
	assert_true(rests());
	ca_queue_succeeded(c);
	assert_false(rests());
	assert_false(ca_queue_doubtful(c));
	assert_string_equal(row(), "0:0:-");
	/* a limit of the account is not lifted by that */
	failed(FAIL_CA_RATE_LIMITED, NOW + 5000);
	ca_queue_succeeded(c);
	assert_true(rests());
}

/* A clock that is wrong must not write when it rests. */
static void clocks(void **state)
{
	make(&ca);
	failed(FAIL_CLOCK, 0);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
	RC(0, store_ca_get(store, "one", test_arena, &(struct store_ca){ 0 },
			   &err));
	ca_queue_free(&c);
	/* a rest ten years ahead is none, one of a day is */
	OK(db_script(store->db,
		     "INSERT INTO cas (name, directory, backoff_until, "
		     "count_fail, fail_class) VALUES ('one', "
		     "'https://127.0.0.1:1/dir', 2015360000, 1, 'ca-down')",
		     &err));
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_IDLE);
	ca_queue_free(&c);
	OK(db_script(store->db, "UPDATE cas SET backoff_until = 1700086400",
		     &err));
	make(&ca);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
}

static void unknown(void **state)
{
	make(NULL);
	assert_null(ca_queue_conf(c));
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_READY);
	assert_int_equal(ca_queue_requests(c), 0);
}

/* The account is refused, then somebody does something about its key: is the
 * CA asked by the next run? */
static enum ca_queue_is next_run(void)
{
	flush();
	ca_queue_free(&c);
	make(&ca);
	return ca_queue_is(c, NOW);
}

static void put_key(void)
{
	struct jws_key *k = NULL;

	unlink(key);
	OK(jws_key_open(key, "ES256", &k, &err));
	jws_key_free(&k);
}

static void put_garbage(void)
{
	FILE *f = fopen(key, "w");

	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fputs("no key\n", f);
	assert_int_equal(fclose(f), 0);
}

static void another_key(void **state)
{
	put_key();
	make(&ca);
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	put_garbage(); /* which the next run says */
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	unlink(key);
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	assert_int_not_equal(access(key, F_OK), 0); /* none is made by that */
	put_key();
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	/* that is refused, too */
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	/* none that could be used; and no other fault is mended by a key */
	put_key();
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	put_garbage();
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	put_key();
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	failed(FAIL_CA_RATE_LIMITED, 0);
	put_key();
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
}

static void put_eab(const char *text, mode_t mode)
{
	FILE *f = fopen(eab, "w");

	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), mode), 0);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

#define EAB_ONE "8PHy8/T19vf4+fr7/P3+//v/8PHy8/T19vf4+fr7/P0="
#define EAB_TWO "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* What the refused request was made of is another: the CA is asked anew. */
static void another_request(void **state)
{
	static const char *const contact[] = { "mailto:a@example.org", NULL };

	ca.eab_kid = "kid";
	ca.eab_key_file = eab;
	put_key();
	put_eab(EAB_ONE "\n", 0600);
	make(&ca);
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	put_eab(EAB_ONE " \n", 0640); /* the same key */
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	put_eab(EAB_TWO, 0600);
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	ca.contact = (struct conf_strings){ contact, 1 };
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	ca.agree_tos = true;
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	failed(FAIL_ACCOUNT, 0);
	assert_int_equal(next_run(), CA_QUEUE_RESTING);
	ca.eab_alg = "HS512";
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	/* the secret stays where it is */
	assert_null(strstr(account_key(), EAB_TWO));
	plain_ca();
}

/* Our own files are looked at in each run, before the CA: nothing grows. */
static void own_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} bad[] = {
		{ NULL, 0 },
		{ EAB_ONE, 0644 },
		{ "", 0600 },
		{ "AAAA", 0600 },
	};

	ca.eab_kid = "kid";
	ca.eab_key_file = eab;
	unlink(key);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		unlink(eab);
		if (bad[i].text)
			put_eab(bad[i].text, bad[i].mode);
		if (c)
			assert_int_equal(next_run(), CA_QUEUE_IDLE);
		else
			make(&ca);
		ca_queue_start(c, 1);
		assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
		assert_true(ca_queue_needs_person(c));
		assert_non_null(strstr(ca_queue_fail(c)->detail, eab));
		assert_int_equal(ca_queue_requests(c), 0);
		assert_int_not_equal(access(key, F_OK), 0);
		/* show has it, always for the same time */
		assert_string_equal(row(), "1:3600:account");
	}
	put_eab(EAB_ONE, 0600);
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
	start(); /* and now the CA is asked, which is away */
	assert_int_equal(ca_queue_fail(c)->class, FAIL_CA_DOWN);
	/* the account's own key, the same */
	put_garbage();
	clock_set_for_test(NOW + 7200);
	for (int i = 0; i < 3; i++) {
		(void) next_run();
		assert_int_equal(ca_queue_is(c, NOW + 7200), CA_QUEUE_IDLE);
		ca_queue_start(c, 1);
		assert_int_equal(ca_queue_fail(c)->class, FAIL_ACCOUNT);
		assert_int_equal(ca_queue_until(c), NOW + 7200 + 3600);
	}
	plain_ca();
}

/* We are short of something: it rests for this run, and that is not kept. */
static void ours(void **state)
{
	make(&ca);
	failed(FAIL_HOST, 0);
	assert_int_equal(ca_queue_is(c, NOW), CA_QUEUE_RESTING);
	assert_false(ca_queue_doubtful(c));
	assert_int_equal(next_run(), CA_QUEUE_IDLE);
}

/* Another instance has met the same CA. */
static void two(void **state)
{
	struct ca_queue *other = NULL;
	struct fail f;

	make(&ca);
	OK(ca_queue_new(&ca, loop, store, batch, report, &other, &err));
	failed(FAIL_CA_RATE_LIMITED, NOW + 9000);
	assert_string_equal(row(), "1:9000:ca-rate-limited");
	fail_set(&f, FAIL_CA_RATE_LIMITED, NOW + 4000, "no luck either");
	(void) ca_queue_failed(other, "b.example.org", false, &f);
	assert_string_equal(row(), "1:9000:ca-rate-limited");
	/* a rest that was not seen is not over */
	clock_set_for_test(NOW + 8000);
	ca_queue_succeeded(other);
	assert_string_equal(row(), "1:9000:ca-rate-limited");
	clock_set_for_test(NOW + 9500);
	assert_int_equal(ca_queue_is(c, NOW + 9500), CA_QUEUE_IDLE);
	ca_queue_succeeded(c);
	assert_string_equal(row(), "0:0:-");
	ca_queue_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(queue, setup, teardown),
		cmocka_unit_test_setup_teardown(down, setup, teardown),
		cmocka_unit_test_setup_teardown(remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(one_name, setup, teardown),
		cmocka_unit_test_setup_teardown(outage, setup, teardown),
		cmocka_unit_test_setup_teardown(unlike_failures, setup,
						teardown),
		cmocka_unit_test_setup_teardown(success_between, setup,
						teardown),
		cmocka_unit_test_setup_teardown(old_sinners, setup, teardown),
		cmocka_unit_test_setup_teardown(lifted, setup, teardown),
		cmocka_unit_test_setup_teardown(clocks, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key, setup, teardown),
		cmocka_unit_test_setup_teardown(looked, setup, teardown),
		cmocka_unit_test_setup_teardown(other_kid, setup, teardown),
		cmocka_unit_test_setup_teardown(another_request, setup,
						teardown),
		cmocka_unit_test_setup_teardown(own_files, setup, teardown),
		cmocka_unit_test_setup_teardown(ours, setup, teardown),
		cmocka_unit_test_setup_teardown(two, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
