/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "backup.h"
#include "deploy.h"
#include "enc.h"
#include "gen.h"
#include "whose.h"

int whose_theirs(const struct journal_op *o, struct err *err)
{
	return err_set(err, ERR_CONFLICT,
		       "%s was changed by somebody else meanwhile", o->path);
}

/* Of file I of J, NOW at its path. */
static int content(const char *state_dir, const struct journal *j, size_t i,
		   const struct place_old *now, enum whose *ret,
		   struct err *err)
{
	const struct journal_op *o = &j->ops[i];
	char hex[ENC_SHA256_HEX];
	int rc;

	enc_sha256_hex(sbuf_str(&now->content), now->content.len, hex);
	*ret = WHOSE_THEIRS;
	/* A number of an inode is given away again: it alone says nothing. */
	if (o->sha256 && strcmp(hex, o->sha256) == 0 &&
	    (o->old || now->ino == (ino_t) o->ino)) {
		*ret = WHOSE_NEW;
		return 0;
	}
	rc = o->old ? backup_is_old(state_dir, j, i, now, err) : 0;
	if (rc == 1)
		*ret = WHOSE_OLD;
	return rc == -1 ? -1 : 0;
}

static int file_at(const char *state_dir, const struct journal *j, size_t i,
		   const struct place *p, enum whose *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old at = PLACE_OLD_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	const struct journal_op *o = &j->ops[i];

	if (place_look(p, &at, err) == -1)
		return -1;
	if (at.kind != PLACE_FILE) {
		*ret = at.kind == PLACE_NONE ? WHOSE_NOBODYS : WHOSE_THEIRS;
		return 0;
	}
	if (place_read(p, &now, err) == 0)
		return content(state_dir, j, i, &now, ret, err);
	/* What we put on a disk that fails must not stay for that. */
	if (o->old && o->ino != 0 && at.ino == (ino_t) o->ino)
		*ret = WHOSE_NEW;
	else if (err->kind == ERR_CONFLICT)
		*ret = WHOSE_THEIRS;
	else
		return -1;
	err_clear(err);
	return 0;
}

/* Does the link NOW, at P, say TEXT, or lead to the same folder. */
static bool is_link(const struct place *p, const struct place_old *now,
		    const char *text)
{
	char a[GEN_ID], b[GEN_ID];

	if (!now->link || !text)
		return false;
	return strcmp(now->link, text) == 0 ||
	       (gen_leads(p, now->link, a, NULL) == 1 &&
		gen_leads(p, text, b, NULL) == 1 && strcmp(a, b) == 0);
}

static int link_at(const struct place *p, const struct journal_op *o,
		   enum whose *ret, struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	uint64_t ino;
	int rc = 0;

	if (place_look(p, &now, err) == -1)
		return -1;
	if (now.link)
		rc = deploy_see_generation(p, now.link, &ino, err);
	if (rc == -1)
		return -1;
	if (is_link(p, &now, o->next) &&
	    (o->old || strcmp(now.link, o->next) == 0))
		*ret = WHOSE_NEW;
	else if (is_link(p, &now, o->old))
		*ret = WHOSE_OLD;
	/* A link to nothing is none. */
	else if (now.kind == PLACE_NONE || (now.link && rc == 0))
		*ret = WHOSE_NOBODYS;
	else
		*ret = WHOSE_THEIRS;
	return 0;
}

int whose_look(const char *state_dir, const struct journal *j, size_t i,
	       const struct place *p, enum whose *ret, struct err *err)
{
	const struct journal_op *o = &j->ops[i];

	/* Without inodes it puts back what it has, and removes nothing. */
	if (j->version == 1) {
		*ret = o->old ? WHOSE_NEW : WHOSE_NOBODYS;
		return 0;
	}
	return o->type == JOURNAL_LINK ? link_at(p, o, ret, err)
				       : file_at(state_dir, j, i, p, ret, err);
}
