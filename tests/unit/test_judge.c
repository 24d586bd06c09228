/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "host_kit.h"
#include "target.h"

#define FULL "files = ( { file = \"full.pem\"; format = \"fullchain\"; } );\n"
#define TWO                                                              \
	"files = ( { file = \"cert.pem\"; format = \"certificate\"; }, " \
	"{ file = \"chain.pem\"; format = \"chain\"; } );\n"
#define WEB                                                             \
	"{ name = \"web\"; profile = \"x\"; certificates = ( { name = " \
	"\"" LEAF "\"; key = \"@/leaf.key\"; dir = \"@/d\"; } ); }"

static struct judge g;

struct row_case {
	const char *what;
	const char *disk; /* the certificate in full.pem, or a command */
	const char *row;  /* its certificate, or none, off, empty, rubbish */
	const char *key;  /* what became of it: a command */
	const char *ours; /* what was installed last */
	const char *held;
	bool force;
	enum plan_verdict verdict;
	const char *says; /* "": nothing */
	bool misfit;
	const char *unfit;
};

static void put_disk(const char *disk)
{
	kit_sh("rm -rf d; mkdir d; cp -p leaf.right leaf.key");
	if (disk && strchr(disk, ' '))
		kit_sh("%s", disk);
	else if (disk)
		kit_sh("cat %s inter.pem >d/full.pem; chmod 644 d/full.pem",
		       disk);
}

static struct store_host_certs rows_of(const char *row)
{
	struct store_host_certs rows = { .n = 0 };

	if (strcmp(row, "none") == 0)
		return rows;
	if (strchr(row, '.'))
		return host_kit_rows(row, "inter.pem");
	rows = host_kit_rows("new.pem", "inter.pem");
	if (strcmp(row, "off") == 0)
		rows.v[0].enabled = false;
	else if (strcmp(row, "empty") == 0)
		rows.v[0].crt = (struct store_blob){ NULL, 0 };
	else
		rows.v[0].crt = (struct store_blob){ row, strlen(row) };
	return rows;
}

static void begin(const struct row_case *c)
{
	struct store_host_certs rows = rows_of(c->row);
	int64_t from;

	host.force = c->force;
	host_kit_forget();
	put_disk(c->disk);
	if (c->key)
		kit_sh("%s", c->key);
	if (c->ours) {
		const char *print = host_kit_print(c->ours, &from);

		svcstate_set_cert(&known, arena, LEAF, print, from);
	}
	if (c->held)
		svcstate_hold_cert(&known, arena, LEAF,
				   host_kit_print(c->held, NULL));
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
}

static void check(const struct row_case *cases, size_t n)
{
	host_kit_load(FULL, "", WEB);
	for (size_t i = 0; i < n; i++) {
		const struct row_case *c = &cases[i];
		const struct judge_cert *j;

		begin(c);
		j = &g.v[0];
		if (j->verdict != c->verdict)
			fail_msg("%s: %d: %s", c->what, j->verdict, j->reason);
		if (*c->says != '\0' ? !strstr(j->reason, c->says)
				     : j->reason[0] != '\0')
			fail_msg("%s: says \"%s\"", c->what, j->reason);
		if (j->misfit != c->misfit)
			fail_msg("%s: misfit: %s", c->what, j->reason);
		if (!j->unfit != !c->unfit ||
		    (c->unfit && !strstr(j->unfit, c->unfit)))
			fail_msg("%s: unfit: %s", c->what,
				 j->unfit ? j->unfit : "not");
		judge_free(&g);
	}
}

