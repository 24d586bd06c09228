/* SPDX-License-Identifier: MIT */
/* What hosts ask for is approved or rejected, by a person or by a rule. */
#include "ask.h"
#include "fleet_hosts.h"
#include "log.h"
#include "namemap.h"
#include "num.h"
#include "quota.h"

#define PAGE_ROWS 100
#define REFS_MAX  1000
#define SAME_MAX  5 /* requests of one host and name that are told */

/* --- one --- */

/* The row is as it was looked at. */
static int still(struct store *s, const struct ask *k, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct store_cert *was = k->add.old;
	struct store_cert *now = NULL;
	int rc = was ? store_get(s, k->v.as, a, &now, err) : 1;

	if (rc == -1)
		return -1;
	if (rc == 1 &&
	    (!was || (now->csr.len == was->csr.len &&
		      (was->csr.len == 0 ||
		       memcmp(now->csr.p, was->csr.p, was->csr.len) == 0))))
		return 0;
	return err_set(err, ERR_CONFLICT,
		       "%s was changed meanwhile: see it again, by pending",
		       k->v.as);
}

/* It is not pending any more: by this very run, whose commit was not answered?
 */
static int decided(struct store *s, const struct ask *k, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_request now;
	int rc = fleet_request_get(s, k->r.id, a, &now, err);

	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(now.state, FLEET_APPROVED) == 0 && now.as_name &&
	    strcmp(now.as_name, k->v.as) == 0 && now.ts_decided == k->p->now)
		return 0;
	return err_set(err, ERR_CONFLICT,
		       "request %lld was changed meanwhile: see it again, by "
		       "pending",
		       (long long) k->r.id);
}

/* Text around a CSR is nobody's, and would be kept as long as the row. What
 * little there may be of it stays: the host sends the very same once more. */
static int shorten(struct store *s, const struct ask *k, struct err *err)
{
	const char *pem = x509_csr_pem(k->csr);

	return k->r.csr.len <= 2 * strlen(pem)
		       ? 0
		       : fleet_pending_shorten(s, k->r.id, pem, err);
}

static int approve_tx(struct store *s, void *arg, struct err *err)
{
	const struct ask *k = arg;
	int rc = fleet_request_decide(s, &k->r, FLEET_APPROVED, NULL, k->v.as,
				      k->p->now, err);

	if (rc == 0)
		return decided(s, k, err);
	if (rc == -1 || still(s, k, err) == -1 ||
	    add_store(&k->add, err) == -1 || shorten(s, k, err) == -1)
		return -1;
	/* Whoever may be another host gets nothing that is that one's. */
	if (!k->its)
		return 0;
	return k->by_rule ? fleet_host_grant_by_rule(s, k->r.host, k->v.as, err)
			  : fleet_host_grant(s, k->r.host, k->v.as, err);
}

static void log_approved(const struct ask *k, bool by_rule)
{
	const char *detail = arena_printf(
		k->a, "%s/%s, %s%s", populate_clean(k->a, k->r.host),
		populate_clean(k->a, k->r.name), ask_word(k),
		by_rule ? ", by a rule" : "");

	add_log(&k->add);
	populate_log("approved", k->v.as, detail);
}

static void print_approved(const struct ask *k)
{
	struct populate *p = k->p;
	const char *host = populate_clean(k->a, k->r.host);

	printf("%s %lld, %s/%s, as %s\n",
	       p->opt.dry_run ? "would approve" : "approved",
	       (long long) k->r.id, host, populate_clean(k->a, k->r.name),
	       k->v.as);
	switch (k->v.kind) {
	case RULING_GRANT:
	case RULING_SAME:
		printf("  it has this key and these names%s\n",
		       k->row->enabled ? ""
				       : ", and is disabled: hosts do not get "
					 "it");
		break;
	case RULING_NEW:
	case RULING_KEY:
	case RULING_NAMES:
	case RULING_BESIDE:
		add_print(&k->add);
		break;
	}
	if (strcmp(k->v.as, k->r.name) != 0)
		populate_line("then", arena_printf(k->a,
						   "installer.conf of %s has "
						   "to say %s where it says %s",
						   host, k->v.as, k->r.name));
}

