/* SPDX-License-Identifier: MIT */
#ifndef PROFILE_H
#define PROFILE_H

/*
 * Profiles: how one kind of service takes its certificate. A profile says
 * which files it wants and in which format, whether they may live in a folder
 * of their own, and which commands test, activate and start the service.
 * installer-profiles(5) describes the language.
 *
 * Profiles are local files of root. Commands are argv lists, never a shell;
 * the only substitution is that of the variables of the profile and of
 * installer.conf. Nothing that comes from the store reaches them.
 */

#include "conf.h"
#include "format.h"

/* Both are conf_load() schemas' structs. */
struct profile_file {
	struct conf_src src;
	const char *file;   /* relative to the certificate's dir, or absolute */
	const char *format; /* see format.h */
	struct conf_strings parts;
	const char *encoding;
	const char *dh_file, *extra_file;
	const char *pkcs12; /* "modern" or "3des" */
	const char *password_file, *friendly_name;
	const char *owner, *group; /* NULL: as the installer runs */
	mode_t mode;		   /* 0: 0600 with a key in it, else 0644 */
};

struct profile_var {
	struct conf_src src;
	const char *name;
	struct conf_strings value; /* v NULL: the site must set it */
};

struct profile_command {
	struct conf_src src;
	struct conf_strings command; /* argv, with "$x" and "...${x}..." */
	int64_t timeout;	     /* seconds */
	const char *user;	     /* NULL: as the installer runs */
	struct conf_strings env;     /* "K=V" */
};

/* When commands are run; the names of the settings are profile_hooks[]. */
enum hook {
	HOOK_SEED,
	HOOK_CHECK,
	HOOK_RUNNING,
	HOOK_TEST,
	HOOK_ACTIVATE,
	HOOK_START,
	HOOK_POST,
	HOOKS
};

extern const char *const profile_hooks[HOOKS];

struct profile {
	struct conf_src src;
	struct conf_any include; /* v is NULL once all is loaded */
	const char *description;
	const char *layout;		 /* "generation" or "fixed" */
	struct conf_groups files;	 /* struct profile_file */
	struct conf_groups vars;	 /* struct profile_var: the defaults */
	struct conf_groups hooks[HOOKS]; /* struct profile_command */
	int64_t wait;			 /* seconds; 0: not said */
	bool client_auth; /* it shows the certificate as a client, too */
};

extern const struct conf_schema profile_schema;
extern const struct conf_schema profile_file_schema;
extern const struct conf_schema profile_var_schema;

#define PROFILE_ARGV_MAX 64	/* elements of one command, after expansion */
#define PROFILE_ARG_MAX	 65536u /* bytes of one with "${x}" in it */

/* NAME is [a-z0-9][a-z0-9-]*; it becomes a file name. */
bool profile_name_ok(const char *name);
/* NAME.conf from the first of DIRS (NULL-terminated) that has it. A profile
 * that others than its owner can write, or that is neither root's nor ours,
 * is an error: it names commands that run as root. What it includes is
 * loaded and checked likewise, and joined with it. FROM, or NULL: where it is
 * named. */
int profile_load(const char *const *dirs, const char *name,
		 const struct conf_src *from, struct arena *arena,
		 struct profile *ret, struct conf_errors *errs) MUST_CHECK;
/* From memory, for tests and the fuzzer; all checks but that of the file. */
int profile_load_string(const char *name, const char *text, struct arena *arena,
			struct profile *ret,
			struct conf_errors *errs) MUST_CHECK;

/* Variables every command has: service, and name, domain, dir, file and key
 * of each of its certificates; here each stands for one word. */
extern const struct conf_groups profile_builtins;
bool profile_builtin(const char *name);

/* What F's format, parts and the like say; strings in ARENA and F's. */
int profile_format(const struct profile_file *f, struct arena *arena,
		   struct format *ret, struct err *err) MUST_CHECK;

/* The argv of CMD, NULL-terminated, in ARENA: an element "$x" is replaced by
 * the elements of variable x, from OVERRIDES (struct profile_var) or else the
 * profile's own, and "${x}" in an element by the one it stands for. "$$x"
 * is "$x" itself, and "$$" before a '{' is '$'. A variable without a value
 * stands for something. Errors go to errs. */
int profile_argv(const struct profile *p, const struct conf_groups *overrides,
		 const struct profile_command *cmd, struct arena *arena,
		 const char *const **ret, struct conf_errors *errs) MUST_CHECK;
/* Does CMD refer to the variable NAME. */
bool profile_uses(const struct profile_command *cmd, const char *name);
/* Each of FILES (struct profile_file) has a name that leads nowhere else. */
void profile_check_files(const struct conf_groups *files,
			 struct conf_errors *errs);
/* Every variable of OVERRIDES is one the profile has, and every one that its
 * commands use has a value; SRC is where the missing ones should be set. */
void profile_check_vars(const struct profile *p,
			const struct conf_groups *overrides,
			const struct conf_src *src, struct conf_errors *errs);

/* 0 when PATH is a regular file of root or ours that nobody else can write,
 * in such a folder; ERR_CONFIG says which rule is broken and what to do. */
int profile_check_owner(const char *path, struct err *err) MUST_CHECK;

#endif
