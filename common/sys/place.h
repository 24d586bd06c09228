/* SPDX-License-Identifier: MIT */
#ifndef PLACE_H
#define PLACE_H

/*
 * Files in folders that somebody else may own. A place is an open folder and
 * a name in it; every step is taken on the descriptor. Who owns a foreign
 * folder can always take away or swap what is in it; he then gets an error
 * (ERR_CONFLICT) or his own file back. What he cannot get is that we read,
 * write, chmod, chown or remove anything outside, whatever he renames, links
 * or swaps meanwhile. Nor can he make us wait: nothing here blocks on a FIFO
 * or a lease (EAGAIN is an error). Paths are in messages, nowhere else.
 *
 * "Ours" is what belongs to root or to the user we run as. A folder is
 * trusted when it and all above it are ours and only their owner may write
 * there, or the sticky bit keeps others from what is ours (/tmp); with an ACL
 * the group bits of a mode are its mask, so they speak for named users too.
 * All others are foreign.
 *
 * An error is not an absence: only ENOENT at the last name says that nothing
 * is there, and ENOENT on the way that a folder is missing (a result of its
 * own). All else, ENOTDIR, EACCES and EIO above all, is -1.
 *
 *	AUTO(place_close) struct place p = PLACE_INIT;
 *	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
 *	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
 *
 *	rc = place_open(root, "/etc/exim4/exim.key", 0, &p, err);
 *	if (rc != 1) ...                    0: the folder is missing
 *	if (place_read(&p, &old, err) == -1 ||
 *	    place_stage(&p, key, len, &attr, &old, &n, err) == -1)
 *		return -1;
 *	... journal: n.temp, n.ino ...
 *	if (place_commit(&p, &n, old.kind == PLACE_NONE, err) == -1) {
 *		place_drop(&p, &n);
 *		return -1;
 *	}
 */

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include "err.h"
#include "file.h"
#include "sbuf.h"
#include "strlist.h"

#define PLACE_LINKS_MAX 16	     /* followed on one way */
#define PLACE_DEPTH_MAX 64	     /* folders below each other */
#define PLACE_READ_MAX	(4u << 20)   /* bytes of an old file, whatever it is */
#define PLACE_XATTR_MAX (128u << 10) /* bytes of its attributes */
#define PLACE_LOOK_MAX	1000000u     /* names in a folder that is listed */

/* Each folder on the way, and what is at the end of it, is trusted; else
 * ERR_CONFIG names the one that is not and the command that mends it. For
 * what we obey: configuration, profiles, state. */
#define PLACE_TRUSTED 1u
/* The last name is taken as it is, be it a link or a folder. */
#define PLACE_LAST 2u

struct place {
	int fd;	       /* the folder */
	bool trusted;  /* see above */
	bool shared;   /* trusted, but others may make files in it: /tmp */
	bool strict;   /* PLACE_TRUSTED was asked for */
	bool unlisted; /* we may pass through it, not read it: neither list
			* nor change what is in it */
	dev_t dev;     /* of the folder, as all below */
	uid_t owner;
	mode_t mode;
	char name[NAME_MAX + 1]; /* "." when it is the folder itself */
	char *folder;		 /* its real path, for messages */
	char *path;		 /* "FOLDER/NAME", for messages */
};

#define PLACE_INIT       \
	{                \
		.fd = -1 \
	}

/* --- getting there --- */

/* Walk to PATH one name at a time. ROOT is "", or the absolute path of a
 * chroot: it is walked to first, PATH is then as it is called in there, and
 * neither ".." nor a link leads out of it. A PATH that does not begin with
 * '/' begins at our own folder, or at the top of ROOT.
 *
 * A link is followed when it is ours and its folder is trusted and not open
 * to others (so not in /tmp); else ERR_IO (with PLACE_TRUSTED: ERR_CONFIG)
 * names it and says why. Owner and text are read from one descriptor.
 *
 * When PATH leads to a folder, *ret is in it and its name ".". Otherwise the
 * name is the last one, where the links lead; it need not be there.
 *
 * 1; 0: a folder on the way, or ROOT, is missing; -1. Call it when the place
 * is used, not when the configuration is read. */
int place_open(const char *root, const char *path, unsigned int flags,
	       struct place *ret, struct err *err) MUST_CHECK;
void place_close(struct place *p); /* for AUTO */
/* The same, of a folder without a root: *ret is in it, its name ".". 1; 0: it,
 * or one above it, is missing; -1: also when it is no folder (ERR_CONFIG). */
int place_folder(const char *path, unsigned int flags, struct place *ret,
		 struct err *err) MUST_CHECK;

