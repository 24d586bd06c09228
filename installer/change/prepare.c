/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "backup.h"
#include "clock.h"
#include "deploy.h"
#include "gen.h"
#include "hostkey.h"
#include "prepare.h"
#include "rekey.h"
#include "target.h"
#include "x509_self.h"

static const char *state_dir(const struct txn_part *p)
{
	return p->run->conf->state_dir;
}

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void set_endpoints(struct txn_part *p, const struct verify_seen *seen)
{
	const struct svc *s = p->svc;
	struct arena *a = p->run->arena;

	p->j->endpoints =
		arena_array(a, s->n_endpoints + 1, sizeof(*p->j->endpoints));
	for (size_t i = 0; i < s->n_endpoints; i++) {
		struct journal_endpoint *e;

		/* Of what nobody could see, nothing is known. */
		if (!seen_tells(&seen[i]))
			continue;
		e = &p->j->endpoints[p->j->n_endpoints++];
		e->address = s->endpoints[i].conf->address;
		e->look = s->endpoints[i].look;
		e->reachable = seen[i].reachable;
		if (seen[i].handshake) {
			e->fingerprint = arena_strdup(a, seen[i].fingerprint);
			e->chain = arena_strdup(a, seen[i].chain);
		}
	}
}

/* What is to be served afterwards: of what is put, the new one, of the rest
 * what is there. */
static void set_cert(struct arena *a, struct journal_cert *c,
		     const struct judge_cert *g)
{
	const struct x509_chain *next =
		g->verdict == PLAN_PUT ? g->chain : g->disk;
	const char *digest =
		g->verdict == PLAN_PUT ? g->chain_digest : g->disk_digest;

	c->name = g->svc->conf->name;
	if (next) {
		c->fingerprint = arena_strdup(a, x509_chain_fingerprint(next));
		c->not_before = x509_chain_not_before(next);
		c->not_after = x509_chain_not_after(next);
		if (g->svc->has_chain && digest[0] != '\0')
			c->chain = arena_strdup(a, digest);
	}
	if (g->disk)
		c->old = arena_strdup(a, x509_chain_fingerprint(g->disk));
}

void prepare_begin(struct txn_part *p, const struct judge *g,
		   const struct verify_seen *seen)
{
	struct arena *a = p->run->arena;
	const struct svc *s = p->svc;
	struct journal *j = p->j;
	size_t ops = 0;

	p->seen = arena_array(a, s->n_endpoints + 1, sizeof(*p->seen));
	*j = (struct journal){ .version = JOURNAL_VERSION,
			       .service = s->name,
			       .gen = "-",
			       .state = JOURNAL_PREPARE };
	for (size_t i = 0; i < s->n_certs; i++)
		ops += s->certs[i].n_files + 2;
	j->ops = arena_array(a, ops + 1, sizeof(*j->ops));
	j->certs = arena_array(a, g->n + 1, sizeof(*j->certs));
	j->n_certs = g->n;
	for (size_t i = 0; i < g->n; i++)
		set_cert(a, &j->certs[i], &g->v[i]);
	set_endpoints(p, seen);
}

int prepare_name(struct txn_part *p, struct err *err)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	char gen[GEN_NAME];

	if (backup_list(state_dir(p), p->svc->name, &gens, err) == -1 ||
	    gen_name(p->run->now, gens.n > 0 ? gens.v[gens.n - 1] : NULL, gen,
		     err) == -1)
		return -1;
	p->j->gen = arena_strdup(p->run->arena, gen);
	return 0;
}

static struct journal_op *add_op(struct journal *j, enum journal_op_type type,
				 const char *path)
{
	struct journal_op *o = &j->ops[j->n_ops++];

	o->type = type;
	o->path = path;
	return o;
}

