/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "child.h"
#include "db_child.h"
#include "db_wire.h"

#define NOGROUP	  65534
#define OUR_FD	  3
#define NEVER	  INT64_MAX
#define TRY_AGAIN 3 /* getgrouplist, while somebody edits */

static void (*for_test)(int fd);

void db_child_set_for_test(void (*serve)(int fd))
{
	for_test = serve;
}

/* --- who --- */

void db_child_find(uid_t uid, struct db_child_user *ret)
{
	const struct passwd *pw = getpwuid(uid);

	*ret = (struct db_child_user){ .uid = uid, .gid = NOGROUP };
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

	return setgroups((size_t) u->n_groups, u->groups) == 0 &&
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
	struct kept *kept;
	struct db_wire_buf in;
	struct sbuf out;
};

static const struct db_driver *const lite = &db_sqlite;

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
	lite->finalize(k->stmt);
	free(k->message);
	free(k);
}

static void reset(struct kept *k)
{
	(void) lite->reset(k->stmt);
	free(k->message);
	k->message = NULL;
}

static void bind_all(struct kept *k, struct db_wire *w)
{
	uint32_t n = db_wire_get_u32(w);

	while (n-- > 0 && !w->bad) {
		int i = (int) db_wire_get_u32(w);
		unsigned int type = db_wire_get_u8(w);
		const char *p;
		size_t len;

		if (type == DB_INT) {
			lite->bind_int(k->stmt, i, db_wire_get_i64(w));
			continue;
		}
		if (type == DB_NULL) {
			lite->bind_null(k->stmt, i);
			continue;
		}
		p = db_wire_get_bytes(w, DB_WIRE_REQUEST_MAX, &len);
		if (type == DB_BYTES)
			lite->bind_blob(k->stmt, i, p, len);
		else
			lite->bind_text(k->stmt, i, p);
	}
}

/* What is more than the other side takes is left out, its length told. */
static void put_value(struct server *s, struct kept *k, int i, size_t *sent)
{
	enum db_type type = lite->col_type(k->stmt, i);
	struct db_bytes b;
	bool whole;

	db_wire_u8(&s->out, type);
	if (type == DB_INT)
		db_wire_i64(&s->out, lite->col_int(k->stmt, i));
	if (type != DB_BYTES)
		return;
	b = lite->col_blob(k->stmt, i);
	whole = b.p && b.len <= DB_VALUE_MAX &&
		*sent + b.len <= DB_ROW_MAX + DB_VALUE_MAX;
	db_wire_i64(&s->out, (int64_t) b.len);
	db_wire_u8(&s->out, whole);
	if (!whole)
		return;
	db_wire_bytes(&s->out, b.p, b.len);
	*sent += b.len;
}

static void reply_step(struct server *s, struct kept *k, int rc, bool first)
{
	size_t sent = 0;

	if (first)
		k->n_cols = lite->n_cols(k->stmt);
	begin_reply(s, rc == 1 ? DB_WIRE_ROW : DB_WIRE_DONE);
	db_wire_i64(&s->out, lite->affected(k->stmt));
	db_wire_u32(&s->out, k->n_cols);
	for (unsigned int i = 0; first && i < k->n_cols; i++) {
		const char *name = lite->col_name(k->stmt, (int) i);

		name = name ? name : "?";
		db_wire_bytes(&s->out, name, strnlen(name, DB_WIRE_NAME_MAX));
	}
	for (unsigned int i = 0; rc == 1 && i < k->n_cols; i++)
		put_value(s, k, (int) i, &sent);
}

