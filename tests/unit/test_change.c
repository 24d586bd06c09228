/* SPDX-License-Identifier: MIT */
#include "populate_kit.h"
#include "clock.h"
#include "store_ari.h"

static char pem[5000], sha[ENC_SHA256_HEX];

static void add(void)
{
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
}

static void switches(void **state)
{
	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_string_equal(SAID, NAME " enabled; the fetcher's next run "
				       "orders it\n");
	assert_true(kit_row(NAME)->enabled);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_string_equal(SAID, NAME " is already enabled, nothing "
				       "changed\n");
	assert_int_equal(RUN(change_disable(&p, NAME, &err)), 0);
	assert_string_equal(SAID, NAME " disabled\n");
	assert_false(kit_row(NAME)->enabled);
	p.opt.dry_run = true;
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_string_equal(SAID, NAME " would be enabled; the fetcher's next "
				       "run orders it\n");
	assert_false(kit_row(NAME)->enabled);
}

/* What failed is held, or waits: enabling lets the one go, tells the other. */
static void failed(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = NOW + 3600,
		.count = true,
		.attempt = { .name = NAME, .ca_name = "x", .outcome = "dns" },
	};

	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	assert_int_equal(store_fail(p.store, &f, &err), 0);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	SAYS("tried again after 2027-01-15T09:00:00Z; at once by "
	     "certrepo-fetcher --once --force " NAME "\n");
	assert_int_equal(kit_row(NAME)->count_fail_update, 1);
	p.now = NOW + 3600;
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	SAYS("tried again in the fetcher's next run; at once by "
	     "certrepo-fetcher --once " NAME "\n");
	p.now = NOW;
	/* one more failure would hold it */
	p.conf.count_fail_limit = 1;
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_string_equal(SAID, NAME " enabled; its failures are forgotten, "
				       "the fetcher tries again in its next "
				       "run\n");
	assert_int_equal(kit_row(NAME)->count_fail_update, 0);
	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	f.hold = true;
	assert_int_equal(store_fail(p.store, &f, &err), 0);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	SAYS("it was held");
	assert_false(kit_row(NAME)->held);
}

