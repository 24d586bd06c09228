/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "journal.h"

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return scratch_setup(state);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

/* Inodes and attributes are as they were in WANT. */
static void check_attrs(const struct journal *out,
			const struct journal_op *want)
{
	assert_true(out->ops[0].ino == 18446744073709551);
	assert_true(out->ops[2].ino == 12);
	assert_string_equal(out->ops[2].old, "2");
	assert_int_equal(out->ops[2].attr->attr.mode, 04640);
	assert_int_equal(out->ops[2].attr->attr.uid, 33);
	assert_int_equal(out->ops[2].attr->attr.gid, 0);
	assert_string_equal(out->ops[2].attr->acl, want[2].attr->acl);
	assert_int_equal(out->ops[2].attr->n_xattrs, 2);
	assert_string_equal(out->ops[2].attr->xattrs[0].name,
			    want[2].attr->xattrs[0].name);
	assert_int_equal(out->ops[2].attr->xattrs[0].len, 3);
	assert_memory_equal(out->ops[2].attr->xattrs[0].value, "\0\n\377", 3);
	assert_int_equal(out->ops[2].attr->xattrs[1].len, 0);
	assert_null(out->ops[3].next);
	assert_null(out->ops[3].attr);
	assert_int_equal(out->ops[4].attr->attr.gid, 7);
	assert_null(out->ops[4].attr->acl);
}

/* What was written as IN, with the first of its links and files, came back. */
static void check_back(const struct journal *in, const struct journal *out)
{
	const struct journal_op *ops = in->ops;

	assert_string_equal(out->service, "web");
	assert_string_equal(out->gen, in->gen);
	assert_int_equal(out->state, JOURNAL_ROLLBACK);
	assert_true(out->back && out->activated && out->no_hold);
	assert_int_equal(out->told_back, in->told_back);
	assert_string_equal(out->hold, "ab");
	assert_string_equal(out->consumed, in->consumed);
	assert_string_equal(out->reason, in->reason);
	assert_int_equal(out->version, 2);
	assert_int_equal(out->n_ops, 5);
	assert_int_equal(out->ops[0].type, JOURNAL_LINK);
	assert_string_equal(out->ops[0].path, ops[0].path);
	assert_string_equal(out->ops[0].old, ops[0].old);
	assert_null(out->ops[1].old);
	assert_int_equal(out->ops[2].type, JOURNAL_FILE);
	assert_string_equal(out->ops[2].next, ops[2].next);
	assert_string_equal(out->ops[2].sha256, "00ff");
	check_attrs(out, ops);
	assert_int_equal(out->n_certs, 2);
	assert_string_equal(out->certs[0].chain, "bb");
	assert_int_equal(out->certs[0].not_before, 5);
	assert_null(out->certs[1].fingerprint);
	assert_string_equal(out->certs[0].left, "ab");
	assert_null(out->certs[1].left);
	assert_int_equal(out->certs[1].not_after, INT64_MAX);
	assert_int_equal(out->n_endpoints, 2);
	assert_true(out->endpoints[0].reachable);
	assert_false(out->endpoints[1].reachable);
	assert_string_equal(out->endpoints[1].look, "");
	assert_null(out->endpoints[1].fingerprint);
}

