/* SPDX-License-Identifier: MIT */
#include "acme_eab.h"
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include "enc.h"
#include "file.h"

#define PROTECTED_MAX 4096
#define SAID_MAX      230 /* of what the CA says, behind our own sentence */

/* --- words --- */

const char *acme_eab_kid_name(const struct certrepo_ca *ca)
{
	return ca->staging_of ? "staging_eab_kid" : "eab_kid";
}

static const char *file_name(const struct certrepo_ca *ca)
{
	return ca->staging_of ? "staging_eab_key_file" : "eab_key_file";
}

/* The caller's. */
static char *called(const struct certrepo_ca *ca)
{
	return ca->staging_of
		       ? mem_printf("CA %.64s, at its staging directory,",
				    ca->staging_of)
		       : mem_strdup(ca->name);
}

/* --- the key --- */

static bool is_blank(char c)
{
	return c && strchr(" \t\r\n", c);
}

int acme_eab_key_decode(const char *text, size_t len, const char *where,
			struct sbuf *ret, struct err *err)
{
	static const char again[] = "copy the key (HMAC key, MAC key) from the "
				    "CA again, that word alone";
	size_t start = ret->len, n;
	struct err why = ERR_INIT;

	while (len && is_blank(text[len - 1]))
		len--;
	for (; len && is_blank(*text); len--)
		text++;
	if (!len)
		return err_set(err, ERR_CONFIG, "%s: is empty; %s", where,
			       again);
	if (enc_b64_any_decode(text, len, ret, &why) == -1)
		return err_set(err, ERR_CONFIG, "%s: %s; %s", where, why.msg,
			       again);
	n = ret->len - start;
	if (n >= ACME_EAB_KEY_MIN && n <= ACME_EAB_KEY_MAX)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: a key has %d to %d bytes, this one %zu; %s", where,
		       ACME_EAB_KEY_MIN, ACME_EAB_KEY_MAX, n, again);
}

int acme_eab_key_read(const struct certrepo_ca *ca, struct sbuf *ret,
		      struct err *err)
{
	const char *path = ca->eab_key_file;
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(ACME_EAB_FILE_MAX);
	AUTO(mem_free_str)
	char *where = mem_printf("%s %s", file_name(ca), path);

	errno = 0;
	if (file_read_secret(path, &text, err) == 0)
		return acme_eab_key_decode(sbuf_str(&text), text.len, where,
					   ret, err);
	if (errno == EACCES)
		return err_set(err, ERR_CONFIG,
			       "%s may not be read by the fetcher's user: let "
			       "its group read it (chgrp, chmod 640)",
			       where);
	return err_wrap(err, "%s", file_name(ca));
}

/* --- the signature --- */

static const char *digest_of(const char *alg)
{
	return strcmp(alg, "HS512") == 0   ? "SHA512"
	       : strcmp(alg, "HS384") == 0 ? "SHA384"
					   : "SHA256";
}

static char *protected_b64(const char *alg, const char *kid, const char *url)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(PROTECTED_MAX);

	sbuf_addf(&s, "{\"alg\":\"%s\",\"kid\":", alg);
	sbuf_add_json(&s, kid);
	sbuf_adds(&s, ",\"url\":");
	sbuf_add_json(&s, url);
	sbuf_addc(&s, '}');
	return sbuf_over(&s) ? NULL : enc_b64url(s.buf, s.len);
}

int acme_eab_sign(const struct sbuf *key, const char *alg, const char *kid,
		  const char *url, const struct jws_key *account,
		  struct sbuf *ret, struct err *err)
{
	const char *jwk = jws_key_jwk(account), *by = alg ? alg : "HS256";
	AUTO(mem_free_str) char *head = protected_b64(by, kid, url);
	AUTO(mem_free_str) char *body = enc_b64url(jwk, strlen(jwk));
	AUTO(mem_free_str) char *input = NULL, *sig = NULL;
	unsigned char mac[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (!head)
		return err_set(err, ERR_LIMIT, "eab_kid is too long");
	input = mem_printf("%s.%s", head, body);
	if (!EVP_Q_mac(NULL, "HMAC", NULL, digest_of(by), NULL, key->buf,
		       key->len, (const unsigned char *) input, strlen(input),
		       mac, sizeof(mac), &n))
		return err_set(err, ERR_INTERNAL,
			       "cannot sign with the key of eab_key_file");
	sig = enc_b64url(mac, n);
	sbuf_addf(ret,
		  "{\"protected\":\"%s\",\"payload\":\"%s\","
		  "\"signature\":\"%s\"}",
		  head, body, sig);
	return sbuf_over(ret) ? err_set(err, ERR_LIMIT,
					"the binding of the "
					"account is too large")
			      : 0;
}

/* --- what a refusal means --- */

enum meaning {
	MEANS_USED,
	MEANS_EXPIRED,
	MEANS_OTHER,
	MEANS_WRONG,
	MEANS_ALG,
	MEANS_MAC,
	MEANS_UNKNOWN,
	MEANS_NOTHING,
};

/* As CAs say it: ZeroSSL and Sectigo (not awaiting, Invalid MAC), Google
 * (expiring, also of one that was used; JWS verification failed), DigiCert (kId
 * mismatch), Actalis (onlyReturnExisting), pebble (references a key). The first
 * that fits counts. */
static const struct {
	enum meaning is;
	const char *words;
} meanings[] = {
	{ MEANS_USED, "not awaiting external account binding" },
	{ MEANS_USED, "already been used" },
	{ MEANS_USED, "already used" },
	{ MEANS_USED, "already bound" },
	{ MEANS_USED, "been consumed" },
	{ MEANS_EXPIRED, "expir" },
	{ MEANS_OTHER, "kid mismatch" },
	{ MEANS_OTHER, "wrong product" },
	{ MEANS_OTHER, "another product" },
	{ MEANS_WRONG, "onlyReturnExisting must be true" },
	{ MEANS_ALG, "algorithm" },
	{ MEANS_MAC, "MAC " },
	{ MEANS_MAC, "HMAC" },
	{ MEANS_MAC, "signature" },
	{ MEANS_MAC, "verif" },
	{ MEANS_MAC, "cryptographic" },
	{ MEANS_UNKNOWN, "unknown" },
	{ MEANS_UNKNOWN, "not known" },
	{ MEANS_UNKNOWN, "not exist" },
	{ MEANS_UNKNOWN, "not found" },
	{ MEANS_UNKNOWN, "no such" },
};

/* It is about the binding at all. */
static const char *const topics[] = {
	"external account",
	"externalAccount",
	"onlyReturnExisting",
	"eab",
	"binding",
	"hmac",
	" MAC ",
	"kid",
};

static bool is_binding(const char *detail, const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		if (strcasestr(detail, topics[i]))
			return true;
	return strcmp(type, "externalAccountRequired") == 0;
}

static enum meaning meaning_of(const char *detail)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (strcasestr(detail, meanings[i].words))
			return meanings[i].is;
	return MEANS_NOTHING;
}

