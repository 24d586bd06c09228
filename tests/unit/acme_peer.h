/* SPDX-License-Identifier: MIT */
#ifndef ACME_PEER_H
#define ACME_PEER_H

/* A real or a scripted ACME server for the unit tests: a scratch folder, a
 * TLS certificate by the openssl program, a child process. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
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

struct peer {
	char dir[256];
	pid_t pid;
	int port, mgmt;
	char url[128];	   /* the directory */
	char ca_file[300]; /* trust anchor of its TLS */
	char log[300];
};

static inline int peer_sh(const char *dir, const char *script)
{
	char cmd[4096];

	(void) snprintf(cmd, sizeof(cmd), "cd '%s' && { %s; } >>sh.log 2>&1",
			dir, script);
	return system(cmd);
}

static inline int peer_free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *) &sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *) &sin, &len) == -1)
		return 0;
	(void) close(fd);
	return ntohs(sin.sin_port);
}

static inline bool peer_connects(const char *host, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t) port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok;

	sin.sin_addr.s_addr = inet_addr(host);
	ok = connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == 0;
	(void) close(fd);
	return ok;
}

/* A scratch folder with ca.pem, cert.pem and key.pem for 127.0.0.1. */
static inline bool peer_init(struct peer *p)
{
	const char *tmp = getenv("TMPDIR");

	memset(p, 0, sizeof(*p));
	(void) snprintf(p->dir, sizeof(p->dir), "%s/certrepo-unit.XXXXXX",
			tmp ? tmp : "/tmp");
	if (!mkdtemp(p->dir))
		return false;
	(void) snprintf(p->ca_file, sizeof(p->ca_file), "%s/ca.pem", p->dir);
	(void) snprintf(p->log, sizeof(p->log), "%s/requests.log", p->dir);
	return peer_sh(p->dir,
		       "openssl req -x509 -newkey ec -pkeyopt "
		       "ec_paramgen_curve:P-256 -nodes -keyout cakey.pem -out "
		       "ca.pem -days 30 -subj '/CN=unit test CA' && "
		       "openssl req -newkey ec -pkeyopt "
		       "ec_paramgen_curve:P-256 -nodes -keyout key.pem -out "
		       "req.pem -subj /CN=localhost && "
		       "printf 'subjectAltName=IP:127.0.0.1,DNS:localhost,"
		       "DNS:ca.test' "
		       ">ext && openssl x509 -req -in req.pem -CA ca.pem "
		       "-CAkey cakey.pem -out cert.pem -days 30 -extfile "
		       "ext") == 0;
}

/* Start argv in the folder; it dies with us. ENV: "K=V" list or NULL. */
static inline void peer_exec(struct peer *p, char *const argv[],
			     const char *const env[])
{
	char out[300];
	int fd;

	(void) snprintf(out, sizeof(out), "%s/out.log", p->dir);
	p->pid = fork();
	if (p->pid != 0)
		return;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd == -1 || dup2(fd, 1) == -1 || dup2(fd, 2) == -1 ||
	    chdir(p->dir) == -1)
		_exit(126);
	for (; env && *env; env++)
		(void) putenv((char *) *env);
	(void) execvp(argv[0], argv);
	_exit(127);
}

static inline bool peer_wait_at(const struct peer *p, const char *host,
				int port)
{
	for (int i = 0; i < 500; i++) {
		const struct timespec ts = { .tv_nsec = 20000000 };

		if (peer_connects(host, port))
			return true;
		if (waitpid(p->pid, NULL, WNOHANG) == p->pid)
			return false;
		(void) nanosleep(&ts, NULL);
	}
	return false;
}

static inline bool peer_wait_port(const struct peer *p, int port)
{
	return peer_wait_at(p, "127.0.0.1", port);
}

static inline bool peer_pebble(struct peer *p, const char *const env[])
{
	char conf[300];
	char *argv[] = { (char *) "pebble", (char *) "-config", conf,
			 (char *) "-strict", NULL };
	FILE *f;

	/* A second start is on the same ports. */
	p->port = p->port ? p->port : peer_free_port();
	p->mgmt = p->mgmt ? p->mgmt : peer_free_port();
	(void) snprintf(conf, sizeof(conf), "%s/pebble.json", p->dir);
	(void) snprintf(p->url, sizeof(p->url), "https://127.0.0.1:%d/dir",
			p->port);
	f = fopen(conf, "w");
	if (!f)
		return false;
	(void) fprintf(f,
		       "{\"pebble\":{\"listenAddress\":\"127.0.0.1:%d\","
		       "\"managementListenAddress\":\"127.0.0.1:%d\","
		       "\"certificate\":\"cert.pem\",\"privateKey\":"
		       "\"key.pem\",\"httpPort\":%d,\"tlsPort\":%d,"
		       "\"ocspResponderURL\":\"\","
		       "\"externalAccountBindingRequired\":false}}\n",
		       p->port, p->mgmt, peer_free_port(), peer_free_port());
	(void) fclose(f);
	peer_exec(p, argv, env);
	return peer_wait_port(p, p->port);
}

static inline void peer_stop(struct peer *p)
{
	if (p->pid > 0) {
		(void) kill(p->pid, SIGKILL);
		(void) waitpid(p->pid, NULL, 0);
	}
	p->pid = 0;
}

static inline void peer_free(struct peer *p)
{
	char cmd[400];

	peer_stop(p);
	if (getenv("KEEP"))
		return;
	(void) snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	if (system(cmd) != 0)
		(void) fprintf(stderr, "# left: %s\n", p->dir);
}

#endif
