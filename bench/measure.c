/* SPDX-License-Identifier: MIT */

/*
 * Run a command and write what it took to FILE, one line:
 *	wall=SECONDS cpu=SECONDS rss=KILOBYTES status=N
 * A command that takes longer than LIMIT seconds is killed: status=124.
 *
 *	measure FILE LIMIT COMMAND...
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static volatile sig_atomic_t late;

static void on_alarm(int sig)
{
	(void) sig;
	late = 1;
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
}

static double seconds(struct timeval tv)
{
	return (double) tv.tv_sec + (double) tv.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	struct rusage ru;
	int st;
	FILE *f;

	if (argc < 4)
		return 64;
	clock_gettime(CLOCK_MONOTONIC, &a);
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		setpgid(0, 0);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	signal(SIGALRM, on_alarm);
	alarm((unsigned) strtoul(argv[2], NULL, 10));
	while (wait4(child, &st, 0, &ru) < 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &b);
	st = late ? 124 : WIFEXITED(st) ? WEXITSTATUS(st) : 255;
	f = fopen(argv[1], "w");
	if (!f)
		return 1;
	fprintf(f, "wall=%.3f cpu=%.4f rss=%ld status=%d\n",
		(double) (b.tv_sec - a.tv_sec) +
			(double) (b.tv_nsec - a.tv_nsec) / 1e9,
		seconds(ru.ru_utime) + seconds(ru.ru_stime), ru.ru_maxrss, st);
	return fclose(f) ? 1 : st;
}
