/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <libconfig.h>
#include "conf.h"
#include "conf_text.h"
#include "log.h"
#include "near.h"
#include "num.h"
#include "plain.h"

#define ERRORS_MAX 1000 /* lines shown; nobody reads more */

/* One file with what it includes. Lines of cfg are lines of text. */
struct doc {
	config_t cfg;
	struct conf_text text;
};

struct load {
	struct arena *arena;
	struct conf_errors *errs;
	struct doc *docs;
	size_t n;
};

typedef void set_fn(struct load *ld, const struct conf_setting *set,
		    config_setting_t *from, void *field);

/* Errors. */

void conf_errors_free(struct conf_errors *e)
{
	strlist_free(&e->list);
}

void conf_error(struct conf_errors *e, const struct conf_src *src,
		const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	va_list ap;

	if (e->list.n >= ERRORS_MAX)
		return;
	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	plain_utf8(text);
	if (src && src->file && src->line)
		strlist_addf(&e->list, "%s:%u: %s", src->file, src->line, text);
	else if (src && src->file)
		strlist_addf(&e->list, "%s: %s", src->file, text);
	else
		strlist_add(&e->list, text);
}

int conf_errors_print(const struct conf_errors *e, const char *program)
{
	size_t i;

	for (i = 0; i < e->list.n; i++) {
		fprintf(stderr, "%s: %s\n", program, e->list.v[i]);
		log_syslog_error(e->list.v[i]);
	}
	return err_exit_status(ERR_CONFIG);
}

static struct conf_src where(config_setting_t *s)
{
	config_setting_t *root = config_root_setting(s->config);
	const struct doc *doc = config_setting_get_hook(root);

	return conf_text_where(&doc->text, config_setting_source_line(s));
}

static const char *label(config_setting_t *s)
{
	/* An element of a list has no name, its list has. */
	while (s && !config_setting_name(s))
		s = config_setting_parent(s);
	return s ? config_setting_name(s) : "";
}

