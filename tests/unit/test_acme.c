/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/resource.h>
#include "acme_peer.h"
#include "acme/acme.h"
#include "clock.h"

/* The client against pebble, which rejects half of all nonces here: whole
 * issuances, several at once. pebble believes every proof
 * (PEBBLE_VA_ALWAYS_VALID), so there are none. */

#define JOBS_MAX 200

struct job {
	struct run *run;
	int i;
	struct arena *arena;
	struct acme_order order;
	const char *url;
	size_t authz;
	char *cert;
	struct fail fail;
	bool done;
};

struct run {
	struct acme *acme;
	struct loop *loop;
	unsigned char csr[2048];
	size_t csr_len;
	const char *const *names;
	struct job jobs[JOBS_MAX];
	size_t n, left;
	bool ready;
	struct fail fail;
};

static struct peer pebble;
static bool have_pebble;

static void job_end(struct job *j, const struct fail *f)
{
	if (f)
		j->fail = *f;
	j->done = true;
	j->run->left--;
}

static void on_order(void *arg, const struct acme_result *r);

static void job_poll(void *arg)
{
	struct job *j = arg;

	(void) acme_get(j->run->acme, j->url, on_order, j);
}

static void on_cert(void *arg, const struct acme_result *r)
{
	struct job *j = arg;

	if (!r->fail)
		j->cert = arena_strndup(j->arena, r->body, r->len);
	job_end(j, r->fail);
}

static void next_authz(struct job *j);

static void on_respond(void *arg, const struct acme_result *r)
{
	struct job *j = arg;

	if (r->fail) {
		job_end(j, r->fail);
		return;
	}
	j->authz++;
	next_authz(j);
}

static void on_authz(void *arg, const struct acme_result *r)
{
	struct job *j = arg;
	struct acme_authz a;
	struct err err = ERR_INIT;

	if (r->fail) {
		job_end(j, r->fail);
		return;
	}
	if (acme_parse_authz(r->body, r->len, j->arena, &a, &err) == -1) {
		struct fail f;

		fail_set(&f, FAIL_CA_DOWN, 0, "%s", err.msg);
		job_end(j, &f);
		return;
	}
	if (a.status == ACME_PENDING) {
		(void) acme_respond(j->run->acme, a.challenges[0].url,
				    on_respond, j);
		return;
	}
	j->authz++;
	next_authz(j);
}

static void next_authz(struct job *j)
{
	if (j->authz < j->order.n_authorizations)
		(void) acme_get(j->run->acme, j->order.authorizations[j->authz],
				on_authz, j);
	else
		(void) loop_after(j->run->loop, 20, job_poll, j);
}

static void on_order(void *arg, const struct acme_result *r)
{
	struct job *j = arg;
	struct err err = ERR_INIT;
	struct fail f;

	if (r->fail) {
		job_end(j, r->fail);
		return;
	}
	if (acme_parse_order(r->body, r->len, j->arena, &j->order, &err) ==
	    -1) {
		fail_set(&f, FAIL_CA_DOWN, 0, "%s", err.msg);
		job_end(j, &f);
		return;
	}
	if (!j->url)
		j->url = arena_strdup(j->arena, r->location);
	switch (j->order.status) {
	case ACME_PENDING:
		if (j->authz == 0)
			next_authz(j);
		else
			(void) loop_after(j->run->loop, 20, job_poll, j);
		break;
	case ACME_READY:
		(void) acme_finalize(j->run->acme, j->order.finalize,
				     j->run->csr, j->run->csr_len, on_order, j);
		break;
	case ACME_PROCESSING:
		(void) loop_after(j->run->loop, 20, job_poll, j);
		break;
	case ACME_VALID:
		(void) acme_get(j->run->acme, j->order.certificate, on_cert, j);
		break;
	default:
		fail_set(&f, FAIL_INTERNAL, 0, "order status %d",
			 (int) j->order.status);
		job_end(j, &f);
	}
}

