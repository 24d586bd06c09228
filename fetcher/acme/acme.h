/* SPDX-License-Identifier: MIT */
#ifndef ACME_H
#define ACME_H

/*
 * One ACME CA (RFC 8555) and our account there: directory, nonces, signed
 * requests, and the objects of the protocol as C structs. Everything waits
 * in the loop; many calls may be under way at once over one HTTP/2
 * connection. Nonces from every answer are kept and used again; badNonce is
 * retried here with the nonce of the error answer, ACME_BADNONCE_MAX times; a
 * 500 that is a page instead of a problem document, twice with a fresh nonce.
 * Requests are paced under the CA's requests_per_second. Bodies are at most
 * ACME_BODY_MAX bytes, each request has a deadline.
 */

#include "fail.h"
#include "arena.h"
#include "certrepo_conf.h"
#include "loop.h"
#include "x509.h"

#define ACME_BODY_MAX	   (256u * 1024)
#define ACME_URL_MAX	   1000 /* the store keeps no longer ones */
#define ACME_BADNONCE_MAX  20
#define ACME_AUTHZ_MAX	   X509_NAMES_MAX
#define ACME_CHALLENGE_MAX 20
#define ACME_ALTERNATE_MAX 10

struct acme;
struct acme_call; /* a request under way */

/* ca is borrowed. ACCOUNT_URL and ACCOUNT_KEY are what the store remembers
 * (account URL and the thumbprint it belongs to), or NULL. Loads or makes the
 * account key file (0600, by file_replace); ca->account_key NULL: it has none,
 * and nothing but acme_read_directory() can be asked. No request yet. */
int acme_new(struct loop *loop, const struct certrepo_ca *ca,
	     const char *account_url, const char *account_thumbprint,
	     struct acme **ret, struct err *err) MUST_CHECK;
void acme_free(struct acme **acme); /* cancels what is under way */
/* The thumbprint of CA's account key as its file has it now: 1 and *ret, the
 * caller's; 0: there is no file, and none is made; -1: it cannot be used. */
int acme_key_look(const struct certrepo_ca *ca, char **ret);

/* Get the directory, which may redirect a few times, compare the CA's clock
 * with ours (FAIL_CLOCK when they are more than an hour apart: nothing else is
 * asked then), get one nonce, then the account unless its URL is known for this
 * key: newAccount finds it by the key alone (section 7.3.1), or then makes it,
 * with an external account binding where the settings have one. WANTED: how
 * many orders are about to start: so many nonces are primed, paced, at most
 * ACME_PRIME_MAX in addition to those that answers bring. May be called again
 * once fn was (a later pass, a CA that was down). fn may free acme.
 *
 * Afterwards the account may still change: when the CA does not know it (any
 * more), the key is registered again, once, and the calls go on; so ask
 * acme_account() when there is something to store. */
#define ACME_PRIME_MAX 100
typedef void acme_ready_fn(void *arg, const struct fail *fail); /* NULL: ok */
void acme_start(struct acme *acme, size_t wanted, acme_ready_fn *fn, void *arg);
/* Before start: no account is made. Where the CA has none of this key, fn is
 * told FAIL_ACCOUNT, and acme_unknown() is true. */
void acme_look_only(struct acme *acme);
bool acme_unknown(const struct acme *acme);
/* The directory alone, with no nonce and no account; acme_offer() is there
 * then, and renewal information can be asked for. An acme_start() that comes
 * after fn was told of no failure goes on from there. */
void acme_read_directory(struct acme *acme, acme_ready_fn *fn, void *arg);
/* After start; borrowed. */
const char *acme_account(const struct acme *acme);
const char *acme_thumbprint(const struct acme *acme);
/* After start: is this https URL on the server where orders are made, or on
 * that of the account? What the store remembers may be anybody's, and a request
 * there would be signed by our key, and its answer be believed. */
bool acme_is_at(const struct acme *acme, const char *url);

/* What the directory says of the CA beyond what it must (RFC 8555 section
 * 7.1.1, RFC 9773, draft-ietf-acme-profiles). Whatever of it cannot be read is
 * as if it were not there; what is over the limits is left out. */
#define ACME_PROFILES_MAX 50
#define ACME_PROFILE_MAX  64 /* of a name: printable, no blank in it */
#define ACME_CAA_MAX	  20
struct acme_profile {
	const char *name, *text; /* text: for people; one printable line */
};
struct acme_offer {
	const char *terms; /* should be a URL, may be any text; or NULL */
	const char *renewal_info; /* https URL, or NULL */
	struct acme_profile *profiles;
	size_t n_profiles;
	const char **caa; /* domains of CAA records, lower case */
	size_t n_caa;
	bool eab_required; /* externalAccountRequired */
};
/* After start, or the directory; lives until the next one. */
const struct acme_offer *acme_offer(const struct acme *acme);

/* HTTP requests sent so far, for the summary and the benchmark. */
size_t acme_requests(const struct acme *acme);

/* --- objects (RFC 8555 section 7.1); strings in the arena given --- */