/* An order that waits for its CA has not failed. */
static void parked(void **state)
{
	const struct store_order o = { .name = NAME,
				       .ca_name = "x",
				       .url = "https://x/1",
				       .state = "finalized",
				       .ts_created = NOW };
	const struct store_park park = {
		.owner = "me",
		.next = NOW + 3600,
		.attempt = { .name = NAME, .ca_name = "x", .ts_end = NOW },
	};

	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	if (store_order_put(p.store, &o, &err) == -1 ||
	    store_park(p.store, &park, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	SAYS("its order waits for the CA, which is asked again after "
	     "2027-01-15T09:00:00Z\n");
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("order        waits for the CA since 2027-01-15T08:00:00Z");
}

static void sets(void **state)
{
	char comment[] = "comment=a note", bad[] = "challenge=http-01";
	char *one[] = { comment, NULL }, *two[] = { comment, bad, NULL };

	assert_int_equal(RUN(change_set(&p, NAME, one, &err)), -1);
	kit_says(&err, "is not enrolled in");
	add();
	assert_int_equal(RUN(change_set(&p, NAME, two, &err)), -1);
	kit_says(&err, "http-01 needs the folder");
	assert_null(kit_row(NAME)->comment);
	assert_int_equal(RUN(change_set(&p, NAME, one, &err)), 0);
	assert_string_equal(SAID,
			    NAME ": comment=a note\n"
				 "  it is disabled, and not renewed "
				 "before: certrepo-populate enable " NAME "\n");
	assert_string_equal(kit_row(NAME)->comment, "a note");
}

static int set(const char *one, const char *two)
{
	char a[100], b[100] = "";
	char *args[] = { a, two ? b : NULL, NULL };

	snprintf(a, sizeof(a), "%s", one);
	if (two)
		snprintf(b, sizeof(b), "%s", two);
	return RUN(change_set(&p, NAME, args, &err));
}

/* Whose it is, lets nothing go. */
static void owner(void **state)
{
	struct store_fail f = { .owner = "me",
				.next = NOW + 3600,
				.count = true,
				.hold = true,
				.attempt = { .name = NAME,
					     .ca_name = "x",
					     .outcome = "caa",
					     .ts_end = NOW } };

	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	assert_int_equal(store_fail(p.store, &f, &err), 0);
	assert_int_equal(set("owner=a@example.org", NULL), 0);
	assert_string_equal(SAID, NAME ": owner=a@example.org\n");
	assert_string_equal(kit_row(NAME)->owner, "a@example.org");
	assert_true(kit_row(NAME)->held);
	assert_int_equal(set("owner=a@b c@d", NULL), -1);
	kit_says(&err, "owner is one mail address, as in ");
	assert_int_equal(set("owner=", "comment=x"), 0);
	SAYS("it was held; the fetcher tries it again");
	assert_null(kit_row(NAME)->owner);
	assert_false(kit_row(NAME)->held);
}

#define OFFERED "classic\tthe usual\nshortlived\tsix \"days\"\n"

static void profiles(void **state)
{
	add();
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS(NAME ": ca_profile=shortlived\n  CA profile   shortlived\n");
	SAYS("whether CA letsencrypt offers it is not known, the fetcher");
	assert_string_equal(kit_row(NAME)->ca_profile, "shortlived");
	assert_int_equal(set("ca_profile=", NULL), 0);
	SAYS("CA profile   none is asked for, the CA chooses\n");
	assert_null(kit_row(NAME)->ca_profile);
	kit_offer(&kit_ca, OFFERED);
	assert_int_equal(set("ca_profile=ShortLived", NULL), -1);
	kit_says(&err, "CA letsencrypt does not offer the profile ShortLived "
		       "(is shortlived meant?); as its directory said on "
		       "2027-01-15T07:00:00Z, it offers: classic (\"the "
		       "usual\"), shortlived (\"six 'days'\"); the fetcher "
		       "reads it anew with its next order");
	assert_null(kit_row(NAME)->ca_profile);
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS("certificates live 160 h and are renewed 80 h before they end");
	SAYS("the CA says of it: \"six 'days'\"\n");
	p.opt.dry_run = true;
	assert_int_equal(set("ca_profile=classic", NULL), 0);
	SAYS(NAME ": would set ca_profile=classic\n");
	assert_string_equal(kit_row(NAME)->ca_profile, "shortlived");
}

/* The CA does not have what the row asks for. */
static void profile_elsewhere(void **state)
{
	add();
	kit_offer(&kit_ca, OFFERED);
	kit_offer(&kit_own, "");
	assert_int_equal(set("ca_profile=shortlived", "enable=Y"), 0);
	assert_int_equal(set("ca=own", NULL), -1);
	kit_says(&err, "CA own offers no profiles, as its directory said on "
		       "2027-01-15T07:00:00Z; the fetcher reads it anew with "
		       "its next order; the row asks for it: first "
		       "certrepo-populate set " NAME " ca_profile= and then "
		       "certrepo-populate set " NAME " ca=own, or both at "
		       "once, with another profile or none: certrepo-populate "
		       "set " NAME " ca=own ca_profile=");
	assert_null(kit_row(NAME)->ca_name);
	assert_int_equal(set("ca=own", "ca_profile="), 0);
	assert_string_equal(kit_row(NAME)->ca_name, "own");
	assert_null(kit_row(NAME)->ca_profile);
	assert_int_equal(set("ca=", "ca_profile=shortlived"), 0);
	/* It was ended meanwhile. */
	kit_offer(&kit_ca, "classic\tthe usual\n");
	assert_int_equal(set("comment=x", NULL), 0);
	assert_int_equal(RUN(change_disable(&p, NAME, &err)), 0);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), -1);
	kit_says(&err, "does not offer the profile shortlived");
}

#define LIFE (90 * 86400)

/* It has a certificate of 90 days, issued BEFORE seconds ago. */
static void renewed(int64_t before)
{
	struct store_accept a = {
		.owner = "me",
		.crt = { pem, strlen(pem) },
		.ca = { "", 0 },
		.crt_sha256 = sha,
		.ts_not_before = NOW - before,
		.ts_expire = NOW - before + LIFE,
		.ts_due = NOW - before + LIFE * 2 / 3,
		.attempt = { .name = NAME, .ca_name = "x", .outcome = "ok" },
	};

	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	if (store_accept(p.store, &a, &err) == -1)
		fail_msg("%s", err.msg);
}

static void get_crt(void)
{
	struct sbuf s = SBUF_INIT(1 << 16);

	kit_sh("openssl x509 -req -in " NAME ".csr -signkey " NAME
	       ".csr.key -days 90 -out c.pem");
	kit_read("c.pem", &s);
	snprintf(pem, sizeof(pem), "%s", sbuf_str(&s));
	enc_sha256_hex(pem, strlen(pem), sha);
	sbuf_free(&s);
}

