/* SPDX-License-Identifier: MIT */
#include "advise.h"
#include "ca_limits.h"
#include "clock.h"
#include "due.h"
#include "fields.h"
#include "policy.h"
#include "populate_cmd.h"
#include "proof_kind.h"
#include "view.h"

/* When a row is due that nothing holds back; 0: at once, or the fetcher has to
 * read it first. */
static int64_t due_of(const struct populate *p, const struct view *v)
{
	const struct store_cert *row = v->row;
	const struct due_in in = { .has_crt = v->chain,
				   .not_before = row->ts_not_before,
				   .not_after = row->ts_expire,
				   .renew = row->renew,
				   .days_left = p->conf.days_left,
				   .ari = store_cert_ari(row) };
	int64_t at = v->stale ? 0 : due_instant(&in);

	return at > p->now ? at : 0;
}

/* It is in the store, due at once. One that is not due would lose its date
 * until the fetcher's next run; of it as it is now, be it another meanwhile. */
static int put_date(struct populate *p, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(view_free) struct view v = { .row = NULL };
	struct store_cert *row;
	int rc = store_get(p->store, name, a, &row, err);
	int64_t due;

	if (rc != 1)
		return rc;
	view_make(row, &v);
	due = due_of(p, &v);
	if (!due || row->ts_due || row->held || row->ts_next_attempt)
		return 0;
	return store_set_due(p->store, name, due,
			     &(struct store_due){ .renew = row->renew }, err);
}

/* Whose it is, alone, mends nothing (store_set()). */
static bool acts(const struct fields *f)
{
	return f->n != 1 || strcmp(f->v[0].name, "owner") != 0;
}

static int apply(struct populate *p, const char *name, const struct fields *f,
		 struct err *err)
{
	int rc;

	if (p->opt.dry_run)
		return 0;
	rc = store_set(p->store, name, f->v, f->n, 0, err);
	if (rc == 0)
		return populate_not_enrolled(p, name, err);
	if (rc == 1 && acts(f) && put_date(p, name, err) == -1)
		return err_wrap(err, "it is set");
	return rc == 1 ? 0 : -1;
}

static bool will_be(const struct fields *f, const char *column, bool is)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, column) == 0)
			return f->v[i].value && f->v[i].value[0] == 'Y';
	return is;
}

/* A folder that is not there is told, and may be there tomorrow. */
static void print_missing(const struct store_cert *row, const struct fields *f,
			  bool enable, struct arena *a)
{
	const char *path = enable ? row->webroot_path : NULL, *said;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, "webroot_path") == 0)
			path = f->v[i].value;
	said = path && path[0] == '/' ? populate_webroot_missing(path, a)
				      : NULL;
	if (said)
		printf("  %s\n", said);
}

static bool given(const struct fields *f, const char *column)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, column) == 0)
			return true;
	return false;
}

/* Another CA was given, which does not have the row's profile. */
static int tell_both(const struct populate *p, const char *name, const char *ca,
		     struct arena *a, struct err *err)
{
	const char *set =
		arena_printf(a, "certrepo-populate%s set %s",
			     populate_hint(p, a), populate_word(name, a));

	ca = populate_word(ca, a);
	return err_set(err, err->kind,
		       "%s; the row asks for it: first %s ca_profile= and then "
		       "%s ca=%s, or both at once, with another profile or "
		       "none: %s ca=%s ca_profile=",
		       arena_strdup(a, err->msg), set, set, ca, set, ca);
}

/* The profile that counts when F is set, seen to where F has to do with it;
 * else ret->ca is NULL. */
static int look_at_profile(struct populate *p, const struct view *v,
			   const struct fields *f, struct arena *a,
			   struct ca_profile_in *ret, struct err *err)
{
	const struct store_cert *row = v->row;
	const char *ca = fields_value(f, "ca_name", row->ca_name);
	struct store_offer *offer = arena_alloc(a, sizeof(*offer));
	struct ca_profile_in in = { .csr = v->csr,
				    .chain = v->chain,
				    .days_left = p->conf.days_left,
				    .now = p->now };
	int rc;

	*ret = in;
	if (!given(f, "ca_name") && !given(f, "ca_profile") &&
	    fields_value(f, "enable", "N")[0] != 'Y')
		return 0;
	if (policy_ca(&p->conf, ca, &in.ca, err) == -1)
		return -1;
	rc = populate_offer(p, in.ca, a, offer, err);
	if (rc == -1)
		return -1;
	in.offer = rc ? offer : NULL;
	in.row = fields_value(f, "ca_profile", row->ca_profile);
	if (ca_profile_check(&in, err) == -1)
		return given(f, "ca_name") && !given(f, "ca_profile")
			       ? tell_both(p, row->name, ca ? ca : "", a, err)
			       : -1;
	*ret = in;
	return 0;
}

