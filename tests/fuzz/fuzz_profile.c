/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include "journal.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No command that a profile may run is without a program, and no file's name
 * leads out of its folder. */
static void check_profile(const struct profile *p, struct arena *arena)
{
	const struct conf_groups *lists[] = { &p->check, &p->running,
					      &p->test,	 &p->activate,
					      &p->start, &p->post };
	struct conf_errors errs = { 0 };

	for (size_t i = 0; i < p->files.n; i++) {
		const struct profile_file *f = p->files.v[i];

		if (strstr(f->file, "/../") != NULL ||
		    strncmp(f->file, "../", 3) == 0)
			__builtin_trap();
	}
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++) {
			const char *const *argv;

			if (profile_argv(p, &profile_builtins, lists[l]->v[i],
					 arena, &argv, &errs) == -1 ||
			    argv[0] == NULL || argv[0][0] == '\0')
				__builtin_trap();
		}
	}
	conf_errors_free(&errs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *text = mem_strndup((const char *) data, size);
	struct conf_errors errs = { 0 };
	struct journals j;
	struct profile p;
	int rc = profile_load_string("fuzz", text, arena, &p, &errs);

	if ((rc == -1) != (errs.list.n > 0))
		__builtin_trap();
	if (rc == 0)
		check_profile(&p, arena);
	conf_errors_free(&errs);
	/* The journal is ours, but a disk may have had its way with it. */
	if (journal_parse(text, arena, &j, NULL) == 0)
		for (size_t i = 0; i < j.n || j.n == 0; i++)
			if (j.n == 0 || j.v[i].service == NULL ||
			    j.v[i].gen == NULL)
				__builtin_trap();
	return 0;
}
