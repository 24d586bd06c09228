/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "hostcmd.h"
#include "jout.h"
#include "view.h"

#define OUT_MAX	      (64u << 20)
#define ROW_MAX	      65536
#define REPORTS_SHOWN 40
#define WIDTH_MIN     4
#define WIDTH_MAX     60
#define SHARED	      "shared account"

struct host {
	struct fleet_host row;	 /* host NULL: no account of its own */
	enum fleet_seen account; /* of the server; THERE where there is none */
	struct fleet_names names;
	struct fleet_asks asks;
	struct store_receipts said;
};

/* Of a host without a row that is an account all share, or one that somebody
 * made by hand; SQLite has none. */
static const char *shared(const struct populate *p)
{
	return fleet_accounts(p->store) ? SHARED : NULL;
}

static int64_t seen(const struct host *h)
{
	return h->said.n ? h->said.v[0].ts : 0;
}

/* null: it may be, this program's own account may not look. */
static void json_missing(struct sbuf *out, enum fleet_seen account)
{
	if (account == FLEET_HIDDEN)
		jout_str(out, "account_missing", NULL);
	else
		jout_bool(out, "account_missing", account == FLEET_MISSING);
}

static int look(const struct populate *p, const char *account,
		enum fleet_seen *ret, struct err *err)
{
	*ret = FLEET_THERE;
	return account && fleet_accounts(p->store)
		       ? fleet_account_look(p->store, account, ret, err)
		       : 0;
}

/* --- show --- */

static int load(struct populate *p, const char *host, struct arena *a,
		struct host *ret, struct err *err)
{
	struct host h = { .row.host = NULL };
	int rc = fleet_host_get(p->store, host, a, &h.row, err);

	if (rc == -1 ||
	    fleet_host_names(p->store, host, a, &h.names, err) == -1 ||
	    fleet_host_asks(p->store, host, a, &h.asks, err) == -1 ||
	    fleet_host_receipts(p->store, host, a, &h.said, err) == -1)
		return -1;
	if (rc == 0 && h.said.n == 0 && h.asks.n == 0)
		return hostcmd_unknown(p, host, err);
	if (look(p, rc == 1 ? h.row.account : NULL, &h.account, err) == -1)
		return -1;
	*ret = h;
	return 0;
}

static void text_account(struct populate *p, const struct host *h,
			 const char *host, struct arena *a)
{
	char at[CLOCK_TEXT];

	if (h->row.host)
		populate_line("account",
			      arena_printf(a, "%s, since %s",
					   populate_clean(a, h->row.account),
					   clock_text(h->row.ts_added, at)));
	else if (shared(p))
		populate_line("account", SHARED ", or one made by hand: it may "
						"read all");
	if (h->account == FLEET_HIDDEN)
		populate_line("", "whether the server has it was not checked: "
				  "this needs a look into mysql.user, as by "
				  "init.conf");
	if (h->account == FLEET_MISSING) {
		populate_line("note", "the server has no such account, as "
				      "after a restore; to make it:");
		printf("  %-13scertrepo-populate%s host add %s\n", "",
		       populate_hint(p, a), populate_word(host, a));
	}
	if (h->row.comment)
		populate_line("comment", populate_clean(a, h->row.comment));
}

static void text_names(const struct host *h, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; i < h->names.n; i++)
		all = arena_printf(a, "%s%s%s%s", all, i ? ", " : "",
				   populate_clean(a, h->names.v[i].name),
				   h->names.v[i].enrolled ? ""
							  : " (not enrolled)");
	if (h->row.host)
		populate_line("may read", h->names.n ? all : "nothing");
}

static void text_asks(const struct host *h, struct arena *a)
{
	char at[CLOCK_TEXT];

	for (size_t i = 0; i < h->asks.n; i++)
		populate_line(
			i ? "" : "asks for",
			arena_printf(a, "%s%s, request %lld of %s",
				     populate_clean(a, h->asks.v[i].name),
				     h->asks.v[i].new_key ? ", a new key" : "",
				     (long long) h->asks.v[i].id,
				     clock_text(h->asks.v[i].ts, at)));
}

/* What an installer of a version before did not say is not known. */
static void text_more(const struct store_receipt *r, struct sbuf *out)
{
	bool of_host = !r->service || !*r->service;
	char at[CLOCK_TEXT];

	sbuf_adds(out, "      ");
	if (of_host && r->heartbeat > 0)
		sbuf_addf(out, "heartbeat every %lld s\n",
			  (long long) r->heartbeat);
	else if (of_host)
		sbuf_adds(out, "heartbeat unknown\n");
	else if (!r->profile)
		sbuf_adds(out, "profile, needs and next window unknown\n");
	if (of_host || !r->profile)
		return;
	sbuf_adds(out, "profile ");
	sbuf_add_clean(out, r->profile);
	sbuf_adds(out, ", needs ");
	sbuf_add_clean(out, !r->needs	? "unknown"
			    : *r->needs ? r->needs
					: "nothing");
	sbuf_addf(out, ", %s%s\n",
		  r->ts_window > 0 ? "next window " : "waits for no window",
		  r->ts_window > 0 ? clock_text(r->ts_window, at) : "");
}

static void text_said(const struct host *h, struct sbuf *out)
{
	size_t n = h->said.n;

	if (n == 0)
		return;
	sbuf_adds(out, "  its reports, newest first\n");
	for (size_t i = 0; i < n && i < REPORTS_SHOWN; i++) {
		const struct store_receipt *r = &h->said.v[i];

		view_receipt_text(r, r->name && *r->name ? r->name : "the host",
				  out);
		text_more(r, out);
	}
	if (n > REPORTS_SHOWN)
		sbuf_addf(out, "    and %zu older, see --json\n",
			  n - REPORTS_SHOWN);
}

