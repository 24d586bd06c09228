/* SPDX-License-Identifier: MIT */
#ifndef STARTUP_H
#define STARTUP_H

/* What a program sees to before anything else; nothing of it can fail. */

/* Descriptors 0 to 2 are open (a file opened later, a lock say, would be where
 * messages go), where it was closed standard output as one that takes nothing:
 * who prints there finds that it is lost (opts_end()). And a file that is too
 * big for ulimit -f is an error of its write, not our end. */
void startup_plain(void);

/* That, for a program that reads private keys: no core dumps (the hard limit
 * stays, for services that it starts), no debugger of another program of the
 * same user, nothing readable by others unless a mode says so; a peer that goes
 * away is an error of the write. */
void startup_secret(void);

#endif
