/* SPDX-License-Identifier: MIT */
#include "jitter.h"
#include <sys/random.h>
#include <unistd.h>
#include "clock.h"

/* FNV-1a, and the finish of MurmurHash3: neighbours end far apart. */
static uint64_t add(uint64_t h, int64_t v)
{
	int i;

	for (i = 0; i < 64; i += 8)
		h = (h ^ (((uint64_t) v >> i) & 0xff)) * 1099511628211u;
	return h;
}

uint32_t jitter_mix(int64_t now, int64_t mono_ms, int64_t pid, const char *name)
{
	uint64_t h = add(add(add(14695981039346656037u, now), mono_ms), pid);

	for (; *name; name++)
		h = (h ^ (unsigned char) *name) * 1099511628211u;
	h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
	return (uint32_t) (h ^ (h >> 33));
}

uint32_t jitter_number(const char *name)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) == (ssize_t) sizeof(r))
		return r;
	return jitter_mix(clock_now(), clock_mono_ms(), getpid(), name);
}
