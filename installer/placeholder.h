/* SPDX-License-Identifier: MIT */
#ifndef PLACEHOLDER_H
#define PLACEHOLDER_H

/*
 * --placeholder: a self-signed certificate of the host's key where a service
 * has none yet, in the layout of its profile, so that it starts before the
 * first certificate. Whatever is there, is left as it is. Needs no store and no
 * network, and runs nothing.
 *
 * Anybody who can write a service's files can make what looks like one. He
 * gains nothing: it is replaced like any other self-signed certificate, and
 * where this host once installed one of the store, it is told of as gone.
 */

#include "host.h"

/* Of every wanted service, and a line of each certificate; counted in good and
 * bad. */
void placeholder_lay(struct host *r);

#endif
