/* SPDX-License-Identifier: MIT */
#include "cmdline.h"
#include "hostcmd.h"
#include "near.h"
#include "opts.h"
#include "proof_kind.h"

enum {
	KEY_CSR = 256,
	KEY_ENABLE,
	KEY_REPLACE,
	KEY_CA,
	KEY_CA_PROFILE,
	KEY_CHALLENGE,
	KEY_WEBROOT,
	KEY_COMMENT,
	KEY_OWNER,
	KEY_JSON,
	KEY_BESIDE,
	KEY_BY_RULE,
	KEY_REASON,
	KEY_PASSWORD_FILE,
	KEY_NEW_PASSWORD,
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE",
	  "instead of admin.conf (root) or certrepo.conf" },
	{ 'n', "dry-run", NULL, "check and say what would be done",
	  " init add enable disable set remove approve reject host-add "
	  "host-grant host-revoke host-remove host-forget " },
	{ 'v', "verbose", NULL, "say more on stderr" },
	{ 'y', "yes", NULL, "without asking", " remove approve host-remove " },
	{ KEY_JSON, "json", NULL, "for programs",
	  " list show pending host-list host-show " },
	{ KEY_CSR, "csr", "FILE", "instead of csr_dir/NAME.csr; - is stdin",
	  " add " },
	{ KEY_ENABLE, "enable", NULL, "to be renewed from the start", " add " },
	{ KEY_REPLACE, "replace", NULL, "another CSR for a NAME that is there",
	  " add approve " },
	{ KEY_BESIDE, "beside", NULL, "as a row of its own, NAME+HOST",
	  " approve " },
	{ KEY_BY_RULE, "by-rule", NULL,
	  "all that the configuration's rules take", " approve " },
	{ KEY_REASON, "reason", "TEXT", "what the host is told", " reject " },
	{ KEY_CA, "ca", "NAME", "a CA of the configuration", " add approve " },
	{ KEY_CA_PROFILE, "ca-profile", "NAME", "one that the CA offers",
	  " add approve " },
	{ KEY_CHALLENGE, "challenge", "TYPE", PROOF_TYPE_NAMES,
	  " add approve " },
	{ KEY_WEBROOT, "webroot", "PATH", "http-01, the folder served",
	  " add approve " },
	{ KEY_COMMENT, "comment", "TEXT", "a note, plain ASCII",
	  " add approve host-add " },
	{ KEY_OWNER, "owner", "ADDRESS", "who gets the mail about it, too",
	  " add approve " },
	{ KEY_PASSWORD_FILE, "password-file", "FILE",
	  "into FILE, or from it, when it is there", " host-add " },
	{ KEY_NEW_PASSWORD, "new-password", NULL,
	  "another one, for an account that is there", " host-add " },
	{ 0 },
};

