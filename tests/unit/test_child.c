/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <linux/keyctl.h>
#include "child.h"
#include "clock.h"
#include "scratch.h"

#define SH(script) ((const char *[]){ "/bin/sh", "-c", script, NULL })

#define HELD_S 20 /* then a holder lets go, so that no fault hangs the test */

/* What the wrappers below do in a child of child.c, before it is another
 * program. */
static struct {
	bool dumpable;	   /* after setuid(), as with fs.suid_dumpable = 1 */
	const char *waits; /* before execve(), its pid in that file */
	const char *stops; /* before _exit(), the same */
	struct {
		int n, dumpable;
	} * execs; /* shared: how many, and how many that could dump */
} early;

static void say_pid(const char *file)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d\n", (int) getpid());
	scratch_write(file, pid, 0644);
}

int setuid(uid_t uid)
{
	int rc = (int) syscall(SYS_setuid, uid);

	if (rc == 0 && early.dumpable)
		prctl(PR_SET_DUMPABLE, 1);
	return rc;
}

int execve(const char *path, char *const argv[], char *const env[])
{
	if (early.execs) {
		__atomic_add_fetch(&early.execs->dumpable,
				   prctl(PR_GET_DUMPABLE) == 1,
				   __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&early.execs->n, 1, __ATOMIC_SEQ_CST);
	}
	if (early.waits) {
		say_pid(early.waits);
		pause();
	}
	return (int) syscall(SYS_execve, path, argv, env);
}

void _exit(int status)
{
	if (early.stops) {
		say_pid(early.stops);
		raise(SIGSTOP);
	}
	for (;;)
		syscall(SYS_exit_group, status);
}

static struct child_result run(const char *const *argv, int timeout_s)
{
	struct child_spec spec = { .argv = argv, .timeout_s = timeout_s };
	struct child_result r = { .status = -1 };
	struct err err = ERR_INIT;

	if (child_run(&spec, &r, &err) == -1)
		fail_msg("%s", err.msg);
	return r;
}

static void status_and_output(void **state)
{
	struct child_result r = run(SH("echo out; echo err >&2; exit 3"), 10);

	assert_int_equal(r.status, 3);
	assert_false(r.timed_out);
	assert_string_equal(sbuf_str(&r.output), "out\nerr\n");
	sbuf_free(&r.output);
	r = run(SH("kill -9 $$"), 10);
	assert_int_equal(r.status, 128 + 9);
	sbuf_free(&r.output);
	r = run((const char *[]){ "true", NULL }, 10);
	assert_int_equal(r.status, 0);
	sbuf_free(&r.output);
}

/* What the child finds: only our environment, / and three descriptors. */
static void surroundings(void **state)
{
	const char *const env[] = { "CERTREPO_NAME=a b", NULL };
	struct child_spec spec = {
		.argv = (const char *[]){ "env", NULL },
		.env = env,
		.timeout_s = 10,
	};
	struct child_result r;
	struct err err = ERR_INIT;
	int leak = open("/dev/null", O_RDONLY);

	setenv("SECRET", "x", 1);
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output),
			    "CERTREPO_NAME=a b\n"
			    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	sbuf_free(&r.output);
	setenv("PATH", "/usr/bin:/bin", 1);
	r = run(SH("pwd; cd /proc/self/fd; echo *; read x || echo eof"), 10);
	close(leak);
	/* 3 is sh's own, while it lists. */
	if (strcmp(sbuf_str(&r.output), "/\n0 1 2 3\neof\n") != 0)
		assert_string_equal(sbuf_str(&r.output), "/\n0 1 2\neof\n");
	sbuf_free(&r.output);
}

