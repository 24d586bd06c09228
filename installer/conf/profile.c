/* SPDX-License-Identifier: MIT */

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf_names.h"
#include "file.h"
#include "format.h"
#include "near.h"
#include "profile.h"
#include "place.h"
#include "profile_impl.h"

static const char *const pkcs12_ways[] = { "modern", "3des", NULL };
static const char *const layouts[] = { "generation", "fixed", NULL };

static const struct conf_setting file_settings[] = {
	{ .name = "file",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct profile_file, file),
	  .help = "name of the file in the certificate's folder, or a path" },
	{ .name = "format",
	  .type = CONF_ENUM,
	  .choices = format_names,
	  .offset = offsetof(struct profile_file, format),
	  .help = "what goes into it" },
	{ .name = "parts",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct profile_file, parts),
	  .help = "the same, part by part, instead of format" },
	{ .name = "encoding",
	  .type = CONF_ENUM,
	  .choices = format_encodings,
	  .def = "pem",
	  .offset = offsetof(struct profile_file, encoding),
	  .help = "how it is written" },
	{ .name = "dh_file",
	  .type = CONF_PATH,
	  .offset = offsetof(struct profile_file, dh_file),
	  .help = "the part dh: a file of the host" },
	{ .name = "extra_file",
	  .type = CONF_PATH,
	  .offset = offsetof(struct profile_file, extra_file),
	  .help = "the part extra: a file of the host" },
	{ .name = "pkcs12",
	  .type = CONF_ENUM,
	  .choices = pkcs12_ways,
	  .def = "modern",
	  .offset = offsetof(struct profile_file, pkcs12),
	  .help = "how PKCS#12 is encrypted" },
	{ .name = "password_file",
	  .type = CONF_PATH,
	  .offset = offsetof(struct profile_file, password_file),
	  .help = "file with the password of PKCS#12" },
	{ .name = "friendly_name",
	  .type = CONF_STRING,
	  .offset = offsetof(struct profile_file, friendly_name),
	  .help = "name of the entry in PKCS#12" },
	{ .name = "owner",
	  .type = CONF_STRING,
	  .offset = offsetof(struct profile_file, owner),
	  .help = "user name or number that owns it" },
	{ .name = "group",
	  .type = CONF_STRING,
	  .offset = offsetof(struct profile_file, group),
	  .help = "group name or number of it" },
	{ .name = "mode",
	  .type = CONF_MODE,
	  .offset = offsetof(struct profile_file, mode),
	  .help = "its mode, \"0644\" or with a key \"0600\" by default" },
	{ .name = NULL },
};

const struct conf_schema profile_file_schema = {
	.settings = file_settings,
	.size = sizeof(struct profile_file),
};

static const struct conf_setting var_settings[] = {
	{ .name = "name",
	  .type = CONF_STRING,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct profile_var, name),
	  .help = "name of the variable, without the $" },
	{ .name = "value",
	  .type = CONF_STRINGS,
	  .flags = CONF_EMPTY_OK,
	  .offset = offsetof(struct profile_var, value),
	  .help = "the arguments it stands for" },
	{ .name = NULL },
};

const struct conf_schema profile_var_schema = {
	.settings = var_settings,
	.size = sizeof(struct profile_var),
};

static const struct conf_setting command_settings[] = {
	{ .name = "command",
	  .type = CONF_STRINGS,
	  .flags = CONF_REQUIRED,
	  .offset = offsetof(struct profile_command, command),
	  .help = "the program and its arguments" },
	{ .name = "timeout",
	  .type = CONF_DURATION,
	  .def = "30s",
	  .min = 1,
	  .max = 3600,
	  .offset = offsetof(struct profile_command, timeout),
	  .help = "how long it may take" },
	{ .name = "user",
	  .type = CONF_STRING,
	  .offset = offsetof(struct profile_command, user),
	  .help = "user it runs as" },
	{ .name = "env",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct profile_command, env),
	  .help = "\"NAME=value\", more of its environment" },
	{ .name = NULL },
};

