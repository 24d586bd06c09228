/* SPDX-License-Identifier: MIT */

#include "change_part.h"

enum receipt_state part_state(const struct part *p)
{
	switch (p->result) {
	case PART_SERVED:
	case PART_UNSEEN:
		return RECEIPT_INSTALLED;
	case PART_WAITING:
		return RECEIPT_WAITING;
	case PART_BACK:
		return RECEIPT_ROLLED_BACK;
	case PART_SAME:
	case PART_FAILED:
	case PART_LOST:
	case PART_UNPROVEN:
		break;
	}
	return RECEIPT_FAILED;
}

enum notice_topic part_topic(const struct part *p)
{
	switch (p->result) {
	case PART_WAITING:
		return NOTICE_WAITING;
	case PART_UNSEEN:
	case PART_SAME:
		return NOTICE_ENDPOINT;
	case PART_SERVED:
	case PART_FAILED:
	case PART_BACK:
	case PART_LOST:
	case PART_UNPROVEN:
		break;
	}
	return NOTICE_TROUBLE;
}
