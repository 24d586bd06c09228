/* SPDX-License-Identifier: MIT */
#include "acme_impl.h"
#include "acme_eab.h"
#include "clock.h"
#include "log.h"
#include "num.h"
#include "plain.h"

#define PAYLOAD_MAX 16384

/* Nothing of acme may be touched after either: ready() may have freed it. */
static void start_failed(struct acme *a, const struct fail *why)
{
	struct fail copy = *why;
	acme_ready_fn *ready = a->ready;

	a->phase = ACME_FAILED;
	a->why = copy;
	a->ready = NULL;
	/* Registering again met an outage, which passes: the next call that
	 * the CA does not know the account of tries once more. */
	if (!ready && a->account &&
	    (why->class == FAIL_CA_DOWN || why->class == FAIL_HOST ||
	     why->class == FAIL_CA_RATE_LIMITED)) {
		a->phase = ACME_UP;
		a->renewed = false;
	}
	acme_fail_queue(a, &copy);
	if (ready)
		ready(a->ready_arg, &copy);
}

static void start_done(struct acme *a)
{
	acme_ready_fn *ready = a->ready;

	a->phase = ACME_UP;
	a->ready = NULL;
	acme_wake_in(a, 0);
	if (ready)
		ready(a->ready_arg, NULL);
}

/* --- account (RFC 8555 section 7.3) --- */

static bool is_dead(const char *detail)
{
	return strcasestr(detail, "deactivated") ||
	       strcasestr(detail, "revoked");
}

void acme_say_new_account(const struct acme *a, struct fail *f)
{
	const struct certrepo_ca *ca = a->ca;
	AUTO(mem_free_str) char *move = NULL;
	AUTO(mem_free_str) char *bring = NULL;

	if (a->look_only)
		return;
	move = mem_printf("move %.140s away for a new account%s%s",
			  ca->account_key,
			  ca->eab_kid ? ", with a new pair for " : "",
			  ca->eab_kid ? acme_eab_kid_name(ca) : "");
	/* A key cannot be brought to where tries are made. */
	if (!is_dead(f->detail) && !ca->staging_of)
		bring = mem_printf("bring its key with certrepo-fetcher "
				   "account import %.64s FILE, or ",
				   ca->name);
	fail_set(f, f->class, f->retry_at,
		 "%.200s; %s%s%s, then ask the CA at once with --once --force "
		 "NAME",
		 f->detail, is_dead(f->detail) ? "it stays so: " : "",
		 bring ? bring : "", move);
}

void acme_say_contact(const struct acme *a, struct fail *f)
{
	fail_set(f, f->class, f->retry_at,
		 "%.450s; change contact in the group of CA %.64s in "
		 "certrepo.conf",
		 f->detail,
		 a->ca->staging_of ? a->ca->staging_of : a->ca->name);
}

static void account_done(void *arg, const struct acme_result *r)
{
	struct acme *a = arg;
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct fail f;
	struct acme_account_info info = { .status = "valid" };

	if (r->fail) {
		start_failed(a, r->fail);
		return;
	}
	/* For an account found again, section 7.3.1 asks only for Location. */
	if (r->len > 0 &&
	    acme_parse_account(r->body, r->len, arena, &info, &err) == -1) {
		fail_set(&f, FAIL_CA_DOWN, 0, "%s: %s", a->ca->directory,
			 err.msg);
		start_failed(a, &f);
		return;
	}
	if (info.status && strcmp(info.status, "valid") != 0) {
		fail_set(&f, FAIL_ACCOUNT, 0, "our account %.200s is %s",
			 r->location, info.status);
		acme_say_new_account(a, &f);
		start_failed(a, &f);
		return;
	}
	free(a->account);
	a->account = mem_strdup(r->location);
	a->generation++;
	log_debug("account at %s is %s", a->ca->name, a->account);
	start_done(a);
}