/* Better said now than by the fetcher at night. */
static int check(struct populate *p, const struct view *v,
		 const struct fields *f, struct arena *a,
		 struct ca_profile_in *ret, struct err *err)
{
	const char *name = v->row->name;

	if (fields_check(f, &p->conf, v->row, err) == 0)
		return look_at_profile(p, v, f, a, ret, err);
	return err_set(err, err->kind, "%s",
		       populate_fill(p, name, populate_san_row(v->row, name, a),
				     arena_strdup(a, err->msg), a));
}

/* What that means. */
static void print_profile(const struct populate *p,
			  const struct store_cert *row, const struct fields *f,
			  struct ca_profile_in *in, struct arena *a)
{
	struct store_receipts installs = { .n = 0 };
	struct err err = ERR_INIT;

	if (!in->ca || (!given(f, "ca_name") && !given(f, "ca_profile")))
		return;
	if (store_receipts_of(p->store, row->name, a, &installs, &err) == 0)
		in->installs = &installs;
	else
		in->installs_fault = err.msg;
	populate_profile(in);
	if (!ca_profile_of(in) && given(f, "ca_profile"))
		printf("  %-13snone is asked for, the CA chooses\n",
		       "CA profile");
}

/* It is set, and then? */
static void print_after(const struct populate *p, const struct view *v,
			const struct fields *f, struct arena *a)
{
	const struct store_cert *row = v->row;
	const char *name = populate_word(row->name, a);
	const char *was =
		row->held ? "it was held; "
		: row->fail_class && strcmp(row->fail_class, STORE_PARKED) != 0
			? "it failed before; "
			: "";
	bool comes =
		row->crt.p && (given(f, "ca_name") || given(f, "ca_profile"));
	int64_t due = due_of(p, v);
	char at[CLOCK_TEXT];

	if (!will_be(f, "enable", row->enabled))
		printf("  it is disabled, and not renewed before: "
		       "certrepo-populate%s enable %s\n",
		       populate_hint(p, a), name);
	else if (due && (comes || *was))
		printf("  %sit comes with the next renewal, due %s; at once by "
		       "%s --once --force %s\n",
		       was, clock_text(due, at), populate_fetcher(p, a), name);
	else if (*was)
		printf("  %sthe fetcher tries it again in its next run; at "
		       "once by %s --once %s\n",
		       was, populate_fetcher(p, a), name);
	else if (comes)
		printf("  it comes with the next renewal%s; at once by %s "
		       "--once%s %s\n",
		       v->stale ? "" : ", in the fetcher's next run",
		       populate_fetcher(p, a), v->stale ? " --force" : "",
		       name);
}

/* The CSR that is there goes on, without what it asks for. */
static void print_left_out(const struct ca_profile_in *in)
{
	AUTO(strlist_free) struct strlist notes = STRLIST_INIT;

	if (in->ca && in->csr)
		ca_limits_note(in->ca, in->csr, &notes);
	for (size_t i = 0; i < notes.n; i++)
		populate_line("note", notes.v[i]);
}

static int set_in(struct populate *p, const char *name, char **args,
		  struct arena *a, struct err *err)
{
	AUTO(view_free) struct view v = { .row = NULL };
	const char *said = "";
	struct store_cert *row;
	struct ca_profile_in in;
	struct fields f;

	if (fields_parse((const char *const *) args, a, &f, err) == -1 ||
	    populate_row(p, name, a, &row, err) == -1)
		return -1;
	view_make(row, &v);
	if (check(p, &v, &f, a, &in, err) == -1)
		return err_wrap(err, "%s", name);
	if (apply(p, name, &f, err) == -1)
		return -1;
	for (size_t i = 0; i < f.n; i++)
		said = arena_printf(a, "%s%s %s=%s", said, i ? "," : "",
				    strcmp(f.v[i].name, "ca_name") == 0
					    ? "ca"
					    : f.v[i].name,
				    f.v[i].value ? f.v[i].value : "");
	printf("%s:%s%s\n", name, p->opt.dry_run ? " would set" : "", said);
	if (!p->opt.dry_run)
		populate_log("set", name, said + 1);
	print_missing(row, &f, false, a);
	print_profile(p, row, &f, &in, a);
	print_left_out(&in);
	if (acts(&f))
		print_after(p, &v, &f, a);
	return 0;
}

int change_set(struct populate *p, const char *name, char **args,
	       struct err *err)
{
	struct arena *a = arena_new();
	int rc = set_in(p, name, args, a, err);

	arena_free(&a);
	return rc;
}

