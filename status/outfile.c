/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "outfile.h"

#define BUFFER ((size_t) 1 << 18)

struct outfile {
	char *path, *temp;
	FILE *f; /* writes to fd; a stream does not keep why it failed */
	int fd;
	int lost; /* errno of the first failure, or 0 */
};

void outfile_drop(struct outfile **o)
{
	if (!*o)
		return;
	if ((*o)->f)
		fclose((*o)->f);
	if ((*o)->fd != -1)
		close((*o)->fd);
	if ((*o)->temp)
		unlink((*o)->temp);
	free((*o)->temp);
	free((*o)->path);
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
		ssize_t n = write(o->fd, text + done, len - done);

		if (n >= 0)
			done += (size_t) n;
		else if (errno != EINTR)
			lose(o);
	}
	return (ssize_t) done;
}

int outfile_open(const char *path, struct outfile **ret, struct err *err)
{
	static const struct file_attr attr = { .mode = 0644,
					       .uid = FILE_KEEP,
					       .gid = (gid_t) FILE_KEEP };
	static const cookie_io_functions_t io = { .write = put };
	AUTO(outfile_drop) struct outfile *o = NULL;
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "%s is no regular file: leave --output away to "
			       "write to standard output",
			       path);
	o = mem_alloc(sizeof(*o));
	o->fd = -1;
	o->path = mem_strdup(path);
	if (file_begin(path, &attr, &o->temp, &o->fd, err) == -1)
		return -1;
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

int outfile_commit(struct outfile **op, struct err *err)
{
	AUTO(outfile_drop) struct outfile *o = TAKE(*op);
	FILE *f = TAKE(o->f);
	int fd = o->fd;

	if (fclose(f) != 0 || fsync(fd) == -1)
		lose(o);
	/* A full network file system may say so only now. */
	o->fd = -1;
	if (close(fd) == -1)
		lose(o);
	if (o->lost != 0) {
		errno = o->lost;
		return err_errno(err, ERR_IO, "%s: cannot be written", o->path);
	}
	if (file_commit(o->temp, o->path, err) == -1)
		return -1;
	mem_free_str(&o->temp);
	return 0;
}