/* A handler or a mask of ours must not be felt by the command. */
static void signals(void **state)
{
	struct child_result r;
	unsigned long long blocked, ignored;
	sigset_t set, old;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	r = run(SH("grep -E 'Sig(Blk|Ign)' /proc/self/status"), 10);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sscanf(sbuf_str(&r.output),
				"SigBlk: %llx SigIgn: %llx", &blocked,
				&ignored),
			 2);
	sbuf_free(&r.output);
	assert_int_equal(blocked, 0);
	/* 32 and 33 are libc's own: nobody can set them, they are inherited. */
	assert_int_equal(ignored & ~(3ULL << 31), 0);
}

static void input(void **state)
{
	static const char *const all[] = { "sha256sum", NULL };
	static const char *const some[] = { "head", "-c3", NULL };
	static const char *const none[] = { "wc", "-c", NULL };
	static const struct {
		const char *const *argv;
		size_t len;
		const char *says;
	} cases[] = {
		/* head -c 4194304 /dev/zero | sha256sum */
		{ all, 4u << 20,
		  "bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d"
		  "3af8  -\n" },
		{ some, 4u << 20, NULL },
		{ none, 0, "0\n" },
	};
	void *zeros = mem_alloc(4u << 20);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct child_spec spec = { .argv = cases[i].argv,
					   .timeout_s = 20,
					   .input = zeros,
					   .input_len = cases[i].len };
		struct child_result r = { .status = 1 };
		struct err err = ERR_INIT;

		assert_int_equal(child_run(&spec, &r, &err), 0);
		assert_int_equal(r.status, 0);
		if (cases[i].says)
			assert_string_equal(sbuf_str(&r.output), cases[i].says);
		else
			assert_int_equal(r.output.len, 3);
		sbuf_free(&r.output);
	}
	free(zeros);
}

/* Every byte, more than a pipe holds, as it was; and most of it left unread. */
static void binary_input(void **state)
{
	static char bytes[3u << 20];
	char script[1500];
	struct child_spec spec = { .argv = SH(script),
				   .timeout_s = 20,
				   .input = bytes,
				   .input_len = sizeof(bytes) };
	struct child_result r;
	struct err err = ERR_INIT;
	FILE *f = fopen(scratch("bytes"), "w");

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char) (i % 251 + i / 251);
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	assert_int_equal(fclose(f), 0);
	snprintf(script, sizeof(script), "cmp - %s && echo same",
		 scratch("bytes"));
	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output), "same\n");
	sbuf_free(&r.output);
	snprintf(script, sizeof(script), "head -c 5 | cmp -n 5 - %s && echo so",
		 scratch("bytes"));
	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output), "so\n");
	sbuf_free(&r.output);
}

static void no_shell(void **state)
{
	struct child_result r = run(
		(const char *[]){ "echo", "$HOME", "`id`", "; id", NULL }, 10);

	assert_string_equal(sbuf_str(&r.output), "$HOME `id` ; id\n");
	sbuf_free(&r.output);
}

/* Its first and its last bytes, and more than a pipe holds, so that a stop of
 * reading would hang. */
static void output_is_capped(void **state)
{
	struct child_result r =
		run(SH("echo first; head -c 300000 /dev/zero | tr '\\0' x; "
		       "echo; echo last; exit 5"),
		    20);
	const char *text = sbuf_str(&r.output);
	size_t len = strlen(text);

	assert_int_equal(r.status, 5);
	assert_in_range(len, 8000, CHILD_OUTPUT_MAX);
	assert_memory_equal(text, "first\nxxx", 9);
	assert_string_equal(text + len - 9, "xxx\nlast\n");
	/* 6 + 300000 + 6 bytes, two times 4096 kept */
	assert_non_null(strstr(text, "xx\n[... 291820 bytes are left out "
				     "...]\nxx"));
	sbuf_free(&r.output);
}

/* Whoever writes faster than we read does not keep us from the clock. */
static void endless_output(void **state)
{
	int64_t start = clock_mono_ms();
	struct child_result r =
		run((const char *[]){ "cat", "/dev/zero", NULL }, 1);

	assert_true(r.timed_out);
	assert_in_range(clock_mono_ms() - start, 1000, 2900);
	sbuf_free(&r.output);
}

