/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "certrepo_conf.h"
#include "scratch.h"

#define STORE "store : { path = \"/var/lib/certrepo/certrepo.db\"; };\n"
#define CA                                                                 \
	"ca = ( { name = \"le\"; directory = \"https://ca.example/dir\"; " \
	"account_key = \"/k.pem\"; } );\n"

struct loaded {
	struct arena *arena;
	struct conf_errors errs;
	struct certrepo_conf conf;
	int rc;
};

static struct loaded load(const char *text)
{
	struct loaded l = { .arena = arena_new() };

	scratch_write(scratch("c"), text, 0644);
	l.rc = certrepo_conf_load(scratch("c"), l.arena, &l.conf, &l.errs);
	return l;
}

static void unload(struct loaded *l)
{
	conf_errors_free(&l->errs);
	arena_free(&l->arena);
}

static void accept(const char *text)
{
	struct loaded l = load(text);

	if (l.rc != 0)
		fail_msg("%s", l.errs.list.v[0]);
	assert_int_equal(l.errs.list.n, 0);
	unload(&l);
}

#define CONTACT(url)                                               \
	STORE "ca = ( { name = \"a\"; directory = \"https://c\"; " \
	      "account_key = \"/k\"; contact = \"" url "\"; } );"

/* The only error is at this line and says this. */
static void refuse(const char *text, unsigned int line, const char *what)
{
	struct loaded l = load(text);
	char prefix[700];

	assert_int_equal(l.rc, -1);
	if (l.errs.list.n != 1)
		fail_msg("%zu errors for %s", l.errs.list.n, text);
	if (line)
		snprintf(prefix, sizeof(prefix), "%s:%u: ", scratch("c"), line);
	else
		snprintf(prefix, sizeof(prefix), "%s: ", scratch("c"));
	assert_memory_equal(l.errs.list.v[0], prefix, strlen(prefix));
	if (!strstr(l.errs.list.v[0], what))
		fail_msg("%s: not %s", l.errs.list.v[0], what);
	unload(&l);
}

/* The values that certrepo_conf.h promises. */
static void defaults(void **state)
{
	struct loaded l = load(STORE CA);
	const struct certrepo_ca *ca;

	assert_int_equal(l.rc, 0);
	assert_string_equal(l.conf.store->driver, "sqlite");
	assert_string_equal(l.conf.csr_dir, "/etc/certrepo/csr");
	assert_string_equal(l.conf.state_dir, "/var/lib/certrepo");
	assert_string_equal(l.conf.default_ca, "le");
	assert_int_equal(l.conf.days_left, 0);
	assert_int_equal(l.conf.max_orders, 100);
	assert_int_equal(l.conf.count_fail_limit, 10);
	assert_int_equal(l.conf.retry_wait, 3600);
	assert_int_equal(l.conf.max_passes, 3);
	assert_int_equal(l.conf.order_timeout, 900);
	assert_int_equal(l.conf.store_patience, 3 * 3600);
	assert_int_equal(l.conf.deliver_within, 0);
	assert_null(l.conf.notify);
	assert_int_equal(l.conf.proof.dns->ttl, 60);
	assert_int_equal(l.conf.proof.dns->timeout, 5);
	assert_int_equal(l.conf.proof.dns->ready_timeout, 300);
	assert_int_equal(l.conf.proof.dns->unreachable_grace, 60);
	assert_int_equal(l.conf.proof.dns->zones.n, 0);
	ca = certrepo_conf_ca(&l.conf, NULL);
	assert_string_equal(ca->name, "le");
	assert_string_equal(ca->account_key_type, "ES256");
	assert_int_equal(ca->requests_per_second, 100);
	assert_int_equal(ca->nonce_pool, 1024);
	assert_string_equal(ca->http_version, "2");
	assert_false(ca->agree_tos);
	assert_false(ca->allow_ip);
	assert_false(ca->any_key);
	assert_false(ca->allow_single);
	assert_null(certrepo_conf_ca(&l.conf, "other"));
	unload(&l);
}

