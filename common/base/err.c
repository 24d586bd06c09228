/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "err.h"
#include "plain.h"

static void format(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((__format__(__printf__, 3, 0)));

static void format(char *buf, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(buf, size, fmt, ap) < 0)
		snprintf(buf, size, "message could not be formatted");
	plain_ascii(buf);
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	char msg[sizeof(err->msg)]; /* an argument may be err->msg itself */
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err->kind = kind;
	memcpy(err->msg, msg, sizeof(msg));
	return -1;
}

int err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	int saved = errno;
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(err, kind, "%s: %s", msg, strerror(saved));
	errno = saved;
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char context[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format(context, sizeof(context), fmt, ap);
	va_end(ap);
	return err_set(err, err->kind, "%s: %s", context, err->msg);
}

void err_clear(struct err *err)
{
	err->kind = ERR_NONE;
	err->msg[0] = '\0';
}

int err_exit_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 64;
	case ERR_UNAVAILABLE:
	case ERR_LOCKED:
		return 69;
	case ERR_BUSY:
		return 75;
	case ERR_CONFIG:
		return 78;
	default:
		return 1;
	}
}