static void cannot_start(const char *name, const char *user, const char *why)
{
	struct child_spec spec = { .argv = (const char *[]){ name, NULL },
				   .user = user,
				   .timeout_s = 5 };
	struct child_result r = { .status = 77 };
	struct err err = ERR_INIT;

	assert_int_equal(child_run(&spec, &r, &err), -1);
	assert_int_equal(err.kind, ERR_CHILD);
	assert_non_null(strstr(err.msg, name));
	assert_non_null(strstr(err.msg, why));
	assert_int_equal(r.status, 77);
}

static void start_failures(void **state)
{
	scratch_write(scratch("plain"), "echo hello\n", 0755);
	scratch_write(scratch("mode"), "#!/bin/sh\n", 0644);
	cannot_start("no-such-command", NULL, "No such file");
	cannot_start("/no/such/command", NULL, "No such file");
	cannot_start(scratch("mode"), NULL, "Permission denied");
	/* No "#!": a shell would have to be guessed. */
	cannot_start(scratch("plain"), NULL, "Exec format error");
	cannot_start("true", "no-such-user", "no user \"no-such-user\"");
	cannot_start("/", NULL, "Permission denied");
}

static bool runs(int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	/* A killed orphan may wait for its reaper as a zombie. */
	return scratch_read(path)[0] && !strstr(scratch_read(path), ") Z ");
}

static bool alive(const char *pid_file)
{
	return runs(atoi(scratch_read(pid_file)));
}

static void time_is_up(void **state)
{
	char script[1500];
	int64_t start = clock_mono_ms();
	struct child_result r;

	snprintf(script, sizeof(script),
		 "sleep 60 & echo $! >%s; echo begun; sleep 60",
		 scratch("pid"));
	r = run(SH(script), 1);
	assert_true(r.timed_out);
	assert_int_equal(r.status, 128 + SIGTERM);
	assert_string_equal(sbuf_str(&r.output), "begun\n");
	assert_in_range(clock_mono_ms() - start, 1000, 2900);
	/* The whole group went. */
	usleep(50000);
	assert_false(alive(scratch("pid")));
	sbuf_free(&r.output);
}

static void deaf_to_term(void **state)
{
	int64_t start = clock_mono_ms();
	struct child_result r =
		run(SH("trap '' TERM; while :; do sleep 1; done"), 1);

	assert_true(r.timed_out);
	assert_int_equal(r.status, 128 + SIGKILL);
	assert_in_range(clock_mono_ms() - start, 3000, 8000);
	sbuf_free(&r.output);
}

/* It holds our pipe for a minute; we do not wait for it, nor kill it. */
static void daemon_left_behind(void **state)
{
	char script[1500];
	int64_t start = clock_mono_ms();
	struct child_result r;

	snprintf(script, sizeof(script), "sleep 60 & echo $! >%s; echo up",
		 scratch("daemon"));
	r = run(SH(script), 30);
	assert_int_equal(r.status, 0);
	assert_false(r.timed_out);
	assert_string_equal(sbuf_str(&r.output), "up\n");
	assert_in_range(clock_mono_ms() - start, 0, 5000);
	assert_true(alive(scratch("daemon")));
	kill(atoi(scratch_read(scratch("daemon"))), SIGKILL);
	sbuf_free(&r.output);
}

/* A terminal of ours is none of its business: nothing can be typed into it. */
static void own_session(void **state)
{
	struct child_result r =
		run(SH("read -r l </proc/$$/stat; set -- ${l##*) }; "
		       "test $4 = $$ && echo leader; exec 2>/dev/null; "
		       ": </dev/tty || exit 9"),
		    10);

	assert_string_equal(sbuf_str(&r.output), "leader\n");
	assert_int_not_equal(r.status, 0);
	sbuf_free(&r.output);
}

