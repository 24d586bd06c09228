/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include "due.h"
#include "plain.h"
#include "proof_kind.h"
#include "view_impl.h"
#include "words.h"
#include "x509_top.h"

#define INSTALLS_SHOWN 40

void view_line(struct sbuf *out, const char *what, const char *value)
{
	if (!value || !*value)
		return;
	sbuf_addf(out, "  %-13s", what);
	sbuf_add_clean(out, value);
	sbuf_addc(out, '\n');
}

void view_line_time(struct sbuf *out, const char *what, const char *text,
		    int64_t t, int64_t now)
{
	char at[CLOCK_TEXT], span[CLOCK_TEXT];
	bool past = t <= now;

	clock_span(past ? now - t : t - now, span);
	sbuf_addf(out, "  %-13s%s%s (%s%s%s)\n", what, text, clock_text(t, at),
		  past ? "" : "in ", span, past ? " ago" : "");
}

/* Of what has happened: an instant ahead is a clock's that was wrong. */
static void line_past(struct sbuf *out, const char *what, const char *text,
		      const char *unknown, int64_t t, int64_t now)
{
	char at[CLOCK_TEXT];

	if (t <= now + DUE_CLOCKS)
		view_line_time(out, what, text, t, now);
	else
		sbuf_addf(out,
			  "  %-13s%s%s is noted, which lies ahead: a clock was "
			  "wrong\n",
			  what, unknown, clock_text(t, at));
}

static void ids_line(struct sbuf *out, const struct x509_ids *ids)
{
	sbuf_addf(out, "  %-13s", "names");
	for (size_t i = 0; i < ids->n; i++) {
		sbuf_adds(out, i ? ", " : "");
		sbuf_add_clean(out, ids->v[i].value);
	}
	sbuf_addc(out, '\n');
}

/* Whoever has it may be dead. */
static void add_backoff(const struct view *v, struct sbuf *out)
{
	const char *const argv[] = { v->row->name, NULL };
	AUTO(mem_free_str) char *name = words_text(argv);
	char text[CLOCK_TEXT];

	sbuf_addf(out, "  %-13snot tried again before %s", "backoff",
		  clock_text(v->row->ts_next_attempt, text));
	if (view_parked(v) || !v->row->enabled) {
		sbuf_addc(out, '\n');
		return;
	}
	sbuf_adds(out, "; at once:\n");
	sbuf_addf(out, "  %-13s%s --once --force ", "",
		  v->fetcher ? v->fetcher : "certrepo-fetcher");
	sbuf_add_clean(out, name);
	sbuf_addc(out, '\n');
}

static void add_lease(const struct view *v, const char *name, struct sbuf *out)
{
	char until[CLOCK_TEXT];

	view_line(out, "in work by", v->row->lease_owner);
	sbuf_addf(out, "  %-13son lease until %s; if that fetcher is dead:\n",
		  "", clock_text(v->row->lease_until, until));
	sbuf_addf(out, "  %-13s%s --once --break-lease ", "",
		  v->fetcher ? v->fetcher : "certrepo-fetcher");
	sbuf_add_clean(out, name);
	sbuf_addc(out, '\n');
}

static void add_state(const struct view *v, int64_t now, const char *hint,
		      struct sbuf *out)
{
	const struct store_cert *row = v->row;
	const char *const argv[] = { row->name, NULL };
	AUTO(mem_free_str) char *name = words_text(argv);

	sbuf_addf(out, "  %-13s%s", "state", view_state(row));
	if (!row->enabled)
		sbuf_addf(out, " (certrepo-populate%s enable ", hint);
	else if (row->held)
		sbuf_addf(out,
			  ": waits for a person; when mended, "
			  "certrepo-populate%s enable ",
			  hint);
	if (!row->enabled || row->held)
		sbuf_add_clean(out, name);
	if (!row->enabled)
		sbuf_addc(out, ')');
	sbuf_addc(out, '\n');
	if (row->lease_owner && row->lease_until > now)
		add_lease(v, name, out);
	if (view_parked(v))
		line_past(out, "order", "waits for the CA since ",
			  "waits for the CA, since when is not known: ",
			  view_parked(v), now);
}

