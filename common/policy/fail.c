/* SPDX-License-Identifier: MIT */
#include "fail.h"
#include <string.h>

const char *fail_name(enum fail_class c)
{
	switch (c) {
	case FAIL_NONE:
		return "none";
	case FAIL_RATE_LIMITED:
		return "rate-limited";
	case FAIL_CAA:
		return "caa";
	case FAIL_DNS:
		return "dns";
	case FAIL_CONNECTION:
		return "connection";
	case FAIL_UNAUTHORIZED:
		return "unauthorized";
	case FAIL_BAD_CSR:
		return "bad-csr";
	case FAIL_REJECTED:
		return "rejected";
	case FAIL_BAD_CERT:
		return "bad-cert";
	case FAIL_CONFIG:
		return "config";
	case FAIL_CA_RATE_LIMITED:
		return "ca-rate-limited";
	case FAIL_CA_DOWN:
		return "ca-down";
	case FAIL_ACCOUNT:
		return "account";
	case FAIL_CLOCK:
		return "clock";
	case FAIL_INTERNAL:
		return "internal";
	case FAIL_HOST:
		return "host";
	case FAIL_STORE:
		return "store";
	case FAIL_LOCKED:
		return "locked";
	}
	return "internal";
}

bool fail_of_ca(enum fail_class c)
{
	return c == FAIL_CA_RATE_LIMITED || c == FAIL_CA_DOWN ||
	       c == FAIL_ACCOUNT || c == FAIL_CLOCK;
}

bool fail_of_person(enum fail_class c)
{
	switch (c) {
	case FAIL_CAA:
	case FAIL_UNAUTHORIZED:
	case FAIL_BAD_CSR:
	case FAIL_REJECTED:
	case FAIL_BAD_CERT:
	case FAIL_CONFIG:
		return true;
	case FAIL_DNS: /* servers and networks come back by themselves */
	case FAIL_CONNECTION:
	default:
		return false;
	}
}

bool fail_holds(enum fail_class c)
{
	return fail_of_person(c) || c == FAIL_CA_DOWN;
}

bool fail_name_holds(const char *name)
{
	for (int c = FAIL_NONE; c <= FAIL_LOCKED; c++)
		if (strcmp(name, fail_name((enum fail_class) c)) == 0)
			return fail_holds((enum fail_class) c);
	return false;
}

void fail_set(struct fail *f, enum fail_class c, int64_t retry_at,
	      const char *fmt, ...)
{
	char text[sizeof(f->detail)];
	va_list ap;

	/* Through a buffer: the arguments may point into *f. */
	va_start(ap, fmt);
	(void) vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			*p = '?';
	f->class = c;
	f->retry_at = retry_at;
	f->limited = c == FAIL_RATE_LIMITED;
	f->absent = 0;
	f->of_profile = f->of_usage = f->lasting = f->here = false;
	f->later = f->unspent = false;
	memcpy(f->detail, text, sizeof(text));
}
