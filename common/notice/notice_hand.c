/* SPDX-License-Identifier: MIT */
#include "notice_hand.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include "child.h"
#include "clock.h"
#include "lockfile.h"
#include "plain.h"

/* Failures, after which it may be sendmail, not the mail: the newest one tells,
 * and when that fails, too, the others are not tried. */
#define IN_A_ROW 3

const char *const notice_hand_names[] = { "mail", "command" };

/* Before a mail to an owner in the outbox. */
#define OWNER_LINE "owner "

/* notify_conf.c */
static const struct notify_conf defaults = { .timeout = 30, .repeat = 86400 };

const struct notify_conf *notice_hand_conf(const struct notice_from *from)
{
	return from->notify ? from->notify : &defaults;
}

bool notice_hand_asked(const struct notice_from *from, enum notice_channel c)
{
	const struct notify_conf *notify = from->notify;

	if (c == NOTICE_OWNER)
		return from->owners;
	if (!notify)
		return false;
	return c == NOTICE_MAIL ? notify->mail.n > 0 : notify->command.n > 0;
}

static bool has(const struct conf_strings *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], word) == 0)
			return true;
	return false;
}

static const char *const *argv_owner(const struct notify_conf *notify,
				     const char *owner, struct arena *a)
{
	static const char *const words[] = { "sendmail", "-i" };
	const struct conf_strings ours = { .v = (void *) words, .n = 2 };
	const struct conf_strings *from =
		notify->sendmail.n > 0 ? &notify->sendmail : &ours;
	const char **argv = arena_array(a, from->n + 2, sizeof(*argv));
	size_t n = 0;

	for (size_t i = 0; i < from->n; i++)
		if (i == 0 || !has(&notify->mail, from->v[i]))
			argv[n++] = from->v[i];
	if (!has(from, "-t"))
		argv[n++] = owner;
	argv[n] = NULL;
	return argv;
}

const char *const *notice_hand_argv(const struct notice_from *from,
				    enum notice_channel c, const char *owner,
				    struct arena *a)
{
	const struct notify_conf *notify = notice_hand_conf(from);
	const char **argv;

	if (c == NOTICE_HOOK)
		return notify->command.v;
	if (c == NOTICE_OWNER)
		return argv_owner(notify, owner, a);
	if (notify->sendmail.n > 0)
		return notify->sendmail.v;
	/* No address begins with "-": notify_conf_check(). */
	argv = arena_array(a, notify->mail.n + 3, sizeof(*argv));
	argv[0] = "sendmail";
	argv[1] = "-i";
	for (size_t i = 0; i < notify->mail.n; i++)
		argv[i + 2] = notify->mail.v[i];
	return argv;
}

bool notice_hand_waits(enum notice_channel c)
{
	return c != NOTICE_HOOK && outbox_wanted();
}

/* child_check(), unless STOP can be read meanwhile. */
static int check(const struct child_spec *spec, int stop, struct err *err)
{
	AUTO(child_free) struct child *c = NULL;
	struct child_result r = { .status = 0 };
	int rc;

	if (child_start(spec, &c, err) == -1)
		return -1;
	while (!child_step(c)) {
		struct pollfd fds[CHILD_FDS + 1];
		struct child_waits w;
		int64_t ms;

		child_waits(c, &w);
		ms = w.until - clock_mono_ms();
		for (size_t i = 0; i < CHILD_FDS; i++)
			fds[i] = (struct pollfd){ .fd = w.fd[i],
						  .events = POLLIN };
		fds[CHILD_FDS] =
			(struct pollfd){ .fd = stop, .events = POLLIN };
		(void) poll(fds, ARRAY_LEN(fds), ms > 0 ? (int) ms : 0);
		if (!fds[CHILD_FDS].revents)
			continue;
		child_stop(c, SIGKILL);
		return err_set(err, ERR_CHILD,
			       "a signal ended this before \"%s\" had "
			       "taken it",
			       spec->argv[0]);
	}
	rc = child_end(c, &r, err) == -1 || child_judge(c, &r, err) == -1 ? -1
									  : 0;
	sbuf_free(&r.output);
	return rc;
}

static int hand(const struct notice_from *from, enum notice_channel c,
		const char *owner, int stop, const char *message,
		struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct notify_conf *notify = notice_hand_conf(from);
	const struct child_spec spec = {
		.argv = notice_hand_argv(from, c, owner, a),
		.user = c == NOTICE_HOOK ? notify->user : NULL,
		.timeout_s = (int) notify->timeout,
		.input = message,
		.input_len = strlen(message),
	};

	if (check(&spec, stop, err) == 0)
		return 0;
	return owner ? err_wrap(err, "mail to %s", owner)
		     : err_wrap(err, "%s of notify", notice_hand_names[c]);
}

