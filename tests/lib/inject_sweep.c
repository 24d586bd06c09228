/* SPDX-License-Identifier: MIT */
/*
 * Runs the installer once for each point at which a call of it may go wrong
 * (see inject.c), and looks at what the host is like afterwards.
 *
 *	inject_sweep [OPTION...] [POINT...]
 *	-s FOLDER	what inject.sh has made, with @D@ for the folder of
 *			a shard
 *	-d FOLDER	where the shards work
 *	-i PROGRAM	the installer
 *	-p FILE		what is preloaded into it
 *	-l LAYOUT	generation or fixed
 *	-n N		services
 *	-b		the change goes back
 *	-r NAME		b and c, which are NAME's, are of its next key
 *	-e		an easy host: no ACL, no link to a folder outside
 *	-j N		shards
 *	-k N		of the points of less interest, only each Nth
 *	-m N		of all, only each Nth
 *	-L		says only which points there are
 *
 * Without POINTs, a run without any tells which there are. Prints for each
 * kind of point "ok TEXT" or "not ok TEXT", with a line "# ..." for each point
 * behind which something was wrong.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "inject.h"

#define SERVICES   8
#define FILES	   4
#define POINTS_MAX 60000
#define GROUPS_MAX 500
#define ACL	   "system.posix_acl_access"
#define WATCHED	   "20010101T000000Z-00000000" /* a link to a folder outside */

static const char *setup, *scratch, *program, *preload;
static const char *rekeyed; /* NULL: the key stays */
static bool generation, back, easy, list_only;
static int services = 1, shards = 2, rare_step = 1, step = 1;

/* --- small things --- */

static void __attribute__((__noreturn__, __format__(__printf__, 1, 2)))
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static const char *in(char buf[PATH_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}

/* Of a file, or NULL. */
static char *slurp(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	struct stat st;
	char *buf;
	ssize_t n;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return NULL;
	}
	buf = malloc((size_t) st.st_size + 1);
	n = read(fd, buf, (size_t) st.st_size);
	close(fd);
	if (n < 0)
		n = 0;
	buf[n] = '\0';
	*ret_len = (size_t) n;
	return buf;
}

static void spill(const char *path, const char *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, buf, len) != (ssize_t) len || close(fd) == -1)
		fatal("%s", path);
}

static void copy_file(const char *from, const char *to)
{
	size_t len;
	char *buf = slurp(from, &len);

	if (!buf)
		fatal("%s", from);
	spill(to, buf, len);
	free(buf);
}

static void copy_acl(const char *from, const char *to)
{
	char acl[1024];
	ssize_t n = getxattr(from, ACL, acl, sizeof(acl));

	if (n > 0 && setxattr(to, ACL, acl, (size_t) n, 0) == -1)
		fatal("%s", to);
}