static void whole(void **state)
{
	struct loaded l = load(
		STORE "default_ca = \"two\";\n"
		      "ca = ( { name = \"one\"; directory = "
		      "\"https://[::1]:14000/dir\"; account_key = \"/1\"; },\n"
		      "{ name = \"two\"; directory = \"https://ca/d?x=1\"; "
		      "account_key = \"/2\"; contact = "
		      "[\"mailto:a@example.org\"]; agree_tos = true; } );\n"
		      "dns : { resolvers = [\"127.0.0.1:5353\", \"::1\", "
		      "\"[::1]:53\", \"[::1]\", \"192.0.2.1\"];\n"
		      "zones = ( { zone = \"ACME.Example.NET.\"; server = "
		      "\"192.0.2.53\"; check = [\"[2001:db8::1]:5353\"]; },\n"
		      "{ zone = \"_acme.example.org\"; } ); };\n"
		      "webroot_prefixes = [\"/var/www\", \"/srv/a..b\"];");
	struct proof_zone *z;

	if (l.rc != 0)
		fail_msg("%s", l.errs.list.v[0]);
	assert_string_equal(certrepo_conf_ca(&l.conf, NULL)->name, "two");
	assert_string_equal(certrepo_conf_ca(&l.conf, "one")->account_key,
			    "/1");
	z = l.conf.proof.dns->zones.v[0];
	assert_string_equal(z->zone, "acme.example.net");
	assert_int_equal(l.conf.proof.webroot_prefixes.n, 2);
	unload(&l);
}

static void missing(void **state)
{
	refuse(CA, 0, "`store': is missing");
	refuse(STORE, 0, "`ca': is missing");
	refuse(STORE "ca = ();", 0, "`ca': is empty");
	refuse("store : { };\n" CA, 1, "`path': is missing");
}

static const char *cas_text(int n, char *text)
{
	char *p = text + sprintf(text, STORE "ca = (\n");

	for (int i = 0; i < n; i++)
		p += sprintf(p,
			     "{ name = \"c%d\"; directory = \"https://c/\"; "
			     "account_key = \"/k\"; }%s\n",
			     i, i < n - 1 ? "," : " );");
	return text;
}

/* As many as a statement of the store has places for. */
static void many_cas(void)
{
	static char text[20000];

	accept(cas_text(100, text));
	refuse(cas_text(101, text), 103,
	       "`ca': describes 101 CAs, at most 100");
}

static void cas(void **state)
{
	refuse(STORE CA "default_ca = \"x\";", 0,
	       "`default_ca': there is no CA \"x\"");
	refuse(STORE CA CA, 3, "`ca': is already set in ");
	refuse(STORE
	       "ca = ( { name = \"a\"; directory = \"https://c/\"; account_key "
	       "= \"/k\"; },\n{ name = \"a\"; directory = \"https://d/\"; "
	       "account_key = \"/l\"; } );",
	       3, "CA \"a\" is already described in");
	many_cas();
#define CA_WITH(name, directory)                                       \
	STORE "ca = ( { name = \"" name "\"; directory = \"" directory \
	      "\"; account_key = \"/k\"; } );"
#define CA_FOUND(more) \
	STORE "ca = ( { name = \"a\"; account_key = \"/k\"; " more " } );"
	refuse(CA_FOUND("discover = [ \"a b\" ];"), 2, "`discover'");
	refuse(CA_FOUND("discover = [ \"\" ];"), 2, "`discover'");
	refuse(CA_FOUND("discover = \"corp.example\"; discover_allow = "
			"\"https://x\";"),
	       2, "`discover_allow'");
	refuse(CA_FOUND("directory = \"https://ca/d\"; discover_allow = "
			"\"x.example\";"),
	       2, "`discover_allow'");
	refuse(CA_FOUND("discover = \"auto\"; directory = "
			"\"https://ca/d\";"),
	       2, "`discover'");
	refuse(CA_FOUND("discover = \"auto\"; mode = \"maybe\";"), 2, "`mode'");
	refuse(CA_WITH("a", "http://ca/dir"), 2, "`directory'");
	refuse(CA_WITH("a", "https://"), 2, "`directory'");
	refuse(CA_WITH("a", "https:///dir"), 2, "`directory'");
	refuse(CA_WITH("a", "https://ca/a b"), 2, "`directory'");
	refuse(CA_WITH("a", "HTTPS//ca"), 2, "`directory'");
	refuse(CA_WITH("a/b", "https://ca"), 2, "`name'");
	refuse(CA_WITH("a b", "https://ca"), 2, "`name'");
	refuse(STORE "ca = ( { name = \"a\"; directory = \"https://c\"; "
		     "account_key = \"/k\"; contact = \"me\"; } );",
	       2, "`contact'");
	refuse(CONTACT("mailto:a@b.example, mailto:c@d.example"), 2,
	       "one address each: [\"mailto:a@b.example\", ");
	refuse(CONTACT("mailto:a@b.example,c@d.example"), 2,
	       "one address each");
	refuse(CONTACT("mailto:a@b.example mailto:c@d.example"), 2,
	       "one address each");
	refuse(CONTACT("mailto:a@b.example?subject=x"), 2, "the address alone");
	refuse(CONTACT("mailto:"), 2, "`contact'");
	accept(CONTACT("tel:+49-30-1,x"));
	/* of a CA, at the roof */
	refuse(STORE CA "eab_kid = \"k\";", 3,
	       "`eab_kid': belongs into a group of the list `ca'");
}

