/* SPDX-License-Identifier: MIT */
#ifndef BACKUP_H
#define BACKUP_H

/*
 * What was there before each change: STATE_DIR/backup/SERVICE/GEN/ holds a
 * manifest (a journal that says how things were) and copies of the files at
 * fixed paths, with their owners and modes. Sets in folders of their own
 * need no copy: the folder stays as long as a manifest names it.
 */

#include "journal.h"
#include "strlist.h"
#include "svc.h"

#define BACKUP_MAX 10000 /* backups of one service that we look at */

/* The path of the copy of file number I, in ARENA. */
const char *backup_copy_path(const char *state_dir, const char *service,
			     const char *gen, size_t i, struct arena *arena);
/* Make the backup that J->ops name (old of each), then its manifest. */
int backup_make(const char *state_dir, const struct journal *j,
		struct err *err) MUST_CHECK;
void backup_remove(const char *state_dir, const char *service, const char *gen);
/* Names of SERVICE's backups, oldest first. */
int backup_list(const char *state_dir, const char *service, struct strlist *ret,
		struct err *err) MUST_CHECK;
/* 1, 0, -1. */
int backup_read(const char *state_dir, const char *service, const char *gen,
		struct arena *arena, struct journal *ret,
		struct err *err) MUST_CHECK;
/* Keep the newest KEEP, and of the generation folders those in use. */
int backup_prune(const char *state_dir, const struct svc *s, size_t keep,
		 struct err *err) MUST_CHECK;

#endif
