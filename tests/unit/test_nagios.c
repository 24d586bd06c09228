/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <regex.h>
#include "nagios.h"
#include "opts.h"
#include "out.h"
#include "scratch.h"
#include "status_kit.h"

static char *text;
static struct err err;

static int out(const struct status_model *m, const char *w, const char *c)
{
	size_t len = 0;
	FILE *f;
	int rc;

	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	rc = out_nagios(m, w, c, f, &err);
	fclose(f);
	return rc;
}

static bool matches(const char *pattern, const char *s)
{
	regex_t re;
	bool is;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	is = regexec(&re, s, 0, NULL, 0) == 0;
	regfree(&re);
	return is;
}

/* The grammar of monitoring-plugins.org: "TEXT | PERF", each of which is
 * 'label'=value[UOM];[warn];[crit];[min];[max], and text behind it that has no
 * "|" of its own. */
#define NUMBER "-?[0-9]+(\\.[0-9]+)?"
#define RANGE  "(@?((~|" NUMBER ")?:)?(" NUMBER ")?)"
#define PERF                                                                \
	" '[a-z_]+'=(U|" NUMBER "(s|%|c)?)(;" RANGE "(;" RANGE "(;(" NUMBER \
	")?(;(" NUMBER ")?)?)?)?)?"

static void grammar(const char *word)
{
	char first[1000], *bar;

	snprintf(first, sizeof(first), "%.*s", (int) strcspn(text, "\n"), text);
	bar = strchr(first, '|');
	assert_non_null(bar);
	if (!matches("^(" PERF ")+$", bar + 1))
		fail_msg("performance data:%s", bar + 1);
	*bar = '\0';
	if (!matches("^CERTREPO (OK|WARNING|CRITICAL|UNKNOWN) - [ -{}~]+ $",
		     first))
		fail_msg("first line: %s", first);
	assert_int_equal(strncmp(first + 9, word, strlen(word)), 0);
	assert_true(strlen(first) <= 80);
	assert_null(strchr(strchr(text, '\n'), '|'));
	for (const char *s = text; *s; s++)
		assert_true(*s == '\n' || (*s >= ' ' && *s <= '~'));
}

/* A fleet of these names alone, all of whose hosts are well. */
static struct status_model *only(const uint32_t *names, size_t n)
{
	struct status_model *m = kit_model();

	kit_choose(m, names, n);
	return m;
}

static void ok(void **state)
{
	static const uint32_t one[] = { KIT_A, KIT_F };
	struct status_model *m = only(one, 2);

	assert_int_equal(out(m, NULL, NULL), 0);
	grammar("OK");
	assert_string_equal(text, "CERTREPO OK - 2 names, 66 % of life "
				  "left at least | 'names'=2;;;0 'warning'=0;"
				  ";;0 'critical'=0;;;0 'requests'=0;;;0 "
				  "'least_share'=66.66%;15:;5:; "
				  "'least_left'=5184000s;;;\n");
	kit_free(&m);
}

/* Of its hundred and sixty hours twelve are left. */
static void shares(void **state)
{
	static const uint32_t names[] = { KIT_A, KIT_E };
	struct status_model *m = only(names, 2);

	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	assert_non_null(strstr(text, "- 1 of 2 names: e.example.org "
				     "ends in 12 h (7 % left) |"));
	kit_free(&m);
}

static void thresholds(void **state)
{
	static const struct {
		const char *w, *c;
		int want;
		const char *perf;
	} cases[] = {
		{ "7%:", "6%:", 0,
		  "'least_share'=7.50%;7:;6:; 'least_left'=43200s;;;" },
		{ "8%:", "7%:", 1, "'least_share'=7.50%;8:;7:; " },
		{ "9%:", "8%:", 2, "'least_share'=7.50%;9:;8:; " },
		{ "12h:", "5h:", 0, "'least_left'=43200s;43200:;18000:;" },
		{ "13h:", "5h:", 1, "'least_left'=43200s;46800:;18000:;" },
		{ "7d:", "1d:", 2, "'least_left'=43200s;604800:;86400:;" },
		{ "1d:", "2%:", 1,
		  "'least_share'=7.50%;;2:; 'least_left'=43200s;86400:;;" },
		{ "@0:13h", "@0:12h", 2,
		  "'least_left'=43200s;@0:46800;@0:43200;" },
	};
	static const uint32_t names[] = { KIT_A, KIT_E };
	struct status_model *m = only(names, 2);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(out(m, cases[i].w, cases[i].c), cases[i].want);
		assert_non_null(strstr(text, cases[i].perf));
		grammar(cases[i].want == 0   ? "OK"
			: cases[i].want == 1 ? "WARNING"
					     : "CRITICAL");
	}
	assert_int_equal(out(m, "7", NULL), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(text, "");
	kit_free(&m);
}