/* Which are taken, which wait, which would be a step back. */
static void takes(void **state)
{
	static const struct row_case cases[] = {
		{ "nothing is there", NULL, "new.pem", .verdict = PLAN_PUT,
		  .says = "" },
		{ "not even its folder", "rm -r d", "new.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "a newer one", "old.pem", "new.pem", .verdict = PLAN_PUT,
		  .says = "" },
		{ "just this one", "new.pem", "new.pem", .verdict = PLAN_KEEP,
		  .says = "" },
		{ "gone, and the row is off", NULL, "off", .ours = "old.pem",
		  .verdict = PLAN_UNKNOWN,
		  .says = "full.pem, and the store has none to put there: it "
			  "is disabled" },
		{ "gone, and the row is empty", "echo hi >d/full.pem", "empty",
		  .ours = "old.pem", .verdict = PLAN_UNKNOWN,
		  .says = "it is not issued yet" },
		{ "never there, and the row is off", NULL, "off",
		  .verdict = PLAN_WAIT, .says = "" },
		{ "there, and the row is off", "old.pem", "off",
		  .ours = "old.pem", .verdict = PLAN_WAIT, .says = "" },
		{ "just this one, forced", "new.pem", "new.pem", .force = true,
		  .verdict = PLAN_PUT, .says = "" },
		{ "it has expired, but it is there", "gone.pem", "gone.pem",
		  .verdict = PLAN_KEEP, .says = "" },
		{ "the same, forced: no better", "gone.pem", "gone.pem",
		  .force = true, .verdict = PLAN_REFUSE,
		  .says = "refused: the certificate in the store expired on" },
		{ "this one, and another mode",
		  "cat new.pem inter.pem >d/full.pem; chmod 600 d/full.pem",
		  "new.pem", .verdict = PLAN_PUT, .says = "" },
		{ "this one, and a comment",
		  "(echo hi; cat new.pem inter.pem) >d/full.pem; chmod 644 "
		  "d/full.pem",
		  "new.pem", .verdict = PLAN_PUT, .says = "" },
		{ "something else is there", "echo hi >d/full.pem", "old.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "an older one", "new.pem", "old.pem", .verdict = PLAN_OLDER,
		  .says = "--force installs it all the same" },
		{ "an older one, forced", "new.pem", "old.pem", .force = true,
		  .verdict = PLAN_PUT, .says = "" },
		{ "older than a placeholder",
		  "openssl req -x509 -key leaf.key -days 9 -subj /CN=" LEAF
		  " -out d/full.pem; chmod 644 d/full.pem",
		  "old.pem", .verdict = PLAN_PUT, .says = "" },
		{ "older than what we installed, and somebody removed", NULL,
		  "old.pem", .ours = "new.pem", .verdict = PLAN_OLDER,
		  .says = "--force installs it all the same" },
		{ "the one we installed, and somebody removed", NULL, "new.pem",
		  .ours = "new.pem", .verdict = PLAN_PUT, .says = "" },
		{ "no such row", "old.pem", "none", .verdict = PLAN_MISSING,
		  .says = "the store has no certificate named " LEAF
			  " (or this host may not see it); to ask for it, "
			  "run: certrepo-installer --request " LEAF
			  ", or take it out of installer.conf" },
		{ "no such row, forced", "old.pem", "none", .force = true,
		  .verdict = PLAN_MISSING, .says = "no certificate named" },
		{ "disabled", "old.pem", "off", .verdict = PLAN_WAIT,
		  .says = "" },
		{ "not issued yet", NULL, "empty", .verdict = PLAN_WAIT,
		  .says = "" },
	};

	check(cases, ARRAY_LEN(cases));
}

