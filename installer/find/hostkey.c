/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "hostkey.h"
#include "place.h"
#include "plain.h"
#include "words.h"
#include "x509_make.h"

#define KEY_FILE_MAX (256 * 1024)

static const char *path_of(const struct svc_cert *c)
{
	return c->conf->key ? c->conf->key : c->conf->public_key;
}

int hostkey_load(const struct svc_cert *c, struct x509_key **ret,
		 struct err *err)
{
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(KEY_FILE_MAX);
	const char *path = path_of(c), *inside = svc_inside(c, path);
	int rc;

	if (c->conf->key) {
		if (place_read_secret(c->root, inside, &pem, err) == -1)
			return -1;
		return x509_key_parse(path, &pem, ret, err);
	}
	rc = place_read_path(c->root, inside, 0, &pem, err);
	if (rc == 0)
		return err_set(err, ERR_CONFIG, "%s does not exist", path);
	if (rc == -1)
		return -1;
	return x509_key_parse_public(path, &pem, ret, err);
}

/* PATH of C, and where links lead to. */
static const char *real(const struct svc_cert *c, const char *path,
			struct arena *arena)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	if (place_open(c->root, svc_inside(c, path), 0, &p, NULL) != 1)
		return path;
	return arena_strdup(arena, p.path);
}

const char *hostkey_path(const struct svc_cert *c, struct arena *arena)
{
	return real(c, c->conf->key, arena);
}

bool hostkey_apart(const struct svc_cert *c, struct arena *arena)
{
	const char *key = hostkey_path(c, arena);

	for (size_t i = 0; i < c->n_files; i++) {
		const struct svc_file *f = &c->files[i];

		if (format_has_key(&f->format) &&
		    (strcmp(f->path, c->conf->key) == 0 ||
		     strcmp(real(c, f->path, arena), key) == 0))
			return false;
	}
	return true;
}

int hostkey_make(const struct svc_cert *c, const struct x509_key *key,
		 struct err *err)
{
	const struct file_attr attr = { 0600, geteuid(), FILE_KEEP };
	const char *path = c->conf->key;
	AUTO(sbuf_erase) struct sbuf pem = SBUF_INIT(KEY_FILE_MAX);
	AUTO(place_new_close) struct place_new n = PLACE_NEW_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open(c->root, svc_inside(c, path), 0, &p, err);

	if (rc == 0)
		return err_set(err, ERR_IO,
			       "the folder of %s is not there, make it", path);
	if (rc == -1)
		return -1;
	if ((p.mode & S_IWOTH) != 0)
		return err_set(err, ERR_IO,
			       "folder %s can be written by everyone, run: "
			       "chmod o-w %s",
			       p.folder, p.folder);
	if (x509_key_pem(key, &pem, err) == -1 ||
	    place_stage(&p, sbuf_str(&pem), pem.len, &attr, NULL, &n, err) ==
		    -1)
		return -1;
	if (place_commit(&p, &n, true, err) == -1) {
		place_drop(&p, &n);
		return -1;
	}
	return 0;
}

int hostkey_sweep(const struct svc_cert *c, struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;

	/* Why it cannot be got at is told where the key is used; what cannot be
	 * listed, no key was put into. */
	if (!c->conf->key ||
	    place_open(c->root, svc_inside(c, c->conf->key), 0, &p, NULL) !=
		    1 ||
	    strcmp(p.name, ".") == 0 || p.unlisted)
		return 0;
	return place_sweep_own(&p, p.name, err);
}

/* Certificates, parameters or whatever beside the key would be lost. */
static bool only_key(const struct sbuf *pem)
{
	static const char begin[] = "-----BEGIN ";
	const char *p = sbuf_str(pem);

	while ((p = strstr(p, begin))) {
		size_t len = strcspn(p += sizeof(begin) - 1, "\n");

		if (!memmem(p, len, "PRIVATE KEY-----", 16) &&
		    strncmp(p, "EC PARAMETERS-----", 18) != 0)
			return false;
	}
	return true;
}

