#!/bin/sh
# SPDX-License-Identifier: MIT
# Whose turn it is: the name with an hour left before all new ones; and a CA
# that rests: its names wait, nothing is written for them, and a run, a run of
# one name and a dry run of either say the same and end alike.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

N=live.example.test
MAX_ORDERS=1
scripted_start || bail 'no server'
stage_store sqlite || bail 'no store'
scripted_row $N || bail 'cannot enrol'
run fetcher --once
is "$rc" 0 'a first certificate'

# --- 20 new names and one that has an hour left ---
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	scripted_row a$i.example.test || bail 'cannot enrol'
done
soon=$(($(date +%s) + 3600))
sql "UPDATE certs SET ts_due = 0, ts_expire = $soon, ts_expire_seen = $soon
	WHERE name = '$N'"
: >"$REQUESTS"
run fetcher --once
is "$rc $(requests newOrder)" '0 21' 'all of them are renewed'
like "$(grep '"newOrder"' "$REQUESTS" | head -1)" "$N" \
	'... and the one with an hour left first'

# --- the CA rests ---
sql "UPDATE certs SET ts_due = 0, renew = 1, ts_expire = $soon,
	ts_expire_seen = $soon WHERE name = '$N'"
sql "UPDATE certs SET ts_due = 0, renew = 1 WHERE name = 'a1.example.test'"
rows() {
	sql 'SELECT name, ts_due, ts_next_attempt, count_fail_update FROM certs'
}
before=$(rows)
fault html directory -1
run fetcher --once
is "$rc" 69 'its directory is a page of HTML: exit 69'
like "$err" 'CA pebble: ca-down: .*; it rests until ' '... it rests'
fault clear
: >"$REQUESTS"
says="for the CA pebble, which rests until .*: ca-down: .*; the nearest expires"
for form in '--once' '-n'; do
	# shellcheck disable=SC2086 # words
	run fetcher $form
	is "$rc" 69 "while it rests, $form: exit 69"
	like "$err" "2 names wait $says" '... who waits, until when'
	# shellcheck disable=SC2086 # words
	run fetcher $form $N
	is "$rc" 69 "while it rests, $form NAME: exit 69"
	like "$err" "1 name waits $says" '... likewise'
done
is "$(rows)" "$before" 'nothing was written for those that wait'
is "$(cat "$REQUESTS")" '' '... and nobody was asked'
run fetcher --once a2.example.test
is "$rc" 0 'a name that is not due does not wait'
sql 'UPDATE cas SET backoff_until = 1'
run fetcher -n $N
is "$rc" 0 'the rest is over: it would be ordered'
run fetcher --once
is "$rc $(requests newOrder)" '0 2' '... and is'

# --- three names that fail alike ---
sql "UPDATE certs SET ts_due = 0, renew = 1"
fault 500 newOrder -1
: >"$REQUESTS"
run fetcher --once
is "$rc" 1 'newOrder fails for all of them'
like "$err" 'CA pebble: ca-down: .*; it rests until ' '... the CA rests'
is "$(sql 'SELECT count(*) FROM certs WHERE count_fail_update > 0')" 0 \
	'... and no name is counted'
is "$(sql "SELECT count(*) FROM attempts WHERE outcome = 'ca-down'")" 3 \
	'... three were tried'
like "$err" '21 names wait for the CA pebble' '... all of them wait'

# --- one that fails alone ---
fault clear
sql 'UPDATE cas SET backoff_until = 1'
sql "UPDATE certs SET ts_due = 0, ts_next_attempt = 0"
fault 500 newOrder -1 a7.example.test
run fetcher --once
is "$rc" 2 'one name fails'
is "$(sql 'SELECT name FROM certs WHERE count_fail_update > 0')" \
	a7.example.test '... it alone is counted'
is "$(sql 'SELECT count(*) FROM certs WHERE renew = 1')" 1 \
	'... and all others are renewed'
done_testing
