/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "look_addr.h"
#include "protocol.h"
#include "seen.h"

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

int look_wait_fd(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = deadline - clock_mono_ms();
		int n;

		if (left <= 0)
			return 0;
		n = poll(&p, 1, (int) left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

static int resolve(const struct svc_endpoint *e, int flags,
		   struct look_addrs *ret)
{
	const char *which = e->conf->addresses;
	struct addrinfo hints = {
		.ai_family = is(which, "ipv4")	 ? AF_INET
			     : is(which, "ipv6") ? AF_INET6
						 : AF_UNSPEC,
		.ai_socktype = protocol_find(e->conf->protocol)->socktype,
		.ai_flags = AI_NUMERICSERV | flags,
	};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(e->host, e->port, &hints, &list);

	if (code != 0)
		return code;
	ret->n = 0;
	for (struct addrinfo *ai = list; ai && ret->n < LOOK_ADDRESSES_MAX;
	     ai = ai->ai_next) {
		struct look_addr *a = &ret->v[ret->n];

		if (ai->ai_addrlen > sizeof(a->sa))
			continue;
		memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
		a->len = ai->ai_addrlen;
		ret->n++;
	}
	freeaddrinfo(list);
	return ret->n > 0 ? 0 : EAI_NONAME;
}

struct found {
	int code, error; /* getaddrinfo's, and errno with it */
	struct look_addrs list;
};

/* 1 all of it is read, 0 the time is up, -1 the child is gone, or errno is
 * ours. */
static int read_found(int fd, int64_t deadline, struct found *ret)
{
	size_t have = 0;

	while (have < sizeof(*ret)) {
		int status = look_wait_fd(fd, POLLIN, deadline);
		ssize_t n;

		if (status != 1)
			return status;
		n = read(fd, (char *) ret + have, sizeof(*ret) - have);
		if (n == 0 || (n == -1 && errno != EINTR))
			return -1;
		if (n > 0)
			have += (size_t) n;
	}
	return 1;
}

/* The resolver blocks for as long as it likes: it runs in a child, which can
 * be ended. */
static void find_in_child(const struct svc_endpoint *e, int fd)
{
	static struct found f;
	const char *p = (const char *) &f;
	size_t left = sizeof(f);

	errno = 0;
	f.code = resolve(e, 0, &f.list);
	f.error = errno;
	while (left > 0) {
		ssize_t n = write(fd, p, left);

		if (n <= 0)
			_exit(1);
		p += n;
		left -= (size_t) n;
	}
	_exit(0);
}

/* The name's fault, or that of this host? */
static int not_found(const struct svc_endpoint *e, const struct found *f,
		     struct err *err)
{
	bool own = f->code == EAI_SYSTEM || f->code == EAI_MEMORY ||
		   seen_own_error(f->error);

	return err_set(err, own ? ERR_IO : ERR_UNAVAILABLE, "%s: %s", e->host,
		       own && f->code != EAI_MEMORY && f->error != 0
			       ? strerror(f->error)
			       : gai_strerror(f->code));
}

int look_addr_find(const struct svc_endpoint *e, int64_t timeout_ms,
		   struct look_addrs *ret, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	struct found f = { .code = EAI_AGAIN };
	int fd[2];
	int known;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	if (resolve(e, AI_NUMERICHOST, ret) == 0)
		return 0;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_errno(err, ERR_IO, "pipe");
	pid = fork();
	if (pid == 0)
		find_in_child(e, fd[1]);
	close(fd[1]);
	if (pid == -1) {
		close(fd[0]);
		return err_errno(err, ERR_IO, "fork");
	}
	known = read_found(fd[0], deadline, &f);
	close(fd[0]);
	(void) kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	if (known == 0)
		return err_set(err, ERR_TIMEOUT,
			       "the addresses of %s are not found in time",
			       e->host);
	if (known == -1)
		return err_set(err, ERR_IO,
			       "the addresses of %s: whoever looked for them "
			       "was ended",
			       e->host);
	if (f.code != 0)
		return not_found(e, &f, err);
	*ret = f.list;
	return 0;
}

void look_addr_text(const struct look_addr *a, char *ret, size_t size)
{
	char host[64], port[8];

	if (getnameinfo((const struct sockaddr *) &a->sa, a->len, host,
			sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(ret, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
		 port);
}
