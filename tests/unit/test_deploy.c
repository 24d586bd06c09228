/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "backup.h"
#include "deploy.h"
#include "gen.h"
#include "target.h"

#define GEN "20261123T000000Z-00000000"

static struct arena *arena;
static enum deploy_lost lost; /* by undo() */
static struct conf_strings no_targets;
static struct installer_cert conf = { .name = "n" };
static const char *top; /* the state folder */

static int setup(void **state)
{
	arena = arena_new();
	if (scratch_setup(state))
		return -1;
	top = arena_strdup(arena, scratch("state"));
	return mkdir(top, 0700);
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static int undo(const struct journal *j, bool at_work, struct err *err)
{
	const struct deploy_back b = { top, j, at_work };

	return deploy_undo(&b, &lost, err);
}

static const char *path(const char *name)
{
	return arena_strdup(arena, scratch(name));
}

static const char *link_text(const char *name)
{
	static char buf[300];
	ssize_t n = readlink(scratch(name), buf, sizeof(buf) - 1);

	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static void says(const struct err *err, const char *text)
{
	if (!strstr(err->msg, text))
		fail_msg("not \"%s\": %s", text, err->msg);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(scratch(name), &st), 0);
	return st.st_mode & 07777;
}

static bool there(const char *name)
{
	struct stat st;

	return lstat(scratch(name), &st) == 0;
}

static size_t count(const char *name)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(place_open("", scratch(name), 0, &p, &err), 1);
	assert_int_equal(place_list(&p, NULL, NULL, 1000, &names, &err), 0);
	return names.n;
}

/* A certificate in generations, in the folder NAME. */
static struct svc_cert generation_cert(const char *name)
{
	struct svc_file *files = arena_array(arena, 2, sizeof(*files));
	struct svc_cert c = { .conf = &conf,
			      .root = "",
			      .link_targets = &no_targets,
			      .dir = path(name),
			      .files = files,
			      .n_files = 2 };

	c.link = arena_printf(arena, "%s/current", c.dir);
	files[0] = (struct svc_file){ .name = "a.pem",
				      .path = arena_printf(arena, "%s/a.pem",
							   c.link),
				      .attr = { 0644, FILE_KEEP, FILE_KEEP } };
	files[1] = (struct svc_file){ .name = "key.pem",
				      .path = arena_printf(arena, "%s/key.pem",
							   c.link),
				      .attr = { 0600, FILE_KEEP, FILE_KEEP } };
	return c;
}

static void stage_ab(const struct svc_cert *c, const struct journal *j,
		     struct journal_op *op, const char *a, const char *b)
{
	struct sbuf contents[2] = { SBUF_INIT(100), SBUF_INIT(100) };
	struct err err = ERR_INIT;

	sbuf_adds(&contents[0], a);
	sbuf_adds(&contents[1], b);
	if (deploy_stage_generation(top, j, c, contents, arena, op, &err) == -1)
		fail_msg("%s", err.msg);
	sbuf_free(&contents[0]);
	sbuf_free(&contents[1]);
}