/* Why there is nothing to ask for: no account can be made by these settings. */
static bool cannot_make(const struct acme *a, struct fail *f)
{
	const char *terms = a->dir.offer.terms;
	char said[PLAIN_QUOTED];

	if (terms && !a->ca->agree_tos) {
		/* What is no address could go on as a sentence of ours. */
		if (!acme_parse_url_ok(terms))
			terms = plain_quoted(terms, said);
		fail_set(f, FAIL_ACCOUNT, 0,
			 "it wants its terms of service accepted: read %.450s "
			 "and set agree_tos = true",
			 terms);
		f->here = true;
		return true;
	}
	if ((a->dir.offer.eab_required || a->ca->eab_required) &&
	    !a->ca->eab_kid) {
		acme_eab_missing(a->ca, f);
		return true;
	}
	return false;
}

/* "externalAccountBinding": of the account's key. */
static int add_binding(const struct acme *a, struct sbuf *s, struct fail *f)
{
	AUTO(sbuf_erase) struct sbuf key = SBUF_INIT(ACME_EAB_FILE_MAX);
	struct err err = ERR_INIT;

	sbuf_adds(s, "\"externalAccountBinding\":");
	if (acme_eab_key_read(a->ca, &key, &err) == 0 &&
	    acme_eab_sign(&key, a->ca->eab_alg, a->ca->eab_kid,
			  a->dir.new_account, a->key, s, &err) == 0)
		return 0;
	fail_set(f, FAIL_ACCOUNT, 0, "%s", err.msg);
	f->here = true;
	return -1;
}

/* The object is left open. ALWAYS: with contact, even of nobody. */
static void add_wish(const struct certrepo_ca *ca, bool always, struct sbuf *s)
{
	sbuf_addc(s, '{');
	if (ca->agree_tos)
		sbuf_adds(s, "\"termsOfServiceAgreed\":true");
	if (!ca->contact.n && !always)
		return;
	sbuf_adds(s, s->len > 1 ? ",\"contact\":[" : "\"contact\":[");
	for (size_t i = 0; i < ca->contact.n; i++) {
		if (i)
			sbuf_addc(s, ',');
		sbuf_add_json(s, ca->contact.v[i]);
	}
	sbuf_addc(s, ']');
}

static void make_done(void *arg, const struct acme_result *r)
{
	struct acme *a = arg;
	struct acme_result told = *r;
	struct fail f;

	if (r->fail) {
		f = *r->fail;
		acme_eab_explain(a->ca, a->ca->eab_kid,
				 r->problem_type ? r->problem_type : "", &f);
		told.fail = &f;
	}
	account_done(arg, &told);
}

static void account_make(struct acme *a)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(PAYLOAD_MAX);
	struct fail f;

	if (cannot_make(a, &f)) {
		start_failed(a, &f);
		return;
	}
	add_wish(a->ca, false, &s);
	if (a->ca->eab_kid) {
		if (s.len > 1)
			sbuf_addc(&s, ',');
		if (add_binding(a, &s, &f) == -1) {
			start_failed(a, &f);
			return;
		}
	}
	sbuf_addc(&s, '}');
	if (sbuf_over(&s)) {
		fail_set(&f, FAIL_ACCOUNT, 0,
			 "the setting contact is too long");
		f.here = true;
		start_failed(a, &f);
		return;
	}
	(void) acme_call_new(a, ACME_STEP_ACCOUNT,
			     ACME_CALL_JWK | ACME_CALL_REPEATABLE |
				     ACME_CALL_LOCATION,
			     a->dir.new_account, s.buf, s.len, make_done, a);
}

/* The CA has no account of this key, or what it says is no answer to that
 * question: some look at a binding, at contact or at terms first, some do not
 * know the question. Making one then is harmless: it finds one that is there.
 */
static bool none_found(const struct acme *a, const struct acme_result *r)
{
	const char *type = r->problem_type ? r->problem_type : "";

	if (strcmp(type, "accountDoesNotExist") == 0)
		return true;
	return !a->look_only && *type && r->fail->class == FAIL_ACCOUNT &&
	       r->status >= 400 && r->status < 500 && !r->fail->limited &&
	       !strcasestr(r->fail->detail, "deactivated");
}

