/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "proof_kind.h"
#include "populate_cmd.h"
#include "term.h"
#include "view.h"

#define ROW_MAX	   65536
#define WIDTH_MIN  4
#define WIDTH_MAX  60 /* longer names push their line to the right */
#define FAIL_WIDTH 16

/* Rows are printed as they come: a table of any size needs the memory of
 * one row. */
struct list {
	struct populate *p;
	const char *default_ca;
	size_t rows;
	int width;   /* of the first column */
	bool owners; /* one has an owner */
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

static int print_json(const struct store_cert *row, void *arg, struct err *err)
{
	struct list *l = arg;
	bool has = row->crt.len > 0;

	sbuf_clear(&l->out);
	sbuf_addc(&l->out, '{');
	view_json_common(row, has ? row->ts_expire : 0, l->default_ca,
			 l->p->now, &l->out);
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
		printf("[");
		rc = store_each(p->store, print_json, &l, err);
		printf("%s]\n", l.rows ? "\n" : "");
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
