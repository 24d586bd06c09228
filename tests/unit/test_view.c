/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <jansson.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
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
	v.fetcher = "runuser -u certrepo -- certrepo-fetcher";
	view_text(&v, "le", 1700000000, "", &out);
	expect(&out, "  in work by   web1-abc\n"
		     "               on lease until 2023-11-14T23:13:20Z; if "
		     "that fetcher is dead:\n"
		     "               runuser -u certrepo -- certrepo-fetcher "
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
	       "  installed on what hosts reported cannot be read with "
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
		cmocka_unit_test(days),	       cmocka_unit_test(states),
		cmocka_unit_test(stale_row),   cmocka_unit_test(for_people),
		cmocka_unit_test(odd_rows),    cmocka_unit_test(for_programs),
		cmocka_unit_test(empty_json),  cmocka_unit_test(parked),
		cmocka_unit_test(ca_rests),    cmocka_unit_test(leased),
		cmocka_unit_test(no_receipts),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
