/* SPDX-License-Identifier: MIT */
#ifndef DISC_PARENTS_H
#define DISC_PARENTS_H

/*
 * Below which domains a CA may be looked for (draft-tweedale-acme-discovery,
 * section "candidate parent domains"). Pure.
 *
 * Those of the configuration, in its order; and where "auto" stands among
 * them, what this host belongs to: its name without its first labels, the
 * search domains of resolv.conf(5), the default realm of krb5.conf(5) in lower
 * case and what is above it. Of the latter a domain comes before those above
 * it. None of them is a public suffix, as libpsl has it, or a single label:
 * whoever has that name is nobody of ours.
 */

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"

#define DISC_PARENTS_MAX 16
#define DISC_AUTO	 "auto"
#define DISC_FILE_MAX	 (64 * 1024)

struct disc_sources {
	const char *const *configured; /* n of them; any spelling */
	size_t n;
	const char *host;	 /* its full name, or NULL */
	const char *resolv_conf; /* the files' text, or NULL */
	const char *krb5_conf;
};

struct disc_parent {
	const char *name; /* canonical, unless it is skipped */
	const char *skip; /* why it is none, in few words; else NULL */
};
struct disc_parents {
	struct disc_parent v[DISC_PARENTS_MAX];
	size_t n;
};

/* Names in ARENA. No duplicates; what is over the limit is left out. Skipped
 * are only those that the configuration names. */
void disc_parents(const struct disc_sources *s, struct arena *arena,
		  struct disc_parents *ret);

/* A name below which nobody is to look: NULL, or why. Canonical. */
const char *disc_parent_bad(const char *name);

#endif
