/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "advise.h"
#include "fleet_account.h"
#include "log.h"
#include "populate_cmd.h"
#include "proof_kind.h"
#include "store_facts.h"
#include "store_owner.h"
#include "store_schema.h"
#include "term.h"

#define WARNINGS_MAX 20
#define KIND_NAMES   200 /* characters */
#define FACTS_PAGE   1000

/* What a whole database may have of: counted, and told once. */
enum {
	NO_ZONE,
	NO_WEBROOT,
	ELSEWHERE,
	UNPROVABLE,
	NOT_IN_CSR,
	EXPIRED,
	NO_CA,
	KINDS,
};
static const struct kind {
	const char *what, *then; /* before and after the names */
	const char *todo;	 /* after "certrepo-populate -c FILE " */
} kinds[KINDS] = {
	[NO_ZONE] = { "prove by dns-01, and the configuration names no zone "
		      "in dns.zones",
		      "name one, or",
		      "set NAME challenge=http-01 webroot_path=PATH" },
	[NO_WEBROOT] = { "prove by http-01 and have no webroot_path",
			 "each would be held by its first attempt;",
			 "set NAME webroot_path=PATH" },
	[ELSEWHERE] = { "have a webroot_path that webroot_prefixes does not "
			"allow",
			"add its folder there, or",
			"set NAME webroot_path=PATH" },
	[UNPROVABLE] = { "have names that their challenge cannot prove "
			 "(http-01 no wildcard, dns-01 no address)",
			 "of wildcards:", "set NAME challenge=dns-01" },
	[NOT_IN_CSR] = { "have a CSR that does not ask for the name they are "
			 "enrolled under",
			 "what is renewed is for other names;",
			 "add NAME --csr FILE --replace" },
	[EXPIRED] = { "have a certificate that has expired",
		      "the fetcher renews them, others first; those that "
		      "nobody uses:",
		      "disable NAME" },
	[NO_CA] = { "name a CA that is not in the configuration",
		    "add it to the list ca, or", "set NAME ca=CA" },
};
struct kind_seen {
	size_t n;
	char names[KIND_NAMES]; /* the first ones */
};

static void count(struct kind_seen *k, const char *name, struct arena *a)
{
	size_t len = strlen(k->names);
	const char *clean = populate_clean(a, name);

	if (len + strlen(clean) + 10 < sizeof(k->names))
		snprintf(k->names + len, sizeof(k->names) - len, "%s%s",
			 k->n ? ", " : "", clean);
	else if (len < 3 || strcmp(k->names + len - 3, "...") != 0)
		snprintf(k->names + len, sizeof(k->names) - len, ", ...");
	k->n++;
}

static void tell_kind(const struct populate *p, const struct kind *kind,
		      const struct kind_seen *seen)
{
	log_warn("%srows that %s: %zu (%s); %s certrepo-populate%s %s",
		 kind == &kinds[NO_CA] ? "" : "enabled ", kind->what, seen->n,
		 seen->names, kind->then, populate_hint(p, p->arena),
		 kind->todo);
}

static bool asks_for(const struct x509_csr *csr, const char *name,
		     struct arena *a)
{
	char *domain = arena_strdup(a, store_name_domain(a, name));

	for (char *c = domain; *c; c++)
		*c = (char) tolower((unsigned char) *c);
	return x509_ids_have(x509_csr_ids(csr), domain);
}

static bool expired(const struct store_cert *row, int64_t now)
{
	AUTO(x509_chain_free) struct x509_chain *crt = NULL;

	return row->crt.len &&
	       x509_chain_parse(row->crt.p, row->crt.len, &crt, NULL) == 0 &&
	       x509_chain_not_after(crt) < now;
}

static void sort_row(const struct populate *p, const struct store_cert *row,
		     struct arena *a, struct kind_seen seen[KINDS])
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	const char *type = proof_type_of_row(row->challenge, row->certbot);
	const struct x509_ids none = { NULL, 0 };
	const struct x509_ids *ids = &none;

	if (x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0, &csr,
			   NULL) == 0)
		ids = x509_csr_ids(csr);
	if (csr && !asks_for(csr, row->name, a))
		count(&seen[NOT_IN_CSR], row->name, a);
	if (expired(row, p->now))
		count(&seen[EXPIRED], row->name, a);
	if (proof_zone_check(&p->conf, type, NULL) == -1)
		count(&seen[NO_ZONE], row->name, a);
	if (proof_check(&p->conf, ids, type, row->webroot_path, NULL) == 0)
		return;
	if (strcmp(type, PROOF_TYPE_WEBROOT) == 0 &&
	    (!row->webroot_path || !*row->webroot_path))
		count(&seen[NO_WEBROOT], row->name, a);
	else if (proof_check(&p->conf, &none, type, row->webroot_path, NULL) ==
		 -1)
		count(&seen[ELSEWHERE], row->name, a);
	else
		count(&seen[UNPROVABLE], row->name, a);
}

