/* SPDX-License-Identifier: MIT */
#include "once_a_day.h"
#include <inttypes.h>
#include <string.h>
#include "file.h"
#include "num.h"

#define DAY 86400

int once_a_day_done(const char *dir, const char *file, int64_t now,
		    struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", dir, file);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(40);
	int64_t when;
	int found = file_read(path, &text, err);

	if (found != 1)
		return found;
	if (num_int(sbuf_str(&text), 0, INT64_MAX, &when, NULL) == -1)
		return 0;
	/* One from the future was written by a wrong clock. */
	return when <= now && now - when < DAY;
}

int once_a_day_mark(const char *dir, const char *file, int64_t now,
		    struct err *err)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", dir, file);
	AUTO(mem_free_str) char *stamp = mem_printf("%" PRId64, now);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };

	return file_replace(path, stamp, strlen(stamp), &attr, err);
}
