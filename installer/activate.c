/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "activate.h"
#include "child.h"

/* The last line that says something: services explain themselves last. */
static const char *last_line(char *output)
{
	size_t len = strlen(output);
	char *nl;

	while (len > 0 && (output[len - 1] == '\n' || output[len - 1] == ' '))
		output[--len] = '\0';
	nl = strrchr(output, '\n');
	return nl != NULL ? nl + 1 : output;
}

static void result_free(struct child_result *r)
{
	sbuf_free(&r->output);
}

static int run_one(const struct svc_command *c, bool *tried, struct err *err)
{
	struct child_spec spec = { .argv = c->argv,
				   .user = c->user,
				   .timeout_s = c->timeout_s };
	AUTO(result_free) struct child_result result = { .status = 0 };
	AUTO(mem_free_str) char *output = NULL;
	struct strlist words = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;
	const char *said;

	if (child_run(&spec, &result, err) == -1) {
		*tried = false;
		return -1;
	}
	if (!result.timed_out && result.status == 0)
		return 0;
	for (const char *const *a = c->argv; *a != NULL; a++)
		strlist_add(&words, *a);
	text = strlist_join(&words, " ");
	strlist_free(&words);
	output = mem_strdup(sbuf_str(&result.output));
	said = last_line(output);
	if (result.timed_out)
		return err_set(err, ERR_CHILD,
			       "\"%s\" did not end within %d seconds%s%s", text,
			       c->timeout_s, *said != '\0' ? ": " : "", said);
	return err_set(err, ERR_CHILD, "\"%s\" exited with %d%s%s", text,
		       result.status, *said != '\0' ? ": " : "", said);
}

int activate_run(const struct svc_commands *commands, bool *ret_tried,
		 struct err *err)
{
	bool tried = true;

	for (size_t i = 0; i < commands->n; i++) {
		if (run_one(&commands->v[i], &tried, err) == -1) {
			if (ret_tried != NULL)
				*ret_tried = tried;
			return -1;
		}
	}
	if (ret_tried != NULL)
		*ret_tried = true;
	return 0;
}

const char *activate_text(const struct svc_command *c, struct arena *arena)
{
	struct strlist words = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	for (const char *const *a = c->argv; *a != NULL; a++)
		strlist_add(&words, *a);
	text = strlist_join(&words, " ");
	strlist_free(&words);
	return arena_strdup(arena, text);
}
