/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "ca_profile.h"

#define NOW 1795910400 /* 2026-11-29 */

static struct certrepo_ca le = {
	.name = "letsencrypt",
	.directory = "https://acme-v02.api.letsencrypt.org/directory",
	.max_names = 100,
};
static struct certrepo_ca other = { .name = "other",
				    .directory = "https://other.example/" };
static struct x509_csr *few, *many, *client;
static struct x509_chain *both, *plain;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (scratch_setup(state))
		return -1;
	kit_req("few", KIT_EC " -subj / -addext subjectAltName=DNS:a.example");
	kit_req("many", KIT_EC " -subj /CN=a.example -addext subjectAltName="
			       "$(seq -s, -f DNS:%%g.example 25)");
	kit_req("client", KIT_EC " -subj /CN=a.example -addext "
				 "extendedKeyUsage=serverAuth,clientAuth");
	few = kit_csr("few", &err);
	many = kit_csr("many", &err);
	client = kit_csr("client", &err);
	kit_sh("openssl req -x509 -key few.key -out both -days 90 -subj /CN=a "
	       "-addext extendedKeyUsage=serverAuth,clientAuth;"
	       "openssl req -x509 -key few.key -out plain -days 45 -subj /O=a "
	       "-addext extendedKeyUsage=serverAuth");
	both = kit_chain("both", &err);
	plain = kit_chain("plain", &err);
	return few && many && client && both && plain ? 0 : -1;
}

static int teardown(void **state)
{
	x509_csr_free(&few);
	x509_csr_free(&many);
	x509_csr_free(&client);
	x509_chain_free(&both);
	x509_chain_free(&plain);
	return scratch_teardown(state);
}

static void words(void **state)
{
	char long_one[66];
	struct err err = ERR_INIT;

	memset(long_one, 'x', 65);
	long_one[65] = '\0';
	assert_int_equal(ca_profile_word(long_one, &err), -1);
	kit_says(&err, "more than 64 characters");
	long_one[64] = '\0';
	assert_int_equal(ca_profile_word(long_one, &err), 0);
	assert_int_equal(ca_profile_word("tls-server_2~", &err), 0);
	assert_int_equal(ca_profile_word("a b", &err), -1);
	assert_int_equal(ca_profile_word("a\tb", &err), -1);
	assert_int_equal(ca_profile_word("\xc3\xa9", &err), -1);
	assert_int_equal(ca_profile_word("a\x7f", &err), -1);
}

static void checks(void **state)
{
	static const struct store_offer offer = {
		.profiles = "classic\tx\ntlsserver\t\ntlsclient\told\n",
		.ts = 1795824000 /* 2026-11-28 */
	};
	static const struct store_offer none = { .profiles = "",
						 .ts = 1795824000 };
	const struct {
		const struct certrepo_ca *ca;
		const struct store_offer *offer;
		const char *row;
		const struct x509_csr *csr;
		const char *says;
	} cases[] = {
		{ &le, &offer, NULL, many, NULL },
		{ &le, &offer, "classic", many, NULL },
		{ &le, &offer, "tlsserver", few, NULL },
		{ &le, &offer, "tlsserver", NULL, NULL },
		{ &le, &offer, "tlsserver", many,
		  "the CSR has 26 names, and the profile tlsserver of CA "
		  "letsencrypt takes at most 25: " },
		{ &other, &offer, "tlsserver", many, NULL },
		/* not known is no reason */
		{ &le, NULL, "whatever", few, NULL },
		{ &le, NULL, "tlsserver", many, "takes at most 25" },
		{ &le, &offer, "tlsclient", few, "has ended the profile" },
		{ &le, &offer, "tls", few, "not offer the profile tls; as" },
		{ &le, &offer, "CLASSIC", few, "CLASSIC (is classic meant?);" },
		{ &le, &none, "classic", few,
		  "CA letsencrypt offers no profiles, as its directory said "
		  "on 2026-11-28T00:00:00Z; the fetcher reads it anew with its "
		  "next order" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct ca_profile_in in = { .ca = cases[i].ca,
						  .offer = cases[i].offer,
						  .row = cases[i].row,
						  .csr = cases[i].csr,
						  .now = NOW };
		struct err err = ERR_INIT;
		int rc = ca_profile_check(&in, &err);

		if ((rc == 0) != !cases[i].says)
			fail_msg("case %zu: %d %s", i, rc, err.msg);
		if (cases[i].says)
			kit_says(&err, cases[i].says);
	}
}

/* A CA's words are data: many, long, or meant for a terminal. */
static void strange_offer(void **state)
{
	struct sbuf text = SBUF_INIT(20000);
	struct store_offer offer = { .ts = NOW };
	struct ca_profile_in in = {
		.ca = &le, .offer = &offer, .row = "x", .now = NOW
	};
	struct err err = ERR_INIT;

	sbuf_adds(&text, "a\t\x1b[2J\"; rm -rf /\n");
	for (int i = 0; i < 50; i++) {
		sbuf_addf(&text, "p%d\t", i);
		for (int j = 0; j < 30; j++)
			sbuf_adds(&text, "long words ");
		sbuf_addc(&text, '\n');
	}
	offer.profiles = sbuf_str(&text);
	assert_int_equal(ca_profile_check(&in, &err), -1);
	kit_says(&err, "it offers: a (\"?[2J'; rm -rf /\"), p0 (\"long");
	kit_says(&err, ", ...");
	assert_null(strchr(err.msg, '\x1b'));
	assert_true(strlen(err.msg) < 900);
	sbuf_free(&text);
}

static char said[4000];

static const char *cost(const struct ca_profile_in *in)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	ca_profile_cost(in, &l);
	text = strlist_join(&l, "|");
	snprintf(said, sizeof(said), "%s", text);
	return said;
}

