/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <time.h>
#include "clock.h"
#include "place_kit.h"

/*
 * The owner of a folder against root, at full speed: he swaps folders, files
 * and temporary files for links that lead to a folder of root's, for as long
 * as root works there. He may make root fail; he must not make it read,
 * write, chown or remove anything in that folder.
 *
 *	svc/          his        svc/evil   a link to root/
 *	svc/dir/      his        what root is asked to work in
 *	root/         root's     key: a secret; other: a file
 *
 * Each race begins with a control: plain calls by path, as anybody would
 * write them, lose it. If they did not the race would show nothing.
 */

#define ROUND_MS 600 /* per race */
#define SECRET	 "root's own secret"

static pid_t attacker;
static struct stat watched[3];

static unsigned int dice(unsigned int n)
{
	return (unsigned int) random() % n;
}

static void xch(int dir, const char *a, const char *b)
{
	(void) !renameat2(dir, a, dir, b, RENAME_EXCHANGE);
}

/* A component of the path. */
static void swap_folder(int svc)
{
	xch(svc, "dir", "evil");
}

/* The last name: for a link, for a FIFO. */
static void swap_file(int svc)
{
	const char *other = dice(2) ? "dir/link" : "dir/fifo";

	xch(svc, "dir/key", other);
	xch(svc, "dir/key", other);
}

/* One temporary name, for whatever he can make. */
static void swap_one(int svc, int dir, const char *name)
{
	(void) unlinkat(svc, "x", 0);
	switch (dice(6)) {
	case 0:
		(void) !symlinkat("../../root/key", svc, "x");
		break;
	case 1:
		(void) !symlinkat("../../root", svc, "x");
		break;
	case 2:
		close(openat(svc, "x", O_CREAT | O_WRONLY, 0666));
		break;
	case 3: /* the file itself, under a name that he keeps */
		(void) !linkat(dir, name, svc, "x", 0);
		(void) unlinkat(dir, name, 0);
		return;
	case 4:
		(void) !renameat(dir, name, dir, "key");
		return;
	default:
		(void) !renameat2(dir, name, dir, "empty", RENAME_EXCHANGE);
		(void) unlinkat(dir, name, AT_REMOVEDIR);
		(void) !mkdirat(dir, "empty", 0700);
		return;
	}
	if (renameat(svc, "x", dir, name) == -1)
		(void) !renameat2(svc, "x", dir, name, RENAME_EXCHANGE);
}

