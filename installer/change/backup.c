/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "backup.h"
#include "enc.h"
#include "gen.h"

#define FILES_MAX 20000 /* of one backup */

static char *folder_of(const char *state_dir, const char *service,
		       const char *gen)
{
	return mem_printf("%s/backup/%s%s%s", state_dir, service,
			  gen ? "/" : "", gen ? gen : "");
}

const char *backup_copy_name(size_t i, struct arena *arena)
{
	return arena_printf(arena, "%zu", i);
}

static const char *digest(const struct place_old *old, char hex[ENC_SHA256_HEX])
{
	return enc_sha256_hex(sbuf_str(&old->content), old->content.len, hex);
}

/* What the copy NAME was; NULL: an older program made it. */
static const char *digest_of(const char *name)
{
	const char *dash = strchr(name, '-');

	return dash && strlen(dash) == ENC_SHA256_HEX ? dash + 1 : NULL;
}

/* --- making --- */

/* What O says, with all that belongs to it, to NAME in the folder DIR. */
static int copy(const struct place *dir, struct journal_op *o,
		struct arena *arena, struct err *err)
{
	const struct file_attr attr = { 0600, geteuid(), FILE_KEEP };
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place from = PLACE_INIT;
	AUTO(place_close) struct place to = PLACE_INIT;
	char hex[ENC_SHA256_HEX];
	struct journal_attr *a;
	int rc = place_open("", o->path, PLACE_LAST, &from, err);

	if (rc == 1 && place_read(&from, &old, err) == -1)
		rc = -1;
	if (rc == -1)
		return -1;
	if (old.kind != PLACE_FILE)
		return err_set(err, ERR_CONFLICT,
			       "%s was a file, and was taken away by somebody "
			       "else",
			       o->path);
	o->old = arena_printf(arena, "%s-%s", o->old, digest(&old, hex));
	if (place_in(dir, o->old, &to, err) == -1 ||
	    place_stage(&to, sbuf_str(&old.content), old.content.len, &attr,
			NULL, &n, err) == -1)
		return -1;
	if (place_commit(&to, &n, false, err) == -1) {
		place_drop(&to, &n);
		return -1;
	}
	a = arena_alloc(arena, sizeof(*a));
	a->attr = old.attr;
	a->acl = arena_strdup(arena, old.acl);
	a->xattrs = arena_array(arena, old.n_xattrs + 1, sizeof(*a->xattrs));
	a->n_xattrs = old.n_xattrs;
	for (size_t i = 0; i < old.n_xattrs; i++) {
		const struct place_xattr *x = &old.xattrs[i];

		a->xattrs[i] = (struct place_xattr){
			.name = arena_strdup(arena, x->name),
			.value = arena_dup(arena, x->value, x->len),
			.len = x->len,
		};
	}
	o->attr = a;
	return 0;
}

int backup_make(const char *state_dir, struct journal *j, struct arena *arena,
		struct err *err)
{
	AUTO(mem_free_str) char *top = mem_printf("%s/backup", state_dir);
	AUTO(mem_free_str) char *mid = folder_of(state_dir, j->service, NULL);
	AUTO(mem_free_str)
	char *path = folder_of(state_dir, j->service, j->gen);
	AUTO(mem_free_str) char *manifest = mem_printf("%s/manifest", path);
	AUTO(place_close) struct place dir = PLACE_INIT;

	if (place_make_path(top, 0700, err) == -1 ||
	    place_make_path(mid, 0700, err) == -1 ||
	    place_make_path(path, 0700, err) == -1 ||
	    place_folder(path, PLACE_TRUSTED, &dir, err) != 1)
		return err_wrap(err, "the backup");
	for (size_t i = 0; i < j->n_ops; i++) {
		struct journal_op *o = &j->ops[i];

		if (o->type == JOURNAL_FILE && o->old &&
		    copy(&dir, o, arena, err) == -1)
			return -1;
	}
	return journal_write(manifest, j, 1, err);
}

/* --- reading --- */

static void set_attr(struct place_old *old, const struct journal_attr *a)
{
	old->attr = a->attr;
	mem_free_str(&old->acl);
	old->acl = a->acl ? mem_strdup(a->acl) : NULL;
	old->xattrs = mem_grow(NULL, a->n_xattrs + 1, sizeof(*old->xattrs));
	old->n_xattrs = a->n_xattrs;
	for (size_t i = 0; i < a->n_xattrs; i++) {
		const struct place_xattr *x = &a->xattrs[i];

		old->xattrs[i] = (struct place_xattr){
			.name = mem_strdup(x->name),
			.value = mem_dup(x->value, x->len),
			.len = x->len,
		};
	}
}