int notice_hand_over(const struct notice_from *from, enum notice_channel c,
		     const char *owner, int stop,
		     const struct notice_line *lines, size_t n, int64_t now,
		     struct err *err)
{
	AUTO(sbuf_free) struct sbuf message = SBUF_INIT(NOTICE_MESSAGE_MAX);
	bool waits = notice_hand_waits(c);

	if (waits && owner)
		sbuf_addf(&message, OWNER_LINE "%s\n", owner);
	if (c == NOTICE_HOOK)
		notice_text_json(lines, n, from, now, &message);
	else
		notice_text_mail(lines, n, from, owner, now, &message);
	if (waits)
		return outbox_put(from->state_dir, &message,
				  owner ? OUTBOX_OWNERS : OUTBOX_MAX, now, err);
	return hand(from, c, owner, stop, sbuf_str(&message), err);
}

/* Of one in the outbox: the mail itself, and the owner whom it is for, in A, or
 * NULL. -1: he has no address. */
static int open_mail(const struct sbuf *file, struct arena *a,
		     const char **ret_owner, const char **ret_mail,
		     struct err *err)
{
	const char *mail = sbuf_str(file), *owner = NULL;
	size_t skip = strlen(OWNER_LINE), len;

	if (strncmp(mail, OWNER_LINE, skip) == 0) {
		len = strcspn(mail + skip, "\n");
		owner = arena_strndup(a, mail + skip, len);
		mail += skip + len + (mail[skip + len] != '\0');
		if (notify_conf_address(owner, err) == -1)
			return -1;
	}
	*ret_owner = owner;
	*ret_mail = mail;
	return 0;
}

/* MAIL, that nobody will get, as it is. */
static void give_up(const char *mail, const char *why,
		    void (*said)(const char *line))
{
	said(why);
	for (const char *p = mail; *p != '\0';) {
		size_t len = strcspn(p, "\n");
		AUTO(mem_free_str) char *line = mem_strndup(p, len);

		plain_ascii(line);
		said(line);
		p += len + (p[len] != '\0');
	}
}

/* Of the outbox. 1: it was taken, 0: it is given up, -1: it stays. */
static int hand_one(const struct notice_from *from, const char *name,
		    int64_t now, void (*said)(const char *line),
		    struct err *err)
{
	AUTO(sbuf_free) struct sbuf file = SBUF_INIT(NOTICE_MESSAGE_MAX);
	AUTO(arena_free) struct arena *a = arena_new();
	const char *lost = NULL, *owner = NULL, *mail = "";
	int rc = outbox_read(from->state_dir, name, &file, err);

	if (rc == 1 && open_mail(&file, a, &owner, &mail, err) == -1)
		rc = -1;
	if (rc == 1 && !owner && !notice_hand_asked(from, NOTICE_MAIL))
		lost = "notify names nobody who is told by mail any more, so "
		       "that this is not sent:";
	else if (rc == 1)
		rc = hand(from, owner ? NOTICE_OWNER : NOTICE_MAIL, owner, -1,
			  mail, err);
	if (rc == -1 && !outbox_old(name, now))
		return -1;
	if (rc == -1) {
		said(err->msg);
		lost = "this mail has waited for a week, and is not tried "
		       "again:";
	}
	if (lost)
		give_up(mail, lost, said);
	return outbox_remove(from->state_dir, name, err) == -1 ? -1 : !lost;
}

static bool try_one(const struct notice_from *from, const char *name,
		    int64_t now, void (*said)(const char *line))
{
	struct err err = ERR_INIT;
	int rc = hand_one(from, name, now, said, &err);

	if (rc == -1)
		said(err.msg);
	return rc == 1;
}

int notice_hand_outbox(const struct notice_from *from, int64_t now,
		       void (*said)(const char *line), size_t *ret_sent,
		       size_t *ret_failed, struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(lockfile_free) struct lockfile *lock = NULL;
	size_t sent = 0, row = 0, end;

	if (outbox_list(from->state_dir, &names, err) == -1)
		return -1;
	if (names.n > 0 && outbox_lock(from->state_dir, now, &lock, err) == -1)
		return -1;
	end = names.n;
	for (size_t i = 0; i < end;) {
		/* What nobody takes must not keep the others. */
		bool newest = row >= IN_A_ROW;
		bool ok =
			try_one(from, names.v[newest ? --end : i++], now, said);

		if (newest && !ok)
			break;
		sent += ok;
		row = ok || !notice_hand_asked(from, NOTICE_MAIL) ? 0 : row + 1;
	}
	*ret_sent = sent;
	*ret_failed = names.n - sent;
	return 0;
}