static void refuses(void **state)
{
	static const struct row_case cases[] = {
		{ "no certificate", "old.pem", "rubbish",
		  .verdict = PLAN_REFUSE, .says = "refused: " },
		{ "of another key", "old.pem", "next.pem",
		  .verdict = PLAN_REFUSE,
		  .says = "refused: the certificate in the store belongs to "
			  "another key than " },
		{ "expired", "old.pem", "gone.pem", .verdict = PLAN_REFUSE,
		  .says = "refused: the certificate in the store expired" },
		{ "no anchor leads there", "old.pem", "lone.pem",
		  .verdict = PLAN_REFUSE,
		  .says = "refused: the chain in the store is broken" },
		{ "the same, and it is there: nobody vouches for it",
		  "lone.pem", "lone.pem", .verdict = PLAN_REFUSE,
		  .says = "refused: the chain in the store is broken" },
		{ "the key cannot be read", NULL, "new.pem", "rm leaf.key",
		  .verdict = PLAN_REFUSE,
		  .says = "/leaf.key: cannot be read: No such file or "
			  "directory; put it there, or run: certrepo-installer "
			  "--request " LEAF
			  ", which makes one and asks for its certificate" },
		{ "everybody may read the key", NULL, "new.pem",
		  "chmod 644 leaf.key", .verdict = PLAN_REFUSE,
		  .says = "refused: " },
		{ "gone back from", "old.pem", "new.pem", .held = "new.pem",
		  .verdict = PLAN_HOLD,
		  .says = "held: the certificate in the store was rolled back "
			  "on this host; a newer one or --force ends this" },
		{ "the same, forced", "old.pem", "new.pem", .held = "new.pem",
		  .force = true, .verdict = PLAN_PUT, .says = "" },
		{ "gone back from another one", "old.pem", "new.pem",
		  .held = "gone.pem", .verdict = PLAN_PUT, .says = "" },
		{ "gone back from, and there", "new.pem", "new.pem",
		  .held = "new.pem", .verdict = PLAN_KEEP, .says = "" },
		{ "links in a ring", "ln -s full.pem d/full.pem", "new.pem",
		  .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read, so nothing is "
			  "done: " },
		{ "links in a ring, forced", "ln -s full.pem d/full.pem",
		  "new.pem", .force = true, .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read" },
		{ "links in a ring, and nothing to do",
		  "ln -s full.pem d/full.pem", "empty", .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read" },
		{ "a folder", "mkdir d/full.pem", "new.pem",
		  .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read" },
		{ "a pipe", "mkfifo -m 644 d/full.pem", "new.pem",
		  .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read" },
		{ "a file where the folder should be", "rmdir d; touch d",
		  "new.pem", .verdict = PLAN_UNKNOWN,
		  .says = "what is there cannot be read" },
	};

	kit_sh("openssl req -x509 -key leaf.key -out lone.pem -days 9 -subj "
	       "/CN=" LEAF " -addext subjectAltName=DNS:" LEAF
	       " -addext basicConstraints=critical,CA:FALSE");
	check(cases, ARRAY_LEN(cases));
}

#define NEXT_KEY "cp -p next.key leaf.key"
#define NOT_ITS                                                               \
	"/leaf.key is not the key of the installed certificate, the service " \
	"fails at its next restart; put the right one back, or ask for a "    \
	"certificate of this one, here: certrepo-installer --request " LEAF

/* The key of what stays was replaced, lost, or opened. */
static void keys(void **state)
{
	static const struct row_case cases[] = {
		{ "another key", "old.pem", "old.pem", NEXT_KEY,
		  .verdict = PLAN_MISFIT, .says = NOT_ITS, .misfit = true },
		{ "no key", "old.pem", "old.pem", "rm leaf.key",
		  .verdict = PLAN_MISFIT,
		  .says = "the key of the installed certificate: ",
		  .misfit = true },
		{ "a damaged key", "old.pem", "old.pem", "echo >leaf.key",
		  .verdict = PLAN_MISFIT,
		  .says = "the key of the installed certificate: ",
		  .misfit = true },
		{ "an open key: it can be read", "old.pem", "old.pem",
		  "chmod 604 leaf.key", .verdict = PLAN_REFUSE,
		  .says = "refused: the key of the installed certificate: " },
		{ "another key, and nothing new", "old.pem", "off", NEXT_KEY,
		  .ours = "old.pem", .verdict = PLAN_MISFIT, .says = NOT_ITS,
		  .misfit = true },
		{ "a key that a placeholder does not have", "old.pem", "off",
		  NEXT_KEY, .verdict = PLAN_WAIT, .says = "" },
		{ "another key, and its certificate", "old.pem", "next.pem",
		  NEXT_KEY, .ours = "old.pem", .verdict = PLAN_PUT, .says = "",
		  .unfit = NOT_ITS "; one of this key waits to be installed" },
		{ "the same over what is not ours", "old.pem", "next.pem",
		  NEXT_KEY, .verdict = PLAN_PUT, .says = "" },
		{ "another key, and its certificate is held", "old.pem",
		  "next.pem", NEXT_KEY, .ours = "old.pem", .held = "next.pem",
		  .verdict = PLAN_MISFIT, .says = NOT_ITS, .misfit = true },
		{ "another key, and a newer one of the right one", "old.pem",
		  "new.pem", NEXT_KEY, .ours = "old.pem",
		  .verdict = PLAN_REFUSE, .says = "; ", .misfit = true },
		{ "another key, and no row", "old.pem", "none", NEXT_KEY,
		  .ours = "old.pem", .verdict = PLAN_MISSING,
		  .says = "--request " LEAF
			  ", or take it out of installer.conf; ",
		  .misfit = true },
		{ "an open key, and no row", "old.pem", "none",
		  "chmod 604 leaf.key", .ours = "old.pem",
		  .verdict = PLAN_MISSING, .says = "may not see it); " },
	};

	check(cases, ARRAY_LEN(cases));
}

#define SELF(key)                                                    \
	"openssl req -x509 -key " key " -days 9 -subj '/O=certrepo " \
	"placeholder/CN=" LEAF "' -out d/full.pem; chmod 644 d/full.pem"

#define ENDED                                                               \
	"faketime -f -90d openssl req -x509 -key leaf.key -days 9 -subj "   \
	"'/O=certrepo placeholder/CN=" LEAF "' -out d/full.pem; chmod 644 " \
	"d/full.pem"

/* To be replaced like nothing; but in place of what we installed, told of. */
static void placeholders(void **state)
{
	static const struct row_case cases[] = {
		{ "a newer one", SELF("leaf.key"), "new.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "an older one", SELF("leaf.key"), "old.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "of another key", SELF("next.key"), "old.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "what was gone back from", SELF("leaf.key"), "new.pem",
		  .held = "new.pem", .verdict = PLAN_PUT, .says = "" },
		{ "not issued yet", SELF("leaf.key"), "empty",
		  .verdict = PLAN_WAIT, .says = "" },
		{ "disabled", SELF("leaf.key"), "off", .verdict = PLAN_WAIT,
		  .says = "" },
		{ "of another key, and not issued yet", SELF("next.key"),
		  "empty", .verdict = PLAN_UNKNOWN,
		  .says = "/full.pem is not of this host's key; for another "
			  "one remove " },
		{ "of another key, and disabled", SELF("next.key"), "off",
		  .verdict = PLAN_UNKNOWN,
		  .says = "--placeholder " LEAF "; the store has no "
			  "certificate to put there: it is disabled" },
		{ "the key is gone", SELF("leaf.key"), "empty", "rm leaf.key",
		  .verdict = PLAN_UNKNOWN,
		  .says = "/full.pem is in place, and its key: " },
		{ "it has ended", ENDED, "empty", .verdict = PLAN_UNKNOWN,
		  .says = "/full.pem ended on 2" },
		{ "it has ended, and is replaced", ENDED, "new.pem",
		  .verdict = PLAN_PUT, .says = "" },
		{ "no such row", SELF("leaf.key"), "none",
		  .verdict = PLAN_MISSING, .says = "no certificate named" },
		{ "in place of ours", SELF("leaf.key"), "new.pem",
		  .ours = "new.pem", .verdict = PLAN_PUT, .says = "" },
		{ "in place of ours, disabled", SELF("leaf.key"), "off",
		  .ours = "new.pem", .verdict = PLAN_UNKNOWN,
		  .says = "what was installed is gone, there is a placeholder "
			  "in " },
		{ "another key", SELF("leaf.key"), "next.pem", NEXT_KEY,
		  .verdict = PLAN_PUT, .says = "" },
		{ "one from the store", NULL, "holder.pem",
		  .verdict = PLAN_REFUSE,
		  .says = "refused: what the store has is a placeholder" },
		{ "the very one that is there", "holder.pem", "holder.pem",
		  .verdict = PLAN_REFUSE,
		  .says = "refused: what the store has is a placeholder" },
		{ "the same, forced", "holder.pem", "holder.pem", .force = true,
		  .verdict = PLAN_REFUSE,
		  .says = "refused: what the store has is a placeholder" },
	};

	kit_sh("openssl req -x509 -key leaf.key -out holder.pem -days 9 -subj "
	       "'/O=certrepo placeholder/CN=" LEAF
	       "' -addext subjectAltName=DNS:" LEAF
	       " -addext basicConstraints=critical,CA:FALSE");
	check(cases, ARRAY_LEN(cases));
}

/* Of a pinned key, the service may have the private one all the same. */
static void pinned(void **state)
{
	host_kit_load(FULL, "",
		      "{ name = \"web\"; profile = \"x\"; certificates = ( { "
		      "name = \"" LEAF "\"; public_key = \"@/leaf.pub\"; dir = "
		      "\"@/d\"; } ); }");
	kit_sh("openssl pkey -in leaf.right -pubout -out leaf.pub");
	begin(&(struct row_case){ .disk = "old.pem", .row = "new.pem" });
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	judge_free(&g);
	kit_sh("openssl pkey -in next.key -pubout -out leaf.pub");
	begin(&(struct row_case){ .disk = "old.pem", .row = "old.pem" });
	assert_int_equal(g.v[0].verdict, PLAN_MISFIT);
	assert_false(g.v[0].misfit);
	assert_null(strstr(g.v[0].reason, "next restart"));
	judge_free(&g);
	begin(&(struct row_case){
		.disk = "old.pem", .row = "next.pem", .ours = "old.pem" });
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_null(g.v[0].unfit);
	judge_free(&g);
}

/* The dates that are told are those that count. */
static void tells_dates(void **state)
{
	char a[CLOCK_TEXT], b[CLOCK_TEXT];

	host_kit_load(FULL, "", WEB);
	begin(&(struct row_case){ .disk = "new.pem", .row = "old.pem" });
	assert_string_equal(
		g.v[0].reason,
		arena_printf(arena,
			     "refused: the certificate in the store begins on "
			     "%s, before the one here (%s); both are of "
			     "one CA; --force installs it all the same",
			     clock_text(host.now - 40 * DAY, a),
			     clock_text(host.now - 10 * DAY, b)));
	judge_free(&g);
}

static const char *tbs_of(const char *name)
{
	struct err err = ERR_INIT;
	struct x509_chain *c = kit_chain(name, &err);
	const char *tbs = arena_strdup(arena, x509_chain_tbs(c));

	x509_chain_free(&c);
	return tbs;
}

/* By a CA of its own with the common name CN, seconds from the host's now. */
static void issue_by(const char *cn, const char *name, int64_t from)
{
	kit_sh("mv inter.pem inter.first; openssl req -new -key inter.key "
	       "-subj '/CN=%s' | openssl x509 -req -CA root.pem -CAkey "
	       "root.key -extfile ca.ext -days 2000 -out inter.pem",
	       cn);
	host_kit_issue(name, "leaf.csr", from, 80 * DAY);
	kit_sh("mv inter.pem inter.%s; mv inter.first inter.pem", name);
}

/* CAs date back what they issue: of another one it may begin earlier, once. */
static void another_ca(void **state)
{
	static const struct {
		const char *what, *row, *ca, *ours, *stepped;
		enum plan_verdict verdict;
		const char *says;
	} cases[] = {
		{ "half an hour", "half.pem", "inter.half.pem", NULL, NULL,
		  PLAN_PUT, "" },
		{ "half an hour, installed by us", "half.pem", "inter.half.pem",
		  "new.pem", NULL, PLAN_PUT, "" },
		{ "half an hour, once more", "half.pem", "inter.half.pem", NULL,
		  "half.pem", PLAN_OLDER,
		  "; it is of another CA, and was here before" },
		{ "more than an hour", "more.pem", "inter.more.pem", NULL, NULL,
		  PLAN_OLDER,
		  "; of another CA, it may begin 65 minutes before that" },
		{ "half an hour, the same CA", "near.pem", "inter.pem", NULL,
		  NULL, PLAN_OLDER, "; both are of one CA" },
		{ "half an hour, of what was lost nothing is known", "half.pem",
		  "inter.half.pem", "late.pem", NULL, PLAN_OLDER,
		  "); --force" },
	};

	host_kit_load(FULL, "", WEB);
	issue_by("Test Half", "half.pem", -10 * DAY - 1800);
	issue_by("Test More", "more.pem", -10 * DAY - 3960);
	host_kit_issue("near.pem", "leaf.csr", -10 * DAY - 1800, 80 * DAY);
	host_kit_issue("late.pem", "leaf.csr", -10 * DAY + 60, 80 * DAY);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_host_certs rows =
			host_kit_rows(cases[i].row, cases[i].ca);
		const char *print;
		int64_t from;

		host_kit_forget();
		put_disk("new.pem");
		if (cases[i].ours) {
			print = host_kit_print(cases[i].ours, &from);
			svcstate_set_cert(&known, arena, LEAF, print, from);
		}
		if (cases[i].stepped)
			svcstate_step(&known, arena, LEAF,
				      tbs_of(cases[i].stepped));
		judge_rows(&host, &svcs.v[0], &rows, &known, &g);
		if (g.v[0].verdict != cases[i].verdict ||
		    !strstr(g.v[0].reason, cases[i].says) ||
		    g.v[0].dated_back != (cases[i].verdict == PLAN_PUT))
			fail_msg("%s: %d: %s", cases[i].what, g.v[0].verdict,
				 g.v[0].reason);
		judge_free(&g);
	}
}

/* A key that was seen to fit is not read again before its file changes. */
static void reads_keys_once(void **state)
{
	struct store_host_certs rows = rows_of("old.pem");
	const char *seen;

	host_kit_load(FULL, "", WEB);
	begin(&(struct row_case){ .disk = "old.pem", .row = "old.pem" });
	judge_free(&g);
	assert_non_null(known.keys);
	seen = known.keys;
	known.dirty = false;
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_ptr_equal(known.keys, seen);
	assert_false(known.dirty);
	judge_free(&g);
	kit_sh(NEXT_KEY);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_MISFIT);
	assert_null(known.keys);
	judge_free(&g);
	/* What does not fit is told in every run. */
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_MISFIT);
	judge_free(&g);
}

struct side_case {
	const char *what, *profile, *disk;
	const char *row, *ca;
	const char *stepped;
	bool force;
	enum plan_verdict verdict;
	bool sideways;
};

#define IN_FULL "cat old.pem inter.pem >d/full.pem; chmod 644 d/full.pem"
#define IN_TWO	"cp old.pem d/cert.pem; cp inter.pem d/chain.pem; chmod 644 d/*"
#define C2	"inter2.pem"

/* The store has what is no newer than the disk's. */
static void sideways(void **state)
{
	static const struct side_case cases[] = {
		{ "a chain, once", FULL, IN_FULL, "old.pem", C2, NULL, false,
		  PLAN_PUT, true },
		{ "a chain, twice", FULL, IN_FULL, "old.pem", C2, "old.pem",
		  false, PLAN_KEEP, true },
		{ "a chain, forced", FULL, IN_FULL, "old.pem", C2, "old.pem",
		  true, PLAN_PUT, false },
		{ "of another age it was", FULL, IN_FULL, "old.pem", C2,
		  "new.pem", false, PLAN_PUT, true },
		{ "the mode, too", FULL, IN_FULL "; chmod 600 d/full.pem",
		  "old.pem", C2, "old.pem", false, PLAN_PUT, false },
		{ "the chain on disk is none", FULL,
		  "cp old.pem d/full.pem; chmod 644 d/full.pem", "old.pem", C2,
		  "old.pem", false, PLAN_PUT, true },
		{ "in a file of its own", TWO, IN_TWO, "old.pem", C2, NULL,
		  false, PLAN_PUT, true },
		{ "in a file of its own, twice", TWO, IN_TWO, "old.pem", C2,
		  "old.pem", false, PLAN_KEEP, true },
		{ "in a file of its own, which is not there", TWO,
		  IN_TWO "; rm d/chain.pem", "old.pem", C2, "old.pem", false,
		  PLAN_PUT, false },
		{ "the other form", FULL, IN_FULL, "form.pem", "inter.pem",
		  NULL, false, PLAN_PUT, true },
		{ "the other form, twice", FULL, IN_FULL, "form.pem",
		  "inter.pem", "old.pem", false, PLAN_KEEP, true },
		{ "of the same second", FULL, IN_FULL, "twin.pem", "inter.pem",
		  NULL, false, PLAN_PUT, true },
		{ "of the same second, twice", FULL, IN_FULL, "twin.pem",
		  "inter.pem", "twin.pem", false, PLAN_KEEP, true },
		{ "of the same second, what is there is of another key", FULL,
		  "cat next40.pem inter.pem >d/full.pem; chmod 644 d/full.pem",
		  "old.pem", "inter.pem", "old.pem", false, PLAN_PUT, true },
		{ "a newer one", FULL, IN_FULL, "new.pem", C2, "old.pem", false,
		  PLAN_PUT, false },
	};

	kit_sh("openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key "
	       "-extfile ca.ext -days 2000 -out inter2.pem");
	kit_flip("old.pem", "form.pem");
	host_kit_issue("twin.pem", "leaf.csr", -40 * DAY, 60 * DAY);
	host_kit_issue("next40.pem", "next.csr", -40 * DAY, 60 * DAY);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct side_case *c = &cases[i];
		struct store_host_certs rows = host_kit_rows(c->row, c->ca);

		host_kit_load(c->profile, "", WEB);
		host.force = c->force;
		put_disk(c->disk);
		if (c->stepped)
			svcstate_step(&known, arena, LEAF, tbs_of(c->stepped));
		judge_rows(&host, &svcs.v[0], &rows, &known, &g);
		if (g.v[0].verdict != c->verdict ||
		    g.v[0].sideways != c->sideways)
			fail_msg("%s: %d, %d: %s", c->what, g.v[0].verdict,
				 g.v[0].sideways, g.v[0].reason);
		/* What counts is the one that is there to stay. */
		assert_string_equal(g.v[0].chain_digest,
				    c->verdict == PLAN_KEEP
					    ? g.v[0].disk_digest
					    : g.v[0].chain_digest);
		judge_free(&g);
	}
}

