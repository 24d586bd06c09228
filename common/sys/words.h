/* SPDX-License-Identifier: MIT */
#ifndef WORDS_H
#define WORDS_H

/* The words of a command, for people. */

/* "sh -c 'nginx -t; true'": as a shell takes it, with quotes where a word
 * holds a blank, a quote or what a shell makes something of. The caller's. */
char *words_text(const char *const *argv);
/* The same; of a long one its first and last bytes, within WORDS_SHORT_MAX. */
#define WORDS_SHORT_MAX 205
char *words_short(const char *const *argv);
/* What was meant when all of it was written as one word: [ "systemctl",
 * "reload", "x" ] for the settings. The caller's. */
char *words_list(const char *const *argv);

#endif
