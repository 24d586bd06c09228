/* SPDX-License-Identifier: MIT */
#include "populate_cmd.h"
#include <pwd.h>
#include "log.h"
#include "words.h"

#define LINE_TEXT 65 /* characters beside the label */

const char *populate_hint(const struct populate *p, struct arena *a)
{
	if (strcmp(p->opt.config, CERTREPO_CONF_PATH) == 0)
		return "";
	return arena_printf(a, " -c %s", populate_word(p->opt.config, a));
}

const char *populate_word(const char *word, struct arena *a)
{
	const char *const argv[] = { word, NULL };
	AUTO(mem_free_str) char *text = words_text(argv);

	return arena_strdup(a, text);
}

void populate_line(const char *label, const char *text)
{
	size_t at = 0, len;

	printf("  %-13s", label);
	for (; *text; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (at > 0 && at + 1 + len > LINE_TEXT) {
			printf("\n%*s", 80 - LINE_TEXT, "");
			at = 0;
		}
		at += (size_t) printf("%s%.*s", at ? " " : "", (int) len, text);
	}
	printf("\n");
}

void populate_log(const char *did, const char *name, const char *detail)
{
	const struct passwd *pw = getpwuid(getuid());
	char uid[24];

	snprintf(uid, sizeof(uid), "%lu", (unsigned long) getuid());
	log_event(LOG_L_NOTE, did, "name", name, "detail", detail, "user",
		  pw ? pw->pw_name : uid, "sudo_user", getenv("SUDO_USER"),
		  NULL);
}

int populate_not_enrolled(const struct populate *p, const char *name,
			  struct err *err)
{
	return err_set(err, ERR_INPUT, "%s is not enrolled in %s", name,
		       store_name(p->store));
}

int populate_row(struct populate *p, const char *name, struct arena *a,
		 struct store_cert **ret, struct err *err)
{
	int rc = store_get(p->store, name, a, ret, err);

	if (rc == 0)
		return populate_not_enrolled(p, name, err);
	return rc == 1 ? 0 : -1;
}

const char *populate_clean(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text ? text : "");

	for (char *p = s; *p; p++)
		if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
			*p = '?';
	return s;
}