static void look_done(void *arg, const struct acme_result *r)
{
	struct acme *a = arg;
	struct fail f;

	if (!r->fail || !none_found(a, r)) {
		account_done(arg, r);
		return;
	}
	if (!a->look_only) {
		account_make(a);
		return;
	}
	a->unknown = true;
	fail_set(&f, FAIL_ACCOUNT, 0,
		 "%.64s has no account of this key (thumbprint %s)",
		 a->ca->name, jws_key_thumbprint(a->key));
	start_failed(a, &f);
}

void acme_account_register(struct acme *a)
{
	static const char look[] = "{\"onlyReturnExisting\":true}";

	a->phase = ACME_GET_ACCOUNT;
	(void) acme_call_new(
		a, ACME_STEP_ACCOUNT,
		ACME_CALL_JWK | ACME_CALL_REPEATABLE | ACME_CALL_LOCATION,
		a->dir.new_account, look, sizeof(look) - 1, look_done, a);
}

void acme_look_only(struct acme *acme)
{
	acme->look_only = true;
}

bool acme_unknown(const struct acme *acme)
{
	return acme->unknown;
}

struct acme_call *acme_update(struct acme *acme, acme_fn *fn, void *arg)
{
	AUTO(sbuf_free) struct sbuf s = SBUF_INIT(PAYLOAD_MAX);

	add_wish(acme->ca, true, &s);
	sbuf_addc(&s, '}');
	return acme_call_new(acme, ACME_STEP_ACCOUNT, ACME_CALL_REPEATABLE,
			     acme->account, sbuf_str(&s), s.len, fn, arg);
}

/* --- directory (section 7.1.1) --- */

static void directory_done(void *arg, const struct http_reply *r);

static void directory_get(struct acme *a)
{
	(void) acme_pace_ask(&a->pace);
	a->directory_asked = clock_now();
	(void) http_send(a->http, HTTP_GET,
			 a->directory ? a->directory : a->ca->directory, NULL,
			 0, directory_done, a);
}

/* Its new place, which is asked next: true. */
static bool directory_moved(struct acme *a, const struct http_reply *r)
{
	char *where;

	if (r->end != HTTP_OK || r->status < 301 || r->status > 308 ||
	    !r->location || a->directory_hops >= ACME_HOPS_MAX)
		return false;
	where = http_join(a->directory ? a->directory : a->ca->directory,
			  r->location);
	if (!where || !acme_parse_url_ok(where)) {
		free(where);
		return false;
	}
	log_debug("the directory of %s is at %s", a->ca->name, where);
	a->directory_hops++;
	free(a->directory);
	a->directory = where;
	directory_get(a);
	return true;
}

static void directory_lost(const struct acme *a, const struct http_reply *r,
			   struct fail *f)
{
	char said[PLAIN_QUOTED];
	const char *where = plain_quoted(r->location, said);

	if (a->directory_hops < ACME_HOPS_MAX)
		fail_set(f, FAIL_CA_DOWN, 0,
			 "%.200s redirects to %.200s, which is not an https "
			 "URL",
			 a->ca->directory, where);
	else
		fail_set(f, FAIL_CA_DOWN, 0,
			 "%.200s redirects more than %d times, at last to "
			 "%.200s: is the directory URL right?",
			 a->ca->directory, ACME_HOPS_MAX, where);
}

/* The CA's clock is compared with ours as it was half-way between the question
 * and the answer. A cache on the way says how old its copy is. */
static bool clock_wrong(const struct acme *a, const struct http_reply *r,
			struct fail *f)
{
	int64_t now = clock_now(), ours = (a->directory_asked + now) / 2;
	int64_t ca = r->date ? curl_getdate(r->date, NULL) : -1, age = 0;
	char here[CLOCK_TEXT], there[CLOCK_TEXT];

	if (ca == -1)
		return false;
	if (r->age && num_int(r->age, 0, INT32_MAX, &age, NULL) == 0)
		ca += age;
	if (ca - ours <= ACME_CLOCK_OFF && ours - ca <= ACME_CLOCK_OFF)
		return false;
	fail_set(
		f, FAIL_CLOCK, 0,
		"the clock here says %s, the CA's %s: nothing is ordered until "
		"they agree; see that this host's clock is right (timedatectl)",
		clock_text(ours, here), clock_text(ca, there));
	return true;
}

