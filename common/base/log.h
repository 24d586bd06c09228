/* SPDX-License-Identifier: MIT */
#ifndef LOG_H
#define LOG_H

/*
 * A change of state is one line of key=value pairs, to syslog (facility
 * daemon), and to stderr when that is a terminal or --verbose was given.
 * Warnings and errors always go to stderr too: cron mails them. Where there
 * is no syslog socket (containers), everything from info up goes to stderr.
 * Where a program mails its warnings itself, see log_mailed().
 *
 *	log_event(LOG_L_INFO, "renewed", "name", name, "until", text, NULL);
 * gives
 *	renewed name=www.example.org until=2027-02-21T00:00:00Z
 *
 * Values with blanks, quotes, '=' or control characters are quoted and
 * escaped. common/ itself never logs above debug.
 */

#include <stdbool.h>
#include "err.h"

/* A note is for who reads syslog: to stderr it goes with --verbose alone. */
/* RECORD: what a sentence says as well, for programs that read syslog. */
enum log_level {
	LOG_L_DEBUG,
	LOG_L_RECORD,
	LOG_L_NOTE,
	LOG_L_INFO,
	LOG_L_WARN,
	LOG_L_ERROR
};

/* Once, from main. VERBOSE: 0 quiet, 1 info on stderr, 2 debug as well. */
void log_open(const char *program, int verbose);
/* Pairs of const char *, a NULL key ends them; a NULL value skips its pair. */
void log_event(enum log_level level, const char *event, ...)
	__attribute__((__sentinel__));
/* "program: message" for a person on stderr, and to syslog; what is well, on
 * stderr only where events are shown. */
void log_error(const struct err *err);
/* An error that is on stderr already: to syslog alone. */
void log_syslog_error(const char *text);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);
bool log_verbose(void);
/* What COMMAND printed, line by line, on stderr alone: with --verbose when it
 * failed, else with debug. */
void log_said(bool failed, const char *command, const char *text);
/* While ON, warnings (not errors) go to syslog alone: they come by mail, and
 * cron would mail them once more. To stderr, too, when that is a terminal,
 * when --verbose was given, or when there is no syslog. */
void log_mailed(bool on);

#endif
