/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "svc.h"

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

static void address(void **state)
{
	static const struct {
		const char *text, *host, *port;
	} good[] = {
		{ "127.0.0.1:443", "127.0.0.1", "443" },
		{ "[::1]:8443", "::1", "8443" },
		{ "www.example.org:1", "www.example.org", "1" },
	};
	static const char *const bad[] = {
		"",	"host",	  "host:",	":443",	  "::1:443", "[::1:443",
		"[]:1", "host:0", "host:65536", "h:443x", "[::1]443"
	};
	struct err err = ERR_INIT;
	const char *host, *port;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
			svc_address(good[i].text, arena, &host, &port, &err),
			0);
		assert_string_equal(host, good[i].host);
		assert_string_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (svc_address(bad[i], arena, &host, &port, &err) != -1)
			fail_msg("taken: %s", bad[i]);
}

/* A configuration with these services, and the profiles g (generation) and
 * f (fixed). -1 when it is refused; errs says why. */
static int resolve(const char *services, struct svcs *ret,
		   struct conf_errors *errs)
{
	struct installer_conf *conf = arena_alloc(arena, sizeof(*conf));
	char *text;
	int rc;

	mkdir(scratch("p"), 0755);
	scratch_write(scratch("p/g.conf"),
		      "layout = \"generation\"; files = ( { file = "
		      "\"full.pem\"; format = \"fullchain\"; } );"
		      "vars = ( { name = \"x\"; value = \"true\"; } );"
		      "activate = ( { command = [ \"$x\", \"-r\" ]; } );",
		      0644);
	scratch_write(scratch("p/f.conf"),
		      "files = ( { file = \"$name.pem\"; format = "
		      "\"key-fullchain\"; }, { file = \"/etc/leaf.pem\"; "
		      "format = \"certificate\"; mode = \"0600\"; } );",
		      0644);
	scratch_write(scratch("p/x.conf"),
		      "files = ( { file = \"x.pem\"; format = \"fullchain\"; "
		      "} );",
		      0644);
	scratch_write(scratch("p/b.conf"),
		      "files = ( { file = \"$name.pem\"; format = "
		      "\"fullchain\"; } );"
		      "post = ( { command = [ \"x\", \"$service\", \"$name\", "
		      "\"$domain\", \"$dir\", \"$file\", \"$key\", \"$$dir\" "
		      "]; } );",
		      0644);
	scratch_write(scratch("p/w.conf"),
		      "files = ( { file = \"x.pem\"; format = \"fullchain\"; "
		      "} ); vars = ( { name = \"target\"; } );"
		      "check = ( { command = [ \"x\", \"$target\" ]; } );"
		      "post = ( { command = [ \"x\", \"${target}:${dir}\" ]; "
		      "} );",
		      0644);
	text = arena_printf(arena,
			    "store : { path = \"/x\"; }; profile_dir = "
			    "\"%s\"; services = ( %s );",
			    scratch("p"), services);
	rc = installer_conf_load_string("t", text, arena, conf, errs);
	if (errs->unread)
		return -1;
	return svc_resolve(conf, arena, ret, errs) == -1 ? -1 : rc;
}

#define CERT(name, dir) \
	"{ name = \"" name "\"; key = \"/k\"; dir = \"" dir "\"; }"

