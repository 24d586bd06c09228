/* SPDX-License-Identifier: MIT */

/* certrepo-installer: pull this host's certificates, check, install,
 * activate, verify, roll back, report. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "answer.h"
#include "clock.h"
#include "hostkey.h"
#include "lockfile.h"
#include "log.h"
#include "near.h"
#include "opts.h"
#include "orphan.h"
#include "place.h"
#include "placeholder.h"
#include "request.h"
#include "run.h"
#include "startup.h"
#include "statedir.h"
#include "hostview.h"
#include "lastrun.h"

#define PROGRAM "certrepo-installer"

struct args {
	const char *config;
	const char *back; /* --rollback NAME */
	bool dry_run, force, verify, status, json, now, test, placeholder;
	bool request;
	struct request_how how;
	int verbose;
};

enum {
	OPT_FORCE = 256,
	OPT_VERIFY,
	OPT_STATUS,
	OPT_JSON,
	OPT_ROLLBACK,
	OPT_NOW,
	OPT_TEST,
	OPT_PLACEHOLDER,
	OPT_REQUEST,
	OPT_NEW_KEY,
	OPT_PRINT
};

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "instead of " INSTALLER_CONF_PATH },
	{ 'n', "dry-run", NULL, "print what would be done, and do nothing" },
	{ OPT_FORCE, "force", NULL,
	  "install although held, activate although served" },
	{ OPT_VERIFY, "verify", NULL,
	  "only look at what is served, and print it" },
	{ OPT_STATUS, "status", NULL,
	  "print what the last run knew; no store is asked" },
	{ OPT_JSON, "json", NULL, "with --status: for programs" },
	{ OPT_ROLLBACK, "rollback", "NAME",
	  "go back to the set before, of one NAME" },
	{ OPT_PLACEHOLDER, "placeholder", NULL,
	  "lay a self-signed one where there is none yet" },
	{ OPT_REQUEST, "request", NULL,
	  "ask for certificates; make keys where none are" },
	{ OPT_NEW_KEY, "new-key", NULL,
	  "with --request: the key that is to follow this one" },
	{ OPT_PRINT, "print", NULL,
	  "with --request: print the CSR, send nothing" },
	{ OPT_NOW, "now", NULL, "do not wait for this host's turn (splay)" },
	{ OPT_TEST, "test-notify", NULL, "send a test to those in notify" },
	{ 'v', "verbose", NULL, "say more on stderr; twice: debug" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
	.usage = "[options] [NAME...]",
	.summary = "Install this host's certificates, and prove that they are "
		   "served.",
	.options = options,
	.epilogue = "NAME is a service or a certificate; without any, all of "
		    "them.",
	.examples = "--force web\n",
};

static bool take_option(int key, const char *value, void *arg)
{
	struct args *a = arg;

	switch (key) {
	case 'c':
		a->config = value;
		break;
	case 'n':
		a->dry_run = true;
		break;
	case OPT_FORCE:
		a->force = true;
		break;
	case OPT_VERIFY:
		a->verify = true;
		break;
	case OPT_STATUS:
		a->status = true;
		break;
	case OPT_JSON:
		a->json = true;
		break;
	case OPT_ROLLBACK:
		a->back = value;
		break;
	case OPT_NOW:
		a->now = true;
		break;
	case OPT_TEST:
		a->test = true;
		break;
	case OPT_PLACEHOLDER:
		a->placeholder = true;
		break;
	case OPT_REQUEST:
		a->request = true;
		break;
	case OPT_NEW_KEY:
		a->how.new_key = true;
		break;
	case OPT_PRINT:
		a->how.print = true;
		break;
	case 'v':
		a->verbose++;
		break;
	}
	return true;
}

/* The host's place in the splay: always the same. */
static int64_t splay_of(const struct installer_conf *conf)
{
	unsigned char hash[ENC_SHA256_LEN];
	uint64_t n = 0;

	if (conf->splay == 0)
		return 0;
	enc_sha256(conf->host, strlen(conf->host), hash);
	for (int i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	return (int64_t) (n % (uint64_t) conf->splay);
}

static void wait_turn(const struct args *a, int64_t s)
{
	if (a->verbose > 0 && s > 0)
		log_info("waits %lld s for this host's turn (splay); --now "
			 "does not",
			 (long long) s);
	verify_wait(s * 1000);
}

static void sweep_beside(const char *dir)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	struct err err = ERR_INIT;
	int rc = place_open("", dir, PLACE_TRUSTED | PLACE_LAST, &p, &err);

	if (rc == -1 || (rc == 1 && strcmp(p.name, ".") != 0 && !p.unlisted &&
			 place_sweep(&p, p.name, &err) == -1))
		log_warn("%s", err.msg);
}

