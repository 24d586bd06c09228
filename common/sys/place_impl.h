/* SPDX-License-Identifier: MIT */
#ifndef PLACE_IMPL_H
#define PLACE_IMPL_H

/* What the files of place share. */

#include <errno.h>
#include <sys/stat.h>
#include "place.h"

/* EINTR means that nothing was done. */
#define PLACE_RETRY(call)                            \
	({                                           \
		__typeof__(call) rc_;                \
		do                                   \
			rc_ = (call);                \
		while (rc_ == -1 && errno == EINTR); \
		rc_;                                 \
	})

#define PLACE_TEMP_MARK ".certrepo-"

bool place_ours(uid_t uid);
/* Is it writable by none but its owner (who is ours), or sticky. */
bool place_trusts(const struct stat *st);
/* The same as an ERR_CONFIG with PATH and the command; KIND: "folder ". */
int place_check(const struct stat *st, const char *kind, const char *path,
		struct err *err) MUST_CHECK;

/* A place in the open folder *FD, which it takes over; PARENT tells how far
 * it is trusted (NULL: not at all), PATH is the folder's. */
int place_of_fd(int *fd, const struct place *parent, const char *path,
		struct place *ret, struct err *err) MUST_CHECK;
/* The folder NAME of DIR, not through a link; one that cannot be read is
 * opened to pass through alone. -1 and errno. */
int place_open_folder(int dir, const char *name);
void place_set_name(struct place *p, const char *name);

/* What cannot be synced, or is a folder itself, is not begun. */
int place_can_change(const struct place *p, struct err *err) MUST_CHECK;
/* A random temporary name for NAME; its part that is always the same. */
int place_temp(const char *name, char ret[NAME_MAX + 1],
	       struct err *err) MUST_CHECK;
void place_temp_prefix(const char *name, char ret[NAME_MAX + 1]);
/* Does NAME look like one, made for BASE (NULL: for any). */
bool place_is_temp(const char *name, const char *base);
/* Give N, staged beside P, the name of P. */
int place_rename(const struct place *p, const struct place_new *n,
		 bool expect_none, struct err *err) MUST_CHECK;

#endif
