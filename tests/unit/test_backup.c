/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "backup.h"
#include "gen.h"

static struct arena *arena;
static const char *top;

static int setup(void **state)
{
	arena = arena_new();
	if (scratch_setup(state))
		return -1;
	top = arena_strdup(arena, scratch_dir);
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

#define GEN(n) "2026112" #n "T000000Z-00000000"

/* A generation NAME in d, that the change GEN made, as the record has it. */
static void make_gen(struct gen_folders *all, const char *gen, const char *name)
{
	const char **files = arena_array(arena, 2, sizeof(*files));
	const char *path = arena_printf(arena, "%s/d/%s", top, name);
	struct stat st;

	files[0] = "a.pem";
	assert_int_equal(mkdir(path, 0755), 0);
	scratch_write(arena_printf(arena, "%s/a.pem", path), name, 0644);
	assert_int_equal(stat(path, &st), 0);
	gen_add(all, arena,
		&(struct gen_folder){ .gen = gen,
				      .dir = arena_printf(arena, "%s/d", top),
				      .name = name,
				      .temp = ".t.certrepo-aaaaaaaaaaaaaaaa",
				      .ino = st.st_ino,
				      .files = files,
				      .n_files = 1 });
}

static void kit(const char *command)
{
	assert_int_equal(
		system(arena_printf(arena, "cd '%s' && %s", top, command)), 0);
}

static void keeps_and_prunes(void **state)
{
	static const char *const gens[] = { GEN(1), GEN(2), GEN(3), GEN(4) };
	const char *link = arena_printf(arena, "%s/d/current", top);
	struct svc_cert cert = { .dir = arena_printf(arena, "%s/d", top),
				 .root = "",
				 .link = link };
	struct svc s = { .name = "web", .certs = &cert, .n_certs = 1 };
	AUTO(strlist_free) struct strlist list = STRLIST_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct gen_folders all = { .n = 0 };
	struct err err = ERR_INIT;
	struct journal back;

	mkdir(scratch("d"), 0755);
	for (int i = 0; i < 4; i++) {
		struct journal_op ops[] = {
			{ JOURNAL_LINK, link, gens[i], 0, NULL,
			  i > 0 ? gens[i - 1] : NULL },
			{ JOURNAL_FILE, arena_printf(arena, "%s/file", top),
			  NULL, 0, "00", backup_copy_name(1, arena) },
		};
		struct journal j = {
			.service = "web", .gen = gens[i], .ops = ops, .n_ops = 2
		};

		scratch_write(scratch("file"), gens[i], 0640);
		make_gen(&all, gens[i], gens[i]);
		assert_int_equal(backup_make(top, &j, arena, &err), 0);
	}
	assert_int_equal(gen_save(top, "web", &all, &err), 0);
	assert_int_equal(symlink(GEN(4), link), 0);
	/* Not of our making, whatever its name. */
	mkdir(scratch("d/before"), 0755);
	mkdir(scratch("d/" GEN(0)), 0755);
	scratch_write(scratch("d/" GEN(0) "/a.pem"), "", 0644);
	assert_int_equal(backup_list(top, "web", &list, &err), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.v[3], GEN(4));
	assert_int_equal(backup_read(top, "web", GEN(3), arena, &back, &err),
			 1);
	assert_string_equal(back.ops[0].old, GEN(2));
	assert_int_equal(backup_read_copy(top, &back, 1, &old, &err), 1);
	assert_string_equal(sbuf_str(&old.content), GEN(3));
	assert_int_equal(old.attr.mode, 0640);

	assert_int_equal(backup_prune(top, &s, 2, &err), 0);
	strlist_free(&list);
	assert_int_equal(backup_list(top, "web", &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], GEN(3));
	/* 4 is in use, 3 and 2 are what the two kept ones lead back to. */
	assert_int_equal(access(scratch("d/" GEN(1)), F_OK), -1);
	assert_int_equal(access(scratch("d/" GEN(2)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(3)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(4)), F_OK), 0);
	assert_int_equal(access(scratch("d/before"), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(0) "/a.pem"), F_OK), 0);
	assert_int_equal(gen_load(top, "web", arena, &all, &err), 0);
	assert_int_equal(all.n, 3);

	/* One that cannot be read may lead back to any: nothing goes. */
	scratch_write(scratch("backup/web/" GEN(4) "/manifest"), "x\n", 0600);
	assert_int_equal(backup_prune(top, &s, 1, &err), -1);
	assert_int_equal(access(scratch("d/" GEN(2)), F_OK), 0);

	assert_int_equal(backup_remove(top, "web", "../../d", &err), 0);
	assert_int_equal(access(scratch("d/" GEN(4)), F_OK), 0);
	assert_int_equal(backup_remove(top, "web", GEN(3), &err), 0);
	assert_int_equal(backup_read(top, "web", GEN(3), arena, &back, &err),
			 0);
	assert_int_equal(backup_remove(top, "web", GEN(3), &err), 0);
}

