/* SPDX-License-Identifier: MIT */
#ifndef CHILD_H
#define CHILD_H

/*
 * Run a command: an argv list, never a shell; PATH and what `env` names and
 * nothing else in its environment; / as its folder; /dev/null, or what it is
 * given, on stdin; no other descriptor of ours, and no lock, from its first
 * moment on; in a session of its own, without a terminal, whose process group
 * is killed (TERM, two seconds later KILL) when the time is up, and given up
 * another five seconds later: its user may trace it or have a file system that
 * does not answer, and nobody waits for him; stdout and stderr together, in a
 * pipe that is its user's, its first and its last bytes kept; as another user,
 * without the keys of our session (keyrings(7)). A command that leaves a daemon
 * behind is fine: we wait for the command and a short moment for its output,
 * not for the pipe to close. Where such a daemon still holds
 * the pipe, a process "certrepo-drain" (cat, of the command's user, nothing of
 * ours open) goes on to read until the daemon ends or lets go of it, so that it
 * does not die of its next word. SIGCHLD is as by default afterwards.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbuf.h"
#include "err.h"
#include "said.h"

#define CHILD_OUTPUT_MAX SAID_MAX

struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] by PATH */
	const char *const *env;	 /* "K=V" list, NULL-terminated, or NULL */
	const char *user;	 /* run as this user (name), or NULL */
	int timeout_s;		 /* 1 and up; from the fork on */
	unsigned int file_max;	 /* bytes of a file it writes, 0: as we */
	const void *input;	 /* on its stdin, or NULL for none */
	size_t input_len;
};

struct child_result {
	int status; /* exit status; 128+N for signal N */
	int signal; /* N, 0 when it exited by itself */
	bool timed_out;
	bool endless; /* timed out, and left as it is: no signal ends it */
	struct sbuf output; /* as said_text() has it; sbuf_free() it */
};

/* 0 when the command was started and ended, whatever its status, or was given
 * up; -1 with ERR_CHILD when it could not be started (not found, not
 * executable, no such user). */
int child_run(const struct child_spec *spec, struct child_result *ret,
	      struct err *err) MUST_CHECK;
/* As child_run, and every end but with status 0 is ERR_CHILD: "\"nginx -t\"
 * exited with 1: \"no good\"", which is what said_line() makes of what it
 * printed; all of that is on stderr with --verbose. *ret_started (may be NULL)
 * is false when the command could not even be started: its verdict is open. */
int child_check(const struct child_spec *spec, bool *ret_started,
		struct err *err) MUST_CHECK;

/*
 * The same for who has other things to do meanwhile. Nothing of this waits,
 * but that USER is looked up by the means of this host: call child_step()
 * whenever one of its descriptors can be read (POLLIN), and when it is time,
 * until it says that all is over.
 */
struct child;
/* What SPEC has is copied. -1 with ERR_CHILD: there is no process. That the
 * program could not be started is learnt at the end. */
int child_start(const struct child_spec *spec, struct child **ret,
		struct err *err) MUST_CHECK;
/* What runs of it is killed, and that is waited for: seven seconds at most, as
 * a rule none. Accepts NULL. */
void child_free(struct child **c);

#define CHILD_FDS 4
struct child_waits {
	/* -1: not for now. Each has a place of its own, and stays open until
	 * child_free(). */
	int fd[CHILD_FDS];
	int64_t until; /* clock_mono_ms(): the next step at the latest */
};
void child_waits(const struct child *c, struct child_waits *ret);
/* True: it ended, or was given up. */
bool child_step(struct child *c);
/* Signals the group: SIGTERM, which SIGKILL follows two seconds later, or
 * SIGKILL. It goes on to be stepped. */
void child_stop(struct child *c, int sig);
/* What came of it, as child_run() has it, once it ended; and in words, as
 * child_check() has it. */
int child_end(const struct child *c, struct child_result *ret,
	      struct err *err) MUST_CHECK;
int child_judge(const struct child *c, const struct child_result *r,
		struct err *err) MUST_CHECK;

/* Whether child_run() would find the program, for its user; starts nothing of
 * it. ERR_CHILD says what is missing. */
int child_find(const struct child_spec *spec, struct err *err) MUST_CHECK;
/* For configurations: is the first word not a whole command, "systemctl reload
 * x", that was meant as a list? ERR_CONFIG shows the list to write. */
int child_check_words(const char *const *argv, struct err *err) MUST_CHECK;
/* No file of that name is there, by PATH when it has no slash. */
bool child_is_missing(const char *program);

/* For who forks and does not exec, in the child: close all descriptors from FD
 * up; no signal is caught, ignored or blocked any more; the keys that our
 * session has (a ticket, a password) are no longer at hand, whatever user this
 * becomes. */
void child_close_from(int fd);
void child_default_signals(void);
bool child_leave_keyring(void) MUST_CHECK;

#endif
