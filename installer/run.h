/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

/* One run of the installer over its services. */

#include "installer_conf.h"
#include "notice.h"
#include "receipt.h"
#include "svc.h"
#include "verify.h"
#include "x509.h"

struct run {
	const struct installer_conf *conf;
	const struct svcs *svcs;
	struct strlist only; /* services asked for; empty: all */
	struct arena *arena;
	struct receipts receipts;
	struct notices *notices;  /* NULL: nobody is told in this run */
	struct x509_trust *trust; /* loaded when something is installed */
	int64_t now;
	bool dry_run, force;
	bool beat;	  /* idle services report, too */
	bool *skip;	  /* per service: what was left could not be mended */
	size_t good, bad; /* services done or idle, and not */
};

/* Is S among those asked for. */
bool run_wants(const struct run *r, const struct svc *s);
/* The trust anchors, or NULL. */
const struct x509_trust *run_trust(struct run *r, struct err *err);
/* One look at the endpoint I of S. */
void run_probe(const struct svc *s, size_t i, const struct verify_want *want,
	       struct verify_seen *seen);
/* "127.0.0.1:443/www.example.org", in ARENA. */
const char *run_endpoint_text(const struct svc_endpoint *e,
			      struct arena *arena);
/* A receipt about one certificate of S; E and SEEN NULL: about its files. */
void run_receipt(struct run *r, const struct svc *s, const char *cert,
		 const struct svc_endpoint *e, const char *state,
		 const struct verify_seen *seen, const char *detail);

/* CERT of S, or all of it when that is "", is so; see notice.h. */
void run_notice(struct run *r, enum notice_topic topic, const char *service,
		const char *cert, const char *state, const char *text);

/* The steps of a run, in their order; what becomes of each service is told
 * as it happens and counted in good and bad. */

/* Finish or undo what killed runs left. Needs no store. */
int run_recover(struct run *r, struct err *err) MUST_CHECK;
/* Ask the store and bring every wanted service up to date, then send the
 * receipts. -1 when the store cannot be used: nothing was touched. */
int run_update(struct run *r, struct err *err) MUST_CHECK;
/* --verify: prints what each endpoint serves; true when all is well. */
bool run_verify(struct run *r);
/* --rollback: NAME is a service's or a certificate's. */
int run_back(struct run *r, const char *name, struct err *err) MUST_CHECK;

#endif
