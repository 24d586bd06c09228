/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "judge.h"
#include "hostkey.h"
#include "nextkey.h"
#include "target.h"
#include "x509_self.h"

#define READ_MAX (4u << 20)

/* The file to read the installed certificate back from: best one that has
 * the chain as well. */
static const struct svc_file *leaf_file(const struct svc_cert *c)
{
	const struct svc_file *best = NULL;

	for (size_t i = 0; i < c->n_files; i++) {
		const struct svc_file *f = &c->files[i];

		if (format_has_leaf(&f->format) &&
		    (!best || (!format_has_chain(&best->format) &&
			       format_has_chain(&f->format))))
			best = f;
	}
	return best;
}

/* Nothing there is no error, and neither is what is no certificate. */
static int read_disk(struct judge_cert *g, struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	const struct svc_file *f = leaf_file(g->svc);

	if (!f)
		return 0;
	if (target_read(g->svc, (size_t) (f - g->svc->files), &old, err) == -1)
		return -1;
	if (old.kind != PLACE_FILE ||
	    format_parse(&f->format, sbuf_str(&old.content), old.content.len,
			 &g->disk) != 1)
		return 0;
	g->placeholder = x509_self_is(g->disk);
	if (format_has_chain(&f->format) && !format_has(&f->format, PART_EXTRA))
		seen_chain_digest(g->disk, g->disk_digest);
	return 0;
}

static void unknown(struct judge_cert *g, const struct err *err)
{
	g->verdict = PLAN_UNKNOWN;
	snprintf(g->reason, sizeof(g->reason),
		 "what is there cannot be read, so nothing is done: %.*s", 540,
		 err->msg);
}

static void start(const struct svc *s, struct judge *ret)
{
	ret->arena = arena_new();
	ret->n = s->n_certs;
	ret->v = arena_array(ret->arena, ret->n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < ret->n; i++) {
		struct judge_cert *g = &ret->v[i];

		g->svc = &s->certs[i];
		g->verdict = PLAN_WAIT;
		g->contents = arena_array(ret->arena, g->svc->n_files + 1,
					  sizeof(*g->contents));
		for (size_t k = 0; k < g->svc->n_files; k++)
			sbuf_init(&g->contents[k], FORMAT_MAX);
		sbuf_init(&g->key, FORMAT_MAX);
	}
}

void judge_disk(const struct svc *s, struct judge *ret)
{
	start(s, ret);
	for (size_t i = 0; i < ret->n; i++) {
		struct err err = ERR_INIT;

		if (read_disk(&ret->v[i], &err) == -1)
			unknown(&ret->v[i], &err);
	}
}

bool judge_same_attr(const struct place_old *old, const struct svc_file *f)
{
	mode_t but = old->acl && !f->own_mode ? 070 : 0;
	const struct file_attr *attr = &f->attr;

	return ((old->attr.mode ^ attr->mode) & ~but) == 0 &&
	       (attr->uid == FILE_KEEP || old->attr.uid == attr->uid) &&
	       (attr->gid == (gid_t) FILE_KEEP || old->attr.gid == attr->gid);
}

/* 1, 0 or -1. */
static int same_file(const struct svc_cert *c, size_t i,
		     const struct sbuf *want, struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

	if (target_read(c, i, &old, err) == -1)
		return -1;
	return old.kind == PLACE_FILE && judge_same_attr(&old, &c->files[i]) &&
	       format_same(&c->files[i].format, &old.content, want);
}

/* All of them are read, so that what cannot be is told at once. */
static int same_files(const struct judge_cert *g, bool *ret, struct err *err)
{
	bool same = true;

	for (size_t i = 0; i < g->svc->n_files; i++) {
		int rc = same_file(g->svc, i, &g->contents[i], err);

		if (rc == -1)
			return -1;
		same = same && rc == 1;
	}
	*ret = same;
	return 0;
}

static int build_contents(struct host *r, struct judge_cert *g,
			  const struct x509_key *key, struct err *err)
{
	struct format_from from = { .chain = g->chain, .key = key };

	for (size_t i = 0; i < g->svc->n_files; i++)
		sbuf_erase(&g->contents[i]);
	for (size_t i = 0; i < g->svc->n_files; i++) {
		const struct format *f = &g->svc->files[i].format;

		if (format_has(f, PART_ROOT) && !from.trust) {
			from.trust = host_trust(r, err);
			if (!from.trust)
				return -1;
		}
		if (format_build(f, &from, &g->contents[i], err) == -1)
			return -1;
	}
	return 0;
}

