/* SPDX-License-Identifier: MIT */
/* What a CA says of when to renew. */
#include <assert.h>
#include <string.h>
#include "ari_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct ari_choice none = { 0 };
	struct err err = ERR_INIT;
	struct ari_info info;
	struct ari_choice c;

	if (ari_info_parse(data, size, arena, &info, &err) == 0) {
		assert(info.start > 0 && info.start < info.end);
		assert(!info.url || strlen(info.url) <= ARI_URL_MAX);
		c = ari_info_choose(&info, &none,
				    (uint32_t) size * 2654435761u);
		assert(c.at >= info.start && c.at < info.end);
	}
	arena_free(&arena);
	return 0;
}
