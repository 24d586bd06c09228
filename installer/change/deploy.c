/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backup.h"
#include "clock.h"
#include "deploy.h"
#include "enc.h"
#include "gen.h"
#include "log.h"
#include "target.h"

#define NAMES_TRIED 20

/* --- whether it can be done --- */

static int check_folder(const struct place *p, struct err *err)
{
	if ((p->mode & S_IWOTH) != 0)
		return err_set(err, ERR_IO,
			       "folder %s can be written by everyone, chmod "
			       "o-w it",
			       p->folder);
	return 0;
}

static int no_folder(const char *dir, struct err *err)
{
	return err_set(err, ERR_IO,
		       "folder %s is not there, make it or mend the setting "
		       "dir",
		       dir);
}

static int check_generation(const struct svc_cert *c, struct err *err)
{
	AUTO(mem_free_str) char *parent = file_dirname(c->dir);
	AUTO(mem_free_str) char *text = NULL;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place link = PLACE_INIT;
	int rc = target_dir(c, &dir, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(parent, err);
	rc = target_link(c, &link, &text, err);
	if (rc != 1)
		return rc;
	return check_folder(&link, err);
}

static int check_fixed(const struct svc_cert *c, size_t i, struct err *err)
{
	AUTO(mem_free_str) char *dir = file_dirname(c->files[i].path);
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = target_open(c, i, &p, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(dir, err);
	return check_folder(&p, err);
}

int deploy_check(const struct svc_cert *c, struct err *err)
{
	if (c->link)
		return check_generation(c, err);
	for (size_t i = 0; i < c->n_files; i++)
		if (check_fixed(c, i, err) == -1)
			return -1;
	return 0;
}

/* --- staging --- */

/* Whose ACL goes with the file: one that its owner-to-be or we gave. Anybody
 * else who may put files into the folder would open a key by it. */
static const struct place_old *keep_from(const struct place_old *old,
					 const struct file_attr *attr)
{
	uid_t uid = attr->uid != FILE_KEEP ? attr->uid : geteuid();

	if (old->kind != PLACE_FILE)
		return NULL;
	if (old->attr.uid != uid && old->attr.uid != 0 &&
	    old->attr.uid != geteuid())
		return NULL;
	return old;
}

/* New content for F at P, where OLD is now. */
static int stage(const struct place *p, const struct svc_file *f,
		 const struct sbuf *content, const struct place_old *old,
		 struct place_new *ret, struct err *err)
{
	const struct place_old *from = keep_from(old, &f->attr);
	struct file_attr attr = f->attr;

	/* The mask of an ACL stays, unless somebody set the mode. */
	if (from && from->acl && !f->own_mode)
		attr.mode =
			(attr.mode & ~(mode_t) 070) | (from->attr.mode & 070);
	return place_stage(p, sbuf_str(content), content->len, &attr, from, ret,
			   err);
}

static void set_staged(struct journal_op *o, struct arena *arena,
		       const struct place_new *n)
{
	o->next = arena_strdup(arena, n->temp);
	o->ino = n->ino;
}

/* Where O's file is: no link is followed any more. */
static int open_op(const struct journal_op *o, struct place *ret,
		   struct err *err)
{
	return place_open("", o->path, PLACE_LAST, ret, err);
}

/* The same, where it must be. */
static int must_open(const struct journal_op *o, struct place *ret,
		     struct err *err)
{
	int rc = open_op(o, ret, err);

	if (rc == 0)
		return err_set(err, ERR_IO, "%s: its folder is missing",
			       o->path);
	return rc == 1 ? 0 : -1;
}

int deploy_stage_file(const struct svc_cert *c, size_t k,
		      const struct sbuf *content, struct arena *arena,
		      struct journal_op *o, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;

	if (must_open(o, &p, err) == -1 || place_read(&p, &old, err) == -1 ||
	    stage(&p, &c->files[k], content, &old, &n, err) == -1)
		return -1;
	set_staged(o, arena, &n);
	return 0;
}

/* PLACE_FILE as it was at P; of version 1 a link may be, too. */
static int stage_old(const struct place *p, const struct place_old *old,
		     struct place_new *ret, struct err *err)
{
	if (old->kind == PLACE_SYMLINK)
		return place_stage_link(p, old->link, ret, err);
	return place_stage(p, sbuf_str(&old->content), old->content.len, NULL,
			   old, ret, err);
}

int deploy_stage_copy(const char *state_dir, const struct journal *m, size_t i,
		      struct arena *arena, struct journal_op *o,
		      struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	char hex[ENC_SHA256_HEX];

	if (backup_read_copy(state_dir, m, i, &old, err) != 1 ||
	    must_open(o, &p, err) == -1 || stage_old(&p, &old, &n, err) == -1)
		return -1;
	set_staged(o, arena, &n);
	enc_sha256_hex(sbuf_str(&old.content), old.content.len, hex);
	o->sha256 = arena_strdup(arena, hex);
	return 0;
}

/* --- a generation --- */

/* The folder C->dir, made if need be. The services' own users read through
 * it; the files have modes of their own. */
static int make_dir(const struct svc_cert *c, struct place *ret,
		    struct err *err)
{
	AUTO(mem_free_str) char *parent = file_dirname(c->dir);
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = target_dir(c, &p, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(parent, err);
	if (strcmp(p.name, ".") != 0)
		return place_make(&p, 0755, ret, err);
	*ret = p;
	p = (struct place) PLACE_INIT;
	return 0;
}

static int fill(const struct svc_cert *c, const struct sbuf *contents,
		const struct place *in, struct err *err)
{
	for (size_t i = 0; i < c->n_files; i++) {
		AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
		AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
		AUTO(place_close) struct place p = PLACE_INIT;

		if (target_read(c, i, &old, err) == -1 ||
		    place_in(in, c->files[i].name, &p, err) == -1 ||
		    stage(&p, &c->files[i], &contents[i], &old, &n, err) ==
			    -1 ||
		    place_commit(&p, &n, true, err) == -1)
			return -1;
	}
	return 0;
}

/* What is about to be made under F->temp, and then F->name. */
static int remember(const char *state_dir, const struct journal *j,
		    const struct svc_cert *c, struct arena *arena,
		    struct gen_folder *f, struct err *err)
{
	struct gen_folders all;

	if (c->n_files > GEN_FILES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files in %s",
			       GEN_FILES_MAX, c->dir);
	if (gen_load(state_dir, j->service, arena, &all, err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].ino == f->ino && strcmp(all.v[i].dir, f->dir) == 0)
			all.v[i].gone = true;
	f->files = arena_array(arena, c->n_files + 1, sizeof(*f->files));
	f->n_files = c->n_files;
	for (size_t i = 0; i < c->n_files; i++)
		f->files[i] = c->files[i].name;
	gen_add(&all, arena, f);
	return gen_save(state_dir, j->service, &all, err);
}

/* Under a name that nobody has taken before us, by chance or on purpose. */
static int publish(const char *state_dir, const struct journal *j,
		   const struct svc_cert *c, struct arena *arena,
		   const struct place *dir, struct place_new *n,
		   struct gen_folder *f, struct err *err)
{
	char name[GEN_NAME];

	for (int i = 0; i < NAMES_TRIED; i++) {
		AUTO(place_close) struct place at = PLACE_INIT;

		if (place_in(dir, f->name, &at, err) == -1)
			return -1;
		if (place_publish(&at, n, 0755, err) == 0)
			return 0;
		if (err->kind != ERR_CONFLICT)
			return -1;
		if (gen_name(clock_now(), NULL, name, err) == -1)
			return -1;
		f->name = arena_strdup(arena, name);
		if (remember(state_dir, j, c, arena, f, err) == -1)
			return -1;
	}
	return -1;
}

int deploy_stage_generation(const char *state_dir, const struct journal *j,
			    const struct svc_cert *c,
			    const struct sbuf *contents, struct arena *arena,
			    struct journal_op *o, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place in = PLACE_INIT;
	struct gen_folder f = { .gen = j->gen };
	char name[GEN_NAME];

	if (make_dir(c, &dir, err) == -1 ||
	    gen_name(clock_now(), NULL, name, err) == -1 ||
	    place_in(&dir, name, &at, err) == -1 ||
	    place_begin(&at, &n, err) == -1)
		return -1;
	f.dir = arena_strdup(arena, dir.folder);
	f.name = arena_strdup(arena, name);
	f.temp = arena_strdup(arena, n.temp);
	f.ino = n.ino;
	/* Before anything is in it: then a kill leaves an empty folder, or one
	 * that we know. */
	if (remember(state_dir, j, c, arena, &f, err) == -1 ||
	    place_inside(&at, &n, &in, err) == -1 ||
	    fill(c, contents, &in, err) == -1 ||
	    publish(state_dir, j, c, arena, &dir, &n, &f, err) == -1) {
		place_drop(&at, &n);
		return -1;
	}
	o->next = f.name;
	o->ino = f.ino;
	return 0;
}

/* --- forward --- */

/* Make the link at P say TEXT. */
static int flip(const struct place *p, const char *text, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_look(p, &now, err) == -1)
		return -1;
	/* Done before; whether it was synced, nobody knows. */
	if (now.link && strcmp(now.link, text) == 0)
		return place_sync(p, err);
	if (now.kind != PLACE_SYMLINK && now.kind != PLACE_NONE)
		return err_set(err, ERR_CONFLICT,
			       "%s was a link, and is something else now",
			       p->path);
	if (place_stage_link(p, text, &n, err) == -1)
		return -1;
	if (place_commit(p, &n, now.kind == PLACE_NONE, err) == -1) {
		place_drop(p, &n);
		return -1;
	}
	return 0;
}

int deploy_see_generation(const struct place *link, const char *gen,
			  uint64_t *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(mem_free_str) char *name = gen_trim(gen);
	AUTO(place_close) struct place at = PLACE_INIT;

	*ret = 0;
	if (*name == '\0' || *name == '.' || strchr(name, '/'))
		return 1;
	if (place_in(link, name, &at, err) == -1 ||
	    place_look(&at, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_FOLDER)
		*ret = now.ino;
	return now.kind != PLACE_NONE;
}

static int no_generation(const struct place *link, const char *gen,
			 struct err *err)
{
	return err_set(err, ERR_CONFLICT,
		       "%s/%s, which the link led to before, is not there any "
		       "more",
		       link->folder, gen);
}

int deploy_need_generation(const struct place *link, const char *gen,
			   uint64_t *ret, struct err *err)
{
	int rc = deploy_see_generation(link, gen, ret, err);

	if (rc == 0)
		return no_generation(link, gen, err);
	return rc == 1 ? 0 : -1;
}

/* Is the generation that O leads to the one that was made. */
static int check_next(const struct place *link, const struct journal_op *o,
		      struct err *err)
{
	uint64_t ino = 0;

	if (o->ino == 0)
		return 0;
	if (deploy_see_generation(link, o->next, &ino, err) == -1)
		return -1;
	if (ino != o->ino)
		return err_set(err, ERR_CONFLICT,
			       "folder %s/%s was swapped or removed by "
			       "somebody else",
			       link->folder, o->next);
	return 0;
}

static int commit_link(const struct journal_op *o, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	if (!o->next)
		return err_set(err, ERR_INPUT, "%s: nothing was prepared",
			       o->path);
	if (must_open(o, &p, err) == -1 || check_next(&p, o, err) == -1)
		return -1;
	return flip(&p, o->next, err);
}

/* Staged: 1, and the place is open in RET. */
static int resume(const struct place *p, const struct journal_op *o,
		  struct place_new *ret, struct err *err)
{
	if (!o->next || o->ino == 0)
		return 0;
	return place_resume(p, o->next, (ino_t) o->ino, ret, err);
}

static int commit_file(const struct journal_op *o, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	char hex[ENC_SHA256_HEX];
	int rc;

	if (must_open(o, &p, err) == -1)
		return -1;
	rc = resume(&p, o, &n, err);
	if (rc == -1)
		return -1;
	if (rc == 1)
		return place_commit(&p, &n, !o->old, err);
	/* Done before; whether it was synced, nobody knows. */
	if (place_read(&p, &now, err) == -1)
		return -1;
	enc_sha256_hex(sbuf_str(&now.content), now.content.len, hex);
	if (now.kind != PLACE_FILE || !o->sha256 || strcmp(hex, o->sha256) != 0)
		return err_set(err, ERR_CONFLICT,
			       "%s was changed by somebody else meanwhile",
			       o->path);
	return place_sync(&p, err);
}

int deploy_commit(const struct journal *j, struct err *err)
{
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		if (o->type == JOURNAL_LINK ? commit_link(o, err) == -1
					    : commit_file(o, err) == -1)
			return -1;
	}
	return 0;
}

/* --- back --- */

/* Is what is at P just what it was: nothing to put back. Where a rename is
 * refused (a read-only disk, a mount point), a step that was not taken must
 * not make the way back fail. */
static bool same_as(const struct place *p, const struct place_old *old)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_read(p, &now, NULL) == -1 || now.kind != PLACE_FILE ||
	    old->kind != PLACE_FILE || now.attr.mode != old->attr.mode ||
	    now.attr.uid != old->attr.uid || now.attr.gid != old->attr.gid ||
	    !now.acl != !old->acl || now.n_xattrs != old->n_xattrs ||
	    (now.acl && strcmp(now.acl, old->acl) != 0) ||
	    now.content.len != old->content.len)
		return false;
	for (size_t i = 0; i < now.n_xattrs; i++) {
		const struct place_xattr *a = &now.xattrs[i];
		const struct place_xattr *b = &old->xattrs[i];

		if (strcmp(a->name, b->name) != 0 || a->len != b->len ||
		    memcmp(a->value, b->value, a->len) != 0)
			return false;
	}
	return memcmp(sbuf_str(&now.content), sbuf_str(&old->content),
		      now.content.len) == 0;
}

