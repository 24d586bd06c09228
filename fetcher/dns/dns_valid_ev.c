/* SPDX-License-Identifier: MIT */
#include "dns_valid_ev.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unbound-event.h>

typedef void event_fn(int fd, short bits, void *arg);

/* As libevent has it: one that does not persist is off when it calls back, and
 * the time limit of one that does begins again. */
struct event {
	struct ub_event ub; /* first: they know it by this */
	struct loop *loop;
	int fd;
	short bits;
	event_fn *fn;
	void *arg;
	struct loop_io *io;
	struct loop_timer *timer;
	int64_t ms; /* of its limit; -1: none */
};

struct base {
	struct ub_event_base ub; /* first, too */
	struct loop *loop;
};

static struct event *event_of(struct ub_event *ub)
{
	return (struct event *) ub;
}

static void stop(struct event *e)
{
	loop_unwatch(&e->io);
	loop_cancel(&e->timer);
}

static void on_timer(void *arg);

static void start_timer(struct event *e)
{
	loop_cancel(&e->timer);
	if (e->ms >= 0)
		e->timer = loop_after(e->loop, e->ms, on_timer, e);
}

/* The event may be gone when the callback returns. */
static void fire(struct event *e, short bits)
{
	if (e->bits & UB_EV_PERSIST)
		start_timer(e);
	else
		stop(e);
	e->fn(e->fd, bits, e->arg);
}

static void on_timer(void *arg)
{
	struct event *e = arg;

	e->timer = NULL;
	fire(e, UB_EV_TIMEOUT);
}

static void on_io(void *arg, short revents)
{
	struct event *e = arg;
	int bits = 0;

	bits |= revents & POLLIN ? UB_EV_READ : 0;
	bits |= revents & POLLOUT ? UB_EV_WRITE : 0;
	/* Whoever reads or writes finds out what it is. */
	if (revents & (POLLERR | POLLHUP | POLLNVAL))
		bits |= UB_EV_READ | UB_EV_WRITE;
	bits &= e->bits;
	if (bits)
		fire(e, (short) bits);
}

static void set_limit(struct event *e, const struct timeval *tv)
{
	e->ms = tv ? (int64_t) tv->tv_sec * 1000 + (tv->tv_usec + 999) / 1000
		   : -1;
}

static int ev_add(struct ub_event *ub, struct timeval *tv)
{
	struct event *e = event_of(ub);
	int events = 0;

	stop(e);
	events |= e->bits & UB_EV_READ ? POLLIN : 0;
	events |= e->bits & UB_EV_WRITE ? POLLOUT : 0;
	if (e->fd != -1 && events)
		e->io = loop_watch(e->loop, e->fd, (short) events, on_io, e);
	set_limit(e, e->bits & UB_EV_TIMEOUT ? tv : NULL);
	start_timer(e);
	return 0;
}

static int ev_del(struct ub_event *ub)
{
	stop(event_of(ub));
	return 0;
}

static int ev_add_timer(struct ub_event *ub, struct ub_event_base *base,
			event_fn *fn, void *arg, struct timeval *tv)
{
	struct event *e = event_of(ub);

	stop(e);
	e->fn = fn;
	e->arg = arg;
	set_limit(e, tv);
	start_timer(e);
	return 0;
}

static void ev_add_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits |= bits;
}

static void ev_del_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits &= (short) ~bits;
}

static void ev_set_fd(struct ub_event *ub, int fd)
{
	event_of(ub)->fd = fd;
}

static void ev_free(struct ub_event *ub)
{
	stop(event_of(ub));
	free(ub);
}

/* Never called for what we do; the table must be full. */
static int no_signal(struct ub_event *ub, struct timeval *tv)
{
	return -1;
}

static int no_signal_del(struct ub_event *ub)
{
	return -1;
}

static void no_wsaevent(struct ub_event *ub)
{
}

static void no_wouldblock(struct ub_event *ub, int bit)
{
}

static struct ub_event_vmt event_table = {
	.add_bits = ev_add_bits,
	.del_bits = ev_del_bits,
	.set_fd = ev_set_fd,
	.free = ev_free,
	.add = ev_add,
	.del = ev_del,
	.add_timer = ev_add_timer,
	.del_timer = ev_del,
	.add_signal = no_signal,
	.del_signal = no_signal_del,
	.winsock_unregister_wsaevent = no_wsaevent,
	.winsock_tcp_wouldblock = no_wouldblock,
};

static struct ub_event *base_new_event(struct ub_event_base *ub, int fd,
				       short bits, event_fn *fn, void *arg)
{
	struct event *e = mem_alloc(sizeof(*e));

	e->ub.magic = UB_EVENT_MAGIC;
	e->ub.vmt = &event_table;
	e->loop = ((struct base *) ub)->loop;
	e->fd = fd;
	e->bits = bits;
	e->fn = fn;
	e->arg = arg;
	e->ms = -1;
	return &e->ub;
}

static void base_free(struct ub_event_base *ub)
{
}

static int base_dispatch(struct ub_event_base *ub)
{
	return -1;
}

static int base_loopexit(struct ub_event_base *ub, struct timeval *tv)
{
	return 0;
}

static struct ub_event *base_no_signal(struct ub_event_base *ub, int fd,
				       event_fn *fn, void *arg)
{
	return NULL;
}

static struct ub_event *base_no_wsaevent(struct ub_event_base *ub, void *event,
					 event_fn *fn, void *arg)
{
	return NULL;
}

static struct ub_event_base_vmt base_table = {
	.free = base_free,
	.dispatch = base_dispatch,
	.loopexit = base_loopexit,
	.new_event = base_new_event,
	.new_signal = base_no_signal,
	.winsock_register_wsaevent = base_no_wsaevent,
};

struct ub_event_base *dns_valid_ev_new(struct loop *loop)
{
	struct base *b = mem_alloc(sizeof(*b));

	b->ub.magic = UB_EVENT_MAGIC;
	b->ub.vmt = &base_table;
	b->loop = loop;
	return &b->ub;
}

void dns_valid_ev_free(struct ub_event_base **base)
{
	free(*base);
	*base = NULL;
}
