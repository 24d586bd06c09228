/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backup.h"
#include "deploy.h"

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

static char *folder_of(const char *state_dir, const char *service,
		       const char *gen)
{
	return mem_printf("%s/backup/%s%s%s", state_dir, service,
			  gen ? "/" : "", gen ? gen : "");
}

const char *backup_copy_path(const char *state_dir, const char *service,
			     const char *gen, size_t i, struct arena *arena)
{
	return arena_printf(arena, "%s/backup/%s/%s/%zu", state_dir, service,
			    gen, i);
}

int backup_make(const char *state_dir, const struct journal *j, struct err *err)
{
	AUTO(mem_free_str) char *top = mem_printf("%s/backup", state_dir);
	AUTO(mem_free_str) char *mid = folder_of(state_dir, j->service, NULL);
	AUTO(mem_free_str) char *dir = folder_of(state_dir, j->service, j->gen);
	AUTO(mem_free_str) char *manifest = mem_printf("%s/manifest", dir);

	if (file_mkdir(top, 0700, err) == -1 ||
	    file_mkdir(mid, 0700, err) == -1 ||
	    file_mkdir(dir, 0700, err) == -1 || file_sync_dir(top, err) == -1 ||
	    file_sync_dir(mid, err) == -1)
		return -1;
	for (size_t i = 0; i < j->n_ops; i++) {
		const struct journal_op *o = &j->ops[i];

		if (o->type == JOURNAL_FILE && o->old &&
		    deploy_copy(o->path, o->old, err) == -1)
			return -1;
	}
	return journal_write(manifest, j, 1, err);
}

void backup_remove(const char *state_dir, const char *service, const char *gen)
{
	AUTO(mem_free_str) char *dir = folder_of(state_dir, service, gen);

	if (deploy_gen_ok(gen))
		deploy_remove_folder(dir);
}

/* Folders named like generations in DIR, sorted. */
static int list_gens(const char *dir, struct strlist *ret, struct err *err)
{
	AUTO(dir_close) DIR *d = opendir(dir);
	const struct dirent *e;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_errno(err, ERR_IO, "folder %s", dir);
	while ((e = readdir(d)) && ret->n < BACKUP_MAX)
		if (deploy_gen_ok(e->d_name))
			strlist_add(ret, e->d_name);
	strlist_sort_unique(ret);
	return 0;
}

int backup_list(const char *state_dir, const char *service, struct strlist *ret,
		struct err *err)
{
	AUTO(mem_free_str) char *dir = folder_of(state_dir, service, NULL);

	return list_gens(dir, ret, err);
}

int backup_read(const char *state_dir, const char *service, const char *gen,
		struct arena *arena, struct journal *ret, struct err *err)
{
	AUTO(mem_free_str) char *dir = folder_of(state_dir, service, gen);
	AUTO(mem_free_str) char *path = mem_printf("%s/manifest", dir);
	struct journals all;
	int found = journal_read(path, arena, &all, err);

	if (found == 1)
		*ret = all.v[0];
	return found;
}

/* Folders of C's dir that no link and no kept manifest names. */
static int prune_folders(const struct svc_cert *c, const struct strlist *used,
			 struct arena *scratch, struct err *err)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	const char *now;

	if (deploy_read_link(c->link, scratch, &now, err) == -1 ||
	    list_gens(c->dir, &gens, err) == -1)
		return -1;
	for (size_t i = 0; i < gens.n; i++) {
		AUTO(mem_free_str)
		char *folder = mem_printf("%s/%s", c->dir, gens.v[i]);

		if ((!now || strcmp(now, gens.v[i]) != 0) &&
		    !strlist_has(used, folder))
			deploy_remove_folder(folder);
	}
	return 0;
}

static int collect_used(const char *state_dir, const char *service,
			const char *gen, struct arena *scratch,
			struct strlist *ret, struct err *err)
{
	struct journal j;
	int found = backup_read(state_dir, service, gen, scratch, &j, err);

	if (found != 1)
		return found;
	for (size_t i = 0; i < j.n_ops; i++) {
		const struct journal_op *o = &j.ops[i];
		AUTO(mem_free_str) char *dir = file_dirname(o->path);

		if (o->type == JOURNAL_LINK && o->old)
			strlist_addf(ret, "%s/%s", dir, o->old);
	}
	return 0;
}

int backup_prune(const char *state_dir, const struct svc *s, size_t keep,
		 struct err *err)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(strlist_free) struct strlist used = STRLIST_INIT;
	AUTO(arena_free) struct arena *scratch = arena_new();
	size_t first;

	if (backup_list(state_dir, s->name, &all, err) == -1)
		return -1;
	first = all.n > keep ? all.n - keep : 0;
	for (size_t i = 0; i < all.n; i++) {
		if (i < first)
			backup_remove(state_dir, s->name, all.v[i]);
		else if (collect_used(state_dir, s->name, all.v[i], scratch,
				      &used, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < s->n_certs; i++)
		if (s->certs[i].link &&
		    prune_folders(&s->certs[i], &used, scratch, err) == -1)
			return -1;
	return 0;
}