static void advise_row(const struct populate *p, const struct store_cert *row,
		       struct arena *a, struct strlist *ret)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct err fault = ERR_INIT;

	if (x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0, &csr,
			   &fault) == -1)
		strlist_addf(ret,
			     "its CSR cannot be used: %s; enrol it by "
			     "certrepo-populate add NAME --csr FILE --replace",
			     fault.msg);
	else
		advise_stored(csr, certrepo_conf_ca(&p->conf, row->ca_name),
			      row->crt.len > 0, ret);
	if (advise_spent(row, &p->conf))
		strlist_addf(ret,
			     "it has failed %lld time%s, and would be held by "
			     "its next failure; when what was wrong is "
			     "mended: certrepo-populate%s enable %s",
			     (long long) row->count_fail_update,
			     row->count_fail_update == 1 ? "" : "s",
			     populate_hint(p, a), populate_word(row->name, a));
}

/* The number of warnings of this row, the first MOST of them said. */
static int look_at(struct populate *p, const char *name, size_t most,
		   size_t *ret, struct kind_seen seen[KINDS], struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(strlist_free) struct strlist said = STRLIST_INIT;
	struct store_cert *row;
	int rc = store_get(p->store, name, a, &row, err);

	if (rc != 1)
		return rc;
	advise_row(p, row, a, &said);
	sort_row(p, row, a, seen);
	for (size_t i = 0; i < said.n && i < most; i++)
		log_warn("%s: %s", name,
			 populate_fill(p, name, populate_san_row(row, name, a),
				       said.v[i], a));
	*ret = said.n;
	return 0;
}

struct sight {
	struct populate *p;
	struct arena *arena;
	struct strlist names; /* of enabled rows */
	struct kind_seen seen[KINDS];
};

/* A row has no blobs while all are read, and each is read whole later. */
static int see(const struct store_cert *row, void *arg, struct err *err)
{
	struct sight *s = arg;

	if (!certrepo_conf_ca(&s->p->conf, row->ca_name))
		count(&s->seen[NO_CA], row->name, s->arena);
	if (row->enabled)
		strlist_add(&s->names, row->name);
	return 0;
}

static void sight_done(struct sight *s)
{
	strlist_free(&s->names);
	arena_free(&s->arena);
}

int init_look(struct populate *p, struct err *err)
{
	AUTO(sight_done)
	struct sight s = { .p = p,
			   .arena = arena_new(),
			   .names = STRLIST_INIT };
	size_t said = 0;

	if (store_each(p->store, see, &s, err) == -1)
		return -1;
	for (size_t i = 0; i < s.names.n; i++) {
		size_t n = 0;

		if (look_at(p, s.names.v[i],
			    said < WARNINGS_MAX ? WARNINGS_MAX - said : 0, &n,
			    s.seen, err) == -1)
			return -1;
		said += n;
	}
	if (said > WARNINGS_MAX)
		log_warn("and %zu more warning%s of this kind: "
			 "certrepo-populate%s show NAME tells those of a name",
			 said - WARNINGS_MAX,
			 said - WARNINGS_MAX == 1 ? "" : "s",
			 populate_hint(p, p->arena));
	for (size_t i = 0; i < KINDS; i++)
		if (s.seen[i].n > 0)
			tell_kind(p, &kinds[i], &s.seen[i]);
	return 0;
}

static void tell_owner(struct populate *p, const struct store_owner *o,
		       bool fresh)
{
	if (o->gone)
		printf("the views of the hosts did not work: their definer, "
		       "%s, is gone or lacks rights; %s\n",
		       populate_clean(p->arena, o->was),
		       o->works ? "they do now" : "and they still do not");
	if (o->old)
		printf("hosts have no procedures to call: MariaDB %s is older "
		       "than 10.6, so they go by the views, and whoever has a "
		       "host's account reads all certificates, and may lock "
		       "their rows; run init again after its upgrade\n",
		       populate_clean(p->arena, o->old));
	if (o->state == STORE_OWNER_TAKEN && !fresh)
		printf("the views and procedures of the hosts belong "
		       "to " STORE_OWNER " now, an account that nobody logs in "
		       "as\n");
	if (o->state != STORE_OWNER_REFUSED)
		return;
	printf("the views and procedures of the hosts %sstop working when %s "
	       "is dropped. Let an administrator give them to an account that "
	       "stays, in the mariadb client:\n\n%s\n",
	       o->calls || o->old ? ""
				  : "are not of this version, or missing, and ",
	       o->gone ? "the account of this program"
		       : populate_clean(p->arena, o->was),
	       o->sql);
}

