/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "instance.h"
#include "jws.h"
#include "log.h"
#include "runas.h"
#include "words.h"

struct import {
	const struct command_run *run;
	const struct certrepo_ca *ca;
	struct jws_key *key;
	struct sbuf pem;
	char *temp; /* beside account_key, not in its place yet */
	char *old;  /* a copy of the key that was there, or NULL */
};

static void import_free(struct import *im)
{
	jws_key_free(&im->key);
	sbuf_erase(&im->pem);
	if (im->temp)
		(void) unlink(im->temp);
	free(im->temp);
	free(im->old);
}

static int read_stdin(struct sbuf *ret, struct err *err)
{
	char part[4096];
	ssize_t n;

	while ((n = read(0, part, sizeof(part))) > 0)
		sbuf_add(ret, part, (size_t) n);
	mem_erase(part, sizeof(part));
	if (n == -1)
		return err_errno(err, ERR_IO, "standard input");
	return sbuf_over(ret) ? err_set(err, ERR_LIMIT,
					"standard input: too large for a key")
			      : 0;
}

/* Other clients run as root, we do not. */
static int read_file(const struct import *im, const char *path,
		     struct sbuf *ret, struct err *err)
{
	const char *const argv[] = { path, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT,
			       "%s is a folder: name the file of the key in it "
			       "(certbot's is private_key.json)",
			       path);
	errno = 0;
	if (file_read_secret(path, ret, err) == 0)
		return 0;
	if (errno != EACCES)
		return -1;
	return err_set(err, ERR_INPUT,
		       "%s may not be read by the fetcher's user; run, as "
		       "root: %s <%s",
		       path,
		       arena_printf(im->run->arena,
				    COMMAND_PROGRAM "%s account import %s -",
				    certrepo_conf_hint(im->run->config,
						       im->run->arena),
				    im->ca->name),
		       word);
}

/* What is no key needs not be kept like one: -1 for that alone, the rest is
 * read_file()'s. */
static int no_key(const char *path, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(JWS_KEY_FILE_MAX);
	AUTO(jws_key_free) struct jws_key *key = NULL;
	struct err why = ERR_INIT;

	if (file_read(path, &text, &why) != 1)
		return 0;
	return jws_key_import(sbuf_str(&text), text.len, path, &key, err);
}

static int read_key(struct import *im, const char *path, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(JWS_KEY_FILE_MAX);
	bool in = strcmp(path, "-") == 0;

	if (!in && no_key(path, err) == -1)
		return -1;
	if ((in ? read_stdin(&text, err) : read_file(im, path, &text, err)) ==
		    -1 ||
	    jws_key_import(sbuf_str(&text), text.len,
			   in ? "standard input" : path, &im->key, err) == -1)
		return -1;
	sbuf_init(&im->pem, JWS_KEY_FILE_MAX);
	return jws_key_pem(im->key, &im->pem, err);
}

/* Another key in its place goes only when that was asked for, and is kept: its
 * account may be wanted again. Its copy is named after what is in it. */
static int keep_old(struct import *im, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf was = SBUF_INIT(JWS_KEY_FILE_MAX);
	AUTO(mem_free_str) char *thumb = NULL;
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	const char *path = im->ca->account_key;
	int found = acme_key_look(im->ca, &thumb), rc;

	if (found == 0 ||
	    (thumb && strcmp(thumb, jws_key_thumbprint(im->key)) == 0))
		return 0;
	if (!account_opts_of(im->run)->replace)
		return err_set(err, ERR_INPUT,
			       "account_key %s of CA %s holds another key "
			       "(thumbprint %s): nothing was done; with "
			       "--replace, that one is kept beside it",
			       path, im->ca->name,
			       thumb ? thumb : "not known, it cannot be used");
	rc = file_read(path, &was, err);
	if (rc != 1)
		return rc;
	im->old = mem_printf("%s.%.16s", path, thumb ? thumb : "unusable");
	return file_replace(im->old, was.buf, was.len, &attr, err);
}

/* The CA is asked by the new key before that is put into its place, so what is
 * no account there changes nothing. */
static int look(struct import *im, struct store *store, struct account *a,
		struct err *err)
{
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	AUTO(mem_free_str) char *dir = file_dirname(im->ca->account_key);
	struct certrepo_ca ca = *im->ca;

	if (file_mkdir(dir, 0700, err) == -1 ||
	    file_stage(ca.account_key, im->pem.buf, im->pem.len, &attr,
		       &im->temp, err) == -1)
		return -1;
	ca.account_key = im->temp;
	if (account_new(&ca, store, a, err) == -1)
		return -1;
	if (account_ask(a, err) == 0)
		return 0;
	if (a->none)
		return err_set(err, ERR_INPUT,
			       "CA %s has no account of this key (thumbprint "
			       "%s): is it one of its directory %s? nothing "
			       "was changed",
			       ca.name, jws_key_thumbprint(im->key),
			       a->ca.directory);
	return -1;
}

static int import(struct import *im, struct store *store, struct err *err)
{
	AUTO(account_free) struct account a = { .arena = NULL };
	const char *path = im->ca->account_key;

	if (look(im, store, &a, err) == -1 || keep_old(im, err) == -1 ||
	    file_commit(im->temp, path, err) == -1)
		return -1;
	mem_free_str(&im->temp);
	if (account_keep(&a, im->run, store, true, err) == -1)
		return err_wrap(err,
				"the key is in %s, and the next run finds its "
				"account; not stored yet",
				path);
	printf("%s: %s is %s; its key is in %s\n", im->ca->name,
	       acme_account(a.acme), a.info.status, path);
	if (im->old)
		printf("%s: the key that was there is in %s\n", im->ca->name,
		       im->old);
	return 0;
}

int account_import(const struct command_run *run, int *ret_status,
		   struct err *err)
{
	AUTO(import_free) struct import im = { .run = run };
	AUTO(instance_free) struct instance *self = NULL;
	AUTO(store_free) struct store *store = NULL;
	struct command_run first = *run;
	struct account_cas cas;

	first.n_words = 1;
	if (account_cas(&first, &cas, err) == -1)
		return -1;
	im.ca = cas.v[0];
	if (read_key(&im, run->words[1], err) == -1 ||
	    instance_open(run->conf->state_dir, &self, err) == -1 ||
	    store_open(run->conf->store, STORE_WRITE, &store, err) == -1 ||
	    import(&im, store, err) == -1)
		return -1;
	*ret_status = 0;
	return 0;
}
