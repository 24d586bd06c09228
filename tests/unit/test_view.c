/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <jansson.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "clock.h"
#include "view.h"

static char csr[65536], crt[65536], ca[65536];
static int64_t end;

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_pki();
	snprintf(csr, sizeof(csr), "%s", scratch_read(scratch("leaf.csr")));
	snprintf(crt, sizeof(crt), "%s", scratch_read(scratch("leaf.pem")));
	snprintf(ca, sizeof(ca), "%s", scratch_read(scratch("inter.pem")));
	end = atoll(kit_out("date +%%s -ud \"$(openssl x509 -in leaf.pem "
			    "-noout -enddate | cut -d= -f2)\""));
	return 0;
}

static struct store_cert full_row(void)
{
	return (struct store_cert){
		.name = "www.example.org",
		.enabled = true,
		.comment = "a \"quoted\" \x1b[31m comment",
		.csr = { csr, strlen(csr) },
		.crt = { crt, strlen(crt) },
		.ca = { ca, strlen(ca) },
		.ts_expire = 1,
		.ts_last_update = 1,
		.ts_due = end - 30 * 86400,
	};
}

static void days(void **state)
{
	assert_int_equal(view_days(1000000, 1000000), 0);
	assert_int_equal(view_days(1000000 + 86399, 1000000), 0);
	assert_int_equal(view_days(1000000 + 86400, 1000000), 1);
	assert_int_equal(view_days(1000000 - 1, 1000000), -1);
	assert_int_equal(view_days(1000000 - 86400, 1000000), -1);
	assert_int_equal(view_days(1000000 - 86401, 1000000), -2);
}

static void states(void **state)
{
	struct store_cert row = { .enabled = true };

	assert_string_equal(view_state(&row), "enabled");
	row.held = true;
	assert_string_equal(view_state(&row), "held");
	row.enabled = false;
	assert_string_equal(view_state(&row), "disabled");
}

/* A row that an old script wrote: the dates are those of crt. */
static void stale_row(void **state)
{
	struct store_cert row = full_row();
	char sha[ENC_SHA256_HEX];
	struct view v;

	view_make(&row, &v);
	assert_true(v.stale);
	assert_int_equal(v.ts_expire, end);
	view_free(&v);
	row.crt_sha256 = enc_sha256_hex(crt, strlen(crt), sha);
	row.ts_expire = end;
	view_make(&row, &v);
	assert_false(v.stale);
	assert_int_equal(v.ts_expire, end);
	view_free(&v);
}

static void expect(const struct sbuf *out, const char *text)
{
	if (!strstr(sbuf_str(out), text))
		fail_msg("no \"%s\" in:\n%s", text, sbuf_str(out));
}

static void for_people(void **state)
{
	struct store_attempt attempt = { .outcome = "dns",
					 .detail = "no\nTXT",
					 .ts_end = end - 86400 * 40 };
	struct store_receipt receipt = { .host = "web1",
					 .service = "web",
					 .endpoint = "127.0.0.1:443",
					 .state = "served",
					 .ts = end - 86400 * 41 };
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	row.count_fail_update = 3;
	row.fail_class = "dns";
	row.fail_detail = "no TXT";
	row.ts_next_attempt = end - 86400 * 20;
	view_make(&row, &v);
	v.attempts = (struct store_attempts){ &attempt, 1 };
	v.installs = (struct store_receipts){ &receipt, 1 };
	v.ca = (struct store_ca){ .name = "letsencrypt",
				  .backoff_until = end - 86400 * 32,
				  .fail_class = "rate-limited",
				  .fail_detail = "too many orders" };
	view_text(&v, "letsencrypt", end - 86400 * 33, "", &out);
	expect(&out, ", rate-limited: too many orders\n");
	expect(&out, "names        www.example.org, example.org\n");
	expect(&out, "serial       0A1B2C3D4E\n");
	expect(&out, "issuer       Test Intermediate\n");
	expect(&out, "(in 33 days)\n");
	expect(&out, "days left    33\n");
	expect(&out, "CA           letsencrypt (default)\n");
	expect(&out, "comment      a \"quoted\" ?[31m comment\n");
	expect(&out, "failures     3 ");
	expect(&out, "last failure dns: no TXT\n");
	expect(&out, "not tried again before 20");
	expect(&out, "dns: no?TXT\n");
	expect(&out, "web1 web 127.0.0.1:443: served\n");
	view_free(&v);
}