static void wrong(struct load *ld, config_setting_t *s, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void wrong(struct load *ld, config_setting_t *s, const char *fmt, ...)
{
	AUTO(mem_free_str) char *text = NULL;
	struct conf_src src = where(s);
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	conf_error(ld->errs, &src, "setting `%s': %s", label(s), text);
}

/* Values as text, from the file or from a default. */

static void bad_value(struct load *ld, const struct conf_setting *set,
		      config_setting_t *from, const char *why)
{
	if (from)
		wrong(ld, from, "%s", why);
	else /* a default in one of our tables */
		conf_error(ld->errs, NULL, "setting `%s': default: %s",
			   set->name, why);
}

static int64_t upper(const struct conf_setting *set)
{
	return set->max ? set->max : INT64_MAX;
}

static void put_number(struct load *ld, const struct conf_setting *set,
		       config_setting_t *from, int64_t value, void *field)
{
	const char *unit = set->type == CONF_DURATION ? " seconds" : "";
	AUTO(mem_free_str) char *why = NULL;

	if (value >= set->min && value <= upper(set)) {
		memcpy(field, &value, sizeof(value));
		return;
	}
	if (set->max)
		why = mem_printf("%" PRId64 " is out of range, %" PRId64
				 " to %" PRId64 "%s are accepted",
				 value, set->min, set->max, unit);
	else
		why = mem_printf("%" PRId64 " is out of range, %" PRId64
				 "%s and up are accepted",
				 value, set->min, unit);
	bad_value(ld, set, from, why);
}

static bool is_choice(const struct conf_setting *set, const char *text)
{
	const char *const *c;

	for (c = set->choices; *c; c++)
		if (strcmp(*c, text) == 0)
			return true;
	return false;
}

static void put_string(struct load *ld, const struct conf_setting *set,
		       config_setting_t *from, const char *text, void *field)
{
	AUTO(sbuf_free) struct sbuf why = SBUF_INIT(1000);
	const char *const *c, *copy;
	const char *p;

	if (*text == '\0' && !(set->flags & CONF_EMPTY_OK)) {
		sbuf_adds(&why, "must not be empty");
	} else if (set->type == CONF_ENUM && !is_choice(set, text)) {
		sbuf_addf(&why, "\"%.60s\" is unknown, accepted are", text);
		for (c = set->choices; *c; c++)
			sbuf_addf(&why, "%s \"%s\"",
				  c == set->choices ? "" : ",", *c);
		sbuf_adds(&why, set->hint ? set->hint : "");
	} else if (set->type == CONF_PATH && *text && *text != '/') {
		sbuf_addf(&why, "\"%.200s\" must be an absolute path", text);
	} else if (set->type == CONF_PATH) {
		for (p = text; *p; p++)
			if ((unsigned char) *p < ' ' || *p == 0x7f)
				break;
		if (*p)
			sbuf_adds(&why, "a path has no control characters");
	}
	if (why.len) {
		bad_value(ld, set, from, sbuf_str(&why));
		return;
	}
	copy = arena_strdup(ld->arena, text);
	memcpy(field, &copy, sizeof(copy));
}

/* A value written as text: a default, or a duration or mode in quotes. */
static void put_text(struct load *ld, const struct conf_setting *set,
		     config_setting_t *from, const char *text, void *field)
{
	struct err err = ERR_INIT;
	int64_t value;
	mode_t mode;
	bool truth;

	switch (set->type) {
	case CONF_INT:
		if (num_int(text, INT64_MIN, INT64_MAX, &value, &err) == -1)
			break;
		put_number(ld, set, from, value, field);
		return;
	case CONF_DURATION:
		if (num_duration(text, INT64_MAX, &value, &err) == -1)
			break;
		put_number(ld, set, from, value, field);
		return;
	case CONF_MODE:
		if (num_mode(text, &mode, &err) == -1)
			break;
		memcpy(field, &mode, sizeof(mode));
		return;
	case CONF_BOOL:
		truth = strcmp(text, "true") == 0;
		memcpy(field, &truth, sizeof(truth));
		return;
	default:
		put_string(ld, set, from, text, field);
		return;
	}
	bad_value(ld, set, from, err.msg);
}

/* Values of the file, by type. */

static bool is_string(struct load *ld, config_setting_t *from)
{
	if (config_setting_type(from) == CONFIG_TYPE_STRING)
		return true;
	wrong(ld, from, "must be a string in double quotes");
	return false;
}

static void set_string(struct load *ld, const struct conf_setting *set,
		       config_setting_t *from, void *field)
{
	if (is_string(ld, from))
		put_string(ld, set, from, config_setting_get_string(from),
			   field);
}

static void set_int(struct load *ld, const struct conf_setting *set,
		    config_setting_t *from, void *field)
{
	if (config_setting_type(from) == CONFIG_TYPE_INT64)
		put_number(ld, set, from, config_setting_get_int64(from),
			   field);
	else
		wrong(ld, from, "must be a whole number, without quotes");
}

static void set_bool(struct load *ld, const struct conf_setting *set,
		     config_setting_t *from, void *field)
{
	bool truth;

	if (config_setting_type(from) != CONFIG_TYPE_BOOL) {
		wrong(ld, from, "must be true or false, without quotes");
		return;
	}
	truth = config_setting_get_bool(from);
	memcpy(field, &truth, sizeof(truth));
}

static void set_duration(struct load *ld, const struct conf_setting *set,
			 config_setting_t *from, void *field)
{
	int type = config_setting_type(from);

	if (type == CONFIG_TYPE_INT64)
		put_number(ld, set, from, config_setting_get_int64(from),
			   field);
	else if (type == CONFIG_TYPE_STRING)
		put_text(ld, set, from, config_setting_get_string(from), field);
	else
		wrong(ld, from,
		      "must be a duration such as \"30d\", \"2h\" or seconds");
}

static void set_mode(struct load *ld, const struct conf_setting *set,
		     config_setting_t *from, void *field)
{
	if (config_setting_type(from) == CONFIG_TYPE_STRING)
		put_text(ld, set, from, config_setting_get_string(from), field);
	else
		wrong(ld, from, "a file mode is a string such as \"0640\"");
}

static bool is_sequence(config_setting_t *from)
{
	int type = config_setting_type(from);

	return type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY;
}

/* Appends; a list may go on in another file. */
static void set_strings(struct load *ld, const struct conf_setting *set,
			config_setting_t *from, void *field)
{
	const struct conf_setting one = { .name = set->name,
					  .type = CONF_STRING,
					  .flags = set->flags };
	struct conf_strings list;
	const char **v;
	int i, n = is_sequence(from) ? config_setting_length(from) : 1;

	memcpy(&list, field, sizeof(list));
	v = arena_array(ld->arena, list.n + (size_t) n + 1, sizeof(*v));
	if (list.n)
		memcpy(v, list.v, list.n * sizeof(*v));
	for (i = 0; i < n; i++) {
		config_setting_t *s = from;

		if (is_sequence(from))
			s = config_setting_get_elem(from, (unsigned int) i);
		if (config_setting_type(s) != CONFIG_TYPE_STRING) {
			wrong(ld, s,
			      "must be a list of strings, as in: "
			      "[\"one\", \"two\"]");
			continue;
		}
		put_string(ld, &one, s, config_setting_get_string(s),
			   &v[list.n]);
		if (v[list.n])
			list.n++;
	}
	list.v = v;
	memcpy(field, &list, sizeof(list));
}

static void fill(struct load *ld, const struct conf_schema *schema,
		 config_setting_t *const *from, size_t n, void *dst);

static void *fill_new(struct load *ld, const struct conf_schema *schema,
		      config_setting_t *group)
{
	void *dst = arena_alloc(ld->arena, schema->size);
	struct conf_src src = { NULL, 0 };

	if (group)
		src = where(group);
	memcpy(dst, &src, sizeof(src));
	fill(ld, schema, &group, group ? 1 : 0, dst);
	return dst;
}

static void set_group(struct load *ld, const struct conf_setting *set,
		      config_setting_t *from, void *field)
{
	void *dst;

	if (config_setting_type(from) != CONFIG_TYPE_GROUP) {
		wrong(ld, from, "must be a group, as in: %s : { ... };",
		      set->name);
		return;
	}
	dst = fill_new(ld, set->sub, from);
	memcpy(field, &dst, sizeof(dst));
}

static void set_groups(struct load *ld, const struct conf_setting *set,
		       config_setting_t *from, void *field)
{
	struct conf_groups list;
	void **v;
	int i, n = config_setting_length(from);

	if (config_setting_type(from) != CONFIG_TYPE_LIST) {
		wrong(ld, from,
		      "must be a list of groups, as in: %s = "
		      "( { ... }, { ... } );",
		      set->name);
		return;
	}
	memcpy(&list, field, sizeof(list));
	v = arena_array(ld->arena, list.n + (size_t) n + 1, sizeof(*v));
	if (list.n)
		memcpy(v, list.v, list.n * sizeof(*v));
	for (i = 0; i < n; i++) {
		config_setting_t *s =
			config_setting_get_elem(from, (unsigned int) i);

		if (config_setting_type(s) == CONFIG_TYPE_GROUP)
			v[list.n++] = fill_new(ld, set->sub, s);
		else
			wrong(ld, s, "each element must be a group { ... }");
	}
	list.v = v;
	memcpy(field, &list, sizeof(list));
}

static const char *scalar_text(struct load *ld, config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return arena_strdup(ld->arena, config_setting_get_string(s));
	case CONFIG_TYPE_INT64:
		return arena_printf(ld->arena, "%lld",
				    config_setting_get_int64(s));
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	default:
		wrong(ld, s,
		      "must be a string, a whole number, true or "
		      "false, or a list of these");
		return NULL;
	}
}