static void resolved(void **state)
{
	struct conf_errors errs = { 0 };
	struct svcs s, t;

	if (resolve("{ name = \"web\"; profile = \"g\"; certificates = ( " CERT(
			    "www.example.org+ec",
			    "/d/") "); verify = ( { address = "
				   "\"127.0.0.1:443\"; } ); }, { name = "
				   "\"mail\"; profile = \"f\"; certificates "
				   "= ( " CERT("*.example.org", "/f") "); }",
		    &s, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.v[0].layout, SVC_GENERATION);
	assert_string_equal(s.v[0].certs[0].domain, "www.example.org");
	assert_string_equal(s.v[0].certs[0].link, "/d/current");
	assert_string_equal(s.v[0].certs[0].files[0].path,
			    "/d/current/full.pem");
	assert_int_equal(s.v[0].certs[0].files[0].attr.mode, 0644);
	assert_true(s.v[0].certs[0].has_chain);
	assert_int_equal(s.v[0].endpoints[0].cert, 0);
	assert_string_equal(s.v[0].hooks[HOOK_ACTIVATE].v[0].argv[0], "true");
	assert_int_equal(s.v[1].layout, SVC_FIXED);
	assert_null(s.v[1].certs[0].link);
	assert_string_equal(s.v[1].certs[0].files[0].path,
			    "/f/_.example.org.pem");
	assert_int_equal(s.v[1].certs[0].files[0].attr.mode, 0600);
	assert_true(s.v[1].certs[0].has_key);
	assert_string_equal(s.v[1].certs[0].files[1].path, "/etc/leaf.pem");

	/* Another variable is another way to do it: another digest. */
	assert_int_equal(
		resolve("{ name = \"web\"; profile = \"g\"; certificates = "
			"( " CERT("www.example.org+ec",
				  "/d") "); verify = ( { address = "
					"\"127.0.0.1:443\"; } ); vars = ( { "
					"name = \"x\"; value = \"false\"; } ); "
					"}",
			&t, &errs),
		0);
	assert_string_equal(t.v[0].hooks[HOOK_ACTIVATE].v[0].argv[0], "false");
	assert_string_not_equal(s.v[0].digest, t.v[0].digest);
}

static void which_certificate(void **state)
{
	struct conf_errors errs = { 0 };
	struct svcs s;

	assert_int_equal(
		resolve("{ name = \"web\"; profile = \"g\"; certificates = "
			"( " CERT("a.example.org", "/a") ", " CERT(
				"b.example.org",
				"/b") "); verify = ( { address = \"h:1\"; "
				      "server_name = \"b.example.org\"; }, { "
				      "address = \"h:2\"; certificate = "
				      "\"a.example.org\"; } ); }",
			&s, &errs),
		0);
	assert_int_equal(s.v[0].endpoints[0].cert, 1);
	assert_int_equal(s.v[0].endpoints[1].cert, 0);
}

/* What tells the looks at one address from each other, and makes another
 * service of it. */
static void looks(void **state)
{
	static const char *const last[] = {
		"key_type = \"ec\";",
		"server_name = \"a.example.org\"; key_type = \"ec\";",
		"server_name = \"b.example.org\";",
	};
	static const char *const want[] = { "+ec", "a.example.org+ec",
					    "b.example.org" };
	struct conf_errors errs = { 0 };
	char text[1000];
	struct svcs s[3];

	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 "{ name = \"web\"; profile = \"g\"; certificates = "
			 "( " CERT("a.example.org",
				   "/a") " ); verify = ( { "
					 "address = \"h:1\"; }, { address = "
					 "\"h:1\"; %s }, "
					 "{ address = \"the queue\"; protocol "
					 "= \"command\"; "
					 "command = [ \"x\", \"%zu\" ]; } ); }",
			 last[i], i);
		if (resolve(text, &s[i], &errs) == -1)
			fail_msg("%s", errs.list.v[0]);
		assert_string_equal(s[i].v[0].endpoints[0].look, "");
		assert_string_equal(s[i].v[0].endpoints[1].look, want[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(s[i].v[0].digest,
						s[k].v[0].digest);
	}
	assert_string_equal(s[0].v[0].certs[0].leaf_path,
			    "/a/current/full.pem");
}

static const struct {
	const char *services, *says;
} refusals[] = {
	{ "", "services is empty" },
	{ "{ name = \"w w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org", "/a") "); }",
	  "in its name" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( ); }",
	  "no certificates" },
	{ "{ name = \"w\"; profile = \"none\"; certificates = ( " CERT(
		  "a.example.org", "/a") "); }",
	  " nor in /usr/" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "A.example.org", "/a") "); }",
	  "" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( { name = "
	  "\"a.example.org\"; dir = \"/a\"; } ); }",
	  "give either key" },
	{ "{ name = \"w\"; profile = \"f\"; certificates = ( { name = "
	  "\"a.example.org\"; dir = \"/a\"; public_key = \"/p\"; } ); "
	  "}",
	  "needs its private key" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org", "/a") ", " CERT("b.example.org",
						   "/a") "); }",
	  "folder of another" },
	{ "{ name = \"w\"; profile = \"f\"; certificates = ( " CERT(
		  "a.example.org", "/a") ", " CERT("b.example.org",
						   "/b") "); }",
	  "/etc/leaf.pem is there twice" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/a") "); }, { name = \"w\"; profile = \"g\"; "
			"certificates = ( " CERT("b.example.org", "/b") "); }",
	  "there twice" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/a") ", " CERT("b.example.org",
				  "/b") "); verify = ( { address = "
					"\"h:1\"; } ); }",
	  "which certificate" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/a") "); verify = ( { address = \"h:1\"; }, { "
			"address = \"h:1\"; sni = \"no\"; } ); }",
	  "verify h:1 is there twice" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/a") "); verify = ( { address = \"h\"; } ); }",
	  "h" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/a") "); vars = ( { name = \"y\"; value = \"z\"; "
			"} ); }",
	  "no variable y" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/k\"; dir = \"/a\"; files = ( { "
	  "file = \"c.pem\"; format = \"chain\"; } ); } ); }",
	  "holds the certificate itself" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/k\"; dir = \"/a\"; files = ( { "
	  "file = \"k.pem\"; format = \"key-fullchain\"; mode = "
	  "\"0644\"; } ); } ); }",
	  "must not be open" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( " CERT(
		  "a.example.org",
		  "/usr/lib") "); }, { name = \"v\"; profile = \"g\"; "
			      "certificates = ( " CERT(
				      "a.example.org",
				      "/usr/../usr//lib") "); }",
	  "folder of another" },
	{ "{ name = \"w\"; profile = \"f\"; certificates = ( " CERT(
		  "a.example.org",
		  "/usr") "); }, { name = \"v\"; profile = \"f\"; "
			  "certificates = ( { name = "
			  "\"a.example.org\"; key = \"/k\"; dir = "
			  "\"/usr/lib/..\"; files = ( { file = "
			  "\"a.example.org.pem\"; format = "
			  "\"fullchain\"; } ); } ); }",
	  "a.example.org.pem is there twice" },
	{ "{ name = \"w\"; profile = \"x\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/a/k.pem\"; dir = \"/a\"; "
	  "files = ( { file = \"k.pem\"; format = \"fullchain\"; } "
	  "); } ); }",
	  "/a/k.pem is a key's file" },
	{ "{ name = \"w\"; profile = \"x\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/k\"; dir = \"/a\"; files = ( "
	  "{ file = \"a.pem\"; format = \"fullchain\"; }, { file = "
	  "\"a.pem\"; format = \"chain\"; } ); } ); }",
	  "a.pem is there twice" },
	{ "{ name = \"w\"; profile = \"x\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/k\"; dir = \"/a\"; files = ( "
	  "{ file = \"../a.pem\"; format = \"fullchain\"; } ); } ); }",
	  "is not the name of a file" },
	{ "{ name = \"w\"; profile = \"g\"; certificates = ( { name = "
	  "\"a.example.org\"; key = \"/k\"; dir = \"/a\"; names = [ "
	  "\"UPPER.example.org\" ]; } ); }",
	  "lower case" },
};

static void refused(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct conf_errors errs = { 0 };
		bool said = false;
		struct svcs s;

		if (resolve(refusals[i].services, &s, &errs) != -1)
			fail_msg("taken: %s", refusals[i].services);
		for (size_t k = 0; k < errs.list.n; k++)
			said = said || strstr(errs.list.v[k], refusals[i].says);
		if (!said)
			fail_msg("no \"%s\" in: %s", refusals[i].says,
				 errs.list.v[0]);
		/* What is wrong is said, and no more. */
		if (strstr(refusals[i].says, "nor in"))
			assert_int_equal(errs.list.n, 1);
		conf_errors_free(&errs);
	}
}

static void built_in(void **state)
{
	static const char *const want[] = { "x",
					    "web",
					    "a.example.org+ec",
					    "b.example.org",
					    "a.example.org",
					    "b.example.org",
					    "/d/a",
					    "/d/b",
					    "/d/a/a.example.org+ec.pem",
					    "/d/b/b.example.org.pem",
					    "/k",
					    "/k",
					    "$dir" };
	struct conf_errors errs = { 0 };
	struct svcs s;

	if (resolve("{ name = \"web\"; profile = \"b\"; certificates = ( " CERT(
			    "a.example.org+ec",
			    "/d/a/") ", " CERT("b.example.org", "/d/b") " ); }",
		    &s, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(s.v[0].hooks[HOOK_POST].v[0].argv[i],
				    want[i]);
	assert_null(s.v[0].hooks[HOOK_POST].v[0].argv[ARRAY_LEN(want)]);
	assert_int_equal(
		resolve("{ name = \"web\"; profile = \"b\"; certificates = "
			"( " CERT("a.example.org", "/d;rm") " ); }",
			&s, &errs),
		-1);
	assert_non_null(strstr(errs.list.v[0], "$dir: /d;rm has characters"));
	conf_errors_free(&errs);
}

#define W(cert, vars)                                                       \
	"\n{ name = \"web\"; profile = \"w\"; certificates = ( " cert "); " \
	"vars = ( " vars " ); }"
#define TARGET "{ name = \"target\"; value = [ \"a\", \"b c\" ]; }"

/* Variables inside an argument. */
static void inside(void **state)
{
	static const struct {
		const char *services, *says;
	} cases[] = {
		{ W(CERT("a.example.org", "/d"), ""),
		  "t:2: variable target must be set in vars of the service" },
		{ W(CERT("a.example.org", "/d"), TARGET),
		  "t:2: command: ${target} must stand for one argument, not "
		  "for 2" },
		{ W(CERT("a.example.org", "/d") ", " CERT("b.example.org",
							  "/b"),
		    "{ name = \"target\"; value = \"b c\"; }"),
		  "w.conf:1: command: ${dir} must stand for one argument, not "
		  "for 2" },
		{ W(CERT("a.example.org", "/d;rm"),
		    "{ name = \"target\"; value = \"b c\"; }"),
		  "w.conf:1: command: $dir: /d;rm has characters" },
	};
	struct conf_errors errs = { 0 };
	struct svcs s;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(resolve(cases[i].services, &s, &errs), -1);
		assert_int_equal(errs.list.n, 1);
		if (!strstr(errs.list.v[0], cases[i].says))
			fail_msg("%s", errs.list.v[0]);
		conf_errors_free(&errs);
	}
	assert_int_equal(resolve(W(CERT("a.example.org", "/d"),
				   "{ name = \"target\"; value = \"b c\"; }"),
				 &s, &errs),
			 0);
	assert_string_equal(s.v[0].hooks[HOOK_POST].v[0].argv[1], "b c:/d");
}

/* A service in a chroot: its paths are those it sees. */
static void prefix(void **state)
{
	struct conf_errors errs = { 0 };
	const char *text, *jail;
	struct svcs s;

	mkdir(scratch("jail"), 0755);
	mkdir(scratch("jail/etc"), 0755);
	assert_int_equal(symlink("/etc", scratch("jail/conf")), 0);
	jail = arena_strdup(arena, scratch("jail"));
	text = arena_printf(
		arena,
		"{ name = \"a\"; profile = \"g\"; prefix = \"%s/\"; "
		"certificates = ( { name = \"a.example.org\"; key = "
		"\"/conf/k\"; dir = \"/conf/tls/\"; } ); },"
		"{ name = \"b\"; profile = \"f\"; prefix = \"%s\"; "
		"certificates = ( { name = \"a.example.org\"; key = "
		"\"/../k\"; dir = \"/../etc\"; } ); },"
		"{ name = \"c\"; profile = \"b\"; prefix = \"%s\"; "
		"certificates = ( { name = \"a.example.org\"; public_key = "
		"\"/p\"; dir = \"/etc/b\"; } ); },"
		"{ name = \"d\"; profile = \"b\"; prefix = \"/\"; "
		"certificates = ( { name = \"a.example.org\"; public_key = "
		"\"/p\"; dir = \"/d\"; } ); }",
		jail, jail, jail);
	if (resolve(text, &s, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	/* As they are called from outside; where they lead is asked when they
	 * are used (see test_target.c). */
	assert_string_equal(s.v[0].certs[0].root, jail);
	assert_string_equal(s.v[0].certs[0].conf->key, scratch("jail/conf/k"));
	assert_string_equal(
		svc_inside(&s.v[0].certs[0], s.v[0].certs[0].conf->key),
		"/conf/k");
	assert_string_equal(s.v[0].certs[0].dir, scratch("jail/conf/tls"));
	assert_string_equal(s.v[0].certs[0].files[0].path,
			    scratch("jail/conf/tls/current/full.pem"));
	assert_string_equal(
		svc_inside(&s.v[1].certs[0], s.v[1].certs[0].files[0].path),
		"/../etc/a.example.org.pem");
	assert_string_equal(s.v[2].certs[0].conf->public_key,
			    scratch("jail/p"));
	/* Commands have the paths from outside. */
	assert_string_equal(s.v[2].hooks[HOOK_POST].v[0].argv[4],
			    scratch("jail/etc/b"));
	assert_string_equal(s.v[2].hooks[HOOK_POST].v[0].argv[5],
			    scratch("jail/etc/b/a.example.org.pem"));
	/* It has no key that a command could look at. */
	assert_string_equal(s.v[2].hooks[HOOK_POST].v[0].argv[6], "$dir");
	assert_string_equal(s.v[3].certs[0].root, "");
	assert_string_equal(s.v[3].certs[0].dir, "/d");
}

#define FIXED(name, cert)                                                    \
	"{ name = \"" name "\"; profile = \"b\"; certificates = ( { name = " \
	"\"" cert "\"; key = \"%s\"; dir = \"%s\"; } ); }"

/* A file that is a link stays one, but is no other than what it leads to. */
static void links(void **state)
{
	struct conf_errors errs = { 0 };
	const char *l, *m, *k;
	struct svcs s;

	mkdir(scratch("l"), 0755);
	mkdir(scratch("m"), 0755);
	assert_int_equal(
		symlink("../m/real.pem", scratch("l/a.example.org.pem")), 0);
	assert_int_equal(symlink("m/k.pem", scratch("k")), 0);
	scratch_write(scratch("m/k.pem"), "", 0600);
	l = arena_strdup(arena, scratch("l"));
	m = arena_strdup(arena, scratch("m"));
	k = arena_strdup(arena, scratch("k"));
	if (resolve(arena_printf(arena, FIXED("x", "a.example.org"), "/k", l),
		    &s, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	assert_string_equal(s.v[0].certs[0].files[0].path,
			    scratch("l/a.example.org.pem"));

	assert_int_equal(symlink("real.pem", scratch("m/b.example.org.pem")),
			 0);
	assert_int_equal(
		resolve(arena_printf(arena,
				     FIXED("x", "a.example.org") ", " FIXED(
					     "y", "b.example.org"),
				     "/k", l, "/k", m),
			&s, &errs),
		-1);
	assert_non_null(strstr(errs.list.v[0], "m/real.pem is there twice"));
	conf_errors_free(&errs);

	/* The key, by another name. */
	assert_int_equal(symlink("k.pem", scratch("m/c.example.org.pem")), 0);
	assert_int_equal(
		resolve(arena_printf(arena, FIXED("x", "c.example.org"), k, m),
			&s, &errs),
		-1);
	assert_non_null(strstr(errs.list.v[0], "m/k.pem is a key's file"));
	conf_errors_free(&errs);

	/* One that is not followed is the matter of its service. */
	chmod(scratch("l"), 0777);
	assert_int_equal(
		resolve(arena_printf(arena, FIXED("x", "a.example.org"), "/k",
				     l),
			&s, &errs),
		0);
}

/* Faults of several layers, in one round. */
static void all_at_once(void **state)
{
	static const char *const says[] = {
		"service \"a b\": use letters",
		"either key",
		"profile \"nope\" is neither",
		"variable target must be set",
		"address: nowhere has no port",
		"which certificate does",
		"/d/www.example.org.pem is there twice",
	};
	struct conf_errors errs = { 0 };
	struct svcs svcs;

	assert_int_equal(
		resolve("{ name = \"a b\"; profile = \"g\"; certificates = ( { "
			"name = \"www.example.org\"; dir = \"/g\"; key = "
			"\"/k\"; public_key = \"/p\"; } ); },"
			"{ name = \"n\"; profile = \"nope\"; certificates = "
			"( " CERT(
				"www.example.org",
				"/n") " ); },"
				      "{ name = \"v\"; profile = \"w\"; "
				      "certificates = "
				      "( " CERT(
					      "www.example.org",
					      "/v") " ); verify = ( { "
						    "address = \"nowhere\"; "
						    "certificate = \"x\"; } ); "
						    "},"
						    "{ name = \"c1\"; profile "
						    "= \"b\"; certificates = "
						    "( " CERT(
							    "www.example.org",
							    "/d") " ); },"
								  "{ name = "
								  "\"c2\"; "
								  "profile = "
								  "\"b\"; "
								  "certificates"
								  " = "
								  "( " CERT(
									  "www."
									  "exam"
									  "ple."
									  "org",
									  "/d") " ); }",
			&svcs, &errs),
		-1);
	for (size_t i = 0; i < ARRAY_LEN(says); i++) {
		bool there = false;

		for (size_t k = 0; k < errs.list.n; k++)
			there |= !!strstr(errs.list.v[k], says[i]);
		if (!there)
			fail_msg("not told: %s", says[i]);
	}
	conf_errors_free(&errs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in),
		cmocka_unit_test(inside),
		cmocka_unit_test(prefix),
		cmocka_unit_test(links),
		cmocka_unit_test(address),
		cmocka_unit_test(resolved),
		cmocka_unit_test(which_certificate),
		cmocka_unit_test(looks),
		cmocka_unit_test(refused),
		cmocka_unit_test(all_at_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