/* What is wrong with the CA as a whole counts against no name, but it is why
 * nothing happens to this one. */
static void add_ca_trouble(const struct store_ca *ca, int64_t now,
			   struct sbuf *out)
{
	char text[CLOCK_TEXT];

	if (!view_ca_rests(ca, now))
		return;
	sbuf_addf(out, "  %-13snot asked before %s", "",
		  clock_text(ca->backoff_until, text));
	if (ca->fail_class) {
		sbuf_adds(out, ", ");
		sbuf_add_clean(out, ca->fail_class);
	}
	if (ca->fail_detail) {
		sbuf_adds(out, ": ");
		sbuf_add_clean(out, ca->fail_detail);
	}
	sbuf_addc(out, '\n');
}

/* By which the certificate there was issued: "none"; NULL: it is not known. */
static const char *profile_there(const struct view *v)
{
	const size_t n = strlen(STORE_BY_PROFILE);
	const char *by;

	for (size_t i = 0; v->chain && !v->stale && i < v->attempts.n; i++) {
		const struct store_attempt *a = &v->attempts.v[i];

		if (!a->outcome || strcmp(a->outcome, "ok") != 0)
			continue;
		by = a->detail ? strstr(a->detail, STORE_BY_PROFILE) : NULL;
		return by ? by + n : "none";
	}
	return NULL;
}

static void add_profile(const struct view *v, struct sbuf *out)
{
	bool own = v->row->ca_profile && *v->row->ca_profile;
	const char *profile = own	  ? v->row->ca_profile
			      : v->signer ? v->signer->ca_profile
					  : NULL;
	const char *there = profile_there(v);

	if (!profile)
		return;
	sbuf_addf(out, "  %-13s", "CA profile");
	sbuf_add_clean(out, profile);
	if (there && strcmp(there, profile) == 0)
		there = NULL;
	sbuf_adds(out, !own ? " (of the configuration" : there ? " (" : "");
	if (there) {
		sbuf_addf(out, "%sfrom the next renewal on; the one there: ",
			  own ? "" : "; ");
		sbuf_add_clean(out, there);
	}
	sbuf_adds(out, !own || there ? ")\n" : "\n");
}

static void add_request(const struct view *v, const char *default_ca,
			int64_t now, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist notes = STRLIST_INIT;
	const struct store_cert *row = v->row;
	const char *challenge = proof_type_of_row(row->challenge, row->certbot);

	view_line(out, "comment", row->comment);
	view_line(out, "owner", row->owner);
	if (v->csr) {
		const struct x509_key_info *key = x509_csr_key(v->csr);

		ids_line(out, x509_csr_ids(v->csr));
		view_line(out, "key", key->text);
		view_line(out, "key_sha256", key->sha256);
		view_line(out, "md5_modulus", key->md5_modulus);
	} else {
		sbuf_addf(out, "  %-13scannot be read: ", "CSR");
		sbuf_add_clean(out, v->csr_fault.msg);
		sbuf_addc(out, '\n');
	}
	if (row->ca_name)
		view_line(out, "CA", row->ca_name);
	else
		sbuf_addf(out, "  %-13s%s (default)\n", "CA",
			  default_ca ? default_ca : "?");
	add_ca_trouble(&v->ca, now, out);
	add_profile(v, out);
	view_line(out, "challenge", challenge);
	view_line(out, "webroot_path", row->webroot_path);
	view_notes(v, &notes);
	for (size_t i = 0; i < notes.n; i++)
		view_line(out, "note", notes.v[i]);
}

/* The CA of the last order that went well, when the row's is another: it was
 * ordered while that one was missing, or before the row named it. */
static void add_other_ca(const struct view *v, const char *default_ca,
			 struct sbuf *out)
{
	const char *ca = v->row->ca_name ? v->row->ca_name : default_ca;

