#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that takes its time over an answer: half a minute and more.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

scripted_start --late 32 || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row www.example.test || bail 'cannot enrol'
scripted_row late.example.test || bail 'cannot enrol'
: >"$REQUESTS"
fault late finalize 1 late.example.test
fault late cert 1 www.example.test
run fetcher --once
is "$rc $(requests newOrder) $(requests finalize) $(requests cert)" '0 2 2 2' \
	'a finalize and a certificate that come late: waited for'
done_testing
