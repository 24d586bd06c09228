/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <string.h>
#include <unistd.h>
#include "activate.h"
#include "clock.h"
#include "dryrun.h"
#include "log.h"
#include "num.h"
#include "run.h"
#include "txn.h"

/* --- what every step needs --- */

bool run_wants(const struct run *r, const struct svc *s)
{
	if (r->only.n == 0 || strlist_has(&r->only, s->name))
		return true;
	for (size_t i = 0; i < s->n_certs; i++)
		if (strlist_has(&r->only, s->certs[i].conf->name))
			return true;
	return false;
}

const struct x509_trust *run_trust(struct run *r, struct err *err)
{
	if (r->trust == NULL &&
	    x509_trust_load(r->conf->trust_file, &r->trust, err) == -1)
		return NULL;
	return r->trust;
}

void run_probe(const struct svc *s, const struct verify_want *wants,
	       struct verify_seen *seen)
{
	for (size_t i = 0; i < s->n_endpoints; i++)
		verify_probe(s, &s->endpoints[i], &wants[i],
			     s->conf->verify_timeout * 1000, &seen[i]);
}

const char *run_endpoint_text(const struct svc_endpoint *e, struct arena *arena)
{
	/* The store's column has room for 255. */
	if (*e->look == '\0' ||
	    strlen(e->look) + strlen(e->conf->address) > 250)
		return e->conf->address;
	return arena_printf(arena, "%s/%s", e->conf->address, e->look);
}

void run_receipt(struct run *r, const struct svc *s, const char *cert,
		 const struct svc_endpoint *e, const char *state,
		 const struct verify_seen *seen, const char *detail)
{
	struct store_receipt receipt = {
		.name = cert,
		.host = r->conf->host,
		.service = s != NULL ? s->name : "",
		.endpoint = e != NULL ? run_endpoint_text(e, r->arena) : "",
		.protocol = e != NULL ? e->conf->protocol : NULL,
		.state = state,
		.ts = r->now,
		.detail = detail,
		.version = CERTREPO_VERSION,
	};

	if (seen != NULL && seen->handshake) {
		receipt.fingerprint = seen->fingerprint;
		receipt.serial = seen->serial;
		receipt.ts_expire = seen->not_after;
		receipt.depth = (int64_t) seen->depth;
	}
	if (r->conf->report && !r->dry_run)
		receipt_add(&r->receipts, &receipt);
}

static const struct svc *find(const struct run *r, const char *name,
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

static void save_state(struct run *r, const struct svc *s,
		       struct svcstate *state)
{
	struct err err = ERR_INIT;

	if (!r->dry_run &&
	    svcstate_save(r->conf->state_dir, s->name, state, &err) == -1)
		log_warn("service %s: %s", s->name, err.msg);
}

/* Say it once, and again a day later if it is still so. True when said. */
static bool tell(struct run *r, const struct svc *s, struct svcstate *state,
		 enum svcstate_about about, const char *text)
{
	if (r->dry_run || !svcstate_warn(state, r->arena, about, text, r->now))
		return false;
	log_warn("service %s: %s", s->name, text);
	return true;
}

/* --- recovery --- */

static void recover_one(struct run *r, const char *name, struct err *err)
{
	struct svcstate state = { .hold = NULL };
	struct journal j;
	size_t index = 0;
	const struct svc *s = find(r, name, &index);
	enum txn_result result;
	int found;

	found = journal_read(txn_journal_path(r, name), r->arena, &j, err);
	if (found == 0)
		return;
	if (found == 1 && strcmp(j.service, name) != 0)
		found = err_set(err, ERR_INPUT, "it is of service %s",
				j.service);
	if (found == -1) {
		err_wrap(err, "service %s: the journal of a killed run", name);
		log_error(err);
		if (s != NULL)
			r->skip[index] = true;
		r->bad++;
		return;
	}
	log_event(LOG_L_INFO, "recover", "service", name, NULL);
	svcstate_load(r->conf->state_dir, name, r->arena, &state);
	err_clear(err);
	result = txn_recover(r, s, &state, &j, err);
	if (result == TXN_UNPROVEN) {
		log_warn("service %s: after a killed run: %s", name, err->msg);
		r->bad++;
		if (s != NULL)
			r->skip[index] = true;
	} else if (err->msg[0] != '\0') {
		log_warn("service %s: after a killed run: %s", name, err->msg);
	}
}

int run_recover(struct run *r, struct err *err)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/journal", r->conf->state_dir);
	struct strlist names = STRLIST_INIT;
	const struct dirent *e;
	DIR *d = opendir(path);

	if (d == NULL)
		return err_errno(err, ERR_IO, "folder %s", path);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			strlist_add(&names, e->d_name);
	closedir(d);
	strlist_sort_unique(&names);
	for (size_t i = 0; i < names.n; i++)
		recover_one(r, names.v[i], err);
	strlist_free(&names);
	return 0;
}

