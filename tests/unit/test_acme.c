/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/resource.h>
#include "acme_run.h"

/* The client against pebble, which rejects half of all nonces here: whole
 * issuances, several at once. pebble believes every proof
 * (PEBBLE_VA_ALWAYS_VALID), so there are none. */

static struct peer pebble;
static bool have_pebble;

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
	load_csr(&run, &pebble);
	run_jobs(&run, &ca, NULL, NULL, 4, 60000);
	check_jobs(&run);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	account = strdup(acme_account(run.acme));
	assert_non_null(strstr(account, "/my-account/"));
	run_free(&run);

	/* Found again by the key alone. */
	memset(&run, 0, sizeof(run));
	load_csr(&run, &pebble);
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
	load_csr(&run, &pebble);
	run_jobs(&run, &ca, NULL, NULL, 0, 30000);
	check_jobs(&run);
	/* and newAccount, twice: is there one? make one */
	assert_int_equal(acme_requests(run.acme), 4);
	account = strdup(acme_account(run.acme));
	thumb = strdup(acme_thumbprint(run.acme));
	run_free(&run);

	memset(&run, 0, sizeof(run));
	load_csr(&run, &pebble);
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
	load_csr(&run, &pebble);
	run_jobs(&run, &ca, account, thumb, 3, 30000);
	check_jobs(&run);
	assert_string_not_equal(acme_account(run.acme), account);
	run_free(&run);

	/* The CA moved: the account of its former address is not used. */
	peer_stop(&p);
	p.port = p.mgmt = 0;
	assert_true(peer_pebble(&p, env));
	memset(&run, 0, sizeof(run));
	load_csr(&run, &pebble);
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
	load_csr(&run, &pebble);
	run_jobs(&run, &ca, NULL, NULL, 0, 30000);
	char *account = strdup(acme_account(run.acme));
	char *thumb = strdup(acme_thumbprint(run.acme));
	run_free(&run);
	memset(&run, 0, sizeof(run));
	load_csr(&run, &pebble);
	t0 = clock_mono_ms();
	run_jobs(&run, &ca, account, thumb,
		 (size_t) strtol(getenv("ACME_JOBS"), NULL, 10), 40000);
	t1 = clock_mono_ms();
	(void) getrusage(RUSAGE_SELF, &ru);
	size_t ok = 0;
	for (size_t i = 0; i < run.n; i++) {
		ok += !!run.jobs[i].cert;
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
