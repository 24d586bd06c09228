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
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* Those below it are open: the lowest that is free is this. */
		if (fcntl(fd, F_GETFD) == -1)
			(void) open("/dev/null",
				    fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
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