/* What is set costs no order: the row stays as due as it was. */
static void dates(void **state)
{
	const struct store_ari read = { .name = NAME, .crt_sha256 = sha };
	struct store_ari asked = { .ts_ari = NOW + 86400,
				   .ari_start = NOW,
				   .ari_end = NOW + 2 * 86400,
				   .ts_due = NOW + 86400 };

	get_crt();
	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	renewed(0);
	/* 60 days from 2027-01-15T08:00:00Z on */
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS("  it comes with the next renewal, due 2027-03-16T08:00:00Z; at "
	     "once by certrepo-fetcher --once --force " NAME "\n");
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 60 * 86400);
	assert_int_equal(set("ca_profile=", NULL), 0);
	SAYS("  it comes with the next renewal, due 2027-03-16T08:00:00Z;");
	assert_int_equal(set("comment=x", NULL), 0);
	assert_string_equal(SAID, NAME ": comment=x\n");
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 60 * 86400);
	assert_int_equal(RUN(show_run(&p, NAME, &err)), 0);
	SAYS("next due     2027-03-16T08:00:00Z (in ");
	/* off and on again */
	assert_int_equal(RUN(change_disable(&p, NAME, &err)), 0);
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 60 * 86400);
	/* days_left, and what the CA asks for */
	p.conf.days_left = 40;
	assert_int_equal(set("comment=y", NULL), 0);
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 50 * 86400);
	p.conf.days_left = 0;
	if (store_ari_put(p.store, &read, &asked, false, NOW, NULL, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(set("comment=z", NULL), 0);
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 86400);
	/* another CSR is due, whatever is set */
	kit_sh("openssl req -new -key " NAME ".csr.key -subj /CN=" NAME
	       " -out " NAME ".csr");
	p.opt.replace = true;
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	p.opt.replace = false;
	assert_int_equal(set("comment=a", NULL), 0);
	assert_int_equal(kit_row(NAME)->ts_due, 0);
}

/* One that is due is due at once, by no clock of ours; one that somebody else
 * wrote is read by the fetcher first. */
static void dates_past(void **state)
{
	get_crt();
	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	renewed(61 * 86400);
	assert_int_equal(set("comment=x", NULL), 0);
	assert_int_equal(kit_row(NAME)->ts_due, 0);
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS("  it comes with the next renewal, in the fetcher's next run; at "
	     "once by certrepo-fetcher --once " NAME "\n");
	sha[0] = sha[0] == 'a' ? 'b' : 'a';
	renewed(0);
	assert_int_equal(set("ca_profile=", NULL), 0);
	SAYS("  it comes with the next renewal; at once by certrepo-fetcher "
	     "--once --force " NAME "\n");
	assert_int_equal(kit_row(NAME)->ts_due, 0);
}

/* What failed is let go: one line says what is next. */
static void dates_failed(void **state)
{
	struct store_fail f = {
		.owner = "me",
		.next = NOW + 3600,
		.count = true,
		.attempt = { .name = NAME, .ca_name = "x", .outcome = "dns" },
	};

	get_crt();
	add();
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	renewed(61 * 86400);
	for (int hold = 0; hold < 2; hold++) {
		assert_int_equal(
			store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			1);
		f.hold = hold;
		assert_int_equal(store_fail(p.store, &f, &err), 0);
		assert_int_equal(set("ca_profile=shortlived", NULL), 0);
		SAYS(hold ? "\n  it was held; the fetcher tries it again in "
			    "its next run; at once by certrepo-fetcher "
			    "--once " NAME "\n"
			  : "\n  it failed before; the fetcher tries it again "
			    "in its next run; at once by certrepo-fetcher "
			    "--once " NAME "\n");
		assert_null(strstr(SAID, "next renewal"));
		assert_int_equal(kit_row(NAME)->ts_due, 0);
		assert_int_equal(kit_row(NAME)->ts_next_attempt, 0);
		assert_false(kit_row(NAME)->held);
	}
	/* It was forced, and is not due: nothing would come by itself. */
	renewed(0);
	f.hold = true;
	assert_int_equal(store_claim(p.store, NAME, "me", NOW, NOW + 9, &err),
			 1);
	assert_int_equal(store_fail(p.store, &f, &err), 0);
	p.opt.dry_run = true;
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS(", due 2027-03-16T08:00:00Z; at once by certrepo-fetcher --once "
	     "--force " NAME "\n");
	assert_true(kit_row(NAME)->held);
	p.opt.dry_run = false;
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	assert_string_equal(SAID,
			    NAME " enabled; it was held, and it is renewed "
				 "when it is due, 2027-03-16T08:00:00Z\n");
	assert_int_equal(kit_row(NAME)->ts_due, NOW + 60 * 86400);
}

