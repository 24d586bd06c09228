/* SPDX-License-Identifier: MIT */
#ifndef STORE_H
#define STORE_H

/*
 * The certificate repository, in the project's own words. The only SQL is
 * in the files store*.c; it is one text for SQLite and MariaDB. (The
 * migrations are two.)
 *
 * Times are UTC seconds, given by the caller. Every change is one
 * transaction, safe to repeat when the answer to its commit was lost, and
 * retried here when the database asks for it (deadlock, busy, Galera "not
 * ready"). A lost connection is replaced for reads and for changes, since
 * each of them may be repeated; what cannot be done in the end gives
 * ERR_UNAVAILABLE. Rows and their strings live in the caller's arena.
 */

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "store_conf.h"
#include "strlist.h"

#define STORE_NAME_MAX	       250
#define STORE_COMMENT_MAX      255
#define STORE_MAIL_MAX	       254   /* owner */
#define STORE_PATH_MAX	       255   /* webroot_path, a tinytext */
#define STORE_BLOB_MAX	       65535 /* a csr, ca or crt: MariaDB's blob */
#define STORE_DETAIL_MAX       500   /* sentences we keep */
#define STORE_PROFILE_NAME_MAX 64    /* ca_profile */
#define STORE_NEVER	       INT64_MAX /* ts_due of a row that waits for a person */

struct store;
struct store_attempt;

/* What a program is about to do decides which schema it needs. */
enum store_use {
	STORE_READ,
	STORE_WRITE,
	STORE_ADMIN,
	STORE_HOST,
	STORE_BRIEF,
	STORE_LOOP
};

/* Opens and checks schema_version against this program: ERR_CONFIG "run
 * certrepo-populate init" when it is missing or too old, "upgrade this
 * program" when it is too new. With STORE_READ the check waits for the first
 * call that needs it (a host may read its views only). STORE_ADMIN checks
 * nothing, and creates a SQLite file that is not there (for init). conf is
 * borrowed. Each operation below has the setting `timeout` as its time, with
 * all its repetitions; STORE_HOST is STORE_READ, but all the talk until
 * store_free has it once. STORE_BRIEF is STORE_WRITE for what does not wait for
 * one row: when somebody has locked it on MariaDB, there is ERR_LOCKED, as
 * below, after two seconds. STORE_LOOP is STORE_WRITE for a program that has
 * more to do than to wait: an operation has three seconds at most, and a row
 * that somebody has locked on MariaDB gives ERR_LOCKED at once: nothing of the
 * operation, or of the whole store_tx, was done. A table that is locked, and a
 * SQLite file, which has one lock for all, are ERR_UNAVAILABLE when those
 * seconds are over: the store is away. ERR_INPUT or ERR_LIMIT: what came is not
 * what we store. What only a person can mend (password, certificate, database
 * or table missing) is ERR_CONFIG, what may pass is ERR_UNAVAILABLE. */
int store_open(const struct store_conf *conf, enum store_use use,
	       struct store **ret, struct err *err) MUST_CHECK;
void store_free(struct store **s);
/* STORE_LOOP: the program is to end; one second from now on. */
void store_hurry(struct store *s);
const char *store_name(const struct store *s); /* for messages; borrowed */

/* NAME is a certificate's identifier: lower case, "domain" or
 * "domain+label", at most STORE_NAME_MAX; a label is [a-z0-9-]{1,32}. */
int store_name_check(const char *name, struct err *err) MUST_CHECK;
/* The domain part, in ARENA. */
const char *store_name_domain(struct arena *a, const char *name);

struct store_blob {
	const void *p; /* NULL for SQL NULL */
	size_t len;
};

