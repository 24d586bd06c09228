/* SPDX-License-Identifier: MIT */
#ifndef INJECT_H
#define INJECT_H

/*
 * What inject_sweep.c asks the program that inject.c is preloaded into, with
 * the number of a SOCK_SEQPACKET in INJECT_SERVER. Loading it takes longer
 * than most of its runs; so it is loaded once, and forks before main() for
 * each request. The answer, an int, comes when the run and all it had started
 * have ended: a wait status, or -1 when that took longer than
 * INJECT_HANG_S.
 */

#include <limits.h>

#define INJECT_HANG_S 10

struct inject_request {
	char conf[PATH_MAX];  /* becomes the program's second argument */
	char said[PATH_MAX];  /* where its output goes */
	char trace[PATH_MAX]; /* "": none */
	char point[64];	      /* "": none */
};

#endif