static void on_ready(void *arg, const struct fail *fail)
{
	static const struct x509_id id = { X509_ID_DNS, "www.example.org" };
	static const struct x509_ids ids = { &id, 1 };
	struct run *run = arg;

	run->ready = true;
	if (fail) {
		run->fail = *fail;
		run->left = 0;
		return;
	}
	for (size_t i = 0; i < run->n; i++)
		(void) acme_new_order(run->acme, &ids, on_order, &run->jobs[i]);
}

static struct certrepo_ca test_ca(const struct peer *p, char *key)
{
	struct certrepo_ca ca = { .name = "test",
				  .directory = p->url,
				  .account_key = key,
				  .agree_tos = true,
				  .ca_file = p->ca_file,
				  .requests_per_second = 5000 };

	return ca;
}

/* The CSR of www.example.org, as the openssl program makes it. */
static void load_csr(struct run *run)
{
	char path[300];
	FILE *f;

	assert_int_equal(
		peer_sh(pebble.dir,
			"test -s csr.der || openssl req -new -newkey ec "
			"-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
			"csrkey.pem -outform DER -out csr.der -subj "
			"/CN=www.example.org -addext "
			"subjectAltName=DNS:www.example.org"),
		0);
	(void) snprintf(path, sizeof(path), "%s/csr.der", pebble.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	run->csr_len = fread(run->csr, 1, sizeof(run->csr), f);
	(void) fclose(f);
}

static void run_jobs(struct run *run, const struct certrepo_ca *ca,
		     const char *account, const char *thumb, size_t n,
		     int64_t limit_ms)
{
	struct err err = ERR_INIT;
	int64_t end = clock_mono_ms() + limit_ms;

	run->n = run->left = n;
	for (size_t i = 0; i < n; i++) {
		run->jobs[i].run = run;
		run->jobs[i].arena = arena_new();
	}
	assert_int_equal(loop_new(&run->loop, &err), 0);
	if (acme_new(run->loop, ca, account, thumb, &run->acme, &err) == -1)
		fail_msg("%s", err.msg);
	acme_start(run->acme, n, on_ready, run);
	while ((run->left > 0 || !run->ready) && clock_mono_ms() < end)
		if (loop_run(run->loop, end - clock_mono_ms(), &err) == -1)
			fail_msg("%s", err.msg);
}

static void run_free(struct run *run)
{
	acme_free(&run->acme);
	loop_free(&run->loop);
	for (size_t i = 0; i < run->n; i++)
		arena_free(&run->jobs[i].arena);
}

static void check_jobs(const struct run *run)
{
	assert_true(run->ready);
	if (run->fail.class != FAIL_NONE)
		fail_msg("start: %s", run->fail.detail);
	for (size_t i = 0; i < run->n; i++) {
		const struct job *j = &run->jobs[i];

		if (j->fail.class != FAIL_NONE)
			fail_msg("job %zu: %s: %s", i, fail_name(j->fail.class),
				 j->fail.detail);
		assert_true(j->done);
		assert_non_null(j->cert);
		assert_memory_equal(j->cert, "-----BEGIN CERTIFICATE-----", 27);
	}
}

static void pebble_issues(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&pebble, key);
	char *account;
	struct stat st;

	if (!have_pebble)
		skip();
	memset(&run, 0, sizeof(run));
	(void) snprintf(key, sizeof(key), "%s/accounts/a.pem", pebble.dir);
	load_csr(&run);
	run_jobs(&run, &ca, NULL, NULL, 4, 60000);
	check_jobs(&run);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	account = strdup(acme_account(run.acme));
	assert_non_null(strstr(account, "/my-account/"));
	run_free(&run);

	/* Found again by the key alone. */
	memset(&run, 0, sizeof(run));
	load_csr(&run);
	run_jobs(&run, &ca, NULL, NULL, 1, 60000);
	check_jobs(&run);
	assert_string_equal(acme_account(run.acme), account);
	run_free(&run);
	free(account);
}

/* No more requests than RFC 8555 needs: nothing but the directory and a nonce
 * beside the order's own (order, authorization, challenge, polls, finalize,
 * certificate). A second pebble, which rejects no nonce. */