/* A row of certs. Strings are NULL for SQL NULL. */
struct store_cert {
	/* of the 2019 system */
	const char *name;
	bool enabled;
	const char *comment;
	bool certbot; /* http-01 by webroot_path */
	struct store_blob csr, ca, crt, old_ca, old_crt;
	const char *md5_modulus, *md5_ca;
	int64_t ts_expire, ts_last_update; /* 1: never */
	int64_t count_fail_update;
	const char *webroot_path;
	/* ours */
	const char *ca_name; /* of the configuration's ca list; NULL: default */
	const char *challenge;	 /* "dns-01", "http-01"; NULL: by certbot */
	const char *key_sha256;	 /* of the CSR's key */
	const char *crt_sha256;	 /* of the bytes of crt, when we derived
				  * ts_expire and the like from it */
	int64_t ts_not_before;	 /* 0: unknown */
	int64_t ts_due;		 /* when it next wants the fetcher; 0: at
				  * once */
	int64_t ts_next_attempt; /* backoff; 0: none */
	bool renew;		 /* order another, whatever life is left */
	bool held;		 /* waits for a person */
	const char *fail_class, *fail_detail; /* of the last failure */
	const char *lease_owner;
	int64_t lease_until;
	const char *ca_profile; /* asked for in the order; NULL: as the
				 * configuration says */
	const char *owner;	/* who is told of it, too: a mail address */
	/* Renewal information (RFC 9773), void unless ari_crt is crt_sha256:
	 * the instant chosen in a window (0: none), the window, where the CA
	 * explains it, or NULL, and when it is asked again. */
	const char *ari_crt;
	int64_t ts_ari, ari_start, ari_end;
	const char *ari_url;
	int64_t ts_ari_poll;
	struct store_blob old_csr; /* the one before csr, until there is a
				    * certificate by csr; store_get only */
};
/* ts_ari when it is of the certificate in the row, or 0. */
int64_t store_cert_ari(const struct store_cert *row);

/* --- populate --- */

/* 0 added, or ERR_CONFLICT when NAME exists. The row's blobs other than csr
 * are ignored. */
int store_add(struct store *s, const struct store_cert *row,
	      struct err *err) MUST_CHECK;
/* Put another CSR under an existing name; crt and ca stay until renewed.
 * When its bytes differ, the row is due at once with `renew` set, its hold and
 * backoff go, the order under way for the old CSR is forgotten and its lease
 * taken away (that order's store_accept gives ERR_CONFLICT). Where there is a
 * certificate, the CSR it is by is kept as old_csr until there is one by the
 * new CSR. ERR_INPUT when there is no such name. */
int store_replace_csr(struct store *s, const char *name, struct store_blob csr,
		      const char *key_sha256, const char *md5_modulus,
		      struct err *err) MUST_CHECK;

/* Fields a person may set, by column name: comment, owner, webroot_path,
 * ca_name, ca_profile, challenge, certbot, enable. NULL value: SQL NULL. */
struct store_field {
	const char *name;
	const char *value;
};
/* All or none, in one transaction; also lets a held row go and clears its
 * backoff, since a person acted: ts_due becomes DUE, 0 for at once. Whose it
 * is, alone, mends nothing, and lets nothing go. 1 done, 0 no such name. */
int store_set(struct store *s, const char *name,
	      const struct store_field *fields, size_t n, int64_t due,
	      struct err *err) MUST_CHECK;
int store_remove(struct store *s, const char *name,
		 struct err *err) MUST_CHECK; /* 1, 0, -1 */

/* One whole row. 1, 0, -1. */
int store_get(struct store *s, const char *name, struct arena *arena,
	      struct store_cert **ret, struct err *err) MUST_CHECK;
/* Every row in order of name, without its blobs (crt.len tells whether there
 * is one, p is NULL). The row lives until the callback returns; a callback
 * that returns -1 stops, and so does the call. */
typedef int store_row_fn(const struct store_cert *row, void *arg,
			 struct err *err);
int store_each(struct store *s, store_row_fn *fn, void *arg,
	       struct err *err) MUST_CHECK;
/* Another row for DOMAIN ("www.example.org", "www.example.org+ec"), or NULL. */
int store_domain_owner(struct store *s, const char *domain,
		       const char *not_name, struct arena *arena,
		       const char **ret, struct err *err) MUST_CHECK;
/* Another name enrolled with this key, or NULL. */
int store_key_owner(struct store *s, const char *key_sha256,
		    const char *not_name, struct arena *arena, const char **ret,
		    struct err *err) MUST_CHECK;

/* --- fetcher --- */

/* Run FN, which calls the functions below, as one transaction; FN may run
 * more than once and must not keep anything of a run that did not commit.
 * Each of the functions below, called outside, is a transaction of its own.
 */
typedef int store_tx_fn(struct store *s, void *arg, struct err *err);
int store_tx(struct store *s, store_tx_fn *fn, void *arg,
	     struct err *err) MUST_CHECK;
/* The same of those that only read: all of one moment, and nobody waits for
 * it. */