/* No host has what was there for long. */
static void missed(void **state)
{
	static const char says[] = "hosts        no host reports it";
	struct store_receipt receipt = { .host = "web1",
					 .service = "web",
					 .endpoint = "",
					 .state = "served" };
	struct store_cert row = full_row();
	struct view v;

	row.enabled = true;
	view_make(&row, &v);
	for (int i = 0; i < 5; i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
		int64_t now = v.ts_not_before + (i == 1 ? 86399 : 86400);

		row.enabled = i != 2;
		v.installs = (struct store_receipts){ &receipt, i == 3 };
		if (i == 4)
			(void) err_set(&v.installs_fault, ERR_CONFIG, "denied");
		view_text(&v, "letsencrypt", now, "", &out);
		assert_int_equal(!strstr(sbuf_str(&out), says), i != 0);
	}
	view_free(&v);
	/* One that was not issued yet, neither. */
	{
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);

		row.enabled = true;
		row.crt = (struct store_blob){ .p = NULL };
		view_make(&row, &v);
		view_text(&v, "letsencrypt", end, "", &out);
		assert_null(strstr(sbuf_str(&out), says));
		view_free(&v);
	}
}

/* A row whose columns are of its certificate. */
static struct store_cert fresh_row(void)
{
	static char sha[ENC_SHA256_HEX];
	struct store_cert row = full_row();

	row.crt_sha256 = enc_sha256_hex(crt, strlen(crt), sha);
	row.ts_expire = end;
	row.ts_not_before = end - 90 * 86400 + 1;
	return row;
}

static json_t *as_json(const struct view *v, int64_t now)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	json_error_t je;
	json_t *o;

	view_json(v, "letsencrypt", now, &out);
	o = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, &je);
	if (!o)
		fail_msg("%s: %s", je.text, sbuf_str(&out));
	return o;
}

/* The window counts for the certificate that it is of, and for none else. */
static void asked(void **state)
{
	static const struct store_offer offer = { .renewal_info = "https://x/",
						  .ts = 1 };
	static const struct store_offer without = { .renewal_info = "",
						    .ts = 1 };
	struct store_cert row = fresh_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	int64_t now = end - 60 * 86400;
	char text[600], a[CLOCK_TEXT], b[CLOCK_TEXT], c[CLOCK_TEXT],
		d[CLOCK_TEXT];
	struct view v;
	json_t *o, *ari;

	row.ari_crt = row.crt_sha256;
	row.ari_start = end - 40 * 86400;
	row.ari_end = end - 38 * 86400;
	row.ts_ari = end - 39 * 86400;
	row.ts_ari_poll = now + 6 * 3600;
	row.ari_url = "https://ca.example/\"why\x1b[31m";
	view_make(&row, &v);
	v.offer = &offer;
	view_text(&v, "letsencrypt", now, "", &out);
	snprintf(
		text, sizeof(text),
		"  renewal      %s, when the CA asks for it\n"
		"               the CA asks for renewal between %s\n"
		"               and %s; chosen: %s\n"
		"               explained at \"https://ca.example/'why?[31m\"\n"
		"               the CA is asked about it again at %s (in 6 h)"
		"\n",
		clock_text(row.ts_ari, c), clock_text(row.ari_start, a),
		clock_text(row.ari_end, b), c, clock_text(row.ts_ari_poll, d));
	expect(&out, text);
	o = as_json(&v, now);
	ari = json_object_get(o, "ari");
	assert_int_equal(json_integer_value(json_object_get(ari, "ts_chosen")),
			 end - 39 * 86400);
	assert_int_equal(json_integer_value(json_object_get(ari, "ts_start")),
			 end - 40 * 86400);
	assert_int_equal(json_integer_value(json_object_get(ari, "ts_end")),
			 end - 38 * 86400);
	assert_int_equal(json_integer_value(json_object_get(ari, "ts_poll")),
			 now + 6 * 3600);
	assert_string_equal(
		json_string_value(json_object_get(o, "renewal_rule")), "ari");
	assert_int_equal(json_integer_value(json_object_get(o, "ts_renewal")),
			 end - 39 * 86400);
	json_decref(o);
	/* a past one, asked again at once */
	sbuf_clear(&out);
	row.ts_ari_poll = 0;
	view_text(&v, "letsencrypt", end - 30 * 86400, "", &out);
	expect(&out, ", which is past; chosen: ");
	expect(&out, "\n               the CA is asked about it in the "
		     "fetcher's next run\n");
	/* of a CA whose directory has none any more */
	sbuf_clear(&out);
	v.offer = &without;
	view_text(&v, "letsencrypt", end - 30 * 86400, "", &out);
	expect(&out, ", which is past; chosen: ");
	expect(&out,
	       "\n               the CA offers no renewal information any "
	       "more\n");
	assert_null(strstr(sbuf_str(&out), "asked about it"));
	v.offer = &offer;
	view_free(&v);
	/* of another certificate: a third of 90 days is left */
	sbuf_clear(&out);
	row.ari_crt = "0000";
	view_make(&row, &v);
	view_text(&v, "letsencrypt", now, "", &out);
	snprintf(text, sizeof(text),
		 "  renewal      %s, when a third of its life is left\n"
		 "  next due ",
		 clock_text(end - 30 * 86400, a));
	expect(&out, text);
	assert_null(strstr(sbuf_str(&out), "asks for renewal"));
	o = as_json(&v, now);
	assert_true(json_is_null(json_object_get(o, "ari")));
	assert_string_equal(
		json_string_value(json_object_get(o, "renewal_rule")),
		"lifetime");
	json_decref(o);
	view_free(&v);
	/* a script of 2019 put in another one, and left the columns */
	row = fresh_row();
	row.ari_crt = row.crt_sha256 = "00000000000000000000000000000000"
				       "00000000000000000000000000000000";
	row.ts_ari = end - 39 * 86400;
	view_make(&row, &v);
	o = as_json(&v, now);
	assert_true(json_is_null(json_object_get(o, "ari")));
	assert_string_equal(
		json_string_value(json_object_get(o, "renewal_rule")),
		"lifetime");
	json_decref(o);
	view_free(&v);
}

