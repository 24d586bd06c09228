/* SPDX-License-Identifier: MIT */
#include "startup.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void startup_plain(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	(void) signal(SIGXFSZ, SIG_IGN);
}

void startup_secret(void)
{
	struct rlimit core = { 0, 0 };

	startup_plain();
	(void) umask(077);
	if (getrlimit(RLIMIT_CORE, &core) == 0) {
		core.rlim_cur = 0;
		(void) setrlimit(RLIMIT_CORE, &core);
	}
	(void) prctl(PR_SET_DUMPABLE, 0);
	(void) signal(SIGPIPE, SIG_IGN);
}
