/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "clock.h"
#include "gen.h"
#include "log.h"
#include "num.h"

#define KIND	   "certrepo-folders\t"
#define MAGIC	   KIND "2"
#define RECORD_MAX (4u << 20)
#define FIELDS_MAX 6

/* One more: the digits of its end, not all of them f, as a number. */
static void next_name(const char *after, char buf[GEN_NAME])
{
	size_t i = 25;

	memcpy(buf, after, 26);
	while (i-- > 17 && buf[i] == 'f')
		buf[i] = '0';
	buf[i] = buf[i] == '9' ? 'a' : (char) (buf[i] + 1);
}

int gen_name(int64_t now, const char *after, char buf[GEN_NAME],
	     struct err *err)
{
	char text[CLOCK_TEXT];
	uint32_t random;
	ssize_t got;
	size_t n = 0;

	do
		got = getrandom(&random, sizeof(random), 0);
	while (got == -1 && errno == EINTR);
	if (got != sizeof(random))
		return err_errno(err, ERR_IO, "no random bytes to be had");
	clock_text(now, text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			buf[n++] = *p;
	snprintf(buf + n, GEN_NAME - n, "-%08x", random);
	if (after && gen_ok(after) && strcmp(buf, after) <= 0 &&
	    strcmp(after + 17, "ffffffff") != 0)
		next_name(after, buf);
	return 0;
}

bool gen_ok(const char *name)
{
	return strlen(name) == 25 && strspn(name, "0123456789") == 8 &&
	       name[8] == 'T' && strspn(name + 9, "0123456789") == 6 &&
	       name[15] == 'Z' && name[16] == '-' &&
	       strspn(name + 17, "0123456789abcdef") == 8;
}

/* --- the record --- */

static char *record_path(const char *state_dir, const char *service)
{
	return mem_printf("%s/folders/%s", state_dir, service);
}

void gen_add(struct gen_folders *all, struct arena *arena,
	     const struct gen_folder *f)
{
	struct gen_folder *v = arena_array(arena, all->n + 1, sizeof(*v));

	if (all->n > 0)
		memcpy(v, all->v, all->n * sizeof(*v));
	v[all->n++] = *f;
	all->v = v;
}

static size_t split(char *s, char *v[FIELDS_MAX])
{
	size_t n = 0;

	while (n < FIELDS_MAX) {
		char *tab = strchr(s, '\t');

		v[n++] = s;
		if (!tab)
			break;
		*tab = '\0';
		s = tab + 1;
	}
	return n;
}

static bool take_line(char *line, struct arena *arena, struct gen_folders *ret)
{
	struct gen_folder *last = ret->n > 0 ? &ret->v[ret->n - 1] : NULL;
	char *v[FIELDS_MAX];
	size_t n = split(line, v);
	int64_t ino;

	if (n == 2 && strcmp(v[0], "file") == 0 && last &&
	    last->n_files < GEN_FILES_MAX) {
		last->files[last->n_files++] = v[1];
		return true;
	}
	if (n != 6 || strcmp(v[0], "folder") != 0 || *v[2] != '/' ||
	    ret->n == GEN_FOLDERS_MAX ||
	    num_int(v[5], 1, INT64_MAX, &ino, NULL) == -1)
		return false;
	ret->v[ret->n++] = (struct gen_folder){
		.gen = v[1],
		.dir = v[2],
		.name = v[3],
		.temp = v[4],
		.ino = (uint64_t) ino,
		.files = arena_array(arena, GEN_FILES_MAX,
				     sizeof(*ret->v->files)),
	};
	return true;
}

static int parse(char *p, struct arena *arena, struct gen_folders *ret)
{
	struct gen_folders out = { .n = 0 };
	bool first = true;
	size_t lines = 0;
	char *nl;

	for (const char *s = p; (s = strchr(s, '\n')); s++)
		lines++;
	out.v = arena_array(arena, lines + 1, sizeof(*out.v));
	for (; (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = '\0';
		if (first && strcmp(p, MAGIC) != 0)
			return -1;
		if (!first && strcmp(p, "end") == 0) {
			*ret = out;
			return nl[1] == '\0' ? 0 : -1;
		}
		if (!first && !take_line(p, arena, &out))
			return -1;
		first = false;
	}
	return -1;
}

int gen_load(const char *state_dir, const char *service, struct arena *arena,
	     struct gen_folders *ret, struct err *err)
{
	AUTO(mem_free_str) char *path = record_path(state_dir, service);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(RECORD_MAX);
	struct gen_folders out = { .n = 0 };
	int rc = place_read_path("", path, PLACE_TRUSTED, &text, err);

	*ret = out;
	if (rc != 1)
		return rc;
	if (parse(arena_strdup(arena, sbuf_str(&text)), arena, &out) == 0) {
		*ret = out;
		return 0;
	}
	if (strncmp(sbuf_str(&text), KIND, strlen(KIND)) == 0 &&
	    strncmp(sbuf_str(&text), MAGIC "\n", strlen(MAGIC) + 1) != 0)
		return err_set(err, ERR_INPUT,
			       "another version of this program wrote %s",
			       path);
	/* Renewals are worth more than the room that they take. */
	log_warn("%s is damaged and begins anew; old folders that no link "
		 "names are yours to remove",
		 path);
	return 0;
}

int gen_save(const char *state_dir, const char *service,
	     const struct gen_folders *all, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(mem_free_str) char *path = record_path(state_dir, service);
	AUTO(mem_free_str) char *dir = file_dirname(path);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(RECORD_MAX);
	AUTO(place_close) struct place p = PLACE_INIT;
	bool any = false;

	sbuf_adds(&text, MAGIC "\n");
	for (size_t i = 0; i < all->n; i++) {
		const struct gen_folder *f = &all->v[i];

		if (f->gone)
			continue;
		any = true;
		sbuf_addf(&text, "folder\t%s\t%s\t%s\t%s\t%llu\n", f->gen,
			  f->dir, f->name, f->temp,
			  (unsigned long long) f->ino);
		for (size_t k = 0; k < f->n_files; k++)
			sbuf_addf(&text, "file\t%s\n", f->files[k]);
	}
	sbuf_adds(&text, "end\n");
	if (sbuf_over(&text))
		return err_set(err, ERR_LIMIT, "%s would be too large", path);
	if (place_make_path(dir, 0700, err) == -1)
		return -1;
	if (!any)
		return place_open("", path, PLACE_TRUSTED | PLACE_LAST, &p,
				  err) == 1
			       ? place_remove(&p, err)
			       : -1;
	return place_write_path(path, sbuf_str(&text), text.len, &attr, err);
}

/* --- where links lead --- */

char *gen_trim(const char *text)
{
	size_t len;

	while (strncmp(text, "./", 2) == 0)
		text += 2 + strspn(text + 2, "/");
	len = strlen(text);
	while (len > 1 && (text[len - 1] == '/' ||
			   (text[len - 1] == '.' && text[len - 2] == '/')))
		len--;
	return mem_strndup(text, len);
}

static int folder_id(dev_t dev, ino_t ino, char ret[GEN_ID])
{
	snprintf(ret, GEN_ID, "%llu:%llu", (unsigned long long) dev,
		 (unsigned long long) ino);
	return 1;
}

int gen_leads(const struct place *dir, const char *text, char ret[GEN_ID],
	      struct err *err)
{
	AUTO(mem_free_str) char *name = gen_trim(text);
	AUTO(mem_free_str) char *path = NULL;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	struct stat st;
	int rc;

	if (*name != '\0' && *name != '.' && !strchr(name, '/')) {
		if (place_in(dir, name, &at, err) == -1 ||
		    place_look(&at, &now, err) == -1)
			return -1;
		if (now.kind == PLACE_FOLDER)
			return folder_id(now.dev, now.ino, ret);
		if (now.kind != PLACE_SYMLINK)
			return 0;
		place_close(&at);
	}
	path = *text == '/' ? mem_strdup(text)
			    : mem_printf("%s/%s", dir->folder, text);
	rc = place_open("", path, 0, &at, err);
	if (rc != 1 || strcmp(at.name, ".") != 0)
		return rc == -1 ? -1 : 0;
	if (fstat(at.fd, &st) == -1)
		return err_errno(err, ERR_IO, "folder %s", at.folder);
	return folder_id(st.st_dev, st.st_ino, ret);
}

int gen_use(const struct place *dir, const char *text, struct strlist *used,
	    struct err *err)
{
	AUTO(mem_free_str) char *name = gen_trim(text);
	const char *slash = strrchr(name, '/');
	char id[GEN_ID];
	int rc = dir ? gen_leads(dir, text, id, err) : 0;

	if (rc == -1)
		return -1;
	/* The name as well: in a prefix it may lead where we do not see. */
	strlist_add(used, slash ? slash + 1 : name);
	if (rc == 1)
		strlist_add(used, id);
	return 0;
}

/* --- removing --- */

/* NAME in DIR, of F. */
static int remove_one(const struct place *dir, const char *name,
		      const struct gen_folder *f, struct err *err)
{
	AUTO(strlist_free) struct strlist files = STRLIST_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;

	for (size_t i = 0; i < f->n_files; i++)
		strlist_add(&files, f->files[i]);
	if (place_in(dir, name, &p, err) == -1)
		return -1;
	return place_remove_folder(&p, (ino_t) f->ino, &files, err) == -1 ? -1
									  : 0;
}

static bool is_used(const struct gen_folder *f, const struct place *dir,
		    const struct strlist *used)
{
	char id[GEN_ID];

	(void) folder_id(dir->dev, (ino_t) f->ino, id);
	return strlist_has(used, f->name) || strlist_has(used, id);
}

int gen_remove(struct gen_folder *f, const char *link,
	       const struct strlist *used, struct err *err)
{
	AUTO(strlist_free) struct strlist here = STRLIST_INIT;
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	AUTO(place_close) struct place dir = PLACE_INIT;
	AUTO(place_close) struct place at = PLACE_INIT;
	int rc;

	if (strlist_has(used, f->name))
		return 0;
	rc = place_open("", f->dir, 0, &dir, err);
	if (rc == -1)
		return -1;
	/* Not mounted, maybe. */
	f->away = rc == 0 || strcmp(dir.name, ".") != 0;
	if (f->away)
		return 0;
	if (place_in(&dir, link, &at, err) == -1 ||
	    place_look(&at, &now, err) == -1 ||
	    (now.link && gen_use(&dir, now.link, &here, err) == -1))
		return -1;
	if (is_used(f, &dir, used) || is_used(f, &dir, &here))
		return 0;
	if (remove_one(&dir, f->temp, f, err) == -1 ||
	    remove_one(&dir, f->name, f, err) == -1)
		return -1;
	f->gone = true;
	return 0;
}