static void rules(void **state)
{
	const struct {
		int64_t days_left, ari;
		const char *says, *word;
	} cases[] = {
		{ 0, 0, ", when a third of its life is left\n", "lifetime" },
		{ 20, 0, ", by days_left = 20\n", "days_left" },
		{ 80, 0, ", when a third of its life is left\n", "lifetime" },
		{ 50, end - 39 * 86400,
		  ", by days_left = 50, which is before the CA asks for it\n",
		  "days_left" },
		{ 20, end - 39 * 86400, ", when the CA asks for it\n", "ari" },
		{ 0, end - 86400,
		  ", before the CA asks for it, which would leave too little "
		  "of its life\n",
		  "before-ari" },
	};
	struct store_cert row = fresh_row();
	int64_t now = end - 60 * 86400;
	struct view v;
	json_t *o;

	row.ari_crt = row.crt_sha256;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);

		row.ts_ari = cases[i].ari;
		view_make(&row, &v);
		v.days_left = cases[i].days_left;
		view_text(&v, "letsencrypt", now, "", &out);
		expect(&out, cases[i].says);
		o = as_json(&v, now);
		assert_string_equal(
			json_string_value(json_object_get(o, "renewal_rule")),
			cases[i].word);
		json_decref(o);
		view_free(&v);
	}
	/* the new CSR counts, no date does */
	row.renew = true;
	view_make(&row, &v);
	o = as_json(&v, now);
	assert_true(json_is_null(json_object_get(o, "renewal_rule")));
	assert_true(json_is_null(json_object_get(o, "ts_renewal")));
	json_decref(o);
	view_free(&v);
}

