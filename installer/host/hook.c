/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "hook.h"
#include "child.h"
#include "target.h"
#include "term.h"
#include "way.h"
#include "words.h"

static struct child_spec spec_of(const struct svc_command *c)
{
	return (struct child_spec){ .argv = c->argv,
				    .user = c->user,
				    .env = c->env,
				    .timeout_s = c->timeout_s };
}

/* A user's command says "Permission denied" of a file, and not why. */
static int add_way(const struct svc_command *c, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *way = NULL;

	for (size_t i = 1; c->user && c->argv[0] && c->argv[i] && !way; i++)
		way = way_barred(c->argv[i], c->user, a);
	if (way)
		err_set(err, err->kind,
			"%s; %s: see CATALOGUE in "
			"certrepo-profiles(7)",
			err->msg, way);
	return -1;
}

static int run_one(const struct svc *s, enum hook hook,
		   const struct svc_command *c, bool *tried, struct err *err)
{
	struct child_spec spec = spec_of(c);
	int rc;

	if (target_check_command(c, s->certs, s->n_certs, err) == -1) {
		*tried = false;
		return -1;
	}
	/* What it fetches is a peer's, and read back by place_read(). */
	if (hook == HOOK_SEED)
		spec.file_max = PLACE_READ_MAX;
	term_progress("%s: running %s", s->name, spec.argv[0]);
	rc = child_check(&spec, tried, err);
	term_wipe();
	return rc == -1 ? add_way(c, err) : rc;
}

int hook_find(const struct svc_command *c, struct err *err)
{
	const struct child_spec spec = spec_of(c);

	return child_find(&spec, err);
}

int hook_run(const struct svc *s, enum hook hook, bool *ret_tried,
	     struct err *err)
{
	const struct svc_commands *commands = &s->hooks[hook];
	bool tried = true;

	for (size_t i = 0; i < commands->n; i++) {
		if (run_one(s, hook, &commands->v[i], &tried, err) == -1) {
			if (ret_tried)
				*ret_tried = tried;
			return -1;
		}
	}
	if (ret_tried)
		*ret_tried = true;
	return 0;
}

/* Does it say that the service is stopped? Only an exit status is a verdict:
 * without one, go on as if there were no such command. */
static bool says_stopped(const struct svc_command *c)
{
	const struct child_spec spec = spec_of(c);
	struct child_result r = { .status = 0 };
	struct err err = ERR_INIT;
	bool stopped = child_run(&spec, &r, &err) == 0 && r.status != 0 &&
		       r.signal == 0 && !r.timed_out;

	sbuf_free(&r.output);
	return stopped;
}

bool hook_running(const struct svc *s)
{
	const struct svc_commands *commands = &s->hooks[HOOK_RUNNING];

	for (size_t i = 0; i < commands->n; i++)
		if (says_stopped(&commands->v[i]))
			return false;
	return true;
}

const char *hook_text(const struct svc_command *c, struct arena *arena)
{
	AUTO(mem_free_str) char *text = words_text(c->argv);

	return arena_strdup(arena, text);
}
