/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "log.h"
#include "near.h"
#include "opts.h"
#include "populate_cmd.h"
#include "proof_kind.h"
#include "startup.h"
#include "term.h"

#define PROGRAM "certrepo-populate"

enum {
	KEY_CSR = 256,
	KEY_ENABLE,
	KEY_REPLACE,
	KEY_CA,
	KEY_CA_PROFILE,
	KEY_CHALLENGE,
	KEY_WEBROOT,
	KEY_COMMENT,
	KEY_JSON,
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE",
	  "instead of admin.conf (root) or certrepo.conf" },
	{ 'n', "dry-run", NULL, "check and say what would be done",
	  " init add enable disable set remove " },
	{ 'v', "verbose", NULL, "say more on stderr" },
	{ 'y', "yes", NULL, "without asking", " remove " },
	{ KEY_JSON, "json", NULL, "for programs", " list show " },
	{ KEY_CSR, "csr", "FILE", "instead of csr_dir/NAME.csr; - is stdin",
	  " add " },
	{ KEY_ENABLE, "enable", NULL, "to be renewed from the start", " add " },
	{ KEY_REPLACE, "replace", NULL, "another CSR for a NAME that is there",
	  " add " },
	{ KEY_CA, "ca", "NAME", "a CA of the configuration", " add " },
	{ KEY_CA_PROFILE, "ca-profile", "NAME", "one that the CA offers",
	  " add " },
	{ KEY_CHALLENGE, "challenge", "TYPE", PROOF_TYPE_NAMES, " add " },
	{ KEY_WEBROOT, "webroot", "PATH", "http-01, the folder served",
	  " add " },
	{ KEY_COMMENT, "comment", "TEXT", "a note, plain ASCII", " add " },
	{ 0 },
};

static const struct opts_topic topics[] = {
	{ "init", "[options] init",
	  "Create the database, or upgrade one of a version before.",
	  "init --dry-run\n"
	  "init\n" },
	{ "add", "[options] add NAME...",
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
	  "Change what is noted of a name; FIELD is comment, webroot_path, "
	  "ca,\n"
	  "ca_profile, challenge, certbot or enable. No VALUE: none.",
	  "set www.example.org challenge=dns-01\n"
	  "set www.example.org ca_profile=shortlived ca=letsencrypt\n"
	  "set www.example.org comment=\n" },
	{ "remove", "[options] remove NAME...",
	  "Take a name out of the database, certificate and all.",
	  "remove old.example.org\n" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
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
		"  NAME                  the same, as long as NAME has a dot\n"
		"  list                  all of them, one a line\n"
		"  show NAME...          everything about one\n"
		"  enable NAME...        let the fetcher renew it\n"
		"  disable NAME...       stop renewing it\n"
		"  set NAME FIELD=VALUE  comment, webroot_path, ca, "
		"ca_profile, "
		"challenge, ...\n"
		"  remove NAME...        take it out, certificate and all",
	.examples = "add www.example.org --csr www.example.org.csr\n"
		    "show www.example.org\n",
};

#define COMMANDS "init, add, list, show, enable, disable, set or remove"
#define BIT(key) (1u << ((key) -KEY_CSR))
#define DRY	 (1u << 20)
#define YES	 (1u << 21)
#define ADD_BITS                                                           \
	(BIT(KEY_CSR) | BIT(KEY_ENABLE) | BIT(KEY_REPLACE) | BIT(KEY_CA) | \
	 BIT(KEY_CA_PROFILE) | BIT(KEY_CHALLENGE) | BIT(KEY_WEBROOT) |     \
	 BIT(KEY_COMMENT))

typedef int name_fn(struct populate *p, const char *name, struct err *err);

static const struct command {
	const char *word;
	enum store_use use;
	unsigned int takes; /* options, beyond -c and -v */
	name_fn *each;	    /* for every NAME; NULL: another shape */
} commands[] = {
	{ "init", STORE_ADMIN, DRY, NULL },
	{ "list", STORE_READ, BIT(KEY_JSON), NULL },
	{ "set", STORE_WRITE, DRY, NULL },
	{ "add", STORE_WRITE, ADD_BITS | DRY, add_run },
	{ "show", STORE_READ, BIT(KEY_JSON), show_run },
	{ "enable", STORE_WRITE, DRY, change_enable },
	{ "disable", STORE_WRITE, DRY, change_disable },
	{ "remove", STORE_WRITE, DRY | YES, change_remove },
};

struct parsed {
	struct populate_opts opt;
	unsigned int given;
};

static bool take_option(int k, const char *value, void *arg)
{
	struct parsed *a = arg;
	struct populate_opts *o = &a->opt;

	if (k >= KEY_CSR)
		a->given |= BIT(k);
	switch (k) {
	case 'c':
		o->config = value;
		return *value != '\0';
	case 'n':
		o->dry_run = true;
		a->given |= DRY;
		return true;
	case 'v':
		o->verbose++;
		return true;
	case 'y':
		o->yes = true;
		a->given |= YES;
		return true;
	case KEY_JSON:
		o->json = true;
		return true;
	case KEY_ENABLE:
		o->enable = true;
		return true;
	case KEY_REPLACE:
		o->replace = true;
		return true;
	case KEY_CSR:
		o->csr = value;
		return *value != '\0';
	case KEY_CA:
		o->ca = value;
		return *value != '\0';
	case KEY_CA_PROFILE:
		o->ca_profile = value;
		return *value != '\0';
	case KEY_CHALLENGE:
		o->challenge = value;
		return *value != '\0';
	case KEY_WEBROOT:
		o->webroot = value;
		return *value != '\0';
	case KEY_COMMENT:
		o->comment = *value ? value : NULL;
		return true;
	}
	return false;
}

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(word, commands[i].word) == 0)
			return &commands[i];
	return NULL;
}