/* How many processes read the pipe PIPE ("pipe:[123]") on, each with nothing
 * but its three descriptors, and as UID. */
static int drains(const char *pipe, uid_t uid)
{
	char path[300], link[64];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir("/proc");
	int n = 0;

	while ((e = readdir(d))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		if (strcmp(scratch_read(path), "certrepo-drain") != 0)
			continue;
		assert_int_equal(stat(path, &st), 0);
		snprintf(path, sizeof(path), "/proc/%s/fd/0", e->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		if (strcmp(link, pipe) != 0)
			continue;
		assert_int_equal(st.st_uid, uid);
		snprintf(path, sizeof(path), "/proc/%s/fd/3", e->d_name);
		assert_int_equal(readlink(path, link, sizeof(link)), -1);
		n++;
	}
	closedir(d);
	return n;
}

/* Until FILE has something in it; at most 5 s. */
static const char *soon(const char *file)
{
	for (int i = 0; i < 250 && scratch_read(file)[0] == '\0'; i++)
		usleep(20000);
	return scratch_read(file);
}

/* What it writes later does not kill it, though nobody wants it any more, and
 * our lock is not its. */
static void daemon_that_talks(const char *user, uid_t uid)
{
	char script[4000], pipe[64] = "";
	struct child_spec spec = { .argv = SH(script),
				   .user = user,
				   .timeout_s = 10 };
	struct child_result r;
	struct err err = ERR_INIT;
	int lock = open(scratch("lock"), O_RDWR | O_CREAT, 0666), again;

	mkdir(scratch("d"), 0777);
	chmod(scratch_dir, 0755);
	chmod(scratch("d"), 0777);
	snprintf(script, sizeof(script),
		 "(sleep .4; echo a; sleep .1; echo b; echo lives >%s; "
		 "while test ! -e %s; do sleep .05; done) & "
		 "readlink /proc/$$/fd/1; echo up",
		 scratch("d/lives"), scratch("d/end"));
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(child_run(&spec, &r, &err), 0);
	close(lock);
	again = open(scratch("lock"), O_RDWR);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), 0);
	close(again);
	assert_int_equal(r.status, 0);
	sscanf(sbuf_str(&r.output), "%63s", pipe);
	sbuf_free(&r.output);
	assert_string_equal(soon(scratch("d/lives")), "lives\n");
	assert_int_equal(drains(pipe, uid), 1);
	scratch_write(scratch("d/end"), "", 0666);
	for (int i = 0; i < 250 && drains(pipe, uid) > 0; i++)
		usleep(20000);
	assert_int_equal(drains(pipe, uid), 0);
	unlink(scratch("d/lives"));
	unlink(scratch("d/end"));
}

static void daemon_talks(void **state)
{
	daemon_that_talks(NULL, geteuid());
}

static void daemon_of_another(void **state)
{
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	daemon_that_talks("nobody", 65534);
}

static void other_user(void **state)
{
	struct child_spec spec = {
		.argv = (const char *[]){ "id", NULL },
		.user = "nobody",
		.timeout_s = 10,
	};
	struct child_result r;
	struct err err = ERR_INIT;

	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	assert_int_equal(child_run(&spec, &r, &err), 0);
	/* No group of root's is left. */
	assert_string_equal(sbuf_str(&r.output),
			    "uid=65534(nobody) gid=65534(nogroup) "
			    "groups=65534(nogroup)\n");
	sbuf_free(&r.output);
	/* Its own stderr, by that name. */
	spec.argv = SH("echo so >/dev/stderr; echo it >/dev/stdout");
	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output), "so\nit\n");
	sbuf_free(&r.output);
}

