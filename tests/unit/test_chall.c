/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "chall_impl.h"
#include "chall_kit.h"
#include "scratch.h"

static const char *prefixes[1];
static struct proof_dns dns;
static struct certrepo_conf conf = { .proof.dns = &dns };
static struct loop *loop;
static struct chall_ctx *ctx;
static struct chall_req request = {
	.name = "www.example.org+ec",
	.slot = 1,
	.owner = "instance",
	.identifier = "www.example.org",
	.token = "token",
	.thumbprint = "thumb",
};

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state) != 0)
		return -1;
	prefixes[0] = scratch_dir;
	request.type = proof_type_find("http-01");
	conf.proof.webroot_prefixes = (struct conf_strings){ prefixes, 1 };
	return loop_new(&loop, &err) == 0 &&
			       chall_ctx_new(&conf, loop, &ctx, &err) == 0
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	chall_ctx_free(&ctx);
	chall_ctx_free(&ctx);
	loop_free(&loop);
	return scratch_teardown(state);
}

static void test_tokens(void **state)
{
	assert_true(chall_token_ok("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-"
				   "oA"));
	assert_false(chall_token_ok(""));
	assert_false(chall_token_ok("a+b"));
	assert_false(chall_token_ok("../x"));
}

static void test_proof_and_its_id(void **state)
{
	struct chall_req req = request;
	struct kit_run r = { .called = 0 };
	struct err err = ERR_INIT;
	const struct store_proof *p;
	char root[300], command[900], want[70] = "";
	FILE *f;

	/* the request's strings are copied */
	snprintf(root, sizeof(root), "%s", scratch_dir);
	req.webroot_path = root;
	assert_int_equal(chall_new(ctx, &req, kit_over, &r, &r.c, &err), 0);
	memset(root, 'x', 20);
	assert_int_equal(kit_step(loop, &r, chall_locate), ERR_NONE);
	p = chall_proof(r.c);
	assert_string_equal(p->name, "www.example.org+ec");
	assert_int_equal(p->slot, 1);
	assert_string_equal(p->lease_owner, "instance");
	assert_in_range(p->ts_created, clock_now() - 5, clock_now());
	snprintf(command, sizeof(command),
		 "printf '%%s' 'http-01||%s|token.thumb' | sha256sum",
		 p->owner);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(want, 65, f));
	pclose(f);
	assert_string_equal(p->id, want);
	chall_free(&r.c);
	chall_free(&r.c);
}

static void test_unknown_type(void **state)
{
	struct store_proof proof = {
		.type = "dns-99", .id = "x", .owner = "o", .value = "v"
	};
	struct chall *c = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(
		chall_from_proof(ctx, &proof, kit_over, NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_null(c);
}

/* Freed between a step and its callback: it is never called. */
static void test_free_under_way(void **state)
{
	struct chall_req req = request;
	struct kit_run r = { .called = 0 };
	struct err err = ERR_INIT;

	req.webroot_path = scratch_dir;
	assert_int_equal(chall_new(ctx, &req, kit_over, &r, &r.c, &err), 0);
	chall_locate(r.c);
	chall_free(&r.c);
	assert_int_equal(loop_run(loop, 10, &err), 0);
	assert_int_equal(r.called, 0);
}

static void free_within(struct chall *c, const struct err *err, void *arg)
{
	struct kit_run *r = arg;

	r->called++;
	chall_free(&r->c);
}

static void test_free_within_the_callback(void **state)
{
	struct chall_req req = request;
	struct kit_run r = { .called = 0 };
	struct err err = ERR_INIT;

	req.webroot_path = scratch_dir;
	assert_int_equal(chall_new(ctx, &req, free_within, &r, &r.c, &err), 0);
	chall_locate(r.c);
	assert_int_equal(loop_run(loop, 100, &err), 0);
	assert_int_equal(r.called, 1);
	assert_null(r.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_proof_and_its_id),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_free_under_way),
		cmocka_unit_test(test_free_within_the_callback),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
