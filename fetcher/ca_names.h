/* SPDX-License-Identifier: MIT */
#ifndef CA_NAMES_H
#define CA_NAMES_H

/* The names that wait for a CA in this run, first in first out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ca_queue_name {
	char *name;
	char *ca_name;	   /* as the row has it, or NULL */
	bool early;	   /* see pick.h */
	bool again;	   /* its last failure was ca-down */
	int64_t ts_expire; /* of a certificate that is still good, or 0 */
};

/* All of it zero: none. */
struct ca_names {
	struct ca_queue_name *v;
	size_t head, n, cap;
};

/* Pushed ones are copied, the strings of popped ones the caller's. */
void ca_names_push(struct ca_names *q, const struct ca_queue_name *n);
bool ca_names_pop(struct ca_names *q, struct ca_queue_name *ret);
size_t ca_names_left(const struct ca_names *q);
void ca_names_free(struct ca_names *q);

#endif