/* There was nothing: what we put there goes, if it is still that. */
static int remove_ours(const struct place *p, const struct journal_op *o,
		       bool v1, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	bool ours;

	if (place_look(p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_NONE)
		return place_sync(p, err);
	ours = o->type == JOURNAL_FILE
		       ? now.kind == PLACE_FILE && o->ino != 0 &&
				 now.ino == (ino_t) o->ino
		       : now.link && o->next && strcmp(now.link, o->next) == 0;
	/* A journal of version 1 removes nothing. */
	if (!ours || v1)
		return 0;
	return place_remove(p, err);
}

static int undo_file(const char *state_dir, const struct journal *j, size_t i,
		     const struct place *p, bool *ret_gone, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	int rc = backup_read_copy(state_dir, j, i, &old, err);

	*ret_gone = rc == 0;
	if (rc != 1)
		return -1;
	if (same_as(p, &old))
		return place_sync(p, err);
	if (stage_old(p, &old, &n, err) == -1)
		return -1;
	if (place_commit(p, &n, false, err) == -1) {
		place_drop(p, &n);
		return -1;
	}
	return 0;
}

static void drop_staged(const struct place *p, const struct journal_op *o)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;

	/* A full disk has room for the old one then; if it fails, the end
	 * says so. */
	if (o->type == JOURNAL_FILE && resume(p, o, &n, NULL) == 1)
		place_drop(p, &n);
}

