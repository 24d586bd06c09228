/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include "file.h"
#include "hostcmd.h"
#include "log.h"
#include "place.h"

#define PASSWORD_MIN  16 /* of one that a person made */
#define PASSWORD_MAX  200
#define HOST_PASSWORD CERTREPO_CONF_DIR "/host.password"

struct add {
	const char *host;
	char account[FLEET_ACCOUNT_MAX + 1];
	bool fresh;			 /* its row is new */
	char password[PASSWORD_MAX + 1]; /* ""; the account keeps its own */
	bool made_here;			 /* not that of a file that was there */
};

static void add_erase(struct add *a)
{
	mem_erase(a->password, sizeof(a->password));
}

/* --- the password --- */

/* Who lays a file where we are going to look chooses the password. 1; 0 there
 * is none; -1. */
static int read_ours(const char *path, struct place_old *ret, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open("", path, PLACE_TRUSTED, &p, err);

	if (rc == 0)
		return err_set(err, ERR_IO, "%s: its folder is not there",
			       path);
	if (rc == -1 || place_read(&p, ret, err) == -1)
		return -1;
	if (ret->kind == PLACE_NONE)
		return 0;
	if (ret->kind != PLACE_FILE)
		return err_set(err, ERR_CONFIG, "%s is in the way: not a file",
			       p.path);
	return file_check_secret(ret->attr.mode, "password", p.path, err) == -1
		       ? -1
		       : 1;
}

/* 1 read; 0 there is no such file; -1. One that is there may be of a run that
 * was stopped, or was kept for a restore. */
static int password_of_file(const char *path, char ret[PASSWORD_MAX + 1],
			    struct err *err)
{
	AUTO(place_old_free) struct place_old now = PLACE_OLD_INIT;
	const struct sbuf *b = &now.content;
	const char *text;
	size_t len;
	int rc = read_ours(path, &now, err);

	if (rc != 1)
		return rc;
	text = sbuf_str(b);
	len = strcspn(text, "\r\n");
	if (len < PASSWORD_MIN || len > PASSWORD_MAX ||
	    text[len + strspn(text + len, "\r\n")] || strlen(text) != b->len)
		return err_set(err, ERR_INPUT,
			       "%s is there, and does not hold a password, one "
			       "line of %d to %d characters; it is not "
			       "overwritten: name another file",
			       path, PASSWORD_MIN, PASSWORD_MAX);
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return err_set(err, ERR_INPUT,
				       "%s is there, and its password has "
				       "blanks or other than ASCII in it",
				       path);
	(void) snprintf(ret, PASSWORD_MAX + 1, "%.*s", (int) len, text);
	return 1;
}

static int write_new(const char *path, const char *password, struct err *err)
{
	AUTO(file_close) int fd = -1;
	AUTO(mem_free_str) char *folder = file_dirname(path);
	char line[FLEET_PASSWORD_LEN + 2];
	size_t len = strlen(password);
	bool whole;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_errno(err, ERR_IO, "%s", path);
	memcpy(line, password, len);
	line[len++] = '\n';
	whole = write(fd, line, len) == (ssize_t) len && fsync(fd) == 0;
	mem_erase(line, sizeof(line));
	if (!whole) {
		(void) err_errno(err, ERR_IO, "%s", path);
		(void) unlink(path);
		return -1;
	}
	return file_sync_dir(folder, err);
}

/* The one that is in the file, if that is there. Before anything is done: what
 * is refused here is refused every time. */
static int given_password(const struct populate *p, struct add *a,
			  struct err *err)
{
	const char *file = p->opt.password_file;
	int rc = file ? password_of_file(file, a->password, err) : 0;

	if (rc == 1 && p->opt.new_password)
		return err_set(err, ERR_INPUT,
			       "%s is there, and is not overwritten, so "
			       "nothing was done: name another file, or leave "
			       "--new-password out to give the account the "
			       "password in it",
			       file);
	return rc == -1 ? -1 : 0;
}

/* It is on disk before the account has it: whoever comes again after a kill
 * finds the one that counts. */
static int choose_password(const struct populate *p, enum fleet_seen seen,
			   struct add *a, struct err *err)
{
	const char *file = p->opt.password_file;

	if (*a->password)
		return 0;
	/* Of one that cannot be seen, the row tells that it was made. */
	if (!p->opt.new_password &&
	    (seen == FLEET_THERE || (seen == FLEET_HIDDEN && !a->fresh)))
		return 0;
	if (fleet_password_new(a->password, err) == -1)
		return -1;
	a->made_here = true;
	return file && !p->opt.dry_run ? write_new(file, a->password, err) : 0;
}

