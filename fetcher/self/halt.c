/* SPDX-License-Identifier: MIT */
#include "halt.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "log.h"
#include "mem.h"

/* After a signal, orders in flight have this long to end by themselves. */
#define GRACE_MS 3000

struct halt {
	struct loop *loop;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	bool stopping, leaving, hurry;
};

static void on_grace_over(void *arg)
{
	struct halt *h = arg;

	h->timer = NULL;
	h->leaving = true;
}

static void on_signal(void *arg, short revents)
{
	struct halt *h = arg;
	struct signalfd_siginfo si;

	(void) revents;
	if (read(h->fd, &si, sizeof(si)) != (ssize_t) sizeof(si))
		return;
	if (h->stopping) {
		h->hurry = true;
		return;
	}
	h->stopping = true;
	log_event(LOG_L_INFO, "stopping", "signal",
		  si.ssi_signo == SIGINT ? "INT" : "TERM", NULL);
	h->timer = loop_after(h->loop, GRACE_MS, on_grace_over, h);
}

int halt_new(struct loop *loop, struct halt **ret, struct err *err)
{
	AUTO(halt_free) struct halt *h = mem_alloc(sizeof(*h));
	sigset_t set;

	h->loop = loop;
	h->fd = -1;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return err_errno(err, ERR_INTERNAL, "sigprocmask");
	h->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->fd == -1)
		return err_errno(err, ERR_INTERNAL, "signalfd");
	h->io = loop_watch(loop, h->fd, POLLIN, on_signal, h);
	*ret = TAKE(h);
	return 0;
}

void halt_free(struct halt **hp)
{
	struct halt *h = *hp;

	if (!h)
		return;
	loop_cancel(&h->timer);
	loop_unwatch(&h->io);
	if (h->fd != -1)
		(void) close(h->fd);
	free(h);
	*hp = NULL;
}

bool halt_stopping(const struct halt *h)
{
	return h->stopping;
}

bool halt_leaving(const struct halt *h)
{
	return h->leaving;
}

bool halt_hurry(const struct halt *h)
{
	return h->hurry;
}
