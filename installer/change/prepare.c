/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "backup.h"
#include "deploy.h"
#include "prepare.h"

static const char *state_dir(const struct part *p)
{
	return p->run->conf->state_dir;
}

static bool eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void set_endpoints(struct part *p, const struct verify_seen *seen)
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

void prepare_begin(struct part *p, const struct judge *g,
		   const struct verify_seen *seen)
{
	AUTO(strlist_free) struct strlist gens = STRLIST_INIT;
	struct arena *a = p->run->arena;
	const struct svc *s = p->svc;
	struct journal *j = p->j;
	char gen[DEPLOY_GEN];
	size_t ops = 0;

	(void) !backup_list(state_dir(p), s->name, &gens, NULL);
	p->seen = arena_array(a, s->n_endpoints + 1, sizeof(*p->seen));
	deploy_gen_name(p->run->now, gens.n > 0 ? gens.v[gens.n - 1] : NULL,
			gen);
	*j = (struct journal){ .service = s->name,
			       .gen = arena_strdup(a, gen),
			       .state = JOURNAL_PREPARE };
	for (size_t i = 0; i < s->n_certs; i++)
		ops += s->certs[i].n_files + 1;
	j->ops = arena_array(a, ops + 1, sizeof(*j->ops));
	j->certs = arena_array(a, g->n + 1, sizeof(*j->certs));
	j->n_certs = g->n;
	for (size_t i = 0; i < g->n; i++)
		set_cert(a, &j->certs[i], &g->v[i]);
	set_endpoints(p, seen);
}

static struct journal_op *add_op(struct journal *j, enum journal_op_type type,
				 const char *path)
{
	struct journal_op *o = &j->ops[j->n_ops++];

	o->type = type;
	o->path = path;
	return o;
}

/* Where the copy of what is at PATH will be, NULL when there is nothing. */
static const char *copy_for(struct part *p, const char *path)
{
	char c;

	/* A dangling link is something, too. */
	if (access(path, F_OK) == -1 && readlink(path, &c, 1) == -1)
		return NULL;
	return backup_copy_path(state_dir(p), p->svc->name, p->j->gen,
				p->j->n_ops - 1, p->run->arena);
}

int prepare_install(struct part *p, const struct judge *g, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;
		struct journal_op *o;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (deploy_check(c, err) == -1)
			return -1;
		if (c->link) {
			o = add_op(p->j, JOURNAL_LINK, c->link);
			o->next = p->j->gen;
			if (deploy_read_link(c->link, p->run->arena, &o->old,
					     err) == -1)
				return -1;
			continue;
		}
		for (size_t k = 0; k < c->n_files; k++) {
			const struct sbuf *content = &g->v[i].contents[k];
			char hex[ENC_SHA256_HEX];

			o = add_op(p->j, JOURNAL_FILE, c->files[k].path);
			enc_sha256_hex(sbuf_str(content), content->len, hex);
			o->sha256 = arena_strdup(p->run->arena, hex);
			o->old = copy_for(p, o->path);
		}
	}
	return 0;
}

int prepare_stage(struct part *p, const struct judge *g, struct err *err)
{
	size_t op = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct svc_cert *c = g->v[i].svc;

		if (g->v[i].verdict != PLAN_PUT)
			continue;
		if (c->link) {
			if (deploy_stage_generation(
				    c, p->j->gen, g->v[i].contents, err) == -1)
				return -1;
			op++;
			continue;
		}
		for (size_t k = 0; k < c->n_files; k++, op++) {
			const struct sbuf *content = &g->v[i].contents[k];
			AUTO(mem_free_str) char *temp = NULL;

			if (file_stage(c->files[k].path, sbuf_str(content),
				       content->len, &c->files[k].attr, &temp,
				       err) == -1)
				return -1;
			p->j->ops[op].next = arena_strdup(p->run->arena, temp);
		}
	}
	return 0;
}

/* --- a rollback that a person asked for --- */

/* The manifest's old becomes our next; what is there now, our old. */
static int set_back_ops(struct part *p, const struct journal *m,
			struct err *err)
{
	struct arena *a = p->run->arena;

	p->j->ops = arena_array(a, m->n_ops + 1, sizeof(*p->j->ops));
	for (size_t i = 0; i < m->n_ops; i++) {
		const struct journal_op *was = &m->ops[i];
		struct journal_op *o;

		if (!was->old)
			return err_set(err, ERR_INPUT,
				       "before %s there was no certificate to "
				       "go back to",
				       p->j->consumed);
		o = add_op(p->j, was->type, was->path);
		if (o->type == JOURNAL_FILE) {
			o->old = copy_for(p, o->path);
			continue;
		}
		o->next = was->old;
		if (deploy_read_link(o->path, a, &o->old, err) == -1)
			return -1;
	}
	return 0;
}

int prepare_stage_back(struct part *p, const struct journal *m, struct err *err)
{
	for (size_t i = 0; i < m->n_ops; i++) {
		AUTO(sbuf_erase) struct sbuf content = SBUF_INIT(4u << 20);
		struct journal_op *o = &p->j->ops[i];
		char hex[ENC_SHA256_HEX];

		if (o->type != JOURNAL_FILE)
			continue;
		if (deploy_stage_copy(m->ops[i].old, o->path, p->run->arena,
				      &o->next, err) == -1 ||
		    file_read(o->next, &content, err) == -1)
			return -1;
		enc_sha256_hex(sbuf_str(&content), content.len, hex);
		o->sha256 = arena_strdup(p->run->arena, hex);
	}
	return 0;
}

/* Does the change that M is of touch C's files? */
static bool touches(const struct journal *m, const struct svc_cert *c)
{
	for (size_t i = 0; i < m->n_ops; i++) {
		if (c->link && strcmp(m->ops[i].path, c->link) == 0)
			return true;
		for (size_t k = 0; k < c->n_files; k++)
			if (strcmp(m->ops[i].path, c->files[k].path) == 0)
				return true;
	}
	return false;
}

/* What will be served is what the backup's change replaced. */
static void set_back_cert(struct part *p, struct journal_cert *c,
			  const struct svc_cert *svc,
			  const struct journal_cert *was)
{
	char left[ENC_SHA256_HEX];

	c->chain = NULL;
	if (eq(was->old, was->fingerprint)) {
		judge_digest(svc, left);
		c->left = arena_strdup(p->run->arena, left);
		return;
	}
	c->fingerprint = was->old;
	/* What is on disk tells, unless it is a placeholder. */
	c->not_before = 0;
	/* Until read_back(). */
	c->not_after = INT64_MAX;
}

static void set_back_certs(struct part *p, const struct journal *m)
{
	for (size_t i = 0; i < p->j->n_certs; i++) {
		struct journal_cert *c = &p->j->certs[i];

		for (size_t k = 0; k < m->n_certs; k++)
			if (strcmp(m->certs[k].name, c->name) == 0 &&
			    touches(m, &p->svc->certs[i]))
				set_back_cert(p, c, &p->svc->certs[i],
					      &m->certs[k]);
	}
}

int prepare_back(struct part *p, struct journal *ret, struct err *err)
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
		return err_set(err, ERR_INPUT, "backup %s is damaged",
			       j->consumed);
	if (found == -1 || set_back_ops(p, ret, err) == -1)
		return -1;
	set_back_certs(p, ret);
	return 0;
}

/* What the files hold that a person went back to; the backup does not say. */
void prepare_read_back(struct part *p)
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
}
