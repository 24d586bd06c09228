/* SPDX-License-Identifier: MIT */
#include "ca_preset.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf_inherit.h"
#include "conf_names.h"
#include "file.h"
#include "near.h"

#define ENDING ".conf"

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static int unknown(const char *const *dirs, const char *name,
		   const struct conf_src *from, struct conf_errors *errs)
{
	AUTO(strlist_free) struct strlist known = STRLIST_INIT;
	AUTO(strlist_free) struct strlist where = STRLIST_INIT;
	AUTO(mem_free_str) char *all = NULL, *folders = NULL;
	struct near near = near_word(name);

	conf_names(dirs, &known);
	for (size_t i = 0; i < known.n; i++)
		(void) near_try(&near, known.v[i]);
	for (; *dirs; dirs++)
		strlist_add(&where, *dirs);
	all = strlist_join(&known, ", ");
	folders = strlist_join(&where, " or ");
	conf_error(errs, from,
		   "setting `preset': there is no \"%.64s\" in %s%s%s%s: "
		   "there are %s",
		   name, folders, near.best ? ", \"" : "",
		   near.best ? near.best : "", near.best ? "\" perhaps" : "",
		   *all ? all : "none");
	return -1;
}

/* Nobody else can change what is in it. */
static int check_folder(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		return err_errno(err, ERR_CONFIG, "%s", dir);
	return file_check_config(dir, &st, err);
}

int ca_preset_load(const char *const *dirs, const char *name,
		   const struct conf_src *from, struct arena *arena,
		   struct certrepo_ca *ret, struct conf_errors *errs)
{
	const char *const *dir = dirs, *path = NULL;
	struct certrepo_ca read;
	struct err err = ERR_INIT;
	size_t before = errs->list.n;

	if (!name_ok(name)) {
		conf_error(errs, from,
			   "setting `preset': \"%.100s\" must be at most 64 "
			   "letters, digits, '-', '_' and '.'",
			   name);
		return -1;
	}
	for (; *dir; dir++) {
		path = arena_printf(arena, "%s/%s" ENDING, *dir, name);
		if (access(path, F_OK) == 0 || errno != ENOENT)
			break;
	}
	if (!*dir)
		return unknown(dirs, name, from, errs);
	if (check_folder(*dir, &err) == -1) {
		conf_error(errs, from, "setting `preset': %s", err.msg);
		return -1;
	}
	if (conf_load(path, &certrepo_preset_schema, arena, &read, errs) == -1)
		return -1;
	certrepo_conf_check_ca(&read, errs);
	if (errs->list.n > before)
		return -1;
	*ret = read;
	return 0;
}

int ca_preset_apply(const struct certrepo_conf *conf, struct arena *arena,
		    struct conf_errors *errs)
{
	const char *const dirs[] = { conf->preset_dir, conf->shipped_preset_dir,
				     NULL };
	struct certrepo_ca preset;
	int rc = 0;

	for (size_t i = 0; i < conf->ca.n; i++) {
		struct certrepo_ca *ca = conf->ca.v[i];

		if (!ca->preset)
			continue;
		if (ca_preset_load(dirs, ca->preset, &ca->src, arena, &preset,
				   errs) == -1)
			rc = -1;
		else
			conf_inherit(&certrepo_ca_schema, ca,
				     &certrepo_preset_schema, &preset);
	}
	return rc;
}
