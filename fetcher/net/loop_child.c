/* SPDX-License-Identifier: MIT */
#include "loop_child.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include "clock.h"

#define TICK_MS 20 /* where a descriptor cannot be watched */

struct loop_child {
	struct loop_children *all;
	struct loop_child *next, *prev;
	struct child *child; /* NULL: err says why there is none */
	struct loop_io *io[CHILD_FDS];
	struct loop_timer *timer;
	bool blind;
	bool ended;	   /* its callback runs */
	loop_child_fn *fn; /* NULL: cancelled */
	void *arg;
	struct err err;
};

struct loop_children {
	struct loop *loop;
	struct loop_child *list;
	size_t n;
};

struct loop_children *loop_children_new(struct loop *loop)
{
	struct loop_children *all = mem_alloc(sizeof(*all));

	all->loop = loop;
	return all;
}

size_t loop_children_n(const struct loop_children *children)
{
	return children->n;
}

static void unwatch(struct loop_child *c)
{
	for (size_t i = 0; i < CHILD_FDS; i++)
		loop_unwatch(&c->io[i]);
	loop_cancel(&c->timer);
}

static void one_free(struct loop_child *c)
{
	unwatch(c);
	child_free(&c->child);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->all->list = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->all->n--;
	free(c);
}

void loop_children_free(struct loop_children **children)
{
	struct loop_children *all = TAKE(*children);

	if (!all)
		return;
	/* All of them first: their times go by together. */
	for (struct loop_child *c = all->list; c; c = c->next)
		if (c->child)
			child_stop(c->child, SIGKILL);
	while (all->list)
		one_free(all->list);
	free(all);
}

static void result_free(struct child_result *r)
{
	sbuf_free(&r->output);
}

static void tell(struct loop_child *c)
{
	AUTO(result_free) struct child_result r = { .status = 0 };
	bool ran = c->child && child_end(c->child, &r, &c->err) == 0;
	bool well = ran && child_judge(c->child, &r, &c->err) == 0;

	c->fn(c->arg, ran ? &r : NULL, well ? NULL : &c->err);
}

static void step(struct loop_child *c);

static void on_io(void *arg, short revents)
{
	struct loop_child *c = arg;

	if (revents & POLLNVAL)
		c->blind = true;
	step(c);
}

static void on_timer(void *arg)
{
	struct loop_child *c = arg;

	c->timer = NULL;
	step(c);
}

static void watch(struct loop_child *c)
{
	struct child_waits w;
	int64_t left;

	child_waits(c->child, &w);
	left = w.until - clock_mono_ms();
	for (size_t i = 0; i < CHILD_FDS; i++) {
		if (w.fd[i] == -1 || c->blind)
			loop_unwatch(&c->io[i]);
		else if (!c->io[i])
			c->io[i] = loop_watch(c->all->loop, w.fd[i], POLLIN,
					      on_io, c);
	}
	if (c->blind && left > TICK_MS)
		left = TICK_MS;
	loop_cancel(&c->timer);
	c->timer = loop_after(c->all->loop, left, on_timer, c);
}

static void step(struct loop_child *c)
{
	if (c->child && !child_step(c->child)) {
		watch(c);
		return;
	}
	unwatch(c);
	c->ended = true;
	if (c->fn)
		tell(c);
	one_free(c);
}

struct loop_child *loop_child_start(struct loop_children *children,
				    const struct child_spec *spec,
				    loop_child_fn *fn, void *arg)
{
	struct loop_child *c = mem_alloc(sizeof(*c));

	*c = (struct loop_child){
		.all = children, .next = children->list, .fn = fn, .arg = arg
	};
	if (c->next)
		c->next->prev = c;
	children->list = c;
	children->n++;
	if (child_start(spec, &c->child, &c->err) == 0)
		watch(c);
	else
		c->timer = loop_after(children->loop, 0, on_timer, c);
	return c;
}

void loop_child_cancel(struct loop_child **child)
{
	struct loop_child *c = TAKE(*child);

	if (!c || c->ended)
		return;
	c->fn = NULL;
	if (!c->child)
		return; /* its timer ends it */
	child_stop(c->child, SIGTERM);
	watch(c);
}
