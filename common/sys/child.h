/* SPDX-License-Identifier: MIT */
#ifndef CHILD_H
#define CHILD_H

/*
 * Run a command: an argv list, never a shell; PATH and what `env` names and
 * nothing else in its environment; / as its folder; /dev/null, or what it is
 * given, on stdin; no other descriptor of ours; in a process group of its own,
 * which is killed (TERM, two seconds later KILL) when the time is up; stdout
 * and stderr together, the first CHILD_OUTPUT_MAX bytes kept. A command that
 * leaves a daemon behind is fine: we wait for the command and a short moment
 * for its output, not for the pipe to close.
 */

#include <stdbool.h>
#include <sys/types.h>
#include "sbuf.h"
#include "err.h"

#define CHILD_OUTPUT_MAX 4096

struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] by PATH */
	const char *const *env;	 /* "K=V" list, NULL-terminated, or NULL */
	const char *user;	 /* run as this user (name), or NULL */
	int timeout_s;		 /* 1 and up */
	const void *input;	 /* on its stdin, or NULL for none */
	size_t input_len;
};

struct child_result {
	int status; /* exit status; 128+N for signal N */
	int signal; /* N, 0 when it exited by itself */
	bool timed_out;
	struct sbuf output; /* capped; sbuf_free() it */
};

/* 0 when the command was started and ended, whatever its status; -1 with
 * ERR_CHILD when it could not be started (not found, not executable, no
 * such user). */
int child_run(const struct child_spec *spec, struct child_result *ret,
	      struct err *err) MUST_CHECK;
/* As child_run, and every end but with status 0 is ERR_CHILD: "\"nginx -t\"
 * exited with 1: <last line of its output>". *ret_started (may be NULL) is
 * false when the command could not even be started: its verdict is open. */
int child_check(const struct child_spec *spec, bool *ret_started,
		struct err *err) MUST_CHECK;

#endif
