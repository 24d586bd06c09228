/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "plain.h"
#include "seen.h"

void seen_why(struct verify_seen *ret, const struct err *err)
{
	snprintf(ret->why, sizeof(ret->why), "%.*s", (int) sizeof(ret->why) - 1,
		 err->msg);
}

void seen_unknown(struct verify_seen *ret, const char *why)
{
	snprintf(ret->why, sizeof(ret->why), "%s", why);
	ret->unknown = true;
	ret->reachable = ret->handshake = false;
}

bool seen_own_error(int e)
{
	return e == EMFILE || e == ENFILE || e == ENOMEM || e == ENOBUFS;
}

bool seen_tells(const struct verify_seen *seen)
{
	return seen->handshake || (!seen->unknown && seen->why[0] != '\0');
}

void seen_chain_digest(const struct x509_chain *chain, char ret[ENC_SHA256_HEX])
{
	AUTO(mem_free_str) char *pem = x509_chain_pem_from(chain, 1, false);

	enc_sha256_hex(pem, strlen(pem), ret);
}

/* As much of P as fits, in quotes. */
static const char *quoted(const char *p, size_t max, char ret[PLAIN_QUOTED])
{
	char start[100];

	snprintf(start, sizeof(start), "%.*s", (int) max, p);
	return plain_quoted(start, ret);
}

static void say_other(const struct verify_want *want,
		      const struct verify_seen *seen, const char *at,
		      char ret[300])
{
	char until[CLOCK_TEXT], name[PLAIN_QUOTED], issuer[PLAIN_QUOTED];
	int n = snprintf(ret, 300,
			 "serves another certificate%s: that of %s by %s until "
			 "%s (%.16s..., wanted %.16s...",
			 at, quoted(seen->name, 50, name),
			 quoted(seen->issuer, 40, issuer),
			 clock_text(seen->not_after, until), seen->fingerprint,
			 want->fingerprint);

	/* The parts above end below 290. Rather no path than half of one. */
	if (seen->file && strlen(seen->file) < (size_t) (295 - n))
		n += snprintf(ret + n, (size_t) (300 - n), " of %s",
			      seen->file);
	snprintf(ret + n, (size_t) (300 - n), ")");
}

static void say_chain(const struct verify_seen *seen, const char *at,
		      char ret[300])
{
	const char *end = seen->file ? strrchr(seen->file, '/') : NULL;
	int n = snprintf(ret, 300,
			 "serves the right certificate with another chain%s "
			 "(%zu certificate%s",
			 at, seen->depth,
			 seen->depth == 1 ? ": the intermediate certificates "
					    "are missing"
					  : "s");

	if (end && end > seen->file && end - seen->file < 260 - n)
		n += snprintf(ret + n, (size_t) (300 - n),
			      "; what it should read is in %.*s",
			      (int) (end - seen->file), seen->file);
	snprintf(ret + n, (size_t) (300 - n), ")");
}

bool seen_match(const struct verify_want *want, const struct verify_seen *seen,
		char ret[300])
{
	char at[80] = "";

	if (seen->from[0] != '\0')
		snprintf(at, sizeof(at), " at %.70s", seen->from);
	ret[0] = '\0';
	if (!seen_tells(seen))
		snprintf(ret, 300, "could not be looked at%s: %.190s", at,
			 seen->why[0] != '\0' ? seen->why : "no look was made");
	else if (!seen->reachable)
		snprintf(ret, 300, "cannot be reached%s: %.190s", at,
			 seen->why);
	else if (!seen->handshake && seen->by_command)
		snprintf(ret, 300, "is not right: %.270s", seen->why);
	else if (seen->unproven)
		snprintf(ret, 300,
			 "shows a certificate%s, but does not prove that it "
			 "has its key: %.190s",
			 at, seen->why);
	else if (!seen->handshake)
		snprintf(ret, 300, "shows no certificate%s: %.190s", at,
			 seen->why);
	else if (want->fingerprint &&
		 strcmp(want->fingerprint, seen->fingerprint) != 0)
		say_other(want, seen, at, ret);
	else if (want->fingerprint && want->chain &&
		 strcmp(want->chain, seen->chain) != 0)
		say_chain(seen, at, ret);
	return ret[0] == '\0';
}
