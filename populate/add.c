/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "advise.h"
#include "enrol.h"
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

static void print_enrolled(const struct populate *p, const char *name,
			   const struct x509_csr *csr, const struct enrol *e,
			   const struct ca_profile_in *in, struct arena *a)
{
	AUTO(mem_free_str) char *names = names_text(csr);
	const struct x509_key_info *key = x509_csr_key(csr);

	printf("%s %s in %s\n", p->opt.dry_run ? "would enrol" : "enrolled",
	       name, store_name(p->store));
	printf("  names        %s\n", names);
	printf("  key          %s\n", key->text);
	printf("  md5_modulus  %s\n", key->md5_modulus);
	print_notes(csr);
	printf("  CA           %s\n", e->ca->name);
	print_binding(p, e->ca, a);
	populate_profile(in);
	print_proof(p, csr, e, a);
	print_try(p, name, e, a);
	if (e->row.enabled)
		printf("  state        enabled, the fetcher's next run orders "
		       "it\n");
	else
		printf("  state        disabled; enable it when that is in "
		       "place:\n               certrepo-populate%s enable "
		       "%s\n",
		       populate_hint(p, a), populate_word(name, a));
}

static void print_same(const struct store_cert *old, const struct enrol *e,
		       const char *name)
{
	const char *state = old->enabled ? "enabled" : "disabled";

	if (e->verdict == ENROL_SAME)
		printf("%s is already enrolled with this CSR (%s), nothing "
		       "changed\n",
		       name, state);
	else
		printf("%s is already enrolled with another CSR of the same "
		       "key and names (%s), nothing changed; --replace takes "
		       "the new one\n",
		       name, state);
}

static void print_replaced(const struct populate *p, const char *name,
			   const struct store_cert *old,
			   const struct x509_csr *csr, const struct enrol *e,
			   struct arena *a)
{
	AUTO(mem_free_str) char *names = names_text(csr);
	const struct x509_key_info *key = x509_csr_key(csr);

	printf("%s the CSR of %s in %s\n",
	       p->opt.dry_run ? "would replace" : "replaced", name,
	       store_name(p->store));
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
	print_notes(csr);
	if (e->come)
		print_proof(p, csr, e, a);
	printf("  state        %s\n",
	       old->enabled ? "enabled, the fetcher's next run orders a "
			      "certificate for it"
			    : "disabled, as before");
}

static int warn_shared_key(struct populate *p, const char *name,
			   const struct x509_csr *csr, struct arena *a,
			   struct err *err)
{
	const char *other = NULL;

	if (store_key_owner(p->store, x509_csr_key(csr)->sha256, name, a,
			    &other, err) == -1)
		return -1;
	if (other)
		log_warn("%s: this key is already enrolled as %s; if it "
			 "leaks, both are lost",
			 name, other);
	return 0;
}

/* Who brings a CSR may have been given it by somebody else. */
static int warn_others(struct populate *p, const char *name,
		       const struct x509_csr *csr, struct arena *a,
		       struct err *err)
{
	const struct x509_ids *ids = x509_csr_ids(csr);
	const char *own = store_name_domain(a, name);

	for (size_t i = 0; i < ids->n; i++) {
		const char *other = NULL, *id = ids->v[i].value;

		if (strcmp(id, own) == 0)
			continue;
		if (store_domain_owner(p->store, id, name, a, &other, err) ==
		    -1)
			return -1;
		if (other)
			log_warn("%s: the CSR also asks for %s, which is "
				 "enrolled as %s: is it meant that this key "
				 "gets a certificate for it, too?",
				 name, id, populate_clean(a, other));
	}
	return 0;
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

static int carry_out(struct populate *p, const struct x509_csr *csr,
		     const struct store_cert *old, const struct enrol *e,
		     const struct ca_profile_in *in, struct arena *a,
		     struct err *err)
{
	const char *name = e->row.name;
	const struct x509_key_info *key = x509_csr_key(csr);