	for (size_t i = 0; i < v->attempts.n; i++) {
		const struct store_attempt *a = &v->attempts.v[i];

		if (strcmp(a->outcome, "ok") != 0)
			continue;
		if (!a->ca_name || !ca || strcmp(a->ca_name, ca) == 0)
			return;
		sbuf_addf(out, "  %-13sthis certificate is from ", "note");
		sbuf_add_clean(out, a->ca_name);
		sbuf_addc(out, '\n');
		return;
	}
}

static void add_certificate(const struct view *v, int64_t now, struct sbuf *out)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct x509_chain *c = v->chain;
	char quoted[PLAIN_QUOTED];
	struct x509_top top;

	if (!v->row->crt.p) {
		view_line(out, "certificate", "none yet");
		return;
	}
	if (!c) {
		sbuf_addf(out, "  %-13scannot be read: ", "certificate");
		sbuf_add_clean(out, v->crt_fault.msg);
		sbuf_addc(out, '\n');
		return;
	}
	view_line(out, "serial", x509_chain_serial(c));
	view_line(out, "fingerprint", x509_chain_fingerprint(c));
	view_line(out, "issuer", x509_chain_issuer(c));
	x509_top_of(c, a, &top);
	sbuf_addf(out, "  %-13s%zu of the CA, it ends below %s\n", "chain",
		  x509_chain_len(c) - 1, plain_quoted(top.issuer, quoted));
	view_line_time(out, "from", "", v->ts_not_before, now);
	view_line_time(out, "until", "", v->ts_expire, now);
	sbuf_addf(out, "  %-13s%lld\n", "days left",
		  (long long) view_days(v->ts_expire, now));
	if (v->csr && !x509_chain_same_key_csr(c, v->csr))
		view_line(out, "note",
			  "this certificate is for another key than "
			  "the CSR's");
	else if (x509_chain_ids(c)->n == 0)
		view_line(
			out, "note",
			"this certificate has no subjectAltName, hosts refuse "
			"it: its CN counts for nothing");
	else if (v->csr &&
		 !x509_ids_equal(x509_chain_ids(c), x509_csr_ids(v->csr)))
		view_line(out, "note",
			  "this certificate has other names than the "
			  "CSR");
}

static void add_schedule(const struct view *v, int64_t now, struct sbuf *out)
{
	const struct store_cert *row = v->row;

	if (!row->enabled)
		view_line(out, "next due", "never, it is disabled");
	else if (row->held || row->ts_due == STORE_NEVER)
		view_line(out, "next due", "never, it is held");
	else if (row->ts_due <= v->ca.backoff_until &&
		 view_ca_rests(&v->ca, now))
		view_line_time(out, "next due", "when the CA is asked again, ",
			       v->ca.backoff_until, now);
	else if (row->ts_due <= now && row->renew)
		view_line(out, "next due",
			  "in the fetcher's next run, for the "
			  "new CSR");
	else if (row->ts_due <= now)
		view_line(out, "next due", "in the fetcher's next run");
	else
		view_line_time(out, "next due", "", row->ts_due, now);
	if (row->ts_last_update > 1)
		line_past(out, "last attempt", "", "", row->ts_last_update,
			  now);
	else
		view_line(out, "last attempt", "never");
	if (row->count_fail_update > 0)
		sbuf_addf(out, "  %-13s%lld since the last success\n",
			  "failures", (long long) row->count_fail_update);
	/* An order that waits has not failed. */
	if (row->fail_class && !view_parked(v)) {
		sbuf_addf(out, "  %-13s", "last failure");
		sbuf_add_clean(out, row->fail_class);
		sbuf_adds(out, row->fail_detail ? ": " : "");
		sbuf_add_clean(out, row->fail_detail);
		sbuf_addc(out, '\n');
	}
	if (row->ts_next_attempt > now && row->ts_next_attempt != STORE_NEVER)
		add_backoff(v, out);
}

