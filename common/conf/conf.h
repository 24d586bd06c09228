/* SPDX-License-Identifier: MIT */
#ifndef CONF_H
#define CONF_H

/*
 * Configuration files: libconfig syntax behind a table of settings. The
 * table says name, type, range, default and help; conf_load() checks the
 * whole file against it, collects every error with file and line, and fills
 * a plain C struct by offset. Nothing else in the project touches libconfig.
 *
 *	struct web { struct conf_src src; const char *root; int64_t wait; };
 *	static const struct conf_setting web_settings[] = {
 *		{ .name = "root", .type = CONF_STRING, .flags = CONF_REQUIRED,
 *		  .offset = offsetof(struct web, root), .help = "..." },
 *		{ .name = "wait", .type = CONF_DURATION, .def = "1h",
 *		  .max = 86400, .offset = offsetof(struct web, wait), ... },
 *		{ .name = NULL }
 *	};
 *	static const struct conf_schema web_schema = {
 *		.settings = web_settings, .size = sizeof(struct web) };
 *
 * libconfig 1.5 overflows integers in silence and reads 0644 as decimal:
 * file modes are strings here, and an integer is checked against the range
 * of its setting.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "arena.h"
#include "err.h"
#include "strlist.h"

enum conf_type {
	CONF_STRING,   /* const char *; not empty unless CONF_EMPTY_OK */
	CONF_PATH,     /* const char *; absolute */
	CONF_ENUM,     /* const char *; one of choices */
	CONF_INT,      /* int64_t; min..max */
	CONF_BOOL,     /* bool */
	CONF_DURATION, /* int64_t seconds; "30d", "2h", or an integer */
	CONF_MODE,     /* mode_t; "0640" */
	CONF_STRINGS,  /* struct conf_strings; a list or array of strings, or
			* one string */
	CONF_GROUP,    /* pointer to the struct of sub, NULL when absent; but
			* filled with defaults with CONF_DEFAULT_GROUP */
	CONF_GROUPS,   /* struct conf_groups; a list of groups of sub */
	CONF_ANY,      /* struct conf_any: scalar or list, kept as text; sub is
			* unused */
	CONF_VARS,     /* struct conf_vars: a group of free names, the value of
			* each as in CONF_ANY. With the name "*", which must
			* come last: all settings the table does not name */
};

#define CONF_REQUIRED	   1u
#define CONF_EMPTY_OK	   2u
#define CONF_DEFAULT_GROUP 4u

/* Every struct a schema fills begins with this: where the group stands. */
struct conf_src {
	const char *file; /* NULL when the group was made of defaults */
	unsigned int line;
};

struct conf_strings {
	const char *const *v; /* v[n] is NULL */
	size_t n;
};

struct conf_groups {
	void *const *v; /* each points to a struct of the sub schema */
	size_t n;
};

/* Numbers and booleans are kept as they print. */
struct conf_any {
	struct conf_src src;
	const char *name;
	const char *const *v; /* v[n] is NULL; NULL when absent */
	size_t n;	      /* 1 for a scalar */
	bool list;
};

struct conf_vars {
	const struct conf_any *v;
	size_t n;
};

struct conf_schema;

struct conf_setting {
	const char *name; /* NULL ends the table */
	enum conf_type type;
	unsigned int flags;
	size_t offset;
	const char *def;  /* as it would be written, without quotes; NULL: the
			   * zero value */
	int64_t min, max; /* CONF_INT, CONF_DURATION; max 0 means INT64_MAX */
	const char *const *choices; /* CONF_ENUM, NULL-terminated */
	const char *hint;	    /* what to say of others; or NULL */
	const struct conf_schema *sub;
	const char *help; /* one line, for the manual's check and for people */
};

struct conf_schema {
	const struct conf_setting *settings;
	size_t size;
	/* Of a uint64_t in the struct whose bit i says that a file has setting
	 * i of the table, what it is or not; 0: none is kept. */
	size_t given;
	/* Settings that people write here and that are of another file or
	 * group, which ELSEWHERE_SAYS names: "belongs into ...". Or NULL. */
	const struct conf_setting *elsewhere;
	const char *elsewhere_says;
};
#define CONF_GIVEN_MAX 64 /* settings of such a table */

/* What is wrong, "FILE:LINE: what, what to do", every one of them. */
struct conf_errors {
	struct strlist list;
	bool unread; /* conf_load() failed: there is nothing to check further */
	/* All files could be parsed, and nobody else can write them: ret has
	 * what was not refused, and zeros for the rest. For whom to tell. */
	bool filled;
};
void conf_errors_free(struct conf_errors *e);
/* For checks of one's own after loading (two settings that exclude each
 * other, a name given twice). SRC may be NULL. */
void conf_error(struct conf_errors *e, const struct conf_src *src,
		const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Prints each on stderr as "program: FILE:LINE: ...", and logs it; returns 78.
 */
int conf_errors_print(const struct conf_errors *e, const char *program);

#define CONF_FILE_MAX (1u << 20) /* a configuration file is at most this */

/*
 * Read PATH, and then, in byte order of their names, every *.conf in the
 * folder PATH.d (certrepo.conf.d), whose lists are appended and whose scalars
 * and groups may be given once over all files. @include works as libconfig
 * has it, relative to PATH's folder.
 * ret points to a struct of SCHEMA's size; strings live in ARENA.
 * -1 when errs got at least one line; ret is then not to be used.
 */
int conf_load(const char *path, const struct conf_schema *schema,
	      struct arena *arena, void *ret,
	      struct conf_errors *errs) MUST_CHECK;
/* The same from memory, for tests and the fuzzer; NAME stands for a file. */
int conf_load_string(const char *name, const char *text,
		     const struct conf_schema *schema, struct arena *arena,
		     void *ret, struct conf_errors *errs) MUST_CHECK;
/* Is PATH not there? Then an error says so, and that MANUAL ("x.conf(5)") tells
 * what it should be. For a program's own file, before it is loaded. */
bool conf_missing(const char *path, const char *manual,
		  struct conf_errors *errs);

#endif