/* What a person went back from does not come back in its other form. */
static void held_forms(void **state)
{
	struct store_host_certs rows;

	kit_flip("new.pem", "form.pem");
	rows = host_kit_rows("form.pem", "inter.pem");
	host_kit_load(FULL, "", WEB);
	put_disk("old.pem");
	svcstate_hold_cert(&known, arena, LEAF, tbs_of("new.pem"));
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_HOLD);
	judge_free(&g);
}

#define ROOTS                                                          \
	"files = ( { file = \"full.pem\"; format = \"fullchain\"; }, " \
	"{ file = \"all.pem\"; format = \"chain\"; }, "                \
	"{ file = \"root.pem\"; parts = [ \"root\" ]; } );\n"

/* Whoever has the store adds a root of his own: it goes nowhere. */
static void trims(void **state)
{
	static const char *const profiles[] = { ROOTS, FULL, TWO };
	struct store_host_certs rows;

	kit_cross("root", "Test Root", "nobody.pem");
	kit_sh("cat inter.pem nobody.pem >evil.pem; cat new.pem inter.pem "
	       ">want");
	rows = host_kit_rows("new.pem", "evil.pem");
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		host_kit_load(profiles[i], "", WEB);
		put_disk(NULL);
		judge_rows(&host, &svcs.v[0], &rows, &known, &g);
		assert_int_equal(g.v[0].verdict, PLAN_PUT);
		for (size_t k = 0; k < svcs.v[0].certs[0].n_files; k++) {
			assert_null(strstr(sbuf_str(&g.v[0].contents[k]),
					   scratch_read(scratch("own.pem"))));
			assert_null(strstr(sbuf_str(&g.v[0].contents[k]),
					   scratch_read(scratch("cross.pem"))));
		}
		judge_free(&g);
	}
	host_kit_load(ROOTS, "", WEB);
	put_disk("cat new.pem inter.pem >d/full.pem; cp inter.pem d/all.pem; "
		 "cp root.pem d/; chmod 644 d/*");
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_KEEP);
	assert_string_equal(g.v[0].chain_digest, g.v[0].disk_digest);
	judge_free(&g);
	host_kit_load(FULL, "", WEB);
	put_disk("new.pem");
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_KEEP);
	judge_free(&g);
}

