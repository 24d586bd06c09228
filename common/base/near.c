/* SPDX-License-Identifier: MIT */
#include "near.h"
#include <string.h>
#include "mem.h"

#define LETTERS_MAX 255 /* of a name, the rest is not looked at */

/* Levenshtein's. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LETTERS_MAX + 1], i, j;
	size_t la = strnlen(a, LETTERS_MAX), lb = strnlen(b, LETTERS_MAX);

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

struct near near_word(const char *name)
{
	return (struct near){ .name = name, .d = strlen(name) / 2 + 1 };
}

struct near near_name(const char *name)
{
	size_t most = strlen(name) / 8;

	return (struct near){ .name = name, .d = (most < 2 ? 2 : most) + 1 };
}

bool near_try(struct near *n, const char *known)
{
	size_t a = strlen(n->name), b = strlen(known);
	size_t d;

	/* As many letters more are as many others: most names end here. */
	if ((a > b ? a - b : b - a) >= n->d)
		return false;
	d = distance(n->name, known);
	if (d >= n->d)
		return false;
	n->d = d;
	n->best = known;
	return true;
}

char *near_text(const struct near *n, const char *before)
{
	if (!n->best)
		return mem_strdup("");
	return mem_printf("; is %s%s meant?", before, n->best);
}
