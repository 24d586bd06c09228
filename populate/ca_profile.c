/* SPDX-License-Identifier: MIT */
#include "ca_profile.h"
#include <strings.h>
#include "ca_known.h"
#include "clock.h"
#include "due.h"
#include "plain.h"

#define TEXTS_MAX   500 /* of an offer, in a message */
#define TEXT_SHOWN  160
#define SHORT_LIFE  (10 * 86400)
#define SPAN	    32
#define PEERS_SHOWN 8

int ca_profile_word(const char *profile, struct err *err)
{
	size_t n = 0;

	for (; profile[n]; n++)
		if (profile[n] <= ' ' || profile[n] > '~')
			return err_set(err, ERR_INPUT,
				       "a profile is one word of plain ASCII, "
				       "as the CA writes it");
	if (n > STORE_PROFILE_NAME_MAX)
		return err_set(err, ERR_INPUT,
			       "no profile has more than %d characters",
			       STORE_PROFILE_NAME_MAX);
	return 0;
}

/* A column that somebody emptied is no profile. */
static const char *own(const struct ca_profile_in *in)
{
	return in->row && *in->row ? in->row : NULL;
}

const char *ca_profile_of(const struct ca_profile_in *in)
{
	return own(in) ? own(in) : in->ca->ca_profile;
}

/* "classic ("text"), tlsserver ("text")", as much as a message holds; ret_near:
 * the one that PROFILE is written like. */
static void list(const struct store_offer *offer, const char *profile,
		 struct sbuf *out, struct arena *a, const char **ret_near)
{
	char quoted[PLAIN_QUOTED];

	for (const char *at = offer->profiles; at && *at;) {
		size_t n = strcspn(at, "\n");
		const char *name = arena_strndup(a, at, strcspn(at, "\t\n"));
		const char *text = store_offer_profile(offer, name, a);

		at += n + (at[n] == '\n');
		if (strcasecmp(name, profile) == 0)
			*ret_near = name;
		if (sbuf_over(out) || out->len > TEXTS_MAX) {
			sbuf_adds(out, ", ...");
			return;
		}
		sbuf_adds(out, out->len ? ", " : "");
		sbuf_add_clean(out, name);
		if (text && *text)
			sbuf_addf(
				out, " (%s)",
				plain_quoted(arena_strndup(
						     a, text,
						     strnlen(text, TEXT_SHOWN)),
					     quoted));
	}
}

static int not_offered(const struct ca_profile_in *in, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXTS_MAX * 3);
	const char *near = NULL;
	char read[CLOCK_TEXT];

	list(in->offer, in->row, &out, a, &near);
	clock_text(in->offer->ts, read);
	if (out.len == 0)
		return err_set(err, ERR_INPUT,
			       "CA %s offers no profiles, as its directory "
			       "said on %s; the fetcher reads it anew with its "
			       "next order",
			       in->ca->name, read);
	return err_set(err, ERR_INPUT,
		       "CA %s does not offer the profile %s%s%s%s; as its "
		       "directory said on %s, it offers: %s; the fetcher "
		       "reads it anew with its next order",
		       in->ca->name, in->row, near ? " (is " : "",
		       near ? near : "", near ? " meant?)" : "", read,
		       sbuf_str(&out));
}

int ca_profile_check(const struct ca_profile_in *in, struct err *err)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct ca_known k;
	size_t n = in->csr ? x509_csr_ids(in->csr)->n : 0;

	if (!own(in))
		return 0;
	if (in->offer && !store_offer_profile(in->offer, in->row, a))
		return not_offered(in, err);
	if (!ca_known_profile(in->ca->directory, in->row, in->now, &k))
		return 0;
	if (k.ended)
		return err_set(err, ERR_INPUT,
			       "CA %s has ended the profile %s: choose "
			       "another, or none",
			       in->ca->name, in->row);
	if (n > (size_t) k.max_names)
		return err_set(err, ERR_INPUT,
			       "the CSR has %zu names, and the profile %s of "
			       "CA %s takes at most %lld: make several CSRs, "
			       "and enrol each under one of its names",
			       n, in->row, in->ca->name,
			       (long long) k.max_names);
	return 0;
}

/* Hours count where life is short. */
static const char *span(int64_t s, char buf[SPAN])
{
	bool hours = s < SHORT_LIFE;

	snprintf(buf, SPAN, "%lld %s",
		 (long long) (hours ? s / 3600 : (s + 43200) / 86400),
		 hours ? "h" : "days");
	return buf;
}

static void add_life(const struct ca_profile_in *in, const struct ca_known *k,
		     struct strlist *ret)
{
	char life[SPAN], left[SPAN], now[SPAN], there[SPAN + 40] = "";
	char then[SPAN], day[CLOCK_TEXT], later[SPAN + 40] = "";
	int64_t from = 86400 * 365, end = from + k->life;
	int64_t last = end - due_renew_at(from, end, in->days_left);

