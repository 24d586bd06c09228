/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>
#include "seen.h"

#define FP    "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

static const struct verify_want any = { NULL, NULL };
static const struct verify_want this = { FP, "c1" };

static struct verify_seen shows(const char *fingerprint, const char *chain)
{
	struct verify_seen s = { .reachable = true,
				 .handshake = true,
				 .serial = "0A",
				 .issuer = "CN=CA",
				 .not_after = 1893456000,
				 .depth = 2 };

	strcpy(s.fingerprint, fingerprint);
	strcpy(s.chain, chain);
	return s;
}

static void says(const struct verify_want *want, const struct verify_seen *seen,
		 const char *text)
{
	char why[300];

	assert_int_equal(seen_match(want, seen, why), !text);
	assert_string_equal(why, text ? text : "");
}

static void match(void **state)
{
	struct verify_seen s = shows(FP, "c1");

	says(&any, &s, NULL);
	says(&this, &s, NULL);
	says(&(struct verify_want){ FP, NULL }, &s, NULL);
	says(&(struct verify_want){ FP, "c2" }, &s,
	     "serves the right certificate with another chain (2 "
	     "certificates)");
	s = shows(OTHER, "c1");
	says(&any, &s, NULL);
	says(&this, &s,
	     "serves another certificate (serial 0A of CN=CA until "
	     "2030-01-01T00:00:00Z, ffeeddccbbaa9988..., wanted "
	     "0011223344556677...)");
	assert_true(seen_tells(&s));
}

static void failed(void **state)
{
	struct verify_seen s = { .why = "Connection refused" };

	says(&any, &s, "cannot be reached: Connection refused");
	strcpy(s.from, "[::1]:25");
	says(&any, &s, "cannot be reached at [::1]:25: Connection refused");
	assert_true(seen_tells(&s));
	s = (struct verify_seen){ .reachable = true, .why = "no TLS" };
	says(&any, &s, "shows no certificate: no TLS");
	s.unproven = true;
	says(&any, &s,
	     "shows a certificate, but does not prove that it has its key: no "
	     "TLS");
	s = (struct verify_seen){ .reachable = true,
				  .by_command = true,
				  .why = "exited with 1" };
	says(&any, &s, "is not right: exited with 1");
}

/* Nothing is said of the endpoint when nothing was seen of it. */
static void unknown(void **state)
{
	static const int own[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS };
	static const int theirs[] = { ECONNREFUSED, ETIMEDOUT, ECONNRESET,
				      EHOSTUNREACH, EPIPE,     0 };
	struct verify_seen s = { .reachable = false };

	assert_false(seen_tells(&s));
	says(&any, &s, "could not be looked at: no look was made");
	s = shows(FP, "c1");
	seen_unknown(&s, "Too many open files");
	assert_true(s.unknown);
	assert_false(s.reachable || s.handshake || seen_tells(&s));
	says(&this, &s, "could not be looked at: Too many open files");
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		assert_true(seen_own_error(own[i]));
	for (size_t i = 0; i < ARRAY_LEN(theirs); i++)
		assert_false(seen_own_error(theirs[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(match),
		cmocka_unit_test(failed),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
