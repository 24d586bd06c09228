/* SPDX-License-Identifier: MIT */
#include "policy.h"
#include "strlist.h"

const char *policy_challenge(const char *challenge, bool certbot)
{
	if (challenge && *challenge)
		return challenge;
	return certbot ? "http-01" : "dns-01";
}

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

static int check_webroot(const struct certrepo_conf *conf, const char *webroot,
			 struct err *err)
{
	AUTO(strlist_free) struct strlist allowed = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	if (!webroot || !*webroot)
		return err_set(err, ERR_INPUT,
			       "http-01 needs the folder that the web server "
			       "serves: give it with --webroot PATH (or set "
			       "webroot_path=PATH)");
	if (strlen(webroot) > STORE_PATH_MAX)
		return err_set(err, ERR_INPUT,
			       "the web root is longer than %d characters",
			       STORE_PATH_MAX);
	if (webroot[0] != '/' || !printable(webroot) ||
	    certrepo_conf_path_climbs(webroot))
		return err_set(err, ERR_INPUT,
			       "the web root \"%s\" must be an absolute path "
			       "in ASCII, without \"..\"",
			       webroot);
	for (size_t i = 0; i < conf->webroot_prefixes.n; i++) {
		if (certrepo_conf_path_below(webroot,
					     conf->webroot_prefixes.v[i]))
			return 0;
		strlist_add(&allowed, conf->webroot_prefixes.v[i]);
	}
	if (allowed.n == 0)
		return err_set(err, ERR_INPUT,
			       "the configuration allows no web root: list the "
			       "folders the fetcher may write under in "
			       "webroot_prefixes");
	text = strlist_join(&allowed, ", ");
	return err_set(err, ERR_INPUT,
		       "the web root %s is under none of webroot_prefixes "
		       "in the configuration: %s",
		       webroot, text);
}

static int check_http(const struct certrepo_conf *conf,
		      const struct x509_ids *ids, const char *webroot,
		      struct err *err)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->v[i].value[0] == '*')
			return err_set(err, ERR_INPUT,
				       "http-01 cannot prove the wildcard %s: "
				       "use dns-01",
				       ids->v[i].value);
	return check_webroot(conf, webroot, err);
}

int policy_proof(const struct certrepo_conf *conf, const struct x509_ids *ids,
		 const char *challenge, const char *webroot, struct err *err)
{
	if (strcmp(challenge, "http-01") == 0)
		return check_http(conf, ids, webroot, err);
	if (strcmp(challenge, "dns-01") != 0)
		return err_set(err, ERR_INPUT,
			       "there is no challenge \"%s\": dns-01 and "
			       "http-01 are known",
			       challenge);
	for (size_t i = 0; i < ids->n; i++)
		if (ids->v[i].type == X509_ID_IP)
			return err_set(err, ERR_INPUT,
				       "dns-01 cannot prove the address %s: "
				       "use http-01",
				       ids->v[i].value);
	return 0;
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
