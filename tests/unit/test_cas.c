/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dns_peer.h"
/* After those that have a parameter "err". */
#include "store_kit.h"
#include "cas.h"
#include "clock.h"

#define NOW  1700000000
#define REST (NOW + 600)

static struct certrepo_ca one = { .name = "one",
				  .directory = "https://one.example/dir",
				  .account_key = "/nosuch/one.pem" };
static struct certrepo_ca two = { .name = "two",
				  .directory = "https://two.example/dir",
				  .account_key = "/nosuch/two.pem" };
static void *list[] = { &one, &two };
static struct certrepo_conf cc = { .default_ca = "two",
				   .ca = { .v = list, .n = 2 } };

static struct store *store;
static struct cas cas;

static void load(bool force)
{
	cas_done(&cas);
	OK(cas_init(&cas, &cc, NULL, store, NULL, NULL, force, &err));
}

static int setup(void **state)
{
	const struct store_ca rests = { .name = "two",
					.directory = two.directory,
					.backoff_until = REST,
					.count_fail = 1,
					.fail_class = "ca-down",
					.fail_detail = "away" };
	const struct store_ca none = { NULL };
	struct arena *arena = arena_new();
	struct store_ca now;
	int from, to;

	if (kit_begin() == -1)
		return -1;
	kit_wipe();
	clock_set_for_test(NOW);
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	OK(store_ca_put(store, &rests, &none, arena, &now, &err));
	arena_free(&arena);
	load(false);
	return 0;
}

static int teardown(void **state)
{
	cas_done(&cas);
	store_free(&store);
	clock_set_for_test(-1);
	kit_end();
	return 0;
}

static void by_name(void **state)
{
	assert_int_equal(cas.n, 3);
	assert_ptr_equal(ca_queue_conf(cas_of(&cas, "one")), &one);
	assert_ptr_equal(ca_queue_conf(cas_of(&cas, NULL)), &two);
	assert_null(ca_queue_conf(cas_of(&cas, "nosuch")));
	assert_int_equal(cas_index(&cas, cas_of(&cas, "two")), 1);
}

static void resting(void **state)
{
	assert_false(cas_rests(cas_of(&cas, "one")));
	assert_true(cas_rests(cas_of(&cas, "two")));
	assert_false(cas_starting(&cas));
	assert_false(cas_met(&cas));
	load(true);
	assert_false(cas_rests(cas_of(&cas, "two")));
}

static void waiting(void **state)
{
	static const char *const names[] = { "a.example.org", "b.example.org",
					     "c.example.org" };
	struct ca_queue_name n = { .name = (char *) "x.example.org" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct store_cert row = { .name = names[i],
					  .enabled = true,
					  .csr = BLOB("csr"),
					  .ca_name = i == 0 ? "one" : NULL,
					  .md5_modulus = "x" };

		OK(store_add(store, &row, &err));
		OK(kit_set_due(store, names[i], 0, &err));
	}
	OK(cas_count_waits(&cas, store, &err));
	/* of one that does not rest nothing waits */
	assert_int_equal(cas.waits[0].n, 0);
	assert_int_equal(cas.waits[1].n, 2);
	cas.fell[1] = 1;
	cas_begin_pass(&cas);
	assert_int_equal(cas.waits[1].n + cas.fell[1], 0);
	ca_queue_push(cas.v[0], &n);
	ca_queue_push(cas.v[2], &n);
	assert_int_equal(cas_queued(&cas), 2);
}

/* --- CAs that are looked for, and not there --- */

static const char *below[] = { "corp.example", NULL };
static char address[40], corp_key[300];
static const char *resolvers[] = { address, NULL };
static struct proof_dns dns = { .resolvers = { resolvers, 1 },
				.timeout = 5,
				.trust_anchor = "" };
static struct certrepo_ca corp = { .name = "corp",
				   .directory = "",
				   .discover = { below, 1 },
				   .account_key = corp_key,
				   .account_key_type = "ES256",
				   .requests_per_second = 100 };
static struct certrepo_ca lab = { .name = "lab",
				  .directory = "",
				  .discover = { below, 1 },
				  .account_key = "/nosuch/lab.pem",
				  .mode = "try" };
static void *four[] = { &corp, &lab, &one, &two };
static struct certrepo_conf with = { .default_ca = "corp",
				     .ca = { .v = four, .n = 4 },
				     .proof.dns = &dns };
static struct peer peer;
static struct loop *loop;
static struct batch *batch;
static struct report *report;

static size_t nothing(struct peer *p, const unsigned char *q, size_t n,
		      bool tcp, unsigned char *out)
{
	unsigned char ask[600];
	size_t len = dns_msg_skip_name(q, n, DNS_HEADER) + 4;

	/* without the OPT record of the question */
	memcpy(ask, q, len);
	memset(ask + 6, 0, 6);
	return peer_begin(ask, len, DNS_NXDOMAIN, out);
}

static int setup_lost(void **state)
{
	if (setup(state) == -1)
		return -1;
	cas_done(&cas);
	with.state_dir = kit_dir;
	snprintf(corp_key, sizeof(corp_key), "%s/corp.pem", kit_dir);
	OK(loop_new(&loop, &err));
	peer_open(&peer, loop, "127.0.0.1", 0, nothing);
	snprintf(address, sizeof(address), "127.0.0.1:%d", peer_port(&peer));
	batch = batch_new(store);
	report = report_new(true);
	return 0;
}

