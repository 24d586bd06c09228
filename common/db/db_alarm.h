/* SPDX-License-Identifier: MIT */
#ifndef DB_ALARM_H
#define DB_ALARM_H

/*
 * One deadline over calls into a library that only knows a limit for each
 * read: when the time is over the socket is shut down, and again each half
 * second, until db_alarm_stop(). A peer that sends a byte now and then is
 * so met in every state of the conversation.
 *
 * It is SIGALRM of a timer of our own, and only between the two calls: the
 * handler, the mask and whatever timer another part of the program has set
 * up by alarm(2) are as before afterwards, nothing is left for children. The
 * signal goes to the calling thread alone. One alarm at a time. Included by
 * db_mariadb.c only.
 */

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

/* The socket, or -1 as long as there is none; runs in a signal handler.
 * Without a socket the alarm comes again after AGAIN_MS, which lets the
 * library's own limit for a connect(2) come to its end. */
typedef int db_alarm_fd_fn(void *arg);

int db_alarm_start(int64_t ms, int64_t again_ms, db_alarm_fd_fn *fd, void *arg,
		   struct err *err) MUST_CHECK;
/* Whether it rang; harmless when none was started. */
bool db_alarm_stop(void);
bool db_alarm_rang(void); /* since the last start */

#endif
