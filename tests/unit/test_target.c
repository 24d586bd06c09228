/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "arena.h"
#include "target.h"

/* The files of a certificate are in the folder "t", which each case makes
 * anew; c.pem and c.key beside it are a certificate and a key. */

static struct arena *arena;

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout c.key -out c.pem "
	       "-subj /CN=x -days 9; chmod 600 c.key; echo hi >text; chmod 755 "
	       ".");
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static const char *at(const char *name)
{
	return arena_strdup(arena, scratch(name));
}

static void fresh(const char *command)
{
	kit_sh("rm -rf t jail; mkdir t jail jail/etc");
	kit_sh("%s", command);
}

/* One file at NAME, in the prefix ROOT ("" or a folder); LISTED, or NULL: as
 * it is called in there, with the folder before it outside of one. */
static struct svc_cert fixed(const char *root, const char *name,
			     const char *listed)
{
	struct conf_strings *targets = arena_alloc(arena, sizeof(*targets));
	struct svc_file *file = arena_alloc(arena, sizeof(*file));
	const char **one = arena_alloc(arena, sizeof(*one));

	if (listed) {
		*one = *root != '\0' ? listed : at(listed);
		*targets = (struct conf_strings){ .v = one, .n = 1 };
	}
	file->path = at(name);
	format_named("fullchain", &file->format);
	return (struct svc_cert){ .root = *root != '\0' ? at(root) : "",
				  .link_targets = targets,
				  .dir = at("t"),
				  .files = file,
				  .n_files = 1 };
}

struct open_case {
	const char *what, *make, *listed;
	int rc;
	const char *leads; /* 1: there; -1: what is said of it */
};

static void check_open(const struct open_case *c, const char *root,
		       const char *name)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct svc_cert cert = fixed(root, name, c->listed);
	struct err err = ERR_INIT;
	int rc;

	fresh(c->make);
	rc = target_open(&cert, 0, &p, &err);
	if (rc != c->rc)
		fail_msg("%s: %d: %s", c->what, rc, err.msg);
	if (rc == 1 && strcmp(p.path, at(c->leads)) != 0)
		fail_msg("%s: leads to %s", c->what, p.path);
	if (rc == -1 && !strstr(err.msg, c->leads))
		fail_msg("%s: says %s", c->what, err.msg);
	if (rc != 1 && p.fd != -1)
		fail_msg("%s: left open", c->what);
}

#define NONE_HELD                                                     \
	"which holds no certificate and no key; remove the link, or " \
	"name what it leads to in link_targets of its service"

