/* SPDX-License-Identifier: MIT */
#include "policy.h"
#include "strlist.h"

int policy_ca(const struct certrepo_conf *conf, const char *ca,
	      const struct certrepo_ca **ret, struct err *err)
{
	AUTO(strlist_free) struct strlist known = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;
	const struct certrepo_ca *found = certrepo_conf_ca(conf, ca);

	if (found) {
		*ret = found;
		return 0;
	}
	if (conf->ca.n == 0)
		return err_set(err, ERR_CONFIG,
			       "the configuration has no CA, give it one "
			       "(ca = ( { name = ...; directory = ...; } ))");
	for (size_t i = 0; i < conf->ca.n; i++)
		strlist_add(&known,
			    ((struct certrepo_ca *) conf->ca.v[i])->name);
	text = strlist_join(&known, ", ");
	return err_set(err, ERR_INPUT,
		       "CA \"%s\" is not in the configuration, which has: %s",
		       ca, text);
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

int policy_webroot(const char *webroot, struct err *err)
{
	const char *below = webroot ? strstr(webroot, "/.well-known") : NULL;

	if (!below || !strchr("/", below[strlen("/.well-known")]))
		return 0;
	return err_set(err, ERR_INPUT,
		       "the web root is the folder above .well-known, "
		       "which is made below it: %.*s",
		       (int) (below - webroot), webroot);
}

int policy_comment(const char *comment, struct err *err)
{
	if (!comment)
		return 0;
	if (strlen(comment) > STORE_COMMENT_MAX)
		return err_set(err, ERR_INPUT,
			       "the comment is longer than %d characters",
			       STORE_COMMENT_MAX);
	if (!printable(comment))
		return err_set(err, ERR_INPUT,
			       "the comment is not plain ASCII, and the table "
			       "takes nothing else: write it without accents "
			       "and line breaks");
	return 0;
}
