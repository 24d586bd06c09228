/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "starttls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const protocols[] = {
	"smtp", "lmtp",	       "imap",	      "pop3",	  "sieve", "ldap",
	"ftp",	"xmpp-client", "xmpp-server", "postgres", "mysql", "nntp",
};

/* What a person is shown is one printable line and says something. */
static void check_err(const struct err *err)
{
	if (err->msg[0] == '\0')
		__builtin_trap();
	for (const char *p = err->msg; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			__builtin_trap();
}

/* The first byte chooses the protocol, the second how it is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct starttls *s;
	size_t step, said = 0, len;
	int n = 0;

	if (size < 2)
		return 0;
	s = starttls_new(protocols[data[0] % ARRAY_LEN(protocols)], "a.b");
	step = 1 + data[1];
	for (size_t i = 2; i < size && n == 0; i += step) {
		struct err err = ERR_INIT;

		if (starttls_out(s, &len) && ++said > 4)
			__builtin_trap();
		n = starttls_in(s, data + i, size - i < step ? size - i : step,
				&err);
		if (n == -1)
			check_err(&err);
	}
	if (n == 0) {
		struct err err = ERR_INIT;

		if (starttls_closed(s, &err) != -1)
			__builtin_trap();
		check_err(&err);
	}
	starttls_free(&s);
	return 0;
}