static void remove_tree(const char *path)
{
	char sub[PATH_MAX];
	DIR *d = opendir(path);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		in(sub, "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR)
			remove_tree(sub);
		else
			unlink(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void copy_tree(const char *from, const char *to);

static void copy_entry(const char *from, const char *to)
{
	char text[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(from, &st) == -1)
		fatal("%s", from);
	if (S_ISDIR(st.st_mode)) {
		copy_tree(from, to);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(from, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		if (symlink(text, to) == -1)
			fatal("%s", to);
		return;
	} else {
		copy_file(from, to);
	}
	if ((geteuid() == 0 && chown(to, st.st_uid, st.st_gid) == -1) ||
	    chmod(to, st.st_mode & 07777) == -1)
		fatal("%s", to);
	copy_acl(from, to);
}

static void copy_tree(const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	const struct dirent *e;
	DIR *d = opendir(from);

	if (!d || mkdir(to, 0700) == -1)
		fatal("%s to %s", from, to);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			copy_entry(in(a, "%s/%s", from, e->d_name),
				   in(b, "%s/%s", to, e->d_name));
	closedir(d);
}

/* The first name below PATH that has TEXT in it; false: none. */
static bool find_name(const char *path, const char *text, char ret[PATH_MAX])
{
	char sub[PATH_MAX];
	DIR *d = opendir(path);
	const struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		in(sub, "%s/%s", path, e->d_name);
		if (strstr(e->d_name, text)) {
			snprintf(ret, PATH_MAX, "%s", e->d_name);
			found = true;
		} else if (e->d_type == DT_DIR) {
			found = find_name(sub, text, ret);
		}
	}
	if (d)
		closedir(d);
	return found;
}

/* --- a shard and its host --- */

struct attr {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	char acl[256];
	ssize_t acl_len;
};

struct shard {
	char dir[PATH_MAX - 300];
	int server; /* a socket, see inject.h */
	pid_t server_pid;
	struct attr attrs[SERVICES][FILES];
	char said[4000]; /* by the last run */
};

/* The last one only where the key changes. */
static const char *const files_gen[] = { "current/fullchain.pem",
					 "current/combined.pem", "key.pem" };
static const char *const files_fixed[] = { "cert.pem", "chain.pem",
					   "combined.pem", "key.pem" };

static const char *const *file_names(void)
{
	return generation ? files_gen : files_fixed;
}

/* Those of the certificate. */
static int n_others(void)
{
	return generation ? 2 : 3;
}

static int n_files(void)
{
	return n_others() + (rekeyed ? 1 : 0);
}

/* What is to be in FILE of the set X. */
static const char *wanted(char x, int file, size_t *ret_len)
{
	static char *cache[256][FILES];
	static size_t lens[256][FILES];
	char path[PATH_MAX];

	if (!cache[(int) x][file])
		cache[(int) x][file] =
			slurp(in(path, "%s/sets/%c.%s", setup, x,
				 strrchr(file_names()[file], '/')
					 ? strrchr(file_names()[file], '/') + 1
					 : file_names()[file]),
			      &lens[(int) x][file]);
	if (!cache[(int) x][file])
		fatal("%s", path);
	*ret_len = lens[(int) x][file];
	return cache[(int) x][file];
}

/* The set that the first N files for SERVICE are: z, a, b, c; '-': nothing at
 * all; '!': a mixture. */
static char on_disk(const struct shard *s, int service, int n)
{
	char path[PATH_MAX], *have[FILES];
	size_t lens[FILES];
	char found = '!';
	int missing = 0;

	for (int i = 0; i < n; i++) {
		have[i] = slurp(in(path, "%s/w/tls/%d/%s", s->dir, service,
				   file_names()[i]),
				&lens[i]);
		missing += !have[i];
	}
	for (const char *x = "zabc"; *x && missing == 0; x++) {
		int same = 0;

		for (int i = 0; i < n; i++) {
			size_t len;
			const char *want = wanted(*x, i, &len);

			same += len == lens[i] &&
				memcmp(have[i], want, len) == 0;
		}
		if (same == n)
			found = *x;
	}
	for (int i = 0; i < n; i++)
		free(have[i]);
	return missing == n ? '-' : found;
}

/* What the service has in its memory: a set, '-' or '!'. */
static char loaded(const struct shard *s, int service)
{
	char path[PATH_MAX], found = '!';
	size_t len, at, part;
	char *have = slurp(in(path, "%s/w/loaded/%d", s->dir, service), &len);

	if (!have)
		return '-';
	for (const char *x = "zabc"; *x; x++) {
		at = 0;
		for (int i = 0; i < n_files(); i++) {
			const char *want = wanted(*x, i, &part);

			if (at == SIZE_MAX || len < at + part ||
			    memcmp(have + at, want, part) != 0)
				at = SIZE_MAX;
			else
				at += part;
		}
		if (at == len)
			found = *x;
	}
	free(have);
	return found;
}

/* "a a a/a a -": on disk/loaded. */
static void say_host(const struct shard *s, char disk[SERVICES + 1],
		     char load[SERVICES + 1])
{
	for (int i = 0; i < services; i++) {
		disk[i] = on_disk(s, i + 1, n_files());
		load[i] = loaded(s, i + 1);
	}
	disk[services] = load[services] = '\0';
}

static void read_attr(const struct shard *s, int service, int file,
		      struct attr *ret)
{
	char path[PATH_MAX];
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	in(path, "%s/w/tls/%d/%s", s->dir, service, file_names()[file]);
	if (stat(path, &st) == -1)
		return;
	ret->mode = st.st_mode;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	ret->acl_len = getxattr(path, ACL, ret->acl, sizeof(ret->acl));
}

static void put_db(const struct shard *s, char x)
{
	char from[PATH_MAX], to[PATH_MAX];

	unlink(in(to, "%s/w/store/certrepo.db-journal", s->dir));
	unlink(in(to, "%s/w/store/certrepo.db-wal", s->dir));
	unlink(in(to, "%s/w/store/certrepo.db-shm", s->dir));
	copy_file(in(from, "%s/db.%c", setup, x),
		  in(to, "%s/w/store/certrepo.db", s->dir));
}

static void reset(const struct shard *s)
{
	char from[PATH_MAX], to[PATH_MAX];

	remove_tree(in(to, "%s/w", s->dir));
	copy_tree(in(from, "%s/pristine", s->dir), to);
	put_db(s, 'b');
}

/* --- a run --- */

static void __attribute__((__noreturn__)) be_server(int fd)
{
	char vars[2][PATH_MAX + 64], options[500];
	const char *asan = getenv("ASAN_OPTIONS");
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
			"LC_ALL=C",
			vars[0],
			vars[1],
			options,
			NULL };
	char *argv[] = { (char *) program, "-c", "conf", NULL };
	int null = open("/dev/null", O_RDONLY);

	snprintf(vars[0], sizeof(vars[0]), "LD_PRELOAD=%s", preload);
	snprintf(vars[1], sizeof(vars[1]), "INJECT_SERVER=%d", fd);
	snprintf(options, sizeof(options), "ASAN_OPTIONS=%s%s%s",
		 asan ? asan : "", asan ? ":" : "",
		 "verify_asan_link_order=0:detect_leaks=0");
	dup2(null, 0);
	close(null);
	execve(program, argv, env);
	fatal("%s", program);
}

static void start_server(struct shard *s)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1 ||
	    (s->server_pid = fork()) == -1)
		fatal("a server");
	if (s->server_pid == 0)
		be_server(dup(fds[1]));
	close(fds[1]);
	s->server = fds[0];
}

