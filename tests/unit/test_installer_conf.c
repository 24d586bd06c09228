/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "installer_conf.h"

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

#define HEAD "store : { path = \"/x\"; };\n"
#define SERVICE                                                             \
	"services = ( { name = \"web\"; profile = \"p\"; certificates = ( " \
	"{ name = \"www.example.org\"; key = \"/k\"; dir = \"/d\"; } ); } );"

#define VERIFY(group)                                                        \
	HEAD "services = ( { name = \"web\"; profile = \"p\"; "              \
	     "certificates = ( { name = \"www.example.org\"; key = \"/k\"; " \
	     "dir = \"/d\"; } ); verify = ( { " group " } ); } );"

#define CERTS(global, one)                                                     \
	HEAD global                                                            \
		"services = ( { name = \"web\"; profile = \"p\"; "             \
		"certificates = ( "                                            \
		"{ name = \"a.example.org\"; key = \"/k\"; dir = \"/d\"; " one \
		"}, { name = \"b.example.org\"; key = \"/l\"; dir = \"/d\"; "  \
		"}, "                                                          \
		"{ name = \"c.example.org\"; public_key = \"/m\"; "            \
		"dir = \"/d\"; } ); } );"

static void endpoint(void **state)
{
	const char *text = VERIFY("address = \"a:1\"; command = [ \"x\", "
				  "\"y z\" ]; protocol = \"command\"; "
				  "sni = \"both\"; server_name = "
				  "\"mail\"; key_type = \"ec\";");
	const struct installer_endpoint *e;
	const struct installer_service *s;
	struct conf_errors errs = { 0 };
	struct installer_conf c;

	assert_int_equal(
		installer_conf_load_string("t", VERIFY("address = \"a:1\";"),
					   arena, &c, &errs),
		0);
	s = c.services.v[0];
	e = s->verify.v[0];
	assert_string_equal(e->protocol, "tls");
	assert_string_equal(e->sni, "yes");
	assert_string_equal(e->addresses, "all");
	assert_string_equal(e->identity, "anonymous");
	assert_null(e->key_type);
	if (installer_conf_load_string("t", text, arena, &c, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	s = c.services.v[0];
	e = s->verify.v[0];
	assert_int_equal(e->command.n, 2);
	assert_string_equal(e->command.v[1], "y z");
	assert_string_equal(e->sni, "both");
	assert_string_equal(e->key_type, "ec");
}

static void defaults(void **state)
{
	struct conf_errors errs = { 0 };
	const struct installer_service *s;
	struct installer_conf c;
	char host[256];

	if (installer_conf_load_string("t", HEAD SERVICE, arena, &c, &errs) ==
	    -1)
		fail_msg("%s", errs.list.v[0]);
	gethostname(host, sizeof(host));
	assert_string_equal(c.host, host);
	assert_string_equal(c.trust_file, "/etc/ssl/certs/ca-certificates.crt");
	assert_string_equal(c.profile_dir, "/etc/certrepo/profiles");
	assert_string_equal(c.state_dir, "/var/lib/certrepo-installer");
	assert_int_equal(c.keep, 3);
	assert_int_equal(c.splay, 0);
	assert_int_equal(c.heartbeat, 86400);
	assert_int_equal(c.clock_skew, 300);
	assert_true(c.report);
	assert_null(c.receipts);
	s = c.services.v[0];
	assert_int_equal(s->verify_time, 10);
	assert_int_equal(s->verify_timeout, 5);
}

/* It is as whole as the store. */
static void receipts_elsewhere(void **state)
{
	struct conf_errors errs = { 0 };
	struct installer_conf c;

	assert_int_equal(installer_conf_load_string(
				 "t",
				 HEAD SERVICE "\nreceipts : { driver = "
					      "\"mariadb\"; host = \"db\"; };",
				 arena, &c, &errs),
			 -1);
	assert_non_null(strstr(errs.list.v[0], "t:3: setting `ca_file'"));
	conf_errors_free(&errs);
	if (installer_conf_load_string(
		    "t", HEAD SERVICE "\nreceipts : { path = \"/y\"; };", arena,
		    &c, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	assert_string_equal(c.store->path, "/x");
	assert_string_equal(c.receipts->path, "/y");
}

/* Each is an error that says what is wrong, with its line. */
static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ SERVICE, "store" },
		{ HEAD, "services" },
		{ HEAD SERVICE "\nkeep = 0;", "t:3: setting `keep'" },
		{ HEAD SERVICE "\nkeeep = 1;", "t:3: " },
		{ HEAD SERVICE "\nsplay = \"2d\";", "splay" },
		{ HEAD SERVICE "\nnotify : { };", "t:3: notify tells nobody" },
		{ HEAD SERVICE "\nnotify : { mail = \"a b\"; };",
		  "mail: a b is not a mail address" },
		{ HEAD SERVICE "\nnotify : { mail = \"-oQ/tmp\"; };",
		  "mail: -oQ/tmp is not" },
		{ HEAD SERVICE "\nnotify : { mail = \"a\\nBcc:b\"; };",
		  "is not a mail address" },
		{ HEAD SERVICE "\nnotify : { mail = \"a\"; from = \"<b>\"; };",
		  "from: <b> is not a mail address" },
		{ HEAD SERVICE
		  "\nnotify : { mail = \"a\"; user = \"nobody\"; };",
		  "user is for command" },
		{ HEAD SERVICE "\nnotify : { mail = \"a\"; repeat = \"1m\"; };",
		  "repeat" },
		{ HEAD SERVICE "\nheartbeat = \"1s\";", "heartbeat" },
		{ HEAD SERVICE "\nreport = \"yes\";", "report" },
		{ HEAD SERVICE "\nstate_dir = \"relative\";", "state_dir" },
		{ HEAD SERVICE "\nstate_dir = \"/a\\tb\";", "control" },
		{ HEAD SERVICE "\nhost = \"\";", "host" },
		{ HEAD SERVICE "\nrecheck = -1;", "recheck" },
		{ HEAD SERVICE "\nclock_skew = \"2d\";", "clock_skew" },
		{ HEAD "services = ( { profile = \"p\"; certificates = ( ); } "
		       ");",
		  "name" },
		{ HEAD "services = ( { name = \"web\"; profile = \"p\"; "
		       "verify_time = 601; certificates = ( ); } );",
		  "verify_time" },
		{ HEAD "services = ( { name = \"web\"; profile = \"p\"; "
		       "certificates = ( { name = \"www.example.org\"; key = "
		       "\"/k\"; dir = \"d\"; } ); } );",
		  "dir" },
		{ HEAD "services = ( { name = \"web\"; profile = \"p\"; "
		       "certificates = ( { name = \"x_y/../z\"; key = \"/k\"; "
		       "dir = \"/d\"; } ); } );",
		  "x_y" },
		{ VERIFY("address = \"a:1\"; protocol = \"gopher\";"),
		  "protocol" },
		{ VERIFY("address = \"a:1\"; protocol = \"https\";"),
		  "; https, imaps, pop3s, smtps, ldaps and others" },
		{ VERIFY("address = \"a:1\"; protocol = \"command\";"),
		  "\"command\" and command go together" },
		{ VERIFY("address = \"a:1\"; command = \"x\";"),
		  "\"command\" and command go together" },
		{ VERIFY("address = \"a:1\"; user = \"x\";"), "user is for" },
		{ VERIFY("address = \"a:1\"; protocol = \"radius-eap\";"),
		  "secret_file go together" },
		{ VERIFY("address = \"a:1\"; secret_file = \"/x\";"),
		  "secret_file go together" },
		{ VERIFY("address = \"a:1\"; protocol = \"xmpp-server\";"),
		  "\"xmpp-server\" needs server_name" },
		{ VERIFY("address = \"a:1\"; protocol = \"command\"; command "
			 "= \"x\"; proxy_protocol = \"v1\";"),
		  "verify a:1: proxy_protocol is for TCP, not for protocol "
		  "\"command\"" },
		{ VERIFY("address = \"a:1\"; protocol = \"radius-eap\"; "
			 "secret_file = \"/x\"; proxy_protocol = \"v2\";"),
		  "proxy_protocol is for TCP" },
		{ VERIFY("address = \"a:1\"; proxy_protocol = \"v3\";"),
		  "proxy_protocol" },
		{ VERIFY("address = \"a:1\"; sni = \"both\";"),
		  "sni = \"both\" needs server_name" },
		{ VERIFY("address = \"a:1\"; server_name = \"a'b.c\";"),
		  "server_name: a'b.c is not a DNS name" },
		{ VERIFY("address = \"a:1\"; server_name = \"*.b.c\";"),
		  "server_name: *.b.c is not a DNS name" },
		{ VERIFY("address = \"a:1\"; key_type = \"dsa\";"),
		  "key_type" },
		{ VERIFY("address = \"a\tb\"; protocol = \"command\"; "
			 "command = \"x\";"),
		  "control characters" },
		{ VERIFY("address = \"a:1\"; identity = \"a\tb\";"),
		  "identity: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errs = { 0 };
		struct installer_conf c;
		bool said = false;

		if (installer_conf_load_string("t", cases[i].text, arena, &c,
					       &errs) != -1)
			fail_msg("taken: %s", cases[i].text);
		for (size_t k = 0; k < errs.list.n; k++)
			said = said || strstr(errs.list.v[k], cases[i].says);
		if (!said)
			fail_msg("no \"%s\" in: %s", cases[i].says,
				 errs.list.v[0]);
		conf_errors_free(&errs);
	}
}

static void keys_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ CERTS("", "key_type = \"P-521\";"), "key_type" },
		{ HEAD "services = ( { name = \"web\"; profile = \"p\"; "
		       "certificates = ( { name = \"c.example.org\"; "
		       "public_key = \"/m\"; dir = \"/d\"; "
		       "max_key_age = \"1d\"; } ); } );",
		  "key_type and max_key_age are for a key that is here" },
		{ CERTS("", "max_key_age = 30;"), "30 s are less than a day" },
		{ CERTS("max_key_age = \"23h\";", ""),
		  "82800 s are less than a day" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errs = { 0 };
		struct installer_conf c;

		if (installer_conf_load_string("t", cases[i].text, arena, &c,
					       &errs) != -1)
			fail_msg("taken: %s", cases[i].text);
		if (!strstr(errs.list.v[0], cases[i].says))
			fail_msg("no \"%s\" in: %s", cases[i].says,
				 errs.list.v[0]);
		conf_errors_free(&errs);
	}
}