static int check_owner(const struct svc_cert *c, const struct place *p,
		       const struct sbuf *pem, const struct x509_chain *disk,
		       struct err *err)
{
	AUTO(x509_key_free) struct x509_key *key = NULL;

	if (p->trusted && !p->shared)
		return 0;
	if (x509_key_parse(c->conf->key, pem, &key, err) == -1)
		return -1;
	if (disk && x509_key_matches(key, disk))
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s, in a folder that not only root can change, is not "
		       "the key of the installed certificate: no new key takes "
		       "its place",
		       c->conf->key);
}

int hostkey_replaceable(const struct svc_cert *c, const struct x509_chain *disk,
			char ret[ENC_SHA256_HEX], struct err *err)
{
	AUTO(place_old_free) struct place_old old = PLACE_OLD_INIT;
	AUTO(place_close) struct place p = PLACE_INIT;
	const char *path = c->conf->key;
	int rc = place_open(c->root, svc_inside(c, path), 0, &p, err);

	if (rc == -1 || (rc == 1 && place_read(&p, &old, err) == -1))
		return -1;
	if (old.kind != PLACE_FILE)
		return err_set(err, ERR_IO, "%s is not there, or not a file",
			       path);
	if (file_check_secret(old.attr.mode, "key", path, err) == -1)
		return -1;
	if (!only_key(&old.content))
		return err_set(err, ERR_INPUT,
			       "%s holds more than a private key, which would "
			       "be lost with it: give the key a file of its "
			       "own",
			       path);
	if (check_owner(c, &p, &old.content, disk, err) == -1)
		return -1;
	enc_sha256_hex(sbuf_str(&old.content), old.content.len, ret);
	return 0;
}

/* What can be seen of it without reading it: 1, 0 nothing is there, -1. */
static int look(const struct svc_cert *c, struct place_old *ret,
		struct err *err)
{
	AUTO(place_close) struct place p = PLACE_INIT;
	int rc = place_open(c->root, svc_inside(c, path_of(c)), 0, &p, err);

	if (rc == 1 && place_look(&p, ret, err) == -1)
		return -1;
	return rc == 1 ? ret->kind != PLACE_NONE : rc;
}

void hostkey_look(const struct svc_cert *c, struct sbuf *ret)
{
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;
	struct err err = ERR_INIT;
	int rc = look(c, &o, &err);

	sbuf_adds(ret, path_of(c));
	if (rc == -1)
		sbuf_addf(ret, " %s", err.msg);
	else if (rc == 1)
		sbuf_addf(ret, " %llu %llu %o %u %u %lld %lld.%ld %lld.%ld",
			  (unsigned long long) o.dev,
			  (unsigned long long) o.ino,
			  (unsigned int) o.attr.mode, (unsigned int) o.attr.uid,
			  (unsigned int) o.attr.gid, (long long) o.size,
			  (long long) o.mtime.tv_sec, o.mtime.tv_nsec,
			  (long long) o.ctime.tv_sec, o.ctime.tv_nsec);
	sbuf_addc(ret, '\n');
}

int hostkey_there(const struct svc_cert *c, struct err *err)
{
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;

	return look(c, &o, err);
}

int hostkey_since(const struct svc_cert *c, int64_t *ret)
{
	AUTO(place_old_free) struct place_old o = PLACE_OLD_INIT;
	struct err err = ERR_INIT;

	if (look(c, &o, &err) != 1)
		return -1;
	*ret = o.mtime.tv_sec;
	return 0;
}

/* What to do with KEY, which is not that of a certificate, when a request of it
 * was made; NULL: there was none. */