static void profile(void **state)
{
	struct store_attempt tried[] = {
		{ .outcome = "dns", .detail = "by the profile b" },
		{ .outcome = "ok" },
		{ .outcome = "ok", .detail = "by the profile b" },
	};
	static const struct store_offer offer = { .profiles = "a\tsaid\n",
						  .ts = 1 };
	static struct certrepo_ca le = { .name = "letsencrypt" };
	struct store_cert row = fresh_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_t *o;

	view_make(&row, &v);
	v.signer = &le;
	v.offer = &offer;
	view_text(&v, "letsencrypt", 1, "", &out);
	assert_null(strstr(sbuf_str(&out), "CA profile"));
	le.ca_profile = "a";
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   a (of the configuration)\n");
	sbuf_clear(&out);
	row.ca_profile = "b";
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   b\n");
	/* Of another profile than the certificate there, as far as is known. */

	v.attempts = (struct store_attempts){ tried, 3 };
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   b (from the next renewal on; the "
		     "one there: none)\n");
	tried[1].detail = "by the profile bc";
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   b (from the next renewal on; the "
		     "one there: bc)\n");
	tried[1].detail = "by the profile b";
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   b\n");
	tried[1].detail = NULL;
	row.ca_profile = NULL;
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   a (of the configuration; from the "
		     "next renewal on; the one there: none)\n");
	row.ca_profile = "b";
	/* a script wrote it */
	v.stale = true;
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "  CA profile   b\n");
	v.stale = false;
	expect(&out, "note         CA letsencrypt does not offer the profile "
		     "b, and nothing is ordered by it: choose another, or "
		     "none, with set www.example.org ca_profile=PROFILE\n");
	o = as_json(&v, 1);
	assert_string_equal(json_string_value(json_object_get(o, "ca_profile")),
			    "b");
	json_decref(o);
	view_free(&v);
	le.ca_profile = NULL;
}

#define DAY 86400

static struct store_receipt distrust[] = {
	{ .host = "web1",
	  .service = "web",
	  .endpoint = "",
	  .state = "refused",
	  .detail = "refused: the certificate in the store cannot be "
		    "trusted: issuer \"Test Root\" of ..." },
	{ .host = "web1",
	  .service = "mail",
	  .endpoint = "",
	  .state = "refused",
	  .detail = "... cannot be trusted" },
	{ .host = "web2", .service = "web", .state = "served" },
};
static struct certrepo_ca chain_ca = { .name = "letsencrypt" };
static char chain_top[ENC_SHA256_HEX];

/* web1 does not trust what the CA gave ROW; it has other chains. */
static void distrusted(const struct store_cert *row, struct view *v)
{
	snprintf(chain_top, sizeof(chain_top), "%s",
		 kit_out("openssl x509 -in inter.pem -outform DER | "
			 "sha256sum"));
	view_make(row, v);
	chain_ca.preferred_chain = NULL;
	v->signer = &chain_ca;
	v->fetcher = "certrepo-fetcher -c x";
	v->installs = (struct store_receipts){ distrust, 3 };
	v->chains = (struct store_chains){
		.v = { { "Test Root", chain_top, DAY + 5 },
		       { "Other Root", "aa", DAY + 4 },
		       { "Test Root", "bb", DAY + 3 },
		       { "Odd \"Root\"\x1b", "cc", 2 } },
		.n = 4
	};
}

/* Hosts do not trust it: which other chain there is, and how to get it. */
static void chains(void **state)
{
	struct store_cert row = fresh_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_t *o;

	distrusted(&row, &v);
	v.installs = (struct store_receipts){ &distrust[2], 1 };
	view_text(&v, "letsencrypt", 1, "", &out);
	assert_null(strstr(sbuf_str(&out), "not trusted"));
	expect(&out, "  chain        1 of the CA, it ends below \"Test "
		     "Root\"\n");
	v.installs = (struct store_receipts){ distrust, 3 };
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "\n  reports of its hosts, newest first\n");
	expect(&out, "  web1 web: refused, the certificate in the store cannot "
		     "be trusted: ");
	expect(&out,
	       "  chain        not trusted by web1\n"
	       "               it ends below \"Test Root\"\n"
	       "               on 1970-01-02 the CA also gave one that ends "
	       "below \"Other Root\":\n"
	       "                 preferred_chain = \"Other Root\";\n"
	       "               on 1970-01-02 the CA also gave one that ends "
	       "below \"Test Root\":\n"
	       "                 preferred_chain = \"bb\";\n"
	       "               on 1970-01-01 the CA also gave one that ends "
	       "below \"Odd 'Root'?\":\n"
	       "                 preferred_chain = \"cc\";\n"
	       "               written to the CA's group in certrepo.conf, it "
	       "comes with the next\n"
	       "               renewal; at once by:\n"
	       "                 certrepo-fetcher -c x --once --force "
	       "www.example.org\n");
	v.chains.n = 2;
	o = as_json(&v, 1);
	assert_string_equal(
		json_string_value(json_object_get(o, "chain_issuer")),
		"Test Root");
	assert_string_equal(
		json_string_value(json_object_get(o, "chain_sha256")),
		chain_top);
	assert_int_equal(json_array_size(json_object_get(o, "ca_chains")), 2);
	json_decref(o);
	sbuf_clear(&out);
	v.chains.n = 1;
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "it ends below \"Test Root\"\n"
		     "               no other chain of this CA is known: these "
		     "hosts need the root it\n"
		     "               leads to in their trust_file, or the name "
		     "another CA\n");
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", end, "", &out);
	assert_null(strstr(sbuf_str(&out), "not trusted"));
	view_free(&v);
}