static void prefixes(void **state)
{
	refuse(STORE CA "webroot_prefixes = [\"www\"];", 0,
	       "`webroot_prefixes'");
	refuse(STORE CA "webroot_prefixes = [\"/srv/../etc\"];", 0,
	       "`webroot_prefixes'");
	refuse(STORE CA "webroot_prefixes = [\"/srv/..\"];", 0,
	       "`webroot_prefixes'");
	accept(STORE CA "webroot_prefixes = [\"/srv/...\", \"/\"];");
}

static void addresses(void **state)
{
	static const char *const bad[] = {
		"localhost",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:53x",
		"127.0.0.256",
		"127.1",
		"[::1",
		"[::1]53",
		"[::1]:",
		"[127.0.0.1]:53",
		"::1:53:x",
		"[]",
		"",
		":53",
		"127.0.0.1 ",
	};
	char text[1000];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text),
			 STORE CA "dns : { resolvers = [\"%s\"]; };", bad[i]);
		refuse(text, 3, "`resolvers'");
		snprintf(text, sizeof(text),
			 STORE CA "dns : { zones = (\n{ zone = \"z\"; server = "
				  "\"%s\"; } ); };",
			 bad[i]);
		refuse(text, 4, "`server'");
	}
	refuse(STORE CA "dns : { any_zone = true; };", 3, "`any_zone'");
	refuse(STORE CA "dns : { insecure = \"corp internal\"; };", 3,
	       "`insecure'");
	refuse(STORE CA "dns : { trust_anchor = \"root.key\"; };", 3,
	       "`trust_anchor'");
	refuse(STORE CA "dns : { zones = (\n{ zone = \"z\"; check_signed = "
			"true; } ); };",
	       4, "`check_signed'");
	refuse(STORE CA "dns : { zones = (\n{ zone = \"z\"; check = [\"ns1\"]; "
			"} ); };",
	       4, "`check'");
}

#define LABEL_OF_64 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void zones(void **state)
{
	static const char *const bad[] = {
		".", "a..b", ".a", "a b", "a/b", "a..", LABEL_OF_64 ".org",
	};
	char text[1000];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text),
			 STORE CA "dns : { zones = ( { zone = \"%s\"; } ); };",
			 bad[i]);
		refuse(text, 3, "is not a DNS name");
	}
	/* The same name twice, however it is written. */
	refuse(STORE CA "dns : { zones = ( { zone = \"a.org\"; },\n"
			"{ zone = \"A.org.\"; } ); };",
	       4, "zone \"a.org\" is already described in");
}

