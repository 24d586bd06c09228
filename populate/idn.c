/* SPDX-License-Identifier: MIT */
#include "idn.h"
#include <idn2.h>
#include <stdbool.h>
#include <string.h>

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char) *s >= 0x80)
			return false;
	return true;
}

const char *idn_alabel(struct arena *a, const char *name)
{
	const char *wildcard = strncmp(name, "*.", 2) == 0 ? "*." : "";
	const char *domain = name + strlen(wildcard);
	const char *label = domain + strcspn(domain, "+");
	const char *ret = NULL;
	char *ascii = NULL;

	if (is_ascii(name))
		return NULL;
	domain = arena_strndup(a, domain, (size_t) (label - domain));
	/* Nontransitional: a German sharp s stays one. */
	if (idn2_to_ascii_8z(domain, &ascii,
			     IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		ret = arena_printf(a, "%s%s%s", wildcard, ascii, label);
	idn2_free(ascii);
	return ret;
}

void idn_tell(const char *name, struct err *err)
{
	struct arena *a = arena_new();
	const char *alabel = name ? idn_alabel(a, name) : NULL;

	if (alabel)
		(void) err_set(err, err->kind, "%s; its A-label is %s",
			       arena_strdup(a, err->msg), alabel);
	arena_free(&a);
}