static const char *what_next(const struct populate *p, const struct view *v,
			     bool enable, struct arena *a)
{
	const struct store_cert *row = v->row;
	int64_t due = due_of(p, v);
	char at[CLOCK_TEXT];
	const char *was = row->held ? "it was held"
			  : advise_spent(row, &p->conf)
				  ? "its failures are forgotten"
				  : NULL;

	if (enable && was && due)
		return arena_printf(
			a, "; %s, and it is renewed when it is due, %s", was,
			clock_text(due, at));
	if (enable && was)
		return arena_printf(
			a, "; %s, the fetcher tries again in its next run",
			was);
	if (enable && !row->crt.p)
		return "; the fetcher's next run orders it";
	if (!enable && row->crt.p)
		return "; it is not renewed any more, and hosts do not fetch "
		       "it";
	return "";
}

/* Who mended what failed wants it tried, and waits for nothing to happen. */
static void print_backoff(const struct populate *p,
			  const struct store_cert *row, struct arena *a)
{
	char text[CLOCK_TEXT];

	if (row->ts_next_attempt > p->now && row->fail_class &&
	    strcmp(row->fail_class, STORE_PARKED) == 0)
		printf("  its order waits for the CA, which is asked again "
		       "after "
		       "%s\n",
		       clock_text(row->ts_next_attempt, text));
	else if (row->ts_next_attempt > p->now)
		printf("  it failed, and is tried again after %s; at once by "
		       "%s --once --force %s\n",
		       clock_text(row->ts_next_attempt, text),
		       populate_fetcher(p, a), populate_word(row->name, a));
	else if (row->fail_class && strcmp(row->fail_class, STORE_PARKED) != 0)
		printf("  it failed, and is tried again in the fetcher's next "
		       "run; at once by %s --once %s\n",
		       populate_fetcher(p, a), populate_word(row->name, a));
}

static int switch_row(struct populate *p, const struct store_cert *row,
		      bool enable, struct arena *a, struct err *err)
{
	const struct fields f = { .v = { { "enable", enable ? "Y" : "N" } },
				  .n = 1 };
	const char *name = row->name, *state = enable ? "enabled" : "disabled";
	AUTO(view_free) struct view v = { .row = NULL };
	struct ca_profile_in in;

	view_make(row, &v);
	if (check(p, &v, &f, a, &in, err) == -1)
		return err_wrap(err, "%s", name);
	if (apply(p, name, &f, err) == -1)
		return -1;
	printf("%s %s%s%s\n", name, p->opt.dry_run ? "would be " : "", state,
	       what_next(p, &v, enable, a));
	if (enable && strcmp(proof_type_of_row(row->challenge, row->certbot),
			     PROOF_TYPE_WEBROOT) == 0)
		print_missing(row, &f, true, a);
	print_left_out(&in);
	if (!p->opt.dry_run)
		populate_log(state, name, NULL);
	return 0;
}

static int switch_to(struct populate *p, const char *name, bool enable,
		     struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_cert *row;

	if (populate_row(p, name, a, &row, err) == -1)
		return -1;
	/* Enabling a held row again is how a person lets it go, and one that
	 * the next failure would hold. */
	if (row->enabled != enable ||
	    (enable && (row->held || advise_spent(row, &p->conf))))
		return switch_row(p, row, enable, a, err);
	printf("%s is already %s, nothing changed\n", name,
	       enable ? "enabled" : "disabled");
	if (enable)
		print_backoff(p, row, a);
	return 0;
}

int change_enable(struct populate *p, const char *name, struct err *err)
{
	return switch_to(p, name, true, err);
}

int change_disable(struct populate *p, const char *name, struct err *err)
{
	return switch_to(p, name, false, err);
}

static int confirm(struct populate *p, const struct store_cert *row,
		   struct arena *a, struct err *err)
{
	const char *what = row->name;
	char until[CLOCK_TEXT];

	if (row->crt.p)
		what = arena_printf(
			a, "%s and its certificate, valid until %s,", row->name,
			clock_text(row->ts_expire, until));
	return populate_confirm(p, "remove", row->name, what, err);
}

int change_remove(struct populate *p, const char *name, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct store_cert *row;
	char until[CLOCK_TEXT];
	int rc;

	if (populate_row(p, name, a, &row, err) == -1 ||
	    confirm(p, row, a, err) == -1)
		return -1;
	if (!p->opt.dry_run) {
		rc = store_remove(p->store, name, err);
		if (rc != 1)
			return rc == -1 ? -1
					: populate_not_enrolled(p, name, err);
		populate_log("removed", name, NULL);
	}
	printf("%s %s from %s%s%s\n",
	       p->opt.dry_run ? "would remove" : "removed", name,
	       store_name(p->store),
	       row->crt.p ? "; hosts that have it serve it until its end, "
			  : "",
	       row->crt.p ? clock_text(row->ts_expire, until) : "");
	return 0;
}