static void keep_said(struct shard *s)
{
	char path[PATH_MAX], *text, *p;
	size_t len;

	text = slurp(in(path, "%s/said", s->dir), &len);
	snprintf(s->said, sizeof(s->said), "%s", text ? text : "");
	free(text);
	while (s->said[0] != '\0' && s->said[strlen(s->said) - 1] == '\n')
		s->said[strlen(s->said) - 1] = '\0';
	for (p = s->said; *p != '\0'; p++)
		if (*p == '\n')
			*p = '|';
}

/* Its wait status, -1 when it hung. What it left running has ended, too. */
static int run_once(struct shard *s, const char *conf, const char *point,
		    const char *trace)
{
	static struct inject_request r;
	int status;

	in(r.conf, "%s/%s", s->dir, conf);
	in(r.said, "%s/said", s->dir);
	in(r.trace, "%s", trace);
	snprintf(r.point, sizeof(r.point), "%s", point);
	if (send(s->server, &r, sizeof(r), 0) == -1 ||
	    recv(s->server, &status, sizeof(status), 0) != sizeof(status))
		fatal("the server has ended");
	keep_said(s);
	return status;
}

/* A child that is about to run a command holds the lock for a moment after
 * its parent was killed. */
static int run_after(struct shard *s, const char *conf)
{
	int status = 0;

	for (int i = 0; i < 100; i++) {
		status = run_once(s, conf, "", "");
		if (status == -1 || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != 75)
			break;
		usleep(10000);
	}
	return status;
}

/* --- judging --- */

struct verdict {
	char text[1500];
};

