/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include "host_kit.h"
#include "placeholder.h"

#define FULL                                                           \
	"layout = \"fixed\"; files = ( { file = \"full.pem\"; format " \
	"= \"fullchain\"; } );\n"
#define GENERATION                                                          \
	"layout = \"generation\"; files = ( { file = \"full.pem\"; format " \
	"= \"fullchain\"; } );"
#define NO_CERT(file)                                                        \
	"no placeholder: @/d/" file " is in the way: no certificate can be " \
	"read there; move it away, then run this again\n"
#define UNREAD \
	"no placeholder: what is there cannot be read, so nothing is done: "
#define CERT(more)                                                             \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = \"" LEAF \
	"\"; dir = \"@/d\"; " more " } ); }"
#define KEYED CERT("key = \"@/leaf.key\";")

static void lay(void *arg)
{
	host.dry_run = arg;
	placeholder_lay(&host);
	fflush(stdout);
	_exit(host.bad == 0 ? 0 : host.good > 0 ? 2 : 1);
}

/* A run, in a process of its own; its exit status. */
static int run(bool dry)
{
	return scratch_fork(lay, dry ? &host : NULL);
}

static void says(const char *out, const char *err)
{
	const char *got = scratch_read(scratch("out"));

	if (out ? !strstr(got, host_kit_here(out)) : *got != '\0')
		fail_msg("\"%s\" is not what is printed: %s", out ? out : "",
			 got);
	got = scratch_read(scratch("err"));
	if (!strstr(got, err ? host_kit_here(err) : "service ") == !!err)
		fail_msg("\"%s\" is not what is said: %s", err ? err : "", got);
}

static void clear(void)
{
	kit_sh("rm -rf d p/* state/journal/* state/folders; mkdir d");
}

