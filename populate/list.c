/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "proof_kind.h"
#include "jout.h"
#include "populate_cmd.h"
#include "store_facts.h"
#include "term.h"
#include "view.h"

#define ROW_MAX	   65536
#define WIDTH_MIN  4
#define WIDTH_MAX  60 /* longer names push their line to the right */
#define FAIL_WIDTH 16
#define FACTS_PAGE 500

/* Rows are printed as they come: a table of any size needs the memory of
 * one row. */
struct list {
	struct populate *p;
	const char *default_ca;
	size_t rows;
	int width;   /* of the first column */
	bool owners; /* one has an owner */
	struct issuers {
		struct arena *arena;
		struct store_facts *v; /* a page */
		size_t n, at;
		bool end; /* it is the last one */
	} issuers;
	struct sbuf out;
};

static int measure(const struct store_cert *row, void *arg, struct err *err)
{
	struct list *l = arg;
	size_t len = strlen(row->name);

	if (len > WIDTH_MAX)
		len = WIDTH_MAX;
	if ((int) len > l->width)
		l->width = (int) len;
	l->owners = l->owners || row->owner;
	l->rows++;
	return 0;
}

/* Back from ON, if that turned anything on. */
static const char *off(const char *on)
{
	return *on ? term_off(stdout) : "";
}

static int print_row(const struct store_cert *row, void *arg, struct err *err)
{
	struct list *l = arg;
	struct arena *a = arena_new();
	bool has = row->crt.len > 0 && row->ts_expire > 1;
	char date[CLOCK_TEXT] = "-", days[24] = "-";
	const char *state = row->held	    ? term_on(stdout, TERM_BAD)
			    : !row->enabled ? term_on(stdout, TERM_WARN)
					    : "";
	const char *end = has && row->ts_expire <= l->p->now
				  ? term_on(stdout, TERM_BAD)
				  : "";
	const char *fail = row->fail_class ? term_on(stdout, TERM_BAD) : "";
	int wide = l->owners ? FAIL_WIDTH : 0;

	if (has) {
		clock_text(row->ts_expire, date);
		date[10] = '\0'; /* the day is enough here */
		snprintf(days, sizeof(days), "%lld",
			 (long long) view_days(row->ts_expire, l->p->now));
	}
	printf("%-*s  %s%-8s%s  %s%-10s  %5s%s  %-9s  %-12s  %s%-*s%s%s%s\n",
	       l->width, populate_clean(a, row->name), state, view_state(row),
	       off(state), end, date, days, off(end),
	       populate_clean(a,
			      proof_type_of_row(row->challenge, row->certbot)),
	       populate_clean(a, row->ca_name ? row->ca_name : l->default_ca),
	       fail, wide,
	       row->fail_class ? populate_clean(a, row->fail_class) : "-",
	       off(fail), wide ? "  " : "",
	       !wide	    ? ""
	       : row->owner ? populate_clean(a, row->owner)
			    : "-");
	arena_free(&a);
	return 0;
}

/* Who issued it, in words; NULL: it has no certificate, or nobody has written
 * down yet what that one says. */
static const char *issuer_of(const struct issuers *i,
			     const struct store_cert *row)
{
	const struct store_facts *f = i->at < i->n ? &i->v[i->at] : NULL;
	/* As the column has it, which scripts of 2019 write, too. */
	int64_t end = f && f->ts_not_after > UINT32_MAX ? UINT32_MAX
		      : f				? f->ts_not_after
							: 0;

	return f && strcmp(f->name, row->name) == 0 && row->crt.len > 0 &&
			       row->crt_sha256 && row->ts_expire == end &&
			       strcmp(f->crt_sha256, row->crt_sha256) == 0
		       ? f->issuer
		       : NULL;
}

/* Both come in order of name. An account that may not read them, or a database
 * before they were written down, has none. */