/* What is to be written, file by file. */
static void contents(void **state)
{
	host_kit_load(
		"files = ( { file = \"c.pem\"; format = \"certificate\"; "
		"}, { file = \"both.pem\"; format = \"key-fullchain\"; }, "
		"{ file = \"t.pem\"; parts = [ \"certificate\", "
		"\"chain\", \"root\" ]; } );",
		"", WEB);
	begin(&(struct row_case){ .row = "new.pem" });
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	assert_string_equal(sbuf_str(&g.v[0].contents[0]),
			    scratch_read(scratch("new.pem")));
	kit_sh("cat leaf.key new.pem inter.pem >want; cat new.pem inter.pem "
	       "root.pem >want2");
	assert_string_equal(sbuf_str(&g.v[0].contents[1]),
			    scratch_read(scratch("want")));
	assert_string_equal(sbuf_str(&g.v[0].contents[2]),
			    scratch_read(scratch("want2")));
	judge_free(&g);
	/* No anchor: nothing can be made. */
	x509_trust_free(&host.trust);
	kit_sh("mv root.pem r.pem");
	begin(&(struct row_case){ .row = "new.pem" });
	kit_sh("mv r.pem root.pem");
	assert_int_equal(g.v[0].verdict, PLAN_REFUSE);
	judge_free(&g);
}

