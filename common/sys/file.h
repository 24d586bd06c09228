/* SPDX-License-Identifier: MIT */
#ifndef FILE_H
#define FILE_H

/*
 * Files. They change only by replacement: an exclusive temporary file in
 * the same folder gets its owner, group and mode on the descriptor before
 * any content, is written whole, synced, renamed over the target, and the
 * folder is synced. At every instant the target is the old file or the new
 * one; a reader never sees anything else. Messages name the path and what
 * to do.
 */

#include <stdbool.h>
#include <sys/types.h>
#include "err.h"
#include "sbuf.h"

#define FILE_KEEP ((uid_t) -1) /* leave owner or group to the system */

/* For AUTO: closes *FD unless it is -1, which it then is. */
void file_close(int *fd);

struct file_attr {
	mode_t mode;
	uid_t uid; /* FILE_KEEP: as the process */
	gid_t gid;
};

/* Whole content added to ret (bounded by its ceiling, ERR_LIMIT). A missing
 * file gives 0, a read one 1, else -1. Refuses what is not a regular file. */
int file_read(const char *path, struct sbuf *ret, struct err *err) MUST_CHECK;

/* As file_read, of what we wrote: follows no link at its end, and a file that
 * is not ours is an error. */
int file_read_own(const char *path, struct sbuf *ret,
		  struct err *err) MUST_CHECK;

/* As file_read, but missing is an error, and so is a file that holds a
 * secret and is readable by everyone, or writable by another than its owner
 * (ERR_CONFIG). Group-readable is fine. */
int file_read_secret(const char *path, struct sbuf *ret,
		     struct err *err) MUST_CHECK;
/* The same check alone, of an open file's mode; what: "password file". */
int file_check_secret(mode_t mode, const char *what, const char *path,
		      struct err *err) MUST_CHECK;

/* As file_read, but missing is an error, and so is a file that others than
 * its owner may write, or that belongs to neither root nor us (ERR_CONFIG):
 * what it says is what we do. */
int file_read_config(const char *path, struct sbuf *ret,
		     struct err *err) MUST_CHECK;

/* That check alone, on what stat(2) said of PATH, which may be a folder whose
 * files are looked for by name: the sticky bit keeps nobody from putting one
 * of a new name there, or a link. */
struct stat;
int file_check_config(const char *path, const struct stat *st,
		      struct err *err) MUST_CHECK;

/* Write DATA to PATH as said above. On failure PATH is untouched and the
 * temporary file is gone. The SELinux label of a PATH that is there is kept,
 * where that may be given. */
int file_replace(const char *path, const void *data, size_t len,
		 const struct file_attr *attr, struct err *err) MUST_CHECK;

/* The two halves of file_replace, for a change that spans several files:
 * stage all, then commit each. ret_temp (the caller's string) lies beside
 * PATH: ".NAME.certrepo-XXXXXX". */
int file_stage(const char *path, const void *data, size_t len,
	       const struct file_attr *attr, char **ret_temp,
	       struct err *err) MUST_CHECK;
/* The first half for what is too big to be held: the temporary file, with
 * owner, mode and label, to be filled and synced by the caller, who closes
 * *RET_FD and commits, or unlinks it. */
int file_begin(const char *path, const struct file_attr *attr, char **ret_temp,
	       int *ret_fd, struct err *err) MUST_CHECK;
/* Rename TEMP over PATH and sync the folder. */
int file_commit(const char *temp, const char *path, struct err *err) MUST_CHECK;
/* Remove PATH if it is there and sync its folder. */
int file_remove(const char *path, struct err *err) MUST_CHECK;
int file_sync_dir(const char *dir, struct err *err) MUST_CHECK;

/* Make DIR (one level; its parent must exist) with MODE if it is missing.
 * One that is there must be a folder. */
int file_mkdir(const char *dir, mode_t mode, struct err *err) MUST_CHECK;

/* The folder part of PATH ("." when there is none), the caller's. */
char *file_dirname(const char *path);

/* User or group name, or a number, to an id. "" gives FILE_KEEP. */
int file_uid(const char *name, uid_t *ret, struct err *err) MUST_CHECK;
int file_gid(const char *name, gid_t *ret, struct err *err) MUST_CHECK;

#endif