/* FRESH: the views were made a moment ago. */
static int mend_views(struct populate *p, bool fresh, struct err *err)
{
	struct store_owner o;

	if (store_owner_take(p->store, p->arena, &o, err) == -1)
		return err_wrap(err, "the views and procedures of the hosts");
	if (o.state == STORE_OWNER_HIDDEN)
		return err_set(err, ERR_CONFIG,
			       "%s: this account may not see the views of the "
			       "hosts, so whether they work cannot be told; "
			       "with the account that owns the database, which "
			       "only init needs: as root, by " POPULATE_INIT
			       ", or certrepo-populate -c FILE init",
			       store_name(p->store));
	tell_owner(p, &o, fresh);
	free(o.sql);
	return o.works ? 0
		       : err_set(err, ERR_CONFIG,
				 "%s: hosts cannot read their certificates "
				 "before that is done",
				 store_name(p->store));
}

static const char *some(const char *const *v, size_t n, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; i < n && i < FLEET_LACKS_SHOWN; i++)
		all = arena_printf(a, "%s%s%s", all, i ? ", " : "",
				   populate_clean(a, v[i]));
	return n > FLEET_LACKS_SHOWN ? arena_printf(a, "%s, ...", all) : all;
}

/* A restored database goes by accounts that its server may not have. */
static int tell_lacks(struct populate *p, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_lacks l;

	if (fleet_account_lacks(p->store, a, &l, err) == -1)
		return err_wrap(err, "the accounts of the hosts");
	if (l.hosts > 0)
		log_warn("the server does not have the account of %zu host%s "
			 "(%s), as after a restore: certrepo-populate%s host "
			 "add HOST --password-file FILE makes it again, with "
			 "the password in FILE, which the host has",
			 l.hosts, l.hosts == 1 ? "" : "s",
			 some(l.host, l.hosts, a), populate_hint(p, a));
	if (l.shared > 0)
		log_warn("the server does not have %s (%s) that hosts share, "
			 "as after a restore: grants.sql makes certrepo-host; "
			 "where no host uses it any more, DELETE FROM "
			 "host_names of that account ends this",
			 l.shared == 1 ? "an account" : "accounts",
			 some(l.account, l.shared, a));
	return 0;
}

/* Of what was there before, or other programs left behind. A run that is
 * killed is gone on with by the next. */
static int fill_facts(struct populate *p, struct err *err)
{
	char after[STORE_NAME_MAX + 1] = "";
	size_t n, looked = 0, filled = 0;

	do {
		if (term_wants_progress())
			term_progress("%zu names looked through, what %zu "
				      "certificates say written down",
				      looked, filled);
		if (store_facts_fill(p->store, FACTS_PAGE, after, &n, err) ==
		    -1) {
			term_wipe();
			return err_wrap(err, "what the certificates say");
		}
		looked += FACTS_PAGE;
		filled += n;
	} while (after[0]);
	term_wipe();
	if (filled)
		printf("wrote down what %zu certificate%s\n", filled,
		       filled == 1 ? " says" : "s say");
	return 0;
}

bool init_dry_new(const struct populate *p)
{
	const struct store_conf *conf = p->conf.store;

	if (strcmp(conf->driver, "sqlite") != 0 || !conf->path ||
	    access(conf->path, F_OK) == 0 || errno != ENOENT)
		return false;
	printf("would create %s, schema version %d\n", conf->path,
	       STORE_SCHEMA_VERSION);
	return true;
}

static int dry(struct populate *p, struct err *err)
{
	const char *where = store_name(p->store);
	int from, to;

	if (store_schema_look(p->store, &from, &to, err) == -1)
		return -1;
	if (from == to)
		printf("%s has schema version %d, nothing to do\n", where, to);
	else if (from == -1)
		printf("would create %s, schema version %d\n", where, to);
	else
		printf("would upgrade %s from schema version %d to %d\n", where,
		       from, to);
	return 0;
}

int init_run(struct populate *p, struct err *err)
{
	const char *where = store_name(p->store);
	int from, to, rc;

	if (p->opt.dry_run)
		return dry(p, err);
	term_progress("the tables of %s; large ones take minutes", where);
	rc = store_schema_upgrade(p->store, p->now, &from, &to, err);
	term_wipe();
	if (rc == -1)
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
	if (mend_views(p, from == -1, err) == -1 || fill_facts(p, err) == -1 ||
	    (from != -1 && tell_lacks(p, err) == -1))
		return -1;
	fflush(stdout);
	return from >= 0 && from < to ? init_look(p, err) : 0;
}
