/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "enc.h"
#include "file.h"
#include "log.h"
#include "place.h"
#include "record.h"
#include "store.h"
#include "svcstate.h"

#define KIND	  "certrepo-service"
#define VERSION	  2
#define STATE_MAX (4u << 20) /* the largest there can be fits */
#define REPEAT	  86400	     /* a warning that stays true is said once a day */

static const char *path_of(const char *state_dir, const char *service,
			   char **ret)
{
	*ret = mem_printf("%s/service/%s", state_dir, service);
	return *ret;
}

static const char *const abouts[] = {
	[SVCSTATE_CERTS] = "warned-certs",
	[SVCSTATE_SERVICE] = "warned-service",
	[SVCSTATE_ENDPOINT] = "warned-endpoint",
	[SVCSTATE_LIFE] = "warned-life",
};

static const char *text(const struct record_line *l, size_t i)
{
	return l->v[i] ? l->v[i] : "";
}

/* Fields of L from I on. */
static void take_ids(const struct record_line *l, size_t i, const char **v,
		     size_t *n)
{
	for (; i < l->n && *n < SVCSTATE_HELD_MAX; i++)
		if (l->v[i])
			v[(*n)++] = l->v[i];
}

/* "cert", name, fingerprint, not_before, what is held ... */
static void parse_cert(const struct record_line *l, struct svcstate *s)
{
	struct svcstate_cert *c = &s->certs[s->n_certs++];

	*c = (struct svcstate_cert){ .name = text(l, 1),
				     .fingerprint = text(l, 2),
				     .not_before = record_int(l, 3) };
	take_ids(l, 4, c->held, &c->n_held);
}

/* After its "cert". */
static void parse_stepped(const struct record_line *l, struct svcstate *s)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, text(l, 1)) == 0)
			take_ids(l, 2, s->certs[i].stepped,
				 &s->certs[i].n_stepped);
}

static void parse_line(const struct record_line *l, struct svcstate *s)
{
	for (int i = 0; i < SVCSTATE_ABOUTS; i++) {
		if (record_is(l, abouts[i], 3)) {
			s->warned[i].digest = l->v[1];
			s->warned[i].at = record_int(l, 2);
		}
	}
	if (record_is(l, "hold", 3)) {
		s->hold = l->v[1];
		s->hold_reason = text(l, 2);
	} else if (record_is(l, "activate", 3)) {
		s->activate_count = record_int(l, 1);
		s->activate_at = record_int(l, 2);
	} else if (record_is(l, "post", 4)) {
		s->post_count = record_int(l, 1);
		s->post_at = record_int(l, 2);
		s->post_reason = text(l, 3);
	} else if (record_is(l, "waiting", 2)) {
		s->waiting = record_int(l, 1);
	} else if (record_is(l, "probed", 2)) {
		s->probed_at = record_int(l, 1);
	} else if (record_is(l, "keys", 2)) {
		s->keys = l->v[1];
	} else if (l->n >= 3 && record_is(l, "stepped", l->n)) {
		parse_stepped(l, s);
	} else if (l->n >= 4 && record_is(l, "cert", l->n)) {
		parse_cert(l, s);
	}
}

int svcstate_load(const char *state_dir, const char *service,
		  struct arena *arena, struct svcstate *ret, struct err *err)
{
	AUTO(mem_free_str) char *path = NULL;
	struct record r = { .n = 0 };
	struct err one = ERR_INIT;
	int found = record_read(path_of(state_dir, service, &path), KIND,
				VERSION, STATE_MAX, arena, &r, &one);

	*ret = (struct svcstate){ .hold = NULL };
	/* Room for what the file has and what a run may add. */
	ret->certs = arena_array(arena, r.n + STORE_HOST_NAMES_MAX + 1,
				 sizeof(*ret->certs));
	if (found == -1 && one.kind != ERR_INPUT) {
		ret->unread = true;
		return err_set(err, one.kind, "its state: %s", one.msg);
	}
	if (found == -1) {
		log_warn("service %s: its state begins anew: %s", service,
			 one.msg);
		ret->dirty = true;
		return 0;
	}
	for (size_t i = 0; i < r.n; i++)
		parse_line(&r.v[i], ret);
	return 0;
}

static void add_cert(struct record_out *out, const struct svcstate_cert *c)
{
	record_key(out, "cert");
	record_add(out, c->name);
	record_add(out, c->fingerprint);
	record_add_int(out, c->not_before);
	for (size_t i = 0; i < c->n_held; i++)
		record_add(out, c->held[i]);
	if (c->n_stepped == 0)
		return;
	record_key(out, "stepped");
	record_add(out, c->name);
	for (size_t i = 0; i < c->n_stepped; i++)
		record_add(out, c->stepped[i]);
}