/* Temporaries of our own files that a killed run left; of the folder itself
 * they lie beside it. */
static void sweep_state(const struct host *r)
{
	static const char *const subs[] = { "",		"/service", "/journal",
					    "/folders", "/backup",  "/next" };
	const char *dir = r->conf->state_dir;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		AUTO(place_close) struct place p = PLACE_INIT;
		int rc = place_open(
			"", arena_printf(r->arena, "%s%s", dir, subs[i]),
			PLACE_TRUSTED, &p, &err);

		if (rc == -1 || (rc == 1 && strcmp(p.name, ".") == 0 &&
				 place_sweep(&p, NULL, &err) == -1))
			log_warn("%s", err.msg);
		err_clear(&err);
	}
	sweep_beside(dir);
}

/* The same of keys, which may lie in somebody else's folder. */
static void sweep_keys(const struct host *r)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			struct err err = ERR_INIT;

			if (hostkey_sweep(&s->certs[k], &err) == -1)
				log_warn("%s", err.msg);
		}
	}
}

static void __attribute__((__noreturn__))
unknown_name(const char *config, const struct host *r, const char *name)
{
	AUTO(mem_free_str) char *near = host_near_text(r, name);
	struct near word = near_word(name);

	/* "status", as other programs have it. */
	for (size_t i = 0; !*near && !strchr(name, '.') && options[i].key; i++)
		(void) near_try(&word, options[i].name);
	if (word.best) {
		mem_free_str(&near);
		near = near_text(&word, "--");
	}
	opts_usage(&spec, "no service or certificate %s in %s%s", name, config,
		   near);
}

static void check_names(const struct args *a, struct host *r, int argc,
			char **argv, int first)
{
	for (int i = first; i < argc; i++) {
		bool known = false;

		strlist_free(&r->only);
		strlist_add(&r->only, argv[i]);
		for (size_t k = 0; k < r->svcs->n; k++)
			known = known || host_wants(r, &r->svcs->v[k]);
		if (!known)
			unknown_name(a->config, r, argv[i]);
	}
	strlist_free(&r->only);
	for (int i = first; i < argc; i++)
		strlist_add(&r->only, argv[i]);
	if (!a->status && !a->verify && !a->placeholder && !a->request)
		host_take_along(r);
}

static int verdict(const struct host *r)
{
	if (r->bad == 0)
		return 0;
	return r->good > 0 ? 2 : 1;
}

static int end(struct err *err)
{
	log_error(err);
	return err_exit_status(err->kind);
}

/* The message names a file; what to do is another matter. */
static int end_denied(const char *dir, struct err *err)
{
	if (geteuid() != 0 && err->kind == ERR_IO &&
	    access(dir, W_OK | X_OK) == -1)
		err_set(err, err->kind, "%s; run this as root", err->msg);
	return end(err);
}

static struct notice_from *who_tells(const struct host *r)
{
	struct notice_from *from = arena_alloc(r->arena, sizeof(*from));

	*from = (struct notice_from){ .program = PROGRAM,
				      .host = r->conf->host,
				      .state_dir = r->conf->state_dir,
				      .notify = r->conf->notify,
				      .patience = r->conf->store_patience,
				      .see = PROGRAM " --status",
				      .shows =
					      "each certificate and endpoint" };
	from->found = arena_printf(r->arena,
				   "The certificates of %s, as %s found them",
				   r->conf->host, PROGRAM);
	return from;
}

/* What was told is told by mail, not by cron. */
static void notices_begin(struct host *r)
{
	const struct notify_conf *notify = r->conf->notify;
	struct notice_from *from = who_tells(r);
	const char **names =
		arena_array(r->arena, r->svcs->n + 1, sizeof(*names));
	struct err err = ERR_INIT;

	for (size_t i = 0; i < r->svcs->n; i++)
		names[i] = r->svcs->v[i].name;
	from->services = names;
	r->notices = notice_load(from, r->now, &err);
	if (err.kind != ERR_NONE)
		log_warn("people will be told anew: %s", err.msg);
	log_mailed(notify && notify->mail.n > 0 && !r->loud);
}

