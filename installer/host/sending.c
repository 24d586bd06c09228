/* SPDX-License-Identifier: MIT */

#include "centre.h"
#include "hostview.h"
#include "log.h"
#include "sending.h"
#include "storeway.h"

static void add_current(struct host *r, const struct svc *s,
			struct receipts *ret)
{
	struct store_receipt one = { .host = r->conf->host,
				     .service = s->name,
				     .state = "" };

	for (size_t i = 0; i < s->n_certs + s->n_endpoints; i++) {
		const struct svc_endpoint *e =
			i < s->n_certs ? NULL : &s->endpoints[i - s->n_certs];
		size_t cert = e ? e->cert : i;

		one.name = s->certs[cert].conf->name;
		one.endpoint = e ? svc_endpoint_text(e, r->arena) : "";
		if (!receipt_find(&r->over, &one))
			receipt_add(ret, &one);
	}
}

/* The names of all that is configured, whatever its state, but for what is
 * over. */
static void list_current(struct host *r, struct receipts *ret)
{
	receipt_add(ret, &(struct store_receipt){ .host = r->conf->host,
						  .name = "",
						  .service = "",
						  .endpoint = "",
						  .state = "" });
	for (size_t i = 0; i < r->svcs->n; i++)
		add_current(r, &r->svcs->v[i], ret);
}

/* --- what was taken, and is it there --- */

/* Those in SENT that STORE has not, and that nothing newer is said of, are to
 * be sent again. Nothing is in SENT then that is not known. */
static void read_back(struct host *r, struct store *store,
		      const struct receipts *now, struct receipts *sent)
{
	struct store_receipts mine = { .n = 0 };
	struct err err = ERR_INIT;
	struct store *to = centre_open(r, store, &err);
	size_t lost = 0;
	char n[32];

	if (!to)
		return;
	if (store_receipts_mine(to, r->conf->host, r->arena, &mine, &err) ==
	    -1) {
		/* Who may not ask goes by that it was taken. */
		log_debug("receipts are not read back: %s", err.msg);
		if (err.kind != ERR_UNAVAILABLE)
			sent->n = 0;
		return;
	}
	for (size_t i = 0; i < sent->n; i++) {
		const struct store_receipt *one = &sent->v[i];

		if (receipt_arrived(&mine, one) || !receipt_find(now, one) ||
		    receipt_find(&r->receipts, one))
			continue;
		receipt_add(&r->receipts, one);
		lost++;
	}
	sent->n = 0;
	snprintf(n, sizeof(n), "%zu", lost);
	if (lost > 0)
		log_event(LOG_L_NOTE, "receipts-lost", "sent-again", n, NULL);
}

/* What was said of REFUSED will never be there. */
static void add_sent(const struct host *r, const struct receipts *now,
		     const struct strlist *refused, struct receipts *sent)
{
	for (size_t i = 0; i < r->receipts.n; i++) {
		const struct store_receipt *one = &r->receipts.v[i];

		if (receipt_find(now, one) && !strlist_has(refused, one->name))
			receipt_add(sent, one);
	}
}

/* WAS: there is a file. */
static void save_sent(const struct host *r, const struct receipts *sent,
		      bool was)
{
	const char *dir = r->conf->state_dir;
	struct err err = ERR_INIT;
	int rc = 0;

	if (sent->n > 0)
		rc = receipt_save(dir, RECEIPTS_SENT, sent, &err);
	else if (was)
		rc = receipt_forget(dir, RECEIPTS_SENT, &err);
	if (rc == -1)
		log_warn("%s", err.msg);
}

/* Together with those of what is configured no more, which would stay as
 * they are for ever. */
static int put_receipts(struct host *r, struct store *store,
			const struct receipts *now, struct receipts *sent,
			struct err *err)
{
	AUTO(strlist_free) struct strlist refused = STRLIST_INIT;
	const struct store_receipts keep = { .v = now->v, .n = now->n };
	/* More than can be told: what is missing in the list is not gone. */
	bool all = now->n < RECEIPT_WAIT_MAX;

	if (store_receipts_sync(store, r->receipts.v, r->receipts.n,
				r->conf->host, all ? &keep : NULL, &refused,
				err) == -1)
		return -1;
	storeway_refused(r, &refused);
	add_sent(r, now, &refused, sent);
	return 0;
}

