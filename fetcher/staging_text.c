/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>
#include "advice.h"
#include "clock.h"
#include "plain.h"
#include "proof_kind.h"
#include "staging.h"
#include "store_trouble.h"
#include "webroot.h"
#include "words.h"
#include "x509.h"

#define TEXT_MAX 65536 /* names alone may be 25,000 */

const char *staging_word(const char *name, struct arena *a)
{
	const char *const argv[] = { name, NULL };
	AUTO(mem_free_str) char *text = words_text(argv);

	return arena_strdup(a, text);
}

/* What others wrote. */
static const char *shown(const char *text, struct arena *a)
{
	char *copy = arena_strdup(a, text);

	plain_utf8(copy);
	return copy;
}

static void add_names(struct sbuf *out, const struct x509_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		sbuf_addf(out, "%s%s", i ? ", " : "", ids->v[i].value);
}

/* What signed the last certificate of CHAIN, in A. */
static const char *top_issuer(const struct x509_chain *chain, struct arena *a)
{
	AUTO(x509_chain_free) struct x509_chain *top = NULL;
	const char *pem = x509_chain_pem(chain, x509_chain_len(chain) - 1);
	struct err err = ERR_INIT;

	if (x509_chain_parse(pem, strlen(pem), &top, &err) == -1)
		return "-";
	return shown(x509_chain_issuer(top), a);
}

static void add_certificate(struct sbuf *out, const struct x509_chain *chain,
			    int64_t now, struct arena *a)
{
	int64_t end = x509_chain_not_after(chain);
	const char *issuer = shown(x509_chain_issuer(chain), a);
	char until[CLOCK_TEXT], span[CLOCK_TEXT];

	sbuf_addf(out, "  certificate  from %s, good for %s, until %s\n",
		  issuer, clock_span(end - now, span), clock_text(end, until));
	sbuf_addf(out,
		  "  chain        %zu certificate%s, the topmost from %s\n",
		  x509_chain_len(chain), x509_chain_len(chain) == 1 ? "" : "s",
		  top_issuer(chain, a));
}

/* The command for good. Nothing is forced that runs by itself. */
static void add_for_good(struct sbuf *out, const struct staging_try *t,
			 const char *command, const char *populate, int64_t now,
			 struct arena *a)
{
	const struct store_cert *row = t->row;
	const char *name = staging_word(t->name, a);
	bool due = !row->enabled || (!row->held && row->ts_due <= now);
	char at[CLOCK_TEXT];

	if (row->crt.len && !row->renew && !row->held && row->ts_due > now &&
	    !row->ts_next_attempt) {
		sbuf_addf(out,
			  "The certificate that it has is renewed by itself, "
			  "not before %s.\n",
			  clock_text(row->ts_due, at));
		return;
	}
	sbuf_addf(out, "For good, the same without --staging:\n");
	if (!row->enabled)
		sbuf_addf(out, "  %s enable %s\n", populate, name);
	sbuf_addf(out, "  %s --once%s %s\n", command, due ? "" : " --force",
		  name);
}

static bool add_worked(struct sbuf *out, const struct staging_try *t,
		       const char *command, const char *populate, int64_t now,
		       struct arena *a)
{
	AUTO(x509_chain_free) struct x509_chain *chain = NULL;
	struct err err = ERR_INIT;

	if (x509_chain_parse2(t->got->crt.p, t->got->crt.len, t->got->ca.p,
			      t->got->ca.len, &chain, &err) == -1)
		return false;
	sbuf_addf(out, "%s: it works, at %s\n", t->name, t->ca->staging);
	sbuf_addf(out, "  proof        %s, accepted for ",
		  proof_type_of_row(t->row->challenge, t->row->certbot));
	add_names(out, x509_chain_ids(chain));
	if (t->order_url)
		sbuf_addf(out, "\n  order        %s", shown(t->order_url, a));
	sbuf_addc(out, '\n');
	add_certificate(out, chain, now, a);
	sbuf_addf(out,
		  "Nothing of it was stored: nobody trusts a certificate of "
		  "staging. CA %s was not asked.\n",
		  t->ca->name);
	add_for_good(out, t, command, populate, now, a);
	return true;
}

