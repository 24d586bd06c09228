/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>
#include "target.h"
#include "words.h"

int target_dir(const struct svc_cert *c, struct place *ret, struct err *err)
{
	return place_open(c->root, svc_inside(c, c->dir), 0, ret, err);
}

/* A place, or one in it: P is replaced. */
static void move(struct place *p, struct place *to)
{
	place_close(p);
	*p = *to;
	*to = (struct place) PLACE_INIT;
}

int target_check_link(const struct place *at, const struct place_old *now,
		      struct err *err)
{
	uid_t uid = now->attr.uid;

	if (!now->link || !strchr(now->link, '/') || uid == 0 ||
	    uid == geteuid())
		return 0;
	return err_set(err, ERR_CONFLICT,
		       "link %s belongs to user %u and leads elsewhere: put "
		       "back by us it would be ours; remove it",
		       at->path, (unsigned int) uid);
}

int target_link(const struct svc_cert *c, struct place *ret, char **ret_text,
		struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place link = PLACE_INIT;
	int rc = target_dir(c, &dir, err);

	if (rc != 1)
		return rc;
	if (strcmp(dir.name, ".") != 0) {
		if (place_look(&dir, &now, err) == -1)
			return -1;
		if (now.kind == PLACE_NONE)
			return 0;
		return err_set(err, ERR_IO, "%s is not a folder", dir.path);
	}
	if (place_in(&dir, SVC_LINK, &link, err) == -1 ||
	    place_look(&link, &now, err) == -1)
		return -1;
	if (now.kind != PLACE_NONE && now.kind != PLACE_SYMLINK)
		return err_set(err, ERR_IO,
			       "%s is in the way: it must be a link that the "
			       "installer makes; move it to %s/before and ln "
			       "-s before %s",
			       c->link, c->dir, c->link);
	if (target_check_link(&link, &now, err) == -1)
		return -1;
	*ret_text = now.link;
	now.link = NULL;
	move(ret, &link);
	return 1;
}

/* Into the generation that the link names: by hand, since in a foreign folder
 * no link is followed otherwise. 1, 0, -1. */
static int open_current(const struct svc_cert *c, const char *name,
			struct place *ret, struct err *err)
{
	AUTO(place_close) struct place link = PLACE_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place gen = PLACE_INIT;
	AUTO(mem_free_str) char *text = NULL;
	AUTO(mem_free_str) char *path = NULL;
	int rc = target_link(c, &link, &text, err);

	if (rc != 1 || !text)
		return rc == -1 ? -1 : 0;
	/* An administrator's own. */
	if (strchr(text, '/') || (link.trusted && !link.shared)) {
		path = mem_printf("%s/%s", svc_inside(c, c->link), name);
		return place_open(c->root, path, 0, ret, err);
	}
	if (place_in(&link, text, &at, err) == -1)
		return -1;
	rc = place_enter(&at, &gen, err);
	if (rc != 1)
		return rc;
	return place_in(&gen, name, ret, err) == -1 ? -1 : 1;
}

static int open_file(const struct svc_cert *c, size_t i, struct place *ret,
		     struct err *err)
{
	const struct svc_file *f = &c->files[i];

	if (c->link)
		return open_current(c, f->name, ret, err);
	return place_open(c->root, svc_inside(c, f->path), 0, ret, err);
}

int target_read(const struct svc_cert *c, size_t i, struct place_old *ret,
		struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_file(c, i, &p, err);

	if (rc == -1 || (rc == 1 && place_read(&p, &now, err) == -1))
		return -1;
	if (now.kind != PLACE_NONE && now.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s is in the way: not a file",
			       p.path);
	*ret = now;
	now = (struct place_old) PLACE_OLD_INIT;
	return 0;
}

int target_there(const struct svc_cert *c, size_t i, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = open_file(c, i, &p, err);

	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	return now.kind != PLACE_NONE;
}

/* The same of PATH, which is not followed. */
static int taken(const struct svc_cert *c, const char *path, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open(c->root, svc_inside(c, path), PLACE_LAST, &p, err);

	if (rc != 1)
		return rc;
	if (place_look(&p, &now, err) == -1)
		return -1;
	return now.kind != PLACE_NONE;
}

