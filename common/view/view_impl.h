/* SPDX-License-Identifier: MIT */
#ifndef VIEW_IMPL_H
#define VIEW_IMPL_H

/* What the view_*.c files share. Nobody else includes this. */

#include "view.h"

/* "  WHAT         VALUE", cleaned; nothing without a value. */
void view_line(struct sbuf *out, const char *what, const char *value);
/* The same of an instant, behind TEXT, and how far off it is. */
void view_line_time(struct sbuf *out, const char *what, const char *text,
		    int64_t t, int64_t now);

/* view_renewal.c: by what rule it is renewed next, and what the CA asks for. */
void view_renewal_text(const struct view *v, int64_t now, struct sbuf *out);
void view_renewal_json(const struct view *v, struct sbuf *out);

/* view_chain.c: hosts that do not trust the chain, and which other one the CA
 * was seen to give. */
void view_chain_text(const struct view *v, int64_t now, struct sbuf *out);
void view_chain_json(const struct view *v, struct sbuf *out);

#endif
