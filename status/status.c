/* SPDX-License-Identifier: MIT */
#include "opts.h"
#include "startup.h"

#define PROGRAM "certrepo-status"

static const struct opts_option options[] = {
	{ 'c', "config", "FILE", "instead of status.conf or certrepo.conf" },
	{ 0 },
};

static const struct opts_spec spec = {
	.program = PROGRAM,
	.usage = "[options] [NAME...]",
	.summary = "The fleet at a glance: certificates, hosts, and what needs "
		   "somebody.",
	.options = options,
};

static bool take_option(int k, const char *value, void *arg)
{
	return k == 'c' && *value != '\0';
}

int main(int argc, char **argv)
{
	opts_parse(&spec, argc, argv, take_option, NULL);
	return opts_end(PROGRAM, 0);
}
