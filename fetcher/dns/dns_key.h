/* SPDX-License-Identifier: MIT */
#ifndef DNS_KEY_H
#define DNS_KEY_H

/*
 * A TSIG key from a file in BIND's syntax, as tsig-keygen writes it and
 * nsupdate -k reads it:
 *
 *	key "acme" {
 *		algorithm hmac-sha256;
 *		secret "base64==";
 *	};
 *
 * with comments of all three kinds. One key to a file. Algorithms:
 * hmac-sha224, -sha256, -sha384, -sha512 (RFC 8945 section 6, those not
 * discouraged).
 */

#include "certrepo_conf.h"
#include "dns_msg.h"
#include "err.h"

#define DNS_KEY_SECRET_MAX 512

struct dns_key {
	char name[DNS_NAME_TEXT]; /* canonical, see dns_msg.h */
	const char *algorithm;	  /* "hmac-sha256": a constant */
	const char *digest;	  /* OpenSSL's name: "SHA256" */
	size_t mac_len;
	unsigned char secret[DNS_KEY_SECRET_MAX];
	size_t secret_len;
};

/* ERR_CONFIG for syntax (with the line) and for a file that everyone may
 * read. PATH is for messages. */
int dns_key_parse(const char *text, const char *path, struct dns_key **ret,
		  struct err *err) MUST_CHECK;
int dns_key_load(const char *path, struct dns_key **ret,
		 struct err *err) MUST_CHECK;
/* Each key_file of the configuration can be used; errs gets a line for each
 * that cannot. */
void dns_key_check(const struct proof_dns *conf, struct conf_errors *errs);
void dns_key_free(struct dns_key **key); /* erases; accepts NULL */

#endif