/* What root's session keeps there (a ticket, a password) is root's. */
static void keys_of_the_session(void **state)
{
	static const char *const users[] = { "nobody", NULL };
	char key[40], script[100];
	struct child_spec spec = { .argv = SH(script), .timeout_s = 10 };
	struct child_result r;
	struct err err = ERR_INIT;

	/* Those of other runs are seen, too, for a while. */
	snprintf(key, sizeof(key), "certrepo-%d-secret", (int) getpid());
	snprintf(script, sizeof(script), "grep -c %s /proc/keys", key);

	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) == -1 ||
	    syscall(SYS_add_key, "user", key, "x", 1,
		    KEY_SPEC_SESSION_KEYRING) == -1 ||
	    access("/proc/keys", R_OK) == -1)
		SCRATCH_SKIP("no keyrings here");
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		spec.user = users[i];
		assert_int_equal(child_run(&spec, &r, &err), 0);
		assert_string_equal(sbuf_str(&r.output),
				    users[i] ? "0\n" : "1\n");
		sbuf_free(&r.output);
	}
}

static void check(const char *script, const char *message)
{
	struct child_spec spec = { .argv = SH(script), .timeout_s = 1 };
	struct err err = ERR_INIT;
	bool started = false;

	assert_int_equal(child_check(&spec, &started, &err), message ? -1 : 0);
	assert_true(started);
	assert_int_equal(err.kind, message ? ERR_CHILD : ERR_NONE);
	assert_string_equal(err.msg, message ? message : "");
}

static void checks(void **state)
{
	struct child_spec gone = { .argv = (const char *[]){ "/no/such", NULL },
				   .timeout_s = 1 };
	struct err err = ERR_INIT;
	bool started = true;

	check("echo fine", NULL);
	check("echo one; echo \"two \"; echo; exit 1",
	      "\"/bin/sh -c 'echo one; echo \"two \"; echo; exit 1'\" exited "
	      "with 1: \"one / two\"");
	check("exit 7", "\"/bin/sh -c 'exit 7'\" exited with 7");
	check("kill -15 $$", "\"/bin/sh -c 'kill -15 $$'\" was ended by signal "
			     "15");
	check("exec sleep 9", "\"/bin/sh -c 'exec sleep 9'\" timed out after 1 "
			      "s");
	assert_int_equal(child_check(&gone, &started, &err), -1);
	assert_false(started);
}

/* Of a long command its end is the interesting one. */
/* What a peer sends does not fill the disk. */
static void large_file(void **state)
{
	struct child_spec spec = {
		.argv = (const char *[]){ "cp", "/dev/zero", scratch("large"),
					  NULL },
		.timeout_s = 10,
		.file_max = 100000,
	};
	char want[500];
	struct stat st;
	struct err err = ERR_INIT;
	bool started = false;

	assert_int_equal(child_check(&spec, &started, &err), -1);
	assert_true(started);
	snprintf(want, sizeof(want),
		 "\"cp /dev/zero %s\" was ended, since a file it wrote is "
		 "larger than 100000 bytes",
		 scratch("large"));
	assert_string_equal(err.msg, want);
	assert_int_equal(stat(scratch("large"), &st), 0);
	assert_int_equal(st.st_size, 100000);
	/* What it says is no file. */
	spec.argv = SH("head -c 300000 /dev/zero");
	assert_int_equal(child_check(&spec, &started, &err), 0);
}

static void long_command(void **state)
{
	char x[301];
	struct child_spec spec = {
		.argv = (const char *[]){ "/bin/false", x, "root@host",
					  "/etc/init.d/hostd restart", NULL },
		.timeout_s = 1,
	};
	struct err err = ERR_INIT;

	memset(x, 'x', 300);
	x[300] = '\0';
	assert_int_equal(child_check(&spec, NULL, &err), -1);
	assert_memory_equal(err.msg, "\"/bin/false xxx", 15);
	assert_non_null(strstr(err.msg, "xxx ... xxx"));
	assert_non_null(strstr(err.msg, "xxx root@host '/etc/init.d/hostd "
					"restart'\" exited with 1"));
	assert_true(strlen(err.msg) < 250);
}

