/* SPDX-License-Identifier: MIT */
#ifndef ORDER_IMPL_H
#define ORDER_IMPL_H

/* The inside of an order, shared by order.c (the table, waiting, time) and
 * the state functions: order_claim.c (the row), order_flow.c (the CA's
 * order), order_chain.c (other chains of what it gave), order_end.c (how it
 * ends). */

#include "accept.h"
#include "authz.h"
#include "order.h"
#include "reply.h"
#include "store_offer.h"
#include "wish.h"

/* RFC 8555 section 7.1.3: "expires" is optional. */
#define ORDER_LIFE_UNKNOWN (30 * 86400)
/* Nor is it believed for ever. */
#define ORDER_LIFE_MOST (90 * 86400)

enum state {
	S_CLAIM,
	S_CLAIMED,
	S_RESUME,
	S_RESUMED,
	S_FORGOTTEN,
	S_NEW,
	S_CREATED,
	S_RECORDED,
	S_AUTHZ,
	S_FINALIZE,
	S_SEND_CSR,
	S_FINALIZED,
	S_POLL,
	S_POLLED,
	S_DOWNLOAD,
	S_DOWNLOADED,
	S_ALTERNATE,
	S_ALTERNATED,
	S_ACCEPT,
	S_STORED,
	S_LEARN,
	S_KNOWN,
	S_TEACH,
	S_TAUGHT,
	S_PARK,
	S_PARKED,
	S_FAIL,
	S_GIVE_UP,
	S_FAILED,
	S_CLEAN,
	S_LEAVE,
	S_LEFT,
	S_END,
};

struct order {
	const struct order_env *env;
	void *cookie;
	const struct certrepo_ca *ca;
	struct acme *acme;
	char *name, *ca_name;
	enum order_how how;
	enum state state;
	enum order_wait waits;
	enum order_end end;

	/* the row, as claimed; in ROW */
	struct arena *row;
	struct store_cert *cert;
	bool have_saved;
	struct store_order saved;
	int claimed;
	/* When another account's order was last heard of; 0: it is none, or
	 * not one to wait for. */
	int64_t moved;
	struct x509_csr *csr;
	const struct proof_type *type;
	/* Of the certificate in the row (RFC 9773 section 5), in ROW: for the
	 * wish; NULL: nothing that this CA would know, or want to hear. */
	char *replaces;
	/* Why it is renewed before its time, in ROW; NULL: it is not. */
	char *early;

	/* the order */
	struct arena *arena;
	bool resumed;
	/* The CA may have been told to issue: it is never dropped before
	 * ts_expires. */
	bool finalized;
	int64_t ts_expires;
	char *url, *finalize, *certificate;
	struct authz_job job;
	struct authz **authz;
	size_t n_authz;

	struct acme_call *call;
	struct reply reply;
	int64_t sent_ms, rtt_ms;
	struct loop_timer *timer, *deadline;
	struct err store_err;
	int tries, polls, finalizes;
	int64_t finalize_ms; /* when it was sent last */
	int64_t waits_ms;    /* since when it waits for the CA to issue */
	bool refused;	     /* finalize was, by fail */
	const char *profile; /* in ROW: that was asked for, or is its order's;
			      * NULL: none that we know of */
	bool let_go;	     /* what was resumed, because of fail */
	char why[sizeof(((struct fail *) 0)->detail)]; /* it looks again */

	struct accept_cert accepted;
	/* Where it is with other chains; the next one of them. */
	struct strlist alternates;
	size_t alternate;
	struct store_chains seen, known; /* of the CA; in ROW */
	bool stored;
	int64_t ts_start, ts_end, not_after;
	int64_t start_ms;
	bool jumped;	 /* our clock did, meanwhile */
	bool changed;	 /* the row was set back by a person */
	bool csr_back;	 /* its CSR is the one before again */
	bool unrecorded; /* that it failed */
	bool failed, terminal, stopping, cleaning;
	bool removed;	  /* the row was, by somebody */
	struct fail fail; /* or what it is parked for */
	struct backoff backoff;
	int64_t count;
};

/* A state function: does its part, sets o->state to what comes next and
 * returns what has to come first. */
typedef enum order_wait order_state_fn(struct order *o);

/* --- order.c: what it waits for --- */

enum order_wait order_go(struct order *o, enum state next);
enum order_wait order_call(struct order *o, struct acme_call *c,
			   enum state next);
enum order_wait order_pause(struct order *o, int64_t ms, enum state next);
enum order_wait order_commit(struct order *o, batch_op *op, enum state next);
void order_on_reply(void *arg, const struct acme_result *r);
void order_wake(void *arg);
/* Now, by the clock as it was when the order began. */
int64_t order_steady(const struct order *o);
/* End it, or its cleaning, when MS have passed. */
void order_set_deadline(struct order *o, int64_t ms);

/* TERMINAL: the CA's order is of no more use. */
enum order_wait order_fail_with(struct order *o, const struct fail *f,
				bool terminal);
enum order_wait order_failed(struct order *o, enum fail_class class,
			     bool terminal, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
enum order_wait order_fail_store(struct order *o);
/* A request failed: look again how things stand when that may help. */
enum order_wait order_fail_reply(struct order *o, enum state again);

/* --- order_claim.c --- */

/* There is an order of an earlier run that its CA may have issued by. */
bool order_has_kept(const struct order *o);

/* --- order_flow.c --- */

/* What was resumed is of no use: order anew, at once. */
enum order_wait order_start_anew(struct order *o);

/* --- order_chain.c --- */

/* What was accepted is to be stored: by which chain? */
enum order_wait order_choose_chain(struct order *o);
/* What the new certificate, which is stored, has not that the old one had. */
void order_say_change(const struct order *o);

/* --- order_end.c --- */

void order_drop_authz(struct order *o);
/* Step them; true when all of them have ended. */
bool order_step_authz(struct order *o);
void order_attempt(const struct order *o, struct store_attempt *ret);

/* --- the states --- */

order_state_fn order_s_claim, order_s_claimed, order_s_forgotten,
	order_s_resume, order_s_resumed, order_s_new, order_s_created,
	order_s_recorded, order_s_authz, order_s_finalize, order_s_send_csr,
	order_s_finalized, order_s_poll, order_s_polled, order_s_download,
	order_s_downloaded, order_s_alternate, order_s_alternated,
	order_s_accept, order_s_stored, order_s_learn, order_s_known,
	order_s_teach, order_s_taught, order_s_park, order_s_parked,
	order_s_fail, order_s_give_up, order_s_failed, order_s_clean,
	order_s_leave, order_s_left, order_s_end;

#endif
