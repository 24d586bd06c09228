/* SPDX-License-Identifier: MIT */
#include "populate_cmd.h"
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include "file.h"
#include "idn.h"
#include "log.h"
#include "plain.h"
#include "store_near.h"
#include "words.h"

#define SAN_SHOWN  600 /* characters */
#define FILLED_MAX 900 /* with what stands before it in a message */
#define LINE_TEXT  65  /* characters beside the label */

const char *populate_config(bool init)
{
	const char *ours = init ? POPULATE_INIT : POPULATE_ADMIN;
	struct stat st;

	return geteuid() == 0 && (lstat(ours, &st) == 0 || errno != ENOENT)
		       ? ours
		       : CERTREPO_CONF_PATH;
}

const char *populate_hint(const struct populate *p, struct arena *a)
{
	if (geteuid() == 0 && (strcmp(p->opt.config, POPULATE_ADMIN) == 0 ||
			       strcmp(p->opt.config, POPULATE_INIT) == 0))
		return "";
	return certrepo_conf_hint(p->opt.config, a);
}

bool populate_state_owner(const struct populate *p, struct stat *ret)
{
	return p->conf.state_dir && stat(p->conf.state_dir, ret) == 0;
}

const char *populate_user(const struct populate *p, struct arena *a)
{
	const struct passwd *pw;
	struct stat st;

	pw = populate_state_owner(p, &st) ? getpwuid(st.st_uid) : NULL;
	return pw ? arena_strdup(a, pw->pw_name) : "USER";
}

/* Whether OWNER, by its uid and its own group, may read the password. */
static bool may_read_password(const struct populate *p, uid_t owner)
{
	const char *file = p->conf.store ? p->conf.store->password_file : NULL;
	const struct passwd *pw = getpwuid(owner);
	struct stat st;

	if (!file || stat(file, &st) == -1)
		return true;
	if (st.st_uid == owner)
		return st.st_mode & S_IRUSR;
	if (pw && st.st_gid == pw->pw_gid)
		return st.st_mode & S_IRGRP;
	return st.st_mode & S_IROTH;
}

/* Is it made for an account that is not the fetcher's. */
static bool is_admin(const struct populate *p, const char *file)
{
	const char *user = p->conf.store ? p->conf.store->user : NULL;

	return strcmp(file, "admin.conf") == 0 ||
	       strcmp(file, "init.conf") == 0 ||
	       (user && strcmp(user, "certrepo-populate") == 0);
}

const char *populate_fetcher(const struct populate *p, struct arena *a)
{
	const char *config = p->opt.config, *slash = strrchr(config, '/');
	int dir = slash ? (int) (slash + 1 - config) : 0;
	struct stat st;

	/* Run by root it becomes its own user, see runas.h. */
	if (is_admin(p, config + dir) ||
	    (geteuid() == 0 && populate_state_owner(p, &st) && st.st_uid != 0 &&
	     !may_read_password(p, st.st_uid)))
		config = arena_printf(a, "%.*scertrepo.conf", dir, config);
	if (config != p->opt.config && access(config, F_OK) != 0)
		return "certrepo-fetcher";
	return arena_printf(a, "certrepo-fetcher%s",
			    certrepo_conf_hint(config, a));
}

int populate_ca(struct populate *p, const struct store_cert *row,
		struct arena *a, struct store_ca *ret, struct err *err)
{
	const struct certrepo_ca *ca = certrepo_conf_ca(&p->conf, row->ca_name);
	const char *name = ca ? ca->name : row->ca_name;
	struct store_ca found = { .name = NULL };

	if (name && store_ca_get(p->store, name, a, &found, err) == -1)
		return -1;
	if (ca && found.directory && !certrepo_conf_ca_is(ca, found.directory))
		found = (struct store_ca){ .name = NULL };
	*ret = found;
	return 0;
}

int populate_offer(struct populate *p, const struct certrepo_ca *ca,
		   struct arena *a, struct store_offer *ret, struct err *err)
{
	const struct store_cert of = { .ca_name = ca->name };
	struct store_offer offer;
	struct store_ca known;
	int rc;

	if (populate_ca(p, &of, a, &known, err) == -1)
		return -1;
	if (!known.name)
		return 0;
	rc = store_offer_get(p->store, ca->name, a, &offer, err);
	if (rc != 1 || offer.ts == 0)
		return rc == -1 ? -1 : 0;
	*ret = offer;
	return 1;
}