/* What is asked for already is no advice. */
static void chain_asked(void **state)
{
	static const char *const preferred[] = { "Other Root", "other root",
						 "CN=Other Root,O=Other",
						 "O = Other, CN = Other Root",
						 "AA" };
	struct store_cert row = fresh_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	distrusted(&row, &v);
	v.chains.n = 2;
	for (size_t i = 0; i < ARRAY_LEN(preferred); i++) {
		sbuf_clear(&out);
		chain_ca.preferred_chain = preferred[i];
		view_text(&v, "letsencrypt", 1, "", &out);
		expect(&out,
		       "  chain        not trusted by web1\n"
		       "               it ends below \"Test Root\"\n"
		       "               on 1970-01-02 the CA also gave one "
		       "that ends below \"Other Root\",\n"
		       "               which preferred_chain asks for "
		       "already: it comes with the next\n"
		       "               renewal; at once by:\n"
		       "                 certrepo-fetcher -c x --once "
		       "--force www.example.org\n");
		assert_null(strstr(sbuf_str(&out), "preferred_chain ="));
	}
	/* ... nor one that did not come when it was asked for. */
	v.chains.v[1].ts = 5;
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out,
	       "on 1970-01-01 the CA also gave one that ends below "
	       "\"Other Root\",\n"
	       "               which preferred_chain asks for already, but "
	       "not on 1970-01-02 any more\n"
	       "               no other chain of this CA is known: these "
	       "hosts need the root it\n");
	assert_null(strstr(sbuf_str(&out), "--force"));
	v.chains.v[1].ts = DAY + 4;
	/* others are, and what is there now is said */
	chain_ca.preferred_chain = "Third Root";
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "preferred_chain = \"Other Root\";\n");
	expect(&out, "  (preferred_chain is \"Third Root\" there now)\n");
	chain_ca.preferred_chain = "test root";
	v.chains.n = 3;
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1, "", &out);
	expect(&out, "preferred_chain = \"bb\";\n");
	expect(&out, "  (preferred_chain is \"test root\" there now)\n");
	view_free(&v);
}

/* A CA that takes its time is no failure. */
static void parked(void **state)
{
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_t *o;

	row.fail_class = "parked";
	row.fail_detail = "the CA is at work";
	view_make(&row, &v);
	v.order = (struct store_order){ .url = "https://ca.example/order/1",
					.state = "parked",
					.ts_created = 1699990000,
					.ts_state = 1700000000 };
	view_text(&v, "letsencrypt", 1700007200, "", &out);
	expect(&out, "  order        waits for the CA since "
		     "2023-11-14T22:13:20Z (2 h ago)\n");
	assert_null(strstr(sbuf_str(&out), "last failure"));
	sbuf_clear(&out);
	view_json(&v, "letsencrypt", 1700007200, &out);
	o = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "ts_parked")),
			 1700000000);
	json_decref(o);
	/* a clock was wrong when it was written */
	sbuf_clear(&out);
	row.ts_last_update = 1700086400;
	view_text(&v, "letsencrypt", 1699900000, "", &out);
	expect(&out,
	       "  order        waits for the CA, since when is not "
	       "known: 2023-11-14T22:13:20Z is noted, which lies ahead: a "
	       "clock was wrong\n");
	expect(&out, "  last attempt 2023-11-15T22:13:20Z is noted, which lies "
		     "ahead: a clock was wrong\n");
	sbuf_clear(&out);
	view_text(&v, "letsencrypt", 1700000000 - 60, "", &out);
	expect(&out, "  order        waits for the CA since "
		     "2023-11-14T22:13:20Z (in 1 min)\n");
	v.order.ts_state = 0; /* of a row from before it was noted */
	assert_int_equal(view_parked(&v), 1699990000);
	v.order.state = "finalized";
	assert_int_equal(view_parked(&v), 0);
	view_free(&v);
}

