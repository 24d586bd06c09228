/* SPDX-License-Identifier: MIT */
#include "webroot.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "mem.h"
#include "words.h"

#define PLACE	   "/.well-known/acme-challenge"
#define DIR_FLAGS  (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define GROUPS_MAX 256

static const char *user_text(uid_t uid, struct arena *a)
{
	const struct passwd *pw = getpwuid(uid);

	return pw ? arena_strdup(a, pw->pw_name)
		  : arena_printf(a, "%lu", (unsigned long) uid);
}

static bool in_group(uid_t uid, gid_t gid)
{
	const struct passwd *pw = getpwuid(uid);
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (!pw || getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) == -1)
		return false;
	while (n > 0)
		if (groups[--n] == gid)
			return true;
	return false;
}

/* MODE of W_OK and X_OK. */
static bool may(int fd, uid_t uid, mode_t mode)
{
	struct stat st;
	mode_t bits;

	if (uid == geteuid())
		return faccessat(fd, ".", (int) mode, AT_EACCESS) == 0;
	if (uid == 0)
		return true;
	if (fstat(fd, &st) == -1)
		return false;
	if (st.st_uid == uid)
		bits = st.st_mode >> 6;
	else if (in_group(uid, st.st_gid))
		bits = st.st_mode >> 3;
	else
		bits = st.st_mode;
	return (bits & mode) == mode;
}

/* Only the challenges' own folder changes hands: who owns the web root, or
 * what is above it, needs that for other things. */
static const char *command(const struct webroot_look *look, bool his,
			   const char *missing, struct arena *a)
{
	const char *argv[6] = { "chown", "-h", look->user, look->folder };
	AUTO(mem_free_str) char *text = NULL;
	size_t n = 0;

	if (look->way || (his && !missing)) {
		argv[n++] = "chmod";
		argv[n++] = his ? "u+rwx" : "o+x";
		argv[n++] = look->folder;
		argv[n] = NULL;
	} else if (missing) {
		argv[n++] = "install";
		argv[n++] = "-d";
		argv[n++] = "-o";
		argv[n++] = look->user;
		argv[n++] = missing;
	}
	text = words_text(argv);
	return arena_strdup(a, text);
}

static int refused(int fd, const char *folder, uid_t uid, const char *missing,
		   struct arena *a, struct webroot_look *ret)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	ret->folder = *folder ? folder : "/";
	ret->owner = user_text(st.st_uid, a);
	ret->user = user_text(uid, a);
	ret->mode = st.st_mode & 07777;
	ret->command = command(ret, st.st_uid == uid, missing, a);
	return 0;
}

/* Where the web root's people let nobody look, it is walked to as written. */
static char *real_path(const char *webroot)
{
	char *real = realpath(webroot, NULL);
	size_t n = strlen(webroot);

	if (real || errno != EACCES)
		return real;
	while (n > 0 && webroot[n - 1] == '/')
		n--;
	return mem_strndup(webroot, n);
}

int webroot_look(const char *webroot, uid_t uid, struct arena *a,
		 struct webroot_look *ret)
{
	AUTO(file_close) int fd = open("/", DIR_FLAGS);
	AUTO(mem_free_str) char *real = real_path(webroot);
	size_t n = real ? strlen(real) : 0, at = 0, len = 0;
	const char *path;

	if (!real || fd == -1 || *real != '/')
		return -1;
	path = arena_printf(a, "%s" PLACE, n == 1 ? "" : real);
	n = n == 1 ? 0 : n;
	*ret = (struct webroot_look){ .way = true };
	for (; path[at]; at += len) {
		AUTO(mem_free_str) char *name = NULL;
		int next;

		if (!may(fd, uid, X_OK))
			return refused(fd, arena_strndup(a, path, at), uid,
				       NULL, a, ret);
		len = 1 + strcspn(path + at + 1, "/");
		name = mem_strndup(path + at + 1, len - 1);
		next = openat(fd, *name ? name : ".", DIR_FLAGS);
		if (next == -1 && (errno != ENOENT || at < n))
			return -1;
		if (next == -1)
			break;
		file_close(&fd);
		fd = next;
	}
	if (may(fd, uid, W_OK | X_OK))
		return 1;
	ret->way = false;
	if (path[at])
		return refused(fd, arena_strndup(a, path, at), uid,
			       arena_strndup(a, path, at + len), a, ret);
	return refused(fd, path, uid, NULL, a, ret);
}