int store_tx_read(struct store *s, store_tx_fn *fn, void *arg,
		  struct err *err) MUST_CHECK;

/* A row as far as the choice of what to do needs it. */
struct store_due {
	const char *name;
	const char *ca_name;
	const char *challenge;
	bool certbot;
	int64_t ts_expire, ts_not_before, ts_due, ts_next_attempt;
	int64_t ts_last_update, count_fail_update;
	int64_t ts_ari; /* of this certificate; 0: there is none */
	bool has_crt;
	bool renew; /* the CSR was replaced: order, whatever life is left */
	const char *fail_class; /* of the last failure, or NULL */
	int64_t urgency, place; /* where it stands in the answer of store_due */
	bool stale; /* a 2019 script wrote the row, its derived columns are not
		     * of this crt and csr: read it whole (crt may be NULL) and
		     * call store_refresh before deciding */
};
struct store_dues {
	struct store_due *v;
	size_t n;
};
/*
 * Enabled rows of one CA (CA_NAME as rows have it, NULL: those that name none)
 * with ts_due <= NOW that nobody holds a lease on, at most LIMIT, the most
 * urgent first: certificates that are still good, the one that ends first
 * first, for a service that works can be saved from going dark; then expired
 * ones, then those never issued, longest untried first. The rest comes with
 * the next call, when these were claimed. Reads the rows that are due by the
 * index on (enable, ts_due), none of their blobs, and keeps LIMIT of them.
 */
int store_due(struct store *s, const char *ca_name, int64_t now, size_t limit,
	      struct arena *arena, struct store_dues *ret,
	      struct err *err) MUST_CHECK;
/* The same from AFTER on, a row of such an answer (NULL: the first), which
 * itself is not among them, for who changes nothing. */
int store_due_after(struct store *s, const char *ca_name, int64_t now,
		    const struct store_due *after, size_t limit,
		    struct arena *arena, struct store_dues *ret,
		    struct err *err) MUST_CHECK;
/* The CAs that a configuration has, by the names that rows call them. */
#define STORE_CAS_MAX 100
struct store_ca_names {
	const char *const *v;
	size_t n;
};
/* The same of the rows that name a CA which is none of KNOWN. */
int store_due_unknown(struct store *s, const struct store_ca_names *known,
		      int64_t now, size_t limit, struct arena *arena,
		      struct store_dues *ret, struct err *err) MUST_CHECK;
int store_due_unknown_after(struct store *s, const struct store_ca_names *known,
			    int64_t now, const struct store_due *after,
			    size_t limit, struct arena *arena,
			    struct store_dues *ret, struct err *err) MUST_CHECK;
/* How many such rows there are of each CA of KNOWN, of none, and, whatever
 * they call it, of another; what nothing is due of is left out. One look at
 * the rows that are due; ERR_LIMIT when KNOWN are more than STORE_CAS_MAX. */
struct store_due_ca {
	const char *ca_name; /* NULL: those that name none */
	size_t n;
	int64_t ts_expire; /* the nearest end of one still good; 0: none is */
};
struct store_due_cas {
	struct store_due_ca *v;
	size_t n;
	struct store_due_ca unknown; /* n may be 0; its ca_name is NULL */
};
int store_due_cas(struct store *s, const struct store_ca_names *known,
		  int64_t now, struct arena *arena, struct store_due_cas *ret,
		  struct err *err) MUST_CHECK;
/* How many wait for a CA that rests UNTIL then: what is due, and what failed
 * for its fault and would come up again by then. IS_DEFAULT: with the rows
 * that name none. */
int store_ca_waits(struct store *s, const char *ca_name, bool is_default,
		   int64_t now, int64_t until, struct store_due_ca *ret,
		   struct err *err) MUST_CHECK;
/* The same shape for one name, due or not, leased or not. 1, 0, -1. */
int store_due_one(struct store *s, const char *name, struct arena *arena,
		  struct store_due *ret, bool *ret_enabled,
		  struct err *err) MUST_CHECK;

/* Of the next LIMIT rows behind AFTER (""), by name, the enabled ones that are
 * stale and due after NOW; and the last of all, NULL when there are none.
 * Reads the table by its primary key. */
