/* SPDX-License-Identifier: MIT */
#include "runas.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "paths.h"
#include "words.h"

#define OURS	  "fetcher." /* what the names of our files begin with */
#define FILES_MAX 40
#define USER_TEXT 64

struct file {
	const char *path;
	uid_t owner;
	bool denied;	 /* we may not do with it what a run does */
	const char *key; /* it is the folder of this key, to be made */
};

struct files {
	struct file v[FILES_MAX];
	size_t n;
	struct arena *arena;
};

static bool may(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

/* What is not there yet is nobody's. FLAGS as of fstatat(). */
static void add(struct files *f, const char *path, int mode, int flags)
{
	struct stat st;

	if (f->n == FILES_MAX || fstatat(AT_FDCWD, path, &st, flags) == -1)
		return;
	f->v[f->n++] = (struct file){
		.path = arena_strdup(f->arena, path),
		.owner = st.st_uid,
		/* A disk that is read-only is no matter of users. */
		.denied = !may(path, mode) && errno != EROFS,
	};
}

static void add_state(struct files *f, const char *dir)
{
	struct dirent *e;
	DIR *d;

	add(f, dir, W_OK | X_OK, 0);
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d)))
		if (strncmp(e->d_name, OURS, strlen(OURS)) == 0)
			add(f, arena_printf(f->arena, "%s/%s", dir, e->d_name),
			    R_OK | W_OK, AT_SYMLINK_NOFOLLOW);
	closedir(d);
}

static void add_store(struct files *f, const struct store_conf *store)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	if (strcmp(store->driver, "sqlite") != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		add(f, arena_printf(f->arena, "%s%s", store->path, suffixes[i]),
		    R_OK | W_OK, 0);
}

/* One that is not there yet is made in its folder. */
static void add_keys(struct files *f, const struct conf_groups *cas)
{
	for (size_t i = 0; i < cas->n; i++) {
		const struct certrepo_ca *ca = cas->v[i];
		AUTO(mem_free_str) char *folder = file_dirname(ca->account_key);
		size_t n = f->n;

		if (may(ca->account_key, F_OK) || errno != ENOENT)
			add(f, ca->account_key, R_OK, 0);
		else
			add(f, folder, W_OK | X_OK, 0);
		if (n < f->n && strcmp(f->v[n].path, folder) == 0)
			f->v[n].key = ca->account_key;
	}
}

/* The name of UID, or its number. */
static const char *user(uid_t uid, char ret[USER_TEXT])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(ret, USER_TEXT, "%.60s", pw->pw_name);
	else
		snprintf(ret, USER_TEXT, "%lu", (unsigned long) uid);
	return ret;
}

/* As a shell takes it. */
static const char *word(const char *path, struct arena *a)
{
	const char *const argv[] = { path, NULL };
	AUTO(mem_free_str) char *text = words_text(argv);

	return arena_strdup(a, text);
}

/* Our group's name; where it has none, that of the user WE. */
static const char *group(const char *we)
{
	const struct group *gr = getgrgid(getegid());

	return gr ? gr->gr_name : we;
}

/* Neither root nor the one whose it is. */
static int run_as_root(const struct file *of, const char *const *argv,
		       struct err *err)
{
	AUTO(mem_free_str) char *typed = words_text(argv);
	char owner[USER_TEXT], we[USER_TEXT];

	return err_set(err, ERR_CONFIG,
		       "%s belongs to %s, and this runs as %s: nothing was "
		       "done; run, as root: %s",
		       of->path, user(of->owner, owner), user(geteuid(), we),
		       typed);
}

/* Is there anything in DIR that is none of ours? Then it is a folder of others,
 * /var/lib itself, say. */
static bool is_shared(const char *dir, const struct store_conf *store)
{
	static const char *const known[] = { OURS,	  "notices", "accounts",
					     "staging",	  "outbox",  ".",
					     "certrepo.", NULL };
	const char *db = store->path ? strrchr(store->path, '/') : NULL;
	bool other = false;
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return false;
	while (!other && (e = readdir(d))) {
		bool ours =
			db && strncmp(e->d_name, db + 1, strlen(db + 1)) == 0;

		for (size_t i = 0; known[i] && !ours; i++)
			ours = strncmp(e->d_name, known[i], strlen(known[i])) ==
			       0;
		other = !ours;
	}
	closedir(d);
	return other;
}

