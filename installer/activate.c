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

static char *words_of(const struct svc_command *c)
{
	struct strlist words = STRLIST_INIT;
	char *text;

	for (const char *const *a = c->argv; *a != NULL; a++)
		strlist_add(&words, *a);
	text = strlist_join(&words, " ");
	strlist_free(&words);
	return text;
}

static int run_one(const struct svc_command *c, bool *tried, struct err *err)
{
	struct child_spec spec = { .argv = c->argv,
				   .user = c->user,
				   .timeout_s = c->timeout_s };
	AUTO(result_free) struct child_result result = { .status = 0 };
	AUTO(mem_free_str) char *output = NULL;
	AUTO(mem_free_str) char *text = NULL;
	const char *how, *said;
	int number;

	if (child_run(&spec, &result, err) == -1) {
		*tried = false;
		return -1;
	}
	if (!result.timed_out && result.status == 0)
		return 0;
	text = words_of(c);
	output = mem_strdup(sbuf_str(&result.output));
	said = last_line(output);
	how = result.timed_out	   ? "timed out after"
	      : result.signal != 0 ? "was ended by signal"
				   : "exited with";
	number = result.timed_out     ? c->timeout_s
		 : result.signal != 0 ? result.signal
				      : result.status;
	return err_set(err, ERR_CHILD, "\"%s\" %s %d%s%s%s", text, how, number,
		       result.timed_out ? " s" : "", *said != '\0' ? ": " : "",
		       said);
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
	AUTO(mem_free_str) char *text = words_of(c);

	return arena_strdup(arena, text);
}
