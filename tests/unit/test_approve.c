/* SPDX-License-Identifier: MIT */
/* Requests approved by a person and by a rule, and rejected. */
#include <fcntl.h>
#include "ask_kit.h"
#include "fleet_hosts.h"
#include "log.h"

#define FILE NAME ".csr"

static const char *ref(int64_t id)
{
	return arena_printf(p.arena, "%lld", (long long) id);
}

static int approve_ref(const char *a, const char *b)
{
	char *refs[] = { (char *) a, (char *) b, NULL };

	p.status = 0;
	err_clear(&err);
	return RUN(approve_run(&p, refs, b ? 2 : 1, &err));
}

static int approve(int64_t id)
{
	return approve_ref(ref(id), NULL);
}

/* 0 and exit status 0. */
#define APPROVED(id)                                                           \
	do {                                                                   \
		if (approve(id) == -1 || p.status != 0)                        \
			fail_msg("status %d: %s %s", p.status, err.msg, SAID); \
	} while (0)

static void state_is(int64_t id, const char *state, const char *as)
{
	struct fleet_request r = kit_request(id);

	assert_string_equal(r.state, state);
	assert_string_equal(r.as_name ? r.as_name : "", as);
	assert_int_equal(r.ts_decided, strcmp(state, "pending") ? NOW : 0);
}

static bool has_csr(const char *name, const char *file)
{
	struct store_cert *row = kit_row(name);
	AUTO(x509_csr_free) struct x509_csr *a = NULL;
	AUTO(x509_csr_free) struct x509_csr *b = kit_csr(file, &err);

	assert_non_null(row);
	assert_int_equal(x509_csr_parse(row->csr.p, row->csr.len, &a, &err), 0);
	return strcmp(x509_csr_pem(a), x509_csr_pem(b)) == 0;
}

static void a_new_one(void **state)
{
	int64_t id;

	kit_host(WEB1, "h1");
	id = kit_ask("h1", WEB1, NAME, FILE);
	p.opt.dry_run = true;
	APPROVED(id);
	SAYS("would approve");
	state_is(id, "pending", "");
	p.opt.dry_run = false;
	p.opt.ca = "own";
	APPROVED(id);
	SAYS("orders that follow for example.org: 1 (1 in 7 days)\n");
	SAYS(", " WEB1 "/" NAME ", as " NAME "\n");
	SAYS("enrolled " NAME " in ");
	SAYS("_acme-challenge.example.org. CNAME ");
	state_is(id, "approved", NAME);
	assert_true(has_csr(NAME, FILE));
	assert_true(kit_row(NAME)->enabled);
	assert_string_equal(kit_row(NAME)->ca_name, "own");
	assert_true(kit_granted("h1", NAME, WEB1));
	/* Once more it is told, and nothing happens. */
	APPROVED(id);
	SAYS(" is approved already, as " NAME ", nothing changed\n");
	state_is(id, "approved", NAME);
}

/* Who says that he is web1 by another account gets nothing of web1's. */
static void of_a_shared_account(void **state)
{
	int64_t id;

	kit_host(WEB1, "h1");
	kit_grant("shared", "*", "*");
	id = kit_ask("shared", WEB1, NAME, FILE);
	APPROVED(id);
	assert_false(kit_granted("h1", NAME, WEB1));
	assert_false(kit_granted("shared", NAME, WEB1));
}

static void a_grant(void **state)
{
	int64_t id;

	kit_enrol(NAME, FILE);
	kit_host(WEB2, "h2");
	id = kit_ask("h2", WEB2, NAME, FILE);
	APPROVED(id);
	SAYS("it has this key and these names\n");
	SAYS_NOT("orders that follow");
	state_is(id, "approved", NAME);
	assert_true(kit_granted("h2", NAME, WEB2));
	/* Of a name of its own in installer.conf: that of the row is told. */
	id = kit_ask("h2", WEB2, NAME "+two", FILE);
	APPROVED(id);
	SAYS("then         installer.conf of " WEB2 " has to say");
	state_is(id, "approved", NAME);
	assert_null(kit_row(NAME "+two"));
}