static void add_pair(struct record_out *out, const char *key, int64_t n)
{
	if (n == 0)
		return;
	record_key(out, key);
	record_add_int(out, n);
}

static void add_service(struct record_out *out, const struct svcstate *s)
{
	if (s->hold) {
		record_key(out, "hold");
		record_add(out, s->hold);
		record_add(out, s->hold_reason);
	}
	for (int i = 0; i < SVCSTATE_ABOUTS; i++) {
		if (!s->warned[i].digest)
			continue;
		record_key(out, abouts[i]);
		record_add(out, s->warned[i].digest);
		record_add_int(out, s->warned[i].at);
	}
	if (s->activate_count != 0) {
		record_key(out, "activate");
		record_add_int(out, s->activate_count);
		record_add_int(out, s->activate_at);
	}
	if (s->post_count != 0) {
		record_key(out, "post");
		record_add_int(out, s->post_count);
		record_add_int(out, s->post_at);
		record_add(out, s->post_reason);
	}
	add_pair(out, "waiting", s->waiting);
	add_pair(out, "probed", s->probed_at);
	if (s->keys) {
		record_key(out, "keys");
		record_add(out, s->keys);
	}
}

int svcstate_save(const char *state_dir, const char *service,
		  struct svcstate *s, struct err *err)
{
	AUTO(record_out_free) struct record_out out;
	AUTO(mem_free_str) char *path = NULL;

	record_begin(&out, KIND, VERSION, STATE_MAX);
	if (!s->dirty || s->unread)
		return 0;
	add_service(&out, s);
	for (size_t i = 0; i < s->n_certs; i++)
		add_cert(&out, &s->certs[i]);
	if (record_write(&out, path_of(state_dir, service, &path), err) == -1)
		return -1;
	s->dirty = false;
	return 0;
}

const struct svcstate_cert *svcstate_cert(const struct svcstate *s,
					  const char *name)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, name) == 0)
			return &s->certs[i];
	return NULL;
}

static struct svcstate_cert *cert_for(struct svcstate *s, struct arena *arena,
				      const char *name)
{
	struct svcstate_cert *c;

	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, name) == 0)
			return &s->certs[i];
	c = &s->certs[s->n_certs++];
	*c = (struct svcstate_cert){ .name = arena_strdup(arena, name),
				     .fingerprint = "" };
	return c;
}

void svcstate_set_cert(struct svcstate *s, struct arena *arena,
		       const char *name, const char *fingerprint,
		       int64_t not_before)
{
	struct svcstate_cert *c = cert_for(s, arena, name);

	if (strcmp(c->fingerprint, fingerprint) == 0 &&
	    c->not_before == not_before)
		return;
	c->fingerprint = arena_strdup(arena, fingerprint);
	c->not_before = not_before;
	s->dirty = true;
}

static bool has_id(const char *const *v, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i], what) == 0)
			return true;
	return false;
}

/* The oldest makes room. */
static void add_id(struct svcstate *s, struct arena *arena, const char **v,
		   size_t *n, const char *what)
{
	if (has_id(v, *n, what))
		return;
	if (*n == SVCSTATE_HELD_MAX)
		memmove(v, v + 1, --*n * sizeof(*v));
	v[(*n)++] = arena_strdup(arena, what);
	s->dirty = true;
}

bool svcstate_holds(const struct svcstate_cert *c, const char *what)
{
	return c && has_id(c->held, c->n_held, what);
}

bool svcstate_stepped(const struct svcstate_cert *c, const char *tbs)
{
	return c && has_id(c->stepped, c->n_stepped, tbs);
}

void svcstate_free_cert(struct svcstate *s, const char *name, const char *what)
{
	for (size_t i = 0; i < s->n_certs; i++) {
		struct svcstate_cert *c = &s->certs[i];
		size_t kept = 0;

		if (strcmp(c->name, name) != 0 || !svcstate_holds(c, what))
			continue;
		for (size_t k = 0; k < c->n_held; k++)
			if (strcmp(c->held[k], what) != 0)
				c->held[kept++] = c->held[k];
		c->n_held = kept;
		s->dirty = true;
	}
}

void svcstate_hold_cert(struct svcstate *s, struct arena *arena,
			const char *name, const char *what)
{
	struct svcstate_cert *c = cert_for(s, arena, name);

	add_id(s, arena, c->held, &c->n_held, what);
}

