/* SPDX-License-Identifier: MIT */
#include "disc_advert.h"

#include <curl/curl.h>
#include <stdint.h>
#include <string.h>
#include "acme_parse.h"
#include "disc_parents.h"
#include "disc_pick.h"
#include "dns_addr.h"
#include "dns_msg.h"
#include "num.h"
#include "plain.h"

#define TTL "3600"

struct parts {
	char host[DNS_NAME_TEXT]; /* canonical */
	char *port, *path, *query;
};

static void url_free(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void parts_free(struct parts *p)
{
	curl_free(p->port);
	curl_free(p->path);
	curl_free(p->query);
}

static int take_apart(const char *url, struct parts *p, struct err *err)
{
	AUTO(url_free) CURLU *u = curl_url();
	AUTO(mem_free_str) char *path = NULL;
	char said[PLAIN_QUOTED];
	struct dns_addr address;
	char *host = NULL;
	bool is_address = false;
	int rc = -1;

	if (!u)
		mem_exhausted();
	if (acme_parse_url_ok(url) && !strchr(url, '#') && !strchr(url, '@') &&
	    curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT) ==
		    CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PATH, &p->path, 0) == CURLUE_OK)
		rc = dns_name_canon(host, p->host, NULL);
	(void) curl_url_get(u, CURLUPART_QUERY, &p->query, 0);
	if (host)
		is_address = *host == '[' ||
			     dns_addr_parse(host, &address, NULL) == 0;
	if (rc == 0 && !strchr(p->host, '.'))
		rc = -1;
	curl_free(host);
	if (is_address)
		return err_set(err, ERR_USAGE,
			       "%s: an address cannot be advertised, an SRV "
			       "record has the full name of a server",
			       plain_quoted(url, said));
	if (rc == -1)
		return err_set(err, ERR_USAGE,
			       "%s is not the https URL of a directory, with "
			       "the full name of its server",
			       plain_quoted(url, said));
	path = mem_printf("%s%s%s", p->path, p->query ? "?" : "",
			  p->query ? p->query : "");
	if (!disc_txt_path_ok(path) || strlen(path) > 250)
		return err_set(err, ERR_USAGE,
			       "%s has a path that clients would not take",
			       plain_quoted(url, said));
	return 0;
}

static int choose_domain(const struct parts *p, const char *domain,
			 char ret[DNS_NAME_TEXT], struct err *err)
{
	char said[DNS_NAME_SAID];
	const char *bad;

	if (dns_name_canon(domain ? domain : dns_name_parent(p->host), ret,
			   err) == -1) {
		if (err)
			err->kind = ERR_USAGE;
		return -1;
	}
	bad = disc_parent_bad(ret);
	if (!bad)
		return 0;
	return err_set(err, ERR_USAGE, "%s is %s: %s", dns_name_said(ret, said),
		       bad,
		       domain ? "no client looks there"
			      : "name the domain whose hosts are to find it");
}

int disc_advert(const char *url, const char *domain, struct sbuf *ret,
		struct err *err)
{
	AUTO(parts_free) struct parts p = { .port = NULL };
	char at[DNS_NAME_TEXT];
	struct disc_rule rule = { .parent = at };
	int label;

	if (take_apart(url, &p, err) == -1 ||
	    choose_domain(&p, domain, at, err) == -1)
		return -1;
	label = (int) strcspn(p.host, ".");
	sbuf_addf(ret,
		  DISC_SERVICE ".%s. " TTL " IN PTR %.*s." DISC_SERVICE
			       ".%s.\n",
		  at, label, p.host, at);
	sbuf_addf(ret, "%.*s." DISC_SERVICE ".%s. " TTL " IN SRV 10 0 %s %s.\n",
		  label, p.host, at, p.port, p.host);
	sbuf_addf(ret,
		  "%.*s." DISC_SERVICE ".%s. " TTL
		  " IN TXT \"path=%s%s%s\" \"i=dns\"\n",
		  label, p.host, at, p.path, p.query ? "?" : "",
		  p.query ? p.query : "");
	if (!disc_pick_near(&rule, p.host))
		sbuf_addf(ret,
			  "; clients want discover_allow = [ \"%s\" ] for "
			  "it, for it is not in %s\n",
			  p.host, at);
	return 0;
}