static void beside(void **state)
{
	int64_t id;

	kit_enrol(NAME, FILE);
	kit_host(WEB2, "h2");
	id = kit_ask("h2", WEB2, NAME, "key");
	APPROVED(id);
	state_is(id, "approved", NAME "+web2");
	assert_true(has_csr(NAME, FILE));
	assert_true(has_csr(NAME "+web2", "key"));
	assert_true(kit_granted("h2", NAME "+web2", WEB2));
	SAYS("installer.conf of " WEB2 " has to say\n");
	SAYS(" " NAME "+web2 where it says " NAME "\n");
	/* Rebuilt: by the name that it was told, or the one before. */
	kit_req("third", KIT_EC " -subj /CN=" NAME);
	id = kit_ask("h2", WEB2, NAME, "third");
	APPROVED(id);
	state_is(id, "approved", NAME "+web2");
	assert_true(has_csr(NAME "+web2", "third"));
	assert_true(has_csr(NAME, FILE));
}

static void another_key(void **state)
{
	struct store_cert *row;
	int64_t id;

	kit_enrol(NAME, FILE);
	kit_host(WEB1, "h1");
	kit_grant("h1", NAME, WEB1);
	id = kit_ask("h1", WEB1, NAME, "key");
	APPROVED(id);
	SAYS("replaced the CSR of " NAME);
	state_is(id, "approved", NAME);
	assert_true(has_csr(NAME, "key"));
	row = kit_row(NAME);
	assert_true(row->renew && row->ts_due == 0);
}

static void shared_with_others(void **state)
{
	int64_t id;

	kit_enrol(NAME, FILE);
	kit_served(WEB1, NAME);
	kit_served(WEB2, NAME);
	id = kit_ask("", WEB1, NAME, "key");
	assert_int_equal(approve(id), 0);
	assert_int_equal(p.status, 1);
	state_is(id, "pending", "");
	assert_true(has_csr(NAME, FILE));
	p.opt.beside = true;
	APPROVED(id);
	state_is(id, "approved", NAME "+web1");
	p.opt.beside = false;
	p.opt.replace = true;
	kit_req("third", KIT_EC " -subj /CN=" NAME);
	id = kit_ask("", WEB2, NAME, "third");
	APPROVED(id);
	state_is(id, "approved", NAME);
	assert_true(has_csr(NAME, "third"));
	SAYS("gone         example.org");
}

static void refused_as_by_add(void **state)
{
	int64_t id;

	kit_sh("openssl req -new -key key.key -sha1 -subj /CN=" NAME
	       " -out weak");
	id = kit_ask("", WEB1, NAME, "weak");
	assert_int_equal(approve(id), 0);
	assert_int_equal(p.status, 1);
	state_is(id, "pending", "");
	assert_null(kit_row(NAME));
	/* One that is signed by another key than its own. */
	kit_sh("openssl req -in key -outform DER | python3 -c 'import sys; "
	       "d = bytearray(sys.stdin.buffer.read()); d[-3] ^= 1; "
	       "sys.stdout.buffer.write(d)' | openssl req -inform DER >forged");
	id = kit_ask("", WEB1, NAME, "forged");
	assert_int_equal(approve(id), 0);
	assert_int_equal(p.status, 1);
	state_is(id, "pending", "");
	assert_null(kit_row(NAME));
	/* An option that is of no use. */
	kit_enrol(NAME, FILE);
	kit_served(WEB1, NAME);
	p.opt.ca = "own";
	id = kit_ask("", WEB1, NAME, "key");
	assert_int_equal(approve(id), 0);
	assert_int_equal(p.status, 1);
	assert_true(has_csr(NAME, FILE));
}

static void by_host_and_name(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	/* It may be another one than was read. */
	assert_int_equal(approve_ref(WEB1 "/" NAME, NULL), 0);
	assert_int_equal(p.status, 1);
	state_is(id, "pending", "");
	p.opt.yes = true;
	assert_int_equal(approve_ref(WEB1 "/" NAME, WEB1 "/x.example.org"), 0);
	assert_int_equal(p.status, 2);
	state_is(id, "approved", NAME);
	(void) kit_ask("", WEB2, NAME, "key");
	(void) kit_ask("", WEB2, NAME, FILE);
	assert_int_equal(approve_ref(WEB2 "/" NAME, NULL), 0);
	assert_int_equal(p.status, 1);
	assert_int_equal(approve_ref("everything", "999999"), 0);
	assert_int_equal(p.status, 1);
	assert_int_equal(RUN(approve_run(&p, NULL, 0, &err)), -1);
	assert_int_equal(err.kind, ERR_USAGE);
}

