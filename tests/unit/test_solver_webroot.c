/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include "chall.h"
#include "chall_kit.h"
#include "scratch.h"

#define PLACE "/.well-known/acme-challenge"

static const char *prefixes[2];
static struct proof_dns dns;
static struct certrepo_conf conf = { .proof.dns = &dns };
static struct loop *loop;
static struct chall_ctx *ctx;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state) != 0)
		return -1;
	umask(077);
	prefixes[0] = mem_strdup(scratch("www"));
	prefixes[1] = mem_strdup(scratch("srv/"));
	mkdir(scratch("www"), 0755);
	mkdir(scratch("www/site"), 0755);
	mkdir(scratch("www-other"), 0755);
	mkdir(scratch("srv"), 0755);
	mkdir(scratch("outside"), 0755);
	conf.proof.webroot_prefixes = (struct conf_strings){ prefixes, 2 };
	return loop_new(&loop, &err) == 0 &&
			       chall_ctx_new(&conf, loop, &ctx, &err) == 0
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	chall_ctx_free(&ctx);
	loop_free(&loop);
	free((char *) prefixes[0]);
	free((char *) prefixes[1]);
	return scratch_teardown(state);
}

static int new_run(struct kit_run *r, const char *webroot, const char *token,
		   struct err *err)
{
	struct chall_req req = { .type = proof_type_find("http-01"),
				 .name = "www.example.org",
				 .owner = "me",
				 .identifier = "www.example.org",
				 .token = token,
				 .thumbprint = "THUMB",
				 .webroot_path = webroot };

	memset(r, 0, sizeof(*r));
	return chall_new(ctx, &req, kit_over, r, &r->c, err);
}

