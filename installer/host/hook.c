/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "hook.h"
#include "child.h"
#include "words.h"

static struct child_spec spec_of(const struct svc_command *c)
{
	return (struct child_spec){ .argv = c->argv,
				    .user = c->user,
				    .env = c->env,
				    .timeout_s = c->timeout_s };
}

static int run_one(const struct svc_command *c, bool *tried, struct err *err)
{
	const struct child_spec spec = spec_of(c);

	return child_check(&spec, tried, err);
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
		if (run_one(&commands->v[i], &tried, err) == -1) {
			if (ret_tried)
				*ret_tried = tried;
			return -1;
		}
	}
	if (ret_tried)
		*ret_tried = true;
	return 0;
}

bool hook_running(const struct svc *s)
{
	struct err err = ERR_INIT;
	bool tried = false;

	/* Without a verdict, go on as if there were no such commands. */
	return hook_run(s, HOOK_RUNNING, &tried, &err) == 0 || !tried;
}

const char *hook_text(const struct svc_command *c, struct arena *arena)
{
	AUTO(mem_free_str) char *text = words_text(c->argv);

	return arena_strdup(arena, text);
}