static void finds(const char *program, const char *user, const char *why)
{
	struct child_spec spec = { .argv = (const char *[]){ program, NULL },
				   .user = user,
				   .timeout_s = 10 };
	struct err err = ERR_INIT;
	int rc = child_find(&spec, &err);

	assert_string_equal(err.msg, why ? why : "");
	assert_int_equal(rc, why ? -1 : 0);
}

/* As the command would: by its PATH, as its user, and without running it. */
static void programs(void **state)
{
	char why[700];

	scratch_write(scratch("run"), "#!/bin/sh\ntouch $0.ran\n", 0755);
	scratch_write(scratch("mode"), "#!/bin/sh\n", 0644);
	finds("sh", NULL, NULL);
	finds(scratch("run"), NULL, NULL);
	assert_int_equal(access(scratch("run.ran"), F_OK), -1);
	finds("no-such-command", NULL,
	      "there is no no-such-command in "
	      "/usr/sbin:/usr/bin:/sbin:/bin");
	finds("/no/such", NULL,
	      "/no/such cannot be run: No such file or directory");
	finds("/etc", NULL, "/etc cannot be run: Permission denied");
	snprintf(why, sizeof(why), "%s cannot be run: Permission denied",
		 scratch("mode"));
	finds(scratch("mode"), NULL, why);
	finds("sh", "no-such-user",
	      "sh cannot be run: there is no user \"no-such-user\"");
	assert_true(child_is_missing("sh -c"));
	assert_false(child_is_missing("sh"));
	assert_false(child_is_missing(scratch("mode")));
	if (geteuid() != 0)
		return;
	scratch_write(scratch("own"), "#!/bin/sh\n", 0700);
	snprintf(why, sizeof(why), "%s cannot be run: Permission denied",
		 scratch("own"));
	chmod(scratch_dir, 0755);
	finds(scratch("own"), NULL, NULL);
	finds(scratch("own"), "nobody", why);
}

/* A parent that closed its standard descriptors, as some daemons do. */
static void without_std(void *arg)
{
	struct child_spec spec = { .argv = SH("cat; echo y >&2"),
				   .timeout_s = 5,
				   .input = "x\n",
				   .input_len = 2 };
	struct child_result r;
	struct err err = ERR_INIT;

	close(0);
	close(1);
	close(2);
	_exit(child_run(&spec, &r, &err) == 0 && r.status == 0 &&
			      strcmp(sbuf_str(&r.output), "x\ny\n") == 0
		      ? 0
		      : 1);
}

static void closed_std(void **state)
{
	assert_int_equal(scratch_fork(without_std, NULL), 0);
}

static void without_sigchld(void *arg)
{
	struct child_result r;

	alarm(15);
	signal(SIGCHLD, SIG_IGN);
	r = run(SH("exit 3"), 2);
	_exit(r.status);
}

/* Who starts us may ignore SIGCHLD; exec leaves us that. */
static void ignored_sigchld(void **state)
{
	assert_int_equal(scratch_fork(without_sigchld, NULL), 3);
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A lease on the program keeps it from starting, for 45 s as a rule; a program
 * that its user stops before it starts, for ever. */
static void never_starts(void **state)
{
	const char *argv[] = { scratch("prog"), NULL };
	struct child_spec spec = { .argv = argv, .timeout_s = 1 };
	struct child_result r = { .status = -1 };
	struct err err = ERR_INIT;
	int64_t start = clock_mono_ms();
	int fd;

	scratch_write(scratch("prog"), "#!/bin/sh\n", 0700);
	fd = open(scratch("prog"), O_RDWR | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) == -1)
		skip();
	assert_int_equal(child_run(&spec, &r, &err), -1);
	assert_int_equal(err.kind, ERR_CHILD);
	assert_non_null(strstr(err.msg, "nothing came of it in 1 s"));
	assert_in_range(clock_mono_ms() - start, 1000, 20000);
	close(fd);
}