	if (in->chain)
		snprintf(there, sizeof(there), " (the certificate there: %s)",
			 span(x509_chain_not_after(in->chain) -
				      x509_chain_not_before(in->chain) + 1,
			      now));
	if (k->until)
		snprintf(later, sizeof(later), ", %s from %.10s on",
			 span(k->then, then), clock_text(k->until, day));
	strlist_addf(
		ret,
		"certificates live %s%s%s and are renewed %s before they "
		"end, unless the CA asks for another time; in what is left the "
		"fetcher, and then the installer of every host, must have run: "
		"by the hour, as both are shipped, that is %lld %s; once a "
		"day, %lld%s",
		span(k->life, life), later, there, span(last, left),
		(long long) (last / 3600), last / 3600 == 1 ? "try" : "tries",
		(long long) (last / 86400),
		last / 86400 < 7 ? ", which is too few" : "");
}

static void add_once(struct strlist *l, const char *host, const char *protocol)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char *text = arena_printf(a, "%.100s (%s)", host, protocol);

	plain_ascii(text);
	if (!strlist_has(l, text))
		strlist_add(l, text);
}

/* Those of its hosts where it may be shown to peers, as far as what is looked
 * at there tells. */
static void add_peers(const struct ca_profile_in *in, struct strlist *ret)
{
	const struct store_receipts *installs = in->installs;
	static const char *const protocols[] = { "smtp",   "xmpp-server",
						 "ldap",   "radius-eap",
						 "radsec", "postgres",
						 "mysql" };
	AUTO(strlist_free) struct strlist l = STRLIST_INIT;
	AUTO(mem_free_str) char *text = NULL;

	for (size_t i = 0; installs && i < installs->n; i++) {
		const struct store_receipt *r = &installs->v[i];

		for (size_t j = 0; r->protocol && j < ARRAY_LEN(protocols); j++)
			if (strcmp(r->protocol, protocols[j]) == 0 &&
			    l.n <= PEERS_SHOWN)
				add_once(&l, r->host, protocols[j]);
	}
	if (!installs && in->installs_fault)
		strlist_addf(ret,
			     "which of its hosts that concerns cannot be told "
			     "with this account: %s",
			     in->installs_fault);
	if (l.n == 0)
		return;
	if (l.n > PEERS_SHOWN)
		strlist_addf(&l, "...");
	text = strlist_join(&l, ", ");
	strlist_addf(ret, "hosts of it that speak such a protocol: %s", text);
}

static void add_known(const struct ca_profile_in *in, const struct ca_known *k,
		      struct strlist *ret)
{
	bool client = in->chain && x509_chain_client_auth(in->chain);
	bool asked = in->csr && x509_csr_client_auth(in->csr);
	bool cn = in->chain ? x509_chain_has_cn(in->chain)
			    : in->csr && x509_csr_has_cn(in->csr);

	add_life(in, k, ret);
	if (!k->client_auth && (client || asked)) {
		strlist_addf(ret,
			     "they are not for clients (no clientAuth), which "
			     "%s: mail and XMPP servers that show theirs to "
			     "each other, RADIUS (EAP-TLS), LDAP replication, "
			     "databases and VPNs that ask who connects will "
			     "refuse it; for these take a CA of your own",
			     client ? "the one there is" : "the CSR asks for");
		add_peers(in, ret);
	}
	if (!k->cn && cn)
		strlist_addf(ret,
			     "they have no CN, which %s: what still looks for "
			     "the name there, and not in subjectAltName, finds "
			     "none (old appliances and printers, mappings of "
			     "a subject to a user in LDAP, VPN and RADIUS)",
			     in->chain ? "the one there has" : "the CSR has");
	if (k->max_names < in->ca->max_names)
		strlist_addf(ret, "they have %lld names at most%s",
			     (long long) k->max_names,
			     in->csr ? ", enough for this CSR" : "");
}

static void add_said(const struct ca_profile_in *in, const char *profile,
		     bool is_known, struct strlist *ret)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *text =
		in->offer ? store_offer_profile(in->offer, profile, a) : NULL;
	char quoted[PLAIN_QUOTED];

	if (!in->offer)
		strlist_addf(ret,
			     "whether CA %s offers it is not known, the "
			     "fetcher has not read its directory yet: its "
			     "next run does, and where it is not offered "
			     "orders nothing, says what is, and leaves the "
			     "certificate that there is",
			     in->ca->name);
	else if (!text)
		strlist_addf(ret,
			     "CA %s does not offer it: orders fail before "
			     "ca_profile of the CA in the configuration is "
			     "another, or this row has one of its own",
			     in->ca->name);
	else if (*text)
		strlist_addf(ret, "%s%s",
			     is_known ? "the CA says of it: "
				      : "all that is known of it is what the "
					"CA says: ",
			     plain_quoted(text, quoted));
	else if (!is_known)
		strlist_add(ret, "nothing is known of it, and the CA says "
				 "nothing");
}

void ca_profile_cost(const struct ca_profile_in *in, struct strlist *ret)
{
	const char *profile = ca_profile_of(in);
	struct ca_known k;
	bool is_known;

	if (!profile)
		return;
	is_known = ca_known_profile(in->ca->directory, profile, in->now, &k);
	if (is_known && !k.ended)
		add_known(in, &k, ret);
	add_said(in, profile, is_known, ret);
}