/* What is in the way, or missing: what is said, and that nothing is done. */
static void rows(void **state)
{
	static const struct {
		const char *what, *make, *profile, *services, *out, *err;
		int rc;
	} v[] = {
		{ "a file", "echo x >d/full.pem", FULL, KEYED, NULL,
		  NO_CERT("full.pem"), 1 },
		{ "an empty one", ": >d/full.pem", FULL, KEYED, NULL,
		  NO_CERT("full.pem"), 1 },
		{ "a link to nothing", "ln -s nothing d/full.pem", FULL, KEYED,
		  NULL, NO_CERT("full.pem"), 1 },
		{ "a folder", "mkdir d/full.pem", FULL, KEYED, NULL,
		  UNREAD "@/d/full.pem is in the way: not a file", 1 },
		{ "a file of two", "echo x >d/b.pem",
		  "layout = \"fixed\"; files = ( { file = \"a.pem\"; format = "
		  "\"certificate\"; }, { file = \"b.pem\"; format = \"chain\"; "
		  "} );",
		  KEYED, NULL, NO_CERT("b.pem"), 1 },
		{ "a link of generations to nothing", "ln -s x d/current",
		  GENERATION, KEYED, NULL, "no placeholder: @/d/current", 1 },
		{ "a file in its place", "echo x >d/current", GENERATION, KEYED,
		  NULL, UNREAD "@/d/current is in the way", 1 },
		{ "a certificate of somebody's", "cp old.pem d/full.pem", FULL,
		  KEYED, "left as it is: @/d/full.pem is there\n", NULL, 0 },
		{ "a self-signed one of somebody's", "cp root.pem d/full.pem",
		  FULL, KEYED, "left as it is: @/d/full.pem is there\n", NULL,
		  0 },
		{ "a folder that is missing", "rmdir d", FULL, KEYED, NULL,
		  "no placeholder: folder @/d is not there; make it, or mend "
		  "the setting dir: install -d -m 0755 @/d\n",
		  1 },
		{ "what is no folder", "rmdir d; echo x >d", FULL, KEYED, NULL,
		  "no placeholder: ", 1 },
		{ "one that everyone may write", "chmod o+w d", FULL, KEYED,
		  NULL, "can be written by everyone, run: chmod o-w @/d", 1 },
		{ "no key", ":", FULL, CERT("key = \"@/no such.key\";"), NULL,
		  "service web: " LEAF
		  ": no placeholder: its key is not there; run: "
		  "certrepo-installer --request " LEAF
		  ", which makes one and asks for its certificate, then run "
		  "this again; or make one by hand: (umask 077; openssl genrsa "
		  "-out '@/no such.key' 2048)\n",
		  1 },
		{ "a key with a passphrase",
		  "openssl pkey -in leaf.key -aes128 -passout pass:x -out "
		  "enc.key; chmod 600 enc.key",
		  FULL, CERT("key = \"@/enc.key\";"), NULL,
		  "no placeholder: @/enc.key: the key is encrypted", 1 },
		{ "a key that is none", "echo x >bad.key; chmod 600 bad.key",
		  FULL, CERT("key = \"@/bad.key\";"), NULL,
		  "no placeholder: @/bad.key holds no private key", 1 },
		{ "a key open to everyone",
		  "cp leaf.key o.key; chmod 644 o.key", FULL,
		  CERT("key = \"@/o.key\";"), NULL,
		  "no placeholder: secret file @/o.key is readable by everyone",
		  1 },
		{ "a key elsewhere",
		  "openssl pkey -in leaf.key -pubout -out pub", FULL,
		  CERT("public_key = \"@/pub\";"),
		  "left as it is: its private key is not on this host "
		  "(public_key)\n",
		  NULL, 0 },
		{ "a service elsewhere", ":",
		  FULL "seed = ( { command = [ \"touch\", \"@/ran\" ]; } );",
		  KEYED,
		  "left as it is: what it uses now is fetched from where it "
		  "runs (seed)\n",
		  NULL, 0 },
		{ "no password", ":",
		  "layout = \"fixed\"; files = ( { file = \"k.p12\"; format = "
		  "\"fullchain-key\"; encoding = \"pkcs12\"; password_file = "
		  "\"@/pw\"; } );",
		  KEYED, NULL, "no placeholder: @/pw: cannot be read", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		clear();
		host_kit_load(v[i].profile, "", v[i].services);
		kit_sh("%s; find . -path './d*' >before", v[i].make);
		if (run(false) != v[i].rc)
			fail_msg("%s: %s", v[i].what,
				 scratch_read(scratch("err")));
		says(v[i].out, v[i].err);
		kit_sh("find . -path './d*' >after; cmp before after; test ! "
		       "-e ran; test "
		       "-z \"$(ls state/journal)\"");
	}
}

/* All formats, whatever they hold besides, and the names. */
static void made(void **state)
{
	clear();
	kit_sh("umask 077; echo secret >pw");
	host_kit_load(
		"layout = \"fixed\"; files = ( "
		"{ file = \"cert.pem\"; format = \"certificate\"; }, "
		"{ file = \"chain.pem\"; format = \"chain\"; }, "
		"{ file = \"ca.pem\"; parts = [ \"root\" ]; }, "
		"{ file = \"c.der\"; parts = [ \"certificate\" ]; "
		"encoding = \"der\"; }, "
		"{ file = \"key-first.pem\"; format = \"key-fullchain\"; "
		"mode = \"0640\"; }, "
		"{ file = \"k.p12\"; format = \"fullchain-key\"; encoding "
		"= \"pkcs12\"; password_file = \"@/pw\"; } );",
		"",
		CERT("key = \"@/leaf.key\"; names = [ \"*.example.org\", "
		     "\"mail.example.org\" ];"));
	assert_int_equal(run(false), 0);
	says("web: " LEAF ": laid a placeholder, self-signed, until ", NULL);
	kit_sh("cd d; for f in chain ca; do cmp cert.pem $f.pem; done; "
	       "openssl x509 -inform der -in c.der | cmp - cert.pem; "
	       "openssl pkcs12 -in k.p12 -passin pass:secret -nokeys | openssl "
	       "x509 | cmp - cert.pem; openssl pkcs12 -in k.p12 -passin "
	       "pass:secret -nocerts -nodes | openssl pkey | cmp - "
	       "../leaf.key; openssl pkey -in key-first.pem | cmp - "
	       "../leaf.key; openssl x509 -in key-first.pem | cmp - cert.pem; "
	       "stat -c %%a key-first.pem k.p12 cert.pem | xargs | grep -qx "
	       "'640 600 644'; openssl x509 -in cert.pem -noout -ext "
	       "subjectAltName | grep -q 'DNS:www.example.org, "
	       "DNS:\\*.example.org, "
	       "DNS:mail.example.org$'");
	/* of 30 days: not of 29, nor of 31, from the host's now */
	kit_sh("! openssl x509 -in d/cert.pem -noout -checkend "
	       "$((31 * 86400)) >out; openssl x509 -in d/cert.pem -noout "
	       "-checkend "
	       "$((29 * 86400)) >out");
	assert_int_equal(run(false), 0);
	says("left as it is: @/d/cert.pem is there, with a placeholder (until ",
	     NULL);
}

/* No service starts with one of a key that the host has not any more. */
static void of_another_key(void **state)
{
	static const char *const layouts[] = { FULL, GENERATION };

	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		clear();
		kit_sh("cp leaf.key k.key; chmod 600 k.key");
		host_kit_load(layouts[i], "", CERT("key = \"@/k.key\";"));
		if (run(false) != 0)
			fail_msg("%s", scratch_read(scratch("err")));
		kit_sh("cp next.key k.key; find d -name full.pem | xargs cat "
		       ">was");
		assert_int_equal(run(true), 0);
		says("web: " LEAF ": would lay a placeholder", NULL);
		kit_sh("find d -name full.pem | xargs cat | cmp - was");
		if (run(false) != 0)
			fail_msg("%s", scratch_read(scratch("err")));
		says("web: " LEAF ": laid a placeholder", NULL);
		kit_sh("openssl pkey -in next.key -pubout >pub; f=d/full.pem; "
		       "[ -e $f ] || f=d/current/full.pem; openssl x509 -in "
		       "$f -noout -pubkey | cmp - pub");
	}
}

