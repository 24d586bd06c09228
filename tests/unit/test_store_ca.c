/* SPDX-License-Identifier: MIT */
/* The row of a CA. */
#include "rows_kit.h"

static const char *ca_row(const char *name)
{
	struct store_ca r = { 0 };

	RC(1, store_ca_get(s, name, arena, &r, &err));
	return arena_printf(
		arena, "%s %s until %d, %d %s %s", r.account ? r.account : "-",
		r.account_key ? r.account_key : "-", (int) r.backoff_until,
		(int) r.count_fail, r.fail_class ? r.fail_class : "-",
		r.fail_detail ? r.fail_detail : "-");
}

static struct store_ca ca_put(const struct store_ca *c,
			      const struct store_ca *read)
{
	struct store_ca now = { 0 };

	OK(store_ca_put(s, c, read, arena, &now, &err));
	return now;
}

static void test_ca(void **state)
{
	const struct store_ca none = { 0 };
	struct store_ca c = { .name = "le", .directory = "https://ca/dir" };
	struct store_ca got = { 0 };

	RC(0, store_ca_get(s, "le", arena, &got, &err));
	got = ca_put(&c, &none);
	assert_string_equal(ca_row("le"), "- - until 0, 0 - -");
	c.account = "https://ca/acct/1";
	c.account_key = "thumb";
	c.backoff_until = 5000;
	c.count_fail = 2;
	c.fail_class = "rate-limited";
	c.fail_detail = "later";
	got = ca_put(&c, &got);
	assert_string_equal(got.directory, "https://ca/dir");
	assert_null(got.eab_kid);
	assert_string_equal(ca_row("le"), "https://ca/acct/1 thumb until 5000, "
					  "2 rate-limited later");
	/* What was read may be lifted by who read it. */
	c.backoff_until = c.count_fail = 0;
	c.fail_class = c.fail_detail = NULL;
	c.eab_kid = "kid";
	got = ca_put(&c, &got);
	assert_string_equal(got.eab_kid, "kid");
	assert_string_equal(ca_row("le"),
			    "https://ca/acct/1 thumb until 0, 0 - -");
	/* by whom the row was not read as it is now, too */
	c.eab_kid = "other";
	got = ca_put(&c, &none);
	assert_string_equal(got.eab_kid, "other");
	assert_string_equal(got.account, "https://ca/acct/1");
}

/* Two instances, neither of which has seen what the other writes. */
static void test_ca_two(void **state)
{
	const struct store_ca none = { 0 };
	struct store_ca a = { .name = "le", .directory = "https://ca/dir" };
	struct store_ca b = a, a_read, b_read;

	a.backoff_until = 5000;
	a.count_fail = 1;
	a.fail_class = "ca-down";
	a.fail_detail = "of a";
	a_read = ca_put(&a, &none);
	/* an account is learned, and the rest stays */
	b.account = "acct/b";
	b.account_key = "thumb";
	b_read = ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 5000, 1 ca-down of a");
	assert_int_equal(b_read.backoff_until, 5000);
	/* the earlier rest does not shorten the later one */
	b.backoff_until = 4000;
	b.count_fail = 1;
	b.fail_class = "ca-rate-limited";
	b.fail_detail = "of b";
	(void) ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 5000, 1 ca-down of a");
	/* the later one wins, with its reason; the larger count stays */
	b.backoff_until = 6000;
	b_read = ca_put(&b, &none);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 6000, 1 ca-rate-limited of b");
	/* a's success lifts a's rest, and not b's; its account stays b's */
	a.backoff_until = a.count_fail = 0;
	a.fail_class = a.fail_detail = NULL;
	a_read = ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"),
			    "acct/b thumb until 6000, 1 ca-rate-limited of b");
	/* b forgets its account, a finds another; b's is the one that goes */
	a.account = "acct/a";
	a.account_key = "thumb";
	a_read = ca_put(&a, &a_read);
	b.account = b.account_key = NULL;
	(void) ca_put(&b, &b_read);
	assert_string_equal(ca_row("le"),
			    "acct/a thumb until 6000, 1 ca-rate-limited of b");
	/* who has read it may end it; to put it twice is to put it once */
	a.backoff_until = a.count_fail = 0;
	b_read = a_read;
	RC(1, store_ca_get(s, "le", arena, &a_read, &err));
	(void) ca_put(&a, &a_read);
	(void) ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"), "acct/a thumb until 0, 0 - -");
	/* ... whatever account another has found meanwhile */
	a.backoff_until = 9000;
	a.count_fail = 1;
	a.fail_class = "ca-down";
	RC(1, store_ca_get(s, "le", arena, &a_read, &err));
	b_read = a_read = ca_put(&a, &a_read);
	b = a;
	b.account = "acct/b";
	(void) ca_put(&b, &b_read);
	a.backoff_until = a.count_fail = 0;
	a.fail_class = NULL;
	(void) ca_put(&a, &a_read);
	assert_string_equal(ca_row("le"), "acct/b thumb until 0, 0 - -");
	/* another directory is another CA */
	a.directory = "https://other/dir";
	a.account = "acct/other";
	(void) ca_put(&a, &none);
	assert_string_equal(ca_row("le"), "acct/other thumb until 0, 0 - -");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_ca),
		TEST(test_ca_two),
	};

	return ROWS_RUN(tests);
}