/* -1: not this one, and *err says why. */
static int approve(struct ask *k, bool by_rule, bool silent, struct err *err)
{
	k->by_rule = by_rule;
	if (!silent && add_warn(&k->add, err) == -1)
		return -1;
	if (!k->p->opt.dry_run &&
	    store_tx(k->p->store, approve_tx, k, err) == -1)
		return -1;
	if (!silent)
		print_approved(k);
	if (!k->p->opt.dry_run)
		log_approved(k, by_rule);
	return 0;
}

/* --- which --- */

static int many(const struct fleet_requests *l, const char *ref,
		struct arena *a, struct err *err)
{
	const char *ids = "";

	for (size_t i = 0; i < l->n && i < SAME_MAX; i++)
		ids = arena_printf(a, "%s%s%lld", ids, i ? ", " : "",
				   (long long) l->v[i].id);
	return err_set(err, ERR_INPUT,
		       "%s has more than one request that waits, each with a "
		       "key of its own: say which, %s%s",
		       ref, ids, l->n > SAME_MAX ? ", ..." : "");
}

static int by_name(struct populate *p, const char *ref, struct arena *a,
		   struct fleet_request *ret, struct err *err)
{
	const char *slash = strchr(ref, '/');
	struct fleet_requests l = { .n = 0 };

	if (!slash)
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no request: those are told by their "
			       "number, or by HOST/NAME",
			       ref);
	if (fleet_pending_find(p->store,
			       arena_strndup(a, ref, (size_t) (slash - ref)),
			       slash + 1, SAME_MAX + 1, a, &l, err) == -1)
		return -1;
	if (l.n > 1)
		return many(&l, ref, a, err);
	if (l.n == 0)
		return err_set(err, ERR_INPUT,
			       "no request %s waits: certrepo-populate%s "
			       "pending shows those that do",
			       ref, populate_hint(p, a));
	*ret = l.v[0];
	return 0;
}

static int find(struct populate *p, const char *ref, struct arena *a,
		struct fleet_request *ret, struct err *err)
{
	int64_t id;
	int rc;

	if (num_int(ref, 1, INT64_MAX, &id, NULL) == -1)
		return by_name(p, ref, a, ret, err);
	rc = fleet_request_get(p->store, id, a, ret, err);
	if (rc == 0)
		return err_set(err, ERR_INPUT,
			       "there is no request %s, or the host has sent "
			       "another in its place: certrepo-populate%s "
			       "pending shows those that wait",
			       ref, populate_hint(p, a));
	return rc == 1 ? 0 : -1;
}

/* --- each, by hand --- */

typedef int ref_fn(struct populate *p, const char *ref, void *arg,
		   struct err *err);

/* As with names: what fails is told, and does not stop the others. */
static int each(struct populate *p, char **refs, int n, ref_fn *fn, void *arg,
		struct err *err)
{
	int failed = 0, status = 0;

	for (int i = 0; i < n; i++) {
		struct err why = ERR_INIT;

		if (fn(p, refs[i], arg, &why) == 0)
			continue;
		if (why.kind == ERR_UNAVAILABLE || why.kind == ERR_CONFIG) {
			*err = why;
			return -1;
		}
		fflush(stdout);
		log_error(&why);
		status = err_exit_status(why.kind);
		failed++;
	}
	p->status = failed > 0 && failed < n ? 2 : status;
	return 0;
}

static int refuse_shared(const struct ask *k, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "request %lld: %s is the row of other hosts, too, which "
		       "would refuse a certificate by another CSR: --beside "
		       "makes a row of its own for this host, --replace takes "
		       "it for all of them",
		       (long long) k->r.id, k->v.as);
}