/* 0: the directory was taken over. */
static int directory_read(struct acme *a, const struct http_reply *r,
			  struct fail *f)
{
	struct err err = ERR_INIT;
	char type[ACME_PROBLEM_TYPE];

	if (r->end != HTTP_OK) {
		fail_set(f, acme_class_of(r), 0, "%s", r->error);
		return -1;
	}
	if (clock_wrong(a, r, f))
		return -1;
	if (r->status >= 301 && r->status <= 308 && r->location) {
		directory_lost(a, r, f);
		return -1;
	}
	if (r->status != 200) {
		acme_problem_classify(ACME_STEP_DIRECTORY, r->status,
				      r->content_type, r->body, r->len,
				      acme_problem_retry_after(r->retry_after,
							       r->date,
							       clock_now()),
				      f, type);
		return -1;
	}
	memset(&a->dir, 0, sizeof(a->dir));
	arena_clear(a->arena);
	if (acme_parse_directory(r->body, r->len, a->arena, &a->dir, &err) == 0)
		return 0;
	if (acme_problem_is_html(r->content_type, r->body))
		fail_set(f, FAIL_CA_DOWN, 0,
			 "%s is an HTML page, not an ACME directory",
			 a->ca->directory);
	else
		fail_set(f, FAIL_CA_DOWN, 0, "%s: %s", a->ca->directory,
			 err.msg);
	return -1;
}

/* Both are https URLs. */
static bool same_origin(const char *a, const char *b)
{
	size_t n = strlen("https://");
	size_t la = n + strcspn(a + n, "/?#"), lb = n + strcspn(b + n, "/?#");

	return la == lb && strncasecmp(a, b, la) == 0;
}

bool acme_is_at(const struct acme *a, const char *url)
{
	return acme_parse_url_ok(url) &&
	       ((a->dir.new_order && same_origin(url, a->dir.new_order)) ||
		(a->account && same_origin(url, a->account)));
}

static void directory_taken(struct acme *a)
{
	acme_ready_fn *ready = a->ready;

	if (a->directory_only) {
		a->phase = ACME_HAS_DIRECTORY;
		a->ready = NULL;
		ready(a->ready_arg, NULL);
		return;
	}
	if (a->account && !same_origin(a->account, a->dir.new_account)) {
		/* The CA moved: our key finds the account at its new place. */
		free(a->account);
		a->account = NULL;
	}
	if (a->account)
		start_done(a);
	else
		acme_account_register(a);
}

static void directory_done(void *arg, const struct http_reply *r)
{
	struct acme *a = arg;
	struct fail f;

	if (r->end == HTTP_CUT && a->directory_cuts++ < ACME_CUTS_MAX) {
		directory_get(a);
		return;
	}
	if (directory_moved(a, r))
		return;
	if (directory_read(a, r, &f) == -1) {
		start_failed(a, &f);
		return;
	}
	acme_nonce_keep(a, r->replay_nonce);
	directory_taken(a);
}

static void go_on(void *arg)
{
	struct acme *a = arg;

	a->go_on = NULL;
	directory_taken(a);
}

static void begin(struct acme *a, bool directory_only, acme_ready_fn *fn,
		  void *arg)
{
	bool has = a->phase == ACME_HAS_DIRECTORY;

	a->phase = ACME_GET_DIRECTORY;
	a->directory_only = directory_only;
	a->head_fails = 0;
	a->renewed = false;
	a->ready = fn;
	a->ready_arg = arg;
	if (has) {
		a->go_on = loop_after(a->loop, 0, go_on, a);
		return;
	}
	a->directory_cuts = 0;
	a->directory_hops = 0;
	mem_free_str(&a->directory);
	directory_get(a);
}

void acme_read_directory(struct acme *acme, acme_ready_fn *fn, void *arg)
{
	acme->prime = 0;
	begin(acme, true, fn, arg);
}

void acme_start(struct acme *acme, size_t wanted, acme_ready_fn *fn, void *arg)
{
	acme->prime = wanted < ACME_PRIME_MAX ? wanted : ACME_PRIME_MAX;
	if (acme->prime > (size_t) acme->ca->nonce_pool)
		acme->prime = (size_t) acme->ca->nonce_pool;
	begin(acme, false, fn, arg);
}
