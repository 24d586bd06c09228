/* SPDX-License-Identifier: MIT */

#include <string.h>
#include "num.h"
#include "store.h"
#include "svcstate.h"

#define STATE_MAX (256u * 1024)
#define REPEAT	  86400 /* a warning that stays true is said once a day */

static const char *path_of(const char *state_dir, const char *service,
			   char **ret)
{
	*ret = mem_printf("%s/service/%s", state_dir, service);
	return *ret;
}

static const char *const abouts[] = {
	[SVCSTATE_CERTS] = "warned-certs",
	[SVCSTATE_SERVICE] = "warned-service",
	[SVCSTATE_LATER] = "said-later",
	[SVCSTATE_LIFE] = "warned-life",
};

static int64_t number(const char *s)
{
	int64_t n = 0;

	if (num_int(s, INT64_MIN, INT64_MAX, &n, NULL) == -1)
		return 0;
	return n;
}

/* KEY\tVALUE[\tVALUE[\tVALUE[\tVALUE]]] */
static void parse_line(char *line, struct svcstate *s)
{
	char *v[5] = { line };
	size_t n = 1;
	char *tab;

	while (n < 5 && (tab = strchr(v[n - 1], '\t'))) {
		*tab = '\0';
		v[n++] = tab + 1;
	}
	for (int i = 0; n == 3 && i < SVCSTATE_ABOUTS; i++) {
		if (strcmp(v[0], abouts[i]) == 0) {
			s->warned[i].digest = v[1];
			s->warned[i].at = number(v[2]);
		}
	}
	if (n == 3 && strcmp(v[0], "hold") == 0) {
		s->hold = v[1];
		s->hold_reason = v[2];
	} else if (n == 3 && strcmp(v[0], "activate") == 0) {
		s->activate_count = number(v[1]);
		s->activate_at = number(v[2]);
	} else if (n == 2 && strcmp(v[0], "waiting") == 0) {
		s->waiting = number(v[1]);
	} else if (n == 2 && strcmp(v[0], "probed") == 0) {
		s->probed_at = number(v[1]);
	} else if (n == 2 && strcmp(v[0], "keys") == 0) {
		s->keys = v[1];
	} else if (n == 5 && strcmp(v[0], "cert") == 0) {
		s->certs[s->n_certs++] = (struct svcstate_cert){
			.name = v[1],
			.fingerprint = v[2],
			.not_before = number(v[3]),
			.held = strcmp(v[4], "-") != 0 ? v[4] : NULL,
		};
	}
}

void svcstate_load(const char *state_dir, const char *service,
		   struct arena *arena, struct svcstate *ret)
{
	AUTO(sbuf_free) struct sbuf content = SBUF_INIT(STATE_MAX);
	AUTO(mem_free_str) char *path = NULL;
	size_t lines = 0;
	char *p, *nl;

	*ret = (struct svcstate){ .hold = NULL };
	if (file_read(path_of(state_dir, service, &path), &content, NULL) != 1)
		sbuf_clear(&content);
	p = arena_strdup(arena, sbuf_str(&content));
	for (const char *c = p; *c != '\0'; c++)
		lines += *c == '\n';
	/* Room for what the file has and what a run may add. */
	ret->certs = arena_array(arena, lines + STORE_HOST_NAMES_MAX + 1,
				 sizeof(*ret->certs));
	for (; (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = '\0';
		parse_line(p, ret);
	}
}

int svcstate_save(const char *state_dir, const char *service,
		  struct svcstate *s, struct err *err)
{
	static const struct file_attr attr = { 0600, FILE_KEEP, FILE_KEEP };
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(STATE_MAX);
	AUTO(mem_free_str) char *path = NULL;

