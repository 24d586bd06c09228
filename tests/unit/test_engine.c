/* SPDX-License-Identifier: MIT */
/* Whole runs against the scripted ACME server, by http-01, on SQLite: the
 * engine, its orders, authorizations, CAs and leftovers together. The
 * misbehaviour and the kills are in tests/e2e/fetcher_*.t. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "acme_peer.h"
#include "store_kit.h"
#include "engine.h"
#include "file.h"
#include "proof_sweep.h"
#include "authz.h"
#include "ca_queue.h"

static struct peer peer;
static struct store *store;
static struct arena *arena;
static struct certrepo_conf cc;

static void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void sh(const char *fmt, ...)
{
	char cmd[3000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (peer_sh(peer.dir, cmd) != 0)
		fail_msg("%s", cmd);
}

/* The server listens on a port of its own choice and says which. */
static bool start_server(const char *polls)
{
	char script[600], port[16];
	char *argv[] = { (char *) "/usr/bin/python3",
			 script,
			 (char *) "--cert",
			 (char *) "cert.pem",
			 (char *) "--key",
			 (char *) "key.pem",
			 (char *) "--log",
			 peer.log,
			 (char *) "--polls",
			 (char *) polls,
			 (char *) "--port",
			 port,
			 NULL };
	char cwd[400];

	if (!getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(script, sizeof(script), "%s/tests/lib/acme_server.py", cwd);
	peer.port = peer_free_port();
	snprintf(port, sizeof(port), "%d", peer.port);
	snprintf(peer.url, sizeof(peer.url), "https://127.0.0.1:%d/dir",
		 peer.port);
	peer_exec(&peer, argv, NULL);
	return peer_wait_port(&peer, peer.port);
}

static void load_conf(void)
{
	struct conf_errors errs = { .list = { NULL } };
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/certrepo.conf", peer.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"store : { path = \"%s\"; };\n"
		"state_dir = \"%s/state\"; max_orders = 5;\n"
		"webroot_prefixes = [\"%s/www\"];\n"
		"ca = ( { name = \"one\"; directory = \"%s\"; agree_tos = true;"
		" account_key = \"%s/account.pem\"; ca_file = \"%s\"; } );\n"
		"dns : { resolvers = [\"127.0.0.1:9\"]; };\n",
		kit_path, peer.dir, peer.dir, peer.url, peer.dir, peer.ca_file);
	fclose(f);
	if (certrepo_conf_load(path, arena, &cc, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
}

static int setup(void **state)
{
	int from, to;

	if (!peer_init(&peer) || !start_server("1") || kit_begin() == -1)
		return -1;
	kit_wipe();
	OK(store_open(&conf, STORE_ADMIN, &store, &err));
	OK(store_schema_upgrade(store, 1, &from, &to, &err));
	arena = arena_new();
	sh("mkdir state www; chmod 700 state");
	load_conf();
	return 0;
}

static int teardown(void **state)
{
	store_free(&store);
	arena_free(&arena);
	kit_end();
	peer_free(&peer);
	return 0;
}

static void enrol(const char *name)
{
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(1 << 16);
	struct store_cert row = { .name = name,
				  .enabled = true,
				  .md5_modulus = "x",
				  .key_sha256 = name,
				  .challenge = "http-01" };
	char path[400], www[300];

	sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	   "-nodes -keyout %s.key -out %s.csr -subj /CN=%s "
	   "-addext subjectAltName=DNS:%s",
	   name, name, name, name);
	snprintf(path, sizeof(path), "%s/%s.csr", peer.dir, name);
	snprintf(www, sizeof(www), "%s/www", peer.dir);
	RC(1, file_read(path, &pem, &err));
	row.csr = (struct store_blob){ sbuf_str(&pem), pem.len };
	row.webroot_path = www;
	OK(store_add(store, &row, &err));
}

static int run(const struct engine_opts *opts)
{
	struct engine *e = NULL;
	int status = -1;

	OK(engine_new(&cc, store, "unit-0123", opts, &e, &err));
	OK(engine_run(e, &status, &err));
	engine_free(&e);
	assert_null(e);
	return status;
}

static const struct store_cert *row_of(const char *name)
{
	struct store_cert *row = NULL;

	RC(1, store_get(store, name, arena, &row, &err));
	return row;
}

static int requests(const char *kind)
{
	char line[1000], word[60];
	FILE *f = fopen(peer.log, "r");
	int n = 0;

	snprintf(word, sizeof(word), "\"kind\": \"%s\"", kind);
	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, word);
	if (f)
		fclose(f);
	return n;
}

static void fault(const char *json)
{
	sh("curl -sSf --noproxy '*' --cacert ca.pem -o /dev/null "
	   "https://127.0.0.1:%d/fault -d '%s'",
	   peer.port, json);
}

/* More names than slots; one run does them all, the next has nothing to do. */
static void many(void **state)
{
	const struct engine_opts once = { .once = true };
	struct store_attempts tried;
	char name[40];
	int i;

	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		enrol(name);
	}
	assert_int_equal(run(&once), 0);
	assert_int_equal(requests("newOrder"), 12);
	assert_int_equal(requests("newAccount"), 2); /* found none, made */
	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "n%d.example.org", i);
		assert_true(row_of(name)->crt.len > 100);
		assert_true(row_of(name)->ca.len > 100);
		assert_true(row_of(name)->ts_due > row_of(name)->ts_not_before);
		assert_null(row_of(name)->lease_owner);
		OK(store_attempts_of(store, name, 10, arena, &tried, &err));
		assert_int_equal(tried.n, 1);
		assert_string_equal(tried.v[0].outcome, "ok");
	}
	sh("test -z \"$(find www -type f)\"");
	i = requests("newNonce");
	assert_int_equal(run(&once), 0);
	assert_int_equal(requests("directory"), 1);
	assert_int_equal(requests("newNonce"), i);
}

