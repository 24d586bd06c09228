/* SPDX-License-Identifier: MIT */
/* A request looked at whole: what it finds in the store. */
#include "ask_kit.h"

#define FILE NAME ".csr"

static struct ask k;

static int look(int64_t id)
{
	struct fleet_request r = kit_request(id);

	err_clear(&err);
	return ask_look(&p, &r, p.arena, &k, &err);
}

/* It would become KIND as AS, and can. */
static void becomes(int64_t id, const char *word, const char *as)
{
	if (look(id) == -1 || k.fault.kind != ERR_NONE)
		fail_msg("%s%s", err.msg, k.fault.msg);
	assert_string_equal(ask_word(&k), word);
	assert_string_equal(k.v.as, as);
	ask_free(&k);
}

static void kinds(void **state)
{
	becomes(kit_ask("", WEB1, NAME, FILE), "new", NAME);
	kit_enrol(NAME, FILE);
	becomes(kit_ask("", WEB1, NAME, FILE), "grant", NAME);
	becomes(kit_ask("", WEB1, NAME, "more"), "beside", NAME "+web1");
	becomes(kit_ask("", WEB1, NAME, "key"), "beside", NAME "+web1");
	kit_served(WEB1, NAME);
	becomes(kit_ask("", WEB1, NAME, FILE), "same", NAME);
	becomes(kit_ask("", WEB1, NAME, "more"), "names", NAME);
	becomes(kit_ask("", WEB1, NAME, "key"), "key", NAME);
	/* What a script of 2019 left is read from the CSR itself. */
	DO(store_exec_try(p.store, "UPDATE certs SET key_sha256 = NULL",
			  NO_ARGS, NULL, &err));
	becomes(kit_ask("", WEB1, NAME, FILE), "same", NAME);
	/* One that says it has that key, and has not. */
	kit_enrol(NAME "+x", "key");
	DO(store_exec_try(p.store,
			  "UPDATE certs SET key_sha256 = ? WHERE name LIKE "
			  "'%+x'",
			  ARGS(T(kit_out("openssl req -in more -noout -pubkey "
					 "| openssl pkey -pubin -outform DER "
					 "| sha256sum"))),
			  NULL, &err));
	becomes(kit_ask("", WEB2, NAME, FILE), "grant", NAME);
	/* A CSR that cannot be read is in nobody's way. */
	DO(store_exec_try(p.store,
			  "UPDATE certs SET csr = 'x' WHERE name = '" NAME "'",
			  NO_ARGS, NULL, &err));
	becomes(kit_ask("", WEB1, NAME, "more"), "key", NAME);
}

/* What became of an earlier request is the host's row, as long as it is there.
 */
static void earlier(void **state)
{
	int64_t id;

	kit_enrol(NAME, FILE);
	kit_enrol(NAME "+web1", "key");
	kit_req("third", KIT_EC " -subj /CN=" NAME);
	id = kit_ask("", WEB1, NAME, "key");
	DO(store_exec_try(p.store,
			  "UPDATE host_requests SET state = 'approved', "
			  "as_name = '" NAME "+web1'",
			  NO_ARGS, NULL, &err));
	becomes(id, "same", NAME "+web1");
	becomes(kit_ask("", WEB1, NAME, "third"), "key", NAME "+web1");
	becomes(kit_ask("", WEB2, NAME, "third"), "beside", NAME "+web2");
	assert_int_equal(store_remove(p.store, NAME "+web1", &err), 1);
	becomes(kit_ask("", WEB1, NAME, "third"), "beside", NAME "+web1");
}

static void orders(void **state)
{
	assert_int_equal(look(kit_ask("", WEB1, NAME, FILE)), 0);
	assert_true(ask_orders(&k));
	ask_free(&k);
	kit_enrol(NAME, FILE);
	assert_int_equal(look(kit_ask("", WEB1, NAME, FILE)), 0);
	assert_false(ask_orders(&k));
	ask_free(&k);
	kit_served(WEB1, NAME);
	assert_int_equal(look(kit_ask("", WEB1, NAME, "key")), 0);
	assert_true(ask_orders(&k));
	ask_free(&k);
	DO(store_exec_try(p.store, "UPDATE certs SET enable = 'N'", NO_ARGS,
			  NULL, &err));
	assert_int_equal(look(kit_ask("", WEB1, NAME, "key")), 0);
	assert_false(ask_orders(&k));
	ask_free(&k);
}

/* The rows that a rule makes are as it says; a person's word counts more. */
static void wishes(void **state)
{
	int64_t id;

	kit_rule.ca = "own";
	p.conf.rules = (struct conf_groups){ kit_rules, 1 };
	kit_host(WEB1, "h1");
	id = kit_ask("h1", WEB1, NAME, FILE);
	assert_int_equal(look(id), 0);
	assert_true(k.v.by_rule);
	assert_string_equal(k.add.e.row.ca_name, "own");
	ask_free(&k);
	p.opt.ca = "letsencrypt";
	assert_int_equal(look(id), 0);
	assert_string_equal(k.add.e.row.ca_name, "letsencrypt");
	ask_free(&k);
	p.opt.ca = NULL;
	/* No rule of its takes it. */
	id = kit_ask("", WEB1, NAME, FILE);
	assert_int_equal(look(id), 0);
	assert_null(k.add.e.row.ca_name);
	ask_free(&k);
	kit_rule.ca = NULL;
}

/* What the store does not say is not what the request is. */
static void store_fails(void **state)
{
	int64_t id = kit_ask("", WEB1, NAME, FILE);

	DO(store_exec_try(p.store, "DROP TABLE host_names", NO_ARGS, NULL,
			  &err));
	assert_int_equal(look(id), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T_(f) cmocka_unit_test_setup_teardown(f, kit_ask_setup, kit_teardown)
		T_(kinds), T_(earlier), T_(orders), T_(wishes), T_(store_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