/* O, the newest, is of the file at AT: is there an old one. */
static int set_old_file(struct txn_part *p, struct journal_op *o,
			const struct place *at, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;

	if (place_look(at, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_NONE)
		return 0;
	if (now.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s is in the way: not a file",
			       at->path);
	o->old = backup_copy_name(p->j->n_ops - 1, p->run->arena);
	return 0;
}

static int no_folder(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, "%s: its folder is missing", path);
}

/* What LINK says; a link to nothing is none: there is no way back to it. */
static int old_link(const struct place *link, const char *text, struct arena *a,
		    const char **ret, struct err *err)
{
	uint64_t ino;
	int rc = text ? deploy_see_generation(link, text, &ino, err) : 0;

	*ret = rc == 1 ? arena_strdup(a, text) : NULL;
	return rc == -1 ? -1 : 0;
}

/* The link of C. Its folder may still have to be made. */
static int add_link(struct txn_part *p, const struct svc_cert *c,
		    struct err *err)
{
	struct arena *a = p->run->arena;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place link = PLACE_INIT;
	AUTO(mem_free_str) char *text = NULL;
	struct journal_op *o;
	int rc = target_dir(c, &dir, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(c->dir, err);
	rc = target_link(c, &link, &text, err);
	if (rc == -1)
		return -1;
	o = add_op(p->j, JOURNAL_LINK,
		   arena_printf(a, "%s/" SVC_LINK, dir.path));
	return old_link(&link, text, a, &o->old, err);
}

static int add_file(struct txn_part *p, const struct svc_cert *c, size_t k,
		    const struct sbuf *content, struct err *err)
{
	struct arena *a = p->run->arena;
	AUTO(place_close) struct place at = PLACE_INIT;
	char hex[ENC_SHA256_HEX];
	struct journal_op *o;
	int rc = target_open(c, k, &at, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(c->files[k].path, err);
	o = add_op(p->j, JOURNAL_FILE, arena_strdup(a, at.path));
	enc_sha256_hex(sbuf_str(content), content->len, hex);
	o->sha256 = arena_strdup(a, hex);
	return set_old_file(p, o, &at, err);
}

/* The key that is to be replaced with G's files: the last of all, since what is
 * there fits until then. */
static int add_key(struct txn_part *p, const struct judge_cert *g,
		   struct err *err)
{
	const struct svc_cert *c = g->svc;
	AUTO(place_close) struct place at = PLACE_INIT;
	int rc = place_open(c->root, svc_inside(c, c->conf->key), 0, &at, err);
	char hex[ENC_SHA256_HEX];
	struct journal_op *o;

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(c->conf->key, err);
	for (size_t i = 0; i < p->j->n_ops; i++)
		if (strcmp(p->j->ops[i].path, at.path) == 0)
			return 0;
	o = add_op(p->j, JOURNAL_FILE, arena_strdup(p->run->arena, at.path));
	enc_sha256_hex(sbuf_str(&g->key), g->key.len, hex);
	o->sha256 = arena_strdup(p->run->arena, hex);
	return set_old_file(p, o, &at, err);
}

static bool puts_key(const struct judge_cert *g)
{
	return g->verdict == PLAN_PUT && g->key.len > 0;
}

int prepare_install(struct txn_part *p, const struct judge *g, struct err *err)
{
	if (target_check_commands(p->svc, err) == -1)
		return -1;
	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (deploy_check(c, err) == -1 ||
		    (c->link && add_link(p, c, err) == -1))
			return -1;
		for (size_t k = 0; k < c->n_files && !c->link; k++)
			if (add_file(p, c, k, &g->v[i].contents[k], err) == -1)
				return -1;
	}
	for (size_t i = 0; i < g->n; i++)
		if (puts_key(&g->v[i]) && add_key(p, &g->v[i], err) == -1)
			return -1;
	return 0;
}

/* What is left of the ops, from O on: those of add_key(). */
static int stage_keys(struct txn_part *p, const struct judge *g,
		      struct journal_op *o, struct err *err)
{
	struct arena *a = p->run->arena;

