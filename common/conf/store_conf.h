/* SPDX-License-Identifier: MIT */
#ifndef STORE_CONF_H
#define STORE_CONF_H

/* The `store` group of both configuration files. */

#include "conf.h"

struct store_conf {
	struct conf_src src;
	const char *driver;   /* "sqlite" (default) or "mariadb" */
	const char *path;     /* sqlite: the database file */
	const char *host;     /* mariadb; a name or address */
	int64_t port;	      /* default 3306 */
	const char *socket;   /* a unix socket instead of host */
	const char *database; /* default "certrepo" */
	const char *user;
	const char *password_file; /* its first line; checked as a secret */
	const char *ca_file;	   /* required with host: TLS is verified */
	const char *cert_file;	   /* client certificate, optional */
	const char *key_file;
	const char *option_file; /* my.cnf syntax, group [client] */
	int64_t connect_timeout; /* seconds, default 10 */
	int64_t timeout;	 /* seconds in all, see db.h; default 30 */
};

extern const struct conf_schema store_conf_schema;
/* What the table cannot say: which settings a driver needs or excludes. */
void store_conf_check(const struct store_conf *conf, struct conf_errors *errs);

#endif
