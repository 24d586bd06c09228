#!/bin/sh
# SPDX-License-Identifier: MIT
# What a signal does to a run of the fetcher whose order hangs at the CA: TERM
# and INT let it end in order, a second one at once, and so does HUP. Whatever
# it was, the next run does it.
# shellcheck disable=SC2154 # variables are shared
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=a.example.test
hangs() { # a run, in $pid
	sql "UPDATE certs SET ts_due = 0, renew = 1 WHERE name = '$N'"
	fault clear
	fault hang newOrder 1
	: >"$REQUESTS"
	timeout 60 "$BUILD/certrepo-fetcher" -c "$CONF" --once -v \
		>"$T/out" 2>"$T/err" &
	_timeout=$!
	wait_for 15 grep -q hang "$REQUESTS" || bail "it does not hang"
	pid=$(pgrep -P $_timeout)
}
ends() {
	wait "$_timeout" 2>/dev/null # or the shell names the signal
	rc=$?
}
left() {
	sql "SELECT count(*) FROM certs WHERE lease_owner IS NOT NULL"
}
goes_on() { # WHAT
	fault clear
	: >"$REQUESTS"
	run fetcher --once
	is "$rc $(requests newOrder) $(left)" '0 1 0' "$1: the next run does it"
	is "$(sql "SELECT count_fail_update FROM certs WHERE name = '$N'")" 0 \
		'... and no failure was counted'
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'

for signal in TERM INT; do
	hangs
	kill -$signal "$pid"
	ends
	is "$rc $(left)" '69 0' "$signal: it gives its leases back"
	like "$(cat "$T/err")" "stopping signal=$signal" '... and says why'
	goes_on $signal
done

hangs
kill -TERM "$pid"
wait_for 15 grep -q stopping "$T/err" || bail 'no sign of the first'
kill -TERM "$pid"
ends
is "$rc" 69 'a second one'
like "$(cat "$T/err")" 'interrupted; the next run goes on' '... ends it at once'
goes_on 'two of them'

hangs
kill -HUP "$pid"
ends
is "$rc $(left)" '129 1' 'HUP: as if it were killed'
goes_on HUP
done_testing