	for (; o < p->j->ops + p->j->n_ops; o++) {
		size_t i = 0;

		while (i < g->n &&
		       (!puts_key(&g->v[i]) ||
			strcmp(hostkey_path(g->v[i].svc, a), o->path) != 0))
			i++;
		if (i == g->n)
			return err_set(err, ERR_CONFLICT,
				       "%s leads elsewhere now", o->path);
		if (deploy_stage_key(&g->v[i].key, g->v[i].key_was, a, o,
				     err) == -1)
			return -1;
	}
	return 0;
}

int prepare_stage(struct txn_part *p, const struct judge *g, struct err *err)
{
	struct arena *a = p->run->arena;
	struct journal_op *o = p->j->ops;

	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (c->link && deploy_stage_generation(state_dir(p), p->j, c,
						       g->v[i].contents, a, o++,
						       err) == -1)
			return -1;
		for (size_t k = 0; k < c->n_files && !c->link; k++)
			if (deploy_stage_file(c, k, &g->v[i].contents[k], a,
					      o++, err) == -1)
				return -1;
	}
	return stage_keys(p, g, o, err);
}

/* --- a rollback that a person asked for --- */

/* Where C's files are, or its link; and behind those its key. */
static void real_paths(const struct txn_part *p, const struct svc_cert *c,
		       struct strlist *ret)
{
	for (size_t k = 0; k < (c->link ? 1 : c->n_files); k++) {
		const char *path = c->link ? c->dir : c->files[k].path;
		AUTO(place_close) struct place at = PLACE_INIT;
		int rc = place_open(c->root, svc_inside(c, path), 0, &at, NULL);

		if (rc == 1)
			path = at.path;
		strlist_addf(ret, "%s%s", path, c->link ? "/" SVC_LINK : "");
	}
	if (c->conf->key)
		strlist_add(ret, hostkey_path(c, p->run->arena));
}

/* The manifest's old becomes our next; what is there now, our old. */
static int set_back_op(struct txn_part *p, const struct journal_op *was,
		       struct err *err)
{
	struct arena *a = p->run->arena;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	struct journal_op *o;
	int rc = place_open("", was->path, PLACE_LAST, &at, err);

	if (rc != 1)
		return rc == -1 ? -1 : no_folder(was->path, err);
	o = add_op(p->j, was->type, was->path);
	if (o->type == JOURNAL_FILE)
		return set_old_file(p, o, &at, err);
	if (place_look(&at, &now, err) == -1)
		return -1;
	if (now.kind != PLACE_NONE && now.kind != PLACE_SYMLINK)
		return err_set(err, ERR_IO, "%s is in the way: not a link",
			       at.path);
	if (target_check_link(&at, &now, err) == -1)
		return -1;
	o->next = was->old;
	o->old = arena_strdup(a, now.link);
	return deploy_need_generation(&at, was->old, &o->ino, err);
}

/* Where the files of P's service are now, and nobody else's. */
static bool is_ours(const struct txn_part *p, const struct strlist *paths,
		    const char *path, struct err *err)
{
	if (strlist_has(paths, path))
		return true;
	err_set(err, ERR_INPUT,
		"backup %s is of a time when %s was a file of this service; "
		"nothing was changed",
		p->j->consumed, path);
	return false;
}

static int set_back_ops(struct txn_part *p, const struct journal *m,
			struct err *err)
{
	AUTO(strlist_free) struct strlist paths = STRLIST_INIT;

	for (size_t i = 0; i < p->svc->n_certs; i++)
		real_paths(p, &p->svc->certs[i], &paths);
	p->j->ops =
		arena_array(p->run->arena, m->n_ops + 1, sizeof(*p->j->ops));
	for (size_t i = 0; i < m->n_ops; i++) {
		if (!m->ops[i].old)
			return err_set(err, ERR_INPUT,
				       "before %s there was no certificate to "
				       "go back to",
				       p->j->consumed);
		if (!is_ours(p, &paths, m->ops[i].path, err) ||
		    set_back_op(p, &m->ops[i], err) == -1)
			return -1;
	}
	return 0;
}

