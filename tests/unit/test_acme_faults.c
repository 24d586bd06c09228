/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "acme_run.h"
#include "http.h"

/* The client against a CA that misbehaves: what each fault becomes, and that
 * no order is placed twice. */

static struct peer server;
static bool have_server;

/* --- the server's control --- */

struct control {
	bool done;
	char body[2000];
	long status;
};

static void on_control(void *arg, const struct http_reply *r)
{
	struct control *c = arg;

	c->done = true;
	c->status = r->status;
	(void) snprintf(c->body, sizeof(c->body), "%s", r->body);
}

static void control(const char *path, const char *json, struct control *ret)
{
	struct loop *loop;
	struct http *http;
	struct err err = ERR_INIT;
	char url[200];

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(http_new(loop, server.ca_file, 10000, &http, &err), 0);
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/%s",
			server.port, path);
	(void) http_send(http, json ? HTTP_POST : HTTP_GET, url, json,
			 json ? strlen(json) : 0, on_control, ret);
	while (!ret->done)
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	http_free(&http);
	loop_free(&loop);
	if (ret->status != 200)
		fail_msg("control %s: %ld %s", json ? json : "", ret->status,
			 ret->body);
}

/* How many requests of this kind the server has seen. */
static int seen(const char *kind)
{
	struct control c;
	char key[40];
	const char *p;

	control("stats", NULL, &c);
	(void) snprintf(key, sizeof(key), "\"%s\": ", kind);
	p = strstr(c.body, key);
	return p ? (int) strtol(p + strlen(key), NULL, 10) : 0;
}

static void set_fault(const char *name, const char *at, int times)
{
	struct control c;
	char json[300];

	control("fault", "{\"clear\": true}", &c);
	if (!name)
		return;
	(void) snprintf(json, sizeof(json),
			at ? "{\"name\": \"%s\", \"times\": %d, \"at\": "
			     "\"%s\"}"
			   : "{\"name\": \"%s\", \"times\": %d}",
			name, times, at);
	control("fault", json, &c);
}

/* --- the cases --- */

#define ALWAYS	 (-1)
#define NO_RETRY 0, 0

