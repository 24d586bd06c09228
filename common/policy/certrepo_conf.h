/* SPDX-License-Identifier: MIT */
#ifndef CERTREPO_CONF_H
#define CERTREPO_CONF_H

/* /etc/certrepo/certrepo.conf, the configuration of the central host, read by
 * the fetcher and populate alike. certrepo.conf(5) describes each setting;
 * lint compares the two. */

#include "conf.h"
#include "notify_conf.h"
#include "paths.h"
#include "proof_conf.h"
#include "rules.h"
#include "store_conf.h"

#define CERTREPO_CONF_PATH CERTREPO_CONF_DIR "/certrepo.conf"

struct certrepo_ca {
	struct conf_src src;
	const char *name;   /* default: that of its preset */
	const char *preset; /* where the rest comes from, ca_preset.h */
	/* https URL; "" with `discover` alone: not found yet */
	const char *directory;
	/* PEM file, made on first use; default: certrepo_conf_key() */
	const char *account_key;
	const char *account_key_type; /* "ES256" (default), "RS256" */
	struct conf_strings contact;  /* "mailto:..." */
	bool agree_tos;
	const char *ca_file;	     /* trust anchors for this CA's HTTPS */
	int64_t requests_per_second; /* pace, default 100, for all requests */
	int64_t nonce_pool;	     /* kept for later requests, default 1024 */
	const char *http_version;    /* "2" (default: where offered), "1.1" */
	bool allow_ip;		     /* enrol IP addresses */
	bool any_key;		     /* enrol keys public CAs refuse */
	bool allow_single;	     /* enrol single-label names */
	const char *ca_profile;	     /* of its offer; NULL: the CA's choice */
	const char *preferred_chain; /* issuer of the topmost certificate, or
				      * that certificate's SHA-256 in hex */
	int64_t polls_per_second;    /* of renewal information, default 500 */
	const char *eab_kid;	     /* external account binding (RFC 8555 */
	const char *eab_key_file;    /* section 7.3.4); NULL: none */
	const char *eab_alg;	     /* "HS256" (default), "HS384", "HS512" */
	const char *staging;	     /* https URL of a directory to try */
	const char *staging_eab_kid; /* the same two for that one */
	const char *staging_eab_key_file;
	/* No setting: this one is the staging directory of the CA of that
	 * name, see staging.h; its eab_kid is staging_eab_kid there. */
	const char *staging_of;
	int64_t max_names;	  /* of a certificate; default 100 */
	struct conf_strings keys; /* "rsa", "ec"; none: either */
	/* What it makes of a CSR that asks for that usage: "issued" (default),
	 * "left-out", "refused"; NULL: "issued". */
	const char *client_auth;
	bool contact_required;	 /* opens no account without */
	bool eab_required;	 /* the same, be it announced or not */
	struct conf_strings caa; /* issuer domains, of CAA records */
	const char *web; /* page where an account or its EAB comes from */
	/* To find its directory (draft-tweedale-acme-discovery), instead of
	 * `directory': below these domains; "try" (default) or "force"; other
	 * domains that its servers may be in. */
	struct conf_strings discover;
	const char *mode;
	struct conf_strings discover_allow;
	uint64_t given; /* in the file or its preset, see conf.h */
};

extern const struct conf_schema certrepo_ca_schema;
/* Of what a preset may say: all of these but whose the account is. */
extern const struct conf_schema certrepo_preset_schema;

struct certrepo_conf {
	struct conf_src src;
	struct store_conf *store;
	const char *csr_dir;	/* default /etc/certrepo/csr */
	const char *state_dir;	/* default /var/lib/certrepo: lock, id */
	const char *default_ca; /* default: the first of ca */
	const char *preset_dir; /* default /etc/certrepo/cas */
	const char *shipped_preset_dir;
	struct conf_groups ca;	    /* struct certrepo_ca */
	struct proof_conf proof;    /* of the solvers */
	int64_t days_left;	    /* 0 (default): a third of the lifetime */
	int64_t max_orders;	    /* in flight, default 100, 1..1000 */
	int64_t count_fail_limit;   /* default 10 */
	int64_t retry_wait;	    /* default 1 h */
	int64_t max_passes;	    /* default 3 */
	int64_t order_timeout;	    /* one attempt at most, default 15 min */
	struct notify_conf *notify; /* NULL: nobody is told */
	int64_t store_patience;	    /* seconds, default 3 h */
	int64_t deliver_within;	    /* seconds; 0 (default): deliver.h */
	struct conf_groups rules;   /* struct rules_rule */
};

extern const struct conf_schema certrepo_conf_schema;

/* Load and check all of it, cross-references included (default_ca exists, no
 * name twice, directory is https), and what the solvers ask. On -1 RET is set
 * where errs->filled says so (conf.h). */
int certrepo_conf_load(const char *path, struct arena *arena,
		       struct certrepo_conf *ret,
		       struct conf_errors *errs) MUST_CHECK;
/* The CA of this name, or the default for NULL; NULL when there is none. */
const struct certrepo_ca *certrepo_conf_ca(const struct certrepo_conf *conf,
					   const char *name);

/* The folder of account keys that no setting names, and the key of the CA of
 * this name in it; below state_dir, in A. The fetcher makes the folder. */
const char *certrepo_conf_keys(const struct certrepo_conf *conf,
			       struct arena *a);
const char *certrepo_conf_key(const struct certrepo_conf *conf,
			      const char *name, struct arena *a);

/* What is wrong with what CA says, of a configuration or of a preset: each
 * value that is there. */
void certrepo_conf_check_ca(const struct certrepo_ca *ca,
			    struct conf_errors *errs);

/* Is a row of the store, or an order, with this DIRECTORY one of CA's? Of one
 * that is discovered, any may be. */
bool certrepo_conf_ca_is(const struct certrepo_ca *ca, const char *directory);

/* Of a program that read CONFIG, for commands to be copied: " -c FILE", as a
 * shell takes it, or "". In A. */
const char *certrepo_conf_hint(const char *config, struct arena *a);
/* The command of populate that ERR says to run gets it, too. */
void certrepo_conf_tell(const char *config, struct err *err);

#endif
