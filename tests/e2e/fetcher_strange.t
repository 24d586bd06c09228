#!/bin/sh
# SPDX-License-Identifier: MIT
# CAs that are strange, and not wrong: what they issue in the end is in the
# store, for one order; what they have not issued yet is waited for in a later
# run, and is nobody's failure.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=www.example.test
col() { # COLUMN
	sql "SELECT $1 FROM certs WHERE name = '$N'"
}
kept() {
	sql "SELECT state FROM orders WHERE name = '$N'"
}
outcomes() {
	sql "SELECT outcome FROM attempts WHERE name = '$N' ORDER BY id" |
		tr '\n' ' '
}
# WHAT FAULT [AT [TIMES]]...: it is renewed, by one order and in one run.
fine() {
	_what=$1
	shift
	scripted_reset
	for _f in "$@"; do
		# shellcheck disable=SC2086 # words
		fault $_f
	done
	run fetcher --once
	is "$rc $(requests newOrder) $([ -n "$(col crt)" ] && echo stored)" \
		'0 1 stored' "$_what: $*"
}
# Now in the next run.
again() {
	sql 'UPDATE certs SET ts_due = 0, ts_next_attempt = 0'
	run fetcher --once
}

scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'

# --- of a reply, only what the next step needs ---
for f in authz-valid authz-valid-empty authz-valid-null authz-bare; do
	fine 'validated before' "$f" 'order-pending'
done
fine 'good challenges among others' authz-offers
fine 'JSON that is called a page' 'html-type any -1'
fine 'an authorization that is not there yet' '404 authz 2'
fine 'an order that is not there yet' 'processing 2' '404 order 2'
fine 'a finalize nobody can read' garbage-after\ finalize
fine 'a finalize that is cut' cut-after\ finalize
fine 'a finalize in HTML' '400-html finalize'
fine 'an order nobody can read' 'processing 3' 'garbage order 2'
fine 'a certificate that is not there yet' '404 cert 2'
fine 'a certificate that may not be had yet' '403 cert 2'
fine 'ready again' 'ready-again newOrder 3'
is "$(requests finalize)" 1 '... and finalized once'
fine 'a challenge that failed and is tried again' \
	'step-pending newOrder 2'

# --- what is not issued yet ---
scripted_reset
fault processing-day newOrder -1
run fetcher --once
is "$rc" 0 'processing for a day: no failure'
is "$(kept) $(outcomes)$(col count_fail_update) $(col lease_owner)" \
	'parked parked 0 ' '... the order is parked, and counts for nothing'
left=$(($(col ts_due) - $(date +%s)))
ok '... until the CA asked to come back' test $left -gt 86000
is "$(col ts_due)" "$(col ts_next_attempt)" '... and not before'
is "$(sql 'SELECT backoff_until FROM cas')" 0 '... and the CA does not rest'
run populate show $N
like "$out" 'waits for the CA since' '... which populate says'
run fetcher --once
is "$rc $(requests newOrder)" '0 1' '... and it is not due'
again
is "$(kept) $(outcomes)" 'parked parked parked ' 'a day later, still nothing'
fault clear
again
is "$rc $(requests newOrder) $(requests finalize)" '0 1 1' \
	'and when it is issued, it is the same order'
ok '... and stored' test -n "$(col crt)"
is "$(kept)$(outcomes)" 'parked parked ok ' '... and that is all on record'

# --- ... until a person has enough of it ---
force() {
	run fetcher --once --force $N
}
scripted_reset
fault processing-day newOrder -1
run fetcher --once
url=$(sql "SELECT url FROM orders WHERE name = '$N'")
fault clear
fault 503 order -1
force
is "$rc $(requests newOrder) $(sql 'SELECT url FROM orders')" "1 1 $url" \
	'by force it is not let go while the CA cannot say'
fault clear
fault processing-day newOrder
force
is "$rc $(requests newOrder)$(kept)" '0 2' 'else it is, for a new one'
like "$err" "$N: let go the order $url, for a new one: the CA has not issued" \
	'... which is said, and why'
is "$(outcomes | sed 's/.*let-go/let-go/')" 'let-go ok ' '... and on record'

scripted_reset
fault processing-day newOrder
run fetcher --once
is "$(kept)" parked 'a parked order'
force
is "$rc $(requests newOrder)$(kept)" '0 1' \
	'... that was issued since is fetched, by force as well'

# --- a challenge the CA gives up ---
scripted_reset
fault step-pending newOrder -1
run fetcher --once
is "$rc $(requests challenge)" '1 3' 'a challenge is tried three times'
isnt "$(col fail_class)" NULL '... and then it is the failure of the name'
is "$(sql 'SELECT backoff_until FROM cas')" 0 '... not of the CA'
scripted_reset
fault step-invalid newOrder -1
run fetcher --once
is "$rc $(requests challenge)" '1 1' 'a challenge the CA calls invalid'

done_testing