static const struct fault_case {
	const char *name, *at;
	int times;
	bool start; /* fails before any order */
	enum fail_class class;
	const char *words;
	int64_t retry_min, retry_max; /* s from now */
} cases[] = {
	{ "500", "newOrder", ALWAYS, false, FAIL_CA_DOWN,
	  "internal failure: \"Error in the database", NO_RETRY },
	{ "503", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "status 503",
	  NO_RETRY },
	{ "503-retry", "newOrder", ALWAYS, false, FAIL_CA_RATE_LIMITED,
	  "slow down", 5, 7 },
	{ "503", "directory", ALWAYS, true, FAIL_CA_DOWN, "status 503",
	  NO_RETRY },
	{ "503-retry", "directory", ALWAYS, true, FAIL_CA_RATE_LIMITED,
	  "slow down", 5, 7 },
	{ "html", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "HTML page",
	  NO_RETRY },
	{ "html-200", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "HTML page",
	  NO_RETRY },
	{ "html-200", "directory", ALWAYS, true, FAIL_CA_DOWN,
	  "is an HTML page, not an ACME directory", NO_RETRY },
	{ "garbage", "directory", ALWAYS, true, FAIL_CA_DOWN, "not a JSON",
	  NO_RETRY },
	{ "garbage", "newAccount", ALWAYS, true, FAIL_CA_DOWN,
	  "without an https URL", NO_RETRY },
	{ "garbage", "order", ALWAYS, false, FAIL_CA_DOWN, "not a JSON",
	  NO_RETRY },
	{ "redirect", "directory", ALWAYS, true, FAIL_CA_DOWN,
	  "cannot connect to 127.0.0.1:1:", NO_RETRY },
	{ "endless", "newOrder", ALWAYS, false, FAIL_CA_DOWN,
	  "larger than 262144 bytes", NO_RETRY },
	{ "endless", "directory", ALWAYS, true, FAIL_CA_DOWN,
	  "larger than 262144 bytes", NO_RETRY },
	{ "cut-before", "directory", ALWAYS, true, FAIL_CA_DOWN, "was cut",
	  NO_RETRY },
	{ "cut-before", "directory", 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cut-before", "newNonce", ALWAYS, true, FAIL_CA_DOWN, "was cut",
	  NO_RETRY },
	{ "cut-before", "newNonce", 1, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cut-before", "order", 1, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cut-before", "order", ALWAYS, false, FAIL_CA_DOWN, "was cut",
	  NO_RETRY },
	{ "cut-middle", "authz", 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cut-middle", "authz", ALWAYS, false, FAIL_CA_DOWN, "was cut",
	  NO_RETRY },
	{ "cut-after", "challenge", 1, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cut-after", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "cut",
	  NO_RETRY },
	{ "cut-middle", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "was cut",
	  NO_RETRY },
	{ "cut-after", "finalize", ALWAYS, false, FAIL_CA_DOWN, "cut",
	  NO_RETRY },
	{ "bad-nonce", "newOrder", 9, false, FAIL_NONE, NULL, NO_RETRY },
	{ "bad-nonce", "any", 10, false, FAIL_NONE, NULL, NO_RETRY },
	{ "bad-nonce", "newOrder", ALWAYS, false, FAIL_CA_DOWN,
	  "nonces one after another", NO_RETRY },
	{ "no-nonce", "newNonce", ALWAYS, true, FAIL_CA_DOWN, "no nonce",
	  NO_RETRY },
	{ "no-nonce", "newOrder", ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "429-seconds", NULL, ALWAYS, false, FAIL_RATE_LIMITED,
	  "too many certificates (50)", 118, 120 },
	{ "429-date", NULL, ALWAYS, false, FAIL_RATE_LIMITED, "exact set", 3597,
	  3601 },
	{ "429-failed-authz", NULL, ALWAYS, false, FAIL_RATE_LIMITED,
	  "failed authorizations", 718, 720 },
	{ "429-paused", NULL, ALWAYS, false, FAIL_RATE_LIMITED,
	  "a person has to unpause", NO_RETRY },
	{ "429-orders", NULL, ALWAYS, false, FAIL_CA_RATE_LIMITED,
	  "too many new orders", 298, 300 },
	{ "429-account", NULL, ALWAYS, true, FAIL_CA_RATE_LIMITED,
	  "too many new registrations", 598, 600 },
	{ "429", "finalize", ALWAYS, false, FAIL_CA_RATE_LIMITED,
	  "too many requests", 9, 11 },
	{ "rejected", NULL, ALWAYS, false, FAIL_REJECTED,
	  "www.example.org: \"The ACME server refuses", NO_RETRY },
	{ "order-http-url", NULL, ALWAYS, false, FAIL_CA_DOWN,
	  "(Location: \"http://", NO_RETRY },
	{ "no-location", NULL, ALWAYS, false, FAIL_CA_DOWN, "(Location: none)",
	  NO_RETRY },
	{ "account-gone", NULL, 1, false, FAIL_NONE, NULL, NO_RETRY },
	{ "account-gone", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "accountDoesNotExist", NO_RETRY },
	{ "account-deactivated", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "deactivated", NO_RETRY },
	{ "bad-csr", NULL, ALWAYS, false, FAIL_BAD_CSR, "too weak", NO_RETRY },
	{ "processing", NULL, 3, false, FAIL_NONE, NULL, NO_RETRY },
	{ "terms", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "eab", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY }, /* bound */
	/* what is odd, and does no harm */
	{ "relative", NULL, 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "html-type", "any", ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "no-meta", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "http-urls", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "authz-offers", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	/* a directory that moved */
	{ "redirect-1", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "redirect-3", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "redirect-4", NULL, ALWAYS, true, FAIL_CA_DOWN,
	  "redirects more than 3 times", NO_RETRY },
	{ "redirect-round", NULL, ALWAYS, true, FAIL_CA_DOWN,
	  "redirects more than 3 times, at last to \"/dir\"", NO_RETRY },
	{ "redirect-http", NULL, ALWAYS, true, FAIL_CA_DOWN,
	  "redirects to \"http://127.0.0.1:", NO_RETRY },
	{ "redirect", "newOrder", ALWAYS, false, FAIL_CA_DOWN, "redirects us",
	  NO_RETRY },
	/* clocks that differ */
	{ "date+3900", NULL, ALWAYS, true, FAIL_CLOCK, "the CA's", NO_RETRY },
	{ "date-3900", NULL, ALWAYS, true, FAIL_CLOCK, "the CA's", NO_RETRY },
	{ "date+3300", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "date-3300", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "cached", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "date-none", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "date-garbage", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	/* refusals that are no problem documents */
	{ "json-string", "newOrder", ALWAYS, false, FAIL_CA_DOWN,
	  "answered with \"The field csr is required\"", NO_RETRY },
	{ "json-message", "order", ALWAYS, false, FAIL_CA_DOWN,
	  "answered with \"no Route matched\"", NO_RETRY },
	{ "400-html", "finalize", ALWAYS, false, FAIL_CA_DOWN,
	  "an HTML page instead of a problem document (status 400)", NO_RETRY },
	/* the account, and what mends it */
	{ "account-rolled", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "account import test FILE, or move ", NO_RETRY },
	{ "account-deactivated", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "; it stays so: move ", NO_RETRY },
	{ "account-gone", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "account import test FILE, or move ", NO_RETRY },
	{ "401-unauthorized", NULL, ALWAYS, false, FAIL_ACCOUNT,
	  "/account.pem away for a new account", NO_RETRY },
	{ "401-account", NULL, 1, false, FAIL_NONE, NULL, NO_RETRY },
	/* Dogtag on a bad nonce, and it forgets the others */
	{ "500-html", "newOrder", 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "500-html", "authz", 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "500-html", "newAccount", 2, false, FAIL_NONE, NULL, NO_RETRY },
	{ "500-html", "newOrder", ALWAYS, false, FAIL_CA_DOWN,
	  "not available (status 500, with an HTML page)", NO_RETRY },
	{ "500-html", "finalize", ALWAYS, false, FAIL_CA_DOWN, "status 500",
	  NO_RETRY },
	{ "nonce-newest", NULL, ALWAYS, false, FAIL_NONE, NULL, NO_RETRY },
	{ "csr-unauthorized", NULL, ALWAYS, false, FAIL_BAD_CSR, "must-staple",
	  NO_RETRY },
	{ "csr-eku", NULL, ALWAYS, false, FAIL_BAD_CSR, "clientAuth",
	  NO_RETRY },
};

static void check_case(const struct fault_case *c, const struct run *run,
		       int64_t now)
{
	const struct fail *f = c->start ? &run->fail : &run->jobs[0].fail;

	if (run->fail.class != FAIL_NONE && !c->start)
		fail_msg("%s@%s: start: %s", c->name, c->at ? c->at : "-",
			 run->fail.detail);
	if (f->class != c->class || (c->words && !strstr(f->detail, c->words)))
		fail_msg("%s@%s: %s: %s", c->name, c->at ? c->at : "-",
			 fail_name(f->class), f->detail);
	if (c->retry_max == 0)
		assert_int_equal(f->retry_at, 0);
	else
		assert_in_range(f->retry_at - now, c->retry_min,
				c->retry_max + 2);
	if (c->class == FAIL_NONE)
		assert_non_null(run->jobs[0].cert);
	print_message("# %s@%s: %s: %s\n", c->name, c->at ? c->at : "-",
		      fail_name(f->class), f->detail);
}

static void run_case(const struct fault_case *c)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);

	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	set_fault(c->name, c->at, c->times);
	run_jobs(&run, &ca, NULL, NULL, 1, 20000);
	check_case(c, &run, clock_now());
	run_free(&run);
}