static void set_any(struct load *ld, const struct conf_setting *set,
		    config_setting_t *from, void *field)
{
	struct conf_any any = {
		.src = where(from),
		.name = arena_strdup(ld->arena, config_setting_name(from)),
		.list = is_sequence(from),
	};
	int i, n = any.list ? config_setting_length(from) : 1;
	const char **v = arena_array(ld->arena, (size_t) n + 1, sizeof(*v));

	for (i = 0; i < n; i++) {
		v[any.n] = scalar_text(
			ld, any.list ? config_setting_get_elem(from,
							       (unsigned int) i)
				     : from);
		if (v[any.n])
			any.n++;
	}
	any.v = v;
	memcpy(field, &any, sizeof(any));
}

static void add_var(struct load *ld, config_setting_t *from, void *field)
{
	struct conf_vars vars;
	struct conf_any *v;

	memcpy(&vars, field, sizeof(vars));
	v = arena_array(ld->arena, vars.n + 1, sizeof(*v));
	if (vars.n)
		memcpy(v, vars.v, vars.n * sizeof(*v));
	set_any(ld, NULL, from, &v[vars.n++]);
	vars.v = v;
	memcpy(field, &vars, sizeof(vars));
}

static void set_vars(struct load *ld, const struct conf_setting *set,
		     config_setting_t *from, void *field)
{
	int i;

	if (config_setting_type(from) != CONFIG_TYPE_GROUP) {
		wrong(ld, from,
		      "must be a group, as in: %s : { name = "
		      "\"value\"; };",
		      set->name);
		return;
	}
	for (i = 0; i < config_setting_length(from); i++)
		add_var(ld, config_setting_get_elem(from, (unsigned int) i),
			field);
}