	switch (e->verdict) {
	case ENROL_ADD:
		if (!p->opt.dry_run && store_add(p->store, &e->row, err) == -1)
			return -1;
		print_enrolled(p, name, csr, e, in, a);
		if (!p->opt.dry_run)
			populate_log("enrolled", name,
				     e->row.enabled ? "enabled" : "disabled");
		return 0;
	case ENROL_REPLACE:
		if (!p->opt.dry_run &&
		    store_replace_csr(p->store, name, e->row.csr, key->sha256,
				      key->md5_modulus, err) == -1)
			return -1;
		print_replaced(p, name, old, csr, e, a);
		if (!p->opt.dry_run)
			populate_log("csr-replaced", name,
				     e->key_changed ? "another key" : NULL);
		break;
	case ENROL_SAME:
	case ENROL_EQUIVALENT:
		print_same(old, e, name);
		break;
	}
	if (e->ignored)
		log_warn("%s was enrolled before, so %s is not applied: use "
			 "certrepo-populate%s %s",
			 name, e->ignored, populate_hint(p, a),
			 instead(p, name, e, a));
	return 0;
}

/* What was refused only because --replace was not given, says the command. */
static void tell_replace(struct populate *p, const char *name,
			 const struct x509_csr *csr,
			 const struct store_cert *old,
			 const struct enrol_wish *given, struct arena *a,
			 struct err *err)
{
	struct enrol_wish wish = *given;
	struct enrol e;

	wish.replace = true;
	if (!old || given->replace ||
	    enrol_decide(&p->conf, name, csr, old, &wish, a, &e, NULL) == -1)
		return;
	(void) err_set(err, err->kind,
		       "%s; then: certrepo-populate%s add %s%s%s --replace",
		       arena_strdup(a, err->msg), populate_hint(p, a),
		       populate_word(name, a), p->opt.csr ? " --csr " : "",
		       p->opt.csr ? populate_word(p->opt.csr, a) : "");
}

/* The profile by which it will be ordered, seen to. */
static int look_at_profile(struct populate *p, const char *name,
			   const struct x509_csr *csr, const struct enrol *e,
			   struct arena *a, struct ca_profile_in *ret,
			   struct err *err)
{
	struct store_offer *offer = arena_alloc(a, sizeof(*offer));
	int rc = populate_offer(p, e->ca, a, offer, err);

	if (rc == -1)
		return -1;
	*ret = (struct ca_profile_in){ .ca = e->ca,
				       .offer = rc ? offer : NULL,
				       .row = e->ca_profile,
				       .csr = csr,
				       .days_left = p->conf.days_left,
				       .now = p->now };
	if (ca_profile_check(ret, err) == -1)
		return err_wrap(err, "%s", name);
	return 0;
}

static int add_in(struct populate *p, const char *name, struct arena *a,
		  struct err *err)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;
	const struct enrol_wish wish = { .ca = p->opt.ca,
					 .ca_profile = p->opt.ca_profile,
					 .challenge = p->opt.challenge,
					 .webroot = p->opt.webroot,
					 .comment = p->opt.comment,
					 .owner = p->opt.owner,
					 .enable = p->opt.enable,
					 .replace = p->opt.replace };
	struct store_cert *old = NULL;
	const char *path = csr_path(p, name, a);
	struct ca_profile_in in;
	struct enrol e;

	if (store_name_check(name, err) == -1 ||
	    store_get(p->store, name, a, &old, err) == -1 ||
	    read_csr(p, path, name, old, a, &csr, err) == -1)
		return -1;
	if (enrol_decide(&p->conf, name, csr, old, &wish, a, &e, err) == -1) {
		fill_in(p, name, populate_san(x509_csr_ids(csr), name, a), a,
			err);
		tell_replace(p, name, csr, old, &wish, a, err);
		idn_tell(x509_csr_unicode(csr), err);
		return err_wrap(err, "%s", name);
	}
	if ((e.verdict == ENROL_ADD || e.verdict == ENROL_REPLACE) &&
	    (look_at_profile(p, name, csr, &e, a, &in, err) == -1 ||
	     warn_shared_key(p, name, csr, a, err) == -1 ||
	     warn_others(p, name, csr, a, err) == -1))
		return -1;
	return carry_out(p, csr, old, &e, &in, a, err);
}

int add_run(struct populate *p, const char *name, struct err *err)
{
	struct arena *a = arena_new();
	int rc = add_in(p, name, a, err);

	arena_free(&a);
	return rc;
}
