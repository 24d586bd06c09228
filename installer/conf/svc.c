/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "conf_dump.h"
#include "num.h"
#include "place.h"
#include "protocol.h"
#include "store.h"
#include "svc.h"

struct resolve {
	const struct installer_conf *conf;
	struct arena *arena;
	struct conf_errors *errs;
};

int svc_address(const char *address, struct arena *arena, const char **ret_host,
		const char **ret_port, struct err *err)
{
	const char *host = address, *end, *colon = strrchr(address, ':');
	int64_t port;

	if (!colon)
		return err_set(err, ERR_CONFIG,
			       "address: %s has no port, write host:port",
			       address);
	end = colon;
	if (*host == '[') {
		host++;
		if (end == host || *--end != ']')
			return err_set(err, ERR_CONFIG,
				       "address: %s: write [address]:port",
				       address);
	} else if (memchr(host, ':', (size_t) (end - host))) {
		return err_set(err, ERR_CONFIG,
			       "address: %s: write an IPv6 address in []",
			       address);
	}
	if (end == host)
		return err_set(err, ERR_CONFIG, "address: %s has no host",
			       address);
	if (num_int(colon + 1, 1, 65535, &port, err) == -1)
		return err_wrap(err, "address: %s: port", address);
	*ret_host = arena_strndup(arena, host, (size_t) (end - host));
	*ret_port = arena_strdup(arena, colon + 1);
	return 0;
}

/* "$name" in a file's name stands for the certificate's; a wildcard's star
 * becomes '_', which no DNS name of a server has. */
static const char *file_name(struct resolve *r, const char *file,
			     const char *cert)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(4096);

	for (const char *p = file; *p != '\0'; p++) {
		if (strncmp(p, "$name", 5) == 0) {
			for (const char *c = cert; *c != '\0'; c++)
				sbuf_addc(&out, *c == '*' ? '_' : *c);
			p += 4;
		} else {
			sbuf_addc(&out, *p);
		}
	}
	return arena_strdup(r->arena, sbuf_str(&out));
}

/* PREFIX without slashes at its end, "" for none. */
static const char *root_of(struct resolve *r, const char *prefix)
{
	size_t len = prefix ? strlen(prefix) : 0;

	while (len > 0 && prefix[len - 1] == '/')
		len--;
	return arena_strndup(r->arena, prefix ? prefix : "", len);
}

const char *svc_inside(const struct svc_cert *c, const char *path)
{
	return path + strlen(c->root);
}

/* PATH as the service sees it, which may be NULL, from outside. */
static const char *outside(struct resolve *r, const char *root,
			   const char *path)
{
	if (!path || *root == '\0')
		return path;
	return arena_printf(r->arena, "%s%s", root, path);
}

static void resolve_path(struct resolve *r, const char *name,
			 struct svc_cert *c, struct svc_file *ret)
{
	if (c->link) {
		ret->name = name;
		ret->path = arena_printf(r->arena, "%s/%s", c->link, name);
	} else if (*name == '/') {
		ret->path = outside(r, c->root, name);
	} else {
		ret->path = arena_printf(r->arena, "%s/%s", c->dir, name);
	}
}

static void resolve_file(struct resolve *r, const struct profile_file *f,
			 struct svc_cert *c, struct svc_file *ret)
{
	const char *name = file_name(r, f->file, c->conf->name);
	struct err err = ERR_INIT;

	if (profile_format(f, r->arena, &ret->format, &err) == -1) {
		conf_error(r->errs, &f->src, "%s", err.msg);
		return;
	}
	ret->attr.mode = f->mode;
	ret->own_mode = f->mode != 0;
	if (ret->attr.mode == 0)
		ret->attr.mode = format_has_key(&ret->format) ? 0600 : 0644;
	if (file_uid(f->owner ? f->owner : "", &ret->attr.uid, &err) == -1 ||
	    file_gid(f->group ? f->group : "", &ret->attr.gid, &err) == -1)
		conf_error(r->errs, &f->src, "%s", err.msg);
	if (c->link && strchr(name, '/'))
		conf_error(r->errs, &f->src,
			   "file: %s must be a plain name with layout = "
			   "\"generation\"",
			   name);
	resolve_path(r, name, c, ret);
	if (format_has_key(&ret->format))
		c->has_key = true;
	if (format_has_leaf(&ret->format))
		c->has_chain = c->has_chain || format_has_chain(&ret->format);
	else
		c->has_chain = true;
	if (format_has_key(&ret->format) && !c->conf->key &&
	    c->conf->public_key)
		conf_error(r->errs, &f->src,
			   "certificate %s: format %s needs its private key, "
			   "set key",
			   c->conf->name, ret->format.text);
	if (format_has_key(&ret->format) && (ret->attr.mode & 07) != 0)
		conf_error(r->errs, &f->src,
			   "mode: a file with a private key must not be open "
			   "to everyone");
}