static set_fn *const setters[] = {
	[CONF_STRING] = set_string, [CONF_PATH] = set_string,
	[CONF_ENUM] = set_string,   [CONF_INT] = set_int,
	[CONF_BOOL] = set_bool,	    [CONF_DURATION] = set_duration,
	[CONF_MODE] = set_mode,	    [CONF_STRINGS] = set_strings,
	[CONF_GROUP] = set_group,   [CONF_GROUPS] = set_groups,
	[CONF_ANY] = set_any,	    [CONF_VARS] = set_vars,
};

/* Names the table does not know. */

static const struct conf_setting *find(const struct conf_setting *settings,
				       const char *name)
{
	const struct conf_setting *set;

	for (set = settings; set->name; set++)
		if (strcmp(set->name, name) == 0 || strcmp(set->name, "*") == 0)
			return set;
	return NULL;
}

static void unknown(struct load *ld, const struct conf_schema *schema,
		    config_setting_t *s)
{
	AUTO(sbuf_free) struct sbuf known = SBUF_INIT(4000);
	const char *name = config_setting_name(s);
	struct near near = near_word(name);
	const struct conf_setting *set;

	if (schema->elsewhere && find(schema->elsewhere, name)) {
		wrong(ld, s, "%s", schema->elsewhere_says);
		return;
	}
	for (set = schema->settings; set->name; set++) {
		sbuf_addf(&known, "%s%s", known.len ? ", " : "", set->name);
		(void) near_try(&near, set->name);
	}
	if (near.best)
		wrong(ld, s, "is unknown, is `%s' meant?", near.best);
	else
		wrong(ld, s, "is unknown; known here: %s", sbuf_str(&known));
}

static void fill_unnamed(struct load *ld, const struct conf_schema *schema,
			 config_setting_t *group, void *dst)
{
	const struct conf_setting *set;
	config_setting_t *s;
	int i;

	for (i = 0; i < config_setting_length(group); i++) {
		s = config_setting_get_elem(group, (unsigned int) i);
		set = find(schema->settings, config_setting_name(s));
		if (!set)
			unknown(ld, schema, s);
		else if (strcmp(set->name, "*") == 0)
			add_var(ld, s, (char *) dst + set->offset);
	}
}

/* Groups. */

