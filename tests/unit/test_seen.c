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
				 .name = "www.example.org",
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
	s.depth = 1;
	s.file = "/etc/tls/current/full.pem";
	says(&(struct verify_want){ FP, "c2" }, &s,
	     "serves the right certificate with another chain (1 certificate: "
	     "the intermediate certificates are missing; what it should read "
	     "is in /etc/tls/current)");
	s = shows(OTHER, "c1");
	says(&any, &s, NULL);
	says(&this, &s,
	     "serves another certificate: that of \"www.example.org\" by "
	     "\"CN=CA\" until 2030-01-01T00:00:00Z (ffeeddccbbaa9988..., "
	     "wanted 0011223344556677...)");
	s.file = "/etc/tls/full.pem";
	strcpy(s.from, "[::1]:443");
	says(&this, &s,
	     "serves another certificate at [::1]:443: that of "
	     "\"www.example.org\" by \"CN=CA\" until 2030-01-01T00:00:00Z "
	     "(ffeeddccbbaa9988..., wanted 0011223344556677... of "
	     "/etc/tls/full.pem)");
	assert_true(seen_tells(&s));
}

/* However long its parts are: what is said is whole. */
static void long_ones(void **state)
{
	char path[300], why[300];
	struct verify_seen s = shows(OTHER, "c1");

	s.file = path;
	memset(s.name, '"', sizeof(s.name) - 1);
	memset(s.issuer, 'i', sizeof(s.issuer) - 1);
	memset(s.from, 'f', sizeof(s.from) - 1);
	for (size_t len = 1; len < sizeof(path); len++) {
		memset(path, 'p', len);
		path[len] = '\0';
		assert_false(seen_match(&(struct verify_want){ OTHER, "c2" },
					&s, why));
		assert_int_equal(why[strlen(why) - 1], ')');
		assert_false(seen_match(&this, &s, why));
		assert_string_equal(why + strlen(why) - 1, ")");
		assert_true(strstr(why, path) || !strstr(why, " of p"));
		if (len == 150)
			s.name[0] = s.issuer[0] = s.from[0] = '\0';
	}
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
		cmocka_unit_test(long_ones),
		cmocka_unit_test(failed),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
