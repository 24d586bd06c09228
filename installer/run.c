/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "answer.h"
#include "backup.h"
#include "centre.h"
#include "clock.h"
#include "dryrun.h"
#include "hostkey.h"
#include "log.h"
#include "num.h"
#include "plain.h"
#include "run.h"
#include "hostview.h"
#include "finding.h"
#include "say.h"
#include "sending.h"
#include "storeway.h"
#include "target.h"
#include "term.h"
#include "txn.h"
#include "update.h"
#include "words.h"

static const struct svc *find(const struct host *r, const char *name,
			      size_t *ret_index)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		if (strcmp(r->svcs->v[i].name, name) == 0) {
			*ret_index = i;
			return &r->svcs->v[i];
		}
	}
	return NULL;
}

/* --- recovery --- */

/* S is not to be touched in this run: WHY. */
static void leave_out(struct host *r, const char *service, const char *why)
{
	size_t index;

	if (find(r, service, &index))
		r->out[index] = arena_strdup(r->arena, why);
}

/* Is P at its end; else its service is left out. */
static bool tell_recovered(struct host *r, const char *path, struct txn_part *p)
{
	bool ended = p->j->state == JOURNAL_CLOSE;
	struct err *err = &p->err;

	if (!ended && err->msg[0] == '\0')
		err_set(err, ERR_IO, "what it prepared is not thrown away yet");
	if (!ended && !p->svc)
		err_set(err, err->kind,
			"%s; if the service is gone for good, run: rm %s",
			err->msg, path);
	if (!ended)
		leave_out(r, p->j->service, err->msg);
	if (err->msg[0] == '\0')
		return ended;
	log_warn("service %s: what the run before left: %s", p->j->service,
		 err->msg);
	host_notice(r, txn_part_topic(p), p->j->service, "",
		    receipt_state_name(txn_part_state(p)), err->msg);
	return ended;
}

/* What is in the journal at PATH. */
static void recover(struct host *r, const char *path,
		    const struct journals *all)
{
	struct svcstate *states =
		arena_array(r->arena, all->n, sizeof(*states));
	struct txn_part *parts = arena_array(r->arena, all->n, sizeof(*parts));
	struct err err = ERR_INIT;
	bool left = false;
	size_t index;

	for (size_t i = 0; i < all->n; i++) {
		const char *name = all->v[i].service;

		log_event(LOG_L_INFO, "recover", "service", name, NULL);
		if (svcstate_load(r->conf->state_dir, name, r->arena,
				  &states[i], &err) == -1)
			log_warn("service %s: %s", name, err.msg);
		parts[i].svc = find(r, name, &index);
		parts[i].state = &states[i];
		parts[i].j = &all->v[i];
	}
	txn_recover(r, path, parts, all->n);
	for (size_t i = 0; i < all->n; i++)
		if (!tell_recovered(r, path, &parts[i]))
			left = true;
	/* What cannot be told is taken to be there. */
	if (left || journal_there(path, NULL) != 0)
		r->bad++;
}

/* A journal that nothing can be done with: it may be of any of those that it
 * has the name of. */
static void cannot_recover(struct host *r, const char *path, const char *name,
			   struct err *err)
{
	err_wrap(err, "service %s: the journal of a killed run", name);
	if (err->kind == ERR_INPUT)
		err_set(err, err->kind,
			"%s; see that the files of the service are whole, "
			"then run: rm %s",
			err->msg, path);
	log_error(err);
	host_notice(r, NOTICE_TROUBLE, name, "",
		    receipt_state_name(RECEIPT_FAILED), err->msg);
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		if (strcmp(s->name, name) != 0 &&
		    journal_tells_of(path, s->name, NULL) != 1)
			continue;
		leave_out(r, s->name, err->msg);
		for (size_t k = 0; k < s->n_certs; k++)
			host_receipt(r, s, s->certs[k].conf->name, NULL,
				     RECEIPT_FAILED, NULL, err->msg);
	}
	r->bad++;
}

static void recover_one(struct host *r, const char *name)
{
	const char *path = txn_journal_path(r, name);
	struct err err = ERR_INIT;
	struct journals all;
	int found = journal_read(path, r->arena, &all, &err);

	/* The others are finished by running commands, or not at all: what
	 * they tell of is left alone. */
	if (r->placeholders && (found != 1 || !all.v[0].placeholder))
		return;
	if (found == 1)
		recover(r, path, &all);
	else if (found == -1)
		cannot_recover(r, path, name, &err);
}