static void __attribute__((__format__(__printf__, 2, 3)))
wrong(struct verdict *v, const char *fmt, ...)
{
	size_t len = strlen(v->text);
	va_list ap;

	if (len > 0 && len < sizeof(v->text) - 3) {
		strcpy(v->text + len, "; ");
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(v->text + len, sizeof(v->text) - len, fmt, ap);
	va_end(ap);
}

static bool sane(int status)
{
	static const int fine[] = { 0, 1, 2, 69, 78 };

	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		if (WIFEXITED(status) && WEXITSTATUS(status) == fine[i])
			return true;
	return false;
}

static void say_status(struct verdict *v, const char *when, int status)
{
	if (status == -1)
		wrong(v, "%s: hangs", when);
	else if (WIFSIGNALED(status))
		wrong(v, "%s: ended by signal %d", when, WTERMSIG(status));
	else
		wrong(v, "%s: exit %d", when, WEXITSTATUS(status));
}

static bool all_are(const char *text, char x)
{
	for (; *text; text++)
		if (*text != x)
			return false;
	return true;
}

static bool journal_left(const struct shard *s)
{
	char path[PATH_MAX], name[PATH_MAX];

	return find_name(in(path, "%s/w/state/journal", s->dir), "", name);
}

/* A key of its own is another file, and another rename. */
static void check_untorn(const struct shard *s, struct verdict *v,
			 const char *when)
{
	for (int i = 0; generation && i < services; i++) {
		char disk = on_disk(s, i + 1, n_others());

		if (!strchr("ab", disk)) {
			wrong(v, "%s: generation torn (%c)", when, disk);
			return;
		}
	}
}

/* The key of b is somewhere, whatever happens: in use, or the next one. */
static void check_next(const struct shard *s, struct verdict *v,
		       const char *when)
{
	char path[PATH_MAX], *have, *want;
	size_t n_have = 0, n_want = 0;

	if (!rekeyed || on_disk(s, 1, n_files()) == 'b')
		return;
	have = slurp(in(path, "%s/w/state/next/%s", s->dir, rekeyed), &n_have);
	want = slurp(in(path, "%s/sets/b.key.pem", setup), &n_want);
	if (!have || n_have != n_want || memcmp(have, want, n_want) != 0)
		wrong(v, "%s: the next key is lost", when);
	free(have);
	free(want);
}

static void check_attrs(const struct shard *s, struct verdict *v,
			const char *when)
{
	struct attr now;

	for (int i = 0; i < services; i++) {
		for (int f = 0; f < n_files(); f++) {
			const struct attr *was = &s->attrs[i][f];

			read_attr(s, i + 1, f, &now);
			if (now.mode != was->mode || now.uid != was->uid ||
			    now.gid != was->gid)
				wrong(v, "%s: %s was %o %u:%u, is %o %u:%u",
				      when, file_names()[f], was->mode,
				      was->uid, was->gid, now.mode, now.uid,
				      now.gid);
			if (now.acl_len != was->acl_len ||
			    (was->acl_len > 0 &&
			     memcmp(now.acl, was->acl, (size_t) was->acl_len) !=
				     0))
				wrong(v, "%s: the ACL of %s is lost", when,
				      file_names()[f]);
		}
	}
}

/* One whole set everywhere, that of the disk loaded; going back: the old. */
static void check_whole(const struct shard *s, struct verdict *v,
			const char *when, bool must_be_old)
{
	char disk[SERVICES + 1], load[SERVICES + 1];

	say_host(s, disk, load);
	if (!strchr(must_be_old ? "a" : "ab", disk[0]) ||
	    !all_are(disk, disk[0]))
		wrong(v, "%s: on disk %s", when, disk);
	else if (strcmp(disk, load) != 0)
		wrong(v, "%s: on disk %s, loaded %s", when, disk, load);
	else if (disk[0] == 'a')
		check_attrs(s, v, when);
}

static void check_disk(const struct shard *s, struct verdict *v,
		       const char *when, char x)
{
	char disk[SERVICES + 1], load[SERVICES + 1];

	say_host(s, disk, load);
	if (!all_are(disk, x))
		wrong(v, "%s: on disk %s", when, disk);
}

static void check_new(const struct shard *s, struct verdict *v,
		      const char *when, char x)
{
	char disk[SERVICES + 1], load[SERVICES + 1];

	say_host(s, disk, load);
	if (!all_are(disk, x) || !all_are(load, x))
		wrong(v, "%s: exit 0, but on disk %s, loaded %s", when, disk,
		      load);
}

static void check_tidy(const struct shard *s, struct verdict *v,
		       const char *when)
{
	char path[PATH_MAX], name[PATH_MAX];

	if (find_name(in(path, "%s/w", s->dir), ".certrepo-", name))
		wrong(v, "%s: %.60s is left", when, name);
	if (journal_left(s))
		wrong(v, "%s: the journal is left", when);
}

static void check_outside(const struct shard *s, struct verdict *v)
{
	char path[PATH_MAX], *a, *b;
	size_t x = 0, y = 0;

	a = slurp(in(path, "%s/w/outside/fullchain.pem", s->dir), &x);
	b = slurp(in(path, "%s/w/outside/secret", s->dir), &y);
	if (x != 4 || y != 4 || memcmp(a, "mine", 4) != 0 ||
	    memcmp(b, "mine", 4) != 0)
		wrong(v, "the folder outside was touched");
	free(a);
	free(b);
}

/* --- a point --- */

static bool is_kill(const char *point)
{
	return strstr(point, ":kill") && !strchr(point, '/');
}

/* True when there is something left for the next run to finish. */
static bool first_run(struct shard *s, const char *point, struct verdict *v)
{
	int status = run_once(s, "installer.conf", point, "");
	bool killed = is_kill(point) && status != -1 && WIFSIGNALED(status) &&
		      WTERMSIG(status) == SIGKILL;
	const char *at = "at once";

	if (!killed && (status == -1 || !sane(status)))
		say_status(v, at, status);
	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		check_new(s, v, at, 'b');
	check_untorn(s, v, at);
	check_next(s, v, at);
	if (killed || journal_left(s))
		return true;
	/* Where the look that would have found the fault could not be made,
	 * the new set stays, and the next run looks. */
	if (back && strstr(s->said, "not seen what is served"))
		check_disk(s, v, at, 'b');
	else
		check_whole(s, v, at, back);
	return false;
}

/* A run that can do nothing but to finish. */
static void finish_run(struct shard *s, struct verdict *v)
{
	int status = run_after(s, "down.conf");

	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 69) {
		say_status(v, "store down", status);
		wrong(v, "(%s)", s->said);
	}
	check_whole(s, v, "store down", back);
	check_next(s, v, "store down");
}