/* --- one service --- */

struct task {
	struct run *r;
	const struct svc *s;
	struct svcstate state;
	struct gather g;
	struct verify_seen *seen;
	bool probed;
	bool stopped; /* by the word of its profile */
	bool bad;
};

/* What failed is held under this: the same certificates, the same way. */
static const char *hold_digest(const struct task *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);
	char hex[ENC_SHA256_HEX];

	sbuf_addf(&text, "%s\n", t->s->digest);
	for (size_t i = 0; i < t->g.n; i++) {
		const struct gather_cert *c = &t->g.v[i];

		if (c->chain != NULL)
			sbuf_addf(&text, "%s %s %s\n", c->svc->conf->name,
				  x509_chain_fingerprint(c->chain),
				  c->chain_digest);
	}
	enc_sha256_hex(sbuf_str(&text), text.len, hex);
	return arena_strdup(t->r->arena, hex);
}

/* What this endpoint should show now, by what is on disk. False: nothing is
 * there to be shown. */
static bool want_of(const struct gather *g, const struct svc_endpoint *e,
		    struct verify_want *ret)
{
	const struct gather_cert *c = &g->v[e->cert];

	if (c->disk == NULL)
		return false;
	ret->fingerprint = x509_chain_fingerprint(c->disk);
	ret->chain = c->svc->has_chain && c->disk_digest[0] != '\0'
			     ? c->disk_digest
			     : NULL;
	return true;
}

/* One look at every endpoint, before anything is done. */
static void probe(const struct svc *s, const struct gather *g,
		  struct verify_seen *seen)
{
	AUTO(mem_free_any)
	struct verify_want *wants =
		mem_array(s->n_endpoints + 1, sizeof(*wants));

	for (size_t i = 0; i < s->n_endpoints; i++)
		(void) want_of(g, &s->endpoints[i], &wants[i]);
	run_probe(s, wants, seen);
}

static bool endpoint_right(const struct task *t, size_t i, char why[300])
{
	struct verify_want want;

	why[0] = '\0';
	return !want_of(&t->g, &t->s->endpoints[i], &want) ||
	       verify_match(&want, &t->seen[i], why);
}

static void count_endpoints(const struct task *t, struct plan_service *p)
{
	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++) {
		char why[300];

		if (endpoint_right(t, i, why))
			p->right++;
		else if (t->seen[i].reachable)
			p->wrong++;
		else
			p->down++;
	}
}

static void look_around(struct task *t, struct plan_service *p)
{
	const struct installer_conf *conf = t->r->conf;
	int64_t since = t->r->now - t->state.probed_at;

	for (size_t i = 0; i < t->g.n; i++) {
		p->misfit = p->misfit || t->g.v[i].misfit;
		p->put += t->g.v[i].verdict == PLAN_PUT;
	}
	p->can_activate = t->s->activate.n > 0;
	p->activate_count = t->state.activate_count;
	p->activate_at = t->state.activate_at;
	if (conf->recheck == 0 || p->put > 0 || t->r->force || t->r->beat ||
	    since < 0 || since >= conf->recheck) {
		probe(t->s, &t->g, t->seen);
		t->probed = true;
	}
	count_endpoints(t, p);
	t->stopped = !activate_running(t->s);
	if (t->stopped) {
		/* It will find the files when somebody starts it. */
		p->down = 0;
		p->can_activate = false;
	}
}

/* What is wrong with single certificates: it is told, and the others of the
 * service go on. */
static void tell_certs(struct task *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);

	for (size_t i = 0; i < t->g.n; i++) {
		const struct gather_cert *c = &t->g.v[i];

		if (c->reason[0] == '\0' || c->verdict == PLAN_HOLD)
			continue;
		t->bad = true;
		sbuf_addf(&text, "%s%s: %s", text.len != 0 ? "; " : "",
			  c->svc->conf->name, c->reason);
	}
	if (text.len == 0 ||
	    !tell(t->r, t->s, &t->state, SVCSTATE_CERTS, sbuf_str(&text)))
		return;
	for (size_t i = 0; i < t->g.n; i++) {
		const struct gather_cert *c = &t->g.v[i];

		if (c->reason[0] != '\0' && c->verdict != PLAN_HOLD)
			run_receipt(t->r, t->s, c->svc->conf->name, NULL,
				    c->verdict == PLAN_MISFIT ? "failed"
							      : "refused",
				    NULL, c->reason);
	}
}