static int list_journals(const struct host *r, struct strlist *ret,
			 struct err *err)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/journal", r->conf->state_dir);

	return journal_list(path, ret, err);
}

int run_recover(struct host *r, struct err *err)
{
	struct strlist names = STRLIST_INIT;

	if (list_journals(r, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		recover_one(r, names.v[i]);
	strlist_free(&names);
	return 0;
}

/* False: there was none, or it is not known. */
static bool last_beat(const struct host *r, int64_t *ret)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/heartbeat", r->conf->state_dir);
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(64);

	return file_read(path, &content, NULL) == 1 &&
	       num_int(sbuf_str(&content), 0, INT64_MAX, ret, NULL) == 0;
}

/* A service may come back, or be renamed back. */
#define GONE_KEPT (90 * (int64_t) 86400)

/* One look at the clock is not enough: it goes by the last run's as well. */
static bool clock_steady(const struct host *r)
{
	int64_t last;

	return last_beat(r, &last) && last <= r->now &&
	       r->now - last <= GONE_KEPT / 3;
}

/* What is not configured any more is forgotten; what a journal still tells of
 * comes first. */
static void forget_gone(const struct host *r)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;
	int64_t before = r->now - GONE_KEPT;

	if (!r->beat || !clock_steady(r) ||
	    list_journals(r, &names, NULL) == -1 || names.n > 0)
		return;
	for (size_t i = 0; i < r->svcs->n; i++)
		strlist_add(&names, r->svcs->v[i].name);
	svcstate_sweep(r->conf->state_dir, &names, before);
	if (backup_forget(r->conf->state_dir, &names, before, &err) == -1)
		log_warn("what is left of services that are gone: %s", err.msg);
}

/* --- the whole run --- */

static bool beat_due(const struct host *r)
{
	int64_t last;

	return !last_beat(r, &last) || r->now < last ||
	       r->now - last >= r->conf->heartbeat;
}

/* A clock that was once far ahead does not answer for years to come. */
bool run_is_alive(const struct host *r)
{
	char text[CLOCK_TEXT];
	int64_t last;
	bool ahead;

	if (!last_beat(r, &last))
		return true;
	ahead = host_is_ahead(r, last);
	if (!ahead && r->now - last <= 2 * r->conf->heartbeat + r->conf->splay)
		return true;
	clock_text(last, text);
	if (ahead)
		log_warn("when a run last looked at this host with a store "
			 "that answers is not known: %s is yet to come; the "
			 "next run mends that",
			 text);
	else
		log_warn("no run has looked at this host with a store that "
			 "answers since %s: does cron or a timer start it?",
			 text);
	return false;
}

static int stamp_beat(const struct host *r, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(mem_free_str)
	char *path = mem_printf("%s/heartbeat", r->conf->state_dir);
	AUTO(mem_free_str)
	char *text = mem_printf("%lld", (long long) r->now);

	return file_replace(path, text, strlen(text), &attr, err);
}

static int ask(struct host *r, struct store *store,
	       struct store_host_certs *ret, struct err *err)
{
	struct strlist names = STRLIST_INIT;
	int status;

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; host_wants(r, s) && k < s->n_certs; k++)
			strlist_add(&names, s->certs[k].conf->name);
	}
	strlist_sort_unique(&names);
	term_progress("asking %s", store_name(store));
	storeway_recall(r, store);
	status = store_host_certs(store, (const char *const *) names.v, names.n,
				  r->arena, ret, err);
	if (status == 0)
		storeway_remember(r, store);
	term_wipe();
	strlist_free(&names);
	return status;
}

static void heartbeat(struct host *r)
{
	struct err err = ERR_INIT;

	if (r->only.n > 0 || r->dry_run)
		return;
	host_ended(r);
	if (r->beat && stamp_beat(r, &err) == -1)
		log_warn("%s", err.msg);
}

