/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "loop.h"

static struct loop *loop;

static int setup(void **state)
{
	return loop_new(&loop, NULL);
}

static int teardown(void **state)
{
	loop_free(&loop);
	assert_null(loop);
	loop_free(&loop);
	return 0;
}

static void round_of(int64_t max_ms)
{
	struct err err = ERR_INIT;

	if (loop_run(loop, max_ms, &err) == -1)
		fail_msg("%s", err.msg);
}

/* --- timers --- */

static int fired[2000], n_fired;

static void fire(void *arg)
{
	fired[n_fired++] = (int) (intptr_t) arg;
}

static struct loop_timer *after(int64_t ms, int id)
{
	return loop_after(loop, ms, fire, (void *) (intptr_t) id);
}

static void timer_order(void **state)
{
	int64_t t0 = clock_mono_ms();

	n_fired = 0;
	(void) after(30, 3);
	(void) after(10, 1);
	(void) after(20, 2);
	(void) after(0, 0);
	assert_int_equal(n_fired, 0); /* never from the call itself */
	while (n_fired < 4)
		round_of(1000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fired[i], i);
	assert_in_range(clock_mono_ms() - t0, 30, 500);

	/* Those of one instant come in the order they were set. */
	n_fired = 0;
	for (int i = 0; i < 100; i++)
		(void) after(0, i);
	while (n_fired < 100)
		round_of(1000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(fired[i], i);
}

/* A heap is easy to get wrong: many timers, half of them cancelled. */
static void timer_heap(void **state)
{
	static struct loop_timer *t[1000];
	int last = -1;

	srandom(1);
	n_fired = 0;
	for (int i = 0; i < 1000; i++) {
		int ms = (int) (random() % 40);

		t[i] = after(ms, ms);
	}
	for (int i = 0; i < 1000; i += 2) {
		loop_cancel(&t[(i * 7) % 1000]);
		assert_null(t[(i * 7) % 1000]);
	}
	while (n_fired < 500)
		round_of(1000);
	round_of(50);
	assert_int_equal(n_fired, 500);
	/* In each round's batch they are sorted; all of them were set within
	 * a few ms of one another. */
	for (int i = 0; i < 500; i++) {
		assert_true(fired[i] >= last - 10);
		if (fired[i] > last)
			last = fired[i];
	}
}

static struct loop_timer *self;
static int again_count;

static void again(void *arg)
{
	again_count++;
	loop_cancel(&self); /* fired: harmless */
	if (again_count < 3)
		self = loop_after(loop, 0, again, NULL);
}

static void timer_again(void **state)
{
	again_count = 0;
	self = loop_after(loop, 0, again, NULL);
	round_of(1000);
	/* The one it set waits for the next round. */
	assert_int_equal(again_count, 1);
	round_of(1000);
	round_of(1000);
	assert_int_equal(again_count, 3);
	assert_null(self);
}

static struct loop_timer *victim;

static void kill_victim(void *arg)
{
	loop_cancel(&victim);
}

static void timer_cancels_timer(void **state)
{
	n_fired = 0;
	(void) loop_after(loop, 0, kill_victim, NULL);
	victim = after(0, 1);
	round_of(100);
	round_of(10);
	assert_int_equal(n_fired, 0);
}

static void max_ms(void **state)
{
	int64_t t0 = clock_mono_ms();
	struct loop_timer *t = after((int64_t) 1 << 60, 1);

	round_of(0);
	assert_in_range(clock_mono_ms() - t0, 0, 200);
	t0 = clock_mono_ms();
	round_of(40);
	assert_in_range(clock_mono_ms() - t0, 35, 400);
	loop_cancel(&t);
	loop_cancel(&t);
}

/* --- descriptors --- */

struct seen {
	int n;
	short revents;
	struct loop_io **unwatch;
};

static void on_io(void *arg, short revents)
{
	struct seen *s = arg;

	s->n++;
	s->revents = revents;
	if (s->unwatch)
		loop_unwatch(s->unwatch);
}

static void io_events(void **state)
{
	int fd[2];
	struct seen s = { 0 };
	struct loop_io *io;

	assert_int_equal(pipe(fd), 0);
	io = loop_watch(loop, fd[0], POLLIN, on_io, &s);
	round_of(10);
	assert_int_equal(s.n, 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	round_of(1000);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.revents & POLLIN, POLLIN);
	/* Not asked for, not told. */
	loop_watch_events(io, 0);
	round_of(10);
	assert_int_equal(s.n, 1);
	loop_watch_events(io, POLLIN);
	round_of(1000);
	assert_int_equal(s.n, 2);
	/* The other end goes away. */
	(void) close(fd[1]);
	round_of(1000);
	assert_int_equal(s.revents & POLLHUP, POLLHUP);
	loop_unwatch(&io);
	assert_null(io);
	loop_unwatch(&io);
	(void) close(fd[0]);
}

/* curl_multi_poll() alone would never tell of this, and spin. */
static void io_refused_udp(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int closed = socket(AF_INET, SOCK_DGRAM, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct seen s = { 0 };
	struct loop_io *io;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(closed, (struct sockaddr *) &sin, len), 0);
	assert_int_equal(getsockname(closed, (struct sockaddr *) &sin, &len),
			 0);
	(void) close(closed);
	assert_int_equal(connect(fd, (struct sockaddr *) &sin, len), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	io = loop_watch(loop, fd, POLLIN, on_io, &s);
	round_of(1000);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.revents & POLLERR, POLLERR);
	loop_unwatch(&io);
	(void) close(fd);
}

/* One callback takes away another's watch whose event is at hand, and its
 * own; the memory goes only after the round. */
static void io_unwatch_inside(void **state)
{
	int a[2], b[2];
	struct seen sa = { 0 }, sb = { 0 };
	struct loop_io *ia, *ib;

	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	ia = loop_watch(loop, a[0], POLLIN, on_io, &sa);
	ib = loop_watch(loop, b[0], POLLIN, on_io, &sb);
	sa.unwatch = &ib;
	sb.unwatch = &ia;
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(write(b[1], "x", 1), 1);
	round_of(1000);
	assert_int_equal(sa.n + sb.n, 1);
	round_of(10);
	if (ia)
		sa.unwatch = &ia;
	else
		sb.unwatch = &ib;
	round_of(1000);
	assert_null(ia);
	assert_null(ib);
	for (int i = 0; i < 2; i++) {
		(void) close(a[i]);
		(void) close(b[i]);
	}
}

/* What cannot be waited for is said, not forgotten. */
static void io_cannot_watch(void **state)
{
	FILE *f = tmpfile();
	struct seen s = { 0 };
	struct loop_io *io = loop_watch(loop, fileno(f), POLLIN, on_io, &s);

	round_of(1000);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.revents, POLLNVAL);
	s.unwatch = &io;
	round_of(1000);
	assert_null(io);
	round_of(5);
	assert_int_equal(s.n, 2);
	(void) fclose(f);
}