static void add_digest(struct sbuf *text, const struct sbuf *content)
{
	char hex[ENC_SHA256_HEX];

	enc_sha256_hex(sbuf_str(content), content->len, hex);
	sbuf_addf(text, "%s\n", hex);
}

int judge_digest(const struct svc_cert *c, char ret[ENC_SHA256_HEX],
		 struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);

	for (size_t i = 0; i < c->n_files; i++) {
		AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

		if (target_read(c, i, &old, err) == -1)
			return -1;
		add_digest(&text, &old.content);
	}
	enc_sha256_hex(sbuf_str(&text), text.len, ret);
	return 0;
}

/* The same of what the row would give. */
static void row_digest(const struct judge_cert *g, char ret[ENC_SHA256_HEX])
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(1u << 20);

	for (size_t i = 0; i < g->svc->n_files; i++)
		add_digest(&text, &g->contents[i]);
	enc_sha256_hex(sbuf_str(&text), text.len, ret);
}

bool judge_held(const struct svcstate_cert *ours, const struct x509_chain *c)
{
	return svcstate_holds(ours, x509_chain_tbs(c)) ||
	       svcstate_holds(ours, x509_chain_fingerprint(c));
}

static void compare(struct judge_cert *g, const struct svcstate *state,
		    struct plan_cert *p)
{
	const struct svcstate_cert *ours =
		svcstate_cert(state, g->svc->conf->name);
	const char *fp = x509_chain_fingerprint(g->chain);
	char files[ENC_SHA256_HEX];

	p->row_from = x509_chain_not_before(g->chain);
	if (g->disk) {
		p->same_cert = x509_chain_same(g->chain, g->disk);
		if (!x509_chain_self_signed(g->disk))
			p->have_from = x509_chain_not_before(g->disk);
	}
	if (ours && ours->not_before > p->have_from &&
	    strcmp(ours->fingerprint, fp) != 0)
		p->have_from = ours->not_before;
	p->other_ca = g->disk && p->have_from != 0 &&
		      p->have_from == x509_chain_not_before(g->disk) &&
		      !x509_chain_same_issuer(g->chain, g->disk);
	p->stepped = svcstate_stepped(ours, x509_chain_tbs(g->chain));
	g->dated_back = plan_dated_back(p);
	row_digest(g, files);
	/* Where nothing is left to hold on to, any is better. */
	p->held = g->disk && !g->placeholder &&
		  (judge_held(ours, g->chain) || svcstate_holds(ours, files));
}

static int vet(struct host *r, const struct judge_cert *g,
	       const struct x509_key *key, struct err *err)
{
	const struct x509_trust *trust = host_trust(r, err);

	if (!trust)
		return -1;
	return hostkey_vet(g->svc, g->chain, key, host_requested(r), trust,
			   r->now, r->conf->clock_skew, err);
}

/* --- a step sideways --- */

/* What CHAIN and TEXT, which follows it in another file, are together, without
 * what is something else. */
static int linked(const struct x509_chain *chain, const struct sbuf *text,
		  struct x509_chain **ret)
{
	AUTO(x509_chain_free) struct x509_chain *all = NULL;
	AUTO(sbuf_free) struct sbuf pem = SBUF_INIT(READ_MAX);
	const char *leaf = x509_chain_pem(chain, 0);

	if (text && x509_chain_parse2(leaf, strlen(leaf), sbuf_str(text),
				      text->len, &all, NULL) == -1)
		return 0;
	if (all)
		chain = all;
	for (size_t i = 0; i < x509_chain_linked(chain); i++)
		sbuf_adds(&pem, x509_chain_pem(chain, i));
	return x509_chain_parse(sbuf_str(&pem), pem.len, ret, NULL) == 0;
}

/* The chain that the service reads, whatever files it is in. */
static int disk_chain(const struct judge_cert *g, struct x509_chain **ret)
{
	const struct svc_file *leaf = leaf_file(g->svc);

	if (leaf && format_has_chain(&leaf->format))
		return linked(g->disk, NULL, ret);
	for (size_t i = 0; i < g->svc->n_files; i++) {
		AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
		const struct svc_file *f = &g->svc->files[i];

		if (format_has_chain(&f->format) &&
		    f->format.encoding == ENCODING_PEM)
			return target_read(g->svc, i, &old, NULL) == 0 &&
			       old.kind == PLACE_FILE &&
			       linked(g->disk, &old.content, ret);
	}
	return 0;
}