static void install(struct task *t, const char *hold)
{
	struct err err = ERR_INIT;
	enum txn_result result;

	result = txn_install(t->r, t->s, &t->state, &t->g, t->seen, hold, &err);
	if (result == TXN_SERVED)
		return;
	t->bad = true;
	log_warn("service %s: %s", t->s->name, err.msg);
}

static void activate(struct task *t)
{
	struct err err = ERR_INIT;

	if (txn_activate(t->r, t->s, &t->g, &err) == TXN_SERVED) {
		if (t->state.activate_count != 0)
			t->state.dirty = true;
		t->state.activate_count = 0;
		return;
	}
	t->bad = true;
	t->state.activate_count++;
	t->state.activate_at = t->r->now;
	t->state.dirty = true;
	log_warn("service %s: %s", t->s->name, err.msg);
}

/* Endpoints that are not as they should be, and nothing can be done now. */
static void tell_endpoints(struct task *t)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(64u * 1024);
	bool said;

	for (size_t i = 0; i < t->s->n_endpoints; i++) {
		char why[300];

		if (!endpoint_right(t, i, why))
			sbuf_addf(&text, "%s%s %s", text.len != 0 ? "; " : "",
				  run_endpoint_text(&t->s->endpoints[i],
						    t->r->arena),
				  why);
	}
	t->bad = true;
	said = tell(t->r, t->s, &t->state, SVCSTATE_SERVICE, sbuf_str(&text));
	for (size_t i = 0; said && i < t->s->n_endpoints; i++) {
		const struct svc_endpoint *e = &t->s->endpoints[i];
		char why[300];

		if (!endpoint_right(t, i, why))
			run_receipt(t->r, t->s, t->s->certs[e->cert].conf->name,
				    e, "failed", &t->seen[i], why);
	}
}

static void tell_held(struct task *t)
{
	const char *text = arena_printf(
		t->r->arena,
		"held, since it failed before: %s; a new certificate, a "
		"changed profile or --force ends this",
		t->state.hold_reason);

	t->bad = true;
	if (!tell(t->r, t->s, &t->state, SVCSTATE_SERVICE, text))
		return;
	for (size_t i = 0; i < t->g.n; i++)
		if (t->g.v[i].verdict == PLAN_PUT)
			run_receipt(t->r, t->s, t->g.v[i].svc->conf->name, NULL,
				    "held", NULL, text);
}

/* Once in a while an idle service says that it is well. */
static void beat(struct task *t)
{
	const char *state =
		t->s->n_endpoints > 0 && !t->stopped ? "served" : "installed";

	for (size_t i = 0; i < t->g.n; i++) {
		const struct gather_cert *c = &t->g.v[i];

		if (c->verdict == PLAN_KEEP)
			run_receipt(t->r, t->s, c->svc->conf->name, NULL, state,
				    NULL, NULL);
		else if (c->verdict == PLAN_HOLD)
			run_receipt(t->r, t->s, c->svc->conf->name, NULL,
				    "held", NULL, c->reason);
	}
	for (size_t i = 0; t->probed && i < t->s->n_endpoints; i++) {
		const struct svc_endpoint *e = &t->s->endpoints[i];

		if (t->seen[i].handshake)
			run_receipt(t->r, t->s, t->s->certs[e->cert].conf->name,
				    e, "served", &t->seen[i], NULL);
	}
}

static void act(struct task *t, enum plan_action action, const char *hold)
{
	switch (action) {
	case PLAN_INSTALL:
		install(t, hold);
		break;
	case PLAN_ACTIVATE:
		activate(t);
		break;
	case PLAN_HELD:
		tell_held(t);
		break;
	case PLAN_DOWN:
	case PLAN_POSTPONE:
		tell_endpoints(t);
		break;
	case PLAN_NOTHING:
		/* What the store was told then, is not so any more. */
		if ((!t->bad && svcstate_unwarn(&t->state)) || t->r->beat)
			beat(t);
		break;
	}
	if (t->r->conf->recheck != 0 && t->probed) {
		t->state.probed_at = t->r->now;
		t->state.dirty = true;
	}
}