static const struct conf_schema command_schema = {
	.settings = command_settings,
	.size = sizeof(struct profile_command),
};

#define HOOK(hook_, name_, help_)                                           \
	{                                                                   \
		.name = name_, .type = CONF_GROUPS, .sub = &command_schema, \
		.offset = offsetof(struct profile, hooks[hook_]),           \
		.help = help_                                               \
	}

const char *const profile_hooks[HOOKS] = {
	[HOOK_SEED] = "seed",	      [HOOK_CHECK] = "check",
	[HOOK_RUNNING] = "running",   [HOOK_TEST] = "test",
	[HOOK_ACTIVATE] = "activate", [HOOK_START] = "start",
	[HOOK_POST] = "post",
};

/* Nothing is required here and nothing has a default: what a profile does not
 * say, another that it includes may. */
static const struct conf_setting profile_settings[] = {
	{ .name = "include",
	  .type = CONF_ANY,
	  .offset = offsetof(struct profile, include),
	  .help = "name of a profile that says what this one does not" },
	{ .name = "description",
	  .type = CONF_STRING,
	  .offset = offsetof(struct profile, description),
	  .help = "one line for people" },
	{ .name = "layout",
	  .type = CONF_ENUM,
	  .choices = layouts,
	  .offset = offsetof(struct profile, layout),
	  .help = "a folder per generation and one link, or fixed paths" },
	{ .name = "files",
	  .type = CONF_GROUPS,
	  .sub = &profile_file_schema,
	  .offset = offsetof(struct profile, files),
	  .help = "the files of one certificate" },
	{ .name = "vars",
	  .type = CONF_GROUPS,
	  .sub = &profile_var_schema,
	  .offset = offsetof(struct profile, vars),
	  .help = "variables of the commands and their defaults" },
	HOOK(HOOK_SEED, "seed",
	     "commands that bring what is in use to where nothing is"),
	HOOK(HOOK_CHECK, "check",
	     "commands that must succeed before anything is touched"),
	HOOK(HOOK_RUNNING, "running",
	     "commands that succeed when the service runs"),
	HOOK(HOOK_TEST, "test",
	     "commands that check the service's configuration"),
	HOOK(HOOK_ACTIVATE, "activate",
	     "commands that make the service take the files"),
	HOOK(HOOK_START, "start", "commands that start a service that died"),
	HOOK(HOOK_POST, "post", "commands to run when new files are proven"),
	{ .name = "wait",
	  .type = CONF_DURATION,
	  .def = "0",
	  .max = 90 * 86400,
	  .offset = offsetof(struct profile, wait),
	  .help = "how long it may take a person or a reboot to restart it" },
	{ .name = "client_auth",
	  .type = CONF_BOOL,
	  .def = "false",
	  .offset = offsetof(struct profile, client_auth),
	  .help = "the service shows the certificate as a client, too" },
	{ .name = NULL },
};

const struct conf_schema profile_schema = {
	.settings = profile_settings,
	.size = sizeof(struct profile),
};

bool profile_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

int profile_check_owner(const char *path, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", path, PLACE_TRUSTED, &p, err);

	if (rc == 1 && place_look(&p, &now, err) == -1)
		rc = -1;
	if (rc == -1) {
		err->kind = ERR_CONFIG;
		return -1;
	}
	if (rc == 1 && now.kind == PLACE_FILE)
		return 0;
	if (rc == 1 && now.kind != PLACE_NONE)
		return err_set(err, ERR_CONFIG, "%s is not a regular file",
			       path);
	errno = ENOENT;
	return err_errno(err, ERR_CONFIG, "%s", path);
}

