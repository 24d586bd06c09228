/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include "journal.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is built in gets into a command only if profile_uses() says so: what it
 * may be is checked by that. */
static void check_uses(const struct profile *p,
		       const struct profile_command *cmd, struct arena *arena,
		       const char *const *argv)
{
	static const char *const other[] = { "other", NULL };
	struct profile_var vars[16];
	void *list[16];
	const struct conf_groups g = { list, profile_builtins.n };
	struct conf_errors errs = { 0 };
	const char *const *argv2;
	bool uses = false, same;

	for (size_t i = 0; i < g.n; i++) {
		const struct profile_var *b = profile_builtins.v[i];

		vars[i] = (struct profile_var){ .name = b->name,
						.value = { other, 1 } };
		list[i] = &vars[i];
		uses = uses || profile_uses(cmd, b->name);
	}
	if (profile_argv(p, &g, cmd, arena, &argv2, &errs) == -1)
		__builtin_trap();
	while (*argv && *argv2 && strcmp(*argv, *argv2) == 0) {
		argv++;
		argv2++;
	}
	same = !*argv && !*argv2;
	if (same == uses)
		__builtin_trap();
}

/* No command that a profile may run is without a program, and no file's name
 * leads out of its folder. */
static void check_profile(const struct profile *p, struct arena *arena)
{
	struct conf_errors errs = { 0 };

	for (size_t i = 0; i < p->files.n; i++) {
		const struct profile_file *f = p->files.v[i];

		if (strstr(f->file, "/../") || strncmp(f->file, "../", 3) == 0)
			__builtin_trap();
	}
	for (int h = 0; h < HOOKS; h++) {
		for (size_t i = 0; i < p->hooks[h].n; i++) {
			const char *const *argv;

			if (profile_argv(p, &profile_builtins, p->hooks[h].v[i],
					 arena, &argv, &errs) == -1 ||
			    !argv[0] || argv[0][0] == '\0')
				__builtin_trap();
			check_uses(p, p->hooks[h].v[i], arena, argv);
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
			if (j.n == 0 || !j.v[i].service || !j.v[i].gen)
				__builtin_trap();
	return 0;
}
