/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include "acme_nonce.h"
#include "mem.h"

struct acme_nonce {
	char *text;
	int64_t at;
};

bool acme_nonce_ok(const char *nonce)
{
	size_t n = 0;

	for (; nonce[n] && n <= ACME_NONCE_MAX; n++) {
		unsigned char c = (unsigned char) nonce[n];

		if (c > 0x7e || !(isalnum(c) || c == '-' || c == '_'))
			return false;
	}
	return n > 0 && n <= ACME_NONCE_MAX;
}

size_t acme_nonces_count(const struct acme_nonces *p)
{
	return p->n;
}

static struct acme_nonce *at(const struct acme_nonces *p, size_t i)
{
	return &p->v[(p->first + i) % ACME_NONCES_MAX];
}

static void drop_oldest(struct acme_nonces *p)
{
	free(p->v[p->first].text);
	p->first = (p->first + 1) % ACME_NONCES_MAX;
	p->n--;
}

void acme_nonces_add(struct acme_nonces *p, const char *nonce, size_t most,
		     int64_t now)
{
	if (!nonce || !acme_nonce_ok(nonce) || most == 0)
		return;
	if (!p->v)
		p->v = mem_array(ACME_NONCES_MAX, sizeof(*p->v));
	while (p->n > 0 && (p->n >= most || p->n == ACME_NONCES_MAX))
		drop_oldest(p);
	*at(p, p->n++) =
		(struct acme_nonce){ .text = mem_strdup(nonce), .at = now };
}

char *acme_nonces_take(struct acme_nonces *p, int64_t now)
{
	if (p->n == 0)
		return NULL;
	/* When the newest is too old, all are. */
	if (now - at(p, p->n - 1)->at > ACME_NONCE_MAX_AGE) {
		while (p->n > 0)
			drop_oldest(p);
		return NULL;
	}
	p->n--;
	return TAKE(at(p, p->n)->text);
}

void acme_nonces_free(struct acme_nonces *p)
{
	while (p->n > 0)
		drop_oldest(p);
	free(p->v);
	p->v = NULL;
	p->first = 0;
}
