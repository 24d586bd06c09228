/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "answer.h"
#include "request.h"

#define FULL                                                           \
	"layout = \"fixed\"; files = ( { file = \"full.pem\"; format " \
	"= \"fullchain\"; } );\n"
#define CERT(name, dir, more) \
	"{ name = \"" name "\"; dir = \"@/" dir "\"; " more " }"
#define SERVICE(service, certs)                                              \
	"{ name = \"" service "\"; profile = \"x\"; certificates = ( " certs \
	" ); }"
#define KEYED(key, more) \
	SERVICE("web", CERT(LEAF, "d", "key = \"@/" key "\"; " more))

static struct request_how how;

static void ask(void *arg)
{
	struct err err = ERR_INIT;

	if (arg)
		strlist_add(&host.only, LEAF);
	if (request_all(&host, &how, &err) == -1) {
		fprintf(stderr, "%s\n", err.msg);
		fflush(stdout);
		_exit(9);
	}
	fflush(stdout);
	strlist_free(&host.only);
	_exit(host.bad == 0 ? 0 : host.good > 0 ? 2 : 1);
}

static void clear(void)
{
	kit_sh("rm -rf d p/* state/next state/requests k *.made; mkdir d k; "
	       "cp -p leaf.right leaf.key");
}

static void says(const char *file, const char *want)
{
	const char *got = scratch_read(scratch(file));

	if (!strstr(got, host_kit_here(want)))
		fail_msg("\"%s\" is not in %s: %s", want, file, got);
}

#define PINNED SERVICE("web", CERT(LEAF, "d", "public_key = \"@/leaf.pub\";"))

