/* SPDX-License-Identifier: MIT */
#include "term.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "clock.h"
#include "mem.h"
#include "plain.h"

#define PROGRESS_MS	200
#define COLUMNS_ASSUMED 80

static struct {
	bool shown; /* a line stands on stderr */
	int64_t next_ms;
} progress;

static bool has_colours(FILE *stream)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fileno(stream)) == 1 && term && *term &&
	       strcmp(term, "dumb") != 0 && (!no || !*no);
}

const char *term_on(FILE *stream, enum term_colour colour)
{
	static const char *const on[] = { "\033[32m", "\033[33m", "\033[31m" };

	return has_colours(stream) ? on[colour] : "";
}

const char *term_off(FILE *stream)
{
	return has_colours(stream) ? "\033[m" : "";
}

bool term_wants_progress(void)
{
	return isatty(STDERR_FILENO) == 1 &&
	       clock_mono_ms() >= progress.next_ms;
}

int term_columns(FILE *stream)
{
	struct winsize size = { .ws_col = 0 };

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == -1 || size.ws_col < 2)
		return COLUMNS_ASSUMED;
	return size.ws_col;
}

void term_progress(const char *fmt, ...)
{
	AUTO(mem_free_str) char *line = NULL;
	va_list ap;

	if (isatty(STDERR_FILENO) != 1)
		return;
	va_start(ap, fmt);
	line = mem_vprintf(fmt, ap);
	va_end(ap);
	plain_ascii(line);
	/* A line that wraps could not be taken away. */
	(void) fprintf(stderr, "\r\033[K%.*s", term_columns(stderr) - 1, line);
	(void) fflush(stderr);
	progress.shown = true;
	progress.next_ms = clock_mono_ms() + PROGRESS_MS;
}

void term_wipe(void)
{
	if (progress.shown)
		(void) fputs("\r\033[K", stderr);
	progress.shown = false;
}