static void round_trip(void **state)
{
	/* A name of an attribute may be anything: what would be a line of its
	 * own here. */
	struct place_xattr xattrs[] = {
		{ (char *) "user.a\tb\nlink\t/x", (void *) "\0\n\377", 3 },
		{ (char *) "user.empty", (void *) "", 0 },
	};
	const struct journal_attr attr = {
		{ 04640, 33, 0 }, "u::6,u:33:4,g::4,m::6,o::0", xattrs, 2
	};
	const struct journal_attr plain = { { 0600, 0, 7 }, NULL, NULL, 0 };
	struct journal_op ops[] = {
		{ JOURNAL_LINK, "/etc/a b/current", "20261123T014202Z-00000001",
		  18446744073709551, NULL, "20261122T014202Z-00000001", NULL },
		{ JOURNAL_LINK, "/etc/x/current", "20261123T014202Z-00000001",
		  0, NULL, NULL, NULL },
		{ JOURNAL_FILE, "/etc/f.pem", ".f.pem.certrepo-abcdef", 12,
		  "00ff", "2", &attr },
		{ JOURNAL_FILE, "/etc/g.pem", NULL, 0, "00ff", NULL, NULL },
		{ JOURNAL_FILE, "/etc/h.pem", NULL, 0, "00ff", "4", &plain },
	};
	struct journal_cert certs[] = {
		{ "www.example.org", "aa", "bb", "cc", 5, 10, "ab" },
		{ "b.example.org", NULL, NULL, NULL, 0, INT64_MAX },
	};
	struct journal_endpoint endpoints[] = {
		{ "127.0.0.1:443", "www.example.org", true, "aa", "bb" },
		{ "[::1]:443", "", false, NULL, NULL },
	};
	struct journal in = {
		.service = "web",
		.gen = "20261123T014202Z-00000001",
		.state = JOURNAL_ROLLBACK,
		.back = true,
		.activated = true,
		.no_hold = true,
		.hold = "ab",
		.consumed = "20261121T014202Z-00000001",
		.reason = "it failed: so",
		.ops = ops,
		.n_ops = 5,
		.certs = certs,
		.n_certs = 2,
		.endpoints = endpoints,
		.n_endpoints = 2,
	};
	/* One transaction of two services. */
	struct journal parts[] = { in, { .service = "mail", .gen = "x" } };
	struct journals all;
	struct err err = ERR_INIT;

	assert_int_equal(journal_write(scratch("j"), parts, 2, &err), 0);
	assert_int_equal(journal_read(scratch("j"), arena, &all, &err), 1);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[1].service, "mail");
	assert_int_equal(all.v[1].n_ops + all.v[1].n_certs, 0);
	check_back(&in, &all.v[0]);
	parts[0].told_back = true;
	assert_int_equal(journal_write(scratch("j"), parts, 2, &err), 0);
	assert_int_equal(journal_read(scratch("j"), arena, &all, &err), 1);
	check_back(&parts[0], &all.v[0]);
}

static void missing(void **state)
{
	struct journals out;
	struct err err = ERR_INIT;

	assert_int_equal(journal_read(scratch("none"), arena, &out, &err), 0);
}

static void damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"certrepo-journal\t3\nservice\tw\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n",	/* cut */
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend", /* cut */
		"certrepo-journal\t1\nservice\tw\nend\n",	/* no gen */
		"certrepo-journal\t1\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nstate\tlost\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nlink\t/x\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"file\trelative\t-\t-\t-\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"cert\tn\t-\t-\t-\tx\t1\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\nmore\tof\n",
		/* of version 2: without an inode; attributes of nothing, with
		 * half a byte; a copy somewhere else */
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"file\t/x\t-\t00\t-\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"attr\t600\t0\t0\t-\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"file\t/x\t-\t0\t00\t0\nattr\t600\t0\t0\t-\n"
		"xattr\t757365722e\t0\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"file\t/x\t-\t0\t00\t../0\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"file\t/x\t../.x.certrepo-abcdef\t0\t00\t0\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\n"
		"file\t/x\t-\t-1\t00\t0\nend\n",
		/* names that lead elsewhere; what is said twice */
		"certrepo-journal\t2\nservice\t../w\ngen\tg\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\t../../x\nend\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\nconsumed\ta/b\n"
		"end\n",
		"certrepo-journal\t2\nservice\tw\ngen\tg\ngen\th\nend\n",
		"certrepo-journal\t2\nservice\tw\nservice\tx\ngen\tg\nend\n",
		/* a second part, cut; without its name; begun too early */
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\n"
		"certrepo-journal\t1\nservice\tx\ngen\tg\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\nend\n"
		"certrepo-journal\t1\ngen\tg\nend\n",
		"certrepo-journal\t1\nservice\tw\ngen\tg\n"
		"certrepo-journal\t1\nservice\tx\ngen\tg\nend\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct journals out = { .n = 7 };
		struct err err = ERR_INIT;

		scratch_write(scratch("bad"), texts[i], 0600);
		if (journal_read(scratch("bad"), arena, &out, &err) != -1)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(out.n, 7);
		assert_non_null(strstr(err.msg,
				       i == 1 ? "another version" : "damaged"));
	}
}

/* As many parts as there may be, and one more. */
static void many(void **state)
{
	struct journal parts[JOURNAL_PARTS_MAX + 1];
	struct journals out;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < JOURNAL_PARTS_MAX + 1; i++)
		parts[i] = (struct journal){ .service = "s", .gen = "g" };
	assert_int_equal(
		journal_write(scratch("j"), parts, JOURNAL_PARTS_MAX, &err), 0);
	assert_int_equal(journal_read(scratch("j"), arena, &out, &err), 1);
	assert_int_equal(out.n, JOURNAL_PARTS_MAX);
	assert_int_equal(
		journal_write(scratch("j"), parts, JOURNAL_PARTS_MAX + 1, &err),
		0);
	assert_int_equal(journal_read(scratch("j"), arena, &out, &err), -1);
}

/* Of an older program: without inodes; copies by their whole paths, which may
 * be elsewhere now. It is still that when it was written again. */
