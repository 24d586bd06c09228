/* SPDX-License-Identifier: MIT */
#ifndef ARI_JUDGE_H
#define ARI_JUDGE_H

/* What becomes of a row when its CA was asked about its certificate. Pure. */

#include "acme.h"
#include "ari_info.h"
#include "store_ari.h"

enum ari_heard {
	ARI_WINDOW,
	ARI_NONE,    /* not of this certificate, and for good (section 4.3.3):
		      * what was known is void */
	ARI_GARBAGE, /* as if there had been no answer; the CA is well. Or it
		      * was not the CA that refused, and what was known stays */
	ARI_LATER,   /* no answer: trouble of the CA or on the way */
};

/* DETAIL of what is no window: in a sentence. The URL in ARENA. */
enum ari_heard ari_judge_heard(const struct acme_result *r, struct arena *arena,
			       struct ari_info *ret, struct err *detail);

/* When one whose CA had trouble is asked about again: by the next hourly run,
 * later when the CA said so (RETRY_AT, or 0), a day at most. */
#define ARI_LATER_S 1800
int64_t ari_judge_later(int64_t now, int64_t retry_at);

struct ari_verdict {
	struct store_ari row; /* what store_ari_put() is to put there */
	bool asked_only;      /* ts_ari_poll alone */
	bool moved; /* the window was open or to come, and has passed */
	/* It lies before the one that was to come, and the CA says why. */
	bool sooner;
	bool due; /* it is due at NOW */
};
/* READ: the row. INFO: of ARI_WINDOW. RETRY_AT: from the answer, or 0. RANDOM
 * chooses where a choice is to be made. */
void ari_judge(const struct store_ari *read, enum ari_heard heard,
	       const struct ari_info *info, int64_t retry_at, int64_t now,
	       int64_t days_left, uint32_t random, struct ari_verdict *ret);

#endif
