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
#include "words.h"
#include "whose.h"

#define NAMES_TRIED 20

/* --- whether it can be done --- */

static int check_folder(const struct place *p, struct err *err)
{
	if ((p->mode & S_IWOTH) != 0)
		return err_set(err, ERR_IO,
			       "folder %s can be written by everyone, run: "
			       "chmod o-w %s",
			       p->folder, p->folder);
	return 0;
}

static int no_folder(const char *dir, struct err *err)
{
	const char *const argv[] = { dir, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	return err_set(err, ERR_IO,
		       "folder %s is not there; make it, or mend the setting "
		       "dir: install -d -m 0755 %s",
		       dir, word);
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

int deploy_stage_key(const struct sbuf *pem, const char *was,
		     struct arena *arena, struct journal_op *o, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	char hex[ENC_SHA256_HEX];

	if (must_open(o, &p, err) == -1 || place_read(&p, &old, err) == -1)
		return -1;
	enc_sha256_hex(sbuf_str(&old.content), old.content.len, hex);
	/* Its owner and mode were judged with its content. */
	if (old.kind != PLACE_FILE || strcmp(hex, was) != 0)
		return whose_theirs(o, err);
	if (file_check_secret(old.attr.mode, "key", p.path, err) == -1 ||
	    place_stage(&p, sbuf_str(pem), pem->len, NULL, &old, &n, err) == -1)
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

/* --- links --- */

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

/* --- forward --- */

/* Is the generation that O leads to the one that was made. */
static int check_next(const struct place *link, const struct journal_op *o,
		      struct err *err)
{
	uint64_t ino = 0;

	if (!o->next)
		return err_set(err, ERR_INPUT, "%s: nothing was prepared",
			       o->path);
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

/* Staged: 1, and the place is open in RET. */
static int resume(const struct place *p, const struct journal_op *o,
		  struct place_new *ret, struct err *err)
{
	if (!o->next || o->ino == 0)
		return 0;
	return place_resume(p, o->next, (ino_t) o->ino, ret, err);
}

/* Is what op I takes the place of, at P, what it was; or is it done? */
static int check_op(const char *state_dir, const struct journal *j, size_t i,
		    const struct place *p, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	const struct journal_op *o = &j->ops[i];
	enum whose whose;
	int staged = 1;

	if (o->type == JOURNAL_FILE)
		staged = resume(p, o, &n, err);
	else if (check_next(p, o, err) == -1)
		return -1;
	if (staged == -1 || whose_look(state_dir, j, i, p, &whose, err) == -1)
		return -1;
	if (whose == WHOSE_NEW || (staged == 1 && whose != WHOSE_THEIRS))
		return 0;
	/* And could not write that down. */
	if (whose == WHOSE_OLD || (whose == WHOSE_NOBODYS && !o->old))
		return err_set(err, ERR_IO,
			       "an earlier run has gone back, %s is as it was "
			       "before",
			       o->path);
	return whose_theirs(o, err);
}

static int commit_op(const struct place *p, const struct journal_op *o,
		     struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc;

	if (o->type == JOURNAL_LINK)
		return flip(p, o->next, err);
	rc = resume(p, o, &n, err);
	if (rc == 1)
		return place_commit(p, &n, !o->old, err);
	/* Done before; whether it was synced, nobody knows. */
	return rc == 0 ? place_sync(p, err) : -1;
}

int deploy_commit(const char *state_dir, const struct journal *j,
		  struct err *err)
{
	/* All of them, before one is touched. */
	for (size_t i = 0; i < 2 * j->n_ops; i++) {
		AUTO(place_close) struct place p = PLACE_INIT;
		const struct journal_op *o = &j->ops[i % j->n_ops];

		if (must_open(o, &p, err) == -1 ||
		    (i < j->n_ops ? check_op(state_dir, j, i, &p, err)
				  : commit_op(&p, o, err)) == -1)
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
static int remove_ours(const struct place *p, enum whose whose, struct err *err)
{
	return whose == WHOSE_NEW ? place_remove(p, err) : place_sync(p, err);
}

static int undo_file(const char *state_dir, const struct journal *j, size_t i,
		     const struct place *p, struct err *err)
{
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	int rc = backup_read_copy(state_dir, j, i, &old, err);

	if (rc == -1)
		return -1;
	/* Without a copy it is what it was, or it would stay. */
	if (rc == 0 || same_as(p, &old))
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

/* Somebody wrote into our file. */
static int is_ours(const struct place *p, const struct journal_op *o,
		   enum whose *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_look(p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_FILE && o->ino != 0 && now.ino == (ino_t) o->ino)
		*ret = WHOSE_NEW;
	return 0;
}

/* Can op I, at P, be undone. A link only to a generation that is there: else
 * the new one is better than none. */
static int check_back(const struct deploy_back *b, size_t i,
		      const struct place *p, enum whose *ret,
		      enum deploy_lost *ret_lost, struct err *err)
{
	const char *state_dir = b->state_dir;
	const struct journal *j = b->j;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	const struct journal_op *o = &j->ops[i];
	uint64_t ino;
	int rc = 1;

	if (whose_look(state_dir, j, i, p, ret, err) == -1)
		return -1;
	if (*ret == WHOSE_THEIRS && b->at_work && is_ours(p, o, ret, err) == -1)
		return -1;
	if (*ret == WHOSE_THEIRS && !b->at_work) {
		*ret_lost = DEPLOY_THEIRS;
		return whose_theirs(o, err);
	}
	if (o->type == JOURNAL_LINK && o->old) {
		rc = deploy_see_generation(p, o->old, &ino, err);
		if (rc == 0)
			no_generation(p, o->old, err);
	} else if (o->old && *ret != WHOSE_OLD) {
		rc = backup_read_copy(state_dir, j, i, &old, err);
	}
	if (rc == 0)
		*ret_lost = DEPLOY_GONE;
	return rc == 1 ? 0 : -1;
}

static int undo_op(const struct deploy_back *b, size_t i,
		   enum deploy_lost *ret_lost, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	const struct journal_op *o = &b->j->ops[i];
	enum whose whose;
	int rc = open_op(o, &p, err);

	/* Nothing is there, and nothing was. */
	if (rc == 0 && !o->old)
		return 0;
	if (rc == 0) {
		*ret_lost = DEPLOY_GONE;
		return err_set(err, ERR_IO, "%s: its folder is missing",
			       o->path);
	}
	if (rc == -1)
		return -1;
	drop_staged(&p, o);
	if (check_back(b, i, &p, &whose, ret_lost, err) == -1)
		return -1;
	if (!o->old)
		return remove_ours(&p, whose, err);
	if (o->type == JOURNAL_LINK)
		return flip(&p, o->old, err);
	return undo_file(b->state_dir, b->j, i, &p, err);
}

/* Files belong together: old ones beside one that stays would be of no set. So
 * all of them stay with it: *ret_lost and ERR say why. */
static void check_files(const struct deploy_back *b, enum deploy_lost *ret_lost,
			struct err *err)
{
	const struct journal *j = b->j;

	for (size_t i = 0; i < j->n_ops && *ret_lost == DEPLOY_MAY; i++) {
		AUTO(place_close) struct place p = PLACE_INIT;
		enum whose whose;

		if (j->ops[i].type == JOURNAL_FILE &&
		    open_op(&j->ops[i], &p, err) == 1)
			(void) !check_back(b, i, &p, &whose, ret_lost, err);
	}
}

int deploy_undo(const struct deploy_back *b, enum deploy_lost *ret_lost,
		struct err *err)
{
	const struct journal *j = b->j;
	enum deploy_lost files = DEPLOY_MAY;
	struct err first = ERR_INIT;
	bool all = true;
	int status = 0;

	*ret_lost = DEPLOY_MAY;
	check_files(b, &files, &first);
	for (size_t i = 0; i < j->n_ops; i++) {
		enum deploy_lost lost = DEPLOY_MAY;
		struct err one = ERR_INIT;

		if (files != DEPLOY_MAY && j->ops[i].type == JOURNAL_FILE) {
			lost = files;
			one = first;
		} else if (undo_op(b, i, &lost, &one) == 0) {
			continue;
		}
		all = all && lost != DEPLOY_MAY;
		*ret_lost = lost > *ret_lost ? lost : *ret_lost;
		if (status == 0)
			status = err_set(err, one.kind, "%s", one.msg);
	}
	if (!all)
		*ret_lost = DEPLOY_MAY;
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