int prepare_stage_back(struct txn_part *p, const struct journal *m,
		       struct err *err)
{
	for (size_t i = 0; i < p->svc->n_certs; i++)
		if (rekey_keep(p, m, &p->svc->certs[i], err) == -1)
			return -1;
	for (size_t i = 0; i < m->n_ops; i++)
		if (m->ops[i].type == JOURNAL_FILE &&
		    deploy_stage_copy(state_dir(p), m, i, p->run->arena,
				      &p->j->ops[i], err) == -1)
			return -1;
	return 0;
}

/* Does the change that M is of touch C's files? */
static bool touches(const struct txn_part *p, const struct journal *m,
		    const struct svc_cert *c)
{
	AUTO(strlist_free) struct strlist paths = STRLIST_INIT;

	real_paths(p, c, &paths);
	for (size_t i = 0; i < m->n_ops; i++)
		if (strlist_has(&paths, m->ops[i].path))
			return true;
	return false;
}

/* The file NAME of the generation that WAS led to. 1; 0: it is not for us to
 * say what there is; -1. */
static int read_generation(const struct journal_op *was, const char *name,
			   struct place_old *ret, struct err *err)
{
	AUTO(place_close) struct place link = PLACE_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place gen = PLACE_INIT;
	AUTO(place_close) struct place file = PLACE_INIT;
	uint64_t ino;
	int rc = place_open("", was->path, PLACE_LAST, &link, err);

	if (rc == 1)
		rc = deploy_see_generation(&link, was->old, &ino, err);
	if (rc != 1 || ino == 0)
		return rc == -1 ? -1 : 0;
	if (place_in(&link, was->old, &at, err) == -1)
		return -1;
	rc = place_enter(&at, &gen, err);
	if (rc != 1)
		return rc;
	return place_in(&gen, name, &file, err) == -1 ||
			       place_read(&file, ret, err) == -1
		       ? -1
		       : 1;
}

/* The certificate of C that M holds. 1; 0: it is seen once it is in place;
 * -1. */
static int read_back_cert(const struct txn_part *p, const struct journal *m,
			  const struct svc_cert *c, struct x509_chain **ret,
			  struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(strlist_free) struct strlist paths = STRLIST_INIT;
	const struct svc_file *f = c->files;
	const struct journal_op *o = m->ops;
	const char *path;
	int rc;

	while (f->path != c->leaf_path)
		f++;
	real_paths(p, c, &paths);
	path = paths.v[c->link ? 0 : f - c->files];
	while (o < m->ops + m->n_ops && strcmp(o->path, path) != 0)
		o++;
	if (o == m->ops + m->n_ops || !o->old ||
	    (o->type == JOURNAL_LINK) != !!c->link)
		return 0;
	rc = c->link ? read_generation(o, f->name, &old, err)
		     : backup_read_copy(state_dir(p), m, (size_t) (o - m->ops),
					&old, err);
	if (rc == 0)
		err_clear(err);
	if (rc != 1 || old.kind != PLACE_FILE)
		return rc == -1 ? -1 : 0;
	return format_parse(&f->format, sbuf_str(&old.content), old.content.len,
			    ret);
}

/* A key that cannot be read proves nothing; nor is a pinned one, or one with a
 * copy among the files, what the service reads. */
static bool other_key(const struct svc_cert *c, const struct x509_chain *chain)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;

	return c->conf->key && !c->has_key &&
	       hostkey_load(c, &key, NULL) == 0 &&
	       !x509_key_matches(key, chain);
}

const char *prepare_moved(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_certs; i++)
		if (touches(p, p->j, &p->svc->certs[i]))
			return NULL;
	return p->j->n_ops == 0 ? NULL
				: arena_printf(p->run->arena,
					       "%s is not of this service any "
					       "more",
					       p->j->ops[0].path);
}

