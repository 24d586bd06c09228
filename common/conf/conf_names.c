/* SPDX-License-Identifier: MIT */
#include "conf_names.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".conf"

static int is_one(const struct dirent *e)
{
	size_t len = strlen(e->d_name), end = strlen(ENDING);

	return len > end && strcmp(e->d_name + len - end, ENDING) == 0 &&
	       e->d_name[0] != '.';
}

void conf_names(const char *const *dirs, struct strlist *ret)
{
	for (; *dirs; dirs++) {
		struct dirent **entries;
		int n = scandir(*dirs, &entries, is_one, NULL);

		for (int i = 0; i < n; i++) {
			char *name = entries[i]->d_name;

			name[strlen(name) - strlen(ENDING)] = '\0';
			strlist_add(ret, name);
			free(entries[i]);
		}
		if (n != -1)
			free(entries);
	}
	strlist_sort_unique(ret);
}