static void look_at_point(struct shard *s, const char *point, struct verdict *v)
{
	char said[sizeof(s->said)];
	bool left;
	int status;

	reset(s);
	left = first_run(s, point, v);
	memcpy(said, s->said, sizeof(said));
	if (left)
		finish_run(s, v);
	if (back)
		put_db(s, 'c');
	status = run_after(s, "installer.conf");
	if (status != 0) {
		say_status(v, "then", status);
		wrong(v, "(%s)", s->said);
	} else {
		check_new(s, v, "then", back ? 'c' : 'b');
	}
	check_tidy(s, v, "then");
	check_outside(s, v);
	if (v->text[0] != '\0')
		wrong(v, "(it had said: %s)", said);
}

/* --- making a shard --- */

static void fill_in(const struct shard *s, const char *name)
{
	char path[PATH_MAX], *text, *p, *at;
	size_t len;
	FILE *f;

	text = slurp(in(path, "%s/%s", setup, name), &len);
	if (!text)
		fatal("%s", path);
	f = fopen(in(path, "%s/%s", s->dir, name), "w");
	if (!f || chmod(path, 0600) == -1)
		fatal("%s", path);
	for (p = text; (at = strstr(p, "@D@")); p = at + 3)
		fprintf(f, "%.*s%s", (int) (at - p), p, s->dir);
	fputs(p, f);
	if (fclose(f) != 0)
		fatal("%s", path);
	free(text);
}

static void make_folder(const struct shard *s, const char *name)
{
	char path[PATH_MAX];

	if (mkdir(in(path, "%s/%s", s->dir, name), 0755) == -1)
		fatal("%s", path);
}

static void must_run(struct shard *s, char x)
{
	char disk[SERVICES + 1], load[SERVICES + 1];
	int status;

	put_db(s, x);
	status = run_once(s, "installer.conf", "", "");
	say_host(s, disk, load);
	if (status != 0 || !all_are(disk, x) || !all_are(load, x)) {
		fprintf(stderr,
			"set %c: status %d, on disk %s, loaded %s: %s\n", x,
			status, disk, load, s->said);
		exit(1);
	}
}

