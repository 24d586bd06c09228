/* SPDX-License-Identifier: MIT */
#include "ask.h"
#include "fleet_hosts.h"

#define GETS_MAX 20 /* rows of its domain with its key that are read */

/* Is it the store that failed, and not the request? */
static bool is_store(enum err_kind kind)
{
	return kind == ERR_UNAVAILABLE || kind == ERR_CONFIG ||
	       kind == ERR_LOCKED;
}

static void drop_row(struct ask *k)
{
	x509_csr_free(&k->row_csr);
	k->row = NULL;
}

/* The row NAME, if there is one. */
static int read_row(struct ask *k, const char *name, struct err *err)
{
	int rc;

	drop_row(k);
	rc = store_get(k->p->store, name, k->a, &k->row, err);
	if (rc == 1 && k->row->csr.p &&
	    x509_csr_parse(k->row->csr.p, k->row->csr.len, &k->row_csr, NULL) ==
		    -1)
		k->row_csr = NULL;
	return rc;
}

static bool is_same(const struct ask *k)
{
	return k->row_csr && x509_csr_same_key(k->csr, k->row_csr) &&
	       x509_ids_equal(x509_csr_ids(k->csr), x509_csr_ids(k->row_csr));
}

/* 1: the row NAME has this key and these names, and is in K. */
static int try_same(struct ask *k, const char *name, struct err *err)
{
	int rc = read_row(k, name, err);

	if (rc != 1 || is_same(k))
		return rc;
	drop_row(k);
	return 0;
}

/* First that of its name, whatever is noted of its key; then the others that
 * say they have it. */
static int find_same(struct ask *k, struct err *err)
{
	const char *sha256 = x509_csr_key(k->csr)->sha256;
	int rc = try_same(k, k->r.name, err), gets = 0;

	for (size_t i = 0; rc == 0 && i < k->rows.n && gets < GETS_MAX; i++) {
		const char *of = k->rows.v[i].key_sha256;

		if (!of || strcmp(of, sha256) != 0 ||
		    strcmp(k->rows.v[i].name, k->r.name) == 0)
			continue;
		gets++;
		rc = try_same(k, k->rows.v[i].name, err);
	}
	return rc;
}

/* The row that is the host's own, or that it names. */
static int find_own(struct ask *k, bool earlier, const char *as,
		    struct err *err)
{
	int rc = earlier ? read_row(k, as, err) : 0;

	return rc == 0 ? read_row(k, k->r.name, err) : rc;
}

/* Aliases of a row ("www.example.org+x") are names of requests, of which there
 * may be any number: it is the row whose last change counts. That is looked for
 * among all requests, so only where it may matter. */
static int look_before(struct ask *k, struct ruling_in *in, struct err *err)
{
	if (!in->own || !k->its || !k->rule || !k->users.granted)
		return 0;
	return fleet_pending_last(k->p->store, k->row->name, &in->ts_before,
				  err);
}

static int look_at_rows(struct ask *k, struct ruling_in *in, struct err *err)
{
	struct store *s = k->p->store;
	const char *as = NULL;
	int earlier, same, own = 0;

	if (fleet_pending_rows(s, store_name_domain(k->a, k->r.name), k->a,
			       &k->rows, err) == -1)
		return -1;
	earlier = fleet_pending_as(s, &k->r, k->a, &as, err);
	if (earlier == -1)
		return -1;
	same = find_same(k, err);
	if (same == 0)
		own = find_own(k, earlier, as, err);
	if (same == -1 || own == -1)
		return -1;
	in->same = same ? k->row->name : NULL;
	in->own = own ? k->row->name : NULL;
	in->own_csr = own ? k->row_csr : NULL;
	in->earlier = k->row && earlier && strcmp(k->row->name, as) == 0;
	in->users = &k->users;
	if (!k->row)
		return 0;
	return fleet_pending_users(s, k->row->name, k->r.host, k->r.account,
				   k->a, &k->users, err) == -1 ||
			       look_before(k, in, err) == -1
		       ? -1
		       : 0;
}

/* Was a row of what R asks for taken from its host, under whichever label or
 * beside whichever names? Not those that a person has left it. */
static int look_at_taken(struct ask *k, bool *ret, struct err *err)
{
	bool left =
		k->users.granted && k->row_csr &&
		x509_ids_equal(x509_csr_ids(k->csr), x509_csr_ids(k->row_csr));
	const char *domain = store_name_domain(k->a, k->r.name);
	const char *of_row =
		store_name_domain(k->a, k->row ? k->row->name : "");
	struct fleet_taken t;

	if (fleet_pending_taken(k->p->store, &k->r, k->a, &t, err) == -1)
		return -1;
	*ret = t.more;
	for (size_t i = 0; i < t.n; i++)
		if (strcmp(t.v[i], domain) == 0 ||
		    strcmp(t.v[i], of_row) == 0 ||
		    (!left && x509_ids_cover(x509_csr_ids(k->csr), t.v[i])))
			*ret = true;
	return 0;
}

