/* SPDX-License-Identifier: MIT */
#include "fields.h"
#include "ca_profile.h"
#include "policy.h"
#include "proof_kind.h"
#include "x509.h"

static const struct {
	const char *name, *column;
} allowed[] = {
	{ "comment", "comment" },	    { "owner", "owner" },
	{ "webroot_path", "webroot_path" }, { "ca", "ca_name" },
	{ "ca_profile", "ca_profile" },	    { "challenge", "challenge" },
	{ "certbot", "certbot" },	    { "enable", "enable" },
};

#define ALLOWED_TEXT                                                        \
	"comment, owner, webroot_path, ca, ca_profile, challenge, certbot " \
	"(Y/N), "                                                           \
	"enable (Y/N)"

static int unknown_field(const char *arg, size_t len, struct err *err)
{
	static const char *const blobs[] = { "csr", "crt", "old_ca",
					     "old_crt" };

	for (size_t i = 0; i < ARRAY_LEN(blobs); i++)
		if (strlen(blobs[i]) == len && strncmp(arg, blobs[i], len) == 0)
			return err_set(err, ERR_INPUT,
				       "%s is not set by hand: the CSR comes "
				       "by add --replace, certificates from "
				       "the fetcher; fields are: " ALLOWED_TEXT,
				       blobs[i]);
	return err_set(
		err, ERR_INPUT,
		"there is no field \"%.*s\" to set; fields are: " ALLOWED_TEXT,
		(int) len, arg);
}

static const struct store_field *find(const struct fields *f,
				      const char *column)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, column) == 0)
			return &f->v[i];
	return NULL;
}

static int check_value(const char *column, const char *value, struct err *err)
{
	if (strcmp(column, "enable") == 0 || strcmp(column, "certbot") == 0) {
		if (!value ||
		    (strcmp(value, "Y") != 0 && strcmp(value, "N") != 0))
			return err_set(err, ERR_INPUT, "%s is Y or N", column);
	}
	if (strcmp(column, "comment") == 0)
		return policy_comment(value, err);
	if (strcmp(column, "owner") == 0)
		return policy_owner(value, err);
	if (value && strcmp(column, "ca_profile") == 0)
		return ca_profile_word(value, err);
	return 0;
}

static int add_field(struct fields *f, const char *arg, struct arena *a,
		     struct err *err)
{
	const char *eq = strchr(arg, '='), *column = NULL, *value;
	size_t len;

	if (!eq)
		return err_set(
			err, ERR_USAGE,
			"\"%s\" is not field=value; fields are: " ALLOWED_TEXT,
			arg);
	len = (size_t) (eq - arg);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (strlen(allowed[i].name) == len &&
		    strncmp(arg, allowed[i].name, len) == 0)
			column = allowed[i].column;
	if (!column)
		return unknown_field(arg, len, err);
	if (find(f, column))
		return err_set(err, ERR_INPUT, "%.*s is given twice", (int) len,
			       arg);
	value = eq[1] ? arena_strdup(a, eq + 1) : NULL;
	if (check_value(column, value, err) == -1)
		return -1;
	f->v[f->n++] = (struct store_field){ .name = column, .value = value };
	return 0;
}

/* challenge decides; certbot is its old spelling, which the 2019 fetcher
 * reads. A row must not say two things. */
static int keep_in_step(struct fields *f, struct err *err)
{
	const struct store_field *challenge = find(f, "challenge");
	const struct store_field *certbot = find(f, "certbot");
	const char *http = PROOF_TYPE_WEBROOT;
	bool is_http;

	if (challenge && certbot) {
		is_http =
			challenge->value && strcmp(challenge->value, http) == 0;
		if (challenge->value && is_http != (certbot->value[0] == 'Y'))
			return err_set(err, ERR_INPUT,
				       "challenge=%s and certbot=%s contradict "
				       "each other: certbot=Y means http-01",
				       challenge->value, certbot->value);
	} else if (challenge) {
		is_http =
			challenge->value && strcmp(challenge->value, http) == 0;
		f->v[f->n++] =
			(struct store_field){ "certbot", is_http ? "Y" : "N" };
	} else if (certbot) {
		f->v[f->n++] = (struct store_field){
			"challenge",
			proof_type_of_row(NULL, certbot->value[0] == 'Y')
		};
	}
	return 0;
}

int fields_parse(const char *const *args, struct arena *a, struct fields *ret,
		 struct err *err)
{
	struct fields f = { .n = 0 };

	if (!*args)
		return err_set(err, ERR_USAGE,
			       "what shall be set? fields are: " ALLOWED_TEXT);
	for (; *args; args++)
		if (add_field(&f, *args, a, err) == -1)
			return -1;
	if (keep_in_step(&f, err) == -1)
		return -1;
	*ret = f;
	return 0;
}

const char *fields_value(const struct fields *f, const char *column,
			 const char *now)
{
	const struct store_field *field = find(f, column);

	return field ? field->value : now;
}

int fields_check(const struct fields *f, const struct certrepo_conf *conf,
		 const struct store_cert *row, struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	const struct certrepo_ca *ca;
	const char *certbot, *type;
	bool enabling = fields_value(f, "enable", "N")[0] == 'Y';

	if (!enabling && !find(f, "ca_name") && !find(f, "challenge") &&
	    !find(f, "webroot_path"))
		return 0;
	if (policy_ca(conf, fields_value(f, "ca_name", row->ca_name), &ca,
		      err) == -1)
		return -1;
	if (x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0, &csr,
			   err) == -1)
		return err_wrap(err, "the stored CSR");
	if ((enabling || find(f, "ca_name")) &&
	    policy_csr(conf, ca, csr, err) == -1)
		return err_wrap(err, "CA %s would refuse the stored CSR",
				ca->name);
	if (policy_webroot(fields_value(f, "webroot_path", NULL), err) == -1)
		return -1;
	certbot = fields_value(f, "certbot", row->certbot ? "Y" : "N");
	type = proof_type_of_row(fields_value(f, "challenge", row->challenge),
				 certbot[0] == 'Y');
	if (proof_check(conf, x509_csr_ids(csr), type,
			fields_value(f, "webroot_path", row->webroot_path),
			err) == -1)
		return -1;
	return enabling || find(f, "challenge")
		       ? proof_zone_check(conf, type, err)
		       : 0;
}