static void tell_now(struct host *r)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			const char *now = hostview_now(r, s, k);

			if (now)
				notice_now(r->notices, s->name,
					   s->certs[k].conf->name, now);
		}
	}
}

/* 0, or 1: somebody could not be told. */
static int notices_end(struct host *r)
{
	struct strlist untold = STRLIST_INIT;
	struct err err = ERR_INIT;
	int status = 0;

	if (r->notices)
		tell_now(r);
	if (r->notices && notice_send(r->notices, -1, &untold, &err) == -1) {
		log_error(&err);
		status = 1;
	}
	log_mailed(false);
	notice_print(&untold);
	strlist_free(&untold);
	notice_free(&r->notices);
	return status;
}

static int update(struct host *r, struct err *err)
{
	int status, untold;

	if (run_recover(r, err) == -1)
		return end(err);
	status = run_update(r, err);
	orphan_look(r);
	untold = notices_end(r);
	if (status == 0)
		return verdict(r) ? verdict(r) : untold;
	/* By mail, once it has lasted. */
	if (r->conf->notify && err->kind == ERR_UNAVAILABLE &&
	    r->conf->notify->mail.n > 0) {
		log_mailed(true);
		log_warn("%s", err->msg);
		return err_exit_status(err->kind);
	}
	return end(err);
}

/* STATUS, unless --status would not know of it. */
static int remember(struct host *r, int status, const struct err *why)
{
	struct err err = ERR_INIT;

	if (lastrun_save(r, status, why->msg[0] != '\0' ? why->msg : r->fault,
			 &err) == 0)
		return status;
	log_warn("what came of this run is not remembered: %s", err.msg);
	return status == 0 ? 1 : status;
}

/* The receipts that wait for the store; when it is told nothing any more they,
 * and those it was told, would be old news for ever. */
static void take_waiting(struct host *r)
{
	const char *dir = r->conf->state_dir;
	struct err err = ERR_INIT;

	if (!r->conf->report) {
		if (receipt_forget(dir, RECEIPTS_WAITING, &err) == -1 ||
		    receipt_forget(dir, RECEIPTS_SENT, &err) == -1)
			log_warn("%s", err.msg);
		return;
	}
	if (receipt_load(dir, RECEIPTS_WAITING, &r->receipts, &err) == -1)
		log_warn("receipts that waited are lost: %s", err.msg);
}

static bool is_default(const char *dir)
{
	return strcmp(dir, STATEDIR_DEFAULT) == 0;
}

/* --placeholder: of what earlier runs left, only what that began is finished.
 */
static int lay(struct host *r)
{
	struct err err = ERR_INIT;

	if (run_recover(r, &err) == -1)
		return end(&err);
	placeholder_lay(r);
	return verdict(r);
}

/* What earlier runs left is not its matter. */
static int request(const struct args *a, struct host *r)
{
	struct err err = ERR_INIT;

	if (request_all(r, &a->how, &err) == -1)
		return end(&err);
	return verdict(r);
}

/* Everything that changes something, under the lock. */
static int work(const struct args *a, struct host *r)
{
	AUTO(lockfile_free) struct lockfile *lock = NULL;
	const char *dir = r->conf->state_dir;
	struct err err = ERR_INIT;

	if (statedir_make(dir, is_default(dir) ? STATEDIR_OLD : NULL, &err) ==
		    -1 ||
	    lockfile_acquire(arena_printf(r->arena, "%s/lock", dir), &lock,
			     &err) == -1) {
		int status = end_denied(dir, &err);

		/* What cannot be kept is not the news here. */
		if (err.kind != ERR_BUSY && !a->back && !a->placeholder &&
		    !a->request)
			(void) !lastrun_save(r, status, err.msg, NULL);
		return status;
	}
	sweep_state(r);
	sweep_keys(r);
	if (a->placeholder)
		return lay(r);
	if (a->request)
		return request(a, r);
	take_waiting(r);
	if (!a->back) {
		int status;

		notices_begin(r);
		status = update(r, &err);
		return remember(r, status, &err);
	}
	/* What it forces is of the same name. */
	strlist_add(&r->only, a->back);
	if (run_recover(r, &err) == -1 || run_back(r, a->back, &err) == -1)
		return end(&err);
	return 0;
}

