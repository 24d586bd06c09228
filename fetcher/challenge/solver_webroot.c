/* SPDX-License-Identifier: MIT */

/*
 * A file in the web root, for a web server to show.
 *
 * webroot_path comes from the store, and what lies below it may belong to
 * the site's own people; both could point anywhere. Therefore the web root,
 * and every link below it, is resolved, has to lie below an allowed prefix, and
 * is then walked to from that prefix without following any link; the file is
 * made and removed relative to the folder's descriptor. A link swapped in
 * between makes the walk fail, never write elsewhere.
 */

#include "chall_impl.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "log.h"
#include "sbuf.h"
#include "webroot.h"

#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What the end of a message becomes, see tell_refused(). */
#define REFUSED \
	" (the user that the fetcher runs as must be able to write there)"

struct webroot {
	const char *webroot; /* in the arena, no trailing slash */
	const char *token;
};

/* By errno: what a person has to mend is ERR_CONFIG; a disk that is full or
 * fails, and a want of descriptors, are nobody's fault and pass: ERR_IO. */
static int io_fail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int io_fail(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	AUTO(mem_free_str) char *what = NULL;
	bool denied = saved == EACCES || saved == EPERM || saved == EROFS;
	va_list ap;

	va_start(ap, fmt);
	what = mem_vprintf(fmt, ap);
	va_end(ap);
	errno = saved;
	if (denied || saved == ENOENT || saved == ENOTDIR || saved == ELOOP ||
	    saved == ENAMETOOLONG)
		err_errno(err, ERR_CONFIG, "%s", what);
	else
		err_errno(err, ERR_IO, "%s", what);
	if (!denied || !err)
		return -1;
	return err_set(err, ERR_CONFIG, "%s%s", err->msg,
		       saved == EROFS
			       ? " (it is mounted read-only, or the unit "
				 "of systemd does not name it in "
				 "ReadWritePaths=)"
			       : REFUSED);
}

/* 1 and the folder's descriptor, 0 when one on the way is missing. */
static int walk(const char *prefix, const char *rest, int *ret, struct err *err)
{
	AUTO(file_close) int fd = open(prefix, DIR_FLAGS);
	char name[NAME_MAX + 1];

	while (fd != -1 && *rest) {
		size_t n = strcspn(rest, "/");
		int next;

		if (n >= sizeof(name))
			return err_set(err, ERR_CONFIG, "name too long in %s",
				       rest);
		memcpy(name, rest, n);
		name[n] = '\0';
		rest += n + (rest[n] == '/');
		if (n == 0)
			continue;
		next = openat(fd, name, DIR_FLAGS);
		file_close(&fd);
		fd = next;
	}
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return io_fail(err, "open folder under %s", prefix);
	*ret = fd;
	fd = -1;
	return 1;
}

/* Open the folder PATH if it really lies below an allowed prefix: 1, 0 when
 * it is not there, -1. */
static int open_allowed(const struct certrepo_conf *conf, const char *path,
			int *ret, struct err *err)
{
	AUTO(mem_free_str) char *real = realpath(path, NULL);

	if (!real && errno == ENOENT)
		return 0;
	if (!real)
		return io_fail(err, "folder %s", path);
	for (size_t i = 0; i < conf->proof.webroot_prefixes.n; i++) {
		AUTO(mem_free_str)
		char *prefix =
			realpath(conf->proof.webroot_prefixes.v[i], NULL);
		const char *rest =
			prefix ? proof_conf_path_below(real, prefix) : NULL;

		if (rest)
			return walk(prefix, rest, ret, err);
	}
	return err_set(err, ERR_CONFIG,
		       "web root folder %s (really %s) is outside the allowed "
		       "places: see webroot_prefixes in the configuration",
		       path, real);
}

/* What is wrong with it, a person has to mend. */
static int check_webroot(const struct chall *c, const char *path,
			 struct err *err)
{
	if (proof_webroot_check(c->ctx->conf, path, err) == 0)
		return 0;
	err->kind = ERR_CONFIG;
	return -1;
}

static char *without_slashes(struct arena *a, const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	return arena_strndup(a, path, n);
}

static int init(struct chall *c, struct err *err)
{
	struct webroot *h;

	if (check_webroot(c, c->req.webroot_path, err) == -1)
		return -1;
	h = arena_alloc(c->arena, sizeof(*h));
	h->webroot = without_slashes(c->arena, c->req.webroot_path);
	h->token = c->req.token;
	c->priv = h;
	return 0;
}

