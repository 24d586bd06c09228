/* SPDX-License-Identifier: MIT */
#ifndef ACME_RUN_H
#define ACME_RUN_H

/* Whole issuances for the unit tests, several at once: the smallest client
 * that acme.h allows. Proofs are not made: the servers believe. */

#include "acme_peer.h"
#include "acme.h"
#include "clock.h"

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
	struct loop_timer *timer;
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

static inline void job_end(struct job *j, const struct fail *f)
{
	if (f)
		j->fail = *f;
	j->done = true;
	j->run->left--;
}

static inline void on_order(void *arg, const struct acme_result *r);

static inline void job_poll(void *arg)
{
	struct job *j = arg;

	j->timer = NULL;
	(void) acme_get(j->run->acme, j->url, on_order, j);
}

static inline void job_wait(struct job *j)
{
	j->timer = loop_after(j->run->loop, 20, job_poll, j);
}

static inline void on_cert(void *arg, const struct acme_result *r)
{
	struct job *j = arg;

	if (!r->fail)
		j->cert = arena_strndup(j->arena, r->body, r->len);
	job_end(j, r->fail);
}

static inline void next_authz(struct job *j);

static inline void on_respond(void *arg, const struct acme_result *r)
{
	struct job *j = arg;

	if (r->fail) {
		job_end(j, r->fail);
		return;
	}
	j->authz++;
	next_authz(j);
}

static inline void on_authz(void *arg, const struct acme_result *r)
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
	for (size_t i = 0; a.status == ACME_PENDING && i < a.n_challenges; i++)
		if (strcmp(a.challenges[i].type, "http-01") == 0) {
			(void) acme_respond(j->run->acme, a.challenges[i].url,
					    on_respond, j);
			return;
		}
	j->authz++;
	next_authz(j);
}

static inline void next_authz(struct job *j)
{
	if (j->authz < j->order.n_authorizations)
		(void) acme_get(j->run->acme, j->order.authorizations[j->authz],
				on_authz, j);
	else
		job_wait(j);
}

static inline void on_order(void *arg, const struct acme_result *r)
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
			job_wait(j);
		break;
	case ACME_READY:
		(void) acme_finalize(j->run->acme, j->order.finalize,
				     j->run->csr, j->run->csr_len, on_order, j);
		break;
	case ACME_PROCESSING:
		job_wait(j);
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

static inline void on_ready(void *arg, const struct fail *fail)
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
		(void) acme_new_order(run->acme, &(struct acme_wish){ &ids },
				      on_order, &run->jobs[i]);
}

static inline struct certrepo_ca test_ca(const struct peer *p, char *key)
{
	struct certrepo_ca ca = { .name = "test",
				  .directory = p->url,
				  .account_key = key,
				  .agree_tos = true,
				  .ca_file = p->ca_file,
				  .requests_per_second = 5000,
				  .nonce_pool = 1024 };

	return ca;
}

/* The CSR of www.example.org, as the openssl program makes it. */
static inline void load_csr(struct run *run, const struct peer *p)
{
	char path[300];
	FILE *f;

	assert_int_equal(
		peer_sh(p->dir,
			"test -s csr.der || openssl req -new -newkey ec "
			"-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
			"csrkey.pem -outform DER -out csr.der -subj "
			"/CN=www.example.org -addext "
			"subjectAltName=DNS:www.example.org"),
		0);
	(void) snprintf(path, sizeof(path), "%s/csr.der", p->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	run->csr_len = fread(run->csr, 1, sizeof(run->csr), f);
	(void) fclose(f);
}

static inline void run_jobs(struct run *run, const struct certrepo_ca *ca,
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

static inline void run_free(struct run *run)
{
	acme_free(&run->acme);
	for (size_t i = 0; i < run->n; i++)
		loop_cancel(&run->jobs[i].timer);
	loop_free(&run->loop);
	for (size_t i = 0; i < run->n; i++)
		arena_free(&run->jobs[i].arena);
}

static inline void check_jobs(const struct run *run)
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

#endif