/* The link, or the one of a manifest, is a person's in another spelling, or the
 * folder has moved since: what it leads to stays. */
static void spelt_otherwise(void **state)
{
	static const char *const texts[] = {
		GEN(2) "/", "./" GEN(2) "//./", "%s/d/" GEN(2),
		"alias",    "../d/alias/",	"/in/a/prefix/" GEN(2)
	};
	const char *link = arena_printf(arena, "%s/d/current", top);
	struct svc s = { .name = "spelt" };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 3 * ARRAY_LEN(texts); i++) {
		const char *text = texts[i / 3];
		struct journal_op op = { JOURNAL_LINK, link, "x", 0, NULL };
		struct journal j = { .service = "spelt",
				     .gen = GEN(9),
				     .ops = &op,
				     .n_ops = 1 };
		struct gen_folders all = { .n = 0 };

		if (*text == '%')
			text = arena_printf(arena, "%s/d/" GEN(2), top);
		kit("rm -rf d moved backup folders; mkdir d");
		make_gen(&all, GEN(1), GEN(1));
		make_gen(&all, GEN(2), GEN(2));
		assert_int_equal(gen_save(top, "spelt", &all, &err), 0);
		assert_int_equal(symlink(GEN(2), scratch("d/alias")), 0);
		op.old = i % 3 == 0 ? NULL : text;
		assert_int_equal(symlink(op.old ? "none" : text, link), 0);
		assert_int_equal(backup_make(top, &j, arena, &err), 0);
		if (i % 3 == 2)
			kit("mv d moved; ln -s moved d");
		if (backup_prune(top, &s, 1, &err) == -1)
			fail_msg("%s", err.msg);
		assert_int_equal(access(scratch("d/" GEN(1)), F_OK), -1);
		if (access(scratch("d/" GEN(2) "/a.pem"), F_OK) == -1)
			fail_msg("removed: %s, %zu", text, i % 3);
	}
}

/* A backup of a file for each of LETTERS, oldest first: d(one), or s(tuck),
 * because its change could not be undone. */
static void make_backups(const char *letters)
{
	static const char *const gens[] = { GEN(1), GEN(2), GEN(3), GEN(4),
					    GEN(5) };
	struct err err = ERR_INIT;

	kit("rm -rf backup; echo x >file");
	for (size_t i = 0; letters[i] != '\0'; i++) {
		struct journal_op op = { .type = JOURNAL_FILE,
					 .path = arena_printf(arena, "%s/file",
							      top),
					 .old = "0" };
		struct journal j = {
			.service = "web", .gen = gens[i], .ops = &op, .n_ops = 1
		};

		assert_int_equal(backup_make(top, &j, arena, &err), 0);
		j.reason = "it failed";
		if (letters[i] == 's')
			assert_int_equal(backup_mark_stuck(top, &j, &err), 0);
		assert_int_equal(backup_stuck(top, "web", gens[i], &err),
				 letters[i] == 's');
	}
}

/* However often a change cannot be undone, one such copy stays, and it costs
 * none of those to go back to. */