static void update_service(struct run *r, const struct svc *s,
			   const struct store_host_certs *rows)
{
	struct task t = { .r = r, .s = s };
	struct plan_service p = { .put = 0 };
	enum plan_action action;
	const char *hold;

	svcstate_load(r->conf->state_dir, s->name, r->arena, &t.state);
	t.seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*t.seen));
	if (r->dry_run && access(txn_journal_path(r, s->name), F_OK) == 0)
		printf("%s: first finish or undo what a killed run left\n",
		       s->name);
	gather_rows(r, s, rows, &t.state, &t.g);
	look_around(&t, &p);
	hold = hold_digest(&t);
	p.held = t.state.hold != NULL && strcmp(t.state.hold, hold) == 0;
	action = plan_service(&p, r->now, r->force);
	tell_certs(&t);
	if (r->dry_run)
		dryrun_print(s, &t.g, action, t.seen);
	else
		act(&t, action, hold);
	save_state(r, s, &t.state);
	gather_free(&t.g);
	if (t.bad)
		r->bad++;
	else
		r->good++;
}

/* --- the whole run --- */

static bool beat_due(const struct run *r)
{
	AUTO(mem_free_str)
	char *path = mem_printf("%s/heartbeat", r->conf->state_dir);
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(64);
	int64_t last = 0;

	if (!r->conf->report || file_read(path, &content, NULL) != 1 ||
	    num_int(sbuf_str(&content), 0, INT64_MAX, &last, NULL) == -1)
		return r->conf->report;
	return r->now < last || r->now - last >= r->conf->heartbeat;
}

static int stamp_beat(const struct run *r, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(mem_free_str)
	char *path = mem_printf("%s/heartbeat", r->conf->state_dir);
	AUTO(mem_free_str)
	char *text = mem_printf("%lld", (long long) r->now);

	return file_replace(path, text, strlen(text), &attr, err);
}

static void add_current(struct run *r, const struct svc *s,
			struct receipts *ret)
{
	struct store_receipt one = { .host = r->conf->host,
				     .service = s->name,
				     .state = "" };

	for (size_t i = 0; i < s->n_certs + s->n_endpoints; i++) {
		const struct svc_endpoint *e =
			i < s->n_certs ? NULL : &s->endpoints[i - s->n_certs];
		size_t cert = e != NULL ? e->cert : i;

		one.name = s->certs[cert].conf->name;
		one.endpoint = e != NULL ? run_endpoint_text(e, r->arena) : "";
		receipt_add(ret, &one);
	}
}

/* Together with those of what is configured no more, which would stay as
 * they are for ever. */
static int put_receipts(struct run *r, struct store *store, struct err *err)
{
	struct receipts now = { .arena = r->arena };
	int status;

	receipt_add(&now, &(struct store_receipt){ .host = r->conf->host,
						   .name = "",
						   .service = "",
						   .endpoint = "",
						   .state = "" });
	for (size_t i = 0; i < r->svcs->n; i++)
		add_current(r, &r->svcs->v[i], &now);
	/* More than can be told: what is missing in the list is not gone. */
	status = now.n == RECEIPT_WAIT_MAX
			 ? store_receipts_put(store, r->receipts.v,
					      r->receipts.n, err)
			 : store_receipts_sync(store, r->receipts.v,
					       r->receipts.n, r->conf->host,
					       &(struct store_receipts){
						       .v = now.v, .n = now.n },
					       err);
	receipt_free(&now);
	return status;
}

/* To the store, or to the file they wait in. STORE may be NULL. */
static void send_receipts(struct run *r, struct store *store)
{
	struct err err = ERR_INIT;
	const char *dir = r->conf->state_dir;

	if (r->dry_run || r->receipts.n == 0)
		return;
	if (store != NULL) {
		if (put_receipts(r, store, &err) == 0) {
			if (receipt_forget(dir, &err) == -1)
				log_warn("%s", err.msg);
			return;
		}
		log_warn("the store did not take the receipts, they are kept "
			 "for the next run: %s",
			 err.msg);
	}
	if (receipt_save(dir, &r->receipts, &err) == -1)
		log_warn("receipts are lost: %s", err.msg);
}

static void store_auto(struct store **s)
{
	store_free(s);
}

