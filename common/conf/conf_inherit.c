/* SPDX-License-Identifier: MIT */
#include "conf_inherit.h"
#include <assert.h>
#include <string.h>

static size_t size_of(enum conf_type type)
{
	switch (type) {
	case CONF_STRING:
	case CONF_PATH:
	case CONF_ENUM:
	case CONF_GROUP:
		return sizeof(void *);
	case CONF_INT:
	case CONF_DURATION:
		return sizeof(int64_t);
	case CONF_BOOL:
		return sizeof(bool);
	case CONF_MODE:
		return sizeof(mode_t);
	case CONF_STRINGS:
		return sizeof(struct conf_strings);
	case CONF_GROUPS:
		return sizeof(struct conf_groups);
	case CONF_ANY:
		return sizeof(struct conf_any);
	case CONF_VARS:
		return sizeof(struct conf_vars);
	}
	return 0;
}

/* The bit of the setting at OFFSET, 0: the table has none there. */
static uint64_t bit_of(const struct conf_schema *schema, size_t offset)
{
	const struct conf_setting *set;

	for (set = schema->settings; set->name; set++)
		if (set->offset == offset)
			return UINT64_C(1) << (set - schema->settings);
	return 0;
}

static uint64_t given(const struct conf_schema *schema, const void *p)
{
	uint64_t bits;

	assert(schema->given);
	memcpy(&bits, (const char *) p + schema->given, sizeof(bits));
	return bits;
}

bool conf_given(const struct conf_schema *schema, const void *p, size_t offset)
{
	return given(schema, p) & bit_of(schema, offset);
}

void conf_inherit(const struct conf_schema *schema, void *p,
		  const struct conf_schema *base_schema, const void *base)
{
	uint64_t have = given(schema, p), had = have;
	const struct conf_setting *set;

	for (set = base_schema->settings; set->name; set++) {
		size_t at = set->offset;

		if (!conf_given(base_schema, base, at) ||
		    (had & bit_of(schema, at)))
			continue;
		memcpy((char *) p + at, (const char *) base + at,
		       size_of(set->type));
		have |= bit_of(schema, at);
	}
	memcpy((char *) p + schema->given, &have, sizeof(have));
}