/* What people write who know other programs. */
static void __attribute__((__noreturn__)) no_command(const char *word)
{
	static const struct {
		const char *word, *meant;
	} others[] = {
		{ "ls", "list" },	{ "status", "list" },
		{ "rm", "remove" },	{ "delete", "remove" },
		{ "del", "remove" },	{ "change", "set" },
		{ "edit", "set" },	{ "enrol", "add" },
		{ "enroll", "add" },	{ "import", "add" },
		{ "get", "show" },	{ "info", "show" },
		{ "upgrade", "init" },	{ "replace", "add --replace" },
		{ "hold", "disable" },	{ "release", "enable" },
		{ "unhold", "enable" },
	};
	static const char *const orders[] = { "renew", "issue", "order",
					      "force", "fetch" };
	AUTO(mem_free_str) char *meant = NULL;
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
	meant = near_text(&near, "");
	if (near.best)
		opts_usage(&spec, "there is no command \"%s\"%s", word, meant);
	opts_usage(&spec,
		   "there is no command \"%s\": " COMMANDS
		   "; a NAME alone, which has a dot, is enrolled",
		   word);
}

static const char *option_name(unsigned int bit)
{
	if (bit == DRY)
		return "dry-run";
	if (bit == YES)
		return "yes";
	for (size_t i = 0; options[i].key; i++)
		if (options[i].key >= KEY_CSR && BIT(options[i].key) == bit)
			return options[i].name;
	return "?";
}

/* An option without effect would leave a person in a wrong belief. */
static void check_usage(const struct command *c, const struct parsed *given,
			char **names, int n)
{
	unsigned int wrong = given->given & ~c->takes;
	bool plain = !c->each && strcmp(c->word, "set") != 0;

	if (wrong)
		opts_usage(&spec, "%s does not take --%s", c->word,
			   option_name(wrong & -wrong));
	if (plain && n > 0)
		opts_usage(&spec, "%s takes no name", c->word);
	if (!plain && n == 0)
		opts_usage(&spec, "%s needs a NAME", c->word);
	if (strcmp(c->word, "set") == 0 && n < 2)
		opts_usage(&spec, "set needs a NAME and FIELD=VALUE");
	if (given->opt.csr && n > 1)
		opts_usage(&spec, "--csr is one file, for one NAME");
}