bool run_print_left(const struct host *r, FILE *to)
{
	struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;
	bool left = false;

	/* Without rights nothing is seen, and that is said elsewhere. */
	if (list_journals(r, &names, &err) == -1 &&
	    access(r->conf->state_dir, R_OK | X_OK) == 0) {
		log_warn("which changes are not finished is not known: %s",
			 err.msg);
		left = true;
	}
	left = left || names.n > 0;
	for (size_t i = 0; i < names.n && to; i++)
		fprintf(to,
			"not finished: %s; a run is at it, or one that was "
			"killed left it to the next\n",
			txn_journal_path(r, names.v[i]));
	strlist_free(&names);
	return left;
}

/* What comes of what is left is not known before: no more is told of those. */
static void print_outlook(struct host *r, const char *path)
{
	struct journals all = { .n = 0 };
	size_t index;
	bool ends;

	for (size_t i = 0; i < r->svcs->n; i++)
		if (journal_read(path, r->arena, &all, NULL) == -1 &&
		    journal_tells_of(path, r->svcs->v[i].name, NULL) == 1)
			leave_out(r, r->svcs->v[i].name,
				  "what is left of it cannot be read");
	for (size_t i = 0; i < all.n; i++) {
		const struct svc *s = find(r, all.v[i].service, &index);
		const char *what = txn_outlook(r, s, &all.v[i], &ends);

		if (what)
			printf("%s: %s\n", all.v[i].service, what);
		if (what && !ends)
			leave_out(r, all.v[i].service, what);
	}
}

/* --dry-run. */
static void look_at_left(struct host *r)
{
	struct strlist names = STRLIST_INIT;

	if (run_print_left(r, stdout))
		r->bad++;
	/* That it cannot be read was said. */
	(void) !list_journals(r, &names, NULL);
	for (size_t i = 0; i < names.n; i++)
		print_outlook(r, txn_journal_path(r, names.v[i]));
	strlist_free(&names);
}

int run_update(struct host *r, struct err *err)
{
	AUTO(store_free) struct store *store = NULL;
	struct store_host_certs rows = { .n = 0 };

	hostview_known(r);
	if (r->dry_run && !dryrun_notify(r->conf->notify))
		r->bad++;
	if (store_open(r->conf->store, STORE_HOST, &store, err) == -1 ||
	    ask(r, store, &rows, err) == -1) {
		r->store_away = true;
		if (!r->dry_run)
			err_set(err, err->kind, "%s; nothing was changed%s",
				err->msg, update_look(r));
		host_notice(r, NOTICE_STORE, "", "",
			    err->kind == ERR_UNAVAILABLE ? "unavailable"
							 : "refused",
			    err->msg);
		sending_all(r, NULL);
		centre_close(r);
		return -1;
	}
	r->store_reached = true;
	if (r->notices)
		notice_looked(r->notices, NOTICE_STORE, "");
	r->beat = r->only.n == 0 && beat_due(r);
	if (r->dry_run)
		look_at_left(r);
	update_all(r, &rows);
	answer_look(r, store);
	if (!r->dry_run)
		forget_gone(r);
	heartbeat(r);
	sending_all(r, store);
	centre_close(r);
	return 0;
}

/* --- --verify and --rollback --- */

/* Without files there is nothing to compare with; what was seen shows whether
 * it is the right place to look at. */
static void print_seen(const struct verify_seen *seen)
{
	char name[PLAIN_QUOTED], issuer[PLAIN_QUOTED];

	printf("that of %s, serial %s of %s, ", plain_quoted(seen->name, name),
	       seen->serial, plain_quoted(seen->issuer, issuer));
	if (seen->from[0] != '\0')
		printf("at %s, ", seen->from);
}

/* Why there is nothing on disk. */
static const char *absent(const struct finding *t, const struct judge_cert *c)
{
	const struct svc_cert *s = c->svc;
	bool there = false;

	if (c->reason[0] != '\0') /* what cannot be read is not absent */
		return c->reason;
	for (size_t i = 0; i < s->n_files; i++)
		if (s->files[i].path == s->leaf_path)
			there = target_there(s, i, NULL) != 0;
	return arena_printf(t->r->arena, "nothing is installed: %s %s",
			    s->leaf_path,
			    there ? "holds no certificate" : "is not there");
}

/* What is served, and is what is there. */
static const char *as_installed(const struct finding *t,
				const struct judge_cert *c)
{
	const char *untimely = finding_untimely(t->r, c);

	if (!untimely)
		return c->placeholder ? "as installed: " HOST_PLACEHOLDER
				      : "as installed";
	if (!c->placeholder && x509_chain_not_after(c->disk) <= t->r->now)
		return "as installed, but it has EXPIRED";
	return arena_printf(t->r->arena, "as installed, but %s", untimely);
}