/* rw-r----- and user 1 may read: version 2 of the kernel's form. */
static const unsigned char acl_u1[] = {
	2,  0, 0, 0,			 /* version */
	1,  0, 6, 0, 255, 255, 255, 255, /* u::rw- */
	2,  0, 4, 0, 1,	  0,   0,   0,	 /* u:1:r-- */
	4,  0, 0, 0, 255, 255, 255, 255, /* g::--- */
	16, 0, 4, 0, 255, 255, 255, 255, /* m::r-- */
	32, 0, 0, 0, 255, 255, 255, 255, /* o::--- */
};

/* An admin has been here after us: modes, an owner, an ACL of his own. */
static void as_admin(struct shard *s)
{
	char path[PATH_MAX], to[PATH_MAX];

	for (int i = 1; i <= services; i++) {
		if (generation) {
			in(path, "%s/w/tls/%d/%s", s->dir, i, WATCHED);
			if (!easy &&
			    symlink(in(to, "%s/w/outside", s->dir), path) == -1)
				fatal("%s", path);
			continue;
		}
		in(path, "%s/w/tls/%d/cert.pem", s->dir, i);
		if (chmod(path, 0604) == -1 ||
		    (geteuid() == 0 && chown(path, 1, 1) == -1))
			fatal("%s", path);
		in(path, "%s/w/tls/%d/combined.pem", s->dir, i);
		if (!easy &&
		    setxattr(path, ACL, acl_u1, sizeof(acl_u1), 0) == -1 &&
		    errno != ENOTSUP)
			fatal("%s: ACL", path);
	}
	for (int i = 1; i <= services; i++)
		for (int f = 0; f < n_files(); f++)
			read_attr(s, i, f, &s->attrs[i - 1][f]);
}

/* The key in use, of the modes of an admin. */
static void put_keys(const struct shard *s)
{
	char path[PATH_MAX], to[PATH_MAX];

	for (int i = 1; i <= services; i++) {
		copy_file(in(path, "%s/sets/a.key.pem", setup),
			  in(to, "%s/w/tls/%d/key.pem", s->dir, i));
		if (chmod(to, 0640) == -1)
			fatal("%s", to);
	}
}

static void put_next(const struct shard *s)
{
	char path[PATH_MAX], to[PATH_MAX];

	if (mkdir(in(to, "%s/w/state/next", s->dir), 0700) == -1)
		fatal("%s", to);
	copy_file(in(path, "%s/sets/b.key.pem", setup),
		  in(to, "%s/w/state/next/%s", s->dir, rekeyed));
}

static void make_shard(struct shard *s, int n)
{
	static const char *const folders[] = { "",	   "profiles",
					       "shipped",  "w",
					       "w/store",  "w/tls",
					       "w/loaded", "w/outside" };
	char path[PATH_MAX], to[PATH_MAX];

	snprintf(s->dir, sizeof(s->dir), "%s/%d", scratch, n);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		make_folder(s, folders[i]);
	fill_in(s, "installer.conf");
	fill_in(s, "down.conf");
	for (int i = 1; i <= services; i++) {
		snprintf(path, sizeof(path), "profiles/s%d.conf", i);
		fill_in(s, path);
		snprintf(path, sizeof(path), "w/tls/%d", i);
		make_folder(s, path);
	}
	spill(in(path, "%s/w/outside/fullchain.pem", s->dir), "mine", 4);
	spill(in(path, "%s/w/outside/secret", s->dir), "mine", 4);
	start_server(s);
	if (rekeyed)
		put_keys(s);
	must_run(s, 'z');
	must_run(s, 'a');
	as_admin(s);
	if (rekeyed)
		put_next(s);
	/* the last one does not like b */
	if (back)
		copy_file(in(path, "%s/sets/b.crt", setup),
			  in(to, "%s/w/loaded/%d.%s", s->dir, services,
			     services > 1 ? "lies" : "dies"));
	if (rename(in(path, "%s/w", s->dir), in(to, "%s/pristine", s->dir)) ==
	    -1)
		fatal("%s", path);
}

