/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "clock.h"
#include "loop.h"

/*
 * Our own descriptors live in one epoll set, and only the set itself goes to
 * curl_multi_poll() as an extra descriptor: that function forgets POLLERR and
 * POLLHUP of what it is given (a refused UDP query would spin unseen), and
 * it copies its list each round.
 */

#define LOOP_MS_MAX	((int64_t) 1 << 40)
#define LOOP_EVENTS_MAX 64
/* HTTP/2 needs one connection to a CA; one that speaks only HTTP/1.1, or
 * allows few streams, gets this many. */
#define LOOP_HOST_CONNECTIONS 4L

struct loop_io {
	struct loop *loop;
	int fd;
	loop_io_fn *fn; /* NULL once unwatched */
	void *arg;
	bool broken; /* epoll refused it: reported as POLLNVAL */
	struct loop_io *next, *prev;
};

struct loop_timer {
	struct loop *loop;
	int64_t due; /* monotonic ms */
	uint64_t seq;
	size_t pos; /* in the heap */
	bool fired;
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	CURLM *multi;
	int owed; /* calls of curl_multi_perform() without waiting for more */
	int epfd;
	bool running; /* unwatched ones are freed after the round */
	struct loop_io *ios, *dead;
	size_t n_broken;
	struct loop_timer **heap; /* by due, then seq: first in, first out */
	size_t n_timers, cap_timers;
	uint64_t seq;
};

int loop_new(struct loop **ret, struct err *err)
{
	struct loop *l = mem_alloc(sizeof(*l));

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd == -1) {
		err_errno(err, ERR_INTERNAL, "cannot make an epoll set");
		free(l);
		return -1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    !(l->multi = curl_multi_init())) {
		(void) close(l->epfd);
		free(l);
		return err_set(err, ERR_INTERNAL, "cannot set up libcurl");
	}
	(void) curl_multi_setopt(l->multi, CURLMOPT_PIPELINING,
				 (long) CURLPIPE_MULTIPLEX);
	(void) curl_multi_setopt(l->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
				 LOOP_HOST_CONNECTIONS);
	*ret = l;
	return 0;
}

void loop_free(struct loop **loop)
{
	struct loop *l = TAKE(*loop);

	if (!l)
		return;
	assert(!l->running && !l->ios && !l->n_timers);
	(void) curl_multi_cleanup(l->multi);
	curl_global_cleanup();
	(void) close(l->epfd);
	free(l->heap);
	free(l);
}

void loop_add(struct loop *loop, CURL *easy)
{
	if (curl_multi_add_handle(loop->multi, easy) != CURLM_OK)
		abort(); /* out of memory */
	/* When a transfer begins, libcurl 7.88 moves the time by which it
	 * sweeps its timers, and sweeps away the wake-ups of those whose
	 * answers it has just read on behalf of another: they would wait until
	 * the CA sends something else. A second call looks at all of them. */
	loop->owed = 2;
}

void loop_remove(struct loop *loop, CURL *easy)
{
	(void) curl_multi_remove_handle(loop->multi, easy);
}

/* --- descriptors --- */

static uint32_t epoll_events(short events)
{
	return (events & POLLIN ? (uint32_t) EPOLLIN : 0) |
	       (events & POLLOUT ? (uint32_t) EPOLLOUT : 0) |
	       (events & POLLPRI ? (uint32_t) EPOLLPRI : 0);
}

static short poll_events(uint32_t events)
{
	int r = 0;

	r |= events & EPOLLIN ? POLLIN : 0;
	r |= events & EPOLLOUT ? POLLOUT : 0;
	r |= events & EPOLLPRI ? POLLPRI : 0;
	r |= events & EPOLLERR ? POLLERR : 0;
	r |= events & EPOLLHUP ? POLLHUP : 0;
	return (short) r;
}