/* What was staged, as soon as it is seen; what he could guess, before. */
static void swap_temp(int svc)
{
	int fd = openat(svc, "dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (strstr(e->d_name, "certrepo-"))
			swap_one(svc, fd, e->d_name);
	if (d)
		closedir(d);
	(void) !symlinkat("../../root/key", svc, "dir/.key.certrepo-aaaaaa");
	if (dice(8) == 0)
		(void) unlinkat(svc, "dir/key", 0);
}

/* A generation: one to come, one that is there, what it is made of. */
static void swap_generation(int svc)
{
	switch (dice(4)) {
	case 0:
		(void) !symlinkat("../../root", svc, "dir/gen");
		break;
	case 1:
		xch(svc, "dir/gen", "evil");
		break;
	case 2:
		xch(svc, "dir/gen", "dir/empty");
		break;
	default:
		swap_temp(svc);
	}
}

/* All 0 for what is gone. */
static void watch(struct stat st[3])
{
	memset(st, 0, 3 * sizeof(*st));
	(void) !lstat(scratch("root"), &st[0]);
	(void) !lstat(scratch("root/key"), &st[1]);
	(void) !lstat(scratch("root/other"), &st[2]);
}

static void build(void)
{
	place_kit_mkdir(scratch("root"), 0, 0755);
	scratch_write(scratch("root/key"), SECRET, 0600);
	scratch_write(scratch("root/other"), "x", 0600);
	place_kit_mkdir(scratch("svc"), SVC, 0755);
	place_kit_mkdir(scratch("svc/dir"), SVC, 0755);
	place_kit_mkdir(scratch("svc/dir/empty"), SVC, 0700);
	place_kit_symlink("../root", scratch("svc/evil"), SVC);
	scratch_write(scratch("svc/dir/key"), "his", 0600);
	place_kit_symlink("../../root/key", scratch("svc/dir/link"), SVC);
	assert_int_equal(mkfifo(scratch("svc/dir/fifo"), 0600), 0);
	assert_int_equal(chown(scratch("svc/dir/key"), SVC, SVC), 0);
	assert_int_equal(chown(scratch("svc/dir/fifo"), SVC, SVC), 0);
	watch(watched);
}

/* Was anything made, removed or changed in the watched folder. */
static bool harmed(void)
{
	struct stat now[3];

	watch(now);
	for (size_t i = 0; i < 3; i++)
		if (now[i].st_ino != watched[i].st_ino ||
		    now[i].st_mode != watched[i].st_mode ||
		    now[i].st_uid != watched[i].st_uid ||
		    now[i].st_nlink != watched[i].st_nlink ||
		    now[i].st_size != watched[i].st_size ||
		    memcmp(&now[i].st_mtim, &watched[i].st_mtim,
			   sizeof(now[i].st_mtim)) != 0)
			return true;
	return false;
}

static void start(void (*move)(int svc))
{
	char path[600];

	snprintf(path, sizeof(path), "%s", scratch("svc"));
	attacker = fork();
	assert_int_not_equal(attacker, -1);
	if (attacker == 0) {
		int svc = open(path, O_PATH | O_DIRECTORY);

		alarm(30);
		place_kit_become(SVC);
		srandom((unsigned int) getpid());
		for (;;) {
			/* Neither in step with root nor always in its way. */
			struct timespec ts = { 0, dice(4) ? 0 : dice(400000) };

			move(svc);
			if (ts.tv_nsec > 0)
				nanosleep(&ts, NULL);
		}
	}
}

static int end(void **state)
{
	if (attacker > 0) {
		kill(attacker, SIGKILL);
		waitpid(attacker, NULL, 0);
	}
	attacker = 0;
	alarm(0);
	return 0;
}

struct score {
	unsigned int rounds, done, refused;
};

/* Work for ROUND_MS, or until it returns -2: the control has lost. */
static struct score race(int (*work)(struct err *))
{
	int64_t until = clock_mono_ms() + ROUND_MS;
	struct score s = { 0 };
	int rc = 0;

	while (rc != -2 && clock_mono_ms() < until) {
		struct err err = ERR_INIT;

		rc = work(&err);
		s.rounds++;
		s.done += rc == 0;
		s.refused += rc == -1;
		if (rc == -1 && err.kind == ERR_NONE)
			fail_msg("a failure without a word");
	}
	return s;
}

static void say(const char *what, const struct score *s)
{
	print_message("# %s: %u rounds, %u done, %u refused\n", what, s->rounds,
		      s->done, s->refused);
}

/* The attack, on plain calls, and then on place: */
static void against(const char *what, void (*move)(int svc),
		    int (*naive)(struct err *), int (*work)(struct err *))
{
	size_t fds = place_kit_fds();
	struct score s;

	if (geteuid() != 0)
		SCRATCH_SKIP("only root can be foreign");
	build();
	start(move);
	alarm(20); /* nothing may block */
	s = race(naive);
	if (s.rounds == s.done + s.refused)
		print_message("# %s: the control was never caught\n", what);
	end(NULL);
	/* The control may have done harm: begin anew. */
	assert_int_equal(place_kit_fresh(NULL), 0);
	build();
	start(move);
	alarm(20);
	s = race(work);
	end(NULL);
	say(what, &s);
	assert_false(harmed());
	assert_int_equal(place_kit_count(scratch("root")), 2);
	assert_string_equal(scratch_read(scratch("root/key")), SECRET);
	assert_int_equal(place_kit_fds(), fds);
}

/* --- reading --- */

static int naive_read(struct err *err)
{
	const char *path = scratch("svc/dir/key");
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1000);
	struct stat st;

	if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "no file");
	if (file_read(path, &s, err) != 1)
		return err_set(err, ERR_IO, "not read");
	return strcmp(sbuf_str(&s), SECRET) == 0 ? -2 : 0;
}

static int do_read(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	int rc = place_open("", scratch("svc/dir/key"), 0, &p, err);

	if (rc == 0)
		return err_set(err, ERR_IO, "no folder");
	if (rc == -1 || place_read(&p, &old, err) == -1)
		return -1;
	assert_string_not_equal(sbuf_str(&old.content), SECRET);
	if (old.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "no file");
	assert_int_equal(old.attr.uid, SVC);
	return 0;
}

static void read_folder(void **state)
{
	against("reading, folders swapped", swap_folder, naive_read, do_read);
}

static void read_file(void **state)
{
	against("reading, files swapped", swap_file, naive_read, do_read);
}

/* --- replacing --- */

static const struct file_attr his = { 0640, SVC, SVC };

