/* SPDX-License-Identifier: MIT */
#ifndef WHY_H
#define WHY_H

/*
 * Why a certificate will or will not be renewed or installed today: one row of
 * a fixed table for each reason there is. Pure.
 */

#include "model.h"
#include "sbuf.h"

/* One word of the state, for tables and filters: "ok", "expired", "held",
 * "failing", "not-served", "silent", ... */
const char *why_state(const struct status_verdict *v);
/* What it waits for, a few words: "a person", "its window", "the CA"; ""
 * where it waits for nothing. */
const char *why_waits_for(const struct status_verdict *v);
/* All the states there are, one after the other, for filters and for series
 * that name each; NULL at the end. */
const char *why_states(size_t i);

/* A sentence, with the instant and the setting's name, appended to OUT. */
void why_name_text(const struct status_model *m, const struct status_name *n,
		   const struct status_verdict *v, struct sbuf *out);
void why_receipt_text(const struct status_model *m,
		      const struct status_receipt *r, struct sbuf *out);
void why_host_text(const struct status_model *m, const struct status_host *h,
		   struct sbuf *out);
void why_ca_text(const struct status_model *m, const struct status_ca *c,
		 struct sbuf *out);
void why_fetching_text(const struct status_model *m, struct sbuf *out);

#endif