/* Whatever becomes of one certificate, the other goes on. */
static void each_by_itself(void **state)
{
	struct store_host_certs rows = host_kit_rows("new.pem", "inter.pem");

	host_kit_load("files = ( { file = \"$name.pem\"; format = "
		      "\"fullchain\"; } );",
		      "",
		      "{ name = \"web\"; profile = \"x\"; certificates = ( { "
		      "name = \"x.example.org\"; key = \"@/none.key\"; dir = "
		      "\"@/d\"; }, { name = \"" LEAF
		      "\"; key = \"@/leaf.key\"; "
		      "dir = \"@/d\"; } ); }");
	put_disk(NULL);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.v[0].verdict, PLAN_MISSING);
	assert_non_null(strstr(g.v[0].reason, "named x.example.org ("));
	assert_int_equal(g.v[1].verdict, PLAN_PUT);
	judge_free(&g);
}

/* Files that somebody went back to, of a certificate that he did not. */
static void held_files(void **state)
{
	char hex[ENC_SHA256_HEX], other[ENC_SHA256_HEX];
	struct store_host_certs rows = rows_of("old.pem");
	struct err err = ERR_INIT;

	host_kit_load(TWO, "", WEB);
	put_disk(IN_TWO);
	assert_int_equal(judge_digest(&svcs.v[0].certs[0], hex, &err), 0);
	kit_sh("cat root.pem >>d/chain.pem");
	assert_int_equal(judge_digest(&svcs.v[0].certs[0], other, &err), 0);
	assert_string_not_equal(hex, other);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_PUT);
	judge_free(&g);
	svcstate_hold_cert(&known, arena, LEAF, hex);
	judge_rows(&host, &svcs.v[0], &rows, &known, &g);
	assert_int_equal(g.v[0].verdict, PLAN_HOLD);
	judge_free(&g);
	kit_sh("rm d/cert.pem; ln -s cert.pem d/cert.pem");
	assert_int_equal(judge_digest(&svcs.v[0].certs[0], hex, &err), -1);
}