static void json(struct populate *p, const struct host *h, const char *host,
		 struct sbuf *out)
{
	sbuf_addc(out, '{');
	jout_str(out, "host", host);
	jout_str(out, "account", h->row.host ? h->row.account : NULL);
	json_missing(out, h->account);
	jout_time(out, "ts_added", h->row.ts_added);
	jout_str(out, "comment", h->row.comment);
	jout_time(out, "ts_seen", seen(h));
	jout_key(out, "names");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < h->names.n; i++) {
		sbuf_adds(out, i ? ",{" : "{");
		jout_str(out, "name", h->names.v[i].name);
		jout_bool(out, "enrolled", h->names.v[i].enrolled);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
	jout_key(out, "pending");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < h->asks.n; i++) {
		sbuf_adds(out, i ? ",{" : "{");
		jout_int(out, "id", h->asks.v[i].id);
		jout_str(out, "name", h->asks.v[i].name);
		jout_bool(out, "new_key", h->asks.v[i].new_key);
		jout_time(out, "ts", h->asks.v[i].ts);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
	jout_key(out, "installs");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < h->said.n; i++) {
		sbuf_adds(out, i ? ",{" : "{");
		jout_str(out, "name", h->said.v[i].name);
		view_receipt_json(&h->said.v[i], out);
		sbuf_addc(out, '}');
	}
	sbuf_adds(out, "]}\n");
}

int hostcmd_show(struct populate *p, const char *host, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(OUT_MAX);
	char at[CLOCK_TEXT];
	struct host h = { 0 };

	if (load(p, host, a, &h, err) == -1)
		return -1;
	if (p->opt.json) {
		json(p, &h, host, &out);
	} else {
		printf("%s\n", populate_clean(a, host));
		text_account(p, &h, host, a);
		populate_line("last seen",
			      seen(&h) ? clock_text(seen(&h), at)
				       : "never: it has reported nothing");
		text_names(&h, a);
		text_asks(&h, a);
		text_said(&h, &out);
	}
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "%s: too much to show", host);
	fwrite(sbuf_str(&out), 1, out.len, stdout);
	return 0;
}

/* --- list --- */

struct list {
	struct populate *p;
	size_t rows;
	int width;
	bool hidden; /* this program may not see the server's accounts */
};

static int measure(const struct fleet_known *h, void *arg, struct err *err)
{
	struct list *l = arg;
	size_t len = strlen(h->host);

	if (len > WIDTH_MAX)
		len = WIDTH_MAX;
	if ((int) len > l->width)
		l->width = (int) len;
	l->rows++;
	return 0;
}

/* Once it was seen that it cannot be, that is so for all. */
static int look_in(struct list *l, const struct fleet_known *h,
		   enum fleet_seen *ret, struct err *err)
{
	*ret = FLEET_HIDDEN;
	if (l->hidden && h->account)
		return 0;
	if (look(l->p, h->account, ret, err) == -1)
		return -1;
	l->hidden |= *ret == FLEET_HIDDEN;
	return 0;
}

static int print_line(const struct fleet_known *h, void *arg, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct list *l = arg;
	enum fleet_seen seen;
	char at[CLOCK_TEXT] = "never", names[24] = "-";
	const char *account =
		h->account ? populate_clean(a, h->account) : shared(l->p);

	if (look_in(l, h, &seen, err) == -1)
		return -1;
	if (h->ts_seen)
		clock_text(h->ts_seen, at);
	if (h->account)
		snprintf(names, sizeof(names), "%lld", (long long) h->n_names);
	printf("%-*s  %-20s  %5s  %7lld  %s%s\n", l->width,
	       populate_clean(a, h->host), at, names, (long long) h->n_receipts,
	       account ? account : "-",
	       seen == FLEET_MISSING  ? ", which the server does not have"
	       : seen == FLEET_HIDDEN ? " (not checked)"
				      : "");
	return 0;
}

static int print_json(const struct fleet_known *h, void *arg, struct err *err)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(ROW_MAX);
	struct list *l = arg;
	enum fleet_seen seen;

	if (look_in(l, h, &seen, err) == -1)
		return -1;
	sbuf_addc(&out, '{');
	jout_str(&out, "host", h->host);
	jout_str(&out, "account", h->account);
	json_missing(&out, seen);
	jout_time(&out, "ts_added", h->ts_added);
	jout_time(&out, "ts_seen", h->ts_seen);
	jout_int(&out, "names", h->n_names);
	jout_int(&out, "installs", h->n_receipts);
	sbuf_addc(&out, '}');
	printf("%s\n%s", l->rows++ ? "," : "", sbuf_str(&out));
	return 0;
}

int hostcmd_list(struct populate *p, char **words, int n, struct err *err)
{
	struct list l = { .p = p, .width = WIDTH_MIN };
	int rc;

	if (p->opt.json) {
		printf("[");
		rc = fleet_hosts_each(p->store, print_json, &l, err);
		printf("%s]\n", l.rows ? "\n" : "");
		return rc;
	}
	if (fleet_hosts_each(p->store, measure, &l, err) == -1)
		return -1;
	if (l.rows == 0) {
		fprintf(stderr,
			"no host has an account in %s, or reported anything\n",
			store_name(p->store));
		return 0;
	}
	printf("%-*s  %-20s  %5s  %7s  %s\n", l.width, "HOST", "LAST SEEN",
	       "NAMES", "REPORTS", "ACCOUNT");
	return fleet_hosts_each(p->store, print_line, &l, err);
}