/* To a generation that is there; else the new one is better than none. A link
 * of somebody's, to elsewhere, is put back as it was. */
static int undo_link(const struct place *p, const struct journal_op *o,
		     bool *ret_gone, struct err *err)
{
	uint64_t ino;
	int rc = deploy_see_generation(p, o->old, &ino, err);

	*ret_gone = rc == 0;
	if (rc == 0)
		return no_generation(p, o->old, err);
	return rc == -1 ? -1 : flip(p, o->old, err);
}

static int undo_op(const char *state_dir, const struct journal *j, size_t i,
		   bool *ret_gone, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	const struct journal_op *o = &j->ops[i];
	int rc = open_op(o, &p, err);

	*ret_gone = rc == 0;
	/* Nothing is there, and nothing was. */
	if (rc == 0 && !o->old)
		return 0;
	if (rc == 0)
		return err_set(err, ERR_IO, "%s: its folder is missing",
			       o->path);
	if (rc == -1)
		return -1;
	drop_staged(&p, o);
	if (!o->old)
		return remove_ours(&p, o, j->version == 1, err);
	if (o->type == JOURNAL_LINK)
		return undo_link(&p, o, ret_gone, err);
	return undo_file(state_dir, j, i, &p, ret_gone, err);
}

int deploy_undo(const char *state_dir, const struct journal *j, bool *ret_gone,
		struct err *err)
{
	bool all = true;
	int status = 0;