/* 1 it waits, and is in RET, 0 it was approved before. */
static int look(struct populate *p, const char *ref, struct arena *a,
		struct fleet_request *ret_r, struct ask *ret, struct err *err)
{
	if (find(p, ref, a, ret_r, err) == -1)
		return -1;
	if (strcmp(ret_r->state, FLEET_APPROVED) == 0)
		return 0;
	if (strcmp(ret_r->state, FLEET_PENDING) != 0)
		return err_set(err, ERR_CONFLICT,
			       "request %lld was rejected: the host may send "
			       "another",
			       (long long) ret_r->id);
	/* A number is that of one CSR, for ever. */
	if (strchr(ref, '/') && !p->opt.yes && !p->opt.dry_run)
		return err_set(err, ERR_INPUT,
			       "%s asks for it as request %lld now: approve it "
			       "by that number, when certrepo-populate%s "
			       "pending shows what you read; or give --yes, "
			       "whatever it is",
			       ref, (long long) ret_r->id, populate_hint(p, a));
	return ask_look(p, ret_r, a, ret, err) == -1 ? -1 : 1;
}

static int tell_approved(struct populate *p, const struct fleet_request *r,
			 struct arena *a, struct err *err)
{
	const char *as = r->as_name ? r->as_name : r->name;
	struct store_cert *row;
	int rc = store_get(p->store, as, a, &row, err);

	if (rc == 0)
		return err_set(err, ERR_CONFLICT,
			       "request %lld was approved as %s, which is not "
			       "enrolled any more: the host has to ask once "
			       "more, by certrepo-installer --request",
			       (long long) r->id, populate_clean(a, as));
	if (rc == 1)
		printf("%lld is approved already, as %s, nothing changed\n",
		       (long long) r->id, populate_clean(a, as));
	return rc == 1 ? 0 : -1;
}

static int approve_ref(struct populate *p, const char *ref, void *arg,
		       struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_request r;
	struct ask k;
	int rc = look(p, ref, a, &r, &k, err);

	if (rc == -1)
		return -1;
	if (rc == 0)
		return tell_approved(p, &r, a, err);
	if (k.fault.kind != ERR_NONE) {
		*err = k.fault;
		rc = err_wrap(err, "request %lld", (long long) k.r.id);
	} else if (k.v.shared) {
		rc = refuse_shared(&k, err);
	} else {
		rc = approve(&k, false, false, err);
	}
	ask_free(&k);
	return rc;
}

/* --- what follows --- */

static int there(const char *name, void *arg, struct err *err)
{
	orders_there(arg, name);
	return 0;
}

/* What fails is told when it is its turn. */
static int count_ref(struct populate *p, const char *ref, struct orders *o,
		     struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct err why = ERR_INIT;
	struct fleet_request r;
	struct ask k;
	int rc = look(p, ref, a, &r, &k, &why);

	if (rc == -1 &&
	    (why.kind == ERR_UNAVAILABLE || why.kind == ERR_CONFIG)) {
		*err = why;
		return -1;
	}
	if (rc != 1)
		return 0;
	if (k.fault.kind == ERR_NONE && !k.v.shared && ask_orders(&k))
		orders_add(o, x509_csr_ids(k.csr));
	ask_free(&k);
	return 0;
}

static int too_many(const struct orders_line *l, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "%zu order%s for %s would follow, %zu with those of the "
		       "last 7 days and those that wait; at more than %d this "
		       "stops, as a CA may refuse more than 50 in 7 days: "
		       "approve fewer at once, or say --yes",
		       l->added, l->added == 1 ? "" : "s", l->domain, l->all,
		       ORDERS_MAX);
}

