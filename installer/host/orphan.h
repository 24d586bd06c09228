/* SPDX-License-Identifier: MIT */
#ifndef ORPHAN_H
#define ORPHAN_H

/*
 * Certificates that this host installed and that its configuration does not
 * have any more, while their files are where they were put: a service goes on
 * with them until they expire. STATE_DIR/installed remembers, of what is
 * configured, where it is and what it looked like. One is forgotten when its
 * file is gone, or is another one; what cannot be read is not gone. The file
 * may be lost: it is made anew, of what is configured.
 *
 * The same certificate of the same service elsewhere, or of another service at
 * the same path, has not been dropped.
 */

#include "host.h"

#define ORPHAN_STATE "dropped" /* beside those of receipts */

/* At the end of a run: tell of them, as loud as the run is, and remember. */
void orphan_look(struct host *r);
/* Those that there are, as receipts about their files; what is remembered is
 * left as it is. -1: what was installed is not known. */
int orphan_list(const struct host *r, struct receipts *ret,
		struct err *err) MUST_CHECK;

#endif
