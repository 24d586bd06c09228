/* SPDX-License-Identifier: MIT */
#include "asked.h"
#include <string.h>
#include "clock.h"
#include "log.h"
#include "store_near.h"
#include "words.h"

static enum asked waits(const struct store_cert *d, int64_t now, char **ret)
{
	const char *class = d->fail_class;
	char at[CLOCK_TEXT];

	if (d->held) {
		*ret = mem_printf("%s: held until someone acts (%s); --force "
				  "orders it at once",
				  d->name, class ? class : "unknown");
		return ASKED_WAITS;
	}
	if (!class || d->ts_next_attempt <= now)
		return ASKED_FREE;
	(void) clock_text(d->ts_next_attempt, at);
	if (strcmp(class, STORE_PARKED) == 0)
		*ret = mem_printf("%s: its order waits for the CA, which is "
				  "asked again at %s; --force asks at once",
				  d->name, at);
	else
		*ret = mem_printf("%s: it failed (%s), and its next attempt is "
				  "at %s; --force orders it at once",
				  d->name, class, at);
	return ASKED_WAITS;
}

int asked_look(struct store *store, const char *self, const char *name,
	       int64_t now, enum asked *ret, char **ret_text, struct err *err)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	struct store_cert *d = NULL;
	char until[CLOCK_TEXT];
	int found = store_get(store, name, arena, &d, err);

	if (found == -1)
		return -1;
	*ret_text = NULL;
	if (found == 0) {
		*ret = ASKED_GONE;
		*ret_text = mem_printf("%s: was removed meanwhile", name);
	} else if (d->lease_owner && d->lease_until > now &&
		   (!self || strcmp(d->lease_owner, self) != 0)) {
		*ret = ASKED_LEASED;
		*ret_text = mem_printf(
			"%s: on lease to the fetcher %s until %s, and not "
			"ordered here: if that is dead, --break-lease takes it",
			name, d->lease_owner,
			clock_text(d->lease_until, until));
	} else {
		*ret = waits(d, now, ret_text);
	}
	return 0;
}

enum asked asked_say(struct store *store, const char *self, const char *name,
		     int64_t now)
{
	AUTO(mem_free_str) char *text = NULL;
	struct err err = ERR_INIT;
	enum asked is = ASKED_FREE;

	if (asked_look(store, self, name, now, &is, &text, &err) == -1)
		log_debug("%s: %s", name, err.msg);
	else if (text)
		log_warn("%s", text);
	return is;
}

static char *disabled(struct store *store, const char *name)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *word = words_text(argv);

	return mem_printf("%s: it is disabled in %s: certrepo-populate enable "
			  "%s",
			  name, store_name(store), word);
}

/* What people write who know other programs; NULL: it may be a name. */
static const char *meant(const char *word)
{
	static const struct {
		const char *word, *meant;
	} words[] = {
		{ "renew", "--once --force NAME" },
		{ "order", "--once --force NAME" },
		{ "issue", "--once --force NAME" },
		{ "force", "--once --force NAME" },
		{ "run", "--once" },
		{ "once", "--once" },
		{ "staging", "--staging NAME" },
		{ "test", "--test-notify" },
		{ "test-notify", "--test-notify" },
		{ "dry-run", "--dry-run" },
		{ "discover", "--discover" },
		{ "status", "certrepo-populate list" },
		{ "list", "certrepo-populate list" },
		{ "show", "certrepo-populate show NAME" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].meant;
	return NULL;
}

char *asked_not_enabled(struct store *store, const char *name)
{
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_str) char *near = NULL;
	struct store_cert *d = NULL;
	int found = store_get(store, name, arena, &d, NULL);

	if (found == -1)
		return mem_printf("%s: there is no such enabled name in %s",
				  name, store_name(store));
	if (found == 1)
		return disabled(store, name);
	if (meant(name))
		return mem_printf("%s: it is not enrolled in %s; is %s meant?",
				  name, store_name(store), meant(name));
	near = store_near_text(store, name);
	return mem_printf("%s: it is not enrolled in %s%s", name,
			  store_name(store), near);
}
