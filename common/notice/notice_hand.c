/* SPDX-License-Identifier: MIT */
#include "notice_hand.h"
#include <poll.h>
#include <signal.h>
#include "child.h"
#include "clock.h"

const char *const notice_hand_names[] = { "mail", "command" };

bool notice_hand_asked(const struct notice_from *from, enum notice_channel c)
{
	const struct notify_conf *notify = from->notify;

	if (!notify)
		return false;
	return c == NOTICE_MAIL ? notify->mail.n > 0 : notify->command.n > 0;
}

const char *const *notice_hand_argv(const struct notice_from *from,
				    enum notice_channel c)
{
	static const char *const sendmail[] = { "sendmail", "-t", "-i", NULL };
	const struct notify_conf *notify = from->notify;

	return c == NOTICE_HOOK		? notify->command.v
	       : notify->sendmail.n > 0 ? notify->sendmail.v
					: sendmail;
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

int notice_hand_over(const struct notice_from *from, enum notice_channel c,
		     int stop, const struct notice_line *lines, size_t n,
		     int64_t now, struct err *err)
{
	AUTO(sbuf_free) struct sbuf message = SBUF_INIT(NOTICE_MESSAGE_MAX);
	struct child_spec spec = {
		.argv = notice_hand_argv(from, c),
		.user = c == NOTICE_HOOK ? from->notify->user : NULL,
		.timeout_s = (int) from->notify->timeout,
	};

	if (c == NOTICE_MAIL)
		notice_text_mail(lines, n, from, now, &message);
	else
		notice_text_json(lines, n, from, now, &message);
	spec.input = sbuf_str(&message);
	spec.input_len = message.len;
	if (check(&spec, stop, err) == -1)
		return err_wrap(err, "%s of notify", notice_hand_names[c]);
	return 0;
}