const char *prepare_unfit_back(const struct txn_part *p)
{
	for (size_t i = 0; i < p->svc->n_certs; i++) {
		AUTO(x509_chain_free) struct x509_chain *chain = NULL;
		const struct svc_cert *c = &p->svc->certs[i];
		struct err err = ERR_INIT;

		if (read_back_cert(p, p->j, c, &chain, &err) == 1 &&
		    (rekey_op(p, p->j, c) ? rekey_other(p, c, chain)
					  : other_key(c, chain)))
			return arena_printf(p->run->arena,
					    "%s is not the key of certificate "
					    "%s before",
					    c->conf->key, c->conf->name);
	}
	return NULL;
}

bool prepare_fits(const struct txn_part *p)
{
	struct judge g;
	bool fits = true;

	judge_disk(p->svc, &g);
	for (size_t i = 0; i < p->j->n_certs * g.n; i++) {
		const struct journal_cert *c = &p->j->certs[i / g.n];
		const struct judge_cert *d = &g.v[i % g.n];

		if (strcmp(c->name, d->svc->conf->name) == 0 && c->fingerprint)
			fits = fits && d->disk &&
			       eq(c->fingerprint,
				  x509_chain_fingerprint(d->disk)) &&
			       !other_key(d->svc, d->disk);
	}
	judge_free(&g);
	return fits;
}

/* What the endpoints of certificate NAME are to show on the way back, too. */
static void keep_endpoints(struct txn_part *p, const struct journal_cert *c)
{
	for (size_t i = 0; i < p->svc->n_endpoints * p->j->n_endpoints; i++) {
		const struct svc_endpoint *e =
			&p->svc->endpoints[i % p->svc->n_endpoints];
		struct journal_endpoint *b =
			&p->j->endpoints[i / p->svc->n_endpoints];

		if (!eq(p->svc->certs[e->cert].conf->name, c->name) ||
		    !eq(b->address, e->conf->address) || !eq(b->look, e->look))
			continue;
		b->reachable = true;
		b->fingerprint = c->fingerprint;
		b->chain = c->chain;
	}
}

void prepare_keep(struct txn_part *p, const char *name)
{
	AUTO(strlist_free) struct strlist paths = STRLIST_INIT;
	struct journal *j = p->j;
	size_t n = 0;

	for (size_t i = 0; i < p->svc->n_certs; i++)
		if (eq(p->svc->certs[i].conf->name, name))
			real_paths(p, &p->svc->certs[i], &paths);
	for (size_t i = 0; i < j->n_ops; i++)
		if (!strlist_has(&paths, j->ops[i].path))
			j->ops[n++] = j->ops[i];
	j->n_ops = n;
	for (size_t i = 0; i < j->n_certs; i++) {
		if (!eq(j->certs[i].name, name))
			continue;
		j->certs[i].old = j->certs[i].fingerprint;
		keep_endpoints(p, &j->certs[i]);
	}
}

/* Nobody is helped by one that has expired, or by a placeholder, unless he says
 * so. */
static int check_worth(const struct txn_part *p, const struct journal *m,
		       const struct svc_cert *c, struct err *err)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	char until[CLOCK_TEXT];
	int rc = p->run->force ? 0 : read_back_cert(p, m, c, &chain, err);

	if (rc == 1 && x509_self_is(chain))
		return err_set(err, ERR_INPUT,
			       "%s: what backup %s holds is a placeholder; "
			       "nothing was changed; --force goes back to it "
			       "all the same",
			       c->conf->name, p->j->consumed);
	if (rc != 1 || x509_chain_not_after(chain) > p->run->now)
		return rc == -1 ? -1 : 0;
	return err_set(err, ERR_INPUT,
		       "%s: what backup %s holds EXPIRED on %s; nothing was "
		       "changed; --force goes back to it all the same",
		       c->conf->name, p->j->consumed,
		       clock_text(x509_chain_not_after(chain), until));
}