/* --- which points there are --- */

struct one {
	char point[64];
	char group[64];
	const char *about; /* what the call was about in the clean run */
	bool tried;
	char *problem; /* NULL: none */
};

static struct one *points;
static size_t n_points;

/* Is the next of a kind to be tried. */
static bool is_turn(const char *group, bool rare)
{
	static struct {
		char group[64];
		int n;
	} seen[2][GROUPS_MAX];
	int every = rare ? rare_step * step : step;
	size_t i = 0;

	while (seen[rare][i].n > 0 && strcmp(seen[rare][i].group, group) != 0)
		if (++i == GROUPS_MAX)
			fatal("too many kinds of points");
	snprintf(seen[rare][i].group, sizeof(seen[rare][i].group), "%s", group);
	return seen[rare][i].n++ % every == 0;
}

static void add_point(const char *call, unsigned long n, const char *what,
		      const char *about, bool rare)
{
	struct one *p = &points[n_points];

	if (n_points == POINTS_MAX)
		fatal("too many points");
	snprintf(p->point, sizeof(p->point), "%s#%lu%s:%s", call, n,
		 strcmp(call, "change") == 0 ? "+" : "", what);
	snprintf(p->group, sizeof(p->group), "%s at %s", what, call);
	p->about = about;
	n_points += is_turn(p->group, rare);
}

static bool one_of(const char *name, const char *list)
{
	const char *at = strstr(list, name);
	size_t len = strlen(name);

	return at && (at == list || at[-1] == ' ') &&
	       (at[len] == ' ' || at[len] == '\0');
}

static const char *usual_error(const char *call)
{
	return strcmp(call, "fork") == 0    ? "EAGAIN"
	       : strcmp(call, "pipe2") == 0 ? "EMFILE"
					    : "EIO";
}

/* DULL: not of what this program has to answer for. */
static void add_points(const char *who, unsigned long n, bool changes,
		       const char *about, bool dull)
{
	const char *slash = strchr(who, '/'), *call = slash ? slash + 1 : who;

	add_point(who, n, usual_error(call), about, dull);
	if (!one_of(call, "fork pipe2"))
		add_point(who, n, "EINTR", about, true);
	if (changes &&
	    one_of(call, "open openat creat write pwrite fsync fdatasync "
			 "mkdir mkdirat symlink symlinkat rename renameat "
			 "renameat2 link linkat fsetxattr ftruncate"))
		add_point(who, n, "ENOSPC", about, true);
	if (changes && one_of(call, "write pwrite"))
		add_point(who, n, "short", about, true);
	/* A command that somebody kills has failed: that is held. */
	if (slash)
		return;
	if (changes || one_of(call, "fork waitpid"))
		add_point(who, n, "killed", about, dull);
	else if (one_of(call, "open openat"))
		add_point(who, n, "killed", about, true);
	if (changes || one_of(call, "fork waitpid"))
		add_point(who, n, "kill", about, true);
}

/* The system's files, and those of the store. */
static bool is_dull(const char *about, const char *dir)
{
	size_t len = strlen(dir);

	if (about[0] != '/')
		return false;
	return strncmp(about, dir, len) != 0 ||
	       strncmp(about + len, "/w/store/", 9) == 0 ||
	       strncmp(about + len, "/w/", 3) != 0;
}

static void list_points(struct shard *s)
{
	char path[PATH_MAX], who[64], kind, *text, *line, *save = NULL;
	unsigned long n, changes = 0;
	size_t len;
	int at;

	reset(s);
	run_once(s, "installer.conf", "", in(path, "%s/trace", s->dir));
	text = slurp(path, &len);
	if (!text)
		fatal("%s", path);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%63[^#]#%lu %c %n", who, &n, &kind, &at) != 3)
			continue;
		add_points(who, n, kind == 'c', line + at,
			   is_dull(line + at, s->dir));
		if (kind != 'c' || strchr(who, '/'))
			continue;
		changes++;
		add_point("change", changes, "ENOSPC", line + at, true);
		add_point("change", changes, "EROFS", line + at, true);
	}
}

/* --- all of them --- */