static bool verify_endpoint_of(const struct finding *t, size_t i)
{
	const struct svc_endpoint *e = &t->s->endpoints[i];
	const struct verify_seen *seen = &t->seen[i];
	const struct judge_cert *c = &t->g.v[e->cert];
	const char *untimely = finding_untimely(t->r, c);
	bool there = c->disk, ok;
	char why[300], until[CLOCK_TEXT];

	/* Of what is not there, too, why it was not seen. */
	ok = there ? finding_right(t, i, why)
		   : seen_match(&(struct verify_want){ NULL, NULL }, seen, why);
	printf("%s %s %s: ", t->s->name, t->s->certs[e->cert].conf->name,
	       svc_endpoint_text(e, t->r->arena));
	/* Of another one the sentence has it all. */
	if (ok && c->placeholder && seen->handshake)
		printf("%s, ", seen->fingerprint);
	else if (ok && seen->handshake && !seen->by_command)
		printf("%s until %s, ", seen->fingerprint,
		       clock_text(seen->not_after, until));
	if (seen->handshake && !there)
		print_seen(seen);
	if (!ok)
		printf("%s%s", why, there ? "" : "; ");
	printf("%s\n", !there ? absent(t, c) : !ok ? "" : as_installed(t, c));
	return ok && there && !untimely;
}

static bool verify_one(struct host *r, const struct svc *s)
{
	struct finding t;
	bool all = true;

	finding_begin_disk(&t, r, s, true);
	for (size_t i = 0; i < s->n_endpoints; i++)
		if (!verify_endpoint_of(&t, i))
			all = false;
	judge_free(&t.g);
	return all;
}

bool run_verify(struct host *r)
{
	bool all = true;

	for (size_t i = 0; i < r->svcs->n; i++)
		if (host_wants(r, &r->svcs->v[i]) &&
		    !verify_one(r, &r->svcs->v[i]))
			all = false;
	return all;
}

static bool uses(const struct svc *s, const char *name)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].conf->name, name) == 0)
			return true;
	return false;
}

/* The service NAME, or all that use the certificate NAME: their number, and
 * their indices in RET, which has room for all. Those that go together come
 * first: *ret_together. */
static size_t find_for_back(const struct host *r, const char *name, size_t *ret,
			    size_t *ret_together)
{
	size_t n = 0;

	*ret_together = 1;
	if (find(r, name, &ret[0]))
		return 1;
	for (int alone = 0; alone <= 1; alone++) {
		for (size_t i = 0; i < r->svcs->n; i++)
			if (uses(&r->svcs->v[i], name) &&
			    r->svcs->v[i].conf->alone == alone)
				ret[n++] = i;
		if (!alone)
			*ret_together = n;
	}
	return n;
}

/* Of several, the first that failed speaks. */
static int back_status(const struct txn_part *parts, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].result != TXN_SERVED &&
		    parts[i].result != TXN_WAITING)
			return err_set(err, parts[i].err.kind, "service %s: %s",
				       parts[i].svc->name, parts[i].err.msg);
	for (size_t i = 0; i < n; i++)
		if (parts[i].result == TXN_WAITING)
			log_warn("service %s: %s", parts[i].svc->name,
				 parts[i].err.msg);
	return 0;
}

/* Whatever is served. */
static bool went_back(const struct txn_part *p)
{
	return p->result == TXN_SERVED || p->result == TXN_UNSEEN ||
	       p->result == TXN_WAITING || p->result == TXN_SAME;
}

/* As the next run will see it. */
static void tell_held(const struct finding *t, const char *cert)
{
	host_receipt(t->r, t->s, cert, NULL, RECEIPT_HELD, NULL, JUDGE_HELD);
	printf("%s: %s: what it went back from is held from now on\n",
	       t->s->name, cert);
}

/* What a person went back to is there: what it is, and whether the key still
 * goes with it. HELD is set when something is from now on. */