/* What a process of the command's user may do to it: its pid comes in "held".
 * Seized, it is dead after SIGKILL and yet its parent does not see that, until
 * the tracer waits, which it does not. "seized" says whether it could be. */
static pid_t hold(bool seizes)
{
	pid_t pid, who;
	bool held;

	unlink(scratch("held"));
	unlink(scratch("seized"));
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	who = (pid_t) atoi(soon(scratch("held")));
	held = who > 0 && (!seizes || ptrace(PTRACE_SEIZE, who, 0, 0) == 0);
	scratch_write(scratch("seized"), held ? "yes" : "no", 0644);
	sleep(HELD_S);
	if (who > 0)
		kill(who, SIGCONT);
	_exit(0);
}

/* False: nobody was held, nothing is shown. */
static bool let_go(pid_t holder)
{
	bool held = strcmp(soon(scratch("seized")), "yes") == 0;

	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	waitpid((pid_t) atoi(scratch_read(scratch("held"))), NULL, 0);
	return held;
}

/* False where no process may be traced. */
static bool held(const char *script, const char *why)
{
	struct child_spec spec = { .argv = SH(script), .timeout_s = 1 };
	struct err err = ERR_INIT;
	int64_t start = clock_mono_ms(), took;
	clock_t begun = clock(), used;
	pid_t holder = hold(true);
	int rc = child_check(&spec, NULL, &err);

	took = clock_mono_ms() - start;
	used = clock() - begun;
	if (!let_go(holder))
		return false;
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, ERR_CHILD);
	if (!strstr(err.msg, why))
		assert_string_equal(err.msg, why);
	assert_in_range(took, 1000, 12000);
	/* It is not asked without a pause. */
	assert_in_range(used, 0, CLOCKS_PER_SEC / 2);
	return true;
}

/* The same for one that ended by itself, and for one that never began. They
 * run nothing while they wait: seized, they would stop at its SIGCHLD. */
static void traced_by_another(void **state)
{
	static const char wait[] = "until test -s %s; do :; done";
	char until[700], script[1500];
	bool all;

	snprintf(until, sizeof(until), wait, scratch("seized"));
	snprintf(script, sizeof(script), "echo $$ >%s; %s; exec sleep 60",
		 scratch("held"), until);
	all = held(script, "timed out after 1 s, and cannot be ended: somebody "
			   "traces it, or it hangs in a file system");
	snprintf(script, sizeof(script), "echo $$ >%s; %s; echo so; exit 0",
		 scratch("held"), until);
	all = held(script, "or it hangs in a file system: \"so\"") && all;
	early.waits = scratch("held");
	all = held("exit 0", "nothing came of it in 1 s: somebody has stopped "
			     "it, or holds the file of the program; and it "
			     "cannot be ended: somebody traces it, or it hangs "
			     "in a file system") &&
	      all;
	early.waits = NULL;
	if (!all)
		SCRATCH_SKIP("no process may be traced here");
}

/* By its user, between its last word and its end. */
static void stopped_at_its_end(void **state)
{
	int64_t start = clock_mono_ms();
	pid_t holder = hold(false);

	early.stops = scratch("held");
	cannot_start("/no/such/command", NULL, "No such file");
	early.stops = NULL;
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	assert_in_range(clock_mono_ms() - start, 0, 12000);
}

/* A command that makes its parent its tracer, and stops: as "traced" of main()
 * below. Its child, in its group, says a word later when it is to. */
static int be_traced(const char *pids, const char *word)
{
	pid_t child = fork();
	FILE *f;

	if (child == 0) {
		usleep(300000);
		if (write(1, word, strlen(word)) != (ssize_t) strlen(word))
			return 1;
		sleep(60);
		return 0;
	}
	f = fopen(pids, "w");
	if (!f || fprintf(f, "%d %d\n", (int) getpid(), (int) child) < 0 ||
	    fclose(f) != 0)
		return 1;
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) == -1)
		return 77;
	raise(SIGSTOP);
	sleep(60);
	return 0;
}

