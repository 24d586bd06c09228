/* SPDX-License-Identifier: MIT */
#include "advise.h"
#include "ca_limits.h"
#include "clock.h"
#include "fields.h"
#include "policy.h"
#include "populate_cmd.h"
#include "proof_kind.h"
#include "view.h"

static int apply(struct populate *p, const char *name, const struct fields *f,
		 struct err *err)
{
	int rc;

	if (p->opt.dry_run)
		return 0;
	/* Due at once: the fetcher looks at the row and decides by its dates.
	 */
	rc = store_set(p->store, name, f->v, f->n, 0, err);
	if (rc == 0)
		return populate_not_enrolled(p, name, err);
	return rc == 1 ? 0 : -1;
}

static bool will_be(const struct fields *f, const char *column, bool is)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, column) == 0)
			return f->v[i].value && f->v[i].value[0] == 'Y';
	return is;
}

/* It is set, and then? */
static void print_after(const struct populate *p, const struct store_cert *row,
			const struct fields *f, struct arena *a)
{
	const char *name = populate_word(row->name, a);
	const char *was =
		row->held ? "it was held; "
		: row->fail_class && strcmp(row->fail_class, STORE_PARKED) != 0
			? "it failed before; "
			: NULL;

	if (!will_be(f, "enable", row->enabled))
		printf("  it is disabled, and not renewed before: "
		       "certrepo-populate%s enable %s\n",
		       populate_hint(p, a), name);
	else if (was)
		printf("  %sthe fetcher tries it again in its next run; at "
		       "once by %s --once %s\n",
		       was, populate_fetcher(p, a), name);
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

/* What that means, and when it comes. */
static void print_profile(const struct populate *p,
			  const struct store_cert *row, const struct fields *f,
			  struct ca_profile_in *in, struct arena *a)
{
	struct store_receipts installs = { .n = 0 };
	struct err err = ERR_INIT;
	char due[CLOCK_TEXT];
	bool later = row->ts_due > p->now && row->ts_due != STORE_NEVER;

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
	if (row->crt.p && will_be(f, "enable", row->enabled))
		printf("  it comes with the next renewal%s%s; at once by "
		       "%s --once --force %s\n",
		       later ? ", due " : "",
		       later ? clock_text(row->ts_due, due) : "",
		       populate_fetcher(p, a), populate_word(row->name, a));
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
	if (!p->opt.dry_run)
		print_after(p, row, &f, a);
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

static const char *what_next(const struct populate *p,
			     const struct store_cert *row, bool enable)
{
	if (enable && !row->held && advise_spent(row, &p->conf))
		return "; its failures are forgotten, the fetcher tries again "
		       "in its next run";
	if (enable && row->held)
		return "; it was held, the fetcher tries again in its next "
		       "run";
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

static int switch_to(struct populate *p, const char *name, bool enable,
		     struct err *err)
{
	const struct fields f = { .v = { { "enable", enable ? "Y" : "N" } },
				  .n = 1 };
	const char *state = enable ? "enabled" : "disabled";
	AUTO(view_free) struct view v = { .row = NULL };
	struct arena *a = arena_new();
	struct ca_profile_in in;
	struct store_cert *row;
	int rc = populate_row(p, name, a, &row, err);

	/* Enabling a held row again is how a person lets it go, and one that
	 * the next failure would hold. */
	if (rc == 0 && row->enabled == enable &&
	    !(enable && (row->held || advise_spent(row, &p->conf)))) {
		printf("%s is already %s, nothing changed\n", name, state);
		if (enable)
			print_backoff(p, row, a);
	} else if (rc == 0) {
		view_make(row, &v);
		if (check(p, &v, &f, a, &in, err) == -1)
			rc = err_wrap(err, "%s", name);
		else
			rc = apply(p, name, &f, err);
		if (rc == 0)
			printf("%s %s%s%s\n", name,
			       p->opt.dry_run ? "would be " : "", state,
			       what_next(p, row, enable));
		if (rc == 0 && enable &&
		    strcmp(proof_type_of_row(row->challenge, row->certbot),
			   PROOF_TYPE_WEBROOT) == 0)
			print_missing(row, &f, true, a);
		if (rc == 0)
			print_left_out(&in);
		if (rc == 0 && !p->opt.dry_run)
			populate_log(state, name, NULL);
	}
	arena_free(&a);
	return rc;
}

int change_enable(struct populate *p, const char *name, struct err *err)
{
	return switch_to(p, name, true, err);
}

int change_disable(struct populate *p, const char *name, struct err *err)
{
	return switch_to(p, name, false, err);
}

/* 0 yes; ERR_INPUT: no, or nobody there to ask. */
static int confirm(struct populate *p, const struct store_cert *row,
		   struct err *err)
{
	char until[CLOCK_TEXT], answer[16] = "";

	if (p->opt.yes || p->opt.dry_run)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_INPUT,
			       "remove %s: there is no terminal to ask on, "
			       "say --yes",
			       row->name);
	fprintf(stderr, "remove %s%s%s from %s? [y/N] ", row->name,
		row->crt.p ? " and its certificate, valid until " : "",
		row->crt.p ? clock_text(row->ts_expire, until) : "",
		store_name(p->store));
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(err, ERR_INPUT, "%s was not removed", row->name);
}

int change_remove(struct populate *p, const char *name, struct err *err)
{
	struct arena *a = arena_new();
	struct store_cert *row;
	int rc = populate_row(p, name, a, &row, err);

	if (rc == 0)
		rc = confirm(p, row, err);
	if (rc == 0 && !p->opt.dry_run) {
		rc = store_remove(p->store, name, err);
		if (rc == 0)
			rc = populate_not_enrolled(p, name, err);
		else if (rc == 1)
			rc = 0;
	}
	if (rc == 0 && !p->opt.dry_run)
		populate_log("removed", name, NULL);
	if (rc == 0)
		printf("%s %s from %s\n",
		       p->opt.dry_run ? "would remove" : "removed", name,
		       store_name(p->store));
	arena_free(&a);
	return rc;
}
