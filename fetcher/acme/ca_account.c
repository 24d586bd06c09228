/* SPDX-License-Identifier: MIT */
#include "ca_account.h"
#include <errno.h>
#include <unistd.h>
#include "acme.h"
#include "acme_eab.h"
#include "enc.h"
#include "remark.h"

#define ASKED_MAX (1u << 20)

/* Its length before it: no two lists of texts are the same. */
static void add(struct sbuf *s, const void *p, size_t len)
{
	sbuf_addf(s, "%zu:", len);
	sbuf_add(s, p, len);
}

static void add_text(struct sbuf *s, const char *text)
{
	add(s, text ? text : "", text ? strlen(text) : 0);
}

char *ca_account_asked(const struct certrepo_ca *ca)
{
	AUTO(sbuf_erase) struct sbuf s = SBUF_INIT(ASKED_MAX);
	AUTO(sbuf_erase) struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	AUTO(mem_free_str) char *thumb = NULL;
	char hex[ENC_SHA256_HEX];
	struct err err = ERR_INIT;

	sbuf_addf(&s, "%d:%d:", acme_key_look(ca, &thumb), ca->agree_tos);
	add_text(&s, thumb);
	add_text(&s, ca->eab_alg);
	if (ca->eab_key_file && acme_eab_key_read(ca, &key, &err) == 0)
		add(&s, key.buf, key.len);
	for (size_t i = 0; i < ca->contact.n; i++)
		add_text(&s, ca->contact.v[i]);
	return mem_strdup(enc_sha256_hex(s.buf, s.len, hex));
}

bool ca_account_fault(const struct certrepo_ca *ca, struct fail *f)
{
	AUTO(sbuf_erase) struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct err err = ERR_INIT;

	if (!ca->eab_key_file || access(ca->account_key, F_OK) == 0 ||
	    errno != ENOENT || acme_eab_key_read(ca, &key, &err) == 0)
		return false;
	fail_set(f, FAIL_ACCOUNT, 0, "%s", err.msg);
	f->here = true;
	return true;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool ca_account_same_kid(const struct certrepo_ca *ca,
			 const struct store_ca *row)
{
	return same(ca->eab_kid, row->eab_kid);
}

bool ca_account_mended(const struct certrepo_ca *ca, const struct store_ca *row)
{
	AUTO(mem_free_str) char *now = NULL;

	if (!ca_account_same_kid(ca, row) || !row->account_key)
		return true;
	now = ca_account_asked(ca);
	return strcmp(now, row->account_key) != 0;
}

const char *ca_account_bound(const struct certrepo_ca *ca,
			     const struct store_ca *row, const char *url)
{
	bool known = url && row->account && strcmp(row->account, url) == 0;

	return known && ca->eab_kid && row->eab_kid &&
			       !ca_account_same_kid(ca, row)
		       ? row->eab_kid
		       : NULL;
}

void ca_account_warn(const struct certrepo_ca *ca, const char *bound)
{
	remark_warn(NOTICE_BINDING, ca->name, ca->eab_kid,
		    "eab_kid is %s, and the account of %s was made with %s and "
		    "stays bound to that; for one bound to %s, let account_key "
		    "name another file",
		    ca->eab_kid, ca->account_key, bound, ca->eab_kid);
}
