/* SPDX-License-Identifier: MIT */
#include "jout.h"

void jout_key(struct sbuf *out, const char *name)
{
	if (out->len > 0 && out->buf[out->len - 1] != '{' &&
	    out->buf[out->len - 1] != '[')
		sbuf_addc(out, ',');
	sbuf_add_json(out, name);
	sbuf_addc(out, ':');
}

void jout_str(struct sbuf *out, const char *name, const char *value)
{
	jout_key(out, name);
	if (value)
		sbuf_add_json(out, value);
	else
		sbuf_adds(out, "null");
}

void jout_int(struct sbuf *out, const char *name, int64_t value)
{
	jout_key(out, name);
	sbuf_addf(out, "%lld", (long long) value);
}

void jout_time(struct sbuf *out, const char *name, int64_t t)
{
	if (t <= 1 || t == INT64_MAX)
		jout_str(out, name, NULL);
	else
		jout_int(out, name, t);
}

void jout_bool(struct sbuf *out, const char *name, bool value)
{
	jout_key(out, name);
	sbuf_adds(out, value ? "true" : "false");
}
