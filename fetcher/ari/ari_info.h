/* SPDX-License-Identifier: MIT */
#ifndef ARI_INFO_H
#define ARI_INFO_H

/*
 * When a CA wants a certificate renewed (RFC 9773): what it answers, and what
 * is made of it. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "err.h"

#define ARI_BODY_MAX   8192 /* bytes of an answer */
#define ARI_URL_MAX    500
#define ARI_EVERY      (6 * 3600) /* s: a CA that does not say */
#define ARI_EVERY_LESS 60
#define ARI_EVERY_MOST 86400

struct ari_info {
	int64_t start, end; /* whole seconds within the window: start < end */
	const char *url;    /* where a person reads why, https or http, at most
			     * ARI_URL_MAX printable characters; or NULL */
};

/* Section 4.2. ERR_INPUT: no such object, an instant that is not one of RFC
 * 3339 between 1970 and 9999, or an end that is not after the start. A URL
 * that cannot be shown is left out. */
int ari_info_parse(const void *json, size_t len, struct arena *arena,
		   struct ari_info *ret, struct err *err) MUST_CHECK;

/* The next question (section 4.3): RETRY_AT, from Retry-After, or 0; at least
 * a minute and at most a day from NOW. */
int64_t ari_info_again(int64_t now, int64_t retry_at);

/* An instant in a window; 0: none was chosen. */
struct ari_choice {
	int64_t at, start, end;
};
/* WAS stays as long as the window does; else the RANDOM number chooses, each
 * second as likely as another, but for the last ARI_LAST of the window, or the
 * second half of a shorter one than two of these: an hourly run that comes
 * after the instant is to find the window still open. */
#define ARI_LAST (70 * 60)
struct ari_choice ari_info_choose(const struct ari_info *info,
				  const struct ari_choice *was,
				  uint32_t random);

#endif