struct loop_io *loop_watch(struct loop *loop, int fd, short events,
			   loop_io_fn *fn, void *arg)
{
	struct loop_io *io = mem_alloc(sizeof(*io));
	struct epoll_event ev = { .events = epoll_events(events),
				  .data.ptr = io };

	io->loop = loop;
	io->fd = fd;
	io->fn = fn;
	io->arg = arg;
	io->next = loop->ios;
	if (io->next)
		io->next->prev = io;
	loop->ios = io;
	if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &ev) == -1) {
		io->broken = true;
		loop->n_broken++;
	}
	return io;
}

void loop_watch_events(struct loop_io *io, short events)
{
	struct epoll_event ev = { .events = epoll_events(events),
				  .data.ptr = io };

	if (io->broken ||
	    epoll_ctl(io->loop->epfd, EPOLL_CTL_MOD, io->fd, &ev) == 0)
		return;
	io->broken = true;
	io->loop->n_broken++;
}

void loop_unwatch(struct loop_io **io)
{
	struct loop_io *p = TAKE(*io);
	struct loop *l;

	if (!p)
		return;
	l = p->loop;
	(void) epoll_ctl(l->epfd, EPOLL_CTL_DEL, p->fd, NULL);
	if (p->broken)
		l->n_broken--;
	p->fn = NULL;
	if (p->prev)
		p->prev->next = p->next;
	else
		l->ios = p->next;
	if (p->next)
		p->next->prev = p->prev;
	if (!l->running) {
		free(p);
		return;
	}
	/* The round may still hold an event that points here. */
	p->next = l->dead;
	l->dead = p;
}

static int io_dispatch(struct loop *l, struct err *err)
{
	struct epoll_event ev[LOOP_EVENTS_MAX];
	int n = epoll_wait(l->epfd, ev, LOOP_EVENTS_MAX, 0);

	if (n == -1 && errno != EINTR)
		return err_errno(err, ERR_INTERNAL, "cannot wait for sockets");
	for (int i = 0; i < n; i++) {
		struct loop_io *io = ev[i].data.ptr;

		if (io->fn)
			io->fn(io->arg, poll_events(ev[i].events));
	}
	return 0;
}

/* What epoll refused is reported once for each round, so that its owner can
 * give up. A callback may change the list: start again after each. */
static void io_dispatch_broken(struct loop *l)
{
	size_t todo = l->n_broken;

	while (todo-- > 0) {
		struct loop_io *io = l->ios;

		while (io && !io->broken)
			io = io->next;
		if (!io)
			return;
		io->fn(io->arg, POLLNVAL);
	}
}

static void io_sweep(struct loop *l)
{
	while (l->dead) {
		struct loop_io *io = l->dead;

		l->dead = io->next;
		free(io);
	}
}

/* --- timers: a binary heap --- */

static bool timer_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void timer_put(struct loop *l, size_t pos, struct loop_timer *t)
{
	l->heap[pos] = t;
	t->pos = pos;
}