static int step(struct server *s, struct kept *k, bool first, struct err *err)
{
	int rc = lite->step(s->db, k->stmt, err);

	if (rc != -1)
		reply_step(s, k, rc, first);
	if (rc != 1)
		reset(k); /* or it would hold what others wait for */
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
		if (lite->prepare(s->db, sql, &stmt, err) == -1)
			return -1;
		k = mem_alloc(sizeof(*k));
		k->id = id;
		k->stmt = stmt;
		k->next = s->kept;
		s->kept = k;
	}
	reset(k);
	bind_all(k, w);
	k->message = TAKE(s->in.p);
	s->in.cap = 0;
	return step(s, k, true, err);
}

static int next_step(struct server *s, struct db_wire *w, struct err *err)
{
	struct kept *k = find(s, db_wire_get_u32(w));

	if (!k)
		return err_set(err, ERR_INTERNAL, "no such statement");
	return step(s, k, false, err);
}

static int run_script(struct server *s, struct db_wire *w, struct err *err)
{
	size_t len;

	return lite->script(
		s->db, db_wire_get_bytes(w, DB_WIRE_REQUEST_MAX, &len), err);
}

/* 0: *replied says whether S->out is a reply. */
static int act(struct server *s, enum db_wire_op op, struct db_wire *w,
	       bool *replied, struct err *err)
{
	switch (op) {
	case DB_WIRE_OPEN:
		return lite->open(s->db, db_wire_get_u8(w) != 0, err);
	case DB_WIRE_BEGIN:
		return lite->begin(s->db, err);
	case DB_WIRE_COMMIT:
		return lite->commit(s->db, err);
	case DB_WIRE_ROLLBACK:
		lite->rollback(s->db);
		return 0;
	case DB_WIRE_SCRIPT:
		return run_script(s, w, err);
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

static bool serve_one(struct server *s)
{
	struct err err = ERR_INIT;
	struct db_wire w;
	bool replied = false;
	unsigned int op;
	struct kept *k;

	if (db_wire_receive(s->fd, &s->in, DB_WIRE_REQUEST_MAX, NEVER, &w) !=
	    DB_WIRE_OK)
		return false;
	op = db_wire_get_u8(&w);
	s->db->until_ms = db_wire_get_i64(&w);
	s->db->fault = DB_OK;
	if (op == DB_WIRE_RESET) {
		k = find(s, db_wire_get_u32(&w));
		if (k)
			reset(k);
		return true;
	}
	if (op == DB_WIRE_FINALIZE) {
		finalize(s, db_wire_get_u32(&w));
		return true;
	}
	if (act(s, op, &w, &replied, &err) == -1)
		reply_error(s, &err);
	else if (!replied)
		begin_reply(s, DB_WIRE_DONE);
	return db_wire_send(s->fd, &s->out, NEVER) == DB_WIRE_OK;
}

static void serve(int fd, struct db *db)
{
	struct server s = { .fd = fd,
			    .db = db,
			    .out = SBUF_INIT(DB_WIRE_REPLY_MAX + 4) };

	while (serve_one(&s))
		;
	while (s.kept)
		finalize(&s, s.kept->id);
	lite->close(db);
}

/* Whoever waits for an answer learns why there is no service. */
static void explain(int fd, struct db *db, const char *user)
{
	struct server s = { .fd = fd, .db = db, .out = SBUF_INIT(4000) };
	struct err err = ERR_INIT;

	db->fault = DB_FAULT_OTHER;
	(void) err_errno(&err, ERR_CONFIG,
			 "%s: root cannot take on the rights of user %s, who "
			 "keeps it",
			 db->name, user);
	reply_error(&s, &err);
	(void) db_wire_send(fd, &s.out, NEVER);
}

void db_child_run(int fd, const struct db_child_user *u, struct db *db,
		  pid_t parent)
{
	if (!take_descriptors(fd))
		_exit(1);
	(void) setsid();
	child_default_signals();
	if (chdir("/") == -1 || !become(u) || !settle(parent)) {
		explain(OUR_FD, db, u->name);
		_exit(1);
	}
	if (for_test)
		for_test(OUR_FD);
	else
		serve(OUR_FD, db);
	_exit(0);
}
