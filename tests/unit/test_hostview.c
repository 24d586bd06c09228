/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include "scratch.h"
#include "hostview.h"
#include "lastrun.h"

#define NOON 1795694400 /* 2026-11-26T12:00:00Z */

static struct arena *arena;
static struct installer_conf conf;
static struct svcs svcs;
static struct host run_;

/* Two services of one certificate each, the first with an endpoint. */
static int setup(void **state)
{
	static const struct installer_cert certs[] = {
		{ .name = "www.example.org" }, { .name = "mail.example.org" }
	};
	static const struct installer_endpoint endpoint = {
		.address = "127.0.0.1:443", .protocol = "tls"
	};
	static struct svc_cert c[2] = { { .conf = &certs[0] },
					{ .conf = &certs[1] } };
	static struct svc_endpoint e = { .conf = &endpoint, .look = "" };
	static struct svc s[2] = {
		{ .name = "web",
		  .certs = &c[0],
		  .n_certs = 1,
		  .endpoints = &e,
		  .n_endpoints = 1 },
		{ .name = "mail", .certs = &c[1], .n_certs = 1 },
	};

	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	conf.state_dir = arena_strdup(arena, scratch_dir);
	conf.host = "host1";
	svcs = (struct svcs){ s, 2 };
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return scratch_teardown(state);
}

static void begin(void)
{
	receipt_free(&run_.receipts);
	run_ = (struct host){ .conf = &conf,
			      .svcs = &svcs,
			      .arena = arena,
			      .receipts = { .arena = arena },
			      .now = NOON };
}

static void receipt(const char *service, const char *name, const char *endpoint,
		    const char *state, const char *detail)
{
	receipt_add(&run_.receipts,
		    &(struct store_receipt){
			    .host = "host1",
			    .service = service,
			    .name = name,
			    .endpoint = endpoint,
			    .protocol = *endpoint != '\0' ? "tls" : NULL,
			    .state = state,
			    .ts = NOON,
			    .ts_expire = *endpoint != '\0' ? NOON + 86400 : 0,
			    .detail = detail });
}

/* What is configured: web and its endpoint, and mail unless GONE. */
static void update(bool gone)
{
	struct receipts current = { .arena = arena };
	struct err err = ERR_INIT;
	struct store_receipt all[] = {
		{ .service = "web", .name = "www.example.org", .endpoint = "" },
		{ .service = "web",
		  .name = "www.example.org",
		  .endpoint = "127.0.0.1:443" },
		{ .service = "mail",
		  .name = "mail.example.org",
		  .endpoint = "" },
	};

	for (size_t i = 0; i < (gone ? 2 : 3); i++) {
		all[i].host = "host1";
		all[i].state = "";
		receipt_add(&current, &all[i]);
	}
	assert_int_equal(hostview_update(&run_, &current, &err), 0);
	receipt_free(&current);
}

static const char *print(bool json, int well)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	assert_int_equal(hostview_print(&run_, json, NULL, &out, &err), well);
	return arena_strdup(arena, sbuf_str(&out));
}

static void for_people(void **state)
{
	begin();
	assert_string_equal(print(false, 0),
			    "nothing is known of this host yet\n");
	assert_string_equal(print(true, 0), "[]\n");
	update(false); /* without receipts, nothing is written */
	assert_int_equal(access(scratch("status"), F_OK), -1);

	receipt("web", "www.example.org", "", "served", NULL);
	receipt("web", "www.example.org", "127.0.0.1:443", "served", NULL);
	receipt("mail", "mail.example.org", "", "installed", NULL);
	receipt("", "", "", "alive", NULL);
	receipt("old", "gone.example.org", "", "failed", "so");
	update(false);
	assert_string_equal(
		print(false, 1),
		"web: www.example.org\n"
		"  served       2026-11-26T12:00:00Z  the files\n"
		"  served       2026-11-26T12:00:00Z  127.0.0.1:443 (tls)\n"
		"               until 2026-11-27T12:00:00Z\n"
		"mail: mail.example.org\n"
		"  installed    2026-11-26T12:00:00Z  the files\n");
	begin();
	receipt("mail", "mail.example.org", "", "held", "it failed before");
	update(false);
	strlist_add(&run_.only, "mail");
	assert_string_equal(print(false, 0),
			    "mail: mail.example.org\n"
			    "  held         2026-11-26T12:00:00Z  the files\n"
			    "               it failed before\n");
	strlist_free(&run_.only);
	/* What went from the configuration goes from here. */
	begin();
	receipt("web", "www.example.org", "", "served", NULL);
	update(true);
	assert_non_null(strstr(print(false, 1),
			       "mail: mail.example.org\n  nothing is known"));
}