static void work(struct shard *s, int me, int out)
{
	for (size_t i = 0; i < n_points; i++) {
		struct verdict v = { "" };

		if (i % (size_t) shards != (size_t) me)
			continue;
		look_at_point(s, points[i].point, &v);
		dprintf(out, "%zu %s\n", i, v.text);
	}
}

static void collect(int fd)
{
	FILE *f = fdopen(fd, "r");
	char line[4000];
	size_t i;
	int at;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%zu %n", &i, &at) != 1 || i >= n_points)
			continue;
		line[strcspn(line, "\n")] = '\0';
		points[i].tried = true;
		if (line[at] != '\0')
			points[i].problem = strdup(line + at);
	}
}

static void report_group(size_t first)
{
	size_t tried = 0, bad = 0;
	char group[64];

	memcpy(group, points[first].group, sizeof(group));
	for (size_t i = first; i < n_points; i++) {
		if (strcmp(points[i].group, group) != 0)
			continue;
		tried += points[i].tried;
		bad += points[i].problem ? 1 : 0;
	}
	if (tried > 0)
		printf("%sok %s (%zu)\n", bad > 0 ? "not " : "", group, tried);
	for (size_t i = first; i < n_points; i++) {
		if (strcmp(points[i].group, group) != 0)
			continue;
		if (points[i].problem)
			printf("# %s [%s] %s\n", points[i].point,
			       points[i].about, points[i].problem);
		points[i].group[0] = '\0';
	}
}

static void sweep(struct shard *all)
{
	pid_t pids[64];
	int fds[2], status;

	if (pipe(fds) == -1)
		fatal("pipe");
	for (int i = 0; i < shards; i++) {
		pids[i] = fork();
		if (pids[i] == -1)
			fatal("fork");
		if (pids[i] != 0)
			continue;
		close(fds[0]);
		work(&all[i], i, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	collect(fds[0]);
	for (int i = 0; i < shards; i++)
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			fatal("a shard ended with status %d", status);
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:d:i:p:l:n:r:bej:k:m:L")) != -1) {
		switch (c) {
		case 's':
			setup = optarg;
			break;
		case 'd':
			scratch = optarg;
			break;
		case 'i':
			program = optarg;
			break;
		case 'p':
			preload = optarg;
			break;
		case 'l':
			generation = strcmp(optarg, "generation") == 0;
			break;
		case 'n':
			services = atoi(optarg);
			break;
		case 'r':
			rekeyed = optarg;
			break;
		case 'b':
			back = true;
			break;
		case 'e':
			easy = true;
			break;
		case 'j':
			shards = atoi(optarg);
			break;
		case 'k':
			rare_step = atoi(optarg);
			break;
		case 'L':
			list_only = true;
			break;
		case 'm':
			step = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct rusage used;
	struct timespec t0, t1;
	struct shard *all;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	options(argc, argv);
	if (argc > optind || shards < 1 || shards > 64)
		shards = 1;
	umask(022);
	all = calloc((size_t) shards, sizeof(*all));
	points = calloc(POINTS_MAX, sizeof(*points));
	for (int i = 0; i < shards; i++)
		make_shard(&all[i], i);
	for (int i = optind; i < argc; i++) {
		snprintf(points[n_points].group, 64, "by hand");
		points[n_points].about = "";
		snprintf(points[n_points++].point, 64, "%s", argv[i]);
	}
	if (n_points == 0)
		list_points(&all[0]);
	for (size_t i = 0; list_only && i < n_points; i++)
		printf("# %s %s\n", points[i].point, points[i].about);
	if (!list_only)
		sweep(all);
	for (size_t i = 0; i < n_points; i++)
		if (points[i].group[0] != '\0')
			report_group(i);
	for (int i = 0; i < shards; i++) {
		close(all[i].server);
		waitpid(all[i].server_pid, NULL, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	getrusage(RUSAGE_CHILDREN, &used);
	printf("# %zu points in %ld s, %ld s of a processor\n", n_points,
	       (long) (t1.tv_sec - t0.tv_sec),
	       (long) (used.ru_utime.tv_sec + used.ru_stime.tv_sec));
	return 0;
}