/* Only what is configured still waits: the others grow old for ever. */
static int save_waiting(struct host *r, const struct receipts *now,
			struct err *err)
{
	struct receipts kept = { .arena = r->arena };
	int status;

	for (size_t i = 0; i < r->receipts.n; i++)
		if (now->n == RECEIPT_WAIT_MAX ||
		    receipt_find(now, &r->receipts.v[i]))
			receipt_add(&kept, &r->receipts.v[i]);
	status = receipt_save(r->conf->state_dir, RECEIPTS_WAITING, &kept, err);
	receipt_free(&kept);
	return status;
}

/* What this run found is not remembered: whoever asks later is told of before.
 */
static void not_kept(struct host *r, const char *why)
{
	log_warn("%s", why);
	host_notice(r, NOTICE_TROUBLE, "", "",
		    receipt_state_name(RECEIPT_FAILED), why);
	r->fault = arena_strdup(r->arena, why);
	r->bad++;
}

/* It will not take them either when it is asked again. */
static bool is_refusal(const struct err *why)
{
	return why->kind == ERR_INPUT || why->kind == ERR_CONFIG ||
	       why->kind == ERR_LIMIT;
}

/* WHY they could not be sent. A host whose reports are refused is silent to the
 * centre, however well it is: that is a fault of its run. */
static void not_taken(struct host *r, const struct store *store,
		      const struct err *why)
{
	const char *text = "the store did not take the receipts, they are "
			   "kept for the next run";
	bool refused = is_refusal(why);

	if (r->conf->receipts)
		text = "the store that receipts go to did not take them, they "
		       "are kept for the next run";
	text = arena_printf(r->arena, "%s: %s", text, why->msg);
	log_warn("%s", text);
	if (refused) {
		r->fault = text;
		r->bad++;
	}
	/* Where both are away, people are told of the one that matters. */
	if (store && (r->conf->receipts || refused))
		host_notice(r, NOTICE_STORE, "", "",
			    why->kind == ERR_UNAVAILABLE ? "unavailable"
							 : "refused",
			    text);
}

/* To the store, or to the file they wait in. STORE is the one certificates are
 * from. */
static void report(struct host *r, struct store *store,
		   const struct receipts *now, struct receipts *sent)
{
	struct err err = ERR_INIT;
	const char *dir = r->conf->state_dir;
	struct store *to = centre_open(r, store, &err);

	if (to && put_receipts(r, to, now, sent, &err) == 0) {
		if (receipt_forget(dir, RECEIPTS_WAITING, &err) == -1)
			log_warn("%s", err.msg);
		return;
	}
	if (to || r->conf->receipts)
		not_taken(r, store, &err);
	err_clear(&err);
	if (save_waiting(r, now, &err) == -1)
		not_kept(r, arena_printf(r->arena, "receipts are lost: %s",
					 err.msg));
}

/* Of the run before, then of this one. */
static void send(struct host *r, struct store *store,
		 const struct receipts *now)
{
	struct receipts sent = { .arena = r->arena };
	struct err err = ERR_INIT;
	bool was = true;

	if (receipt_load(r->conf->state_dir, RECEIPTS_SENT, &sent, &err) == -1)
		log_debug("receipts are not read back: %s", err.msg);
	else
		was = sent.n > 0;
	if (sent.n > 0)
		read_back(r, store, now, &sent);
	if (r->receipts.n > 0)
		report(r, store, now, &sent);
	save_sent(r, &sent, was);
	receipt_free(&sent);
}

void sending_all(struct host *r, struct store *store)
{
	struct receipts now = { .arena = r->arena };
	struct err err = ERR_INIT;

	if (r->notices)
		notice_looked(r->notices, NOTICE_TROUBLE, "");
	if (r->dry_run)
		return;
	/* Only what has something to say lets the store forget. */
	if (r->receipts.n == 0 && r->over.n > 0)
		host_receipt(r, NULL, "", NULL, RECEIPT_ALIVE, NULL, NULL);
	list_current(r, &now);
	if (r->receipts.n > 0 && hostview_update(r, &now, &err) == -1)
		not_kept(r, arena_printf(r->arena,
					 "what this run found is not "
					 "remembered: %s",
					 err.msg));
	if (r->conf->report)
		send(r, store, &now);
	receipt_free(&now);
}
