/* SPDX-License-Identifier: MIT */
/* What an administrator, and a program, sees of requests. */
#include "ask_kit.h"

#define FILE NAME ".csr"

static int pending(void)
{
	err_clear(&err);
	return RUN(pending_run(&p, NULL, 0, &err));
}

static void nothing(void **state)
{
	assert_int_equal(pending(), 0);
	assert_string_equal(SAID, "");
	p.opt.json = true;
	assert_int_equal(pending(), 0);
	assert_string_equal(SAID, "[]\n");
}

static void a_new_one(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);
	char line[200];

	assert_int_equal(pending(), 0);
	snprintf(line, sizeof(line), "%lld  " WEB1 "/" NAME "\n",
		 (long long) id);
	SAYS(line);
	SAYS("sent         2027-01-15T07:59:00Z, any host that has the store "
	     "may have");
	SAYS("names        www.example.org, example.org\n");
	snprintf(line, sizeof(line), "key          EC P-256, SHA-256\n%15s%s\n",
		 "",
		 kit_out("openssl req -in " FILE " -noout -pubkey | openssl "
			 "pkey -pubin -outform DER | sha256sum"));
	SAYS(line);
	SAYS("would be     a new certificate, " NAME "\n");
	SAYS("certrepo-populate approve ID..., or reject ID... --reason "
	     "TEXT\n");
}

/* What the key change is in the place of. */
static void a_rebuilt_host(void **state)
{
	char text[200];

	kit_enrol(NAME, FILE);
	kit_sh("openssl x509 -req -in " FILE " -signkey " FILE
	       ".key -days 9 -out crt");
	DO(store_exec_try(p.store, "UPDATE certs SET crt = ?",
			  ARGS(B(((struct store_blob){
				  kit_pem("crt"), strlen(kit_pem("crt")) }))),
			  NULL, &err));
	kit_served(WEB1, NAME);
	(void) kit_ask("", WEB1, NAME, "key");
	assert_int_equal(pending(), 0);
	SAYS("would be     another key for " NAME ", in the place of the key");
	SAYS(kit_out("openssl req -in " FILE " -noout -pubkey | openssl pkey "
		     "-pubin -outform DER | sha256sum"));
	snprintf(text, sizeof(text), "%s",
		 kit_out("openssl x509 -in crt -outform DER | sha256sum"));
	SAYS(text);
	SAYS_NOT("shared ");
	/* ... of a row that another has, too */
	kit_served(WEB2, NAME);
	assert_int_equal(pending(), 0);
	SAYS("shared       " WEB2 " has this row, too\n");
	SAYS("--beside");
}

static void by_rule(void **state)
{
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	kit_host(WEB1, "h1");
	(void) kit_ask("h1", WEB1, NAME, FILE);
	assert_int_equal(pending(), 0);
	SAYS("by the account h1\n");
	SAYS("rule         t.conf:7 approves it\n");
	(void) kit_ask("shared", WEB2, NAME, "key");
	assert_int_equal(pending(), 0);
	SAYS("by the account shared, which is not this");
	SAYS("no rule      this account does not speak for this host alone\n");
	/* A pattern that is not what was meant shows. */
	kit_rule.host = "wbe*.example.org";
	assert_int_equal(pending(), 0);
	kit_rule.host = "web*.example.org";
	SAYS_NOT("approves it");
	SAYS("no rule      no rule takes this host with all of these names\n");
}

/* Who sent it is known, whatever that is. */
static void sender_of_garbage(void **state)
{
	kit_host(WEB1, "h1");
	(void) kit_ask_text("h1", WEB1, NAME, "garbage", false);
	assert_int_equal(pending(), 0);
	SAYS("by the account h1\n");
	SAYS_NOT("any host may have");
	p.opt.json = true;
	assert_int_equal(pending(), 0);
	SAYS("\"account_is_its\": true");
}