static void for_programs(void **state)
{
	const char *const bad[] = { "failed", "rolled-back", "refused", "held",
				    "waiting" };
	json_t *root, *one;

	begin();
	receipt("web", "www.example.org", "127.0.0.1:443", "served", "\"so\"");
	update(false);
	root = json_loads(print(true, 1), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_array_size(root), 2);
	one = json_array_get(root, 1);
	assert_int_equal(json_object_size(one), 12);
	assert_string_equal(json_string_value(json_object_get(one, "endpoint")),
			    "127.0.0.1:443");
	assert_string_equal(json_string_value(json_object_get(one, "detail")),
			    "\"so\"");
	assert_true(json_integer_value(json_object_get(one, "ts")) == NOON);
	assert_true(json_is_null(json_object_get(one, "fingerprint")));
	assert_true(json_integer_value(json_object_get(one, "ts_expire")) ==
		    NOON + 86400);
	/* No certificate was seen there, which is not 1970. */
	one = json_array_get(root, 0);
	assert_string_equal(json_string_value(json_object_get(one, "endpoint")),
			    "");
	assert_true(json_is_null(json_object_get(one, "ts_expire")));
	json_decref(root);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		begin();
		receipt("web", "www.example.org", "", bad[i], NULL);
		update(false);
		(void) print(true, 0);
		(void) print(false, 0);
	}
}

/* It is one host, whatever it was called when a receipt was written. */
static void renamed(void **state)
{
	json_t *root;

	begin();
	receipt("web", "www.example.org", "", "failed", "before");
	update(false);
	begin();
	conf.host = "host2";
	receipt("web", "www.example.org", "", "served", NULL);
	run_.receipts.v[0].host = conf.host;
	update(false);
	assert_null(strstr(print(false, 1), "failed"));
	root = json_loads(print(true, 1), JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_array_size(root), 2); /* and the endpoint */
	json_decref(root);
	conf.host = "host1";
}

/* Receipts that wait for the store are in every run. */
static void written_when_changed(void **state)
{
	struct stat before, after;

	begin();
	receipt("web", "www.example.org", "", "held", "so");
	update(false);
	assert_int_equal(stat(scratch("status"), &before), 0);
	update(false);
	assert_int_equal(stat(scratch("status"), &after), 0);
	assert_true(before.st_ino == after.st_ino &&
		    before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	receipt("web", "www.example.org", "", "served", "so");
	update(false);
	assert_non_null(strstr(print(false, 1), "served"));
}

/* What a service or a command said may have come from anywhere. */
static void to_a_terminal(void **state)
{
	const char *text;

	begin();
	receipt("web", "www.example.org", "", "failed",
		"a\033[2J\r\x9b"
		"b");
	update(false);
	text = print(false, 0);
	assert_non_null(strstr(text, "               a?[2J??b\n"));
	assert_null(strchr(text, '\033'));
}

/* A file full of what is gone has room for what is new. */
static void full(void **state)
{
	struct err err = ERR_INIT;
	char name[20];

	begin();
	for (int i = 0; i < RECEIPT_WAIT_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		receipt("old", name, "", "failed", NULL);
	}
	assert_int_equal(receipt_save(conf.state_dir, RECEIPTS_STATUS,
				      &run_.receipts, &err),
			 0);
	begin();
	receipt("web", "www.example.org", "", "served", NULL);
	update(false);
	assert_non_null(strstr(print(false, 1), "served"));
}

/* What a later run found to be so no more. */
static void over(void **state)
{
	const struct store_receipt web = { .host = "host1",
					   .service = "web",
					   .name = "www.example.org",
					   .endpoint = "",
					   .state = "" };
	struct receipts current = { .arena = arena };
	bool looked[2] = { true, true };
	struct err err = ERR_INIT;

	(void) unlink(scratch("status"));
	begin();
	receipt("web", "www.example.org", "", "refused", "so");
	update(false);
	assert_non_null(strstr(print(false, 0), "refused"));
	begin();
	run_.over.arena = arena;
	receipt_add(&run_.over, &web);
	assert_int_equal(hostview_update(&run_, &current, &err), 0);
	receipt_free(&run_.over);
	assert_string_equal(print(false, 0),
			    "nothing is known of this host yet\n");
	/* A run that had nothing to say, and ended well. */
	run_.looked = looked;
	assert_int_equal(lastrun_save(&run_, 0, NULL, &err), 0);
	assert_string_equal(print(false, 1), "web: www.example.org\n"
					     "  nothing is known of it yet\n"
					     "mail: mail.example.org\n"
					     "  nothing is known of it yet\n");
	assert_string_equal(print(true, 1), "[]\n");
	/* What was lost is no such. */
	scratch_write(scratch("status"), "garbage\n", 0600);
	assert_string_equal(print(false, 0),
			    "nothing is known of this host yet\n");
	assert_string_equal(print(true, 0), "[]\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_people),
		cmocka_unit_test(for_programs),
		cmocka_unit_test(renamed),
		cmocka_unit_test(written_when_changed),
		cmocka_unit_test(to_a_terminal),
		cmocka_unit_test(full),
		cmocka_unit_test(over),
	};
	int rc = cmocka_run_group_tests(tests, setup, teardown);

	receipt_free(&run_.receipts);
	return rc;
}
