/* SPDX-License-Identifier: MIT */
#ifndef OUTFILE_H
#define OUTFILE_H

/*
 * What `--output FILE` names: written beside it, readable by everyone (a web
 * server, node_exporter), synced and renamed over it, so that a reader sees all
 * of the old one or all of the new one. Root may write where others own a
 * folder on the way: it is walked to by descriptor, see place.h; a link that is
 * ours is followed, and stays, one that others can change is ERR_IO.
 */

#include <stdio.h>
#include "err.h"

struct outfile;

/* A PATH that is there and is no regular file (a device) is ERR_USAGE, all else
 * ERR_IO. */
int outfile_open(const char *path, struct outfile **ret,
		 struct err *err) MUST_CHECK;
FILE *outfile_stream(struct outfile *o); /* borrowed, with a large buffer */
/* All of it is PATH now, or PATH is as it was. *O is NULL, either way. */
int outfile_commit(struct outfile **o, struct err *err) MUST_CHECK;
/* For AUTO: unless committed, the temporary file goes. */
void outfile_drop(struct outfile **o);

#endif