/* CONF as it is from outside. */
static const struct installer_cert *conf_outside(
	struct resolve *r, const char *root, const struct installer_cert *conf)
{
	struct installer_cert *out = arena_alloc(r->arena, sizeof(*out));

	*out = *conf;
	out->key = outside(r, root, conf->key);
	out->public_key = outside(r, root, conf->public_key);
	out->dir = outside(r, root, conf->dir);
	return out;
}

static void resolve_cert(struct resolve *r, const struct installer_service *s,
			 const struct installer_cert *conf,
			 const struct profile *p, enum svc_layout layout,
			 struct svc_cert *ret)
{
	const struct conf_groups *files =
		conf->files.n != 0 ? &conf->files : &p->files;
	struct svc_file *v = arena_array(r->arena, files->n + 1, sizeof(*v));
	size_t len;
	bool leaf = false;

	ret->root = root_of(r, s->prefix);
	ret->link_targets = &s->link_targets;
	conf = conf_outside(r, ret->root, conf);
	len = strlen(conf->dir);
	while (len > 1 && conf->dir[len - 1] == '/')
		len--;
	ret->conf = conf;
	ret->domain = store_name_domain(r->arena, conf->name);
	ret->dir = arena_strndup(r->arena, conf->dir, len);
	if (layout == SVC_GENERATION)
		ret->link = arena_printf(r->arena, "%s/" SVC_LINK, ret->dir);
	for (size_t i = 0; i < files->n; i++) {
		resolve_file(r, files->v[i], ret, &v[i]);
		if (!leaf && format_has_leaf(&v[i].format))
			ret->leaf_path = v[i].path;
		leaf = leaf || format_has_leaf(&v[i].format);
	}
	/* What is installed is read back from its files. */
	if (!leaf)
		conf_error(r->errs, &conf->src,
			   "certificate %s: none of its files holds the "
			   "certificate itself",
			   conf->name);
	ret->files = v;
	ret->n_files = files->n;
}

static int find_cert(const struct svc *s, const struct installer_endpoint *e,
		     size_t *ret)
{
	size_t found = 0, hits = 0;

	for (size_t i = 0; i < s->n_certs; i++) {
		const struct svc_cert *c = &s->certs[i];
		const char *want = e->certificate, *have = c->conf->name;

		if (!want && s->n_certs > 1) {
			want = e->server_name;
			have = c->domain;
		}
		if (want && strcmp(want, have) != 0)
			continue;
		if (!want && s->n_certs > 1)
			continue;
		found = i;
		hits++;
	}
	if (hits != 1)
		return -1;
	*ret = found;
	return 0;
}

static void resolve_endpoint(struct resolve *r, struct svc_endpoint *e)
{
	const struct installer_endpoint *c = e->conf;
	struct err err = ERR_INIT;

	e->look = arena_printf(
		r->arena, "%s%s%s", c->server_name ? c->server_name : "",
		c->key_type ? "+" : "", c->key_type ? c->key_type : "");
	/* A command may ask something that has no port. */
	if ((protocol_find(c->protocol)->needs & PROTOCOL_NEEDS_PORT) != 0 &&
	    svc_address(c->address, r->arena, &e->host, &e->port, &err) == -1)
		conf_error(r->errs, &c->src, "%s", err.msg);
}