static void io_many(void **state)
{
	static int fd[300][2];
	static struct loop_io *io[300];
	struct seen s = { 0 };

	for (int i = 0; i < 300; i++) {
		assert_int_equal(pipe(fd[i]), 0);
		io[i] = loop_watch(loop, fd[i][0], POLLIN, on_io, &s);
		assert_int_equal(write(fd[i][1], "x", 1), 1);
	}
	for (int i = 0; i < 5; i++)
		round_of(1000);
	/* No one starves: as many rounds serve all of them. */
	assert_true(s.n >= 300);
	for (int i = 0; i < 300; i++) {
		loop_unwatch(&io[i]);
		(void) close(fd[i][0]);
		(void) close(fd[i][1]);
	}
}

/* --- transfers --- */

struct transfer {
	struct loop_transfer t; /* first */
	CURL *easy;
	int n;
	CURLcode code;
};

static void on_done(struct loop_transfer *t, CURLcode code)
{
	struct transfer *x = (struct transfer *) t;

	x->n++;
	x->code = code;
	loop_remove(loop, x->easy);
	curl_easy_cleanup(x->easy);
}

static void transfer_ends(void **state)
{
	struct transfer x = { .t = { on_done }, .easy = curl_easy_init() };

	(void) curl_easy_setopt(x.easy, CURLOPT_URL, "https://127.0.0.1:1/");
	(void) curl_easy_setopt(x.easy, CURLOPT_PROXY, "");
	(void) curl_easy_setopt(x.easy, CURLOPT_PRIVATE, &x.t);
	loop_add(loop, x.easy);
	for (int i = 0; i < 100 && x.n == 0; i++)
		round_of(100);
	assert_int_equal(x.n, 1);
	assert_int_equal(x.code, CURLE_COULDNT_CONNECT);
}

static void begin_transfer(void *arg)
{
	struct transfer *x = arg;

	loop_add(loop, x->easy);
}

/* A transfer that a timer begins is on its way when that round is over. */
static void transfer_goes_at_once(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	struct pollfd p = { .fd = socket(AF_INET, SOCK_STREAM, 0),
			    .events = POLLIN };
	struct transfer x = { .t = { on_done }, .easy = curl_easy_init() };
	char url[64];

	assert_int_equal(bind(p.fd, (void *) &a, sizeof(a)), 0);
	assert_int_equal(listen(p.fd, 1), 0);
	assert_int_equal(getsockname(p.fd, (void *) &a, &len), 0);
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%u/",
			ntohs(a.sin_port));
	(void) curl_easy_setopt(x.easy, CURLOPT_URL, url);
	(void) curl_easy_setopt(x.easy, CURLOPT_PROXY, "");
	(void) curl_easy_setopt(x.easy, CURLOPT_PRIVATE, &x.t);
	(void) loop_after(loop, 0, begin_transfer, &x);
	round_of(1000);
	assert_int_equal(poll(&p, 1, 0), 1);
	(void) close(p.fd);
	while (x.n == 0)
		round_of(100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timer_order, setup, teardown),
		cmocka_unit_test_setup_teardown(timer_heap, setup, teardown),
		cmocka_unit_test_setup_teardown(timer_again, setup, teardown),
		cmocka_unit_test_setup_teardown(timer_cancels_timer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(max_ms, setup, teardown),
		cmocka_unit_test_setup_teardown(io_events, setup, teardown),
		cmocka_unit_test_setup_teardown(io_refused_udp, setup,
						teardown),
		cmocka_unit_test_setup_teardown(io_unwatch_inside, setup,
						teardown),
		cmocka_unit_test_setup_teardown(io_cannot_watch, setup,
						teardown),
		cmocka_unit_test_setup_teardown(io_many, setup, teardown),
		cmocka_unit_test_setup_teardown(transfer_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(transfer_goes_at_once, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