/* The second one of two that want the same is judged when the first is in. */
static void two_at_once(void **state)
{
	int64_t a = kit_ask("", WEB1, NAME, FILE);
	int64_t b = kit_ask("", WEB2, NAME, "key");

	assert_int_equal(approve_ref(ref(a), ref(b)), 0);
	assert_int_equal(p.status, 0);
	SAYS("orders that follow for example.org: 2 (2 in 7 days)\n");
	state_is(a, "approved", NAME);
	state_is(b, "approved", NAME "+web2");
}

/* Forty rows of example.org that wait for their first order. */
static void fill(int n)
{
	DO(store_exec_try(
		p.store,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
		"n WHERE i < ?) INSERT INTO certs (name, enable, csr, "
		"md5_modulus, ts_expire, ts_last_update, count_fail_update) "
		"SELECT 'n' || i || '.example.org', 'Y', 'x', 'x', 1, 1, 0 "
		"FROM n",
		ARGS(I(n)), NULL, &err));
}

static void too_many_orders(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	fill(40);
	assert_int_equal(approve(id), -1);
	kit_says(&err, "1 order for example.org would follow, 41 with those of "
		       "the last 7 days and those that wait; at more than 40 "
		       "this stops");
	state_is(id, "pending", "");
	/* To look is free. */
	p.opt.dry_run = true;
	APPROVED(id);
	SAYS("orders that follow for example.org: 1 (41 in 7 days, more than "
	     "40: it needs --yes)\n");
	SAYS("would approve");
	p.opt.dry_run = false;
	p.opt.yes = true;
	APPROVED(id);
	SAYS("orders that follow for example.org: 1 (41 in 7 days)\n");
}

static void as_many_as_may_be(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	fill(39);
	APPROVED(id);
}

/* What is approved keeps no text that came with it. */
static void text_around(void **state)
{
	char *junk = arena_alloc(p.arena, 50001);
	int64_t id;

	memset(junk, 'x', 50000);
	junk[49999] = '\n';
	id = kit_ask_text("", WEB1, NAME,
			  arena_printf(p.arena, "%s%s", junk, kit_pem(FILE)),
			  false);
	APPROVED(id);
	state_is(id, "approved", NAME);
	assert_string_equal(kit_request(id).csr.p, kit_pem(FILE));
	/* A few words stay: the host sends the very same once more. */
	id = kit_ask_text("", WEB2, NAME,
			  arena_printf(p.arena, "of me\n%s", kit_pem(FILE)),
			  false);
	APPROVED(id);
	assert_int_equal(kit_request(id).csr.len, strlen(kit_pem(FILE)) + 6);
}

/* --- by rule --- */