/* What the host has is so for each certificate that says nothing of it. */
static void key_ages(void **state)
{
	static const struct {
		const char *text;
		int64_t a, b;
	} cases[] = {
		{ CERTS("", ""), 0, 0 },
		{ CERTS("max_key_age = \"10d\";", ""), 864000, 864000 },
		{ CERTS("max_key_age = \"10d\";", "max_key_age = 0;"), 0,
		  864000 },
		{ CERTS("", "max_key_age = \"1d\";"), 86400, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errs = { 0 };
		const struct installer_service *s;
		const struct installer_cert *a, *b, *pinned;
		struct installer_conf c;

		if (installer_conf_load_string("t", cases[i].text, arena, &c,
					       &errs) == -1)
			fail_msg("%s", errs.list.v[0]);
		s = c.services.v[0];
		a = s->certificates.v[0];
		b = s->certificates.v[1];
		pinned = s->certificates.v[2];
		assert_int_equal(a->max_key_age, cases[i].a);
		assert_int_equal(b->max_key_age, cases[i].b);
		assert_int_equal(pinned->max_key_age, 0);
		assert_null(a->key_type);
	}
}

static void file(void **state)
{
	struct conf_errors errs = { 0 };
	struct installer_conf c;

	scratch_write(scratch("i.conf"), HEAD SERVICE, 0640);
	assert_int_equal(
		installer_conf_load(scratch("i.conf"), arena, &c, &errs), 0);
	chmod(scratch("i.conf"), 0660);
	assert_int_equal(
		installer_conf_load(scratch("i.conf"), arena, &c, &errs), -1);
	assert_non_null(strstr(errs.list.v[0], "writable by others"));
	assert_int_equal(installer_conf_load(scratch("none"), arena, &c, &errs),
			 -1);
	conf_errors_free(&errs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(endpoint),
		cmocka_unit_test(receipts_elsewhere),
		cmocka_unit_test(refused),
		cmocka_unit_test(keys_refused),
		cmocka_unit_test(key_ages),
		cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
