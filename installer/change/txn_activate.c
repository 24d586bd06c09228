/* SPDX-License-Identifier: MIT */

#include "txn_activate.h"
#include "hook.h"
#include "log.h"
#include "prepare.h"
#include "prove.h"

void txn_activate(struct txn_part *p, const char *wrong)
{
	const char *and = *wrong != '\0' ? ", and " : "";
	struct journal j;
	struct err *err = &p->err;

	p->j = &j;
	err_clear(err);
	prepare_begin(p, p->g, p->before);
	p->result = TXN_FAILED;
	if (hook_run(p->svc, HOOK_TEST, NULL, err) == -1) {
		err_wrap(err, "%s%sthe configuration test failed", wrong, and);
	} else if (hook_run(p->svc, HOOK_ACTIVATE, NULL, err) == -1) {
		err_wrap(err, "%s%sthe activation failed", wrong, and);
	} else if (prove_served(p, err) == 0) {
		p->result = TXN_SERVED;
		log_event(LOG_L_INFO, "activated", "service", p->svc->name,
			  NULL);
	} else if (p->svc->wait > 0) {
		p->result = TXN_WAITING;
		err_wrap(err, "waits until it is restarted");
	} else if (prove_only_unseen(p)) {
		p->result = TXN_UNSEEN;
		err_wrap(err, "activated, but it was not seen what is served");
	} else {
		err_set(err, err->kind, "activated, but not served: %s%s",
			err->msg, prove_advice(p));
	}
	prove_report(p,
		     p->result == TXN_SERVED	? RECEIPT_SERVED
		     : p->result == TXN_WAITING ? RECEIPT_WAITING
		     : p->result == TXN_UNSEEN	? RECEIPT_INSTALLED
						: RECEIPT_FAILED,
		     p->result == TXN_SERVED ? NULL : err->msg);
	prove_report_endpoints(p, false,
			       p->result == TXN_WAITING ? RECEIPT_WAITING
							: RECEIPT_FAILED);
}
