/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "place_kit.h"

#define NEEDS_ROOT                                                \
	do {                                                      \
		if (geteuid() != 0)                               \
			SCRATCH_SKIP("only root can be foreign"); \
	} while (0)

/* --- getting there --- */

static void refused(const char *path, unsigned int flags, enum err_kind kind,
		    const char *why)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(place_open("", path, flags, &p, &err), -1);
	assert_int_equal(p.fd, -1);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.msg, why))
		fail_msg("no \"%s\" in: %s", why, err.msg);
}

/* PATH leads to REAL, a name or a folder of the scratch folder. */
static void leads(const char *path, const char *real)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	place_kit_get(scratch(path), &p);
	assert_string_equal(p.path, scratch(real));
}

static void walking(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(scratch("a"), 0700), 0);
	assert_int_equal(mkdir(scratch("a/b"), 0700), 0);
	scratch_write(scratch("a/b/f"), "x", 0600);
	place_kit_get(scratch("a/b/f"), &p);
	assert_string_equal(p.name, "f");
	assert_string_equal(p.folder, scratch("a/b"));
	assert_true(p.trusted);
	assert_false(p.shared);
	leads("a//./b/../b/./f", "a/b/f");
	leads("a/b/.", "a/b");
	leads("a/b/", "a/b");
	leads("a/b/new", "a/b/new");
	place_kit_get(scratch("a/b/."), &p);
	assert_string_equal(p.name, ".");
	place_close(&p);
	assert_int_equal(place_open("", scratch("a/b"), PLACE_LAST, &p, &err),
			 1);
	assert_string_equal(p.name, "b");
	assert_string_equal(p.folder, scratch("a"));
	place_kit_get("/../../..//", &p);
	assert_string_equal(p.path, "/");
	place_kit_get("/new", &p);
	assert_string_equal(p.path, "/new");
	assert_int_equal(chdir(scratch("a")), 0);
	place_kit_get("b/f", &p);
	assert_string_equal(p.path, scratch("a/b/f"));
	assert_int_equal(chdir("/"), 0);
}

