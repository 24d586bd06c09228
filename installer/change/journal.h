/* SPDX-License-Identifier: MIT */
#ifndef JOURNAL_H
#define JOURNAL_H

/*
 * The journal of one transaction: what is about to be done, written and
 * synced before it is done, so that the run after a kill can finish or undo
 * it without the store. It has a part for each service that is changed, all
 * in one file, so that they change their states together. The text of a part
 * serves as the manifest of a backup, too, where it says how things were.
 *
 *	prepare   backup copies and new files are being made, nothing the
 *	          service reads has changed: undone by throwing them away
 *	install   all of them are on disk: finished by going on
 *	activate  the service was, or is about to be, told: goes on
 *	rollback  the old set is being put back: goes on until proven
 *	close     the end was proven, copies and leftovers are being thrown
 *	          away: goes on with that
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"

#define JOURNAL_MAX	  (1u << 20) /* bytes */
#define JOURNAL_LINES_MAX 20000
#define JOURNAL_PARTS_MAX 64 /* services of one transaction */

enum journal_state {
	JOURNAL_PREPARE,
	JOURNAL_INSTALL,
	JOURNAL_ACTIVATE,
	JOURNAL_ROLLBACK,
	JOURNAL_CLOSE,
};

enum journal_op_type { JOURNAL_LINK, JOURNAL_FILE };

struct journal_op {
	enum journal_op_type type;
	const char *path;   /* the link; or the file */
	const char *next;   /* the new generation's name; or the staged temp,
			     * NULL before it is staged */
	const char *sha256; /* of a file's new content */
	const char *old;    /* the link's old text; or the copy of the old
			     * file; NULL: there was none */
};

/* What each certificate of the service should be when all is done. */
struct journal_cert {
	const char *name;
	const char *fingerprint; /* NULL: none is expected */
	const char *chain;	 /* see verify.h; NULL: not looked at */
	const char *old;	 /* fingerprint before, NULL: none */
	int64_t not_before, not_after;
	const char *left; /* back, to the same certificate with another
			   * chain: judge_digest() of what is left */
};

/* What an endpoint showed before anything was done. */
struct journal_endpoint {
	const char *address, *look; /* see svc.h */
	bool reachable;
	const char *fingerprint; /* NULL: no certificate seen */
	const char *chain;	 /* digest of the chain sent with it */
};

/* A part: of one service. */
struct journal {
	const char *service;
	const char *gen; /* names its backup and its new folders */
	enum journal_state state;
	bool back;	      /* a rollback that a person asked for */
	bool activated;	      /* the service may have been told */
	bool no_hold;	      /* a rollback that the next run tries anew */
	const char *hold;     /* digest a failure is held under, or NULL */
	const char *consumed; /* back: the backup it goes back to */
	const char *reason;   /* rollback: a sentence, or NULL */
	struct journal_op *ops;
	size_t n_ops;
	struct journal_cert *certs;
	size_t n_certs;
	struct journal_endpoint *endpoints;
	size_t n_endpoints;
};

struct journals {
	struct journal *v;
	size_t n; /* 1 to JOURNAL_PARTS_MAX */
};

/* Replace PATH by what the N parts J say; synced on return. */
int journal_write(const char *path, const struct journal *j, size_t n,
		  struct err *err) MUST_CHECK;
/* 1, 0 when there is none, -1 (ERR_IO or ERR_INPUT: damaged). */
int journal_read(const char *path, struct arena *arena, struct journals *ret,
		 struct err *err) MUST_CHECK;
int journal_parse(const char *text, struct arena *arena, struct journals *ret,
		  struct err *err) MUST_CHECK;

#endif
