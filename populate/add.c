/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "add.h"
#include "advise.h"
#include "file.h"
#include "idn.h"
#include "log.h"
#include "populate_cmd.h"
#include "proof_kind.h"
#include "strlist.h"
#include "webroot.h"
#include "x509.h"

static int read_stdin(struct sbuf *text, struct err *err)
{
	char buf[4096];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "reading the CSR from the terminal, end it "
				"with Ctrl-D\n");
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_errno(err, ERR_IO, "read standard input");
		sbuf_add(text, buf, (size_t) n);
		if (sbuf_over(text))
			return err_set(err, ERR_LIMIT,
				       "standard input: larger than %d bytes, "
				       "which no CSR is",
				       X509_INPUT_MAX);
	}
	return 0;
}

/* Where the CSR comes from, for messages, in A. */
static const char *csr_path(const struct populate *p, const char *name,
			    struct arena *a)
{
	if (!p->opt.csr)
		return arena_printf(a, "%s/%s.csr", p->conf.csr_dir, name);
	return strcmp(p->opt.csr, "-") == 0 ? "standard input" : p->opt.csr;
}

/* A CSR that was not brought: the command that makes one. */
static int no_csr(const char *path, const char *name, const char *san,
		  struct arena *a, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "%s does not exist: put the CSR there, or name it with "
		       "--csr FILE; the host that has the key makes it by: "
		       "openssl req -new -key KEY -subj / -addext "
		       "'subjectAltName=%s' -out %s",
		       path, san,
		       populate_word(arena_printf(a, "%s.csr", name), a));
}

/* The commands that a refusal says are made for any name: not here. */
static void fill_in(const struct populate *p, const char *name, const char *san,
		    struct arena *a, struct err *err)
{
	(void) err_set(
		err, err->kind, "%s",
		populate_fill(p, name, san, arena_strdup(a, err->msg), a));
}

/* The command that makes text or a request of it knows its name, and writes
 * another file. */
static void tell_file(const struct populate *p, const char *path,
		      const char *name, struct arena *a, struct err *err)
{
	static const char files[] = "FILE > NAME.csr", key[] = "-key KEY ";
	const char *was = arena_strdup(a, err->msg), *at;

	if (p->opt.csr && strcmp(p->opt.csr, "-") == 0)
		return;
	path = populate_word(path, a);
	at = strstr(was, files);
	if (at) {
		(void) err_set(
			err, err->kind, "%.*s%s > %s%s", (int) (at - was), was,
			path,
			populate_word(arena_printf(a, "%s.text.csr", name), a),
			at + strlen(files));
		return;
	}
	at = strstr(was, key);
	if (at && strstr(was, "this holds a PRIVATE KEY"))
		(void) err_set(err, err->kind, "%.*s-key %s %s",
			       (int) (at - was), was, path, at + strlen(key));
}

static int read_csr(const struct populate *p, const char *path,
		    const char *name, const struct store_cert *old,
		    struct arena *a, struct x509_csr **ret, struct err *err)
{
	AUTO(sbuf_erase) struct sbuf text = SBUF_INIT(X509_INPUT_MAX);
	int rc;

	if (p->opt.csr && strcmp(p->opt.csr, "-") == 0) {
		rc = read_stdin(&text, err);
	} else {
		rc = file_read(path, &text, err);
		if (rc == 0)
			return no_csr(path, name,
				      populate_san_row(old, name, a), a, err);
	}
	if (rc == -1)
		return -1;
	if (x509_csr_parse(sbuf_str(&text), text.len, ret, err) == -1) {
		tell_file(p, path, name, a, err);
		fill_in(p, name, populate_san_row(old, name, a), a, err);
		return err_wrap(err, "%s", path);
	}
	return 0;
}

static char *names_text(const struct x509_csr *csr)
{
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	const struct x509_ids *ids = x509_csr_ids(csr);

	for (size_t i = 0; i < ids->n; i++)
		strlist_add(&l, ids->v[i].value);
	return strlist_join(&l, ", ");
}

static void print_webroot(const struct populate *p, const char *webroot,
			  struct arena *a)
{
	const char *missing = populate_webroot_missing(webroot, a);
	struct webroot_look look;
	struct stat st;
	int rc = -1;

