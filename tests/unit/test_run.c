/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "hostview.h"
#include "journal.h"
#include "run.h"
#include "store_schema.h"
#include "strlist.h"

/* The steps of a run, with an empty store in a file, or one that is away. */

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define SERVICE(name, more)                                                \
	"{ name = \"" name "\"; profile = \"x\"; certificates = ( { name " \
	"= \"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d/" name "\"; } " \
	"); " more " }"

static void begin(const char *more, const char *services)
{
	kit_sh("rm -rf d state; mkdir d d/web d/mail d/ftp state state/journal "
	       "state/service state/backup state/folders; chmod 700 state");
	host_kit_load(FULL, more, services);
}

static void with_store(void)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;
	int from, to;

	unlink(scratch("db"));
	conf.store->path = arena_strdup(arena, scratch("db"));
	if (store_open(conf.store, STORE_ADMIN, &store, &err) == -1 ||
	    store_schema_upgrade(store, host.now, &from, &to, &err) == -1)
		fail_msg("%s", err.msg);
	store_free(&store);
}

static void update(void)
{
	struct err err = ERR_INIT;

	if (run_update(&host, &err) == -1)
		fail_msg("%s", err.msg);
}

static bool there(const char *name)
{
	return access(scratch(name), F_OK) == 0;
}

static const char *state_of(const struct receipts *all, const char *service)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].service, service) == 0)
			return all->v[i].state;
	return "";
}

static void waiting(const char *service, struct receipts *to)
{
	receipt_add(to, &(struct store_receipt){ .name = LEAF,
						 .host = "h1",
						 .service = service,
						 .endpoint = "",
						 .state = "held",
						 .ts = host.now });
}

/* What could not be told waits, as far as it is still about something. */
static void store_away(void **state)
{
	struct receipts kept = { .arena = arena };
	struct err err = ERR_INIT;

	begin("", SERVICE("web", ""));
	waiting("web", &host.receipts);
	waiting("gone", &host.receipts);
	assert_int_equal(run_update(&host, &err), -1);
	assert_int_equal(host.good + host.bad, 1); /* its certificate's life */
	assert_int_equal(
		receipt_load(conf.state_dir, RECEIPTS_WAITING, &kept, &err), 0);
	assert_int_equal(kept.n, 1);
	assert_string_equal(state_of(&kept, "web"), "held");
	assert_true(there("state/status"));
	receipt_free(&kept);

	begin("", SERVICE("web", ""));
	host.dry_run = true;
	waiting("web", &host.receipts);
	assert_int_equal(run_update(&host, &err), -1);
	assert_false(there("state/receipts"));
	assert_false(there("state/status"));

	begin("report = false;", SERVICE("web", ""));
	waiting("web", &host.receipts);
	assert_int_equal(run_update(&host, &err), -1);
	assert_false(there("state/receipts"));
	assert_true(there("state/status"));
}

static void of_store(struct store_receipts *ret)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	if (store_open(conf.store, STORE_READ, &store, &err) == -1 ||
	    store_receipts_of(store, LEAF, arena, ret, &err) == -1)
		fail_msg("%s", err.msg);
	store_free(&store);
}

static void of_host(struct store_receipts *ret)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	if (store_open(conf.store, STORE_READ, &store, &err) == -1 ||
	    store_receipts_of(store, "", arena, ret, &err) == -1)
		fail_msg("%s", err.msg);
	store_free(&store);
}

/* The store is told what waited, and forgets what is not configured. */
static void store_told(void **state)
{
	struct receipts kept = { .arena = arena };
	struct store_receipts told = { .n = 0 };
	struct err err = ERR_INIT;

	begin("", SERVICE("web", ""));
	with_store();
	waiting("gone", &host.receipts);
	waiting("web", &kept);
	assert_int_equal(
		receipt_save(conf.state_dir, RECEIPTS_WAITING, &kept, &err), 0);
	update();
	assert_int_equal(host.bad, 1); /* the store does not have it */
	of_store(&told);
	assert_int_equal(told.n, 1);
	assert_string_equal(told.v[0].service, "web");
	assert_string_equal(told.v[0].state, "refused");
	assert_false(there("state/receipts"));
	receipt_free(&kept);

	begin("report = false;", SERVICE("web", ""));
	with_store();
	update();
	of_store(&told);
	assert_int_equal(told.n, 0);
}