int backup_read_copy(const char *state_dir, const struct journal *j, size_t i,
		     struct place_old *ret, struct err *err)
{
	AUTO(mem_free_str)
	char *path = folder_of(state_dir, j->service, j->gen);
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	const struct journal_op *o = &j->ops[i];
	const char *want = digest_of(o->old);
	char hex[ENC_SHA256_HEX];
	int rc = place_folder(path, PLACE_TRUSTED, &dir, err);

	if (rc == 1) {
		/* Its folder is root's alone; version 1 gave the copy the
		 * owner of the file. */
		dir.strict = dir.strict && o->attr;
		if (place_in(&dir, o->old, &p, err) == -1 ||
		    place_read(&p, &old, err) == -1)
			rc = -1;
	}
	if (rc == -1)
		return err_wrap(err, "the copy of %s", o->path);
	if (old.kind != PLACE_FILE &&
	    (old.kind != PLACE_SYMLINK || j->version != 1)) {
		err_set(err, ERR_IO, "the copy of %s in %s has vanished",
			o->path, path);
		return 0;
	}
	if (want && strcmp(want, digest(&old, hex)) != 0) {
		err_set(err, ERR_IO, "the copy of %s in %s is damaged", o->path,
			path);
		return 0;
	}
	if (o->attr) {
		place_xattrs_free(&old);
		set_attr(&old, o->attr);
	}
	*ret = old;
	old = (struct place_old) PLACE_OLD_INIT;
	return 1;
}

int backup_is_old(const char *state_dir, const struct journal *j, size_t i,
		  const struct place_old *now, struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	const char *want = digest_of(j->ops[i].old);
	char hex[ENC_SHA256_HEX], was[ENC_SHA256_HEX];
	int rc = want ? 1 : backup_read_copy(state_dir, j, i, &old, err);

	if (rc == 0)
		err_clear(err);
	if (rc != 1)
		return rc;
	if (!want)
		want = digest(&old, was);
	return now->kind == PLACE_FILE && strcmp(want, digest(now, hex)) == 0;
}

static bool is_gen(const char *name, void *arg)
{
	return gen_ok(name);
}

int backup_list(const char *state_dir, const char *service, struct strlist *ret,
		struct err *err)
{
	AUTO(mem_free_str) char *path = folder_of(state_dir, service, NULL);
	AUTO(place_close) struct place dir = PLACE_INIT;
	int rc = place_folder(path, PLACE_TRUSTED, &dir, err);

	if (rc != 1)
		return rc;
	return place_list(&dir, is_gen, NULL, BACKUP_MAX, ret, err);
}

int backup_read(const char *state_dir, const char *service, const char *gen,
		struct arena *arena, struct journal *ret, struct err *err)
{
	AUTO(mem_free_str) char *dir = folder_of(state_dir, service, gen);
	AUTO(mem_free_str) char *path = mem_printf("%s/manifest", dir);
	struct journals all;
	int found = journal_read(path, arena, &all, err);

	if (found == 1 && (strcmp(all.v[0].service, service) != 0 ||
			   strcmp(all.v[0].gen, gen) != 0))
		found = err_set(err, ERR_INPUT, "%s is of another backup",
				path);
	if (found == -1 && err->kind == ERR_INPUT)
		err_set(err, err->kind,
			"%s; there is no going back with it, run: rm -r %s",
			err->msg, dir);
	if (found == 1)
		*ret = all.v[0];
	return found;
}

int backup_stuck(const char *state_dir, const char *service, const char *gen,
		 struct err *err)
{
	AUTO(arena_free) struct arena *scratch = arena_new();
	struct journal j;
	int found = backup_read(state_dir, service, gen, scratch, &j, err);

	return found == 1 ? !!j.reason : found;
}

int backup_mark_stuck(const char *state_dir, const struct journal *j,
		      struct err *err)
{
	AUTO(arena_free) struct arena *scratch = arena_new();
	AUTO(mem_free_str)
	char *dir = folder_of(state_dir, j->service, j->gen);
	AUTO(mem_free_str) char *manifest = mem_printf("%s/manifest", dir);
	struct journal m;
	int found =
		backup_read(state_dir, j->service, j->gen, scratch, &m, err);

