/* SPDX-License-Identifier: MIT */
#include "accept.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"

static int check_key(const struct x509_chain *chain, const struct x509_csr *csr,
		     struct err *err)
{
	const struct x509_key_info *got = x509_chain_key(chain);
	const struct x509_key_info *want = x509_csr_key(csr);

	if (x509_chain_same_key_csr(chain, csr))
		return 0;
	return err_set(err, ERR_INPUT,
		       "the CA issued a certificate for another key "
		       "(%s, sha256 %.16s...) than the CSR's (%s, %.16s...)",
		       got->text, got->sha256, want->text, want->sha256);
}

static int check_names(const struct x509_chain *chain,
		       const struct x509_csr *csr, struct err *err)
{
	const struct x509_ids *got = x509_chain_ids(chain);
	const struct x509_ids *want = x509_csr_ids(csr);
	size_t i;

	if (x509_ids_equal(got, want))
		return 0;
	if (got->n == 0)
		return err_set(err, ERR_INPUT,
			       "the CA issued a certificate without a "
			       "subjectAltName, which no client and no host "
			       "takes; a CA that does not put the CN there "
			       "needs a CSR with subjectAltName=DNS:%s",
			       want->n > 0 ? want->v[0].value : "NAME");
	for (i = 0; i < want->n; i++)
		if (!x509_ids_have(got, want->v[i].value))
			return err_set(err, ERR_INPUT,
				       "the CA issued a certificate that "
				       "lacks the name %s",
				       want->v[i].value);
	for (i = 0; i < got->n; i++)
		if (!x509_ids_have(want, got->v[i].value))
			return err_set(err, ERR_INPUT,
				       "the CA issued a certificate with the "
				       "name %s, which was not asked for",
				       got->v[i].value);
	return err_set(err, ERR_INPUT,
		       "the CA issued a certificate for other names");
}

static int check_dates(const struct x509_chain *chain, int64_t now,
		       struct err *err)
{
	int64_t from = x509_chain_not_before(chain);
	int64_t to = x509_chain_not_after(chain);
	char text[CLOCK_TEXT];

	if (to <= now)
		return err_set(err, ERR_INPUT,
			       "the CA issued a certificate that expired at %s",
			       clock_text(to, text));
	if (from > now + ACCEPT_SKEW)
		return err_set(err, ERR_INPUT,
			       "the CA issued a certificate that is not valid "
			       "before %s; is this machine's clock right?",
			       clock_text(from, text));
	if (from >= to)
		return err_set(err, ERR_INPUT,
			       "the CA issued a certificate that ends before "
			       "it begins");
	return 0;
}

static int fill(const struct x509_chain *chain, struct accept_cert *ret,
		struct err *err)
{
	struct accept_cert c = { .crt = NULL };

	c.crt = mem_strdup(x509_chain_pem(chain, 0));
	c.ca = x509_chain_pem_from(chain, 1, false);
	if (strlen(c.crt) > STORE_BLOB_MAX || strlen(c.ca) > STORE_BLOB_MAX) {
		accept_free(&c);
		return err_set(err, ERR_INPUT,
			       "the CA issued a certificate or chain of more "
			       "than %d bytes",
			       STORE_BLOB_MAX);
	}
	enc_md5_hex(c.ca, strlen(c.ca), c.md5_ca);
	enc_sha256_hex(c.crt, strlen(c.crt), c.crt_sha256);
	memcpy(c.fingerprint, x509_chain_fingerprint(chain),
	       sizeof(c.fingerprint));
	c.not_before = x509_chain_not_before(chain);
	c.not_after = x509_chain_not_after(chain);
	*ret = c;
	return 0;
}

bool accept_is_chain(const void *pem, size_t len)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;

	return x509_chain_parse(pem, len, &chain, NULL) == 0;
}

int accept_check(const void *pem, size_t len, const struct x509_csr *csr,
		 int64_t now, struct accept_cert *ret, struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	int64_t from;

	if (x509_chain_parse(pem, len, &chain, err) == -1)
		return err_wrap(err, "the CA's certificate");
	if (check_key(chain, csr, err) == -1)
		return -1;
	if (x509_chain_is_ca(chain))
		return err_set(err, ERR_INPUT,
			       "the CA issued a CA's certificate "
			       "(basicConstraints CA:TRUE), which no host "
			       "takes for a server's");
	if (check_names(chain, csr, err) == -1 ||
	    check_dates(chain, now, err) == -1)
		return -1;
	if (x509_chain_check_links(chain, err) == -1)
		return err_wrap(err, "the CA's chain");
	/* The hosts would not take it, and the old one is still good. */
	from = x509_chain_not_before(chain);
	if (x509_chain_check_server(chain, from > now ? from : now, err) == -1)
		return err_wrap(err, "no TLS client takes what the CA issued");
	if (fill(chain, ret, err) == -1)
		return -1;
	ret->chain = TAKE(chain);
	return 0;
}

void accept_free(struct accept_cert *c)
{
	x509_chain_free(&c->chain);
	mem_free_str(&c->crt);
	mem_free_str(&c->ca);
}

int accept_derive(struct store_blob crt, struct accept_derived *ret,
		  struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;

	if (x509_chain_parse(crt.p, crt.len, &chain, err) == -1)
		return -1;
	enc_sha256_hex(crt.p, crt.len, ret->crt_sha256);
	ret->not_before = x509_chain_not_before(chain);
	ret->not_after = x509_chain_not_after(chain);
	return 0;
}
