/* SPDX-License-Identifier: MIT */
#ifndef INSTALLER_CONF_H
#define INSTALLER_CONF_H

/* /etc/certrepo/installer.conf: installer.conf(5) describes each setting;
 * lint compares the two. */

#include "conf.h"
#include "notify_conf.h"
#include "paths.h"
#include "profile.h"
#include "store_conf.h"

#define INSTALLER_CONF_PATH CERTREPO_CONF_DIR "/installer.conf"

struct installer_cert {
	struct conf_src src;
	const char *name;	   /* in the store */
	const char *key;	   /* the private key's file, or ... */
	const char *public_key;	   /* ... a pinned public key */
	const char *key_type;	   /* of a new one, a name in x509_make.h; NULL:
				    * that of the old one, or the default */
	int64_t max_key_age;	   /* seconds, 0: any age; where it is not
				    * given that of the host */
	uint64_t given;		   /* see conf.h */
	const char *dir;	   /* where its files go */
	struct conf_strings names; /* it must carry, beside its domain */
	struct conf_groups files;  /* struct profile_file; instead of the
				    * profile's */
};

struct installer_endpoint {
	struct conf_src src;
	const char *address;  /* "host:port"; of a command: what it asks */
	const char *protocol; /* a name in protocol.h */
	const char *proxy_protocol; /* "no", "v1", "v2" */
	const char *server_name;
	const char *sni;	 /* "yes", "no", "both" */
	const char *addresses;	 /* "all", "any", "ipv4", "ipv6" */
	const char *key_type;	 /* "rsa", "ec"; NULL: either */
	const char *certificate; /* the name it serves; see svc.h */
	const char *secret_file; /* radius-eap */
	const char *identity;
	struct conf_strings command; /* command */
	const char *user;
};

struct installer_service {
	struct conf_src src;
	const char *name;
	const char *profile;
	const char *prefix; /* the folder it is jailed in, or NULL */
	struct conf_strings link_targets; /* files, as it sees them, that a
					   * link may lead us to, whatever they
					   * hold */
	struct conf_groups certificates;  /* struct installer_cert */
	struct conf_groups verify;	  /* struct installer_endpoint */
	struct conf_groups vars;	  /* struct profile_var */
	struct conf_strings window;	  /* see window.h */
	int64_t window_override; /* seconds of life under which it is ignored */
	bool alone; /* changes by itself, whoever shares a certificate */
	int64_t verify_time;	/* seconds to go on trying after activation */
	int64_t verify_timeout; /* of one connection */
};

struct installer_conf {
	struct conf_src src;
	struct store_conf *store;
	struct store_conf *receipts; /* what is told goes there; NULL: to the
				      * store */
	const char *trust_file;
	const char *profile_dir, *shipped_profile_dir;
	const char *state_dir;
	const char *host;   /* NULL in the file: gethostname() */
	int64_t splay;	    /* seconds */
	int64_t keep;	    /* backups of each service */
	bool report;	    /* receipts to the store */
	int64_t heartbeat;  /* seconds between receipts of an idle host */
	int64_t recheck;    /* seconds between probes of an idle host; 0: every
			     * run */
	int64_t clock_skew; /* a certificate may begin this much later */
	struct notify_conf *notify;  /* NULL: nobody */
	int64_t key_age;	     /* seconds, 0: any */
	int64_t max_key_age;	     /* the same */
	int64_t expiring;	     /* seconds of life, 0: a sixth of it */
	int64_t store_patience;	     /* seconds */
	struct conf_groups services; /* struct installer_service */
};

extern const struct conf_schema installer_conf_schema;
extern const struct conf_schema installer_service_schema;

/* Load and check all that needs no profile; host is filled. The file must
 * be root's or ours, and writable by nobody else. -1 with errs->unread: *ret is
 * not filled; without, svc_resolve() can still look for more. */
int installer_conf_load(const char *path, struct arena *arena,
			struct installer_conf *ret,
			struct conf_errors *errs) MUST_CHECK;
/* From memory, for tests. */
int installer_conf_load_string(const char *name, const char *text,
			       struct arena *arena, struct installer_conf *ret,
			       struct conf_errors *errs) MUST_CHECK;

#endif
