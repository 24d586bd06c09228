/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include "log.h"
#include "plain.h"
#include "sbuf.h"
#include "term.h"

#define LINE_MAX_BYTES 8192

static struct {
	const char *program;
	int verbose;
	bool opened;
	bool terminal;
	bool syslog;
	bool mailed;
} state = { .program = "certrepo" };

/* syslog(3) is silent when nobody listens, as in most containers. */
static bool syslog_listens(void)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = "/dev/log" };
	size_t i;
	int fd, rc;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);
		if (fd == -1)
			return false;
		rc = connect(fd, (struct sockaddr *) &addr, sizeof(addr));
		close(fd);
		if (rc == 0)
			return true;
	}
	return false;
}

void log_open(const char *program, int verbose)
{
	state.program = program;
	state.verbose = verbose;
	state.terminal = isatty(STDERR_FILENO);
	state.syslog = syslog_listens();
	state.opened = true;
	if (state.syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

static bool wants_stderr(enum log_level level)
{
	switch (level) {
	case LOG_L_DEBUG:
	case LOG_L_RECORD:
		return state.verbose >= 2;
	case LOG_L_NOTE:
		return state.verbose >= 1;
	case LOG_L_WARN:
		if (!state.mailed || !state.syslog)
			return true;
		__attribute__((fallthrough));
	case LOG_L_INFO:
		return state.verbose >= 1 || state.terminal ||
		       (state.opened && !state.syslog);
	default:
		return true;
	}
}

static void put(enum log_level level, const char *line)
{
	static const int priorities[] = { LOG_DEBUG, LOG_INFO,	  LOG_INFO,
					  LOG_INFO,  LOG_WARNING, LOG_ERR };

	if (state.syslog && (level > LOG_L_DEBUG || state.verbose >= 2))
		syslog(priorities[level], "%s", line);
	if (!wants_stderr(level))
		return;
	term_wipe();
	if (level < LOG_L_WARN)
		fprintf(stderr, "%s: %s\n", state.program, line);
	else
		fprintf(stderr, "%s: %s%s%s\n", state.program,
			term_on(stderr,
				level == LOG_L_WARN ? TERM_WARN : TERM_BAD),
			line, term_off(stderr));
}

static bool is_plain(const char *value)
{
	if (*value == '\0')
		return false;
	for (; *value; value++)
		if ((unsigned char) *value <= ' ' ||
		    (unsigned char) *value > 0x7e || strchr("\"=\\", *value))
			return false;
	return true;
}

static void add_pair(struct sbuf *line, const char *key, const char *value)
{
	sbuf_addf(line, " %s=", key);
	if (is_plain(value)) {
		sbuf_adds(line, value);
		return;
	}
	sbuf_addc(line, '"');
	for (; *value; value++) {
		unsigned char c = (unsigned char) *value;

		if (c == '"' || c == '\\')
			sbuf_addf(line, "\\%c", c);
		else if (c == '\n')
			sbuf_adds(line, "\\n");
		else if (c < ' ' || c > 0x7e)
			sbuf_addf(line, "\\x%02x", c);
		else
			sbuf_addc(line, (char) c);
	}
	sbuf_addc(line, '"');
}

void log_event(enum log_level level, const char *event, ...)
{
	AUTO(sbuf_free) struct sbuf line = SBUF_INIT(LINE_MAX_BYTES);
	const char *key, *value;
	va_list ap;

	sbuf_adds(&line, event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *))) {
		value = va_arg(ap, const char *);
		if (value)
			add_pair(&line, key, value);
	}
	va_end(ap);
	put(level, sbuf_str(&line));
}

/* Control characters would let a peer's text forge lines. */
static void put_text(enum log_level level, char *text)
{
	plain_utf8(text);
	put(level, text);
}

void log_error(const struct err *err)
{
	AUTO(mem_free_str) char *text = mem_strdup(err->msg);

	put_text(LOG_L_ERROR, text);
}

void log_syslog_error(const char *text)
{
	if (state.syslog)
		syslog(LOG_ERR, "%s", text);
}

static void PRINTF_LIKE(2, 0)
	put_format(enum log_level level, const char *fmt, va_list ap)
{
	AUTO(mem_free_str) char *text = mem_vprintf(fmt, ap);

	put_text(level, text);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_format(LOG_L_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_format(LOG_L_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (state.verbose < 2)
		return;
	va_start(ap, fmt);
	put_format(LOG_L_DEBUG, fmt, ap);
	va_end(ap);
}

void log_mailed(bool on)
{
	state.mailed = on;
}

bool log_verbose(void)
{
	return state.verbose >= 1;
}

void log_said(bool failed, const char *command, const char *text)
{
	AUTO(mem_free_str) char *name = NULL;
	size_t len;

	if (state.verbose < (failed ? 1 : 2))
		return;
	term_wipe();
	name = mem_strdup(command);
	plain_utf8(name);
	for (; *text; text += len + (text[len] != '\0')) {
		AUTO(mem_free_str) char *line = NULL;

		len = strcspn(text, "\n");
		line = mem_strndup(text, len);
		plain_utf8(line);
		fprintf(stderr, "%s: %s: | %s\n", state.program, name, line);
	}
}