	if (!missing && populate_state_owner(p, &st))
		rc = webroot_look(webroot, st.st_uid, a, &look);
	printf("  needed       what the fetcher writes to "
	       "%s/.well-known/acme-challenge/\n"
	       "               is served at http://NAME/.well-known/"
	       "acme-challenge/, port 80;\n",
	       webroot);
	if (missing)
		populate_line("", missing);
	else if (rc == 1)
		printf("               its user, %s, may write there already\n",
		       populate_user(p, a));
	else if (rc == 0)
		printf("               its user must be able to write there, "
		       "by root:\n               %s\n",
		       look.command);
	else
		printf("               its user must be able to write there, "
		       "by root:\n"
		       "               install -d -o %s %s/.well-known\n",
		       populate_user(p, a), populate_word(webroot, a));
}

/* A line to be copied into a zone, or why none is needed. */
static const char *dns_line(const struct populate *p, const char *host,
			    struct arena *a, bool *ret_record)
{
	const char *zone;
	const char *record = proof_zone_record(&p->conf, host, a, &zone);

	if (record) {
		*ret_record = true;
		return record;
	}
	if (zone)
		return arena_printf(a,
				    "_acme-challenge.%s lies in %s, of "
				    "dns.zones: no record",
				    host, zone);
	return arena_printf(a,
			    "_acme-challenge.%s in a zone that the key of dns "
			    "may update",
			    host);
}

/* What has to exist before the fetcher can prove control. */
static void print_proof(const struct populate *p, const struct x509_csr *csr,
			const struct enrol *e, struct arena *a)
{
	AUTO(strlist_free) struct strlist seen = STRLIST_INIT;
	const struct x509_ids *ids = x509_csr_ids(csr);
	bool record = false;

	printf("  challenge    %s\n", e->challenge);
	if (!proof_type_find(e->challenge)->in_dns) {
		print_webroot(p, e->webroot, a);
		return;
	}
	for (size_t i = 0; i < ids->n; i++) {
		const char *v = ids->v[i].value;

		if (strncmp(v, "*.", 2) == 0)
			v += 2;
		if (strlist_has(&seen, v))
			continue;
		printf("  %-13s%s\n", seen.n ? "" : "needed",
		       dns_line(p, v, a, &record));
		strlist_add(&seen, v);
	}
	if (record)
		populate_line("", "in the zone of the name, unless dns.zones "
				  "names that zone; once, it never changes");
}

static void print_notes(const struct x509_csr *csr)
{
	AUTO(strlist_free) struct strlist notes = STRLIST_INIT;

	advise_csr(csr, false, &notes);
	for (size_t i = 0; i < notes.n; i++)
		populate_line("note", notes.v[i]);
}

/* Where that stands in the way of its first order. */
static void print_binding(const struct populate *p,
			  const struct certrepo_ca *ca, struct arena *a)
{
	struct store_ca row = { .name = NULL };
	struct err err = ERR_INIT;

	if (!ca->eab_required || ca->eab_kid ||
	    store_ca_get(p->store, ca->name, a, &row, &err) == -1 ||
	    row.account)
		return;
	populate_line("note", arena_printf(a,
					   "CA %s opens no account without "
					   "eab_kid and eab_key_file, from %s: "
					   "set them in its group",
					   ca->name, ca->web ? ca->web : "it"));
}

/* Where it costs nothing, before anything counts. */
static void print_try(const struct populate *p, const char *name,
		      const struct enrol *e, struct arena *a)
{
	if (e->ca->staging)
		printf("  try it       for nothing, when that is in place:\n"
		       "               %s --staging %s\n",
		       populate_fetcher(p, a), populate_word(name, a));
}

static void print_enrolled(const struct add *x)
{
	AUTO(mem_free_str) char *names = names_text(x->csr);
	const struct x509_key_info *key = x509_csr_key(x->csr);
	const struct populate *p = x->p;

	printf("%s %s in %s\n", p->opt.dry_run ? "would enrol" : "enrolled",
	       x->name, store_name(p->store));
	printf("  names        %s\n", names);
	printf("  key          %s\n", key->text);
	printf("  md5_modulus  %s\n", key->md5_modulus);
	print_notes(x->csr);
	printf("  CA           %s\n", x->e.ca->name);
	print_binding(p, x->e.ca, x->a);
	populate_profile(&x->in);
	print_proof(p, x->csr, &x->e, x->a);
	print_try(p, x->name, &x->e, x->a);
	if (x->e.row.enabled)
		printf("  state        enabled, the fetcher's next run orders "
		       "it\n");
	else
		printf("  state        disabled; enable it when that is in "
		       "place:\n               certrepo-populate%s enable "
		       "%s\n",
		       populate_hint(p, x->a), populate_word(x->name, x->a));
}