static void notify(void **state)
{
	struct loaded l = load(STORE CA "notify : { mail = \"root\"; };\n"
					"store_patience = \"1d\";\n"
					"deliver_within = \"8h\";\n");

	assert_int_equal(l.rc, 0);
	assert_int_equal(l.conf.notify->mail.n, 1);
	assert_string_equal(l.conf.notify->mail.v[0], "root");
	assert_int_equal(l.conf.notify->repeat, 86400);
	assert_int_equal(l.conf.store_patience, 86400);
	assert_int_equal(l.conf.deliver_within, 8 * 3600);
	unload(&l);
	refuse(STORE CA "deliver_within = \"91d\";\n", 3, "deliver_within");
	refuse(STORE CA "notify : { mail = \"a b@example.org\"; };\n", 3,
	       "mail: a b@example.org is not a mail address");
	refuse(STORE CA "notify : { };\n", 3, "notify tells nobody");
	refuse(STORE CA "notify : { to = \"x\"; };\n", 3, "to");
}

#define EAB(settings)                                                         \
	STORE "ca = ( { name = \"z\"; directory = \"https://ca.example/a\"; " \
	      "account_key = \"/k.pem\"; " settings " } );\n"
#define TWO(dir, key, kid)                                                    \
	STORE "ca = ( { name = \"a\"; directory = "                           \
	      "\"https://ca.example/a?p=1\";"                                 \
	      " account_key = \"/k.pem\"; eab_kid = \"one\"; eab_key_file = " \
	      "\"/e\"; },\n{ name = \"b\"; directory = \"" dir "\"; "         \
	      "account_key = \"" key "\"; eab_kid = \"" kid                   \
	      "\"; eab_key_file = \"/e\"; } );\n"

static void bindings(void **state)
{
	struct loaded l =
		load(EAB("eab_kid = \"kid_1-x+/=\"; eab_key_file = \"/e\";"));
	const struct certrepo_ca *ca = l.conf.ca.v[0];

	assert_int_equal(l.rc, 0);
	assert_string_equal(ca->eab_kid, "kid_1-x+/=");
	assert_string_equal(ca->eab_key_file, "/e");
	assert_string_equal(ca->eab_alg, "HS256");
	unload(&l);
	accept(EAB("eab_kid = \"k\"; eab_key_file = \"/e\"; "
		   "eab_alg = \"HS512\";"));
	refuse(EAB("eab_kid = \"k\";"), 2, "`eab_key_file': is missing");
	refuse(EAB("eab_key_file = \"/e\";"), 2, "`eab_kid': is missing");
	refuse(EAB("eab_kid = \"a b\"; eab_key_file = \"/e\";"), 2,
	       "`eab_kid': \"a b\"");
	refuse(EAB("eab_kid = \"k\"; eab_key_file = \"/e\"; "
		   "eab_alg = \"RS256\";"),
	       2, "eab_alg");
	/* one key is one account there */
	refuse(TWO("https://CA.example/b", "/k.pem", "two"), 3,
	       "`account_key': /k.pem is that of \"a\" as well");
	refuse(TWO("https://ca.example?x", "/k.pem", "two"), 3,
	       "`account_key'");
	accept(TWO("https://ca.example/b", "/k2.pem", "two"));
	accept(TWO("https://ca.example/b", "/k.pem", "one"));
	accept(TWO("https://ca.example.org/b", "/k.pem", "two"));
}

static void discovered(void **state)
{
	struct loaded l = load(CA_FOUND("discover = [\"Corp.Example.\", "
					"\"auto\"];"));
	struct certrepo_ca given = { .directory = "https://ca/d" };
	const struct certrepo_ca *ca;

	if (l.rc == -1)
		fail_msg("%s", l.errs.list.v[0]);
	ca = l.conf.ca.v[0];
	assert_string_equal(ca->directory, "");
	assert_string_equal(ca->mode, "try");
	assert_true(certrepo_conf_ca_is(ca, "https://any/d"));
	assert_true(certrepo_conf_ca_is(&given, "https://ca/d"));
	assert_false(certrepo_conf_ca_is(&given, "https://any/d"));
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify),     cmocka_unit_test(defaults),
		cmocka_unit_test(bindings),   cmocka_unit_test(whole),
		cmocka_unit_test(missing),    cmocka_unit_test(cas),
		cmocka_unit_test(discovered), cmocka_unit_test(prefixes),
		cmocka_unit_test(addresses),  cmocka_unit_test(zones),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
