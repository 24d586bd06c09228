/* SPDX-License-Identifier: MIT */

/* A TXT record put into its zone by DNS UPDATE (RFC 2136), signed by TSIG:
 * where the CA looks, or at the end of the CNAMEs that begin there. */

#include "chall_impl.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "dns_locate.h"
#include "dns_ready.h"
#include "dns_update.h"
#include "words.h"

#define VALUE_LEN 43 /* SHA-256 in base64url */

struct rfc2136_ctx {
	struct dns_net *net;
	struct dns_zones *zones;
	struct dns_updater *updater;
	struct dns_watch *watch;
};

struct rfc2136 {
	const char *owner; /* canonical, where the CA begins */
	const char *value;
	const struct dns_zone *zone; /* lives as long as the zones */
	struct dns_locate *locating;
	struct dns_zone_wait wait;
	struct dns_change *change;
	struct dns_ready *waiting;
	bool exists; /* the owner has TXT records, of this TTL */
	uint32_t ttl;
	bool stored;   /* of an earlier run, or taken back */
	char *in_zone; /* the row's, canonical */
	bool adding;   /* the change */
	bool undone;   /* the value certainly was not put there */
};

static void ctx_free(void *solver_ctx)
{
	struct rfc2136_ctx *d = solver_ctx;

	/* Before the network: they may have queries under way. */
	dns_zones_free(&d->zones);
	dns_updater_free(&d->updater);
	dns_watch_free(&d->watch);
	dns_net_free(&d->net);
	free(d);
}

static int ctx_new(struct chall_ctx *ctx, void **ret, struct err *err)
{
	const struct proof_dns *conf = ctx->conf->proof.dns;
	struct rfc2136_ctx *d = mem_alloc(sizeof(*d));

	d->net = dns_net_new(ctx->loop, conf->timeout * 1000);
	if (dns_zones_new(conf, d->net, &d->zones, err) == -1) {
		ctx_free(d);
		return -1;
	}
	d->updater = dns_updater_new(d->net);
	d->watch = dns_watch_new(d->net, conf->ready_timeout * 1000,
				 conf->unreachable_grace * 1000);
	*ret = d;
	return 0;
}

/* Letters, digits, '-', '_' and dots: no escapes, nothing to be quoted. */
static bool plain_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
			     strlen(s);
}

static int init(struct chall *c, struct err *err)
{
	struct rfc2136 *d = arena_alloc(c->arena, sizeof(*d));
	char owner[DNS_NAME_TEXT];

	if (!plain_name(c->req.identifier) ||
	    dns_name_canon(c->place, owner, NULL) == -1)
		return err_set(err, ERR_INPUT,
			       "%s cannot be proven by %s: it is not a host "
			       "name",
			       c->req.identifier, c->req.type->name);
	d->owner = arena_strdup(c->arena, owner);
	d->value = c->value;
	c->priv = d;
	return 0;
}

/* The digest of a key authorization, and no TXT record of anybody else. */
static bool plain_value(const char *s)
{
	return strlen(s) == VALUE_LEN && chall_token_ok(s);
}

/* A row may be anybody's: nothing is looked for, and nothing sent, but where
 * the configuration leads. */
static int check_row(struct rfc2136_ctx *ctx, const struct store_proof *proof,
		     const char *owner, char zone[DNS_NAME_TEXT],
		     struct err *err)
{
	if (!plain_value(proof->value))
		return err_set(err, ERR_INPUT,
			       "that is not the value of a challenge");
	if (dns_name_canon(proof->zone, zone, err) == -1)
		return err_wrap(err, "its zone");
	if (!dns_zones_setting(ctx->zones, zone) && !dns_zones_any(ctx->zones))
		return err_set(err, ERR_CONFIG,
			       "dns.zones no longer names the zone %s that it "
			       "lies in; nothing is sent there",
			       zone);
	if (!dns_name_within(owner, zone))
		return err_set(err, ERR_CONFIG,
			       "it does not lie in the zone %s that its row in "
			       "the store names; nothing is sent anywhere",
			       zone);
	return 0;
}

static int init_proof(struct chall *c, struct err *err)
{
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = arena_alloc(c->arena, sizeof(*d));
	char owner[DNS_NAME_TEXT], zone[DNS_NAME_TEXT];

	if (dns_name_canon(c->proof.owner, owner, err) == -1 ||
	    check_row(ctx, &c->proof, owner, zone, err) == -1)
		return -1;
	d->stored = true;
	d->zone = dns_zone_known(ctx->zones, zone, c->proof.server);
	d->owner = arena_strdup(c->arena, owner);
	d->in_zone = arena_strdup(c->arena, zone);
	d->value = c->proof.value;
	c->priv = d;
	return 0;
}

static void located(void *arg, const struct dns_place *place,
		    const struct err *err)
{
	struct chall *c = arg;
	struct rfc2136 *d = c->priv;
	char text[DNS_ADDR_TEXT];

	d->locating = NULL;
	if (place) {
		d->zone = place->zone;
		d->exists = place->exists;
		d->ttl = place->ttl;
		c->negative_ttl = place->negative_ttl;
		chall_set_proof(c, d->zone->name,
				dns_addr_text(&d->zone->server[0], text),
				place->owner);
	}
	chall_done(c, err);
}

static void locate(struct chall *c)
{
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = c->priv;

	d->locating = dns_locate(ctx->zones, d->owner, located, c);
}

static void changed(void *arg, const struct err *err, bool undone)
{
	struct chall *c = arg;
	struct rfc2136 *d = c->priv;

	d->change = NULL;
	if (d->adding)
		d->undone = undone;
	chall_done(c, err);
}