static int not_ours(const struct file *of, struct err *err)
{
	char owner[USER_TEXT], we[USER_TEXT];

	return err_set(
		err, ERR_CONFIG,
		"%s belongs to %s and holds what is none of ours, and "
		"this runs as %s, who may not write there: nothing was "
		"done; let state_dir name a folder of certrepo's own, as "
		"" CERTREPO_STATE_DIR,
		of->path, user(of->owner, owner), user(geteuid(), we));
}

/* Left by a run as root, or made without -o. */
static int hand_over(const struct files *f, const struct file *first,
		     struct err *err)
{
	const char *argv[FILES_MAX + 4] = { "chown", "-h" };
	AUTO(mem_free_str) char *command = NULL;
	char owner[USER_TEXT], we[USER_TEXT];
	size_t n = 3;

	argv[2] = user(geteuid(), we);
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].denied && !f->v[i].key &&
		    f->v[i].owner != geteuid())
			argv[n++] = f->v[i].path;
	if (n == 3)
		return err_set(err, ERR_CONFIG,
			       "%s is ours (%s), and its mode lets us not "
			       "write it; run: chmod u+rwX %s",
			       first->path, we, word(first->path, f->arena));
	command = words_text(argv);
	return err_set(err, ERR_CONFIG,
		       "%s belongs to %s, and this runs as %s, who may not "
		       "write there: nothing was done; run, as root: %s",
		       first->path, user(first->owner, owner), we, command);
}

/* Its folder may be one of root's for other things as well. */
static int no_folder(const struct files *f, const struct file *of,
		     const char *state_dir, struct err *err)
{
	char we[USER_TEXT];

	return err_set(err, ERR_CONFIG,
		       "account_key %s is not there, and this runs as %s, who "
		       "may not make it in that folder; run, as root: install "
		       "-d -m 700 -o %s %s/accounts, and let account_key name "
		       "a file in it",
		       of->key, user(geteuid(), we), we,
		       word(state_dir, f->arena));
}

static int no_state(const struct files *f, const char *dir, struct err *err)
{
	char we[USER_TEXT];

	return err_set(err, ERR_CONFIG,
		       "state_dir %s is not there, and this runs as %s, who "
		       "may not make it; run, as root: install -d -m 755 -o "
		       "%s %s",
		       dir, user(geteuid(), we), we, word(dir, f->arena));
}

/* Root is itself where state_dir is not another's: then all of it has to be. */
static int check_root(const struct files *f, const char *state_dir,
		      struct err *err)
{
	bool there = may(state_dir, F_OK);
	char owner[USER_TEXT];

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].owner == 0)
			continue;
		(void) user(f->v[i].owner, owner);
		return err_set(err, ERR_CONFIG,
			       "%s belongs to %s, and state_dir %s: nothing "
			       "was done; run: %s %s %s",
			       f->v[i].path, owner,
			       there ? "to root" : "is not there",
			       there ? "chown -h" : "install -d -m 755 -o",
			       owner, word(state_dir, f->arena));
	}
	return 0;
}

/* A secret of root's for the fetcher's group, and the group was forgotten. */
static int check_secret(const char *path, struct err *err)
{
	AUTO(mem_free_str) char *file = NULL;
	const char *argv[] = { path, NULL };
	char we[USER_TEXT];

	if (!path || !may(path, F_OK) || may(path, R_OK))
		return 0;
	file = words_text(argv);
	return err_set(err, ERR_CONFIG,
		       "%s may not be read by %s, as whom this runs; run, as "
		       "root: chgrp %s %s && chmod 640 %s",
		       path, user(geteuid(), we), group(we), file, file);
}

