/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include "out.h"
#include "status_kit.h"

static char *text;

static int write_all(const struct status_model *m)
{
	size_t len = 0;
	FILE *f;
	int rc;

	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	rc = out_prometheus(m, f);
	fclose(f);
	return rc;
}

/* Is there a line of these words alone? */
static bool has(const char *line)
{
	size_t len = strlen(line);

	for (const char *s = text; (s = strstr(s, line)); s++)
		if ((s == text || s[-1] == '\n') && s[len] == '\n')
			return true;
	return false;
}

#define HAS(line)                                     \
	do {                                          \
		if (!has(line))                       \
			fail_msg("not there: " line); \
	} while (0)

static int count(const char *word)
{
	int n = 0;

	for (const char *s = text; (s = strstr(s, word)); s++)
		n++;
	return n;
}

static void lines(void **state)
{
	struct status_model *m = kit_model();

	assert_int_equal(write_all(m), 1);
	HAS("# TYPE certrepo_certificate_info gauge");
	HAS("certrepo_certificate_info{name=\"a.example.org\",ca="
	    "\"letsencrypt\",key_type=\"ec-256\",owner=\"web@example.org\"} 1");
	HAS("certrepo_certificate_info{name=\"d.example.org\",ca=\"other\","
	    "key_type=\"\",owner=\"\"} 1");
	HAS("certrepo_certificate_not_before_timestamp_seconds{name="
	    "\"a.example.org\"} 1793491200");
	HAS("certrepo_certificate_not_after_timestamp_seconds{name="
	    "\"a.example.org\"} 1801267200");
	HAS("certrepo_certificate_renewal_due_timestamp_seconds{name="
	    "\"a.example.org\"} 1798675200");
	HAS("certrepo_certificate_last_success_timestamp_seconds{name="
	    "\"a.example.org\"} 1793491260");
	HAS("certrepo_certificate_failures_in_row{name=\"c.example.org\"} 7");
	HAS("certrepo_certificate_failures_in_row{name=\"a.example.org\"} 0");
	HAS("certrepo_certificate_enabled{name=\"f.example.org\"} 0");
	HAS("certrepo_certificate_enabled{name=\"a.example.org\"} 1");
	HAS("certrepo_certificate_needs_somebody{name=\"b.example.org\"} 1");
	HAS("certrepo_certificate_needs_somebody{name=\"d.example.org\"} 0");
	HAS("certrepo_key_created_timestamp_seconds{name=\"a.example.org\"} "
	    "1767571200");
	HAS("certrepo_host_last_seen_timestamp_seconds{host="
	    "\"db1.example.org\"} 1795824000");
	HAS("certrepo_host_heartbeat_seconds{host=\"web2.example.org\"} 86400");
	HAS("certrepo_host_needs_somebody{host=\"db1.example.org\"} 1");
	HAS("certrepo_host_needs_somebody{host=\"web1.example.org\"} 0");
	HAS("certrepo_need_somebody{what=\"certificates\"} 2");
	HAS("certrepo_need_somebody{what=\"hosts\"} 1");
	HAS("certrepo_need_somebody{what=\"cas\"} 0");
	HAS("certrepo_need_somebody{what=\"fetching\"} 0");
	HAS("certrepo_need_somebody{what=\"requests\"} 0");
	HAS("certrepo_ca_backoff_until_timestamp_seconds{ca=\"other\"} "
	    "1796086800");
	HAS("certrepo_ca_backoff_until_timestamp_seconds{ca=\"letsencrypt\"} "
	    "0");
	HAS("certrepo_ca_renewals_expected{ca=\"other\",days=\"30\"} 9");
	HAS("certrepo_fetcher_last_success_timestamp_seconds{fetcher="
	    "\"0123456789abcdef\",host=\"centre.example.org\"} 1796081500");
	HAS("certrepo_requests_waiting 0");
	HAS("certrepo_status_parts_unread 0");
	HAS("certrepo_status_generated_timestamp_seconds 1796083200");
	kit_free(&m);
}

/* Of one that never reported there is that it has an account, and that it needs
 * somebody. */
static void never_reported(void **state)
{
	struct status_model *m = kit_model();

	m->hosts[0].ts_seen = 0;
	m->hosts[0].ts_added = KIT_NOW - 9 * KIT_DAY;
	m->fetching.need = STATUS_ACT;
	m->cas[1].verdict.need = STATUS_ACT;
	m->all_requests = 3;
	write_all(m);
	assert_null(strstr(text, "last_seen_timestamp_seconds{host=\"db1."));
	HAS("certrepo_host_account_created_timestamp_seconds{host="
	    "\"db1.example.org\"} 1795305600");
	assert_int_equal(count("\ncertrepo_host_account_created_"), 1);
	HAS("certrepo_host_needs_somebody{host=\"db1.example.org\"} 1");
	HAS("certrepo_need_somebody{what=\"cas\"} 1");
	HAS("certrepo_need_somebody{what=\"fetching\"} 1");
	HAS("certrepo_need_somebody{what=\"requests\"} 3");
	kit_free(&m);
}

/* An expired one stays; one that never was has nothing to say. */
static void stay(void **state)
{
	struct status_model *m = kit_model();

	write_all(m);
	HAS("certrepo_certificate_not_after_timestamp_seconds{name="
	    "\"c.example.org\"} 1795996800");
	HAS("certrepo_certificate_not_after_timestamp_seconds{name="
	    "\"f.example.org\"} 1769299200");
	assert_null(strstr(text, "not_after_timestamp_seconds{name=\"d."));
	/* whatever was chosen */
	kit_choose(m, NULL, 0);
	write_all(m);
	assert_int_equal(count("\ncertrepo_certificate_info{"), KIT_NAMES);
	kit_free(&m);
}

