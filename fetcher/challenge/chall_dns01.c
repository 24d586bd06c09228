/* SPDX-License-Identifier: MIT */
#include "chall_impl.h"

static int init(struct chall *c, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "dns-01 is not there yet");
}

const struct chall_ops chall_dns01 = {
	.type = "dns-01",
	.init = init,
	.init_proof = init,
};
