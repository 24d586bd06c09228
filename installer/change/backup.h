/* SPDX-License-Identifier: MIT */
#ifndef BACKUP_H
#define BACKUP_H

/*
 * What was there before each change: STATE_DIR/backup/SERVICE/GEN/ holds a
 * manifest (a journal that says how things were, with owners, modes, ACLs and
 * attributes) and copies of the files at fixed paths, root's alone. Sets in
 * folders of their own need no copy: the folder stays as long as a manifest
 * names it.
 */

#include "journal.h"
#include "strlist.h"
#include "svc.h"

#define BACKUP_MAX 10000 /* backups of one service that we look at */

/* The name of the copy of J's file number I, in ARENA. */
const char *backup_copy_name(size_t i, struct arena *arena);
/* Make the backup that J->ops name (old of each), whose attr are set, in
 * ARENA; then its manifest. The SHA-256 of a copy is added to its name, so
 * that it is known in journal and manifest, to older programs, too. */
int backup_make(const char *state_dir, struct journal *j, struct arena *arena,
		struct err *err) MUST_CHECK;
/* What file I of J was like, from the copy: 1; 0: that has vanished, or is
 * another one now: ERR says so; -1. RET's kind is PLACE_FILE, or, of version
 * 1, PLACE_SYMLINK. */
int backup_read_copy(const char *state_dir, const struct journal *j, size_t i,
		     struct place_old *ret, struct err *err) MUST_CHECK;
/* Has NOW the content of file I of J as it was: 1, 0, -1. Without the copy it
 * is 0 where its SHA-256 is not in its name. */
int backup_is_old(const char *state_dir, const struct journal *j, size_t i,
		  const struct place_old *now, struct err *err) MUST_CHECK;
/* J's backup could not be put back, because of J->reason; it is the only copy,
 * and stays. One that is not there needs no mark. */
int backup_mark_stuck(const char *state_dir, const struct journal *j,
		      struct err *err) MUST_CHECK;
/* Is it such a one: 1, 0, -1. */
int backup_stuck(const char *state_dir, const char *service, const char *gen,
		 struct err *err) MUST_CHECK;
/* It may be gone already. */
int backup_remove(const char *state_dir, const char *service, const char *gen,
		  struct err *err) MUST_CHECK;
/* Names of SERVICE's backups, oldest first. */
int backup_list(const char *state_dir, const char *service, struct strlist *ret,
		struct err *err) MUST_CHECK;
/* 1, 0, -1. */
int backup_read(const char *state_dir, const char *service, const char *gen,
		struct arena *arena, struct journal *ret,
		struct err *err) MUST_CHECK;
/* Keep the newest KEEP, among them the newest of those that could not be put
 * back, which is not counted; and of the generation folders that we made those
 * in use. */
int backup_prune(const char *state_dir, const struct svc *s, size_t keep,
		 struct err *err) MUST_CHECK;
/* Of services that are not in SERVICES, whose newest backup is older than
 * BEFORE: the backups, and of the folders that we made those not in use. Does
 * as much as it can, reports the last error. */
int backup_forget(const char *state_dir, const struct strlist *services,
		  int64_t before, struct err *err) MUST_CHECK;

#endif