static int check_secrets(const struct certrepo_conf *conf, struct err *err)
{
	if (check_secret(conf->store->password_file, err) == -1 ||
	    check_secret(conf->store->key_file, err) == -1 ||
	    check_secret(conf->proof.dns->key_file, err) == -1)
		return -1;
	for (size_t i = 0; i < conf->proof.dns->zones.n; i++) {
		const struct proof_zone *z = conf->proof.dns->zones.v[i];

		if (check_secret(z->key_file, err) == -1)
			return -1;
	}
	return 0;
}

/* None of the CAs' keys can be had, whose files begin at FROM: nothing would
 * be done at all. */
static bool no_key(const struct files *f, size_t from)
{
	for (size_t i = from; i < f->n; i++)
		if (!f->v[i].denied)
			return false;
	return from < f->n;
}

/* WRITTEN are those that a run has to write, they come first. */
static int check_user(const struct files *f, size_t written,
		      const struct certrepo_conf *conf, const char *const *argv,
		      struct err *err)
{
	const char *state_dir = conf->state_dir;
	AUTO(mem_free_str) char *above = file_dirname(state_dir);
	const struct file *first = NULL;

	for (size_t i = 0; i < written && !first; i++)
		if (f->v[i].denied)
			first = &f->v[i];
	if (first) {
		if (first == f->v && strcmp(first->path, state_dir) == 0 &&
		    first->owner == 0 && geteuid() != 0 &&
		    is_shared(state_dir, conf->store))
			return not_ours(first, err);
		if (f->v[0].owner != 0 && f->v[0].owner != geteuid())
			return run_as_root(&f->v[0], argv, err);
		return hand_over(f, first, err);
	}
	if (!may(state_dir, F_OK) && errno == ENOENT &&
	    !may(above, W_OK | X_OK))
		return no_state(f, state_dir, err);
	if (no_key(f, written))
		return f->v[written].key
			       ? no_folder(f, &f->v[written], state_dir, err)
			       : hand_over(f, &f->v[written], err);
	return check_secrets(conf, err);
}

/* Of one that is in order or not. */
static char *state_dir_of(const char *config)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	AUTO(arena_free) struct arena *a = arena_new();
	struct certrepo_conf conf = { .state_dir = NULL };
	int rc = certrepo_conf_load(config, a, &conf, &errs);

	return (rc == 0 || errs.filled) && conf.state_dir
		       ? mem_strdup(conf.state_dir)
		       : NULL;
}

int runas_become(const char *config, struct err *err)
{
	AUTO(mem_free_str)
	char *dir = geteuid() == 0 ? state_dir_of(config) : NULL;
	const struct passwd *pw;
	char owner[USER_TEXT];
	struct stat st;
	gid_t gid;

	if (!dir || (stat(dir, &st) == -1 && errno == ENOENT))
		return 0;
	if (stat(dir, &st) == -1)
		return err_errno(err, ERR_IO, "%s", dir);
	if (st.st_uid == 0)
		return 0;
	pw = getpwuid(st.st_uid);
	gid = pw ? pw->pw_gid : st.st_gid;
	if ((pw ? initgroups(pw->pw_name, gid) : setgroups(0, NULL)) == -1 ||
	    setresgid(gid, gid, gid) == -1 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) == -1)
		return err_errno(err, ERR_IO, "cannot run as %s, whose %s is",
				 user(st.st_uid, owner), dir);
	(void) prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

int runas_check(const struct certrepo_conf *conf, const char *const *argv,
		struct err *err)
{
	struct files f = { .arena = arena_new() };
	size_t written;
	int rc;

	add_state(&f, conf->state_dir);
	add_store(&f, conf->store);
	written = f.n;
	add_keys(&f, &conf->ca);
	rc = geteuid() == 0 ? check_root(&f, conf->state_dir, err)
			    : check_user(&f, written, conf, argv, err);
	arena_free(&f.arena);
	return rc;
}

void runas_keys(const struct certrepo_conf *conf)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *keys = certrepo_conf_keys(conf, a);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];
		AUTO(mem_free_str) char *folder = file_dirname(ca->account_key);

		if (strcmp(folder, keys) == 0 &&
		    file_mkdir(keys, 0700, &err) == -1)
			return;
	}
}
