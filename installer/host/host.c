/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "host.h"

bool host_wants(const struct host *r, const struct svc *s)
{
	if (r->only.n == 0 || strlist_has(&r->only, s->name))
		return true;
	for (size_t i = 0; i < s->n_certs; i++)
		if (strlist_has(&r->only, s->certs[i].conf->name))
			return true;
	return false;
}

const struct x509_trust *host_trust(struct host *r, struct err *err)
{
	if (!r->trust &&
	    x509_trust_load(r->conf->trust_file, &r->trust, err) == -1)
		return NULL;
	return r->trust;
}

void host_receipt(struct host *r, const struct svc *s, const char *cert,
		  const struct svc_endpoint *e, const char *state,
		  const struct verify_seen *seen, const char *detail)
{
	struct store_receipt receipt = {
		.name = cert,
		.host = r->conf->host,
		.service = s ? s->name : "",
		.endpoint = e ? svc_endpoint_text(e, r->arena) : "",
		.protocol = e ? e->conf->protocol : NULL,
		.state = state,
		.ts = r->now,
		.detail = detail,
		.version = CERTREPO_VERSION,
	};

	if (seen && seen->handshake) {
		receipt.fingerprint = seen->fingerprint;
		receipt.serial = seen->serial;
		receipt.ts_expire = seen->not_after;
		receipt.depth = (int64_t) seen->depth;
	}
	if (!r->dry_run)
		receipt_add(&r->receipts, &receipt);
}

void host_notice(struct host *r, enum notice_topic topic, const char *service,
		 const char *cert, const char *state, const char *text)
{
	if (r->notices)
		notice_add(r->notices, &(struct notice){ .topic = topic,
							 .service = service,
							 .cert = cert,
							 .state = state,
							 .text = text });
}
