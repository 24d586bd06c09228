#!/bin/sh
# SPDX-License-Identifier: MIT
# A CA that is slow to issue draws a run out: a name of another one that is
# enrolled only then does not wait for the end of it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/mariadb.sh"
. "$(dirname "$0")/../lib/stage.sh"
. "$(dirname "$0")/../lib/scripted.sh"

MAX_ORDERS=4
SLOW='s1 s2' OTHER=o1
certs() { # PREFIX: how many of its names have a certificate
	sql "SELECT count(*) FROM certs WHERE crt IS NOT NULL AND name LIKE '$1%'"
}
other_is_done() {
	[ "$(certs o)" = 1 ]
}
late_is_done() {
	[ "$(certs late)" = 1 ]
}

scripted_start || bail 'no server'
mkdir "$T/other"
start other "$PYTHON" "$ROOT/tests/lib/acme_server.py" \
	--cert "$T/pebble/cert.pem" --key "$T/pebble/key.pem" \
	--dir "$T/other" --log "$T/other/requests"
wait_for 15 grep -q ^ready "$T/log/other" || bail 'no other server'
other=$(sed -n 's/^ready //p' "$T/log/other")
STAGE_CA="}, { name = \"other\"; directory = \"$other\"; agree_tos = true;
	account_key = \"$T/state/other.pem\"; ca_file = \"$PEBBLE_CA\";"
stage_store sqlite || bail 'no store'
for n in $SLOW $OTHER; do
	scripted_row "$n.example.test" || bail 'cannot enrol'
done
for n in $OTHER; do
	populate set "$n.example.test" ca=other >"$T/enrol.log" 2>&1 ||
		bail 'cannot set'
done

# The slow one does not issue before the other is through.
fault processing newOrder -1
"$BUILD/certrepo-fetcher" -c "$CONF" --once >"$T/out" 2>&1 &
pid=$!
ok 'the other CA is through' wait_for 60 other_is_done
scripted_row late.example.test || bail 'cannot enrol'
populate set late.example.test ca=other >"$T/enrol.log" 2>&1 ||
	bail 'cannot set'
ok 'a name of it that came later' wait_for 100 late_is_done
is "$(certs s)" 0 '... did not wait for the slow one'
fault clear
wait $pid
is "$?" 0 'then the slow one'
is "$(certs s)" 2 '... has its names, too'
is "$(sql "SELECT count(*) FROM attempts")" 4 'each was tried once'
done_testing