static const struct opts_topic topics[] = {
	{ "init", "[options] init",
	  "Create the database, or upgrade one of a version before.",
	  "init --dry-run\n"
	  "init\n" },
	{ "add", "[options] [add] NAME...",
	  "Enrol certificate signing requests; enable has the fetcher order.",
	  "add www.example.org --csr www.example.org.csr\n"
	  "add www.example.org --webroot /var/www/html\n"
	  "add www.example.org --replace --csr new.csr\n" },
	{ "list", "[options] list", "All names, one a line.", "list --json\n" },
	{ "show", "[options] show NAME...",
	  "Everything about a name: certificate, renewal, failures, hosts.",
	  "show www.example.org\n" },
	{ "enable", "[options] enable NAME...",
	  "Let the fetcher renew it; one that is held as well, after mending.",
	  "enable www.example.org\n" },
	{ "disable", "[options] disable NAME...",
	  "Stop renewing it; hosts go on to get the certificate there is.",
	  "disable www.example.org\n" },
	{ "set", "[options] set NAME FIELD=VALUE...",
	  "Change what is noted of a name; FIELD is comment, owner, "
	  "webroot_path,\n"
	  "ca, ca_profile, challenge, certbot or enable. No VALUE: none.",
	  "set www.example.org challenge=dns-01\n"
	  "set www.example.org ca_profile=shortlived ca=letsencrypt\n"
	  "set www.example.org comment=\n" },
	{ "pending", "[options] pending [HOST...]",
	  "What hosts ask for, and what it would become.", "pending\n" },
	{ "approve", "[options] approve ID|HOST/NAME... | approve --by-rule",
	  "Take the CSR of a host; the fetcher orders, the host is told.",
	  "approve 17 18\n"
	  "approve web1.example.org/www.example.org --beside\n" },
	{ "reject", "[options] reject ID|HOST/NAME... --reason TEXT",
	  "Refuse it; the host is told why.",
	  "reject 17 --reason 'not your name'\n" },
	{ "remove", "[options] remove NAME...",
	  "Take a name out of the database, certificate and all.",
	  "remove old.example.org\n" },
	{ "host", "[options] host COMMAND [HOST [NAME...]]",
	  "An account of the database for each host (MariaDB), by which it "
	  "reads its own\ncertificates only.",
	  "host add web1.example.org www.example.org\n"
	  "host list --json\n",
	  "Commands:\n"
	  "  add HOST [NAME...]    its account and password, and what it may "
	  "read\n"
	  "  list                  all hosts, one a line\n"
	  "  show HOST...          account, names, requests, reports\n"
	  "  grant HOST NAME...    it may read these, too\n"
	  "  revoke HOST NAME...   it may not any more\n"
	  "  remove HOST...        account, names and reports go\n"
	  "  forget HOST...        its reports go, of a host that is no more" },
	{ "host add", "[options] host add HOST [NAME...]",
	  "Make its account, let it read certificates, and print what its "
	  "installer.conf\nneeds. Safe to repeat.",
	  "host add web1.example.org www.example.org\n"
	  "host add web1.example.org --password-file web1.password\n" },
	{ "host list", "[options] host list",
	  "All hosts that have an account or reported, one a line.",
	  "host list --json\n" },
	{ "host show", "[options] host show HOST...",
	  "Everything about a host: account, names, requests, reports.",
	  "host show web1.example.org\n" },
	{ "host grant", "[options] host grant HOST NAME...",
	  "Let it read certificates.",
	  "host grant web1.example.org www.example.org\n" },
	{ "host revoke", "[options] host revoke HOST NAME...",
	  "Let it read these no more; its reports about them go.",
	  "host revoke web1.example.org www.example.org\n" },
	{ "host remove", "[options] host remove HOST...",
	  "Drop its account, who is logged in by it, its names and reports.",
	  "host remove web1.example.org\n" },
	{ "host forget", "[options] host forget HOST...",
	  "Drop its reports alone: it is no more, or never had an account.",
	  "host forget web1.example.org\n" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = CMDLINE_PROGRAM,
	.usage = "[options] COMMAND [NAME...]",
	.summary = "Enrol certificate signing requests (CSRs), show and change "
		   "what is enrolled.",
	.options = options,
	.topics = topics,
	.epilogue =
		"Commands:\n"
		"  init                  create or upgrade the database\n"
		"  add NAME...           enrol; the CSR is csr_dir/NAME.csr or "
		"--csr=FILE\n"
		"  list                  all of them, one a line\n"
		"  show NAME...          everything about one\n"
		"  enable NAME...        let the fetcher renew it\n"
		"  disable NAME...       stop renewing it\n"
		"  set NAME FIELD=VALUE  comment, owner, webroot_path, ca, "
		"challenge, ...\n"
		"  remove NAME...        take it out, certificate and all\n"
		"  pending               what hosts ask for\n"
		"  approve ID...         give them what they ask for\n"
		"  reject ID...          or not, and tell them why\n"
		"  host COMMAND ...      accounts of hosts, see host --help",
	.examples = "add www.example.org --csr www.example.org.csr\n",
};

static int all_init(struct populate *p, char **words, int n, struct err *err)
{
	return init_run(p, err);
}

static int all_list(struct populate *p, char **words, int n, struct err *err)
{
	return list_run(p, err);
}

static int all_set(struct populate *p, char **words, int n, struct err *err)
{
	return change_set(p, words[0], words + 1, err);
}

#define NONE	  0, -1, NULL
#define ANY_NAME  1, 0, "a NAME"
#define HOST_NAME 2, 0, "a HOST and a NAME"

static const struct cmdline_command commands[] = {
	{ "init", STORE_ADMIN, NULL, all_init, NONE },
	{ "add", STORE_WRITE, add_run, NULL, ANY_NAME },
	{ "list", STORE_READ, NULL, all_list, NONE },
	{ "show", STORE_READ, show_run, NULL, ANY_NAME },
	{ "enable", STORE_WRITE, change_enable, NULL, ANY_NAME },
	{ "disable", STORE_WRITE, change_disable, NULL, ANY_NAME },
	{ "set", STORE_WRITE, NULL, all_set, 2, 0, "a NAME and FIELD=VALUE" },
	{ "remove", STORE_WRITE, change_remove, NULL, ANY_NAME },
	{ "pending", STORE_READ, NULL, pending_run, 0, 0, NULL },
	{ "approve", STORE_BRIEF, NULL, approve_run, 0, 0, NULL },
	{ "reject", STORE_BRIEF, NULL, reject_run, 1, 0, "an ID" },
	{ "host add", STORE_WRITE, NULL, hostcmd_add, 1, 0, "a HOST" },
	{ "host list", STORE_READ, NULL, hostcmd_list, NONE },
	{ "host show", STORE_READ, hostcmd_show, NULL, 1, 0, "a HOST" },
	{ "host grant", STORE_WRITE, NULL, hostcmd_grant, HOST_NAME },
	{ "host revoke", STORE_WRITE, NULL, hostcmd_revoke, HOST_NAME },
	{ "host remove", STORE_WRITE, hostcmd_remove, NULL, 1, 0, "a HOST" },
	{ "host forget", STORE_WRITE, hostcmd_forget, NULL, 1, 0, "a HOST" },
};

struct parsed {
	struct populate_opts opt;
	const struct opts_option *given[ARRAY_LEN(options)]; /* by place */
};

static void note_given(struct parsed *a, int key)
{
	for (size_t i = 0; options[i].key; i++)
		if (options[i].key == key)
			a->given[i] = &options[i];
}

/* Where what is given goes: a word, which may be empty (none) or not, or that
 * it was given. */
#define OPT(name) offsetof(struct populate_opts, name)
static const struct {
	int key;
	size_t at;
	bool may_be_empty;
} opt_words[] = {
	{ 'c', OPT(config), false },
	{ KEY_PASSWORD_FILE, OPT(password_file), false },
	{ KEY_REASON, OPT(reason), false },
	{ KEY_CSR, OPT(csr), false },
	{ KEY_CA, OPT(ca), false },
	{ KEY_CA_PROFILE, OPT(ca_profile), false },
	{ KEY_CHALLENGE, OPT(challenge), false },
	{ KEY_WEBROOT, OPT(webroot), false },
	{ KEY_COMMENT, OPT(comment), true },
	{ KEY_OWNER, OPT(owner), true },
};
static const struct {
	int key;
	size_t at;
} opt_flags[] = {
	{ 'n', OPT(dry_run) },	       { 'y', OPT(yes) },
	{ KEY_JSON, OPT(json) },       { KEY_NEW_PASSWORD, OPT(new_password) },
	{ KEY_ENABLE, OPT(enable) },   { KEY_BESIDE, OPT(beside) },
	{ KEY_BY_RULE, OPT(by_rule) }, { KEY_REPLACE, OPT(replace) },
};

static bool take_option(int k, const char *value, void *arg)
{
	struct parsed *a = arg;
	char *o = (char *) &a->opt;

	note_given(a, k);
	for (size_t i = 0; i < ARRAY_LEN(opt_flags); i++)
		if (opt_flags[i].key == k)
			return *(bool *) (o + opt_flags[i].at) = true;
	for (size_t i = 0; i < ARRAY_LEN(opt_words); i++) {
		if (opt_words[i].key != k)
			continue;
		*(const char **) (o + opt_words[i].at) = *value ? value : NULL;
		return *value || opt_words[i].may_be_empty;
	}
	a->opt.verbose += k == 'v';
	return k == 'v';
}

/* Is this one of GROUP, or, NULL, of none? Its second word, or its only one. */
static const char *word_of(const struct cmdline_command *c, const char *group)
{
	const char *second = strchr(c->word, ' ');
	size_t len = group ? strlen(group) : 0;

	if (!group)
		return second ? NULL : c->word;
	return strncmp(c->word, group, len) == 0 && c->word + len == second
		       ? second + 1
		       : NULL;
}

/* "init, add, list or show": those of GROUP. */
static const char *command_words(const char *group)
{
	static char text[400];
	size_t all = 0, n = 0, len = 0;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		all += word_of(&commands[i], group) ? 1 : 0;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const char *word = word_of(&commands[i], group);

		if (!word || len >= sizeof(text))
			continue;
		n++;
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s",
					 n == 1	    ? ""
					 : n == all ? " or "
						    : ", ",
					 word);
	}
	return text;
}

