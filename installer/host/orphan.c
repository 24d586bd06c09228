/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "clock.h"
#include "log.h"
#include "orphan.h"
#include "record.h"
#include "svcstate.h"
#include "target.h"
#include "x509_self.h"

#define KIND	 "certrepo-installed"
#define VERSION	 2
#define FILE_MAX (4u << 20)
#define REPEAT	 86400 /* what stays true is said once a day */

/* A certificate, by the first file that holds it. */
struct entry {
	const char *service, *name;
	const char *root; /* as in svc.h, and the next two */
	const char *dir;  /* generation; fixed: NULL */
	const char *path;
	const char *sha256; /* of the file */
	int64_t until;
	int64_t since, told; /* that it was dropped; 0: it was not */
};

struct entries {
	struct entry *v;
	size_t n;
};

enum field {
	F_KEY,
	F_SERVICE,
	F_NAME,
	F_ROOT,
	F_DIR,
	F_PATH,
	F_SHA256,
	F_UNTIL,
	F_SINCE,
	F_TOLD,
	F_COUNT
};

/* --- the file --- */

static const char *path_of(const struct host *r)
{
	return arena_printf(r->arena, "%s/installed", r->conf->state_dir);
}

static int load(const struct host *r, struct entries *ret, struct err *err)
{
	struct record file = { .n = 0 };

	*ret = (struct entries){ .n = 0 };
	if (record_read(path_of(r), KIND, VERSION, FILE_MAX, r->arena, &file,
			err) == -1)
		return -1;
	ret->v = arena_array(r->arena, file.n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < file.n; i++) {
		const struct record_line *l = &file.v[i];

		if (!record_is(l, "cert", F_COUNT) || !l->v[F_SERVICE] ||
		    !l->v[F_NAME] || !l->v[F_PATH] || !l->v[F_SHA256])
			continue;
		ret->v[ret->n++] = (struct entry){
			.service = l->v[F_SERVICE],
			.name = l->v[F_NAME],
			.root = l->v[F_ROOT] ? l->v[F_ROOT] : "",
			.dir = l->v[F_DIR],
			.path = l->v[F_PATH],
			.sha256 = l->v[F_SHA256],
			.until = record_int(l, F_UNTIL),
			.since = record_int(l, F_SINCE),
			.told = record_int(l, F_TOLD),
		};
	}
	return 0;
}

static int save(const struct host *r, const struct entries *all,
		struct err *err)
{
	AUTO(sbuf_free) struct sbuf before = SBUF_INIT(FILE_MAX);
	AUTO(record_out_free) struct record_out out;

	record_begin(&out, KIND, VERSION, FILE_MAX);
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];

		record_key(&out, "cert");
		record_add(&out, e->service);
		record_add(&out, e->name);
		record_add(&out, e->root);
		record_add(&out, e->dir);
		record_add(&out, e->path);
		record_add(&out, e->sha256);
		record_add_int(&out, e->until);
		record_add_int(&out, e->since);
		record_add_int(&out, e->told);
	}
	if (file_read(path_of(r), &before, NULL) != 1)
		sbuf_clear(&before);
	return record_replace(&out, path_of(r), sbuf_str(&before), err);
}

/* --- what is configured --- */

static const struct entry *at_path(const struct entries *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].path, path) == 0)
			return &l->v[i];
	return NULL;
}

/* Is what C has at its path, with FINGERPRINT, of this host's making. */
static bool is_ours(const struct host *r, const struct svc *s,
		    const struct svc_cert *c, const char *fingerprint)
{
	const struct svcstate_cert *known;
	struct svcstate state;

	if (svcstate_load(r->conf->state_dir, s->name, r->arena, &state,
			  NULL) == -1)
		return false;
	known = svcstate_cert(&state, c->conf->name);
	return known && strcmp(known->fingerprint, fingerprint) == 0;
}

/* File I of C, its first with the certificate; BEFORE is what was known of it,
 * or NULL. True: *ret is what is known of it now. */
static bool see_file(const struct host *r, const struct svc *s,
		     const struct svc_cert *c, size_t i,
		     const struct entry *before, struct entry *ret)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	struct x509_chain *chain = NULL;
	char hex[ENC_SHA256_HEX];
	bool ours = false;

	*ret = (struct entry){ .service = s->name,
			       .name = c->conf->name,
			       .root = c->root,
			       .dir = c->link ? c->dir : NULL,
			       .path = c->leaf_path };
	if (target_read(c, i, &old, NULL) == -1) {
		if (!before)
			return false;
		ret->sha256 = before->sha256;
		ret->until = before->until;
		return true;
	}
	if (old.kind != PLACE_FILE ||
	    format_parse(&c->files[i].format, sbuf_str(&old.content),
			 old.content.len, &chain) != 1)
		return false;
	enc_sha256_hex(sbuf_str(&old.content), old.content.len, hex);
	ret->sha256 = arena_strdup(r->arena, hex);
	ret->until = x509_chain_not_after(chain);
	if (!x509_self_is(chain))
		ours = (before && strcmp(before->sha256, hex) == 0) ||
		       is_ours(r, s, c, x509_chain_fingerprint(chain));
	x509_chain_free(&chain);
	return ours;
}

