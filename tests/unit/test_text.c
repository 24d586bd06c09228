/* SPDX-License-Identifier: MIT */
/* What a person reads: of a fleet of six names, within 80 columns. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>
#include "out.h"
#include "status_kit.h"
#include "text_impl.h"

static struct status_model *m;
static char *text;
static size_t len;

static int setup(void **state)
{
	m = kit_model();
	return 0;
}

static int teardown(void **state)
{
	free(text);
	text = NULL;
	kit_free(&m);
	return 0;
}

static int print(bool verbose)
{
	FILE *f;
	int status;

	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	status = out_text(m, verbose, f);
	assert_int_equal(fclose(f), 0);
	return status;
}

static void has(const char *what)
{
	if (!strstr(text, what))
		print_error("\"%s\" is not in:\n%s", what, text);
	assert_non_null(strstr(text, what));
}

static size_t longest(void)
{
	size_t most = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		if (strcspn(p, "\n") > most)
			most = strcspn(p, "\n");
	return most;
}

static void test_all(void **state)
{
	assert_int_equal(print(false), 1);
	has("/var/lib/certrepo/certrepo.db, 2026-12-01T00:00:00Z\n");
	has("  certificates       6, 2 need somebody, 1 waits, 3 well\n");
	has("  hosts              3, 1 needs somebody, 0 wait, 2 well\n");
	has("  c.example.org: expired, waits for a person\n");
	has("  b.example.org: not-served, waits for a person\n"
	    "      web2.example.org web 192.0.2.2:8443: not served: ");
	has("  host db1.example.org: silent, waits for a person\n");
	has("  CA other: waiting, waits for the CA\n");
	has("NAME              STATE       LEFT       UNTIL       HOSTS    "
	    "CA\n");
	has("c.example.org     expired     -1 day     2026-11-30  -        "
	    "letsencrypt\n");
	has("a.example.org     ok          60 days    2027-01-30  2/2      "
	    "letsencrypt\n");
	has("d.example.org     due         -          -           -        "
	    "other\n");
	has("letsencrypt                      3          1          3          "
	    "5\n");
	assert_true(longest() <= 80);
	/* Not for a terminal: no colour, and nobody else's control. */
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xff"));
}

static void test_verbose(void **state)
{
	print(true);
	has(" BY         HOSTS    WAITS FOR ");
	has("host web1.example.org (installer 0.2.0, 2 receipts): ok\n");
	has("web@example.org");
	has("unauthorized");
}

static void test_chosen(void **state)
{
	static const uint32_t one[] = { KIT_A };

	kit_choose(m, one, 1);
	m->filtered = true;
	assert_int_equal(print(false), 0);
	has("  chosen:      1 certificate, 0 hosts\n");
	has("a.example.org");
	assert_null(strstr(text, "c.example.org"));
	assert_null(strstr(text, "CA other"));
}

/* How the first one comes. */
static void test_none(void **state)
{
	assert_int_equal(print(false), 1);
	assert_null(strstr(text, "enrolled"));
	m->n_names = m->n_order = 0;
	assert_int_equal(print(false), 1);
	has("  nothing is enrolled yet: certrepo-populate add NAME\n");
	m->unread[FLEET_PART_NAMES] = "certificates (certs): no";
	assert_int_equal(print(false), 1);
	assert_null(strstr(text, "enrolled"));
}

/* What is not known is said. */
static void test_unread(void **state)
{
	m->unread[FLEET_PART_INSTALLS] = "what hosts report (installs): no\x1b";
	m->all_requests = 3;
	m->set.known = false;
	assert_int_equal(print(false), 1);
	has("  not read, so nothing is known of it: what hosts report "
	    "(installs): no?\n");
	has("  3 requests of hosts wait for an answer: certrepo-populate "
	    "pending\n");
	has("the fetcher has not written its settings");
}