static void faults(void **state)
{
	if (!have_server)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i]);
}

static struct fault_case one(const char *name, const char *at, int times,
			     enum fail_class class, const char *words)
{
	return (struct fault_case){ .name = name,
				    .at = at,
				    .times = times,
				    .class = class,
				    .words = words };
}

/* A new order whose answer is lost is not placed again, even though libcurl
 * repeats the request; other requests are. */
static void no_second_order(void **state)
{
	struct fault_case c;
	int before;

	if (!have_server)
		skip();
	before = seen("newOrder");
	c = one("cut-after", "newOrder", 1, FAIL_CA_DOWN, "cut");
	run_case(&c);
	/* at most the copy that libcurl sent, refused for its nonce */
	assert_in_range(seen("newOrder") - before, 1, 2);

	/* Cut before it was handled: its nonce is still good. */
	before = seen("finalize");
	c = one("cut-before", "finalize", 1, FAIL_NONE, NULL);
	run_case(&c);
	assert_int_equal(seen("finalize") - before, 2);

	before = seen("newOrder");
	c = one("bad-nonce", "newOrder", ALWAYS, FAIL_CA_DOWN, "nonces");
	run_case(&c);
	assert_int_equal(seen("newOrder") - before, ACME_BADNONCE_MAX + 1);
}

