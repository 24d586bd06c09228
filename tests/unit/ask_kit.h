/* SPDX-License-Identifier: MIT */
#ifndef ASK_KIT_H
#define ASK_KIT_H

/* Requests of hosts, put where a procedure of MariaDB or a host on SQLite puts
 * them, for the commands of populate_kit.h. */

#include "populate_kit.h"
#include "ask.h"
#include "store_impl.h"

#define WEB1 "web1.example.org"
#define WEB2 "web2.example.org"

#define DO(call)                                 \
	do {                                     \
		err_clear(&err);                 \
		if ((call) == -1)                \
			fail_msg("%s", err.msg); \
	} while (0)

static const char *const kit_rule_names[] = { "*.example.org", "example.org",
					      NULL };
static struct rules_rule kit_rule = { .src = { "t.conf", 7 },
				      .host = "web*.example.org",
				      .names = { kit_rule_names, 2 } };
static void *const kit_rules[] = { &kit_rule };

/* The CSR in FILE, as text in p's arena. */
static inline const char *kit_pem(const char *file)
{
	struct sbuf s = SBUF_INIT(1 << 17);
	const char *text;

	kit_read(file, &s);
	text = arena_strdup(p.arena, sbuf_str(&s));
	sbuf_free(&s);
	return text;
}

/* Its id. CSR is text. */
static inline int64_t kit_ask_text(const char *account, const char *host,
				   const char *name, const char *csr,
				   bool new_key)
{
	static int n;
	struct fleet_requests l;
	const char *key = arena_printf(p.arena, "%064d", ++n);

	DO(store_exec_try(p.store,
			  "INSERT INTO host_requests (account, host, name, "
			  "csr, key_sha256, new_key, state, ts) VALUES (?, ?, "
			  "?, ?, ?, ?, 'pending', ?)",
			  ARGS(T(account), T(host), T(name),
			       B(((struct store_blob){ csr, strlen(csr) })),
			       T(key), I(new_key), I(NOW - 60)),
			  NULL, &err));
	DO(fleet_requests_pending(p.store, 0, 1000, p.arena, &l, &err));
	return l.n ? l.v[l.n - 1].id : 0;
}

static inline int64_t kit_ask(const char *account, const char *host,
			      const char *name, const char *file)
{
	return kit_ask_text(account, host, name, kit_pem(file), false);
}

/* HOST has ACCOUNT for its own. */
static inline void kit_host(const char *host, const char *account)
{
	DO(store_exec_try(p.store,
			  "INSERT INTO hosts (host, account, ts_added) VALUES "
			  "(?, ?, 1)",
			  ARGS(T(host), T(account)), NULL, &err));
}

static inline void kit_grant(const char *account, const char *name,
			     const char *host)
{
	DO(store_exec_try(p.store,
			  "INSERT INTO host_names (account, name, host) VALUES "
			  "(?, ?, ?)",
			  ARGS(T(account), T(name), T(host)), NULL, &err));
}

/* A receipt. */
static inline void kit_served(const char *host, const char *name)
{
	DO(store_exec_try(p.store,
			  "INSERT INTO installs (host, name, service, "
			  "endpoint, state, ts) VALUES (?, ?, 'web', ':443', "
			  "'served', 1)",
			  ARGS(T(host), T(name)), NULL, &err));
}

static inline bool kit_granted(const char *account, const char *name,
			       const char *host)
{
	struct fleet_users u;

	DO(fleet_pending_users(p.store, name, host, account, p.arena, &u,
			       &err));
	return u.granted;
}

static inline struct fleet_request kit_request(int64_t id)
{
	struct fleet_request r = { .state = "none" };

	DO(fleet_request_get(p.store, id, p.arena, &r, &err));
	return r;
}

/* A row NAME by the CSR in FILE, enabled. */
static inline void kit_enrol(const char *name, const char *file)
{
	p.opt.csr = scratch(file);
	p.opt.enable = true;
	if (RUN(add_run(&p, name, &err)) == -1)
		fail_msg("%s", err.msg);
	p.opt.csr = NULL;
	p.opt.enable = false;
}

/* Besides www.example.org.csr: one of the same key with a name more, and one
 * of another key. */
static inline int kit_ask_setup(void **state)
{
	if (kit_setup(state))
		return -1;
	kit_sh("openssl req -new -key www.example.org.csr.key -subj /CN=" NAME
	       " -addext subjectAltName=DNS:b.example.org,DNS:" NAME
	       ",DNS:example.org -out more");
	kit_req("key", KIT_EC " -subj /CN=" NAME
			      " -addext subjectAltName=DNS:example.org");
	return 0;
}

#define SAYS_NOT(text)                                         \
	do {                                                   \
		if (strstr(SAID, text))                        \
			fail_msg("\"%s\" in: %s", text, SAID); \
	} while (0)

#endif