void populate_profile(const struct ca_profile_in *in)
{
	AUTO(strlist_free) struct strlist said = STRLIST_INIT;
	AUTO(arena_free) struct arena *a = arena_new();
	const char *profile = ca_profile_of(in);

	if (!profile)
		return;
	printf("  %-13s%s%s\n", "CA profile", populate_clean(a, profile),
	       profile == in->row ? "" : " (of the configuration)");
	ca_profile_cost(in, &said);
	for (size_t i = 0; i < said.n; i++)
		populate_line("", arena_printf(a, "- %s", said.v[i]));
}

const char *populate_word(const char *word, struct arena *a)
{
	const char *const argv[] = { word, NULL };
	AUTO(mem_free_str) char *text = words_text(argv);

	return arena_strdup(a, text);
}

const char *populate_san(const struct x509_ids *ids, const char *name,
			 struct arena *a)
{
	const char *san = "";

	for (size_t i = 0; ids && i < ids->n; i++)
		san = arena_printf(a, "%s%s%s:%s", san, i ? "," : "",
				   ids->v[i].type == X509_ID_IP ? "IP" : "DNS",
				   ids->v[i].value);
	if (!*san || strlen(san) > SAN_SHOWN)
		san = arena_printf(a, "DNS:%s", store_name_domain(a, name));
	return san;
}

const char *populate_san_row(const struct store_cert *row, const char *name,
			     struct arena *a)
{
	AUTO(x509_csr_free) struct x509_csr *csr = NULL;

	if (!row || x509_csr_parse(row->csr.p, row->csr.p ? row->csr.len : 0,
				   &csr, NULL) == -1)
		return populate_san(NULL, name, a);
	return populate_san(x509_csr_ids(csr), name, a);
}

static const char *file_word(const char *name, const char *end, struct arena *a)
{
	return populate_word(arena_printf(a, "%s%s", name, end), a);
}

const char *populate_fill(const struct populate *p, const char *name,
			  const char *san, const char *text, struct arena *a)
{
	const struct {
		const char *is, *becomes;
	} words[] = {
		{ "subjectAltName=DNS:NAME",
		  file_word("subjectAltName=", san, a) },
		{ "dns:NAME",
		  file_word("dns:", store_name_domain(a, name), a) },
		{ "NAME.csr", file_word(name, ".csr", a) },
		{ "NAME.key", file_word(name, ".key", a) },
		{ "certrepo-populate add NAME",
		  arena_printf(a, "certrepo-populate%s add %s",
			       populate_hint(p, a), populate_word(name, a)) },
	};
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(FILLED_MAX);
	size_t i;

	for (const char *at = text; *at; at++) {
		for (i = 0; i < ARRAY_LEN(words); i++)
			if (strncmp(at, words[i].is, strlen(words[i].is)) == 0)
				break;
		if (i == ARRAY_LEN(words)) {
			sbuf_addc(&out, *at);
			continue;
		}
		sbuf_adds(&out, words[i].becomes);
		at += strlen(words[i].is) - 1;
	}
	/* One that is cut off would be worse than one to be filled in. */
	return sbuf_over(&out) ? text : arena_strdup(a, sbuf_str(&out));
}

const char *populate_webroot_missing(const char *webroot, struct arena *a)
{
	char *above = arena_strdup(a, webroot), *slash;
	struct stat st;

	if (stat(webroot, &st) == 0 || errno != ENOENT)
		return NULL;
	do {
		slash = strrchr(above, '/');
		slash[slash == above] = '\0';
	} while (stat(above, &st) == -1 && strcmp(above, "/") != 0);
	return arena_printf(a,
			    "%s is not there, below %s, which is: is it "
			    "written as the web server has it?",
			    webroot, above);
}

void populate_line(const char *label, const char *text)
{
	AUTO(mem_free_str) char *plain = mem_strdup(text);
	size_t at = 0, len;

	/* Much of it is of the store, where anybody may have written it. */
	plain_utf8(plain);
	text = plain;
	printf("  %-13s", label);
	for (; *text; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (at > 0 && at + 1 + len > LINE_TEXT) {
			printf("\n%*s", 80 - LINE_TEXT, "");
			at = 0;
		}
		at += (size_t) printf("%s%.*s", at ? " " : "", (int) len, text);
	}
	printf("\n");
}

void populate_log(const char *did, const char *name, const char *detail)
{
	const struct passwd *pw = getpwuid(getuid());
	char uid[24];

	snprintf(uid, sizeof(uid), "%lu", (unsigned long) getuid());
	log_event(LOG_L_NOTE, did, "name", name, "detail", detail, "user",
		  pw ? pw->pw_name : uid, "sudo_user", getenv("SUDO_USER"),
		  NULL);
}