static const char *way_asked(const struct svc_cert *c,
			     const struct x509_key *key,
			     const struct requested *asked, struct arena *a)
{
	const char *name = c->conf->name;
	const struct requested_one *o;
	char id[ENC_SHA256_HEX], said[PLAIN_QUOTED];

	o = asked && x509_key_id(key, id, NULL) == 0
		    ? requested_find(asked, name, id)
		    : NULL;
	if (!o)
		return NULL;
	if (strcmp(o->state, FLEET_PENDING) == 0)
		return "approve the request of this one, on the central host: "
		       "certrepo-populate pending";
	if (strcmp(o->state, FLEET_APPROVED) == 0 && !o->as_name)
		return "wait for the certificate of this one: its request was "
		       "approved";
	if (strcmp(o->state, REQUESTED_PRINTED) == 0)
		return arena_printf(a,
				    "enrol the CSR of this one that was "
				    "printed, by certrepo-populate add "
				    "--replace %s on the central host",
				    name);
	if (strcmp(o->state, FLEET_REJECTED) == 0)
		return arena_printf(a,
				    "ask for a certificate of this one once "
				    "more, here: certrepo-installer --request "
				    "%s (the last request was rejected: %s)",
				    name, requested_why(o, said));
	return NULL;
}

/* The same, whatever was asked for. */
static const char *way_out(const struct svc_cert *c, const struct x509_key *key,
			   const struct requested *asked, struct arena *a)
{
	const char *way = way_asked(c, key, asked, a);
	const char *name = c->conf->name;

	if (way)
		return way;
	if (c->conf->key)
		return arena_printf(a,
				    "ask for a certificate of this one, here: "
				    "certrepo-installer --request %s",
				    name);
	return arena_printf(a,
			    "enrol a CSR of this one, by certrepo-populate add "
			    "--replace %s on the central host",
			    name);
}

/* Is its file not there, so that --request would make one. */
static bool is_lost(const struct svc_cert *c)
{
	return c->conf->key && hostkey_there(c, NULL) == 0;
}

int hostkey_load_or_say(const struct svc_cert *c, struct x509_key **ret,
			struct err *err)
{
	if (hostkey_load(c, ret, err) == 0)
		return 0;
	if (!is_lost(c))
		return -1;
	return err_set(err, err->kind,
		       "%s; put it there, or run: certrepo-installer --request "
		       "%s, which makes one and asks for its certificate",
		       err->msg, c->conf->name);
}

static int not_loaded(const struct svc_cert *c, struct err *err)
{
	err_wrap(err, "the key of the installed certificate");
	/* The other kind says what to run, and the service can read it. */
	if (!c->conf->key || err->kind == ERR_CONFIG)
		return -1;
	err_set(err, err->kind,
		"%s; put it back, the service may fail at its next restart",
		err->msg);
	if (!is_lost(c))
		return -1;
	return err_set(err, err->kind,
		       "%s; if it is lost, run: certrepo-installer --request "
		       "%s, which makes another",
		       err->msg, c->conf->name);
}

int hostkey_fits(const struct svc_cert *c, const struct x509_chain *chain,
		 const struct requested *asked, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(x509_key_free) struct x509_key *key = NULL;

	if (hostkey_load(c, &key, err) == -1)
		return not_loaded(c, err);
	if (x509_key_matches(key, chain))
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s is not the key of the installed certificate%s; put "
		       "the right one back, or %s",
		       path_of(c),
		       c->conf->key ? ", the service fails at its next restart"
				    : "",
		       way_out(c, key, asked, a));
}

#define NAMES_SAID 3

/* Some of the names of IDS, which has one. */
static const char *some_names(const struct x509_ids *ids, struct sbuf *ret)
{
	for (size_t i = 0; i < ids->n && i < NAMES_SAID; i++)
		sbuf_addf(ret, "%s%s", i > 0 ? ", " : "", ids->v[i].value);
	if (ids->n > NAMES_SAID)
		sbuf_addf(ret, " and %zu more", ids->n - NAMES_SAID);
	return sbuf_str(ret);
}

static int vet_name(const struct x509_chain *chain, const char *name,
		    struct err *err)
{
	const struct x509_ids *ids = x509_chain_ids(chain);
	AUTO(sbuf_free) struct sbuf names = SBUF_INIT(4096);