static int print_status(const struct args *a, struct host *r)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(8u << 20);
	AUTO(sbuf_free) struct sbuf asked = SBUF_INIT(8u << 20);
	struct err err = ERR_INIT;
	bool decided = answer_show(r, a->json, &asked), left;
	int well = hostview_print(r, a->json, &asked, &out, &err);

	if (well == -1)
		return end_denied(r->conf->state_dir, &err);
	fputs(sbuf_str(&out), stdout);
	if (!a->json)
		fputs(sbuf_str(&asked), stdout);
	left = run_print_left(r, a->json ? NULL : stdout);
	return run_is_alive(r) && well && decided && !left ? 0 : 1;
}

static int run(const struct args *a, struct host *r)
{
	struct err err = ERR_INIT;

	r->now = clock_now();
	if (a->test)
		return notice_test(who_tells(r), a->config, r->now);
	if (statedir_check(r->conf->state_dir, &err) == -1)
		return end_denied(r->conf->state_dir, &err);
	if (a->status)
		return print_status(a, r);
	if (a->verify)
		return run_verify(r) ? 0 : 1;
	if (!a->dry_run)
		return work(a, r);
	if (a->request)
		return request(a, r);
	if (a->placeholder) {
		placeholder_lay(r);
		return verdict(r);
	}
	/* Touches nothing, so it waits for nobody either. */
	if (run_update(r, &err) == -1)
		return end(&err);
	return verdict(r);
}

static int with_conf(const struct args *a, struct arena *arena, int argc,
		     char **argv, int first)
{
	struct conf_errors errs = { 0 };
	struct installer_conf conf;
	struct svcs svcs;
	struct host r = { .conf = &conf,
			  .svcs = &svcs,
			  .arena = arena,
			  .receipts = { .arena = arena },
			  .known = { .arena = arena },
			  .dry_run = a->dry_run,
			  .force = a->force,
			  .placeholders = a->placeholder,
			  .verbose = a->verbose > 0,
			  .loud = a->verbose > 0 || a->force || first < argc ||
				  isatty(STDERR_FILENO) };
	int status;
	bool bad;

	bad = installer_conf_load(a->config, arena, &conf, &errs) == -1;
	/* Of one file, all that is wrong at once. */
	if (!errs.unread && svc_resolve(&conf, arena, &svcs, &errs) == -1)
		bad = true;
	if (bad) {
		status = conf_errors_print(&errs, PROGRAM);
		conf_errors_free(&errs);
		return status;
	}
	r.out = arena_array(arena, svcs.n + 1, sizeof(*r.out));
	r.looked = arena_array(arena, svcs.n + 1, sizeof(*r.looked));
	check_names(a, &r, argc, argv, first);
	if (first == argc && !a->now && !a->dry_run && !a->force &&
	    !a->verify && !a->status && !a->back && !a->test &&
	    !a->placeholder && !a->request && !isatty(STDERR_FILENO))
		wait_turn(a, splay_of(&conf));
	status = run(a, &r);
	strlist_free(&r.only);
	strlist_free(&r.along);
	notice_free(&r.notices);
	receipt_free(&r.receipts);
	receipt_free(&r.over);
	receipt_free(&r.known);
	x509_trust_free(&r.trust);
	return status;
}

int main(int argc, char **argv)
{
	struct args a = { .config = INSTALLER_CONF_PATH };
	struct arena *arena;
	int first, status;

	startup_secret();
	first = opts_parse(&spec, argc, argv, take_option, &a);
	if (a.verify + a.status + !!a.back +
		    (a.dry_run && !a.placeholder && !a.request) + a.test +
		    a.placeholder + a.request >
	    1)
		opts_usage(&spec, "use one of --dry-run, --verify, --status, "
				  "--rollback, --placeholder, --request, "
				  "--test-notify");
	if ((a.how.new_key || a.how.print) && !a.request)
		opts_usage(&spec, "--new-key and --print go with --request");
	if (a.how.new_key && first == argc)
		opts_usage(&spec, "--new-key: which certificates are to have "
				  "one?");
	if (a.request && a.force)
		opts_usage(&spec, "--request replaces nothing, --force or not");
	if (a.placeholder && a.force)
		opts_usage(&spec, "--placeholder puts nothing where something "
				  "is, --force or not");
	if (a.test && first != argc)
		opts_usage(&spec, "--test-notify takes no name");
	if (a.json && !a.status)
		opts_usage(&spec, "--json goes with --status");
	if (a.back && first != argc)
		opts_usage(&spec, "--rollback takes one name");
	log_open(PROGRAM, a.verbose);
	arena = arena_new();
	status = with_conf(&a, arena, argc, argv, first);
	arena_free(&arena);
	return opts_end(spec.program, status);
}
