/* SPDX-License-Identifier: MIT */
#ifndef DNS_CAA_H
#define DNS_CAA_H

/*
 * Who may issue for a name, by the CAA records that concern it: the parser of
 * one record (RFC 8659 section 4.1), and what a CA makes of the set that the
 * climb from the name ends at (dns_climb.h), with the parameters of RFC 8657.
 * Pure.
 *
 * Read as CAs have to: a record of ours that is malformed allows nobody, and a
 * critical property that is not known forbids everything.
 */

#include "dns_msg.h"

#define DNS_CAA_RECORDS_MAX 100 /* of a set */
#define DNS_CAA_PARAMS_MAX  20	/* of a value; more: it is malformed */
#define DNS_CAA_TAG_MAX	    255

struct dns_caa {
	unsigned flags;
	bool critical;
	const char *tag;   /* lower case, letters and digits */
	const char *value; /* NUL-terminated; may hold any byte */
	size_t len;
};

/* The data of one record. ERR_INPUT. Strings in ARENA. */
int dns_caa_parse(const unsigned char *data, size_t len, struct arena *arena,
		  struct dns_caa *ret, struct err *err) MUST_CHECK;

/* "0 issue \"ca.example\"", as zone files have it, appended: what must not
 * stand between quotes, and what is no printable ASCII, is escaped (RFC 1035
 * section 5.1). */
void dns_caa_text(const struct dns_caa *caa, struct sbuf *out);

/* The value of a property issue or issuewild (RFC 8659 section 4.2). Strings
 * in the arena. */
struct dns_caa_issue {
	const char *domain; /* lower case; "": nobody's */
	/* NULL: not there. More than one accounturi fit nobody (RFC 8657
	 * section 3): "". */
	const char *account;
	const char *methods; /* as written, commas between */
};
/* false: it is malformed, and allows nobody. */
bool dns_caa_issue(const struct dns_caa *caa, struct arena *arena,
		   struct dns_caa_issue *ret);

/* What is wanted. */
struct dns_caa_want {
	const char *const *domains; /* of the CA, lower case */
	size_t n_domains;
	const char *account; /* URL, or NULL: not known */
	const char *method;  /* "dns-01" */
	bool wildcard;
};

enum dns_caa_verdict {
	DNS_CAA_OPEN,	  /* nothing restricts it: any CA may */
	DNS_CAA_ALLOWED,  /* by a record */
	DNS_CAA_METHOD,	  /* this CA and account, not by this method */
	DNS_CAA_ACCOUNT,  /* this CA, for another account alone */
	DNS_CAA_OTHERS,	  /* other CAs alone, or nobody */
	DNS_CAA_CRITICAL, /* a property that is critical, and not known */
};
struct dns_caa_says {
	enum dns_caa_verdict verdict;
	/* The record it is by, of the set that was given; NULL for OPEN and
	 * OTHERS. ISSUE: what it says, not for CRITICAL. */
	const struct dns_caa *by;
	struct dns_caa_issue issue;
};
/* Of a whole set. Strings in ARENA. */
struct dns_caa_says dns_caa_judge(const struct dns_caa *set, size_t n,
				  const struct dns_caa_want *want,
				  struct arena *arena);

/* The value that allows exactly what is wanted, of the first of its domains:
 *	ca.example; accounturi=https://...; validationmethods=dns-01
 * In ARENA; ERR_INPUT where the account's URL cannot stand there (RFC 8659
 * section 4.2: no ';', nothing but printable ASCII). */
int dns_caa_value(const struct dns_caa_want *want, struct arena *arena,
		  const char **ret, struct err *err) MUST_CHECK;

#endif