static bool var_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool file_name_ok(const struct profile_file *f)
{
	const char *p = f->file;

	for (const char *c = p; *c != '\0'; c++)
		if (iscntrl((unsigned char) *c))
			return false;
	return *p != '\0' && p[strlen(p) - 1] != '/' && !strstr(p, "//") &&
	       strncmp(p, "../", 3) != 0 && !strstr(p, "/../") &&
	       !strstr(p, "/./") && strcmp(p, ".") != 0 && strcmp(p, "..") != 0;
}

void profile_check_files(const struct conf_groups *files,
			 struct conf_errors *errs)
{
	for (size_t i = 0; i < files->n; i++) {
		const struct profile_file *f = files->v[i];

		if (!file_name_ok(f))
			conf_error(errs, &f->src,
				   "file: %s is not the name of a file",
				   f->file);
		for (size_t k = 0; k < i; k++) {
			const struct profile_file *o = files->v[k];

			if (strcmp(o->file, f->file) == 0)
				conf_error(errs, &f->src,
					   "file: %s is there twice", f->file);
		}
	}
}

static const char *text_of(const struct profile_file *f, struct arena *arena)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(4096);

	sbuf_adds(&text, f->format ? f->format : "");
	for (size_t i = 0; i < f->parts.n; i++)
		sbuf_addf(&text, "%s%s", i > 0 ? ", " : "", f->parts.v[i]);
	if (strcmp(f->encoding, "pem") != 0)
		sbuf_addf(&text, " as %s", f->encoding);
	return arena_strdup(arena, sbuf_str(&text));
}

int profile_format(const struct profile_file *f, struct arena *arena,
		   struct format *ret, struct err *err)
{
	struct format out = { .n = 0 };

	if (f->format && f->parts.n > 0)
		return err_set(err, ERR_CONFIG,
			       "format and parts exclude each other");
	if (f->format)
		format_named(f->format, &out);
	for (size_t i = 0; i < f->parts.n; i++)
		if (format_add(&out, f->parts.v[i], err) == -1)
			return -1;
	while (strcmp(format_encodings[out.encoding], f->encoding) != 0)
		out.encoding++;
	out.text = text_of(f, arena);
	out.dh_file = f->dh_file;
	out.extra_file = f->extra_file;
	out.password_file = f->password_file;
	out.friendly_name = f->friendly_name;
	out.des3 = strcmp(f->pkcs12, "3des") == 0;
	if (format_check(&out, err) == -1)
		return -1;
	*ret = out;
	return 0;
}

static void check_vars(const struct conf_groups *vars, struct conf_errors *errs)
{
	for (size_t i = 0; i < vars->n; i++) {
		const struct profile_var *v = vars->v[i];

		if (!var_name_ok(v->name))
			conf_error(errs, &v->src,
				   "%s is not the name of a variable, use a-z, "
				   "0-9 and _",
				   v->name);
		if (profile_builtin(v->name))
			conf_error(errs, &v->src,
				   "variable %s is there already, it is built "
				   "in",
				   v->name);
		for (size_t k = 0; k < i; k++) {
			const struct profile_var *o = vars->v[k];

			if (strcmp(o->name, v->name) == 0)
				conf_error(errs, &v->src,
					   "variable %s is there twice",
					   v->name);
		}
	}
}

static void check_env(const struct profile_command *c, struct conf_errors *errs)
{
	for (size_t i = 0; i < c->env.n; i++) {
		const char *e = c->env.v[i];
		size_t len = strspn(e, "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_");

		if (len == 0 || isdigit((unsigned char) e[0]) || e[len] != '=')
			conf_error(errs, &c->src,
				   "env: %s is not of the form NAME=value", e);
	}
}

/* Whatever the table cannot say; expanding every command with the defaults
 * finds unknown variables before a host depends on the profile. */
