/* SPDX-License-Identifier: MIT */
#include "dns_key.h"

#include <stdlib.h>
#include <string.h>
#include "enc.h"
#include "file.h"
#include "sbuf.h"

#define KEY_FILE_MAX 16384
#define TOKEN_MAX    1024

static const struct algorithm {
	const char *name, *digest;
	size_t mac_len;
} algorithms[] = {
	{ "hmac-sha256", "SHA256", 32 },
	{ "hmac-sha224", "SHA224", 28 },
	{ "hmac-sha384", "SHA384", 48 },
	{ "hmac-sha512", "SHA512", 64 },
};

struct lexer {
	const char *p;
	const char *path;
	int line;
	char token[TOKEN_MAX]; /* a word, a string's content, or punctuation */
	bool word;	       /* not punctuation */
};

static int fail(const struct lexer *l, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, "key file %s, line %d: %s", l->path,
		       l->line, what);
}

static int skip_block(struct lexer *l, struct err *err)
{
	const char *end = strstr(l->p + 2, "*/");

	if (!end)
		return fail(l, err, "comment without end");
	for (; l->p < end; l->p++)
		l->line += *l->p == '\n';
	l->p += 2;
	return 0;
}

/* White space and comments. */
static int skip(struct lexer *l, struct err *err)
{
	for (;;) {
		if (*l->p == '\n') {
			l->line++;
			l->p++;
		} else if (*l->p == ' ' || *l->p == '\t' || *l->p == '\r') {
			l->p++;
		} else if (*l->p == '#' || (l->p[0] == '/' && l->p[1] == '/')) {
			l->p += strcspn(l->p, "\n");
		} else if (l->p[0] == '/' && l->p[1] == '*') {
			if (skip_block(l, err) == -1)
				return -1;
		} else {
			return 0;
		}
	}
}

/* 1, or 0 at the end of the text. */
static int next(struct lexer *l, struct err *err)
{
	const char *from;
	size_t n;

	if (skip(l, err) == -1)
		return -1;
	if (*l->p == '\0')
		return 0;
	l->word = !strchr("{};", *l->p);
	from = l->p;
	n = 1;
	if (*l->p == '"') {
		from = l->p + 1;
		n = strcspn(from, "\"\n");
		if (from[n] != '"')
			return fail(l, err, "string without end");
		l->p = from + n + 1;
	} else {
		if (l->word)
			n = strcspn(from, " \t\r\n{};\"");
		l->p = from + n;
	}
	if (n >= sizeof(l->token))
		return fail(l, err, "word too long");
	memcpy(l->token, from, n);
	l->token[n] = '\0';
	return 1;
}

static int word(struct lexer *l, const char *what, struct err *err)
{
	int got = next(l, err);

	if (got == -1)
		return -1;
	if (got == 0 || !l->word)
		return fail(l, err, what);
	return 0;
}

static int punct(struct lexer *l, char c, const char *what, struct err *err)
{
	int got = next(l, err);

	if (got == -1)
		return -1;
	if (got == 0 || l->word || l->token[0] != c)
		return fail(l, err, what);
	return 0;
}

static int take_algorithm(struct lexer *l, struct dns_key *key, struct err *err)
{
	size_t n = strlen(l->token);

	if (n > 0 && l->token[n - 1] == '.')
		l->token[n - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (strcasecmp(l->token, algorithms[i].name) != 0)
			continue;
		key->algorithm = algorithms[i].name;
		key->digest = algorithms[i].digest;
		key->mac_len = algorithms[i].mac_len;
		return 0;
	}
	return fail(l, err,
		    "the algorithm is none of hmac-sha224, hmac-sha256, "
		    "hmac-sha384, hmac-sha512; make a new key with "
		    "\"tsig-keygen -a hmac-sha256\"");
}

static int take_secret(struct lexer *l, struct dns_key *key, struct err *err)
{
	struct sbuf raw = SBUF_INIT(DNS_KEY_SECRET_MAX);
	int rc = 0;

	if (enc_b64_decode(l->token, &raw, NULL) == -1 || sbuf_over(&raw) ||
	    raw.len == 0) {
		rc = fail(l, err, "the secret is not base64, empty or too big");
	} else {
		memcpy(key->secret, raw.buf, raw.len);
		key->secret_len = raw.len;
	}
	sbuf_erase(&raw);
	return rc;
}