/* What will be served is what the backup's change replaced. */
static int set_back_cert(struct txn_part *p, const struct journal *m,
			 struct journal_cert *c, const struct svc_cert *svc,
			 const struct journal_cert *was, struct err *err)
{
	char left[ENC_SHA256_HEX];

	c->chain = NULL;
	if (eq(was->old, was->fingerprint)) {
		if (judge_digest(svc, left, err) == -1)
			return -1;
		c->left = arena_strdup(p->run->arena, left);
		return 0;
	}
	if (!was->old)
		return err_set(err, ERR_INPUT,
			       "backup %s holds files, but no certificate %s; "
			       "nothing was changed; to go further back, run: "
			       "rm -r %s/backup/%s/%s",
			       p->j->consumed, c->name, state_dir(p),
			       p->svc->name, p->j->consumed);
	c->fingerprint = was->old;
	/* What is on disk tells, unless it is a placeholder. */
	c->not_before = 0;
	/* Until read_back(). */
	c->not_after = INT64_MAX;
	return check_worth(p, m, svc, err);
}

static int set_back_certs(struct txn_part *p, const struct journal *m,
			  struct err *err)
{
	for (size_t i = 0; i < p->j->n_certs; i++) {
		struct journal_cert *c = &p->j->certs[i];

		for (size_t k = 0; k < m->n_certs; k++)
			if (strcmp(m->certs[k].name, c->name) == 0 &&
			    touches(p, m, &p->svc->certs[i]) &&
			    set_back_cert(p, m, c, &p->svc->certs[i],
					  &m->certs[k], err) == -1)
				return -1;
	}
	return 0;
}

int prepare_back(struct txn_part *p, struct journal *ret, struct err *err)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	struct journal *j = p->j;
	int found;

	if (backup_list(state_dir(p), p->svc->name, &gens, err) == -1)
		return -1;
	if (gens.n == 0)
		return err_set(err, ERR_INPUT,
			       "there is no backup to go back to");
	j->back = true;
	j->no_hold = true;
	j->consumed = arena_strdup(p->run->arena, gens.v[gens.n - 1]);
	found = backup_read(state_dir(p), p->svc->name, j->consumed,
			    p->run->arena, ret, err);
	if (found == 0)
		return err_set(err, ERR_INPUT,
			       "backup %s is damaged, run: rm -r "
			       "%s/backup/%s/%s",
			       j->consumed, state_dir(p), p->svc->name,
			       j->consumed);
	return found == -1 || target_check_commands(p->svc, err) == -1 ||
			       set_back_ops(p, ret, err) == -1 ||
			       set_back_certs(p, ret, err) == -1
		       ? -1
		       : 0;
}

/* What the files hold that a person went back to; the backup does not say. */
int prepare_read_back(struct txn_part *p, struct err *err)
{
	struct judge g;

	judge_disk(p->svc, &g);
	for (size_t i = 0; i < p->j->n_certs * g.n; i++) {
		struct journal_cert *c = &p->j->certs[i / g.n];
		const struct judge_cert *d = &g.v[i % g.n];

		if (!d->disk || strcmp(c->name, d->svc->conf->name) != 0 ||
		    !eq(c->fingerprint, x509_chain_fingerprint(d->disk)))
			continue;
		c->not_after = x509_chain_not_after(d->disk);
		/* Only its chain tells whether it is served. */
		if (c->left && d->svc->has_chain && d->disk_digest[0] != '\0')
			c->chain = arena_strdup(p->run->arena, d->disk_digest);
	}
	judge_free(&g);
	for (size_t i = 0; i < p->j->n_certs; i++) {
		const struct journal_cert *c = &p->j->certs[i];

		/* Without any it was begun by an older program. */
		if (c->fingerprint ? c->not_after == INT64_MAX : !!c->old)
			return err_set(err, ERR_INPUT,
				       "the set before is not whole: its files "
				       "do not hold certificate %s of then",
				       c->name);
	}
	return 0;
}