struct store_stale {
	const char **v;
	size_t n;
	const char *last;
};
int store_stale(struct store *s, const char *after, int64_t now, size_t limit,
		struct arena *arena, struct store_stale *ret,
		struct err *err) MUST_CHECK;

/* Enabled rows that are held until a person acts, by name, at most LIMIT;
 * indexed as store_due is. */
struct store_held {
	const char *name, *fail_class;
};
struct store_helds {
	struct store_held *v;
	size_t n;
};
int store_held(struct store *s, size_t limit, struct arena *arena,
	       struct store_helds *ret, struct err *err) MUST_CHECK;

/* How many enabled rows are due after NOW, not counting those that are held,
 * and the first of them. 1, 0 none, -1. Reads the index only. */
struct store_waiting {
	size_t n;
	const char *name;
	int64_t ts_due;
};
int store_waiting(struct store *s, int64_t now, struct arena *arena,
		  struct store_waiting *ret, struct err *err) MUST_CHECK;

/* How many rows are not enabled. */
int store_disabled(struct store *s, size_t *ret, struct err *err) MUST_CHECK;

/*
 * Enabled rows whose backoff lies beyond BEYOND (held ones are not among
 * them), the nearest first: a clock that was wrong wrote it, since no rule
 * reaches so far. By the index on (enable, ts_next_attempt). Mending one
 * clears its backoff and makes it due at DUE_AT, unless somebody changed it
 * meanwhile.
 */
int store_far(struct store *s, int64_t beyond, size_t limit,
	      struct arena *arena, struct store_dues *ret,
	      struct err *err) MUST_CHECK;
int store_far_mend(struct store *s, const struct store_due *row, int64_t due_at,
		   struct err *err) MUST_CHECK;
/* Leases that end beyond BEYOND: how many; and nobody's any more. */
int store_far_leases(struct store *s, int64_t beyond, size_t *ret,
		     struct err *err) MUST_CHECK;
int store_far_leases_mend(struct store *s, int64_t beyond,
			  struct err *err) MUST_CHECK;

/* Who holds leases on rows that are due, other than NOT_OWNER. */
#define STORE_LEASES_MAX 20
struct store_lease {
	const char *owner;
	size_t n;
	int64_t since, until; /* the oldest, the last one to end */
	const char *name;     /* one of them */
};
struct store_leases {
	struct store_lease *v;
	size_t n;
};
int store_leases(struct store *s, const char *not_owner, int64_t now,
		 struct arena *arena, struct store_leases *ret,
		 struct err *err) MUST_CHECK;
/* A person knows that its owner is dead (else its store_accept gives
 * ERR_CONFLICT, and the order is resumed by whoever takes the row): 1, 0 there
 * was none, or another took the row meanwhile, who is left alone. */
int store_lease_break(struct store *s, const char *name,
		      struct err *err) MUST_CHECK;

/* Take the lease: 1 it is ours until UNTIL, 0 somebody else's, or no such
 * name. A lease of ours is renewed. Sets ts_last_update = NOW. */
int store_claim(struct store *s, const char *name, const char *owner,
		int64_t now, int64_t until, struct err *err) MUST_CHECK;
/* The same, but also 0 when the row is no longer enabled and due at NOW:
 * another instance may have renewed it since store_due listed it. For
 * everything but --force. */
int store_claim_due(struct store *s, const char *name, const char *owner,
		    int64_t now, int64_t until, struct err *err) MUST_CHECK;
int store_release(struct store *s, const char *name, const char *owner,
		  struct err *err) MUST_CHECK;
/* At the start of a run, the instance's lock held: leases a killed run of
 * OWNER left; those of rows that are locked run out. */
int store_release_all(struct store *s, const char *owner,
		      struct err *err) MUST_CHECK;
/* Postpone or bring forward without an attempt (ts_due only; keeps backoff
 * and hold), as long as ts_due, ts_next_attempt and renew are as they were
 * READ: nothing happens to a row whose CSR was replaced since, or that a person
 * let go. */
int store_set_due(struct store *s, const char *name, int64_t due,
		  const struct store_due *read, struct err *err) MUST_CHECK;
/* Derived columns computed anew from a row as store_get() READ it; nothing
 * happens when its csr, its crt, or what else ts_due comes from is another
 * meanwhile. Without a crt: ts_expire 1, ts_not_before 0, crt_sha256 NULL. What
 * the crt says is kept (store_facts.h). */
