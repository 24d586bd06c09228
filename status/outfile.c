/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "outfile.h"
#include "place.h"

#define BUFFER ((size_t) 1 << 18)

struct outfile {
	struct place at;
	struct place_new temp;
	FILE *f;  /* writes to temp; a stream does not keep why it failed */
	int lost; /* errno of the first failure, or 0 */
};

void outfile_drop(struct outfile **o)
{
	if (!*o)
		return;
	if ((*o)->f)
		fclose((*o)->f);
	place_drop(&(*o)->at, &(*o)->temp);
	place_close(&(*o)->at);
	free(*o);
	*o = NULL;
}

static void lose(struct outfile *o)
{
	if (o->lost == 0)
		o->lost = errno;
}

/* What is behind a failure is not written: it would leave a hole. */
static ssize_t put(void *cookie, const char *text, size_t len)
{
	struct outfile *o = cookie;
	size_t done = 0;

	while (done < len && o->lost == 0) {
		ssize_t n = write(o->temp.fd, text + done, len - done);

		if (n >= 0)
			done += (size_t) n;
		else if (errno != EINTR)
			lose(o);
	}
	return (ssize_t) done;
}

/* To who looks at the exit status all of it is one: it was not written. */
static int unwritten(struct err *err)
{
	err->kind = ERR_IO;
	return -1;
}

static int walk(const char *path, struct place *ret, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = place_open("", path, 0, ret, &why);

	if (rc == 1)
		return 0;
	if (rc == 0)
		return err_set(err, ERR_IO,
			       "%s cannot be written: its folder is missing",
			       path);
	if (strncmp(why.msg, "link ", 5) == 0)
		return err_set(err, why.kind,
			       "%s; where it is meant, name with --output what "
			       "it leads to",
			       why.msg);
	*err = why;
	return -1;
}

int outfile_open(const char *path, struct outfile **ret, struct err *err)
{
	static const struct file_attr attr = { .mode = 0644,
					       .uid = FILE_KEEP,
					       .gid = (gid_t) FILE_KEEP };
	static const cookie_io_functions_t io = { .write = put };
	AUTO(outfile_drop) struct outfile *o = mem_alloc(sizeof(*o));
	struct stat st;

	o->at = (struct place) PLACE_INIT;
	o->temp = (struct place_new) PLACE_NEW_INIT;
	if (walk(path, &o->at, err) == -1)
		return unwritten(err);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "%s is no regular file: leave --output away to "
			       "write to standard output",
			       path);
	if (place_stage(&o->at, "", 0, &attr, NULL, &o->temp, err) == -1)
		return unwritten(err);
	o->f = fopencookie(o, "w", io);
	if (!o->f)
		return err_errno(err, ERR_IO, "%s: cannot be written", path);
	setvbuf(o->f, NULL, _IOFBF, BUFFER);
	*ret = TAKE(o);
	return 0;
}

FILE *outfile_stream(struct outfile *o)
{
	return o->f;
}

/* A full network file system may say so only at a close. The descriptor itself
 * stays open, so that a swap is noticed. */
static void flush(struct outfile *o)
{
	int copy;

	if (fsync(o->temp.fd) == -1)
		lose(o);
	copy = dup(o->temp.fd);
	if (copy == -1 || close(copy) == -1)
		lose(o);
}

int outfile_commit(struct outfile **op, struct err *err)
{
	AUTO(outfile_drop) struct outfile *o = TAKE(*op);
	FILE *f = TAKE(o->f);

	if (fclose(f) != 0)
		lose(o);
	flush(o);
	if (o->lost != 0) {
		errno = o->lost;
		return err_errno(err, ERR_IO, "%s: cannot be written",
				 o->at.path);
	}
	if (place_commit(&o->at, &o->temp, false, err) == -1)
		return unwritten(err);
	return 0;
}
