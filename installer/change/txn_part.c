/* SPDX-License-Identifier: MIT */
#include "txn_part.h"

enum receipt_state txn_part_state(const struct txn_part *p)
{
	switch (p->result) {
	case TXN_SERVED:
	case TXN_UNSEEN:
		return RECEIPT_INSTALLED;
	case TXN_WAITING:
		return RECEIPT_WAITING;
	case TXN_BACK:
		return RECEIPT_ROLLED_BACK;
	case TXN_SAME:
	case TXN_FAILED:
	case TXN_LOST:
	case TXN_UNPROVEN:
		break;
	}
	return RECEIPT_FAILED;
}

enum notice_topic txn_part_topic(const struct txn_part *p)
{
	switch (p->result) {
	case TXN_WAITING:
		return NOTICE_WAITING;
	case TXN_UNSEEN:
	case TXN_SAME:
		return NOTICE_ENDPOINT;
	case TXN_SERVED:
	case TXN_FAILED:
	case TXN_BACK:
	case TXN_LOST:
	case TXN_UNPROVEN:
		break;
	}
	return NOTICE_TROUBLE;
}
