/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "clock.h"
#include "hostkey.h"
#include "x509_make.h"

static struct x509_trust *trust;
static struct x509_key *key;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state))
		return -1;
	kit_pki();
	kit_sh("chmod 600 *.key; openssl pkey -in leaf.key -pubout -out "
	       "leaf.pub; openssl pkey -in inter.key -pubout -out other.pub");
	assert_int_equal(x509_trust_load(scratch("root.pem"), &trust, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	x509_trust_free(&trust);
	return scratch_teardown(state);
}

/* "" when it is taken, else why not; static. */
static const char *vet(const char *chain_file, const char *domain,
		       const char *name, const char *public_key, int64_t now)
{
	static struct err err;
	const char *names[] = { name, NULL };
	struct installer_cert conf = {
		.name = "*.example.org",
		.key = public_key ? NULL : scratch("leaf.key"),
		.public_key = public_key,
		.names = { .v = names, .n = name ? 1 : 0 },
	};
	struct svc_cert c = { .conf = &conf, .root = "", .domain = domain };
	struct x509_chain *chain = kit_chain(chain_file, &err);
	int rc;

	err_clear(&err);
	assert_non_null(chain);
	assert_int_equal(hostkey_load(&c, &key, &err), 0);
	rc = hostkey_vet(&c, chain, key, NULL, trust, now, 300, &err);
	assert_true(rc == 0 || err.kind == ERR_INPUT);
	x509_key_free(&key);
	x509_chain_free(&chain);
	return rc == 0 ? "" : err.msg;
}

#define SAYS(got, text)                                           \
	do {                                                      \
		const char *got_ = got;                           \
		if (!strstr(got_, text))                          \
			fail_msg("no \"%s\" in: %s", text, got_); \
	} while (0)

static void good(void **state)
{
	int64_t now = clock_now();

	assert_string_equal(
		vet("chain.pem", "www.example.org", NULL, NULL, now), "");
	assert_string_equal(
		vet("full.pem", "example.org", "www.example.org", NULL, now),
		"");
	assert_string_equal(
		vet("chain.pem", "example.org", NULL, scratch("leaf.pub"), now),
		"");
	/* A clock that is behind, within the skew. */
	assert_string_equal(
		vet("chain.pem", "example.org", NULL, NULL, now - 250), "");
}

static void refused(void **state)
{
	int64_t now = clock_now(), day = 86400;

	SAYS(vet("chain.pem", "other.example.org", NULL, NULL, now),
	     "not for other.example.org");
	SAYS(vet("chain.pem", "example.org", "x.example.org", NULL, now),
	     "not for x.example.org");
	SAYS(vet("chain.pem", "example.org", NULL, scratch("other.pub"), now),
	     "another key");
	SAYS(vet("chain.pem", "example.org", NULL, NULL, now + 91 * day),
	     "expired on");
	SAYS(vet("chain.pem", "example.org", NULL, NULL, now - day),
	     "not valid before");
	/* The clock: of 1970, of after the last of hosts, and just wrong. */
	SAYS(vet("chain.pem", "example.org", NULL, NULL, 86400),
	     "this host's clock is wrong, it says 1970-01-02 (date): set it");
	SAYS(vet("chain.pem", "example.org", NULL, NULL, 2871763199),
	     "this host's clock is wrong, it says 2060-12-31 (date): set it");
	SAYS(vet("chain.pem", "example.org", NULL, NULL, 1861920000),
	     "this host's clock says 2029-01-01 (date): see that it is right");
	SAYS(vet("leaf.pem", "example.org", NULL, NULL, now), "trusted");
	assert_null(strstr(vet("leaf.pem", "example.org", NULL, NULL, now),
			   "preferred_chain"));
	/* Below a root that this host does not have: is there another way? */
	kit_sh("openssl req -x509 " KIT_EC " -nodes -keyout old.key -out "
	       "old.pem -subj '/CN=Old Root' -days 3650;"
	       "openssl x509 -req -in inter.csr -CA old.pem -CAkey old.key "
	       "-extfile ca.ext -days 2000 -out old-inter.pem;"
	       "cat leaf.pem old-inter.pem >old-chain.pem");
	SAYS(vet("old-chain.pem", "example.org", NULL, NULL, now),
	     "cannot be trusted: issuer \"Old Root\" of certificate ");
	SAYS(vet("old-chain.pem", "example.org", NULL, NULL, now),
	     "leads there; if it is of a public CA, certrepo-populate show "
	     "'*.example.org' on the central host says which other chains "
	     "that gives (preferred_chain)");
	kit_sh("cat leaf.pem root.pem inter.pem >mixed.pem");
	SAYS(vet("mixed.pem", "example.org", NULL, NULL, now), "broken");
	/* ours in the CN, another in the SAN */
	kit_sh("openssl req -new -key leaf.key -subj /CN=example.org "
	       "-out cn.csr; printf 'extendedKeyUsage=serverAuth\\n' >cn.ext; "
	       "printf 'subjectAltName=DNS:evil.example\\n' >cn2.ext; "
	       "for i in cn cn2; do openssl x509 -req -in cn.csr -CA inter.pem "
	       "-CAkey inter.key -extfile $i.ext -out $i.pem && "
	       "cat inter.pem >>$i.pem || exit 1; done");
	SAYS(vet("cn2.pem", "example.org", NULL, NULL, now),
	     "not for example.org");
	SAYS(vet("cn.pem", "example.org", NULL, NULL, now),
	     "not for example.org: it has no subjectAltName");
	SAYS(vet("cn.pem", "example.org", NULL, NULL, now),
	     "CSR with subjectAltName=DNS:example.org");
	kit_sh("openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key "
	       "-extfile ca.ext -days 9 -out ca.pem; cat inter.pem >>ca.pem");
	SAYS(vet("ca.pem", "example.org", NULL, NULL, now), "that of a CA");
	kit_sh("openssl req -x509 -key leaf.key -out self.pem -days 9 -subj "
	       "/CN=example.org -addext subjectAltName=DNS:example.org");
	SAYS(vet("self.pem", "example.org", NULL, NULL, now), "that of a CA");
	kit_sh("openssl req -x509 -key leaf.key -out self.pem -days 9 -subj "
	       "/CN=example.org -addext subjectAltName=DNS:example.org "
	       "-addext basicConstraints=critical,CA:FALSE");
	SAYS(vet("self.pem", "example.org", NULL, NULL, now), "trusted");
}

static struct err store;

/* The key that is there, of which a request is in that state. */
static void asks(const struct svc_cert *c, const char *how, const char *as_name,
		 struct err *err, const struct x509_chain *chain)
{
	AUTO(x509_key_free) struct x509_key *own = NULL;
	char id[ENC_SHA256_HEX];
	struct requested_one one = { .name = c->conf->name,
				     .key = id,
				     .state = how,
				     .as_name = as_name,
				     .reason = "not \"ours\"" };
	struct requested all = { .v = &one, .n = 1 };

	err_clear(err);
	assert_int_equal(hostkey_load(c, &own, err), 0);
	assert_int_equal(x509_key_id(own, id, err), 0);
	assert_int_equal(hostkey_fits(c, chain, &all, err), -1);
	/* The same of one that the store has. */
	err_clear(&store);
	assert_int_equal(hostkey_vet(c, chain, own, &all, trust, clock_now(),
				     300, &store),
			 -1);
}

static void fits(void **state)
{
	struct installer_cert conf = { .name = "example.org",
				       .key = scratch("k.key") };
	struct svc_cert c = { .conf = &conf, .root = "" };
	struct sbuf a = SBUF_INIT(1000), b = SBUF_INIT(1000);
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err);
	struct x509_key *own = NULL;

	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	SAYS(err.msg, "k.key: cannot be read: No such file or directory; put "
		      "it back, the service may fail at its next restart; if "
		      "it is lost, run: certrepo-installer --request "
		      "example.org, which makes another");
	assert_int_equal(hostkey_load_or_say(&c, &own, &err), -1);
	SAYS(err.msg, "k.key: cannot be read: No such file or directory; put "
		      "it there, or run: certrepo-installer --request "
		      "example.org, which makes one and asks for its "
		      "certificate");
	kit_sh("cp -p leaf.key k.key");
	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), 0);
	hostkey_look(&c, &a);
	hostkey_look(&c, &b);
	assert_string_equal(sbuf_str(&a), sbuf_str(&b));
	sbuf_clear(&b);
	chmod(scratch("k.key"), 0644);
	hostkey_look(&c, &b);
	assert_string_not_equal(sbuf_str(&a), sbuf_str(&b));
	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	SAYS(err.msg, "readable by everyone");
	kit_sh("rm k.key; cp -p inter.key k.key");
	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	SAYS(err.msg, "is not the key of the installed certificate");
	SAYS(err.msg,
	     "; put the right one back, or ask for a certificate of this "
	     "one, here: certrepo-installer --request ");
	/* It is asked for. */
	asks(&c, FLEET_PENDING, NULL, &err, chain);
	SAYS(err.msg, "; put the right one back, or approve the request of "
		      "this one, on the central host: certrepo-populate "
		      "pending");
	SAYS(store.msg, "the certificate in the store belongs to another key "
			"than ");
	SAYS(store.msg, "/k.key; put that one there, or approve the request "
			"of this one, on the central host: certrepo-populate "
			"pending");
	asks(&c, FLEET_APPROVED, NULL, &err, chain);
	SAYS(err.msg, "or wait for the certificate of this one: its request "
		      "was approved");
	asks(&c, FLEET_APPROVED, "x+h", &err, chain);
	SAYS(err.msg, "or ask for a certificate of this one");
	SAYS(store.msg, "put that one there, or ask for a certificate of this "
			"one: certrepo-installer --request example.org");
	asks(&c, REQUESTED_PRINTED, NULL, &err, chain);
	SAYS(err.msg, "or enrol the CSR of this one that was printed, by "
		      "certrepo-populate add --replace example.org");
	asks(&c, FLEET_REJECTED, NULL, &err, chain);
	SAYS(err.msg, "or ask for a certificate of this one once more, here: "
		      "certrepo-installer --request example.org (the last "
		      "request was rejected: \"not 'ours'\")");
	SAYS(store.msg, "(the last request was rejected: \"not 'ours'\")");
	x509_chain_free(&chain);
	sbuf_free(&a);
	sbuf_free(&b);
}

/* The key is where its path leads in the jail, whatever a link says. */
static void in_a_prefix(void **state)
{
	struct installer_cert conf = { .key = scratch("jail/k.key") };
	struct svc_cert c = { .conf = &conf, .root = scratch("jail") };
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err);
	int64_t since = 0;

	kit_sh("mkdir -p jail/etc; cp -p leaf.key jail/etc/real.key; "
	       "cp -p inter.key real.key; touch -d @1700000000 "
	       "jail/etc/real.key; ln -s /etc/real.key jail/k.key");
	if (hostkey_fits(&c, chain, NULL, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(hostkey_since(&c, &since), 0);
	assert_int_equal(since, 1700000000);
	kit_sh("ln -sfn ../../../../../../../etc/real.key jail/k.key");
	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), 0);
	kit_sh("rm jail/etc/real.key");
	assert_int_equal(hostkey_fits(&c, chain, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_int_equal(hostkey_since(&c, &since), -1);
	x509_chain_free(&chain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(refused),
		cmocka_unit_test(fits),
		cmocka_unit_test(in_a_prefix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