/* Without the store: what is there, and what is served of it. */
static void on_disk(void **state)
{
	char want[ENC_SHA256_HEX];
	struct err err = ERR_INIT;
	struct x509_chain *chain;

	host_kit_load("files = ( { file = \"c.pem\"; format = \"certificate\"; "
		      "}, { file = \"full.pem\"; format = \"fullchain\"; } );",
		      "", WEB);
	put_disk("old.pem");
	/* the file that has the chain as well is the one that counts */
	kit_sh("cp new.pem d/c.pem; cat old.pem inter.pem >want");
	judge_disk(&svcs.v[0], &g);
	chain = kit_chain("want", &err);
	seen_chain_digest(chain, want);
	x509_chain_free(&chain);
	assert_string_equal(x509_chain_fingerprint(g.v[0].disk),
			    host_kit_print("old.pem", NULL));
	assert_string_equal(g.v[0].disk_digest, want);
	assert_null(g.v[0].chain);
	judge_free(&g);

	put_disk(NULL);
	judge_disk(&svcs.v[0], &g);
	assert_null(g.v[0].disk);
	assert_string_equal(g.v[0].reason, "");
	judge_free(&g);
	put_disk("ln -s full.pem d/full.pem");
	judge_disk(&svcs.v[0], &g);
	assert_int_equal(g.v[0].verdict, PLAN_UNKNOWN);
	assert_non_null(strstr(g.v[0].reason, "/d/full.pem"));
	judge_free(&g);
	/* its chain is elsewhere */
	host_kit_load(TWO, "", WEB);
	put_disk(IN_TWO);
	judge_disk(&svcs.v[0], &g);
	assert_non_null(g.v[0].disk);
	assert_string_equal(g.v[0].disk_digest, "");
	judge_free(&g);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(keys),
		cmocka_unit_test(placeholders),
		cmocka_unit_test(pinned),
		cmocka_unit_test(tells_dates),
		cmocka_unit_test(another_ca),
		cmocka_unit_test(reads_keys_once),
		cmocka_unit_test(sideways),
		cmocka_unit_test(held_forms),
		cmocka_unit_test(trims),
		cmocka_unit_test(contents),
		cmocka_unit_test(each_by_itself),
		cmocka_unit_test(held_files),
		cmocka_unit_test(on_disk),
	};

	return cmocka_run_group_tests(tests, host_kit_setup, host_kit_teardown);
}