/* Once, with the same key, for all orders together. */
static void account_once(void **state)
{
	static struct run run;
	char key[300], *account;
	struct certrepo_ca ca = test_ca(&server, key);
	int before;

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	set_fault("account-gone", NULL, 1);
	before = seen("newAccount");
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	run_jobs(&run, &ca, NULL, NULL, 10, 20000);
	check_jobs(&run);
	account = strdup(acme_account(run.acme));
	run_free(&run);
	/* found, then lost: not found, and made */
	assert_int_equal(seen("newAccount") - before, 3);

	/* And no nonce is fetched beyond one for each order. */
	set_fault(NULL, NULL, 0);
	before = seen("newNonce");
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	run_jobs(&run, &ca, NULL, NULL, 10, 20000);
	check_jobs(&run);
	assert_string_equal(acme_account(run.acme), account);
	run_free(&run);
	assert_in_range(seen("newNonce") - before, 1, 10);
	free(account);
}

struct answer {
	bool came;
	long status;
	struct fail fail;
};

static void on_answer(void *arg, const struct acme_result *r)
{
	struct answer *a = arg;

	*a = (struct answer){ .came = true, .status = r->status };
	if (r->fail)
		a->fail = *r->fail;
}

static struct answer order_one(struct run *run)
{
	struct x509_id id = { X509_ID_DNS, "www.example.test" };
	const struct x509_ids ids = { &id, 1 };
	struct answer a = { .came = false };
	struct err err = ERR_INIT;

	(void) acme_new_order(run->acme, &(struct acme_wish){ &ids }, on_answer,
			      &a);
	for (int i = 0; i < 1000 && !a.came; i++)
		assert_int_equal(loop_run(run->loop, 1000, &err), 0);
	assert_true(a.came);
	return a;
}

/* After an error page no nonce that was kept is tried: it is likely to be
 * from another server, or forgotten. */
static void nonces_after_500(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);
	struct answer a;
	int before;

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	memset(&run, 0, sizeof(run));
	set_fault(NULL, NULL, 0);
	load_csr(&run, &server);
	run_jobs(&run, &ca, NULL, NULL, 5, 20000);
	check_jobs(&run);
	before = seen("newOrder");
	set_fault("500-html", "newOrder", 1);
	a = order_one(&run);
	assert_int_equal(a.status, 201);
	assert_int_equal(seen("newOrder") - before, 2);
	before = seen("newOrder");
	set_fault("500-html", "newOrder", ALWAYS);
	a = order_one(&run);
	assert_int_equal(a.fail.class, FAIL_CA_DOWN);
	assert_int_equal(seen("newOrder") - before, 3);
	/* What a proxy says is no reason to ask again. */
	before = seen("newOrder");
	set_fault("html", "newOrder", ALWAYS);
	a = order_one(&run);
	assert_int_equal(seen("newOrder") - before, 1);
	run_free(&run);
	set_fault(NULL, NULL, 0);
}

/* A CA whose nonces do not last: none are kept, each request gets its own. */
static void nonce_pool(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);
	int nonces, all;

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	ca.nonce_pool = 0;
	set_fault(NULL, NULL, 0);
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	nonces = seen("newNonce");
	run_jobs(&run, &ca, NULL, NULL, 1, 20000);
	check_jobs(&run);
	/* all but the directory and newNonce itself are signed */
	all = (int) acme_requests(run.acme);
	nonces = seen("newNonce") - nonces;
	assert_int_equal(all - 1 - nonces, nonces);
	run_free(&run);

	/* One, for the next request. */
	ca.nonce_pool = 1;
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	nonces = seen("newNonce");
	run_jobs(&run, &ca, NULL, NULL, 1, 20000);
	check_jobs(&run);
	assert_int_equal(seen("newNonce") - nonces, 1);
	run_free(&run);
}

/* An outage while the account is registered again is not for ever. */
static void account_again_later(void **state)
{
	static struct run run;
	struct control c;
	struct answer a;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	memset(&run, 0, sizeof(run));
	set_fault(NULL, NULL, 0);
	load_csr(&run, &server);
	run_jobs(&run, &ca, NULL, NULL, 1, 20000);
	check_jobs(&run);
	set_fault("account-gone", NULL, 2);
	control("fault", "{\"name\": \"503\", \"at\": \"newAccount\"}", &c);
	a = order_one(&run);
	assert_int_equal(a.fail.class, FAIL_CA_DOWN);
	a = order_one(&run);
	if (a.fail.class != FAIL_NONE)
		fail_msg("%s", a.fail.detail);
	assert_int_equal(a.status, 201);
	run_free(&run);
}

/* All requests together keep to the CA's pace: a second's worth at once, then
 * one after another. */
static void paced(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);
	int64_t t0;
	size_t n;

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	ca.requests_per_second = 10;
	set_fault(NULL, NULL, 0);
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	t0 = clock_mono_ms();
	run_jobs(&run, &ca, NULL, NULL, 2, 20000);
	check_jobs(&run);
	n = acme_requests(run.acme);
	assert_true(n > 15);
	assert_true(clock_mono_ms() - t0 >= (int64_t) (n - 10) * 100 - 50);
	run_free(&run);
}

