/* SPDX-License-Identifier: MIT */
#include "jout.h"
#include "proof_kind.h"
#include "view_impl.h"

static void put_ids(struct sbuf *out, const struct x509_ids *ids)
{
	jout_key(out, "names");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < ids->n; i++) {
		if (i)
			sbuf_addc(out, ',');
		sbuf_add_json(out, ids->v[i].value);
	}
	sbuf_addc(out, ']');
}

void view_json_common(const struct store_cert *row, int64_t ts_expire,
		      const char *default_ca, int64_t now, struct sbuf *out)
{
	bool has = ts_expire > 1; /* as jout_time() */

	jout_str(out, "name", row->name);
	jout_str(out, "state", view_state(row));
	jout_bool(out, "enabled", row->enabled);
	jout_str(out, "comment", row->comment);
	jout_str(out, "owner", row->owner);
	jout_str(out, "ca", row->ca_name ? row->ca_name : default_ca);
	jout_str(out, "ca_profile", row->ca_profile);
	jout_str(out, "challenge",
		 proof_type_of_row(row->challenge, row->certbot));
	jout_str(out, "webroot_path", row->webroot_path);
	jout_time(out, "ts_expire", ts_expire);
	if (has)
		jout_int(out, "days_left", view_days(ts_expire, now));
	else
		jout_str(out, "days_left", NULL);
	jout_time(out, "ts_due", row->enabled ? row->ts_due : 0);
	jout_time(out, "ts_last_attempt", row->ts_last_update);
	jout_time(out, "ts_next_attempt", row->ts_next_attempt);
	jout_bool(out, "renew", row->renew);
	jout_int(out, "failures", row->count_fail_update);
	jout_str(out, "fail_class", row->fail_class);
	jout_str(out, "fail_detail", row->fail_detail);
}

static void put_request(const struct view *v, struct sbuf *out)
{
	const struct x509_key_info *k = v->csr ? x509_csr_key(v->csr) : NULL;
	const struct x509_ids none = { .n = 0 };

	put_ids(out, v->csr ? x509_csr_ids(v->csr) : &none);
	jout_str(out, "key", k ? k->text : NULL);
	jout_str(out, "key_sha256", k ? k->sha256 : NULL);
	jout_str(out, "md5_modulus", k ? k->md5_modulus : v->row->md5_modulus);
	if (!v->csr)
		jout_str(out, "csr_error", v->csr_fault.msg);
}

static void put_notes(const struct view *v, struct sbuf *out)
{
	AUTO(strlist_free) struct strlist notes = STRLIST_INIT;

	view_notes(v, &notes);
	jout_key(out, "notes");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < notes.n; i++) {
		if (i)
			sbuf_addc(out, ',');
		sbuf_add_json(out, notes.v[i]);
	}
	sbuf_addc(out, ']');
}

static void put_certificate(const struct view *v, struct sbuf *out)
{
	const struct x509_chain *c = v->chain;

	jout_key(out, "certificate");
	if (!v->row->crt.p) {
		sbuf_adds(out, "null");
		return;
	}
	sbuf_addc(out, '{');
	if (c) {
		jout_str(out, "serial", x509_chain_serial(c));
		jout_str(out, "fingerprint", x509_chain_fingerprint(c));
		jout_str(out, "issuer", x509_chain_issuer(c));
		put_ids(out, x509_chain_ids(c));
		jout_time(out, "ts_not_before", v->ts_not_before);
		jout_time(out, "ts_not_after", v->ts_expire);
		jout_int(out, "intermediates", (int64_t) x509_chain_len(c) - 1);
	} else {
		jout_str(out, "error", v->crt_fault.msg);
	}
	sbuf_addc(out, '}');
}

static void put_attempts(const struct view *v, struct sbuf *out)
{
	jout_key(out, "attempts");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < v->attempts.n; i++) {
		const struct store_attempt *a = &v->attempts.v[i];

		sbuf_adds(out, i ? ",{" : "{");
		jout_time(out, "ts_start", a->ts_start);
		jout_time(out, "ts_end", a->ts_end);
		jout_str(out, "ca", a->ca_name);
		jout_str(out, "order_url", a->order_url);
		jout_str(out, "outcome", a->outcome);
		jout_str(out, "detail", a->detail);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
}

void view_receipt_json(const struct store_receipt *r, struct sbuf *out)
{
	jout_str(out, "service", r->service);
	jout_str(out, "endpoint", r->endpoint);
	jout_str(out, "protocol", r->protocol);
	jout_str(out, "state", r->state);
	jout_str(out, "fingerprint", r->fingerprint);
	jout_str(out, "serial", r->serial);
	jout_time(out, "ts_expire", r->ts_expire);
	jout_int(out, "depth", r->depth);
	jout_time(out, "ts", r->ts);
	jout_str(out, "detail", r->detail);
	jout_str(out, "version", r->version);
	jout_str(out, "profile", r->profile);
	jout_str(out, "needs", r->needs);
	if (r->heartbeat > 0)
		jout_int(out, "heartbeat", r->heartbeat);
	else
		jout_str(out, "heartbeat", NULL);
	jout_time(out, "ts_window", r->ts_window);
}

static void put_installs(const struct view *v, struct sbuf *out)
{
	jout_key(out, "installs");
	/* Not known is not none. */
	if (v->installs_fault.kind != ERR_NONE) {
		sbuf_adds(out, "null");
		jout_str(out, "installs_error", v->installs_fault.msg);
		return;
	}
	sbuf_addc(out, '[');
	for (size_t i = 0; i < v->installs.n; i++) {
		const struct store_receipt *r = &v->installs.v[i];

		sbuf_adds(out, i ? ",{" : "{");
		jout_str(out, "host", r->host);
		view_receipt_json(r, out);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
	if (v->installs.more > 0)
		jout_int(out, "installs_more", (int64_t) v->installs.more);
}

void view_json(const struct view *v, const char *default_ca, int64_t now,
	       struct sbuf *out)
{
	sbuf_addc(out, '{');
	view_json_common(v->row, v->ts_expire, default_ca, now, out);
	jout_str(out, "issuer", v->chain ? x509_chain_issuer(v->chain) : NULL);
	jout_time(out, "ts_ca_backoff",
		  view_ca_rests(&v->ca, now) ? v->ca.backoff_until : 0);
	jout_time(out, "ts_parked", view_parked(v));
	view_json_ari(v->row, v->stale, out);
	view_renewal_json(v, out);
	put_request(v, out);
	put_notes(v, out);
	put_certificate(v, out);
	view_chain_json(v, out);
	put_attempts(v, out);
	put_installs(v, out);
	sbuf_adds(out, "}\n");
}
