/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>
#include "child.h"
#include "db_child.h"
#include "db_wire.h"

#define NOBODY	  65534	      /* owns nothing anywhere */
#define NO_ONE	  0x80000000u /* and the 30 bits below: given to nobody */
#define OUR_FD	  3
#define NEVER	  INT64_MAX
#define TRY_AGAIN 3 /* getgrouplist, while somebody edits */

/* With the libraries, and all that an answer of ours could take. */
#define MEMORY_MAX (512ul << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void (*for_test)(int fd);

void db_child_set_for_test(void (*serve)(int fd))
{
	for_test = serve;
}

/* --- who --- */

static uid_t no_one(void)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return NOBODY;
	return NO_ONE | r >> 2;
}

void db_child_find(uid_t uid, struct db_child_user *ret)
{
	const struct passwd *pw;

	*ret = (struct db_child_user){ .uid = uid, .gid = NOBODY };
	if (uid == DB_CHILD_NO_ONE) {
		ret->uid = ret->gid = no_one();
		ret->name = mem_strdup("nobody");
		return;
	}
	pw = getpwuid(uid);
	if (!pw) {
		ret->name = mem_printf("%lu", (unsigned long) uid);
		return;
	}
	ret->name = mem_strdup(pw->pw_name);
	ret->gid = pw->pw_gid;
	for (int i = 0; i < TRY_AGAIN; i++) {
		free(ret->groups);
		ret->groups = mem_array((size_t) ret->n_groups + 1,
					sizeof(*ret->groups));
		if (getgrouplist(ret->name, ret->gid, ret->groups,
				 &ret->n_groups) != -1)
			return;
	}
	ret->n_groups = 0;
}

void db_child_user_free(struct db_child_user *u)
{
	mem_free_str(&u->name);
	free(u->groups);
	u->groups = NULL;
}

/* For good: no id is left that leads back. */
static bool become(const struct db_child_user *u)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return child_leave_keyring() &&
	       setgroups((size_t) u->n_groups, u->groups) == 0 &&
	       setresgid(u->gid, u->gid, u->gid) == 0 &&
	       setresuid(u->uid, u->uid, u->uid) == 0 &&
	       getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 &&
	       r == u->uid && e == u->uid && s == u->uid && rg == u->gid &&
	       eg == u->gid && sg == u->gid && setuid(0) == -1 &&
	       seteuid(0) == -1;
}

/* The kernel forgets the signal of our end when ids change: it comes last. */
static bool settle(pid_t parent)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	       prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* A lock of ours must not live longer than we do: descriptors go first. */
static bool take_descriptors(int fd)
{
	int null;

	if (fd != OUR_FD && dup2(fd, OUR_FD) == -1)
		return false;
	child_close_from(OUR_FD + 1);
	null = open("/dev/null", O_RDWR);
	return null != -1 && dup2(null, 0) != -1 && dup2(null, 1) != -1 &&
	       dup2(null, 2) != -1 && (null <= OUR_FD || close(null) == 0);
}

/* --- what it does --- */

struct kept {
	struct kept *next;
	uint32_t id;
	void *stmt;
	unsigned int n_cols;
	char *message; /* the one its bindings lie in */
};

struct server {
	int fd;
	struct db *db;
	const struct db_driver *driver;
	const struct db_child_user *later; /* to become; NULL: done */
	pid_t parent;
	struct kept *kept;
	struct db_wire_buf in;
	struct sbuf out;
};

static void begin_reply(struct server *s, unsigned int result)
{
	db_wire_start(&s->out);
	db_wire_u8(&s->out, result);
	db_wire_u8(&s->out, s->db->fault);
}

static void reply_error(struct server *s, const struct err *err)
{
	size_t len = strnlen(err->msg, DB_WIRE_TEXT_MAX);

	begin_reply(s, DB_WIRE_ERROR);
	db_wire_u8(&s->out, err->kind);
	db_wire_bytes(&s->out, err->msg, len);
}

static int no_rights(struct db *db, const char *user, struct err *err)
{
	db->fault = DB_FAULT_OTHER;
	return err_errno(err, ERR_CONFIG,
			 "%s: root cannot take on the rights of user %s",
			 db->name, user);
}

static struct kept *find(struct server *s, uint32_t id)
{
	struct kept *k = s->kept;

	while (k && k->id != id)
		k = k->next;
	return k;
}

static void finalize(struct server *s, uint32_t id)
{
	struct kept **at = &s->kept, *k;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	k = *at;
	if (!k)
		return;
	*at = k->next;
	s->driver->finalize(k->stmt);
	free(k->message);
	free(k);
}

/* -1: the connection is not to be used any more. */
static int reset(struct server *s, struct kept *k)
{
	int rc = s->driver->reset(k->stmt);

	if (rc == -1)
		s->driver->cut(s->db);
	free(k->message);
	k->message = NULL;
	return rc;
}

