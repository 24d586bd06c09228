/* SPDX-License-Identifier: MIT */
#include "conf_near.h"
#include <string.h>

/* Levenshtein's distance; names are cut at 63. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], la = strnlen(a, 63), lb = strnlen(b, 63), i, j;

	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

size_t conf_near_most(const char *name)
{
	return strlen(name) / 2 + 1;
}

bool conf_near(const char *name, const char *known, size_t *best)
{
	size_t d = distance(name, known);

	if (d >= *best)
		return false;
	*best = d;
	return true;
}
