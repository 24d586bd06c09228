/* SPDX-License-Identifier: MIT */
#ifndef SVC_H
#define SVC_H

/*
 * A service of installer.conf joined with its profile: every path, owner,
 * command and endpoint spelt out, so that what follows only acts. The unit
 * of a transaction.
 */

#include "file.h"
#include "format.h"
#include "installer_conf.h"
#include "window.h"

enum svc_layout {
	/* dir/current is a link to dir/<generation>, a folder that holds the
	 * files; the set changes when the link does. */
	SVC_GENERATION,
	/* Each file has a fixed path and is replaced by itself. */
	SVC_FIXED,
};

#define SVC_LINK "current"

struct svc_file {
	const char *name; /* generation: in the folder; fixed: NULL */
	const char *path; /* where the service reads it, from outside of a
			   * prefix: for people. Links on its way are not
			   * followed yet, see target.h */
	bool own_mode;	  /* somebody has set it */
	struct format format;
	struct file_attr attr;
};

struct svc_cert {
	const struct installer_cert *conf; /* paths from outside of a prefix:
					    * begin with root */
	const char *root;		   /* the prefix, or "" */
	const struct conf_strings *link_targets; /* from inside */
	const char *domain;			 /* of its name */
	const char *dir;
	const char *link; /* generation: dir/current; fixed: NULL */
	const struct svc_file *files;
	size_t n_files;
	bool has_key;	/* a file holds the private key */
	bool has_chain; /* a file holds the chain, so it must be served */
	const char *leaf_path; /* the first file that holds the certificate */
};

struct svc_endpoint {
	const struct installer_endpoint *conf;
	const char *host, *port; /* of its address */
	/* What tells it from others at its address: its server_name, "" for
	 * none, and "+rsa" or "+ec". */
	const char *look;
	size_t cert; /* index of the certificate it serves */
};

/* Which paths of its certificates a command is given. */
#define SVC_GIVEN_DIR  1u
#define SVC_GIVEN_FILE 2u
#define SVC_GIVEN_KEY  4u

struct svc_command {
	const char *const *argv;
	int timeout_s;
	const char *user;
	const char *const *env; /* "K=V", NULL-terminated; or NULL */
	unsigned int given;
};

struct svc_commands {
	const struct svc_command *v;
	size_t n;
};

struct svc {
	const struct installer_service *conf;
	const char *name;
	enum svc_layout layout;
	const struct svc_cert *certs;
	size_t n_certs;
	const struct svc_endpoint *endpoints;
	size_t n_endpoints;
	struct svc_commands hooks[HOOKS];
	struct window window;
	int64_t wait;	   /* seconds it may take a person or a reboot, or 0 */
	const char *needs; /* of a certificate: "clientAuth", or "" */
	/* SHA-256 over all of the above, and over all that its group in the
	 * configuration and its profile say: a hold ends when it changes. */
	char digest[ENC_SHA256_HEX];
};

struct svcs {
	struct svc *v;
	size_t n;
};

/* All services of CONF, which may have failed its own checks; every mistake
 * goes to errs. An endpoint's certificate
 * is the one it names, or the only one, or the one whose domain is its
 * server_name. */
int svc_resolve(const struct installer_conf *conf, struct arena *arena,
		struct svcs *ret, struct conf_errors *errs) MUST_CHECK;
/* PATH, one of C's, as it is called in its prefix. */
const char *svc_inside(const struct svc_cert *c, const char *path);
/* "127.0.0.1:443/www.example.org", in ARENA. */
const char *svc_endpoint_text(const struct svc_endpoint *e,
			      struct arena *arena);
/* "host:port", "[v6]:port"; parts in ARENA. */
int svc_address(const char *address, struct arena *arena, const char **ret_host,
		const char **ret_port, struct err *err) MUST_CHECK;

#endif