static void bind_all(const struct db_driver *driver, struct kept *k,
		     struct db_wire *w)
{
	uint32_t n = db_wire_get_u32(w);

	while (n-- > 0 && !w->bad) {
		int i = (int) db_wire_get_u32(w);
		unsigned int type = db_wire_get_u8(w);
		const char *p;
		size_t len;

		if (type == DB_INT) {
			driver->bind_int(k->stmt, i, db_wire_get_i64(w));
			continue;
		}
		if (type == DB_NULL) {
			driver->bind_null(k->stmt, i);
			continue;
		}
		p = db_wire_get_bytes(w, DB_WIRE_REQUEST_MAX, &len);
		if (type == DB_BYTES)
			driver->bind_blob(k->stmt, i, p, len);
		else
			driver->bind_text(k->stmt, i, p);
	}
}

/* What is more than the other side takes is left out, its length told. */
static void put_value(struct server *s, struct kept *k, int i, size_t *sent)
{
	enum db_type type = s->driver->col_type(k->stmt, i);
	struct db_bytes b;
	bool whole;

	db_wire_u8(&s->out, type);
	if (type == DB_INT)
		db_wire_i64(&s->out, s->driver->col_int(k->stmt, i));
	if (type != DB_BYTES)
		return;
	b = s->driver->col_blob(k->stmt, i);
	whole = b.p && b.len <= DB_VALUE_MAX &&
		*sent + b.len <= DB_ROW_MAX + DB_VALUE_MAX;
	db_wire_i64(&s->out, (int64_t) b.len);
	db_wire_u8(&s->out, whole);
	if (!whole)
		return;
	db_wire_bytes(&s->out, b.p, b.len);
	*sent += b.len;
}

static void put_head(struct server *s, struct kept *k)
{
	k->n_cols = s->driver->n_cols(k->stmt);
	db_wire_u32(&s->out, k->n_cols);
	for (unsigned int i = 0; i < k->n_cols; i++) {
		const char *name = s->driver->col_name(k->stmt, (int) i);

		name = name ? name : "?";
		db_wire_bytes(&s->out, name, strnlen(name, DB_WIRE_NAME_MAX));
	}
}

static void put_row(struct server *s, struct kept *k)
{
	size_t sent = 0;

	db_wire_u8(&s->out, DB_WIRE_ROW);
	for (unsigned int i = 0; i < k->n_cols; i++)
		put_value(s, k, (int) i, &sent);
}

/* A row, or as many as make MOST bytes. */
static int step(struct server *s, struct kept *k, bool first, size_t most,
		struct err *err)
{
	int rc = s->driver->step(s->db, k->stmt, err);

	begin_reply(s, DB_WIRE_DONE);
	if (first && rc != -1)
		put_head(s, k);
	while (rc == 1) {
		put_row(s, k);
		if (s->out.len >= most)
			break;
		rc = s->driver->step(s->db, k->stmt, err);
	}
	db_wire_u8(&s->out, rc == 1 ? DB_WIRE_MORE : DB_WIRE_END);
	if (rc == 0)
		db_wire_i64(&s->out, s->driver->affected(k->stmt));
	if (rc != 1)
		(void) reset(s, k); /* or it would hold what others wait for */
	return rc == -1 ? -1 : 0;
}

static int begin_step(struct server *s, struct db_wire *w, struct err *err)
{
	uint32_t id = db_wire_get_u32(w);
	size_t len;
	const char *sql = db_wire_get_bytes(w, DB_WIRE_REQUEST_MAX, &len);
	struct kept *k = find(s, id);
	void *stmt = NULL;

	if (!k) {
		if (s->driver->prepare(s->db, sql, &stmt, err) == -1)
			return -1;
		k = mem_alloc(sizeof(*k));
		k->id = id;
		k->stmt = stmt;
		k->next = s->kept;
		s->kept = k;
	}
	(void) reset(s, k);
	bind_all(s->driver, k, w);
	k->message = TAKE(s->in.p);
	s->in.cap = 0;
	return step(s, k, true, 0, err);
}

static int next_step(struct server *s, struct db_wire *w, struct err *err)
{
	struct kept *k = find(s, db_wire_get_u32(w));

	if (!k)
		return err_set(err, ERR_INTERNAL, "no such statement");
	return step(s, k, false, DB_WIRE_ROWS, err);
}

static int reset_one(struct server *s, struct db_wire *w, struct err *err)
{
	struct kept *k = find(s, db_wire_get_u32(w));

	if (!k || reset(s, k) == 0)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "more than can be read");
}

static int run_script(struct server *s, struct db_wire *w, struct err *err)
{
	size_t len;

	return s->driver->script(
		s->db, db_wire_get_bytes(w, DB_WIRE_REQUEST_MAX, &len), err);
}