static void expired(void **state)
{
	struct status_model *m = kit_model();

	assert_int_equal(out(m, NULL, NULL), 2);
	grammar("CRITICAL");
	assert_non_null(strstr(text, "- 1 of 6 names: c.example.org "
				     "ended 1 day ago |"));
	assert_non_null(strstr(text, "'least_share'=-1.11%;15:;5:; "
				     "'least_left'=-86400s;;;"));
	assert_non_null(strstr(text, "\nCRITICAL c.example.org: "));
	assert_non_null(strstr(text, "\nWARNING b.example.org: "));
	assert_non_null(strstr(text, "\nhost db1.example.org: "));
	assert_null(strstr(text, "a.example.org"));
	kit_free(&m);
}

/* What needs somebody is a warning, whatever is left; and what a service
 * serves may end before what the store has. */
static void served(void **state)
{
	static const uint32_t names[] = { KIT_B };
	struct status_model *m = only(names, 1);

	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	assert_non_null(strstr(text, "name: b.example.org is "
				     "not-served |"));
	m->receipts[5].ts_expire = KIT_NOW + 4 * KIT_DAY;
	assert_int_equal(out(m, NULL, NULL), 2);
	grammar("CRITICAL");
	assert_non_null(strstr(text, "'least_left'=345600s"));
	/* of an endpoint that nobody saw it means nothing */
	m->receipts[5].served = STATUS_UNSEEN;
	assert_int_equal(out(m, NULL, NULL), 1);
	kit_free(&m);
}

static void fleet(void **state)
{
	static const uint32_t names[] = { KIT_A };
	struct status_model *m = only(names, 1);

	m->all_requests = 3;
	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	/* which may be waiting, or disabled */
	assert_non_null(strstr(text, "- no name of 1 needs somebody, the fleet "
				     "does |"));
	assert_non_null(strstr(text, "'requests'=3;"));
	m->all_requests = 0;
	m->cas[1].verdict.need = STATUS_ACT;
	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	assert_non_null(strstr(text, "\nCA other: "));
	m->cas[1].verdict.need = STATUS_WATCH;
	m->n_host_order = 1;
	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	kit_free(&m);
}

/* No fetcher runs: it is as bad as the alert rule has it. */
static void fetching(void **state)
{
	static const uint32_t names[] = { KIT_A };
	struct status_model *m = only(names, 1);
	struct status_fetcher *t = &m->fetchers[0];

	t->verdict = m->fetching =
		kit_verdict(WHY_FETCH_FAILS, STATUS_ACT, KIT_NOW - KIT_HOUR);
	t->ts_start = KIT_NOW - KIT_HOUR;
	t->ts_ok = KIT_NOW - 26 * KIT_HOUR;
	assert_int_equal(out(m, NULL, NULL), 1);
	grammar("WARNING");
	assert_non_null(strstr(text, "- no fetcher runs as it should |"));
	assert_non_null(strstr(text, "\nfetcher: "));
	t->ts_ok--;
	assert_int_equal(out(m, NULL, NULL), 2);
	grammar("CRITICAL");
	/* of what a wrong clock wrote nothing is known */
	t->ts_ok = KIT_NOW + 9 * KIT_DAY;
	assert_int_equal(out(m, NULL, NULL), 2);
	t->ts_ok = KIT_NOW - 3 * KIT_DAY;
	/* and one that has expired is what is named */
	kit_free(&m);
	m = kit_model();
	m->fetching = kit_verdict(WHY_FETCH_SILENT, STATUS_ACT, 0);
	m->fetchers[0].ts_ok = KIT_NOW - 3 * KIT_DAY;
	assert_int_equal(out(m, NULL, NULL), 2);
	assert_non_null(strstr(text, "names: c.example.org ended 1 day ago |"));
	kit_free(&m);
}

