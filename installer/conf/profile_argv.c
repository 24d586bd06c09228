/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "child.h"
#include "profile.h"
#include "profile_impl.h"
#include "sbuf.h"

/* So that they are known before there is a service. */
static const char *const something[] = { "x", NULL };
static struct profile_var builtins[] = {
	{ .name = "service", .value = { something, 1 } },
	{ .name = "name", .value = { something, 1 } },
	{ .name = "domain", .value = { something, 1 } },
	{ .name = "dir", .value = { something, 1 } },
	{ .name = "file", .value = { something, 1 } },
	{ .name = "key", .value = { something, 1 } },
};
static void *const builtin_list[] = {
	&builtins[0], &builtins[1], &builtins[2],
	&builtins[3], &builtins[4], &builtins[5]
};
const struct conf_groups profile_builtins = { builtin_list,
					      ARRAY_LEN(builtin_list) };

bool profile_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return true;
	return false;
}

const struct profile_var *profile_find_var(const struct conf_groups *vars,
					   const char *name)
{
	for (size_t i = 0; vars && i < vars->n; i++) {
		const struct profile_var *v = vars->v[i];

		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

/* A piece of an argument: text, or the name of a variable. */
struct piece {
	const char *p;
	size_t len;
	bool var;
};

/* Takes one from *AT. Before a '{', "$$" is a dollar. */
static bool take_piece(const char **at, struct piece *ret)
{
	const char *p = *at;
	size_t run = strspn(p, "$");

	if (*p == '\0')
		return false;
	if (run == 0 || p[run] != '{') {
		*ret = (struct piece){ p, run + strcspn(p + run, "$"), false };
		*at = p + ret->len;
	} else if (run > 1) {
		*ret = (struct piece){ p, 1, false };
		*at = p + 2;
	} else {
		*ret = (struct piece){ p + 2, strcspn(p + 2, "}"), true };
		*at = p + 2 + ret->len + (p[2 + ret->len] == '}');
	}
	return true;
}

/* All of EL is "$x": the arguments x stands for. */
static bool is_list(const char *el)
{
	return el[0] == '$' && el[1] != '$' && el[1] != '{';
}

/* EL without what keeps it from being a variable. */
static const char *unescape(const char *el)
{
	return el[0] == '$' && el[1] == '$' && el[strspn(el, "$")] != '{'
		       ? el + 1
		       : el;
}

bool profile_uses(const struct profile_command *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->command.n; i++) {
		const char *el = cmd->command.v[i];
		struct piece piece;

		if (is_list(el) && strcmp(el + 1, name) == 0)
			return true;
		if (is_list(el))
			continue;
		el = unescape(el);
		while (take_piece(&el, &piece))
			if (piece.var && strlen(name) == piece.len &&
			    strncmp(piece.p, name, piece.len) == 0)
				return true;
	}
	return false;
}

struct expand {
	const struct profile *p;
	const struct conf_groups *overrides;
	const struct profile_command *cmd;
	struct arena *arena;
	struct conf_errors *errs;
};

/* What REF, "$x" or "${x}", refers to as NAME; or NULL with an error. One that
 * the site must set stands for something until it does. */
static const struct profile_var *variable(const struct expand *x,
					  const char *name, const char *ref)
{
	static const struct profile_var unset = { .value = { something, 1 } };
	const struct profile_var *var = profile_find_var(x->overrides, name);

	if (!var)
		var = profile_find_var(&x->p->vars, name);
	if (!var)
		conf_error(x->errs, &x->cmd->src,
			   "command: no variable %s (write $%s for the text "
			   "itself)",
			   ref, ref);
	return var && !var->value.v ? &unset : var;
}

/* The one word that "${NAME}" stands for, or NULL with an error, where the
 * value was set. */
static const char *one_word(const struct expand *x, const char *name)
{
	const char *ref = arena_printf(x->arena, "${%s}", name);
	const struct profile_var *var = variable(x, name, ref);

	if (!var)
		return NULL;
	if (var->value.n == 1)
		return var->value.v[0];
	conf_error(x->errs, var->src.file ? &var->src : &x->cmd->src,
		   "command: %s must stand for one argument, not for %zu", ref,
		   var->value.n);
	return NULL;
}

/* EL with the words of its variables in it, or NULL with an error. */
static const char *expand_text(const struct expand *x, const char *el)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(PROFILE_ARG_MAX);
	const char *rest = unescape(el);
	struct piece piece;

	while (take_piece(&rest, &piece)) {
		const char *word;

		if (!piece.var) {
			sbuf_add(&out, piece.p, piece.len);
			continue;
		}
		if (piece.p[piece.len] != '}') {
			conf_error(x->errs, &x->cmd->src,
				   "command: %s: no } behind ${ (write $${ for "
				   "the text itself)",
				   el);
			return NULL;
		}
		word = one_word(x, arena_strndup(x->arena, piece.p, piece.len));
		if (!word)
			return NULL;
		sbuf_adds(&out, word);
	}
	if (!sbuf_over(&out))
		return arena_strdup(x->arena, sbuf_str(&out));
	conf_error(x->errs, &x->cmd->src,
		   "command: an argument of more than %u bytes",
		   PROFILE_ARG_MAX);
	return NULL;
}

int profile_argv(const struct profile *p, const struct conf_groups *overrides,
		 const struct profile_command *cmd, struct arena *arena,
		 const char *const **ret, struct conf_errors *errs)
{
	const struct expand x = { p, overrides, cmd, arena, errs };
	const char **argv =
		arena_array(arena, PROFILE_ARGV_MAX + 1, sizeof(*argv));
	const struct conf_src *src = &cmd->src;
	struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < cmd->command.n; i++) {
		const char *el = cmd->command.v[i], *text = "";
		struct conf_strings words = { .v = &text, .n = 1 };

		if (is_list(el)) {
			const struct profile_var *var =
				variable(&x, el + 1, el);

			if (!var)
				return -1;
			words = var->value;
			if (n == 0 && var->src.file)
				src = &var->src;
		} else {
			text = expand_text(&x, el);
			if (!text)
				return -1;
		}
		for (size_t k = 0; k < words.n; k++) {
			if (n == PROFILE_ARGV_MAX) {
				conf_error(errs, &cmd->src,
					   "command: more than %d arguments",
					   PROFILE_ARGV_MAX);
				return -1;
			}
			argv[n++] = arena_strdup(arena, words.v[k]);
		}
	}
	if (n == 0 || argv[0][0] == '\0') {
		conf_error(errs, &cmd->src, "command: no program to run");
		return -1;
	}
	if (child_check_words(argv, &err) == -1) {
		conf_error(errs, src, "command: %s", err.msg);
		return -1;
	}
	*ret = argv;
	return 0;
}