/* A key authorization of that token, and no file of anybody else. */
static bool plain_value(const char *value, const char *token)
{
	size_t n = strlen(token);

	return strncmp(value, token, n) == 0 && value[n] == '.' &&
	       chall_token_ok(value + n + 1);
}

static int init_proof(struct chall *c, struct err *err)
{
	const char *path = c->proof.owner;
	const char *slash = strrchr(path, '/');
	size_t tail = strlen(CHALL_WELL_KNOWN);
	struct webroot *h;

	if (!slash || !chall_token_ok(slash + 1) ||
	    (size_t) (slash + 1 - path) < tail ||
	    strncmp(slash + 1 - tail, CHALL_WELL_KNOWN, tail) != 0)
		return err_set(err, ERR_INPUT,
			       "that is not the path of a challenge file");
	if (!plain_value(c->proof.value, slash + 1))
		return err_set(err, ERR_INPUT,
			       "what its row in the store says it holds is not "
			       "what such a file does");
	h = arena_alloc(c->arena, sizeof(*h));
	h->webroot = arena_strndup(c->arena, path,
				   (size_t) (slash + 1 - path) - tail);
	h->token = slash + 1;
	if (check_webroot(c, h->webroot, err) == -1)
		return -1;
	c->priv = h;
	return 0;
}

static void locate(struct chall *c)
{
	const struct webroot *h = c->priv;
	char *path = arena_printf(c->arena, "%s%s", h->webroot, c->place);

	chall_set_proof(c, "", "", path);
	chall_done_soon(c, NULL);
}

/* The web server, another user, reads it whatever our umask is. */
static int make_folder(int parent, const char *name)
{
	AUTO(file_close) int fd = -1;

	if (mkdirat(parent, name, 0755) == -1)
		return errno == EEXIST ? 0 : -1;
	fd = openat(parent, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd == -1 ? -1 : fchmod(fd, 0755);
}

/* The challenge folder, made when MAKE is set: 1, 0 (not there), -1. */
static int open_folder(struct chall *c, bool make, int *ret, struct err *err)
{
	static const char *const steps[] = { ".well-known", "acme-challenge" };
	const struct webroot *h = c->priv;
	AUTO(sbuf_free) struct sbuf path = SBUF_INIT(PATH_MAX);
	AUTO(file_close) int fd = -1;
	int found;

	sbuf_adds(&path, h->webroot);
	found = open_allowed(c->ctx->conf, *h->webroot ? h->webroot : "/", &fd,
			     err);
	if (found == 0 && make)
		return err_set(err, ERR_CONFIG, "web root %s does not exist",
			       h->webroot);
	for (size_t i = 0; found == 1 && i < ARRAY_LEN(steps); i++) {
		int next;

		sbuf_addf(&path, "/%s", steps[i]);
		if (sbuf_over(&path))
			return err_set(err, ERR_CONFIG, "path too long: %s",
				       h->webroot);
		if (make && make_folder(fd, steps[i]) == -1)
			return io_fail(err, "make folder %s", sbuf_str(&path));
		next = openat(fd, steps[i], DIR_FLAGS);
		/* A link, perhaps to another place that is allowed. */
		if (next == -1)
			found = open_allowed(c->ctx->conf, sbuf_str(&path),
					     &next, err);
		file_close(&fd);
		fd = next;
	}
	if (found == 0 && make)
		return err_set(err, ERR_CONFIG,
			       "%s is a link that leads nowhere, or went away",
			       sbuf_str(&path));
	if (found == 1) {
		*ret = fd;
		fd = -1;
	}
	return found;
}

static int write_all(int fd, const char *p, size_t n, struct err *err)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return io_fail(err, "write");
		p += w;
		n -= (size_t) w;
	}
	return 0;
}

/* Always the same name, so that clean finds what a killed run left. */
static const char *temp_name(const char *token, char buf[CHALL_TOKEN_MAX + 16])
{
	(void) snprintf(buf, CHALL_TOKEN_MAX + 16, ".%s.certrepo", token);
	return buf;
}