/* When is it time to say that all is well. */
static void heartbeats(void **state)
{
	static const struct {
		const char *what, *last; /* "" or seconds ago */
		bool named, dry_run, beat;
	} cases[] = {
		{ "never", "", .beat = true },
		{ "an hour ago", "3600", .beat = true },
		{ "less", "3599" },
		{ "in a future of a wrong clock", "-1", .beat = true },
		{ "who knows", "x", .beat = true },
		{ "of one service nobody asks", "", .named = true },
		{ "only looked", "", .dry_run = true, .beat = true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *last = cases[i].last, *now;
		bool told;

		begin("heartbeat = \"1h\";", SERVICE("web", ""));
		with_store();
		if (*last != '\0')
			scratch_write(
				scratch("state/heartbeat"),
				*last == 'x'
					? last
					: arena_printf(arena, "%lld",
						       (long long) host.now -
							       atoll(last)),
				0600);
		host.dry_run = cases[i].dry_run;
		if (cases[i].named)
			strlist_add(&host.only, "web");
		update();
		strlist_free(&host.only);
		if (host.beat != cases[i].beat)
			fail_msg("%s: %d", cases[i].what, host.beat);
		now = arena_printf(arena, "%lld", (long long) host.now);
		told = strcmp(scratch_read(scratch("state/heartbeat")), now) ==
		       0;
		assert_int_equal(told, cases[i].beat && !cases[i].dry_run);
		/* The store does not have what is configured. */
		assert_string_equal(
			state_of(&host.receipts, ""),
			cases[i].named || cases[i].dry_run ? "" : "failed");
	}
}

/* As the next run begins. */
static void forget_said(void)
{
	receipt_free(&host.receipts);
	receipt_free(&host.known);
	host.receipts.arena = host.known.arena = arena;
}

/* A host that fails says so at once, once, and that it does not any more. */
static void ends_otherwise(void **state)
{
	struct store_receipts told = { .n = 0 };

	begin("", SERVICE("web", ""));
	with_store();
	scratch_write(scratch("state/heartbeat"),
		      arena_printf(arena, "%lld", (long long) host.now), 0600);
	update();
	assert_false(host.beat);
	of_host(&told);
	assert_int_equal(told.n, 1);
	assert_string_equal(told.v[0].state, "failed");
	assert_non_null(strstr(told.v[0].detail,
			       "the last run ended with 1: 1 of 1 "
			       "certificate failed: " LEAF ": "));
	/* Once more the same: nothing is said. */
	forget_said();
	host.good = host.bad = 0;
	update();
	assert_string_equal(state_of(&host.receipts, ""), "");
	/* All is well again. */
	forget_said();
	host.good = 1;
	host.bad = 0;
	hostview_known(&host);
	host_ended(&host);
	assert_string_equal(state_of(&host.receipts, ""), "alive");
}

/* What is not configured is forgotten, once no journal tells of it. */
static void forgets(void **state)
{
	static const struct {
		const char *make;
		bool dry_run, kept;
	} cases[] = {
		{ "true", false, false },
		{ "true", true, true },
		{ "echo x >state/journal/other", false, true },
		{ "rmdir state/journal; touch state/journal", false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin("", SERVICE("web", ""));
		with_store();
		kit_sh("touch -d '91 days ago' state/service/gone "
		       "state/service/web; touch state/service/renamed");
		kit_sh("%s; printf %lld >state/heartbeat", cases[i].make,
		       (long long) host.now - 2 * DAY);
		host.dry_run = cases[i].dry_run;
		update();
		if (there("state/service/gone") != cases[i].kept)
			fail_msg("case %zu", i);
		assert_true(there("state/service/web"));
		assert_true(there("state/service/renamed"));
	}
}

/* Backups of services that are gone go by their age, unless the clock has leapt
 * since the last run: then it, or the one before, was wrong. */
static void clock_leaps(void **state)
{
	static const struct {
		const char *last; /* "" or days ago */
		bool kept;
	} cases[] = {
		{ "1", false },	 { "30", false }, { "31", true },
		{ "100", true }, { "-1", true },  { "", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *last = cases[i].last;

		begin("", SERVICE("web", ""));
		with_store();
		kit_sh("mkdir -p state/backup/gone/20200101T000000Z-00000000");
		if (*last != '\0')
			scratch_write(scratch("state/heartbeat"),
				      arena_printf(arena, "%lld",
						   (long long) host.now -
							   86400 * atoll(last)),
				      0600);
		update();
		if (there("state/backup/gone") != cases[i].kept)
			fail_msg("case %zu", i);
	}
}

/* What is left of a killed run and cannot be read: its service is not
 * touched, and the others are. */
static void left_behind(void **state)
{
	static const struct {
		const char *make;
		int rc;
		size_t bad;
		bool web, mail;
	} cases[] = {
		{ "true", 0, 0, false, false },
		{ "echo x >state/journal/web", 0, 1, true, false },
		{ "echo x >state/journal/web; echo x >state/journal/mail", 0, 2,
		  true, true },
		{ "echo x >state/journal/gone", 0, 1, false, false },
		{ "mkdir state/journal/mail", 0, 1, false, true },
		{ "mkdir state/journal/mine", 0, 1, false, false },
		{ "rmdir state/journal; touch state/journal", -1, 0, false,
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		begin("", SERVICE("web", "") ", " SERVICE("mail", ""));
		kit_sh("%s", cases[i].make);
		if (run_recover(&host, &err) != cases[i].rc)
			fail_msg("case %zu: %s", i, err.msg);
		if (host.bad != cases[i].bad || !host.out[0] == cases[i].web ||
		    !host.out[1] == cases[i].mail)
			fail_msg("case %zu", i);
	}
}

/* The file's name is that of a service that is in it, or was. What can be told
 * of a damaged one's services, too, leaves them alone. */
static void misnamed(void **state)
{
	struct journal j = { .version = JOURNAL_VERSION,
			     .service = "mail",
			     .gen = "20261123T014202Z-00000000",
			     .state = JOURNAL_CLOSE };
	struct err err = ERR_INIT;

	begin("", SERVICE("web", "") ", " SERVICE("mail", ""));
	assert_int_equal(
		journal_write(scratch("state/journal/web"), &j, 1, &err), 0);
	assert_int_equal(run_recover(&host, &err), 0);
	assert_int_equal(host.bad, 0);
	assert_null(host.out[0]);
	assert_null(host.out[1]);
	assert_false(there("state/journal/web"));

	kit_sh("{ echo x; echo 'service\tmail'; } >state/journal/gone");
	assert_int_equal(run_recover(&host, &err), 0);
	assert_int_equal(host.bad, 1);
	assert_null(host.out[0]);
	assert_non_null(strstr(host.out[1], "then run: rm "));
	assert_int_equal(host.receipts.n, 1);
	assert_string_equal(host.receipts.v[0].service, "mail");
	assert_string_equal(host.receipts.v[0].state, "failed");
}

static void recover_in_child(void *arg)
{
	struct err err = ERR_INIT;

	if (run_recover(&host, &err) == -1 || host.out[0])
		_exit(9);
	_exit((int) host.bad);
}

/* Of two, the one that cannot be seen stays, and is left out; the other is at
 * its end. */
static void one_of_two(void **state)
{
	struct journal_op op = { .type = JOURNAL_FILE,
				 .path = "/nowhere/at/all/x.pem",
				 .old = "0" };
	struct journal j[] = { { .version = JOURNAL_VERSION,
				 .service = "web",
				 .gen = "20261123T014202Z-00000000",
				 .state = JOURNAL_ROLLBACK,
				 .reason = "it failed" },
			       { .version = JOURNAL_VERSION,
				 .service = "mail",
				 .gen = "20261123T014202Z-00000000",
				 .state = JOURNAL_ROLLBACK,
				 .reason = "it failed",
				 .ops = &op,
				 .n_ops = 1 } };
	struct err err = ERR_INIT;

	begin("", SERVICE("web", "") ", " SERVICE("mail", ""));
	j[1].ops->path = host_kit_here("@/leaf.key/x.pem");
	assert_int_equal(
		journal_write(scratch("state/journal/web"), j, 2, &err), 0);
	assert_int_equal(run_recover(&host, &err), 0);
	assert_null(host.out[0]);
	assert_non_null(strstr(host.out[1], "could not be put back"));
	assert_int_equal(host.bad, 1);
	assert_int_equal(
		journal_tells_of(scratch("state/journal/web"), "web", &err), 0);
	assert_int_equal(
		journal_tells_of(scratch("state/journal/web"), "mail", &err),
		1);
}

/* Who is not configured any more: what cannot be seen stays, and there is a
 * way to end it; what has no folder is at its end. */
static void gone_for_good(void **state)
{
	struct journal_op op = { .type = JOURNAL_FILE, .old = "0" };
	struct journal j = { .version = JOURNAL_VERSION,
			     .service = "gone",
			     .gen = "20261123T014202Z-00000000",
			     .state = JOURNAL_INSTALL,
			     .ops = &op,
			     .n_ops = 1 };
	struct err err = ERR_INIT;

	begin("", SERVICE("web", ""));
	op.path = host_kit_here("@/leaf.key/x.pem");
	assert_int_equal(
		journal_write(scratch("state/journal/gone"), &j, 1, &err), 0);
	assert_int_equal(scratch_fork(recover_in_child, NULL), 1);
	assert_non_null(strstr(scratch_read(scratch("err")),
			       "if the service is gone for good, run: rm "));
	assert_true(there("state/journal/gone"));

	op.path = "/nowhere/at/all/x.pem";
	assert_int_equal(
		journal_write(scratch("state/journal/gone"), &j, 1, &err), 0);
	assert_int_equal(scratch_fork(recover_in_child, NULL), 0);
	assert_non_null(strstr(scratch_read(scratch("err")),
			       "there is no way back (/nowhere/at/all/x.pem: "
			       "its folder is missing), what is there stays"));
	assert_false(there("state/journal/gone"));
}

/* --- --rollback --- */

/* No backup: which service says so shows who came first. */
static void goes_back(void **state)
{
	static const struct {
		const char *name;
		size_t skip; /* 9: none */
		enum err_kind kind;
		const char *says;
		bool unread;
	} cases[] = {
		{ "ftp", 9, ERR_INPUT, "service ftp: " },
		/* the one that goes alone comes after those that do not */
		{ LEAF, 9, ERR_INPUT, "service mail: " },
		{ "no.example.org", 9, ERR_USAGE,
		  "no service or certificate no.example.org on this host" },
		{ "mail", 1, ERR_CHILD,
		  "service mail: what the run before left must be mended "
		  "first: it broke" },
		{ "mail", 2, ERR_INPUT, "service mail: " },
		{ LEAF, 2, ERR_CHILD, "service ftp: what the run before" },
		/* what is held could not be remembered */
		{ LEAF, 9, ERR_IO, "service web: its state: ", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		begin("", SERVICE("web", "alone = true;") ", " SERVICE(
				  "mail", "") ", " SERVICE("ftp", ""));
		if (cases[i].skip < 3)
			host.out[cases[i].skip] = "it broke";
		if (cases[i].unread)
			kit_sh("mkdir state/service/web");
		assert_int_equal(run_back(&host, cases[i].name, &err), -1);
		if (err.kind != cases[i].kind ||
		    strncmp(err.msg, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("%s: %s", cases[i].name, err.msg);
	}
}

/* More than one journal has room for go back one by one. */
static void too_many(void **state)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 16);
	struct err err = ERR_INIT;

	for (int i = 0; i <= JOURNAL_PARTS_MAX; i++)
		sbuf_addf(&text,
			  "%s{ name = \"s%d\"; profile = \"x\"; certificates = "
			  "( { name = \"" LEAF
			  "\"; key = \"@/leaf.key\"; dir = "
			  "\"@/d/%d\"; } ); }",
			  i > 0 ? ", " : "", i, i);
	begin("", sbuf_str(&text));
	assert_int_equal(run_back(&host, LEAF, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(run_back(&host, "s64", &err), -1);
	kit_says(&err, "service s64: ");
}

/* --- --verify --- */

#define ASKS(program)                                             \
	"verify = ( { address = \"it\"; protocol = \"command\"; " \
	"command = [ \"" program "\" ]; } );"

static bool well;

static void look(void *arg)
{
	well = run_verify(&host);
	_exit(fflush(stdout) != 0 ? 9 : well ? 0 : 1);
}

static void verifies(void **state)
{
	static const struct {
		const char *services, *make, *only;
		int rc;
		const char *says;
	} cases[] = {
		{ SERVICE("web", ASKS("true")),
		  "cat old.pem inter.pem >d/web/full.pem", NULL, 0,
		  "web " LEAF " it: as installed\n" },
		{ SERVICE("web", ASKS("false")),
		  "cat old.pem inter.pem >d/web/full.pem", NULL, 1,
		  "web " LEAF " it: is not right: " },
		{ SERVICE("web", ASKS("true")), "true", NULL, 1,
		  "/d/web/full.pem is not there\n" },
		{ SERVICE("web", ASKS("true")), "rmdir d/web", NULL, 1,
		  "; nothing is installed: " },
		{ SERVICE("web", ASKS("true")), "echo junk >d/web/full.pem",
		  NULL, 1, "/d/web/full.pem holds no certificate\n" },
		{ SERVICE("web", ASKS("true")),
		  "ln -s full.pem "
		  "d/web/full.pem",
		  NULL, 1, "; what is there cannot be read" },
		/* one of two */
		{ SERVICE("web", ASKS("true")) ", " SERVICE("mail",
							    ASKS("false")),
		  "cat old.pem inter.pem | tee d/web/full.pem "
		  ">d/mail/full.pem",
		  NULL, 1, "web " LEAF " it: as installed\nmail " LEAF },
		{ SERVICE("web", ASKS("true")) ", " SERVICE("mail",
							    ASKS("false")),
		  "cat old.pem inter.pem | tee d/web/full.pem "
		  ">d/mail/full.pem",
		  "web", 0, "web " LEAF " it: as installed\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin("", cases[i].services);
		kit_sh("%s", cases[i].make);
		if (cases[i].only)
			strlist_add(&host.only, cases[i].only);
		if (scratch_fork(look, NULL) != cases[i].rc)
			fail_msg("case %zu", i);
		strlist_free(&host.only);
		if (!strstr(scratch_read(scratch("out")), cases[i].says))
			fail_msg("case %zu: %s", i,
				 scratch_read(scratch("out")));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_away),  cmocka_unit_test(store_told),
		cmocka_unit_test(heartbeats),  cmocka_unit_test(ends_otherwise),
		cmocka_unit_test(forgets),     cmocka_unit_test(clock_leaps),
		cmocka_unit_test(left_behind), cmocka_unit_test(misnamed),
		cmocka_unit_test(one_of_two),  cmocka_unit_test(gone_for_good),
		cmocka_unit_test(goes_back),   cmocka_unit_test(too_many),
		cmocka_unit_test(verifies),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
