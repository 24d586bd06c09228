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
	FILE *f;
};

void outfile_drop(struct outfile **o)
{
	if (!*o)
		return;
	if ((*o)->f)
		fclose((*o)->f);
	if ((*o)->temp)
		unlink((*o)->temp);
	free((*o)->temp);
	free((*o)->path);
	free(*o);
	*o = NULL;
}

int outfile_open(const char *path, struct outfile **ret, struct err *err)
{
	static const struct file_attr attr = { .mode = 0644,
					       .uid = FILE_KEEP,
					       .gid = (gid_t) FILE_KEEP };
	AUTO(outfile_drop) struct outfile *o = NULL;
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "%s is no regular file: leave --output away to "
			       "write to standard output",
			       path);
	o = mem_alloc(sizeof(*o));
	o->path = mem_strdup(path);
	if (file_begin(path, &attr, &o->temp, &fd, err) == -1)
		return -1;
	o->f = fdopen(fd, "w");
	if (!o->f) {
		close(fd);
		return err_errno(err, ERR_IO, "%s: cannot be written", path);
	}
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
	/* What was lost earlier is not seen by the last fflush(). */
	bool lost = ferror(f);

	errno = EIO;
	lost = fflush(f) != 0 || fsync(fileno(f)) == -1 || lost;
	/* A full network file system may say so only now. */
	lost = fclose(f) != 0 || lost;
	if (lost)
		return err_errno(err, ERR_IO, "%s: cannot be written", o->path);
	if (file_commit(o->temp, o->path, err) == -1)
		return -1;
	mem_free_str(&o->temp);
	return 0;
}