static void fill_absent(struct load *ld, const struct conf_setting *set,
			void *dst)
{
	void *field = (char *) dst + set->offset, *sub;
	struct conf_src src;

	if (set->flags & CONF_REQUIRED) {
		memcpy(&src, dst, sizeof(src));
		conf_error(ld->errs, &src,
			   "setting `%s': is missing and has no default",
			   set->name);
	} else if (set->type == CONF_GROUP) {
		if (!(set->flags & CONF_DEFAULT_GROUP))
			return;
		sub = fill_new(ld, set->sub, NULL);
		memcpy(field, &sub, sizeof(sub));
	} else if (set->type == CONF_STRINGS && set->def) {
		struct conf_strings *list = field;
		const char **v = arena_array(ld->arena, 2, sizeof(*v));

		v[0] = set->def;
		*list = (struct conf_strings){ v, 1 };
	} else if (set->def) {
		put_text(ld, set, NULL, set->def, field);
	}
}

/* Whether any of FROM has it. */
static bool fill_one(struct load *ld, const struct conf_setting *set,
		     config_setting_t *const *from, size_t n, void *dst)
{
	bool appends = set->type == CONF_STRINGS || set->type == CONF_GROUPS;
	void *field = (char *) dst + set->offset;
	config_setting_t *s, *first = NULL;
	struct conf_src src;
	size_t i;

	for (i = 0; i < n; i++) {
		s = config_setting_get_member(from[i], set->name);
		if (!s)
			continue;
		if (first && !appends) {
			src = where(first);
			wrong(ld, s, "is already set in %s:%u", src.file,
			      src.line);
			continue;
		}
		first = s;
		setters[set->type](ld, set, s, field);
	}
	if (!first)
		fill_absent(ld, set, dst);
	return first;
}

/* DST is zeroed but for its source. FROM: the root groups of several files,
 * or one group, or none for defaults alone. The depth is the schema's. */
static void fill(struct load *ld, const struct conf_schema *schema,
		 config_setting_t *const *from, size_t n, void *dst)
{
	const struct conf_setting *set;
	uint64_t given = 0;
	size_t i;

	for (set = schema->settings; set->name; set++)
		if (strcmp(set->name, "*") != 0 &&
		    fill_one(ld, set, from, n, dst) && schema->given) {
			assert(set - schema->settings < CONF_GIVEN_MAX);
			given |= UINT64_C(1) << (set - schema->settings);
		}
	if (schema->given)
		memcpy((char *) dst + schema->given, &given, sizeof(given));
	for (i = 0; i < n; i++)
		fill_unnamed(ld, schema, from[i], dst);
}

/* Files. */

static void load_free(struct load *ld)
{
	size_t i;

	for (i = 0; i < ld->n; i++) {
		config_destroy(&ld->docs[i].cfg);
		conf_text_free(&ld->docs[i].text);
	}
	free(ld->docs);
}

static struct doc *doc_new(struct load *ld)
{
	struct doc *doc;

	ld->docs = mem_grow(ld->docs, ld->n + 1, sizeof(*ld->docs));
	doc = &ld->docs[ld->n++];
	config_init(&doc->cfg);
	/* Nothing is left to include; should libconfig think otherwise, it
	 * finds nothing. */
	config_set_include_dir(&doc->cfg, "/dev/null");
	conf_text_init(&doc->text);
	return doc;
}

static bool doc_parse(struct load *ld, struct doc *doc)
{
	const char *what, *hint = "";
	struct conf_src src;
	int line;

	/* Beyond these the lines in messages would be wrong. */
	if (sbuf_over(&doc->text.text) || doc->text.n > CONF_TEXT_LINES)
		return false;
	if (config_read_string(&doc->cfg, sbuf_str(&doc->text.text)))
		return !doc->text.incomplete;
	line = config_error_line(&doc->cfg);
	what = config_error_text(&doc->cfg);
	src = conf_text_where(&doc->text, line > 0 ? (unsigned int) line : 1);
	if (!what)
		what = "cannot be parsed";
	if (strstr(what, "duplicate") && conf_text_twice(&doc->text, ld->errs))
		return false;
	if (strcmp(what, "syntax error") == 0)
		hint = conf_text_hint(&doc->text, line > 0 ? line : 1,
				      ld->arena);
	conf_error(ld->errs, &src, "%s%s", what, hint);
	return false;
}