/* One of all states is 1. */
static void states(void **state)
{
	struct status_model *m = kit_model();
	int n = 0;

	while (why_states((size_t) n))
		n++;
	write_all(m);
	assert_int_equal(count("\ncertrepo_certificate_state{"), n * KIT_NAMES);
	HAS("certrepo_certificate_state{name=\"b.example.org\",state="
	    "\"not-served\"} 1");
	HAS("certrepo_certificate_state{name=\"b.example.org\",state=\"ok\"} "
	    "0");
	HAS("certrepo_certificate_state{name=\"a.example.org\",state=\"ok\"} "
	    "1");
	for (const char *s = text; (s = strstr(s, "_state{name=")); s++)
		n += strcspn(s, "\n") > 0 && s[strcspn(s, "\n") - 1] == '1';
	for (size_t i = 0; why_states(i); i++)
		n--;
	assert_int_equal(n, KIT_NAMES);
	kit_free(&m);
}

/* All endpoints of a service together; files alone say nothing. */
static void deployments(void **state)
{
	struct status_model *m = kit_model();

	write_all(m);
	HAS("certrepo_deployment_served_match{name=\"a.example.org\",host="
	    "\"web1.example.org\",service=\"web\"} 1");
	HAS("certrepo_deployment_served_match{name=\"b.example.org\",host="
	    "\"web1.example.org\",service=\"web\"} 1");
	HAS("certrepo_deployment_served_match{name=\"b.example.org\",host="
	    "\"web2.example.org\",service=\"web\"} 0");
	assert_int_equal(count("\ncertrepo_deployment_served_match{"), 4);
	/* an endpoint that could not be seen does not serve it */
	m->receipts[2].served = STATUS_UNSEEN;
	/* of one that cannot be told, nothing is said */
	m->receipts[3].served = STATUS_UNKNOWN;
	write_all(m);
	HAS("certrepo_deployment_served_match{name=\"a.example.org\",host="
	    "\"web2.example.org\",service=\"web\"} 0");
	assert_int_equal(count("\ncertrepo_deployment_served_match{"), 3);
	kit_free(&m);
}

static void sums(void **state)
{
	struct status_model *m = kit_model();

	write_all(m);
	HAS("# TYPE certrepo_attempts_total counter");
	HAS("certrepo_attempts_total{ca=\"letsencrypt\",class=\"ok\"} 110");
	HAS("certrepo_attempts_total{ca=\"letsencrypt\",class=\"unauthorized\"}"
	    " 2");
	HAS("certrepo_attempts_total{ca=\"other\",class=\"ok\"} 1");
	assert_int_equal(count("\ncertrepo_attempts_total{"), 3);
	kit_free(&m);
}

/* A backslash and a quote are escaped, a line feed and what is no character
 * never gets there; and each line is one that the format knows. */
static void hostile(void **state)
{
	struct status_model *m = kit_model();
	int quotes;
	bool escaped;

	write_all(m);
	HAS("certrepo_certificate_info{name=\"c.example.org\",ca="
	    "\"letsencrypt\",key_type=\"ec-256\",owner="
	    "\"<script>alert(\\\"1\\\")</script>|\\\\??[31m?\"} 1");
	for (char *s = text, *end; *s; s = end + 1) {
		end = strchr(s, '\n');
		assert_non_null(end);
		if (*s == '#')
			continue;
		assert_int_equal(strncmp(s, "certrepo_", 9), 0);
		quotes = 0;
		escaped = false;
		for (char *c = s; c < end; c++) {
			quotes += *c == '"' && !escaped;
			escaped = *c == '\\' && !escaped;
			assert_false(*c != '\n' && iscntrl(*c));
		}
		assert_int_equal(quotes % 2, 0);
		assert_true(isdigit(end[-1]));
	}
	kit_free(&m);
}

/* The lines of a metric stand together, behind its HELP and TYPE. */
static void grouped(void **state)
{
	struct status_model *m = kit_model();
	char help[100], type[120], now[100] = "";
	int families = 0;

	write_all(m);
	for (const char *s = text; *s; s += strcspn(s, "\n") + 1) {
		if (sscanf(s, "# HELP %99s", help) == 1) {
			families++;
			s += strcspn(s, "\n") + 1;
			assert_int_equal(sscanf(s, "# TYPE %99s", type), 1);
			assert_string_equal(help, type);
			snprintf(now, sizeof(now), "%s", help);
			/* never again */
			snprintf(type, sizeof(type), "# HELP %s ", help);
			assert_int_equal(count(type), 1);
			continue;
		}
		assert_int_equal(strncmp(s, now, strlen(now)), 0);
		assert_true(s[strlen(now)] == '{' || s[strlen(now)] == ' ');
	}
	assert_true(families > 15);
	kit_free(&m);
}

static void nothing(void **state)
{
	struct status_model m = { .now = KIT_NOW, .store = "x" };

	m.unread[FLEET_PART_CAS] = "x";
	write_all(&m);
	HAS("certrepo_status_parts_unread 1");
	HAS("certrepo_need_somebody{what=\"fetching\"} 0");
	HAS("certrepo_status_generated_timestamp_seconds 1796083200");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),       cmocka_unit_test(never_reported),
		cmocka_unit_test(stay),	       cmocka_unit_test(states),
		cmocka_unit_test(deployments), cmocka_unit_test(sums),
		cmocka_unit_test(hostile),     cmocka_unit_test(grouped),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
