/* SPDX-License-Identifier: MIT */
#ifndef LOOP_H
#define LOOP_H

/*
 * The one event loop: curl's transfers, DNS sockets and timers wait in the
 * same curl_multi_poll(). Nothing else in the fetcher waits. Callbacks run
 * from loop_run() only, never from within a call that registers them.
 */

#include <curl/curl.h>
#include <stdint.h>
#include "err.h"

struct loop;
struct loop_io;
struct loop_timer;

int loop_new(struct loop **ret, struct err *err) MUST_CHECK;
/* Every watch, timer and transfer must be gone. Accepts NULL. */
void loop_free(struct loop **loop);

/* CURLOPT_PRIVATE of a transfer points to one of these; done is called once,
 * from loop_run(), when the transfer has ended. The handle is then still in
 * the multi: done takes it out. */
struct loop_transfer {
	void (*done)(struct loop_transfer *transfer, CURLcode code);
};
void loop_add(struct loop *loop, CURL *easy);
void loop_remove(struct loop *loop, CURL *easy);

/* Call fn when FD is readable (POLLIN) or writable (POLLOUT); revents is
 * what poll said, POLLERR and POLLHUP included (POLLNVAL: it cannot be
 * watched). FD stays the caller's: one watch for each, unwatched before it
 * is closed. */
typedef void loop_io_fn(void *arg, short revents);
struct loop_io *loop_watch(struct loop *loop, int fd, short events,
			   loop_io_fn *fn, void *arg);
void loop_watch_events(struct loop_io *io, short events);
void loop_unwatch(struct loop_io **io); /* accepts NULL; safe in callbacks */

/* Call fn once, MS milliseconds from now (0: in the next round). */
typedef void loop_timer_fn(void *arg);
struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_timer_fn *fn,
			      void *arg);
/* Accepts NULL. A timer that fired is gone: forget the pointer in fn. */
void loop_cancel(struct loop_timer **timer);

/* One round: wait for what comes first, at most MAX_MS, then call back. The
 * requests of the callbacks have been sent when it returns. */
int loop_run(struct loop *loop, int64_t max_ms, struct err *err) MUST_CHECK;

#endif