/* What the configuration asks for counts where the row says nothing. */
static void configured_profile(void **state)
{
	kit_ca.ca_profile = "tlsserver";
	kit_offer(&kit_ca, OFFERED);
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	SAYS("CA profile   tlsserver (of the configuration)\n");
	SAYS("CA letsencrypt does not offer it");
	assert_int_equal(set("ca_profile=classic", NULL), 0);
	assert_int_equal(set("ca_profile=", NULL), 0);
	SAYS("CA profile   tlsserver (of the configuration)\n");
}

/* Who shows it to peers, as far as its hosts told. */
static void profile_of_peers(void **state)
{
	const struct store_receipt r = { .name = NAME,
					 .host = "mail1",
					 .service = "postfix",
					 .endpoint = "127.0.0.1:25",
					 .protocol = "smtp",
					 .state = "served",
					 .detail = "",
					 .version = "1",
					 .ts = NOW };

	kit_ca.client_auth = "issued";
	kit_sh("openssl req -new -key " NAME ".csr.key -subj /CN=" NAME
	       " -addext extendedKeyUsage=clientAuth -out " NAME ".csr");
	add();
	kit_ca.client_auth = "left-out";
	assert_int_equal(store_receipts_put(p.store, &r, 1, &err), 0);
	assert_int_equal(set("ca_profile=shortlived", NULL), 0);
	SAYS("- they are not for clients (no clientAuth), which the CSR "
	     "asks\n");
	SAYS("- hosts of it that speak such a protocol: mail1 (smtp)\n");
}

/* A CSR that was enrolled for clients goes on, and is spoken of, at a CA that
 * leaves that out; one that refuses it is not for it. */
static void for_clients(void **state)
{
	static const char note[] = "note         the CSR asks for clientAuth";

	kit_ca.client_auth = "issued";
	kit_sh("openssl req -new -key " NAME ".csr.key -subj /CN=" NAME
	       " -addext extendedKeyUsage=clientAuth -out " NAME ".csr");
	add();
	assert_int_equal(set("ca=own", "enable=N"), 0);
	assert_null(strstr(SAID, note));
	kit_ca.client_auth = "left-out";
	assert_int_equal(set("ca=letsencrypt", NULL), 0);
	SAYS(note);
	SAYS("leaves out");
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), 0);
	SAYS(note);
	assert_int_equal(RUN(add_run(&p, NAME, &err)), 0);
	assert_int_equal(RUN(change_disable(&p, NAME, &err)), 0);
	assert_null(strstr(SAID, note));
	kit_ca.client_auth = "refused";
	assert_int_equal(RUN(change_enable(&p, NAME, &err)), -1);
	kit_says(&err, "the stored CSR: it asks for clientAuth");
	kit_ca.client_auth = "left-out";
}

static void removes(void **state)
{
	char end[CLOCK_TEXT];

	add();
	p.opt.yes = p.opt.dry_run = true;
	assert_int_equal(RUN(change_remove(&p, NAME, &err)), 0);
	SAYS("would remove " NAME);
	assert_non_null(kit_row(NAME));
	p.opt.dry_run = false;
	assert_int_equal(RUN(change_remove(&p, NAME, &err)), 0);
	SAYS("removed " NAME);
	assert_null(kit_row(NAME));
	assert_null(strstr(SAID, "hosts"));
	assert_int_equal(RUN(change_remove(&p, NAME, &err)), -1);
	kit_says(&err, "is not enrolled in");
	/* Hosts have its certificate. */
	err_clear(&err);
	get_crt();
	add();
	renewed(0);
	assert_int_equal(RUN(change_remove(&p, NAME, &err)), 0);
	SAYS("removed " NAME);
	SAYS("; hosts that have it serve it until its end, ");
	SAYS(clock_text(NOW + LIFE, end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(switches, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(failed, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(parked, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(owner, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(sets, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(dates, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(dates_past, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(dates_failed, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(profiles, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(profile_elsewhere, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(configured_profile, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(profile_of_peers, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(for_clients, kit_setup,
						kit_teardown),
		cmocka_unit_test_setup_teardown(removes, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
