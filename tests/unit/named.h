/* SPDX-License-Identifier: MIT */
#ifndef NAMED_H
#define NAMED_H

/* BIND for unit tests: one or two instances on loopback with given files,
 * ended by their pid. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct named {
	pid_t pid;
	char dir[300];
	int port;
};

/* A port nobody has on 127.0.0.1, TCP and UDP; FROM on, if not 0. */
static inline int named_free_port(int from)
{
	for (int port = from ? from : 24000 + (int) (getpid() % 500);
	     port < 25000; port++) {
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr.s_addr =
						 htonl(INADDR_LOOPBACK) };
		int ok = 0;
		int fd[2];

		for (int i = 0; i < 2; i++) {
			fd[i] = socket(AF_INET, i ? SOCK_STREAM : SOCK_DGRAM,
				       0);
			ok += bind(fd[i], (struct sockaddr *) &a, sizeof(a)) ==
			      0;
		}
		close(fd[0]);
		close(fd[1]);
		if (ok == 2)
			return port;
	}
	return -1;
}

__attribute__((__format__(__printf__, 3, 4))) static inline void named_file(
	const struct named *n, const char *name, const char *fmt, ...)
{
	char path[400];
	va_list ap;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", n->dir, name);
	f = fopen(path, "w");
	if (!f)
		abort();
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	if (fclose(f) != 0 || chmod(path, 0600) != 0)
		abort();
}

static inline bool named_accepts(const struct named *n)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(n->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc;

	rc = connect(fd, (struct sockaddr *) &a, sizeof(a));
	close(fd);
	return rc == 0;
}

/* dir/named.conf is there; false when it does not come up. */
static inline bool named_start(struct named *n)
{
	static const char *const places[] = { "/usr/sbin/named",
					      "/usr/local/sbin/named" };
	char conf[400], log[400], copy[600];
	const char *program = NULL;

	for (size_t i = 0; i < 2; i++)
		if (!program && access(places[i], X_OK) == 0)
			program = places[i];
	if (!program)
		return false;
	snprintf(conf, sizeof(conf), "%s/named.conf", n->dir);
	snprintf(log, sizeof(log), "%s/named.log", n->dir);
	if (access("/sys/module/apparmor", F_OK) == 0) {
		/* AppArmor confines the program by its path. */
		snprintf(copy, sizeof(copy), "cp %s %s/named.bin", program,
			 n->dir);
		if (system(copy) == 0) {
			snprintf(copy, sizeof(copy), "%s/named.bin", n->dir);
			program = copy;
		}
	}
	n->pid = fork();
	if (n->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		/* a test that crashes leaves none behind */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(program, "named", "-g", "-n", "1", "-c", conf,
		      (char *) NULL);
		_exit(127);
	}
	for (int i = 0; i < 300; i++) {
		if (named_accepts(n))
			return true;
		if (waitpid(n->pid, NULL, WNOHANG) == n->pid)
			break;
		poll(NULL, 0, 50);
	}
	return false;
}

static inline void named_stop(struct named *n)
{
	if (n->pid <= 0)
		return;
	kill(n->pid, SIGTERM);
	for (int i = 0; i < 100; i++) {
		if (waitpid(n->pid, NULL, WNOHANG) == n->pid) {
			n->pid = 0;
			return;
		}
		poll(NULL, 0, 50);
	}
	kill(n->pid, SIGKILL);
	waitpid(n->pid, NULL, 0);
	n->pid = 0;
}

/* What dig +short prints, in buf; trailing newline kept. */
static inline const char *named_dig(const struct named *n, const char *name,
				    const char *type, char *buf, size_t size)
{
	char cmd[600];
	size_t got;
	FILE *f;

	snprintf(
		cmd, sizeof(cmd),
		"dig +short +norecurse +time=2 +tries=3 @127.0.0.1 -p %d %s %s",
		n->port, name, type);
	f = popen(cmd, "r");
	got = f ? fread(buf, 1, size - 1, f) : 0;
	buf[got] = '\0';
	if (f)
		pclose(f);
	return buf;
}

#endif
