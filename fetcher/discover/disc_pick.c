/* SPDX-License-Identifier: MIT */
#include "disc_pick.h"

#include <stdlib.h>
#include <string.h>
#include "dns_msg.h"

bool disc_pick_near(const struct disc_rule *r, const char *name)
{
	char canon[DNS_NAME_TEXT];

	if (dns_name_within(name, r->parent))
		return true;
	for (size_t i = 0; r->allow && r->allow[i]; i++)
		if (dns_name_canon(r->allow[i], canon, NULL) == 0 &&
		    dns_name_within(name, canon))
			return true;
	return false;
}

const char *disc_pick_instance(const struct disc_rule *r, const char *name)
{
	static const char service[] = DISC_SERVICE ".";
	const char *domain = dns_name_parent(name);

	/* RFC 6763 section 4.1: <Instance> . <Service> . <Domain> */
	if (!domain || strncmp(domain, service, sizeof(service) - 1) != 0)
		return "bad name";
	domain += sizeof(service) - 1;
	return disc_pick_near(r, domain) ? NULL : "other domain";
}

/* As it may stand in a URL, and in a TLS certificate. */
static bool is_host(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	size_t n = strlen(name);

	return n > 0 && n <= 253 && strspn(name, allowed) == n;
}

static bool common_challenge(const struct disc_rule *r, const char *list)
{
	for (size_t i = 0; r->challenges[i]; i++)
		if (disc_txt_lists(list, r->challenges[i]))
			return true;
	return false;
}

const char *disc_pick_offer(const struct disc_rule *r,
			    const struct disc_txt *txt, struct arena *arena,
			    struct disc_offer *o)
{
	if (strcmp(o->target, ".") == 0)
		return "service not there";
	if (!is_host(o->target) || o->port == 0)
		return "bad name";
	if (!disc_pick_near(r, o->target))
		return "other domain";
	if (!txt->path || !disc_txt_path_ok(txt->path))
		return "no path";
	if (!disc_txt_lists(txt->i, "dns"))
		return "i lacks dns";
	if (txt->v && !common_challenge(r, txt->v))
		return "no common v";
	o->url = o->port == 443 ? arena_printf(arena, "https://%s%s", o->target,
					       txt->path)
				: arena_printf(arena, "https://%s:%u%s",
					       o->target, o->port, txt->path);
	return NULL;
}

bool disc_pick_url_ok(const struct disc_rule *r, const char *url)
{
	static const char https[] = "https://";
	char host[DNS_NAME_TEXT];
	size_t n;

	if (strncmp(url, https, sizeof(https) - 1) != 0)
		return false;
	url += sizeof(https) - 1;
	n = strcspn(url, ":/");
	if (n >= sizeof(host))
		return false;
	memcpy(host, url, n);
	host[n] = '\0';
	url += n;
	if (*url == ':')
		url += 1 + strspn(url + 1, "0123456789");
	return is_host(host) && disc_pick_near(r, host) &&
	       disc_txt_path_ok(url);
}

/* RFC 2782: those of weight 0 stand first, so that they are drawn, too, if
 * seldom. */
static int compare(const void *a, const void *b)
{
	const struct disc_offer *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return (x->weight > 0) - (y->weight > 0);
}

/* The first whose running sum is not below the number drawn goes to the front;
 * the others keep their order. */
static void draw(struct disc_offer *v, size_t n, disc_random_fn *fn, void *arg)
{
	uint32_t sum = 0, drawn;
	struct disc_offer one;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i].weight;
	drawn = fn(arg, sum);
	sum = v[0].weight;
	for (i = 0; i + 1 < n && sum < drawn;)
		sum += v[++i].weight;
	one = v[i];
	memmove(&v[1], &v[0], i * sizeof(v[0]));
	v[0] = one;
}

void disc_pick_order(struct disc_offer *v, size_t n, disc_random_fn *fn,
		     void *arg)
{
	if (n == 0)
		return;
	qsort(v, n, sizeof(v[0]), compare);
	for (size_t i = 0, end = 0; i < n; i++) {
		if (i == end)
			while (end < n && v[end].priority == v[i].priority)
				end++;
		draw(&v[i], end - i, fn, arg);
	}
}
