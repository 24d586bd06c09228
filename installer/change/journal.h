/* SPDX-License-Identifier: MIT */
#ifndef JOURNAL_H
#define JOURNAL_H

/*
 * The journal of one transaction: what is about to be done, written and
 * synced before it is done, so that the run after a kill can finish or undo
 * it without the store. It has a part for each service that is changed, all
 * in one file, so that they change their states together; a part that is at
 * its end leaves it, while others stay. The file's name is that of a service in
 * it, or was, and means nothing. The text of a part serves as the manifest of a
 * backup, too, where it says how things were.
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
#include "place.h"

#define JOURNAL_MAX	  (4u << 20) /* bytes */
#define JOURNAL_LINES_MAX 20000
#define JOURNAL_VERSION	  2
#define JOURNAL_PARTS_MAX 64 /* services of one transaction */

enum journal_state {
	JOURNAL_PREPARE,
	JOURNAL_INSTALL,
	JOURNAL_ACTIVATE,
	JOURNAL_ROLLBACK,
	JOURNAL_CLOSE,
};

enum journal_op_type { JOURNAL_LINK, JOURNAL_FILE };

/* What the copy of an old file does not say: it is root's alone. */
struct journal_attr {
	struct file_attr attr;
	const char *acl; /* as in place.h, or NULL */
	struct place_xattr *xattrs;
	size_t n_xattrs;
};

struct journal_op {
	enum journal_op_type type;
	const char *path;   /* the link, or the file: its real one, on the way
			     * of which no link is followed any more */
	const char *next;   /* the new generation's name; or the name of the
			     * staged temporary beside the file; NULL before
			     * it is staged */
	uint64_t ino;	    /* of what next names; 0: not known */
	const char *sha256; /* of a file's new content */
	const char *old;    /* the link's old text; or the name of the copy of
			     * the old file in the backup; NULL: there was
			     * none */
	const struct journal_attr *attr; /* of a file with a copy; NULL: those
					  * of the copy (version 1) */
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
	/* 1: of older programs. Without inodes, so that its paths are good
	 * for putting back what was, and for nothing else. */
	unsigned int version;
	const char *service;
	const char *gen; /* names its backup and its new folders */
	enum journal_state state;
	bool back;	      /* a rollback that a person asked for */
	bool placeholder;     /* it puts one where there is nothing: nobody is
			       * told, and no backup made */
	bool activated;	      /* the service may have been told */
	bool told_back;	      /* and of the old set again: what is missing is
			       * the proof */
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

/* Replace PATH by what the N parts J say; synced on return. PATH and all
 * folders above it must be ours (ERR_CONFIG), here and below. */
int journal_write(const char *path, const struct journal *j, size_t n,
		  struct err *err) MUST_CHECK;
/* 1, 0 when there is none, -1 (ERR_IO or ERR_INPUT: damaged). */
int journal_read(const char *path, struct arena *arena, struct journals *ret,
		 struct err *err) MUST_CHECK;
/* Names of the journals in the folder DIR; none when there is no such folder.
 */
int journal_list(const char *dir, struct strlist *ret,
		 struct err *err) MUST_CHECK;
/* Is there one at PATH: 1, 0, -1. */
int journal_there(const char *path, struct err *err) MUST_CHECK;
/* Does it tell of a change of SERVICE that is not at its end; of a damaged one
 * its name or a line is enough, of what is no file at all its name. 1, 0, -1.
 */
int journal_tells_of(const char *path, const char *service,
		     struct err *err) MUST_CHECK;
int journal_remove(const char *path, struct err *err) MUST_CHECK;
int journal_parse(const char *text, struct arena *arena, struct journals *ret,
		  struct err *err) MUST_CHECK;

#endif