/* NAME in the folder of P, without walking anew. It is one name: not empty,
 * without '/' and control characters, not "." or ".." (ERR_INPUT). */
int place_in(const struct place *p, const char *name, struct place *ret,
	     struct err *err) MUST_CHECK;
/* Into the folder that P names; *ret names it ".". A link is not followed.
 * 1; 0: nothing is there; -1: also when it is no folder. */
int place_enter(const struct place *p, struct place *ret,
		struct err *err) MUST_CHECK;
/* The same, and make it with MODE when nothing is there. */
int place_make(const struct place *p, mode_t mode, struct place *ret,
	       struct err *err) MUST_CHECK;

/* Names in the folder of P for which WANT is true (NULL: all), sorted, added
 * to RET. ERR_LIMIT over MAX of them, or over PLACE_LOOK_MAX in all. An error
 * on the way is an error, not the end. */
int place_list(const struct place *p, bool (*want)(const char *, void *),
	       void *arg, size_t max, struct strlist *ret,
	       struct err *err) MUST_CHECK;

/* --- what is there --- */

enum place_kind {
	PLACE_NONE,
	PLACE_FILE,
	PLACE_SYMLINK,
	PLACE_FOLDER,
	PLACE_OTHER, /* a FIFO, a socket, a device */
};

struct place_xattr {
	char *name;
	void *value;
	size_t len;
};

struct place_old {
	enum place_kind kind;
	struct file_attr attr; /* with an ACL, the group bits of the mode are
				* its mask */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	char *link; /* the text of a symlink, without control characters: one
		     * with is ERR_CONFLICT */
	/* place_read() alone, of a file: */
	char *acl;		    /* see below; NULL: none */
	struct place_xattr *xattrs; /* user.* and security.selinux */
	size_t n_xattrs;
	struct sbuf content; /* erased by place_old_free() */
};

#define PLACE_OLD_INIT             \
	{                          \
		.kind = PLACE_NONE \
	}

/* Kind, attributes, inode, text of a link. Nothing is opened. */
int place_look(const struct place *p, struct place_old *ret,
	       struct err *err) MUST_CHECK;
/* The same and, of a file, its ACL, attributes and content, all from one
 * descriptor. What cannot be read is -1, never PLACE_NONE. ERR_CONFLICT: it
 * was swapped or written to meanwhile, or lies in a foreign or shared folder
 * and has a second name (a hard link to somebody's secret). */
int place_read(const struct place *p, struct place_old *ret,
	       struct err *err) MUST_CHECK;
void place_old_free(struct place_old *o);    /* for AUTO */
void place_xattrs_free(struct place_old *o); /* those alone */

/* place_open() and place_read(), for who wants the content alone. FLAGS:
 * PLACE_TRUSTED. 1; 0: it, or a folder on the way, is missing; -1: also when
 * it is no regular file. Added to RET, bounded by its ceiling. */
int place_read_path(const char *root, const char *path, unsigned int flags,
		    struct sbuf *ret, struct err *err) MUST_CHECK;
/* Of a file that holds a secret: a missing one is ERR_IO, one that is open to
 * others (file_check_secret) ERR_CONFIG. */
int place_read_secret(const char *root, const char *path, struct sbuf *ret,
		      struct err *err) MUST_CHECK;

/* Sync the folder of P, as place_commit() and place_remove() do: what was done
 * before a kill may not have been. */
int place_sync(const struct place *p, struct err *err) MUST_CHECK;

/* --- replacing --- */

/* What was made and is not yet in place: a file, a link or a folder under a
 * random name ".NAME.certrepo-...." beside the place it is for. TEMP and INO
 * belong in the journal before place_commit(). The descriptor stays open, so
 * that a swap is noticed; where there are hundreds, place_new_close() it and
 * place_resume() when its turn comes. */
struct place_new {
	int fd;
	enum place_kind kind;
	dev_t dev;
	ino_t ino;
	char temp[NAME_MAX + 1];
};

#define PLACE_NEW_INIT   \
	{                \
		.fd = -1 \
	}

/* A new file for P, synced. Nobody can open it before owner, mode and ACL are
 * what they should be: it begins with 0600 and without the ACL that it may
 * have inherited; content comes last.
 *
 * FROM (NULL: none; so is one that is no file) is what it takes the place of,
 * or what is put back: its ACL, user.* attributes and label are kept, as far
 * as the file system can (ENOTSUP and a label that we may not set are no
 * errors). ATTR is owner and mode; the group bits of its mode become the mask
 * of the ACL, never the permission of the group. NULL: those of FROM, which
 * must be a file. Where there are no ACLs, the group gets what both g:: and
 * m:: grant, so never more than before. */