static int check(const struct profile *p, struct conf_errors *errs)
{
	struct arena *scratch = arena_new();
	size_t before = errs->list.n;
	struct err err = ERR_INIT;
	struct format format;

	if (p->files.n == 0)
		conf_error(errs, &p->src, "files is missing or empty");
	profile_check_files(&p->files, errs);
	for (size_t i = 0; i < p->files.n; i++) {
		const struct profile_file *f = p->files.v[i];

		if (profile_format(f, scratch, &format, &err) == -1)
			conf_error(errs, &f->src, "%s", err.msg);
		if (strcmp(p->layout, "generation") == 0 &&
		    strchr(f->file, '/'))
			conf_error(errs, &f->src,
				   "file: %s must be a plain name with layout "
				   "= \"generation\"",
				   f->file);
	}
	check_vars(&p->vars, errs);
	for (int h = 0; h < HOOKS; h++) {
		for (size_t i = 0; i < p->hooks[h].n; i++) {
			const char *const *argv;

			check_env(p->hooks[h].v[i], errs);
			(void) !profile_argv(p, &profile_builtins,
					     p->hooks[h].v[i], scratch, &argv,
					     errs);
		}
	}
	arena_free(&scratch);
	return errs->list.n == before ? 0 : -1;
}

/* --- include --- */

#define INCLUDE_MAX 8 /* profiles, one including the next */

static void add_vars(struct conf_groups *vars, const struct conf_groups *more,
		     struct arena *arena)
{
	void **v = arena_array(arena, vars->n + more->n + 1, sizeof(*v));
	size_t n = 0;

	for (; n < vars->n; n++)
		v[n] = vars->v[n];
	for (size_t i = 0; i < more->n; i++) {
		const struct profile_var *var = more->v[i];

		if (!profile_find_var(vars, var->name))
			v[n++] = more->v[i];
	}
	*vars = (struct conf_groups){ .v = v, .n = n };
}

/* What P does not say, BASE does. A list that is there, even an empty one,
 * has a v. */
static void inherit(struct profile *p, const struct profile *base,
		    struct arena *arena)
{

	if (!p->description)
		p->description = base->description;
	if (!p->layout)
		p->layout = base->layout;
	if (p->wait == 0)
		p->wait = base->wait;
	p->client_auth |= base->client_auth;
	if (!p->files.v)
		p->files = base->files;
	for (int h = 0; h < HOOKS; h++)
		if (!p->hooks[h].v)
			p->hooks[h] = base->hooks[h];
	add_vars(&p->vars, &base->vars, arena);
	p->include = base->include;
}

/* What "include" says, or NULL with an error. */
static const char *include_name(const struct profile *p,
				struct conf_errors *errs)
{
	const struct conf_any *i = &p->include;

	if (!i->list && i->n == 1 && profile_name_ok(i->v[0]))
		return i->v[0];
	conf_error(errs, &i->src, "include: must be the name of one profile");
	return NULL;
}

/* NAME.conf in the first of DIRS that has one which is not in SEEN; or NULL,
 * *ret_again when it was only there. */
static const char *find_file(const char *const *dirs, const char *name,
			     const struct strlist *seen, struct arena *arena,
			     bool *ret_again)
{
	*ret_again = false;
	for (; *dirs; dirs++) {
		const char *path =
			arena_printf(arena, "%s/%s.conf", *dirs, name);

		if (access(path, F_OK) == -1 && errno == ENOENT)
			continue;
		if (!strlist_has(seen, path))
			return path;
		*ret_again = true;
	}
	return NULL;
}

static void not_found(const char *const *dirs, const char *name,
		      const struct conf_src *from, bool again,
		      struct conf_errors *errs)
{
	AUTO(strlist_free) struct strlist all = STRLIST_INIT;
	AUTO(strlist_free) struct strlist known = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL, *meant = NULL;
	struct near near = near_word(name);

	if (again) {
		conf_error(errs, from, "profile \"%s\" includes itself", name);
		return;
	}
	conf_names(dirs, &known);
	for (size_t i = 0; i < known.n; i++)
		(void) near_try(&near, known.v[i]);
	meant = near_text(&near, "");
	for (; *dirs; dirs++)
		strlist_add(&all, *dirs);
	text = strlist_join(&all, " nor in ");
	conf_error(errs, from,
		   "profile \"%s\" is neither in %s (profile_dir, "
		   "shipped_profile_dir)%s",
		   name, text, meant);
}

