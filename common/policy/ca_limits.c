/* SPDX-License-Identifier: MIT */
#include "ca_limits.h"
#include <inttypes.h>
#include <string.h>

static bool takes_key(const struct certrepo_ca *ca,
		      const struct x509_key_info *key)
{
	const char *kind = key->type == X509_KEY_RSA  ? "rsa"
			   : key->type == X509_KEY_EC ? "ec"
						      : "";

	for (size_t i = 0; i < ca->keys.n; i++)
		if (strcmp(ca->keys.v[i], kind) == 0)
			return true;
	return ca->keys.n == 0;
}

static bool takes_names(const struct certrepo_ca *ca,
			const struct x509_csr *csr)
{
	return !ca->max_names || x509_csr_ids(csr)->n <= (size_t) ca->max_names;
}

enum ca_usage ca_limits_usage(const struct certrepo_ca *ca,
			      const struct x509_csr *csr)
{
	const char *says = ca->client_auth ? ca->client_auth : "issued";

	if (!x509_csr_client_auth(csr) || strcmp(says, "issued") == 0)
		return CA_USAGE_ISSUED;
	return strcmp(says, "left-out") == 0 ? CA_USAGE_LEFT_OUT
					     : CA_USAGE_REFUSED;
}

static bool takes(const struct certrepo_ca *ca, const struct x509_csr *csr)
{
	struct x509_csr_policy policy = { .any_key = ca->any_key,
					  .allow_ip = ca->allow_ip,
					  .allow_single = ca->allow_single,
					  .verified = true };
	struct err err = ERR_INIT;

	return takes_key(ca, x509_csr_key(csr)) && takes_names(ca, csr) &&
	       ca_limits_usage(ca, csr) == CA_USAGE_ISSUED &&
	       x509_csr_check(csr, &policy, &err) == 0;
}

/* "; CA x of the configuration takes it", or "". */
static const char *other(const struct certrepo_conf *conf,
			 const struct certrepo_ca *not_this,
			 const struct x509_csr *csr, char buf[160])
{
	buf[0] = '\0';
	for (size_t i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];

		if (ca == not_this || !takes(ca, csr))
			continue;
		(void) snprintf(buf, 160, ", or take the CA %s, which would",
				ca->name);
		break;
	}
	return buf;
}

static int refuse_usage(const struct certrepo_conf *conf,
			const struct certrepo_ca *ca,
			const struct x509_csr *csr, const char *does,
			struct err *err)
{
	char or_other[160];

	return err_set(err, ERR_INPUT,
		       "it asks for clientAuth (extendedKeyUsage), which CA %s "
		       "%s: a new CSR is needed, without that%s",
		       ca->name, does, other(conf, ca, csr, or_other));
}

int ca_limits_check(const struct certrepo_conf *conf,
		    const struct certrepo_ca *ca, const struct x509_csr *csr,
		    struct err *err)
{
	const struct x509_key_info *key = x509_csr_key(csr);
	char or_other[160];

	if (!takes_key(ca, key))
		return err_set(err, ERR_INPUT,
			       "its key is %s, and CA %s takes %s keys alone: "
			       "make a CSR with such a key%s",
			       key->text, ca->name,
			       strcmp(ca->keys.v[0], "rsa") == 0 ? "RSA" : "EC",
			       other(conf, ca, csr, or_other));
	if (!takes_names(ca, csr))
		return err_set(err, ERR_INPUT,
			       "it has %zu names, and CA %s takes at most "
			       "%" PRId64 " in a certificate: make a CSR with "
			       "fewer%s",
			       x509_csr_ids(csr)->n, ca->name, ca->max_names,
			       other(conf, ca, csr, or_other));
	if (ca_limits_usage(ca, csr) == CA_USAGE_REFUSED)
		return refuse_usage(conf, ca, csr, "refuses", err);
	return 0;
}

int ca_limits_check_new(const struct certrepo_conf *conf,
			const struct certrepo_ca *ca,
			const struct x509_csr *csr, struct err *err)
{
	if (ca_limits_check(conf, ca, csr, err) == -1)
		return -1;
	if (ca_limits_usage(ca, csr) == CA_USAGE_LEFT_OUT)
		return refuse_usage(conf, ca, csr, "leaves out", err);
	return 0;
}

void ca_limits_note(const struct certrepo_ca *ca, const struct x509_csr *csr,
		    struct strlist *ret)
{
	if (ca_limits_usage(ca, csr) == CA_USAGE_LEFT_OUT)
		strlist_addf(ret,
			     "the CSR asks for clientAuth (extendedKeyUsage), "
			     "which CA %s leaves out: its certificates are not "
			     "for clients; make a CSR without, or take a CA of "
			     "your own for it",
			     ca->name);
}
