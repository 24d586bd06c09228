/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOL_H
#define PROTOCOL_H

/*
 * What an endpoint may speak: the facts, a row for each. How it is looked at
 * is verify.h's; the words before TLS are starttls.h's.
 */

#include <stdbool.h>
#include <sys/socket.h>

/* How the certificate comes to be shown. */
enum protocol_way {
	PROTOCOL_BY_TLS,      /* TLS from the first byte */
	PROTOCOL_BY_STARTTLS, /* words in clear text before, see starttls.h */
	PROTOCOL_BY_EAP,      /* within RADIUS, see eap.h */
	PROTOCOL_BY_COMMAND,  /* somebody else looks */
};

#define PROTOCOL_NEEDS_NAME    0x1u /* server_name */
#define PROTOCOL_NEEDS_SECRET  0x2u /* secret_file, and that is for no other */
#define PROTOCOL_NEEDS_COMMAND 0x4u /* command, too; may have user */
#define PROTOCOL_NEEDS_PORT    0x8u /* its address is "host:port" */

/* identifier, name in installer.conf(5), way, type of its socket (0: none),
 * needs */
#define PROTOCOL_TABLE(P)                                                   \
	P(TLS, "tls", TLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)                \
	P(SMTP, "smtp", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(LMTP, "lmtp", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(IMAP, "imap", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(POP3, "pop3", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(SIEVE, "sieve", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)       \
	P(LDAP, "ldap", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(FTP, "ftp", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)           \
	P(XMPP_CLIENT, "xmpp-client", STARTTLS, SOCK_STREAM,                \
	  PROTOCOL_NEEDS_PORT | PROTOCOL_NEEDS_NAME)                        \
	P(XMPP_SERVER, "xmpp-server", STARTTLS, SOCK_STREAM,                \
	  PROTOCOL_NEEDS_PORT | PROTOCOL_NEEDS_NAME)                        \
	P(POSTGRES, "postgres", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT) \
	P(MYSQL, "mysql", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)       \
	P(NNTP, "nntp", STARTTLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)         \
	P(RADIUS_EAP, "radius-eap", EAP, SOCK_DGRAM,                        \
	  PROTOCOL_NEEDS_PORT | PROTOCOL_NEEDS_SECRET)                      \
	P(RADSEC, "radsec", TLS, SOCK_STREAM, PROTOCOL_NEEDS_PORT)          \
	P(COMMAND, "command", COMMAND, 0, PROTOCOL_NEEDS_COMMAND)

#define PROTOCOL_ID(id, name, way, socktype, needs) PROTOCOL_##id,
enum protocol_id { PROTOCOL_TABLE(PROTOCOL_ID) PROTOCOL_COUNT };
#undef PROTOCOL_ID

struct protocol {
	const char *name;
	enum protocol_id id;
	enum protocol_way way;
	int socktype;
	unsigned int needs;
};

/* The names, NULL-terminated. */
extern const char *const protocol_names[];

/* The one of this name, or NULL. */
const struct protocol *protocol_find(const char *name);
/* The first that has this need, one of the above. */
const struct protocol *protocol_needing(unsigned int need);
/* Its endpoint may be asked by the PROXY protocol first. */
bool protocol_takes_proxy(const struct protocol *p);

#endif