static const struct cmdline_command *find_command(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(word, commands[i].word) == 0)
			return &commands[i];
	return NULL;
}

/* Are there commands that begin with this word, and another one? */
static bool is_group(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strncmp(commands[i].word, word, len) == 0 &&
		    commands[i].word[len] == ' ')
			return true;
	return false;
}

/* What people write who know other programs. */
static void __attribute__((__noreturn__)) no_command(const char *word)
{
	static const struct {
		const char *word, *meant;
	} others[] = {
		{ "ls", "list" },
		{ "status", "list" },
		{ "rm", "remove" },
		{ "delete", "remove" },
		{ "del", "remove" },
		{ "change", "set" },
		{ "edit", "set" },
		{ "enrol", "add" },
		{ "enroll", "add" },
		{ "import", "add" },
		{ "get", "show" },
		{ "info", "show" },
		{ "upgrade", "init" },
		{ "replace", "add --replace" },
		{ "hold", "disable" },
		{ "release", "enable" },
		{ "unhold", "enable" },
		{ "grant", "host grant" },
		{ "revoke", "host revoke" },
		{ "forget", "host forget" },
		{ "hosts", "host list" },
	};
	static const char *const orders[] = { "renew", "issue", "order",
					      "force", "fetch" };
	struct near near = near_word(word);

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(word, others[i].word) == 0)
			opts_usage(&spec,
				   "there is no command \"%s\", it is called "
				   "%s",
				   word, others[i].meant);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (strcmp(word, orders[i]) == 0)
			opts_usage(&spec,
				   "there is no command \"%s\", that is the "
				   "fetcher's work: as its user, "
				   "certrepo-fetcher --once --force NAME",
				   word);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void) near_try(&near, commands[i].word);
	if (near.best)
		opts_usage(&spec, "there is no command \"%s\"; is %s meant?",
			   word, near.best);
	opts_usage(&spec,
		   "there is no command \"%s\": %s; a NAME alone, which has a "
		   "dot, is enrolled",
		   word, command_words(NULL));
}

