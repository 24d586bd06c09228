/* SPDX-License-Identifier: MIT */
#include "staging.h"
#include <stdio.h>
#include <unistd.h>
#include "clock.h"
#include "engine.h"
#include "file.h"
#include "instance.h"
#include "log.h"
#include "runas.h"
#include "store_schema.h"
#include "words.h"

#define FOLDER "staging"
#define ENDING "-staging"
#define CA_MAX 64 /* characters of the name of a CA */

const char *staging_ca_name(const struct certrepo_ca *ca, struct arena *a)
{
	bool fits = strlen(ca->name) + strlen(ENDING) <= CA_MAX;

	return fits ? arena_printf(a, "%s" ENDING, ca->name) : ca->name;
}

/* --- the configuration --- */

/* Another chain, other customers, no search: there is one directory. */
static struct certrepo_ca *staging_ca(const struct certrepo_conf *try,
				      const struct certrepo_ca *ca,
				      struct arena *a)
{
	struct certrepo_ca *s = arena_alloc(a, sizeof(*s));

	*s = *ca;
	s->name = staging_ca_name(ca, a);
	s->directory = ca->staging;
	s->account_key = certrepo_conf_key(try, s->name, a);
	s->staging_of = ca->name;
	s->eab_kid = ca->staging_eab_kid;
	s->eab_key_file = ca->staging_eab_key_file;
	s->preferred_chain = NULL;
	s->discover = (struct conf_strings){ NULL, 0 };
	s->discover_allow = s->discover;
	return s;
}

struct certrepo_conf *staging_conf(const struct certrepo_conf *conf,
				   const struct staging_tries *tries,
				   struct arena *a)
{
	struct certrepo_conf *try = arena_alloc(a, sizeof(*try));
	struct store_conf *store = arena_alloc(a, sizeof(*store));
	void **cas = arena_array(a, conf->ca.n, sizeof(*cas));
	size_t n = 0;

	*try = *conf;
	try->state_dir = arena_printf(a, "%s/" FOLDER, conf->state_dir);
	*store = (struct store_conf){
		.driver = "sqlite",
		.path = arena_printf(a, "%s/certrepo.db", try->state_dir),
		.connect_timeout = conf->store->connect_timeout,
		.timeout = conf->store->timeout,
	};
	try->store = store;
	try->notify = NULL;
	for (size_t i = 0; i < conf->ca.n; i++)
		for (size_t k = 0; k < tries->n; k++) {
			if (tries->v[k].ca != conf->ca.v[i] ||
			    tries->v[k].why.kind)
				continue;
			cas[n++] = staging_ca(try, conf->ca.v[i], a);
			break;
		}
	try->ca = (struct conf_groups){ .v = cas, .n = n };
	return try;
}

/* --- the rows, there and here --- */

static int no_staging(const struct certrepo_ca *ca, struct err *err)
{
	return err_set(err, ERR_CONFIG,
		       "CA %s has no staging directory that is known here: if "
		       "it has one, set `staging' in its group in "
		       "certrepo.conf to the URL of that",
		       ca->name);
}

/* Its account there is opened by this, if by anything. */
static int no_binding(const struct certrepo_ca *ca, struct err *err)
{
	return err_set(err, ERR_CONFIG,
		       "CA %s opens no account without a binding, and at its "
		       "staging directory that is another one: get it%s%s, and "
		       "set `staging_eab_kid' and `staging_eab_key_file'",
		       ca->name, ca->web ? " by " : " there",
		       ca->web ? ca->web : "");
}

/* Whether T can be tried at all; else its why says it. */
static void judge(struct staging_try *t, const struct certrepo_conf *conf,
		  const char *hint, struct arena *a)
{
	AUTO(mem_free_str) char *key = NULL;

	if (!t->row) {
		(void) err_set(&t->why, ERR_INPUT,
			       "it is not enrolled: certrepo-populate%s add %s",
			       hint, staging_word(t->name, a));
		return;
	}
	t->ca = certrepo_conf_ca(conf, t->row->ca_name);
	if (!t->ca) {
		(void) err_set(&t->why, ERR_CONFIG,
			       "the row names the CA \"%s\", which is not in "
			       "the configuration",
			       t->row->ca_name);
		return;
	}
	key = mem_printf("%s/" FOLDER "/accounts/%s.pem", conf->state_dir,
			 staging_ca_name(t->ca, a));
	if (!t->ca->staging)
		(void) no_staging(t->ca, &t->why);
	else if (t->ca->eab_required && !t->ca->staging_eab_kid &&
		 access(key, F_OK) == -1)
		(void) no_binding(t->ca, &t->why);
}