static char *sentence(const struct certrepo_ca *ca, enum meaning m)
{
	AUTO(mem_free_str) char *who = called(ca);
	AUTO(mem_free_str)
	char *key = mem_printf("%s %.64s", acme_eab_kid_name(ca), ca->eab_kid);
	const char *file = ca->eab_key_file;
	const char *there = ca->web ? ca->web : "the CA";

	switch (m) {
	case MEANS_USED:
		return mem_printf(
			"%s: %s is used up, it was for one account: make a new "
			"pair at %s for %s and %s%s",
			who, key, there, acme_eab_kid_name(ca), file,
			ca->staging_of ? ""
				       : ", or bring that account's key with "
					 "certrepo-fetcher account import");
	case MEANS_EXPIRED:
		return mem_printf(
			"%s: %s has expired or is used up: make a new pair at "
			"%s for %s and %s",
			who, key, there, acme_eab_kid_name(ca), file);
	case MEANS_OTHER:
		return mem_printf(
			"the account of %s is not bound to %s but to another "
			"one or another product: each wants a key of its own, "
			"%s%s%s",
			ca->account_key, key,
			ca->staging_of ? "move that file away"
				       : "let account_key of ",
			ca->staging_of ? "" : ca->name,
			ca->staging_of ? "" : " name another file");
	case MEANS_WRONG:
		return mem_printf(
			"%s and %s are not a pair that %s has for a new "
			"account: make a new one at %s",
			key, file, who, there);
	case MEANS_ALG:
		return mem_printf("%s does not take eab_alg = \"%s\" for %s",
				  who, ca->eab_alg ? ca->eab_alg : "HS256",
				  key);
	case MEANS_MAC:
		return mem_printf(
			"the key in %s is not the one of %s: copy both from %s "
			"again; the next run asks %s then",
			file, key, there, who);
	case MEANS_UNKNOWN:
		return mem_printf(
			"%s does not know %s: copy it, and the key in %s, from "
			"%s again, or make a new pair there",
			who, key, file, there);
	default:
		return mem_printf(
			"%s did not take the binding of %s: see that it and %s "
			"are a pair of that CA, and that contact has an "
			"address, without which some say so",
			who, key, file);
	}
}

void acme_eab_missing(const struct certrepo_ca *ca, struct fail *f)
{
	AUTO(mem_free_str) char *who = called(ca);
	AUTO(mem_free_str)
	char *bring =
		ca->staging_of
			? NULL
			: mem_printf(", or bring the key of an account that is "
				     "bound, with certrepo-fetcher account "
				     "import %s FILE",
				     ca->name);

	fail_set(f, FAIL_ACCOUNT, 0,
		 "%s wants new accounts bound to one of its customers "
		 "(externalAccountRequired): set %s and %s to the pair that "
		 "you get at %s%s",
		 who, acme_eab_kid_name(ca), file_name(ca),
		 ca->web ? ca->web : "the CA", bring ? bring : "");
	f->here = true;
}

void acme_eab_explain(const struct certrepo_ca *ca, bool sent, const char *type,
		      struct fail *f)
{
	AUTO(mem_free_str) char *ours = NULL;
	AUTO(mem_free_str) char *said = NULL;
	bool open = false;

	if (f->class != FAIL_ACCOUNT || !is_binding(f->detail, type))
		return;
	if (!sent) {
		acme_eab_missing(ca, f);
		return;
	}
	ours = sentence(ca, meaning_of(f->detail));
	said = mem_strndup(f->detail, SAID_MAX);
	for (const char *p = said; *p; p++)
		open ^= *p == '"';
	fail_set(f, FAIL_ACCOUNT, f->retry_at, "%.360s; %s%s", ours, said,
		 open ? "...\"" : "");
}