static void stuck(void **state)
{
	static const struct {
		const char *there;
		size_t keep;
		const char *kept;
	} cases[] = {
		{ "ddd", 2, "23" },    { "ss", 3, "2" },
		{ "ddsss", 3, "125" }, { "sdsds", 2, "245" },
		{ "sddd", 3, "234" },  { "sddds", 3, "2345" },
		{ "sdd", 3, "123" },   { "ddsd", 1, "4" },
	};
	struct svc s = { .name = "web" };
	struct journal gone = { .service = "web", .gen = GEN(9) };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(strlist_free) struct strlist list = STRLIST_INIT;
		AUTO(sbuf_free) struct sbuf kept = SBUF_INIT(10);

		make_backups(cases[i].there);
		if (backup_prune(top, &s, cases[i].keep, &err) == -1)
			fail_msg("%s: %s", cases[i].there, err.msg);
		assert_int_equal(backup_list(top, "web", &list, &err), 0);
		for (size_t k = 0; k < list.n; k++)
			sbuf_addc(&kept, list.v[k][7]);
		if (strcmp(sbuf_str(&kept), cases[i].kept) != 0)
			fail_msg("%s: %s", cases[i].there, sbuf_str(&kept));
	}
	assert_int_equal(backup_mark_stuck(top, &gone, &err), 0);
	assert_int_equal(backup_stuck(top, "web", GEN(9), &err), 0);
}

/* What is wrong with another service's backups keeps the folders, which they
 * may lead to, but no backup. */
static void others(void **state)
{
	static const char *const cases[] = {
		"mkdir -m 700 -p backup/mail/" GEN(1) "; echo x "
						      ">backup/mail/" GEN(
							      1) "/manifest",
		"mkdir -m 700 -p backup/mail; cd backup/mail; seq -f "
		"20261121T000000Z-%08g 10001 | xargs mkdir",
	};
	struct svc s = { .name = "web" };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(strlist_free) struct strlist list = STRLIST_INIT;

		make_backups("dddd");
		kit(cases[i]);
		assert_int_equal(backup_prune(top, &s, 1, &err), -1);
		assert_non_null(strstr(err.msg, "backup/mail"));
		assert_int_equal(backup_list(top, "web", &list, &err), 0);
		assert_int_equal(list.n, 1);
	}
	kit("rm -r backup");
}

/* A link, a FIFO, a folder in place of the old file: refused, not read. */
static void swapped(void **state)
{
	struct journal_op op = { JOURNAL_FILE, arena_printf(arena, "%s/x", top),
				 NULL,	       0,
				 "00",	       "0" };
	struct journal j = {
		.service = "swap", .gen = GEN(1), .ops = &op, .n_ops = 1
	};
	struct err err = ERR_INIT;

	scratch_write(scratch("secret"), "s", 0600);
	for (int i = 0; i < 4; i++) {
		if (i == 0)
			assert_int_equal(
				symlink(scratch("secret"), scratch("x")), 0);
		else if (i == 1)
			assert_int_equal(mkfifo(scratch("x"), 0600), 0);
		else if (i == 2)
			assert_int_equal(mkdir(scratch("x"), 0700), 0);
		assert_int_equal(backup_make(top, &j, arena, &err), -1);
		assert_int_equal(err.kind, ERR_CONFLICT);
		assert_int_equal(
			access(scratch("backup/swap/" GEN(1) "/0"), F_OK), -1);
		(void) !remove(scratch("x"));
	}
}

/* SHA-256 of "old", by sha256sum. */
#define OLD_COPY \
	"0-"     \
	"cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"

/* A copy that is cut, altered or gone is none; of one that an older program
 * made only the last can be told. */
static void copies(void **state)
{
	static const char *const texts[] = { "", "old ", "oLd", NULL };
	struct journal_op op = { JOURNAL_FILE, arena_printf(arena, "%s/x", top),
				 NULL,	       0,
				 "00",	       "0" };
	struct journal j = {
		.service = "copy", .gen = GEN(1), .ops = &op, .n_ops = 1
	};
	const char *dir = arena_printf(arena, "%s/backup/copy/" GEN(1), top);
	const char *name = arena_printf(arena, "%s/" OLD_COPY, dir);
	struct err err = ERR_INIT;
	struct journal back;

	scratch_write(scratch("x"), "old", 0640);
	assert_int_equal(backup_make(top, &j, arena, &err), 0);
	assert_int_equal(backup_read(top, "copy", GEN(1), arena, &back, &err),
			 1);
	assert_string_equal(back.ops[0].old, OLD_COPY);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

		assert_int_equal(backup_read_copy(top, &back, 0, &old, &err),
				 1);
		place_old_free(&old);
		if (texts[i])
			scratch_write(name, texts[i], 0600);
		else
			assert_int_equal(unlink(name), 0);
		assert_int_equal(backup_read_copy(top, &back, 0, &old, &err),
				 0);
		assert_non_null(strstr(err.msg, texts[i] ? "is damaged"
							 : "has vanished"));
		scratch_write(name, "old", 0600);
	}
	assert_int_equal(rename(name, arena_printf(arena, "%s/0", dir)), 0);
	back.ops[0].old = "0";
	for (int i = 0; i < 2; i++) {
		AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

		assert_int_equal(backup_read_copy(top, &back, 0, &old, &err),
				 i == 0);
		assert_int_equal(backup_is_old(top, &back, 0, &old, &err),
				 i == 0);
		(void) !unlink(arena_printf(arena, "%s/0", dir));
	}
}