	if (x509_ids_cover(ids, name))
		return 0;
	if (ids->n == 0)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is not for %s: it "
			       "has no subjectAltName, and a CN counts for "
			       "nothing; have it issued anew for a CSR with "
			       "subjectAltName=DNS:%s",
			       name, name);
	return err_set(err, ERR_INPUT,
		       "the certificate in the store is not for %s, but for %s",
		       name, some_names(ids, &names));
}

static int vet_dates(const struct x509_chain *chain, int64_t now, int64_t skew,
		     struct err *err)
{
	int64_t from = x509_chain_not_before(chain);
	int64_t until = x509_chain_not_after(chain);
	char text[CLOCK_TEXT], doubt[CLOCK_DOUBT];

	if (until <= from)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store ends before it "
			       "begins");
	if (until <= now)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store expired on %s; %s",
			       clock_text(until, text),
			       clock_doubt(now, doubt));
	if (from > now + skew)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is not valid "
			       "before %s; %s",
			       clock_text(from, text), clock_doubt(now, doubt));
	return 0;
}

/* The root that the chain leads to is none of this host's. Public CAs often
 * have another chain for hosts that lag behind. */
static int untrusted(const struct svc_cert *c, const struct x509_chain *chain,
		     struct err *err)
{
	const char *const argv[] = { c->conf->name, NULL };
	AUTO(mem_free_str) char *name = words_text(argv);
	bool alone = x509_chain_len(chain) == 1;
	bool root = !alone && strstr(err->msg, "is not trusted by");

	err_wrap(err, "the certificate in the store%s cannot be trusted",
		 alone ? ", which has no chain there," : "");
	if (!root)
		return -1;
	return err_set(err, err->kind,
		       "%s; if it is of a public CA, certrepo-populate show %s "
		       "on the central host says which other chains that gives "
		       "(preferred_chain)",
		       err->msg, name);
}

static int vet_key(const struct svc_cert *c, const struct x509_key *key,
		   const struct requested *asked, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *way = way_asked(c, key, asked, a);

	if (way && c->conf->key)
		return err_set(err, ERR_INPUT,
			       "the certificate in the store belongs to "
			       "another key than %s; put that one there, or %s",
			       path_of(c), way);
	return err_set(err, ERR_INPUT,
		       "the certificate in the store belongs to another key "
		       "than %s; %s%s",
		       path_of(c),
		       c->conf->key ? "put that one there, or ask for a "
				      "certificate of this one: "
				      "certrepo-installer --request "
				    : "enrol a CSR of this one, by "
				      "certrepo-populate add --replace ",
		       c->conf->name);
}

int hostkey_vet(const struct svc_cert *c, const struct x509_chain *chain,
		const struct x509_key *key, const struct requested *asked,
		const struct x509_trust *trust, int64_t now, int64_t skew,
		struct err *err)
{
	int64_t from = x509_chain_not_before(chain);

	if (!x509_key_matches(key, chain))
		return vet_key(c, key, asked, err);
	if (x509_chain_is_ca(chain))
		return err_set(err, ERR_INPUT,
			       "the certificate in the store is that of a CA "
			       "(basicConstraints CA:TRUE), not of a server; "
			       "have one issued for %s",
			       c->domain);
	if (vet_name(chain, c->domain, err) == -1)
		return -1;
	for (size_t i = 0; i < c->conf->names.n; i++)
		if (vet_name(chain, c->conf->names.v[i], err) == -1)
			return -1;
	if (vet_dates(chain, now, skew, err) == -1)
		return -1;
	if (x509_chain_check_links(chain, err) == -1)
		return err_wrap(err, "the chain in the store is broken");
	/* Within the tolerated skew, judge as if it had begun. */
	if (x509_trust_verify(trust, chain, from > now ? from : now, err) == -1)
		return untrusted(c, chain, err);
	return 0;
}