/* Whether no more differs than the chain, or a certificate of the same
 * second. */
static void compare_sideways(struct host *r, struct judge_cert *g,
			     const struct x509_key *key, struct plan_cert *p)
{
	AUTO(x509_chain_free) struct x509_chain *disk = NULL;
	struct judge_cert was = { .svc = g->svc };
	size_t n = g->svc->n_files;
	bool same = false;

	if (!g->disk || x509_chain_not_before(g->disk) != p->row_from ||
	    disk_chain(g, &disk) != 1)
		return;
	was.chain = disk;
	was.contents = arena_array(r->arena, n + 1, sizeof(*was.contents));
	for (size_t k = 0; k < n; k++)
		sbuf_init(&was.contents[k], FORMAT_MAX);
	p->sideways = build_contents(r, &was, key, NULL) == 0 &&
		      same_files(&was, &same, NULL) == 0 && same;
	for (size_t k = 0; k < n; k++)
		sbuf_erase(&was.contents[k]);
	p->disk_good = p->sideways && vet(r, &was, key, NULL) == 0;
	g->sideways = p->sideways;
}

static bool wants_root(const struct svc_cert *c)
{
	for (size_t i = 0; i < c->n_files; i++)
		if (format_has(&c->files[i].format, PART_ROOT))
			return true;
	return false;
}

/* 1, 0 when there was nothing to leave out, -1. */
static int trim(struct host *r, struct judge_cert *g, struct err *err)
{
	const struct x509_trust *trust = host_trust(r, err);

	if (!trust)
		return -1;
	/* What is broken is told of as it is. */
	if (x509_chain_check_links(g->chain, NULL) == -1 ||
	    !x509_trust_trim(trust, g->chain))
		return 0;
	seen_chain_digest(g->chain, g->chain_digest);
	return 1;
}

/* What is not compared with what is there first: some formats cannot even be
 * made of two that do not fit; and that it lies here, too, does not make what
 * is self-signed a CA's. */
static int vet_first(struct host *r, const struct judge_cert *g,
		     const struct x509_key *key, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *own = NULL;

	if (key && !x509_key_matches(key, g->chain))
		return vet(r, g, key, err);
	if (!x509_chain_self_signed(g->chain))
		return 0;
	if (!key && hostkey_load(g->svc, &own, err) == -1)
		return -1;
	return vet(r, g, key ? key : own, err);
}

/* What the row would give, and whether the disk has it. */
static int build(struct host *r, struct judge_cert *g,
		 const struct x509_key *key, struct plan_cert *p,
		 struct err *err)
{
	if (build_contents(r, g, key, err) == -1)
		return -1;
	if (same_files(g, &p->same_files, err) == 0)
		return 0;
	p->unknown = true;
	return -1;
}

/* --- the key --- */

/* The host's; or its next one, when the row's certificate is of that. */
static int load_key(const struct host *r, struct judge_cert *g,
		    struct x509_key **ret, struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	AUTO(x509_key_free) struct x509_key *next = NULL;
	int rc;

	if (hostkey_load_or_say(g->svc, &key, err) == -1)
		return -1;
	rc = !g->svc->conf->key || x509_key_matches(key, g->chain)
		     ? 0
		     : nextkey_load(r->conf->state_dir, g->svc->conf->name,
				    &next, err);
	if (rc == -1)
		return err_wrap(err, "the next key");
	g->next = rc == 1 && x509_key_matches(next, g->chain);
	*ret = g->next ? TAKE(next) : TAKE(key);
	return 0;
}

/* Another certificate with the same key, which would be left with a key that
 * is not its own; or NULL. */
static const char *other_of_key(const struct host *r, const struct svc_cert *c)
{
	const char *path = hostkey_path(c, r->arena);

	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++)
			if (s->certs[k].conf->key &&
			    strcmp(s->certs[k].conf->name, c->conf->name) !=
				    0 &&
			    strcmp(hostkey_path(&s->certs[k], r->arena),
				   path) == 0)
				return s->certs[k].conf->name;
	}
	return NULL;
}

int judge_next(const struct host *r, const struct svc_cert *c,
	       const struct x509_chain *disk, char ret[ENC_SHA256_HEX],
	       struct err *err)
{
	const char *other = other_of_key(r, c);