/* What lies at TOKEN? -1. */
enum found { NOTHING, OURS, CHALLENGE, FOREIGN };
static int look_at(int dir, const char *token, const char *value,
		   struct err *err)
{
	AUTO(file_close)
	int fd = openat(dir, token,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t dot = strlen(token) + 1;
	char buf[1024];
	struct stat st;
	ssize_t n;

	if (fd == -1 && errno == ENOENT)
		return NOTHING;
	if (fd == -1 && errno == ELOOP)
		return FOREIGN;
	if (fd == -1 || fstat(fd, &st) == -1)
		return io_fail(err, "open %s", token);
	if (!S_ISREG(st.st_mode))
		return FOREIGN;
	n = read(fd, buf, sizeof(buf));
	if (n == -1)
		return io_fail(err, "read %s", token);
	if ((size_t) n == strlen(value) && memcmp(buf, value, n) == 0)
		return OURS;
	/* a key authorization for it, by another key: RFC 8555 section 8.1 */
	return (size_t) n > dot && memcmp(buf, value, dot) == 0 ? CHALLENGE
								: FOREIGN;
}

/* Not file_replace(): this has to stay within the folder's descriptor. */
static int put(int dir, const char *token, const char *value, struct err *err)
{
	char temp[CHALL_TOKEN_MAX + 16];
	AUTO(file_close) int fd = -1;
	int found;

	(void) unlinkat(dir, temp_name(token, temp), 0);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		return io_fail(err, "create %s", temp);
	/* The web server reads it, whatever our umask is. */
	if (fchmod(fd, 0644) == -1)
		io_fail(err, "chmod %s", temp);
	else if (write_all(fd, value, strlen(value), err) == -1)
		err_wrap(err, "%s", temp);
	else if ((found = look_at(dir, token, value, err)) == -1)
		err_wrap(err, "%s", token);
	else if (found == FOREIGN)
		err_set(err, ERR_INPUT,
			"the CA's token is the name of a file that is there "
			"and is no challenge's: %s",
			token);
	else if (renameat(dir, temp, dir, token) == -1)
		io_fail(err, "rename %s", temp);
	else
		return 0;
	unlinkat(dir, temp, 0);
	return -1;
}

/* Which folder it was, whose, and what lets us in. */
static void tell_refused(const struct chall *c, struct err *err)
{
	const struct webroot *h = c->priv;
	size_t len = strlen(err->msg), end = strlen(REFUSED);
	struct webroot_look look;

	if (len < end || strcmp(err->msg + len - end, REFUSED) != 0 ||
	    webroot_look(h->webroot, geteuid(), c->arena, &look) != 0)
		return;
	(void) err_set(
		err, err->kind,
		"%s: %s belongs to %s (mode %04o), and %s, as whom this "
		"runs, %smust be able to write there; run, as root: %s",
		arena_strndup(c->arena, err->msg, len - end), look.folder,
		look.owner, (unsigned int) look.mode, look.user,
		look.way ? "may not pass through it and " : "", look.command);
}

static void prepare(struct chall *c)
{
	const struct webroot *h = c->priv;
	struct err err = ERR_INIT;
	AUTO(file_close) int dir = -1;

	if (open_folder(c, true, &dir, &err) == 1 &&
	    put(dir, h->token, c->proof.value, &err) == 0) {
		chall_done_soon(c, NULL);
		return;
	}
	tell_refused(c, &err);
	err_wrap(&err, "%s file for %s", c->req.type->name, c->req.identifier);
	chall_done_soon(c, &err);
}

static void ready(struct chall *c)
{
	chall_done_soon(c, NULL);
}

static int take_away(struct chall *c, struct err *err)
{
	const struct webroot *h = c->priv;
	char temp[CHALL_TOKEN_MAX + 16];
	AUTO(file_close) int dir = -1;
	int found = open_folder(c, false, &dir, err);

	if (found == 1)
		(void) unlinkat(dir, temp_name(h->token, temp), 0);
	if (found == 1)
		found = look_at(dir, h->token, c->proof.value, err);
	if (found == -1)
		return -1;
	if (found != OURS)
		log_debug("%s is not there or not ours", c->proof.owner);
	else if (unlinkat(dir, h->token, 0) == -1 && errno != ENOENT)
		return io_fail(err, "remove %s", c->proof.owner);
	return 0;
}

static void clean(struct chall *c)
{
	struct err err = ERR_INIT;

	if (take_away(c, &err) == -1)
		chall_done_soon(c, &err);
	else
		chall_done_soon(c, NULL);
}

static void fini(struct chall *c)
{
}

const struct solver_ops solver_webroot = {
	.init = init,
	.init_proof = init_proof,
	.locate = locate,
	.prepare = prepare,
	.ready = ready,
	.clean = clean,
	.fini = fini,
};
