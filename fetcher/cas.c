/* SPDX-License-Identifier: MIT */
#include "cas.h"
#include <stdlib.h>
#include <string.h>
#include "clock.h"

int cas_init(struct cas *c, const struct certrepo_conf *conf, struct loop *loop,
	     struct store *store, struct batch *batch, struct report *report,
	     bool force, struct err *err)
{
	size_t most = conf->ca.n + 1;

	c->conf = conf;
	c->v = mem_array(most, sizeof(*c->v));
	c->find = mem_array(most, sizeof(struct ca_find *));
	c->waits = mem_array(most, sizeof(*c->waits));
	c->fell = mem_array(most, sizeof(*c->fell));
	for (c->n = 0; c->n < most; c->n++) {
		const struct certrepo_ca *ca =
			c->n < conf->ca.n ? conf->ca.v[c->n] : NULL;

		if (ca && !*ca->directory) {
			if (ca_find_new(conf, ca, loop, store, batch,
					&c->find[c->n], err) == -1)
				return -1;
			ca = ca_find_ca(c->find[c->n]);
		}
		if (ca_queue_new(ca, loop, store, batch, report, &c->v[c->n],
				 err) == -1) {
			ca_find_free(&c->find[c->n]);
			return -1;
		}
		ca_queue_discover(c->v[c->n], c->find[c->n]);
		if (force)
			ca_queue_force(c->v[c->n]);
		if (force && c->find[c->n])
			ca_find_force(c->find[c->n]);
	}
	return 0;
}

void cas_done(struct cas *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		ca_queue_free(&c->v[i]);
		ca_find_free(&c->find[i]);
	}
	free(c->v);
	free(c->find);
	free(c->waits);
	free(c->fell);
	memset(c, 0, sizeof(*c));
}

void cas_begin_pass(struct cas *c)
{
	memset(c->waits, 0, c->n * sizeof(*c->waits));
	memset(c->fell, 0, c->n * sizeof(*c->fell));
}

static bool is_missing(const struct cas *c, size_t i)
{
	return c->find[i] && ca_find_missing(c->find[i]);
}

struct ca_queue *cas_of(const struct cas *c, const char *ca_name)
{
	const struct certrepo_ca *conf = certrepo_conf_ca(c->conf, ca_name);
	size_t i = 0;

	while (i + 1 < c->n && c->conf->ca.v[i] != conf)
		i++;
	/* The last one in the configuration is never missing. */
	while (is_missing(c, i))
		i++;
	return c->v[i];
}

void cas_pass_on(struct cas *c, struct ca_queue *ca)
{
	struct ca_queue_name name;

	if (!is_missing(c, cas_index(c, ca)))
		return;
	while (ca_queue_pop(ca, &name)) {
		ca_queue_push(cas_of(c, name.ca_name), &name);
		free(name.name);
		free(name.ca_name);
	}
}

size_t cas_index(const struct cas *c, const struct ca_queue *ca)
{
	size_t i = 0;

	while (c->v[i] != ca)
		i++;
	return i;
}

bool cas_rests(struct ca_queue *ca)
{
	return ca_queue_is(ca, clock_now()) == CA_QUEUE_RESTING;
}

bool cas_starting(const struct cas *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (ca_queue_is(c->v[i], clock_now()) == CA_QUEUE_STARTING)
			return true;
	return false;
}

bool cas_met(const struct cas *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (ca_queue_met(c->v[i]))
			return true;
	return false;
}

size_t cas_queued(const struct cas *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++)
		n += ca_queue_queued(c->v[i]);
	return n;
}

int cas_count_waits(struct cas *c, struct store *store, struct err *err)
{
	const char *def = certrepo_conf_ca(c->conf, NULL)->name;
	size_t i;

	for (i = 0; i < c->conf->ca.n; i++) {
		const char *name = ca_queue_conf(c->v[i])->name;

		/* Others had the names of one that is missing. */
		if (is_missing(c, i) && !cas_rests(cas_of(c, name)))
			continue;
		if (cas_rests(c->v[i]) &&
		    waits_of(store, c->v[i], strcmp(name, def) == 0,
			     clock_now(), &c->waits[i], err) == -1)
			return -1;
	}
	return 0;
}
