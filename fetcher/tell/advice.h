/* SPDX-License-Identifier: MIT */
#ifndef ADVICE_H
#define ADVICE_H

/*
 * What a person can do about a name that fails. Pure. What peers say, and
 * whatever else may be written into a row, chooses among our sentences, and is
 * no part of them: people copy commands from there.
 */

#include <stdbool.h>

enum advice_command {
	ADVICE_NONE,
	ADVICE_CSR,	  /* another CSR is enrolled */
	ADVICE_NAME,	  /* another CSR; or another CA */
	ADVICE_CA,	  /* another CA, where there is one */
	ADVICE_CAA,	  /* the records are shown; or another CA */
	ADVICE_FOLDER,	  /* its web root is given to the fetcher */
	ADVICE_WEBROOT,	  /* one is named */
	ADVICE_CHALLENGE, /* the proof is given in the DNS */
	ADVICE_LOOK,	  /* an attempt of it alone */
};

struct advice {
	const char *fail_class;
	const char *said; /* in the detail, or NULL: whatever it says */
	const char *text;
	enum advice_command command;
	bool hurts; /* to try at once makes it worse */
};

/* Of a class of failure, and what was said of it, or NULL. NULL: it is not one
 * of a name. */
const struct advice *advice_of(const char *fail_class, const char *detail);

#endif
