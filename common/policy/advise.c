/* SPDX-License-Identifier: MIT */
#include "advise.h"
#include "ca_limits.h"

/* Top names that no public CA may issue for: reserved (RFC 6761, 6762, 8375),
 * or kept out of the root by ICANN. */
static const char *private_end(const char *name)
{
	static const char *const ends[] = {
		".local",    ".localhost", ".localdomain", ".internal",
		".intranet", ".home.arpa", ".lan",	   ".home",
		".corp",     ".private",   ".invalid",	   ".test",
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(name + len - n, ends[i]) == 0)
			return ends[i];
	}
	return NULL;
}

static void advise_names(const struct x509_csr *csr, bool issued,
			 struct strlist *ret)
{
	const char *cn = x509_csr_cn_alone(csr);
	const struct x509_ids *ids = x509_csr_ids(csr);

	if (!issued && !x509_csr_has_san(csr) && ids->n > 0)
		strlist_addf(ret,
			     "the CSR has its name in the CN alone, hosts "
			     "read the certificate's subjectAltName: the CA "
			     "must put it there (public ones do), or make a "
			     "CSR with subjectAltName=DNS:%s",
			     ids->v[0].value);
	if (!issued && cn)
		strlist_addf(ret,
			     "the CN of the CSR, %s, is not in its "
			     "subjectAltName, which some CAs refuse: make a "
			     "CSR that has it there, too",
			     cn);
	for (size_t i = 0; !issued && i < ids->n; i++) {
		const char *end = private_end(ids->v[i].value);

		if (!end)
			continue;
		strlist_addf(ret,
			     "no public CA issues for %s: %s is for private "
			     "networks; it takes a CA of your own, or a name "
			     "in a public domain",
			     ids->v[i].value, end);
		break;
	}
}

static void advise_usage(const struct x509_csr *csr, struct strlist *ret)
{
	if (x509_csr_client_auth(csr))
		strlist_add(ret, "the CSR asks for clientAuth "
				 "(extendedKeyUsage): public CAs leave it out, "
				 "or refuse the CSR; make one without, or "
				 "take a CA of your own for it");
}

void advise_csr(const struct x509_csr *csr, bool issued, struct strlist *ret)
{
	advise_names(csr, issued, ret);
	advise_usage(csr, ret);
}

void advise_stored(const struct x509_csr *csr, const struct certrepo_ca *ca,
		   bool issued, struct strlist *ret)
{
	static const struct certrepo_conf alone; /* which other CA: not here */
	struct x509_csr_policy policy;
	struct err err = ERR_INIT;

	if (ca) {
		policy = (struct x509_csr_policy){
			.any_key = ca->any_key,
			.allow_ip = ca->allow_ip,
			.allow_single = ca->allow_single,
		};
		if (x509_csr_check(csr, &policy, &err) == -1 ||
		    ca_limits_check(&alone, ca, csr, &err) == -1)
			strlist_addf(ret,
				     "CA %s would refuse the CSR: %s; enrol "
				     "it by certrepo-populate add NAME --csr "
				     "FILE --replace",
				     ca->name, err.msg);
	}
	advise_names(csr, issued, ret);
	if (ca && ca_limits_usage(ca, csr) == CA_USAGE_LEFT_OUT)
		ca_limits_note(ca, csr, ret);
	else
		advise_usage(csr, ret);
}

bool advise_spent(const struct store_cert *row,
		  const struct certrepo_conf *conf)
{
	return row->count_fail_update > 0 &&
	       row->count_fail_update + 1 >= conf->count_fail_limit;
}
