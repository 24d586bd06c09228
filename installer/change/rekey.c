/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "backup.h"
#include "hostkey.h"
#include "nextkey.h"
#include "rekey.h"
#include "x509_make.h"

static const char *state_dir(const struct txn_part *p)
{
	return p->run->conf->state_dir;
}

const struct journal_op *rekey_op(const struct txn_part *p,
				  const struct journal *m,
				  const struct svc_cert *c)
{
	const char *path;

	if (!c->conf->key || !hostkey_apart(c, p->run->arena))
		return NULL;
	path = hostkey_path(c, p->run->arena);
	for (size_t i = 0; i < m->n_ops; i++)
		if (strcmp(m->ops[i].path, path) == 0)
			return &m->ops[i];
	return NULL;
}

bool rekey_has(const struct txn_part *p, const char *name)
{
	for (size_t i = 0; i < p->svc->n_certs; i++)
		if (strcmp(p->svc->certs[i].conf->name, name) == 0 &&
		    rekey_op(p, p->j, &p->svc->certs[i]))
			return true;
	return false;
}

bool rekey_other(const struct txn_part *p, const struct svc_cert *c,
		 const struct x509_chain *chain)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(x509_key_free) struct x509_key *key = NULL;
	const struct journal_op *o = rekey_op(p, p->j, c);

	return o && o->old &&
	       backup_read_copy(state_dir(p), p->j, (size_t) (o - p->j->ops),
				&old, NULL) == 1 &&
	       x509_key_parse(o->path, &old.content, &key, NULL) == 0 &&
	       !x509_key_matches(key, chain);
}

int rekey_keep(const struct txn_part *p, const struct journal *m,
	       const struct svc_cert *c, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	AUTO(x509_key_free) struct x509_key *next = NULL;
	const char *name = c->conf->name;
	int rc;

	if (!rekey_op(p, m, c))
		return 0;
	rc = nextkey_load(state_dir(p), name, &next, err);
	if (rc == -1 || hostkey_load(c, &key, err) == -1)
		return -1;
	if (rc == 0)
		return nextkey_put(state_dir(p), name, key, err);
	rc = x509_key_same(key, next, err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	return err_set(err, ERR_CONFLICT,
		       "the key in use would be lost, there is another next "
		       "one in %s: if nothing is to come of that, remove it",
		       nextkey_path(state_dir(p), name, p->run->arena));
}

/* Of service S a part that goes back with the key at PATH. */
static bool goes_back(const struct txn_part *parts, const struct journal *m,
		      size_t n, const struct svc *s, const char *path)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; parts[i].svc == s && k < m[i].n_ops; k++)
			if (strcmp(m[i].ops[k].path, path) == 0)
				return true;
	return false;
}

static int all_go_back(const struct txn_part *parts, const struct journal *m,
		       size_t n, const struct svc_cert *c, struct err *err)
{
	const struct host *r = parts->run;
	const char *path = hostkey_path(c, r->arena);

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			const struct svc_cert *o = &s->certs[k];

			if (!o->conf->key || !hostkey_apart(o, r->arena) ||
			    strcmp(hostkey_path(o, r->arena), path) != 0 ||
			    goes_back(parts, m, n, s, path))
				continue;
			return err_set(err, ERR_CONFLICT,
				       "the key goes back as well (%s), and "
				       "service %s, which has it, too, would "
				       "be left with a certificate of another "
				       "one: --rollback %s goes back in all of "
				       "them, if it was their last change",
				       path, s->name, c->conf->name);
		}
	}
	return 0;
}

int rekey_all_back(const struct txn_part *parts, const struct journal *m,
		   size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct svc *s = parts[i].svc;

		for (size_t k = 0; k < s->n_certs; k++)
			if (rekey_op(&parts[i], &m[i], &s->certs[k]) &&
			    all_go_back(parts, m, n, &s->certs[k], err) == -1)
				return -1;
	}
	return 0;
}