static const struct {
	const char *what, *make, *services;
	bool new_key, named;
	int rc;
	const char *err, *test;
} cases[] = {
	{ "a first key", ":", KEYED("k/a.key", ""), false, false, 0, "",
	  "test $(stat -c %a k/a.key) = 600 && openssl pkey -in "
	  "k/a.key -noout -text | grep -q P-256 && openssl req -in out "
	  "-noout -verify" },
	{ "its kind", ":", KEYED("k/a.key", "key_type = \"rsa3072\";"), false,
	  false, 0, "",
	  "openssl pkey -in k/a.key -noout -text | grep -q '3072 "
	  "bit'" },
	{ "its names", ":",
	  KEYED("k/a.key", "names = [ \"b.example.org\", "
			   "\"*.example.org\", \"" LEAF "\" ];"),
	  false, false, 0, "",
	  "openssl req -in out -noout -text | grep -q 'DNS:" LEAF
	  ", DNS:b.example.org, DNS:\\*.example.org$'" },
	{ "one that is there", ":", KEYED("leaf.key", ""), false, false, 0, "",
	  "cmp leaf.key leaf.right && test \"$(openssl req -in out "
	  "-noout -pubkey)\" = \"$(openssl pkey -in leaf.key "
	  "-pubout)\"" },
	{ "what is no key", "echo x >k/a.key; chmod 600 k/a.key",
	  KEYED("k/a.key", ""), false, false, 1, "no private key",
	  "test \"$(cat k/a.key)\" = x" },
	{ "a link to nothing", "ln -s b.key k/a.key", KEYED("k/a.key", ""),
	  false, false, 0, "", "test -L k/a.key -a -s k/b.key" },
	{ "a folder in the way", "mkdir k/a.key", KEYED("k/a.key", ""), false,
	  false, 1, "k/a.key", "test -d k/a.key" },
	{ "no folder", "rmdir k", KEYED("k/a.key", ""), false, false, 1,
	  "its key: the folder of @/k/a.key is not there, make it",
	  "test ! -e k" },
	{ "an open folder", "chmod 777 k", KEYED("k/a.key", ""), false, false,
	  1, "can be written by everyone, run: chmod o-w @/k",
	  "test ! -e k/a.key" },
	{ "a pinned one is passed by", ":", PINNED, false, false, 0, "",
	  "test ! -s out" },
	{ "but not when it is named", ":", PINNED, false, true, 1,
	  "its private key is not on this host (public_key)", "test ! -s out" },
	{ "two places, one key", ":",
	  KEYED("k/a.key", "") ", " SERVICE(
		  "mail", CERT(LEAF, "d/m", "key = \"@/k/b.key\";")),
	  false, false, 0, "", "cmp k/a.key k/b.key" },
	{ "one of two is missing", ":",
	  KEYED("leaf.key", "") ", " SERVICE(
		  "mail", CERT(LEAF, "d/m", "key = \"@/k/b.key\";")),
	  false, false, 0, "",
	  "openssl pkey -in k/b.key -pubout >1; openssl pkey -in "
	  "leaf.key -pubout >2; cmp 1 2" },
	{ "two that differ", "cp -p next.key k/b.key",
	  KEYED("leaf.key", "") ", " SERVICE(
		  "mail", CERT(LEAF, "d/m", "key = \"@/k/b.key\";")),
	  false, false, 1,
	  "@/k/b.key is another key than that of "
	  "service web",
	  "test ! -s out" },
	{ "a next key", "cp old.pem d/full.pem", KEYED("leaf.key", ""), true,
	  true, 0, "",
	  "cmp leaf.key leaf.right && test $(stat -c %a "
	  "state/next/" LEAF ") = 600 && test \"$(openssl req -in out "
	  "-noout -pubkey)\" = \"$(openssl pkey -in state/next/" LEAF
	  " -pubout)\"" },
	{ "which is there already",
	  "mkdir -m 700 state/next; cp -p next.key state/next/" LEAF,
	  KEYED("leaf.key", ""), true, true, 0, "",
	  "cmp state/next/" LEAF " next.key" },
	{ "without one before", ":", KEYED("k/a.key", ""), true, true, 1,
	  "@/k/a.key is not there, so it cannot be followed",
	  "test ! -e state/next" },
	{ "of a file with more in it",
	  "cat leaf.right old.pem >k/a.key; chmod 600 k/a.key",
	  KEYED("k/a.key", ""), true, true, 1,
	  "@/k/a.key holds more than a private key", "test ! -e state/next" },
	{ "of a key of two certificates", ":",
	  KEYED("leaf.key", "") ", " SERVICE(
		  "mail",
		  CERT("m.example.org", "d/m", "key = \"@/leaf.key\";")),
	  true, true, 1, "@/leaf.key is the key of m.example.org, too",
	  "test ! -e state/next" },
	{ "a first key is the next one that waits",
	  "mkdir -m 700 state/next; cp -p next.key state/next/" LEAF,
	  KEYED("k/a.key", ""), false, false, 0, "",
	  "openssl pkey -in k/a.key -pubout >1; openssl pkey -in "
	  "next.key -pubout >2; cmp 1 2" },
};

/* What is said, and what there is afterwards. The store is asked of none. */
static void rows(void **state)
{
	kit_sh("openssl pkey -in leaf.key -pubout -out leaf.pub");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int got;

		clear();
		kit_sh("%s", cases[i].make);
		host_kit_load(FULL, "", cases[i].services);
		how = (struct request_how){ .print = true,
					    .new_key = cases[i].new_key };
		got = scratch_fork(ask, cases[i].named ? &host : NULL);
		if (got != cases[i].rc)
			fail_msg("%s: %d: %s", cases[i].what, got,
				 scratch_read(scratch("err")));
		if (*cases[i].err != '\0')
			says("err", cases[i].err);
		kit_sh("true '%s'; %s", cases[i].what, cases[i].test);
	}
}

static void dry(void **state)
{
	clear();
	host_kit_load(FULL, "", KEYED("k/a.key", ""));
	how = (struct request_how){ .print = true };
	host.dry_run = true;
	assert_int_equal(scratch_fork(ask, NULL), 0);
	kit_sh("test ! -s out -a ! -e k/a.key -a ! -e state/requests");
}

/* Without a store nothing is made, and nothing is lost. */
static void away(void **state)
{
	clear();
	host_kit_load(FULL, "", KEYED("k/a.key", ""));
	how = (struct request_how){ .print = false };
	assert_int_equal(scratch_fork(ask, NULL), 9);
	says("err", "nothing was made");
	kit_sh("test ! -e k/a.key");
}

