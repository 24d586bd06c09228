/* SPDX-License-Identifier: MIT */
#ifndef CHILD_IMPL_H
#define CHILD_IMPL_H

/* What child.c (a command while it runs) and child_start.c (until it is another
 * program) share. Nobody else includes this. */

#include "child.h"
#include "strlist.h"

#define CHILD_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

/* All that the child needs, made before the fork. */
struct child_plan {
	const struct child_spec *spec; /* until the fork */
	struct strlist env;
	struct strlist paths; /* files to try */
	bool change_user;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
	int in;	     /* its stdin, -1: /dev/null */
	int out[2];  /* its stdout and stderr */
	int fail[2]; /* errno of a start that failed; closed by exec */
	bool probe;  /* do not start it, only look whether that can be */
};

void child_plan_init(struct child_plan *p, const struct child_spec *spec);
void child_plan_free(struct child_plan *p);
/* Of argv[0], by PATH. */
void child_plan_paths(struct child_plan *p);
/* Makes all of it, and the process. What becomes of that, fail[0] tells: its
 * end is exec's; else errno. It and out[0] do not block. */
int child_plan_start(struct child_plan *p, pid_t *ret_pid,
		     struct err *err) MUST_CHECK;
/* Of what its command left behind somebody still holds the pipe, and would die
 * of its next word once we are gone: "certrepo-drain" goes on to read it. The
 * process that makes it, to be waited for; -1: none is needed. */
pid_t child_plan_drain(const struct child_plan *p);

#endif
