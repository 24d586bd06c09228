/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "protocol.h"

#define NAME(id, name, way, socktype, needs) name,
const char *const protocol_names[] = { PROTOCOL_TABLE(NAME) NULL };

#define ROW(id, name, way, socktype, needs) \
	{ name, PROTOCOL_##id, PROTOCOL_BY_##way, socktype, needs },
static const struct protocol table[] = { PROTOCOL_TABLE(ROW) };

const struct protocol *protocol_find(const char *name)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const struct protocol *protocol_needing(unsigned int need)
{
	const struct protocol *p = table;

	while ((p->needs & need) == 0)
		p++;
	return p;
}

bool protocol_takes_proxy(const struct protocol *p)
{
	return p->socktype == SOCK_STREAM;
}
