/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "group.h"

static size_t cert_of(const struct group_service *s, const char *name)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, name) == 0)
			return i;
	return s->n_certs;
}

/* A certificate that A is to be given, and B as well. */
static bool linked(const struct group_service *a, const struct group_service *b)
{
	for (size_t i = 0; i < a->n_certs; i++) {
		size_t k;

		if (a->certs[i].use != GROUP_PUT)
			continue;
		k = cert_of(b, a->certs[i].name);
		if (k < b->n_certs && b->certs[k].use == GROUP_PUT)
			return true;
	}
	return false;
}

static size_t size_of(const struct group_service *v, size_t n, size_t group)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += v[i].group == group;
	return size;
}

static void join(struct group_service *v, size_t n, size_t a, size_t b)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].group == b)
			v[i].group = a;
}

/* A key file of both that is replaced for A. */
static bool shares_new_key(const struct group_service *a,
			   const struct group_service *b)
{
	for (size_t i = 0; i < a->n_certs; i++) {
		if (a->certs[i].use != GROUP_PUT || !a->certs[i].new_key)
			continue;
		for (size_t k = 0; k < b->n_certs; k++)
			if (b->certs[k].key &&
			    strcmp(a->certs[i].key, b->certs[k].key) == 0)
				return true;
	}
	return false;
}

static bool apart(const struct group_service *a, const struct group_service *b)
{
	return (a->alone || b->alone) && !shares_new_key(a, b) &&
	       !shares_new_key(b, a);
}

void group_join(struct group_service *v, size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++) {
		v[i].group = i;
		v[i].by = GROUP_FREE;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			size_t a = v[k].group, b = v[i].group;

			if (a == b || apart(&v[k], &v[i]) ||
			    v[k].fate == GROUP_OUT || v[i].fate == GROUP_OUT ||
			    !linked(&v[k], &v[i]))
				continue;
			if (size_of(v, n, a) + size_of(v, n, b) <= most)
				join(v, n, a, b);
		}
	}
}

/* The certificate that A is to be given, and that B cannot take; or the number
 * of B's certificates. */
static size_t hinders(const struct group_service *a,
		      const struct group_service *b)
{
	for (size_t i = 0; i < a->n_certs && b->fate != GROUP_GOES; i++) {
		size_t k;

		if (a->certs[i].use != GROUP_PUT)
			continue;
		k = cert_of(b, a->certs[i].name);
		if (k < b->n_certs &&
		    (b->fate == GROUP_OUT || b->certs[k].use != GROUP_HAS))
			return k;
	}
	return b->n_certs;
}

static void stop(struct group_service *v, size_t n, size_t group, size_t by,
		 size_t cert)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].group != group || v[i].fate != GROUP_GOES)
			continue;
		v[i].fate =
			v[by].fate == GROUP_LATER ? GROUP_LATER : GROUP_STAYS;
		v[i].by = by;
		v[i].cert = cert;
	}
}

static bool block_one(struct group_service *v, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++) {
		size_t cert;

		if (k == i || apart(&v[i], &v[k]))
			continue;
		cert = hinders(&v[i], &v[k]);
		if (cert == v[k].n_certs)
			continue;
		stop(v, n, v[i].group, k, cert);
		return true;
	}
	return false;
}

void group_block(struct group_service *v, size_t n)
{
	bool again = true;

	/* One that is stopped may stop others of another group. */
	while (again) {
		again = false;
		for (size_t i = 0; i < n; i++)
			if (v[i].fate == GROUP_GOES && block_one(v, n, i))
				again = true;
	}
}
