/* SPDX-License-Identifier: MIT */
#ifndef ACME_IMPL_H
#define ACME_IMPL_H

/* What acme.c (signed requests) and acme_account.c (directory and account)
 * share. Nobody else includes this. */

#include <sys/queue.h>
#include "acme.h"
#include "acme_nonce.h"
#include "acme_parse.h"
#include "acme_problem.h"
#include "http.h"
#include "jws.h"

/* A connection that broke is tried again so many times, when the request can
 * be repeated without harm. */
#define ACME_CUTS_MAX  2
#define ACME_PAGES_MAX 2    /* and after an error page for a fresh nonce */
#define ACME_HOPS_MAX  3    /* of the directory */
#define ACME_CLOCK_OFF 3600 /* s; more is a clock that is wrong */

/* Whose fault an exchange was that brought no answer. */
enum fail_class acme_class_of(const struct http_reply *r);

enum acme_phase {
	ACME_IDLE,
	ACME_GET_DIRECTORY,
	ACME_HAS_DIRECTORY, /* and nothing else was asked for */
	ACME_GET_ACCOUNT,
	ACME_UP,
	ACME_FAILED, /* why says why; until the next start */
};

/* So many a second, so many at once (GCRA): one instant is all its state. */
struct acme_pace {
	int64_t interval_us;
	int64_t burst_us;
	int64_t next_us;
};

enum acme_call_state {
	ACME_CALL_QUEUED, /* waits for a nonce, the account or its turn */
	ACME_CALL_SENT,
	ACME_CALL_FAILING, /* fail is set; its callback comes from the loop */
};

#define ACME_CALL_JWK	     1u /* signed with the key, not the account */
#define ACME_CALL_REPEATABLE 2u /* harmless when the CA sees it twice */
#define ACME_CALL_LOCATION   4u /* useless without a Location */
#define ACME_CALL_LENIENT    8u /* repeated, it may be "malformed": done */

struct acme_call {
	struct acme *acme;
	TAILQ_ENTRY(acme_call) link;
	enum acme_call_state state;
	enum acme_step step;
	unsigned int flags;
	char *url;
	char *payload;
	size_t len;
	unsigned int bad_nonces, cuts, pages;
	unsigned int generation; /* of the account it was signed with */
	struct http_req *req;
	struct fail *fail;
	acme_fn *fn;
	void *arg;
};
TAILQ_HEAD(acme_calls, acme_call);

struct acme {
	struct loop *loop;
	const struct certrepo_ca *ca;
	struct jws_key *key;
	struct http *http;
	enum acme_phase phase;
	struct fail why;

	struct arena *arena; /* of dir */
	struct acme_directory dir;
	char *directory; /* where it is, or NULL: where ca says */
	unsigned int directory_cuts, directory_hops;
	int64_t directory_asked; /* when, by our clock */
	char *account;		 /* URL, or NULL */
	unsigned int generation; /* counts accounts */
	bool renewed;		 /* the account was lost once already */
	bool look_only;		 /* make none */
	bool unknown;		 /* there was none to be found */
	acme_ready_fn *ready;
	void *ready_arg;
	bool directory_only;
	struct loop_timer *go_on; /* with the directory that is there */

	struct acme_nonces nonces;
	size_t prime; /* nonces still to be fetched ahead */
	size_t heads; /* newNonce requests under way */
	unsigned int head_fails;
	int64_t head_hold; /* monotonic ms: none before */
	struct acme_pace pace, head_pace, poll_pace, poll_peak;

	struct acme_calls queue, flight, failing;
	size_t n_queue;
	struct loop_timer *wake;
	int64_t wake_at;
};

/* A call into the queue; PAYLOAD is copied. */
struct acme_call *acme_call_new(struct acme *acme, enum acme_step step,
				unsigned int flags, const char *url,
				const char *payload, size_t len, acme_fn *fn,
				void *arg);
/* Look at the queue again MS from now, at the latest. */
void acme_wake_in(struct acme *acme, int64_t ms);
/* Every call that waits ends so. */
void acme_fail_queue(struct acme *acme, const struct fail *why);
void acme_pace_init(struct acme_pace *pace, int64_t per_second, int64_t burst);
/* May a request go now? Then it is counted: 0; else the ms to wait. */
int64_t acme_pace_ask(struct acme_pace *pace);
int64_t acme_pace_wait(const struct acme_pace *pace); /* not counted */

/* Add to *f what mends an account that is lost, or whose key is another. */
void acme_say_new_account(const struct acme *acme, struct fail *f);
/* ... what mends a contact that the CA refuses. */
void acme_say_contact(const struct acme *acme, struct fail *f);

/* From an answer, for later; NULL is none. */
void acme_nonce_keep(struct acme *acme, const char *nonce);

/* --- acme_renewal.c --- */

void acme_renewal_init(struct acme *acme);

/* --- acme_account.c --- */

/* Register, or find the account of the key again; ready() is called if set.
 * The phase becomes ACME_UP, or ACME_FAILED and the queue fails. */
void acme_account_register(struct acme *acme);

#endif