	if (other)
		return err_set(err, ERR_INPUT,
			       "%s is the key of %s, too: give each a key of "
			       "its own first",
			       c->conf->key, other);
	*ret = '\0';
	if (!hostkey_apart(c, r->arena))
		return 0;
	return hostkey_replaceable(c, disk, ret, err);
}

/* What takes the place of the host's key. */
static int take_next(const struct host *r, struct judge_cert *g,
		     const struct x509_key *key, struct err *err)
{
	if (!g->next)
		return 0;
	if (judge_next(r, g->svc, g->disk, g->key_was, err) == -1)
		return err_wrap(err, "a certificate of the next key is there, "
				     "and cannot be installed");
	return *g->key_was != '\0' ? x509_key_pem(key, &g->key, err) : 0;
}

/* Everything about a row that holds a certificate. The key and the trust
 * anchors are read only when there is something to install. */
static int judge(struct host *r, struct judge_cert *g,
		 const struct svcstate *state, struct plan_cert *p,
		 struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	int trimmed;

	if (g->svc->has_key && load_key(r, g, &key, err) == -1)
		return -1;
	if (vet_first(r, g, key, err) == -1)
		return -1;
	if (wants_root(g->svc) && trim(r, g, err) == -1)
		return -1;
	if (build(r, g, key, p, err) == -1)
		return -1;
	if (p->same_files && !g->again)
		return 0;
	trimmed = trim(r, g, err);
	if (trimmed == -1 || (trimmed == 1 && build(r, g, key, p, err) == -1))
		return -1;
	if (p->same_files && !g->again)
		return 0;
	if (read_disk(g, err) == -1) {
		p->unknown = true;
		return -1;
	}
	compare(g, state, p);
	if (!key && load_key(r, g, &key, err) == -1)
		return -1;
	if (vet(r, g, key, err) == -1 || take_next(r, g, key, err) == -1)
		return -1;
	if (!r->force)
		compare_sideways(r, g, key, p);
	return 0;
}

/* Why it is older. */
static const char *older(const struct judge_cert *g, const struct plan_cert *p)
{
	if (p->other_ca)
		return p->stepped ? "; it is of another CA, and was here before"
				  : "; of another CA, it may begin 65 minutes "
				    "before that";
	return g->disk && x509_chain_same_issuer(g->chain, g->disk)
		       ? "; both are of one CA"
		       : "";
}

/* What a person decided comes last, of any length. */
static void explain_missing(struct host *r, struct judge_cert *g)
{
	const char *name = g->svc->conf->name;
	const struct requested_one *no =
		requested_rejected(host_requested(r), name);
	char at[CLOCK_TEXT], said[PLAIN_QUOTED];
	size_t len;

	snprintf(g->reason, sizeof(g->reason),
		 "the store has no certificate named %s (or this host may not "
		 "see it)",
		 name);
	len = strlen(g->reason);
	if (g->svc->conf->key)
		snprintf(g->reason + len, sizeof(g->reason) - len,
			 "; to ask for it, run: certrepo-installer --request "
			 "%s%s",
			 name,
			 no || (g->disk && !g->placeholder)
				 ? ", or take it out of installer.conf"
				 : "");
	len = strlen(g->reason);
	if (no)
		snprintf(g->reason + len, sizeof(g->reason) - len,
			 "; the last request (%s) was rejected: %s",
			 clock_text(no->ts, at), requested_why(no, said));
}

static void explain(struct host *r, struct judge_cert *g,
		    const struct plan_cert *p, const struct err *err)
{
	char a[CLOCK_TEXT], b[CLOCK_TEXT];

	switch (g->verdict) {
	case PLAN_MISSING:
		explain_missing(r, g);
		break;
	case PLAN_UNKNOWN:
		unknown(g, err);
		break;
	case PLAN_REFUSE:
		snprintf(g->reason, sizeof(g->reason), "refused: %.*s", 580,
			 err->msg);
		break;
	case PLAN_OLDER:
		snprintf(g->reason, sizeof(g->reason),
			 "refused: the certificate in the store begins on %s, "
			 "before the one here (%s)%s; --force installs it all "
			 "the same",
			 clock_text(p->row_from, a),
			 clock_text(p->have_from, b), older(g, p));
		break;
	case PLAN_HOLD:
		snprintf(g->reason, sizeof(g->reason), "%s", JUDGE_HELD);
		break;
	default:
		break;
	}
}