static void generation(void **state)
{
	struct svc_cert c = generation_cert("d");
	struct journal_op op = { JOURNAL_LINK, c.link };
	struct journal j = {
		.version = 2, .service = "s", .gen = GEN, .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;

	assert_int_equal(deploy_check(&c, &err), 0);
	stage_ab(&c, &j, &op, "A", "K");
	assert_true(gen_ok(op.next));
	assert_string_equal(scratch_read(arena_printf(arena, "%s/%s/a.pem",
						      c.dir, op.next)),
			    "A");
	assert_int_equal(mode_of("d"), 0755);
	assert_int_equal(mode_of(arena_printf(arena, "d/%s", op.next)), 0755);
	assert_int_equal(mode_of(arena_printf(arena, "d/%s/key.pem", op.next)),
			 0600);
	assert_false(there("d/current"));
	assert_int_equal(count("d"), 1);

	/* Each may be done twice. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_commit(top, &j, &err), 0);
		assert_string_equal(link_text("d/current"), op.next);
	}
	/* It is in use. */
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_string_equal(scratch_read(scratch("d/current/a.pem")), "A");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(undo(&j, false, &err), 0);
		assert_string_equal(link_text("d/current"), "");
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_discard(top, &j, &err), 0);
		assert_int_equal(count("d"), 0);
	}

	/* It was there, and somebody has removed it: no link to nothing. */
	for (int i = 0; i < 3; i++) {
		op.old = i == 0 ? "./before" : i == 1 ? "before/" : "before";
		assert_int_equal(undo(&j, false, &err), -1);
		assert_non_null(strstr(err.msg, "is not there any more"));
		assert_int_equal(lost, DEPLOY_GONE);
	}
	assert_int_equal(mkdir(scratch("d/before"), 0755), 0);
	assert_int_equal(undo(&j, false, &err), 0);
	assert_string_equal(link_text("d/current"), "before");
	/* One of the administrator's own making is there as well. */
	op.old = "alias";
	assert_int_equal(symlink("before", scratch("d/alias")), 0);
	assert_int_equal(undo(&j, false, &err), 0);
	assert_string_equal(link_text("d/current"), "alias");

	/* What a kill left beside it goes; older versions', too. */
	assert_int_equal(symlink("x", scratch("d/.current.certrepo-link00")),
			 0);
	assert_int_equal(mkdir(scratch("d/.g.certrepo-abcdef"), 0700), 0);
	scratch_write(scratch("d/.current.other"), "", 0600);
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_false(there("d/.current.certrepo-link00"));
	assert_false(there("d/.g.certrepo-abcdef"));
	assert_true(there("d/.current.other"));

	unlink(c.link);
	mkdir(c.link, 0755);
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "in the way"));
	/* Nor is it replaced when it came later. */
	op.next = "x";
	op.ino = 0;
	assert_int_equal(deploy_commit(top, &j, &err), -1);
	assert_int_equal(undo(&j, false, &err), -1);
	assert_int_equal(lost, DEPLOY_THEIRS);
	assert_true(there("d/current"));
	rmdir(c.link);
	chmod(c.dir, 0777);
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "by everyone"));
}

/* A killed run's folder, with a key in it, is known by its name and inode. */
static void half_filled(void **state)
{
	struct svc_cert c = generation_cert("half");
	struct journal_op op = { JOURNAL_LINK, c.link };
	struct journal j = {
		.version = 2, .service = "h", .gen = GEN, .ops = &op, .n_ops = 1
	};
	struct sbuf contents[2] = { SBUF_INIT(100), SBUF_INIT(100) };
	struct svc_file *files = arena_dup(arena, c.files, 2 * sizeof(*files));
	struct err err = ERR_INIT;
	struct gen_folders all;

	/* The second cannot be: as good as a kill after the first, but that
	 * what was begun is dropped at once. */
	files[1].attr.uid = 12345;
	c.files = files;
	sbuf_adds(&contents[0], "A");
	sbuf_adds(&contents[1], "K");
	if (geteuid() != 0)
		assert_int_equal(deploy_stage_generation(top, &j, &c, contents,
							 arena, &op, &err),
				 -1);
	else
		assert_int_equal(mkdir(c.dir, 0755), 0);
	assert_int_equal(count("half"), 0);
	/* As the kill leaves it. */
	assert_int_equal(
		mkdir(scratch("half/.x.certrepo-aaaaaaaaaaaaaaaa"), 0700), 0);
	scratch_write(scratch("half/.x.certrepo-aaaaaaaaaaaaaaaa/key.pem"), "K",
		      0600);
	scratch_write(scratch("half/.x.certrepo-aaaaaaaaaaaaaaaa/"
			      ".a.pem.certrepo-bbbbbbbbbbbbbbbb"),
		      "", 0600);
	{
		static const char *names[] = { "a.pem", "key.pem" };
		struct stat st;
		struct gen_folder f = { .gen = GEN,
					.dir = c.dir,
					.name = "x",
					.temp = ".x.certrepo-aaaaaaaaaaaaaaaa",
					.files = names,
					.n_files = 2 };

		assert_int_equal(stat(scratch("half/.x.certrepo-"
					      "aaaaaaaaaaaaaaaa"),
				      &st),
				 0);
		f.ino = st.st_ino;
		all = (struct gen_folders){ &f, 1 };
		assert_int_equal(gen_save(top, "h", &all, &err), 0);
	}
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_int_equal(count("half"), 0);
	assert_int_equal(gen_load(top, "h", arena, &all, &err), 0);
	assert_int_equal(all.n, 0);
	sbuf_free(&contents[0]);
	sbuf_free(&contents[1]);
}

