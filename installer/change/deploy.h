/* SPDX-License-Identifier: MIT */
#ifndef DEPLOY_H
#define DEPLOY_H

/*
 * The file-system side of a transaction. Everything here may be repeated:
 * a step that was done already is left as it is. What the service reads only
 * ever changes by rename(2), in deploy_commit() and deploy_undo().
 */

#include "journal.h"
#include "svc.h"

/* Names of generations and backups: "20261123T014202Z-0a1b2c3d". */
#define DEPLOY_GEN 32
/* AFTER: the newest there is, or NULL: its successor also when the clock went
 * backwards, since the order of the names is what a rollback goes by. */
const char *deploy_gen_name(int64_t now, const char *after,
			    char buf[DEPLOY_GEN]);
bool deploy_gen_ok(const char *name);

/* Can C's files be put where they belong: the folder is there or can be
 * made, is not open to everyone, and nothing of another kind is in the way.
 * ERR_IO with a sentence. */
int deploy_check(const struct svc_cert *c, struct err *err) MUST_CHECK;

/* What stands at a link: its text in ARENA, or NULL when there is nothing. */
int deploy_read_link(const char *path, struct arena *arena, const char **ret,
		     struct err *err) MUST_CHECK;

/* Fill C's folder of generation GEN, synced. CONTENTS: one per file of C. */
int deploy_stage_generation(const struct svc_cert *c, const char *gen,
			    const struct sbuf *contents,
			    struct err *err) MUST_CHECK;
/* A copy of COPY (a file with its owner and mode, or a symbolic link),
 * staged beside TARGET; *ret_temp in ARENA. */
int deploy_stage_copy(const char *copy, const char *target, struct arena *arena,
		      const char **ret_temp, struct err *err) MUST_CHECK;
/* The other way round: PATH, if it is there, to COPY. */
int deploy_copy(const char *path, const char *copy, struct err *err) MUST_CHECK;

/* Put the new set in place. */
int deploy_commit(const struct journal *j, struct err *err) MUST_CHECK;
/* Put the old set back. Does as much as it can, reports the first error. */
int deploy_undo(const struct journal *j, struct err *err) MUST_CHECK;
/* Throw away what was staged and is not in place. */
void deploy_discard(const struct journal *j);

/* Remove the folder PATH and the files in it; folders in it are left. */
void deploy_remove_folder(const char *path);
/* Temporary files that a killed run left beside PATH. */
void deploy_sweep(const char *path);
/* The same of every file in the folder DIR. */
void deploy_sweep_folder(const char *dir);

#endif
