/* SPDX-License-Identifier: MIT */
#include "advice.h"
#include <string.h>
#include "err.h"
#include "mem.h"
#include "store_trouble.h"

/* What is said more exactly comes first. */
static const struct advice advices[] = {
	{ "rate-limited", NULL,
	  "The CA's limit for it or its domain passes by itself; to try "
	  "earlier uses up more of it.",
	  .hurts = true },
	{ "caa", NULL,
	  "Change the CAA records of its domain. Which it wants, and what is "
	  "published, says:",
	  ADVICE_CAA },
	{ "dns", "does not exist",
	  "Correct the name, or the CNAME that leads there." },
	{ "dns", "(BADSIG)",
	  "The secret in key_file of dns in certrepo.conf is not the one that "
	  "the server has for this key; nsupdate -k FILE tries it." },
	{ "dns", "(BADKEY)",
	  "The server does not know the key in key_file of dns in "
	  "certrepo.conf by this name; nsupdate -k FILE tries it." },
	{ "dns", "(BADTIME)",
	  "This host's clock and that of the server are apart." },
	{ "dns", " still ",
	  "See why that server does not show what the zone's primary does: "
	  "if it gets the changes of the zone, and how soon (NOTIFY, "
	  "transfers)." },
	{ "dns", "UPDATE of zone",
	  "See that this server runs, and can be reached from here at its "
	  "port 53, by UDP and TCP." },
	{ "dns", NULL,
	  "If the server named is one of /etc/resolv.conf, it is the resolver "
	  "of this host, which is asked for every name. Else look at the zone "
	  "and the servers of that." },
	{ "connection", NULL,
	  "See that the CA reaches its web server at port 80." },
	{ "unauthorized", "/.well-known/acme-challenge/",
	  "See what answers at that address: is webroot_path of its row the "
	  "folder that is served there, on each address of the name?" },
	{ "unauthorized", NULL,
	  "See what answered the CA instead of our proof." },
	{ "bad-csr", NULL, "Make another CSR, and enrol that:", ADVICE_CSR },
	{ "rejected", NULL,
	  "Enrol a CSR without the name that is refused; where it has no "
	  "other, only another CA helps:",
	  ADVICE_NAME },
	{ "bad-cert", NULL, "Ask the CA why it issued something else." },
	/* They quote the CA, or the row: before what is only ours to say. */
	{ "config", "the CA refuses the profile",
	  "Ask for another profile, or for none." },
	{ "config", "was to be asked for",
	  "Ask for another profile, or for none." },
	{ "config", "able to write there",
	  "Give the fetcher's user the folder; as root:", ADVICE_FOLDER },
	{ "config", "in ReadWritePaths=",
	  "Let the service write there: run systemctl edit certrepo-fetcher, "
	  "and add [Service] and ReadWritePaths= with that folder. If its disk "
	  "is read-only, mend that." },
	{ "config", "give it with --webroot",
	  "Name its web root:", ADVICE_WEBROOT },
	{ "config", "cannot prove the wildcard",
	  "Prove it in the DNS:", ADVICE_CHALLENGE },
	{ "config", "is a CNAME that leads to",
	  "Correct that CNAME, or add the zone that it leads to to dns.zones "
	  "in certrepo.conf." },
	{ "config", "dns.zones does not name",
	  "Add that record to that zone, or the zone to dns.zones in "
	  "certrepo.conf." },
	{ "config", NULL,
	  "Mend what that says: in its row, in certrepo.conf, or where it is "
	  "said to be." },
	{ "ca-down", NULL,
	  "If the CA serves other names, ask those who run it about this one.",
	  ADVICE_CA },
	{ "internal", NULL, "Please report it." },
	{ "host", NULL, "Give the fetcher what that says it is short of." },
	{ "store", NULL, "Look at the database and its log.", ADVICE_LOOK },
	{ "locked", NULL,
	  "See who holds its row in the database, and end that session "
	  "(MariaDB: SELECT * FROM information_schema.INNODB_TRX).",
	  ADVICE_LOOK },
	{ STORE_PARKED, "(status 4",
	  "So the CA answers where its order is asked for, which was finalized "
	  "there. If it lasts, the command below lets it go, for a new one." },
	{ STORE_PARKED, NULL,
	  "The CA takes its time, and its order is kept. If it lasts, ask "
	  "those who run the CA." },
};

/* Let's Encrypt, of a name that has failed for months. */
static const struct advice paused = {
	.text = "It does not pass by itself: do first what the CA asks for.",
};

const struct advice *advice_of(const char *fail_class, const char *detail)
{
	if (detail && strcasestr(detail, "unpause"))
		return &paused;
	for (size_t i = 0; fail_class && i < ARRAY_LEN(advices); i++)
		if (strcmp(fail_class, advices[i].fail_class) == 0 &&
		    (!advices[i].said ||
		     (detail && strstr(detail, advices[i].said))))
			return &advices[i];
	return NULL;
}