static int statement(struct lexer *l, struct dns_key *key, struct err *err)
{
	int rc;

	if (strcasecmp(l->token, "algorithm") == 0) {
		if (word(l, "expected the algorithm", err) == -1)
			return -1;
		rc = take_algorithm(l, key, err);
	} else if (strcasecmp(l->token, "secret") == 0) {
		if (word(l, "expected the secret", err) == -1)
			return -1;
		rc = take_secret(l, key, err);
	} else {
		return fail(l, err, "expected \"algorithm\" or \"secret\"");
	}
	return rc == -1 ? -1 : punct(l, ';', "expected ';'", err);
}

static int body(struct lexer *l, struct dns_key *key, struct err *err)
{
	for (;;) {
		int got = next(l, err);

		if (got == -1)
			return -1;
		if (got == 0)
			return fail(l, err, "'}' is missing");
		if (!l->word && l->token[0] == '}')
			break;
		if (statement(l, key, err) == -1)
			return -1;
	}
	if (!key->algorithm)
		return fail(l, err, "the key has no algorithm");
	if (key->secret_len == 0)
		return fail(l, err, "the key has no secret");
	return punct(l, ';', "expected ';' after '}'", err);
}

static int parse(struct lexer *l, struct dns_key *key, struct err *err)
{
	if (word(l, "expected: key \"NAME\" { ... };", err) == -1)
		return -1;
	if (strcmp(l->token, "Private-key-format:") == 0)
		return fail(l, err,
			    "this is a .private file; a file made by "
			    "tsig-keygen is needed");
	if (strcasecmp(l->token, "key") != 0)
		return fail(l, err, "expected: key \"NAME\" { ... };");
	if (word(l, "expected the name of the key", err) == -1)
		return -1;
	if (dns_name_canon(l->token, key->name, NULL) == -1 ||
	    strcmp(key->name, ".") == 0)
		return fail(l, err, "the name of the key is not a DNS name");
	if (punct(l, '{', "expected '{'", err) == -1 || body(l, key, err) == -1)
		return -1;
	switch (next(l, err)) {
	case 0:
		return 0;
	case 1:
		return fail(l, err, "something follows the first key");
	default:
		return -1;
	}
}

int dns_key_parse(const char *text, const char *path, struct dns_key **ret,
		  struct err *err)
{
	AUTO(dns_key_free) struct dns_key *key = mem_alloc(sizeof(*key));
	struct lexer l = { .p = text, .path = path, .line = 1 };
	int rc = parse(&l, key, err);

	mem_erase(l.token, sizeof(l.token));
	if (rc == -1)
		return -1;
	*ret = TAKE(key);
	return 0;
}

int dns_key_load(const char *path, struct dns_key **ret, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(KEY_FILE_MAX);

	if (file_read_secret(path, &text, err) == -1)
		return err_wrap(err, "TSIG key");
	if (strlen(sbuf_str(&text)) != text.len)
		return err_set(err, ERR_CONFIG, "key file %s is not text",
			       path);
	return dns_key_parse(sbuf_str(&text), path, ret, err);
}

static void check(const char *path, const struct conf_src *src,
		  const char *setting, struct conf_errors *errs)
{
	AUTO(dns_key_free) struct dns_key *key = NULL;
	struct err err = ERR_INIT;

	if (path && dns_key_load(path, &key, &err) == -1)
		conf_error(errs, src, "setting `%s': %s", setting, err.msg);
}

void dns_key_check(const struct proof_dns *conf, struct conf_errors *errs)
{
	check(conf->key_file, &conf->src, "dns.key_file", errs);
	for (size_t i = 0; i < conf->zones.n; i++) {
		const struct proof_zone *z = conf->zones.v[i];

		check(z->key_file, &z->src, "key_file", errs);
	}
}

void dns_key_free(struct dns_key **key)
{
	if (!*key)
		return;
	mem_erase(*key, sizeof(**key));
	free(*key);
	*key = NULL;
}