/* An issuance from an existing account asks no more than it has to. */
static void least(void **state)
{
	static const char *const names[] = { "b.example.org" };
	const struct engine_opts first = { .once = true };
	const struct engine_opts one = { .once = true,
					 .names = names,
					 .n_names = 1 };

	enrol("a.example.org");
	assert_int_equal(run(&first), 0);
	enrol("b.example.org");
	sh("rm '%s'; touch '%s'", peer.log, peer.log);
	peer_stop(&peer);
	assert_true(start_server("1"));
	load_conf();
	assert_int_equal(run(&one), 0);
	/* it has forgotten the account with all else */
	assert_int_equal(requests("newAccount"), 2);
	enrol("c.example.org");
	sh(": >'%s'", peer.log);
	assert_int_equal(run(&first), 0);
	assert_int_equal(requests("directory"), 1);
	assert_int_equal(requests("newNonce"), 1);
	assert_int_equal(requests("newAccount"), 0);
	assert_int_equal(requests("newOrder"), 1);
	assert_int_equal(requests("authz"), 2);
	assert_int_equal(requests("challenge"), 1);
	assert_int_equal(requests("finalize"), 1);
	assert_int_equal(requests("order"), 1);
	assert_int_equal(requests("cert"), 1);
}

/* A failure is the name's own. */
static void failures(void **state)
{
	const struct engine_opts once = { .once = true };
	const struct store_cert *bad;

	enrol("a.example.org");
	enrol("b.example.org");
	enrol("c.example.org");
	fault("{\"name\":\"challenge-caa\",\"match\":\"b.example.org\"}");
	assert_int_equal(run(&once), 2);
	assert_true(row_of("a.example.org")->crt.len > 0);
	assert_true(row_of("c.example.org")->crt.len > 0);
	bad = row_of("b.example.org");
	assert_null(bad->crt.p);
	assert_string_equal(bad->fail_class, "caa");
	assert_int_equal(bad->count_fail_update, 1);
	assert_true(bad->ts_next_attempt > time(NULL));
	sh("test -z \"$(find www -type f)\"");
}

/* What a killed run left: a proof that nobody needs goes at once, one whose
 * order can be resumed goes when that order is through, a lease is free. */