/* Only ENOENT is an absence. */
static void absence(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;
	char name[600];

	scratch_write(scratch("f"), "x", 0600);
	assert_int_equal(place_open("", scratch("no/f"), 0, &p, &err), 0);
	assert_int_equal(place_open("", scratch("no/../f"), 0, &p, &err), 0);
	assert_int_equal(place_read_path("", scratch("no/f"), 0, &s, &err), 0);
	assert_int_equal(place_read_path("", scratch("no"), 0, &s, &err), 0);
	assert_int_equal(err.kind, ERR_NONE);
	refused(scratch("f/x"), 0, ERR_IO, "f is not a folder");
	refused(scratch("f/../f"), 0, ERR_IO, "f is not a folder");
	refused("", 0, ERR_INPUT, "empty");
	memset(name, 'n', sizeof(name));
	snprintf(name, sizeof(name), "%s", scratch("x"));
	name[strlen(name)] = 'n';
	name[sizeof(name) - 1] = '\0';
	refused(name, 0, ERR_LIMIT, "too long");
	assert_int_equal(symlink("f/x", scratch("l")), 0);
	refused(scratch("l"), 0, ERR_IO, "f is not a folder");

	place_kit_get(scratch("none"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_NONE);
	/* Not a name, and nothing that could be said to be missing. */
	assert_int_equal(place_in(&p, "..", &p, &err), -1);
	assert_int_equal(place_in(&p, ".", &p, &err), -1);
	assert_int_equal(place_in(&p, "", &p, &err), -1);
	assert_int_equal(place_in(&p, "a/b", &p, &err), -1);
	assert_int_equal(place_in(&p, "a\nb", &p, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

static void no_right(void *arg)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;

	place_kit_become(ANY);
	if (place_open("", scratch("shut/f"), 0, &p, &err) != -1 ||
	    err.kind != ERR_IO)
		_exit(1);
	if (place_read_path("", scratch("pass/f"), 0, &s, &err) != 1 ||
	    strcmp(sbuf_str(&s), "two") != 0)
		_exit(2);
	if (place_open("", scratch("pass/f"), 0, &p, &err) != 1 || !p.unlisted)
		_exit(3);
	if (place_stage(&p, "x", 1, &plain, NULL, &n, &err) != -1)
		_exit(4);
}

/* A folder that one may pass through only is enough to read a file. */
static void rights(void **state)
{
	NEEDS_ROOT;
	place_kit_mkdir(scratch("shut"), 0, 0700);
	scratch_write(scratch("shut/f"), "one", 0644);
	place_kit_mkdir(scratch("pass"), 0, 0711);
	scratch_write(scratch("pass/f"), "two", 0644);
	assert_int_equal(scratch_fork(no_right, NULL), 0);
}

static void links(void **state)
{
	char name[20], text[20];

	assert_int_equal(mkdir(scratch("a"), 0700), 0);
	assert_int_equal(mkdir(scratch("b"), 0700), 0);
	scratch_write(scratch("b/f"), "x", 0600);
	assert_int_equal(symlink("../b", scratch("a/rel")), 0);
	assert_int_equal(symlink(scratch("b"), scratch("a/abs")), 0);
	assert_int_equal(symlink("rel/f", scratch("a/file")), 0);
	assert_int_equal(symlink("rel/new", scratch("a/new")), 0);
	assert_int_equal(symlink("no/new", scratch("a/lost")), 0);
	assert_int_equal(symlink("loop", scratch("a/loop")), 0);
	assert_int_equal(symlink("a\tb", scratch("a/tab")), 0);
	leads("a/rel/f", "b/f");
	leads("a/abs/f", "b/f");
	leads("a/rel", "b");
	leads("a/file", "b/f");
	leads("a/new", "b/new");
	leads("a/rel/../a/file", "b/f");
	refused(scratch("a/loop"), 0, ERR_IO, "more than 16 links");
	refused(scratch("a/tab"), 0, ERR_IO, "control characters");
	for (int i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "a/%d", i);
		snprintf(text, sizeof(text), i == 0 ? "file" : "%d", i - 1);
		assert_int_equal(symlink(text, scratch(name)), 0);
	}
	leads("a/13", "b/f"); /* 14, file, rel: 16 */
	refused(scratch("a/14"), 0, ERR_IO, "more than 16 links");
}

static void last_link(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(symlink("one", scratch("current")), 0);
	assert_int_equal(
		place_open("", scratch("current"), PLACE_LAST, &p, &err), 1);
	assert_string_equal(p.name, "current");
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_SYMLINK);
	assert_string_equal(old.link, "one");
	assert_int_equal(place_stage_link(&p, "two", &n, &err), 0);
	assert_int_equal(n.kind, PLACE_SYMLINK);
	assert_int_equal(place_commit(&p, &n, true, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_int_equal(place_commit(&p, &n, false, &err), 0);
	place_old_free(&old);
	assert_int_equal(place_look(&p, &old, &err), 0);
	assert_string_equal(old.link, "two");
	assert_int_equal(place_kit_count(scratch_dir), 1);
	assert_int_equal(place_remove(&p, &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), 0);
}

/* Whose link, in whose folder, below whose. */
static void foreign_links(void **state)
{
	NEEDS_ROOT;
	place_kit_mkdir(scratch("to"), 0, 0755);
	place_kit_mkdir(scratch("mine"), 0, 0755);
	place_kit_mkdir(scratch("svc"), SVC, 0755);
	place_kit_mkdir(scratch("svc/mine"), 0, 0755);
	place_kit_mkdir(scratch("tmp"), 0, 01777);
	place_kit_mkdir(scratch("group"), 0, 0775);
	place_kit_symlink("../to", scratch("mine/his"), SVC);
	place_kit_symlink("../to", scratch("mine/mine"), 0);
	place_kit_symlink("../to", scratch("svc/his"), SVC);
	place_kit_symlink("../to", scratch("svc/root"), 0);
	place_kit_symlink("../../to", scratch("svc/mine/root"), 0);
	place_kit_symlink("../to", scratch("tmp/root"), 0);
	place_kit_symlink("../to", scratch("group/root"), 0);
	leads("mine/mine/f", "to/f");
	refused(scratch("mine/his/f"), 0, ERR_IO,
		"belongs to user 4242, who is neither");
	refused(scratch("mine/his"), 0, ERR_IO, "mine/his belongs");
	refused(scratch("svc/his/f"), 0, ERR_IO, "svc/his belongs");
	refused(scratch("svc/root/f"), 0, ERR_IO, "can be changed by others");
	refused(scratch("svc/root"), 0, ERR_IO, "can be changed by others");
	/* Who owns a folder above can move root's. */
	refused(scratch("svc/mine/root/f"), 0, ERR_IO,
		"can be changed by others");
	/* Anybody can make a second name of root's link there. */
	refused(scratch("tmp/root/f"), 0, ERR_IO, "can be changed by others");
	refused(scratch("group/root/f"), 0, ERR_IO, "can be changed by others");
	leads("svc/mine/f", "svc/mine/f");
}

static void in_jail(const char *root, const char *path, const char *real)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;

	if (place_open(root, path, 0, &p, &err) != 1)
		fail_msg("%s %s: %s", root, path, err.msg);
	assert_string_equal(p.path, scratch(real));
}

static void chroots(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;
	char root[300];

	snprintf(root, sizeof(root), "%s", scratch("jail"));
	assert_int_equal(mkdir(root, 0755), 0);
	assert_int_equal(mkdir(scratch("jail/etc"), 0755), 0);
	assert_int_equal(mkdir(scratch("etc"), 0755), 0);
	assert_int_equal(symlink("/etc", scratch("jail/abs")), 0);
	assert_int_equal(symlink("../../../etc", scratch("jail/up")), 0);
	assert_int_equal(symlink("../../../../..", scratch("jail/etc/top")), 0);
	assert_int_equal(symlink("jail", scratch("link")), 0);
	in_jail(root, "/etc/f", "jail/etc/f");
	in_jail(root, "etc/f", "jail/etc/f");
	in_jail(root, "/abs/f", "jail/etc/f");
	in_jail(root, "/up/f", "jail/etc/f");
	in_jail(root, "/../../etc/f", "jail/etc/f");
	in_jail(root, "/etc/top/f", "jail/f");
	in_jail(root, "/etc/top/etc/top/../..", "jail");
	in_jail(root, "/etc/top/../abs/top/etc/f", "jail/etc/f");
	in_jail(scratch("link"), "/abs/f", "jail/etc/f");
	assert_int_equal(place_open(scratch("no"), "/f", 0, &p, &err), 0);
	assert_int_equal(place_open("relative", "/f", 0, &p, &err), -1);
	scratch_write(scratch("file"), "", 0600);
	assert_int_equal(place_open(scratch("file"), "/f", 0, &p, &err), -1);
}

static void strict(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(100);
	struct err err = ERR_INIT;
	char want[900];

	assert_int_equal(mkdir(scratch("a"), 0755), 0);
	assert_int_equal(mkdir(scratch("a/b"), 0755), 0);
	scratch_write(scratch("a/b/f"), "text", 0644);
	assert_int_equal(
		place_read_path("", scratch("a/b/f"), PLACE_TRUSTED, &s, &err),
		1);
	assert_string_equal(sbuf_str(&s), "text");

	assert_int_equal(chmod(scratch("a/b/f"), 0664), 0);
	snprintf(want, sizeof(want),
		 "%s is writable by others than its owner, "
		 "run: chmod go-w %s",
		 scratch("a/b/f"), scratch("a/b/f"));
	refused(scratch("a/b/f"), PLACE_TRUSTED, ERR_CONFIG, want);
	assert_int_equal(chmod(scratch("a/b/f"), 01666), 0);
	refused(scratch("a/b/f"), PLACE_TRUSTED, ERR_CONFIG, want);
	assert_int_equal(chmod(scratch("a/b/f"), 0644), 0);

	assert_int_equal(chmod(scratch("a"), 0775), 0);
	snprintf(want, sizeof(want),
		 "folder %s is writable by others than its "
		 "owner, run: chmod go-w %s",
		 scratch("a"), scratch("a"));
	refused(scratch("a/b/f"), PLACE_TRUSTED, ERR_CONFIG, want);
	refused(scratch("a/b"), PLACE_TRUSTED, ERR_CONFIG, want);
	refused(scratch("a/new"), PLACE_TRUSTED, ERR_CONFIG, want);
	/* As /tmp. */
	assert_int_equal(chmod(scratch("a"), 01777), 0);
	assert_int_equal(
		place_open("", scratch("a/b/f"), PLACE_TRUSTED, &p, &err), 1);
	place_close(&p);
	assert_int_equal(
		place_open("", scratch("a/no/f"), PLACE_TRUSTED, &p, &err), 0);
	if (geteuid() != 0)
		SCRATCH_SKIP("the rest needs root");
	assert_int_equal(chown(scratch("a"), SVC, SVC), 0);
	snprintf(want, sizeof(want),
		 "folder %s belongs to user 4242, who is "
		 "neither root nor the one running this, run: chown root %s",
		 scratch("a"), scratch("a"));
	refused(scratch("a/b/f"), PLACE_TRUSTED, ERR_CONFIG, want);
	assert_int_equal(chown(scratch("a"), 0, 0), 0);
	assert_int_equal(chown(scratch("a/b/f"), SVC, 0), 0);
	snprintf(want, sizeof(want), "run: chown root %s", scratch("a/b/f"));
	refused(scratch("a/b/f"), PLACE_TRUSTED, ERR_CONFIG, want);
	/* What a strict place leads to is held to it, too. */
	assert_int_equal(
		place_open("", scratch("a/b"), PLACE_TRUSTED, &p, &err), 1);
	AUTO(place_close) struct place q = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	assert_int_equal(place_in(&p, "f", &q, &err), 0);
	assert_int_equal(place_read(&q, &old, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	place_kit_symlink("b", scratch("a/l"), 0);
	refused(scratch("a/l/f"), PLACE_TRUSTED, ERR_CONFIG, "not followed");
}

/* --- reading --- */

static void other_kinds(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(10);
	struct err err = ERR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkfifo(scratch("fifo"), 0600), 0);
	assert_int_equal(mkdir(scratch("dir"), 0700), 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", scratch("sock"));
	assert_int_equal(bind(fd, (struct sockaddr *) &un, sizeof(un)), 0);
	close(fd);
	alarm(5);
	place_kit_get(scratch("fifo"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_OTHER);
	assert_int_equal(place_remove(&p, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	place_kit_get(scratch("sock"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_OTHER);
	place_kit_get("/dev/null", &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_OTHER);
	place_kit_get(scratch("dir"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_FOLDER);
	alarm(0);
	assert_int_equal(place_read_path("", scratch("fifo"), 0, &s, &err), -1);
	assert_non_null(strstr(err.msg, "not a regular file"));
	assert_int_equal(place_read_path("", scratch("dir"), 0, &s, &err), -1);
	assert_non_null(strstr(err.msg, "is a directory"));
	scratch_write(scratch("f"), "0123456789", 0600);
	assert_int_equal(place_read_path("", scratch("f"), 0, &s, &err), 1);
	assert_int_equal(place_read_path("", scratch("f"), 0, &s, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(sbuf_str(&s), "0123456789");
}

static void too_big(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct err err = ERR_INIT;

	scratch_write(scratch("f"), "", 0600);
	assert_int_equal(truncate(scratch("f"), PLACE_READ_MAX), 0);
	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.content.len, PLACE_READ_MAX);
	assert_int_equal(truncate(scratch("f"), PLACE_READ_MAX + 1), 0);
	assert_int_equal(place_read(&p, &old, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(old.content.len, PLACE_READ_MAX);
}

/* It would hold a plain open() up for /proc/sys/fs/lease-break-time. */
static void leases(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct err err = ERR_INIT;
	int ready[2];
	pid_t pid;
	char c;

	scratch_write(scratch("f"), "x", 0600);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		int fd = open(scratch("f"), O_RDWR);

		signal(SIGIO, SIG_IGN);
		c = fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? 'y' : 'n';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (c == 'y') {
		place_kit_get(scratch("f"), &p);
		alarm(5);
		assert_int_equal(place_read(&p, &old, &err), -1);
		alarm(0);
		assert_non_null(strstr(err.msg, "lease"));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (c != 'y')
		SCRATCH_SKIP("no leases here");
}

/* Somebody's secret, by a second name in his own folder. */
static void hard_links(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct err err = ERR_INIT;

	NEEDS_ROOT;
	scratch_write(scratch("secret"), "secret", 0600);
	place_kit_mkdir(scratch("svc"), SVC, 0755);
	place_kit_mkdir(scratch("tmp"), 0, 01777);
	assert_int_equal(link(scratch("secret"), scratch("svc/f")), 0);
	assert_int_equal(link(scratch("secret"), scratch("tmp/f")), 0);
	assert_int_equal(link(scratch("secret"), scratch("f")), 0);
	place_kit_get(scratch("svc/f"), &p);
	assert_false(p.trusted);
	assert_int_equal(place_read(&p, &old, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	place_kit_get(scratch("tmp/f"), &p);
	assert_true(p.trusted && p.shared);
	assert_int_equal(place_read(&p, &old, &err), -1);
	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	assert_string_equal(sbuf_str(&old.content), "secret");
}

/* --- replacing --- */

static void replacing(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	place_kit_get(scratch("f"), &p);
	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_NONE);
	assert_int_equal(place_stage(&p, "one", 3, &plain, NULL, &n, &err), 0);
	assert_int_equal(place_kit_mode(scratch(n.temp)), 0640);
	assert_int_equal(place_kit_stat(scratch(n.temp)).st_ino, n.ino);
	assert_string_equal(scratch_read(scratch(n.temp)), "one");
	assert_int_equal(place_commit(&p, &n, true, &err), 0);
	assert_int_equal(n.fd, -1);
	assert_string_equal(scratch_read(scratch("f")), "one");
	assert_int_equal(place_kit_count(scratch_dir), 1);

	/* Nothing was said to be there. */
	assert_int_equal(place_stage(&p, "two", 3, &plain, NULL, &n, &err), 0);
	assert_int_equal(place_commit(&p, &n, true, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	place_drop(&p, &n);
	place_drop(&p, &n);
	assert_string_equal(scratch_read(scratch("f")), "one");
	assert_int_equal(place_kit_count(scratch_dir), 1);

	place_kit_read(&p, &old);
	assert_int_equal(old.kind, PLACE_FILE);
	assert_int_equal(old.attr.mode, 0640);
	assert_int_equal(old.attr.uid, geteuid());
	assert_int_equal(old.ino, place_kit_stat(scratch("f")).st_ino);
	assert_string_equal(sbuf_str(&old.content), "one");
	assert_int_equal(chmod(scratch("f"), 0604), 0);
	place_kit_read(&p, &old);
	place_kit_put(&p, "", NULL, &old);
	assert_int_equal(place_kit_mode(scratch("f")), 0604);
	assert_string_equal(scratch_read(scratch("f")), "");
	assert_int_equal(place_remove(&p, &err), 0);
	assert_int_equal(place_remove(&p, &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), 0);
}

static void owners(void **state)
{
	static const struct file_attr his = { 0440, SVC, SVC };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct stat st;

	NEEDS_ROOT;
	place_kit_get(scratch("f"), &p);
	place_kit_put(&p, "x", &his, NULL);
	st = place_kit_stat(scratch("f"));
	assert_int_equal(st.st_uid, SVC);
	assert_int_equal(st.st_gid, SVC);
	assert_int_equal(st.st_mode & 07777, 0440);
	place_kit_read(&p, &old);
	place_kit_put(&p, "y", &plain, &old);
	assert_int_equal(place_kit_stat(scratch("f")).st_uid, 0);
	place_kit_put(&p, "x", NULL, &old);
	st = place_kit_stat(scratch("f"));
	assert_int_equal(st.st_uid, SVC);
	assert_int_equal(st.st_mode & 07777, 0440);
}

/* As long as a name may be, and no two alike. */
static void names(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place q = PLACE_INIT;
	AUTO(place_new_close) struct place_new a = PLACE_NEW_INIT;
	AUTO(place_new_close) struct place_new b = PLACE_NEW_INIT;
	struct err err = ERR_INIT;
	char longest[NAME_MAX + 1];
	const char *tail;

	memset(longest, 'n', NAME_MAX);
	longest[NAME_MAX] = '\0';
	place_kit_get(scratch("f"), &p);
	assert_int_equal(place_in(&p, longest, &q, &err), 0);
	assert_int_equal(place_stage(&q, "x", 1, &plain, NULL, &a, &err), 0);
	assert_int_equal(place_stage(&q, "x", 1, &plain, NULL, &b, &err), 0);
	assert_string_not_equal(a.temp, b.temp);
	tail = strstr(a.temp, ".certrepo-");
	assert_non_null(tail);
	assert_int_equal(strspn(tail + 10, "abcdefghijklmnopqrstuvwxyz234567"),
			 16);
	assert_int_equal(place_commit(&q, &a, true, &err), 0);
	place_new_close(&b);
	assert_int_equal(place_kit_count(scratch_dir), 2);
	assert_int_equal(place_sweep(&p, "f", &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), 2);
	assert_int_equal(place_sweep(&p, longest, &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), 1);
}

/* What the owner of a folder does between two steps of ours. */
static void swapping(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	scratch_write(scratch("his"), "his", 0600);
	place_kit_get(scratch("f"), &p);
	assert_int_equal(place_stage(&p, "one", 3, &plain, NULL, &n, &err), 0);
	assert_int_equal(rename(scratch("his"), scratch(n.temp)), 0);
	assert_int_equal(place_commit(&p, &n, false, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "swapped"));
	place_drop(&p, &n);

	/* A drop removes what is ours only. */
	assert_int_equal(place_stage(&p, "one", 3, &plain, NULL, &n, &err), 0);
	scratch_write(scratch("his"), "his", 0600);
	assert_int_equal(rename(scratch("his"), scratch(n.temp)), 0);
	place_drop(&p, &n);
	assert_string_equal(scratch_read(scratch(n.temp)), "his");
	assert_int_equal(unlink(scratch(n.temp)), 0);

	assert_int_equal(place_stage_link(&p, "one", &n, &err), 0);
	assert_int_equal(unlink(scratch(n.temp)), 0);
	assert_int_equal(symlink("one", scratch(n.temp)), 0);
	assert_int_equal(place_commit(&p, &n, false, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
}

static void resuming(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_new_close) struct place_new m = PLACE_NEW_INIT;
	struct err err = ERR_INIT;

	place_kit_get(scratch("f"), &p);
	assert_int_equal(place_stage(&p, "one", 3, &plain, NULL, &n, &err), 0);
	place_new_close(&n);
	place_drop(&p, &n);
	assert_int_equal(place_resume(&p, n.temp, n.ino + 1, &m, &err), 0);
	assert_int_equal(place_resume(&p, n.temp, n.ino, &m, &err), 1);
	assert_int_equal(m.kind, PLACE_FILE);
	assert_int_equal(place_commit(&p, &m, true, &err), 0);
	assert_string_equal(scratch_read(scratch("f")), "one");
	assert_int_equal(place_resume(&p, n.temp, n.ino, &m, &err), 0);
	assert_int_equal(place_resume(&p, "f", n.ino, &m, &err), -1);
	assert_int_equal(place_resume(&p, "../.f.certrepo-aaaaaaaaaaaaaaaa",
				      n.ino, &m, &err),
			 -1);

	assert_int_equal(place_stage_link(&p, "one", &n, &err), 0);
	place_new_close(&n);
	assert_int_equal(place_resume(&p, n.temp, n.ino, &m, &err), 1);
	assert_int_equal(m.kind, PLACE_SYMLINK);
	place_drop(&p, &m);
	assert_int_equal(place_kit_count(scratch_dir), 1);
	/* Something else by that name and inode is not ours. */
	snprintf(n.temp, sizeof(n.temp), ".f.certrepo-aaaaaaaaaaaaaaaa");
	assert_int_equal(mkfifo(scratch(n.temp), 0600), 0);
	assert_int_equal(place_resume(&p, n.temp,
				      place_kit_stat(scratch(n.temp)).st_ino,
				      &m, &err),
			 0);
}

static void sweeping(void **state)
{
	static const char *const left[] = { ".g.certrepo-aaaaaaaaaaaaaaaa",
					    ".f.certrepo-AAAAAA",
					    ".f.certrepo-aaaaaaa",
					    "f",
					    "f.certrepo-aaaaaa",
					    ".certrepo-aaaaaa" };
	static const char *const gone[] = { ".f.certrepo-aaaaaaaaaaaaaaaa",
					    ".f.certrepo-abc234",
					    ".f.certrepo-link00" };
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		scratch_write(scratch(left[i]), "", 0600);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		scratch_write(scratch(gone[i]), "", 0600);
	place_kit_mkdir(scratch(".f.certrepo-folderfolderfold"), geteuid(),
			0700);
	place_kit_get(scratch("f"), &p);
	assert_int_equal(place_sweep_own(&p, "f", &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), ARRAY_LEN(left) + 1);
	place_kit_stat(scratch(".f.certrepo-folderfolderfold"));
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		scratch_write(scratch(gone[i]), "", 0600);
	assert_int_equal(place_sweep(&p, "f", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		place_kit_stat(scratch(left[i]));
	assert_int_equal(place_kit_count(scratch_dir), ARRAY_LEN(left));
	assert_int_equal(place_sweep(&p, NULL, &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), ARRAY_LEN(left) - 1);
	/* One with something in it stays, and is no error. */
	place_kit_mkdir(scratch(".f.certrepo-folderfolderfold"), geteuid(),
			0700);
	scratch_write(scratch(".f.certrepo-folderfolderfold/x"), "", 0600);
	assert_int_equal(place_sweep(&p, "f", &err), 0);
	assert_int_equal(place_kit_count(scratch_dir), ARRAY_LEN(left));
}

/* --- folders --- */

static bool wanted(const char *name, void *arg)
{
	return name[0] == *(const char *) arg;
}

static void listing(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	struct err err = ERR_INIT;
	char a = 'a';

	scratch_write(scratch("a2"), "", 0600);
	scratch_write(scratch("a1"), "", 0600);
	scratch_write(scratch("b"), "", 0600);
	place_kit_get(scratch("x"), &p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(place_list(&p, wanted, &a, 2, &l, &err), 0);
		assert_int_equal(l.n, 2);
		assert_string_equal(l.v[0], "a1");
		assert_string_equal(l.v[1], "a2");
		strlist_free(&l);
	}
	assert_int_equal(place_list(&p, NULL, NULL, 3, &l, &err), 0);
	assert_int_equal(l.n, 3);
	assert_int_equal(place_list(&p, NULL, NULL, 2, &l, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(l.n, 3);
}

/* A generation: made, filled, shown, removed. */
static void generations(void **state)
{
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(place_close) struct place f = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;

	place_kit_get(scratch("dir"), &p);
	assert_int_equal(place_make(&p, 0755, &dir, &err), 0);
	assert_int_equal(place_kit_mode(scratch("dir")), 0755);
	place_close(&dir);
	assert_int_equal(place_make(&p, 0700, &dir, &err), 0);
	assert_int_equal(place_kit_mode(scratch("dir")), 0755);
	place_close(&p);
	assert_int_equal(place_in(&dir, "gen", &p, &err), 0);
	assert_int_equal(place_begin(&p, &n, &err), 0);
	assert_int_equal(place_inside(&p, &n, &in, &err), 0);
	assert_int_equal(place_in(&in, "key", &f, &err), 0);
	place_kit_put(&f, "key", &plain, NULL);
	assert_int_equal(place_publish(&p, &n, 0755, &err), 0);
	assert_int_equal(place_kit_mode(scratch("dir/gen")), 0755);
	assert_int_equal(place_kit_stat(scratch("dir/gen")).st_ino, n.ino);
	assert_string_equal(scratch_read(scratch("dir/gen/key")), "key");
	assert_int_equal(place_kit_count(scratch("dir")), 1);

	/* Not on the list; another inode; something strange in it. */
	strlist_add(&names, "crt");
	assert_int_equal(place_remove_folder(&p, n.ino, &names, &err), 0);
	strlist_add(&names, "key");
	assert_int_equal(place_remove_folder(&p, n.ino + 1, &names, &err), 0);
	assert_int_equal(symlink("key", scratch("dir/gen/crt")), 0);
	assert_int_equal(place_remove_folder(&p, n.ino, &names, &err), 0);
	assert_int_equal(place_kit_count(scratch("dir/gen")), 2);
	assert_int_equal(unlink(scratch("dir/gen/crt")), 0);
	scratch_write(scratch("dir/gen/.key.certrepo-aaaaaaaaaaaaaaaa"), "",
		      0600);
	assert_int_equal(place_remove_folder(&p, n.ino, &names, &err), 1);
	assert_int_equal(place_remove_folder(&p, n.ino, &names, &err), 1);
	assert_int_equal(place_kit_count(scratch("dir")), 0);
}

static void unfinished(void **state)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(place_close) struct place f = PLACE_INIT;
	AUTO(place_close) struct place t = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_new_close) struct place_new m = PLACE_NEW_INIT;
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;

	strlist_add(&names, "key");
	place_kit_get(scratch("gen"), &p);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(place_begin(&p, &n, &err), 0);
		assert_int_equal(place_kit_mode(scratch(n.temp)), 0700);
		assert_int_equal(place_inside(&p, &n, &in, &err), 0);
		assert_int_equal(place_in(&in, "key", &f, &err), 0);
		place_kit_put(&f, "key", &plain, NULL);
		place_close(&in);
		place_close(&f);
		if (i == 0) { /* given up */
			place_drop(&p, &n);
		} else if (i == 1) { /* killed, and thrown away */
			place_new_close(&n);
			assert_int_equal(place_in(&p, n.temp, &t, &err), 0);
			assert_int_equal(
				place_remove_folder(&t, n.ino, &names, &err),
				1);
		} else { /* killed, and gone on with */
			place_new_close(&n);
			assert_int_equal(
				place_resume(&p, n.temp, n.ino, &m, &err), 1);
			assert_int_equal(m.kind, PLACE_FOLDER);
			assert_int_equal(place_publish(&p, &m, 0750, &err), 0);
		}
		assert_int_equal(place_kit_count(scratch_dir), i == 2);
	}
	assert_string_equal(scratch_read(scratch("gen/key")), "key");
}

/* A link, or a folder, by the name of a generation: yet to come, or old. */
static void planted(void **state)
{
	static const char *const kinds[] = { "link", "dir", "file" };
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place in = PLACE_INIT;
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;
	ino_t ino;

	place_kit_mkdir(scratch("outside"), geteuid(), 0755);
	scratch_write(scratch("outside/key"), "secret", 0600);
	ino = place_kit_stat(scratch("outside")).st_ino;
	strlist_add(&names, "key");
	assert_int_equal(mkdir(scratch("d"), 0755), 0);
	assert_int_equal(symlink("../outside", scratch("d/link")), 0);
	assert_int_equal(mkdir(scratch("d/dir"), 0755), 0);
	scratch_write(scratch("d/file"), "", 0600);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		place_close(&p);
		place_close(&in);
		place_kit_get(scratch("d"), &in);
		assert_int_equal(place_in(&in, kinds[i], &p, &err), 0);
		place_close(&in);
		assert_int_equal(place_begin(&p, &n, &err), 0);
		assert_int_equal(place_publish(&p, &n, 0755, &err), -1);
		assert_int_equal(err.kind, ERR_CONFLICT);
		place_drop(&p, &n);
		assert_int_equal(place_remove_folder(&p, ino, &names, &err), 0);
		assert_int_equal(place_enter(&p, &in, &err), i == 1 ? 1 : -1);
		place_close(&in);
		assert_int_equal(place_make(&p, 0755, &in, &err),
				 i == 1 ? 0 : -1);
		assert_int_equal(place_kit_count(scratch("d")), 3);
	}
	assert_string_equal(scratch_read(scratch("outside/key")), "secret");
	assert_int_equal(place_kit_count(scratch("outside")), 1);
}

static void descriptors(void **state)
{
	static const struct CMUnitTest all[] = {
		{ .test_func = walking },    { .test_func = links },
		{ .test_func = chroots },    { .test_func = replacing },
		{ .test_func = resuming },   { .test_func = generations },
		{ .test_func = unfinished }, { .test_func = planted },
		{ .test_func = listing },    { .test_func = other_kinds },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t before = place_kit_fds();

		assert_int_equal(place_kit_fresh(state), 0);
		all[i].test_func(state);
		assert_int_equal(place_kit_fds(), before);
	}
}

#define T(f) cmocka_unit_test_setup(f, place_kit_fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(walking),   T(absence),     T(rights),
		T(links),     T(last_link),   T(foreign_links),
		T(chroots),   T(strict),      T(other_kinds),
		T(too_big),   T(leases),      T(hard_links),
		T(replacing), T(owners),      T(names),
		T(swapping),  T(resuming),    T(sweeping),
		T(listing),   T(generations), T(unfinished),
		T(planted),   T(descriptors),
	};

	return cmocka_run_group_tests_name("place", tests, scratch_setup,
					   scratch_teardown);
}
