/* SPDX-License-Identifier: MIT */
#include "notify_post.h"
#include "clock.h"
#include "log.h"
#include "notice_hand.h"

static void said(const char *line)
{
	log_warn("%s", line);
}

int notify_post(const char *state_dir, const struct notify_conf *notify,
		int64_t now, int *ret_status, struct err *err)
{
	const struct notice_from from = { .state_dir = state_dir,
					  .notify = notify };
	size_t sent, failed;

	if (notice_hand_waits(NOTICE_MAIL))
		return err_set(err, ERR_CONFIG,
			       "no sendmail works in this sandbox, which has "
			       "no_new_privs: run this outside of it, as "
			       "certrepo-mail.service does");
	if (notice_hand_outbox(&from, now, said, &sent, &failed, err) == -1)
		return -1;
	if (sent > 0 || failed > 0)
		log_info("mails handed over: %zu, not: %zu", sent, failed);
	*ret_status = failed == 0 ? 0 : sent > 0 ? 2 : 1;
	return 0;
}

int notify_post_check(const struct certrepo_conf *conf, int64_t now,
		      struct err *err)
{
	AUTO(strlist_free) struct strlist names = STRLIST_INIT;
	AUTO(mem_free_str) char *dir = outbox_dir(conf->state_dir);
	char since[CLOCK_TEXT];
	int status = 0;

	if (outbox_list(conf->state_dir, &names, err) == -1)
		return -1;
	if (names.n == 0)
		return 0;
	if (!notice_hand_waits(NOTICE_MAIL) &&
	    notify_post(conf->state_dir, conf->notify, now, &status, err) == -1)
		return -1;
	if (notice_hand_waits(NOTICE_MAIL)
		    ? now - outbox_time(names.v[0]) >= NOTIFY_POST_LATE
		    : status != 0)
		return err_set(err, ERR_CHILD,
			       "%zu mail%s to those in notify wait%s in %s, "
			       "the first since %s, for sendmail takes none: "
			       "see systemctl status "
			       "certrepo-mail.service",
			       names.n, names.n == 1 ? "" : "s",
			       names.n == 1 ? "s" : "", dir,
			       clock_text(outbox_time(names.v[0]), since));
	return 0;
}
