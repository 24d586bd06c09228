/* SPDX-License-Identifier: MIT */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

/*
 * The text of a configuration file as conf.c hands it to libconfig 1.5: with
 * its @include lines replaced by what they name, and with all that libconfig
 * gets wrong in silence found beforehand:
 *  - numbers are cut to 32 bits: every one gets the suffix L here, and one
 *    that does not fit 64 bits is an error;
 *  - 0644 is decimal 644: a leading zero is an error;
 *  - a NUL ends the file or a string: an error;
 *  - a string or comment that is not closed is reported at the end of the
 *    file: here where it begins.
 * libconfig itself never opens a file.
 */

#include "conf.h"
#include "sbuf.h"

#define CONF_TEXT_DEPTH 10     /* of @include */
#define CONF_TEXT_FILES 1000   /* read for one configuration */
#define CONF_TEXT_LINES 65000u /* libconfig counts in 16 bits */
#define CONF_TEXT_MAX	(4u * CONF_FILE_MAX)

struct conf_text {
	struct sbuf text;
	struct conf_src *lines; /* where line i + 1 of text comes from */
	size_t n;
	size_t cap;
	size_t files;
	bool incomplete; /* a part of it could not be read */
};

void conf_text_init(struct conf_text *t);
void conf_text_free(struct conf_text *t);
/* What is wrong goes to errs, and the rest of the text is usable all the
 * same, to find more. File names live in ARENA. */
void conf_text_load(struct conf_text *t, const char *path, struct arena *arena,
		    struct conf_errors *errs);
/* @include is refused. */
void conf_text_from_string(struct conf_text *t, const char *name,
			   const char *text, struct arena *arena,
			   struct conf_errors *errs);
/* libconfig tells the line alone of a setting that is twice in its group: this
 * one says its name and where the first is. False when there is none. */
bool conf_text_twice(const struct conf_text *t, struct conf_errors *errs);
/* Of a line, counted from 1, with a syntax error: what is probably wrong, to
 * be put behind that, in ARENA. */
const char *conf_text_hint(const struct conf_text *t, unsigned int line,
			   struct arena *arena);
/* Where this line, counted from 1, comes from. */
struct conf_src conf_text_where(const struct conf_text *t, unsigned int line);

#endif