/* Where there is none, none could be chosen. */
static void none(void **state)
{
	struct status_model *m = only(NULL, 0);

	assert_int_equal(out(m, NULL, NULL), 3);
	assert_non_null(
		strstr(text, "CERTREPO UNKNOWN - no name was chosen |"));
	m->n_names = 0;
	assert_int_equal(out(m, NULL, NULL), 3);
	grammar("UNKNOWN");
	assert_non_null(strstr(text, "- nothing is enrolled yet: "
				     "certrepo-populate add NAME |"));
	kit_free(&m);
}

/* What is not known is not well, but nothing is better by it. */
static void unknown(void **state)
{
	static const uint32_t names[] = { KIT_A };
	struct status_model *m = kit_model();

	m->unread[FLEET_PART_INSTALLS] = "no right on installs";
	assert_int_equal(out(m, NULL, NULL), 2);
	grammar("CRITICAL");
	assert_non_null(strstr(text, "c.example.org ended 1 day ago |"));
	assert_non_null(strstr(text, "\nnot read: no right on installs"));
	kit_free(&m);
	/* whether one runs is not known, which is not that none does */
	m = only(names, 1);
	m->unread[FLEET_PART_FETCHERS] = "no right on fetchers";
	m->fetching = kit_verdict(WHY_FETCH_UNREAD, STATUS_ACT, 0);
	m->n_fetchers = 0;
	assert_int_equal(out(m, NULL, NULL), 3);
	grammar("UNKNOWN");
	kit_free(&m);
	m = only(names, 1);
	m->unread[FLEET_PART_INSTALLS] = "no right | on installs\n";
	assert_int_equal(out(m, NULL, NULL), 3);
	grammar("UNKNOWN");
	assert_non_null(strstr(text, "\nnot read: no right / on installs"));
	kit_free(&m);
	m = only(names, 0);
	assert_int_equal(out(m, NULL, NULL), 3);
	grammar("UNKNOWN");
	assert_non_null(strstr(text, "'least_share'=U;"));
	kit_free(&m);
}

/* Of very many some are told of, and how many more there are. */
static void many(void **state)
{
	struct status_model *m = kit_model();
	uint32_t all[30];

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		all[i] = KIT_C;
	kit_choose(m, all, ARRAY_LEN(all));
	assert_int_equal(out(m, NULL, NULL), 2);
	grammar("CRITICAL");
	assert_non_null(strstr(text, "- 30 of 30 names"));
	assert_non_null(strstr(text, "\nand 10 more\n"));
	kit_free(&m);
}

static void usage(void *arg)
{
	static const struct opts_option none[] = { { 0 } };
	static const struct opts_spec spec = { .program = "p",
					       .options = none };

	if (!nagios_asked(2, (char **) arg))
		return;
	opts_usage(&spec, "no option is %s", "a|b");
}

static void errors(void **state)
{
	const char *first[] = { "p", "--nagios", NULL };
	const char *asked[] = { "p", "-c", "f", "--nagios", NULL };
	const char *name[] = { "p", "--", "--nagios", NULL };
	size_t len = 0;
	FILE *f;

	assert_int_equal(scratch_fork(usage, first), 3);
	assert_string_equal(scratch_read(scratch("out")),
			    "CERTREPO UNKNOWN - no option is a/b (try "
			    "--help)\n");
	assert_string_equal(scratch_read(scratch("err")), "");
	assert_false(nagios_asked(3, (char **) name));
	assert_true(nagios_asked(4, (char **) asked));
	opts_usage_by(NULL);
	free(text);
	f = open_memstream(&text, &len);
	assert_int_equal(nagios_unknown(f, "%s", "the store\nis | away"), 3);
	fclose(f);
	assert_string_equal(text, "CERTREPO UNKNOWN - the store?is / away\n");
	free(text);
	f = open_memstream(&text, &len);
	/* a sentence is not cut: many show its first line alone */
	nagios_unknown(f, "the server does not accept connections: is the "
			  "server of the store|centre running");
	fclose(f);
	assert_string_equal(text, "CERTREPO UNKNOWN - the server does not "
				  "accept connections: is the server of the "
				  "store/centre running\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ok),	      cmocka_unit_test(shares),
		cmocka_unit_test(thresholds), cmocka_unit_test(expired),
		cmocka_unit_test(served),     cmocka_unit_test(fleet),
		cmocka_unit_test(none),	      cmocka_unit_test(unknown),
		cmocka_unit_test(fetching),   cmocka_unit_test(many),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