/* What comes before counts, be it shown or not. */
static void of_one_host(void **state)
{
	char *hosts[] = { (char *) WEB2, NULL };

	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	kit_host(WEB1, "h1");
	kit_host(WEB2, "h2");
	for (int i = 0; i < 2; i++) {
		kit_req("x", KIT_EC " -subj /CN=" NAME);
		(void) kit_ask("h1", WEB1,
			       arena_printf(p.arena, NAME "+x%d", i), "x");
	}
	kit_req("x", KIT_EC " -subj /CN=" NAME);
	(void) kit_ask("h2", WEB2, NAME "+y", "x");
	assert_int_equal(RUN(pending_run(&p, hosts, 1, &err)), 0);
	SAYS_NOT(WEB1);
	SAYS("no rule      2 rows have exactly these names already");
}

/* Whoever is not known asks for nothing either, which is no answer. */
static void of_nobody(void **state)
{
	char *hosts[] = { (char *) WEB1, NULL };

	assert_int_equal(RUN(pending_run(&p, hosts, 1, &err)), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	kit_says(&err, WEB1 " has no account in ");
	kit_host(WEB1, "h1");
	DO(RUN(pending_run(&p, hosts, 1, &err)));
	SAYS("nothing of " WEB1 " waits\n");
	p.opt.json = true;
	DO(RUN(pending_run(&p, hosts, 1, &err)));
	assert_string_equal(SAID, "[]\n");
}

/* A host that says that it has a row, and nobody knows of that. */
static void stranger(void **state)
{
	kit_enrol(NAME, FILE);
	(void) kit_ask_text("", WEB2, NAME, kit_pem("key"), true);
	assert_int_equal(pending(), 0);
	SAYS("would be     a row of its own, " NAME "+web2, since " NAME);
	kit_sh("tr -s '\\n ' ' ' <said | grep -q 'note it says that it "
	       "has " NAME " and wants another key for it, but " WEB2
	       " never had it: no "
	       "grant, no report, no request; approve --replace'");
	p.opt.replace = true;
	assert_int_equal(pending(), 0);
	SAYS("another key for " NAME);
	SAYS("note         " WEB2 " never had it: no grant, no report");
	p.opt.json = true;
	assert_int_equal(pending(), 0);
	SAYS("\"never_had\": true");
	p.opt.replace = false;
	kit_served(WEB2, NAME);
	assert_int_equal(pending(), 0);
	SAYS("\"verdict\": \"key\"");
	SAYS("\"never_had\": false");
}

/* A row that whoever has the store called so. */
static void hostile_row(void **state)
{
	static const char evil[] = NAME "+\x1b[2J\n1  x\xe2\x80\xae";
	int64_t id;

	kit_enrol(NAME, FILE);
	DO(store_exec_try(p.store, "UPDATE certs SET name = ?", ARGS(T(evil)),
			  NULL, &err));
	id = kit_ask("", WEB1, NAME, FILE);
	assert_int_equal(pending(), 0);
	for (const char *c = SAID; *c; c++)
		if (((unsigned char) *c < ' ' && *c != '\n') ||
		    (unsigned char) *c > '~')
			fail_msg("0x%02x in: %s", (unsigned char) *c, SAID);
	SAYS("would be     " NAME "+?[2J?1 x???, which has this key");
	SAYS("refused      the row " NAME "+?[2J?1 x??? is called by");
	/* ... as what an earlier request of another key became */
	DO(store_exec_try(p.store,
			  "UPDATE host_requests SET state = 'approved', "
			  "as_name = ? WHERE id = ?",
			  ARGS(T(evil), I(id)), NULL, &err));
	(void) kit_ask("", WEB1, NAME, "key");
	assert_int_equal(pending(), 0);
	SAYS("would be     another key for " NAME "+?[2J?1 x???, in the");
	SAYS("refused      the row ");
}

static void refused(void **state)
{
	kit_sh("openssl req -new -key key.key -subj /CN=x.example.net -out x");
	(void) kit_ask("", WEB1, NAME, "x");
	(void) kit_ask_text("", WEB1, NAME, "garbage", false);
	assert_int_equal(pending(), 0);
	SAYS("refused      " NAME ": the CSR does not ask for " NAME);
	SAYS("refused      its CSR: ");
}

/* Nothing of it reaches a terminal, and none of it hides the others. */
static void hostile(void **state)
{
	static const char evil[] = "\x1b[2J\x1b]0;x\x07\xc2\x9b"
				   "1m\r\nid 1  approved";

	(void) kit_ask_text("\x1b[31m", evil, evil, evil, true);
	(void) kit_ask_text("", WEB1, "../../etc/passwd", kit_pem(FILE), false);
	(void) kit_ask_text("", WEB1, "*", kit_pem(FILE), false);
	(void) kit_ask_text("", "", "", "", false);
	DO(store_exec_try(p.store,
			  "INSERT INTO host_requests (account, host, name, "
			  "csr, key_sha256, new_key, state, ts) VALUES (x'00', "
			  "17, 1.5, 99, x'ff', 'yes', 'pending', 'now')",
			  NO_ARGS, NULL, &err));
	(void) kit_ask("", WEB2, NAME, FILE);
	assert_int_equal(pending(), 0);
	for (const char *c = SAID; *c; c++)
		if (((unsigned char) *c < ' ' && *c != '\n') ||
		    (unsigned char) *c > '~')
			fail_msg("0x%02x in: %s", (unsigned char) *c, SAID);
	SAYS_NOT("\nid 1");
	SAYS(WEB2 "/" NAME "\n");
	p.opt.json = true;
	assert_int_equal(pending(), 0);
	kit_sh("python3 -c 'import json; d = json.load(open(\"said\")); "
	       "assert len(d) == 6, d; "
	       "assert d[5][\"verdict\"] == \"new\", d[5]; "
	       "assert d[5][\"names\"] == [\"" NAME "\", \"example.org\"]; "
	       "assert d[5][\"ts\"] == %d; assert d[5][\"refused\"] is None; "
	       "assert d[0][\"refused\"] and d[0][\"new_key\"]'",
	       NOW - 60);
}

/* A hundred thousand of them: a person gets the first ones, and can ask for
 * those of a host. */
static void many(void **state)
{
	char *hosts[] = { (char *) WEB2, NULL };

	DO(store_exec_try(
		p.store,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
		"n WHERE i < 100000) INSERT INTO host_requests (account, host, "
		"name, csr, key_sha256, state, ts) SELECT '', 'h' || i, 'a', "
		"'garbage', i, 'pending', 1 FROM n",
		NO_ARGS, NULL, &err));
	DO(store_exec_try(p.store,
			  "INSERT INTO host_requests (account, host, name, "
			  "csr, key_sha256, state, ts) VALUES ('', '" WEB2 "', "
			  "'" NAME "', ?, 'x', 'pending', 1)",
			  ARGS(B(((struct store_blob){
				  kit_pem(FILE), strlen(kit_pem(FILE)) }))),
			  NULL, &err));
	assert_int_equal(pending(), 0);
	kit_sh("grep -c '^[0-9]*  h[0-9]*/a$' said >count; "
	       "grep -qx 500 count; grep -q '^and 99501 more' said");
	assert_int_equal(RUN(pending_run(&p, hosts, 1, &err)), 0);
	SAYS(WEB2 "/" NAME "\n");
	SAYS_NOT("more, which");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T_(f) cmocka_unit_test_setup_teardown(f, kit_ask_setup, kit_teardown)
		T_(nothing),	 T_(a_new_one), T_(a_rebuilt_host),
		T_(by_rule),	 T_(refused),	T_(hostile),
		T_(many),	 T_(stranger),	T_(sender_of_garbage),
		T_(of_one_host), T_(of_nobody), T_(hostile_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
