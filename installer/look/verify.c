/* SPDX-License-Identifier: MIT */

#include <poll.h>
#include <string.h>
#include "child.h"
#include "clock.h"
#include "look_net.h"
#include "protocol.h"
#include "target.h"
#include "term.h"
#include "verify.h"

#define PAUSE_FIRST 20
#define PAUSE_MAX   1000

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

/* What failed: a look that saw nothing good, one that could not be made, or
 * none. */
static int badness(const struct verify_seen *s)
{
	return s->handshake ? 0 : s->unknown ? 1 : 2;
}

/* The first of the worst looks speaks for all; so do two that differ. */
static void add_look(struct verify_seen *all, const struct verify_seen *one)
{
	bool reachable = all->reachable || one->reachable;
	unsigned int looks = all->looks + 1;

	if (all->looks == 0 || badness(one) > badness(all))
		*all = *one;
	else if (all->handshake &&
		 (strcmp(all->fingerprint, one->fingerprint) != 0 ||
		  strcmp(all->chain, one->chain) != 0))
		mixed(all, one);
	all->reachable = reachable;
	all->looks = looks;
}

static void look_at(const struct svc_endpoint *e, const struct look_addr *a,
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

static void look_everywhere(const struct svc *s, const struct svc_endpoint *e,
			    const struct verify_want *want, int64_t timeout_ms,
			    struct verify_seen *ret)
{
	struct look_addrs list;
	struct verify_seen lost = { .unknown = false };
	struct err err = ERR_INIT;
	bool any = is(e->conf->addresses, "any");

	if (look_addr_find(e, timeout_ms, &list, &err) == -1) {
		if (err.kind == ERR_IO)
			seen_unknown(ret, err.msg);
		else
			seen_why(ret, &err);
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
		if (any && one.unknown)
			lost = one;
		if (any && !one.reachable && i + 1 < list.n)
			continue;
		add_look(ret, &one);
		if (any)
			break;
	}
	if (lost.unknown && !ret->reachable)
		*ret = lost;
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
	bool started;

	ret->reachable = ret->by_command = true;
	if (!want->fingerprint) {
		snprintf(ret->why, sizeof(ret->why),
			 "there is nothing that the command could look for");
		return;
	}
	if (target_check_endpoint(s, e, &err) == -1) {
		seen_unknown(ret, err.msg);
		return;
	}
	if (child_check(&spec, &started, &err) == -1) {
		if (spec.user)
			err_wrap(&err, "as user %s", spec.user);
		if (started)
			seen_why(ret, &err);
		else
			seen_unknown(ret, err.msg);
		return;
	}
	ret->handshake = true;
	snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s",
		 want->fingerprint);
	snprintf(ret->chain, sizeof(ret->chain), "%s",
		 want->chain ? want->chain : "");
}

static void (*const ways[])(const struct svc *s, const struct svc_endpoint *e,
			    const struct verify_want *want, int64_t timeout_ms,
			    struct verify_seen *ret) = {
	[PROTOCOL_BY_TLS] = look_everywhere,
	[PROTOCOL_BY_STARTTLS] = look_everywhere,
	[PROTOCOL_BY_EAP] = look_everywhere,
	[PROTOCOL_BY_COMMAND] = ask_command,
};

void verify_probe(const struct svc *s, const struct svc_endpoint *e,
		  const struct verify_want *want, int64_t timeout_ms,
		  struct verify_seen *ret)
{
	*ret = (struct verify_seen){ .reachable = false };
	term_progress("looking at %s", e->conf->address);
	ways[protocol_find(e->conf->protocol)->way](s, e, want, timeout_ms,
						    ret);
	term_wipe();
	if (ret->unknown)
		ret->reachable = false;
	/* What everybody knows is not said. */
	if (is(e->conf->address, ret->from))
		ret->from[0] = '\0';
}

void verify_endpoint(const struct svc *s, size_t i,
		     const struct verify_want *want, struct verify_seen *ret)
{
	verify_probe(s, &s->endpoints[i], want, s->conf->verify_timeout * 1000,
		     ret);
	ret->file = s->certs[s->endpoints[i].cert].leaf_path;
}

/* --- waiting --- */

int64_t verify_pause(unsigned int n)
{
	return n < 6 ? (int64_t) PAUSE_FIRST << n : PAUSE_MAX;
}

void verify_wait(int64_t ms)
{
	int64_t deadline = clock_mono_ms() + ms, left;

	while ((left = deadline - clock_mono_ms()) > 0) {
		term_progress("waiting for %lld s",
			      (long long) (left + 999) / 1000);
		(void) poll(NULL, 0, (int) (left > 1000 ? 1000 : left));
	}
	term_wipe();
}