/* Says what follows of REFS; ERR_INPUT: more than a CA may take. */
static int foresee(struct populate *p, char **refs, int n, struct err *err)
{
	AUTO(orders_free) struct orders *o = orders_new();

	if (fleet_pending_orders(p->store, p->now, there, o, err) == -1)
		return -1;
	for (int i = 0; i < n; i++)
		if (count_ref(p, refs[i], o, err) == -1)
			return -1;
	for (size_t i = 0; i < orders_lines(o); i++) {
		struct orders_line l = orders_line(o, i);

		if (l.all > ORDERS_MAX && !p->opt.yes && !p->opt.dry_run)
			return too_many(&l, err);
	}
	for (size_t i = 0; i < orders_lines(o); i++) {
		struct orders_line l = orders_line(o, i);

		printf("orders that follow for %s: %zu (%zu in 7 days%s)\n",
		       l.domain, l.added, l.all,
		       l.all > ORDERS_MAX && !p->opt.yes
			       ? arena_printf(p->arena,
					      ", more than %d: it needs --yes",
					      ORDERS_MAX)
			       : "");
	}
	return 0;
}

/* --- by rule --- */

struct rule_run {
	struct quota *quota;
	struct namemap *locked; /* hosts, of which no more is tried */
	size_t n, failed;
	int status; /* of what failed */
	bool silent;
};

/* It is told, and does not stop the others. -1: they would fail as well. */
static int failed(const struct fleet_request *r, struct rule_run *run,
		  struct arena *a, struct err *why, struct err *err)
{
	/* Somebody else was at it: the next run sees. */
	if (why->kind == ERR_CONFLICT)
		return 0;
	if (why->kind == ERR_UNAVAILABLE || why->kind == ERR_CONFIG) {
		if (err)
			*err = *why;
		return -1;
	}
	/* Whoever locks one may lock all that are its own, two seconds each. */
	if (why->kind == ERR_LOCKED)
		namemap_put(run->locked, r->host, 0);
	(void) err_wrap(why, "request %lld, %s/%s, waits, the others go on",
			(long long) r->id, populate_clean(a, r->host),
			populate_clean(a, r->name));
	fflush(stdout);
	log_error(why);
	run->status = err_exit_status(why->kind);
	run->failed++;
	return 0;
}

/* 1 it was approved, 0 it waits for a person. */
static int by_rule(struct populate *p, const struct fleet_request *r,
		   struct rule_run *run, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct err why = ERR_INIT;
	struct ask k;
	bool took;
	int rc;

	if (namemap_get(run->locked, r->host) != -1)
		return 0;
	run->n++;
	if (ask_look(p, r, a, &k, err) == -1)
		return -1;
	took = k.v.by_rule;
	rc = quota_take(run->quota, &k, err);
	if (rc == 0 && k.fault.kind == ERR_NONE && k.v.by_rule)
		rc = approve(&k, true, run->silent, &why) == 0;
	else if (rc == 0 && (!run->silent || (took && !k.v.by_rule)))
		log_info("request %lld waits: %s", (long long) r->id,
			 ask_waits(&k));
	ask_free(&k);
	return why.kind == ERR_NONE ? rc : failed(r, run, a, &why, err);
}

static int all_by_rule(struct populate *p, struct err *err)
{
	AUTO(quota_free) struct quota *q = quota_new();
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(namemap_free) struct namemap *locked = namemap_new();
	struct rule_run run = { .quota = q,
				.locked = locked,
				.silent = !isatty(STDOUT_FILENO) &&
					  !log_verbose() && !p->opt.dry_run };
	struct fleet_requests page = { .n = 0 };
	int64_t after = 0;

	do {
		arena_clear(a);
		if (fleet_requests_pending(p->store, after, PAGE_ROWS, a, &page,
					   err) == -1)
			return -1;
		for (size_t i = 0; i < page.n; i++)
			if (by_rule(p, &page.v[i], &run, err) == -1)
				return -1;
		if (page.n > 0)
			after = page.v[page.n - 1].id;
	} while (page.n == PAGE_ROWS);
	p->status = run.failed > 0 && run.failed < run.n ? 2 : run.status;
	return 0;
}