/* Nothing waits where something was: the service fails at its next start. */
static void look_for_gone(struct judge_cert *g, const struct svcstate *state,
			  enum plan_row row)
{
	const struct svcstate_cert *ours =
		svcstate_cert(state, g->svc->conf->name);

	if (g->verdict != PLAN_WAIT || (g->disk && !g->placeholder) || !ours ||
	    ours->fingerprint[0] == '\0')
		return;
	g->verdict = PLAN_UNKNOWN;
	snprintf(g->reason, sizeof(g->reason),
		 "what was installed is gone, there is %s in "
		 "%.400s, and the store has none to put there: it is %s",
		 g->placeholder ? "a placeholder" : "no certificate",
		 g->svc->leaf_path, plan_row_text(row));
}

/* What is wrong with it. */
static const char *placeholder_fault(const struct host *r,
				     const struct judge_cert *c)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;
	int64_t end = x509_chain_not_after(c->disk);
	struct err err = ERR_INIT;
	char text[CLOCK_TEXT];

	if (hostkey_load(c->svc, &key, &err) == -1)
		return arena_printf(
			r->arena, "is in place, and its key: %.200s", err.msg);
	if (!x509_key_matches(key, c->disk))
		return "is not of this host's key";
	return end > r->now ? NULL
			    : arena_printf(r->arena, "ended on %s",
					   clock_text(end, text));
}

const char *judge_placeholder(const struct host *r, const struct judge_cert *c)
{
	const char *fault, *path = c->svc->leaf_path;

	if (!c->placeholder)
		return NULL;
	fault = placeholder_fault(r, c);
	if (!fault)
		return NULL;
	if (target_taken(c->svc, &path, NULL) != 1)
		path = c->svc->leaf_path;
	return arena_printf(r->arena,
			    "the placeholder in %.150s %s; for another one "
			    "remove %.150s, then run: certrepo-installer "
			    "--placeholder %s",
			    c->svc->leaf_path, fault, path, c->svc->conf->name);
}

/* It is well for a while, and as long as it is the host's own. */
static void look_at_placeholder(const struct host *r, struct judge_cert *g)
{
	const char *why = judge_placeholder(r, g);

	if (g->verdict != PLAN_WAIT || !why)
		return;
	g->verdict = PLAN_UNKNOWN;
	snprintf(g->reason, sizeof(g->reason),
		 "%s; the store has no certificate to put there: it is %s", why,
		 plan_row_text(g->row));
}

static void judge_row(struct host *r, struct judge_cert *g,
		      const struct store_host_cert *row,
		      const struct svcstate *state)
{
	struct plan_cert p = { .row = PLAN_ROW_GOOD };
	struct err err = ERR_INIT, again = ERR_INIT;

	if (!row)
		p.row = requested_waits(host_requested(r), g->svc->conf->name)
				? PLAN_ROW_ASKED
				: PLAN_ROW_MISSING;
	else if (!row->enabled)
		p.row = PLAN_ROW_DISABLED;
	else if (!row->crt.p || row->crt.len == 0)
		p.row = PLAN_ROW_EMPTY;
	else if (x509_chain_parse2(row->crt.p, row->crt.len, row->ca.p,
				   row->ca.len, &g->chain, &err) == -1) {
		err_wrap(&err, "what the store has");
		p.row = PLAN_ROW_BAD;
	} else if (x509_self_is(g->chain)) {
		/* It is served, so that who has the store can have it, too. */
		err_set(&err, ERR_INPUT,
			"what the store has is a placeholder, not a "
			"certificate of a CA");
		x509_chain_free(&g->chain);
		p.row = PLAN_ROW_BAD;
	}
	if (p.row == PLAN_ROW_GOOD) {
		seen_chain_digest(g->chain, g->chain_digest);
		p.refused = judge(r, g, state, &p, &err) == -1;
	}
	if (p.same_files && !g->disk) {
		/* No need to parse it once more. */
		g->disk = g->chain;
		memcpy(g->disk_digest, g->chain_digest, ENC_SHA256_HEX);
	} else if (!g->disk && !p.unknown && read_disk(g, &again) == -1) {
		p.unknown = true;
		err = again;
	}
	g->row = p.row;
	/* What is on disk stays even if it would be refused today. */
	g->verdict = plan_cert(&p, r->force);
	if (g->verdict == PLAN_KEEP && g->again)
		g->verdict = p.refused ? PLAN_REFUSE : PLAN_PUT;
	if (g->verdict == PLAN_KEEP && g->sideways) {
		/* What the row has counts for nothing. */
		x509_chain_free(&g->chain);
		g->chain = g->disk;
		memcpy(g->chain_digest, g->disk_digest, ENC_SHA256_HEX);
	}
	explain(r, g, &p, &err);
	look_for_gone(g, state, p.row);
	look_at_placeholder(r, g);
}

