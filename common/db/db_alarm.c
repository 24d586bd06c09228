/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "db_alarm.h"

#define REPEAT_MS 500

#ifndef sigev_notify_thread_id /* glibc names it since 2.38 only */
#define sigev_notify_thread_id _sigev_un._tid
#endif

static struct {
	bool on;
	timer_t timer;
	struct sigaction old;
	sigset_t mask;
	db_alarm_fd_fn *fd;
	void *arg;
	int64_t again_ms;
} now;
static volatile sig_atomic_t rang;

static int set(int64_t ms)
{
	struct itimerspec t = {
		.it_value = { .tv_sec = (time_t) (ms / 1000),
			      .tv_nsec = (long) (ms % 1000) * 1000000 },
	};

	return timer_settime(now.timer, 0, &t, NULL);
}

static void ring(int sig, siginfo_t *info, void *context)
{
	int saved = errno, fd;

	if (info->si_code != SI_TIMER || info->si_value.sival_ptr != &now)
		return; /* somebody's kill(1) */
	fd = now.fd(now.arg);
	rang = 1;
	if (fd != -1)
		(void) shutdown(fd, SHUT_RDWR);
	(void) set(fd != -1 ? REPEAT_MS : now.again_ms);
	errno = saved;
}

int db_alarm_start(int64_t ms, int64_t again_ms, db_alarm_fd_fn *fd, void *arg,
		   struct err *err)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGALRM,
			       .sigev_value.sival_ptr = &now };
	struct sigaction sa = { .sa_sigaction = ring,
				.sa_flags = SA_RESTART | SA_SIGINFO };
	sigset_t ours;

	assert(!now.on && ms > 0 && again_ms > 0);
	ev.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &ev, &now.timer) == -1)
		return err_errno(err, ERR_UNAVAILABLE, "no timer to be had");
	now.fd = fd;
	now.arg = arg;
	now.again_ms = again_ms;
	rang = 0;
	sigemptyset(&sa.sa_mask);
	(void) sigaction(SIGALRM, &sa, &now.old);
	/* Who started us may have blocked it. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGALRM);
	(void) sigprocmask(SIG_UNBLOCK, &ours, &now.mask);
	now.on = true;
	(void) set(ms);
	return 0;
}

bool db_alarm_stop(void)
{
	if (!now.on)
		return false;
	/* One that is on its way comes before this returns. */
	(void) timer_delete(now.timer);
	now.on = false;
	(void) sigprocmask(SIG_SETMASK, &now.mask, NULL);
	(void) sigaction(SIGALRM, &now.old, NULL);
	return rang != 0;
}

bool db_alarm_rang(void)
{
	return rang != 0;
}