/* --- what is printed --- */

/* The database as hosts reach it: that of C, or of INSTEAD, where C has but a
 * socket. */
static const struct store_conf *reachable(const struct populate *p,
					  const struct hostcmd_maker *m)
{
	return !p->conf.store->host && m->conf && m->conf->store &&
			       m->conf->store->host
		       ? m->conf->store
		       : p->conf.store;
}

static bool is_here(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

static void print_setting(const char *name, const char *value)
{
	printf("          %s = \"", name);
	for (; *value; value++)
		printf("%s%c", *value == '"' || *value == '\\' ? "\\" : "",
		       *value);
	printf("\";\n");
}

/* To be pasted as it is. What is not known here stays out, and is refused
 * there until somebody fills it in. */
static void print_group(const struct populate *p, const struct hostcmd_maker *m,
			const struct add *a)
{
	const struct store_conf *c = reachable(p, m);

	printf("For the host's installer.conf:\n\n"
	       "host = \"%s\";\n"
	       "store : { driver = \"mariadb\";\n",
	       a->host);
	if (c->host)
		print_setting("host", c->host);
	if (c->host && is_here(c->host))
		printf("          # that is this machine; other hosts need its "
		       "name, as the server's\n"
		       "          # certificate has it\n");
	if (!c->host)
		printf("          # host = \"...\"; the server's name, as its "
		       "certificate has it: the\n"
		       "          # configuration used here goes by a socket, "
		       "or "
		       "an option file\n");
	if (c->port && c->port != 3306)
		printf("          port = %lld;\n", (long long) c->port);
	if (c->database && strcmp(c->database, "certrepo") != 0)
		print_setting("database", c->database);
	print_setting("user", a->account);
	print_setting("password_file", HOST_PASSWORD);
	if (c->ca_file)
		print_setting("ca_file", c->ca_file);
	else
		printf("          # ca_file = \"...\"; the CA of the server's "
		       "certificate, not known here\n");
	printf("        };\n");
	if (c->ca_file)
		printf("\nIt needs a copy of %s there, too.\n", c->ca_file);
}

static void print_password(const struct populate *p, const struct add *a)
{
	const char *file = p->opt.password_file;
	AUTO(arena_free) struct arena *t = arena_new();

	if (!*a->password)
		populate_line(
			"password",
			arena_printf(t,
				     "it keeps the one it has; --new-password "
				     "makes another one%s%s%s",
				     file ? ", and " : "", file ? file : "",
				     file ? " was not written" : ""));
	else if (file)
		populate_line(
			"password",
			arena_printf(t,
				     "%s %s; on the host it is " HOST_PASSWORD
				     ", 0600",
				     a->made_here ? "in"
						  : "the one that was in",
				     file));
	else
		printf("  %-13s%s\n  %-13sshown this once; on the host, "
		       "in " HOST_PASSWORD ", 0600\n",
		       "password", a->password, "");
}

static void print_account(const struct hostcmd_maker *m,
			  const struct fleet_account *f, const struct add *a)
{
	const char *what = !f	      ? "is there, or was given to an "
					"administrator to make"
			   : !f->done ? "not made yet, see below"
			   : f->was == FLEET_THERE ? "there"
						   : "made";
	AUTO(arena_free) struct arena *t = arena_new();

	populate_line("account", arena_printf(t, "%s, %s%s%s", a->account, what,
					      m->config ? ", by " : "",
					      m->config ? m->config : ""));
	if (f && f->stripped)
		populate_line("note",
			      "the account had other rights, which it has no "
			      "more: an installer of a version before, which "
			      "reads the views, has to be upgraded");
}

static void print_names(struct populate *p, const char *host)
{
	AUTO(arena_free) struct arena *t = arena_new();
	struct err own = ERR_INIT;
	struct fleet_names names;
	const char *all = "";

	if (fleet_host_names(p->store, host, t, &names, &own) == -1) {
		populate_line("may read",
			      arena_printf(t, "not known: %s", own.msg));
		return;
	}
	for (size_t i = 0; i < names.n; i++)
		all = arena_printf(t, "%s%s%s", all, i ? ", " : "",
				   populate_clean(t, names.v[i].name));
	populate_line("may read",
		      names.n ? all
			      : "nothing yet: host grant HOST NAME, or approve "
				"what it asks for");
}

/* --- the command --- */

static int dry(struct populate *p, struct add *a, char **names, int n,
	       struct err *err)
{
	AUTO(arena_free) struct arena *t = arena_new();
	enum fleet_seen seen;

	if (fleet_account_look(p->store, a->account, &seen, err) == -1 ||
	    choose_password(p, seen, a, err) == -1)
		return -1;
	printf("%s: would have the account %s%s%s%s%s\n", a->host, a->account,
	       seen == FLEET_THERE ? ", which is there" : "",
	       *a->password ? ", with a password of its own" : "",
	       n ? ", and may read " : "", hostcmd_joined(names, n, t));
	return 0;
}

static int put_account(struct populate *p, struct add *a,
		       struct hostcmd_maker *m, struct fleet_account *f,
		       bool *ret_done, struct err *err)
{
	char hash[FLEET_HASH_LEN + 1];

	if (choose_password(p, m->seen, a, err) == -1)
		return -1;
	/* Made by an administrator: there is nothing to be done that we may. */
	*ret_done = *a->password || m->seen == FLEET_THERE;
	if (!*ret_done)
		return 0;
	return fleet_account_put(
		m->store, a->host,
		*a->password ? fleet_password_hash(a->password, hash) : NULL, f,
		err);
}

static void tell(struct populate *p, const struct hostcmd_maker *m,
		 const struct fleet_account *f, const struct add *a)
{
	print_account(m, f, a);
	print_password(p, a);
	print_names(p, a->host);
	printf("\n");
	if (f && !f->done)
		hostcmd_print_sql(p, f);
	print_group(p, m, a);
}

/* What could not be printed will not be by opts_end() either. */
static int unprinted(void)
{
	__fpurge(stdout);
	clearerr(stdout);
	return -1;
}

/* A password that nobody gets to see locks the host out: that it can be shown
 * is seen to before anything is done. */
static int tell_begin(const struct populate *p, const struct add *a,
		      struct err *err)
{
	/* Who reads may go away. */
	(void) signal(SIGPIPE, SIG_IGN);
	printf("%s\n", a->host);
	if (p->opt.password_file || fflush(stdout) == 0)
		return 0;
	(void) err_errno(err, ERR_IO,
			 "cannot write to standard output, where the password "
			 "of %s would be shown, so nothing was done",
			 a->host);
	return unprinted();
}

static int tell_end(const struct populate *p, const struct add *a,
		    struct err *err)
{
	AUTO(arena_free) struct arena *t = NULL;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (!*a->password || p->opt.password_file)
		return 0; /* opts_end() says it: nothing is lost */
	t = arena_new();
	(void) err_set(err, ERR_IO,
		       "cannot write to standard output: %s has a password "
		       "that was not shown; make another one by "
		       "certrepo-populate%s host add %s --new-password",
		       a->host, populate_hint(p, t), populate_word(a->host, t));
	return unprinted();
}

static int add_in(struct populate *p, struct add *a, char **names, int n,
		  struct err *err)
{
	const struct fleet_host h = { .host = a->host,
				      .account = a->account,
				      .ts_added = p->now,
				      .comment = p->opt.comment };
	AUTO(hostcmd_maker_free)
	struct hostcmd_maker m = { .store = NULL };
	AUTO(fleet_account_free) struct fleet_account f = { .sql = NULL };
	AUTO(arena_free) struct arena *t = arena_new();
	bool done = false;
	int rc;

	if (given_password(p, a, err) == -1)
		return -1;
	if (p->opt.dry_run)
		return dry(p, a, names, n, err);
	if (tell_begin(p, a, err) == -1)
		return -1;
	rc = fleet_host_put(p->store, &h, (const char *const *) names,
			    (size_t) n, err);
	if (rc == -1 || hostcmd_maker(p, a->host, &m, err) == -1)
		return -1;
	a->fresh = rc == 1;
	if (put_account(p, a, &m, &f, &done, err) == -1)
		return err_wrap(err,
				"%s is noted, its account is not as it "
				"has to be; say this once more",
				a->host);
	if (a->fresh)
		populate_log("host-added", a->host, NULL);
	if (n)
		populate_log("host-granted", a->host,
			     hostcmd_joined(names, n, t));
	if (*a->password)
		populate_log("host-password", a->host, NULL);
	tell(p, &m, done ? &f : NULL, a);
	return tell_end(p, a, err);
}

int hostcmd_add(struct populate *p, char **words, int n, struct err *err)
{
	AUTO(add_erase) struct add a = { .host = words[0] };

	if (fleet_host_check(a.host, err) == -1 ||
	    hostcmd_need_accounts(p, err) == -1 ||
	    hostcmd_names(p, words + 1, n - 1, err) == -1)
		return -1;
	fleet_account_of(a.host, a.account);
	return add_in(p, &a, words + 1, n - 1, err);
}