static int read_rows(const struct certrepo_conf *conf, const char *hint,
		     struct staging_tries *tries, struct arena *a,
		     struct err *err)
{
	AUTO(store_free) struct store *store = NULL;

	if (store_open(conf->store, STORE_READ, &store, err) == -1)
		return -1;
	for (size_t i = 0; i < tries->n; i++) {
		struct staging_try *t = &tries->v[i];
		struct store_cert *row;
		int found = store_get(store, t->name, a, &row, err);

		if (found == -1)
			return -1;
		t->row = found ? row : NULL;
		judge(t, conf, hint, a);
	}
	return 0;
}

static int make_store(const struct store_conf *conf, struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	int from, to;

	if (store_open(conf, STORE_ADMIN, &store, err) == -1)
		return -1;
	return store_schema_upgrade(store, clock_now(), &from, &to, err);
}

/* What only a person mends is mended by making it anew. */
static int unusable(const char *dir, struct err *err)
{
	const char *const argv[] = { dir, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);
	AUTO(mem_free_str) char *was = mem_strdup(err->msg);

	if (err->kind != ERR_CONFIG)
		return -1;
	return err_set(err, err->kind,
		       "%s; it keeps nothing but tries, make it anew: rm -r %s",
		       was, word);
}

/* As if it had just been enrolled there, whatever was tried before. */
static int put_row(struct store *store, const struct staging_try *t,
		   struct arena *a, struct err *err)
{
	const struct store_cert *row = t->row;
	const struct store_cert new = {
		.name = t->name,
		.enabled = true,
		.certbot = row->certbot,
		.csr = row->csr,
		.md5_modulus = row->md5_modulus ? row->md5_modulus : "",
		.webroot_path = row->webroot_path,
		.ca_name = staging_ca_name(t->ca, a),
		.ca_profile = row->ca_profile,
		.challenge = row->challenge,
		.key_sha256 = row->key_sha256,
	};

	if (store_remove(store, t->name, err) == -1)
		return -1;
	return store_add(store, &new, err);
}

/* Until when its staging rests, and why. */
static int read_rest(struct store *store, const struct staging_try *t,
		     struct arena *a, struct store_ca *ret, struct err *err)
{
	*ret = (struct store_ca){ .name = NULL };
	return store_ca_get(store, staging_ca_name(t->ca, a), a, ret, err);
}

/* The names that are in it then, in RET_NAMES; what one row is that cannot be
 * there concerns it alone. */
static int put_rows(struct store *store, struct staging_tries *tries,
		    struct arena *a, const char **ret_names, size_t *ret_n,
		    struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < tries->n; i++) {
		struct staging_try *t = &tries->v[i];
		struct store_ca ca;

		if (t->why.kind)
			continue;
		if (read_rest(store, t, a, &ca, err) == -1)
			return -1;
		t->rest = ca.backoff_until;
		if (put_row(store, t, a, &t->why) == 0) {
			ret_names[n++] = t->name;
			continue;
		}
		if (t->why.kind != ERR_INPUT && t->why.kind != ERR_LIMIT) {
			*err = t->why;
			return -1;
		}
	}
	*ret_n = n;
	return 0;
}

static int read_ends(struct store *store, struct staging_tries *tries,
		     struct arena *a, struct err *err)
{
	for (size_t i = 0; i < tries->n; i++) {
		struct staging_try *t = &tries->v[i];
		struct store_attempts tried = { NULL, 0 };
		struct store_cert *got;
		struct store_ca ca;

		if (t->why.kind)
			continue;
		if (read_rest(store, t, a, &ca, err) == -1 ||
		    store_get(store, t->name, a, &got, err) != 1 ||
		    store_attempts_of(store, t->name, 1, a, &tried, err) == -1)
			return -1;
		t->got = got;
		if (ca.backoff_until != t->rest)
			t->away = ca.fail_class;
		/* Attempts stay when a row is put there anew. */
		if (tried.n && (got->crt.len || got->fail_class))
			t->order_url = tried.v[0].order_url;
	}
	return 0;
}