static int load_file(const char *const *dirs, const char *name,
		     const struct conf_src *from, struct strlist *seen,
		     struct arena *arena, struct profile *ret,
		     struct conf_errors *errs)
{
	struct err err = ERR_INIT;
	bool again;
	const char *path = find_file(dirs, name, seen, arena, &again);

	if (!path) {
		not_found(dirs, name, from, again, errs);
		return -1;
	}
	if (seen->n == INCLUDE_MAX) {
		conf_error(errs, from, "include: more than %d profiles",
			   INCLUDE_MAX);
		return -1;
	}
	strlist_add(seen, path);
	if (profile_check_owner(path, &err) == -1) {
		conf_error(errs, from, "%s", err.msg);
		return -1;
	}
	return conf_load(path, &profile_schema, arena, ret, errs);
}

static int load_all(const char *const *dirs, const char *name,
		    const struct conf_src *from, struct strlist *seen,
		    struct arena *arena, struct profile *ret,
		    struct conf_errors *errs)
{
	struct profile p;

	if (load_file(dirs, name, from, seen, arena, &p, errs) == -1)
		return -1;
	while (p.include.v) {
		const struct conf_src by = p.include.src;
		struct profile base;

		name = include_name(&p, errs);
		if (!name ||
		    load_file(dirs, name, &by, seen, arena, &base, errs) == -1)
			return -1;
		inherit(&p, &base, arena);
	}
	if (!p.layout)
		p.layout = "fixed";
	if (check(&p, errs) == -1)
		return -1;
	*ret = p;
	return 0;
}

int profile_load(const char *const *dirs, const char *name,
		 const struct conf_src *from, struct arena *arena,
		 struct profile *ret, struct conf_errors *errs)
{
	struct strlist seen = STRLIST_INIT;
	int rc;

	if (!profile_name_ok(name)) {
		conf_error(errs, from,
			   "profile \"%s\": use a-z, 0-9 and - in its name",
			   name);
		return -1;
	}
	rc = load_all(dirs, name, from, &seen, arena, ret, errs);
	strlist_free(&seen);
	return rc;
}

int profile_load_string(const char *name, const char *text, struct arena *arena,
			struct profile *ret, struct conf_errors *errs)
{
	if (conf_load_string(name, text, &profile_schema, arena, ret, errs) ==
	    -1)
		return -1;
	if (ret->include.v) {
		conf_error(errs, &ret->include.src,
			   "include: only from a file");
		return -1;
	}
	if (!ret->layout)
		ret->layout = "fixed";
	return check(ret, errs);
}

static bool used(const struct profile *p, const char *name)
{
	for (int h = 0; h < HOOKS; h++)
		for (size_t i = 0; i < p->hooks[h].n; i++)
			if (profile_uses(p->hooks[h].v[i], name))
				return true;
	return false;
}

void profile_check_vars(const struct profile *p,
			const struct conf_groups *overrides,
			const struct conf_src *src, struct conf_errors *errs)
{
	check_vars(overrides, errs);
	for (size_t i = 0; i < overrides->n; i++) {
		const struct profile_var *v = overrides->v[i];

		if (!profile_find_var(&p->vars, v->name))
			conf_error(errs, &v->src,
				   "the profile has no variable %s", v->name);
		else if (!v->value.v)
			conf_error(errs, &v->src, "variable %s has no value",
				   v->name);
	}
	for (size_t i = 0; i < p->vars.n; i++) {
		const struct profile_var *v = p->vars.v[i];

		if (!v->value.v && !profile_find_var(overrides, v->name) &&
		    used(p, v->name))
			conf_error(errs, src,
				   "variable %s must be set in vars of the "
				   "service",
				   v->name);
	}
}