/* On a terminal of so many columns. */
static void print_on(unsigned short columns, bool verbose)
{
	const struct winsize size = { .ws_col = columns, .ws_row = 24 };
	int terminal, other;
	char some[4096];
	ssize_t n;
	FILE *f, *to;

	setenv("NO_COLOR", "1", 1);
	assert_int_equal(openpty(&terminal, &other, NULL, NULL, &size), 0);
	assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	f = fdopen(other, "w");
	setvbuf(f, NULL, _IOFBF, 1 << 16);
	free(text);
	text = NULL;
	to = open_memstream(&text, &len);
	out_text(m, verbose, f);
	assert_true(ftell(to) == 0 && fflush(f) == 0);
	while ((n = read(terminal, some, sizeof(some))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (some[i] != '\r')
				fputc(some[i], to);
	fclose(f);
	close(terminal);
	assert_int_equal(fclose(to), 0);
}

/* Where the title is, each row has a word; and none before it. */
static void holds(const char *title, size_t rows)
{
	AUTO(mem_free_str) char *before = mem_printf("  %s", title);
	const char *head = strstr(text, "\nNAME "), *row;
	size_t at;

	assert_non_null(head);
	head++;
	row = strstr(head, before);
	assert_non_null(row);
	at = (size_t) (row - head) + 2;
	row = head;
	while (rows-- > 0) {
		row = strchr(row, '\n') + 1;
		/* a name that has a line of its own */
		if (strcspn(row, " ") > strcspn(row, "\n"))
			row = strchr(row, '\n') + 1;
		if (strcspn(row, "\n") <= at || row[at] == ' ' ||
		    row[at - 1] != ' ')
			fail_msg("%s does not hold:\n%s", title, head);
	}
}

static const char *const long_name =
	"a-name-that-is-long.of-a-department-with-a-long-one.example.org";

static void make_wide(void)
{
	m->names[KIT_A].name = long_name;
	m->names[KIT_A].issuer =
		"An Issuer Whose Name Is Longer Than Others, E1";
	m->names[KIT_A].owner = "somebody.with.a.long.name@example.org";
	m->names[KIT_A].ts_not_after = KIT_NOW + 123456 * KIT_DAY;
	m->names[KIT_A].ts_key = KIT_NOW - 12345 * KIT_DAY;
	m->names[KIT_A].n_hosts = m->names[KIT_A].n_served = 50000;
	m->names[KIT_B].key_type = "a-type-of-keys";
	m->names[KIT_B].issuer =
		"This one is longer than anybody reads, and is "
		"cut off at its end, which is here";
	m->cas[1].name = "a-ca-whose-name-is-longer-than-that";
	m->names[KIT_D].ca = m->cas[1].name;
}

static void test_columns(void **state)
{
	static const char *const all[] = {
		"STATE", "LEFT",    "UNTIL",   "RENEWAL", "BY",
		"HOSTS", "WAITS",   "ATTEMPT", "FAILURE", "ISSUER",
		"KEY ",	 "KEY AGE", "ITS",     "OWNER",	  "CA",
	};

	make_wide();
	print(true);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		holds(all[i], KIT_NAMES);
	has(" This one is longer than anybody reads, and is cut off at ...  ");
	has(" An Issuer Whose Name Is Longer Than Others, E1  ");
	has("\na-ca-whose-name-is-longer-than-that         2 ");
	print_on(100, true);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		holds(all[i], KIT_NAMES);
}

static void test_narrow(void **state)
{
	static const char *const few[] = { "STATE", "LEFT", "UNTIL", "HOSTS",
					   "CA" };

	print_on(80, false);
	assert_true(longest() <= 80);
	make_wide();
	m->names[KIT_D].ca = "letsencrypt";
	m->names[KIT_A].n_hosts = m->names[KIT_A].n_served = 2;
	m->names[KIT_A].ts_not_after = KIT_NOW + 1234 * KIT_DAY;
	for (unsigned short columns = 80; columns <= 170; columns += 30) {
		print_on(columns, false);
		for (size_t i = 0; i < ARRAY_LEN(few); i++)
			holds(few[i], KIT_NAMES);
		assert_true(longest() <= columns);
		has(long_name); /* whole */
	}
	assert_null(strstr(text, "example.org\n "));
	has(" WAITS FOR ");
	/* no terminal: as long as it is, on a line */
	print(false);
	has("example.org  ok ");
	holds("CA", KIT_NAMES);
}

static void test_wrap(void **state)
{
	FILE *f = open_memstream(&text, &len);

	text_wrap(f, 12, 2, "one two three  fourteenletters x");
	text_wrap(f, 12, 0, "");
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, "  one two\n  three\n  fourteenletters\n"
				  "  x\n\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all),	    TEST(test_verbose), TEST(test_chosen),
		TEST(test_none),    TEST(test_unread),	TEST(test_wrap),
		TEST(test_columns), TEST(test_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