/* "https://WWW.example.org:443/x" and "www.example.org.csr" are one name. NULL:
 * NAME is written as names are. */
static const char *meant(const char *name, struct arena *a)
{
	static const char *const ends[] = { ".csr", ".pem", ".crt", ".key" };
	const char *host = strstr(name, "://");
	char *ret;
	size_t len;

	host = host ? host + 3 : name;
	ret = arena_strndup(a, host, strcspn(host, "/:"));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		len = strlen(ret);
		if (len > strlen(ends[i]) &&
		    strcmp(ret + len - strlen(ends[i]), ends[i]) == 0)
			ret[len - strlen(ends[i])] = '\0';
	}
	len = strlen(ret);
	if (len > 0 && ret[len - 1] == '.')
		ret[len - 1] = '\0';
	for (char *p = ret; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	return strcmp(ret, name) != 0 && store_name_check(ret, NULL) == 0
		       ? ret
		       : NULL;
}

void populate_tell(const char *name, struct err *err)
{
	struct arena *a = arena_new();
	const char *m = meant(name, a);

	if (m)
		(void) err_set(err, err->kind, "%s; is %s meant?",
			       arena_strdup(a, err->msg), m);
	else if (strpbrk(name, "*?["))
		(void) err_set(
			err, err->kind,
			"%s; there are no patterns, list shows the names",
			arena_strdup(a, err->msg));
	idn_tell(name, err);
	arena_free(&a);
}

int populate_confirm(const struct populate *p, const char *command,
		     const char *name, const char *what, struct err *err)
{
	char answer[16] = "";

	if (p->opt.yes || p->opt.dry_run)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_INPUT,
			       "%s %s: there is no terminal to ask on, say "
			       "--yes",
			       command, name);
	fprintf(stderr, "remove %s from %s? [y/N] ", what,
		store_name(p->store));
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(err, ERR_INPUT, "%s was not removed", name);
}

void populate_tell_user(const struct store_conf *store, struct err *err)
{
	AUTO(mem_free_str) char *folder = NULL;
	AUTO(mem_free_str) char *was = mem_strdup(err->msg);
	AUTO(mem_free_str) char *word = NULL;
	const char *argv[] = { NULL, NULL }, *at;
	const struct passwd *pw;
	struct stat st;

	if (strcmp(store->driver, "sqlite") != 0)
		return;
	folder = file_dirname(store->path);
	if (stat(folder, &st) == -1) {
		argv[0] = folder;
		word = words_text(argv);
		if (errno == ENOENT)
			(void) err_set(err, err->kind,
				       "%s; make it for the fetcher's user, as "
				       "root: install -d -m 755 -o USER %s",
				       was, word);
		return;
	}
	if (geteuid() == 0 || geteuid() == st.st_uid)
		return;
	at = strstr(was, ": run it as who keeps the store");
	if (at || strstr(was, ": run it as root")) {
		if (at)
			(void) err_set(err, err->kind, "%.*s: run it as root",
				       (int) (at - was), was);
		return;
	}
	pw = getpwuid(st.st_uid);
	(void) err_set(err, err->kind,
		       "%s; its folder is %s's, and this runs as another user: "
		       "run it as root",
		       was, pw ? pw->pw_name : "another user");
}

bool populate_tell_account(bool init, struct err *err)
{
	AUTO(mem_free_str) char *was = mem_strdup(err->msg);

	if (err->kind != ERR_CONFIG || !strstr(was, "the rights of this user"))
		return false;
	(void) err_set(err, err->kind,
		       init ? "%s; init needs the account that owns the "
			      "database: root's, by " POPULATE_INIT
			      ", or certrepo-populate -c FILE init"
			    : "%s; by hand, use the account "
			      "certrepo-populate: as root, by " POPULATE_ADMIN
			      ", or by certrepo-populate -c FILE",
		       was);
	return true;
}

int populate_not_enrolled(const struct populate *p, const char *name,
			  struct err *err)
{
	AUTO(mem_free_str) char *near = store_near_text(p->store, name);

	return err_set(err, ERR_INPUT, "%s is not enrolled in %s%s", name,
		       store_name(p->store), near);
}

int populate_row(struct populate *p, const char *name, struct arena *a,
		 struct store_cert **ret, struct err *err)
{
	int rc = store_get(p->store, name, a, ret, err);

	if (rc == 0)
		return populate_not_enrolled(p, name, err);
	return rc == 1 ? 0 : -1;
}

const char *populate_clean(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text ? text : "");

	for (char *p = s; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			*p = '?';
	return s;
}