	if (found != 1)
		return found;
	m.reason = j->reason;
	return journal_write(manifest, &m, 1, err);
}

/* --- removing --- */

/* The folder PATH and NAMES in it: as place_remove_folder(). */
static int remove_folder(const char *path, const struct strlist *names,
			 struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	int rc = place_open("", path, PLACE_TRUSTED | PLACE_LAST, &at, err);

	if (rc != 1)
		return rc == -1 ? -1 : 1;
	if (place_look(&at, &now, err) == -1)
		return -1;
	return now.kind == PLACE_NONE
		       ? 1
		       : place_remove_folder(&at, now.ino, names, err);
}

int backup_remove(const char *state_dir, const char *service, const char *gen,
		  struct err *err)
{
	AUTO(mem_free_str) char *path = folder_of(state_dir, service, gen);
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *above = folder_of(state_dir, service, NULL);
	AUTO(place_close) struct place all = PLACE_INIT;
	AUTO(place_close) struct place dir = PLACE_INIT;
	int rc;

	if (!gen_ok(gen))
		return 0;
	/* A kill may have come before the folder had its name. */
	rc = place_folder(above, PLACE_TRUSTED, &all, err);
	if (rc != 1)
		return rc;
	if (place_sweep(&all, NULL, err) == -1)
		return -1;
	rc = place_folder(path, PLACE_TRUSTED, &dir, err);
	if (rc != 1)
		return rc;
	if (place_list(&dir, NULL, NULL, FILES_MAX, &names, err) == -1)
		return -1;
	rc = remove_folder(path, &names, err);
	if (rc == 0)
		return err_set(err, ERR_IO,
			       "backup %s has more in it than we put there, "
			       "remove it by hand",
			       path);
	return rc == 1 ? 0 : -1;
}

/* The folder that O's link led to. */
static int use_old(const struct journal_op *o, struct strlist *ret,
		   struct err *err)
{
	AUTO(place_close) struct place link = PLACE_INIT;
	int rc = place_open("", o->path, PLACE_LAST, &link, NULL);

	if (rc == 1 && link.trusted)
		return gen_use(&link, o->old, ret, err);
	/* Who owns the folder may make it lead anywhere. */
	if (rc == 1 && gen_use(&link, o->old, ret, NULL) == 0)
		return 0;
	return gen_use(NULL, o->old, ret, err);
}

/* Where J leads back to. */
static int collect_folders(const struct journal *j, struct strlist *ret,
			   struct err *err)
{
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		if (o->type == JOURNAL_LINK && o->old &&
		    use_old(o, ret, err) == -1)
			return -1;
	}
	return 0;
}

static int collect_used(const char *state_dir, const char *service,
			const char *gen, struct arena *scratch,
			struct strlist *ret, struct err *err)
{
	struct journal j;
	int found = backup_read(state_dir, service, gen, scratch, &j, err);

	return found == 1 ? collect_folders(&j, ret, err) : found;
}

/* Of all services but this: they may have been this one once, or share its
 * folder. */