/* An order that fails after its proofs says why in the order object. */
static void order_invalid(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	set_fault("order-invalid", NULL, 1);
	memset(&run, 0, sizeof(run));
	load_csr(&run, &server);
	run_jobs(&run, &ca, NULL, NULL, 1, 20000);
	assert_int_equal(run.jobs[0].order.status, ACME_INVALID);
	assert_int_equal(run.jobs[0].order.error.class, FAIL_UNAUTHORIZED);
	assert_non_null(
		strstr(run.jobs[0].order.error.detail, "revoked by its owner"));
	run_free(&run);
}

/* Whatever is under way may be given up at any moment, from a callback too.
 * The leak check of the sanitizer is the judge. */
static void quit(void *arg, const struct fail *fail)
{
	struct run *run = arg;
	static const struct x509_id id = { X509_ID_DNS, "www.example.org" };
	static const struct x509_ids ids = { &id, 1 };
	struct acme_call *call;

	assert_null(fail);
	call = acme_new_order(run->acme, &(struct acme_wish){ &ids }, on_order,
			      &run->jobs[0]);
	(void) acme_new_order(run->acme, &(struct acme_wish){ &ids }, on_order,
			      &run->jobs[0]);
	acme_cancel(&call);
	assert_null(call);
	acme_cancel(&call);
	acme_free(&run->acme);
	run->ready = true;
}

static void cancel(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&server, key);
	struct err err = ERR_INIT;

	if (!have_server)
		skip();
	(void) snprintf(key, sizeof(key), "%s/account.pem", server.dir);
	memset(&run, 0, sizeof(run));
	set_fault(NULL, NULL, 0);
	assert_int_equal(loop_new(&run.loop, &err), 0);
	assert_int_equal(acme_new(run.loop, &ca, NULL, NULL, &run.acme, &err),
			 0);
	acme_start(run.acme, 5, quit, &run);
	for (int i = 0; i < 1000 && !run.ready; i++)
		assert_int_equal(loop_run(run.loop, 1000, &err), 0);
	assert_true(run.ready);
	assert_int_equal(loop_run(run.loop, 10, &err), 0);
	loop_free(&run.loop);

	/* In the middle of it all. */
	for (int rounds = 0; rounds < 40; rounds++) {
		memset(&run, 0, sizeof(run));
		load_csr(&run, &server);
		run.n = run.left = 3;
		for (size_t i = 0; i < run.n; i++) {
			run.jobs[i].run = &run;
			run.jobs[i].arena = arena_new();
		}
		assert_int_equal(loop_new(&run.loop, &err), 0);
		assert_int_equal(
			acme_new(run.loop, &ca, NULL, NULL, &run.acme, &err),
			0);
		acme_start(run.acme, 3, on_ready, &run);
		for (int i = 0; i < rounds; i++)
			assert_int_equal(loop_run(run.loop, 15, &err), 0);
		run_free(&run);
	}
}

static int setup(void **state)
{
	static char script[4096];
	char *argv[] = { (char *) "/usr/bin/python3",
			 (char *) "-W",
			 (char *) "ignore",
			 script,
			 (char *) "--cert",
			 (char *) "cert.pem",
			 (char *) "--key",
			 (char *) "key.pem",
			 (char *) "--log",
			 (char *) "requests.log",
			 (char *) "--port",
			 NULL,
			 NULL };
	char port[20];

	if (!peer_init(&server))
		return -1;
	have_server = realpath("tests/lib/acme_server.py", script) &&
		      system("/usr/bin/python3 -c 'import cryptography' "
			     "2>/dev/null") == 0;
	if (!have_server)
		return 0;
	server.port = peer_free_port();
	(void) snprintf(port, sizeof(port), "%d", server.port);
	argv[11] = port;
	(void) snprintf(server.url, sizeof(server.url),
			"https://127.0.0.1:%d/dir", server.port);
	peer_exec(&server, argv, NULL);
	return peer_wait_port(&server, server.port) ? 0 : -1;
}

static int teardown(void **state)
{
	peer_free(&server);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(no_second_order),
		cmocka_unit_test(account_once),
		cmocka_unit_test(account_again_later),
		cmocka_unit_test(nonces_after_500),
		cmocka_unit_test(nonce_pool),
		cmocka_unit_test(order_invalid),
		cmocka_unit_test(cancel),
		cmocka_unit_test(paced),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
