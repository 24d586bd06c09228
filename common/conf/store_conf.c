/* SPDX-License-Identifier: MIT */
#include "store_conf.h"

#define SET(field_, type_, help_, ...)                                        \
	{                                                                     \
		.name = #field_, .type = type_,                               \
		.offset = offsetof(struct store_conf, field_), .help = help_, \
		__VA_ARGS__                                                   \
	}

static const char *const drivers[] = { "sqlite", "mariadb", NULL };

static const struct conf_setting settings[] = {
	SET(driver, CONF_ENUM, "kind of database", .def = "sqlite",
	    .choices = drivers),
	SET(path, CONF_PATH, "sqlite: the database file"),
	SET(host, CONF_STRING, "mariadb: name or address of the server"),
	SET(port, CONF_INT, "mariadb: TCP port of the server", .def = "3306",
	    .min = 1, .max = 65535),
	SET(socket, CONF_PATH, "mariadb: unix socket, instead of host"),
	SET(database, CONF_STRING, "mariadb: name of the database",
	    .def = "certrepo"),
	SET(user, CONF_STRING, "mariadb: name of the account"),
	SET(password_file, CONF_PATH,
	    "mariadb: file whose first line is the password"),
	SET(ca_file, CONF_PATH,
	    "mariadb: PEM file, the server's certificate is verified by it"),
	SET(cert_file, CONF_PATH, "mariadb: PEM file, client certificate"),
	SET(key_file, CONF_PATH, "mariadb: PEM file, key of cert_file"),
	SET(option_file, CONF_PATH,
	    "mariadb: file in my.cnf syntax, its group [client] is used"),
	SET(connect_timeout, CONF_DURATION, "mariadb: limit for connecting",
	    .def = "10s", .min = 1, .max = 300),
	SET(timeout, CONF_DURATION,
	    "limit for all of an operation, and for a locked database",
	    .def = "30s", .min = 1, .max = 3600),
	{ .name = NULL },
};

const struct conf_schema store_conf_schema = {
	.settings = settings,
	.size = sizeof(struct store_conf),
};

static void check_sqlite(const struct store_conf *c, struct conf_errors *errs)
{
	const struct {
		const char *name, *value;
	} foreign[] = {
		{ "host", c->host },
		{ "socket", c->socket },
		{ "user", c->user },
		{ "password_file", c->password_file },
		{ "ca_file", c->ca_file },
		{ "cert_file", c->cert_file },
		{ "key_file", c->key_file },
		{ "option_file", c->option_file },
	};
	size_t i;

	if (!c->path)
		conf_error(errs, &c->src,
			   "setting `path': is missing, driver \"sqlite\" "
			   "needs the database file");
	for (i = 0; i < ARRAY_LEN(foreign); i++)
		if (foreign[i].value)
			conf_error(errs, &c->src,
				   "setting `%s': has no meaning with driver "
				   "\"sqlite\", remove it or set driver = "
				   "\"mariadb\"",
				   foreign[i].name);
}

static void check_mariadb(const struct store_conf *c, struct conf_errors *errs)
{
	if (c->path)
		conf_error(errs, &c->src,
			   "setting `path': has no meaning with driver "
			   "\"mariadb\", remove it");
	if (c->host && c->socket)
		conf_error(errs, &c->src,
			   "settings `host' and `socket' exclude each other, "
			   "remove one");
	if (!c->host && !c->socket && !c->option_file)
		conf_error(errs, &c->src,
			   "setting `host': is missing, driver \"mariadb\" "
			   "needs host, socket or option_file");
	if (c->host && !c->ca_file && !c->option_file)
		conf_error(errs, &c->src,
			   "setting `ca_file': is missing, the connection to "
			   "host is encrypted and verified; name the file of "
			   "the CA that signed the server's certificate");
	if (!c->cert_file != !c->key_file)
		conf_error(errs, &c->src,
			   "settings `cert_file' and `key_file' belong "
			   "together, set both or none");
}

void store_conf_check(const struct store_conf *conf, struct conf_errors *errs)
{
	if (strcmp(conf->driver, "mariadb") == 0)
		check_mariadb(conf, errs);
	else
		check_sqlite(conf, errs);
}
