/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "db_child.h"
#include "db_parent.h"
#include "file.h"

#define GRACE_MS 500  /* beyond the time that the child keeps to itself */
#define CLOSE_MS 1000 /* to write back what is in the -wal file */
#define REAP_MS	 2000 /* a killed process may hang in a file system */

struct peer {
	int fd; /* -1: it is gone */
	pid_t pid;
	int pidfd; /* -1: the kernel has none */
	char *user;
	bool file; /* what it reads, else a server */
	uint32_t last_id;
	struct sbuf out;
	struct db_wire_buf in;
	struct db_wire rest; /* of the reply in it */
};

/* --- its end --- */

static void signal_child(const struct peer *a)
{
	if (a->pidfd != -1)
		(void) pidfd_send_signal(a->pidfd, SIGKILL, NULL, 0);
	else
		(void) kill(a->pid, SIGKILL);
}

/* Its status; -1 when somebody else took it (SIGCHLD is ignored), or it is
 * not to be had. */
static int reap(const struct peer *a)
{
	int64_t until = clock_mono_ms() + REAP_MS;
	int status;
	pid_t rc;

	for (;;) {
		rc = waitpid(a->pid, &status, WNOHANG);
		if (rc == a->pid)
			return status;
		if ((rc == -1 && errno != EINTR) || clock_mono_ms() > until)
			return -1;
		(void) poll(NULL, 0, 1);
	}
}

/* Waits at most MS for an end of its own. */
static int end_child(struct peer *a, int ms)
{
	int64_t until = clock_mono_ms() + ms, left;
	struct pollfd p = { .fd = a->fd };
	char rest[4096];

	(void) shutdown(a->fd, SHUT_WR);
	while ((left = until - clock_mono_ms()) > 0 && !(p.revents & POLLHUP)) {
		p.events = POLLIN;
		if (poll(&p, 1, (int) left) == 1 && (p.revents & POLLIN) &&
		    recv(a->fd, rest, sizeof(rest), MSG_DONTWAIT) == 0)
			break;
	}
	file_close(&a->fd);
	signal_child(a);
	return reap(a);
}

static int lost(struct db *db, const char *why, struct err *err)
{
	const struct peer *a = db->handle;

	db->fault = DB_FAULT_LOST;
	if (!a->file)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: the process that asks it %s", db->name,
			       why);
	return err_set(err, ERR_UNAVAILABLE,
		       "%s: the process that reads it as user %s %s", db->name,
		       a->user, why);
}

static int late(struct db *db, struct err *err)
{
	struct peer *a = db->handle;
	struct db_limit l;

	(void) end_child(a, 0);
	db->fault = DB_FAULT_LOST;
	return err_set(err, ERR_UNAVAILABLE, "%s: no answer within %s",
		       db->name, db_limit_text(db, &l));
}

int db_parent_odd(struct db *db, struct err *err)
{
	struct peer *a = db->handle;

	(void) end_child(a, 0);
	return lost(db,
		    a->file ? "answers what it never should: somebody took it "
			      "over by what is in the file; restore the file "
			      "from a backup"
			    : "answers what it never should: the server took "
			      "it over",
		    err);
}

/* The socket broke, so it died, of itself or of something. */
static int gone(struct db *db, struct err *err)
{
	AUTO(mem_free_str) char *why = NULL;
	struct peer *a = db->handle;
	int status = end_child(a, GRACE_MS), sig;

	if (status == -1 || !WIFSIGNALED(status))
		return lost(db,
			    a->file ? "ended: see that none but certrepo "
				      "writes in the folder of the file"
				    : "ended",
			    err);
	sig = WTERMSIG(status);
	why = mem_printf("was ended by signal %d (%s): %s", sig, strsignal(sig),
			 sig == SIGKILL || sig == SIGTERM
				 ? "by its user, by root, or for want of "
				   "memory"
			 : a->file
				 ? "somebody changes the file, or the -wal or "
				   "-shm file beside it, meanwhile; see that "
				   "none but certrepo writes in its folder"
				 : "the server says what the library does not "
				   "survive, or more than it has memory for; "
				   "is it a MariaDB, and what stands between?");
	return lost(db, why, err);
}

static int ended(struct db *db, enum db_wire_end end, struct err *err)
{
	if (end == DB_WIRE_LATE)
		return late(db, err);
	return end == DB_WIRE_GONE ? gone(db, err) : db_parent_odd(db, err);
}

/* --- asking --- */

static int64_t deadline(const struct db *db)
{
	int64_t now = clock_mono_ms();

	return (db->until_ms > now ? db->until_ms : now) + GRACE_MS;
}

struct sbuf *db_parent_ask(struct db *db, enum db_wire_op op)
{
	struct peer *a = db->handle;

	db_wire_start(&a->out);
	db_wire_u8(&a->out, op);
	db_wire_i64(&a->out, db->until_ms);
	return &a->out;
}

