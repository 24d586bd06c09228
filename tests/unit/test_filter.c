/* SPDX-License-Identifier: MIT */
/* Filters, alone and together, and the order in which things are shown. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "filter.h"
#include "sbuf.h"
#include "status_kit.h"

static struct status_model *m;

static int setup(void **state)
{
	m = kit_model();
	m->order = m->host_order = NULL; /* the arena's */
	return 0;
}

static int teardown(void **state)
{
	free(m->order);
	free(m->host_order);
	kit_free(&m);
	return 0;
}

/* The first letters of names, and hosts up to their dot. */
static void shows(const struct filter *f, const char *names, const char *hosts)
{
	AUTO(sbuf_free) struct sbuf n = SBUF_INIT(1000);
	AUTO(sbuf_free) struct sbuf h = SBUF_INIT(1000);

	filter_apply(m, f);
	for (size_t i = 0; i < m->n_order; i++)
		sbuf_addc(&n, m->names[m->order[i]].name[0]);
	for (size_t i = 0; i < m->n_host_order; i++) {
		const char *host = m->hosts[m->host_order[i]].host;

		sbuf_addf(&h, "%s%.*s", i > 0 ? " " : "",
			  (int) strcspn(host, "."), host);
	}
	assert_string_equal(sbuf_str(&n), names);
	if (hosts)
		assert_string_equal(sbuf_str(&h), hosts);
}

/* What needs somebody by what is left of it, then what waits, then the others,
 * and last what nobody renews. */
static void test_order(void **state)
{
	const struct filter f = FILTER_ALL;

	assert_false(filter_any(&f));
	shows(&f, "cbdeaf", "db1 web1 web2");
	assert_false(m->filtered);
}

/* What has ended, what is not served, what fails, what waits for a person; each
 * by what is left. */
static void test_ranks(void **state)
{
	const struct filter f = FILTER_ALL;
	struct status_name *n = m->names;

	/* half a day left, and held */
	n[KIT_E].renewal = kit_verdict(WHY_HELD, STATUS_ACT, 0);
	n[KIT_E].need = STATUS_ACT;
	/* 60 days left, and failing; b, 88 days left, is not served */
	n[KIT_A].renewal = kit_verdict(WHY_NO_FETCHER, STATUS_ACT, 0);
	n[KIT_A].need = STATUS_ACT;
	n[KIT_C].renewal.ended = true;
	shows(&f, "cbaedf", NULL);
	/* a host serves one that has ended */
	n[KIT_A].delivery = kit_verdict(WHY_SERVES_EXPIRED, STATUS_ACT, 0);
	shows(&f, "cabedf", NULL);
	/* of a window there is time */
	n[KIT_A].delivery = kit_verdict(WHY_WINDOW, STATUS_WATCH, 0);
	shows(&f, "cbaedf", NULL);
}

static void test_each(void **state)
{
	struct filter f = FILTER_ALL;

	f.part = "b.ex";
	shows(&f, "b", "web1 web2");
	assert_true(m->filtered);
	f.part = "[ab].example.*";
	shows(&f, "ba", "web1 web2");
	f.part = "?.example";
	shows(&f, "", "");
	f = (struct filter) FILTER_ALL;
	f.host = "web2.example.org";
	shows(&f, "ba", "web2");
	f.host = "web";
	shows(&f, "", "");
	f = (struct filter) FILTER_ALL;
	f.owner = "web@example.org";
	shows(&f, "a", NULL);
	f.owner = "";
	shows(&f, "bdef", NULL);
	f = (struct filter) FILTER_ALL;
	f.ca = "other";
	shows(&f, "de", NULL);
	f = (struct filter) FILTER_ALL;
	f.state = "not-served";
	shows(&f, "b", "");
	f.state = "silent";
	shows(&f, "", "db1");
	f = (struct filter) FILTER_ALL;
	f.expires_within = 0;
	shows(&f, "cf", "");
	f.expires_within = 13 * KIT_HOUR;
	shows(&f, "cef", "");
	f = (struct filter) FILTER_ALL;
	f.not_served = true;
	shows(&f, "b", "web1 web2");
	f = (struct filter) FILTER_ALL;
	f.silent = 2 * KIT_DAY;
	shows(&f, "", "db1");
	f.silent = 60;
	shows(&f, "ba", "db1 web1 web2");
	f = (struct filter) FILTER_ALL;
	f.act = true;
	shows(&f, "cb", "db1");
}

