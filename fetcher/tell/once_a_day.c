/* SPDX-License-Identifier: MIT */
#include "once_a_day.h"
#include <inttypes.h>
#include <string.h>
#include "file.h"
#include "log.h"
#include "num.h"

#define DAY 86400

bool once_a_day_done(const char *dir, const char *file, int64_t now)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", dir, file);
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(40);
	int64_t when;

	if (file_read(path, &text, NULL) != 1 ||
	    num_int(sbuf_str(&text), 0, INT64_MAX, &when, NULL) == -1)
		return false;
	/* One from the future was written by a wrong clock. */
	return when <= now && now - when < DAY;
}

void once_a_day_mark(const char *dir, const char *file, int64_t now)
{
	AUTO(mem_free_str) char *path = mem_printf("%s/%s", dir, file);
	AUTO(mem_free_str) char *stamp = mem_printf("%" PRId64, now);
	const struct file_attr attr = { .mode = 0600,
					.uid = FILE_KEEP,
					.gid = FILE_KEEP };
	struct err err = ERR_INIT;

	if (file_replace(path, stamp, strlen(stamp), &attr, &err) == -1)
		log_warn("%s (what is said or done once a day may be so in "
			 "each run)",
			 err.msg);
}