static void add_attempts(const struct view *v, struct sbuf *out)
{
	char text[CLOCK_TEXT];

	if (v->attempts.n == 0)
		return;
	sbuf_adds(out, "  attempts, newest first\n");
	for (size_t i = 0; i < v->attempts.n; i++) {
		const struct store_attempt *a = &v->attempts.v[i];

		sbuf_addf(out, "    %s  ", clock_text(a->ts_end, text));
		sbuf_add_clean(out, a->outcome);
		if (a->ca_name) {
			sbuf_adds(out, " (");
			sbuf_add_clean(out, a->ca_name);
			sbuf_addc(out, ')');
		}
		sbuf_adds(out, a->detail ? ": " : "");
		sbuf_add_clean(out, a->detail);
		sbuf_addc(out, '\n');
	}
}

void view_receipt_text(const struct store_receipt *r, const char *who,
		       struct sbuf *out)
{
	const char *detail = r->detail ? r->detail : "";
	size_t n = r->state ? strlen(r->state) : 0;
	char text[CLOCK_TEXT];

	/* "refused: ..." has its state in it. */
	if (n > 0 && strncmp(detail, r->state, n) == 0 && detail[n] == ':')
		detail += n + 1 + strspn(detail + n + 1, " ");

	sbuf_addf(out, "    %s  ", clock_text(r->ts, text));
	sbuf_add_clean(out, who);
	if (r->service && *r->service) {
		sbuf_addc(out, ' ');
		sbuf_add_clean(out, r->service);
	}
	if (r->endpoint && *r->endpoint) {
		sbuf_addc(out, ' ');
		sbuf_add_clean(out, r->endpoint);
	}
	sbuf_adds(out, ": ");
	sbuf_add_clean(out, r->state);
	if (r->serial) {
		sbuf_adds(out, ", serial ");
		sbuf_add_clean(out, r->serial);
	}
	if (*detail) {
		sbuf_adds(out, ", ");
		sbuf_add_clean(out, detail);
	}
	sbuf_addc(out, '\n');
}

/* It was there for long enough that a host should have it. */
static bool is_missed(const struct view *v, int64_t now)
{
	return v->row->enabled && v->chain && v->installs.n == 0 &&
	       v->installs_fault.kind == ERR_NONE &&
	       v->ts_not_before <= now - 86400;
}

static void add_installs(const struct view *v, int64_t now, struct sbuf *out)
{
	size_t n = v->installs.n;

	if (v->installs_fault.kind != ERR_NONE) {
		sbuf_addf(out,
			  "  %-13swhat they reported cannot be read with this "
			  "account; it can with\n  %-13scertrepo-populate -c "
			  "FILE show, where FILE has one that may:\n  %-13s",
			  "hosts", "", "");
		sbuf_add_clean(out, v->installs_fault.msg);
		sbuf_addc(out, '\n');
	}
	if (is_missed(v, now))
		sbuf_addf(out,
			  "  %-13sno host reports it: is it in installer.conf, "
			  "or installer.conf.d, of\n  %-13sthe host that "
			  "serves it?\n",
			  "hosts", "");
	if (n == 0)
		return;
	sbuf_adds(out, "  reports of its hosts, newest first\n");
	for (size_t i = 0; i < n && i < INSTALLS_SHOWN; i++)
		view_receipt_text(&v->installs.v[i], v->installs.v[i].host,
				  out);
	if (n > INSTALLS_SHOWN)
		sbuf_addf(out, "    and %zu older, see --json%s\n",
			  n - INSTALLS_SHOWN + v->installs.more,
			  v->installs.more ? " for part of them" : "");
}

void view_text(const struct view *v, const char *default_ca, int64_t now,
	       const char *hint, struct sbuf *out)
{
	sbuf_add_clean(out, v->row->name);
	sbuf_addc(out, '\n');
	add_state(v, now, hint, out);
	add_request(v, default_ca, now, out);
	add_certificate(v, now, out);
	if (v->chain)
		add_other_ca(v, default_ca, out);
	view_renewal_text(v, now, out);
	add_schedule(v, now, out);
	add_attempts(v, out);
	add_installs(v, now, out);
	view_chain_text(v, now, out);
}
