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

static bool takes_usage(const struct certrepo_ca *ca,
			const struct x509_csr *csr)
{
	return ca->client_auth || !x509_csr_client_auth(csr);
}

static bool takes(const struct certrepo_ca *ca, const struct x509_csr *csr)
{
	struct x509_csr_policy policy = { .any_key = ca->any_key,
					  .allow_ip = ca->allow_ip,
					  .allow_single = ca->allow_single,
					  .verified = true };
	struct err err = ERR_INIT;

	return takes_key(ca, x509_csr_key(csr)) && takes_names(ca, csr) &&
	       takes_usage(ca, csr) && x509_csr_check(csr, &policy, &err) == 0;
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
	if (!takes_usage(ca, csr))
		return err_set(err, ERR_INPUT,
			       "it asks for clientAuth (extendedKeyUsage), "
			       "which CA %s does not issue: a new CSR is "
			       "needed, without that%s",
			       ca->name, other(conf, ca, csr, or_other));
	return 0;
}