static void timer_up(struct loop *l, size_t pos, struct loop_timer *t)
{
	while (pos > 0 && timer_before(t, l->heap[(pos - 1) / 2])) {
		timer_put(l, pos, l->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	timer_put(l, pos, t);
}

static void timer_down(struct loop *l, size_t pos, struct loop_timer *t)
{
	for (;;) {
		size_t c = 2 * pos + 1;

		if (c + 1 < l->n_timers &&
		    timer_before(l->heap[c + 1], l->heap[c]))
			c++;
		if (c >= l->n_timers || !timer_before(l->heap[c], t))
			break;
		timer_put(l, pos, l->heap[c]);
		pos = c;
	}
	timer_put(l, pos, t);
}

static void timer_remove(struct loop_timer *t)
{
	struct loop *l = t->loop;
	struct loop_timer *last = l->heap[--l->n_timers];

	if (last == t)
		return;
	timer_down(l, t->pos, last);
	timer_up(l, last->pos, last);
}

struct loop_timer *loop_after(struct loop *loop, int64_t ms, loop_timer_fn *fn,
			      void *arg)
{
	struct loop_timer *t = mem_alloc(sizeof(*t));

	if (ms < 0)
		ms = 0;
	if (ms > LOOP_MS_MAX)
		ms = LOOP_MS_MAX;
	t->loop = loop;
	t->due = clock_mono_ms() + ms;
	t->seq = loop->seq++;
	t->fn = fn;
	t->arg = arg;
	if (loop->n_timers == loop->cap_timers) {
		loop->cap_timers = loop->cap_timers ? 2 * loop->cap_timers : 32;
		loop->heap = mem_grow(loop->heap, loop->cap_timers,
				      sizeof(struct loop_timer *));
	}
	timer_up(loop, loop->n_timers++, t);
	return t;
}

void loop_cancel(struct loop_timer **timer)
{
	struct loop_timer *t = TAKE(*timer);

	/* One that fires right now is freed after its callback. */
	if (!t || t->fired)
		return;
	timer_remove(t);
	free(t);
}

static void timers_fire(struct loop *l)
{
	int64_t now = clock_mono_ms();
	uint64_t end = l->seq; /* those added meanwhile: the next round */

	while (l->n_timers > 0 && l->heap[0]->due <= now &&
	       l->heap[0]->seq < end) {
		struct loop_timer *t = l->heap[0];

		timer_remove(t);
		t->fired = true;
		t->fn(t->arg);
		free(t);
	}
}

/* --- the round --- */

static void transfers_done(struct loop *l)
{
	const CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(l->multi, &left))) {
		struct loop_transfer *t = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
					 &t);
		/* msg is gone once done has removed the handle. */
		if (t)
			t->done(t, code);
	}
}

static int loop_timeout(const struct loop *l, int64_t max_ms)
{
	int64_t ms = max_ms < 0 ? 0 : max_ms;

	if (l->n_broken > 0 || l->owed > 0)
		return 0;
	if (l->n_timers > 0) {
		int64_t wait = l->heap[0]->due - clock_mono_ms();

		if (wait < ms)
			ms = wait < 0 ? 0 : wait;
	}
	return ms > 3600000 ? 3600000 : (int) ms;
}

static int multi_ok(CURLMcode mc, struct err *err)
{
	return mc == CURLM_OK ? 0
			      : err_set(err, ERR_INTERNAL, "libcurl: %s",
					curl_multi_strerror(mc));
}

static int transfers(struct loop *l, struct err *err)
{
	int running;

	if (l->owed > 0)
		l->owed--;
	if (multi_ok(curl_multi_perform(l->multi, &running), err) == -1)
		return -1;
	transfers_done(l);
	return 0;
}

/* It looks at every transfer, with a system call for each: not for a timer of
 * ours alone. */
static bool transfers_due(const struct loop *l, int n_events)
{
	long ms = 0;

	return l->owed > 0 || n_events > 0 ||
	       curl_multi_timeout(l->multi, &ms) != CURLM_OK || ms == 0;
}

static int loop_round(struct loop *l, int64_t max_ms, struct err *err)
{
	struct curl_waitfd fd = { .fd = l->epfd, .events = CURL_WAIT_POLLIN };
	int n;

	if (multi_ok(curl_multi_poll(l->multi, &fd, 1, loop_timeout(l, max_ms),
				     &n),
		     err) == -1 ||
	    (transfers_due(l, n) && transfers(l, err) == -1))
		return -1;
	if (l->ios && io_dispatch(l, err) == -1)
		return -1;
	if (l->n_broken > 0)
		io_dispatch_broken(l);
	timers_fire(l);
	/* What the callbacks requested is on its way before the caller goes to
	 * work, and the answers travel meanwhile. */
	return l->owed > 1 ? transfers(l, err) : 0;
}

int loop_run(struct loop *loop, int64_t max_ms, struct err *err)
{
	int rc;

	assert(!loop->running);
	loop->running = true;
	rc = loop_round(loop, max_ms, err);
	loop->running = false;
	io_sweep(loop);
	return rc;
}
