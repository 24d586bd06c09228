/* SPDX-License-Identifier: MIT */
#ifndef RECORD_H
#define RECORD_H

/*
 * State files: lines of fields, separated by tabs.
 *
 *	KIND\tVERSION\n
 *	FIELD\tFIELD...\n		any number of them
 *	\end\tLINES\tSHA256\n		of all before this line
 *
 * Any text is a field: tab, newline, carriage return and backslash are
 * escaped; NULL is "-", the text "-" is "\-". A file whose last line is
 * missing was cut, one whose sum is another was damaged, and both are said.
 * Files of version 1 have no last line and no escapes; in those of kinds that
 * had no first line either, all lines are fields.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "sbuf.h"

#define RECORD_FIELDS_MAX 32	  /* in a line */
#define RECORD_LINES_MAX  100000u /* in a file */

/* --- writing --- */

struct record_out {
	struct sbuf text;
	size_t lines;
	bool open, started; /* a line is; it has a field */
};

/* VERSION is 2 and up, MAX the bytes of the whole file. */
void record_begin(struct record_out *o, const char *kind, unsigned int version,
		  size_t max);
void record_out_free(struct record_out *o); /* for AUTO too */
/* A new line; one with KEY as its first field. */
void record_line(struct record_out *o);
void record_key(struct record_out *o, const char *key);
/* A field more of it. */
void record_add(struct record_out *o, const char *text); /* or NULL */
void record_add_int(struct record_out *o, int64_t n);
/* The last line. -1 (ERR_LIMIT): larger than MAX. TEXT is complete then. */
int record_end(struct record_out *o, struct err *err) MUST_CHECK;
/* record_end(), then PATH is replaced: mode 0600, synced. */
int record_write(struct record_out *o, const char *path,
		 struct err *err) MUST_CHECK;

/* record_write(), unless BEFORE, the file's text, says the same already. */
int record_replace(struct record_out *o, const char *path, const char *before,
		   struct err *err) MUST_CHECK;

/* --- reading --- */

struct record_line {
	const char **v; /* NULL: "-" */
	size_t n;	/* fields, 1 to RECORD_FIELDS_MAX */
};

struct record {
	unsigned int version;
	struct record_line *v; /* without the first line and the last */
	size_t n;
};

/* -1 (ERR_INPUT): cut, damaged, or of a version after NEWEST; all strings
 * live in ARENA. An empty text is one of version 1 without lines. */
int record_parse(const char *text, size_t len, const char *kind,
		 unsigned int newest, struct arena *arena, struct record *ret,
		 struct err *err) MUST_CHECK;
/* 1; 0: there is no file; -1, as above, or it cannot be read or is larger
 * than MAX. */
int record_read(const char *path, const char *kind, unsigned int newest,
		size_t max, struct arena *arena, struct record *ret,
		struct err *err) MUST_CHECK;
/* Has it N fields, and the first is KEY. */
bool record_is(const struct record_line *l, const char *key, size_t n);
/* Field I as a number; 0 when it is none. */
int64_t record_int(const struct record_line *l, size_t i);

#endif
