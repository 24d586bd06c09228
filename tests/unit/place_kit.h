/* SPDX-License-Identifier: MIT */
#ifndef PLACE_KIT_H
#define PLACE_KIT_H

/* What the tests of place share: include after cmocka.h. */

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <sys/xattr.h>
#include "place.h"
#include "scratch.h"

#define SVC ((uid_t) 4242) /* a service's user, and its group */
#define ANY ((uid_t) 4343) /* anybody else */

static const struct file_attr plain = { .mode = 0640,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };

static inline int place_kit_rm(const char *path, const struct stat *st,
			       int type, struct FTW *f)
{
	return remove(path);
}

/* A new folder that other users may pass through. */
static inline int place_kit_fresh(void **state)
{
	if (nftw(scratch_dir, place_kit_rm, 16, FTW_DEPTH | FTW_PHYS) != 0 ||
	    scratch_setup(state) != 0)
		return -1;
	return chmod(scratch_dir, 0755);
}

static inline size_t place_kit_count(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static inline size_t place_kit_fds(void)
{
	return place_kit_count("/proc/self/fd");
}

/* The place of PATH, where it must be possible to go. */
static inline void place_kit_get(const char *path, struct place *ret)
{
	struct err err = ERR_INIT;

	place_close(ret);
	if (place_open("", path, 0, ret, &err) != 1)
		fail_msg("%s: %s", path, err.msg);
}

static inline void place_kit_put(const struct place *p, const char *text,
				 const struct file_attr *attr,
				 const struct place_old *from)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	if (place_stage(p, text, strlen(text), attr, from, &n, &err) == -1 ||
	    place_commit(p, &n, false, &err) == -1)
		fail_msg("%s", err.msg);
}

static inline void place_kit_read(const struct place *p, struct place_old *ret)
{
	struct err err = ERR_INIT;

	place_old_free(ret);
	if (place_read(p, ret, &err) == -1)
		fail_msg("%s", err.msg);
}

static inline struct stat place_kit_stat(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		fail_msg("%s: %s", path, strerror(errno));
	return st;
}

static inline mode_t place_kit_mode(const char *path)
{
	return place_kit_stat(path).st_mode & 07777;
}

static inline void place_kit_mkdir(const char *path, uid_t uid, mode_t mode)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, uid, uid), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void place_kit_symlink(const char *text, const char *path,
				     uid_t uid)
{
	assert_int_equal(symlink(text, path), 0);
	assert_int_equal(lchown(path, uid, uid), 0);
}

static inline void place_kit_become(uid_t uid)
{
	if (setgroups(0, NULL) == -1 || setgid(uid) == -1 || setuid(uid) == -1)
		_exit(99);
}

/* What ACCESS (R_OK) says to UID of PATH: the kernel's word on an ACL. */
static inline bool place_kit_may(const char *path, uid_t uid, int access_mode)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		place_kit_become(uid);
		_exit(access(path, access_mode) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0;
}

#endif