void svcstate_step(struct svcstate *s, struct arena *arena, const char *name,
		   const char *tbs)
{
	struct svcstate_cert *c = cert_for(s, arena, name);

	add_id(s, arena, c->stepped, &c->n_stepped, tbs);
}

void svcstate_keep(struct svcstate *s, const struct strlist *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_certs; i++)
		if (strlist_has(names, s->certs[i].name))
			s->certs[kept++] = s->certs[i];
	s->dirty = s->dirty || kept < s->n_certs;
	s->n_certs = kept;
}

static bool is_service(const char *name, void *arg)
{
	return *name != '.' && !strlist_has(arg, name);
}

/* Does nothing when FILE was written since BEFORE, or is not there. */
static int forget(const struct place *file, int64_t before, struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;

	if (place_look(file, &old, err) == -1)
		return -1;
	return old.kind == PLACE_NONE || old.mtime.tv_sec >= before
		       ? 0
		       : place_remove(file, err);
}

static int sweep(const char *state_dir, const struct strlist *services,
		 int64_t before, struct err *err)
{
	AUTO(strlist_free) struct strlist old = STRLIST_INIT;
	AUTO(mem_free_str) char *dir = mem_printf("%s/service", state_dir);
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_folder(dir, PLACE_TRUSTED, &p, err);

	if (rc != 1)
		return rc;
	if (place_list(&p, is_service, (void *) services, PLACE_LOOK_MAX, &old,
		       err) == -1)
		return -1;
	for (size_t i = 0; i < old.n; i++) {
		AUTO(place_close) struct place file = PLACE_INIT;

		if (place_in(&p, old.v[i], &file, err) == -1 ||
		    forget(&file, before, err) == -1)
			return -1;
	}
	return 0;
}

void svcstate_sweep(const char *state_dir, const struct strlist *services,
		    int64_t before)
{
	struct err err = ERR_INIT;

	if (sweep(state_dir, services, before, &err) == -1)
		log_warn("%s", err.msg);
}

void svcstate_set_hold(struct svcstate *s, const char *digest,
		       const char *reason)
{
	if (!s->hold && !digest)
		return;
	s->hold = digest;
	s->hold_reason = digest && reason ? reason : "";
	s->dirty = true;
}

void svcstate_set_activate(struct svcstate *s, int64_t count, int64_t at)
{
	if (s->activate_count == count && s->activate_at == at)
		return;
	s->activate_count = count;
	s->activate_at = at;
	s->dirty = true;
}

void svcstate_set_post(struct svcstate *s, int64_t count, int64_t at,
		       const char *reason)
{
	if (s->post_count == 0 && count == 0)
		return;
	s->post_count = count;
	s->post_at = at;
	s->post_reason = reason;
	s->dirty = true;
}

void svcstate_set_waiting(struct svcstate *s, int64_t since)
{
	if (s->waiting == since)
		return;
	s->waiting = since;
	s->dirty = true;
}

void svcstate_set_keys(struct svcstate *s, const char *digest)
{
	if (digest == s->keys)
		return;
	s->keys = digest;
	s->dirty = true;
}

bool svcstate_warn(struct svcstate *s, struct arena *arena,
		   enum svcstate_about about, const char *text, int64_t now)
{
	AUTO(mem_free_str) char *same = mem_strdup(text);
	char hex[ENC_SHA256_HEX];
	const char *last = s->warned[about].digest;
	int64_t at = s->warned[about].at;
	size_t len = 0;

	/* A time or a process's number in it makes it no other matter. */
	for (const char *p = text; *p; p++)
		if (*p < '0' || *p > '9')
			same[len++] = *p;
	enc_sha256_hex(same, len, hex);
	if (last && strcmp(last, hex) == 0 && now >= at && now < at + REPEAT)
		return false;
	s->warned[about].digest = arena_strdup(arena, hex);
	s->warned[about].at = now;
	s->dirty = true;
	return true;
}

bool svcstate_unwarn_of(struct svcstate *s, enum svcstate_about about)
{
	bool was = s->warned[about].digest;

	s->warned[about].digest = NULL;
	s->dirty = s->dirty || was;
	return was;
}

bool svcstate_unwarn(struct svcstate *s)
{
	bool was = false;

	for (int i = 0; i < SVCSTATE_LIFE; i++)
		was = svcstate_unwarn_of(s, (enum svcstate_about) i) || was;
	return was;
}
