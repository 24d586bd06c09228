/* SPDX-License-Identifier: MIT */
#ifndef NAGIOS_H
#define NAGIOS_H

/*
 * What a monitoring plugin is held to beside its output (out.h, out_nagios):
 * whatever goes wrong is UNKNOWN, status 3, with a line on stdout.
 */

#include <stdbool.h>
#include <stdio.h>
#include "mem.h"

enum nagios_status {
	NAGIOS_OK,
	NAGIOS_WARNING,
	NAGIOS_CRITICAL,
	NAGIOS_UNKNOWN,
};

/* Before anything is parsed: is --nagios among the options? Then usage errors
 * are UNKNOWN from now on. */
bool nagios_asked(int argc, char **argv);
/* One line, whatever its length, of which nothing can be taken for performance
 * data. Gives NAGIOS_UNKNOWN. */
int nagios_unknown(FILE *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