/* Where a file is to be put. */
static void opens(void **state)
{
	static const struct open_case cases[] = {
		{ "nothing", "true", NULL, 1, "t/x" },
		{ "a file, whatever it holds", "cp text t/x", NULL, 1, "t/x" },
		{ "no folder", "rmdir t", NULL, 0, NULL },
		{ "a file for a folder", "rmdir t; cp text t", NULL, -1, "/t" },
		{ "a folder", "mkdir t/x", NULL, -1, "in the way: not a file" },
		{ "a pipe", "mkfifo t/x", NULL, -1, "in the way: not a file" },
		{ "to a certificate", "ln -s ../c.pem t/x", NULL, 1, "c.pem" },
		{ "to a key", "ln -s ../c.key t/x", NULL, 1, "c.key" },
		{ "by another link", "ln -s ../c.key t/y; ln -s y t/x", NULL, 1,
		  "c.key" },
		{ "to something", "ln -s ../text t/x", NULL, -1, NONE_HELD },
		{ "to nothing", "ln -s y t/x", NULL, -1,
		  "which is not there; remove the link" },
		{ "to a folder", "mkdir t/y; ln -s y t/x", NULL, -1,
		  NONE_HELD },
		{ "to what has no folder", "ln -s no/y t/x", NULL, 0, NULL },
		{ "to something listed", "ln -s ../text t/x", "text", 1,
		  "text" },
		{ "to nothing, listed", "ln -s y t/x", "t/y", 1, "t/y" },
		{ "listed by another way", "ln -s . t/z; ln -s y t/x", "t/z/y",
		  1, "t/y" },
		{ "another one is listed", "ln -s ../text t/x", "c.pem", -1,
		  NONE_HELD },
		{ "to a certificate, another one is listed",
		  "ln -s ../c.pem t/x", "text", 1, "c.pem" },
		{ "the list has no folder", "ln -s ../text t/x", "no/y", -1,
		  NONE_HELD },
		{ "to a folder, listed", "mkdir t/y; ln -s y t/x", "t/y", -1,
		  "in the way: not a file" },
		{ "in a ring", "ln -s x t/x", NULL, -1, "t/x" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_open(&cases[i], "", "t/x");
}

/* Paths are those the service sees. */
static void in_a_prefix(void **state)
{
	static const struct open_case cases[] = {
		{ "a path", "true", NULL, 1, "jail/etc/x" },
		{ "to a certificate", "cp c.pem jail/c; ln -s /c jail/etc/x",
		  NULL, 1, "jail/c" },
		{ "out of it", "ln -s ../../c.pem jail/etc/x", NULL, -1,
		  "jail/c.pem, which is not there" },
		{ "listed", "ln -s ../y jail/etc/x", "/y", 1, "jail/y" },
		{ "listed, from outside", "ln -s ../../text jail/etc/x",
		  "/jail/text", -1, "which is not there" },
		{ "no prefix", "rm -r jail", NULL, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_open(&cases[i], "jail", "jail/etc/x");
}

/* Whose links are followed. */
static void of_others(void **state)
{
	static const struct open_case cases[] = {
		{ "his folder", "chown 4242 t", NULL, 1, "t/x" },
		{ "his link", "ln -s ../c.pem t/x; chown -h 4242 t/x", NULL, -1,
		  "is not followed" },
		{ "his link, listed", "ln -s ../text t/x; chown -h 4242 t/x",
		  "text", -1, "is not followed" },
		{ "in his folder", "ln -s ../c.pem t/x; chown 4242 t", NULL, -1,
		  "is not followed" },
		{ "where all may write", "ln -s ../c.pem t/x; chmod 1777 t",
		  NULL, -1, "is not followed" },
	};

	if (getuid() != 0)
		SCRATCH_SKIP("needs root");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_open(&cases[i], "", "t/x");
}

static struct svc_cert generation(void)
{
	struct svc_cert c = fixed("", "t/current/x", NULL);
	struct svc_file *file = arena_alloc(arena, sizeof(*file));

	*file = c.files[0];
	file->name = "x";
	c.files = file;
	c.link = at("t/current");
	return c;
}

/* The folder of a certificate. */
static void folder(void **state)
{
	static const struct {
		const char *make, *dir;
		int rc;
		const char *name;
	} cases[] = {
		{ "true", "t", 1, "." },
		{ "rmdir t", "t", 1, "t" },
		{ "true", "t/u/v", 0, NULL },
		{ "cp text t/u", "t/u/v", -1, NULL },
		{ "mkdir jail/t; rmdir t; ln -s jail/t t", "t", 1, "." },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(place_close) struct place p = PLACE_INIT;
		struct svc_cert c = generation();
		struct err err = ERR_INIT;

		c.dir = at(cases[i].dir);
		fresh(cases[i].make);
		if (target_dir(&c, &p, &err) != cases[i].rc)
			fail_msg("%zu: %s", i, err.msg);
		if (cases[i].rc == 1)
			assert_string_equal(p.name, cases[i].name);
	}
}

static void link_of(void **state)
{
	static const struct {
		const char *make;
		int rc;
		const char *text; /* or what is said */
	} cases[] = {
		{ "true", 1, NULL },
		{ "rmdir t", 0, NULL },
		{ "ln -s g1 t/current", 1, "g1" },
		{ "ln -s /a/b t/current", 1, "/a/b" },
		{ "rmdir t; cp text t", -1, "/t is not a folder" },
		{ "mkdir t/current", -1,
		  "t/current is in the way: it must be a link that the "
		  "installer makes; move it to " },
		{ "cp text t/current", -1, "t/before and ln -s before " },
		{ "ln -s \"$(printf 'a\\tb')\" t/current", -1,
		  "t/current has a control character in what it says" },
		{ "ln -s \"$(printf 'a\nb')\" t/current", -1,
		  "t/current has a control character in what it says" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(place_close) struct place p = PLACE_INIT;
		AUTO(mem_free_str) char *text = NULL;
		struct svc_cert c = generation();
		struct err err = ERR_INIT;

		fresh(cases[i].make);
		if (target_link(&c, &p, &text, &err) != cases[i].rc)
			fail_msg("%zu: %s", i, err.msg);
		if (cases[i].rc == -1)
			kit_says(&err, cases[i].text);
		else if (!cases[i].text)
			assert_null(text);
		else
			assert_string_equal(text, cases[i].text);
		if (cases[i].rc == 1)
			assert_string_equal(p.path, at("t/current"));
	}
}

struct read_case {
	const char *what, *make;
	enum place_kind kind;
	const char *text; /* NULL: it cannot be read */
};

static void check_read(const struct svc_cert *c, const struct read_case *r)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct err err = ERR_INIT;
	int rc, there;

	fresh(r->make);
	rc = target_read(c, 0, &old, &err);
	if (rc != (r->text ? 0 : -1) || (!r->text && err.msg[0] == '\0'))
		fail_msg("%s: %d: %s", r->what, rc, err.msg);
	if (old.kind != r->kind)
		fail_msg("%s: kind %d", r->what, old.kind);
	if (r->text && strcmp(sbuf_str(&old.content), r->text) != 0)
		fail_msg("%s: %s", r->what, sbuf_str(&old.content));
	if (!r->text)
		return;
	there = target_there(c, 0, &err);
	if (there != (r->kind != PLACE_NONE))
		fail_msg("%s: there: %d", r->what, there);
}

static void reads_fixed(void **state)
{
	static const struct read_case cases[] = {
		{ "nothing", "true", PLACE_NONE, "" },
		{ "a file", "cp text t/x", PLACE_FILE, "hi\n" },
		{ "by a link", "ln -s ../text t/x", PLACE_FILE, "hi\n" },
		{ "a link to nothing", "ln -s y t/x", PLACE_NONE, "" },
		{ "no folder", "rmdir t", PLACE_NONE, "" },
		{ "a folder", "mkdir t/x", PLACE_NONE, NULL },
		{ "a pipe", "mkfifo t/x", PLACE_NONE, NULL },
		{ "a file for a folder", "rmdir t; cp text t", PLACE_NONE,
		  NULL },
		{ "a ring", "ln -s x t/x", PLACE_NONE, NULL },
	};
	struct svc_cert c = fixed("", "t/x", NULL);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_read(&c, &cases[i]);
	assert_int_equal(target_there(&c, 0, &err), -1); /* the ring */
}

#define G1 "mkdir t/g1; cp text t/g1/x; ln -s g1 t/current"

static void reads_generations(void **state)
{
	static const struct read_case cases[] = {
		{ "nothing", "true", PLACE_NONE, "" },
		{ "no folder", "rmdir t", PLACE_NONE, "" },
		{ "one", G1, PLACE_FILE, "hi\n" },
		{ "one without the file", G1 "; rm t/g1/x", PLACE_NONE, "" },
		{ "a link to nothing", "ln -s g1 t/current", PLACE_NONE, "" },
		{ "an administrator's",
		  "mkdir jail/g; cp text jail/g/x; ln -s ../jail/g t/current",
		  PLACE_FILE, "hi\n" },
		{ "no link", "mkdir t/current; cp text t/current/x", PLACE_NONE,
		  NULL },
		{ "a link to a file", "cp text t/g1; ln -s g1 t/current",
		  PLACE_NONE, NULL },
	};
	static const struct read_case foreign[] = {
		{ "his folder", G1 "; chown 4242 t", PLACE_FILE, "hi\n" },
		{ "his folder and his link", G1 "; chown -hR 4242 t",
		  PLACE_FILE, "hi\n" },
		{ "out of it",
		  "mkdir jail/g; cp text jail/g/x; ln -s ../jail/g t/current;"
		  " chown -h 4242 t t/current",
		  PLACE_NONE, NULL },
		{ "his link to a link",
		  "ln -s ../jail t/g1; ln -s g1 t/current; cp text jail/x; "
		  "chown -h 4242 t t/g1",
		  PLACE_NONE, NULL },
		{ "nothing where it leads", "ln -s g1 t/current; chown 4242 t",
		  PLACE_NONE, "" },
	};
	struct svc_cert c = generation();
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_read(&c, &cases[i]);
	if (getuid() != 0)
		SCRATCH_SKIP("needs root");
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		check_read(&c, &foreign[i]);
	/* what it is that is not done, is said */
	fresh(foreign[2].make);
	assert_int_equal(target_there(&c, 0, &err), -1);
	kit_says(&err, "t/current belongs to user 4242 and leads elsewhere");
}

struct given_case {
	const char *what, *make;
	unsigned int given;
	const char *says; /* NULL: it may be run */
};

static void check_given(const struct svc_cert *cert, const struct given_case *c)
{
	const char *argv[] = { "cat", "it", NULL };
	struct svc_command cmd = { .argv = argv, .given = c->given };
	struct err err = ERR_INIT;
	int rc;

	fresh(c->make);
	rc = target_check_command(&cmd, cert, 1, &err);
	if (rc != (c->says ? -1 : 0))
		fail_msg("%s: %d: %s", c->what, rc, err.msg);
	if (c->says && !strstr(err.msg, c->says))
		fail_msg("%s: says %s", c->what, err.msg);
	/* What a user is given is his own affair. */
	cmd.user = "nobody";
	err_clear(&err);
	assert_int_equal(target_check_command(&cmd, cert, 1, &err), 0);
}

/* What root's commands may be given. */
static void given(void **state)
{
	static const struct given_case cases[] = {
		{ "nothing", "chmod 777 t", 0, NULL },
		{ "a folder of ours", "true", 7, NULL },
		{ "none yet", "rmdir t", 7, NULL },
		{ "a set", "mkdir t/g; ln -s g t/current; touch t/g/x", 7,
		  NULL },
		{ "a set elsewhere",
		  "mkdir jail/g; ln -s ../jail/g t/current; touch jail/g/x",
		  SVC_GIVEN_FILE, NULL },
		{ "a folder open to all", "chmod 1777 t", SVC_GIVEN_DIR,
		  "\"cat it\" has no user, and others can change what it is "
		  "given: folder " },
		{ "a file there", "chmod 775 t", SVC_GIVEN_FILE,
		  "/t is writable by others than its owner, run: chmod go-w " },
		{ "a set elsewhere, that is open",
		  "mkdir -m 777 jail/g; ln -s ../jail/g t/current",
		  SVC_GIVEN_FILE, "/jail/g is writable by others" },
		{ "a key there", "chmod 777 jail", SVC_GIVEN_KEY,
		  "/jail is writable by others" },
		{ "a key that is not given", "chmod 777 jail",
		  SVC_GIVEN_FILE | SVC_GIVEN_DIR, NULL },
	};
	static const struct given_case foreign[] = {
		{ "a folder of his", "chown 4242 t",
		  SVC_GIVEN_DIR | SVC_GIVEN_FILE,
		  "/t belongs to user 4242, who is neither root nor the one "
		  "running this, run: chown root " },
		{ "a link of his",
		  "ln -s ../jail/g t/current; chown -h 4242 t/current",
		  SVC_GIVEN_FILE, "is not followed; or give it a user" },
		{ "above", "mkdir t/g; chown 4242 t; ln -s ../t/g jail/key",
		  SVC_GIVEN_KEY, "/t belongs to user 4242" },
	};
	struct installer_cert conf = { .key = at("jail/key") };
	struct svc_cert c = generation();

	c.conf = &conf;
	c.leaf_path = at("t/current/x");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_given(&c, &cases[i]);
	if (getuid() != 0)
		SCRATCH_SKIP("needs root");
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		check_given(&c, &foreign[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens),
		cmocka_unit_test(in_a_prefix),
		cmocka_unit_test(of_others),
		cmocka_unit_test(folder),
		cmocka_unit_test(link_of),
		cmocka_unit_test(reads_fixed),
		cmocka_unit_test(reads_generations),
		cmocka_unit_test(given),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