/* 0: *replied says whether S->out is a reply. */
static int act(struct server *s, enum db_wire_op op, struct db_wire *w,
	       bool *replied, struct err *err)
{
	switch (op) {
	case DB_WIRE_BEGIN:
		return s->driver->begin(s->db, err);
	case DB_WIRE_BEGIN_READ:
		return s->driver->begin_read(s->db, err);
	case DB_WIRE_COMMIT:
		return s->driver->commit(s->db, err);
	case DB_WIRE_ROLLBACK:
		s->driver->rollback(s->db);
		return 0;
	case DB_WIRE_SCRIPT:
		return run_script(s, w, err);
	case DB_WIRE_RESET:
		return reset_one(s, w, err);
	case DB_WIRE_FIRST:
		*replied = true;
		return begin_step(s, w, err);
	case DB_WIRE_NEXT:
		*replied = true;
		return next_step(s, w, err);
	default:
		return err_set(err, ERR_INTERNAL, "no such request");
	}
}

/* Connected: from here on there is nothing that needs more rights. */
static int settle_down(struct server *s, struct err *err)
{
	static const struct db_child_user nobody = { NOBODY, NOBODY };
	const struct db_child_user *u = s->later;

	s->later = NULL;
	if (!u || ((become(u) || become(&nobody)) && settle(s->parent)))
		return 0;
	return no_rights(s->db, u->name, err);
}

/* The driver keeps to the time by itself while it connects. */
static int open_it(struct server *s, struct db_wire *w, struct err *err)
{
	if (s->driver->open(s->db, db_wire_get_u8(w) != 0, err) == -1)
		return -1;
	return settle_down(s, err);
}

static int act_in_time(struct server *s, enum db_wire_op op, struct db_wire *w,
		       bool *replied, struct err *err)
{
	int rc;

	if (op == DB_WIRE_OPEN)
		return open_it(s, w, err);
	if (!s->db->handle || s->driver->arm(s->db, err) == -1) {
		s->db->fault = DB_FAULT_LOST;
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: no time is left, or no connection",
			       s->db->name);
	}
	rc = act(s, op, w, replied, err);
	s->driver->disarm(s->db);
	return rc;
}

/* Without a reply. */
static void put_away(struct server *s, uint32_t id)
{
	if (s->driver->arm(s->db, NULL) == -1)
		s->driver->cut(s->db);
	finalize(s, id);
	s->driver->disarm(s->db);
}

static bool serve_one(struct server *s)
{
	struct err err = ERR_INIT;
	struct db_wire w;
	bool replied = false;
	unsigned int op;

	if (db_wire_receive(s->fd, &s->in, DB_WIRE_REQUEST_MAX, NEVER, &w) !=
	    DB_WIRE_OK)
		return false;
	op = db_wire_get_u8(&w);
	s->db->until_ms = db_wire_get_i64(&w);
	s->db->fault = DB_OK;
	if (op == DB_WIRE_FINALIZE) {
		put_away(s, db_wire_get_u32(&w));
		return true;
	}
	if (act_in_time(s, op, &w, &replied, &err) == -1)
		reply_error(s, &err);
	else if (!replied)
		begin_reply(s, DB_WIRE_DONE);
	return db_wire_send(s->fd, &s->out, NEVER) == DB_WIRE_OK;
}

static void serve(struct server *s)
{
	while (serve_one(s))
		;
	/* What is left of the time, which the other side keeps as well. */
	if (s->driver->arm(s->db, NULL) == -1)
		s->driver->cut(s->db);
	while (s->kept)
		finalize(s, s->kept->id);
	s->driver->close(s->db);
	s->driver->disarm(s->db);
}

/* Whoever waits for an answer learns why there is no service. */
static void explain(struct server *s, const char *user)
{
	struct err err = ERR_INIT;

	(void) no_rights(s->db, user, &err);
	reply_error(s, &err);
	(void) db_wire_send(s->fd, &s->out, NEVER);
}

/* A library that believes a server may fill it all. The sanitizers' own maps
 * are larger than that. */
static void limit_memory(void)
{
#if !SANITIZED
	const struct rlimit most = { MEMORY_MAX, MEMORY_MAX };

	(void) setrlimit(RLIMIT_AS, &most);
#endif
}

void db_child_run(int fd, const struct db_child_user *u, bool later,
		  struct db *db, pid_t parent)
{
	struct server s = { .fd = OUR_FD,
			    .db = db,
			    .driver = db->driver,
			    .later = later ? u : NULL,
			    .parent = parent,
			    .out = SBUF_INIT(DB_WIRE_REPLY_MAX + 4) };

	if (!take_descriptors(fd))
		_exit(1);
	(void) setsid();
	(void) prctl(PR_SET_NAME, "certrepo-store");
	child_default_signals();
	limit_memory();
	/* The library asks for the port "mysql", which it is told anyway; the
	 * default way looks for modules in a hundred places. */
	(void) __nss_configure_lookup("services", "files");
	if (chdir("/") == -1 || (!later && !become(u)) || !settle(parent)) {
		explain(&s, u->name);
		_exit(1);
	}
	if (for_test)
		for_test(OUR_FD);
	else
		serve(&s);
	_exit(0);
}