static int collect_others(const char *state_dir, const char *service,
			  struct arena *scratch, struct strlist *ret,
			  struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *path = mem_printf("%s/backup", state_dir);
	AUTO(place_close) struct place dir = PLACE_INIT;
	int rc = place_folder(path, PLACE_TRUSTED, &dir, err);

	if (rc != 1)
		return rc;
	if (place_list(&dir, NULL, NULL, FILES_MAX, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO(strlist_free) struct strlist gens = STRLIST_INIT;

		if (*names.v[i] == '.' || strcmp(names.v[i], service) == 0)
			continue;
		if (backup_list(state_dir, names.v[i], &gens, err) == -1)
			return -1;
		for (size_t k = 0; k < gens.n; k++)
			if (collect_used(state_dir, names.v[i], gens.v[k],
					 scratch, ret, err) == -1)
				return -1;
	}
	return 0;
}

/* Of the folders that we made those that no link and no manifest names. AWAY:
 * those that are on no disk of ours now are forgotten. */
static int prune_folders(const char *state_dir, const char *service,
			 const struct strlist *used, bool away,
			 struct arena *scratch, struct err *err)
{
	struct gen_folders all;
	bool changed = false;
	int status = 0;

	if (gen_load(state_dir, service, scratch, &all, err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		struct gen_folder *f = &all.v[i];

		if (gen_remove(f, SVC_LINK, used, err) == -1)
			status = -1;
		f->gone = f->gone || (away && f->away);
		changed = changed || f->gone;
	}
	if (changed && gen_save(state_dir, service, &all, err) == -1)
		return -1;
	return status;
}

/* Of ALL, oldest first, those that are not kept, and where the others lead:
 * what cannot be read may lead to any folder. */
static int choose(const char *state_dir, const char *service,
		  const struct strlist *all, size_t keep, struct arena *scratch,
		  struct strlist *ret_old, struct strlist *ret_used,
		  struct err *err)
{
	bool stuck = false;
	size_t kept = 0;

	for (size_t i = all->n; i-- > 0;) {
		struct journal j = { .n_ops = 0 };

		if (kept < keep && backup_read(state_dir, service, all->v[i],
					       scratch, &j, err) == -1)
			return -1;
		if (kept == keep || (j.reason && stuck)) {
			strlist_add(ret_old, all->v[i]);
			continue;
		}
		stuck = stuck || j.reason;
		kept += !j.reason;
		if (collect_folders(&j, ret_used, err) == -1)
			return -1;
	}
	return 0;
}

int backup_prune(const char *state_dir, const struct svc *s, size_t keep,
		 struct err *err)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(strlist_free) struct strlist old = STRLIST_INIT;
	AUTO(strlist_free) struct strlist used = STRLIST_INIT;
	AUTO(arena_free) struct arena *scratch = arena_new();

	if (backup_list(state_dir, s->name, &all, err) == -1 ||
	    choose(state_dir, s->name, &all, keep, scratch, &old, &used, err) ==
		    -1)
		return -1;
	for (size_t i = 0; i < old.n; i++)
		if (backup_remove(state_dir, s->name, old.v[i], err) == -1)
			return -1;
	/* What another service cannot tell keeps the folders, and no more. */
	if (collect_others(state_dir, s->name, scratch, &used, err) == -1)
		return -1;
	return prune_folders(state_dir, s->name, &used, false, scratch, err);
}

/* --- of services that are gone --- */

static int forget_one(const char *state_dir, const char *service,
		      const char *oldest, struct err *err)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(strlist_free) struct strlist used = STRLIST_INIT;
	AUTO(arena_free) struct arena *scratch = arena_new();
	AUTO(mem_free_str) char *top = folder_of(state_dir, service, NULL);
	const struct strlist none = STRLIST_INIT;

	if (backup_list(state_dir, service, &all, err) == -1)
		return -1;
	if (all.n > 0 && strcmp(all.v[all.n - 1], oldest) >= 0)
		return 0;
	for (size_t i = 0; i < all.n; i++)
		if (backup_remove(state_dir, service, all.v[i], err) == -1)
			return -1;
	if (collect_others(state_dir, service, scratch, &used, err) == -1 ||
	    prune_folders(state_dir, service, &used, true, scratch, err) == -1)
		return -1;
	/* What somebody else put there keeps it. */
	return remove_folder(top, &none, err) == -1 ? -1 : 0;
}

static bool is_gone(const char *name, void *arg)
{
	return *name != '.' && !strlist_has(arg, name);
}

int backup_forget(const char *state_dir, const struct strlist *services,
		  int64_t before, struct err *err)
{
	static const char *const subs[] = { "backup", "folders" };
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	char oldest[GEN_NAME];
	int status = 0;

	if (gen_name(before, NULL, oldest, err) == -1)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		AUTO(mem_free_str)
		char *path = mem_printf("%s/%s", state_dir, subs[i]);
		AUTO(place_close) struct place dir = PLACE_INIT;
		int rc = place_folder(path, PLACE_TRUSTED, &dir, err);

		if (rc == -1 ||
		    (rc == 1 && place_list(&dir, is_gone, (void *) services,
					   FILES_MAX, &names, err) == -1))
			return -1;
	}
	strlist_sort_unique(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct err one = ERR_INIT;

		if (forget_one(state_dir, names.v[i], oldest, &one) == -1)
			status = err_set(err, one.kind, "service %s: %s",
					 names.v[i], one.msg);
	}
	return status;
}