static int issuers_to(struct list *l, const char *name, struct err *err)
{
	struct issuers *i = &l->issuers;
	char after[STORE_NAME_MAX + 1] = "";

	while (i->at < i->n && strcmp(i->v[i->at].name, name) < 0)
		i->at++;
	while (i->at == i->n && !i->end) {
		if (i->n > 0)
			(void) snprintf(after, sizeof(after), "%s",
					i->v[i->n - 1].name);
		arena_clear(i->arena);
		i->at = i->n = 0;
		if (store_facts_page(l->p->store, after, FACTS_PAGE, i->arena,
				     &i->v, &i->n, err) == -1) {
			i->end = true;
			if (err->kind != ERR_CONFIG)
				return -1;
			err_clear(err);
		}
		/* (Names that are bytes, in SQLite, come again.) */
		i->end = i->end || i->n < FACTS_PAGE ||
			 strcmp(i->v[i->n - 1].name, after) <= 0;
		while (i->at < i->n && strcmp(i->v[i->at].name, name) < 0)
			i->at++;
	}
	return 0;
}

static int print_json(const struct store_cert *row, void *arg, struct err *err)
{
	struct list *l = arg;
	bool has = row->crt.len > 0;

	if (issuers_to(l, row->name, err) == -1)
		return -1;
	sbuf_clear(&l->out);
	sbuf_addc(&l->out, '{');
	view_json_common(row, has ? row->ts_expire : 0, l->default_ca,
			 l->p->now, &l->out);
	jout_str(&l->out, "issuer", issuer_of(&l->issuers, row));
	view_json_ari(row, false, &l->out);
	sbuf_addc(&l->out, '}');
	if (sbuf_over(&l->out))
		return err_set(err, ERR_LIMIT, "%s: too large a row",
			       row->name);
	printf("%s\n%s", l->rows++ ? "," : "", sbuf_str(&l->out));
	return 0;
}

/* That counts against no name, and so stands in none of the lines above. */
static int print_resting(struct populate *p, struct err *err)
{
	const char *before = "\n";

	for (size_t i = 0; i < p->conf.ca.n; i++) {
		const struct certrepo_ca *conf = p->conf.ca.v[i];
		const struct store_cert of = { .ca_name = conf->name };
		AUTO(arena_free) struct arena *a = arena_new();
		char until[CLOCK_TEXT];
		struct store_ca ca;

		if (populate_ca(p, &of, a, &ca, err) == -1)
			return -1;
		if (!view_ca_rests(&ca, p->now))
			continue;
		printf("%sCA %s is not asked before %s, %s: %s\n", before,
		       populate_clean(a, ca.name),
		       clock_text(ca.backoff_until, until),
		       populate_clean(a, ca.fail_class),
		       populate_clean(a, ca.fail_detail));
		before = "";
	}
	return 0;
}

int list_run(struct populate *p, struct err *err)
{
	const struct certrepo_ca *ca = certrepo_conf_ca(&p->conf, NULL);
	struct list l = { .p = p,
			  .default_ca = ca ? ca->name : NULL,
			  .width = WIDTH_MIN,
			  .out = SBUF_INIT(ROW_MAX) };
	int rc;

	if (p->opt.json) {
		l.issuers.arena = arena_new();
		printf("[");
		rc = store_each(p->store, print_json, &l, err);
		printf("%s]\n", l.rows ? "\n" : "");
		arena_free(&l.issuers.arena);
		sbuf_free(&l.out);
		return rc;
	}
	if (store_each(p->store, measure, &l, err) == -1)
		return -1;
	if (l.rows == 0) {
		fprintf(stderr,
			"nothing is enrolled in %s yet; enrol with "
			"certrepo-populate%s add NAME\n",
			store_name(p->store), populate_hint(p, p->arena));
		return 0;
	}
	printf("%-*s  %-8s  %-10s  %5s  %-9s  %-12s  %-*s%s\n", l.width, "NAME",
	       "STATE", "EXPIRES", "DAYS", "CHALLENGE", "CA",
	       l.owners ? FAIL_WIDTH : 0, "LAST FAILURE",
	       l.owners ? "  OWNER" : "");
	if (store_each(p->store, print_row, &l, err) == -1)
		return -1;
	return print_resting(p, err);
}
