/* SPDX-License-Identifier: MIT */
#include "account_impl.h"
#include <string.h>

enum { KEY_JSON = 256 };

static const struct opts_option options[] = {
	COMMAND_OPTIONS,
	{ KEY_JSON, "json", NULL, "show: for programs" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = COMMAND_PROGRAM " account",
	.usage = "[options] show [CA...]",
	.summary = "Show the accounts at the CAs of the configuration.",
	.options = options,
	.epilogue =
		"  show [CA...]          what is known of the account there, "
		"of each CA\n"
		"\n"
		"CA is a name of the list `ca' in the configuration.",
};

typedef int verb_fn(const struct command_run *run, int *ret_status,
		    struct err *err);

static const struct verb {
	const char *word;
	size_t least, most; /* words behind it */
	bool writes, json;
	verb_fn *run;
} verbs[] = {
	{ "show", 0, STORE_CAS_MAX, false, true, account_show },
};

static bool on_option(int key, const char *value, void *arg)
{
	struct account_opts *o = arg;

	o->json = key == KEY_JSON;
	return o->json;
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

	if (!run->n_words)
		opts_usage(&spec, "say what to do: show");
	if (!v)
		opts_usage(&spec,
			   "there is no command \"account %.100s\": show; a "
			   "certificate of the name account is ordered "
			   "by " COMMAND_PROGRAM " -- account",
			   run->words[0]);
	if (n < v->least || n > v->most)
		opts_usage(&spec, "%s takes %zu to %zu words", v->word,
			   v->least, v->most);
	if (account_opts_of(run)->json && !v->json)
		opts_usage(&spec, "%s does not take --json", v->word);
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