	if (!s->dirty)
		return 0;
	if (s->hold)
		sbuf_addf(&out, "hold\t%s\t%s\n", s->hold, s->hold_reason);
	for (int i = 0; i < SVCSTATE_ABOUTS; i++)
		if (s->warned[i].digest)
			sbuf_addf(&out, "%s\t%s\t%lld\n", abouts[i],
				  s->warned[i].digest,
				  (long long) s->warned[i].at);
	if (s->activate_count != 0)
		sbuf_addf(&out, "activate\t%lld\t%lld\n",
			  (long long) s->activate_count,
			  (long long) s->activate_at);
	if (s->waiting != 0)
		sbuf_addf(&out, "waiting\t%lld\n", (long long) s->waiting);
	if (s->probed_at != 0)
		sbuf_addf(&out, "probed\t%lld\n", (long long) s->probed_at);
	if (s->keys)
		sbuf_addf(&out, "keys\t%s\n", s->keys);
	for (size_t i = 0; i < s->n_certs; i++)
		sbuf_addf(&out, "cert\t%s\t%s\t%lld\t%s\n", s->certs[i].name,
			  s->certs[i].fingerprint,
			  (long long) s->certs[i].not_before,
			  s->certs[i].held ? s->certs[i].held : "-");
	if (file_replace(path_of(state_dir, service, &path), sbuf_str(&out),
			 out.len, &attr, err) == -1)
		return -1;
	s->dirty = false;
	return 0;
}

const struct svcstate_cert *svcstate_cert(const struct svcstate *s,
					  const char *name)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, name) == 0)
			return &s->certs[i];
	return NULL;
}

static struct svcstate_cert *cert_for(struct svcstate *s, struct arena *arena,
				      const char *name)
{
	struct svcstate_cert *c;

	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->certs[i].name, name) == 0)
			return &s->certs[i];
	c = &s->certs[s->n_certs++];
	*c = (struct svcstate_cert){ .name = arena_strdup(arena, name),
				     .fingerprint = "" };
	return c;
}

void svcstate_set_cert(struct svcstate *s, struct arena *arena,
		       const char *name, const char *fingerprint,
		       int64_t not_before)
{
	struct svcstate_cert *c = cert_for(s, arena, name);

	if (strcmp(c->fingerprint, fingerprint) == 0 &&
	    c->not_before == not_before)
		return;
	c->fingerprint = arena_strdup(arena, fingerprint);
	c->not_before = not_before;
	s->dirty = true;
}

void svcstate_hold_cert(struct svcstate *s, struct arena *arena,
			const char *name, const char *fingerprint)
{
	struct svcstate_cert *c = cert_for(s, arena, name);

	if (!c->held && !fingerprint)
		return;
	c->held = arena_strdup(arena, fingerprint);
	s->dirty = true;
}

void svcstate_set_hold(struct svcstate *s, const char *digest,
		       const char *reason)
{
	if (!s->hold && !digest)
		return;
	s->hold = digest;
	s->hold_reason = digest && reason ? reason : "";
	s->dirty = true;
}

void svcstate_set_activate(struct svcstate *s, int64_t count, int64_t at)
{
	if (s->activate_count == count && s->activate_at == at)
		return;
	s->activate_count = count;
	s->activate_at = at;
	s->dirty = true;
}

void svcstate_set_waiting(struct svcstate *s, int64_t since)
{
	if (s->waiting == since)
		return;
	s->waiting = since;
	s->dirty = true;
}

void svcstate_set_keys(struct svcstate *s, const char *digest)
{
	if (digest == s->keys)
		return;
	s->keys = digest;
	s->dirty = true;
}

bool svcstate_warn(struct svcstate *s, struct arena *arena,
		   enum svcstate_about about, const char *text, int64_t now)
{
	char hex[ENC_SHA256_HEX];
	const char *last = s->warned[about].digest;
	int64_t at = s->warned[about].at;

	enc_sha256_hex(text, strlen(text), hex);
	if (last && strcmp(last, hex) == 0 && now >= at && now < at + REPEAT)
		return false;
	s->warned[about].digest = arena_strdup(arena, hex);
	s->warned[about].at = now;
	s->dirty = true;
	return true;
}

bool svcstate_unwarn(struct svcstate *s)
{
	bool was = false;

	for (int i = 0; i < SVCSTATE_LIFE; i++) {
		was = was || s->warned[i].digest;
		s->warned[i].digest = NULL;
	}
	s->dirty = s->dirty || was;
	return was;
}