bool approve_idle(const struct populate *p)
{
	const char *why =
		p->conf.rules.n == 0 ? "there are no rules in the configuration"
		: strcmp(p->conf.store->driver, "sqlite") == 0
			? "with SQLite nobody knows which host sent a "
			  "request, so no rule takes one"
			: NULL;

	if (p->opt.by_rule && why && (isatty(STDERR_FILENO) || log_verbose()))
		log_info("%s", why);
	return p->opt.by_rule && why;
}

/* --- the commands --- */

int approve_run(struct populate *p, char **refs, int n, struct err *err)
{
	if (p->opt.by_rule && (n > 0 || p->opt.replace || p->opt.beside))
		return err_set(err, ERR_USAGE,
			       "approve --by-rule takes no request, and no "
			       "--replace or --beside");
	if (p->opt.by_rule)
		return all_by_rule(p, err);
	if (n == 0)
		return err_set(err, ERR_USAGE,
			       "approve needs the ID of a request, or "
			       "HOST/NAME: certrepo-populate%s pending",
			       populate_hint(p, p->arena));
	if (n > REFS_MAX)
		return err_set(err, ERR_LIMIT,
			       "%d requests at once, at most %d are taken", n,
			       REFS_MAX);
	if (foresee(p, refs, n, err) == -1)
		return -1;
	return each(p, refs, n, approve_ref, NULL, err);
}

/* It may have been decided meanwhile: by this very run, whose answer was lost?
 */
static int reject(struct populate *p, struct fleet_request *r, struct arena *a,
		  struct err *err)
{
	struct fleet_request now;
	int rc;

	/* An id is one CSR, be that anything. */
	r->csr = (struct store_blob){ .p = NULL };
	rc = fleet_request_decide(p->store, r, FLEET_REJECTED, p->opt.reason,
				  NULL, p->now, err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = fleet_request_get(p->store, r->id, a, &now, err);
	if (rc == -1 || (rc == 1 && strcmp(now.state, FLEET_REJECTED) == 0))
		return rc == 1 ? 0 : -1;
	return err_set(err, ERR_CONFLICT,
		       "request %lld was changed meanwhile: see it again, by "
		       "pending",
		       (long long) r->id);
}

static void print_rejected(const struct populate *p,
			   const struct fleet_request *r, bool waits,
			   struct arena *a)
{
	printf("%s %lld, %s/%s: %s\n",
	       !waits		? "was rejected before:"
	       : p->opt.dry_run ? "would reject"
				: "rejected",
	       (long long) r->id, populate_clean(a, r->host),
	       populate_clean(a, r->name),
	       populate_clean(a, waits ? p->opt.reason : r->reason));
}

static int reject_ref(struct populate *p, const char *ref, void *arg,
		      struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct fleet_request r;
	bool waits;

	if (find(p, ref, a, &r, err) == -1)
		return -1;
	if (strcmp(r.state, FLEET_APPROVED) == 0)
		return err_set(err, ERR_CONFLICT,
			       "request %lld is approved already, as %s; "
			       "certrepo-populate%s disable, or remove, ends "
			       "that",
			       (long long) r.id, r.as_name ? r.as_name : "?",
			       populate_hint(p, a));
	waits = strcmp(r.state, FLEET_PENDING) == 0;
	if (waits && !p->opt.dry_run && reject(p, &r, a, err) == -1)
		return -1;
	print_rejected(p, &r, waits, a);
	if (waits && !p->opt.dry_run)
		populate_log("rejected", populate_clean(a, r.name),
			     arena_printf(a, "%s, %s",
					  populate_clean(a, r.host),
					  p->opt.reason));
	return 0;
}

int reject_run(struct populate *p, char **refs, int n, struct err *err)
{
	if (!p->opt.reason)
		return err_set(err, ERR_USAGE,
			       "reject needs --reason TEXT: the host is told");
	return each(p, refs, n, reject_ref, NULL, err);
}
