/* SPDX-License-Identifier: MIT */
#include "ruling.h"
#include <ctype.h>
#include <string.h>

#define LABEL_MAX 32 /* store.h */
#define TRIES	  99

static bool taken(const struct fleet_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i].name, name) == 0)
			return true;
	return false;
}

/* The first label of HOST, behind BEFORE and a hyphen if there is any, as
 * labels of rows are. A host may call itself anything. */
static const char *label_of(const char *host, const char *before,
			    struct arena *a)
{
	size_t len = strcspn(host, ".");
	char *l =
		len > 0 ? arena_strndup(a, host, len) : arena_strdup(a, "host");

	if (*before)
		l = arena_printf(a, "%s-%s", before, l);
	for (char *p = l; *p; p++) {
		*p = (char) tolower((unsigned char) *p);
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '-';
	}
	return l;
}

/* DOMAIN+LABEL that no row has, with a number behind it where it is taken. */
static int name_beside(const struct ruling_in *in, struct arena *a,
		       const char **ret, struct err *err)
{
	const char *plus = strchr(in->r->name, '+');
	const char *domain = store_name_domain(a, in->r->name);
	const char *label = label_of(in->r->host, plus ? plus + 1 : "", a);

	for (int i = 1; i <= TRIES; i++) {
		const char *end = i == 1 ? "" : arena_printf(a, "-%d", i);
		const char *name = arena_printf(a, "%s+%.*s%s", domain,
						(int) (LABEL_MAX - strlen(end)),
						label, end);

		if (taken(in->rows, name))
			continue;
		*ret = name;
		return store_name_check(name, err);
	}
	return err_set(err, ERR_INPUT,
		       "%s has more than %d rows of such hosts already", domain,
		       TRIES);
}

/* The host has its row: by a grant, by what it reported, or by what became of
 * an earlier request. */
static bool has_it(const struct ruling_in *in)
{
	return in->users->granted || in->users->reported || in->earlier;
}

static enum ruling_kind of_own(const struct ruling_in *in)
{
	bool same_key = in->own_csr && x509_csr_same_key(in->csr, in->own_csr);
	bool is_its = has_it(in) || in->replace;

	/* That a key is its next one, the host says: no proof that it has the
	 * row. */
	if (in->beside)
		return RULING_BESIDE;
	if (same_key)
		return is_its ? RULING_NAMES : RULING_BESIDE;
	return is_its ? RULING_KEY : RULING_BESIDE;
}

static const char *no_rule(const struct ruling_in *in, const struct ruling *v)
{
	bool change = v->kind == RULING_KEY || v->kind == RULING_NAMES;

	if (!in->its)
		return "this account does not speak for this host alone";
	if (!in->rule)
		return "no rule takes this host with all of these names";
	if (v->stranger)
		return "this host never had the row that it wants to change";
	if (in->taken)
		return "a row of these names was taken from this host";
	if (change && in->users->n > 0)
		return "other hosts have this row, too";
	if (change && !in->users->granted)
		return "this host has no grant of this row";
	if (change && in->ts_before &&
	    in->now - in->ts_before < RULING_RULE_PAUSE)
		return "a request for this row was approved less than 7 days "
		       "ago";
	return NULL;
}

int ruling_make(const struct ruling_in *in, struct arena *a, struct ruling *ret,
		struct err *err)
{
	struct ruling v = { .as = in->r->name };

	if (in->same) {
		v.as = in->same;
		v.kind = (in->its ? in->users->granted : has_it(in))
				 ? RULING_SAME
				 : RULING_GRANT;
	} else if (!in->own) {
		v.kind = RULING_NEW;
	} else {
		v.kind = of_own(in);
		v.as = in->own;
	}
	if (v.kind == RULING_BESIDE && name_beside(in, a, &v.as, err) == -1)
		return -1;
	v.shared = (v.kind == RULING_KEY || v.kind == RULING_NAMES) &&
		   in->users->n > 0 && !in->replace;
	v.stranger =
		in->own && !has_it(in) &&
		(v.kind != RULING_BESIDE || (in->r->new_key && !in->beside));
	v.no_rule = no_rule(in, &v);
	v.by_rule = !v.no_rule;
	*ret = v;
	return 0;
}