static void pebble_requests(void **state)
{
	static const char *const env[] = { "PEBBLE_VA_NOSLEEP=1",
					   "PEBBLE_VA_ALWAYS_VALID=1",
					   "PEBBLE_WFE_NONCEREJECT=0",
					   "PEBBLE_AUTHZREUSE=0", NULL };
	static struct run run;
	struct peer p = pebble;
	char key[300], *thumb, *account;
	struct certrepo_ca ca = test_ca(&p, key);

	if (!have_pebble)
		skip();
	p.port = p.mgmt = 0;
	assert_true(peer_pebble(&p, env));
	(void) snprintf(key, sizeof(key), "%s/b.pem", p.dir);
	memset(&run, 0, sizeof(run));
	load_csr(&run);
	run_jobs(&run, &ca, NULL, NULL, 0, 30000);
	check_jobs(&run);
	assert_int_equal(acme_requests(run.acme), 3); /* and newAccount */
	account = strdup(acme_account(run.acme));
	thumb = strdup(acme_thumbprint(run.acme));
	run_free(&run);

	memset(&run, 0, sizeof(run));
	load_csr(&run);
	run_jobs(&run, &ca, account, thumb, 1, 30000);
	check_jobs(&run);
	/* polls: pebble validates and issues in the background */
	assert_in_range(acme_requests(run.acme), 2 + 6, 2 + 6 + 4);
	run_free(&run);

	/* An account URL that belongs to another key is not used. */
	memset(&run, 0, sizeof(run));
	run_jobs(&run, &ca, account, "another-thumbprint", 0, 30000);
	check_jobs(&run);
	assert_int_equal(acme_requests(run.acme), 3);
	assert_string_equal(acme_account(run.acme), account);
	run_free(&run);

	/* pebble forgets everything when it restarts: the account is lost, the
	 * key is registered again, and the order goes on. */
	peer_stop(&p);
	assert_true(peer_pebble(&p, env));
	memset(&run, 0, sizeof(run));
	load_csr(&run);
	run_jobs(&run, &ca, account, thumb, 3, 30000);
	check_jobs(&run);
	assert_string_not_equal(acme_account(run.acme), account);
	run_free(&run);

	/* The CA moved: the account of its former address is not used. */
	peer_stop(&p);
	p.port = p.mgmt = 0;
	assert_true(peer_pebble(&p, env));
	memset(&run, 0, sizeof(run));
	load_csr(&run);
	run_jobs(&run, &ca, account, thumb, 1, 30000);
	check_jobs(&run);
	run_free(&run);
	peer_stop(&p);
	free(account);
	free(thumb);
}

static void untrusted(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&pebble, key);

	if (!have_pebble)
		skip();
	(void) snprintf(key, sizeof(key), "%s/accounts/a.pem", pebble.dir);
	ca.ca_file = NULL;
	memset(&run, 0, sizeof(run));
	run_jobs(&run, &ca, NULL, NULL, 1, 30000);
	assert_int_equal(run.fail.class, FAIL_CA_DOWN);
	assert_non_null(strstr(run.fail.detail, "is not trusted"));
	assert_non_null(strstr(run.fail.detail, "ca_file"));
	run_free(&run);
}

static void refused(void **state)
{
	static struct run run;
	char key[300], url[100];
	struct certrepo_ca ca = test_ca(&pebble, key);
	struct err err = ERR_INIT;

	(void) snprintf(key, sizeof(key), "%s/accounts/a.pem", pebble.dir);
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/dir",
			peer_free_port());
	ca.directory = url;
	memset(&run, 0, sizeof(run));
	run_jobs(&run, &ca, NULL, NULL, 1, 30000);
	assert_int_equal(run.fail.class, FAIL_CA_DOWN);
	assert_non_null(strstr(run.fail.detail, "cannot connect to 127.0.0.1"));
	run_free(&run);

	/* What the configuration has wrong shows before any request. */
	assert_int_equal(loop_new(&run.loop, &err), 0);
	ca.directory = "http://127.0.0.1/dir";
	assert_int_equal(acme_new(run.loop, &ca, NULL, NULL, &run.acme, &err),
			 -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "https"));
	ca.directory = url;
	ca.ca_file = "/nonexistent/ca.pem";
	assert_int_equal(acme_new(run.loop, &ca, NULL, NULL, &run.acme, &err),
			 -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "/nonexistent/ca.pem"));
	loop_free(&run.loop);
}

