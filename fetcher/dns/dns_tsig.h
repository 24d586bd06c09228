/* SPDX-License-Identifier: MIT */
#ifndef DNS_TSIG_H
#define DNS_TSIG_H

/* TSIG, RFC 8945: sign a request, verify its answer. Over the wire format,
 * with OpenSSL. */

#include <stdbool.h>
#include <stdint.h>
#include "dns_key.h"

#define DNS_TSIG_MAC_MAX 64
#define DNS_TSIG_FUDGE	 300 /* seconds two clocks may differ */

enum dns_tsig_error {
	DNS_TSIG_BADSIG = 16,
	DNS_TSIG_BADKEY = 17,
	DNS_TSIG_BADTIME = 18,
	DNS_TSIG_BADTRUNC = 22,
};

struct dns_tsig_mac {
	unsigned char v[DNS_TSIG_MAC_MAX];
	size_t len;
};

/* Sign MSG, a whole request with its final ID, as of NOW; ret_mac is needed
 * to verify the answer. */
int dns_tsig_sign(const struct dns_key *key, int64_t now, struct sbuf *msg,
		  struct dns_tsig_mac *ret_mac, struct err *err) MUST_CHECK;

struct dns_tsig_answer {
	bool present;
	bool valid;	/* the MAC is right, by our key, in time */
	unsigned error; /* what the server says: enum dns_tsig_error */
	int64_t time_signed;
	int64_t server_time; /* with DNS_TSIG_BADTIME, else 0 */
};

/* 0 with the verdict in ret; -1 when the TSIG is malformed (ERR_INPUT). A
 * server answers BADKEY and BADSIG unsigned: valid is false then. */
int dns_tsig_verify(const struct dns_key *key,
		    const struct dns_tsig_mac *request_mac, int64_t now,
		    const unsigned char *wire, size_t len,
		    struct dns_tsig_answer *ret, struct err *err) MUST_CHECK;

#endif