static void add_folder(struct sbuf *out, const char *webroot, struct arena *a)
{
	struct webroot_look look;

	if (webroot && webroot_look(webroot, geteuid(), a, &look) == 0)
		sbuf_addf(out, "    %s\n", look.command);
	else
		sbuf_addf(out, "    install -d -o USER %s/.well-known\n",
			  webroot ? staging_word(webroot, a) : "WEBROOT");
}

static void add_advice(struct sbuf *out, const struct staging_try *t,
		       const char *command, const char *populate,
		       struct arena *a)
{
	const struct advice *advice =
		advice_of(t->got->fail_class, t->got->fail_detail);
	const char *name = staging_word(t->name, a);

	if (!advice)
		return;
	sbuf_addf(out, "  %s\n", advice->text);
	switch (advice->command) {
	case ADVICE_CSR:
	case ADVICE_NAME:
		sbuf_addf(out, "    %s add %s --csr FILE --replace\n", populate,
			  name);
		break;
	case ADVICE_FOLDER:
		add_folder(out, t->row->webroot_path, a);
		break;
	case ADVICE_WEBROOT:
		sbuf_addf(out, "    %s set %s webroot_path=PATH\n", populate,
			  name);
		break;
	case ADVICE_CHALLENGE:
		sbuf_addf(out, "    %s set %s challenge=dns-01\n", populate,
			  name);
		break;
	case ADVICE_CAA:
		sbuf_addf(out,
			  "    %s caa %s\n"
			  "  What that prints with accounturi= is the account "
			  "at CA %s itself: where it is published, staging, "
			  "whose account is another, may refuse every try.\n",
			  command, name, t->ca->name);
		break;
	case ADVICE_LOOK:
	case ADVICE_CA:
	case ADVICE_NONE:
		break;
	}
}

static const char *no_binding(const struct staging_try *t)
{
	return t->ca->eab_kid && !t->ca->staging_eab_kid
		       ? "; `staging_eab_kid' and `staging_eab_key_file' bind "
			 "the account there"
		       : "";
}

/* What came of it; how to say that it may be tried again. */
static const char *add_end(struct sbuf *out, const struct staging_try *t)
{
	const struct store_cert *got = t->got;

	if (!got->fail_class && !t->away) {
		sbuf_addf(out,
			  "%s: not tried: the try was ended before anything "
			  "came of it\n",
			  t->name);
		return "To try again:";
	}
	if (!got->fail_class) {
		sbuf_addf(out, "%s: not tried: %s could not be used (%s)%s\n",
			  t->name, t->ca->staging, t->away, no_binding(t));
	} else if (strcmp(got->fail_class, STORE_PARKED) == 0) {
		sbuf_addf(out,
			  "%s: its proof was accepted, and %s takes its time "
			  "to issue; that is all a try can tell\n",
			  t->name, t->ca->staging);
		return "Nothing has to be mended; to try again:";
	} else {
		sbuf_addf(out, "%s: failed, at %s: %s: %s\n", t->name,
			  t->ca->staging, got->fail_class,
			  got->fail_detail ? got->fail_detail : "-");
	}
	return "When it is mended, try again:";
}

static void add_failed(struct sbuf *out, const struct staging_try *t,
		       const char *command, const char *populate,
		       struct arena *a)
{
	const struct store_cert *got = t->got;
	const char *again;

	if (t->why.kind) {
		sbuf_addf(out, "%s: not tried: %s\n", t->name, t->why.msg);
		return;
	}
	again = add_end(out, t);
	if (got->fail_class && strcmp(got->fail_class, STORE_PARKED) != 0)
		add_advice(out, t, command, populate, a);
	sbuf_addf(out,
		  "Nothing was stored, no failure was counted, and CA %s was "
		  "not asked. %s\n  %s --staging %s\n",
		  t->ca->name, again, command, staging_word(t->name, a));
}

const char *staging_text(const struct staging_try *t, const char *command,
			 const char *populate, int64_t now, struct arena *a,
			 bool *ret_worked)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(TEXT_MAX);

	*ret_worked = !t->why.kind && t->got->crt.len > 0 &&
		      add_worked(&out, t, command, populate, now, a);
	if (!*ret_worked)
		add_failed(&out, t, command, populate, a);
	return arena_strdup(a, sbuf_str(&out));
}