static void print_same(const struct add *x)
{
	const char *state = x->old->enabled ? "enabled" : "disabled";

	if (x->e.verdict == ENROL_SAME)
		printf("%s is already enrolled with this CSR (%s), nothing "
		       "changed\n",
		       x->name, state);
	else
		printf("%s is already enrolled with another CSR of the same "
		       "key and names (%s), nothing changed; --replace takes "
		       "the new one\n",
		       x->name, state);
}

static void print_replaced(const struct add *x)
{
	AUTO(mem_free_str) char *names = names_text(x->csr);
	const struct x509_key_info *key = x509_csr_key(x->csr);
	const struct enrol *e = &x->e;

	printf("%s the CSR of %s in %s\n",
	       x->p->opt.dry_run ? "would replace" : "replaced", x->name,
	       store_name(x->p->store));
	printf("  names        %s%s\n", names,
	       e->names_changed ? " (changed)" : "");
	if (e->gone)
		populate_line("gone", e->gone);
	if (e->come)
		populate_line("new", e->come);
	printf("  key          %s%s\n", key->text,
	       e->key_changed ? " (changed: its hosts need the new key before "
				"the next certificate)"
			      : "");
	printf("  md5_modulus  %s\n", key->md5_modulus);
	print_notes(x->csr);
	if (e->come)
		print_proof(x->p, x->csr, e, x->a);
	printf("  state        %s\n",
	       x->old->enabled ? "enabled, the fetcher's next run orders a "
				 "certificate for it"
			       : "disabled, as before");
}

void add_print(const struct add *x)
{
	switch (x->e.verdict) {
	case ENROL_ADD:
		print_enrolled(x);
		break;
	case ENROL_REPLACE:
		print_replaced(x);
		break;
	case ENROL_SAME:
	case ENROL_EQUIVALENT:
		print_same(x);
		break;
	}
}

static int warn_shared_key(const struct add *x, struct err *err)
{
	const char *other = NULL;

	if (store_key_owner(x->p->store, x509_csr_key(x->csr)->sha256, x->name,
			    x->a, &other, err) == -1)
		return -1;
	if (other)
		log_warn("%s: this key is already enrolled as %s; if it "
			 "leaks, both are lost",
			 x->name, populate_clean(x->a, other));
	return 0;
}

/* Who brings a CSR may have been given it by somebody else. */
static int warn_others(const struct add *x, struct err *err)
{
	const struct x509_ids *ids = x509_csr_ids(x->csr);
	const char *own = store_name_domain(x->a, x->name);

	for (size_t i = 0; i < ids->n; i++) {
		const char *other = NULL, *id = ids->v[i].value;

		if (strcmp(id, own) == 0)
			continue;
		if (store_domain_owner(x->p->store, id, x->name, x->a, &other,
				       err) == -1)
			return -1;
		if (other)
			log_warn("%s: the CSR also asks for %s, which is "
				 "enrolled as %s: is it meant that this key "
				 "gets a certificate for it, too?",
				 x->name, id, populate_clean(x->a, other));
	}
	return 0;
}

int add_warn(const struct add *x, struct err *err)
{
	if (x->e.verdict != ENROL_ADD && x->e.verdict != ENROL_REPLACE)
		return 0;
	return warn_shared_key(x, err) == -1 ? -1 : warn_others(x, err);
}

/* The command for the option that only a new name takes. */
static const char *instead(const struct populate *p, const char *name,
			   const struct enrol *e, struct arena *a)
{
	const struct {
		const char *option, *field, *value;
	} fields[] = {
		{ "--ca", "ca", p->opt.ca },
		{ "--ca-profile", "ca_profile", p->opt.ca_profile },
		{ "--challenge", "challenge", p->opt.challenge },
		{ "--webroot", "webroot_path", p->opt.webroot },
		{ "--comment", "comment", p->opt.comment },
		{ "--owner", "owner", p->opt.owner },
	};

	name = populate_word(name, a);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(e->ignored, fields[i].option) == 0)
			return arena_printf(a, "set %s %s=%s", name,
					    fields[i].field,
					    populate_word(fields[i].value, a));
	return arena_printf(a, "enable %s", name);
}