static void resolve_endpoints(struct resolve *r, struct svc *s)
{
	const struct conf_groups *g = &s->conf->verify;
	struct svc_endpoint *v = arena_array(r->arena, g->n + 1, sizeof(*v));

	for (size_t i = 0; i < g->n; i++) {
		v[i].conf = g->v[i];
		resolve_endpoint(r, &v[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(v[k].look, v[i].look) == 0 &&
			    strcmp(v[k].conf->address, v[i].conf->address) == 0)
				conf_error(r->errs, &v[i].conf->src,
					   "verify %s is there twice",
					   v[i].conf->address);
		if (find_cert(s, v[i].conf, &v[i].cert) == -1)
			conf_error(r->errs, &v[i].conf->src,
				   "which certificate does %s serve? Set "
				   "certificate to the name of one of this "
				   "service's",
				   v[i].conf->address);
	}
	s->endpoints = v;
	s->n_endpoints = g->n;
}

#define SAFE                         \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789._+*/-"

/* What built-in variable NAME is for C; NULL: nothing. */
static const char *builtin_word(const struct svc_cert *c, const char *name)
{
	if (strcmp(name, "key") == 0)
		return c->conf->key;
	if (strcmp(name, "name") == 0)
		return c->conf->name;
	if (strcmp(name, "domain") == 0)
		return c->domain;
	if (strcmp(name, "dir") == 0)
		return c->dir;
	/* Without one there was an error. */
	return c->leaf_path ? c->leaf_path : "";
}

/* Built-in variable NAME: one word, or one of each certificate that has it. */
static struct profile_var *builtin(struct resolve *r, const struct svc *s,
				   const char *name)
{
	struct profile_var *var = arena_alloc(r->arena, sizeof(*var));
	size_t all = strcmp(name, "service") == 0 ? 1 : s->n_certs, n = 0;
	const char **v = arena_array(r->arena, all + 1, sizeof(*v));

	for (size_t i = 0; i < all; i++) {
		v[n] = strcmp(name, "service") == 0
			       ? s->name
			       : builtin_word(&s->certs[i], name);
		n += v[n] ? 1 : 0;
	}
	var->name = name;
	var->value = (struct conf_strings){ v, n };
	return var;
}

/* The variables of S, and those built in. */
static struct conf_groups all_vars(struct resolve *r, const struct svc *s)
{
	const struct conf_groups *own = &s->conf->vars;
	size_t n = 0;
	void **v = arena_array(r->arena, own->n + profile_builtins.n + 1,
			       sizeof(*v));

	for (; n < own->n; n++)
		v[n] = own->v[n];
	for (size_t i = 0; i < profile_builtins.n; i++) {
		const struct profile_var *b = profile_builtins.v[i];

		v[n++] = builtin(r, s, b->name);
	}
	return (struct conf_groups){ .v = v, .n = n };
}

/* Some command is a script after all: what it gets is a word to any shell. */
static void check_safe(struct resolve *r, const struct svc *s,
		       const struct profile_command *c)
{
	for (size_t i = 0; i < profile_builtins.n; i++) {
		const struct profile_var *b = profile_builtins.v[i];
		const struct conf_strings *value;

		if (!profile_uses(c, b->name))
			continue;
		value = &builtin(r, s, b->name)->value;
		for (size_t k = 0; k < value->n; k++)
			if (strspn(value->v[k], SAFE) != strlen(value->v[k]))
				conf_error(r->errs, &c->src,
					   "command: $%s: %s has characters "
					   "other than a-z, A-Z, 0-9 and "
					   "._+*/-",
					   b->name, value->v[k]);
	}
}

static unsigned int given(const struct profile_command *c)
{
	return (profile_uses(c, "dir") ? SVC_GIVEN_DIR : 0) |
	       (profile_uses(c, "file") ? SVC_GIVEN_FILE : 0) |
	       (profile_uses(c, "key") ? SVC_GIVEN_KEY : 0);
}

static void resolve_commands(struct resolve *r, const struct svc *s,
			     const struct profile *p,
			     const struct conf_groups *g,
			     struct svc_commands *ret)
{
	struct svc_command *v = arena_array(r->arena, g->n + 1, sizeof(*v));
	const struct conf_groups vars = all_vars(r, s);

	for (size_t i = 0; i < g->n; i++) {
		const struct profile_command *c = g->v[i];

		check_safe(r, s, c);
		v[i].timeout_s = (int) c->timeout;
		v[i].user = c->user;
		v[i].env = c->env.n > 0 ? c->env.v : NULL;
		v[i].given = given(c);
		(void) !profile_argv(p, &vars, c, r->arena, &v[i].argv,
				     r->errs);
	}
	ret->v = v;
	ret->n = g->n;
}

static void digest_commands(struct sbuf *text, const char *what,
			    const struct svc_commands *c)
{
	for (size_t i = 0; i < c->n; i++) {
		sbuf_addf(text, "%s\t%d\t%s", what, c->v[i].timeout_s,
			  c->v[i].user ? c->v[i].user : "");
		for (const char *const *a = c->v[i].argv; *a; a++)
			sbuf_addf(text, "\t%s", *a);
		for (const char *const *e = c->v[i].env; e && *e; e++)
			sbuf_addf(text, "\tenv %s", *e);
		sbuf_addc(text, '\n');
	}
}

static void digest_file(struct sbuf *text, const struct svc_file *f)
{
	const struct format *m = &f->format;
	const char *const more[] = { m->dh_file, m->extra_file,
				     m->password_file, m->friendly_name };

	sbuf_addf(text, "file\t%s\t%s\t%d\t%o\t%u\t%u", f->path, m->text,
		  (int) m->des3, (unsigned int) f->attr.mode,
		  (unsigned int) f->attr.uid, (unsigned int) f->attr.gid);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		sbuf_addf(text, "\t%s", more[i] ? more[i] : "");
	sbuf_addc(text, '\n');
}

static void digest(struct svc *s, const struct profile *p)
{
	AUTO(sbuf_free) struct sbuf text = SBUF_INIT(8u << 20);
	struct installer_service conf = *s->conf;

	sbuf_addf(&text, "%s\t%d\n", s->name, (int) s->layout);
	for (size_t i = 0; i < s->n_certs; i++) {
		const struct svc_cert *c = &s->certs[i];

		sbuf_addf(&text, "cert\t%s\t%s\n", c->conf->name, c->dir);
		for (size_t k = 0; k < c->n_files; k++)
			digest_file(&text, &c->files[k]);
	}
	for (size_t i = 0; i < s->n_endpoints; i++)
		sbuf_addf(&text, "verify\t%s\t%zu\n", s->endpoints[i].look,
			  s->endpoints[i].cert);
	sbuf_addf(&text, "wait\t%lld\n", (long long) s->wait);
	for (int h = 0; h < HOOKS; h++)
		digest_commands(&text, profile_hooks[h], &s->hooks[h]);
	/* Who it changes together with is no part of the way it does. */
	conf.alone = false;
	conf_dump(&installer_service_schema, &conf, &text);
	conf_dump(&profile_schema, p, &text);
	enc_sha256_hex(sbuf_str(&text), text.len, s->digest);
}

static void resolve_service(struct resolve *r,
			    const struct installer_service *conf,
			    struct svc *ret)
{
	const char *dirs[] = { r->conf->profile_dir,
			       r->conf->shipped_profile_dir, NULL };
	struct svc_cert *certs =
		arena_array(r->arena, conf->certificates.n + 1, sizeof(*certs));
	size_t before = r->errs->list.n;
	struct err err = ERR_INIT;
	struct profile p;

	ret->conf = conf;
	ret->name = conf->name;
	if (profile_load(dirs, conf->profile, &conf->src, r->arena, &p,
			 r->errs) == -1)
		return;
	ret->layout = strcmp(p.layout, "generation") == 0 ? SVC_GENERATION
							  : SVC_FIXED;
	profile_check_vars(&p, &conf->vars, &conf->src, r->errs);
	for (size_t i = 0; i < conf->certificates.n; i++)
		resolve_cert(r, conf, conf->certificates.v[i], &p, ret->layout,
			     &certs[i]);
	ret->certs = certs;
	ret->n_certs = conf->certificates.n;
	resolve_endpoints(r, ret);
	if (window_parse(&conf->window, r->arena, &ret->window, &err) == -1)
		conf_error(r->errs, &conf->src, "%s", err.msg);
	ret->wait = p.wait;
	ret->needs = p.client_auth ? "clientAuth" : "";
	if (p.wait > 0 && conf->verify.n == 0)
		conf_error(r->errs, &conf->src,
			   "service %s: its profile waits for a restart, and "
			   "only verify can tell when that was",
			   conf->name);
	for (int h = 0; h < HOOKS; h++)
		resolve_commands(r, ret, &p, &p.hooks[h], &ret->hooks[h]);
	if (r->errs->list.n == before)
		digest(ret, &p);
}

/* PATH of C by another name may be the same file: where it leads now. Only to
 * compare; what cannot be told is called as it is. */
static const char *real_path(struct resolve *r, const struct svc_cert *c,
			     const char *path)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	if (place_open(c->root, svc_inside(c, path), 0, &p, NULL) != 1)
		return path;
	return arena_strdup(r->arena, p.path);
}

