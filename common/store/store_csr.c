/* SPDX-License-Identifier: MIT */
/* Another CSR for a row, and the way back to the one before. An older fetcher
 * leaves old_csr behind; renew says that there is no certificate by csr. */
#include "store_impl.h"
#include "x509.h"

static int replace_csr(struct store *s, const char *name, struct store_blob csr,
		       const char *key_sha256, const char *md5_modulus,
		       struct err *err)
{
	int64_t rows = 0;

	/* From left to right, as in store_accept. Of several that are put there
	 * before there is a certificate, the first one was good. */
	if (store_exec(s,
		       "UPDATE certs SET old_csr = CASE WHEN crt IS NULL "
		       "OR old_csr = ? THEN NULL "
		       "WHEN renew <> 0 AND old_csr IS NOT NULL THEN old_csr "
		       "ELSE csr END, csr = ?, md5_modulus = ?, "
		       "key_sha256 = ?, renew = 1, held = 0, ts_due = 0, "
		       "ts_next_attempt = 0, count_fail_update = 0, "
		       "lease_owner = NULL, lease_until = 0 "
		       "WHERE name = ? AND csr <> ?",
		       ARGS(B(csr), B(csr), T(md5_modulus), T(key_sha256),
			    T(name), B(csr)),
		       &rows, err) == -1)
		return -1;
	if (rows > 0)
		return store_exec(s, "DELETE FROM orders WHERE name = ?",
				  ARGS(T(name)), NULL, err);
	if (store_exec(s,
		       "UPDATE certs SET md5_modulus = ?, key_sha256 = ? "
		       "WHERE name = ?",
		       ARGS(T(md5_modulus), T(key_sha256), T(name)), &rows,
		       err) == -1)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_INPUT, "%s: there is no %s",
			       store_name(s), name);
	return 0;
}

int store_replace_csr(struct store *s, const char *name, struct store_blob csr,
		      const char *key_sha256, const char *md5_modulus,
		      struct err *err)
{
	if (store_check_blob("the CSR", csr, err) == -1 ||
	    store_check_text("key_sha256", key_sha256, STORE_HASH_MAX, err) ==
		    -1 ||
	    store_check_text("md5_modulus", md5_modulus, STORE_HASH_MAX, err) ==
		    -1)
		return -1;
	return STORE_TRY(
		s, STORE_TX_YES, err,
		replace_csr(s, name, csr, key_sha256, md5_modulus, err));
}

static int old_csr(struct store *s, const char *name, struct arena *a,
		   struct store_blob *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT old_csr FROM certs WHERE name = ? AND "
			"renew <> 0 AND old_csr IS NOT NULL",
			"b", ARGS(T(name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc == 1)
		*ret = store_col_blob(st, 0, a);
	return rc;
}

int store_csr_back(struct store *s, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct store_blob old;
	int64_t rows = 0;
	int rc = old_csr(s, name, a, &old, err);

	if (rc != 1)
		return rc;
	if (x509_csr_parse(old.p, old.len, &csr, NULL) == -1)
		return 0;
	if (store_exec(s,
		       "UPDATE certs SET csr = old_csr, old_csr = NULL, "
		       "key_sha256 = ?, md5_modulus = ?, renew = 0, held = 0, "
		       "ts_due = 0, ts_next_attempt = 0 WHERE name = ? AND "
		       "renew <> 0 AND old_csr IS NOT NULL",
		       ARGS(T(x509_csr_key(csr)->sha256),
			    T(x509_csr_key(csr)->md5_modulus), T(name)),
		       &rows, err) == -1)
		return -1;
	return rows > 0;
}