static void see_service(const struct host *r, const struct svc *s,
			const struct entries *before, struct entries *ret)
{
	for (size_t i = 0; i < s->n_certs; i++) {
		const struct svc_cert *c = &s->certs[i];

		for (size_t k = 0; k < c->n_files; k++)
			if (c->files[k].path == c->leaf_path &&
			    see_file(r, s, c, k, at_path(before, c->leaf_path),
				     &ret->v[ret->n]))
				ret->n++;
	}
}

static bool is_configured(const struct host *r, const struct entry *e)
{
	for (size_t i = 0; i < r->svcs->n; i++) {
		const struct svc *s = &r->svcs->v[i];

		for (size_t k = 0; k < s->n_certs; k++) {
			const struct svc_cert *c = &s->certs[k];

			if ((c->leaf_path &&
			     strcmp(c->leaf_path, e->path) == 0) ||
			    (strcmp(s->name, e->service) == 0 &&
			     strcmp(c->conf->name, e->name) == 0))
				return true;
		}
	}
	return false;
}

/* --- what is not any more --- */

/* Is it still what we put there. What cannot be read may be. */
static bool is_there(const struct host *r, const struct entry *e)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	const char *name = strrchr(e->path, '/');
	const struct svc_file file = { .name = name ? name + 1 : e->path,
				       .path = e->path };
	const struct svc_cert c = {
		.root = e->root,
		.dir = e->dir,
		.link = e->dir ? arena_printf(r->arena, "%s/" SVC_LINK, e->dir)
			       : NULL,
		.files = &file,
		.n_files = 1,
	};
	char hex[ENC_SHA256_HEX];

	if (target_read(&c, 0, &old, NULL) == -1)
		return true;
	if (old.kind != PLACE_FILE)
		return false;
	enc_sha256_hex(sbuf_str(&old.content), old.content.len, hex);
	return strcmp(hex, e->sha256) == 0;
}

static const char *text_of(const struct host *r, const struct entry *e)
{
	char until[CLOCK_TEXT];

	return arena_printf(
		r->arena,
		"not configured any more, so that nothing renews it: what is "
		"in %s stays as it is, %s %s; put it back into the "
		"configuration, or remove it when nothing reads it",
		e->dir ? e->dir : e->path,
		e->until > r->now ? "until" : "and EXPIRED on",
		clock_text(e->until, until));
}

static void tell(struct host *r, struct entry *e)
{
	const char *text = text_of(r, e);

	if (e->since == 0 || e->since > r->now)
		e->since = r->now;
	if (r->notices)
		notice_add(r->notices, &(struct notice){
					       .topic = NOTICE_TROUBLE,
					       .service = e->service,
					       .cert = e->name,
					       .state = ORPHAN_STATE,
					       .text = text,
					       .end = e->until,
				       });
	if (!r->loud && e->told != 0 && r->now >= e->told &&
	    r->now < e->told + REPEAT)
		return;
	e->told = r->now;
	log_warn("service %s: %s: %s", e->service, e->name, text);
}

/* False: what was installed is not known, and is not to be written over. */
static bool known(const struct host *r, struct entries *ret)
{
	struct err err = ERR_INIT;

	if (load(r, ret, &err) == 0)
		return true;
	log_warn("what was installed is not known%s: %s",
		 err.kind == ERR_INPUT ? ", and begins anew" : "", err.msg);
	return err.kind == ERR_INPUT;
}

void orphan_look(struct host *r)
{
	struct entries before, now = { .n = 0 };
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!known(r, &before))
		return;
	for (size_t i = 0; i < r->svcs->n; i++)
		n += r->svcs->v[i].n_certs;
	now.v = arena_array(r->arena, n + before.n + 1, sizeof(*now.v));
	for (size_t i = 0; i < r->svcs->n; i++)
		see_service(r, &r->svcs->v[i], &before, &now);
	for (size_t i = 0; i < before.n; i++) {
		struct entry *e = &before.v[i];

		if (is_configured(r, e))
			continue;
		if (is_there(r, e)) {
			tell(r, e);
			now.v[now.n++] = *e;
		} else if (r->notices) {
			notice_now(r->notices, e->service, e->name,
				   "not configured, and its files are gone");
		}
	}
	if (save(r, &now, &err) == -1)
		log_warn("what is installed is not remembered: %s", err.msg);
}

int orphan_list(const struct host *r, struct receipts *ret, struct err *err)
{
	struct entries all;

	if (load(r, &all, err) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct entry *e = &all.v[i];

		if (is_configured(r, e) || !is_there(r, e))
			continue;
		receipt_add(ret, &(struct store_receipt){
					 .host = r->conf->host,
					 .service = e->service,
					 .name = e->name,
					 .endpoint = "",
					 .state = ORPHAN_STATE,
					 .ts = e->since ? e->since : r->now,
					 .ts_expire = e->until,
					 .detail = text_of(r, e) });
	}
	return 0;
}