	for (size_t i = 0; i < j->n_ops; i++) {
		struct err one = ERR_INIT;
		bool gone;

		if (undo_op(state_dir, j, i, &gone, &one) == 0)
			continue;
		all = all && gone;
		if (status == 0)
			status = err_set(err, one.kind, "%s", one.msg);
	}
	*ret_gone = status == -1 && all;
	return status;
}

/* --- the end --- */

/* Folders that this change made in the folder of the link, which does not
 * name them. */
static int discard_folders(const char *state_dir, const struct journal *j,
			   const struct place *link, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct strlist none = STRLIST_INIT;
	struct gen_folders all;
	bool changed = false;
	int status = 0;

	if (gen_load(state_dir, j->service, a, &all, err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		struct gen_folder *f = &all.v[i];

		if (strcmp(f->gen, j->gen) != 0 ||
		    strcmp(f->dir, link->folder) != 0)
			continue;
		if (gen_remove(f, link->name, &none, err) == -1)
			status = -1;
		changed = changed || f->gone;
	}
	if (changed && gen_save(state_dir, j->service, &all, err) == -1)
		return -1;
	return status;
}

static int discard_op(const char *state_dir, const struct journal *j,
		      const struct journal_op *o, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_op(o, &p, err);

	/* Not mounted, maybe; nothing of it is in our hands. */
	if (rc != 1)
		return rc;
	if (o->type == JOURNAL_FILE) {
		rc = resume(&p, o, &n, err);
		if (rc == -1)
			return -1;
		place_drop(&p, &n);
	}
	/* A folder that was begun has the name of a generation in its own. */
	if (place_sweep(&p, o->type == JOURNAL_FILE ? p.name : NULL, err) ==
	    -1) {
		if (p.trusted)
			return -1;
		/* Who owns the folder may fill it: his litter is no reason
		 * to keep others' journal. */
		log_warn("%s", err->msg);
		err_clear(err);
	}
	if (o->type == JOURNAL_FILE)
		return 0;
	return discard_folders(state_dir, j, &p, err);
}

int deploy_discard(const char *state_dir, const struct journal *j,
		   struct err *err)
{
	int status = 0;

	for (size_t i = 0; i < j->n_ops; i++) {
		struct err one = ERR_INIT;

		if (discard_op(state_dir, j, &j->ops[i], &one) == -1 &&
		    status == 0)
			status = err_set(err, one.kind, "%s", one.msg);
	}
	return status;
}
