/* SPDX-License-Identifier: MIT */
#ifndef PLAN_H
#define PLAN_H

/* What is to be done: pure functions of what was found on disk, in the
 * store and at the endpoints. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_row {
	PLAN_ROW_MISSING,  /* the store has no such name */
	PLAN_ROW_ASKED,	   /* the same, and this host asked for it */
	PLAN_ROW_DISABLED, /* enable='N' */
	PLAN_ROW_EMPTY,	   /* no certificate yet */
	PLAN_ROW_BAD,	   /* not to be parsed */
	PLAN_ROW_GOOD,
};

struct plan_cert {
	enum plan_row row;
	bool unknown;	 /* what the disk has could not be read */
	bool same_files; /* the disk has just what the row would give */
	bool same_cert;	 /* at least its certificate */
	bool refused;	 /* vetted and found wanting (not vetted when
			  * same_files) */
	bool held;	 /* a person went back from this one */
	bool sideways;	 /* no newer one: the same certificate with another
			  * chain, or another of the same second, and nothing
			  * else differs */
	bool disk_good;	 /* then: what is on disk would be taken, too, */
	bool stepped;	 /* and the row's had part in such a step before, or
			  * in one by PLAN_DATED_BACK */
	/* Another CA issued it than that of have_from. */
	bool other_ca;
	int64_t row_from; /* notBefore of the row's */
	/* notBefore of what it would replace: the one on disk, unless it is
	 * self-signed (a placeholder), or what we installed last, whichever is
	 * later; 0: nothing. */
	int64_t have_from;
};

/* Why the store has no certificate to be had: "it is ...". */
const char *plan_row_text(enum plan_row row);

/* CAs date notBefore back, so that clocks that are late take a new certificate:
 * caddy by a minute, Let's Encrypt by an hour. By so many seconds one of
 * another CA may begin earlier, once, and is not older for that. */
#define PLAN_DATED_BACK 3900

enum plan_verdict {
	PLAN_KEEP,    /* as it should be */
	PLAN_PUT,     /* install it */
	PLAN_WAIT,    /* disabled, or not issued yet: leave what is there */
	PLAN_MISSING, /* an error of the configuration */
	PLAN_REFUSE,  /* see why it was refused */
	PLAN_OLDER,   /* a step back */
	PLAN_HOLD,
	PLAN_UNKNOWN, /* nothing can be done about what cannot be read, or is
		       * gone */
	PLAN_MISFIT,  /* in place, but the host's key is not its own any
		       * more (judge.c finds this) */
};

enum plan_verdict plan_cert(const struct plan_cert *c, bool force);
/* It is such a one. */
bool plan_dated_back(const struct plan_cert *c);

struct plan_service {
	size_t put;	   /* certificates to install */
	bool misfit;	   /* telling it may break it: a key does not fit */
	bool unfit;	   /* the same, until what is put is in place */
	bool held;	   /* just this failed before, nothing changed since */
	bool can_activate; /* the profile has commands for it */
	/* endpoints whose certificate is on disk */
	size_t right, wrong, down;
	int64_t activate_count, activate_at; /* see svcstate.h */
	int64_t post_count, post_at;
	bool along;	       /* it was not asked for by name */
	bool closed;	       /* not the hour to activate it */
	int64_t wait, waiting; /* see svc.h, svcstate.h */
};

enum plan_action {
	PLAN_NOTHING,
	PLAN_INSTALL,  /* put, test, activate, verify */
	PLAN_ACTIVATE, /* the files are right, what is served is not */
	PLAN_HELD,     /* wait until the certificate or profile changes */
	PLAN_DOWN,     /* an endpoint cannot be reached: tell */
	PLAN_POSTPONE, /* activation did not help: not every run again */
	PLAN_WINDOW,   /* at another hour */
	PLAN_WAITING,  /* until a person or a reboot restarts it */
	/* Not decided here: */
	PLAN_BLOCKED, /* by a service that it changes together with */
	PLAN_FAILED,  /* to be installed, but it could not begin */
	PLAN_BACK,    /* it was begun, and failed */
};

/* Activations that do not help, and commands after a change that fail, are
 * tried this often in a row, then once in PLAN_ACTIVATE_PAUSE seconds. */
#define PLAN_ACTIVATE_TRIES 3
#define PLAN_ACTIVATE_PAUSE 86400

enum plan_action plan_service(const struct plan_service *s, int64_t now,
			      bool force);
/* Where nothing else is to be done: are the commands after the last change,
 * which failed, tried again. */
bool plan_post(const struct plan_service *s, int64_t now);

#endif
