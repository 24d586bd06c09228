/* SPDX-License-Identifier: MIT */
#ifndef CAA_H
#define CAA_H

/*
 * "certrepo-fetcher caa NAME...": the CAA records that let the CA of a
 * certificate issue for each of its names, by our account and by the way the
 * name is proven, and for nobody else (RFC 8659, RFC 8657); and what is
 * published now. Changes nothing.
 *
 * The text is a piece of a zone file: records, and sentences as comments.
 */

#include "command.h"

extern const struct command caa_command;

#endif
