/* SPDX-License-Identifier: MIT */

#include <sys/stat.h>
#include "clock.h"
#include "hostkey.h"

static const char *path_of(const struct svc_cert *c)
{
	return c->conf->key ? c->conf->key : c->conf->public_key;
}

int hostkey_load(const struct svc_cert *c, struct x509_key **ret,
		 struct err *err)
{
	if (c->conf->key)
		return x509_key_load(path_of(c), ret, err);
	return x509_key_load_public(path_of(c), ret, err);
}

void hostkey_look(const struct svc_cert *c, struct sbuf *ret)
{
	struct stat st;

	sbuf_adds(ret, path_of(c));
	if (stat(path_of(c), &st) == 0)
		sbuf_addf(ret, " %llu %llu %o %u %u %lld %lld.%ld %lld.%ld",
			  (unsigned long long) st.st_dev,
			  (unsigned long long) st.st_ino,
			  (unsigned int) st.st_mode, (unsigned int) st.st_uid,
			  (unsigned int) st.st_gid, (long long) st.st_size,
			  (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			  (long long) st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	sbuf_addc(ret, '\n');
}

int hostkey_fits(const struct svc_cert *c, const struct x509_chain *chain,
		 struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;

	if (hostkey_load(c, &key, err) == -1)
		return err_wrap(err, "the key of the installed certificate");
	if (x509_key_matches(key, chain))
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s is not the key of the installed certificate%s; put "
		       "the right one back, or enrol a CSR of this one",
		       path_of(c),
		       c->conf->key ? ", the service fails at its next restart"
				    : "");
}

static int vet_name(const struct x509_chain *chain, const char *name,
		    struct err *err)
{
	const struct x509_ids *ids = x509_chain_ids(chain);

	if (x509_ids_cover(ids, name))
		return 0;
	if (ids->n == 0)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is not for %s: it "
			       "has no subjectAltName, and a CN counts for "
			       "nothing; have it issued anew for a CSR with "
			       "subjectAltName=DNS:%s",
			       name, name);
	return err_set(err, ERR_INPUT,
		       "the certificate in the store is not for %s", name);
}

static int vet_dates(const struct x509_chain *chain, int64_t now, int64_t skew,
		     struct err *err)
{
	int64_t from = x509_chain_not_before(chain);
	int64_t until = x509_chain_not_after(chain);
	char text[CLOCK_TEXT], doubt[CLOCK_DOUBT];

	if (until <= from)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store ends before it "
			       "begins");
	if (until <= now)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store expired on %s; %s",
			       clock_text(until, text),
			       clock_doubt(now, doubt));
	if (from > now + skew)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is not valid "
			       "before %s; %s",
			       clock_text(from, text), clock_doubt(now, doubt));
	return 0;
}

int hostkey_vet(const struct svc_cert *c, const struct x509_chain *chain,
		const struct x509_key *key, const struct x509_trust *trust,
		int64_t now, int64_t skew, struct err *err)
{
	int64_t from = x509_chain_not_before(chain);

	if (!x509_key_matches(key, chain))
		return err_set(err, ERR_INPUT,
			       "the certificate in the store belongs to "
			       "another key than %s",
			       path_of(c));
	if (x509_chain_is_ca(chain))
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is that of a CA "
			       "(basicConstraints CA:TRUE), not of a server; "
			       "have one issued for %s",
			       c->domain);
	if (vet_name(chain, c->domain, err) == -1)
		return -1;
	for (size_t i = 0; i < c->conf->names.n; i++)
		if (vet_name(chain, c->conf->names.v[i], err) == -1)
			return -1;
	if (vet_dates(chain, now, skew, err) == -1)
		return -1;
	if (x509_chain_check_links(chain, err) == -1)
		return err_wrap(err, "the chain in the store is broken");
	/* Within the tolerated skew, judge as if it had begun. */
	if (x509_trust_verify(trust, chain, from > now ? from : now, err) == -1)
		return err_wrap(err, "the certificate in the store cannot be "
				     "trusted");
	return 0;
}
