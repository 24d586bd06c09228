/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "advise.h"
#include "log.h"
#include "populate_cmd.h"
#include "store_owner.h"
#include "store_schema.h"

#define WARNINGS_MAX 20

/* A row has no blobs while all are read, and each is read whole later. */
static int add_name(const struct store_cert *row, void *arg, struct err *err)
{
	if (row->enabled)
		strlist_add(arg, row->name);
	return 0;
}

static void advise_row(const struct populate *p, const struct store_cert *row,
		       struct arena *a, struct strlist *ret)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct err fault = ERR_INIT;

	if (x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0, &csr,
			   &fault) == -1)
		strlist_addf(ret,
			     "its CSR cannot be used: %s; enrol another one "
			     "with add --replace",
			     fault.msg);
	else
		advise_stored(csr, certrepo_conf_ca(&p->conf, row->ca_name),
			      row->crt.len > 0, ret);
	if (advise_spent(row, &p->conf))
		strlist_addf(ret,
			     "it has failed %lld times, and would be held by "
			     "its next failure; when what was wrong is "
			     "mended: certrepo-populate%s enable %s",
			     (long long) row->count_fail_update,
			     populate_hint(p, a), populate_word(row->name, a));
}

/* The number of warnings of this row, the first MOST of them said. */
static int look_at(struct populate *p, const char *name, size_t most,
		   size_t *ret, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(strlist_free) struct strlist said = STRLIST_INIT;
	struct store_cert *row;
	int rc = store_get(p->store, name, a, &row, err);

	if (rc != 1)
		return rc;
	advise_row(p, row, a, &said);
	for (size_t i = 0; i < said.n && i < most; i++)
		log_warn("%s: %s", name, said.v[i]);
	*ret = said.n;
	return 0;
}

int init_look(struct populate *p, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	size_t said = 0;

	if (store_each(p->store, add_name, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		size_t n = 0;

		if (look_at(p, names.v[i],
			    said < WARNINGS_MAX ? WARNINGS_MAX - said : 0, &n,
			    err) == -1)
			return -1;
		said += n;
	}
	if (said > WARNINGS_MAX)
		log_warn("and %zu more warnings of this kind: "
			 "certrepo-populate%s show NAME tells those of a name",
			 said - WARNINGS_MAX, populate_hint(p, p->arena));
	return 0;
}

/* FRESH: the views were made a moment ago. */
static int mend_views(struct populate *p, bool fresh, struct err *err)
{
	struct store_owner o;

	if (store_owner_take(p->store, p->arena, &o, err) == -1)
		return err_wrap(err, "the views of the hosts");
	if (o.state == STORE_OWNER_HIDDEN)
		return err_set(
			err, ERR_CONFIG,
			"%s: this account may not see the views of the "
			"hosts, so whether they work cannot be told; "
			"with the account that owns the database, which "
			"only init needs: certrepo-populate -c FILE init",
			store_name(p->store));
	if (o.gone)
		printf("the views of the hosts did not work: their definer, "
		       "%s, is gone or lacks rights; %s\n",
		       populate_clean(p->arena, o.was),
		       o.works ? "they do now" : "and they still do not");
	if (o.state == STORE_OWNER_TAKEN && !fresh)
		printf("the views of the hosts belong to " STORE_OWNER
		       " now, an account that nobody logs in as\n");
	if (o.state == STORE_OWNER_REFUSED)
		printf("the views of the hosts stop working when %s is "
		       "dropped. Let an administrator give them to an account "
		       "that stays, in the mariadb client:\n\n%s\n",
		       o.gone ? "the account of this program"
			      : populate_clean(p->arena, o.was),
		       o.sql);
	free(o.sql);
	return o.works ? 0
		       : err_set(err, ERR_CONFIG,
				 "%s: hosts cannot read their certificates "
				 "before that is done",
				 store_name(p->store));
}

int init_run(struct populate *p, struct err *err)
{
	const char *where = store_name(p->store);
	int from, to;

	if (store_schema_upgrade(p->store, p->now, &from, &to, err) == -1)
		return -1;
	if (from == -1)
		printf("created %s, schema version %d\n", where, to);
	else if (from == to)
		printf("%s has schema version %d, nothing to do\n", where, to);
	else
		printf("upgraded %s from schema version %d to %d\n", where,
		       from, to);
	if (from != to)
		populate_log(from == -1 ? "created" : "upgraded", where, NULL);
	if (mend_views(p, from == -1, err) == -1)
		return -1;
	fflush(stdout);
	return from == 0 ? init_look(p, err) : 0;
}