static int send_request(struct db *db, struct err *err)
{
	struct peer *a = db->handle;
	enum db_wire_end end;

	a->rest = (struct db_wire){ 0 };
	if (a->fd == -1)
		return lost(db, "is gone", err);
	if (sbuf_over(&a->out))
		return err_set(err, ERR_LIMIT,
			       "%s: more than %u bytes in a statement and its "
			       "parameters",
			       db->name, DB_WIRE_REQUEST_MAX);
	end = db_wire_send(a->fd, &a->out, deadline(db));
	return end == DB_WIRE_OK ? 0 : ended(db, end, err);
}

static bool kind_ok(unsigned int kind)
{
	return kind == ERR_CONFIG || kind == ERR_UNAVAILABLE ||
	       kind == ERR_INPUT || kind == ERR_CONFLICT || kind == ERR_LIMIT ||
	       kind == ERR_LOCKED || kind == ERR_INTERNAL;
}

/* Under the name of the file, whatever it says; of a server the driver has a
 * name of its own. */
static int told(struct db *db, struct db_wire *w, enum db_fault fault,
		struct err *err)
{
	const struct peer *a = db->handle;
	unsigned int kind = db_wire_get_u8(w);
	size_t len, name = strlen(db->name);
	const char *text = db_wire_get_bytes(w, DB_WIRE_TEXT_MAX, &len);

	if (w->bad || w->left > 0 || !kind_ok(kind))
		return db_parent_odd(db, err);
	db->fault = fault != DB_OK ? fault : DB_FAULT_OTHER;
	if (!a->file ||
	    (strncmp(text, db->name, name) == 0 && text[name] == ':'))
		return err_set(err, (enum err_kind) kind, "%s", text);
	return err_set(err, (enum err_kind) kind, "%s: %s", db->name, text);
}

int db_parent_answer(struct db *db, struct err *err)
{
	struct peer *a = db->handle;
	struct db_wire *w = &a->rest;
	enum db_wire_end end;
	unsigned int result, fault;

	if (send_request(db, err) == -1)
		return -1;
	end = db_wire_receive(a->fd, &a->in, DB_WIRE_REPLY_MAX, deadline(db),
			      w);
	if (end != DB_WIRE_OK)
		return ended(db, end, err);
	result = db_wire_get_u8(w);
	fault = db_wire_get_u8(w);
	if (w->bad || fault > DB_FAULT_NO_ROUTINE)
		return db_parent_odd(db, err);
	if (result == DB_WIRE_ERROR)
		return told(db, w, (enum db_fault) fault, err);
	return result == DB_WIRE_DONE ? 0 : db_parent_odd(db, err);
}

struct db_wire *db_parent_rest(struct db *db)
{
	struct peer *a = db->handle;

	return &a->rest;
}

int db_parent_done(struct db *db, struct err *err)
{
	int rc = db_parent_answer(db, err);

	return rc == 0 && db_parent_rest(db)->left > 0 ? db_parent_odd(db, err)
						       : rc;
}

int db_parent_start(struct db *db, const struct db_driver *inner,
		    const struct db_where *where, struct err *err)
{
	struct store_conf conf = *db->conf;
	struct db copy = { .driver = inner,
			   .conf = &conf,
			   .fd = -1,
			   .use = db->use,
			   .name = db->name };
	AUTO(db_child_user_free) struct db_child_user user = { 0 };
	AUTO(file_close) int ours = -1;
	AUTO(file_close) int theirs = -1;
	struct peer *a;
	pid_t parent = getpid(), pid;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return err_errno(err, ERR_UNAVAILABLE, "%s: no socket",
				 db->name);
	theirs = fds[1];
	ours = fcntl(fds[0], F_DUPFD_CLOEXEC, 3); /* not where stdout was */
	close(fds[0]);
	if (ours == -1)
		return err_errno(err, ERR_UNAVAILABLE, "%s: no socket",
				 db->name);
	if (where->path)
		conf.path = where->path;
	db_child_find(where->uid, &user);
	copy.user = where->path ? user.name : NULL;
	pid = fork();
	if (pid == -1)
		return err_errno(err, ERR_UNAVAILABLE,
				 "%s: no process can be made", db->name);
	if (pid == 0)
		db_child_run(theirs, &user, !where->path, &copy, parent);
	a = mem_alloc(sizeof(*a));
	a->fd = ours;
	ours = -1;
	a->pid = pid;
	a->pidfd = pidfd_open(pid, 0);
	a->user = TAKE(user.name);
	a->file = where->path;
	sbuf_init(&a->out, DB_WIRE_REQUEST_MAX + sizeof(uint32_t));
	db->handle = a;
	return 0;
}

void db_parent_close(struct db *db)
{
	struct peer *a = db->handle;

	if (!a)
		return;
	if (a->fd != -1)
		(void) end_child(a, CLOSE_MS);
	file_close(&a->pidfd);
	free(a->user);
	sbuf_free(&a->out);
	free(a->in.p);
	free(a);
	db->handle = NULL;
}

bool db_parent_there(const struct db *db)
{
	const struct peer *a = db->handle;

	return a->fd != -1;
}

uint32_t db_parent_new_id(struct db *db)
{
	struct peer *a = db->handle;

	return ++a->last_id;
}

int db_parent_tell(struct db *db, enum db_wire_op op, uint32_t id)
{
	if (!db_parent_there(db))
		return -1;
	db_wire_u32(db_parent_ask(db, op), id);
	return send_request(db, NULL);
}