static void terms(void **state)
{
	static struct run run;
	char key[300];
	struct certrepo_ca ca = test_ca(&pebble, key);

	if (!have_pebble)
		skip();
	(void) snprintf(key, sizeof(key), "%s/accounts/c.pem", pebble.dir);
	ca.agree_tos = false;
	memset(&run, 0, sizeof(run));
	run_jobs(&run, &ca, NULL, NULL, 1, 30000);
	assert_int_equal(run.fail.class, FAIL_ACCOUNT);
	/* pebble's own terms */
	assert_non_null(strstr(run.fail.detail, "data:text/plain,Do%20what"));
	assert_non_null(strstr(run.fail.detail, "agree_tos = true"));
	run_free(&run);
}

/* By hand: ACME_URL, ACME_CA_FILE, ACME_JOBS give a time and the CPU used. */
static int by_hand(const char *url)
{
	static struct run run;
	struct peer p = { .port = 0 };
	char key[300];
	struct certrepo_ca ca = test_ca(&p, key);
	struct rusage ru;
	int64_t t0, t1;

	(void) peer_init(&pebble);
	(void) snprintf(key, sizeof(key), "%s/x.pem", pebble.dir);
	ca.directory = url;
	ca.ca_file = getenv("ACME_CA_FILE");
	load_csr(&run);
	run_jobs(&run, &ca, NULL, NULL, 0, 30000);
	char *account = strdup(acme_account(run.acme));
	char *thumb = strdup(acme_thumbprint(run.acme));
	run_free(&run);
	memset(&run, 0, sizeof(run));
	load_csr(&run);
	t0 = clock_mono_ms();
	run_jobs(&run, &ca, account, thumb,
		 (size_t) strtol(getenv("ACME_JOBS"), NULL, 10), 40000);
	t1 = clock_mono_ms();
	(void) getrusage(RUSAGE_SELF, &ru);
	size_t ok = 0;
	for (size_t i = 0; i < run.n; i++) {
		ok += run.jobs[i].cert != NULL;
		if (run.jobs[i].fail.class)
			printf("%zu: %s\n", i, run.jobs[i].fail.detail);
	}
	printf("%zu of %zu, %lld ms, cpu %ld ms user %ld ms sys, %zu requests, "
	       "%ld KiB\n",
	       ok, run.n, (long long) (t1 - t0),
	       ru.ru_utime.tv_sec * 1000 + ru.ru_utime.tv_usec / 1000,
	       ru.ru_stime.tv_sec * 1000 + ru.ru_stime.tv_usec / 1000,
	       acme_requests(run.acme), ru.ru_maxrss);
	run_free(&run);
	peer_free(&pebble);
	free(account);
	free(thumb);
	return ok == run.n ? 0 : 1;
}

static int setup(void **state)
{
	static const char *const env[] = { "PEBBLE_VA_NOSLEEP=1",
					   "PEBBLE_VA_ALWAYS_VALID=1",
					   "PEBBLE_WFE_NONCEREJECT=50",
					   "PEBBLE_AUTHZREUSE=0", NULL };

	if (!peer_init(&pebble))
		return -1;
	have_pebble = system("command -v pebble >/dev/null") == 0;
	return have_pebble && !peer_pebble(&pebble, env) ? -1 : 0;
}

static int teardown(void **state)
{
	peer_free(&pebble);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pebble_issues),
		cmocka_unit_test(pebble_requests),
		cmocka_unit_test(untrusted),
		cmocka_unit_test(refused),
		cmocka_unit_test(terms),
	};

	if (getenv("ACME_URL"))
		return by_hand(getenv("ACME_URL"));
	return cmocka_run_group_tests(tests, setup, teardown);
}