struct clashes {
	struct resolve *r;
	struct strlist seen; /* folders and files that are written */
	struct strlist keys; /* files that must not be */
};

static void check_file(struct clashes *k, const struct svc_cert *cert,
		       const struct svc_file *file, const char *real)
{
	if (strlist_has(&k->seen, real))
		conf_error(k->r->errs, &cert->conf->src,
			   "%s is there twice, as a file of this or of another "
			   "certificate, use another dir or name",
			   real);
	if (!format_has_key(&file->format) && strlist_has(&k->keys, real))
		conf_error(k->r->errs, &cert->conf->src,
			   "%s is a key's file and would be overwritten", real);
	strlist_add(&k->seen, real);
}

static void check_cert(struct clashes *k, const struct svc_cert *cert)
{
	const char *dir = real_path(k->r, cert, cert->dir);

	if (cert->link && strlist_has(&k->seen, dir))
		conf_error(k->r->errs, &cert->conf->src,
			   "dir: %s is the folder of another certificate or "
			   "service too, each needs one of its own",
			   cert->dir);
	strlist_add(&k->seen, dir);
	if (cert->link)
		strlist_addf(&k->seen, "%s/" SVC_LINK, dir);
	for (size_t i = 0; i < cert->n_files; i++) {
		const struct svc_file *f = &cert->files[i];

		if (!f->path) /* there was an error */
			continue;
		check_file(k, cert, f,
			   cert->link ? arena_printf(k->r->arena,
						     "%s/" SVC_LINK "/%s", dir,
						     f->name)
				      : real_path(k->r, cert, f->path));
	}
}

