/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "trouble_kit.h"
#include "fleet_owners.h"

#define NOW 1700000000
#define DAY 86400

static int setup(void **state)
{
	return trouble_begin();
}

static int teardown(void **state)
{
	trouble_end();
	return 0;
}

/* Is it for who asks to tell it? */
static bool ours(struct store *s, const char *owner, const char *told,
		 int64_t now)
{
	struct fleet_owner_notice v = { "a.example.org", owner,
					.told = told ? told : "x",
					.over = !told, .repeat = DAY };

	OK(fleet_owners_claim(s, &v, 1, now, &err));
	return v.ours;
}

static void one_tells(void **state)
{
	struct store *other = NULL;

	OK(store_open(&conf, STORE_LOOP, &other, &err));
	assert_true(ours(store, "a@b", "1", NOW));
	assert_false(ours(other, "a@b", "1", NOW));
	assert_false(ours(other, "a@b", "1", NOW + 60));
	/* another thing */
	assert_true(ours(other, "a@b", "2", NOW + 60));
	assert_false(ours(store, "a@b", "2", NOW + 61));
	/* another owner */
	assert_true(ours(store, "c@d", "2", NOW + 62));
	/* daily */
	assert_false(ours(store, "c@d", "2", NOW + 61 + DAY));
	assert_true(ours(other, "c@d", "2", NOW + 62 + DAY));
	assert_false(ours(store, "c@d", "2", NOW + 62 + DAY));
	/* over, and what another owner had is none of it */
	assert_false(ours(store, "a@b", NULL, NOW + 63 + DAY));
	assert_true(ours(store, "c@d", NULL, NOW + 63 + DAY));
	assert_false(ours(other, "c@d", NULL, NOW + 63 + DAY));
	/* new again */
	assert_true(ours(other, "c@d", "2", NOW + 64 + DAY));
	/* a run that began earlier, or a clock that is a little behind */
	assert_false(ours(store, "c@d", "2", NOW + 63 + DAY));
	assert_false(ours(store, "c@d", "2", NOW + 65));
	/* a clock that was ahead */
	assert_true(ours(store, "c@d", "2", NOW + 64));
	store_free(&other);
}

/* Whom the store lets wait for nobody's row waits for this, a moment: who has
 * it may be about to leave without. */
static void in_the_way(void **state)
{
	struct fleet_owner_notice v = { "a.example.org", "a@b", .told = "1",
					.repeat = DAY };
	struct store *loop = NULL;
	int ready[2], status;
	char c;
	pid_t pid;

	OK(store_open(&conf, STORE_LOOP, &loop, &err));
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *other = NULL;

		/* of a row that is not there, MariaDB locks its place */
		if (store_open(&conf, STORE_WRITE, &other, &err) == -1 ||
		    db_begin(other->db, &err) == -1 ||
		    db_script(other->db,
			      "UPDATE owner_notices SET ts = 1 "
			      "WHERE name = 'a.example.org'",
			      &err) == -1 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void) poll(NULL, 0, 100);
		db_rollback(other->db);
		store_free(&other);
		_exit(0);
	}
	assert_int_equal(close(ready[1]), 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	OK(fleet_owners_claim(loop, &v, 1, NOW, &err));
	assert_true(v.ours);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(close(ready[0]), 0);
	store_free(&loop);
}

static void given_back(void **state)
{
	struct fleet_owner_notice v[] = {
		{ "a.example.org", "a@b", .told = "1", .repeat = DAY },
		{ "b.example.org", "a@b", .told = "1", .repeat = DAY },
	};

	assert_true(ours(store, "a@b", "1", NOW));
	OK(fleet_owners_claim(store, v, 2, NOW + 1, &err));
	assert_false(v[0].ours);
	assert_true(v[1].ours);
	OK(fleet_owners_unclaim(store, &v[1], 1, NOW + 1, &err));
	OK(fleet_owners_claim(store, v, 2, NOW + 2, &err));
	assert_false(v[0].ours);
	assert_true(v[1].ours);
	/* that it is over */
	v[1].over = true;
	OK(fleet_owners_claim(store, &v[1], 1, NOW + 3, &err));
	OK(fleet_owners_unclaim(store, &v[1], 1, NOW + 3, &err));
	OK(fleet_owners_unclaim(store, &v[1], 1, NOW + 3, &err));
	OK(fleet_owners_claim(store, &v[1], 1, NOW + 4, &err));
	assert_true(v[1].ours);
	OK(fleet_owners_claim(store, &v[1], 1, NOW + 5, &err));
	assert_false(v[1].ours);
	OK(fleet_owners_forget(store, NOW + 1, &err));
	assert_true(ours(store, "a@b", "1", NOW + 6));
}

static void refused(void **state)
{
	char longest[300];
	struct fleet_owner_notice v = { "a", longest, .told = "1" };

	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	FAILS(ERR_LIMIT, "the owner is 255",
	      fleet_owners_claim(store, &v, 1, NOW, &err));
	v.owner = "a@b";
	sql("DROP TABLE owner_notices");
	FAILS(ERR_CONFIG, "init", fleet_owners_claim(store, &v, 1, NOW, &err));
	FAILS(ERR_CONFIG, "init",
	      fleet_owners_unclaim(store, &v, 1, NOW, &err));
	FAILS(ERR_CONFIG, "init", fleet_owners_forget(store, NOW, &err));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_tells, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