static void change(struct chall *c, bool add)
{
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = c->priv;
	struct dns_change_rr rr = {
		.add = add,
		.owner = c->proof.owner,
		.text = d->value,
		/* All records of a set have one TTL (RFC 2181 section
		 * 5.2): with another one those of others would change. */
		.ttl = d->exists ? d->ttl
				 : (uint32_t) c->ctx->conf->proof.dns->ttl,
	};

	d->adding = add;
	d->change = dns_update(ctx->updater, d->zone, &rr, changed, c);
}

static void prepare(struct chall *c)
{
	change(c, true);
}

static void is_ready(void *arg, const struct err *err, bool absent)
{
	struct chall *c = arg;
	struct rfc2136 *d = c->priv;

	d->waiting = NULL;
	c->saw_none = absent;
	chall_done(c, err);
}

static void ready(struct chall *c)
{
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = c->priv;

	d->waiting = dns_ready_wait(ctx->watch, d->zone, c->proof.owner,
				    d->value, is_ready, c);
}

static void found_zone(void *arg, const struct dns_zone *zone,
		       const struct err *err)
{
	struct chall *c = arg;
	struct rfc2136 *d = c->priv;

	d->zone = zone;
	if (zone)
		change(c, false);
	else
		chall_done(c, err);
}

/* The server that had it may have been a wrong one, or be retired: the one
 * that takes changes now removes it. Where the name cannot be located, or is
 * an alias by now: the one of the zone it was put into. */
static void found(void *arg, const struct dns_place *place,
		  const struct err *err)
{
	struct chall *c = arg;
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = c->priv;
	struct err why = ERR_INIT;
	int given = 1;

	(void) err;
	d->locating = NULL;
	if (place && dns_name_within(d->owner, place->zone->name))
		d->zone = place->zone;
	else
		given = dns_zone_given(ctx->zones, d->in_zone, &d->zone, &why);
	if (given == 1) {
		change(c, false);
	} else if (given == -1) {
		chall_done(c, &why);
	} else {
		d->wait.fn = found_zone;
		d->wait.arg = c;
		dns_zone_get(ctx->zones, d->in_zone, NULL,
			     dns_zones_setting(ctx->zones, d->in_zone),
			     &d->wait);
	}
}

static void clean(struct chall *c)
{
	struct rfc2136_ctx *ctx = c->solver_ctx;
	struct rfc2136 *d = c->priv;

	if (d->stored && !d->zone) {
		d->locating = dns_locate(ctx->zones, d->owner, found, c);
		return;
	}
	/* Not located, or refused, signed: nothing was put anywhere. */
	if (d->zone && !d->undone)
		change(c, false);
	else
		chall_done_soon(c, NULL);
}

/* The settings of ZONE, as dns_zones_setting() has them. */
static const struct proof_zone *setting_of(const struct proof_dns *dns,
					   const char *zone)
{
	const struct proof_zone *best = NULL;
	char name[DNS_NAME_TEXT];
	size_t len = 0;

	for (size_t i = 0; i < dns->zones.n; i++) {
		const struct proof_zone *z = dns->zones.v[i];

		if (dns_name_canon(z->zone, name, NULL) == -1 ||
		    !dns_name_within(zone, name) || strlen(name) < len)
			continue;
		best = z;
		len = strlen(name);
	}
	return best;
}

/* "server ADDRESS PORT\n" for printf(1). */
static const char *server_line(const char *address, struct arena *arena)
{
	char host[DNS_ADDR_TEXT], serv[16];
	struct dns_addr a;

	if (dns_addr_parse(address, &a, NULL) == -1 ||
	    getnameinfo(&a.u.sa, a.len, host, sizeof(host), serv, sizeof(serv),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return "";
	return arena_printf(arena, "server %s %s\\n", host, serv);
}

/* By nsupdate(1). */
static const char *by_hand(const struct certrepo_conf *conf,
			   const struct store_proof *proof, struct arena *arena)
{
	const struct proof_dns *dns = conf->proof.dns;
	char owner[DNS_NAME_TEXT], name[DNS_NAME_TEXT];
	const struct proof_zone *z;
	const char *command[] = { "nsupdate", "-k", dns->key_file, NULL };
	AUTO(mem_free_str) char *words = NULL;
	const char *server = "";

	if (dns_name_canon(proof->owner, owner, NULL) == -1 ||
	    dns_name_canon(proof->zone ? proof->zone : "", name, NULL) == -1 ||
	    !plain_name(owner) || !plain_name(name) ||
	    !dns_name_within(owner, name) || !plain_value(proof->value))
		return NULL;
	z = setting_of(dns, name);
	if (!z && !dns->any_zone && dns->zones.n > 0)
		return NULL;
	if (z && z->key_file)
		command[2] = z->key_file;
	if (!command[2])
		return NULL;
	/* Else nsupdate goes by the SOA, as we do. */
	if (z && z->server)
		server = server_line(z->server, arena);
	words = words_text(command);
	return arena_printf(arena,
			    "printf '%szone %s\\nupdate delete %s. TXT "
			    "\"%s\"\\nsend\\n' | %s",
			    server, name, owner, proof->value, words);
}

static void fini(struct chall *c)
{
	struct rfc2136 *d = c->priv;

	if (!d)
		return;
	dns_locate_cancel(&d->locating);
	dns_zone_get_cancel(&d->wait);
	dns_update_cancel(&d->change);
	dns_ready_cancel(&d->waiting);
}

const struct solver_ops solver_rfc2136 = {
	.ctx_new = ctx_new,
	.ctx_free = ctx_free,
	.init = init,
	.init_proof = init_proof,
	.locate = locate,
	.prepare = prepare,
	.ready = ready,
	.clean = clean,
	.by_hand = by_hand,
	.fini = fini,
};