enum acme_status {
	ACME_PENDING,
	ACME_READY,
	ACME_PROCESSING,
	ACME_VALID,
	ACME_INVALID,
	ACME_DEACTIVATED,
	ACME_EXPIRED,
	ACME_REVOKED,
};

struct acme_order {
	enum acme_status status;
	const char *url;		   /* left alone by the parser */
	const char *const *authorizations; /* while pending */
	size_t n_authorizations; /* then 1 to ACME_AUTHZ_MAX, else 0 */
	/* Set when ready; while pending, too, or NULL when it is no https URL:
	 * it is needed only after the proofs. */
	const char *finalize;
	const char *certificate; /* when valid; NULL when it is no https URL */
	const char *profile;	 /* draft-ietf-acme-profiles; or NULL */
	int64_t expires;	 /* UTC seconds; 0: it does not say */
	struct fail error;	 /* class FAIL_NONE when there is none */
};

struct acme_challenge {
	const char *type;
	const char *url;   /* set while the authorization is pending */
	const char *token; /* or NULL: some types have none */
	enum acme_status status;
	struct fail error;
};

struct acme_authz {
	enum acme_status status;
	/* Without "*."; set while it is pending, otherwise NULL when it cannot
	 * be read. */
	const char *identifier;
	enum x509_id_type id_type;
	bool wildcard; /* not every CA says so */
	/* To be answered while it is pending, then the reasons; none of a valid
	 * one. What could not be read is left out. */
	struct acme_challenge *challenges;
	size_t n_challenges;
};

/* Pure, for tests and fuzzing: JSON to struct. Required is only what the next
 * step needs, which follows from the status; the rest may be missing or look
 * as it likes. ERR_INPUT: no JSON object, a status nobody knows, or what is
 * required cannot be read. URLs must be https and below ACME_URL_MAX; a token
 * is not checked. */
int acme_parse_order(const void *json, size_t len, struct arena *arena,
		     struct acme_order *ret, struct err *err) MUST_CHECK;
int acme_parse_authz(const void *json, size_t len, struct arena *arena,
		     struct acme_authz *ret, struct err *err) MUST_CHECK;

/* --- calls --- */

/* How a call ended. fail is NULL when the CA answered with success. Then
 * status is the HTTP status; location NULL or the Location header; retry_at
 * the Retry-After instant or 0; body is NUL-terminated. All borrowed until
 * the callback returns. A problem document is already a fail of its class;
 * problem_type is its URN's last part ("rateLimited") or NULL.
 *
 * A connection that is cut is retried here, but for a new order and finalize:
 * the CA may have handled those, and says FAIL_CA_DOWN. */
struct acme_result {
	const struct fail *fail;
	const char *problem_type;
	long status;
	const char *location;
	/* Of a certificate, where the same one is with other chains (section
	 * 7.4.2): https URLs, no two the same; what is none is left out. */
	const char *const *alternates;
	size_t n_alternates;
	int64_t retry_at;
	const char *body;
	size_t len;
};
typedef void acme_fn(void *arg, const struct acme_result *r);

/* What is asked for in newOrder (RFC 8555 section 7.4). Borrowed for the call.
 */
struct acme_wish {
	const struct x509_ids *ids;
	const char *profile;  /* of the CA's offer, or NULL */
	const char *replaces; /* RFC 9773 section 5: of the certificate that
			       * this one is for; or NULL */
};
struct acme_call *acme_new_order(struct acme *acme,
				 const struct acme_wish *wish, acme_fn *fn,
				 void *arg);
/* POST-as-GET of an order, authorization or certificate URL. */
struct acme_call *acme_get(struct acme *acme, const char *url, acme_fn *fn,
			   void *arg);
/* Tell the CA what the settings say of contact and terms (section 7.3.2). Its
 * answer is the account; so is that to acme_get() of its URL. */
struct acme_call *acme_update(struct acme *acme, acme_fn *fn, void *arg);
/* Tell the CA that the proof of this challenge is in place: POST {}. */
struct acme_call *acme_respond(struct acme *acme, const char *challenge_url,
			       acme_fn *fn, void *arg);
struct acme_call *acme_finalize(struct acme *acme, const char *finalize_url,
				const unsigned char *csr_der, size_t len,
				acme_fn *fn, void *arg);
/* Give up an authorization (section 7.5.2), so that it does not stay
 * pending: POST {"status":"deactivated"}. */
struct acme_call *acme_deactivate(struct acme *acme, const char *authz_url,
				  acme_fn *fn, void *arg);
/* Renewal information (RFC 9773 section 4.1) of the certificate ID, which the
 * CA offers: a plain GET beside all else, at polls_per_second over any second
 * or two and ACME_POLLS_BURST at once. May one go now? Then it is counted: 0;
 * else the ms to wait. */
#define ACME_POLLS_BURST 100
int64_t acme_renewal_wait(struct acme *acme);
struct acme_call *acme_renewal(struct acme *acme, const char *id, acme_fn *fn,
			       void *arg);
/* No callback afterwards. Accepts NULL, sets NULL; a call that ended is gone
 * by itself: forget the pointer in fn. */
void acme_cancel(struct acme_call **call);

#endif
