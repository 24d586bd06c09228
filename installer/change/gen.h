/* SPDX-License-Identifier: MIT */
#ifndef GEN_H
#define GEN_H

/*
 * Generations: the names of backups and of the folders that a set of files
 * comes in, and a record of the folders that we made. Their own folder may be
 * somebody else's, who can put what he likes under any name there: only what
 * STATE_DIR/folders/SERVICE remembers by name and inode is removed, and in it
 * only the files that we wrote.
 */

#include <stdint.h>
#include "arena.h"
#include "place.h"
#include "strlist.h"

/* "20261123T014202Z-0a1b2c3d": a time, and what cannot be guessed. */
#define GEN_NAME 32
/* AFTER: the newest there is, or NULL: its successor also when the clock went
 * backwards, since the order of the names is what a rollback goes by. */
int gen_name(int64_t now, const char *after, char buf[GEN_NAME],
	     struct err *err) MUST_CHECK;
bool gen_ok(const char *name);

struct gen_folder {
	const char *gen;  /* the change that made it, see journal.h */
	const char *dir;  /* the folder it is in, by its real name */
	const char *name; /* in it */
	const char *temp; /* while it was filled */
	uint64_t ino;
	const char **files;
	size_t n_files;
	bool gone; /* to be left out by gen_save() */
	bool away; /* gen_remove() did not find the folder that it is in */
};

#define GEN_FOLDERS_MAX 10000
#define GEN_FILES_MAX	64 /* of one folder */

struct gen_folders {
	struct gen_folder *v;
	size_t n;
};

/* All strings live in ARENA. No record: none; so is one that is damaged, which
 * is said. */
int gen_load(const char *state_dir, const char *service, struct arena *arena,
	     struct gen_folders *ret, struct err *err) MUST_CHECK;
/* Without a folder there is no record. */
int gen_save(const char *state_dir, const char *service,
	     const struct gen_folders *all, struct err *err) MUST_CHECK;
/* F one more. */
void gen_add(struct gen_folders *all, struct arena *arena,
	     const struct gen_folder *f);
/* What the links say is a person's, too, who may spell a generation as he
 * likes ("GEN/", "./GEN", "/etc/tls/GEN", by another link). */
#define GEN_ID 48
/* TEXT without what changes nothing in front and at its end; the caller's. */
char *gen_trim(const char *text);
/* The folder that a link in DIR leads to that says TEXT, as "DEVICE:INODE": 1;
 * 0: it leads to none; -1. */
int gen_leads(const struct place *dir, const char *text, char ret[GEN_ID],
	      struct err *err) MUST_CHECK;
/* What such a link keeps: the last name that it says, and where it leads; with
 * DIR NULL the name alone. */
int gen_use(const struct place *dir, const char *text, struct strlist *used,
	    struct err *err) MUST_CHECK;
/* Remove F from the disk, unless LINK in its folder or one of those in USED
 * leads there, or it is another one now or has more in it. Then it is gone
 * from the record as well. What cannot be told is left, in both: -1. */
int gen_remove(struct gen_folder *f, const char *link,
	       const struct strlist *used, struct err *err) MUST_CHECK;

#endif
