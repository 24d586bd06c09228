/* SPDX-License-Identifier: MIT */
#include "instance.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "enc.h"
#include "file.h"
#include "lockfile.h"
#include "sbuf.h"

#define ID_FILE	    "fetcher.id"
#define LOCK_FILE   "fetcher.lock"
#define ID_RANDOM   8
#define ID_HOST_MAX 20

struct instance {
	struct lockfile *lock;
	char *id;
};

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/* "host-0123456789abcdef": the host for people, the rest to be unique. */
static int make_id(char id[INSTANCE_ID_MAX], struct err *err)
{
	unsigned char r[ID_RANDOM];
	char hex[2 * ID_RANDOM + 1];
	char host[ID_HOST_MAX + 1] = "";
	char *p;

	if (getrandom(r, sizeof(r), 0) != (ssize_t) sizeof(r))
		return err_errno(err, ERR_IO, "getrandom");
	(void) gethostname(host, sizeof(host) - 1);
	for (p = host; *p && *p != '.'; p++) {
		*p = (char) tolower((unsigned char) *p);
		if (!strchr(alphabet, *p))
			*p = '-';
	}
	*p = '\0';
	(void) snprintf(id, INSTANCE_ID_MAX, "%s-%s", host[0] ? host : "host",
			enc_hex(r, sizeof(r), hex));
	return 0;
}

static int check_id(const char *path, const char *id, struct err *err)
{
	size_t n = strspn(id, alphabet);

	if (n == 0 || n >= INSTANCE_ID_MAX || id[n] != '\0')
		return err_set(err, ERR_CONFIG,
			       "%s does not hold an instance id; remove it "
			       "while no fetcher runs and a new one is made",
			       path);
	return 0;
}

static int load_id(const char *path, char **ret, struct err *err)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(INSTANCE_ID_MAX);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	char id[INSTANCE_ID_MAX];
	int found = file_read(path, &text, err);

	if (found == -1 && err->kind == ERR_LIMIT)
		return check_id(path, "", err);
	if (found == -1)
		return -1;
	if (found == 1) {
		char *line = mem_strdup(sbuf_str(&text));

		line[strcspn(line, "\n")] = '\0';
		if (check_id(path, line, err) == -1) {
			free(line);
			return -1;
		}
		*ret = line;
		return 0;
	}
	if (make_id(id, err) == -1 ||
	    file_replace(path, id, strlen(id), &attr, err) == -1)
		return -1;
	*ret = mem_strdup(id);
	return 0;
}

int instance_open(const char *dir, struct instance **ret, struct err *err)
{
	AUTO(instance_free) struct instance *i = mem_alloc(sizeof(*i));
	AUTO(mem_free_str) char *lock = mem_printf("%s/%s", dir, LOCK_FILE);
	AUTO(mem_free_str) char *id = mem_printf("%s/%s", dir, ID_FILE);

	/* The lock first: two first runs at once must not make two ids. */
	if (file_mkdir(dir, 0700, err) == -1 ||
	    lockfile_acquire(lock, &i->lock, err) == -1 ||
	    load_id(id, &i->id, err) == -1) {
		if (access(dir, W_OK) == -1 && errno == EROFS)
			return err_set(
				err, ERR_CONFIG,
				"state_dir %s is on a file system that "
				"is mounted read-only, as after an error "
				"of its disk (dmesg), or the unit of systemd "
				"does not name it in ReadWritePaths=: nothing "
				"was done; when that is mended, mount it for "
				"writing",
				dir);
		if (err->kind == ERR_IO)
			err->kind = ERR_CONFIG;
		return err->kind == ERR_CONFIG ? err_wrap(err, "state_dir")
					       : -1;
	}
	*ret = TAKE(i);
	return 0;
}

void instance_free(struct instance **i)
{
	if (!*i)
		return;
	lockfile_free(&(*i)->lock);
	free((*i)->id);
	free(*i);
	*i = NULL;
}

const char *instance_id(const struct instance *i)
{
	return i->id;
}

char *instance_peek(const char *dir)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", dir, ID_FILE);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(INSTANCE_ID_MAX);
	struct err err = ERR_INIT;

	if (file_read(path, &text, &err) != 1)
		return NULL;
	return mem_strndup(sbuf_str(&text), strcspn(sbuf_str(&text), "\n"));
}