static void start(struct kit_run *r, const char *webroot, const char *token)
{
	struct err err = ERR_INIT;

	if (new_run(r, webroot, token, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(kit_step(loop, r, chall_locate), ERR_NONE);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void test_whole(void **state)
{
	const char *file = scratch("www/site" PLACE "/tok_-1");
	struct kit_run r;

	/* the trailing slash is of no meaning */
	start(&r, scratch("www/site//"), "tok_-1");
	assert_string_equal(chall_proof(r.c)->owner, file);
	assert_string_equal(chall_proof(r.c)->value, "tok_-1.THUMB");
	assert_string_equal(chall_proof(r.c)->type, "http-01");
	assert_string_equal(chall_proof(r.c)->zone, "");
	/* nothing changed yet */
	assert_int_equal(access(scratch("www/site/.well-known"), F_OK), -1);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_string_equal(scratch_read(file), "tok_-1.THUMB");
	assert_int_equal(mode_of(file), 0644);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_int_equal(kit_step(loop, &r, chall_ready), ERR_NONE);
	/* a neighbour's file stays */
	scratch_write(scratch("www/site" PLACE "/other"), "x", 0644);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(access(scratch("www/site" PLACE "/other"), F_OK), 0);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	chall_free(&r.c);
	unlink(scratch("www/site" PLACE "/other"));
}

static void test_folders_are_readable(void **state)
{
	struct kit_run r;

	/* whatever our umask: the web server is another user */
	start(&r, scratch("srv"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_int_equal(mode_of(scratch("srv/.well-known")), 0755);
	assert_int_equal(mode_of(scratch("srv" PLACE)), 0755);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	/* folders stay */
	assert_int_equal(mode_of(scratch("srv" PLACE)), 0755);
	chall_free(&r.c);
}

/* A full disk passes, and is no fault of the row; a folder that may not be
 * written is for a person. */
static void test_kinds(void **state)
{
	struct rlimit was, none;
	struct kit_run r;

	start(&r, scratch("srv"), "full");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	(void) kit_step(loop, &r, chall_prepare);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(r.err.kind, ERR_IO);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	chall_free(&r.c);
	if (geteuid() == 0)
		return;
	start(&r, scratch("srv"), "denied");
	assert_int_equal(chmod(scratch("srv" PLACE), 0500), 0);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_CONFIG);
	assert_non_null(strstr(r.err.msg, "be able to write"));
	assert_int_equal(chmod(scratch("srv" PLACE), 0755), 0);
	chall_free(&r.c);
}

static void test_refused_paths(void **state)
{
	struct kit_run r;
	char path[700];
	const char *const bad[] = {
		NULL,
		"",
		"relative/www",
		scratch("outside"),
		scratch("www-other"), /* shares the letters only */
		path,
		"/",
	};

	snprintf(path, sizeof(path), "%s/www/../outside", scratch_dir);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;

		if (new_run(&r, bad[i], "t", &err) != -1)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void test_hostile_tokens(void **state)
{
	char longest[140];
	const char *const bad[] = { "",	   "../../x", "a/b",  "..",   "a.b",
				    "a b", "a\n",     "a\\b", longest };
	struct kit_run r;

	memset(longest, 'a', sizeof(longest));
	longest[129] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;

		if (new_run(&r, scratch("www/site"), bad[i], &err) != -1)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	longest[128] = '\0';
	start(&r, scratch("www/site"), longest);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	chall_free(&r.c);
}

/* A site's own people make a link to where they may not write. */
static void test_links_that_lead_out(void **state)
{
	struct kit_run r;

	mkdir(scratch("www/evil"), 0755);
	assert_int_equal(
		symlink(scratch("outside"), scratch("www/evil/.well-known")),
		0);
	start(&r, scratch("www/evil"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_CONFIG);
	assert_non_null(strstr(r.err.msg, "webroot_prefixes"));
	assert_int_equal(access(scratch("outside/acme-challenge"), F_OK), -1);
	chall_free(&r.c);

	assert_int_equal(symlink(scratch("outside"), scratch("www/link")), 0);
	start(&r, scratch("www/link"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_CONFIG);
	assert_int_equal(access(scratch("outside/.well-known"), F_OK), -1);
	chall_free(&r.c);
}

static void test_links_that_stay_inside(void **state)
{
	struct kit_run r;

	/* one folder for all sites is common */
	mkdir(scratch("srv/acme"), 0755);
	mkdir(scratch("www/linked"), 0755);
	mkdir(scratch("www/linked/.well-known"), 0755);
	assert_int_equal(
		symlink(scratch("srv/acme"), scratch("www/linked" PLACE)), 0);
	start(&r, scratch("www/linked"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_string_equal(scratch_read(scratch("srv/acme/t")), "t.THUMB");
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_int_equal(access(scratch("srv/acme/t"), F_OK), -1);
	chall_free(&r.c);
}

/* A person has to mend it. */
static void test_link_to_nowhere(void **state)
{
	struct kit_run r;

	mkdir(scratch("www/dangling"), 0755);
	assert_int_equal(symlink("gone", scratch("www/dangling/.well-known")),
			 0);
	start(&r, scratch("www/dangling"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_CONFIG);
	assert_non_null(strstr(r.err.msg, "/dangling/.well-known is a link"));
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	chall_free(&r.c);
}

static void test_only_our_own_is_removed(void **state)
{
	const char *file = scratch("www/site" PLACE "/t");
	struct kit_run r;

	start(&r, scratch("www/site"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	scratch_write(file, "t.SOMEBODY", 0644);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_string_equal(scratch_read(file), "t.SOMEBODY");
	unlink(file);
	/* a link to a file of just that content is not followed */
	scratch_write(scratch("outside/t"), "t.THUMB", 0644);
	assert_int_equal(symlink(scratch("outside/t"), file), 0);
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_int_equal(access(scratch("outside/t"), F_OK), 0);
	/* nor written through, or replaced */
	scratch_write(scratch("outside/t"), "t.ELSE", 0644);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_INPUT);
	assert_string_equal(scratch_read(scratch("outside/t")), "t.ELSE");
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_int_equal(unlink(file), 0);
	unlink(scratch("outside/t"));
	chall_free(&r.c);
}

/* A CA chooses the token: it is no way to replace a file of the site, or to
 * have it removed. */
static void test_token_of_another_file(void **state)
{
	const char *file = scratch("srv" PLACE "/robots");
	struct kit_run r;

	start(&r, scratch("srv"), "robots");
	scratch_write(file, "robots are welcome", 0644);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_INPUT);
	assert_non_null(strstr(r.err.msg, "robots"));
	assert_string_equal(scratch_read(file), "robots are welcome");
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_string_equal(scratch_read(file), "robots are welcome");
	/* what another key of ours left there is a challenge's */
	scratch_write(file, "robots.OTHER", 0644);
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	assert_string_equal(scratch_read(file), "robots.THUMB");
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	assert_int_equal(access(file, F_OK), -1);
	chall_free(&r.c);
}

static void test_missing_web_root(void **state)
{
	struct kit_run r;

	start(&r, scratch("www/absent"), "t");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_CONFIG);
	assert_non_null(strstr(r.err.msg, "does not exist"));
	assert_int_equal(kit_step(loop, &r, chall_clean), ERR_NONE);
	chall_free(&r.c);
}

static void test_proof_of_a_killed_run(void **state)
{
	static const char *const bad[] = { "/etc/passwd", "t", PLACE "/../../x",
					   "/tmp" PLACE "/t" };
	/* nor is a file of anything but "TOKEN.THUMB" one of ours */
	static const char *const value[] = { "",	"t",	  "t.",
					     "x.THUMB", "<html>", "t.THUMB\n" };
	struct store_proof proof;
	struct kit_run r, again = { .c = NULL };
	struct err err = ERR_INIT;

	start(&r, scratch("www/site"), "killed");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	proof = *chall_proof(r.c);
	assert_int_equal(
		chall_from_proof(ctx, &proof, kit_over, &again, &again.c, &err),
		0);
	assert_int_equal(kit_step(loop, &again, chall_clean), ERR_NONE);
	assert_int_equal(access(proof.owner, F_OK), -1);
	chall_free(&again.c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		proof.owner = bad[i];
		if (chall_from_proof(ctx, &proof, kit_over, &again, &again.c,
				     &err) != -1)
			fail_msg("taken: %s", bad[i]);
	}
	proof.owner = mem_strdup(scratch("www/site" PLACE "/t"));
	for (size_t i = 0; i < ARRAY_LEN(value); i++) {
		proof.value = value[i];
		if (chall_from_proof(ctx, &proof, kit_over, &again, &again.c,
				     &err) != -1)
			fail_msg("taken: %s", value[i]);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	free((char *) proof.owner);
	chall_free(&r.c);
}

/* A row leads to no file that the web root of today does not. */
static void test_row_that_leads_out(void **state)
{
	struct store_proof proof;
	struct kit_run r, again = { .c = NULL };
	struct err err = ERR_INIT;
	const char *file;

	mkdir(scratch("outside/acme-challenge"), 0755);
	file = scratch("outside/acme-challenge/out");
	scratch_write(file, "out.THUMB", 0644);
	mkdir(scratch("www/row"), 0755);
	start(&r, scratch("www/row"), "out");
	assert_int_equal(kit_step(loop, &r, chall_prepare), ERR_NONE);
	proof = *chall_proof(r.c);
	assert_int_equal(
		rename(scratch("www/row/.well-known"), scratch("www/row/away")),
		0);
	assert_int_equal(
		symlink(scratch("outside"), scratch("www/row/.well-known")), 0);
	assert_int_equal(
		chall_from_proof(ctx, &proof, kit_over, &again, &again.c, &err),
		0);
	assert_int_equal(kit_step(loop, &again, chall_clean), ERR_CONFIG);
	assert_non_null(strstr(again.err.msg, "webroot_prefixes"));
	assert_string_equal(scratch_read(file), "out.THUMB");
	chall_free(&again.c);
	chall_free(&r.c);
}

/* The message names the folder that refuses, whose it is, and the command. */
static void test_refused_folder(void **state)
{
	char want[2048];
	struct kit_run r;
	int kind;

	if (geteuid() != 0)
		skip();
	chmod(scratch_dir, 0755);
	mkdir(scratch("www/mine"), 0755);
	mkdir(scratch("www/mine/.well-known"), 0755);
	mkdir(scratch("www/mine" PLACE), 0755);
	chmod(scratch("www"), 0755);
	chmod(scratch("www/mine"), 0755);
	chmod(scratch("www/mine/.well-known"), 0755);
	chmod(scratch("www/mine" PLACE), 0755);
	start(&r, scratch("www/mine"), "tok");
	assert_int_equal(seteuid(54321), 0);
	kind = kit_step(loop, &r, chall_prepare);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(kind, ERR_CONFIG);
	snprintf(want, sizeof(want),
		 "http-01 file for www.example.org: create .tok.certrepo: "
		 "Permission denied: %s/www/mine" PLACE
		 " belongs to root (mode 0755), and 54321, as whom this runs, "
		 "must be able to write there; run, as root: chown -h 54321 "
		 "%s/www/mine" PLACE,
		 scratch_dir, scratch_dir);
	assert_string_equal(r.err.msg, want);
	chmod(scratch("www/mine"), 0700);
	assert_int_equal(seteuid(54321), 0);
	kind = kit_step(loop, &r, chall_prepare);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(kind, ERR_CONFIG);
	snprintf(want, sizeof(want),
		 "may not pass through it and must be able to write there; "
		 "run, as root: chmod o+x %s/www/mine",
		 scratch_dir);
	assert_non_null(strstr(r.err.msg, want));
	chall_free(&r.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_folders_are_readable),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_refused_paths),
		cmocka_unit_test(test_hostile_tokens),
		cmocka_unit_test(test_links_that_lead_out),
		cmocka_unit_test(test_links_that_stay_inside),
		cmocka_unit_test(test_link_to_nowhere),
		cmocka_unit_test(test_only_our_own_is_removed),
		cmocka_unit_test(test_token_of_another_file),
		cmocka_unit_test(test_missing_web_root),
		cmocka_unit_test(test_proof_of_a_killed_run),
		cmocka_unit_test(test_row_that_leads_out),
		cmocka_unit_test(test_refused_folder),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