/* What the owner of a folder may plant: it leads nowhere. */
static void planted(void **state)
{
	struct svc_cert c = generation_cert("p");
	struct journal_op op = { JOURNAL_LINK, c.link };
	struct journal j = {
		.version = 2, .service = "p", .gen = GEN, .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;
	const char *folder;

	mkdir(scratch("outside"), 0755);
	scratch_write(scratch("outside/a.pem"), "not ours", 0644);
	stage_ab(&c, &j, &op, "A", "K");
	folder = arena_printf(arena, "p/%s", op.next);
	assert_int_equal(rename(scratch(folder), scratch("p/away")), 0);
	assert_int_equal(symlink(scratch("outside"), scratch(folder)), 0);
	assert_int_equal(deploy_commit(top, &j, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_false(there("p/current"));
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_true(there(folder));
	assert_string_equal(scratch_read(scratch("outside/a.pem")), "not ours");

	/* Another folder of that name, by another inode: left. */
	unlink(scratch(folder));
	stage_ab(&c, &j, &op, "A", "K");
	folder = arena_printf(arena, "p/%s", op.next);
	assert_int_equal(rename(scratch(folder), scratch("p/away2")), 0);
	assert_int_equal(mkdir(scratch(folder), 0755), 0);
	scratch_write(scratch(arena_printf(arena, "%s/a.pem", folder)), "x",
		      0644);
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_true(there(arena_printf(arena, "%s/a.pem", folder)));

	/* More in it than we wrote: left. */
	stage_ab(&c, &j, &op, "A", "K");
	folder = arena_printf(arena, "p/%s", op.next);
	scratch_write(scratch(arena_printf(arena, "%s/more", folder)), "x",
		      0644);
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_true(there(arena_printf(arena, "%s/a.pem", folder)));
}

static struct svc_cert fixed_cert(const char *name)
{
	struct svc_file *file = arena_alloc(arena, sizeof(*file));

	*file = (struct svc_file){ .path = path(name),
				   .attr = { 0640, FILE_KEEP, FILE_KEEP } };
	return (struct svc_cert){ .conf = &conf,
				  .root = "",
				  .link_targets = &no_targets,
				  .dir = path("."),
				  .files = file,
				  .n_files = 1 };
}

static void stage_new(struct journal_op *op, const char *name)
{
	struct svc_cert c = fixed_cert(name);
	struct sbuf content = SBUF_INIT(100);
	struct err err = ERR_INIT;

	sbuf_adds(&content, "new");
	if (deploy_stage_file(&c, 0, &content, arena, op, &err) == -1)
		fail_msg("%s", err.msg);
	sbuf_free(&content);
}

/* SHA-256 of "new", by sha256sum. */
#define NEW_SHA256 \
	"11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"

static void fixed(void **state)
{
	struct journal_op ops[] = {
		{ JOURNAL_FILE, path("one"), NULL, 0, NEW_SHA256, "0" },
		{ JOURNAL_FILE, path("two"), NULL, 0, NEW_SHA256, NULL },
	};
	struct journal j = {
		.version = 2, .service = "f", .gen = GEN, .ops = ops, .n_ops = 2
	};
	struct err err = ERR_INIT;

	scratch_write(scratch("one"), "old", 0604);
	assert_int_equal(backup_make(top, &j, arena, &err), 0);
	assert_int_equal(
		mode_of(arena_printf(arena, "state/backup/f/" GEN "/%s",
				     ops[0].old)),
		0600);
	stage_new(&ops[0], "one");
	stage_new(&ops[1], "two");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(deploy_commit(top, &j, &err), 0);
		assert_string_equal(scratch_read(scratch("one")), "new");
		assert_string_equal(scratch_read(scratch("two")), "new");
		assert_int_equal(mode_of("one"), 0640);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(undo(&j, false, &err), 0);
		assert_string_equal(scratch_read(scratch("one")), "old");
		assert_int_equal(mode_of("one"), 0604);
		assert_false(there("two"));
	}

	/* Somebody else's: neither taken for ours nor removed. */
	stage_new(&ops[0], "one");
	stage_new(&ops[1], "two");
	scratch_write(scratch("two"), "somebody else's", 0600);
	assert_int_equal(deploy_commit(top, &j, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_string_equal(scratch_read(scratch("one")), "old");
	assert_int_equal(undo(&j, false, &err), -1);
	assert_int_equal(lost, DEPLOY_THEIRS);
	assert_string_equal(scratch_read(scratch("one")), "old");
	assert_string_equal(scratch_read(scratch("two")), "somebody else's");

	/* A copy that is gone: what fits together stays together. */
	ops[0].old = "gone";
	unlink(scratch("two"));
	stage_new(&ops[1], "two");
	scratch_write(scratch("one"), "new", 0600);
	assert_int_equal(deploy_commit(top,
				       &(struct journal){ .service = "f",
							  .ops = &ops[1],
							  .n_ops = 1 },
				       &err),
			 0);
	assert_int_equal(undo(&j, false, &err), -1);
	assert_non_null(strstr(err.msg, "has vanished"));
	assert_int_equal(lost, DEPLOY_GONE);
	assert_string_equal(scratch_read(scratch("two")), "new");
	/* What cannot be told now may be later: it does what it can. */
	ops[0].path = path("one/x");
	assert_int_equal(undo(&j, false, &err), -1);
	assert_int_equal(lost, DEPLOY_MAY);
	assert_false(there("two"));
	assert_int_equal(deploy_discard(top, &j, &err), -1);
	ops[0].path = path("one");
	assert_int_equal(deploy_discard(top, &j, &err), 0);
}

/* SHA-256 of "old", by sha256sum. */
#define OLD_COPY \
	"0-"     \
	"cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"

/* What a person has put there while the journal was pending, in the inode of
 * ours, too, whose number may be given away again: the two stay as they are. */
static void by_hand(void **state)
{
	static const char *const texts[] = { "by hand", "" };
	struct journal_op ops[] = {
		{ JOURNAL_FILE, path("one"), NULL, 0, NEW_SHA256, NULL },
		{ JOURNAL_FILE, path("two"), NULL, 0, NEW_SHA256, NULL },
	};
	struct journal j = {
		.version = 2, .service = "h", .gen = GEN, .ops = ops, .n_ops = 2
	};
	struct err err = ERR_INIT;

	for (int i = 0; i < 16; i++) {
		const char *text = texts[i / 8];
		bool old = i & 1, committed = i & 2, link = i & 4;

		assert_int_equal(
			system(arena_printf(arena,
					    "cd '%s' && rm -rf one two "
					    ".*certrepo* state/backup",
					    scratch_dir)),
			0);
		ops[0].old = ops[1].old = NULL;
		if (old) {
			scratch_write(path("one"), "old", 0600);
			scratch_write(path("two"), "old", 0600);
			ops[0].old = ops[1].old = "0";
			ops[1].old = "1";
		}
		assert_int_equal(backup_make(top, &j, arena, &err), 0);
		if (old)
			assert_string_equal(ops[0].old, OLD_COPY);
		stage_new(&ops[0], "one");
		stage_new(&ops[1], "two");
		if (committed)
			assert_int_equal(deploy_commit(top, &j, &err), 0);
		if (link) {
			(void) !unlink(path("two"));
			assert_int_equal(symlink("by hand", path("two")), 0);
		} else {
			scratch_write(path("two"), text, 0600);
		}
		for (int k = 0; k < 2; k++) {
			assert_int_equal(k == 0 ? deploy_commit(top, &j, &err)
						: undo(&j, false, &err),
					 -1);
			says(&err, "two was changed by somebody else");
			assert_int_equal(err.kind, ERR_CONFLICT);
		}
		assert_int_equal(lost, DEPLOY_THEIRS);
		if (committed || old)
			assert_string_equal(scratch_read(path("one")),
					    committed ? "new" : "old");
		else
			assert_false(there("one"));
		if (link)
			assert_string_equal(link_text("two"), "by hand");
		else
			assert_string_equal(scratch_read(path("two")), text);
		assert_int_equal(deploy_discard(top, &j, &err), 0);
	}
	/* With the old set back the copies are not needed; but who goes
	 * forward once more must know. */
	unlink(path("two"));
	scratch_write(path("one"), "old", 0600);
	scratch_write(path("two"), "old", 0600);
	assert_int_equal(deploy_commit(top, &j, &err), -1);
	says(&err, "an earlier run has gone back");
	assert_int_equal(system(arena_printf(arena, "rm -r '%s/state/backup'",
					     scratch_dir)),
			 0);
	assert_int_equal(undo(&j, false, &err), 0);
	assert_string_equal(scratch_read(path("two")), "old");
}

/* The same with a link: the generation before, and the new one, may be spelt
 * otherwise; anything else is his. */
static void link_by_hand(void **state)
{
	struct svc_cert c = generation_cert("l");
	struct journal_op op = { JOURNAL_LINK, c.link };
	struct journal j = {
		.version = 2, .service = "l", .gen = GEN, .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;
	const char *next;

	assert_int_equal(
		system(arena_printf(arena, "mkdir -p '%s/was' '%s/his'", c.dir,
				    c.dir)),
		0);
	stage_ab(&c, &j, &op, "A", "K");
	next = op.next;
	for (int i = 0; i < 12; i++) {
		const char *texts[] = { "was/",
					"./was",
					arena_printf(arena, "%s/", next),
					arena_printf(arena, "%s/%s", c.dir,
						     next),
					"his",
					"none" };
		const char *text = texts[i / 2];
		bool his = i / 2 == 4, none = i / 2 == 5;

		op.old = i % 2 == 0 ? "was" : NULL;
		(void) !unlink(c.link);
		assert_int_equal(symlink(text, c.link), 0);
		/* With nothing before, all but a link to nothing is his. */
		his = his || (!op.old && !none);
		assert_int_equal(undo(&j, false, &err), his ? -1 : 0);
		if (his)
			assert_int_equal(lost, DEPLOY_THEIRS);
		assert_string_equal(link_text("l/current"),
				    op.old && !his ? "was" : text);
		(void) !unlink(c.link);
		assert_int_equal(symlink(text, c.link), 0);
		assert_int_equal(deploy_commit(top, &j, &err), his ? -1 : 0);
		assert_string_equal(link_text("l/current"), his ? text : next);
	}
}

/* An error is not an absence. */
static void cannot_tell(void **state)
{
	struct journal_op op = { JOURNAL_FILE, path("wall/x"), NULL, 0, "00",
				 NULL };
	struct journal j = {
		.version = 2, .service = "e", .gen = GEN, .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;

	/* ENOTDIR on the way. */
	scratch_write(scratch("wall"), "", 0600);
	assert_int_equal(undo(&j, false, &err), -1);
	assert_int_equal(lost, DEPLOY_MAY);
	assert_int_equal(deploy_discard(top, &j, &err), -1);
	/* ENOENT on the way: its folder is missing, so is the old file. */
	op.path = path("no/x");
	assert_int_equal(undo(&j, false, &err), 0);
	op.old = "0";
	assert_int_equal(undo(&j, false, &err), -1);
	assert_non_null(strstr(err.msg, "folder is missing"));
	assert_int_equal(lost, DEPLOY_GONE);
	assert_int_equal(deploy_commit(top, &j, &err), -1);
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	/* The record of folders is another program's, or damaged: they
	 * stay. */
	op = (struct journal_op){ JOURNAL_LINK, path("rec/current") };
	assert_int_equal(mkdir(scratch("rec"), 0755), 0);
	assert_int_equal(mkdir(scratch("rec/" GEN), 0755), 0);
	scratch_write(scratch("state/folders/e"), "certrepo-folders\t3\nend\n",
		      0600);
	assert_int_equal(deploy_discard(top, &j, &err), -1);
	assert_non_null(strstr(err.msg, "another version"));
	scratch_write(scratch("state/folders/e"), "rubbish\n", 0600);
	assert_int_equal(deploy_discard(top, &j, &err), 0);
	assert_true(there("rec/" GEN));
}

/* Of an older program: it puts back, and removes nothing. */
static void version_1(void **state)
{
	struct journal_op ops[] = {
		{ JOURNAL_FILE, path("v1"), NULL, 0, NEW_SHA256, "0" },
		{ JOURNAL_FILE, path("v1b"), NULL, 0, NEW_SHA256, NULL },
	};
	struct journal j = {
		.version = 1, .service = "v", .gen = GEN, .ops = ops, .n_ops = 2
	};
	struct err err = ERR_INIT;

	mkdir(scratch("state/backup"), 0700);
	mkdir(scratch("state/backup/v"), 0700);
	mkdir(scratch("state/backup/v/" GEN), 0700);
	scratch_write(scratch("state/backup/v/" GEN "/0"), "old", 0604);
	scratch_write(scratch("v1"), "new", 0640);
	scratch_write(scratch("v1b"), "new", 0640);
	assert_int_equal(undo(&j, false, &err), 0);
	assert_string_equal(scratch_read(scratch("v1")), "old");
	assert_int_equal(mode_of("v1"), 0604);
	assert_string_equal(scratch_read(scratch("v1b")), "new");
}

static void folders(void **state)
{
	struct svc_cert c = fixed_cert("missing/x.pem");
	struct svc_cert g;
	struct err err = ERR_INIT;

	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "missing is not there"));
	g = generation_cert("missing/deeper");
	assert_int_equal(deploy_check(&g, &err), -1);
	assert_non_null(strstr(err.msg, "missing is not there"));
	mkdir(scratch("sub"), 0700);
	c = fixed_cert("sub");
	assert_int_equal(deploy_check(&c, &err), -1);
	assert_non_null(strstr(err.msg, "in the way"));
}

/* The service was told, and damaged them: what was before comes back; of what
 * was not there before, ours goes. */
static void damaged(void **state)
{
	struct journal_op ops[] = {
		{ JOURNAL_FILE, path("one"), NULL, 0, NEW_SHA256, "0" },
		{ JOURNAL_FILE, path("two"), NULL, 0, NEW_SHA256, NULL },
		{ JOURNAL_FILE, path("his"), NULL, 0, NEW_SHA256, NULL },
	};
	struct journal j = {
		.version = 2, .service = "w", .gen = GEN, .ops = ops, .n_ops = 3
	};
	struct err err = ERR_INIT;

	assert_int_equal(system(arena_printf(arena, "cd '%s' && rm -rf one two",
					     scratch_dir)),
			 0);
	scratch_write(path("one"), "old", 0600);
	assert_int_equal(backup_make(top, &j, arena, &err), 0);
	stage_new(&ops[0], "one");
	stage_new(&ops[1], "two");
	stage_new(&ops[2], "his");
	assert_int_equal(deploy_commit(top, &j, &err), 0);
	assert_int_equal(system(arena_printf(arena,
					     "cd '%s' && : >one && echo x >two "
					     "&& echo x >x && mv x his",
					     scratch_dir)),
			 0);
	/* Later it may be a person's work. */
	assert_int_equal(undo(&j, false, &err), -1);
	assert_int_equal(lost, DEPLOY_THEIRS);
	assert_string_equal(scratch_read(path("one")), "");
	err_clear(&err);
	assert_int_equal(undo(&j, true, &err), 0);
	assert_string_equal(scratch_read(path("one")), "old");
	assert_false(there("two"));
	assert_string_equal(scratch_read(path("his")), "x\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(generation),	cmocka_unit_test(half_filled),
		cmocka_unit_test(planted),	cmocka_unit_test(fixed),
		cmocka_unit_test(by_hand),	cmocka_unit_test(damaged),
		cmocka_unit_test(link_by_hand), cmocka_unit_test(cannot_tell),
		cmocka_unit_test(version_1),	cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
