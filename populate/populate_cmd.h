/* SPDX-License-Identifier: MIT */
#ifndef POPULATE_CMD_H
#define POPULATE_CMD_H

/* What the commands of certrepo-populate share. Each command prints its
 * result on stdout; a failure goes up in err. */

#include <sys/stat.h>
#include "arena.h"
#include "ca_profile.h"
#include "certrepo_conf.h"
#include "store.h"
#include "store_offer.h"
#include "x509.h"

struct populate_opts {
	const char *config;
	const char *csr; /* file, "-" is stdin, NULL: csr_dir/NAME.csr */
	const char *ca;	 /* NULL: not given, as the next four */
	const char *ca_profile;
	const char *challenge;
	const char *webroot;
	const char *comment;
	const char *owner;
	const char *reason;
	const char *password_file; /* of a host's account; NULL: printed */
	bool new_password;
	bool enable, replace, beside, by_rule, dry_run, yes, json;
	int verbose;
};

struct populate {
	struct populate_opts opt;
	struct certrepo_conf conf;
	struct arena *arena; /* the configuration's */
	struct store *store;
	int64_t now;
	int status;	   /* of a command that has told itself what failed */
	bool refusal_told; /* that accounts are an administrator's to make */
};

/* With MariaDB, the usual file is the fetcher's, whose account may not do what
 * is done by hand: these two have others, of which only root can read the
 * passwords. */
#define POPULATE_ADMIN CERTREPO_CONF_DIR "/admin.conf"
#define POPULATE_INIT  CERTREPO_CONF_DIR "/init.conf" /* for init alone */

/* The configuration when none is named: for root that of these two, where it
 * is there; what is to be told of it, its loader tells. */
const char *populate_config(bool init);
/* " -c FILE" when this is not the usual file, for hints to be copied; for root
 * the two above are. */
const char *populate_hint(const struct populate *p, struct arena *a);
/* "certrepo-fetcher -c FILE". Where FILE is that of another account
 * (admin.conf, init.conf, the user certrepo-populate, a password that the
 * fetcher's user cannot read): certrepo.conf beside it, or the usual file where
 * none is. */
const char *populate_fetcher(const struct populate *p, struct arena *a);
/* Whose state_dir is: the fetcher's user; false: it is not there. */
bool populate_state_owner(const struct populate *p, struct stat *ret);
/* The fetcher's user, who owns state_dir; "USER" when that is not there. */
const char *populate_user(const struct populate *p, struct arena *a);
/* WORD as a shell takes it: quoted where it would make something of it. */
const char *populate_word(const char *word, struct arena *a);
/* "DNS:a,IP:b" of IDS, which may be NULL; where there are none, or too many to
 * be shown, of the domain of NAME alone. */
const char *populate_san(const struct x509_ids *ids, const char *name,
			 struct arena *a);
/* The same of the names that ROW, which may be NULL, has in its CSR. */
const char *populate_san_row(const struct store_cert *row, const char *name,
			     struct arena *a);
/* TEXT with commands for any NAME, as those of x509_form.h, of which they are
 * made for this one: its names are SAN. One that would be too long to be shown
 * stays as it is. */
const char *populate_fill(const struct populate *p, const char *name,
			  const char *san, const char *text, struct arena *a);
/* A web root that is not there, in a sentence in A; NULL: it is, or it cannot
 * be told from here. */
const char *populate_webroot_missing(const char *webroot, struct arena *a);
/* "  LABEL        TEXT" on stdout, in lines of 80. */
void populate_line(const char *label, const char *text);
/* Asks whether WHAT shall be removed, by COMMAND, of NAME: 0 yes, or it need
 * not be asked; ERR_INPUT: no, or nobody there to ask. */
int populate_confirm(const struct populate *p, const char *command,
		     const char *name, const char *what,
		     struct err *err) MUST_CHECK;
/* Who did what, for syslog: DID ("enrolled"), DETAIL or NULL. */
void populate_log(const char *did, const char *name, const char *detail);
/* Adds to ERR what was meant by NAME, where it is written as in a browser, as
 * a file, as a pattern or not in ASCII. */
void populate_tell(const char *name, struct err *err);
/* Adds to ERR, of opening the store, as whom that works with SQLite. */
void populate_tell_user(const struct store_conf *store, struct err *err);
/* Adds to ERR which account has the rights that this one lacks; INIT: for
 * init. false: it is about something else. */
bool populate_tell_account(bool init, struct err *err);
/* Says so; returns -1. */
int populate_not_enrolled(const struct populate *p, const char *name,
			  struct err *err);
/* The CA that signs ROW, as the store knows it; name NULL: the fetcher never
 * used it, or another one under this name. */
int populate_ca(struct populate *p, const struct store_cert *row,
		struct arena *a, struct store_ca *ret,
		struct err *err) MUST_CHECK;
/* 1: what CA offers, as the fetcher saw it, in A; 0: it is not known. */
int populate_offer(struct populate *p, const struct certrepo_ca *ca,
		   struct arena *a, struct store_offer *ret,
		   struct err *err) MUST_CHECK;
/* What IN says of a profile, on stdout. */
void populate_profile(const struct ca_profile_in *in);
/* The row, or ERR_INPUT that it is not enrolled. */
int populate_row(struct populate *p, const char *name, struct arena *a,
		 struct store_cert **ret, struct err *err) MUST_CHECK;
/* For the terminal: control characters in a database's text become '?'.
 * NULL gives "". */
const char *populate_clean(struct arena *a, const char *text);

/* Creates or upgrades the database; after an upgrade it warns of rows that
 * will fail. With dry_run it says what it would do, and changes nothing. */
int init_run(struct populate *p, struct err *err) MUST_CHECK;
/* With dry_run, before the store is opened: there is no such file, which init
 * would make, and that was said. */
bool init_dry_new(const struct populate *p);
/* Those warnings alone. */
int init_look(struct populate *p, struct err *err) MUST_CHECK;
int add_run(struct populate *p, const char *name, struct err *err) MUST_CHECK;
int show_run(struct populate *p, const char *name, struct err *err) MUST_CHECK;
int list_run(struct populate *p, struct err *err) MUST_CHECK;
/* What hosts ask for, of the HOSTS that are named, or all. */
int pending_run(struct populate *p, char **hosts, int n,
		struct err *err) MUST_CHECK;
/* REFS are numbers, or HOST/NAME; what fails of them is told, and makes
 * p->status. With by_rule: what a rule takes, silently but on a terminal and
 * with -v. */
int approve_run(struct populate *p, char **refs, int n,
		struct err *err) MUST_CHECK;
int reject_run(struct populate *p, char **refs, int n,
	       struct err *err) MUST_CHECK;
/* Before the store is opened: by_rule, and no rule can take anything. */
bool approve_idle(const struct populate *p);
int change_set(struct populate *p, const char *name, char **fields,
	       struct err *err) MUST_CHECK;
int change_enable(struct populate *p, const char *name,
		  struct err *err) MUST_CHECK;
int change_disable(struct populate *p, const char *name,
		   struct err *err) MUST_CHECK;
int change_remove(struct populate *p, const char *name,
		  struct err *err) MUST_CHECK;

#endif