static int naive_replace(struct err *err)
{
	struct stat st;

	if (lstat(scratch("svc/dir"), &st) == -1 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "no folder");
	if (file_replace(scratch("svc/dir/key"), "new", 3, &his, err) == -1)
		return -1;
	return place_kit_stat(scratch("root/key")).st_ino != watched[1].st_ino
		       ? -2
		       : 0;
}

static int do_replace(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc = place_open("", scratch("svc/dir/key"), 0, &p, err);

	if (rc == 0)
		return err_set(err, ERR_IO, "no folder");
	if (rc == -1 || place_stage(&p, "new", 3, &his, NULL, &n, err) == -1)
		return -1;
	rc = place_commit(&p, &n, false, err);
	place_drop(&p, &n);
	return rc;
}

static void replace_folder(void **state)
{
	against("replacing, folders swapped", swap_folder, naive_replace,
		do_replace);
}

/* A name that can be guessed; owner and mode by path. */
static int naive_temp(struct err *err)
{
	const char *temp = scratch("svc/dir/.key.certrepo-aaaaaa");
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0600);
	int rc;

	if (fd != -1)
		close(fd);
	(void) !chown(temp, SVC, SVC);
	rc = rename(temp, scratch("svc/dir/key"));
	if (harmed())
		return -2;
	return rc == 0 ? 0 : err_set(err, ERR_IO, "not renamed");
}

static void replace_temp(void **state)
{
	against("replacing, temporary files swapped", swap_temp, naive_temp,
		do_replace);
}

static int do_link(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	int rc =
		place_open("", scratch("svc/dir/current"), PLACE_LAST, &p, err);

	if (rc == 0)
		return err_set(err, ERR_IO, "no folder");
	if (rc == -1 || place_stage_link(&p, "gen", &n, err) == -1)
		return -1;
	rc = place_commit(&p, &n, false, err);
	place_drop(&p, &n);
	return rc;
}

static void flip(void **state)
{
	against("a link, temporary ones swapped", swap_temp, naive_temp,
		do_link);
}

/* --- generations --- */

static int naive_generation(struct err *err)
{
	const char *dir = scratch("svc/dir/gen");
	const char *file = scratch("svc/dir/gen/key");
	int rc;

	rc = file_mkdir(dir, 0755, err);
	if (rc == 0)
		rc = file_replace(file, "new", 3, &his, err);
	(void) unlink(file);
	(void) rmdir(dir);
	return harmed() ? -2 : rc;
}

/* A whole set into P. */
static int make_generation(const struct place *p, struct place_new *n,
			   struct err *err)
{
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(place_close) struct place f = PLACE_INIT;
	AUTO(place_new_close) struct place_new k = PLACE_NEW_INIT;

	if (place_begin(p, n, err) == -1)
		return -1;
	if (place_inside(p, n, &in, err) == -1 ||
	    place_in(&in, "key", &f, err) == -1 ||
	    place_stage(&f, "new", 3, &his, NULL, &k, err) == -1 ||
	    place_commit(&f, &k, true, err) == -1 ||
	    place_publish(p, n, 0755, err) == -1) {
		place_drop(&f, &k);
		place_drop(p, n);
		return -1;
	}
	return 0;
}

/* What he left at P would stop all rounds that follow. */
static void out_of_the_way(const struct place *p)
{
	static unsigned int turn;
	char to[40];

	snprintf(to, sizeof(to), "../old-%u", turn++);
	(void) !renameat(p->fd, p->name, p->fd, to);
}

static int do_generation(struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	int rc = place_open("", scratch("svc/dir/gen"), PLACE_LAST, &p, err);

	strlist_add(&names, "key");
	strlist_add(&names, "other");
	if (rc == 0)
		return err_set(err, ERR_IO, "no folder");
	if (rc == -1)
		return -1;
	if (make_generation(&p, &n, err) == -1) {
		out_of_the_way(&p);
		return -1;
	}
	rc = place_remove_folder(&p, n.ino, &names, err);
	if (rc != 1)
		out_of_the_way(&p);
	if (rc == 0)
		return err_set(err, ERR_CONFLICT, "left");
	return rc == 1 ? 0 : -1;
}

static void generation_folder(void **state)
{
	against("generations, folders swapped", swap_folder, naive_generation,
		do_generation);
}

static void generation_itself(void **state)
{
	against("generations, themselves swapped", swap_generation,
		naive_generation, do_generation);
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_kit_fresh, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(read_folder),	      T(read_file), T(replace_folder),
		T(replace_temp),      T(flip),	    T(generation_folder),
		T(generation_itself),
	};

	/* Many more rounds where fsync costs nothing. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	return cmocka_run_group_tests_name("place_race", tests, scratch_setup,
					   scratch_teardown);
}