static int tell_back(const struct finding *t, bool *held, struct err *err)
{
	const struct svc *s = t->s;
	char until[CLOCK_TEXT];
	struct judge now;
	int status = 0;
	bool same;

	judge_disk(s, &now);
	for (size_t i = 0; i < now.n; i++) {
		const struct x509_chain *disk = now.v[i].disk;
		const struct x509_chain *before = t->g.v[i].disk;
		const char *name = s->certs[i].conf->name;

		if (!disk)
			continue;
		if (now.v[i].placeholder) {
			printf("%s: %s: went back to a placeholder, "
			       "self-signed\n",
			       s->name, name);
			continue;
		}
		same = before && strcmp(x509_chain_fingerprint(disk),
					x509_chain_fingerprint(before)) == 0;
		printf("%s: %s: %s, %s %s\n", s->name, name,
		       same ? "the set before has the same certificate; once "
			      "more goes further back"
			    : "went back to the certificate before",
		       x509_chain_not_after(disk) > t->r->now ? "valid until"
							      : "it EXPIRED on",
		       clock_text(x509_chain_not_after(disk), until));
		if (before &&
		    judge_held(svcstate_cert(&t->state, name), before)) {
			tell_held(t, name);
			*held = true;
		}
		if (hostkey_fits(&s->certs[i], disk, host_requested(t->r),
				 err) == -1)
			status = err_wrap(err, "service %s: %s", s->name, name);
	}
	judge_free(&now);
	return status;
}

static int no_such(const struct host *r, const char *name, struct err *err)
{
	AUTO(mem_free_str) char *near = host_near_text(r, name);

	return err_set(err, ERR_USAGE,
		       "no service or certificate %s on this host%s", name,
		       near);
}

static void print_force(const char *name)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	printf("to install what is held, run: " SAY_FORCE "\n", word);
}

/* Of the N of INDEX: can all of them be changed? */
static int back_ready(const struct host *r, const size_t *index, size_t n,
		      struct finding *tasks, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (r->out[index[i]])
			return err_set(err, ERR_CHILD,
				       "service %s: what the run before left "
				       "must be mended first: %s",
				       r->svcs->v[index[i]].name,
				       r->out[index[i]]);
	/* What a person goes back from would come back with the next run. */
	for (size_t i = 0; i < n; i++)
		if (svcstate_load(r->conf->state_dir, r->svcs->v[index[i]].name,
				  r->arena, &tasks[i].state, err) == -1)
			return err_set(err, err->kind,
				       "service %s: %s; nothing was changed",
				       r->svcs->v[index[i]].name, err->msg);
	return 0;
}

/* The centre hears of it, as far as it can be reached. */
static void back_report(struct host *r)
{
	AUTO(store_free) struct store *store = NULL;

	if (!r->conf->receipts &&
	    store_open(r->conf->store, STORE_HOST, &store, NULL) == -1)
		store = NULL;
	sending_all(r, store);
	centre_close(r);
}

int run_back(struct host *r, const char *name, struct err *err)
{
	size_t *index = arena_array(r->arena, r->svcs->n, sizeof(*index));
	struct finding *tasks =
		arena_array(r->arena, r->svcs->n, sizeof(*tasks));
	struct txn_part *parts =
		arena_array(r->arena, r->svcs->n, sizeof(*parts));
	size_t together, n = find_for_back(r, name, index, &together);
	bool held = false;
	int status;

	if (n == 0)
		return no_such(r, name, err);
	if (together > JOURNAL_PARTS_MAX)
		return err_set(err, ERR_LIMIT,
			       "more than %d services use %s, name them one "
			       "by one",
			       JOURNAL_PARTS_MAX, name);
	if (back_ready(r, index, n, tasks, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		finding_begin_disk(&tasks[i], r, &r->svcs->v[index[i]], true);
		parts[i] = (struct txn_part){ .svc = tasks[i].s,
					      .state = &tasks[i].state,
					      .g = &tasks[i].g,
					      .before = tasks[i].seen };
	}
	if (together > 0)
		txn_go_back(r, parts, together);
	for (size_t i = together; i < n; i++)
		txn_go_back(r, &parts[i], 1);
	status = back_status(parts, n, err);
	for (size_t i = 0; i < n; i++) {
		struct err one = ERR_INIT;

		if (went_back(&parts[i]) &&
		    tell_back(&tasks[i], &held, &one) == -1) {
			if (status == -1)
				log_warn("%s", one.msg);
			else
				status = err_set(err, one.kind, "%s", one.msg);
		}
		judge_free(&tasks[i].g);
	}
	if (held)
		print_force(name);
	back_report(r);
	return status;
}