static int ask(struct run *r, struct store *store, struct store_host_certs *ret,
	       struct err *err)
{
	struct strlist names = STRLIST_INIT;
	int status;

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; run_wants(r, s) && k < s->n_certs; k++)
			strlist_add(&names, s->certs[k].conf->name);
	}
	strlist_sort_unique(&names);
	status = store_host_certs(store, (const char *const *) names.v, names.n,
				  r->arena, ret, err);
	strlist_free(&names);
	return status;
}

static void heartbeat(struct run *r)
{
	struct err err = ERR_INIT;

	if (!r->beat || r->dry_run)
		return;
	run_receipt(r, NULL, "", NULL, "alive", NULL, NULL);
	if (stamp_beat(r, &err) == -1)
		log_warn("%s", err.msg);
}

int run_update(struct run *r, struct err *err)
{
	AUTO(store_auto) struct store *store = NULL;
	struct store_host_certs rows = { .n = 0 };

	if (store_open(r->conf->store, STORE_READ, &store, err) == -1 ||
	    ask(r, store, &rows, err) == -1) {
		send_receipts(r, NULL);
		return -1;
	}
	r->beat = r->only.n == 0 && beat_due(r);
	for (size_t i = 0; i < r->svcs->n; i++)
		if (run_wants(r, &r->svcs->v[i]) && !r->skip[i])
			update_service(r, &r->svcs->v[i], &rows);
	heartbeat(r);
	send_receipts(r, store);
	return 0;
}

/* --- --verify and --rollback --- */

static bool verify_one(struct run *r, const struct svc *s)
{
	struct task t = { .r = r, .s = s };
	bool all = true;

	t.seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*t.seen));
	gather_disk(s, &t.g);
	probe(s, &t.g, t.seen);
	t.probed = true;
	for (size_t i = 0; i < s->n_endpoints; i++) {
		const struct svc_endpoint *e = &s->endpoints[i];
		struct verify_want want;
		char why[300], until[CLOCK_TEXT];
		bool ok = want_of(&t.g, e, &want) && endpoint_right(&t, i, why);

		if (t.g.v[e->cert].disk == NULL)
			snprintf(why, sizeof(why), "nothing is installed");
		printf("%s %s %s: ", s->name, s->certs[e->cert].conf->name,
		       run_endpoint_text(e, r->arena));
		if (t.seen[i].handshake)
			printf("%s until %s, ", t.seen[i].fingerprint,
			       clock_text(t.seen[i].not_after, until));
		printf("%s\n", ok ? "as installed" : why);
		all = all && ok;
	}
	gather_free(&t.g);
	return all;
}

bool run_verify(struct run *r)
{
	bool all = true;

	for (size_t i = 0; i < r->svcs->n; i++)
		if (run_wants(r, &r->svcs->v[i]) &&
		    !verify_one(r, &r->svcs->v[i]))
			all = false;
	return all;
}

static int find_for_back(struct run *r, const char *name, size_t *ret,
			 struct err *err)
{
	size_t hits = 0;

	if (find(r, name, ret) != NULL)
		return 0;
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			if (strcmp(s->certs[k].conf->name, name) == 0) {
				*ret = i;
				hits++;
			}
		}
	}
	if (hits == 1)
		return 0;
	return err_set(err, ERR_USAGE,
		       hits == 0 ? "no service or certificate %s on this host"
				 : "several services use %s, name one of them",
		       name);
}

int run_back(struct run *r, const char *name, struct err *err)
{
	AUTO(store_auto) struct store *store = NULL;
	struct svcstate state = { .hold = NULL };
	struct verify_seen *seen;
	enum txn_result result;
	const struct svc *s;
	struct gather g;
	size_t index = 0;

	if (find_for_back(r, name, &index, err) == -1)
		return -1;
	if (r->skip[index])
		return err_set(err, ERR_CHILD,
			       "service %s: what a killed run left must be "
			       "mended first",
			       r->svcs->v[index].name);
	s = &r->svcs->v[index];
	seen = arena_array(r->arena, s->n_endpoints + 1, sizeof(*seen));
	svcstate_load(r->conf->state_dir, s->name, r->arena, &state);
	gather_disk(s, &g);
	probe(s, &g, seen);
	result = txn_go_back(r, s, &state, &g, seen, err);
	gather_free(&g);
	if (store_open(r->conf->store, STORE_READ, &store, NULL) == -1)
		store = NULL;
	send_receipts(r, store);
	if (result != TXN_SERVED)
		return err_wrap(err, "service %s", s->name);
	return 0;
}
