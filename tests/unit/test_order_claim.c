/* SPDX-License-Identifier: MIT */
/* The row of an order: what it says that this one replaces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "order_kit.h"

static char id[300];

/* RFC 9773 section 4.1, by openssl and coreutils. */
static void make_id(void)
{
	snprintf(id, sizeof(id), "%s.ChssPU4",
		 kit_out("openssl x509 -in leaf.pem -noout -ext "
			 "authorityKeyIdentifier | tail -1 | tr -d ' :\\n' | "
			 "sed 's/keyid//' | xxd -r -p | basenc --base64url | "
			 "tr -d ="));
}

static void offers(void)
{
	ca.offer.renewal_info = "https://ca.test/renewal";
}

static const char *replaced(void)
{
	/* a client, of which the fake one wants nothing */
	struct order *o = order_new(&env, &one, NULL, (struct acme *) &ca, NAME,
				    asked, NULL);

	woken = true;
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	order_free(&o);
	OK(db_script(store->db, "UPDATE certs SET renew = 1, ts_due = 0",
		     &err));
	return ca.replaces;
}

static void sql(const char *text)
{
	OK(db_script(store->db, text, &err));
}

static void replaces(void **state)
{
	make_id();
	more = offers;
	begin(NULL);
	assert_string_equal(replaced(), "-"); /* there is none yet */
	assert_string_equal(replaced(), id);
	/* another account of ours ordered it, or another CA issued it */
	sql("UPDATE attempts SET account = 'https://ca.test/acct/other'");
	assert_string_equal(replaced(), "-");
	assert_string_equal(replaced(), id);
	sql("UPDATE attempts SET ca_name = 'two'");
	assert_string_equal(replaced(), "-");
	/* what failed since says nothing */
	sql("INSERT INTO attempts (name, ca_name, account, outcome, ts_start, "
	    "ts_end) VALUES ('" NAME "', 'two', 'x', 'dns', 4000000000, 1)");
	assert_string_equal(replaced(), id);
	end();
	more = NULL;
}

static void unknown(void **state)
{
	make_id();
	more = offers;
	begin(NULL);
	assert_string_equal(replaced(), "-");
	sql("DELETE FROM attempts");
	assert_string_equal(replaced(), "-");
	/* nobody knows any more: but the CA was heard of it */
	sql("DELETE FROM attempts; UPDATE certs SET ts_ari = 5, "
	    "ari_crt = crt_sha256");
	assert_string_equal(replaced(), id);
	/* it does not want to know */
	ca.offer.renewal_info = NULL;
	assert_string_equal(replaced(), "-");
	/* what is in the row is no certificate */
	ca.offer.renewal_info = "https://ca.test/renewal";
	sql("UPDATE certs SET crt = 'rubbish'");
	assert_string_equal(replaced(), "-");
	end();
	more = NULL;
}

/* The row's CA is missing, and the next one, "one", stands in for it: what the
 * one issued the other is not told of. */
static void stands_in(void **state)
{
	static struct certrepo_ca corp = { .name = "corp", .directory = "" };
	static void *list[] = { &corp, &one };
	struct certrepo_conf pair = cc;

	pair.ca.v = list;
	pair.ca.n = 2;
	make_id();
	more = offers;
	begin(NULL);
	env.conf = &pair;
	sql("UPDATE certs SET ca_name = 'corp'");
	assert_string_equal(replaced(), "-");
	assert_string_equal(replaced(), id); /* its own */
	sql("UPDATE attempts SET ca_name = 'corp'");
	assert_string_equal(replaced(), "-");
	/* nobody knows any more, but who was asked about it */
	sql("DELETE FROM attempts; UPDATE certs SET ts_ari = 5, "
	    "ari_crt = crt_sha256");
	assert_string_equal(replaced(), "-");
	sql("DELETE FROM attempts; UPDATE certs SET ts_ari = 5, "
	    "ari_crt = crt_sha256, ca_name = 'one'");
	assert_string_equal(replaced(), id);
	end();
	more = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(replaces),
					    cmocka_unit_test(stands_in),
					    cmocka_unit_test(unknown) };

	return cmocka_run_group_tests(tests, pki, gone);
}