static void show(void *arg)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1u << 20);
	bool well = answer_show(&host, arg, &out);

	fputs(sbuf_str(&out), stdout);
	fflush(stdout);
	_exit(well ? 0 : 1);
}

/* What --status has of it. */
static void status(void **state)
{
	static const struct {
		const char *state, *as;
		bool next;
		int rc;
		const char *says;
	} v[] = {
		{ FLEET_PENDING, NULL, false, 0,
		  LEAF ": a certificate was asked for ("
		       "1970-01-01T00:00:09Z), and waits to be approved\n" },
		{ FLEET_APPROVED, NULL, true, 0,
		  ": a certificate of its next key was asked for (1970-01-01T"
		  "00:00:09Z), and approved; the CA has its turn\n" },
		{ FLEET_APPROVED, LEAF "+h", false, 1,
		  "was approved as \"" LEAF "+h\": put that name into "
		  "installer.conf\n" },
		{ FLEET_REJECTED, NULL, false, 1,
		  "was rejected: \"why ?not\"\n" },
		{ REQUESTED_PRINTED, NULL, false, 0,
		  ": the CSR for a certificate was printed (1970-01-01T00:00:"
		  "09Z)\n" },
		{ REQUESTED_FAILED, NULL, true, 1,
		  ": a certificate of its next key could not be asked for" },
		{ REQUESTED_LIVE, NULL, true, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		clear();
		host_kit_load(FULL, "", KEYED("leaf.key", ""));
		requested_put(host_requested(&host), arena,
			      &(struct requested_one){ .name = LEAF,
						       .key = "k",
						       .new_key = v[i].next,
						       .state = v[i].state,
						       .reason = "why \x01not",
						       .as_name = v[i].as,
						       .ts = 9 });
		assert_int_equal(scratch_fork(show, NULL), v[i].rc);
		says("out", v[i].says);
		if (*v[i].says == '\0')
			assert_string_equal(scratch_read(scratch("out")), "");
	}
}

/* The same for programs; and a next key that nothing asks for. */
static void status_json(void **state)
{
	struct requested_one one = { .name = LEAF,
				     .key = "k",
				     .new_key = true,
				     .state = FLEET_REJECTED,
				     .reason = "\"no\"",
				     .ts = 9 };

	clear();
	kit_sh("mkdir -m 700 state/next; cp -p next.key state/next/" LEAF);
	host_kit_load(FULL, "", KEYED("leaf.key", ""));
	requested_put(host_requested(&host), arena, &one);
	assert_int_equal(scratch_fork(show, &host), 1);
	assert_string_equal(
		scratch_read(scratch("out")),
		"{\"service\":null,\"name\":\"" LEAF "\",\"endpoint\":null,"
		"\"state\":\"rejected\",\"new_key\":true,\"key\":\"k\","
		"\"as_name\":null,\"ts\":9,\"detail\":\"the request for a "
		"certificate of its next key (1970-01-01T00:00:09Z) was "
		"rejected: \\\"'no'\\\"\"}");
	one.state = REQUESTED_LIVE;
	requested_put(host_requested(&host), arena, &one);
	assert_int_equal(scratch_fork(show, &host), 0);
	assert_string_equal(
		scratch_read(scratch("out")),
		"{\"service\":null,\"name\":\"" LEAF "\",\"endpoint\":null,"
		"\"state\":\"next\",\"new_key\":true,\"key\":null,"
		"\"as_name\":null,\"ts\":null,\"detail\":\"its next key is "
		"there, and no request of it waits\"}");
	assert_int_equal(scratch_fork(show, NULL), 0);
	assert_string_equal(scratch_read(scratch("out")),
			    LEAF ": its next key is there, and no request of "
				 "it waits\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),	       cmocka_unit_test(dry),
		cmocka_unit_test(away),	       cmocka_unit_test(status),
		cmocka_unit_test(status_json),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
