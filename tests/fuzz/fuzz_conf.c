/* SPDX-License-Identifier: MIT */
#include "certrepo_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text: errors or a configuration, and never libconfig's own file access
 * (conf_text.h). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *text = mem_strndup((const char *) data, size);
	struct conf_errors errs = { 0 };
	struct certrepo_conf conf;
	int rc;

	rc = conf_load_string("fuzz", text, &certrepo_conf_schema, arena, &conf,
			      &errs);
	/* An error is reported exactly when there is one. */
	if ((rc == -1) != (errs.list.n > 0))
		__builtin_trap();
	if (rc == 0)
		store_conf_check(conf.store, &errs);
	conf_errors_free(&errs);
	return 0;
}
