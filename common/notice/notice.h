/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_H
#define NOTICE_H

/*
 * What needs a person, told by mail and by a command (the group notify of a
 * configuration), and to the owner of the certificate, by a mail that has what
 * is his alone: when it is new, when what it says is another thing than what
 * was told, once in a while as long as it lasts, and when it is over. All that
 * is to be told in a run is one mail and one call of the command. Numbers do
 * not make it another thing, nor does it that what went back is held from
 * then on; and what alternates is not told each time, but that something is
 * held is, each time that it comes to that.
 *
 * STATE_DIR/notices remembers what was told, and of which store, since what one
 * holds says nothing of another. It may be lost: then everything is new.
 */

#include "arena.h"
#include "notify_conf.h"
#include "sbuf.h"

/* In a line of todo, the first of these stands for the shell word ARG. Of those
 * that are alike: all words in one line; a line for each. */
#define NOTICE_ARGS "\1"
#define NOTICE_ARG  "\2"

#define NOTICE_MAX	2000 /* matters that are remembered */
#define NOTICE_TEXT_MAX 1000 /* bytes of each sentence */

enum notice_topic {
	NOTICE_TROUBLE,	 /* failed, rolled back, held, refused */
	NOTICE_ENDPOINT, /* it is not seen to serve what is in place */
	NOTICE_WAITING,	 /* a person must restart a service */
	NOTICE_EXPIRING, /* and there is nothing newer */
	NOTICE_KEY_AGE,
	NOTICE_STORE,	/* it cannot be reached */
	NOTICE_CA,	/* it rests; CERT is its name */
	NOTICE_CLOCK,	/* a CA's is another */
	NOTICE_LEASE,	/* of a fetcher that keeps names; CERT is who */
	NOTICE_PROOF,	/* what could not be removed */
	NOTICE_MORE,	/* of the same, counted */
	NOTICE_TEST,	/* nothing is wrong */
	NOTICE_CONF,	/* it is refused, but whom to tell is known */
	NOTICE_REQUEST, /* hosts ask for something, and nobody has decided */
	/* Remarks (remark.h) about a CA, CERT is its name. */
	NOTICE_WINDOW,	  /* it wants certificates earlier than it said */
	NOTICE_CHAIN,	  /* it has none like preferred_chain */
	NOTICE_DIRECTORY, /* another one was found */
	NOTICE_BINDING,	  /* the account's is not that of eab_kid */
	NOTICE_NEXT,	  /* it is missing, and the next one has its names */
	NOTICE_TOPICS
};

struct notice {
	enum notice_topic topic;
	const char *service; /* "": the host */
	const char *cert;    /* "": all of the service */
	const char *state;   /* a word, as in receipts */
	const char *text;    /* a sentence */
	bool patient;	     /* told once it has lasted; NOTICE_STORE always */
	int64_t lasts;	     /* ... for so many seconds; 0: from->patience */
	int64_t since;	     /* when it began; 0: when it was first seen */
	/* Or NULL: what stands for TEXT where it is asked whether it is still
	 * the same. */
	const char *alike;
	/* Or NULL: what TEXT is not about, but this one alone; stands before
	 * it. Those of one GROUP, which has a hash of what they have in common,
	 * are one paragraph of the mail. */
	const char *own;
	const char *group;
	const char *arg; /* or NULL: for NOTICE_ARG */
	/* Or NULL: lines for a person, NULL-terminated, what happens by itself
	 * and what to do; one that begins with a blank is a command, and
	 * belongs to the one before. They do not make it another thing. */
	const char *const *todo;
	/* Or NULL: a mail address, who is told of it, too, as the owner of the
	 * certificate; another thing than an address is nobody. */
	const char *owner;
	/* Nobody else is; but for that it is held, where others were told of
	 * it before. */
	bool owner_only;
	int64_t end; /* of the certificate it is about; 0: none. In the subject
		      * of the mail, when it is the nearest. */
};

struct notices;