static void leftovers(void **state)
{
	const struct engine_opts once = { .once = true };
	struct store_proofs left;
	struct store_proof p = { .name = "gone.example.org",
				 .lease_owner = "unit-0123",
				 .type = "http-01",
				 .zone = "",
				 .server = "",
				 .value = "token.thumb",
				 .ts_created = 1 };
	struct store_order o = { .name = "kept.example.org",
				 .ca_name = "one",
				 .account = "https://x/1",
				 .key_sha256 = "x",
				 .url = "https://x/2",
				 .state = "new",
				 .ts_created = 1 };
	char path[400], other[400];

	sh("mkdir -p www/.well-known/acme-challenge; "
	   "cd www/.well-known/acme-challenge; printf token.thumb >token; "
	   "printf kept.thumb >kept; printf mine >mine");
	snprintf(path, sizeof(path), "%s/www/.well-known/acme-challenge/token",
		 peer.dir);
	p.id = "1";
	p.owner = path;
	OK(store_proof_put(store, &p, &err));
	snprintf(other, sizeof(other), "%s/www/.well-known/acme-challenge/kept",
		 peer.dir);
	p.id = "2";
	p.owner = other;
	p.value = "kept.thumb";
	p.name = "kept.example.org";
	OK(store_proof_put(store, &p, &err));
	/* another instance's is not ours to remove */
	p.id = "3";
	p.lease_owner = "other-9";
	OK(store_proof_put(store, &p, &err));
	enrol("kept.example.org");
	OK(db_script(store->db, "UPDATE certs SET enable = 'N'", &err));
	OK(store_order_put(store, &o, &err));
	enrol("a.example.org");
	RC(1, store_claim(store, "a.example.org", "unit-0123", time(NULL),
			  time(NULL) + 9999, &err));
	assert_int_equal(run(&once), 0);
	assert_true(row_of("a.example.org")->crt.len > 0);
	sh("test \"$(find www -type f)\" = "
	   "www/.well-known/acme-challenge/mine");
	OK(store_proofs_of(store, "unit-0123", 10, arena, &left, &err));
	assert_int_equal(left.n, 0);
	OK(store_proofs_of(store, "other-9", 10, arena, &left, &err));
	assert_int_equal(left.n, 1);
}

/* What cannot be removed is tried for a week. */
static void stuck_leftovers(void **state)
{
	const struct engine_opts once = { .once = true };
	struct store_proofs left;
	struct store_proof p = { .lease_owner = "unit-0123",
				 .type = "dns-01",
				 .zone = "example.org",
				 .server = "127.0.0.1:9",
				 .owner = "_acme-challenge.example.org",
				 .value = "LPJNul-wow4m6DsqxbninhsWHlwfp0Jecwe"
					  "YgAcGC8M" };
	char path[400];

	p.id = "1";
	p.name = "old.example.org";
	p.ts_created = time(NULL) - PROOF_SWEEP_KEEP;
	OK(store_proof_put(store, &p, &err));
	p.id = "2";
	p.name = "new.example.org";
	p.ts_created = time(NULL) - PROOF_SWEEP_KEEP + 60;
	OK(store_proof_put(store, &p, &err));
	assert_int_equal(run(&once), 0);
	OK(store_proofs_of(store, "unit-0123", 10, arena, &left, &err));
	assert_int_equal(left.n, 1);
	assert_string_equal(left.v[0].id, "2");
	/* said, and not again today */
	snprintf(path, sizeof(path), "%s/state/fetcher.leftover", peer.dir);
	assert_int_equal(access(path, F_OK), 0);
	sh("printf 1 >state/fetcher.leftover");
	assert_int_equal(run(&once), 0);
	sh("test \"$(cat state/fetcher.leftover)\" -gt 1000");
	sh("printf %%s $(date +%%s) >state/fetcher.leftover; cp -p "
	   "state/fetcher.leftover x");
	assert_int_equal(run(&once), 0);
	sh("cmp state/fetcher.leftover x; "
	   "! test state/fetcher.leftover -nt x");
}

static void dry(void **state)
{
	const struct engine_opts opts = { .once = true };
	int status = -1;

	enrol("a.example.org");
	OK(engine_dry_run(&cc, store, "unit-0123", &opts, &status, &err));
	assert_int_equal(status, 0);
	assert_int_equal(requests("directory"), 0);
	assert_null(row_of("a.example.org")->crt.p);
	assert_int_equal(row_of("a.example.org")->ts_last_update, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(least, setup, teardown),
		cmocka_unit_test_setup_teardown(failures, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers, setup, teardown),
		cmocka_unit_test_setup_teardown(stuck_leftovers, setup,
						teardown),
		cmocka_unit_test_setup_teardown(dry, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
