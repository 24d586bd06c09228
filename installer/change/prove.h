/* SPDX-License-Identifier: MIT */
#ifndef PROVE_H
#define PROVE_H

/* Whether a change, or the way back from it, is really served: the
 * endpoints' word, compared with what the journal says there should be and
 * was before. */

#include "txn_part.h"

/* Every endpoint of a certificate serves the new set, several times in a row,
 * within the service's verify_time (at once, where it waits for a person); err
 * names the first that does not. */
int prove_served(struct txn_part *p, struct err *err) MUST_CHECK;
/* The same, and nothing is waited for. */
int prove_served_now(struct txn_part *p, struct err *err) MUST_CHECK;
/* Tell the service of the old set, start it if it died, and see that it
 * serves what it did before, or what the old files hold. One that only a
 * person can restart is neither told nor waited for, nor one told that it was
 * told by an earlier run (told_back, which is set) and serves it by now. */
int prove_back(struct txn_part *p, struct err *err) MUST_CHECK;

/* After prove_back(): every endpoint showed the old set; else *ret_why, in the
 * run's arena, says which did not, or could not be looked at. */
bool prove_shows_old(const struct txn_part *p, const char **ret_why);
/* Could none of the endpoints be reached before? */
bool prove_all_down(const struct txn_part *p);
/* After prove_served(): those that are not right could not be reached before
 * and still cannot. */
bool prove_only_down(const struct txn_part *p);
/* After prove_served(): those that are not right failed before in the same way.
 * After a kill it is not known in which way one showed no certificate. */
bool prove_only_same(const struct txn_part *p);
/* After either of them: an endpoint shows what it should now, and did not
 * before, so the service was told. */
bool prove_was_told(const struct txn_part *p);
/* The same of each endpoint of certificate NAME, of which there is one. */
bool prove_shows_new(const struct txn_part *p, const char *name);

/* After prove_served(): of those that are not right none was seen to be so:
 * this host could not look, or it is as above. */
bool prove_only_unseen(const struct txn_part *p);

/* After prove_served(): what a person does about the first endpoint that shows
 * a certificate which neither is in its files nor was, see paste.h; or "". */
const char *prove_advice(const struct txn_part *p);

/* After them: those that are not right go on with what they have, for as long
 * as window_override() says of OVERRIDE and them, as far as can be seen. */
bool prove_can_wait(const struct txn_part *p, int64_t override);

/* Receipts: of every certificate; of every endpoint as last seen, where BAD is
 * the state of one that is not right (before, where nobody looked afterwards);
 * of one that could not be seen, none, nor of a certificate that is neither
 * there nor put, and its endpoints. */
void prove_report(struct txn_part *p, enum receipt_state state,
		  const char *detail);
/* STATE, or what can be said at most of certificate NAME, or of the service
 * when that is NULL: what no endpoint looks at was not seen to be served. */
enum receipt_state prove_state(const struct txn_part *p, const char *name,
			       enum receipt_state state);
void prove_report_endpoints(struct txn_part *p, bool back,
			    enum receipt_state bad);

#endif