static void version_1(void **state)
{
	struct journals all;
	struct err err = ERR_INIT;

	scratch_write(scratch("j"),
		      "certrepo-journal\t1\nservice\tw\ngen\tg\n"
		      "file\t/etc/x.pem\t/etc/.x.pem.certrepo-abcdef\t00ff\t"
		      "/var/lib/certrepo/installer/backup/w/g/0\n"
		      "link\t/etc/current\tnew\t-\told\nend\n",
		      0600);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(journal_read(scratch("j"), arena, &all, &err),
				 1);
		assert_int_equal(all.v[0].version, 1);
		assert_string_equal(all.v[0].ops[0].next,
				    ".x.pem.certrepo-abcdef");
		assert_string_equal(all.v[0].ops[0].old, "0");
		assert_true(all.v[0].ops[0].ino == 0);
		assert_string_equal(all.v[0].ops[0].sha256, "00ff");
		assert_string_equal(all.v[0].ops[1].old, "old");
		assert_int_equal(journal_write(scratch("j"), all.v, 1, &err),
				 0);
	}
	assert_non_null(strstr(scratch_read(scratch("j")), "journal\t2\n"));
}

/* What would be read as something else is not written. */
static void unwritable(void **state)
{
	struct journal_op op = { .type = JOURNAL_LINK, .path = "/x" };
	struct journal j = {
		.service = "web", .gen = "g", .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		op.old = i == 0 ? "a\nend" : i == 1 ? "a\tb" : "a b";
		if (journal_write(scratch("w"), &j, 1, &err) !=
		    (i < 2 ? -1 : 0))
			fail_msg("%d", i);
		assert_int_equal(access(scratch("w"), F_OK), i < 2 ? -1 : 0);
	}
	assert_int_equal(unlink(scratch("w")), 0);
}

static void folder(void **state)
{
	struct journal parts[] = { { .service = "web", .gen = "g" },
				   { .service = "mail", .gen = "g" } };
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;
	struct journals all;

	assert_int_equal(mkdir(scratch("js"), 0700), 0);
	assert_int_equal(journal_list(scratch("js"), &names, &err), 0);
	assert_int_equal(names.n, 0);
	assert_int_equal(journal_list(scratch("none"), &names, &err), 0);
	assert_int_equal(names.n, 0);
	scratch_write(scratch("file"), "", 0600);
	assert_int_equal(journal_list(scratch("file"), &names, &err), -1);
	assert_int_equal(journal_there(scratch("js/web"), &err), 0);
	assert_int_equal(journal_write(scratch("js/web"), parts, 2, &err), 0);
	scratch_write(scratch("js/.x"), "", 0600);
	assert_int_equal(journal_there(scratch("js/web"), &err), 1);
	assert_int_equal(journal_list(scratch("js"), &names, &err), 0);
	assert_int_equal(names.n, 1);
	assert_int_equal(journal_tells_of(scratch("js/web"), "mail", &err), 1);
	assert_int_equal(journal_tells_of(scratch("js/web"), "mai", &err), 0);
	/* Also when it is damaged. */
	scratch_write(scratch("js/web"), "rubbish\nservice\tmail\n", 0600);
	assert_int_equal(journal_tells_of(scratch("js/web"), "mail", &err), 1);
	/* Not a file: not nothing, but nobody's. */
	assert_int_equal(mkdir(scratch("js/dir"), 0700), 0);
	assert_int_equal(journal_there(scratch("js/dir"), &err), 1);
	assert_int_equal(journal_tells_of(scratch("js/dir"), "mail", &err), 0);
	assert_int_equal(journal_tells_of(scratch("js/dir"), "dir", &err), 1);
	assert_int_equal(journal_there(scratch("js/web/x"), &err), -1);

	/* What others may write is not obeyed. */
	assert_int_equal(journal_write(scratch("js/web"), parts, 2, &err), 0);
	assert_int_equal(chmod(scratch("js"), 0777), 0);
	assert_int_equal(journal_read(scratch("js/web"), arena, &all, &err),
			 -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(journal_write(scratch("js/web"), parts, 2, &err), -1);
	assert_int_equal(chmod(scratch("js"), 0700), 0);
	assert_int_equal(journal_remove(scratch("js/web"), &err), 0);
	assert_int_equal(journal_there(scratch("js/web"), &err), 0);
	assert_int_equal(journal_remove(scratch("js/web"), &err), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(missing),
		cmocka_unit_test(damaged),    cmocka_unit_test(many),
		cmocka_unit_test(version_1),  cmocka_unit_test(folder),
		cmocka_unit_test(unwritable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
