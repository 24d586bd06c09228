/* SPDX-License-Identifier: MIT */
#include "policy.h"
#include "ca_limits.h"
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

/* The command for a CSR that CA takes in place of this one; NULL: which names
 * it should have is not known. */
static const char *better(const struct certrepo_ca *ca,
			  const struct x509_csr *csr)
{
	enum x509_key_type type = x509_csr_key(csr)->type;
	const char *kind = type == X509_KEY_RSA	 ? "rsa"
			   : type == X509_KEY_EC ? "ec"
						 : "";
	bool key = ca->keys.n == 0;

	for (size_t i = 0; i < ca->keys.n; i++)
		key = key || strcmp(ca->keys.v[i], kind) == 0;
	if (ca->max_names && x509_csr_ids(csr)->n > (size_t) ca->max_names)
		return NULL;
	if (key)
		return "openssl req -new -key KEY -subj / -addext "
		       "subjectAltName=DNS:NAME -out NAME.csr";
	return strcmp(ca->keys.v[0], "rsa") == 0
		       ? "openssl req -new -newkey rsa:2048 -nodes -keyout "
			 "NAME.key -subj / -addext subjectAltName=DNS:NAME "
			 "-out NAME.csr"
		       : "openssl req -new -newkey ec -pkeyopt "
			 "ec_paramgen_curve:P-256 -nodes -keyout NAME.key "
			 "-subj / -addext subjectAltName=DNS:NAME -out "
			 "NAME.csr";
}

typedef int limits_fn(const struct certrepo_conf *, const struct certrepo_ca *,
		      const struct x509_csr *, struct err *);

static int check_csr(const struct certrepo_conf *conf,
		     const struct certrepo_ca *ca, const struct x509_csr *csr,
		     limits_fn *limits, struct err *err)
{
	const struct x509_csr_policy policy = {
		.any_key = ca->any_key,
		.allow_ip = ca->allow_ip,
		.allow_single = ca->allow_single,
	};
	AUTO(mem_free_str) char *was = NULL;
	const char *by = better(ca, csr);

	if (x509_csr_check(csr, &policy, err) == -1)
		return -1;
	if (limits(conf, ca, csr, err) == 0)
		return 0;
	if (!by)
		return -1;
	was = mem_strdup(err->msg);
	return err_set(err, err->kind,
		       "%s; the host that has the key makes it "
		       "by: %s",
		       was, by);
}

int policy_csr(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
	       const struct x509_csr *csr, struct err *err)
{
	return check_csr(conf, ca, csr, ca_limits_check, err);
}

int policy_csr_new(const struct certrepo_conf *conf,
		   const struct certrepo_ca *ca, const struct x509_csr *csr,
		   struct err *err)
{
	return check_csr(conf, ca, csr, ca_limits_check_new, err);
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

int policy_owner(const char *owner, struct err *err)
{
	if (!owner || notify_conf_address(owner, err) == 0)
		return 0;
	return err_set(err, ERR_INPUT,
		       "owner is one mail address, as in "
		       "owner=team@example.org, not \"%.100s\"",
		       owner);
}
