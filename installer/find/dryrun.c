/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include "hook.h"
#include "clock.h"
#include "dryrun.h"
#include "finding.h"
#include "target.h"

/* Why this file is to be written: it, or another with it, is not as it should
 * be. */
static const char *why_write(const struct judge_cert *g, size_t i)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	const struct svc_file *f = &g->svc->files[i];

	if (target_read(g->svc, i, &old, NULL) == -1)
		return "";
	if (old.kind == PLACE_NONE)
		return ": it is not there";
	if (!format_same(&f->format, &old.content, &g->contents[i]))
		return ": its content differs";
	if (judge_same_attr(&old, f))
		return "";
	return (f->attr.uid != FILE_KEEP && f->attr.uid != old.attr.uid) ||
			       (f->attr.gid != (gid_t) FILE_KEEP &&
				f->attr.gid != old.attr.gid)
		       ? ": its owner or group differs"
		       : ": its mode differs";
}

static void print_cert(const struct svc *s, const struct judge_cert *g,
		       bool install)
{
	char until[CLOCK_TEXT];

	if (g->reason[0] != '\0')
		printf("%s: %s: %s\n", s->name, g->svc->conf->name, g->reason);
	if (g->verdict != PLAN_PUT || !install)
		return;
	printf("%s: install %s, valid until %s\n", s->name, g->svc->conf->name,
	       clock_text(x509_chain_not_after(g->chain), until));
	if (g->key.len > 0)
		printf("%s:   write %s (the next key)\n", s->name,
		       g->svc->conf->key);
	for (size_t i = 0; i < g->svc->n_files; i++) {
		const struct svc_file *f = &g->svc->files[i];

		printf("%s:   write %s (%s, mode %04o)%s\n", s->name, f->path,
		       f->format.text, (unsigned int) f->attr.mode,
		       why_write(g, i));
	}
}

static void print_command(const struct svc *s, enum hook hook,
			  const struct svc_command *c, struct arena *a)
{
	printf("%s: %s with \"%s\"%s%s\n", s->name, profile_hooks[hook],
	       hook_text(c, a), c->user ? " as user " : "",
	       c->user ? c->user : "");
}

static bool print_commands(const struct svc *s, enum hook hook, struct arena *a)
{
	const struct svc_commands *c = &s->hooks[hook];
	struct err err = ERR_INIT;
	bool well = true;

	for (size_t i = 0; i < c->n; i++) {
		print_command(s, hook, &c->v[i], a);
		if (hook_find(&c->v[i], &err) == 0)
			continue;
		printf("%s:   FAILS: %s\n", s->name, err.msg);
		well = false;
	}
	return well;
}

/* Commands that are not always run are told only when they cannot be. */
static bool print_missing(const struct svc *s, enum hook hook, struct arena *a)
{
	const struct svc_commands *c = &s->hooks[hook];
	struct err err = ERR_INIT;
	bool well = true;

	for (size_t i = 0; i < c->n; i++) {
		if (hook_find(&c->v[i], &err) == 0)
			continue;
		print_command(s, hook, &c->v[i], a);
		printf("%s:   FAILS: %s\n", s->name, err.msg);
		well = false;
	}
	return well;
}

static void print_endpoints(const struct svc *s, const struct judge *g,
			    const struct verify_seen *seen, struct arena *a)
{
	for (size_t i = 0; i < s->n_endpoints; i++) {
		const struct svc_endpoint *e = &s->endpoints[i];
		struct verify_want want;
		char why[300];

		/* Before anything is done. */
		(void) finding_want(&g->v[e->cert], &want);
		printf("%s: verify %s (%s)\n", s->name, svc_endpoint_text(e, a),
		       seen_match(&want, &seen[i], why) ? "answers" : why);
	}
}

static void print_postponed(const struct svc *s)
{
	bool can = s->hooks[HOOK_ACTIVATE].n > 0;

	printf("%s: the files are right, but not what is served; %s%s%s\n",
	       s->name,
	       can ? "telling it did not help, or is not possible now: --force "
		   : "its profile has no command that tells it",
	       can ? s->name : "", can ? " does it" : "");
}

/* In the order of a run. */
static bool print_hooks(const struct svc *s, const struct judge *g,
			const struct verify_seen *seen, struct arena *a)
{
	bool well = print_missing(s, HOOK_SEED, a);

	well = print_missing(s, HOOK_RUNNING, a) && well;
	well = print_commands(s, HOOK_CHECK, a) && well;
	well = print_commands(s, HOOK_TEST, a) && well;
	well = print_commands(s, HOOK_ACTIVATE, a) && well;
	well = print_missing(s, HOOK_START, a) && well;
	print_endpoints(s, g, seen, a);
	return print_commands(s, HOOK_POST, a) && well;
}

bool dryrun_print(const struct svc *s, const struct judge *g,
		  enum plan_action action, const struct verify_seen *seen)
{
	AUTO(arena_free) struct arena *a = arena_new();
	bool well = true;

	for (size_t i = 0; i < g->n; i++)
		print_cert(s, &g->v[i],
			   action == PLAN_INSTALL || action == PLAN_WINDOW);
	switch (action) {
	case PLAN_INSTALL:
	case PLAN_ACTIVATE:
		if (action == PLAN_ACTIVATE)
			printf("%s: the files are right, but not what is "
			       "served\n",
			       s->name);
		well = print_hooks(s, g, seen, a);
		break;
	case PLAN_HELD:
		printf("%s: held, this failed before; --force %s tries again\n",
		       s->name, s->name);
		break;
	case PLAN_DOWN:
	case PLAN_POSTPONE:
	case PLAN_WAITING:
		if (action == PLAN_POSTPONE)
			print_postponed(s);
		if (action == PLAN_WAITING)
			printf("%s: waits until it is restarted\n", s->name);
		print_endpoints(s, g, seen, a);
		break;
	case PLAN_WINDOW: /* its why was said */
	case PLAN_BLOCKED:
	case PLAN_FAILED:
	case PLAN_BACK:
	case PLAN_NOTHING:
		break;
	}
	return well;
}

static bool print_notify(const char *what, const struct svc_command *c)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct err err = ERR_INIT;

	if (hook_find(c, &err) == 0)
		return true;
	printf("notify: %s with \"%s\"\nnotify:   FAILS: %s\n", what,
	       hook_text(c, a), err.msg);
	return false;
}

bool dryrun_notify(const struct notify_conf *n)
{
	static const char *const sendmail[] = { "sendmail", NULL };
	struct svc_command c = { .argv = sendmail };
	bool well = true;

	if (!n)
		return true;
	c.timeout_s = (int) n->timeout;
	if (n->sendmail.n > 0)
		c.argv = n->sendmail.v;
	if (n->mail.n > 0)
		well = print_notify("mail", &c);
	c.argv = n->command.v;
	c.user = n->user;
	if (n->command.n > 0)
		well = print_notify("tell", &c) && well;
	return well;
}
