/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "conf_dump.h"

/* With its length, so that nothing in it passes for another one. */
static void add_text(struct sbuf *out, const char *s)
{
	if (s)
		sbuf_addf(out, " %zu:%s", strlen(s), s);
	else
		sbuf_adds(out, " -");
}

static void add_list(struct sbuf *out, const char *const *v, size_t n)
{
	sbuf_addf(out, " %zu", n);
	for (size_t i = 0; i < n; i++)
		add_text(out, v[i]);
}

static void add_any(struct sbuf *out, const struct conf_any *a)
{
	add_text(out, a->name);
	add_list(out, a->v, a->n);
}

static void add_groups(struct sbuf *out, const struct conf_schema *sub,
		       const struct conf_groups *g)
{
	sbuf_addf(out, " %zu (\n", g->n);
	/* As deep as the tables are. */
	for (size_t i = 0; i < g->n; i++)
		conf_dump(sub, g->v[i], out);
	sbuf_addc(out, ')');
}

static void add_value(struct sbuf *out, const struct conf_setting *s,
		      const void *at)
{
	const struct conf_strings *strings = at;
	const struct conf_vars *vars = at;
	const void *const *group = at;

	switch (s->type) {
	case CONF_STRING:
	case CONF_PATH:
	case CONF_ENUM:
		add_text(out, *(const char *const *) at);
		break;
	case CONF_INT:
	case CONF_DURATION:
		sbuf_addf(out, " %lld", (long long) *(const int64_t *) at);
		break;
	case CONF_BOOL:
		sbuf_addf(out, " %d", *(const bool *) at);
		break;
	case CONF_MODE:
		sbuf_addf(out, " %o", (unsigned int) *(const mode_t *) at);
		break;
	case CONF_STRINGS:
		add_list(out, strings->v, strings->n);
		break;
	case CONF_GROUP:
		add_groups(out, s->sub,
			   &(struct conf_groups){ .v = (void *const *) at,
						  .n = *group ? 1 : 0 });
		break;
	case CONF_GROUPS:
		add_groups(out, s->sub, at);
		break;
	case CONF_ANY:
		add_any(out, at);
		break;
	case CONF_VARS:
		for (size_t i = 0; i < vars->n; i++)
			add_any(out, &vars->v[i]);
		break;
	}
}

void conf_dump(const struct conf_schema *schema, const void *p,
	       struct sbuf *ret)
{
	for (const struct conf_setting *s = schema->settings; s->name; s++) {
		sbuf_adds(ret, s->name);
		add_value(ret, s, (const char *) p + s->offset);
		sbuf_addc(ret, '\n');
	}
}
