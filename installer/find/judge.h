/* SPDX-License-Identifier: MIT */
#ifndef JUDGE_H
#define JUDGE_H

/* What there is of one service, on disk and in the store, judged. Reads
 * only. */

#include "place.h"
#include "plan.h"
#include "host.h"
#include "svcstate.h"

/* What a person went back from. */
#define JUDGE_HELD                                                            \
	"held: the certificate in the store was rolled back on this host; a " \
	"newer one or --force ends this"

struct judge_cert {
	const struct svc_cert *svc;
	struct x509_chain *chain; /* the row's, NULL when there is none */
	char chain_digest[ENC_SHA256_HEX];
	struct sbuf *contents; /* of each file, once verdict is PLAN_PUT */
	/* The chain is of the next key (nextkey.h), which takes the place of
	 * the one there is together with it. Where that is a file of its own:
	 * what is to be in it, and SHA-256 of what is; else empty. */
	bool next;
	struct sbuf key;
	char key_was[ENC_SHA256_HEX];
	struct x509_chain *disk; /* what is on disk, NULL: nothing; may be
				  * chain itself */
	char disk_digest[ENC_SHA256_HEX]; /* "" when not known */
	bool placeholder; /* disk is one, see x509_self.h: as good as nothing */
	bool misfit;	  /* the host's key, read again, is not that of disk */
	const char *unfit; /* verdict is PLAN_PUT, and until it is in place
			    * the host's key is not that of disk: a sentence;
			    * or NULL */
	enum plan_row row; /* of judge_rows() */
	bool again;	   /* put it once more, should it be there */
	bool sideways;	   /* see plan.h */
	bool dated_back;   /* the same */
	enum plan_verdict verdict;
	char reason[600]; /* of what is not KEEP or PUT, a sentence */
};

struct judge {
	struct judge_cert *v;
	size_t n;
	struct arena *arena;
};

/* What the disk has, no more; the rest is empty. What cannot be read has the
 * verdict PLAN_UNKNOWN and a reason. Free it. */
void judge_disk(const struct svc *s, struct judge *ret);
/* The same, and the rows of the store, and a verdict for each. The keys of
 * what stays are read again when their files changed. */
void judge_rows(struct host *r, const struct svc *s,
		const struct store_host_certs *rows, struct svcstate *state,
		struct judge *ret);
/* May C's key be replaced by a next one; DISK as of hostkey_replaceable(), and
 * so is RET, "": none but C's own files are to be replaced. ERR_INPUT: also
 * when another certificate has the same key. */
int judge_next(const struct host *r, const struct svc_cert *c,
	       const struct x509_chain *disk, char ret[ENC_SHA256_HEX],
	       struct err *err) MUST_CHECK;
/* Why C's placeholder does not do any more, a sentence with what to do; or
 * NULL, of what is none, too. */
const char *judge_placeholder(const struct host *r, const struct judge_cert *c);
/* OLD is of the mode, owner and group that F is to have. With an ACL the
 * group's bits are its mask, which stays unless somebody set the mode. */
bool judge_same_attr(const struct place_old *old, const struct svc_file *f);
/* A person went back from this one. OURS may be NULL. */
bool judge_held(const struct svcstate_cert *ours, const struct x509_chain *c);
/* SHA-256 over what C's files hold now. */
int judge_digest(const struct svc_cert *c, char ret[ENC_SHA256_HEX],
		 struct err *err) MUST_CHECK;
void judge_free(struct judge *g);

#endif