/* A name that is due waits for its CA all the same; a rest that a wrong clock
 * wrote is none. */
static void ca_rests(void **state)
{
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	row.ts_due = 5;
	view_make(&row, &v);
	v.ca = (struct store_ca){ .name = "le",
				  .backoff_until = 1700003600,
				  .fail_class = "ca-down" };
	view_text(&v, "le", 1700000000, "", &out);
	expect(&out, "  next due     when the CA is asked again, "
		     "2023-11-14T23:13:20Z (in 1 h)\n");
	expect(&out, "not asked before 2023-11-14T23:13:20Z, ca-down\n");
	sbuf_clear(&out);
	v.ca.backoff_until = 1700000000 + 90001;
	view_text(&v, "le", 1700000000, "", &out);
	expect(&out, "  next due     in the fetcher's next run\n");
	assert_null(strstr(sbuf_str(&out), "not asked before"));
	view_free(&v);
}

static void leased(void **state)
{
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	row.name = "*.example.org";
	row.lease_owner = "web1-abc";
	row.lease_until = 1700003600;
	view_make(&row, &v);
	v.fetcher = "certrepo-fetcher";
	view_text(&v, "le", 1700000000, "", &out);
	expect(&out, "  in work by   web1-abc\n"
		     "               on lease until 2023-11-14T23:13:20Z; if "
		     "that fetcher is dead:\n"
		     "               certrepo-fetcher "
		     "--once --break-lease '*.example.org'\n");
	view_free(&v);
}

/* What may not be read is not known. */
static void no_receipts(void **state)
{
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_t *o;

	view_make(&row, &v);
	(void) err_set(&v.installs_fault, ERR_CONFIG, "denied");
	view_text(&v, "le", 1700000000, "", &out);
	expect(&out,
	       "  hosts        what they reported cannot be read with "
	       "this account; it can with\n"
	       "               certrepo-populate -c FILE show, where FILE "
	       "has one that may:\n"
	       "               denied\n");
	sbuf_clear(&out);
	view_json(&v, "le", 1700000000, &out);
	o = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_null(json_object_get(o, "installs")));
	assert_string_equal(
		json_string_value(json_object_get(o, "installs_error")),
		"denied");
	json_decref(o);
	view_free(&v);
}

static void odd_rows(void **state)
{
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	row.csr = (struct store_blob){ "junk", 4 };
	row.crt = (struct store_blob){ "junk", 4 };
	row.held = true;
	view_make(&row, &v);
	view_text(&v, NULL, end, " -c x", &out);
	expect(&out, "CSR          cannot be read");
	expect(&out, "certificate  cannot be read");
	expect(&out, "held: waits for a person");
	expect(&out, "-c x enable www.example.org");
	view_free(&v);
	/* nothing at all, as a broken import would leave it */
	row = (struct store_cert){ .name = "x.example.org" };
	sbuf_clear(&out);
	view_make(&row, &v);
	view_text(&v, NULL, end, "", &out);
	expect(&out, "certificate  none yet");
	view_free(&v);
	/* its CA is gone, a shell would make something of its name */
	row = (struct store_cert){ .name = "*.example.org",
				   .ca_name = "gone",
				   .csr = { csr, strlen(csr) } };
	sbuf_clear(&out);
	view_make(&row, &v);
	view_text(&v, NULL, end, "", &out);
	expect(&out, "enable '*.example.org')\n");
	expect(&out, "note         CA gone is not in the configuration");
	view_free(&v);
	/* a certificate for another key than the CSR's */
	row = full_row();
	kit_sh("cat inter.csr >other.csr");
	snprintf(csr, sizeof(csr), "%s", scratch_read(scratch("other.csr")));
	row.csr.len = strlen(csr);
	sbuf_clear(&out);
	view_make(&row, &v);
	view_text(&v, NULL, end, "", &out);
	expect(&out, "another key than the CSR");
	view_free(&v);
	snprintf(csr, sizeof(csr), "%s", scratch_read(scratch("leaf.csr")));
}