/* --- a try --- */

static void say(const struct staging_tries *tries, const char *config,
		struct arena *a)
{
	const char *hint = certrepo_conf_hint(config, a);
	const char *fetcher = arena_printf(a, "certrepo-fetcher%s", hint);
	const char *populate = arena_printf(a, "certrepo-populate%s", hint);
	int64_t now = clock_now();

	for (size_t i = 0; i < tries->n; i++) {
		bool worked;
		const char *text = staging_text(&tries->v[i], fetcher, populate,
						now, a, &worked);

		(void) fputs(text, worked ? stdout : stderr);
		(void) fflush(stdout);
	}
}

/* As of a run in which those that were not tried have failed. */
static int status_of(const struct staging_tries *tries, size_t tried, int run)
{
	if (tried == tries->n)
		return run;
	for (size_t i = 0; !tried && i < tries->n; i++)
		if (tries->v[i].why.kind != ERR_CONFIG)
			return 1;
	return !tried ? err_exit_status(ERR_CONFIG) : run == 0 ? 2 : run;
}

static int run_engine(const struct certrepo_conf *try, struct store *store,
		      const char *owner, const char *const *names, size_t n,
		      int *ret_status, struct err *err)
{
	AUTO(engine_free) struct engine *engine = NULL;
	const struct engine_opts opts = {
		.names = names,
		.n_names = n,
		.force = true,
		.once = true,
		.quiet = true,
	};

	if (engine_new(try, store, owner, &opts, &engine, err) == -1)
		return -1;
	return engine_run(engine, ret_status, err);
}

static int try_them(const struct certrepo_conf *conf,
		    struct staging_tries *tries, int *ret_status,
		    struct arena *a, struct err *err)
{
	AUTO(instance_free) struct instance *self = NULL;
	AUTO(store_free) struct store *store = NULL;
	const char **names = arena_array(a, tries->n + 1, sizeof(*names));
	const struct certrepo_conf *try = staging_conf(conf, tries, a);
	size_t n = 0;

	if (file_mkdir(conf->state_dir, 0700, err) == -1 ||
	    instance_open(try->state_dir, &self, err) == -1)
		return -1;
	runas_keys(try);
	if (make_store(try->store, err) == -1 ||
	    store_open(try->store, STORE_LOOP, &store, err) == -1)
		return unusable(try->state_dir, err);
	if (put_rows(store, tries, a, names, &n, err) == -1)
		return -1;
	*ret_status = 0;
	if (n && run_engine(try, store, instance_id(self), names, n, ret_status,
			    err) == -1)
		return -1;
	*ret_status = status_of(tries, n, *ret_status);
	return read_ends(store, tries, a, err);
}

static bool is_there(const struct staging_tries *tries, const char *name)
{
	for (size_t i = 0; i < tries->n; i++)
		if (strcmp(tries->v[i].name, name) == 0)
			return true;
	return false;
}

int staging_run(const struct certrepo_conf *conf, const char *config,
		const char *const *names, size_t n, int *ret_status,
		struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct staging_tries tries = {
		.v = arena_array(a, n, sizeof(*tries.v)),
	};
	bool any = false;

	for (size_t i = 0; i < n; i++)
		if (!is_there(&tries, names[i]))
			tries.v[tries.n++].name = names[i];
	if (read_rows(conf, certrepo_conf_hint(config, a), &tries, a, err) ==
	    -1)
		return -1;
	for (size_t i = 0; i < tries.n; i++)
		any = any || !tries.v[i].why.kind;
	if (!any)
		*ret_status = status_of(&tries, 0, 0);
	else if (try_them(conf, &tries, ret_status, a, err) == -1)
		return -1;
	say(&tries, config, a);
	return 0;
}
