/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "child.h"
#include "notify_conf.h"

static const struct conf_setting notify_settings[] = {
	{ .name = "mail",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct notify_conf, mail),
	  .help = "addresses of those who are told by mail" },
	{ .name = "from",
	  .type = CONF_STRING,
	  .offset = offsetof(struct notify_conf, from),
	  .help = "sender of the mail" },
	{ .name = "sendmail",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct notify_conf, sendmail),
	  .help = "the program that takes the mail, and its arguments" },
	{ .name = "command",
	  .type = CONF_STRINGS,
	  .offset = offsetof(struct notify_conf, command),
	  .help = "a program that is told by JSON, and its arguments" },
	{ .name = "user",
	  .type = CONF_STRING,
	  .offset = offsetof(struct notify_conf, user),
	  .help = "the user it runs as" },
	{ .name = "timeout",
	  .type = CONF_DURATION,
	  .def = "30s",
	  .min = 1,
	  .max = 600,
	  .offset = offsetof(struct notify_conf, timeout),
	  .help = "how long either program may take" },
	{ .name = "repeat",
	  .type = CONF_DURATION,
	  .def = "1d",
	  .min = 3600,
	  .max = 90 * 86400,
	  .offset = offsetof(struct notify_conf, repeat),
	  .help = "how often what stays is told again" },
	{ .name = NULL },
};

const struct conf_schema notify_conf_schema = {
	.settings = notify_settings,
	.size = sizeof(struct notify_conf),
};

int notify_conf_address(const char *address, struct err *err)
{
	const char *at = strchr(address, '@');
	size_t len = strlen(address);

	/* root and the like are known to this host's mail server. */
	if (strchr(address, '.') && !at)
		return err_set(err, ERR_INPUT,
			       "%.254s is not a mail address: it has no @",
			       address);
	/* An option, or a file or a program to deliver to. */
	if (len > NOTIFY_ADDRESS_MAX || strchr("-/|!", *address) ||
	    strspn(address, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "!#$%&'*+/=?^_`{|}~.@-") != len ||
	    (at && (at == address || at[1] == '\0' || strchr(at + 1, '@'))))
		return err_set(err, ERR_INPUT, "%.254s is not a mail address",
			       address);
	return 0;
}

static void check_mail(const struct conf_src *src, const char *setting,
		       const char *address, struct conf_errors *errs)
{
	struct err err = ERR_INIT;

	if (notify_conf_address(address, &err) == -1)
		conf_error(errs, src, "%s: %s", setting, err.msg);
}

static void check_command(const struct conf_src *src, const char *setting,
			  const struct conf_strings *command,
			  struct conf_errors *errs)
{
	struct err err = ERR_INIT;

	if (command->n > 0 && child_check_words(command->v, &err) == -1)
		conf_error(errs, src, "%s: %s", setting, err.msg);
}

void notify_conf_check(const struct notify_conf *n, struct conf_errors *errs)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->mail.n; i++)
		check_mail(&n->src, "mail", n->mail.v[i], errs);
	if (n->from)
		check_mail(&n->src, "from", n->from, errs);
	check_command(&n->src, "sendmail", &n->sendmail, errs);
	check_command(&n->src, "command", &n->command, errs);
	if (n->user && n->command.n == 0)
		conf_error(errs, &n->src, "user is for command");
	if (n->mail.n == 0 && n->command.n == 0)
		conf_error(errs, &n->src,
			   "notify tells nobody: set mail or command");
}