struct store_derived {
	int64_t ts_expire, ts_not_before, ts_due;
	const char *crt_sha256;
	const char *key_sha256; /* of the CSR; NULL: leave it */
};
int store_refresh(struct store *s, const char *name,
		  const struct store_derived *d, const struct store_cert *read,
		  struct err *err) MUST_CHECK;

/* What a restart resumes. One per name and slot. */
struct store_order {
	const char *name;
	const char *owner; /* store_order_put: whose lease must be on the row;
			    * NULL: whoever's. Not read */
	int slot;	   /* 0 */
	const char *ca_name;
	const char *directory; /* where the CA was; NULL: not known */
	const char *account;   /* account URL */
	const char *key_sha256;
	const char *url;   /* the order's */
	const char *state; /* "new", "finalized", "parked" */
	int64_t ts_created;
	int64_t ts_state;   /* when it came into that state; 0: not known */
	int64_t ts_expires; /* until when the CA keeps it; 0: not known */
};
/* Replaces what the slot had. ERR_CONFLICT when the name was removed, or the
 * lease is not the owner's. */
int store_order_put(struct store *s, const struct store_order *o,
		    struct err *err) MUST_CHECK;
int store_order_get(struct store *s, const char *name, int slot,
		    struct arena *arena, struct store_order *ret,
		    struct err *err) MUST_CHECK; /* 1, 0, -1 */
int store_order_drop(struct store *s, const char *name, int slot,
		     struct err *err) MUST_CHECK;

/* The CA does not know it any more: it goes, and the attempt to go on with it
 * is recorded, which names the row and the order's URL: another order stays. */
int store_order_gone(struct store *s, int slot, const struct store_attempt *a,
		     struct err *err) MUST_CHECK;

/* A proof of control that lies, or may lie, somewhere: written before the
 * change, dropped after its removal. */
struct store_proof {
	const char *id; /* SHA-256, hex, of type, server, owner and value */
	const char *name;
	int slot;
	const char *lease_owner; /* the instance that put it there */
	const char *type;	 /* "dns-01", "http-01" */
	const char *zone;	 /* dns-01 */
	const char *server;	 /* dns-01: where the UPDATE went */
	const char *owner; /* dns-01: the TXT's owner name; http-01: path */
	const char *value;
	int64_t ts_created;
};
struct store_proofs {
	struct store_proof *v;
	size_t n;
};
int store_proof_put(struct store *s, const struct store_proof *p,
		    struct err *err) MUST_CHECK;
/* That of this instance: another which resumes its order puts the same proof
 * there, and the row is that one's then. */
int store_proof_drop(struct store *s, const char *id, const char *lease_owner,
		     struct err *err) MUST_CHECK;
/* Those of one instance, oldest first, at most LIMIT. */
int store_proofs_of(struct store *s, const char *lease_owner, size_t limit,
		    struct arena *arena, struct store_proofs *ret,
		    struct err *err) MUST_CHECK;

/* The end of an attempt. */
#define STORE_BY_PROFILE "by the profile "
struct store_attempt {
	const char *name;
	const char *ca_name;
	const char *account;
	const char *order_url; /* NULL when there was none */
	const char *outcome;   /* "ok" or a failure class */
	const char *detail;    /* a sentence; when ok, it ends with
				* STORE_BY_PROFILE and the profile it was
				* ordered by, or that was none; or NULL */
	int64_t ts_start, ts_end;
	const char *instance; /* of the fetcher, who counts it
			       * (attempt_totals); NULL: nobody. Not read */
};

/*
 * Store a certificate: crt goes to old_crt, ca to old_ca when it differs,
 * the new ones in, derived columns, counters and backoff reset, the order
 * dropped, the attempt recorded, the lease released; conditional on OWNER's
 * lease; what it says is kept (store_facts.h), the CSR before this one is
 * not. Repeated with the same certificate it changes nothing. ERR_CONFLICT
 * when the lease is not ours; the message says whether the name was removed
 * (then no order of it stays either), taken over or changed. So it is with the
 * ends below.
 */
struct store_accept {
	const char *owner;
	int slot;
	struct store_blob crt, ca;
	const char *md5_ca;
	const char *crt_sha256; /* of crt's bytes */
	int64_t ts_expire, ts_not_before, ts_due;
	int64_t ts_ari_poll;	      /* what was known of the old one goes */
	struct store_attempt attempt; /* .name names the row */
};
int store_accept(struct store *s, const struct store_accept *a,
		 struct err *err) MUST_CHECK;