int place_stage(const struct place *p, const void *data, size_t len,
		const struct file_attr *attr, const struct place_old *from,
		struct place_new *ret, struct err *err) MUST_CHECK;
/* A symbolic link that says TEXT. */
int place_stage_link(const struct place *p, const char *text,
		     struct place_new *ret, struct err *err) MUST_CHECK;
/* Rename N to the name of P, see that it is N that is there now, sync the
 * folder. EXPECT_NONE: only when nothing is there (ERR_CONFLICT). N is closed
 * on success; after a failure drop it: whether the rename took place, a look
 * must tell. ERR_CONFLICT: somebody swapped it. */
int place_commit(const struct place *p, struct place_new *n, bool expect_none,
		 struct err *err) MUST_CHECK;
/* Remove it if it is still under its temporary name, close it. A folder that
 * was not published goes with the files in it. Does nothing to a closed one. */
void place_drop(const struct place *p, struct place_new *n);
/* Close the descriptor alone. For AUTO. */
void place_new_close(struct place_new *n);

/* Files and folders that we obey, by their paths: every folder on the way is
 * trusted (ERR_CONFIG). Replace a file; make a folder, when nothing is
 * there. A missing folder is ERR_IO. */
int place_write_path(const char *path, const void *data, size_t len,
		     const struct file_attr *attr, struct err *err) MUST_CHECK;
int place_make_path(const char *path, mode_t mode, struct err *err) MUST_CHECK;

/* After a kill, or place_new_close(): TEMP of the journal beside P, when it
 * is there and still inode INO: 1. 0: not there, or another. -1. */
int place_resume(const struct place *p, const char *temp, ino_t ino,
		 struct place_new *ret, struct err *err) MUST_CHECK;
/* Remove what a kill left under temporary names: of BASE (a name in the
 * folder of P), or of any when it is NULL; those of older versions too, and
 * folders when they are empty. */
int place_sweep(const struct place *p, const char *base,
		struct err *err) MUST_CHECK;
/* The same of BASE, but only plain files whose owner we are: where others may
 * have files of such a name. */
int place_sweep_own(const struct place *p, const char *base,
		    struct err *err) MUST_CHECK;

/* Remove the file or link at P if there is one, sync the folder. Anything
 * else that is there is left: ERR_CONFLICT. */
int place_remove(const struct place *p, struct err *err) MUST_CHECK;

/* --- folders that change as a whole --- */

/* A folder to be: random name, mode 0700, without inherited ACLs; seen to be
 * ours and empty before anything is put in. */
int place_begin(const struct place *p, struct place_new *ret,
		struct err *err) MUST_CHECK;
/* A place in it, named "."; place_in() names the files. */
int place_inside(const struct place *p, const struct place_new *n,
		 struct place *ret, struct err *err) MUST_CHECK;
/* Give it MODE and the name of P, which must be free (ERR_CONFLICT); see that
 * it is there; sync. As place_commit() otherwise. N keeps its inode: it is
 * what place_remove_folder() wants to see again. */
int place_publish(const struct place *p, struct place_new *n, mode_t mode,
		  struct err *err) MUST_CHECK;
/* Remove the folder that P names, and the files NAMES in it (and what was
 * staged for them), if it is ours, of inode INO, on the file system of the
 * folder of P, and holds nothing else. 1: it is gone, or was; 0: all is left
 * as it is, since it is another or has more in it; -1. */
int place_remove_folder(const struct place *p, ino_t ino,
			const struct strlist *names,
			struct err *err) MUST_CHECK;

/* --- ACLs (POSIX.1e), without libacl --- */

/* As text with numeric ids, "u::6,u:33:4,g::4,m::6,o::0" (also "g:ID:PERM"):
 * permissions are octal digits, in the order of the kernel. */
#define PLACE_ACL_ENTRIES_MAX 1024
#define PLACE_ACL_XATTR	      "system.posix_acl_access"

/* The value of that attribute to text, the caller's; ERR_INPUT. */
int place_acl_print(const void *value, size_t len, char **ret,
		    struct err *err) MUST_CHECK;
/* The other way round, added to RET; ERR_INPUT names TEXT. */
int place_acl_parse(const char *text, struct sbuf *ret,
		    struct err *err) MUST_CHECK;
/* What the owning group may do under a TEXT that was parsed: g:: & m::, 0 to
 * 7. */
mode_t place_acl_group(const char *text);

#endif
