/* SPDX-License-Identifier: MIT */

#include <poll.h>
#include <string.h>
#include "child.h"
#include "clock.h"
#include "look_net.h"
#include "verify.h"

#define PAUSE_FIRST 20
#define PAUSE_MAX   1000

/* --- one look after the other --- */

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static void mixed(struct verify_seen *all, const struct verify_seen *one)
{
	snprintf(all->why, sizeof(all->why),
		 "not the same everywhere, but serial %.40s at %.50s, %.40s at "
		 "%.50s",
		 all->serial, all->from, one->serial, one->from);
	all->handshake = false;
	all->from[0] = '\0';
}

/* The first look that failed speaks for all; so do two that differ. */
static void add_look(struct verify_seen *all, const struct verify_seen *one)
{
	bool reachable = all->reachable || one->reachable;
	unsigned int looks = all->looks + 1;

	if (all->looks == 0)
		*all = *one;
	else if (!all->handshake)
		;
	else if (!one->handshake)
		*all = *one;
	else if (strcmp(all->fingerprint, one->fingerprint) != 0 ||
		 strcmp(all->chain, one->chain) != 0)
		mixed(all, one);
	all->reachable = reachable;
	all->looks = looks;
}

static void look_at(const struct svc_endpoint *e, const struct look_net_addr *a,
		    int64_t timeout_ms, struct verify_seen *ret)
{
	const struct installer_endpoint *c = e->conf;
	bool both = is(c->sni, "both") && c->server_name;
	struct verify_seen one;

	if (!is(c->sni, "no")) {
		look_net_look(e, a, c->server_name, timeout_ms, &one);
		add_look(ret, &one);
	}
	if (is(c->sni, "no") || (both && one.reachable)) {
		look_net_look(e, a, NULL, timeout_ms, &one);
		if (both)
			snprintf(one.from + strlen(one.from),
				 sizeof(one.from) - strlen(one.from),
				 " without SNI");
		add_look(ret, &one);
	}
}

static void look_everywhere(const struct svc_endpoint *e, int64_t timeout_ms,
			    struct verify_seen *ret)
{
	struct look_net_addrs list;
	struct err err = ERR_INIT;
	bool any = is(e->conf->addresses, "any");

	if (look_net_find(e, timeout_ms, &list, &err) == -1) {
		verify_why(ret, &err);
		return;
	}
	for (size_t i = 0; i < list.n; i++) {
		struct verify_seen one = { .reachable = false };

		look_at(e, &list.v[i], timeout_ms, &one);
		/* This host may have no IPv6: then nothing can be said of
		 * those addresses, as long as there are others. */
		if (list.n > 1 && one.unroutable &&
		    (ret->looks > 0 || i + 1 < list.n))
			continue;
		if (any && !one.reachable && i + 1 < list.n)
			continue;
		add_look(ret, &one);
		if (any)
			break;
	}
}

/* --- a command --- */

static void ask_command(const struct svc *s, const struct svc_endpoint *e,
			const struct verify_want *want, int64_t timeout_ms,
			struct verify_seen *ret)
{
	const struct svc_cert *c = &s->certs[e->cert];
	AUTO(arena_free) struct arena *a = arena_new();
	const char *env[] = {
		arena_printf(a, "CERTREPO_FINGERPRINT=%s",
			     want->fingerprint ? want->fingerprint : ""),
		arena_printf(a, "CERTREPO_NAME=%s", c->conf->name),
		arena_printf(a, "CERTREPO_FILE=%s",
			     c->leaf_path ? c->leaf_path : ""),
		arena_printf(a, "CERTREPO_ADDRESS=%s", e->conf->address),
		arena_printf(a, "CERTREPO_SERVER_NAME=%s",
			     e->conf->server_name ? e->conf->server_name : ""),
		NULL,
	};
	struct child_spec spec = {
		.argv = e->conf->command.v,
		.env = env,
		.user = e->conf->user,
		.timeout_s = (int) ((timeout_ms + 999) / 1000),
	};
	struct err err = ERR_INIT;

	ret->reachable = ret->by_command = true;
	if (!want->fingerprint) {
		snprintf(ret->why, sizeof(ret->why),
			 "nothing is installed that the command could look "
			 "for");
		return;
	}
	if (child_check(&spec, NULL, &err) == -1) {
		verify_why(ret, &err);
		return;
	}
	ret->handshake = true;
	snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s",
		 want->fingerprint);
	snprintf(ret->chain, sizeof(ret->chain), "%s",
		 want->chain ? want->chain : "");
}

void verify_probe(const struct svc *s, const struct svc_endpoint *e,
		  const struct verify_want *want, int64_t timeout_ms,
		  struct verify_seen *ret)
{
	*ret = (struct verify_seen){ .reachable = false };
	if (is(e->conf->protocol, "command"))
		ask_command(s, e, want, timeout_ms, ret);
	else
		look_everywhere(e, timeout_ms, ret);
	/* What everybody knows is not said. */
	if (is(e->conf->address, ret->from))
		ret->from[0] = '\0';
}

void verify_endpoint(const struct svc *s, size_t i,
		     const struct verify_want *want, struct verify_seen *ret)
{
	verify_probe(s, &s->endpoints[i], want, s->conf->verify_timeout * 1000,
		     ret);
}

/* --- judging --- */

void verify_why(struct verify_seen *ret, const struct err *err)
{
	snprintf(ret->why, sizeof(ret->why), "%.*s", (int) sizeof(ret->why) - 1,
		 err->msg);
}

void verify_chain_digest(const struct x509_chain *chain,
			 char ret[ENC_SHA256_HEX])
{
	AUTO(mem_free_str) char *pem = x509_chain_pem_from(chain, 1, false);

	enc_sha256_hex(pem, strlen(pem), ret);
}

static void say_other(const struct verify_want *want,
		      const struct verify_seen *seen, const char *at,
		      char ret[300])
{
	char until[CLOCK_TEXT];

	snprintf(ret, 300,
		 "serves another certificate%s (serial %.40s of %.60s until "
		 "%s, %.16s..., wanted %.16s...)",
		 at, seen->serial, seen->issuer,
		 clock_text(seen->not_after, until), seen->fingerprint,
		 want->fingerprint);
}

bool verify_match(const struct verify_want *want,
		  const struct verify_seen *seen, char ret[300])
{
	char at[80] = "";

	if (seen->from[0] != '\0')
		snprintf(at, sizeof(at), " at %.70s", seen->from);
	ret[0] = '\0';
	if (!seen->reachable)
		snprintf(ret, 300, "cannot be reached%s: %.190s", at,
			 seen->why);
	else if (!seen->handshake && seen->by_command)
		snprintf(ret, 300, "is not right: %.270s", seen->why);
	else if (!seen->handshake)
		snprintf(ret, 300, "shows no certificate%s: %.190s", at,
			 seen->why);
	else if (want->fingerprint &&
		 strcmp(want->fingerprint, seen->fingerprint) != 0)
		say_other(want, seen, at, ret);
	else if (want->fingerprint && want->chain &&
		 strcmp(want->chain, seen->chain) != 0)
		snprintf(ret, 300,
			 "serves the right certificate with another chain (%zu "
			 "certificates)%s",
			 seen->depth, at);
	return ret[0] == '\0';
}

int64_t verify_pause(unsigned int n)
{
	return n < 6 ? (int64_t) PAUSE_FIRST << n : PAUSE_MAX;
}

void verify_wait(int64_t ms)
{
	int64_t deadline = clock_mono_ms() + ms, left;

	while ((left = deadline - clock_mono_ms()) > 0)
		(void) poll(NULL, 0, (int) left);
}