/* The commands in ERR, as they have to be. */
static void tell_config(const struct populate *p, struct err *err)
{
	if (*populate_hint(p, p->arena))
		certrepo_conf_tell(p->opt.config, err);
}

/* Every name is tried; a failure of one is said and does not stop the
 * others. */
static int each_name(struct populate *p, const struct command *c, char **names,
		     int n)
{
	int failed = 0, status = 0;

	for (int i = 0; i < n; i++) {
		struct err err = ERR_INIT;

		/* On a terminal their own lines show how far it is. */
		if (isatty(STDOUT_FILENO) != 1 && term_wants_progress())
			term_progress("%d of %d", i, n);
		if (c->each(p, names[i], &err) == 0)
			continue;
		term_wipe();
		populate_tell(names[i], &err);
		populate_tell_account(false, &err);
		tell_config(p, &err);
		fflush(stdout);
		log_error(&err);
		status = err_exit_status(err.kind);
		failed++;
		if (err.kind == ERR_UNAVAILABLE)
			return i + 1 - failed > 0 ? 2 : status;
	}
	term_wipe();
	return failed > 0 && failed < n ? 2 : status;
}

static int run(struct populate *p, const struct command *c, char **names, int n)
{
	struct err err = ERR_INIT;
	enum store_use use = c->use;
	int rc;

	if (p->opt.dry_run)
		use = STORE_READ;
	if (use == STORE_READ && c->use == STORE_ADMIN && init_dry_new(p))
		return 0;
	if (store_open(p->conf.store, use, &p->store, &err) == -1) {
		populate_tell_user(p->conf.store, &err);
		tell_config(p, &err);
		log_error(&err);
		return err_exit_status(err.kind);
	}
	if (c->each)
		return each_name(p, c, names, n);
	if (strcmp(c->word, "init") == 0)
		rc = init_run(p, &err);
	else if (strcmp(c->word, "list") == 0)
		rc = list_run(p, &err);
	else
		rc = change_set(p, names[0], names + 1, &err);
	if (rc == 0)
		return 0;
	if (n > 0)
		populate_tell(names[0], &err);
	populate_tell_account(c->use == STORE_ADMIN, &err);
	tell_config(p, &err);
	fflush(stdout);
	log_error(&err);
	return err_exit_status(err.kind);
}

static int load_conf(struct populate *p)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { 0 } };

	if (certrepo_conf_load(p->opt.config, p->arena, &p->conf, &errs) == 0)
		return 0;
	return conf_errors_print(&errs, PROGRAM);
}

int main(int argc, char **argv)
{
	struct parsed given = { .opt.config = NULL };
	struct populate p = { .store = NULL };
	const struct command *c;
	int at, status;

	startup_plain();
	at = opts_parse(&spec, argc, argv, take_option, &given);
	if (at == argc)
		opts_usage(&spec, "say what to do: " COMMANDS);
	c = find_command(argv[at]);
	if (c)
		at++;
	else if (strchr(argv[at], '.') || strchr(argv[at], '+'))
		c = find_command("add"); /* as in 2019 */
	else
		no_command(argv[at]);
	check_usage(c, &given, argv + at, argc - at);
	log_open(PROGRAM, given.opt.verbose);
	p.opt = given.opt;
	if (!p.opt.config) {
		p.opt.config = populate_config(c->use == STORE_ADMIN);
		if (log_verbose())
			log_info("configuration: %s", p.opt.config);
	}
	p.arena = arena_new();
	p.now = clock_now();
	status = load_conf(&p);
	if (status == 0)
		status = run(&p, c, argv + at, argc - at);
	store_free(&p.store);
	arena_free(&p.arena);
	return opts_end(PROGRAM, status);
}