/* Whatever a host says that went wrong: what it is late with is not served. */
static void test_late(void **state)
{
	struct filter f = FILTER_ALL;
	struct status_name *n = &m->names[KIT_A];
	struct status_receipt *r = &m->receipts[n->receipt];

	f.not_served = true;
	n->ts_stored = m->now - 25 * KIT_HOUR;
	r->verdict = kit_verdict(WHY_ROLLED_BACK, STATUS_ACT, m->now);
	r->served = STATUS_PREVIOUS;
	shows(&f, "b", NULL);
	n->ts_stored = m->now - 27 * KIT_HOUR;
	shows(&f, "ba", NULL);
	r->verdict = kit_verdict(WHY_OF_SILENT, STATUS_WATCH, m->now);
	shows(&f, "b", NULL);
	r->verdict = kit_verdict(WHY_FAILED, STATUS_ACT, m->now);
	r->served = STATUS_CURRENT;
	shows(&f, "b", NULL);
}

static void test_together(void **state)
{
	struct filter f = FILTER_ALL;

	f.ca = "other";
	f.expires_within = 12 * KIT_HOUR;
	shows(&f, "e", "");
	f.owner = "web@example.org";
	shows(&f, "", "");
	f = (struct filter) FILTER_ALL;
	f.host = "web2.example.org";
	f.not_served = true;
	shows(&f, "b", "web2");
}

/* The exit status is of what was chosen. */
static void test_exit(void **state)
{
	struct filter f = FILTER_ALL;

	shows(&f, "cbdeaf", NULL);
	assert_int_equal(model_exit(m), 1);
	f.part = "a.example";
	shows(&f, "a", "web1 web2");
	assert_int_equal(model_exit(m), 0);
	m->unread[FLEET_PART_CAS] = "no";
	assert_int_equal(model_exit(m), 1);
	m->unread[FLEET_PART_CAS] = NULL;
	f.part = "b.example";
	shows(&f, "b", NULL);
	assert_int_equal(model_exit(m), 1);
	/* A request waits for somebody, whoever else is well. */
	f = (struct filter) FILTER_ALL;
	m->counts[STATUS_ACT] = m->host_counts[STATUS_ACT] = 0;
	m->all_requests = 0;
	shows(&f, "cbdeaf", NULL);
	assert_int_equal(model_exit(m), 0);
	m->all_requests = 1;
	assert_int_equal(model_exit(m), 1);
}

static void unknown(const struct filter *f, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(filter_known(m, f, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.msg, message);
}

static void known(const struct filter *f)
{
	assert_int_equal(filter_known(m, f, NULL), 0);
}

static void test_known(void **state)
{
	struct filter f = FILTER_ALL;

	m->store = "db";
	known(&f);
	f.host = "web2.example.org";
	f.owner = "web@example.org";
	f.ca = "other";
	known(&f);
	f.owner = "";
	known(&f);
	/* of a name that is not renewed alone */
	f.ca = m->names[KIT_F].ca = "disabled";
	known(&f);
	f.ca = "othre";
	unknown(&f, "db: the CA othre is neither configured nor that of a "
		    "name; there are: letsencrypt, other");
	m->unread[FLEET_PART_CAS] = "x";
	known(&f);
	m->unread[FLEET_PART_CAS] = NULL;
	m->n_cas = 0;
	unknown(&f, "db: the CA othre is neither configured nor that of a "
		    "name; there are: none");
	f.owner = "wbe@example.org";
	unknown(&f, "db: no name has the owner wbe@example.org; is "
		    "web@example.org meant?");
	f.owner = "nobody";
	unknown(&f, "db: no name has the owner nobody");
	f.host = "db2.example.org";
	unknown(&f, "db: no host db2.example.org has an account or a receipt; "
		    "is db1.example.org meant?");
	m->unread[FLEET_PART_NAMES] = m->unread[FLEET_PART_HOSTS] = "x";
	known(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_ranks),    TEST(test_each),
		TEST(test_late),  TEST(test_together), TEST(test_exit),
		TEST(test_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
