/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "deploy.h"
#include "enc.h"

#define COPY_MAX (4u << 20) /* an old file, whatever an admin had put there */

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

/* One more: the digits of its end, not all of them f, as a number. */
static void next_gen(const char *after, char buf[DEPLOY_GEN])
{
	size_t i = 25;

	memcpy(buf, after, 26);
	while (i-- > 17 && buf[i] == 'f')
		buf[i] = '0';
	buf[i] = buf[i] == '9' ? 'a' : (char) (buf[i] + 1);
}

const char *deploy_gen_name(int64_t now, const char *after,
			    char buf[DEPLOY_GEN])
{
	char text[CLOCK_TEXT];
	size_t n = 0;

	clock_text(now, text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			buf[n++] = *p;
	/* In order also within a second, and no two under one lock alike. */
	snprintf(buf + n, DEPLOY_GEN - n, "-%08x",
		 (unsigned int) clock_mono_ms());
	if (after && deploy_gen_ok(after) && strcmp(buf, after) <= 0 &&
	    strcmp(after + 17, "ffffffff") != 0)
		next_gen(after, buf);
	return buf;
}

bool deploy_gen_ok(const char *name)
{
	return strlen(name) == 25 && strspn(name, "0123456789") == 8 &&
	       name[8] == 'T' && strspn(name + 9, "0123456789") == 6 &&
	       name[15] == 'Z' && name[16] == '-' &&
	       strspn(name + 17, "0123456789abcdef") == 8;
}

static int check_folder(const char *dir, bool may_make, struct err *err)
{
	AUTO(mem_free_str) char *parent = file_dirname(dir);
	struct stat st;

	if (stat(dir, &st) == -1) {
		if (errno != ENOENT)
			return err_errno(err, ERR_IO, "folder %s", dir);
		if (!may_make || access(parent, F_OK) == -1)
			return err_set(err, ERR_IO,
				       "folder %s is not there, make it or "
				       "mend the setting dir",
				       may_make ? parent : dir);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "%s is not a folder", dir);
	if ((st.st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_IO,
			       "folder %s can be written by everyone, chmod "
			       "o-w it",
			       dir);
	return 0;
}

int deploy_check(const struct svc_cert *c, struct err *err)
{
	struct stat st;

	if (c->trouble)
		return err_set(err, ERR_IO, "%s", c->trouble);
	if (c->link) {
		if (check_folder(c->dir, true, err) == -1)
			return -1;
		if (lstat(c->link, &st) == 0 && !S_ISLNK(st.st_mode))
			return err_set(err, ERR_IO,
				       "%s is in the way: it must be a link "
				       "that the installer makes; move it to "
				       "%s/before and ln -s before %s",
				       c->link, c->dir, c->link);
		return 0;
	}
	for (size_t i = 0; i < c->n_files; i++) {
		AUTO(mem_free_str) char *dir = file_dirname(c->files[i].path);

		if (check_folder(dir, false, err) == -1)
			return -1;
		if (stat(c->files[i].path, &st) == 0 && !S_ISREG(st.st_mode))
			return err_set(err, ERR_IO,
				       "%s is in the way: not a file",
				       c->files[i].path);
	}
	return 0;
}

int deploy_read_link(const char *path, struct arena *arena, const char **ret,
		     struct err *err)
{
	char buf[PATH_MAX];
	ssize_t n = readlink(path, buf, sizeof(buf));

	if (n == -1 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret = NULL;
		return 0;
	}
	if (n == -1)
		return err_errno(err, ERR_IO, "%s", path);
	if ((size_t) n >= sizeof(buf) ||
	    strcspn(arena_strndup(arena, buf, (size_t) n), "\t\n") < (size_t) n)
		return err_set(err, ERR_IO, "%s: a strange link", path);
	*ret = arena_strndup(arena, buf, (size_t) n);
	return 0;
}

int deploy_stage_generation(const struct svc_cert *c, const char *gen,
			    const struct sbuf *contents, struct err *err)
{
	AUTO(mem_free_str) char *parent = file_dirname(c->dir);
	AUTO(mem_free_str) char *folder = mem_printf("%s/%s", c->dir, gen);

	/* The services' own users read through these; the files have modes
	 * of their own. */
	if (file_mkdir(c->dir, 0755, err) == -1 ||
	    file_sync_dir(parent, err) == -1)
		return -1;
	if (file_mkdir(folder, 0755, err) == -1)
		return -1;
	for (size_t i = 0; i < c->n_files; i++) {
		AUTO(mem_free_str)
		char *path = mem_printf("%s/%s", folder, c->files[i].name);

		if (file_replace(path, sbuf_str(&contents[i]), contents[i].len,
				 &c->files[i].attr, err) == -1)
			return -1;
	}
	return file_sync_dir(c->dir, err);
}

/* A symbolic link that says TEXT, beside TARGET. */
static int stage_link(const char *text, const char *target, char **ret_temp,
		      struct err *err)
{
	AUTO(mem_free_str) char *dir = file_dirname(target);
	const char *base = strrchr(target, '/');
	AUTO(mem_free_str)
	char *temp = mem_printf("%s/.%s.certrepo-link00", dir,
				base ? base + 1 : target);

	/* Left by a killed run; the lock says that nobody else is here. */
	(void) unlink(temp);
	if (symlink(text, temp) == -1)
		return err_errno(err, ERR_IO, "%s: cannot be made", temp);
	*ret_temp = TAKE(temp);
	return 0;
}

static int flip(const char *path, const char *text, struct err *err)
{
	AUTO(mem_free_str) char *dir = file_dirname(path);
	AUTO(mem_free_str) char *temp = NULL;
	char now[PATH_MAX];
	ssize_t n = readlink(path, now, sizeof(now) - 1);

	if (n >= 0) {
		now[n] = '\0';
		/* Done before; whether it was synced, nobody knows. */
		if (strcmp(now, text) == 0)
			return file_sync_dir(dir, err);
	}
	if (stage_link(text, path, &temp, err) == -1)
		return -1;
	if (file_commit(temp, path, err) == -1) {
		(void) unlink(temp);
		return -1;
	}
	return 0;
}

int deploy_stage_copy(const char *copy, const char *target, struct arena *arena,
		      const char **ret_temp, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf content = SBUF_INIT(COPY_MAX);
	AUTO(mem_free_str) char *temp = NULL;
	struct file_attr attr;
	const char *text;
	struct stat st;
	int found;

	if (lstat(copy, &st) == -1)
		return err_errno(err, ERR_IO, "%s", copy);
	if (S_ISLNK(st.st_mode)) {
		if (deploy_read_link(copy, arena, &text, err) == -1)
			return -1;
		if (stage_link(text, target, &temp, err) == -1)
			return -1;
	} else {
		found = file_read(copy, &content, err);
		if (found == 0)
			return err_set(err, ERR_IO, "%s has vanished", copy);
		attr = (struct file_attr){ st.st_mode & 07777, st.st_uid,
					   st.st_gid };
		if (found == -1 ||
		    file_stage(target, sbuf_str(&content), content.len, &attr,
			       &temp, err) == -1)
			return -1;
	}
	*ret_temp = arena_strdup(arena, temp);
	return 0;
}

int deploy_copy(const char *path, const char *copy, struct err *err)
{
	struct arena *scratch = arena_new();
	const char *temp;
	int status;

	status = deploy_stage_copy(path, copy, scratch, &temp, err);
	if (status == 0)
		status = file_commit(temp, copy, err);
	arena_free(&scratch);
	return status;
}

static int commit_file(const struct journal_op *o, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf content = SBUF_INIT(COPY_MAX);
	char hex[ENC_SHA256_HEX];
	struct stat st;
	int found;

	if (o->next && lstat(o->next, &st) == 0) {
		if (file_commit(o->next, o->path, err) == 0)
			return 0;
		if (errno == EBUSY)
			err_set(err, err->kind,
				"%s, is it mounted by itself? Mount its "
				"folder instead",
				err->msg);
		return -1;
	}
	found = file_read(o->path, &content, err);
	if (found == -1)
		return -1;
	enc_sha256_hex(sbuf_str(&content), content.len, hex);
	if (found == 0 || !o->sha256 || strcmp(hex, o->sha256) != 0)
		return err_set(err, ERR_CONFLICT,
			       "%s was changed by somebody else meanwhile",
			       o->path);
	return 0;
}

int deploy_commit(const struct journal *j, struct err *err)
{
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		if (o->type == JOURNAL_LINK) {
			if (!o->next || flip(o->path, o->next, err) == -1)
				return -1;
		} else if (commit_file(o, err) == -1) {
			return -1;
		}
	}
	return 0;
}

/* PATH is just what COPY is: nothing to put back. Where a rename is refused
 * (a read-only disk, a mount point), a step that was not taken must not make
 * the way back fail. */
static bool same_as_copy(const char *copy, const char *path)
{
	AUTO(sbuf_erase) struct sbuf a = SBUF_INIT(COPY_MAX);
	AUTO(sbuf_erase) struct sbuf b = SBUF_INIT(COPY_MAX);
	struct stat x, y;

	if (lstat(copy, &x) == -1 || lstat(path, &y) == -1 ||
	    !S_ISREG(x.st_mode) || x.st_mode != y.st_mode ||
	    x.st_uid != y.st_uid || x.st_gid != y.st_gid ||
	    x.st_size != y.st_size)
		return false;
	return file_read(copy, &a, NULL) == 1 &&
	       file_read(path, &b, NULL) == 1 && a.len == b.len &&
	       memcmp(sbuf_str(&a), sbuf_str(&b), a.len) == 0;
}

static int undo_op(const struct journal_op *o, struct arena *scratch,
		   struct err *err)
{
	const char *temp;

	if (o->type == JOURNAL_LINK) {
		if (o->old)
			return flip(o->path, o->old, err);
		return file_remove(o->path, err);
	}
	if (o->next)
		(void) unlink(o->next);
	deploy_sweep(o->path);
	if (!o->old)
		return file_remove(o->path, err);
	if (same_as_copy(o->old, o->path)) {
		AUTO(mem_free_str) char *dir = file_dirname(o->path);

		return file_sync_dir(dir, err);
	}
	if (deploy_stage_copy(o->old, o->path, scratch, &temp, err) == -1)
		return -1;
	if (file_commit(temp, o->path, err) == -1) {
		(void) unlink(temp);
		return -1;
	}
	return 0;
}

int deploy_undo(const struct journal *j, struct err *err)
{
	struct arena *scratch = arena_new();
	int status = 0;

	for (size_t i = 0; i < j->n_ops; i++) {
		struct err one = ERR_INIT;

		if (undo_op(&j->ops[i], scratch, &one) == -1 && status == 0)
			status = err_set(err, one.kind, "%s", one.msg);
	}
	arena_free(&scratch);
	return status;
}

void deploy_discard(const struct journal *j)
{
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];
		AUTO(mem_free_str) char *dir = file_dirname(o->path);
		char now[PATH_MAX] = "";

		if (o->type == JOURNAL_FILE) {
			if (o->next)
				(void) unlink(o->next);
			deploy_sweep(o->path);
			continue;
		}
		deploy_sweep(o->path);
		/* A rollback goes to a folder that was there before. */
		if (j->back || !o->next || !deploy_gen_ok(o->next))
			continue;
		(void) !readlink(o->path, now, sizeof(now) - 1);
		if (strcmp(now, o->next) != 0) {
			AUTO(mem_free_str)
			char *folder = mem_printf("%s/%s", dir, o->next);

			deploy_remove_folder(folder);
		}
	}
}

void deploy_remove_folder(const char *path)
{
	AUTO(dir_close) DIR *d = opendir(path);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void) unlinkat(dirfd(d), e->d_name, 0);
	(void) rmdir(path);
}

/* ".NAME.certrepo-XXXXXX", as file_stage() names them. */
void deploy_sweep(const char *path)
{
	AUTO(mem_free_str) char *dir = file_dirname(path);
	const char *base = strrchr(path, '/');
	AUTO(mem_free_str)
	char *prefix = mem_printf(".%s.certrepo-", base ? base + 1 : path);
	AUTO(dir_close) DIR *d = opendir(dir);
	size_t len = strlen(prefix);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (strncmp(e->d_name, prefix, len) == 0 &&
		    strlen(e->d_name) == len + 6)
			(void) unlinkat(dirfd(d), e->d_name, 0);
}

void deploy_sweep_folder(const char *folder)
{
	static const char mark[] = ".certrepo-";
	AUTO(dir_close) DIR *d = opendir(folder);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name), tail = strlen(mark) + 6;

		if (e->d_name[0] == '.' && len > tail &&
		    strncmp(e->d_name + len - tail, mark, strlen(mark)) == 0)
			(void) unlinkat(dirfd(d), e->d_name, 0);
	}
}
