/* SPDX-License-Identifier: MIT */
#ifndef HOST_H
#define HOST_H

/*
 * This host in this run: its configuration and services, what it trusts, and
 * what it has to say in the end to the store and to people. Every step of a
 * run is handed it; what the steps are, run.h knows.
 */

#include "installer_conf.h"
#include "notice.h"
#include "receipt.h"
#include "receipt_state.h"
#include "requested.h"
#include "svc.h"
#include "verify.h"
#include "x509.h"

/* What there is to say of a placeholder that is served, as it should be. */
#define HOST_PLACEHOLDER \
	"a placeholder, self-signed: no certificate from the store yet"

struct host {
	const struct installer_conf *conf;
	const struct svcs *svcs;
	struct strlist only;  /* services asked for; empty: all */
	struct strlist along; /* those of them that nobody named */
	struct arena *arena;
	struct receipts receipts;
	struct receipts known;	     /* of the runs before, */
	struct receipts over;	     /* and what of it is so no more */
	struct notices *notices;     /* NULL: nobody is told in this run */
	struct x509_trust *trust;    /* loaded when something is installed */
	struct requested *requested; /* NULL: not read yet */
	int64_t now;
	bool dry_run, force;
	bool placeholders; /* to lay them is all that is done: nothing is run */
	bool verbose;	   /* also what is well */
	bool loud;	   /* a person is there: what was said is said again */
	bool beat;	   /* idle services report, too */
	bool store_reached; /* it told what it has; */
	bool store_away;    /* it was asked, and did not */
	bool recalled; /* storeway.h: that the views serve was known before */
	struct store *centre; /* centre.h: when it is another one; NULL: not
			       * opened, or, with an error, away */
	struct err centre_away;
	const char *fault; /* of the run as a whole, a sentence, or NULL */
	bool *looked;	   /* per service: this run did; or NULL */
	const char **out;  /* per service: why it is not touched, or NULL */
	size_t good, bad;  /* services done or idle, and not */
};

/* Is S among those asked for. */
bool host_wants(const struct host *r, const struct svc *s);
/* NAME is of no service and of no certificate: "; is web meant?", or "" when
 * none is near. To be freed. */
char *host_near_text(const struct host *r, const char *name);
/* Whoever changes together with one of those asked for, is asked for, too: one
 * without the other would be neither all nor none. */
void host_take_along(struct host *r);
/* S was not named itself: what it has already is not put once more. */
bool host_is_along(const struct host *r, const struct svc *s);
/* What is to be named to install the certificates of S: S, or a certificate
 * that it shares with a service that changes together with it. */
const char *host_name_for(const struct host *r, const struct svc *s);
/* Is T, which was written down, yet to come by more than a day: a clock was far
 * ahead then, and when it was is not known. */
bool host_is_ahead(const struct host *r, int64_t t);
/* The trust anchors, or NULL. */
const struct x509_trust *host_trust(struct host *r, struct err *err);
/* What was asked for, read once, and said when that fails; R's. */
struct requested *host_requested(struct host *r);
/* A receipt about one certificate of S; E and SEEN NULL: about its files. */
void host_receipt(struct host *r, const struct svc *s, const char *cert,
		  const struct svc_endpoint *e, enum receipt_state state,
		  const struct verify_seen *seen, const char *detail);
/* The same of what was only looked at: it is left out when nothing else was
 * said last, unless this is the time to say all. */
void host_found(struct host *r, const struct svc *s, const char *cert,
		const struct svc_endpoint *e, enum receipt_state state,
		const struct verify_seen *seen, const char *detail);
/* What was said of CERT before is so no more, and there is nothing to say in
 * its place. */
void host_over(struct host *r, const struct svc *s, const char *cert);
/* What was said last, in this run or one before; NULL: nothing. */
const struct store_receipt *host_last(const struct host *r, const struct svc *s,
				      const char *cert,
				      const struct svc_endpoint *e);
/* How this run, of all services, comes to its end: of the host itself "alive",
 * or "failed" and what is not well. The next one says it only when that is
 * otherwise, or it is the time to say all. */
void host_ended(struct host *r);
/* CERT of S, or all of it when that is "", is so; see notice.h. */
void host_notice(struct host *r, enum notice_topic topic, const char *service,
		 const char *cert, const char *state, const char *text);

#endif
