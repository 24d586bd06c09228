/* SPDX-License-Identifier: MIT */
#include "discover_cmd.h"

#include <stdio.h>
#include <string.h>
#include "disc_advert.h"
#include "discover.h"
#include "log.h"

#define ROUND_MS 1000

void discover_cmd_defaults(struct arena *arena, struct certrepo_conf *ret)
{
	AUTO(conf_errors_free) struct conf_errors errs = { .list = { NULL } };
	struct proof_dns *dns = arena_alloc(arena, sizeof(*dns));

	/* Nothing is required there, so nothing is wrong. */
	if (conf_load_string("built-in", "", &proof_dns_schema, arena, dns,
			     &errs) == -1)
		memset(dns, 0, sizeof(*dns));
	*ret = (struct certrepo_conf){ .proof.dns = dns };
}

struct ended {
	bool over;
	struct err err;
};

static void on_over(void *arg, const struct discover_found *found,
		    const struct err *err)
{
	struct ended *e = arg;

	e->over = true;
	if (!found)
		e->err = *err;
}

static void print_line(const char *text)
{
	puts(text);
	(void) fflush(stdout);
}

static int look(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
		const char *const *words, size_t n, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(loop_free) struct loop *loop = NULL;
	AUTO(discover_free) struct discover *d = NULL;
	struct ended e = { .over = false };
	struct disc_parents parents;
	struct discover_opts o = {
		.conf = conf, .ca = ca, .parents = &parents, .line = print_line
	};

	discover_parents(words, n, arena, &parents);
	if (loop_new(&loop, err) == -1 ||
	    discover_start(loop, &o, on_over, &e, &d, err) == -1)
		return -1;
	while (!e.over)
		if (loop_run(loop, ROUND_MS, err) == -1)
			return -1;
	if (e.err.kind == ERR_NONE)
		return 0;
	*err = e.err;
	return -1;
}

/* The CA whose trust anchors and allowed domains are meant. */
static const struct certrepo_ca *ca_for(const struct certrepo_conf *conf,
					const char *domain)
{
	const struct certrepo_ca *first = NULL;

	for (size_t i = 0; i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];

		for (size_t j = 0; j < ca->discover.n; j++)
			if (domain &&
			    strcasecmp(ca->discover.v[j], domain) == 0)
				return ca;
		if (ca->discover.n && !first)
			first = ca;
	}
	return first;
}

/* What is not sure outweighs what is not there. */
static void one(const struct certrepo_conf *conf, const struct certrepo_ca *ca,
		const char *const *words, size_t n, int *status)
{
	struct err err = ERR_INIT;

	if (look(conf, ca, words, n, &err) == 0)
		return;
	if (ca)
		(void) err_wrap(&err, "CA %s", ca->name);
	log_error(&err);
	if (*status == 0 || err.kind == ERR_UNAVAILABLE)
		*status = err_exit_status(err.kind);
}

int discover_cmd(const struct certrepo_conf *conf, const char *const *domains,
		 size_t n)
{
	static const char *const words[] = { DISC_AUTO };
	bool any = false;
	int status = 0;

	for (size_t i = 0; n == 0 && i < conf->ca.n; i++) {
		const struct certrepo_ca *ca = conf->ca.v[i];

		if (ca->discover.n == 0)
			continue;
		any = true;
		one(conf, ca, ca->discover.v, ca->discover.n, &status);
	}
	if (n > 0)
		one(conf, ca_for(conf, domains[0]), domains, n, &status);
	else if (!any)
		one(conf, NULL, words, 1, &status);
	return status;
}

int discover_cmd_advertise(const char *url, const char *domain)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(DISCOVER_TEXT_MAX);
	struct err err = ERR_INIT;

	if (disc_advert(url, domain, &text, &err) == 0) {
		(void) fputs(sbuf_str(&text), stdout);
		return 0;
	}
	log_error(&err);
	return err_exit_status(err.kind);
}
