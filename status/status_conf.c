/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>
#include "certrepo_conf.h"
#include "sbuf.h"
#include "status_conf.h"

#define CAS_MAX 8000

static const struct conf_setting settings[] = {
	{ .name = "store",
	  .type = CONF_GROUP,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct status_conf, store),
	  .sub = &store_conf_schema,
	  .help = "the database to read" },
	{ .name = NULL },
};

const struct conf_schema status_conf_schema = {
	.settings = settings,
	.size = sizeof(struct status_conf),
};

const char *status_conf_path(void)
{
	return access(STATUS_CONF_PATH, F_OK) == 0 || errno != ENOENT
		       ? STATUS_CONF_PATH
		       : CERTREPO_CONF_PATH;
}

static struct status_settings defaults(void)
{
	return (struct status_settings){ .count_fail_limit = 10,
					 .order_timeout = 15 * 60 };
}

static int load_own(const char *path, struct arena *arena,
		    struct status_conf *ret, struct conf_errors *errs)
{
	if (conf_load(path, &status_conf_schema, arena, ret, errs) == -1)
		return -1;
	store_conf_check(ret->store, errs);
	ret->set = defaults();
	return errs->list.n > 0 ? -1 : 0;
}

static int load_centre(const char *path, struct arena *arena,
		       struct status_conf *ret, struct conf_errors *errs)
{
	AUTO(sbuf_free) struct sbuf cas = SBUF_INIT(CAS_MAX);
	struct certrepo_conf conf;

	if (certrepo_conf_load(path, arena, &conf, errs) == -1)
		return -1;
	for (size_t i = 0; i < conf.ca.n; i++) {
		const struct certrepo_ca *ca = conf.ca.v[i];

		sbuf_addf(&cas, "%s%s", i > 0 ? " " : "", ca->name);
	}
	*ret = (struct status_conf){ .src = conf.src, .store = conf.store };
	ret->set = defaults();
	ret->set.default_ca = conf.default_ca;
	ret->set.cas = arena_strdup(arena, sbuf_str(&cas));
	ret->set.days_left = conf.days_left;
	ret->set.count_fail_limit = conf.count_fail_limit;
	ret->set.deliver_within = conf.deliver_within;
	ret->set.order_timeout = conf.order_timeout;
	return 0;
}

/* Which of the two a file means to be, is what it is nearer to. */
int status_conf_load(const char *path, struct arena *arena,
		     struct status_conf *ret, struct conf_errors *errs)
{
	AUTO(conf_errors_free) struct conf_errors centre = { .unread = false };
	AUTO(conf_errors_free) struct conf_errors own = { .unread = false };
	const struct conf_errors *say;

	if (conf_missing(path, "certrepo-status(8)", errs))
		return -1;
	if (load_own(path, arena, ret, &own) == 0 ||
	    load_centre(path, arena, ret, &centre) == 0)
		return 0;
	say = own.list.n <= centre.list.n ? &own : &centre;
	for (size_t i = 0; i < say->list.n; i++)
		strlist_add(&errs->list, say->list.v[i]);
	errs->unread = say->unread;
	return -1;
}
