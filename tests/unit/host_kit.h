/* SPDX-License-Identifier: MIT */
#ifndef HOST_KIT_H
#define HOST_KIT_H

/* A host in a scratch folder: its configuration from a text, certificates of
 * any age for its key leaf.key, and rows of a store that are made by hand.
 * Include after cmocka.h. */

#include <string.h>
#include <time.h>
#include "scratch.h"
#include "x509_kit.h"
#include "clock.h"
#include "host.h"
#include "judge.h"
#include "svcstate.h"

#define LEAF "www.example.org"
#define DAY  86400

static struct arena *arena;
static struct installer_conf conf;
static struct svcs svcs;
static struct host host;
static struct svcstate known; /* of the service a test is about */

/* TEXT with the folder in place of each '@', in the arena. */
static inline const char *host_kit_here(const char *text)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(1u << 16);

	for (; *text != '\0'; text++) {
		if (*text == '@')
			sbuf_adds(&s, scratch_dir);
		else
			sbuf_addc(&s, *text);
	}
	return arena_strdup(arena, sbuf_str(&s));
}

static inline const char *host_kit_date(int64_t t, char buf[20])
{
	time_t at = (time_t) t;
	struct tm utc;

	assert_non_null(gmtime_r(&at, &utc));
	assert_int_not_equal(strftime(buf, 20, "%Y%m%d%H%M%SZ", &utc), 0);
	return buf;
}

/* NAME, by the intermediate, for the request CSR; its life is in seconds from
 * the host's now. */
static inline void host_kit_issue(const char *name, const char *csr,
				  int64_t from, int64_t until)
{
	char a[20], b[20];

	kit_sh("openssl ca -batch -notext -config ca.cnf -cert inter.pem "
	       "-keyfile inter.key -extfile leaf.ext -in %s -out %s "
	       "-startdate %s -enddate %s",
	       csr, name, host_kit_date(host.now + from, a),
	       host_kit_date(host.now + until, b));
}

/* Of leaf.key: old.pem is 40 days old, new.pem 10, gone.pem has expired; of
 * next.key is next.pem. The keys are as they should be in *.right. */
static inline int host_kit_setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	arena = arena_new();
	kit_pki();
	/* Whatever openssl makes later is valid, too. */
	host.now = clock_now() + 3600;
	kit_sh("printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\n"
	       "new_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n"
	       "rand_serial=yes\\nunique_subject=no\\n[p]\\ncommonName="
	       "supplied\\n' >ca.cnf; "
	       ": >index; mkdir p d state state/journal state/service "
	       "state/backup; openssl genpkey -algorithm EC -pkeyopt "
	       "ec_paramgen_curve:P-256 -out next.key; openssl req -new -key "
	       "next.key -subj /CN=" LEAF " -out next.csr; chmod 600 *.key; "
	       "cp -p leaf.key leaf.right; chmod 755 ."
	       "; chmod 700 state");
	host_kit_issue("old.pem", "leaf.csr", -40 * DAY, 50 * DAY);
	host_kit_issue("new.pem", "leaf.csr", -10 * DAY, 80 * DAY);
	host_kit_issue("gone.pem", "leaf.csr", -100 * DAY, -10 * DAY);
	host_kit_issue("next.pem", "next.csr", -10 * DAY, 80 * DAY);
	return 0;
}

static inline int host_kit_teardown(void **state)
{
	receipt_free(&host.receipts);
	receipt_free(&host.over);
	receipt_free(&host.known);
	x509_trust_free(&host.trust);
	arena_free(&arena);
	return scratch_teardown(state);
}

/* Of the service, nothing is known. */
static inline void host_kit_forget(void)
{
	assert_int_equal(
		svcstate_load(scratch("state"), "none", arena, &known, NULL),
		0);
}

/* A run of a host: the profile x, more of installer.conf, and its services;
 * '@' is the folder. */
static inline void host_kit_load(const char *profile, const char *more,
				 const char *services)
{
	struct conf_errors errs = { 0 };
	int64_t now = host.now;
	const char *text = arena_printf(
		arena,
		"store : { path = \"/none\"; }; host = \"h1\";\n"
		"trust_file = \"@/root.pem\"; profile_dir = \"@/p\"; "
		"state_dir = \"@/state\";\n%s\nservices = ( %s );",
		more, services);

	scratch_write(scratch("p/x.conf"), host_kit_here(profile), 0644);
	if (installer_conf_load_string("t", host_kit_here(text), arena, &conf,
				       &errs) == -1 ||
	    svc_resolve(&conf, arena, &svcs, &errs) == -1)
		fail_msg("%s", errs.list.v[0]);
	receipt_free(&host.receipts);
	receipt_free(&host.over);
	receipt_free(&host.known);
	x509_trust_free(&host.trust);
	host = (struct host){ .conf = &conf,
			      .svcs = &svcs,
			      .arena = arena,
			      .receipts = { .arena = arena },
			      .known = { .arena = arena },
			      .now = now };
	host.out = arena_array(arena, svcs.n + 1, sizeof(*host.out));
	host_kit_forget();
}

static inline struct store_blob host_kit_blob(const char *name)
{
	const char *text = arena_strdup(arena, scratch_read(scratch(name)));

	return (struct store_blob){ text, strlen(text) };
}

/* A store whose only row has these two files. */
static inline struct store_host_certs host_kit_rows(const char *crt,
						    const char *ca)
{
	struct store_host_cert *row = arena_alloc(arena, sizeof(*row));

	*row = (struct store_host_cert){ .name = LEAF,
					 .enabled = true,
					 .crt = host_kit_blob(crt),
					 .ca = host_kit_blob(ca) };
	return (struct store_host_certs){ row, 1 };
}

/* What identifies the certificate in a file; in the arena. */
static inline const char *host_kit_print(const char *name, int64_t *ret_from)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	struct err err = ERR_INIT;

	chain = kit_chain(name, &err);
	assert_non_null(chain);
	if (ret_from)
		*ret_from = x509_chain_not_before(chain);
	return arena_strdup(arena, x509_chain_fingerprint(chain));
}

#endif