int add_store(const struct add *x, struct err *err)
{
	const struct x509_key_info *key = x509_csr_key(x->csr);

	switch (x->e.verdict) {
	case ENROL_ADD:
		return store_add(x->p->store, &x->e.row, err);
	case ENROL_REPLACE:
		return store_replace_csr(x->p->store, x->name, x->e.row.csr,
					 key->sha256, key->md5_modulus, err);
	case ENROL_SAME:
	case ENROL_EQUIVALENT:
		break;
	}
	return 0;
}

void add_log(const struct add *x)
{
	if (x->e.verdict == ENROL_ADD)
		populate_log("enrolled", x->name,
			     x->e.row.enabled ? "enabled" : "disabled");
	else if (x->e.verdict == ENROL_REPLACE)
		populate_log("csr-replaced", x->name,
			     x->e.key_changed ? "another key" : NULL);
}

static int carry_out(const struct add *x, struct err *err)
{
	struct populate *p = x->p;

	if (!p->opt.dry_run && add_store(x, err) == -1)
		return -1;
	add_print(x);
	if (!p->opt.dry_run)
		add_log(x);
	if (x->e.ignored)
		log_warn("%s was enrolled before, so %s is not applied: use "
			 "certrepo-populate%s %s",
			 x->name, x->e.ignored, populate_hint(p, x->a),
			 instead(p, x->name, &x->e, x->a));
	return 0;
}

/* What was refused only because --replace was not given, says the command. */
static void tell_replace(const struct add *x, struct err *err)
{
	struct enrol_wish wish = x->wish;
	struct populate *p = x->p;
	struct arena *a = x->a;
	struct enrol e;

	wish.replace = true;
	if (!x->old || x->wish.replace ||
	    enrol_decide(&p->conf, x->name, x->csr, x->old, &wish, a, &e,
			 NULL) == -1)
		return;
	(void) err_set(err, err->kind,
		       "%s; then: certrepo-populate%s add %s%s%s --replace",
		       arena_strdup(a, err->msg), populate_hint(p, a),
		       populate_word(x->name, a), p->opt.csr ? " --csr " : "",
		       p->opt.csr ? populate_word(p->opt.csr, a) : "");
}

/* The profile by which it will be ordered, seen to. */
static int look_at_profile(struct add *x, struct err *err)
{
	struct store_offer *offer = arena_alloc(x->a, sizeof(*offer));
	int rc = populate_offer(x->p, x->e.ca, x->a, offer, err);

	if (rc == -1)
		return -1;
	x->in = (struct ca_profile_in){ .ca = x->e.ca,
					.offer = rc ? offer : NULL,
					.row = x->e.ca_profile,
					.csr = x->csr,
					.days_left = x->p->conf.days_left,
					.now = x->p->now };
	return ca_profile_check(&x->in, err);
}

int add_judge(struct add *x, struct err *err)
{
	const char *san;

	if (enrol_decide(&x->p->conf, x->name, x->csr, x->old, &x->wish, x->a,
			 &x->e, err) == -1) {
		san = populate_san(x509_csr_ids(x->csr), x->name, x->a);
		fill_in(x->p, x->name, san, x->a, err);
		tell_replace(x, err);
		idn_tell(x509_csr_unicode(x->csr), err);
		return err_wrap(err, "%s", x->name);
	}
	if ((x->e.verdict == ENROL_ADD || x->e.verdict == ENROL_REPLACE) &&
	    look_at_profile(x, err) == -1)
		return err_wrap(err, "%s", x->name);
	return 0;
}

static int add_in(struct populate *p, const char *name, struct arena *a,
		  struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	struct add x = { .p = p, .name = name, .a = a };
	const char *path = csr_path(p, name, a);
	struct store_cert *old = NULL;

	x.wish = (struct enrol_wish){ .ca = p->opt.ca,
				      .ca_profile = p->opt.ca_profile,
				      .challenge = p->opt.challenge,
				      .webroot = p->opt.webroot,
				      .comment = p->opt.comment,
				      .owner = p->opt.owner,
				      .enable = p->opt.enable,
				      .replace = p->opt.replace };
	if (store_name_check(name, err) == -1 ||
	    store_get(p->store, name, a, &old, err) == -1 ||
	    read_csr(p, path, name, old, a, &csr, err) == -1)
		return -1;
	x.old = old;
	x.csr = csr;
	return add_judge(&x, err) == -1 || add_warn(&x, err) == -1
		       ? -1
		       : carry_out(&x, err);
}

int add_run(struct populate *p, const char *name, struct err *err)
{
	struct arena *a = arena_new();
	int rc = add_in(p, name, a, err);

	arena_free(&a);
	return rc;
}