/* A service that is not configured any more: its backups, once all are old;
 * then its folders, but for the one in use, and one that another's backup
 * leads to. */
static void forgets(void **state)
{
	static const char *const gens[] = { GEN(1), GEN(2), GEN(3), GEN(4) };
	const char *link = arena_printf(arena, "%s/d/current", top);
	struct strlist names = STRLIST_INIT;
	struct gen_folders all = { .n = 0 }, far = all;
	struct err err = ERR_INIT;
	/* date -u -d 2026-11-24T00:00:00Z +%s, and a second more */
	const int64_t at = 1795478400;

	kit("rm -rf d moved backup folders");
	mkdir(scratch("d"), 0755);
	for (int i = 0; i < 4; i++) {
		struct journal_op ops[] = {
			{ JOURNAL_LINK, link, gens[i], 0, NULL,
			  i > 0 ? gens[i - 1] : NULL },
		};
		struct journal j = { .service = i == 2 ? "mail" : "web",
				     .gen = gens[i],
				     .ops = ops,
				     .n_ops = 1 };

		make_gen(&all, gens[i], gens[i]);
		assert_int_equal(backup_make(top, &j, arena, &err), 0);
	}
	assert_int_equal(gen_save(top, "web", &all, &err), 0);
	gen_add(&far, arena, &all.v[0]);
	far.v[0].dir = "/nowhere/at/all";
	far.v[0].name = GEN(5);
	assert_int_equal(gen_save(top, "far", &far, &err), 0);
	assert_int_equal(symlink(GEN(4), link), 0);
	strlist_add(&names, "mail");

	/* The newest is not old enough. */
	assert_int_equal(backup_forget(top, &names, at - 86400, &err), 0);
	assert_int_equal(access(scratch("backup/web/" GEN(1)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(1)), F_OK), 0);
	assert_int_equal(access(scratch("folders/far"), F_OK), -1);

	assert_int_equal(backup_forget(top, &names, at + 1, &err), 0);
	assert_int_equal(access(scratch("backup/web"), F_OK), -1);
	assert_int_equal(access(scratch("backup/mail/" GEN(3)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(1)), F_OK), -1);
	assert_int_equal(access(scratch("d/" GEN(2)), F_OK), 0);
	assert_int_equal(access(scratch("d/" GEN(3)), F_OK), -1);
	assert_int_equal(access(scratch("d/" GEN(4)), F_OK), 0);
	assert_int_equal(gen_load(top, "web", arena, &all, &err), 0);
	assert_int_equal(all.n, 2);

	/* No link names it any more, and nobody's backup leads there. */
	assert_int_equal(unlink(link), 0);
	assert_int_equal(backup_forget(top, &(struct strlist) STRLIST_INIT,
				       at + 1, &err),
			 0);
	assert_int_equal(rmdir(scratch("d")), 0);
	assert_int_equal(rmdir(scratch("backup")), 0);
	assert_int_equal(rmdir(scratch("folders")), 0);
	strlist_free(&names);
}

static void none(void **state)
{
	AUTO(strlist_free) struct strlist list = STRLIST_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(backup_list(top, "none", &list, &err), 0);
	assert_int_equal(list.n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_prunes),
		cmocka_unit_test(spelt_otherwise),
		cmocka_unit_test(stuck),
		cmocka_unit_test(others),
		cmocka_unit_test(swapped),
		cmocka_unit_test(copies),
		cmocka_unit_test(forgets),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