static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 &&
	       strcmp(e->d_name + len - 5, ".conf") == 0;
}

static int byte_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_folder(struct load *ld, const char *dir)
{
	struct conf_src src = { dir, 0 };
	struct dirent **entries;
	struct stat st;
	int i, n;

	if (stat(dir, &st) == -1 && errno == ENOENT)
		return;
	n = scandir(dir, &entries, is_conf, byte_order);
	if (n == -1) {
		conf_error(ld->errs, &src, "cannot be read: %s",
			   strerror(errno));
		return;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		conf_error(ld->errs, &src,
			   "is writable by others than its owner, run: "
			   "chmod g-w,o-w %s",
			   dir);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		conf_error(ld->errs, &src,
			   "belongs to user %lu, who is neither root nor the "
			   "one running this, run: chown root %s",
			   (unsigned long) st.st_uid, dir);
	for (i = 0; i < n; i++) {
		AUTO(mem_free_str) char *path = NULL;

		path = mem_printf("%s/%s", dir, entries[i]->d_name);
		conf_text_load(&doc_new(ld)->text, path, ld->arena, ld->errs);
		free(entries[i]);
	}
	free(entries);
}

static int load_docs(struct load *ld, const char *name,
		     const struct conf_schema *schema, size_t errors_before,
		     void *ret)
{
	struct conf_src src = { arena_strdup(ld->arena, name), 0 };
	AUTO(mem_free_any) config_setting_t **roots = NULL;
	bool whole = true;
	size_t i;

	for (i = 0; i < ld->n; i++)
		if (!doc_parse(ld, &ld->docs[i]))
			whole = false;
	/* What could not be read would only be reported as missing. */
	if (!whole)
		return -1;
	roots = mem_array(ld->n, sizeof(*roots));
	for (i = 0; i < ld->n; i++) {
		roots[i] = config_root_setting(&ld->docs[i].cfg);
		config_setting_set_hook(roots[i], &ld->docs[i]);
	}
	memset(ret, 0, schema->size);
	memcpy(ret, &src, sizeof(src));
	ld->errs->filled = ld->errs->list.n == errors_before;
	fill(ld, schema, roots, ld->n, ret);
	return ld->errs->list.n > errors_before ? -1 : 0;
}

static int verdict(struct conf_errors *errs, int rc)
{
	errs->unread |= rc == -1;
	return rc;
}

int conf_load(const char *path, const struct conf_schema *schema,
	      struct arena *arena, void *ret, struct conf_errors *errs)
{
	AUTO(load_free) struct load ld = { .arena = arena, .errs = errs };
	AUTO(mem_free_str) char *dir = mem_printf("%s.d", path);
	size_t before = errs->list.n;

	conf_text_load(&doc_new(&ld)->text, path, arena, errs);
	load_folder(&ld, dir);
	return verdict(errs, load_docs(&ld, path, schema, before, ret));
}

bool conf_missing(const char *path, const char *manual,
		  struct conf_errors *errs)
{
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return false;
	conf_error(errs, NULL, "%s is not there; for what belongs in it see %s",
		   path, manual);
	errs->unread = true;
	return true;
}

int conf_load_string(const char *name, const char *text,
		     const struct conf_schema *schema, struct arena *arena,
		     void *ret, struct conf_errors *errs)
{
	AUTO(load_free) struct load ld = { .arena = arena, .errs = errs };
	size_t before = errs->list.n;

	conf_text_from_string(&doc_new(&ld)->text, name, text, arena, errs);
	return verdict(errs, load_docs(&ld, name, schema, before, ret));
}

/* libconfig 1.5 forgets the string it was reading when the text is wrong. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_LSAN 1
#endif
#endif
#ifdef WITH_LSAN
__attribute__((__visibility__("default"))) const char *
__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	/* clang finds no function names where llvm-symbolizer is missing. */
	return "leak:libconfig.so\n";
#else
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
#endif
}
#endif