/* mode = "try" orders from the next CA, and the row goes on naming its own. */
static void from_another_ca(void **state)
{
	struct store_attempt attempts[] = {
		{ .outcome = "dns", .ca_name = "corp" },
		{ .outcome = "ok", .ca_name = "pub" },
		{ .outcome = "ok", .ca_name = "corp" },
	};
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;

	row.ca_name = "corp";
	view_make(&row, &v);
	v.attempts = (struct store_attempts){ attempts, 3 };
	view_text(&v, "letsencrypt", end - 86400, "", &out);
	expect(&out, "note         this certificate is from pub\n");
	sbuf_clear(&out);
	v.attempts.v++;
	v.attempts.v++;
	v.attempts.n = 1;
	view_text(&v, "letsencrypt", end - 86400, "", &out);
	assert_null(strstr(sbuf_str(&out), "this certificate is from"));
	/* of a row that names none, the default's */
	row.ca_name = NULL;
	view_text(&v, "letsencrypt", end - 86400, "", &out);
	expect(&out, "note         this certificate is from corp\n");
	view_free(&v);
}

/* Read by a JSON library, which knows better than we do. */
static void for_programs(void **state)
{
	struct store_attempt attempts[] = {
		{ .outcome = "ok", .ts_end = 1700000000 },
		{ .outcome = "dns", .detail = "\"\\\x01" },
	};
	struct store_receipt receipt = { .host = "web1",
					 .service = "web",
					 .endpoint = "",
					 .state = "served" };
	struct store_cert row = full_row();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_error_t je;
	json_t *o;

	view_make(&row, &v);
	v.attempts = (struct store_attempts){ attempts, 2 };
	v.installs = (struct store_receipts){ &receipt, 1 };
	view_json(&v, "letsencrypt", end - 86400, &out);
	view_free(&v);
	o = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, &je);
	if (!o)
		fail_msg("%s: %s", je.text, sbuf_str(&out));
	assert_string_equal(json_string_value(json_object_get(o, "comment")),
			    "a \"quoted\" \x1b[31m comment");
	assert_int_equal(json_integer_value(json_object_get(o, "ts_expire")),
			 end);
	assert_int_equal(json_integer_value(json_object_get(o, "days_left")),
			 1);
	assert_true(json_is_null(json_object_get(o, "ts_last_attempt")));
	assert_int_equal(json_array_size(json_object_get(o, "names")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "attempts")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "installs")), 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(o, "certificate"), "serial")),
		"0A1B2C3D4E");
	json_decref(o);
}

static void empty_json(void **state)
{
	struct store_cert row = { .name = "x.example.org",
				  .ts_due = STORE_NEVER };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(100000);
	struct view v;
	json_t *o;

	view_make(&row, &v);
	view_json(&v, NULL, end, &out);
	view_free(&v);
	o = json_loads(sbuf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_true(json_is_null(json_object_get(o, "certificate")));
	assert_true(json_is_null(json_object_get(o, "ts_due")));
	assert_true(json_is_null(json_object_get(o, "ca")));
	assert_true(json_is_null(json_object_get(o, "ts_parked")));
	assert_non_null(json_object_get(o, "csr_error"));
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(states),
		cmocka_unit_test(stale_row),
		cmocka_unit_test(for_people),
		cmocka_unit_test(missed),
		cmocka_unit_test(odd_rows),
		cmocka_unit_test(from_another_ca),
		cmocka_unit_test(for_programs),
		cmocka_unit_test(empty_json),
		cmocka_unit_test(parked),
		cmocka_unit_test(ca_rests),
		cmocka_unit_test(leased),
		cmocka_unit_test(no_receipts),
		cmocka_unit_test(asked),
		cmocka_unit_test(rules),
		cmocka_unit_test(profile),
		cmocka_unit_test(chains),
		cmocka_unit_test(chain_asked),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