/* A failure of this name (attempt.outcome, attempt.detail): class, detail,
 * count + 1, ts_next_attempt = ts_due = NEXT (STORE_NEVER and held when a
 * person must act), attempt recorded, lease released, the order dropped when
 * DROP_ORDER. With !COUNT (the CA's or our own trouble) the count stays.
 * ERR_CONFLICT when the lease is not ours. Texts are cut at what the store
 * keeps, other bytes than printable ASCII become '?'.
 * 1: its count, hold or due instant is not what was READ (NULL: whatever it
 * was), since a person set it back meanwhile: then these stay, and what failed
 * is in the attempt alone.
 * With CSR_BACK (the CSR is at fault), where there is an old_csr: 2, that one
 * is the CSR again, the order goes, class, detail and count say what became of
 * the other, and the row is not held but due at once, so that the next run sees
 * when the certificate that is there wants renewal. */
struct store_fail {
	const char *owner;
	const struct store_cert *read;
	int slot;
	int64_t next;
	bool count, hold, drop_order, csr_back;
	struct store_attempt attempt;
};
int store_fail(struct store *s, const struct store_fail *f,
	       struct err *err) MUST_CHECK;

/*
 * The CA takes its time: the order stays, in state "parked" since the
 * attempt's end (or since it first was), and the name comes up again at NEXT:
 * ts_next_attempt = ts_due = NEXT. The count stays; fail_class is "parked",
 * fail_detail the attempt's detail, and its outcome is "parked", whatever
 * attempt.outcome says; the lease is released. ERR_CONFLICT when it is not
 * ours.
 */
#define STORE_PARKED "parked"
struct store_park {
	const char *owner;
	const struct store_cert *read; /* and 1, as of store_fail */
	int slot;
	int64_t next;
	struct store_attempt attempt;
};
int store_park(struct store *s, const struct store_park *p,
	       struct err *err) MUST_CHECK;

/* What store_fail counted was the CA's fault after all: the count was COUNT
 * and the next attempt NEXT (STORE_NEVER: it was held); it is one less, not
 * held, and due UNTIL. Nothing when the row is another's or has changed. */
struct store_uncount {
	const char *name;
	int64_t count, next, until;
};
int store_uncount(struct store *s, const struct store_uncount *u,
		  struct err *err) MUST_CHECK;

/* Attempts of one name, newest first, at most LIMIT. */
struct store_attempts {
	struct store_attempt *v;
	size_t n;
};
int store_attempts_of(struct store *s, const char *name, size_t limit,
		      struct arena *arena, struct store_attempts *ret,
		      struct err *err) MUST_CHECK;

/* One of a row that cannot be written to itself. */
int store_attempt_add(struct store *s, const struct store_attempt *a,
		      struct err *err) MUST_CHECK;
/* Delete attempts that ended before BEFORE, among the LIMIT oldest; *ret_n:
 * how many. Reads no more than those. */
int store_attempts_prune(struct store *s, int64_t before, size_t limit,
			 size_t *ret_n, struct err *err) MUST_CHECK;
/* How many attempts ended so each day (attempt_totals) is kept for ever: what
 * was counted on days before BEFORE is added up as day 0, at most LIMIT rows;
 * *ret_n: how many. */
int store_totals_fold(struct store *s, int64_t before, size_t limit,
		      size_t *ret_n, struct err *err) MUST_CHECK;

/* A CA as a whole: its account, and its backoff. */
#define STORE_EAB_KID_MAX 255
struct store_ca {
	const char *name;
	const char *directory;
	const char *account;	 /* URL; NULL: not known yet */
	const char *account_key; /* JWK thumbprint the account belongs to */
	const char *eab_kid;	 /* by which it was made or found; NULL: none */
	int64_t backoff_until;	 /* 0: none */
	int64_t count_fail;
	const char *fail_class, *fail_detail;
};
int store_ca_get(struct store *s, const char *name, struct arena *arena,
		 struct store_ca *ret, struct err *err) MUST_CHECK; /* 1 0 -1 */
