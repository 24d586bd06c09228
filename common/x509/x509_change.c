/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include "strlist.h"
#include "x509_change.h"
#include "x509_impl.h"

#define HOUR 3600
#define DAY  86400

/* Of a certificate that says nothing of its usage, all of it may be made (RFC
 * 5280 section 4.2.1.12). */
static bool may_be_client(X509 *crt)
{
	EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(crt, NID_ext_key_usage, NULL, NULL);
	bool may = X509_get_ext_by_NID(crt, NID_ext_key_usage, -1) < 0;

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));

		may = may || nid == NID_client_auth ||
		      nid == NID_anyExtendedKeyUsage;
	}
	sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
	ERR_clear_error();
	return may;
}

struct x509_traits x509_traits_of(const struct x509_chain *chain)
{
	X509 *crt = x509_chain_cert(chain, 0);

	return (struct x509_traits){
		.life = x509_chain_not_after(chain) -
			x509_chain_not_before(chain),
		.client_auth = may_be_client(crt),
		.has_cn = X509_NAME_get_index_by_NID(X509_get_subject_name(crt),
						     NID_commonName, -1) >= 0,
	};
}

/* As CAs count it, whose certificates end a second early. */
static const char *span(int64_t s, char buf[40])
{
	bool days = s >= 10 * DAY;
	int64_t unit = days ? DAY : HOUR;

	(void) snprintf(buf, 40, "%" PRId64 " %s", (s + unit / 2) / unit,
			days ? "days" : "hours");
	return buf;
}

char *x509_change_text(const struct x509_traits *before,
		       const struct x509_traits *after)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	char was[40], is[40];

	if (before->life && after->life &&
	    after->life < before->life - before->life / 10)
		strlist_addf(&l, "lives %s instead of %s",
			     span(after->life, is), span(before->life, was));
	if (before->client_auth && !after->client_auth)
		strlist_add(&l, "has no clientAuth (TLS client "
				"authentication)");
	if (before->has_cn && !after->has_cn)
		strlist_add(&l, "has no CN");
	return l.n ? strlist_join(&l, ", ") : NULL;
}