static void rules(void)
{
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	p.opt.by_rule = true;
	err_clear(&err);
	if (RUN(approve_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	p.opt.by_rule = false;
}

static void by_rule(void **state)
{
	int64_t mine, forged, other;

	kit_host(WEB1, "h1");
	kit_host(WEB2, "h2");
	kit_grant("shared", "*", "*");
	mine = kit_ask("h1", WEB1, NAME, FILE);
	forged = kit_ask("shared", WEB2, NAME, "key");
	other = kit_ask("h2", "mail.example.org", NAME, "key");
	rules();
	assert_string_equal(SAID, "");
	state_is(mine, "approved", NAME);
	assert_true(kit_granted("h1", NAME, WEB1));
	assert_true(kit_row(NAME)->enabled);
	state_is(forged, "pending", "");
	state_is(other, "pending", "");
	/* What is not its own is a row beside, and no more. */
	kit_served(WEB2, NAME);
	mine = kit_ask("h2", WEB2, NAME, "key");
	rules();
	state_is(mine, "pending", ""); /* by what is reported */
	assert_true(has_csr(NAME, FILE));
}

static void names_outside(void **state)
{
	int64_t a, b, c;

	kit_host(WEB1, "h1");
	kit_req("net", KIT_EC " -subj /CN=" NAME
			      " -addext subjectAltName=DNS:www.example.net");
	kit_req("wild", KIT_EC " -subj /CN=example.org -addext "
			       "'subjectAltName=DNS:*.example.org'");
	kit_req("bank", KIT_EC " -subj /CN=bank.example.net");
	kit_enrol("bank.example.net", "bank");
	a = kit_ask("h1", WEB1, NAME, "net");
	b = kit_ask("h1", WEB1, "example.org", "wild");
	/* A grant of a name that is not the rule's. */
	c = kit_ask("h1", WEB1, "bank.example.net", "bank");
	rules();
	state_is(a, "pending", "");
	state_is(b, "pending", "");
	state_is(c, "pending", "");
}

static void keys_by_rule(void **state)
{
	int64_t id;

	kit_host(WEB1, "h1");
	kit_enrol(NAME, FILE);
	kit_grant("h1", NAME, WEB1);
	id = kit_ask("h1", WEB1, NAME, "key");
	kit_served(WEB2, NAME);
	rules();
	state_is(id, "pending", "");
	DO(store_exec_try(p.store, "DELETE FROM installs", NO_ARGS, NULL,
			  &err));
	rules();
	state_is(id, "approved", NAME);
	assert_true(has_csr(NAME, "key"));
	/* A week later again. */
	kit_req("third", KIT_EC " -subj /CN=" NAME);
	id = kit_ask("h1", WEB1, NAME, "third");
	p.now = NOW + 6 * 86400;
	rules();
	state_is(id, "pending", "");
	p.now = NOW + 8 * 86400;
	rules();
	assert_true(has_csr(NAME, "third"));
}

/* A row has as many names as a host likes to call it, and changes as often as
 * if it had one. */
static void aliases_by_rule(void **state)
{
	int64_t id[3];

	kit_host(WEB1, "h1");
	kit_enrol(NAME, FILE);
	kit_grant("h1", NAME, WEB1);
	for (int i = 0; i < 3; i++)
		id[i] = kit_ask("h1", WEB1,
				arena_printf(p.arena, NAME "+al%d", i), FILE);
	rules();
	for (int i = 0; i < 3; i++)
		state_is(id[i], "approved", NAME);
	p.now = NOW + 8 * 86400;
	for (int i = 0; i < 3; i++) {
		kit_req("next",
			KIT_EC " -subj /CN=" NAME
			       " -addext subjectAltName=DNS:example.org");
		id[i] = kit_ask("h1", WEB1,
				arena_printf(p.arena, NAME "+al%d", i), "next");
	}
	/* What is shown is what comes. */
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	kit_sh("grep -c 'approves it' said >n; grep -qx 1 n");
	rules();
	assert_string_equal(kit_request(id[0]).state, "approved");
	state_is(id[1], "pending", "");
	state_is(id[2], "pending", "");
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	SAYS("  no rule      a request for this row was approved less than 7 "
	     "days ago\n");
}

/* Of its own name, under one label after another: a CA issues few for one set
 * of names. */
static void one_set_by_rule(void **state)
{
	int64_t id[4];

	kit_host(WEB1, "h1");
	kit_host(WEB2, "h2");
	for (int i = 0; i < 4; i++) {
		kit_req("x", KIT_EC " -subj /CN=" NAME " -addext "
				    "subjectAltName=DNS:example.org");
		id[i] = kit_ask("h1", WEB1,
				arena_printf(p.arena, "%s+x%d",
					     i % 2 ? "example.org" : NAME, i),
				"x");
	}
	for (int i = 0; i < 2; i++) {
		rules();
		state_is(id[0], "approved", NAME "+x0");
		state_is(id[1], "approved", "example.org+x1");
		state_is(id[2], "pending", "");
		state_is(id[3], "pending", "");
	}
	/* Nor another host; a key that changes makes no row more. */
	id[3] = kit_ask("h2", WEB2, NAME, "key");
	p.now = NOW + 8 * 86400;
	kit_req("x", KIT_EC " -subj /CN=" NAME
			    " -addext subjectAltName=DNS:example.org");
	id[1] = kit_ask("h1", WEB1, "example.org+x1", "x");
	rules();
	state_is(id[3], "pending", "");
	assert_string_equal(kit_request(id[1]).state, "approved");
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	SAYS("  no rule      2 rows have exactly these names already, and "
	     "rules make");
	p.now = NOW;
	APPROVED(id[2]);
}

/* Why, for who watches. */
static void says_why_not(void **state)
{
	int was = dup(STDERR_FILENO);
	int fd = open(scratch("complained"), O_CREAT | O_WRONLY, 0600);
	int64_t id;

	kit_host(WEB1, "h1");
	kit_req("net", KIT_EC " -subj /CN=" NAME
			      " -addext subjectAltName=DNS:www.example.net");
	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	id = kit_ask("h1", WEB1, NAME, "net");
	(void) kit_ask_text("h1", WEB1, NAME, "garbage", false);
	log_open("t", 1);
	rules();
	log_open("t", 0);
	fflush(stderr);
	assert_int_not_equal(dup2(was, STDERR_FILENO), -1);
	close(was);
	close(fd);
	kit_sh("grep -q 'request %lld waits: no rule takes this host with all "
	       "of these names' complained",
	       (long long) id);
	kit_sh("grep -q 'waits: its CSR: ' complained");
}

static void few_by_rule(void **state)
{
	int64_t a, b;

	kit_host(WEB1, "h1");
	fill(39);
	a = kit_ask("h1", WEB1, NAME, FILE);
	kit_req("second", KIT_EC " -subj /CN=second.example.org");
	b = kit_ask("h1", WEB1, "second.example.org", "second");
	rules();
	state_is(a, "approved", NAME);
	state_is(b, "pending", "");
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	SAYS("  no rule      example.org has its 40 orders of 7 days "
	     "already\n");
}

static void one_host_by_rule(void **state)
{
	int64_t id[11];

	kit_host(WEB1, "h1");
	for (int i = 0; i < 11; i++) {
		const char *name =
			arena_printf(p.arena, "n%d.example.org+x%d", i, i);

		kit_sh("openssl req -new -key key.key -subj "
		       "/CN=n%d.example.org "
		       "-out x",
		       i);
		id[i] = kit_ask("h1", WEB1, name, "x");
	}
	p.opt.dry_run = true;
	rules();
	SAYS_NOT("/n10.example.org");
	p.opt.dry_run = false;
	for (int i = 0; i < 2; i++) {
		rules();
		state_is(id[9], "approved", "n9.example.org+x9");
		state_is(id[10], "pending", "");
	}
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	SAYS("  no rule      this host had 10 orders for example.org in 7 "
	     "days, "
	     "and rules");
	APPROVED(id[10]);
}

static void take(const char *name)
{
	DO(fleet_host_revoke(p.store, WEB1, name, &err));
}

/* Sent again before and after it, by another CSR of its key, in its own name,
 * under a label, as one of several names: what was taken is a person's to
 * give. */
static void taken_is_no_rules(void **state)
{
	int64_t id, other;

	kit_host(WEB1, "h1");
	id = kit_ask("h1", WEB1, NAME, FILE);
	rules();
	state_is(id, "approved", NAME);
	/* As the host's next CSR does it. */
	DO(store_exec_try(p.store,
			  "UPDATE host_requests SET state = 'pending', "
			  "ts_decided = 0",
			  NO_ARGS, NULL, &err));
	take(NAME);
	assert_string_equal(kit_request(id).state, "rejected");
	id = kit_ask("h1", WEB1, NAME, FILE);
	rules();
	state_is(id, "pending", "");
	id = kit_ask("h1", WEB1, NAME "+x", "key");
	kit_req("among", KIT_EC " -subj /CN=other.example.org "
				"-addext subjectAltName=DNS:other.example.org,"
				"DNS:" NAME);
	other = kit_ask("h1", WEB1, "other.example.org", "among");
	rules();
	state_is(id, "pending", "");
	state_is(other, "pending", "");
	if (RUN(pending_run(&p, NULL, 0, &err)) == -1)
		fail_msg("%s", err.msg);
	SAYS("  no rule      a row of these names was taken from this host");
	/* Its row is no more. */
	DO(store_remove(p.store, NAME, &err));
	rules();
	state_is(id, "pending", "");
	APPROVED(id);
	rules();
	state_is(other, "approved", "other.example.org");
}

/* What waits by the name, while the row has a label; and what was given by
 * hand. */
static void taken_by_its_label(void **state)
{
	int64_t id;

	kit_host(WEB1, "h1");
	kit_enrol(NAME, FILE);
	id = kit_ask("h1", WEB1, NAME, "key");
	rules();
	state_is(id, "approved", NAME "+web1");
	kit_req("third", KIT_EC " -subj /CN=" NAME);
	id = kit_ask("h1", WEB1, NAME, "third");
	take(NAME "+web1");
	rules();
	state_is(id, "pending", "");
	assert_false(kit_granted("h1", NAME "+web1", WEB1));
	DO(fleet_host_grant(p.store, WEB1, NAME, &err));
	take(NAME);
	DO(store_exec_try(p.store, "DELETE FROM host_requests WHERE csr <> ''",
			  NO_ARGS, NULL, &err));
	id = kit_ask("h1", WEB1, NAME, FILE);
	rules();
	state_is(id, "pending", "");
}

static void idle(void **state)
{
	assert_false(approve_idle(&p));
	p.opt.by_rule = true;
	p.conf.store = &kit_store;
	assert_true(approve_idle(&p));
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	/* SQLite knows no accounts. */
	assert_true(approve_idle(&p));
	kit_store.driver = "mariadb";
	assert_false(approve_idle(&p));
	p.opt.replace = true;
	assert_int_equal(RUN(approve_run(&p, NULL, 0, &err)), -1);
	assert_int_equal(err.kind, ERR_USAGE);
}

/* --- rejected --- */

static int reject(int64_t id, const char *reason)
{
	char *refs[] = { (char *) ref(id), NULL };

	p.status = 0;
	p.opt.reason = reason;
	err_clear(&err);
	return RUN(reject_run(&p, refs, 1, &err));
}

static void rejected(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	assert_int_equal(reject(id, NULL), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(reject(id, "not your name"), 0);
	assert_int_equal(p.status, 0);
	SAYS("/" NAME ": not your name\n");
	state_is(id, "rejected", "");
	assert_string_equal(kit_request(id).reason, "not your name");
	/* The first reason stays. */
	assert_int_equal(reject(id, "another"), 0);
	assert_int_equal(p.status, 0);
	SAYS("was rejected before:");
	assert_string_equal(kit_request(id).reason, "not your name");
	assert_int_equal(approve(id), 0);
	assert_int_equal(p.status, 1);
	assert_null(kit_row(NAME));
	/* Whatever it is. */
	id = kit_ask_text("", WEB1, "\x1b[2J", "garbage", false);
	assert_int_equal(reject(id, "garbage"), 0);
	state_is(id, "rejected", "");
	SAYS_NOT("\x1b");
	/* Not what was approved. */
	id = kit_ask("", WEB1, NAME, FILE);
	APPROVED(id);
	assert_int_equal(reject(id, "no"), 0);
	assert_int_equal(p.status, 1);
	state_is(id, "approved", NAME);
}

/* Somebody approves it while it is rejected. */
static void rejected_too_late(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	DO(store_exec_try(
		p.store,
		"CREATE TRIGGER other BEFORE UPDATE OF state ON "
		"host_requests WHEN new.state = 'rejected' BEGIN "
		"UPDATE host_requests SET state = 'approved', as_name "
		"= name WHERE id = new.id; SELECT RAISE(IGNORE); END",
		NO_ARGS, NULL, &err));
	assert_int_equal(reject(id, "no"), 0);
	assert_int_equal(p.status, 1);
	SAYS_NOT("rejected");
	assert_string_equal(kit_request(id).state, "approved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T_(f) cmocka_unit_test_setup_teardown(f, kit_ask_setup, kit_teardown)
		T_(a_new_one),
		T_(of_a_shared_account),
		T_(a_grant),
		T_(beside),
		T_(another_key),
		T_(shared_with_others),
		T_(refused_as_by_add),
		T_(by_host_and_name),
		T_(two_at_once),
		T_(too_many_orders),
		T_(as_many_as_may_be),
		T_(text_around),
		T_(by_rule),
		T_(names_outside),
		T_(keys_by_rule),
		T_(aliases_by_rule),
		T_(one_set_by_rule),
		T_(says_why_not),
		T_(few_by_rule),
		T_(one_host_by_rule),
		T_(taken_is_no_rules),
		T_(taken_by_its_label),
		T_(idle),
		T_(rejected),
		T_(rejected_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