int target_taken(const struct svc_cert *c, const char **ret_path,
		 struct err *err)
{
	for (size_t i = 0; i < (c->link ? 1 : c->n_files); i++) {
		const char *path = c->link ? c->link : c->files[i].path;
		int rc = taken(c, path, err);

		if (rc == 1)
			*ret_path = path;
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Is P, where a link led, one of those that were named. */
static int listed(const struct svc_cert *c, const struct place *p,
		  struct err *err)
{
	for (size_t i = 0; i < c->link_targets->n; i++) {
		AUTO(place_close) struct place at = PLACE_INIT;
		int rc =
			place_open(c->root, c->link_targets->v[i], 0, &at, err);

		if (rc == -1)
			return -1;
		if (rc == 1 && strcmp(at.path, p->path) == 0)
			return 1;
	}
	return 0;
}

/* A slip of ours must not cost /etc/passwd. */
static int check_led(const struct svc_cert *c, const struct svc_file *f,
		     const struct place *p, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	int rc = listed(c, p, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (place_read(p, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_FILE &&
	    format_holds(&f->format, sbuf_str(&now.content), now.content.len))
		return 0;
	return err_set(err, ERR_IO,
		       "link %s leads to %s, %s; remove the link, or name what "
		       "it leads to in link_targets of its service",
		       f->path, p->path,
		       now.kind == PLACE_NONE
			       ? "which is not there"
			       : "which holds no certificate and no key");
}

int target_open(const struct svc_cert *c, size_t i, struct place *ret,
		struct err *err)
{
	const struct svc_file *f = &c->files[i];
	const char *path = svc_inside(c, f->path);
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	AUTO(place_close) struct place led = PLACE_INIT;
	int rc = place_open(c->root, path, PLACE_LAST, &at, err);

	if (rc != 1)
		return rc;
	if (place_look(&at, &now, err) == -1)
		return -1;
	if (now.kind == PLACE_SYMLINK) {
		rc = place_open(c->root, path, 0, &led, err);
		if (rc != 1)
			return rc;
		if (check_led(c, f, &led, err) == -1)
			return -1;
		move(&at, &led);
		place_old_free(&now);
		if (place_look(&at, &now, err) == -1)
			return -1;
	}
	if (now.kind != PLACE_NONE && now.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s is in the way: not a file",
			       at.path);
	move(ret, &at);
	return 1;
}

/* --- commands --- */

/* PATH of C, which may be NULL or not be there yet. */
static int check_path(const struct svc_cert *c, const char *path,
		      struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	AUTO(place_close) struct place folder = PLACE_INIT;
	int rc;

	if (!path)
		return 0;
	rc = place_open(c->root, svc_inside(c, path), 0, &p, err);
	if (rc != 1 || (p.trusted && !p.shared))
		return rc == -1 ? -1 : 0;
	/* Which of those above it, and what mends that. */
	if (place_folder(p.folder, PLACE_TRUSTED, &folder, err) == -1)
		return -1;
	return err_set(err, ERR_CONFIG,
		       "folder %s is writable by others than its owner, run: "
		       "chmod go-w %s",
		       p.folder, p.folder);
}

static int check_given(const struct svc_cert *c, unsigned int given,
		       struct err *err)
{
	bool file = (given & SVC_GIVEN_FILE) != 0;

	if (((given & SVC_GIVEN_DIR) != 0 || (file && c->link)) &&
	    check_path(c, c->dir, err) == -1)
		return -1;
	if (file && check_path(c, c->leaf_path, err) == -1)
		return -1;
	return (given & SVC_GIVEN_KEY) != 0 ? check_path(c, c->conf->key, err)
					    : 0;
}

int target_check_command(const struct svc_command *c,
			 const struct svc_cert *certs, size_t n,
			 struct err *err)
{
	AUTO(mem_free_str) char *text = NULL;

	for (size_t i = 0; i < n && !c->user; i++) {
		if (check_given(&certs[i], c->given, err) == 0)
			continue;
		text = words_short(c->argv);
		return err_set(err, err->kind,
			       "\"%s\" has no user, and others can change "
			       "what it is given: %s; or give it a user",
			       text, err->msg);
	}
	return 0;
}

int target_check_endpoint(const struct svc *s, const struct svc_endpoint *e,
			  struct err *err)
{
	const struct svc_command c = { .argv = e->conf->command.v,
				       .user = e->conf->user,
				       .given = SVC_GIVEN_FILE };

	return e->conf->command.n == 0
		       ? 0
		       : target_check_command(&c, &s->certs[e->cert], 1, err);
}

int target_check_commands(const struct svc *s, struct err *err)
{
	for (int h = 0; h < HOOKS; h++)
		for (size_t i = 0; i < s->hooks[h].n; i++)
			if (target_check_command(&s->hooks[h].v[i], s->certs,
						 s->n_certs, err) == -1)
				return -1;
	for (size_t i = 0; i < s->n_endpoints; i++)
		if (target_check_endpoint(s, &s->endpoints[i], err) == -1)
			return -1;
	return 0;
}