/* What stays, and is ours: a placeholder may have a key of its own. */
static bool stays(const struct judge_cert *g, const struct svcstate *state)
{
	const struct svcstate_cert *ours =
		svcstate_cert(state, g->svc->conf->name);

	if (!g->disk)
		return false;
	return g->verdict == PLAN_KEEP ||
	       (ours && strcmp(ours->fingerprint,
			       x509_chain_fingerprint(g->disk)) == 0);
}

/* False when it does not fit. */
static bool check_key(struct host *r, struct judge_cert *g)
{
	struct err err = ERR_INIT;
	size_t len = strlen(g->reason);

	if (hostkey_fits(g->svc, g->disk, host_requested(r), &err) == 0)
		return true;
	if (g->verdict == PLAN_PUT) {
		/* The way out, when it can be gone. */
		if (g->svc->conf->key && err.kind != ERR_CONFIG)
			g->unfit = arena_printf(
				r->arena,
				"%s; one of this key waits to be installed",
				err.msg);
		return false;
	}
	/* A pinned key is not what the service reads. */
	g->misfit = g->svc->conf->key && err.kind != ERR_CONFIG;
	if (len == 0 || g->verdict == PLAN_HOLD) {
		/* In the same word as of a key that is to be installed. */
		bool refused = g->svc->conf->key && err.kind == ERR_CONFIG;

		g->verdict = refused ? PLAN_REFUSE : PLAN_MISFIT;
		snprintf(g->reason, sizeof(g->reason), "%s%.*s",
			 refused ? "refused: " : "", 580, err.msg);
	} else if (g->misfit) {
		/* Why the newer one is not taken does not say that. */
		snprintf(g->reason + len, sizeof(g->reason) - len, "; %s",
			 err.msg);
	}
	return false;
}

/* Between two renewals the key may be replaced, lost, or opened to everyone,
 * and nobody would notice before the next restart. An idle run looks at the
 * files' inodes only. */
static void check_keys(struct host *r, struct judge *g, struct svcstate *state)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(4u << 20);
	char hex[ENC_SHA256_HEX];
	bool right = true;

	for (size_t i = 0; i < g->n; i++) {
		if (!stays(&g->v[i], state))
			continue;
		sbuf_addf(&text, "%s ", x509_chain_fingerprint(g->v[i].disk));
		hostkey_look(g->v[i].svc, &text);
	}
	enc_sha256_hex(sbuf_str(&text), text.len, hex);
	if (text.len == 0 || (state->keys && strcmp(state->keys, hex) == 0))
		return;
	for (size_t i = 0; i < g->n; i++)
		if (stays(&g->v[i], state) && !check_key(r, &g->v[i]))
			right = false;
	svcstate_set_keys(state, right ? arena_strdup(r->arena, hex) : NULL);
}

void judge_rows(struct host *r, const struct svc *s,
		const struct store_host_certs *rows, struct svcstate *state,
		struct judge *ret)
{
	start(s, ret);
	for (size_t i = 0; i < ret->n; i++) {
		const struct store_host_cert *row = NULL;
		const char *name = s->certs[i].conf->name;

		for (size_t k = 0; k < rows->n && !row; k++)
			if (strcmp(rows->v[k].name, name) == 0)
				row = &rows->v[k];
		ret->v[i].again = r->force && !host_is_along(r, s);
		judge_row(r, &ret->v[i], row, state);
	}
	check_keys(r, ret, state);
}

void judge_free(struct judge *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct judge_cert *c = &g->v[i];

		if (c->disk != c->chain)
			x509_chain_free(&c->disk);
		x509_chain_free(&c->chain);
		for (size_t k = 0; k < c->svc->n_files; k++)
			sbuf_erase(&c->contents[k]);
		sbuf_erase(&c->key);
	}
	arena_free(&g->arena);
	*g = (struct judge){ .v = NULL };
}
