/* SPDX-License-Identifier: MIT */
#include "populate_cmd.h"

const char *populate_hint(const struct populate *p, struct arena *a)
{
	if (strcmp(p->opt.config, CERTREPO_CONF_PATH) == 0)
		return "";
	return arena_printf(a, " -c %s", p->opt.config);
}

int populate_not_enrolled(const struct populate *p, const char *name,
			  struct err *err)
{
	return err_set(err, ERR_INPUT, "%s is not enrolled in %s", name,
		       store_name(p->store));
}

int populate_row(struct populate *p, const char *name, struct arena *a,
		 struct store_cert **ret, struct err *err)
{
	int rc = store_get(p->store, name, a, ret, err);

	if (rc == 0)
		return populate_not_enrolled(p, name, err);
	return rc == 1 ? 0 : -1;
}

const char *populate_clean(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text ? text : "");

	for (char *p = s; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			*p = '?';
	return s;
}
