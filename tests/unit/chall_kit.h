/* SPDX-License-Identifier: MIT */
#ifndef CHALL_KIT_H
#define CHALL_KIT_H

/* Run the steps of a solution in a loop: include after cmocka.h. */

#include "chall.h"
#include "clock.h"

struct kit_run {
	struct chall *c;
	int called;
	struct err err;
};

static inline void kit_over(struct chall *c, const struct err *err, void *arg)
{
	struct kit_run *r = arg;

	r->called++;
	r->err = err ? *err : (struct err) ERR_INIT;
}

/* Run a step to its end: the kind of its error. */
static inline enum err_kind kit_step(struct loop *loop, struct kit_run *r,
				     void (*step)(struct chall *))
{
	int64_t end = clock_mono_ms() + 20000;
	struct err err = ERR_INIT;

	r->called = 0;
	r->err = (struct err) ERR_INIT;
	step(r->c);
	/* never from within the call */
	assert_int_equal(r->called, 0);
	while (r->called == 0 && clock_mono_ms() < end)
		assert_int_equal(loop_run(loop, 1000, &err), 0);
	assert_int_equal(r->called, 1);
	return r->err.kind;
}

#endif
