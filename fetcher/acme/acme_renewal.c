/* SPDX-License-Identifier: MIT */
/* Renewal information: asked for without a signature, a nonce or an account,
 * and so beside the queue of the calls that need those. */
#include "acme_impl.h"
#include "clock.h"

static void on_reply(void *arg, const struct http_reply *reply);

/* A second's worth may go ahead, but hardly faster: Let's Encrypt allows 1000 a
 * second, 100 of them at once. */
void acme_renewal_init(struct acme *acme)
{
	int64_t rate = acme->ca->polls_per_second;

	acme_pace_init(&acme->poll_pace, rate, rate);
	acme_pace_init(&acme->poll_peak, rate * 9 / 5,
		       rate < ACME_POLLS_BURST ? rate : ACME_POLLS_BURST);
}

int64_t acme_renewal_wait(struct acme *acme)
{
	int64_t wait = acme_pace_wait(&acme->poll_pace);

	if (!wait)
		wait = acme_pace_ask(&acme->poll_peak);
	return wait ? wait : acme_pace_ask(&acme->poll_pace);
}

static void send_it(struct acme_call *c)
{
	c->req = http_send(c->acme->http, HTTP_GET, c->url, NULL, 0, on_reply,
			   c);
}

static void end(struct acme_call *c, const struct acme_result *r)
{
	acme_fn *fn = c->fn;
	void *arg = c->arg;

	c->req = NULL;
	acme_cancel(&c);
	fn(arg, r);
}

static void on_reply(void *arg, const struct http_reply *reply)
{
	struct acme_call *c = arg;
	struct acme_result r = { .status = reply->status,
				 .body = reply->body,
				 .len = reply->len };
	char type[ACME_PROBLEM_TYPE] = "";
	struct fail f;

	acme_nonce_keep(c->acme, reply->replay_nonce);
	if (reply->end == HTTP_CUT && c->cuts++ < ACME_CUTS_MAX) {
		send_it(c);
		return;
	}
	if (reply->end != HTTP_OK) {
		fail_set(&f, acme_class_of(reply), 0, "%s", reply->error);
		r = (struct acme_result){ .fail = &f, .body = "" };
		end(c, &r);
		return;
	}
	r.retry_at = acme_problem_retry_after(reply->retry_after, reply->date,
					      clock_now());
	if (reply->status != 200) {
		acme_problem_classify(c->step, reply->status,
				      reply->content_type, reply->body,
				      reply->len, r.retry_at, &f, type);
		r.fail = &f;
		r.problem_type = *type ? type : NULL;
	}
	end(c, &r);
}

struct acme_call *acme_renewal(struct acme *acme, const char *id, acme_fn *fn,
			       void *arg)
{
	const char *base = acme->dir.offer.renewal_info;
	size_t n = base ? strlen(base) : 0;
	struct acme_call *c = mem_alloc(sizeof(*c));

	c->acme = acme;
	c->step = ACME_STEP_RENEWAL;
	c->url = mem_printf("%s%s%s", n ? base : acme->ca->directory,
			    n && base[n - 1] == '/' ? "" : "/", id);
	c->fn = fn;
	c->arg = arg;
	c->state = ACME_CALL_SENT;
	TAILQ_INSERT_TAIL(&acme->flight, c, link);
	send_it(c);
	return c;
}
