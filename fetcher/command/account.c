/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <string.h>
#include "near.h"

enum { KEY_JSON = 256, KEY_REPLACE };

static const struct opts_option options[] = {
	COMMAND_OPTIONS,
	{ KEY_JSON, "json", NULL, "show: for programs" },
	{ KEY_REPLACE, "replace", NULL,
	  "import: in the place of another key, which is kept" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = COMMAND_PROGRAM " account",
	.usage = "[options] COMMAND [CA...]",
	.summary = "Our accounts at the CAs of the configuration.",
	.options = options,
	.epilogue =
		"Commands:\n"
		"  show [CA...]          what the CA says of the account "
		"there\n"
		"  update [CA...]        tell it contact and agree_tos of the "
		"configuration\n"
		"  import CA FILE        use the account of a key: PEM, or "
		"certbot's JSON\n"
		"\n"
		"CA is a name of the list `ca' in the configuration; without "
		"one, all of them.",
	.examples = "show\n"
		    "import letsencrypt private_key.json\n",
};

#define VERBS "show, update or import"

typedef int verb_fn(const struct command_run *run, int *ret_status,
		    struct err *err);

static const struct verb {
	const char *word;
	size_t least, most; /* words behind it */
	bool writes, json, replace;
	verb_fn *run;
} verbs[] = {
	{ "show", 0, STORE_CAS_MAX, false, true, false, account_show },
	{ "update", 0, STORE_CAS_MAX, true, false, false, account_update },
	{ "import", 2, 2, true, false, true, account_import },
};

static bool on_option(int key, const char *value, void *arg)
{
	struct account_opts *o = arg;

	if (key == KEY_JSON)
		o->json = true;
	else
		o->replace = true;
	return true;
}

static const struct verb *find(const struct command_run *run)
{
	for (size_t i = 0; run->n_words && i < ARRAY_LEN(verbs); i++)
		if (strcmp(run->words[0], verbs[i].word) == 0)
			return &verbs[i];
	return NULL;
}

static void check(const struct command_run *run, bool *ret_writes)
{
	const struct verb *v = find(run);
	size_t n = run->n_words ? run->n_words - 1 : 0;
	AUTO(mem_free_str) char *meant = NULL;
	struct near near;

	if (!run->n_words)
		opts_usage(&spec, "say what to do: " VERBS);
	near = near_word(run->words[0]);
	for (size_t i = 0; !v && i < ARRAY_LEN(verbs); i++)
		(void) near_try(&near, verbs[i].word);
	meant = near_text(&near, "account ");
	if (near.best)
		opts_usage(&spec, "there is no command \"account %.100s\"%s",
			   run->words[0], meant);
	if (!v)
		opts_usage(&spec,
			   "there is no command \"account %.100s\": " VERBS
			   "; a "
			   "certificate of the name account is ordered "
			   "by " COMMAND_PROGRAM " -- account",
			   run->words[0]);
	if (n < v->least || n > v->most)
		opts_usage(&spec, "%s takes %s", v->word,
			   v->least ? "a CA and the file of a key"
				    : "names of CAs");
	if (account_opts_of(run)->json && !v->json)
		opts_usage(&spec, "%s does not take --json", v->word);
	if (account_opts_of(run)->replace && !v->replace)
		opts_usage(&spec, "%s does not take --replace", v->word);
	*ret_writes = v->writes;
}

int account_cas(const struct command_run *run, struct account_cas *ret,
		struct err *err)
{
	size_t n = run->n_words ? run->n_words : run->conf->ca.n;
	struct account_cas cas = {
		.v = arena_array(run->arena, n, sizeof(*cas.v)),
		.n = n,
	};

	for (size_t i = 0; i < n; i++) {
		if (!run->n_words) {
			cas.v[i] = run->conf->ca.v[i];
			continue;
		}
		cas.v[i] = certrepo_conf_ca(run->conf, run->words[i]);
		if (!cas.v[i])
			return err_set(err, ERR_USAGE,
				       "there is no CA \"%.100s\" in the list "
				       "`ca' of %s",
				       run->words[i], run->config);
	}
	*ret = cas;
	return 0;
}

static int run_verb(const struct command_run *run, int *ret_status,
		    struct err *err)
{
	const struct verb *v = find(run);
	struct command_run behind = *run;

	behind.words++;
	behind.n_words--;
	return v->run(&behind, ret_status, err);
}

const struct command account_command = {
	.word = "account",
	.spec = &spec,
	.on_option = on_option,
	.own_size = sizeof(struct account_opts),
	.check = check,
	.run = run_verb,
};