/* What the person says, or else the rule, of a row that is made. */
static struct enrol_wish wish_of(const struct ask *k, bool makes)
{
	const struct populate_opts *o = &k->p->opt;
	struct enrol_wish w = { .ca = o->ca,
				.ca_profile = o->ca_profile,
				.challenge = o->challenge,
				.webroot = o->webroot,
				.comment = o->comment,
				.owner = o->owner,
				.enable = makes,
				.replace = !makes };

	if (!makes || !k->v.by_rule)
		return w;
	if (!w.ca)
		w.ca = k->rule->ca;
	if (!w.challenge && !w.webroot) {
		w.challenge = k->rule->challenge;
		w.webroot = k->rule->webroot_path;
	}
	return w;
}

static bool is_change(const struct ask *k)
{
	return k->v.kind == RULING_KEY || k->v.kind == RULING_NAMES;
}

static int judge(struct ask *k, struct err *err)
{
	bool makes = k->v.kind == RULING_NEW || k->v.kind == RULING_BESIDE;

	k->add = (struct add){ .p = k->p,
			       .name = k->v.as,
			       .csr = k->csr,
			       .old = makes ? NULL : k->row,
			       .a = k->a };
	k->add.wish = wish_of(k, makes);
	/* Nothing is replaced by what is the same. */
	if (!makes && !is_change(k))
		k->add.wish.replace = false;
	if (add_judge(&k->add, err) == -1)
		return -1;
	if (k->add.e.ignored)
		return err_set(
			err, ERR_INPUT,
			"%s is there, and %s is not for it: leave it out",
			k->v.as, k->add.e.ignored);
	return 0;
}

static int parse(struct ask *k, struct err *err)
{
	if (store_name_check(k->r.name, err) == -1)
		return -1;
	if (x509_csr_parse(k->r.csr.p, k->r.csr.len, &k->csr, err) == -1)
		return err_wrap(err, "its CSR");
	return 0;
}

/* Whoever wrote to the store may have called a row anything, and this is going
 * to be printed, and told to the host. */
static int check_as(const struct ask *k, struct err *err)
{
	const char *plain = populate_clean(k->a, k->v.as);

	if (strcmp(plain, k->v.as) == 0)
		return 0;
	return err_set(
		err, ERR_INPUT,
		"the row %s is called by characters that are not in "
		"names: somebody wrote that to the store by hand; remove "
		"the row",
		plain);
}

/* -1 with ERR; of the request, or of the store. */
static int look(struct ask *k, struct err *err)
{
	struct populate *p = k->p;
	struct ruling_in in = { .r = &k->r,
				.replace = p->opt.replace,
				.beside = p->opt.beside,
				.now = p->now };
	int its = fleet_host_is_its(p->store, k->r.host, k->r.account, err);

	if (its == -1)
		return -1;
	/* Who sent it is known, whatever it is. */
	k->its = its;
	if (parse(k, err) == -1)
		return -1;
	k->rule = rules_find(&p->conf.rules, k->r.host, x509_csr_ids(k->csr));
	if (look_at_rows(k, &in, err) == -1 ||
	    look_at_taken(k, &in.taken, err) == -1)
		return -1;
	in.csr = k->csr;
	in.rows = &k->rows;
	in.its = k->its;
	in.rule = k->rule;
	if (ruling_make(&in, k->a, &k->v, err) == -1)
		return -1;
	return check_as(k, err) == -1 ? -1 : judge(k, err);
}

int ask_look(struct populate *p, const struct fleet_request *r, struct arena *a,
	     struct ask *ret, struct err *err)
{
	*ret = (struct ask){ .p = p, .a = a, .r = *r };
	if (look(ret, &ret->fault) == 0 || !is_store(ret->fault.kind))
		return 0;
	if (err)
		*err = ret->fault;
	ask_free(ret);
	return -1;
}

void ask_free(struct ask *k)
{
	x509_csr_free(&k->csr);
	x509_csr_free(&k->row_csr);
}

bool ask_orders(const struct ask *k)
{
	switch (k->v.kind) {
	case RULING_NEW:
	case RULING_BESIDE:
		return true;
	case RULING_KEY:
	case RULING_NAMES:
		return k->row->enabled;
	case RULING_GRANT:
	case RULING_SAME:
		break;
	}
	return false;
}