/* What the writer knows now, who READ that (all of it zero: there was no row),
 * from the store or as *ret of its last put. Where another has written
 * meanwhile, nothing of that is lost: the account changes when it changed for
 * the writer; of two rests the later one stays, with its reason and the larger
 * count; and only what was READ is lifted. A row of another directory is one of
 * another CA, and goes with all that is known of that (store_offer.h,
 * store_pin.h). *ret: the row as it is now, in ARENA. */
int store_ca_put(struct store *s, const struct store_ca *ca,
		 const struct store_ca *read, struct arena *arena,
		 struct store_ca *ret, struct err *err) MUST_CHECK;

/* How many orders of its are under way, parked ones among them. */
int store_ca_orders(struct store *s, const char *name, int64_t *ret,
		    struct err *err) MUST_CHECK;

/* --- installer: on MariaDB by procedures (schema/mariadb/routines.sql), or,
 * where there are none, or it may not call them, through the views host_certs
 * and host_installs; on SQLite by these --- */

struct store_host_cert {
	const char *name;
	bool enabled;
	struct store_blob crt, ca;
};
struct store_host_certs {
	struct store_host_cert *v;
	size_t n;
};
#define STORE_HOST_NAMES_MAX 500
/* The rows of these names, in one query that also checks the schema (opened
 * with STORE_READ, which for this use asks nothing itself). Names that do not
 * exist, or are not this host's, are missing from the result. ERR_CONFIG when
 * neither way is open to this account. */
int store_host_certs(struct store *s, const char *const *names, size_t n,
		     struct arena *arena, struct store_host_certs *ret,
		     struct err *err) MUST_CHECK;

/* Of a store opened with STORE_HOST: the views serve, and are asked at once.
 * Whoever remembers that, and says it before the first question, saves one that
 * fails; if it is not so any more, that is found out by itself. */
bool store_host_by_view(const struct store *s);
void store_host_set_by_view(struct store *s);

/* What a host says of one endpoint of one service; endpoint "" speaks of the
 * service, name "" and service "" of the host (heartbeat). */
struct store_receipt {
	const char *name, *host, *service, *endpoint;
	const char *protocol;	 /* "tls", or NULL */
	const char *state;	 /* fetched installed activated served
				  * rolled-back refused held failed alive */
	const char *fingerprint; /* SHA-256 of the leaf seen, or NULL */
	const char *serial;
	int64_t ts_expire; /* of the one seen; 0: none */
	int64_t depth;	   /* certificates sent */
	int64_t ts;
	const char *detail;  /* a sentence */
	const char *version; /* of the installer */
	/* Not written through a view, nor into an older schema. */
	const char *profile; /* of the service, or NULL */
	const char *needs;   /* "clientAuth", "" nothing; NULL: not known */
	int64_t heartbeat;   /* of the host, s; 0: neither this is known nor */
	int64_t ts_window;   /* when the next window begins for which it waits;
			      * 0: for none */
};
/* Of one name at a time: hosts write them, one could write any number. */
#define STORE_RECEIPTS_MAX 50000
struct store_receipts {
	struct store_receipt *v;
	size_t n;
	size_t more; /* older ones that are there, too */
};
/* All in one transaction; each replaces what was said before. */
int store_receipts_put(struct store *s, const struct store_receipt *r, size_t n,
		       struct err *err) MUST_CHECK;
/* The same of what one HOST says of itself: receipts of another one in R are
 * left out. What it said before of things that are not in KEEP (name, service
 * and endpoint count) goes away; NULL: nothing does. Those of names that the
 * host has not been granted are not taken: these names are added to REFUSED
 * (may be NULL). Some may have been written when it fails; it can be repeated.
 * ERR_CONFIG: this account may not speak for HOST. */
int store_receipts_sync(struct store *s, const struct store_receipt *r,
			size_t n, const char *host,
			const struct store_receipts *keep,
			struct strlist *refused, struct err *err) MUST_CHECK;
/* What HOST said, as far as the store has it: name, service, endpoint, state,
 * fingerprint and ts alone. Opened with STORE_HOST, by the ways of
 * store_host_certs(). */
int store_receipts_mine(struct store *s, const char *host, struct arena *arena,
			struct store_receipts *ret, struct err *err) MUST_CHECK;
/* The newest STORE_RECEIPTS_MAX, newest first. */
int store_receipts_of(struct store *s, const char *name, struct arena *arena,
		      struct store_receipts *ret, struct err *err) MUST_CHECK;

#endif