/* By its own name and, when it is a link, by what that leads to. */
static void add_key(struct clashes *k, const struct svc_cert *c)
{
	const char *path = c->conf->key ? c->conf->key : c->conf->public_key;

	if (!path) /* there was an error */
		return;
	strlist_add(&k->keys, path);
	strlist_add(&k->keys, real_path(k->r, c, path));
}

/* The same file for two certificates would be changed by each in turn. */
static void check_clashes(struct resolve *r, const struct svcs *s)
{
	struct clashes k = { .r = r };

	for (size_t i = 0; i < s->n; i++)
		for (size_t c = 0; c < s->v[i].n_certs; c++)
			add_key(&k, &s->v[i].certs[c]);
	for (size_t i = 0; i < s->n; i++)
		for (size_t c = 0; c < s->v[i].n_certs; c++)
			check_cert(&k, &s->v[i].certs[c]);
	strlist_free(&k.seen);
	strlist_free(&k.keys);
}

int svc_resolve(const struct installer_conf *conf, struct arena *arena,
		struct svcs *ret, struct conf_errors *errs)
{
	struct resolve r = { .conf = conf, .arena = arena, .errs = errs };
	struct svcs out = { .n = conf->services.n };
	size_t before = errs->list.n;

	out.v = arena_array(arena, out.n + 1, sizeof(*out.v));
	for (size_t i = 0; i < out.n; i++)
		resolve_service(&r, conf->services.v[i], &out.v[i]);
	check_clashes(&r, &out);
	if (errs->list.n != before)
		return -1;
	*ret = out;
	return 0;
}

const char *svc_endpoint_text(const struct svc_endpoint *e, struct arena *arena)
{
	/* The store's column has room for 255. */
	if (*e->look == '\0' ||
	    strlen(e->look) + strlen(e->conf->address) > 250)
		return e->conf->address;
	return arena_printf(arena, "%s/%s", e->conf->address, e->look);
}