/* One does not keep another from its own. */
static void several(void **state)
{
	clear();
	host_kit_load(
		FULL, "",
		"{ name = \"web\"; profile = \"x\"; certificates = ( "
		"{ name = \"a.example.org\"; key = \"@/none\"; dir = "
		"\"@/d/a\"; "
		"}, { name = \"b.example.org\"; key = \"@/leaf.key\"; dir = "
		"\"@/d/b\"; } ); }, { name = \"mail\"; profile = \"x\"; "
		"certificates = ( { name = \"c.example.org\"; key = "
		"\"@/next.key\"; dir = \"@/d/c\"; } ); }");
	kit_sh("mkdir d/a d/b d/c");
	assert_int_equal(run(true), 2);
	says("web: b.example.org: would lay a placeholder, self-signed, until ",
	     NULL);
	says("web: a.example.org FAILS: its key is not there", NULL);
	kit_sh("test -z \"$(find d -type f)\"");
	assert_int_equal(run(false), 2);
	says("mail: c.example.org: laid", "a.example.org: no placeholder: ");
	kit_sh("cd d; ls */* | xargs | grep -qx 'b/full.pem c/full.pem'; "
	       "openssl x509 -in c/full.pem -noout -subject | grep -q "
	       "c.example.org");
	/* only what is asked for */
	clear();
	kit_sh("mkdir d/a d/b d/c; cp leaf.key none; chmod 600 none");
	host_kit_load(
		FULL, "",
		"{ name = \"web\"; profile = \"x\"; certificates = ( "
		"{ name = \"a.example.org\"; key = \"@/none\"; dir = "
		"\"@/d/a\"; "
		"} ); }, { name = \"mail\"; profile = \"x\"; certificates = ( "
		"{ name = \"a.example.org\"; key = \"@/none\"; dir = "
		"\"@/d/c\"; "
		"} ); }");
	strlist_add(&host.only, "mail");
	assert_int_equal(run(false), 0);
	strlist_free(&host.only);
	kit_sh("cd d; ls */* | xargs | grep -qx c/full.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(made),
		cmocka_unit_test(of_another_key),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