/* GROUP and WORD, which may be NULL, are no command. */
static void __attribute__((__noreturn__))
no_such_of(const char *group, const char *word)
{
	struct near near;
	char both[100];

	if (!word)
		opts_usage(&spec, "say what to do: %s %s", group,
			   command_words(group));
	(void) snprintf(both, sizeof(both), "%s %s", group, word);
	near = near_word(both);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (word_of(&commands[i], group))
			(void) near_try(&near, commands[i].word);
	if (near.best)
		opts_usage(&spec, "there is no command \"%s\"; is %s meant?",
			   both, near.best);
	opts_usage(&spec, "there is no command \"%s\": %s", both,
		   command_words(group));
}

/* An option without effect would leave a person in a wrong belief. */
static void check_usage(const struct cmdline_command *c,
			const struct parsed *given, int n)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (given->given[i] && !opts_is_of(given->given[i], c->word))
			opts_usage(&spec, "%s does not take --%s", c->word,
				   given->given[i]->name);
	if (c->most == -1 && n > 0)
		opts_usage(&spec, "%s takes no name", c->word);
	if (n < c->least)
		opts_usage(&spec, "%s needs %s", c->word, c->needs);
	if (c->most > 0 && n > c->most)
		opts_usage(&spec, "%s takes %s, and nothing else", c->word,
			   c->needs);
	if (given->opt.csr && n > 1)
		opts_usage(&spec, "--csr is one file, for one NAME");
}

static const struct cmdline_command *of_group(char *const *words)
{
	const struct cmdline_command *c;
	char both[100];

	if (!words[1])
		no_such_of(words[0], NULL);
	(void) snprintf(both, sizeof(both), "%s %s", words[0], words[1]);
	c = find_command(both);
	if (!c)
		no_such_of(words[0], words[1]);
	return c;
}

void cmdline_parse(int argc, char **argv, struct cmdline *ret)
{
	struct parsed given = { .opt.config = NULL };
	const struct cmdline_command *c;
	int at;

	at = opts_parse(&spec, argc, argv, take_option, &given);
	if (at == argc)
		opts_usage(&spec, "say what to do: %s", command_words(NULL));
	c = find_command(argv[at]);
	if (c) {
		at++;
	} else if (is_group(argv[at])) {
		c = of_group(argv + at);
		at += 2;
	} else if (strchr(argv[at], '.') || strchr(argv[at], '+')) {
		c = find_command("add"); /* as in 2019 */
	} else {
		no_command(argv[at]);
	}
	check_usage(c, &given, argc - at);
	*ret = (struct cmdline){ .command = c,
				 .opt = given.opt,
				 .words = argv + at,
				 .n = argc - at };
}
