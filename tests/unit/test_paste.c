/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "paste.h"

#define FILE_ "/etc/postfix/tls/n/current/key-fullchain.pem"

static struct arena *arena;

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

/* The section of what is shipped; of a profile of this host's there is none. */
static void lines(void **state)
{
	static const struct svc_cert certs[] = { { .leaf_path = NULL },
						 { .leaf_path = FILE_ } };
	struct installer_service postfix = { .profile = "postfix" };
	struct installer_service quotad = { .profile = "quotad" };
	struct installer_conf conf = { .shipped_profile_dir = scratch_dir };
	struct host host = { .conf = &conf, .arena = arena };
	struct svc s = { .conf = &postfix, .certs = certs, .n_certs = 2 };

	scratch_write(scratch("postfix.conf"), "", 0600);
	assert_string_equal(paste_advice(&host, &s, 1),
			    "; does the service's configuration name " FILE_
			    "? If not, paste the lines of "
			    "certrepo-profiles(7), postfix, there, and "
			    "reload it");
	s.conf = &quotad;
	assert_string_equal(paste_advice(&host, &s, 1),
			    "; does the service's configuration name " FILE_
			    "? If not, name it there, and reload it");
	assert_string_equal(paste_advice(&host, &s, 0), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
