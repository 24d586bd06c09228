/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "nextkey.h"
#include "place.h"
#include "store.h"

#define KEY_MAX (64u * 1024)

const char *nextkey_path(const char *state_dir, const char *name,
			 struct arena *arena)
{
	return arena_printf(arena, "%s/next/%s", state_dir, name);
}

/* Its folder; 1, 0: it is not there, -1. */
static int open_folder(const char *state_dir, struct place *ret,
		       struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/next", state_dir);

	return place_folder(path, PLACE_TRUSTED, ret, err);
}

static int open_key(const char *state_dir, const char *name, struct place *ret,
		    struct err *err)
{
	AUTO(place_close) struct place dir = PLACE_INIT;
	int rc = open_folder(state_dir, &dir, err);

	if (rc != 1)
		return rc;
	return place_in(&dir, name, ret, err) == -1 ? -1 : 1;
}

int nextkey_there(const char *state_dir, const char *name, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_key(state_dir, name, &p, err);

	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	return now.kind != PLACE_NONE;
}

int nextkey_load(const char *state_dir, const char *name, struct x509_key **ret,
		 struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_key(state_dir, name, &p, err);

	if (rc != 1)
		return rc;
	if (place_read(&p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_NONE)
		return 0;
	if (now.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s is in the way: not a file",
			       p.path);
	if (file_check_secret(now.attr.mode, "key", p.path, err) == -1)
		return -1;
	return x509_key_parse(p.path, &now.content, ret, err) == -1 ? -1 : 1;
}

int nextkey_put(const char *state_dir, const char *name,
		const struct x509_key *key, struct err *err)
{
	const struct file_attr attr = { 0600, geteuid(), FILE_KEEP };
	AUTO(mem_free_str) char *path = mem_printf("%s/next", state_dir);
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(KEY_MAX);
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;

	if (x509_key_pem(key, &pem, err) == -1 ||
	    place_make_path(path, 0700, err) == -1)
		return -1;
	if (open_key(state_dir, name, &p, err) != 1)
		return -1;
	if (place_stage(&p, sbuf_str(&pem), pem.len, &attr, NULL, &n, err) ==
	    -1)
		return -1;
	if (place_commit(&p, &n, true, err) == -1) {
		place_drop(&p, &n);
		return -1;
	}
	return 0;
}

int nextkey_drop(const char *state_dir, const char *name, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_key(state_dir, name, &p, err);

	if (rc != 1)
		return rc;
	return place_remove(&p, err);
}

static bool is_name(const char *name, void *arg)
{
	return store_name_check(name, NULL) == 0;
}

int nextkey_list(const char *state_dir, struct strlist *ret, struct err *err)
{
	AUTO(place_close) struct place dir = PLACE_INIT;
	int rc = open_folder(state_dir, &dir, err);

	if (rc != 1)
		return rc;
	return place_list(&dir, is_name, NULL, NEXTKEYS_MAX, ret, err);
}