#define HAS(text)                                                 \
	do {                                                      \
		if (!strstr(said, text))                          \
			fail_msg("no \"%s\" in: %s", text, said); \
	} while (0)
#define HAS_NOT(text) assert_null(strstr(said, text))

static void costs(void **state)
{
	static const struct store_offer offer = {
		.profiles = "classic\thttps://x/#classic\ntlsserver\t\n"
			    "shortlived\tbrief\n",
		.ts = NOW
	};
	static struct store_receipt receipts[] = {
		{ .host = "mail1", .protocol = "smtp", .endpoint = "1:25" },
		{ .host = "web1", .protocol = "tls" },
		{ .host = "mail1", .protocol = "smtp", .endpoint = "2:25" },
		{ .host = "mail1" },
		{ .host = "rad\x1b"
			  "1",
		  .protocol = "radius-eap" },
	};
	static const struct store_receipts installs = { .v = receipts, .n = 5 };
	struct ca_profile_in in = { .ca = &le,
				    .offer = &offer,
				    .row = "shortlived",
				    .csr = few,
				    .chain = both,
				    .now = NOW };

	/* letsencrypt.org/docs/profiles; renewed at half of the life */
	cost(&in);
	HAS("certificates live 160 h (the certificate there: 90 days) and are "
	    "renewed 80 h before they end");
	HAS("that is 80 tries; once a day, 3, which is too few");
	HAS_NOT("such a protocol");
	HAS("not for clients (no clientAuth), which the one there is: mail");
	HAS("they have no CN, which the one there has");
	HAS("they have 25 names at most, enough for this CSR");
	HAS("the CA says of it: \"brief\"");
	in.installs_fault = "denied";
	cost(&in);
	HAS("which of its hosts that concerns cannot be told with this "
	    "account: denied|");
	in.installs = &installs;
	cost(&in);
	HAS("hosts of it that speak such a protocol: mail1 (smtp), rad?1 "
	    "(radius-eap)|");
	/* a third of the life, which days_left changes */
	in.row = "tlsserver";
	in.chain = plain;
	cost(&in);
	HAS("live 45 days (the certificate there: 45 days) and are renewed 15 "
	    "days before");
	HAS("that is 360 tries; once a day, 15|");
	HAS_NOT("clientAuth");
	HAS_NOT("CN");
	HAS_NOT("the CA says");
	in.days_left = 20;
	cost(&in);
	HAS("renewed 20 days before");
	in.days_left = 0;
	/* without a certificate, what the CSR asks for */
	in.chain = NULL;
	in.csr = client;
	cost(&in);
	HAS("(no clientAuth), which the CSR asks for: ");
	HAS("no CN, which the CSR has");
	in.row = "classic";
	cost(&in);
	HAS("live 90 days, 64 days from 2027-02-10 on and are");
	HAS_NOT("no CN");
	HAS_NOT("names at most");
}

static void unknown(void **state)
{
	static const struct store_offer offer = {
		.profiles = "a\tsaid of \"a\"\nb\t\n", .ts = NOW
	};
	struct ca_profile_in in = {
		.ca = &other, .offer = &offer, .csr = few, .now = NOW
	};

	assert_string_equal(cost(&in), "");
	in.row = "a";
	assert_string_equal(cost(&in), "all that is known of it is what the CA "
				       "says: \"said of 'a'\"");
	in.row = "b";
	assert_string_equal(cost(&in),
			    "nothing is known of it, and the CA says nothing");
	in.offer = NULL;
	cost(&in);
	HAS("whether CA other offers it is not known, the fetcher has not "
	    "read its directory yet");
	/* the configuration's */
	in.row = "";
	assert_string_equal(cost(&in), "");
	other.ca_profile = "c";
	in.offer = &offer;
	assert_string_equal(ca_profile_of(&in), "c");
	cost(&in);
	HAS("CA other does not offer it: orders fail");
	in.row = "a";
	assert_string_equal(ca_profile_of(&in), "a");
	other.ca_profile = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),	 cmocka_unit_test(checks),
		cmocka_unit_test(strange_offer), cmocka_unit_test(costs),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