/* What the owner of a certificate is to be told: whether it is so again, other
 * or new is in KEY, a hash of what is said. */
struct notice_claim {
	const char *cert, *owner, *key;
	bool over;
	int64_t now, repeat; /* not again before so many seconds */
	bool ours;
};
typedef int notice_claim_fn(void *arg, struct notice_claim *v, size_t n,
			    struct err *err);

/* Who speaks, and to whom. */
struct notice_from {
	const char *program; /* "certrepo-installer" */
	const char *host;
	const char *state_dir;
	const struct notify_conf *notify; /* NULL: nobody is told, or, with
					   * OWNERS, they alone */
	bool owners;			  /* of certificates are told, too */
	/* Several programs may find the same: which of it is this one's to
	 * tell? CLAIM sets v[i].ours; where it cannot be known (ERR_CONFIG),
	 * it is all of it; after another failure none in this run. UNCLAIM: it
	 * could not be told after all. Or NULL. */
	notice_claim_fn *claim, *unclaim;
	void *claim_arg;
	int64_t patience;  /* seconds before what is patient is told */
	const char *store; /* which, for the memory; NULL: there is but one */
	const char *found; /* "The certificates of H, as PROGRAM found them" */
	const char *see;   /* a command that shows what is so */
	const char *shows; /* "each certificate and endpoint" */
	/* NULL-terminated; what was told of others is over, unless it is added
	 * again */
	const char *const *services;
};

/* What was told so far; NOW is the run's, FROM is borrowed. When nobody is to
 * be told, nothing is remembered. No instant after NOW is believed. ERR is set
 * when what was told is lost: the file is damaged, or cannot be read. */
struct notices *notice_load(const struct notice_from *from, int64_t now,
			    struct err *err);
void notice_free(struct notices **n);
/* Nothing is remembered, or was added. */
bool notice_none(const struct notices *n);

/* It is so. Copies M. */
void notice_add(struct notices *n, const struct notice *m);
/* This run looked at TOPIC of SERVICE: what was so, and was not added, is
 * over. */
void notice_looked(struct notices *n, enum notice_topic topic,
		   const char *service);
/* What is now of CERT of SERVICE, a few words: said when something is over. */
void notice_now(struct notices *n, const char *service, const char *cert,
		const char *text);
/* The same of CERT of TOPIC of the host. */
void notice_now_of(struct notices *n, enum notice_topic topic, const char *cert,
		   const char *text);
/* The CERTs of TOPIC that are remembered, of the host, and were not added. */
void notice_missing(const struct notices *n, enum notice_topic topic,
		    struct strlist *ret);
/* It is not so any more, and nobody is told that it is over. */
void notice_forget(struct notices *n, enum notice_topic topic,
		   const char *cert);
/* What is said once, when it happens, is never over. Of TOPIC of the host,
 * nothing that was not added is remembered for longer than it is not told
 * again. */
void notice_fade(struct notices *n, enum notice_topic topic);
/* Whether it is still so is not known: it is not over. */
void notice_open(struct notices *n, enum notice_topic topic,
		 const char *service, const char *cert);
/* Tell what is to be told. -1: some of it could not be handed over, err says
 * why; the next run tries again. What could not be mailed is added to UNTOLD,
 * line by line as the mail would have had it. When STOP, a descriptor or -1,
 * can be read, whoever is told is ended at once. */
int notice_send(struct notices *n, int stop, struct strlist *untold,
		struct err *err) MUST_CHECK;
/* UNTOLD, on stderr as it is, to be copied, and in syslog. */
void notice_print(const struct strlist *untold);

/* Of FROM only program, host, notify, found, see and shows matter. A message
 * that says that it is a test, to all who are told; nothing is remembered.
 * Prints what came of it, and each failure on stderr; the exit status: 78 when
 * CONFIG has nobody to tell. */
int notice_test(const struct notice_from *from, const char *config,
		int64_t now) MUST_CHECK;

#endif