static int teardown_lost(void **state)
{
	static const char *const files[] = { "discover-corp.txt",
					     "discover-corp.told",
					     "discover-lab.txt",
					     "discover-lab.told", "corp.pem" };
	char path[400];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", kit_dir, files[i]);
		(void) unlink(path);
	}
	cas_done(&cas);
	batch_free(&batch);
	report_free(&report);
	peer_close(&peer);
	loop_free(&loop);
	return teardown(state);
}

/* Both are looked for, in vain. */
static void lose(const char *mode)
{
	corp.mode = mode;
	OK(cas_init(&cas, &with, loop, store, batch, report, false, &err));
	for (size_t i = 0; i < 2; i++) {
		ca_queue_start(cas.v[i], 1);
		assert_true(cas_starting(&cas));
		while (!cas_rests(cas.v[i]))
			OK(loop_run(loop, 100, &err));
	}
	assert_false(cas_starting(&cas));
}

static void push(struct ca_queue *to, const char *name, const char *ca_name)
{
	struct ca_queue_name n = { .name = (char *) name,
				   .ca_name = (char *) ca_name,
				   .early = true,
				   .again = true,
				   .ts_expire = NOW + 5 };

	ca_queue_push(to, &n);
}

static void is_next(struct ca_queue *in, const char *name, const char *ca_name)
{
	struct ca_queue_name n;

	assert_true(ca_queue_pop(in, &n));
	assert_string_equal(n.name, name);
	if (ca_name)
		assert_string_equal(n.ca_name, ca_name);
	else
		assert_null(n.ca_name);
	assert_true(n.early && n.again && n.ts_expire == NOW + 5);
	free(n.name);
	free(n.ca_name);
}

static void missing(void **state)
{
	struct store_ca row;
	struct arena *arena = arena_new();

	lose("try");
	/* the next one that is there */
	assert_ptr_equal(cas_of(&cas, "corp"), cas.v[2]);
	assert_ptr_equal(cas_of(&cas, NULL), cas.v[2]);
	assert_ptr_equal(cas_of(&cas, "lab"), cas.v[2]);
	assert_ptr_equal(cas_of(&cas, "one"), cas.v[2]);
	assert_ptr_equal(cas_of(&cas, "two"), cas.v[3]);
	assert_ptr_equal(cas_of(&cas, "nosuch"), cas.v[4]);
	push(cas.v[0], "a.example.org", NULL);
	push(cas.v[0], "b.example.org", "corp");
	push(cas.v[2], "c.example.org", "one");
	cas_pass_on(&cas, cas.v[2]); /* it is not missing */
	assert_int_equal(ca_queue_queued(cas.v[2]), 1);
	cas_pass_on(&cas, cas.v[0]);
	assert_int_equal(ca_queue_queued(cas.v[0]), 0);
	assert_int_equal(cas_queued(&cas), 3);
	/* what else is known of them goes on with them */
	is_next(cas.v[2], "c.example.org", "one");
	is_next(cas.v[2], "a.example.org", NULL);
	is_next(cas.v[2], "b.example.org", "corp");
	/* it is asked as what it is, by an account of its own */
	assert_ptr_equal(ca_queue_conf(cas.v[2]), &one);
	/* and it is of this run alone */
	assert_true(batch_empty(batch));
	RC(0, store_ca_get(store, "corp", arena, &row, &err));
	/* nothing waits for those that are missing */
	OK(cas_count_waits(&cas, store, &err));
	for (size_t i = 0; i < cas.n; i++)
		assert_int_equal(cas.waits[i].n, 0);
	arena_free(&arena);
}

static void forced_to_wait(void **state)
{
	lose("force");
	assert_ptr_equal(cas_of(&cas, "corp"), cas.v[0]);
	assert_ptr_equal(cas_of(&cas, "lab"), cas.v[2]);
	push(cas.v[0], "a.example.org", NULL);
	cas_pass_on(&cas, cas.v[0]);
	assert_int_equal(ca_queue_queued(cas.v[0]), 1);
	is_next(cas.v[0], "a.example.org", NULL);
}

static void look_at(size_t i)
{
	assert_int_equal(ca_queue_look(cas.v[i]), CA_QUEUE_LOOK_WAIT);
	while (ca_queue_look(cas.v[i]) == CA_QUEUE_LOOK_WAIT)
		OK(loop_run(loop, 100, &err));
}

/* Who asks for renewal information looks for the directory as well; that it is
 * not there is no failure of the CA, and its names are still its own. */
static void looked_at(void **state)
{
	corp.mode = "try";
	OK(cas_init(&cas, &with, loop, store, batch, report, false, &err));
	look_at(0);
	assert_int_equal(ca_queue_look(cas.v[0]), CA_QUEUE_LOOK_NEVER);
	assert_int_equal(ca_queue_is(cas.v[0], NOW), CA_QUEUE_IDLE);
	assert_true(peer.n_udp > 0);
	assert_ptr_equal(cas_of(&cas, "corp"), cas.v[0]);
	assert_true(batch_empty(batch));
	/* names that come while it is looked for are told */
	assert_int_equal(ca_queue_look(cas.v[1]), CA_QUEUE_LOOK_WAIT);
	ca_queue_start(cas.v[1], 1);
	while (!cas_rests(cas.v[1]))
		OK(loop_run(loop, 100, &err));
	assert_ptr_equal(cas_of(&cas, "lab"), cas.v[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(resting, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(missing, setup_lost,
						teardown_lost),
		cmocka_unit_test_setup_teardown(forced_to_wait, setup_lost,
						teardown_lost),
		cmocka_unit_test_setup_teardown(looked_at, setup_lost,
						teardown_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
