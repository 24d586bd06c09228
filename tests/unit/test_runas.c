/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "scratch.h"
#include "runas.h"

#define OTHER 54321 /* has no name */

static struct arena *a;
static struct certrepo_conf conf;
static struct store_conf store = { .driver = "sqlite" };
static struct certrepo_ca ca = { .name = "ca" };
static void *const cas[] = { &ca };
static struct err err;
static const char *const argv[] = { "certrepo-fetcher", "--once", "a b", NULL };

static const char *const files[] = {
	"state", "state/fetcher.lock", "db", "db-wal", "key",
};

static int setup(void **state)
{
	static struct proof_dns no_dns;

	if (scratch_setup(state))
		return -1;
	a = arena_new();
	store.path = arena_strdup(a, scratch("db"));
	ca.account_key = arena_strdup(a, scratch("key"));
	conf = (struct certrepo_conf){
		.proof.dns = &no_dns,
		.state_dir = arena_strdup(a, scratch("state")),
		.store = &store,
		.ca = { .v = cas, .n = 1 },
	};
	if (mkdir(conf.state_dir, 0700) == -1)
		return -1;
	for (size_t i = 1; i < ARRAY_LEN(files); i++)
		close(open(scratch(files[i]), O_CREAT | O_WRONLY, 0600));
	err_clear(&err);
	return 0;
}

static int teardown(void **state)
{
	arena_free(&a);
	return scratch_teardown(state);
}