/* A stop is no end: nobody of it is left, whether it is seen early, as we look
 * because of a word, or when the time is up. */
static void traced_by_us(void **state)
{
	static const char *const words[] = { "word", "" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *argv[] = { "/proc/self/exe", "traced",
				       scratch("pids"), words[i], NULL };
		struct child_result r = run(argv, 2);
		int pid, child;
		bool left;

		sbuf_free(&r.output);
		if (r.status == 77)
			SCRATCH_SKIP("no process may be traced here");
		assert_int_equal(sscanf(scratch_read(scratch("pids")), "%d %d",
					&pid, &child),
				 2);
		usleep(50000);
		left = runs(pid) || runs(child);
		kill(child, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		assert_false(left);
		assert_int_equal(r.signal, SIGKILL);
		assert_int_equal(r.status, 128 + SIGKILL);
		assert_int_equal(r.timed_out, words[i][0] == '\0');
	}
}

static void execs(const char *user, int n, int dumpable)
{
	struct child_spec spec = { .argv = SH("sleep 1 & echo up"),
				   .user = user,
				   .timeout_s = 10 };
	struct child_result r;
	struct err err = ERR_INIT;

	early.execs->n = early.execs->dumpable = 0;
	assert_int_equal(child_run(&spec, &r, &err), 0);
	assert_string_equal(sbuf_str(&r.output), "up\n");
	sbuf_free(&r.output);
	for (int i = 0; i < 250 && early.execs->n < n; i++)
		usleep(20000);
	assert_int_equal(early.execs->n, n);
	assert_int_equal(early.execs->dumpable, dumpable);
}

/* Until it is another program, what a child of another user has in memory is
 * root's: no core of it, no tracer. The second one is the drain. */
static void memory_of_root(void **state)
{
	if (geteuid() != 0)
		SCRATCH_SKIP("not root");
	early.execs = mmap(NULL, sizeof(*early.execs), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(early.execs, MAP_FAILED);
	early.dumpable = true;
	execs("nobody", 2, 0);
	early.dumpable = false;
	execs(NULL, 2, 2);
	munmap(early.execs, sizeof(*early.execs));
	early.execs = NULL;
}

static void leaks_no_descriptor(void **state)
{
	int before = count_fds();
	struct child_result r = run(SH("exit 0"), 5);

	sbuf_free(&r.output);
	cannot_start("no-such-command", NULL, "");
	cannot_start("true", "no-such-user", "");
	assert_int_equal(count_fds(), before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_output),
		cmocka_unit_test(surroundings),
		cmocka_unit_test(signals),
		cmocka_unit_test(input),
		cmocka_unit_test(binary_input),
		cmocka_unit_test(no_shell),
		cmocka_unit_test(output_is_capped),
		cmocka_unit_test(endless_output),
		cmocka_unit_test(start_failures),
		cmocka_unit_test(time_is_up),
		cmocka_unit_test(deaf_to_term),
		cmocka_unit_test(daemon_left_behind),
		cmocka_unit_test(own_session),
		cmocka_unit_test(daemon_talks),
		cmocka_unit_test(daemon_of_another),
		cmocka_unit_test(other_user),
		cmocka_unit_test(keys_of_the_session),
		cmocka_unit_test(checks),
		cmocka_unit_test(large_file),
		cmocka_unit_test(long_command),
		cmocka_unit_test(programs),
		cmocka_unit_test(closed_std),
		cmocka_unit_test(ignored_sigchld),
		cmocka_unit_test(never_starts),
		cmocka_unit_test(traced_by_another),
		cmocka_unit_test(stopped_at_its_end),
		cmocka_unit_test(traced_by_us),
		cmocka_unit_test(memory_of_root),
		cmocka_unit_test(leaks_no_descriptor),
	};

	if (argc == 4 && strcmp(argv[1], "traced") == 0)
		return be_traced(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
