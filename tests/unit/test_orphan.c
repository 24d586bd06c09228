/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include "host_kit.h"
#include "hostview.h"
#include "orphan.h"

/* Certificates that were installed, while the configuration changes. */

#define FIXED "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define GEN   "layout = \"generation\"; " FIXED
#define SERVICE(service, dir)                                                \
	"{ name = \"" service "\"; profile = \"x\"; certificates = ( { name" \
	" = \"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/" dir "\"; } ); }"
#define OTHER                                                             \
	"{ name = \"other\"; profile = \"x\"; certificates = ( { name = " \
	"\"other.example.org\"; key = \"@/leaf.key\"; dir = \"@/d/o\"; } ); }"

static void configured(const char *profile, const char *services)
{
	host_kit_load(profile, "", services);
}

/* As an installation leaves it. */
static void installed(const char *service, const char *file)
{
	struct err err = ERR_INIT;
	struct svcstate s;
	int64_t from;
	const char *print;

	print = host_kit_print(file, &from);
	assert_int_equal(
		svcstate_load(conf.state_dir, service, arena, &s, &err), 0);
	svcstate_set_cert(&s, arena, LEAF, print, from);
	assert_int_equal(svcstate_save(conf.state_dir, service, &s, &err), 0);
}

static void fresh(void)
{
	kit_sh("chmod -R u+rwx d 2>/dev/null; rm -rf d state/installed "
	       "state/service; mkdir -p d/web d/o d/two state/service");
}

/* The service web is configured and has old.pem. */
static void begin(void)
{
	fresh();
	configured(FIXED, SERVICE("web", "d/web"));
	kit_sh("cp old.pem d/web/full.pem");
	installed("web", "old.pem");
	orphan_look(&host);
}

/* How many there are, for --status and for a run, which remembers them. */
static size_t dropped(void)
{
	struct receipts l = { .arena = arena };
	struct err err = ERR_INIT;
	size_t n;

	if (orphan_list(&host, &l, &err) == -1)
		fail_msg("%s", err.msg);
	orphan_look(&host);
	n = l.n;
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(l.v[i].name, LEAF);
		assert_string_equal(l.v[i].service, "web");
		assert_string_equal(l.v[i].state, ORPHAN_STATE);
	}
	receipt_free(&l);
	return n;
}

static void is_dropped(void **state)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	begin();
	assert_int_equal(dropped(), 0);
	configured(FIXED, OTHER);
	assert_int_equal(dropped(), 1);
	assert_int_equal(dropped(), 1);
	assert_int_equal(hostview_print(&host, true, NULL, &out, &err), 0);
	assert_non_null(strstr(sbuf_str(&out), "\"state\":\"dropped\""));
	assert_non_null(strstr(sbuf_str(&out), "not configured any more"));
	/* Whoever asks for one is told of that one. */
	strlist_add(&host.only, "other");
	sbuf_clear(&out);
	(void) !hostview_print(&host, true, NULL, &out, &err);
	assert_string_equal(sbuf_str(&out), "[]\n");
	strlist_free(&host.only);
	/* Put back, it is as before. */
	configured(FIXED, SERVICE("web", "d/web"));
	assert_int_equal(dropped(), 0);
	configured(FIXED, OTHER);
	assert_int_equal(dropped(), 1);
}

static void ends(void **state)
{
	begin();
	configured(FIXED, OTHER);
	assert_int_equal(dropped(), 1);
	kit_sh("mv d/web/full.pem d/kept.pem");
	assert_int_equal(dropped(), 0);
	/* It was forgotten. */
	kit_sh("mv d/kept.pem d/web/full.pem");
	assert_int_equal(dropped(), 0);
	/* So it is when somebody else puts another one there. */
	begin();
	configured(FIXED, OTHER);
	kit_sh("cp new.pem d/web/full.pem");
	assert_int_equal(dropped(), 0);
	begin();
	configured(FIXED, OTHER);
	kit_sh("rm -r d/web");
	assert_int_equal(dropped(), 0);
}

/* What cannot be read is not gone. */
static void unreadable(void **state)
{
	begin();
	configured(FIXED, OTHER);
	kit_sh("mv d/web d/away; ln -s loop d/loop; ln -s ../d/loop d/web");
	assert_int_equal(dropped(), 1);
	kit_sh("rm d/web d/loop; mv d/away d/web");
	assert_int_equal(dropped(), 1);
	/* Neither while it is configured. */
	begin();
	kit_sh("mv d/web d/away; ln -s loop d/loop; ln -s ../d/loop d/web");
	assert_int_equal(dropped(), 0);
	configured(FIXED, OTHER);
	kit_sh("rm d/web d/loop; mv d/away d/web");
	assert_int_equal(dropped(), 1);
}

/* What we did not install is not ours to speak of. */
static void not_ours(void **state)
{
	fresh();
	configured(FIXED, SERVICE("web", "d/web"));
	kit_sh("cp old.pem d/web/full.pem");
	orphan_look(&host);
	configured(FIXED, OTHER);
	assert_int_equal(dropped(), 0);
}

static void moved(void **state)
{
	/* Another folder, or layout, of the same service. */
	begin();
	configured(FIXED, SERVICE("web", "d/two"));
	assert_int_equal(dropped(), 0);
	begin();
	configured(GEN, SERVICE("web", "d/web"));
	assert_int_equal(dropped(), 0);
	/* Another name of the service; it knows it from then on. */
	begin();
	configured(FIXED, SERVICE("www", "d/web"));
	assert_int_equal(dropped(), 0);
	configured(FIXED, OTHER);
	{
		struct receipts l = { .arena = arena };
		struct err err = ERR_INIT;

		assert_int_equal(orphan_list(&host, &l, &err), 0);
		assert_int_equal(l.n, 1);
		assert_string_equal(l.v[0].service, "www");
		receipt_free(&l);
	}
	/* Another service elsewhere does not help the one that is left. */
	begin();
	configured(FIXED, SERVICE("mail", "d/two"));
	assert_int_equal(dropped(), 1);
}

static void generation(void **state)
{
	fresh();
	configured(GEN, SERVICE("web", "d/web"));
	kit_sh("mkdir d/web/gen; cp old.pem d/web/gen/full.pem; "
	       "ln -s gen d/web/current");
	installed("web", "old.pem");
	orphan_look(&host);
	configured(GEN, OTHER);
	assert_int_equal(dropped(), 1);
	kit_sh("rm d/web/current");
	assert_int_equal(dropped(), 0);
}

static void damaged(void **state)
{
	struct receipts l = { .arena = arena };
	struct err err = ERR_INIT;

	begin();
	scratch_write(scratch("state/installed"), "garbage\n", 0600);
	assert_int_equal(orphan_list(&host, &l, &err), -1);
	kit_says(&err, "installed: line 1 of it is damaged");
	orphan_look(&host);
	configured(FIXED, OTHER);
	assert_int_equal(dropped(), 1);
	/* One that cannot be read is left for better days. */
	kit_sh("mv state/installed state/kept; mkdir state/installed");
	orphan_look(&host);
	kit_sh("rmdir state/installed; mv state/kept state/installed");
	assert_int_equal(dropped(), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_dropped), cmocka_unit_test(ends),
		cmocka_unit_test(unreadable), cmocka_unit_test(not_ours),
		cmocka_unit_test(moved),      cmocka_unit_test(generation),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
