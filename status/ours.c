/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include "ours.h"
#include "plain.h"

#define DIGITS 64

int ours_find(struct store *s, const char *key, struct arena *arena,
	      const char **ret_name, struct err *err)
{
	char quoted[PLAIN_QUOTED], lower[DIGITS + 1];
	const char *name = NULL;

	if (strlen(key) != DIGITS ||
	    strspn(key, "0123456789abcdefABCDEF") != DIGITS)
		return err_set(err, ERR_USAGE,
			       "%s is no SHA-256 of a public key, which has "
			       "%d hexadecimal digits",
			       plain_quoted(key, quoted), DIGITS);
	for (size_t i = 0; i <= DIGITS; i++)
		lower[i] = (char) tolower((unsigned char) key[i]);
	if (store_key_owner(s, lower, NULL, arena, &name, err) == -1)
		return -1;
	if (!name)
		return 0;
	*ret_name = name;
	return 1;
}