static void says(const char *text)
{
	if (!strstr(err.msg, text))
		fail_msg("no \"%s\" in: %s", text, err.msg);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void ours(void **state)
{
	assert_int_equal(runas_check(&conf, argv, &err), 0);
	/* on its first run there is nothing yet */
	assert_int_equal(unlink(scratch("state/fetcher.lock")), 0);
	assert_int_equal(unlink(scratch("db")), 0);
	assert_int_equal(unlink(scratch("key")), 0);
	assert_int_equal(rmdir(conf.state_dir), 0);
	assert_int_equal(runas_check(&conf, argv, &err), 0);
}

/* Each of them alone tells who it is that keeps them. */
static void root_of_others(void **state)
{
	if (geteuid() != 0)
		skip();
	for (size_t i = 1; i < ARRAY_LEN(files); i++) {
		assert_int_equal(chown(scratch(files[i]), OTHER, 0), 0);
		assert_int_equal(runas_check(&conf, argv, &err), -1);
		says(files[i]);
		says("belongs to 54321, and state_dir to root: nothing was "
		     "done; run: chown -h 54321 ");
		says(conf.state_dir);
		assert_int_equal(chown(scratch(files[i]), 0, 0), 0);
	}
	/* MariaDB has no file; what lies there is not the store */
	assert_int_equal(chown(scratch("db"), OTHER, 0), 0);
	store.driver = "mariadb";
	assert_int_equal(runas_check(&conf, argv, &err), 0);
	store.driver = "sqlite";
}

/* What root is after it, for good. */
static void becomes(void *uid)
{
	uid_t want = *(const uid_t *) uid, r, e, saved;
	gid_t group, eg, sg, all[2];

	if (runas_become(scratch("conf"), &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(getresuid(&r, &e, &saved), 0);
	assert_int_equal(getresgid(&group, &eg, &sg), 0);
	assert_int_equal(r, want);
	assert_int_equal(e, want);
	assert_int_equal(saved, want);
	if (want == 0)
		return;
	assert_int_equal(seteuid(0), -1);
	assert_int_not_equal(group, 0);
	assert_true(eg == group && sg == group);
	assert_true(getgroups(2, all) <= 1);
	/* no other process of that user looks into it */
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

static void root_becomes(void **state)
{
	static const uid_t root = 0, other = OTHER, nobody = 65534;
	const char *file = arena_strdup(a, scratch("conf"));

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	scratch_write(file,
		      arena_printf(a,
				   "store : { driver = \"sqlite\"; "
				   "path = \"%s\"; }; state_dir = \"%s\"; "
				   "ca = ( { name = \"x\"; directory = "
				   "\"https://ca.test/\"; } );",
				   store.path, conf.state_dir),
		      0644);
	assert_int_equal(scratch_fork(becomes, (void *) &root), 0);
	assert_int_equal(chown(conf.state_dir, OTHER, OTHER), 0);
	assert_int_equal(scratch_fork(becomes, (void *) &other), 0);
	assert_int_equal(chown(conf.state_dir, nobody, 0), 0);
	assert_int_equal(scratch_fork(becomes, (void *) &nobody), 0);
	/* what is wrong with it is for who loads it then to say */
	scratch_write(file,
		      arena_printf(a, "state_dir = \"%s\"; sotre = 1;",
				   conf.state_dir),
		      0644);
	assert_int_equal(scratch_fork(becomes, (void *) &nobody), 0);
	scratch_write(file, "state_dir = ;", 0644);
	assert_int_equal(scratch_fork(becomes, (void *) &root), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(scratch_fork(becomes, (void *) &root), 0);
}

/* As another user, when we are root. */
static int as(uid_t uid)
{
	int rc;

	assert_int_equal(seteuid(uid), 0);
	rc = runas_check(&conf, argv, &err);
	assert_int_equal(seteuid(0), 0);
	return rc;
}

/* Nobody is told to give away a folder in which others have things. */
static void folder_of_others(void **state)
{
	const char *theirs = arena_strdup(a, scratch("state/dpkg"));

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	assert_int_equal(chmod(conf.state_dir, 0755), 0);
	for (size_t i = 1; i < ARRAY_LEN(files); i++)
		assert_int_equal(chown(scratch(files[i]), OTHER, 0), 0);
	assert_int_equal(as(OTHER), -1);
	says("run, as root: chown -h 54321 ");
	assert_int_equal(mkdir(theirs, 0755), 0);
	assert_int_equal(as(OTHER), -1);
	says("holds what is none of ours");
	says("let state_dir name a folder of certrepo's own, as "
	     "/var/lib/certrepo");
	assert_null(strstr(err.msg, "chown"));
	assert_int_equal(rmdir(theirs), 0);
}

/* What the kernel mounted read-only has no owner to be changed. */
static void read_only(void **state)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		skip();
	assert_int_equal(mount("none", conf.state_dir, "tmpfs", MS_RDONLY,
			       "mode=0700,uid=54321"),
			 0);
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	for (size_t i = 2; i < ARRAY_LEN(files); i++)
		assert_int_equal(chown(scratch(files[i]), OTHER, 0), 0);
	/* The run says what that is, and no other user mends it. */
	assert_int_equal(as(OTHER), 0);
	assert_int_equal(umount(conf.state_dir), 0);
}

static void user_of_others(void **state)
{
	struct certrepo_ca second = {
		.name = "b", .account_key = arena_strdup(a, scratch("state/b"))
	};
	void *two[] = { &ca, &second };

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_int_equal(chown(scratch(files[i]), OTHER, 0), 0);
	assert_int_equal(as(OTHER), 0);
	assert_int_equal(as(OTHER + 1), -1);
	says("state belongs to 54321, and this runs as 54322");
	says("run, as root: certrepo-fetcher --once 'a b'");
	/* what a run as root left behind is handed over, by one command */
	assert_int_equal(chown(scratch("state/fetcher.lock"), 0, 0), 0);
	assert_int_equal(chown(scratch("db"), 0, 0), 0);
	assert_int_equal(as(OTHER), -1);
	says("state/fetcher.lock belongs to root, and this runs as 54321");
	says("run, as root: chown -h 54321 ");
	says("state/fetcher.lock ");
	assert_non_null(strstr(strstr(err.msg, "chown"), "/db"));
	assert_null(strstr(err.msg, "/db-wal"));
	/* a mode that lets us in is enough: the group's, here everybody's */
	assert_int_equal(chmod(scratch("state/fetcher.lock"), 0666), 0);
	assert_int_equal(chmod(scratch("db"), 0666), 0);
	assert_int_equal(as(OTHER), 0);
	/* without its key nothing can be done */
	assert_int_equal(chown(scratch("key"), 0, 0), 0);
	assert_int_equal(as(OTHER), -1);
	says("/key belongs to root, and this runs as 54321");
	says("chown -h 54321 /");
	/* one of several is a fault of its CA alone */
	conf.ca = (struct conf_groups){ .v = two, .n = 2 };
	assert_int_equal(as(OTHER), 0);
	/* nor can one be made in a folder of root's */
	conf.ca = (struct conf_groups){ .v = cas, .n = 1 };
	assert_int_equal(unlink(scratch("key")), 0);
	assert_int_equal(as(OTHER), -1);
	says("/key is not there, and this runs as 54321, who may not make it");
	says("install -d -m 700 -o 54321 /");
	says("/state/accounts, and let account_key name a file in it");
}

/* Made for keys that no setting names a place for, and for no others. */
static void folder_of_keys(void **state)
{
	const char *keys = arena_strdup(a, scratch("state/accounts"));
	struct stat st;

	runas_keys(&conf);
	assert_int_equal(stat(keys, &st), -1);
	ca.account_key = certrepo_conf_key(&conf, "ca", a);
	(void) umask(0);
	runas_keys(&conf);
	(void) umask(022);
	assert_int_equal(stat(keys, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* what is there stays as it is */
	assert_int_equal(chmod(keys, 0750), 0);
	runas_keys(&conf);
	assert_int_equal(stat(keys, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(rmdir(keys), 0);
	scratch_write(keys, "x", 0600);
	runas_keys(&conf);
	assert_int_equal(unlink(keys), 0);
}

/* Root's, for a group, which was forgotten. */
static void secrets_of_root(void **state)
{
	struct proof_zone zone = { .zone = "a" };
	void *zones[] = { &zone };
	struct proof_dns dns = { .zones = { .v = zones, .n = 1 } };
	const char **const paths[] = { &store.password_file, &dns.key_file,
				       &zone.key_file };

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_int_equal(chown(scratch(files[i]), OTHER, 0), 0);
	scratch_write(scratch("secret"), "x", 0600);
	conf.proof.dns = &dns;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		*paths[i] = arena_strdup(a, scratch("secret"));
		assert_int_equal(as(OTHER), -1);
		says("secret may not be read by 54321");
		says("secret && chmod 640 /");
		assert_int_equal(chmod(scratch("secret"), 0644), 0);
		assert_int_equal(as(OTHER), 0);
		assert_int_equal(chmod(scratch("secret"), 0600), 0);
		/* what is not there, others tell */
		*paths[i] = "/nowhere/secret";
		assert_int_equal(as(OTHER), 0);
		*paths[i] = NULL;
	}
	conf.proof.dns = NULL;
}

static void user_without_folder(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	for (size_t i = 2; i < ARRAY_LEN(files); i++)
		assert_int_equal(unlink(scratch(files[i])), 0);
	assert_int_equal(unlink(scratch("state/fetcher.lock")), 0);
	assert_int_equal(rmdir(conf.state_dir), 0);
	assert_int_equal(as(OTHER), -1);
	says("run, as root: install -d -m 755 -o 54321 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ours, setup, teardown),
		cmocka_unit_test_setup_teardown(root_becomes, setup, teardown),
		cmocka_unit_test_setup_teardown(root_of_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(user_of_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(folder_of_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_of_root, setup,
						teardown),
		cmocka_unit_test_setup_teardown(user_without_folder, setup,
						teardown),
		cmocka_unit_test_setup_teardown(folder_of_keys, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
